//! What a task calls, what it gets, and how its failure is named.

use rehearsal::handlers::Registry;
use rehearsal::harness::Run;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, function_arn, machine_arn, put, raise, since_start, single_task};

const PUT: &str = "arn:aws:states:::dynamodb:putItem";
const INVOKE: &str = "arn:aws:states:::lambda:invoke";

/// A function that returns its event, one that raises, a second machine, and a machine of the single task.
fn stage(task: Json) -> Stage {
    Stage::new()
        .function("echo")
        .function("broken")
        .machine("child", json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}))
        .task("flow", task)
        .setting("tables", json!({"Items": [{"id": "a", "owner": "ann", "count": 1}]}))
        .handlers(|| {
            Log::default()
                .echo(Registry::default(), "echo")
                .with("broken", |_, _| async { raise("Declined", "no \"funds\"") })
        })
}

fn run_task(task: Json) -> Run {
    stage(task).start("0s", "flow", json!({"n": 1})).run()
}

/// `value` without the parts that differ from run to run or say nothing.
fn shape(value: &Json) -> Json {
    let mut shown = value.clone();
    if let Some(members) = shown.make_object() {
        for (key, value) in [("SdkHttpMetadata", "http"), ("SdkResponseMetadata", "request")] {
            if let Some(found) = members.get_mut(key) {
                assert!(found.as_object().is_some(), "{key} is {found}");
                *found = value.into();
            }
        }
    }
    shown
}

#[test]
fn a_task_gets_what_its_kind_of_resource_returns() {
    let meta = |mut value: Json| {
        if let Some(members) = value.make_object() {
            members.insert("SdkHttpMetadata".into(), "http".into());
            members.insert("SdkResponseMetadata".into(), "request".into());
        }
        value
    };
    let item = json!({"id": {"S": "b"}, "count": {"N": "7"}});
    let cases = [
        ("a function's ARN returns its result", json!({"Resource": function_arn("echo")}), json!({"n": 1})),
        ("a qualified ARN is the same function", json!({"Resource": function_arn("echo:$LATEST")}), json!({"n": 1})),
        (
            "lambda:invoke wraps it",
            json!({"Resource": INVOKE, "Parameters": {"FunctionName": "echo", "Payload.$": "$"}}),
            meta(json!({"ExecutedVersion": "$LATEST", "Payload": {"n": 1}, "StatusCode": 200})),
        ),
        (
            "putItem returns metadata only",
            json!({"Resource": PUT, "Parameters": {"TableName": "Items", "Item": item}}),
            meta(json!({})),
        ),
        (
            "getItem returns the item in DynamoDB's JSON",
            json!({"Resource": "arn:aws:states:::dynamodb:getItem", "Parameters": {"TableName": "Items", "Key": {"id": {"S": "a"}}}}),
            meta(json!({"Item": {"id": {"S": "a"}, "owner": {"S": "ann"}, "count": {"N": "1"}}})),
        ),
        (
            "updateItem returns what was asked for",
            json!({"Resource": "arn:aws:states:::dynamodb:updateItem", "Parameters": {
                "TableName": "Items", "Key": {"id": {"S": "a"}}, "UpdateExpression": "ADD #c :one", "ReturnValues": "UPDATED_NEW",
                "ExpressionAttributeNames": {"#c": "count"}, "ExpressionAttributeValues": {":one": {"N": "1"}}}}),
            meta(json!({"Attributes": {"count": {"N": "2"}}})),
        ),
        (
            "the SDK integration has no metadata",
            json!({"Resource": "arn:aws:states:::aws-sdk:dynamodb:putItem", "Parameters": {"TableName": "Items", "Item": item}}),
            json!({}),
        ),
        (
            "the SDK integration can query",
            json!({"Resource": "arn:aws:states:::aws-sdk:dynamodb:query", "Parameters": {
                "TableName": "Items", "IndexName": "ByOwner", "KeyConditionExpression": "#o = :o", "Select": "COUNT",
                "ExpressionAttributeNames": {"#o": "owner"}, "ExpressionAttributeValues": {":o": {"S": "ann"}}}}),
            json!({"Count": 1, "ScannedCount": 1}),
        ),
    ];
    for (name, task, expected) in cases {
        let run = run_task(task);
        assert_eq!(run.ends(), ["SUCCEEDED"], "{name}");
        assert_eq!(shape(&run.execution(0).output), expected, "{name}");
    }
}

