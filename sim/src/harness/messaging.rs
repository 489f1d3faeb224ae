//! Queues, topics and what feeds functions from them: a stack's parts as the services want them.

use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::events::Pattern;
use rehearsal_engine::source::Diagnostic;

use crate::diagnostics::Problem;
use crate::iam::Policies;
use crate::services::eventbridge;
use crate::services::lambda::{Destination, EventSource, Source, StreamSource};
use crate::services::sns::{Endpoint, FilterPolicy, FilterScope, SubscriptionSettings, TopicSettings};
use crate::services::sqs::{QueueSettings, Redrive};
use crate::template::stack::{self, Identity, Stack};
use crate::world::Names;

/// Finds what AWS refuses when it makes queues, subscriptions and event source mappings.
pub(super) fn check(stack: &Stack, problems: &mut Vec<Problem>) {
    let mut report = |identity: &Identity, code, message: String, hint: &str| {
        let path = format!("/Resources/{}", identity.logical_id);
        let mut diagnostic = Diagnostic::error(code, identity.place.span, path, message);
        diagnostic.hint = (!hint.is_empty()).then(|| hint.to_owned());
        problems.push(Problem::new(identity.place.source, diagnostic));
    };
    for queue in &stack.queues {
        if queue.fifo != queue.identity.name.ends_with(".fifo") {
            let message = format!("'{}' cannot name this queue", queue.identity.name);
            let hint = "the name of a FIFO queue ends with .fifo, that of a standard queue does not";
            report(&queue.identity, "invalid-queue", message, hint);
        }
        let dead = queue.redrive.as_ref().and_then(|(arn, _)| stack.queue(arn));
        if let Some(dead) = dead.filter(|dead| dead.fifo != queue.fifo) {
            let message =
                format!("'{}' cannot be the dead-letter queue of '{}'", dead.identity.name, queue.identity.name);
            let hint = "the dead-letter queue of a FIFO queue is a FIFO queue, that of a standard queue a standard one";
            report(&queue.identity, "invalid-queue", message, hint);
        }
    }
    for subscription in &stack.subscriptions {
        if let Some(Err(error)) = filter(subscription) {
            let message = format!("the filter policy is not one: {error}");
            report(&subscription.identity, "invalid-filter", message, "");
        }
    }
    for mapping in &stack.event_source_mappings {
        for filter in &mapping.filters {
            if let Err(rejection) = Pattern::parse(&filter.to_string()) {
                report(&mapping.identity, "invalid-filter", format!("the filter is not one: {rejection}"), "");
            }
        }
        if let Some((message, hint)) =
            stack.queue(&mapping.event_source_arn).and_then(|queue| misfit(mapping, queue, stack))
        {
            report(&mapping.identity, "invalid-mapping", message, hint);
        }
    }
}

/// Why a queue cannot feed a function in this way.
fn misfit(mapping: &stack::EventSourceMapping, queue: &stack::Queue, stack: &Stack) -> Option<(String, &'static str)> {
    // AWS: a receive has ten messages at most; more are gathered in a window, from standard queues only.
    const BATCH_MAX: u32 = 10;
    if mapping.batch_size > BATCH_MAX && (queue.fifo || mapping.batching_window_ms == 0) {
        let message = format!(
            "a batch of {} messages is too large: at most {BATCH_MAX} are received at once",
            mapping.batch_size
        );
        return Some((message, "for a standard queue, set MaximumBatchingWindowInSeconds to at least 1"));
    }
    let function = stack.functions.iter().find(|function| function.identity.arn == mapping.function_arn)?;
    if queue.visibility_timeout_ms < function.timeout_ms {
        // AWS: Lambda refuses to make such a mapping.
        let message = format!(
            "the visibility timeout of {} s is less than the function's timeout of {} s",
            queue.visibility_timeout_ms / 1000,
            function.timeout_ms / 1000
        );
        return Some((message, "AWS recommends a visibility timeout of six times the function's timeout"));
    }
    None
}

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

