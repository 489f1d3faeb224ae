//! The catalogue of faults, one row of a table for every form of every fault: with the fault on, its effect shows in the
//! world; with it off, it does not.

use rehearsal::explore::Strategy;
use rehearsal::handlers::{CallError, Registry};
use rehearsal::harness::Run;
use rehearsal::world::{FaultId, FaultPlan, Profile};
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, Strike, call, function_arn, machine_arn, outcome_text, put, queue_arn};

/// A system, and what of it shows whether a fault struck.
type Setting = fn() -> (Stage, Log, fn(&Run, &Log) -> String);

struct Row {
    fault: FaultId,
    form: u32,
    setting: Setting,
    without: &'static str,
    with: &'static str,
}

fn row(fault: FaultId, form: u32, setting: Setting, without: &'static str, with: &'static str) -> Row {
    Row { fault, form, setting, without, with }
}

fn rows() -> Vec<Row> {
    use FaultId::*;
    const ONCE: &str = "[415]";
    const DONE: &str = "SUCCEEDED [work]";
    const READ: &str = "2 2";
    const STORED: &str = "{} [a, b] after 4 ms";
    const QUEUED: &str = "ok [a]";
    const PUBLISHED: &str = "ok [95]";
    const SENT: &str = "0 failed [default till]";
    const FREE: &str = "free, deleted after 60 s, deleted after 121 s";
    const TYPED: &str = "run 1 times: ok [own own]";
    vec![
        row(EbDup, 1, event, ONCE, "[415, 415]"),
        row(EbDup, 2, event, ONCE, "[415, 5415]"),
        row(EbDup, 3, event, ONCE, "[415, 3600415]"),
        row(EbDelay, 1, event, ONCE, "[60415]"),
        row(EbDelay, 2, event, ONCE, "[600415]"),
        row(EbDelay, 3, event, ONCE, "[3600415]"),
        row(EbReorder, 1, event, ONCE, "[2415]"),
        row(EbRetry, 1, event, ONCE, "[1415]"),
        row(EbRetry, 2, event, ONCE, "[415, 1415]"),
        row(EbPutPartial, 1, sender, SENT, "1 failed ThrottlingException []"),
        row(EbPutPartial, 2, sender, SENT, "1 failed InternalFailure []"),
        row(EbPutThrottle, 1, sender, SENT, "ThrottlingException []"),
        row(EbPutThrottle, 2, sender, SENT, "InternalFailure []"),
        row(EbPutThrottle, 3, sender, SENT, "InternalFailure [default till]"),
        row(EbPutDup, 1, sender, SENT, "0 failed [default till, default till]"),
        row(EbPutDup, 2, sender, SENT, "0 failed [default till, default till]"),
        row(EbRuleLag, 1, switched, "0 heard", "1 heard"),
        row(EbRuleLag, 2, switched, "0 heard", "1 heard"),
        row(EbSchedDup, 1, schedule, "[60400]", "[60400, 60400]"),
        row(EbSchedJitter, 1, schedule, "[60400]", "[60900]"),
        row(EbSchedJitter, 2, schedule, "[60400]", "[90400]"),
        row(EbSchedJitter, 3, schedule, "[60400]", "[119400]"),
        row(SfStartDup, 1, task, DONE, "SUCCEEDED SUCCEEDED [work work]"),
        row(SfTaskAmbig, 1, task, DONE, "FAILED Lambda.SdkClientException []"),
        row(SfTaskAmbig, 2, task, DONE, "FAILED Lambda.SdkClientException [work]"),
        row(SfAbort, 1, task, DONE, "ABORTED [work]"),
        row(SfHeartbeat, 1, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 30 s"),
        row(SfHeartbeat, 2, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 30 s"),
        row(SfCbLate, 1, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 50 s"),
        row(SfCbLate, 2, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 50 s"),
        row(SfCbLate, 3, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 50 s"),
        row(SfCbDup, 1, told, "1 invocations", "2 invocations"),
        row(SfCbDup, 2, told, "1 invocations", "2 invocations"),
        row(SfCbLost, 1, told, "1 invocations", "0 invocations"),
        row(LaTimeoutAfter, 1, task, DONE, "FAILED Sandbox.Timedout [work]"),
        row(LaCrashMid, 1, task, DONE, "FAILED Runtime.ExitError []"),
        row(LaCrashMid, 2, task, DONE, "FAILED Runtime.ExitError [work]"),
        row(LaSvcBefore, 1, task, DONE, "FAILED Lambda.ServiceException []"),
        row(LaSvcAfter, 1, task, DONE, "FAILED Lambda.ServiceException [work]"),
        row(LaSvcAfter, 2, task, DONE, "FAILED Lambda.SdkClientException [work]"),
        row(LaThrottle, 1, task, DONE, "FAILED Lambda.TooManyRequestsException []"),
        row(LaAsyncDup, 1, event, ONCE, "[415, 415]"),
        row(LaAsyncDup, 2, event, ONCE, "[415, 30415]"),
        row(LaCold, 1, event, ONCE, "[715]"),
        row(LaCold, 2, event, ONCE, "[2415]"),
        row(DdStale, 1, read_back, READ, "1 2"),
        row(DdStale, 2, read_back, READ, "0 2"),
        row(DdGsiLag, 1, read_back, READ, "2 1"),
        row(DdGsiLag, 2, read_back, READ, "2 0"),
        row(Dd500Applied, 1, write, STORED, "InternalServerError [a, b] after 4 ms"),
        row(Dd500Applied, 2, write, STORED, "ConditionalCheckFailedException [a, b] after 4 ms"),
        row(Dd500, 1, write, STORED, "InternalServerError [a] after 4 ms"),
        row(DdThrottle, 1, write, STORED, "ProvisionedThroughputExceededException [a] after 4 ms"),
        row(DdThrottle, 2, write, STORED, "{} [a, b] after 54 ms"),
        row(DdTxConflict, 1, write, STORED, "TransactionConflictException [a] after 4 ms"),
        row(CwDelay, 1, alarm, "ALARM after 90 s", "ALARM after 150 s"),
        row(CwDelay, 2, alarm, "ALARM after 90 s", "ALARM after 330 s"),
        row(CwFlap, 1, alarm, "ALARM after 90 s", "ALARM after 150 s"),
        row(CwLag, 1, reader, "1 1", "0 1"),
        row(CwLag, 2, reader, "1 1", "0 1"),
        row(DdTtlLate, 1, lock, FREE, "still held, deleted after 360 s"),
        row(DdTtlLate, 2, lock, FREE, "still held, deleted after 3660 s"),
        row(DdTtlLate, 3, lock, FREE, "still held, deleted after 172860 s"),
        row(DdStreamDup, 1, stream, "[a]", "[a, a]"),
        row(SqSend, 1, queued, QUEUED, "RequestThrottled []"),
        row(SqSend, 2, queued, QUEUED, "ServiceUnavailable [a]"),
        row(SqSend, 3, queued, QUEUED, "ok [a, a]"),
        row(SqDup, 1, queued, QUEUED, "ok [a, a]"),
        row(SqDup, 2, queued, QUEUED, "ok [a, a]"),
        row(SqReorder, 1, queued_twice, "[a, b]", "[b, a]"),
        row(SqReorder, 2, queued_twice, "[a, b]", "[b, a]"),
        row(SqEmpty, 1, polled, "[a, nothing]", "[nothing, a]"),
        row(SnPublish, 1, published, PUBLISHED, "Throttled []"),
        row(SnPublish, 2, published, PUBLISHED, "InternalError [95]"),
        row(SnDup, 1, published, PUBLISHED, "ok [95, 95]"),
        row(SnDup, 2, published, PUBLISHED, "ok [95, 60095]"),
        row(SnDelay, 1, published, PUBLISHED, "ok [1095]"),
        row(SnDelay, 2, published, PUBLISHED, "ok [60095]"),
        row(SnDelay, 3, published, PUBLISHED, "ok [3600095]"),
        row(SnReorder, 1, published, PUBLISHED, "ok [2095]"),
        row(DdBatchPartial, 1, batch, "0 0 [a, b, c]", "0 1 [a, b]"),
        row(DdBatchPartial, 2, batch, "0 0 [a, b, c]", "0 2 [a]"),
        row(DdPage, 1, pages, "2 and no more", "1 and more"),
        row(ClCrash, 1, client, TYPED, "run 2 times: ok [own own]"),
        row(ClCrash, 2, client, TYPED, "run 2 times: ok [own own own]"),
        row(ClLostAnswer, 1, client, TYPED, "run 1 times: ok [own own own]"),
        row(ClLostAnswer, 2, client, TYPED, "run 1 times: ReadTimeoutError [own own]"),
    ]
}

#[test]
fn every_form_of_every_fault_has_a_row() {
    let mut covered: Vec<(FaultId, u32)> = rows().iter().map(|row| (row.fault, row.form)).collect();
    covered.sort();
    let forms = |fault: &FaultId| {
        let fault = *fault;
        (1..=fault.spec().forms.len() as u32).map(move |form| (fault, form))
    };
    let expected: Vec<(FaultId, u32)> = FaultId::ALL.iter().flat_map(forms).collect();
    assert_eq!(covered, expected);
}

#[test]
fn a_fault_that_is_on_has_its_documented_effect() {
    for Row { fault, form, setting, with, .. } in rows() {
        let (stage, log, look) = setting();
        let run = stage.struck_by(fault, form, 1);
        assert_eq!(look(&run, &log), with, "{} form {form}", fault.spec().id);
        assert_eq!(run.struck(fault), 1, "{} form {form}", fault.spec().id);
        // The timeline names the fault and its form.
        let moment = run.world.core.trace().timeline().iter().find(|moment| moment.fault == Some(fault));
        let what = &moment.expect("the timeline has it").what;
        assert!(what.ends_with(&format!("({})", fault.spec().forms[form as usize - 1])), "{what}");
    }
}

#[test]
fn a_fault_that_is_off_has_none() {
    for Row { fault, form, setting, without, .. } in rows() {
        // The decisions would let it strike, but nobody asks them.
        let (stage, log, look) = setting();
        let run = stage.run_with(Strike { fault, form, times: u32::MAX });
        assert_eq!(look(&run, &log), without, "{} form {form}", fault.spec().id);
        assert_eq!(run.outcome.deviations, 0, "{} form {form}", fault.spec().id);
    }
}

#[test]
fn a_fault_at_a_hundred_percent_strikes_in_every_form_and_the_run_still_ends() {
    for fault in FaultId::ALL.iter().copied() {
        let setting = rows().into_iter().find(|row| row.fault == fault).expect("every fault has a row").setting;
        let (stage, _, _) = setting();
        let harness = stage.fault(fault, 1_000_000).harness().strategy(Strategy::Random);
        let mut forms = std::collections::BTreeSet::new();
        for seed in 0..30 {
            let run = harness.run(seed).expect("a run");
            assert_eq!(run.outcome.violation, None, "{} under seed {seed}", fault.spec().id);
            assert!(run.struck(fault) > 0, "{} under seed {seed}", fault.spec().id);
            let script = run.world.core.script();
            let of_fault = script.choices.iter().filter(|choice| choice.kind == rehearsal::world::Kind::Fault(fault));
            forms.extend(of_fault.map(|choice| choice.alternative));
        }
        assert_eq!(forms.len(), fault.spec().forms.len(), "{}: {forms:?}", fault.spec().id);
    }
}

#[test]
fn the_documented_profile_leaves_operators_out_and_no_profile_leaves_nothing() {
    let documented = FaultPlan::of(Profile::Documented);
    let on: Vec<FaultId> = documented.on().collect();
    // AWS ends a page at 1 MB: that one ends earlier is for whoever asks for it.
    let asked_for = [FaultId::SfAbort, FaultId::DdPage];
    assert!(asked_for.iter().all(|fault| !on.contains(fault)));
    assert_eq!(on.len(), FaultId::ALL.len() - asked_for.len());
    assert_eq!(FaultPlan::of(Profile::None).on().count(), 0);
}

/// An event, a rule, a function; when the function began.
fn event() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("echo")
        .permit("echo")
        .rule("Rule", "default", "till", json!([{"Id": "one", "Arn": function_arn("echo")}]))
        .handlers(move || handlers.echo(Registry::default(), "echo"))
        .event("0s", "default", "till", json!({}));
    (stage, log, |_, log| format!("{:?}", log.times()))
}

/// A function every minute; when it ran in the first two minutes.
fn schedule() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("echo")
        .permit("echo")
        .schedule("Minutely", "rate(1 minute)", json!([{"Id": "one", "Arn": function_arn("echo")}]))
        .handlers(move || handlers.echo(Registry::default(), "echo"))
        .actor("0s", json!({"wait": "1s"}));
    (stage, log, |_, log| {
        let early: Vec<u64> = log.times().into_iter().filter(|at| *at < 120_000).collect();
        format!("{early:?}")
    })
}

/// A function that puts an event; what it hears and what the bus accepted.
fn sender() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("sender")
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("sender", move |context, _| {
                let log = log.clone();
                async move {
                    let entry = json!({"Source": "till", "DetailType": "T", "Detail": "{}"});
                    let line = match call(&context, "events", "PutEvents", json!({"Entries": [entry]})).await {
                        Err(CallError { error, .. }) => error.code.to_owned(),
                        Ok(answer) => {
                            let failed = answer.get("FailedEntryCount").expect("a count");
                            let code = answer.get("Entries").and_then(|entries| entries.item(0)?.get("ErrorCode"));
                            let code = code.and_then(Json::as_str).map(|code| format!(" {code}"));
                            format!("{failed} failed{}", code.unwrap_or_default())
                        }
                    };
                    log.note(&context, line);
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "sender", json!({}));
    (stage, log, |run, log| format!("{} [{}]", log.lines().join(", "), run.accepted().join(", ")))
}

/// A task that waits for its token, and somebody who keeps it alive and answers it.
fn outside() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let task = json!({
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": {"FunctionName": "ask", "Payload": {"token.$": "$$.Task.Token"}},
        "HeartbeatSeconds": 30,
    });
    let stage = Stage::new()
        .function("ask")
        .task("flow", task)
        .handlers(|| Registry::default().with("ask", |_, _| async { Ok(Json::Null) }))
        .start("0s", "flow", json!({}))
        .actor_of(
            "0s",
            json!([
                {"await": "{% tokens[0].token %}", "as": "token"},
                {"wait": "20s"},
                {"send_task_heartbeat": {"token": "{% $token %}"}},
                {"wait": "5s"},
                {"send_task_success": {"token": "{% $token %}"}},
            ]),
        );
    (stage, Log::default(), |run, _| {
        let record = &run.world.stepfunctions.records()[0];
        let end = [Some(record.status.name()), record.error.as_deref()];
        let end: Vec<&str> = end.into_iter().flatten().collect();
        let ms = record.stopped.map_or(0, |at| at - record.started);
        format!("{} after {} s", end.join(" "), ms / 1000)
    })
}

const STREAM_ARN: &str = "arn:aws:dynamodb:us-east-1:111111111111:table/Items/stream/2026-01-01T00:00:00.000";

/// A lock that expires after a minute, taken again a second later; and when the table's stream told that it was deleted.
fn lock() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .streamed("KEYS_ONLY")
        .expiring()
        .function_with("worker", json!({"Timeout": 900}))
        .function("reader")
        .feed("reader", STREAM_ARN, json!({"StartingPosition": "TRIM_HORIZON"}))
        .handlers(move || {
            let (worker, reader) = (handlers.clone(), handlers.clone());
            Registry::default()
                .with("worker", move |context, _| {
                    let log = worker.clone();
                    async move {
                        take_lock(&context).await?;
                        context.sleep_ms(61_000).await;
                        let free = take_lock(&context).await.is_ok();
                        log.note(&context, if free { "free" } else { "still held" });
                        Ok(Json::Null)
                    }
                })
                .with("reader", move |context, event| {
                    let log = reader.clone();
                    async move {
                        let deleted = event.to_string().matches("REMOVE").count();
                        (0..deleted).for_each(|_| log.note(&context, "deleted"));
                        Ok(Json::Null)
                    }
                })
        })
        .invoke("0s", "worker", json!({}));
    (stage, log, |_, log| {
        let lines = log.lines().into_iter().zip(log.times()).map(|(line, at)| match line.as_str() {
            "deleted" => format!("deleted after {} s", at / 1000),
            line => line.to_owned(),
        });
        let mut lines: Vec<String> = lines.collect();
        // Whoever looks a second later and the reader of the stream race; what they saw is what counts.
        lines.sort_by_key(|line| line.starts_with("deleted"));
        lines.join(", ")
    })
}

async fn take_lock(context: &rehearsal::handlers::Context) -> Result<Json, CallError> {
    let expires = (context.now().0 / 1000 + 60).to_string();
    let lock = json!({
        "TableName": "Items", "Item": {"id": {"S": "lock"}, "ttl": {"N": expires}},
        "ConditionExpression": "attribute_not_exists(id)",
    });
    call(context, "dynamodb", "PutItem", lock).await
}

/// A result from outside that a function takes.
fn told() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let stage = Stage::new()
        .function("take")
        .handlers(|| Registry::default().with("take", |_, _| async { Ok(Json::Null) }))
        .actor_of("0s", json!([{"invoke": {"function": "take"}, "callback": true}]));
    (stage, Log::default(), |run, _| format!("{} invocations", run.world.lambda.invocation_count()))
}

/// A machine of one task without a retrier; how its executions end and what its function did.
fn task() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("work")
        .task("flow", json!({"Resource": function_arn("work")}))
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("work", move |context, _| {
                let log = log.clone();
                async move {
                    let id = context.uuid4();
                    put(&context, json!({"id": id})).await?;
                    log.note(&context, "work");
                    Ok(Json::Null)
                }
            })
        })
        .start("0s", "flow", json!({}));
    (stage, log, |run, _| {
        let ends: Vec<String> = run
            .world
            .stepfunctions
            .records()
            .iter()
            .map(|record| {
                [Some(record.status.name()), record.error.as_deref()]
                    .into_iter()
                    .flatten()
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        // What counts is what is in the table: a killed function hears no answer.
        format!("{} [{}]", ends.join(" "), vec!["work"; run.ids().len()].join(" "))
    })
}

/// Two updates and a read of the table and of the index, both eventually consistent.
fn read_back() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("client")
        .setting("tables", json!({"Items": [{"id": "a", "owner": "ann", "count": 0}]}))
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("client", move |context, _| {
                let log = log.clone();
                async move {
                    let key = json!({"id": {"S": "a"}});
                    let update = json!({"TableName": "Items", "Key": key, "UpdateExpression": "ADD #c :n",
                        "ExpressionAttributeNames": {"#c": "count"}, "ExpressionAttributeValues": {":n": {"N": "1"}}});
                    for _ in 0..2 {
                        call(&context, "dynamodb", "UpdateItem", update.clone()).await?;
                    }
                    let get = call(&context, "dynamodb", "GetItem", json!({"TableName": "Items", "Key": key})).await?;
                    let query = json!({"TableName": "Items", "IndexName": "ByOwner", "KeyConditionExpression": "#o = :o",
                        "ExpressionAttributeNames": {"#o": "owner"}, "ExpressionAttributeValues": {":o": {"S": "ann"}}});
                    let query = call(&context, "dynamodb", "Query", query).await?;
                    let count = |item: Option<&Json>| {
                        let count = item.and_then(|item| item.get("count")?.get("N")?.as_str());
                        count.unwrap_or("nothing").to_owned()
                    };
                    let found = query.get("Items").and_then(|items| items.item(0));
                    log.note(&context, format!("{} {}", count(get.get("Item")), count(found)));
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}));
    (stage, log, |_, log| log.lines().join(", "))
}

