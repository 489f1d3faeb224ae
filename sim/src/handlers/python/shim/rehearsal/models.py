"""What botocore knows of the operations and checks before it sends: names, parameters, pages.

One line per operation: its name, then its members as `Name:type`, `Name!:type` when required. Types: s string,
i integer, f number, b boolean, t timestamp, y bytes, m any map, l any list, A map of attribute values, [type] list,
<type> map, {members} structure. Operations that are not listed pass unchecked.
"""

import re

CONDITION = "ExpressionAttributeNames:<s> ExpressionAttributeValues:A ReturnValuesOnConditionCheckFailure:s"
READ = "AttributesToGet:[s] ConsistentRead:b"
CONSUMED = "ReturnConsumedCapacity:s"
METRICS = "ReturnConsumedCapacity:s ReturnItemCollectionMetrics:s"
TRANSACT_CONDITION = "ExpressionAttributeNames:<s> ExpressionAttributeValues:A ReturnValuesOnConditionCheckFailure:s"
SQS_ATTRIBUTES = "<{ StringValue:s BinaryValue:y StringListValues:[s] BinaryListValues:[y] DataType!:s }>"
SNS_ATTRIBUTES = "<{ DataType!:s StringValue:s BinaryValue:y }>"

OPERATIONS = {
    "dynamodb": f"""
PutItem TableName!:s Item!:A Expected:m ReturnValues:s {METRICS} ConditionalOperator:s ConditionExpression:s {CONDITION}
GetItem TableName!:s Key!:A {READ} {CONSUMED} ProjectionExpression:s ExpressionAttributeNames:<s>
UpdateItem TableName!:s Key!:A AttributeUpdates:m Expected:m ConditionalOperator:s ReturnValues:s {METRICS} \
UpdateExpression:s ConditionExpression:s {CONDITION}
DeleteItem TableName!:s Key!:A Expected:m ConditionalOperator:s ReturnValues:s {METRICS} ConditionExpression:s {CONDITION}
Query TableName!:s IndexName:s Select:s AttributesToGet:[s] Limit:i ConsistentRead:b KeyConditions:m QueryFilter:m \
ConditionalOperator:s ScanIndexForward:b ExclusiveStartKey:A {CONSUMED} ProjectionExpression:s FilterExpression:s \
KeyConditionExpression:s ExpressionAttributeNames:<s> ExpressionAttributeValues:A
Scan TableName!:s IndexName:s AttributesToGet:[s] Limit:i Select:s ScanFilter:m ConditionalOperator:s \
ExclusiveStartKey:A {CONSUMED} TotalSegments:i Segment:i ProjectionExpression:s FilterExpression:s \
ExpressionAttributeNames:<s> ExpressionAttributeValues:A ConsistentRead:b
BatchGetItem RequestItems!:<{{ Keys!:[A] {READ} ProjectionExpression:s ExpressionAttributeNames:<s> }}> {CONSUMED}
BatchWriteItem RequestItems!:<[{{ PutRequest:{{ Item!:A }} DeleteRequest:{{ Key!:A }} }}]> {METRICS}
TransactGetItems TransactItems!:[{{ Get!:{{ Key!:A TableName!:s ProjectionExpression:s ExpressionAttributeNames:<s> }} }}] \
{CONSUMED}
TransactWriteItems TransactItems!:[{{ \
ConditionCheck:{{ Key!:A TableName!:s ConditionExpression!:s {TRANSACT_CONDITION} }} \
Put:{{ Item!:A TableName!:s ConditionExpression:s {TRANSACT_CONDITION} }} \
Delete:{{ Key!:A TableName!:s ConditionExpression:s {TRANSACT_CONDITION} }} \
Update:{{ Key!:A UpdateExpression!:s TableName!:s ConditionExpression:s {TRANSACT_CONDITION} }} }}] \
{METRICS} ClientRequestToken:s
DescribeTable TableName!:s
DescribeTimeToLive TableName!:s
UpdateTimeToLive TableName!:s TimeToLiveSpecification!:{{ Enabled!:b AttributeName!:s }}
ListTables ExclusiveStartTableName:s Limit:i
""",
    "events": """
PutEvents Entries!:[{ Time:t Source:s Resources:[s] DetailType:s Detail:s EventBusName:s TraceHeader:s }] EndpointId:s
TestEventPattern EventPattern!:s Event!:s
EnableRule Name!:s EventBusName:s
DisableRule Name!:s EventBusName:s
DescribeRule Name!:s EventBusName:s
ListRules NamePrefix:s EventBusName:s NextToken:s Limit:i
ListTargetsByRule Rule!:s EventBusName:s NextToken:s Limit:i
""",
    "lambda": """
Invoke FunctionName!:s InvocationType:s LogType:s ClientContext:s DurableExecutionName:s Payload:y Qualifier:s TenantId:s
""",
    "stepfunctions": """
StartExecution stateMachineArn!:s name:s input:s traceHeader:s
StartSyncExecution stateMachineArn!:s name:s input:s traceHeader:s includedData:s
DescribeExecution executionArn!:s includedData:s
StopExecution executionArn!:s error:s cause:s
RedriveExecution executionArn!:s clientToken:s
ListExecutions stateMachineArn:s statusFilter:s maxResults:i nextToken:s mapRunArn:s redriveFilter:s
GetExecutionHistory executionArn!:s maxResults:i reverseOrder:b nextToken:s includeExecutionData:b
SendTaskSuccess taskToken!:s output!:s
SendTaskFailure taskToken!:s error:s cause:s
SendTaskHeartbeat taskToken!:s
GetActivityTask activityArn!:s workerName:s
DescribeStateMachineForExecution executionArn!:s includedData:s
ListStateMachines maxResults:i nextToken:s
DescribeStateMachine stateMachineArn!:s includedData:s
""",
    "s3": """
GetObject Bucket!:s Key!:s IfMatch:s IfNoneMatch:s Range:s VersionId:s
PutObject Bucket!:s Key!:s Body:y ContentType:s Metadata:m CacheControl:s ContentEncoding:s ServerSideEncryption:s
DeleteObject Bucket!:s Key!:s VersionId:s
ListObjectsV2 Bucket!:s Prefix:s ContinuationToken:s StartAfter:s MaxKeys:i Delimiter:s FetchOwner:b
""",
    "sqs": f"""
SendMessage QueueUrl!:s MessageBody!:s DelaySeconds:i MessageAttributes:{SQS_ATTRIBUTES} MessageSystemAttributes:m \
MessageDeduplicationId:s MessageGroupId:s
SendMessageBatch QueueUrl!:s Entries!:[{{ Id!:s MessageBody!:s DelaySeconds:i MessageAttributes:{SQS_ATTRIBUTES} \
MessageSystemAttributes:m MessageDeduplicationId:s MessageGroupId:s }}]
ReceiveMessage QueueUrl!:s AttributeNames:[s] MessageSystemAttributeNames:[s] MessageAttributeNames:[s] \
MaxNumberOfMessages:i VisibilityTimeout:i WaitTimeSeconds:i ReceiveRequestAttemptId:s
DeleteMessage QueueUrl!:s ReceiptHandle!:s
DeleteMessageBatch QueueUrl!:s Entries!:[{{ Id!:s ReceiptHandle!:s }}]
ChangeMessageVisibility QueueUrl!:s ReceiptHandle!:s VisibilityTimeout!:i
ChangeMessageVisibilityBatch QueueUrl!:s Entries!:[{{ Id!:s ReceiptHandle!:s VisibilityTimeout:i }}]
PurgeQueue QueueUrl!:s
ListQueues QueueNamePrefix:s NextToken:s MaxResults:i
GetQueueUrl QueueName!:s QueueOwnerAWSAccountId:s
GetQueueAttributes QueueUrl!:s AttributeNames:[s]
StartMessageMoveTask SourceArn!:s DestinationArn:s MaxNumberOfMessagesPerSecond:i
ListMessageMoveTasks SourceArn!:s MaxResults:i
CancelMessageMoveTask TaskHandle!:s
""",
    "sns": f"""
Publish TopicArn:s TargetArn:s PhoneNumber:s Message!:s Subject:s MessageStructure:s \
MessageAttributes:{SNS_ATTRIBUTES} MessageDeduplicationId:s MessageGroupId:s
PublishBatch TopicArn!:s PublishBatchRequestEntries!:[{{ Id!:s Message!:s Subject:s MessageStructure:s \
MessageAttributes:{SNS_ATTRIBUTES} MessageDeduplicationId:s MessageGroupId:s }}]
""",
    "cloudwatch": """
PutMetricData Namespace!:s MetricData:[{ MetricName!:s Dimensions:[{ Name!:s Value!:s }] Timestamp:t Value:f \
StatisticValues:{ SampleCount!:f Sum!:f Minimum!:f Maximum!:f } Values:[f] Counts:[f] Unit:s StorageResolution:i }] \
EntityMetricData:l StrictEntityValidation:b
GetMetricStatistics Namespace!:s MetricName!:s Dimensions:[{ Name!:s Value!:s }] StartTime!:t EndTime!:t Period!:i \
Statistics:[s] ExtendedStatistics:[s] Unit:s
GetMetricData MetricDataQueries!:[{ Id!:s MetricStat:{ Metric!:{ Namespace:s MetricName:s \
Dimensions:[{ Name!:s Value!:s }] } Period!:i Stat!:s Unit:s } Expression:s Label:s ReturnData:b Period:i AccountId:s }] \
StartTime!:t EndTime!:t NextToken:s ScanBy:s MaxDatapoints:i LabelOptions:m
DescribeAlarms AlarmNames:[s] AlarmNamePrefix:s AlarmTypes:[s] ChildrenOfAlarmName:s ParentsOfAlarmName:s StateValue:s \
ActionPrefix:s MaxRecords:i NextToken:s
SetAlarmState AlarmName!:s StateValue!:s StateReason!:s StateReasonData:s
""",
}

