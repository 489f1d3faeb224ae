use super::*;

#[test]
fn nodes_know_their_place() {
    let text = "{\n  \"é\": [1, {\"a\": \"x\\ny\"}]\n}";
    let node = read_json(text).expect("valid JSON");
    let items = node.get("é").and_then(Node::as_array).expect("an array");
    let string = items[1].get("a").expect("a member");
    assert_eq!(string.as_str(), Some("x\ny"));
    assert_eq!(Position::of(text, string.span.start), Position { line: 2, column: 18 });
    assert_eq!(&text[items[0].span.start as usize..items[0].span.end as usize], "1");
}

#[test]
fn repeated_keys_are_kept_and_the_last_is_read() {
    let node = read_json(r#"{"a": 1, "a": 2}"#).expect("valid JSON");
    assert_eq!(node.members().len(), 2);
    assert_eq!(node.get("a").map(Node::to_json), Some(2.into()));
}

#[test]
fn broken_text_names_its_place() {
    for (text, line, column, message) in [
        ("", 1, 1, "the text ends where a JSON value was expected"),
        ("{\"a\" 1}", 1, 6, "expected ':' after the member name"),
        ("[1,\n 2 3]", 2, 4, "expected ',' or ']' after the item"),
        ("{} x", 1, 4, "found more text after the end of the JSON value"),
        ("\"abc", 1, 1, "the string that starts here has no closing quote"),
        ("\"abc\\", 1, 1, "the string that starts here has no closing quote"),
        ("\"\\x\"", 1, 1, "the string that starts here holds an invalid escape"),
        ("-", 1, 1, "'-' is not a number that JSON can express"),
        ("nul", 1, 1, "expected a JSON value"),
    ] {
        let error = read_json(text).expect_err(text);
        assert_eq!(error.message, message, "{text}");
        assert_eq!(Position::of(text, error.span.start), Position { line, column }, "{text}");
    }
}

#[test]
fn hostile_nesting_is_refused() {
    let error = read_json(&"[".repeat(100_000)).expect_err("too deep");
    assert_eq!(error.message, "the value is nested deeper than 1000 levels");
    let deepest = format!("{}{}", "[".repeat(NESTING_MAX), "]".repeat(NESTING_MAX));
    assert!(read_json(&deepest).is_ok());
}
