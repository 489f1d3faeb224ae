//! The languages of Rehearsal: Amazon States Language and EventBridge event patterns.
//!
//! Everything here is pure: no clock, no input or output, no threads, no randomness, no `async`. What an interpreter
//! must not own (the time, a random draw) is lent by its caller. The world that these languages run in is the
//! crate `rehearsal`.

pub mod asl;
pub mod events;
pub mod execution;
pub mod history;
pub mod json;
pub mod lint;
pub mod query;
pub mod source;

pub use json::Json;
