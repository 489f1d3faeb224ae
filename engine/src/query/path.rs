//! JSONPath as AWS runs it: the dialect of Jayway's Java library in version 2.0.0, with AWS's `$$` and `$variable` before it.
//!
//! A text becomes a list of [`Step`]s once. A path is definite when every step names one place: it reads to that place's
//! value or to an error. Any other path reads to an array, empty when nothing matches. That version has no functions
//! (`length()` is a property of that name) and neither negative single indexes nor the filter operators `in`, `nin`; this
//! one has neither, because workflows that work here must work there.

mod error;
mod evaluate;
mod filter;
mod parse;

pub use error::{PathError, PathSyntaxError};

use std::sync::Arc;

use super::Scope;
use crate::Json;

/// A compiled path.
#[derive(Clone, Debug)]
pub struct Path {
    text: Arc<str>,
    origin: Origin,
    steps: Arc<[Step]>,
    definite: bool,
}

/// What a path starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// `$`: the document.
    Root,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(Arc<str>),
}

#[derive(Clone, Debug)]
pub(super) enum Step {
    Property(Arc<str>),
    /// `['a','b']`: an object of those of them that exist.
    Properties(Box<[Arc<str>]>),
    Index(i64),
    /// `[(@.length-1)]`: added to the length.
    FromEnd(i64),
    Indexes(Box<[i64]>),
    SliceFrom(i64),
    SliceTo(i64),
    SliceBetween(i64, i64),
    Wildcard,
    /// `[?(…)]`
    Filter(Box<filter::Filter>),
    /// `..`: applies the step after it at every depth.
    Scan,
}

impl Path {
    /// Compiles a path as AWS writes it: `$…`, `$$…` or `$variable…`.
    pub fn parse(text: &str) -> Result<Path, PathSyntaxError> {
        let trimmed = text.trim_start();
        if !trimmed.starts_with('$') {
            return Err(PathSyntaxError::new(text, 0, "a path starts with '$', '$$' or '$' and a variable's name"));
        }
        let blanks = text.len() - trimmed.len();
        let (origin, rest) = parse::split_origin(trimmed).map_err(|error| error.within(text, blanks))?;
        let steps = parse::parse_steps(rest).map_err(|error| error.within(text, text.len() - rest.len()))?;
        Ok(Path::new(text, origin, steps))
    }

    /// Compiles a path as Jayway's library reads it: `orderId` and `@.orderId` mean `$.orderId`, and there are no
    /// variables and no context object.
    pub fn parse_jayway(text: &str) -> Result<Path, PathSyntaxError> {
        let trimmed = parse::java_trim(text);
        let start = text.find(trimmed).unwrap_or_default();
        let steps = match trimmed.as_bytes() {
            [] => return Err(PathSyntaxError::new(text, 0, "the path is empty")),
            [b'$' | b'@'] => Vec::new(),
            [b'$' | b'@', b'.' | b'[', ..] => {
                parse::parse_steps(&trimmed[1..]).map_err(|error| error.within(text, start + 1))?
            }
            [b'$' | b'@', ..] => {
                return Err(PathSyntaxError::new(text, start + 1, "expected '.' or '[' after the root"));
            }
            _ => parse::parse_steps(&format!(".{trimmed}")).map_err(|error| error.without_dot().within(text, start))?,
        };
        Ok(Path::new(text, Origin::Root, steps))
    }

    fn new(text: &str, origin: Origin, steps: Vec<Step>) -> Path {
        let definite = steps.iter().all(Step::is_definite);
        Path { text: text.into(), origin, steps: steps.into(), definite }
    }

    /// What the path reads from `scope`.
    pub fn read(&self, scope: &Scope) -> Result<Json, PathError> {
        match &self.origin {
            Origin::Root => self.read_from(scope.root),
            Origin::Context => self.read_from(&scope.surroundings.context(self.first_property())),
            Origin::Variable(name) => match scope.surroundings.variable(name) {
                Some(value) => self.read_from(&value),
                None => Err(PathError::NotFound(format!("the variable '${name}' has no value"))),
            },
        }
    }

    /// The member that a definite path begins with: all that it can read of its document.
    fn first_property(&self) -> Option<&str> {
        match self.steps.first() {
            Some(Step::Property(name)) if self.definite => Some(name),
            _ => None,
        }
    }

    /// What the path reads when `document` is what it starts from.
    pub fn read_from(&self, document: &Json) -> Result<Json, PathError> {
        if self.steps.is_empty() {
            return Ok(document.clone());
        }
        if document.is_null() {
            return Err(PathError::Unusable("root can not be null".into()));
        }
        if self.definite {
            evaluate::read_definite(&self.steps, document)
        } else {
            evaluate::read_all(&self.steps, document)
        }
    }

    /// Whether the path names one place with properties and indexes alone.
    pub fn is_reference(&self) -> bool {
        self.steps.iter().all(|step| matches!(step, Step::Property(_) | Step::Index(0..)))
    }

    /// Whether the path names one place, so that it reads to a value or an error and not to an array of matches.
    pub fn is_definite(&self) -> bool {
        self.definite
    }

    /// What the path starts from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The property names that the path begins with: `Task` and `Token` of `$$.Task.Token`.
    pub fn leading_names(&self) -> impl Iterator<Item = &str> {
        self.steps.iter().map_while(|step| match step {
            Step::Property(name) => Some(&**name),
            _ => None,
        })
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }
}

impl Step {
    fn is_definite(&self) -> bool {
        matches!(self, Step::Property(_) | Step::Properties(_) | Step::Index(_) | Step::FromEnd(_))
    }
}

#[cfg(test)]
mod tests;
