//! What the mended order system promises, and how the textbook one breaks each of its promises.

use rehearsal::explore::strategies::run_key;
use rehearsal::services::Request;
use rehearsal::services::eventbridge::{PutEntry, PutEvents};
use rehearsal::testing;
use rehearsal_engine::json;
use rehearsal_scenarios::{orders, orders_naive, shoppers};

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use crate::support::{SHOPPERS, Watched, calm, key, mended, naive, stopped_by_operators, stress, world};

#[test]
fn the_mended_orders_keep_every_promise_over_ten_thousand_seeds() {
    testing::holds(&mended(), 3_000);
}

#[test]
fn the_promises_in_rust_hold_over_ten_thousand_seeds() {
    testing::holds(&mended().invariants(orders::invariants), 3_000);
}

#[test]
fn the_mended_orders_keep_every_promise_under_stress() {
    testing::holds(&mended().faults(stress()), 150);
}

#[test]
fn the_mended_orders_keep_every_promise_when_operators_stop_executions() {
    testing::holds(&mended().faults(stopped_by_operators()), 150);
}

#[test]
fn one_shopper_without_faults_breaks_nothing_of_the_textbook_orders() {
    let mut world = world(&naive().faults(calm()));
    let mut completed = 0;
    for seed in 0..500 {
        let (decisions, _) = Watched::new(seed, [key(SHOPPERS)]);
        let outcome = world.run(Box::new(decisions), run_key(seed), false).expect("handlers that run");
        assert_eq!(outcome.violation, None, "seed {seed}");
        assert_eq!(outcome.executions, 1, "seed {seed}");
        completed += usize::from(world.reached()[SOME_ORDER_IS_COMPLETED]);
    }
    assert!(completed > 400, "only {completed} of 500 orders were completed");
}

/// The place of this invariant in the scenario file.
const SOME_ORDER_IS_COMPLETED: usize = 5;

#[test]
fn the_place_of_the_completed_order_is_right() {
    assert_eq!(&*naive().invariant_names()[SOME_ORDER_IS_COMPLETED].0, "some order is completed");
}

#[test]
fn shoppers_without_a_fault_buy_what_is_not_there() {
    testing::finds(&naive().faults(calm()), 500, "stock is never negative");
}

#[test]
fn a_slow_call_alone_charges_an_order_that_is_never_fulfilled() {
    let mut slow = calm();
    slow.set_slow_calls(true);
    let alone = naive().faults(slow).workload(|names| shoppers::shoppers(names, 1, shoppers::SCARCE));
    testing::finds(&alone, 500, "an order is charged if and only if it is fulfilled or refunded");
}

#[test]
fn faults_alone_break_the_other_promises_of_the_textbook_orders() {
    let alone = naive().faults(stress()).workload(|names| shoppers::shoppers(names, 1, shoppers::SCARCE));
    for invariant in [
        "stock and sold add up to what there was",
        "each order is charged at most once",
        "an order is charged if and only if it is fulfilled or refunded",
    ] {
        testing::finds(&alone, 2_000, invariant);
    }
}

/// An order as a property test draws it: who orders what, how much of it, and when.
#[derive(Clone, Debug)]
struct Placed {
    at_ms: u64,
    order: u32,
    product: &'static str,
    quantity: i64,
}

fn placed() -> impl Strategy<Value = Placed> {
    let product = prop::sample::select(vec!["LAPTOP001", "MOUSE001", "KEYBOARD001", "NOTHING001"]);
    // Few numbers: some shoppers send one order twice, and not the same.
    (0..3_000_u64, 1..8_u32, product, 0..4_i64).prop_map(|(at_ms, order, product, quantity)| Placed {
        at_ms,
        order,
        product,
        quantity,
    })
}

impl Placed {
    fn request(&self) -> (u64, Request) {
        let order = shoppers::order(self.order, self.product, self.quantity, 10.0);
        let detail = json!({"status": "pending", "orderData": order});
        let entry = PutEntry::new("ecommerce-orders", "ecommerce.orders", "Order Placed", detail);
        (self.at_ms, Request::Events(Box::new(PutEvents::of_client(vec![entry]))))
    }
}

fn config(cases: u32) -> ProptestConfig {
    // The same cases in every run: a test that fails now and then helps nobody.
    ProptestConfig { cases, rng_seed: RngSeed::Fixed(2026), failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn the_mended_orders_keep_every_promise_whatever_is_ordered() {
    let mended = mended().faults(stress());
    proptest!(config(200), |(orders in prop::collection::vec(placed(), 0..8), seed in 0..1_000_000_u64)| {
        let requests: Vec<_> = orders.iter().map(Placed::request).collect();
        let harness = mended.clone().workload(move |names| testing::sends(names, "shopper", requests.clone()));
        let run = harness.run(seed).expect("handlers that run");
        prop_assert_eq!(run.outcome.violation, None);
    });
}

#[test]
fn the_promises_in_rust_judge_as_those_of_the_scenario_file_do() {
    let judge = |in_rust: &rehearsal::harness::Harness, in_file: &rehearsal::harness::Harness| {
        let [rust, file] = [in_rust, in_file].map(|harness| harness.sweep(0, 400, 2).expect("handlers that run"));
        let told = |sweep: &rehearsal::explore::Sweep| {
            let findings = sweep.findings.iter();
            findings.map(|found| (found.violation.name.clone(), found.seed, found.runs)).collect::<Vec<_>>()
        };
        assert_eq!(told(&rust), told(&file));
        rust.findings.len()
    };
    let textbook = naive().faults(stress());
    let broken = judge(&textbook.clone().invariants(orders_naive::invariants), &textbook);
    assert_eq!(broken, 4, "every promise of the textbook orders but one is broken");
}
