//! Threads: the lines of control of an execution.

use std::sync::Arc;

use super::effect::{ScopeStep, TaskId, TimerId};
use super::failure::Failure;
use super::map_run::{Child, MapRun};
use super::{Execution, Site};
use crate::asl::{Scope, StateId};
use crate::history::EventId;
use crate::json::Json;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ThreadId(pub(super) u32);

impl ThreadId {
    pub(super) const ROOT: ThreadId = ThreadId(0);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ForkId(pub(super) u32);

impl ForkId {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The machine itself, a branch or an iteration.
#[derive(Debug)]
pub(super) struct Thread {
    /// The Parallel or Map visit it belongs to; `None` for the machine itself.
    pub(super) parent: Option<ForkId>,
    /// Branch or iteration.
    pub(super) index: u32,
    pub(super) scope: Arc<[ScopeStep]>,
    /// First state of the scope, for `visits`.
    first: StateId,
    /// How often each state of the scope was entered.
    visits: Vec<u32>,
    /// `$$.Map.Item.Value`, in an iteration.
    pub(super) item: Option<Json>,

    pub(super) state: StateId,
    /// The state before, within the scope.
    pub(super) from: Option<StateId>,
    pub(super) step: Step,
    /// The state's raw input.
    pub(super) input: Json,
    pub(super) variables: Vec<(Arc<str>, Json)>,
    /// The newest event of this thread.
    pub(super) last_event: EventId,
    /// The event that entered the state; 0 outside of one.
    pub(super) entered_event: EventId,
    /// The event before the one that entered the state.
    pub(super) before_entered: EventId,
    pub(super) entered_ms: u64,
    /// Retries of this visit, all retriers together.
    pub(super) attempt: u32,
    /// Retries of this visit, by retrier; empty until the first.
    pub(super) retried: Vec<u64>,
    pub(super) task: Option<OpenTask>,
    /// The timer of a Wait or of a retry.
    pub(super) timer: Option<TimerId>,
    /// The running Parallel or Map visit.
    pub(super) fork: Option<ForkId>,
    /// A distributed Map's run that waits for its items, its results or the writing of them.
    pub(super) run: Option<Box<MapRun>>,
    /// The execution of an item of a distributed Map.
    pub(super) child: Option<Box<Child>>,
}

/// What a thread does when it runs next.
#[derive(Debug)]
pub(super) enum Step {
    /// Enters `state`.
    Enter,
    /// Does the work of `state` again, after a retry's wait; caused by this event.
    Work,
    /// Nothing before an event comes.
    Waiting,
    /// Takes in the result of its work.
    Worked(Result<Json, Failure>),
    /// Leaves a Wait.
    Slept,
    /// Fails before its first state, for want of an input.
    Unborn(Failure),
    /// Takes in what the `ItemReader` or `ResultWriter` of a distributed Map did.
    RunAnswered(Result<Json, Failure>),
    /// Runs the execution of an item.
    Child,
    /// Is past its last state, whose output this is.
    Ends(Json),
    /// Is over, and its place in the table is free.
    Gone,
}

#[derive(Debug)]
pub(super) struct OpenTask {
    pub(super) id: TaskId,
    pub(super) token: Option<Arc<str>>,
    pub(super) timeout: Option<TimerId>,
    pub(super) heartbeat: Option<TimerId>,
    pub(super) heartbeat_ms: Option<u64>,
}

impl Thread {
    pub(super) fn new(scope: &Scope, input: Json, trail: Arc<[ScopeStep]>) -> Thread {
        Thread {
            parent: None,
            index: 0,
            scope: trail,
            first: scope.first,
            visits: vec![0; scope.count as usize],
            item: None,
            state: scope.start,
            from: None,
            step: Step::Enter,
            input,
            variables: Vec::new(),
            last_event: 0,
            entered_event: 0,
            before_entered: 0,
            entered_ms: 0,
            attempt: 0,
            retried: Vec::new(),
            task: None,
            timer: None,
            fork: None,
            run: None,
            child: None,
        }
    }

    /// Whether its state was entered and not left, so that an abort shows in the history.
    pub(super) fn is_open(&self) -> bool {
        self.entered_event != 0
    }

    #[inline]
    pub(super) fn count_visit(&mut self) {
        let at = (self.state.0 - self.first.0) as usize;
        if let Some(count) = self.visits.get_mut(at) {
            *count = count.wrapping_add(1);
        }
    }

    /// Which visit of the current state this is, from 0.
    pub(super) fn visit(&self) -> u32 {
        let at = (self.state.0 - self.first.0) as usize;
        self.visits.get(at).map_or(0, |count| count.wrapping_sub(1))
    }

    pub(super) fn site(&self) -> Site {
        Site { state: self.state, visit: self.visit(), attempt: self.attempt, scope: self.scope.clone() }
    }
}

impl Execution {
    #[inline]
    pub(super) fn thread(&self, id: ThreadId) -> &Thread {
        &self.threads[id.index()]
    }

    #[inline]
    pub(super) fn thread_mut(&mut self, id: ThreadId) -> &mut Thread {
        &mut self.threads[id.index()]
    }

    pub(super) fn add_thread(&mut self, thread: Thread) -> ThreadId {
        if let Some(id) = self.free_threads.pop() {
            *self.thread_mut(id) = thread;
            return id;
        }
        self.threads.push(thread);
        ThreadId(self.threads.len() as u32 - 1)
    }

    pub(super) fn free_thread(&mut self, id: ThreadId) {
        let thread = self.thread_mut(id);
        thread.step = Step::Gone;
        thread.entered_event = 0;
        thread.input = Json::Null;
        thread.item = None;
        thread.variables.clear();
        thread.run = None;
        thread.child = None;
        self.free_threads.push(id);
    }

    /// The thread that waits for `task`; `None` when nobody does any more.
    pub(super) fn thread_of(&self, task: TaskId) -> Option<ThreadId> {
        let id = ThreadId((task.0 >> 32) as u32);
        let thread = self.threads.get(id.index())?;
        (thread.task.as_ref()?.id == task).then_some(id)
    }

    pub(super) fn next_timer(&mut self, thread: ThreadId) -> TimerId {
        TimerId(self.next_number(thread))
    }

    pub(super) fn next_task(&mut self, thread: ThreadId) -> TaskId {
        TaskId(self.next_number(thread))
    }

    fn next_number(&mut self, thread: ThreadId) -> u64 {
        self.sequence = self.sequence.wrapping_add(1);
        u64::from(thread.0) << 32 | u64::from(self.sequence)
    }

    /// Cancels the timers of `id` and lets its task go.
    pub(super) fn close_waits(&mut self, id: ThreadId) {
        self.stop_child(id);
        if let Some(task) = self.close_task(id) {
            self.effects.push(super::Effect::Abandon { task });
        }
        if let Some(timer) = self.thread_mut(id).timer.take() {
            self.effects.push(super::Effect::CancelTimer { timer });
        }
    }

    /// Closes the open task of `id` and cancels its timers: later answers are stale.
    pub(super) fn close_task(&mut self, id: ThreadId) -> Option<TaskId> {
        let task = self.thread_mut(id).task.take()?;
        for timer in [task.timeout, task.heartbeat].into_iter().flatten() {
            self.effects.push(super::Effect::CancelTimer { timer });
        }
        Some(task.id)
    }
}
