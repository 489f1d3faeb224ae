use proptest::collection::vec;
use proptest::prelude::*;

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

/// The rules of matching written down plainly: every way through the `$or`s, every value with the elements it came
/// through, and every combination tried.
mod reference {
    use std::collections::BTreeMap;

    use super::*;

    type Fields = BTreeMap<String, Vec<Json>>;
    type Elements = Vec<(usize, usize)>;
    type Value = (String, Json, Elements);

    pub(super) fn matches(pattern: &Json, event: &Json) -> bool {
        let mut values = Vec::new();
        flatten(event, None, &[], &mut 0, &mut values);
        branches(pattern, "", vec![Fields::new()]).iter().any(|fields| {
            let fields: Vec<(&String, &Vec<Json>)> = fields.iter().collect();
            holds(&fields, &values, &[])
        })
    }

    fn branches(object: &Json, prefix: &str, mut so_far: Vec<Fields>) -> Vec<Fields> {
        for (key, value) in object.as_object().expect("an object").iter() {
            let path = if prefix.is_empty() { key.to_string() } else { format!("{prefix}.{key}") };
            so_far = match value {
                Json::Array(alternatives) if &**key == "$or" => {
                    alternatives.iter().flat_map(|object| branches(object, prefix, so_far.clone())).collect()
                }
                Json::Array(entries) => {
                    for fields in &mut so_far {
                        fields.insert(path.clone(), entries.to_vec());
                    }
                    so_far
                }
                object => branches(object, &path, so_far),
            };
        }
        so_far
    }

    fn flatten(
        value: &Json,
        path: Option<&str>,
        elements: &[(usize, usize)],
        arrays: &mut usize,
        into: &mut Vec<Value>,
    ) {
        match value {
            Json::Object(object) => {
                for (key, value) in object.iter() {
                    let path = path.map_or_else(|| key.to_string(), |path| format!("{path}.{key}"));
                    flatten(value, Some(&path), elements, arrays, into);
                }
            }
            Json::Array(items) => {
                let array = *arrays;
                *arrays += 1;
                for (index, item) in items.iter().enumerate() {
                    let mut inside = elements.to_vec();
                    if matches!(item, Json::Array(_) | Json::Object(_)) {
                        inside.push((array, index));
                    }
                    flatten(item, path, &inside, arrays, into);
                }
            }
            scalar => into.push((path.unwrap_or_default().to_owned(), scalar.clone(), elements.to_vec())),
        }
    }

    fn holds(fields: &[(&String, &Vec<Json>)], values: &[Value], chosen: &[(usize, usize)]) -> bool {
        let Some(((path, entries), rest)) = fields.split_first() else { return true };
        let goes = |elements: &Elements| {
            elements.iter().all(|(array, index)| chosen.iter().all(|(other, at)| other != array || at == index))
        };
        let mut compatible = values.iter().filter(|(at, _, elements)| at == *path && goes(elements)).peekable();
        if compatible.peek().is_none() {
            let absent = entries.contains(&json!({"exists": false}));
            return absent && holds(rest, values, chosen);
        }
        compatible.any(|(_, value, elements)| {
            entries.iter().any(|entry| accepts(entry, value)) && {
                let chosen: Elements = chosen.iter().chain(elements).copied().collect();
                holds(rest, values, &chosen)
            }
        })
    }

    fn accepts(entry: &Json, value: &Json) -> bool {
        let Some(object) = entry.as_object() else { return entry == value };
        let (operator, operand) = object.iter().next().expect("one operator");
        let text = value.as_str();
        match &**operator {
            "exists" => operand.as_bool() == Some(true),
            "prefix" => text.is_some_and(|text| text.starts_with(operand.as_str().unwrap_or_default())),
            "wildcard" => {
                let inner = operand.as_str().unwrap_or_default().trim_matches('*');
                text.is_some_and(|text| text.contains(inner))
            }
            "anything-but" => !operand.as_array().unwrap_or_default().contains(value),
            "numeric" => value.as_i64() > operand.item(1).and_then(Json::as_i64) && value.as_i64().is_some(),
            other => panic!("the generator writes no {other}"),
        }
    }
}

fn key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["a", "b", "c", "a.b", "b.c"])
}

fn scalar() -> impl Strategy<Value = Json> {
    prop_oneof![
        prop::sample::select(vec!["", "x", "xy", "yx"]).prop_map(Json::from),
        (0..3).prop_map(Json::from),
        any::<bool>().prop_map(Json::from),
        Just(Json::Null),
    ]
}

fn event_value() -> impl Strategy<Value = Json> {
    scalar().prop_recursive(4, 24, 3, |inner| {
        prop_oneof![vec(inner.clone(), 0..4).prop_map(Json::from), vec((key(), inner), 0..4).prop_map(Json::from_pairs)]
    })
}

fn event() -> impl Strategy<Value = Json> {
    vec((key(), event_value()), 0..4).prop_map(Json::from_pairs)
}

fn entry() -> impl Strategy<Value = Json> {
    prop_oneof![
        4 => scalar(),
        2 => any::<bool>().prop_map(|exists| json!({"exists": (exists)})),
        1 => prop::sample::select(vec!["", "x", "y"]).prop_map(|prefix| json!({"prefix": (prefix)})),
        1 => prop::sample::select(vec!["*x*", "*y*"]).prop_map(|wildcard| json!({"wildcard": (wildcard)})),
        1 => prop::sample::select(vec!["x", "xy"]).prop_map(|text| json!({"anything-but": [(text)]})),
        1 => (0..3).prop_map(|bottom| json!({"numeric": [">", (bottom)]})),
    ]
}

fn pattern_value() -> impl Strategy<Value = Json> {
    vec(entry(), 1..3).prop_map(Json::from).prop_recursive(3, 12, 3, |inner| {
        let object = vec((key(), inner), 1..3).prop_map(Json::from_pairs).boxed();
        prop_oneof![
            3 => object.clone(),
            1 => vec(object, 2..4).prop_map(|alternatives| Json::from_pairs([("$or", Json::from(alternatives))])),
        ]
    })
}

fn pattern_json() -> impl Strategy<Value = Json> {
    vec((key(), pattern_value()), 1..4).prop_map(Json::from_pairs)
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
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_rules_together_answer_as_the_plain_rules_do(
        patterns in vec(pattern_json(), 1..6),
        removed in any::<u8>(),
        event in event(),
    ) {
        let mut matcher = RuleMatcher::new();
        for (key, written) in patterns.iter().enumerate() {
            matcher.add(key, &pattern(&written.to_string()));
        }
        let is_kept = |key: &usize| removed >> key & 1 == 0;
        for key in (0..patterns.len()).filter(|key| !is_kept(key)) {
            matcher.remove(&key);
        }
        let mut keys = Vec::new();
        matcher.matches(&event, &mut keys);
        let expected: Vec<usize> =
            (0..patterns.len()).filter(is_kept).filter(|&key| reference::matches(&patterns[key], &event)).collect();
        prop_assert_eq!(&keys, &expected);
        let mut from_text = Vec::new();
        matcher.matches_text(&event.to_string(), &mut from_text).expect("the event's text is JSON");
        prop_assert_eq!(from_text, expected);
    }

    #[test]
    fn elements_that_entangle_many_fields_are_found(
        written in tangled_pattern(),
        event in tangled_event(),
    ) {
        let compiled = pattern(&written.to_string());
        prop_assert_eq!(compiled.matches(&event), reference::matches(&written, &event));
    }
}
