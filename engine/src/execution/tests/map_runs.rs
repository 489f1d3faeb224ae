//! Distributed Maps.

use super::drive::{Does, begin, run};
use crate::execution::{Effect, Event, Resumed, Start};
use crate::json;

/// A distributed Map `A` with these further fields, which runs `processor` for its items.
fn map(fields: &str, processor: &str) -> String {
    format!(
        r#""A": {{"Type": "Map", {fields} "Next": "Z", "Label": "L", "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "Z"}}],
            "ItemProcessor": {{"ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
                               "StartAt": "B", "States": {{{processor}}}}}}},
           "Z": {{"Type": "Pass", "End": true}}"#
    )
}

const TASK: &str =
    r#""B": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": 9, "End": true}"#;

#[test]
fn children_have_a_context_of_their_own_and_a_history_of_their_own() {
    let processor = r#""B": {"Type": "Pass", "End": true, "Parameters": {
        "id.$": "$$.Execution.Id", "machine.$": "$$.StateMachine.Name", "input.$": "$$.Execution.Input"}}"#;
    let trial = run(&map("", processor), json!([7]), &[]);
    let uuid = "00000000-0000-4000-8000-000000000000";
    assert_eq!(
        trial.output(),
        json!([{
            "id": format!("arn:aws:states:us-east-1:111111111111:execution:machine/L:{uuid}"),
            "machine": "machine/L",
            "input": 7,
        }])
    );
    assert_eq!(
        trial.lines()[2..6],
        ["3<2 MapStateStarted", "4<3 MapRunStarted", "5<4 MapRunSucceeded", "6<5 MapStateSucceeded"].map(str::to_owned)
    );
}

#[test]
fn tasks_of_children_pass_through_their_parent() {
    let answers = [("B", Does::Return(json!("x"))), ("B", Does::Return(json!("y")))];
    let trial = run(&map("", TASK), json!([1, 2]), &answers);
    assert_eq!(trial.output(), json!(["x", "y"]));
    let scopes: Vec<_> =
        trial.calls.iter().map(|call| (call.site.scope[0].state.0, call.site.scope[0].index)).collect();
    assert_eq!(scopes, [(0, 0), (0, 1)]);
    let set = trial.effects.iter().filter(|effect| matches!(effect, Effect::SetTimer { .. })).count();
    let cancelled = trial.effects.iter().filter(|effect| matches!(effect, Effect::CancelTimer { .. })).count();
    assert_eq!((set, cancelled), (2, 2));
}

