//! Tests of whole scenarios: what the order system promises, that its bugs are found, and that runs repeat.
//!
//! Handlers are native unless a test says otherwise.

mod agreement;
mod callback;
mod clients;
mod determinism;
mod long_running;
mod lost_update;
mod monitored;
mod parallel;
mod planted;
mod promises;
mod published;
mod queued;
mod scripts;
mod snapshots;
mod support;
mod verdicts;
