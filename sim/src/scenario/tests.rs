use rehearsal_engine::source::Position;
use rehearsal_engine::{Json, json};

use super::*;
use crate::diagnostics::Problems;

pub const TEMPLATE: &str = include_str!("../template/tests/orders.yaml");

pub const SHOPPERS: &str = r#"
template: template.yaml
description: Shoppers fight for one laptop
parameters: {Stage: dev, Timeout: 7}
tables:
  OrdersTable:
    - {orderId: o-0, quantity: 2, price: 999.99}
workload:
  - actor: shopper
    count: 1..8
    at: 0s..10s
    put_event:
      bus: ecommerce-orders
      source: ecommerce.orders
      detail-type: Order Placed
      detail: |
        {% {"status": "pending", "orderId": "order-" & $actor,
            "quantity": $draw(1, 2)} %}
  - actor: operator
    do:
      - wait: 1s..5s
      - start_execution: {state_machine: Workflow, input: {id: '{% $actor %}', fixed: [1, {a: null}]}}
      - stop_execution: {execution: '{% executions[0].name %}', cause: tired}
      - invoke: {function: order-validation, payload: {}}
faults: documented
invariants:
  - {name: stock is never negative, always: '$count(tables.Orders[quantity < 0]) = 0'}
  - {name: every execution ends, eventually: '{% $count(executions[status = "RUNNING"]) = 0 %}'}
caps: {steps: 5000, time: 2d, drain: 3h}
"#;

/// Loads a scenario of the folder `shop` with the order template beside it.
fn load_text(scenario: &str) -> Result<Loaded, Problems> {
    let read = |path: &str| match path {
        "scenario.yaml" => Ok(scenario.to_owned()),
        "template.yaml" => Ok(TEMPLATE.to_owned()),
        _ => Err("there is no such file".to_owned()),
    };
    load_with("shop", "scenario.yaml", &read, &|path| format!("shop/{path}"))
}

