//! The handlers of `orders-parallel`: what a branch takes is recorded with the order, and closed with it.

mod hold;
mod promises;

use std::sync::Arc;

use rehearsal::handlers::{CallError, Context, FunctionError, Registry};
use rehearsal::services::dynamodb::{
    AttributeValue, Attributes, GetItem, Item, PutItem, ReturnValues, TransactWrite, UpdateItem,
};
use rehearsal_engine::{Json, json, text};

pub use promises::invariants;

use self::hold::{Row, hold, refused_by_condition};
use crate::event::{member, text, whole};

const ORDERS: &str = "Orders";
const INVENTORY: &str = "Inventory";
const CUSTOMERS: &str = "Customers";
const CARRIERS: &str = "Carriers";
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// The native handlers, by the names of their functions.
pub fn handlers() -> Registry {
    Registry::default()
        .with("order-validation", validate)
        .with("inventory-check", check_inventory)
        .with("customer-validation", validate_customer)
        .with("shipping-calculation", calculate_shipping)
        .with("process-results", process_results)
}

const REQUIRED: [&str; 5] = ["orderId", "customerId", "productId", "quantity", "amount"];
const CUSTOMER_MS: u64 = 200;
const CARRIER_MS: u64 = 1_000;
const CARRIER_ANSWERS: f64 = 0.9;
/// What a parcel costs without anything in it.
const PARCEL: i64 = 5;
const ROUNDS_MAX: usize = 10;

async fn validate(context: Context, event: Json) -> Result<Json, FunctionError> {
    let (order, execution) = (member(&event, "order")?, text(&event, "execution")?);
    let is_missing = |name: &&str| match order.get(name) {
        None | Some(Json::Null) => true,
        Some(Json::String(text)) => text.is_empty(),
        Some(other) => other.as_f64() == Some(0.0),
    };
    let missing: Vec<&str> = REQUIRED.into_iter().filter(is_missing).collect();
    if !missing.is_empty() {
        return Err(FunctionError::new("InvalidOrder", format!("the order lacks {}", missing.join(", "))));
    }
    let mut row = Attributes::new()
        .with("status", text!("validated"))
        .with("execution", execution.clone())
        .with("holds", Attributes::new());
    for name in REQUIRED {
        let value = AttributeValue::from_plain(member(order, name)?);
        row = row.with(name, value.map_err(|message| FunctionError::new("TypeError", message))?);
    }
    let is_duplicate =
        match context.dynamodb(PutItem::new(ORDERS, row).condition("attribute_not_exists(orderId)")).await {
            Ok(_) => false,
            Err(error) if error.error.code == CONDITION_FAILED => {
                text_of(&*stored_order(&context, text(order, "orderId")?).await?, "execution") != &**execution
            }
            Err(error) => return Err(error.into()),
        };
    Ok(json!({"order": order, "isDuplicate": is_duplicate}))
}

async fn check_inventory(context: Context, event: Json) -> Result<Json, FunctionError> {
    let order = member(&event, "order")?;
    let product = Row { table: INVENTORY, key: "productId", value: text(order, "productId")?.clone() };
    let available = hold(&context, text(order, "orderId")?, "inventory", &product, whole(order, "quantity")?).await?;
    Ok(json!({"available": available}))
}

async fn validate_customer(context: Context, event: Json) -> Result<Json, FunctionError> {
    let order = member(&event, "order")?;
    let customer_id = text(order, "customerId")?;
    context.sleep_ms(CUSTOMER_MS).await;
    let read = GetItem::new(CUSTOMERS).key(text!("customerId"), customer_id).consistent();
    let known = context.dynamodb(read).await?;
    let is_welcome = |customer: &Item| !matches!(customer.get("isBlocked"), Some(AttributeValue::Bool(true)));
    if !known.item().is_some_and(is_welcome) {
        return Err(refused(format!("customer {customer_id} gets no credit")));
    }
    let row = Row { table: CUSTOMERS, key: "customerId", value: customer_id.clone() };
    if !hold(&context, text(order, "orderId")?, "customer", &row, whole(order, "amount")?).await? {
        return Err(refused(format!("customer {customer_id} has too little credit")));
    }
    Ok(json!({"customerId": customer_id}))
}

async fn calculate_shipping(context: Context, event: Json) -> Result<Json, FunctionError> {
    let order = member(&event, "order")?;
    context.sleep_ms(CARRIER_MS).await;
    if context.random().await >= CARRIER_ANSWERS {
        return Err(FunctionError::new("CarrierUnavailable", "the carrier does not answer"));
    }
    if !hold(&context, text(order, "orderId")?, "shipping", &carrier(), 1).await? {
        return Err(FunctionError::new("CarrierUnavailable", "the carrier has no room"));
    }
    Ok(json!({"carrierId": "PARCEL", "cost": PARCEL + whole(order, "quantity")?}))
}

