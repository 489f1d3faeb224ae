//! What surrounds the data plane: the faults that a client of DynamoDB meets.

use rehearsal::handlers::{Context, Registry};
use rehearsal::harness::Run;
use rehearsal::services::ApiError;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, call, outcome_text, request};

/// A function that makes these calls one after the other and notes their outcomes; item `a` has been there before.
fn stage(calls: &[(&'static str, Json)]) -> (Stage, Log) {
    let log = Log::default();
    let seen = log.clone();
    let calls = calls.to_vec();
    let stage = Stage::new()
        .function_with("client", json!({"Timeout": 900}))
        .setting("tables", json!({"Items": [{"id": "a", "owner": "ann", "count": 0}]}))
        .handlers(move || {
            let (log, calls) = (log.clone(), calls.clone());
            Registry::default().with("client", move |context, _| {
                let (log, calls) = (log.clone(), calls.clone());
                async move {
                    for (operation, parameters) in calls {
                        let answer = call(&context, "dynamodb", operation, parameters).await;
                        log.note(&context, outcome_text(answer));
                    }
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}));
    (stage, seen)
}

fn add(amount: u32) -> (&'static str, Json) {
    let values = json!({":n": {"N": amount.to_string()}});
    (
        "UpdateItem",
        json!({"TableName": "Items", "Key": {"id": {"S": "a"}}, "UpdateExpression": "ADD #c :n",
        "ExpressionAttributeNames": {"#c": "count"}, "ExpressionAttributeValues": values}),
    )
}

fn get(consistent: bool) -> (&'static str, Json) {
    let key = json!({"id": {"S": "a"}});
    (
        "GetItem",
        json!({"TableName": "Items", "Key": key, "ConsistentRead": consistent, "ProjectionExpression": "#c",
        "ExpressionAttributeNames": {"#c": "count"}}),
    )
}

fn put_new(id: &str) -> (&'static str, Json) {
    (
        "PutItem",
        json!({"TableName": "Items", "Item": {"id": {"S": id}}, "ConditionExpression": "attribute_not_exists(id)"}),
    )
}

fn count_of(run: &Run) -> Option<Json> {
    run.item("a").and_then(|item| item.get("count").cloned())
}

const CONDITION_FAILED: &str = "ConditionalCheckFailedException: The conditional request failed";

#[test]
fn only_an_eventually_consistent_read_is_stale_and_only_under_the_fault() {
    let calls = [add(1), add(1), get(false), get(true)];
    let item = |count: u32| json!({"Item": {"count": {"N": count.to_string()}}}).to_string();
    for (form, eventual) in [(0, 2), (1, 1), (2, 0)] {
        let (stage, log) = stage(&calls);
        let run = stage.struck_by(FaultId::DdStale, form, u32::MAX);
        assert_eq!(log.lines()[2..], [item(eventual), item(2)], "form {form}");
        assert_eq!(run.struck(FaultId::DdStale), u32::from(form != 0), "the strong read is not asked");
    }
    // A read of an index is not the table's read.
    let (stage, log) = stage(&calls);
    stage.struck_by(FaultId::DdGsiLag, 2, u32::MAX);
    assert_eq!(log.lines()[2..], [item(2), item(2)]);
}

#[test]
fn an_old_write_is_seen_by_every_read() {
    let item = json!({"Item": {"count": {"N": "1"}}}).to_string();
    let log = Log::default();
    let seen = log.clone();
    let (stage, _) = stage(&[]);
    stage
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("client", move |context, _| {
                let log = log.clone();
                async move {
                    let (operation, parameters) = add(1);
                    call(&context, "dynamodb", operation, parameters).await.expect("stored");
                    context.sleep_ms(300_000).await;
                    let (operation, parameters) = get(false);
                    log.note(&context, outcome_text(call(&context, "dynamodb", operation, parameters).await));
                    Ok(Json::Null)
                }
            })
        })
        .struck_by(FaultId::DdStale, 2, u32::MAX);
    assert_eq!(seen.lines(), [item]);
}

#[test]
fn a_conditional_write_that_the_sdk_repeats_fails_against_itself() {
    let (stage, log) = stage(&[put_new("b"), put_new("c")]);
    let run = stage.struck_by(FaultId::Dd500Applied, 2, 1);
    assert_eq!(log.lines(), [CONDITION_FAILED, "{}"]);
    assert_eq!(run.ids(), ["a", "b", "c"]);
}

#[test]
fn an_addition_that_the_sdk_repeats_counts_twice() {
    let (stage, log) = stage(&[add(5)]);
    let run = stage.struck_by(FaultId::Dd500Applied, 2, 1);
    assert_eq!(log.lines(), ["{}"]);
    assert_eq!(count_of(&run), Some(json!(10)));
}

#[test]
fn a_transaction_that_the_sdk_repeats_is_recognised_by_its_token() {
    let (_, update) = add(5);
    let transaction = json!({"TransactItems": [{"Update": update}]});
    for (form, heard) in [(1, "InternalServerError: Internal server error"), (2, "{}")] {
        let (stage, log) = stage(&[("TransactWriteItems", transaction.clone())]);
        let run = stage.struck_by(FaultId::Dd500Applied, form, 1);
        assert_eq!(log.lines(), [heard]);
        assert_eq!(count_of(&run), Some(json!(5)), "form {form}");
    }
}

#[test]
fn a_transaction_that_a_task_retries_after_its_token_expired_counts_twice() {
    // AWS: a token is good for ten minutes. A retrier that waits longer than that is as if there were none.
    let (_, update) = add(5);
    let run = |token: Json, interval_s: u32| {
        let mut parameters = json!({"TransactItems": [{"Update": (update.clone())}]});
        if token != Json::Null {
            parameters = crate::support::merged(parameters, json!({"ClientRequestToken": token}));
        }
        let retry = json!([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": interval_s, "MaxAttempts": 1}]);
        let task = json!({"Resource": "arn:aws:states:::aws-sdk:dynamodb:transactWriteItems", "Parameters": parameters,
            "Retry": retry});
        let stage = stage(&[]).0.task("flow", task).start("0s", "flow", json!({}));
        let run = stage.struck_by(FaultId::Dd500Applied, 1, 1);
        assert_eq!(run.ends(), ["SUCCEEDED"]);
        count_of(&run)
    };
    assert_eq!(run(json!("order-7"), 590), Some(json!(5)));
    assert_eq!(run(json!("order-7"), 610), Some(json!(10)));
    assert_eq!(run(Json::Null, 1), Some(json!(10)));
}

#[test]
fn a_server_error_says_nothing_about_whether_the_write_took_effect() {
    for (fault, count) in [(FaultId::Dd500, 0), (FaultId::Dd500Applied, 5)] {
        let (stage, log) = stage(&[add(5)]);
        let run = stage.struck_by(fault, 1, 1);
        assert_eq!(log.lines(), ["InternalServerError: Internal server error"]);
        assert_eq!(count_of(&run), Some(json!(count)), "{fault:?}");
    }
}

#[test]
fn a_throttled_request_fails_or_comes_later_and_the_sdk_gives_up_in_the_end() {
    let (refused, log) = stage(&[add(5)]);
    let run = refused.struck_by(FaultId::DdThrottle, 1, 1);
    assert!(log.lines()[0].starts_with("ProvisionedThroughputExceededException: "), "{:?}", log.lines());
    assert_eq!(count_of(&run), Some(json!(0)));

    let (calm, log) = stage(&[add(5)]);
    calm.run();
    let usual_ms = log.times()[0];
    for repeats in [1, 3, 9] {
        let (later, log) = stage(&[add(5)]);
        let run = later.struck_by(FaultId::DdThrottle, 2, repeats);
        assert_eq!(log.lines(), ["{}"]);
        assert_eq!(log.times()[0], usual_ms + 50 * u64::from(repeats));
        assert_eq!(count_of(&run), Some(json!(5)), "the repetitions add nothing");
    }

    let (never, log) = stage(&[add(5)]);
    let run = never.struck_by(FaultId::DdThrottle, 2, u32::MAX);
    assert!(log.lines()[0].starts_with("ProvisionedThroughputExceededException: "), "{:?}", log.lines());
    assert_eq!(run.struck(FaultId::DdThrottle), 10);
}

#[test]
fn a_conflict_with_a_transaction_says_which_item_met_it() {
    let update = |id: &str| json!({"Update": {"TableName": "Items", "Key": {"id": {"S": id}}, "UpdateExpression": "ADD x :n", "ExpressionAttributeValues": {":n": {"N": "1"}}}});
    let transaction = json!({"TransactItems": [update("a"), update("b")]});
    let (stage, log) = stage(&[add(1), ("TransactWriteItems", transaction.clone()), get(false)]);
    let run = stage.struck_by(FaultId::DdTxConflict, 1, u32::MAX);
    let cancelled = "TransactionCanceledException: Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict, None]";
    assert_eq!(log.lines()[..2], ["TransactionConflictException: Transaction is ongoing for the item", cancelled]);
    assert_eq!(run.struck(FaultId::DdTxConflict), 2, "a read meets no conflict");
    assert_eq!((run.ids(), count_of(&run)), (vec!["a".to_owned()], Some(json!(0))));
}

#[test]
fn a_cancelled_transaction_carries_its_reasons() {
    let log = Log::default();
    let seen = log.clone();
    let (stage, _) = stage(&[]);
    stage
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("client", move |context: Context, _| {
                let log = log.clone();
                async move {
                    let check = |id: &str| json!({"ConditionCheck": {"TableName": "Items", "Key": {"id": {"S": id}}, "ConditionExpression": "attribute_exists(id)"}});
                    let transaction = json!({"TransactItems": [check("a"), check("b")]});
                    let answer = context.call(request("dynamodb", "TransactWriteItems", transaction)).await;
                    let ApiError { code, details, .. } = answer.expect_err("b is not there");
                    log.note(&context, format!("{code} {}", details.get("CancellationReasons").expect("reasons")));
                    Ok(Json::Null)
                }
            })
        })
        .run();
    let reasons = r#"[{"Code":"None"},{"Code":"ConditionalCheckFailed","Message":"The conditional request failed"}]"#;
    assert_eq!(seen.lines(), [format!("TransactionCanceledException {reasons}")]);
}
