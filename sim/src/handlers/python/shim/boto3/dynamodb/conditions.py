"""Conditions written as Python expressions, and their text with placeholders: `Attr("a").eq(1)` is `#n0 = :v0`."""

import re
from collections import namedtuple

from boto3.exceptions import (
    DynamoDBNeedsConditionError, DynamoDBNeedsKeyConditionError, DynamoDBOperationNotSupportedError,
)

# The names of a document path, without dots and list indices.
PATH_NAME = re.compile(r"[^.\[\]]+(?![^\[]*\])")

BuiltConditionExpression = namedtuple(
    "BuiltConditionExpression",
    ["condition_expression", "attribute_name_placeholders", "attribute_value_placeholders"],
)


class ConditionBase:
    expression_format = ""
    expression_operator = ""
    has_grouped_values = False

    def __init__(self, *values):
        self._values = values

    def __and__(self, other):
        if not isinstance(other, ConditionBase):
            raise DynamoDBOperationNotSupportedError("AND", other)
        return And(self, other)

    def __or__(self, other):
        if not isinstance(other, ConditionBase):
            raise DynamoDBOperationNotSupportedError("OR", other)
        return Or(self, other)

    def __invert__(self):
        return Not(self)

    def get_expression(self):
        return {"format": self.expression_format, "operator": self.expression_operator, "values": self._values}

    def __eq__(self, other):
        return isinstance(other, type(self)) and self._values == other._values

    def __ne__(self, other):
        return not self == other

    __hash__ = None


class AttributeBase:
    def __init__(self, name):
        self.name = name

    def __and__(self, value):
        raise DynamoDBOperationNotSupportedError("AND", self)

    def __or__(self, value):
        raise DynamoDBOperationNotSupportedError("OR", self)

    def __invert__(self):
        raise DynamoDBOperationNotSupportedError("NOT", self)

    def eq(self, value):
        return Equals(self, value)

    def lt(self, value):
        return LessThan(self, value)

    def lte(self, value):
        return LessThanEquals(self, value)

    def gt(self, value):
        return GreaterThan(self, value)

    def gte(self, value):
        return GreaterThanEquals(self, value)

    def begins_with(self, value):
        return BeginsWith(self, value)

    def between(self, low_value, high_value):
        return Between(self, low_value, high_value)

    def __eq__(self, other):
        return isinstance(other, type(self)) and self.name == other.name

    def __ne__(self, other):
        return not self == other

    __hash__ = None


class Key(AttributeBase):
    pass


class Attr(AttributeBase):
    def ne(self, value):
        return NotEquals(self, value)

    def is_in(self, value):
        return In(self, value)

    def exists(self):
        return AttributeExists(self)

    def not_exists(self):
        return AttributeNotExists(self)

    def contains(self, value):
        return Contains(self, value)

    def size(self):
        return Size(self)

    def attribute_type(self, value):
        return AttributeType(self, value)


COMPARISON, CALL, CALL_ONE, JUNCTION = "{0} {operator} {1}", "{operator}({0}, {1})", "{operator}({0})", "({0} {operator} {1})"


def _condition(name, operator, format, grouped=False, bases=(ConditionBase,)):
    members = {"expression_operator": operator, "expression_format": format, "has_grouped_values": grouped}
    return type(name, bases, {**members, "__module__": __name__})


Equals = _condition("Equals", "=", COMPARISON)
NotEquals = _condition("NotEquals", "<>", COMPARISON)
LessThan = _condition("LessThan", "<", COMPARISON)
LessThanEquals = _condition("LessThanEquals", "<=", COMPARISON)
GreaterThan = _condition("GreaterThan", ">", COMPARISON)
GreaterThanEquals = _condition("GreaterThanEquals", ">=", COMPARISON)
In = _condition("In", "IN", COMPARISON, grouped=True)
Between = _condition("Between", "BETWEEN", "{0} {operator} {1} AND {2}")
BeginsWith = _condition("BeginsWith", "begins_with", CALL)
Contains = _condition("Contains", "contains", CALL)
AttributeType = _condition("AttributeType", "attribute_type", CALL)
AttributeExists = _condition("AttributeExists", "attribute_exists", CALL_ONE)
AttributeNotExists = _condition("AttributeNotExists", "attribute_not_exists", CALL_ONE)
And = _condition("And", "AND", JUNCTION)
Or = _condition("Or", "OR", JUNCTION)
Not = _condition("Not", "NOT", "({operator} {0})")


class ConditionAttributeBase(ConditionBase, AttributeBase):
    def __init__(self, *values):
        ConditionBase.__init__(self, *values)
        AttributeBase.__init__(self, values[0].name)


Size = _condition("Size", "size", CALL_ONE, bases=(ConditionAttributeBase,))


class ConditionExpressionBuilder:
    def __init__(self):
        self.reset()

    def reset(self):
        self._name_count = 0
        self._value_count = 0

    def build_expression(self, condition, is_key_condition=False):
        if not isinstance(condition, ConditionBase):
            raise DynamoDBNeedsConditionError(condition)
        names, values = {}, {}
        text = self._text(condition, names, values, is_key_condition)
        return BuiltConditionExpression(text, names, values)

    def _text(self, condition, names, values, is_key_condition):
        parts = []
        for value in condition._values:
            if isinstance(value, ConditionBase):
                parts.append(self._text(value, names, values, is_key_condition))
            elif isinstance(value, AttributeBase):
                if is_key_condition and not isinstance(value, Key):
                    raise DynamoDBNeedsKeyConditionError(
                        "Attribute object %s is of type %s. KeyConditionExpression only supports Attribute objects of "
                        "type Key" % (value.name, type(value))
                    )
                parts.append(PATH_NAME.sub(lambda name: self._name(name.group(), names), value.name))
            elif condition.has_grouped_values:
                parts.append("(" + ", ".join([self._value(member, values) for member in value]) + ")")
            else:
                parts.append(self._value(value, values))
        return condition.expression_format.format(*parts, operator=condition.expression_operator)

    def _name(self, name, names):
        placeholder = "#n%d" % self._name_count
        self._name_count += 1
        names[placeholder] = name
        return placeholder

    def _value(self, value, values):
        placeholder = ":v%d" % self._value_count
        self._value_count += 1
        values[placeholder] = value
        return placeholder
