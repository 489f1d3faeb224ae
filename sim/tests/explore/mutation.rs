//! Mutation: what lies behind several rare things, each of which shows in the coverage.

use rehearsal::explore::Strategy;
use rehearsal::handlers::Registry;
use rehearsal::harness::Harness;
use rehearsal::world::{FaultId, Invariant};
use rehearsal_engine::execution::Status;
use rehearsal_engine::{Json, json};

use crate::support::{Stage, function_arn};
use crate::{explore, found};

/// Three functions, each the fallback of the one before; the bug lies behind the last one.
fn fallbacks() -> Harness {
    let names = ["first", "second", "third"];
    let state = |number: usize| {
        let next = names.get(number + 1).map_or("Lost", |name| name);
        let task = json!({"Type": "Task", "Resource": function_arn(names[number]), "Next": "Done",
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": next}]});
        (names[number], task)
    };
    let ends = [("Done", json!({"Type": "Succeed"})), ("Lost", json!({"Type": "Fail"}))];
    let states = Json::from_pairs((0..names.len()).map(state).chain(ends));
    let mut stage = Stage::new().machine("fallbacks", json!({"StartAt": "first", "States": states}));
    for name in names {
        stage = stage.function(name);
    }
    let stage = stage.start("0s", "fallbacks", json!({})).fault(FaultId::LaSvcBefore, 4_000);
    let handlers = move || names.into_iter().fold(Registry::default(), |registry, name| registry.with(name, done));
    stage.handlers(handlers).harness().invariants(|_| {
        vec![Invariant::eventually("some fallback works", |view| {
            view.executions().iter().all(|record| record.status == Status::Succeeded)
        })]
    })
}

async fn done(_: rehearsal::handlers::Context, event: Json) -> Result<Json, rehearsal::handlers::FunctionError> {
    Ok(event)
}

#[test]
fn coverage_leads_mutants_to_what_random_runs_do_not_reach() {
    let fallbacks = fallbacks();
    let seeds = 1_500;
    // As many runs, half of them mutants.
    assert_eq!(found(&explore(&fallbacks, Strategy::Random, 0, 2 * seeds)), None);
    let mut plan = rehearsal::explore::Plan::of(Strategy::Random, 0, seeds, 2);
    plan.mutants = seeds;
    let sweep = fallbacks.explore(&plan).expect("a sweep");
    assert!(sweep.corpus > 1);
    assert_eq!(sweep.findings[0].failures[0].strategy, "mutation");
}
