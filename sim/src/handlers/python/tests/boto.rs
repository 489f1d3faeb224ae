//! `boto3` and `botocore` as handlers know them.

use rehearsal_engine::{Json, json};

use super::support::Driver;
use super::{Answer, Step};
use crate::services::ApiError;

/// Runs `body` (the inside of a handler) against a world that answers every call with `answer`; returns the calls
/// (operation and parameters) and the last step.
fn run(body: &str, answer: &Answer) -> (Vec<(String, Json)>, Step) {
    let code = format!(
        "import json, boto3, datetime\nfrom decimal import Decimal\nfrom boto3.dynamodb.conditions import Key, Attr\n\
         from boto3.dynamodb.types import Binary\n\
         from botocore.exceptions import ClientError, ParamValidationError, BotoCoreError\n\
         resource = boto3.resource('dynamodb')\ntable = resource.Table('T')\n\
         def client(name):\n    return boto3.client(name)\ndef handler(event, context):\n    {}\n",
        body.trim().replace('\n', "\n    ")
    );
    let mut host = Driver::of(&code);
    let (invocation, mut step) = host.start(&json!({}));
    let mut calls = Vec::new();
    while let Step::Call { operation, parameters, .. } = &step {
        calls.push((operation.to_string(), parameters.clone()));
        assert!(calls.len() < 20, "too many calls: {calls:?}");
        step = host.resume(invocation, answer.clone());
    }
    (calls, step)
}

fn result(body: &str, answer: Json) -> Json {
    match run(body, &Answer::Response(answer)).1 {
        Step::Returned(result) => result,
        step => panic!("{body}: {step:?}"),
    }
}

/// The parameters of the first call.
fn sent(body: &str) -> Json {
    let (calls, step) = run(body, &Answer::Response(json!({})));
    calls.into_iter().next().unwrap_or_else(|| panic!("{body}: no call but {step:?}")).1
}

/// Error type and message of a handler that makes no call.
fn refused(body: &str) -> (String, String) {
    let (calls, step) = run(body, &Answer::Response(json!({})));
    assert!(calls.is_empty(), "{body}: {calls:?}");
    let Step::Failed { payload } = step else { panic!("{body}: {step:?}") };
    let text = |name| payload.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    (text("errorType"), text("errorMessage"))
}

#[test]
fn python_values_become_attribute_values() {
    let item = sent(
        "table.put_item(Item={'s': 'x', 'i': 7, 'd': Decimal('1.50'), 'b': True, 'n': None, 'l': [1, 'a'], \
         'm': {'k': 'v'}, 'ss': {'b', 'a'}, 'ns': {2, 1}, 'y': b'hi', 'w': Binary(b'hi'), 't': (1,)})",
    );
    let expected = json!({
        "s": {"S": "x"}, "i": {"N": "7"}, "d": {"N": "1.50"}, "b": {"BOOL": true}, "n": {"NULL": true},
        "l": {"L": [{"N": "1"}, {"S": "a"}]}, "m": {"M": {"k": {"S": "v"}}}, "ss": {"SS": ["a", "b"]},
        "ns": {"NS": ["1", "2"]}, "y": {"B": "aGk="}, "w": {"B": "aGk="}, "t": {"L": [{"N": "1"}]}
    });
    assert_eq!(item.get("Item"), Some(&expected));
}

#[test]
fn attribute_values_become_python_values() {
    let answer = json!({"Item": {
        "s": {"S": "x"}, "n": {"N": "7.50"}, "b": {"BOOL": false}, "z": {"NULL": true}, "l": {"L": [{"N": "1"}]},
        "m": {"M": {"k": {"S": "v"}}}, "ss": {"SS": ["a"]}, "ns": {"NS": ["1"]}, "y": {"B": "aGk="}
    }});
    let read = result("return repr(table.get_item(Key={'k': 1})['Item'])", answer);
    let expected = "{'s': 'x', 'n': Decimal('7.50'), 'b': False, 'z': None, 'l': [Decimal('1')], 'm': {'k': 'v'}, \
                    'ss': {'a'}, 'ns': {Decimal('1')}, 'y': Binary(b'hi')}";
    assert_eq!(read, json!(expected));
}

