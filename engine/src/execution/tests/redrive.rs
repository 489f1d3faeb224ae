//! Redrive.

use super::drive::{Does, Trial, begin, express, run, run_as};
use crate::execution::{Event, Resumed, Start};
use crate::json;

const TASK: &str = r#""Resource": "arn:aws:states:::lambda:invoke", "End": true"#;

fn redriven(trial: &mut Trial) {
    assert_eq!(trial.resume(Event::Redrive), Resumed::Accepted);
    trial.finish();
}

#[test]
fn a_failed_task_is_scheduled_again_without_being_entered_again() {
    let states = format!(
        r#""A": {{"Type": "Pass", "Next": "B"}},
           "B": {{"Type": "Task", "Parameters": {{"n.$": "$$.Execution.RedriveCount", "r.$": "$$.State.RetryCount"}},
                  "Retry": [{{"ErrorEquals": ["Busy"], "MaxAttempts": 1}}], {TASK}}}"#
    );
    let busy = ("B", Does::Throw("Busy"));
    let answers = [busy.clone(), busy.clone(), busy, ("B", Does::Return(json!("well")))];
    let mut trial = run(&states, json!({}), &answers);
    assert_eq!(trial.end(), "FAILED Busy: why");
    let failed = trial.lines().len();
    redriven(&mut trial);
    assert_eq!(trial.output(), json!("well"));
    let after: Vec<String> = trial.lines().split_off(failed - 1);
    assert_eq!(
        after,
        [
            "11<10 ExecutionFailed",
            "12<11 ExecutionRedriven",
            "13<12 TaskScheduled",
            "14<13 TaskStarted",
            "15<14 TaskFailed",
            "16<15 TaskScheduled",
            "17<16 TaskStarted",
            "18<17 TaskSucceeded",
            "19<18 TaskStateExited B",
            "20<19 ExecutionSucceeded",
        ]
    );
    let seen: Vec<_> = trial.calls.iter().map(|call| call.parameters.to_string()).collect();
    assert_eq!(seen, [r#"{"n":0,"r":0}"#, r#"{"n":0,"r":1}"#, r#"{"n":1,"r":0}"#, r#"{"n":1,"r":1}"#]);
}

#[test]
fn branches_that_had_ended_keep_their_results() {
    let states = format!(
        r#""A": {{"Type": "Parallel", "End": true, "Branches": [
            {{"StartAt": "P", "States": {{"P": {{"Type": "Pass", "Result": 1, "End": true}}}}}},
            {{"StartAt": "T", "States": {{"T": {{"Type": "Task", {TASK}}}}}}},
            {{"StartAt": "W", "States": {{"W": {{"Type": "Wait", "Seconds": 60, "Next": "X"}}, "X": {{"Type": "Pass", "Result": 3, "End": true}}}}}}]}}"#
    );
    let answers = [("T", Does::Throw("Down")), ("T", Does::Return(json!(2)))];
    let mut trial = run(&states, json!({}), &answers);
    assert_eq!(trial.end(), "FAILED Down: why");
    redriven(&mut trial);
    assert_eq!(trial.output(), json!([1, 2, 3]));
    let entered = trial.lines().iter().filter(|line| line.contains("StateEntered")).count();
    assert_eq!(entered, 5, "each state is entered once: {:?}", trial.lines());
}

#[test]
fn iterations_that_had_not_begun_begin_after_a_redrive() {
    let states = format!(
        r#""A": {{"Type": "Map", "MaxConcurrency": 1, "End": true,
            "ItemProcessor": {{"StartAt": "T", "States": {{"T": {{"Type": "Task", {TASK}}}}}}}}}"#
    );
    let returns = |value: &'static str| ("T", Does::Return(json!(value)));
    let answers = [returns("a"), ("T", Does::Throw("Down")), returns("b"), returns("c")];
    let mut trial = run(&states, json!([1, 2, 3]), &answers);
    assert_eq!(trial.end(), "FAILED Down: why");
    redriven(&mut trial);
    assert_eq!(trial.output(), json!(["a", "b", "c"]));
}

#[test]
fn a_stopped_or_timed_out_execution_goes_on_with_a_new_timeout() {
    let states = r#""A": {"Type": "Wait", "Seconds": 50, "End": true}"#;
    let mut trial = begin(states, Start::new(json!(7)), &[]);
    trial.poll();
    assert_eq!(trial.resume(Event::Redrive), Resumed::Stale, "it runs");
    assert_eq!(trial.resume(Event::Stop { error: None, cause: None }), Resumed::Accepted);
    trial.poll();
    assert!(trial.execution.is_redrivable());
    redriven(&mut trial);
    assert_eq!(trial.output(), json!(7));
    assert_eq!(trial.execution.redrive_count(), 1);
    assert_eq!(trial.resume(Event::Redrive), Resumed::Stale, "it has succeeded");
}

#[test]
fn express_executions_are_not_redriven() {
    let mut trial = run_as(r#""A": {"Type": "Fail"}"#, express(json!({})), &[]);
    assert_eq!(trial.resume(Event::Redrive), Resumed::Stale);
    let mut standard = run(r#""A": {"Type": "Fail"}"#, json!({}), &[]);
    redriven(&mut standard);
    assert_eq!(standard.lines().last().map(String::as_str), Some("5<4 ExecutionFailed"));
}

#[test]
fn a_distributed_map_runs_again_as_a_whole() {
    let states = format!(
        r#""A": {{"Type": "Map", "End": true, "ItemProcessor": {{
            "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
            "StartAt": "T", "States": {{"T": {{"Type": "Task", {TASK}}}}}}}}}"#
    );
    let answers = [("T", Does::Throw("Down")), ("T", Does::Return(json!(1)))];
    let mut trial = run(&states, json!([0]), &answers);
    assert!(trial.end().starts_with("FAILED States.ExceedToleratedFailureThreshold"), "{}", trial.end());
    redriven(&mut trial);
    assert_eq!(trial.output(), json!([1]));
}
