//! What a Lambda function runs: native async Rust, the template's own Python, or a mock. All three see the same: an
//! event, a context, and services that answer through the world.

mod adapter;
pub mod entropy;
mod hosting;
pub mod mock;
mod native;
pub mod python;
mod sdk;

use std::fmt;

use rehearsal_engine::Json;

use crate::services::{Answer, Request};
use crate::world::Millis;

pub use adapter::{PythonHandlers, Signature};
pub use entropy::Entropy;
pub(crate) use hosting::hosted;
pub use native::{CallError, Context, FunctionError, NativeHost, Registry};
pub use sdk::Sdk;

/// One invocation as a handler sees it.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The invocation, for everything that follows.
    pub invocation: u32,
    /// The function's index in the scenario.
    pub function: u32,
    /// The Lambda environment it runs in: module state lives per environment.
    pub environment: u32,
    /// Whether the environment is new: its module is executed afresh.
    pub fresh: bool,
    /// The event.
    pub event: &'a Json,
    /// Keys whatever the handler takes for entropy.
    pub entropy: u64,
    /// Keys the request id: the same for every attempt of an asynchronous event.
    pub request: u64,
    /// When the invocation is cut off.
    pub deadline: Millis,
    /// Now.
    pub now: Millis,
    /// How far the clock of its environment is ahead of that; negative when it is behind.
    pub skew_ms: i64,
}

impl Start<'_> {
    /// What the environment's clock shows at `at`.
    fn seen(&self, at: Millis) -> Millis {
        skewed(at, self.skew_ms)
    }
}

/// What a clock that is `skew_ms` ahead shows at `at`.
fn skewed(at: Millis, skew_ms: i64) -> Millis {
    Millis(at.0.saturating_add_signed(skew_ms))
}

/// What a handler does next.
#[derive(Debug)]
pub enum Step {
    /// It calls a service and waits.
    Call {
        /// What it asks for.
        request: Request,
        /// What its SDK does when the call fails or lasts.
        sdk: Sdk,
    },
    /// It sleeps.
    Sleep {
        /// For this long.
        ms: u64,
    },
    /// It asks for a random number in 0..1.
    Random,
    /// It returned.
    Returned(Json),
    /// It raised: the payload that Lambda reports.
    Failed(Json),
    /// Its process ended.
    Exited {
        /// The exit status.
        status: i32,
    },
}

/// What a handler waited for.
#[derive(Debug)]
pub enum Wake {
    /// The answer to its call.
    Answer(Answer),
    /// The end of its sleep.
    Slept,
    /// A random number in 0..1.
    Random(f64),
}

/// Something that runs handlers, one step at a time.
pub trait Host {
    /// Starts an invocation and runs it to its first step.
    fn start(&mut self, start: &Start<'_>) -> Result<Step, HostError>;

    /// Gives an invocation what it waited for and runs it to its next step.
    fn resume(&mut self, invocation: u32, wake: Wake, now: Millis) -> Result<Step, HostError>;

    /// Drops an invocation that was killed: whatever it would still do never happens.
    fn abandon(&mut self, invocation: u32);

    /// Whether handlers run inside this process, where the time they see must be made virtual.
    fn is_native(&self) -> bool {
        false
    }

    /// What handlers did that the world does not control, each kind of thing once.
    fn notices(&self) -> &[python::Notice] {
        &[]
    }

    /// What an invocation has printed since this was last asked.
    fn take_log(&mut self, _invocation: u32) -> Option<String> {
        None
    }

    /// Forgets every environment and invocation, between two runs.
    fn reset(&mut self);
}

/// A handler, or what runs it, cannot be used: the check ends, and no fault of the workflow is claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostError(pub String);

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for HostError {}
