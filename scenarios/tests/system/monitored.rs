//! The order system with somebody who watches it: what the published alarm and dashboard miss, and the mended ones do not.

use rehearsal::harness::{Harness, Run};
use rehearsal::report::monitoring_text;
use rehearsal::services::cloudwatch::AlarmState;
use rehearsal::testing;
use rehearsal_engine::Json;
use rehearsal_engine::execution::Status;
use rehearsal_scenarios::orders_naive;

use crate::support::{calm, folder};

const NOTICED: &str = "a failed order raises the alarm";

fn monitored(file: &str) -> Harness {
    testing::load(folder("orders-monitored").join(file)).native(orders_naive::handlers)
}

#[test]
fn the_mended_alarm_misses_no_failed_order() {
    testing::holds(&monitored("scenario.yaml"), 300);
}

#[test]
fn the_published_alarm_misses_a_single_failure() {
    let harness = monitored("published.yaml");
    let seed = testing::finds(&harness, 100, NOTICED);
    let run = harness.run(seed).expect("handlers that run");
    let failed = run.world.stepfunctions.records().iter().filter(|record| record.status == Status::Failed);
    assert!(failed.count() >= 1);
    let reached = run.world.cloudwatch.records()[0].transitions.iter().any(|change| change.to == AlarmState::Alarm);
    assert!(!reached);
    // The same orders with the mended alarm.
    let run = monitored("scenario.yaml").run(seed).expect("handlers that run");
    assert_eq!(run.outcome.violation, None);
}

#[test]
fn two_failures_in_five_minutes_raise_the_published_alarm_too() {
    let harness = monitored("published.yaml");
    let raised = (0..100).any(|seed| {
        let run = harness.run(seed).expect("handlers that run");
        run.world.cloudwatch.records()[0].actions > 0
    });
    assert!(raised);
}

#[test]
fn the_published_widget_is_always_empty_and_said_to_be() {
    let warnings = |file: &str| {
        let harness = monitored(file);
        let warnings = harness.loaded().warnings.iter().map(|warning| warning.diagnostic.message.clone());
        warnings.filter(|warning| warning.contains("always empty")).count()
    };
    assert_eq!((warnings("scenario.yaml"), warnings("published.yaml")), (0, 2));
    let drawn = |file: &str| {
        let run = monitored(file).run(0).expect("handlers that run");
        monitoring_text(&run.world)
    };
    let (mended, published) = (drawn("scenario.yaml"), drawn("published.yaml"));
    let row = |text: &str, label: &str| {
        let line = text.lines().find(|line| line.contains(label)).unwrap_or_else(|| panic!("{label}: {text}"));
        line.ends_with("empty")
    };
    assert!(row(&published, "SuccessfulInvocations"));
    assert!(!row(&mended, " Invocations"));
    for text in [mended, published] {
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{text}");
    }
}

#[test]
fn nothing_consumes_a_completed_payment_until_a_design_gives_its_rule_a_target() {
    let harness = monitored("scenario.yaml").faults(calm());
    let accepted = |run: &Run, detail_type: &str| {
        let events = run.world.eventbridge.accepted().iter().map(|accepted| accepted.event.to_json());
        events.filter(|event| event.get("detail-type").and_then(Json::as_str) == Some(detail_type)).count()
    };
    let mut runs = (0..50).map(|seed| harness.run(seed).expect("handlers that run"));
    let run = runs.find(|run| accepted(run, "Payment Completed") > 0).expect("an order that is paid");
    assert_eq!(run.world.stepfunctions.records().len(), accepted(&run, "Order Placed"));
    let text = monitoring_text(&run.world);
    let (_, widget) = text.split_once("PaymentCompletedRule").expect("the rule has a widget");
    let invocations = widget.lines().find(|line| line.contains(" Invocations")).expect("its invocations");
    assert!(invocations.ends_with("empty"), "{text}");
}
