//! CloudWatch: what is measured, when alarms change their state, and who hears of it.

use rehearsal::handlers::Registry;
use rehearsal::harness::Run;
use rehearsal::services::cloudwatch::Transition;
use rehearsal::world::{FaultId, Kind, Millis, Site};
use rehearsal_engine::{Json, json};

use crate::support::{Log, Look, Script, Stage, call, function_arn, machine_arn, measured, merged, outcome_text};

/// A machine that fails, and one that succeeds.
fn stage() -> Stage {
    let state = |state: Json| json!({"StartAt": "Only", "States": {"Only": state}});
    Stage::new()
        .machine("fails", state(json!({"Type": "Fail", "Error": "Broken"})))
        .machine("works", state(json!({"Type": "Succeed"})))
}

fn watched(stage: Stage, more: Json) -> Stage {
    let own = json!({
        "AlarmName": "Failures",
        "Namespace": "AWS/States",
        "MetricName": "ExecutionsFailed",
        "Dimensions": [{"Name": "StateMachineArn", "Value": machine_arn("fails")}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 0,
        "ComparisonOperator": "GreaterThanThreshold",
    });
    stage.resource("Failures", "AWS::CloudWatch::Alarm", merged(own, more))
}

fn failing(stage: Stage, times: &[&str]) -> Stage {
    times.iter().fold(stage, |stage, at| stage.start(at, "fails", json!({})))
}

/// `SECONDS STATE` of every transition of an alarm.
fn changes(run: &Run, alarm: usize) -> Vec<String> {
    let text = |change: &Transition| format!("{} {}", change.at.since_start() / 1000, change.to.text());
    run.world.cloudwatch.records()[alarm].transitions.iter().map(text).collect()
}

#[test]
fn services_measure_what_they_do_under_awss_names() {
    let log = Log::default();
    let run = stage()
        .setting("invariants", json!([{"name": "some metric", "sometimes": "$count(metrics) > 0"}]))
        .bus("shop")
        .function("echo")
        .permit("echo")
        .rule("ToEcho", "shop", "till", json!([{"Id": "one", "Arn": function_arn("echo")}]))
        .rule("ToNobody", "shop", "till", json!([{"Id": "one", "Arn": function_arn("absent")}, {"Id": "two", "Arn": machine_arn("works"), "Input": "{}"}]))
        .handlers(move || {
            log.echo(Registry::default(), "echo").with("boom", |_, _| async { crate::support::raise("E", "boom") })
        })
        .function("boom")
        .event("0s", "shop", "till", json!({}))
        .event("1s", "shop", "till", json!({}))
        .invoke("2s", "boom", json!({}))
        .start("0s", "fails", json!({}))
        .start("0s", "works", json!({}))
        .run();
    let machine = |name: &str| vec![("StateMachineArn".to_owned(), machine_arn(name))];
    let rule = |name: &str| vec![("RuleName".to_owned(), name.to_owned())];
    let function = |name: &str| vec![("FunctionName".to_owned(), name.to_owned())];
    for (namespace, name, dimensions, wanted) in [
        ("AWS/States", "ExecutionsStarted", machine("fails"), Some(1.0)),
        ("AWS/States", "ExecutionsFailed", machine("fails"), Some(1.0)),
        ("AWS/States", "ExecutionsSucceeded", machine("fails"), None),
        ("AWS/States", "ExecutionsSucceeded", machine("works"), Some(1.0)),
        ("AWS/Events", "MatchedEvents", rule("ToEcho"), Some(2.0)),
        ("AWS/Events", "Invocations", rule("ToEcho"), Some(2.0)),
        ("AWS/Events", "FailedInvocations", rule("ToEcho"), None),
        // The target without a role fails, and counts as an invocation all the same; the one that is not there is told.
        ("AWS/Events", "Invocations", rule("ToNobody"), Some(4.0)),
        ("AWS/Events", "FailedInvocations", rule("ToNobody"), Some(2.0)),
        ("AWS/Events", "MatchedEvents", vec![], Some(4.0)),
        ("AWS/Lambda", "Invocations", function("echo"), Some(2.0)),
        ("AWS/Lambda", "AsyncEventsReceived", function("echo"), Some(2.0)),
        ("AWS/Lambda", "Errors", function("echo"), None),
        ("AWS/Lambda", "Errors", function("boom"), Some(1.0)),
        ("AWS/Lambda", "Invocations", vec![], Some(3.0)),
    ] {
        let dimensions: Vec<(&str, &str)> = dimensions.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(measured(&run, namespace, name, &dimensions), wanted, "{namespace} {name} {dimensions:?}");
    }
}

#[test]
fn nothing_is_measured_where_nobody_looks() {
    let run = stage().start("0s", "works", json!({})).run();
    assert!(!run.world.core.metrics().is_on());
}

#[test]
fn an_alarm_follows_the_window_and_acts_once_a_transition() {
    let topic = "arn:aws:sns:us-east-1:111111111111:elsewhere";
    let run = watched(failing(stage(), &["10s", "20s", "70s"]), json!({"AlarmActions": [topic]})).run();
    // Failures in the first two minutes: the alarm hears of them half a minute after each is over. When the last number
    // has left the periods that are looked at, there is no data any more.
    assert_eq!(changes(&run, 0), ["90 ALARM", "330 INSUFFICIENT_DATA"]);
    assert_eq!(run.world.cloudwatch.records()[0].actions, 1);
    assert!(run.tells("notifies arn:aws:sns:us-east-1:111111111111:elsewhere, which is not simulated"));
    let reason = &run.world.cloudwatch.records()[0].transitions[0].reason;
    assert_eq!(
        reason,
        "Threshold Crossed: 1 out of the last 1 datapoints [2.0 (01/01/26 00:00:00)] was greater than the threshold (0.0) \
         (minimum 1 datapoint for OK -> ALARM transition)."
    );
}

#[test]
fn missing_data_is_treated_as_the_alarm_says() {
    for (treatment, wanted) in [
        ("missing", &["90 ALARM", "270 INSUFFICIENT_DATA"][..]),
        ("ignore", &["90 ALARM"]),
        ("notBreaching", &["90 ALARM", "270 OK"]),
        ("breaching", &["90 ALARM"]),
    ] {
        let run = watched(failing(stage(), &["10s"]), json!({"TreatMissingData": treatment})).run();
        assert_eq!(changes(&run, 0), wanted, "{treatment}");
    }
    // Without any number at all, what is missing is judged once.
    for (treatment, wanted) in [("notBreaching", &["90 OK"][..]), ("breaching", &["90 ALARM"]), ("missing", &[])] {
        let run = watched(stage(), json!({"TreatMissingData": treatment})).start("1s", "works", json!({})).run();
        assert_eq!(changes(&run, 0), wanted, "{treatment}");
    }
}

#[test]
fn m_of_n_periods_make_an_alarm() {
    let two_of_three = json!({"EvaluationPeriods": 3, "DatapointsToAlarm": 2, "TreatMissingData": "notBreaching"});
    let once = watched(failing(stage(), &["10s"]), two_of_three.clone()).run();
    assert_eq!(changes(&once, 0), ["90 OK"]);
    let twice = watched(failing(stage(), &["10s", "130s"]), two_of_three.clone()).run();
    assert_eq!(changes(&twice, 0)[..2], ["90 OK", "210 ALARM"]);
    let apart = watched(failing(stage(), &["10s", "730s"]), two_of_three).run();
    assert_eq!(changes(&apart, 0), ["90 OK"]);
}

#[test]
fn a_late_evaluation_sees_the_same_window() {
    let stage = watched(failing(stage(), &["10s"]), json!({}));
    for (form, wanted) in [(1, "150 ALARM"), (2, "330 ALARM")] {
        let run = stage.struck_by(FaultId::CwDelay, form, 1);
        assert_eq!(changes(&run, 0)[0], wanted);
    }
}

#[test]
fn numbers_that_come_late_flip_an_alarm_to_and_fro() {
    let stage = watched(failing(stage(), &["10s", "190s"]), json!({"TreatMissingData": "notBreaching"}));
    assert_eq!(changes(&stage.run(), 0), ["90 ALARM", "450 OK"]);
    let mut opportunities = 0;
    let run = stage.fault(FaultId::CwFlap, 1_000_000).run_with(Script(move |site: &Site| {
        let is_flap = site.kind == Kind::Fault(FaultId::CwFlap);
        opportunities += u32::from(is_flap);
        // The second time, when the first number has just left the window.
        u32::from(is_flap && opportunities == 2)
    }));
    assert_eq!(changes(&run, 0), ["90 ALARM", "270 OK", "330 ALARM", "450 OK"]);
}

#[test]
fn every_transition_is_an_event_on_the_default_bus_and_functions_hear_of_it() {
    let log = Log::default();
    let seen = log.clone();
    let permission = json!({
        "Action": "lambda:InvokeFunction", "FunctionName": "oncall", "Principal": "lambda.alarms.cloudwatch.amazonaws.com",
    });
    let run =
        watched(failing(stage(), &["10s"]), json!({"AlarmActions": [function_arn("oncall"), function_arn("deaf")]}))
            .function("oncall")
            .function("deaf")
            .resource("Permission", "AWS::Lambda::Permission", permission)
            .rule("AlarmChanges", "default", "aws.cloudwatch", json!([]))
            .handlers(move || log.echo(log.echo(Registry::default(), "oncall"), "deaf"))
            .run();
    let events = run.world.eventbridge.accepted().iter().map(|accepted| &accepted.event);
    let events: Vec<_> = events.filter(|event| &*event.source == "aws.cloudwatch").collect();
    assert_eq!(events.len(), 2);
    let event = events[0];
    assert_eq!(&*event.detail_type, "CloudWatch Alarm State Change");
    let state = |which: &str| event.detail.get(which).and_then(|state| state.get("value")).and_then(Json::as_str);
    assert_eq!((state("previousState"), state("state")), (Some("INSUFFICIENT_DATA"), Some("ALARM")));
    let lines = seen.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("\"alarmName\":\"Failures\""), "{}", lines[0]);
}

