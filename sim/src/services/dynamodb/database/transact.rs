use std::collections::BTreeSet;
use std::sync::Arc;

use rehearsal_engine::Json;

use super::plan::Plan;
use super::write::{Outcome, Prepared};
use super::{Database, Newest, TableId, TokenUse};
use crate::services::ApiError;
use crate::services::dynamodb::key::ItemKey;
use crate::services::dynamodb::request::{TransactAction, TransactGetItems, TransactWrite};
use crate::services::dynamodb::response::Response;
use crate::world::Millis;

/// AWS: at most 100 actions in a transaction.
const ACTIONS_MAX: usize = 100;
/// AWS: the items of a transaction have 4 MB at most, all together.
const TRANSACTION_BYTES_MAX: usize = 4 * 1024 * 1024;
/// So many items of the largest size are below that.
const ITEMS_SURELY_WITHIN: usize = 10;
/// AWS: a client request token is good for ten minutes after the request that used it.
const TOKEN_LIFE_MS: u64 = 10 * 60 * 1000;
/// AWS: a token has 1 to 36 characters.
const TOKEN_CHARACTERS_MAX: usize = 36;

impl Database {
    pub(super) fn transact_get(&mut self, request: &TransactGetItems) -> Result<Response, ApiError> {
        check_count(request.gets.len())?;
        let mut reads = Vec::with_capacity(request.gets.len());
        let mut reasons = Vec::with_capacity(request.gets.len());
        for get in &request.gets {
            let (table, plan) = self.plan(&get.table, &get.expressions)?;
            match ItemKey::from_request(&self.table(table).schema().key, &get.key) {
                Ok(key) => {
                    reads.push((table, plan, key));
                    reasons.push(None);
                }
                Err(error) => reasons.push(Some(error)),
            }
        }
        cancel_if_any(&reasons)?;
        let distinct: BTreeSet<_> = reads.iter().map(|(table, _, key)| (table, key)).collect();
        if distinct.len() < reads.len() {
            return Err(one_item_twice());
        }
        let items = reads.iter().map(|(table, plan, key)| {
            let item = self.read_item(Millis::default(), *table, key, true, &mut Newest);
            item.map(|item| super::read::project(plan, item))
        });
        let items: Vec<_> = items.collect();
        check_bytes(items.iter().flatten().map(|item| item.weight().bytes).sum())?;
        Ok(Response::TransactGet { items })
    }

    pub(super) fn transact_write(&mut self, now: Millis, request: &TransactWrite) -> Result<Response, ApiError> {
        check_count(request.actions.len())?;
        if self.was_done(now, request)? {
            return Ok(Response::TransactWrite);
        }
        // Expressions that do not compile are errors of the request; whatever depends on an item is a reason to cancel.
        let mut planned = Vec::with_capacity(request.actions.len());
        for action in &request.actions {
            let expressions = match action {
                TransactAction::Put(put) => &put.expressions,
                TransactAction::Update(update) => &update.expressions,
                TransactAction::Delete(delete) => &delete.expressions,
                TransactAction::Check(check) => &check.expressions,
            };
            planned.push(self.plan(action.table(), expressions)?);
        }
        // At most a hundred keys, and mostly three: comparing each with each is quicker than a set.
        let mut distinct = Vec::with_capacity(planned.len());
        for (action, (table, _)) in request.actions.iter().zip(&planned) {
            let schema = &self.table(*table).schema().key;
            let key = match action {
                TransactAction::Put(put) => ItemKey::from_item(schema, &put.item),
                TransactAction::Update(update) => ItemKey::from_request(schema, &update.key),
                TransactAction::Delete(delete) => ItemKey::from_request(schema, &delete.key),
                TransactAction::Check(check) => ItemKey::from_request(schema, &check.key),
            };
            let Ok(key) = key else { continue };
            if distinct.iter().any(|(other, known)| other == table && *known == key) {
                return Err(one_item_twice());
            }
            distinct.push((*table, key));
        }
        let mut prepared = Vec::with_capacity(planned.len());
        let mut reasons = Vec::with_capacity(planned.len());
        for (action, (table, plan)) in request.actions.iter().zip(planned) {
            match self.prepare_action(table, &plan, action) {
                Ok(write) => {
                    prepared.push(write);
                    reasons.push(None);
                }
                Err(error) => reasons.push(Some(error)),
            }
        }
        cancel_if_any(&reasons)?;
        // What is large is rare: one item alone is 400 KB at most.
        if prepared.len() > ITEMS_SURELY_WITHIN {
            let bytes: usize = prepared.iter().filter_map(Prepared::new_item).map(|item| item.weight().bytes).sum();
            check_bytes(bytes)?;
        }
        for write in prepared {
            self.apply(now, write);
        }
        if let Some(token) = &request.token {
            self.tokens.insert(token.clone(), TokenUse { completed_at: now, request: request.clone() });
        }
        Ok(Response::TransactWrite)
    }

