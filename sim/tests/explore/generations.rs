//! A sweep is the same on any number of threads, and says where a run does not repeat.

use std::sync::atomic::{AtomicU64, Ordering};

use rehearsal::explore::{Plan, Strategy, shrink_findings};
use rehearsal::handlers::{Context, Registry};
use rehearsal::harness::Harness;
use rehearsal::services::dynamodb::AttributeValue;
use rehearsal::world::{FaultId, Invariant, Parts};
use rehearsal_engine::{Json, json};

use crate::support::{Stage, function_arn, put};

/// Orders that are delivered twice now and then, and then are counted twice.
fn duplicates() -> Harness {
    let task = json!({"Resource": function_arn("count"),
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]});
    let target =
        json!([{"Id": "0", "Arn": crate::support::machine_arn("counting"), "RoleArn": crate::support::OUTSIDE}]);
    let mut stage = Stage::new().function("count").task("counting", task).bus("orders");
    stage = stage.rule("placed", "orders", "shop", target);
    for number in 0..3 {
        stage = stage.event(&format!("{number}s..4s"), "orders", "shop", json!({"order": number}));
    }
    let counted = |context: Context, event: Json| async move {
        put(&context, json!({"id": event.get("id").cloned().unwrap_or_default()})).await?;
        Ok(event)
    };
    let stage = stage.fault(FaultId::EbDup, 5_000).fault(FaultId::LaSvcAfter, 20_000);
    stage.handlers(move || Registry::default().with("count", counted)).harness().invariants(|_| {
        let twice = |view: &rehearsal::world::View<'_>| view.executions().len() > 4;
        vec![Invariant::always("hardly an order comes twice", Parts::EXECUTIONS, move |view| !twice(view))]
    })
}

#[test]
fn all_that_a_sweep_finds_is_the_same_on_one_thread_and_on_three() {
    let duplicates = duplicates();
    let told = |jobs| {
        let sweep = duplicates.explore(&Plan::of(Strategy::All, 0, 1_200, jobs)).expect("a sweep");
        let shrunk = shrink_findings(&sweep, jobs, &|| duplicates.world()).expect("shrunk failures");
        assert!(sweep.mutants > 0 && !sweep.findings.is_empty());
        format!("{sweep:?} {shrunk:?}")
    };
    assert_eq!(told(1), told(3));
}

#[test]
fn a_handler_that_keeps_state_between_runs_is_found_and_its_first_event_is_named() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let stateful = |_: Context, _: Json| async move { Ok(Json::from(CALLS.fetch_add(1, Ordering::Relaxed))) };
    let task = json!({"Resource": function_arn("state")});
    let stage = Stage::new().function("state").task("machine", task).start("0s", "machine", json!({}));
    let harness = stage.handlers(move || Registry::default().with("state", stateful)).harness();
    // The answer is not in the trace, but whether the machine goes on by it is.
    let harness = harness.invariants(|_| {
        vec![Invariant::eventually("an even number of calls", |_| CALLS.load(Ordering::Relaxed).is_multiple_of(2))]
    });
    let sweep = harness.sweep(0, 1, 1).expect("a sweep");
    let (seed, difference) = &sweep.unrepeatable[0];
    assert_eq!(*seed, 0);
    assert!(difference.starts_with("event ") && difference.contains("state: returns "), "{difference}");
}

/// Guests whose moods are drawn; nobody may come in the worst ones.
fn moody() -> Harness {
    let workload = json!([{"actor": "guest", "count": "1..9", "at": "0s..5s",
        "invoke": {"function": "admit", "payload": "{% {\"id\": $string($actor), \"mood\": $draw(1, 10)} %}"}}]);
    let admitted = |context: Context, event: Json| async move {
        put(&context, event).await?;
        Ok(Json::Null)
    };
    let stage = Stage::new().function("admit").setting("workload", workload).fault(FaultId::DdThrottle, 1);
    stage.handlers(move || Registry::default().with("admit", admitted)).harness().invariants(|database| {
        let items = database.table_id("Items").expect("the table");
        let mood = |item: &rehearsal::services::dynamodb::Item| item.get("mood").and_then(AttributeValue::as_i64);
        vec![Invariant::always("nobody is in the worst mood", Parts::ALL, move |view| {
            view.tables.items(items).all(|(_, item)| mood(item) < Some(10))
        })]
    })
}

#[test]
fn what_breaks_on_every_third_day_does_not_wait_for_the_enumeration() {
    let whole = moody().explore(&Plan::of(Strategy::All, 0, 400, 1)).expect("a sweep");
    let first = &whole.findings[0].failures[0];
    // The smallest shapes are run first, but draw the best of moods.
    assert!(first.run <= 64 && first.script.deviations() == 0, "{first:?}");
    let parts = (whole.random_runs, whole.mutants, whole.runs - whole.claim.expect("a claim").runs);
    assert_eq!(parts, (400, 100, 500), "however the parts take turns, each is made whole");
    let stopped = moody().explore(&Plan::of(Strategy::All, 0, 400, 1).until("nobody is in the worst mood"));
    assert!(stopped.expect("a sweep").runs < 80);
}
