//! Distributed Maps: every item or batch is an execution of its own.
//!
//! A child is a whole [`Execution`] that lives in a thread of its parent. It has its own history (only counted), its own
//! context object and limits, and sees no variables. Its tasks and timers pass through the parent under numbers of the
//! parent's own, so that the caller needs to know nothing of children.

use std::collections::VecDeque;
use std::sync::Arc;

use super::failure::Failure;
use super::flow::Stage;
use super::formula::Document;
use super::step::Then;
use super::thread::{ForkId, OpenTask, Step, ThreadId};
use super::{
    Effect, Env, Era, Event, Execution, Invocation, Outcome, Resumed, Start, Status, TaskId, TimerId, WorkflowType,
};
use crate::asl::{
    Distributed, Format, MapWork, Percentage, Program, Reader, Resource, StateType, Transformation, Work,
};
use crate::history::{EventId, Kind, iso};
use crate::json::{Json, Object};

/// AWS: children of one run that run at once.
pub(super) const DISTRIBUTED_CONCURRENCY_MAX: u64 = 10_000;

/// What is known of a run before its items are.
#[derive(Debug)]
pub(super) struct MapRun {
    /// The `MapRunStarted` event.
    pub(super) started: EventId,
    /// `LABEL`, or a UUID.
    label: Arc<str>,
    arn: Arc<str>,
    uuid: String,
    at_once: usize,
    max_items: usize,
    tolerated_count: Option<u64>,
    tolerated_percentage: Option<f64>,
    /// The Map's effective input.
    input: Json,
    /// How many items each child has.
    sizes: Vec<usize>,
    failed_items: usize,
    /// The children that failed.
    failed: Vec<bool>,
    stage: RunStage,
}

/// What a run waits for.
#[derive(Debug)]
enum RunStage {
    /// Its `ItemReader`; then its children.
    Reads,
    /// The objects of a listing, one after the other.
    Loads { keys: VecDeque<Json>, bucket: Json, items: Vec<Json> },
    /// Its `ResultWriter`: what is still to be written, and what the results are then.
    Writes { rest: VecDeque<Json>, result: Json },
    /// Its results, which are told rather than made by children.
    Told,
}

/// An execution within an execution.
#[derive(Debug)]
pub(super) struct Child {
    execution: Execution,
    /// Our numbers of its tasks and timers, and its own.
    numbers: Vec<(u64, u64)>,
}

impl Execution {
    /// Starts a run: reads its settings, and its items where they stand in the input.
    pub(super) fn start_run(
        &mut self,
        id: ThreadId,
        distributed: &Distributed,
        input: Json,
        items: Option<Json>,
        limit: u64,
        env: &mut dyn Env,
    ) -> Result<Then, Failure> {
        let at_once = if limit == 0 { DISTRIBUTED_CONCURRENCY_MAX } else { limit.min(DISTRIBUTED_CONCURRENCY_MAX) };
        let (tolerated_count, tolerated_percentage) = self.tolerance(id, distributed, &input, env)?;
        let view = self.view(id);
        let max_items = match distributed.reader.as_ref().and_then(|reader| reader.max_items.as_ref()) {
            None => Ok(usize::MAX),
            Some(limit) => match self.integer(id, limit, "MaxItemsPath", &input, view, env)? {
                0 => Ok(usize::MAX),
                limit => usize::try_from(limit).map_err(|_| "field MaxItems must be positive"),
            },
        };
        let site = self.thread(id).site();
        let uuid = env.uuid(&site, Stage::MapRun.first_occurrence());
        let label =
            distributed.label.clone().unwrap_or_else(|| env.uuid(&site, Stage::MapRun.first_occurrence() + 1).into());
        let arn = format!("{}/{label}:{uuid}", self.start.state_machine_arn.replacen(":stateMachine:", ":mapRun:", 1));
        let arn: Arc<str> = arn.into();
        let by = self.thread(id).last_event;
        let started = self.history.record(by, env.now_ms(), || Kind::MapRunStarted { arn: arn.clone() });
        self.thread_mut(id).last_event = started;
        let run = MapRun {
            started,
            label,
            arn,
            uuid,
            at_once: at_once as usize,
            max_items: *max_items.as_ref().unwrap_or(&0),
            tolerated_count,
            tolerated_percentage,
            input,
            sizes: Vec::new(),
            failed_items: 0,
            failed: Vec::new(),
            stage: if env.tells_map_run(site.state) { RunStage::Told } else { RunStage::Reads },
        };
        let is_told = matches!(run.stage, RunStage::Told);
        if let (Err(cause), false) = (max_items, is_told) {
            return Ok(self.fail_run(id, &run, reader_failed(cause), env));
        }
        match (items, &distributed.reader) {
            (Some(_), _) if is_told => {
                self.open_run_task(id, run);
                Ok(Then::Stop)
            }
            (Some(items), _) => {
                let program = self.program.clone();
                Ok(self.begin_run(&program, id, run, &items, env))
            }
            (None, Some(reader)) => {
                let view = self.view(id);
                let parameters = match &reader.parameters {
                    None => Json::object(),
                    Some(payload) => {
                        self.evaluated(id, payload, &run.input, Document::Input, view, Stage::Parameters, env)?
                    }
                };
                let resource = reader.resource.clone();
                let task = self.open_run_task(id, run);
                if !is_told {
                    self.invoke_storage(id, task, resource, parameters);
                }
                Ok(Then::Stop)
            }
            (None, None) => Ok(Then::Stop),
        }
    }

