"""Python values as DynamoDB attribute values and back, with boto3's rules for numbers: ints and Decimals, never floats."""

from _collections_abc import Mapping, Set
from decimal import Clamped, Context, Decimal, Inexact, Overflow, Rounded, Underflow

STRING, NUMBER, BINARY, STRING_SET, NUMBER_SET, BINARY_SET = "S", "N", "B", "SS", "NS", "BS"
NULL, BOOLEAN, MAP, LIST = "NULL", "BOOL", "M", "L"

# AWS: 38 significant digits, and an exponent that fits; anything that would be rounded is an error.
DYNAMODB_CONTEXT = Context(Emin=-128, Emax=126, prec=38, traps=[Clamped, Overflow, Inexact, Rounded, Underflow])
BINARY_TYPES = (bytearray, bytes)


class Binary:
    """Bytes of an item, told apart from text."""

    def __init__(self, value):
        if not isinstance(value, BINARY_TYPES):
            types = ", ".join(str(kind) for kind in BINARY_TYPES)
            raise TypeError("Value must be of the following types: %s." % types)
        self.value = value

    def __eq__(self, other):
        return self.value == (other.value if isinstance(other, Binary) else other)

    def __ne__(self, other):
        return not self == other

    def __repr__(self):
        return "Binary(%r)" % self.value

    def __str__(self):
        return self.value

    def __bytes__(self):
        return self.value

    def __hash__(self):
        return hash(self.value)


class TypeSerializer:
    def serialize(self, value):
        if isinstance(value, str):
            return {STRING: value}
        if value is None:
            return {NULL: True}
        if isinstance(value, bool):
            return {BOOLEAN: value}
        if is_number(value):
            return {NUMBER: number_text(value)}
        if isinstance(value, dict):
            return {MAP: {key: self.serialize(member) for key, member in value.items()}}
        if isinstance(value, (list, tuple)):
            return {LIST: [self.serialize(member) for member in value]}
        if is_binary(value):
            return {BINARY: raw_bytes(value)}
        if isinstance(value, Set):
            # Sets are unordered; sorted, a request does not depend on how they were built.
            if all([is_number(member) for member in value]):
                return {NUMBER_SET: [number_text(member) for member in sorted(value)]}
            if all([isinstance(member, str) for member in value]):
                return {STRING_SET: sorted(value)}
            if all([is_binary(member) for member in value]):
                return {BINARY_SET: sorted(bytes(raw_bytes(member)) for member in value)}
        if isinstance(value, Mapping):
            return {MAP: {key: self.serialize(member) for key, member in value.items()}}
        raise TypeError('Unsupported type "%s" for value "%s"' % (type(value), value))


class TypeDeserializer:
    def deserialize(self, value):
        if not value:
            raise TypeError("Value must be a nonempty dictionary whose key is a valid dynamodb type.")
        ((kind, content),) = list(value.items())[:1]
        if kind == STRING or kind == BOOLEAN:
            return content
        if kind == NUMBER:
            return DYNAMODB_CONTEXT.create_decimal(content)
        if kind == MAP:
            return {key: self.deserialize(member) for key, member in content.items()}
        if kind == LIST:
            return [self.deserialize(member) for member in content]
        if kind == NULL:
            return None
        if kind == STRING_SET:
            return set(content)
        if kind == NUMBER_SET:
            return {DYNAMODB_CONTEXT.create_decimal(member) for member in content}
        if kind == BINARY:
            return Binary(content)
        if kind == BINARY_SET:
            return {Binary(member) for member in content}
        raise TypeError("Dynamodb type %s is not supported" % kind)


def is_number(value):
    if isinstance(value, (int, Decimal)):
        return True
    if isinstance(value, float):
        raise TypeError("Float types are not supported. Use Decimal types instead.")
    return False


def is_binary(value):
    return isinstance(value, (Binary, bytearray, bytes))


def number_text(value):
    text = str(DYNAMODB_CONTEXT.create_decimal(value))
    if text in ("Infinity", "NaN"):
        raise TypeError("Infinity and NaN not supported")
    return text


def raw_bytes(value):
    return value.value if isinstance(value, Binary) else value
