//! Runs a compiled condition against an item.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::condition::{Check, Comparator, Condition, Operand, Test};
use super::parser::Slot;
use crate::services::ApiError;
use crate::services::dynamodb::number::Decimal;
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::{AttributeValue, Attributes, DataType};

type Values<'a> = &'a [(Text, AttributeValue)];

impl Condition {
    /// The rules that depend on the values of this request. They hold before any item is read.
    pub fn check_values(&self, values: Values<'_>) -> Result<(), ApiError> {
        self.checks
            .iter()
            .try_for_each(|check| check.run(values))
            .map_err(|message| ApiError::validation(format!("Invalid {}: {message}", self.kind.parameter())))
    }

    /// Whether the item fulfils the condition. Of an item that does not exist every path is missing.
    pub fn holds(&self, item: Option<&Attributes>, values: Values<'_>) -> bool {
        Scope { item, values }.test(&self.root)
    }
}

impl Check {
    fn run(&self, values: Values<'_>) -> Result<(), String> {
        match self {
            Check::Between(low, high) => {
                let (low, high) = (low.of(values), high.of(values));
                let rule = match order(low, high) {
                    None => "same data type for lower and upper bounds",
                    Some(Ordering::Greater) => "upper bound to be greater than or equal to lower bound",
                    Some(_) => return Ok(()),
                };
                Err(format!(
                    "The BETWEEN operator requires {rule}; lower bound operand: AttributeValue: {low}, \
                     upper bound operand: AttributeValue: {high}"
                ))
            }
            Check::TypeName(slot) => {
                let name = slot.of(values).as_str().unwrap_or_default();
                if DataType::from_name(name).is_some() {
                    return Ok(());
                }
                Err(format!(
                    "Invalid attribute type name found; type: {name}, valid types: {{B,NULL,SS,BOOL,L,BS,N,NS,S,M}}"
                ))
            }
        }
    }
}

/// How two values compare: only strings, numbers and bytes do, each among themselves.
pub(crate) fn order(left: &AttributeValue, right: &AttributeValue) -> Option<Ordering> {
    match (left, right) {
        (AttributeValue::S(left), AttributeValue::S(right)) => Some(left.cmp(right)),
        (AttributeValue::N(left), AttributeValue::N(right)) => Some(left.cmp(right)),
        (AttributeValue::B(left), AttributeValue::B(right)) => Some(left.cmp(right)),
        _ => None,
    }
}

/// What a condition sees.
struct Scope<'a> {
    item: Option<&'a Attributes>,
    values: Values<'a>,
}

impl<'a> Scope<'a> {
    fn test(&self, test: &Test) -> bool {
        match test {
            Test::Compare(comparator, left, right) => self.compare(*comparator, left, right),
            Test::Between(value, low, high) => self.between(value, low, high),
            Test::In(value, list) => self.value(value).is_some_and(|value| {
                list.iter().any(|candidate| self.value(candidate).is_some_and(|candidate| candidate == value))
            }),
            Test::Exists(path) => self.item.is_some_and(|item| path.resolve(item).is_some()),
            Test::NotExists(path) => self.item.is_none_or(|item| path.resolve(item).is_none()),
            Test::AttributeType(value, type_name) => {
                self.value(value).is_some_and(|value| self.has_type(&value, *type_name))
            }
            Test::BeginsWith(value, prefix) => self.both(value, prefix, |value, prefix| match (value, prefix) {
                (AttributeValue::S(value), AttributeValue::S(prefix)) => value.starts_with(&**prefix),
                (AttributeValue::B(value), AttributeValue::B(prefix)) => value.starts_with(prefix),
                _ => false,
            }),
            Test::Contains(value, part) => self.both(value, part, contains),
            Test::And(tests) => tests.iter().all(|test| self.test(test)),
            Test::Or(tests) => tests.iter().any(|test| self.test(test)),
            Test::Not(test) => !self.test(test),
        }
    }

    fn compare(&self, comparator: Comparator, left: &Operand, right: &Operand) -> bool {
        // AWS: with a missing operand every comparison is false but `<>`, even when both are missing.
        let (Some(left), Some(right)) = (self.value(left), self.value(right)) else {
            return comparator == Comparator::NotEqual;
        };
        match comparator {
            Comparator::Equal => left == right,
            Comparator::NotEqual => left != right,
            Comparator::Less => order(&left, &right).is_some_and(Ordering::is_lt),
            Comparator::LessOrEqual => order(&left, &right).is_some_and(Ordering::is_le),
            Comparator::Greater => order(&left, &right).is_some_and(Ordering::is_gt),
            Comparator::GreaterOrEqual => order(&left, &right).is_some_and(Ordering::is_ge),
        }
    }

    fn between(&self, value: &Operand, low: &Operand, high: &Operand) -> bool {
        let (Some(value), Some(low), Some(high)) = (self.value(value), self.value(low), self.value(high)) else {
            return false;
        };
        order(&low, &value).is_some_and(Ordering::is_le) && order(&value, &high).is_some_and(Ordering::is_le)
    }

    fn both(&self, left: &Operand, right: &Operand, test: fn(&AttributeValue, &AttributeValue) -> bool) -> bool {
        match (self.value(left), self.value(right)) {
            (Some(left), Some(right)) => test(&left, &right),
            _ => false,
        }
    }

    fn has_type(&self, value: &AttributeValue, type_name: Slot) -> bool {
        type_name.of(self.values).as_str() == Some(value.data_type().name())
    }

    fn value(&self, operand: &Operand) -> Option<Cow<'a, AttributeValue>> {
        match operand {
            Operand::Path(path) => path.resolve(self.item?).map(Cow::Borrowed),
            Operand::Value(slot) => Some(Cow::Borrowed(slot.of(self.values))),
            Operand::Size(inner) => size(&*self.value(inner)?).map(|size| Cow::Owned(AttributeValue::from(size))),
        }
    }
}

fn contains(value: &AttributeValue, part: &AttributeValue) -> bool {
    match (value, part) {
        (AttributeValue::S(text), AttributeValue::S(part)) => text.contains(&**part),
        (AttributeValue::B(bytes), AttributeValue::B(part)) => {
            part.is_empty() || bytes.windows(part.len()).any(|window| *window == **part)
        }
        (AttributeValue::Ss(members), AttributeValue::S(part)) => members.binary_search(part).is_ok(),
        (AttributeValue::Ns(members), AttributeValue::N(part)) => members.binary_search(part).is_ok(),
        (AttributeValue::Bs(members), AttributeValue::B(part)) => members.binary_search(part).is_ok(),
        (AttributeValue::L(elements), part) => elements.contains(part),
        _ => false,
    }
}

/// AWS: numbers, booleans and null have no size. A string's is counted in UTF-8 bytes, as item sizes are.
fn size(value: &AttributeValue) -> Option<Decimal> {
    let size = match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::B(bytes) => bytes.len(),
        AttributeValue::Ss(members) => members.len(),
        AttributeValue::Ns(members) => members.len(),
        AttributeValue::Bs(members) => members.len(),
        AttributeValue::L(elements) => elements.len(),
        AttributeValue::M(attributes) => attributes.len(),
        AttributeValue::N(_) | AttributeValue::Bool(_) | AttributeValue::Null => return None,
    };
    Some(Decimal::from(size as u64))
}
