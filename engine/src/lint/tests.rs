use super::*;
use crate::source::Position;

mod properties;

/// The problems of a machine with these `States` that starts at `A`: `code at path: message`.
fn problems(states: &str) -> Vec<String> {
    problems_of(&format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#), WorkflowType::Standard)
}

fn problems_of(text: &str, workflow_type: WorkflowType) -> Vec<String> {
    let severity = |problem: &Diagnostic| if problem.severity == Severity::Error { "error" } else { "warning" };
    lint_text(text, workflow_type)
        .iter()
        .map(|problem| format!("{} {} at {}: {}", severity(problem), problem.code, problem.path, problem.message))
        .collect()
}

/// Whether exactly the problems that start like this are found.
fn check(states: &str, expected: &[&str]) {
    let found = problems(states);
    let is_same =
        found.len() == expected.len() && found.iter().zip(expected).all(|(found, wanted)| found.starts_with(wanted));
    assert!(is_same, "{states}\nfound {found:#?}\nnot   {expected:#?}");
}

fn task(resource: &str, more: &str) -> String {
    format!(r#""A": {{"Type": "Task", "Resource": "arn:aws:states:::{resource}", {more} "End": true}}"#)
}

/// `count` texts one after the other.
fn many(count: usize, text: impl Fn(usize) -> String) -> String {
    (0..count).flat_map(|at| text(at).into_bytes()).map(char::from).collect()
}

fn pass(parameters: &str) -> String {
    format!(r#""A": {{"Type": "Pass", "Parameters": {{{parameters}}}, "End": true}}"#)
}

#[test]
fn a_sound_definition_has_no_problems() {
    for states in [
        r#""A": {"Type": "Pass", "Result": {"a": "$.b"}, "Next": "B"}, "B": {"Type": "Succeed"}"#,
        r#""A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "B"}], "Default": "B"},
           "B": {"Type": "Succeed"}"#,
        r#""A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "B"},
                                              {"Variable": "$.x", "IsPresent": false, "Next": "B"}]},
           "B": {"Type": "Succeed"}"#,
        r#""A": {"Type": "Wait", "Seconds": 5, "Next": "B"},
           "B": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "A"}], "Default": "C"},
           "C": {"Type": "Succeed"}"#,
    ] {
        check(states, &[]);
    }
}

#[test]
fn every_problem_is_told_at_once_and_in_the_order_of_the_text() {
    let text = "{\"StartAt\": \"A\",\n \"States\": {\"A\": {\"Type\": \"Pass\", \"Next\": \"Nope\"},\n  \"B\": {\"Type\": \"Task\",\n   \"Resource\": \"x\",\n   \"Retry\": [{\"ErrorEquals\": [\"States.Runtime\"]}], \"End\": true}}}";
    let found = lint_text(text, WorkflowType::Standard);
    let lines: Vec<(usize, &str)> =
        found.iter().map(|problem| (Position::of(text, problem.span.start).line, problem.code)).collect();
    assert_eq!(
        lines,
        [
            (2, "MISSING_TRANSITION_TARGET"),
            (3, "MISSING_TRANSITION_TARGET"),
            (4, "SCHEMA_VALIDATION_FAILED"),
            (5, "never-matches")
        ]
    );
}

#[test]
fn states_that_are_never_reached_are_errors_also_when_they_lead_to_each_other() {
    check(
        r#""A": {"Type": "Pass", "End": true}, "B": {"Type": "Pass", "Next": "C"}, "C": {"Type": "Pass", "Next": "B"}"#,
        &[
            "error MISSING_TRANSITION_TARGET at /States/B: State \"B\" is not reachable.",
            "error MISSING_TRANSITION_TARGET at /States/C: State \"C\" is not reachable.",
        ],
    );
}

#[test]
fn loops_without_a_way_out_are_warned_about_once() {
    check(
        r#""A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "IsPresent": true, "Next": "B"}], "Default": "D"},
           "B": {"Type": "Wait", "Seconds": 1, "Next": "C"}, "C": {"Type": "Pass", "Next": "B"}, "D": {"Type": "Succeed"}"#,
        &["warning endless-loop at /States/B: no end can be reached from 'B': the loop B, C has no way out"],
    );
}

