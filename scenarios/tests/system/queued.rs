//! Orders that wait in a queue: each is booked once, or as often as it is heard of.

use rehearsal::testing;
use rehearsal::world::FaultId;
use rehearsal_scenarios::orders_queued;

use crate::agreement::agree;
use crate::support::{calm, folder, stress};

const TWICE: &str = "nobody owes more than was ordered";

#[test]
fn queued_orders_are_booked_once_each() {
    let harness = testing::load(folder("orders-queued"));
    let found = harness.sweep(0, 1_000, 2).expect("a sweep");
    assert!(
        found.findings.is_empty() && found.unreached(&harness.invariant_names()).is_empty(),
        "{:?}",
        found.findings
    );
    let found = harness.faults(stress()).sweep(0, 300, 2).expect("a sweep");
    assert!(found.findings.is_empty(), "{:?}", found.findings);
}

#[test]
fn a_function_that_adds_whatever_it_hears_is_found_out_by_each_way_to_hear_twice() {
    let naive = testing::load(folder("orders-queued/naive.yaml"));
    assert_eq!(naive.loaded().breaks, [TWICE.into()]);
    for fault in [FaultId::SqDup, FaultId::SqSend, FaultId::EbDup, FaultId::EbPutDup, FaultId::LaTimeoutAfter] {
        let mut plan = calm();
        plan.set(fault, 100_000);
        let found = naive.clone().faults(plan).sweep(0, 200, 2).expect("a sweep");
        let broken: Vec<&str> = found.findings.iter().map(|finding| &*finding.violation.name).collect();
        assert_eq!(broken, [TWICE], "{}", fault.spec().id);
    }
    let found = naive.faults(calm()).sweep(0, 200, 2).expect("a sweep");
    assert!(found.findings.is_empty(), "{:?}", found.findings);
}

#[test]
fn native_and_python_handlers_of_queued_orders_agree_on_faulted_scripts() {
    let native = testing::load(folder("orders-queued")).native(orders_queued::handlers);
    let unjudged = native.invariants(|_| Vec::new());
    agree(&unjudged.clone().faults(stress()), 0, 200);
    agree(&unjudged, 200, 100);
}
