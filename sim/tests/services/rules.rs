//! Rules as handlers and clients meet them: asked for, switched on and off, and patterns tried on events.

use rehearsal::handlers::Registry;
use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Stage, call, function_arn, outcome_text};

/// A function `operate` that makes these requests, a second apart, and a rule `ToEcho` on the bus `shop` whose events the
/// function `echo` notes. A string among the requests is an event with this number.
fn stage(requests: &'static [(&'static str, &'static str)]) -> (Stage, Log, Log) {
    let (seen, told) = (Log::default(), Log::default());
    let (to_seen, to_told) = (seen.clone(), told.clone());
    let target = json!([{"Id": "one", "Arn": (function_arn("echo")), "InputPath": "$.detail.n"}]);
    let stage = Stage::new()
        .bus("shop")
        .function("echo")
        .permit("echo")
        .rule("ToEcho", "shop", "till", target)
        .function_with("operate", json!({"Timeout": 900}))
        .invoke("0s", "operate", json!({}))
        .handlers(move || {
            let log = to_told.clone();
            to_seen.echo(Registry::default(), "echo").with("operate", move |context, _| {
                let log = log.clone();
                async move {
                    for (operation, parameters) in requests {
                        let parameters = Json::parse(parameters).expect("JSON");
                        log.note(&context, outcome_text(call(&context, "events", operation, parameters).await));
                        context.sleep_ms(1_000).await;
                    }
                    Ok(Json::Null)
                }
            })
        });
    (stage, seen, told)
}

