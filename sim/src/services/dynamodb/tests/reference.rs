//! Compiled conditions against a plain evaluator over the generated tree itself.

use std::cmp::Ordering;

use proptest::prelude::*;

use super::Lab;
use crate::services::dynamodb::{AttributeValue, Attributes, Decimal, PutItem, UpdateItem};

/// A condition as it is generated: written as text for the database, evaluated by [`Tree::holds`] for us.
#[derive(Clone, Debug)]
pub(super) enum Tree {
    Compare(&'static str, Leaf, Leaf),
    Between(Leaf, Leaf, Leaf),
    In(Leaf, Vec<Leaf>),
    Exists(bool, &'static str),
    IsType(&'static str, usize),
    BeginsWith(&'static str, Leaf),
    Contains(&'static str, Leaf),
    And(Box<Tree>, Box<Tree>),
    Or(Box<Tree>, Box<Tree>),
    Not(Box<Tree>),
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Leaf {
    Path(&'static str),
    Value(usize),
    Size(&'static str),
}

const PATHS: [&str; 7] = ["a", "b", "c", "m.x", "m.y.z", "l[0]", "l[1][0]"];
const TYPES: [&str; 4] = ["S", "N", "L", "SS"];

/// The constants, by placeholder `:v0`, `:v1`, …; the last four are type names.
pub(super) fn constants() -> Vec<AttributeValue> {
    let mut all: Vec<AttributeValue> = vec![1.into(), 2.into(), "x".into(), "xy".into(), true.into()];
    all.push(AttributeValue::list(["x".into()]));
    all.extend(AttributeValue::string_set(["x", "y"]));
    all.extend(TYPES.map(AttributeValue::from));
    all
}

/// Where the type names begin.
const FIRST_TYPE: usize = 7;

impl Leaf {
    fn text(&self) -> String {
        match self {
            Leaf::Path(path) => (*path).to_owned(),
            Leaf::Value(at) => format!(":v{at}"),
            Leaf::Size(path) => format!("size({path})"),
        }
    }

    fn value(&self, item: &Attributes) -> Option<AttributeValue> {
        match self {
            Leaf::Path(path) => look_up(item, path),
            Leaf::Value(at) => Some(constants()[*at].clone()),
            Leaf::Size(path) => {
                let size = match look_up(item, path)? {
                    AttributeValue::S(text) => text.len(),
                    AttributeValue::B(bytes) => bytes.len(),
                    AttributeValue::L(elements) => elements.len(),
                    AttributeValue::M(attributes) => attributes.len(),
                    AttributeValue::Ss(members) => members.len(),
                    AttributeValue::Ns(members) => members.len(),
                    AttributeValue::Bs(members) => members.len(),
                    _ => return None,
                };
                Some(AttributeValue::N(Decimal::from(size as u64)))
            }
        }
    }

    fn constants(&self, used: &mut Vec<usize>) {
        if let Leaf::Value(at) = self {
            used.push(*at);
        }
    }
}

/// Walks a path written as text, one character class at a time.
pub(super) fn look_up(item: &Attributes, path: &str) -> Option<AttributeValue> {
    let mut current = AttributeValue::from(item.clone());
    for part in path.split('.') {
        let (name, indexes) = part.split_once('[').map_or((part, ""), |(name, rest)| (name, rest));
        current = current.as_map()?.get(name)?.clone();
        for index in indexes.split('[').filter(|index| !index.is_empty()) {
            current = current.as_list()?.get(index.trim_end_matches(']').parse::<usize>().ok()?)?.clone();
        }
    }
    Some(current)
}

fn ordered(left: &AttributeValue, right: &AttributeValue) -> Option<Ordering> {
    match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        (AttributeValue::N(left), AttributeValue::N(right)) => left.to_f64().partial_cmp(&right.to_f64()),
        _ => None,
    }
}

impl Tree {
    pub(super) fn text(&self) -> String {
        match self {
            Tree::Compare(operator, left, right) => format!("{} {operator} {}", left.text(), right.text()),
            Tree::Between(value, low, high) => format!("{} BETWEEN {} AND {}", value.text(), low.text(), high.text()),
            Tree::In(value, list) => {
                format!("{} IN ({})", value.text(), list.iter().map(Leaf::text).collect::<Vec<_>>().join(", "))
            }
            Tree::Exists(true, path) => format!("attribute_exists({path})"),
            Tree::Exists(false, path) => format!("attribute_not_exists({path})"),
            Tree::IsType(path, at) => format!("attribute_type({path}, :v{})", FIRST_TYPE + at),
            Tree::BeginsWith(path, prefix) => format!("begins_with({path}, {})", prefix.text()),
            Tree::Contains(path, part) => format!("contains({path}, {})", part.text()),
            Tree::And(left, right) => format!("{} AND {}", left.operand(), right.operand()),
            Tree::Or(left, right) => format!("{} OR {}", left.operand(), right.operand()),
            Tree::Not(inner) => format!("NOT {}", inner.operand()),
        }
    }

    /// In parentheses where precedence would read the text otherwise.
    fn operand(&self) -> String {
        match self {
            Tree::And(..) | Tree::Or(..) => format!("({})", self.text()),
            _ => self.text(),
        }
    }

    pub(super) fn holds(&self, item: &Attributes) -> bool {
        match self {
            Tree::Compare(operator, left, right) => {
                let (Some(left), Some(right)) = (left.value(item), right.value(item)) else { return *operator == "<>" };
                let order = ordered(&left, &right);
                match *operator {
                    "=" => left == right,
                    "<>" => left != right,
                    "<" => order == Some(Ordering::Less),
                    "<=" => matches!(order, Some(Ordering::Less | Ordering::Equal)),
                    ">" => order == Some(Ordering::Greater),
                    _ => matches!(order, Some(Ordering::Greater | Ordering::Equal)),
                }
            }
            Tree::Between(value, low, high) => {
                let at_least = Tree::Compare(">=", value.clone(), low.clone());
                let at_most = Tree::Compare("<=", value.clone(), high.clone());
                at_least.holds(item) && at_most.holds(item)
            }
            Tree::In(value, list) => {
                list.iter().any(|candidate| Tree::Compare("=", value.clone(), candidate.clone()).holds(item))
            }
            Tree::Exists(wanted, path) => look_up(item, path).is_some() == *wanted,
            Tree::IsType(path, at) => look_up(item, path).is_some_and(|value| value.data_type().name() == TYPES[*at]),
            Tree::BeginsWith(path, prefix) => match (look_up(item, path), prefix.value(item)) {
                (Some(AttributeValue::S(text)), Some(AttributeValue::S(prefix))) => text.starts_with(&*prefix),
                _ => false,
            },
            Tree::Contains(path, part) => match (look_up(item, path), part.value(item)) {
                (Some(AttributeValue::S(text)), Some(AttributeValue::S(part))) => text.contains(&*part),
                (Some(AttributeValue::Ss(members)), Some(AttributeValue::S(part))) => members.contains(&part),
                (Some(AttributeValue::L(elements)), Some(part)) => elements.contains(&part),
                _ => false,
            },
            Tree::And(left, right) => left.holds(item) && right.holds(item),
            Tree::Or(left, right) => left.holds(item) || right.holds(item),
            Tree::Not(inner) => !inner.holds(item),
        }
    }

    pub(super) fn constants(&self, used: &mut Vec<usize>) {
        match self {
            Tree::Compare(_, left, right) => [left, right].iter().for_each(|leaf| leaf.constants(used)),
            Tree::Between(value, low, high) => [value, low, high].iter().for_each(|leaf| leaf.constants(used)),
            Tree::In(value, list) => {
                value.constants(used);
                for leaf in list {
                    leaf.constants(used);
                }
            }
            Tree::Exists(..) => {}
            Tree::IsType(_, at) => used.push(FIRST_TYPE + at),
            Tree::BeginsWith(_, leaf) | Tree::Contains(_, leaf) => leaf.constants(used),
            Tree::And(left, right) | Tree::Or(left, right) => {
                left.constants(used);
                right.constants(used);
            }
            Tree::Not(inner) => inner.constants(used),
        }
    }
}

fn path() -> impl Strategy<Value = &'static str> {
    prop::sample::select(PATHS.to_vec())
}

fn leaf() -> impl Strategy<Value = Leaf> {
    prop_oneof![path().prop_map(Leaf::Path), (0..FIRST_TYPE).prop_map(Leaf::Value), path().prop_map(Leaf::Size)]
}

/// A leaf that has an order, as far as the request can tell.
fn ordered_leaf() -> impl Strategy<Value = Leaf> {
    prop_oneof![path().prop_map(Leaf::Path), (0..4_usize).prop_map(Leaf::Value), path().prop_map(Leaf::Size)]
}

pub(super) fn tree() -> impl Strategy<Value = Tree> {
    let text = || prop_oneof![path().prop_map(Leaf::Path), (2..4_usize).prop_map(Leaf::Value)];
    let single = prop_oneof![
        (prop::sample::select(vec!["=", "<>"]), leaf(), leaf())
            .prop_map(|(operator, left, right)| Tree::Compare(operator, left, right)),
        (prop::sample::select(vec!["<", "<=", ">", ">="]), ordered_leaf(), ordered_leaf())
            .prop_map(|(operator, left, right)| Tree::Compare(operator, left, right)),
        (ordered_leaf(), path(), ordered_leaf()).prop_map(|(value, low, high)| Tree::Between(
            value,
            Leaf::Path(low),
            high
        )),
        (leaf(), prop::collection::vec(leaf(), 1..4)).prop_map(|(value, list)| Tree::In(value, list)),
        (any::<bool>(), path()).prop_map(|(wanted, path)| Tree::Exists(wanted, path)),
        (path(), 0..TYPES.len()).prop_map(|(path, at)| Tree::IsType(path, at)),
        (path(), text()).prop_map(|(path, prefix)| Tree::BeginsWith(path, prefix)),
        (path(), leaf()).prop_map(|(path, part)| Tree::Contains(path, part)),
    ]
    .prop_filter("AWS wants distinct operands", |tree| match tree {
        Tree::Compare(_, Leaf::Path(left), Leaf::Path(right)) => left != right,
        Tree::BeginsWith(path, Leaf::Path(other)) | Tree::Contains(path, Leaf::Path(other)) => path != other,
        _ => true,
    });
    single.prop_recursive(4, 24, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| Tree::And(Box::new(left), Box::new(right))),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| Tree::Or(Box::new(left), Box::new(right))),
            inner.prop_map(|inner| Tree::Not(Box::new(inner))),
        ]
    })
}

pub(super) fn value() -> impl Strategy<Value = AttributeValue> {
    let leaf = prop::sample::select(constants());
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(AttributeValue::list),
            prop::collection::vec((prop::sample::select(vec!["x", "y", "z"]), inner), 0..3)
                .prop_map(|members| AttributeValue::from(members.into_iter().collect::<Attributes>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    #[test]
    fn compiled_conditions_agree_with_a_plain_evaluator(
        tree in tree(),
        members in prop::collection::vec((prop::sample::select(vec!["a", "b", "c", "m", "l"]), value()), 0..6),
    ) {
        let item = members.into_iter().collect::<Attributes>().with("p", "key");
        let mut lab = Lab::new();
        lab.run(PutItem::new("T", item.clone())).unwrap();
        let mut used = Vec::new();
        tree.constants(&mut used);
        used.sort_unstable();
        used.dedup();
        let mut request = UpdateItem::new("T").key("p", "key").condition(tree.text());
        for at in used {
            request = request.value(format!(":v{at}"), constants()[at].clone());
        }
        let held = match lab.run(request) {
            Ok(_) => true,
            Err(error) => {
                prop_assert_eq!(error.code, "ConditionalCheckFailedException", "{}: {}", tree.text(), error.message);
                false
            }
        };
        prop_assert_eq!(held, tree.holds(&item), "{} on {}", tree.text(), item);
    }
}
