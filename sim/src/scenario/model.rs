use std::sync::Arc;

use rehearsal_engine::Json;

use super::{Expression, Range, Value};
use crate::diagnostics::Place;

/// A scenario file. Everything has a default but the workload.
#[derive(Clone, Debug, PartialEq)]
pub struct ScenarioFile {
    /// The folder's name.
    pub name: Arc<str>,
    /// `description`
    pub description: Option<Arc<str>>,
    /// `template`: the path as written, relative to the scenario.
    pub template: Arc<str>,
    /// `exists`: names or ARNs of what was made before the template is deployed, with where they stand.
    pub exists: Vec<(Arc<str>, Place)>,
    /// `tables`: what is in the tables when a run begins.
    pub tables: Vec<TableItems>,
    /// `objects`: what is in buckets when a run begins.
    pub objects: Vec<StoredObject>,
    /// `workload`: who does what.
    pub workload: Vec<Actor>,
    /// `faults`: what may go wrong.
    pub faults: Faults,
    /// `invariants`: what must hold.
    pub invariants: Vec<Invariant>,
    /// `mocks`: functions whose answers are written here.
    pub mocks: Vec<Mock>,
    /// `caps`: when a run ends in any case.
    pub caps: Caps,
}

/// The first items of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct TableItems {
    /// The table's physical name.
    pub table: Arc<str>,
    /// The items as plain JSON.
    pub items: Vec<Json>,
    /// Where each item stands.
    pub item_places: Vec<Place>,
    /// Where the table is named.
    pub place: Place,
}

/// An object in a bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredObject {
    /// The bucket: its logical id or its name, of the template or not.
    pub bucket: Arc<str>,
    /// The object's key.
    pub key: Arc<str>,
    /// Its text.
    pub body: Arc<str>,
}

/// Someone who does something to the system.
#[derive(Clone, Debug, PartialEq)]
pub struct Actor {
    /// `actor`: its name, unique among the actors.
    pub name: Arc<str>,
    /// `count`: how many of them; one unless said otherwise.
    pub count: Range,
    /// `at`: when each begins, in milliseconds after the run's begin.
    pub at_ms: Range,
    /// What each does, one after the other.
    pub steps: Vec<Step>,
    /// Where it stands.
    pub place: Place,
}

/// One thing that an actor does.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What.
    pub kind: StepKind,
    /// `when`: it is skipped unless this is true.
    pub when: Option<Value>,
    /// `as`: the variable that the answer is bound to; of `await` what was found.
    pub bind: Option<Arc<str>>,
    /// `callback`: whether it brings the outside world's answer to a task token, so that the faults of callbacks strike.
    pub is_callback: bool,
    /// Where it stands.
    pub place: Place,
}

/// What an actor can do. Names of resources are as written: a logical id, a physical name or an ARN.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// `put_event`: `PutEvents` with one entry.
    PutEvent {
        /// `bus`: the default bus unless said otherwise.
        bus: Value,
        /// `source`
        source: Value,
        /// `detail-type`
        detail_type: Value,
        /// `detail`
        detail: Value,
        /// `resources`: a list of texts.
        resources: Value,
        /// `time`: when it happened, as text or in seconds since 1970; when it is put unless said otherwise.
        time: Option<Value>,
    },
    /// `send_message`: to a queue, or to a topic.
    SendMessage {
        /// `queue` or `topic`
        to: Value,
        /// Whether it is a topic.
        is_topic: bool,
        /// `body`: a text, or JSON that is sent as text.
        body: Value,
        /// `attributes`: an object of texts and numbers.
        attributes: Value,
        /// `subject`, of a topic.
        subject: Option<Value>,
        /// `group`: `MessageGroupId`.
        group: Option<Value>,
        /// `deduplication`: `MessageDeduplicationId`.
        deduplication: Option<Value>,
    },
    /// `start_execution`
    StartExecution {
        /// `state_machine`
        state_machine: Value,
        /// `input`: an empty object unless said otherwise.
        input: Value,
        /// `name`: generated unless said otherwise.
        name: Option<Value>,
    },
    /// `stop_execution`
    StopExecution {
        /// `execution`: its name or ARN.
        execution: Value,
        /// `error`
        error: Option<Value>,
        /// `cause`
        cause: Option<Value>,
    },
    /// `invoke`
    Invoke {
        /// `function`
        function: Value,
        /// `payload`: an empty object unless said otherwise.
        payload: Value,
        /// `asynchronous`: `InvocationType` Event instead of `RequestResponse`.
        asynchronous: bool,
    },
    /// `send_task_success`
    SendTaskSuccess {
        /// `token`
        token: Value,
        /// `output`: an empty object unless said otherwise.
        output: Value,
    },
    /// `send_task_failure`
    SendTaskFailure {
        /// `token`
        token: Value,
        /// `error`
        error: Option<Value>,
        /// `cause`
        cause: Option<Value>,
    },
    /// `send_task_heartbeat`
    SendTaskHeartbeat {
        /// `token`
        token: Value,
    },
    /// `wait`: this long, in milliseconds.
    Wait(Range),
    /// `let`: variables for the steps that follow.
    Let(Vec<(Arc<str>, Value)>),
    /// `await`: goes on once this is there: neither missing nor null, false or empty.
    Await {
        /// What is looked for.
        value: Value,
        /// `within`: the actor gives up after so many milliseconds, and does nothing any more.
        within_ms: Option<Range>,
    },
    /// `python`: runs a script and waits for its end.
    Python {
        /// The script's path as written, relative to the scenario.
        script: Arc<str>,
        /// `arguments`: a list; none unless said otherwise.
        arguments: Value,
        /// `environment`: an object of variables; none unless said otherwise.
        environment: Value,
    },
}

