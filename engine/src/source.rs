//! Text with places: a JSON reader that keeps where everything stood, and diagnostics that point back there.
//!
//! Both languages of this crate are read from a [`Node`] tree rather than from bare values, so that every problem
//! names its line and column. Other readers (YAML templates) build the same tree. A [`Node`] keeps repeated keys: what
//! they mean is for the language to say.

mod diagnostic;
mod node;
mod reader;

pub use diagnostic::{Diagnostic, Severity};
pub use node::{Member, Node, Shape};
pub use reader::{NESTING_MAX, read_json};

/// A stretch of a source text, as byte offsets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset after the last byte.
    pub end: u32,
}

impl Span {
    /// The span of `start..end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }
}

/// A line and a column, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Position {
    /// The position of byte `offset` in `text`.
    pub fn of(text: &str, offset: u32) -> Position {
        let mut offset = (offset as usize).min(text.len());
        while !text.is_char_boundary(offset) {
            offset -= 1;
        }
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Position { line: before.matches('\n').count() + 1, column: before[line_start..].chars().count() + 1 }
    }
}

#[cfg(test)]
mod tests;
