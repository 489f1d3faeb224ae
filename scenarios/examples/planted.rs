//! How soon each planted bug is found, and how small its story is: the table of `scenarios/planted/README.md`.
//!
//! `cargo run --release -p rehearsal-scenarios --example planted -- [--bases 20] [--runs 3250] [NAME]...`
//!
//! For every bug and strategy, searches begin at so many base seeds that have nothing in common, and the median counts.
//! With names, only the bugs whose path contains one of them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use rehearsal::explore::strategies::run_key;
use rehearsal::explore::{Failure, Limits, Plan, SHRINK_RUNS_MAX, Strategy, shrink};
use rehearsal::harness::Harness;
use rehearsal::testing;
use rehearsal::world::{Violation, When, World};

/// The first column is what `check` does by itself.
const STRATEGIES: [Strategy; 5] =
    [Strategy::All, Strategy::Exhaustive, Strategy::Random, Strategy::Swarm, Strategy::Pct];

/// An enumeration takes nothing but ids from its base seed: so many of them show that.
const ENUMERATIONS_MAX: u64 = 3;

/// Base seeds lie farther apart than any search goes.
const BASES_APART: u64 = 1_000_000;

struct Settings {
    bases: u64,
    runs_max: u64,
    names: Vec<String>,
}

fn main() {
    let settings = settings();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("planted");
    let is_meant = |file: &PathBuf| {
        let path = file.display().to_string();
        settings.names.is_empty() || settings.names.iter().any(|name| path.contains(name))
    };
    let files: Vec<PathBuf> = folders(&folder).iter().flat_map(|of| bugs(of)).filter(is_meant).collect();
    let rows = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                loop {
                    let place = next.fetch_add(1, Ordering::Relaxed);
                    let Some(file) = files.get(place) else { return };
                    let row = row(file, &settings);
                    eprintln!("{row}");
                    rows.lock().unwrap_or_else(std::sync::PoisonError::into_inner).insert(place, row);
                }
            });
        }
    });
    println!("| Bug | `check` | exhaustive | random | swarm | pct | shrunk to |");
    println!("|---|---|---|---|---|---|---|");
    for row in rows.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).values() {
        println!("{row}");
    }
}

fn settings() -> Settings {
    // What `check` does by itself comes to so many runs.
    let mut settings = Settings { bases: 20, runs_max: 3_250, names: Vec::new() };
    let mut words = std::env::args().skip(1);
    let number = |word: Option<String>| {
        let number = word.and_then(|word| word.parse().ok()).filter(|number| *number > 0);
        number.unwrap_or_else(|| panic!("expected a number behind --bases and --runs"))
    };
    while let Some(word) = words.next() {
        match word.as_str() {
            "--bases" => settings.bases = number(words.next()),
            "--runs" => settings.runs_max = number(words.next()),
            _ => settings.names.push(word),
        }
    }
    settings
}

fn folders(catalogue: &Path) -> Vec<PathBuf> {
    let mut folders = entries(catalogue);
    folders.retain(|folder| folder.is_dir());
    folders
}