/// A table with a stream and one write; which items the function at its end saw.
fn stream() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .streamed("KEYS_ONLY")
        .function("writer")
        .function("reader")
        .feed("reader", STREAM_ARN, json!({"StartingPosition": "LATEST"}))
        .handlers(move || {
            let log = handlers.clone();
            Registry::default()
                .with("writer", |context, _| async move { Ok(put(&context, json!({"id": "a"})).await?) })
                .with("reader", move |context, event| {
                    let key = event.get("Records").and_then(|records| {
                        let keys = records.item(0)?.get("dynamodb")?.get("Keys")?;
                        keys.get("id")?.get("S")?.as_str().map(str::to_owned)
                    });
                    log.note(&context, key.expect("a key"));
                    async { Ok(Json::Null) }
                })
        })
        .invoke("0s", "writer", json!({}));
    (stage, log, |_, log| format!("[{}]", log.lines().join(", ")))
}

/// A worker that is fed from the queue `jobs` and notes what it gets, and a client that sends these texts.
fn queue_of(texts: &'static [&'static str]) -> (Stage, Log) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .queue("jobs", json!({}))
        .function("client")
        .function("worker")
        .feed("worker", &queue_arn("jobs"), json!({"BatchSize": 1}))
        .handlers(move || {
            let (told, worked) = (handlers.clone(), handlers.clone());
            Registry::default()
                .with("client", move |context, _| {
                    let told = told.clone();
                    async move {
                        for text in texts {
                            let send = rehearsal::services::sqs::SendMessage::new("jobs", *text);
                            let heard = context.send_message(send).await;
                            told.note(
                                &context,
                                heard.map_or_else(|error| format!("!{}", error.error.code), |_| "!ok".to_owned()),
                            );
                        }
                        Ok(Json::Null)
                    }
                })
                .with("worker", move |context, event| {
                    let body = event
                        .get("Records")
                        .and_then(|records| records.item(0)?.get("body")?.as_str().map(str::to_owned));
                    worked.note(&context, body.expect("a body"));
                    async { Ok(Json::Null) }
                })
        })
        .invoke("0s", "client", json!({}));
    (stage, log)
}

