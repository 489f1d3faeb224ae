use std::sync::Arc;

use rehearsal::handlers::{CallError, Context, FunctionError};
use rehearsal::services::dynamodb::{AttributeValue, Attributes, Item, Scan, TransactWrite, UpdateItem};
use rehearsal_engine::{Json, json, text};

use super::publish;
use super::store::{
    ORDERS, PAYMENTS, RELEASE, SELL, announce, quantities_of_order, read_order, refused_by_condition, text_of,
    update_reserved,
};
use crate::event::{member, now_seconds, text};

/// Longer than the workflow may live (its `TimeoutSeconds` is 240) and its last function may run.
const STALE_SECONDS: i64 = 300;

const UNSETTLED: [&str; 3] = ["validated", "reserved", "paid"];

/// A lost race means that the order is one status further, and there are no ways back.
const ROUNDS_MAX: usize = UNSETTLED.len() + 2;

/// What to do with an order that is paid.
#[derive(Clone, Copy)]
enum Paid {
    /// Fulfil it.
    Finish,
    /// Refund it.
    Undo,
}

/// Settles one order for the workflow, or whatever orders dead workflows left behind.
pub(super) async fn handle(context: Context, event: Json) -> Result<Json, FunctionError> {
    if event.get("cancel").is_some() {
        let status = settle(&context, text(&event, "cancel")?, Paid::Undo, text(&event, "reason")?).await?;
        return Ok(json!({"orderStatus": status}));
    }
    let order_ids = if &**text(&event, "detail-type")? == "Scheduled Event" {
        stale_orders(&context).await?
    } else {
        orders_of(&context, member(&event, "detail")?).await?
    };
    let mut unsettled = Vec::new();
    for order_id in order_ids {
        if let Err(error) = settle(&context, &order_id, Paid::Finish, "the workflow ended").await {
            unsettled.push(format!("{order_id}: {}", error.message));
        }
    }
    if unsettled.is_empty() {
        return Ok(Json::Null);
    }
    // The next attempt, or the next tick of the schedule, tries them again.
    Err(FunctionError::new("NotSettled", unsettled.join("; ")))
}

/// The order of an execution that died; none, if that execution was a duplicate and owned nothing.
async fn orders_of(context: &Context, execution: &Json) -> Result<Vec<Arc<str>>, FunctionError> {
    let placed = match execution.get("input").and_then(Json::as_str) {
        Some(input) => Json::parse(input).map_err(|error| FunctionError::new("JSONDecodeError", error.to_string()))?,
        None => Json::Null,
    };
    let Some(Json::String(order_id)) = placed.get("orderId") else { return Ok(Vec::new()) };
    let order = read_order(context, order_id).await?;
    let is_owner = order.is_some_and(|order| {
        Some(text_of(&order, "execution")) == execution.get("executionArn").and_then(Json::as_str)
    });
    Ok(if is_owner { vec![order_id.clone()] } else { Vec::new() })
}

/// What the events missed: orders that no living workflow can still be working on.
async fn stale_orders(context: &Context) -> Result<Vec<Arc<str>>, CallError> {
    let mut order_ids = Vec::new();
    let mut start: Option<Attributes> = None;
    loop {
        let mut scan = Scan::new(ORDERS)
            .filter(
                "updatedAt < :limit AND (#status IN (:validated, :reserved, :paid) \
                 OR (#status = :fulfilled AND attribute_not_exists(announced)))",
            )
            .name("#status", "status")
            .value(":limit", now_seconds(context) - STALE_SECONDS)
            .value(":validated", text!("validated"))
            .value(":reserved", text!("reserved"))
            .value(":paid", text!("paid"))
            .value(":fulfilled", text!("fulfilled"))
            .consistent();
        if let Some(key) = start.take() {
            scan = scan.start(key);
        }
        let response = context.dynamodb(scan).await?;
        order_ids.extend(response.items().iter().map(|order| Arc::from(text_of(order, "orderId"))));
        start = response.page().and_then(|page| page.last_evaluated_key.clone());
        if start.is_none() {
            return Ok(order_ids);
        }
    }
}

/// Brings the order to an end, whoever else is at it, and says which.
async fn settle(context: &Context, order_id: &Arc<str>, paid: Paid, reason: &str) -> Result<Arc<str>, FunctionError> {
    let mut status = Arc::from("unknown");
    for _ in 0..ROUNDS_MAX {
        let Some(order) = read_order(context, order_id).await? else { return Ok("unknown".into()) };
        status = Arc::from(text_of(&order, "status"));
        if &*status == "fulfilled" && order.get("announced").is_none() {
            announce(context, order_id).await?;
        }
        if !UNSETTLED.contains(&&*status) {
            return Ok(status);
        }
        if &*status == "paid" && matches!(paid, Paid::Finish) {
            // The workflow may have died before it could say so.
            let amount = order
                .get("totalAmount")
                .and_then(AttributeValue::as_number)
                .map_or(Json::Null, |total| total.to_f64().into());
            let detail = json!({"orderId": order_id, "amount": amount, "status": "success"});
            publish(context, text!("ecommerce.payments"), text!("Payment Completed"), detail).await?;
        }
        let step = last_step(order_id, &order, paid, reason, now_seconds(context));
        if let Err(error) = context.dynamodb(step).await {
            refused_by_condition(error)?;
        }
    }
    Err(FunctionError::new("NotSettled", format!("order {order_id} is still {status}")))
}

/// The transaction that takes the order from the status it was read in to a last one.
fn last_step(order_id: &Arc<str>, order: &Item, paid: Paid, reason: &str, now: i64) -> TransactWrite {
    let status = text_of(order, "status");
    let end = |target: &'static str| TransactWrite::new().update(end_order(order_id, status, target, reason, now));
    match (status, paid) {
        ("validated", _) => end("cancelled"),
        ("reserved", _) => with_stock(end("cancelled"), order_id, order, RELEASE),
        (_, Paid::Finish) => with_stock(end("fulfilled"), order_id, order, SELL),
        (_, Paid::Undo) => with_stock(end("refunded").update(refund(order_id)), order_id, order, RELEASE),
    }
}

fn end_order(order_id: &Arc<str>, from: &str, to: &'static str, reason: &str, now: i64) -> UpdateItem {
    UpdateItem::new(ORDERS)
        .key(text!("orderId"), order_id)
        .update("SET #status = :target, reason = :reason, updatedAt = :now")
        .condition("#status = :source")
        .name("#status", "status")
        .value(":source", from)
        .value(":target", to)
        .value(":reason", reason)
        .value(":now", now)
}

fn with_stock(transaction: TransactWrite, order_id: &Arc<str>, order: &Item, update: &'static str) -> TransactWrite {
    quantities_of_order(order).iter().fold(transaction, |transaction, (product, n)| {
        transaction.update(update_reserved(order_id, product, *n, update))
    })
}

fn refund(order_id: &Arc<str>) -> UpdateItem {
    UpdateItem::new(PAYMENTS)
        .key(text!("orderId"), order_id)
        .update("SET #status = :refunded ADD refunds :one")
        .condition("#status = :charged")
        .name("#status", "status")
        .value(":charged", text!("charged"))
        .value(":refunded", text!("refunded"))
        .value(":one", 1)
}
