//! Histories on demand: what an interpreter was told is kept, and telling it again gives the history that it did not keep.

use std::sync::Arc;

use rehearsal_engine::asl::StateId;
use rehearsal_engine::execution::{Env, Event, Execution, Site};

use super::executions::{ExecutionRecord, StateMachine};
use super::keyed;
use super::service::{self, StepFunctions};
use crate::world::{ActorId, Core, Millis, Name};

/// One thing that an interpreter was told.
#[derive(Debug)]
pub(super) enum Told {
    /// To go on, at this time.
    Poll(Millis),
    /// What happened, at this time.
    Event(Millis, Event),
}

impl StepFunctions {
    /// The interpreter of an execution with its whole history, also when none was kept.
    pub(super) fn with_history(&self, core: &mut Core, id: u32) -> Execution {
        debug_assert!(self.keeps_journals(), "somebody looks back in a run that keeps nothing for it");
        let record = &self.records()[id as usize];
        let machine = &self.machines()[record.machine as usize];
        let start = service::start_of(record, machine, true);
        let mut execution = Execution::start(machine.program.clone(), start);
        let mut env = Again { core, machine, record, acting: record.actor, redrives: 0, now: record.started };
        let mut effects = Vec::new();
        for told in &record.journal {
            match told {
                Told::Poll(at) => {
                    env.now = *at;
                    execution.poll(&mut env, &mut effects);
                    // They were done when they were asked for.
                    effects.clear();
                }
                Told::Event(at, event) => {
                    env.now = *at;
                    if let Event::Redrive = event {
                        env.redrives += 1;
                        env.acting = env.core.child(record.actor, Name::STATES_REDRIVE_EXECUTION, env.redrives);
                    }
                    let _ = execution.resume(event.clone(), &mut env);
                }
            }
        }
        execution
    }
}

/// What the interpreter borrowed, as it was then.
struct Again<'w> {
    core: &'w mut Core,
    machine: &'w StateMachine,
    record: &'w ExecutionRecord,
    acting: ActorId,
    redrives: u32,
    now: Millis,
}

impl Env for Again<'_> {
    fn now_ms(&self) -> u64 {
        self.now.0
    }

    fn random(&mut self, site: &Site, occurrence: u32) -> f64 {
        keyed::random(self.core, self.machine, self.acting, site, occurrence)
    }

    fn uuid(&mut self, site: &Site, occurrence: u32) -> String {
        keyed::uuid(self.core, self.machine, self.acting, site, occurrence)
    }

    fn task_token(&mut self, site: &Site) -> Arc<str> {
        keyed::task_token(self.core, self.machine, self.acting, site, self.record.number)
    }

    fn entered(&mut self, _: StateId, _: Option<StateId>) {}
}
