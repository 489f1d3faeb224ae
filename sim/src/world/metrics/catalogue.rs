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
        "ExpressExecutionBilledMemory", "LambdaFunctionRunTime", "LambdaFunctionScheduleTime", "LambdaFunctionTime",
        "LambdaFunctionsScheduled", "LambdaFunctionsStarted", "LambdaFunctionsSucceeded", "LambdaFunctionsFailed",
        "LambdaFunctionsTimedOut", "ServiceIntegrationRunTime", "ServiceIntegrationScheduleTime",
        "ServiceIntegrationTime", "ServiceIntegrationsScheduled", "ServiceIntegrationsStarted",
        "ServiceIntegrationsSucceeded", "ServiceIntegrationsFailed", "ServiceIntegrationsTimedOut", "ActivityRunTime",
        "ActivityScheduleTime", "ActivityTime", "ActivitiesScheduled", "ActivitiesStarted", "ActivitiesSucceeded",
        "ActivitiesFailed", "ActivitiesTimedOut", "ActivitiesHeartbeatTimedOut", "ThrottledEvents",
        "ProvisionedBucketSize", "ProvisionedRefillRate", "ConsumedCapacity",
    ];

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
        IngestionToInvocationSuccessLatency "Milliseconds",
    ],
    elsewhere [
        "ThrottledRules", "IngestionToInvocationStartLatency", "InvocationsCreated",
        "PutEventsApproximateCallCount", "PutEventsApproximateSuccessCount", "PutEventsApproximateFailedCount",
        "PutEventsApproximateThrottledCount", "PutEventsEntriesCount", "PutEventsFailedEntriesCount", "PutEventsLatency",
        "PutEventsRequestSize", "PutPartnerEventsApproximateCallCount",
    ];

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
}

impl Namespace {
    /// The namespace of this name.
    pub fn parse(text: &str) -> Option<Namespace> {
        Namespace::ALL.iter().copied().find(|namespace| namespace.text() == text)
    }
}
