//! States written in JSONata.

use super::drive::{Does, Trial, run, run_as};
use crate::asl::Program;
use crate::execution::Start;
use crate::{Json, json};

/// Runs `states` in a machine whose states say `"QueryLanguage": "JSONata"` where the text has `@`.
fn jsonata(states: &str, input: Json, answers: &[(&'static str, Does)]) -> Trial {
    run(&states.replace('@', r#""QueryLanguage": "JSONata""#), input, answers)
}

#[test]
fn output_is_the_state_output_and_defaults_to_the_input() {
    let input = json!({"a": 1, "list": [1, 2, 3]});
    for (fields, expected) in [
        ("", input.clone()),
        (r#""Output": "{% $states.input.a + 1 %}","#, json!(2)),
        (
            r#""Output": {"x": "{% $sum($states.input.list) %}", "y": ["{% 1 %}", "{% no %"]},"#,
            json!({"x": 6, "y": [1, "{% no %"]}),
        ),
        (r#""Output": "{%$states.context.State.Name%}","#, json!("A")),
        (r#""Output": null,"#, json!(null)),
    ] {
        let trial = jsonata(&format!(r#""A": {{"Type": "Pass", @, {fields} "End": true}}"#), input.clone(), &[]);
        assert_eq!(trial.output(), expected, "{fields}");
    }
}

#[test]
fn a_task_takes_arguments_and_gives_its_result() {
    let states = r#"
        "A": {"Type": "Task", @, "Resource": "arn:aws:states:::lambda:invoke", "TimeoutSeconds": "{% $states.input.t %}",
              "Arguments": {"n": "{% $states.input.n %}"}, "Assign": {"r": "{% $states.result.r %}"},
              "Output": {"both": "{% [$states.input.n, $states.result.r] %}"}, "Next": "B"},
        "B": {"Type": "Pass", @, "Output": {"in": "{% $states.input.both %}", "r": "{% $r %}"}, "End": true}"#;
    let trial = jsonata(states, json!({"n": 5, "t": 9}), &[("A", Does::Return(json!({"r": 7})))]);
    assert_eq!(trial.calls[0].parameters, json!({"n": 5}));
    assert_eq!(trial.calls[0].timeout_ms, Some(9000));
    assert_eq!(trial.output(), json!({"in": [5, 7], "r": 7}));
}

#[test]
fn choices_take_the_rule_or_the_state_never_both() {
    let states = r#"
        "A": {"Type": "Choice", @, "Default": "B", "Output": "{% 'default' %}", "Assign": {"by": "default"}, "Choices": [
              {"Condition": "{% $states.input.n > 1 %}", "Next": "B", "Output": "rule", "Assign": {"by": "rule"}}]},
        "B": {"Type": "Succeed", @, "Output": "{% $states.input & ' ' & $by %}"}"#;
    assert_eq!(jsonata(states, json!({"n": 2}), &[]).output(), json!("rule rule"));
    assert_eq!(jsonata(states, json!({"n": 0}), &[]).output(), json!("default default"));
}

#[test]
fn maps_take_items_and_selectors() {
    let states = r#"
        "A": {"Type": "Map", @, "Items": "{% $states.input.list %}", "MaxConcurrency": "{% 1 %}", "End": true,
              "ItemSelector": {"v": "{% $states.context.Map.Item.Value %}", "i": "{% $states.context.Map.Item.Index %}"},
              "ItemProcessor": {"StartAt": "B", "States": {"B": {"Type": "Pass", @, "Output": "{% $states.input.v + $states.input.i %}", "End": true}}}}"#;
    assert_eq!(jsonata(states, json!({"list": [10, 20]}), &[]).output(), json!([10, 21]));
}

#[test]
fn a_catcher_sees_the_error_output() {
    let states = r#"
        "A": {"Type": "Task", @, "Resource": "arn:aws:states:::lambda:invoke", "End": true,
              "Catch": [{"ErrorEquals": ["E"], "Next": "B", "Assign": {"cause": "{% $states.errorOutput.Cause %}"},
                         "Output": "{% $states.errorOutput.Error & $string($states.input.n) %}"}]},
        "B": {"Type": "Fail", @, "Error": "{% $states.input %}", "Cause": "{% $cause %}"}"#;
    assert_eq!(jsonata(states, json!({"n": 1}), &[("A", Does::Throw("E"))]).end(), "FAILED E1: why");
}

#[test]
fn failed_evaluations_are_recorded_and_worded_as_on_aws() {
    let prefix =
        "An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression ";
    for (fields, location, sentence) in [
        (
            r#""Type": "Pass", "Output": {"a": ["{% $none %}"]}"#,
            "Output/a[0]",
            "'$none' specified for the field 'Output/a[0]' returned nothing (undefined).",
        ),
        (
            r#""Type": "Pass", "Assign": {"x": "{% $uppercase %}"}"#,
            "Assign/x",
            "'$uppercase' specified for the field 'Assign/x' returned an unsupported result type.",
        ),
        (
            r#""Type": "Wait", "Seconds": "{% 'x' %}""#,
            "Seconds",
            "''x'' specified for the field 'Seconds' returned an unexpected result type. Expected 'integer', but was \
             'string' for value: \"x\"",
        ),
        (
            r#""Type": "Pass", "Output": "{% 1 + 'x' %}""#,
            "Output",
            "'1 + 'x'' specified for the field 'Output' threw an error during evaluation. T2002: The right side of the \"+\" \
             operator must evaluate to a number",
        ),
    ] {
        let trial = jsonata(&format!(r#""A": {{{fields}, @, "End": true}}"#), json!({}), &[]);
        assert_eq!(trial.end(), format!("FAILED States.QueryEvaluationError: {prefix}{sentence}"));
        let recorded = trial.execution.history().events()[2].to_json();
        let details = recorded.get("evaluationFailedEventDetails").expect("an evaluation that failed");
        assert_eq!(details.get("location"), Some(&json!(location)));
    }
}

#[test]
fn failed_evaluations_follow_from_before_the_state_and_in_a_wait_from_its_entry() {
    let failing = |fields: &str| {
        jsonata(&format!(r#""A": {{"Type": "Pass", "Next": "B"}}, "B": {{{fields}, @, "End": true}}"#), json!({}), &[])
            .lines()
    };
    assert_eq!(failing(r#""Type": "Pass", "Output": "{% $x %}""#)[4], "5<3 EvaluationFailed");
    assert_eq!(failing(r#""Type": "Wait", "Seconds": "{% $x %}""#)[4], "5<4 EvaluationFailed");
    let map =
        r#""Type": "Map", "Items": "{% 1 %}", "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}"#;
    assert_eq!(
        failing(map)[4..],
        ["5<3 EvaluationFailed", "6<5 MapStateFailed", "7<6 ExecutionFailed"].map(str::to_owned)
    );
}

#[test]
fn an_evaluation_error_can_be_retried_and_caught() {
    let states = r#"
        "A": {"Type": "Task", @, "Resource": "arn:aws:states:::lambda:invoke", "Arguments": "{% $none %}", "End": true,
              "Retry": [{"ErrorEquals": ["States.QueryEvaluationError"], "MaxAttempts": 2}],
              "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]},
        "B": {"Type": "Pass", @, "Output": "{% $states.input.Error %}", "End": true}"#;
    let trial = jsonata(states, json!({}), &[]);
    assert_eq!(trial.output(), json!("States.QueryEvaluationError"));
    assert_eq!(trial.lines().iter().filter(|line| line.ends_with("EvaluationFailed")).count(), 3);
}

#[test]
fn expressions_are_checked_when_the_machine_is_made() {
    let found = |output: &str| {
        let text = format!(
            r#"{{"QueryLanguage": "JSONata", "StartAt": "A", "States": {{"A": {{"Type": "Pass", "Output": {{"v": "{output}"}}, "End": true}}}}}}"#
        );
        Program::compile(&text).err().unwrap_or_default().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        found("{% phone %}"),
        [
            "UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Output/v"
        ]
    );
    assert_eq!(
        found("{% $states.result %}"),
        ["SCHEMA_VALIDATION_FAILED: Field '$states.result' does not exist. at /States/A/Output/v"]
    );
    assert!(found("{% 1 + %}")[0].starts_with("INVALID_JSONATA_EXPRESSION: "));
    assert_eq!(found("{% $states.input.phone %}"), Vec::<String>::new());
}

#[test]
fn fields_of_the_other_language_are_refused() {
    let text = r#"{"QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": {"Type": "Pass", "Parameters": {}, "ResultPath": "$.x", "Next": "B"},
        "B": {"Type": "Pass", "End": true}}}"#;
    let found: Vec<_> = Program::compile(text).err().unwrap_or_default().iter().map(ToString::to_string).collect();
    assert_eq!(
        found,
        [
            "SCHEMA_VALIDATION_FAILED: Field 'Parameters' is not supported at /States/A",
            "SCHEMA_VALIDATION_FAILED: Field 'ResultPath' is not supported at /States/A",
        ]
    );
}

#[test]
fn both_languages_share_variables() {
    let states = r#"
        "A": {"Type": "Pass", "Assign": {"x": {"y": 4}}, "Next": "B"},
        "B": {"Type": "Pass", @, "Assign": {"z": "{% $x.y * 2 %}"}, "Next": "C"},
        "C": {"Type": "Pass", "Parameters": {"z.$": "$z"}, "End": true}"#;
    let states = states.replace('@', r#""QueryLanguage": "JSONata""#);
    assert_eq!(run_as(&states, Start::new(json!({})), &[]).output(), json!({"z": 8}));
}
