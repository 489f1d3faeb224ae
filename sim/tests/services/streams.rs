//! Streams of tables to functions: the order of each item, retries, cuts, and what becomes of records that never succeed.

use rehearsal::handlers::{FunctionError, Registry};
use rehearsal::harness::Run;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, call, merged, put, queue_arn, raise};

fn stream_arn() -> String {
    "arn:aws:dynamodb:us-east-1:111111111111:table/Items/stream/2026-01-01T00:00:00.000".to_owned()
}

type Act = fn(usize, &[String]) -> Result<Json, FunctionError>;

/// A writer that puts these `id n` one after the other, and a reader that notes what it gets as `id n,…` and does what
/// `act` says.
fn stage(mapping: Json, writes: &'static [(&'static str, i64)], act: Act) -> (Stage, Log) {
    let log = Log::default();
    let seen = log.clone();
    let stage = Stage::new()
        .streamed("NEW_AND_OLD_IMAGES")
        .function_with("writer", json!({"Timeout": 900}))
        .function("reader")
        .feed("reader", &stream_arn(), merged(json!({"StartingPosition": "TRIM_HORIZON"}), mapping))
        .handlers(move || {
            let log = log.clone();
            Registry::default()
                .with("writer", move |context, _| async move {
                    for (id, n) in writes {
                        if *n < 0 {
                            let key = json!({"TableName": "Items", "Key": {"id": {"S": (*id)}}});
                            call(&context, "dynamodb", "DeleteItem", key).await?;
                        } else {
                            put(&context, json!({"id": (*id), "n": (*n)})).await?;
                        }
                    }
                    Ok(Json::Null)
                })
                .with("reader", move |context, event| {
                    let log = log.clone();
                    async move {
                        let records = event.get("Records").and_then(Json::as_array).unwrap_or_default().to_vec();
                        let told: Vec<String> = records.iter().map(told).collect();
                        log.note(&context, told.join(","));
                        act(log.lines().len(), &told).map(|answer| {
                            let mut answer = answer.to_string();
                            for (at, record) in records.iter().enumerate() {
                                let number = record.get("dynamodb").and_then(|one| one.get("SequenceNumber")?.as_str());
                                answer = answer.replace(&format!("#{at}"), number.expect("a number"));
                            }
                            Json::parse(&answer).expect("JSON")
                        })
                    }
                })
        })
        .invoke("0s", "writer", json!({}));
    (stage, seen)
}

/// `id n` of a record, `id -` where the item is gone.
fn told(record: &Json) -> String {
    let change = record.get("dynamodb").expect("a change");
    let text = |image: &str, name: &str, kind: &str| {
        change.get(image).and_then(|image| image.get(name)?.get(kind)?.as_str().map(str::to_owned))
    };
    let n = text("NewImage", "n", "N").unwrap_or_else(|| "-".to_owned());
    format!("{} {n}", text("Keys", "id", "S").expect("a key"))
}

/// The values of one item in the order in which they were read.
fn of_item(log: &Log, id: &str) -> Vec<String> {
    let all = log.lines().join(",");
    let told = all.split(',').filter_map(|one| one.strip_prefix(&format!("{id} ")));
    told.map(str::to_owned).collect()
}

#[test]
fn every_change_of_an_item_reaches_the_function_once_and_in_order() {
    static WRITES: [(&str, i64); 8] = [("a", 1), ("b", 1), ("a", 2), ("a", 2), ("b", 2), ("a", -1), ("c", 1), ("a", 3)];
    let (stage, log) = stage(json!({}), &WRITES, |_, _| Ok(Json::Null));
    stage.run();
    assert_eq!(of_item(&log, "a"), ["1", "2", "-", "3"]);
    assert_eq!(of_item(&log, "b"), ["1", "2"]);
    assert_eq!(of_item(&log, "c"), ["1"]);
}

