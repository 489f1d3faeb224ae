//! Problems of the files a user writes, and how a person sees them.
//!
//! The engine's [`Diagnostic`] knows a span of one text. A run reads several: the template, the scenario, a definition
//! file beside them. [`Sources`] holds their texts, a [`Problem`] says which one a diagnostic is about, and [`render`]
//! prints them with file, line, column, the line itself and the way to mend it.

mod export;
mod lines;
mod render;

use std::fmt;
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Position, Severity, Span};

pub use export::{to_github, to_json, to_sarif};
pub use lines::Lines;
pub use render::render;

/// One of the texts in [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A text that was read, and the name it is shown under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user would write it.
    pub name: Arc<str>,
    /// The whole text.
    pub text: Arc<str>,
}

/// Every text that was read, in the order of reading.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// Sources of a single text, which is then [`SourceId`] zero.
    pub fn single(name: &str, text: &str) -> Sources {
        let mut sources = Sources::default();
        sources.add(name, text);
        sources
    }

    /// Adds a text and says how to refer to it.
    pub fn add(&mut self, name: &str, text: &str) -> SourceId {
        self.files.push(Source { name: name.into(), text: text.into() });
        SourceId(self.files.len() as u32 - 1)
    }

    /// The text and name of `id`.
    pub fn get(&self, id: SourceId) -> Option<&Source> {
        self.files.get(id.0 as usize)
    }

    /// Every text, in the order of reading.
    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.files.iter()
    }

    /// The text of `id`; empty for an id of other sources.
    pub fn text(&self, id: SourceId) -> &str {
        self.get(id).map_or("", |source| &source.text)
    }

    /// `template.yaml:12:3`, the way editors and terminals jump to.
    pub fn locate(&self, place: Place) -> String {
        let Some(source) = self.get(place.source) else { return String::new() };
        let Position { line, column } = Position::of(&source.text, place.span.start);
        format!("{}:{line}:{column}", source.name)
    }
}

/// A stretch of one of the [`Sources`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Which text.
    pub source: SourceId,
    /// Which part of it.
    pub span: Span,
}

impl Place {
    /// The place `span` of `source`.
    pub fn new(source: SourceId, span: Span) -> Place {
        Place { source, span }
    }
}

/// A diagnostic and the text that it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The text.
    pub source: SourceId,
    /// What is wrong, where in it, and how to mend it.
    pub diagnostic: Diagnostic,
}

impl Problem {
    /// `diagnostic`, about `source`.
    pub fn new(source: SourceId, diagnostic: Diagnostic) -> Problem {
        Problem { source, diagnostic }
    }

    /// Whether nothing can run because of it.
    pub fn is_error(&self) -> bool {
        self.diagnostic.severity == Severity::Error
    }
}

/// Why files could not be used: every problem found in them, at least one of them an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The texts.
    pub sources: Sources,
    /// The problems, in the order of their places.
    pub problems: Vec<Problem>,
}

impl Problems {
    /// All of them as a person reads them; with terminal colours if `color`.
    pub fn render(&self, color: bool) -> String {
        render(&self.sources, &self.problems, color)
    }
}

/// The problems without colours.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests;
