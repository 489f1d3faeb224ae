//! The catalogue of planted bugs: every promise is there for a reason, every bug is found within the runs that it says,
//! and comes down to what it says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rehearsal::explore::{Failure, Limits, Plan, SHRINK_RUNS_MAX, Strategy, shrink};
use rehearsal::harness::Harness;
use rehearsal::scenario::Within;
use rehearsal::testing;
use rehearsal::world::{Violation, When};

use crate::support::{folder, in_parallel, world};

/// What `check` does by itself.
const SEEDS: u64 = 1_000;
/// Seeds in which a scenario that holds reaches whatever it can, and a bug keeps it from doing so.
const REACHING_SEEDS: u64 = 100;

/// Scenarios that keep their promises; the bugs that break each of them are in the catalogue's folder of that name.
const HOLDING: [&str; 5] = ["orders", "orders-callback", "orders-monitored", "orders-parallel", "orders-queued"];

/// Promises of AWS itself, which no template can break.
const OF_AWS: [&str; 1] = ["the metrics count what the ledger counts"];

/// The scenario files of a scenario's bugs, by name.
fn planted(scenario: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder("planted").join(scenario)).expect("the catalogue");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}

#[test]
fn every_promise_is_broken_by_a_planted_bug() {
    for scenario in HOLDING {
        let files = planted(scenario);
        let broken: Vec<_> = files.iter().flat_map(|file| testing::load(file).loaded().breaks.clone()).collect();
        let promises = testing::load(folder(scenario)).invariant_names();
        let is_ours = |(name, when): &(Arc<str>, When)| *when != When::Sometimes && !OF_AWS.contains(&&**name);
        for (promise, _) in promises.into_iter().filter(is_ours) {
            assert!(broken.contains(&promise), "no planted bug of {scenario} breaks '{promise}'");
        }
    }
}

#[test]
fn every_planted_bug_is_found_within_its_runs_and_comes_down_to_its_size() {
    let files: Vec<_> = HOLDING.into_iter().flat_map(planted).collect();
    in_parallel(files.len() as u64, |numbers| {
        for number in numbers {
            let file = &files[number as usize];
            let harness = testing::load(file);
            let breaks = harness.loaded().breaks.first().cloned();
            let breaks = breaks.unwrap_or_else(|| panic!("{}: it breaks nothing", file.display()));
            match harness.loaded().within {
                Some(within) => is_found(&harness, &breaks, within),
                None => is_never_reached(&harness, &breaks, file),
            }
        }
    });
}

fn is_found(harness: &Harness, breaks: &str, within: Within) {
    let bug = harness.path().display();
    let sweep = harness.explore(&Plan::of(Strategy::All, 0, SEEDS, 1).until(breaks)).expect("handlers that run");
    let finding = sweep.findings.iter().find(|finding| *finding.violation.name == *breaks);
    let finding = finding.unwrap_or_else(|| panic!("{bug}: {} runs do not break '{breaks}'", sweep.runs));
    let first = &finding.failures[0];
    assert!(first.run <= within.runs, "{bug}: found by run {}, not within {}", first.run, within.runs);
    let (shape, actors, deviations) = cut_down(harness, &finding.violation, first);
    let is_small = deviations <= within.deviations && actors <= within.actors;
    assert!(is_small, "{bug}: shrunk to {deviations} deviations and {shape}, but {within:?}");
}

fn cut_down(harness: &Harness, violation: &Violation, failure: &Failure) -> (String, u64, u64) {
    let limits = Limits { runs_max: SHRINK_RUNS_MAX, goes_on: &|| true };
    let shrunk = shrink(&mut world(harness), failure.seed, &failure.script, violation, &limits);
    let shrunk = shrunk.expect("handlers that run").expect("a run that breaks the same promise again");
    (shrunk.shape, shrunk.actors, shrunk.script.deviations() as u64)
}

/// A bug that keeps something from happening: the scenario that holds does it in as many runs.
fn is_never_reached(harness: &Harness, breaks: &str, file: &Path) {
    let base = file.parent().and_then(Path::file_name).expect("the catalogue's folder");
    let unreached = |harness: &Harness| {
        let names = harness.invariant_names();
        let sweep = harness.sweep(0, REACHING_SEEDS, 1).expect("handlers that run");
        sweep.unreached(&names).into_iter().any(|place| *names[place].0 == *breaks)
    };
    let bug = harness.path().display();
    assert!(unreached(harness), "{bug}: some of {REACHING_SEEDS} seeds reach '{breaks}'");
    assert!(!unreached(&testing::load(folder(&base.to_string_lossy()))), "{bug}: nothing ever reaches '{breaks}'");
}
