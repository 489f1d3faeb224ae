//! The world that the languages run in: virtual clock, queue, decisions, faults, trace and invariants.

mod time;

pub use time::Millis;
