"""Botocore's exceptions, and the modeled exceptions of each service (`client.exceptions.X`).

AWS: an error that a service's model names is raised as a class of that name, any other as `ClientError`. Lambda reports
the class as `errorType`, so retriers and catchers in a state machine see the difference.
"""

MODELED = {
    "dynamodb": """BackupInUseException BackupNotFoundException ConditionalCheckFailedException
        ContinuousBackupsUnavailableException DuplicateItemException ExportConflictException ExportNotFoundException
        GlobalTableAlreadyExistsException GlobalTableNotFoundException IdempotentParameterMismatchException
        ImportConflictException ImportNotFoundException IndexNotFoundException InternalServerError
        InvalidEndpointException InvalidExportTimeException InvalidRestoreTimeException
        ItemCollectionSizeLimitExceededException LimitExceededException PointInTimeRecoveryUnavailableException
        PolicyNotFoundException ProvisionedThroughputExceededException ReplicaAlreadyExistsException
        ReplicaNotFoundException ReplicatedWriteConflictException RequestLimitExceeded ResourceInUseException
        ResourceNotFoundException TableAlreadyExistsException TableInUseException TableNotFoundException
        ThrottlingException TransactionCanceledException TransactionConflictException
        TransactionInProgressException""",
    "events": """ConcurrentModificationException IllegalStatusException InternalException
        InvalidEventPatternException InvalidStateException LimitExceededException ManagedRuleException
        OperationDisabledException PolicyLengthExceededException ResourceAlreadyExistsException
        ResourceNotFoundException""",
    "lambda": """CallbackTimeoutException CodeSigningConfigNotFoundException CodeStorageExceededException
        CodeVerificationFailedException EC2AccessDeniedException EC2ThrottledException EC2UnexpectedException
        EFSIOException EFSMountConnectivityException EFSMountFailureException EFSMountTimeoutException
        ENILimitReachedException InvalidCodeSignatureException InvalidParameterValueException
        InvalidRequestContentException InvalidRuntimeException InvalidSecurityGroupIDException
        InvalidSubnetIDException InvalidZipFileException KMSAccessDeniedException KMSDisabledException
        KMSInvalidStateException KMSNotFoundException PolicyLengthExceededException PreconditionFailedException
        ProvisionedConcurrencyConfigNotFoundException RecursiveInvocationException RequestTooLargeException
        ResourceConflictException ResourceInUseException ResourceNotFoundException ResourceNotReadyException
        SerializedRequestEntityTooLargeException ServiceException SnapStartException SnapStartNotReadyException
        SnapStartTimeoutException SubnetIPAddressLimitReachedException TooManyRequestsException
        UnsupportedMediaTypeException""",
    "stepfunctions": """ActivityAlreadyExists ActivityDoesNotExist ActivityLimitExceeded
        ActivityWorkerLimitExceeded ConflictException ExecutionAlreadyExists ExecutionDoesNotExist
        ExecutionLimitExceeded ExecutionNotRedrivable InvalidArn InvalidDefinition InvalidEncryptionConfiguration
        InvalidExecutionInput InvalidLoggingConfiguration InvalidName InvalidOutput InvalidToken
        InvalidTracingConfiguration KmsAccessDeniedException KmsInvalidStateException KmsThrottlingException
        MissingRequiredParameter ResourceNotFound ServiceQuotaExceededException StateMachineAlreadyExists
        StateMachineDeleting StateMachineDoesNotExist StateMachineLimitExceeded StateMachineTypeNotSupported
        TaskDoesNotExist TaskTimedOut TooManyTags ValidationException""",
    "s3": "BucketAlreadyExists BucketAlreadyOwnedByYou InvalidObjectState NoSuchBucket NoSuchKey NoSuchUpload",
    "sqs": """BatchEntryIdsNotDistinct BatchRequestTooLong EmptyBatchRequest InvalidAddress InvalidAttributeName
        InvalidAttributeValue InvalidBatchEntryId InvalidIdFormat InvalidMessageContents InvalidSecurity
        KmsAccessDenied KmsDisabled KmsInvalidKeyUsage KmsInvalidState KmsNotFound KmsOptInRequired KmsThrottled
        MessageNotInflight OverLimit PurgeQueueInProgress QueueDeletedRecently QueueDoesNotExist QueueNameExists
        ReceiptHandleIsInvalid RequestThrottled ResourceNotFoundException TooManyEntriesInBatchRequest
        UnsupportedOperation""",
    "sns": """AuthorizationErrorException BatchEntryIdsNotDistinctException BatchRequestTooLongException
        ConcurrentAccessException EmptyBatchRequestException EndpointDisabledException
        FilterPolicyLimitExceededException InternalErrorException InvalidBatchEntryIdException
        InvalidParameterException InvalidParameterValueException InvalidSecurityException InvalidStateException
        KMSAccessDeniedException KMSDisabledException KMSInvalidStateException KMSNotFoundException
        KMSOptInRequired KMSThrottlingException NotFoundException OptedOutException
        PlatformApplicationDisabledException ReplayLimitExceededException ResourceNotFoundException
        StaleTagException SubscriptionLimitExceededException TagLimitExceededException TagPolicyException
        ThrottledException TooManyEntriesInBatchRequestException TopicLimitExceededException UserErrorException
        ValidationException VerificationException""",
    "cloudwatch": """ConcurrentModificationException ConflictException DashboardInvalidInputError
        DashboardNotFoundError InternalServiceFault InvalidFormatFault InvalidNextToken
        InvalidParameterCombinationException InvalidParameterValueException LimitExceededException
        LimitExceededFault MissingRequiredParameterException ResourceNotFound ResourceNotFoundException""",
}
# Error codes that are spelt otherwise than the class.
CODES = {
    "sqs": {
        "AWS.SimpleQueueService.NonExistentQueue": "QueueDoesNotExist",
        "QueueAlreadyExists": "QueueNameExists",
        "ResourceNotFoundException": "ResourceNotFoundException",
    },
    "sns": {"NotFound": "NotFoundException", "InvalidParameter": "InvalidParameterException",
            "AuthorizationError": "AuthorizationErrorException", "InternalError": "InternalErrorException",
            "EndpointDisabled": "EndpointDisabledException", "Throttled": "ThrottledException",
            "TopicLimitExceeded": "TopicLimitExceededException", "ParameterValueInvalid": "InvalidParameterValueException",
            "TooManyEntriesInBatchRequest": "TooManyEntriesInBatchRequestException",
            "BatchEntryIdsNotDistinct": "BatchEntryIdsNotDistinctException",
            "BatchRequestTooLong": "BatchRequestTooLongException",
            "EmptyBatchRequest": "EmptyBatchRequestException",
            "InvalidBatchEntryId": "InvalidBatchEntryIdException"},
    "cloudwatch": {"InvalidParameterValue": "InvalidParameterValueException", "LimitExceeded": "LimitExceededFault",
                   "MissingParameter": "MissingRequiredParameterException", "InternalServiceError": "InternalServiceFault"},
}
QUEUE_CODE_PREFIX = "AWS.SimpleQueueService."


