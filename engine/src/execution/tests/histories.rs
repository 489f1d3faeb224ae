//! Whole histories, one for each type of state.

use super::drive::{Does, run, run_as};
use crate::execution::Start;
use crate::json;

#[test]
fn a_history_reads_as_get_execution_history_returns_it() {
    let states = r#"
        "A": {"Type": "Pass", "Assign": {"x": [1], "y": "z"}, "Next": "C"},
        "C": {"Type": "Choice", "Choices": [{"Variable": "$x[0]", "NumericEquals": 1, "Next": "W"}]},
        "W": {"Type": "Wait", "Seconds": 1, "Next": "L"},
        "L": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f", "TimeoutSeconds": 3, "Next": "T"},
        "T": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:getItem", "Credentials": {"RoleArn": "arn:role"},
              "Catch": [{"ErrorEquals": ["E"], "Next": "V"}], "Next": "V"},
        "V": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:a", "HeartbeatSeconds": 2, "Next": "P"},
        "P": {"Type": "Parallel", "Branches": [{"StartAt": "S", "States": {"S": {"Type": "Succeed"}}}], "Next": "M"},
        "M": {"Type": "Map", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}, "Next": "F"},
        "F": {"Type": "Fail", "Error": "E", "Cause": "c"}"#;
    let start = Start { input_text: Some(r#"{ "a": 1 }"#.into()), ..Start::new(json!({"a": 1})) };
    let answers = [("L", Does::Return(json!({"ok": true}))), ("T", Does::Throw("E")), ("V", Does::Return(json!([1])))];
    let trial = run_as(states, start, &answers);
    insta::assert_json_snapshot!(trial.execution.history().to_json());
}

#[test]
fn a_parallel_exits_after_what_ended_last() {
    let states = r#""A": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "L", "States": {"L": {"Type": "Pass", "End": true}}},
        {"StartAt": "R", "States": {"R": {"Type": "Pass", "End": true}}}]}"#;
    assert_eq!(
        run(states, json!({}), &[]).lines(),
        [
            "1<0 ExecutionStarted",
            "2<0 ParallelStateEntered A",
            "3<2 ParallelStateStarted",
            "4<3 PassStateEntered L",
            "5<4 PassStateExited L",
            "6<3 PassStateEntered R",
            "7<6 PassStateExited R",
            "8<7 ParallelStateSucceeded",
            "9<7 ParallelStateExited A",
            "10<9 ExecutionSucceeded",
        ]
    );
}
