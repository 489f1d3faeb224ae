//! From text to steps, by the rules of Jayway 2.0.0: a path is cut into fragments at `.` and `[`, and what a bracket
//! holds is decided by the first telling character in it.

use std::sync::Arc;

use super::filter::Filter;
use super::{Origin, PathSyntaxError, Step};

/// More steps than this are refused, which bounds the recursion over them; nobody nests payloads this deep.
const STEPS_MAX: usize = 500;

/// Splits `$…` into what it starts from and the rest, which is empty or starts with `.` or `[`.
pub(super) fn split_origin(text: &str) -> Result<(Origin, &str), PathSyntaxError> {
    let after = text.strip_prefix('$').unwrap_or(text);
    let (origin, rest) = if let Some(rest) = after.strip_prefix('$') {
        (Origin::Context, rest)
    } else {
        let name_bytes = name_bytes(after);
        let (name, rest) = after.split_at(name_bytes);
        (if name.is_empty() { Origin::Root } else { Origin::Variable(name.into()) }, rest)
    };
    match rest.bytes().next() {
        None | Some(b'.' | b'[') => Ok((origin, rest)),
        Some(b' ') if java_trim(rest).is_empty() => Ok((origin, "")),
        Some(_) => {
            Err(PathSyntaxError::new(text, text.len() - rest.len(), "expected '.' or '[' after what it starts from"))
        }
    }
}

/// Bytes of the variable name that `text` starts with.
fn name_bytes(text: &str) -> usize {
    let mut chars = text.char_indices();
    match chars.next() {
        Some((_, first)) if first.is_alphabetic() || first == '_' => {}
        _ => return 0,
    }
    chars.find(|(_, c)| !c.is_alphanumeric() && *c != '_').map_or(text.len(), |(at, _)| at)
}

/// Java's `String.trim`: everything up to the space goes.
pub(super) fn java_trim(text: &str) -> &str {
    text.trim_matches(|c| c <= ' ')
}

pub(super) fn parse_steps(text: &str) -> Result<Vec<Step>, PathSyntaxError> {
    let text = text.trim_end_matches(|c| c <= ' ');
    let mut steps = Vec::new();
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        let rest = &text[at..];
        match byte {
            b' ' => return Err(PathSyntaxError::new(text, at, "a blank is not allowed outside of brackets")),
            b'[' => {
                let fragment = bracket(rest);
                steps.push(bracket_step(fragment).map_err(|message| PathSyntaxError::new(text, at, message))?);
                at += fragment.len();
            }
            b'.' if rest.starts_with("..") => {
                steps.push(Step::Scan);
                at += 2;
            }
            b'.' if rest.len() == 1 => {
                return Err(PathSyntaxError::new(text, at, "a name is missing after the last '.'"));
            }
            _ => {
                let start = at + usize::from(*byte == b'.');
                let name = name_until_delimiter(&text[start..]);
                match name {
                    "" => {}
                    "*" => steps.push(Step::Wildcard),
                    name => steps.push(Step::Property(name.into())),
                }
                at = start + name.len();
            }
        }
        if steps.len() > STEPS_MAX {
            return Err(PathSyntaxError::new(text, at, format!("it has more than {STEPS_MAX} steps")));
        }
    }
    if let Some(Step::Scan) = steps.last() {
        return Err(PathSyntaxError::new(text, text.len(), "a path can not end with a scan ('..')"));
    }
    Ok(steps)
}

fn name_until_delimiter(text: &str) -> &str {
    let end = text.bytes().position(|byte| matches!(byte, b'.' | b'[' | b' ')).unwrap_or(text.len());
    &text[..end]
}

/// From a `[` to its `]`, brackets counted, or to the end of the text.
fn bracket(text: &str) -> &str {
    let mut nested = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'[' => nested += 1,
            b']' => nested -= 1,
            _ => {}
        }
        if nested == 0 {
            return &text[..=at];
        }
    }
    text
}

