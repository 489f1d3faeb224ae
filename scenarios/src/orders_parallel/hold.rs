use std::sync::Arc;

use rehearsal::handlers::{CallError, Context, FunctionError};
use rehearsal::services::dynamodb::{TransactWrite, UpdateItem};
use rehearsal_engine::{Json, text};

use super::{ORDERS, stored_order, text_of};

/// A row of which orders take something.
pub(super) struct Row {
    pub(super) table: &'static str,
    pub(super) key: &'static str,
    pub(super) value: Arc<str>,
}

impl Row {
    pub(super) fn update(&self, expression: &'static str) -> UpdateItem {
        UpdateItem::new(self.table).key(self.key, &self.value).update(expression)
    }
}

/// Sets `n` of a row aside for an open order, once; false where the row has too little.
pub(super) async fn hold(
    context: &Context,
    order_id: &Arc<str>,
    name: &'static str,
    row: &Row,
    n: i64,
) -> Result<bool, FunctionError> {
    let note = UpdateItem::new(ORDERS)
        .key(text!("orderId"), order_id)
        .update("SET holds.#name = :n")
        .condition("#status = :validated AND attribute_not_exists(holds.#name)")
        .name("#status", "status")
        .name("#name", name)
        .value(":validated", text!("validated"))
        .value(":n", n);
    let take = row
        .update("SET spare = spare - :n, held.#order = :n")
        .condition("spare >= :n")
        .name("#order", order_id)
        .value(":n", n);
    let refused = match context.dynamodb(TransactWrite::new().update(note).update(take)).await {
        Ok(_) => return Ok(true),
        Err(error) => refused_by_condition(error)?,
    };
    if refused.first() != Some(&true) {
        return Ok(false);
    }
    // Held by an earlier attempt; or the order was closed while this call was under way.
    let order = stored_order(context, order_id).await?;
    match text_of(&order, "status") {
        "validated" => Ok(true),
        status => Err(FunctionError::new("OrderClosed", format!("order {order_id} is {status}"))),
    }
}

/// Which actions their conditions refused; the error itself if a retry could cure it.
pub(super) fn refused_by_condition(error: CallError) -> Result<Vec<bool>, CallError> {
    let reasons = error.error.details.get("CancellationReasons").and_then(Json::as_array).unwrap_or_default();
    let codes: Vec<&str> =
        reasons.iter().map(|reason| reason.get("Code").and_then(Json::as_str).unwrap_or("None")).collect();
    let only_conditions = codes.iter().all(|code| matches!(*code, "None" | "ConditionalCheckFailed"));
    if error.error.code != "TransactionCanceledException" || !only_conditions {
        return Err(error);
    }
    Ok(codes.into_iter().map(|code| code != "None").collect())
}
