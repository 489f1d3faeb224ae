//! Parallel and Map: threads that fork from one and join again.

use std::sync::Arc;

use super::context::SiteDraws;
use super::failure::Failure;
use super::flow::Stage;
use super::formula::Document;
use super::map_run::MapRun;
use super::step::Then;
use super::thread::{ForkId, Step, Thread, ThreadId};
use super::{Env, Execution, ScopeStep, Site};
use crate::asl::{DataFlow, MapWork, Program, ScopeId, Select, StateType, Work};
use crate::history::{EventId, Kind};
use crate::json::Json;

/// AWS: iterations of an inline Map that run at once, whatever `MaxConcurrency` says.
const INLINE_CONCURRENCY_MAX: u64 = 40;

/// One attempt of a Parallel or Map.
#[derive(Debug)]
pub(super) struct Fork {
    owner: ThreadId,
    /// The thread of each branch or iteration that has begun; `None` once it has ended.
    children: Vec<Option<ThreadId>>,
    results: Vec<Json>,
    /// Branches or iterations that have not ended, begun or not.
    remaining: usize,
    /// What a Map still has to start.
    map: Option<Iterations>,
    /// In DISTRIBUTED mode: the items are the inputs of executions.
    run: Option<Box<MapRun>>,
}

#[derive(Debug)]
struct Iterations {
    items: Json,
    /// The Map's effective input: `$` of its `ItemSelector`.
    input: Json,
}

impl Execution {
    pub(super) fn start_parallel(
        &mut self,
        program: &Program,
        id: ThreadId,
        branches: &[ScopeId],
        data: &DataFlow,
        env: &mut dyn Env,
    ) -> Result<Then, Failure> {
        let input = self.effective_input(id, data, self.view(id), env)?;
        let started = self.history.record(self.thread(id).last_event, env.now_ms(), || Kind::StateStarted {
            state_type: StateType::Parallel.name(),
            length: None,
        });
        self.thread_mut(id).last_event = started;
        let fork = self.add_fork(Fork {
            owner: id,
            children: Vec::with_capacity(branches.len()),
            results: vec![Json::Null; branches.len()],
            remaining: branches.len(),
            map: None,
            run: None,
        });
        self.thread_mut(id).fork = Some(fork);
        for (index, branch) in branches.iter().enumerate() {
            let child = self.new_child(program, fork, id, *branch, index, started);
            self.thread_mut(child).input = input.clone();
            self.ready.push_back(child);
        }
        Ok(Then::Stop)
    }

    pub(super) fn start_map(
        &mut self,
        program: &Program,
        id: ThreadId,
        map: &MapWork,
        data: &DataFlow,
        env: &mut dyn Env,
    ) -> Result<Then, Failure> {
        let view = self.view(id);
        let input = self.effective_input(id, data, view, env)?;
        let reads = map.distributed.as_ref().is_some_and(|distributed| distributed.reader.is_some());
        let items = if reads { None } else { Some(self.items(id, map, data, &input, env)?) };
        let view = self.view(id);
        let count = items.as_ref().and_then(Json::as_array).map_or(0, <[Json]>::len);
        let limit = match &map.max_concurrency {
            None => 0,
            Some(limit) => self.whole_number(id, limit, "MaxConcurrencyPath", &input, view, env)?,
        };
        // AWS: 0 asks for as many as there may be.
        let at_once = if limit == 0 { INLINE_CONCURRENCY_MAX } else { limit.min(INLINE_CONCURRENCY_MAX) } as usize;
        let now_ms = env.now_ms();
        let started = self.history.record(self.thread(id).last_event, now_ms, || Kind::StateStarted {
            state_type: StateType::Map.name(),
            length: Some(count),
        });
        self.thread_mut(id).last_event = started;
        if let Some(distributed) = &map.distributed {
            return self.start_run(id, distributed, input, items, limit, env);
        }
        let items = items.unwrap_or_default();
        let fork = self.add_fork(Fork {
            owner: id,
            children: Vec::with_capacity(count),
            results: vec![Json::Null; count],
            remaining: count,
            map: Some(Iterations { items, input }),
            run: None,
        });
        self.thread_mut(id).fork = Some(fork);
        if count == 0 {
            return Ok(self.join(fork, started, now_ms));
        }
        for _ in 0..at_once.min(count) {
            self.start_iteration(program, fork, started, env);
        }
        Ok(Then::Stop)
    }

