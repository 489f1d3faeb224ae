//! The published pattern: its defects are found one after another, and each step of the walk mends the one before.

use rehearsal::explore::Sweep;
use rehearsal::harness::Harness;
use rehearsal::testing;
use rehearsal::world::{FaultId, FaultPlan, When};

use crate::support::{calm, folder};

const GIVEN: &str = "the workflow is given an order";
const STORED: &str = "some order is stored";
const COMPLETED: &str = "some order is completed";
const LACKING: &str = "an order that lacks something is never charged";
const DECLINED: &str = "nobody is turned away after a single declined payment";
const TWICE: &str = "each order is charged at most once";
const NEGATIVE: &str = "stock is never negative";
const SOLD: &str = "stock and sold add up to what there was";
const UNPAID: &str = "an order is charged if and only if it is fulfilled or refunded";

/// A step of the walk, what may go wrong, and all that is broken or never reached then.
type Row = (&'static str, fn() -> FaultPlan, &'static [&'static str]);

const WALK: &[Row] = &[
    ("1-one-bus", calm, &[GIVEN, STORED, COMPLETED]),
    ("2-order-from-the-envelope", calm, &[STORED, COMPLETED]),
    ("3-decimals", calm, &[COMPLETED, DECLINED]),
    ("4-results-beside-the-order", calm, &[LACKING, DECLINED, NEGATIVE]),
    ("5-validation-raises", calm, &[DECLINED, NEGATIVE]),
    ("6-decline-raises", calm, &[NEGATIVE]),
    ("6-decline-raises", slow_calls, &[TWICE, NEGATIVE]),
    ("7-time-to-pay", slow_calls, &[NEGATIVE]),
    ("8-subtract-what-is-there", calm, &[UNPAID]),
    ("8-subtract-what-is-there", duplicated_events, &[TWICE, SOLD, UNPAID]),
    ("9-an-order-comes-once", duplicated_events, &[UNPAID]),
    ("9-an-order-comes-once", lost_payments, &[TWICE, UNPAID]),
];

fn slow_calls() -> FaultPlan {
    let mut plan = calm();
    plan.set_slow_calls(true);
    plan
}

fn duplicated_events() -> FaultPlan {
    only(FaultId::EbDup)
}

fn lost_payments() -> FaultPlan {
    only(FaultId::LaTimeoutAfter)
}

fn only(fault: FaultId) -> FaultPlan {
    let mut plan = calm();
    plan.set(fault, 100_000);
    plan.set_slow_calls(false);
    plan
}

fn step(name: &str) -> Harness {
    testing::load(folder("orders-published/steps").join(format!("{name}.yaml")))
}

/// Everything that a sweep finds wrong, in the scenario's order.
fn wrong(harness: &Harness, sweep: &Sweep) -> Vec<String> {
    let names = harness.invariant_names();
    let unreached = sweep.unreached(&names);
    let is_wrong = |place: usize, name: &str, when: When| match when {
        When::Sometimes => unreached.contains(&place),
        _ => sweep.findings.iter().any(|finding| *finding.violation.name == *name),
    };
    let wrong = names.iter().enumerate().filter(|(place, (name, when))| is_wrong(*place, name, *when));
    wrong.map(|(_, (name, _))| (**name).to_owned()).collect()
}

#[test]
fn the_published_template_cannot_be_deployed_beside_the_published_commands() {
    let refused = Harness::load(&folder("orders-published")).err().expect("the bus is made twice").to_string();
    assert!(
        refused.contains("the template makes 'ecommerce-orders', which the scenario says exists before"),
        "{refused}"
    );
}

#[test]
fn every_step_of_the_walk_mends_one_defect_and_shows_the_next() {
    for (name, faults, expected) in WALK {
        let harness = step(name).faults(faults());
        let sweep = harness.sweep(0, 200, 2).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(wrong(&harness, &sweep), *expected, "{name}");
    }
}

#[test]
fn every_step_says_what_it_still_breaks() {
    for (name, ..) in WALK {
        let breaks = step(name).loaded().breaks.clone();
        let shown: Vec<&str> = WALK.iter().filter(|row| row.0 == *name).flat_map(|row| row.2.iter().copied()).collect();
        assert!(!breaks.is_empty() && breaks.iter().all(|name| shown.contains(&&**name)), "{name}: {breaks:?}");
    }
}
