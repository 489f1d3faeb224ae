//! What rules send to queues, topics and log groups, and where events go that cannot be delivered.

use rehearsal::handlers::Registry;
use rehearsal::harness::Run;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Look, Stage, function_arn, merged, queue_arn, raise, topic_arn};

const EVENTS: &str = "events.amazonaws.com";

fn to(arn: &str, more: Json) -> Json {
    json!([merged(json!({"Id": "one", "Arn": arn}), more)])
}

fn sent(stage: Stage) -> Stage {
    stage.event("0s", "default", "till", json!({"n": 1}))
}

/// `name value` of the attributes of the first message in a queue, sorted.
fn letter(run: &Run, queue: &str) -> Vec<String> {
    let queue = run.world.sqs.queue(queue).expect("a queue");
    let message = queue.messages(run.world.core.now()).next().expect("a dead letter");
    let mut attributes: Vec<String> =
        message.attributes.iter().map(|attribute| format!("{} {}", attribute.name, attribute.value)).collect();
    attributes.sort();
    attributes
}

#[test]
fn a_queue_gets_the_event_as_text() {
    let stage = Stage::new().queue("inbox", json!({})).open_queue("inbox", EVENTS);
    let template =
        json!({"InputTransformer": {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": "\"n is <n>\"\n\"twice\""}});
    for (input, expected) in [
        (json!({"InputPath": "$.detail"}), "{\"n\":1}"),
        (json!({"InputPath": "$.source"}), "\"till\""),
        (json!({"Input": "[1]"}), "[1]"),
        (template, "\"n is 1\"\n\"twice\""),
    ] {
        let run = sent(stage.clone().rule("Rule", "default", "till", to(&queue_arn("inbox"), input.clone()))).run();
        assert_eq!(run.bodies("inbox"), [expected], "{input}");
    }
}

#[test]
fn a_fifo_queue_gets_the_event_once_in_its_group() {
    let parameters = json!({"SqsParameters": {"MessageGroupId": "all"}, "InputPath": "$.detail"});
    let stage = Stage::new().queue("inbox.fifo", json!({"FifoQueue": true})).open_queue("inbox.fifo", EVENTS).rule(
        "Rule",
        "default",
        "till",
        to(&queue_arn("inbox.fifo"), parameters),
    );
    let run = sent(stage).struck_by(FaultId::EbDup, 1, 1);
    assert_eq!(run.struck(FaultId::EbDup), 1);
    assert_eq!(run.bodies("inbox.fifo"), ["{\"n\":1}"]);
}

#[test]
fn a_topic_publishes_the_event_and_a_log_group_keeps_it() {
    let policy = json!({"Topics": [topic_arn("news")], "PolicyDocument": {"Statement": {
        "Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sns:Publish", "Resource": "*"}}});
    let group = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/events/all";
    let targets = json!([
        {"Id": "one", "Arn": topic_arn("news"), "InputPath": "$.detail"},
        {"Id": "two", "Arn": group},
    ]);
    let stage = Stage::new()
        .topic("news", json!({}))
        .resource("Policy", "AWS::SNS::TopicPolicy", policy)
        .rule("Rule", "default", "till", targets);
    let run = sent(stage).run();
    let published: Vec<&str> = run.world.sns.published().iter().map(|one| &*one.message).collect();
    assert_eq!(published, ["{\"n\":1}"]);
    let logged = run.world.eventbridge.logged();
    assert_eq!((logged.len(), &*logged[0].group), (1, "/aws/events/all"));
    assert_eq!(logged[0].message.get("detail"), Some(&json!({"n": 1})));
}

