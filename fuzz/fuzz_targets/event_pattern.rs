//! Event patterns, one a line, and an event on the last line: nothing panics, and all rules together answer as each alone,
//! however the event is read. And the same bytes as draws of patterns and an event: the plain reference of the engine's
//! tests says the same.
//!
//! `cargo +nightly fuzz run event_pattern fuzz/corpus/event_pattern fuzz/seeds/event_pattern -- -dict=fuzz/dictionaries/event_pattern.dict`
#![no_main]

#[path = "../../engine/tests/event_rules/generated.rs"]
mod generated;
#[path = "../../engine/tests/event_rules/reference.rs"]
mod reference;

use arbitrary::Unstructured;
use libfuzzer_sys::fuzz_target;
use rehearsal_engine::Json;
use rehearsal_engine::events::{Pattern, RuleMatcher};
use rehearsal_engine::source::read_json;

fuzz_target!(|bytes: &[u8]| {
    agrees_with_reference(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        lines(text);
    } else {
        // Bytes that are no text are read all the same.
        let mut rules = RuleMatcher::new();
        rules.add((), &Pattern::parse(r#"{"a": [{"wildcard": "*x*"}, {"numeric": [">", 1]}]}"#).expect("a pattern"));
        let (mut whole, mut enough) = (Vec::new(), Vec::new());
        if rules.matches_bytes(bytes, &mut whole).is_ok() && rules.matches_event(bytes, &mut enough).is_ok() {
            assert_eq!(whole, enough);
        }
    }
});

fn agrees_with_reference(bytes: &[u8]) {
    let mut draws = Unstructured::new(bytes);
    let Ok(event) = generated::event(&mut draws) else { return };
    let Ok(style) = draws.choose(&reference::STYLES) else { return };
    let text = event.written(*style);
    let value = Json::parse(&text).expect("the event's text is JSON");
    let value_as_event = reference::Event::of(&value);
    let (mut rules, mut of_text, mut of_value) = (RuleMatcher::new(), Vec::new(), Vec::new());
    for key in 0..4 {
        let Ok(pattern) = generated::pattern(&mut draws) else { break };
        // Some wildcards together are more than AWS takes.
        let Ok(rule) = Pattern::parse(&pattern.to_string()) else { continue };
        rules.add(key, &rule);
        if reference::matches(&pattern, &event) {
            of_text.push(key);
        }
        if reference::matches(&pattern, &value_as_event) {
            of_value.push(key);
        }
    }
    let mut matched = Vec::new();
    rules.matches(&value, &mut matched);
    assert_eq!(matched, of_value, "{value}");
    matched.clear();
    assert_eq!(rules.matches_bytes(text.as_bytes(), &mut matched), Ok(text.len()));
    assert_eq!(matched, of_text, "{text}");
    matched.clear();
    assert_eq!(rules.matches_event(text.as_bytes(), &mut matched), Ok(()));
    assert_eq!(matched, of_text, "{text}");
}

fn lines(text: &str) {
    let (patterns, event_text) = text.rsplit_once('\n').unwrap_or((text, r#"{"a":[{"b":1},{"b":"x"}]}"#));
    let mut rules: Vec<Pattern> = Vec::new();
    for pattern in patterns.lines() {
        match Pattern::parse(pattern) {
            Ok(pattern) => rules.push(pattern),
            Err(rejection) => {
                assert!(rejection.message.starts_with("Event pattern is not valid. Reason: "));
                assert!(!rejection.diagnostic.message.is_empty());
            }
        }
        if let Ok(node) = read_json(pattern) {
            let _ = Pattern::from_node(&node);
        }
    }
    // Every other rule comes twice and goes once, so that removal is exercised too.
    let mut matcher = RuleMatcher::new();
    for (key, rule) in rules.iter().chain(&rules).enumerate() {
        matcher.add(key, rule);
    }
    for key in (rules.len()..2 * rules.len()).chain((0..rules.len()).filter(|key| key % 2 == 1)) {
        assert!(matcher.remove(&key));
    }

    let mut together = Vec::new();
    match matcher.matches_text(event_text, &mut together) {
        Ok(()) => {
            let mut enough = Vec::new();
            assert_eq!(matcher.matches_event(event_text.as_bytes(), &mut enough), Ok(()));
            assert_eq!(together, enough);
            assert_eq!(together, alone(&rules, |rule| rule.matches_text(event_text).unwrap_or_default()));
        }
        Err(problem) => assert!(!problem.message.is_empty()),
    }
    if let Ok(event) = Json::parse(event_text) {
        together.clear();
        matcher.matches(&event, &mut together);
        assert_eq!(together, alone(&rules, |rule| rule.matches(&event)));
        // The value's own text must say the same; only the very smallest numbers are spelled otherwise than AWS reads them.
        let canonical = event.to_string();
        if !canonical.contains("e-3") {
            together.clear();
            matcher.matches_text(&canonical, &mut together).expect("a value's text is JSON");
            assert_eq!(together, alone(&rules, |rule| rule.matches(&event)));
        }
    }
}

/// The rules that were kept and that match when asked one by one.
fn alone(rules: &[Pattern], matches: impl Fn(&Pattern) -> bool) -> Vec<usize> {
    (0..rules.len()).filter(|key| key % 2 == 0 && matches(&rules[*key])).collect()
}
