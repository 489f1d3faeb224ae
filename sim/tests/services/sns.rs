//! SNS: which subscriptions get which messages, as what, how often, and where they go that nobody takes.

use rehearsal::handlers::Registry;
use rehearsal::harness::Run;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, call, function_arn, merged, outcome_text, queue_arn, topic_arn};

/// From the actor to the topic, and from the topic to an endpoint.
const PUBLISH_MS: u64 = 15;
const DELIVERY_MS: u64 = 30;

/// A topic `news` and a queue `inbox` that subscribes to it.
fn subscribed(more: Json) -> Stage {
    Stage::new().topic("news", json!({})).queue("inbox", json!({})).open_queue("inbox", "sns.amazonaws.com").subscribe(
        "Inbox",
        "news",
        "sqs",
        &queue_arn("inbox"),
        more,
    )
}

fn publish(body: Json, more: Json) -> Json {
    json!({"send_message": (merged(json!({"topic": "news", "body": body}), more))})
}

#[test]
fn a_queue_gets_the_envelope_or_the_message_itself() {
    let attributes = json!({"kind": "order", "total": 7});
    let step = publish(json!({"id": 1}), json!({"subject": "An order", "attributes": attributes}));
    let run = subscribed(json!({})).actor("0s", step.clone()).run();
    let envelope = Json::parse(&run.bodies("inbox")[0]).expect("JSON");
    let part = |key: &str| envelope.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    assert_eq!((&*part("Type"), &*part("Subject"), &*part("Message")), ("Notification", "An order", "{\"id\":1}"));
    assert_eq!((part("TopicArn"), part("Timestamp")), (topic_arn("news"), "2026-01-01T00:00:00.015Z".to_owned()));
    assert_eq!(part("MessageId"), &*run.world.sns.published()[0].message_id);
    let total = envelope.get("MessageAttributes").and_then(|attributes| attributes.get("total"));
    assert_eq!(total, Some(&json!({"Type": "Number", "Value": "7"})));
    let run = subscribed(json!({"RawMessageDelivery": true})).actor("0s", step).run();
    assert_eq!(run.bodies("inbox"), ["{\"id\":1}"]);
    let queue = run.world.sqs.queue("inbox").expect("a queue");
    let raw: Vec<String> = queue
        .messages(run.world.core.now())
        .flat_map(|message| message.attributes.iter().map(|one| format!("{} {}", one.name, one.value)))
        .collect();
    assert_eq!(raw, ["kind order", "total 7"]);
}

#[test]
fn a_function_gets_a_record_and_an_address_is_noted() {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new()
        .topic("news", json!({"Subscription": [{"Protocol": "email", "Endpoint": "ops@example.com"}]}))
        .function("reader")
        .permit_sns("reader")
        .subscribe("Reader", "news", "lambda", &function_arn("reader"), json!({}))
        .handlers(move || log.echo(Registry::default(), "reader"))
        .actor("0s", publish(json!("hello"), json!({})))
        .run();
    let event = Json::parse(&seen.lines()[0]).expect("JSON");
    let record = event.get("Records").and_then(|records| records.item(0)).expect("a record");
    assert_eq!(record.get("EventSource"), Some(&json!("aws:sns")));
    let sns = record.get("Sns").expect("a message");
    assert_eq!((sns.get("Message"), sns.get("Subject")), (Some(&json!("hello")), Some(&Json::Null)));
    assert_eq!(seen.times(), [PUBLISH_MS + DELIVERY_MS]);
    let reached: Vec<&str> = run.world.sns.reached().iter().map(|(_, _, address)| &**address).collect();
    assert_eq!(reached, ["email:ops@example.com"]);
}

