//! The walk through an event that is bytes: one pass, nothing built, and what no rule asks about is passed over.

use std::borrow::Cow;

use super::findings::{Findings, FrameId};
use super::scan::{Ahead, Broken, Scanner};
use super::trie::{Keys, NodeId};
use crate::events::pattern::{Numeral, Scalar};
use crate::events::tokens::decoded;
use crate::source::NESTING_MAX;

/// Walks the event that `bytes` begin with; says where it ends. A value that is no object holds nothing.
pub(super) fn walk<'e>(bytes: &'e [u8], findings: &mut Findings<'_, 'e>) -> Result<usize, Broken> {
    Walk::new(bytes, findings).event()
}

/// Walks the event that `bytes` are, and stops once nothing behind can matter.
pub(super) fn walk_enough<'e>(bytes: &'e [u8], findings: &mut Findings<'_, 'e>) -> Result<(), Broken> {
    let mut walk = Walk::new(bytes, findings);
    walk.may_stop = walk.findings.index.landmarks.are_few();
    match walk.event() {
        Err(_) if walk.has_enough => Ok(()),
        outcome => outcome.map(|_| ()),
    }
}

struct Walk<'w, 'i, 'e> {
    scanner: Scanner<'e>,
    findings: &'w mut Findings<'i, 'e>,
    /// Whether the walk may end before the event does.
    may_stop: bool,
    /// Whether it did. It goes back up as an error then.
    has_enough: bool,
    open_arrays: usize,
}

