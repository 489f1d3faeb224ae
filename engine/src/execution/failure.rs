//! Failures: retry, catch, and the way outward.

use std::sync::Arc;

use super::flow::Stage;
use super::formula::Document;
use super::step::Then;
use super::thread::{Step, ThreadId};
use super::{Effect, Env, Execution, TimerPurpose};
use crate::asl::{Catcher, ErrorPattern, Next, Program, Retrier, State, Work};
use crate::history::{EventId, Kind};
use crate::json::{Json, Object};

/// Why a state did not succeed.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) error: Option<Arc<str>>,
    pub(super) cause: Option<Arc<str>>,
    nature: Nature,
    evaluation: Option<Evaluation>,
    /// Whether a Map Run failed, so that the Map fails as a Map.
    is_map_run: bool,
}

/// Where a JSONata field failed, for the history.
#[derive(Clone, Debug)]
struct Evaluation {
    state: Arc<str>,
    location: Option<Arc<str>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Nature {
    /// Matched by its name.
    Named,
    Timeout,
    /// Shown as `States.Timeout`, matched as `States.HeartbeatTimeout` too.
    HeartbeatTimeout,
    /// Neither retried nor caught.
    Fatal,
}

impl Failure {
    pub(super) fn named(error: Option<Arc<str>>, cause: Option<Arc<str>>) -> Failure {
        // AWS: States.Runtime is never retried or caught, whoever raises it.
        let is_runtime = error.as_deref() == Some("States.Runtime");
        Failure {
            error,
            cause,
            nature: if is_runtime { Nature::Fatal } else { Nature::Named },
            evaluation: None,
            is_map_run: false,
        }
    }

    pub(super) fn timeout() -> Failure {
        Failure {
            error: Some("States.Timeout".into()),
            cause: None,
            nature: Nature::Timeout,
            evaluation: None,
            is_map_run: false,
        }
    }

    pub(super) fn heartbeat_timeout() -> Failure {
        Failure { nature: Nature::HeartbeatTimeout, ..Failure::timeout() }
    }

    pub(super) fn fatal(error: &str, cause: String) -> Failure {
        Failure {
            error: Some(error.into()),
            cause: Some(cause.into()),
            nature: Nature::Fatal,
            evaluation: None,
            is_map_run: false,
        }
    }

    /// A JSONata field that has no value, or none that fits.
    pub(super) fn evaluation(state: Arc<str>, location: Option<Arc<str>>, cause: String) -> Failure {
        Failure {
            error: Some("States.QueryEvaluationError".into()),
            cause: Some(cause.into()),
            nature: Nature::Named,
            evaluation: Some(Evaluation { state, location }),
            is_map_run: false,
        }
    }

    /// AWS: the sentence for a payload over the limit; catchable only where a task's own result is too large.
    pub(super) fn too_large(what: &str) -> Failure {
        Failure {
            error: Some("States.DataLimitExceeded".into()),
            cause: Some(
                format!(
                    "The state/task '{what}' returned a result with a size exceeding the maximum number of bytes \
                     service limit."
                )
                .into(),
            ),
            nature: Nature::Named,
            evaluation: None,
            is_map_run: false,
        }
    }

    pub(super) fn uncatchable(self) -> Failure {
        Failure { nature: Nature::Fatal, ..self }
    }

    pub(super) fn of_map_run(self) -> Failure {
        Failure { is_map_run: true, evaluation: None, ..self }
    }

    fn matches(&self, patterns: &[ErrorPattern]) -> bool {
        patterns.iter().any(|pattern| match pattern {
            ErrorPattern::All => true,
            // AWS: stands for every error but timeouts.
            ErrorPattern::TaskFailed => self.nature == Nature::Named,
            ErrorPattern::Timeout => self.nature != Nature::Named || self.error.as_deref() == Some("States.Timeout"),
            ErrorPattern::HeartbeatTimeout => {
                self.nature == Nature::HeartbeatTimeout || self.error.as_deref() == Some("States.HeartbeatTimeout")
            }
            ErrorPattern::Name(name) => self.error.as_ref() == Some(name),
        })
    }

