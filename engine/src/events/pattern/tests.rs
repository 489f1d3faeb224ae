use super::*;
use crate::source::{Position, read_json};

#[track_caller]
fn check(pattern: &str, event: &str, expected: bool) {
    let compiled = Pattern::parse(pattern).unwrap_or_else(|rejection| panic!("{pattern}: {rejection}"));
    assert_eq!(compiled.matches_text(event), Ok(expected), "{pattern} on the text {event}");
    if let Ok(value) = Json::parse(event) {
        assert_eq!(compiled.matches(&value), expected, "{pattern} on the value {event}");
    }
}

/// The reason for which `pattern` is refused, without its place.
#[track_caller]
fn reason(pattern: &str) -> String {
    let message = Pattern::parse(pattern).expect_err(pattern).message;
    let reason = message.strip_prefix("Event pattern is not valid. Reason: ").expect("AWS's opening words");
    reason.lines().next().unwrap_or_default().to_owned()
}

#[test]
fn every_key_must_hold_and_one_of_its_entries() {
    let pattern = r#"{"source": ["shop", "web"], "detail": {"status": ["paid"]}}"#;
    check(pattern, r#"{"source": "web", "detail": {"status": "paid"}, "more": 1}"#, true);
    check(pattern, r#"{"source": "web", "detail": {"status": "open"}}"#, false);
    check(pattern, r#"{"source": "web", "detail": {"Status": "paid"}}"#, false);
    check(pattern, r#"{"source": "web", "detail": "{\"status\": \"paid\"}"}"#, false);
    check(pattern, "[]", false);
}

#[test]
fn dots_in_keys_and_nesting_are_one_path() {
    let cases = [
        (r#"{"a": {"b": [1]}}"#, r#"{"a.b": 1}"#),
        (r#"{"a.b": [1]}"#, r#"{"a": {"b": 1}}"#),
        (r#"{"a.b": {"c": [1]}}"#, r#"{"a": {"b.c": 1}}"#),
        (r#"{"": {"a": [1]}}"#, r#"{".a": 1}"#),
    ];
    for (pattern, event) in cases {
        check(pattern, event, true);
    }
}

#[test]
fn scalars_of_the_event_meet_every_operator() {
    let events =
        [r#"{"k":"Order-7.PNG"}"#, r#"{"k":""}"#, r#"{"k":7}"#, r#"{"k":null}"#, r#"{"k":true}"#, r#"{"k":[]}"#, "{}"];
    let cases = [
        (r#""Order-7.PNG""#, "X......"),
        ("7.0", "..X...."),
        ("null", "...X..."),
        ("true", "....X.."),
        (r#"{"exactly": "Order-7.PNG"}"#, "X......"),
        (r#"{"prefix": "Order"}"#, "X......"),
        (r#"{"prefix": ""}"#, "XX....."),
        (r#"{"prefix": {"equals-ignore-case": "ORDER"}}"#, "X......"),
        (r#"{"suffix": ".PNG"}"#, "X......"),
        (r#"{"suffix": ".png"}"#, "......."),
        (r#"{"suffix": {"equals-ignore-case": ".png"}}"#, "X......"),
        (r#"{"equals-ignore-case": "order-7.png"}"#, "X......"),
        (r#"{"wildcard": "O*7*"}"#, "X......"),
        (r#"{"wildcard": ""}"#, ".X....."),
        (r#"{"wildcard": "*"}"#, "XX....."),
        (r#"{"numeric": ["=", 7e0]}"#, "..X...."),
        (r#"{"numeric": [">=", 7]}"#, "..X...."),
        (r#"{"numeric": [">", 7]}"#, "......."),
        (r#"{"numeric": ["<", 7.5]}"#, "..X...."),
        (r#"{"numeric": [">", 6, "<=", 7]}"#, "..X...."),
        (r#"{"exists": true}"#, "XXXXX.."),
        (r#"{"exists": false}"#, ".....XX"),
        (r#"{"anything-but": "Order-7.PNG"}"#, ".XXXX.."),
        (r#"{"anything-but": ["", "x"]}"#, "X.XXX.."),
        (r#"{"anything-but": 7}"#, "XX.XX.."),
        (r#"{"anything-but": [7, 8]}"#, "XX.XX.."),
        (r#"{"anything-but": {"prefix": "Or"}}"#, ".XXXX.."),
        (r#"{"anything-but": {"suffix": [".PNG", ".gif"]}}"#, ".XXXX.."),
        (r#"{"anything-but": {"equals-ignore-case": ["order-7.png"]}}"#, ".XXXX.."),
        (r#"{"anything-but": {"wildcard": "*7*"}}"#, ".XXXX.."),
        (r#"{"anything-but": {"wildcard": ""}}"#, "X.XXX.."),
        (r#"{"exists": false}, {"prefix": "Or"}"#, "X....XX"),
    ];
    for (entries, expected) in cases {
        for (event, expected) in events.iter().zip(expected.chars()) {
            check(&format!(r#"{{"k": [{entries}]}}"#), event, expected == 'X');
        }
    }
    check(r#"{"ip": [{"cidr": "10.1.0.0/16"}]}"#, r#"{"ip": "10.1.255.0"}"#, true);
    check(r#"{"ip": [{"cidr": "10.1.0.0/16"}]}"#, r#"{"ip": "10.2.0.0"}"#, false);
}

#[test]
fn only_scalars_are_values() {
    check(r#"{"a": [{"exists": false}]}"#, r#"{"a": {"b": 1}}"#, true);
    check(r#"{"a": [{"exists": true}]}"#, r#"{"a": [[], {}]}"#, false);
    check(r#"{"a": [{"exists": true}]}"#, r#"{"a": [[null]]}"#, true);
}

#[test]
fn an_array_is_the_set_of_its_scalars() {
    check(r#"{"tags": ["b"]}"#, r#"{"tags": ["a", ["b"]]}"#, true);
    check(r#"{"tags": [{"anything-but": "a"}]}"#, r#"{"tags": ["a", "b"]}"#, true);
    check(r#"{"tags": [{"anything-but": "a"}]}"#, r#"{"tags": ["a"]}"#, false);
    check(r#"{"tags": [{"anything-but": "a"}]}"#, r#"{"tags": []}"#, false);
}

#[test]
fn values_from_one_array_come_from_one_element() {
    let both = r#"{"items": {"sku": ["p1"], "qty": [2]}}"#;
    check(both, r#"{"items": [{"sku": "p1", "qty": 1}, {"sku": "p2", "qty": 2}]}"#, false);
    check(both, r#"{"items": [{"sku": "p2", "qty": 2}, {"sku": "p1", "qty": 2}]}"#, true);
    check(both, r#"{"items": [[{"sku": "p1"}, {"qty": 2}]]}"#, false);
    check(both, r#"{"items": [{"sku": ["p0", "p1"], "qty": [2]}]}"#, true);
    let apart = r#"{"buyers": {"id": [1]}, "sellers": {"id": [2]}}"#;
    check(apart, r#"{"buyers": [{"id": 0}, {"id": 1}], "sellers": [{"id": 2}]}"#, true);
    let deep = r#"{"orders": {"id": [1], "items": {"sku": ["p1"], "qty": [2]}}}"#;
    check(
        deep,
        r#"{"orders": [{"id": 1, "items": [{"sku": "p1", "qty": 1}]}, {"id": 2, "items": [{"sku": "p1", "qty": 2}]}]}"#,
        false,
    );
    check(deep, r#"{"orders": [{"id": 1, "items": [{"qty": 2}, {"sku": "p1", "qty": 2}]}]}"#, true);
}

#[test]
fn absence_is_asked_of_the_element_that_earlier_paths_chose() {
    let pattern = r#"{"items": {"qty": [2], "sku": [{"exists": false}]}}"#;
    check(pattern, r#"{"items": [{"qty": 1, "sku": "p1"}, {"qty": 2}]}"#, true);
    check(pattern, r#"{"items": [{"qty": 2, "sku": "p1"}, {"qty": 1}]}"#, false);
    let absence_first = r#"{"items": {"qty": [{"exists": false}], "sku": ["p1"]}}"#;
    check(absence_first, r#"{"items": [{"qty": 2}, {"sku": "p1"}]}"#, false);
}

#[test]
fn one_path_can_lead_through_two_arrays() {
    // The third field can come from the second element of either array; the second field leaves only that of `m`.
    let pattern = r#"{"m": {"i": [1], "n": {"j": [1], "k": [1]}}}"#;
    check(pattern, r#"{"m": [{"i": 1}, {"i": 1, "n.k": 1}], "m.n": [{"j": 1}, {"k": 1}]}"#, true);
    check(pattern, r#"{"m": [{"i": 1}, {"i": 2, "n.k": 1}], "m.n": [{"j": 1}, {"k": 1}]}"#, false);
}

#[test]
fn independent_arrays_do_not_multiply() {
    let many = |value: u32| vec![format!(r#"{{"x":1,"y":{value}}}"#); 300].join(",");
    let event = format!(r#"{{"a":[{0}],"b":[{0}],"c":[{0}],"d":[{{"x":1}},{{"y":2}}]}}"#, many(2));
    let pair = r#"{"x":[1],"y":[2]}"#;
    check(&format!(r#"{{"a":{pair},"b":{pair},"c":{pair},"d":{pair}}}"#), &event, false);
    check(&format!(r#"{{"a":{pair},"b":{pair},"c":{pair}}}"#), &event, true);
}

#[test]
fn or_holds_at_any_depth_and_multiplies() {
    let pattern = r#"{"source": ["s"], "$or": [{"a": [1]}, {"b": {"$or": [{"c": [2]}, {"d": [3]}]}}]}"#;
    check(pattern, r#"{"source": "s", "a": 1}"#, true);
    check(pattern, r#"{"source": "s", "b": {"d": 3}}"#, true);
    check(pattern, r#"{"source": "t", "a": 1}"#, false);
    check(pattern, r#"{"source": "s", "b": {"c": 3}}"#, false);
    let twice = r#"{"x": {"$or": [{"a": [1]}, {"b": [1]}]}, "y": {"$or": [{"a": [1]}, {"b": [1]}]}}"#;
    check(twice, r#"{"x": {"b": 1}, "y": {"a": 1}}"#, true);
    check(twice, r#"{"x": {"a": 1, "b": 1}}"#, false);
}

#[test]
fn the_later_text_for_a_path_counts() {
    check(r#"{"a": [1], "a": [2]}"#, r#"{"a": 1}"#, false);
    check(r#"{"a": {"b": [1]}, "a": {"c": [2]}}"#, r#"{"a": {"b": 1, "c": 2}}"#, true);
    check(r#"{"a": {"b": [1]}, "a": {"c": [2]}}"#, r#"{"a": {"c": 2}}"#, false);
    let or_later = r#"{"a": [1], "$or": [{"a": [2]}, {"b": [3]}]}"#;
    check(or_later, r#"{"a": 2}"#, true);
    check(or_later, r#"{"b": 3}"#, false);
    check(r#"{"$or": [{"a": [2]}, {"b": [3]}], "a": [1]}"#, r#"{"a": 1}"#, true);
}

#[test]
fn repeated_keys_of_an_event_text_are_all_values() {
    let pattern = Pattern::parse(r#"{"a": ["x"]}"#).expect("a pattern");
    assert_eq!(pattern.matches_text(r#"{"a": "x", "a": "y"}"#), Ok(true));
    assert_eq!(pattern.matches_text(r#"{"a": "y"} and more"#), Ok(false));
    assert!(pattern.matches_text(r#"{"a": "#).is_err());
}

#[test]
fn a_pattern_is_refused_with_the_reason_of_aws() {
    let cases = [
        ("[]", "Filter is not an object"),
        ("", "Filter is not an object"),
        ("{}", "Empty objects are not allowed"),
        (r#"{"a": {}}"#, "Empty objects are not allowed"),
        (r#"{"a": []}"#, "Empty arrays are not allowed"),
        (r#"{"a": "b"}"#, r#""a" must be an object or an array"#),
        (r#"{"a": [["b"]]}"#, "Match value must be String, number, true, false, or null"),
        (r#"{"a": [{}]}"#, "Match expression name not found"),
        (r#"{"a": [{"starts": "b"}]}"#, "Unrecognized match type starts"),
        (r#"{"a": [{"prefix": 1}]}"#, "prefix match pattern must be a string"),
        (r#"{"a": [{"prefix": {"suffix": "x"}}]}"#, "Unsupported prefix pattern: suffix"),
        (r#"{"a": [{"suffix": {}}]}"#, "Suffix expression name not found"),
        (r#"{"a": [{"prefix": "b", "suffix": "c"}]}"#, "Only one key allowed in match expression"),
        (r#"{"a": [{"numeric": 1}]}"#, "Value of numeric must be an array."),
        (r#"{"a": [{"numeric": [1]}]}"#, "Invalid member in numeric match: 1"),
        (r#"{"a": [{"numeric": ["!=", 1]}]}"#, "Unrecognized numeric range operator: !="),
        (r#"{"a": [{"numeric": ["=", "1"]}]}"#, "Value of equals must be numeric"),
        (r#"{"a": [{"numeric": ["<", 2, ">", 1]}]}"#, "Too many elements in numeric expression"),
        (r#"{"a": [{"numeric": [">", 1, "=", 2]}]}"#, "Bad numeric range operator: ="),
        (r#"{"a": [{"numeric": [">", 1, 2]}]}"#, "Bad value in numeric range: 2"),
        (r#"{"a": [{"numeric": [">", 1, "<", 2, 3]}]}"#, "Too many terms in numeric range expression"),
        (r#"{"a": [{"numeric": [">", 2, "<", 2]}]}"#, "Bottom must be less than top"),
        (r#"{"a": [{"numeric": [">", 1e999]}]}"#, "Cannot compare number : 1e999"),
        (r#"{"a": [{"anything-but": true}]}"#, "Value of anything-but must be an array or single string/number value."),
        (r#"{"a": [{"anything-but": ["b", null]}]}"#, "Inside anything but list, start|null|boolean is not supported."),
        (
            r#"{"a": [{"anything-but": ["b", 1]}]}"#,
            "Inside anything but list, either all values are number or string, mixed type is not supported",
        ),
        (r#"{"a": [{"anything-but": {"numeric": [">", 1]}}]}"#, "Unsupported anything-but pattern: numeric"),
        (r#"{"a": [{"anything-but": {"prefix": ""}}]}"#, "Null prefix/suffix not allowed"),
        (r#"{"a": [{"anything-but": {"suffix": [1]}}]}"#, "prefix/suffix match pattern must be a string"),
        (r#"{"a": [{"anything-but": {"wildcard": "**"}}]}"#, "Consecutive wildcard characters at pos 1"),
        (r#"{"a": [{"wildcard": "b\\c"}]}"#, "Invalid escape character at pos 2"),
        (r#"{"a": [{"wildcard": "*a*a*a*a*a*a*a"}]}"#, TOO_COMPLEX),
        (r#"{"a": [{"exists": "yes"}]}"#, "exists match pattern must be either true or false."),
        (r#"{"a": [{"cidr": 10}]}"#, "prefix match pattern must be a string"),
        (r#"{"a": [{"cidr": "10.0.0.0"}]}"#, "Malformed CIDR, one '/' required"),
        (r#"{"$or": {"a": [1]}}"#, "It must be an Array followed with $or."),
        (r#"{"$or": [{"a": [1]}]}"#, "There must have at least 2 Objects in $or relationship."),
        (r#"{"$or": [{"a": [1]}, 1]}"#, "Only JSON object is allowed in array of $or relationship."),
        (
            r#"{"$or": [{"a": [1]}, {"b": {"cidr": [1]}}]}"#,
            "cidr is Ruler reserved fieldName which cannot be used inside $or.",
        ),
    ];
    for (pattern, expected) in cases {
        assert_eq!(reason(pattern), expected, "{pattern}");
    }
}

const TOO_COMPLEX: &str = "Rule is too complex - try using fewer wildcard characters or fewer repeating character sequences after a wildcard character";

#[test]
fn text_that_is_not_json_is_refused_in_jacksons_words() {
    let values = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";
    let cases = [
        ("nope", format!("Unrecognized token 'nope': was expecting {values}")),
        (r#"{"a": [1,]}"#, format!("Unexpected character (']' (code 93)): expected a valid value {values}")),
        (
            r#"{"a": [1 2]}"#,
            "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries".to_owned(),
        ),
        (
            r#"{"a" [1]}"#,
            "Unexpected character ('[' (code 91)): was expecting a colon to separate field name and value".to_owned(),
        ),
        ("{a: [1]}", "Unexpected character ('a' (code 97)): was expecting double-quote to start field name".to_owned()),
        (r#"{"a": ["x]}"#, "Unexpected end-of-input: was expecting closing quote for a string value".to_owned()),
        (r#"{"a": ["\x"]}"#, "Unrecognized character escape 'x' (code 120)".to_owned()),
        (r#"{"a": [01]}"#, "Invalid numeric value: Leading zeroes not allowed".to_owned()),
        (
            r#"{"a": [1.]}"#,
            "Unexpected character (']' (code 93)) in numeric value: Decimal point not followed by a digit".to_owned(),
        ),
    ];
    for (pattern, expected) in cases {
        assert_eq!(reason(pattern), expected, "{pattern}");
    }
    check(r#"{"a": [1]} what follows is ignored"#, r#"{"a": 1}"#, true);
}

#[test]
fn a_message_shows_the_place_as_aws_does() {
    let message = |pattern: &str| Pattern::parse(pattern).expect_err("refused").message;
    let place =
        |pattern: &str, column: usize| format!("\n at [Source: (String)\"{pattern}\"; line: 1, column: {column}]");
    let once = r#"{"a": [{"prefix": 1}]}"#;
    assert_eq!(message(once), format!("Event pattern is not valid. Reason: {}{}", reason(once), place(once, 20)));
    let twice = r#"{"a": [{"anything-but": {"prefix": [1]}}]}"#;
    assert!(message(twice).ends_with(&place(twice, 38).repeat(2)), "{}", message(twice));
    assert!(!message(r#"{"a": [{"cidr": "x"}]}"#).contains("Source"));
    let long = format!(r#"{{"a": [{{"prefix": 1}}], "b": ["{}"]}}"#, "x".repeat(600));
    assert!(message(&long).contains("[truncated"), "the pattern is shown in part");
}

#[test]
fn a_problem_knows_its_line_and_a_pattern_can_stand_in_a_document() {
    let text = "{\n  \"detail\": {\n    \"a\": [{\"prefix\": 1}]\n  }\n}";
    let rejection = Pattern::parse(text).expect_err("refused");
    assert_eq!(Position::of(text, rejection.diagnostic.span.start), Position { line: 3, column: 22 });
    let node = read_json(text).expect("JSON");
    let in_document = Pattern::from_node(&node).expect_err("refused");
    assert_eq!(in_document.diagnostic, rejection.diagnostic);
    assert_eq!(in_document.message, "Event pattern is not valid. Reason: prefix match pattern must be a string");
    let node = read_json(r#"{"a": [1.5, {"exists": false}]}"#).expect("JSON");
    assert!(Pattern::from_node(&node).expect("a pattern").matches(&crate::json!({"a": 1.5})));
}

#[test]
fn hostile_patterns_are_answered() {
    let ors =
        (0..64).map(|n| format!(r#""k{n}": {{"$or": [{{"a": [1]}}, {{"b": [1]}}]}}"#)).collect::<Vec<_>>().join(",");
    assert!(reason(&format!("{{{ors}}}")).contains("more than 1000"));
    let deep = format!("{}[1]{}", r#"{"a":"#.repeat(900), "}".repeat(900));
    assert!(Pattern::parse(&deep).is_ok());
    let deeper = r#"{"a":"#.repeat(100_000);
    assert!(reason(&deeper).starts_with("Document nesting depth"));
    let event = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let pattern = Pattern::parse(r#"{"a": [1]}"#).expect("a pattern");
    assert!(pattern.matches_text(&format!(r#"{{"a": {event}}}"#)).is_err());
    let value = (0..5_000).fold(crate::json!(1), |inner, _| Json::from(vec![inner]));
    assert!(!pattern.matches(&Json::from_pairs([("a", value)])));
}
