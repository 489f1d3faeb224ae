use rehearsal_engine::{Json, json};

use super::{plain, validation};
use crate::services::dynamodb::{AttributeValue, Attributes};

#[test]
fn wire_form_goes_in_and_out() {
    let item = json!({
        "b": {"B": "AAEC"}, "bs": {"BS": ["AA==", "AQ=="]}, "e": {"S": ""}, "f": {"BOOL": false},
        "l": {"L": [{"N": "1"}, {"L": []}]}, "m": {"M": {"x": {"NULL": true}}}, "n": {"N": "1.5"},
        "ns": {"NS": ["-1", "2"]}, "s": {"S": "text"}, "ss": {"SS": ["a", "b"]},
    });
    assert_eq!(Attributes::from_wire(&item).unwrap().to_wire().to_string(), item.to_string());
}

#[test]
fn sets_are_sorted_and_numbers_trimmed() {
    let read = |json: Json| AttributeValue::from_wire(&json).unwrap().to_wire();
    assert_eq!(read(json!({"NS": ["10", "9.0"]})), json!({"NS": ["9", "10"]}));
    assert_eq!(read(json!({"SS": ["b", "a"]})), json!({"SS": ["a", "b"]}));
    assert_eq!(
        AttributeValue::from_wire(&json!({"SS": ["b", "a"]})).unwrap(),
        AttributeValue::string_set(["a", "b", "a"]).unwrap()
    );
}

#[test]
fn malformed_values_are_refused_in_the_words_of_aws() {
    for (value, message) in [
        (json!({}), "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (json!({"X": "1"}), "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"),
        (
            json!({"S": "a", "N": "1"}),
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
             datatypes",
        ),
        (json!({"N": "abc"}), "The parameter cannot be converted to a numeric value: abc"),
        (json!({"N": ""}), "The parameter cannot be converted to a numeric value"),
        (json!({"SS": []}), "One or more parameter values were invalid: An string set  may not be empty"),
        (
            json!({"SS": ["a", "a"]}),
            "One or more parameter values were invalid: Input collection [a, a] contains duplicates.",
        ),
        (
            json!({"NS": ["1", "1.0"]}),
            "One or more parameter values were invalid: Input collection [1, 1.0] contains duplicates.",
        ),
        (
            json!({"NULL": false}),
            "One or more parameter values were invalid: Null attribute value types must have the value of true",
        ),
    ] {
        assert_eq!(validation(AttributeValue::from_wire(&value)), message, "{value}");
    }
}

#[test]
fn a_json_number_in_n_is_a_serialization_error() {
    for value in [json!({"N": 1}), json!({"N": 1.5}), json!({"S": true}), json!({"B": "***"}), json!("a"), json!(null)]
    {
        let error = AttributeValue::from_wire(&value).unwrap_err();
        assert_eq!(error.code, "SerializationException", "{value}");
    }
    let error = AttributeValue::from_wire(&json!({"N": 1})).unwrap_err();
    assert_eq!(error.message, "NUMBER_VALUE cannot be converted to String");
}

#[test]
fn plain_form_guesses_types_and_gives_numbers_back() {
    let seed =
        json!({"active": true, "id": "A", "none": null, "price": 999.99, "quantity": 2, "tags": ["x", {"y": 1}]});
    let item = Attributes::from_plain(&seed).unwrap();
    assert_eq!(item.get("price").unwrap().to_wire(), json!({"N": "999.99"}));
    assert_eq!(item.get("tags").unwrap().to_wire(), json!({"L": [{"S": "x"}, {"M": {"y": {"N": "1"}}}]}));
    assert_eq!(item.to_plain().to_string(), seed.to_string());
    assert_eq!(AttributeValue::string_set(["a"]).unwrap().to_plain(), json!(["a"]));
    assert!(Attributes::from_plain(&json!([1])).unwrap_err().contains("an item is an object"));
    assert!(Attributes::from_plain(&json!({"n": 1e200})).unwrap_err().contains("cannot be stored"));
}

#[test]
fn thirty_two_levels_of_nesting_are_the_limit() {
    let nested = |levels: usize| (0..levels).fold(json!({"N": "1"}), |inner, _| json!({"L": [(inner)]}));
    assert!(AttributeValue::from_wire(&nested(32)).is_ok());
    assert_eq!(validation(AttributeValue::from_wire(&nested(33))), "Nesting Levels have exceeded supported limits");
}

#[test]
fn rust_values_become_attribute_values() {
    let item =
        Attributes::new().with("s", "a").with("n", 3).with("f", 1.5).with("b", true).with("l", vec![plain(&json!(1))]);
    assert_eq!(item.to_plain(), json!({"b": true, "f": 1.5, "l": [1], "n": 3, "s": "a"}));
    assert_eq!(AttributeValue::from(f64::NAN), AttributeValue::Null);
    let repeated: Attributes = [("b", 1), ("a", 2), ("b", 3), ("a", 4)].into();
    assert_eq!(repeated.to_plain(), json!({"a": 4, "b": 3}));
}
