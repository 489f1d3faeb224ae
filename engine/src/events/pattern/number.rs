//! Numbers as EventBridge compares them: as doubles, but only those whose decimal text a double stands for.

use std::borrow::Cow;
use std::fmt;

use crate::json::Number;

/// Integers up to here are their own shortest decimal.
const EXACT_INTEGER_MAX: u64 = 1 << 53;

/// A number of an event, not looked at yet.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Numeral<'e> {
    /// As it was spelled, by JSON's rules, and what that says at a glance.
    Text(&'e [u8], Reading),
    Value(&'e Number),
}

/// What a number's text says at a glance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Reading {
    /// The double that it is.
    Exact(Double),
    /// A double at most [`NEARNESS`] places away from the one that it is, if it is comparable.
    Near(Double),
    Unknown,
}

/// Two roundings move a number by less than three places, or twice that across a power of two.
pub(crate) const NEARNESS: u64 = 8;

impl<'e> Numeral<'e> {
    /// The number that `bytes` begin with, in one pass, and its length; or where they stop being one.
    #[inline]
    pub(crate) fn read(bytes: &'e [u8]) -> Result<(Numeral<'e>, usize), usize> {
        let is_negative = bytes.first() == Some(&b'-');
        let start = usize::from(is_negative);
        let (mut at, mut digits) = (start, 0u64);
        while let Some(digit) = digit_at(bytes, at) {
            digits = digits.wrapping_mul(10).wrapping_add(digit);
            at += 1;
        }
        let whole = at - start;
        if whole == 0 || (whole > 1 && bytes[start] == b'0') {
            return Err(at);
        }
        let mut fraction = 0;
        if bytes.get(at) == Some(&b'.') {
            let point = at;
            at = take_digits(bytes, at + 1, &mut digits);
            fraction = at - point - 1;
            if fraction == 0 {
                return Err(at);
            }
        }
        if matches!(bytes.get(at), Some(b'e' | b'E')) {
            let end = power_end(bytes, at)?;
            return Ok((Numeral::Text(&bytes[..end], Reading::Unknown), end));
        }
        let reading = if whole + fraction > READ_DIGITS_MAX {
            Reading::Unknown
        } else {
            Reading::of(is_negative, digits, fraction)
        };
        Ok((Numeral::Text(&bytes[..at], reading), at))
    }

    /// What is known of it at a glance.
    #[inline]
    pub(crate) fn reading(self) -> Reading {
        match self {
            Numeral::Text(_, reading) => reading,
            Numeral::Value(_) => self.double().map_or(Reading::Unknown, Reading::Exact),
        }
    }

    /// The number, if it is comparable.
    pub(crate) fn double(self) -> Option<Double> {
        match self {
            Numeral::Text(_, Reading::Exact(double)) => Some(double),
            Numeral::Text(text, _) => comparable(text).map(Double::from),
            Numeral::Value(number) => match Decimal::of(number) {
                Decimal::Comparable(double) => Some(double),
                Decimal::Spelled(_) => None,
            },
        }
    }

