use std::sync::Arc;

use rehearsal_engine::execution::{Effect, Event, Execution, Resumed, Start, Status, TaskId, TimerId, WorkflowType};
use rehearsal_engine::{Json, json};

use super::activities::Activity;
use super::api::{Machine, Request, SendTask, StartExecution, TaskOutcome};
use super::executions::{ExecutionRecord, StateMachine};
use super::keyed;
use super::measures::MeasuredTasks;
use super::nested::Awaited;
use super::points::{MachinePoints, Point};
use super::tasks::{TaskMock, TaskPlan};
use crate::services::{Answer, ApiError, Response};
use crate::world::metrics::StatesMetric;
use crate::world::{
    ActorId, Caller, Core, FaultId, Millis, Name, Parts, Principal, ReplyTo, SDK_RETRY_OCCURRENCE, uuid,
};

/// The Step Functions service of one world.
#[expect(clippy::struct_excessive_bools, reason = "each says one thing about the run or the template, by its name")]
pub struct StepFunctions {
    pub(super) machines: Vec<StateMachine>,
    pub(super) records: Vec<ExecutionRecord>,
    activities: Vec<Activity>,
    pub(super) mocks: Vec<TaskMock>,
    pub(super) effects: Vec<Effect>,
    pub(super) points: Vec<MachinePoints>,
    pub(super) changed: Parts,
    pub(super) keeps_history: bool,
    /// Whether this run keeps what interpreters were told: only where somebody may look back at it.
    pub(super) keeps_journals: bool,
    /// Whether anything of the template may look back, in any run.
    is_looked_back_at: bool,
    /// Whether anybody listens for status changes: without a rule on the default bus nobody does.
    pub(super) announces: bool,
}

impl StepFunctions {
    /// The service with these state machines.
    pub fn new(
        machines: Vec<StateMachine>,
        activities: Vec<Activity>,
        mocks: Vec<TaskMock>,
        announces: bool,
    ) -> StepFunctions {
        let mut first = 0;
        let points = machines.iter().map(|machine| {
            let points = MachinePoints::of(&machine.program, first);
            first += points.described().len() as u32;
            points
        });
        let points = points.collect();
        StepFunctions {
            machines,
            records: Vec::new(),
            activities,
            mocks,
            effects: Vec::new(),
            points,
            changed: Parts::NONE,
            keeps_history: false,
            keeps_journals: true,
            is_looked_back_at: true,
            announces,
        }
    }

    /// The same where something of the template may ask for histories or redrive executions, or nothing may: then only
    /// `keep_journals` makes a run remember what that takes.
    #[must_use]
    pub fn looked_back_at(mut self, is_looked_back_at: bool) -> StepFunctions {
        self.is_looked_back_at = is_looked_back_at;
        self
    }

    /// From here on, somebody of this run may ask for histories or redrive executions.
    pub(crate) fn keep_journals(&mut self) {
        self.keeps_journals = true;
    }

    pub(super) fn keeps_journals(&self) -> bool {
        self.keeps_journals
    }

    /// Back to no execution; `keeps_history` for runs that somebody will look at.
    pub fn reset(&mut self, keeps_history: bool) {
        self.records.clear();
        self.activities.iter_mut().for_each(Activity::reset);
        self.mocks.iter_mut().for_each(TaskMock::reset);
        self.changed = Parts::NONE;
        self.keeps_history = keeps_history;
        self.keeps_journals = self.is_looked_back_at;
    }

    /// The state machines.
    pub fn machines(&self) -> &[StateMachine] {
        &self.machines
    }

    /// Every execution, in the order of their start.
    pub fn records(&self) -> &[ExecutionRecord] {
        &self.records
    }

    pub(super) fn records_mut(&mut self) -> &mut [ExecutionRecord] {
        &mut self.records
    }

    pub(super) fn activities_mut(&mut self) -> &mut [Activity] {
        &mut self.activities
    }

    pub(super) fn mark(&mut self, parts: Parts) {
        self.changed = self.changed.and(parts);
    }

    /// By machine, the points of it that runs can reach, numbered one after the other.
    pub fn points(&self) -> impl Iterator<Item = &[Point]> {
        self.points.iter().map(MachinePoints::described)
    }

