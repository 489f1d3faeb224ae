//! Lambda: how functions are invoked, tried again, cut off, killed and kept warm.

use rehearsal::handlers::{CallError, Registry};
use rehearsal::harness::Run;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, call, function_arn, outcome_text, put, raise};

/// How long an invocation takes to reach its function.
const INVOKE_MS: u64 = 20;

/// A function that fails `failures` times, invoked once through Lambda's own queue.
fn failing(stage: Stage, failures: usize) -> (Run, Log) {
    let log = Log::default();
    let seen = log.clone();
    let run = stage
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("work", move |context, _| {
                let log = log.clone();
                async move {
                    log.note(&context, &*context.request_id());
                    if log.lines().len() <= failures { raise("Flaky", "again") } else { Ok(json!("done")) }
                }
            })
        })
        .invoke_event("0s", "work", json!({}))
        .run();
    (run, seen)
}

#[test]
fn an_event_is_tried_again_after_one_and_two_minutes_and_then_dropped() {
    for (failures, gaps, dropped) in [
        (0, vec![], false),
        (1, vec![60_000], false),
        (2, vec![60_000, 120_000], false),
        (9, vec![60_000, 120_000], true),
    ] {
        let (run, log) = failing(Stage::new().function("work"), failures);
        assert_eq!(log.gaps(), gaps, "{failures}");
        assert_eq!(run.tells("the event is given up after its last retry"), dropped, "{failures}");
    }
}

