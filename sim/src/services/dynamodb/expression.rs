//! Expressions: conditions, filters, key conditions, projections, updates.
//!
//! Each is a small language of its own over one lexer and one parser core. An expression is compiled once for the
//! names and the types of the values that come with it; running it then needs the item and the values only. The
//! database compiles and caches; nothing here touches a table.

mod condition;
mod evaluate;
mod key_condition;
mod lexer;
mod parser;
mod path;
mod projection;
mod reserved;
mod update;

pub(crate) use condition::Condition;
pub(crate) use key_condition::{KeyCondition, RangeCondition};
pub(crate) use parser::{Kind, Symbols};
pub(crate) use projection::Projection;
pub(crate) use update::Update;
