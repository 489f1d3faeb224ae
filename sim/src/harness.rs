//! A scenario, loaded and ready to run: what the command line, `cargo test` and the benches share.
//!
//! A [`Harness`] is plain data that threads share; [`Harness::world`] builds a [`World`] from it,
//! one a thread, since compiled expressions and handlers belong to their thread.

mod build;
mod expression;
mod handlers;
mod messaging;
mod mirror;
mod monitoring;
mod scheduling;
mod scripts;
mod tables;
mod value;
mod workload;

pub(crate) use build::check_stack;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::diagnostics::{Problem, Problems};
use crate::explore::strategies::{Recording, Replay, run_key};
use crate::explore::{Plan, Regression, Strategy, Sweep, sweep};
use crate::handlers::python::Options;
use crate::handlers::{HostError, Registry};
use crate::scenario::Loaded;
use crate::services::dynamodb::Database;
use crate::services::stepfunctions::Point;
use crate::world::{
    Caps, Choice, Decisions, FaultPlan, Invariant, Names, Outcome, Script, When, Workload, World, hash_text,
};

/// A scenario with the way to run it.
#[derive(Clone)]
pub struct Harness {
    loaded: Arc<Loaded>,
    path: PathBuf,
    handlers: Handlers,
    plan: FaultPlan,
    caps: Caps,
    invariants: Option<InvariantsOf>,
    workload: Option<WorkloadOf>,
    hash: u64,
    watchdog: Duration,
    measures: bool,
    strategy: Strategy,
}

/// What the functions of a scenario run.
#[derive(Clone)]
pub enum Handlers {
    /// The template's own Python.
    Python,
    /// Rust, made anew for every thread.
    Native(Arc<dyn Fn() -> Registry + Send + Sync>),
}

type InvariantsOf = Arc<dyn Fn(&Database) -> Vec<Invariant> + Send + Sync>;
type WorkloadOf = Arc<dyn Fn(&mut Names) -> Box<dyn Workload> + Send + Sync>;

/// One run that was recorded.
pub struct Run {
    /// The seed.
    pub seed: u64,
    /// The world at its end.
    pub world: World,
    /// What became of it.
    pub outcome: Outcome,
    /// Choices of the script that no site asked for.
    pub unused: Vec<Choice>,
}

impl Harness {
    /// Reads a scenario from its folder or its file. The handlers are the template's own Python.
    pub fn load(scenario: &Path) -> Result<Harness, Problems> {
        Harness::of(crate::scenario::load(scenario)?, scenario)
    }