    /// Every execution that has not ended, with what it waits for.
    pub fn waiting(&self, core: &Core) -> impl Iterator<Item = String> {
        let running = self.records.iter().filter(|record| record.status == Status::Running);
        running.map(|record| {
            let machine = &self.machines[record.machine as usize];
            let whose = core.lineages().text(core.names(), record.actor);
            let whose = whose.split('/').next().unwrap_or_default();
            let state = record.state.and_then(|state| machine.states_text.get(state.0 as usize));
            let state = state.map_or("its first state", |state| &**state);
            let tokens = record.tasks.iter().filter(|open| open.plan.is_callback()).count();
            let timed = if record.timers.is_empty() { ", and nothing limits how long" } else { "" };
            let what = match (tokens, record.tasks.len(), record.timers.len()) {
                (1, _, _) => format!("that somebody answers its task token{timed}"),
                (2.., _, _) => format!("that somebody answers its {tokens} task tokens{timed}"),
                (_, 1.., _) => format!("for the answer to its task{timed}"),
                (_, _, 1..) => "for a time to come".to_owned(),
                _ => "for nothing that could come".to_owned(),
            };
            let for_ms = core.now().0.saturating_sub(record.started.0);
            format!("{} of {whose}, begun {for_ms} ms ago, is in {state} and waits {what}", machine.text)
        })
    }

    /// What of the executions changed since this was last asked.
    pub fn take_changed(&mut self) -> Parts {
        std::mem::take(&mut self.changed)
    }

    /// Takes a request that reached the service.
    pub fn handle(&mut self, core: &mut Core, caller: Caller, request: Request) {
        let answer = match request {
            Request::StartExecution(start) => {
                if start_is_throttled(core, &caller) {
                    let error = ApiError::new("ThrottlingException", "Rate exceeded");
                    core.answer(caller.actor, caller.reply_to, Err(error));
                    return;
                }
                let answer = self.start(core, caller, &start, None);
                if answer.is_ok() {
                    self.may_run_twice(core, &caller, &start);
                }
                // AWS: a client that lost the answer starts again; a name makes that idempotent, no name does not.
                if core.fault(FaultId::SfStartDup, caller.actor, Name::STATES_START_EXECUTION, caller.occurrence) != 0 {
                    let again = Caller { occurrence: caller.occurrence + SDK_RETRY_OCCURRENCE, ..caller };
                    let _ = self.start(core, again, &start, None);
                }
                answer
            }
            Request::StopExecution { execution, error, cause } => self.stop(core, &execution, error, cause),
            Request::DescribeExecution { execution } => self.describe(&execution),
            Request::StartSyncExecution(start) => match self.start_sync(core, caller, &start) {
                // The answer comes when it is over.
                None => return,
                Some(error) => Err(error),
            },
            Request::RedriveExecution { execution } => self.redrive(core, &execution),
            Request::GetExecutionHistory { execution, page, is_reversed, without_data } => {
                self.history(core, &execution, &page, is_reversed, without_data)
            }
            Request::ListExecutions { machine, status, page } => self.list(&machine, status.as_deref(), &page),
            Request::DescribeStateMachine { machine, of_execution } => self.describe_machine(&machine, of_execution),
            Request::ListStateMachines { page } => self.list_machines(&page),
            Request::GetActivityTask { activity, worker } => {
                match self.poll_activity(core, caller, &activity, worker) {
                    // The answer comes with the work, or after a minute.
                    Ok(()) => return,
                    Err(error) => Err(error),
                }
            }
            Request::SendTask(send) => self.send_task(core, send),
        };
        if let Err(error) = &answer {
            core.note(caller.actor, || format!("{}: {}", error.code, error.message));
        }
        core.answer(caller.actor, caller.reply_to, answer.map(Response::States));
    }

    /// A timer of an execution fired, the `occurrence`th of `actor`.
    pub fn timer(&mut self, core: &mut Core, actor: ActorId, occurrence: u32, id: u32, timer: TimerId) {
        self.records[id as usize].timers.retain(|known| known.id != timer);
        if self.may_be_stopped(core, id, actor, Name::TIMER, occurrence) {
            self.drive(core, id);
            return;
        }
        let _ = self.resume(core, id, Event::TimerFired(timer));
        self.drive(core, id);
    }

