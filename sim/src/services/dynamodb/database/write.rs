use std::sync::Arc;

use rehearsal_engine::Json;

use super::plan::Plan;
use super::{Database, TableId};
use crate::services::ApiError;
use crate::services::dynamodb::key::{ItemKey, check_index_key};
use crate::services::dynamodb::request::{DeleteItem, Expressions, PutItem, ReturnValues, UpdateItem};
use crate::services::dynamodb::response::Response;
use crate::services::dynamodb::schema::TableSchema;
use crate::services::dynamodb::value::{Attributes, Item};
use crate::services::dynamodb::wire::NESTING_LEVELS_MAX;
use crate::world::Millis;

/// AWS: an item has at most 400 KB, names included.
const ITEM_BYTES_MAX: usize = 400 * 1024;

/// A write that may happen: its condition holds and its result is legal.
pub(super) struct Prepared {
    pub table: TableId,
    pub key: ItemKey,
    pub old: Option<Item>,
    pub outcome: Outcome,
}

/// What a write does to its item.
pub(super) enum Outcome {
    /// The item stays as it is, or absent.
    Keep,
    /// The item becomes this.
    Put(Item),
    /// The item goes.
    Delete,
}

impl Prepared {
    pub fn new_item(&self) -> Option<&Item> {
        match &self.outcome {
            Outcome::Keep => self.old.as_ref(),
            Outcome::Put(item) => Some(item),
            Outcome::Delete => None,
        }
    }
}

impl Database {
    pub(super) fn put_item(&mut self, now: Millis, request: &PutItem) -> Result<Response, ApiError> {
        check_return_values(request.return_values)?;
        let (table, plan) = self.plan(&request.table, &request.expressions)?;
        let prepared = self.prepare_put(table, &plan, request)?;
        Ok(self.finish(now, prepared, &plan, request.return_values))
    }

    pub(super) fn update_item(&mut self, now: Millis, request: &UpdateItem) -> Result<Response, ApiError> {
        let (table, plan) = self.plan(&request.table, &request.expressions)?;
        let prepared = self.prepare_update(table, &plan, request)?;
        Ok(self.finish(now, prepared, &plan, request.return_values))
    }

    pub(super) fn delete_item(&mut self, now: Millis, request: &DeleteItem) -> Result<Response, ApiError> {
        check_return_values(request.return_values)?;
        let (table, plan) = self.plan(&request.table, &request.expressions)?;
        let prepared = self.prepare_delete(table, &plan, request)?;
        Ok(self.finish(now, prepared, &plan, request.return_values))
    }

    /// The table and the compiled expressions of a request.
    pub(super) fn plan(&mut self, table: &str, expressions: &Expressions) -> Result<(TableId, Arc<Plan>), ApiError> {
        let table = self.table_id(table)?;
        let schema = self.tables[table.0 as usize].schema();
        Ok((table, self.plans.plan(table.0, schema, None, expressions)?))
    }

    pub(super) fn prepare_put(&self, table: TableId, plan: &Plan, request: &PutItem) -> Result<Prepared, ApiError> {
        let schema = self.table(table).schema();
        let key = ItemKey::from_item(&schema.key, &request.item)?;
        check_item(schema, &request.item, "Item size has exceeded the maximum allowed size")?;
        let old = self.old_image(table, &key, plan, &request.expressions, request.return_item_on_failure)?;
        Ok(Prepared { table, key, old, outcome: Outcome::Put(request.item.clone()) })
    }

