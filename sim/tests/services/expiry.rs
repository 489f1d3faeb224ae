//! Items that expire: when they go, what tells of it, and the bug of whoever counts on it.

use rehearsal::explore::Strategy;
use rehearsal::handlers::Registry;
use rehearsal::harness::Run;
use rehearsal::world::{FaultId, FaultPlan, Millis, Profile};
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, call, merged, outcome_text, put};

const STREAM_ARN: &str = "arn:aws:dynamodb:us-east-1:111111111111:table/Items/stream/2026-01-01T00:00:00.000";
const START_S: u64 = Millis::START.0 / 1000;

/// Items of the scenario, and a function that does `calls` (operation and parameters; `sleep` sleeps) and notes answers.
fn stage(items: Json, calls: Json) -> (Stage, Log) {
    let log = Log::default();
    let seen = log.clone();
    let stage = Stage::new()
        .expiring()
        .setting("tables", json!({"Items": items}))
        .function_with("client", json!({"Timeout": 900}))
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("client", move |context, event| {
                let log = log.clone();
                async move {
                    for step in event.as_array().unwrap_or_default() {
                        let parameters = step.item(1).cloned().unwrap_or_default();
                        match step.item(0).and_then(Json::as_str) {
                            Some("sleep") => context.sleep_ms(parameters.as_i64().unwrap_or(0) as u64).await,
                            Some("UpdateItem") => {
                                log.note(
                                    &context,
                                    outcome_text(call(&context, "dynamodb", "UpdateItem", parameters).await),
                                );
                            }
                            Some("UpdateTimeToLive") => {
                                let answer = call(&context, "dynamodb", "UpdateTimeToLive", parameters).await;
                                log.note(&context, outcome_text(answer));
                            }
                            Some("DescribeTimeToLive") => {
                                let answer = call(&context, "dynamodb", "DescribeTimeToLive", parameters).await;
                                log.note(&context, outcome_text(answer));
                            }
                            Some("Scan") => {
                                let table = json!({"TableName": "Items"});
                                let answer = call(&context, "dynamodb", "Scan", table).await?;
                                log.note(&context, answer.get("Count").expect("a count").to_string());
                            }
                            other => panic!("{other:?} is no step"),
                        }
                    }
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", calls);
    (stage, seen)
}

fn item(id: &str, ttl: Json) -> Json {
    json!({"id": id, "ttl": ttl})
}

#[test]
fn only_a_number_of_seconds_in_reach_of_five_years_lets_an_item_expire() {
    let items = json!([
        (item("soon", json!(START_S + 60))),
        (item("long ago", json!(START_S - 86_400))),
        (item("before five years", json!(START_S - 6 * 366 * 86_400))),
        (item("text", json!((START_S + 60).to_string()))),
        (item("not whole", json!(1.5))),
        (item("milliseconds", json!((START_S + 60) * 1000))),
        (item("far away", json!(9_000_000_000_000_000_000_i64))),
        {"id": "without"},
    ]);
    let run = stage(items, json!([])).0.run();
    assert_eq!(run.ids(), ["before five years", "far away", "milliseconds", "not whole", "text", "without"]);
    assert_eq!(run.outcome.violation, None);
}

#[test]
fn an_item_whose_time_was_put_off_stays_until_then() {
    let put_off = json!({
        "TableName": "Items", "Key": {"id": {"S": "a"}}, "UpdateExpression": "SET #t = #t + :more",
        "ExpressionAttributeNames": {"#t": "ttl"}, "ExpressionAttributeValues": {":more": {"N": "120"}},
    });
    let calls = json!([["UpdateItem", put_off], ["sleep", 100_000], ["Scan"], ["sleep", 85_000], ["Scan"]]);
    let (stage, log) = stage(json!([(item("a", json!(START_S + 60)))]), calls);
    let run = stage.run();
    assert_eq!(log.lines(), ["{}", "1", "0"]);
    assert!(run.tells("the item a of Items has expired and is deleted"));
}

#[test]
fn time_to_live_can_be_set_and_taken_away_during_a_run() {
    let set = |enabled: bool, name: &str| {
        let specification = json!({"Enabled": enabled, "AttributeName": name});
        json!(["UpdateTimeToLive", {"TableName": "Items", "TimeToLiveSpecification": specification}])
    };
    let describe = json!(["DescribeTimeToLive", {"TableName": "Items"}]);
    let calls = json!([
        (set(true, "ttl")),
        (set(true, "other")),
        (set(false, "ttl")),
        (describe.clone()),
        (set(false, "ttl")),
        ["sleep", 100_000],
        ["Scan"],
        (set(true, "ttl")),
        describe,
        ["sleep", 2_000],
        ["Scan"],
    ]);
    let (stage, log) = stage(json!([(item("a", json!(START_S + 60)))]), calls);
    stage.run();
    let expected = [
        "ValidationException: TimeToLive is already enabled",
        "ValidationException: TimeToLive is active on a different AttributeName",
        r#"{"TimeToLiveSpecification":{"Enabled":false,"AttributeName":"ttl"}}"#,
        r#"{"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}}"#,
        "ValidationException: TimeToLive is already disabled",
        "1",
        r#"{"TimeToLiveSpecification":{"Enabled":true,"AttributeName":"ttl"}}"#,
        r#"{"TimeToLiveDescription":{"TimeToLiveStatus":"ENABLED","AttributeName":"ttl"}}"#,
        "0",
    ];
    assert_eq!(log.lines(), expected);
}

#[test]
fn the_stream_tells_who_deleted_an_item_that_expired() {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new()
        .streamed("NEW_AND_OLD_IMAGES")
        .expiring()
        .function("reader")
        .feed("reader", STREAM_ARN, json!({"StartingPosition": "TRIM_HORIZON"}))
        .function("writer")
        .handlers(move || {
            let log = log.clone();
            let writer =
                Registry::default().with("writer", |context, event| async move { Ok(put(&context, event).await?) });
            writer.with("reader", move |context, event| {
                let log = log.clone();
                async move {
                    for record in event.get("Records").and_then(Json::as_array).unwrap_or_default() {
                        let identity = record.get("userIdentity").cloned().unwrap_or_default();
                        log.note(&context, format!("{} {identity}", record.get("eventName").expect("a name")));
                    }
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "writer", item("a", json!(START_S + 600)))
        .run();
    let identity = r#"{"type":"Service","principalId":"dynamodb.amazonaws.com"}"#;
    assert_eq!(seen.lines(), ["\"INSERT\" null".to_owned(), format!("\"REMOVE\" {identity}")]);
    assert_eq!(seen.times()[1] / 1000, 600);
    assert_eq!(run.outcome.violation, None);
}

#[test]
fn a_run_waits_for_what_expires_but_not_beyond_its_end() {
    let caps = json!({"time": "30d"});
    let items = json!([(item("a", json!(START_S + 20 * 86_400))), (item("b", json!(START_S + 40 * 86_400)))]);
    let run = stage(items, json!([])).0.setting("caps", caps).run();
    assert_eq!(run.ids(), ["b"]);
    assert_eq!(run.outcome.violation, None);
}

/// Two jobs for a lock that expires after a minute; the first dies with the lock in its hands, the second comes two
/// minutes later. `condition` is what frees the lock.
fn jobs(condition: &'static str) -> Stage {
    Stage::new()
        .expiring()
        .function("job")
        .handlers(move || {
            Registry::default().with("job", move |context, event| async move {
                let now = context.now().0 / 1000;
                let lock = json!({
                    "TableName": "Items", "Item": {"id": {"S": "lock"}, "ttl": {"N": ((now + 60).to_string())}},
                    "ConditionExpression": condition,
                });
                let values = if condition.contains(":now") {
                    json!({"ExpressionAttributeValues": {":now": {"N": (now.to_string())}},
                        "ExpressionAttributeNames": {"#t": "ttl"}})
                } else {
                    json!({})
                };
                call(&context, "dynamodb", "PutItem", merged(lock, values)).await?;
                if event.get("dies").is_some() {
                    return crate::support::raise("Dies", "with the lock");
                }
                Ok(put(&context, json!({"id": "done"})).await?)
            })
        })
        .invoke("0s", "job", json!({"dies": true}))
        .invoke("2m", "job", json!({}))
        .setting(
            "invariants",
            json!([
                {"name": "the second job gets done", "eventually": "$count(tables.Items[id = 'done']) = 1"},
            ]),
        )
}

#[test]
fn a_lock_that_counts_on_being_deleted_in_time_is_found_where_deletions_are_late() {
    const UNTIL_DELETED: &str = "attribute_not_exists(id)";
    const UNTIL_EXPIRED: &str = "attribute_not_exists(id) OR #t < :now";
    let mut late = FaultPlan::of(Profile::None);
    late.set(FaultId::DdTtlLate, 200_000);
    // A call that is slow enough lets the second job time out, whatever its condition says.
    late.set_slow_calls(false);
    let broken = |condition, plan: FaultPlan| {
        let harness = jobs(condition).harness().faults(plan).strategy(Strategy::Random);
        let is_broken = |seed: &u64| {
            let run: Run = harness.run(*seed).expect("a run");
            run.outcome.violation.is_some()
        };
        (0..40).filter(is_broken).count()
    };
    assert!(broken(UNTIL_DELETED, late.clone()) > 0);
    assert_eq!(broken(UNTIL_DELETED, FaultPlan::of(Profile::None)), 0);
    assert_eq!(broken(UNTIL_EXPIRED, late), 0);
}
