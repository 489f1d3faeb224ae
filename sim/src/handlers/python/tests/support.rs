//! A small world for the tests: drives a host, answers its steps, numbers its invocations.

use rehearsal_engine::Json;

use super::{Answer, FunctionSource, HostError, Options, PythonHost, Start, Step};
use crate::world::Millis;

pub(super) const TIMEOUT_MS: u64 = 3000;

/// An inline function `name` with the handler `index.handler`.
pub(super) fn function(name: &str, code: &str) -> FunctionSource {
    let environment = vec![("TABLE".into(), "Orders".into())];
    FunctionSource { environment, ..FunctionSource::inline(name, "index.handler", code.into()) }
}

/// A host with a clock; every invocation gets a number, an environment of its own number unless told otherwise.
pub(super) struct Driver {
    pub host: PythonHost,
    pub now_ms: u64,
    pub invocations: u32,
}

impl Driver {
    pub fn new(functions: &[FunctionSource]) -> Driver {
        Driver::with_options(functions, &Options::default())
    }

    pub fn with_options(functions: &[FunctionSource], options: &Options) -> Driver {
        let host = PythonHost::spawn_with(functions, options).expect("python3 is on the path");
        Driver { host, now_ms: Millis::START.0, invocations: 0 }
    }

    /// A host of one function.
    pub fn of(code: &str) -> Driver {
        Driver::new(&[function("subject", code)])
    }

    /// Starts an invocation in environment `environment`; returns its number and first step.
    pub fn start_in(&mut self, function: usize, environment: u32, event: &Json) -> Result<(u32, Step), HostError> {
        self.invocations += 1;
        let invocation = self.invocations;
        let request_id = format!("{invocation:08}-0000-4000-8000-000000000000");
        let step = self.host.start(Start {
            invocation,
            function,
            environment,
            fresh: false,
            event,
            request_id: &request_id,
            deadline_ms: self.now_ms + TIMEOUT_MS,
            now_ms: self.now_ms,
            entropy: u64::from(invocation),
            memory_mb: 128,
            function_arn: "arn:aws:lambda:eu-west-1:123456789012:function:subject",
        })?;
        Ok((invocation, step))
    }

    /// Starts one in environment 0.
    pub fn start(&mut self, event: &Json) -> (u32, Step) {
        self.start_in(0, 0, event).expect("the host goes on")
    }

    pub fn resume(&mut self, invocation: u32, answer: Answer) -> Step {
        self.host.resume(invocation, answer, self.now_ms).expect("the host goes on")
    }

    /// Runs one invocation to its end; calls are answered by `answer`, sleeps pass, draws are one half.
    pub fn run_with(&mut self, function: usize, event: &Json, answer: impl Fn(&Step) -> Answer) -> Step {
        let (invocation, mut step) = self.start_in(function, 0, event).expect("the host goes on");
        loop {
            let answer = match &step {
                Step::Call { .. } => answer(&step),
                Step::Sleep { ms } => {
                    self.now_ms += ms;
                    Answer::Woke
                }
                Step::Random => Answer::Random(0.5),
                _ => return step,
            };
            step = self.resume(invocation, answer);
        }
    }

    /// Runs one that makes no calls.
    pub fn run(&mut self, event: &Json) -> Step {
        self.run_with(0, event, |step| panic!("unexpected {step:?}"))
    }

    /// Runs one and returns its result.
    pub fn result(&mut self, event: &Json) -> Json {
        match self.run(event) {
            Step::Returned(result) => result,
            step => panic!("expected a result, got {step:?}"),
        }
    }

    /// Runs one and returns the error it reports.
    pub fn failure(&mut self, event: &Json) -> Json {
        match self.run(event) {
            Step::Failed { payload } => payload,
            step => panic!("expected a failure, got {step:?}"),
        }
    }

    /// Runs many at once, each in its own environment; `choose` picks which of those in flight goes on. Returns the
    /// transcript: every step with its invocation's place.
    pub fn run_many(
        &mut self,
        starts: &[(usize, Json)],
        choose: &mut dyn FnMut(usize) -> usize,
        mut answer: impl FnMut(&Step) -> Answer,
    ) -> Vec<(usize, Step)> {
        let mut transcript = Vec::new();
        let mut waiting = Vec::new();
        for (place, (function, event)) in starts.iter().enumerate() {
            let (invocation, step) = self.start_in(*function, place as u32, event).expect("the host goes on");
            transcript.push((place, step.clone()));
            waiting.push((place, invocation, step));
        }
        waiting.retain(|(_, _, step)| !is_end(step));
        while !waiting.is_empty() {
            let at = choose(waiting.len()).min(waiting.len() - 1);
            let (place, invocation, step) = &mut waiting[at];
            let reply = match step {
                Step::Sleep { ms } => {
                    self.now_ms += *ms;
                    Answer::Woke
                }
                Step::Random => Answer::Random(0.5),
                _ => answer(step),
            };
            *step = self.host.resume(*invocation, reply, self.now_ms).expect("the host goes on");
            transcript.push((*place, step.clone()));
            if is_end(step) {
                waiting.remove(at);
            }
        }
        transcript
    }
}

pub(super) fn is_end(step: &Step) -> bool {
    !matches!(step, Step::Call { .. } | Step::Sleep { .. } | Step::Random)
}
