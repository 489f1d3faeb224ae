//! Orders that three branches prepare at once: what a branch takes is kept or given back with its order.

use rehearsal::explore::strategies::Benign;
use rehearsal::harness::{Harness, Run};
use rehearsal::services::Request;
use rehearsal::services::eventbridge::{PutEntry, PutEvents};
use rehearsal::testing;
use rehearsal_engine::{Json, json};
use rehearsal_scenarios::orders_parallel;

use crate::agreement::agree;
use crate::support::{calm, folder, stress};

fn parallel() -> Harness {
    testing::load(folder("orders-parallel")).native(orders_parallel::handlers)
}

#[test]
fn orders_in_branches_keep_every_promise() {
    testing::holds(&parallel(), 500);
}

#[test]
fn the_promises_of_orders_in_branches_in_rust_hold_over_ten_thousand_seeds() {
    testing::holds(&parallel().invariants(orders_parallel::invariants), 3_000);
}

#[test]
fn orders_in_branches_keep_every_promise_under_stress() {
    testing::holds(&parallel().faults(stress()), 150);
}

#[test]
fn native_and_python_handlers_of_orders_in_branches_agree_on_faulted_scripts() {
    let unjudged = parallel().invariants(|_| Vec::new());
    agree(&unjudged.clone().faults(stress()), 0, 500);
    agree(&unjudged, 500, 500);
}

/// One order of `customer`, without a fault.
fn ordered_by(customer: &'static str) -> Run {
    let harness = parallel().faults(calm()).workload(move |names| {
        let order = json!({
            "orderId": "order-1", "customerId": customer, "productId": "LAPTOP001", "quantity": 1, "amount": 1000,
        });
        let detail = json!({"status": "pending", "orderData": order});
        let entry = PutEntry::new("ecommerce-orders", "ecommerce.orders", "Order Placed", detail);
        testing::sends(names, "shopper", vec![(0, Request::Events(Box::new(PutEvents::of_client(vec![entry]))))])
    });
    harness.run_with(1, Box::new(Benign)).expect("handlers that run")
}

#[test]
fn a_branch_that_fails_cancels_its_siblings_whose_calls_go_on() {
    let run = ordered_by("CUST002");
    assert_eq!(run.outcome.violation, None);
    let record = &run.world.stepfunctions.records()[0];
    assert_eq!(record.error.as_deref(), Some("CustomerRefused"));
    let history = testing::history_lines(&run, 0);
    assert!(history.contains("ParallelStateFailed"), "{history}");
    assert!(history.contains("TaskStateAborted"), "{history}");
    // The carrier's function has only begun when the customer is refused. It goes on, and what it asks for in the end is
    // refused.
    let timeline = testing::timeline(&run);
    let ends = timeline.find("ends FAILED").expect("the execution's end");
    let late = timeline.rfind("dynamodb:TransactWriteItems").expect("a transaction");
    assert!(late > ends, "{timeline}");
    assert!(timeline[ends..].contains("TransactionCanceledException"), "{timeline}");
}

#[test]
fn an_order_without_faults_is_prepared_by_all_three_branches() {
    let run = ordered_by("CUST001");
    assert_eq!(run.outcome.violation, None);
    let output = &run.world.stepfunctions.records()[0].output;
    let results = output.get("results").and_then(Json::as_array).expect("results");
    assert_eq!(results.len(), 3);
    assert_eq!(output.get("closed"), Some(&json!({"status": "processed", "cost": 6})));
}

#[test]
fn a_retry_of_the_whole_state_repeats_every_branch() {
    let harness = parallel().faults(calm());
    // The first seed of a single shopper whose carrier does not answer at once.
    let repeated = (0..200).map(|seed| harness.run(seed).expect("handlers that run")).find_map(|run| {
        let executions = 0..run.world.stepfunctions.records().len();
        let mut histories = executions.map(|execution| testing::history_lines(&run, execution));
        histories.find(|history| history.contains("CarrierUnavailable"))
    });
    let history = repeated.expect("a carrier that does not answer");
    for branch in ["CheckInventory", "ValidateCustomer", "CalculateShipping"] {
        let entered = |line: &&str| line.contains("TaskStateEntered") && line.contains(branch);
        assert!(history.lines().filter(entered).count() >= 2, "{branch} is not repeated:\n{history}");
    }
}