async fn process_results(context: Context, event: Json) -> Result<Json, FunctionError> {
    let (order_id, execution) = (text(&event, "orderId")?, text(&event, "execution")?);
    let results = member(&event, "results")?.as_array().unwrap_or_default();
    let is_complete = results.first().and_then(|result| result.get("available")).and_then(Json::as_bool) == Some(true);
    for _ in 0..ROUNDS_MAX {
        let order = read_or_cancel(&context, order_id, execution).await?;
        if text_of(&order, "execution") != &**execution {
            return Ok(json!({"status": "none", "cost": 0}));
        }
        let mut status = text_of(&order, "status");
        if status == "validated" {
            status = if is_complete { "processed" } else { "cancelled" };
            if !close(&context, order_id, &order, status).await? {
                continue;
            }
        }
        let cost = match results.get(2) {
            Some(shipping) if status == "processed" => member(shipping, "cost")?.clone(),
            _ => json!(0),
        };
        return Ok(json!({"status": status, "cost": cost}));
    }
    Err(FunctionError::new("NotClosed", format!("order {order_id} moves all the time")))
}

/// The order. One that validation never stored is stored as cancelled: an attempt of it may still run.
async fn read_or_cancel(context: &Context, order_id: &Arc<str>, execution: &Arc<str>) -> Result<Item, FunctionError> {
    let read = UpdateItem::new(ORDERS)
        .key(text!("orderId"), order_id)
        .update("SET #status = if_not_exists(#status, :cancelled), execution = if_not_exists(execution, :execution)")
        .name("#status", "status")
        .value(":cancelled", text!("cancelled"))
        .value(":execution", execution)
        .return_values(ReturnValues::AllNew);
    let response = context.dynamodb(read).await?;
    response.attributes().cloned().ok_or_else(|| FunctionError::new("KeyError", "'Attributes'"))
}

/// Closes the order with all that it holds; false if a branch took something more meanwhile.
async fn close(context: &Context, order_id: &Arc<str>, order: &Item, status: &str) -> Result<bool, CallError> {
    let holds = order.get("holds").and_then(AttributeValue::as_map).cloned().unwrap_or_default();
    let update = UpdateItem::new(ORDERS)
        .key(text!("orderId"), order_id)
        .update("SET #status = :status")
        // With exactly what was read: a branch of an attempt that was given up may still take something.
        .condition("#status = :validated AND holds = :holds")
        .name("#status", "status")
        .value(":status", status)
        .value(":validated", text!("validated"))
        .value(":holds", holds.clone());
    let of_order = |name: &str| Arc::<str>::from(text_of(order, name));
    let rows = [
        ("customer", Row { table: CUSTOMERS, key: "customerId", value: of_order("customerId") }),
        ("inventory", Row { table: INVENTORY, key: "productId", value: of_order("productId") }),
        ("shipping", carrier()),
    ];
    let mut transaction = TransactWrite::new().update(update);
    for (name, row) in &rows {
        let Some(n) = holds.get(name).and_then(AttributeValue::as_i64) else { continue };
        let settle = if status == "processed" { PROCESSED } else { CANCELLED };
        let settle = row.update(settle).condition("held.#order = :n").name("#order", order_id).value(":n", n);
        transaction = transaction.update(settle);
    }
    match context.dynamodb(transaction).await {
        Ok(_) => Ok(true),
        Err(error) => refused_by_condition(error).map(|_| false),
    }
}

const PROCESSED: &str = "SET used = used + :n REMOVE held.#order";
const CANCELLED: &str = "SET spare = spare + :n REMOVE held.#order";

fn carrier() -> Row {
    Row { table: CARRIERS, key: "carrierId", value: text!("PARCEL") }
}

fn refused(message: String) -> FunctionError {
    FunctionError::new("CustomerRefused", message)
}

async fn stored_order(context: &Context, order_id: &Arc<str>) -> Result<Item, FunctionError> {
    let response = context.dynamodb(GetItem::new(ORDERS).key(text!("orderId"), order_id).consistent()).await?;
    response.item().cloned().ok_or_else(|| FunctionError::new("KeyError", "'Item'"))
}

fn text_of<'r>(row: &'r Attributes, name: &str) -> &'r str {
    row.get(name).and_then(AttributeValue::as_str).unwrap_or_default()
}
