use std::cmp::Ordering;
use std::fmt;

use rehearsal_engine::Json;
use rehearsal_engine::json::Number;

/// Significant digits that a number keeps. AWS: up to 38 digits of precision.
const DIGITS_MAX: u32 = 38;
/// The decimal exponent of the leading digit. AWS: 1E-130 to 9.99…E+125.
const MAGNITUDE_MIN: i64 = -130;
const MAGNITUDE_MAX: i64 = 125;
/// Longer exponents than this are out of range whatever the digits are; reading stops counting there.
const EXPONENT_READ_MAX: i64 = 1_000_000_000;

/// A `DynamoDB` number: `coefficient × 10^exponent`, exact.
///
/// Always canonical: no trailing zero in the coefficient, zero is `0 × 10^0`. So equal numbers are equal field by
/// field, and hash alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    coefficient: i128,
    exponent: i16,
}

/// Why a text is not a number that `DynamoDB` stores.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NumberError {
    /// Not the spelling of a decimal number.
    NotNumeric,
    /// More than 38 significant digits.
    TooPrecise,
    /// Magnitude above 9.99…E+125, or a sum that needs more than 38 digits.
    Overflow,
    /// Magnitude below 1E-130.
    Underflow,
}

impl NumberError {
    /// The message as AWS sends it; `text` is what was to be read.
    pub fn message(self, text: &str) -> String {
        match self {
            NumberError::NotNumeric if text.is_empty() => {
                "The parameter cannot be converted to a numeric value".to_owned()
            }
            NumberError::NotNumeric => format!("The parameter cannot be converted to a numeric value: {text}"),
            NumberError::TooPrecise => "Attempting to store more than 38 significant digits in a Number".to_owned(),
            NumberError::Overflow => {
                "Number overflow. Attempting to store a number with magnitude larger than supported range".to_owned()
            }
            NumberError::Underflow => {
                "Number underflow. Attempting to store a number with magnitude smaller than supported range".to_owned()
            }
        }
    }
}

impl Decimal {
    /// Zero.
    pub const ZERO: Decimal = Decimal { coefficient: 0, exponent: 0 };

    /// Reads `-1.50`, `+3`, `.123`, `0001.23`, `1e+5`; no spaces, no `NaN`, no `Infinity`.
    pub fn parse(text: &str) -> Result<Decimal, NumberError> {
        let (negative, mut rest) = read_sign(text.as_bytes());
        let mut digits = Digits::default();
        let mut seen_digit = false;
        let mut seen_point = false;
        while let [first, tail @ ..] = rest {
            match first {
                b'0'..=b'9' => {
                    seen_digit = true;
                    digits.push(first - b'0', seen_point);
                }
                b'.' if !seen_point => seen_point = true,
                b'e' | b'E' => break,
                _ => return Err(NumberError::NotNumeric),
            }
            rest = tail;
        }
        if !seen_digit {
            return Err(NumberError::NotNumeric);
        }
        let written_exponent = if rest.is_empty() { 0 } else { read_exponent(rest.get(1..).unwrap_or_default())? };
        if digits.coefficient == 0 {
            return Ok(Decimal::ZERO);
        }
        if digits.significant > i64::from(DIGITS_MAX) {
            return Err(NumberError::TooPrecise);
        }
        canonical(negative, digits.coefficient, digits.exponent().saturating_add(written_exponent))
    }

    /// The value, where it is a whole number that fits.
    pub fn to_i64(self) -> Option<i64> {
        if self.exponent == 0 {
            return i64::try_from(self.coefficient).ok();
        }
        let scale = 10_i128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        i64::try_from(self.coefficient.checked_mul(scale)?).ok()
    }

    /// The nearest double.
    pub fn to_f64(self) -> f64 {
        format!("{}e{}", self.coefficient, self.exponent).parse().unwrap_or(0.0)
    }

