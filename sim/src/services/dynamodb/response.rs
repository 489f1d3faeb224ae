use rehearsal_engine::Json;
use rehearsal_engine::json::Object;

use super::request::{KeysOfTable, WriteEntry, WritesOfTable};
use super::text::Text;
use super::value::{Attributes, Item};

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// To `GetItem`.
    Get {
        /// The item, where there is one.
        item: Option<Item>,
    },
    /// To `PutItem`, `UpdateItem` and `DeleteItem`.
    Write {
        /// What `ReturnValues` asked for, where there is any of it.
        attributes: Option<Item>,
    },
    /// To `Query` and `Scan`.
    Page(Page),
    /// To `BatchGetItem`.
    BatchGet {
        /// The items found, table by table.
        items: Vec<(Text, Vec<Item>)>,
        /// What was not read and should be asked for again; empty unless a fault left something over.
        unprocessed: Vec<KeysOfTable>,
    },
    /// To `BatchWriteItem`.
    BatchWrite {
        /// What was not written and should be sent again; empty unless a fault left something over.
        unprocessed: Vec<WritesOfTable>,
    },
    /// To `TransactGetItems`.
    TransactGet {
        /// The items in the order of the reads.
        items: Vec<Option<Item>>,
    },
    /// To `TransactWriteItems`.
    TransactWrite,
    /// To a question about tables: the API's JSON.
    Described(Json),
    /// To a request that wants to know what it cost.
    Metered {
        /// The answer itself.
        response: Box<Response>,
        /// `ConsumedCapacity`
        consumed: Json,
    },
}

/// A page of a query or scan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Page {
    /// The items; `None` where only their count was asked for.
    pub items: Option<Vec<Item>>,
    /// How many items passed the filter.
    pub count: usize,
    /// How many items were examined.
    pub scanned_count: usize,
    /// Where the next page begins; `None` at the end.
    pub last_evaluated_key: Option<Attributes>,
    /// How much was examined, in bytes.
    pub examined_bytes: usize,
}

impl Response {
    /// The item that a `GetItem` found.
    pub fn item(&self) -> Option<&Item> {
        match self {
            Response::Get { item } => item.as_ref(),
            Response::Metered { response, .. } => response.item(),
            _ => None,
        }
    }

    /// What a write returned.
    pub fn attributes(&self) -> Option<&Item> {
        match self {
            Response::Write { attributes } => attributes.as_ref(),
            Response::Metered { response, .. } => response.attributes(),
            _ => None,
        }
    }

    /// The items of a page.
    pub fn items(&self) -> &[Item] {
        match self {
            Response::Page(Page { items: Some(items), .. }) => items,
            Response::Metered { response, .. } => response.items(),
            _ => &[],
        }
    }

    /// The page of a query or scan.
    pub fn page(&self) -> Option<&Page> {
        match self {
            Response::Page(page) => Some(page),
            Response::Metered { response, .. } => response.page(),
            _ => None,
        }
    }

    /// The API's JSON.
    pub fn to_json(&self) -> Json {
        let mut body = Object::default();
        match self {
            Response::Get { item } => insert_item(&mut body, "Item", item.as_ref()),
            Response::Write { attributes } => insert_item(&mut body, "Attributes", attributes.as_ref()),
            Response::Page(page) => {
                if let Some(items) = &page.items {
                    body.insert("Items".into(), wire_items(items));
                }
                body.insert("Count".into(), page.count.into());
                body.insert("ScannedCount".into(), page.scanned_count.into());
                if let Some(key) = &page.last_evaluated_key {
                    body.insert("LastEvaluatedKey".into(), key.to_wire());
                }
            }
            Response::BatchGet { items, unprocessed } => {
                let responses = items.iter().map(|(table, items)| (table.to_shared(), wire_items(items)));
                body.insert("Responses".into(), responses.collect::<Object>().into());
                let unprocessed = unprocessed.iter().map(|of| (of.table.to_shared(), of.to_json()));
                body.insert("UnprocessedKeys".into(), unprocessed.collect::<Object>().into());
            }
            Response::BatchWrite { unprocessed } => {
                let unprocessed = unprocessed.iter().map(|of| {
                    let entries: Vec<Json> = of.entries.iter().map(WriteEntry::to_json).collect();
                    (of.table.to_shared(), entries.into())
                });
                body.insert("UnprocessedItems".into(), unprocessed.collect::<Object>().into());
            }
            Response::TransactGet { items } => {
                let responses: Vec<Json> = items
                    .iter()
                    .map(|item| {
                        let mut response = Object::default();
                        insert_item(&mut response, "Item", item.as_ref());
                        response.into()
                    })
                    .collect();
                body.insert("Responses".into(), responses.into());
            }
            Response::TransactWrite => {}
            Response::Described(described) => return described.clone(),
            Response::Metered { response, consumed } => {
                let inner = response.to_json();
                for (key, value) in inner.as_object().into_iter().flat_map(Object::iter) {
                    body.insert(key.clone(), value.clone());
                }
                body.insert("ConsumedCapacity".into(), consumed.clone());
            }
        }
        body.into()
    }
}

fn insert_item(body: &mut Object, name: &str, item: Option<&Item>) {
    if let Some(item) = item {
        body.insert(name.into(), item.to_wire());
    }
}

fn wire_items(items: &[Item]) -> Json {
    items.iter().map(|item| item.to_wire()).collect::<Vec<_>>().into()
}

impl KeysOfTable {
    fn to_json(&self) -> Json {
        let mut body = Object::default();
        body.insert("Keys".into(), self.keys.iter().map(Attributes::to_wire).collect::<Vec<_>>().into());
        if self.consistent {
            body.insert("ConsistentRead".into(), true.into());
        }
        if let Some(projection) = &self.expressions.projection {
            body.insert("ProjectionExpression".into(), Json::String(projection.to_shared()));
        }
        if !self.expressions.names.is_empty() {
            let names = self.expressions.names.iter();
            let names = names.map(|(alias, name)| (alias.to_shared(), Json::String(name.to_shared())));
            body.insert("ExpressionAttributeNames".into(), names.collect::<Object>().into());
        }
        body.into()
    }
}

impl WriteEntry {
    fn to_json(&self) -> Json {
        let (kind, member, attributes) = match self {
            WriteEntry::Put(item) => ("PutRequest", "Item", &**item),
            WriteEntry::Delete(key) => ("DeleteRequest", "Key", key),
        };
        Json::from_pairs([(kind, Json::from_pairs([(member, attributes.to_wire())]))])
    }
}
