//! Document paths: `order.items[0].price`.

use std::fmt;
use std::sync::Arc;

use crate::services::dynamodb::value::{AttributeValue, Attributes};

/// A path into an item, aliases resolved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Path {
    /// The attribute.
    pub head: Arc<str>,
    /// What follows inside it.
    pub steps: Box<[Step]>,
}

/// One step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Step {
    /// `.name`
    Name(Arc<str>),
    /// `[index]`
    Index(u32),
}

/// How two paths get in each other's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Clash {
    /// One contains the other.
    Overlap,
    /// One takes a value for a map, the other for a list.
    Conflict,
}

impl Path {
    /// The value at the path, if the item has it.
    pub fn resolve<'a>(&self, item: &'a Attributes) -> Option<&'a AttributeValue> {
        let mut value = item.get(&self.head)?;
        for step in &self.steps {
            value = step.follow(value)?;
        }
        Some(value)
    }

    /// Whether the two paths cannot both be written or projected.
    pub fn clash(&self, other: &Path) -> Option<Clash> {
        if self.head != other.head {
            return None;
        }
        for (left, right) in self.steps.iter().zip(&other.steps) {
            match (left, right) {
                (Step::Name(left), Step::Name(right)) if left == right => {}
                (Step::Index(left), Step::Index(right)) if left == right => {}
                (Step::Name(_), Step::Index(_)) | (Step::Index(_), Step::Name(_)) => return Some(Clash::Conflict),
                _ => return None,
            }
        }
        Some(Clash::Overlap)
    }

    /// The error's text when any two of `paths` clash. AWS names both, the later one second.
    pub fn check_distinct(paths: &[&Path]) -> Result<(), String> {
        for (position, later) in paths.iter().enumerate() {
            for earlier in &paths[..position] {
                let Some(clash) = earlier.clash(later) else { continue };
                let verb = match clash {
                    Clash::Overlap => "overlap",
                    Clash::Conflict => "conflict",
                };
                return Err(format!(
                    "Two document paths {verb} with each other; must remove or rewrite one of these paths; \
                     path one: {earlier}, path two: {later}"
                ));
            }
        }
        Ok(())
    }
}

impl Step {
    /// The value one step into `value`.
    pub fn follow<'a>(&self, value: &'a AttributeValue) -> Option<&'a AttributeValue> {
        match (self, value) {
            (Step::Name(name), AttributeValue::M(attributes)) => attributes.get(name),
            (Step::Index(index), AttributeValue::L(elements)) => elements.get(*index as usize),
            _ => None,
        }
    }
}

/// As AWS writes paths in its messages: `[order, items, [0]]`.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}", self.head)?;
        for step in &self.steps {
            match step {
                Step::Name(name) => write!(f, ", {name}")?,
                Step::Index(index) => write!(f, ", [{index}]")?,
            }
        }
        f.write_str("]")
    }
}
