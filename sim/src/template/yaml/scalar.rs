use rehearsal_engine::json::Number;
use rehearsal_engine::source::Shape;

use super::Dialect;

/// What a plain (unquoted) word means.
///
/// CloudFormation reads YAML 1.1, of which this keeps what templates rely on. Dates, sexagesimals, octals and anything
/// with a leading zero stay strings: `2012-10-17` is a version and `012345678901` an account.
pub fn plain(word: &str, dialect: Dialect) -> Shape {
    match word {
        "" | "~" | "null" | "Null" | "NULL" => return Shape::Null,
        "true" | "True" | "TRUE" => return Shape::Bool(true),
        "false" | "False" | "FALSE" => return Shape::Bool(false),
        _ => {}
    }
    if dialect == Dialect::CloudFormation {
        match word {
            "yes" | "Yes" | "YES" | "on" | "On" | "ON" => return Shape::Bool(true),
            "no" | "No" | "NO" | "off" | "Off" | "OFF" => return Shape::Bool(false),
            _ => {}
        }
    }
    number(word, dialect).map_or_else(|| Shape::String(word.into()), Shape::Number)
}

fn number(word: &str, dialect: Dialect) -> Option<Number> {
    let digits = word.strip_prefix(['-', '+']).unwrap_or(word);
    if let Some(hex) = digits.strip_prefix("0x") {
        let valid = !hex.is_empty() && digits.len() == word.len() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
        return if valid { u64::from_str_radix(hex, 16).ok().map(Number::from) } else { None };
    }
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    let leading_zero = whole > 1 && digits.starts_with('0');
    if leading_zero {
        return None;
    }
    if whole > 0 && whole == digits.len() {
        let unsigned = word.strip_prefix('+').unwrap_or(word);
        let integer = unsigned.parse::<i64>().map(Number::from).or_else(|_| unsigned.parse::<u64>().map(Number::from));
        return integer.ok().or_else(|| float(unsigned));
    }
    // Letters like `inf` are numbers to Rust's parser and words to everyone else.
    let shaped = digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'-' | b'+'));
    let starts = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.');
    // YAML 1.1 has no number without a point: `12e5` is more often an id.
    let pointed = digits.contains('.') || dialect == Dialect::Plain;
    if shaped && starts && pointed { float(word) } else { None }
}

fn float(word: &str) -> Option<Number> {
    word.parse::<f64>().ok().and_then(Number::from_f64)
}

/// Where the `|` or `>` of the block scalar stands whose content begins at `content`.
pub fn block_header(text: &str, content: usize) -> Option<usize> {
    let before = text.get(..content)?;
    let header_end = before.trim_end_matches([' ', '\t', '\n', '\r']).len();
    // Content that was cut (a tag counts as content) already starts on the header's line.
    if let Some(first) = text.get(content..).and_then(|rest| rest.chars().next())
        && matches!(first, '!' | '&')
        && !before[header_end..].contains('\n')
    {
        return None;
    }
    let line_start = before[..header_end].rfind('\n').map_or(0, |newline| newline + 1);
    let line = &before[line_start..header_end];
    let found = line.char_indices().find(|(at, letter)| {
        let follows_blank = line[..*at].chars().next_back().is_none_or(char::is_whitespace);
        matches!(letter, '|' | '>') && follows_blank && is_header(&line[at + 1..])
    });
    found.map(|(at, _)| line_start + at)
}

/// Whether `rest` is what may follow the `|`: indentation, chomping, a comment.
fn is_header(rest: &str) -> bool {
    let indicators = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || matches!(letter, '-' | '+'));
    let comment = indicators.trim_start();
    rest.len() - indicators.len() <= 2 && (comment.is_empty() || (comment.starts_with('#') && comment != indicators))
}
