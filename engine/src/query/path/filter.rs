//! Filters, `[?(@.price < 10 && @.tag)]`. Conditions are cut at `&&` and `||` and at their operator without regard to
//! quotes, parentheses group nothing, and values are compared as text against the type they meet, all as the original.

use std::cmp::Ordering;

use regex::Regex;

use super::{Path, PathError};
use crate::Json;
use crate::query::java::java_text;

/// In the order in which they are looked for.
const OPERATORS: [(&str, Operator); 7] = [
    ("==", Operator::Equal),
    (">=", Operator::AtLeast),
    ("<=", Operator::AtMost),
    ("!=", Operator::Unequal),
    ("<", Operator::Less),
    (">", Operator::Greater),
    ("=~", Operator::Matches),
];

/// Alternatives of conditions that must all hold.
#[derive(Clone, Debug)]
pub(in super::super) struct Filter {
    alternatives: Vec<Vec<Condition>>,
}

#[derive(Clone, Debug)]
enum Condition {
    Exists { path: OperandPath, wanted: bool },
    Compare { left: Operand, operator: Operator, right: Operand },
}

#[derive(Clone, Debug)]
enum Operand {
    Path(OperandPath),
    Text(String),
    Pattern(Regex),
}

#[derive(Clone, Debug)]
struct OperandPath {
    path: Path,
    /// `$` starts from the document, `@` from the item.
    from_document: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    Matches,
}

impl Filter {
    /// Reads a fragment such as `[?(@.price < 10)]`.
    pub(super) fn parse(fragment: &str) -> Result<Filter, String> {
        let bare = whole_bracket(fragment)?;
        let inside = bare.trim().strip_prefix('?').map(str::trim).unwrap_or_default();
        let conditions = inside
            .strip_prefix('(')
            .and_then(|inside| inside.strip_suffix(')'))
            .ok_or_else(|| format!("a filter starts with '[?(' and ends with ')]', found '{fragment}'"))?;
        let mut alternatives = Vec::new();
        for alternative in conditions.split("||") {
            alternatives.push(alternative.split("&&").map(Condition::parse).collect::<Result<_, _>>()?);
        }
        Ok(Filter { alternatives })
    }

