//! One step of a thread after the other: enter a state, do its work, leave it.

use super::failure::Failure;
use super::flow::Stage;
use super::formula::Document;
use super::thread::{Step, ThreadId};
use super::{Env, Execution, Ready, Status};
use crate::asl::{Next, Program, StateType, Text, Work};
use crate::history::{Kind, Payload};
use crate::json::Json;
use crate::query::Scope;

/// What to do after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Go on with this thread.
    Continue(ThreadId),
    /// This line of control waits or is over.
    Stop,
}

impl Execution {
    /// Runs one thread until it waits.
    pub(super) fn run(&mut self, program: &Program, id: ThreadId, env: &mut dyn Env) {
        let mut id = id;
        loop {
            if self.check_history(env) {
                return;
            }
            match self.step(program, id, env) {
                Then::Continue(next) => id = next,
                Then::Stop => return,
            }
        }
    }

    /// Runs all threads, an event at a time, in the order that the caller wants.
    pub(super) fn run_interleaved(&mut self, program: &Program, env: &mut dyn Env) {
        while !self.ready.is_empty() && !self.check_history(env) {
            let ready = self.ready.iter().map(|id| {
                let thread = self.thread(*id);
                let enters = matches!(thread.step, Step::Enter);
                Ready { state: thread.state, enters, newest: thread.last_event }
            });
            let ready: Vec<Ready> = ready.collect();
            let chosen = env.next(self.history.last_id(), &ready);
            let Some(id) = chosen.and_then(|at| self.ready.remove(at)) else { return };
            if let Then::Continue(next) = self.step(program, id, env) {
                self.ready.push_front(next);
            }
        }
    }

    fn step(&mut self, program: &Program, id: ThreadId, env: &mut dyn Env) -> Then {
        match std::mem::replace(&mut self.thread_mut(id).step, Step::Waiting) {
            Step::Enter => self.enter(program, id, env),
            Step::Work => self.work(program, id, env),
            Step::Worked(Ok(result)) => self.complete(program, id, result, env),
            Step::Worked(Err(failure)) => self.fail(program, id, failure, env),
            Step::Unborn(failure) => {
                self.record_evaluation(id, &failure, env);
                self.propagate(program, id, failure, env)
            }
            Step::RunAnswered(answer) => self.run_answered(program, id, answer, env),
            Step::Child => self.poll_child(program, id, env),
            Step::Slept => self.leave_wait(program, id, env),
            Step::Ends(output) => self.end_thread(program, id, output, env),
            Step::Waiting | Step::Gone => Then::Stop,
        }
    }

    fn enter(&mut self, program: &Program, id: ThreadId, env: &mut dyn Env) -> Then {
        let now_ms = env.now_ms();
        let thread = &mut self.threads[id.index()];
        let state = program.at(thread.state);
        env.entered(thread.state, thread.from);
        thread.count_visit();
        thread.attempt = 0;
        thread.retried.clear();
        thread.entered_ms = now_ms;
        thread.before_entered = thread.last_event;
        thread.last_event = self.history.record(thread.last_event, now_ms, || Kind::StateEntered {
            state_type: state.state_type().name(),
            name: state.name().clone(),
            input: match &self.start.input_text {
                // AWS: the first state shows the input as its caller wrote it.
                Some(text) if id == ThreadId::ROOT && thread.from.is_none() => Payload::Verbatim(text.clone()),
                _ => Payload::Json(thread.input.clone()),
            },
        });
        thread.entered_event = thread.last_event;
        if self.interleaves {
            thread.step = Step::Work;
            return Then::Continue(id);
        }
        self.work(program, id, env)
    }

    /// Does what the state is for; again for every retry.
    fn work(&mut self, program: &Program, id: ThreadId, env: &mut dyn Env) -> Then {
        let state = program.at(self.thread(id).state);
        let started = match &state.work {
            Work::Pass { result } => match self.effective_input(id, &state.data, self.view(id), env) {
                Ok(input) => return self.complete(program, id, result.clone().unwrap_or(input), env),
                Err(failure) => Err(failure),
            },
            Work::Succeed => match self.effective_input(id, &state.data, self.view(id), env) {
                Ok(input) => return self.complete(program, id, input, env),
                Err(failure) => Err(failure),
            },
            Work::Choice { rules, default } => return self.choose(program, id, rules, *default, env),
            Work::Fail { error, cause } => {
                let failure = self.declared_failure(id, error.as_ref(), cause.as_ref(), env);
                return self.fail(program, id, failure, env);
            }
            Work::Wait(delay) => self.start_wait(id, delay, &state.data, env),
            Work::Task(task) => self.schedule(id, task, &state.data, env),
            Work::Parallel { branches } => self.start_parallel(program, id, branches, &state.data, env),
            Work::Map(map) => self.start_map(program, id, map, &state.data, env),
        };
        match started {
            Ok(then) => then,
            Err(failure) => self.fail(program, id, failure, env),
        }
    }

    /// Takes the result of the state's work through `ResultSelector`, `ResultPath`, `OutputPath` and `Assign`, and leaves.
    pub(super) fn complete(&mut self, program: &Program, id: ThreadId, result: Json, env: &mut dyn Env) -> Then {
        let state = program.at(self.thread(id).state);
        match self.shaped(program, id, result, env) {
            Ok((output, assigned)) => self.exit(program, id, output, assigned.as_ref(), state.next, env),
            Err(failure) => self.fail(program, id, failure, env),
        }
    }