    /// Waits for something outside, with the run set aside.
    fn open_run_task(&mut self, id: ThreadId, run: MapRun) -> TaskId {
        let task = self.next_task(id);
        let thread = self.thread_mut(id);
        thread.task = Some(OpenTask { id: task, token: None, timeout: None, heartbeat: None, heartbeat_ms: None });
        thread.run = Some(Box::new(run));
        task
    }

    /// Reads or writes an object; the history does not show it.
    fn invoke_storage(&mut self, id: ThreadId, task: TaskId, resource: Arc<Resource>, parameters: Json) {
        let site = self.thread(id).site();
        self.effects.push(Effect::Invoke(Box::new(Invocation {
            task,
            site,
            resource,
            parameters,
            token: None,
            role_arn: None,
            timeout_ms: None,
            heartbeat_ms: None,
        })));
    }

    /// Takes in what was read, written or told.
    pub(super) fn run_answered(
        &mut self,
        program: &Program,
        id: ThreadId,
        answer: Result<Json, Failure>,
        env: &mut dyn Env,
    ) -> Then {
        let Some(mut run) = self.thread_mut(id).run.take() else { return Then::Stop };
        let Work::Map(map) = &program.at(self.thread(id).state).work else { return Then::Stop };
        let Some(distributed) = &map.distributed else { return Then::Stop };
        let answer = match (answer, &run.stage) {
            (Ok(answer), _) => answer,
            (Err(failure), RunStage::Told) => return self.fail_run(id, &run, failure, env),
            (Err(failure), RunStage::Writes { .. }) => {
                let cause = failure.cause.unwrap_or_default();
                let failure = Failure::named(Some("States.ResultWriterFailed".into()), Some(cause));
                return self.fail_run(id, &run, failure, env);
            }
            (Err(failure), _) => {
                return self.fail_run(id, &run, reader_failed(&failure.cause.unwrap_or_default()), env);
            }
        };
        match std::mem::replace(&mut run.stage, RunStage::Reads) {
            RunStage::Told => self.succeed_run(id, &run, answer, env),
            RunStage::Writes { rest, result } => self.write_next(id, *run, distributed, rest, result, env),
            stage => {
                let Some(reader) = &distributed.reader else { return Then::Stop };
                self.read_on(program, id, *run, reader, stage, &answer, env)
            }
        }
    }

    /// Takes in what the `ItemReader` read, and reads on where a listing's objects are to be loaded.
    #[allow(clippy::too_many_arguments)] // What goes on here has these many sides.
    fn read_on(
        &mut self,
        program: &Program,
        id: ThreadId,
        mut run: MapRun,
        reader: &Reader,
        stage: RunStage,
        read: &Json,
        env: &mut dyn Env,
    ) -> Then {
        let (mut keys, bucket, mut items) = match stage {
            RunStage::Loads { keys, bucket, items } => (keys, bucket, items),
            _ if reader.loads => {
                let listed = super::items::items(&Format::Listing, read);
                let Ok(listed) = listed.map_err(|cause| reader_failed(&cause)) else {
                    return self.fail_run(id, &run, reader_failed("Attempting to map over non-iterable node."), env);
                };
                let keys = listed.iter().filter_map(|object| object.get("Key").cloned()).collect();
                let bucket = read.get("Name").cloned().unwrap_or_default();
                return self.load_next(program, id, run, reader, (keys, bucket, Vec::new()), env);
            }
            _ => (VecDeque::new(), Json::Null, Vec::new()),
        };
        match super::items::items(&reader.format, read) {
            Ok(read) => items.extend(read),
            Err(cause) => return self.fail_run(id, &run, reader_failed(&cause), env),
        }
        if items.len() >= run.max_items {
            items.truncate(run.max_items);
            keys.clear();
        }
        if reader.loads {
            return self.load_next(program, id, run, reader, (keys, bucket, items), env);
        }
        run.stage = RunStage::Reads;
        self.begin_run(program, id, run, &Json::from(items), env)
    }

