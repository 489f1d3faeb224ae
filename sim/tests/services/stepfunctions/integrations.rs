//! What tasks call besides functions: other executions, activities, queues and topics, buckets, and what is mocked.

use rehearsal::handlers::Registry;
use rehearsal_engine::{Json, json};

use crate::support::{
    Log, Look, Stage, call, function_arn, machine_arn, merged, outcome_text, put, raise, single_task,
};

/// A machine whose task runs another machine to its end.
fn nested(pattern: &str, child: Json) -> Stage {
    let resource = format!("arn:aws:states:::states:startExecution{pattern}");
    let parameters = json!({"StateMachineArn": machine_arn("child"), "Input": {"n": 1}});
    Stage::new().machine("child", child).task("parent", json!({"Resource": resource, "Parameters": parameters})).start(
        "0s",
        "parent",
        json!({}),
    )
}

fn waits(seconds: u64) -> Json {
    json!({"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": seconds, "End": true}}})
}

#[test]
fn a_parent_waits_for_the_execution_that_it_started() {
    for (pattern, output) in [(".sync", json!("{\"n\":1}")), (".sync:2", json!({"n": 1}))] {
        let run = nested(pattern, waits(60)).run();
        assert_eq!(run.ends(), ["SUCCEEDED", "SUCCEEDED"]);
        let parent = run.execution(0);
        assert_eq!(parent.output.get("Output"), Some(&output));
        assert_eq!(parent.output.get("Status"), Some(&json!("SUCCEEDED")));
        assert!(parent.stopped >= run.execution(1).stopped);
        let history = run.history(0);
        assert!(history.contains(&"TaskSubmitted".to_owned()), "{history:?}");
    }
    let run = nested("", waits(60)).run();
    assert!(run.execution(0).stopped < run.execution(1).stopped, "a request alone does not wait");
}

