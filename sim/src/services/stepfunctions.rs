//! AWS Step Functions: executions of the template's state machines, driven by the engine's interpreter.
//!
//! The interpreter says what to invoke and when to wake it; this folder turns a task's resource into a request to
//! another service, its answer into the task's outcome in Step Functions' words, and timers into entries of the queue.

mod activities;
mod api;
mod effects;
mod environment;
mod executions;
mod journal;
mod keyed;
mod measures;
mod nested;
mod points;
mod queries;
mod service;
mod status_change;
mod tasks;

pub use activities::Activity;
pub use api::{Machine, Page, Request, SendTask, StartExecution, TaskOutcome};
pub use executions::{ExecutionRecord, OpenToken, StateMachine};
pub use measures::task_family;
pub use points::{MachinePoints, Point, PointKind};
pub use service::StepFunctions;
pub use tasks::{Found, TaskAnswer, TaskMock, TaskPlan};
