use super::*;
use crate::source::{Diagnostic, Position, Severity};

fn problems(definition: &str) -> Vec<Diagnostic> {
    Program::compile(definition).err().unwrap_or_default()
}

/// The problems of a machine with these `States` that starts at `A`, as AWS words them.
fn messages(states: &str) -> Vec<String> {
    let text = format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#);
    problems(&text).iter().filter(|p| p.severity == Severity::Error).map(ToString::to_string).collect()
}

fn compile(states: &str) -> Program {
    let text = format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#);
    Program::compile(&text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn a_program_can_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<Program>();
}

#[test]
fn problems_are_worded_and_placed_as_aws_does() {
    for (states, expected) in [
        (
            r#""A": {"Type": "Nope", "End": true}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: The field 'Type' should have one of these values: [Task, Wait, Pass, Succeed, Fail, \
             Choice, Parallel, Map] at /States/A/Type",
            ],
        ),
        (
            r#""A": {"Type": "Pass", "Next": "B"}"#,
            vec!["MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /States/A/Next"],
        ),
        (
            r#""A": {"Type": "Pass", "End": true}, "C": {"Type": "Pass", "End": true}"#,
            vec!["MISSING_TRANSITION_TARGET: State \"C\" is not reachable. at /States/C"],
        ),
        (
            r#""A": {"Type": "Pass", "Next": "A"}, "C": {"Type": "Pass", "Next": "C"}"#,
            vec!["MISSING_END_STATE: Workflow has no terminal state"],
        ),
        (
            r#""A": {"Type": "Pass", "End": true, "Retry": [], "Catch": []}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: Field 'Retry' is not supported at /States/A",
                "SCHEMA_VALIDATION_FAILED: Field 'Catch' is not supported at /States/A",
            ],
        ),
        (
            r#""A": {"Type": "Wait", "Seconds": 1, "Timestamp": "2026-01-01T00:00:00Z", "End": true}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [SecondsPath, Seconds, \
             TimestampPath, Timestamp] at /States/A",
            ],
        ),
        (
            r#""A": {"Type": "Wait", "End": true}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [SecondsPath, Seconds, \
             TimestampPath, Timestamp] at /States/A",
            ],
        ),
        (
            r#""A": {"Type": "Wait", "Seconds": -1, "End": true}"#,
            vec!["SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/A/Seconds"],
        ),
        (
            r#""A": {"Type": "Wait", "Seconds": 1.5, "End": true}"#,
            vec!["SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/A/Seconds"],
        ),
        (
            r#""A": {"Type": "Wait", "Timestamp": "2026-01-01", "End": true}"#,
            vec!["SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/A/Timestamp"],
        ),
        (
            r#""A": {"Type": "Parallel", "Branches": [], "End": true}"#,
            vec!["SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/A/Branches"],
        ),
        (
            r#""A": {"Type": "Task", "Resource": "nonsense", "End": true}"#,
            vec!["SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/A/Resource"],
        ),
        (
            r#""A": {"Type": "Task", "Resource": "arn:aws:states:::dynamodb:query", "End": true}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: The resource provided arn:aws:states:::dynamodb:query is not recognized. The value \
             is not a valid resource ARN, or the resource is not available in this region. at /States/A/Resource",
            ],
        ),
        (
            r#""A": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "Credentials": {}, "End": true}"#,
            vec!["SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/A/Credentials"],
        ),
        (
            r#""A": {"Type": "Task", "Resource": "arn:aws:states:::sns:publish", "End": true,
                  "Retry": [{"ErrorEquals": ["States.ALL", "E"]}, {"ErrorEquals": ["E"], "MaxAttempts": -1}]}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/A/Retry[0]",
                "SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/A/Retry[1]/MaxAttempts",
            ],
        ),
        (
            r#""A": {"Type": "Pass", "Parameters": {"x.$": 5}, "ResultPath": "$.a[*]", "End": true}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic function \
             call at /States/A/Parameters",
                "SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: $.a[*] at /States/A/ResultPath",
            ],
        ),
        (
            r#""A": {"Type": "Pass", "Assign": {"states": 1, "a.b": 2}, "End": true}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: 'states' is not a name for a variable at /States/A/Assign",
                "SCHEMA_VALIDATION_FAILED: 'a.b' is not a name for a variable at /States/A/Assign",
            ],
        ),
        (
            r#""A": {"Type": "Pass", "Parameters": {"x.$": "$x", "y.$": "$y"}, "Assign": {"y": 1}, "End": true}"#,
            vec!["SCHEMA_VALIDATION_FAILED: the variable '$x' is never assigned at /States/A/Parameters"],
        ),
        (
            r#""A": {"Type": "Parallel", "Assign": {"x": 1}, "End": true, "Branches": [{"StartAt": "B", "States": {
                "B": {"Type": "Pass", "Assign": {"x": 2}, "Parameters": {"x.$": "$x"}, "End": true}}}]}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: the variable 'x' belongs to an outer scope, where it can be read but not \
                 assigned at /States/A/Branches[0]/States/B/Assign",
            ],
        ),
        (
            r#""A": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}]}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: another state of the machine is also called 'A' at \
                 /States/A/Branches[0]/States/A",
            ],
        ),
        (
            r#""A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "StringEquals": "a", "Next": "Nope"}]},
            "B": {"Type": "Succeed"}"#,
            vec![
                "MISSING_TRANSITION_TARGET: Missing 'Next' target: Nope at /States/A/Choices[0]/Next",
                "MISSING_TRANSITION_TARGET: State \"B\" is not reachable. at /States/B",
            ],
        ),
        (
            r#""A": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "X", "States": {"X": {"Type": "Pass"}}}]}"#,
            vec![
                "SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at \
             /States/A/Branches[0]/States/X",
            ],
        ),
    ] {
        assert_eq!(messages(states), expected, "{states}");
    }
}

