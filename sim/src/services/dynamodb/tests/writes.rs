use rehearsal_engine::json;

use super::{Lab, validation, wire_key};
use crate::services::dynamodb::{Attributes, DeleteItem, PutItem, ReturnValues, UpdateItem};

fn reserve(quantity: i64) -> UpdateItem {
    UpdateItem::new("T")
        .key("p", "LAPTOP")
        .update("SET quantity = quantity - :n")
        .condition("quantity >= :n")
        .value(":n", quantity)
}

#[test]
fn a_conditional_decrement_stops_at_zero() {
    let mut lab = Lab::new().with(&json!({"p": "LAPTOP", "quantity": 3}));
    assert!(lab.run(reserve(2)).is_ok());
    let error = lab.run(reserve(2).return_item_on_failure()).unwrap_err();
    assert_eq!((error.code, error.status), ("ConditionalCheckFailedException", 400));
    assert_eq!(error.message, "The conditional request failed");
    assert_eq!(error.details, json!({"Item": {"p": {"S": "LAPTOP"}, "quantity": {"N": "1"}}}));
    assert_eq!(lab.item("LAPTOP"), json!({"p": "LAPTOP", "quantity": 1}));
}

#[test]
fn the_item_of_a_failed_condition_comes_only_when_asked_for_and_there() {
    let mut lab = Lab::new().with(&json!({"p": "a"}));
    let put = |p: &'static str, condition: &'static str| PutItem::new("T", [("p", p)]).condition(condition);
    assert!(lab.run(put("a", "attribute_not_exists(p)")).unwrap_err().details.is_null());
    let asked = put("b", "attribute_exists(p)").return_item_on_failure();
    assert!(lab.run(asked).unwrap_err().details.is_null());
}

#[test]
fn put_replaces_the_whole_item_and_returns_the_old_one() {
    let mut lab = Lab::new();
    let put = |value: i64| {
        PutItem::new("T", Attributes::new().with("p", "a").with("x", value)).return_values(ReturnValues::AllOld)
    };
    assert_eq!(lab.run(put(1)).unwrap().to_json(), json!({}));
    let answer = lab.run(put(2)).unwrap().to_json();
    assert_eq!(answer, json!({"Attributes": {"p": {"S": "a"}, "x": {"N": "1"}}}));
    assert_eq!(lab.item("a"), json!({"p": "a", "x": 2}));
}

#[test]
fn delete_is_idempotent_unless_conditioned() {
    let mut lab = Lab::new().with(&json!({"p": "a"}));
    let delete = || DeleteItem::new("T").key("p", "a").return_values(ReturnValues::AllOld);
    assert_eq!(lab.run(delete()).unwrap().attributes().unwrap().to_plain(), json!({"p": "a"}));
    assert!(lab.run(delete()).unwrap().attributes().is_none());
    assert!(lab.database.changes().is_empty());
    assert!(lab.run(delete().condition("attribute_exists(p)")).is_err());
}

#[test]
fn an_unknown_table_is_not_found() {
    let mut lab = Lab::new();
    let error = lab.call("GetItem", &json!({"TableName": "X", "Key": (wire_key("a"))})).unwrap_err();
    assert_eq!((error.code, error.message.as_str()), ("ResourceNotFoundException", "Requested resource not found"));
}

#[test]
fn changes_tell_what_an_execution_did() {
    let mut lab = Lab::new().with(&json!({"p": "a", "x": 1}));
    lab.run(UpdateItem::new("T").key("p", "a").update("SET x = :x").value(":x", 2)).unwrap();
    let [change] = lab.database.changes() else { panic!("one change") };
    assert_eq!(change.key.to_string(), "a");
    assert_eq!(change.old.as_ref().unwrap().to_plain(), json!({"p": "a", "x": 1}));
    assert_eq!(change.new.as_ref().unwrap().to_plain(), json!({"p": "a", "x": 2}));
    assert!(!change.is_noop());
    lab.run(UpdateItem::new("T").key("p", "a").update("SET x = :x").value(":x", 2)).unwrap();
    assert!(lab.database.changes()[0].is_noop());
    lab.item("a");
    assert!(lab.database.changes().is_empty());
}

