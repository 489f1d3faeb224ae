use crate::services::cloudwatch::CloudWatch;
use crate::services::dynamodb::Database;
use crate::services::eventbridge::{Accepted, EventBridge};
use crate::services::sns::Sns;
use crate::services::sqs::Sqs;
use crate::services::stepfunctions::{ExecutionRecord, StepFunctions};
use crate::world::{Client, Metrics, Millis, Names};

/// The state of the world that invariants judge: what was recorded, never what a handler said.
#[derive(Clone, Copy)]
pub struct View<'w> {
    /// The tables.
    pub tables: &'w Database,
    /// The executions.
    pub executions: &'w StepFunctions,
    /// The events that buses accepted.
    pub events: &'w EventBridge,
    /// The alarms and what became of them.
    pub alarms: &'w CloudWatch,
    /// What the services measured.
    pub metrics: &'w Metrics,
    /// The queues.
    pub queues: &'w Sqs,
    /// The topics.
    pub topics: &'w Sns,
    /// The client scripts of the workload.
    pub clients: &'w [Client],
    /// How many invocations were started.
    pub invocations: usize,
    /// How often each part has changed.
    pub revisions: &'w Revisions,
    /// The virtual time.
    pub now: Millis,
    /// The names of the scenario.
    pub names: &'w Names,
}

impl<'w> View<'w> {
    /// Every execution, in the order of their start.
    pub fn executions(&self) -> &'w [ExecutionRecord] {
        self.executions.records()
    }

    /// Every accepted event, in order.
    pub fn accepted(&self) -> &'w [Accepted] {
        self.events.accepted()
    }
}

/// The parts of a [`View`], as a set: which of them an invariant reads, and which of them a step may have changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts(u64);

/// The bits below are for everything else.
const TABLES_FROM: usize = 16;
/// And those above it.
const LAST_TABLE: usize = 61;

impl Parts {
    /// Nothing.
    pub const NONE: Parts = Parts(0);
    /// Everything.
    pub const ALL: Parts = Parts(u64::MAX);
    /// The executions, with the states they are in.
    pub const EXECUTIONS: Parts = Parts(1 | 16);
    /// The executions without the states they are in: only starts and ends change them.
    pub const EXECUTION_ENDS: Parts = Parts(1);
    /// The states that executions are in.
    pub const EXECUTION_STATES: Parts = Parts(16);
    /// The events.
    pub const EVENTS: Parts = Parts(2);
    /// The invocations.
    pub const INVOCATIONS: Parts = Parts(4);
    /// The time.
    pub const NOW: Parts = Parts(8);
    /// The queues.
    pub const QUEUES: Parts = Parts(32);
    /// The topics.
    pub const TOPICS: Parts = Parts(64);

    /// What was measured.
    pub const METRICS: Parts = Parts(128);
    /// The alarms.
    pub const ALARMS: Parts = Parts(256);
    /// The task tokens that wait for an answer.
    pub const TOKENS: Parts = Parts(1 << 63);
    /// The client scripts: their begins, crashes and ends.
    pub const CLIENTS: Parts = Parts(1 << 62);

    /// The table with this index.
    pub fn table(index: usize) -> Parts {
        // Beyond the bits that there are, tables share the last one.
        Parts(1 << (TABLES_FROM + index.min(LAST_TABLE - TABLES_FROM)))
    }

    /// Both sets.
    #[must_use]
    pub fn and(self, other: Parts) -> Parts {
        Parts(self.0 | other.0)
    }

    /// Whether the sets have a part in common.
    pub fn meets(self, other: Parts) -> bool {
        self.0 & other.0 != 0
    }
}

/// Counts the changes of each part, so that a copy of it can tell whether it is up to date. Never starts over, not
/// even between runs.
#[derive(Clone, Debug)]
pub struct Revisions {
    parts: [u64; 64],
    run: u64,
}

impl Default for Revisions {
    fn default() -> Revisions {
        Revisions { parts: [1; 64], run: 0 }
    }
}

impl Revisions {
    /// Counts a new run, in which everything has changed.
    pub fn begin_run(&mut self) {
        self.run += 1;
        self.bump(Parts::ALL);
    }

    /// Which run of its world it is.
    pub fn run(&self) -> u64 {
        self.run
    }

    /// Counts a change of each of `parts`.
    pub fn bump(&mut self, parts: Parts) {
        let mut bits = parts.0;
        while bits != 0 {
            self.parts[bits.trailing_zeros() as usize] += 1;
            bits &= bits - 1;
        }
    }

    /// How often `parts` have changed, all together.
    pub fn of(&self, parts: Parts) -> u64 {
        let mut bits = parts.0;
        let mut changes = 0;
        while bits != 0 {
            changes += self.parts[bits.trailing_zeros() as usize];
            bits &= bits - 1;
        }
        changes
    }
}
