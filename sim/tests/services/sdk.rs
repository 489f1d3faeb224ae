//! What boto3 does about calls that fail or last, and how its `Config` changes that.

use rehearsal::world::FaultId;
use rehearsal_engine::{Json, json};

use crate::support::{Look, Stage};

/// A function that writes an item under `config`, and returns what it met.
fn writer(config: &str, variables: Json) -> Stage {
    let code = format!(
        r#"
import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

client = boto3.client("dynamodb", config={config})

def handler(event, context):
    try:
        client.put_item(TableName="Items", Item={{"id": {{"S": "a"}}}}, ConditionExpression="attribute_not_exists(id)")
        met = "ok"
    except ClientError as error:
        met = error.response["Error"]["Code"]
    client.put_item(TableName="Items", Item={{"id": {{"S": met}}}})
"#
    );
    let more = json!({"Code": {"ZipFile": code}, "Environment": {"Variables": variables}});
    Stage::new().function_with("writer", more).invoke("0s", "writer", json!({}))
}

#[test]
fn a_client_that_may_send_a_request_once_meets_the_error_itself() {
    const THROTTLED: &str = "ProvisionedThroughputExceededException";
    const ONCE: [&str; 4] = [
        "Config(retries={'max_attempts': 0})",
        "Config(retries={'total_max_attempts': 1, 'mode': 'standard'})",
        "Config(retries={'mode': 'standard'}).merge(Config(retries={'max_attempts': 0}))",
        "Config(read_timeout=5, connect_timeout=1, retries={'total_max_attempts': 1, 'max_attempts': 3})",
    ];
    const MORE: [&str; 4] = [
        "None",
        "Config(retries={'max_attempts': 1})",
        "Config(retries={'mode': 'adaptive'})",
        "Config(region_name='us-east-1', max_pool_connections=50)",
    ];
    let met = |config: &str, fault, form| {
        let mut ids = writer(config, json!({})).run_python_struck_by(fault, form, 1).ids();
        ids.retain(|id| id != "a");
        ids.join(" ")
    };
    for config in ONCE {
        assert_eq!(met(config, FaultId::DdThrottle, 2), THROTTLED, "{config}");
        assert_eq!(met(config, FaultId::Dd500Applied, 2), "InternalServerError", "{config}");
    }
    for config in MORE {
        assert_eq!(met(config, FaultId::DdThrottle, 2), "ok", "{config}");
        assert_eq!(met(config, FaultId::Dd500Applied, 2), "ConditionalCheckFailedException", "{config}");
    }
}

#[test]
fn a_request_to_a_throttled_table_is_sent_as_often_as_the_client_says() {
    // Throttled wherever it can be: the write that tells what was met is throttled too, and so fails the function.
    for (config, times) in
        [("None", 10), ("Config(retries={'max_attempts': 2})", 3), ("Config(retries={'mode': 'standard'})", 3)]
    {
        let run = writer(config, json!({})).run_python_struck_by(FaultId::DdThrottle, 2, u32::MAX);
        assert_eq!(run.struck(FaultId::DdThrottle), 2 * times, "{config}");
    }
}

#[test]
fn the_environment_says_how_often_too() {
    let stage = writer("None", json!({"AWS_MAX_ATTEMPTS": "1"}));
    let run = stage.run_python_struck_by(FaultId::DdThrottle, 2, 1);
    assert_eq!(run.ids(), ["ProvisionedThroughputExceededException"]);
}

/// A function that invokes another one, which takes 100 seconds and leaves an item each time.
fn impatient(config: &str) -> Stage {
    let slow = r#"
import time, uuid, boto3

def handler(event, context):
    time.sleep(100)
    boto3.client("dynamodb").put_item(TableName="Items", Item={"id": {"S": str(uuid.uuid4())}})
    return "done"
"#;
    let asking = format!(
        r#"
import boto3
from botocore.config import Config
from botocore.exceptions import ReadTimeoutError

def handler(event, context):
    try:
        answer = boto3.client("lambda", config={config}).invoke(FunctionName="slow", Payload=b"{{}}")
        met = answer["Payload"].read().decode()
    except ReadTimeoutError as error:
        met = "gave up"
    print(met, context.get_remaining_time_in_millis() // 1000)
"#
    );
    let code = |text: &str| json!({"Timeout": 900, "Code": {"ZipFile": text}});
    Stage::new().function_with("slow", code(slow)).function_with("asking", code(&asking)).invoke(
        "0s",
        "asking",
        json!({}),
    )
}

#[test]
fn a_function_that_takes_longer_than_its_caller_waits_is_invoked_again() {
    // AWS: boto3 waits for a minute, and then sends the request again, five times in all.
    for (config, times, met) in [
        ("None", 5, "gave up 596"),
        ("Config(retries={'max_attempts': 0})", 1, "gave up 840"),
        ("Config(read_timeout=120)", 1, "\"done\" 799"),
        ("Config(read_timeout=None)", 1, "\"done\" 799"),
    ] {
        let run = impatient(config).run_python();
        assert_eq!(run.ids().len(), times, "{config}");
        assert_eq!(run.printed(), [met], "{config}");
    }
}

#[test]
fn settings_that_boto3_does_not_know_are_refused_in_its_words() {
    for (config, told) in [
        ("Config(retrys={})", "TypeError: Got unexpected keyword argument 'retrys'"),
        (
            "Config(retries={'max': 1})",
            "InvalidRetryConfigurationError: Cannot provide retry configuration for \\\"max\\\". Valid retry configuration options are: \\\"max_attempts\\\"",
        ),
        (
            "Config(retries={'mode': 'eager'})",
            "InvalidRetryModeError: Invalid value provided to \\\"mode\\\": \\\"eager\\\" must be one of: legacy, standard, adaptive",
        ),
    ] {
        let (kind, message) = told.split_once(": ").expect("two parts");
        let run = writer(config, json!({})).run_python();
        assert!(run.tells(&format!("\"errorType\":\"{kind}\"")) && run.tells(message), "{config}");
    }
}
