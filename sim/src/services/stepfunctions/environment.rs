use std::sync::Arc;

use rehearsal_engine::asl::StateId;
use rehearsal_engine::execution::{Env, Site};

use super::executions::StateMachine;
use super::keyed;
use super::points::MachinePoints;
use crate::world::{ActorId, Core};

/// What the interpreter borrows from the world.
pub(super) struct WorldEnv<'w> {
    pub(super) core: &'w mut Core,
    actor: ActorId,
    machine: &'w StateMachine,
    points: &'w MachinePoints,
    execution: u32,
    pub(super) entered: Option<StateId>,
    /// The state whose catcher leads on: the next entry is not by its `Next`.
    caught: Option<StateId>,
}

impl<'w> WorldEnv<'w> {
    pub(super) fn new(
        core: &'w mut Core,
        actor: ActorId,
        machine: &'w StateMachine,
        points: &'w MachinePoints,
        execution: u32,
    ) -> WorldEnv<'w> {
        WorldEnv { core, actor, machine, points, execution, entered: None, caught: None }
    }
}

impl Env for WorldEnv<'_> {
    fn now_ms(&self) -> u64 {
        self.core.now().0
    }

    fn random(&mut self, site: &Site, occurrence: u32) -> f64 {
        keyed::random(self.core, self.machine, self.actor, site, occurrence)
    }

    fn uuid(&mut self, site: &Site, occurrence: u32) -> String {
        keyed::uuid(self.core, self.machine, self.actor, site, occurrence)
    }

    fn task_token(&mut self, site: &Site) -> Arc<str> {
        keyed::task_token(self.core, self.machine, self.actor, site, self.execution)
    }

    fn retried(&mut self, state: StateId, retrier: usize) {
        self.core.coverage_mut().reach(self.points.retrier(state, retrier));
    }

    fn caught(&mut self, state: StateId, catcher: usize) {
        self.caught = Some(state);
        self.core.coverage_mut().reach(self.points.catcher(state, catcher));
    }

    fn chosen(&mut self, state: StateId, rule: Option<usize>) {
        if let Some(branch) = self.points.branch(state, rule) {
            self.core.coverage_mut().reach(branch);
        }
    }

    fn entered(&mut self, state: StateId, from: Option<StateId>) {
        let coverage = self.core.coverage_mut();
        coverage.reach(self.points.state(state));
        let was_caught = from.is_some() && self.caught.take() == from;
        if let Some(way) = self.points.way(state, from).filter(|_| !was_caught) {
            coverage.reach(way);
        }
        self.entered = Some(state);
        self.core.fold(u64::from(state.0) + 1);
        if self.core.is_recorded() {
            let state = self.core.names().text(self.machine.states[state.0 as usize]).clone();
            self.core.note(self.actor, || format!("enters {state}"));
        }
    }
}