#[test]
fn a_child_that_fails_fails_its_parent_with_its_description() {
    let child = json!({"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "Broken", "Cause": "by hand"}}});
    let run = nested(".sync:2", child).run();
    let parent = run.execution(0);
    assert_eq!(parent.error.as_deref(), Some("States.TaskFailed"));
    let cause = Json::parse(parent.cause.as_deref().expect("a cause")).expect("JSON");
    assert_eq!(cause.get("Error"), Some(&json!("Broken")));
    assert_eq!(cause.get("Status"), Some(&json!("FAILED")));
}

#[test]
fn a_parent_that_gives_up_stops_its_child() {
    let resource = "arn:aws:states:::states:startExecution.sync:2";
    let task = json!({
        "Resource": resource, "Parameters": {"StateMachineArn": machine_arn("child")}, "TimeoutSeconds": 10,
    });
    let run = Stage::new().machine("child", waits(600)).task("parent", task).start("0s", "parent", json!({})).run();
    assert_eq!(run.ends(), ["FAILED States.Timeout", "ABORTED"]);
}

/// A machine whose work is done by a worker that polls at `times`.
fn activity(times: &[&str], task: Json) -> (Stage, Log) {
    let log = Log::default();
    let seen = log.clone();
    let arn = "arn:aws:states:us-east-1:111111111111:activity:press";
    let task = merged(json!({"Resource": arn}), task);
    let mut stage = Stage::new()
        .resource("Press", "AWS::StepFunctions::Activity", json!({"Name": "press"}))
        .function_with("worker", json!({"Timeout": 90}))
        .task("flow", task)
        .handlers(move || {
            let log = log.clone();
            Registry::default().with("worker", move |context, _| {
                let log = log.clone();
                async move {
                    let with = json!({"activityArn": arn, "workerName": "bob"});
                    let work = call(&context, "stepfunctions", "GetActivityTask", with).await?;
                    let Some(token) = work.get("taskToken").and_then(Json::as_str) else {
                        log.note(&context, "nothing");
                        return Ok(Json::Null);
                    };
                    let output = work.get("input").cloned().unwrap_or_default();
                    let with = json!({"taskToken": token, "output": output});
                    log.note(&context, outcome_text(call(&context, "stepfunctions", "SendTaskSuccess", with).await));
                    Ok(Json::Null)
                }
            })
        });
    for at in times {
        stage = stage.invoke(at, "worker", json!({}));
    }
    (stage.start("5s", "flow", json!({"sheet": 1})), seen)
}

#[test]
fn work_of_an_activity_waits_for_a_worker_and_a_worker_for_work() {
    // The first polls before there is work; the second comes when all is done.
    for (times, told) in [(["0s", "10s"], ["{}", "nothing"]), (["20s", "30s"], ["{}", "nothing"])] {
        let (stage, log) = activity(&times, json!({}));
        let run = stage.run();
        assert_eq!(run.ends(), ["SUCCEEDED"]);
        assert_eq!(run.execution(0).output, json!({"sheet": 1}));
        assert_eq!(log.lines(), told);
        let history = run.history(0);
        assert_eq!(history[2..5], ["ActivityScheduled", "ActivityStarted", "ActivitySucceeded"], "{history:?}");
    }
}

#[test]
fn work_that_nobody_takes_times_out_and_is_not_handed_out_later() {
    let (stage, log) = activity(&["30s"], json!({"TimeoutSeconds": 10}));
    let run = stage.run();
    assert_eq!(run.ends(), ["FAILED States.Timeout"]);
    assert_eq!(log.lines(), ["nothing"]);
}

#[test]
fn a_resource_that_is_not_simulated_answers_as_the_scenario_says() {
    let task = json!({
        "Resource": "arn:aws:states:::glue:startJobRun.sync",
        "Parameters": {"JobName": "nightly"},
        "Retry": [{"ErrorEquals": ["Glue.Busy"], "IntervalSeconds": 1}],
    });
    let answers = json!([
        {"error": "Glue.Busy", "cause": "later"},
        {"result": {"job": "{% $event.JobName %}"}},
    ]);
    let mocks = json!({"arn:aws:states:::glue:startJobRun.sync": answers});
    let run = Stage::new().task("flow", task).setting("mocks", mocks).start("0s", "flow", json!({})).run();
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    assert_eq!(run.execution(0).output, json!({"job": "nightly"}));
}

#[test]
fn without_a_mock_the_scenario_is_refused_with_what_to_write() {
    let task = json!({"Resource": "arn:aws:states:::glue:startJobRun.sync", "Parameters": {}});
    let told = std::panic::catch_unwind(|| Stage::new().task("flow", task).start("0s", "flow", json!({})).load());
    let told = told.err().and_then(|told| told.downcast_ref::<String>().cloned()).expect("it is refused");
    assert!(told.contains("mocks: {'arn:aws:states:::glue:startJobRun.sync': {result: {}}}"), "{told}");
}

#[test]
fn tokens_travel_through_queues_topics_events_and_executions() {
    let token = || json!({"token.$": "$$.Task.Token"});
    let cases = [
        (
            "sqs:sendMessage",
            json!({"QueueUrl": "https://sqs.us-east-1.amazonaws.com/111111111111/work", "MessageBody": token()}),
        ),
        ("sns:publish", json!({"TopicArn": "arn:aws:sns:us-east-1:111111111111:news", "Message": token()})),
        ("events:putEvents", json!({"Entries": [{"Source": "s", "DetailType": "d", "Detail": token()}]})),
        ("states:startExecution", json!({"StateMachineArn": machine_arn("other"), "Input": token()})),
    ];
    for (action, parameters) in cases {
        let resource = format!("arn:aws:states:::{action}.waitForTaskToken");
        let run = Stage::new()
            .resource("Work", "AWS::SQS::Queue", json!({"QueueName": "work"}))
            .resource("News", "AWS::SNS::Topic", json!({"TopicName": "news"}))
            .machine("other", waits(1))
            .task("flow", json!({"Resource": resource, "Parameters": parameters}))
            .start("0s", "flow", json!({}))
            .actor_of(
                "0s",
                json!([
                    {"await": "{% tokens[stateMachine = \"flow\"].token %}", "as": "token"},
                    {"wait": "5s"},
                    {"send_task_success": {"token": "{% $token %}", "output": {"done": action}}},
                ]),
            )
            .run();
        assert_eq!(run.execution(0).output, json!({"done": action}), "{action}: {:?}", run.ends());
        let history = run.history(0);
        assert!(history.contains(&"TaskSubmitted".to_owned()), "{action}: {history:?}");
    }
}

#[test]
fn a_distributed_map_reads_its_items_from_a_bucket() {
    let reader = |resource: &str, config: Json, parameters: Json| json!({"Resource": format!("arn:aws:states:::s3:{resource}"), "ReaderConfig": config, "Parameters": parameters});
    let json_lines = "{\"id\":\"a\"}\n{\"id\":\"b\"}\n";
    let cases = [
        (reader("getObject", json!({"InputType": "JSON"}), json!({"Bucket": "box", "Key": "orders.json"})), "$.id"),
        (reader("getObject", json!({"InputType": "JSONL"}), json!({"Bucket": "box", "Key": "orders.jsonl"})), "$.id"),
        (
            reader(
                "getObject",
                json!({"InputType": "CSV", "CSVHeaderLocation": "FIRST_ROW"}),
                json!({"Bucket": "box", "Key": "orders.csv"}),
            ),
            "$.id",
        ),
        (reader("listObjectsV2", json!({}), json!({"Bucket": "box", "Prefix": "names/"})), "$.Key"),
    ];
    for (reader, id) in cases {
        let processor = merged(
            single_task(json!({"Resource": function_arn("keep"), "Parameters": {"id.$": id}})),
            json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}),
        );
        let definition = json!({"StartAt": "Each", "States": {
            "Each": {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": true},
        }});
        let run = Stage::new()
            .resource("Box", "AWS::S3::Bucket", json!({"BucketName": "box"}))
            .function("keep")
            .machine("flow", definition)
            .setting(
                "objects",
                json!({"box": {
                    "orders.json": [{"id": "a"}, {"id": "b"}],
                    "orders.jsonl": json_lines,
                    "orders.csv": "id,n\na,1\nb,2\n",
                    "names/a": "1",
                    "names/b": "2",
                }}),
            )
            .handlers(|| {
                Registry::default().with("keep", |context, event| async move {
                    let id = event.get("id").and_then(Json::as_str).unwrap_or_default();
                    let id = id.rsplit('/').next().unwrap_or_default();
                    put(&context, json!({"id": id})).await?;
                    Ok(event)
                })
            })
            .start("0s", "flow", json!({}))
            .run();
        assert_eq!(run.ends(), ["SUCCEEDED"], "{:?}", run.execution(0).cause);
        assert_eq!(run.ids(), ["a", "b"]);
        let history = run.history(0);
        assert!(history.contains(&"MapRunSucceeded".to_owned()), "{history:?}");
    }
}

#[test]
fn what_is_not_in_the_bucket_fails_the_map() {
    let reader = json!({
        "Resource": "arn:aws:states:::s3:getObject", "Parameters": {"Bucket": "box", "Key": "none"},
    });
    let processor = merged(
        json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}),
        json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}),
    );
    let definition = json!({"StartAt": "Each", "States": {
        "Each": {"Type": "Map", "ItemReader": reader, "ItemProcessor": processor, "End": true},
    }});
    let run = Stage::new()
        .resource("Box", "AWS::S3::Bucket", json!({"BucketName": "box"}))
        .machine("flow", definition)
        .start("0s", "flow", json!({}))
        .run();
    assert_eq!(run.execution(0).error.as_deref(), Some("States.ItemReaderFailed"));
}

