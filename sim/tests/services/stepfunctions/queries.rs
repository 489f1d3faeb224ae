//! What handlers can ask Step Functions about executions, with pages, filters and errors.

use rehearsal::handlers::Registry;
use rehearsal::world::{FaultPlan, Profile};
use rehearsal_engine::{Json, json};

use crate::support::{Log, Stage, call, machine_arn, merged, outcome_text};

fn execution_arn(name: &str) -> String {
    machine_arn("flow").replace(":stateMachine:", ":execution:") + ":" + name
}

/// Executions `a` (succeeds), `b` (fails) and `c` of a machine that fails where its input says so; then an operator asks.
fn asked(questions: &[(&'static str, Json)]) -> (Vec<Json>, Stage) {
    let log = Log::default();
    let seen = log.clone();
    let definition = json!({
        "StartAt": "Bad?",
        "States": {
            "Bad?": {
                "Type": "Choice",
                "Choices": [{"Variable": "$.bad", "BooleanEquals": true, "Next": "Broken"}],
                "Default": "Done",
            },
            "Broken": {"Type": "Fail", "Error": "Broken", "Cause": "by hand"},
            "Done": {"Type": "Succeed"},
        },
    });
    let questions = questions.to_vec();
    let start = |name: &str, bad: bool| json!({"start_execution": {"state_machine": "flow", "name": name, "input": {"bad": bad}}});
    let stage = Stage::new()
        .function("ask")
        .machine("flow", definition)
        .handlers(move || {
            let (log, questions) = (log.clone(), questions.clone());
            Registry::default().with("ask", move |context, _| {
                let (log, questions) = (log.clone(), questions.clone());
                async move {
                    for (operation, with) in questions {
                        let answer = call(&context, "stepfunctions", operation, with).await;
                        log.note(&context, outcome_text(answer));
                    }
                    Ok(Json::Null)
                }
            })
        })
        .actor_of("0s", json!([start("a", false), start("b", true), start("c", false)]))
        .invoke("10s", "ask", json!({}));
    stage.run();
    let lines = seen.lines().into_iter();
    (lines.map(|line| Json::parse(&line).unwrap_or(Json::String(line.into()))).collect(), stage)
}

fn names(answer: &Json) -> Vec<String> {
    let executions = answer.get("executions").and_then(Json::as_array).unwrap_or_default();
    executions.iter().filter_map(|one| one.get("name").and_then(Json::as_str).map(str::to_owned)).collect()
}

#[test]
fn executions_are_listed_latest_first_in_pages_and_by_status() {
    let list = |more: Json| ("ListExecutions", merged(json!({"stateMachineArn": machine_arn("flow")}), more));
    let (answers, _) = asked(&[
        list(json!({})),
        list(json!({"maxResults": 2})),
        list(json!({"statusFilter": "FAILED"})),
        list(json!({"statusFilter": "BROKEN"})),
        list(json!({"nextToken": "garbage"})),
        ("ListExecutions", json!({"stateMachineArn": "arn:aws:states:us-east-1:111111111111:stateMachine:none"})),
    ]);
    assert_eq!(names(&answers[0]), ["c", "b", "a"]);
    assert_eq!(names(&answers[1]), ["c", "b"]);
    let token = answers[1].get("nextToken").cloned().expect("a token");
    assert_eq!(names(&answers[2]), ["b"]);
    let errors: Vec<String> = answers[3..].iter().map(ToString::to_string).collect();
    assert!(errors[0].contains("ValidationException"), "{errors:?}");
    assert!(errors[1].contains("InvalidToken: Invalid Token"), "{errors:?}");
    assert!(errors[2].contains("StateMachineDoesNotExist"), "{errors:?}");
    let (answers, _) = asked(&[list(json!({"maxResults": 2, "nextToken": token}))]);
    assert_eq!(names(&answers[0]), ["a"]);
    assert_eq!(answers[0].get("nextToken"), None);
}

#[test]
fn a_history_is_there_whether_the_run_keeps_histories_or_not() {
    let ask = |more: Json| ("GetExecutionHistory", merged(json!({"executionArn": execution_arn("b")}), more));
    let (answers, stage) = asked(&[
        ask(json!({})),
        ask(json!({"maxResults": 2})),
        ask(json!({"reverseOrder": true, "maxResults": 1})),
        ("GetExecutionHistory", json!({"executionArn": execution_arn("none")})),
    ]);
    let types = |answer: &Json| {
        let events = answer.get("events").and_then(Json::as_array).unwrap_or_default();
        events
            .iter()
            .filter_map(|event| event.get("type").and_then(Json::as_str).map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        types(&answers[0]),
        ["ExecutionStarted", "ChoiceStateEntered", "ChoiceStateExited", "FailStateEntered", "ExecutionFailed"]
    );
    assert_eq!(types(&answers[1]), ["ExecutionStarted", "ChoiceStateEntered"]);
    assert!(answers[1].get("nextToken").is_some());
    assert_eq!(types(&answers[2]), ["ExecutionFailed"]);
    assert!(answers[3].to_string().contains("ExecutionDoesNotExist"), "{}", answers[3]);
    // What a handler is told does not depend on whether somebody looks at the run: the traces are the same.
    let mut world = stage
        .load()
        .faults(FaultPlan::of(Profile::None))
        .native(|| {
            Registry::default().with("ask", |context, _| async move {
                let asked =
                    call(&context, "stepfunctions", "GetExecutionHistory", json!({"executionArn": execution_arn("b")}))
                        .await;
                Ok(asked.unwrap_or_default())
            })
        })
        .world()
        .expect("a world");
    let hash = |world: &mut rehearsal::world::World, recorded| {
        let decisions = Box::new(rehearsal::explore::strategies::Benign);
        world.run(decisions, 7, recorded).expect("handlers that run").trace_hash
    };
    assert_eq!(hash(&mut world, true), hash(&mut world, false));
}

#[test]
fn a_failed_execution_is_redriven_and_others_are_refused() {
    let (answers, _) = asked(&[
        ("RedriveExecution", json!({"executionArn": execution_arn("a")})),
        ("RedriveExecution", json!({"executionArn": execution_arn("b")})),
        ("DescribeExecution", json!({"executionArn": execution_arn("b")})),
    ]);
    let refused = answers[0].to_string();
    assert!(refused.contains("ExecutionNotRedrivable: Execution is SUCCEEDED and cannot be redriven"), "{refused}");
    assert!(answers[1].get("redriveDate").is_some(), "{}", answers[1]);
    assert_eq!(answers[2].get("redriveCount"), Some(&json!(1)));
    assert_eq!(answers[2].get("status"), Some(&json!("FAILED")));
}

#[test]
fn a_machine_is_described_with_its_definition() {
    let (answers, _) = asked(&[
        ("DescribeStateMachine", json!({"stateMachineArn": machine_arn("flow")})),
        ("ListStateMachines", json!({})),
        ("StartSyncExecution", json!({"stateMachineArn": machine_arn("flow")})),
    ]);
    let definition = answers[0].get("definition").and_then(Json::as_str).expect("a definition");
    assert_eq!(Json::parse(definition).expect("JSON").get("StartAt"), Some(&json!("Bad?")));
    assert_eq!(answers[0].get("type"), Some(&json!("STANDARD")));
    assert_eq!(answers[1].get("stateMachines").and_then(Json::as_array).map(<[Json]>::len), Some(1));
    assert!(answers[2].to_string().contains("StateMachineTypeNotSupported"), "{}", answers[2]);
}

#[test]
fn a_synchronous_express_execution_answers_with_its_end() {
    let log = Log::default();
    let seen = log.clone();
    let definition = json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 3, "End": true}}});
    Stage::new()
        .function_with("ask", json!({"Timeout": 10}))
        .machine_with("quick", definition, json!({"StateMachineType": "EXPRESS"}))
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("ask", move |context, _| {
                let log = log.clone();
                async move {
                    let with = json!({"stateMachineArn": machine_arn("quick"), "input": "{\"a\":1}"});
                    let answer = call(&context, "stepfunctions", "StartSyncExecution", with).await?;
                    let member = |name: &str| answer.get(name).cloned().unwrap_or_default();
                    log.note(&context, format!("{} {}", member("status"), member("output")));
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "ask", json!({}))
        .run();
    assert_eq!(seen.lines(), [r#""SUCCEEDED" "{\"a\":1}""#]);
    assert!(seen.times()[0] >= 3_000, "{:?}", seen.times());
}
