use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::{Program, StateId};
use rehearsal_engine::execution::{Execution, Status, TimerId};

use super::journal::Told;
use super::keyed;
use super::measures::MeasuredTasks;
use super::nested::Awaited;
use super::service::StepFunctions;
use super::tasks::{OpenTask, TaskPlan};
use crate::world::{ActorId, Core, Millis, Name, Principal, QueueId};

/// A state machine of the template.
pub struct StateMachine {
    /// Its name, interned.
    pub name: Name,
    /// Its name.
    pub text: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its versions and aliases: what stands behind its ARN, and which version that is.
    pub qualifiers: Vec<(Arc<str>, Arc<str>)>,
    /// The ARN of its role.
    pub role_arn: Arc<str>,
    /// Who its tasks' calls are made as.
    pub role: Principal,
    /// Whether Step Functions may assume the role; every task fails otherwise.
    pub assumable: bool,
    /// Whether it is an Express one.
    pub express: bool,
    /// Its definition as text.
    pub definition: Arc<str>,
    /// Its compiled definition.
    pub program: Arc<Program>,
    /// The full paths of its states, interned, by the engine's number.
    pub states: Vec<Name>,
    /// The same as texts.
    pub states_text: Vec<Arc<str>>,
    /// How each state's resource is called, by the engine's number of the state.
    pub plans: Vec<Option<TaskPlan>>,
}

/// What the ledger knows of an execution.
pub struct ExecutionRecord {
    /// The state machine, by its index.
    pub machine: u32,
    /// The version or alias by which the machine was named.
    pub qualifier: Option<Arc<str>>,
    /// Its lineage.
    pub actor: ActorId,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its name.
    pub name: Arc<str>,
    /// Its input.
    pub input: Json,
    /// Its input as text, once an event has told it.
    pub(super) input_text: Option<Arc<str>>,
    /// Its status.
    pub status: Status,
    /// Its output, once it succeeded.
    pub output: Json,
    /// The error that ended it.
    pub error: Option<Arc<str>>,
    /// The error's cause.
    pub cause: Option<Arc<str>>,
    /// The state that was entered last.
    pub state: Option<StateId>,
    /// When it started.
    pub started: Millis,
    /// When it stopped.
    pub stopped: Option<Millis>,
    /// The interpreter; gone when the execution is over and no history is kept.
    pub engine: Option<Box<Execution>>,
    pub(super) number: u32,
    /// How often it was redriven.
    pub redrives: u32,
    /// Who acts: its lineage, or that of the latest redrive.
    pub(super) acting: ActorId,
    /// All that the interpreter was told, so that it can be told again.
    pub(super) journal: Vec<Told>,
    /// Who waits for its end.
    pub(super) awaited_by: Vec<Awaited>,
    pub(super) tasks: Vec<OpenTask>,
    pub(super) timers: Vec<Timer>,
    pub(super) heartbeats: u32,
    pub(super) measured: MeasuredTasks,
}

/// A timer that an execution has set.
pub(super) struct Timer {
    pub(super) id: TimerId,
    pub(super) queued: QueueId,
    /// Whose: of a state's attempt, or of the whole execution.
    pub(super) actor: ActorId,
    pub(super) at: Millis,
}

/// A task token that waits for an answer.
#[derive(Clone, Copy)]
pub struct OpenToken<'r> {
    /// The token.
    pub token: &'r Arc<str>,
    /// Whose task it is.
    pub record: &'r ExecutionRecord,
    /// Which state waits.
    pub state: StateId,
    /// Since when.
    pub since: Millis,
}

impl StepFunctions {
    /// When whoever waits for this token's answer gives up first: the task, or its execution.
    pub fn deadline_of(&self, core: &Core, token: &str) -> Option<Millis> {
        let record = self.records().get(keyed::execution_of(token)? as usize)?;
        let open = record.tasks.iter().find(|open| open.token.as_deref() == Some(token))?;
        let own = core.lineages().hash(open.actor);
        let limits = record.timers.iter().filter(|timer| {
            // Each timer has a lineage of its own, of the same name.
            timer.actor == record.acting || core.lineages().hash(timer.actor) == own
        });
        limits.map(|timer| timer.at).min()
    }

    /// The tokens that somebody still has to answer, in the order of their executions.
    pub fn open_tokens(&self) -> impl Iterator<Item = OpenToken<'_>> {
        self.records().iter().flat_map(|record| {
            record.tasks.iter().filter_map(move |open| {
                let token = open.token.as_ref().filter(|_| open.plan.is_callback() || open.is_polled)?;
                Some(OpenToken { token, record, state: open.state, since: open.since })
            })
        })
    }
}