    /// What a catcher puts into the state's output.
    fn to_json(&self) -> Json {
        let text = |text: &Option<Arc<str>>| Json::from(text.clone());
        let cause = match (&self.cause, self.nature) {
            // AWS: a timeout has no cause in the history, but an empty one for the catcher.
            (None, Nature::Timeout | Nature::HeartbeatTimeout) => Json::from(""),
            (cause, _) => text(cause),
        };
        let mut output = Object::with_capacity(2);
        output.insert("Error".into(), text(&self.error));
        output.insert("Cause".into(), cause);
        output.into()
    }
}

impl Execution {
    /// An uncatchable `States.Runtime` in the state that `id` is in.
    pub(super) fn runtime(&self, id: ThreadId, detail: impl std::fmt::Display) -> Failure {
        Failure::fatal("States.Runtime", self.sentence(id, detail))
    }

    pub(super) fn sentence(&self, id: ThreadId, detail: impl std::fmt::Display) -> String {
        let thread = self.thread(id);
        let name = self.program.at(thread.state).name();
        let event = thread.entered_event;
        format!("An error occurred while executing the state '{name}' (entered at the event id #{event}). {detail}")
    }

    /// Handles the failure of the state that `id` is in, caused by the thread's newest event.
    pub(super) fn fail(&mut self, program: &Program, id: ThreadId, failure: Failure, env: &mut dyn Env) -> Then {
        let state = program.at(self.thread(id).state);
        let is_starting = self.thread(id).last_event == self.thread(id).entered_event;
        self.record_evaluation(id, &failure, env);
        let by = self.thread(id).last_event;
        if let Some(then) = self.retry(state, id, &failure, by, env) {
            return then;
        }
        // AWS: a Map whose own fields fail in JSONata fails as a Map; one that fails in JSONPath does not.
        let is_own = failure.evaluation.is_some() && is_starting;
        if failure.is_map_run || is_own && matches!(state.work, Work::Map(_) | Work::Parallel { .. }) {
            let state_type = state.state_type().name();
            let failed = self.history.record(by, env.now_ms(), || Kind::StateFailed { state_type });
            self.thread_mut(id).last_event = failed;
        }
        let failure = Failure { is_map_run: false, ..failure };
        self.catch_or_propagate(program, id, failure, env)
    }

    /// Records that a JSONata field failed, where that is what happened.
    pub(super) fn record_evaluation(&mut self, id: ThreadId, failure: &Failure, env: &dyn Env) {
        let Some(Evaluation { state, location }) = &failure.evaluation else { return };
        let thread = &mut self.threads[id.index()];
        let is_wait = matches!(self.program.at(thread.state).work, Work::Wait(_));
        // AWS: follows from what came before the state, but in a Wait from its entry.
        let is_first = thread.last_event == thread.entered_event && !is_wait;
        let by = if is_first { thread.before_entered } else { thread.last_event };
        thread.last_event = self.history.record(by, env.now_ms(), || Kind::EvaluationFailed {
            state: state.clone(),
            location: location.clone(),
            error: failure.error.clone().unwrap_or_default(),
            cause: failure.cause.clone().unwrap_or_default(),
        });
    }

    /// Carries a failure out of `id` into the Parallel or Map around it, and on from there.
    pub(super) fn propagate(&mut self, program: &Program, id: ThreadId, failure: Failure, env: &mut dyn Env) -> Then {
        let (mut id, mut by) = (id, self.thread(id).last_event);
        // What is not handled ends the execution, and what was open then stays, for a redrive.
        let is_handled = self.is_handled(program, id, &failure);
        loop {
            let now_ms = env.now_ms();
            let Some(fork) = self.thread(id).parent else {
                self.fail_execution(failure, by, now_ms);
                return Then::Stop;
            };
            let Some(owner) = self.record_fork_end(program, fork, id, by, now_ms) else { return Then::Stop };
            if is_handled {
                self.discard_fork(fork);
            }
            id = owner;
            let state = program.at(self.thread(id).state);
            // AWS: between the attempts of a Parallel or Map there is no …StateFailed.
            if let Some(then) = self.retry(state, id, &failure, by, env) {
                return then;
            }
            by = self.history.record(by, now_ms, || Kind::StateFailed { state_type: state.state_type().name() });
            self.thread_mut(id).last_event = by;
            if let Some(at) = catcher(state, &failure) {
                return self.catch(program, id, &failure, at, env);
            }
        }
    }

    /// Whether a Parallel or Map around `id` retries or catches the failure.
    fn is_handled(&self, program: &Program, id: ThreadId, failure: &Failure) -> bool {
        let mut fork = self.thread(id).parent;
        while let Some(owner) = fork.and_then(|fork| self.owner_of(fork)) {
            let thread = self.thread(owner);
            let state = program.at(thread.state);
            if retrier(state, failure, &thread.retried).is_some() || catcher(state, failure).is_some() {
                return true;
            }
            fork = thread.parent;
        }
        false
    }

