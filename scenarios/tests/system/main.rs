//! Tests of whole scenarios: what the order system promises, that its bugs are found, and that runs repeat.
//!
//! Handlers are native unless a test says otherwise.

mod agreement;
mod determinism;
mod lost_update;
mod monitored;
mod mutants;
mod promises;
mod scripts;
mod snapshots;
mod support;
mod verdicts;
