//! SQS: what is sent is received, hidden, deleted, moved or kept; and what feeds functions from queues.

use rehearsal::handlers::{FunctionError, Registry};
use rehearsal::harness::Run;
use rehearsal::services::sqs::MessageState;
use rehearsal::world::{FaultId, LIVELOCK};
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, call, merged, outcome_text, queue_arn, raise};

/// How long a request takes to reach SQS.
const SQS_MS: u64 = 10;
/// From a queue to its function.
const BATCH_MS: u64 = 15;

/// `visible in-flight delayed` of a queue.
fn state(run: &Run, queue: &str) -> String {
    let queue = run.world.sqs.queue(queue).expect("a queue");
    let count = |state| queue.count(state, run.world.core.now());
    format!("{} {} {}", count(MessageState::Visible), count(MessageState::InFlight), count(MessageState::Delayed))
}

/// A function that makes these calls of SQS one after the other, `None` being a second's sleep; what it heard. `$HANDLE`
/// stands for the first receipt handle of the latest receive, `$OLD` for that of the one before.
fn client(stage: Stage, calls: Vec<(&'static str, Json)>) -> (Run, Vec<String>) {
    let log = Log::default();
    let seen = log.clone();
    let run = stage
        .function_with("client", json!({"Timeout": 900}))
        .handlers(move || {
            let (log, calls) = (log.clone(), calls.clone());
            Registry::default().with("client", move |context, _| {
                let (log, calls) = (log.clone(), calls.clone());
                async move {
                    let (mut handle, mut old) = (String::new(), String::new());
                    for (operation, parameters) in calls {
                        if operation == "sleep" {
                            context.sleep_ms(parameters.as_i64().unwrap_or(0).unsigned_abs() * 1000).await;
                            continue;
                        }
                        let text = parameters.to_string().replace("$HANDLE", &handle).replace("$OLD", &old);
                        let mut parameters = Json::parse(&text).expect("JSON");
                        if parameters.get("QueueUrl").is_none() {
                            let url = "https://sqs.us-east-1.amazonaws.com/111111111111/jobs";
                            parameters = merged(parameters, json!({"QueueUrl": url}));
                        }
                        let answer = call(&context, "sqs", operation, parameters).await;
                        let Ok(answer) = &answer else {
                            log.note(&context, outcome_text(answer));
                            continue;
                        };
                        let messages = answer.get("Messages").and_then(Json::as_array);
                        if let Some(first) = messages.and_then(|messages| messages.first()) {
                            old = std::mem::replace(
                                &mut handle,
                                first.get("ReceiptHandle").and_then(Json::as_str).expect("a handle").to_owned(),
                            );
                        }
                        log.note(&context, told(operation, answer));
                    }
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}))
        .run();
    (run, seen.lines())
}

/// What of an answer is the same in every run: of messages the texts, of everything else that it succeeded.
fn told(operation: &str, answer: &Json) -> String {
    if let Some(messages) = answer.get("Messages").and_then(Json::as_array) {
        let bodies: Vec<&str> = messages.iter().filter_map(|one| one.get("Body").and_then(Json::as_str)).collect();
        return bodies.join(",");
    }
    if operation == "ReceiveMessage" {
        return "nothing".to_owned();
    }
    if operation == "GetQueueAttributes" {
        return answer.to_string();
    }
    let ids = |key: &str, member: &str| {
        let entries = answer.get(key).and_then(Json::as_array).unwrap_or_default();
        let ids: Vec<&str> = entries.iter().filter_map(|one| one.get(member).and_then(Json::as_str)).collect();
        ids.join(",")
    };
    match (ids("Successful", "Id"), ids("Failed", "Code")) {
        (good, bad) if good.is_empty() && bad.is_empty() => "ok".to_owned(),
        (good, bad) if bad.is_empty() => good,
        (good, bad) => format!("{good}/{bad}"),
    }
}

fn send(body: &str) -> (&'static str, Json) {
    ("SendMessage", json!({"MessageBody": body}))
}

fn receive(most: u32) -> (&'static str, Json) {
    ("ReceiveMessage", json!({"MaxNumberOfMessages": most}))
}

fn sleep(seconds: u32) -> (&'static str, Json) {
    ("sleep", json!(seconds))
}

fn delete() -> (&'static str, Json) {
    ("DeleteMessage", json!({"ReceiptHandle": "$HANDLE"}))
}

#[test]
fn a_received_message_is_hidden_until_it_is_deleted_or_its_time_is_up() {
    let (run, lines) = client(
        Stage::new().queue("jobs", json!({"VisibilityTimeout": 10})),
        vec![
            send("a"),
            send("b"),
            receive(10),
            receive(10),
            sleep(11),
            receive(1),
            delete(),
            receive(10),
            ("ChangeMessageVisibility", json!({"ReceiptHandle": "$HANDLE", "VisibilityTimeout": 60})),
            sleep(30),
            receive(10),
            ("ChangeMessageVisibility", json!({"ReceiptHandle": "$HANDLE", "VisibilityTimeout": 0})),
            receive(10),
        ],
    );
    assert_eq!(lines, ["ok", "ok", "a,b", "nothing", "a", "ok", "b", "ok", "nothing", "ok", "b"]);
    // The run waits for the last receive's time to be up: what is left is in sight.
    assert_eq!(state(&run, "jobs"), "1 0 0");
}

#[test]
fn an_old_receipt_handle_deletes_nothing() {
    let queue = json!({"VisibilityTimeout": 5});
    let calls = vec![
        send("a"),
        receive(1),
        sleep(6),
        receive(1),
        ("DeleteMessage", json!({"ReceiptHandle": "$OLD"})),
        sleep(6),
        receive(1),
        ("DeleteMessage", json!({"ReceiptHandle": "no handle"})),
    ];
    let (_, lines) = client(Stage::new().queue("jobs", queue), calls);
    let invalid = "ReceiptHandleIsInvalid: The input receipt handle \"no handle\" is not a valid receipt handle.";
    assert_eq!(lines, ["ok", "a", "a", "ok", "a", invalid]);
}

#[test]
fn a_delay_hides_a_message_and_a_long_poll_waits_for_it() {
    let wait = |seconds: u32| ("ReceiveMessage", json!({"WaitTimeSeconds": seconds}));
    for (queue, send, expected) in [
        (json!({"DelaySeconds": 5}), json!({"MessageBody": "a"}), vec!["ok", "nothing", "nothing", "a"]),
        (json!({}), json!({"MessageBody": "a", "DelaySeconds": 5}), vec!["ok", "nothing", "nothing", "a"]),
        (
            json!({"DelaySeconds": 5}),
            json!({"MessageBody": "a", "DelaySeconds": 0}),
            vec!["ok", "a", "nothing", "nothing"],
        ),
    ] {
        let calls = vec![("SendMessage", send), wait(0), wait(3), wait(20)];
        let (_, lines) = client(Stage::new().queue("jobs", queue), calls);
        assert_eq!(lines, expected);
    }
}

#[test]
fn a_message_that_is_received_too_often_goes_to_the_dead_letter_queue() {
    let policy = json!({"deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 2});
    let stage =
        Stage::new().queue("jobs", json!({"VisibilityTimeout": 1, "RedrivePolicy": policy})).queue("dead", json!({}));
    let calls =
        vec![send("a"), receive(1), sleep(2), receive(1), sleep(2), receive(1), send("b"), receive(1), delete()];
    let (run, lines) = client(stage, calls);
    assert_eq!(lines, ["ok", "a", "a", "nothing", "ok", "b", "ok"]);
    assert_eq!(run.bodies("dead"), ["a"]);
    assert_eq!(run.world.sqs.queue("jobs").expect("a queue").counts().dead_lettered, 1);
    assert!(run.tells("received too often: moved to dead"));
}

#[test]
fn a_message_is_gone_at_the_end_of_its_retention() {
    let stage = Stage::new().queue("jobs", json!({"MessageRetentionPeriod": 60}));
    let (run, lines) = client(stage, vec![send("a"), sleep(59), receive(1), sleep(31), receive(1)]);
    assert_eq!(lines, ["ok", "a", "nothing"]);
    assert_eq!(run.world.sqs.queue("jobs").expect("a queue").counts().expired, 1);
}

#[test]
fn requests_that_sqs_refuses_are_refused_in_its_words() {
    let refused = |queue: Json, operation: &'static str, parameters: Json| {
        let name = if queue.get("FifoQueue").is_some() { "jobs.fifo" } else { "jobs" };
        let url = format!("https://sqs.us-east-1.amazonaws.com/111111111111/{name}");
        let parameters = merged(json!({"QueueUrl": url}), parameters);
        client(Stage::new().queue(name, queue), vec![(operation, parameters)]).1.remove(0)
    };
    let fifo = || json!({"FifoQueue": true});
    let body = |more: Json| merged(json!({"MessageBody": "a"}), more);
    let eleven = Json::from(vec![json!({"Id": "x", "MessageBody": "a"}); 11]);
    for (queue, operation, parameters, expected) in [
        (json!({}), "SendMessage", json!({}), "MissingParameter: The request must contain the parameter MessageBody."),
        (
            json!({}),
            "SendMessage",
            json!({"QueueUrl": "nowhere", "MessageBody": "a"}),
            "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.",
        ),
        (
            json!({"MaximumMessageSize": 1024}),
            "SendMessage",
            json!({"MessageBody": "x".repeat(1025)}),
            "InvalidParameterValue: One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes.",
        ),
        (
            json!({}),
            "SendMessage",
            json!({"MessageBody": "\u{1}"}),
            "InvalidMessageContents: Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF",
        ),
        (
            json!({}),
            "SendMessage",
            body(json!({"DelaySeconds": 901})),
            "InvalidParameterValue: Value 901 for parameter DelaySeconds is invalid. Reason: Must be between 0 and 900, if provided.",
        ),
        (
            json!({}),
            "ReceiveMessage",
            json!({"MaxNumberOfMessages": 11}),
            "InvalidParameterValue: Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.",
        ),
        (
            json!({}),
            "SendMessageBatch",
            json!({"Entries": eleven}),
            "AWS.SimpleQueueService.TooManyEntriesInBatchRequest: Maximum number of entries per request are 10. You have sent 11.",
        ),
        (
            fifo(),
            "SendMessage",
            body(json!({})),
            "MissingParameter: The request must contain the parameter MessageGroupId.",
        ),
        (
            fifo(),
            "SendMessage",
            body(json!({"MessageGroupId": "g"})),
            "InvalidParameterValue: The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        ),
        (
            fifo(),
            "SendMessage",
            body(json!({"MessageGroupId": "g", "MessageDeduplicationId": "d", "DelaySeconds": 2})),
            "InvalidParameterValue: Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.",
        ),
    ] {
        assert_eq!(refused(queue, operation, parameters), expected);
    }
}

#[test]
fn the_entries_of_a_batch_fail_one_by_one() {
    let entries =
        json!([{"Id": "1", "MessageBody": "a"}, {"Id": "2", "MessageBody": "\u{1}"}, {"Id": "3", "MessageBody": "c"}]);
    let handles = json!([{"Id": "x", "ReceiptHandle": "$HANDLE"}, {"Id": "y", "ReceiptHandle": "wrong"}]);
    let calls = vec![
        ("SendMessageBatch", json!({"Entries": entries})),
        receive(10),
        ("DeleteMessageBatch", json!({"Entries": handles})),
    ];
    let (run, lines) = client(Stage::new().queue("jobs", json!({})), calls);
    assert_eq!(lines, ["1,3/InvalidMessageContents", "a,c", "x/ReceiptHandleIsInvalid"]);
    assert_eq!(run.bodies("jobs"), ["c"]);
}

#[test]
fn a_fifo_queue_keeps_the_order_of_a_group_and_takes_a_message_once_in_five_minutes() {
    let url = "https://sqs.us-east-1.amazonaws.com/111111111111/jobs.fifo";
    let to = |more: Json| merged(json!({"QueueUrl": url}), more);
    let send = |body: &str, group: &str, id: &str| {
        let ids = json!({"MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": id});
        ("SendMessage", to(ids))
    };
    let receive = |most: u32| ("ReceiveMessage", to(json!({"MaxNumberOfMessages": most})));
    let delete = || ("DeleteMessage", to(json!({"ReceiptHandle": "$HANDLE"})));
    let stage =
        |more: Json| Stage::new().queue("jobs.fifo", merged(json!({"FifoQueue": true, "VisibilityTimeout": 5}), more));
    let (_, lines) = client(
        stage(json!({})),
        vec![
            send("a1", "a", "1"),
            send("a2", "a", "2"),
            send("b1", "b", "3"),
            send("again", "b", "1"),
            receive(1),
            receive(10),
            receive(10),
            sleep(6),
            receive(1),
            delete(),
            receive(1),
            ("DeleteMessage", to(json!({"ReceiptHandle": "$OLD"}))),
            sleep(300),
            send("later", "a", "1"),
            receive(10),
        ],
    );
    // While a1 is in flight its group is blocked; afterwards the order is the old one.
    assert_eq!(lines, ["ok", "ok", "ok", "ok", "a1", "b1", "nothing", "a1", "ok", "a2", "ok", "ok", "a2,b1,later"]);
    let scoped = json!({"DeduplicationScope": "messageGroup", "FifoThroughputLimit": "perMessageGroupId"});
    let (run, _) = client(stage(scoped), vec![send("a", "a", "1"), send("b", "b", "1"), send("c", "b", "1")]);
    assert_eq!(run.bodies("jobs.fifo"), ["a", "b"]);
    let by_body = |body: &str| ("SendMessage", to(json!({"MessageBody": body, "MessageGroupId": "g"})));
    let (run, _) =
        client(stage(json!({"ContentBasedDeduplication": true})), vec![by_body("a"), by_body("a"), by_body("b")]);
    assert_eq!(run.bodies("jobs.fifo"), ["a", "b"]);
}

#[test]
fn attributes_tell_what_a_queue_is_and_what_is_in_it() {
    let names = json!(["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible", "QueueArn"]);
    let (_, lines) = client(
        Stage::new().queue("jobs", json!({})),
        vec![send("a"), send("b"), receive(1), ("GetQueueAttributes", json!({"AttributeNames": names}))],
    );
    let expected = json!({"Attributes": {
        "QueueArn": (queue_arn("jobs")), "ApproximateNumberOfMessages": "1", "ApproximateNumberOfMessagesNotVisible": "1",
    }});
    assert_eq!(lines[3], expected.to_string());
}

type Act = fn(usize, &[String]) -> Result<Json, FunctionError>;

/// A worker that is fed from `jobs` and does what `act` says to each event; what it was given.
fn fed(mapping: Json, queue: Json, act: Act) -> (Stage, Log) {
    let log = Log::default();
    let seen = log.clone();
    let stage =
        Stage::new().queue("jobs", queue).function("worker").feed("worker", &queue_arn("jobs"), mapping).handlers(
            move || {
                let log = log.clone();
                Registry::default().with("worker", move |context, event| {
                    let log = log.clone();
                    async move {
                        let records = event.get("Records").and_then(Json::as_array).unwrap_or_default().to_vec();
                        let text = |record: &Json, key: &str| record.get(key).and_then(Json::as_str).map(str::to_owned);
                        let bodies: Vec<String> = records.iter().filter_map(|record| text(record, "body")).collect();
                        log.note(&context, bodies.join(","));
                        act(log.lines().len(), &bodies).map(|answer| {
                            // `#n` stands for the id of the n-th message.
                            let mut answer = answer.to_string();
                            for (at, record) in records.iter().enumerate() {
                                answer = answer.replace(&format!("#{at}"), &text(record, "messageId").expect("an id"));
                            }
                            Json::parse(&answer).expect("JSON")
                        })
                    }
                })
            },
        );
    (stage, seen)
}

fn to_jobs(body: &str) -> Json {
    json!({"send_message": {"queue": "jobs", "body": body}})
}

#[test]
fn a_queue_feeds_its_function_and_what_is_done_is_deleted() {
    let (stage, log) = fed(json!({}), json!({}), |_, _| Ok(Json::Null));
    let run = stage.actor("0s", to_jobs("a")).actor("1s", to_jobs("b")).run();
    assert_eq!(log.lines(), ["a", "b"]);
    assert_eq!(log.times(), [SQS_MS + BATCH_MS, 1_000 + SQS_MS + BATCH_MS]);
    assert_eq!(state(&run, "jobs"), "0 0 0");
    let counts = run.world.sqs.queue("jobs").expect("a queue").counts();
    assert_eq!((counts.sent, counts.received, counts.deleted), (2, 2, 2));
}

#[test]
fn an_empty_queue_costs_nothing_however_long_the_run_is() {
    let (stage, _) = fed(json!({}), json!({}), |_, _| Ok(Json::Null));
    let quiet = stage.clone().actor("0s", json!({"wait": "1s"})).run();
    let long = stage.actor("0s", json!({"wait": "29d"})).run();
    assert_eq!(quiet.outcome.steps, long.outcome.steps);
    assert!(long.outcome.virtual_ms >= 29 * 86_400_000);
}

#[test]
fn a_failed_batch_comes_back_whole_and_a_partial_answer_keeps_only_what_failed() {
    let batch = |messages: &[&str]| -> Vec<Json> { messages.iter().map(|message| to_jobs(message)).collect() };
    let three = Json::from(batch(&["a", "b", "c"]));
    let window = |more: Json| merged(json!({"MaximumBatchingWindowInSeconds": 1, "BatchSize": 3}), more);
    let reports = json!({"FunctionResponseTypes": ["ReportBatchItemFailures"]});
    let cases: Vec<(&str, Json, Act, Vec<&str>)> = vec![
        (
            "an error",
            json!({}),
            |n, _| if n == 1 { raise("Bad", "no") } else { Ok(Json::Null) },
            vec!["a,b,c", "a,b,c"],
        ),
        (
            "failures that nobody asked for",
            json!({}),
            |_, _| Ok(json!({"batchItemFailures": [{"itemIdentifier": "#1"}]})),
            vec!["a,b,c"],
        ),
        (
            "one failure",
            reports.clone(),
            |n, _| Ok(if n == 1 { json!({"batchItemFailures": [{"itemIdentifier": "#1"}]}) } else { json!({}) }),
            vec!["a,b,c", "b"],
        ),
        ("no failures", reports.clone(), |_, _| Ok(json!({"batchItemFailures": []})), vec!["a,b,c"]),
        (
            "an empty id",
            reports.clone(),
            |n, _| Ok(if n == 1 { json!({"batchItemFailures": [{"itemIdentifier": ""}]}) } else { Json::Null }),
            vec!["a,b,c", "a,b,c"],
        ),
        (
            "an unknown id",
            reports.clone(),
            |n, _| Ok(if n == 1 { json!({"batchItemFailures": [{"itemIdentifier": "x"}]}) } else { Json::Null }),
            vec!["a,b,c", "a,b,c"],
        ),
        (
            "no list",
            reports.clone(),
            |n, _| Ok(if n == 1 { json!({"batchItemFailures": "all"}) } else { Json::Null }),
            vec!["a,b,c", "a,b,c"],
        ),
        ("another answer", reports, |n, _| Ok(if n == 1 { json!("fine") } else { Json::Null }), vec!["a,b,c", "a,b,c"]),
    ];
    for (name, mapping, act, expected) in cases {
        let (stage, log) = fed(window(mapping), json!({}), act);
        let run = stage.actor_of("0s", three.clone()).run();
        assert_eq!(log.lines(), expected, "{name}");
        assert_eq!(state(&run, "jobs"), "0 0 0", "{name}");
    }
}

#[test]
fn a_window_gathers_until_it_is_over_or_the_batch_is_full() {
    for (batch_size, window_s, expected) in [
        (10, 2, vec!["a,b,c", "d"]),
        (2, 2, vec!["a,b", "c", "d"]),
        (10, 0, vec!["a", "b", "c", "d"]),
        (100, 20, vec!["a,b,c,d"]),
    ] {
        let mapping = json!({"BatchSize": batch_size, "MaximumBatchingWindowInSeconds": window_s, "ScalingConfig": {"MaximumConcurrency": 2}});
        let (mut stage, log) = fed(mapping, json!({"VisibilityTimeout": 120}), |_, _| Ok(Json::Null));
        for (at, body) in [("0s", "a"), ("500ms", "b"), ("1s", "c"), ("10s", "d")] {
            stage = stage.actor(at, to_jobs(body));
        }
        stage.run();
        let mut lines = log.lines();
        lines.sort();
        assert_eq!(lines, expected, "{batch_size} within {window_s} s");
    }
}

#[test]
fn what_the_filters_leave_out_is_deleted() {
    let filter = json!({"body": {"total": [{"numeric": [">", 10]}]}}).to_string();
    let mapping = json!({"FilterCriteria": {"Filters": [{"Pattern": filter}]}});
    let (stage, log) = fed(mapping, json!({}), |_, _| Ok(Json::Null));
    let run = stage
        .actor("0s", to_jobs("{\"total\":5}"))
        .actor("1s", to_jobs("{\"total\":50}"))
        .actor("2s", to_jobs("no json"))
        .run();
    assert_eq!(log.lines(), ["{\"total\":50}"]);
    assert_eq!(state(&run, "jobs"), "0 0 0");
    assert_eq!(run.world.sqs.queue("jobs").expect("a queue").counts().deleted, 3);
}

#[test]
fn a_poisonous_message_goes_to_the_dead_letter_queue_or_is_tried_until_its_retention_ends() {
    let policy = json!({"deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 3});
    let (stage, log) = fed(json!({}), json!({"RedrivePolicy": policy}), |_, _| raise("Poison", "no"));
    let run = stage.queue("dead", json!({})).actor("0s", to_jobs("a")).run();
    assert_eq!(log.lines(), ["a", "a", "a"]);
    assert_eq!(log.gaps(), [30_000, 30_000]);
    assert_eq!((run.bodies("dead"), state(&run, "jobs")), (vec!["a".to_owned()], "0 0 0".to_owned()));
    let (stage, log) = fed(json!({}), json!({"MessageRetentionPeriod": 3600}), |_, _| raise("Poison", "no"));
    let run = stage.actor("0s", to_jobs("a")).run();
    assert_eq!(log.lines().len(), 120);
    assert!(run.tells("dropped at the end of its retention"));
    assert_eq!(run.outcome.violation, None);
}

#[test]
fn a_function_that_outlives_the_visibility_timeout_works_on_a_message_twice_at_once() {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new()
        .queue("jobs", json!({"VisibilityTimeout": 3}))
        .function("worker")
        .feed("worker", &queue_arn("jobs"), json!({}))
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("worker", move |context, _| {
                let log = log.clone();
                async move {
                    log.note(&context, "begins");
                    context.sleep_ms(1_500).await;
                    log.note(&context, "ends");
                    Ok(Json::Null)
                }
            })
        })
        .actor("0s", to_jobs("a"))
        .struck_by(FaultId::LaCold, 2, 1);
    // The first environment comes two seconds late, and the message is in sight again before the function is done.
    assert_eq!(seen.lines(), ["begins", "begins", "ends", "ends"]);
    assert_eq!(state(&run, "jobs"), "0 0 0");
}

#[test]
fn a_throttled_function_leaves_its_messages_in_the_queue() {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new()
        .queue("jobs", json!({"VisibilityTimeout": 30}))
        .function_with("worker", json!({"ReservedConcurrentExecutions": 1, "Timeout": 30}))
        .feed("worker", &queue_arn("jobs"), json!({"BatchSize": 1}))
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("worker", move |context, event| {
                let log = log.clone();
                async move {
                    let body = event
                        .get("Records")
                        .and_then(|records| records.item(0)?.get("body")?.as_str().map(str::to_owned));
                    log.note(&context, body.unwrap_or_default());
                    context.sleep_ms(5_000).await;
                    Ok(Json::Null)
                }
            })
        })
        .actor("0s", to_jobs("a"))
        .actor("1s", to_jobs("b"))
        .run();
    // b meets the one environment busy, and comes back when its timeout is over.
    assert_eq!(seen.lines(), ["a", "b"]);
    assert_eq!(seen.times()[1], 1_000 + SQS_MS + 30_000 + BATCH_MS);
    assert_eq!(state(&run, "jobs"), "0 0 0");
}

#[test]
fn a_role_that_may_not_receive_stops_the_poller_and_one_that_may_not_send_is_denied() {
    let statement = |action: &str| json!([{"Effect": "Allow", "Action": action, "Resource": queue_arn("jobs")}]);
    let (stage, log) = fed(json!({}), json!({}), |_, _| Ok(Json::Null));
    let role = json!({"Fn::GetAtt": ["Role", "Arn"]});
    let with_role = |stage: Stage, action: &str| {
        stage
            .role("Role", &["lambda.amazonaws.com"], statement(action))
            .function_with("worker", json!({"Role": role}))
            .actor("0s", to_jobs("a"))
            .run()
    };
    let run = with_role(stage, "sqs:SendMessage");
    assert!(log.lines().is_empty());
    assert!(run.tells("polls no more: AccessDenied"));
    assert_eq!(state(&run, "jobs"), "1 0 0");
    let (stage, log) = fed(json!({}), json!({}), |_, _| Ok(Json::Null));
    let run = with_role(stage, "sqs:*");
    assert_eq!((log.lines(), state(&run, "jobs")), (vec!["a".to_owned()], "0 0 0".to_owned()));
}

#[test]
fn records_have_the_form_that_functions_know() {
    let log = Log::default();
    let seen = log.clone();
    let attributes = json!({"kind": "order", "total": 7});
    Stage::new()
        .queue("jobs", json!({}))
        .function("worker")
        .feed("worker", &queue_arn("jobs"), json!({}))
        .handlers(move || log.echo(Registry::default(), "worker"))
        .actor("0s", json!({"send_message": {"queue": "jobs", "body": {"id": 1}, "attributes": attributes}}))
        .run();
    let event = Json::parse(&seen.lines()[0]).expect("JSON");
    let record = event.get("Records").and_then(|records| records.item(0)).expect("a record").clone();
    let text = |key: &str| record.get(key).and_then(Json::as_str).expect("a text").to_owned();
    assert_eq!(text("body"), "{\"id\":1}");
    assert_eq!((&*text("eventSource"), &*text("awsRegion")), ("aws:sqs", "us-east-1"));
    assert_eq!(text("eventSourceARN"), queue_arn("jobs"));
    // MD5 of {"id":1}.
    assert_eq!(text("md5OfBody"), "d2ce28b9a7fd7e4407e2b0fd499b7fe4");
    assert_eq!(record.get("attributes").and_then(|system| system.get("ApproximateReceiveCount")), Some(&json!("1")));
    let total = record.get("messageAttributes").and_then(|attributes| attributes.get("total")).cloned();
    let expected = json!({"stringValue": "7", "stringListValues": [], "binaryListValues": [], "dataType": "Number"});
    assert_eq!(total, Some(expected));
}

#[test]
fn no_message_is_lost_under_faults_other_than_by_documented_exhaustion() {
    let policy = json!({"deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 2});
    let (stage, _) = fed(json!({}), json!({"VisibilityTimeout": 5, "RedrivePolicy": policy}), |n, _| {
        if n % 3 == 0 { raise("Flaky", "again") } else { Ok(Json::Null) }
    });
    let mut stage = stage.queue("dead", json!({}));
    for body in ["a", "b", "c", "d", "e", "f"] {
        stage = stage.actor("0s", to_jobs(body));
    }
    for fault in FaultId::ALL {
        if fault.spec().documented {
            stage = stage.fault(*fault, 100_000);
        }
    }
    let harness = stage.harness();
    for seed in 0..40 {
        let run = harness.run(seed).expect("a run");
        let counts = run.world.sqs.queue("jobs").expect("a queue").counts();
        assert_eq!(run.outcome.violation, None, "{LIVELOCK}: seed {seed}");
        assert_eq!(counts.sent, counts.deleted + counts.dead_lettered, "seed {seed}");
        assert_eq!(run.bodies("dead").len() as u32, counts.dead_lettered, "seed {seed}");
    }
}

#[test]
fn what_aws_refuses_to_make_is_refused_before_the_first_run() {
    let feeding = |queue: Json, function: Json, mapping: Json| {
        Stage::new()
            .queue("jobs", queue)
            .function_with("worker", function)
            .feed("worker", &queue_arn("jobs"), mapping)
            .actor("0s", json!({"wait": "1s"}))
    };
    let fifo = json!({"QueueName": "other.fifo", "FifoQueue": true});
    let redrive = json!({"RedrivePolicy": {"deadLetterTargetArn": queue_arn("other.fifo"), "maxReceiveCount": 3}});
    for (stage, message) in [
        (
            feeding(json!({"VisibilityTimeout": 5}), json!({"Timeout": 6}), json!({})),
            "the visibility timeout of 5 s is less than the function's timeout of 6 s",
        ),
        (feeding(json!({}), json!({}), json!({"BatchSize": 11})), "a batch of 11 messages is too large"),
        (feeding(json!({"FifoQueue": true}), json!({}), json!({})), "'jobs' cannot name this queue"),
        (
            feeding(redrive, json!({}), json!({})).queue("other", fifo),
            "'other.fifo' cannot be the dead-letter queue of 'jobs'",
        ),
        (
            feeding(json!({}), json!({}), json!({"FilterCriteria": {"Filters": [{"Pattern": "{\"body\": 1}"}]}})),
            "the filter is not one",
        ),
    ] {
        let problems = stage.problems();
        assert!(problems.contains(message), "{problems}");
    }
}

#[test]
fn invariants_see_what_waits() {
    let policy = json!({"deadLetterTargetArn": queue_arn("dead"), "maxReceiveCount": 1});
    let (stage, _) = fed(json!({}), json!({"RedrivePolicy": policy}), |_, _| raise("Poison", "no"));
    let stage = stage.queue("dead", json!({})).actor("0s", to_jobs("{\"orderId\":\"o-1\"}")).setting(
        "invariants",
        json!([
            {"name": "seen in flight", "sometimes": "queues.jobs.inFlight = 1"},
            {"name": "drained", "eventually": "$count(queues.jobs.messages) = 0 and queues.jobs.deadLetters = 1"},
            {"name": "named", "eventually": "queues.dead.messages.body.orderId = 'o-1' and queues.dead.visible = 1"},
        ]),
    );
    let found = stage.harness().sweep(0, 5, 1).expect("a sweep");
    assert!(found.findings.is_empty(), "{:?}", found.findings);
}