    fn load_next(
        &mut self,
        program: &Program,
        id: ThreadId,
        mut run: MapRun,
        reader: &Reader,
        (mut keys, bucket, items): (VecDeque<Json>, Json, Vec<Json>),
        env: &mut dyn Env,
    ) -> Then {
        let Some(key) = keys.pop_front() else { return self.begin_run(program, id, run, &Json::from(items), env) };
        let parameters = Json::from_pairs([("Bucket", bucket.clone()), ("Key", key)]);
        run.stage = RunStage::Loads { keys, bucket, items };
        let resource = reader.resource.with_action("getObject");
        let task = self.open_run_task(id, run);
        self.invoke_storage(id, task, Arc::new(resource), parameters);
        Then::Stop
    }

    fn begin_run(&mut self, program: &Program, id: ThreadId, mut run: MapRun, items: &Json, env: &mut dyn Env) -> Then {
        let Work::Map(map) = &program.at(self.thread(id).state).work else { return Then::Stop };
        let inputs = match self.inputs(id, map, &mut run, items, env) {
            Ok(inputs) => inputs,
            Err(failure) => return self.fail_run(id, &run, failure, env),
        };
        let (count, at_once) = (inputs.len(), run.at_once);
        let fork = self.fork_run(id, inputs, run);
        if count == 0 {
            return self.end_run(fork, env);
        }
        for _ in 0..at_once.min(count) {
            self.start_child(program, fork, env);
        }
        Then::Stop
    }

    /// The inputs of the children: selected, then batched.
    fn inputs(
        &self,
        id: ThreadId,
        map: &MapWork,
        run: &mut MapRun,
        items: &Json,
        env: &mut dyn Env,
    ) -> Result<Vec<Json>, Failure> {
        let mut inputs = Vec::new();
        for (index, item) in items.as_array().unwrap_or_default().iter().enumerate() {
            inputs.push(self.selected_item(id, map, &run.input, index, item, env)?);
        }
        let Some(batcher) = map.distributed.as_ref().and_then(|distributed| distributed.batcher.as_ref()) else {
            run.sizes = vec![1; inputs.len()];
            return Ok(inputs);
        };
        let view = self.view(id);
        let mut limit = |limit: &Option<_>, field| match limit {
            None => Ok(usize::MAX),
            Some(limit) => {
                self.whole_number(id, limit, field, &run.input, view, env).map(|limit| limit.max(1) as usize)
            }
        };
        let max_items = limit(&batcher.max_items, "MaxItemsPerBatchPath")?;
        let max_bytes = limit(&batcher.max_bytes, "MaxInputBytesPerBatchPath")?.min(super::PAYLOAD_BYTES_MAX);
        let shared = match &batcher.input {
            None => None,
            Some(payload) => {
                Some(self.evaluated(id, payload, &run.input, Document::Input, view, Stage::BatchInput, env)?)
            }
        };
        let (mut closed, mut batch, mut bytes) = (Vec::new(), Vec::new(), 0);
        let mut close = |batch: &mut Vec<Json>| {
            run.sizes.push(batch.len());
            let mut input = Object::with_capacity(2);
            if let Some(shared) = &shared {
                input.insert("BatchInput".into(), shared.clone());
            }
            input.insert("Items".into(), Json::from(std::mem::take(batch)));
            closed.push(Json::from(input));
        };
        for item in inputs {
            let item_bytes = item.measure().bytes + 1;
            if !batch.is_empty() && (batch.len() >= max_items || bytes + item_bytes > max_bytes) {
                close(&mut batch);
                bytes = 0;
            }
            bytes += item_bytes;
            batch.push(item);
        }
        if !batch.is_empty() {
            close(&mut batch);
        }
        Ok(closed)
    }

