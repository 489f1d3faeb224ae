use std::sync::Arc;

use super::{Draft, json_or_text};
use crate::template::Fields;
use crate::template::names::queue_url;
use crate::template::stack::{Environment, Queue, ResourcePolicy, Subscription, Topic};

/// `AWS::SQS::Queue`
pub fn queue(draft: Draft<'_, '_, '_>, environment: &Environment) -> Queue {
    let fields = &draft.fields;
    fields.only(&[
        "QueueName",
        "FifoQueue",
        "ContentBasedDeduplication",
        "DeduplicationScope",
        "FifoThroughputLimit",
        "VisibilityTimeout",
        "MessageRetentionPeriod",
        "DelaySeconds",
        "ReceiveMessageWaitTimeSeconds",
        "MaximumMessageSize",
        "RedrivePolicy",
        "RedriveAllowPolicy",
        "KmsMasterKeyId",
        "KmsDataKeyReusePeriodSeconds",
        "SqsManagedSseEnabled",
        "Tags",
    ]);
    let seconds = |key: &str, most: u64, default: u64| fields.integer(key, 0..=most).unwrap_or(default) * 1000;
    let redrive = fields.object("RedrivePolicy").and_then(|policy| {
        let arn = policy.required_text("deadLetterTargetArn");
        policy.required("maxReceiveCount");
        let count = policy.integer("maxReceiveCount", 1..=1000);
        Some((arn?, count? as u32))
    });
    Queue {
        url: queue_url(&draft.identity.name, environment),
        fifo: fields.boolean("FifoQueue").unwrap_or(false),
        content_based_deduplication: fields.boolean("ContentBasedDeduplication").unwrap_or(false),
        visibility_timeout_ms: seconds("VisibilityTimeout", 43_200, 30),
        retention_ms: seconds("MessageRetentionPeriod", 1_209_600, 345_600),
        delay_ms: seconds("DelaySeconds", 900, 0),
        receive_wait_ms: seconds("ReceiveMessageWaitTimeSeconds", 20, 0),
        deduplicates_by_group: fields.one_of("DeduplicationScope", &["queue", "messageGroup"]) == Some("messageGroup"),
        message_bytes_max: fields.integer("MaximumMessageSize", 1_024..=1_048_576).unwrap_or(1_048_576) as usize,
        redrive,
        identity: draft.identity,
    }
}

/// `AWS::SQS::QueuePolicy` and `AWS::SNS::TopicPolicy`; `key` names what they are attached to.
pub fn resource_policy(draft: &Draft<'_, '_, '_>, key: &str) -> Option<ResourcePolicy> {
    let fields = &draft.fields;
    fields.only(&[key, "PolicyDocument"]);
    fields.required(key);
    let document = fields.required("PolicyDocument")?.clone();
    Some(ResourcePolicy { identity: draft.identity.clone(), resources: fields.texts(key), document })
}

/// `AWS::SNS::Topic` and the subscriptions written inside it
pub fn topic(draft: Draft<'_, '_, '_>) -> (Topic, Vec<Subscription>) {
    let fields = &draft.fields;
    fields.only(&[
        "TopicName",
        "DisplayName",
        "FifoTopic",
        "ContentBasedDeduplication",
        "Subscription",
        "DataProtectionPolicy",
        "KmsMasterKeyId",
        "Tags",
        "ArchivePolicy",
        "DeliveryStatusLogging",
        "SignatureVersion",
        "TracingConfig",
        "FifoThroughputScope",
    ]);
    let inside = fields.objects("Subscription").into_iter();
    let subscriptions = inside.filter_map(|inner| {
        Some(Subscription {
            identity: draft.identity.clone(),
            topic_arn: draft.identity.arn.clone(),
            protocol: inner.required_text("Protocol")?,
            endpoint: inner.required_text("Endpoint")?,
            filter_policy: None,
            filters_message_body: false,
            raw_message_delivery: false,
            dead_letter_arn: None,
        })
    });
    let subscriptions = subscriptions.collect();
    let topic = Topic {
        fifo: fields.boolean("FifoTopic").unwrap_or(false),
        content_based_deduplication: fields.boolean("ContentBasedDeduplication").unwrap_or(false),
        identity: draft.identity,
    };
    (topic, subscriptions)
}

/// `AWS::SNS::Subscription`
pub fn subscription(draft: Draft<'_, '_, '_>) -> Option<Subscription> {
    let fields = &draft.fields;
    fields.only(&[
        "TopicArn",
        "Protocol",
        "Endpoint",
        "FilterPolicy",
        "FilterPolicyScope",
        "RawMessageDelivery",
        "RedrivePolicy",
        "DeliveryPolicy",
        "Region",
        "ReplayPolicy",
        "SubscriptionRoleArn",
    ]);
    let topic_arn = fields.required_text("TopicArn");
    let protocol = fields.required_text("Protocol");
    let endpoint = fields.required_text("Endpoint");
    Some(Subscription {
        topic_arn: topic_arn?,
        protocol: protocol?,
        endpoint: endpoint?,
        filter_policy: json_or_text(fields, "FilterPolicy"),
        filters_message_body: fields.one_of("FilterPolicyScope", &["MessageAttributes", "MessageBody"])
            == Some("MessageBody"),
        raw_message_delivery: fields.boolean("RawMessageDelivery").unwrap_or(false),
        dead_letter_arn: dead_letter_arn(fields),
        identity: draft.identity,
    })
}

fn dead_letter_arn(fields: &Fields<'_>) -> Option<Arc<str>> {
    fields.object("RedrivePolicy")?.required_text("deadLetterTargetArn")
}
