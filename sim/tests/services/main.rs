//! The services of the world, seen from outside: a small template is deployed, something happens to it, and the world is
//! looked at. One file per service; `support` writes the template and reads the world.

#![allow(clippy::needless_pass_by_value, reason = "helpers take JSON as it is written at the call")]

mod actors;
mod archive;
mod clients;
mod cloudwatch;
mod destinations;
mod dynamodb;
mod eventbridge;
mod expiry;
mod faults;
mod iam;
mod lambda;
mod moves;
mod on_demand_metrics;
mod pipeline;
mod python;
mod qualifiers;
mod rule_metrics;
mod rule_targets;
mod rules;
mod scheduler;
mod sdk;
mod sns;
mod sqs;
mod stepfunctions;
mod streams;
mod support;
mod world;