#[test]
fn numbers_follow_boto3_s_rules() {
    let float = "Float types are not supported. Use Decimal types instead.";
    let cases = [
        ("table.put_item(Item={'k': 999.99})", "TypeError", float),
        ("table.put_item(Item={'k': {'deep': [1, {'er': 0.1}]}})", "TypeError", float),
        ("table.query(KeyConditionExpression=Key('k').eq(1.5))", "TypeError", float),
        ("table.put_item(Item={'k': Decimal('NaN')})", "TypeError", "Infinity and NaN not supported"),
        ("table.put_item(Item={'k': Decimal('1') / Decimal('3') + Decimal(1) / Decimal(3 * 10**30)})", "", ""),
        (
            "table.put_item(Item={'k': Decimal(1.1)})",
            "Inexact",
            "[<class 'decimal.Inexact'>, <class 'decimal.Rounded'>]",
        ),
        (
            "table.put_item(Item={'k': object})",
            "TypeError",
            "Unsupported type \"<class 'type'>\" for value \"<class 'object'>\"",
        ),
    ];
    for (body, kind, message) in cases {
        if kind.is_empty() {
            sent(body);
        } else {
            assert_eq!(refused(body), (kind.to_owned(), message.to_owned()), "{body}");
        }
    }
}

#[test]
fn conditions_become_expressions_with_placeholders() {
    let cases = [
        ("ConditionExpression", "Attr('a').not_exists()", "attribute_not_exists(#n0)"),
        ("ConditionExpression", "Attr('a.b[0].c').gte(5)", "#n0.#n1[0].#n2 >= :v0"),
        ("FilterExpression", "Attr('a').eq(1) & ~Attr('b').lt(2)", "(#n0 = :v0 AND (NOT #n1 < :v1))"),
        (
            "FilterExpression",
            "Attr('a').is_in([1, 2]) | Attr('b').contains('x')",
            "(#n0 IN (:v0, :v1) OR contains(#n1, :v2))",
        ),
        ("FilterExpression", "Attr('a').size().gt(3)", "size(#n0) > :v0"),
        ("FilterExpression", "Attr('a').attribute_type('S')", "attribute_type(#n0, :v0)"),
        (
            "KeyConditionExpression",
            "Key('k').eq('x') & Key('s').between(1, 2)",
            "(#n0 = :v0 AND #n1 BETWEEN :v1 AND :v2)",
        ),
        (
            "KeyConditionExpression",
            "Key('k').eq('x') & Key('s').begins_with('p')",
            "(#n0 = :v0 AND begins_with(#n1, :v1))",
        ),
    ];
    for (parameter, condition, expected) in cases {
        let method = if parameter == "ConditionExpression" { "put_item(Item={'k': 1}, " } else { "query(" };
        let parameters = sent(&format!("table.{method}{parameter}={condition})"));
        assert_eq!(parameters.get(parameter), Some(&json!(expected)), "{condition}");
    }
    let parameters = sent(
        "table.update_item(Key={'k': 'x'}, UpdateExpression='SET q = q - :q', ConditionExpression=Attr('q').gte(2), \
         ExpressionAttributeValues={':q': 2})",
    );
    assert_eq!(parameters.get("ExpressionAttributeNames"), Some(&json!({"#n0": "q"})));
    assert_eq!(parameters.get("ExpressionAttributeValues"), Some(&json!({":q": {"N": "2"}, ":v0": {"N": "2"}})));
    let (kind, message) = refused("table.query(KeyConditionExpression=Attr('k').eq(1))");
    assert_eq!(kind, "DynamoDBNeedsKeyConditionError");
    assert!(message.contains("only supports Attribute objects of type Key"), "{message}");
}

