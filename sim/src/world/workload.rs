use std::fmt::Debug;
use std::rc::Rc;

use rehearsal_engine::Json;

use super::{ActorId, Core, Kind, Name, Parts, View, Weighted};
use crate::services::{Answer, Request};

/// What the outside world does to the system in one run. Everything is drawn at the start, from sites of kind `shape`.
pub trait Workload {
    /// Draws the actors of a run.
    fn plan(&mut self, shape: &mut Shape<'_>, actors: &mut Vec<PlannedActor>) -> Result<(), String>;
}

/// One actor of a run.
#[derive(Clone, Debug)]
pub struct PlannedActor {
    /// Its lineage.
    pub actor: ActorId,
    /// When it begins, in milliseconds after the run.
    pub at_ms: u64,
    /// What it does, one after the other.
    pub steps: Vec<ActorStep>,
}

/// One thing that an actor does.
#[derive(Clone, Debug)]
pub enum ActorStep {
    /// It sends a request and waits for the answer, whatever it is.
    Send(Request),
    /// The same with a request that brings the outside world's answer to a task token, whoever passes it on: the faults
    /// of callbacks strike here. A `SendTask…` request is one in any case.
    Callback(Request),
    /// It looks at the world and decides then.
    Look(Rc<dyn Look>),
    /// It waits.
    Wait {
        /// For this long.
        ms: u64,
    },
    /// It runs a client script and waits for its end.
    Run(ScriptRun),
}

impl ActorStep {
    /// Whether it may ask for the history of an execution or redrive one.
    pub(super) fn may_look_back(&self) -> bool {
        match self {
            ActorStep::Send(Request::States(request)) | ActorStep::Callback(Request::States(request)) => {
                request.looks_back()
            }
            ActorStep::Send(_) | ActorStep::Callback(_) | ActorStep::Wait { .. } => false,
            // What these send is known only when they do.
            ActorStep::Look(_) | ActorStep::Run(_) => true,
        }
    }
}

/// A client script with what it is run with.
#[derive(Clone, Debug, PartialEq)]
pub struct ScriptRun {
    /// Which script, by its place among those of [`super::Clients`].
    pub script: u32,
    /// `{"arguments": [...], "environment": {...}}`
    pub start: Json,
}

/// A step that depends on what the world holds when it is taken. Made anew for every run: it may remember.
pub trait Look: Debug {
    /// What of the world it depends on: it looks again when something of that has changed.
    fn reads(&self) -> Parts;

    /// What to do now.
    fn look(&self, view: &View<'_>) -> Result<Looked, String>;

    /// For how long it may be [`Looked::NotYet`], in milliseconds; for ever when there is no limit.
    fn within_ms(&self) -> Option<u64> {
        None
    }

    /// The answer to the request that it sent.
    fn answered(&self, _answer: &Answer) {}

    /// The step in words, for reports.
    fn describe(&self) -> String;
}

/// What a look led to.
#[derive(Clone, Debug)]
pub enum Looked {
    /// A step to take, which is not another look.
    Take(ActorStep),
    /// Nothing to do: the next step is taken at once.
    Skip,
    /// What it waits for is not there yet.
    NotYet,
}

/// Draws the shape of a workload. Of every draw the first alternative is the smallest.
pub struct Shape<'c> {
    core: &'c mut Core,
    actor: ActorId,
    draws: u32,
}

impl<'c> Shape<'c> {
    /// Draws for the whole workload.
    pub fn new(core: &'c mut Core) -> Shape<'c> {
        Shape { core, actor: ActorId::WORLD, draws: 0 }
    }

    /// The `number`th actor called `name` and its own draws; `None` when a script has emptied its slot.
    pub fn actor(&mut self, name: Name, number: u32) -> Option<Shape<'_>> {
        let actor = self.core.child(ActorId::WORLD, name, number);
        // Never drawn: only a script that is being shrunk empties a slot, and no other actor is renamed by it.
        let emptied = self.core.choose(actor, name, Kind::Shape, 0, &Weighted::Chance(0));
        (emptied == 0).then_some(Shape { core: self.core, actor, draws: 0 })
    }

    /// The lineage that is drawn for.
    pub fn lineage(&self) -> ActorId {
        self.actor
    }

    /// The interned form of a label, if the scenario knows it.
    pub fn core(&self) -> &Core {
        self.core
    }

    /// A whole number from `low` to `high`, both included; `low` when the interval is empty.
    pub fn draw(&mut self, label: Name, low: i64, high: i64) -> i64 {
        let span = u32::try_from(high.saturating_sub(low).saturating_add(1)).unwrap_or(u32::MAX);
        self.draws += 1;
        if high <= low {
            return low;
        }
        low + i64::from(self.core.choose(self.actor, label, Kind::Shape, self.draws, &Weighted::Uniform(span)))
    }

    /// An index below `count`.
    pub fn pick(&mut self, label: Name, count: usize) -> usize {
        self.draw(label, 0, count as i64 - 1) as usize
    }

    /// Whether something with `parts_per_million` odds is so.
    pub fn chance(&mut self, label: Name, parts_per_million: u32) -> bool {
        self.draws += 1;
        let parts = (u64::from(parts_per_million.min(1_000_000)) * u64::from(u32::MAX) / 1_000_000) as u32;
        self.core.choose(self.actor, label, Kind::Shape, self.draws, &Weighted::Chance(parts)) != 0
    }
}
