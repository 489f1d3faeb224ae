//! Redrive: an execution that ended unsuccessfully goes on where it stood.

use super::thread::{ForkId, Step, ThreadId};
use super::{Env, Execution, Resumed, Status, WorkflowType};
use crate::history::{EVENTS_MAX, Kind};

impl Execution {
    /// Whether it can be redriven.
    ///
    /// AWS: a Standard execution that failed, timed out or was aborted, with room left in its history. That at most 14
    /// days may have passed, the caller knows.
    pub fn is_redrivable(&self) -> bool {
        self.start.workflow_type == WorkflowType::Standard
            && matches!(self.status(), Status::Failed | Status::TimedOut | Status::Aborted)
            && self.history.last_id() < EVENTS_MAX - 1
    }

    /// How often it was redriven.
    pub fn redrive_count(&self) -> u32 {
        self.redriven.0
    }

    /// Does again what was open: every state that was entered and not left, at any depth.
    ///
    /// AWS: branches and iterations that had succeeded keep their results; states are not entered again; the retries of
    /// the redriven states and the machine's timeout count from the start.
    pub(super) fn redrive(&mut self, env: &dyn Env) -> Resumed {
        if !self.is_redrivable() {
            return Resumed::Stale;
        }
        self.outcome = None;
        self.redriven = (self.redriven.0.saturating_add(1), env.now_ms());
        let (count, now_ms) = self.redriven;
        let ended = self.history.last_id();
        let redriven = self.history.record(ended, now_ms, || Kind::ExecutionRedriven { count });
        // The children of a Map Run ended with it: it is run again as a whole.
        let runs = (0..self.forks.len()).map(|at| ForkId(at as u32));
        for fork in runs.filter(|fork| self.is_run(*fork)).collect::<Vec<_>>() {
            self.discard_fork(fork);
        }
        for at in 0..self.threads.len() {
            let id = ThreadId(at as u32);
            let thread = self.thread_mut(id);
            if matches!(thread.step, Step::Gone) {
                continue;
            }
            thread.attempt = 0;
            thread.retried.clear();
            thread.run = None;
            if thread.fork.is_some() {
                // Its branches or iterations go on.
                thread.step = Step::Waiting;
                continue;
            }
            thread.last_event = redriven;
            thread.step = if thread.is_open() { Step::Work } else { Step::Enter };
            self.ready.push_back(id);
        }
        self.set_execution_timeout(self.program.timeout_seconds(), now_ms);
        Resumed::Accepted
    }
}
