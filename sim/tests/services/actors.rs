//! Actors that look at the world: they wait until something is there, remember it, and skip what does not concern them.

use rehearsal::handlers::Registry;
use rehearsal::harness::Harness;
use rehearsal_engine::{Json, json};

use crate::support::{Look, Stage, put};

/// A function that stores an item of the id that it is given.
fn storing() -> Stage {
    Stage::new().function("store").handlers(|| {
        Registry::default().with("store", |context, event| async move {
            put(&context, json!({"id": event.get("id").cloned(), "seen": event.get("seen").cloned()})).await?;
            Ok(event)
        })
    })
}

fn store(id: Json) -> Json {
    json!({"invoke": {"function": "store", "payload": {"id": id}}})
}

#[test]
fn an_actor_goes_on_once_what_it_awaits_is_there_and_remembers_it() {
    let seen = json!({"invoke": {"function": "store", "payload": {"id": "b", "seen": "{% $found.id & \"!\" %}"}}});
    let steps = json!([{"await": "{% tables.Items[id = \"a\"] %}", "as": "found"}, seen]);
    let run = storing().actor_of("0s", steps).actor("10s", store(json!("a"))).run();
    assert_eq!(run.ids(), ["a", "b"]);
    let item = run.item("b").expect("it is stored");
    assert_eq!(item.get("seen"), Some(&json!("a!")));
}

#[test]
fn an_actor_whose_patience_ends_does_nothing_more() {
    let steps =
        |within: &str| json!([{"await": "{% tables.Items[id = \"a\"] %}", "within": within}, store(json!("b"))]);
    let run = storing().actor_of("0s", steps("5s")).actor("10s", store(json!("a"))).run();
    assert_eq!(run.ids(), ["a"]);
    let run = storing().actor_of("0s", steps("20s")).actor("10s", store(json!("a"))).run();
    assert_eq!(run.ids(), ["a", "b"]);
}

#[test]
fn what_is_never_there_holds_up_nobody_else_and_does_not_keep_the_run_going() {
    let run =
        storing().actor_of("0s", json!([{"await": null}, store(json!("b"))])).actor("1s", store(json!("a"))).run();
    assert_eq!(run.ids(), ["a"]);
    assert!(run.outcome.virtual_ms < 10_000, "{}", run.outcome.virtual_ms);
}

#[test]
fn a_step_is_skipped_unless_its_condition_is_true_and_later_ones_are_taken() {
    let steps = json!([
        {"let": {"odd": "{% $actor % 2 = 1 %}", "count": "{% $count(tables.Items) %}"}},
        {"when": "{% $not($odd) %}", "invoke": {"function": "store", "payload": {"id": "even"}}},
        {"when": "{% $odd and $count = 0 %}", "invoke": {"function": "store", "payload": {"id": "odd"}}, "as": "answer"},
        {"invoke": {"function": "store", "payload": {"id": "{% \"last \" & $answer.StatusCode %}"}}},
    ]);
    let run = storing().actor_of("0s", steps).run();
    assert_eq!(run.ids(), ["last 200", "odd"]);
}

fn problems(steps: Json) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = json!({"workload": [{"actor": "a", "do": steps}]});
    std::fs::write(
        folder.path().join("template.yaml"),
        "Resources: {Bus: {Type: 'AWS::Events::EventBus', Properties: {Name: own}}}",
    )
    .expect("a template");
    std::fs::write(folder.path().join("scenario.json"), scenario.to_string()).expect("a scenario");
    Harness::load(folder.path()).err().map(|problems| problems.to_string()).unwrap_or_default()
}

#[test]
fn what_cannot_be_looked_for_is_told_before_the_first_run() {
    for (steps, said) in [
        (json!([{"await": "{% tabels.Orders %}"}]), "there is no 'tabels' in the world's state"),
        (json!([{"await": "{% tables.Orders %}"}]), "the template has no table 'Orders'"),
        (json!([{"let": {"x": "{% $count(tokens) + $draw(1, 2) %}"}}]), "'$draw' draws, in an expression that looks"),
        (json!([{"let": {"actor": 1}}]), "'actor' cannot name a variable"),
        (json!([{"let": {"x": 1}}, {"let": {"x": 2}}]), "the variable 'x' is bound twice"),
        (json!([{"when": "{% $y %}", "wait": "1s"}]), "there is no variable '$y'"),
        (json!([{"wait": "1s", "await": null}]), "a step of a list has exactly one key"),
    ] {
        let told = problems(steps);
        assert!(told.contains(said), "{told}");
    }
}