CLASS_NAMES = {
    "dynamodb": "DynamoDB", "events": "EventBridge", "lambda": "Lambda", "stepfunctions": "SFN", "s3": "S3", "sqs": "SQS",
    "sns": "SNS", "cloudwatch": "CloudWatch",
}
# Members of responses that are timestamps.
DATES = {
    "startDate", "stopDate", "redriveDate", "creationDate", "updateDate", "timestamp", "CreationDateTime",
    "LastModified",
}
# Attribute value types and what botocore accepts for each.
ATTRIBUTE_VALUE = {"S": "s", "N": "s", "B": "y", "BOOL": "b", "NULL": "b"}
ATTRIBUTE_SETS = {"SS": "s", "NS": "s", "BS": "y"}
ATTRIBUTE_MEMBERS = "S, N, B, SS, NS, BS, M, L, NULL, BOOL"
# Verbs that operation names begin with: what is none of them is a misspelt method.
VERBS = set(
    "activate add associate batch cancel change check confirm create deactivate delete deregister describe disable "
    "disassociate enable execute export get import invoke list modify poll publish purge put query receive redrive "
    "register remove restore scan send set start stop subscribe tag test transact unsubscribe untag update validate "
    "verify".split()
)
SPELLINGS = {"Url": "Url", "Sms": "SMS", "Mfa": "MFA"}

