//! JSON text, token by token, with the leniencies and the words of Jackson, which EventBridge reads with.
//!
//! It differs from [`crate::source::read_json`] where AWS does: a number keeps its spelling (`1e309` is legal), repeated
//! keys all arrive, an unpaired surrogate becomes `?`, and what follows the first value is never looked at. Nothing is
//! built: the pattern compiler and the event walker pull from here and skip what no rule asks for.

use std::borrow::Cow;

use crate::source::NESTING_MAX;

const EXPECTED_VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// Longest unknown word that Jackson echoes.
const WORD_CHARS_MAX: usize = 256;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token<'t> {
    StartObject,
    EndObject,
    StartArray,
    EndArray,
    Name(Cow<'t, str>),
    String(Cow<'t, str>),
    /// A number as it was spelled.
    Number(Cow<'t, str>),
    Bool(bool),
    Null,
}

/// Text that is not JSON: Jackson's message and the offset its position points behind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Malformed {
    pub(super) message: String,
    pub(super) at: usize,
}

pub(super) struct Tokens<'t> {
    text: &'t str,
    at: usize,
    start: usize,
    open: Vec<Open>,
    after_name: bool,
    begun: bool,
}

struct Open {
    is_object: bool,
    start: usize,
    is_empty: bool,
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Tokens<'t> {
        Tokens { text, at: 0, start: 0, open: Vec::new(), after_name: false, begun: false }
    }

    /// Where the last token started and ended.
    pub(super) fn last(&self) -> (usize, usize) {
        (self.start, self.at)
    }

    /// The next token; `None` after the end of the first value, or when there is none at all.
    pub(super) fn next(&mut self) -> Result<Option<Token<'t>>, Malformed> {
        self.skip_blanks();
        self.start = self.at;
        if self.open.is_empty() {
            if self.begun || self.at == self.text.len() {
                return Ok(None);
            }
            self.begun = true;
            return self.value().map(Some);
        }
        if self.after_name {
            self.after_name = false;
            return self.value().map(Some);
        }
        self.member_or_item().map(Some)
    }

    /// Where the first value ends.
    pub(super) fn end(mut self) -> Result<usize, Malformed> {
        let Some(first) = self.next()? else {
            let message = "the text is empty where an event was expected".to_owned();
            return Err(Malformed { message, at: self.text.len() });
        };
        self.skip(&first)?;
        Ok(self.at)
    }

    /// Passes over the value whose first token was just taken.
    pub(super) fn skip(&mut self, first: &Token) -> Result<(), Malformed> {
        if !matches!(first, Token::StartObject | Token::StartArray) {
            return Ok(());
        }
        let outside = self.open.len().saturating_sub(1);
        while self.open.len() > outside {
            self.next()?;
        }
        Ok(())
    }

    /// Where Jackson says it is after a member's name: it has already looked at what the value starts with.
    pub(super) fn after_peeked_value(&self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let blanks = rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        let value = &rest[blanks..];
        let width = match value.as_bytes().first() {
            Some(b'{' | b'[' | b'"') => 1,
            _ => value.find([',', '}', ']', ' ', '\t', '\n', '\r']).unwrap_or(value.len()),
        };
        self.at + blanks + width
    }

    fn member_or_item(&mut self) -> Result<Token<'t>, Malformed> {
        let Some(open) = self.open.last_mut() else { return Err(self.unexpected("")) };
        let (is_object, was_empty) = (open.is_object, open.is_empty);
        open.is_empty = false;
        match self.peek() {
            None => return Err(self.unclosed()),
            Some(close @ (b'}' | b']')) if (close == b'}') == is_object => {
                self.at += 1;
                self.open.pop();
                return Ok(if is_object { Token::EndObject } else { Token::EndArray });
            }
            Some(b'}' | b']') => return Err(self.wrong_close()),
            Some(_) => {}
        }
        if !was_empty {
            if self.peek() != Some(b',') {
                let entries = if is_object { "Object entries" } else { "Array entries" };
                return Err(self.unexpected(&format!("was expecting comma to separate {entries}")));
            }
            self.at += 1;
            self.skip_blanks();
            self.start = self.at;
        }
        if is_object { self.name() } else { self.value() }
    }

    fn name(&mut self) -> Result<Token<'t>, Malformed> {
        match self.peek() {
            Some(b'"') => {}
            None => return Err(self.unclosed()),
            Some(_) => return Err(self.unexpected("was expecting double-quote to start field name")),
        }
        let name = self.string("Unexpected end-of-input in field name")?;
        let end = self.at;
        self.skip_blanks();
        match self.peek() {
            Some(b':') => self.at += 1,
            None => return Err(self.unclosed()),
            Some(_) => return Err(self.unexpected("was expecting a colon to separate field name and value")),
        }
        debug_assert!(self.at > end, "a name is followed by its colon");
        self.after_name = true;
        Ok(Token::Name(name))
    }

    fn value(&mut self) -> Result<Token<'t>, Malformed> {
        match self.peek() {
            Some(first @ (b'{' | b'[')) => {
                if self.open.len() >= NESTING_MAX {
                    let depth = NESTING_MAX + 1;
                    return Err(Malformed {
                        message: format!(
                            "Document nesting depth ({depth}) exceeds the maximum allowed ({NESTING_MAX})"
                        ),
                        at: self.at,
                    });
                }
                self.open.push(Open { is_object: first == b'{', start: self.at, is_empty: true });
                self.at += 1;
                Ok(if first == b'{' { Token::StartObject } else { Token::StartArray })
            }
            Some(b'"') => self
                .string("Unexpected end-of-input: was expecting closing quote for a string value")
                .map(Token::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            None => Err(self.unclosed()),
            Some(_) => self.word(),
        }
    }

    fn word(&mut self) -> Result<Token<'t>, Malformed> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
        let token = match &rest[..length] {
            "" => return Err(self.unexpected(&format!("expected a valid value {EXPECTED_VALUES}"))),
            "null" => Token::Null,
            "true" => Token::Bool(true),
            "false" => Token::Bool(false),
            unknown => {
                let mut shown: String = unknown.chars().take(WORD_CHARS_MAX).collect();
                if shown.len() < unknown.len() {
                    shown.push_str("...");
                }
                let message = format!("Unrecognized token '{shown}': was expecting {EXPECTED_VALUES}");
                return Err(Malformed { message, at: self.at + length });
            }
        };
        self.at += length;
        Ok(token)
    }

    fn number(&mut self) -> Result<Token<'t>, Malformed> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
            if !matches!(self.peek(), Some(b'0'..=b'9')) {
                return Err(self.bad_number("expected digit (0-9) to follow minus sign, for valid numeric value"));
            }
        }
        let leading = self.at;
        let digits = self.digits();
        if digits > 1 && self.text.as_bytes()[leading] == b'0' {
            let message = "Invalid numeric value: Leading zeroes not allowed".to_owned();
            return Err(Malformed { message, at: leading + 1 });
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(self.bad_number("Decimal point not followed by a digit"));
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            if self.digits() == 0 {
                return Err(self.bad_number("Exponent indicator not followed by a digit"));
            }
        }
        Ok(Token::Number(Cow::Borrowed(&self.text[start..self.at])))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        self.at - start
    }

    fn string(&mut self, unclosed: &str) -> Result<Cow<'t, str>, Malformed> {
        self.at += 1;
        let content = self.at;
        let mut decoded: Option<String> = None;
        loop {
            let rest = &self.text[self.at..];
            let plain = rest.bytes().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len());
            if let Some(decoded) = &mut decoded {
                decoded.push_str(&rest[..plain]);
            }
            self.at += plain;
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let text = decoded.get_or_insert_with(|| self.text[content..self.at].to_owned());
                    let escaped = escape(self.text.as_bytes(), &mut self.at)?;
                    text.push(escaped);
                }
                Some(control) => {
                    let message = format!(
                        "Illegal unquoted character ((CTRL-CHAR, code {control})): has to be escaped using backslash to be included in string value"
                    );
                    return Err(Malformed { message, at: self.at + 1 });
                }
                None => return Err(Malformed { message: unclosed.to_owned(), at: self.at }),
            }
        }
        let end = self.at;
        self.at += 1;
        Ok(decoded.map_or_else(|| Cow::Borrowed(&self.text[content..end]), Cow::Owned))
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn unexpected(&self, expectation: &str) -> Malformed {
        Malformed { message: format!("Unexpected character ({}): {expectation}", self.shown()), at: self.after_char() }
    }

    fn bad_number(&self, problem: &str) -> Malformed {
        let message = match self.peek() {
            Some(_) => format!("Unexpected character ({}) in numeric value: {problem}", self.shown()),
            None => format!("Unexpected end-of-input in numeric value: {problem}"),
        };
        Malformed { message, at: self.after_char() }
    }

    fn shown(&self) -> String {
        self.text[self.at..].chars().next().map_or_else(String::new, |c| format!("'{c}' (code {})", c as u32))
    }

    fn after_char(&self) -> usize {
        self.at + self.text[self.at..].chars().next().map_or(0, char::len_utf8)
    }

    fn unclosed(&self) -> Malformed {
        let message = match self.open.last() {
            Some(open) => {
                let kind = if open.is_object { "Object" } else { "Array" };
                let place = place(self.text, open.start);
                format!("Unexpected end-of-input: expected close marker for {kind} (start marker at {place})")
            }
            None => "Unexpected end-of-input".to_owned(),
        };
        Malformed { message, at: self.text.len() }
    }

    fn wrong_close(&self) -> Malformed {
        let Some(open) = self.open.last() else { return self.unexpected("") };
        let (kind, expected, found) = if open.is_object { ("Object", '}', ']') } else { ("Array", ']', '}') };
        let place = place(self.text, open.start);
        let message =
            format!("Unexpected close marker '{found}': expected '{expected}' (for {kind} starting at {place})");
        Malformed { message, at: self.at + 1 }
    }
}

