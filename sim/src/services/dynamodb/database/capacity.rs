//! What a request costs, for those that ask.

use std::collections::BTreeMap;

use rehearsal_engine::Json;

use super::{Change, Database, TableId};
use crate::services::dynamodb::key::ItemKey;
use crate::services::dynamodb::request::{Request, ReturnCapacity, TransactAction, WriteEntry};
use crate::services::dynamodb::response::Response;
use crate::services::dynamodb::value::{Attributes, Item};

/// AWS: a read unit is for 4 KB, a write unit for 1 KB.
const READ_UNIT_BYTES: usize = 4 * 1024;
const WRITE_UNIT_BYTES: usize = 1024;

/// What a table and its indexes were charged, in halves of a unit: an eventually consistent read costs a half.
#[derive(Default)]
struct Cost {
    table: u64,
    indexes: BTreeMap<usize, u64>,
}

type Costs = BTreeMap<TableId, Cost>;

/// How much a read costs, in halves of a unit for each 4 KB.
fn read_factor(consistent: bool) -> u64 {
    if consistent { 2 } else { 1 }
}

/// AWS: a transaction costs twice what its reads and writes cost.
const TRANSACTION_FACTOR: u64 = 2;

fn read_halves(bytes: usize, factor: u64) -> u64 {
    bytes.div_ceil(READ_UNIT_BYTES).max(1) as u64 * factor
}

fn write_halves(bytes: usize) -> u64 {
    bytes.div_ceil(WRITE_UNIT_BYTES).max(1) as u64 * 2
}

fn bytes(item: Option<&Item>) -> usize {
    item.map_or(0, |item| item.weight().bytes)
}

impl Database {
    /// `ConsumedCapacity` of a request that succeeded.
    pub(super) fn consumed(&self, request: &Request, response: &Response, asked: ReturnCapacity) -> Json {
        let costs = self.costs(request, response);
        let mut told = costs.iter().map(|(table, cost)| self.told(*table, cost, asked));
        match request {
            Request::BatchGetItem(_)
            | Request::BatchWriteItem(_)
            | Request::TransactGetItems(_)
            | Request::TransactWriteItems(_) => told.collect::<Vec<_>>().into(),
            _ => told.next().unwrap_or_default(),
        }
    }

    /// What a request that succeeded was charged for each table, without its indexes.
    pub(in crate::services::dynamodb) fn units(&self, request: &Request, response: &Response) -> Vec<(TableId, f64)> {
        let response = match response {
            Response::Metered { response, .. } => response,
            response => response,
        };
        let costs = self.costs(request, response);
        costs
            .into_iter()
            .map(|(table, cost)| (table, cost.table as f64 / 2.0))
            .filter(|(_, units)| *units > 0.0)
            .collect()
    }

    fn costs(&self, request: &Request, response: &Response) -> Costs {
        let mut costs = Costs::new();
        match request {
            Request::GetItem(get) => self.charge_read(&mut costs, &get.table, &get.key, read_factor(get.consistent)),
            Request::BatchGetItem(batch) => {
                for of in &batch.tables {
                    for key in &of.keys {
                        self.charge_read(&mut costs, &of.table, key, read_factor(of.consistent));
                    }
                }
            }
            Request::TransactGetItems(transaction) => {
                for get in &transaction.gets {
                    self.charge_read(&mut costs, &get.table, &get.key, read_factor(true) * TRANSACTION_FACTOR);
                }
            }
            Request::Query(query) => {
                self.charge_page(&mut costs, &query.table, query.index.as_deref(), response, query.consistent);
            }
            Request::Scan(scan) => {
                self.charge_page(&mut costs, &scan.table, scan.index.as_deref(), response, scan.consistent);
            }
            Request::PutItem(put) => self.charge_item(&mut costs, &put.table, &put.item, 1),
            Request::UpdateItem(update) => self.charge_key(&mut costs, &update.table, &update.key, 1),
            Request::DeleteItem(delete) => self.charge_key(&mut costs, &delete.table, &delete.key, 1),
            Request::BatchWriteItem(batch) => {
                for of in &batch.tables {
                    for entry in &of.entries {
                        match entry {
                            WriteEntry::Put(item) => self.charge_item(&mut costs, &of.table, item, 1),
                            WriteEntry::Delete(key) => self.charge_key(&mut costs, &of.table, key, 1),
                        }
                    }
                }
            }
            Request::TransactWriteItems(transaction) => {
                for action in &transaction.actions {
                    let table = action.table();
                    match action {
                        TransactAction::Put(put) => self.charge_item(&mut costs, table, &put.item, TRANSACTION_FACTOR),
                        TransactAction::Update(update) => {
                            self.charge_key(&mut costs, table, &update.key, TRANSACTION_FACTOR);
                        }
                        TransactAction::Delete(delete) => {
                            self.charge_key(&mut costs, table, &delete.key, TRANSACTION_FACTOR);
                        }
                        TransactAction::Check(check) => {
                            self.charge_key(&mut costs, table, &check.key, TRANSACTION_FACTOR);
                        }
                    }
                }
            }
            Request::Describe(_) | Request::UpdateTimeToLive(_) => {}
        }
        costs
    }

