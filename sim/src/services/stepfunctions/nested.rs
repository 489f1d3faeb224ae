//! Executions that somebody waits for: `.sync` tasks of other executions, and callers of `StartSyncExecution`.

use rehearsal_engine::execution::{Status, TaskId};
use rehearsal_engine::json::Object;
use rehearsal_engine::{Json, json, text};

use super::api::{Request, StartExecution};
use super::executions::ExecutionRecord;
use super::service::{StepFunctions, seconds};
use super::tasks::TaskFailure;
use crate::services::{ApiError, Response};
use crate::world::{ActorId, Caller, Core, FaultId, Name, Principal, ReplyTo};

/// Who waits for the end of an execution.
#[derive(Clone, Copy, Debug)]
pub(super) enum Awaited {
    /// A `.sync` task of another execution.
    Task { execution: u32, task: TaskId, actor: ActorId },
    /// A caller of `StartSyncExecution`.
    Caller { actor: ActorId, reply_to: ReplyTo },
}

/// AWS: a `.sync` task learns of the end through an event; it takes about this long.
const END_TOLD_MS: u64 = 200;
/// AWS: the child of a `.sync` task that nobody waits for is stopped, as far as possible; it takes about this long.
const CHILD_STOPPED_MS: u64 = 200;
/// AWS: Express executions are billed in steps of this.
const BILLED_STEP_MS: u64 = 100;
/// AWS: and for at least this much memory.
const BILLED_MEMORY_MB: u64 = 64;
/// A client notices a lost connection after about this long.
const CONNECTION_LOST_MS: u64 = 1_000;
/// botocore: an answer is waited for this long.
const READ_TIMEOUT_MS: u64 = 60_000;
const END_OCCURRENCE: u32 = 1 << 21;

impl StepFunctions {
    /// Starts an Express execution whose caller waits for its end.
    pub(super) fn start_sync(&mut self, core: &mut Core, caller: Caller, start: &StartExecution) -> Option<ApiError> {
        let machine = self.find_machine(&start.machine).map(|index| &self.machines()[index as usize]);
        if machine.is_some_and(|machine| !machine.express) {
            let message = "This operation is not supported by this type of state machine";
            return Some(ApiError::new("StateMachineTypeNotSupported", message));
        }
        let operation = Name::STATES_START_SYNC_EXECUTION;
        // AWS: what has begun goes on, whether or not somebody still waits for it.
        let form = core.fault(FaultId::SfExpressSync, caller.actor, operation, caller.occurrence);
        let reply_to = if form == 0 { caller.reply_to } else { ReplyTo::Nobody };
        let awaited = Awaited::Caller { actor: caller.actor, reply_to };
        let refused = self.start(core, caller, start, Some(awaited)).err();
        if form != 0 && refused.is_none() {
            let after_ms = if form == 1 { CONNECTION_LOST_MS } else { READ_TIMEOUT_MS };
            let code =
                if matches!(caller.reply_to, ReplyTo::Task { .. }) { "SdkClientException" } else { "ReadTimeoutError" };
            let lost = ApiError::new(code, "Read timeout on endpoint URL").with_status(0);
            core.answer_after(after_ms, caller.actor, caller.occurrence, caller.reply_to, Err(lost));
        }
        refused
    }

    /// A `.sync` task waits for the execution that it started, from now on.
    pub(super) fn await_child(&mut self, core: &mut Core, parent: u32, task: TaskId, child: u32) {
        let parents = &mut self.records_mut()[parent as usize];
        let Some(open) = parents.tasks.iter_mut().find(|open| open.task == task) else { return };
        open.child = Some(child);
        let awaited = Awaited::Task { execution: parent, task, actor: open.actor };
        let record = &mut self.records_mut()[child as usize];
        record.awaited_by.push(awaited);
        if record.status != Status::Running {
            self.tell_end(core, child);
        }
    }

