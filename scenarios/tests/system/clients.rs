//! People at their desks: client scripts place the two test orders of `scenarios/orders` and follow them to their ends.

use rehearsal::testing;
use rehearsal::world::{ClientEnd, FaultId};
use rehearsal_scenarios::orders;

use crate::support::{calm, folder, stress};

fn clients() -> rehearsal::harness::Harness {
    testing::load(folder("orders").join("clients.yaml")).native(orders::handlers)
}

#[test]
fn a_small_order_succeeds_and_a_large_one_fails_before_the_client_s_eyes() {
    let run = clients().faults(calm()).run(0).expect("a run");
    assert!(!run.world.clients.records().is_empty());
    for client in run.world.clients.records() {
        let seen: Vec<&str> =
            client.output.lines().filter_map(|line| line.split_once(": ")).map(|(_, seen)| seen).collect();
        let [.., last] = seen.as_slice() else { panic!("{}", client.output) };
        // A declined payment fails the small order as well.
        assert!(["SUCCEEDED and FAILED", "FAILED and FAILED"].contains(last), "{}", client.output);
        assert_eq!(seen[..2], ["placed", "placed"], "{}", client.output);
        assert_eq!(client.end, Some(ClientEnd::Exited(0)), "{}", client.output);
    }
}

#[test]
fn clients_that_crash_and_repeat_themselves_break_no_promise() {
    let mut plan = stress();
    plan.set(FaultId::ClCrash, 100_000);
    plan.set(FaultId::ClLostAnswer, 100_000);
    testing::holds(&clients().faults(plan), 60);
}

#[test]
fn the_same_clients_see_the_same_with_native_and_with_python_functions() {
    let seen = |harness: rehearsal::harness::Harness| {
        let run = harness.run(5).expect("a run");
        let outputs: Vec<String> = run.world.clients.records().iter().map(|client| client.output.clone()).collect();
        (outputs, run.outcome.trace_hash)
    };
    let python = testing::load(folder("orders").join("clients.yaml"));
    assert_eq!(seen(clients()), seen(python));
}
