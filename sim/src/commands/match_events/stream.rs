//! A file of events as one event after the other.
//!
//! An event begins on a line of its own; it may go on over several lines, and what follows it on its last line is not
//! looked at. Where it ends is for the matcher to say, which passes over it anyway; so nothing is read twice.

use std::io::{self, Read};
use std::ops::Range;

use memchr::{memchr, memchr_iter};
use rehearsal_engine::events::{MalformedEvent, RuleMatcher};

/// So much is read at once.
const CHUNK_BYTES: usize = 1 << 20;

/// Some editors begin a file with it.
const BYTE_ORDER_MARK: [u8; 3] = *b"\xef\xbb\xbf";

/// What comes next in a stream.
pub(super) enum Next {
    /// An event, and where its bytes are.
    Event(Range<usize>),
    /// No event: what is wrong, with line and column.
    Refused(MalformedEvent, u64, usize),
    /// Nothing yet: the next call reads, and may have to wait.
    Starved,
    End,
}

pub(super) struct Events {
    input: Box<dyn Read>,
    buffer: Vec<u8>,
    /// So much of the buffer holds input, and so much of that is done with.
    filled: usize,
    at: usize,
    /// Lines are counted for who asks: so many begin before this place.
    counted: usize,
    lines: u64,
    wants_more: bool,
    stage: Stage,
    /// Whether the lines up to the next that begins with a brace belong to an event that was refused.
    is_lost: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Too little was read to tell a byte order mark.
    Beginning,
    Middle,
    /// All was read.
    End,
}

impl Events {
    pub(super) fn new(input: Box<dyn Read>) -> Events {
        Events {
            input,
            buffer: vec![0; CHUNK_BYTES],
            filled: 0,
            at: 0,
            counted: 0,
            lines: 0,
            wants_more: true,
            stage: Stage::Beginning,
            is_lost: false,
        }
    }

    pub(super) fn text(&self, event: Range<usize>) -> &[u8] {
        &self.buffer[event]
    }

    /// The line, from 1, that holds the byte at `at`, which is not before the last one asked for.
    pub(super) fn line_of(&mut self, at: usize) -> u64 {
        self.lines += newlines(&self.buffer[self.counted..at]);
        self.counted = at;
        self.lines + 1
    }

    /// The next event, with the rules of `rules` that match it.
    pub(super) fn next<K: Ord + Clone>(&mut self, rules: &RuleMatcher<K>, matched: &mut Vec<K>) -> io::Result<Next> {
        if std::mem::take(&mut self.wants_more) {
            self.fill()?;
        }
        if self.stage == Stage::Beginning {
            self.wants_more = true;
            return Ok(Next::Starved);
        }
        if self.is_lost {
            self.find_again();
        }
        while self.buffer[self.at..self.filled].first().is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
        if self.at == self.filled {
            self.wants_more = self.stage != Stage::End;
            return Ok(if self.stage == Stage::End { Next::End } else { Next::Starved });
        }
        let start = self.at;
        match rules.matches_bytes(&self.buffer[start..self.filled], matched) {
            Ok(length) => {
                self.at = self.line_end(start + length);
                Ok(Next::Event(start..start + length))
            }
            Err(problem) if problem.is_cut_short && self.stage != Stage::End => {
                self.wants_more = true;
                Ok(Next::Starved)
            }
            Err(problem) => {
                self.at = self.line_end(start);
                self.is_lost = true;
                let at = (start + problem.at).min(self.filled);
                let line_start = self.buffer[..at].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
                let column = String::from_utf8_lossy(&self.buffer[line_start..at]).chars().count().max(1);
                let line = self.line_of(start) + newlines(&self.buffer[start..at]);
                Ok(Next::Refused(problem, line, column))
            }
        }
    }

    /// Goes on to the next line that begins as an event does, as far as the buffer goes.
    fn find_again(&mut self) {
        while let Some(next) = self.buffer[self.at..self.filled].first() {
            let is_line_start = self.at == 0 || self.buffer[self.at - 1] == b'\n';
            if is_line_start && *next == b'{' {
                self.is_lost = false;
                return;
            }
            let end = self.line_end(self.at);
            self.at = end.max(self.at + 1);
        }
    }

    /// The start of the line after the one that `from` is in, as far as the buffer goes.
    fn line_end(&self, from: usize) -> usize {
        let rest = &self.buffer[from..self.filled];
        memchr(b'\n', rest).map_or(self.filled, |newline| from + newline + 1)
    }

    /// Reads more behind what is not done with.
    fn fill(&mut self) -> io::Result<()> {
        // The byte before is kept: it tells whether a line begins here.
        let kept = self.at.saturating_sub(1);
        self.line_of(self.at.max(self.counted));
        self.buffer.copy_within(kept..self.filled, 0);
        self.filled -= kept;
        self.at -= kept;
        self.counted -= kept;
        if self.filled == self.buffer.len() {
            self.buffer.resize(2 * self.filled, 0);
        }
        let read = loop {
            match self.input.read(&mut self.buffer[self.filled..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.filled += read;
        if self.stage == Stage::Beginning && self.buffer[..self.filled].starts_with(&BYTE_ORDER_MARK) {
            self.at = BYTE_ORDER_MARK.len();
        }
        self.stage = match self.stage {
            _ if read == 0 => Stage::End,
            Stage::Beginning if self.filled < BYTE_ORDER_MARK.len() => Stage::Beginning,
            _ => Stage::Middle,
        };
        Ok(())
    }
}

fn newlines(bytes: &[u8]) -> u64 {
    memchr_iter(b'\n', bytes).count() as u64
}
