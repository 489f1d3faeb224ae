//! The database: tables with their recent past, and the execution of requests.
//!
//! `table` stores items and remembers what changed lately; `plan` compiles and caches expressions; `write`, `read`,
//! `batch` and `transact` execute one family of operations each.

use std::collections::BTreeMap;

use super::key::ItemKey;
use super::request::{Request, RequestKey, Resource, ReturnCapacity, TransactAction, TransactWrite};
use super::response::Response;
use super::schema::TableSchema;
use super::text::Text;
use super::value::{Attributes, Item};
use crate::services::ApiError;
use crate::world::Millis;

mod batch;
mod capacity;
mod describe;
mod expiry;
mod plan;
mod read;
mod stream;
mod table;
mod transact;
mod write;

use plan::Plans;
pub use stream::{STREAM_RETENTION_MS, Stream, StreamRecord};
use table::Table;
pub use table::{INDEX_LAG_MAX_MS, ITEM_LAG_MAX_MS};

/// The tables of one simulated account and region.
#[derive(Debug)]
pub struct Database {
    tables: Vec<Table>,
    plans: Plans,
    changes: Vec<Change>,
    tokens: BTreeMap<Text, TokenUse>,
    /// How many requests there were, so that the writes of one can be told from those of another.
    executed: u64,
}

/// A table's number: its place among the schemas that the database was made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(pub u32);

/// What one execution did to one item.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The table.
    pub table: TableId,
    /// The item's key.
    pub key: ItemKey,
    /// The item before; `None` if there was none.
    pub old: Option<Item>,
    /// The item after; `None` if it is gone.
    pub new: Option<Item>,
}

/// Picks what an eventually consistent read sees.
pub trait ReadChoice {
    /// Which of `candidates` versions is read, 0 being the newest. Asked only where there is more than one.
    fn version(&mut self, table: &str, index: Option<&str>, candidates: u32) -> u32;

    /// How a query or scan sees the writes of a request that is as young as itself: 0 for all of them, 1 for all but the
    /// last, 2 for only the last.
    fn torn(&mut self) -> u32 {
        0
    }
}

/// Every read sees the newest version.
#[derive(Clone, Copy, Debug, Default)]
pub struct Newest;

impl ReadChoice for Newest {
    fn version(&mut self, _: &str, _: Option<&str>, _: u32) -> u32 {
        0
    }
}

#[derive(Debug)]
struct TokenUse {
    completed_at: Millis,
    request: TransactWrite,
}

impl Change {
    /// Whether the write left the item as it was. AWS: such a write makes no stream record.
    pub fn is_noop(&self) -> bool {
        self.old == self.new
    }
}

impl Database {
    /// Empty tables of these schemas.
    pub fn new(schemas: Vec<TableSchema>) -> Database {
        Database {
            tables: schemas.into_iter().map(Table::new).collect(),
            plans: Plans::default(),
            changes: Vec::new(),
            tokens: BTreeMap::new(),
            executed: 0,
        }
    }