/// What the client heard, and what the worker got.
fn queued() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let (stage, log) = queue_of(&["a"]);
    (stage, log, |_, log| {
        let lines = log.lines();
        let (heard, got): (Vec<&String>, Vec<&String>) = lines.iter().partition(|line| line.starts_with('!'));
        let got: Vec<&str> = got.into_iter().map(String::as_str).collect();
        format!("{} [{}]", heard[0].trim_start_matches('!'), got.join(", "))
    })
}

/// Two messages; in which order the worker got them.
fn queued_twice() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let (stage, log) = queue_of(&["a", "b"]);
    (stage, log, |_, log| {
        let lines: Vec<String> = log.lines().into_iter().filter(|line| !line.starts_with('!')).collect();
        format!("[{}]", lines.join(", "))
    })
}

/// A client that sends a message and polls for it twice.
fn polled() -> (Stage, Log, fn(&Run, &Log) -> String) {
    use rehearsal::services::sqs::{ReceiveMessage, SendMessage};
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .queue("jobs", json!({"VisibilityTimeout": 600}))
        .function_with("client", json!({"Timeout": 60}))
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("client", move |context, _| {
                let log = log.clone();
                async move {
                    context.send_message(SendMessage::new("jobs", "a")).await?;
                    for _ in 0..2 {
                        let found = context.receive_messages(ReceiveMessage::new("jobs", 1)).await?;
                        log.note(&context, found.first().map_or("nothing", |message| &*message.body));
                    }
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}));
    (stage, log, |_, log| format!("[{}]", log.lines().join(", ")))
}

