use super::*;
use crate::{json, text};

fn parse(text: &str) -> Json {
    Json::parse(text).expect("test text is JSON")
}

#[test]
fn text_survives_a_round_trip_with_keys_in_order() {
    for text in ["null", "true", "-1.5", "\"a\\\"b\"", "[]", "{}", r#"{"z":1,"a":[{"b":null}],"é":"ü"}"#] {
        assert_eq!(parse(text).to_string(), text);
    }
}

#[test]
fn a_clone_shares_and_a_write_copies_only_its_own_level() {
    let original = json!({"inner": {"deep": [1, 2]}, "other": {"x": 1}});
    let mut copy = original.clone();
    copy.make_object().expect("an object").insert("new".into(), Json::Null);
    assert_eq!(original.get("new"), None);
    let (Some(Json::Object(a)), Some(Json::Object(b))) = (original.get("inner"), copy.get("inner")) else {
        panic!("both have an inner object");
    };
    assert!(Arc::ptr_eq(a, b));
}

#[test]
fn measure_is_the_length_of_the_text_and_follows_writes() {
    let mut value = json!({"a": "tab\tquote\"", "b": [1, -2.5, true, false, null, {"c": "\u{1}é"}]});
    assert_eq!(value.measure(), Measure { bytes: value.to_string().len(), depth: 3 });
    value.make_object().expect("an object").insert("d".into(), json!([[[[]]]]));
    assert_eq!(value.measure(), Measure { bytes: value.to_string().len(), depth: 5 });
}

#[test]
fn every_byte_that_needs_an_escape_is_measured_wherever_it_stands() {
    for length in [1, 2, 7, 8, 9, 15, 16, 17, 300] {
        for at in 0..length {
            for character in ['"', '\\', '\n', '\u{1}', '\u{1f}', ' ', '!', '#', '[', ']', '\u{7f}', 'é'] {
                let text: String = (0..length).map(|place| if place == at { character } else { 'x' }).collect();
                let value = Json::from(text);
                assert_eq!(value.measure().bytes, value.to_string().len(), "{value}");
            }
        }
    }
}

#[test]
fn large_objects_keep_order_through_removal() {
    let mut object = Object::default();
    for n in 0..100 {
        object.insert(format!("k{n}").into(), Json::from(n));
    }
    object.remove("k50");
    assert_eq!(object.get("k99"), Some(&Json::from(99)));
    assert_eq!(object.get("k50"), None);
    assert_eq!(object.keys().nth(50).map(|key| &**key), Some("k51"));
}

#[test]
fn objects_are_equal_in_any_order() {
    assert_eq!(json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}));
    assert_ne!(json!({"a": 1}), json!({"a": 1, "b": 2}));
}

#[test]
fn the_macro_takes_literals_expressions_and_keys_in_parentheses() {
    let (key, some, none): (_, _, Option<&str>) = ("k", Some("s"), None);
    let inner = json!({"a": []});
    let value = json!({
        "null": null, "nested": {"list": [null, [1], {}, key.len(), -2]}, (key): some, (format!("{key}2")): none,
        "inner": inner, "negative": -1.5,
    });
    assert_eq!(
        value.to_string(),
        r#"{"null":null,"nested":{"list":[null,[1],{},1,-2]},"k":"s","k2":null,"inner":{"a":[]},"negative":-1.5}"#
    );
    assert_eq!(json!([inner, key]).to_text(), "[{\"a\":[]},\"k\"]".into());
}

#[test]
fn a_literal_is_allocated_once() {
    let keys: Vec<Arc<str>> = (0..2).map(|_| text!("key")).collect();
    assert!(Arc::ptr_eq(&keys[0], &keys[1]));
}

#[test]
fn numbers_are_measured_without_their_text() {
    for text in ["0", "-1", "9", "10", "-9223372036854775808", "18446744073709551615", "1.5", "1e300", "-0.0"] {
        let value = parse(text);
        assert_eq!(value.measure().bytes, value.to_string().len(), "{text}");
    }
}