#[test]
fn a_write_of_a_task_is_in_the_table() {
    let item = json!({"id": {"S.$": "$.id"}});
    let task = json!({"Resource": PUT, "Parameters": {"TableName": "Items", "Item": item}});
    let run = stage(task).start("0s", "flow", json!({"id": "z"})).run();
    assert_eq!(run.item("z"), Some(json!({"id": "z"})));
}

#[test]
fn events_of_a_task_reach_their_bus_with_the_execution_among_their_resources() {
    let entry = json!({"EventBusName": "default", "Source": "shop", "DetailType": "Sold", "Detail": {"n.$": "$.n"}, "Resources": ["mine"]});
    let put = json!({"Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": [entry]}});
    let run = run_task(put);
    assert_eq!(run.accepted(), ["default shop"]);
    let event = &run.world.eventbridge.accepted()[0].event;
    let arn = run.execution(0).arn.clone();
    let machine = machine_arn("flow");
    let resources: Vec<&str> = event.resources.iter().map(|resource| &**resource).collect();
    assert_eq!(resources, ["mine", &*arn, &*machine]);
    assert_eq!(event.detail, json!({"n": 1}));
    let output = &run.execution(0).output;
    assert_eq!(*output, json!({"FailedEntryCount": 0, "Entries": [{"EventId": (&*event.id)}]}));
}

#[test]
fn one_failed_entry_fails_the_task_though_the_others_are_published() {
    let good = json!({"Source": "shop", "DetailType": "Sold", "Detail": {}});
    let bad = json!({"Source": "shop", "DetailType": "Sold", "Detail": "no object"});
    let put = json!({"Resource": "arn:aws:states:::events:putEvents", "Parameters": {"Entries": [good, bad]}});
    let run = run_task(put);
    assert_eq!(run.accepted(), ["default shop"]);
    let record = run.execution(0);
    assert_eq!(record.error.as_deref(), Some("EventBridge.FailedEntry"));
    let cause = Json::parse(record.cause.as_deref().expect("a cause")).expect("JSON");
    assert_eq!(cause.get("FailedEntryCount"), Some(&json!(1)));
    let failed = cause.get("Entries").and_then(|entries| entries.item(1)).expect("two entries");
    assert_eq!(*failed, json!({"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."}));
}

#[test]
fn a_task_starts_an_execution_and_sees_its_arn() {
    for resource in ["arn:aws:states:::states:startExecution", "arn:aws:states:::aws-sdk:sfn:startExecution"] {
        let parameters = json!({"StateMachineArn": machine_arn("child"), "Name": "one", "Input": {"x.$": "$.n"}});
        let run = run_task(json!({"Resource": resource, "Parameters": parameters}));
        assert_eq!(run.ends(), ["SUCCEEDED", "SUCCEEDED"], "{resource}");
        assert_eq!(run.execution(1).input, json!({"x": 1}), "{resource}");
        let output = &run.execution(0).output;
        let arn = "arn:aws:states:us-east-1:111111111111:execution:child:one";
        assert_eq!(output.get("ExecutionArn"), Some(&json!(arn)), "{resource}: {output}");
        assert!(output.get("StartDate").is_some(), "{resource}: {output}");
        assert_eq!(output.get("SdkHttpMetadata").is_some(), !resource.contains("aws-sdk"), "{resource}: {output}");
    }
}

#[test]
fn the_sdks_invoke_returns_the_payload_as_text_and_knows_no_function_error() {
    let invoke = |name: &str| json!({"Resource": "arn:aws:states:::aws-sdk:lambda:invoke", "Parameters": {"FunctionName": name, "Payload": {"a": 1}}});
    let run = run_task(invoke("echo"));
    assert_eq!(
        run.execution(0).output,
        json!({"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": "{\"a\":1}"})
    );
    let run = run_task(invoke("broken"));
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    assert_eq!(run.execution(0).output.get("FunctionError"), Some(&json!("Unhandled")));
}