/// A client that publishes to a topic, and a function that hears of it; what the client heard and when the function ran.
fn published() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .topic("news", json!({}))
        .function("client")
        .function("reader")
        .permit_sns("reader")
        .subscribe("Reader", "news", "lambda", &function_arn("reader"), json!({}))
        .handlers(move || {
            let (told, read) = (handlers.clone(), handlers.clone());
            Registry::default()
                .with("client", move |context, _| {
                    let told = told.clone();
                    async move {
                        let heard = context.publish(rehearsal::services::sns::Publish::new("news", "hello")).await;
                        told.note(
                            &context,
                            heard.map_or_else(|error| error.error.code.to_owned(), |_| "ok".to_owned()),
                        );
                        Ok(Json::Null)
                    }
                })
                .with("reader", move |context, _| {
                    read.note(&context, "reads");
                    async { Ok(Json::Null) }
                })
        })
        .invoke("30ms", "client", json!({}));
    (stage, log, |_, log| {
        let lines = log.lines();
        let heard = lines.iter().find(|line| *line != "reads").expect("an answer");
        let times: Vec<u64> =
            log.times().into_iter().zip(&lines).filter(|(_, line)| *line == "reads").map(|(at, _)| at).collect();
        format!("{heard} {times:?}")
    })
}

/// A conditional write; what its function hears, what is in the table, and how long it took.
fn write() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("client")
        .setting("tables", json!({"Items": [{"id": "a", "owner": "ann", "count": 0}]}))
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("client", move |context, _| {
                let log = log.clone();
                async move {
                    let begun = context.now();
                    let write = json!({"TableName": "Items", "Item": {"id": {"S": "b"}}, "ConditionExpression": "attribute_not_exists(id)"});
                    let heard = outcome_text(call(&context, "dynamodb", "PutItem", write).await);
                    let heard = heard.split(':').next().unwrap_or_default().to_owned();
                    log.note(&context, heard);
                    log.note(&context, (context.now() - begun).to_string());
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}));
    (stage, log, |run, log| {
        let lines = log.lines();
        format!("{} [{}] after {} ms", lines[0], run.ids().join(", "), lines[1])
    })
}

