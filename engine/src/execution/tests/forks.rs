//! Parallel and Map.

use super::drive::{Does, run};
use crate::execution::Effect;
use crate::json;

const TASK: &str = r#""Type": "Task", "Resource": "arn:aws:states:::lambda:invoke""#;

fn parallel(fields: &str) -> String {
    format!(
        r#""A": {{"Type": "Parallel", {fields} "End": true, "Branches": [
               {{"StartAt": "L", "States": {{"L": {{{TASK}, "End": true}}}}}},
               {{"StartAt": "R", "States": {{"R": {{{TASK}, "End": true}}}}}}]}},
           "Z": {{"Type": "Pass", "End": true}}"#
    )
    .replace(
        r#""Z": {"Type": "Pass", "End": true}"#,
        if fields.contains("\"Z\"") { r#""Z": {"Type": "Pass", "End": true}"# } else { "" },
    )
    .trim_end()
    .trim_end_matches(',')
    .to_owned()
}

fn map(fields: &str) -> String {
    format!(
        r#""A": {{"Type": "Map", {fields} "End": true,
                  "ItemProcessor": {{"StartAt": "B", "States": {{"B": {{{TASK}, "End": true}}}}}}}}"#
    )
}

#[test]
fn results_stand_in_the_order_of_branches_and_items() {
    let answers = [("L", Does::Return(json!("l"))), ("R", Does::Return(json!("r")))];
    assert_eq!(run(&parallel(""), json!({}), &answers).output(), json!(["l", "r"]));
    let answers = [1, 2, 3].map(|n| ("B", Does::Return(json!(n))));
    assert_eq!(run(&map(""), json!(["x", "y", "z"]), &answers).output(), json!([1, 2, 3]));
}

#[test]
fn no_items_are_no_work() {
    let trial = run(&map(""), json!([]), &[]);
    assert_eq!(trial.output(), json!([]));
    assert_eq!(
        trial.lines()[2..5],
        ["3<2 MapStateStarted", "4<3 MapStateSucceeded", "5<3 MapStateExited A"].map(str::to_owned)
    );
}

