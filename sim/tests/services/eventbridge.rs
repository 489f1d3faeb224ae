//! EventBridge: which events reach which targets, as what, how often, and which never do.

use rehearsal::handlers::Registry;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{
    Log, Look, OUTSIDE, Stage, bus_arn, call, function_arn, machine_arn, merged, outcome_text, put_event,
};

fn to_function(more: Json) -> Json {
    json!([merged(json!({"Id": "one", "Arn": function_arn("echo")}), more)])
}

/// A function `echo` that EventBridge may invoke and that notes what it gets.
fn stage() -> (Stage, Log) {
    let log = Log::default();
    let seen = log.clone();
    let stage = Stage::new()
        .bus("shop")
        .function("echo")
        .permit("echo")
        .handlers(move || log.echo(Registry::default(), "echo"));
    (stage, seen)
}

/// How long an event takes from its rule to its target, when nothing is late.
const DELIVERY_MS: u64 = 400;
/// How long a request takes to reach EventBridge.
const PUT_MS: u64 = 15;

#[test]
fn an_event_goes_to_the_targets_of_every_enabled_rule_that_matches_on_its_bus() {
    let (stage, log) = stage();
    let input = |text: &str| to_function(json!({"Input": format!("{text:?}")}));
    let disabled = json!({
        "Name": "Disabled", "EventBusName": "shop", "State": "DISABLED", "EventPattern": {"source": ["till"]}, "Targets": input("disabled"),
    });
    let run = stage
        .rule("First", "shop", "till", input("first"))
        .rule("Second", "shop", "till", input("second"))
        .rule("OtherSource", "shop", "door", input("other source"))
        .rule("OtherBus", "default", "till", input("other bus"))
        .resource("Disabled", "AWS::Events::Rule", disabled)
        .event("0s", "shop", "till", json!({"n": 1}))
        .run();
    assert_eq!(run.accepted(), ["shop till"]);
    let mut lines = log.lines();
    lines.sort();
    assert_eq!(lines, ["\"first\"", "\"second\""]);
    assert_eq!(log.times(), [PUT_MS + DELIVERY_MS; 2]);
}

#[test]
fn a_pattern_looks_into_the_detail() {
    let (stage, log) = stage();
    let pattern = json!({"source": ["till"], "detail": {"total": [{"numeric": [">", 100]}]}});
    let rule = json!({"Name": "Large", "EventBusName": "shop", "EventPattern": pattern, "Targets": to_function(json!({"InputPath": "$.detail.total"}))});
    stage
        .resource("Large", "AWS::Events::Rule", rule)
        .event("0s", "shop", "till", json!({"total": 100}))
        .event("1s", "shop", "till", json!({"total": 101}))
        .event("2s", "shop", "till", json!({"total": "101"}))
        .run();
    assert_eq!(log.lines(), ["101"]);
}