    fn told(&self, table: TableId, cost: &Cost, asked: ReturnCapacity) -> Json {
        let units = |halves: u64| Json::from(halves as f64 / 2.0);
        let schema = self.table(table).schema();
        let total = cost.table + cost.indexes.values().sum::<u64>();
        let mut members = vec![("TableName", Json::String(schema.name.clone())), ("CapacityUnits", units(total))];
        if asked == ReturnCapacity::Indexes {
            members.push(("Table", Json::from_pairs([("CapacityUnits", units(cost.table))])));
            for (name, global) in [("GlobalSecondaryIndexes", true), ("LocalSecondaryIndexes", false)] {
                let charged = cost.indexes.iter().filter_map(|(at, halves)| {
                    let index = schema.indexes.get(*at).filter(|index| index.global == global)?;
                    Some((&*index.name, Json::from_pairs([("CapacityUnits", units(*halves))])))
                });
                let charged: Vec<_> = charged.collect();
                if !charged.is_empty() {
                    members.push((name, Json::from_pairs(charged)));
                }
            }
        }
        Json::from_pairs(members)
    }

    fn charge_read(&self, costs: &mut Costs, table: &str, key: &Attributes, factor: u64) {
        let Ok(id) = self.table_id(table) else { return };
        let Ok(key) = ItemKey::from_request(&self.table(id).schema().key, key) else { return };
        costs.entry(id).or_default().table += read_halves(bytes(self.item(id, &key)), factor);
    }

    fn charge_page(&self, costs: &mut Costs, table: &str, index: Option<&str>, page: &Response, consistent: bool) {
        let (Ok(id), Some(page)) = (self.table_id(table), page.page()) else { return };
        let halves = read_halves(page.examined_bytes, read_factor(consistent));
        let indexes = &self.table(id).schema().indexes;
        let cost = costs.entry(id).or_default();
        match indexes.iter().position(|known| index.is_some_and(|index| *known.name == *index)) {
            Some(at) => *cost.indexes.entry(at).or_default() += halves,
            None => cost.table += halves,
        }
    }

    fn charge_item(&self, costs: &mut Costs, table: &str, item: &Item, factor: u64) {
        let Ok(id) = self.table_id(table) else { return };
        let Ok(key) = ItemKey::from_item(&self.table(id).schema().key, item) else { return };
        self.charge_write(costs, id, &key, factor);
    }

    fn charge_key(&self, costs: &mut Costs, table: &str, key: &Attributes, factor: u64) {
        let Ok(id) = self.table_id(table) else { return };
        let Ok(key) = ItemKey::from_request(&self.table(id).schema().key, key) else { return };
        self.charge_write(costs, id, &key, factor);
    }

    /// AWS: a write costs what the larger of the item before and after costs, in the table and in every index in which
    /// the item moves or changes.
    fn charge_write(&self, costs: &mut Costs, id: TableId, key: &ItemKey, factor: u64) {
        let cost = costs.entry(id).or_default();
        let table = self.table(id);
        let changed = self.changes.iter().find(|change| change.table == id && change.key == *key);
        let Some(Change { old, new, .. }) = changed else {
            cost.table += write_halves(bytes(self.item(id, key))) * factor;
            return;
        };
        let halves = write_halves(bytes(old.as_ref()).max(bytes(new.as_ref()))) * factor;
        cost.table += halves;
        if old == new {
            return;
        }
        for at in 0..table.schema().indexes.len() {
            let place = |item: &Option<Item>| item.as_ref().and_then(|item| table.entry_of(Some(at), key, item));
            let (before, after) = (place(old), place(new));
            // AWS: an item that moves in an index is deleted there and put again.
            let writes = if before == after {
                u64::from(after.is_some())
            } else {
                u64::from(before.is_some()) + u64::from(after.is_some())
            };
            if writes > 0 {
                *cost.indexes.entry(at).or_default() += halves * writes;
            }
        }
    }
}
