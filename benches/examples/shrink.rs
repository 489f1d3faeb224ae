//! How long it takes to cut down a failure of ten orders: the textbook flow under frequent faults, native handlers. First
//! its own promises, which one deviation breaks, then one that takes three: a payment that is tried four times.
//!
//! `cargo run --release -p rehearsal-benches --example shrink`

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use rehearsal::explore::{Limits, Plan, Strategy, shrink};
use rehearsal::harness::Harness;
use rehearsal::world::{FaultPlan, Invariant, Parts, Profile, View};
use rehearsal_scenarios::{orders_naive, shoppers};

const ORDERS: u32 = 10;
const SEEDS: u64 = 400;

fn main() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/orders-naive");
    let harness = Harness::load(&folder).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let harness = harness
        .workload(|names| shoppers::shoppers(names, ORDERS, shoppers::PLENTIFUL))
        .native(orders_naive::handlers)
        .faults(FaultPlan::of(Profile::Stress));
    time(&harness.clone().invariants(orders_naive::invariants));
    time(&harness.invariants(|_| {
        vec![Invariant::always("no order is charged four times", Parts::EVENTS, |view| !is_charged_four_times(view))]
    }));
}

fn is_charged_four_times(view: &View<'_>) -> bool {
    let mut charges: BTreeMap<String, u32> = BTreeMap::new();
    for accepted in view.accepted().iter().filter(|accepted| &*accepted.event.detail_type == "Payment Completed") {
        let order = accepted.event.detail.get("orderId").map(ToString::to_string).unwrap_or_default();
        *charges.entry(order).or_default() += 1;
    }
    charges.values().any(|count| *count > 3)
}

fn time(harness: &Harness) {
    let sweep = harness.explore(&Plan::of(Strategy::Mixed, 0, SEEDS, 1)).unwrap_or_else(|error| panic!("{error}"));
    let mut world = harness.world().unwrap_or_else(|error| panic!("{error}"));
    for finding in &sweep.findings {
        for failure in &finding.failures {
            let began = Instant::now();
            let limits = Limits { runs_max: u64::MAX, goes_on: &|| true };
            let shrunk = shrink(&mut world, failure.seed, &failure.script, &finding.violation, &limits);
            let Some(shrunk) = shrunk.unwrap_or_else(|error| panic!("{error}")) else { continue };
            println!(
                "{:>7.1} ms, {:>4} runs: {} of {} deviations left, {}: {}",
                began.elapsed().as_secs_f64() * 1000.0,
                shrunk.runs,
                shrunk.script.deviations(),
                failure.script.deviations(),
                shrunk.shape,
                finding.violation.name
            );
        }
    }
}
