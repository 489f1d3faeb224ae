//! Rust values as attribute values.

use std::sync::Arc;

use super::{AttributeValue, Attributes, Item};
use crate::services::dynamodb::number::Decimal;

/// Of a repeated name the last value counts.
impl<N: Into<Arc<str>>, V: Into<AttributeValue>> FromIterator<(N, V)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(attributes: I) -> Attributes {
        let mut entries: Vec<(Arc<str>, AttributeValue)> =
            attributes.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        if !entries.is_sorted_by(|(left, _), (right, _)| left < right) {
            entries.sort_by(|(left, _), (right, _)| left.cmp(right));
            entries.reverse();
            entries.dedup_by(|(left, _), (right, _)| left == right);
            entries.reverse();
        }
        Attributes { entries }
    }
}

impl<N: Into<Arc<str>>, V: Into<AttributeValue>, const LEN: usize> From<[(N, V); LEN]> for Attributes {
    fn from(attributes: [(N, V); LEN]) -> Attributes {
        attributes.into_iter().collect()
    }
}

impl From<&str> for AttributeValue {
    fn from(text: &str) -> AttributeValue {
        AttributeValue::S(text.into())
    }
}

impl From<String> for AttributeValue {
    fn from(text: String) -> AttributeValue {
        AttributeValue::S(text.into())
    }
}

impl From<&String> for AttributeValue {
    fn from(text: &String) -> AttributeValue {
        AttributeValue::S(text.as_str().into())
    }
}

impl From<&Arc<str>> for AttributeValue {
    fn from(text: &Arc<str>) -> AttributeValue {
        AttributeValue::S(text.clone())
    }
}

impl From<Arc<str>> for AttributeValue {
    fn from(text: Arc<str>) -> AttributeValue {
        AttributeValue::S(text)
    }
}

impl From<bool> for AttributeValue {
    fn from(value: bool) -> AttributeValue {
        AttributeValue::Bool(value)
    }
}

impl From<Decimal> for AttributeValue {
    fn from(number: Decimal) -> AttributeValue {
        AttributeValue::N(number)
    }
}

impl From<i64> for AttributeValue {
    fn from(value: i64) -> AttributeValue {
        AttributeValue::N(value.into())
    }
}

impl From<i32> for AttributeValue {
    fn from(value: i32) -> AttributeValue {
        AttributeValue::N(i64::from(value).into())
    }
}

impl From<u32> for AttributeValue {
    fn from(value: u32) -> AttributeValue {
        AttributeValue::N(u64::from(value).into())
    }
}

impl From<u64> for AttributeValue {
    fn from(value: u64) -> AttributeValue {
        AttributeValue::N(value.into())
    }
}

impl From<usize> for AttributeValue {
    fn from(value: usize) -> AttributeValue {
        AttributeValue::N((value as u64).into())
    }
}

/// The shortest decimal that reads back as the double; one that is no number or out of range becomes NULL.
impl From<f64> for AttributeValue {
    fn from(value: f64) -> AttributeValue {
        Decimal::try_from(value).map_or(AttributeValue::Null, AttributeValue::N)
    }
}

impl From<Attributes> for AttributeValue {
    fn from(attributes: Attributes) -> AttributeValue {
        AttributeValue::M(Arc::new(attributes))
    }
}

impl From<Item> for AttributeValue {
    fn from(attributes: Item) -> AttributeValue {
        AttributeValue::M(attributes)
    }
}

impl From<Vec<AttributeValue>> for AttributeValue {
    fn from(elements: Vec<AttributeValue>) -> AttributeValue {
        AttributeValue::L(Arc::new(elements))
    }
}
