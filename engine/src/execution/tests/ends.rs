//! How executions end.

use super::drive::{Does, begin, express, program, run, run_as};
use crate::execution::{Event, Execution, Resumed, Start, Status};
use crate::history::EVENTS_MAX;
use crate::json;

#[test]
fn a_fail_state_takes_its_texts_from_where_it_says() {
    for (fields, expected) in [
        ("", "FAILED -: -"),
        (r#", "Error": "E", "Cause": "c""#, "FAILED E: c"),
        (r#", "ErrorPath": "$.e", "CausePath": "$$.State.Name""#, "FAILED from input: A"),
        (r#", "CausePath": "States.Format('{} times', $.n)""#, "FAILED -: 3 times"),
    ] {
        let states = format!(r#""A": {{"Type": "Fail"{fields}}}"#);
        assert_eq!(run(&states, json!({"e": "from input", "n": 3}), &[]).end(), expected);
    }
    let end = run(r#""A": {"Type": "Fail", "ErrorPath": "$.no"}"#, json!({}), &[]).end();
    assert!(
        end.ends_with("The JSONPath '$.no' specified for the field 'ErrorPath' could not be found in the input '{}'")
    );
}

#[test]
fn the_execution_timeout_ends_everything_and_shows_no_error() {
    let program = program(
        r#"{"StartAt": "A", "TimeoutSeconds": 5, "States": {"A": {"Type": "Wait", "Seconds": 60, "End": true}}}"#,
    );
    let mut trial = begin(r#""A": {"Type": "Pass", "End": true}"#, Start::new(json!({})), &[]);
    trial.execution = Execution::start(program, Start::new(json!({})));
    trial.finish();
    assert_eq!(trial.end(), "TIMED_OUT -: -");
    assert_eq!(trial.world.now_ms, 5000);
    assert_eq!(trial.lines().last().map(String::as_str), Some("3<0 ExecutionTimedOut"));
}

#[test]
fn a_stop_aborts_and_later_events_are_stale() {
    let states = r#""A": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true}"#;
    let mut trial = begin(states, Start::new(json!({})), &[("A", Does::Never)]);
    trial.poll();
    let task = trial.calls[0].task;
    assert_eq!(trial.resume(Event::Stop { error: Some("Why".into()), cause: None }), Resumed::Accepted);
    trial.poll();
    assert_eq!(trial.end(), "ABORTED Why: -");
    assert_eq!(trial.lines().last().map(String::as_str), Some("4<0 ExecutionAborted"));
    assert_eq!(trial.resume(Event::Succeeded { task, output: json!(1) }), Resumed::Stale);
    assert_eq!(trial.resume(Event::Stop { error: None, cause: None }), Resumed::Stale);
}

#[test]
fn the_last_event_that_a_history_holds_is_the_failure() {
    let states = r#""A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Pass", "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "D"}], "Default": "A"},
        "D": {"Type": "Succeed"}"#;
    for history in [true, false] {
        let trial = run_as(states, Start { history, ..Start::new(json!({"x": 1})) }, &[]);
        assert_eq!(
            trial.end(),
            "FAILED States.Runtime: The execution reached the maximum number of history events (25000)."
        );
        assert_eq!(trial.execution.history().last_id(), EVENTS_MAX);
        if history {
            assert_eq!(trial.lines().last().map(String::as_str), Some("25000<24999 ExecutionFailed"));
        }
    }
}

#[test]
fn an_endless_express_loop_times_out() {
    let states = r#""A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsNull": true, "Next": "D"}], "Default": "A"},
        "D": {"Type": "Succeed"}"#;
    let trial = run_as(states, Start { history: false, ..express(json!({"x": 1})) }, &[]);
    assert_eq!(trial.execution.status(), Status::TimedOut);
}

#[test]
fn an_express_execution_lasts_five_minutes_at_most() {
    let trial = run_as(r#""A": {"Type": "Wait", "Seconds": 900, "End": true}"#, express(json!({})), &[]);
    assert_eq!((trial.end().as_str(), trial.world.now_ms), ("TIMED_OUT -: -", 300_000));
}

#[test]
fn without_a_history_everything_else_is_the_same() {
    let states = r#""A": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "B", "States": {
        "B": {"Type": "Pass", "Parameters": {"x.$": "$.no"}, "End": true}}}}"#;
    let with = run_as(states, Start::new(json!([1, 2])), &[]);
    let without = run_as(states, Start { history: false, ..Start::new(json!([1, 2])) }, &[]);
    assert_eq!(with.end(), without.end());
    assert!(without.execution.history().events().is_empty());
    assert_eq!(with.execution.history().last_id(), without.execution.history().last_id());
}

#[test]
fn coverage_names_each_entry_and_where_it_came_from() {
    let trial = run(r#""A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Succeed"}"#, json!({}), &[]);
    let entered: Vec<_> = trial.world.entered.iter().map(|(state, from)| (state.0, from.map(|from| from.0))).collect();
    assert_eq!(entered, [(0, None), (1, Some(0))]);
}