class BotoCoreError(Exception):
    fmt = "An unspecified error occurred"

    def __init__(self, **kwargs):
        super().__init__(self.fmt.format(**kwargs))
        self.kwargs = kwargs


class ClientError(Exception):
    MSG_TEMPLATE = "An error occurred ({error_code}) when calling the {operation_name} operation{retry_info}: {error_message}"

    def __init__(self, error_response, operation_name):
        error = error_response.get("Error", {})
        metadata = error_response.get("ResponseMetadata", {})
        retries = ""
        if metadata.get("MaxAttemptsReached"):
            retries = " (reached max retries: %s)" % metadata.get("RetryAttempts", 0)
        super().__init__(
            self.MSG_TEMPLATE.format(
                error_code=error.get("Code", "Unknown"),
                error_message=error.get("Message", "Unknown"),
                operation_name=operation_name,
                retry_info=retries,
            )
        )
        self.response = error_response
        self.operation_name = operation_name

    def __reduce__(self):
        return type(self), (self.response, self.operation_name)


class ParamValidationError(BotoCoreError):
    fmt = "Parameter validation failed:\n{report}"


class ValidationError(BotoCoreError):
    fmt = "Invalid value ('{value}') for param {param} of type {type_name} "


class DataNotFoundError(BotoCoreError):
    fmt = "Unable to load data for: {data_path}"


