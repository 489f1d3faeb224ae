use std::collections::BTreeSet;
use std::sync::Arc;

use super::write::{Outcome, Prepared, check_item};
use super::{Database, ReadChoice};
use crate::services::ApiError;
use crate::services::dynamodb::key::ItemKey;
use crate::services::dynamodb::request::{BatchGetItem, BatchWriteItem, KeysOfTable, WriteEntry};
use crate::services::dynamodb::response::Response;
use crate::world::Millis;

/// AWS: at most 100 reads or 25 writes in a batch, and 16 MB.
const BATCH_READS_MAX: usize = 100;
const BATCH_WRITES_MAX: usize = 25;
const BATCH_BYTES_MAX: usize = 16 * 1024 * 1024;

fn too_many(operation: &str) -> ApiError {
    ApiError::validation(format!("Too many items requested for the {operation} call"))
}

fn empty() -> ApiError {
    ApiError::validation(
        "1 validation error detected: Value '{}' at 'requestItems' failed to satisfy constraint: Member must have \
         length greater than or equal to 1",
    )
}

fn duplicates() -> ApiError {
    ApiError::validation("Provided list of item keys contains duplicates")
}

impl Database {
    pub(super) fn batch_get(
        &mut self,
        now: Millis,
        request: &BatchGetItem,
        reads: &mut dyn ReadChoice,
    ) -> Result<Response, ApiError> {
        if request.tables.iter().all(|of| of.keys.is_empty()) {
            return Err(empty());
        }
        if request.tables.iter().map(|of| of.keys.len()).sum::<usize>() > BATCH_READS_MAX {
            return Err(too_many("BatchGetItem"));
        }
        let mut all = Vec::with_capacity(request.tables.len());
        for of in &request.tables {
            let (table, plan) = self.plan(&of.table, &of.expressions)?;
            let schema = &self.table(table).schema().key;
            let keys = of.keys.iter().map(|key| ItemKey::from_request(schema, key)).collect::<Result<Vec<_>, _>>()?;
            if keys.iter().collect::<BTreeSet<_>>().len() < keys.len() {
                return Err(duplicates());
            }
            all.push((of, table, plan, keys));
        }
        let mut bytes = 0;
        let mut items = Vec::with_capacity(all.len());
        let mut unprocessed = Vec::new();
        for (of, table, plan, keys) in all {
            let mut found = Vec::new();
            let mut left_over = Vec::new();
            for (key, wanted) in keys.iter().zip(&of.keys) {
                if bytes > BATCH_BYTES_MAX {
                    left_over.push(wanted.clone());
                    continue;
                }
                // Each of them is a read of its own: one may lag and the next one not.
                let Some(item) = self.read_item(now, table, key, of.consistent, reads) else { continue };
                bytes += item.weight().bytes;
                found.push(super::read::project(&plan, item));
            }
            items.push((of.table.clone(), found));
            if !left_over.is_empty() {
                unprocessed.push(KeysOfTable { keys: left_over, ..of.clone() });
            }
        }
        Ok(Response::BatchGet { items, unprocessed })
    }

    pub(super) fn batch_write(&mut self, now: Millis, request: &BatchWriteItem) -> Result<Response, ApiError> {
        if request.tables.iter().all(|of| of.entries.is_empty()) {
            return Err(empty());
        }
        if request.tables.iter().map(|of| of.entries.len()).sum::<usize>() > BATCH_WRITES_MAX {
            return Err(too_many("BatchWriteItem"));
        }
        // AWS: a malformed entry rejects the whole batch before anything is written.
        let mut prepared = Vec::new();
        for of in &request.tables {
            let table = self.table_id(&of.table)?;
            let schema = self.table(table).schema();
            let mut keys = BTreeSet::new();
            for entry in &of.entries {
                let (key, outcome) = match entry {
                    WriteEntry::Put(item) => {
                        let key = ItemKey::from_item(&schema.key, item)?;
                        check_item(schema, item, "Item size has exceeded the maximum allowed size")?;
                        (key, Outcome::Put(Arc::clone(item)))
                    }
                    WriteEntry::Delete(key) => {
                        let key = ItemKey::from_request(&schema.key, key)?;
                        let exists = self.table(table).current(&key).is_some();
                        (key, if exists { Outcome::Delete } else { Outcome::Keep })
                    }
                };
                if !keys.insert(key.clone()) {
                    return Err(duplicates());
                }
                prepared.push(Prepared { table, key, old: None, outcome });
            }
        }
        for write in prepared {
            self.apply(now, write);
        }
        Ok(Response::BatchWrite { unprocessed: Vec::new() })
    }
}
