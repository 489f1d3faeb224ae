//! The handler of `orders-queued`: each order is marked and added to the account in one write.

use rehearsal::handlers::{CallError, Context, FunctionError, Registry};
use rehearsal::services::dynamodb::{AttributeValue, Attributes, PutItem, TransactWrite, UpdateItem};
use rehearsal_engine::{Json, json, text};

use crate::event::{member, text};

/// The native handlers, by the names of their functions.
pub fn handlers() -> Registry {
    Registry::default().with("book-orders", book_orders)
}

async fn book_orders(context: Context, event: Json) -> Result<Json, FunctionError> {
    let mut failed = Vec::new();
    for record in member(&event, "Records")?.as_array().unwrap_or_default() {
        let order = Json::parse(text(record, "body")?);
        let order = order.map_err(|error| FunctionError::new("JSONDecodeError", error.to_string()))?;
        match book(&context, &order).await? {
            Err(error) if !error.error.message.contains("ConditionalCheckFailed") => {
                failed.push(json!({"itemIdentifier": member(record, "messageId")?}));
            }
            Ok(()) | Err(_) => {}
        }
    }
    Ok(json!({"batchItemFailures": failed}))
}

/// The mark and the sum are one write: a second delivery finds the mark.
async fn book(context: &Context, order: &Json) -> Result<Result<(), CallError>, FunctionError> {
    let mark = Attributes::from([("orderId", text(order, "orderId")?.clone())]);
    let account = UpdateItem::new("Accounts").key(text!("customerId"), text(order, "customerId")?);
    let total = AttributeValue::from_plain(member(order, "total")?);
    let total = total.map_err(|message| FunctionError::new("TypeError", message))?;
    let transaction = TransactWrite::new()
        .put(PutItem::new("Orders", mark).condition("attribute_not_exists(orderId)"))
        .update(account.update("ADD owed :total").value(":total", total));
    Ok(context.dynamodb(transaction).await.map(drop))
}
