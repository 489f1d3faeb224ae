//! Attribute values as JSON: the wire form (`{"N": "1"}`) and the plain form that scenario files and invariants use.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rehearsal_engine::Json;
use rehearsal_engine::json::Object;

use super::number::Decimal;
use super::value::{AttributeValue, Attributes, DataType};
use crate::services::ApiError;

/// AWS: up to 32 levels of nested lists and maps.
pub(crate) const NESTING_LEVELS_MAX: usize = 32;

impl AttributeValue {
    /// Reads the wire form: `{"S": "text"}`, `{"L": [{"N": "1"}]}`.
    pub fn from_wire(json: &Json) -> Result<AttributeValue, ApiError> {
        value_from_wire(json, NESTING_LEVELS_MAX)
    }

    /// The wire form.
    pub fn to_wire(&self) -> Json {
        let inner = match self {
            AttributeValue::S(text) => Json::String(text.clone()),
            AttributeValue::N(number) => Json::from(number.to_string()),
            AttributeValue::B(bytes) => Json::from(base64(bytes)),
            AttributeValue::Bool(value) => Json::Bool(*value),
            AttributeValue::Null => Json::Bool(true),
            AttributeValue::Ss(members) => {
                members.iter().map(|member| Json::String(member.clone())).collect::<Vec<_>>().into()
            }
            AttributeValue::Ns(members) => {
                members.iter().map(|member| Json::from(member.to_string())).collect::<Vec<_>>().into()
            }
            AttributeValue::Bs(members) => {
                members.iter().map(|member| Json::from(base64(member))).collect::<Vec<_>>().into()
            }
            AttributeValue::L(elements) => elements.iter().map(AttributeValue::to_wire).collect::<Vec<_>>().into(),
            AttributeValue::M(attributes) => attributes.to_wire(),
        };
        let mut object = Object::with_capacity(1);
        object.insert(self.data_type().name().into(), inner);
        object.into()
    }

    /// Takes a plain JSON value for what it looks like: a number becomes N, an object M, an array L.
    ///
    /// The error says in words which value cannot be stored.
    pub fn from_plain(json: &Json) -> Result<AttributeValue, String> {
        value_from_plain(json, NESTING_LEVELS_MAX)
    }

    /// The plain form: N becomes a JSON number, a set an array, bytes base64 text.
    pub fn to_plain(&self) -> Json {
        match self {
            AttributeValue::S(text) => Json::String(text.clone()),
            AttributeValue::N(number) => number.to_json(),
            AttributeValue::B(bytes) => Json::from(base64(bytes)),
            AttributeValue::Bool(value) => Json::Bool(*value),
            AttributeValue::Null => Json::Null,
            AttributeValue::Ss(members) => {
                members.iter().map(|member| Json::String(member.clone())).collect::<Vec<_>>().into()
            }
            AttributeValue::Ns(members) => members.iter().map(|member| member.to_json()).collect::<Vec<_>>().into(),
            AttributeValue::Bs(members) => {
                members.iter().map(|member| Json::from(base64(member))).collect::<Vec<_>>().into()
            }
            AttributeValue::L(elements) => elements.iter().map(AttributeValue::to_plain).collect::<Vec<_>>().into(),
            AttributeValue::M(attributes) => attributes.to_plain(),
        }
    }
}

impl Attributes {
    /// Reads an item in the wire form: an object of attribute values.
    pub fn from_wire(json: &Json) -> Result<Attributes, ApiError> {
        attributes_from_wire(json, NESTING_LEVELS_MAX)
    }

    /// The wire form.
    pub fn to_wire(&self) -> Json {
        self.iter().map(|(name, value)| (name.clone(), value.to_wire())).collect::<Object>().into()
    }

    /// Reads an item from a plain JSON object.
    pub fn from_plain(json: &Json) -> Result<Attributes, String> {
        attributes_from_plain(json, NESTING_LEVELS_MAX)
    }

    /// The plain form.
    pub fn to_plain(&self) -> Json {
        self.iter().map(|(name, value)| (name.clone(), value.to_plain())).collect::<Object>().into()
    }
}

pub(crate) fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

fn value_from_wire(json: &Json, levels: usize) -> Result<AttributeValue, ApiError> {
    let Json::Object(object) = json else {
        return Err(serialization(format!(
            "an attribute value is an object such as {{\"S\": \"text\"}}, found {}",
            article(json)
        )));
    };
    let mut members = object.iter().filter(|(_, inner)| !inner.is_null());
    let Some((descriptor, inner)) = members.next() else {
        return Err(ApiError::validation(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ));
    };
    if members.next().is_some() {
        return Err(ApiError::validation(
            "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
             datatypes",
        ));
    }
    // AWS: a member that is no data type is not read, which leaves the value empty.
    let Some(data_type) = DataType::from_name(descriptor) else {
        return Err(ApiError::validation(
            "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
        ));
    };
    Ok(match data_type {
        DataType::S => AttributeValue::S(string(inner)?.clone()),
        DataType::N => AttributeValue::N(number(inner)?),
        DataType::B => AttributeValue::B(bytes(inner)?),
        DataType::Bool => match inner {
            Json::Bool(value) => AttributeValue::Bool(*value),
            other => return Err(cannot_convert(other, "Boolean")),
        },
        DataType::Null => match inner {
            Json::Bool(true) => AttributeValue::Null,
            Json::Bool(false) => {
                return Err(ApiError::validation(
                    "One or more parameter values were invalid: Null attribute value types must have the value of true",
                ));
            }
            other => return Err(cannot_convert(other, "Boolean")),
        },
        DataType::Ss => set(inner, "string", |member| string(member).cloned(), AttributeValue::string_set)?,
        DataType::Ns => set(inner, "number", number, AttributeValue::number_set)?,
        DataType::Bs => set(inner, "binary", bytes, AttributeValue::binary_set)?,
        DataType::L => {
            let deeper = descend(levels)?;
            let elements = array(inner)?.iter().map(|element| value_from_wire(element, deeper));
            AttributeValue::L(Arc::new(elements.collect::<Result<_, _>>()?))
        }
        DataType::M => AttributeValue::M(Arc::new(attributes_from_wire(inner, descend(levels)?)?)),
    })
}

