//! Tasks that wait for their token: who may answer, how often, and until when.

use rehearsal::handlers::Registry;
use rehearsal::harness::Run;
use rehearsal_engine::{Json, json};

use crate::support::{
    Log, Look, Stage, call, function_arn, machine_arn, merged, outcome_text, put, raise, since_start,
};

/// A machine that waits for its token, a function that stores it, and one that answers `with` it some time later.
fn callback(wait: Json, answers: Json) -> (Run, Log) {
    let log = Log::default();
    let seen = log.clone();
    let parameters = json!({"FunctionName": "store", "Payload": {"token.$": "$$.Task.Token"}});
    let task =
        merged(json!({"Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Parameters": parameters}), wait);
    let mut stage = Stage::new().function("store").function("reply").task("flow", task).handlers(move || {
        let log = log.clone();
        Registry::default()
            .with("store", |context, event| async move {
                put(&context, json!({"id": "token", "value": event.get("token").cloned()})).await.expect("stored");
                Ok(json!("ignored"))
            })
            .with("reply", move |context, event| {
                let log = log.clone();
                async move {
                    let key = json!({"TableName": "Items", "Key": {"id": {"S": "token"}}, "ConsistentRead": true});
                    let found = call(&context, "dynamodb", "GetItem", key).await.expect("the token");
                    let token =
                        found.get("Item").and_then(|item| item.get("value")?.get("S").cloned()).expect("a token");
                    let operation = match event.get("call").and_then(Json::as_str) {
                        Some("SendTaskFailure") => "SendTaskFailure",
                        Some("SendTaskHeartbeat") => "SendTaskHeartbeat",
                        _ => "SendTaskSuccess",
                    };
                    let mut parameters = event.get("with").cloned().unwrap_or_else(Json::object);
                    if let Some(members) = parameters.make_object()
                        && !members.contains_key("taskToken")
                    {
                        members.insert("taskToken".into(), token);
                    }
                    let answer = call(&context, "stepfunctions", operation, parameters).await;
                    log.note(&context, format!("{operation} -> {}", outcome_text(answer)));
                    Ok(Json::Null)
                }
            })
    });
    stage = stage.start("0s", "flow", json!({}));
    for answer in answers.as_array().expect("a list") {
        let at = answer.get("at").and_then(Json::as_str).expect("a time");
        stage = stage.invoke(at, "reply", answer.clone());
    }
    (stage.run(), seen)
}

const TIMED_OUT: &str = "TaskTimedOut: Task Timed Out: 'Provided task does not exist anymore'";

#[test]
fn a_token_is_answered_once_by_whoever_holds_it() {
    let success = |at: &str| json!({"at": at, "call": "SendTaskSuccess", "with": {"output": "{\"paid\":true}"}});
    let (run, log) = callback(json!({}), json!([success("5s"), success("9s")]));
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    assert_eq!(run.execution(0).output, json!({"paid": true}));
    assert_eq!(log.lines(), ["SendTaskSuccess -> {}".to_owned(), format!("SendTaskSuccess -> {TIMED_OUT}")]);
    let history = run.history(0);
    assert!(history.contains(&"TaskSubmitted".to_owned()), "{history:?}");
    assert_eq!(history.iter().filter(|kind| *kind == "TaskSucceeded").count(), 1);
}

#[test]
fn a_failure_that_comes_by_token_is_the_tasks_failure() {
    let failure = json!({"at": "5s", "call": "SendTaskFailure", "with": {"error": "Refused", "cause": "by hand"}});
    let (run, log) = callback(json!({}), json!([failure]));
    assert_eq!(run.ends(), ["FAILED Refused by hand"]);
    assert_eq!(log.lines(), ["SendTaskFailure -> {}"]);
}

#[test]
fn what_is_no_token_and_what_is_no_json_is_refused_and_the_task_waits_on() {
    let garbage = json!({"at": "2s", "call": "SendTaskSuccess", "with": {"output": "{}", "taskToken": "garbage"}});
    let done = json!({"at": "5s", "call": "SendTaskSuccess", "with": {"output": "1"}});
    let (run, log) = callback(json!({}), json!([garbage, done]));
    assert_eq!(
        log.lines(),
        ["SendTaskSuccess -> InvalidToken: Invalid Token: 'Invalid token'", "SendTaskSuccess -> {}"]
    );
    assert_eq!(run.execution(0).output, json!(1));
}

#[test]
fn an_answer_that_is_too_long_is_refused_and_the_task_waits_on() {
    let send = |at: &str, call: &str, with: Json| json!({"at": at, "call": call, "with": with});
    let output = |length: usize| format!("{:?}", "x".repeat(length - 2));
    let (run, log) = callback(
        json!({}),
        json!([
            send("2s", "SendTaskSuccess", json!({"output": output(262_145)})),
            send("3s", "SendTaskFailure", json!({"error": "x".repeat(257)})),
            send("4s", "SendTaskFailure", json!({"cause": "x".repeat(32_769)})),
            send("5s", "SendTaskSuccess", json!({"output": output(262_144)})),
        ]),
    );
    let lines = log.lines();
    for (line, (member, length)) in lines.iter().zip([("output", 262_144), ("error", 256), ("cause", 32_768)]) {
        let refused = format!(
            "ValidationException: 1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must have length less than or equal to {length}"
        );
        assert!(line.ends_with(&refused), "{line}");
    }
    assert_eq!(lines[3], "SendTaskSuccess -> {}");
    assert_eq!(run.ends(), ["SUCCEEDED"]);
}