_PYTHON_NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")
_TOKEN = re.compile(r"[\[\]{}<>]|[^\s\[\]{}<>]+")
_lines = {}
_parsed = {}
_names = {}


def class_name(service):
    return CLASS_NAMES.get(service) or "".join(part.capitalize() for part in service.split("-"))


def operation_name(service, method):
    """`put_item` -> `PutItem`; None for what cannot be an operation."""
    name = _names.get(method)
    if name is None:
        if not _PYTHON_NAME.match(method) or method.split("_")[0] not in VERBS:
            return None
        name = "".join(SPELLINGS.get(part.capitalize(), part.capitalize()) for part in method.split("_"))
        _names[method] = name
    return name


def parameters(service, operation):
    """The parsed structure of an operation's parameters, None when it is not listed."""
    key = (service, operation)
    if key in _parsed:
        return _parsed[key]
    if service not in _lines:
        lines = OPERATIONS.get(service, "").strip().splitlines()
        _lines[service] = dict(line.split(" ", 1) for line in lines if line)
    text = _lines[service].get(operation)
    model = None
    if text is not None:
        tokens = _TOKEN.findall(text)[::-1]
        tokens.insert(0, "}")
        model = _structure(tokens)
    _parsed[key] = model
    return model


def validate(model, values, transformed):
    """Botocore's complaints, in its words. `transformed` attribute values were made by the serializer and are right."""
    errors = []
    _check_structure(model, values, "", errors, transformed)
    return errors


def _structure(tokens):
    members, required = {}, []
    while True:
        token = tokens.pop()
        if token == "}":
            return members, required
        name, kind = token.split(":", 1)
        if name.endswith("!"):
            name = name[:-1]
            required.append(name)
        members[name] = (kind, None) if kind else _composite(tokens)


def _composite(tokens):
    token = tokens.pop()
    if token == "{":
        return "{", _structure(tokens)
    if token in "[<":
        inner = _composite(tokens)
        tokens.pop()
        return token, inner
    return token, None


