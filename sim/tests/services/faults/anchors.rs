//! Delays that are tied to a moment find what delays of fixed length never hit.

use rehearsal::explore::strategies::{Seeded, run_key};
use rehearsal::handlers::{Context, Registry};
use rehearsal::harness::Harness;
use rehearsal::world::{Choice, Decisions, FaultPlan, Invariant, Kind, Parts, Profile, Script, Site, View, Weighted};
use rehearsal_engine::{Json, json};

use crate::support::{Look, Stage, call, function_arn, put};

/// A payment of three seconds at most; when it fails, somebody looks whether there was one and gives it back.
fn payment() -> Stage {
    let definition = json!({"StartAt": "Pay", "States": {
        "Pay": {"Type": "Task", "Resource": (function_arn("pay")), "End": true,
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Undo"}]},
        "Undo": {"Type": "Task", "Resource": (function_arn("undo")), "End": true},
    }});
    Stage::new()
        .function("pay")
        .function("undo")
        .machine("orders", definition)
        .start("0s", "orders", json!({}))
        .handlers(|| {
            let registry = Registry::default();
            let registry =
                registry.with("pay", |context, _| async move { Ok(put(&context, json!({"id": "paid"})).await?) });
            registry.with("undo", |context, _| async move {
                let key = json!({"TableName": "Items", "Key": {"id": {"S": "paid"}}, "ConsistentRead": true});
                let found = call(&context, "dynamodb", "GetItem", key).await?;
                let undone = if found.get("Item").is_some() { "refunded" } else { "nothing to refund" };
                Ok(put(&context, json!({"id": undone})).await?)
            })
        })
}

fn has(view: &View<'_>, id: &str) -> bool {
    let Ok(table) = view.tables.table_id("Items") else { return false };
    view.tables.items(table).any(|(_, item)| item.to_plain().get("id").and_then(Json::as_str) == Some(id))
}

/// Nothing goes wrong but that calls are slow, and the promise is that these two never come together.
fn slow(one: &'static str, other: &'static str) -> Harness {
    let mut plan = FaultPlan::of(Profile::None);
    plan.set_slow_calls(true);
    payment().harness().faults(plan).invariants(move |_| {
        let both = move |view: &View<'_>| has(view, one) && has(view, other);
        vec![Invariant::always("money is not taken and looked for in vain", Parts::ALL, move |view| !both(view))]
    })
}

/// The decisions of a seed without the two anchors of calls.
struct Plain(Seeded);

impl Decisions for Plain {
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        match self.0.choose(site, alternatives) {
            3.. if site.kind == Kind::Latency => 0,
            alternative => alternative,
        }
    }
}

const SEEDS: u64 = 3_000;

#[test]
fn a_call_that_misses_its_callers_timeout_is_found_by_anchors_and_not_by_plain_delays() {
    for (one, other) in [("paid", "refunded"), ("paid", "nothing to refund")] {
        let harness = slow(one, other);
        let mut world = harness.world().expect("a world");
        let mut first = |anchored: bool| {
            (0..SEEDS).find(|seed| {
                let seeded = Seeded::new(*seed);
                let decisions: Box<dyn Decisions> = if anchored { Box::new(seeded) } else { Box::new(Plain(seeded)) };
                world.run(decisions, run_key(*seed), false).expect("a run").violation.is_some()
            })
        };
        assert!(first(true).is_some(), "{one} and {other}");
        assert_eq!(first(false), None, "{one} and {other}");
    }
}

/// Calls are slow, and nothing else.
fn slow_calls(stage: &Stage) -> Harness {
    let mut plan = FaultPlan::of(Profile::None);
    plan.set_slow_calls(true);
    stage.harness().faults(plan)
}

/// The script with this alternative at the first place that ends so.
fn at(harness: &Harness, end: &str, alternative: u32) -> Script {
    let places = harness.places(0, &Script::default()).expect("a run");
    let place = places.into_iter().find(|place| place.site.ends_with(end));
    Script { choices: vec![Choice { alternative, ..place.expect("a place") }] }
}

#[test]
fn a_late_call_stands_where_its_anchor_says() {
    // After three seconds the payment times out; after its anchor the write takes effect all the same.
    for (alternative, ids) in [(1, "paid"), (2, "paid"), (3, "paid, refunded"), (4, "nothing to refund, paid")] {
        let harness = slow_calls(&payment());
        let script = at(&harness, "pay|dynamodb:PutItem|latency|0", alternative);
        let run = harness.replay(0, &script).expect("a run");
        assert_eq!(run.ids().join(", "), ids, "{alternative}");
        assert!(run.unused.is_empty());
    }
}

#[test]
fn an_anchor_that_is_not_there_is_nothing_and_counts_as_unused() {
    // Nobody limits how long an actor waits.
    let harness = slow_calls(&payment());
    let script = at(&harness, "|states:StartExecution|latency|0", 3);
    let run = harness.replay(0, &script).expect("a run");
    assert_eq!((run.unused.len(), run.outcome.deviations), (1, 0));
}

#[test]
fn a_write_can_be_held_until_just_after_the_next_one_to_its_item() {
    // A writes its own name; so does B, a second later, and A's write arrives right behind B's.
    let write = |name: &'static str| {
        move |context: Context, _: Json| async move { Ok(put(&context, json!({"id": "x", "owner": name})).await?) }
    };
    let stage = Stage::new().function("a").function("b").invoke("0s", "a", json!({})).invoke("1s", "b", json!({}));
    let harness = slow_calls(&stage.handlers(move || Registry::default().with("a", write("a")).with("b", write("b"))));
    let owner = |script: &Script| {
        let run = harness.replay(0, script).expect("a run");
        let item = run.item("x").expect("an item");
        let at = run.world.dynamodb.commits().last().expect("a write").at.since_start();
        (item.get("owner").and_then(Json::as_str).unwrap_or_default().to_owned(), at)
    };
    let (name, usual) = owner(&Script::default());
    assert_eq!(name, "b");
    assert_eq!(owner(&at(&harness, "/a|dynamodb:PutItem|latency|0", 4)), ("a".to_owned(), usual));
}