/// What a stack's functions are fed from. A mapping of something that is not simulated feeds nothing.
pub(super) fn sources(stack: &Stack, names: &mut Names) -> Vec<EventSource> {
    let mappings = stack.event_source_mappings.iter().filter(|mapping| mapping.enabled);
    let source = |mapping: &stack::EventSourceMapping| {
        let function = super::build::find_function(stack, &mapping.function_arn)?;
        let filters = mapping.filters.iter().filter_map(|filter| Pattern::parse(&filter.to_string()).ok());
        Some(EventSource {
            name: names.intern(&mapping.identity.logical_id),
            function,
            source: fed_from(mapping, stack)?,
            batch_size: mapping.batch_size,
            window_ms: mapping.batching_window_ms,
            reports_failures: mapping.reports_batch_item_failures,
            filters: filters.map(Rc::new).collect(),
        })
    };
    mappings.filter_map(source).collect()
}

fn fed_from(mapping: &stack::EventSourceMapping, stack: &Stack) -> Option<Source> {
    if let Some(queue) = stack.queue(&mapping.event_source_arn) {
        let concurrency = mapping.concurrency_max.unwrap_or(Source::QUEUE_CONCURRENCY).min(Source::QUEUE_CONCURRENCY);
        return Some(Source::Queue { arn: queue.identity.arn.clone(), concurrency });
    }
    let arn = &mapping.event_source_arn;
    stack.tables.iter().find(|table| table.stream_arn.as_ref() == Some(arn))?;
    Some(Source::Stream(StreamSource {
        arn: arn.clone(),
        lanes: Source::STREAM_SHARDS * mapping.parallelization_factor,
        retries_max: mapping.retry_attempts_max,
        age_max_ms: mapping.record_age_max_ms,
        bisects: mapping.bisects_batch_on_error,
        on_failure: mapping.on_failure_arn.as_ref().map(|arn| destination(stack, arn)),
    }))
}

/// Where the records of a function go.
pub(super) fn destination(stack: &Stack, arn: &Arc<str>) -> Destination {
    if let Some(function) = super::build::find_function(stack, arn) {
        return Destination::Function(function);
    }
    let default_bus = stack.environment.arn("events", "event-bus/default");
    let is_bus = *arn == default_bus || stack.event_buses.iter().any(|bus| bus.identity.arn == *arn);
    match () {
        () if stack.queues.iter().any(|queue| queue.identity.arn == *arn) => Destination::Queue(arn.clone()),
        () if stack.topics.iter().any(|topic| topic.identity.arn == *arn) => Destination::Topic(arn.clone()),
        () if is_bus => Destination::Bus(arn.clone()),
        () => Destination::Other(arn.clone()),
    }
}

/// Where a rule's events go, if that is a queue, a topic or a log group.
pub(super) fn rule_destination(target: &stack::Target, stack: &Stack) -> eventbridge::Destination {
    use eventbridge::Destination;
    let arn = &target.arn;
    if let Some(queue) = stack.queues.iter().find(|queue| queue.identity.arn == *arn) {
        return Destination::Queue(queue.identity.arn.clone(), target.message_group_id.clone());
    }
    if let Some(topic) = stack.topics.iter().find(|topic| topic.identity.arn == *arn) {
        return Destination::Topic(topic.identity.arn.clone());
    }
    match arn.split_once(":log-group:") {
        Some((_, name)) => Destination::LogGroup(name.trim_end_matches(":*").into()),
        None => Destination::Other(arn.clone()),
    }
}

/// Whether a queue or a topic lets a rule in. AWS: by its resource policy, or through the target's role.
pub(super) fn permits_rule(
    destination: &eventbridge::Destination,
    target: &stack::Target,
    rule: &stack::Rule,
    policies: &Policies,
) -> bool {
    let action = match destination {
        eventbridge::Destination::Queue(..) => "sqs:SendMessage",
        eventbridge::Destination::Topic(_) => "sns:Publish",
        // A log group's own policy is no resource of a template.
        _ => return true,
    };
    match &target.role_arn {
        Some(role) => policies.can_assume(role, EVENTS),
        None => policies.permits(EVENTS, action, &target.arn, &rule.identity.arn),
    }
}

/// The dead-letter queue of a rule's target.
pub(super) fn rule_dead_letter(
    target: &stack::Target,
    rule: &stack::Rule,
    policies: &Policies,
) -> Option<eventbridge::DeadLetterQueue> {
    let arn = target.dead_letter_arn.clone()?;
    let permitted = policies.permits(EVENTS, "sqs:SendMessage", &arn, &rule.identity.arn);
    Some(eventbridge::DeadLetterQueue { arn, permitted })
}

const EVENTS: &str = "events.amazonaws.com";
