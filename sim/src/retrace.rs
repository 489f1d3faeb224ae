//! A recorded history run again: the same definition, with everything that came from outside taken from the recording.
//!
//! [`Recording`] reads what `aws stepfunctions get-execution-history` prints. [`retrace`] starts the definition with the
//! recorded input and tells it, event by event, how its tasks ended and which line of control came next (`replay`).
//! Values that AWS made (UUIDs, tokens, random numbers, names of executions and Map Runs) stand in the recording only by
//! their effects: they are drawn, compared with what was recorded (`same`), and the run starts over with what was learnt
//! (`learn`). Nothing here reads files or prints: the command `retrace` does.

mod learn;
mod recording;
mod replay;
mod same;

use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::Program;
use rehearsal_engine::execution::WorkflowType;

pub use recording::Recording;

/// What came of running a recording again.
#[derive(Clone, Debug)]
pub struct Retraced {
    /// Our history, as `GetExecutionHistory` returns it.
    pub history: Json,
    /// Where it first differs from the recording, timestamps aside.
    pub difference: Option<Difference>,
}

/// The first place where two histories differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Difference {
    /// The number of the event.
    pub id: u64,
    /// The member that differs: `stateExitedEventDetails.output.total`; empty for the event as a whole.
    pub place: String,
    /// The recorded event; `None` when the recording ended before it.
    pub recorded: Option<Json>,
    /// Our event; `None` when we ended before it.
    pub ours: Option<Json>,
}

/// Runs `recording` again.
pub fn retrace(program: &Arc<Program>, recording: &Recording, workflow_type: WorkflowType) -> Retraced {
    let (history, difference) = learn::settled(program, recording, workflow_type);
    Retraced { history, difference }
}

#[cfg(test)]
mod tests;
