//! Updates, projections, key conditions and filters from a generated grammar, against plain evaluators that work on the
//! generated tree with the slowest means there are.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::Lab;
use super::reference::{Tree, constants, look_up, tree, value};
use crate::services::dynamodb::{
    AttributeValue, Attributes, DataType, Decimal, GetItem, PutItem, Query, ReturnValues, TableSchema, UpdateItem,
};

/// Paths of which none lies within another, so that any of them may be changed together.
const TARGETS: [&str; 9] = ["a", "b", "n", "s", "m.x", "m.y", "l[0]", "l[1]", "l[4]"];

/// The constants of updates, as `:u0`, `:u1`, …
fn operands() -> Vec<AttributeValue> {
    let mut all: Vec<AttributeValue> = vec![3.into(), "x".into(), AttributeValue::list([1.into()])];
    all.extend(AttributeValue::string_set(["x", "y"]));
    all.extend(AttributeValue::number_set([1, 2].map(|n: i64| Decimal::from(n))));
    all
}

#[derive(Clone, Debug)]
enum Change {
    Set(Source),
    Sum(bool, Source, Source),
    Remove,
    Add(usize),
    Delete(usize),
}

#[derive(Clone, Debug)]
enum Source {
    Path(&'static str),
    Value(usize),
    IfNotExists(&'static str, usize),
    Append(&'static str, usize),
}

impl Source {
    fn text(&self) -> String {
        match self {
            Source::Path(path) => (*path).to_owned(),
            Source::Value(at) => format!(":u{at}"),
            Source::IfNotExists(path, at) => format!("if_not_exists({path}, :u{at})"),
            Source::Append(path, at) => format!("list_append({path}, :u{at})"),
        }
    }

    fn evaluate(&self, old: &Attributes) -> Option<AttributeValue> {
        match self {
            Source::Path(path) => look_up(old, path),
            Source::Value(at) => Some(operands()[*at].clone()),
            Source::IfNotExists(path, at) => look_up(old, path).or_else(|| Some(operands()[*at].clone())),
            Source::Append(path, at) => {
                let (first, second) = (look_up(old, path)?, operands()[*at].clone());
                Some(AttributeValue::list(first.as_list()?.iter().chain(second.as_list()?).cloned()))
            }
        }
    }

    fn constant(&self) -> Option<usize> {
        match self {
            Source::Path(_) => None,
            Source::Value(at) | Source::IfNotExists(_, at) | Source::Append(_, at) => Some(*at),
        }
    }
}

impl Change {
    fn section(&self) -> &'static str {
        match self {
            Change::Set(_) | Change::Sum(..) => "SET",
            Change::Remove => "REMOVE",
            Change::Add(_) => "ADD",
            Change::Delete(_) => "DELETE",
        }
    }

    fn text(&self, path: &str) -> String {
        match self {
            Change::Set(source) => format!("{path} = {}", source.text()),
            Change::Sum(plus, left, right) => {
                format!("{path} = {} {} {}", left.text(), if *plus { '+' } else { '-' }, right.text())
            }
            Change::Remove => path.to_owned(),
            Change::Add(at) | Change::Delete(at) => format!("{path} :u{at}"),
        }
    }

    fn constants(&self) -> Vec<usize> {
        match self {
            Change::Set(source) => source.constant().into_iter().collect(),
            Change::Sum(_, left, right) => left.constant().into_iter().chain(right.constant()).collect(),
            Change::Remove => Vec::new(),
            Change::Add(at) | Change::Delete(at) => vec![*at],
        }
    }

    /// What is written at the path: nothing, a value, or a removal; `None` for an error.
    fn outcome(&self, old: &Attributes, path: &str) -> Option<Written> {
        let before = look_up(old, path);
        match self {
            Change::Set(source) => source.evaluate(old).map(Written::Value),
            Change::Sum(plus, left, right) => {
                let (left, right) = (left.evaluate(old)?.as_i64()?, right.evaluate(old)?.as_i64()?);
                Some(Written::Value(if *plus { left + right } else { left - right }.into()))
            }
            Change::Remove => Some(Written::Removal),
            Change::Add(at) => {
                let operand = operands()[*at].clone();
                if !matches!(operand.data_type(), DataType::N | DataType::Ss | DataType::Ns) {
                    return None;
                }
                let Some(before) = before else { return Some(Written::Value(operand)) };
                let sum = match (&before, &operand) {
                    (AttributeValue::N(_), AttributeValue::N(_)) => (before.as_i64()? + operand.as_i64()?).into(),
                    (AttributeValue::Ss(some), AttributeValue::Ss(more)) => {
                        AttributeValue::string_set(some.iter().chain(more.iter()).cloned())?
                    }
                    (AttributeValue::Ns(some), AttributeValue::Ns(more)) => {
                        AttributeValue::number_set(some.iter().chain(more.iter()).copied())?
                    }
                    _ => return None,
                };
                Some(Written::Value(sum))
            }
            Change::Delete(at) => {
                let operand = operands()[*at].clone();
                if !matches!(operand.data_type(), DataType::Ss | DataType::Ns) {
                    return None;
                }
                let Some(before) = before else { return Some(Written::Nothing) };
                let rest = match (&before, &operand) {
                    (AttributeValue::Ss(some), AttributeValue::Ss(less)) => {
                        AttributeValue::string_set(some.iter().filter(|one| !less.contains(one)).cloned())
                    }
                    (AttributeValue::Ns(some), AttributeValue::Ns(less)) => {
                        AttributeValue::number_set(some.iter().filter(|one| !less.contains(one)).copied())
                    }
                    _ => return None,
                };
                Some(rest.map_or(Written::Removal, Written::Value))
            }
        }
    }
}

enum Written {
    Nothing,
    Value(AttributeValue),
    Removal,
}

/// An item as two layers of plain maps: what an update can change is at most one level down.
#[expect(clippy::option_option, reason = "refused, or what is there then, which may be nothing")]
fn apply(old: Option<&Attributes>, changes: &BTreeMap<&'static str, Change>) -> Option<Option<Attributes>> {
    let empty = Attributes::new();
    let before = old.unwrap_or(&empty);
    let mut new = old.cloned().unwrap_or_else(|| Attributes::new().with("p", "key"));
    let mut removals = Vec::new();
    for (path, change) in changes {
        let outcome = change.outcome(before, path)?;
        // A nested path needs its container, but where nothing is changed of an item that is not there.
        let root = path.split(['.', '[']).next()?;
        if *path != root && (old.is_some() || matches!(outcome, Written::Value(_))) {
            let container = before.get(root)?.data_type();
            let wanted = if path.contains('.') { DataType::M } else { DataType::L };
            if container != wanted {
                return None;
            }
        }
        match outcome {
            Written::Nothing => {}
            Written::Value(value) => put(&mut new, path, value),
            Written::Removal => removals.push(*path),
        }
    }
    // From the end, so that no removal shifts another.
    for path in removals.into_iter().rev().filter(|_| old.is_some()) {
        take(&mut new, path);
    }
    let sets = changes.values().any(|change| matches!(change.section(), "SET" | "ADD"));
    Some((old.is_some() || sets).then_some(new))
}

fn parts(path: &str) -> (&str, Option<&str>, Option<usize>) {
    if let Some((root, name)) = path.split_once('.') {
        return (root, Some(name), None);
    }
    match path.split_once('[') {
        Some((root, index)) => (root, None, index.trim_end_matches(']').parse().ok()),
        None => (path, None, None),
    }
}

fn put(item: &mut Attributes, path: &str, value: AttributeValue) {
    let (root, name, index) = parts(path);
    let changed = match (item.get(root), name, index) {
        (Some(AttributeValue::M(map)), Some(name), _) => AttributeValue::from((**map).clone().with(name, value)),
        (Some(AttributeValue::L(list)), _, Some(index)) => {
            let mut list = (**list).clone();
            if index < list.len() {
                list[index] = value;
            } else {
                list.push(value);
            }
            AttributeValue::list(list)
        }
        _ => value,
    };
    item.insert(root.into(), changed);
}

fn take(item: &mut Attributes, path: &str) {
    let (root, name, index) = parts(path);
    match (item.get(root).cloned(), name, index) {
        (Some(AttributeValue::M(map)), Some(name), _) => {
            let mut map = (*map).clone();
            map.remove(name);
            item.insert(root.into(), map.into());
        }
        (Some(AttributeValue::L(list)), _, Some(index)) => {
            let rest = list.iter().enumerate().filter(|(at, _)| *at != index).map(|(_, value)| value.clone());
            item.insert(root.into(), AttributeValue::list(rest));
        }
        _ => drop(item.remove(root)),
    }
}

fn target() -> impl Strategy<Value = &'static str> {
    prop::sample::select(TARGETS.to_vec())
}

fn source() -> impl Strategy<Value = Source> {
    let at = 0..operands().len();
    prop_oneof![
        target().prop_map(Source::Path),
        at.clone().prop_map(Source::Value),
        (target(), at.clone()).prop_map(|(path, at)| Source::IfNotExists(path, at)),
        (target(), at).prop_map(|(path, at)| Source::Append(path, at)),
    ]
}

fn change() -> impl Strategy<Value = Change> {
    let number = || prop_oneof![target().prop_map(Source::Path), Just(Source::Value(0))];
    prop_oneof![
        3 => source().prop_map(Change::Set),
        1 => (any::<bool>(), number(), number()).prop_map(|(plus, left, right)| Change::Sum(plus, left, right)),
        2 => Just(Change::Remove),
        2 => (0..operands().len()).prop_map(Change::Add),
        1 => (0..operands().len()).prop_map(Change::Delete),
    ]
}

/// An item in which most of the paths are there, and of all kinds.
fn item() -> impl Strategy<Value = Attributes> {
    let some = || prop::sample::select(operands().into_iter().chain([7.into(), "z".into()]).collect::<Vec<_>>());
    let map = prop::collection::vec((prop::sample::select(vec!["x", "y"]), some()), 0..3)
        .prop_map(|members| AttributeValue::from(members.into_iter().collect::<Attributes>()));
    let list = prop::collection::vec(some(), 0..6).prop_map(AttributeValue::list);
    let member = prop_oneof![
        4 => (prop::sample::select(vec!["a", "b", "n", "s", "m", "l"]), some()),
        2 => (Just("m"), map),
        2 => (Just("l"), list),
    ];
    prop::collection::vec(member, 0..8).prop_map(|members| members.into_iter().collect::<Attributes>().with("p", "key"))
}

/// Sections in any order, each once; within one in the order of the paths.
fn update_text(changes: &BTreeMap<&'static str, Change>, sections: &[&str]) -> String {
    let section = |section: &&str| {
        let own = changes.iter().filter(|(_, change)| change.section() == *section);
        let texts: Vec<String> = own.map(|(path, change)| change.text(path)).collect();
        (!texts.is_empty()).then(|| format!("{section} {}", texts.join(", ")))
    };
    sections.iter().filter_map(section).collect::<Vec<_>>().join(" ")
}

/// What paths show of an item: elements of lists close up.
fn project(item: &Attributes, paths: &[&str]) -> Attributes {
    let mut shown = Attributes::new();
    for path in paths {
        let Some(value) = look_up(item, path) else { continue };
        let (root, name, index) = parts(path);
        match (shown.get(root).cloned(), name, index) {
            (Some(AttributeValue::M(map)), Some(name), _) => {
                shown.insert(root.into(), (*map).clone().with(name, value).into());
            }
            (None, Some(name), _) => drop(shown.insert(root.into(), Attributes::new().with(name, value).into())),
            (Some(AttributeValue::L(list)), _, Some(_)) => {
                shown.insert(root.into(), AttributeValue::list(list.iter().cloned().chain([value])));
            }
            (None, _, Some(_)) => drop(shown.insert(root.into(), AttributeValue::list([value]))),
            _ => drop(shown.insert(root.into(), value)),
        }
    }
    shown
}

/// A condition on the sort key, and whether a number fulfils it.
#[derive(Clone, Debug)]
struct Sort {
    text: &'static str,
    values: usize,
    holds: fn(i64, i64, i64) -> bool,
}

fn sort() -> impl Strategy<Value = Sort> {
    let one = |text, holds| Sort { text, values: 1, holds };
    prop::sample::select(vec![
        Sort { text: "", values: 0, holds: |_, _, _| true },
        one(" AND c = :low", |c, low, _| c == low),
        one(" AND c < :low", |c, low, _| c < low),
        one(" AND :low >= c", |c, low, _| c <= low),
        one(" AND c > :low", |c, low, _| c > low),
        one(" AND :low <= c", |c, low, _| c >= low),
        Sort { text: " AND c BETWEEN :low AND :high", values: 2, holds: |c, low, high| low <= c && c <= high },
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn compiled_updates_agree_with_a_plain_evaluator(
        old in prop::option::weighted(0.9, item()),
        changes in prop::collection::btree_map(target(), change(), 1..5),
        sections in Just(vec!["SET", "REMOVE", "ADD", "DELETE"]).prop_shuffle(),
    ) {
        let mut lab = Lab::new();
        if let Some(old) = &old {
            lab.run(PutItem::new("T", old.clone())).unwrap();
        }
        let text = update_text(&changes, &sections);
        let mut request = UpdateItem::new("T").key("p", "key").update(text.clone()).return_values(ReturnValues::AllNew);
        let mut used: Vec<usize> = changes.values().flat_map(Change::constants).collect();
        used.sort_unstable();
        used.dedup();
        for at in used {
            request = request.value(format!(":u{at}"), operands()[at].clone());
        }
        let expected = apply(old.as_ref(), &changes);
        match (lab.run(request), &expected) {
            (Ok(answer), Some(expected)) => {
                prop_assert_eq!(answer.attributes().map(|item| &**item), expected.as_ref(), "{}", text);
                let stored = lab.run(GetItem::new("T").key("p", "key").consistent()).unwrap();
                prop_assert_eq!(stored.item().map(|item| &**item), expected.as_ref(), "{}", text);
            }
            (Err(error), None) => {
                prop_assert_eq!(error.code, "ValidationException", "{}", text);
                let stored = lab.run(GetItem::new("T").key("p", "key").consistent()).unwrap();
                prop_assert_eq!(stored.item().map(|item| &**item), old.as_ref(), "a refused update changes nothing");
            }
            (found, expected) => {
                let found = found.map(|answer| answer.to_json().to_string()).map_err(|error| error.message);
                prop_assert!(false, "{text} on {old:?}: found {found:?}, expected {expected:?}");
            }
        }
    }

    #[test]
    fn projections_agree_with_a_plain_evaluator(
        item in item(),
        paths in prop::sample::subsequence(TARGETS.to_vec(), 1..TARGETS.len()),
        shuffled in any::<bool>(),
    ) {
        let mut lab = Lab::new();
        lab.run(PutItem::new("T", item.clone())).unwrap();
        let mut written: Vec<&str> = paths.clone();
        if shuffled {
            written.reverse();
        }
        let read = GetItem::new("T").key("p", "key").consistent().projection(written.join(", "));
        let answer = lab.run(read).unwrap();
        prop_assert_eq!(answer.item().map(|item| &**item), Some(&project(&item, &paths)), "{}", written.join(", "));
    }

    #[test]
    fn queries_agree_with_a_plain_evaluator(
        items in prop::collection::btree_map((prop::sample::select(vec!["one", "two"]), -3..8_i64), value(), 0..14),
        sort in sort(),
        (low, high) in (-2..8_i64, 0..4_i64).prop_map(|(low, more)| (low, low + more)),
        forward in any::<bool>(),
        limit in prop::option::of(1..4_u32),
        filter in prop::option::of(tree()),
    ) {
        let mut lab = Lab::of(vec![TableSchema::new("T", "p").range("c", DataType::N)]);
        let stored = |(p, c): (&'static str, i64), a: &AttributeValue| {
            Attributes::new().with("p", p).with("c", c).with("a", a.clone())
        };
        for (key, a) in &items {
            lab.run(PutItem::new("T", stored(*key, a))).unwrap();
        }
        // `c` is the sort key here, which no filter may name.
        let filter = filter.filter(|filter| !names_key(&filter.text()));
        let in_range = items.iter().filter(|((p, c), _)| *p == "one" && (sort.holds)(*c, low, high));
        let mut expected: Vec<Attributes> = in_range.map(|(key, a)| stored(*key, a)).collect();
        if !forward {
            expected.reverse();
        }
        let examined = expected.len();
        expected.retain(|item| filter.as_ref().is_none_or(|filter| filter.holds(item)));

        let mut request = Query::new("T").key_condition(format!("p = :p{}", sort.text)).value(":p", "one");
        for (name, value) in [(":low", low), (":high", high)].into_iter().take(sort.values) {
            request = request.value(name, value);
        }
        if let Some(filter) = &filter {
            request.expressions.filter = Some(filter.text().into());
            let mut used = Vec::new();
            Tree::constants(filter, &mut used);
            used.sort_unstable();
            used.dedup();
            for at in used {
                request = request.value(format!(":v{at}"), constants()[at].clone());
            }
        }
        request.forward = forward;
        request.limit = limit;
        request.consistent = true;
        let (mut found, mut scanned) = (Vec::new(), 0);
        for _ in 0..=items.len() + 1 {
            let answer = lab.run(request.clone()).unwrap();
            let page = answer.page().unwrap();
            prop_assert!(limit.is_none_or(|limit| page.scanned_count <= limit as usize));
            prop_assert_eq!(page.count, answer.items().len());
            scanned += page.scanned_count;
            found.extend(answer.items().iter().map(|item| (**item).clone()));
            request.start = page.last_evaluated_key.clone();
            if request.start.is_none() {
                break;
            }
        }
        prop_assert!(request.start.is_none(), "the pages come to an end");
        prop_assert_eq!(scanned, examined, "{}", sort.text);
        prop_assert_eq!(found, expected, "{} {:?}", sort.text, filter.map(|filter| filter.text()));
    }
}

/// Whether a filter's text names the sort key `c`.
fn names_key(text: &str) -> bool {
    text.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_' && letter != ':').any(|word| word == "c")
}
