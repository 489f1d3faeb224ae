//! Where strings and containers end in the bytes of an event.
//!
//! The bytes are looked at 64 at a time (in `masks`): a bit for each quote that is not escaped and for each bracket
//! outside of a string. The walk asks for the end of a string, or passes over a container, by counting bits; it moves
//! forward only, so one block's bits are all that is kept. What is passed over is not checked, except that strings end,
//! hold no control characters, and that brackets balance.

mod masks;

pub(super) use masks::{BLOCK_BYTES, escapes_and_ends};
use masks::{backslashes, masks};

use crate::source::NESTING_MAX;

/// Where the bytes are not an event. Where that is behind their end, more of them might mend it.
///
/// A single word, so that results come back in registers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) at: usize,
}

pub(super) struct Scanner<'e> {
    bytes: &'e [u8],
    /// Where the block begins that the bits are of.
    block: usize,
    quotes: u64,
    brackets: u64,
    /// All ones when the block ends inside a string.
    is_inside: u64,
    /// One when the block's last byte escapes the next.
    is_escaping: u64,
    /// From here on there was no backslash so far.
    escapes_end: usize,
}

/// What a walk through an object meets next.
pub(super) enum Ahead {
    /// A key that may matter: where its text starts and ends.
    Key(usize, usize),
    /// The object's end, and the place behind it.
    End(usize),
}

/// What a member with a plain string has between its two texts, and what follows it, as most writers have it.
const BETWEEN_TEXTS: [u8; 4] = *b"\": \"";
const BETWEEN_MEMBERS: [u8; 4] = *b"\", \"";

impl<'e> Scanner<'e> {
    pub(super) fn new(bytes: &'e [u8]) -> Scanner<'e> {
        let mut scanner =
            Scanner { bytes, block: 0, quotes: 0, brackets: 0, is_inside: 0, is_escaping: 0, escapes_end: 0 };
        scanner.read_block();
        scanner
    }

    /// The byte at `at`; past the end there is a zero, which is nothing in JSON.
    #[inline]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or_default()
    }

    /// The bytes of a stretch that was found here.
    #[inline]
    pub(super) fn slice(&self, start: usize, end: usize) -> &'e [u8] {
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// All bytes from `at` on.
    pub(super) fn rest(&self, at: usize) -> &'e [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// Whether a backslash may stand between `at` and the place that was last asked for.
    #[inline]
    pub(super) fn has_escapes_behind(&self, at: usize) -> bool {
        at < self.escapes_end
    }

    /// Passes over members of an object, from the one whose key opens at `at`, up to the next that `may_matter`, which is
    /// told where the key's text starts and ends.
    #[inline]
    pub(super) fn next_key(
        &mut self,
        mut at: usize,
        may_matter: impl Fn(&Scanner, usize, usize) -> bool,
    ) -> Result<Ahead, Broken> {
        loop {
            if self.byte(at) != b'"' {
                return Err(Broken { at });
            }
            let key_end = self.string_end(at + 1)?;
            if self.has_escapes_behind(at) || may_matter(self, at + 1, key_end) {
                return Ok(Ahead::Key(at + 1, key_end));
            }
            let end = if self.stands_at(key_end, BETWEEN_TEXTS) {
                self.string_end(key_end + BETWEEN_TEXTS.len())?
            } else {
                let value = self.value_start(key_end)?;
                self.value_end(value)? - 1
            };
            if self.stands_at(end, BETWEEN_MEMBERS) {
                at = end + BETWEEN_MEMBERS.len() - 1;
                continue;
            }
            match self.next_item(end + 1, b'}')? {
                (Some(next), _) => at = next,
                (None, end) => return Ok(Ahead::End(end)),
            }
        }
    }

    #[inline]
    fn stands_at(&self, at: usize, bytes: [u8; 4]) -> bool {
        self.bytes.get(at..).and_then(<[u8]>::first_chunk) == Some(&bytes)
    }

