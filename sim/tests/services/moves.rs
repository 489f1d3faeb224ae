//! Message move tasks: dead letters that go back to their queues.

use rehearsal::harness::Run;
use rehearsal_engine::json;

use crate::support::{Look, Stage, queue_arn};

/// Two queues whose dead letters go to `dead`, a plain queue `other`, and a function of this Python, in which `fill`
/// makes dead letters.
fn stage(body: &str) -> Stage {
    let code = format!(
        r#"
import boto3, json, time
sqs = boto3.client("sqs")
ARN = "arn:aws:sqs:us-east-1:111111111111:"

def url(name):
    return sqs.get_queue_url(QueueName=name)["QueueUrl"]

def fill(queue, *bodies):
    for body in bodies:
        sqs.send_message(QueueUrl=url(queue), MessageBody=body)
    for _ in range(2):
        sqs.receive_message(QueueUrl=url(queue), MaxNumberOfMessages=10, VisibilityTimeout=0)

def tasks():
    listed = sqs.list_message_move_tasks(SourceArn=ARN + "dead", MaxResults=10)["Results"]
    names = ("ApproximateNumberOfMessagesMoved", "ApproximateNumberOfMessagesToMove")
    print(*["%s %s/%s" % (task["Status"], *[task[name] for name in names]) for task in listed])

def handler(event, context):
    try:
        {}
    except sqs.exceptions.ClientError as error:
        print(error.response["Error"]["Code"], error.response["Error"]["Message"])
"#,
        body.replace('\n', "\n        ")
    );
    let dead = json!({"deadLetterTargetArn": (queue_arn("dead")), "maxReceiveCount": 1});
    Stage::new()
        .queue("jobs", json!({"RedrivePolicy": dead}))
        .queue("mails", json!({"RedrivePolicy": dead}))
        .queue("dead", json!({}))
        .queue("other", json!({}))
        .function_with("client", json!({"Timeout": 900, "Code": {"ZipFile": code}}))
        .invoke("0s", "client", json!({}))
}

fn bodies(run: &Run, queues: &[&str]) -> Vec<String> {
    queues.iter().map(|queue| format!("{queue}: {}", run.bodies(queue).join(" "))).collect()
}

#[test]
fn dead_letters_go_back_to_where_they_came_from() {
    let run = stage(
        "fill('jobs', 'a', 'b')
fill('mails', 'c')
sqs.start_message_move_task(SourceArn=ARN + 'dead')
time.sleep(1)
tasks()
message = sqs.receive_message(QueueUrl=url('mails'), AttributeNames=['All'], VisibilityTimeout=0)['Messages'][0]
print(message['Attributes']['ApproximateReceiveCount'], 'DeadLetterQueueSourceArn' in message['Attributes'])",
    )
    .run_python();
    assert_eq!(bodies(&run, &["jobs", "mails", "dead"]), ["jobs: a b", "mails: c", "dead: "]);
    assert_eq!(run.printed(), ["COMPLETED 3/3", "1 False"]);
}

#[test]
fn a_task_moves_as_fast_as_it_is_told_to_another_queue_until_it_is_cancelled() {
    let run = stage(
        "fill('jobs', 'a', 'b', 'c', 'd')
task = sqs.start_message_move_task(SourceArn=ARN + 'dead', DestinationArn=ARN + 'other', MaxNumberOfMessagesPerSecond=1)
time.sleep(2.5)
tasks()
print(sqs.cancel_message_move_task(TaskHandle=task['TaskHandle'])['ApproximateNumberOfMessagesMoved'])
time.sleep(5)
tasks()
sqs.cancel_message_move_task(TaskHandle=task['TaskHandle'])",
    )
    .run_python();
    assert_eq!(bodies(&run, &["jobs", "other", "dead"]), ["jobs: ", "other: a b", "dead: c d"]);
    let refused = "AWS.SimpleQueueService.UnsupportedOperation Only active tasks can be cancelled.";
    assert_eq!(run.printed(), ["RUNNING 2/4", "2", "CANCELLED 2/4", refused]);
}

#[test]
fn what_a_task_cannot_do_is_refused() {
    let refused: [(&str, &str); 5] = [
        (
            "sqs.start_message_move_task(SourceArn=ARN + 'other')",
            "InvalidParameterValue Source queue must be configured as a Dead Letter Queue.",
        ),
        (
            "sqs.start_message_move_task(SourceArn=ARN + 'none')",
            "ResourceNotFoundException The resource that you specified for the SourceArn parameter doesn't exist.",
        ),
        (
            "sqs.start_message_move_task(SourceArn=ARN + 'dead', DestinationArn=ARN + 'none')",
            "ResourceNotFoundException The resource that you specified for the DestinationArn parameter doesn't exist.",
        ),
        (
            "fill('jobs', 'a')\nfor _ in range(2): sqs.start_message_move_task(SourceArn=ARN + 'dead', MaxNumberOfMessagesPerSecond=1)",
            "InvalidParameterValue There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
        ),
        (
            "sqs.cancel_message_move_task(TaskHandle='x')",
            "InvalidParameterValue Value for parameter TaskHandle is invalid.",
        ),
    ];
    for (body, told) in refused {
        assert_eq!(stage(body).run_python().printed(), [told], "{body}");
    }
}

#[test]
fn a_run_ends_with_a_task_that_has_nothing_to_move() {
    let run = stage("sqs.start_message_move_task(SourceArn=ARN + 'dead')").run_python();
    assert_eq!(run.outcome.violation, None);
    assert_eq!(run.printed(), Vec::<String>::new());
}