impl<'w, 'i, 'e> Walk<'w, 'i, 'e> {
    fn new(bytes: &'e [u8], findings: &'w mut Findings<'i, 'e>) -> Walk<'w, 'i, 'e> {
        Walk { scanner: Scanner::new(bytes), findings, may_stop: false, has_enough: false, open_arrays: 0 }
    }

    fn event(&mut self) -> Result<usize, Broken> {
        let start = self.scanner.skip_blanks(0);
        match self.scanner.byte(start) {
            b'{' => self.object(start, NodeId::ROOT, None, NESTING_MAX),
            b'"' | b'[' => self.scanner.value_end(start),
            _ => {
                let end = self.scanner.word_end(start);
                match self.scanner.slice(start, end) {
                    b"true" | b"false" | b"null" => Ok(end),
                    number if Numeral::read(number).is_ok_and(|(_, length)| length == number.len()) => Ok(end),
                    _ => Err(Broken { at: if self.scanner.byte(end) == 0 { end } else { start } }),
                }
            }
        }
    }

    /// Behind the object that opens at `start`.
    fn object(
        &mut self,
        start: usize,
        node: NodeId,
        frame: Option<FrameId>,
        depth_left: usize,
    ) -> Result<usize, Broken> {
        let depth_left = depth_left.checked_sub(1).ok_or(Broken { at: start })?;
        let keys = self.findings.index.trie.keys_below(node);
        let mut at = self.scanner.skip_blanks(start + 1);
        if self.scanner.byte(at) == b'}' {
            return Ok(at + 1);
        }
        loop {
            let (key, key_end) =
                match self.scanner.next_key(at, |scanner, start, end| may_hold(keys, scanner, start, end))? {
                    Ahead::Key(start, end) => (start, end),
                    Ahead::End(end) => return Ok(end),
                };
            let child = self.child(keys, key, key_end)?;
            at = self.scanner.value_start(key_end)?;
            at = match child {
                Some(child) => {
                    let end = self.value(at, child, frame, depth_left)?;
                    if self.may_stop && self.is_enough(end) {
                        self.has_enough = true;
                        return Err(Broken { at: end });
                    }
                    end
                }
                None => self.scanner.value_end(at)?,
            };
            match self.scanner.next_item(at, b'}')? {
                (Some(next), _) => at = next,
                (None, end) => return Ok(end),
            }
        }
    }

    /// Behind the array that opens at `start`.
    fn array(
        &mut self,
        start: usize,
        node: NodeId,
        frame: Option<FrameId>,
        depth_left: usize,
    ) -> Result<usize, Broken> {
        let depth_left = depth_left.checked_sub(1).ok_or(Broken { at: start })?;
        let array = self.findings.enter_array();
        self.open_arrays += 1;
        let mut at = self.scanner.skip_blanks(start + 1);
        if self.scanner.byte(at) == b']' {
            self.open_arrays -= 1;
            return Ok(at + 1);
        }
        loop {
            at = match self.scanner.byte(at) {
                b'{' | b'[' => {
                    let inside = self.findings.element(frame, array);
                    self.value(at, node, Some(inside), depth_left)?
                }
                _ => self.value(at, node, frame, depth_left)?,
            };
            match self.scanner.next_item(at, b']')? {
                (Some(next), _) => at = next,
                (None, end) => {
                    self.findings.leave_array(array);
                    self.open_arrays -= 1;
                    return Ok(end);
                }
            }
        }
    }

    /// Behind the value at `at`, which some rule asks about.
    fn value(&mut self, at: usize, node: NodeId, frame: Option<FrameId>, depth_left: usize) -> Result<usize, Broken> {
        let trie = &self.findings.index.trie;
        match (self.scanner.byte(at), trie.field(node)) {
            (b'{', _) if trie.goes_on(node) => self.object(at, node, frame, depth_left),
            (b'[', _) => self.array(at, node, frame, depth_left),
            (_, None) | (b'{', _) => self.scanner.value_end(at),
            (b'"', Some(field)) => {
                let end = self.scanner.string_end(at + 1)?;
                if self.scanner.has_escapes_behind(at)
                    && let Cow::Owned(text) = self.text(at + 1, end)?
                {
                    self.findings.decoded(field, frame, &text);
                } else {
                    self.findings.scalar(field, frame, Scalar::String(self.scanner.slice(at + 1, end)));
                }
                Ok(end + 1)
            }
            (b'-' | b'0'..=b'9', Some(field)) => {
                let read = Numeral::read(self.scanner.rest(at));
                let (number, length) = read.map_err(|length| Broken { at: at + length })?;
                self.findings.scalar(field, frame, Scalar::Number(number));
                Ok(at + length)
            }
            (_, Some(field)) => {
                let end = self.scanner.word_end(at);
                let scalar = match self.scanner.slice(at, end) {
                    b"true" => Scalar::Bool(true),
                    b"false" => Scalar::Bool(false),
                    b"null" => Scalar::Null,
                    _ => return Err(Broken { at: if self.scanner.byte(end) == 0 { end } else { at } }),
                };
                self.findings.scalar(field, frame, scalar);
                Ok(end)
            }
        }
    }

    /// Whether no value behind `at` can matter: every field has one, and no key of a field is written again. A value
    /// without a key before it can only stand in an array that is open.
    #[inline]
    fn is_enough(&mut self, at: usize) -> bool {
        if !self.findings.has_all_fields() || self.open_arrays > 0 {
            return false;
        }
        // Asked once: what is found once is likely to be found again.
        self.may_stop = false;
        self.findings.index.landmarks.are_absent(self.scanner.rest(at))
    }

    #[inline]
    fn child(&self, keys: &Keys, start: usize, end: usize) -> Result<Option<NodeId>, Broken> {
        if self.scanner.has_escapes_behind(start) {
            return Ok(self.findings.index.trie.descend(keys, &self.text(start, end)?));
        }
        Ok(self.findings.index.trie.descend(keys, self.scanner.slice(start, end)))
    }

    /// The text between two quotes.
    fn text(&self, start: usize, end: usize) -> Result<Cow<'e, [u8]>, Broken> {
        let raw = self.scanner.slice(start, end);
        if raw.contains(&b'\\') {
            return decoded(raw).map(Cow::Owned).map_err(|at| Broken { at: start + at });
        }
        Ok(Cow::Borrowed(raw))
    }
}

/// Whether a key leads anywhere, as far as its length and its last byte tell; asked of every key, so by few steps.
#[inline]
fn may_hold(keys: &Keys, scanner: &Scanner, start: usize, end: usize) -> bool {
    let length = end - start;
    keys.may_hold(length, scanner.byte(end - 1)) || (keys.may_split(length) && keys.splits(scanner.slice(start, end)))
}