#[test]
fn a_topics_subscribers_read_what_an_alarm_says() {
    let topic = "arn:aws:sns:us-east-1:111111111111:failures";
    let queue = "arn:aws:sqs:us-east-1:111111111111:oncall";
    let document = json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": queue,
    }]});
    let run = watched(failing(stage(), &["10s"]), json!({"AlarmActions": [topic], "AlarmDescription": "orders fail"}))
        .resource("Topic", "AWS::SNS::Topic", json!({"TopicName": "failures"}))
        .resource("Queue", "AWS::SQS::Queue", json!({"QueueName": "oncall"}))
        .resource("Policy", "AWS::SQS::QueuePolicy", json!({"Queues": [{"Ref": "Queue"}], "PolicyDocument": document}))
        .resource(
            "Subscription",
            "AWS::SNS::Subscription",
            json!({"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "RawMessageDelivery": true}),
        )
        .run();
    let queues = run.world.sqs.queues();
    let messages: Vec<Json> =
        queues[0].messages(run.world.core.now()).map(|message| Json::parse(&message.body).expect("JSON")).collect();
    assert_eq!(messages.len(), 1);
    let text = |key: &str| messages[0].get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
    assert_eq!((text("NewStateValue"), text("OldStateValue")), ("ALARM".to_owned(), "INSUFFICIENT_DATA".to_owned()));
    assert_eq!((text("AlarmName"), text("AlarmDescription")), ("Failures".to_owned(), "orders fail".to_owned()));
    assert_eq!(text("StateChangeTime"), "2026-01-01T00:01:30.000+0000");
    assert_eq!(messages[0].get("Trigger").and_then(|trigger| trigger.get("Statistic")), Some(&json!("SUM")));
    for (namespace, name, dimension) in [
        ("AWS/SNS", "NumberOfMessagesPublished", ("TopicName", "failures")),
        ("AWS/SNS", "NumberOfNotificationsDelivered", ("TopicName", "failures")),
        ("AWS/SQS", "NumberOfMessagesSent", ("QueueName", "oncall")),
    ] {
        assert_eq!(measured(&run, namespace, name, &[dimension]), Some(1.0), "{name}");
    }
}

#[test]
fn a_composite_alarm_follows_its_alarms() {
    let composite = json!({"AlarmName": "Both", "AlarmRule": "ALARM(\"Failures\") AND NOT OK(\"Other\")"});
    let other = json!({
        "AlarmName": "Other", "Namespace": "Shop", "MetricName": "Parcels", "Statistic": "p90", "Period": 60,
        "EvaluationPeriods": 1, "Threshold": 0, "ComparisonOperator": "LessThanThreshold",
    });
    let run = watched(failing(stage(), &["10s"]), json!({}))
        .resource("Other", "AWS::CloudWatch::Alarm", other)
        .resource("Both", "AWS::CloudWatch::CompositeAlarm", composite)
        .run();
    assert_eq!(changes(&run, 2), ["90 ALARM", "270 OK"]);
}

#[test]
fn handlers_put_numbers_and_read_statistics_and_alarms() {
    let log = Log::default();
    let seen = log.clone();
    let at = |ms: u64| ms as f64 / 1000.0;
    let registry = move || {
        let log = log.clone();
        Registry::default().with("metrics", move |context, _| {
            let log = log.clone();
            async move {
                let shop = |more: Json| merged(json!({"Namespace": "Shop", "MetricName": "Parcels"}), more);
                for datum in [
                    json!({"MetricName": "Parcels", "Value": 3}),
                    json!({"MetricName": "Parcels", "Values": [1, 2], "Counts": [2, 1]}),
                    json!({"MetricName": "Parcels", "Value": 1, "Values": [1]}),
                ] {
                    let put = json!({"Namespace": "Shop", "MetricData": [datum]});
                    log.note(&context, outcome_text(call(&context, "cloudwatch", "PutMetricData", put).await));
                }
                let reserved = json!({"Namespace": "AWS/States", "MetricData": [{"MetricName": "x", "Value": 1}]});
                log.note(&context, outcome_text(call(&context, "cloudwatch", "PutMetricData", reserved).await));
                let range = json!({"StartTime": (at(context.now().0) - 600.0), "EndTime": (at(context.now().0) + 1.0), "Period": 60});
                let statistics = merged(shop(range.clone()), json!({"Statistics": ["Sum", "Maximum", "SampleCount"]}));
                log.note(&context, outcome_text(call(&context, "cloudwatch", "GetMetricStatistics", statistics).await));
                let metric = json!({"Metric": (shop(json!({}))), "Period": 60, "Stat": "Average"});
                let query = merged(range, json!({"MetricDataQueries": [{"Id": "m1", "MetricStat": metric}]}));
                log.note(&context, outcome_text(call(&context, "cloudwatch", "GetMetricData", query).await));
                let set = json!({"AlarmName": "Failures", "StateValue": "ALARM", "StateReason": "a drill"});
                log.note(&context, outcome_text(call(&context, "cloudwatch", "SetAlarmState", set).await));
                let alarms = call(&context, "cloudwatch", "DescribeAlarms", json!({"AlarmNames": ["Failures"]})).await;
                let alarms = alarms.unwrap_or_default();
                let alarm = alarms.get("MetricAlarms").and_then(|alarms| alarms.item(0)).cloned().unwrap_or_default();
                let part = |key: &str| alarm.get(key).map(ToString::to_string).unwrap_or_default();
                log.note(&context, format!("{} {}", part("StateValue"), part("StateReason")));
                Ok(Json::Null)
            }
        })
    };
    let run =
        watched(stage(), json!({})).function("metrics").handlers(registry).invoke("0s", "metrics", json!({})).run();
    assert_eq!(
        seen.lines(),
        [
            "{}",
            "{}",
            "InvalidParameterCombination: The parameters MetricData.member.1.Value and MetricData.member.1.Values are mutually exclusive and you have specified both.",
            "InvalidParameterValue: The value AWS/ for parameter Namespace is invalid.",
            r#"{"Label":"Parcels","Datapoints":[{"Timestamp":1767225600.0,"Sum":7.0,"Maximum":3.0,"SampleCount":4.0,"Unit":"None"}]}"#,
            r#"{"MetricDataResults":[{"Id":"m1","Label":"Parcels","Timestamps":[1767225600.0],"Values":[1.75],"StatusCode":"Complete"}],"Messages":[]}"#,
            "{}",
            r#""ALARM" "a drill""#,
        ]
    );
    // The next evaluation puts the state back.
    assert_eq!(changes(&run, 0), ["0 ALARM", "90 INSUFFICIENT_DATA"]);
}

#[test]
fn python_reads_metrics_and_alarms_with_boto3s_types() {
    let code = "\
import boto3
from datetime import datetime, timedelta, timezone

cloudwatch = boto3.client('cloudwatch')

def handler(event, context):
    now = datetime.now(timezone.utc)
    cloudwatch.put_metric_data(Namespace='Shop', MetricData=[{'MetricName': 'Parcels', 'Value': 2.5, 'Timestamp': now}])
    found = cloudwatch.get_metric_statistics(
        Namespace='Shop', MetricName='Parcels', StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1),
        Period=300, Statistics=['Sum'])
    alarm = cloudwatch.describe_alarms(AlarmNames=['Failures'])['MetricAlarms'][0]
    point = found['Datapoints'][0]
    boto3.client('dynamodb').put_item(TableName='Items', Item={
        'id': {'S': 'seen'}, 'what': {'S': '%s %s %s %s' % (
            point['Sum'], point['Timestamp'].isoformat(), alarm['StateValue'], alarm['StateUpdatedTimestamp'].year)}})
";
    let run = watched(stage(), json!({})).python("metrics", code).invoke("0s", "metrics", json!({})).run_python();
    let seen = run.item("seen").unwrap_or_default();
    assert_eq!(seen.get("what").and_then(Json::as_str), Some("2.5 2026-01-01T00:00:00+00:00 INSUFFICIENT_DATA 2026"));
}

