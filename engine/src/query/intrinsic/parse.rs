//! From the text of a call to a [`Call`].

use super::{Argument, Call, FUNCTIONS};
use crate::Json;
use crate::json::Number;
use crate::query::path::{Path, PathSyntaxError};

/// AWS: calls nest at most this deep.
const NESTING_MAX: usize = 10;

pub(super) fn parse(text: &str) -> Result<Call, PathSyntaxError> {
    let mut reader = Reader { text, at: 0 };
    let call = reader.call(1)?;
    reader.skip_blanks();
    if reader.at < text.len() {
        return Err(reader.error("found more text after the call's ')'"));
    }
    Ok(call)
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn call(&mut self, depth: usize) -> Result<Call, PathSyntaxError> {
        if depth > NESTING_MAX {
            return Err(self.error(format!("calls nest deeper than {NESTING_MAX} levels")));
        }
        let rest = self.rest();
        let Some(name_on) = rest.strip_prefix("States.") else {
            return Err(self.error("an intrinsic function starts with 'States.'"));
        };
        let name = &name_on[..name_on.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name_on.len())];
        let Some((_, function)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = FUNCTIONS.iter().map(|(known, _)| *known).collect();
            return Err(self.error(format!("there is no function 'States.{name}'; there are {}", known.join(", "))));
        };
        self.at += "States.".len() + name.len();
        self.skip_blanks();
        self.expect('(')?;
        let mut arguments = Vec::new();
        self.skip_blanks();
        if self.rest().starts_with(')') {
            self.at += 1;
            return Ok(Call { function: *function, arguments: arguments.into() });
        }
        loop {
            self.skip_blanks();
            arguments.push(self.argument(depth)?);
            self.skip_blanks();
            if self.rest().starts_with(')') {
                self.at += 1;
                return Ok(Call { function: *function, arguments: arguments.into() });
            }
            self.expect(',')?;
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, PathSyntaxError> {
        match self.rest().bytes().next() {
            Some(b'\'') => self.string(),
            Some(b'$') => self.path(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'S') => self.call(depth + 1).map(Argument::Call),
            Some(b't' | b'f' | b'n') => self.word(),
            Some(_) => {
                Err(self.error("expected a path, a string in single quotes, a number, true, false, null or a call"))
            }
            None => Err(self.error("the call has no closing ')'")),
        }
    }

    /// `'…'` with the escapes `\'`, `\{`, `\}` and `\\`.
    fn string(&mut self) -> Result<Argument, PathSyntaxError> {
        let start = self.at;
        self.at += 1;
        let (mut value, mut template) = (String::new(), String::new());
        while let Some(c) = self.rest().chars().next() {
            self.at += c.len_utf8();
            match c {
                '\'' => return Ok(Argument::Text { value: Json::from(value), template: template.into() }),
                '\\' => match self.rest().chars().next() {
                    Some(escaped @ ('\'' | '{' | '}' | '\\')) => {
                        self.at += 1;
                        value.push(escaped);
                        if escaped != '\'' {
                            template.push('\\');
                        }
                        template.push(escaped);
                    }
                    _ => return Err(self.error("a backslash in a string is followed by one of ' { } \\")),
                },
                c => {
                    value.push(c);
                    template.push(c);
                }
            }
        }
        self.at = start;
        Err(self.error("the string that starts here has no closing quote"))
    }

    /// A path up to the `,` or `)` that is not inside its brackets.
    fn path(&mut self) -> Result<Argument, PathSyntaxError> {
        let (mut brackets, mut quoted, mut before) = (0_usize, false, b' ');
        let rest = self.rest();
        let end = rest.bytes().position(|byte| {
            match byte {
                b'\'' if brackets > 0 && before != b'\\' => quoted = !quoted,
                b'[' if !quoted => brackets += 1,
                b']' if !quoted => brackets = brackets.saturating_sub(1),
                _ => {}
            }
            before = byte;
            brackets == 0 && matches!(byte, b',' | b')')
        });
        // Names such as `length()` hold parentheses of their own, but AWS ends the argument there as well.
        let text = &rest[..end.unwrap_or(rest.len())];
        let path = Path::parse(text.trim_end()).map_err(|error| self.error(error.to_string()))?;
        self.at += text.len();
        Ok(Argument::Path(path))
    }

    fn number(&mut self) -> Result<Argument, PathSyntaxError> {
        let rest = self.rest();
        let is_part = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let text = &rest[..rest.find(|c| !is_part(c)).unwrap_or(rest.len())];
        let number: Number = serde_json::from_str(text).map_err(|_| self.error(format!("'{text}' is not a number")))?;
        self.at += text.len();
        Ok(Argument::Literal(Json::Number(number)))
    }

    fn word(&mut self) -> Result<Argument, PathSyntaxError> {
        for (word, value) in [("true", Json::Bool(true)), ("false", Json::Bool(false)), ("null", Json::Null)] {
            if self.rest().starts_with(word) {
                self.at += word.len();
                return Ok(Argument::Literal(value));
            }
        }
        Err(self.error("expected true, false or null"))
    }

    fn expect(&mut self, wanted: char) -> Result<(), PathSyntaxError> {
        if !self.rest().starts_with(wanted) {
            return Err(self.error(format!("expected '{wanted}'")));
        }
        self.at += wanted.len_utf8();
        Ok(())
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, message: impl Into<String>) -> PathSyntaxError {
        PathSyntaxError::new(self.text, self.at, message).of_call()
    }
}