#[test]
fn an_asynchronous_invocation_of_a_task_returns_at_once() {
    let parameters = json!({"FunctionName": "slow", "InvocationType": "Event"});
    let run = Stage::new()
        .function("slow")
        .task("flow", json!({"Resource": INVOKE, "Parameters": parameters}))
        .handlers(|| {
            Registry::default().with("slow", |context, _| async move {
                context.sleep_ms(1_000).await;
                put(&context, json!({"id": "done"})).await.expect("stored");
                Ok(Json::Null)
            })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.execution(0).output.get("StatusCode"), Some(&json!(202)));
    assert!(since_start(run.execution(0).stopped) < 500);
    assert_eq!(run.ids(), ["done"]);
}

#[test]
fn a_failed_call_is_named_and_explained_as_its_kind_of_resource_does() {
    let condition = |resource: &str| {
        json!({"Resource": resource, "Parameters": {
            "TableName": "Items", "Item": {"id": {"S": "a"}}, "ConditionExpression": "attribute_not_exists(id)"}})
    };
    let nowhere = json!({"TableName": "Nowhere", "Item": {"id": {"S": "a"}}});
    let no_key = json!({"TableName": "Items", "Item": {"x": {"S": "a"}}});
    let sdk_put = "arn:aws:states:::aws-sdk:dynamodb:putItem";
    let conditional = "The conditional request failed";
    let declined = r#"{"errorMessage":"no \"funds\"","errorType":"Declined"}"#;
    let cases = [
        (
            json!({"Resource": function_arn("broken")}),
            "Declined",
            r#"{"errorMessage": "no \"funds\"", "errorType": "Declined"}"#.to_owned(),
        ),
        (json!({"Resource": INVOKE, "Parameters": {"FunctionName": "broken"}}), "Declined", declined.to_owned()),
        (
            json!({"Resource": INVOKE, "Parameters": {"FunctionName": "nobody"}}),
            "Lambda.ResourceNotFoundException",
            format!(
                "Function not found: {} (Service: AWSLambda; Status Code: 404; Error Code: ResourceNotFoundException; Request ID: ID; Proxy: null)",
                function_arn("nobody")
            ),
        ),
        (
            condition(PUT),
            "DynamoDB.ConditionalCheckFailedException",
            format!(
                "{conditional} (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ConditionalCheckFailedException; Request ID: ID; Proxy: null)"
            ),
        ),
        (
            condition(sdk_put),
            "DynamoDb.ConditionalCheckFailedException",
            format!("{conditional} (Service: DynamoDb, Status Code: 400, Request ID: ID)"),
        ),
        (
            json!({"Resource": PUT, "Parameters": nowhere}),
            "DynamoDB.ResourceNotFoundException",
            "Requested resource not found (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ResourceNotFoundException; Request ID: ID; Proxy: null)".to_owned(),
        ),
        (
            json!({"Resource": PUT, "Parameters": no_key}),
            "DynamoDB.AmazonDynamoDBException",
            "One or more parameter values were invalid: Missing the key id in the item (Service: AmazonDynamoDBv2; Status Code: 400; Error Code: ValidationException; Request ID: ID; Proxy: null)".to_owned(),
        ),
        (
            json!({"Resource": sdk_put, "Parameters": no_key}),
            "DynamoDb.DynamoDbException",
            "One or more parameter values were invalid: Missing the key id in the item (Service: DynamoDb, Status Code: 400, Request ID: ID)".to_owned(),
        ),
        (
            json!({"Resource": "arn:aws:states:::states:startExecution", "Parameters": {"StateMachineArn": machine_arn("nobody")}}),
            "StepFunctions.StateMachineDoesNotExistException",
            format!(
                "State Machine Does Not Exist: '{}' (Service: AWSStepFunctions; Status Code: 400; Error Code: StateMachineDoesNotExist; Request ID: ID; Proxy: null)",
                machine_arn("nobody")
            ),
        ),
        (
            json!({"Resource": "arn:aws:states:::aws-sdk:sfn:sendTaskSuccess", "Parameters": {"TaskToken": "garbage", "Output": {}}}),
            "Sfn.InvalidTokenException",
            "Invalid Token: 'Invalid token' (Service: Sfn, Status Code: 400, Request ID: ID)".to_owned(),
        ),
    ];
    for (task, error, cause) in cases {
        let run = run_task(task.clone());
        let record = run.execution(0);
        assert_eq!(record.error.as_deref(), Some(error), "{task}");
        assert_eq!(without_request_id(record.cause.as_deref().unwrap_or_default()), cause, "{task}");
    }
}

fn without_request_id(cause: &str) -> String {
    let Some((head, rest)) = cause.split_once("Request ID: ") else { return cause.to_owned() };
    format!("{head}Request ID: ID{}", rest.get(36..).unwrap_or_default())
}

#[test]
fn a_denied_task_fails_with_the_integrations_general_exception() {
    let denied = |service: &str| format!("arn:aws:sts::111111111111:assumed-role/Poor/{service}");
    let cases = [
        (
            json!({"Resource": function_arn("echo")}),
            "Lambda.AWSLambdaException",
            "lambda:InvokeFunction",
            function_arn("echo"),
            "(Service: AWSLambda; Status Code: 403; Error Code: AccessDeniedException; Request ID: ID; Proxy: null)",
        ),
        (
            json!({"Resource": PUT, "Parameters": {"TableName": "Items", "Item": {"id": {"S": "x"}}}}),
            "DynamoDB.AmazonDynamoDBException",
            "dynamodb:PutItem",
            "arn:aws:dynamodb:us-east-1:111111111111:table/Items".to_owned(),
            "(Service: AmazonDynamoDBv2; Status Code: 400; Error Code: AccessDeniedException; Request ID: ID; Proxy: null)",
        ),
    ];
    for (task, error, action, resource, tail) in cases {
        let machine = json!({"RoleArn": {"Fn::GetAtt": ["Poor", "Arn"]}});
        let run = Stage::new()
            .function("echo")
            .role("Poor", &["states.amazonaws.com"], json!([]))
            .machine_with("flow", single_task(task), machine)
            .handlers(|| Log::default().echo(Registry::default(), "echo"))
            .start("0s", "flow", json!({}))
            .run();
        let record = run.execution(0);
        assert_eq!(record.error.as_deref(), Some(error));
        let cause = without_request_id(record.cause.as_deref().expect("a cause"));
        assert!(cause.starts_with(&format!("User: {}", denied(""))), "{cause}");
        let middle = format!(
            "is not authorized to perform: {action} on resource: {resource} because no identity-based policy allows the {action} action {tail}"
        );
        assert!(cause.ends_with(&middle), "{cause}");
        assert_eq!(run.ids(), [""; 0]);
        assert_eq!(run.world.lambda.invocation_count(), 0);
    }
}

#[test]
fn a_role_that_step_functions_may_not_assume_fails_every_task_which_can_be_caught() {
    let machine = json!({"RoleArn": {"Fn::GetAtt": ["Wrong", "Arn"]}});
    let statement = json!([{"Effect": "Allow", "Action": "*", "Resource": "*"}]);
    let definition = json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": function_arn("echo"), "End": true,
                 "Catch": [{"ErrorEquals": ["States.TaskFailed"], "Next": "Caught"}]},
        "Caught": {"Type": "Pass", "End": true},
    }});
    let run = Stage::new()
        .function("echo")
        .role("Wrong", &["lambda.amazonaws.com"], statement)
        .machine_with("flow", definition, machine)
        .handlers(|| Log::default().echo(Registry::default(), "echo"))
        .start("0s", "flow", json!({}))
        .run();
    let cause = "The principal states.amazonaws.com is not authorized to assume the provided role. (role: arn:aws:iam::111111111111:role/Wrong)";
    assert_eq!(run.execution(0).output, json!({"Error": "States.TaskFailed", "Cause": cause}));
    assert_eq!(run.world.lambda.invocation_count(), 0);
}

#[test]
fn a_result_that_is_too_large_fails_the_task_though_the_function_succeeded() {
    let run = Stage::new()
        .function("large")
        .task("flow", json!({"Resource": function_arn("large")}))
        .handlers(|| {
            Registry::default().with("large", |context, event| async move {
                put(&context, json!({"id": "done"})).await.expect("stored");
                let bytes = event.get("bytes").and_then(Json::as_i64).unwrap_or_default() as usize;
                Ok("x".repeat(bytes).into())
            })
        })
        .start("0s", "flow", json!({"bytes": 262_143}))
        .start("0s", "flow", json!({"bytes": 7_000_000}))
        .start("0s", "flow", json!({"bytes": 262_000}))
        .run();
    let errors: Vec<_> = run.world.stepfunctions.records().iter().map(|record| record.error.as_deref()).collect();
    assert_eq!(errors, [Some("States.DataLimitExceeded"), Some("Function.ResponseSizeTooLarge"), None]);
    assert_eq!(run.ids(), ["done"]);
}