#[test]
fn what_is_no_list_cannot_be_mapped() {
    let end = run(&map(r#""ItemsPath": "$.x","#), json!({"x": 1}), &[]).end();
    assert!(end.ends_with(r#"Reference path "$.x" must point to array."#), "{end}");
}

#[test]
fn the_first_failure_aborts_the_siblings_and_lets_their_tasks_go() {
    let trial = run(&parallel(""), json!({}), &[("L", Does::Throw("E")), ("R", Does::Never)]);
    assert_eq!(trial.end(), "FAILED E: why");
    assert!(
        trial.effects.iter().any(|effect| matches!(effect, Effect::Abandon { task } if *task == trial.calls[1].task))
    );
    let lines = trial.lines();
    assert_eq!(
        lines[lines.len() - 5..],
        [
            "10<8 TaskFailed",
            "11<10 TaskStateAborted",
            "12<10 TaskStateAborted",
            "13<10 ParallelStateFailed",
            "14<13 ExecutionFailed",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn a_retry_of_a_parallel_runs_every_branch_again() {
    let states = parallel(r#""Retry": [{"ErrorEquals": ["E"]}],"#);
    let answers = [
        ("L", Does::Return(json!(1))),
        ("R", Does::Throw("E")),
        ("L", Does::Return(json!(2))),
        ("R", Does::Return(json!(3))),
    ];
    let trial = run(&states, json!({}), &answers);
    assert_eq!(trial.output(), json!([2, 3]));
    let scopes: Vec<_> =
        trial.calls.iter().map(|call| (call.site.scope[0].attempt, call.site.scope[0].index)).collect();
    assert_eq!(scopes, [(0, 0), (0, 1), (1, 0), (1, 1)]);
    assert!(!trial.lines().iter().any(|line| line.ends_with("ParallelStateFailed")));
}

#[test]
fn a_caught_failure_leaves_the_parallel_after_its_failed_event() {
    let states = parallel(r#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Z", "ResultPath": "$.e"}],"#);
    let trial = run(&states, json!({"a": 1}), &[("L", Does::Throw("E")), ("R", Does::Never)]);
    assert_eq!(trial.output(), json!({"a": 1, "e": {"Error": "E", "Cause": "why"}}));
    assert!(trial.lines().contains(&"14<13 ParallelStateExited A".to_owned()), "{:?}", trial.lines());
}

#[test]
fn concurrency_limits_how_many_iterations_run_at_once() {
    let answers = vec![("B", Does::Return(json!(0))); 50];
    let items = json!((0..50).collect::<Vec<_>>());
    let most_at_once = |fields: &str| {
        let trial = run(&map(fields), items.clone(), &answers);
        let (mut open, mut most) = (0, 0);
        for event in trial.execution.history().events() {
            match event.type_name().as_str() {
                "MapIterationStarted" => open += 1,
                "MapIterationSucceeded" => open -= 1,
                _ => {}
            }
            most = most.max(open);
        }
        most
    };
    assert_eq!(most_at_once(r#""MaxConcurrency": 1,"#), 1);
    assert_eq!(most_at_once(r#""MaxConcurrency": 7,"#), 7);
    assert_eq!(most_at_once(""), 40);
}

#[test]
fn the_next_iteration_follows_from_the_end_of_the_one_before() {
    let answers = vec![("B", Does::Return(json!(0))); 2];
    let trial = run(&map(r#""MaxConcurrency": 1,"#), json!([1, 2]), &answers);
    let lines = trial.lines();
    assert_eq!(
        lines[8..11],
        ["9<8 TaskStateExited B", "10<9 MapIterationSucceeded A 0", "11<9 MapIterationStarted A 1"].map(str::to_owned)
    );
    assert_eq!(
        lines[16..19],
        ["17<16 MapIterationSucceeded A 1", "18<17 MapStateSucceeded", "19<17 MapStateExited A"].map(str::to_owned)
    );
}

#[test]
fn timeouts_of_one_instant_are_all_recorded_before_the_map_fails() {
    let states = format!(
        r#""A": {{"Type": "Map", "End": true,
            "ItemProcessor": {{"StartAt": "B", "States": {{"B": {{{TASK}, "TimeoutSeconds": 5, "End": true}}}}}}}}"#
    );
    let trial = run(&states, json!([1, 2]), &[("B", Does::Never), ("B", Does::Never)]);
    let lines = trial.lines();
    assert_eq!(
        lines[lines.len() - 8..],
        [
            "12<10 TaskTimedOut",
            "13<11 TaskTimedOut",
            "14<12 MapIterationFailed A 0",
            "15<12 TaskStateAborted",
            "16<12 MapIterationAborted A 1",
            "17<12 TaskStateAborted",
            "18<12 MapStateFailed",
            "19<18 ExecutionFailed",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn nested_scopes_fail_outward_one_by_one() {
    let states = r#""A": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "M", "States": {
        "M": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}}}}]}"#;
    let trial = run(states, json!([1]), &[]);
    assert_eq!(
        trial.lines()[5..],
        [
            "6<5 MapIterationStarted M 0",
            "7<6 FailStateEntered F",
            "8<7 MapIterationFailed M 0",
            "9<7 MapStateFailed",
            "10<9 ParallelStateFailed",
            "11<10 ExecutionFailed",
        ]
        .map(str::to_owned)
    );
}

#[test]
fn a_selector_that_fails_fails_its_iteration() {
    let trial = run(&map(r#""ItemSelector": {"x.$": "$.no"},"#), json!([1]), &[]);
    assert!(trial.end().contains("executing the state 'A'"), "{}", trial.end());
    assert!(trial.lines().contains(&"6<4 MapStateFailed".to_owned()), "{:?}", trial.lines());
}
