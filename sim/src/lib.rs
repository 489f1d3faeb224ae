//! Deterministic simulation testing for Step Functions and EventBridge workflows.
//!
//! Point it at the template that you deploy. It runs the workflow through thousands of bad days, each from a seed,
//! checks what must hold after every change, and hands you the seed of the day that broke it.
//!
//! A scenario is a folder with a CloudFormation template and a `scenario.yaml` that says who does what and what must
//! hold. The command `rehearsal check` sweeps it with the template's own Python; [`harness::Harness`] does the same in
//! Rust, with handlers, workload and invariants in Rust where that is wanted:
//!
//! ```no_run
//! use std::path::Path;
//!
//! use rehearsal::handlers::{Context, FunctionError, Registry};
//! use rehearsal::harness::Harness;
//! use rehearsal_engine::{Json, json};
//!
//! async fn validate(_: Context, order: Json) -> Result<Json, FunctionError> {
//!     match order.get("orderId") {
//!         Some(_) => Ok(json!({"isValid": true})),
//!         None => Err(FunctionError::new("InvalidOrder", "the order lacks orderId")),
//!     }
//! }
//!
//! let harness = Harness::load(Path::new("scenarios/orders")).unwrap_or_else(|problems| panic!("{problems}"));
//! let harness = harness.native(|| Registry::default().with("order-validation", validate));
//! let sweep = harness.sweep(0, 10_000, 4).unwrap_or_else(|error| panic!("{error}"));
//! assert!(sweep.findings.is_empty(), "{:#?}", sweep.findings);
//! ```
//!
//! What lives where: [`template`] and [`scenario`] read files, [`harness`] builds a [`world`] from them, [`services`] are
//! the simulated AWS, [`handlers`] run functions, [`explore`] tries seeds, [`report`] says what came of it. The languages
//! (Amazon States Language, JSONPath, event patterns) are in the crate `rehearsal_engine`, which knows no world.

pub mod commands;
pub mod diagnostics;
pub mod explore;
pub mod handlers;
pub mod harness;
pub mod iam;
pub mod lint;
pub mod report;
pub mod scenario;
pub mod services;
pub mod template;
pub mod testing;
pub mod world;
