use std::sync::Arc;

use super::{Diagnostic, Member, Node, Shape, Span};
use crate::json::Number;

/// Deepest nesting that is read; Jackson, which AWS parses with, stops at the same depth by default.
pub const NESTING_MAX: usize = 1000;

/// Reads one JSON value that fills the whole text (RFC 8259).
pub fn read_json(text: &str) -> Result<Node, Diagnostic> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_blanks();
    let node = reader.value(0)?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(reader.error("found more text after the end of the JSON value"));
    }
    Ok(node)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Node, Diagnostic> {
        if depth > NESTING_MAX {
            return Err(self.error(format!("the value is nested deeper than {NESTING_MAX} levels")));
        }
        let start = self.at;
        let shape = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => Shape::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => Shape::Number(self.number()?),
            Some(b'a'..=b'z') => self.word()?,
            Some(_) => return Err(self.error("expected a JSON value")),
            None => return Err(self.error("the text ends where a JSON value was expected")),
        };
        Ok(Node::new(Span::new(start, self.at), shape))
    }

    fn object(&mut self, depth: usize) -> Result<Shape, Diagnostic> {
        self.at += 1;
        let mut members = Vec::new();
        self.skip_blanks();
        if self.take(b'}') {
            return Ok(Shape::Object(members));
        }
        loop {
            self.skip_blanks();
            let key_start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.error("expected a member name in double quotes"));
            }
            let key = self.string()?;
            let key_span = Span::new(key_start, self.at);
            self.skip_blanks();
            if !self.take(b':') {
                return Err(self.error("expected ':' after the member name"));
            }
            self.skip_blanks();
            let value = self.value(depth + 1)?;
            members.push(Member { key, key_span, value });
            self.skip_blanks();
            if self.take(b'}') {
                return Ok(Shape::Object(members));
            }
            if !self.take(b',') {
                return Err(self.error("expected ',' or '}' after the member"));
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Shape, Diagnostic> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_blanks();
        if self.take(b']') {
            return Ok(Shape::Array(items));
        }
        loop {
            self.skip_blanks();
            items.push(self.value(depth + 1)?);
            self.skip_blanks();
            if self.take(b']') {
                return Ok(Shape::Array(items));
            }
            if !self.take(b',') {
                return Err(self.error("expected ',' or ']' after the item"));
            }
        }
    }

    fn word(&mut self) -> Result<Shape, Diagnostic> {
        for (word, shape) in [("null", Shape::Null), ("true", Shape::Bool(true)), ("false", Shape::Bool(false))] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Ok(shape);
            }
        }
        Err(self.error("expected a JSON value"))
    }

    fn number(&mut self) -> Result<Number, Diagnostic> {
        let start = self.at;
        while matches!(self.peek(), Some(b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')) {
            self.at += 1;
        }
        let text = &self.text[start..self.at];
        serde_json::from_str(text).map_err(|_| {
            self.at = start;
            self.error(format!("'{text}' is not a number that JSON can express"))
        })
    }

    fn string(&mut self) -> Result<Arc<str>, Diagnostic> {
        let start = self.at;
        self.at += 1;
        let mut escaped = false;
        loop {
            match self.peek() {
                None => {
                    self.at = start;
                    return Err(self.error("the string that starts here has no closing quote"));
                }
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    self.at += 2;
                }
                Some(0..=0x1f) => return Err(self.error("a control character in a string must be escaped")),
                Some(_) => self.at += 1,
            }
        }
        self.at += 1;
        if !escaped {
            return Ok(self.text[start + 1..self.at - 1].into());
        }
        // The text may end inside an escape, so that the slice above overshoots; `get` catches it.
        let quoted = self.text.get(start..self.at).unwrap_or_default();
        serde_json::from_str::<Arc<str>>(quoted).map_err(|_| {
            self.at = start;
            self.error("the string that starts here holds an invalid escape")
        })
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn error(&self, message: impl Into<String>) -> Diagnostic {
        let start = self.at.min(self.text.len());
        Diagnostic::error("INVALID_JSON_DESCRIPTION", Span::new(start, start + 1), "", message)
    }
}
