//! The requests of the data plane, in the API's own terms.
//!
//! A request is built in Rust, by the methods here, or read from the API's JSON by [`Request::parse`]. Both ways end in
//! the same values, so whoever executes a request need not know where it came from.

use std::sync::Arc;

use super::text::Text;
use super::value::{AttributeValue, Attributes, Item};

mod batch;
mod parse;
mod read;
mod transact;
mod write;

pub use batch::{BatchGetItem, BatchWriteItem, KeysOfTable, WriteEntry, WritesOfTable};
pub use read::{GetItem, Query, Scan, Select};
pub use transact::{ConditionCheck, TransactAction, TransactGetItems, TransactWrite};
pub use write::{DeleteItem, PutItem, ReturnValues, UpdateItem};

/// A request of the data plane.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the operations are named as AWS names them")]
pub enum Request {
    GetItem(GetItem),
    PutItem(PutItem),
    UpdateItem(UpdateItem),
    DeleteItem(DeleteItem),
    Query(Query),
    Scan(Scan),
    BatchGetItem(BatchGetItem),
    BatchWriteItem(BatchWriteItem),
    TransactGetItems(TransactGetItems),
    TransactWriteItems(TransactWrite),
    Describe(Describe),
    UpdateTimeToLive(UpdateTimeToLive),
}

/// Questions about tables, which change nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum Describe {
    /// `DescribeTable`
    Table(Text),
    /// `DescribeTimeToLive`
    TimeToLive(Text),
    /// `ListTables`
    Tables {
        /// `ExclusiveStartTableName`
        start: Option<Text>,
        /// `Limit`
        limit: usize,
    },
}

/// Sets or takes away what a table's items expire by.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateTimeToLive {
    /// The table.
    pub table: Text,
    /// `TimeToLiveSpecification.AttributeName`
    pub attribute: Text,
    /// `TimeToLiveSpecification.Enabled`
    pub enabled: bool,
}

/// `ReturnConsumedCapacity`
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReturnCapacity {
    /// `NONE`
    #[default]
    None,
    /// `TOTAL`: one figure for a table and its indexes.
    Total,
    /// `INDEXES`: a figure for each of them as well.
    Indexes,
}

/// The expressions of a request, with the names and values they use.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Expressions {
    /// `ConditionExpression`
    pub condition: Option<Text>,
    /// `UpdateExpression`
    pub update: Option<Text>,
    /// `FilterExpression`
    pub filter: Option<Text>,
    /// `KeyConditionExpression`
    pub key_condition: Option<Text>,
    /// `ProjectionExpression`
    pub projection: Option<Text>,
    /// `ExpressionAttributeNames`: placeholders with their `#`, and what they stand for.
    pub names: Vec<(Text, Text)>,
    /// `ExpressionAttributeValues`: placeholders with their `:`, and what they stand for.
    pub values: Vec<(Text, AttributeValue)>,
}

/// What a request reads or writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource<'a> {
    /// The table's name.
    pub table: &'a str,
    /// The index's name, where one is read.
    pub index: Option<&'a str>,
}

