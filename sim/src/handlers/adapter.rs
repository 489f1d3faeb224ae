use std::collections::BTreeMap;
use std::sync::Arc;

use super::python::{self, PythonHost};
use super::{Host, HostError, Start, Step, Wake};
use crate::services::Request;
use crate::world::{Millis, uuid};

/// Runs the template's own Python: turns the worker's calls in JSON into requests of the world, and answers back.
pub struct PythonHandlers {
    host: PythonHost,
    functions: Vec<Signature>,
    /// Of the invocations in flight whose clocks are off: by how much.
    skews_ms: BTreeMap<u32, i64>,
}

/// What an invocation of a function needs to know beside its code.
#[derive(Clone, Debug)]
pub struct Signature {
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its memory.
    pub memory_mb: u32,
}

impl PythonHandlers {
    /// Handlers of `functions`, in the order of the scenario, run by `host`, which has them in the same order.
    pub fn new(host: PythonHost, functions: Vec<Signature>) -> PythonHandlers {
        PythonHandlers { host, functions, skews_ms: BTreeMap::new() }
    }

    /// Turns the worker's step into one of the world; a call that no service understands is answered at once.
    fn follow(&mut self, invocation: u32, mut step: python::Step, now: Millis) -> Result<Step, HostError> {
        loop {
            match step {
                python::Step::Call { service, operation, parameters, sdk } => {
                    match Request::parse(&service, &operation, &parameters) {
                        Ok(request) => return Ok(Step::Call { request, sdk }),
                        Err(error) => step = self.answer(invocation, python::Answer::Error(error), now)?,
                    }
                }
                python::Step::Sleep { ms } => return Ok(Step::Sleep { ms }),
                python::Step::Random => return Ok(Step::Random),
                python::Step::Returned(payload) => return Ok(Step::Returned(payload)),
                python::Step::Failed { payload } => return Ok(Step::Failed(payload)),
                python::Step::Exited { status } => return Ok(Step::Exited { status }),
            }
        }
    }

    fn answer(&mut self, invocation: u32, answer: python::Answer, now: Millis) -> Result<python::Step, HostError> {
        self.host.resume(invocation, answer, now.0).map_err(unusable)
    }
}

impl Host for PythonHandlers {
    fn start(&mut self, start: &Start<'_>) -> Result<Step, HostError> {
        let Some(signature) = self.functions.get(start.function as usize) else {
            return Err(HostError(format!("there is no function number {}", start.function)));
        };
        let request_id = uuid(start.request, start.request.rotate_left(32) ^ 0x5bd1_e995);
        let step = self.host.start(python::Start {
            invocation: start.invocation,
            function: start.function as usize,
            environment: start.environment,
            fresh: start.fresh,
            event: start.event,
            request_id: &request_id,
            deadline_ms: start.seen(start.deadline).0,
            now_ms: start.seen(start.now).0,
            entropy: start.entropy,
            memory_mb: signature.memory_mb,
            function_arn: &signature.arn,
        });
        if start.skew_ms != 0 {
            self.skews_ms.insert(start.invocation, start.skew_ms);
        }
        self.follow(start.invocation, step.map_err(unusable)?, start.seen(start.now))
    }

    fn resume(&mut self, invocation: u32, wake: Wake, now: Millis) -> Result<Step, HostError> {
        let answer = match wake {
            Wake::Answer(Ok(response)) => python::Answer::Response(response.to_json()),
            Wake::Answer(Err(error)) => python::Answer::Error(error),
            Wake::Slept => python::Answer::Woke,
            Wake::Random(value) => python::Answer::Random(value),
        };
        let skew_ms = self.skews_ms.get(&invocation).copied().unwrap_or_default();
        let now = super::skewed(now, skew_ms);
        let step = self.answer(invocation, answer, now)?;
        self.follow(invocation, step, now)
    }

    fn abandon(&mut self, invocation: u32) {
        self.host.abandon(invocation);
    }

    fn notices(&self) -> &[python::Notice] {
        self.host.notices()
    }

    fn take_log(&mut self, invocation: u32) -> Option<String> {
        self.host.take_log(invocation)
    }

    fn reset(&mut self) {
        self.skews_ms.clear();
        self.host.reset();
    }
}

fn unusable(error: python::HostError) -> HostError {
    HostError(error.to_string())
}