    /// The first byte from `at` on that is no blank.
    #[inline]
    pub(super) fn skip_blanks(&self, at: usize) -> usize {
        if self.byte(at) > b' ' { at } else { self.skip_some_blanks(at) }
    }

    fn skip_some_blanks(&self, mut at: usize) -> usize {
        while matches!(self.byte(at), b' ' | b'\t' | b'\n' | b'\r') {
            at += 1;
        }
        at
    }

    /// The value behind the key that ends at `key_end`.
    #[inline]
    pub(super) fn value_start(&self, key_end: usize) -> Result<usize, Broken> {
        let colon = self.skip_blanks(key_end + 1);
        if self.byte(colon) != b':' {
            return Err(Broken { at: colon });
        }
        Ok(self.skip_one_blank(colon + 1))
    }

    /// What follows the item that ends at `end`: the next item, or `None` and the place behind the container.
    #[inline]
    pub(super) fn next_item(&self, end: usize, closing: u8) -> Result<(Option<usize>, usize), Broken> {
        let at = self.skip_blanks(end);
        match self.byte(at) {
            b',' => Ok((Some(self.skip_one_blank(at + 1)), at)),
            byte if byte == closing => Ok((None, at + 1)),
            _ => Err(Broken { at }),
        }
    }

    /// The same as [`skip_blanks`](Scanner::skip_blanks), where mostly there is one.
    #[inline]
    fn skip_one_blank(&self, at: usize) -> usize {
        self.skip_blanks(at + usize::from(self.byte(at) == b' '))
    }

    /// The closing quote of the string whose content starts at `at`.
    #[inline]
    pub(super) fn string_end(&mut self, at: usize) -> Result<usize, Broken> {
        self.go_to(at)?;
        let quotes = self.quotes & (u64::MAX << (at - self.block));
        if quotes != 0 { Ok(self.block + quotes.trailing_zeros() as usize) } else { self.next_quote() }
    }

    /// The first quote behind this block.
    fn next_quote(&mut self) -> Result<usize, Broken> {
        loop {
            self.next_block()?;
            if self.quotes != 0 {
                return Ok(self.block + self.quotes.trailing_zeros() as usize);
            }
        }
    }

    /// Behind the container whose content starts at `at`.
    pub(super) fn container_end(&mut self, at: usize) -> Result<usize, Broken> {
        self.go_to(at)?;
        let mut brackets = self.brackets & (u64::MAX << (at - self.block));
        let mut depth = 1;
        loop {
            while brackets != 0 {
                let found = self.block + brackets.trailing_zeros() as usize;
                brackets &= brackets - 1;
                let byte = self.byte(found);
                // `[` and `{` have the second bit and not the third, `]` and `}` the other way round. Adding is quicker
                // than asking, because which of them comes next cannot be foretold.
                depth += usize::from(byte >> 1 & 1);
                depth -= usize::from(byte >> 2 & 1);
                if depth.wrapping_sub(1) >= NESTING_MAX || !is_bracket(byte) {
                    let is_end = depth == 0 && is_bracket(byte);
                    return if is_end { Ok(found + 1) } else { Err(Broken { at: found }) };
                }
            }
            self.next_block()?;
            brackets = self.brackets;
        }
    }

    /// Behind the number or word at `at`.
    #[inline]
    pub(super) fn word_end(&self, at: usize) -> usize {
        let mut end = at;
        while matches!(self.byte(end), b'0'..=b'9' | b'a'..=b'z' | b'E' | b'+' | b'-' | b'.') {
            end += 1;
        }
        end
    }

    /// Behind the value at `at`.
    #[inline]
    pub(super) fn value_end(&mut self, at: usize) -> Result<usize, Broken> {
        match self.byte(at) {
            b'"' => Ok(self.string_end(at + 1)? + 1),
            b'{' | b'[' => self.container_end(at + 1),
            b'-' | b'0'..=b'9' | b't' | b'f' | b'n' => Ok(self.word_end(at)),
            _ => Err(Broken { at }),
        }
    }

