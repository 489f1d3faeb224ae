"""Service clients: a method call becomes one step, its answer a response dict or a botocore exception.

Parameters pass through as they are, but for values that JSON has no word for: bytes become base64 text, datetimes epoch
seconds. A Lambda `Payload` is text in both directions.
"""

from base64 import b64decode, b64encode
from json import dumps, loads

from botocore.config import Config, patience
from botocore.exceptions import (
    ClientError, OperationNotPageableError, ParamValidationError, ReadTimeoutError, UnknownClientMethodError,
    make_exceptions,
)
from botocore.response import StreamingBody
from rehearsal import kernel, models, pages


class Meta:
    def __init__(self, client, region, config):
        self.client = client
        self.region_name = region
        self.config = config
        self.service_model = self
        self.service_name = client._service
        self.endpoint_url = "https://%s.%s.amazonaws.com" % (client._service, region)


class BaseClient:
    """Base of the clients of all services; operations are made on first use."""

    _service = ""
    # Turns Python values into attribute values and back, for the client of a DynamoDB resource.
    _transform = None

    def __init__(self, region, config=None):
        self.meta = Meta(self, region, config or Config())
        self._patience = patience(config)

    @property
    def exceptions(self):
        return make_exceptions(self._service)

    def __getattr__(self, name):
        operation = models.operation_name(self._service, name)
        if operation is None:
            raise AttributeError("'%s' object has no attribute '%s'" % (type(self).__name__, name))

        def call(*args, **kwargs):
            if args:
                raise TypeError("%s() only accepts keyword arguments." % name)
            return self._make_api_call(operation, kwargs)

        call.__name__ = call.__qualname__ = name
        self.__dict__[name] = call
        return call

    def _make_api_call(self, operation, parameters):
        transform = self._transform
        if transform is not None:
            parameters = transform.request(operation, parameters)
        model = models.parameters(self._service, operation)
        if model is not None:
            report = models.validate(model, parameters, transform is not None)
            if report:
                raise ParamValidationError(report="\n".join(report))
        if operation == "Invoke" and "Payload" in parameters:
            parameters = {**parameters, "Payload": as_text(parameters["Payload"])}
        elif operation == "PutObject" and "Body" in parameters:
            parameters = {**parameters, "Body": as_text(parameters["Body"])}
        response = call_world(self._service, operation, parameters, self._patience)
        if transform is not None:
            transform.response(response)
        return response

    def generate_presigned_url(self, ClientMethod, Params=None, ExpiresIn=3600, HttpMethod=None):
        operation = models.operation_name(self._service, ClientMethod)
        if operation is None:
            raise UnknownClientMethodError(method_name=ClientMethod)
        parameters = dict(Params or {})
        place = "%s/%s" % (parameters.pop("Bucket", ""), parameters.pop("Key", ""))
        query = "&".join("%s=%s" % (name, parameters[name]) for name in sorted(parameters))
        expiry = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Expires=%d&X-Amz-Signature=rehearsal" % ExpiresIn
        return "%s/%s?%s" % (self.meta.endpoint_url, place.strip("/"), "&".join(filter(None, (query, expiry))))

    def can_paginate(self, name):
        return models.operation_name(self._service, name) in pages.PAGES.get(self._service, ())

    def get_paginator(self, name):
        operation = models.operation_name(self._service, name)
        if operation not in pages.PAGES.get(self._service, ()):
            raise OperationNotPageableError(operation_name=name)
        return pages.Paginator(self, operation)

    @property
    def waiter_names(self):
        return sorted(pages.WAITERS.get(self._service, ()))

    def get_waiter(self, waiter_name):
        if waiter_name not in pages.WAITERS.get(self._service, ()):
            raise ValueError("Waiter does not exist: %s" % waiter_name)
        return pages.Waiter(self, waiter_name)

    def close(self):
        pass


_classes = {}


def make_client(service, region, config=None, transform=None):
    cls = _classes.get(service)
    if cls is None:
        cls = _classes[service] = type(models.class_name(service), (BaseClient,), {"_service": service})
        cls.__module__ = "botocore.client"
    client = cls(region, config)
    client._transform = transform
    return client


def caller_identity():
    """Who the running function or script is: the account of its ARN."""
    invocation = kernel.current
    account = invocation.arn.split(":")[4] if invocation.arn.count(":") > 4 else ""
    session = invocation.function.name
    return {
        "UserId": "AROAREHEARSAL00000000:%s" % session,
        "Account": account,
        "Arn": "arn:aws:sts::%s:assumed-role/%s/%s" % (account, "rehearsal", session),
        "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {}, "RetryAttempts": 0},
    }