    /// Whether `item` passes; an error where a value cannot even be compared.
    pub(super) fn accepts(&self, item: &Json, document: &Json) -> Result<bool, PathError> {
        // From the right, as the original, which shows in which error comes first.
        for alternative in self.alternatives.iter().rev() {
            let mut all = true;
            for condition in alternative.iter().rev() {
                if !condition.holds(item, document)? {
                    all = false;
                    break;
                }
            }
            if all {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// What stands between the outer brackets, which must end where the parentheses are closed.
fn whole_bracket(fragment: &str) -> Result<&str, String> {
    let (mut quoted, mut parentheses, mut brackets, mut before) = (false, 0_i32, 0_i32, b' ');
    for (at, byte) in fragment.bytes().enumerate() {
        match byte {
            b'(' if !quoted => parentheses += 1,
            b')' if !quoted => parentheses -= 1,
            b'[' if !quoted => brackets += 1,
            b']' if !quoted => {
                brackets -= 1;
                if parentheses == 0 {
                    return if brackets == 0 { Ok(&fragment[1..at]) } else { Err(unbalanced(fragment)) };
                }
            }
            b'\'' if before != b'\\' => quoted = !quoted,
            _ => {}
        }
        before = byte;
    }
    Err(unbalanced(fragment))
}

fn unbalanced(fragment: &str) -> String {
    format!("the brackets of the filter '{fragment}' are not balanced")
}

impl Condition {
    fn parse(text: &str) -> Result<Condition, String> {
        let clean = text.trim_start_matches(['[', '?', '(', ' ']).trim_end_matches([')', ' ']).trim();
        if clean.is_empty() {
            return Err("a filter's condition is empty".to_owned());
        }
        let found = OPERATORS.iter().find_map(|(symbol, operator)| Some((clean.split_once(symbol)?, *operator)));
        let Some(((left, right), operator)) = found else {
            let (path, wanted) = match clean.strip_prefix("!@") {
                Some(_) => (&clean[1..], false),
                None => (clean, true),
            };
            let unusable = || format!("the condition '{clean}' is neither a path nor a comparison");
            let path = OperandPath::parse(path)?.ok_or_else(unusable)?;
            return Ok(Condition::Exists { path, wanted });
        };
        let (left, right) = (Operand::parse(left.trim())?, Operand::parse(right.trim())?);
        let patterns = [&left, &right].iter().filter(|operand| matches!(operand, Operand::Pattern(_))).count();
        if (operator == Operator::Matches) != (patterns == 1) {
            return Err(format!("'=~' in '{clean}' takes a path and a pattern between slashes"));
        }
        Ok(Condition::Compare { left, operator, right })
    }

    fn holds(&self, item: &Json, document: &Json) -> Result<bool, PathError> {
        match self {
            Condition::Exists { path, wanted } => match path.read(item, document) {
                // Null counts as absent.
                Ok(value) => Ok(value.is_null() != *wanted),
                Err(PathError::NotFound(_)) => Ok(!wanted),
                Err(error) => Err(error),
            },
            Condition::Compare { left, operator, right } => {
                let (Some(actual), Some(expected)) = (left.value(item, document)?, right.value(item, document)?) else {
                    return Ok(false);
                };
                match (&actual, &expected) {
                    (Value::Pattern(pattern), Value::Json(text)) | (Value::Json(text), Value::Pattern(pattern)) => {
                        Ok(!text.is_null() && pattern.is_match(&java_text(text)))
                    }
                    (Value::Json(actual), Value::Json(expected)) => compare_by(*operator, expected, actual),
                    _ => Ok(false),
                }
            }
        }
    }
}

impl OperandPath {
    /// `None` when the text does not look like a path at all.
    fn parse(text: &str) -> Result<Option<OperandPath>, String> {
        let from_document = text.starts_with('$');
        if !from_document && !text.starts_with('@') {
            return Ok(None);
        }
        let path = Path::parse_jayway(text).map_err(|error| error.to_string())?;
        if !path.is_definite() {
            return Err(format!("the path '{text}' in a filter is not definite"));
        }
        Ok(Some(OperandPath { path, from_document }))
    }

    fn read(&self, item: &Json, document: &Json) -> Result<Json, PathError> {
        let from = if self.from_document { document } else { item };
        if from.is_null() && !self.path.steps().is_empty() {
            return Err(PathError::NotFound(format!("'{}' starts from null", self.path.text())));
        }
        self.path.read_from(from)
    }
}

enum Value<'a> {
    Json(Json),
    Pattern(&'a Regex),
}

impl Operand {
    fn parse(text: &str) -> Result<Operand, String> {
        if text.starts_with("!@") {
            return Err(format!("'{text}': '!' only negates the existence of a path"));
        }
        if let Some(path) = OperandPath::parse(text)? {
            return Ok(Operand::Path(path));
        }
        let unquoted = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\''));
        if let Some(unquoted) = unquoted {
            return Ok(Operand::Text(unquoted.replace("\\'", "'")));
        }
        let pattern = text.strip_prefix('/').and_then(|text| match text.strip_suffix("/i") {
            Some(pattern) => Some((pattern, "(?i)")),
            None => text.strip_suffix('/').map(|pattern| (pattern, "")),
        });
        match pattern {
            Some((pattern, flags)) => Regex::new(&format!("{flags}^(?:{pattern})$"))
                .map(Operand::Pattern)
                .map_err(|_| format!("'{text}' is not a regular expression that is understood here")),
            None => Ok(Operand::Text(text.to_owned())),
        }
    }

    /// `None` when a path leads to nothing.
    fn value(&self, item: &Json, document: &Json) -> Result<Option<Value<'_>>, PathError> {
        match self {
            Operand::Path(path) => match path.read(item, document) {
                Ok(value) => Ok(Some(Value::Json(value))),
                Err(PathError::NotFound(_)) => Ok(None),
                Err(error) => Err(error),
            },
            Operand::Text(text) => Ok(Some(Value::Json(Json::from(text.as_str())))),
            Operand::Pattern(pattern) => Ok(Some(Value::Pattern(pattern))),
        }
    }
}

fn compare_by(operator: Operator, expected: &Json, actual: &Json) -> Result<bool, PathError> {
    let relation = matches!(operator, Operator::Equal | Operator::Unequal);
    if !relation && expected.is_null() != actual.is_null() {
        return Ok(false);
    }
    let Some(order) = compare(expected, actual)? else {
        return Ok(false);
    };
    Ok(match operator {
        Operator::Equal => order.is_eq(),
        Operator::Unequal => order.is_ne(),
        Operator::Less => order.is_gt(),
        Operator::AtMost => order.is_ge(),
        Operator::Greater => order.is_lt(),
        Operator::AtLeast => order.is_le(),
        Operator::Matches => false,
    })
}

/// `None` where the original refuses to compare, which makes the condition false; an error where it breaks.
fn compare(expected: &Json, actual: &Json) -> Result<Option<Ordering>, PathError> {
    let nullish = |value: &Json| value.is_null() || value.as_str() == Some("null");
    Ok(match (expected, actual) {
        _ if nullish(expected) && nullish(actual) => Some(Ordering::Equal),
        _ if nullish(expected) => Some(Ordering::Less),
        _ if nullish(actual) => Some(Ordering::Greater),
        (Json::String(expected), Json::String(actual)) => Some(expected.encode_utf16().cmp(actual.encode_utf16())),
        (Json::Number(expected), Json::Number(actual)) => compare_decimals(&expected.to_string(), &actual.to_string()),
        (Json::String(expected), Json::Number(actual)) => {
            if !is_decimal(expected) {
                return Err(PathError::Unusable(format!("'{expected}' cannot be compared with a number")));
            }
            compare_decimals(expected, &actual.to_string())
        }
        (Json::String(expected), Json::Bool(actual)) => Some(expected.eq_ignore_ascii_case("true").cmp(actual)),
        (Json::Bool(expected), Json::Bool(actual)) => Some(expected.cmp(actual)),
        _ => None,
    })
}

/// What Java's `BigDecimal` reads.
fn is_decimal(text: &str) -> bool {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (digits, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_digits = !whole.is_empty() || !fraction.is_empty();
    has_digits && !exponent.is_empty() && [whole, fraction, exponent].into_iter().all(all_digits)
}

fn compare_decimals(left: &str, right: &str) -> Option<Ordering> {
    match (left.parse::<i128>(), right.parse::<i128>()) {
        (Ok(left), Ok(right)) => Some(left.cmp(&right)),
        _ => left.parse::<f64>().ok()?.partial_cmp(&right.parse::<f64>().ok()?),
    }
}
