//! Case-insensitive text as AWS's matcher has it, which is neither case folding nor symmetric.
//!
//! AWS: each UTF-16 unit of the *pattern* stands for its full upper case or its full lower case, nothing else. So `k`
//! does not accept the Kelvin sign, `ǅ` does not accept itself, and half a surrogate pair is a question mark.

use std::fmt;
use std::sync::Arc;

/// A text of a pattern, ready to be compared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum AnyCase {
    /// Only ASCII, in lower case. Nothing but ASCII is accepted then, letters in either case.
    Ascii(Arc<str>),
    Other(Arc<[Forms]>),
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Forms {
    upper: Box<str>,
    lower: Box<str>,
}

impl AnyCase {
    pub(crate) fn new(text: &str) -> AnyCase {
        if text.is_ascii() {
            return AnyCase::Ascii(text.to_ascii_lowercase().into());
        }
        AnyCase::Other(text.chars().flat_map(forms).collect())
    }

    pub(crate) fn equals(&self, text: &[u8]) -> bool {
        match self {
            AnyCase::Ascii(wanted) => wanted.as_bytes().eq_ignore_ascii_case(text),
            AnyCase::Other(wanted) => strip_from_start(wanted, text).is_some_and(<[u8]>::is_empty),
        }
    }

    pub(crate) fn is_prefix_of(&self, text: &[u8]) -> bool {
        match self {
            AnyCase::Ascii(prefix) => {
                text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
            }
            AnyCase::Other(prefix) => strip_from_start(prefix, text).is_some(),
        }
    }

    pub(crate) fn is_suffix_of(&self, text: &[u8]) -> bool {
        let forms = match self {
            AnyCase::Ascii(suffix) => {
                let start = text.len().checked_sub(suffix.len());
                return start.is_some_and(|start| text[start..].eq_ignore_ascii_case(suffix.as_bytes()));
            }
            AnyCase::Other(forms) => forms,
        };
        let mut rest = text;
        for Forms { upper, lower } in forms.iter().rev() {
            let Some(before) = rest.strip_suffix(upper.as_bytes()).or_else(|| rest.strip_suffix(lower.as_bytes()))
            else {
                return false;
            };
            rest = before;
        }
        true
    }
}

// The two forms of a character never start, or end, alike unless they are the same, so the first that fits is right.
fn strip_from_start<'t>(forms: &[Forms], text: &'t [u8]) -> Option<&'t [u8]> {
    forms.iter().try_fold(text, |rest, Forms { upper, lower }| {
        rest.strip_prefix(upper.as_bytes()).or_else(|| rest.strip_prefix(lower.as_bytes()))
    })
}

/// In its lower case, since the case that was written makes no difference.
impl fmt::Display for AnyCase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AnyCase::Ascii(text) => f.write_str(text),
            AnyCase::Other(forms) => forms.iter().try_for_each(|forms| f.write_str(&forms.lower)),
        }
    }
}

fn forms(c: char) -> impl Iterator<Item = Forms> {
    let (upper, lower): (String, String) = if c.len_utf16() == 1 {
        (c.to_uppercase().collect(), c.to_lowercase().collect())
    } else {
        ("?".to_owned(), "?".to_owned())
    };
    let forms = Forms { upper: upper.into(), lower: lower.into() };
    std::iter::repeat_n(forms, c.len_utf16())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_character_accepts_its_upper_and_its_lower_form() {
        let cases = [
            ("Order", "oRDER", true),
            ("Order", "orders", false),
            ("straße", "STRASSE", true),
            ("strasse", "straße", false),
            ("\u{212a}", "k", true),
            ("k", "\u{212a}", false),
            ("\u{1c5}", "\u{1c5}", false),
            ("\u{1c5}", "\u{1c6}", true),
            ("\u{3c3}", "\u{3c2}", false),
            ("\u{130}", "i\u{307}", true),
            ("😀", "😀", false),
            ("😀", "??", true),
            ("", "", true),
            ("", "x", false),
        ];
        for (pattern, text, equal) in cases {
            assert_eq!(AnyCase::new(pattern).equals(text.as_bytes()), equal, "{pattern} and {text}");
        }
    }

    #[test]
    fn either_end_can_be_compared() {
        assert!(AnyCase::new("ORD").is_prefix_of(b"order"));
        assert!(!AnyCase::new("ORD").is_prefix_of(b"or"));
        assert!(AnyCase::new(".pNG").is_suffix_of(b"cat.Png"));
        assert!(!AnyCase::new("cat.png").is_suffix_of(b"at.png"));
    }

    #[test]
    fn no_form_of_a_character_starts_or_ends_with_the_other() {
        for c in (0..=0xffff).filter_map(char::from_u32) {
            for Forms { upper, lower } in forms(c) {
                let apart = !upper.starts_with(&*lower) && !lower.starts_with(&*upper);
                let apart_at_end = !upper.ends_with(&*lower) && !lower.ends_with(&*upper);
                assert!(upper == lower || (apart && apart_at_end), "{c:?}: {upper:?} and {lower:?}");
            }
        }
    }
}
