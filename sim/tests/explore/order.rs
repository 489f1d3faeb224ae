//! PCT: an order of many steps that must all fall into one window.

use rehearsal::explore::Strategy;
use rehearsal::handlers::{Context, FunctionError, Registry};
use rehearsal::harness::Harness;
use rehearsal::services::dynamodb::{AttributeValue, GetItem, UpdateItem};
use rehearsal::world::{Invariant, Parts, View};
use rehearsal_engine::{Json, json};

use crate::support::{Stage, call};
use crate::{explore, found};

/// Steps of the walker that must all fall between the look and the word of the watcher.
const STEPS: i64 = 10;

/// A watcher looks whether anybody has walked, and then says that nobody has. It is wrong when the walker makes all of
/// its steps between the two.
fn window() -> Harness {
    let handlers = || Registry::default().with("watch", watch).with("walk", walk);
    let stage = Stage::new().function("watch").function("walk").bus("words");
    let stage = stage.invoke("0ms", "watch", json!({})).invoke("12ms", "walk", json!({}));
    stage.handlers(handlers).harness().invariants(|database| {
        let items = database.table_id("Items").expect("the table");
        let is_wrong = move |view: &View<'_>| {
            let steps: Vec<_> = view.tables.items(items).filter_map(|(_, item)| item.get("steps")?.as_i64()).collect();
            let said = view.accepted().last().map(|said| said.event.detail.clone());
            said.is_some_and(|said| said == json!({"steps": 0})) && steps == [STEPS]
        };
        vec![Invariant::always("nobody walks unseen", Parts::EVENTS, move |view| !is_wrong(view))]
    })
}

async fn watch(context: Context, _: Json) -> Result<Json, FunctionError> {
    let row = context.dynamodb(GetItem::new("Items").key("id", "walker").consistent()).await?;
    let steps = row.item().and_then(|row| row.get("steps")).and_then(AttributeValue::as_i64).unwrap_or(0);
    let entry = json!({"EventBusName": "words", "Source": "watcher", "DetailType": "Said",
        "Detail": json!({"steps": steps}).to_string()});
    call(&context, "events", "PutEvents", json!({"Entries": [entry]})).await?;
    Ok(Json::Null)
}

async fn walk(context: Context, _: Json) -> Result<Json, FunctionError> {
    for _ in 0..STEPS {
        let step = UpdateItem::new("Items").key("id", "walker").update("ADD steps :one").value(":one", 1);
        context.dynamodb(step).await?;
    }
    Ok(Json::Null)
}

#[test]
fn pct_finds_a_window_of_ten_steps_within_fifty_runs_and_uniform_random_not_in_twenty_thousand() {
    const TRIALS: u64 = 20;
    const RUNS_MAX: u64 = 500;
    let window = window();
    let mut runs: Vec<u64> = (0..TRIALS)
        .map(|trial| found(&explore(&window, Strategy::Pct, trial * 10_000, RUNS_MAX)).unwrap_or(RUNS_MAX))
        .collect();
    runs.sort_unstable();
    let median = runs[runs.len() / 2];
    assert!(median <= 50, "{runs:?}");
    assert_eq!(found(&explore(&window, Strategy::Random, 0, 20_000)), None);
}

#[test]
fn what_pct_found_is_a_script_that_replays_without_it() {
    let window = window();
    let sweep = explore(&window, Strategy::Pct, 0, 500);
    let failure = &sweep.findings[0].failures[0];
    let run = window.replay(failure.seed, &failure.script).expect("a run");
    assert_eq!(run.outcome.violation.as_ref(), Some(&sweep.findings[0].violation));
    assert_eq!(run.unused, []);
}
