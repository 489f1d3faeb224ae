//! Steps applied to a document. [`read_definite`] walks straight down and builds words only for an error;
//! [`read_all`] collects the matches in document order.

use super::filter::Filter;
use super::{PathError, Step};
use crate::Json;
use crate::json::Object;
use crate::query::java::java_text;

/// More steps than this are not taken for one read: chained scans multiply, and nothing may run for ever.
const VISITS_MAX: usize = 5_000_000;

pub(super) fn read_definite(steps: &[Step], document: &Json) -> Result<Json, PathError> {
    let mut value = document;
    for step in steps {
        let found = match step {
            Step::Property(name) => value.get(name),
            Step::Index(index) => usize::try_from(*index).ok().and_then(|index| value.item(index)),
            Step::FromEnd(offset) => {
                let length = value.as_array().map_or(0, <[Json]>::len) as i64;
                usize::try_from(length + offset).ok().and_then(|index| value.item(index))
            }
            _ => None,
        };
        match found {
            Some(inner) => value = inner,
            // Whatever is not one plain place, errors among them, is told by the slower walk.
            None => return read_by_walking(steps, document),
        }
    }
    Ok(value.clone())
}

fn read_by_walking(steps: &[Step], document: &Json) -> Result<Json, PathError> {
    let mut walk = Walk { definite: true, document, matches: Vec::new(), visits: 0 };
    walk.apply(steps, document, &Trail::Root)?;
    walk.matches.pop().ok_or_else(|| PathError::NotFound("No results for path: $".to_owned()))
}

pub(super) fn read_all(steps: &[Step], document: &Json) -> Result<Json, PathError> {
    let mut walk = Walk { definite: false, document, matches: Vec::new(), visits: 0 };
    walk.apply(steps, document, &Trail::Root)?;
    Ok(Json::from(walk.matches))
}

struct Walk<'a> {
    definite: bool,
    document: &'a Json,
    matches: Vec<Json>,
    visits: usize,
}

/// The way to a value, as a list up the stack; only an error spells it out.
enum Trail<'a> {
    Root,
    Property(&'a Trail<'a>, &'a str),
    Index(&'a Trail<'a>, i64),
}

impl std::fmt::Display for Trail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Trail::Root => f.write_str("$"),
            Trail::Property(up, name) => write!(f, "{up}['{name}']"),
            Trail::Index(up, index) => write!(f, "{up}[{index}]"),
        }
    }
}

