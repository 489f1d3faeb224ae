//! Deterministic simulation testing for Step Functions and EventBridge workflows.
//!
//! Point it at the template that you deploy. It runs the workflow through thousands of bad days, each from a seed,
//! checks what must hold after every change, and hands you the seed of the day that broke it.
//!
//! This page is a tutorial of ten minutes. It tests a workflow that sells the seats of a theatre, finds that it sells one
//! twice, and mends it. Everything on it compiles and runs.
//!
//! # 1. A template and a scenario
//!
//! A scenario is a folder with the CloudFormation or SAM template that you deploy, and a `scenario.yaml` beside it. In a
//! test of your own, [`testing::load`] reads that folder. Here both are texts, so that they can be seen:
//!
//! ```
//! const TEMPLATE: &str = r#"
//! Resources:
//!   Seats:
//!     Type: AWS::DynamoDB::Table
//!     Properties:
//!       TableName: Seats
//!       BillingMode: PAY_PER_REQUEST
//!       AttributeDefinitions: [{AttributeName: play, AttributeType: S}]
//!       KeySchema: [{AttributeName: play, KeyType: HASH}]
//!   SellerRole:
//!     Type: AWS::IAM::Role
//!     Properties:
//!       AssumeRolePolicyDocument:
//!         Statement: [{Effect: Allow, Principal: {Service: lambda.amazonaws.com}, Action: 'sts:AssumeRole'}]
//!       Policies:
//!         - PolicyName: SellSeats
//!           PolicyDocument:
//!             Statement: [{Effect: Allow, Action: ['dynamodb:GetItem', 'dynamodb:UpdateItem'], Resource: !GetAtt Seats.Arn}]
//!   Seller:
//!     Type: AWS::Lambda::Function
//!     Properties:
//!       FunctionName: seller
//!       Runtime: provided.al2023
//!       Handler: bootstrap
//!       Role: !GetAtt SellerRole.Arn
//!       Code: {S3Bucket: releases, S3Key: seller.zip}
//!   SalesRole:
//!     Type: AWS::IAM::Role
//!     Properties:
//!       AssumeRolePolicyDocument:
//!         Statement: [{Effect: Allow, Principal: {Service: states.amazonaws.com}, Action: 'sts:AssumeRole'}]
//!       Policies:
//!         - PolicyName: Sell
//!           PolicyDocument:
//!             Statement: [{Effect: Allow, Action: 'lambda:InvokeFunction', Resource: !GetAtt Seller.Arn}]
//!   Sales:
//!     Type: AWS::StepFunctions::StateMachine
//!     Properties:
//!       StateMachineName: Sales
//!       RoleArn: !GetAtt SalesRole.Arn
//!       DefinitionString: !Sub |
//!         {"StartAt": "Sell", "States": {"Sell": {"Type": "Task", "Resource": "${Seller.Arn}", "End": true,
//!           "Retry": [{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3}]}}}
//! "#;
//!
//! const SCENARIO: &str = r#"
//! template: template.yaml
//! tables:
//!   Seats: [{play: Hamlet, unsold: 3}]
//! workload:
//!   - actor: visitor
//!     count: 1..4
//!     at: 0s..1s
//!     start_execution: {state_machine: Sales, input: {play: Hamlet}}
//! invariants:
//!   - name: every ticket has its seat
//!     eventually: $count(executions[output.sold = true]) <= 3 - $sum(tables.Seats.unsold)
//!   - name: somebody gets a ticket
//!     sometimes: $count(executions[output.sold = true]) > 0
//! "#;
//!
//! let harness = rehearsal::testing::scenario(&[("scenario.yaml", SCENARIO), ("template.yaml", TEMPLATE)]);
//! assert_eq!(harness.points().len(), 1);
//! ```
//!
//! The workload says who does what: one to four visitors come within a second. How many, and when, is drawn for each seed.
//! What may go wrong is the catalogue in [`world::FaultId`], unless the scenario chooses otherwise. The invariants are JSONata
//! over the state of the world.
//!
//! # 2. A handler
//!
//! Python in a template runs as it is. In a test, handlers can also be native async Rust, which is faster. What a handler
//! sees of the world is its [`handlers::Context`], and each of its calls is a place where others may come in between:
//!
//! ```
//! use rehearsal::handlers::{Context, FunctionError};
//! use rehearsal::services::dynamodb::{AttributeValue, GetItem, UpdateItem};
//! use rehearsal_engine::{Json, json, text};
//!
//! async fn sell(context: Context, event: Json) -> Result<Json, FunctionError> {
//!     let play = event.get("play").and_then(Json::as_str).unwrap_or_default();
//!     let seats = context.dynamodb(GetItem::new("Seats").key(text!("play"), play).consistent()).await?;
//!     let unsold = seats.item().and_then(|row| row.get("unsold")).and_then(AttributeValue::as_i64).unwrap_or(0);
//!     if unsold == 0 {
//!         return Ok(json!({"sold": false}));
//!     }
//!     let taken = UpdateItem::new("Seats").key(text!("play"), play).update("SET unsold = :left").value(":left", unsold - 1);
//!     context.dynamodb(taken).await?;
//!     Ok(json!({"sold": true}))
//! }
//! # let _ = sell;
//! ```
//!
//! # 3. A test that fails
//!
//! [`testing::holds`] explores: as many seeds as it is told, and with them scripts of few deviations and mutants of what
//! reached something new, as `rehearsal check` does. Here it panics:
//!
//! ```
//! # const TEMPLATE: &str = include_str!("tutorial/template.yaml");
//! # const SCENARIO: &str = include_str!("tutorial/scenario.yaml");
//! # mod seller { include!("tutorial/seller.rs"); }
//! # use seller::sell;
//! use rehearsal::handlers::Registry;
//! use rehearsal::testing;
//!
//! fn theatre() -> rehearsal::harness::Harness {
//!     let harness = testing::scenario(&[("scenario.yaml", SCENARIO), ("template.yaml", TEMPLATE)]);
//!     harness.native(|| Registry::default().with("seller", sell))
//! }
//!
//! let failure = std::panic::catch_unwind(|| testing::holds(&theatre(), 500)).expect_err("a seat is sold twice");
//! let message = failure.downcast_ref::<String>().expect("a message");
//! assert!(message.contains("broken: every ticket has its seat"), "{message}");
//! assert!(message.contains("REHEARSAL_TOKEN="), "{message}");
//! ```
//!
//! Its message is the whole day as it went, cut down to what matters, and it ends with the line that shows the same day
//! again:
//!
//! ```text
//! broken: every ticket has its seat
//!   by seed 0, at 2026-01-01T00:00:00.053Z
//! REHEARSAL_TOKEN=r1.AAAAAAAAAADVZEadlNijvHx2aXNpdG9yLmNvdW50fHNoYXBlfDE9MQ cargo test -p theatre every_seat_is_sold_once -- --exact
//! ```
//!
//! # 4. The day that broke it
//!
//! A seed is a day. It goes the same way every time, on any machine:
//!
//! ```
//! # const TEMPLATE: &str = include_str!("tutorial/template.yaml");
//! # const SCENARIO: &str = include_str!("tutorial/scenario.yaml");
//! # mod seller { include!("tutorial/seller.rs"); }
//! # use seller::sell;
//! # use rehearsal::handlers::Registry;
//! # use rehearsal::testing;
//! # fn theatre() -> rehearsal::harness::Harness {
//! #     let harness = testing::scenario(&[("scenario.yaml", SCENARIO), ("template.yaml", TEMPLATE)]);
//! #     harness.native(|| Registry::default().with("seller", sell))
//! # }
//! let seed = testing::finds(&theatre(), 500, "every ticket has its seat");
//! let run = theatre().run(seed).expect("handlers that run");
//!
//! println!("{}", testing::timeline(&run)); // what happened, a line a moment
//! println!("{}", testing::history_lines(&run, 0)); // an execution, as get-execution-history has it
//!
//! // The seed comes down to the few decisions that were not the harmless ones; they replay the day as well.
//! let script = run.world.core.script();
//! let again = theatre().replay(seed, &script).expect("handlers that run");
//! assert_eq!(again.outcome, run.outcome);
//! ```
//!
//! Two visitors read the same number of unsold seats, and both write one less.
//!
//! # 5. The mend
//!
//! The update itself must say what it relies on. A handler that was called again after a lost answer must not take a second
//! seat either: the execution's name makes the call its own.
//!
//! ```
//! # const TEMPLATE: &str = include_str!("tutorial/template.yaml");
//! # const SCENARIO: &str = include_str!("tutorial/scenario.yaml");
//! # use rehearsal::testing;
//! use rehearsal::handlers::{Context, FunctionError, Registry};
//! use rehearsal::services::dynamodb::{AttributeValue, GetItem, UpdateItem};
//! use rehearsal_engine::{Json, json, text};
//!
//! async fn sell(context: Context, event: Json) -> Result<Json, FunctionError> {
//!     let play = event.get("play").and_then(Json::as_str).unwrap_or_default();
//!     let visitor = event.get("visitor").and_then(Json::as_str).unwrap_or_default();
//!     let taken = UpdateItem::new("Seats")
//!         .key(text!("play"), play)
//!         .update("SET unsold = unsold - :one, #visitor = :one")
//!         .condition("unsold >= :one AND attribute_not_exists(#visitor)")
//!         .name("#visitor", visitor.to_owned())
//!         .value(":one", 1);
//!     match context.dynamodb(taken).await {
//!         Ok(_) => Ok(json!({"sold": true})),
//!         Err(refused) if refused.error.code == "ConditionalCheckFailedException" => {
//!             // Sold out, or sold to this very visitor before the answer was lost.
//!             let seats = context.dynamodb(GetItem::new("Seats").key(text!("play"), play).consistent()).await?;
//!             let is_mine = seats.item().and_then(|row| row.get(visitor)).and_then(AttributeValue::as_i64) == Some(1);
//!             Ok(json!({"sold": is_mine}))
//!         }
//!         Err(error) => Err(error.into()),
//!     }
//! }
//!
//! // The workflow hands its own name on: {"Parameters": {"play.$": "$.play", "visitor.$": "$$.Execution.Name"}}
//! let template = TEMPLATE.replace(
//!     r#""End": true,"#,
//!     r#""End": true, "Parameters": {"play.$": "$.play", "visitor.$": "$$.Execution.Name"},"#,
//! );
//! let harness = testing::scenario(&[("scenario.yaml", SCENARIO), ("template.yaml", &template)]);
//! testing::holds(&harness.native(|| Registry::default().with("seller", sell)), 2_000);
//! ```
//!
//! # Where to go from here
//!
//! - Keep what failed once: a file in `regressions/` beside the scenario is replayed first ([`explore::Regression`]).
//! - Draw the workload from a property test: [`testing::sends`] takes the requests, and proptest draws them. With the
//!   feature `proptest`, `explore::strategies::scripts` draws what goes wrong.
//! - Ask more of the world than JSONata can: [`world::Invariant`] takes a closure over [`world::View`].
//! - Compare histories with snapshots: [`testing::history_lines`] is made for insta.
//! - Run the same scenario with the template's own Python: `rehearsal check FOLDER`.
//!
//! # What lives where
//!
//! [`template`] and [`scenario`] read files, [`harness`] builds a [`world`] from them, [`services`] are the simulated AWS,
//! [`handlers`] run functions, [`explore`] tries seeds, [`report`] says what came of it. The languages (Amazon States
//! Language, JSONPath, event patterns) are in the crate `rehearsal_engine`, which knows no world.

pub mod commands;
pub mod diagnostics;
pub mod explore;
pub mod handlers;
pub mod harness;
pub mod iam;
pub mod lint;
mod lone;
pub mod report;
pub mod retrace;
pub mod scenario;
pub mod services;
pub mod template;
pub mod testing;
pub mod world;

#[cfg(test)]
mod tutorial;
