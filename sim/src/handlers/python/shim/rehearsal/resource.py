"""`boto3.resource("dynamodb")`: tables whose items are Python values.

The transformation lives on the resource's client, as in boto3, so `table.meta.client` speaks Python values too.
"""

from boto3.dynamodb.conditions import ConditionBase, ConditionExpressionBuilder
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from rehearsal import models
from rehearsal.client import make_client

ATTRIBUTE_MAPS = {"Item", "Key", "ExclusiveStartKey", "ExpressionAttributeValues"}
CONDITIONS = {"ConditionExpression", "FilterExpression"}
# Parameters from before expressions: name -> {"Value": …, "AttributeValueList": […]}.
LEGACY_MAPS = {"Expected", "AttributeUpdates", "KeyConditions", "QueryFilter", "ScanFilter"}
BATCH_WRITE_ITEMS_MAX = 25

_serialize = TypeSerializer().serialize
_deserialize = TypeDeserializer().deserialize


class Transform:
    """Between Python values and DynamoDB's attribute values, wherever a request or response holds some."""

    @staticmethod
    def request(operation, parameters):
        if operation in ("BatchGetItem", "BatchWriteItem"):
            changed = dict(parameters)
            if isinstance(parameters.get("RequestItems"), dict):
                tables = parameters["RequestItems"]
                changed["RequestItems"] = {table: batch_request(entry) for table, entry in tables.items()}
            return changed
        if operation in ("TransactWriteItems", "TransactGetItems"):
            changed = dict(parameters)
            builder = ConditionExpressionBuilder()
            if isinstance(parameters.get("TransactItems"), (list, tuple)):
                actions = parameters["TransactItems"]
                changed["TransactItems"] = [
                    {kind: request(fields, builder) for kind, fields in action.items()} for action in actions
                ]
            return changed
        return request(parameters, ConditionExpressionBuilder())

    @staticmethod
    def response(response):
        for name in ("Item", "Attributes", "LastEvaluatedKey"):
            if name in response:
                response[name] = values(response[name])
        if "Items" in response:
            response["Items"] = [values(item) for item in response["Items"]]
        responses = response.get("Responses")
        if isinstance(responses, dict):
            for table, items in responses.items():
                responses[table] = [values(item) for item in items]
        elif isinstance(responses, list):
            for entry in responses:
                if "Item" in entry:
                    entry["Item"] = values(entry["Item"])
        for entry in (response.get("UnprocessedKeys") or {}).values():
            entry["Keys"] = [values(key) for key in entry.get("Keys", ())]
        for entries in (response.get("UnprocessedItems") or {}).values():
            for entry in entries:
                for action, field in (("PutRequest", "Item"), ("DeleteRequest", "Key")):
                    if action in entry:
                        entry[action][field] = values(entry[action][field])


def request(parameters, builder):
    if not isinstance(parameters, dict):
        return parameters
    changed, names, placeholders = {}, {}, {}
    for name, value in parameters.items():
        if isinstance(value, ConditionBase) and (name in CONDITIONS or name == "KeyConditionExpression"):
            value, new_names, new_values = builder.build_expression(value, name == "KeyConditionExpression")
            names.update(new_names)
            placeholders.update(new_values)
        changed[name] = value
    if names:
        changed["ExpressionAttributeNames"] = {**changed.get("ExpressionAttributeNames", {}), **names}
    if placeholders:
        changed["ExpressionAttributeValues"] = {**changed.get("ExpressionAttributeValues", {}), **placeholders}
    for name, value in changed.items():
        if isinstance(value, dict):
            if name in ATTRIBUTE_MAPS:
                changed[name] = {key: _serialize(member) for key, member in value.items()}
            elif name in LEGACY_MAPS:
                changed[name] = {key: legacy(member) for key, member in value.items()}
    return changed


def legacy(condition):
    changed = dict(condition)
    if "Value" in changed:
        changed["Value"] = _serialize(changed["Value"])
    if "AttributeValueList" in changed:
        changed["AttributeValueList"] = [_serialize(value) for value in changed["AttributeValueList"]]
    return changed


def batch_request(entry):
    if isinstance(entry, dict):
        keys = [{name: _serialize(value) for name, value in key.items()} for key in entry.get("Keys", ())]
        return {**entry, "Keys": keys}
    return [
        {
            action: {
                field: {name: _serialize(value) for name, value in item.items()} for field, item in fields.items()
            }
            for action, fields in write.items()
        }
        for write in entry
    ]


def values(item):
    return {name: _deserialize(value) for name, value in item.items()}


class ResourceMeta:
    def __init__(self, client, identifiers=()):
        self.client = client
        self.service_name = client.meta.service_name
        self.identifiers = list(identifiers)
        self.data = None


