//! EventBridge Scheduler: when schedules fire, what their targets get, and what happens when those refuse.

use rehearsal::handlers::Registry;
use rehearsal::harness::Run;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, OUTSIDE, Stage, bus_arn, function_arn, machine_arn, merged};

fn schedule(stage: Stage, expression: &str, target: Json, more: Json) -> Stage {
    let target = merged(json!({"RoleArn": OUTSIDE}), target);
    let own = json!({
        "Name": "Alarm clock",
        "ScheduleExpression": expression,
        "FlexibleTimeWindow": {"Mode": "OFF"},
        "Target": target,
    });
    stage.resource("Clock", "AWS::Scheduler::Schedule", merged(own, more))
}

/// A function `echo` that notes what it gets, and somebody who does nothing until `until`.
fn stage(until: &str) -> (Stage, Log) {
    let log = Log::default();
    let seen = log.clone();
    let stage = Stage::new()
        .function("echo")
        .handlers(move || log.echo(Registry::default(), "echo"))
        .actor_of("0s", json!([{"wait": until}]));
    (stage, seen)
}

fn echo() -> Json {
    json!({"Arn": function_arn("echo"), "Input": "{}"})
}

/// Minutes since the start at which something was noted.
fn minutes(log: &Log) -> Vec<u64> {
    log.times().iter().map(|ms| ms / 60_000).collect()
}

const HOUR: u64 = 60;
const DAY: u64 = 24 * HOUR;

#[test]
fn a_rate_fires_at_once_and_then_by_its_period() {
    let (stage, log) = stage("3h");
    schedule(stage, "rate(1 hour)", echo(), json!({})).run();
    assert_eq!(minutes(&log)[..4], [0, HOUR, 2 * HOUR, 3 * HOUR]);
}

#[test]
fn a_cron_follows_the_clocks_of_its_zone() {
    let (stage, log) = stage("2d");
    let zone = json!({"ScheduleExpressionTimezone": "America/New_York"});
    schedule(stage, "cron(0 9 * * ? *)", echo(), zone).run();
    assert_eq!(minutes(&log)[..2], [14 * HOUR, DAY + 14 * HOUR]);
}

#[test]
fn what_is_due_once_comes_however_late_it_is() {
    let (stage, log) = stage("1s");
    let zone = json!({"ScheduleExpressionTimezone": "Europe/Berlin"});
    let run = schedule(stage, "at(2026-12-24T18:00:00)", echo(), zone).run();
    assert_eq!(minutes(&log), [357 * DAY + 17 * HOUR]);
    assert!(run.outcome.steps < 20, "{} steps", run.outcome.steps);
}

#[test]
fn a_schedule_keeps_to_its_bounds_and_its_state() {
    let (bounded, log) = stage("5h");
    let bounds = json!({"StartDate": "2026-01-01T01:30:00Z", "EndDate": "2026-01-01T03:40:00Z"});
    schedule(bounded, "rate(1 hour)", echo(), bounds).run();
    assert_eq!(minutes(&log), [90, 150, 210]);
    let (disabled, log) = stage("5h");
    schedule(disabled, "rate(1 hour)", echo(), json!({"State": "DISABLED"})).run();
    assert!(log.times().is_empty());
}

#[test]
fn every_kind_of_target_gets_its_input() {
    let input = json!({"scheduled": "<aws.scheduler.scheduled-time>", "attempt": "<aws.scheduler.attempt-number>"});
    let input = input.to_string();
    let filled = r#"{"scheduled":"2026-01-01T00:10:00Z","attempt":"1"}"#;
    let at = "at(2026-01-01T00:10:00)";
    let with_input = |arn: String, more: Json| merged(json!({"Arn": arn, "Input": input}), more);
    let machine = json!({"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": true}}});

    let (functions, log) = stage("1s");
    schedule(functions, at, with_input(function_arn("echo"), json!({})), json!({})).run();
    assert_eq!(log.lines(), [filled]);

    let (machines, _) = stage("1s");
    let run = schedule(
        machines.machine("works", machine.clone()),
        at,
        with_input(machine_arn("works"), json!({})),
        json!({}),
    )
    .run();
    assert_eq!(run.execution(0).input.to_string(), filled);

    let (universal, _) = stage("1s");
    let start = json!({"StateMachineArn": machine_arn("works"), "Input": "{\"by\":\"hand\"}"}).to_string();
    let target = json!({"Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution", "Input": start});
    let run = schedule(universal.machine("works", machine), at, target, json!({})).run();
    assert_eq!(run.execution(0).input.to_string(), r#"{"by":"hand"}"#);

    let (buses, _) = stage("1s");
    let event = json!({"EventBridgeParameters": {"DetailType": "Reminder", "Source": "clock"}});
    let run = schedule(buses.bus("shop"), at, with_input(bus_arn("shop"), event), json!({})).run();
    assert_eq!(run.accepted(), ["shop clock"]);
    assert_eq!(run.world.eventbridge.accepted()[0].event.detail.to_string(), filled);

    let (elsewhere, _) = stage("1s");
    let target = json!({"Arn": "arn:aws:ecs:us-east-1:111111111111:cluster/c", "Input": "{}"});
    let run = schedule(elsewhere, at, target, json!({})).run();
    assert!(run.tells("calls arn:aws:ecs:us-east-1:111111111111:cluster/c, which is not simulated"));
}

