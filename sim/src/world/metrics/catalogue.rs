//! The metrics that AWS's services emit, by their names there.

/// A number's place: which metric of which resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measure {
    pub(super) namespace: Namespace,
    pub(super) resource: u32,
    pub(super) metric: u8,
}

/// A metric of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetricSpec {
    /// Its name.
    pub name: &'static str,
    /// Its unit.
    pub unit: &'static str,
}

macro_rules! namespaces {
    ($(
        $(#[$about:meta])*
        $namespace:ident $metric:ident $text:literal, dimensions $dimensions:expr, sets $sets:expr,
        [$($name:ident $unit:literal),+ $(,)?], elsewhere [$($elsewhere:literal),* $(,)?];
    )+) => {
        /// A namespace of AWS.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u8)]
        pub enum Namespace {
            $($(#[$about])* $namespace,)+
        }

        impl Namespace {
            /// Every namespace.
            pub const ALL: &'static [Namespace] = &[$(Namespace::$namespace),+];

            /// Its name.
            pub fn text(self) -> &'static str {
                match self { $(Namespace::$namespace => $text,)+ }
            }

            /// The dimensions of its resources.
            pub fn dimensions(self) -> &'static [&'static str] {
                match self { $(Namespace::$namespace => &$dimensions,)+ }
            }

            /// The sets of dimensions that its metrics are emitted with.
            pub fn dimension_sets(self) -> &'static [&'static [&'static str]] {
                match self { $(Namespace::$namespace => &$sets,)+ }
            }

            /// The metrics that this simulation emits.
            pub fn metrics(self) -> &'static [MetricSpec] {
                match self {
                    $(Namespace::$namespace => &[$(MetricSpec { name: stringify!($name), unit: $unit }),+],)+
                }
            }

            /// The metrics that AWS emits and this simulation does not.
            pub fn not_simulated(self) -> &'static [&'static str] {
                match self { $(Namespace::$namespace => &[$($elsewhere),*],)+ }
            }
        }

        $(
            $(#[$about])*
            #[allow(missing_docs, reason = "the names are AWS's")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            #[repr(u8)]
            pub enum $metric { $($name),+ }

            impl $metric {
                /// This metric of the resource with this index.
                #[inline]
                pub fn of(self, resource: u32) -> Measure {
                    Measure { namespace: Namespace::$namespace, resource, metric: self as u8 }
                }
            }
        )+
    };
}