/// A batch of three puts in a loop that nobody wrote; what is left over, and what is in the table.
fn batch() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("client")
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("client", move |context, _| {
                let log = log.clone();
                async move {
                    let put = |id: &str| json!({"PutRequest": {"Item": {"id": {"S": (id)}}}});
                    let batch = json!({"RequestItems": {"Items": [(put("a")), (put("b")), (put("c"))]}});
                    let answer = call(&context, "dynamodb", "BatchWriteItem", batch).await?;
                    let left = |answer: &Json, member: &str, inner: Option<&str>| {
                        let of = answer.get(member).and_then(|of| of.get("Items")).cloned().unwrap_or_default();
                        inner
                            .map_or(of.clone(), |inner| of.get(inner).cloned().unwrap_or_default())
                            .as_array()
                            .map_or(0, <[Json]>::len)
                    };
                    let key = |id: &str| json!({"id": {"S": (id)}});
                    let batch = json!({"RequestItems": {"Items": {"Keys": [(key("x"))]}}});
                    let read = call(&context, "dynamodb", "BatchGetItem", batch).await?;
                    log.note(&context, left(&read, "UnprocessedKeys", Some("Keys")).to_string());
                    log.note(&context, left(&answer, "UnprocessedItems", None).to_string());
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}));
    (stage, log, |run, log| format!("{} [{}]", log.lines().join(" "), run.ids().join(", ")))
}

