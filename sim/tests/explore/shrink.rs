//! A failing run is cut down to what it needs.

use rehearsal::explore::{Limits, Recipe, Shrunk, Strategy, Without, shrink};
use rehearsal::handlers::{Context, FunctionError, Registry};
use rehearsal::harness::Harness;
use rehearsal::services::dynamodb::AttributeValue;
use rehearsal::world::{FaultId, Invariant, Kind, Parts, Token};
use rehearsal_engine::{Json, json};

use crate::support::{OUTSIDE, Stage, function_arn, machine_arn, put};

/// Ten guests may come; a guest who is let in twice, once although the answer was lost, breaks the promise. Who passes by
/// has nothing to do with it.
fn guests() -> Harness {
    let task = json!({"Resource": function_arn("admit"),
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 3, "IntervalSeconds": 1}]});
    let target = json!([{"Id": "0", "Arn": machine_arn("door"), "RoleArn": OUTSIDE}]);
    let stage = Stage::new().function("admit").task("door", task).bus("bell").rule("rings", "bell", "guest", target);
    let stage = stage.setting(
        "workload",
        json!([{"actor": "guest", "count": "6..10", "at": "0s..20s", "put_event": {"bus": "bell", "source": "guest",
            "detail-type": "Rings", "detail": "{% {\"guest\": $actor, \"mood\": $draw(1, 100)} %}"}},
            {"actor": "passer-by", "count": 3, "wait": "1s"}]),
    );
    let stage = stage.fault(FaultId::EbDup, 60_000).fault(FaultId::LaSvcAfter, 60_000).fault(FaultId::LaCold, 200_000);
    let stage = stage.fault(FaultId::DdThrottle, 50_000).fault(FaultId::LaThrottle, 50_000);
    stage.handlers(|| Registry::default().with("admit", admit)).harness().invariants(|database| {
        let items = database.table_id("Items").expect("the table");
        vec![Invariant::always("nobody is let in three times", Parts::ALL, move |view| {
            view.tables.items(items).all(|(_, item)| item.get("times").and_then(AttributeValue::as_i64) < Some(3))
        })]
    })
}

async fn admit(context: Context, event: Json) -> Result<Json, FunctionError> {
    use rehearsal::services::dynamodb::UpdateItem;
    let guest = event.get("detail").and_then(|detail| detail.get("guest")).map(ToString::to_string).unwrap_or_default();
    put(&context, json!({"id": format!("visit of {guest}")})).await?;
    let count = UpdateItem::new("Items").key("id", guest).update("ADD times :one").value(":one", 1);
    context.dynamodb(count).await?;
    Ok(event)
}

fn cut_down(harness: &Harness, seeds: u64) -> Vec<Shrunk> {
    let sweep = crate::explore(harness, Strategy::Random, 0, seeds);
    let finding = sweep.findings.first().expect("a broken promise");
    let mut world = harness.world().expect("a world");
    let limits = Limits { runs_max: 5_000, goes_on: &|| true };
    let all = finding.failures.iter().map(|failure| {
        let shrunk = shrink(&mut world, failure.seed, &failure.script, &finding.violation, &limits);
        shrunk.expect("handlers that run").expect("the same broken promise")
    });
    all.collect()
}

#[test]
fn of_ten_guests_one_is_left_and_of_many_faults_those_that_matter() {
    let guests = guests();
    for shrunk in cut_down(&guests, 2_000) {
        assert!(shrunk.is_complete);
        assert_eq!(shrunk.script.deviations(), 2, "{:?}", shrunk.script);
        // The smallest number of guests that the workload allows; who is not needed stays away.
        assert_eq!(shrunk.shape, "1 × guest", "{:?}", shrunk.script);
        assert!(shrunk.script.choices.iter().all(|choice| !choice.site.starts_with("guest#9")), "{:?}", shrunk.script);
        // What is written after its function was given up is tried again, as well as what was written and not answered.
        let is_meant =
            |kind| kind == Kind::Latency || [FaultId::EbDup, FaultId::LaSvcAfter].map(Kind::Fault).contains(&kind);
        assert!(shrunk.script.kinds().into_iter().all(is_meant), "{:?}", shrunk.script);
        let needs: Vec<_> = shrunk.needs.iter().map(|need| (need.choice.is_some(), &need.without)).collect();
        assert_eq!(needs, [(true, &Without::Holds), (true, &Without::Holds)]);
    }
}

#[test]
fn what_is_left_replays_from_its_token_and_breaks_the_same_promise() {
    let guests = guests();
    for shrunk in cut_down(&guests, 1_000) {
        let token = Token { seed: shrunk.seed, scenario: guests.hash(), script: shrunk.script.clone() };
        let token: Token = token.to_string().parse().expect("a token");
        let run = guests.replay(token.seed, &token.script).expect("a run");
        assert_eq!(run.outcome.violation, Some(shrunk.violation));
        assert_eq!(run.unused, []);
    }
}

#[test]
fn when_the_bounds_are_met_the_best_so_far_is_kept() {
    let guests = guests();
    let sweep = crate::explore(&guests, Strategy::Random, 0, 1_000);
    let (finding, mut world) = (&sweep.findings[0], guests.world().expect("a world"));
    let failure = &finding.failures[0];
    let mut sizes = Vec::new();
    for runs_max in [1, 4, 12, 5_000] {
        let limits = Limits { runs_max, goes_on: &|| true };
        let shrunk = shrink(&mut world, failure.seed, &failure.script, &finding.violation, &limits);
        let shrunk = shrunk.expect("handlers that run").expect("the same broken promise");
        assert!(shrunk.runs <= runs_max);
        assert_eq!(shrunk.is_complete, runs_max == 5_000, "in {runs_max} runs");
        sizes.push(shrunk.script.choices.len());
    }
    assert!(sizes.is_sorted_by(|before, after| before >= after), "{sizes:?}");
    assert!(sizes[0] > sizes[3], "{sizes:?}");
}

#[test]
fn a_run_that_breaks_nothing_is_not_shrunk() {
    let guests = guests();
    let violation = crate::explore(&guests, Strategy::Random, 0, 1_000).findings[0].violation.clone();
    let mut world = guests.world().expect("a world");
    let limits = Limits { runs_max: 10, goes_on: &|| true };
    let none = shrink(&mut world, 0, &rehearsal::world::Script::default(), &violation, &limits);
    assert_eq!(none.expect("handlers that run"), None);
    assert_eq!(Recipe::mixed(4).name(), "random");
}
