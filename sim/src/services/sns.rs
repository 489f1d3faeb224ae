//! Amazon SNS: topics, and subscriptions of queues and functions with filter policies.
//!
//! A published message is delivered to each subscription by itself, at least once and in no order; a delivery is tried
//! again for 23 days when the endpoint's service fails, and given up at once (to the subscription's dead-letter queue, if
//! it has one) when the endpoint refuses. Addresses outside of AWS (mail, phones, web hooks) are noted as reached.

mod api;
mod delivery;
mod envelope;
mod filter;
mod service;

pub use api::{
    Endpoint, Protocol, Publish, PublishEntry, PublishResponse, Published, Request, SubscriptionSettings, TopicSettings,
};
pub use filter::{FilterError, FilterPolicy, FilterScope};
pub use service::{Notification, Sns};
