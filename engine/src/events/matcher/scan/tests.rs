use super::*;

#[test]
fn strings_end_at_the_quote_that_is_not_escaped() {
    for padding in 0..140 {
        for (text, end) in [
            (r#""plain" "x""#, 6),
            (r#""a\"b" "x""#, 5),
            (r#""a\\" "x""#, 4),
            (r#""a\\\"b" "x""#, 7),
            (r#""" "x""#, 1),
            (r#""{[\\\\" "x""#, 7),
        ] {
            let text = " ".repeat(padding) + text;
            assert_eq!(Scanner::new(text.as_bytes()).string_end(padding + 1), Ok(padding + end), "{text}");
        }
    }
}

#[test]
fn containers_end_where_their_brackets_do() {
    for padding in 0..140 {
        for text in ["{}", "[]", r#"[{"a": "]}"}, [1, "\"]"], {}]"#, r#"{"k": {"k": [[[{"s": "_|~^\\"}]]]}}"#] {
            let padded = format!("{}{text} [1]", " ".repeat(padding));
            assert_eq!(
                Scanner::new(padded.as_bytes()).container_end(padding + 1),
                Ok(padding + text.len()),
                "{padded}"
            );
        }
    }
}

#[test]
fn what_cannot_be_an_event_is_broken_where_it_stands() {
    let nested = "[".repeat(NESTING_MAX + 1);
    let cases =
        [(r#"{"a": 1"#, 7), (r#"{"a": "b}"#, 9), ("{\"a\": \"b\n\"}", 8), ("[_]", 1), (&nested[..], NESTING_MAX)];
    for (text, at) in cases {
        assert_eq!(Scanner::new(text.as_bytes()).container_end(1), Err(Broken { at }), "{text}");
    }
}