impl Walk<'_> {
    fn apply(&mut self, steps: &[Step], value: &Json, trail: &Trail) -> Result<(), PathError> {
        self.visits += 1;
        if self.visits > VISITS_MAX {
            return Err(PathError::Unusable(format!("the path visits more than {VISITS_MAX} places")));
        }
        let Some((step, rest)) = steps.split_first() else {
            self.matches.push(value.clone());
            return Ok(());
        };
        match step {
            Step::Property(name) => self.property(name, rest, value, trail),
            Step::Properties(names) => self.properties(names, rest, value, trail),
            Step::Wildcard => self.wildcard(rest, value, trail),
            Step::Filter(filter) => self.filter(filter, rest, value, trail),
            Step::Scan => match rest.split_first() {
                Some((target, after)) => self.scan(rest, target, after, value, trail),
                None => Ok(()),
            },
            _ => self.array_step(step, rest, value, trail),
        }
    }

    fn property(&mut self, name: &str, rest: &[Step], value: &Json, trail: &Trail) -> Result<(), PathError> {
        let Json::Object(object) = value else {
            return Err(PathError::NotFound(format!("Property ['{name}'] not found in path {trail}")));
        };
        let here = Trail::Property(trail, name);
        match object.get(name) {
            Some(inner) => self.apply(rest, inner, &here),
            None if rest.is_empty() => Err(PathError::NotFound(format!("No results for path: {here}"))),
            None if self.definite => Err(PathError::NotFound(format!("Missing property in path {here}"))),
            // AWS: an indefinite path below a missing parent has no matches and is no error.
            None => Ok(()),
        }
    }

    fn properties(
        &mut self,
        names: &[std::sync::Arc<str>],
        rest: &[Step],
        value: &Json,
        trail: &Trail,
    ) -> Result<(), PathError> {
        let quoted = || names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ");
        let Json::Object(object) = value else {
            return Err(PathError::NotFound(format!("Property [{}] not found in path {trail}", quoted())));
        };
        if !rest.is_empty() {
            let message = format!("Multi properties can only be used as path leafs: {trail}[{}]", quoted());
            return Err(PathError::Unusable(message));
        }
        let found = names.iter().filter_map(|name| Some((name.clone(), object.get(name)?.clone())));
        self.matches.push(Json::from(found.collect::<Object>()));
        Ok(())
    }

    fn wildcard(&mut self, rest: &[Step], value: &Json, trail: &Trail) -> Result<(), PathError> {
        match value {
            Json::Object(object) => {
                for (name, inner) in object.iter() {
                    forgive_missing(self.apply(rest, inner, &Trail::Property(trail, name)))?;
                }
            }
            Json::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    forgive_missing(self.apply(rest, inner, &Trail::Index(trail, index as i64)))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn filter(&mut self, filter: &Filter, rest: &[Step], value: &Json, trail: &Trail) -> Result<(), PathError> {
        match value {
            Json::Object(_) if filter.accepts(value, self.document)? => self.apply(rest, value, trail),
            Json::Object(_) => Ok(()),
            Json::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.visits += 1;
                    if filter.accepts(item, self.document)? {
                        self.apply(rest, item, &Trail::Index(trail, index as i64))?;
                    }
                }
                Ok(())
            }
            other => {
                let other = java_text(other);
                let message = format!("Filter: [?] can not be applied to primitives. Current context is: {other}");
                Err(PathError::Unusable(message))
            }
        }
    }

    fn array_step(&mut self, step: &Step, rest: &[Step], value: &Json, trail: &Trail) -> Result<(), PathError> {
        let items = match value {
            Json::Array(items) => items,
            Json::Null => return Err(PathError::NotFound(format!("The path {trail} is null"))),
            other => {
                let message = format!(
                    "Filter: {} can only be applied to arrays. Current context is: {}",
                    fragment(step),
                    java_text(other)
                );
                return Err(PathError::Unusable(message));
            }
        };
        let length = items.len() as i64;
        match step {
            Step::Index(index) => self.index(*index, items, rest, trail),
            Step::FromEnd(offset) => self.index(length + offset, items, rest, trail),
            Step::Indexes(indexes) => indexes.iter().try_for_each(|index| self.index(*index, items, rest, trail)),
            Step::SliceFrom(from) => {
                let from = if *from < 0 { length + from } else { *from };
                (from.max(0)..length).try_for_each(|index| self.index(index, items, rest, trail))
            }
            Step::SliceTo(to) => {
                let to = if *to < 0 { length + to } else { *to };
                (0..to.min(length)).try_for_each(|index| self.index(index, items, rest, trail))
            }
            // A negative start is no place from the end here, so that its first index is out of bounds.
            Step::SliceBetween(from, to) if length > 0 => {
                (*from..(*to).min(length)).try_for_each(|index| self.index(index, items, rest, trail))
            }
            _ => Ok(()),
        }
    }

    fn index(&mut self, index: i64, items: &[Json], rest: &[Step], trail: &Trail) -> Result<(), PathError> {
        let here = Trail::Index(trail, index);
        match usize::try_from(index).ok().and_then(|index| items.get(index)) {
            Some(inner) => self.apply(rest, inner, &here),
            None => Err(PathError::NotFound(format!("Index out of bounds when evaluating path {here}"))),
        }
    }

    /// Applies `rest` (which starts with `target`) here where it fits, then at everything below.
    fn scan(
        &mut self,
        rest: &[Step],
        target: &Step,
        after: &[Step],
        value: &Json,
        trail: &Trail,
    ) -> Result<(), PathError> {
        self.visits += 1;
        match value {
            Json::Object(object) => {
                if self.scan_stops_at(target, value)? {
                    self.apply(rest, value, trail)?;
                }
                for (name, inner) in object.iter() {
                    self.scan(rest, target, after, inner, &Trail::Property(trail, name))?;
                }
            }
            Json::Array(items) => {
                if self.scan_stops_at(target, value)? {
                    if after.is_empty() {
                        self.apply(rest, value, trail)?;
                    } else {
                        // The original lets whatever follows the target loose on every item, not on the chosen ones.
                        for (index, inner) in items.iter().enumerate() {
                            self.apply(after, inner, &Trail::Index(trail, index as i64))?;
                        }
                    }
                }
                for (index, inner) in items.iter().enumerate() {
                    self.scan(rest, target, after, inner, &Trail::Index(trail, index as i64))?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn scan_stops_at(&self, target: &Step, value: &Json) -> Result<bool, PathError> {
        Ok(match target {
            Step::Property(name) => value.get(name).is_some(),
            Step::Properties(names) => names.iter().all(|name| value.get(name).is_some()),
            Step::Wildcard => true,
            Step::Filter(filter) => filter.accepts(value, self.document)?,
            Step::Scan => false,
            _ => value.as_array().is_some(),
        })
    }
}

fn forgive_missing(outcome: Result<(), PathError>) -> Result<(), PathError> {
    match outcome {
        Err(PathError::NotFound(_)) => Ok(()),
        other => other,
    }
}

fn fragment(step: &Step) -> String {
    match step {
        Step::Index(index) => format!("[{index}]"),
        Step::FromEnd(offset) => format!("[@.size(){offset}]"),
        Step::Indexes(indexes) => format!("[{}]", indexes.iter().map(i64::to_string).collect::<Vec<_>>().join(",")),
        Step::SliceFrom(from) => format!("[{from}:]"),
        Step::SliceTo(to) => format!("[:{to}]"),
        Step::SliceBetween(from, to) => format!("[{from}:{to}]"),
        _ => String::new(),
    }
}