#[test]
fn a_subscription_gets_what_its_filter_policy_wants() {
    let by_body = |policy: Json| json!({"FilterPolicy": policy, "FilterPolicyScope": "MessageBody"});
    let by_attribute = |policy: Json| json!({"FilterPolicy": policy});
    let message = || publish(json!({"order": {"total": 50}}), json!({"attributes": {"kind": "order", "size": 3}}));
    for (more, wanted) in [
        (by_attribute(json!({"kind": ["order"]})), true),
        (by_attribute(json!({"kind": ["refund"]})), false),
        (by_attribute(json!({"size": [{"numeric": ["<", 3]}]})), false),
        (by_attribute(json!({"absent": [{"exists": false}]})), true),
        (by_body(json!({"order": {"total": [{"numeric": [">", 10]}]}})), true),
        (by_body(json!({"order": {"total": [10]}})), false),
    ] {
        let run = subscribed(more.clone()).actor("0s", message()).run();
        assert_eq!(run.bodies("inbox").len(), usize::from(wanted), "{more}");
    }
}

#[test]
fn an_endpoint_that_refuses_gets_nothing_and_the_message_goes_to_the_dead_letter_queue() {
    let redrive = json!({"RedrivePolicy": {"deadLetterTargetArn": queue_arn("dead")}});
    let closed = |more: Json| {
        Stage::new()
            .topic("news", json!({}))
            .queue("inbox", json!({}))
            .queue("dead", json!({}))
            .subscribe("Inbox", "news", "sqs", &queue_arn("inbox"), more)
            .actor("0s", publish(json!("hello"), json!({})))
    };
    let run = closed(json!({})).run();
    assert!(run.tells("the notification is given up: the endpoint does not permit it"));
    let run = closed(redrive.clone()).run();
    assert!(run.tells("the notification is lost"));
    let run = closed(redrive.clone()).open_queue("dead", "sns.amazonaws.com").run();
    assert_eq!((run.bodies("inbox").len(), run.bodies("dead").len()), (0, 1));
    // A message that the queue does not take is a refusal too.
    let small = json!({"MaximumMessageSize": 1024});
    let large = "x".repeat(2_000);
    let run = closed(redrive)
        .queue("inbox", small)
        .open_queue("inbox", "sns.amazonaws.com")
        .open_queue("dead", "sns.amazonaws.com")
        .actor("1s", publish(json!(large.as_str()), json!({})))
        .run();
    assert_eq!((run.bodies("inbox").len(), run.bodies("dead").len()), (1, 1));
}

#[test]
fn what_sns_refuses_is_refused_in_its_words() {
    let refused = |operation: &'static str, parameters: Json| -> String {
        let log = Log::default();
        let seen = log.clone();
        subscribed(json!({}))
            .topic("orders.fifo", json!({"FifoTopic": true}))
            .function("client")
            .handlers(move || {
                let (log, parameters) = (log.clone(), parameters.clone());
                Registry::default().with("client", move |context, _| {
                    let (log, parameters) = (log.clone(), parameters.clone());
                    async move {
                        let answer = call(&context, "sns", operation, parameters).await;
                        log.note(&context, outcome_text(answer));
                        Ok(Json::Null)
                    }
                })
            })
            .invoke("0s", "client", json!({}))
            .run();
        seen.lines().remove(0)
    };
    let news = || json!({"TopicArn": topic_arn("news"), "Message": "m"});
    let fifo = || json!({"TopicArn": topic_arn("orders.fifo"), "Message": "m"});
    for (more, expected) in [
        (json!({"TopicArn": topic_arn("other")}), "NotFound: Topic does not exist"),
        (
            json!({"TopicArn": "news"}),
            "InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1",
        ),
        (json!({"Message": ""}), "InvalidParameter: Invalid parameter: Empty message"),
        (json!({"Message": "x".repeat(262_145)}), "InvalidParameter: Invalid parameter: Message too long"),
        (json!({"Subject": "a\nb"}), "InvalidParameter: Invalid parameter: Subject"),
        (
            json!({"MessageStructure": "json", "Message": "{}"}),
            "InvalidParameter: Invalid parameter: Message Structure - No default entry in JSON message body",
        ),
        (fifo(), "InvalidParameter: Invalid parameter: The MessageGroupId parameter is required for FIFO topics"),
    ] {
        assert_eq!(refused("Publish", merged(news(), more)), expected);
    }
    let many = Json::from(vec![json!({"Id": "1", "Message": "m"}); 11]);
    let batch = json!({"TopicArn": topic_arn("news"), "PublishBatchRequestEntries": many});
    assert!(refused("PublishBatch", batch).starts_with("TooManyEntriesInBatchRequest: "));
    let mixed = json!([{"Id": "1", "Message": "m"}, {"Id": "2", "Message": ""}]);
    let answer = refused("PublishBatch", json!({"TopicArn": topic_arn("news"), "PublishBatchRequestEntries": mixed}));
    let answer = Json::parse(&answer).expect("JSON");
    let ids = |key: &str| answer.get(key).and_then(|list| list.item(0)?.get("Id").cloned());
    assert_eq!((ids("Successful"), ids("Failed")), (Some(json!("1")), Some(json!("2"))));
}

