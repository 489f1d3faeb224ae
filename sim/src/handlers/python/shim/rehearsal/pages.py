"""Paginators and waiters, as botocore's models have them: a new service is a row in a table.

A row of `PAGES`: parameter that takes the token, member of the answer that gives it, parameter for a page's size, and
the members that are lists. A row of `WAITERS`: operation, seconds between two attempts, attempts, and acceptors of the
form (state, what is looked at, what it must be, path); the first that fits decides.
"""

import time
from base64 import b64decode, b64encode
from json import dumps, loads

from botocore.exceptions import ClientError, PaginationError, WaiterError

PAGES = {
    "dynamodb": {
        "Query": ("ExclusiveStartKey", "LastEvaluatedKey", "Limit", ["Items"]),
        "Scan": ("ExclusiveStartKey", "LastEvaluatedKey", "Limit", ["Items"]),
        "ListTables": ("ExclusiveStartTableName", "LastEvaluatedTableName", "Limit", ["TableNames"]),
    },
    "stepfunctions": {
        "ListExecutions": ("nextToken", "nextToken", "maxResults", ["executions"]),
        "GetExecutionHistory": ("nextToken", "nextToken", "maxResults", ["events"]),
        "ListStateMachines": ("nextToken", "nextToken", "maxResults", ["stateMachines"]),
        "ListActivities": ("nextToken", "nextToken", "maxResults", ["activities"]),
        "ListMapRuns": ("nextToken", "nextToken", "maxResults", ["mapRuns"]),
    },
    "events": {
        "ListRules": ("NextToken", "NextToken", "Limit", ["Rules"]),
        "ListRuleNamesByTarget": ("NextToken", "NextToken", "Limit", ["RuleNames"]),
        "ListTargetsByRule": ("NextToken", "NextToken", "Limit", ["Targets"]),
    },
    "lambda": {
        "ListFunctions": ("Marker", "NextMarker", "MaxItems", ["Functions"]),
        "ListAliases": ("Marker", "NextMarker", "MaxItems", ["Aliases"]),
        "ListVersionsByFunction": ("Marker", "NextMarker", "MaxItems", ["Versions"]),
        "ListEventSourceMappings": ("Marker", "NextMarker", "MaxItems", ["EventSourceMappings"]),
    },
    "s3": {
        "ListObjectsV2": ("ContinuationToken", "NextContinuationToken", "MaxKeys", ["Contents"]),
    },
    "sqs": {
        "ListQueues": ("NextToken", "NextToken", "MaxResults", ["QueueUrls"]),
        "ListDeadLetterSourceQueues": ("NextToken", "NextToken", "MaxResults", ["queueUrls"]),
    },
    "sns": {
        "ListTopics": ("NextToken", "NextToken", None, ["Topics"]),
        "ListSubscriptions": ("NextToken", "NextToken", None, ["Subscriptions"]),
        "ListSubscriptionsByTopic": ("NextToken", "NextToken", None, ["Subscriptions"]),
    },
    "cloudwatch": {
        "DescribeAlarms": ("NextToken", "NextToken", "MaxRecords", ["MetricAlarms", "CompositeAlarms"]),
        "DescribeAlarmHistory": ("NextToken", "NextToken", "MaxRecords", ["AlarmHistoryItems"]),
        "GetMetricData": ("NextToken", "NextToken", "MaxDatapoints", ["MetricDataResults", "Messages"]),
        "ListDashboards": ("NextToken", "NextToken", None, ["DashboardEntries"]),
        "ListMetrics": ("NextToken", "NextToken", None, ["Metrics", "OwningAccounts"]),
    },
}

WAITERS = {
    "dynamodb": {
        "table_exists": ("DescribeTable", 20, 25, [
            ("success", "path", "ACTIVE", "Table.TableStatus"), ("retry", "error", "ResourceNotFoundException", None)]),
        "table_not_exists": ("DescribeTable", 20, 25, [("success", "error", "ResourceNotFoundException", None)]),
    },
    "lambda": {
        "function_exists": ("GetFunction", 1, 20, [
            ("success", "status", 200, None), ("retry", "error", "ResourceNotFoundException", None)]),
        "function_active": ("GetFunctionConfiguration", 5, 60, [
            ("success", "path", "Active", "State"), ("failure", "path", "Failed", "State"),
            ("retry", "path", "Pending", "State")]),
        "function_active_v2": ("GetFunction", 1, 300, [
            ("success", "path", "Active", "Configuration.State"), ("failure", "path", "Failed", "Configuration.State"),
            ("retry", "path", "Pending", "Configuration.State")]),
        "function_updated": ("GetFunctionConfiguration", 5, 60, [
            ("success", "path", "Successful", "LastUpdateStatus"), ("failure", "path", "Failed", "LastUpdateStatus"),
            ("retry", "path", "InProgress", "LastUpdateStatus")]),
    },
    "cloudwatch": {
        "alarm_exists": ("DescribeAlarms", 5, 40, [("success", "any", None, "MetricAlarms")]),
        "composite_alarm_exists": ("DescribeAlarms", 5, 40, [("success", "any", None, "CompositeAlarms")]),
    },
}


