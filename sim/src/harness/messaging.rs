//! Queues, topics and what feeds functions from them: a stack's parts as the services want them.

use crate::iam::Policies;
use crate::services::sns::{Endpoint, FilterPolicy, FilterScope, SubscriptionSettings, TopicSettings};
use crate::services::sqs::{QueueSettings, Redrive};
use crate::template::stack::{self, Stack};
use crate::world::Names;

/// The queues of a stack.
pub(super) fn queues(stack: &Stack) -> Vec<QueueSettings> {
    let queue = |queue: &stack::Queue| QueueSettings {
        name: queue.identity.name.clone(),
        arn: queue.identity.arn.clone(),
        url: queue.url.clone(),
        fifo: queue.fifo,
        content_based_deduplication: queue.content_based_deduplication,
        deduplicates_by_group: queue.deduplicates_by_group,
        visibility_timeout_ms: queue.visibility_timeout_ms,
        retention_ms: queue.retention_ms,
        delay_ms: queue.delay_ms,
        receive_wait_ms: queue.receive_wait_ms,
        message_bytes_max: queue.message_bytes_max,
        redrive: queue
            .redrive
            .as_ref()
            .map(|(arn, receives_max)| Redrive { dead_letter_arn: arn.clone(), receives_max: *receives_max }),
    };
    stack.queues.iter().map(queue).collect()
}

/// The topics of a stack with their subscriptions.
pub(super) fn topics(stack: &Stack, policies: &Policies, names: &mut Names) -> Vec<TopicSettings> {
    let topic = |topic: &stack::Topic| TopicSettings {
        name: topic.identity.name.clone(),
        arn: topic.identity.arn.clone(),
        fifo: topic.fifo,
        content_based_deduplication: topic.content_based_deduplication,
        subscriptions: stack
            .subscriptions
            .iter()
            .filter(|subscription| subscription.topic_arn == topic.identity.arn)
            .map(|subscription| self::subscription(subscription, stack, policies, names))
            .collect(),
    };
    stack.topics.iter().map(topic).collect()
}

fn subscription(
    subscription: &stack::Subscription,
    stack: &Stack,
    policies: &Policies,
    names: &mut Names,
) -> SubscriptionSettings {
    let (endpoint, topic) = (&subscription.endpoint, &subscription.topic_arn);
    let function = super::build::find_function(stack, endpoint);
    let queue = stack.queue(endpoint);
    let found = match (&*subscription.protocol, function, queue) {
        ("sqs", _, Some(queue)) => Endpoint::Queue(queue.identity.arn.clone()),
        ("lambda", Some(function), _) => Endpoint::Function(function),
        (protocol, ..) => Endpoint::Address { protocol: protocol.into(), address: endpoint.clone() },
    };
    let sends_to = |arn: &str| policies.permits("sns.amazonaws.com", "sqs:SendMessage", arn, topic);
    let permitted = match &found {
        Endpoint::Queue(arn) => sends_to(arn),
        Endpoint::Function(_) => policies.permits_invoke(endpoint, "sns.amazonaws.com", topic),
        Endpoint::Address { .. } => true,
    };
    let last = endpoint.rsplit(':').next().unwrap_or(endpoint);
    SubscriptionSettings {
        name: names.intern(&format!("{}-{last}", subscription.identity.logical_id)),
        arn: format!("{topic}:{}", subscription.identity.logical_id).into(),
        endpoint: found,
        permitted,
        filter: filter(subscription).and_then(Result::ok),
        raw: subscription.raw_message_delivery,
        dead_letter: subscription.dead_letter_arn.as_ref().map(|arn| (arn.clone(), sends_to(arn))),
    }
}

/// The filter policy of a subscription, compiled.
pub(super) fn filter(
    subscription: &stack::Subscription,
) -> Option<Result<FilterPolicy, crate::services::sns::FilterError>> {
    let scope =
        if subscription.filters_message_body { FilterScope::MessageBody } else { FilterScope::MessageAttributes };
    Some(FilterPolicy::compile(subscription.filter_policy.as_ref()?, scope))
}
