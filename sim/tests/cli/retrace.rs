//! `rehearsal retrace`.

use crate::shop::Shop;

/// Draws of every kind, lines of control side by side, retries, waits, a callback and a distributed Map.
const BUSY: &str = r#"{"StartAt": "Draw", "States": {
    "Draw": {"Type": "Pass", "Parameters": {"id.$": "States.UUID()", "n.$": "States.MathRandom(0, 1000)", "at.$": "$$.State.EnteredTime",
        "items.$": "States.ArrayRange(1, 5, 1)", "of.$": "$$.Execution.Name"}, "Assign": {"id.$": "$$.Execution.Id"}, "Next": "Odd?"},
    "Odd?": {"Type": "Choice", "Choices": [{"Variable": "$.n", "NumericLessThan": 500, "Next": "Both"}], "Default": "Pause"},
    "Pause": {"Type": "Wait", "Seconds": 30, "Next": "Both"},
    "Both": {"Type": "Parallel", "ResultPath": "$.both", "Next": "Each", "Branches": [
        {"StartAt": "Try", "States": {"Try": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
            "Retry": [{"ErrorEquals": ["Busy"], "JitterStrategy": "FULL", "MaxDelaySeconds": 9}], "Next": "Tried"}, "Tried": {"Type": "Pass", "End": true}}},
        {"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": 60,
            "Parameters": {"QueueUrl": "q", "MessageBody": {"token.$": "$$.Task.Token"}}, "End": true}}},
        {"StartAt": "One", "States": {"One": {"Type": "Pass", "Next": "Two"}, "Two": {"Type": "Pass", "End": true}}}]},
    "Each": {"Type": "Map", "MaxConcurrency": 2, "ItemsPath": "$.items", "ResultPath": "$.each", "Next": "Run",
        "ItemProcessor": {"StartAt": "Item", "States": {"Item": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Sorry"}]}, "Sorry": {"Type": "Pass", "End": true}}}},
    "Run": {"Type": "Map", "ItemsPath": "$.items", "ResultPath": "$.run", "Next": "Ends",
        "ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, "StartAt": "Child",
            "States": {"Child": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true}}}},
    "Ends": {"Type": "Fail", "Error": "Done", "CausePath": "States.Format('{} {}', $.id, $.n)"}}}"#;

const MOCKS: &str = r#"{"tasks": [
    {"state": "Try", "attempt": 0, "error": "Busy", "after_ms": 700}, {"state": "Try", "output": {"x": 1}, "after_ms": 300},
    {"state": "Ask", "submitted": {"MessageId": "1"}, "output": {"approved": true}, "after_ms": 900},
    {"state": "Item", "path": [{"map": "Each", "index": 1}], "error": "Broken", "cause": "no", "after_ms": 10},
    {"state": "Item", "output": [1], "after_ms": 20},
    {"state": "Child", "output": "c"}]}"#;

fn recorded(seed: &str) -> Shop {
    let shop = Shop::new();
    shop.write("d.json", BUSY).write("m.json", MOCKS);
    let ran =
        shop.run(&["run", "d.json", "--mocks", "m.json", "--history", "h.json", "--seed", seed, "--name", "night"]);
    assert_eq!(ran.code, 1, "it ends in a Fail state: {}{}", ran.out, ran.err);
    shop
}

#[test]
fn whatever_ran_retraces_and_emits_the_same_history() {
    for seed in ["1", "2", "3", "4", "5"] {
        let shop = recorded(seed);
        let ran = shop.run(&["retrace", "d.json", "h.json", "--emit", "o.json"]);
        assert_eq!(ran.code, 0, "seed {seed}: {}{}", ran.out, ran.err);
        assert!(ran.out.starts_with("the same: "), "{}", ran.out);
        let read = |name: &str| std::fs::read_to_string(shop.folder().join(name)).expect("a history");
        assert_eq!(read("h.json"), read("o.json"), "seed {seed}: drawn values are learnt");
    }
}

#[test]
fn another_definition_shows_its_first_difference_on_both_sides() {
    for (from, to, place) in [
        (r#""Two": {"Type": "Pass""#, r#""Two": {"Type": "Pass", "Result": 2"#, "differs at output"),
        (r#""Next": "Sorry""#, r#""ResultPath": null, "Next": "Sorry""#, "differs at output"),
        (r#""Error": "Done""#, r#""Error": "Failed""#, "differs at error"),
        (r#""TimeoutSeconds": 60"#, r#""TimeoutSeconds": 61"#, "differs at timeoutInSeconds"),
        (r#""MaxConcurrency": 2"#, r#""MaxConcurrency": 3"#, "differs at type"),
    ] {
        let shop = recorded("1");
        shop.replace("d.json", from, to);
        let ran = shop.run(&["retrace", "d.json", "h.json", "--emit", "o.json"]);
        assert_eq!(ran.code, 1, "{to}: {}{}", ran.out, ran.err);
        assert!(
            ran.out.contains(place) && ran.out.contains("\n  recorded: {") && ran.out.contains("\n  ours:     {"),
            "{to}: {}",
            ran.out
        );
        assert!(shop.folder().join("o.json").exists());
    }
}

#[test]
fn unusable_input_is_refused() {
    let shop = recorded("1");
    shop.write("empty.json", r#"{"events": []}"#).write("text.json", "x");
    shop.write("page.json", r#"{"events": [{"id": 2, "previousEventId": 1, "type": "PassStateEntered"}]}"#);
    shop.write("bare.json", r#"{"events": [{"id": 1, "previousEventId": 0, "type": "ExecutionStarted", "executionStartedEventDetails": {}}]}"#);
    shop.write("cut.json", r#"{"events": [{"id": 1, "previousEventId": 0, "type": "ExecutionStarted", "executionStartedEventDetails": {"input": "{}", "inputDetails": {"truncated": true}}}]}"#);
    for (history, message) in [
        ("missing.json", "missing.json: "),
        ("text.json", "text.json: not JSON"),
        ("empty.json", "the first event is not ExecutionStarted"),
        ("page.json", "expected event 1 next, found 2"),
        ("bare.json", "ExecutionStarted has no input"),
        ("cut.json", "event 1 is truncated"),
    ] {
        let ran = shop.run(&["retrace", "d.json", history]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{history}");
        assert!(ran.err.contains(message), "{history}: {}", ran.err);
    }
    assert_eq!(shop.run(&["retrace", "m.json", "h.json"]).code, 2);
}