#[test]
fn batch_and_transactions_are_translated_both_ways() {
    let (calls, _) = run(
        "with table.batch_writer() as batch:\n    for n in range(27):\n        batch.put_item(Item={'k': n})\n    \
         batch.delete_item(Key={'k': 1})",
        &Answer::Response(json!({"UnprocessedItems": {}})),
    );
    let sizes: Vec<_> = calls
        .iter()
        .map(|(_, parameters)| {
            parameters.get("RequestItems").and_then(|tables| tables.get("T")).and_then(Json::as_array).map(<[_]>::len)
        })
        .collect();
    assert_eq!(sizes, [Some(25), Some(3)]);

    let transaction = sent(
        "table.meta.client.transact_write_items(TransactItems=[{'Put': {'TableName': 'T', 'Item': {'k': 1}, \
         'ConditionExpression': Attr('k').not_exists()}}, {'Update': {'TableName': 'T', 'Key': {'k': 2}, \
         'UpdateExpression': 'SET a = :a', 'ExpressionAttributeValues': {':a': Decimal('2')}}}])",
    );
    let expected = json!({"TransactItems": [
        {"Put": {"TableName": "T", "Item": {"k": {"N": "1"}}, "ConditionExpression": "attribute_not_exists(#n0)",
            "ExpressionAttributeNames": {"#n0": "k"}}},
        {"Update": {"TableName": "T", "Key": {"k": {"N": "2"}}, "UpdateExpression": "SET a = :a",
            "ExpressionAttributeValues": {":a": {"N": "2"}}}}
    ]});
    assert_eq!(transaction, expected);

    let read = result(
        "return repr(resource.batch_get_item(RequestItems={'T': {'Keys': [{'k': 1}]}})['Responses'])",
        json!({"Responses": {"T": [{"k": {"N": "1"}}]}, "UnprocessedKeys": {}}),
    );
    assert_eq!(read, json!("{'T': [{'k': Decimal('1')}]}"));
}

#[test]
fn low_level_clients_pass_parameters_through() {
    let cases = [
        (
            "client('events').put_events(Entries=[{'Source': 's', 'Time': datetime.datetime.now()}])",
            json!({"Entries": [{"Source": "s", "Time": 1_767_225_600}]}),
        ),
        (
            "client('stepfunctions').send_task_success(taskToken='t', output='{}')",
            json!({"taskToken": "t", "output": "{}"}),
        ),
        (
            "client('lambda').invoke(FunctionName='f', Payload=json.dumps({'a': 1}).encode())",
            json!({"FunctionName": "f", "Payload": "{\"a\": 1}"}),
        ),
        (
            "client('dynamodb').put_item(TableName='T', Item={'b': {'B': b'hi'}, 'n': {'N': '1'}})",
            json!({"TableName": "T", "Item": {"b": {"B": "aGk="}, "n": {"N": "1"}}}),
        ),
        ("client('sqs').send_message(QueueUrl='u', MessageBody='b')", json!({"QueueUrl": "u", "MessageBody": "b"})),
        ("client('sns').publish(TopicArn='a', Message='m')", json!({"TopicArn": "a", "Message": "m"})),
        (
            "client('cloudwatch').put_metric_data(Namespace='n', MetricData=[{'MetricName': 'm', 'Value': 1.5}])",
            json!({"Namespace": "n", "MetricData": [{"MetricName": "m", "Value": 1.5}]}),
        ),
        ("client('ssm').get_parameter(Name='p')", json!({"Name": "p"})),
    ];
    for (body, expected) in cases {
        assert_eq!(sent(body), expected, "{body}");
    }
}

#[test]
fn answers_come_as_botocore_gives_them() {
    let payload = result(
        "answer = client('lambda').invoke(FunctionName='f')\nreturn [answer['StatusCode'], json.loads(answer['Payload'].read())]",
        json!({"StatusCode": 200, "Payload": "{\"a\":1}"}),
    );
    assert_eq!(payload, json!([200, {"a": 1}]));
    let date = result(
        "return client('stepfunctions').describe_execution(executionArn='a')['startDate'].isoformat()",
        json!({"startDate": 1_767_225_600.5}),
    );
    assert_eq!(date, json!("2026-01-01T00:00:00.500000+00:00"));
    let bytes = result(
        "return client('dynamodb').get_item(TableName='T', Key={'k': {'S': 'x'}})['Item']['b']['B'].decode()",
        json!({"Item": {"b": {"B": "aGk="}}}),
    );
    assert_eq!(bytes, json!("hi"));
    let metadata = result("return table.put_item(Item={'k': 1})['ResponseMetadata']", json!({}));
    assert_eq!(metadata.get("HTTPStatusCode"), Some(&json!(200)));
    assert_eq!(metadata.get("RequestId"), Some(&json!("00000001-0000-4000-8000-000000000001")));
}