    fn tolerance(
        &self,
        id: ThreadId,
        distributed: &Distributed,
        input: &Json,
        env: &mut dyn Env,
    ) -> Result<(Option<u64>, Option<f64>), Failure> {
        let view = self.view(id);
        let count = match &distributed.tolerated_count {
            None => None,
            Some(count) => {
                let count = self.integer(id, count, "ToleratedFailureCountPath", input, view, env)?;
                let negative = |_| self.runtime(id, "ToleratedFailureCount cannot be negative.");
                Some(u64::try_from(count).map_err(negative)?)
            }
        };
        let percentage = match &distributed.tolerated_percentage {
            None => None,
            Some(Percentage::Literal(percentage)) => Some(*percentage),
            Some(Percentage::Read(percentage)) => {
                Some(self.float(id, percentage, "ToleratedFailurePercentagePath", input, view, env)?)
            }
        };
        if percentage.is_some_and(|percentage| !(0.0..=100.0).contains(&percentage)) {
            return Err(self.runtime(id, "ToleratedFailurePercentage must be between 0 and 100."));
        }
        Ok((count, percentage))
    }

    /// Starts the next child of a run.
    fn start_child(&mut self, program: &Program, fork_id: ForkId, env: &mut dyn Env) {
        let Some((owner, index, input, label)) = self.next_input(fork_id) else { return };
        let Work::Map(map) = &program.at(self.thread(owner).state).work else { return };
        let is_express = map.distributed.as_ref().is_some_and(|distributed| distributed.is_express);
        let id = self.new_child(program, fork_id, owner, map.processor, index, 0);
        let name: Arc<str> = env.uuid(&self.thread(id).site(), Stage::MapRun.first_occurrence()).into();
        let machine_arn: Arc<str> = format!("{}/{label}", self.start.state_machine_arn).into();
        let kind = if is_express { ":express:" } else { ":execution:" };
        let start = Start {
            input,
            input_text: None,
            execution_arn: format!("{}:{name}", machine_arn.replacen(":stateMachine:", kind, 1)).into(),
            execution_name: name,
            role_arn: self.start.role_arn.clone(),
            state_machine_name: format!("{}/{label}", self.start.state_machine_name).into(),
            state_machine_arn: machine_arn,
            start_ms: env.now_ms(),
            workflow_type: if is_express { WorkflowType::Express } else { WorkflowType::Standard },
            era: self.start.era,
            history: false,
        };
        let scope = self.thread(id).scope.clone();
        let execution = Execution::in_scope(self.program.clone(), map.processor, start, scope, None);
        let thread = self.thread_mut(id);
        thread.child = Some(Box::new(Child { execution, numbers: Vec::new() }));
        thread.step = Step::Child;
        self.ready.push_back(id);
    }

    /// Runs a child until it waits or ends.
    pub(super) fn poll_child(&mut self, program: &Program, id: ThreadId, env: &mut dyn Env) -> Then {
        let Some(mut child) = self.thread_mut(id).child.take() else { return Then::Stop };
        let mut effects = Vec::new();
        child.execution.poll(env, &mut effects);
        self.adopt(id, &mut child, effects);
        if child.execution.outcome().is_some() {
            return self.end_child(program, id, &child.execution, env);
        }
        self.thread_mut(id).child = Some(child);
        Then::Stop
    }

    /// Hands on to a child what its task or timer was told.
    pub(super) fn resume_child(&mut self, id: ThreadId, number: u64, event: Event, env: &mut dyn Env) -> Resumed {
        let Some(child) = &mut self.thread_mut(id).child else { return Resumed::Stale };
        let Some(&(_, theirs)) = child.numbers.iter().find(|(ours, _)| *ours == number) else { return Resumed::Stale };
        let event = match event {
            Event::TimerFired(_) => Event::TimerFired(TimerId(theirs)),
            event => event.with_task(TaskId(theirs)),
        };
        let resumed = child.execution.resume(event, env);
        if resumed == Resumed::Accepted {
            self.thread_mut(id).step = Step::Child;
            self.ready.push_back(id);
        }
        resumed
    }

    /// Ends a child whose run is over.
    pub(super) fn stop_child(&mut self, id: ThreadId) {
        let Some(mut child) = self.thread_mut(id).child.take() else { return };
        child.execution.finish(Status::Aborted, None, None, None);
        let effects = std::mem::take(&mut child.execution.effects);
        self.adopt(id, &mut child, effects);
    }

