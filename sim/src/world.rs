//! The world that the languages run in: virtual clock, queue, decisions, faults, trace and invariants.

mod clients;
mod core;
mod coverage;
mod decisions;
mod drain;
mod faults;
mod hash;
mod invariant;
pub mod metrics;
mod name;
mod outbox;
mod outside;
mod permissions;
mod queue;
mod script;
mod simulation;
mod site;
mod time;
mod trace;
mod view;
mod workload;

pub use self::clients::{Client, ClientEnd, Clients};
pub use self::core::{
    Caller, Core, Entry, InvocationTimer, Latency, PASSES_MAX, Principal, ReplyTo, SchedulerTimer, TimerOwner, uuid,
};
pub use coverage::{Counts, Coverage, Fresh, InjectionPoint};
pub use decisions::{Decisions, Race, Weighted};
pub use drain::UNDRAINED;
pub use faults::{Basis, FaultId, FaultPlan, FaultSpec, Profile};
pub use hash::{mix, text as hash_text};
pub use invariant::{Check, Invariant, Violation, When};
pub use metrics::Metrics;
pub use name::{Name, Names};
pub use permissions::{Arns, Permissions};
pub use queue::{Due, Queue, QueueId};
pub use script::{Choice, Script, Token};
pub use simulation::{Caps, LIVELOCK, Outcome, World};
pub use site::{ActorId, Kind, Lineages, Site};
pub use time::Millis;
pub use trace::{Moment, Trace};
pub use view::{Parts, Revisions, View};
pub use workload::{ActorStep, Look, Looked, PlannedActor, ScriptRun, Shape, Workload};