    /// What a Map maps: an array, or a failure.
    fn items(
        &self,
        id: ThreadId,
        map: &MapWork,
        data: &DataFlow,
        input: &Json,
        env: &mut dyn Env,
    ) -> Result<Json, Failure> {
        if let Some(formula) = &map.items {
            let value = self.own_formula(id, formula, Stage::Items, env)?;
            return self.typed(id, formula, "array", &value, |value| value.as_array().map(|_| value.clone()));
        }
        let items = self.selected(id, &map.items_path, input, self.view(id))?;
        if items.as_array().is_some() {
            return Ok(items);
        }
        if data.is_jsonata {
            return Err(self.evaluation_failure(
                id,
                None,
                format_args!("Map state input must be an array but was: {items}"),
            ));
        }
        let path = match &map.items_path {
            Select::Path(path) => path.text(),
            Select::Whole | Select::Nothing => "$",
        };
        Err(self.runtime(id, format_args!("Reference path \"{path}\" must point to array.")))
    }

    /// Whether the end of this thread shows nothing: a branch of a Parallel while others still run.
    pub(super) fn ends_silently(&self, id: ThreadId) -> bool {
        let fork = self.thread(id).parent.and_then(|fork| self.forks.get(fork.index())?.as_ref());
        fork.is_some_and(|fork| fork.map.is_none() && fork.remaining > 1)
    }

    /// Takes in the end of a branch or iteration; joins after the last.
    pub(super) fn end_branch(
        &mut self,
        program: &Program,
        fork_id: ForkId,
        id: ThreadId,
        output: Json,
        env: &mut dyn Env,
    ) -> Then {
        let index = self.thread(id).index;
        let last = self.thread(id).last_event;
        self.free_thread(id);
        let Some(fork) = self.fork_mut(fork_id) else { return Then::Stop };
        fork.results[index as usize] = output;
        fork.children[index as usize] = None;
        fork.remaining -= 1;
        let (owner, remaining, begun, is_map) = (fork.owner, fork.remaining, fork.children.len(), fork.map.is_some());
        let all = fork.results.len();
        let mut by = last;
        if is_map {
            let name = program.at(self.thread(owner).state).name();
            by = self.history.record(last, env.now_ms(), || Kind::MapIterationSucceeded { name: name.clone(), index });
            if begun < all {
                // AWS: what freed the place is the iteration's last inner event, not its MapIterationSucceeded.
                self.start_iteration(program, fork_id, last, env);
            }
        }
        if remaining == 0 {
            return self.join(fork_id, by, env.now_ms());
        }
        Then::Stop
    }

    /// Records that the failure of `failed`, caused by event `by`, ends everything else in its attempt. The owner.
    pub(super) fn record_fork_end(
        &mut self,
        program: &Program,
        fork_id: ForkId,
        failed: ThreadId,
        by: EventId,
        now_ms: u64,
    ) -> Option<ThreadId> {
        let fork = self.forks.get(fork_id.index())?.as_ref()?;
        let (owner, is_map) = (fork.owner, fork.map.is_some());
        let others: Vec<ThreadId> = fork.children.iter().flatten().copied().filter(|child| *child != failed).collect();
        let name = program.at(self.thread(owner).state).name();
        let index = self.thread(failed).index;
        if is_map {
            self.history.record(by, now_ms, || Kind::MapIterationFailed { name: name.clone(), index });
        }
        // AWS: a Task that failed counts as open still; a Fail, a Pass or a nested Map that failed does not.
        if matches!(program.at(self.thread(failed).state).work, Work::Task(_)) && self.thread(failed).is_open() {
            self.history.record(by, now_ms, || Kind::StateAborted { state_type: StateType::Task.name() });
        }
        for child in others {
            let index = self.thread(child).index;
            if is_map {
                self.history.record(by, now_ms, || Kind::MapIterationAborted { name: name.clone(), index });
            }
            self.record_abort(program, child, by, now_ms);
        }
        Some(owner)
    }