#[test]
fn a_queue_must_let_the_rule_in() {
    let policy = |source: &str| {
        let url = "https://sqs.us-east-1.amazonaws.com/111111111111/inbox";
        let condition = json!({"ArnEquals": {"aws:SourceArn": source}});
        json!({"Queues": [url], "PolicyDocument": {"Statement": [{
            "Effect": "Allow", "Principal": {"Service": EVENTS}, "Action": "sqs:SendMessage",
            "Resource": (queue_arn("inbox")), "Condition": condition}]}})
    };
    let rule_arn = |name: &str| format!("arn:aws:events:us-east-1:111111111111:rule/{name}");
    let allow = json!([{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]);
    let role = json!({"RoleArn": {"Fn::GetAtt": ["Role", "Arn"]}});
    for (name, policy, more, statements, arrives) in [
        ("no policy", None, json!({}), json!([]), false),
        ("its own", Some(policy(&rule_arn("Rule"))), json!({}), json!([]), true),
        ("another rule's", Some(policy(&rule_arn("Other"))), json!({}), json!([]), false),
        ("a role that may", None, role.clone(), allow, true),
        ("a role that may not", None, role, json!([]), false),
    ] {
        let mut stage = Stage::new().queue("inbox", json!({})).role("Role", &[EVENTS], statements).rule(
            "Rule",
            "default",
            "till",
            to(&queue_arn("inbox"), more),
        );
        if let Some(policy) = policy {
            stage = stage.resource("Policy", "AWS::SQS::QueuePolicy", policy);
        }
        let run = sent(stage).run();
        assert_eq!(run.bodies("inbox").len(), usize::from(arrives), "{name}");
    }
}

#[test]
fn an_event_that_cannot_be_delivered_goes_to_the_dead_letter_queue_with_the_reason() {
    let letters = json!({"DeadLetterConfig": {"Arn": queue_arn("dead")}});
    let retries = |most: u32, age_s: u32| json!({"RetryPolicy": {"MaximumRetryAttempts": most, "MaximumEventAgeInSeconds": age_s}});
    let rule = "RULE_ARN arn:aws:events:us-east-1:111111111111:rule/Rule";
    let stage = |target: Json| {
        let stage = Stage::new()
            .queue("inbox", json!({}))
            .queue("dead", json!({}))
            .open_queue("dead", EVENTS)
            .function("work")
            .handlers(|| Registry::default().with("work", |_, _| async { raise("Bad", "no") }));
        sent(stage.rule("Rule", "default", "till", target))
    };
    let inbox = queue_arn("inbox");
    // Not permitted: at once.
    let run = stage(to(&inbox, letters.clone())).run();
    let target = format!("TARGET_ARN {inbox}");
    let message = format!("ERROR_MESSAGE EventBridge does not have permission to invoke the target {inbox}");
    assert_eq!(letter(&run, "dead"), ["ERROR_CODE NO_PERMISSIONS", &*message, "RETRY_ATTEMPTS 0", rule, &*target]);
    let event = Json::parse(&run.bodies("dead")[0]).expect("JSON");
    assert_eq!((event.get("source"), event.get("detail")), (Some(&json!("till")), Some(&json!({"n": 1}))));
    // Throttled until the retries, or the time, are used up.
    for (policy, attempts, condition) in [
        (retries(2, 86_400), "2", "EXHAUSTED_RETRY_CONDITION MaximumRetryAttempts"),
        (retries(185, 60), "5", "EXHAUSTED_RETRY_CONDITION MaximumEventAgeInSeconds"),
    ] {
        let stage = stage(to(&inbox, merged(letters.clone(), policy))).open_queue("inbox", EVENTS);
        let run = stage.struck_by(FaultId::SqSend, 1, 6);
        let lines = letter(&run, "dead");
        assert!(lines.contains(&"ERROR_CODE THROTTLING".to_owned()), "{lines:?}");
        assert!(lines.contains(&condition.to_owned()), "{lines:?}");
        assert!(lines.contains(&format!("RETRY_ATTEMPTS {attempts}")), "{lines:?}");
        assert_eq!(run.bodies("inbox").len(), 0);
    }
    // A function that fails is Lambda's affair: the event was delivered.
    let run = stage(to(&function_arn("work"), letters)).permit("work").run();
    assert_eq!(run.bodies("dead").len(), 0);
}

#[test]
fn a_dead_letter_queue_that_is_closed_loses_the_event() {
    let letters = json!({"DeadLetterConfig": {"Arn": queue_arn("dead")}});
    let stage = Stage::new().queue("inbox", json!({})).queue("dead", json!({}));
    let run = sent(stage.rule("Rule", "default", "till", to(&queue_arn("inbox"), letters))).run();
    assert!(run.tells("the event is lost"));
    assert_eq!(run.bodies("dead").len(), 0);
}