class Paginator:
    def __init__(self, client, operation):
        self._client = client
        self._operation = operation

    def paginate(self, PaginationConfig=None, **parameters):
        return PageIterator(self._client, self._operation, parameters, PaginationConfig or {})


class PageIterator:
    def __init__(self, client, operation, parameters, config):
        self._client, self._operation, self._parameters = client, operation, parameters
        self._token, self._next_token, self._limit, self.result_keys = PAGES[client._service][operation]
        self._items_max = config.get("MaxItems")
        self._start = config.get("StartingToken")
        if config.get("PageSize") is not None:
            if self._limit is None:
                raise PaginationError(message="PageSize parameter is not supported for the pagination interface.")
            self._parameters = {**parameters, self._limit: int(config["PageSize"])}
        # Where to go on, once `MaxItems` has cut the pages short.
        self.resume_token = None

    def __iter__(self):
        parameters, skipped, told = dict(self._parameters), 0, 0
        main = self.result_keys[0]
        if self._start is not None:
            token, skipped = decode_token(self._start)
            if token is not None:
                parameters[self._token] = token
        while True:
            page = self._client._make_api_call(self._operation, parameters)
            current, begun = parameters.get(self._token), skipped
            if skipped:
                page[main] = page.get(main, [])[skipped:]
                skipped = 0
            count = len(page.get(main, ()))
            following = page.get(self._next_token)
            if self._items_max is not None and told + count >= int(self._items_max):
                room = int(self._items_max) - told
                if room < count:
                    page[main] = page[main][:room]
                    self.resume_token = encode_token(current, begun + room)
                elif following:
                    self.resume_token = encode_token(following, 0)
                yield page
                return
            told += count
            yield page
            if not following:
                return
            if following == parameters.get(self._token):
                text = "The same next token was received twice: %s" % {self._next_token: following}
                raise PaginationError(message=text)
            parameters[self._token] = following

    def build_full_result(self):
        result = {}
        for page in self:
            for key in self.result_keys:
                if key in page or key == self.result_keys[0]:
                    result.setdefault(key, []).extend(page.get(key, ()))
            for key in ("Count", "ScannedCount"):
                if key in page:
                    result[key] = result.get(key, 0) + page[key]
        if self.resume_token is not None:
            result["NextToken"] = self.resume_token
        return result

    def search(self, expression):
        """What `expression` finds on each page: names with dots between them, `[]` for the elements of a list."""
        for page in self:
            found = look_up(page, expression)
            yield from found if isinstance(found, list) else [] if found is None else [found]


def look_up(value, path):
    for part in path.split("."):
        name = part[:-2] if part.endswith("[]") else part
        if not name.isidentifier():
            raise ValueError("the expression %r is beyond what is simulated: names, dots and []" % path)
        if isinstance(value, list):
            value = [member[name] for member in value if isinstance(member, dict) and member.get(name) is not None]
        elif isinstance(value, dict):
            value = value.get(name)
        else:
            return None
        if part.endswith("[]") and isinstance(value, list):
            value = [inner for member in value for inner in (member if isinstance(member, list) else [member])]
    return value


def encode_token(token, skipped):
    return b64encode(dumps([token, skipped], default=str).encode()).decode()


def decode_token(text):
    try:
        token, skipped = loads(b64decode(text))
        return token, int(skipped)
    except ValueError:
        # A token of the service itself.
        return text, 0


class Waiter:
    def __init__(self, client, name):
        self.name = name
        self._client = client
        self._row = WAITERS[client._service][name]

    def wait(self, WaiterConfig=None, **parameters):
        operation, delay, attempts, acceptors = self._row
        config = WaiterConfig or {}
        delay, attempts = config.get("Delay", delay), config.get("MaxAttempts", attempts)
        class_name = "".join(part.capitalize() for part in self.name.split("_"))
        attempt = 0
        while True:
            error = None
            try:
                response = self._client._make_api_call(operation, parameters)
            except ClientError as raised:
                error, response = raised, raised.response
            state = next((state for state, *acceptor in acceptors if fits(acceptor, response, error)), None)
            if state == "success":
                return
            if state == "failure":
                reason = "Waiter encountered a terminal failure state"
                raise WaiterError(name=class_name, reason=reason, last_response=response)
            if state is None and error is not None:
                reason = "An error occurred (%s): %s" % (response["Error"]["Code"], response["Error"]["Message"])
                raise WaiterError(name=class_name, reason=reason, last_response=response)
            attempt += 1
            if attempt >= attempts:
                raise WaiterError(name=class_name, reason="Max attempts exceeded", last_response=response)
            time.sleep(delay)


def fits(acceptor, response, error):
    kind, expected, path = acceptor
    if kind == "error":
        return error is not None and response["Error"]["Code"] == expected
    if error is not None:
        return False
    if kind == "status":
        return response["ResponseMetadata"]["HTTPStatusCode"] == expected
    value = look_up(response, path)
    return bool(value) if kind == "any" else value == expected
