use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::source::Node;

use super::Identity;

/// An `AWS::SQS::Queue`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// Names and place.
    pub identity: Identity,
    /// `https://sqs.us-east-1.amazonaws.com/111111111111/name`
    pub url: Arc<str>,
    /// `FifoQueue`
    pub fifo: bool,
    /// `ContentBasedDeduplication`
    pub content_based_deduplication: bool,
    /// `VisibilityTimeout`: 30 s unless said otherwise.
    pub visibility_timeout_ms: u64,
    /// `MessageRetentionPeriod`: four days unless said otherwise.
    pub retention_ms: u64,
    /// `DelaySeconds`
    pub delay_ms: u64,
    /// `ReceiveMessageWaitTimeSeconds`
    pub receive_wait_ms: u64,
    /// Whether `DeduplicationScope` is `messageGroup`.
    pub deduplicates_by_group: bool,
    /// `MaximumMessageSize`: 1 MiB unless said otherwise.
    pub message_bytes_max: usize,
    /// `RedrivePolicy`: the dead-letter queue's ARN and `maxReceiveCount`.
    pub redrive: Option<(Arc<str>, u32)>,
}

/// An `AWS::SQS::QueuePolicy` or an `AWS::SNS::TopicPolicy`: who may send to queues or topics from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourcePolicy {
    /// Names and place.
    pub identity: Identity,
    /// The queues by URL, or the topics by ARN.
    pub resources: Vec<Arc<str>>,
    /// The policy document, resolved.
    pub document: Node,
}

/// An `AWS::SNS::Topic`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// Names and place.
    pub identity: Identity,
    /// `FifoTopic`
    pub fifo: bool,
    /// `ContentBasedDeduplication`
    pub content_based_deduplication: bool,
}

/// A subscription to a topic.
#[derive(Clone, Debug, PartialEq)]
pub struct Subscription {
    /// Names and place; of one written inside its topic, the topic's.
    pub identity: Identity,
    /// The topic's ARN.
    pub topic_arn: Arc<str>,
    /// `sqs`, `lambda`, `email`
    pub protocol: Arc<str>,
    /// An ARN, an address.
    pub endpoint: Arc<str>,
    /// `FilterPolicy`
    pub filter_policy: Option<Json>,
    /// Whether `FilterPolicyScope` is `MessageBody`.
    pub filters_message_body: bool,
    /// `RawMessageDelivery`
    pub raw_message_delivery: bool,
    /// The dead-letter queue's ARN, from `RedrivePolicy`.
    pub dead_letter_arn: Option<Arc<str>>,
}