    /// Tells everybody who waits for it that an execution is over.
    pub(super) fn tell_end(&mut self, core: &mut Core, id: u32) {
        for awaited in std::mem::take(&mut self.records_mut()[id as usize].awaited_by) {
            match awaited {
                Awaited::Task { execution, task, actor } => {
                    let reply_to = ReplyTo::Task { execution, task };
                    let told = Ok(Response::States(json!({"child": id})));
                    core.answer_after(END_TOLD_MS, actor, END_OCCURRENCE, reply_to, told);
                }
                Awaited::Caller { actor, reply_to } => {
                    let answer = self.sync_answer(id);
                    core.answer(actor, reply_to, Ok(Response::States(answer)));
                }
            }
        }
    }

    /// Stops the execution that a `.sync` task waited for.
    pub(super) fn stop_child(&mut self, core: &mut Core, child: u32, actor: ActorId) {
        let record = &self.records()[child as usize];
        if record.status != Status::Running {
            return;
        }
        let stop = Request::StopExecution { execution: record.arn.clone(), error: None, cause: None };
        let caller =
            Caller { actor, occurrence: END_OCCURRENCE, principal: Principal::Anyone, reply_to: ReplyTo::Nobody };
        core.send_delayed(CHILD_STOPPED_MS, caller, crate::services::Request::States(Box::new(stop)));
    }

    /// What a `.sync` task comes to when its child is over.
    pub(super) fn child_outcome(&self, child: u32, as_json: bool) -> Result<Json, TaskFailure> {
        let record = &self.records()[child as usize];
        let mut members = Object::with_capacity(14);
        let mut add = |key: &str, value: Json| members.insert(key.into(), value);
        let payload = |value: &Json| if as_json { value.clone() } else { value.to_string().into() };
        if let Some(cause) = &record.cause {
            add("Cause", cause.clone().into());
        }
        if let Some(error) = &record.error {
            add("Error", error.clone().into());
        } else if record.status == Status::TimedOut {
            add("Error", json!("States.Timeout"));
        }
        add("ExecutionArn", record.arn.clone().into());
        add("Input", payload(&record.input));
        add("InputDetails", json!({"Included": true}));
        add("Name", record.name.clone().into());
        if record.status == Status::Succeeded {
            add("Output", payload(&record.output));
            add("OutputDetails", json!({"Included": true}));
        }
        add("StartDate", record.started.0.into());
        add("StateMachineArn", self.machines()[record.machine as usize].arn.clone().into());
        add("Status", record.status.name().into());
        add("StopDate", record.stopped.map_or(Json::Null, |at| at.0.into()));
        let description = Json::from(members);
        if record.status == Status::Succeeded {
            return Ok(description);
        }
        Err((text!("States.TaskFailed"), description.to_string().into()))
    }

    fn sync_answer(&self, id: u32) -> Json {
        let record = &self.records()[id as usize];
        let duration_ms = record.stopped.map_or(0, |at| at - record.started);
        let mut members = self.described(record);
        members.push((
            "billingDetails",
            json!({
                "billedMemoryUsedInMB": BILLED_MEMORY_MB,
                "billedDurationInMilliseconds": duration_ms.div_ceil(BILLED_STEP_MS).max(1) * BILLED_STEP_MS,
            }),
        ));
        Json::from_pairs(members)
    }

    /// The members that describe an execution.
    pub(super) fn described(&self, record: &ExecutionRecord) -> Vec<(&'static str, Json)> {
        let machine = &self.machines()[record.machine as usize];
        let mut members = vec![
            ("executionArn", Json::String(record.arn.clone())),
            ("stateMachineArn", Json::String(machine.arn.clone())),
            ("name", Json::String(record.name.clone())),
            ("status", record.status.name().into()),
            ("startDate", seconds(record.started)),
        ];
        members.extend(record.stopped.map(|at| ("stopDate", seconds(at))));
        members.push(("input", record.input.to_string().into()));
        members.push(("inputDetails", json!({"included": true})));
        if record.status == Status::Succeeded {
            members.push(("output", record.output.to_string().into()));
            members.push(("outputDetails", json!({"included": true})));
        }
        members.extend(record.error.clone().map(|error| ("error", Json::String(error))));
        members.extend(record.cause.clone().map(|cause| ("cause", Json::String(cause))));
        members
    }
}
