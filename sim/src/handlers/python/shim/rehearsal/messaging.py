"""`boto3.resource("sqs")` and `boto3.resource("sns")`: queues, messages and topics as objects."""

from rehearsal import models
from rehearsal.client import make_client
from rehearsal.resource import ResourceMeta


def action(service, method, identifiers):
    """A method that calls the operation of its name with the resource's own identifiers."""
    operation = models.operation_name(service, method)

    def call(self, *args, **parameters):
        if args:
            raise TypeError("%s() only accepts keyword arguments." % method)
        for parameter, attribute in identifiers:
            parameters[parameter] = getattr(self, attribute)
        return self.meta.client._make_api_call(operation, parameters)

    call.__name__ = method
    return call


class SQS:
    """The service resource."""

    def __init__(self, region, config=None):
        self.meta = ResourceMeta(make_client("sqs", region, config))

    def Queue(self, url):
        if url is None:
            raise ValueError("Required parameter url not set")
        return Queue(url, self.meta.client)

    def Message(self, queue_url, receipt_handle):
        return Message(queue_url, receipt_handle, self.meta.client)

    def get_queue_by_name(self, **parameters):
        return Queue(self.meta.client.get_queue_url(**parameters)["QueueUrl"], self.meta.client)

    def __repr__(self):
        return "sqs.ServiceResource()"


class Queue:
    def __init__(self, url, client):
        self.url = url
        self.meta = ResourceMeta(client, ["url"])

    @property
    def attributes(self):
        if self.meta.data is None:
            self.load()
        return self.meta.data.get("Attributes")

    def load(self):
        self.meta.data = self.meta.client.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])

    reload = load

    def receive_messages(self, **parameters):
        response = self.meta.client.receive_message(QueueUrl=self.url, **parameters)
        found = response.get("Messages", [])
        return [Message(self.url, data["ReceiptHandle"], self.meta.client, data) for data in found]

    def Message(self, receipt_handle):
        return Message(self.url, receipt_handle, self.meta.client)

    def __eq__(self, other):
        return isinstance(other, Queue) and other.url == self.url

    def __hash__(self):
        return hash(self.url)

    def __repr__(self):
        return "sqs.Queue(url=%r)" % self.url


for _method in ("send_message", "delete_message_batch", "change_message_visibility_batch", "purge"):
    _operation = "purge_queue" if _method == "purge" else _method
    setattr(Queue, _method, action("sqs", _operation, [("QueueUrl", "url")]))
Queue.send_messages = action("sqs", "send_message_batch", [("QueueUrl", "url")])
Queue.delete_messages = Queue.delete_message_batch
del Queue.delete_message_batch


class Message:
    MEMBERS = {
        "message_id": "MessageId", "body": "Body", "attributes": "Attributes", "md5_of_body": "MD5OfBody",
        "message_attributes": "MessageAttributes", "md5_of_message_attributes": "MD5OfMessageAttributes",
    }

    def __init__(self, queue_url, receipt_handle, client, data=None):
        self.queue_url = queue_url
        self.receipt_handle = receipt_handle
        self.meta = ResourceMeta(client, ["queue_url", "receipt_handle"])
        self.meta.data = data

    def Queue(self):
        return Queue(self.queue_url, self.meta.client)

    def __getattr__(self, name):
        member = Message.MEMBERS.get(name)
        if member is None:
            raise AttributeError("'sqs.Message' object has no attribute '%s'" % name)
        return None if self.meta.data is None else self.meta.data.get(member)

    def __repr__(self):
        return "sqs.Message(queue_url=%r, receipt_handle=%r)" % (self.queue_url, self.receipt_handle)


MESSAGE = [("QueueUrl", "queue_url"), ("ReceiptHandle", "receipt_handle")]
Message.delete = action("sqs", "delete_message", MESSAGE)
Message.change_visibility = action("sqs", "change_message_visibility", MESSAGE)


class SNS:
    """The service resource."""

    def __init__(self, region, config=None):
        self.meta = ResourceMeta(make_client("sns", region, config))

    def Topic(self, arn):
        if arn is None:
            raise ValueError("Required parameter arn not set")
        return Topic(arn, self.meta.client)

    def __repr__(self):
        return "sns.ServiceResource()"


class Topic:
    def __init__(self, arn, client):
        self.arn = arn
        self.meta = ResourceMeta(client, ["arn"])

    def __eq__(self, other):
        return isinstance(other, Topic) and other.arn == self.arn

    def __hash__(self):
        return hash(self.arn)

    def __repr__(self):
        return "sns.Topic(arn=%r)" % self.arn


Topic.publish = action("sns", "publish", [("TopicArn", "arn")])
Topic.publish_batch = action("sns", "publish_batch", [("TopicArn", "arn")])