fn attributes_from_wire(json: &Json, levels: usize) -> Result<Attributes, ApiError> {
    let Json::Object(object) = json else {
        return Err(serialization(format!("a map of attribute values is an object, found {}", article(json))));
    };
    object.iter().map(|(name, value)| Ok((name.clone(), value_from_wire(value, levels)?))).collect()
}

fn value_from_plain(json: &Json, levels: usize) -> Result<AttributeValue, String> {
    let deeper = || levels.checked_sub(1).ok_or_else(|| format!("nested deeper than {NESTING_LEVELS_MAX} levels"));
    Ok(match json {
        Json::Null => AttributeValue::Null,
        Json::Bool(value) => AttributeValue::Bool(*value),
        Json::Number(number) => AttributeValue::N(Decimal::try_from(number).map_err(|error| {
            format!("the number {number} cannot be stored: {}", error.message(&number.to_string()))
        })?),
        Json::String(text) => AttributeValue::S(text.clone()),
        Json::Array(elements) => {
            let deeper = deeper()?;
            let elements = elements.iter().map(|element| value_from_plain(element, deeper));
            AttributeValue::L(Arc::new(elements.collect::<Result<_, _>>()?))
        }
        Json::Object(_) => AttributeValue::M(Arc::new(attributes_from_plain(json, deeper()?)?)),
    })
}

fn attributes_from_plain(json: &Json, levels: usize) -> Result<Attributes, String> {
    let Json::Object(object) = json else {
        return Err(format!("an item is an object of attributes, found {}", article(json)));
    };
    object.iter().map(|(name, value)| Ok((name.clone(), value_from_plain(value, levels)?))).collect()
}

fn descend(levels: usize) -> Result<usize, ApiError> {
    levels.checked_sub(1).ok_or_else(|| ApiError::validation("Nesting Levels have exceeded supported limits"))
}

fn string(json: &Json) -> Result<&Arc<str>, ApiError> {
    match json {
        Json::String(text) => Ok(text),
        other => Err(cannot_convert(other, "String")),
    }
}

fn number(json: &Json) -> Result<Decimal, ApiError> {
    let text = string(json)?;
    Decimal::parse(text).map_err(|error| ApiError::validation(error.message(text)))
}

fn bytes(json: &Json) -> Result<Arc<[u8]>, ApiError> {
    STANDARD
        .decode(string(json)?.as_bytes())
        .map(Into::into)
        .map_err(|_| ApiError::new("SerializationException", "a binary value is base64 text with padding, this is not"))
}

fn array(json: &Json) -> Result<&[Json], ApiError> {
    json.as_array().ok_or_else(|| cannot_convert(json, "List"))
}

fn set<T: Ord + Clone>(
    json: &Json,
    kind: &str,
    member: impl Fn(&Json) -> Result<T, ApiError>,
    build: impl Fn(Vec<T>) -> Option<AttributeValue>,
) -> Result<AttributeValue, ApiError> {
    let written = array(json)?;
    let members = written.iter().map(member).collect::<Result<Vec<T>, ApiError>>()?;
    let mut sorted: Vec<&T> = members.iter().collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        let listed: Vec<&str> = written.iter().filter_map(Json::as_str).collect();
        return Err(ApiError::validation(format!(
            "One or more parameter values were invalid: Input collection [{}] contains duplicates.",
            listed.join(", ")
        )));
    }
    // The two spaces are AWS's.
    build(members).ok_or_else(|| {
        ApiError::validation(format!("One or more parameter values were invalid: An {kind} set  may not be empty"))
    })
}

pub(crate) fn serialization(message: impl Into<String>) -> ApiError {
    ApiError::new("SerializationException", message)
}

pub(crate) fn cannot_convert(json: &Json, wanted: &str) -> ApiError {
    let found = match json {
        Json::Null => "NULL_VALUE",
        Json::Bool(true) => "TRUE_VALUE",
        Json::Bool(false) => "FALSE_VALUE",
        Json::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Json::Number(_) => "NUMBER_VALUE",
        Json::String(_) => "STRING_VALUE",
        Json::Array(_) => return serialization("Unrecognized collection type class java.util.ArrayList"),
        Json::Object(_) => return serialization("Start of structure or map found where not expected."),
    };
    serialization(format!("{found} cannot be converted to {wanted}"))
}

fn article(json: &Json) -> String {
    match json {
        Json::Null => "null".to_owned(),
        Json::Array(_) | Json::Object(_) => format!("an {}", json.kind()),
        _ => format!("a {}", json.kind()),
    }
}