class UnknownServiceError(DataNotFoundError):
    fmt = "Unknown service: '{service_name}'. Valid service names are: {known_service_names}"


class NoCredentialsError(BotoCoreError):
    fmt = "Unable to locate credentials"


class PartialCredentialsError(BotoCoreError):
    fmt = "Partial credentials found in {provider}, missing: {cred_var}"


class NoRegionError(BotoCoreError):
    fmt = "You must specify a region."


class InvalidRetryConfigurationError(BotoCoreError):
    fmt = 'Cannot provide retry configuration for "{retry_config_option}". Valid retry configuration options are: "max_attempts"'


class InvalidMaxRetryAttemptsError(InvalidRetryConfigurationError):
    fmt = 'Value provided to "max_attempts": {provided_max_attempts} must be an integer greater than or equal to {min_value}.'


class InvalidRetryModeError(InvalidRetryConfigurationError):
    fmt = 'Invalid value provided to "mode": "{provided_retry_mode}" must be one of: {valid_modes}'


class UnknownClientMethodError(BotoCoreError):
    fmt = 'Client does not have method: {method_name}'


class OperationNotPageableError(BotoCoreError):
    fmt = "Operation cannot be paginated: {operation_name}"


class PaginationError(BotoCoreError):
    fmt = "Error during pagination: {message}"


class WaiterError(BotoCoreError):
    fmt = "Waiter {name} failed: {reason}"

    def __init__(self, name, reason, last_response):
        super().__init__(name=name, reason=reason)
        self.last_response = last_response


class ProfileNotFound(BotoCoreError):
    fmt = "The config profile ({profile}) could not be found"


class CredentialRetrievalError(BotoCoreError):
    fmt = "Error when retrieving credentials from {provider}: {error_msg}"


class InvalidRegionError(BotoCoreError):
    fmt = "Provided region_name '{region_name}' doesn't match a supported format."


class HTTPClientError(BotoCoreError):
    fmt = "An HTTP Client raised an unhandled exception: {error}"


class ConnectionError(BotoCoreError):
    fmt = "An HTTP Client failed to establish a connection: {error}"


class EndpointConnectionError(ConnectionError):
    fmt = 'Could not connect to the endpoint URL: "{endpoint_url}"'


class ConnectTimeoutError(ConnectionError):
    fmt = 'Connect timeout on endpoint URL: "{endpoint_url}"'


class ReadTimeoutError(HTTPClientError):
    fmt = 'Read timeout on endpoint URL: "{endpoint_url}"'


class ConnectionClosedError(HTTPClientError):
    fmt = 'Connection was closed before we received a valid response from endpoint URL: "{endpoint_url}".'


class ServiceExceptions:
    """`client.exceptions` of one service."""

    ClientError = ClientError

    def __init__(self, service):
        self._service = service
        self._names = MODELED.get(service, "").split()
        self._codes = CODES.get(service, {})

    def from_code(self, code):
        """The class for an error code; `ClientError` where the service's model does not name it."""
        name = self._codes.get(code, code)
        if name not in self._names and name.startswith(QUEUE_CODE_PREFIX):
            name = name[len(QUEUE_CODE_PREFIX):]
        return getattr(self, name) if name in self._names else ClientError

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._names:
            valid = ", ".join(self._names)
            raise AttributeError(
                "%r object has no attribute %s. Valid exceptions are: %s" % (type(self).__name__, name, valid)
            )
        made = type(name, (ClientError,), {"__module__": "botocore.errorfactory"})
        self.__dict__[name] = made
        return made


_exceptions = {}


def make_exceptions(service):
    exceptions = _exceptions.get(service)
    if exceptions is None:
        exceptions = _exceptions[service] = ServiceExceptions(service)
    return exceptions
