//! What flows into states and out of them.

use super::drive::run;
use crate::{Json, json};

#[test]
fn data_flows_through_the_five_fields_in_their_order() {
    let input = json!({"a": {"b": 1}, "list": [1, 2]});
    for (fields, expected) in [
        ("", input.clone()),
        (r#""InputPath": "$.a","#, json!({"b": 1})),
        (r#""InputPath": null,"#, json!({})),
        (r#""OutputPath": null,"#, json!({})),
        (r#""OutputPath": "$.a.b","#, json!(1)),
        (r#""Result": {"x.$": "$.a"},"#, json!({"x.$": "$.a"})),
        (r#""Parameters": {"x.$": "$.a", "y": ["$.a"]},"#, json!({"x": {"b": 1}, "y": ["$.a"]})),
        (r#""Result": 7, "Parameters": {"x": 1},"#, json!(7)),
        (r#""Result": 7, "ResultPath": null,"#, input.clone()),
        (r#""Result": 7, "ResultPath": "$.a.c","#, json!({"a": {"b": 1, "c": 7}, "list": [1, 2]})),
        (r#""InputPath": "$.a", "ResultPath": "$.r", "OutputPath": "$.r","#, json!({"b": 1})),
    ] {
        let trial = run(&format!(r#""A": {{"Type": "Pass", {fields} "End": true}}"#), input.clone(), &[]);
        assert_eq!(trial.output(), expected, "{fields}");
    }
}

#[test]
fn broken_paths_fail_the_execution_in_the_words_of_aws() {
    let prefix =
        "FAILED States.Runtime: An error occurred while executing the state 'A' (entered at the event id #2). ";
    for (fields, sentence) in [
        (r#""InputPath": "$.no""#, "Invalid path '$.no' : No results for path: $['no']"),
        (r#""OutputPath": "$.no""#, "Invalid path '$.no' : No results for path: $['no']"),
        (
            r#""Parameters": {"x.$": "$.no"}"#,
            r#"The JSONPath '$.no' specified for the field 'x.$' could not be found in the input '{"a":1}'"#,
        ),
    ] {
        let trial = run(&format!(r#""A": {{"Type": "Pass", {fields}, "End": true}}"#), json!({"a": 1}), &[]);
        assert_eq!(trial.end(), format!("{prefix}{sentence}"));
    }
}

#[test]
fn a_result_path_through_a_scalar_cannot_be_applied() {
    let states = r#""A": {"Type": "Pass", "Result": 1, "ResultPath": "$.a.b", "End": true}"#;
    let outcome = run(states, json!({"a": 1}), &[]).outcome();
    assert_eq!(outcome.error.as_deref(), Some("States.ResultPathMatchFailure"));
}

#[test]
fn variables_are_all_read_before_any_is_set() {
    let states = r#"
        "A": {"Type": "Pass", "Assign": {"x": 1, "y": 2}, "Next": "B"},
        "B": {"Type": "Pass", "Assign": {"x.$": "$y", "y.$": "$x"}, "Next": "C"},
        "C": {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y"}, "End": true}"#;
    assert_eq!(run(states, json!({}), &[]).output(), json!({"x": 2, "y": 1}));
}

#[test]
fn branches_see_outer_variables_and_keep_their_own() {
    let states = r#"
        "A": {"Type": "Pass", "Assign": {"x": 1}, "Next": "P"},
        "P": {"Type": "Parallel", "Next": "Z", "Branches": [
            {"StartAt": "B", "States": {
                "B": {"Type": "Pass", "Assign": {"inner": 5}, "Next": "C"},
                "C": {"Type": "Pass", "Parameters": {"sum.$": "States.MathAdd($x, $inner)"}, "End": true}}}]},
        "Z": {"Type": "Pass", "Parameters": {"results.$": "$", "x.$": "$x"}, "End": true}"#;
    assert_eq!(run(states, json!({}), &[]).output(), json!({"results": [{"sum": 6}], "x": 1}));
}

#[test]
fn the_context_object_knows_execution_state_and_item() {
    let states = r#"
        "A": {"Type": "Map", "ItemsPath": "$.items", "End": true,
              "ItemSelector": {"i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value", "all.$": "$.items"},
              "ItemProcessor": {"StartAt": "B", "States": {
                  "B": {"Type": "Pass", "End": true,
                        "Parameters": {"in.$": "$", "item.$": "$$.Map.Item.Value", "state.$": "$$.State.Name",
                                       "input.$": "$$.Execution.Input.items"}}}}}"#;
    let items = json!(["x"]);
    let expected = json!([{"in": {"i": 0, "v": "x", "all": items}, "item": "x", "state": "B", "input": items}]);
    assert_eq!(run(states, json!({"items": ["x"]}), &[]).output(), expected);
}

#[test]
fn choices_compare_without_ever_coercing() {
    let input = json!({"s": "abc", "n": 1.5, "b": true, "t": "2026-01-01T00:00:00Z", "z": null, "o": {}, "n2": 2});
    for (rule, expected) in [
        (r#""Variable": "$.s", "StringEquals": "abc""#, true),
        (r#""Variable": "$.s", "StringLessThan": "abd""#, true),
        (r#""Variable": "$.s", "StringMatches": "a*""#, true),
        (r#""Variable": "$.n", "StringEquals": "1.5""#, false),
        (r#""Variable": "$.n", "NumericLessThanPath": "$.n2""#, true),
        (r#""Variable": "$.n", "NumericEqualsPath": "$.s""#, false),
        (r#""Variable": "$.s", "NumericEquals": 1"#, false),
        (r#""Variable": "$.b", "BooleanEquals": false"#, false),
        (r#""Variable": "$.b", "BooleanEqualsPath": "$.b""#, true),
        (r#""Variable": "$.z", "BooleanEqualsPath": "$.z""#, false),
        (r#""Variable": "$.t", "TimestampGreaterThan": "2025-12-31T23:59:59+00:00""#, true),
        (r#""Variable": "$.s", "TimestampEquals": "2026-01-01T00:00:00Z""#, false),
        (r#""Variable": "$.z", "IsNull": true"#, true),
        (r#""Variable": "$.z", "IsPresent": true"#, true),
        (r#""Variable": "$.missing", "IsPresent": false"#, true),
        (r#""Variable": "$.n", "IsString": false"#, true),
        (r#""Variable": "$.t", "IsTimestamp": true"#, true),
        (r#""Not": {"Variable": "$.o", "IsNumeric": true}"#, true),
        (r#""And": [{"Variable": "$.missing", "IsPresent": true}, {"Variable": "$.missing", "IsNull": true}]"#, false),
        (r#""Or": [{"Variable": "$.n", "IsNumeric": true}, {"Variable": "$.missing", "IsNull": true}]"#, true),
    ] {
        let states = format!(
            r#""A": {{"Type": "Choice", "Choices": [{{{rule}, "Next": "Yes"}}], "Default": "No"}},
               "Yes": {{"Type": "Pass", "Result": true, "End": true}},
               "No": {{"Type": "Pass", "Result": false, "End": true}}"#
        );
        assert_eq!(run(&states, input.clone(), &[]).output(), Json::from(expected), "{rule}");
    }
}

#[test]
fn a_choice_fails_over_a_missing_variable_and_over_no_match() {
    let states = |rule: &str, default: &str| {
        format!(
            r#""A": {{"Type": "Choice", "Choices": [{{{rule}, "Next": "Y"}}] {default}}},
               "Y": {{"Type": "Succeed"}}"#
        )
    };
    let missing = r#""Variable": "$.no", "IsString": true"#;
    let end = run(&states(missing, r#", "Default": "Y""#), json!({}), &[]).end();
    let sentence = "Invalid path '$.no': The choice state's condition path references an invalid value.";
    assert!(end.ends_with(sentence), "{end}");
    let end = run(&states(r#""Variable": "$", "IsNull": true"#, ""), json!({}), &[]).end();
    assert!(end.ends_with("Failed to transition out of the state. The state does not point to a next state."), "{end}");
}

#[test]
fn waits_last_as_long_as_they_say() {
    let input = json!({"s": 3, "t": "1970-01-01T00:00:09.5Z", "past": "1969-01-01T00:00:00Z"});
    for (field, until_ms) in [
        (r#""Seconds": 2"#, 2000),
        (r#""SecondsPath": "$.s""#, 3000),
        (r#""Timestamp": "1970-01-01T00:00:05Z""#, 5000),
        (r#""TimestampPath": "$.t""#, 9500),
        (r#""TimestampPath": "$.past""#, 0),
        (r#""Seconds": 0"#, 0),
    ] {
        let trial = run(&format!(r#""A": {{"Type": "Wait", {field}, "End": true}}"#), input.clone(), &[]);
        assert_eq!(trial.output(), input);
        assert_eq!(trial.world.now_ms, until_ms, "{field}");
    }
}

#[test]
fn waits_refuse_what_is_no_time() {
    for (field, value, sentence) in [
        ("SecondsPath", json!(-1), "The SecondsPath parameter references a negative value: $.v == -1"),
        ("SecondsPath", json!(1.5), "The SecondsPath parameter cannot be parsed as a long value: $.v == 1.5"),
        ("SecondsPath", json!("x"), "The SecondsPath parameter cannot be parsed as a long value: $.v == x"),
        ("SecondsPath", json!(99_999_999_999_i64), "Wait state delay is too long."),
        ("TimestampPath", json!("9999-01-01T00:00:00Z"), "Wait state delay is too long."),
    ] {
        let states = format!(r#""A": {{"Type": "Wait", "{field}": "$.v", "End": true}}"#);
        let end = run(&states, json!({"v": value}), &[]).end();
        assert!(end.starts_with("FAILED States.Runtime") && end.ends_with(sentence), "{end}");
    }
    let end = run(r#""A": {"Type": "Wait", "SecondsPath": "$.v", "End": true}"#, json!({}), &[]).end();
    assert!(end.ends_with("The SecondsPath parameter does not reference an input value: $.v"), "{end}");
}

#[test]
fn draws_are_addressed_by_state_visit_attempt_and_occurrence() {
    let states = r#"
        "A": {"Type": "Pass", "Parameters": {"x.$": "States.UUID()", "y.$": "States.UUID()"}, "Next": "B"},
        "B": {"Type": "Pass", "Parameters": {"z.$": "States.UUID()"}, "End": true}"#;
    let trial = run(states, json!({}), &[]);
    let sites: Vec<_> = trial.world.draws.iter().map(|(site, occurrence)| (site.state.0, *occurrence)).collect();
    assert_eq!(sites, [(0, 0), (0, 1), (1, 0)]);
}
