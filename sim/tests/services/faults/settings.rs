//! Small systems, and what of each shows whether something went wrong.

use rehearsal::handlers::{CallError, Registry};
use rehearsal::harness::Run;
use rehearsal_engine::{Json, json};

use crate::support::{
    Log, Look, Stage, call, function_arn, machine_arn, merged, outcome_text, put, queue_arn, single_task,
};

/// A system, and what of it shows whether a fault struck.
pub type Setting = fn() -> (Stage, Log, fn(&Run, &Log) -> String);

/// An event, a rule, a function; when the function began.
pub fn event() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn schedule() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn sender() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn outside() -> (Stage, Log, fn(&Run, &Log) -> String) {
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

/// A result from outside that a function takes.
pub fn told() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let stage = Stage::new()
        .function("take")
        .handlers(|| Registry::default().with("take", |_, _| async { Ok(Json::Null) }))
        .actor_of("0s", json!([{"invoke": {"function": "take"}, "callback": true}]));
    (stage, Log::default(), |run, _| format!("{} invocations", run.world.lambda.invocation_count()))
}

/// A machine of one task without a retrier; how its executions end and what its function did.
pub fn task() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn read_back() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn stream() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn queued() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let (stage, log) = queue_of(&["a"]);
    (stage, log, |_, log| {
        let lines = log.lines();
        let (heard, got): (Vec<&String>, Vec<&String>) = lines.iter().partition(|line| line.starts_with('!'));
        let got: Vec<&str> = got.into_iter().map(String::as_str).collect();
        format!("{} [{}]", heard[0].trim_start_matches('!'), got.join(", "))
    })
}

/// Two messages; in which order the worker got them.
pub fn queued_twice() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let (stage, log) = queue_of(&["a", "b"]);
    (stage, log, |_, log| {
        let lines: Vec<String> = log.lines().into_iter().filter(|line| !line.starts_with('!')).collect();
        format!("[{}]", lines.join(", "))
    })
}

/// One message; whether the worker got it soon.
pub fn queued_soon() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let (stage, log) = queue_of(&["a"]);
    (stage, log, |_, log| {
        let got = log.times().into_iter().zip(log.lines()).find(|(_, line)| line == "a");
        let soon = got.is_some_and(|(at, _)| at < 1_000);
        if soon { "in time" } else { "late" }.to_owned()
    })
}

/// A client that sends a message and polls for it twice.
pub fn polled() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn published() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn write() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn batch() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn pages() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn client() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn alarm() -> (Stage, Log, fn(&Run, &Log) -> String) {
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

/// An Express machine that an actor starts without waiting; how its executions end and what its function did.
pub fn express() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let (stage, log, look) = task();
    let definition = single_task(json!({"Resource": function_arn("work")}));
    let stage = stage.without_workload();
    let stage = stage.machine_with("quick", definition, json!({"StateMachineType": "EXPRESS"}));
    (stage.start("0s", "quick", json!({})), log, look)
}

/// A function that runs an Express execution and waits for it; what it hears and what was done.
pub fn express_sync() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let (stage, log, _) = task();
    let done = log.clone();
    let handlers = log.clone();
    let definition = single_task(json!({"Resource": function_arn("work")}));
    let stage = stage
        .without_workload()
        .machine_with("quick", definition, json!({"StateMachineType": "EXPRESS"}))
        .function_with("client", json!({"Timeout": 120}))
        .handlers(move || {
            let told = handlers.clone();
            let registry = Registry::default().with("client", move |context, _| {
                let told = told.clone();
                async move {
                    let start = json!({"stateMachineArn": (machine_arn("quick")), "input": "{}"});
                    let heard = match call(&context, "stepfunctions", "StartSyncExecution", start).await {
                        Ok(answer) => answer.get("status").and_then(Json::as_str).unwrap_or_default().to_owned(),
                        Err(CallError { error, .. }) => error.code.to_owned(),
                    };
                    told.note(&context, heard);
                    Ok(Json::Null)
                }
            });
            registry.with("work", |context, _| async move {
                let id = context.uuid4();
                put(&context, json!({"id": id})).await?;
                Ok(Json::Null)
            })
        })
        .invoke("0s", "client", json!({}));
    (stage, done, |run, log| format!("{} {}", log.lines().join(", "), run.ids().len()))
}

