//! Step Functions: how tasks call, what comes back, what ends an execution, and what others see of it.

mod callbacks;
mod executions;
mod integrations;
mod queries;
mod tasks;
