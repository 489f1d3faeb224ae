use std::sync::Arc;

use rehearsal::handlers::{Context, FunctionError};
use rehearsal::services::dynamodb::{AttributeValue, TransactWrite, UpdateItem};
use rehearsal_engine::{Json, json, text};

use super::store::{
    CONDITION_FAILED, INVENTORY, ORDERS, Quantities, move_order, quantities_of_event, refused_by_condition,
    stored_order, text_of,
};
use crate::event::{now_seconds, text};

/// Reserves every product of the order or none; cancels the order if one is short.
pub(super) async fn handle(context: Context, event: Json) -> Result<Json, FunctionError> {
    let (order_id, quantities) = (text(&event, "orderId")?, quantities_of_event(&event)?);
    let now = now_seconds(&context);
    let mut reserve = TransactWrite::new().update(move_order(order_id, text!("validated"), text!("reserved"), now));
    for (product, quantity) in &quantities {
        reserve = reserve.update(reserve_product(order_id, product, *quantity));
    }
    let refused = match context.dynamodb(reserve).await {
        Ok(_) => return Ok(answer(&quantities, true, &[])),
        Err(error) => refused_by_condition(error)?,
    };
    if let Some((false, products_refused)) = refused.split_first().map(|(order, products)| (*order, products)) {
        let short: Vec<Arc<str>> = quantities
            .iter()
            .zip(products_refused)
            .filter(|(_, is_short)| **is_short)
            .map(|((product, _), _)| product.clone())
            .collect();
        if cancel(&context, order_id, &short, now).await? {
            return Ok(answer(&quantities, false, &short));
        }
    }
    // The order is no longer `validated`: an earlier attempt got this far. What it left is the answer.
    let order = stored_order(&context, order_id).await?;
    let short: Vec<Arc<str>> = order
        .get("shortOf")
        .and_then(AttributeValue::as_list)
        .unwrap_or_default()
        .iter()
        .filter_map(|product| product.as_str().map(Arc::from))
        .collect();
    Ok(answer(&quantities, text_of(&order, "status") != "cancelled", &short))
}

fn reserve_product(order_id: &Arc<str>, product: &Arc<str>, quantity: i64) -> UpdateItem {
    UpdateItem::new(INVENTORY)
        .key(text!("productId"), product)
        .update("SET quantity = quantity - :n, reserved.#order = :n")
        .condition("quantity >= :n")
        .name("#order", order_id)
        .value(":n", quantity)
}

/// Whether the order was still there to be cancelled.
async fn cancel(context: &Context, order_id: &Arc<str>, short: &[Arc<str>], now: i64) -> Result<bool, FunctionError> {
    let cancel = UpdateItem::new(ORDERS)
        .key(text!("orderId"), order_id)
        .update("SET #status = :cancelled, reason = :reason, shortOf = :short, updatedAt = :now")
        .condition("#status = :validated")
        .name("#status", "status")
        .value(":validated", text!("validated"))
        .value(":cancelled", text!("cancelled"))
        .value(":reason", text!("insufficient inventory"))
        .value(":short", AttributeValue::list(short.iter().map(|product| product.clone().into())))
        .value(":now", now);
    match context.dynamodb(cancel).await {
        Ok(_) => Ok(true),
        Err(error) if error.error.code == CONDITION_FAILED => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn answer(quantities: &Quantities, is_available: bool, short: &[Arc<str>]) -> Json {
    let items: Vec<Json> = quantities
        .iter()
        .map(|(product, _)| json!({"productId": product.clone(), "available": !short.contains(product)}))
        .collect();
    json!({"available": is_available, "items": items})
}