#[test]
fn a_message_by_protocol_reaches_each_with_its_own_text() {
    let log = Log::default();
    let seen = log.clone();
    let texts = json!({"default": "all", "lambda": "for functions"}).to_string();
    let run = subscribed(json!({"RawMessageDelivery": true}))
        .function("reader")
        .permit_sns("reader")
        .subscribe("Reader", "news", "lambda", &function_arn("reader"), json!({}))
        .function("client")
        .handlers(move || {
            let texts = texts.clone();
            log.echo(Registry::default(), "reader").with("client", move |context, _| {
                let parameters =
                    json!({"TopicArn": topic_arn("news"), "Message": (texts.as_str()), "MessageStructure": "json"});
                async move {
                    call(&context, "sns", "Publish", parameters).await?;
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}))
        .run();
    assert_eq!(run.bodies("inbox"), ["all"]);
    assert!(seen.lines()[0].contains("\"Message\":\"for functions\""));
}

#[test]
fn a_fifo_topic_keeps_order_and_takes_a_message_once() {
    let (topic, queue) = ("orders.fifo", "inbox.fifo");
    let stage = Stage::new()
        .topic(topic, json!({"FifoTopic": true}))
        .queue(queue, json!({"FifoQueue": true}))
        .open_queue(queue, "sns.amazonaws.com")
        .subscribe("Inbox", topic, "sqs", &queue_arn(queue), json!({"RawMessageDelivery": true}));
    let send = |body: &str, id: &str| json!({"send_message": {"topic": topic, "body": body, "group": "g", "deduplication": id}});
    let run = stage.actor_of("0s", json!([send("a", "1"), send("b", "2"), send("again", "1"), send("c", "3")])).run();
    assert_eq!(run.bodies(queue), ["a", "b", "c"]);
}

#[test]
fn invariants_see_what_was_published() {
    let stage = subscribed(json!({})).actor("0s", publish(json!({"id": 1}), json!({"subject": "s"}))).setting(
        "invariants",
        json!([
            {"name": "published", "eventually": "$count(topics.news) = 1 and topics.news.message.id = 1"},
            {"name": "with its subject", "eventually": "topics.news.subject = 's'"},
        ]),
    );
    let found = stage.harness().sweep(0, 3, 1).expect("a sweep");
    assert!(found.findings.is_empty(), "{:?}", found.findings);
}

#[test]
fn every_notification_arrives_at_least_once_under_faults() {
    let mut stage = subscribed(json!({"RawMessageDelivery": true}));
    for body in ["a", "b", "c", "d"] {
        stage = stage.actor("0s", publish(json!(body), json!({})));
    }
    for fault in rehearsal::world::FaultId::ALL {
        if fault.spec().documented && fault.spec().id.starts_with('S') {
            stage = stage.fault(*fault, 300_000);
        }
    }
    let harness = stage.harness();
    for seed in 0..40 {
        let run: Run = harness.run(seed).expect("a run");
        let published: Vec<String> = run.world.sns.published().iter().map(|one| one.message.to_string()).collect();
        let arrived = run.bodies("inbox");
        assert!(published.iter().all(|message| arrived.contains(message)), "seed {seed}: {published:?} {arrived:?}");
    }
}
