//! Deterministic simulation testing for Step Functions and EventBridge workflows.

pub mod services;
pub mod world;