#[test]
fn a_machine_needs_states_and_a_start() {
    for (text, expected) in [
        ("", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object"),
        ("[]", "SCHEMA_VALIDATION_FAILED: Definition must be a valid JSON object"),
        ("{}", "SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /"),
        (r#"{"StartAt": "A"}"#, "SCHEMA_VALIDATION_FAILED: These fields are required: [States] at /"),
        (r#"{"StartAt": "A", "States": {}}"#, "SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States"),
        (
            r#"{"StartAt": "B", "States": {"A": {"Type": "Succeed"}}}"#,
            "MISSING_TRANSITION_TARGET: Missing 'Next' target: B at /StartAt",
        ),
    ] {
        let found = problems(text);
        assert_eq!(found.first().map(ToString::to_string).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn problems_point_into_the_text_and_hint_at_the_cure() {
    let text = "{\"StartAt\": \"A\",\n \"States\": {\"A\": {\"Type\": \"Pass\",\n  \"Next\": \"doneNow\"}, \"Done Now\": {\"Type\": \"Succeed\"}}}";
    let found = problems(text);
    let missing = found.iter().find(|problem| problem.hint.is_some()).expect("a hint");
    assert_eq!(Position::of(text, missing.span.start), Position { line: 3, column: 11 });
    assert_eq!(missing.hint.as_deref(), Some("did you mean 'Done Now'?"));
}

#[test]
fn resources_are_read_into_what_they_call() {
    let service = |arn: &str| match Resource::parse(arn) {
        Ok(Resource::Service(call)) => (call.service.to_string(), call.action.to_string(), call.pattern),
        other => panic!("{other:?}"),
    };
    let strings = |service: &str, action: &str, pattern| (service.to_owned(), action.to_owned(), pattern);
    for (arn, service_name, action, pattern) in [
        ("arn:aws:states:::lambda:invoke", "lambda", "invoke", Pattern::RequestResponse),
        ("arn:aws:states:::sqs:sendMessage.waitForTaskToken", "sqs", "sendMessage", Pattern::WaitForTaskToken),
        ("arn:aws:states:::states:startExecution.sync:2", "states", "startExecution", Pattern::Sync2),
        ("arn:aws:states:::ecs:runTask.sync", "ecs", "runTask", Pattern::Sync),
        ("arn:aws:states:::aws-sdk:dynamodb:query", "aws-sdk:dynamodb", "query", Pattern::RequestResponse),
    ] {
        assert_eq!(service(arn), strings(service_name, action, pattern), "{arn}");
    }
    let lambda = Resource::parse("arn:aws:lambda:us-east-1:111111111111:function:f:1");
    assert!(matches!(lambda, Ok(Resource::Lambda { .. })));
    let activity = Resource::parse("arn:aws:states:us-east-1:111111111111:activity:a");
    assert!(matches!(activity, Ok(Resource::Activity { .. })));
    assert!(matches!(Resource::parse("${Function.Arn}"), Ok(Resource::Placeholder { .. })));
    for refused in
        ["", "arn", "arn:aws:states:::dynamodb:getItem.waitForTaskToken", "arn:aws:states:::sqs", "arn:aws:s3:::x"]
    {
        assert!(Resource::parse(refused).is_err(), "{refused}");
    }
}

#[test]
fn express_machines_refuse_what_waits() {
    let program = compile(
        r#""A": {"Type": "Task", "Resource": "arn:aws:states:::states:startExecution.sync", "Next": "B"},
           "B": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "Next": "C"},
           "C": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:a", "Next": "D"},
           "D": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "End": true}"#,
    );
    let found: Vec<_> = program.express_problems().iter().map(|problem| problem.message.clone()).collect();
    assert_eq!(
        found,
        [
            "Express state machine does not support '.sync' service integration",
            "Express state machine does not support '.waitForTaskToken' service integration ",
            "Express state machine does not support Activity ARN",
        ]
    );
}

#[test]
fn states_know_their_full_path_and_their_ways() {
    let program = compile(
        r#""A": {"Type": "Parallel", "Next": "Z", "Catch": [{"ErrorEquals": ["E"], "Next": "Z"}], "Branches": [
                {"StartAt": "X", "States": {"X": {"Type": "Succeed"}}},
                {"StartAt": "M", "States": {"M": {"Type": "Map", "End": true, "Iterator":
                    {"StartAt": "I", "States": {"I": {"Type": "Succeed"}}}}}}]},
           "Z": {"Type": "Succeed"}"#,
    );
    let paths: Vec<_> = program.states().map(|(_, state)| state.path().to_string()).collect();
    assert_eq!(paths, ["A", "Z", "A[0].X", "A[1].M", "A[1].M.I"]);
    let ways: Vec<_> = program.transitions().iter().map(|way| (way.from.0, way.to.0, way.kind)).collect();
    assert_eq!(
        ways,
        [
            (0, 1, TransitionKind::Next),
            (0, 2, TransitionKind::Into(0)),
            (0, 3, TransitionKind::Into(1)),
            (0, 1, TransitionKind::Catch(0)),
            (3, 4, TransitionKind::Into(0)),
        ]
    );
    assert_eq!(program.find("A[1].M.I"), Some(StateId(4)));
}

#[test]
fn hostile_definitions_are_refused_and_never_overflow() {
    let mut nested = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#.to_owned();
    for _ in 0..150 {
        nested = format!(
            r#"{{"StartAt": "A", "States": {{"A": {{"Type": "Parallel", "End": true, "Branches": [{nested}]}}}}}}"#
        );
    }
    assert!(problems(&nested).iter().any(|p| p.message == "Parallel and Map may be nested 32 levels deep, not more"));

    let mut rule = r#"{"Variable": "$.x", "IsNull": true}"#.to_owned();
    for _ in 0..450 {
        rule = format!(r#"{{"Not": {rule}}}"#);
    }
    let rule = rule.replacen('{', r#"{"Next": "A", "#, 1);
    let found = messages(&format!(r#""A": {{"Type": "Choice", "Choices": [{rule}]}}"#));
    assert!(found.iter().any(|message| message.contains("conditions may be nested 64 levels deep")), "{found:?}");

    for text in [
        r#"{"StartAt": 1, "States": 2}"#,
        r#"{"StartAt": "A", "States": {"A": null}}"#,
        r#"{"StartAt": "A", "States": {"A": {"Type": "Map"}}}"#,
        r#"{"StartAt": "A", "States": {"A": {"Type": "Parallel", "Branches": [1]}}}"#,
        r#"{"StartAt": "A", "States": {"A": {"Type": "Choice", "Choices": [{}, 1, {"And": {}}]}}}"#,
        r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": [], "Retry": {}, "Catch": [0], "Next": {}}}}"#,
        r#"{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": 1e400}}}"#,
        r#"{"StartAt": "A", "QueryLanguage": 5, "States": {"A": {"Type": "Fail", "ErrorPath": "nonsense"}}}"#,
    ] {
        assert!(!problems(text).is_empty(), "{text}");
    }
}

#[test]
fn a_state_may_go_up_to_jsonata_and_never_down() {
    let text = r#"{"QueryLanguage": "JSONata", "StartAt": "A",
                   "States": {"A": {"Type": "Succeed", "QueryLanguage": "JSONPath"}}}"#;
    assert_eq!(
        problems(text)[0].to_string(),
        "SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at \
         /States/A"
    );
}