    #[inline]
    fn go_to(&mut self, at: usize) -> Result<(), Broken> {
        if at - self.block >= BLOCK_BYTES { self.go_far(at) } else { Ok(()) }
    }

    fn go_far(&mut self, at: usize) -> Result<(), Broken> {
        while at - self.block >= BLOCK_BYTES {
            self.next_block()?;
        }
        Ok(())
    }

    #[inline]
    fn next_block(&mut self) -> Result<(), Broken> {
        self.block += BLOCK_BYTES;
        if self.block >= self.bytes.len() {
            return Err(Broken { at: self.bytes.len() });
        }
        self.read_block();
        Ok(())
    }

    #[inline]
    fn read_block(&mut self) {
        let rest = self.bytes.get(self.block..).unwrap_or_default();
        let filled_up;
        let block = if let Some(block) = rest.first_chunk::<BLOCK_BYTES>() {
            block
        } else {
            filled_up = filled_up_block(rest);
            &filled_up
        };
        let found = masks(block);
        // Without a backslash before them, quotes are what they seem; and the first backslash stands inside a string.
        let mut quotes = found.quotes;
        let mut inside = inclusive_parity(quotes) ^ self.is_inside;
        if (found.brackets & inside) | self.is_escaping != 0 {
            quotes &= !self.escaped(backslashes(block));
            inside = inclusive_parity(quotes) ^ self.is_inside;
        }
        self.quotes = quotes;
        self.is_inside = ((inside as i64) >> 63) as u64;
        self.brackets = found.brackets & !inside;
        if found.has_controls {
            self.cut_at_control(inside);
        }
    }

    /// The bytes of the block that a backslash escapes, after simdjson (Langdale and Lemire 2019): a run of backslashes
    /// escapes what follows it when it is of odd length.
    #[inline]
    fn escaped(&mut self, backslashes: u64) -> u64 {
        const ODD: u64 = 0xaaaa_aaaa_aaaa_aaaa;
        if backslashes == 0 {
            return std::mem::take(&mut self.is_escaping);
        }
        self.escapes_end = self.block + BLOCK_BYTES;
        let starts = backslashes & !self.is_escaping;
        let runs = ((starts << 1) | ODD).wrapping_sub(starts) ^ ODD;
        let escaped = runs ^ (backslashes | self.is_escaping);
        self.is_escaping = (runs & backslashes) >> 63;
        escaped
    }

    /// A control character inside a string ends what can be read. Between tokens they are line breaks.
    #[cold]
    fn cut_at_control(&mut self, inside: u64) {
        let rest = self.bytes.get(self.block..).unwrap_or_default();
        let control =
            rest.iter().take(BLOCK_BYTES).enumerate().find(|(at, byte)| **byte < b' ' && inside >> at & 1 == 1);
        if let Some((at, _)) = control {
            self.bytes = &self.bytes[..self.block + at];
            let before = (1 << at) - 1;
            self.quotes &= before;
            self.brackets &= before;
        }
    }
}

#[inline]
fn is_bracket(byte: u8) -> bool {
    matches!(byte | 0x20, b'{' | b'}')
}

/// The last block, with blanks behind it.
fn filled_up_block(rest: &[u8]) -> [u8; BLOCK_BYTES] {
    let mut block = [b' '; BLOCK_BYTES];
    block[..rest.len()].copy_from_slice(rest);
    block
}

/// Bit n: whether there is an odd number of ones up to and including bit n.
#[inline]
fn inclusive_parity(mut bits: u64) -> u64 {
    bits ^= bits << 1;
    bits ^= bits << 2;
    bits ^= bits << 4;
    bits ^= bits << 8;
    bits ^= bits << 16;
    bits ^ (bits << 32)
}

#[cfg(test)]
mod tests;
