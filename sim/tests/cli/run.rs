//! `rehearsal run`.

use serde_json::Value;

use crate::shop::{Ran, Shop};

const CHARGE: &str = r#"{"StartAt": "Charge", "States": {"Charge": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
    "Retry": [{"ErrorEquals": ["Busy"], "IntervalSeconds": 5}], "End": true}}}"#;

/// The definition with these further arguments.
fn run(definition: &str, files: &[(&str, &str)], more: &[&str]) -> Ran {
    let shop = Shop::new();
    shop.write("d.json", definition);
    for (name, text) in files {
        shop.write(name, text);
    }
    shop.run(&[&["run", "d.json"], more].concat())
}

#[test]
fn the_answer_is_one_object() {
    let mocks = r#"{"tasks": [{"state": "Charge", "error": "Busy"}, {"state": "Charge", "output": {"ok": true}}]}"#;
    let ran = run(CHARGE, &[("m.json", mocks)], &["--mocks", "m.json", "--format", "json"]);
    assert_eq!((ran.code, ran.err.as_str()), (0, ""));
    assert_eq!(ran.out, "{\"status\":\"SUCCEEDED\",\"output\":{\"ok\":true},\"virtual_ms\":5000}\n");
    let ran = run(CHARGE, &[("m.json", mocks)], &["--mocks", "m.json"]);
    assert_eq!(ran.out, "SUCCEEDED after 5.000 s of virtual time and 10 events\noutput: {\"ok\":true}\n");
}

#[test]
fn a_task_without_a_mock_shows_the_entry_to_add() {
    for resource in [
        "arn:aws:states:::lambda:invoke",
        "arn:aws:states:::aws-sdk:s3:putObject",
        "arn:aws:states:::glue:startJobRun.sync",
    ] {
        let ran = run(&CHARGE.replace("arn:aws:states:::lambda:invoke", resource), &[], &["--format", "json"]);
        assert_eq!(ran.code, 1);
        let answer: Value = serde_json::from_str(&ran.out).expect("JSON");
        assert_eq!((&answer["status"], &answer["error"]), (&Value::from("FAILED"), &Value::from("Rehearsal.NoMock")));
        let cause = answer["cause"].as_str().unwrap_or_default();
        assert!(cause.contains(r#"{"state": "Charge", "output": {}}"#), "{cause}");
    }
}

#[test]
fn a_mock_config_of_step_functions_local_answers_call_by_call() {
    let config = r#"{"StateMachines": {"shop": {"TestCases": {"busy": {"Charge": "Busy"}, "well": {"Charge": "Well"}}}},
        "MockedResponses": {"Well": {"0": {"Return": {"StatusCode": 200}}},
            "Busy": {"0-1": {"Throw": {"Error": "Busy", "Cause": "queue"}}, "2": {"Return": 7}}}}"#;
    let files = [("c.json", config)];
    let base = ["--mock-config", "c.json", "--state-machine-name", "shop", "--format", "json"];
    let of = |case: &str| run(CHARGE, &files, &[&base[..], &["--test-case", case]].concat());
    assert_eq!(of("well").out, "{\"status\":\"SUCCEEDED\",\"output\":{\"StatusCode\":200},\"virtual_ms\":0}\n");
    assert_eq!(of("busy").out, "{\"status\":\"SUCCEEDED\",\"output\":7,\"virtual_ms\":15000}\n");
    let unnamed = run(CHARGE, &files, &base);
    assert_eq!(unnamed.code, 2);
    assert!(unnamed.err.contains("name one with --test-case: busy, well"), "{}", unnamed.err);
    assert_eq!(of("other").code, 2);
}

#[test]
fn a_seed_draws_and_nothing_else_does() {
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true,
        "Parameters": {"id.$": "States.UUID()", "n.$": "States.MathRandom(0, 1000000)"}}}}"#;
    let of = |seed: &str| run(definition, &[], &["--seed", seed]).out;
    assert_eq!(of("1"), of("1"));
    assert_ne!(of("1"), of("2"));
}

#[test]
fn time_type_and_names_reach_the_context_object() {
    let definition = r#"{"StartAt": "A", "States": {"A": {"Type": "Pass", "Parameters": {"e.$": "$$.Execution", "m.$": "$$.StateMachine"}, "End": true}}}"#;
    let ran = run(
        definition,
        &[],
        &[
            "--name",
            "first",
            "--state-machine-name",
            "shop",
            "--role-arn",
            "arn:aws:iam::222222222222:role/r",
            "--start-time",
            "2025-02-03T04:05:06Z",
            "--type",
            "express",
            "--input",
            "[1]",
            "--format",
            "json",
        ],
    );
    let output = &serde_json::from_str::<Value>(&ran.out).expect("JSON")["output"];
    assert_eq!(output["e"]["Id"], "arn:aws:states:us-east-1:111111111111:express:shop:first:first");
    assert_eq!(output["e"]["StartTime"], "2025-02-03T04:05:06.000Z");
    assert_eq!(output["e"]["RoleArn"], "arn:aws:iam::222222222222:role/r");
    assert_eq!(output["e"]["Input"], serde_json::json!([1]));
    assert_eq!(output["m"]["Name"], "shop");
}

#[test]
fn a_refused_request_shows_which_step_refused_it() {
    let definition = CHARGE.replace("lambda:invoke", "lambda:invoke.waitForTaskToken");
    for (refused, expected) in
        [("submit", "TaskSubmitFailed"), ("start", "TaskStartFailed"), ("schedule", "TaskFailed")]
    {
        let shop = Shop::new();
        let mocks = format!(r#"{{"tasks": [{{"state": "Charge", "error": "Denied", "refused": "{refused}"}}]}}"#);
        shop.write("d.json", &definition).write("m.json", mocks);
        let ran = shop.run(&["run", "d.json", "--mocks", "m.json", "--history", "h.json"]);
        assert_eq!(ran.code, 1, "{}", ran.err);
        let history = std::fs::read_to_string(shop.folder().join("h.json")).expect("a history");
        assert!(history.contains(&format!("\"{expected}\"")), "{refused}: {history}");
    }
}

#[test]
fn what_cannot_run_is_refused() {
    for (definition, more) in [
        ("{}", &[][..]),
        (CHARGE, &["--input", "{"]),
        (CHARGE, &["--mocks", "missing.json"]),
        (CHARGE, &["--mocks", "d.json", "--mock-config", "d.json"]),
        (CHARGE, &["--start-time", "yesterday"]),
        (&CHARGE.replace("invoke", "invoke.waitForTaskToken"), &["--type", "EXPRESS"]),
    ] {
        let ran = run(definition, &[], more);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{more:?}: {}", ran.err);
    }
}
