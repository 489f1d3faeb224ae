//! The handlers of `orders`, the mended design. `orders/README.md` beside the template argues why it holds.
//!
//! One file a function; `store` has what they share: the arrows of the status machine, each a conditional write.

mod fulfillment;
mod inventory;
mod payment;
mod promises;
mod reconciler;
mod store;
mod validation;

use std::sync::Arc;

use rehearsal::handlers::{Context, FunctionError, Registry};
use rehearsal_engine::Json;

pub use promises::invariants;

use crate::event::Published;

/// The native handlers, by the names of their functions.
pub fn handlers() -> Registry {
    Registry::default()
        .with("order-validation", validation::handle)
        .with("inventory-check", inventory::handle)
        .with("payment-processing", payment::handle)
        .with("fulfillment-processing", fulfillment::handle)
        .with("order-reconciler", reconciler::handle)
}

/// Publishes, and takes a refusal by the bus for an error, so that somebody tries again.
async fn publish(
    context: &Context,
    source: Arc<str>,
    detail_type: Arc<str>,
    detail: Json,
) -> Result<(), FunctionError> {
    match crate::event::publish(context, source, detail_type, detail).await? {
        Published::Accepted => Ok(()),
        Published::Refused { code } => Err(FunctionError::new("NotPublished", &*code)),
    }
}
