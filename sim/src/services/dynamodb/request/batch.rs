use super::{Expressions, ReturnCapacity};
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::{Attributes, Item};

/// Reads up to a hundred items.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchGetItem {
    /// What to read, table by table.
    pub tables: Vec<KeysOfTable>,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

/// The keys to read of one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KeysOfTable {
    /// The table's name.
    pub table: Text,
    /// The keys.
    pub keys: Vec<Attributes>,
    /// Whether the reads must see every write acknowledged before them.
    pub consistent: bool,
    /// The projection.
    pub expressions: Expressions,
}

/// Puts or deletes up to twenty-five items, each on its own.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchWriteItem {
    /// What to write, table by table.
    pub tables: Vec<WritesOfTable>,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

/// The writes to one table.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WritesOfTable {
    /// The table's name.
    pub table: Text,
    /// The writes.
    pub entries: Vec<WriteEntry>,
}

/// One write of a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum WriteEntry {
    /// Writes the item.
    Put(Item),
    /// Deletes the item of this key.
    Delete(Attributes),
}

impl BatchGetItem {
    /// A batch of no reads.
    pub fn new() -> BatchGetItem {
        BatchGetItem::default()
    }

    /// With the item of `key` in `table`.
    #[must_use]
    pub fn get(mut self, table: impl Into<Text>, key: impl Into<Attributes>) -> BatchGetItem {
        let table = table.into();
        match self.tables.iter_mut().find(|of| of.table == table) {
            Some(of) => of.keys.push(key.into()),
            None => self.tables.push(KeysOfTable { table, keys: vec![key.into()], ..KeysOfTable::default() }),
        }
        self
    }

    /// Every read sees every write acknowledged before it.
    #[must_use]
    pub fn consistent(mut self) -> BatchGetItem {
        self.tables.iter_mut().for_each(|of| of.consistent = true);
        self
    }
}

impl BatchWriteItem {
    /// A batch of no writes.
    pub fn new() -> BatchWriteItem {
        BatchWriteItem::default()
    }

    /// With a put of `item` into `table`.
    #[must_use]
    pub fn put(self, table: impl Into<Text>, item: impl Into<Attributes>) -> BatchWriteItem {
        self.entry(table.into(), WriteEntry::Put(Item::new(item.into())))
    }

    /// With a deletion of the item of `key` in `table`.
    #[must_use]
    pub fn delete(self, table: impl Into<Text>, key: impl Into<Attributes>) -> BatchWriteItem {
        self.entry(table.into(), WriteEntry::Delete(key.into()))
    }

    fn entry(mut self, table: Text, entry: WriteEntry) -> BatchWriteItem {
        match self.tables.iter_mut().find(|of| of.table == table) {
            Some(of) => of.entries.push(entry),
            None => self.tables.push(WritesOfTable { table, entries: vec![entry] }),
        }
        self
    }
}
