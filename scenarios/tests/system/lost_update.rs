//! Two handlers that read a counter and then write it: the smallest race, kept as a script of one line.

use rehearsal::explore::Regression;
use rehearsal::explore::strategies::Benign;
use rehearsal::handlers::{Context, FunctionError, Registry};
use rehearsal::harness::{Handlers, Harness};
use rehearsal::services::dynamodb::{AttributeValue, GetItem, UpdateItem};
use rehearsal::testing;
use rehearsal_engine::{Json, json};

use crate::support::folder;

const PROMISE: &str = "every visit is counted";

fn handlers() -> Registry {
    Registry::default().with("count-visit", count_visit)
}

async fn count_visit(context: Context, _: Json) -> Result<Json, FunctionError> {
    let row = context.dynamodb(GetItem::new("Counters").key("counterId", "visits").consistent()).await?;
    let visits = row.item().and_then(|row| row.get("visits")).and_then(AttributeValue::as_i64).unwrap_or(0) + 1;
    let write =
        UpdateItem::new("Counters").key("counterId", "visits").update("SET visits = :visits").value(":visits", visits);
    context.dynamodb(write).await?;
    Ok(json!({"visits": visits}))
}

fn both() -> [(&'static str, Harness); 2] {
    let python = testing::load(folder("lost-update"));
    [("native", python.clone().native(handlers)), ("Python", python.handlers(Handlers::Python))]
}

fn regressions() -> Vec<Regression> {
    Regression::read_all(&folder("lost-update").join("regressions")).expect("regressions that can be read")
}

#[test]
fn every_visit_is_counted_when_nothing_is_slow() {
    for (handlers, harness) in both() {
        let run = harness.run_with(0, Box::new(Benign)).expect("handlers that run");
        assert_eq!(run.outcome.violation, None, "{handlers}");
        assert_eq!(run.outcome.executions, 2, "{handlers}");
    }
}

#[test]
fn the_committed_script_loses_a_visit() {
    assert!(!regressions().is_empty());
    for regression in regressions() {
        for (handlers, harness) in both() {
            let run = harness.replay(regression.seed, &regression.script).expect("handlers that run");
            let broken = run.outcome.violation.map(|violation| violation.name);
            assert_eq!(broken.as_deref(), Some(PROMISE), "{handlers}: {}", regression.comment);
            assert_eq!(run.unused, [], "{handlers}: {}", regression.comment);
        }
    }
}

#[test]
fn without_its_only_deviation_the_script_loses_nothing() {
    for mut regression in regressions() {
        assert_eq!(regression.script.deviations(), 1);
        regression.script.choices.retain(|choice| !choice.is_deviation());
        for (handlers, harness) in both() {
            let run = harness.replay(regression.seed, &regression.script).expect("handlers that run");
            assert_eq!(run.outcome.violation, None, "{handlers}");
        }
    }
}

#[test]
fn a_sweep_finds_the_lost_visit() {
    let [(_, native), (_, python)] = both();
    let seed = testing::finds(&native, 2_000, PROMISE);
    assert_eq!(testing::finds(&python, seed + 1, PROMISE), seed);
}