    /// The scenario `scenario.yaml` among these files, which are given by name and text.
    pub fn of_files(files: &[(&str, &str)]) -> Result<Harness, Problems> {
        let read = |path: &str| {
            let found = files.iter().find(|(name, _)| *name == path);
            found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "there is no such file".to_owned())
        };
        let loaded = crate::scenario::load_with("scenario", "scenario.yaml", &read, &str::to_owned)?;
        Harness::of(loaded, Path::new("scenario.yaml"))
    }

    fn of(mut loaded: Loaded, path: &Path) -> Result<Harness, Problems> {
        loaded.warnings.extend(build::check(&loaded)?);
        let plan = build::fault_plan(&loaded.scenario);
        let caps = build::caps(&loaded.scenario);
        let hash = build::hash(&loaded);
        Ok(Harness {
            path: path.to_owned(),
            loaded: Arc::new(loaded),
            handlers: Handlers::Python,
            plan,
            caps,
            invariants: None,
            workload: None,
            hash,
            watchdog: Options::default().watchdog,
            measures: false,
            strategy: Strategy::default(),
        })
    }

    /// The same with every metric kept, as it is by itself where the template or the scenario asks for one: for
    /// invariants in Rust that read metrics.
    #[must_use]
    pub fn measured(mut self) -> Harness {
        self.measures = true;
        self
    }

    /// The same with other handlers.
    #[must_use]
    pub fn handlers(mut self, handlers: Handlers) -> Harness {
        self.handlers = handlers;
        self
    }

    /// The same with another limit of real time after which a Python handler counts as hung.
    #[must_use]
    pub fn watchdog(mut self, limit: Duration) -> Harness {
        self.watchdog = limit;
        self
    }

    /// The same with native handlers.
    #[must_use]
    pub fn native(self, registry: impl Fn() -> Registry + Send + Sync + 'static) -> Harness {
        self.handlers(Handlers::Native(Arc::new(registry)))
    }

    /// The same with other faults.
    #[must_use]
    pub fn faults(mut self, plan: FaultPlan) -> Harness {
        self.plan = plan;
        self
    }

    /// The same with invariants in Rust instead of the scenario's own. The database tells which table is which.
    #[must_use]
    pub fn invariants(mut self, invariants: impl Fn(&Database) -> Vec<Invariant> + Send + Sync + 'static) -> Harness {
        self.invariants = Some(Arc::new(invariants));
        self
    }

    /// The same with a workload in Rust instead of the scenario's own.
    #[must_use]
    pub fn workload(mut self, workload: impl Fn(&mut Names) -> Box<dyn Workload> + Send + Sync + 'static) -> Harness {
        self.workload = Some(Arc::new(workload));
        self
    }

    /// The scenario's folder or file, as it was named to [`Harness::load`].
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The scripts that once broke a promise of this scenario, kept beside it.
    pub fn regressions(&self) -> Result<Vec<Regression>, String> {
        Regression::read_all(&self.loaded.regressions)
    }

    /// The same with another strategy.
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Harness {
        self.strategy = strategy;
        self
    }

    /// The faults that are on.
    pub fn fault_plan(&self) -> &FaultPlan {
        &self.plan
    }

    /// The files as they were read.
    pub fn loaded(&self) -> &Loaded {
        &self.loaded
    }

    /// A hash of the scenario and its template, for tokens.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// A world of this scenario, for this thread.
    pub fn world(&self) -> Result<World, HostError> {
        build::world(self, &Options { watchdog: self.watchdog, ..Options::default() })
    }

    /// The same for a thread that does nothing but run it, faster: with Python handlers the thread stays on the
    /// processor of the worker process from here on.
    pub fn world_of_worker(&self) -> Result<World, HostError> {
        build::world(self, &Options { watchdog: self.watchdog, share_processor: true, ..Options::default() })
    }

    /// Finds the functions that the command line cannot run: neither mocked nor Python in the template.
    pub fn check_python(&self) -> Result<(), Problems> {
        let mut problems = Vec::new();
        handlers::check_python(&self.loaded, &mut problems);
        if problems.is_empty() { Ok(()) } else { Err(Problems { sources: self.loaded.sources.clone(), problems }) }
    }

    /// What Python functions may miss: layers that are not beside the template.
    pub fn python_warnings(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        handlers::check_layers(&self.loaded, &mut problems);
        problems
    }

    /// The invariants: names and when they must hold.
    pub fn invariant_names(&self) -> Vec<(Arc<str>, When)> {
        match &self.invariants {
            Some(invariants) => {
                let database = tables::database(&self.loaded).unwrap_or_else(|_| Database::new(Vec::new()));
                invariants(&database).into_iter().map(|invariant| (invariant.name, invariant.when)).collect()
            }
            None => build::invariant_names(&self.loaded.scenario),
        }
    }

    /// The state machines: their names and what of them runs can reach, numbered one after the other.
    pub fn points(&self) -> Vec<(Arc<str>, Vec<Point>)> {
        build::machine_points(&self.loaded.stack)
    }

    /// The names of the functions.
    pub fn function_names(&self) -> Vec<Arc<str>> {
        self.loaded.stack.functions.iter().map(|function| function.identity.label.clone()).collect()
    }

    /// Runs one seed, recorded.
    pub fn run(&self, seed: u64) -> Result<Run, HostError> {
        let mut world = self.world()?;
        let outcome = world.run(self.strategy.recipe(seed).decisions(seed), run_key(seed), true)?;
        Ok(Run { seed, world, outcome, unused: Vec::new() })
    }

    /// Runs a script, recorded.
    pub fn replay(&self, seed: u64, script: &Script) -> Result<Run, HostError> {
        let mut world = self.world()?;
        let outcome = world.run(Box::new(Replay::new(script)), run_key(seed), true)?;
        let met = world.core.script();
        let is_used = |choice: &&Choice| met.choices.iter().any(|used| used.key == choice.key);
        let unused = script.choices.iter().filter(|choice| !is_used(choice)).cloned().collect();
        Ok(Run { seed, world, outcome, unused })
    }

    /// Every place where the run of a script can deviate from it, each with its last alternative.
    pub fn places(&self, seed: u64, script: &Script) -> Result<Vec<Choice>, HostError> {
        let mut world = self.world()?;
        let (decisions, asked) = Recording::new(Replay::new(script));
        world.run(Box::new(decisions), run_key(seed), false)?;
        let (names, lineages) = (world.core.names(), world.core.lineages());
        let asked = asked.take();
        let places = asked.iter().filter(|asked| asked.shapes.is_none() && asked.alternatives > 1);
        Ok(places.map(|asked| Choice::new(&asked.site, names, lineages, asked.alternatives - 1)).collect())
    }

    /// Runs under any decisions, recorded.
    pub fn run_with(&self, seed: u64, decisions: Box<dyn Decisions>) -> Result<Run, HostError> {
        let mut world = self.world()?;
        let outcome = world.run(decisions, run_key(seed), true)?;
        Ok(Run { seed, world, outcome, unused: Vec::new() })
    }

    /// Sweeps seeds from `first_seed` on `jobs` threads, and nothing but seeds.
    pub fn sweep(&self, first_seed: u64, seeds: u64, jobs: usize) -> Result<Sweep, HostError> {
        let strategy = if self.strategy == Strategy::All { Strategy::Mixed } else { self.strategy };
        self.explore(&Plan::of(strategy, first_seed, seeds, jobs))
    }

    /// Does what a plan says.
    pub fn explore(&self, plan: &Plan) -> Result<Sweep, HostError> {
        sweep(plan, &|| self.world(), &|_| {}, &|| true)
    }

    /// The plan of this scenario's strategy for that many seeds.
    pub fn plan(&self, first_seed: u64, seeds: u64, jobs: usize) -> Plan {
        Plan::of(self.strategy, first_seed, seeds, jobs)
    }
}

/// The hash of a scenario's files.
fn files_hash<'t>(texts: impl Iterator<Item = &'t str>) -> u64 {
    texts.fold(0, |hash, text| crate::world::mix(hash, hash_text(text)))
}
