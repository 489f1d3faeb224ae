//! Numbers as EventBridge compares them: as doubles, but only those whose decimal text a double stands for.

use std::borrow::Cow;
use std::fmt;

use crate::json::Number;

/// Integers up to here are their own shortest decimal.
const EXACT_INTEGER_MAX: u64 = 1 << 53;

/// A number of an event or of a pattern.
///
/// AWS: a number is comparable when its text, as a decimal, equals the shortest decimal of its double; `1.0` and `1`
/// are, `9007199254740993` is not. What is not comparable is only ever equal to the very same spelling.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decimal<'t> {
    Comparable(Double),
    Spelled(Cow<'t, str>),
}

/// A finite double that can be a key and be ordered: zero has one sign.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Double(f64);

impl Double {
    pub(crate) const MAX: Double = Double(f64::MAX);
}

impl PartialEq for Double {
    fn eq(&self, other: &Double) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Double {}

impl PartialOrd for Double {
    fn partial_cmp(&self, other: &Double) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Double {
    fn cmp(&self, other: &Double) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl std::hash::Hash for Double {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl fmt::Display for Double {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl From<f64> for Double {
    fn from(value: f64) -> Double {
        Double(if value == 0.0 { 0.0 } else { value })
    }
}

impl<'t> Decimal<'t> {
    pub(crate) fn parse(text: Cow<'t, str>) -> Decimal<'t> {
        match comparable(&text) {
            Some(value) => Decimal::Comparable(value.into()),
            None => Decimal::Spelled(text),
        }
    }

    pub(crate) fn of(number: &Number) -> Decimal<'static> {
        match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(integer), ..) if integer.unsigned_abs() <= EXACT_INTEGER_MAX => {
                Decimal::Comparable((integer as f64).into())
            }
            (None, None, Some(double)) => Decimal::Comparable(double.into()),
            _ => Decimal::parse(Cow::Owned(number.to_string())),
        }
    }
}

fn comparable(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    if text.len() < 16 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value);
    }
    let mut shortest = Digits::of(&format!("{value:e}"))?;
    if shortest.significant.len() == 1 {
        // AWS compares with Java's text of the double, which has two digits at least: `4.9e-324`, not `5e-324`.
        shortest = Digits::of(&format!("{value:.1e}"))?;
    }
    (Digits::of(text)? == shortest).then_some(value)
}

/// A decimal as sign, digits without zeros at either end, and the power of ten of the last digit.
#[derive(PartialEq)]
struct Digits {
    is_negative: bool,
    significant: Vec<u8>,
    exponent: i64,
}

impl Digits {
    fn of(text: &str) -> Option<Digits> {
        let unsigned = text.strip_prefix('-').unwrap_or(text);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i64>().ok()?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let mut exponent = exponent.checked_sub(i64::try_from(fraction.len()).ok()?)?;
        let mut significant: Vec<u8> =
            whole.bytes().chain(fraction.bytes()).skip_while(|&digit| digit == b'0').collect();
        while significant.last() == Some(&b'0') {
            significant.pop();
            exponent += 1;
        }
        if significant.is_empty() {
            return Some(Digits { is_negative: false, significant, exponent: 0 });
        }
        Some(Digits { is_negative: text.starts_with('-'), significant, exponent })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Option<f64> {
        match Decimal::parse(Cow::Borrowed(text)) {
            Decimal::Comparable(value) => Some(value.0),
            Decimal::Spelled(_) => None,
        }
    }

    #[test]
    fn spellings_of_one_decimal_are_one_number() {
        for text in ["30", "30.0", "3e1", "3.0E+1", "300e-1", "0.03e3", "30.000000000000000000000"] {
            assert_eq!(value(text), Some(30.0), "{text}");
        }
        assert_eq!(value("4.9e-324"), Some(f64::from_bits(1)));
        assert_eq!(Decimal::parse("-0.0".into()), Decimal::parse("0".into()));
    }

    #[test]
    fn a_text_that_is_not_the_shortest_of_its_double_is_only_itself() {
        for text in [
            "9007199254740993",
            "0.10000000000000000555",
            "1e400",
            "-1e400",
            "1e-500",
            "1e99999999999999999999",
            "5e-324",
        ] {
            assert_eq!(value(text), None, "{text}");
        }
        assert_ne!(Decimal::parse("1e400".into()), Decimal::parse("1e401".into()));
    }

    #[test]
    fn integers_of_json_values_follow_the_same_rule() {
        assert_eq!(Decimal::of(&Number::from(9_007_199_254_740_992_u64)), Decimal::parse("9007199254740992".into()));
        assert_eq!(Decimal::of(&Number::from(9_007_199_254_740_993_u64)), Decimal::Spelled("9007199254740993".into()));
        assert_eq!(Decimal::of(&Number::from(i64::MAX)), Decimal::Spelled("9223372036854775807".into()));
        assert_eq!(Decimal::of(&Number::from(u64::MAX)), Decimal::Spelled("18446744073709551615".into()));
    }
}
