//! A year of virtual time in which hardly anything happens.

use rehearsal::testing;

use crate::support::folder;

const DAY_MS: u64 = 86_400_000;

#[test]
fn a_year_of_waiting_costs_what_happens_in_it() {
    let harness = testing::load(folder("long-running"));
    testing::holds(&harness, 200);
    let run = harness.run(0).expect("nothing that could fail");
    assert!(run.outcome.virtual_ms > 330 * DAY_MS, "{} ms", run.outcome.virtual_ms);
    assert!(run.outcome.steps < 500, "{} steps", run.outcome.steps);
}
