//! Every script of few deviations, and what is said of it.

use rehearsal::explore::Strategy;
use rehearsal::handlers::{Context, FunctionError, Registry};
use rehearsal::harness::Harness;
use rehearsal::world::{FaultId, Invariant, Parts, View};
use rehearsal_engine::{Json, json};

use crate::explore;
use crate::support::{Stage, put};

/// A function that writes two items, each of which a fault may lose. `tolerated` of them may be lost.
fn two_writes(tolerated: usize) -> Harness {
    let handlers = || Registry::default().with("write", write);
    let stage = Stage::new().function("write").invoke("0s", "write", json!({}));
    let stage = stage.fault(FaultId::Dd500, 1).handlers(handlers);
    stage.harness().invariants(move |database| {
        let items = database.table_id("Items").expect("the table");
        let written = move |view: &View<'_>| view.tables.items(items).count();
        vec![Invariant::eventually("enough is written", move |view| written(view) + tolerated >= 2)]
    })
}

async fn write(context: Context, _: Json) -> Result<Json, FunctionError> {
    for id in ["first", "second"] {
        // Whoever ignores an error loses what was to be written.
        let _ = put(&context, json!({"id": id})).await;
    }
    Ok(Json::Null)
}

#[test]
fn what_needs_two_deviations_is_found_and_what_needs_three_is_claimed_not_to_break() {
    let broken = explore(&two_writes(1), Strategy::Exhaustive, 0, 1_000);
    let claim = broken.claim.as_ref().expect("a claim");
    // Both writes are lost; or the first one is, and the other comes when the function's time is up: just then, or later.
    assert_eq!((claim.complete_to(), claim.levels[0].broken, claim.levels[1].broken), (2, 0, 3), "{claim:?}");
    assert_eq!(broken.findings[0].failures[0].script.deviations(), 2);
    let held = explore(&two_writes(2), Strategy::Exhaustive, 0, 1_000);
    let claim = held.claim.expect("a claim");
    assert_eq!((claim.complete_to(), claim.levels[1].broken, held.findings.len()), (2, 0, 0), "{claim:?}");
    assert_eq!(claim.shapes, ["1 × actor1"]);
    assert_eq!(claim.runs, held.runs);
}

#[test]
fn an_enumeration_that_runs_out_of_runs_says_how_far_it_came() {
    // Twice as many runs as seeds: too few for pairs.
    let sweep = explore(&two_writes(2), Strategy::Exhaustive, 0, 8);
    let claim = sweep.claim.expect("a claim");
    assert_eq!(claim.runs, 16);
    assert_eq!(claim.complete_to(), 1, "{claim:?}");
    assert!(claim.levels[1].runs < claim.levels[1].scripts, "{claim:?}");
}

#[test]
fn a_workload_with_a_count_is_tried_with_one_two_and_three_of_them() {
    // Two requests are served, the third one is too many.
    let served = |context: Context, event: Json| async move {
        let _ = put(&context, event).await;
        Ok::<_, FunctionError>(Json::Null)
    };
    let stage = Stage::new().function("serve").setting(
        "workload",
        json!([{"actor": "guest", "count": "1..9", "at": "0s..5s",
            "invoke": {"function": "serve", "payload": "{% {\"id\": $string($actor)} %}"}}]),
    );
    let harness = stage.handlers(move || Registry::default().with("serve", served)).harness().invariants(|database| {
        let items = database.table_id("Items").expect("the table");
        vec![Invariant::always("at most two are served", Parts::ALL, move |view| view.tables.items(items).count() < 3)]
    });
    let sweep = explore(&harness, Strategy::Exhaustive, 0, 1_000);
    let claim = sweep.claim.expect("a claim");
    assert_eq!(claim.shapes, ["1 × guest", "2 × guest", "3 × guest"]);
    // On the largest shape nothing needs to go wrong.
    assert_eq!(sweep.findings[0].failures[0].script.deviations(), 0);
    assert_eq!((sweep.findings[0].runs, claim.broken), (1, 1));
}