fn bracket_step(fragment: &str) -> Result<Step, String> {
    if fragment == "[*]" {
        return Ok(Step::Wildcard);
    }
    if !fragment.ends_with(']') {
        return Err(format!("'{fragment}' has no closing ']'"));
    }
    let telling =
        fragment.char_indices().find(|(_, c)| c.is_ascii_digit() || matches!(c, '?' | '\'' | ':' | '-' | '@'));
    match telling {
        Some((at, '\'')) => properties(&fragment[at..]),
        Some((at, '@')) => from_end(&fragment[at..]),
        Some((_, '?')) => Filter::parse(fragment).map(|filter| Step::Filter(Box::new(filter))),
        Some((at, _)) => array_step(&fragment[at..]),
        None => Err(format!("'{fragment}' holds neither a name in single quotes nor an index, '*' or filter")),
    }
}

/// `'a','b']`; a quoted name ends at the next quote, there is no escaping one.
fn properties(fragment: &str) -> Result<Step, String> {
    let (mut names, mut open, mut start): (Vec<Arc<str>>, bool, usize) = (Vec::new(), false, 0);
    for (at, byte) in fragment.bytes().enumerate() {
        match byte {
            b']' => break,
            b'\'' => {
                if open {
                    names.push(fragment[start..at].into());
                }
                open = !open;
                start = at + 1;
            }
            _ => {}
        }
    }
    match names.len() {
        0 => Err(format!("'[{fragment}' names no property")),
        1 => Ok(names.pop().map_or(Step::Wildcard, Step::Property)),
        _ => Ok(Step::Properties(names.into())),
    }
}

/// `@.length-1)]` or `@.size()-1)]`.
fn from_end(fragment: &str) -> Result<Step, String> {
    let unsupported = || format!("'{fragment}' is neither '(@.length-n)' nor '(@.size()-n)'");
    let (function, offset) = fragment[1..].split_at(fragment[1..].find('-').ok_or_else(unsupported)?);
    let function: String = function.chars().skip(1).filter(|c| !matches!(c, ' ' | '(' | ')')).collect();
    if function != "length" && function != "size" {
        return Err(unsupported());
    }
    let offset = &offset[..offset.find(')').ok_or_else(unsupported)?];
    number(&offset.replace(' ', "")).map(Step::FromEnd)
}

/// `0]`, `0,2]`, `1:3]`, `1:]`, `:3]`. Odd mixtures mean what the original makes of them: a sequence beats a slice, and
/// what follows a slice's end is passed over.
fn array_step(fragment: &str) -> Result<Step, String> {
    let (mut numbers, mut pending, mut at) = (Vec::new(), String::new(), 0);
    let (mut sequence, mut from, mut to, mut between) = (false, false, false, false);
    let bytes = fragment.as_bytes();
    let digits = |at: &mut usize, pending: &mut String| {
        while let Some(byte @ (b'0'..=b'9' | b' ' | b'-')) = bytes.get(*at) {
            if *byte != b' ' {
                pending.push(char::from(*byte));
            }
            *at += 1;
        }
    };
    while let Some(byte @ (b'0'..=b'9' | b',' | b' ' | b':' | b'-')) = bytes.get(at) {
        match byte {
            b' ' => {}
            b':' if pending.is_empty() => {
                to = true;
                at += 1;
                digits(&mut at, &mut pending);
                numbers.push(number(&std::mem::take(&mut pending))?);
            }
            b':' => {
                numbers.push(number(&std::mem::take(&mut pending))?);
                at += 1;
                digits(&mut at, &mut pending);
                if pending.is_empty() {
                    from = true;
                } else {
                    between = true;
                    numbers.push(number(&std::mem::take(&mut pending))?);
                }
            }
            b',' => {
                sequence = true;
                numbers.push(number(&std::mem::take(&mut pending))?);
            }
            other => pending.push(char::from(*other)),
        }
        if bytes.get(at) == Some(&b']') {
            break;
        }
        at += 1;
    }
    if !pending.is_empty() {
        numbers.push(number(&pending)?);
    }
    match numbers[..] {
        [index] if !from && !to => Ok(Step::Index(index)),
        [_, ..] if sequence => Ok(Step::Indexes(numbers.into())),
        [start, ..] if from => Ok(Step::SliceFrom(start)),
        [end, ..] if to => Ok(Step::SliceTo(end)),
        [start, end, ..] if between => Ok(Step::SliceBetween(start, end)),
        _ => Err(format!("'[{fragment}' holds no index")),
    }
}

fn number(text: &str) -> Result<i64, String> {
    text.parse::<i32>().map(i64::from).map_err(|_| format!("'{text}' is not an index"))
}