    /// The exact sum.
    pub fn checked_add(self, other: Decimal) -> Result<Decimal, NumberError> {
        if other.coefficient == 0 {
            return Ok(self);
        }
        if self.coefficient == 0 {
            return Ok(other);
        }
        let exponent = self.exponent.min(other.exponent);
        // AWS: a sum of more than 38 digits fails with the text of an overflow.
        let left = self.magnitude_at(exponent).ok_or(NumberError::Overflow)?;
        let right = other.magnitude_at(exponent).ok_or(NumberError::Overflow)?;
        let (negative, magnitude) = if self.is_negative() == other.is_negative() {
            (self.is_negative(), left.checked_add(right).ok_or(NumberError::Overflow)?)
        } else if left >= right {
            (self.is_negative(), left - right)
        } else {
            (other.is_negative(), right - left)
        };
        canonical(negative, magnitude, i64::from(exponent)).map_err(|error| match error {
            NumberError::TooPrecise => NumberError::Overflow,
            other => other,
        })
    }

    /// The exact difference.
    pub fn checked_sub(self, other: Decimal) -> Result<Decimal, NumberError> {
        self.checked_add(Decimal { coefficient: -other.coefficient, ..other })
    }

    /// A JSON number: an integer where the value is one of 64 bits, the nearest double otherwise.
    pub fn to_json(self) -> Json {
        if let Some(integer) = self.to_i64() {
            return Json::from(integer);
        }
        let unsigned = u32::try_from(self.exponent).ok().and_then(|exponent| {
            10_i128.checked_pow(exponent)?.checked_mul(self.coefficient).and_then(|value| u64::try_from(value).ok())
        });
        unsigned.map_or_else(|| Json::from(self.to_f64()), Json::from)
    }

    /// Bytes that the number counts for in an item. AWS: about one byte for two significant digits, plus one.
    pub(crate) fn size(self) -> usize {
        let digits = digit_count(self.coefficient.unsigned_abs()) as usize;
        digits.div_ceil(2) + 1 + usize::from(self.is_negative())
    }

    /// Feeds a partition key's hash.
    pub(crate) fn to_bytes(self) -> [u8; 18] {
        let mut bytes = [0; 18];
        bytes[..16].copy_from_slice(&self.coefficient.to_le_bytes());
        bytes[16..].copy_from_slice(&self.exponent.to_le_bytes());
        bytes
    }

    fn is_negative(self) -> bool {
        self.coefficient < 0
    }

    fn magnitude_at(self, exponent: i16) -> Option<u128> {
        let shift = u32::try_from(i32::from(self.exponent) - i32::from(exponent)).ok()?;
        if shift == 0 {
            return Some(self.coefficient.unsigned_abs());
        }
        self.coefficient.unsigned_abs().checked_mul(10_u128.checked_pow(shift)?)
    }

    /// The power of ten of the leading digit.
    fn leading(self) -> i32 {
        i32::from(self.exponent) + digit_count(self.coefficient.unsigned_abs()) as i32 - 1
    }

    fn compare_magnitude(self, other: Decimal) -> Ordering {
        self.leading().cmp(&other.leading()).then_with(|| {
            // The same leading power and at most 38 digits each, so the shift cannot overflow.
            let exponent = self.exponent.min(other.exponent);
            self.magnitude_at(exponent).cmp(&other.magnitude_at(exponent))
        })
    }
}

/// The digits read so far are `coefficient × 10^(zeros - fraction)`; leading zeros do not count as significant.
#[derive(Default)]
struct Digits {
    coefficient: u128,
    significant: i64,
    /// Zeros after the last digit of the coefficient, not part of it unless another digit follows.
    zeros: i64,
    fraction: i64,
}

impl Digits {
    fn push(&mut self, digit: u8, after_point: bool) {
        self.fraction += i64::from(after_point);
        if digit == 0 {
            self.zeros += i64::from(self.coefficient != 0);
            return;
        }
        self.significant += self.zeros + 1;
        if self.significant <= i64::from(DIGITS_MAX) {
            self.coefficient = self.coefficient * 10_u128.pow(self.zeros as u32 + 1) + u128::from(digit);
        }
        self.zeros = 0;
    }

