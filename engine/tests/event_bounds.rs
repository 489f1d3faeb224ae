//! Patterns and events that make other matchers explode: each of these would not end if ours did.

use rehearsal_engine::events::{BRANCHES_MAX, Pattern, RuleMatcher};

const NONE: [usize; 0] = [];

fn pattern(text: &str) -> Pattern {
    Pattern::parse(text).unwrap_or_else(|rejection| panic!("{text}: {rejection}"))
}

fn keys(rules: &RuleMatcher<usize>, event: &str) -> Vec<usize> {
    let mut keys = Vec::new();
    rules.matches_event(event.as_bytes(), &mut keys).unwrap_or_else(|problem| panic!("{}", problem.message));
    keys
}

#[test]
fn wildcards_that_nearly_match_everywhere_are_read_once() {
    let mut rules = RuleMatcher::new();
    let pieces = ["a", "aa", "ab", "aab", "b"];
    for (key, (first, second)) in pieces.iter().flat_map(|first| pieces.map(|second| (first, second))).enumerate() {
        let wildcard = format!("*{first}*{second}*{first}b*{second}c");
        // Those that AWS calls too complex are refused, which bounds them as well.
        if let Ok(pattern) = Pattern::parse(&format!(r#"{{"t": [{{"wildcard": "{wildcard}"}}]}}"#)) {
            rules.add(key, &pattern);
        }
    }
    assert!(rules.len() > 5);
    assert_eq!(keys(&rules, &format!(r#"{{"t": "{}"}}"#, "a".repeat(300_000))), NONE);
    assert_eq!(keys(&rules, &format!(r#"{{"t": "{}"}}"#, "ab".repeat(150_000))), NONE);
    let all: Vec<usize> = keys(&rules, &format!(r#"{{"t": "{}bc"}}"#, "aab".repeat(100_000)));
    assert!(!all.is_empty());
}

#[test]
fn ors_multiply_up_to_a_limit_and_nest_without_one() {
    let pair = |n: usize| format!(r#""$or": [{{"a{n}": [1]}}, {{"b{n}": [1]}}]"#);
    let product = |pairs: usize| format!("{{{}}}", (0..pairs).map(pair).collect::<Vec<_>>().join(", "));
    let doublings = BRANCHES_MAX.ilog2() as usize;
    let mut rules = RuleMatcher::new();
    rules.add(0, &pattern(&product(doublings)));
    let members: Vec<String> = (0..doublings).map(|n| format!(r#""b{n}": 1"#)).collect();
    assert_eq!(keys(&rules, &format!("{{{}}}", members.join(", "))), [0]);
    assert_eq!(keys(&rules, &format!("{{{}}}", members[1..].join(", "))), NONE);
    assert!(Pattern::parse(&product(doublings + 1)).is_err());
    assert!(Pattern::parse(&product(2_000)).is_err());

    let nested =
        (0..200).fold(r#"{"z": [1]}"#.to_owned(), |inner, n| format!(r#"{{"$or": [{inner}, {{"k{n}": [1]}}]}}"#));
    rules.add(1, &pattern(&nested));
    assert_eq!(keys(&rules, r#"{"z": 1}"#), [1]);
    assert_eq!(keys(&rules, r#"{"k199": 1}"#), [1]);
}

#[test]
fn objects_in_arrays_in_arrays_do_not_multiply() {
    // Each of the fields is there in half of the objects, never all in one.
    let rule = pattern(r#"{"a": {"u": [1], "v": [1], "w": [1], "x": [1], "y": [1], "z": [{"exists": false}]}}"#);
    let fields = ["u", "v", "w", "x", "y"];
    let object = |n: usize| {
        let members: Vec<String> = fields
            .iter()
            .enumerate()
            .filter(|(at, _)| n % fields.len() != *at)
            .map(|(_, name)| format!(r#""{name}": 1"#))
            .collect();
        format!("{{{}}}", members.join(", "))
    };
    let mut objects: Vec<String> = (0..4_096).map(object).collect();
    let nest = |mut items: Vec<String>| {
        while items.len() > 1 {
            items = items.chunks(8).map(|chunk| format!("[{}]", chunk.join(", "))).collect();
        }
        items.concat()
    };
    assert_eq!(rule.matches_text(&format!(r#"{{"a": {}}}"#, nest(objects.clone()))), Ok(false));
    objects[3_000] = r#"{"u": 1, "v": 1, "w": 1, "x": 1, "y": 1}"#.to_owned();
    assert_eq!(rule.matches_text(&format!(r#"{{"a": {}}}"#, nest(objects))), Ok(true));
}

#[test]
fn keys_written_again_in_every_array_end_in_an_answer() {
    // Eight arrays, whose elements say each field many times over: the search for what goes together gives up in time.
    let fields: Vec<String> = (0..8).flat_map(|n| [format!(r#""p{n}": [1]"#), format!(r#""q{n}": [1]"#)]).collect();
    let rule = pattern(&format!(r#"{{"a": {{{}}}}}"#, fields.join(", ")));
    let element = |n: usize, half: &str| format!(r#"{{"{half}{n}": 1, "{half}{n}": 1}}"#);
    let array = |n: usize| {
        format!("[{}]", [element(n, "p"), element(n, "q")].map(|element| vec![element; 20].join(", ")).join(", "))
    };
    let event = (0..8).map(|n| format!(r#""a": {}"#, array(n))).collect::<Vec<_>>().join(", ");
    assert_eq!(rule.matches_text(&format!("{{{event}}}")), Ok(false));
}

#[test]
fn rules_that_share_all_but_one_field_are_told_apart() {
    let mut rules = RuleMatcher::new();
    for n in 0..20_000 {
        let text = format!(
            r#"{{"source": ["s"], "detail": {{"state": ["on", "off"], "id": ["i{n}"], "x": [{{"exists": false}}]}}}}"#
        );
        rules.add(n, &pattern(&text));
    }
    for n in [0, 7, 19_999] {
        let event = format!(r#"{{"source": "s", "detail": {{"state": "off", "id": ["i{n}", "none"]}}}}"#);
        assert_eq!(keys(&rules, &event), [n]);
    }
    assert_eq!(keys(&rules, r#"{"source": "s", "detail": {"state": "off", "id": "i3", "x": 1}}"#), NONE);
}
