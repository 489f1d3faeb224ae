//! Which part of a pattern an event does not satisfy, for a person who expected a match.

use std::collections::BTreeMap;

use super::{Branch, Predicate, Scalar};
use crate::json::Json;

/// How an event fares with a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// Whether the event matches.
    pub matches: bool,
    /// How many ways there are through the pattern's `$or`s; one without any.
    pub ways: usize,
    /// The fields that the event does not satisfy, of the way that it comes closest to.
    pub unmet: Vec<UnmetField>,
}

/// A field of a pattern that no value satisfies. An explanation that names none, of an event that does not match, says
/// that each field is satisfied alone, but not by values from the same elements of an array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmetField {
    /// The keys, joined by dots.
    pub path: String,
    /// The entries of which one would have to accept a value, as JSON.
    pub wanted: String,
    /// The values at the path, as JSON; none when the field is absent.
    pub found: Vec<String>,
}

type Values<'e> = BTreeMap<String, Vec<&'e Json>>;

pub(super) fn explain(branches: &[Branch], event: &Json, matches: bool) -> Explanation {
    let ways = branches.len();
    if matches {
        return Explanation { matches, ways, unmet: Vec::new() };
    }
    let mut values = Values::new();
    if let Json::Object(_) = event {
        flatten(event, "", &mut values);
    }
    let closest = branches.iter().map(|branch| unmet(branch, &values)).min_by_key(Vec::len);
    Explanation { matches, ways, unmet: closest.unwrap_or_default() }
}

fn unmet(branch: &Branch, values: &Values) -> Vec<UnmetField> {
    let mut fields = Vec::new();
    for field in &branch.fields {
        let found = values.get(&*field.path).map_or(&[][..], Vec::as_slice);
        let is_met = field.any_of.iter().any(|entry| match entry {
            Predicate::Absent => found.is_empty(),
            entry => found.iter().filter_map(|value| Scalar::of(value)).any(|value| entry.accepts(value)),
        });
        if !is_met {
            let entries: Vec<String> = field.any_of.iter().map(Predicate::to_string).collect();
            fields.push(UnmetField {
                path: field.path.to_string(),
                wanted: format!("[{}]", entries.join(", ")),
                found: found.iter().map(ToString::to_string).collect(),
            });
        }
    }
    fields
}

/// Every scalar by its path. The depth of a `Json` that was read is bounded.
fn flatten<'e>(value: &'e Json, path: &str, values: &mut Values<'e>) {
    match value {
        Json::Object(object) => {
            for (key, member) in object.iter() {
                let inner = if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
                flatten(member, &inner, values);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| flatten(item, path, values)),
        scalar => values.entry(path.to_owned()).or_default().push(scalar),
    }
}
