use rehearsal_engine::{Json, json};

use super::{Lab, validation};
use crate::services::dynamodb::{
    Attributes, DataType, GetItem, IndexSchema, KeySchema, PutItem, Request, TableSchema, UpdateItem,
};

#[test]
fn a_key_is_the_key_attributes_and_nothing_else() {
    let mut lab = Lab::ranged(DataType::N);
    for key in [
        json!({"p": {"S": "a"}}),
        json!({"p": {"S": "a"}, "c": {"S": "1"}}),
        json!({"p": {"S": "a"}, "x": {"N": "1"}}),
        json!({"p": {"S": "a"}, "c": {"N": "1"}, "x": {"N": "1"}}),
        json!({}),
    ] {
        let message = validation(lab.call("GetItem", &json!({"TableName": "T", "Key": (key)})));
        assert_eq!(message, "The provided key element does not match the schema", "{key}");
    }
}

#[test]
fn an_item_must_have_its_key() {
    let mut lab = Lab::ranged(DataType::N);
    let long = "x".repeat(2049);
    for (item, message) in [
        (json!({"p": "a"}), "One or more parameter values were invalid: Missing the key c in the item".to_owned()),
        (
            json!({"p": "a", "c": "1"}),
            "One or more parameter values were invalid: Type mismatch for key c expected: N actual: S".to_owned(),
        ),
        (
            json!({"p": "", "c": 1}),
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an \
             empty string value. Key: p"
                .to_owned(),
        ),
        (
            json!({"p": (long), "c": 1}),
            "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit of2048 \
             bytes"
                .to_owned(),
        ),
    ] {
        let item = Attributes::from_plain(&item).unwrap();
        assert_eq!(validation(lab.run(PutItem::new("T", item))), message);
    }
}

#[test]
fn equal_numbers_are_equal_keys() {
    let mut lab = Lab::of(vec![TableSchema::new("T", "p").hash_type(DataType::N)]);
    let put = |text: &str| json!({"TableName": "T", "Item": {"p": {"N": text}}});
    for text in ["1", "1.0", "01", "1e0"] {
        lab.call("PutItem", &put(text)).unwrap();
    }
    let table = lab.database.table_id("T").unwrap();
    assert_eq!(lab.database.items(table).count(), 1);
}

#[test]
fn index_keys_are_checked_on_every_write() {
    let index = IndexSchema::global("by-owner", KeySchema::new("owner_id", DataType::S));
    let mut lab = Lab::of(vec![TableSchema::new("T", "p").index(index)]);
    let put = |owner: Json| PutItem::new("T", Attributes::from_plain(&json!({"p": "a", "owner_id": (owner)})).unwrap());
    assert!(lab.run(put(json!("me"))).is_ok());
    let mismatch = "One or more parameter values were invalid: Type mismatch for Index Key owner_id Expected: S \
    Actual: N IndexName: by-owner";
    assert_eq!(validation(lab.run(put(json!(1)))), mismatch);
    assert!(validation(lab.run(put(json!("")))).contains("IndexKey: owner_id"));
    let update = UpdateItem::new("T").key("p", "a").update("SET owner_id = :v").value(":v", 1);
    assert_eq!(validation(lab.run(update)), mismatch);
    assert_eq!(lab.item("a"), json!({"p": "a", "owner_id": "me"}));
}

#[test]
fn a_request_names_its_item() {
    let lab = Lab::ranged(DataType::N);
    let named = |request: Request| lab.database.item_key(&request).map(|key| key.to_string());
    assert_eq!(named(GetItem::new("T").key("p", "a").key("c", 1.5).into()).as_deref(), Some("a/1.5"));
    let item = Attributes::new().with("p", "a").with("c", 2).with("x", "y");
    assert_eq!(named(PutItem::new("T", item).into()).as_deref(), Some("a/2"));
    assert_eq!(named(GetItem::new("T").key("p", "a").into()), None);
    assert_eq!(named(GetItem::new("Other").key("p", "a").into()), None);
}