    fn exponent(&self) -> i64 {
        self.zeros - self.fraction
    }
}

/// Whether there is a minus, and what follows the sign.
fn read_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    }
}

fn read_exponent(text: &[u8]) -> Result<i64, NumberError> {
    let (negative, digits) = read_sign(text);
    if digits.is_empty() {
        return Err(NumberError::NotNumeric);
    }
    let mut exponent = 0_i64;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return Err(NumberError::NotNumeric);
        }
        exponent = (exponent * 10 + i64::from(digit - b'0')).min(EXPONENT_READ_MAX);
    }
    Ok(if negative { -exponent } else { exponent })
}

fn canonical(negative: bool, mut magnitude: u128, mut exponent: i64) -> Result<Decimal, NumberError> {
    if magnitude == 0 {
        return Ok(Decimal::ZERO);
    }
    // Nearly every number fits 64 bits, where dividing is far quicker.
    if let Ok(mut small) = u64::try_from(magnitude) {
        while small.is_multiple_of(10) {
            small /= 10;
            exponent += 1;
        }
        magnitude = u128::from(small);
    } else {
        while magnitude.is_multiple_of(10) {
            magnitude /= 10;
            exponent += 1;
        }
    }
    let digits = digit_count(magnitude);
    if digits > DIGITS_MAX {
        return Err(NumberError::TooPrecise);
    }
    let leading = exponent.saturating_add(i64::from(digits)) - 1;
    if leading > MAGNITUDE_MAX {
        return Err(NumberError::Overflow);
    }
    if leading < MAGNITUDE_MIN {
        return Err(NumberError::Underflow);
    }
    let coefficient = magnitude as i128;
    Ok(Decimal { coefficient: if negative { -coefficient } else { coefficient }, exponent: exponent as i16 })
}

fn digit_count(magnitude: u128) -> u32 {
    let log = u64::try_from(magnitude).map_or_else(|_| magnitude.checked_ilog10(), u64::checked_ilog10);
    log.unwrap_or(0) + 1
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        if self.exponent == other.exponent {
            return self.coefficient.cmp(&other.coefficient);
        }
        match self.coefficient.signum().cmp(&other.coefficient.signum()) {
            Ordering::Equal if self.coefficient == 0 => Ordering::Equal,
            Ordering::Equal if self.is_negative() => other.compare_magnitude(*self),
            Ordering::Equal => self.compare_magnitude(*other),
            signs => signs,
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The canonical text: plain digits, never an exponent, as `DynamoDB` gives numbers back.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.exponent == 0 {
            return write!(f, "{}", self.coefficient);
        }
        if self.is_negative() {
            f.write_str("-")?;
        }
        let digits = self.coefficient.unsigned_abs().to_string();
        if self.exponent > 0 {
            return write!(f, "{digits}{:0<zeros$}", "", zeros = self.exponent as usize);
        }
        let fraction = usize::from(self.exponent.unsigned_abs());
        match digits.len().checked_sub(fraction) {
            Some(point) if point > 0 => write!(f, "{}.{}", &digits[..point], &digits[point..]),
            _ => write!(f, "0.{digits:0>fraction$}"),
        }
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Decimal {
        // 19 digits at most: always in range.
        canonical(value < 0, u128::from(value.unsigned_abs()), 0).unwrap_or(Decimal::ZERO)
    }
}

impl From<u64> for Decimal {
    fn from(value: u64) -> Decimal {
        canonical(false, u128::from(value), 0).unwrap_or(Decimal::ZERO)
    }
}

impl TryFrom<&Number> for Decimal {
    type Error = NumberError;

    fn try_from(number: &Number) -> Result<Decimal, NumberError> {
        if let Some(integer) = number.as_i64() {
            return Ok(Decimal::from(integer));
        }
        Decimal::parse(&number.to_string())
    }
}

impl TryFrom<f64> for Decimal {
    type Error = NumberError;

    /// The shortest decimal that reads back as the same double.
    fn try_from(value: f64) -> Result<Decimal, NumberError> {
        Decimal::parse(&format!("{value:e}"))
    }
}