#[test]
fn what_can_never_show_anything_is_warned_about() {
    let alarm = |name: &str, more: Json| {
        let own = json!({
            "AlarmName": name, "Namespace": "AWS/States", "MetricName": "ExecutionsFailed", "Statistic": "Sum", "Period": 60,
            "EvaluationPeriods": 1, "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold",
            "Dimensions": [{"Name": "StateMachineArn", "Value": machine_arn("fails")}],
        });
        ("AWS::CloudWatch::Alarm", merged(own, more))
    };
    let dashboard = |metric: &str| {
        let body = json!({"widgets": [{"type": "metric", "properties": {"metrics": [["AWS/Events", metric]]}}]});
        ("AWS::CloudWatch::Dashboard", json!({"DashboardName": "Shop", "DashboardBody": (body.to_string())}))
    };
    for ((kind, properties), wanted) in [
        (dashboard("SuccessfulInvocations"), "AWS/Events has no metric 'SuccessfulInvocations'"),
        (dashboard("PutEventsLatency"), "PutEventsLatency of AWS/Events is not simulated"),
        (alarm("A", json!({"MetricName": "ExecutionsFailing"})), "AWS/States has no metric 'ExecutionsFailing'"),
        (alarm("A", json!({"Dimensions": []})), "reports ExecutionsFailed with other dimensions: StateMachineArn"),
        (alarm("A", json!({"Unit": "Seconds"})), "ExecutionsFailed comes in Count"),
        (
            alarm("A", json!({"Dimensions": [{"Name": "StateMachineArn", "Value": machine_arn("absent")}]})),
            "nothing in the template is 'arn:aws:states:us-east-1:111111111111:stateMachine:absent'",
        ),
    ] {
        let harness = stage().resource("Watch", kind, properties).start("0s", "works", json!({})).load();
        let warnings: Vec<&str> =
            harness.loaded().warnings.iter().map(|warning| &*warning.diagnostic.message).collect();
        assert!(warnings.iter().any(|warning| warning.contains(wanted)), "{wanted}: {warnings:?}");
    }
    let harness = watched(stage(), json!({})).start("0s", "works", json!({})).load();
    assert_eq!(harness.loaded().warnings.len(), 0);
}

