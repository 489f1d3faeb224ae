use rehearsal::handlers::{Context, FunctionError};
use rehearsal::services::dynamodb::{AttributeValue, Attributes, PutItem};
use rehearsal_engine::{Json, json, text};

use super::store::{CONDITION_FAILED, ORDERS, Quantities, stored_order, text_of};
use crate::event::{member, now_seconds, text};

const REQUIRED: [&str; 4] = ["orderId", "customerId", "items", "totalAmount"];

/// AWS: a transaction holds 100 actions; one is the order's, one the payment's.
const PRODUCTS_MAX: usize = 98;

/// Stores the order as `validated`, once, and says whether this execution owns it.
pub(super) async fn handle(context: Context, event: Json) -> Result<Json, FunctionError> {
    let (order, execution) = (member(&event, "order")?, text(&event, "execution")?);
    let quantities = check(order)?;
    let order_id = text(order, "orderId")?;
    let row = Attributes::from([
        (text!("orderId"), plain(member(order, "orderId")?)?),
        (text!("customerId"), plain(member(order, "customerId")?)?),
        (text!("items"), plain(member(order, "items")?)?),
        (
            text!("quantities"),
            quantities.iter().map(|(product, n)| (product.clone(), *n)).collect::<Attributes>().into(),
        ),
        (text!("totalAmount"), plain(member(order, "totalAmount")?)?),
        (text!("status"), text!("validated").into()),
        (text!("execution"), execution.into()),
        (text!("updatedAt"), now_seconds(&context).into()),
    ]);
    let put = PutItem::new(ORDERS, row).condition("attribute_not_exists(orderId)");
    let is_duplicate = match context.dynamodb(put).await {
        Ok(_) => false,
        // Stored already: by an earlier attempt of this execution, or by another execution, which then owns the order.
        Err(error) if error.error.code == CONDITION_FAILED => {
            text_of(&*stored_order(&context, order_id).await?, "execution") != &**execution
        }
        Err(error) => return Err(error.into()),
    };
    let quantities = Json::from_pairs(quantities.into_iter().map(|(product, n)| (product, n.into())));
    Ok(json!({
        "isValid": true,
        "isDuplicate": is_duplicate,
        "order": {
            "orderId": order_id,
            "customerId": member(order, "customerId")?.clone(),
            "quantities": quantities,
            "totalAmount": member(order, "totalAmount")?.clone(),
        },
    }))
}

/// The pieces ordered of each product: a transaction may touch an item only once.
fn check(order: &Json) -> Result<Quantities, FunctionError> {
    let missing: Vec<&str> = REQUIRED.into_iter().filter(|name| order.get(name).is_none_or(is_falsy)).collect();
    if !missing.is_empty() {
        return Err(invalid(format!("the order lacks {}", missing.join(", "))));
    }
    let mut quantities = Quantities::new();
    for item in member(order, "items")?.as_array().unwrap_or_default() {
        let quantity = item.get("quantity").and_then(Json::as_i64).unwrap_or(0);
        let Some(Json::String(product)) = item.get("productId").filter(|product| !is_falsy(product) && quantity >= 1)
        else {
            return Err(invalid("an item needs a productId and a quantity of one or more"));
        };
        match quantities.iter_mut().find(|(known, _)| known == product) {
            Some((_, sum)) => *sum = sum.saturating_add(quantity),
            None => quantities.push((product.clone(), quantity)),
        }
    }
    if quantities.len() > PRODUCTS_MAX {
        return Err(invalid(format!("an order may hold {PRODUCTS_MAX} products")));
    }
    Ok(quantities)
}

fn invalid(message: impl Into<String>) -> FunctionError {
    FunctionError::new("InvalidOrder", message)
}

/// What Python takes for false.
fn is_falsy(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Bool(value) => !value,
        Json::Number(_) => json.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(array) => array.is_empty(),
        Json::Object(object) => object.is_empty(),
    }
}

fn plain(json: &Json) -> Result<AttributeValue, FunctionError> {
    AttributeValue::from_plain(json).map_err(|message| FunctionError::new("TypeError", message))
}
