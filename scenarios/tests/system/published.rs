//! The published pattern: its defects are found one after another, and each step of the walk mends the one before.

use rehearsal::explore::Sweep;
use rehearsal::harness::Harness;
use rehearsal::testing;
use rehearsal::world::{FaultId, FaultPlan, Profile, When};

use crate::support::{calm, folder, in_parallel};

const PUBLISHED: &str = "orders-published";
const CALLBACK: &str = "orders-published/callback";

const SHELF: &str = "the test data is put";
const ALARM: &str = "a failed order raises the alarm";
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
    ("1-one-bus", calm, &[SHELF, GIVEN, STORED, COMPLETED]),
    ("2-a-metric-that-exists", calm, &[SHELF, GIVEN, STORED, COMPLETED]),
    ("3-decimals-on-the-shelf", calm, &[ALARM, GIVEN, STORED, COMPLETED]),
    ("4-one-failure-is-enough", calm, &[GIVEN, STORED, COMPLETED]),
    ("5-order-from-the-envelope", calm, &[STORED, COMPLETED]),
    ("6-decimals-in-the-order", calm, &[COMPLETED, DECLINED]),
    ("7-results-beside-the-order", calm, &[LACKING, DECLINED, NEGATIVE]),
    ("8-validation-raises", calm, &[DECLINED, NEGATIVE]),
    ("9-decline-raises", calm, &[NEGATIVE]),
    ("9-decline-raises", slow_calls, &[TWICE, NEGATIVE]),
    ("10-time-to-pay", slow_calls, &[NEGATIVE]),
    ("11-subtract-what-is-there", calm, &[UNPAID]),
    ("11-subtract-what-is-there", duplicated_events, &[TWICE, SOLD, UNPAID]),
    ("12-an-order-comes-once", duplicated_events, &[UNPAID]),
    ("12-an-order-comes-once", functions_outlive_their_time, &[TWICE, UNPAID]),
    ("13-goods-before-money", duplicated_events, &[]),
    ("13-goods-before-money", functions_outlive_their_time, &[TWICE, SOLD]),
    ("14-a-payment-has-a-key", functions_outlive_their_time, &[SOLD]),
    ("14-a-payment-has-a-key", busy_bus, &[UNPAID]),
    ("15-the-design", documented, &[]),
];

/// The walk through the callback variant.
const CALLBACK_WALK: &[Row] = &[
    ("..", calm, &["some token is stored", "some order is completed", "some order is rejected", TOLD]),
    ("1-may-store-tokens", calm, &["some order is completed", "some order is rejected", WAITS]),
    ("2-may-answer", calm, &[WAITS]),
    ("3-the-wait-ends", calm, &[TOLD]),
];

const WAITS: &str = "no token waits for ever";
const TOLD: &str = "an order ends as it was told outside";

fn slow_calls() -> FaultPlan {
    let mut plan = calm();
    plan.set_slow_calls(true);
    // The walk is about what is late, not about what misses a timeout by a moment.
    plan.set_anchored_calls(false);
    plan
}

fn duplicated_events() -> FaultPlan {
    only(FaultId::EbDup)
}

fn functions_outlive_their_time() -> FaultPlan {
    only(FaultId::LaTimeoutAfter)
}

/// Every second call of the bus fails, so that now and then all attempts of a payment do.
fn busy_bus() -> FaultPlan {
    let mut plan = calm();
    plan.set(FaultId::EbPutThrottle, 500_000);
    plan.set_slow_calls(false);
    plan
}

fn documented() -> FaultPlan {
    FaultPlan::of(Profile::Documented)
}

fn only(fault: FaultId) -> FaultPlan {
    let mut plan = calm();
    plan.set(fault, 100_000);
    plan.set_slow_calls(false);
    plan
}

fn step(of: &str, name: &str) -> Harness {
    let steps = folder(of).join("steps");
    testing::load(if name == ".." { steps.join(name) } else { steps.join(format!("{name}.yaml")) })
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

/// What is said of the dashboard before anything runs.
fn empty_widgets(harness: &Harness) -> usize {
    let warnings = harness.loaded().warnings.iter();
    warnings.filter(|warning| warning.diagnostic.message.contains("always empty")).count()
}

#[test]
fn the_published_dashboard_shows_a_metric_that_does_not_exist_and_the_next_step_one_that_does() {
    let counts =
        ["1-one-bus", "2-a-metric-that-exists", "15-the-design"].map(|name| empty_widgets(&step(PUBLISHED, name)));
    assert_eq!(counts, [2, 0, 0]);
}

#[test]
fn every_step_of_the_walk_mends_one_defect_and_shows_the_next() {
    walk(PUBLISHED, WALK);
}

#[test]
fn every_step_of_the_walk_through_the_callbacks_mends_one_defect_and_shows_the_next() {
    walk(CALLBACK, CALLBACK_WALK);
}

fn walk(of: &str, rows: &[Row]) {
    in_parallel(rows.len() as u64, |places| {
        for place in places {
            let (name, faults, expected) = rows[place as usize];
            let harness = step(of, name).faults(faults());
            let sweep = harness.sweep(0, 200, 1).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(wrong(&harness, &sweep), expected, "{name}");
        }
    });
}

#[test]
fn every_step_says_what_it_still_breaks() {
    for (of, rows) in [(PUBLISHED, WALK), (CALLBACK, CALLBACK_WALK)] {
        for (name, ..) in rows.iter().filter(|(name, ..)| *name != "..") {
            let breaks = step(of, name).loaded().breaks.clone();
            let shown: Vec<&str> =
                rows.iter().filter(|row| row.0 == *name).flat_map(|row| row.2.iter().copied()).collect();
            assert!(breaks.iter().all(|name| shown.contains(&&**name)), "{name}: {breaks:?}");
            assert_eq!(breaks.is_empty(), shown.is_empty(), "{name}");
        }
    }
}