#[test]
fn reset_comes_back_to_the_seeded_state() {
    let mut lab = Lab::new();
    let seed = Attributes::from_plain(&json!({"p": "seeded", "x": 1})).unwrap();
    lab.database.seed("T", [&seed]).unwrap();
    lab.run(UpdateItem::new("T").key("p", "seeded").update("SET x = :x").value(":x", 9)).unwrap();
    lab.run(PutItem::new("T", [("p", "new")])).unwrap();
    lab.database.reset();
    assert_eq!(lab.item("seeded"), json!({"p": "seeded", "x": 1}));
    assert_eq!(lab.item("new"), json!(null));
    lab.run(DeleteItem::new("T").key("p", "seeded")).unwrap();
    for filler in 0..5_000 {
        lab.run(PutItem::new("T", [("p", format!("filler {filler}"))])).unwrap();
    }
    lab.database.reset();
    assert_eq!(lab.item("seeded"), json!({"p": "seeded", "x": 1}));
    let table = lab.database.table_id("T").unwrap();
    assert_eq!(lab.database.items(table).count(), 1);
}

#[test]
fn items_have_a_size_limit() {
    let mut lab = Lab::new();
    let item = |bytes: usize| Attributes::new().with("p", "a").with("x", "y".repeat(bytes));
    // Two names and the key's value take 3 bytes.
    assert!(lab.run(PutItem::new("T", item(400 * 1024 - 3))).is_ok());
    let message = validation(lab.run(PutItem::new("T", item(400 * 1024 - 2))));
    assert_eq!(message, "Item size has exceeded the maximum allowed size");
    let grow = UpdateItem::new("T").key("p", "a").update("SET more = :m").value(":m", "m");
    assert_eq!(validation(lab.run(grow)), "Item size to update has exceeded the maximum allowed size");
}

#[test]
fn updates_return_what_was_asked_for() {
    let before = json!({"p": "a", "a": {"b": 3, "c": [1, 2, 3]}, "d": 4});
    let cases = [
        ("SET d = :n", ReturnValues::AllOld, json!({"p": "a", "a": {"b": 3, "c": [1, 2, 3]}, "d": 4})),
        ("SET d = :n", ReturnValues::AllNew, json!({"p": "a", "a": {"b": 3, "c": [1, 2, 3]}, "d": 9})),
        ("SET d = :n", ReturnValues::None, json!(null)),
        ("SET d = :n, e = :n", ReturnValues::UpdatedOld, json!({"d": 4})),
        ("SET d = :n, e = :n", ReturnValues::UpdatedNew, json!({"d": 9, "e": 9})),
        ("SET e = :n", ReturnValues::UpdatedOld, json!(null)),
        ("SET a.c[1] = :n", ReturnValues::UpdatedOld, json!({"a": {"c": [2]}})),
        ("SET a.c[1] = :n", ReturnValues::UpdatedNew, json!({"a": {"c": [9]}})),
        ("SET a.c[100] = :n", ReturnValues::UpdatedNew, json!(null)),
        ("SET a.b = :n REMOVE d", ReturnValues::UpdatedNew, json!({"a": {"b": 9}})),
    ];
    for (update, return_values, wanted) in cases {
        let mut lab = Lab::new().with(&before);
        let request = UpdateItem::new("T").key("p", "a").update(update).value(":n", 9).return_values(return_values);
        let answer = lab.run(request).unwrap();
        let attributes = answer.attributes().map_or(json!(null), |item| item.to_plain());
        assert_eq!(attributes, wanted, "{update} {return_values:?}");
    }
    let mut lab = Lab::new().with(&before);
    let shifted = UpdateItem::new("T").key("p", "a").update("REMOVE a.c[1]").return_values(ReturnValues::UpdatedNew);
    assert_eq!(lab.run(shifted).unwrap().attributes().unwrap().to_plain(), json!({"a": {"c": [3]}}));
}

#[test]
fn only_updates_return_new_values() {
    let mut lab = Lab::new();
    let put = PutItem::new("T", [("p", "a")]).return_values(ReturnValues::AllNew);
    assert_eq!(validation(lab.run(put)), "ReturnValues can only be ALL_OLD or NONE");
}
