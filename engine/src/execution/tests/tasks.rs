//! Calls, their answers and their timers.

use super::drive::{Does, begin, run};
use crate::execution::{Effect, Event, PAYLOAD_BYTES_MAX, Resumed, Start};
use crate::{Json, json};

const CALLBACK: &str = r#""A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
    "Parameters": {"token.$": "$$.Task.Token"}, "HeartbeatSeconds": 10, "TimeoutSeconds": 25, "End": true}"#;

#[test]
fn heartbeats_put_off_the_heartbeat_timeout_and_never_the_timeout() {
    let mut trial = begin(CALLBACK, Start::new(json!({})), &[("A", Does::Never)]);
    trial.poll();
    let task = trial.calls[0].task;
    assert_eq!(trial.calls[0].parameters, json!({"token": "token 0 0"}));
    for at_ms in [9_000, 18_000, 24_000] {
        trial.world.now_ms = at_ms;
        assert_eq!(trial.resume(Event::Heartbeat { task }), Resumed::Accepted);
        trial.poll();
    }
    trial.finish();
    assert_eq!(trial.world.now_ms, 25_000);
    assert_eq!(trial.end(), "FAILED States.Timeout: -");
}

#[test]
fn a_missed_heartbeat_is_a_timeout() {
    let trial = run(CALLBACK, json!({}), &[("A", Does::Never)]);
    assert_eq!(trial.world.now_ms, 10_000);
    assert_eq!(trial.end(), "FAILED States.Timeout: -");
    assert!(trial.lines().iter().any(|line| line.ends_with("TaskTimedOut")));
}

#[test]
fn late_answers_are_stale() {
    let mut trial = run(CALLBACK, json!({}), &[("A", Does::Never)]);
    let task = trial.calls[0].task;
    assert_eq!(trial.resume(Event::Succeeded { task, output: Json::Null }), Resumed::Stale);

    let mut trial = begin(CALLBACK, Start::new(json!({})), &[("A", Does::Never)]);
    trial.poll();
    let task = trial.calls[0].task;
    assert_eq!(trial.resume(Event::Succeeded { task, output: json!(1) }), Resumed::Accepted);
    assert_eq!(trial.resume(Event::Succeeded { task, output: json!(2) }), Resumed::Stale);
    trial.poll();
    assert_eq!(trial.output(), json!(1));
}

#[test]
fn timers_and_heartbeats_are_cancelled_when_the_task_ends() {
    let mut trial = begin(CALLBACK, Start::new(json!({})), &[("A", Does::Never)]);
    trial.poll();
    let task = trial.calls[0].task;
    assert_eq!(trial.resume(Event::Succeeded { task, output: json!(1) }), Resumed::Accepted);
    trial.poll();
    let set = trial.effects.iter().filter(|effect| matches!(effect, Effect::SetTimer { .. })).count();
    let cancelled = trial.effects.iter().filter(|effect| matches!(effect, Effect::CancelTimer { .. })).count();
    assert_eq!((set, cancelled), (2, 2));
}

#[test]
fn every_attempt_has_its_own_token() {
    let states = r#""A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "End": true,
        "Parameters": {"token.$": "$$.Task.Token", "retries.$": "$$.State.RetryCount"},
        "Retry": [{"ErrorEquals": ["E"]}]}"#;
    let trial = run(states, json!({}), &[("A", Does::Throw("E")), ("A", Does::Return(json!(1)))]);
    let parameters: Vec<_> = trial.calls.iter().map(|call| call.parameters.clone()).collect();
    assert_eq!(parameters, [json!({"token": "token 0 0", "retries": 0}), json!({"token": "token 0 1", "retries": 1})]);
}

#[test]
fn too_large_a_result_is_an_error_that_can_be_caught() {
    let large = Json::from("x".repeat(PAYLOAD_BYTES_MAX));
    let states = r#""A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
                          "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]},
                    "B": {"Type": "Pass", "End": true}"#;
    let trial = run(states, json!({}), &[("A", Does::Return(large))]);
    let cause =
        "The state/task 'lambda' returned a result with a size exceeding the maximum number of bytes service limit.";
    assert_eq!(trial.output(), json!({"Error": "States.DataLimitExceeded", "Cause": cause}));
}

#[test]
fn too_large_an_output_of_a_state_ends_the_execution() {
    let input = Json::from_pairs([("x", Json::from("x".repeat(PAYLOAD_BYTES_MAX / 2)))]);
    let states = r#""A": {"Type": "Pass", "Parameters": {"a.$": "$.x", "b.$": "$.x"}, "End": true}"#;
    let end = run(states, input, &[]).end();
    assert_eq!(
        end,
        "FAILED States.DataLimitExceeded: The state/task 'A' returned a result with a size exceeding the maximum number \
         of bytes service limit."
    );
}

#[test]
fn a_refused_start_is_uncatchable_and_leaves_no_scheduled_event() {
    let states = r#""A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:gone", "End": true,
                          "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]},
                    "B": {"Type": "Pass", "End": true}"#;
    let mut trial = begin(states, Start::new(json!({})), &[]);
    trial.world.refused = Some("The activity arn:gone does not exist.");
    trial.finish();
    assert!(trial.end().ends_with("(entered at the event id #2). The activity arn:gone does not exist."));
    assert_eq!(trial.lines().len(), 3);
}

#[test]
fn limits_of_time_may_come_from_the_input() {
    let states = r#""A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSecondsPath": "$.t",
                          "End": true}"#;
    assert_eq!(run(states, json!({"t": 7}), &[("A", Does::Never)]).world.now_ms, 7000);
    let end = run(states, json!({"t": "x"}), &[]).end();
    assert!(
        end.ends_with(r#"The TimeoutSecondsPath field refers to value "x" which is not a valid integer: $.t"#),
        "{end}"
    );
}