fn bugs(folder: &Path) -> Vec<PathBuf> {
    let mut files = entries(folder);
    files.retain(|file| file.extension().is_some_and(|extension| extension == "yaml"));
    files
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

/// A bug's line of the table.
fn row(file: &Path, settings: &Settings) -> String {
    let mut hunt = Hunt::new(file, settings.runs_max);
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    let folder = file.parent().and_then(Path::file_name).unwrap_or_default().to_string_lossy();
    let mut row = format!("| [{folder}: {name}]({folder}/{name}.yaml) |");
    if hunt.is_about_reaching() {
        // Nothing breaks; a whole sweep that does not reach it says so.
        return row + " never reached | | | | | |";
    }
    let mut first = None;
    for strategy in STRATEGIES {
        let bases = match strategy {
            Strategy::Exhaustive => settings.bases.min(ENUMERATIONS_MAX),
            _ => settings.bases,
        };
        let mut all = Vec::new();
        for base in 0..bases {
            let found = hunt.find(strategy, base * BASES_APART);
            all.push(found.as_ref().map_or(u64::MAX, |(_, failure)| failure.run));
            first = first.or(found);
            // The median is beyond the bound in any case.
            if all.iter().filter(|runs| **runs == u64::MAX).count() as u64 * 2 > bases {
                all.resize(bases as usize, u64::MAX);
                break;
            }
        }
        if strategy == Strategy::All {
            eprintln!("{folder}/{name}: {all:?}");
        }
        row += &match median(&mut all) {
            Some(runs) => format!(" {runs} |"),
            None => format!(" >{} |", settings.runs_max),
        };
    }
    row + &first.map_or(" |".to_owned(), |(violation, failure)| hunt.shrunk(&violation, &failure))
}

/// The middle one, or what lies between the two in the middle; `None` when it is not known.
fn median(all: &mut [u64]) -> Option<u64> {
    all.sort_unstable();
    let upper = *all.get(all.len() / 2)?;
    let lower = *all.get((all.len() - 1) / 2)?;
    (upper != u64::MAX).then_some(u64::midpoint(lower, upper))
}

/// The search for one bug.
struct Hunt {
    harness: Harness,
    world: World,
    runs_max: u64,
}

type Found = Option<(Violation, Failure)>;

impl Hunt {
    fn new(file: &Path, runs_max: u64) -> Hunt {
        let harness = testing::load(file);
        let world = harness.world().unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Hunt { harness, world, runs_max }
    }

    /// Whether the bug keeps runs from reaching something instead of breaking a promise.
    fn is_about_reaching(&self) -> bool {
        let is_sometimes = |(name, when)| when == When::Sometimes && self.harness.loaded().breaks.contains(&name);
        self.harness.invariant_names().into_iter().any(is_sometimes)
    }

    fn find(&mut self, strategy: Strategy, base: u64) -> Found {
        match strategy {
            // What `check` does.
            Strategy::All | Strategy::Exhaustive => self.explore(&plan(strategy, base, self.runs_max)),
            _ => self.draw(strategy, base),
        }
    }

    /// One seed after the other.
    fn draw(&mut self, strategy: Strategy, base: u64) -> Found {
        for run in 1..=self.runs_max {
            let seed = base + run - 1;
            let recipe = strategy.recipe(seed);
            let outcome = self.world.run(recipe.decisions(seed), run_key(seed), false);
            let outcome = outcome.unwrap_or_else(|error| panic!("{}: {error}", self.harness.path().display()));
            if let Some(violation) = outcome.violation.filter(|violation| self.is_meant(violation)) {
                let script = self.world.core.script();
                return Some((violation, Failure { run, strategy: recipe.name(), seed, script }));
            }
        }
        None
    }

    /// The first failure of a sweep.
    fn explore(&self, plan: &Plan) -> Found {
        let mut plan = plan.clone();
        plan.until.extend(self.harness.loaded().breaks.first().cloned());
        let sweep = self.harness.explore(&plan);
        let sweep = sweep.unwrap_or_else(|error| panic!("{}: {error}", self.harness.path().display()));
        let meant = sweep.findings.into_iter().filter(|finding| self.is_meant(&finding.violation));
        let first = meant.filter_map(|finding| Some((finding.violation, finding.failures.into_iter().next()?)));
        first.min_by_key(|(_, failure)| failure.run)
    }

    fn is_meant(&self, violation: &Violation) -> bool {
        self.harness.loaded().breaks.first() == Some(&violation.name)
    }

    /// What is left of a failure when it is cut down.
    fn shrunk(&mut self, violation: &Violation, failure: &Failure) -> String {
        let limits = Limits { runs_max: SHRINK_RUNS_MAX, goes_on: &|| true };
        let shrunk = shrink(&mut self.world, failure.seed, &failure.script, violation, &limits);
        let shrunk = shrunk.unwrap_or_else(|error| panic!("{}: {error}", self.harness.path().display()));
        shrunk.map_or(" |".to_owned(), |shrunk| {
            let deviations = shrunk.script.deviations();
            format!(" {deviations} deviation{}, {} |", if deviations == 1 { "" } else { "s" }, shrunk.shape)
        })
    }
}

/// What a strategy does with at most so many runs.
fn plan(strategy: Strategy, base: u64, runs: u64) -> Plan {
    let plans = (1..=runs).rev().map(|seeds| Plan::of(strategy, base, seeds, 1));
    let mut fitting = plans.filter(|plan| plan.runs_max() <= runs);
    fitting.next().unwrap_or_else(|| Plan::of(strategy, base, 1, 1))
}