/// A scan of two items that does not look for more; what it found.
fn pages() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("client")
        .setting("tables", json!({"Items": [{"id": "a"}, {"id": "b"}]}))
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("client", move |context, _| {
                let log = log.clone();
                async move {
                    let page = call(&context, "dynamodb", "Scan", json!({"TableName": "Items"})).await?;
                    let more = if page.get("LastEvaluatedKey").is_some() { "more" } else { "no more" };
                    let count = page.get("Count").and_then(Json::as_i64).unwrap_or_default();
                    log.note(&context, format!("{count} and {more}"));
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}));
    (stage, log, |_, log| log.lines().join(", "))
}

/// A client script that puts two events; how often it was run, what it saw, and what the bus accepted.
fn client() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let script = r#"
import boto3

seen = "ok"
for _ in range(2):
    try:
        boto3.client("events").put_events(Entries=[{"Source": "own", "DetailType": "T", "Detail": "{}"}])
    except Exception as error:
        seen = type(error).__name__
print(seen)
"#;
    (Stage::new().client(script, json!([])), Log::default(), |run, _| {
        let [client] = run.world.clients.records() else { return "no client".to_owned() };
        let own: Vec<String> = run.accepted().iter().map(|event| event.replace("default ", "")).collect();
        let seen = client.output.lines().last().unwrap_or_default();
        format!("run {} times: {seen} [{}]", client.attempts, own.join(" "))
    })
}

