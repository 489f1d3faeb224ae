use rehearsal_engine::json;

use super::{Lab, validation};
use crate::services::dynamodb::{
    Attributes, ConditionCheck, DeleteItem, GetItem, PutItem, TransactGetItems, TransactWrite, UpdateItem,
};

fn charge(order: &'static str) -> TransactWrite {
    TransactWrite::new().put(PutItem::new("T", [("p", order)]).condition("attribute_not_exists(p)")).update(
        UpdateItem::new("T").key("p", "stock").update("ADD n :n").condition("n > :z").value(":n", -1).value(":z", 0),
    )
}

fn stocked(n: i64) -> Lab {
    Lab::new().with(&json!({"p": "stock", "n": n}))
}

#[test]
fn a_transaction_does_all_or_nothing() {
    let mut lab = stocked(1);
    assert_eq!(lab.run(charge("o-1")).unwrap().to_json(), json!({}));
    assert_eq!(lab.database.changes().len(), 2);
    assert_eq!((lab.item("stock"), lab.item("o-1")), (json!({"p": "stock", "n": 0}), json!({"p": "o-1"})));
    let error = lab.run(charge("o-2")).unwrap_err();
    assert_eq!((error.code, error.status), ("TransactionCanceledException", 400));
    assert_eq!(
        error.message,
        "Transaction cancelled, please refer cancellation reasons for specific reasons [None, ConditionalCheckFailed]"
    );
    assert_eq!(
        error.details,
        json!({"CancellationReasons": [
            {"Code": "None"}, {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed"},
        ]})
    );
    assert!(lab.database.changes().is_empty());
    assert_eq!(lab.item("o-2"), json!(null));
}

#[test]
fn reasons_carry_the_item_when_asked_to_and_say_what_is_wrong_with_a_write() {
    let mut lab = stocked(0);
    let request = json!({"TransactItems": [
        {"ConditionCheck": {
            "TableName": "T", "Key": {"p": {"S": "stock"}}, "ConditionExpression": "n > :z",
            "ExpressionAttributeValues": {":z": {"N": "0"}}, "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }},
        {"Delete": {"TableName": "T", "Key": {"q": {"S": "x"}}}},
        {"Update": {"TableName": "T", "Key": {"p": {"S": "x"}}, "UpdateExpression": "SET a = b"}},
    ]});
    let error = lab.call("TransactWriteItems", &request).unwrap_err();
    assert_eq!(
        error.details,
        json!({"CancellationReasons": [
            {"Code": "ConditionalCheckFailed", "Message": "The conditional request failed",
             "Item": {"p": {"S": "stock"}, "n": {"N": "0"}}},
            {"Code": "ValidationError", "Message": "The provided key element does not match the schema"},
            {"Code": "ValidationError",
             "Message": "The provided expression refers to an attribute that does not exist in the item"},
        ]})
    );
}

#[test]
fn one_item_occurs_once() {
    let mut lab = stocked(1);
    let twice = TransactWrite::new()
        .check(ConditionCheck::new("T").key("p", "stock").condition("attribute_exists(p)"))
        .delete(DeleteItem::new("T").key("p", "stock"));
    assert_eq!(validation(lab.run(twice)), "Transaction request cannot include multiple operations on one item");
    let get = || GetItem::new("T").key("p", "stock");
    assert!(validation(lab.run(TransactGetItems::new([get(), get()]))).contains("multiple operations"));
}

#[test]
fn a_token_makes_a_transaction_idempotent_for_ten_minutes() {
    let mut lab = stocked(9);
    let add = |n: i64| {
        TransactWrite::new()
            .update(UpdateItem::new("T").key("p", "stock").update("ADD n :n").value(":n", n))
            .token("token")
    };
    let stock = |lab: &mut Lab| lab.item("stock").get("n").unwrap().as_i64().unwrap();
    lab.run(add(1)).unwrap();
    lab.run(add(1)).unwrap();
    assert!(lab.database.changes().is_empty());
    assert_eq!(stock(&mut lab), 10);
    assert_eq!(lab.run(add(2)).unwrap_err().code, "IdempotentParameterMismatchException");
    lab.now = lab.now + 600_000;
    lab.run(add(1)).unwrap();
    assert_eq!(stock(&mut lab), 11);
}

#[test]
fn a_cancelled_transaction_leaves_its_token_free() {
    let mut lab = stocked(0);
    assert!(lab.run(charge("o-1").token("token")).is_err());
    lab.run(PutItem::new("T", Attributes::new().with("p", "stock").with("n", 5))).unwrap();
    assert!(lab.run(charge("o-1").token("token")).is_ok());
    assert_eq!(lab.item("o-1"), json!({"p": "o-1"}));
}

#[test]
fn transactional_reads_come_in_order() {
    let mut lab = stocked(3);
    let gets = TransactGetItems::new([
        GetItem::new("T").key("p", "nobody"),
        GetItem::new("T").key("p", "stock").projection("n"),
    ]);
    assert_eq!(lab.run(gets).unwrap().to_json(), json!({"Responses": [{}, {"Item": {"n": {"N": "3"}}}]}));
}

#[test]
fn transactions_have_one_to_a_hundred_actions() {
    let mut lab = Lab::new();
    let many = |count: usize| {
        (0..count).fold(TransactWrite::new(), |all, number| all.put(PutItem::new("T", [("p", format!("{number}"))])))
    };
    assert!(validation(lab.run(many(0))).contains("greater than or equal to 1"));
    assert!(lab.run(many(100)).is_ok());
    assert!(validation(lab.run(many(101))).contains("less than or equal to 100"));
}

#[test]
fn an_expression_that_does_not_compile_is_an_error_of_the_request() {
    let mut lab = stocked(1);
    let request = TransactWrite::new().update(UpdateItem::new("T").key("p", "stock").update("SET x :v").value(":v", 1));
    assert!(validation(lab.run(request)).starts_with("Invalid UpdateExpression: Syntax error"));
}