#[test]
fn objects_are_put_and_read_by_python_functions() {
    let code = "import boto3\n\ns3 = boto3.client('s3')\n\n\ndef handler(event, context):\n    s3.put_object(Bucket='box', Key='k', Body=b'hello')\n    listed = s3.list_objects_v2(Bucket='box')['Contents']\n    text = s3.get_object(Bucket='box', Key='k')['Body'].read().decode()\n    try:\n        s3.get_object(Bucket='box', Key='none')\n    except s3.exceptions.NoSuchKey as error:\n        text += ' ' + error.response['Error']['Code']\n    return {'text': text, 'keys': [item['Key'] for item in listed]}\n";
    let run = Stage::new()
        .resource("Box", "AWS::S3::Bucket", json!({"BucketName": "box"}))
        .python("store", code)
        .task("flow", json!({"Resource": function_arn("store")}))
        .start("0s", "flow", json!({}))
        .run_python();
    assert_eq!(run.execution(0).output, json!({"text": "hello NoSuchKey", "keys": ["k"]}), "{:?}", run.ends());
}

#[test]
fn a_failed_execution_that_is_redriven_goes_on_with_the_task_that_failed() {
    let log = Log::default();
    let seen = log.clone();
    let definition = json!({"StartAt": "First", "States": {
        "First": {"Type": "Task", "Resource": function_arn("first"), "Next": "Second"},
        "Second": {"Type": "Task", "Resource": function_arn("second"), "End": true},
    }});
    let run = Stage::new()
        .function("first")
        .function("second")
        .function("operator")
        .machine("flow", definition)
        .handlers(move || {
            let (first, second) = (log.clone(), log.clone());
            Registry::default()
                    .with("first", move |context, event| {
                        first.note(&context, "first");
                        async move { Ok(event) }
                    })
                    .with("second", move |context, event| {
                        second.note(&context, "second");
                        async move {
                            if context.now().since_start() < 10_000 { raise("Early", "not yet") } else { Ok(event) }
                        }
                    })
                    .with("operator", |context, _| async move {
                        let arn = machine_arn("flow").replace(":stateMachine:", ":execution:") + ":it";
                        let answer =
                            call(&context, "stepfunctions", "RedriveExecution", json!({"executionArn": arn})).await?;
                        Ok(answer)
                    })
        })
        .actor("0s", json!({"start_execution": {"state_machine": "flow", "name": "it"}}))
        .invoke("20s", "operator", json!({}))
        .run();
    assert_eq!(run.ends(), ["SUCCEEDED"]);
    assert_eq!(seen.lines(), ["first", "second", "second"]);
    let history = run.history(0);
    assert!(history.contains(&"ExecutionRedriven".to_owned()), "{history:?}");
}
