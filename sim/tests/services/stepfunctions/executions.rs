//! Executions from their start to their end: retries, timeouts, branches, stops, and what others see of them.

use rehearsal::handlers::Registry;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, call, function_arn, machine_arn, outcome_text, put, raise, since_start};

#[test]
fn retries_wait_their_backoff_in_virtual_time_and_exhaustion_goes_to_the_catcher() {
    let log = Log::default();
    let seen = log.clone();
    let retry = json!([{"ErrorEquals": ["Declined"], "IntervalSeconds": 2, "MaxAttempts": 3, "BackoffRate": 3}]);
    let definition = json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": function_arn("broken"), "End": true, "Retry": retry,
                 "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Caught"}]},
        "Caught": {"Type": "Pass", "End": true},
    }});
    let run = Stage::new()
        .function("broken")
        .machine("flow", definition)
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("broken", move |context, _| {
                log.note(&context, "try");
                async { raise("Declined", "no") }
            })
        })
        .start("0s", "flow", json!({"kept": true}))
        .run();
    // A call of a function takes 20 ms to arrive.
    assert_eq!(seen.gaps(), [2_020, 6_020, 18_020]);
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    let output = &run.execution(0).output;
    assert_eq!(output.get("kept"), Some(&json!(true)));
    assert_eq!(output.get("error").and_then(|error| error.get("Error")), Some(&json!("Declined")));
}

