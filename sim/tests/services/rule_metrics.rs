//! What CloudWatch counts of a rule, whichever way its deliveries end.

use rehearsal::harness::Run;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Look, OUTSIDE, Stage, bus_arn, measured, merged, queue_arn};

const EVENTS: &str = "events.amazonaws.com";

/// The queues `inbox`, `dead` and `closed`, of which the last takes nothing, and somebody who looks at metrics.
fn stage() -> Stage {
    Stage::new()
        .setting("invariants", json!([{"name": "some metric", "sometimes": "$count(metrics) > 0"}]))
        .queue("inbox", json!({}))
        .open_queue("inbox", EVENTS)
        .queue("dead", json!({}))
        .open_queue("dead", EVENTS)
        .queue("closed", json!({}))
}

/// A rule with one target, which gets one event.
fn sent(arn: &str, more: Json) -> Stage {
    let target = merged(json!({"Id": "one", "Arn": arn}), more);
    stage().rule("Rule", "default", "till", json!([target])).event("0s", "default", "till", json!({"n": 1}))
}

fn of_rule(run: &Run, rule: &str, metric: &str) -> Option<f64> {
    measured(run, "AWS/Events", metric, &[("RuleName", rule)])
}

#[track_caller]
fn counts(run: &Run, rule: &str, wanted: &[(&str, u32)]) {
    const ALL: [&str; 10] = [
        "MatchedEvents",
        "TriggeredRules",
        "Invocations",
        "FailedInvocations",
        "InvocationAttempts",
        "RetryInvocationAttempts",
        "SuccessfulInvocationAttempts",
        "InvocationsSentToDlq",
        "InvocationsFailedToBeSentToDlq",
        "DeadLetterInvocations",
    ];
    let found = ALL.iter().filter_map(|metric| Some((*metric, of_rule(run, rule, metric)? as u32)));
    assert_eq!(found.collect::<Vec<_>>(), wanted);
}

const MATCHED: [(&str, u32); 2] = [("MatchedEvents", 1), ("TriggeredRules", 1)];

#[test]
fn a_delivery_that_arrives_is_an_invocation_and_a_successful_attempt() {
    let group = "arn:aws:logs:us-east-1:111111111111:log-group:/aws/events/all";
    let stream = "arn:aws:kinesis:us-east-1:111111111111:stream/elsewhere";
    for arn in [&*queue_arn("inbox"), group, stream] {
        let run = sent(arn, json!({})).run();
        let [matched, triggered] = MATCHED;
        let once = ["Invocations", "InvocationAttempts", "SuccessfulInvocationAttempts"].map(|metric| (metric, 1));
        counts(&run, "Rule", &[matched, triggered, once[0], once[1], once[2]]);
        for latency in ["IngestionToInvocationCompleteLatency", "IngestionToInvocationSuccessLatency"] {
            let latency_ms = of_rule(&run, "Rule", latency).expect("a latency");
            assert!((400.0..2_000.0).contains(&latency_ms), "{arn} {latency}: {latency_ms}");
        }
    }
}

#[test]
fn attempts_that_are_tried_again_are_no_invocations() {
    let run = sent(&queue_arn("inbox"), json!({})).struck_by(FaultId::EbRetry, 1, 2);
    let [matched, triggered] = MATCHED;
    let wanted = [
        matched,
        triggered,
        ("Invocations", 1),
        ("InvocationAttempts", 3),
        ("RetryInvocationAttempts", 2),
        ("SuccessfulInvocationAttempts", 1),
    ];
    counts(&run, "Rule", &wanted);
    assert_eq!(of_rule(&run, "Rule", "ThrottledRules"), Some(2.0));
    assert_eq!(of_rule(&run, "Rule", "InvocationsCreated"), Some(1.0));
}

#[test]
fn a_delivery_that_is_given_up_counts_as_failed_and_for_its_dead_letter() {
    let [matched, triggered] = MATCHED;
    let letters = |queue: &str| json!({"DeadLetterConfig": {"Arn": queue_arn(queue)}});
    let failed = [matched, triggered, ("Invocations", 1), ("FailedInvocations", 1), ("InvocationAttempts", 1)];
    for (more, counted) in [
        (json!({}), None),
        (letters("dead"), Some("InvocationsSentToDlq")),
        (letters("closed"), Some("InvocationsFailedToBeSentToDlq")),
        (letters("absent"), Some("InvocationsFailedToBeSentToDlq")),
    ] {
        let run = sent(&queue_arn("closed"), more).run();
        let wanted: Vec<_> = failed.into_iter().chain(counted.map(|metric| (metric, 1))).collect();
        counts(&run, "Rule", &wanted);
    }
    // Throttled until the retries are used up.
    let policy = json!({"RetryPolicy": {"MaximumRetryAttempts": 2}});
    let run = sent(&queue_arn("inbox"), merged(letters("dead"), policy)).struck_by(FaultId::SqSend, 1, 3);
    let wanted = [
        matched,
        triggered,
        ("Invocations", 1),
        ("FailedInvocations", 1),
        ("InvocationAttempts", 3),
        ("RetryInvocationAttempts", 2),
        ("InvocationsSentToDlq", 1),
    ];
    counts(&run, "Rule", &wanted);
    assert_eq!(run.bodies("dead").len(), 1);
}

#[test]
fn an_event_without_the_targets_input_fails_before_any_attempt() {
    let run = sent(&queue_arn("inbox"), json!({"InputPath": "$.detail.absent"})).run();
    let [matched, triggered] = MATCHED;
    counts(&run, "Rule", &[matched, triggered, ("Invocations", 1), ("FailedInvocations", 1)]);
}

#[test]
fn an_event_that_is_not_sent_on_to_a_third_bus_is_a_dead_letter_invocation() {
    let to_bus = |bus: &str| json!([{"Id": "bus", "Arn": bus_arn(bus), "RoleArn": OUTSIDE}]);
    let run = stage()
        .bus("shop")
        .bus("audit")
        .rule("ToAudit", "shop", "till", to_bus("audit"))
        .rule("Back", "audit", "till", to_bus("shop"))
        .event("0s", "shop", "till", json!({}))
        .run();
    let [matched, triggered] = MATCHED;
    counts(&run, "Back", &[matched, triggered, ("DeadLetterInvocations", 1)]);
}

#[test]
fn a_schedule_triggers_its_rule_without_a_matched_event() {
    let target = json!([{"Id": "one", "Arn": queue_arn("inbox")}]);
    let run = stage().schedule("Tick", "rate(1 hour)", target).actor_of("0s", json!([{"wait": "90m"}])).run();
    let triggered = of_rule(&run, "Tick", "TriggeredRules");
    assert!(triggered.is_some_and(|times| times >= 1.0), "{triggered:?}");
    assert_eq!(of_rule(&run, "Tick", "Invocations"), triggered);
    assert_eq!(of_rule(&run, "Tick", "MatchedEvents"), None);
}