/// A place as Jackson writes it: `[Source: (String)"{}"; line: 1, column: 2]`, of the character at `offset`.
pub(super) fn place(text: &str, offset: usize) -> String {
    /// AWS: Jackson echoes at most this many characters of its source.
    const ECHO_CHARS_MAX: usize = 500;
    let chars = text.chars().count();
    let shown: String = text.chars().take(ECHO_CHARS_MAX).collect();
    let more =
        if chars > ECHO_CHARS_MAX { format!("[truncated {} chars]", chars - ECHO_CHARS_MAX) } else { String::new() };
    let position = crate::source::Position::of(text, u32::try_from(offset).unwrap_or(u32::MAX));
    format!("[Source: (String)\"{shown}\"{more}; line: {}, column: {}]", position.line, position.column)
}

/// What a string's content with escapes stands for; the error is the offset of an escape that is none.
pub(super) fn decoded(content: &[u8]) -> Result<Vec<u8>, usize> {
    let mut text = Vec::with_capacity(content.len());
    let mut at = 0;
    while let Some(byte) = content.get(at) {
        if *byte == b'\\' {
            let start = at;
            let character = escape(content, &mut at).map_err(|_| start)?;
            text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        } else {
            text.push(*byte);
            at += 1;
        }
    }
    Ok(text)
}

