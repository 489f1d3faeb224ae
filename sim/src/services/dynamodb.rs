//! DynamoDB's data plane: tables, items, expressions, transactions, in memory and deterministic.
//!
//! Here live the value model with its exact numbers, the expression languages, and a [`Database`] that executes
//! [`Request`]s. It is pure: it knows no world, injects no faults and throttles nobody; time and the choice that an
//! eventually consistent read has come from the caller. The world wraps it, decides what goes wrong around a call, and
//! learns from [`Database::changes`] what each call changed. Control-plane operations (creating tables) are not here: a
//! database is made of its schemas.
//!
//! Cost model: an expression is compiled once per text and value types and found again by a hash; items are shared, so
//! reading one is a reference count and an update copies only the containers on its way.
//!
//! ```
//! use rehearsal::services::dynamodb::{Attributes, Database, GetItem, Newest, TableSchema, UpdateItem};
//! use rehearsal::world::Millis;
//!
//! let mut database = Database::new(vec![TableSchema::new("Inventory", "productId")]);
//! database.seed("Inventory", &[Attributes::new().with("productId", "LAPTOP001").with("quantity", 2)])?;
//! let reserve = UpdateItem::new("Inventory")
//!     .key("productId", "LAPTOP001")
//!     .update("SET quantity = quantity - :n")
//!     .condition("quantity >= :n")
//!     .value(":n", 2)
//!     .into();
//! database.execute(Millis::START, &reserve, &mut Newest)?;
//! let refused = database.execute(Millis::START, &reserve, &mut Newest).unwrap_err();
//! assert_eq!(refused.code, "ConditionalCheckFailedException");
//! let read = GetItem::new("Inventory").key("productId", "LAPTOP001").consistent().into();
//! let answer = database.execute(Millis::START, &read, &mut Newest)?;
//! assert_eq!(answer.item().and_then(|item| item.get("quantity")?.as_i64()), Some(0));
//! # Ok::<(), rehearsal::services::ApiError>(())
//! ```

mod database;
mod expiring;
mod expression;
mod key;
mod measures;
mod number;
mod request;
mod response;
mod schema;
mod service;
mod streaming;
mod text;
mod value;
mod wire;

pub use database::{
    Change, Database, INDEX_LAG_MAX_MS, ITEM_LAG_MAX_MS, Newest, ReadChoice, STREAM_RETENTION_MS, Stream, StreamRecord,
    TableId,
};
pub use key::{ItemKey, KeyValue};
pub use measures::OPERATIONS;
pub use number::{Decimal, NumberError};
pub use request::{
    BatchGetItem, BatchWriteItem, ConditionCheck, DeleteItem, Describe, Expressions, GetItem, KeysOfTable, PutItem,
    Query, Request, RequestKey, Resource, ReturnCapacity, ReturnValues, Scan, Select, TransactAction, TransactGetItems,
    TransactWrite, UpdateItem, UpdateTimeToLive, WriteEntry, WritesOfTable,
};
pub use response::{Page, Response};
pub use schema::{IndexProjection, IndexSchema, KeyAttribute, KeySchema, StreamSchema, StreamView, TableSchema};
pub use service::{Commit, DynamoDb};
pub use streaming::{GetRecords, ReadRecord, Records};
pub use text::Text;
pub use value::{AttributeValue, Attributes, DataType, Item};

#[cfg(test)]
mod tests;
