//! What every handler needs: members of its event, instants in its writes, and notifications on the bus.

use std::sync::Arc;

use rehearsal::handlers::{CallError, Context, FunctionError};
use rehearsal::services::eventbridge::{EntryResult, PutEntry};
use rehearsal_engine::{Json, text};

const BUS: &str = "ecommerce-orders";

/// The member `name`, which Python would read as `event['name']`.
pub(crate) fn member<'j>(json: &'j Json, name: &str) -> Result<&'j Json, FunctionError> {
    json.get(name).ok_or_else(|| FunctionError::new("KeyError", format!("'{name}'")))
}

/// The member `name`, a string.
pub(crate) fn text<'j>(json: &'j Json, name: &str) -> Result<&'j Arc<str>, FunctionError> {
    match member(json, name)? {
        Json::String(text) => Ok(text),
        _ => Err(FunctionError::new("TypeError", format!("'{name}' is not a string"))),
    }
}

/// The member `name`, a whole number.
pub(crate) fn whole(json: &Json, name: &str) -> Result<i64, FunctionError> {
    member(json, name)?
        .as_i64()
        .ok_or_else(|| FunctionError::new("TypeError", format!("'{name}' is not a whole number")))
}

/// The items of an order.
pub(crate) fn items(order: &Json) -> Result<&[Json], FunctionError> {
    member(order, "items")?.as_array().ok_or_else(|| FunctionError::new("TypeError", "'items' is not a list"))
}

/// Seconds since 1970, as Python's `int(time.time())`.
pub(crate) fn now_seconds(context: &Context) -> i64 {
    (context.now().0 / 1000) as i64
}

/// The time as Python's `datetime.now(timezone.utc).isoformat()` writes it.
pub(crate) fn isoformat(context: &Context) -> String {
    let mut text = context.now().to_iso();
    // Python leaves a fraction of zero out and writes any other in microseconds.
    text.pop();
    match text.strip_suffix(".000") {
        Some(whole) => text.truncate(whole.len()),
        None => text.push_str("000"),
    }
    text.push_str("+00:00");
    text
}

/// Puts one event, with the time in its `detail`, on the shop's bus; the answer says whether the bus took it.
pub(crate) async fn publish(
    context: &Context,
    source: Arc<str>,
    detail_type: Arc<str>,
    mut detail: Json,
) -> Result<Published, CallError> {
    if let Some(members) = detail.make_object() {
        members.insert(text!("timestamp"), isoformat(context).into());
    }
    let entry = PutEntry::new(text!(BUS), source, detail_type, detail);
    let response = context.put_events(vec![entry]).await?;
    Ok(match response.entries.into_iter().next() {
        Some(EntryResult::Failed { code, .. }) => Published::Refused { code: code.into() },
        Some(EntryResult::Accepted { .. }) | None => Published::Accepted,
    })
}

/// What the bus made of an event.
pub(crate) enum Published {
    Accepted,
    Refused { code: Arc<str> },
}