fn loaded(scenario: &str) -> Loaded {
    load_text(scenario).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The problems of a scenario as `line:column message`, with the hint in brackets.
fn problems(scenario: &str) -> Vec<String> {
    let problems = load_text(scenario).err().map(|problems| problems.problems).unwrap_or_default();
    let errors = problems.iter().filter(|problem| problem.is_error());
    let shown = errors.map(|problem| {
        let Position { line, column } = Position::of(scenario, problem.diagnostic.span.start);
        let hint = problem.diagnostic.hint.as_deref().unwrap_or("-");
        format!("{line}:{column} {} [{hint}]", problem.diagnostic.message)
    });
    shown.collect()
}

/// The first step of the first actor of a scenario with this workload item.
fn step(workload: &str) -> StepKind {
    let loaded = loaded(&format!("workload:\n  - actor: a\n    {workload}\n"));
    loaded.scenario.workload[0].steps[0].kind.clone()
}

#[test]
fn a_whole_scenario_becomes_plain_data() {
    let Loaded { scenario, stack, warnings, sources, .. } = loaded(SHOPPERS);
    assert_eq!((&*scenario.name, &*stack.name), ("shop", "shop"));
    assert_eq!(stack.functions[0].timeout_ms, 7000);
    assert_eq!(&*scenario.tables[0].table, "Orders", "a logical id becomes the physical name");
    assert_eq!(scenario.tables[0].items, [json!({"orderId": "o-0", "quantity": 2, "price": 999.99})]);
    assert_eq!(scenario.caps, Caps { steps_max: 5000, time_max_ms: 172_800_000, drain_max_ms: Some(10_800_000) });
    assert!(warnings.is_empty(), "{warnings:?}");

    let [shopper, operator] = scenario.workload.as_slice() else { panic!("two actors") };
    assert_eq!((shopper.count, shopper.at_ms), (Range { least: 1, most: 8 }, Range { least: 0, most: 10_000 }));
    let StepKind::PutEvent { bus, detail: Value::Expression(detail), .. } = &shopper.steps[0].kind else {
        panic!("an event with an expression")
    };
    assert_eq!(bus.as_literal_str(), Some("ecommerce-orders"));
    assert!(detail.text.as_str().starts_with("{\"status\"") && detail.text.as_str().ends_with("2)}"));
    let at = detail.text.as_str().find("$draw").expect("a draw");
    let place = detail.text.place(rehearsal_engine::source::Span::new(at, at + 5));
    assert_eq!(&sources.text(detail.place.source)[place.start as usize..place.end as usize], "$draw");

    assert_eq!(operator.steps[0].kind, StepKind::Wait(Range { least: 1000, most: 5000 }));
    let StepKind::StartExecution { input: Value::Object(input), name: None, .. } = &operator.steps[1].kind else {
        panic!("an input with an expression inside")
    };
    assert!(matches!(&input[0].1, Value::Expression(id) if id.text.as_str() == "$actor"));
    assert_eq!(input[1].1, Value::Literal(json!([1, {"a": null}])));

    let conditions: Vec<&str> = scenario.invariants.iter().map(|one| one.condition.text.as_str()).collect();
    assert_eq!(conditions, ["$count(tables.Orders[quantity < 0]) = 0", "$count(executions[status = \"RUNNING\"]) = 0"]);
    assert_eq!(scenario.invariants[1].kind, InvariantKind::Eventually);
}

#[test]
fn everything_but_the_workload_has_a_default() {
    let Loaded { scenario, .. } = loaded("workload:\n  - {actor: a, start_execution: {state_machine: Workflow}}\n");
    assert_eq!(scenario.faults, Faults::default());
    assert_eq!((scenario.workload[0].count, scenario.workload[0].at_ms), (Range::exactly(1), Range::exactly(0)));
    assert_eq!(scenario.caps, Caps::default());
    assert_eq!(
        problems("template: template.yaml\n"),
        ["1:1 the property 'workload' is missing [add 'workload: ...' here]"]
    );
}

#[test]
fn every_kind_of_step_is_read() {
    let literal = |text: &str| Value::Literal(text.into());
    for (text, wanted) in [
        (
            "put_event: {source: s, detail-type: t}",
            StepKind::PutEvent {
                bus: literal("default"),
                source: literal("s"),
                detail_type: literal("t"),
                detail: Value::Literal(Json::object()),
                resources: Value::Literal(json!([])),
                time: None,
            },
        ),
        (
            "invoke: {function: Validate, payload: null, asynchronous: true}",
            StepKind::Invoke { function: literal("Validate"), payload: Value::Literal(Json::Null), asynchronous: true },
        ),
        (
            "send_task_success: {token: t, output: {ok: true}}",
            StepKind::SendTaskSuccess { token: literal("t"), output: Value::Literal(json!({"ok": true})) },
        ),
        (
            "send_task_failure: {token: t, error: E}",
            StepKind::SendTaskFailure { token: literal("t"), error: Some(literal("E")), cause: None },
        ),
        ("send_task_heartbeat: {token: t}", StepKind::SendTaskHeartbeat { token: literal("t") }),
        ("wait: 250ms", StepKind::Wait(Range::exactly(250))),
    ] {
        assert_eq!(step(text), wanted, "{text}");
    }
}

#[test]
fn faults_are_chosen_in_many_ways() {
    use FaultProfile::{Documented, None, Stress};
    use FaultSetting::{Off, On, RatePpm};
    for (text, profile, entries) in [
        ("none", None, vec![]),
        ("stress", Stress, vec![]),
        ("[EB-DUP, {DD-STALE: 0.05}]", None, vec![("EB-DUP", On), ("DD-STALE", RatePpm(50_000))]),
        ("[stress, -EB-DUP]", Stress, vec![("EB-DUP", Off)]),
        ("[+IAM-DENY, {EB-DUP: off}]", Documented, vec![("IAM-DENY", On), ("EB-DUP", Off)]),
        ("{profile: stress, EB-DUP: off, SF-ABORT: 1%}", Stress, vec![("EB-DUP", Off), ("SF-ABORT", RatePpm(10_000))]),
        ("{EB-DUP: on}", None, vec![("EB-DUP", On)]),
        ("EB-DUP", None, vec![("EB-DUP", On)]),
    ] {
        let text = format!("faults: {text}\nworkload:\n  - {{actor: a, wait: 1s}}\n");
        let faults = loaded(&text).scenario.faults;
        let found: Vec<(&str, FaultSetting)> =
            faults.entries.iter().map(|entry| (&*entry.name, entry.setting)).collect();
        assert_eq!((faults.profile, found), (profile, entries), "{text}");
    }
}

#[test]
fn faults_that_nobody_knows_are_found() {
    let scenario = loaded("faults: [EB-DUPE]\nworkload: [{actor: a, wait: 1s}]\n").scenario;
    let unknown = scenario.faults.unknown_names(&["EB-DUP", "DD-STALE"]);
    assert_eq!(unknown[0].diagnostic.message, "no fault is called 'EB-DUPE'");
    assert_eq!(unknown[0].diagnostic.hint.as_deref(), Some("did you mean 'EB-DUP'?"));
    assert!(scenario.faults.unknown_names(&["EB-DUPE"]).is_empty());
}

#[test]
fn mocks_answer_in_turn() {
    let text = "mocks:\n  Validate:\n    - {error: Busy, cause: later}\n    - result: {ok: '{% $event.id %}'}\nworkload: [{actor: a, wait: 1s}]\n";
    let mock = loaded(text).scenario.mocks.remove(0);
    assert_eq!(&*mock.function, "order-validation");
    assert_eq!(
        mock.outcomes[0],
        MockOutcome::Error { error: Value::Literal("Busy".into()), cause: Value::Literal("later".into()) }
    );
    assert!(matches!(&mock.outcomes[1], MockOutcome::Result(Value::Object(_))));
}

#[test]
fn every_mistake_is_reported_at_its_place_with_a_remedy() {
    for (text, wanted) in [
        ("faultz: none", "1:1 'faultz' means nothing here [did you mean 'faults'?]"),
        ("tables: {Order: []}", "1:10 the template has no table 'Order' [did you mean 'Orders'?]"),
        ("tables: {Orders: [{id: 1}]}", "1:19 the item has no key 'orderId' [every item needs the table's key]"),
        (
            "tables: {Orders: [{orderId: 1}]}",
            "1:19 the key 'orderId' must be a non-empty string, found number [keys have the types of the AttributeDefinitions]",
        ),
        (
            "tables: {Orders: [{orderId: a}, {orderId: a}]}",
            "1:33 another item has the same key [the later item would replace the earlier one]",
        ),
        ("parameters: {Stag: dev}", "1:14 the template has no parameter 'Stag' [did you mean 'Stage'?]"),
        ("faults: {EB-DUP: 7}", "1:18 a fault is 'on', 'off', or has a rate from 0 to 1 [for example 0.05 or 5%]"),
        (
            "caps: {time: 5}",
            "1:14 '5' is no duration; write numbers with a unit of ms, s, m, h or d, like 90s or 1h30m [-]",
        ),
        ("mocks: {Validat: {result: 1}}", "1:9 the template has no function 'Validat' [did you mean 'Validate'?]"),
        (
            "mocks: {Validate: {cause: 1}}",
            "1:19 a mock's outcome is either a result or an error [for example {result: {isValid: true}} or {error: Declined, cause: no funds}]",
        ),
        (
            "invariants: [{name: x}]",
            "1:14 an invariant needs exactly one of always, eventually and sometimes [for example always: '$count(tables.Orders) < 10']",
        ),
        ("invariants: [{name: x, always: '{% %}'}]", "1:32 the expression is empty [-]"),
        ("invariants: [{name: x, alwys: a, always: b}]", "1:24 'alwys' means nothing here [did you mean 'always'?]"),
        (
            "template: nope.yaml",
            "1:11 the template 'nope.yaml' cannot be read: there is no such file [name it with 'template:', relative to the scenario]",
        ),
        ("account: 12", "1:10 '12' is no account id [write twelve digits]"),
        (
            "description: !Ref Y",
            "1:14 the tag '!Ref' means nothing in this file [intrinsic functions belong into the template; remove the tag or quote the text]",
        ),
    ] {
        let text = format!("{text}\nworkload: [{{actor: a, wait: 1s}}]\n");
        assert_eq!(problems(&text).first().map(String::as_str), Some(wanted), "{text}");
    }
}

#[test]
fn mistakes_of_the_workload_are_reported_too() {
    for (text, wanted) in [
        ("[]", "1:11 the workload has no actors, so nothing would happen"),
        ("[{wait: 1s}]", "1:12 the property 'actor' is missing"),
        ("[{actor: a b, wait: 1s}]", "1:20 'a b' cannot name an actor"),
        ("[{actor: a, wait: 1s}, {actor: a, wait: 1s}]", "1:34 two actors are named 'a'"),
        ("[{actor: a}]", "1:12 the actor does nothing"),
        ("[{actor: a, wait: 1s, do: []}]", "1:29 the actor has several steps"),
        ("[{actor: a, count: 8..1, wait: 1s}]", "1:30 the range '8..1' ends before it begins"),
        ("[{actor: a, count: 1000000, wait: 1s}]", "1:30 1000000 actors of a kind are too many; at most 10000 are run"),
        (
            "[{actor: a, at: 5, wait: 1s}]",
            "1:27 '5' is no duration; write numbers with a unit of ms, s, m, h or d, like 90s or 1h30m",
        ),
        ("[{actor: a, do: [{wayt: 1s}]}]", "1:29 'wayt' is no step"),
        ("[{actor: a, do: [{wait: 1s, invoke: {}}]}]", "1:28 a step of a list has exactly one key"),
        ("[{actor: a, put_event: {source: s, detail-type: t, time: noon}}]", "1:68 \"noon\" is no time"),
        ("[{actor: a, put_event: {source: s}}]", "1:34 the property 'detail-type' is missing"),
        (
            "[{actor: a, put_event: {bus: nope, source: s, detail-type: t}}]",
            "1:23 the template has no event bus 'nope'",
        ),
        ("[{actor: a, start_execution: {state_machine: Workflw}}]", "1:23 the template has no state machine 'Workflw'"),
        ("[{actor: a, invoke: {function: Validate, payload: '{% 1'}}]", "1:61 the expression has no closing '%}'"),
    ] {
        let text = format!("workload: {text}\n");
        let found = problems(&text);
        assert!(found.first().is_some_and(|first| first.starts_with(wanted)), "{text}: {found:?}");
    }
}

#[test]
fn a_scenario_is_loaded_from_its_folder() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let inside = folder.path().join("my shop");
    std::fs::create_dir(&inside).expect("a folder");
    std::fs::write(inside.join("scenario.yaml"), "workload: [{actor: a, wait: 1s}]\n").expect("a file");
    let missing = load(&inside).expect_err("no template");
    assert!(
        missing.to_string().contains("the template 'template.yaml' cannot be read: there is no such file"),
        "{missing}"
    );
    std::fs::write(inside.join("template.yml"), TEMPLATE).expect("a file");
    let loaded = load(&inside).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!((&*loaded.stack.name, &*loaded.scenario.template), ("my-shop", "template.yml"));
    assert_eq!(loaded.template_folder(), inside);
    assert!(load(&inside.join("scenario.yaml")).is_ok());
    let nowhere = load(&inside.join("nowhere")).expect_err("nothing there");
    assert!(nowhere.to_string().contains("there is no such file"), "{nowhere}");
    std::fs::write(inside.join("bad.yaml"), [0xff, 0xfe, 0x00]).expect("a file");
    assert!(load(&inside.join("bad.yaml")).expect_err("bytes").to_string().contains("not UTF-8"));
}

#[test]
fn what_exists_before_the_template_cannot_be_made_by_it() {
    let scenario = |exists: &str| format!("exists: [{exists}]\nworkload: [{{actor: a, wait: 1s}}]\n");
    assert!(problems(&scenario("another-bus")).is_empty());
    for name in ["ecommerce-orders", "'arn:aws:events:us-east-1:111111111111:event-bus/ecommerce-orders'"] {
        let refused = load_text(&scenario(name)).expect_err("made twice").render(false);
        assert!(refused.contains("which the scenario says exists before: the deployment fails"), "{refused}");
        assert!(refused.contains("shop/template.yaml:"), "{refused}");
    }
}

#[test]
fn an_empty_scenario_is_refused_with_a_reason() {
    for text in ["", "# nothing\n", "[]", "workload"] {
        assert!(!problems(text).is_empty(), "{text:?}");
    }
}
