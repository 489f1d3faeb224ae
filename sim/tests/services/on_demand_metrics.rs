//! The metrics that are kept only where somebody asks for them by name: of tables, of tasks, of the API of EventBridge.

use rehearsal::handlers::Registry;
use rehearsal::harness::Run;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Stage, call, function_arn, measured, merged, outcome_text, queue_arn};

const ACTIVITY: &str = "arn:aws:states:us-east-1:111111111111:activity:pack";
const INVOKE: &str = "arn:aws:states:::lambda:invoke";

/// A metric, its dimensions, and their sum.
type Wanted<'w> = (&'w str, &'w [(&'w str, &'w str)], Option<f64>);

/// Somebody who reads all of them.
fn asked(stage: Stage) -> Stage {
    let names = [
        "ConsumedReadCapacityUnits",
        "SuccessfulRequestLatency",
        "UserErrors",
        "ServiceIntegrationsFailed",
        "LambdaFunctionsFailed",
        "ActivitiesFailed",
        "PutEventsEntriesCount",
    ];
    let condition = format!("$count(metrics[name in {names:?}]) >= 0");
    stage.setting("invariants", json!([{"name": "somebody reads", "sometimes": condition}]))
}

/// A function that makes these requests, one after the other.
fn client(requests: Vec<(&'static str, &'static str, Json)>) -> Stage {
    Stage::new().function_with("client", json!({"Timeout": 60})).invoke("0s", "client", json!({})).handlers(move || {
        let requests = requests.clone();
        Registry::default().with("client", move |context, _| {
            let requests = requests.clone();
            async move {
                for (service, operation, parameters) in requests {
                    let _ = outcome_text(call(&context, service, operation, parameters).await);
                }
                Ok(Json::Null)
            }
        })
    })
}

fn of(run: &Run, namespace: &str, wanted: &[Wanted]) {
    for (name, dimensions, wanted) in wanted {
        assert_eq!(measured(run, namespace, name, dimensions), *wanted, "{name} {dimensions:?}");
    }
}

fn writes() -> Stage {
    let put = |id: &str, more: Json| merged(json!({"TableName": "Items", "Item": {"id": {"S": id}}}), more);
    let new = json!({"ConditionExpression": "attribute_not_exists(id)"});
    let get = json!({"TableName": "Items", "Key": {"id": {"S": "a"}}, "ConsistentRead": true});
    client(vec![
        ("dynamodb", "PutItem", put("a", json!({"ReturnConsumedCapacity": "TOTAL"}))),
        ("dynamodb", "PutItem", put("a", new)),
        ("dynamodb", "GetItem", get),
        ("dynamodb", "Query", json!({"TableName": "Items"})),
    ])
}

#[test]
fn a_table_measures_units_latencies_and_errors_by_their_kind() {
    const TABLE: &[(&str, &str)] = &[("TableName", "Items")];
    const PUT: &[(&str, &str)] = &[("TableName", "Items"), ("Operation", "PutItem")];
    let run = asked(writes()).run();
    let wanted: &[Wanted] = &[
        ("ConsumedWriteCapacityUnits", TABLE, Some(1.0)),
        ("ConsumedReadCapacityUnits", TABLE, Some(1.0)),
        ("ConditionalCheckFailedRequests", TABLE, Some(1.0)),
        ("SuccessfulRequestLatency", PUT, Some(4.0)),
        ("ThrottledRequests", PUT, None),
        ("SystemErrors", PUT, None),
    ];
    of(&run, "AWS/DynamoDB", wanted);
    let wanted: &[Wanted] = &[("ThrottledRequests", PUT, Some(1.0)), ("WriteThrottleEvents", TABLE, Some(1.0))];
    of(&asked(writes()).struck_by(FaultId::DdThrottle, 1, 1), "AWS/DynamoDB", wanted);
    of(&asked(writes()).struck_by(FaultId::Dd500, 1, 1), "AWS/DynamoDB", &[("SystemErrors", PUT, Some(1.0))]);
    of(
        &asked(writes()).struck_by(FaultId::DdTxConflict, 1, 1),
        "AWS/DynamoDB",
        &[("TransactionConflict", TABLE, Some(1.0))],
    );
    // A request that cannot be read never reaches the service; one for no table does.
    let absent = client(vec![("dynamodb", "GetItem", json!({"TableName": "Absent", "Key": {"id": {"S": "a"}}}))]);
    of(&asked(absent).run(), "AWS/DynamoDB", &[("UserErrors", &[], Some(1.0))]);
}

#[test]
fn nobody_pays_for_what_nobody_asks_for() {
    let others = json!([{"name": "some metric", "sometimes": "$count(metrics) > 0"}]);
    let run = writes().setting("invariants", others).run();
    assert!(run.world.core.metrics().is_on());
    of(&run, "AWS/DynamoDB", &[("ConsumedWriteCapacityUnits", &[("TableName", "Items")], None)]);
    let alarm = json!({
        "AlarmName": "Busy", "Namespace": "AWS/DynamoDB", "MetricName": "ConsumedWriteCapacityUnits", "Statistic": "Sum",
        "Dimensions": [{"Name": "TableName", "Value": "Items"}], "Period": 60, "EvaluationPeriods": 1, "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
    });
    let run = writes().resource("Busy", "AWS::CloudWatch::Alarm", alarm).run();
    assert_eq!(run.world.cloudwatch.records()[0].transitions.len(), 2, "ALARM, and then no data any more");
}