    /// The answer to a task's call arrived.
    pub fn answer(&mut self, core: &mut Core, id: u32, task: TaskId, answer: Answer) {
        let record = &self.records[id as usize];
        // A caller that no longer waits discards the late answer.
        let Some(place) = record.tasks.iter().position(|open| open.task == task) else { return };
        let open = &record.tasks[place];
        let request_key = core.entropy(open.actor, Name::RESPONSE, 0);
        let callback = open.plan.is_callback();
        let (actor, told) = (open.actor, u32::from(open.child.is_some()));
        if self.may_be_stopped(core, id, actor, Name::RESPONSE, told) {
            self.drive(core, id);
            return;
        }
        let open = &self.records[id as usize].tasks[place];
        if let Some(child) = open.child {
            // What is told now is that the child is over.
            let outcome = self.child_outcome(child, open.plan == TaskPlan::Execution { as_json: true });
            self.records[id as usize].tasks.swap_remove(place);
            let event = match outcome {
                Ok(output) => Event::Succeeded { task, output },
                Err((error, cause)) => Event::Failed { task, error: Some(error), cause: Some(cause) },
            };
            let _ = self.resume(core, id, event);
            self.drive(core, id);
            return;
        }
        let waits_for_child = matches!(open.plan, TaskPlan::Execution { .. });
        let event = match open.plan.outcome(answer, request_key) {
            Ok(output) if waits_for_child => {
                let child = output.get("ExecutionArn").and_then(Json::as_str).map(|arn| self.find_execution(arn));
                if let Some(Ok(child)) = child {
                    self.await_child(core, id, task, child);
                }
                Event::Submitted { task, output }
            }
            Ok(output) if callback => Event::Submitted { task, output },
            Ok(output) => Event::Succeeded { task, output },
            Err((error, cause)) => Event::Failed { task, error: Some(error), cause: Some(cause) },
        };
        if !matches!(event, Event::Submitted { .. }) {
            self.records[id as usize].tasks.swap_remove(place);
            if callback {
                self.changed = self.changed.and(Parts::TOKENS);
            }
        }
        let _ = self.resume(core, id, event);
        self.drive(core, id);
    }

    /// AWS: an asynchronous Express execution runs at least once, and so now and then twice, maybe at once.
    fn may_run_twice(&mut self, core: &mut Core, caller: &Caller, start: &StartExecution) {
        let express = self.find_machine(&start.machine).is_some_and(|machine| self.machines[machine as usize].express);
        if !express || caller.occurrence & EXPRESS_AGAIN_OCCURRENCE != 0 {
            return;
        }
        let form = core.fault(FaultId::SfExpressDup, caller.actor, Name::STATES_START_EXECUTION, caller.occurrence);
        let again = Caller {
            occurrence: caller.occurrence | EXPRESS_AGAIN_OCCURRENCE,
            principal: Principal::Anyone,
            reply_to: ReplyTo::Nobody,
            ..*caller
        };
        match form {
            0 => {}
            1 => {
                let _ = self.start(core, again, start, None);
            }
            _ => {
                let request = Request::StartExecution(start.clone());
                core.send_delayed(EXPRESS_AGAIN_MS, again, crate::services::Request::States(Box::new(request)));
            }
        }
    }

