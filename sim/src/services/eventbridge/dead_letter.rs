use std::sync::Arc;

use super::delivery::measure_failure;
use super::service::EventBridge;
use crate::services::{ApiError, MessageAttribute, Request, sqs};
use crate::world::metrics::EventsMetric;
use crate::world::{Caller, Core, Name, Principal, ReplyTo};

/// Why a delivery failed, in the words of a dead letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// `NO_PERMISSIONS`, `NO_RESOURCE`, `THROTTLING`
    code: &'static str,
    message: String,
}

impl Failure {
    /// What a target answered.
    pub(super) fn of(error: &ApiError) -> Failure {
        let code = match error.code {
            code if code.contains("AccessDenied") || code == "AuthorizationError" => "NO_PERMISSIONS",
            code if is_missing(code) => "NO_RESOURCE",
            "ExecutionAlreadyExists" => "RESOURCE_ALREADY_EXISTS",
            code if error.status == 429 || code.contains("Throttl") || code.contains("TooManyRequests") => "THROTTLING",
            _ if error.status == 0 => "TIMEOUT",
            _ if error.status >= 500 => "INTERNAL_ERROR",
            _ => "SDK_CLIENT_ERROR",
        };
        Failure { code, message: error.message.clone() }
    }

    /// The target's own policy, or the role, does not let EventBridge in.
    pub(super) fn not_permitted(target_arn: &str) -> Failure {
        let message = format!("EventBridge does not have permission to invoke the target {target_arn}");
        Failure { code: "NO_PERMISSIONS", message }
    }

    /// Whether the target was busy.
    pub(super) fn is_throttling(&self) -> bool {
        self.code == "THROTTLING"
    }

    /// The target is busy.
    pub(super) fn throttled() -> Failure {
        Failure { code: "THROTTLING", message: "Rate exceeded".to_owned() }
    }
}

fn is_missing(code: &str) -> bool {
    matches!(code, "NotFound" | "ResourceNotFoundException" | "StateMachineDoesNotExist")
        || code.ends_with("NonExistentQueue")
}

impl EventBridge {
    /// A delivery is over without success: the event goes to the target's dead-letter queue, or nowhere.
    pub(super) fn give_up(&mut self, core: &mut Core, id: u32, failure: &Failure, exhausted: Option<&'static str>) {
        let delivery = &self.deliveries[id as usize];
        let rule = &self.rules[delivery.rule as usize];
        let target = &rule.targets[delivery.target as usize];
        let actor = delivery.actor;
        core.note(actor, || format!("the delivery is given up: {}: {}", failure.code, failure.message));
        measure_failure(core, delivery.rule);
        let Some(queue) = &target.dead_letter else { return };
        if !queue.permitted {
            core.measure(EventsMetric::InvocationsFailedToBeSentToDlq.of(delivery.rule), 1.0);
            core.note(actor, || format!("the event is lost: {} does not permit it", queue.arn));
            return;
        }
        core.measure(EventsMetric::InvocationsSentToDlq.of(delivery.rule), 1.0);
        let text = |name: &'static str, value: &Arc<str>| MessageAttribute::string(name, value.clone());
        let mut attributes = vec![
            text("RULE_ARN", &rule.arn),
            text("TARGET_ARN", &target.arn),
            MessageAttribute::string("ERROR_CODE", failure.code),
            MessageAttribute::string("ERROR_MESSAGE", failure.message.as_str()),
            MessageAttribute::number("RETRY_ATTEMPTS", delivery.attempts.saturating_sub(1)),
        ];
        attributes.extend(exhausted.map(|why| MessageAttribute::string("EXHAUSTED_RETRY_CONDITION", why)));
        // AWS: the letter is the event as it came to the bus.
        let body = delivery.event.to_json().to_string();
        let send = sqs::SendMessage { attributes, ..sqs::SendMessage::new(queue.arn.clone(), body) };
        let actor = core.child(actor, Name::DEAD_LETTER, 0);
        let caller = Caller { actor, occurrence: 0, principal: Principal::Anyone, reply_to: ReplyTo::Nobody };
        core.send_until_taken(caller, Request::Sqs(Box::new(sqs::Request::SendMessage(send))));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_a_target_has_the_code_of_its_kind() {
        for (error, code) in [
            (ApiError::new("AccessDeniedException", "no"), "NO_PERMISSIONS"),
            (ApiError::new("AWS.SimpleQueueService.NonExistentQueue", "no"), "NO_RESOURCE"),
            (ApiError::new("ResourceNotFoundException", "no").with_status(404), "NO_RESOURCE"),
            (ApiError::new("RequestThrottled", "no").with_status(429), "THROTTLING"),
            (ApiError::new("ServiceException", "no").with_status(500), "INTERNAL_ERROR"),
            (ApiError::new("InvalidParameterValue", "no"), "SDK_CLIENT_ERROR"),
            (ApiError::new("SdkClientException", "no").with_status(0), "TIMEOUT"),
        ] {
            assert_eq!(Failure::of(&error).code, code, "{}", error.code);
        }
    }
}