#[test]
fn without_an_input_the_target_gets_a_notification() {
    let (stage, log) = stage("1s");
    schedule(stage, "at(2026-01-01T00:10:00)", json!({"Arn": function_arn("echo")}), json!({"GroupName": "home"}))
        .run();
    let event = Json::parse(&log.lines()[0]).expect("JSON");
    let text = |key: &str| event.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    assert_eq!((text("source"), text("detail-type")), ("aws.scheduler".to_owned(), "Scheduled Event".to_owned()));
    assert_eq!(text("time"), "2026-01-01T00:10:00Z");
    let arn = "arn:aws:scheduler:us-east-1:111111111111:schedule/home/Alarm clock";
    assert_eq!(event.get("resources").map(ToString::to_string), Some(format!("[\"{arn}\"]")));
}

#[test]
fn a_role_that_scheduler_may_not_assume_and_one_that_may_not_call_lose_the_call() {
    let attempt = |services: &[&str], statements: Json| -> (Log, Run) {
        let (stage, log) = stage("1s");
        let stage = stage.role("clock", services, statements);
        let target = merged(echo(), json!({"RoleArn": "arn:aws:iam::111111111111:role/clock"}));
        (log, schedule(stage, "at(2026-01-01T00:10:00)", target, json!({})).run())
    };
    let invoke = || json!([{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": "*"}]);
    let (log, _) = attempt(&["scheduler.amazonaws.com"], invoke());
    assert_eq!(log.lines().len(), 1);
    let (log, run) = attempt(&["events.amazonaws.com"], invoke());
    assert!(log.lines().is_empty() && run.tells("may not assume the target's role"));
    let (log, run) = attempt(&["scheduler.amazonaws.com"], json!([]));
    assert!(log.lines().is_empty() && run.tells("the call is given up: AccessDeniedException"));
}

#[test]
fn faults_delay_and_repeat_a_call() {
    let (stage, log) = stage("1s");
    let stage = schedule(stage, "at(2026-01-01T00:02:00)", echo(), json!({}));
    stage.struck_by(FaultId::EbSchedDup, 1, 1);
    assert_eq!(log.lines().len(), 2);
    stage.struck_by(FaultId::EbSchedJitter, 3, 1);
    assert_eq!(log.times()[2] / 1000, 179);
}

#[test]
fn a_flexible_window_is_a_decision() {
    let (stage, log) = stage("1s");
    let window = json!({"FlexibleTimeWindow": {"Mode": "FLEXIBLE", "MaximumWindowInMinutes": 60}});
    let stage = schedule(stage, "at(2026-01-01T01:00:00)", echo(), window);
    for seed in 0..20 {
        stage.clone().seed(seed).run_seeded();
    }
    let minutes = minutes(&log);
    assert!(minutes.iter().all(|minute| (60..120).contains(minute)), "{minutes:?}");
    assert!(minutes.iter().min() < minutes.iter().max(), "{minutes:?}");
}

#[test]
fn a_year_of_waiting_takes_a_handful_of_steps() {
    let wait = |more: Json| merged(json!({"Type": "Wait", "Next": "Late"}), more);
    let machine = |waiting: Json| {
        json!({"StartAt": "Wait", "States": {
            "Wait": waiting,
            "Late": {"Type": "Pass", "End": true},
        }})
    };
    for waiting in [
        wait(json!({"Seconds": 31_000_000})),
        wait(json!({"Timestamp": "2026-12-24T18:00:00Z"})),
        wait(json!({"SecondsPath": "$.seconds"})),
    ] {
        let input = json!({"seconds": 31_000_000});
        let stage = Stage::new().machine("waits", machine(waiting.clone()));
        // A monthly report beside it does not keep the run from its end.
        let stage = schedule(stage.function("echo"), "cron(0 9 1 * ? *)", echo(), json!({}));
        let log = Log::default();
        let stage = stage.handlers(move || log.echo(Registry::default(), "echo"));
        let run = stage.start("0s", "waits", input).run();
        assert_eq!(run.outcome.violation, None, "{waiting}");
        assert_eq!(run.ends(), ["SUCCEEDED"], "{waiting}");
        assert!(run.outcome.virtual_ms > 357 * 86_400_000, "{waiting}");
        assert!(run.outcome.steps < 100, "{waiting}: {} steps", run.outcome.steps);
    }
}