/// An alarm on an execution that fails; when it goes off.
fn alarm() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let alarm = json!({
        "AlarmName": "Failures",
        "Namespace": "AWS/States",
        "MetricName": "ExecutionsFailed",
        "Dimensions": [{"Name": "StateMachineArn", "Value": (machine_arn("fails"))}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
    });
    let stage = Stage::new()
        .machine("fails", json!({"StartAt": "Only", "States": {"Only": {"Type": "Fail"}}}))
        .resource("Failures", "AWS::CloudWatch::Alarm", alarm)
        .start("10s", "fails", json!({}));
    (stage, Log::default(), |run, _| match run.world.cloudwatch.records()[0].transitions.first() {
        Some(change) => format!("{} after {} s", change.to.text(), change.at.since_start() / 1000),
        None => "nothing".to_owned(),
    })
}

/// A function that switches a rule off and puts an event; how many the rule's target hears.
fn switched() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("echo")
        .permit("echo")
        .function("operator")
        .rule("Rule", "default", "till", json!([{"Id": "one", "Arn": function_arn("echo")}]))
        .invoke("0s", "operator", json!({}))
        .handlers(move || {
            handlers.echo(Registry::default(), "echo").with("operator", |context, _| async move {
                call(&context, "events", "DisableRule", json!({"Name": "Rule"})).await?;
                let entry = json!({"Source": "till", "DetailType": "T", "Detail": "{}"});
                call(&context, "events", "PutEvents", json!({"Entries": [entry]})).await?;
                Ok(Json::Null)
            })
        });
    (stage, log, |_, log| format!("{} heard", log.lines().len()))
}

/// A function that puts a number and reads it at once and again later; how many it sees.
fn reader() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new().function("reader").invoke("0s", "reader", json!({})).handlers(move || {
        let log = handlers.clone();
        Registry::default().with("reader", move |context, _| {
            let log = log.clone();
            async move {
                let put = json!({"Namespace": "Shop", "MetricData": [{"MetricName": "Parcels", "Value": 1}]});
                call(&context, "cloudwatch", "PutMetricData", put).await?;
                for _ in 0..2 {
                    let now = context.now().0 as f64 / 1000.0;
                    let get = json!({"Namespace": "Shop", "MetricName": "Parcels", "Statistics": ["Sum"], "Period": 60,
                        "StartTime": (now - 600.0), "EndTime": (now + 1.0)});
                    let found = call(&context, "cloudwatch", "GetMetricStatistics", get).await?;
                    let points = found.get("Datapoints").and_then(Json::as_array).unwrap_or_default();
                    log.note(&context, points.len().to_string());
                }
                Ok(Json::Null)
            }
        })
    });
    (stage, log, |_, log| log.lines().join(" "))
}
