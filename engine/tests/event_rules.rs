//! The rule matcher against a plain reference, on generated patterns and events: as values, as bytes read whole, and as
//! bytes read as far as they matter; with rules added and removed.

#[path = "event_rules/generated.rs"]
mod generated;
#[path = "event_rules/reference.rs"]
mod reference;

use arbitrary::Unstructured;
use proptest::collection::vec;
use proptest::prelude::*;
use rehearsal_engine::events::{Pattern, RuleMatcher};
use rehearsal_engine::{Json, json};

use reference::{Event, STYLES};

fn keys_of_value(rules: &RuleMatcher<usize>, event: &Json) -> Vec<usize> {
    let mut keys = Vec::new();
    rules.matches(event, &mut keys);
    keys
}

/// Both ways of reading bytes must agree.
fn keys_of_text(rules: &RuleMatcher<usize>, event: &str) -> Vec<usize> {
    let (mut keys, mut again) = (Vec::new(), Vec::new());
    assert_eq!(rules.matches_bytes(event.as_bytes(), &mut keys), Ok(event.len()), "{event}");
    assert_eq!(rules.matches_event(event.as_bytes(), &mut again), Ok(()), "{event}");
    assert_eq!(keys, again, "{event}");
    keys
}

/// Objects in arrays in objects, with the same few keys at every level.
fn tangled_event() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![(0..2).prop_map(Json::from), vec((0..2).prop_map(Json::from), 0..3).prop_map(Json::from)];
    let object =
        vec((prop::sample::select(vec!["a", "b", "c"]), leaf.boxed()), 0..4).prop_map(Json::from_pairs).boxed();
    let array = move |inner: BoxedStrategy<Json>| vec(inner, 1..4).prop_map(Json::from).boxed();
    let inner = (array(object.clone()), array(object.clone()), object.clone()).prop_map(|(p, q, mut object)| {
        let members = object.make_object().expect("an object");
        members.insert("p".into(), p);
        members.insert("q".into(), q);
        object
    });
    (array(inner.boxed()), array(object)).prop_map(|(o, n)| json!({"o": (o), "n": (n)}))
}

/// Most paths of a tangled event at once, each with a single number, some absent.
fn tangled_pattern() -> impl Strategy<Value = Json> {
    let paths = vec!["n.a", "n.b", "n.c", "o.a", "o.b", "o.c", "o.p.a", "o.p.b", "o.p.c", "o.q.a", "o.q.b", "o.q.c"];
    let entry = prop_oneof![
        5 => (0..2).prop_map(|number| json!([(number)])),
        2 => Just(json!([{"exists": false}])),
        1 => (0..2).prop_map(|number| json!([{"exists": false}, (number)])),
    ];
    vec((prop::sample::select(paths), entry), 2..9).prop_map(Json::from_pairs)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_rules_together_answer_as_the_plain_rules_do(
        bytes in vec(any::<u8>(), 0..600),
        removed in any::<u8>(),
    ) {
        let mut draws = Unstructured::new(&bytes);
        let event = generated::event(&mut draws).expect("an event");
        let patterns: Vec<Json> = (0..5).map_while(|_| generated::pattern(&mut draws).ok()).collect();
        let mut rules = RuleMatcher::new();
        let mut written = Vec::new();
        for (key, pattern) in patterns.into_iter().enumerate() {
            // Some wildcards together are more than AWS takes.
            if let Ok(compiled) = Pattern::parse(&pattern.to_string()) {
                rules.add(key, &compiled);
                written.push((key, pattern));
            }
        }
        written.retain(|(key, _)| removed >> key & 1 == 0 || !rules.remove(key));
        let expected = |event: &Event| -> Vec<usize> {
            written.iter().filter(|(_, pattern)| reference::matches(pattern, event)).map(|(key, _)| *key).collect()
        };
        for style in STYLES {
            let text = event.written(style);
            prop_assert_eq!(keys_of_text(&rules, &text), expected(&event), "{}", text);
        }
        let text = event.written(STYLES[0]);
        let value = Json::parse(&text).expect("the text is JSON");
        prop_assert_eq!(keys_of_value(&rules, &value), expected(&Event::of(&value)), "{}", text);
    }

    #[test]
    fn adding_and_removing_a_rule_restores_every_answer(bytes in vec(any::<u8>(), 0..600)) {
        let mut draws = Unstructured::new(&bytes);
        let text = generated::event(&mut draws).expect("an event").written(STYLES[1]);
        let patterns: Vec<Pattern> = (0..6)
            .map_while(|_| generated::pattern(&mut draws).ok())
            .filter_map(|pattern| Pattern::parse(&pattern.to_string()).ok())
            .collect();
        let (kept, passing) = patterns.split_at(patterns.len() / 2);
        let mut rules = RuleMatcher::new();
        for (key, pattern) in kept.iter().enumerate() {
            rules.add(key, pattern);
        }
        let before = keys_of_text(&rules, &text);
        for (key, pattern) in passing.iter().enumerate() {
            rules.add(100 + key, pattern);
            prop_assert_eq!(keys_of_text(&rules, &text).contains(&(100 + key)), pattern.matches_text(&text) == Ok(true));
        }
        for key in 0..passing.len() {
            prop_assert!(rules.remove(&(100 + key)));
        }
        prop_assert_eq!(keys_of_text(&rules, &text), before);
        prop_assert_eq!(rules.len(), kept.len());
    }

    #[test]
    fn elements_that_entangle_many_fields_are_found(pattern in tangled_pattern(), event in tangled_event()) {
        let compiled = Pattern::parse(&pattern.to_string()).expect("a pattern");
        prop_assert_eq!(compiled.matches(&event), reference::matches(&pattern, &Event::of(&event)));
    }
}
