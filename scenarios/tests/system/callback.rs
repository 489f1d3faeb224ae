//! Orders that wait for somebody outside: every wait ends, and a result that was taken counts.

use rehearsal::harness::Harness;
use rehearsal::testing;
use rehearsal::world::{FaultId, FaultPlan, Profile};
use rehearsal_scenarios::orders_callback;

use crate::agreement::agree;
use crate::support::{calm, folder, stress};

fn callback() -> Harness {
    testing::load(folder("orders-callback")).native(orders_callback::handlers)
}

/// Every answer from outside that can go astray does so often.
fn careless_outside() -> FaultPlan {
    let mut plan = FaultPlan::of(Profile::Documented);
    for fault in [FaultId::SfCbLate, FaultId::SfCbDup, FaultId::SfCbLost, FaultId::SfHeartbeat] {
        plan.set(fault, 300_000);
    }
    plan
}

#[test]
fn waiting_orders_keep_every_promise() {
    testing::holds(&callback(), 600);
}

#[test]
fn the_promises_of_waiting_orders_in_rust_hold_over_ten_thousand_seeds() {
    testing::holds(&callback().invariants(orders_callback::invariants), 3_000);
}

#[test]
fn waiting_orders_keep_every_promise_under_stress_and_with_a_careless_outside() {
    testing::holds(&callback().faults(stress()), 200);
    testing::holds(&callback().faults(careless_outside()), 200);
}

#[test]
fn waiting_orders_need_no_fault_to_wait_in_vain() {
    testing::holds(&callback().faults(calm()), 100);
}

#[test]
fn native_and_python_handlers_of_waiting_orders_agree_on_faulted_scripts() {
    let unjudged = callback().invariants(|_| Vec::new());
    agree(&unjudged.clone().faults(stress()), 0, 500);
    agree(&unjudged.faults(careless_outside()), 500, 500);
}
