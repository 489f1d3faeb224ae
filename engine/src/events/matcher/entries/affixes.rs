//! Prefixes, or suffixes: which of a set begin, or end, a text.
//!
//! The lengths that occur are walked from the shortest, hashing on from one to the next, so a text costs a step per
//! eight of its bytes and a lookup per length, however many texts there are. A few are compared with instead, by their
//! first eight bytes. Either way what is found is asked again.

use crate::events::matcher::table::{Table, mix, short_word};

const WORD_BYTES: usize = 8;

#[derive(Clone, Debug, Default)]
pub(super) struct Affixes {
    /// Sorted.
    lengths: Vec<usize>,
    table: Table,
    /// All, as long as they are so few that comparing is quicker than hashing.
    few: Vec<Start>,
    are_many: bool,
}

/// The first bytes of an affix, counted from the end that is looked at.
#[derive(Clone, Copy, Debug)]
struct Start {
    word: u64,
    /// Ones where the word has a byte.
    mask: u64,
    id: u32,
}

const FEW: usize = 8;

/// Which end of a text is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Start,
    Finish,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Case {
    AsItIs,
    /// ASCII letters count as lower case.
    Lower,
}

impl Affixes {
    pub(super) fn insert(&mut self, affix: &[u8], end: End, case: Case, id: u32) {
        if let Err(at) = self.lengths.binary_search(&affix.len()) {
            self.lengths.insert(at, affix.len());
        }
        self.table.insert(Reader::new(affix, end, case).hash_of(affix.len()), id);
        self.are_many |= self.few.len() == FEW;
        if self.are_many {
            self.few.clear();
            return;
        }
        let missing_bits = 8 * WORD_BYTES.saturating_sub(affix.len()) as u32;
        let mask = u64::MAX.checked_shr(missing_bits).unwrap_or_default();
        self.few.push(Start { word: start_of(affix, end, case), mask, id });
    }

    /// How many are found with `affix`.
    pub(super) fn crowd(&self, affix: &[u8], end: End) -> usize {
        self.table.get(Reader::new(affix, end, Case::AsItIs).hash_of(affix.len())).len()
    }

    /// Calls `found` with all that may begin, or end, `text`.
    #[inline]
    pub(super) fn of(&self, text: &[u8], end: End, case: Case, found: &mut impl FnMut(&[u32])) {
        if self.lengths.is_empty() {
            return;
        }
        if self.are_many {
            return self.of_many(text, end, case, found);
        }
        let word = start_of(text, end, case);
        for start in &self.few {
            if (word ^ start.word) & start.mask == 0 {
                found(&[start.id]);
            }
        }
    }

    fn of_many(&self, text: &[u8], end: End, case: Case, found: &mut impl FnMut(&[u32])) {
        let mut reader = Reader::new(text, end, case);
        for &length in &self.lengths {
            if length > text.len() {
                return;
            }
            found(self.table.get(reader.hash_of(length)));
        }
    }
}

/// Up to eight bytes of `text`, the one at the end that is looked at lowest; what is missing is zero.
#[inline]
fn start_of(text: &[u8], end: End, case: Case) -> u64 {
    let mut word = match end {
        End::Start => text.first_chunk::<WORD_BYTES>().map(|bytes| u64::from_le_bytes(*bytes)),
        End::Finish => text.last_chunk::<WORD_BYTES>().map(|bytes| u64::from_be_bytes(*bytes)),
    }
    .unwrap_or_else(|| {
        let next = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
        match end {
            End::Start => text.iter().rev().fold(0, next),
            End::Finish => text.iter().fold(0, next),
        }
    });
    if case == Case::Lower {
        word = u64::from_le_bytes(word.to_le_bytes().map(|byte| byte.to_ascii_lowercase()));
    }
    word
}

/// Hashes ever longer affixes of one text.
struct Reader<'t> {
    text: &'t [u8],
    end: End,
    case: Case,
    done: usize,
    state: u64,
}

impl<'t> Reader<'t> {
    fn new(text: &'t [u8], end: End, case: Case) -> Reader<'t> {
        Reader { text, end, case, done: 0, state: 0 }
    }

    /// The hash of the affix of `length` bytes, which is not shorter than the one before.
    #[inline]
    fn hash_of(&mut self, length: usize) -> u64 {
        while length - self.done >= WORD_BYTES {
            let word = self.part(self.done, self.done + WORD_BYTES);
            let word = word.first_chunk::<WORD_BYTES>().copied().unwrap_or_default();
            let word = if self.case == Case::Lower { word.map(|byte| byte.to_ascii_lowercase()) } else { word };
            self.state = mix(self.state, u64::from_le_bytes(word));
            self.done += WORD_BYTES;
        }
        let rest = self.part(self.done, length);
        let rest = if self.case == Case::Lower {
            let mut lower = [0; WORD_BYTES];
            let lower = &mut lower[..rest.len()];
            lower.copy_from_slice(rest);
            lower.make_ascii_lowercase();
            short_word(lower)
        } else {
            short_word(rest)
        };
        mix(mix(self.state, length as u64), rest)
    }

    /// The bytes from `from` to `to`, counted from the end that is looked at.
    #[inline]
    fn part(&self, from: usize, to: usize) -> &'t [u8] {
        let range = match self.end {
            End::Start => from..to,
            End::Finish => self.text.len() - to..self.text.len() - from,
        };
        self.text.get(range).unwrap_or_default()
    }
}