/// An alarm on the share of executions of one machine that fail, in percent.
fn on_share(expression: &str, more: Json) -> Json {
    let metric = |id: &str, name: &str| {
        let dimensions = json!([{"Name": "StateMachineArn", "Value": machine_arn("fails")}]);
        let metric = json!({"Namespace": "AWS/States", "MetricName": name, "Dimensions": dimensions});
        json!({"Id": id, "ReturnData": false, "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}})
    };
    let own = json!({
        "AlarmName": "Share",
        "Metrics": [
            {"Id": "share", "Expression": expression},
            metric("failed", "ExecutionsFailed"),
            metric("begun", "ExecutionsStarted"),
        ],
        "EvaluationPeriods": 1, "Threshold": 60, "ComparisonOperator": "GreaterThanThreshold", "TreatMissingData": "notBreaching",
    });
    merged(own, more)
}

/// A machine that fails when it is told to.
fn tossed(stage: Stage, inputs: &[(&str, bool)]) -> Stage {
    let choice = json!({"StartAt": "Toss", "States": {
        "Toss": {"Type": "Choice", "Choices": [{"Variable": "$.fail", "BooleanEquals": true, "Next": "Broken"}], "Default": "Fine"},
        "Broken": {"Type": "Fail"}, "Fine": {"Type": "Succeed"},
    }});
    inputs
        .iter()
        .fold(stage.machine("fails", choice), |stage, (at, fail)| stage.start(at, "fails", json!({"fail": fail})))
}

#[test]
fn an_alarm_judges_what_a_formula_makes_of_several_metrics() {
    // In the first minute one of two fails, in the third two of three.
    let inputs = [("10s", true), ("20s", false), ("130s", true), ("140s", true), ("150s", false)];
    let alarm = |expression: &str| {
        let stage = tossed(Stage::new(), &inputs);
        stage
            .resource(
                "Share",
                "AWS::CloudWatch::Alarm",
                on_share(expression, json!({"AlarmActions": ["arn:aws:sns:us-east-1:111111111111:elsewhere"]})),
            )
            .run()
    };
    let run = alarm("100 * failed / begun");
    assert_eq!(changes(&run, 0), ["90 OK", "210 ALARM", "390 OK"]);
    let reason = &run.world.cloudwatch.records()[0].transitions[1].reason;
    assert!(
        reason.contains("[66.66666666666667 (01/01/26 00:02:00)] was greater than the threshold (60.0)"),
        "{reason}"
    );
    // With what is missing filled in, the minute in between is judged too.
    let run = alarm("100 * FILL(failed, 0) / IF(FILL(begun, 0) > 0, begun, 1)");
    assert_eq!(changes(&run, 0)[..2], ["90 OK", "210 ALARM"]);
}

#[test]
fn what_is_wrong_with_a_formula_is_warned_about() {
    let of = |expression: &str| {
        tossed(Stage::new(), &[]).resource("Share", "AWS::CloudWatch::Alarm", on_share(expression, json!({})))
    };
    for (stage, wanted) in [
        (of("failed /"), "the alarm stays without data: in 'failed /' the formula ends where a number"),
        (of("lost / begun"), "the formula of 'share' names 'lost', which is not there"),
        (of("ANOMALY_DETECTION_BAND(failed)"), "the function ANOMALY_DETECTION_BAND is not simulated"),
        (
            tossed(Stage::new(), &[]).resource("Board", "AWS::CloudWatch::Dashboard", board("a + b")),
            "not drawn: a formula of the widget 'Share': the formula of '#2' names 'a', which is not there",
        ),
    ] {
        let harness = stage.start("0s", "fails", json!({"fail": false})).load();
        let warnings: Vec<&str> =
            harness.loaded().warnings.iter().map(|warning| &*warning.diagnostic.message).collect();
        assert!(warnings.iter().any(|warning| warning.contains(wanted)), "{wanted}: {warnings:?}");
    }
}

fn board(expression: &str) -> Json {
    let metric = |name: &str, id: &str| json!(["AWS/States", name, "StateMachineArn", (machine_arn("fails")), {"id": id, "visible": false}]);
    let metrics = json!([(metric("ExecutionsFailed", "failed")), (metric("ExecutionsStarted", "begun")), [{"expression": expression}]]);
    let properties = json!({"title": "Share", "stat": "Sum", "period": 60, "metrics": metrics});
    let body = json!({"widgets": [{"type": "metric", "properties": properties}]});
    json!({"DashboardName": "Board", "DashboardBody": (body.to_string())})
}

#[test]
fn a_widget_draws_formulas_and_hides_what_only_they_need() {
    let stage = tossed(Stage::new(), &[("10s", true), ("20s", false), ("70s", false)]);
    let run = stage.resource("Board", "AWS::CloudWatch::Dashboard", board("100 * failed / begun")).run();
    let widget = &run.world.cloudwatch.dashboards()[0].widgets[0];
    let [row] = widget.visible().collect::<Vec<_>>()[..] else { panic!("one row is drawn") };
    assert_eq!(&*row.label, "100 * failed / begun");
    let metrics = run.world.core.metrics();
    let (from, to) = (Millis::START, Millis::START + 120_000);
    assert_eq!(row.values(metrics, from, to), [Some(50.0), None]);
    assert_eq!(row.total(metrics).map(f64::round), Some(33.0));
}

#[test]
fn get_metric_data_answers_expressions() {
    let log = Log::default();
    let seen = log.clone();
    let run = Stage::new().function("reader").invoke("0s", "reader", json!({})).handlers(move || {
        let log = log.clone();
        Registry::default().with("reader", move |context, _| {
            let log = log.clone();
            async move {
                for (name, value) in [("Parcels", 6), ("Lost", 3)] {
                    let put = json!({"Namespace": "Shop", "MetricData": [{"MetricName": name, "Value": value}]});
                    call(&context, "cloudwatch", "PutMetricData", put).await?;
                }
                let metric = |id: &str, name: &str, period: u32| {
                    let metric = json!({"Namespace": "Shop", "MetricName": name});
                    json!({"Id": id, "ReturnData": false, "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}})
                };
                for (expression, period) in [("lost / all", 60), ("SUM(METRICS())", 60), ("lost /", 60), ("lost / all", 300)] {
                    let queries = json!([
                        {"Id": "e1", "Expression": expression, "Label": "share"},
                        (metric("lost", "Lost", 60)),
                        (metric("all", "Parcels", period)),
                    ]);
                    let now = context.now().0 as f64 / 1000.0;
                    let get = json!({"MetricDataQueries": queries, "StartTime": (now - 600.0), "EndTime": (now + 1.0)});
                    log.note(&context, outcome_text(call(&context, "cloudwatch", "GetMetricData", get).await));
                }
                Ok(Json::Null)
            }
        })
    });
    run.run();
    let answered = |value: &str| {
        format!(
            r#"{{"MetricDataResults":[{{"Id":"e1","Label":"share","Timestamps":[1767225600.0],"Values":[{value}],"StatusCode":"Complete"}}],"Messages":[]}}"#
        )
    };
    let lines = seen.lines();
    assert_eq!(lines[..2], [answered("0.5"), answered("9.0")]);
    assert!(
        lines[2].starts_with("ValidationException: Error in expression 'e1': the formula ends where"),
        "{}",
        lines[2]
    );
    assert!(lines[3].ends_with("must have the same Period"), "{}", lines[3]);
}