#[test]
fn pages_are_followed() {
    let body = "pages = client('dynamodb').get_paginator('scan').paginate(TableName='T')\n\
                return [item['k']['N'] for page in pages for item in page['Items']]";
    let code = format!(
        "import boto3\nclient = boto3.client\ndef handler(event, context):\n    {}\n",
        body.replace('\n', "\n    ")
    );
    let mut host = Driver::of(&code);
    let (invocation, _) = host.start(&json!({}));
    let key = json!({"k": {"N": "1"}});
    let second = host.resume(
        invocation,
        Answer::Response(json!({"Items": [{"k": {"N": "1"}}], "LastEvaluatedKey": {"k": {"N": "1"}}})),
    );
    let Step::Call { parameters, .. } = second else { panic!("expected a second page, got {second:?}") };
    assert_eq!(parameters.get("ExclusiveStartKey"), Some(&key));
    let end = host.resume(invocation, Answer::Response(json!({"Items": [{"k": {"N": "2"}}]})));
    assert_eq!(end, Step::Returned(json!(["1", "2"])));
}

#[test]
fn an_error_is_a_client_error_with_code_message_and_response() {
    let mut error = ApiError::new("ConditionalCheckFailedException", "The conditional request failed");
    error.details = json!({"Item": {"k": {"S": "x"}}});
    let answer = Answer::Error(error);
    let cases = [
        (
            "try:\n    table.put_item(Item={'k': 1})\nexcept ClientError as error:\n    return [error.response['Error']['Code'], str(error), error.operation_name]",
            json!([
                "ConditionalCheckFailedException",
                "An error occurred (ConditionalCheckFailedException) when calling the PutItem operation: The conditional request failed",
                "PutItem"
            ]),
        ),
        (
            "try:\n    table.put_item(Item={'k': 1})\nexcept table.meta.client.exceptions.ConditionalCheckFailedException as error:\n    return [error.response['Item'], error.response['ResponseMetadata']['HTTPStatusCode'], type(error).__name__]",
            json!([{"k": {"S": "x"}}, 400, "ConditionalCheckFailedException"]),
        ),
        (
            "dynamodb = client('dynamodb')\ntry:\n    table.put_item(Item={'k': 1})\nexcept dynamodb.exceptions.ResourceNotFoundException:\n    return 'wrong'\nexcept dynamodb.exceptions.ClientError:\n    return 'right'",
            json!("right"),
        ),
    ];
    for (body, expected) in cases {
        let (_, step) = run(body, &answer);
        assert_eq!(step, Step::Returned(expected), "{body}");
    }
}

#[test]
fn the_class_of_an_uncaught_error_is_modeled_or_client_error() {
    let cases = [
        ("table.put_item(Item={'k': 1})", "ConditionalCheckFailedException", "ConditionalCheckFailedException"),
        ("table.put_item(Item={'k': 1})", "ValidationException", "ClientError"),
        ("client('stepfunctions').send_task_success(taskToken='t', output='{}')", "TaskTimedOut", "TaskTimedOut"),
        (
            "client('stepfunctions').send_task_success(taskToken='t', output='{}')",
            "AccessDeniedException",
            "ClientError",
        ),
        ("client('events').put_events(Entries=[])", "InternalException", "InternalException"),
        ("client('lambda').invoke(FunctionName='f')", "TooManyRequestsException", "TooManyRequestsException"),
        (
            "client('sqs').send_message(QueueUrl='q', MessageBody='b')",
            "AWS.SimpleQueueService.NonExistentQueue",
            "QueueDoesNotExist",
        ),
        ("client('sns').publish(TopicArn='a', Message='m')", "NotFound", "NotFoundException"),
    ];
    for (body, code, class) in cases {
        let (_, step) = run(body, &Answer::Error(ApiError::new(code, "no")));
        let Step::Failed { payload } = step else { panic!("{body}: {step:?}") };
        assert_eq!(payload.get("errorType"), Some(&json!(class)), "{body} answered {code}");
    }
}

