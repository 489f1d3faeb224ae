//! AWS Lambda: synchronous and asynchronous invocations, environments, timeouts, and the faults between two calls.
//!
//! Runs a function through a handler [`Host`](crate::handlers::Host), step by step: every service call of a handler is
//! an entry of the world's queue, so that two handlers interleave at every call, and one can be killed at any. What a
//! function is (its code, its role, its timeout) comes from the template.

mod api;
mod asynchronous;
mod destinations;
mod environments;
mod invocation;
mod pollers;
mod service;
mod sources;

pub use api::{Function, Invoke, InvokeResponse, Mode, Target};
pub use service::Lambda;
pub use sources::{Destination, EventSource, Source, StreamSource};