namespaces! {
    /// Step Functions; a resource is a state machine.
    States StatesMetric "AWS/States", dimensions ["StateMachineArn"], sets [&["StateMachineArn"]],
    [
        ExecutionsStarted "Count", ExecutionsSucceeded "Count", ExecutionsFailed "Count", ExecutionsAborted "Count",
        ExecutionsTimedOut "Count", ExecutionTime "Milliseconds", ExecutionThrottled "Count",
    ],
    elsewhere [
        "RedrivenExecutions", "ExpressExecutionMemory", "ExpressExecutionBilledDuration",
        "ExpressExecutionBilledMemory", "ThrottledEvents", "ProvisionedBucketSize", "ProvisionedRefillRate",
        "ConsumedCapacity",
    ];

    /// Tasks of Step Functions that call a function by its ARN; a resource is that ARN.
    FunctionTasks FunctionTasksMetric "AWS/States", dimensions ["LambdaFunctionArn"], sets [&["LambdaFunctionArn"]],
    [
        LambdaFunctionsScheduled "Count", LambdaFunctionsStarted "Count", LambdaFunctionsSucceeded "Count",
        LambdaFunctionsFailed "Count", LambdaFunctionsTimedOut "Count", LambdaFunctionScheduleTime "Milliseconds",
        LambdaFunctionRunTime "Milliseconds", LambdaFunctionTime "Milliseconds",
    ],
    elsewhere [];

    /// Tasks of Step Functions that call a service; a resource is what the task names, `arn:aws:states:::lambda:invoke`.
    ServiceTasks ServiceTasksMetric "AWS/States", dimensions ["ServiceIntegrationResourceArn"],
    sets [&["ServiceIntegrationResourceArn"]],
    [
        ServiceIntegrationsScheduled "Count", ServiceIntegrationsStarted "Count", ServiceIntegrationsSucceeded "Count",
        ServiceIntegrationsFailed "Count", ServiceIntegrationsTimedOut "Count",
        ServiceIntegrationScheduleTime "Milliseconds", ServiceIntegrationRunTime "Milliseconds",
        ServiceIntegrationTime "Milliseconds",
    ],
    elsewhere [];

    /// Tasks of Step Functions that wait for a worker; a resource is an activity.
    ActivityTasks ActivityTasksMetric "AWS/States", dimensions ["ActivityArn"], sets [&["ActivityArn"]],
    [
        ActivitiesScheduled "Count", ActivitiesStarted "Count", ActivitiesSucceeded "Count", ActivitiesFailed "Count",
        ActivitiesTimedOut "Count", ActivityScheduleTime "Milliseconds", ActivityRunTime "Milliseconds",
        ActivityTime "Milliseconds", ActivitiesHeartbeatTimedOut "Count",
    ],
    elsewhere [];

    // AWS: rules of custom buses report with the bus and the rule. Whether with the rule alone as well is not
    // documented; here they do, so that a widget of either form shows what it is meant to.
    /// EventBridge; a resource is a rule.
    Events EventsMetric "AWS/Events", dimensions ["RuleName", "EventBusName"],
    sets [&[], &["RuleName"], &["EventBusName"], &["EventBusName", "RuleName"]],
    [
        MatchedEvents "Count", TriggeredRules "Count", Invocations "Count", FailedInvocations "Count",
        InvocationAttempts "Count", RetryInvocationAttempts "Count", SuccessfulInvocationAttempts "Count",
        InvocationsSentToDlq "Count", InvocationsFailedToBeSentToDlq "Count",
        DeadLetterInvocations "Count", IngestionToInvocationCompleteLatency "Milliseconds",
        IngestionToInvocationSuccessLatency "Milliseconds", IngestionToInvocationStartLatency "Milliseconds",
        InvocationsCreated "Count", ThrottledRules "Count",
    ],
    elsewhere [];

    /// The API of EventBridge, which has no dimensions.
    EventsApi EventsApiMetric "AWS/Events", dimensions [], sets [&[]],
    [
        PutEventsApproximateCallCount "Count", PutEventsApproximateSuccessCount "Count",
        PutEventsApproximateFailedCount "Count", PutEventsApproximateThrottledCount "Count",
        PutEventsEntriesCount "Count", PutEventsFailedEntriesCount "Count", PutEventsRequestSize "Bytes",
    ],
    elsewhere ["PutEventsLatency", "PutPartnerEventsApproximateCallCount"];

    /// Lambda; a resource is a function.
    Lambda LambdaMetric "AWS/Lambda", dimensions ["FunctionName"], sets [&[], &["FunctionName"]],
    [
        Invocations "Count", Errors "Count", Throttles "Count", Duration "Milliseconds", ConcurrentExecutions "Count",
        AsyncEventsReceived "Count", AsyncEventAge "Milliseconds", AsyncEventsDropped "Count",
        DeadLetterErrors "Count", DestinationDeliveryFailures "Count",
    ],
    elsewhere [
        "IteratorAge", "OffsetLag", "PostRuntimeExtensionsDuration", "ProvisionedConcurrencyInvocations",
        "ProvisionedConcurrencySpilloverInvocations", "ProvisionedConcurrencyUtilization",
        "ProvisionedConcurrentExecutions", "UnreservedConcurrentExecutions", "RecursiveInvocationsDropped",
        "ClaimedAccountConcurrency",
    ];

    /// SQS; a resource is a queue.
    Sqs SqsMetric "AWS/SQS", dimensions ["QueueName"], sets [&["QueueName"]],
    [
        NumberOfMessagesSent "Count", NumberOfMessagesReceived "Count", NumberOfMessagesDeleted "Count",
        NumberOfEmptyReceives "Count", SentMessageSize "Bytes",
    ],
    elsewhere [
        "ApproximateNumberOfMessagesVisible", "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed", "ApproximateAgeOfOldestMessage",
        "ApproximateNumberOfGroupsWithInflightMessages", "NumberOfDeduplicatedSentMessages",
    ];

    /// SNS; a resource is a topic.
    Sns SnsMetric "AWS/SNS", dimensions ["TopicName"], sets [&["TopicName"]],
    [
        NumberOfMessagesPublished "Count", PublishSize "Bytes", NumberOfNotificationsDelivered "Count",
        NumberOfNotificationsFailed "Count", NumberOfNotificationsFilteredOut "Count",
        NumberOfNotificationsRedrivenToDlq "Count",
    ],
    elsewhere ["NumberOfNotificationsFailedToRedriveToDlq", "SMSSuccessRate"];

    /// DynamoDB by table.
    Tables TablesMetric "AWS/DynamoDB", dimensions ["TableName"], sets [&["TableName"]],
    [
        ConsumedReadCapacityUnits "Count", ConsumedWriteCapacityUnits "Count", ConditionalCheckFailedRequests "Count",
        TransactionConflict "Count", ReadThrottleEvents "Count", WriteThrottleEvents "Count",
    ],
    elsewhere [
        "AccountMaxReads", "AccountMaxWrites", "AccountMaxTableLevelReads", "AccountMaxTableLevelWrites",
        "AccountProvisionedReadCapacityUtilization", "AccountProvisionedWriteCapacityUtilization", "AgeOfOldestUnreplicatedRecord",
        "ConsumedChangeDataCaptureUnits", "MaxProvisionedTableReadCapacityUtilization",
        "MaxProvisionedTableWriteCapacityUtilization", "OnDemandMaxReadRequestUnits", "OnDemandMaxWriteRequestUnits",
        "OnlineIndexConsumedWriteCapacity", "OnlineIndexPercentageProgress", "OnlineIndexThrottleEvents",
        "PendingReplicationCount", "ProvisionedReadCapacityUnits", "ProvisionedWriteCapacityUnits", "ReplicationLatency",
        "ReturnedBytes", "ReturnedItemCount", "ReturnedRecordsCount", "TimeToLiveDeletedItemCount",
    ];

    // AWS: these come by table and operation only; with the table alone an alarm on them never gets data.
    /// DynamoDB by table and operation.
    TableOperations TableOperationsMetric "AWS/DynamoDB", dimensions ["TableName", "Operation"],
    sets [&["TableName", "Operation"]],
    [SuccessfulRequestLatency "Milliseconds", ThrottledRequests "Count", SystemErrors "Count"],
    elsewhere [];

    /// DynamoDB as a whole.
    TablesApi TablesApiMetric "AWS/DynamoDB", dimensions [], sets [&[]], [UserErrors "Count"], elsewhere [];
}

impl Namespace {
    /// Whether this is the name of a namespace of AWS.
    pub fn is_known(text: &str) -> bool {
        Namespace::families(text).next().is_some()
    }

    /// The namespace of this name: a family of metrics for each set of dimensions.
    pub fn families(text: &str) -> impl Iterator<Item = Namespace> {
        Namespace::ALL.iter().copied().filter(move |namespace| namespace.text() == text)
    }

    /// Whether its numbers are kept only where somebody asks for them by name.
    pub fn is_on_demand(self) -> bool {
        !matches!(self, Namespace::States | Namespace::Events | Namespace::Lambda | Namespace::Sqs | Namespace::Sns)
    }
}
