//! Orders that wait for somebody outside: every wait ends, and a result that was taken counts.

use rehearsal::harness::Harness;
use rehearsal::testing;
use rehearsal::world::{FaultId, FaultPlan, Profile};
use rehearsal_scenarios::orders_callback;

use crate::agreement::agree;
use crate::mutants::{Mutant, each_breaks_its_promise, every_promise_has_one_of};
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
    testing::holds(&callback(), 2_000);
}

#[test]
fn the_promises_of_waiting_orders_in_rust_hold_over_ten_thousand_seeds() {
    testing::holds(&callback().invariants(orders_callback::invariants), 10_000);
}

#[test]
fn waiting_orders_keep_every_promise_under_stress_and_with_a_careless_outside() {
    testing::holds(&callback().faults(stress()), 500);
    testing::holds(&callback().faults(careless_outside()), 500);
}

#[test]
fn waiting_orders_need_no_fault_to_wait_in_vain() {
    testing::holds(&callback().faults(calm()), 300);
}

#[test]
fn native_and_python_handlers_of_waiting_orders_agree_on_faulted_scripts() {
    let unjudged = callback().invariants(|_| Vec::new());
    agree(&unjudged.clone().faults(stress()), 0, 200);
    agree(&unjudged.faults(careless_outside()), 200, 200);
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a wait has no limit",
        promise: "no token waits for ever",
        changes: &[
            (r#""TimeoutSeconds": 7200,"#, ""),
            (r#""HeartbeatSeconds": 120,"#, ""),
            (r#""TimeoutSeconds": 600,"#, ""),
        ],
        faults: calm,
    },
    Mutant {
        name: "an order is settled as often as the task is tried",
        promise: "an order ends once",
        changes: &[(
            "ConditionExpression='#status = :validated',",
            "ConditionExpression='#status = :validated OR attribute_exists(orderId)',",
        )],
        faults: stress,
    },
    Mutant {
        name: "a failure from outside completes the order",
        promise: "an order is completed only by a success from outside",
        changes: &[(
            "STATUS = {'success': 'completed', 'failed': 'rejected', 'expired': 'expired'}",
            "STATUS = {'success': 'completed', 'failed': 'completed', 'expired': 'expired'}",
        )],
        faults: calm,
    },
    Mutant {
        name: "who waits in vain is told of a failure",
        promise: "an order is rejected only by a failure from outside",
        changes: &[(
            "STATUS = {'success': 'completed', 'failed': 'rejected', 'expired': 'expired'}",
            "STATUS = {'success': 'completed', 'failed': 'rejected', 'expired': 'rejected'}",
        )],
        faults: calm,
    },
    Mutant {
        name: "the last result counts",
        promise: "a result that was taken is how its order ends",
        changes: &[(
            "UpdateExpression='SET outcome = if_not_exists(outcome, :outcome), told = if_not_exists(told, :told)',",
            "UpdateExpression='SET outcome = :outcome, told = :told',",
        )],
        faults: careless_outside,
    },
    Mutant {
        name: "an order that nobody processed is completed",
        promise: "an execution says how its order ended",
        changes: &[(
            r#"{"Variable": "$.external.outcome", "StringEquals": "success", "Next": "OrderCompleted"},"#,
            r#"{"Variable": "$.external.outcome", "StringEquals": "expired", "Next": "OrderCompleted"},"#,
        )],
        faults: calm,
    },
    Mutant {
        name: "a wait that ends in an error is not settled",
        promise: "no order is left half-way",
        changes: &[(
            r#""Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "SettleOrder"}],"#,
            r#""Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": null, "Next": "OrderValidationFailed"}],"#,
        )],
        faults: calm,
    },
];

#[test]
#[ignore = "until there are activities"]
fn every_promise_of_waiting_orders_has_a_mutant_that_breaks_it() {
    every_promise_has_one_of("orders-callback", MUTANTS);
}

#[test]
fn each_mutant_of_waiting_orders_breaks_its_promise() {
    each_breaks_its_promise("orders-callback", MUTANTS);
}