#[test]
fn what_botocore_would_not_send_is_not_sent() {
    let cases = [
        (
            "table.put_item(Itm={'k': 1})",
            "Missing required parameter in input: \"Item\"\nUnknown parameter in input: \"Itm\", must be one of: TableName, Item, Expected",
        ),
        ("client('dynamodb').get_item(TableName='T')", "Missing required parameter in input: \"Key\""),
        (
            "client('dynamodb').put_item(TableName='T', Item={'a': 'x'})",
            "Invalid type for parameter Item.a, value: x, type: <class 'str'>, valid types: <class 'dict'>",
        ),
        (
            "client('dynamodb').put_item(TableName='T', Item={'a': {'N': 1}})",
            "Invalid type for parameter Item.a.N, value: 1, type: <class 'int'>, valid types: <class 'str'>",
        ),
        (
            "client('events').put_events(Entries=[{'Detail': {'a': 1}}])",
            "Invalid type for parameter Entries[0].Detail, value: {'a': 1}, type: <class 'dict'>, valid types: <class 'str'>",
        ),
        (
            "client('stepfunctions').start_execution(stateMachineArn='a', input={})",
            "Invalid type for parameter input, value: {}, type: <class 'dict'>, valid types: <class 'str'>",
        ),
        (
            "client('sqs').send_message_batch(QueueUrl='q', Entries=[{'Id': 'a'}])",
            "Missing required parameter in Entries[0]: \"MessageBody\"",
        ),
    ];
    for (body, expected) in cases {
        let (kind, message) = refused(body);
        assert_eq!(kind, "ParamValidationError", "{body}");
        let report = message.strip_prefix("Parameter validation failed:\n").unwrap_or_default();
        assert!(report.starts_with(expected), "{body}: {message}");
    }
    assert_eq!(
        refused("client('dynamodb').putitem()"),
        ("AttributeError".into(), "'DynamoDB' object has no attribute 'putitem'".into())
    );
    assert_eq!(
        refused("client('dynamodb').put_item('x')"),
        ("TypeError".into(), "put_item() only accepts keyword arguments.".into())
    );
    assert_eq!(refused("boto3.resource('s3')").0, "ResourceNotExistsError");
}

#[test]
fn queues_and_topics_are_objects_too() {
    let (calls, step) = run(
        "queue = boto3.resource('sqs').Queue('https://sqs/1/jobs')\n\
         queue.send_message(MessageBody='a', MessageAttributes={'k': {'DataType': 'Binary', 'BinaryValue': b'hi'}})\n\
         queue.send_messages(Entries=[{'Id': '1', 'MessageBody': 'b'}])\n\
         found = queue.receive_messages(MaxNumberOfMessages=2, MessageAttributeNames=['All'])\n\
         message = found[0]\n\
         message.change_visibility(VisibilityTimeout=5)\n\
         message.delete()\n\
         boto3.resource('sns').Topic('arn:t').publish(Message='m', Subject='s')\n\
         return [message.body, message.attributes['ApproximateReceiveCount'], message.message_id, len(found), \
          message.message_attributes['k']['BinaryValue'].decode()]",
        &Answer::Response(json!({"Messages": [{
            "MessageId": "m-1", "ReceiptHandle": "r-1", "Body": "a", "Attributes": {"ApproximateReceiveCount": "1"},
            "MessageAttributes": {"k": {"DataType": "Binary", "BinaryValue": "aGk="}},
        }]})),
    );
    assert_eq!(step, Step::Returned(json!(["a", "1", "m-1", 1, "hi"])));
    let names: Vec<&str> = calls.iter().map(|(operation, _)| operation.as_str()).collect();
    let expected =
        ["SendMessage", "SendMessageBatch", "ReceiveMessage", "ChangeMessageVisibility", "DeleteMessage", "Publish"];
    assert_eq!(names, expected);
    let url = "https://sqs/1/jobs";
    let attributes = json!({"k": {"DataType": "Binary", "BinaryValue": "aGk="}});
    assert_eq!(calls[0].1, json!({"MessageBody": "a", "MessageAttributes": attributes, "QueueUrl": url}));
    assert_eq!(calls[4].1, json!({"QueueUrl": url, "ReceiptHandle": "r-1"}));
    assert_eq!(calls[5].1, json!({"Message": "m", "Subject": "s", "TopicArn": "arn:t"}));
}
