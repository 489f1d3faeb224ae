//! Message attributes: what SQS and SNS messages carry beside their text.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use rehearsal_engine::Json;

use super::ApiError;

/// A named, typed value of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageAttribute {
    /// Its name.
    pub name: Arc<str>,
    /// `String`, `Number` or `Binary`, perhaps with a label behind a dot.
    pub data_type: Arc<str>,
    /// Its text; of a binary value, the base64 of its bytes.
    pub value: Arc<str>,
}

impl MessageAttribute {
    /// An attribute of type `String`.
    pub fn string(name: impl Into<Arc<str>>, value: impl Into<Arc<str>>) -> MessageAttribute {
        MessageAttribute { name: name.into(), data_type: "String".into(), value: value.into() }
    }

    /// An attribute of type `Number`.
    pub fn number(name: impl Into<Arc<str>>, value: impl ToString) -> MessageAttribute {
        MessageAttribute { name: name.into(), data_type: "Number".into(), value: value.to_string().into() }
    }

    /// Whether the value is bytes.
    pub fn is_binary(&self) -> bool {
        self.data_type.starts_with("Binary")
    }

    /// The bytes that AWS counts of it.
    pub fn measured_bytes(&self) -> usize {
        self.name.len() + self.data_type.len() + self.value.len()
    }

    /// Reads `MessageAttributes` of a request.
    pub fn read_all(parameters: &Json) -> Result<Vec<MessageAttribute>, ApiError> {
        let Some(members) = parameters.get("MessageAttributes").and_then(Json::as_object) else {
            return Ok(Vec::new());
        };
        members.iter().map(|(name, value)| MessageAttribute::read(name, value)).collect()
    }

    fn read(name: &Arc<str>, value: &Json) -> Result<MessageAttribute, ApiError> {
        let text = |key: &str| match value.get(key) {
            Some(Json::String(text)) => Some(text.clone()),
            // A number is what a state machine writes where the API wants its text.
            Some(number @ Json::Number(_)) => Some(number.to_string().into()),
            _ => None,
        };
        let data_type = text("DataType").unwrap_or_default();
        let kind = data_type.split('.').next().unwrap_or_default();
        if !matches!(kind, "String" | "Number" | "Binary") {
            let message = format!(
                "The type of message (user) attribute '{name}' is invalid. You must use only the following supported type prefixes: Binary, Number, String."
            );
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        let found = if kind == "Binary" { text("BinaryValue") } else { text("StringValue") };
        let Some(found) = found.filter(|found| !found.is_empty()) else {
            let message =
                format!("The message (user) attribute '{name}' must contain a non-empty value of type '{kind}'.");
            return Err(ApiError::new("InvalidParameterValue", message));
        };
        if kind == "Number" && found.parse::<f64>().is_err() {
            let message = format!("Could not cast message (user) attribute '{name}' value to number.");
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        Ok(MessageAttribute { name: name.clone(), data_type, value: found })
    }
}

/// The MD5 of a text in hexadecimal digits.
pub fn md5_of_text(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

/// AWS: attributes sorted by name; name, type and value each with its length before it, the value with its kind.
pub fn md5_of_attributes(attributes: &[MessageAttribute]) -> String {
    let mut sorted: Vec<&MessageAttribute> = attributes.iter().collect();
    sorted.sort_by(|left, right| left.name.cmp(&right.name));
    let mut digest = Md5::new();
    for attribute in sorted {
        let kind = if attribute.is_binary() { 2 } else { 1 };
        let value = if attribute.is_binary() {
            STANDARD.decode(attribute.value.as_bytes()).unwrap_or_default()
        } else {
            attribute.value.as_bytes().to_vec()
        };
        for bytes in [attribute.name.as_bytes(), attribute.data_type.as_bytes()] {
            digest.update((bytes.len() as u32).to_be_bytes());
            digest.update(bytes);
        }
        digest.update([kind]);
        digest.update((value.len() as u32).to_be_bytes());
        digest.update(&value);
    }
    hex(&digest.finalize())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