    pub(super) fn start(
        &mut self,
        core: &mut Core,
        caller: Caller,
        start: &StartExecution,
        awaited: Option<Awaited>,
    ) -> Result<Json, ApiError> {
        let Some(machine_index) = self.find_machine(&start.machine) else {
            let arn = match &start.machine {
                Machine::Arn(arn) => arn.clone(),
                Machine::Index(index) => index.to_string().into(),
            };
            let message = format!("State Machine Does Not Exist: '{arn}'");
            return Err(ApiError::new("StateMachineDoesNotExist", message));
        };
        let qualifier = match &start.machine {
            Machine::Arn(arn) => self.find_qualified(arn).and_then(|(_, qualifier)| qualifier).map(Arc::from),
            Machine::Index(_) => None,
        };
        let machine = &self.machines[machine_index as usize];
        if let Some(name) = start.name.as_ref().filter(|name| !is_name(name)) {
            return Err(ApiError::new("InvalidName", format!("Invalid Name: '{name}'")));
        }
        if let Some(name) = &start.name
            && !machine.express
            && let Some(known) =
                self.records.iter().find(|record| record.machine == machine_index && record.name == *name)
        {
            // AWS: the same name with the same input answers with the running execution; anything else is refused.
            if known.status == Status::Running && known.input == start.input {
                return Ok(started(&known.arn, known.started));
            }
            let message = format!("Execution Already Exists: '{}'", known.arn);
            return Err(ApiError::new("ExecutionAlreadyExists", message));
        }
        let open = || self.records.iter().filter(|record| record.status == Status::Running).count();
        if self.records.len() >= OPEN_EXECUTIONS_MAX && open() >= OPEN_EXECUTIONS_MAX {
            let message = "Maximum number of running executions reached";
            return Err(ApiError::new("ExecutionLimitExceeded", message));
        }
        let actor = core.child(caller.actor, machine.name, caller.occurrence);
        let name = start
            .name
            .clone()
            .unwrap_or_else(|| uuid(core.entropy(actor, Name::EXECUTION, 0), core.entropy(actor, Name::EXECUTION, 1)));
        let arn = execution_arn(core, machine, &name, actor);
        core.note(actor, || format!("execution {name} starts with {}", start.input));
        let id = self.records.len() as u32;
        let mut record = ExecutionRecord {
            machine: machine_index,
            qualifier,
            actor,
            arn: arn.clone(),
            name,
            input: start.input.clone(),
            input_text: None,
            status: Status::Running,
            output: Json::Null,
            error: None,
            cause: None,
            state: None,
            started: core.now(),
            stopped: None,
            number: id,
            redrives: 0,
            acting: actor,
            journal: Vec::new(),
            awaited_by: awaited.into_iter().collect(),
            engine: None,
            tasks: Vec::new(),
            timers: Vec::new(),
            heartbeats: 0,
            measured: MeasuredTasks::default(),
        };
        let engine = Execution::start(machine.program.clone(), start_of(&record, machine, self.keeps_history));
        record.engine = Some(Box::new(engine));
        self.records.push(record);
        core.measure(StatesMetric::ExecutionsStarted.of(machine_index), 1.0);
        self.changed = self.changed.and(Parts::EXECUTIONS);
        self.announce(core, id);
        self.may_be_stopped(core, id, actor, Name::EXECUTION, 0);
        self.drive(core, id);
        Ok(started(&arn, core.now()))
    }

    fn stop(
        &mut self,
        core: &mut Core,
        arn: &str,
        error: Option<Arc<str>>,
        cause: Option<Arc<str>>,
    ) -> Result<Json, ApiError> {
        let id = self.find_execution(arn)?;
        let _ = self.resume(core, id, Event::Stop { error, cause });
        self.drive(core, id);
        Ok(Json::from_pairs([("stopDate", seconds(core.now()))]))
    }

    fn send_task(&mut self, core: &mut Core, send: SendTask) -> Result<Json, ApiError> {
        let timed_out = || ApiError::new("TaskTimedOut", "Task Timed Out: 'Provided task does not exist anymore'");
        let Some(id) = keyed::execution_of(&send.token) else {
            return Err(ApiError::new("InvalidToken", "Invalid Token: 'Invalid token'"));
        };
        let does_not_exist =
            || ApiError::new("TaskDoesNotExist", "Task Does Not Exist: 'Provided task does not exist'");
        let record = self.records.get_mut(id as usize).ok_or_else(does_not_exist)?;
        let open = record.tasks.iter().position(|open| open.token.as_ref().is_some_and(|token| *token == send.token));
        let place = open.ok_or_else(timed_out)?;
        let task = record.tasks[place].task;
        let event = match send.outcome {
            TaskOutcome::Success { output } => Event::Succeeded { task, output },
            TaskOutcome::Failure { error, cause } => Event::Failed { task, error, cause },
            TaskOutcome::Heartbeat => Event::Heartbeat { task },
        };
        if !matches!(event, Event::Heartbeat { .. }) {
            record.tasks.swap_remove(place);
            self.changed = self.changed.and(Parts::TOKENS);
        }
        let resumed = self.resume(core, id, event);
        self.drive(core, id);
        if resumed == Resumed::Stale { Err(timed_out()) } else { Ok(Json::object()) }
    }

