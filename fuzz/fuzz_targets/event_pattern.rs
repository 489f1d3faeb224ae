//! Event patterns, one a line, and an event on the last line: nothing panics, and all rules together answer as each alone.
//!
//! `cargo +nightly fuzz run event_pattern fuzz/corpus/event_pattern fuzz/seeds/event_pattern -- -dict=fuzz/dictionaries/event_pattern.dict`
#![no_main]

use libfuzzer_sys::fuzz_target;
use rehearsal_engine::Json;
use rehearsal_engine::events::{Pattern, RuleMatcher};
use rehearsal_engine::source::read_json;

fuzz_target!(|text: &str| {
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
        Ok(()) => assert_eq!(together, alone(&rules, |rule| rule.matches_text(event_text).unwrap_or_default())),
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
});

/// The rules that were kept and that match when asked one by one.
fn alone(rules: &[Pattern], matches: impl Fn(&Pattern) -> bool) -> Vec<usize> {
    (0..rules.len()).filter(|key| key % 2 == 0 && matches(&rules[*key])).collect()
}