    /// Whether the same request was executed under its token not long ago.
    fn was_done(&mut self, now: Millis, request: &TransactWrite) -> Result<bool, ApiError> {
        let Some(token) = &request.token else { return Ok(false) };
        if token.chars().count() > TOKEN_CHARACTERS_MAX {
            return Err(ApiError::validation(format!(
                "1 validation error detected: Value '{token}' at 'clientRequestToken' failed to satisfy constraint: \
                 Member must have length less than or equal to {TOKEN_CHARACTERS_MAX}"
            )));
        }
        self.tokens.retain(|_, used| now - used.completed_at < TOKEN_LIFE_MS);
        match self.tokens.get(token) {
            None => Ok(false),
            Some(used) if used.request == *request => Ok(true),
            Some(_) => Err(ApiError::new(
                "IdempotentParameterMismatchException",
                "Failed to process the request because the client request token was used with different parameters",
            )),
        }
    }

    fn prepare_action(&self, table: TableId, plan: &Arc<Plan>, action: &TransactAction) -> Result<Prepared, ApiError> {
        match action {
            TransactAction::Put(put) => self.prepare_put(table, plan, put),
            TransactAction::Update(update) => self.prepare_update(table, plan, update),
            TransactAction::Delete(delete) => self.prepare_delete(table, plan, delete),
            TransactAction::Check(check) => {
                let key = ItemKey::from_request(&self.table(table).schema().key, &check.key)?;
                let old = self.old_image(table, &key, plan, &check.expressions, check.return_item_on_failure)?;
                Ok(Prepared { table, key, old, outcome: Outcome::Keep })
            }
        }
    }
}

fn check_count(actions: usize) -> Result<(), ApiError> {
    let rule = match actions {
        0 => "greater than or equal to 1",
        1..=ACTIONS_MAX => return Ok(()),
        _ => "less than or equal to 100",
    };
    Err(ApiError::validation(format!(
        "1 validation error detected: Value with {actions} members at 'transactItems' failed to satisfy constraint: \
         Member must have length {rule}"
    )))
}

fn check_bytes(bytes: usize) -> Result<(), ApiError> {
    if bytes <= TRANSACTION_BYTES_MAX {
        return Ok(());
    }
    Err(ApiError::validation("Transaction request cannot be larger than 4 MB"))
}

fn one_item_twice() -> ApiError {
    ApiError::validation("Transaction request cannot include multiple operations on one item")
}

/// The cancellation of a transaction, if there is a reason: one entry for each action, in order.
fn cancel_if_any(reasons: &[Option<ApiError>]) -> Result<(), ApiError> {
    if reasons.iter().all(Option::is_none) {
        return Ok(());
    }
    let codes: Vec<&str> = reasons.iter().map(|reason| reason.as_ref().map_or("None", reason_code)).collect();
    let mut error = ApiError::new(
        "TransactionCanceledException",
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", ")),
    );
    let listed = reasons.iter().map(|reason| {
        let Some(reason) = reason else { return Json::from_pairs([("Code", Json::from("None"))]) };
        let mut members =
            vec![("Code", Json::from(reason_code(reason))), ("Message", Json::from(reason.message.as_str()))];
        if let Some(item) = reason.details.get("Item") {
            members.push(("Item", item.clone()));
        }
        Json::from_pairs(members)
    });
    let listed: Vec<Json> = listed.collect();
    error.details = Json::from_pairs([("CancellationReasons", Json::from(listed))]);
    Err(error)
}

fn reason_code(error: &ApiError) -> &'static str {
    match error.code {
        "ConditionalCheckFailedException" => "ConditionalCheckFailed",
        _ => "ValidationError",
    }
}
