//! Amazon EventBridge: buses, rules, schedules and at-least-once delivery to targets.
//!
//! Patterns, transformers and schedule expressions are the engine's; here is what happens to an accepted event: it is
//! matched against every enabled rule of its bus, and each target of each matching rule gets its own delivery, which
//! may be late, repeated, refused and tried again, but is lost only by documented exhaustion.

mod api;
mod archive;
mod dead_letter;
mod delivery;
mod rules;
mod service;
mod switching;

pub(crate) use api::read_time;
pub use api::{EntryResult, PutEntry, PutEvents, PutEventsResponse};
pub use archive::{Archive, ArchiveRequest, StartReplay};
pub use rules::{Bus, DeadLetterQueue, Destination, Rule, Target, TargetInput};
pub use service::{Accepted, EventBridge, Logged};
pub use switching::{RuleQuestion, RuleRequest};
