//! Between [`Json`] and the evaluator's [`JValue`].

use std::fmt;
use std::rc::Rc;

use jsonata_core::value::{JMap, JValue, with_stack};

use crate::Json;
use crate::json::Object;

/// The largest integer up to which every integer is a double: 2^53.
const EXACT_INTEGER_MAX: f64 = 9_007_199_254_740_992.0;

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
