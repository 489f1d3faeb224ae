//! The order system of the worked example: native handlers for its functions.
//!
//! The folders `orders` and `orders-naive` beside this source hold templates and scenarios; their functions are written in
//! Python. Here are the same functions in Rust, for tests and speed: the same calls in the same order, so a script of
//! deviations means the same to both.

mod event;
pub mod orders;
pub mod orders_callback;
pub mod orders_naive;
pub mod orders_parallel;
pub mod orders_queued;
pub mod shoppers;
