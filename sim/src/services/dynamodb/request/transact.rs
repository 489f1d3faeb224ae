use super::{DeleteItem, Expressions, GetItem, PutItem, ReturnCapacity, UpdateItem};
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::Attributes;

/// Several writes, all or none (`TransactWriteItems`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactWrite {
    /// The actions, each on another item.
    pub actions: Vec<TransactAction>,
    /// `ClientRequestToken`: the same token again within ten minutes does nothing.
    pub token: Option<Text>,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

/// One action of a transaction.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the actions are named as AWS names them")]
pub enum TransactAction {
    Put(PutItem),
    Update(UpdateItem),
    Delete(DeleteItem),
    Check(ConditionCheck),
}

/// A condition that an item must fulfil for its transaction to happen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConditionCheck {
    /// The table's name.
    pub table: Text,
    /// The item's key.
    pub key: Attributes,
    /// The condition.
    pub expressions: Expressions,
    /// Whether a failed condition's reason carries the item.
    pub return_item_on_failure: bool,
}

/// Several reads of one moment (`TransactGetItems`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TransactGetItems {
    /// The reads; they are always consistent.
    pub gets: Vec<GetItem>,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

impl TransactWrite {
    /// A transaction without actions.
    pub fn new() -> TransactWrite {
        TransactWrite::default()
    }

    /// With a put.
    #[must_use]
    pub fn put(mut self, put: PutItem) -> TransactWrite {
        self.actions.push(TransactAction::Put(put));
        self
    }

    /// With an update.
    #[must_use]
    pub fn update(mut self, update: UpdateItem) -> TransactWrite {
        self.actions.push(TransactAction::Update(update));
        self
    }

    /// With a deletion.
    #[must_use]
    pub fn delete(mut self, delete: DeleteItem) -> TransactWrite {
        self.actions.push(TransactAction::Delete(delete));
        self
    }

    /// With a check.
    #[must_use]
    pub fn check(mut self, check: ConditionCheck) -> TransactWrite {
        self.actions.push(TransactAction::Check(check));
        self
    }

    /// Under this token.
    #[must_use]
    pub fn token(mut self, token: impl Into<Text>) -> TransactWrite {
        self.token = Some(token.into());
        self
    }
}

impl TransactAction {
    /// The table's name.
    pub fn table(&self) -> &Text {
        match self {
            TransactAction::Put(put) => &put.table,
            TransactAction::Update(update) => &update.table,
            TransactAction::Delete(delete) => &delete.table,
            TransactAction::Check(check) => &check.table,
        }
    }
}

impl ConditionCheck {
    /// A check of an item of `table`; key and condition follow.
    pub fn new(table: impl Into<Text>) -> ConditionCheck {
        ConditionCheck { table: table.into(), ..ConditionCheck::default() }
    }

    /// The condition.
    #[must_use]
    pub fn condition(mut self, expression: impl Into<Text>) -> ConditionCheck {
        self.expressions.condition = Some(expression.into());
        self
    }
}

impl TransactGetItems {
    /// Reads these items.
    pub fn new(gets: impl IntoIterator<Item = GetItem>) -> TransactGetItems {
        TransactGetItems { gets: gets.into_iter().collect(), return_capacity: ReturnCapacity::None }
    }
}
