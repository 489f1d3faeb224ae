//! Reference paths: a place named by properties and indexes alone, so that a value can be written there (`ResultPath`).

use super::Scope;
use super::path::{Origin, Path, PathError, PathSyntaxError, Step};
use crate::Json;

/// A path that names exactly one place.
#[derive(Clone, Debug)]
pub struct ReferencePath {
    path: Path,
}

impl ReferencePath {
    /// Compiles `$`, `$.field`, `$['field']`, `$[0]` and what they make up, also from `$$` and `$variable`.
    pub fn parse(text: &str) -> Result<ReferencePath, PathSyntaxError> {
        let path = Path::parse(text)?;
        if !path.is_reference() {
            let message = "a reference path names one place, with '.field', \"['field']\" and '[index]' alone";
            return Err(PathSyntaxError::new(text, 0, message));
        }
        Ok(ReferencePath { path })
    }

    /// What stands at the place.
    pub fn read(&self, scope: &Scope) -> Result<Json, PathError> {
        self.path.read(scope)
    }

    /// `root` with `value` at the place. Missing objects on the way are created.
    ///
    /// Only a path that starts at the document (`$`) can be written.
    pub fn write(&self, root: Json, value: Json) -> Result<Json, PathError> {
        if *self.path.origin() != Origin::Root {
            let message = format!("'{}' starts from what cannot be written; only '$' can", self.text());
            return Err(PathError::Unusable(message));
        }
        let Some((last, way)) = self.path.steps().split_last() else {
            return Ok(value);
        };
        let mut root = root;
        let mut place = &mut root;
        for step in way {
            place = self.enter(place, step)?;
        }
        *self.enter(place, last)? = value;
        Ok(root)
    }

    /// Whether the path is `$` alone.
    pub fn is_root(&self) -> bool {
        *self.path.origin() == Origin::Root && self.path.steps().is_empty()
    }

    /// What the path starts from.
    pub fn origin(&self) -> &Origin {
        self.path.origin()
    }

    /// The path as it was written.
    pub fn text(&self) -> &str {
        self.path.text()
    }

    /// The place that `step` leads to, created where it is a property that is missing.
    fn enter<'j>(&self, place: &'j mut Json, step: &Step) -> Result<&'j mut Json, PathError> {
        let kind = place.kind();
        let found = match step {
            Step::Property(name) => place.make_object().and_then(|object| {
                if !object.contains_key(name) {
                    object.insert(name.clone(), Json::object());
                }
                object.get_mut(name)
            }),
            Step::Index(index) => {
                let index = usize::try_from(*index).unwrap_or(usize::MAX);
                place.make_array().and_then(|items| items.get_mut(index))
            }
            _ => None,
        };
        found.ok_or_else(|| {
            let step = match step {
                Step::Property(name) => format!("['{name}']"),
                Step::Index(index) => format!("[{index}]"),
                _ => String::new(),
            };
            PathError::Unusable(format!(
                "'{}' cannot be written: {step} does not apply to the {kind} there",
                self.text()
            ))
        })
    }
}
