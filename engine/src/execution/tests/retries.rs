//! Retry and Catch.

use super::drive::{Does, run};
use crate::execution::Effect;
use crate::json;

/// A task `A` with these further fields; `B` takes over when it is caught.
fn task(fields: &str) -> String {
    format!(
        r#""A": {{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", {fields}, "End": true}},
           "B": {{"Type": "Pass", "End": true}}"#
    )
}

fn retry(retriers: &str) -> String {
    task(&format!(r#""Retry": {retriers}, "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "B"}}]"#))
}

#[test]
fn delays_grow_by_the_backoff_rate_up_to_the_cap() {
    for (fields, starts_ms) in [
        ("", vec![0, 1001, 3002, 7003]),
        (r#", "IntervalSeconds": 2, "BackoffRate": 3, "MaxAttempts": 2"#, vec![0, 2001, 8002]),
        (r#", "MaxDelaySeconds": 3, "MaxAttempts": 4"#, vec![0, 1001, 3002, 6003, 9004]),
        (r#", "BackoffRate": 1"#, vec![0, 1001, 2002, 3003]),
        (r#", "MaxAttempts": 0"#, vec![0]),
    ] {
        let answers = vec![("A", Does::Throw("E")); 5];
        let trial = run(&retry(&format!(r#"[{{"ErrorEquals": ["E"]{fields}}}]"#)), json!({}), &answers);
        let scheduled = |event: &&crate::history::Event| event.type_name() == "TaskScheduled";
        let found: Vec<u64> = trial.execution.history().events().iter().filter(scheduled).map(|e| e.at_ms).collect();
        assert_eq!(found, starts_ms, "{fields}");
    }
}

#[test]
fn full_jitter_scales_the_capped_delay() {
    let states = retry(r#"[{"ErrorEquals": ["E"], "IntervalSeconds": 10, "JitterStrategy": "FULL"}]"#);
    let mut trial = super::drive::begin(
        &states,
        crate::execution::Start::new(json!({})),
        &[("A", Does::Throw("E")), ("A", Does::Return(json!(1)))],
    );
    trial.world.random = 0.25;
    trial.finish();
    assert_eq!(trial.world.now_ms, 2502);
    assert_eq!(trial.world.draws.len(), 1);
}

#[test]
fn an_exhausted_retrier_goes_to_catch_and_not_to_the_next_retrier() {
    let states = retry(r#"[{"ErrorEquals": ["E"], "MaxAttempts": 1}, {"ErrorEquals": ["States.ALL"]}]"#);
    let trial = run(&states, json!({}), &[("A", Does::Throw("E")), ("A", Does::Throw("E"))]);
    assert_eq!(trial.output(), json!({"Error": "E", "Cause": "why"}));
    assert_eq!(trial.calls.len(), 2);
}

#[test]
fn counters_are_per_retrier_and_survive_other_errors() {
    let states = retry(r#"[{"ErrorEquals": ["E"], "MaxAttempts": 1}, {"ErrorEquals": ["F"], "MaxAttempts": 1}]"#);
    let answers = ["E", "F", "E"].map(|error| ("A", Does::Throw(error)));
    let trial = run(&states, json!({}), &answers);
    assert_eq!(trial.calls.len(), 3);
    assert_eq!(trial.calls.iter().map(|call| call.site.attempt).collect::<Vec<_>>(), [0, 1, 2]);
    assert_eq!(trial.output().get("Error"), Some(&json!("E")));
}

#[test]
fn counters_start_again_when_the_state_is_entered_again() {
    let states = r#"
        "A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Next": "C",
              "Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}]},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.again", "BooleanEquals": true, "Next": "A"}], "Default": "D"},
        "D": {"Type": "Succeed"}"#;
    let answers = [
        ("A", Does::Throw("E")),
        ("A", Does::Return(json!({"again": true}))),
        ("A", Does::Throw("E")),
        ("A", Does::Return(json!({"again": false}))),
    ];
    let trial = run(states, json!({}), &answers);
    let sites: Vec<_> = trial.calls.iter().map(|call| (call.site.visit, call.site.attempt)).collect();
    assert_eq!(sites, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    assert_eq!(trial.output(), json!({"again": false}));
}

#[test]
fn names_match_as_aws_matches_them() {
    for (pattern, does, caught) in [
        ("E", Does::Throw("E"), true),
        ("e", Does::Throw("E"), false),
        ("States.TaskFailed", Does::Throw("E"), true),
        ("States.TaskFailed", Does::Never, false),
        ("States.Timeout", Does::Never, true),
        ("States.HeartbeatTimeout", Does::Never, false),
        ("States.ALL", Does::Never, true),
        ("States.ALL", Does::Throw("States.Runtime"), false),
        ("States.Runtime", Does::Throw("States.Runtime"), false),
    ] {
        let fields = format!(r#""TimeoutSeconds": 9, "Catch": [{{"ErrorEquals": ["{pattern}"], "Next": "B"}}]"#);
        let trial = run(&task(&fields), json!({}), &[("A", does.clone())]);
        assert_eq!(trial.outcome().error.is_none(), caught, "{pattern} on {does:?}");
    }
}

#[test]
fn a_catcher_puts_the_error_into_the_raw_input() {
    for (fields, expected) in [
        ("", json!({"Error": "E", "Cause": "why"})),
        (r#", "ResultPath": "$.error""#, json!({"a": 1, "error": {"Error": "E", "Cause": "why"}})),
        (r#", "ResultPath": null"#, json!({"a": 1})),
    ] {
        let catch = format!(
            r#""InputPath": "$.a", "ResultPath": "$.unused", "OutputPath": "$.nowhere",
               "Catch": [{{"ErrorEquals": ["E"], "Next": "B"{fields}}}]"#
        );
        let trial = run(&task(&catch), json!({"a": 1}), &[("A", Does::Throw("E"))]);
        assert_eq!(trial.output(), expected, "{fields}");
    }
}

#[test]
fn a_caught_timeout_has_an_empty_cause() {
    let states = task(r#""TimeoutSeconds": 9, "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "B"}]"#);
    let trial = run(&states, json!({}), &[("A", Does::Never)]);
    assert_eq!(trial.output(), json!({"Error": "States.Timeout", "Cause": ""}));
    assert!(
        trial.effects.iter().any(|effect| matches!(effect, Effect::Abandon { task } if *task == trial.calls[0].task))
    );
}

#[test]
fn a_catcher_assigns_and_the_state_does_not() {
    let states = r#"
        "A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true, "Assign": {"from": "state"},
              "Catch": [{"ErrorEquals": ["E"], "Next": "B", "Assign": {"from": "catcher", "error.$": "$.Error"}}]},
        "B": {"Type": "Pass", "Parameters": {"from.$": "$from", "error.$": "$error"}, "End": true}"#;
    let trial = run(states, json!({}), &[("A", Does::Throw("E"))]);
    assert_eq!(trial.output(), json!({"from": "catcher", "error": "E"}));
}

#[test]
fn errors_of_paths_are_neither_retried_nor_caught() {
    let states = task(
        r#""OutputPath": "$.no", "Retry": [{"ErrorEquals": ["States.ALL"]}],
           "Catch": [{"ErrorEquals": ["States.Runtime"], "Next": "B"}]"#,
    );
    let trial = run(&states, json!({}), &[("A", Does::Return(json!({})))]);
    assert!(trial.end().starts_with("FAILED States.Runtime"), "{}", trial.end());
    assert_eq!(trial.calls.len(), 1);
}