impl Step {
    /// Calls `visit` for every value of the step.
    pub fn each_value<'v>(&'v self, visit: &mut impl FnMut(&'v Value)) {
        self.when.iter().for_each(&mut *visit);
        self.kind.each_value(visit);
    }

    /// The variables that it binds.
    pub fn binds(&self) -> impl Iterator<Item = &Arc<str>> {
        let own = match &self.kind {
            StepKind::Let(variables) => variables.as_slice(),
            _ => &[],
        };
        own.iter().map(|(name, _)| name).chain(&self.bind)
    }
}

impl StepKind {
    /// Calls `visit` for every value of the step.
    pub fn each_value<'v>(&'v self, visit: &mut impl FnMut(&'v Value)) {
        match self {
            StepKind::PutEvent { bus, source, detail_type, detail, resources, time } => {
                [bus, source, detail_type, detail, resources].into_iter().chain(time).for_each(visit);
            }
            StepKind::SendMessage { to, body, attributes, subject, group, deduplication, .. } => {
                let optional = subject.iter().chain(group).chain(deduplication);
                [to, body, attributes].into_iter().chain(optional).for_each(visit);
            }
            StepKind::StartExecution { state_machine, input, name } => {
                [state_machine, input].into_iter().chain(name).for_each(visit);
            }
            StepKind::StopExecution { execution, error, cause } => {
                [execution].into_iter().chain(error).chain(cause).for_each(visit);
            }
            StepKind::Invoke { function, payload, .. } => [function, payload].into_iter().for_each(visit),
            StepKind::SendTaskSuccess { token, output } => [token, output].into_iter().for_each(visit),
            StepKind::SendTaskFailure { token, error, cause } => {
                [token].into_iter().chain(error).chain(cause).for_each(visit);
            }
            StepKind::SendTaskHeartbeat { token } => visit(token),
            StepKind::Python { arguments, environment, .. } => [arguments, environment].into_iter().for_each(visit),
            StepKind::Wait(_) => {}
            StepKind::Let(variables) => variables.iter().map(|(_, value)| value).for_each(visit),
            StepKind::Await { value, .. } => visit(value),
        }
    }
}

/// What may go wrong.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults {
    /// Where to begin.
    pub profile: FaultProfile,
    /// What differs from the profile, in order; a later entry wins.
    pub entries: Vec<FaultEntry>,
}

/// A named selection of the fault catalogue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FaultProfile {
    /// `none`
    None,
    /// `documented`: everything that AWS documents or recordings show, at realistic rates.
    #[default]
    Documented,
    /// `stress`: the same, far more often.
    Stress,
}

/// A change to the profile.
#[derive(Clone, Debug, PartialEq)]
pub struct FaultEntry {
    /// The fault's name in the catalogue: `EB-DUP`.
    pub name: Arc<str>,
    /// What to do with it.
    pub setting: FaultSetting,
    /// Where it stands.
    pub place: Place,
}

/// What to do with a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultSetting {
    /// On, at the catalogue's rate.
    On,
    /// Off.
    Off,
    /// On, this many times in a million opportunities.
    RatePpm(u32),
}

/// Something that must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Invariant {
    /// `name`, unique among the invariants.
    pub name: Arc<str>,
    /// When it must hold.
    pub kind: InvariantKind,
    /// The JSONata text.
    pub condition: Expression,
    /// Where it stands.
    pub place: Place,
}

/// When an invariant must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvariantKind {
    /// `always`: after every change of what it reads.
    Always,
    /// `eventually`: at the end, when everything has settled.
    Eventually,
    /// `sometimes`: in some run of a sweep.
    Sometimes,
}

/// A function whose answers are written in the scenario.
#[derive(Clone, Debug, PartialEq)]
pub struct Mock {
    /// The function's physical name.
    pub function: Arc<str>,
    /// What each invocation answers in turn; the last answers all further ones.
    pub outcomes: Vec<MockOutcome>,
    /// Where it stands.
    pub place: Place,
}

/// The answer of a mocked function.
#[derive(Clone, Debug, PartialEq)]
pub enum MockOutcome {
    /// `result`; an expression sees the payload as `$event`.
    Result(Value),
    /// `error` and `cause`: what it raises.
    Error {
        /// The error's type.
        error: Value,
        /// The error's message.
        cause: Value,
    },
}

/// When a run ends in any case, which counts as a livelock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// `steps`: entries of the world's queue.
    pub steps_max: u64,
    /// `time`: virtual time.
    pub time_max_ms: u64,
    /// `drain`: virtual time from the workload's last step until faults stop at the latest, and as much again until
    /// everything must be over; not limited when it is not given.
    pub drain_max_ms: Option<u64>,
}

impl Default for Caps {
    /// Far more than any workflow that ends: a hundred thousand steps, and a month more than the longest execution.
    fn default() -> Caps {
        // AWS: an execution runs for a year at most.
        Caps { steps_max: 100_000, time_max_ms: 396 * 86_400_000, drain_max_ms: None }
    }
}
