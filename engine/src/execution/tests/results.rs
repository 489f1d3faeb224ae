//! What becomes of the results of a distributed Map.

use super::drive::{Does, Trial, begin, run, run_as};
use crate::execution::{Effect, Era, Event, Start};
use crate::{Json, json};

fn map(fields: &str, processor: &str) -> String {
    format!(
        r#""A": {{"Type": "Map", "End": true, "Label": "L", {fields} "ItemProcessor": {{
            "ProcessorConfig": {{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}},
            "StartAt": "B", "States": {{"B": {processor}}}}}}}"#
    )
}

const PASS: &str = r#"{"Type": "Pass", "End": true}"#;
const TASK: &str = r#"{"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true}"#;
const UUID: &str = "00000000-0000-4000-8000-000000000000";

/// Answers every read and write of an object, and says what was asked.
fn stored(mut trial: Trial, answer: impl Fn(&Json) -> Result<Json, &'static str>) -> (Trial, Vec<Json>) {
    let mut asked = Vec::new();
    loop {
        let mut effects = Vec::new();
        trial.execution.poll(&mut trial.world, &mut effects);
        let call = effects.into_iter().find_map(|effect| match effect {
            Effect::Invoke(call) => Some(call),
            _ => None,
        });
        let Some(call) = call else { return (trial, asked) };
        asked.push(call.parameters.clone());
        let event = match answer(&call.parameters) {
            Ok(output) => Event::Succeeded { task: call.task, output },
            Err(cause) => Event::Failed { task: call.task, error: Some("S3".into()), cause: Some(cause.into()) },
        };
        assert_eq!(trial.resume(event), crate::execution::Resumed::Accepted);
    }
}

