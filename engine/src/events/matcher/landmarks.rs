//! Whether the rest of an event can still matter once every field has a value: only where a field's key is written again.
//!
//! Of the path to a field its last key is looked for, in quotes: without that no further value can belong to the field,
//! unless the key hides behind a backslash. Mostly there is neither. Where the keys share a letter that is rare, that is
//! searched for, and each place where it stands is checked. Otherwise, or when it turns out to be frequent, a quote
//! behind the last letter of one of the keys is.

use std::sync::Arc;

use memchr::memchr2;

use super::scan::{BLOCK_BYTES, escapes_and_ends};

/// For more fields than this their keys are not looked for.
const KEYS_MAX: usize = 4;

/// So often a rare letter may stand somewhere else.
const STRAY_LETTERS_MAX: usize = 8;

/// Letters of keys from rare to frequent in the text of events, as a guess. Others are not searched for.
const RARE_LETTERS: &[u8] = b"QZJXKVWYGBFHPMUDLCNROSIATEzjqxvwkygbfphmu_ldcnroista";

/// The last keys of all fields.
#[derive(Clone, Debug, Default)]
pub(super) struct Landmarks {
    keys: Vec<Arc<[u8]>>,
    /// Of each key; repeated to fill up.
    last_letters: [u8; KEYS_MAX],
    /// The rarest letter that all keys have, and where it stands first in each.
    shared: Option<(u8, [usize; KEYS_MAX])>,
    are_many: bool,
}

impl Landmarks {
    /// Adds the last key of a field.
    pub(super) fn add(&mut self, key: &str) {
        // An empty key has no letters to look for.
        self.are_many |= self.keys.len() == KEYS_MAX || key.is_empty();
        if self.are_many {
            return;
        }
        self.keys.push(key.as_bytes().into());
        let last_letters = self.keys.iter().filter_map(|key| key.last().copied());
        for (to, letter) in self.last_letters.iter_mut().zip(last_letters.cycle()) {
            *to = letter;
        }
        self.shared = RARE_LETTERS.iter().find_map(|letter| {
            let mut places = [0; KEYS_MAX];
            for (place, key) in places.iter_mut().zip(&self.keys) {
                *place = key.iter().position(|byte| byte == letter)?;
            }
            Some((*letter, places))
        });
    }

    /// Whether it is worth asking.
    pub(super) fn are_few(&self) -> bool {
        !self.are_many
    }

    /// Whether none of the keys can stand in `rest`, which begins outside of a string.
    #[inline]
    pub(super) fn are_absent(&self, rest: &[u8]) -> bool {
        let mut start = 0;
        if let Some((letter, places)) = self.shared {
            for _ in 0..STRAY_LETTERS_MAX {
                let Some(found) = memchr2(b'\\', letter, &rest[start..]) else { return true };
                let at = start + found;
                if rest[at] == b'\\' || self.stands_around(rest, at, places) {
                    return false;
                }
                start = at + 1;
            }
        }
        self.are_no_ends_in(rest, start)
    }

    /// The same for what is behind `start`.
    fn are_no_ends_in(&self, rest: &[u8], mut start: usize) -> bool {
        while let Some(block) = rest.get(start..).filter(|rest| !rest.is_empty()) {
            let behind = block.get(1..).unwrap_or_default();
            let whole = block.first_chunk::<BLOCK_BYTES>().zip(behind.first_chunk::<BLOCK_BYTES>());
            let (escapes, mut ends) = match whole {
                Some((block, behind)) => escapes_and_ends(block, behind, self.last_letters),
                None => escapes_and_ends(&filled_up(block), &filled_up(behind), self.last_letters),
            };
            if escapes != 0 {
                return false;
            }
            while ends != 0 {
                let end = start + ends.trailing_zeros() as usize + 1;
                if self.keys.iter().any(|key| is_key(key, rest, end)) {
                    return false;
                }
                ends &= ends - 1;
            }
            start += BLOCK_BYTES;
        }
        true
    }

    /// Whether one of the keys has the letter at `at` where its own shared letter is.
    fn stands_around(&self, rest: &[u8], at: usize, places: [usize; KEYS_MAX]) -> bool {
        self.keys.iter().zip(places).any(|(key, place)| is_key(key, rest, at - place.min(at) + key.len()))
    }
}

/// Whether `key` ends before `end` and a quote does after it, alone or as the last step of a key with dots.
fn is_key(key: &[u8], text: &[u8], end: usize) -> bool {
    let Some(before) = end.checked_sub(key.len() + 1) else { return false };
    matches!(text.get(before), Some(b'"' | b'.')) && text.get(end) == Some(&b'"') && text[before + 1..end] == *key
}

fn filled_up(rest: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [b' '; BLOCK_BYTES];
    block.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_found_wherever_it_stands() {
        let mut landmarks = Landmarks::default();
        for key in ["status", "id", "s", "size"] {
            landmarks.add(key);
        }
        for padding in 0..140 {
            for (text, is_absent) in [
                (r#", "x": 1}"#, true),
                (r#", "state": "status of ids", "aid": 1}"#, true),
                (r#", "status": 1}"#, false),
                (r#", "a.id":1}"#, false),
                (r#","s":1}"#, false),
                (r#", "page.size": 1}"#, false),
                (r#", "\u0069d": 1}"#, false),
            ] {
                for more in [0, 70] {
                    let text = format!("{}{text}{}", " ".repeat(padding), " ".repeat(more));
                    assert_eq!(landmarks.are_absent(text.as_bytes()), is_absent, "{text}");
                }
            }
        }
        assert!(landmarks.are_few());
        landmarks.add("more");
        assert!(!landmarks.are_few());
        let mut empty = Landmarks::default();
        empty.add("");
        assert!(!empty.are_few());
    }

    #[test]
    fn a_shared_letter_finds_the_keys_and_is_given_up_where_it_is_frequent() {
        let mut landmarks = Landmarks::default();
        for key in ["amount", "maximum"] {
            landmarks.add(key);
        }
        assert_eq!(landmarks.shared, Some((b'm', [1, 0, 0, 0])));
        for strays in 0..2 * STRAY_LETTERS_MAX {
            let strays = "mm".repeat(strays);
            for (text, is_absent) in [
                ("", true),
                (r#""x": 1"#, true),
                (r#""minimum": 1"#, true),
                (r#""amount": 1"#, false),
                (r#""a.maximum": 1"#, false),
                (r#""\u006daximum": 1"#, false),
            ] {
                let text = format!(r#", "k": "{strays}", {text}}}"#);
                assert_eq!(landmarks.are_absent(text.as_bytes()), is_absent, "{text}");
            }
        }
    }
}
