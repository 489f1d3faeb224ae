//! The `wildcard` operator: `*` is any run of characters, `\*` and `\\` are themselves.

use std::fmt;
use std::sync::Arc;

use memchr::memmem;

/// A wildcard pattern: the literal pieces between its stars.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Wildcard {
    pieces: Arc<[Arc<str>]>,
}

impl Wildcard {
    /// Reads a pattern; the error is AWS's reason, whose position counts bytes of the value with its opening quote.
    pub(crate) fn parse(text: &str) -> Result<Wildcard, String> {
        let mut pieces = vec![String::new()];
        let mut chars = text.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            let position = at + 1;
            let literal = match c {
                '*' if chars.peek().is_some_and(|&(_, next)| next == '*') => {
                    return Err(format!("Consecutive wildcard characters at pos {position}"));
                }
                '*' => {
                    pieces.push(String::new());
                    continue;
                }
                '\\' => match chars.next() {
                    Some((_, escaped @ ('*' | '\\'))) => escaped,
                    _ => return Err(format!("Invalid escape character at pos {position}")),
                },
                plain => plain,
            };
            if let Some(piece) = pieces.last_mut() {
                piece.push(literal);
            }
        }
        Ok(Wildcard { pieces: pieces.into_iter().map(Arc::from).collect() })
    }

    /// Linear in the text: each piece is looked for once, from where the one before ended.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let [first, middle @ .., last] = &*self.pieces else {
            return self.pieces.iter().all(|only| only.as_bytes() == text);
        };
        let Some(rest) = text.strip_prefix(first.as_bytes()) else { return false };
        let Some(mut rest) = rest.strip_suffix(last.as_bytes()) else { return false };
        for piece in middle {
            let Some(at) = find(rest, piece.as_bytes()) else { return false };
            rest = rest.get(at + piece.len()..).unwrap_or_default();
        }
        true
    }

    /// The literal pieces; a star stands between each two.
    pub(crate) fn pieces(&self) -> &[Arc<str>] {
        &self.pieces
    }
}

fn find(text: &[u8], piece: &[u8]) -> Option<usize> {
    match piece {
        [only] => text.iter().position(|byte| byte == only),
        _ => memmem::find(text, piece),
    }
}

/// As it is written in a pattern.
impl fmt::Display for Wildcard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, piece) in self.pieces.iter().enumerate() {
            if index > 0 {
                f.write_str("*")?;
            }
            f.write_str(&piece.replace('\\', "\\\\").replace('*', "\\*"))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_is_any_run_and_nothing_else_is_special() {
        let cases = [
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
            ("order-*", "order-", true),
            ("order-*", "reorder-1", false),
            ("*-eu", "order-eu", true),
            ("a*a", "a", false),
            ("a*a", "aa", true),
            ("a*b*c", "a1b2b3c", true),
            ("a*b*c", "a1c2b", false),
            ("ab*ba", "aba", false),
            ("*é*", "café au lait", true),
            ("a.c", "abc", false),
            ("a\\*c", "a*c", true),
            ("a\\*c", "abc", false),
            ("\\\\*", "\\x", true),
        ];
        for (pattern, text, matches) in cases {
            assert_eq!(
                Wildcard::parse(pattern).expect("a wildcard").matches(text.as_bytes()),
                matches,
                "{pattern} on {text}"
            );
        }
    }

    #[test]
    fn a_bad_pattern_names_its_byte() {
        assert_eq!(Wildcard::parse("é**"), Err("Consecutive wildcard characters at pos 3".to_owned()));
        assert_eq!(Wildcard::parse("a\\b"), Err("Invalid escape character at pos 2".to_owned()));
        assert_eq!(Wildcard::parse("a\\"), Err("Invalid escape character at pos 2".to_owned()));
    }

    #[test]
    fn a_pattern_of_a_thousand_stars_is_answered_at_once() {
        let pattern = Wildcard::parse(&format!("{}b*", "*a".repeat(1000))).expect("a wildcard");
        assert!(!pattern.matches("a".repeat(100_000).as_bytes()));
        assert!(pattern.matches(("a".repeat(100_000) + "b").as_bytes()));
    }
}
