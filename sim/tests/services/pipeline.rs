//! Orders on their way: an event goes through a rule to a queue, a function takes it from there and writes to a table.
//! Delivery is at least once at every step, so a consumer that counts what it hears counts some orders twice.

use rehearsal::handlers::{Context, FunctionError, Registry};
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Look, Stage, call, function_arn, put, put_event, queue_arn, topic_arn};

/// The total of an order is added to the owner's account, as often as the order is heard of.
async fn naive(context: &Context, order: &str) -> Result<(), FunctionError> {
    let update = json!({
        "TableName": "Items", "Key": {"id": {"S": "account"}}, "UpdateExpression": "ADD orders :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    });
    call(context, "dynamodb", "UpdateItem", update).await?;
    let _ = order;
    Ok(())
}

/// The same together with a mark for the order, which is there only once.
async fn deduplicated(context: &Context, order: &str) -> Result<(), FunctionError> {
    let account = json!({"Update": {
        "TableName": "Items", "Key": {"id": {"S": "account"}}, "UpdateExpression": "ADD orders :one",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }});
    let mark = json!({"Put": {
        "TableName": "Items", "Item": {"id": {"S": order}}, "ConditionExpression": "attribute_not_exists(id)",
    }});
    let write = json!({"TransactItems": [mark, account]});
    match call(context, "dynamodb", "TransactWriteItems", write).await {
        Err(error) if error.error.message.contains("ConditionalCheckFailed") => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

fn orders(is_mended: bool) -> Stage {
    let policy = json!({"deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 1000});
    let target = json!([{"Id": "queue", "Arn": queue_arn("orders"), "InputPath": "$.detail"}]);
    let mut stage = Stage::new()
        .queue("orders", json!({"VisibilityTimeout": 30, "RedrivePolicy": policy}))
        .queue("dead", json!({}))
        .open_queue("orders", "events.amazonaws.com")
        .rule("OrderPlaced", "default", "shop", target)
        .function("consumer")
        .feed("consumer", &queue_arn("orders"), json!({"FunctionResponseTypes": ["ReportBatchItemFailures"]}))
        .setting("tables", json!({"Items": [{"id": "account", "orders": 0}]}))
        .setting("faults", json!("documented"))
        .handlers(move || {
            Registry::default().with("consumer", move |context, event| async move {
                let mut failed = Vec::new();
                for record in event.get("Records").and_then(Json::as_array).unwrap_or_default() {
                    let text = |key: &str| record.get(key).and_then(Json::as_str).unwrap_or_default();
                    let order = Json::parse(text("body")).ok().and_then(|body| body.get("orderId")?.as_str().map(str::to_owned));
                    let order = order.unwrap_or_default();
                    let done =
                        if is_mended { deduplicated(&context, &order).await } else { naive(&context, &order).await };
                    if done.is_err() {
                        failed.push(json!({"itemIdentifier": (text("messageId"))}));
                    }
                }
                Ok(json!({"batchItemFailures": (Json::from(failed))}))
            })
        })
        .setting(
            "invariants",
            json!([
                {"name": "no order counts twice", "always": "tables.Items[id = 'account'].orders <= $count($distinct(events.default.detail.orderId))"},
                {"name": "every order counts", "eventually": "tables.Items[id = 'account'].orders >= $count($distinct(events.default.detail.orderId))"},
                {"name": "no order is left over", "eventually": "$count(queues.orders.messages) + $count(queues.dead.messages) = 0"},
            ]),
        );
    for number in 1..=3 {
        let order = format!("order-{number}");
        stage = stage.actor("0s", put_event("default", "shop", json!({"orderId": (order.as_str())})));
    }
    stage
}

#[test]
fn a_duplicate_counts_an_order_twice() {
    let found = orders(false).documented().harness().sweep(0, 1_000, 1).expect("a sweep");
    let names: Vec<&str> = found.findings.iter().map(|finding| &*finding.violation.name).collect();
    assert!(names.contains(&"no order counts twice"), "{names:?}");
    assert!(!names.contains(&"every order counts"), "{names:?}");
}

#[test]
fn a_consumer_that_remembers_its_orders_counts_each_once() {
    let found = orders(true).documented().harness().sweep(0, 1_000, 1).expect("a sweep");
    assert!(found.findings.is_empty(), "{:?}", found.findings);
}

#[test]
fn a_consumer_that_remembers_the_ids_of_events_still_counts_what_its_producer_sends_again() {
    let mut stage = Stage::new()
        .function("consumer")
        .permit("consumer")
        .rule("OrderPlaced", "default", "shop", json!([{"Id": "one", "Arn": function_arn("consumer")}]))
        .setting(
            "invariants",
            json!([{"name": "no order counts twice", "always": "$count(tables.Items) <= $count($distinct(events.default.detail.orderId))"}]),
        )
        .handlers(|| {
            Registry::default().with("consumer", |context, event| async move {
                let id = event.get("id").and_then(Json::as_str).unwrap_or_default();
                Ok(put(&context, json!({"id": id})).await?)
            })
        });
    for number in 1..=2 {
        stage = stage.actor("0s", put_event("default", "shop", json!({"orderId": number})));
    }
    for (fault, wanted) in [(FaultId::EbDup, 0), (FaultId::LaAsyncDup, 0), (FaultId::EbPutDup, 1)] {
        let found = stage.clone().fault(fault, 100_000).harness().sweep(0, 200, 1).expect("a sweep");
        assert_eq!(found.findings.len(), wanted, "{}", fault.spec().id);
    }
}

#[test]
fn a_seed_gives_the_same_run_again() {
    let harness = orders(false).documented().harness();
    for seed in 0..50 {
        let (first, again) = (harness.run(seed).expect("a run"), harness.run(seed).expect("a run"));
        assert_eq!(first.outcome, again.outcome, "seed {seed}");
    }
}

#[test]
fn a_workflow_sends_and_publishes_objects_as_text() {
    let url = "https://sqs.us-east-1.amazonaws.com/111111111111/orders";
    let send = |queue: &str| json!({"Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": queue, "MessageBody.$": "$"}});
    let publish = json!({
        "Resource": "arn:aws:states:::sns:publish", "Parameters": {"TopicArn": (topic_arn("news")), "Message": {"n.$": "$.n"}},
    });
    let stage = || Stage::new().queue("orders", json!({})).topic("news", json!({}));
    let run = stage().task("flow", send(url)).start("0s", "flow", json!({"n": 1})).run();
    assert_eq!((run.ends(), run.bodies("orders")), (vec!["SUCCEEDED".to_owned()], vec!["{\"n\":1}".to_owned()]));
    let output = &run.execution(0).output;
    assert_eq!(output.get("SdkHttpMetadata"), Some(&json!({"HttpStatusCode": 200})));
    assert!(output.get("MessageId").is_some() && output.get("MD5OfMessageBody").is_some(), "{output}");
    let run = stage().task("flow", publish).start("0s", "flow", json!({"n": 1})).run();
    let published: Vec<&str> = run.world.sns.published().iter().map(|one| &*one.message).collect();
    assert_eq!((run.ends(), published), (vec!["SUCCEEDED".to_owned()], vec!["{\"n\":1}"]));
    let run = stage().task("flow", send("elsewhere")).start("0s", "flow", json!({"n": 1})).run();
    let end = &run.ends()[0];
    assert!(
        end.starts_with(
            "FAILED SQS.AmazonSQSException The specified queue does not exist. (Service: AmazonSQS; Status Code: 400"
        ),
        "{end}"
    );
}

#[test]
fn a_callback_goes_through_a_queue_and_nothing_waits_for_ever() {
    let send = json!({
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken", "HeartbeatSeconds": 600,
        "Parameters": {"QueueUrl": "https://sqs.us-east-1.amazonaws.com/111111111111/orders",
            "MessageBody": {"token.$": "$$.Task.Token"}},
    });
    let run = Stage::new()
        .queue("orders", json!({}))
        .function("clerk")
        .feed("clerk", &queue_arn("orders"), json!({}))
        .task("flow", send)
        .handlers(|| {
            Registry::default().with("clerk", |context, event| async move {
                let body =
                    event.get("Records").and_then(|records| records.item(0)?.get("body")?.as_str().map(str::to_owned));
                let body = Json::parse(&body.unwrap_or_default()).unwrap_or_default();
                let token = body.get("token").cloned().unwrap_or_default();
                call(
                    &context,
                    "stepfunctions",
                    "SendTaskSuccess",
                    json!({"taskToken": token, "output": "{\"ok\":true}"}),
                )
                .await?;
                Ok(Json::Null)
            })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    assert_eq!(run.execution(0).output, json!({"ok": true}));
}

#[test]
fn python_handlers_send_receive_and_are_fed() {
    let url = "https://sqs.us-east-1.amazonaws.com/111111111111/orders";
    let sender = format!(
        "import boto3\ndef handler(event, context):\n    sqs = boto3.client('sqs')\n    sns = boto3.client('sns')\n\
         \x20   sent = sqs.send_message(QueueUrl='{url}', MessageBody='a', MessageAttributes={{'n': {{'DataType': 'Number', 'StringValue': '1'}}}})\n\
         \x20   assert sent['MD5OfMessageBody'] == '0cc175b9c0f1b6a831c399e269772661'\n\
         \x20   sns.publish(TopicArn='{}', Message='hello')\n\
         \x20   try:\n        sqs.send_message(QueueUrl='nowhere', MessageBody='a')\n\
         \x20   except sqs.exceptions.QueueDoesNotExist:\n        pass\n\
         \x20   try:\n        sns.publish(TopicArn='{}', Message='a')\n\
         \x20   except sns.exceptions.NotFoundException:\n        return 'done'\n",
        topic_arn("news"),
        topic_arn("other"),
    );
    let worker = "import boto3\ndef handler(event, context):\n    table = boto3.resource('dynamodb').Table('Items')\n    for record in event['Records']:\n        table.put_item(Item={'id': record['body'], 'n': int(record['messageAttributes']['n']['stringValue'])})\n";
    let run = Stage::new()
        .queue("orders", json!({}))
        .topic("news", json!({}))
        .python("sender", &sender)
        .python("worker", worker)
        .feed("worker", &queue_arn("orders"), json!({}))
        .invoke("0s", "sender", json!({}))
        .run_python();
    assert_eq!(run.item("a"), Some(json!({"id": "a", "n": 1})));
    assert_eq!(run.world.sns.published().len(), 1);
    assert!(run.tells("returns \"done\""));
    assert_eq!(run.bodies("orders"), [""; 0]);
}