#[test]
fn a_timeout_in_a_child_is_the_childs_own() {
    let trial = run(&map(r#""ToleratedFailureCount": 1,"#, TASK), json!([1]), &[("B", Does::Never)]);
    assert_eq!(trial.world.now_ms, 9000);
    assert_eq!(trial.output().item(0).and_then(|child| child.get("Error")), Some(&json!("States.Timeout")));
}

#[test]
fn more_failures_than_tolerated_end_the_run_and_let_the_others_go() {
    for (fields, failures, is_caught) in [
        ("", 0, false),
        ("", 1, true),
        (r#""ToleratedFailureCount": 1,"#, 1, false),
        (r#""ToleratedFailureCount": 1,"#, 2, true),
        (r#""ToleratedFailurePercentage": 50,"#, 2, false),
        (r#""ToleratedFailurePercentage": 49.9,"#, 2, true),
    ] {
        let mut answers = vec![("B", Does::Throw("E")); failures];
        answers.resize(4, ("B", Does::Return(json!(1))));
        let trial = run(&map(fields, TASK), json!([1, 2, 3, 4]), &answers);
        let error = trial.output().get("Error").cloned();
        assert_eq!(error, is_caught.then(|| json!("States.ExceedToleratedFailureThreshold")), "{fields} {failures}");
    }
    let answers = [("B", Does::Throw("E")), ("B", Does::Never)];
    let trial = run(&map("", TASK), json!([1, 2]), &answers);
    let task = trial.calls[1].task;
    assert!(trial.effects.iter().any(|effect| matches!(effect, Effect::Abandon { task: known } if *known == task)));
    let lines = trial.lines();
    assert_eq!(lines[4..7], ["5<4 MapRunFailed", "6<5 MapStateFailed", "7<6 MapStateExited A"].map(str::to_owned));
}

#[test]
fn settings_out_of_range_are_uncatchable() {
    for (field, value, sentence) in [
        ("ToleratedFailureCountPath", json!(-1), "ToleratedFailureCount cannot be negative."),
        ("ToleratedFailurePercentagePath", json!(-1.1), "ToleratedFailurePercentage must be between 0 and 100."),
        (
            "ToleratedFailurePercentagePath",
            json!("x"),
            r#"The ToleratedFailurePercentagePath field refers to value "x" which is not a valid float: $.v"#,
        ),
    ] {
        let states = map(&format!(r#""{field}": "$.v", "ItemsPath": "$.items","#), TASK);
        let end = run(&states, json!({"v": value, "items": [1]}), &[]).end();
        assert!(end.starts_with("FAILED States.Runtime") && end.ends_with(sentence), "{end}");
    }
}

#[test]
fn items_are_batched_by_number_and_by_bytes() {
    let processor = r#""B": {"Type": "Pass", "End": true}"#;
    for (batcher, expected) in [
        (r#"{"MaxItemsPerBatch": 2}"#, json!([{"Items": [1, 2]}, {"Items": [3]}])),
        (
            r#"{"MaxItemsPerBatch": 3, "BatchInput": {"n.$": "$[0]"}}"#,
            json!([{"BatchInput": {"n": 1}, "Items": [1, 2, 3]}]),
        ),
        (r#"{"MaxInputBytesPerBatch": 4}"#, json!([{"Items": [1, 2]}, {"Items": [3]}])),
    ] {
        let states = map(&format!(r#""ItemBatcher": {batcher},"#), processor);
        assert_eq!(run(&states, json!([1, 2, 3]), &[]).output(), expected, "{batcher}");
    }
}

#[test]
fn a_reader_is_a_call_that_the_history_does_not_show() {
    let fields = r#""ItemReader": {"Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "b", "Key.$": "$.k"},
                                   "ReaderConfig": {"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW", "MaxItems": 1}},"#;
    let states = map(fields, r#""B": {"Type": "Pass", "End": true}"#);
    let mut trial = begin(&states, Start::new(json!({"k": "key"})), &[("A", Does::Never)]);
    trial.poll();
    assert_eq!(trial.calls[0].parameters, json!({"Bucket": "b", "Key": "key"}));
    let task = trial.calls[0].task;
    let output = json!({"Body": "h\nx\ny\n"});
    assert_eq!(trial.resume(Event::Succeeded { task, output }), Resumed::Accepted);
    trial.poll();
    assert_eq!(trial.output(), json!([{"h": "x"}]));

    let mut trial = begin(&states, Start::new(json!({"k": "key"})), &[("A", Does::Never)]);
    trial.poll();
    let task = trial.calls[0].task;
    assert_eq!(trial.resume(Event::Failed { task, error: None, cause: Some("gone".into()) }), Resumed::Accepted);
    trial.poll();
    assert_eq!(trial.output(), json!({"Error": "States.ItemReaderFailed", "Cause": "gone"}));
}

#[test]
fn children_see_no_variables() {
    let text = format!(
        r#"{{"StartAt": "S", "States": {{"S": {{"Type": "Pass", "Assign": {{"x": 1}}, "Next": "A"}}, {}}}}}"#,
        map("", r#""B": {"Type": "Pass", "Parameters": {"x.$": "$x"}, "End": true}"#)
    );
    let found = crate::asl::Program::compile(&text).err().unwrap_or_default();
    assert!(found.iter().any(|problem| problem.message == "the variable '$x' is never assigned"), "{found:?}");
}
