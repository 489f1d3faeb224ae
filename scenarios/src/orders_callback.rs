//! The handlers of `orders-callback`: a token and a result meet in one row, whichever comes first.

mod promises;

use std::sync::Arc;

use rehearsal::handlers::{Context, FunctionError, Registry};
use rehearsal::services::dynamodb::{AttributeValue, Attributes, GetItem, Item, PutItem, ReturnValues, UpdateItem};
use rehearsal::services::eventbridge::{EntryResult, PutEntry};
use rehearsal::services::stepfunctions::{Request, SendTask, TaskOutcome};
use rehearsal_engine::{Json, json, text};

pub use promises::invariants;

use crate::event::{member, text, whole};

const ORDERS: &str = "Orders";
const TOKENS: &str = "CallbackTokens";
const CONDITION_FAILED: &str = "ConditionalCheckFailedException";

/// The native handlers, by the names of their functions.
pub fn handlers() -> Registry {
    Registry::default()
        .with("order-validation", validate)
        .with("token-store", store_token)
        .with("external-result", take_result)
        .with("order-settlement", settle)
}

async fn validate(context: Context, event: Json) -> Result<Json, FunctionError> {
    let (order, execution) = (member(&event, "order")?, text(&event, "execution")?);
    let Some(Json::String(order_id)) = order.get("orderId").filter(|id| id.as_str() != Some("")) else {
        return Err(FunctionError::new("InvalidOrder", "the order lacks orderId"));
    };
    let row = Attributes::from([
        ("orderId", order_id.clone()),
        ("status", text!("validated")),
        ("execution", execution.clone()),
    ]);
    let is_duplicate =
        match context.dynamodb(PutItem::new(ORDERS, row).condition("attribute_not_exists(orderId)")).await {
            Ok(_) => false,
            Err(error) if error.error.code == CONDITION_FAILED => {
                let stored =
                    context.dynamodb(GetItem::new(ORDERS).key(text!("orderId"), order_id).consistent()).await?;
                let owner = stored.item().and_then(|row| row.get("execution")).and_then(AttributeValue::as_str);
                owner.ok_or_else(|| FunctionError::new("KeyError", "'Item'"))? != &**execution
            }
            Err(error) => return Err(error.into()),
        };
    Ok(json!({"orderId": order_id, "isDuplicate": is_duplicate}))
}

async fn store_token(context: Context, event: Json) -> Result<Json, FunctionError> {
    let (order_id, token) = (text(&event, "orderId")?, text(&event, "token")?);
    let store = row(order_id)
        .update("SET taskToken = :token, attempt = :attempt")
        .condition("attribute_not_exists(attempt) OR attempt <= :attempt")
        .value(":token", token)
        .value(":attempt", whole(&event, "attempt")?);
    let row = match context.dynamodb(store).await {
        Ok(response) => attributes(response.attributes())?,
        // That of a later attempt is there already.
        Err(error) if error.error.code == CONDITION_FAILED => return Ok(json!({"stored": false})),
        Err(error) => return Err(error.into()),
    };
    if row.get("outcome").is_some() {
        answer(&context, token, order_id, &row).await?;
    } else {
        let detail = json!({"orderId": order_id, "taskToken": token});
        let entry = PutEntry::new("ecommerce-orders", "ecommerce.callbacks", "External Process Requested", detail);
        let response = context.put_events(vec![entry]).await?;
        if let Some(EntryResult::Failed { code, .. }) = response.entries.first() {
            return Err(FunctionError::new("NotPublished", *code));
        }
    }
    Ok(json!({"stored": true}))
}

async fn take_result(context: Context, event: Json) -> Result<Json, FunctionError> {
    let order_id = text(&event, "orderId")?;
    let outcome = if &**text(&event, "status")? == "success" { text!("success") } else { text!("failed") };
    let row = first_outcome(&context, order_id, &outcome, text(&event, "told")?).await?;
    let first = text_of(&row, "outcome");
    if let Some(token) = row.get("taskToken").and_then(AttributeValue::as_str).filter(|_| first != "expired") {
        answer(&context, &token.into(), order_id, &row).await?;
    }
    Ok(json!({"accepted": first == &*outcome}))
}

async fn settle(context: Context, event: Json) -> Result<Json, FunctionError> {
    let (order_id, execution) = (text(&event, "orderId")?, text(&event, "execution")?);
    // Where validation failed before it stored anything, the order is stored now: a late attempt finds nothing to do.
    let claim = UpdateItem::new(ORDERS)
        .key(text!("orderId"), order_id)
        .update("SET #status = if_not_exists(#status, :validated), execution = if_not_exists(execution, :execution)")
        .name("#status", "status")
        .value(":validated", text!("validated"))
        .value(":execution", execution)
        .return_values(ReturnValues::AllNew);
    let order = attributes(context.dynamodb(claim).await?.attributes())?;
    if text_of(&order, "execution") != &**execution {
        return Ok(json!({"outcome": "none", "told": "the order is that of another execution"}));
    }
    let row = first_outcome(&context, order_id, &text!("expired"), &text!("nobody answered in time")).await?;
    let status = match text_of(&row, "outcome") {
        "success" => text!("completed"),
        "failed" => text!("rejected"),
        _ => text!("expired"),
    };
    let end = UpdateItem::new(ORDERS)
        .key(text!("orderId"), order_id)
        .update("SET #status = :status ADD ends :one")
        .condition("#status = :validated")
        .name("#status", "status")
        .value(":status", status)
        .value(":validated", text!("validated"))
        .value(":one", 1);
    if let Err(error) = context.dynamodb(end).await
        && error.error.code != CONDITION_FAILED
    {
        return Err(error.into());
    }
    Ok(json!({"outcome": text_of(&row, "outcome"), "told": text_of(&row, "told")}))
}

/// Sets the outcome unless there is one; the row as it then is.
async fn first_outcome(
    context: &Context,
    order_id: &Arc<str>,
    outcome: &Arc<str>,
    told: &Arc<str>,
) -> Result<Item, FunctionError> {
    let update = row(order_id)
        .update("SET outcome = if_not_exists(outcome, :outcome), told = if_not_exists(told, :told)")
        .value(":outcome", outcome)
        .value(":told", told);
    attributes(context.dynamodb(update).await?.attributes())
}

/// Resumes the workflow; a token that nobody waits for is nobody's loss.
async fn answer(
    context: &Context,
    token: &Arc<str>,
    order_id: &Arc<str>,
    row: &Attributes,
) -> Result<(), FunctionError> {
    let told = text_of(row, "told");
    let outcome = if text_of(row, "outcome") == "success" {
        TaskOutcome::Success { output: json!({"orderId": order_id, "told": told}) }
    } else {
        TaskOutcome::Failure { error: Some(text!("ExternalProcessFailed")), cause: Some(told.into()) }
    };
    match context.step_functions(Request::SendTask(SendTask { token: token.clone(), outcome })).await {
        Err(error) if !matches!(error.error.code, "TaskTimedOut" | "TaskDoesNotExist") => Err(error.into()),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// An update of the order's row, which answers with all of it.
fn row(order_id: &Arc<str>) -> UpdateItem {
    UpdateItem::new(TOKENS).key(text!("orderId"), order_id).return_values(ReturnValues::AllNew)
}

fn attributes(row: Option<&Item>) -> Result<Item, FunctionError> {
    row.cloned().ok_or_else(|| FunctionError::new("KeyError", "'Attributes'"))
}

fn text_of<'r>(row: &'r Attributes, name: &str) -> &'r str {
    row.get(name).and_then(AttributeValue::as_str).unwrap_or_default()
}
