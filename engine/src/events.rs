//! The EventBridge languages: event patterns, rule matching, input transformers, schedules and the event envelope.
//!
//! What lives here is pure text and value work: a pattern is compiled and asked, a template is compiled and filled, a
//! schedule says when it is due next. Buses, targets, deliveries and their retries live in the crate `rehearsal`, whose
//! EventBridge service calls this; the command line's `match` calls it directly.

mod calendar;
mod envelope;
mod matcher;
mod pattern;
mod schedule;
mod tokens;
mod transformer;

pub(crate) use envelope::seconds_text;
pub use envelope::{EnvelopeError, Event};
pub use matcher::{MalformedEvent, RuleMatcher};
pub use pattern::{BRANCHES_MAX, Explanation, Pattern, Rejection, UnmetField};
pub use schedule::{InvalidSchedule, Schedule};
pub use transformer::{Delivery, InputPath, InputTransformer, NotDeliverable, Reserved, TransformerError};
