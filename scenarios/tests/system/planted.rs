//! The catalogue of planted bugs: every promise is there for a reason, and every bug is found.

use std::path::PathBuf;

use rehearsal::harness::Harness;
use rehearsal::testing;
use rehearsal::world::When;

use crate::support::{folder, in_parallel};

/// Every bug is found long before.
const SEEDS_MAX: u64 = 2_000;
const SEEDS_A_TURN: u64 = 100;

/// Scenarios that keep their promises; the bugs that break each of them are in the catalogue's folder of that name.
const HOLDING: [&str; 3] = ["orders", "orders-callback", "orders-parallel"];

/// The scenario files of a scenario's bugs, by name.
fn planted(scenario: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder("planted").join(scenario)).expect("the catalogue");
    let files = entries.map(|entry| entry.expect("an entry").path());
    let mut files: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "yaml")).collect();
    files.sort();
    files
}

/// What a sweep of some seeds finds wrong: broken promises, and what is never reached.
fn wrong(harness: &Harness, first: u64, seeds: u64) -> Vec<String> {
    let sweep = harness.sweep(first, seeds, 1).unwrap_or_else(|error| panic!("{}: {error}", harness.path().display()));
    let names = harness.invariant_names();
    let unreached = sweep.unreached(&names).into_iter().map(|place| (*names[place].0).to_owned());
    sweep.findings.iter().map(|finding| (*finding.violation.name).to_owned()).chain(unreached).collect()
}

#[test]
fn every_promise_is_broken_by_a_planted_bug() {
    for scenario in HOLDING {
        let files = planted(scenario);
        let broken: Vec<_> = files.iter().flat_map(|file| testing::load(file).loaded().breaks.clone()).collect();
        let promises = testing::load(folder(scenario)).invariant_names();
        for (promise, _) in promises.into_iter().filter(|(_, when)| *when != When::Sometimes) {
            assert!(broken.contains(&promise), "no planted bug of {scenario} breaks '{promise}'");
        }
    }
}

#[test]
fn every_planted_bug_is_found() {
    let files: Vec<_> = HOLDING.into_iter().flat_map(planted).collect();
    in_parallel(files.len() as u64, |numbers| {
        for number in numbers {
            let harness = testing::load(&files[number as usize]);
            let breaks = &harness.loaded().breaks;
            let is_meant = |name: &String| breaks.iter().any(|meant| **meant == **name);
            let mut turns = (0..SEEDS_MAX).step_by(SEEDS_A_TURN as usize);
            let found = turns.any(|first| wrong(&harness, first, SEEDS_A_TURN).iter().any(is_meant));
            assert!(found, "{}: none of {SEEDS_MAX} seeds breaks {breaks:?}", harness.path().display());
        }
    });
}
