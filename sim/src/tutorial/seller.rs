use rehearsal::handlers::{Context, FunctionError};
use rehearsal::services::dynamodb::{AttributeValue, GetItem, UpdateItem};
use rehearsal_engine::{Json, json, text};

pub async fn sell(context: Context, event: Json) -> Result<Json, FunctionError> {
    let play = event.get("play").and_then(Json::as_str).unwrap_or_default();
    let seats = context.dynamodb(GetItem::new("Seats").key(text!("play"), play).consistent()).await?;
    let unsold = seats.item().and_then(|row| row.get("unsold")).and_then(AttributeValue::as_i64).unwrap_or(0);
    if unsold == 0 {
        return Ok(json!({"sold": false}));
    }
    let taken = UpdateItem::new("Seats").key(text!("play"), play).update("SET unsold = :left").value(":left", unsold - 1);
    context.dynamodb(taken).await?;
    Ok(json!({"sold": true}))
}
