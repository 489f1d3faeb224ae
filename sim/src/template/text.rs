use std::sync::Arc;

use rehearsal_engine::source::Span;

/// A text that was put together from pieces of a file, and knows where each piece stood.
///
/// A definition inside a template is unescaped, unindented and substituted before it is read as JSON. A problem found in
/// the result must still point at the line the user wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappedText {
    text: String,
    runs: Vec<Run>,
}

/// From `at` in the text on, the bytes stood at `place` in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Run {
    at: u32,
    place: Span,
    /// Whether the bytes stand in the file as they are; otherwise all of them come from the whole of `place`.
    verbatim: bool,
}

impl MappedText {
    /// The text of a scalar that stands at `span` of `file`, unescaped as `text`.
    pub fn of_scalar(file: &str, span: Span, text: &str) -> MappedText {
        let mut mapped = MappedText::default();
        mapped.push_aligned(text, &align(file, span, text), span);
        mapped
    }

    /// A text that is a whole file.
    pub fn of_verbatim(text: &str) -> MappedText {
        let place = Span::new(0, text.len());
        MappedText { text: text.to_owned(), runs: vec![Run { at: 0, place, verbatim: true }] }
    }

    /// A text that comes from the place `span` as a whole.
    pub fn of_place(text: &str, span: Span) -> MappedText {
        let mut mapped = MappedText::default();
        mapped.push_from(text, span);
        mapped
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The text, shared.
    pub fn to_shared(&self) -> Arc<str> {
        self.text.as_str().into()
    }

    /// Appends a text that comes from the place `span` as a whole.
    pub fn push_from(&mut self, text: &str, span: Span) {
        if !text.is_empty() {
            self.runs.push(Run { at: self.text.len() as u32, place: span, verbatim: false });
            self.text.push_str(text);
        }
    }

    /// Appends the part `from..to` of another mapped text with its places.
    pub fn push_part(&mut self, other: &MappedText, from: usize, to: usize) {
        let Some(part) = other.text.get(from..to) else { return };
        if part.is_empty() {
            return;
        }
        let first = other.runs.partition_point(|run| run.at as usize <= from).saturating_sub(1);
        for run in other.runs.iter().skip(first).take_while(|run| (run.at as usize) < to) {
            let start = (run.at as usize).max(from);
            let skipped = if run.verbatim { start as u32 - run.at } else { 0 };
            let place = Span { start: run.place.start + skipped, end: run.place.end };
            self.runs.push(Run { at: (self.text.len() + start - from) as u32, place, verbatim: run.verbatim });
        }
        self.text.push_str(part);
    }

    /// Where `start..end` of the text stood in the file.
    pub fn place(&self, span: Span) -> Span {
        let start = self.start_of(span.start);
        if span.end <= span.start {
            return Span { start: start.start, end: start.start };
        }
        let last = self.start_of(span.end - 1);
        let end = if last.end > last.start + 1 { last.end } else { last.start + 1 };
        Span { start: start.start, end: end.max(start.start) }
    }

    /// The file's place of one byte: a single byte where the text is verbatim, else the whole substituted place.
    fn start_of(&self, offset: u32) -> Span {
        let index = self.runs.partition_point(|run| run.at <= offset);
        let Some(run) = index.checked_sub(1).and_then(|index| self.runs.get(index)) else { return Span::default() };
        if run.verbatim {
            let start = run.place.start + (offset - run.at);
            Span { start, end: start + 1 }
        } else {
            run.place
        }
    }

    fn push_aligned(&mut self, text: &str, offsets: &[u32], span: Span) {
        let base = self.text.len() as u32;
        let mut expected = None;
        for (at, offset) in offsets.iter().enumerate() {
            if expected != Some(*offset) {
                let place = Span { start: *offset, end: span.end };
                self.runs.push(Run { at: base + at as u32, place, verbatim: true });
            }
            expected = Some(offset + 1);
        }
        self.text.push_str(text);
    }
}

/// For each byte of `text` the offset in `file` where it stood, when `text` is the unescaped scalar at `span`.
///
/// White space is where the styles of YAML differ (indentation, folding, line ends), so it is skipped on both sides;
/// everything else must come in the same order, either as it is or as an escape.
fn align(file: &str, span: Span, text: &str) -> Vec<u32> {
    let mut cursor = Cursor::at_content(file, span);
    let mut offsets = Vec::with_capacity(text.len());
    for wanted in text.chars() {
        let at = cursor.find(wanted);
        for byte in 0..wanted.len_utf8() {
            offsets.push(if at.1 == wanted.len_utf8() { at.0 + byte as u32 } else { at.0 });
        }
    }
    offsets
}

struct Cursor<'f> {
    file: &'f str,
    at: usize,
    end: usize,
    quote: Option<char>,
}

