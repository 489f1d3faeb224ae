//! Orders on their way: an event goes through a rule to a queue, a function takes it from there and writes to a table.
//! Delivery is at least once at every step, so a consumer that counts what it hears counts some orders twice.

use rehearsal::handlers::{Context, FunctionError, Registry};
use rehearsal_engine::{Json, json};

use crate::support::{Stage, call, put_event, queue_arn};

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
    let policy = json!({"deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 10});
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
                {"name": "no order counts twice", "always": "tables.Items[id = 'account'].orders <= $count(events.default)"},
                {"name": "every order counts", "eventually": "tables.Items[id = 'account'].orders >= $count(events.default)"},
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
fn a_seed_gives_the_same_run_again() {
    let harness = orders(false).documented().harness();
    for seed in 0..50 {
        let (first, again) = (harness.run(seed).expect("a run"), harness.run(seed).expect("a run"));
        assert_eq!(first.outcome, again.outcome, "seed {seed}");
    }
}
