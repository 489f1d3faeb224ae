use super::{Expressions, ReturnCapacity};
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::{Attributes, Item};

/// Writes a whole item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PutItem {
    /// The table's name.
    pub table: Text,
    /// The item.
    pub item: Item,
    /// The condition.
    pub expressions: Expressions,
    /// What to return: nothing or the item before.
    pub return_values: ReturnValues,
    /// Whether a failed condition's error carries the item.
    pub return_item_on_failure: bool,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

/// Changes an item, or creates it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UpdateItem {
    /// The table's name.
    pub table: Text,
    /// The item's key.
    pub key: Attributes,
    /// The update and the condition.
    pub expressions: Expressions,
    /// What to return.
    pub return_values: ReturnValues,
    /// Whether a failed condition's error carries the item.
    pub return_item_on_failure: bool,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

/// Deletes an item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeleteItem {
    /// The table's name.
    pub table: Text,
    /// The item's key.
    pub key: Attributes,
    /// The condition.
    pub expressions: Expressions,
    /// What to return: nothing or the item before.
    pub return_values: ReturnValues,
    /// Whether a failed condition's error carries the item.
    pub return_item_on_failure: bool,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

/// What a write returns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReturnValues {
    /// `NONE`
    #[default]
    None,
    /// `ALL_OLD`: the item before.
    AllOld,
    /// `UPDATED_OLD`: what the update touched, before.
    UpdatedOld,
    /// `ALL_NEW`: the item after.
    AllNew,
    /// `UPDATED_NEW`: what the update touched, after.
    UpdatedNew,
}

impl PutItem {
    /// A write of `item` into `table`.
    pub fn new(table: impl Into<Text>, item: impl Into<Attributes>) -> PutItem {
        PutItem { table: table.into(), item: Item::new(item.into()), ..PutItem::default() }
    }

    /// The same of an item that is shared already.
    pub fn shared(table: impl Into<Text>, item: Item) -> PutItem {
        PutItem { table: table.into(), item, ..PutItem::default() }
    }
}

impl UpdateItem {
    /// An update of an item of `table`; the key follows.
    pub fn new(table: impl Into<Text>) -> UpdateItem {
        UpdateItem { table: table.into(), ..UpdateItem::default() }
    }

    /// What to change.
    #[must_use]
    pub fn update(mut self, expression: impl Into<Text>) -> UpdateItem {
        self.expressions.update = Some(expression.into());
        self
    }
}

impl DeleteItem {
    /// A deletion of an item of `table`; the key follows.
    pub fn new(table: impl Into<Text>) -> DeleteItem {
        DeleteItem { table: table.into(), ..DeleteItem::default() }
    }
}

macro_rules! return_values_method {
    ($($request:ident),+) => {$(
        impl $request {
            /// Returns this of the item.
            #[must_use]
            pub fn return_values(mut self, return_values: ReturnValues) -> $request {
                self.return_values = return_values;
                self
            }
        }
    )+};
}

return_values_method!(PutItem, UpdateItem, DeleteItem);
