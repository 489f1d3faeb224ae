//! Lambda's destinations and dead-letter queues: who hears how an asynchronous invocation ended.

use rehearsal::handlers::Registry;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, bus_arn, function_arn, merged, queue_arn, raise, topic_arn};

/// A function that fails so often, with this event invoke configuration, invoked once.
fn stage(failures: usize, config: Json, log: &Log) -> Stage {
    let own = json!({"FunctionName": "work", "Qualifier": "$LATEST"});
    let log = log.clone();
    Stage::new()
        .bus("audit")
        .topic("news", json!({}))
        .queue("good", json!({}))
        .queue("bad", json!({}))
        .function("next")
        .resource("Config", "AWS::Lambda::EventInvokeConfig", merged(own, config))
        .handlers(move || {
            let (tries, log) = (log.clone(), log.clone());
            Registry::default()
                .with("work", move |context, event| {
                    let tries = tries.clone();
                    async move {
                        tries.note(&context, "work");
                        if tries.lines().len() <= failures { raise("Flaky", "again") } else { Ok(event) }
                    }
                })
                .with("next", move |context, event| {
                    log.note(&context, event.to_string());
                    async { Ok(Json::Null) }
                })
        })
        .invoke_event("0s", "work", json!({"n": 1}))
}

fn to(which: &str, arn: &str) -> Json {
    json!({"DestinationConfig": {which: {"Destination": arn}}})
}

#[test]
fn a_success_and_an_exhausted_failure_leave_their_records() {
    let both = json!({"DestinationConfig": {
        "OnSuccess": {"Destination": queue_arn("good")}, "OnFailure": {"Destination": queue_arn("bad")}}});
    for (failures, queue, condition, count) in
        [(0, "good", "Success", 1), (2, "good", "Success", 3), (9, "bad", "RetriesExhausted", 3)]
    {
        let run = stage(failures, both.clone(), &Log::default()).function("work").run();
        assert_eq!(run.bodies("good").len() + run.bodies("bad").len(), 1, "{failures}");
        let record = Json::parse(&run.bodies(queue)[0]).expect("JSON");
        let context = record.get("requestContext").expect("a context");
        assert_eq!(context.get("condition"), Some(&json!(condition)), "{failures}");
        assert_eq!(context.get("approximateInvokeCount"), Some(&json!(count)), "{failures}");
        let arn = format!("{}:$LATEST", function_arn("work"));
        assert_eq!(context.get("functionArn"), Some(&json!(arn.as_str())));
        assert_eq!(record.get("requestPayload"), Some(&json!({"n": 1})));
        let error = record.get("responseContext").and_then(|context| context.get("functionError"));
        assert_eq!(error.is_some(), condition != "Success");
        let answer = if condition == "Success" {
            json!({"n": 1})
        } else {
            json!({"errorMessage": "again", "errorType": "Flaky"})
        };
        assert_eq!(record.get("responsePayload"), Some(&answer));
    }
}

#[test]
fn a_record_goes_to_a_topic_a_function_or_a_bus() {
    let log = Log::default();
    let run = stage(0, to("OnSuccess", &topic_arn("news")), &log).function("work").run();
    assert_eq!(run.world.sns.published().len(), 1);
    let log = Log::default();
    stage(0, to("OnSuccess", &function_arn("next")), &log).function("work").run();
    assert!(log.lines()[1].contains("\"condition\":\"Success\""), "{:?}", log.lines());
    for (failures, which, outcome) in [(0, "OnSuccess", "Success"), (9, "OnFailure", "Failure")] {
        let run = stage(failures, to(which, &bus_arn("audit")), &Log::default()).function("work").run();
        let event = &run.world.eventbridge.accepted()[0].event;
        assert_eq!(&*event.source, "lambda");
        assert_eq!(*event.detail_type, *format!("Lambda Function Invocation Result - {outcome}"));
        let resources: Vec<&str> = event.resources.iter().map(|arn| &**arn).collect();
        assert_eq!(resources, [bus_arn("audit"), format!("{}:$LATEST", function_arn("work"))]);
    }
}

#[test]
fn a_dead_letter_is_the_event_with_what_became_of_it() {
    let dead = json!({"DeadLetterConfig": {"TargetArn": queue_arn("bad")}});
    let run = stage(9, json!({"MaximumRetryAttempts": 0}), &Log::default()).function_with("work", dead).run();
    assert_eq!(run.bodies("bad"), ["{\"n\":1}"]);
    let queue = run.world.sqs.queue("bad").expect("a queue");
    let message = queue.messages(run.world.core.now()).next().expect("a letter");
    let attributes: Vec<String> =
        message.attributes[1..].iter().map(|one| format!("{} {}", one.name, one.value)).collect();
    assert_eq!(attributes, ["ErrorCode 200", "ErrorMessage again"]);
    assert_eq!(&*message.attributes[0].name, "RequestID");
}

#[test]
fn a_record_is_sent_until_it_is_taken_unless_the_role_may_not() {
    let config = to("OnSuccess", &queue_arn("good"));
    let run = stage(0, config.clone(), &Log::default()).function("work").struck_by(FaultId::SqSend, 1, 3);
    assert_eq!((run.struck(FaultId::SqSend), run.bodies("good").len()), (3, 1));
    let role = json!({"Role": {"Fn::GetAtt": ["Role", "Arn"]}});
    let denied = stage(0, config, &Log::default())
        .role("Role", &["lambda.amazonaws.com"], json!([]))
        .function_with("work", role)
        .run();
    assert_eq!(denied.bodies("good").len(), 0);
    assert!(denied.tells("it is lost: AccessDenied"));
}