    pub(super) fn prepare_update(
        &self,
        table: TableId,
        plan: &Plan,
        request: &UpdateItem,
    ) -> Result<Prepared, ApiError> {
        let schema = self.table(table).schema();
        let key = ItemKey::from_request(&schema.key, &request.key)?;
        let old = self.old_image(table, &key, plan, &request.expressions, request.return_item_on_failure)?;
        let outcome = match &plan.update {
            // AWS: an update without an expression creates an item of its key alone.
            None if old.is_some() => Outcome::Keep,
            None => Outcome::Put(Arc::new(request.key.clone())),
            Some(update) => {
                let new = update.apply(old.as_ref(), || request.key.clone(), &request.expressions.values)?;
                if old.is_none() && !update.creates_item() {
                    Outcome::Keep
                } else {
                    check_item(schema, &new, "Item size to update has exceeded the maximum allowed size")?;
                    Outcome::Put(Arc::new(new))
                }
            }
        };
        Ok(Prepared { table, key, old, outcome })
    }

    pub(super) fn prepare_delete(
        &self,
        table: TableId,
        plan: &Plan,
        request: &DeleteItem,
    ) -> Result<Prepared, ApiError> {
        let schema = self.table(table).schema();
        let key = ItemKey::from_request(&schema.key, &request.key)?;
        let old = self.old_image(table, &key, plan, &request.expressions, request.return_item_on_failure)?;
        let outcome = if old.is_some() { Outcome::Delete } else { Outcome::Keep };
        Ok(Prepared { table, key, old, outcome })
    }

    /// The item before a write, if the write's condition holds for it.
    pub(super) fn old_image(
        &self,
        table: TableId,
        key: &ItemKey,
        plan: &Plan,
        expressions: &Expressions,
        return_item_on_failure: bool,
    ) -> Result<Option<Item>, ApiError> {
        let old = self.table(table).current(key);
        let holds = plan
            .condition
            .as_ref()
            .is_none_or(|condition| condition.holds(old.map(|item| &**item), &expressions.values));
        if holds {
            return Ok(old.cloned());
        }
        let mut error = ApiError::new("ConditionalCheckFailedException", "The conditional request failed");
        if let Some(old) = old.filter(|_| return_item_on_failure) {
            error.details = Json::from_pairs([("Item", old.to_wire())]);
        }
        Err(error)
    }

    pub(super) fn apply(&mut self, now: Millis, prepared: Prepared) {
        match prepared.outcome {
            Outcome::Keep => {}
            Outcome::Put(item) => self.commit(now, prepared.table, prepared.key, Some(item)),
            Outcome::Delete => self.commit(now, prepared.table, prepared.key, None),
        }
    }

    fn finish(&mut self, now: Millis, prepared: Prepared, plan: &Plan, return_values: ReturnValues) -> Response {
        let touched = |item: Option<&Item>| {
            let (update, item) = (plan.update.as_ref()?, item?);
            let touched = update.touched().apply(item);
            // AWS: where nothing would be returned there is no `Attributes` at all.
            (!touched.is_empty()).then(|| Arc::new(touched))
        };
        let attributes = match return_values {
            ReturnValues::None => None,
            ReturnValues::AllOld => prepared.old.clone(),
            ReturnValues::AllNew => prepared.new_item().cloned(),
            ReturnValues::UpdatedOld => touched(prepared.old.as_ref()),
            ReturnValues::UpdatedNew => touched(prepared.new_item()),
        };
        self.apply(now, prepared);
        Response::Write { attributes }
    }
}

fn check_return_values(return_values: ReturnValues) -> Result<(), ApiError> {
    match return_values {
        ReturnValues::None | ReturnValues::AllOld => Ok(()),
        _ => Err(ApiError::validation("ReturnValues can only be ALL_OLD or NONE")),
    }
}

/// What every stored item must fulfil.
pub(super) fn check_item(schema: &TableSchema, item: &Attributes, too_large: &str) -> Result<(), ApiError> {
    let weight = item.weight();
    if weight.bytes > ITEM_BYTES_MAX {
        return Err(ApiError::validation(too_large));
    }
    if weight.depth > NESTING_LEVELS_MAX {
        return Err(ApiError::validation("Nesting Levels have exceeded supported limits"));
    }
    schema.indexes.iter().try_for_each(|index| check_index_key(&index.name, &index.key, item))
}
