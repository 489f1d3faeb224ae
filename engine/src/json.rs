//! The payload type that flows through every part: JSON with shared, immutable insides.
//!
//! A workflow hands the same payload from state to state, so a clone must not copy it: strings, arrays and objects
//! sit behind an [`Arc`], a clone is a reference count, and a write copies only the containers on its way down
//! ([`Json::make_object`]). Each container remembers its measured size and depth, so the payload limit costs nothing
//! where nothing changed. Text is read and written by `serde_json`; [`Json`] implements its traits.

mod literal;
mod measure;
mod object;
mod serde_impls;

use std::fmt;
use std::sync::Arc;

pub use literal::ToJson;
pub use measure::Measure;
pub use object::{Object, same_text};
pub use serde_json::Number;

use measure::Measured;

/// A JSON value that is cheap to clone.
#[derive(Clone, Default, PartialEq)]
pub enum Json {
    /// `null`
    #[default]
    Null,
    /// `true` or `false`
    Bool(bool),
    /// An integer (64 bits, signed or not) or a double.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Arc<Array>),
    /// An object, keys in the order of their first insertion.
    Object(Arc<Object>),
}

/// The items of an array, with their measure remembered.
#[derive(Clone, Default)]
pub struct Array {
    items: Vec<Json>,
    measured: Measured,
}

impl Json {
    /// Reads JSON text. The error's message names line and column.
    pub fn parse(text: &str) -> Result<Json, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// Whether both are one and the same container, so that nothing needs to be compared.
    pub fn is_same(&self, other: &Json) -> bool {
        match (self, other) {
            (Json::Array(one), Json::Array(two)) => Arc::ptr_eq(one, two),
            (Json::Object(one), Json::Object(two)) => Arc::ptr_eq(one, two),
            _ => false,
        }
    }

    /// An empty object.
    pub fn object() -> Json {
        Json::Object(Arc::default())
    }

    /// An object of the given members; a repeated key keeps its first place and its last value.
    pub fn from_pairs<K: Into<Arc<str>>>(pairs: impl IntoIterator<Item = (K, Json)>) -> Json {
        let pairs = pairs.into_iter();
        let mut object = Object::with_capacity(pairs.size_hint().0);
        for (key, value) in pairs {
            object.insert(key.into(), value);
        }
        Json::from(object)
    }

    /// The compact JSON text as shared text.
    pub fn to_text(&self) -> Arc<str> {
        // Payloads are measured anyway, so the room that the text needs is known.
        let mut text = Vec::with_capacity(self.measure().bytes);
        // Writing to memory cannot go wrong, and every key is a string.
        let _ = serde_json::to_writer(&mut text, self);
        String::from_utf8(text).unwrap_or_default().into()
    }

    /// The member `key` of an object; `None` for anything else.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match self {
            Json::Object(object) => object.get(key),
            _ => None,
        }
    }

    /// The item at `index` of an array; `None` for anything else.
    pub fn item(&self, index: usize) -> Option<&Json> {
        match self {
            Json::Array(array) => array.get(index),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Json::String(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Json::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// A number as `i64` where it is an integer in range.
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            Json::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    /// A number as a double.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Json::Number(number) => number.as_f64(),
            _ => None,
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Json]> {
        match self {
            Json::Array(array) => Some(array),
            _ => None,
        }
    }

    /// The members of an object.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Json::Object(object) => Some(object),
            _ => None,
        }
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Json::Null)
    }

    /// The members for writing; copies this level (not what is below) when it is shared.
    pub fn make_object(&mut self) -> Option<&mut Object> {
        match self {
            Json::Object(object) => Some(Arc::make_mut(object)),
            _ => None,
        }
    }

    /// The items for writing; copies this level (not what is below) when it is shared.
    pub fn make_array(&mut self) -> Option<&mut Vec<Json>> {
        match self {
            Json::Array(array) => {
                let array = Arc::make_mut(array);
                array.measured.forget();
                Some(&mut array.items)
            }
            _ => None,
        }
    }

    /// What the value is, as a word for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Json::Null => "null",
            Json::Bool(_) => "boolean",
            Json::Number(_) => "number",
            Json::String(_) => "string",
            Json::Array(_) => "array",
            Json::Object(_) => "object",
        }
    }

    /// Bytes of the compact JSON text and the depth of nesting, remembered by every container.
    pub fn measure(&self) -> Measure {
        measure::measure(self)
    }
}

impl Array {
    /// An array of `items`.
    pub fn new(items: Vec<Json>) -> Array {
        Array { items, measured: Measured::default() }
    }
}

impl std::ops::Deref for Array {
    type Target = [Json];

    fn deref(&self) -> &[Json] {
        &self.items
    }
}

impl PartialEq for Array {
    fn eq(&self, other: &Array) -> bool {
        self.items == other.items
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Json {
        Json::Bool(value)
    }
}

impl From<i64> for Json {
    fn from(value: i64) -> Json {
        Json::Number(value.into())
    }
}

impl From<i32> for Json {
    fn from(value: i32) -> Json {
        Json::Number(value.into())
    }
}

impl From<u64> for Json {
    fn from(value: u64) -> Json {
        Json::Number(value.into())
    }
}

impl From<u32> for Json {
    fn from(value: u32) -> Json {
        Json::Number(value.into())
    }
}

impl From<usize> for Json {
    fn from(value: usize) -> Json {
        Json::Number((value as u64).into())
    }
}

impl From<f64> for Json {
    /// A double; one that JSON cannot express (infinite, not a number) becomes `null`.
    fn from(value: f64) -> Json {
        Number::from_f64(value).map_or(Json::Null, Json::Number)
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Json {
        Json::String(text.into())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Json {
        Json::String(text.into())
    }
}

impl From<Arc<str>> for Json {
    fn from(text: Arc<str>) -> Json {
        Json::String(text)
    }
}

impl From<Vec<Json>> for Json {
    fn from(items: Vec<Json>) -> Json {
        Json::Array(Arc::new(Array::new(items)))
    }
}

impl From<Object> for Json {
    fn from(object: Object) -> Json {
        Json::Object(Arc::new(object))
    }
}

impl<T: Into<Json>> From<Option<T>> for Json {
    fn from(value: Option<T>) -> Json {
        value.map_or(Json::Null, Into::into)
    }
}

/// Compact JSON text.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string(self).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
