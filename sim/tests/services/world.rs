//! The world: where a run begins and ends, what it judges, and in which order things happen.

use std::future::Future as _;
use std::task::Poll;

use rehearsal::explore::Strategy;
use rehearsal::explore::strategies::{Benign, Seeded, run_key};
use rehearsal::handlers::Registry;
use rehearsal::world::{FaultId, FaultPlan, Kind, LIVELOCK, Millis, Profile, Site};
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, OUTSIDE, Script, Stage, bus_arn, call, function_arn, machine_arn, put, raise};

fn endless(stage: Stage) -> Stage {
    let definition = json!({"StartAt": "Wait", "States": {
        "Wait": {"Type": "Wait", "Seconds": 3600, "Next": "Again"},
        "Again": {"Type": "Choice", "Choices": [{"Variable": "$.enough", "IsPresent": true, "Next": "Done"}], "Default": "Wait"},
        "Done": {"Type": "Succeed"},
    }});
    stage.machine("endless", definition).start("0s", "endless", json!({}))
}

#[test]
fn a_run_that_does_not_end_is_a_livelock_at_either_cap() {
    for (caps, at_ms) in [
        (json!({"steps": 100}), 98 * 3_600_000),
        (json!({"time": "1d"}), 86_400_000),
        (json!({"steps": 1_000_000, "time": "2d"}), 2 * 86_400_000),
    ] {
        let run = endless(Stage::new()).setting("caps", caps.clone()).run();
        let violation = run.outcome.violation.as_ref().expect("a verdict");
        assert_eq!(violation.invariant, None);
        assert!(violation.name.starts_with(LIVELOCK), "{}", violation.name);
        let at = violation.at.since_start();
        assert!((at_ms..at_ms + 3_700_000).contains(&at), "{caps}: {at}");
        assert!(run.tells("BROKEN: the run does not come to an end"), "{caps}");
    }
}

#[test]
fn an_endless_execution_meets_the_limit_of_its_history_before_the_worlds_caps() {
    let run = endless(Stage::new()).setting("caps", json!({"steps": 100_000, "time": "4000d"})).run();
    let cause = "The execution reached the maximum number of history events (25000).";
    assert_eq!(run.ends(), [format!("FAILED States.Runtime {cause}")]);
    assert_eq!(run.outcome.violation, None);
}

#[test]
fn what_must_always_hold_is_checked_before_anything_happens() {
    let run = endless(Stage::new())
        .setting("tables", json!({"Items": [{"id": "a", "count": -1}]}))
        .setting(
            "invariants",
            json!([{"name": "no count is negative", "always": "$count(tables.Items[count < 0]) = 0"}]),
        )
        .run();
    let violation = run.outcome.violation.expect("a verdict");
    assert_eq!((violation.invariant, &*violation.name, violation.at), (Some(0), "no count is negative", Millis::START));
    assert_eq!(run.outcome.steps, 0);
}

#[test]
fn what_must_always_hold_is_checked_after_every_change_and_what_must_hold_in_the_end_only_then() {
    let stage = |kind: &str| {
        Stage::new()
            .function("work")
            .handlers(|| {
                Registry::default().with("work", |context, _| async move {
                    for count in [1, -1, 2] {
                        put(&context, json!({"id": "a", "count": count})).await?;
                    }
                    Ok(Json::Null)
                })
            })
            .invoke("0s", "work", json!({}))
            .setting("invariants", json!([{"name": "positive", kind: "$count(tables.Items[count < 0]) = 0"}]))
    };
    let run = stage("always").run();
    let violation = run.outcome.violation.as_ref().expect("a verdict");
    assert_eq!(&*violation.name, "positive");
    assert_eq!(run.item("a").and_then(|item| item.get("count").cloned()), Some(json!(-1)), "the run stops there");
    assert_eq!(stage("eventually").run().outcome.violation, None);
}