#[test]
fn a_choice_that_may_choose_nothing_is_warned_about() {
    check(
        r#""A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "StringEquals": "a", "Next": "B"}]},
           "B": {"Type": "Succeed"}"#,
        &["warning choice-without-default at /States/A"],
    );
    check(
        r#""A": {"Type": "Choice", "QueryLanguage": "JSONata", "Choices": [{"Condition": "{% true %}", "Next": "B"}]},
           "B": {"Type": "Succeed"}"#,
        &[],
    );
}

#[test]
fn calls_with_the_wrong_arguments_can_never_work() {
    for (call, problem) in [
        ("States.UUID($.a)", "States.UUID takes no arguments, not 1"),
        ("States.Hash($.a)", "States.Hash takes 2 arguments, not 1"),
        ("States.MathAdd(1)", "States.MathAdd takes 2 arguments, not 1"),
        ("States.JsonMerge($.a, $.b)", "States.JsonMerge takes 3 arguments, not 2"),
        ("States.MathRandom(1)", "States.MathRandom takes 2 or 3 arguments, not 1"),
        ("States.ArrayPartition($.a, 1, 2)", "States.ArrayPartition takes 2 arguments, not 3"),
        ("States.Format()", "States.Format takes at least 1, not 0"),
        ("States.Format('{} {}', $.a)", "the template of States.Format has 2 '{}', but 1 values follow"),
        ("States.Format('{', $.a)", "the template of States.Format is broken: matching '}' not found for '{'."),
        ("States.Array(States.Hash($.a))", "States.Hash takes 2 arguments, not 1"),
        ("States.MathAdd('1', $.b)", "argument 1 of States.MathAdd must be of type number, not string"),
        ("States.ArrayLength(States.UUID())", "argument 1 of States.ArrayLength must be of type array, not string"),
        ("States.Hash('a', 'SHA-224')", "States.Hash refuses these values"),
        ("States.Hash($.a, 'SHA-224')", "States.Hash refuses this value of argument 2"),
        ("States.JsonMerge($.a, $.b, true)", "States.JsonMerge refuses this value of argument 3"),
        ("States.ArrayPartition($.a, 0)", "States.ArrayPartition refuses this value of argument 2"),
        ("States.ArrayRange(1, 9, 0)", "States.ArrayRange refuses these values"),
        ("States.StringToJson('{')", "States.StringToJson refuses these values"),
    ] {
        check(
            &pass(&format!(r#""x.$": "{call}""#)),
            &[&format!("error intrinsic-misuse at /States/A/Parameters/x.$: {problem}")],
        );
    }
    for call in [
        "States.Format('{} \\\\{ {}', $.a, $.b)",
        "States.Array()",
        "States.MathRandom($.a, 3, 4)",
        "States.Hash($.a, 'MD5')",
        "States.ArrayGetItem(States.StringSplit($.a, ','), 0)",
        "States.Format($.template, 1, 2, 3)",
        "States.JsonMerge($.a, $.b, false)",
    ] {
        check(&pass(&format!(r#""x.$": "{call}""#)), &[]);
    }
    check(&pass(r#""x.$": "States.UUID ()""#), &["warning intrinsic-blank"]);
}

#[test]
fn a_field_beside_its_computed_self_is_an_error() {
    check(
        &pass(r#""a": {"b": 1, "b.$": "$.b"}"#),
        &["error SCHEMA_VALIDATION_FAILED at /States/A/Parameters: the field 'b' is given twice, as 'b' and as 'b.$'"],
    );
    check(&pass(r#""b": 1, "b": 2"#), &["warning repeated-field at /States/A/Parameters: the field 'b' comes twice"]);
}

#[test]
fn text_that_looks_like_an_expression_is_warned_about() {
    let code = "warning unevaluated-expression at /States/A";
    for states in [
        pass(r#""id": "$.order.id""#),
        pass(r#""id": "$$.Execution.Name""#),
        pass(r#""id": "States.UUID()""#),
        pass(r#""ids": ["$.order.id"]"#),
        r#""A": {"Type": "Pass", "Result": {"id.$": "$.id"}, "End": true}"#.to_owned(),
        r#""A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "$.id", "End": true}"#.to_owned(),
        r#""A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": " {% 1 %}", "End": true}"#.to_owned(),
        r#""A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": {"a": ["no {% 1 %}"]}, "End": true}"#.to_owned(),
    ] {
        check(&states, &[code]);
    }
    check(&pass(r#""price": "$5", "all": "$", "text": "States.all","#.trim_end_matches(',')), &[]);
}

#[test]
fn retriers_and_catchers_that_can_never_match_are_warned_about() {
    let lambda = |retry: &str| {
        format!(
            r#""A": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "Retry": [{retry}], "End": true}}"#
        )
    };
    for (retry, problem) in [
        (r#"{"ErrorEquals": ["States.Runtime"]}"#, "States.Runtime is never retried"),
        (r#"{"ErrorEquals": ["States.NoChoiceMatched"]}"#, "States.NoChoiceMatched is never retried"),
        (r#"{"ErrorEquals": ["A"]}, {"ErrorEquals": ["A"]}"#, "an earlier retrier already takes 'A'"),
        (
            r#"{"ErrorEquals": ["States.TaskFailed"]}, {"ErrorEquals": ["A"]}"#,
            "an earlier retrier takes 'States.TaskFailed', and with it every 'A'",
        ),
        (r#"{"ErrorEquals": ["States.Taskfailed"]}"#, "AWS raises no error called 'States.Taskfailed'"),
        (r#"{"ErrorEquals": ["States.Timeout"]}"#, "the task has no TimeoutSeconds"),
        (r#"{"ErrorEquals": ["States.HeartbeatTimeout"]}"#, "the task has no HeartbeatSeconds"),
        (r#"{"ErrorEquals": ["States.ItemReaderFailed"]}"#, "a Task never raises States.ItemReaderFailed"),
        (r#"{"ErrorEquals": ["States.QueryEvaluationError"]}"#, "the state is in JSONPath, which never raises it"),
    ] {
        check(
            &lambda(retry),
            &[&format!(
                "warning never-matches at /States/A/Retry[{}]/ErrorEquals: {problem}",
                retry.matches("}, {").count()
            )],
        );
    }
    check(
        &lambda(r#"{"ErrorEquals": ["A"]}, {"ErrorEquals": ["States.TaskFailed"]}, {"ErrorEquals": ["States.ALL"]}"#),
        &[],
    );
    check(
        &lambda(r#"{"ErrorEquals": ["A"], "MaxAttempts": 0, "IntervalSeconds": 3}"#),
        &["warning never-retries at /States/A/Retry[0]"],
    );
    check(&lambda(r#"{"ErrorEquals": ["A"], "MaxAttempts": 0}"#), &[]);
    check(
        &task(
            "dynamodb:getItem",
            r#""Catch": [{"ErrorEquals": ["DynamoDb.ResourceNotFoundException"], "Next": "A"}],"#,
        ),
        &[
            "warning never-matches at /States/A/Catch[0]/ErrorEquals: errors of arn:aws:states:::dynamodb:getItem begin with 'DynamoDB.'",
        ],
    );
    check(
        &task(
            "aws-sdk:dynamodb:getItem",
            r#""Catch": [{"ErrorEquals": ["DynamoDB.ResourceNotFoundException"], "Next": "A"}],"#,
        ),
        &["warning never-matches"],
    );
}

#[test]
fn an_error_that_a_fail_state_raises_can_be_caught_around_it() {
    let parallel = |error: &str| {
        format!(
            r#""A": {{"Type": "Parallel", "End": true, "Catch": [{{"ErrorEquals": ["States.Mine"], "Next": "B"}}],
                 "Branches": [{{"StartAt": "F", "States": {{"F": {{"Type": "Fail", "Error": "{error}"}}}}}}]}},
               "B": {{"Type": "Succeed"}}"#
        )
    };
    check(&parallel("States.Mine"), &[]);
    check(&parallel("Other"), &["warning never-matches at /States/A/Catch[0]/ErrorEquals: AWS raises no error called"]);
}

#[test]
fn tasks_that_can_wait_for_ever_are_warned_about() {
    let token = r#""Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}},"#;
    let code = "warning waits-for-ever at /States/A/Resource: the task waits for";
    check(&task("sqs:sendMessage.waitForTaskToken", token), &[code]);
    check(&task("ecs:runTask.sync", r#""HeartbeatSeconds": 5,"#), &[code]);
    check(r#""A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:1:activity:a", "End": true}"#, &[code]);
    check(&task("sqs:sendMessage.waitForTaskToken", &format!(r#"{token} "HeartbeatSeconds": 60,"#)), &[]);
    check(&task("ecs:runTask.sync", r#""TimeoutSeconds": 5,"#), &[]);
    check(&task("sqs:sendMessage", ""), &[]);
    let bounded =
        format!(r#"{{"StartAt": "A", "TimeoutSeconds": 60, "States": {{{}}}}}"#, task("ecs:runTask.sync", ""));
    assert_eq!(problems_of(&bounded, WorkflowType::Standard), [""; 0]);
}

#[test]
fn a_task_token_that_nobody_gets_is_warned_about() {
    let code = "warning token-not-passed at /States/A";
    let callback = |more: &str| task("lambda:invoke.waitForTaskToken", &format!(r#""TimeoutSeconds": 9, {more}"#));
    check(&callback(r#""Parameters": {"Payload.$": "$"},"#), &[code]);
    check(&callback(""), &[code]);
    check(&callback(r#""QueryLanguage": "JSONata", "Arguments": {"Payload": "{% $states.input %}"},"#), &[code]);
    for more in [
        r#""Parameters": {"Payload": {"c.$": "$$"}},"#,
        r#""Parameters": {"Payload": {"c.$": "States.Format('{}', $$.Task.Token)"}},"#,
        r#""QueryLanguage": "JSONata", "Arguments": {"Payload": {"t": "{% $states.context.Task.Token %}"}},"#,
        r#""QueryLanguage": "JSONata", "Arguments": {"Payload": "{% $states.context %}"},"#,
    ] {
        check(&callback(more), &[]);
    }
}

#[test]
fn integrations_that_aws_may_not_have_are_doubted_and_those_it_has_not_refused() {
    let timeout = r#""TimeoutSeconds": 9,"#;
    for (resource, problem) in [
        ("lambda:invoke.sync", "error SCHEMA_VALIDATION_FAILED at /States/A/Resource: The resource provided"),
        ("dynamodb:query", "error SCHEMA_VALIDATION_FAILED"),
        ("s3:putObject", "error SCHEMA_VALIDATION_FAILED"),
        ("glue:startCrawler", "warning unknown-integration at /States/A/Resource: 'startCrawler' is not among"),
        ("eks:call.sync", "warning unknown-integration at /States/A/Resource: eks:call starts no job"),
        ("ecs:runTask.sync:2", "warning unknown-integration at /States/A/Resource: ecs has no '.sync:2'"),
    ] {
        check(&task(resource, timeout), &[problem]);
    }
}

#[test]
fn a_refused_resource_comes_with_what_there_is() {
    for (resource, hint) in [
        ("lambda:invoke.sync", "lambda:invoke exists, but not with '.sync'"),
        ("dynamodb:query", "call others as arn:aws:states:::aws-sdk:dynamodb:query"),
        ("s3:putObject", "there is no optimized s3 integration"),
        ("aws-sdk:s3:GetObject", "a Task calls a Lambda function's ARN"),
    ] {
        let text = format!(r#"{{"StartAt": "A", "States": {{{}}}}}"#, task(resource, ""));
        let found = lint_text(&text, WorkflowType::Standard);
        assert!(found[0].hint.as_deref().is_some_and(|found| found.contains(hint)), "{resource} {found:?}");
    }
}

#[test]
fn every_error_says_how_to_mend_it_or_says_it_all() {
    for states in [
        r#""A": {"Type": "Pass"}"#,
        r#""A": {"Type": "Pass", "Next": "B", "End": true}"#,
        r#""A": {"Type": "Pass", "End": "true"}"#,
        r#""A": {"Type": "Pass", "End": true, "Catch": []}"#,
        r#""A": {"Type": "Pass", "End": true, "ResultPath": "$.a[*]"}"#,
        r#""A": {"Type": "Wait", "End": true}"#,
        r#""A": {"Type": "Wait", "Seconds": -1, "End": true}"#,
        r#""A": {"Type": "Wait", "Seconds": "5", "End": true}"#,
        r#""A": {"Type": "Parallel", "Branches": [], "End": true}"#,
        r#""A": {"Type": "Pass", "Next": "A"}"#,
        r#""A": {"Type": "Task", "Resource": "x", "Credentials": {}, "End": true}"#,
        r#""A": {"Type": "Pass", "Parameters": {"a.$": "b"}, "End": true}"#,
    ] {
        let text = format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#);
        for problem in lint_text(&text, WorkflowType::Standard) {
            assert!(problem.hint.is_some(), "{states} {problem:?}");
        }
    }
}

#[test]
fn retries_of_what_happens_twice_are_warned_about() {
    let retry = r#""Retry": [{"ErrorEquals": ["States.ALL"]}],"#;
    for (resource, parameters, twice) in [
        ("sqs:sendMessage", "", true),
        ("sqs:sendMessage", r#""MessageDeduplicationId.$": "$.id""#, false),
        ("sns:publish", "", true),
        ("events:putEvents", "", true),
        ("states:startExecution", "", true),
        ("states:startExecution", r#""Name.$": "$.id""#, false),
        ("dynamodb:putItem", "", false),
        ("dynamodb:updateItem", r#""UpdateExpression": "SET a = :a""#, false),
        ("dynamodb:updateItem", r#""UpdateExpression": "SET a = a + :a""#, true),
        ("dynamodb:updateItem", r#""UpdateExpression": "ADD a :a""#, true),
        ("dynamodb:updateItem", r#""UpdateExpression": "ADD a :a", "ConditionExpression": "b""#, false),
        ("http:invoke", r#""Method": "GET""#, false),
        ("http:invoke", r#""Method": "POST""#, true),
        ("batch:submitJob", "", true),
        ("aws-sdk:ecs:runTask", r#""ClientToken": "t""#, false),
        ("aws-sdk:s3:getObject", "", false),
    ] {
        let states = task(resource, &format!(r#"{retry} "Parameters": {{{parameters}}},"#));
        let expected = ["warning retry-not-idempotent at /States/A/Retry[0]: a retry may"];
        check(&states, if twice { &expected } else { &[] });
    }
    for retry in
        [r#"{"ErrorEquals": ["SQS.ThrottlingException"]}"#, r#"{"ErrorEquals": ["States.ALL"], "MaxAttempts": 0}"#]
    {
        check(&task("sqs:sendMessage", &format!(r#""Retry": [{retry}],"#)), &[]);
    }
    let inner = task("sqs:sendMessage", "").replace("\"A\"", "\"Send\"");
    check(
        &format!(
            r#""A": {{"Type": "Parallel", {retry} "End": true, "Branches": [{{"StartAt": "Send", "States": {{{inner}}}}}]}}"#
        ),
        &[
            "warning retry-not-idempotent at /States/A/Retry[0]: a retry runs 'Send' again, which may send the message twice",
        ],
    );
}

#[test]
fn variables_are_followed_along_every_way() {
    let two_ways = |first: &str, second: &str, last: &str| {
        format!(
            r#""A": {{"Type": "Choice", "Choices": [{{"Variable": "$.x", "IsPresent": true, "Next": "B"}}], "Default": "C"}},
               "B": {{"Type": "Pass", {first} "Next": "D"}}, "C": {{"Type": "Pass", {second} "Next": "D"}},
               "D": {{"Type": "Pass", {last} "End": true}}"#
        )
    };
    let (x, reads) = (r#""Assign": {"x": 1},"#, r#""Parameters": {"x.$": "$x"},"#);
    check(
        &two_ways(x, "", reads),
        &["warning maybe-unassigned-variable at /States/D/Parameters/x.$: the variable '$x'"],
    );
    check(&two_ways(x, x, reads), &[]);
    check(
        &two_ways(x, "", r#""QueryLanguage": "JSONata", "Output": "{% $x %}","#),
        &["warning maybe-unassigned-variable at /States/D/Output"],
    );
    check(
        &two_ways(x, "", r#""QueryLanguage": "JSONata", "Output": "{% $y %}","#),
        &["warning unassigned-variable at /States/D/Output: the variable '$y' is assigned on no way that leads here"],
    );
    check(
        &two_ways("", "", reads),
        &["error SCHEMA_VALIDATION_FAILED at /States/D/Parameters: the variable '$x' is never assigned"],
    );
    // What a state assigns is there for the next one alone.
    check(
        r#""A": {"Type": "Pass", "Assign": {"x": 1}, "Parameters": {"x.$": "$x"}, "End": true}"#,
        &["warning unassigned-variable at /States/A/Parameters/x.$"],
    );
    check(
        r#""A": {"Type": "Pass", "Assign": {"states": 1}, "End": true}"#,
        &["error SCHEMA_VALIDATION_FAILED at /States/A/Assign"],
    );
}

#[test]
fn a_catchers_variables_are_its_own() {
    let states = |read_by: &str| {
        let reads = |state: &str| if state == read_by { r#""Parameters": {"x.$": "$x"},"# } else { "" };
        format!(
            r#""A": {{"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:f", "Assign": {{"x": 1}}, "Next": "B",
                 "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "C"}}]}},
               "B": {{"Type": "Pass", {} "End": true}}, "C": {{"Type": "Pass", {} "End": true}}"#,
            reads("B"),
            reads("C")
        )
    };
    check(&states("B"), &[]);
    check(&states("C"), &["warning unassigned-variable at /States/C/Parameters/x.$"]);
}

#[test]
fn variables_reach_into_branches_and_not_into_distributed_maps() {
    let map = |config: &str| {
        format!(
            r#""A": {{"Type": "Pass", "Assign": {{"x": 1}}, "Next": "M"}},
               "M": {{"Type": "Map", "End": true, "ItemProcessor": {{{config} "StartAt": "I", "States":
                 {{"I": {{"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{{% $x %}}", "End": true}}}}}}}}"#
        )
    };
    check(&map(""), &[]);
    check(
        &map(r#""ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},"#),
        &["warning unassigned-variable at /States/M/ItemProcessor/States/I/Output"],
    );
}

#[test]
fn functions_that_do_not_exist_are_warned_about() {
    for (expression, problem) in
        [("$eval('1')", "there is no function '$eval'"), ("$upper('a')", "there is no function '$upper'")]
    {
        check(
            &format!(
                r#""A": {{"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{{% {expression} %}}", "End": true}}"#
            ),
            &[&format!("warning unknown-function at /States/A/Output: {problem}")],
        );
    }
}

#[test]
fn the_context_object_is_known_member_by_member() {
    for (path, problem) in [
        ("$$.Execution.Nme", "the context object has no 'Execution.Nme'"),
        ("$$.Machine.Id", "the context object has no 'Machine'"),
        ("$$.Task.Token", "there is a task token only where the task waits for one"),
        ("$$.Map.Item.Value", "there is no map item outside of a Map state"),
    ] {
        check(
            &pass(&format!(r#""x.$": "{path}""#)),
            &[&format!("warning context-object at /States/A/Parameters/x.$: {problem}")],
        );
    }
    check(
        &task("ecs:runTask.sync", r#""TimeoutSeconds": 9, "Assign": {"t.$": "$$.Task.Token"},"#),
        &["warning context-object at /States/A/Assign/t.$: the task token is there while the task is prepared"],
    );
    check(
        r#""A": {"Type": "Map", "End": true, "ItemSelector": {"v.$": "$$.Map.Item.Value"}, "ItemProcessor": {"StartAt": "I",
             "States": {"I": {"Type": "Pass", "Parameters": {"i.$": "$$.Map.Item.Index"}, "End": true}}}}"#,
        &[],
    );
}

#[test]
fn fields_of_distributed_maps_do_nothing_in_inline_ones() {
    let map = |fields: &str| {
        format!(
            r#""A": {{"Type": "Map", {fields} "End": true, "ItemProcessor": {{"StartAt": "I", "States":
               {{"I": {{"Type": "Succeed"}}}}}}}}"#
        )
    };
    check(&map(r#""ToleratedFailureCount": 1,"#), &["warning inline-map at /States/A/ToleratedFailureCount"]);
    check(&map(r#""MaxConcurrency": 100,"#), &["warning inline-map at /States/A/MaxConcurrency"]);
    check(&map(r#""MaxConcurrency": 40,"#), &[]);
}

#[test]
fn readers_and_writers_of_distributed_maps_are_looked_into() {
    let map = |fields: &str| {
        format!(
            r#""A": {{"Type": "Map", {fields} "End": true, "ItemProcessor": {{"StartAt": "I", "States":
               {{"I": {{"Type": "Succeed"}}}}, "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}}}}}"#
        )
    };
    let reader = |resource: &str| {
        map(&format!(r#""ItemReader": {{"Resource": "{resource}", "Parameters": {{"Bucket": "b", "Key": "k"}}}},"#))
    };
    check(&reader("arn:aws:states:::s3:getObject"), &[]);
    check(&reader("arn:${AWS::Partition}:states:::s3:getObject"), &[]);
    check(
        &reader("arn:aws:states:::s3:putObject"),
        &["error SCHEMA_VALIDATION_FAILED at /States/A/ItemReader/Resource"],
    );
    let config = |config: &str| map(&format!(r#""ResultWriter": {{"WriterConfig": {{{config}}}}},"#));
    check(&config(r#""OutputType": "JSONL""#), &[]);
    check(
        &config(""),
        &["error SCHEMA_VALIDATION_FAILED at /States/A/ResultWriter/WriterConfig: These fields are required"],
    );
}

#[test]
fn express_machines_have_no_time_and_nobody_to_wait_for() {
    let text = |states: &str| format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#);
    let express = |states: &str| problems_of(&text(states), WorkflowType::Express);
    let wait = r#""A": {"Type": "Wait", "Seconds": 301, "End": true}"#;
    assert!(express(wait)[0].starts_with("warning too-slow-for-express at /States/A/Seconds"), "{:?}", express(wait));
    assert_eq!(problems(wait), [""; 0]);
    let job = task("ecs:runTask.sync", r#""TimeoutSeconds": 9,"#);
    assert!(express(&job)[0].ends_with("Express state machine does not support '.sync' service integration"));
    let map = r#""A": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "I", "States": {"I": {"Type": "Succeed"}},
        "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "EXPRESS"}}}"#;
    assert!(express(map)[0].ends_with("Express state machine does not support distributed Map"));
}

#[test]
fn what_is_filled_in_later_is_no_error() {
    for resource in [
        "${Function.Arn}",
        "{{ function }}",
        "<ARN>",
        "%ARN%",
        "__tbd__",
        "arn:aws:lambda:${AWS::Region}:${AWS::AccountId}:function:f",
        "arn:${AWS::Partition}:states:::sqs:sendMessage",
    ] {
        let text =
            format!(r#""A": {{"Type": "Task", "Resource": "{resource}", "InputPath": "${{Path}}", "End": true}}"#);
        let found = problems(&text);
        assert!(found.iter().all(|problem| problem.starts_with("warning placeholder")), "{found:?}");
    }
    check(
        r#""A": {"Type": "Task", "Resource": "${Function", "End": true}"#,
        &["error SCHEMA_VALIDATION_FAILED at /States/A/Resource: Value is not a valid resource ARN"],
    );
    // What is called is clear although the partition is not.
    check(
        r#""A": {"Type": "Task", "Resource": "arn:${AWS::Partition}:states:::sqs:sendMessage.waitForTaskToken",
                 "TimeoutSeconds": 3, "End": true}"#,
        &["warning token-not-passed"],
    );
}

#[test]
fn hostile_definitions_are_answered_soon() {
    let repeat = |head: &str, part: &str, count: usize, tail: &str| format!("{head}{}{tail}", part.repeat(count));
    let states = |text: String| format!(r#"{{"StartAt": "A", "States": {{{text}}}}}"#);
    let long = "k".repeat(400_000);
    for text in [
        "{".repeat(1 << 20),
        "[".repeat(1 << 20),
        "{\"a\":".repeat(100_000),
        format!("{}1{}", "{\"a\":".repeat(900), "}".repeat(900)),
        String::from("\u{0}"),
        states(repeat("", r#""A": {"Type": "Pass", "Next": "B"},"#, 20_000, r#""Z": {}"#)),
        states(many(15_000, |at| format!(r#""S{at}": {{"Next": "s-{at}"}},"#)) + r#""A": 1"#),
        states(pass(&repeat("", r#""a": 1, "a.$": "$","#, 40_000, r#""z": 1"#))),
        states(pass(&format!(r#""{long}": [{}0]"#, "{},".repeat(100_000)))),
        states(pass(&format!(r#""a": 1e{}"#, "9".repeat(1000)))),
        states(
            many(9000, |at| {
                format!(r#""S{at}": {{"Type": "Pass", "Assign": {{"v{at}": 1}}, "Next": "S{}"}},"#, at + 1)
            }) + r#""A": {"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $v1 %}", "Next": "S0"}"#,
        ),
        states(format!(
            r#""A": {{"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{{% {} %}}", "End": true}}"#,
            "(".repeat(100_000)
        )),
        states(format!(
            r#""A": {{"Type": "Pass", "Parameters": {{"x.$": "$.{}"}}, "End": true}}"#,
            "a.".repeat(100_000)
        )),
        states(format!(
            r#""A": {{"Type": "Pass", "Parameters": {{"x.$": "{}"}}, "End": true}}"#,
            "States.Array(".repeat(50_000)
        )),
    ] {
        let found = lint_text(&text, WorkflowType::Standard);
        assert!(!found.is_empty(), "{}", &text[..text.len().min(80)]);
    }
}