#[test]
fn a_task_times_out_while_its_function_goes_on_and_the_late_answer_changes_nothing() {
    let definition = json!({"StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": function_arn("slow"), "TimeoutSeconds": 1, "End": true,
                 "Catch": [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]},
        "Late": {"Type": "Wait", "Seconds": 60, "End": true},
    }});
    let run = Stage::new()
        .function_with("slow", json!({"Timeout": 30}))
        .machine("flow", definition)
        .handlers(|| {
            Registry::default().with("slow", |context, _| async move {
                context.sleep_ms(5_000).await;
                put(&context, json!({"id": "done late"})).await.expect("stored");
                Ok(json!("too late"))
            })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    assert_eq!(run.execution(0).output, json!({"Error": "States.Timeout", "Cause": ""}));
    assert_eq!(run.ids(), ["done late"]);
    let history = run.history(0);
    assert!(history.contains(&"LambdaFunctionTimedOut".to_owned()), "{history:?}");
    assert!(!history.contains(&"LambdaFunctionSucceeded".to_owned()), "{history:?}");
}

#[test]
fn an_execution_past_its_timeout_is_timed_out_without_error_and_no_catcher_runs() {
    let definition = json!({"TimeoutSeconds": 3, "StartAt": "Work", "States": {
        "Work": {"Type": "Task", "Resource": function_arn("slow"), "End": true,
                 "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]},
        "Caught": {"Type": "Pass", "End": true},
    }});
    let run = Stage::new()
        .function_with("slow", json!({"Timeout": 30}))
        .machine("flow", definition)
        .handlers(|| {
            Registry::default().with("slow", |context, _| async move {
                context.sleep_ms(10_000).await;
                put(&context, json!({"id": "after"})).await.expect("stored");
                Ok(Json::Null)
            })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.ends(), ["TIMED_OUT"]);
    let record = run.execution(0);
    assert_eq!(since_start(record.stopped) - record.started.since_start(), 3_000);
    assert_eq!(run.history(0).last().map(String::as_str), Some("ExecutionTimedOut"));
    assert_eq!(run.ids(), ["after"]);
}

#[test]
fn a_stopped_execution_is_aborted_and_its_function_goes_on() {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new()
        .function_with("slow", json!({"Timeout": 30}))
        .function("operator")
        .task("flow", json!({"Resource": function_arn("slow")}))
        .handlers(move || {
            let log = log.clone();
            Registry::default()
                .with("slow", |context, _| async move {
                    context.sleep_ms(10_000).await;
                    put(&context, json!({"id": "after"})).await.expect("stored");
                    Ok(Json::Null)
                })
                .with("operator", move |context, _| {
                    let log = log.clone();
                    async move {
                        let arn = "arn:aws:states:us-east-1:111111111111:execution:flow:it";
                        let stop = json!({"executionArn": arn, "error": "Enough", "cause": "by hand"});
                        for (operation, parameters) in [
                            ("DescribeExecution", json!({"executionArn": arn})),
                            ("StopExecution", stop),
                            ("DescribeExecution", json!({"executionArn": arn})),
                            ("DescribeExecution", json!({"executionArn": format!("{arn}-else")})),
                        ] {
                            let answer = call(&context, "stepfunctions", operation, parameters).await;
                            log.note(&context, outcome_text(answer));
                        }
                        Ok(Json::Null)
                    }
                })
        })
        .actor("0s", json!({"start_execution": {"state_machine": "flow", "name": "it", "input": {"n": 1}}}))
        .invoke("1s", "operator", json!({}))
        .run();
    assert_eq!(run.ends(), ["ABORTED Enough by hand"]);
    assert_eq!(run.history(0).last().map(String::as_str), Some("ExecutionAborted"));
    assert_eq!(run.ids(), ["after"]);
    let lines = seen.lines();
    let described = Json::parse(&lines[0]).expect("JSON");
    let arn = "arn:aws:states:us-east-1:111111111111:execution:flow:it";
    let expected = json!({
        "executionArn": arn, "stateMachineArn": machine_arn("flow"), "name": "it", "status": "RUNNING",
        "startDate": (described.get("startDate")), "input": "{\"n\":1}", "inputDetails": {"included": true},
        "redriveCount": 0, "redriveStatus": "NOT_REDRIVABLE",
        "redriveStatusReason": "Execution is RUNNING and cannot be redriven",
    });
    assert_eq!(described, expected);
    let described = Json::parse(&lines[2]).expect("JSON");
    assert_eq!(described.get("status"), Some(&json!("ABORTED")));
    assert_eq!(described.get("error"), Some(&json!("Enough")));
    assert_eq!(described.get("cause"), Some(&json!("by hand")));
    assert!(described.get("stopDate").is_some() && described.get("output").is_none(), "{described}");
    assert_eq!(lines[3], format!("ExecutionDoesNotExist: Execution Does Not Exist: '{arn}-else'"));
}

#[test]
fn a_name_makes_a_start_idempotent_only_while_it_runs_and_only_with_the_same_input() {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new()
        .function_with("starter", json!({"Timeout": 60}))
        .machine("flow", json!({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 10, "End": true}}}))
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("starter", move |context, _| {
                let log = log.clone();
                async move {
                    for (wait_ms, input) in [
                        (0, "{\"n\":1}"),
                        (1_000, "{\"n\": 1}"),
                        (0, "{\"n\":2}"),
                        (15_000, "{\"n\":1}"),
                        (0, "nonsense"),
                    ] {
                        context.sleep_ms(wait_ms).await;
                        let start = json!({"stateMachineArn": machine_arn("flow"), "name": "order-1", "input": input});
                        let answer = call(&context, "stepfunctions", "StartExecution", start).await;
                        log.note(&context, outcome_text(answer));
                    }
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "starter", json!({}))
        .run();
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    let lines = seen.lines();
    assert_eq!(lines[0], lines[1], "the same ARN and the same start date");
    let exists = "ExecutionAlreadyExists: Execution Already Exists: 'arn:aws:states:us-east-1:111111111111:execution:flow:order-1'";
    assert_eq!(lines[2], exists);
    assert_eq!(lines[3], exists);
    assert!(lines[4].starts_with("InvalidExecutionInput: Invalid State Machine Execution Input: '"), "{}", lines[4]);
}

#[test]
fn a_name_that_aws_does_not_take_is_refused() {
    let long = "x".repeat(81);
    for name in ["order 1", "order#1", "a:b", "", &long] {
        let run = Stage::new()
            .function("starter")
            .machine("flow", json!({"StartAt": "Done", "States": {"Done": {"Type": "Succeed"}}}))
            .handlers(|| {
                Registry::default().with("starter", |context, event| async move {
                    let start = json!({"stateMachineArn": machine_arn("flow"), "name": event.get("name")});
                    Ok(outcome_text(call(&context, "stepfunctions", "StartExecution", start).await).into())
                })
            })
            .invoke("0s", "starter", json!({"name": name}))
            .run();
        assert_eq!(run.ends(), [""; 0], "{name}");
        assert!(run.tells(&format!("InvalidName: Invalid Name: '{name}'")), "{name}");
    }
}

#[test]
fn tasks_of_parallel_branches_and_iterations_interleave() {
    let branch = |name: &str| {
        let state = json!({"Type": "Task", "Resource": function_arn("slow"), "Parameters": {"who": name}, "End": true});
        json!({"StartAt": name, "States": {name: state}})
    };
    let item = json!({"Type": "Task", "Resource": function_arn("slow"), "Parameters": {"who.$": "$"}, "End": true});
    let definitions = [
        json!({"StartAt": "Both", "States": {"Both": {"Type": "Parallel", "Branches": [branch("a"), branch("b")], "End": true}}}),
        json!({"StartAt": "Each", "States": {"Each": {"Type": "Map", "End": true,
            "ItemProcessor": {"StartAt": "One", "States": {"One": item}}}}}),
    ];
    for definition in definitions {
        let log = Log::default();
        let seen = log.clone();
        let run = Stage::new()
            .function("slow")
            .machine("flow", definition)
            .handlers(move || {
                let log = log.clone();
                Registry::default().with("slow", move |context, event| {
                    let log = log.clone();
                    async move {
                        let who = event.get("who").and_then(Json::as_str).expect("a name").to_owned();
                        log.note(&context, format!("{who} begins"));
                        context.sleep_ms(if who == "a" { 900 } else { 400 }).await;
                        log.note(&context, format!("{who} ends"));
                        Ok(who.into())
                    }
                })
            })
            .start("0s", "flow", json!(["a", "b"]))
            .run();
        assert_eq!(run.execution(0).output, json!(["a", "b"]), "results stand in the order of branches and items");
        assert_eq!(seen.lines(), ["a begins", "b begins", "b ends", "a ends"]);
    }
}

#[test]
fn a_failed_branch_ends_the_others_but_not_what_they_called() {
    let branch = |name: &str, function: &str| {
        let state = json!({"Type": "Task", "Resource": function_arn(function), "End": true});
        json!({"StartAt": name, "States": {name: state}})
    };
    let both = json!({"Type": "Parallel", "Branches": [branch("a", "slow"), branch("b", "broken")], "End": true});
    let run = Stage::new()
        .function("slow")
        .function("broken")
        .machine("flow", json!({"StartAt": "Both", "States": {"Both": both}}))
        .handlers(|| {
            Registry::default()
                .with("slow", |context, _| async move {
                    context.sleep_ms(1_000).await;
                    put(&context, json!({"id": "sibling"})).await.expect("stored");
                    Ok(Json::Null)
                })
                .with("broken", |_, _| async { raise("Declined", "no") })
        })
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.execution(0).error.as_deref(), Some("Declined"));
    assert!(since_start(run.execution(0).stopped) < 500);
    assert_eq!(run.ids(), ["sibling"]);
}

#[test]
fn a_wait_of_days_takes_no_wall_time() {
    let definition =
        json!({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": 8_640_000, "End": true}}});
    let begun = std::time::Instant::now();
    let run = Stage::new().machine("flow", definition).start("0s", "flow", json!({})).run();
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    let record = run.execution(0);
    assert_eq!(since_start(record.stopped) - record.started.since_start(), 8_640_000_000);
    // A hundred days; the bound is wide because machines are busy.
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn an_express_machine_runs_but_tells_the_bus_nothing_and_ends_after_five_minutes() {
    let definition = |seconds: u32| json!({"StartAt": "Wait", "States": {"Wait": {"Type": "Wait", "Seconds": seconds, "End": true}}});
    let express = json!({"StateMachineType": "EXPRESS"});
    let run = status_changes(Stage::new())
        .machine_with("quick", definition(1), express.clone())
        .machine_with("endless", definition(1_000), express)
        .actor("0s", json!({"start_execution": {"state_machine": "quick", "name": "same"}}))
        .actor("0s", json!({"start_execution": {"state_machine": "quick", "name": "same"}}))
        .start("0s", "endless", json!({}))
        .run();
    assert_eq!(run.ends(), ["SUCCEEDED", "SUCCEEDED", "TIMED_OUT"], "a name does not make an Express start idempotent");
    let arns: Vec<&str> = run.world.stepfunctions.records().iter().map(|record| &*record.arn).collect();
    let head = "arn:aws:states:us-east-1:111111111111:express:quick:same:";
    assert!(arns[0].starts_with(head) && arns[1].starts_with(head) && arns[0] != arns[1], "{arns:?}");
    let endless = run.execution(2);
    assert_eq!(since_start(endless.stopped) - endless.started.since_start(), 300_000);
    assert_eq!(run.accepted(), [""; 0]);
}

/// A rule for status changes that invokes `watch`, which puts every event's status into the table.
fn status_changes(stage: Stage) -> Stage {
    let pattern = json!({"source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"]});
    let targets = json!([{"Id": "watch", "Arn": {"Fn::GetAtt": ["watch", "Arn"]}}]);
    stage
        .function("watch")
        .permit("watch")
        .resource("Changes", "AWS::Events::Rule", json!({"Name": "Changes", "EventPattern": pattern, "Targets": targets}))
        .handlers(|| {
            Registry::default()
                .with("watch", |context, event| async move {
                    let detail = event.get("detail").cloned().unwrap_or_default();
                    let member = |key: &str| detail.get(key).cloned().unwrap_or_default();
                    let name = member("name").as_str().unwrap_or_default().to_owned();
                    let status = member("status").as_str().unwrap_or_default().to_owned();
                    let item = json!({"id": format!("{name} {status}"), "resources": event.get("resources"), "detail": detail.to_string()});
                    put(&context, item).await.expect("stored");
                    Ok(Json::Null)
                })
                .with("broken", |_, _| async { raise("Declined", "no") })
        })
}

#[test]
fn status_changes_reach_a_rule_on_the_default_bus() {
    let stage = status_changes(Stage::new())
        .function("broken")
        .machine(
            "good",
            json!({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": {"x": 1}, "End": true}}}),
        )
        .task("bad", json!({"Resource": function_arn("broken")}))
        .machine(
            "slow",
            json!({"TimeoutSeconds": 5, "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}}),
        )
        .actor("0s", json!({"start_execution": {"state_machine": "good", "name": "g", "input": {"n": 1}}}))
        .actor("0s", json!({"start_execution": {"state_machine": "bad", "name": "b"}}))
        .actor("0s", json!({"start_execution": {"state_machine": "slow", "name": "s"}}))
        .actor("0s", json!({"start_execution": {"state_machine": "slow", "name": "stopped"}}))
        .actor(
            "2s",
            json!({"stop_execution": {"execution": "arn:aws:states:us-east-1:111111111111:execution:slow:stopped"}}),
        );
    let run = stage.run();
    let expected = [
        "b FAILED",
        "b RUNNING",
        "g RUNNING",
        "g SUCCEEDED",
        "s RUNNING",
        "s TIMED_OUT",
        "stopped ABORTED",
        "stopped RUNNING",
    ];
    let mut ids = run.ids();
    ids.sort();
    assert_eq!(ids, expected);
    let detail = |id: &str| {
        let item = run.item(id).expect("an event");
        Json::parse(item.get("detail").and_then(Json::as_str).expect("a detail")).expect("JSON")
    };
    let arn = "arn:aws:states:us-east-1:111111111111:execution:good:g";
    let running = detail("g RUNNING");
    let succeeded = detail("g SUCCEEDED");
    for (event, key, value) in [
        (&running, "executionArn", json!(arn)),
        (&running, "stateMachineArn", json!(machine_arn("good"))),
        (&running, "input", json!("{\"n\":1}")),
        (&running, "output", Json::Null),
        (&running, "stopDate", Json::Null),
        (&running, "redriveStatus", json!("NOT_REDRIVABLE")),
        (&succeeded, "output", json!("{\"x\":1}")),
        (&running, "redriveStatusReason", json!("Execution is RUNNING and cannot be redriven")),
        (&running, "inputDetails", json!({"included": true})),
        (&running, "outputDetails", Json::Null),
        (&succeeded, "redriveStatus", json!("NOT_REDRIVABLE")),
        (&succeeded, "redriveStatusReason", json!("Execution is SUCCEEDED and cannot be redriven")),
        (&succeeded, "outputDetails", json!({"included": true})),
        (&detail("b FAILED"), "redriveStatusReason", Json::Null),
        (&detail("b FAILED"), "error", json!("Declined")),
        (&detail("b FAILED"), "redriveStatus", json!("REDRIVABLE")),
        (&detail("s TIMED_OUT"), "error", Json::Null),
    ] {
        assert_eq!(event.get(key), Some(&value), "{key} of {event}");
    }
    assert!(running.get("startDate").and_then(Json::as_i64).is_some_and(|at| at > 1_700_000_000_000), "{running}");
    assert_eq!(run.item("g RUNNING").and_then(|item| item.get("resources").cloned()), Some(json!([arn])));
}

#[test]
fn a_status_change_leaves_a_large_payload_out() {
    // Every quote counts twice, since the payload is a text in the event.
    let quotes = |count: usize| Json::from(vec![Json::from(""); count]);
    let run = status_changes(Stage::new())
        .machine("good", json!({"StartAt": "Done", "States": {"Done": {"Type": "Pass", "Result": 1, "End": true}}}))
        .actor("0s", json!({"start_execution": {"state_machine": "good", "name": "small", "input": (quotes(50_000))}}))
        .actor("0s", json!({"start_execution": {"state_machine": "good", "name": "large", "input": (quotes(51_000))}}))
        .run();
    for (name, included) in [("small", true), ("large", false)] {
        let events = run.world.eventbridge.accepted().iter().map(|one| &one.event.detail);
        let of_name = |detail: &&Json| detail.get("name") == Some(&json!(name));
        let details: Vec<&Json> = events.filter(of_name).collect();
        assert_eq!(details.len(), 2, "{name}");
        for detail in details {
            assert_eq!(detail.get("input").is_some_and(|input| input.as_str().is_some()), included, "{name}");
            assert_eq!(detail.get("inputDetails"), Some(&json!({"included": included})), "{name}");
        }
    }
}
