//! What the interpreter asks for: calls, timers, an end.

use std::sync::Arc;

use rehearsal_engine::asl::State;
use rehearsal_engine::execution::{Effect, Event, Invocation, Outcome, Resumed, Status, TimerPurpose};
use rehearsal_engine::{Json, json};

use super::environment::WorldEnv;
use super::executions::{ExecutionRecord, Timer};
use super::journal::Told;
use super::keyed::site_actor;
use super::service::StepFunctions;
use super::tasks::{Called, TaskPlan};
use crate::iam::Policies;
use crate::services::{ApiError, Response};
use crate::world::metrics::StatesMetric;
use crate::world::{
    ActorId, Caller, Core, FaultId, Millis, Name, Parts, ReplyTo, TIMER_LATE_MS, TimerOwner, form_value, hash_text,
};

/// A state that the account's transitions do not suffice for goes on this much later, by the fault's form.
const THROTTLED_MS: [u64; 2] = [1_000, 10_000];
/// An execution of a Map Run begins this much later, by the fault's form.
const CHILD_LATE_MS: [u64; 2] = [2_000, 20_000];
/// A mocked task answers after this long.
const MOCK_MS: u64 = 100;
/// Who assumes the role of a state machine.
const PRINCIPAL: &str = "states.amazonaws.com";
/// A task's connector notices a lost connection after about this long.
const AMBIGUOUS_ANSWER_MS: u64 = 1_000;

impl StepFunctions {
    pub(super) fn resume(&mut self, core: &mut Core, id: u32, event: Event) -> Resumed {
        let record = &mut self.records[id as usize];
        let machine = &self.machines[record.machine as usize];
        let Some(mut engine) = record.engine.take() else { return Resumed::Stale };
        record.measured.told(core, &event);
        let points = &self.points[record.machine as usize];
        let mut env = WorldEnv::new(core, record.acting, machine, points, id);
        if self.keeps_journals {
            record.journal.push(Told::Event(env.core.now(), event.clone()));
        }
        let resumed = engine.resume(event, &mut env);
        record.state = env.entered.or(record.state);
        record.engine = Some(engine);
        resumed
    }

    /// Runs an execution until it waits, and does what it asks for.
    pub(super) fn drive(&mut self, core: &mut Core, id: u32) {
        let mut effects = std::mem::take(&mut self.effects);
        loop {
            let record = &mut self.records[id as usize];
            let machine = &self.machines[record.machine as usize];
            let Some(mut engine) = record.engine.take() else { break };
            let points = &self.points[record.machine as usize];
            let mut env = WorldEnv::new(core, record.acting, machine, points, id);
            if self.keeps_journals {
                record.journal.push(Told::Poll(env.core.now()));
            }
            engine.poll(&mut env, &mut effects);
            if env.entered.is_some() {
                self.changed = self.changed.and(Parts::EXECUTION_STATES);
            }
            record.state = env.entered.or(record.state);
            record.engine = Some(engine);
            if effects.is_empty() {
                break;
            }
            for effect in effects.drain(..) {
                match effect {
                    Effect::SetTimer { timer, at_ms, site, purpose } => {
                        let record = &mut self.records[id as usize];
                        let machine = &self.machines[record.machine as usize];
                        let actor = match purpose {
                            TimerPurpose::Execution => record.acting,
                            _ => site_actor(core, machine, record.acting, &site),
                        };
                        let mut number = purpose as u32;
                        if purpose == TimerPurpose::Heartbeat {
                            // Every heartbeat sets another one.
                            number += record.heartbeats;
                            record.heartbeats += 1;
                        }
                        let owner = TimerOwner::Execution { execution: id, timer };
                        let queued = core.timer(Millis(at_ms), TIMER_LATE_MS, actor, number, owner);
                        record.timers.push(Timer { id: timer, queued, actor, at: Millis(at_ms) });
                        record.measured.limited(core, timer, actor, purpose);
                    }
                    Effect::CancelTimer { timer } => {
                        let timers = &mut self.records[id as usize].timers;
                        if let Some(place) = timers.iter().position(|known| known.id == timer) {
                            core.cancel(timers.swap_remove(place).queued);
                        }
                    }
                    Effect::Abandon { task } => {
                        self.records[id as usize].measured.abandoned(task);
                        let tasks = &mut self.records[id as usize].tasks;
                        if let Some(place) = tasks.iter().position(|open| open.task == task) {
                            let open = tasks.swap_remove(place);
                            if let Some(child) = open.child {
                                self.stop_child(core, child, open.actor);
                            }
                        }
                        self.changed = self.changed.and(Parts::TOKENS);
                    }
                    Effect::Invoke(invocation) => self.invoke(core, id, *invocation),
                    Effect::Finish(outcome) => self.finish(core, id, outcome),
                }
            }
        }
        self.effects = effects;
    }