def call_world(service, operation, parameters, patience):
    if service == "sts" and operation == "GetCallerIdentity":
        return caller_identity()
    text = _encode([service, operation, parameters, *patience])
    if "\\ud" in text:
        # A lone surrogate has no UTF-8; botocore stumbles over it in the same way.
        dumps(loads(text), ensure_ascii=False).encode("utf-8")
    invocation = kernel.current
    kind, answer = kernel.step(kernel.CALL, text)
    invocation.calls += 1
    metadata = {
        "RequestId": "%s%012x" % (invocation.request_id[:24], invocation.calls),
        "HTTPStatusCode": 200,
        "HTTPHeaders": {},
        "RetryAttempts": 0,
    }
    if kind != kernel.RESPONSE:
        raise make_error(service, operation, answer, metadata)
    response = kernel.decode(answer)
    if not isinstance(response, dict):
        response = {}
    shape = _shapes.get(service)
    if shape is not None:
        shape(response, answer, operation)
    response["ResponseMetadata"] = metadata
    return response


def make_error(service, operation, answer, metadata):
    code, message, status, details = kernel.decode(answer)
    if status == 0:
        # No answer came, so botocore has no response to make a ClientError of.
        return ReadTimeoutError(endpoint_url="https://%s.amazonaws.com/" % service)
    metadata["HTTPStatusCode"] = status
    response = {"Error": {"Message": message, "Code": code}, "ResponseMetadata": metadata, "message": message}
    if isinstance(details, dict):
        if service == "dynamodb":
            decode_binaries(details, answer)
        response.update(details)
    return make_exceptions(service).from_code(code)(response, operation)


def wire(value):
    """What JSON has no word for."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return b64encode(bytes(value)).decode()
    if hasattr(value, "value") and type(value).__name__ == "Binary":
        return b64encode(bytes(value.value)).decode()
    if hasattr(value, "timestamp"):
        seconds = value.timestamp()
        return int(seconds) if seconds == int(seconds) else seconds
    if hasattr(value, "read"):
        data = value.read()
        return data if isinstance(data, str) else b64encode(data).decode()
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    if type(value).__name__ == "Decimal":
        return int(value) if value == int(value) else float(value)
    raise TypeError("Object of type %s is not JSON serializable" % type(value).__name__)


_encode = kernel.make_encoder(wire)


def as_text(payload):
    if hasattr(payload, "read"):
        payload = payload.read()
    return payload if isinstance(payload, str) else bytes(payload).decode("utf-8", "replace")


def decode_binaries(value, answer):
    """Turns the base64 text of attribute values `B` and `BS` into bytes, below `value`."""
    if '"B":' not in answer and '"BS":' not in answer:
        return
    pending = [value]
    while pending:
        value = pending.pop()
        if isinstance(value, list):
            pending.extend(value)
        elif isinstance(value, dict):
            if len(value) == 1:
                if isinstance(value.get("B"), str):
                    value["B"] = b64decode(value["B"])
                elif isinstance(value.get("BS"), list):
                    value["BS"] = [b64decode(text) for text in value["BS"]]
            pending.extend(value.values())


def shape_dynamodb(response, answer, operation):
    if operation == "DescribeTable":
        restore_dates(response)
    decode_binaries(response, answer)


def shape_lambda(response, answer, operation):
    if operation == "Invoke":
        payload = response.get("Payload")
        if not isinstance(payload, str):
            payload = "" if payload is None else dumps(payload, separators=(",", ":"))
        response["Payload"] = StreamingBody(payload.encode())


def shape_sqs(response, answer, operation):
    if '"BinaryValue"' in answer:
        for message in response.get("Messages", ()):
            for attribute in message.get("MessageAttributes", {}).values():
                if "BinaryValue" in attribute:
                    attribute["BinaryValue"] = b64decode(attribute["BinaryValue"])


def shape_stepfunctions(response, answer, operation):
    if "Date" in answer or '"timestamp"' in answer:
        restore_dates(response)


def shape_s3(response, answer, operation):
    body = response.pop("Body", None)
    restore_dates(response)
    if body is not None:
        response["Body"] = StreamingBody(body.encode())


def restore_dates(value):
    from datetime import datetime, timezone

    pending = [value]
    while pending:
        value = pending.pop()
        members = value.items() if isinstance(value, dict) else enumerate(value)
        for key, member in list(members):
            if isinstance(member, (dict, list)):
                pending.append(member)
            elif key in models.DATES and isinstance(member, (int, float)):
                value[key] = datetime.fromtimestamp(member, timezone.utc)


def shape_cloudwatch(response, answer, operation):
    from datetime import datetime, timezone

    def moment(seconds):
        return datetime.fromtimestamp(seconds, timezone.utc)

    for datapoint in response.get("Datapoints", ()):
        datapoint["Timestamp"] = moment(datapoint["Timestamp"])
    for result in response.get("MetricDataResults", ()):
        result["Timestamps"] = [moment(seconds) for seconds in result["Timestamps"]]
    for alarm in response.get("MetricAlarms", []) + response.get("CompositeAlarms", []):
        alarm["StateUpdatedTimestamp"] = moment(alarm["StateUpdatedTimestamp"])


_shapes = {
    "dynamodb": shape_dynamodb, "lambda": shape_lambda, "stepfunctions": shape_stepfunctions, "sqs": shape_sqs,
    "s3": shape_s3, "cloudwatch": shape_cloudwatch,
}