class DynamoDB:
    """The service resource."""

    def __init__(self, region, config=None):
        self.meta = ResourceMeta(make_client("dynamodb", region, config, Transform))

    def Table(self, name):
        if name is None:
            raise ValueError("Required parameter name not set")
        return Table(name, self.meta.client)

    @property
    def tables(self):
        return Tables(self.meta.client)

    def get_available_subresources(self):
        return ["Table"]

    def batch_get_item(self, **parameters):
        return self.meta.client.batch_get_item(**parameters)

    def batch_write_item(self, **parameters):
        return self.meta.client.batch_write_item(**parameters)

    def __repr__(self):
        return "dynamodb.ServiceResource()"


class Tables:
    """The collection of all tables: each call makes a new one, and nothing is asked before it is iterated over."""

    def __init__(self, client, limit=None, page_size=None):
        self._client, self._limit, self._page_size = client, limit, page_size

    def all(self):
        return Tables(self._client, self._limit, self._page_size)

    def filter(self, **parameters):
        return self.all()

    def limit(self, count):
        return Tables(self._client, count, self._page_size)

    def page_size(self, count):
        return Tables(self._client, self._limit, count)

    def pages(self):
        config = {"MaxItems": self._limit, "PageSize": self._page_size}
        for page in self._client.get_paginator("list_tables").paginate(PaginationConfig=config):
            yield [Table(name, self._client) for name in page["TableNames"]]

    def __iter__(self):
        for page in self.pages():
            yield from page


class Table:
    def __init__(self, name, client):
        self.name = self.table_name = name
        self.meta = ResourceMeta(client, ["name"])

    def batch_writer(self, overwrite_by_pkeys=None):
        return BatchWriter(self.name, self.meta.client, overwrite_by_pkeys)

    def load(self):
        self.meta.data = self.meta.client.describe_table(TableName=self.name).get("Table", {})

    reload = load

    def wait_until_exists(self, **settings):
        self.meta.client.get_waiter("table_exists").wait(TableName=self.name, **settings)

    def wait_until_not_exists(self, **settings):
        self.meta.client.get_waiter("table_not_exists").wait(TableName=self.name, **settings)

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name in ("key_schema", "item_count", "table_status", "table_arn", "table_size_bytes", "creation_date_time",
                    "attribute_definitions", "global_secondary_indexes", "local_secondary_indexes", "latest_stream_arn",
                    "stream_specification", "provisioned_throughput", "table_id"):
            if self.meta.data is None:
                self.load()
            return self.meta.data.get("".join(part.capitalize() for part in name.split("_")))
        raise AttributeError("'dynamodb.Table' object has no attribute '%s'" % name)

    def __eq__(self, other):
        return isinstance(other, Table) and other.name == self.name

    def __hash__(self):
        return hash(self.name)

    def __repr__(self):
        return "dynamodb.Table(name=%r)" % self.name


def table_operation(method):
    operation = models.operation_name("dynamodb", method)

    def call(self, *args, **parameters):
        if args:
            raise TypeError("%s() only accepts keyword arguments." % method)
        parameters["TableName"] = self.name
        return self.meta.client._make_api_call(operation, parameters)

    call.__name__ = method
    return call


for _method in ("put_item", "get_item", "update_item", "delete_item", "query", "scan"):
    setattr(Table, _method, table_operation(_method))
Table.delete = lambda self: self.meta.client.delete_table(TableName=self.name)


class BatchWriter:
    """Collects puts and deletes, sends them twenty-five at a time, and sends again what came back unprocessed."""

    def __init__(self, table, client, overwrite_by_pkeys):
        self._table = table
        self._client = client
        self._keys = overwrite_by_pkeys
        self._waiting = []

    def put_item(self, Item):
        self._add({"PutRequest": {"Item": Item}}, Item)

    def delete_item(self, Key):
        self._add({"DeleteRequest": {"Key": Key}}, Key)

    def _add(self, write, fields):
        if self._keys:
            key = [fields[name] for name in self._keys]
            self._waiting = [other for other in self._waiting if self._key_of(other) != key]
        self._waiting.append(write)
        if len(self._waiting) >= BATCH_WRITE_ITEMS_MAX:
            self._flush()

    def _key_of(self, write):
        fields = write["PutRequest"]["Item"] if "PutRequest" in write else write["DeleteRequest"]["Key"]
        return [fields[name] for name in self._keys]

    def _flush(self):
        batch = self._waiting[:BATCH_WRITE_ITEMS_MAX]
        self._waiting = self._waiting[BATCH_WRITE_ITEMS_MAX:]
        response = self._client.batch_write_item(RequestItems={self._table: batch})
        self._waiting.extend((response.get("UnprocessedItems") or {}).get(self._table, ()))

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        while self._waiting:
            self._flush()
