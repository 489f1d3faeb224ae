//! The handlers of `orders-naive`, the textbook way: nothing is conditional, nothing is idempotent.

mod promises;

use rehearsal::handlers::{Context, FunctionError, Registry};
use rehearsal::services::dynamodb::{AttributeValue, Attributes, GetItem, PutItem, UpdateItem};
use rehearsal_engine::{Json, json, text};

pub use promises::invariants;

use crate::event::{isoformat, items, member, publish, text, whole};

/// The native handlers, by the names of their functions.
pub fn handlers() -> Registry {
    Registry::default()
        .with("order-validation", validate)
        .with("inventory-check", check_inventory)
        .with("payment-processing", process_payment)
        .with("fulfillment-processing", fulfil)
}

const REQUIRED: [&str; 4] = ["orderId", "customerId", "items", "totalAmount"];
const PAYMENT_MS: u64 = 2_000;
const ACCEPTED: f64 = 0.9;

async fn validate(context: Context, event: Json) -> Result<Json, FunctionError> {
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| event.get(name).is_none()).collect();
    if !missing.is_empty() {
        return Err(FunctionError::new("ValueError", format!("the order lacks {}", missing.join(", "))));
    }
    let order = Attributes::from_plain(&event)
        .map_err(|message| FunctionError::new("TypeError", message))?
        .with("status", "validated")
        .with("createdAt", isoformat(&context));
    context.dynamodb(PutItem::new("Orders", order)).await?;
    Ok(json!({"isValid": true, "order": event}))
}

async fn check_inventory(context: Context, event: Json) -> Result<Json, FunctionError> {
    let mut is_available = true;
    let mut answers = Vec::new();
    for item in items(&event)? {
        let (product, requested) = (text(item, "productId")?, whole(item, "quantity")?);
        let stock = context.dynamodb(GetItem::new("Inventory").key(text!("productId"), product)).await?;
        let on_hand = stock.item().and_then(|row| row.get("quantity")).and_then(AttributeValue::as_i64).unwrap_or(0);
        is_available &= on_hand >= requested;
        answers.push(json!({
            "productId": product, "requested": requested, "onHand": on_hand, "available": on_hand >= requested,
        }));
    }
    Ok(json!({"available": is_available, "items": answers}))
}

async fn process_payment(context: Context, event: Json) -> Result<Json, FunctionError> {
    context.sleep_ms(PAYMENT_MS).await;
    if context.random().await >= ACCEPTED {
        return Ok(json!({"status": "declined", "transactionId": null}));
    }
    let transaction_id = context.uuid4();
    let detail = json!({
        "orderId": member(&event, "orderId")?,
        "amount": member(&event, "totalAmount")?,
        "status": "success",
    });
    publish(&context, text!("ecommerce.payments"), text!("Payment Completed"), detail).await?;
    Ok(json!({"status": "success", "transactionId": transaction_id}))
}

async fn fulfil(context: Context, event: Json) -> Result<Json, FunctionError> {
    let order_id = text(&event, "orderId")?;
    for item in items(&event)? {
        let subtract = UpdateItem::new("Inventory")
            .key(text!("productId"), text(item, "productId")?)
            .update("SET quantity = quantity - :n")
            .value(":n", whole(item, "quantity")?);
        context.dynamodb(subtract).await?;
    }
    let mark = UpdateItem::new("Orders")
        .key(text!("orderId"), order_id)
        .update("SET #status = :fulfilled")
        .name("#status", "status")
        .value(":fulfilled", text!("fulfilled"));
    context.dynamodb(mark).await?;
    let detail = json!({"orderId": order_id, "status": "fulfilled"});
    publish(&context, text!("ecommerce.fulfillment"), text!("Order Fulfilled"), detail).await?;
    Ok(json!({"orderId": order_id, "status": "fulfilled"}))
}
