"""Exceptions of boto3 itself."""


class Boto3Error(Exception):
    """Base of boto3's own errors."""


class ResourceNotExistsError(Boto3Error):
    def __init__(self, service_name):
        super().__init__(
            "The '%s' resource does not exist.\nConsider using a boto3.client('%s') instead of a resource for '%s'"
            % (service_name, service_name, service_name)
        )


class DynamoDBOperationNotSupportedError(Boto3Error):
    def __init__(self, operation, value):
        super().__init__(
            "%s operation cannot be applied to value %s of type %s directly. Must use AttributeBase object methods "
            "(i.e. Attr().eq()). to generate ConditionBase instances first." % (operation, value, type(value))
        )


class DynamoDBNeedsConditionError(Boto3Error):
    def __init__(self, value):
        super().__init__(
            "Expecting a ConditionBase object. Got %s of type %s. Use AttributeBase object methods (i.e. Attr().eq()). "
            "to generate ConditionBase instances." % (value, type(value))
        )


class DynamoDBNeedsKeyConditionError(Boto3Error):
    pass