#[test]
fn results_are_transformed_as_the_writer_says() {
    for (config, expected) in [
        (r#"{"Transformation": "COMPACT"}"#, json!([[1, 2], 3, []])),
        (r#"{"Transformation": "FLATTEN"}"#, json!([1, 2, 3])),
        (r#"{"OutputType": "JSON"}"#, json!([[1, 2], 3, []])),
    ] {
        let writer = format!(r#""ResultWriter": {{"WriterConfig": {config}}},"#);
        assert_eq!(run(&map(&writer, PASS), json!([[1, 2], 3, []]), &[]).output(), expected, "{config}");
    }
    let none = run(&map(r#""ResultWriter": {"WriterConfig": {"Transformation": "NONE"}},"#, PASS), json!([5]), &[]);
    let described = none.output().item(0).cloned().unwrap_or_default();
    assert_eq!(described.get("Output"), Some(&json!("5")));
    assert_eq!(described.get("Status"), Some(&json!("SUCCEEDED")));
    assert_eq!(
        described.get("ExecutionArn"),
        Some(&json!(format!("arn:aws:states:us-east-1:111111111111:execution:machine/L:{UUID}")))
    );
}

#[test]
fn a_child_that_failed_within_tolerance_is_described() {
    let answers = [("B", Does::Return(json!("ok"))), ("B", Does::Throw("Down"))];
    let trial = run(&map(r#""ToleratedFailureCount": 1,"#, TASK), json!([1, 2]), &answers);
    let output = trial.output();
    assert_eq!(output.item(0), Some(&json!("ok")));
    let failed = output.item(1).cloned().unwrap_or_default();
    assert_eq!(
        ["Error", "Cause", "Status", "Input", "RedriveStatus"].map(|key| failed.get(key).and_then(Json::as_str)),
        [Some("Down"), Some("why"), Some("FAILED"), Some("2"), Some("REDRIVABLE")]
    );
}

const EXPORT: &str = r#""ResultWriter": {"Resource": "arn:aws:states:::s3:putObject",
    "Parameters": {"Bucket": "results", "Prefix.$": "$[0]"}, "WriterConfig": {"Transformation": "COMPACT", "OutputType": "JSONL"}},"#;

#[test]
fn exported_results_are_files_and_a_manifest() {
    let trial = begin(&map(EXPORT, PASS), Start::new(json!(["runs", 2])), &[]);
    let (trial, written) = stored(trial, |_| Ok(json!({})));
    let text = |at: usize, key: &str| {
        written.get(at).and_then(|file: &Json| file.get(key)?.as_str().map(str::to_owned)).unwrap_or_default()
    };
    assert_eq!(text(0, "Key"), format!("runs/{UUID}/SUCCEEDED_0.jsonl"));
    assert_eq!(text(0, "Body"), "\"runs\"\n2\n");
    assert_eq!(text(1, "Key"), format!("runs/{UUID}/manifest.json"));
    let run_arn = format!("arn:aws:states:us-east-1:111111111111:mapRun:machine/L:{UUID}");
    let succeeded = json!({"Key": text(0, "Key"), "Size": 9});
    assert_eq!(
        Json::parse(&text(1, "Body")).ok(),
        Some(json!({
            "DestinationBucket": "results",
            "MapRunArn": run_arn,
            "ResultFiles": {"FAILED": [], "PENDING": [], "SUCCEEDED": [succeeded]},
        }))
    );
    assert_eq!(
        trial.output(),
        json!({"MapRunArn": run_arn, "ResultWriterDetails": {"Bucket": "results", "Key": text(1, "Key")}})
    );
    assert!(!trial.lines().iter().any(|line| line.contains("TaskScheduled")), "writing shows no events");
}

#[test]
fn results_that_cannot_be_written_fail_the_map() {
    let trial = begin(&map(EXPORT, PASS), Start::new(json!(["runs"])), &[]);
    let (trial, _) = stored(trial, |_| Err("no such bucket"));
    assert_eq!(trial.end(), "FAILED States.ResultWriterFailed: no such bucket");
    assert_eq!(trial.lines()[4], "5<4 MapRunFailed");
}

#[test]
fn a_listing_can_load_what_it_lists() {
    let reader = r#""ItemReader": {"Resource": "arn:aws:states:::s3:listObjectsV2", "Parameters": {"Bucket": "b", "Prefix": "p/"},
        "ReaderConfig": {"InputType": "JSON", "Transformation": "LOAD_AND_FLATTEN", "MaxItems": 3}},"#;
    let trial = begin(&map(reader, PASS), Start::new(json!({})), &[]);
    let (trial, asked) = stored(trial, |parameters| {
        Ok(match parameters.get("Key").and_then(Json::as_str) {
            None => json!({"Name": "b", "Contents": [{"Key": "p/1"}, {"Key": "p/2"}, {"Key": "p/3"}]}),
            Some("p/1") => json!({"Body": "[1, 2]"}),
            Some(_) => json!({"Body": "[3, 4]"}),
        })
    });
    assert_eq!(trial.output(), json!([1, 2, 3]));
    assert_eq!(asked[1..], [json!({"Bucket": "b", "Key": "p/1"}), json!({"Bucket": "b", "Key": "p/2"})], "{asked:?}");
}

#[test]
fn the_exit_of_a_map_run_follows_from_what_its_time_had_it_follow_from() {
    let exit = |era| {
        let start = Start { era, ..Start::new(json!([1])) };
        let lines = run_as(&map("", PASS), start, &[]).lines();
        lines.into_iter().find(|line| line.contains("MapStateExited")).unwrap_or_default()
    };
    assert_eq!(exit(Era::Current), "7<4 MapStateExited A");
    assert_eq!(exit(Era::BeforeVariables), "7<5 MapStateExited A");
    let context = r#""A": {"Type": "Pass", "Parameters": {"c.$": "$$.Execution"}, "End": true}"#;
    let counts = |era| run_as(context, Start { era, ..Start::new(json!({})) }, &[]).output().to_string();
    assert!(counts(Era::BeforeVariables).contains(r#""RedriveCount":0"#));
    assert!(!counts(Era::BeforeRedrive).contains("RedriveCount"));
    for (at_ms, era) in [
        (1_696_000_000_000, Era::BeforeRedrive),
        (1_718_800_000_000, Era::BeforeVariables),
        (1_731_500_000_000, Era::Current),
    ] {
        assert_eq!(Era::of(at_ms), era);
    }
}
