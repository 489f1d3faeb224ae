//! What executions without a world need: chance by a key, and the error texts of functions. `run`, `eval` and
//! [`crate::retrace`] use it; nothing of a simulation lives here.

mod chance;
mod runtime_text;

pub(crate) use chance::{key, unit, uuid};
pub(crate) use runtime_text::cause_of;