    fn catch_or_propagate(&mut self, program: &Program, id: ThreadId, failure: Failure, env: &mut dyn Env) -> Then {
        let state = program.at(self.thread(id).state);
        match catcher(state, &failure) {
            Some(at) => self.catch(program, id, &failure, at, env),
            None => self.propagate(program, id, failure, env),
        }
    }

    /// Starts the wait before another attempt, where a retrier takes the failure.
    fn retry(
        &mut self,
        state: &State,
        id: ThreadId,
        failure: &Failure,
        by: EventId,
        env: &mut dyn Env,
    ) -> Option<Then> {
        let (at, retrier) = retrier(state, failure, &self.thread(id).retried)?;
        let thread = self.thread_mut(id);
        thread.retried.resize(state.retriers.len(), 0);
        thread.retried[at] += 1;
        let number = thread.retried[at];
        let delay_ms = self.retry_delay_ms(id, retrier, number, env);
        env.retried(self.thread(id).state, at);
        let timer = self.next_timer(id);
        let thread = self.thread_mut(id);
        // The pause belongs to the attempt that failed.
        let site = thread.site();
        thread.attempt += 1;
        thread.last_event = by;
        thread.step = Step::Work;
        thread.timer = Some(timer);
        let at_ms = env.now_ms().saturating_add(delay_ms);
        self.effects.push(Effect::SetTimer { timer, at_ms, site, purpose: TimerPurpose::Retry });
        Some(Then::Stop)
    }

    fn retry_delay_ms(&self, id: ThreadId, retrier: &Retrier, number: u64, env: &mut dyn Env) -> u64 {
        let delay_ms = retrier.delay_ms(number);
        if !retrier.full_jitter {
            return delay_ms;
        }
        // AWS: FULL jitter draws from zero to the delay, after the cap.
        let drawn = env.random(&self.thread(id).site(), Stage::Jitter.first_occurrence());
        (delay_ms as f64 * drawn) as u64
    }

    fn catch(&mut self, program: &Program, id: ThreadId, failure: &Failure, at: usize, env: &mut dyn Env) -> Then {
        let state = program.at(self.thread(id).state);
        let catcher: &Catcher = &state.catchers[at];
        env.caught(self.thread(id).state, at);
        let error_output = failure.to_json();
        // AWS: only the catcher's own ResultPath and Assign apply, to the state's raw input.
        match self.caught(id, catcher, error_output, env) {
            Ok((output, assigned)) => self.exit(program, id, output, assigned.as_ref(), Next::State(catcher.next), env),
            Err(failure) => {
                self.record_evaluation(id, &failure, env);
                self.propagate(program, id, failure, env)
            }
        }
    }

    /// The output of a caught error, and the variables it sets.
    fn caught(
        &self,
        id: ThreadId,
        catcher: &Catcher,
        error_output: Json,
        env: &mut dyn Env,
    ) -> Result<(Json, Option<Json>), Failure> {
        let document = Document::ErrorOutput;
        let assigned = self.assigned(id, catcher.assign.as_ref(), &error_output, document, Stage::Assign, env)?;
        let output = match &catcher.output {
            Some(output) => self.evaluated(id, output, &error_output, document, self.view(id), Stage::Catch, env)?,
            None => self.placed(id, &catcher.result_path, error_output)?,
        };
        Ok((output, assigned))
    }
}

/// The retrier that takes the failure, unless it is exhausted; `retried` counts by retrier.
fn retrier<'s>(state: &'s State, failure: &Failure, retried: &[u64]) -> Option<(usize, &'s Retrier)> {
    if failure.nature == Nature::Fatal {
        return None;
    }
    // AWS: the first retrier that matches is the one; when it is exhausted, later ones are not asked.
    let (at, retrier) = state.retriers.iter().enumerate().find(|(_, retrier)| failure.matches(&retrier.errors))?;
    (retried.get(at).copied().unwrap_or_default() < retrier.max_attempts).then_some((at, retrier))
}

fn catcher(state: &State, failure: &Failure) -> Option<usize> {
    if failure.nature == Nature::Fatal {
        return None;
    }
    state.catchers.iter().position(|catcher| failure.matches(&catcher.errors))
}
