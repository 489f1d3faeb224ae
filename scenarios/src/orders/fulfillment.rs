use rehearsal::handlers::{Context, FunctionError};
use rehearsal::services::dynamodb::TransactWrite;
use rehearsal_engine::{Json, json, text};

use super::store::{
    SELL, announce, move_order, quantities_of_event, refused_by_condition, stored_order, text_of, update_reserved,
};
use crate::event::{now_seconds, text};

/// Sells what the order has reserved and announces it.
pub(super) async fn handle(context: Context, event: Json) -> Result<Json, FunctionError> {
    let (order_id, quantities) = (text(&event, "orderId")?, quantities_of_event(&event)?);
    let mut fulfil =
        TransactWrite::new().update(move_order(order_id, text!("paid"), text!("fulfilled"), now_seconds(&context)));
    for (product, quantity) in &quantities {
        fulfil = fulfil.update(update_reserved(order_id, product, *quantity, SELL));
    }
    let mut is_announced = false;
    if let Err(error) = context.dynamodb(fulfil).await {
        refused_by_condition(error)?;
        let order = stored_order(&context, order_id).await?;
        let status = text_of(&order, "status");
        if status != "fulfilled" {
            return Err(FunctionError::new("OrderNotPaid", format!("order {order_id} is {status}")));
        }
        is_announced = order.get("announced").is_some();
    }
    if !is_announced {
        announce(&context, order_id).await?;
    }
    Ok(json!({"orderId": order_id, "orderStatus": "fulfilled"}))
}