/// A function that starts an execution; what it hears, and how many there are.
pub fn starter() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let definition = json!({"StartAt": "Only", "States": {"Only": {"Type": "Pass", "End": true}}});
    let stage = Stage::new()
        .machine("flow", definition)
        .function("client")
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("client", move |context, _| {
                let log = log.clone();
                async move {
                    let start = json!({"stateMachineArn": (machine_arn("flow"))});
                    let heard = match call(&context, "stepfunctions", "StartExecution", start).await {
                        Ok(_) => "ok",
                        Err(CallError { error, .. }) => error.code,
                    };
                    log.note(&context, heard);
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}));
    (stage, log, |run, log| format!("{} {}", log.lines().join(", "), run.world.stepfunctions.records().len()))
}

/// A machine of one task; when its function ran.
pub fn timed_task() -> (Stage, Log, fn(&Run, &Log) -> String) {
    timed(single_task(json!({"Resource": function_arn("echo")})))
}

/// A Map Run of one item; when its function ran.
pub fn map_run() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let processor = merged(
        single_task(json!({"Resource": function_arn("echo")})),
        json!({"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}}),
    );
    timed(json!({"StartAt": "Each", "States": {
        "Each": {"Type": "Map", "ItemsPath": "$.items", "ItemProcessor": processor, "End": true},
    }}))
}

fn timed(definition: Json) -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("echo")
        .machine("flow", definition)
        .handlers(move || handlers.echo(Registry::default(), "echo"))
        .start("0s", "flow", json!({"items": [1]}));
    (stage, log, |_, log| format!("{:?}", log.times()))
}

/// A transaction over two items and a scan right behind it; which of them the scan sees.
pub fn scanned() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let stage = Stage::new()
        .function("client")
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("client", move |context, _| {
                let log = log.clone();
                async move {
                    let put = |id: &str| json!({"Put": {"TableName": "Items", "Item": {"id": {"S": (id)}}}});
                    let transaction = json!({"TransactItems": [(put("a")), (put("b"))]});
                    call(&context, "dynamodb", "TransactWriteItems", transaction).await?;
                    let scan = json!({"TableName": "Items", "ConsistentRead": true});
                    let page = call(&context, "dynamodb", "Scan", scan).await?;
                    let items = page.get("Items").and_then(Json::as_array).unwrap_or_default();
                    let ids = items.iter().filter_map(|item| item.get("id")?.get("S")?.as_str());
                    log.note(&context, ids.collect::<Vec<_>>().join(" "));
                    Ok(Json::Null)
                }
            })
        })
        .invoke("0s", "client", json!({}));
    (stage, log, |_, log| log.lines().join(", "))
}

/// A function with a role of the template that writes at three times; what it hears.
pub fn deployed() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let log = Log::default();
    let handlers = log.clone();
    let allow = json!([{"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]);
    let mut stage = Stage::new()
        .role("writer", &["lambda.amazonaws.com"], allow)
        .function_with("client", json!({"Role": {"Fn::GetAtt": ["writer", "Arn"]}}))
        .handlers(move || {
            let log = handlers.clone();
            Registry::default().with("client", move |context, _| {
                let log = log.clone();
                async move {
                    let heard = match put(&context, json!({"id": "a"})).await {
                        Ok(_) => "ok",
                        Err(CallError { error, .. }) => error.code,
                    };
                    log.note(&context, heard);
                    Ok(Json::Null)
                }
            })
        });
    for at in ["0s", "6s", "20s"] {
        stage = stage.invoke(at, "client", json!({}));
    }
    (stage, log, |_, log| log.lines().join(" "))
}

/// Events at four times; which of them the bus accepted.
pub fn events() -> (Stage, Log, fn(&Run, &Log) -> String) {
    let mut stage = Stage::new();
    for at in ["0s", "5s", "20s", "70s"] {
        stage = stage.event(at, "default", at, json!({}));
    }
    (stage, Log::default(), |run, _| run.accepted().join(", ").replace("default ", ""))
}

/// A function that switches a rule off and puts an event; how many the rule's target hears.
pub fn switched() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
pub fn reader() -> (Stage, Log, fn(&Run, &Log) -> String) {
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

const STREAM_ARN: &str = "arn:aws:dynamodb:us-east-1:111111111111:table/Items/stream/2026-01-01T00:00:00.000";

/// A lock that expires after a minute, taken again a second later; and when the table's stream told that it was deleted.
pub fn lock() -> (Stage, Log, fn(&Run, &Log) -> String) {
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