#[test]
fn a_target_gets_the_event_a_constant_a_part_or_what_a_template_makes_of_it() {
    let paths = json!({"order": "$.detail.order", "total": "$.detail.order.total", "who": "$.detail.who", "none": "$.detail.none"});
    let transformer = |template: &str| json!({"InputTransformer": {"InputPathsMap": paths, "InputTemplate": template}});
    let cases = [
        ("a constant", json!({"Input": "{\"always\":[1]}"}), Some(json!({"always": [1]}))),
        ("a part", json!({"InputPath": "$.detail.order"}), Some(json!({"id": "o-1", "total": 7}))),
        ("a scalar part", json!({"InputPath": "$.source"}), Some(json!("till"))),
        (
            "a template of JSON",
            transformer(r#"{"o": <order>, "t": <total>, "text": "by <who>", "n": "<none>"}"#),
            Some(json!({"o": {"id": "o-1", "total": 7}, "t": 7, "text": "by ann", "n": ""})),
        ),
        ("a template of text", transformer(r#""<who> pays <total>""#), Some(json!("ann pays 7"))),
        (
            "a template with a reserved name",
            transformer(r#"{"rule": <aws.events.rule-name>}"#),
            Some(json!({"rule": "Rule"})),
        ),
        ("a template whose result is no JSON is not delivered", transformer(r#"{"o": "<order>"}"#), None),
    ];
    for (name, input, expected) in cases {
        let (stage, log) = stage();
        let run = stage
            .rule("Rule", "shop", "till", to_function(input))
            .event("0s", "shop", "till", json!({"order": {"id": "o-1", "total": 7}, "who": "ann"}))
            .run();
        let lines: Vec<Json> = log.lines().iter().map(|line| Json::parse(line).expect("JSON")).collect();
        assert_eq!(lines, expected.iter().cloned().collect::<Vec<_>>(), "{name}");
        assert_eq!(run.tells("cannot be made from this event"), expected.is_none(), "{name}");
    }
}

#[test]
fn without_an_input_a_target_gets_the_envelope() {
    let (stage, log) = stage();
    let run =
        stage.rule("Rule", "shop", "till", to_function(json!({}))).event("90s", "shop", "till", json!({"n": 1})).run();
    let id = run.world.eventbridge.accepted()[0].event.id.clone();
    let envelope = Json::parse(&log.lines()[0]).expect("JSON");
    let expected = json!({
        "version": "0", "id": (&*id), "detail-type": "Something", "source": "till", "account": "111111111111",
        "time": "2026-01-01T00:01:30Z", "region": "us-east-1", "resources": [], "detail": {"n": 1},
    });
    assert_eq!(envelope, expected);
}

#[test]
fn every_delivery_of_an_event_has_its_id_and_a_second_event_has_another() {
    let (stage, log) = stage();
    let stage = stage
        .rule("Rule", "shop", "till", to_function(json!({"InputPath": "$.id"})))
        .event("0s", "shop", "till", json!({}))
        .event("9s", "shop", "till", json!({}));
    let run = stage.struck_by(FaultId::EbDup, 1, 1);
    let ids: Vec<String> = run.world.eventbridge.accepted().iter().map(|one| format!("{:?}", &*one.event.id)).collect();
    assert_eq!(log.lines(), [&*ids[0], &*ids[0], &*ids[1]]);
    assert_ne!(ids[0], ids[1]);
}

#[test]
fn the_envelope_carries_the_account_and_the_region_of_the_scenario() {
    let (stage, log) = stage();
    let arn = "arn:aws:lambda:eu-west-1:222222222222:function:echo";
    stage
        .rule("Rule", "shop", "till", json!([{"Id": "one", "Arn": arn}]))
        .setting("account", json!("222222222222"))
        .setting("region", json!("eu-west-1"))
        .event("0s", "shop", "till", json!({}))
        .run();
    let envelope = Json::parse(&log.lines()[0]).expect("JSON");
    assert_eq!(envelope.get("account"), Some(&json!("222222222222")));
    assert_eq!(envelope.get("region"), Some(&json!("eu-west-1")));
}

#[test]
fn every_target_of_a_rule_has_its_own_delivery() {
    let (stage, log) = stage();
    let targets = json!([
        {"Id": "a", "Arn": function_arn("echo"), "Input": "1"},
        {"Id": "b", "Arn": machine_arn("flow"), "RoleArn": OUTSIDE, "InputPath": "$.detail"},
        {"Id": "c", "Arn": function_arn("echo"), "Input": "2"},
        {"Id": "d", "Arn": "arn:aws:sqs:us-east-1:111111111111:elsewhere"},
    ]);
    let run = stage
        .machine("flow", json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}))
        .rule("Rule", "shop", "till", targets)
        .event("0s", "shop", "till", json!({"n": 1}))
        .run();
    assert_eq!(log.lines(), ["1", "2"]);
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    assert_eq!(run.execution(0).input, json!({"n": 1}));
    assert!(run.tells("delivered to arn:aws:sqs:us-east-1:111111111111:elsewhere, which is not simulated"));
}

#[test]
fn an_event_goes_on_to_a_second_bus_but_not_to_a_third() {
    let (stage, log) = stage();
    let to_bus = |bus: &str| json!([{"Id": "bus", "Arn": bus_arn(bus), "RoleArn": OUTSIDE}]);
    let run = stage
        .bus("audit")
        .rule("ToAudit", "shop", "till", to_bus("audit"))
        .rule("Back", "audit", "till", to_bus("shop"))
        .rule("Seen", "audit", "till", to_function(json!({"InputPath": "$.detail"})))
        .event("0s", "shop", "till", json!({"n": 1}))
        .run();
    assert_eq!(run.accepted(), ["shop till", "audit till"]);
    assert_eq!(log.lines(), ["{\"n\":1}"]);
    assert!(run.tells("it is not sent on to a third"));
}

#[test]
fn a_target_that_may_not_be_reached_loses_its_events_at_once() {
    let start = json!([{"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine_arn("flow")}]);
    let other = json!([{"Effect": "Allow", "Action": "states:StartExecution", "Resource": machine_arn("other")}]);
    let events = json!([{"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus_arn("audit")}]);
    let role = |name: &str| json!({"Fn::GetAtt": [name, "Arn"]});
    let machine = |name: &str| json!([{"Id": "one", "Arn": machine_arn("flow"), "RoleArn": role(name)}]);
    let bus = |name: &str| json!([{"Id": "one", "Arn": bus_arn("audit"), "RoleArn": role(name)}]);
    let permission = json!({
        "Action": "lambda:InvokeFunction", "FunctionName": "echo", "Principal": "events.amazonaws.com",
        "SourceArn": "arn:aws:events:us-east-1:111111111111:rule/shop/AnotherRule",
    });
    let own = merged(permission.clone(), json!({"SourceArn": {"Fn::GetAtt": ["Rule", "Arn"]}}));
    let by_sns = merged(own.clone(), json!({"Principal": "sns.amazonaws.com"}));
    let cases = [
        ("a function without a permission", to_function(json!({})), None, false),
        ("a function with another rule's permission", to_function(json!({})), Some(permission), false),
        ("a function with another service's permission", to_function(json!({})), Some(by_sns), false),
        ("a function with the rule's own permission", to_function(json!({})), Some(own), true),
        ("a machine without a role", json!([{"Id": "one", "Arn": machine_arn("flow")}]), None, false),
        ("a machine with a role for something else", machine("Other"), None, false),
        ("a machine with a role that events cannot assume", machine("Untrusted"), None, false),
        ("a machine with its role", machine("Starter"), None, true),
        ("a bus with a role for something else", bus("Starter"), None, false),
        ("a bus with its role", bus("Sender"), None, true),
    ];
    for (name, targets, permission, reaches) in cases {
        let log = Log::default();
        let handlers = log.clone();
        let mut stage = Stage::new()
            .bus("shop")
            .bus("audit")
            .function("echo")
            .machine("flow", json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}))
            .role("Starter", &["events.amazonaws.com"], start.clone())
            .role("Untrusted", &["states.amazonaws.com"], start.clone())
            .role("Other", &["events.amazonaws.com"], other.clone())
            .role("Sender", &["events.amazonaws.com"], events.clone())
            .handlers(move || handlers.echo(Registry::default(), "echo"))
            .rule("Rule", "shop", "till", targets)
            .event("0s", "shop", "till", json!({}));
        if let Some(permission) = permission {
            stage = stage.resource("Permission", "AWS::Lambda::Permission", permission);
        }
        let run = stage.run();
        let reached = log.lines().len() + run.ends().len() + (run.accepted().len() - 1);
        assert_eq!(reached, usize::from(reaches), "{name}");
        assert_eq!(run.tells("the delivery is given up"), !reaches, "{name}");
        // Nothing is tried again: the run is over when the delivery is.
        assert!(run.outcome.virtual_ms < 1_000, "{name}: {}", run.outcome.virtual_ms);
    }
}

#[test]
fn a_throttled_target_is_tried_again_with_growing_waits() {
    let (stage, log) = stage();
    let run = stage
        .rule("Rule", "shop", "till", to_function(json!({})))
        .event("0s", "shop", "till", json!({}))
        .struck_by(FaultId::EbRetry, 1, 3);
    assert_eq!(run.struck(FaultId::EbRetry), 3);
    assert_eq!(log.times(), [PUT_MS + DELIVERY_MS + 1_000 + 2_000 + 4_000]);
}

#[test]
fn a_delivery_is_given_up_at_the_limits_of_its_policy() {
    let cases = [
        (json!({"MaximumRetryAttempts": 2}), 3, 5_000),
        (json!({"MaximumRetryAttempts": 0}), 1, 1_000),
        (json!({"MaximumEventAgeInSeconds": 60}), 6, 61_000),
        (json!({}), 105, 86_400_000),
    ];
    for (policy, attempts, last_ms) in cases {
        let (stage, log) = stage();
        let run = stage
            .rule("Rule", "shop", "till", to_function(json!({"RetryPolicy": policy})))
            .event("0s", "shop", "till", json!({}))
            .struck_by(FaultId::EbRetry, 1, u32::MAX);
        assert_eq!(log.lines(), [""; 0], "{policy}");
        assert_eq!(run.struck(FaultId::EbRetry), attempts, "{policy}");
        assert!(run.tells(&format!("the delivery is given up after {attempts} attempts")), "{policy}");
        assert!(run.outcome.virtual_ms <= last_ms, "{policy}: {}", run.outcome.virtual_ms);
    }
}

#[test]
fn an_event_for_a_bus_that_does_not_exist_is_accepted_and_lost() {
    let (stage, log) = stage();
    let outcome = Log::default();
    let told = outcome.clone();
    let run = stage
        .function("sender")
        .rule("Rule", "default", "till", to_function(json!({})))
        .handlers(move || {
            let told = told.clone();
            Registry::default().with("sender", move |context, _| {
                let told = told.clone();
                async move {
                    let entry = json!({"EventBusName": "nowhere", "Source": "till", "DetailType": "T", "Detail": "{}"});
                    let answer = call(&context, "events", "PutEvents", json!({"Entries": [entry]})).await;
                    told.note(&context, outcome_text(answer));
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "sender", json!({}))
        .run();
    let answer = Json::parse(&outcome.lines()[0]).expect("JSON");
    assert_eq!(answer.get("FailedEntryCount"), Some(&json!(0)));
    assert!(answer.get("Entries").and_then(|entries| entries.item(0)?.get("EventId")).is_some());
    assert_eq!(run.accepted(), [""; 0]);
    assert_eq!(log.lines(), [""; 0]);
}

#[test]
fn entries_fail_one_by_one_and_a_request_that_is_too_large_as_a_whole() {
    let large = "x".repeat(600_000);
    let entry = |source: &str, detail: &str| json!({"Source": source, "DetailType": "T", "Detail": detail});
    let entries = json!([
        entry("till", "{}"),
        {"DetailType": "T", "Detail": "{}"},
        entry("aws.states", "{}"),
        entry("till", "[1]"),
        {"Source": "till", "DetailType": "T", "Detail": "{}", "EventBusName": bus_arn("shop")},
    ]);
    let whole = json!([entry("till", &format!("{{\"a\":{large:?}}}")), entry("till", &format!("{{\"a\":{large:?}}}"))]);
    let log = Log::default();
    let told = log.clone();
    let requests = [entries, whole];
    let run = Stage::new()
        .bus("shop")
        .function("sender")
        .handlers(move || {
            let (told, requests) = (told.clone(), requests.clone());
            Registry::default().with("sender", move |context, _| {
                let (told, requests) = (told.clone(), requests.clone());
                async move {
                    for entries in requests {
                        let answer = call(&context, "events", "PutEvents", json!({"Entries": entries})).await;
                        told.note(&context, outcome_text(answer));
                    }
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "sender", json!({}))
        .run();
    let answer = Json::parse(&log.lines()[0]).expect("JSON");
    assert_eq!(answer.get("FailedEntryCount"), Some(&json!(3)));
    let entries = answer.get("Entries").and_then(Json::as_array).expect("entries");
    let codes: Vec<_> = entries.iter().map(|entry| entry.get("ErrorCode").and_then(Json::as_str)).collect();
    let refused =
        [None, Some("InvalidArgument"), Some("NotAuthorizedForSourceException"), Some("MalformedDetail"), None];
    assert_eq!(codes, refused);
    assert_eq!(run.accepted(), ["default till", "shop till"]);
    assert_eq!(log.lines()[1], "ValidationException: Total size of the entries in the request is over the limit.");
}

#[test]
fn a_rate_fires_first_after_one_period_and_then_every_period() {
    let (stage, log) = stage();
    let run = stage
        .schedule("EveryFive", "rate(5 minutes)", to_function(json!({"InputPath": "$.time"})))
        .actor("0s", json!({"wait": "17m"}))
        .run();
    let times = log.times();
    assert_eq!(times[..3], [300_000 + DELIVERY_MS, 600_000 + DELIVERY_MS, 900_000 + DELIVERY_MS]);
    assert_eq!(log.lines()[0], "\"2026-01-01T00:05:00Z\"");
    assert_eq!(run.accepted(), [""; 0], "a schedule's event reaches only its own targets");
}

#[test]
fn a_scheduled_event_names_its_rule() {
    let (stage, log) = stage();
    stage.schedule("Hourly", "rate(1 hour)", to_function(json!({}))).actor("0s", json!({"wait": "1m"})).run();
    let event = Json::parse(&log.lines()[0]).expect("JSON");
    for (key, value) in [
        ("source", json!("aws.events")),
        ("detail-type", json!("Scheduled Event")),
        ("time", json!("2026-01-01T01:00:00Z")),
        ("resources", json!(["arn:aws:events:us-east-1:111111111111:rule/Hourly"])),
        ("detail", json!({})),
    ] {
        assert_eq!(event.get(key), Some(&value), "{key}");
    }
}

#[test]
fn a_cron_schedule_fires_once_a_day_for_a_month() {
    let (stage, log) = stage();
    stage
        .schedule("Noon", "cron(30 12 * * ? *)", to_function(json!({"InputPath": "$.time"})))
        .actor("0s", json!({"wait": "31d"}))
        .run();
    let day_ms = 86_400_000;
    let first = 12 * 3_600_000 + 30 * 60_000 + DELIVERY_MS;
    let times = log.times();
    let in_january: Vec<u64> = times.iter().copied().filter(|at| *at < 31 * day_ms).collect();
    assert_eq!(in_january, (0..31).map(|day| first + day * day_ms).collect::<Vec<_>>());
    assert_eq!(log.lines()[30], "\"2026-01-31T12:30:00Z\"");
    assert!(log.gaps().iter().all(|gap| *gap == day_ms), "{:?}", log.gaps());
}

#[test]
fn a_schedule_starts_executions_and_a_disabled_one_none() {
    let target = json!([{"Id": "one", "Arn": machine_arn("flow"), "RoleArn": OUTSIDE, "Input": "{\"by\":\"clock\"}"}]);
    let off = json!({"Name": "Off", "ScheduleExpression": "rate(1 minute)", "State": "DISABLED", "Targets": target});
    let run = Stage::new()
        .machine("flow", json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}))
        .schedule("On", "rate(1 hour)", target)
        .resource("Off", "AWS::Events::Rule", off)
        .actor("0s", json!({"wait": "150m"}))
        .run();
    let starts: Vec<u64> =
        run.world.stepfunctions.records().iter().map(|record| record.started.since_start()).collect();
    assert_eq!(starts[..2], [3_600_000 + DELIVERY_MS, 7_200_000 + DELIVERY_MS]);
    assert_eq!(run.execution(0).input, json!({"by": "clock"}));
    assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == 3_600_000), "{starts:?}");
}

#[test]
fn an_actor_may_play_an_aws_service() {
    let (stage, log) = stage();
    stage
        .rule("Rule", "default", "aws.s3", to_function(json!({"InputPath": "$.source"})))
        .actor("0s", put_event("default", "aws.s3", json!({})))
        .run();
    assert_eq!(log.lines(), ["\"aws.s3\""]);
}

#[test]
fn the_time_of_an_entry_is_the_events_in_whole_seconds_and_stays_so_on_another_bus() {
    let (stage, log) = stage();
    let template = "{\"at\": <time>, \"in\": <aws.events.event.ingestion-time>}";
    let input = json!({"InputTransformer": {"InputPathsMap": {"time": "$.time"}, "InputTemplate": template}});
    let to_bus = json!([{"Id": "bus", "Arn": bus_arn("audit"), "RoleArn": OUTSIDE}]);
    let mut stage = stage
        .bus("audit")
        .rule("Near", "shop", "till", to_function(input.clone()))
        .rule("On", "shop", "till", to_bus)
        .rule("Far", "audit", "till", to_function(input));
    for time in [json!("2025-12-24T18:00:00.9Z"), json!(1_766_599_200)] {
        let step = json!({"bus": "shop", "source": "till", "detail-type": "T", "time": time});
        stage = stage.actor("0s", json!({"put_event": step}));
    }
    stage.run();
    let line = "{\"at\":\"2025-12-24T18:00:00Z\",\"in\":\"2026-01-01T00:00:00Z\"}";
    assert_eq!(log.lines(), [line; 4]);
}

#[test]
fn what_a_producer_sends_again_is_a_new_event_and_what_eventbridge_delivers_again_is_not() {
    for (fault, form, wanted) in [
        // The SDK waits for its second attempt; a producer by itself a minute.
        (FaultId::EbPutDup, 1, 2),
        (FaultId::EbPutDup, 2, 2),
        (FaultId::EbDup, 1, 1),
    ] {
        let (stage, log) = stage();
        let stage =
            stage.rule("Rule", "default", "till", to_function(json!({}))).event("0s", "default", "till", json!({}));
        let run = stage.struck_by(fault, form, 1);
        let mut ids: Vec<_> = run.world.eventbridge.accepted().iter().map(|one| one.event.id.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((ids.len(), log.lines().len()), (wanted, 2), "{} {form}", fault.spec().id);
    }
}

#[test]
fn an_event_that_is_overtaken_comes_behind_a_later_one() {
    let order = |run: &dyn Fn(Stage) -> rehearsal::harness::Run| {
        let (stage, log) = stage();
        let stage = stage.rule("Rule", "default", "till", to_function(json!({"InputPath": "$.detail.n"})));
        let stage =
            stage.event("0s", "default", "till", json!({"n": 1})).event("1500ms", "default", "till", json!({"n": 2}));
        run(stage);
        log.lines().join(" ")
    };
    assert_eq!(order(&|stage| stage.run()), "1 2");
    assert_eq!(order(&|stage| stage.struck_by(FaultId::EbReorder, 1, 1)), "2 1");
}