fn tasks(resource: &str, parameters: Json, more: Json) -> Stage {
    let task = merged(json!({"Resource": resource, "Parameters": parameters}), more);
    asked(Stage::new())
        .function_with("work", json!({"Timeout": 60}))
        .resource("Pack", "AWS::StepFunctions::Activity", json!({"Name": "pack"}))
        .task("flow", task)
        .start("0s", "flow", json!({}))
        .handlers(|| {
            Registry::default().with("work", |context, event| async move {
                match event.get("then").and_then(Json::as_str) {
                    Some("fail") => crate::support::raise("Broken", "as it was told"),
                    Some("sleep") => {
                        context.sleep_ms(20_000).await;
                        Ok(Json::Null)
                    }
                    _ => Ok(Json::Null),
                }
            })
        })
}

#[test]
fn tasks_are_measured_by_what_they_call() {
    let counts = |run: &Run, prefix: &str, dimensions: &[(&str, &str)]| {
        let ends = ["Scheduled", "Started", "Succeeded", "Failed", "TimedOut"];
        let count = |end| measured(run, "AWS/States", &format!("{prefix}{end}"), dimensions).unwrap_or_default() as u32;
        ends.map(count)
    };
    let function = function_arn("work");
    for (then, more, wanted) in [
        ("", json!({}), [1, 1, 1, 0, 0]),
        ("fail", json!({}), [1, 1, 0, 1, 0]),
        ("fail", json!({"Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]}), [3, 3, 0, 3, 0]),
        ("sleep", json!({"TimeoutSeconds": 5}), [1, 1, 0, 0, 1]),
    ] {
        let direct = tasks(&function, json!({"then": then}), more.clone()).run();
        assert_eq!(counts(&direct, "LambdaFunctions", &[("LambdaFunctionArn", &function)]), wanted, "{then}");
        let payload = json!({"FunctionName": "work", "Payload": {"then": then}});
        let invoke = tasks(INVOKE, payload, more).run();
        let integration = [("ServiceIntegrationResourceArn", INVOKE)];
        assert_eq!(counts(&invoke, "ServiceIntegrations", &integration), wanted, "{then}");
    }
    let run = tasks(INVOKE, json!({"FunctionName": "work", "Payload": {"then": "sleep"}}), json!({})).run();
    let took = measured(&run, "AWS/States", "ServiceIntegrationTime", &[("ServiceIntegrationResourceArn", INVOKE)]);
    assert!(took.is_some_and(|took_ms| (20_000.0..21_000.0).contains(&took_ms)), "{took:?}");
    // Nobody takes the work of the activity; without a heartbeat of its own it waits until its time is up.
    for (limit, heartbeats) in [("TimeoutSeconds", None), ("HeartbeatSeconds", Some(1.0))] {
        let run =
            tasks(ACTIVITY, json!({}), Json::from_pairs([(limit, json!(30)), ("TimeoutSeconds", json!(300))])).run();
        let activity = [("ActivityArn", ACTIVITY)];
        assert_eq!(counts(&run, "Activities", &activity), [1, 0, 0, 0, 1], "{limit}");
        let missed = measured(&run, "AWS/States", "ActivitiesHeartbeatTimedOut", &activity);
        // AWS: the heartbeat is waited for from the moment on at which a worker has the task.
        assert!(missed.is_none() || missed == heartbeats, "{limit}: {missed:?}");
    }
}

#[test]
fn calls_of_put_events_are_measured_as_a_whole() {
    let entry = |source: &str| json!({"Source": source, "DetailType": "T", "Detail": "{}"});
    let put = |entries: Json| ("events", "PutEvents", json!({"Entries": entries}));
    let stage = || {
        asked(client(vec![
            put(json!([entry("till"), {"DetailType": "T", "Detail": "{}"}])),
            put(json!([entry("till")])),
        ]))
    };
    let none: &[(&str, &str)] = &[];
    let wanted = [
        ("PutEventsApproximateCallCount", none, Some(2.0)),
        ("PutEventsApproximateSuccessCount", none, Some(2.0)),
        ("PutEventsApproximateFailedCount", none, None),
        ("PutEventsEntriesCount", none, Some(3.0)),
        ("PutEventsFailedEntriesCount", none, Some(1.0)),
        ("PutEventsRequestSize", none, Some(17.0)),
    ];
    of(&stage().run(), "AWS/Events", &wanted);
    let wanted = [
        ("PutEventsApproximateSuccessCount", none, Some(1.0)),
        ("PutEventsApproximateFailedCount", none, Some(1.0)),
        ("PutEventsApproximateThrottledCount", none, Some(1.0)),
    ];
    of(&stage().struck_by(FaultId::EbPutThrottle, 1, 1), "AWS/Events", &wanted);
}

#[test]
fn what_a_function_cannot_hand_on_is_counted() {
    let stage = |more: Json| {
        asked(Stage::new())
            .queue("letters", json!({}))
            .function_with("work", more)
            .invoke_event("0s", "work", json!({}))
            .handlers(|| Registry::default().with("work", |_, _| async { crate::support::raise("Broken", "always") }))
    };
    let function = [("FunctionName", "work")];
    let dead_letters = json!({"DeadLetterConfig": {"TargetArn": (queue_arn("letters"))}});
    let run = stage(dead_letters).struck_by(FaultId::SqSend, 1, 1);
    assert_eq!(measured(&run, "AWS/Lambda", "DeadLetterErrors", &function), Some(1.0));
    let config = json!({
        "FunctionName": "work", "Qualifier": "$LATEST", "MaximumRetryAttempts": 0,
        "DestinationConfig": {"OnFailure": {"Destination": (queue_arn("letters"))}},
    });
    let run =
        stage(json!({})).resource("Config", "AWS::Lambda::EventInvokeConfig", config).struck_by(FaultId::SqSend, 1, 1);
    assert_eq!(measured(&run, "AWS/Lambda", "DestinationDeliveryFailures", &function), Some(1.0));
}