_EXPECTED = {
    "s": ((str,), "<class 'str'>"),
    "i": ((int,), "<class 'int'>"),
    "b": ((bool,), "<class 'bool'>"),
    "m": ((dict,), "<class 'dict'>"),
    "{": ((dict,), "<class 'dict'>"),
    "<": ((dict,), "<class 'dict'>"),
    "A": ((dict,), "<class 'dict'>"),
    "l": ((list, tuple), "<class 'list'>, <class 'tuple'>"),
    "[": ((list, tuple), "<class 'list'>, <class 'tuple'>"),
}


def _check(kind, value, path, errors, transformed):
    letter, inner = kind
    expected = _EXPECTED.get(letter)
    if expected is None:
        _check_scalar(letter, value, path, errors)
        return
    if not isinstance(value, expected[0]):
        _wrong_type(value, path, expected[1], errors)
    elif letter == "{":
        _check_structure(inner, value, path, errors, transformed)
    elif letter == "[":
        for index, item in enumerate(value):
            _check(inner, item, "%s[%d]" % (path, index), errors, transformed)
    elif letter == "<":
        for key, member in value.items():
            _check_key(key, path, errors)
            _check(inner, member, "%s.%s" % (path, key), errors, transformed)
    elif letter == "A" and not transformed:
        _check_attributes(value, path, errors)


def _check_structure(structure, value, path, errors, transformed):
    members, required = structure
    for name in required:
        if name not in value:
            errors.append('Missing required parameter in %s: "%s"' % (path or "input", name))
    pending = []
    for name, member in value.items():
        kind = members.get(name)
        if kind is None:
            known = ", ".join(members)
            errors.append('Unknown parameter in %s: "%s", must be one of: %s' % (path or "input", name, known))
        elif not (kind[0] == "s" and type(member) is str):
            pending.append((name, member, kind))
    for name, member, kind in pending:
        _check(kind, member, path + "." + name if path else name, errors, transformed)


def _check_attributes(attributes, path, errors):
    for key, value in attributes.items():
        _check_key(key, path, errors)
        _check_attribute(value, "%s.%s" % (path, key), errors)


def _check_attribute(value, path, errors):
    if not isinstance(value, dict):
        return _wrong_type(value, path, "<class 'dict'>", errors)
    for name, member in value.items():
        here = path + "." + name
        if name in ATTRIBUTE_VALUE:
            _check((ATTRIBUTE_VALUE[name], None), member, here, errors, False)
        elif name in ATTRIBUTE_SETS:
            _check(("[", (ATTRIBUTE_SETS[name], None)), member, here, errors, False)
        elif name == "M":
            if isinstance(member, dict):
                _check_attributes(member, here, errors)
            else:
                _wrong_type(member, here, "<class 'dict'>", errors)
        elif name == "L":
            if isinstance(member, (list, tuple)):
                for index, item in enumerate(member):
                    _check_attribute(item, "%s[%d]" % (here, index), errors)
            else:
                _wrong_type(member, here, "<class 'list'>, <class 'tuple'>", errors)
        else:
            text = 'Unknown parameter in %s: "%s", must be one of: %s'
            errors.append(text % (path, name, ATTRIBUTE_MEMBERS))


def _check_key(key, path, errors):
    if not isinstance(key, str):
        _wrong_type(key, "%s (key: %s)" % (path, key), "<class 'str'>", errors)


def _check_scalar(letter, value, path, errors):
    if letter == "y":
        if not isinstance(value, (bytes, bytearray, str)) and not hasattr(value, "read"):
            if type(value).__name__ != "Binary":
                expected = "<class 'bytes'>, <class 'bytearray'>, file-like object"
                _wrong_type(value, path, expected, errors)
    elif letter == "f":
        if not isinstance(value, (int, float)) and type(value).__name__ != "Decimal":
            _wrong_type(value, path, "<class 'float'>, <class 'decimal.Decimal'>, <class 'int'>", errors)
    elif letter == "t":
        if not isinstance(value, (int, float, str)) and not hasattr(value, "timestamp"):
            _wrong_type(value, path, "<class 'datetime.datetime'>, timestamp-string", errors)


def _wrong_type(value, path, expected, errors):
    text = "Invalid type for parameter %s, value: %s, type: %s, valid types: %s"
    errors.append(text % (path or "input", value, type(value), expected))