    /// Records what a thread has open, outermost first. Recurses as deep as the definition nests, which is bounded.
    fn record_abort(&mut self, program: &Program, id: ThreadId, by: EventId, now_ms: u64) {
        let state = program.at(self.thread(id).state);
        let state_type = state.state_type();
        if self.thread(id).is_open() && Execution::shows_abort(state_type) {
            self.history.record(by, now_ms, || Kind::StateAborted { state_type: state_type.name() });
        }
        if self.thread(id).run.is_some() {
            self.history.record(by, now_ms, || Kind::MapRunAborted);
        }
        let fork = self.thread(id).fork.and_then(|fork| self.forks.get(fork.index())?.as_ref());
        let Some(fork) = fork else { return };
        let (is_run, is_map) = (fork.run.is_some(), fork.map.is_some());
        let children: Vec<ThreadId> = fork.children.iter().flatten().copied().collect();
        if is_run {
            // The children are executions of their own.
            self.history.record(by, now_ms, || Kind::MapRunAborted);
            return;
        }
        for child in children {
            let index = self.thread(child).index;
            if is_map {
                let name = state.name().clone();
                self.history.record(by, now_ms, || Kind::MapIterationAborted { name, index });
            }
            self.record_abort(program, child, by, now_ms);
        }
    }

    /// Lets go of an attempt with everything in it. Recurses as deep as the definition nests.
    pub(super) fn discard_fork(&mut self, fork_id: ForkId) {
        let Some(fork) = self.remove_fork(fork_id) else { return };
        for child in fork.children.into_iter().flatten() {
            if let Some(inner) = self.thread(child).fork {
                self.discard_fork(inner);
            }
            self.discard(child);
        }
    }

    /// Lets a thread go, with all it waits for.
    fn discard(&mut self, id: ThreadId) {
        self.close_waits(id);
        self.ready.retain(|ready| *ready != id);
        self.free_thread(id);
    }

    fn join(&mut self, fork_id: ForkId, by: EventId, now_ms: u64) -> Then {
        let Some(fork) = self.forks[fork_id.index()].take() else { return Then::Stop };
        self.free_forks.push(fork_id);
        let state_type = if fork.map.is_some() { StateType::Map } else { StateType::Parallel };
        self.history.record(by, now_ms, || Kind::StateSucceeded { state_type: state_type.name() });
        let owner = self.thread_mut(fork.owner);
        owner.fork = None;
        // AWS: the exit follows from what ended last, not from the …StateSucceeded.
        owner.last_event = by;
        owner.step = Step::Worked(Ok(Json::from(fork.results)));
        Then::Continue(fork.owner)
    }

    fn start_iteration(&mut self, program: &Program, fork_id: ForkId, by: EventId, env: &mut dyn Env) {
        let Some(fork) = self.forks[fork_id.index()].as_ref() else { return };
        let (owner, index) = (fork.owner, fork.children.len());
        let state = program.at(self.thread(owner).state);
        let (Work::Map(map), Some(iterations)) = (&state.work, &fork.map) else { return };
        let (input, item) = (iterations.input.clone(), iterations.items.item(index).cloned().unwrap_or_default());
        let started = self
            .history
            .record(by, env.now_ms(), || Kind::MapIterationStarted { name: state.name().clone(), index: index as u32 });
        let child = self.new_child(program, fork_id, owner, map.processor, index, started);
        let selected = self.selected_item(owner, map, &input, index, &item, env);
        let thread = self.thread_mut(child);
        thread.item = Some(item);
        match selected {
            Ok(input) => thread.input = input,
            Err(failure) => thread.step = Step::Unborn(failure),
        }
        self.ready.push_back(child);
    }

    /// The input of an iteration: its item, or what the `ItemSelector` makes of it.
    pub(super) fn selected_item(
        &self,
        owner: ThreadId,
        map: &MapWork,
        input: &Json,
        index: usize,
        item: &Json,
        env: &mut dyn Env,
    ) -> Result<Json, Failure> {
        let Some(selector) = &map.item_selector else { return Ok(item.clone()) };
        // Drawn as the iteration, not as the Map.
        let site = || {
            let site = self.thread(owner).site();
            let step = self.scope_step(owner, index);
            Site { scope: site.scope.iter().copied().chain([step]).collect(), ..site }
        };
        let view = self.view(owner).with_item(index as u32, item);
        let draws = &mut SiteDraws::new(env, &site, Stage::ItemSelector);
        self.drawing(owner, selector, input, Document::Input, view, draws)
    }

    fn scope_step(&self, owner: ThreadId, index: usize) -> ScopeStep {
        let thread = self.thread(owner);
        ScopeStep { state: thread.state, visit: thread.visit(), attempt: thread.attempt, index: index as u32 }
    }

