use super::*;
use crate::json;

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|rejection| panic!("{text}: {rejection}"))
}

fn matched(matcher: &RuleMatcher<&'static str>, event: &Json) -> Vec<&'static str> {
    let mut keys = Vec::new();
    matcher.matches(event, &mut keys);
    keys
}

#[test]
fn rules_come_in_the_order_of_their_keys_whatever_their_history() {
    let mut matcher = RuleMatcher::new();
    for key in ["c", "a", "b", "d"] {
        matcher.add(key, &pattern(r#"{"source": [{"prefix": "shop"}]}"#));
    }
    matcher.add("d", &pattern(r#"{"source": ["web"]}"#));
    assert_eq!(matched(&matcher, &json!({"source": "shop.orders"})), ["a", "b", "c"]);
    assert!(matcher.remove(&"b"));
    assert!(!matcher.remove(&"b"));
    assert_eq!(matched(&matcher, &json!({"source": "shop.orders"})), ["a", "c"]);
    assert_eq!(matched(&matcher, &json!({"source": "web"})), ["d"]);
    assert_eq!(matcher.len(), 3);
}

#[test]
fn a_rule_with_several_matching_branches_comes_once() {
    let mut matcher = RuleMatcher::new();
    matcher.add("or", &pattern(r#"{"$or": [{"a": [1]}, {"b": [2]}, {"c": [{"exists": false}]}]}"#));
    assert_eq!(matched(&matcher, &json!({"a": 1, "b": 2})), ["or"]);
}

#[test]
fn rules_that_come_and_go_leave_nothing_behind_that_is_asked() {
    let mut matcher = RuleMatcher::new();
    for n in 0..1_000 {
        matcher.add(n, &pattern(&format!(r#"{{"a": ["{n}"]}}"#)));
    }
    let passing = [
        r#"{"a": ["7"]}"#,
        r#"{"a": ["7"], "b": [1]}"#,
        r#"{"a": [{"exists": false}]}"#,
        r#"{"$or": [{"a": ["7"]}, {"a": ["7"]}, {"b": [2], "a": ["7", "8"]}]}"#,
    ];
    for round in 0..100 {
        for (key, text) in passing.iter().enumerate() {
            matcher.add(2_000 + key, &pattern(text));
        }
        let mut keys = Vec::new();
        matcher.matches(&json!({"a": "7", "b": 1}), &mut keys);
        assert_eq!(keys, [7, 2_000, 2_001, 2_003], "round {round}");
        for key in 0..passing.len() {
            assert!(matcher.remove(&(2_000 + key)));
        }
        keys.clear();
        matcher.matches(&json!({"a": "7", "b": 1}), &mut keys);
        assert_eq!(keys, [7], "round {round}");
        assert!(matcher.index.always.is_empty());
    }
    let waiting = matcher.index.waiting();
    assert_eq!(waiting, matcher.len());
}

#[test]
fn many_rules_on_many_keys_are_all_found() {
    let mut matcher = RuleMatcher::new();
    for n in 0..600 {
        matcher.add(n, &pattern(&format!(r#"{{"detail": {{"k{n}": [{{"exists": true}}], "id": ["{}"]}}}}"#, n % 7)));
    }
    for n in 0..500 {
        matcher.remove(&n);
    }
    let event = json!({"detail": {"id": "4", "k3": 1, "k501": 1, "k502": 1, "k508": 1, "k515": null}});
    let mut keys = Vec::new();
    matcher.matches(&event, &mut keys);
    let expected: Vec<i32> = [501, 502, 508, 515].into_iter().filter(|n| n % 7 == 4).collect();
    assert_eq!(keys, expected);
    assert!(!keys.is_empty());
}

#[test]
fn an_event_ends_where_its_brace_does() {
    let mut matcher = RuleMatcher::new();
    matcher.add(1, &pattern(r#"{"a": [{"exists": true}]}"#));
    let end_of = |text: &str| matcher.matches_bytes(text.as_bytes(), &mut Vec::new());
    for (text, end) in [
        (r#"{"a": 1} {"a": 2}"#, 8),
        (r#" {"b": [{"}": "]"}]}}"#, 20),
        (r#"{"a": "\\\"}"}rest"#, 14),
        (r#""text" 1"#, 6),
        ("[{}],", 4),
        ("12", 2),
    ] {
        assert_eq!(end_of(text), Ok(end), "{text}");
    }
}

#[test]
fn bytes_that_are_no_event_are_refused_where_they_stop_making_sense() {
    let mut matcher = RuleMatcher::new();
    matcher.add(1, &pattern(r#"{"a": [1]}"#));
    for (text, at, is_cut_short) in [
        (r#"{"a": 1"#, 7, true),
        (r#"{"a": 1, "b"#, 11, true),
        (r#"{"a": tr"#, 8, true),
        ("{\"b\": \"x\n\"}", 9, false),
        (r#"{"a": 01}"#, 7, false),
        (r#"{"a" 1}"#, 6, false),
        (r#"{"a": 1, }"#, 10, false),
        ("", 0, true),
    ] {
        let problem = matcher.matches_bytes(text.as_bytes(), &mut Vec::new()).expect_err(text);
        assert_eq!((problem.at, problem.is_cut_short), (at, is_cut_short), "{text}: {}", problem.message);
    }
}

#[test]
fn bytes_that_are_no_text_equal_nothing_and_break_nothing() {
    let mut matcher = RuleMatcher::new();
    matcher.add("exact", &pattern(r#"{"a": ["x"]}"#));
    matcher.add("prefix", &pattern(r#"{"a": [{"prefix": "x"}]}"#));
    let mut keys = Vec::new();
    assert_eq!(matcher.matches_bytes(b"{\"\xff\": 1, \"a\": \"x\xff\"}", &mut keys), Ok(19));
    assert_eq!(keys, ["prefix"]);
}

#[test]
fn repeated_and_escaped_keys_are_read_however_late_they_come() {
    let mut matcher = RuleMatcher::new();
    matcher.add(1, &pattern(r#"{"a": {"key": ["x"]}}"#));
    for (event, is_match) in [
        (r#"{"a": {"key": "y"}, "b": 1, "a": {"key": "x"}}"#, true),
        (r#"{"a": {"key": "y", "b": 1, "key": "x"}}"#, true),
        (r#"{"a": {"key": "y"}, "a.key": "x"}"#, true),
        (r#"{"a": {"key": "y"}, "a": {"\u006bey": "x"}}"#, true),
        (r#"{"a": [{"key": "y"}, {"key": "x"}]}"#, true),
        (r#"{"a": {"key": ["y", "z", "x"]}}"#, true),
        (r#"{"a": {"key": "y"}, "b": {"key": "x"}}"#, false),
        (r#"{"a": {"key": "y"}, "b": "x"}"#, false),
    ] {
        let mut keys = Vec::new();
        assert_eq!(matcher.matches_event(event.as_bytes(), &mut keys), Ok(()), "{event}");
        assert_eq!(keys.len(), usize::from(is_match), "{event}");
    }
}

#[test]
fn many_wildcards_on_one_long_text_are_each_read_once() {
    let mut matcher = RuleMatcher::new();
    for n in 0..500 {
        matcher.add(n, &pattern(&format!(r#"{{"a": [{{"wildcard": "*aa*b{n}*"}}]}}"#)));
    }
    // Its only telling piece stands everywhere.
    matcher.add(500, &pattern(r#"{"a": [{"wildcard": "*aa*c*"}]}"#));
    let mut keys = Vec::new();
    let text = "a".repeat(100_000);
    matcher.matches_text(&format!(r#"{{"a": "{text}b7a"}}"#), &mut keys).expect("an event");
    assert_eq!(keys, [7]);
}

#[test]
fn the_elements_of_a_large_array_do_not_multiply() {
    let rule = pattern(r#"{"a": {"x": [1], "y": [1], "z": [{"exists": false}]}}"#);
    let item = |x: u32, y: u32, more: &str| format!(r#"{{"x": {x}, "y": {y}{more}}}"#);
    let mut items = vec![item(1, 0, ""); 3_000];
    items.extend(vec![item(0, 1, ""); 3_000]);
    items.extend(vec![item(1, 1, r#", "z": 1"#); 3_000]);
    assert_eq!(rule.matches_text(&format!(r#"{{"a": [{}]}}"#, items.join(","))), Ok(false));
    items.push(item(1, 1, ""));
    assert_eq!(rule.matches_text(&format!(r#"{{"a": [{}]}}"#, items.join(","))), Ok(true));
}