/// The key of a request for one item.
#[derive(Clone, Copy, Debug)]
pub enum RequestKey<'a> {
    /// Exactly the key.
    Key(&'a Attributes),
    /// An item that contains its key.
    Item(&'a Item),
}

impl Request {
    /// The operation's name: `UpdateItem`.
    pub fn operation(&self) -> &'static str {
        match self {
            Request::GetItem(_) => "GetItem",
            Request::PutItem(_) => "PutItem",
            Request::UpdateItem(_) => "UpdateItem",
            Request::DeleteItem(_) => "DeleteItem",
            Request::Query(_) => "Query",
            Request::Scan(_) => "Scan",
            Request::BatchGetItem(_) => "BatchGetItem",
            Request::BatchWriteItem(_) => "BatchWriteItem",
            Request::TransactGetItems(_) => "TransactGetItems",
            Request::TransactWriteItems(_) => "TransactWriteItems",
            Request::Describe(Describe::Table(_)) => "DescribeTable",
            Request::Describe(Describe::TimeToLive(_)) => "DescribeTimeToLive",
            Request::Describe(Describe::Tables { .. }) => "ListTables",
            Request::UpdateTimeToLive(_) => "UpdateTimeToLive",
        }
    }

    /// Whether the operation can change an item.
    pub fn is_write(&self) -> bool {
        match self {
            Request::PutItem(_)
            | Request::UpdateItem(_)
            | Request::DeleteItem(_)
            | Request::BatchWriteItem(_)
            | Request::TransactWriteItems(_) => true,
            Request::GetItem(_)
            | Request::Query(_)
            | Request::Scan(_)
            | Request::BatchGetItem(_)
            | Request::TransactGetItems(_)
            | Request::Describe(_)
            | Request::UpdateTimeToLive(_) => false,
        }
    }

    /// The tables and indexes that the request touches, in its order; one that occurs twice is given twice.
    pub fn tables(&self) -> impl Iterator<Item = Resource<'_>> {
        let (single, several): (_, Vec<Resource<'_>>) = match self {
            Request::GetItem(request) => (Some(table(&request.table)), Vec::new()),
            Request::PutItem(request) => (Some(table(&request.table)), Vec::new()),
            Request::UpdateItem(request) => (Some(table(&request.table)), Vec::new()),
            Request::DeleteItem(request) => (Some(table(&request.table)), Vec::new()),
            Request::Query(request) => {
                (Some(Resource { table: &request.table, index: request.index.as_deref() }), Vec::new())
            }
            Request::Scan(request) => {
                (Some(Resource { table: &request.table, index: request.index.as_deref() }), Vec::new())
            }
            Request::BatchGetItem(request) => (None, request.tables.iter().map(|of| table(&of.table)).collect()),
            Request::BatchWriteItem(request) => (None, request.tables.iter().map(|of| table(&of.table)).collect()),
            Request::TransactGetItems(request) => (None, request.gets.iter().map(|get| table(&get.table)).collect()),
            Request::TransactWriteItems(request) => {
                (None, request.actions.iter().map(|action| table(action.table())).collect())
            }
            Request::Describe(Describe::Table(name) | Describe::TimeToLive(name)) => (Some(table(name)), Vec::new()),
            Request::Describe(Describe::Tables { .. }) => (None, Vec::new()),
            Request::UpdateTimeToLive(request) => (Some(table(&request.table)), Vec::new()),
        };
        single.into_iter().chain(several)
    }

    /// What the answer tells of its cost.
    pub fn return_capacity(&self) -> ReturnCapacity {
        match self {
            Request::GetItem(request) => request.return_capacity,
            Request::PutItem(request) => request.return_capacity,
            Request::UpdateItem(request) => request.return_capacity,
            Request::DeleteItem(request) => request.return_capacity,
            Request::Query(request) => request.return_capacity,
            Request::Scan(request) => request.return_capacity,
            Request::BatchGetItem(request) => request.return_capacity,
            Request::BatchWriteItem(request) => request.return_capacity,
            Request::TransactGetItems(request) => request.return_capacity,
            Request::TransactWriteItems(request) => request.return_capacity,
            Request::Describe(_) | Request::UpdateTimeToLive(_) => ReturnCapacity::None,
        }
    }

    /// The key, for an operation on one item.
    pub fn key(&self) -> Option<RequestKey<'_>> {
        match self {
            Request::GetItem(request) => Some(RequestKey::Key(&request.key)),
            Request::UpdateItem(request) => Some(RequestKey::Key(&request.key)),
            Request::DeleteItem(request) => Some(RequestKey::Key(&request.key)),
            Request::PutItem(request) => Some(RequestKey::Item(&request.item)),
            _ => None,
        }
    }
}

fn table(name: &str) -> Resource<'_> {
    Resource { table: name, index: None }
}

impl Expressions {
    /// Whether there is any expression to use the names and values.
    pub(crate) fn is_empty(&self) -> bool {
        [&self.condition, &self.update, &self.filter, &self.key_condition, &self.projection]
            .iter()
            .all(|expression| expression.is_none())
    }
}

/// The builder methods that every request with expressions has.
macro_rules! expression_methods {
    ($request:ident) => {
        impl $request {
            /// What the placeholder `#alias` stands for.
            #[must_use]
            pub fn name(mut self, alias: impl Into<Text>, name: impl Into<Text>) -> Self {
                self.expressions.names.push((alias.into(), name.into()));
                self
            }

            /// What the placeholder `:placeholder` stands for.
            #[must_use]
            pub fn value(mut self, placeholder: impl Into<Text>, value: impl Into<AttributeValue>) -> Self {
                self.expressions.values.push((placeholder.into(), value.into()));
                self
            }
        }
    };
}

/// The builder method of a request that names an item by its key.
macro_rules! key_method {
    ($request:ident) => {
        impl $request {
            /// One attribute of the item's key.
            #[must_use]
            pub fn key(mut self, name: impl Into<Arc<str>>, value: impl Into<AttributeValue>) -> Self {
                self.key.insert(name.into(), value.into());
                self
            }
        }
    };
}

/// The builder methods of a conditional write.
macro_rules! condition_methods {
    ($request:ident) => {
        impl $request {
            /// Only if this condition holds.
            #[must_use]
            pub fn condition(mut self, expression: impl Into<Text>) -> Self {
                self.expressions.condition = Some(expression.into());
                self
            }

            /// When the condition fails, the error carries the item as it is.
            #[must_use]
            pub fn return_item_on_failure(mut self) -> Self {
                self.return_item_on_failure = true;
                self
            }
        }
    };
}

macro_rules! into_request {
    ($($request:ident => $variant:ident),+) => {$(
        impl From<$request> for Request {
            fn from(request: $request) -> Request {
                Request::$variant(request)
            }
        }
    )+};
}

into_request!(
    GetItem => GetItem, PutItem => PutItem, UpdateItem => UpdateItem, DeleteItem => DeleteItem, Query => Query,
    Scan => Scan, BatchGetItem => BatchGetItem, BatchWriteItem => BatchWriteItem,
    TransactGetItems => TransactGetItems, TransactWrite => TransactWriteItems
);

expression_methods!(GetItem);
expression_methods!(PutItem);
expression_methods!(UpdateItem);
expression_methods!(DeleteItem);
expression_methods!(Query);
expression_methods!(Scan);
expression_methods!(ConditionCheck);
key_method!(GetItem);
key_method!(UpdateItem);
key_method!(DeleteItem);
key_method!(ConditionCheck);
condition_methods!(PutItem);
condition_methods!(UpdateItem);
condition_methods!(DeleteItem);
