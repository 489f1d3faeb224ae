//! Choice rules.

use std::sync::Arc;

use super::compile::Names;
use super::fields::{Fields, Language};
use super::formula::{Computed, Formula, Knows};
use super::program::StateId;
use super::timestamp::Instant;
use crate::query::Path;
use crate::source::Shape;

/// Deepest nesting of `And`, `Or` and `Not`; no published definition comes near, and evaluation recurses.
const NESTING_MAX: usize = 64;

/// A rule of `Choices`.
#[derive(Debug)]
pub(crate) struct Rule {
    pub(crate) condition: Condition,
    pub(crate) next: StateId,
    /// JSONata's `Output`.
    pub(crate) output: Option<Computed>,
    pub(crate) assign: Option<Computed>,
}

#[derive(Debug)]
pub(crate) enum Condition {
    And(Vec<Condition>),
    Or(Vec<Condition>),
    Not(Box<Condition>),
    Compare {
        variable: Path,
        comparison: Comparison,
    },
    /// JSONata's `Condition`.
    Formula(Formula),
}

#[derive(Debug)]
pub(crate) enum Comparison {
    Ordered { family: Family, order: Order, right: Operand },
    BooleanEquals(Operand),
    StringMatches(Arc<str>),
    IsPresent(bool),
    Is(TypeTest, bool),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    String,
    Numeric,
    Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    Equals,
    LessThan,
    GreaterThan,
    LessThanEquals,
    GreaterThanEquals,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeTest {
    Null,
    Numeric,
    String,
    Boolean,
    Timestamp,
}

/// The right-hand side of a comparison.
#[derive(Debug)]
pub(crate) enum Operand {
    String(Arc<str>),
    Number(f64),
    Timestamp(Instant),
    Boolean(bool),
    Path(Path),
}

/// `StringMatches`: `*` stands for any text; `\*` and `\\` stand for themselves.
pub(crate) fn matches_wildcard(pattern: &str, text: &str) -> bool {
    // Greedy with one point to fall back to: linear in practice, at worst pattern × text, never exponential.
    let pattern: &[u8] = pattern.as_bytes();
    let text = text.as_bytes();
    let (mut p, mut t) = (0, 0);
    let mut fallback: Option<(usize, usize)> = None;
    loop {
        let (token, width) = match pattern.get(p..) {
            Some([b'\\', escaped @ (b'*' | b'\\'), ..]) => (Some((*escaped, false)), 2),
            Some([b'*', ..]) => (Some((b'*', true)), 1),
            Some([byte, ..]) => (Some((*byte, false)), 1),
            _ => (None, 0),
        };
        match (token, text.get(t)) {
            (Some((_, true)), _) => {
                p += width;
                fallback = Some((p, t));
                continue;
            }
            (Some((byte, false)), Some(found)) if byte == *found => {
                p += width;
                t += 1;
                continue;
            }
            (None, None) => return true,
            _ => {}
        }
        match fallback {
            Some((after_star, from)) if from < text.len() => {
                p = after_star;
                t = from + 1;
                fallback = Some((after_star, from + 1));
            }
            _ => return false,
        }
    }
}

pub(super) fn rules(fields: &mut Fields, names: &mut Names, language: Language) -> Vec<Rule> {
    fields.require(&["Choices"]);
    let mut rules = Vec::new();
    for (at, node) in fields.array("Choices").unwrap_or_default().iter().enumerate() {
        let mut rule = Fields::new(node, &format!("{}/Choices[{at}]", fields.location));
        rule.require(&["Next"]);
        let prefix = format!("Choices[{at}]/");
        let condition = match language {
            Language::JsonPath => condition(&mut rule, 0),
            Language::Jsonata => formula(&mut rule, &prefix),
        };
        let next = names.target(&mut rule, "Next");
        let output = rule.formula("Output", &prefix, Knows::Input, language);
        let assign = super::states::assign(&mut rule, &prefix, Knows::Input, language);
        if let (Some(condition), Some(next)) = (condition, next) {
            rules.push(Rule { condition, next, output, assign });
        }
        fields.absorb(&mut rule);
    }
    rules
}

/// The `Condition` of a JSONata rule: a boolean or an expression.
fn formula(rule: &mut Fields, prefix: &str) -> Option<Condition> {
    for member in rule.node.members() {
        if !["Condition", "Next", "Assign", "Output", "Comment"].contains(&&*member.key) {
            rule.problem(format!("Field '{}' is not supported", member.key));
        }
    }
    rule.require(&["Condition"]);
    match &rule.node.get("Condition")?.shape {
        Shape::Bool(_) => {}
        Shape::String(text) if super::formula::expression(text).is_some() => {}
        _ => rule.field_problem("Condition", "Expected value of type Boolean"),
    }
    let node = rule.node.get("Condition")?;
    let (location, path) = (format!("{prefix}Condition"), rule.at("Condition"));
    Some(Condition::Formula(Formula::compile(node, &location, &path, Knows::Input, &mut rule.problems)))
}

fn condition(rule: &mut Fields, depth: usize) -> Option<Condition> {
    if depth > NESTING_MAX {
        rule.problem(format!("conditions may be nested {NESTING_MAX} levels deep, not more"));
        return None;
    }
    if rule.node.as_object().is_none() {
        rule.problem("Expected value of type Object");
        return None;
    }
    let mut operators = Vec::new();
    for member in rule.node.members() {
        match &*member.key {
            "Variable" | "Comment" => {}
            "Next" | "Assign" if depth == 0 => {}
            key if matches!(key, "And" | "Or" | "Not") || operator(key).is_some() => operators.push(key),
            key => rule.problem(format!("Field '{key}' is not supported")),
        }
    }
    let [key] = operators[..] else {
        let found = if operators.is_empty() { "none".to_owned() } else { operators.join(", ") };
        rule.problem(format!(
            "a choice rule has exactly one of And, Or, Not and the comparison operators; found {found}"
        ));
        return None;
    };
    match key {
        "And" | "Or" => {
            let nodes = rule.array(key)?;
            let mut inner = Vec::with_capacity(nodes.len());
            for (at, node) in nodes.iter().enumerate() {
                let mut nested = Fields::new(node, &format!("{}/{key}[{at}]", rule.location));
                inner.extend(condition(&mut nested, depth + 1));
                rule.absorb(&mut nested);
            }
            Some(if key == "And" { Condition::And(inner) } else { Condition::Or(inner) })
        }
        "Not" => {
            let mut nested = Fields::new(rule.object(key)?, &rule.at(key));
            let inner = condition(&mut nested, depth + 1);
            rule.absorb(&mut nested);
            Some(Condition::Not(Box::new(inner?)))
        }
        _ => {
            rule.require(&["Variable"]);
            let variable = rule.reference("Variable");
            let comparison = comparison(rule, key);
            Some(Condition::Compare { variable: variable?, comparison: comparison? })
        }
    }
}

/// What an operator's name means, but for its right-hand side.
enum Operator {
    Ordered(Family, Order, bool),
    BooleanEquals(bool),
    StringMatches,
    IsPresent,
    Is(TypeTest),
}

fn operator(key: &str) -> Option<Operator> {
    match key {
        "StringMatches" => return Some(Operator::StringMatches),
        "BooleanEquals" => return Some(Operator::BooleanEquals(false)),
        "BooleanEqualsPath" => return Some(Operator::BooleanEquals(true)),
        "IsPresent" => return Some(Operator::IsPresent),
        "IsNull" => return Some(Operator::Is(TypeTest::Null)),
        "IsNumeric" => return Some(Operator::Is(TypeTest::Numeric)),
        "IsString" => return Some(Operator::Is(TypeTest::String)),
        "IsBoolean" => return Some(Operator::Is(TypeTest::Boolean)),
        "IsTimestamp" => return Some(Operator::Is(TypeTest::Timestamp)),
        _ => {}
    }
    let families = [("String", Family::String), ("Numeric", Family::Numeric), ("Timestamp", Family::Timestamp)];
    let (family, rest) = families.into_iter().find_map(|(name, family)| Some((family, key.strip_prefix(name)?)))?;
    let (order, is_path) = match rest.strip_suffix("Path") {
        Some(order) => (order, true),
        None => (rest, false),
    };
    let order = match order {
        "Equals" => Order::Equals,
        "LessThan" => Order::LessThan,
        "GreaterThan" => Order::GreaterThan,
        "LessThanEquals" => Order::LessThanEquals,
        "GreaterThanEquals" => Order::GreaterThanEquals,
        _ => return None,
    };
    Some(Operator::Ordered(family, order, is_path))
}

fn comparison(rule: &mut Fields, key: &str) -> Option<Comparison> {
    Some(match operator(key)? {
        Operator::StringMatches => Comparison::StringMatches(rule.string(key)?.clone()),
        Operator::IsPresent => Comparison::IsPresent(rule.boolean(key)?),
        Operator::Is(test) => Comparison::Is(test, rule.boolean(key)?),
        Operator::BooleanEquals(true) => Comparison::BooleanEquals(Operand::Path(rule.reference(key)?)),
        Operator::BooleanEquals(false) => Comparison::BooleanEquals(Operand::Boolean(rule.boolean(key)?)),
        Operator::Ordered(family, order, true) => {
            Comparison::Ordered { family, order, right: Operand::Path(rule.reference(key)?) }
        }
        Operator::Ordered(family, order, false) => {
            let right = match family {
                Family::String => Operand::String(rule.string(key)?.clone()),
                Family::Numeric => Operand::Number(rule.number(key, f64::MIN)?),
                Family::Timestamp => {
                    let instant = Instant::parse(rule.string(key)?);
                    if instant.is_none() {
                        rule.field_problem(key, "String does not match RFC3339 timestamp");
                    }
                    Operand::Timestamp(instant?)
                }
            };
            Comparison::Ordered { family, order, right }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::matches_wildcard;

    #[test]
    fn a_star_matches_any_text_unless_escaped() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbbc", true),
            ("a*c", "abbb", false),
            ("*a*b", "xaxbxb", true),
            (r"a\*c", "a*c", true),
            (r"a\*c", "abc", false),
            (r"a\\*", r"a\xyz", true),
            (r"\n", r"\n", true),
            ("a**", "a", true),
            ("é*", "été", true),
            ("abc", "ab", false),
        ] {
            assert_eq!(matches_wildcard(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn hostile_patterns_stay_quick() {
        let pattern = "*a".repeat(500);
        assert!(!matches_wildcard(&pattern, &"a".repeat(499)));
    }
}
