//! Retries of what does it twice when it is asked twice.
//!
//! A retried call may have taken effect before it failed: a timeout or a lost answer does not undo it. Functions are not
//! judged, since only their code knows.

use super::machine::{Machine, State};
use crate::asl::{Resource, ServiceCall, StateType};
use crate::source::{Diagnostic, Node, Shape};

/// Parts of error names that say that the request was refused before it did anything.
const REFUSALS: [&str; 9] = [
    "Throttl",
    "TooManyRequests",
    "LimitExceeded",
    "ProvisionedThroughputExceeded",
    "SlowDown",
    "AccessDenied",
    "NotFound",
    "DoesNotExist",
    "ConditionalCheckFailed",
];

/// Arguments by which an SDK call makes its repetition harmless.
const TOKENS: [&str; 9] = [
    "ClientToken",
    "ClientRequestToken",
    "IdempotencyToken",
    "CallerReference",
    "CreatorRequestId",
    "RequestToken",
    "MessageDeduplicationId",
    "ClientIdempotencyToken",
    "IdempotencyKey",
];

/// AWS: names of FIFO queues end like this.
const FIFO_SUFFIX: &str = ".fifo";

pub(super) fn check(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    for (at, state) in machine.states.iter().enumerate() {
        let Some(rule) = (0..).zip(state.items("Retry")).find(|(_, rule)| repeats_effects(rule)) else { continue };
        match state.state_type {
            Some(StateType::Task) => {
                if let Some((what, hint)) = twice(state) {
                    report(state, rule, format!("a retry may {what} twice"), hint, problems);
                }
            }
            // AWS: a Parallel or Map that is retried runs everything in it again, also what had succeeded.
            Some(StateType::Parallel | StateType::Map) => {
                let mut inside = machine.states.iter().filter(|inner| is_inside(machine, inner, at));
                if let Some((inner, (what, hint))) = inside.find_map(|inner| Some((inner, twice(inner)?))) {
                    let message = format!("a retry runs '{}' again, which may {what} twice", inner.name);
                    report(state, rule, message, hint, problems);
                }
            }
            _ => {}
        }
    }
}

fn report(state: &State, rule: (usize, &Node), message: String, hint: &str, problems: &mut Vec<Diagnostic>) {
    let path = format!("{}/Retry[{}]", state.location, rule.0);
    problems.push(Diagnostic::warning("retry-not-idempotent", rule.1.span, path, message).hint(hint));
}

fn is_inside(machine: &Machine, inner: &State, outer: usize) -> bool {
    let mut scope = inner.scope;
    while let Some(parent) = machine.scopes.get(scope).and_then(|scope| scope.parent) {
        if parent == outer {
            return true;
        }
        scope = machine.states[parent].scope;
    }
    false
}

/// Whether a retrier may repeat a call that had taken effect.
fn repeats_effects(rule: &Node) -> bool {
    let never =
        matches!(rule.get("MaxAttempts").map(|node| &node.shape), Some(Shape::Number(n)) if n.as_i64() == Some(0));
    let names = rule.get("ErrorEquals").and_then(Node::as_array).unwrap_or_default();
    let after_effects = |name: &str| !REFUSALS.iter().any(|refusal| name.contains(refusal));
    !never && names.iter().filter_map(Node::as_str).any(after_effects)
}

/// What happens twice when the task's call is repeated, and how to prevent it.
fn twice(state: &State) -> Option<(&'static str, &'static str)> {
    let Some(Resource::Service(call)) = &state.resource else { return None };
    let given = ["Parameters", "Arguments"].into_iter().find_map(|key| state.node.get(key));
    let has = |keys: &[&str]| {
        let names = given.map(Node::members).unwrap_or_default().iter().map(|member| &*member.key);
        given.is_some_and(|given| given.as_object().is_none())
            || names.map(|name| name.strip_suffix(".$").unwrap_or(name)).any(|name| keys.contains(&name))
    };
    let text = |key: &str| given.and_then(|given| given.get(key)).and_then(Node::as_str);
    if has(&TOKENS) {
        return None;
    }
    match (&*call.service, &*call.action) {
        ("sqs" | "aws-sdk:sqs", "sendMessage" | "sendMessageBatch") => {
            (text("QueueUrl").is_none_or(|url| !url.ends_with(FIFO_SUFFIX))).then_some((
                "send the message",
                "use a FIFO queue with MessageDeduplicationId, or make its consumers ignore repetitions",
            ))
        }
        ("sns" | "aws-sdk:sns", "publish" | "publishBatch") => Some((
            "publish the message",
            "use a FIFO topic with MessageDeduplicationId, or make its subscribers ignore repetitions",
        )),
        ("events" | "aws-sdk:eventbridge", "putEvents") => {
            Some(("publish the events", "put an id of your own into Detail, so that consumers can ignore repetitions"))
        }
        ("states" | "aws-sdk:sfn", "startExecution") => (!has(&["Name"])).then_some((
            "start the execution",
            "give it a Name that a retry repeats, such as one made of $$.Execution.Name",
        )),
        ("dynamodb" | "aws-sdk:dynamodb", "updateItem") => {
            let expression = text("UpdateExpression").unwrap_or_default();
            (adds(expression) && !has(&["ConditionExpression"]))
                .then_some(("add to the item", "add a ConditionExpression that fails when the update was done before"))
        }
        ("http", "invoke") => {
            let method = text("Method").unwrap_or("POST");
            (method == "POST" || method == "PATCH").then_some((
                "send the request",
                "send a key by which the receiver can tell repetitions, and allow retries of refusals alone",
            ))
        }
        _ => starts_something(call).then_some((
            "start the work",
            "pass a client token where the API takes one, or let the retrier name throttling errors alone",
        )),
    }
}

/// Whether an update depends on what is there, so that doing it twice is not doing it once.
fn adds(expression: &str) -> bool {
    let upper = expression.to_ascii_uppercase();
    let words: Vec<&str> = upper.split_whitespace().collect();
    words.contains(&"ADD") || expression.contains('+') || expression.contains(" - ") || upper.contains("LIST_APPEND")
}

/// Whether the action starts or makes something anew each time, as far as its name tells.
fn starts_something(call: &ServiceCall) -> bool {
    let optimized = [
        ("batch", "submitJob"),
        ("ecs", "runTask"),
        ("glue", "startJobRun"),
        ("databrew", "startJobRun"),
        ("codebuild", "startBuild"),
        ("athena", "startQueryExecution"),
        ("elasticmapreduce", "createCluster"),
        ("elasticmapreduce", "addStep"),
        ("emr-containers", "startJobRun"),
        ("emr-serverless", "startJobRun"),
        ("mediaconvert", "createJob"),
    ];
    let sdk = [
        ("ecs", "runTask"),
        ("ec2", "runInstances"),
        ("batch", "submitJob"),
        ("glue", "startJobRun"),
        ("kinesis", "putRecord"),
        ("kinesis", "putRecords"),
        ("firehose", "putRecord"),
        ("firehose", "putRecordBatch"),
        ("ses", "sendEmail"),
        ("sesv2", "sendEmail"),
        ("athena", "startQueryExecution"),
    ];
    match call.service.strip_prefix("aws-sdk:") {
        Some(service) => sdk.contains(&(service, &*call.action)),
        None => optimized.contains(&(&*call.service, &*call.action)),
    }
}