    /// Makes a child's effects our own.
    fn adopt(&mut self, id: ThreadId, child: &mut Child, effects: Vec<Effect>) {
        for effect in effects {
            let ours =
                |child: &Child, theirs| child.numbers.iter().find(|(_, known)| *known == theirs).map(|(ours, _)| *ours);
            match effect {
                Effect::Invoke(mut invocation) => {
                    let task = self.next_task(id);
                    child.numbers.push((task.0, invocation.task.0));
                    invocation.task = task;
                    self.effects.push(Effect::Invoke(invocation));
                }
                Effect::SetTimer { timer, at_ms, site, purpose } => {
                    let mine = self.next_timer(id);
                    child.numbers.push((mine.0, timer.0));
                    self.effects.push(Effect::SetTimer { timer: mine, at_ms, site, purpose });
                }
                Effect::CancelTimer { timer } => {
                    if let Some(number) = ours(child, timer.0) {
                        self.effects.push(Effect::CancelTimer { timer: TimerId(number) });
                        child.numbers.retain(|(known, _)| *known != number);
                    }
                }
                Effect::Abandon { task } => {
                    if let Some(number) = ours(child, task.0) {
                        self.effects.push(Effect::Abandon { task: TaskId(number) });
                    }
                }
                Effect::Finish(_) => {}
            }
        }
    }

    fn end_child(&mut self, program: &Program, id: ThreadId, child: &Execution, env: &mut dyn Env) -> Then {
        let (Some(outcome), start) = (child.outcome().cloned(), child.started_with()) else { return Then::Stop };
        let Some(fork_id) = self.thread(id).parent else { return Then::Stop };
        let index = self.thread(id).index as usize;
        let Some(owner) = self.owner_of(fork_id) else { return Then::Stop };
        let transformation = match &program.at(self.thread(owner).state).work {
            Work::Map(map) => map.distributed.as_ref().and_then(|distributed| distributed.writer.as_ref()),
            _ => None,
        };
        let transformation = transformation.map_or(Transformation::Compact, |writer| writer.transformation);
        // AWS: a child that failed is described in full, whatever the transformation.
        let (result, is_failed) = match outcome.output.clone() {
            Some(output) if transformation != Transformation::None => (output, false),
            output => (description(start, &outcome, env.now_ms()), output.is_none()),
        };
        self.free_thread(id);
        let Some((has_more, is_over)) = self.count_child(fork_id, index, result, is_failed) else { return Then::Stop };
        if self.is_run_failed(fork_id) {
            let Some((owner, run)) = self.abort_run(fork_id) else { return Then::Stop };
            let cause = "The specified tolerated failure threshold was exceeded";
            let error = Some("States.ExceedToleratedFailureThreshold".into());
            return self.fail_run(owner, &run, Failure::named(error, Some(cause.into())), env);
        }
        if has_more {
            self.start_child(program, fork_id, env);
        }
        if is_over { self.end_run(fork_id, env) } else { Then::Stop }
    }

    fn end_run(&mut self, fork_id: ForkId, env: &mut dyn Env) -> Then {
        let Some((owner, run, results)) = self.take_run(fork_id) else { return Then::Stop };
        let program = self.program.clone();
        let distributed = match &program.at(self.thread(owner).state).work {
            Work::Map(map) => map.distributed.as_ref(),
            _ => None,
        };
        let Some(writer) = distributed.and_then(|distributed| distributed.writer.as_ref()) else {
            return self.succeed_run(owner, &run, Json::from(results), env);
        };
        let Some((_, parameters)) = &writer.export else {
            let results = super::results::transformed(writer.transformation, results);
            return self.succeed_run(owner, &run, Json::from(results), env);
        };
        let view = self.view(owner);
        let place = self.evaluated(owner, parameters, &run.input, Document::Input, view, Stage::Output, env);
        let place = match place {
            Ok(place) => place,
            Err(failure) => return self.fail_run(owner, &run, failure, env),
        };
        let (files, result) = super::results::exported(writer, &run.arn, &run.uuid, &place, results, &run.failed);
        match distributed {
            Some(distributed) => self.write_next(owner, *run, distributed, files, result, env),
            None => Then::Stop,
        }
    }

