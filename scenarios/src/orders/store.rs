use std::sync::Arc;

use rehearsal::handlers::{CallError, Context, FunctionError};
use rehearsal::services::dynamodb::{AttributeValue, Attributes, GetItem, Item, UpdateItem};
use rehearsal_engine::{Json, json, text};

use super::publish;
use crate::event::member;

pub(super) const ORDERS: &str = "Orders";
pub(super) const INVENTORY: &str = "Inventory";
pub(super) const PAYMENTS: &str = "Payments";

pub(super) const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// Pieces by product, each product once.
pub(super) type Quantities = Vec<(Arc<str>, i64)>;

/// The quantities in an event, sorted by product.
pub(super) fn quantities_of_event(event: &Json) -> Result<Quantities, FunctionError> {
    let malformed = || FunctionError::new("TypeError", "'quantities' is not a map of whole numbers");
    let members = member(event, "quantities")?.as_object().ok_or_else(malformed)?;
    let mut quantities = Quantities::with_capacity(members.len());
    for (product, quantity) in members.iter() {
        quantities.push((product.clone(), quantity.as_i64().ok_or_else(malformed)?));
    }
    quantities.sort();
    Ok(quantities)
}

/// The quantities in the row of an order, sorted by product.
pub(super) fn quantities_of_order(order: &Attributes) -> Quantities {
    let stored = order.get("quantities").and_then(AttributeValue::as_map);
    stored.map_or_else(Quantities::new, |stored| {
        stored.iter().filter_map(|(product, quantity)| Some((product.clone(), quantity.as_i64()?))).collect()
    })
}

/// The row of an order, strongly consistent.
pub(super) async fn read_order(context: &Context, order_id: &Arc<str>) -> Result<Option<Item>, CallError> {
    let response = context.dynamodb(GetItem::new(ORDERS).key(text!("orderId"), order_id).consistent()).await?;
    Ok(response.item().cloned())
}

/// The row of an order that must be there.
pub(super) async fn stored_order(context: &Context, order_id: &Arc<str>) -> Result<Item, FunctionError> {
    read_order(context, order_id).await?.ok_or_else(|| FunctionError::new("KeyError", "'Item'"))
}

/// A text attribute of a row; empty where there is none.
pub(super) fn text_of<'r>(row: &'r Attributes, name: &str) -> &'r str {
    row.get(name).and_then(AttributeValue::as_str).unwrap_or_default()
}

/// The update that moves an order on; the update expression and its other values follow.
pub(super) fn move_order(order_id: &Arc<str>, from: Arc<str>, to: Arc<str>, now: i64) -> UpdateItem {
    UpdateItem::new(ORDERS)
        .key(text!("orderId"), order_id)
        .update("SET #status = :target, updatedAt = :now")
        .condition("#status = :source")
        .name("#status", "status")
        .value(":source", from)
        .value(":target", to)
        .value(":now", now)
}

/// The update of the stock that an order has reserved.
pub(super) fn update_reserved(
    order_id: &Arc<str>,
    product: &Arc<str>,
    quantity: i64,
    update: &'static str,
) -> UpdateItem {
    UpdateItem::new(INVENTORY)
        .key(text!("productId"), product)
        .update(update)
        .condition("reserved.#order = :n")
        .name("#order", order_id)
        .value(":n", quantity)
}

/// What becomes of reserved stock when its order is fulfilled.
pub(super) const SELL: &str = "ADD sold :n REMOVE reserved.#order";

/// What becomes of reserved stock when its order is not.
pub(super) const RELEASE: &str = "SET quantity = quantity + :n REMOVE reserved.#order";

/// Which actions of a transaction their conditions refused; the error itself if anything else was in the way, which a
/// retry can cure.
pub(super) fn refused_by_condition(error: CallError) -> Result<Vec<bool>, CallError> {
    if error.error.code != "TransactionCanceledException" {
        return Err(error);
    }
    let reasons = error.error.details.get("CancellationReasons").and_then(Json::as_array).unwrap_or_default();
    let codes: Vec<&str> =
        reasons.iter().map(|reason| reason.get("Code").and_then(Json::as_str).unwrap_or("None")).collect();
    if codes.iter().all(|code| matches!(*code, "None" | "ConditionalCheckFailed")) {
        return Ok(codes.into_iter().map(|code| code != "None").collect());
    }
    Err(error)
}

/// Publishes `Order Fulfilled` and marks the order, so that nobody needs to publish it again.
pub(super) async fn announce(context: &Context, order_id: &Arc<str>) -> Result<(), FunctionError> {
    let detail = json!({"orderId": order_id, "status": "fulfilled"});
    publish(context, text!("ecommerce.fulfillment"), text!("Order Fulfilled"), detail).await?;
    let mark = UpdateItem::new(ORDERS)
        .key(text!("orderId"), order_id)
        .update("SET announced = :true")
        .condition("attribute_exists(orderId)")
        .value(":true", true);
    context.dynamodb(mark).await?;
    Ok(())
}
