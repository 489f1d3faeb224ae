//! IAM: what a role may not do is refused before it happens, in AWS's words.

use rehearsal::handlers::Registry;
use rehearsal::harness::Run;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, bus_arn, call, function_arn, machine_arn, outcome_text};

const TABLE: &str = "arn:aws:dynamodb:us-east-1:111111111111:table/Items";
const EXECUTION: &str = "arn:aws:states:us-east-1:111111111111:execution:flow:it";

/// A function that makes one call under a role with these statements; what it hears.
fn attempt(statements: Json, (service, operation): (&'static str, &'static str), parameters: Json) -> (String, Run) {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new()
        .bus("shop")
        .function("other")
        .machine("flow", json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}))
        .role("Mine", &["lambda.amazonaws.com"], statements)
        .function_with("caller", json!({"Role": {"Fn::GetAtt": ["Mine", "Arn"]}}))
        .handlers(move || {
            let (log, parameters) = (log.clone(), parameters.clone());
            Log::default().echo(Registry::default(), "other").with("caller", move |context, _| {
                let (log, parameters) = (log.clone(), parameters.clone());
                async move {
                    let answer = call(&context, service, operation, parameters).await;
                    log.note(&context, outcome_text(answer));
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "caller", json!({}))
        .run();
    (seen.lines().join("\n"), run)
}

fn allow(action: &str, resource: &str) -> Json {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

fn denied(action: &str, resource: &str, reason: &str) -> String {
    format!(
        "AccessDeniedException: User: arn:aws:sts::111111111111:assumed-role/Mine/caller is not authorized to perform: {action} on resource: {resource} {reason}"
    )
}

fn not_allowed(action: &str, resource: &str) -> String {
    denied(action, resource, &format!("because no identity-based policy allows the {action} action"))
}

/// Every kind of call, the action it needs, and on what.
fn calls() -> Vec<((&'static str, &'static str), Json, &'static str, String)> {
    let key = json!({"id": {"S": "a"}});
    let put = json!({"TableName": "Items", "Item": key});
    let get = json!({"TableName": "Items", "Key": key});
    let update = json!({"TableName": "Items", "Key": key, "UpdateExpression": "SET x = :x", "ExpressionAttributeValues": {":x": {"N": "1"}}});
    let query = |more: Json| {
        let own = json!({"TableName": "Items", "KeyConditionExpression": "id = :a", "ExpressionAttributeValues": {":a": {"S": "a"}}});
        crate::support::merged(own, more)
    };
    let index = json!({"IndexName": "ByOwner", "KeyConditionExpression": "#o = :a", "ExpressionAttributeNames": {"#o": "owner"}});
    let check = json!({"ConditionCheck": {"TableName": "Items", "Key": key, "ConditionExpression": "attribute_not_exists(id)"}});
    let entry = json!({"EventBusName": "shop", "Source": "s", "DetailType": "T", "Detail": "{}"});
    let token = json!({"taskToken": "garbage", "output": "{}"});
    let table = || TABLE.to_owned();
    vec![
        (("dynamodb", "GetItem"), get.clone(), "dynamodb:GetItem", table()),
        (("dynamodb", "PutItem"), put.clone(), "dynamodb:PutItem", table()),
        (("dynamodb", "UpdateItem"), update.clone(), "dynamodb:UpdateItem", table()),
        (("dynamodb", "DeleteItem"), get.clone(), "dynamodb:DeleteItem", table()),
        (("dynamodb", "Query"), query(json!({})), "dynamodb:Query", table()),
        (("dynamodb", "Query"), query(index), "dynamodb:Query", format!("{TABLE}/index/ByOwner")),
        (("dynamodb", "Scan"), json!({"TableName": "Items"}), "dynamodb:Scan", table()),
        (
            ("dynamodb", "Scan"),
            json!({"TableName": TABLE, "IndexName": "ByOwner"}),
            "dynamodb:Scan",
            format!("{TABLE}/index/ByOwner"),
        ),
        (("dynamodb", "PutItem"), json!({"TableName": TABLE, "Item": key}), "dynamodb:PutItem", table()),
        (
            ("dynamodb", "BatchGetItem"),
            json!({"RequestItems": {"Items": {"Keys": [key]}}}),
            "dynamodb:BatchGetItem",
            table(),
        ),
        (
            ("dynamodb", "BatchWriteItem"),
            json!({"RequestItems": {"Items": [{"PutRequest": {"Item": key}}]}}),
            "dynamodb:BatchWriteItem",
            table(),
        ),
        (("dynamodb", "TransactGetItems"), json!({"TransactItems": [{"Get": get}]}), "dynamodb:GetItem", table()),
        (("dynamodb", "TransactWriteItems"), json!({"TransactItems": [{"Put": put}]}), "dynamodb:PutItem", table()),
        (
            ("dynamodb", "TransactWriteItems"),
            json!({"TransactItems": [{"Update": update}]}),
            "dynamodb:UpdateItem",
            table(),
        ),
        (
            ("dynamodb", "TransactWriteItems"),
            json!({"TransactItems": [{"Delete": get}]}),
            "dynamodb:DeleteItem",
            table(),
        ),
        (("dynamodb", "TransactWriteItems"), json!({"TransactItems": [check]}), "dynamodb:ConditionCheckItem", table()),
        (("events", "PutEvents"), json!({"Entries": [entry]}), "events:PutEvents", bus_arn("shop")),
        (("lambda", "Invoke"), json!({"FunctionName": "other"}), "lambda:InvokeFunction", function_arn("other")),
        (
            ("lambda", "Invoke"),
            json!({"FunctionName": function_arn("other"), "InvocationType": "Event"}),
            "lambda:InvokeFunction",
            function_arn("other"),
        ),
        (
            ("stepfunctions", "StartExecution"),
            json!({"stateMachineArn": machine_arn("flow")}),
            "states:StartExecution",
            machine_arn("flow"),
        ),
        (
            ("stepfunctions", "StopExecution"),
            json!({"executionArn": EXECUTION}),
            "states:StopExecution",
            EXECUTION.to_owned(),
        ),
        (
            ("stepfunctions", "DescribeExecution"),
            json!({"executionArn": EXECUTION}),
            "states:DescribeExecution",
            EXECUTION.to_owned(),
        ),
        (("stepfunctions", "SendTaskSuccess"), token.clone(), "states:SendTaskSuccess", machine_arn("flow")),
        (("stepfunctions", "SendTaskFailure"), token.clone(), "states:SendTaskFailure", machine_arn("flow")),
        (("stepfunctions", "SendTaskHeartbeat"), token, "states:SendTaskHeartbeat", machine_arn("flow")),
    ]
}

#[test]
fn a_call_without_its_permission_is_refused_in_awss_words_and_does_nothing() {
    for (operation, parameters, action, resource) in calls() {
        let (heard, run) = attempt(json!([]), operation, parameters.clone());
        assert_eq!(heard, not_allowed(action, &resource), "{operation:?} {parameters}");
        assert_eq!((run.ids().len(), run.accepted().len(), run.ends().len()), (0, 0, 0), "{operation:?}");
        assert_eq!(run.world.lambda.invocation_count(), 1, "{operation:?}");
    }
}

#[test]
fn exactly_the_action_on_exactly_the_resource_is_enough() {
    for (operation, parameters, action, resource) in calls() {
        let (heard, _) = attempt(json!([allow(action, &resource)]), operation, parameters.clone());
        assert!(!heard.contains("AccessDenied"), "{operation:?} {parameters}: {heard}");
    }
}

#[test]
fn an_explicit_deny_wins_and_says_so() {
    for (operation, parameters, action, resource) in calls() {
        let deny = json!({"Effect": "Deny", "Action": action, "Resource": resource});
        let (heard, _) = attempt(json!([allow("*", "*"), deny]), operation, parameters);
        // A token belongs to one of several machines: only where none is allowed is it refused.
        let expected = denied(action, &resource, "with an explicit deny in an identity-based policy");
        assert_eq!(heard, expected, "{operation:?}");
    }
}

#[test]
fn a_transaction_needs_the_permission_of_each_of_its_actions_and_none_of_its_own() {
    let key = json!({"id": {"S": "a"}});
    let put = json!({"Put": {"TableName": "Items", "Item": key}});
    let check = json!({"ConditionCheck": {"TableName": "Items", "Key": {"id": {"S": "b"}}, "ConditionExpression": "attribute_not_exists(id)"}});
    let both = json!({"TransactItems": [put, check]});
    let operation = ("dynamodb", "TransactWriteItems");
    let put_item = allow("dynamodb:PutItem", TABLE);
    let check_item = allow("dynamodb:ConditionCheckItem", TABLE);
    let own = allow("dynamodb:TransactWriteItems", TABLE);
    for (statements, missing) in [
        (json!([own]), Some("dynamodb:PutItem")),
        (json!([put_item]), Some("dynamodb:ConditionCheckItem")),
        (json!([check_item]), Some("dynamodb:PutItem")),
        (json!([put_item, check_item]), None),
    ] {
        let (heard, run) = attempt(statements.clone(), operation, both.clone());
        let expected = missing.map_or("{}".to_owned(), |action| not_allowed(action, TABLE));
        assert_eq!(heard, expected, "{statements}");
        assert_eq!(run.ids().len(), usize::from(missing.is_none()), "{statements}");
    }
}

#[test]
fn a_permission_for_a_table_is_none_for_its_indexes_and_the_other_way_round() {
    let index = format!("{TABLE}/index/ByOwner");
    let query = |index: bool| {
        let (name, key) = if index { (json!("ByOwner"), "owner") } else { (Json::Null, "id") };
        let mut query = json!({
            "TableName": "Items", "KeyConditionExpression": "#k = :k",
            "ExpressionAttributeNames": {"#k": key}, "ExpressionAttributeValues": {":k": {"S": "x"}},
        });
        if let (true, Some(members)) = (index, query.make_object()) {
            members.insert("IndexName".into(), name);
        }
        query
    };
    for (granted, asks_index, refused) in [
        (TABLE, true, Some(&*index)),
        (&*index, false, Some(TABLE)),
        (&*index, true, None),
        ("arn:aws:dynamodb:us-east-1:111111111111:table/Items/index/*", true, None),
        ("arn:aws:dynamodb:*:*:table/Items*", true, None),
    ] {
        let (heard, _) = attempt(json!([allow("dynamodb:Query", granted)]), ("dynamodb", "Query"), query(asks_index));
        match refused {
            Some(resource) => assert_eq!(heard, not_allowed("dynamodb:Query", resource), "{granted}"),
            None => assert!(heard.contains("\"Count\":0"), "{granted}: {heard}"),
        }
    }
}

#[test]
fn several_tables_or_buses_of_a_request_are_each_checked() {
    let shop = json!({"EventBusName": "shop", "Source": "s", "DetailType": "T", "Detail": "{}"});
    let default = json!({"Source": "s", "DetailType": "T", "Detail": "{}"});
    let statements = json!([allow("events:PutEvents", &bus_arn("shop"))]);
    let (heard, run) = attempt(statements, ("events", "PutEvents"), json!({"Entries": [shop, default]}));
    assert_eq!(heard, not_allowed("events:PutEvents", &bus_arn("default")));
    assert_eq!(run.accepted(), [""; 0], "the request fails as a whole");
}

#[test]
fn an_unhandled_denial_ends_a_function_as_botocore_does() {
    let run = Stage::new()
        .role("Mine", &["lambda.amazonaws.com"], json!([]))
        .function_with("caller", json!({"Role": {"Fn::GetAtt": ["Mine", "Arn"]}}))
        .task("flow", json!({"Resource": function_arn("caller")}))
        .handlers(|| {
            Registry::default().with("caller", |context, _| async move {
                let item = rehearsal::services::dynamodb::Attributes::new().with("id", "a");
                let put = rehearsal::services::dynamodb::PutItem::new("Items", item);
                context.dynamodb(put).await?;
                Ok(Json::Null)
            })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.execution(0).error.as_deref(), Some("ClientError"));
    let cause = Json::parse(run.execution(0).cause.as_deref().expect("a cause")).expect("JSON");
    let message = cause.get("errorMessage").and_then(Json::as_str).expect("a message");
    let expected = "An error occurred (AccessDeniedException) when calling the PutItem operation: User: arn:aws:sts::111111111111:assumed-role/Mine/caller is not authorized";
    assert!(message.starts_with(expected), "{message}");
}