#[test]
fn every_attempt_of_an_event_has_the_same_request_id() {
    let (_, log) = failing(Stage::new().function("work"), 9);
    let ids = log.lines();
    assert_eq!(ids.len(), 3);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

#[test]
fn an_event_invoke_config_limits_attempts_and_age() {
    let config = |more: Json| {
        let own = json!({"FunctionName": "work", "Qualifier": "$LATEST"});
        Stage::new().function("work").resource(
            "Config",
            "AWS::Lambda::EventInvokeConfig",
            crate::support::merged(own, more),
        )
    };
    for (more, attempts) in [
        (json!({"MaximumRetryAttempts": 0}), 1),
        (json!({"MaximumRetryAttempts": 1}), 2),
        (json!({"MaximumEventAgeInSeconds": 60}), 2),
        (json!({"MaximumEventAgeInSeconds": 200}), 3),
    ] {
        let (_, log) = failing(config(more.clone()), 9);
        assert_eq!(log.lines().len(), attempts, "{more}");
    }
}

#[test]
fn an_asynchronous_caller_hears_202_before_the_function_runs_and_a_dry_run_runs_nothing() {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new()
        .function("caller")
        .function("work")
        .handlers(move || {
            let (told, worked) = (log.clone(), log.clone());
            Registry::default()
                .with("work", move |context, event| {
                    worked.note(&context, format!("works on {event}"));
                    async move {
                        context.sleep_ms(500).await;
                        Ok(event)
                    }
                })
                .with("caller", move |context, _| {
                    let told = told.clone();
                    async move {
                        for kind in ["DryRun", "Event", "RequestResponse"] {
                            let invoke =
                                json!({"FunctionName": "work", "InvocationType": kind, "Payload": "{\"n\":1}"});
                            let answer = call(&context, "lambda", "Invoke", invoke).await;
                            told.note(&context, format!("{kind} -> {}", outcome_text(answer)));
                        }
                        let nobody = call(&context, "lambda", "Invoke", json!({"FunctionName": "nobody"})).await;
                        told.note(&context, outcome_text(nobody));
                        Ok(Json::Null)
                    }
                })
        })
        .invoke("0s", "caller", json!({}))
        .run();
    let nobody = format!("ResourceNotFoundException: Function not found: {}", function_arn("nobody"));
    let expected = [
        r#"DryRun -> {"StatusCode":204,"ExecutedVersion":"$LATEST"}"#,
        r#"Event -> {"StatusCode":202,"ExecutedVersion":"$LATEST"}"#,
        r#"works on {"n":1}"#,
        r#"works on {"n":1}"#,
        r#"RequestResponse -> {"StatusCode":200,"ExecutedVersion":"$LATEST","Payload":"{\"n\":1}"}"#,
        nobody.as_str(),
    ];
    assert_eq!(seen.lines(), expected);
    assert_eq!(run.world.lambda.invocation_count(), 3);
}

#[test]
fn a_function_error_is_a_success_of_the_api() {
    let log = Log::default();
    let seen = log.clone();
    Stage::new()
        .function("caller")
        .function("work")
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("work", |_, _| async { raise("Declined", "no") }).with(
                "caller",
                move |context, _| {
                    let log = log.clone();
                    async move {
                        let answer =
                            call(&context, "lambda", "Invoke", json!({"FunctionName": function_arn("work:$LATEST")}))
                                .await;
                        log.note(&context, outcome_text(answer));
                        Ok(Json::Null)
                    }
                },
            )
        })
        .invoke("0s", "caller", json!({}))
        .run();
    let answer = Json::parse(&seen.lines()[0]).expect("JSON");
    assert_eq!(answer.get("StatusCode"), Some(&json!(200)));
    assert_eq!(answer.get("FunctionError"), Some(&json!("Unhandled")));
    assert_eq!(answer.get("Payload"), Some(&json!(r#"{"errorMessage":"no","errorType":"Declined"}"#)));
}

/// A function of this reserved concurrency that takes a second, invoked twice at once; what the callers hear.
fn at_once(reserved: Option<u32>, asynchronous: bool) -> (Vec<String>, Vec<u64>, Run) {
    let (log, work) = (Log::default(), Log::default());
    let (seen, worked) = (log.clone(), work.clone());
    let more = reserved.map_or(json!({}), |limit| json!({"ReservedConcurrentExecutions": limit}));
    let stage =
        Stage::new().function_with("work", more).function_with("caller", json!({"Timeout": 60})).handlers(move || {
            let (log, work) = (log.clone(), work.clone());
            Registry::default()
                .with("work", move |context, _| {
                    work.note(&context, "works");
                    async move {
                        context.sleep_ms(1_000).await;
                        Ok(json!("done"))
                    }
                })
                .with("caller", move |context, _| {
                    let log = log.clone();
                    async move {
                        let kind = if asynchronous { "Event" } else { "RequestResponse" };
                        let invoke = json!({"FunctionName": "work", "InvocationType": kind});
                        let answer = call(&context, "lambda", "Invoke", invoke).await;
                        log.note(
                            &context,
                            match answer {
                                Ok(answer) => answer.get("StatusCode").expect("a status").to_string(),
                                Err(CallError { error, .. }) => {
                                    format!("{} {} {} {}", error.status, error.code, error.message, error.details)
                                }
                            },
                        );
                        Ok(Json::Null)
                    }
                })
        });
    let run = stage.invoke("0s", "caller", json!({})).invoke("0s", "caller", json!({})).run();
    (seen.lines(), worked.times(), run)
}

#[test]
fn reserved_concurrency_refuses_what_is_too_much() {
    let throttled =
        r#"429 TooManyRequestsException Rate Exceeded. {"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded"}"#;
    for (reserved, heard) in [
        (None, ["200", "200"]),
        (Some(2), ["200", "200"]),
        (Some(1), [throttled, "200"]),
        (Some(0), [throttled, throttled]),
    ] {
        let (lines, _, run) = at_once(reserved, false);
        assert_eq!(lines, heard, "{reserved:?}");
        let ran = heard.iter().filter(|line| **line == "200").count();
        assert_eq!(run.world.lambda.invocation_count(), 2 + ran, "{reserved:?}");
    }
}

#[test]
fn a_throttled_event_is_tried_again_until_there_is_room() {
    let (lines, times, _) = at_once(Some(1), true);
    assert_eq!(lines, ["202", "202"]);
    assert_eq!(times.len(), 2);
    // The second attempt after a second comes when the first invocation has just ended.
    let gap = times[1] - times[0];
    assert!((1_000..=3_000).contains(&gap), "{gap}");
}

#[test]
fn an_event_for_a_function_without_concurrency_grows_too_old() {
    let (lines, times, run) = at_once(Some(0), true);
    assert_eq!(lines, ["202", "202"]);
    assert_eq!(times, [0; 0]);
    assert!(run.tells("the event is given up because of its age"));
    let six_hours_ms = 21_600_000;
    assert!(run.outcome.virtual_ms <= six_hours_ms + 1_000, "{}", run.outcome.virtual_ms);
    assert!(run.outcome.virtual_ms >= six_hours_ms - 600_000, "{}", run.outcome.virtual_ms);
}

#[test]
fn a_payload_that_is_too_large_is_refused_and_nothing_runs() {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new()
        .function("caller")
        .function("work")
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("work", |_, _| async { Ok(Json::Null) }).with("caller", move |context, _| {
                let log = log.clone();
                async move {
                    for (kind, bytes) in [("Event", 1_048_577), ("RequestResponse", 6_291_457), ("Event", 1_048_576)] {
                        let payload = format!("{:?}", "x".repeat(bytes - 2));
                        let invoke = json!({"FunctionName": "work", "InvocationType": kind, "Payload": payload});
                        log.note(&context, outcome_text(call(&context, "lambda", "Invoke", invoke).await));
                    }
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "caller", json!({}))
        .run();
    let expected = [
        "RequestTooLargeException: 1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)",
        "RequestTooLargeException: Request must be smaller than 6291456 bytes for the InvokeFunction operation",
        r#"{"StatusCode":202,"ExecutedVersion":"$LATEST"}"#,
    ];
    assert_eq!(seen.lines(), expected);
    assert_eq!(run.world.lambda.invocation_count(), 2);
}

#[test]
fn a_timeout_cuts_a_function_off_and_leaves_what_it_did() {
    let run = Stage::new()
        .function_with("slow", json!({"Timeout": 2}))
        .task("flow", json!({"Resource": function_arn("slow")}))
        .handlers(|| {
            Registry::default().with("slow", |context, _| async move {
                put(&context, json!({"id": "before", "remaining": context.remaining_ms()})).await.expect("stored");
                context.sleep_ms(5_000).await;
                put(&context, json!({"id": "never"})).await.expect("stored");
                Ok(Json::Null)
            })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.ids(), ["before"]);
    assert_eq!(run.item("before").and_then(|item| item.get("remaining").cloned()), Some(json!(2_000)));
    let record = run.execution(0);
    assert_eq!(record.error.as_deref(), Some("Sandbox.Timedout"));
    let cause = Json::parse(record.cause.as_deref().expect("a cause")).expect("JSON");
    let message = cause.get("errorMessage").and_then(Json::as_str).expect("a message");
    assert!(
        message.starts_with("RequestId: ") && message.ends_with(" Error: Task timed out after 2.00 seconds"),
        "{message}"
    );
    assert_eq!(record.stopped.expect("it ended") - record.started, 2_000 + INVOKE_MS);
}

#[test]
fn a_crash_leaves_exactly_a_prefix_of_the_effects() {
    let handlers = || {
        Registry::default().with("work", |context, _| async move {
            for id in ["1", "2", "3"] {
                put(&context, json!({"id": id})).await.expect("stored");
            }
            Ok(json!("all"))
        })
    };
    // Form 1 kills before the call takes effect, form 2 after: together every prefix, each once or twice.
    for (call, form, left) in [(0, 1, 0), (0, 2, 1), (1, 1, 1), (1, 2, 2), (2, 1, 2), (2, 2, 3)] {
        let stage = Stage::new()
            .function("work")
            .task("flow", json!({"Resource": function_arn("work")}))
            .handlers(handlers)
            .fault(FaultId::LaCrashMid, 1_000_000)
            .start("0s", "flow", json!({}));
        let mut calls = 0;
        let run = stage.run_with(crate::support::Script(move |site: &rehearsal::world::Site| {
            if site.kind != rehearsal::world::Kind::Fault(FaultId::LaCrashMid) {
                return 0;
            }
            calls += 1;
            if calls == call + 1 { form } else { 0 }
        }));
        assert_eq!(run.ids(), ["1", "2", "3"][..left], "call {call}, form {form}");
        let record = run.execution(0);
        assert_eq!(record.error.as_deref(), Some("Runtime.ExitError"));
        assert!(
            record.cause.as_deref().is_some_and(|cause| cause.contains("Runtime exited with error: signal: killed"))
        );
    }
}

const COUNTER: &str = "
import os
import sys
calls = 0

def handler(event, context):
    global calls
    calls += 1
    if event.get('exit') is not None:
        os._exit(event['exit'])
    return {'calls': calls}
";

#[test]
fn a_warm_environment_keeps_the_modules_state_and_a_killed_one_does_not() {
    let task = json!({"Resource": function_arn("count")});
    let run = Stage::new()
        .python("count", COUNTER)
        .task("flow", task)
        .start("0s", "flow", json!({}))
        .start("10s", "flow", json!({}))
        .start("20s", "flow", json!({"exit": 3}))
        .start("30s", "flow", json!({}))
        .start("40s", "flow", json!({"exit": 0}))
        .run_python();
    let outputs: Vec<Json> = run.world.stepfunctions.records().iter().map(|record| record.output.clone()).collect();
    let calls = |count: u32| json!({"calls": count});
    assert_eq!(outputs, [calls(1), calls(2), Json::Null, calls(1), Json::Null]);
    for (number, how) in
        [(2, "Runtime exited with error: exit status 3"), (4, "Runtime exited without providing a reason")]
    {
        let record = run.execution(number);
        assert_eq!(record.error.as_deref(), Some("Runtime.ExitError"));
        let cause = record.cause.as_deref().expect("a cause");
        assert!(cause.contains(how), "{cause}");
    }
}

#[test]
fn invocations_at_once_have_environments_of_their_own() {
    let code = "
import time
calls = 0

def handler(event, context):
    global calls
    calls += 1
    time.sleep(1)
    return calls
";
    let run = Stage::new()
        .python("count", code)
        .task("flow", json!({"Resource": function_arn("count")}))
        .start("0s", "flow", json!({}))
        .start("0s", "flow", json!({}))
        .start("10s", "flow", json!({}))
        .run_python();
    let outputs: Vec<Json> = run.world.stepfunctions.records().iter().map(|record| record.output.clone()).collect();
    assert_eq!(outputs, [json!(1), json!(1), json!(2)]);
}

#[test]
fn every_run_begins_with_cold_environments() {
    let stage = Stage::new().python("count", COUNTER).task("flow", json!({"Resource": function_arn("count")})).start(
        "0s",
        "flow",
        json!({}),
    );
    let mut world = stage.load().world().expect("a world");
    for _ in 0..2 {
        world.run(Box::new(rehearsal::explore::strategies::Benign), 1, true).expect("a run");
        assert_eq!(world.stepfunctions.records()[0].output, json!({"calls": 1}));
    }
}