#[test]
fn a_failed_batch_blocks_its_items_until_it_succeeds() {
    static WRITES: [(&str, i64); 3] = [("a", 1), ("a", 2), ("a", 3)];
    let (stage, log) =
        stage(json!({"BatchSize": 1}), &WRITES, |n, _| if n <= 2 { raise("Flaky", "again") } else { Ok(Json::Null) });
    stage.run();
    assert_eq!(log.lines(), ["a 1", "a 1", "a 1", "a 2", "a 3"]);
    assert_eq!(log.gaps()[..2], [1_000, 2_000]);
}

#[test]
fn retries_cuts_and_reports_follow_the_mapping() {
    static WRITES: [(&str, i64); 4] = [("a", 1), ("a", 2), ("a", 3), ("a", 4)];
    // Gathered in a window, so that all four are one batch.
    let window = json!({"BatchSize": 4, "MaximumBatchingWindowInSeconds": 5, "MaximumRetryAttempts": 1});
    let poison: Act =
        |_, told| if told.iter().any(|one| one == "a 3") { raise("Poison", "no") } else { Ok(Json::Null) };
    let cases: [(&str, Json, Act, Vec<&str>); 4] = [
        ("retries run out", json!({}), poison, vec!["a 1,a 2,a 3,a 4", "a 1,a 2,a 3,a 4"]),
        (
            "the batch is cut",
            json!({"BisectBatchOnFunctionError": true}),
            poison,
            vec!["a 1,a 2,a 3,a 4", "a 1,a 2", "a 3,a 4", "a 3", "a 3", "a 4"],
        ),
        (
            "the function says where it failed",
            json!({"FunctionResponseTypes": ["ReportBatchItemFailures"]}),
            |n, _| Ok(if n == 1 { json!({"batchItemFailures": [{"itemIdentifier": "#2"}]}) } else { Json::Null }),
            vec!["a 1,a 2,a 3,a 4", "a 3,a 4"],
        ),
        (
            "nobody asked where it failed",
            json!({}),
            |_, _| Ok(json!({"batchItemFailures": [{"itemIdentifier": "#2"}]})),
            vec!["a 1,a 2,a 3,a 4"],
        ),
    ];
    for (name, more, act, expected) in cases {
        let (stage, log) = stage(merged(window.clone(), more), &WRITES, act);
        stage.run();
        assert_eq!(log.lines(), expected, "{name}");
    }
}

#[test]
fn records_that_never_succeed_are_told_to_the_failure_destination() {
    static WRITES: [(&str, i64); 1] = [("a", 1)];
    let to_dead = json!({"DestinationConfig": {"OnFailure": {"Destination": queue_arn("dead")}}});
    for (more, condition, attempts) in [
        (json!({"MaximumRetryAttempts": 2}), "RetryAttemptsExhausted", 3),
        (json!({"MaximumRecordAgeInSeconds": 60}), "EventAgeExceeded", 6),
    ] {
        let (stage, log) = stage(merged(to_dead.clone(), more), &WRITES, |_, _| raise("Poison", "no"));
        let run = stage.queue("dead", json!({})).run();
        assert_eq!(log.lines().len(), attempts, "{condition}");
        let record = Json::parse(&run.bodies("dead")[0]).expect("JSON");
        assert_eq!(record.get("requestContext").and_then(|one| one.get("condition")), Some(&json!(condition)));
        let batch = record.get("DDBStreamBatchInfo").expect("a batch");
        assert_eq!(batch.get("batchSize"), Some(&json!(1)));
        assert_eq!(batch.get("streamArn"), Some(&json!(stream_arn().as_str())));
    }
}

#[test]
fn a_poisonous_record_without_limits_blocks_until_the_stream_forgets_it() {
    static WRITES: [(&str, i64); 2] = [("a", 1), ("a", 2)];
    let (stage, log) =
        stage(
            json!({"BatchSize": 1}),
            &WRITES,
            |_, told| {
                if told[0] == "a 1" { raise("Poison", "no") } else { Ok(Json::Null) }
            },
        );
    let run = stage.run();
    assert_eq!(run.outcome.violation, None);
    assert!(run.outcome.virtual_ms > 86_400_000, "{}", run.outcome.virtual_ms);
    // After a day both are gone: the second waited behind the first.
    assert!(log.lines().iter().all(|line| line == "a 1"));
}