/// The character of the escape that starts at `at`, and `at` moved behind it.
fn escape(bytes: &[u8], at: &mut usize) -> Result<char, Malformed> {
    let start = *at;
    let escaped = match bytes.get(start + 1) {
        Some(byte @ (b'"' | b'\\' | b'/')) => char::from(*byte),
        Some(b'b') => '\u{8}',
        Some(b'f') => '\u{c}',
        Some(b'n') => '\n',
        Some(b'r') => '\r',
        Some(b't') => '\t',
        Some(b'u') => {
            *at = start + 6;
            let unit = code_unit(bytes, start)?;
            if !(0xd800..0xe000).contains(&unit) {
                return Ok(char::from_u32(unit).unwrap_or('?'));
            }
            let low = if bytes.get(start + 6..start + 8) == Some(b"\\u") { code_unit(bytes, start + 6)? } else { 0 };
            if unit >= 0xdc00 || !(0xdc00..0xe000).contains(&low) {
                return Ok('?');
            }
            *at = start + 12;
            return Ok(char::from_u32(0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00)).unwrap_or('?'));
        }
        Some(_) => {
            let rest = String::from_utf8_lossy(&bytes[start + 1..(start + 5).min(bytes.len())]);
            let found = rest.chars().next().unwrap_or('?');
            let message = format!("Unrecognized character escape '{found}' (code {})", found as u32);
            return Err(Malformed { message, at: start + 1 + found.len_utf8() });
        }
        None => {
            return Err(Malformed {
                message: "Unexpected end-of-input in character escape sequence".to_owned(),
                at: bytes.len(),
            });
        }
    };
    *at = start + 2;
    Ok(escaped)
}

fn code_unit(bytes: &[u8], start: usize) -> Result<u32, Malformed> {
    let digits = bytes.get(start + 2..start + 6).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.filter(|digits| !digits.starts_with('+')).and_then(|digits| u32::from_str_radix(digits, 16).ok()).ok_or_else(
        || Malformed {
            message: "Unexpected character in a character escape: expected a hex-digit for character escape sequence"
                .to_owned(),
            at: (start + 6).min(bytes.len()),
        },
    )
}