#[test]
fn what_holds_sometimes_is_remembered_and_never_breaks_a_run() {
    let stage = Stage::new()
        .setting("tables", json!({"Items": [{"id": "a"}]}))
        .setting(
            "invariants",
            json!([
                {"name": "one", "sometimes": "$count(tables.Items) = 1"},
                {"name": "two", "sometimes": "$count(tables.Items) = 2"},
            ]),
        )
        .actor("0s", json!({"wait": "1s"}));
    let run = stage.run();
    assert_eq!(run.outcome.violation, None);
    assert_eq!(run.world.reached(), [true, false]);
}

/// Two functions that are invoked at the same time and each put a letter.
fn two_at_once() -> (Stage, Log) {
    let log = Log::default();
    let seen = log.clone();
    let stage = Stage::new()
        .function("first")
        .function("second")
        .handlers(move || log.echo(log.echo(Registry::default(), "first"), "second"))
        .invoke("0s", "first", json!("first"))
        .invoke("0s", "second", json!("second"));
    (stage, seen)
}

#[test]
fn a_deferred_entry_lets_the_next_one_go_first() {
    let (stage, log) = two_at_once();
    let run = stage.run();
    assert_eq!(log.lines(), ["\"first\"", "\"second\""]);
    assert_eq!(run.outcome.deviations, 0);

    let (stage, log) = two_at_once();
    let mut deferred = false;
    let run = stage.run_with(Script(move |site: &Site| {
        let defer = site.kind == Kind::Defer && !deferred;
        deferred |= defer;
        u32::from(defer)
    }));
    assert_eq!(log.lines(), ["\"second\"", "\"first\""]);
    let script = run.world.core.script();
    let sites: Vec<&str> = script.choices.iter().map(|choice| choice.site.as_str()).collect();
    assert_eq!(sites, ["actor1#1|lambda:Invoke|defer|0"]);
}

#[test]
fn an_entry_is_passed_over_only_so_often() {
    // Everything that can be deferred is: the run ends all the same, and the script says how.
    let (stage, log) = two_at_once();
    let run = stage.run_with(Script(|site: &Site| if site.kind == Kind::Defer { u32::MAX } else { 0 }));
    assert_eq!(run.outcome.violation, None);
    assert_eq!(log.lines(), ["\"second\"", "\"first\""]);
    assert!(run.outcome.deviations > 0);
}

#[test]
fn latency_moves_a_call_to_its_tails_unless_nothing_may_go_wrong() {
    for (alternative, rate_ppm, at) in [(0, 1, 20), (1, 1, 400), (2, 1, 2_500), (1, 0, 20), (2, 0, 20)] {
        let (stage, log) = two_at_once();
        let stage = stage.fault(FaultId::EbDup, rate_ppm);
        stage.run_with(Script(move |site: &Site| if site.kind == Kind::Latency { alternative } else { 0 }));
        assert_eq!(log.times(), [at, at]);
    }
}

#[test]
fn a_scripts_run_is_the_run_it_was_taken_from() {
    let stage = || {
        let (stage, _) = two_at_once();
        stage
            .task("flow", json!({"Resource": function_arn("first"), "Retry": [{"ErrorEquals": ["States.ALL"]}]}))
            .start("0s", "flow", json!({}))
            .harness()
            .faults(FaultPlan::of(Profile::Stress))
    };
    let harness = stage();
    let mut deviating = 0;
    for seed in 0..40 {
        let run = harness.run(seed).expect("a run");
        let script = run.world.core.script();
        let again = stage().replay(seed, &script).expect("a run");
        assert_eq!(again.outcome, run.outcome, "seed {seed}");
        assert!(again.unused.is_empty(), "seed {seed}: {:?}", again.unused);
        deviating += usize::from(run.outcome.deviations > 0);
    }
    assert!(deviating > 10, "{deviating}");
}

