//! The command line as a person meets it: the built program in a folder of its own, and what it prints.

mod bad_input;
mod check;
mod eval;
mod flags;
mod lint;
mod match_events;
mod mocks;
mod replay;
mod reports;
mod retrace;
mod run;
mod shop;