    fn shaped(
        &self,
        program: &Program,
        id: ThreadId,
        result: Json,
        env: &mut dyn Env,
    ) -> Result<(Json, Option<Json>), Failure> {
        let state = program.at(self.thread(id).state);
        let data = &state.data;
        let view = self.view(id);
        let result = match &data.result_selector {
            None => result,
            Some(payload) => {
                self.evaluated(id, payload, &result, Document::Result, view, Stage::ResultSelector, env)?
            }
        };
        let document = match state.state_type() {
            StateType::Task | StateType::Parallel | StateType::Map => Document::Result,
            _ => Document::Input,
        };
        let assigned = self.assigned(id, data.assign.as_ref(), &result, document, Stage::Assign, env)?;
        if let Some(output) = &data.output {
            let output = self.evaluated(id, output, &result, document, view, Stage::Output, env)?;
            return Ok((output, assigned));
        }
        let output = self.placed(id, &data.result_path, result)?;
        let output = match &data.output_path {
            crate::asl::Select::Whole => output,
            select => self.selected(id, select, &output, view)?,
        };
        Ok((output, assigned))
    }

    /// Leaves the state with `output`, sets its variables and goes on to `next`.
    pub(super) fn exit(
        &mut self,
        program: &Program,
        id: ThreadId,
        output: Json,
        assigned: Option<&Json>,
        next: Next,
        env: &mut dyn Env,
    ) -> Then {
        let thread = &mut self.threads[id.index()];
        let state = program.at(thread.state);
        if output.measure().bytes > super::PAYLOAD_BYTES_MAX {
            // AWS: a state's output over the limit fails the execution, past any Catch.
            let failure = Failure::too_large(state.name()).uncatchable();
            return self.propagate(program, id, failure, env);
        }
        thread.last_event = self.history.record(thread.last_event, env.now_ms(), || Kind::StateExited {
            state_type: state.state_type().name(),
            name: state.name().clone(),
            output: Payload::Json(output.clone()),
            assigned: assigned.cloned(),
        });
        if let Some(variables) = assigned.and_then(Json::as_object) {
            for (name, value) in variables.iter() {
                match thread.variables.iter_mut().find(|(known, _)| known == name) {
                    Some((_, known)) => *known = value.clone(),
                    None => thread.variables.push((name.clone(), value.clone())),
                }
            }
        }
        thread.entered_event = 0;
        match next {
            Next::State(next) => {
                thread.from = Some(thread.state);
                thread.state = next;
                thread.input = output;
                thread.step = Step::Enter;
                Then::Continue(id)
            }
            Next::End if self.interleaves && !self.ends_silently(id) => {
                self.thread_mut(id).step = Step::Ends(output);
                Then::Continue(id)
            }
            Next::End => self.end_thread(program, id, output, env),
        }
    }

    fn end_thread(&mut self, program: &Program, id: ThreadId, output: Json, env: &mut dyn Env) -> Then {
        if let Some(fork) = self.thread(id).parent {
            return self.end_branch(program, fork, id, output, env);
        }
        let by = self.thread(id).last_event;
        self.history
            .record_end(by, env.now_ms(), || Kind::ExecutionSucceeded { output: Payload::Json(output.clone()) });
        self.finish(Status::Succeeded, Some(output), None, None);
        Then::Stop
    }

    fn declared_failure(&self, id: ThreadId, error: Option<&Text>, cause: Option<&Text>, env: &mut dyn Env) -> Failure {
        let mut text = |text: Option<&Text>, field: &str| match text {
            None => Ok(None),
            Some(text) => self.text(id, text, field, env).map(Some),
        };
        match text(error, "ErrorPath").and_then(|error| Ok((error, text(cause, "CausePath")?))) {
            Ok((error, cause)) => Failure::named(error, cause),
            Err(failure) => failure,
        }
    }

    /// The string that a `…Path` field of a Fail state stands for.
    fn text(&self, id: ThreadId, text: &Text, field: &str, env: &mut dyn Env) -> Result<std::sync::Arc<str>, Failure> {
        let view = self.view(id);
        let input = &self.thread(id).input;
        let scope = Scope { root: input, surroundings: &view };
        let value = match text {
            Text::Literal(text) => return Ok(text.clone()),
            Text::Formula(formula) => {
                let value = self.own_formula(id, formula, Stage::Text, env)?;
                let string = |value: &Json| value.as_str().map(Into::into);
                return self.typed(id, formula, "string", &value, string);
            }
            Text::Path(path) => path.read(&scope).map_err(|_| {
                let path = path.text();
                let detail = format!(
                    "The JSONPath '{path}' specified for the field '{field}' could not be found in the input '{input}'"
                );
                self.runtime(id, detail)
            })?,
            Text::Intrinsic(intrinsic) => {
                let site = || self.thread(id).site();
                let mut draws = super::context::SiteDraws::new(env, &site, Stage::Text);
                intrinsic.evaluate(&scope, &mut draws).map_err(|error| self.runtime(id, error))?
            }
        };
        match value {
            Json::String(text) => Ok(text),
            other => {
                let kind = other.kind();
                Err(self.runtime(id, format_args!("The {field} field must give a string, but gave a {kind}: {other}")))
            }
        }
    }

    /// Whether an abort of the state shows in the history.
    pub(super) fn shows_abort(state_type: StateType) -> bool {
        matches!(state_type, StateType::Task | StateType::Wait | StateType::Parallel | StateType::Map)
    }
}
