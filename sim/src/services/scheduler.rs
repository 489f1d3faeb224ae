//! EventBridge Scheduler: schedules with time zones, windows and targets of every kind.
//!
//! `when` says at which instants a schedule is due; `service` fires it, and tries again what failed. Rules with schedules
//! are older and live in `eventbridge`: they know only UTC.

mod service;
mod target;
mod when;

pub use service::{Schedule, Scheduler};
pub use target::{Destination, Target};
pub use when::When;