#[test]
fn recording_changes_nothing_and_a_world_can_run_again() {
    let (stage, _) = two_at_once();
    let harness = stage.harness().faults(FaultPlan::of(Profile::Stress)).strategy(Strategy::Random);
    let mut world = harness.world().expect("a world");
    for seed in [3, 4, 3] {
        let quiet = world.run(Box::new(Seeded::new(seed)), run_key(seed), false).expect("a run");
        let recorded = harness.run(seed).expect("a run").outcome;
        assert_eq!(quiet, recorded, "seed {seed}");
    }
}

/// A function that every minute finishes what is pending.
fn janitor(stage: Stage, log: &Log) -> Stage {
    let log = log.clone();
    stage
        .function("janitor")
        .function("work")
        .permit("janitor")
        .schedule("Minutely", "rate(1 minute)", json!([{"Id": "one", "Arn": function_arn("janitor")}]))
        .handlers(move || {
            let log = log.clone();
            Registry::default()
                .with("work", |context, _| async move {
                    put(&context, json!({"id": "a", "status": "pending"})).await?;
                    raise("Broken", "before it is done")
                })
                .with("janitor", move |context, _| {
                    log.note(&context, "tick");
                    async move {
                        let scan = call(&context, "dynamodb", "Scan", json!({"TableName": "Items"})).await?;
                        let items = scan.get("Items").and_then(Json::as_array).unwrap_or_default();
                        let pending = json!({"S": "pending"});
                        if items.iter().any(|item| item.get("status") == Some(&pending)) {
                            put(&context, json!({"id": "a", "status": "done"})).await?;
                        }
                        Ok(Json::Null)
                    }
                })
        })
        .invoke("150s", "work", json!({}))
        .setting(
            "invariants",
            json!([{"name": "nothing is pending", "eventually": "$count(tables.Items[status = 'pending']) = 0"}]),
        )
}

#[test]
fn schedules_go_on_after_the_workload_until_everything_is_settled() {
    let log = Log::default();
    let run = janitor(Stage::new(), &log).run();
    assert_eq!(run.outcome.violation, None);
    assert_eq!(run.item("a"), Some(json!({"id": "a", "status": "done"})));
    assert!(run.outcome.virtual_ms > 180_000);
}

#[test]
fn faults_stop_some_time_after_the_workload_so_that_what_cleans_up_can_succeed() {
    let log = Log::default();
    // No invocation through a schedule ever gets through while the faults are on.
    let run = janitor(Stage::new(), &log).struck_by(FaultId::LaCrashMid, 1, u32::MAX);
    // The workload's own function is killed before it stores anything, and so is every janitor: nothing is pending.
    assert!(run.struck(FaultId::LaCrashMid) > 3, "{}", run.struck(FaultId::LaCrashMid));
    let crashes: Vec<u64> = moments(&run, FaultId::LaCrashMid);
    let last_ms = crashes.iter().copied().max().expect("it struck");
    assert!((300_000..600_000).contains(&last_ms), "{last_ms}");
    let after = log.times().into_iter().filter(|at| *at > last_ms + 60_000).count();
    assert!(after > 0, "the schedule goes on without faults");
    assert_eq!(run.outcome.violation, None);
}

fn moments(run: &rehearsal::harness::Run, fault: FaultId) -> Vec<u64> {
    let timeline = run.world.core.trace().timeline().iter();
    timeline.filter(|moment| moment.fault == Some(fault)).map(|moment| moment.at.since_start()).collect()
}

#[test]
fn a_schedule_that_always_has_something_to_do_does_not_keep_a_run_from_ending() {
    let run = Stage::new()
        // Longer than the period, so that there is always an execution under way.
        .machine("flow", json!({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 150, "End": true}}}))
        .schedule("Minutely", "rate(1 minute)", json!([{"Id": "one", "Arn": machine_arn("flow"), "RoleArn": OUTSIDE}]))
        .actor("0s", json!({"wait": "10m"}))
        .run();
    assert_eq!(run.outcome.violation, None);
    assert!(run.ends().len() > 10);
    assert!(run.ends().iter().all(|end| end == "SUCCEEDED"), "what was begun is finished");
    assert!(run.outcome.virtual_ms < 3_600_000, "{}", run.outcome.virtual_ms);
}

