//! Archives of a bus, and replays out of them.

use rehearsal::handlers::Registry;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, bus_arn, call, function_arn, merged, outcome_text};

const ARCHIVE: &str = "arn:aws:events:us-east-1:111111111111:archive/kept";

/// A bus with an archive of what comes from the till, a rule for all of it, and a function `operate` that asks for
/// a replay with `requests` one after the other, ten minutes and more after the events.
fn stage(requests: Vec<(&'static str, Json)>) -> (Stage, Log, Log) {
    let (seen, answers) = (Log::default(), Log::default());
    let (to_seen, to_answers) = (seen.clone(), answers.clone());
    let archive = json!({"ArchiveName": "kept", "SourceArn": bus_arn("shop"), "EventPattern": {"source": ["till"]}});
    let stage = Stage::new()
        .bus("shop")
        .function("echo")
        .permit("echo")
        .function_with("operate", json!({"Timeout": 900}))
        .resource("Kept", "AWS::Events::Archive", archive)
        .rule("ToEcho", "shop", "till", json!([{"Id": "one", "Arn": function_arn("echo")}]))
        .handlers(move || {
            let (log, requests) = (to_answers.clone(), requests.clone());
            to_seen.echo(Registry::default(), "echo").with("operate", move |context, _| {
                let (log, requests) = (log.clone(), requests.clone());
                async move {
                    for (operation, parameters) in requests {
                        log.note(&context, outcome_text(call(&context, "events", operation, parameters).await));
                        context.sleep_ms(60_000).await;
                    }
                    Ok(Json::Null)
                }
            })
        });
    (stage, seen, answers)
}

fn replay(name: &str, more: Json) -> Json {
    let own = json!({
        "ReplayName": name,
        "EventSourceArn": ARCHIVE,
        "EventStartTime": "2026-01-01T00:00:00Z",
        "EventEndTime": "2026-01-01T00:05:00Z",
        "Destination": {"Arn": (bus_arn("shop"))},
    });
    merged(own, more)
}

fn with_events(stage: Stage) -> Stage {
    stage
        .event("10s", "shop", "till", json!({"n": 1}))
        .event("130s", "shop", "till", json!({"n": 2}))
        .event("130s", "shop", "door", json!({"n": 3}))
        .event("400s", "shop", "till", json!({"n": 4}))
        .invoke("1200s", "operate", json!({}))
}

/// The numbers of the replayed events, in the order in which they came.
fn replayed(log: &Log) -> Vec<i64> {
    let events = log.lines().into_iter().map(|line| Json::parse(&line).expect("an event"));
    let events = events.filter(|event| event.get("replay-name").is_some());
    events.filter_map(|event| event.get("detail")?.get("n")?.as_i64()).collect()
}

#[test]
fn a_replay_sends_what_the_archive_kept_through_its_bus_again() {
    let requests =
        vec![("StartReplay", replay("again", json!({}))), ("DescribeReplay", json!({"ReplayName": "again"}))];
    let (stage, seen, answers) = stage(requests);
    let run = with_events(stage).run();
    // The window ends before the last event, and the archive does not keep the door's.
    assert_eq!(replayed(&seen), [1, 2]);
    assert_eq!(run.accepted().len(), 4, "what is replayed was accepted once: {:?}", run.accepted());
    let lines = answers.lines();
    assert!(lines[0].contains("\"State\":\"RUNNING\""), "{}", lines[0]);
    assert!(lines[1].contains("\"State\":\"COMPLETED\""), "{}", lines[1]);
}

#[test]
fn only_the_rules_that_are_named_hear_of_a_replay() {
    let only = |rule: &str| {
        let arn = format!("arn:aws:events:us-east-1:111111111111:rule/shop/{rule}");
        replay("again", json!({"Destination": {"Arn": (bus_arn("shop")), "FilterArns": [arn]}}))
    };
    for (rule, wanted) in [("ToEcho", 2), ("Other", 0)] {
        let (stage, seen, _) = stage(vec![("StartReplay", only(rule))]);
        with_events(stage).rule("Other", "shop", "till", json!([])).run();
        assert_eq!(replayed(&seen).len(), wanted, "{rule}");
    }
}

#[test]
fn a_replay_that_cannot_be_is_refused_in_awss_words() {
    for (parameters, wanted) in [
        (
            replay("r", json!({"EventEndTime": "2025-01-01T00:00:00Z"})),
            "ValidationException: Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
        ),
        (
            replay("r", json!({"Destination": {"Arn": (bus_arn("default"))}})),
            "ValidationException: Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
        ),
        (
            replay("r", json!({"EventSourceArn": "arn:aws:events:us-east-1:111111111111:archive/absent"})),
            "ResourceNotFoundException: Archive absent does not exist.",
        ),
        (json!({"ReplayName": "r"}), "ValidationException: Parameter EventStartTime is not valid."),
    ] {
        let (stage, _, answers) = stage(vec![("StartReplay", parameters)]);
        stage.invoke("0s", "operate", json!({})).run();
        assert_eq!(answers.lines(), [wanted]);
    }
    let twice = vec![("StartReplay", replay("r", json!({}))), ("StartReplay", replay("r", json!({})))];
    let (stage, _, answers) = stage(twice);
    stage.invoke("0s", "operate", json!({})).run();
    assert_eq!(answers.lines()[1], "ResourceAlreadyExistsException: Replay r already exists.");
}
