//! What the parameters of several operations have in common.

use std::sync::Arc;

use rehearsal_engine::Json;

use super::{Fields, ON_FAILURE};
use crate::services::ApiError;
use crate::services::dynamodb::request::{Expressions, ReturnCapacity, ReturnValues, Select};
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::{AttributeValue, Attributes};
use crate::services::dynamodb::wire::cannot_convert;

/// AWS: a parallel scan has at most a million segments.
const SEGMENTS_MAX: i64 = 1_000_000;

impl<'a> Fields<'a> {
    pub(super) fn value(self, name: &str) -> Option<&'a Json> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn required(self, name: &str) -> Result<&'a Json, ApiError> {
        self.value(name).ok_or_else(|| constraint("null", name, "Member must not be null"))
    }

    pub(super) fn table(self) -> Result<Text, ApiError> {
        match self.required("TableName")? {
            Json::String(name) => Ok(table_name(name)),
            other => Err(cannot_convert(other, "String")),
        }
    }

    pub(super) fn text(self, name: &str) -> Result<Option<Text>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(Text::Shared(text.clone()))),
            Some(other) => Err(cannot_convert(other, "String")),
        }
    }

    pub(super) fn flag(self, name: &str, default: bool) -> Result<bool, ApiError> {
        match self.value(name) {
            None => Ok(default),
            Some(Json::Bool(value)) => Ok(*value),
            Some(other) => Err(cannot_convert(other, "Boolean")),
        }
    }

    pub(super) fn integer(self, name: &str) -> Result<Option<i64>, ApiError> {
        match self.value(name) {
            None => Ok(None),
            Some(value) => value.as_i64().map(Some).ok_or_else(|| cannot_convert(value, "Integer")),
        }
    }

    pub(super) fn list(self, name: &str) -> Result<&'a [Json], ApiError> {
        let value = self.required(name)?;
        value.as_array().ok_or_else(|| cannot_convert(value, "List"))
    }

    pub(super) fn attributes(self, name: &str) -> Result<Attributes, ApiError> {
        Attributes::from_wire(self.required(name)?)
    }

    pub(super) fn optional_attributes(self, name: &str) -> Result<Option<Attributes>, ApiError> {
        self.value(name).map(Attributes::from_wire).transpose()
    }

    pub(super) fn limit(self) -> Result<Option<u32>, ApiError> {
        let Some(limit) = self.integer("Limit")? else { return Ok(None) };
        if limit < 1 {
            return Err(constraint(
                &format!("'{limit}'"),
                "Limit",
                "Member must have value greater than or equal to 1",
            ));
        }
        Ok(Some(u32::try_from(limit).unwrap_or(u32::MAX)))
    }

    pub(super) fn segment(self) -> Result<Option<(u32, u32)>, ApiError> {
        let (segment, total) = match (self.integer("Segment")?, self.integer("TotalSegments")?) {
            (None, None) => return Ok(None),
            (Some(_), None) => {
                return Err(ApiError::validation(
                    "The TotalSegments parameter is required but was not present in the request when Segment parameter \
                     is present",
                ));
            }
            (None, Some(_)) => {
                return Err(ApiError::validation(
                    "The Segment parameter is required but was not present in the request when parameter TotalSegments \
                     is present",
                ));
            }
            (Some(segment), Some(total)) => (segment, total),
        };
        if !(1..=SEGMENTS_MAX).contains(&total) {
            let bound = if total < 1 { "greater than or equal to 1" } else { "less than or equal to 1000000" };
            return Err(constraint(&format!("'{total}'"), "TotalSegments", &format!("Member must have value {bound}")));
        }
        if segment < 0 {
            return Err(constraint(
                &format!("'{segment}'"),
                "Segment",
                "Member must have value greater than or equal to 0",
            ));
        }
        Ok(Some((segment as u32, total as u32)))
    }

    /// AWS: the values are case-sensitive, and only an update has more than two of them.
    pub(super) fn return_values(self, is_update: bool) -> Result<ReturnValues, ApiError> {
        let Some(text) = self.text("ReturnValues")? else { return Ok(ReturnValues::None) };
        let return_values = match &*text {
            "NONE" => ReturnValues::None,
            "ALL_OLD" => ReturnValues::AllOld,
            "UPDATED_OLD" => ReturnValues::UpdatedOld,
            "ALL_NEW" => ReturnValues::AllNew,
            "UPDATED_NEW" => ReturnValues::UpdatedNew,
            other => {
                return Err(constraint(
                    &format!("'{other}'"),
                    "ReturnValues",
                    "Member must satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
                ));
            }
        };
        if !is_update && !matches!(return_values, ReturnValues::None | ReturnValues::AllOld) {
            return Err(ApiError::validation("ReturnValues can only be ALL_OLD or NONE"));
        }
        Ok(return_values)
    }

    pub(super) fn return_capacity(self) -> Result<ReturnCapacity, ApiError> {
        match self.text("ReturnConsumedCapacity")?.as_deref() {
            None | Some("NONE") => Ok(ReturnCapacity::None),
            Some("TOTAL") => Ok(ReturnCapacity::Total),
            Some("INDEXES") => Ok(ReturnCapacity::Indexes),
            Some(other) => Err(constraint(
                &format!("'{other}'"),
                "ReturnConsumedCapacity",
                "Member must satisfy enum value set: [INDEXES, TOTAL, NONE]",
            )),
        }
    }

    pub(super) fn item_on_failure(self) -> Result<bool, ApiError> {
        match self.text(ON_FAILURE)?.as_deref() {
            None | Some("NONE") => Ok(false),
            Some("ALL_OLD") => Ok(true),
            Some(other) => Err(constraint(
                &format!("'{other}'"),
                ON_FAILURE,
                "Member must satisfy enum value set: [ALL_OLD, NONE]",
            )),
        }
    }

    pub(super) fn select(self) -> Result<Option<Select>, ApiError> {
        Ok(match self.text("Select")?.as_deref() {
            None => None,
            Some("ALL_ATTRIBUTES") => Some(Select::AllAttributes),
            Some("ALL_PROJECTED_ATTRIBUTES") => Some(Select::AllProjectedAttributes),
            Some("COUNT") => Some(Select::Count),
            Some("SPECIFIC_ATTRIBUTES") => Some(Select::SpecificAttributes),
            Some(other) => {
                return Err(constraint(
                    &format!("'{other}'"),
                    "Select",
                    "Member must satisfy enum value set: [SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, \
                     ALL_PROJECTED_ATTRIBUTES]",
                ));
            }
        })
    }

    pub(super) fn expressions(self, parameters: &[&str]) -> Result<Expressions, ApiError> {
        let expression = |name: &str| if parameters.contains(&name) { self.text(name) } else { Ok(None) };
        let expressions = Expressions {
            condition: expression("ConditionExpression")?,
            update: expression("UpdateExpression")?,
            filter: expression("FilterExpression")?,
            key_condition: expression("KeyConditionExpression")?,
            projection: expression("ProjectionExpression")?,
            names: self.names()?,
            values: self.values()?,
        };
        let absent = |expressions: Vec<&&str>| {
            let listed: Vec<&str> = expressions.into_iter().copied().collect();
            let verb = if listed.len() == 1 { "is" } else { "are" };
            format!("{} {verb} null", listed.join(" and "))
        };
        if expressions.is_empty() {
            if !expressions.names.is_empty() {
                return Err(ApiError::validation(
                    "ExpressionAttributeNames can only be specified when using expressions",
                ));
            }
            if !expressions.values.is_empty() {
                let takes_values = parameters.iter().filter(|name| **name != "ProjectionExpression").collect();
                return Err(ApiError::validation(format!(
                    "ExpressionAttributeValues can only be specified when using expressions: {}",
                    absent(takes_values)
                )));
            }
        }
        Ok(expressions)
    }

    pub(super) fn names(self) -> Result<Vec<(Text, Text)>, ApiError> {
        let Some(names) = self.value("ExpressionAttributeNames") else { return Ok(Vec::new()) };
        let names = Fields::of(names)?.object;
        if names.is_empty() {
            return Err(ApiError::validation("ExpressionAttributeNames must not be empty"));
        }
        let mut read = Vec::with_capacity(names.len());
        for (alias, name) in names.iter() {
            if !is_placeholder(alias, '#') {
                return Err(ApiError::validation(format!(
                    "ExpressionAttributeNames contains invalid key: Syntax error; key: \"{alias}\""
                )));
            }
            let Json::String(name) = name else { return Err(cannot_convert(name, "String")) };
            if name.is_empty() {
                return Err(ApiError::validation(format!(
                    "ExpressionAttributeNames contains invalid value: Attribute name must not be empty for key {alias}"
                )));
            }
            read.push((Text::Shared(alias.clone()), Text::Shared(name.clone())));
        }
        Ok(read)
    }

    pub(super) fn values(self) -> Result<Vec<(Text, AttributeValue)>, ApiError> {
        let Some(values) = self.value("ExpressionAttributeValues") else { return Ok(Vec::new()) };
        let values = Fields::of(values)?.object;
        if values.is_empty() {
            return Err(ApiError::validation("ExpressionAttributeValues must not be empty"));
        }
        let mut read = Vec::with_capacity(values.len());
        for (placeholder, value) in values.iter() {
            if !is_placeholder(placeholder, ':') {
                return Err(ApiError::validation(format!(
                    "ExpressionAttributeValues contains invalid key: Syntax error; key: \"{placeholder}\""
                )));
            }
            let value = AttributeValue::from_wire(value).map_err(|mut error| {
                if error.code == "ValidationException" {
                    error.message = format!(
                        "ExpressionAttributeValues contains invalid value: {} for key {placeholder}",
                        error.message
                    );
                }
                error
            })?;
            read.push((Text::Shared(placeholder.clone()), value));
        }
        Ok(read)
    }
}

fn is_placeholder(text: &str, mark: char) -> bool {
    text.strip_prefix(mark)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_'))
}

/// AWS: a table's ARN may stand for its name.
pub(super) fn table_name(name: &Arc<str>) -> Text {
    match name.strip_prefix("arn:").and_then(|rest| rest.split_once(":table/")) {
        Some((_, short)) => Text::from(short.to_owned()),
        None => Text::Shared(name.clone()),
    }
}

pub(super) fn constraint(value: &str, parameter: &str, rule: &str) -> ApiError {
    let mut letters = parameter.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    let member: String = first.into_iter().chain(letters).collect();
    ApiError::validation(format!(
        "1 validation error detected: Value {value} at '{member}' failed to satisfy constraint: {rule}"
    ))
}