    pub(crate) fn decimal(self) -> Decimal<'e> {
        match self {
            Numeral::Text(text, _) => Decimal::parse(String::from_utf8_lossy(text)),
            Numeral::Value(number) => Decimal::of(number),
        }
    }
}

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

    /// Its place in the order of all doubles.
    pub(crate) fn rank(self) -> u64 {
        const SIGN: u64 = 1 << 63;
        let bits = self.0.to_bits();
        if bits & SIGN == 0 { bits | SIGN } else { !bits }
    }
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
    /// The text of what is not comparable.
    pub(crate) fn spelling(self) -> Option<Cow<'t, str>> {
        match self {
            Decimal::Comparable(_) => None,
            Decimal::Spelled(text) => Some(text),
        }
    }

    pub(crate) fn parse(text: Cow<'t, str>) -> Decimal<'t> {
        match comparable(text.as_bytes()) {
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

/// The double that a number's text stands for, if the text is that double's shortest decimal.
fn comparable(text: &[u8]) -> Option<f64> {
    if let Reading::Exact(value) = glance(text) {
        return Some(value.0);
    }
    let value: f64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    if !value.is_finite() {
        return None;
    }
    let mut buffer = zmij::Buffer::new();
    let shortest = buffer.format_finite(value).as_bytes();
    if shortest == text && value.abs() >= f64::MIN_POSITIVE {
        return Some(value);
    }
    let mut shortest = Digits::of(shortest)?;
    if shortest.significant < 10 {
        // AWS compares with Java's text of the double, which has two digits at least: `4.9e-324`, not `5e-324`.
        shortest = Digits::of(format!("{value:.1e}").as_bytes())?;
    }
    (Digits::of(text)? == shortest).then_some(value)
}

/// What a number by JSON's grammar says at a glance; nothing where the text is none.
fn glance(text: &[u8]) -> Reading {
    match Numeral::read(text) {
        Ok((numeral, length)) if length == text.len() => numeral.reading(),
        _ => Reading::Unknown,
    }
}

impl Reading {
    /// The number of these digits, the last `fraction` of them behind the point.
    fn of(is_negative: bool, digits: u64, fraction: usize) -> Reading {
        let Some(ten) = TENS.get(fraction) else { return Reading::Unknown };
        let value = digits as f64 / ten;
        let value = Double::from(if is_negative { -value } else { value });
        // A double keeps any 15 digits apart, so these are shortest; and one operation on two doubles is rounded once.
        if digits < FIFTEEN_DIGITS { Reading::Exact(value) } else { Reading::Near(value) }
    }
}

#[inline]
fn digit_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at).map(|byte| u64::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit <= 9)
}

/// Reads on to where the digits end, up to eight at a time.
#[inline]
fn take_digits(bytes: &[u8], mut at: usize, digits: &mut u64) -> usize {
    const TENS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk) ^ 0x3030_3030_3030_3030;
        // The highest bit of each byte that is over nine.
        let others = (((word & 0x7f7f_7f7f_7f7f_7f7f) + 0x7676_7676_7676_7676) | word) & 0x8080_8080_8080_8080;
        let count = others.trailing_zeros() as usize / 8;
        if count == 0 {
            return at;
        }
        *digits = digits.wrapping_mul(TENS[count]).wrapping_add(joined(word << (64 - 8 * count)));
        at += count;
        if count < 8 {
            return at;
        }
    }
    while let Some(digit) = digit_at(bytes, at) {
        *digits = digits.wrapping_mul(10).wrapping_add(digit);
        at += 1;
    }
    at
}

/// Eight digits as one number, the first in the lowest byte: neighbours are joined, then pairs, then fours.
#[inline]
fn joined(digits: u64) -> u64 {
    let pairs = digits.wrapping_mul(10 << 8 | 1) >> 8 & 0x00ff_00ff_00ff_00ff;
    let fours = pairs.wrapping_mul(100 << 16 | 1) >> 16 & 0x0000_ffff_0000_ffff;
    fours.wrapping_mul(10_000 << 32 | 1) >> 32
}

/// Where the power of ten that begins at `at` ends, or stops being one.
fn power_end(bytes: &[u8], at: usize) -> Result<usize, usize> {
    let start = at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
    let digits = bytes.get(start..).unwrap_or_default().iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 { Err(start) } else { Ok(start + digits) }
}

/// So many digits fit a `u64`.
const READ_DIGITS_MAX: usize = 19;

const FIFTEEN_DIGITS: u64 = 1_000_000_000_000_000;

/// Powers of ten up to here are doubles.
const TENS: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20,
    1e21, 1e22,
];

/// A decimal as sign, digits without zeros at either end, and the power of ten of the last digit.
#[derive(PartialEq)]
struct Digits {
    is_negative: bool,
    significant: u64,
    exponent: i64,
}