    /// Writes the next file of the results; the run has succeeded after the last.
    fn write_next(
        &mut self,
        id: ThreadId,
        mut run: MapRun,
        distributed: &Distributed,
        mut rest: VecDeque<Json>,
        result: Json,
        env: &mut dyn Env,
    ) -> Then {
        let export = distributed.writer.as_ref().and_then(|writer| writer.export.as_ref());
        let (Some(parameters), Some((resource, _))) = (rest.pop_front(), export) else {
            return self.succeed_run(id, &run, result, env);
        };
        run.stage = RunStage::Writes { rest, result };
        let task = self.open_run_task(id, run);
        self.invoke_storage(id, task, resource.clone(), parameters);
        Then::Stop
    }

    fn succeed_run(&mut self, owner: ThreadId, run: &MapRun, results: Json, env: &mut dyn Env) -> Then {
        let now_ms = env.now_ms();
        let succeeded = self.history.record(run.started, now_ms, || Kind::MapRunSucceeded);
        self.history.record(succeeded, now_ms, || Kind::StateSucceeded { state_type: StateType::Map.name() });
        let is_current = self.start.era == Era::Current;
        let owner_thread = self.thread_mut(owner);
        owner_thread.last_event = if is_current { run.started } else { succeeded };
        owner_thread.step = Step::Worked(Ok(results));
        Then::Continue(owner)
    }

    fn fail_run(&mut self, owner: ThreadId, run: &MapRun, failure: Failure, env: &mut dyn Env) -> Then {
        let failed = self.history.record(run.started, env.now_ms(), || Kind::MapRunFailed {
            error: failure.error.clone(),
            cause: failure.cause.clone(),
        });
        let thread = self.thread_mut(owner);
        thread.last_event = failed;
        thread.step = Step::Worked(Err(failure.of_map_run()));
        Then::Continue(owner)
    }
}

impl MapRun {
    pub(super) fn label(&self) -> &Arc<str> {
        &self.label
    }

    /// Counts the items of a child that failed.
    pub(super) fn count_failure(&mut self, index: usize) {
        self.failed.resize(self.failed.len().max(index + 1), false);
        self.failed[index] = true;
        self.failed_items += self.sizes.get(index).copied().unwrap_or(1);
    }

    /// Whether more items failed than may.
    ///
    /// AWS: either threshold ends the run; one that is not given does not count, and without both nothing may fail.
    pub(super) fn is_failed(&self) -> bool {
        let all: usize = self.sizes.iter().sum();
        let over_count = self.tolerated_count.is_some_and(|most| self.failed_items as u64 > most);
        let share = self.failed_items as f64 * 100.0 / all.max(1) as f64;
        let over_percentage = self.tolerated_percentage.is_some_and(|most| share > most);
        let is_strict = self.tolerated_count.is_none() && self.tolerated_percentage.is_none();
        over_count || over_percentage || (is_strict && self.failed_items > 0)
    }
}

/// What describes a child execution among the results.
fn description(start: &Start, outcome: &Outcome, stop_ms: u64) -> Json {
    let included = || Json::from_pairs([("Included", Json::from(true))]);
    let status = outcome.status.name();
    let mut members = vec![
        ("ExecutionArn", Json::from(start.execution_arn.clone())),
        ("Input", Json::from(start.input.to_string())),
        ("InputDetails", included()),
        ("Name", Json::from(start.execution_name.clone())),
    ];
    members.extend(outcome.error.clone().map(|error| ("Error", Json::from(error))));
    members.extend(outcome.cause.clone().map(|cause| ("Cause", Json::from(cause))));
    members.extend(outcome.output.as_ref().map(|output| ("Output", Json::from(output.to_string()))));
    members.push(("OutputDetails", included()));
    members.push(("RedriveCount", Json::from(0)));
    if outcome.status == Status::Succeeded {
        members.push(("RedriveStatus", Json::from("NOT_REDRIVABLE")));
        let reason = format!("Execution is {status} and cannot be redriven");
        members.push(("RedriveStatusReason", Json::from(reason)));
    } else {
        members.push(("RedriveStatus", Json::from("REDRIVABLE")));
    }
    members.push(("StartDate", Json::from(iso(start.start_ms))));
    members.push(("StateMachineArn", Json::from(start.state_machine_arn.clone())));
    members.push(("Status", Json::from(status)));
    members.push(("StopDate", Json::from(iso(stop_ms))));
    Json::from_pairs(members)
}

fn reader_failed(cause: &str) -> Failure {
    Failure::named(Some("States.ItemReaderFailed".into()), Some(cause.into()))
}