#[test]
fn heartbeats_keep_a_task_alive_and_a_missed_one_times_it_out() {
    let beat = |at: &str| json!({"at": at, "call": "SendTaskHeartbeat"});
    let wait = json!({"HeartbeatSeconds": 10, "TimeoutSeconds": 1000});
    let (run, log) = callback(wait, json!([beat("8s"), beat("16s"), beat("40s")]));
    assert_eq!(run.ends(), ["FAILED States.Timeout"]);
    let expected = ["SendTaskHeartbeat -> {}", "SendTaskHeartbeat -> {}", &format!("SendTaskHeartbeat -> {TIMED_OUT}")];
    assert_eq!(log.lines(), expected);
    let stopped = since_start(run.execution(0).stopped);
    assert!((26_000..26_200).contains(&stopped), "{stopped}");
}

#[test]
fn a_heartbeat_does_not_move_the_tasks_timeout() {
    let beat = |at: &str| json!({"at": at, "call": "SendTaskHeartbeat"});
    let wait = json!({"HeartbeatSeconds": 10, "TimeoutSeconds": 20});
    let (run, _) = callback(wait, json!([beat("8s"), beat("16s")]));
    assert_eq!(run.ends(), ["FAILED States.Timeout"]);
    let stopped = since_start(run.execution(0).stopped);
    assert!((20_000..20_100).contains(&stopped), "{stopped}");
}

#[test]
fn a_retried_task_has_a_new_token_and_the_old_one_is_dead() {
    let log = Log::default();
    let seen = log.clone();
    let parameters =
        json!({"FunctionName": "store", "Payload": {"token.$": "$$.Task.Token", "try.$": "$$.State.RetryCount"}});
    let task = json!({
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Parameters": parameters, "TimeoutSeconds": 5,
        "Retry": [{"ErrorEquals": ["States.Timeout"], "IntervalSeconds": 1}],
    });
    let run = Stage::new()
        .function_with("store", json!({"Timeout": 60}))
        .task("flow", task)
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("store", move |context, event| {
                let log = log.clone();
                async move {
                    // The first attempt answers only when the second one waits already, the second one later still.
                    context.sleep_ms(if event.get("try") == Some(&json!(0)) { 8_000 } else { 3_000 }).await;
                    let parameters =
                        json!({"taskToken": event.get("token"), "output": event.get("try").map(Json::to_string)});
                    let answer = call(&context, "stepfunctions", "SendTaskSuccess", parameters).await;
                    log.note(&context, outcome_text(answer));
                    Ok(Json::Null)
                }
            })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(seen.lines(), [TIMED_OUT, "{}"]);
    assert_eq!(run.execution(0).output, json!(1));
}

#[test]
fn an_answer_may_come_before_the_call_that_carries_the_token_returns() {
    let task = json!({
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "eager", "Payload": {"token.$": "$$.Task.Token"}},
    });
    let run = Stage::new()
        .function("eager")
        .task("flow", task)
        .handlers(|| {
            Registry::default().with("eager", |context, event| async move {
                let parameters = json!({"taskToken": event.get("token"), "output": "\"early\""});
                call(&context, "stepfunctions", "SendTaskSuccess", parameters).await.expect("the task waits");
                context.sleep_ms(1_000).await;
                raise("TooLate", "nobody hears this")
            })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.execution(0).output, json!("early"));
    assert_eq!(run.ends(), ["SUCCEEDED"]);
}

#[test]
fn a_token_may_travel_in_an_event() {
    let entry = json!({"Source": "flow", "DetailType": "Ask", "Detail": {"token.$": "$$.Task.Token"}});
    let task =
        json!({"Resource": "arn:aws:states:::events:putEvents.waitForTaskToken", "Parameters": {"Entries": [entry]}});
    let targets = json!([{"Id": "one", "Arn": function_arn("answer"), "InputPath": "$.detail"}]);
    let run = Stage::new()
        .function("answer")
        .permit("answer")
        .task("flow", task)
        .rule("Asked", "default", "flow", targets)
        .handlers(|| {
            Registry::default().with("answer", |context, event| async move {
                let answer = json!({"taskToken": event.get("token"), "output": "{\"by\":\"event\"}"});
                call(&context, "stepfunctions", "SendTaskSuccess", answer).await.map_err(Into::into)
            })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.execution(0).output, json!({"by": "event"}));
}

#[test]
fn a_machine_may_answer_the_token_of_another() {
    let parameters = json!({
        "StateMachineArn": machine_arn("child"), "Input": {"token.$": "$$.Task.Token"},
    });
    let ask = json!({"Resource": "arn:aws:states:::states:startExecution.waitForTaskToken", "Parameters": parameters});
    let answer = json!({
        "Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess",
        "Parameters": {"TaskToken.$": "$.token", "Output": {"from": "child"}},
    });
    let run = Stage::new().task("flow", ask).task("child", answer).start("0s", "flow", json!({})).run();
    assert_eq!(run.ends(), ["SUCCEEDED", "SUCCEEDED"]);
    assert_eq!(run.execution(0).output, json!({"from": "child"}));
    assert_eq!(run.execution(1).output, json!({}));
}
