use std::sync::Arc;

use super::Identity;

/// An `AWS::DynamoDB::Table`.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Names and place.
    pub identity: Identity,
    /// The primary key.
    pub key: KeySchema,
    /// Global secondary indexes.
    pub global_indexes: Vec<Index>,
    /// Local secondary indexes.
    pub local_indexes: Vec<Index>,
    /// How capacity is paid for.
    pub billing: Billing,
    /// `StreamSpecification.StreamViewType`
    pub stream_view_type: Option<Arc<str>>,
    /// The stream's ARN, where there is a stream.
    pub stream_arn: Option<Arc<str>>,
    /// The attribute that `TimeToLiveSpecification` names, where it is enabled.
    pub time_to_live_attribute: Option<Arc<str>>,
}

/// A partition key and perhaps a sort key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySchema {
    /// The `HASH` attribute.
    pub partition: KeyAttribute,
    /// The `RANGE` attribute.
    pub sort: Option<KeyAttribute>,
}

/// An attribute that is part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyAttribute {
    /// Its name.
    pub name: Arc<str>,
    /// Its declared type.
    pub attribute_type: AttributeType,
}

/// The types that a key may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttributeType {
    /// `S`
    String,
    /// `N`
    Number,
    /// `B`
    Binary,
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq)]
pub struct Index {
    /// `IndexName`
    pub name: Arc<str>,
    /// The index's ARN.
    pub arn: Arc<str>,
    /// Its key.
    pub key: KeySchema,
    /// What is copied into it.
    pub projection: Projection,
    /// Its own capacity; `None` when the table is paid per request, and for local indexes.
    pub provisioned: Option<(u64, u64)>,
}

/// Which attributes an index holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Projection {
    /// `ALL`
    All,
    /// `KEYS_ONLY`
    KeysOnly,
    /// `INCLUDE`, with `NonKeyAttributes`
    Include(Vec<Arc<str>>),
}

/// `BillingMode`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Billing {
    /// `PAY_PER_REQUEST`
    PayPerRequest,
    /// `PROVISIONED`, with the capacity units.
    Provisioned {
        /// `ReadCapacityUnits`
        read_units: u64,
        /// `WriteCapacityUnits`
        write_units: u64,
    },
}
