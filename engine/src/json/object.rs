use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

use super::Json;
use super::measure::Measured;

/// Above this many members a lookup goes through an index instead of a scan, which mostly compares lengths and last
/// letters. AWS's own events have up to 18 members, and an index costs more to build than they are ever searched.
const SCAN_MEMBERS_MAX: usize = 24;

type Index = HashMap<Arc<str>, usize, BuildHasherDefault<Xxh3Default>>;

/// The members of a JSON object, in the order of their first insertion.
///
/// Small objects are scanned, which beats hashing; large ones carry an index, so that no input makes lookups quadratic.
#[derive(Default)]
pub struct Object {
    entries: Vec<(Arc<str>, Json)>,
    index: Option<Box<Index>>,
    pub(super) measured: Measured,
}

impl Object {
    /// An empty object with room for `members`.
    pub fn with_capacity(members: usize) -> Object {
        Object { entries: Vec::with_capacity(members), ..Object::default() }
    }

    /// An object of members whose keys are known to be distinct: written in a program, or checked when a template was
    /// compiled. Spares the search for each key.
    pub fn of_distinct(members: Vec<(Arc<str>, Json)>) -> Object {
        let mut object = Object { entries: members, ..Object::default() };
        debug_assert!(object.has_distinct_keys(), "a key is given twice: {:?}", object.keys().collect::<Vec<_>>());
        if object.entries.len() > SCAN_MEMBERS_MAX {
            object.build_index();
        }
        object
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    /// The value of `key`, for writing.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json> {
        let at = self.position(key)?;
        self.measured.forget();
        Some(&mut self.entries[at].1)
    }

    /// Whether `key` is a member.
    pub fn contains_key(&self, key: &str) -> bool {
        self.position(key).is_some()
    }

    /// Sets `key`; a new key goes last, a known one keeps its place. Returns the old value.
    pub fn insert(&mut self, key: Arc<str>, value: Json) -> Option<Json> {
        self.measured.forget();
        if let Some(at) = self.position(&key) {
            return Some(std::mem::replace(&mut self.entries[at].1, value));
        }
        if let Some(index) = &mut self.index {
            index.insert(key.clone(), self.entries.len());
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() > SCAN_MEMBERS_MAX {
            self.build_index();
        }
        None
    }

    /// Takes `key` out, keeping the order of the rest.
    pub fn remove(&mut self, key: &str) -> Option<Json> {
        let at = self.position(key)?;
        self.measured.forget();
        let (_, value) = self.entries.remove(at);
        if self.index.is_some() {
            self.build_index();
        }
        Some(value)
    }

    /// The members in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Json)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The keys in order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The values in order.
    pub fn values(&self) -> impl ExactSizeIterator<Item = &Json> {
        self.entries.iter().map(|(_, value)| value)
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(known, _)| same_text(known, key)),
        }
    }

    fn has_distinct_keys(&self) -> bool {
        self.entries.iter().enumerate().all(|(at, (key, _))| self.entries[..at].iter().all(|(other, _)| other != key))
    }

    fn build_index(&mut self) {
        let index = self.entries.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)).collect();
        self.index = Some(Box::new(index));
    }
}

/// Whether two texts are equal. Names of one length mostly differ in their last letter or are the very same text, so
/// both are tried before the call that compares everything.
#[inline]
pub fn same_text(left: &str, right: &str) -> bool {
    let (left, right) = (left.as_bytes(), right.as_bytes());
    left.len() == right.len()
        && left.last() == right.last()
        && (std::ptr::eq(left.as_ptr(), right.as_ptr()) || left == right)
}

impl Clone for Object {
    fn clone(&self) -> Object {
        // A copy is made to write to it, and most writes add a member.
        let mut entries = Vec::with_capacity(self.entries.len() + 1);
        entries.extend_from_slice(&self.entries);
        Object { entries, index: self.index.clone(), measured: self.measured.clone() }
    }
}

/// Objects are equal when they have the same members, in any order.
impl PartialEq for Object {
    fn eq(&self, other: &Object) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl FromIterator<(Arc<str>, Json)> for Object {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Json)>>(members: I) -> Object {
        let mut object = Object::default();
        for (key, value) in members {
            object.insert(key, value);
        }
        object
    }
}
