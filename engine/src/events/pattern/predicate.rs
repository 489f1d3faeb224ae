//! What one entry of a pattern's array asks of one value.

use std::sync::Arc;

use super::address::Block;
use super::ignore_case::AnyCase;
use super::number::{Decimal, Double, Numeral};
use super::wildcard::Wildcard;
use crate::json::Json;

/// One scalar of an event, where a rule may look at it.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'e> {
    Null,
    Bool(bool),
    /// The text's bytes. An event may hold what is no UTF-8; it equals itself and nothing else.
    String(&'e [u8]),
    Number(Numeral<'e>),
}

impl<'e> Scalar<'e> {
    /// The scalar that `value` is; `None` for a container.
    pub(crate) fn of(value: &'e Json) -> Option<Scalar<'e>> {
        match value {
            Json::Null => Some(Scalar::Null),
            Json::Bool(value) => Some(Scalar::Bool(*value)),
            Json::Number(number) => Some(Scalar::Number(Numeral::Value(number))),
            Json::String(text) => Some(Scalar::String(text.as_bytes())),
            Json::Array(_) | Json::Object(_) => None,
        }
    }
}

/// One entry of a pattern's array.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Predicate {
    Null,
    Bool(bool),
    String(Arc<str>),
    /// A number, in whatever spelling.
    Number(Double),
    /// A number that is not comparable: only this spelling.
    Spelled(Arc<str>),
    Prefix(Arc<str>),
    PrefixAnyCase(AnyCase),
    Suffix(Arc<str>),
    SuffixAnyCase(AnyCase),
    EqualsAnyCase(AnyCase),
    Wildcard(Wildcard),
    Numeric(Range),
    Cidr(Block),
    Exists,
    /// `{"exists": false}`: asks for no value, so none satisfies it.
    Absent,
    AnythingBut(AnythingBut),
}

/// The values that `anything-but` shuts out; whatever is none of them satisfies it, `null` too.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AnythingBut {
    Strings(Arc<[Arc<str>]>),
    Numbers(Arc<[Double]>),
    Prefixes(Arc<[Arc<str>]>),
    Suffixes(Arc<[Arc<str>]>),
    AnyCase(Arc<[AnyCase]>),
    Wildcards(Arc<[Wildcard]>),
}

/// The numbers that a `numeric` entry accepts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Range {
    pub(super) bottom: Option<Bound>,
    pub(super) top: Option<Bound>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Bound {
    pub(super) value: Double,
    pub(super) is_included: bool,
}

impl Predicate {
    pub(crate) fn accepts(&self, value: Scalar) -> bool {
        match (self, value) {
            (Predicate::Exists, _) | (Predicate::Null, Scalar::Null) => true,
            (Predicate::AnythingBut(excluded), value) => !excluded.contains(value),
            (Predicate::Bool(wanted), Scalar::Bool(value)) => *wanted == value,
            (Predicate::String(wanted), Scalar::String(text)) => wanted.as_bytes() == text,
            (Predicate::Number(wanted), Scalar::Number(value)) => value.double() == Some(*wanted),
            (Predicate::Spelled(wanted), Scalar::Number(value)) => {
                matches!(value.decimal(), Decimal::Spelled(text) if **wanted == *text)
            }
            (Predicate::Prefix(prefix), Scalar::String(text)) => text.starts_with(prefix.as_bytes()),
            (Predicate::PrefixAnyCase(prefix), Scalar::String(text)) => prefix.is_prefix_of(text),
            (Predicate::Suffix(suffix), Scalar::String(text)) => text.ends_with(suffix.as_bytes()),
            (Predicate::SuffixAnyCase(suffix), Scalar::String(text)) => suffix.is_suffix_of(text),
            (Predicate::EqualsAnyCase(wanted), Scalar::String(text)) => wanted.equals(text),
            (Predicate::Wildcard(wildcard), Scalar::String(text)) => wildcard.matches(text),
            (Predicate::Numeric(range), Scalar::Number(value)) => {
                value.double().is_some_and(|value| range.contains(value))
            }
            (Predicate::Cidr(block), Scalar::String(text)) => block.contains(text),
            _ => false,
        }
    }
}

impl AnythingBut {
    fn contains(&self, value: Scalar) -> bool {
        match (self, value) {
            (AnythingBut::Strings(texts), Scalar::String(value)) => texts.iter().any(|text| text.as_bytes() == value),
            (AnythingBut::Numbers(numbers), Scalar::Number(value)) => {
                value.double().is_some_and(|value| numbers.contains(&value))
            }
            (AnythingBut::Prefixes(texts), Scalar::String(value)) => {
                texts.iter().any(|text| value.starts_with(text.as_bytes()))
            }
            (AnythingBut::Suffixes(texts), Scalar::String(value)) => {
                texts.iter().any(|text| value.ends_with(text.as_bytes()))
            }
            (AnythingBut::AnyCase(texts), Scalar::String(value)) => texts.iter().any(|text| text.equals(value)),
            (AnythingBut::Wildcards(texts), Scalar::String(value)) => texts.iter().any(|text| text.matches(value)),
            _ => false,
        }
    }
}

impl Range {
    /// The first and the last number that it holds, as their places in the order of all doubles.
    pub(crate) fn ranks(&self) -> (u64, u64) {
        // Between two neighbours there is no number, so a bound that is left out is the neighbour included.
        let first = self.bottom.map_or(0, |bottom| bottom.value.rank() + u64::from(!bottom.is_included));
        let last = self.top.map_or(u64::MAX, |top| top.value.rank() - u64::from(!top.is_included));
        (first, last)
    }

    /// Whether it is bounded at both ends.
    pub(crate) fn is_bounded(&self) -> bool {
        self.bottom.is_some() && self.top.is_some()
    }

    fn contains(&self, value: Double) -> bool {
        let above =
            self.bottom.is_none_or(|bottom| value > bottom.value || (bottom.is_included && value == bottom.value));
        above && self.top.is_none_or(|top| value < top.value || (top.is_included && value == top.value))
    }
}
