//! Texts that somebody replaces before the definition is created: `${Name}`, `{{name}}`, `<NAME>`, `%NAME%`, `__name__`.
//!
//! Definitions are kept with such texts in them, by templates and by people. What is behind one is unknown, so that
//! nothing is said about it but that.

/// What [`blanked`] puts in the place of a stand-in; JSON has it in no text that means anything.
pub(super) const BLANK: u8 = 1;

/// How stand-ins begin and end. Those of one character on both sides hold a single word.
const BRACKETS: [(&str, &str); 4] = [("${", "}"), ("{{", "}}"), ("<", ">"), ("%", "%")];

/// Whether a text is or holds a stand-in.
pub(super) fn is_stand_in(text: &str) -> bool {
    is_in(&blanked(text))
}

/// Whether a text that went through [`blanked`] has one.
pub(super) fn is_in(blanked: &str) -> bool {
    blanked.as_bytes().contains(&BLANK)
}

/// The text with each stand-in as one [`BLANK`], so that the colons inside of them separate nothing.
pub(super) fn blanked(text: &str) -> String {
    if is_word(text) && text.len() > 2 && text.starts_with('_') && text.ends_with('_') {
        return char::from(BLANK).to_string();
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(length) = BRACKETS.iter().find_map(|(open, close)| inside(rest, open, close)) {
            plain.push(char::from(BLANK));
            rest = &rest[length..];
        } else {
            plain.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    plain
}

/// The length of the stand-in that `text` begins with.
fn inside(text: &str, open: &str, close: &str) -> Option<usize> {
    let rest = text.strip_prefix(open)?;
    let length = rest.find(close)?;
    let name = &rest[..length];
    let fits = !name.is_empty() && (open == "${" || open == "{{" || is_word(name));
    fits.then_some(open.len() + length + close.len())
}

fn is_word(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stand_ins_are_told_from_text() {
        for (text, expected) in [
            ("arn:${AWS::Partition}:x", "arn:\u{1}:x"),
            ("${a}${b}", "\u{1}\u{1}"),
            ("{{ account }}:x", "\u{1}:x"),
            ("arn:<PARTITION>:x", "arn:\u{1}:x"),
            ("%NAME%", "\u{1}"),
            ("__tbd__", "\u{1}"),
            ("${open", "${open"),
            ("100% of %", "100% of %"),
            ("a < b > c", "a < b > c"),
            ("$.a_", "$.a_"),
            ("__", "__"),
        ] {
            assert_eq!(blanked(text), expected, "{text}");
        }
    }
}
