//! The native handlers are the template's own Python in Rust: given the same answers, both make the same calls in the same
//! order, change the same items and end in the same way. Only then does a script of deviations mean the same to both.

mod bench;
mod journeys;

use rehearsal::handlers::Registry;
use rehearsal_scenarios::{orders, orders_callback, orders_naive, orders_parallel, orders_queued};

use crate::bench::{Bench, FAULTS, Rows, stack};
use crate::journeys::Journey;

#[test]
fn the_mended_handlers_make_the_same_calls_in_rust_as_in_python() {
    compare("orders", &orders::handlers(), &journeys::shelf(), &journeys::mended());
}

#[test]
fn the_textbook_handlers_make_the_same_calls_in_rust_as_in_python() {
    compare("orders-naive", &orders_naive::handlers(), &journeys::shelf(), &journeys::textbook());
}

#[test]
fn the_handlers_of_orders_in_branches_make_the_same_calls_in_rust_as_in_python() {
    compare("orders-parallel", &orders_parallel::handlers(), &journeys::parallel_rows(), &journeys::parallel());
}

#[test]
fn the_handlers_of_waiting_orders_make_the_same_calls_in_rust_as_in_python() {
    compare("orders-callback", &orders_callback::handlers(), &Vec::new(), &journeys::callback());
}

#[test]
fn the_handler_of_queued_orders_makes_the_same_calls_in_rust_as_in_python() {
    compare("orders-queued", &orders_queued::handlers(), &journeys::account(), &journeys::queued());
}

/// Every journey without a fault, and with every fault at every call.
fn compare(scenario: &str, registry: &Registry, rows: &Rows, journeys: &[Journey]) {
    let stack = stack(scenario);
    let mut native = Bench::native(&stack, registry, rows);
    let mut python = Bench::python(&stack, rows);
    for journey in journeys {
        let (calls, story) = native.travel(journey, None);
        assert_same(&story, &python.travel(journey, None).1, journey.name);
        assert!(calls > 0, "{} makes no call", journey.name);
        for at in 0..calls {
            for fault in FAULTS {
                let native = native.travel(journey, Some((at, fault))).1;
                let python = python.travel(journey, Some((at, fault))).1;
                assert_same(&native, &python, &format!("{}, {fault:?} at call {at}", journey.name));
            }
        }
    }
}

/// Compares two stories line by line, so that a difference is shown where it begins.
fn assert_same(native: &str, python: &str, journey: &str) {
    for (number, (native, python)) in native.lines().zip(python.lines()).enumerate() {
        assert_eq!(native, python, "{journey}: line {number}");
    }
    assert_eq!(native.lines().count(), python.lines().count(), "{journey}: one goes on");
}