const PUT_1: (&str, &str) = (
    "PutEvents",
    r#"{"Entries": [{"EventBusName": "shop", "Source": "till", "DetailType": "T", "Detail": "{\"n\":1}"}]}"#,
);
const PUT_2: (&str, &str) = (
    "PutEvents",
    r#"{"Entries": [{"EventBusName": "shop", "Source": "till", "DetailType": "T", "Detail": "{\"n\":2}"}]}"#,
);
const OFF: (&str, &str) = ("DisableRule", r#"{"Name": "ToEcho", "EventBusName": "shop"}"#);
const ON: (&str, &str) = ("EnableRule", r#"{"Name": "ToEcho", "EventBusName": "shop"}"#);

#[test]
fn a_rule_that_is_switched_off_hears_nothing_until_it_is_switched_on_again() {
    let (stage, seen, told) = stage(&[OFF, PUT_1, ON, PUT_2]);
    let harness = stage.harness();
    for _ in 0..2 {
        harness.run_with(0, Box::new(rehearsal::explore::strategies::Benign)).expect("a run");
    }
    // The next run begins with the rule as the template has it.
    assert_eq!(seen.lines(), ["2", "2"]);
    assert_eq!([&told.lines()[0], &told.lines()[2]], ["{}", "{}"]);
}

#[test]
fn a_switch_that_takes_its_time_lets_events_through_for_a_while() {
    for (form, wanted) in [(1, "1"), (2, "1")] {
        let (stage, seen, _) = stage(&[OFF, PUT_1]);
        stage.struck_by(FaultId::EbRuleLag, form, 1);
        assert_eq!(seen.lines(), [wanted]);
    }
    let (stage, seen, _) = stage(&[OFF, PUT_1]);
    stage.run();
    assert_eq!(seen.lines(), [""; 0]);
}

#[test]
fn rules_and_their_targets_are_described_as_the_api_does() {
    let (stage, _, told) = stage(&[
        ("DescribeRule", r#"{"Name": "ToEcho", "EventBusName": "shop"}"#),
        OFF,
        ("ListRules", r#"{"EventBusName": "shop", "NamePrefix": "To"}"#),
        ("ListRules", r#"{"EventBusName": "shop", "NamePrefix": "From"}"#),
        ("ListTargetsByRule", r#"{"Rule": "ToEcho", "EventBusName": "shop"}"#),
        ("DescribeRule", r#"{"Name": "ToEcho"}"#),
        ("EnableRule", r#"{"Name": "ToEcho", "EventBusName": "absent"}"#),
        ("EnableRule", "{}"),
    ]);
    stage.run();
    let described = |state: &str| {
        format!(
            r#"{{"Name":"ToEcho","Arn":"arn:aws:events:us-east-1:111111111111:rule/shop/ToEcho","EventPattern":"{{\"source\":[\"till\"]}}","State":"{state}","EventBusName":"shop"}}"#
        )
    };
    assert_eq!(
        told.lines(),
        [
            described("ENABLED"),
            "{}".to_owned(),
            format!(r#"{{"Rules":[{}]}}"#, described("DISABLED")),
            r#"{"Rules":[]}"#.to_owned(),
            format!(r#"{{"Targets":[{{"Id":"one","Arn":"{}","InputPath":"$.detail.n"}}]}}"#, function_arn("echo")),
            "ResourceNotFoundException: Rule ToEcho does not exist on EventBus default.".to_owned(),
            "ResourceNotFoundException: Event bus absent does not exist.".to_owned(),
            "ValidationException: Parameter Name is not valid. Reason: Name is a required argument.".to_owned(),
        ]
    );
}

#[test]
fn a_schedule_ticks_only_while_its_rule_is_on() {
    let log = Log::default();
    let seen = log.clone();
    let target = json!([{"Id": "one", "Arn": (function_arn("echo")), "Input": "1"}]);
    let rule = json!({"Name": "Tick", "ScheduleExpression": "rate(1 minute)", "State": "DISABLED", "Targets": target});
    let run = Stage::new()
        .function("echo")
        .permit("echo")
        .function_with("operate", json!({"Timeout": 900}))
        .resource("Tick", "AWS::Events::Rule", rule)
        .invoke("0s", "operate", json!({}))
        .handlers(move || {
            log.echo(Registry::default(), "echo").with("operate", |context, _| async move {
                for (operation, wait_ms) in [("EnableRule", 150_000), ("DisableRule", 300_000)] {
                    call(&context, "events", operation, json!({"Name": "Tick"})).await?;
                    context.sleep_ms(wait_ms).await;
                }
                Ok(Json::Null)
            })
        })
        .run();
    assert_eq!(seen.lines(), ["1", "1"], "a tick after one minute and after two");
    assert!(run.tells("rule Tick of bus default is off"));
}

#[test]
fn python_tries_a_pattern_on_an_event() {
    let code = r"
import boto3, json

def handler(event, context):
    events = boto3.client('events')
    sample = {'id': '1', 'account': '1', 'source': 'till', 'time': '2026-01-01T00:00:00Z', 'region': 'us-east-1',
              'resources': [], 'detail-type': 'T', 'detail': {'total': 7}}
    said = []
    for pattern, event in [
        ({'detail': {'total': [{'numeric': ['>', 5]}]}}, sample),
        ({'source': ['door']}, sample),
        ({'source': ['till']}, {'source': 'till'}),
        ({'source': 'till'}, sample),
    ]:
        try:
            said.append(events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(event))['Result'])
        except events.exceptions.InvalidEventPatternException as error:
            said.append(error.response['Error']['Message'])
        except events.exceptions.ClientError as error:
            said.append(error.response['Error']['Message'])
    events.disable_rule(Name='ToEcho', EventBusName='shop')
    said.append([rule['State'] for page in events.get_paginator('list_rules').paginate(EventBusName='shop') for rule in page['Rules']])
    boto3.resource('dynamodb').Table('Items').put_item(Item={'id': 'said', 'what': json.dumps(said)})
";
    let run = Stage::new()
        .bus("shop")
        .rule("ToEcho", "shop", "till", json!([]))
        .python("tester", code)
        .invoke("0s", "tester", json!({}))
        .run_python();
    let said = run.item("said").and_then(|item| Json::parse(item.get("what")?.as_str()?).ok());
    let wrong = "Event pattern is not valid. Reason: \"source\" must be an object or an array";
    let said = said.expect("what the function said");
    let items = said.as_array().unwrap_or_default();
    assert_eq!(items[..3], [json!(true), json!(false), json!("Parameter Event is not valid.")]);
    assert!(items[3].as_str().is_some_and(|message| message.starts_with(wrong)), "{}", items[3]);
    assert_eq!(items[4], json!(["DISABLED"]));
}
