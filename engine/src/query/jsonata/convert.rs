//! Between [`Json`] and the evaluator's [`JValue`].

use std::cell::RefCell;
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;

use jsonata_core::value::{JMap, JValue, with_stack};

use crate::Json;
use crate::json::Object;

/// The largest integer up to which every integer is a double: 2^53.
const EXACT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

/// Payloads that are remembered with what they were converted to.
const RECENT_MAX: usize = 8;

/// Smaller payloads are converted faster than they are found.
const REMEMBERED_BYTES_MIN: usize = 128;

thread_local! {
    /// The newest last. Holding the payload keeps its place in memory from being another's.
    static RECENT: RefCell<VecDeque<(Json, JValue)>> = const { RefCell::new(VecDeque::new()) };
}

/// A result that JSON cannot express: it is or contains a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value is or contains a function, which JSON cannot express")
    }
}

impl std::error::Error for NotJson {}

/// The value in the evaluator's type. Numbers become doubles, as in JavaScript.
pub fn to_jvalue(value: &Json) -> JValue {
    match value {
        Json::Null => JValue::Null,
        Json::Bool(value) => JValue::Bool(*value),
        Json::Number(number) => JValue::Number(number.as_f64().unwrap_or_default()),
        Json::String(text) => JValue::string(&**text),
        Json::Array(items) => with_stack(|| JValue::array(items.iter().map(to_jvalue).collect())),
        Json::Object(object) => with_stack(|| {
            let members = object.iter().map(|(key, value)| (key.to_string(), to_jvalue(value)));
            JValue::Object(Rc::new(members.collect::<JMap>()))
        }),
    }
}

/// The same for payloads that several expressions read: one and the same value is converted once.
///
/// A state's expressions all see its input and its result, and states that pass a payload on see the same one.
pub fn to_jvalue_once(value: &Json) -> JValue {
    let is_container = matches!(value, Json::Array(_) | Json::Object(_));
    if !is_container || value.measure().bytes < REMEMBERED_BYTES_MIN {
        return to_jvalue(value);
    }
    RECENT.with_borrow_mut(|recent| {
        if let Some((_, known)) = recent.iter().rev().find(|(known, _)| known.is_same(value)) {
            return known.clone();
        }
        let converted = to_jvalue(value);
        if recent.len() >= RECENT_MAX {
            recent.pop_front();
        }
        recent.push_back((value.clone(), converted.clone()));
        converted
    })
}

/// The value as JSON; `None` for undefined. Undefined items become null and undefined members are left out.
pub fn from_jvalue(value: &JValue) -> Result<Option<Json>, NotJson> {
    Ok(Some(match value {
        JValue::Undefined => return Ok(None),
        JValue::Null => Json::Null,
        JValue::Bool(value) => Json::Bool(*value),
        JValue::Number(number) if number.fract() == 0.0 && number.abs() <= EXACT_INTEGER_MAX => {
            Json::from(*number as i64)
        }
        JValue::Number(number) => Json::from(*number),
        JValue::String(text) => Json::from(&**text),
        JValue::Array(items) => {
            let items: Result<Vec<Json>, NotJson> =
                with_stack(|| items.iter().map(|item| Ok(from_jvalue(item)?.unwrap_or_default())).collect());
            Json::from(items?)
        }
        JValue::Object(members) => with_stack(|| {
            let mut object = Object::with_capacity(members.len());
            for (key, value) in members.iter() {
                if let Some(value) = from_jvalue(value)? {
                    object.insert(key.as_str().into(), value);
                }
            }
            Ok(Json::from(object))
        })?,
        _ => return Err(NotJson),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn a_payload_is_converted_once_and_its_copy_again() {
        let of = |value: &Json| match to_jvalue_once(value) {
            JValue::Object(members) => members,
            other => panic!("no object: {other:?}"),
        };
        let text = "x".repeat(REMEMBERED_BYTES_MIN);
        let payload = json!({"text": text, "n": 1});
        assert!(Rc::ptr_eq(&of(&payload), &of(&payload.clone())));
        let copy = json!({"text": text, "n": 1});
        assert!(!Rc::ptr_eq(&of(&payload), &of(&copy)), "another payload, though an equal one");
        let first = of(&payload);
        for n in 0..RECENT_MAX {
            of(&json!({"text": text, "n": n}));
        }
        assert!(!Rc::ptr_eq(&first, &of(&payload)), "what was long ago is forgotten");
    }
}