#[test]
fn a_handler_that_waits_for_something_else_than_the_world_is_named() {
    let stage = Stage::new()
        .function("stuck")
        .handlers(|| {
            Registry::default().with("stuck", |_, _| async {
                std::future::pending::<()>().await;
                Ok(Json::Null)
            })
        })
        .invoke("0s", "stuck", json!({}));
    let error = stage.harness().run(0).err().expect("it cannot be run");
    let expected =
        "the native handler of 'stuck' waits for something that is not the world; await only what its Context offers";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_handler_that_asks_for_two_things_at_once_is_named() {
    let stage = Stage::new()
        .function("hasty")
        .handlers(|| {
            Registry::default().with("hasty", |context, _| async move {
                let (mut one, mut two) = (Box::pin(context.sleep_ms(1)), Box::pin(context.sleep_ms(2)));
                std::future::poll_fn(|waker| {
                    let ready = [one.as_mut().poll(waker).is_ready(), two.as_mut().poll(waker).is_ready()];
                    if ready == [true; 2] { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                Ok(Json::Null)
            })
        })
        .invoke("0s", "hasty", json!({}));
    let error = stage.harness().run(0).err().expect("it cannot be run");
    let expected = "the native handler of 'hasty' asks the world for several things at once; await one after the other";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn a_function_without_a_handler_is_named_when_it_is_invoked() {
    let stage = Stage::new().function("missing").invoke("0s", "missing", json!({}));
    let error = stage.harness().run(0).err().expect("it cannot be run");
    assert_eq!(error.to_string(), "the function 'missing' has no native handler; register one under this name");
}

#[test]
fn a_handlers_random_number_is_a_decision_and_its_ids_are_not() {
    let run = |alternative: u32, seed: u64| {
        let log = Log::default();
        let seen = log.clone();
        Stage::new()
            .function("draw")
            .handlers(move || {
                let log = log.clone();
                Registry::default().with("draw", move |context, _| {
                    let log = log.clone();
                    async move {
                        log.note(&context, format!("{:.3}", context.random().await));
                        log.note(&context, context.uuid4());
                        log.note(&context, context.uuid4());
                        Ok(Json::Null)
                    }
                })
            })
            .invoke("0s", "draw", json!({}))
            .seed(seed)
            .harness()
            .run_with(
                run_key(seed),
                Box::new(Script(move |site: &Site| if site.kind == Kind::Random { alternative } else { 0 })),
            )
            .expect("a run");
        seen.lines()
    };
    let (calm, low, high) = (run(0, 0), run(1, 0), run(2, 0));
    assert_eq!((&*low[0], &*high[0]), ("0.001", "0.999"));
    assert!(calm[0] != low[0] && calm[0] != high[0]);
    assert_eq!((&calm[1..], &low[1..]), (&low[1..], &high[1..]), "ids are the same whatever is drawn");
    assert_ne!(calm[1], calm[2]);
    assert_ne!(calm[1], run(0, 1)[1], "another seed, other ids");
}

#[test]
fn an_actor_takes_its_steps_one_after_the_other() {
    let log = Log::default();
    let seen = log.clone();
    Stage::new()
        .function("slow")
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("slow", move |context, _| {
                log.note(&context, "begins");
                async move {
                    context.sleep_ms(1_000).await;
                    raise("Broken", "an actor goes on whatever it hears")
                }
            })
        })
        .actor_of("1s", json!([{"invoke": {"function": "slow"}}, {"wait": "5s"}, {"invoke": {"function": "slow"}}]))
        .run_with(Benign);
    assert_eq!(seen.times(), [1_020, 1_020 + 1_000 + 5_000 + 20]);
}

/// A bit of everything: events that start executions, on two buses; a map, a callback, a schedule, retries.
fn busy() -> Stage {
    let token = json!({"FunctionName": "approve", "Payload": {"token.$": "$$.Task.Token"}});
    let retry =
        json!([{"ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 3, "JitterStrategy": "FULL"}]);
    let one = json!({"StartAt": "One", "States": {"One": {"Type": "Task", "Resource": function_arn("work"), "Retry": retry, "End": true}}});
    let definition = json!({"TimeoutSeconds": 7200, "StartAt": "Each", "States": {
        "Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": one, "ResultPath": "$.each", "Next": "Approve",
                 "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Tell"}]},
        "Approve": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "Parameters": token,
                    "HeartbeatSeconds": 60, "ResultPath": "$.approved", "Retry": retry, "Next": "Tell"},
        "Tell": {"Type": "Task", "Resource": "arn:aws:states:::events:putEvents", "Retry": retry, "End": true,
                 "Parameters": {"Entries": [{"Source": "flow", "DetailType": "Done", "Detail": {}}]}},
    }});
    let machine = json!([{"Id": "one", "Arn": machine_arn("flow"), "RoleArn": OUTSIDE, "InputPath": "$.detail"}]);
    let function = |name: &str| json!([{"Id": "one", "Arn": function_arn(name), "InputPath": "$.detail"}]);
    let mut stage = Stage::new()
        .bus("shop")
        .function("work")
        .function("approve")
        .permit("work")
        .machine("flow", definition)
        .rule("Orders", "shop", "till", machine)
        .rule("Copies", "shop", "till", json!([{"Id": "one", "Arn": bus_arn("default"), "RoleArn": OUTSIDE}]))
        .rule("Done", "default", "flow", function("work"))
        .schedule("Minutely", "rate(1 minute)", function("work"))
        .handlers(|| {
            Registry::default()
                .with("work", |context, event| async move {
                    if context.random().await > 0.9 {
                        return raise("Unlucky", "try again");
                    }
                    put(&context, json!({"id": context.uuid4(), "event": event.to_string()})).await?;
                    Ok(event)
                })
                .with("approve", |context, event| async move {
                    let answer = json!({"taskToken": event.get("token"), "output": "{}"});
                    call(&context, "stepfunctions", "SendTaskSuccess", answer).await?;
                    Ok(Json::Null)
                })
        });
    for number in 0..3 {
        stage = stage.event("0s..5s", "shop", "till", json!({"items": [1, 2, 3], "order": number}));
    }
    stage
}

#[test]
fn a_world_under_every_fault_always_comes_to_an_end() {
    let stage = busy();
    for rate_ppm in [10_000, 100_000, 500_000, 1_000_000] {
        let mut plan = FaultPlan::of(Profile::None);
        for fault in FaultId::ALL {
            plan.set(*fault, rate_ppm);
        }
        let harness = stage.harness().faults(plan);
        let mut started = 0;
        for seed in 0..40 {
            let run = harness.run(seed).expect("a run");
            assert_eq!(run.outcome.violation, None, "{rate_ppm} ppm, seed {seed}");
            let running = run.ends().iter().filter(|end| *end == "RUNNING").count();
            assert_eq!(running, 0, "{rate_ppm} ppm, seed {seed}");
            started += run.ends().len();
        }
        assert!(started > 0 || rate_ppm == 1_000_000, "{rate_ppm} ppm");
    }
}

#[test]
fn a_seed_gives_the_same_run_on_any_thread() {
    let (stage, _) = two_at_once();
    let stage = stage.seed(7).fault(FaultId::LaThrottle, 500_000);
    let here = stage.run_seeded().outcome;
    let there = std::thread::spawn(move || stage.run_seeded().outcome).join().expect("a run");
    assert_eq!(here, there);
}