    pub(super) fn fork_run(&mut self, owner: ThreadId, inputs: Vec<Json>, run: MapRun) -> ForkId {
        let count = inputs.len();
        let fork = self.add_fork(Fork {
            owner,
            children: Vec::with_capacity(count),
            results: vec![Json::Null; count],
            remaining: count,
            map: Some(Iterations { items: Json::from(inputs), input: Json::Null }),
            run: Some(Box::new(run)),
        });
        self.thread_mut(owner).fork = Some(fork);
        fork
    }

    /// The owner of a run, and the number, the input and the label of its next child.
    pub(super) fn next_input(&self, fork: ForkId) -> Option<(ThreadId, usize, Json, Arc<str>)> {
        let fork = self.forks.get(fork.index())?.as_ref()?;
        let index = fork.children.len();
        let input = fork.map.as_ref()?.items.item(index)?.clone();
        Some((fork.owner, index, input, fork.run.as_ref()?.label().clone()))
    }

    /// Takes in the end of a child: whether more are to start, and whether it was the last.
    pub(super) fn count_child(
        &mut self,
        fork: ForkId,
        index: usize,
        result: Json,
        is_failed: bool,
    ) -> Option<(bool, bool)> {
        let fork = self.fork_mut(fork)?;
        fork.children[index] = None;
        fork.remaining -= 1;
        fork.results[index] = result;
        if is_failed {
            fork.run.as_mut()?.count_failure(index);
        }
        Some((fork.children.len() < fork.results.len(), fork.remaining == 0))
    }

    /// Whether it is a distributed Map's, whose children are executions.
    pub(super) fn is_run(&self, fork: ForkId) -> bool {
        self.forks.get(fork.index()).and_then(Option::as_ref).is_some_and(|fork| fork.run.is_some())
    }

    pub(super) fn is_run_failed(&self, fork: ForkId) -> bool {
        let fork = self.forks.get(fork.index()).and_then(Option::as_ref);
        fork.and_then(|fork| fork.run.as_ref()).is_some_and(|run| run.is_failed())
    }

    /// Ends all children of a run.
    pub(super) fn abort_run(&mut self, fork_id: ForkId) -> Option<(ThreadId, Box<MapRun>)> {
        let fork = self.remove_fork(fork_id)?;
        for child in fork.children.into_iter().flatten() {
            self.discard(child);
        }
        Some((fork.owner, fork.run?))
    }

    pub(super) fn take_run(&mut self, fork_id: ForkId) -> Option<(ThreadId, Box<MapRun>, Vec<Json>)> {
        let fork = self.remove_fork(fork_id)?;
        Some((fork.owner, fork.run?, fork.results))
    }

    fn remove_fork(&mut self, fork_id: ForkId) -> Option<Fork> {
        let fork = self.forks.get_mut(fork_id.index())?.take()?;
        self.free_forks.push(fork_id);
        self.thread_mut(fork.owner).fork = None;
        Some(fork)
    }

    pub(super) fn new_child(
        &mut self,
        program: &Program,
        fork: ForkId,
        owner: ThreadId,
        scope: ScopeId,
        index: usize,
        by: EventId,
    ) -> ThreadId {
        let step = self.scope_step(owner, index);
        let trail: Arc<[ScopeStep]> = self.thread(owner).scope.iter().copied().chain([step]).collect();
        let mut thread = Thread::new(program.scope(scope), Json::Null, trail);
        thread.parent = Some(fork);
        thread.index = index as u32;
        thread.last_event = by;
        let child = self.add_thread(thread);
        if let Some(fork) = self.fork_mut(fork) {
            fork.children.push(Some(child));
        }
        child
    }

    /// The thread that a fork belongs to.
    pub(super) fn owner_of(&self, fork: ForkId) -> Option<ThreadId> {
        Some(self.forks.get(fork.index())?.as_ref()?.owner)
    }

    fn fork_mut(&mut self, fork: ForkId) -> Option<&mut Fork> {
        self.forks.get_mut(fork.index())?.as_mut()
    }

    fn add_fork(&mut self, fork: Fork) -> ForkId {
        if let Some(id) = self.free_forks.pop() {
            self.forks[id.index()] = Some(fork);
            return id;
        }
        self.forks.push(Some(fork));
        ForkId(self.forks.len() as u32 - 1)
    }
}
