//! What a sweep reached, and what it did not.

use rehearsal::explore::{Coverage, PointCoverage, Strategy, Sweep};
use rehearsal::handlers::Registry;
use rehearsal::harness::Harness;
use rehearsal::services::stepfunctions::PointKind;
use rehearsal::world::{FaultId, Invariant, Parts};
use rehearsal_engine::{Json, json};

use crate::explore;
use crate::support::{Stage, function_arn};

/// A payment that is retried and caught, and a choice of which one branch is never taken.
fn payments() -> Harness {
    let definition = json!({"StartAt": "Pay", "States": {
        "Pay": {"Type": "Task", "Resource": function_arn("pay"), "Next": "Large?",
            "Retry": [{"ErrorEquals": ["Lambda.ServiceException"], "MaxAttempts": 1},
                {"ErrorEquals": ["Misspelt"], "MaxAttempts": 1}],
            "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Failed"}]},
        "Large?": {"Type": "Choice", "Default": "Paid",
            "Choices": [{"Variable": "$.amount", "NumericGreaterThan": 1_000, "Next": "Review"}]},
        "Review": {"Type": "Pass", "Next": "Paid"},
        "Paid": {"Type": "Succeed"},
        "Failed": {"Type": "Fail"},
    }});
    let stage = Stage::new().function("pay").machine("payments", definition);
    let stage = stage.start("0s", "payments", json!({"amount": 5}));
    let stage = stage.fault(FaultId::LaSvcBefore, 200_000).fault(FaultId::EbDup, 1_000).fault(FaultId::LaThrottle, 1);
    let handlers = || Registry::default().with("pay", |_, event: Json| async move { Ok(event) });
    stage.handlers(handlers).harness().invariants(|_| {
        let many = |view: &rehearsal::world::View<'_>| view.executions().len() > 99;
        vec![Invariant::sometimes("many pay", Parts::EXECUTIONS, many)]
    })
}

fn coverage(harness: &Harness, sweep: &Sweep) -> Coverage {
    let faults: Vec<FaultId> = harness.fault_plan().on().collect();
    Coverage::of(sweep, &harness.points(), &harness.function_names(), &faults, &harness.invariant_names())
}

#[test]
fn every_kind_of_point_is_counted_and_what_was_never_reached_has_a_hint() {
    let payments = payments();
    let sweep = explore(&payments, Strategy::Random, 0, 300);
    let coverage = coverage(&payments, &sweep);
    let points = &coverage.machines[0].points;
    let times = |name: &str| points.iter().find(|point| point.name == name).map(|point| point.times);
    // What began in a run that was repeated counts again: at least once a run.
    assert!(times("Pay").is_some_and(|times| times >= 300));
    assert!(times("Pay, retrier 1") > Some(0) && times("Pay -> Failed, catcher 1") > Some(0));
    assert_eq!(times("Pay -> Large?").zip(times("Pay")).map(|(on, all)| on < all), Some(true));
    assert_eq!(times("Large? -> Paid, default"), times("Pay -> Large?"));
    let unreached: Vec<(PointKind, &str)> = points
        .iter()
        .filter(|point| point.times == 0)
        .map(|PointCoverage { kind, name, hint, .. }| {
            assert!(hint.is_some(), "{name}");
            (*kind, name.as_str())
        })
        .collect();
    assert_eq!(
        unreached,
        [
            (PointKind::State, "Review"),
            (PointKind::Retrier, "Pay, retrier 2"),
            (PointKind::Branch, "Large? -> Review, rule 1"),
            (PointKind::Transition, "Review -> Paid"),
        ]
    );
}

#[test]
fn faults_are_counted_by_injection_point_and_those_that_cannot_strike_say_so() {
    let payments = payments();
    let sweep = explore(&payments, Strategy::Random, 0, 300);
    let coverage = coverage(&payments, &sweep);
    let fault = |id: &str| coverage.faults.iter().find(|fault| fault.fault == id).expect("a fault that is on");
    let struck = fault("LA-SVC-BEFORE");
    assert_eq!(struck.points.len(), 1);
    assert_eq!((struck.points[0].struck, struck.hint), (struck.struck, None));
    assert!(struck.offered > struck.struck);
    assert_eq!(fault("EB-DUP").hint, Some("no run does what it strikes"));
    let rare = fault("LA-THROTTLE");
    assert_eq!((rare.struck, rare.points.len()), (0, 1), "{rare:?}");
    assert!(rare.hint.is_some_and(|hint| hint.starts_with("too rare")));
    assert_eq!(coverage.sometimes[0].runs, 0);
}

#[test]
fn coverage_is_json() {
    let payments = payments();
    let sweep = explore(&payments, Strategy::All, 0, 50);
    let text = serde_json::to_string(&coverage(&payments, &sweep)).expect("JSON");
    let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(json["machines"][0]["points"][0]["kind"], "state");
    assert_eq!(json["machines"][0]["points"][0]["name"], "Pay");
    assert!(json["faults"].as_array().is_some_and(|faults| faults.len() == 3));
    assert_eq!(json["sometimes"][0]["runs"], 0);
}