    fn invoke(&mut self, core: &mut Core, id: u32, invocation: Invocation) {
        let record = &self.records[id as usize];
        let machine = &self.machines[record.machine as usize];
        let Invocation { task, site, parameters, token, resource, timeout_ms, .. } = invocation;
        let invocation_arn = resource.arn();
        let actor = site_actor(core, machine, record.acting, &site);
        if let Some(timeout_ms) = timeout_ms {
            core.set_deadline(actor, core.now() + timeout_ms);
        }
        let in_map_run =
            site.scope.iter().any(|step| machine.program.state(step.state).is_some_and(State::has_map_run));
        let planned = machine.plans.get(site.state.0 as usize).cloned().flatten();
        let Some(plan) = planned.or_else(|| TaskPlan::of_reader(&resource)) else {
            // Refused when the scenario is loaded; a run that gets here must still end.
            let cause = format!("'{invocation_arn}' is not simulated");
            let failed = Event::Failed { task, error: Some("NotSimulated".into()), cause: Some(cause.into()) };
            let _ = self.resume(core, id, failed);
            return;
        };
        let (name, role, machine_index) = (machine.states[site.state.0 as usize], machine.role, record.machine);
        self.records[id as usize].measured.scheduled(core, task, actor, &resource);
        // Work of an activity starts when a worker takes it.
        if !matches!(plan, TaskPlan::Activity { .. }) {
            let _ = self.resume(core, id, Event::Started { task, worker: None });
        }
        let (record, machine) =
            (&self.records[id as usize], &self.machines[self.records[id as usize].machine as usize]);
        if !machine.assumable {
            let cause = Policies::cannot_assume_message(PRINCIPAL, &machine.role_arn).into();
            let _ = self.resume(
                core,
                id,
                Event::Failed { task, error: Some("States.TaskFailed".into()), cause: Some(cause) },
            );
            return;
        }
        if let TaskPlan::Activity { .. } | TaskPlan::Mock { .. } = plan {
            self.invoke_without_request(core, id, Called { task, actor, token, plan, state: site.state }, parameters);
            return;
        }
        let mut request = plan.request(parameters);
        if let (TaskPlan::Api { sdk: false, .. }, Ok(crate::services::Request::Events(put))) = (&plan, &mut request) {
            // AWS: the optimized integration adds the execution and its state machine to what an event is about.
            for entry in &mut put.entries {
                entry.resources.extend([record.arn.clone(), machine.arn.clone()]);
            }
        }
        let operation = request.as_ref().map_or(name, crate::services::Request::operation);
        let record = &mut self.records[id as usize];
        if plan.is_callback() {
            self.changed = self.changed.and(Parts::TOKENS);
        }
        record.tasks.push(Called { task, actor, token, plan, state: site.state }.open(core.now()));
        let reply_to = ReplyTo::Task { execution: id, task };
        match request {
            Err(error) => core.answer(actor, reply_to, Err(error)),
            Ok(request) => match core.fault(FaultId::SfTaskAmbig, actor, operation, 0) {
                0 => {
                    let throttled = form_value(&THROTTLED_MS, core.fault(FaultId::SfThrottle, actor, operation, 0));
                    if throttled.is_some() {
                        core.measure(StatesMetric::ExecutionThrottled.of(machine_index), 1.0);
                    }
                    let mut late_ms = throttled.unwrap_or(0);
                    if in_map_run {
                        let form = core.fault(FaultId::SfMapRun, actor, operation, 0);
                        late_ms += form_value(&CHILD_LATE_MS, form).unwrap_or(0);
                    }
                    core.send_delayed(late_ms, Caller { actor, occurrence: 0, principal: role, reply_to }, request);
                }
                form => {
                    if form == 2 {
                        core.send(Caller { actor, occurrence: 0, principal: role, reply_to: ReplyTo::Nobody }, request);
                    }
                    let lost = "Unable to execute HTTP request: The target server failed to respond";
                    let error = ApiError::new("SdkClientException", lost).with_status(0);
                    core.answer_after(AMBIGUOUS_ANSWER_MS, actor, 0, reply_to, Err(error));
                }
            },
        }
        self.may_be_stopped(core, id, actor, operation, 0);
    }