#[test]
fn a_filter_lets_through_what_it_matches() {
    static WRITES: [(&str, i64); 4] = [("a", 1), ("b", 1), ("a", 2), ("a", -1)];
    let pattern = json!({"eventName": ["MODIFY", "REMOVE"]}).to_string();
    let (stage, log) =
        stage(json!({"FilterCriteria": {"Filters": [{"Pattern": pattern}]}}), &WRITES, |_, _| Ok(Json::Null));
    stage.run();
    assert_eq!(of_item(&log, "a"), ["2", "-"]);
    assert_eq!(of_item(&log, "b"), [""; 0]);
}

#[test]
fn a_record_shows_what_its_view_shows() {
    static WRITES: [(&str, i64); 2] = [("a", 1), ("a", 2)];
    for (view, new, old) in [
        ("KEYS_ONLY", false, false),
        ("NEW_IMAGE", true, false),
        ("OLD_IMAGE", false, true),
        ("NEW_AND_OLD_IMAGES", true, true),
    ] {
        let log = Log::default();
        let seen = log.clone();
        let (stage, _) = stage(json!({}), &WRITES, |_, _| Ok(Json::Null));
        stage
            .streamed(view)
            .handlers(move || {
                let writer = Registry::default().with("writer", |context, _| async move {
                    put(&context, json!({"id": "a", "n": 1})).await?;
                    put(&context, json!({"id": "a", "n": 2})).await?;
                    Ok(Json::Null)
                });
                log.echo(writer, "reader")
            })
            .run();
        let all = seen.lines().join("");
        assert_eq!((all.contains("NewImage"), all.contains("OldImage")), (new, old), "{view}");
    }
}

#[test]
fn a_batch_that_is_delivered_twice_keeps_the_order() {
    static WRITES: [(&str, i64); 2] = [("a", 1), ("a", 2)];
    let (stage, log) = stage(json!({"BatchSize": 1}), &WRITES, |_, _| Ok(Json::Null));
    let run: Run = stage.struck_by(FaultId::DdStreamDup, 1, 1);
    assert_eq!(run.struck(FaultId::DdStreamDup), 1);
    assert_eq!(log.lines(), ["a 1", "a 1", "a 2"]);
}

#[test]
fn no_record_is_lost_and_no_item_goes_back_under_faults() {
    static WRITES: [(&str, i64); 6] = [("a", 1), ("b", 1), ("a", 2), ("b", 2), ("a", 3), ("b", 3)];
    let (mut stage, _) = stage(json!({"BatchSize": 2}), &WRITES, |_, _| Ok(Json::Null));
    for fault in FaultId::ALL {
        let id = fault.spec().id;
        if id.starts_with("LA-") || id.starts_with("DD-STREAM") {
            stage = stage.fault(*fault, 200_000);
        }
    }
    for seed in 0..30 {
        let log = Log::default();
        let seen = log.clone();
        let stage = stage.clone().handlers(move || {
            let log = log.clone();
            Registry::default()
                .with("writer", move |context, _| async move {
                    for (id, n) in WRITES {
                        put(&context, json!({"id": id, "n": n})).await?;
                    }
                    Ok(Json::Null)
                })
                .with("reader", move |context, event| {
                    let records = event.get("Records").and_then(Json::as_array).unwrap_or_default();
                    log.note(&context, records.iter().map(told).collect::<Vec<_>>().join(","));
                    async { Ok(Json::Null) }
                })
        });
        let run = stage.seed(seed).run_seeded();
        for id in ["a", "b"] {
            let mut firsts = of_item(&seen, id);
            let written = run.item(id).and_then(|item| item.get("n")?.as_i64()).unwrap_or(0);
            firsts.sort();
            firsts.dedup();
            let expected: Vec<String> = (1..=written).map(|n| n.to_string()).collect();
            assert_eq!(firsts, expected, "seed {seed}: {:?}", seen.lines());
        }
    }
}