    /// Puts items into `table` as part of the state that [`Database::reset`] comes back to. The items are copied, so
    /// that databases of several threads share nothing.
    pub fn seed<'a>(&mut self, table: &str, items: impl IntoIterator<Item = &'a Attributes>) -> Result<(), ApiError> {
        let TableId(at) = self.table_id(table)?;
        let table = &mut self.tables[at as usize];
        items.into_iter().try_for_each(|item| table.seed(item.detached()))
    }

    /// Back to the seeded state. Costs what was written since; compiled expressions stay.
    pub fn reset(&mut self) {
        self.tables.iter_mut().for_each(Table::reset);
        self.changes.clear();
        self.tokens.clear();
    }

    /// Executes a request. What it changed is in [`Database::changes`] until the next one.
    pub fn execute(
        &mut self,
        now: Millis,
        request: &Request,
        reads: &mut dyn ReadChoice,
    ) -> Result<Response, ApiError> {
        self.changes.clear();
        self.executed += 1;
        let asked = request.return_capacity();
        if asked == ReturnCapacity::None {
            return self.perform(now, request, reads);
        }
        let response = self.perform(now, request, reads)?;
        let consumed = self.consumed(request, &response, asked);
        Ok(Response::Metered { response: Box::new(response), consumed })
    }

    fn perform(&mut self, now: Millis, request: &Request, reads: &mut dyn ReadChoice) -> Result<Response, ApiError> {
        match request {
            Request::GetItem(request) => self.get_item(now, request, reads),
            Request::PutItem(request) => self.put_item(now, request),
            Request::UpdateItem(request) => self.update_item(now, request),
            Request::DeleteItem(request) => self.delete_item(now, request),
            Request::Query(request) => self.query(now, request, reads),
            Request::Scan(request) => self.scan(now, request, reads),
            Request::BatchGetItem(request) => self.batch_get(now, request, reads),
            Request::BatchWriteItem(request) => self.batch_write(now, request),
            Request::TransactGetItems(request) => self.transact_get(request),
            Request::TransactWriteItems(request) => self.transact_write(now, request),
            Request::Describe(describe) => self.describe(describe).map(Response::Described),
            Request::UpdateTimeToLive(update) => self.update_time_to_live(update).map(Response::Described),
        }
    }

    /// How many requests were executed.
    pub fn executed(&self) -> u64 {
        self.executed
    }

    /// The items that a request means to write; of batches none.
    pub fn written_by(&self, request: &Request) -> Vec<(TableId, ItemKey)> {
        let of_item = |table: &str, item: &Attributes| {
            let id = self.table_id(table).ok()?;
            Some((id, ItemKey::from_item(&self.table(id).schema().key, item).ok()?))
        };
        let of_key = |table: &str, key: &Attributes| {
            let id = self.table_id(table).ok()?;
            Some((id, ItemKey::from_request(&self.table(id).schema().key, key).ok()?))
        };
        let items: Vec<Option<_>> = match request {
            Request::PutItem(put) => vec![of_item(&put.table, &put.item)],
            Request::UpdateItem(update) => vec![of_key(&update.table, &update.key)],
            Request::DeleteItem(delete) => vec![of_key(&delete.table, &delete.key)],
            Request::TransactWriteItems(transaction) => {
                let of_action = |action: &TransactAction| match action {
                    TransactAction::Put(put) => of_item(&put.table, &put.item),
                    TransactAction::Update(update) => of_key(&update.table, &update.key),
                    TransactAction::Delete(delete) => of_key(&delete.table, &delete.key),
                    TransactAction::Check(_) => None,
                };
                transaction.actions.iter().map(of_action).collect()
            }
            _ => Vec::new(),
        };
        items.into_iter().flatten().collect()
    }

    /// What the latest execution changed, in order; a write that changed nothing is there as well.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The number of the table of this name.
    pub fn table_id(&self, name: &str) -> Result<TableId, ApiError> {
        let at = self.tables.iter().position(|table| *table.schema().name == *name);
        at.map(|at| TableId(at as u32))
            .ok_or_else(|| ApiError::new("ResourceNotFoundException", "Requested resource not found"))
    }

    /// The schemas, in the order of the table numbers.
    pub fn schemas(&self) -> impl ExactSizeIterator<Item = &TableSchema> {
        self.tables.iter().map(Table::schema)
    }

    /// The schema of a table.
    pub fn schema(&self, table: TableId) -> Option<&TableSchema> {
        self.tables.get(table.0 as usize).map(Table::schema)
    }

    /// The stream of a table; `None` where its schema has none.
    pub fn stream(&self, table: TableId) -> Option<&Stream> {
        self.tables.get(table.0 as usize)?.stream()
    }

    /// The items of a table as they are now, in the order of a scan.
    pub fn items(&self, table: TableId) -> impl Iterator<Item = (&ItemKey, &Item)> {
        self.tables.get(table.0 as usize).into_iter().flat_map(Table::items)
    }

    /// The item of a key as it is now.
    pub fn item(&self, table: TableId, key: &ItemKey) -> Option<&Item> {
        self.tables.get(table.0 as usize)?.current(key)
    }

    /// The key of the item that a request is about, where it is about one and the key is well-formed.
    pub fn item_key(&self, request: &Request) -> Option<ItemKey> {
        let table = request.tables().next()?.table;
        let schema = &self.schema(self.table_id(table).ok()?)?.key;
        match request.key()? {
            RequestKey::Key(key) => ItemKey::from_request(schema, key).ok(),
            RequestKey::Item(item) => ItemKey::from_item(schema, item).ok(),
        }
    }

    /// The ARN of a table or index that a request touches; `None` where there is none.
    pub fn arn(&self, resource: Resource<'_>) -> Option<String> {
        let schema = self.schema(self.table_id(resource.table).ok()?)?;
        Some(match resource.index {
            Some(index) => format!("{}/index/{index}", schema.arn),
            None => schema.arn.to_string(),
        })
    }

    fn table(&self, table: TableId) -> &Table {
        // A table number is only ever made by `table_id`, and tables do not go away.
        &self.tables[table.0 as usize]
    }

    fn commit(&mut self, now: Millis, table: TableId, key: ItemKey, new: Option<Item>) {
        let old = self.tables[table.0 as usize].commit(now, self.executed, &key, new.clone());
        self.changes.push(Change { table, key, old, new });
    }
}
