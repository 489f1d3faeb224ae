use std::fmt;
use std::sync::Arc;

use xxhash_rust::xxh3::xxh3_64;

use super::number::Decimal;
use super::schema::{KeyAttribute, KeySchema};
use super::value::{AttributeValue, Attributes, DataType};
use crate::services::ApiError;

/// AWS: a partition key value has 1 to 2048 bytes, a sort key value 1 to 1024.
const HASH_KEY_BYTES_MAX: usize = 2048;
const RANGE_KEY_BYTES_MAX: usize = 1024;

/// The primary key of an item. Ordered as a table is stored: partitions by the hash of their key, so that a scan comes
/// in an order that means nothing, as on AWS; inside a partition by the sort key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemKey {
    partition: u64,
    hash: KeyValue,
    /// Boxed, for most tables have no sort key: small keys make small nodes of the trees that tables are.
    range: Option<Box<KeyValue>>,
}

/// The value of a key attribute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyValue {
    /// A string, ordered by its UTF-8 bytes.
    S(Arc<str>),
    /// A number.
    N(Decimal),
    /// Bytes, ordered unsigned.
    B(Arc<[u8]>),
    /// Above every value: where a partition ends. Never the key of an item.
    #[doc(hidden)]
    End,
}

impl KeyValue {
    /// The key value, where `value` is of a type that keys may have.
    pub fn from_value(value: &AttributeValue) -> Option<KeyValue> {
        match value {
            AttributeValue::S(text) => Some(KeyValue::S(text.clone())),
            AttributeValue::N(number) => Some(KeyValue::N(*number)),
            AttributeValue::B(bytes) => Some(KeyValue::B(bytes.clone())),
            _ => None,
        }
    }

    fn to_value(&self) -> AttributeValue {
        match self {
            KeyValue::S(text) => AttributeValue::S(text.clone()),
            KeyValue::N(number) => AttributeValue::N(*number),
            KeyValue::B(bytes) => AttributeValue::B(bytes.clone()),
            KeyValue::End => AttributeValue::Null,
        }
    }

    fn partition(&self) -> u64 {
        match self {
            KeyValue::S(text) => xxh3_64(text.as_bytes()),
            KeyValue::N(number) => xxh3_64(&number.to_bytes()),
            KeyValue::B(bytes) => xxh3_64(bytes),
            KeyValue::End => u64::MAX,
        }
    }
}

impl ItemKey {
    /// The key of two values.
    pub fn new(hash: KeyValue, range: Option<KeyValue>) -> ItemKey {
        ItemKey { partition: hash.partition(), hash, range: range.map(Box::new) }
    }

    /// Below every key: where a table begins.
    pub(crate) fn first() -> ItemKey {
        ItemKey { partition: 0, hash: KeyValue::S("".into()), range: None }
    }

    /// Above every key: where a table ends.
    pub(crate) fn last() -> ItemKey {
        ItemKey { partition: u64::MAX, hash: KeyValue::End, range: Some(Box::new(KeyValue::End)) }
    }

    /// The partition key's value.
    pub fn hash(&self) -> &KeyValue {
        &self.hash
    }

    /// The sort key's value.
    pub fn range(&self) -> Option<&KeyValue> {
        self.range.as_deref()
    }

    /// Where the partition lies among all of them.
    pub(crate) fn partition(&self) -> u64 {
        self.partition
    }

    /// The key as the attributes that `schema` names.
    pub fn to_attributes(&self, schema: &KeySchema) -> Attributes {
        let mut attributes = Attributes::new().with(schema.hash.name.clone(), self.hash.to_value());
        if let (Some(attribute), Some(value)) = (&schema.range, &self.range) {
            attributes.insert(attribute.name.clone(), value.to_value());
        }
        attributes
    }

    /// The key that a request's `Key` gives. AWS: it must be the key attributes and nothing else.
    pub(crate) fn from_request(schema: &KeySchema, key: &Attributes) -> Result<ItemKey, ApiError> {
        let mismatch = || ApiError::validation("The provided key element does not match the schema");
        let wanted = 1 + usize::from(schema.range.is_some());
        if key.len() != wanted {
            return Err(mismatch());
        }
        let value = |attribute: &KeyAttribute, bytes_max| {
            let value = key.get(&attribute.name).ok_or_else(mismatch)?;
            if value.data_type() != attribute.data_type {
                return Err(mismatch());
            }
            check_length(attribute, value, bytes_max)?;
            KeyValue::from_value(value).ok_or_else(mismatch)
        };
        let hash = value(&schema.hash, HASH_KEY_BYTES_MAX)?;
        let range = schema.range.as_ref().map(|attribute| value(attribute, RANGE_KEY_BYTES_MAX)).transpose()?;
        Ok(ItemKey::new(hash, range))
    }