impl Digits {
    /// `None` for more digits than any double's shortest decimal has, and for an exponent beyond all doubles.
    fn of(text: &[u8]) -> Option<Digits> {
        const DIGITS_MAX: u32 = 19;
        /// So large that no run of zeros in a text makes up for it.
        const EXPONENT_MAX: i64 = i64::MAX / 4;
        let (is_negative, unsigned) = match text {
            [b'-', unsigned @ ..] => (true, unsigned),
            _ => (false, text),
        };
        let (mut significant, mut digits, mut exponent) = (0u64, 0u32, 0i64);
        // Zeros count as digits only once another digit follows them.
        let mut zeros = 0u32;
        let mut is_fraction = false;
        let mut rest = unsigned;
        while let [byte, after @ ..] = rest {
            match byte {
                b'0' => {
                    zeros += u32::from(digits > 0);
                    exponent -= i64::from(is_fraction);
                }
                b'1'..=b'9' => {
                    digits += zeros + 1;
                    if digits > DIGITS_MAX {
                        return None;
                    }
                    significant = significant * 10u64.pow(zeros + 1) + u64::from(byte - b'0');
                    zeros = 0;
                    exponent -= i64::from(is_fraction);
                }
                b'.' => is_fraction = true,
                _ => break,
            }
            rest = after;
        }
        if let [b'e' | b'E', power @ ..] = rest {
            let power: i64 = std::str::from_utf8(power).ok()?.parse().ok()?;
            if power.abs() > EXPONENT_MAX {
                return None;
            }
            exponent += power;
        }
        if significant == 0 {
            return Some(Digits { is_negative: false, significant, exponent: 0 });
        }
        Some(Digits { is_negative, significant, exponent: exponent + i64::from(zeros) })
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
    fn a_glance_is_near_and_exact_where_it_says_so() {
        for text in ["0", "-0.0", "7", "8.25", "-122.42", "0.001", "999999999999999", "0.000000000000000001"] {
            let exact: f64 = text.parse().expect("a number");
            assert_eq!(glance(text.as_bytes()), Reading::Exact(exact.into()), "{text}");
        }
        for text in [
            "-122.42916360922355",
            "1234567890123456789",
            "9007199254740993",
            "1.999999999999999999",
            "1.000000000000000001",
            "4503599627370495.99",
        ] {
            let Reading::Near(near) = glance(text.as_bytes()) else { panic!("{text}") };
            let exact = Double::from(text.parse::<f64>().expect("a number"));
            assert!(near.rank().abs_diff(exact.rank()) <= NEARNESS, "{text}");
        }
        for text in ["12345678901234567890", "1e5", "0.00000000000000000001"] {
            assert_eq!(glance(text.as_bytes()), Reading::Unknown, "{text}");
        }
    }

    #[test]
    fn numbers_are_read_as_json_spells_them() {
        for number in
            ["0", "-0", "7", "10", "1.5", "0.0", "1e9", "1E+9", "-2.50e-0", "1.123456789012345678901", "-0.12345678"]
        {
            for behind in ["", ",", "}", " ]", ", \"more\": 12345678"] {
                let text = format!("{number}{behind}");
                let (numeral, length) = Numeral::read(text.as_bytes()).expect(&text);
                assert_eq!(length, number.len(), "{text}");
                assert_eq!(numeral.double(), comparable(number.as_bytes()).map(Double::from), "{text}");
            }
        }
        for (text, at) in [
            ("", 0),
            ("-", 1),
            ("01", 2),
            ("-01", 3),
            ("1.", 2),
            (".5", 0),
            ("1e", 2),
            ("1e+", 3),
            ("1.e5", 2),
            ("--1", 1),
        ] {
            assert_eq!(Numeral::read(text.as_bytes()).map(|_| ()), Err(at), "{text}");
        }
    }

    #[test]
    fn digits_are_joined_in_runs_of_any_length() {
        let digits = "1234567890123456789";
        for length in 1..=digits.len() {
            for more in ["", "e", "/////////", ":::::::::", "\u{fd}\u{fd}\u{fd}\u{fd}\u{fd}"] {
                let text = format!("{}{more}", &digits[..length]);
                let mut value = 0;
                assert_eq!(take_digits(text.as_bytes(), 0, &mut value), length, "{text}");
                assert_eq!(value.to_string(), &digits[..length], "{text}");
            }
        }
    }

    #[test]
    fn integers_of_json_values_follow_the_same_rule() {
        assert_eq!(Decimal::of(&Number::from(9_007_199_254_740_992_u64)), Decimal::parse("9007199254740992".into()));
        assert_eq!(Decimal::of(&Number::from(9_007_199_254_740_993_u64)), Decimal::Spelled("9007199254740993".into()));
        assert_eq!(Decimal::of(&Number::from(i64::MAX)), Decimal::Spelled("9223372036854775807".into()));
        assert_eq!(Decimal::of(&Number::from(u64::MAX)), Decimal::Spelled("18446744073709551615".into()));
    }
}