    pub(super) fn find_machine(&self, machine: &Machine) -> Option<u32> {
        match machine {
            Machine::Index(index) => Some(*index),
            Machine::Arn(arn) => self.find_qualified(arn).map(|(index, _)| index),
        }
    }

    /// The machine of an ARN, and the version or alias of it that the ARN names.
    pub(super) fn find_qualified<'a>(&self, arn: &'a str) -> Option<(u32, Option<&'a str>)> {
        let means = |machine: &StateMachine| {
            let rest = arn.strip_prefix(&*machine.arn)?;
            if rest.is_empty() {
                return Some(None);
            }
            let qualifier = rest.strip_prefix(':')?;
            machine.qualifiers.iter().any(|(known, _)| **known == *qualifier).then_some(Some(qualifier))
        };
        let mut found = self.machines.iter().zip(0_u32..).filter_map(|(machine, index)| Some((index, means(machine)?)));
        found.next()
    }

    pub(super) fn find_execution(&self, arn: &str) -> Result<u32, ApiError> {
        let found = self.records.iter().position(|record| *record.arn == *arn).map(|id| id as u32);
        found.ok_or_else(|| ApiError::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'")))
    }
}

/// AWS: the quota of open executions of an account.
const OPEN_EXECUTIONS_MAX: usize = 1_000_000;
/// Occurrences of an Express execution's second run.
const EXPRESS_AGAIN_OCCURRENCE: u32 = 1 << 22;
/// A second run that is not at once comes so much later.
const EXPRESS_AGAIN_MS: u64 = 10_000;
/// How the interpreter of an execution begins.
pub(super) fn start_of(record: &ExecutionRecord, machine: &StateMachine, history: bool) -> Start {
    Start {
        input: record.input.clone(),
        input_text: None,
        execution_arn: record.arn.clone(),
        execution_name: record.name.clone(),
        role_arn: machine.role_arn.clone(),
        state_machine_arn: machine.arn.clone(),
        state_machine_name: machine.text.clone(),
        start_ms: record.started.0,
        workflow_type: if machine.express { WorkflowType::Express } else { WorkflowType::Standard },
        era: rehearsal_engine::execution::Era::default(),
        history,
    }
}

fn execution_arn(core: &Core, machine: &StateMachine, name: &str, actor: ActorId) -> Arc<str> {
    let (head, tail) = machine.arn.split_once(":stateMachine:").unwrap_or((&machine.arn, &machine.text));
    if !machine.express {
        return [head, ":execution:", tail, ":", name].concat().into();
    }
    // AWS: names of Express executions may repeat, so that their ARNs end in an id.
    let id = uuid(core.entropy(actor, Name::EXECUTION, 2), core.entropy(actor, Name::EXECUTION, 3));
    [head, ":express:", tail, ":", name, ":", &id].concat().into()
}

/// AWS: an execution's name has 1 to 80 characters, without blanks, control characters and some others.
fn is_name(name: &str) -> bool {
    const LENGTH_MAX: usize = 80;
    let forbidden =
        |letter: char| letter.is_whitespace() || letter.is_control() || "<>{}[]?*\"#%\\^|~`$&,;:/".contains(letter);
    (1..=LENGTH_MAX).contains(&name.chars().count()) && !name.contains(forbidden)
}

fn started(arn: &Arc<str>, at: Millis) -> Json {
    json!({"executionArn": arn, "startDate": seconds(at)})
}

/// AWS: a client may start only so many executions at once.
fn start_is_throttled(core: &mut Core, caller: &Caller) -> bool {
    let is_heard = !matches!(caller.reply_to, ReplyTo::Nobody | ReplyTo::Outbox { .. });
    let operation = Name::STATES_START_EXECUTION;
    is_heard && core.fault(FaultId::SfStartThrottle, caller.actor, operation, caller.occurrence) != 0
}

/// AWS: the API gives dates in seconds with a fraction.
pub(super) fn seconds(at: Millis) -> Json {
    Json::from(at.0 as f64 / 1000.0)
}