    /// Lets an operator stop an execution here; whether one did.
    pub(super) fn may_be_stopped(
        &mut self,
        core: &mut Core,
        id: u32,
        actor: ActorId,
        operation: Name,
        occurrence: u32,
    ) -> bool {
        let is_stopped = core.fault(FaultId::SfAbort, actor, operation, occurrence) != 0;
        if is_stopped {
            let _ = self.resume(core, id, Event::Stop { error: None, cause: Some("stopped by an operator".into()) });
        }
        is_stopped
    }

    /// Calls what is not reached by a request: workers, and mocks.
    fn invoke_without_request(&mut self, core: &mut Core, id: u32, called: Called, parameters: Json) {
        let (task, actor) = (called.task, called.actor);
        let plan = called.plan.clone();
        if plan.is_callback() {
            self.changed = self.changed.and(Parts::TOKENS);
        }
        self.records[id as usize].tasks.push(called.open(core.now()));
        match plan {
            TaskPlan::Activity { activity } => self.offer(core, activity, id, task, parameters),
            TaskPlan::Mock { mock, .. } => {
                let entropy = core.entropy(actor, Name::HANDLER, 0);
                let told = match self.mocks.get_mut(mock as usize) {
                    Some(mock) => mock.answer(&parameters, core.now(), entropy),
                    None => json!({"error": "NotSimulated", "cause": "there is no such mock"}),
                };
                let reply_to = ReplyTo::Task { execution: id, task };
                core.answer_after(MOCK_MS, actor, 0, reply_to, Ok(Response::States(told)));
            }
            _ => {}
        }
    }

    fn finish(&mut self, core: &mut Core, id: u32, outcome: Outcome) {
        let record = &mut self.records[id as usize];
        core.note(record.actor, || {
            let what = match (&outcome.output, &outcome.error) {
                (Some(output), _) => output.to_string(),
                (None, Some(error)) => error.to_string(),
                (None, None) => String::new(),
            };
            format!("execution {} ends {}: {what}", record.name, outcome.status.name())
        });
        core.fold(hash_text(outcome.status.name()));
        record.status = outcome.status;
        record.output = outcome.output.unwrap_or_default();
        record.error = outcome.error;
        record.cause = outcome.cause;
        record.stopped = Some(core.now());
        measure_end(core, record);
        let error = (record.status != Status::Succeeded).then_some(|| error_text(record));
        core.coverage_mut().execution_ended(record.machine, error);
        for timer in record.timers.drain(..) {
            core.cancel(timer.queued);
        }
        let left = std::mem::take(&mut record.tasks);
        if !self.keeps_history {
            record.engine = None;
        }
        for open in left {
            if let Some(child) = open.child {
                self.stop_child(core, child, open.actor);
            }
        }
        self.changed = self.changed.and(Parts::EXECUTIONS).and(Parts::TOKENS);
        self.announce(core, id);
        self.tell_end(core, id);
    }
}

/// Why an execution did not succeed, in one line.
fn error_text(record: &ExecutionRecord) -> Arc<str> {
    let cause = record.cause.as_deref().and_then(|cause| cause.lines().next()).unwrap_or_default();
    match record.error.as_deref() {
        Some(error) if cause.is_empty() => error.into(),
        Some(error) => format!("{error}: {cause}").into(),
        None => record.status.name().into(),
    }
}

fn measure_end(core: &mut Core, record: &ExecutionRecord) {
    let ended = match record.status {
        Status::Running => return,
        Status::Succeeded => StatesMetric::ExecutionsSucceeded,
        Status::Failed => StatesMetric::ExecutionsFailed,
        Status::TimedOut => StatesMetric::ExecutionsTimedOut,
        Status::Aborted => StatesMetric::ExecutionsAborted,
    };
    core.measure(ended.of(record.machine), 1.0);
    core.measure(StatesMetric::ExecutionTime.of(record.machine), (core.now() - record.started) as f64);
}
