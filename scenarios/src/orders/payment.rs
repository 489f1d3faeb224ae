use std::sync::Arc;

use rehearsal::handlers::{Context, FunctionError};
use rehearsal::services::dynamodb::{AttributeValue, ConditionCheck, GetItem, TransactWrite, UpdateItem};
use rehearsal_engine::{Json, json, text};

use super::publish;
use super::store::{ORDERS, PAYMENTS, move_order, refused_by_condition, text_of};
use crate::event::{member, now_seconds, text};

const PAYMENT_MS: u64 = 2_000;
const ACCEPTED: f64 = 0.9;

/// What the gateway knows of an order's payment.
struct Payment {
    status: String,
    transaction_id: Option<String>,
}

/// Charges the order or declines it, once, and says which.
pub(super) async fn handle(context: Context, event: Json) -> Result<Json, FunctionError> {
    let (order_id, amount) = (text(&event, "orderId")?, member(&event, "amount")?);
    let payment = if let Some(payment) = read_payment(&context, order_id).await? {
        payment
    } else {
        context.sleep_ms(PAYMENT_MS).await;
        let is_accepted = context.random().await < ACCEPTED;
        decide(&context, order_id, amount, is_accepted).await?
    };
    if payment.status != "charged" {
        return Ok(json!({"status": payment.status, "transactionId": payment.transaction_id}));
    }
    // Before the answer, so that no order is fulfilled unannounced; a retry announces it again.
    let detail = json!({"orderId": order_id, "amount": amount, "status": "success"});
    publish(&context, text!("ecommerce.payments"), text!("Payment Completed"), detail).await?;
    Ok(json!({"status": "success", "transactionId": payment.transaction_id}))
}

async fn read_payment(context: &Context, order_id: &Arc<str>) -> Result<Option<Payment>, FunctionError> {
    let response = context.dynamodb(GetItem::new(PAYMENTS).key(text!("orderId"), order_id).consistent()).await?;
    Ok(response.item().map(|row| Payment {
        status: text_of(row, "status").to_owned(),
        transaction_id: Some(text_of(row, "transactionId").to_owned()),
    }))
}

/// Charges or declines, once per order, and only while the order holds its stock.
async fn decide(
    context: &Context,
    order_id: &Arc<str>,
    amount: &Json,
    is_accepted: bool,
) -> Result<Payment, FunctionError> {
    let status = if is_accepted { "charged" } else { "declined" };
    let transaction_id = context.uuid4();
    let order = if is_accepted {
        TransactWrite::new().update(move_order(order_id, text!("reserved"), text!("paid"), now_seconds(context)))
    } else {
        TransactWrite::new().check(still_reserved(order_id))
    };
    // Counted, not set: without its condition a second charge would show in the ledger.
    let record = UpdateItem::new(PAYMENTS)
        .key(text!("orderId"), order_id)
        .update("SET #status = :status, amount = :amount, transactionId = :id ADD charges :charges, refunds :zero")
        .condition("attribute_not_exists(orderId)")
        .name("#status", "status")
        .value(":status", status)
        .value(
            ":amount",
            AttributeValue::from_plain(amount).map_err(|message| FunctionError::new("TypeError", message))?,
        )
        .value(":id", transaction_id.as_str())
        .value(":charges", i64::from(is_accepted))
        .value(":zero", 0);
    match context.dynamodb(order.update(record)).await {
        Ok(_) => return Ok(Payment { status: status.to_owned(), transaction_id: Some(transaction_id) }),
        Err(error) => refused_by_condition(error)?,
    };
    // Decided by an earlier attempt; or never, because the order has been cancelled.
    let decided = read_payment(context, order_id).await?;
    Ok(decided.unwrap_or_else(|| Payment { status: "cancelled".to_owned(), transaction_id: None }))
}

fn still_reserved(order_id: &Arc<str>) -> ConditionCheck {
    ConditionCheck::new(ORDERS)
        .key(text!("orderId"), order_id)
        .condition("#status = :reserved")
        .name("#status", "status")
        .value(":reserved", text!("reserved"))
}