impl Cursor<'_> {
    /// Behind tag, anchor and block header, or behind the opening quote.
    fn at_content(file: &str, span: Span) -> Cursor<'_> {
        let end = (span.end as usize).min(file.len());
        let mut cursor = Cursor { file, at: (span.start as usize).min(end), end, quote: None };
        while matches!(cursor.peek(), Some('!' | '&')) {
            cursor.skip_while(|c| !c.is_whitespace());
            cursor.skip_while(char::is_whitespace);
        }
        match cursor.peek() {
            Some('|' | '>') => cursor.skip_while(|c| c != '\n'),
            Some(quote @ ('"' | '\'')) => {
                cursor.quote = Some(quote);
                cursor.at += 1;
            }
            _ => {}
        }
        cursor
    }

    /// Moves behind the next `wanted`; answers where it stood and how many bytes it took there. White space that is not
    /// in the file is where the cursor is.
    fn find(&mut self, wanted: char) -> (u32, usize) {
        if !wanted.is_whitespace() {
            self.skip_blanks();
        } else if self.peek() == Some('\r') {
            self.at += 1;
        } else if wanted == '\n' && self.quote.is_none() {
            self.skip_while(|c| c == ' ' || c == '\t');
        }
        let at = self.at as u32;
        match self.next_decoded() {
            Some((found, bytes)) if found == wanted => {
                self.at += bytes;
                (at, bytes)
            }
            // Not what was expected: stay for white space (folded away), go on for anything else.
            Some((_, bytes)) if !wanted.is_whitespace() => {
                self.at += bytes;
                (at, bytes)
            }
            _ => (at, 0),
        }
    }

    /// White space, and in double quotes an escaped line break, which means nothing.
    fn skip_blanks(&mut self) {
        loop {
            self.skip_while(char::is_whitespace);
            let escaped_break = self.quote == Some('"') && self.rest().starts_with("\\\n");
            if !escaped_break {
                return;
            }
            self.at += 1;
        }
    }

    /// The next character as it is meant, and the bytes it takes as it is written.
    fn next_decoded(&self) -> Option<(char, usize)> {
        let rest = self.rest();
        let mut chars = rest.chars();
        let first = chars.next()?;
        match (self.quote, first) {
            (Some('\''), '\'') if rest.starts_with("''") => Some(('\'', 2)),
            (Some('"'), '\\') => {
                let escape = chars.next()?;
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => return Some((simple_escape(escape), 1 + escape.len_utf8())),
                };
                let code = rest.get(2..2 + digits).and_then(|hex| u32::from_str_radix(hex, 16).ok())?;
                Some(self.code_point(code, 2 + digits))
            }
            _ => Some((first, first.len_utf8())),
        }
    }

    /// The character of an escape; two halves of a surrogate pair (JSON) are one character.
    fn code_point(&self, code: u32, bytes: usize) -> (char, usize) {
        if let Some(character) = char::from_u32(code) {
            return (character, bytes);
        }
        let low = self.rest().get(bytes + 2..bytes + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        let pair = low.filter(|low| (0xdc00..0xe000).contains(low) && (0xd800..0xdc00).contains(&code));
        let joined = pair.and_then(|low| char::from_u32(0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00)));
        joined.map_or((char::REPLACEMENT_CHARACTER, bytes), |character| (character, bytes + 6))
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn rest(&self) -> &str {
        self.file.get(self.at..self.end).unwrap_or_default()
    }

    fn skip_while(&mut self, skips: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !skips(c)).unwrap_or(rest.len());
    }
}

fn simple_escape(escape: char) -> char {
    match escape {
        'n' => '\n',
        't' | '\t' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        '0' => '\0',
        'a' => '\u{7}',
        'v' => '\u{b}',
        'e' => '\u{1b}',
        'N' => '\u{85}',
        '_' => '\u{a0}',
        'L' => '\u{2028}',
        'P' => '\u{2029}',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::template::yaml;

    /// The scalar under the key `a`, and for each of `words` the file's text that it maps back to.
    fn mapped_back(file: &str, words: &[&str]) -> Vec<String> {
        let (node, problems) = yaml::read(file, yaml::Dialect::CloudFormation);
        assert!(problems.is_empty(), "{problems:?}");
        let root = node.expect("a document");
        let mut scalar = root.get("a").expect("a value");
        if let Some(member) = scalar.members().first() {
            scalar = &member.value;
        }
        let text = scalar.as_str().expect("a string");
        let mapped = MappedText::of_scalar(file, scalar.span, text);
        assert_eq!(mapped.as_str(), text);
        let back = words.iter().map(|word| {
            let at = text.find(word).unwrap_or_else(|| panic!("no {word} in {text:?}"));
            let place = mapped.place(Span::new(at, at + word.len()));
            file[place.start as usize..place.end as usize].to_owned()
        });
        back.collect()
    }

    #[test]
    fn every_style_of_scalar_maps_back_to_the_file() {
        for (file, word) in [
            ("a: plain some\n  word", "word"),
            ("a: 'it''s a word'", "word"),
            ("a: \"tab\\t\\u00e9 word\"", "word"),
            ("a: \"line \\\n  word\"", "word"),
            ("a: |\n  {\n    \"b\": \"word\"\n  }\n", "\"word\""),
            ("a: |2-  # a comment\n  word\n", "word"),
            ("a: >-\n  folded\n  text\n\n  word\n", "word"),
            ("a: !Sub |\n  é\n\n   word\n", "word"),
            ("a: !Sub\n  \"x word\"\n", "word"),
            ("a: &anchor |\n  word\n", "word"),
            ("a: |\r\n  one\r\n  word\r\n", "word"),
        ] {
            assert_eq!(mapped_back(file, &[word]), [word], "{file:?}");
        }
    }

    #[test]
    fn an_escape_maps_to_its_place() {
        assert_eq!(mapped_back(r#"a: "x \"y\" z""#, &["y", "z"]), ["y", "z"]);
        assert_eq!(mapped_back("a: 'it''s'", &["'s"]), ["''s"]);
    }

    #[test]
    fn a_substituted_piece_maps_to_the_place_of_its_variable() {
        let outer = MappedText::of_scalar("ab${X}cd", Span::new(0, 8), "ab${X}cd");
        let mut joined = MappedText::default();
        joined.push_part(&outer, 0, 2);
        joined.push_from("a long value", Span::new(2, 6));
        joined.push_part(&outer, 6, 8);
        assert_eq!(joined.as_str(), "aba long valuecd");
        assert_eq!(joined.place(Span::new(5, 7)), Span::new(2, 6));
        assert_eq!(joined.place(Span::new(14, 16)), Span::new(6, 8));
    }
}