    /// The key of an item that is to be put.
    pub(crate) fn from_item(schema: &KeySchema, item: &Attributes) -> Result<ItemKey, ApiError> {
        let value = |attribute: &KeyAttribute, bytes_max| {
            let name = &attribute.name;
            let Some(value) = item.get(name) else {
                return Err(ApiError::validation(format!(
                    "One or more parameter values were invalid: Missing the key {name} in the item"
                )));
            };
            let mismatch = || {
                ApiError::validation(format!(
                    "One or more parameter values were invalid: Type mismatch for key {name} expected: {} actual: {}",
                    attribute.data_type,
                    value.data_type()
                ))
            };
            if value.data_type() != attribute.data_type {
                return Err(mismatch());
            }
            check_length(attribute, value, bytes_max)?;
            KeyValue::from_value(value).ok_or_else(mismatch)
        };
        let hash = value(&schema.hash, HASH_KEY_BYTES_MAX)?;
        let range = schema.range.as_ref().map(|attribute| value(attribute, RANGE_KEY_BYTES_MAX)).transpose()?;
        Ok(ItemKey::new(hash, range))
    }

    /// The key in an index, `None` where the item has not all of it: such an item is not in the index.
    pub(crate) fn in_index(schema: &KeySchema, item: &Attributes) -> Option<ItemKey> {
        let value = |attribute: &KeyAttribute| {
            let value = item.get(&attribute.name).filter(|value| value.data_type() == attribute.data_type)?;
            KeyValue::from_value(value)
        };
        let hash = value(&schema.hash)?;
        let range = match &schema.range {
            Some(attribute) => Some(value(attribute)?),
            None => None,
        };
        Some(ItemKey::new(hash, range))
    }
}

/// AWS: an item whose index key attribute has another type than the index says is rejected.
pub(crate) fn check_index_key(index_name: &str, schema: &KeySchema, item: &Attributes) -> Result<(), ApiError> {
    for attribute in schema.attributes() {
        let name = &attribute.name;
        let Some(value) = item.get(name) else { continue };
        if value.data_type() != attribute.data_type {
            return Err(ApiError::validation(format!(
                "One or more parameter values were invalid: Type mismatch for Index Key {name} Expected: {} Actual: {} \
                 IndexName: {index_name}",
                attribute.data_type,
                value.data_type()
            )));
        }
        if is_empty(value) {
            return Err(ApiError::validation(format!(
                "One or more parameter values are not valid. A value specified for a secondary index key is not \
                 supported. The AttributeValue for a key attribute cannot contain an empty {} value. \
                 IndexName: {index_name}, IndexKey: {name}",
                kind(value)
            )));
        }
    }
    Ok(())
}

fn check_length(attribute: &KeyAttribute, value: &AttributeValue, bytes_max: usize) -> Result<(), ApiError> {
    if is_empty(value) {
        return Err(ApiError::validation(format!(
            "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an \
             empty {} value. Key: {}",
            kind(value),
            attribute.name
        )));
    }
    if value.weight().bytes > bytes_max {
        // AWS: the missing space is theirs.
        let problem = if bytes_max == HASH_KEY_BYTES_MAX {
            "Size of hashkey has exceeded the maximum size limit of2048 bytes"
        } else {
            "Aggregated size of all range keys has exceeded the size limit of 1024 bytes"
        };
        return Err(ApiError::validation(format!("One or more parameter values were invalid: {problem}")));
    }
    Ok(())
}

fn is_empty(value: &AttributeValue) -> bool {
    match value {
        AttributeValue::S(text) => text.is_empty(),
        AttributeValue::B(bytes) => bytes.is_empty(),
        _ => false,
    }
}

fn kind(value: &AttributeValue) -> &'static str {
    if value.data_type() == DataType::B { "binary" } else { "string" }
}

impl fmt::Display for KeyValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyValue::S(text) => f.write_str(text),
            KeyValue::N(number) => write!(f, "{number}"),
            KeyValue::B(bytes) => f.write_str(&super::wire::base64(bytes)),
            KeyValue::End => Ok(()),
        }
    }
}

/// For site names and reports: the partition key, and the sort key after a slash.
impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.range {
            Some(range) => write!(f, "{}/{range}", self.hash),
            None => write!(f, "{}", self.hash),
        }
    }
}
