//! What a user's own `cargo test` calls: promises that must hold, planted bugs that must be found, and runs told as text
//! for snapshots. What explores and judges lives in [`explore`](crate::explore) and [`world`](crate::world).
//!
//! ```
//! use std::path::Path;
//!
//! use rehearsal::testing;
//!
//! // In a scenario's own tests: Path::new(env!("CARGO_MANIFEST_DIR")).join("orders")
//! let harness = testing::load(Path::new("../scenarios/orders"));
//! # let harness = harness.workload(|names| testing::sends(names, "nobody", Vec::new()));
//! # let harness = harness.invariants(|_| vec![rehearsal::world::Invariant::eventually("all is well", |_| true)]);
//! testing::holds(&harness, 10);
//! ```
//!
//! A test that fails ends with the command that shows the same again:
//!
//! ```text
//! REHEARSAL_SEED=17 cargo test -p shop nothing_is_sold_twice -- --exact
//! ```
//!
//! [`holds`] does what `rehearsal check` does: it replays the scenario's `regressions/`, then seeds, scripts of few
//! deviations and mutants take turns, and what broke is cut down. `REHEARSAL_SEED` makes it run that seed only,
//! `REHEARSAL_TOKEN` that token only; both tell the whole run.

mod account;
mod hunt;
mod sends;
mod verdict;

use std::num::NonZero;
use std::path::Path;

use crate::harness::Harness;

pub use account::{account, history, history_lines, timeline};
pub use hunt::{Found, hunt};
pub use sends::sends;

/// The variable that makes [`holds`] run one seed.
pub const SEED_VARIABLE: &str = "REHEARSAL_SEED";
/// The variable that makes [`holds`] replay one token.
pub const TOKEN_VARIABLE: &str = "REHEARSAL_TOKEN";

/// The scenario in this folder or file. Panics with every problem of its files, each with its place.
#[track_caller]
pub fn load(scenario: impl AsRef<Path>) -> Harness {
    match Harness::load(scenario.as_ref()) {
        Ok(harness) => harness,
        Err(problems) => panic!("{}", problems.render(false)),
    }
}

/// The scenario of these files, by their names: `scenario.yaml`, its template, and what the template names. Panics as
/// [`load`] does.
#[track_caller]
pub fn scenario(files: &[(&str, &str)]) -> Harness {
    match Harness::of_files(files) {
        Ok(harness) => harness,
        Err(problems) => panic!("{}", problems.render(false)),
    }
}

/// Every promise of the scenario holds, in its regressions and in a sweep that also reaches every `sometimes`: under
/// [`Strategy::All`](crate::explore::Strategy::All), which is the harness's unless it says otherwise, twice as many
/// scripts and a quarter as many mutants as there are seeds.
///
/// Panics with the promise that was broken, the day that breaks it, cut down, and the command that replays it.
#[track_caller]
pub fn holds(harness: &Harness, seeds: u64) {
    let verdict = match verdict::Wanted::of_environment() {
        Ok(wanted) => verdict::judge(harness, seeds, &wanted),
        Err(message) => Err(message),
    };
    if let Err(message) = verdict {
        panic!("{message}");
    }
}

/// The smallest of `seeds` seeds that breaks `invariant`: for bugs that were planted, and for those that are known.
///
/// Panics when none does, with what was broken instead.
#[track_caller]
pub fn finds(harness: &Harness, seeds: u64, invariant: &str) -> u64 {
    match verdict::find(harness, seeds, invariant) {
        Ok(seed) => seed,
        Err(message) => panic!("{message}"),
    }
}

/// As many threads as there are cores.
fn jobs() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get)
}
