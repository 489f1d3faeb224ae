use proptest::prelude::*;
use rehearsal_engine::{Json, json};

use super::{Lab, wire_key};
use crate::services::dynamodb::{AttributeValue, OPERATIONS, Request};

/// Scraps of which expressions, right and wrong, are made.
fn scrap() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "(",
            ")",
            "[",
            "]",
            ",",
            ".",
            "=",
            "<>",
            "<",
            "<=",
            ">",
            ">=",
            "+",
            "-",
            "AND",
            "OR",
            "NOT",
            "IN",
            "BETWEEN",
            "SET",
            "REMOVE",
            "ADD",
            "DELETE",
            "a",
            "l[0]",
            "m.x",
            "#n",
            ":n",
            ":s",
            ":l",
            "size(",
            "contains(",
            "begins_with(",
            "attribute_exists(",
            "attribute_type(",
            "if_not_exists(",
            "list_append(",
            "p",
            "7",
            "#",
            ":",
            "é",
            "[99999999999999999999]",
        ])
        .prop_map(str::to_owned),
        "\\PC{0,4}",
    ]
}

fn json_value() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        prop::sample::select(vec!["T", "a", "1", "", "-", "1e999", "AA==", ":n", "#n", "ALL_OLD"]).prop_map(Json::from),
    ];
    let name = prop::sample::select(vec![
        "S",
        "N",
        "B",
        "SS",
        "NS",
        "BS",
        "L",
        "M",
        "BOOL",
        "NULL",
        "p",
        "a",
        "#n",
        ":n",
        "TableName",
        "Key",
        "Item",
        "Keys",
        "RequestItems",
        "TransactItems",
        "Put",
        "Update",
        "PutRequest",
        "T",
        "Limit",
        "ExclusiveStartKey",
        "Segment",
        "TotalSegments",
        "ConditionExpression",
        "ExpressionAttributeValues",
        "ExpressionAttributeNames",
    ]);
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::vec((name.clone(), inner), 0..5).prop_map(Json::from_pairs),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_expression_panics(
        scraps in prop::collection::vec(scrap(), 0..12), joint in prop::sample::select(vec!["", " "]),
    ) {
        let text = scraps.join(joint);
        let mut lab = Lab::new().with(&json!({"p": "a", "a": 1, "l": [1, [2]], "m": {"x": "y"}}));
        let all = json!({"#n": "a"});
        let values = json!({":n": {"N": "1"}, ":s": {"SS": ["x"]}, ":l": {"L": []}});
        // Only what the text mentions is passed along, or everything would stop at what is unused.
        let mentioned = |map: &Json| {
            let members = map.as_object().unwrap().iter().filter(|(name, _)| text.contains(&***name));
            Json::from_pairs(members.map(|(name, value)| (name.clone(), value.clone())))
        };
        for (operation, parameter) in [
            ("UpdateItem", "UpdateExpression"), ("UpdateItem", "ConditionExpression"),
            ("GetItem", "ProjectionExpression"),
            ("Scan", "FilterExpression"), ("Query", "KeyConditionExpression"),
        ] {
            let mut members = vec![("TableName", Json::from("T")), (parameter, Json::from(text.as_str()))];
            if !["Scan", "Query"].contains(&operation) {
                members.push(("Key", wire_key("a")));
            }
            members.push(("ExpressionAttributeNames", mentioned(&all)));
            if operation != "GetItem" {
                members.push(("ExpressionAttributeValues", mentioned(&values)));
            }
            members.retain(|(_, map)| map.as_object().is_none_or(|map| !map.is_empty()));
            let _ = lab.call(operation, &Json::from_pairs(members));
        }
    }

    #[test]
    fn no_request_panics(operation in prop::sample::select(OPERATIONS.to_vec()), parameters in json_value()) {
        let mut lab = Lab::new();
        let _ = lab.call(operation, &parameters);
        let _ = AttributeValue::from_plain(&parameters);
    }
}

#[test]
fn deep_nesting_of_every_kind_is_refused() {
    let mut lab = Lab::new();
    for text in [
        "(".repeat(4000),
        "NOT ".repeat(1000),
        "size(".repeat(800),
        format!("a{}", ".a".repeat(2000)),
        format!("a{} = a", "[0]".repeat(1300)),
        format!("{}a{} = a", "(".repeat(1000), ")".repeat(1000)),
    ] {
        for parameter in ["UpdateExpression", "ConditionExpression"] {
            for text in [text.clone(), format!("SET a = {text}")] {
                let parameters = json!({"TableName": "T", "Key": (wire_key("a")), (parameter): (text)});
                assert!(lab.call("UpdateItem", &parameters).is_err(), "{parameter} {text}");
            }
        }
    }
    let deep = (0..1_000).fold(json!({"N": "1"}), |inner, _| Json::from_pairs([("L", Json::from(vec![inner]))]));
    assert!(AttributeValue::from_wire(&deep).is_err());
    let plain = (0..1_000).fold(json!(1), |inner, _| Json::from(vec![inner]));
    assert!(AttributeValue::from_plain(&plain).is_err());
}

#[test]
fn a_cache_full_of_expressions_starts_over() {
    let mut lab = Lab::new();
    for number in 0..3_000 {
        let parameters = json!({
            "TableName": "T", "Key": (wire_key("a")), "UpdateExpression": (format!("SET x{} = :v", number % 1_500)),
            "ExpressionAttributeValues": {":v": {"N": "1"}},
        });
        let request = Request::parse("UpdateItem", &parameters).unwrap();
        lab.run(request).unwrap();
    }
    assert_eq!(lab.item("a").as_object().unwrap().len(), 1_501);
}
