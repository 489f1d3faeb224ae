//! What SQS refuses, in its words.

use super::api::{QueueSettings, SendMessage};
use crate::services::{ApiError, MessageAttribute};

pub(super) fn measured_bytes(send: &SendMessage) -> usize {
    send.body.len() + send.attributes.iter().map(MessageAttribute::measured_bytes).sum::<usize>()
}

/// What is wrong with a message for this queue.
pub(super) fn check(settings: &QueueSettings, send: &SendMessage) -> Result<(), ApiError> {
    let invalid = |message: String| Err(ApiError::new("InvalidParameterValue", message));
    if send.body.is_empty() {
        return Err(ApiError::new("MissingParameter", "The request must contain the parameter MessageBody."));
    }
    if measured_bytes(send) > settings.message_bytes_max {
        return invalid(format!(
            "One or more parameters are invalid. Reason: Message must be shorter than {} bytes.",
            settings.message_bytes_max
        ));
    }
    if send.body.chars().any(is_forbidden) {
        let message = "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF";
        return Err(ApiError::new("InvalidMessageContents", message));
    }
    if send.attributes.len() > ATTRIBUTES_MAX {
        return invalid(format!(
            "Number of message attributes [{}] exceeds the allowed maximum [10].",
            send.attributes.len()
        ));
    }
    if !settings.fifo {
        return match &send.deduplication {
            Some(id) => invalid(format!(
                "Value {id} for parameter MessageDeduplicationId is invalid. Reason: The request includes a parameter that is not valid for this queue type."
            )),
            None => Ok(()),
        };
    }
    if let Some(delay_ms) = send.delay_ms.filter(|delay_ms| *delay_ms > 0) {
        return invalid(format!(
            "Value {} for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for this queue type.",
            delay_ms / 1000
        ));
    }
    if send.group.is_none() {
        return Err(ApiError::new("MissingParameter", "The request must contain the parameter MessageGroupId."));
    }
    if send.deduplication.is_none() && !settings.content_based_deduplication {
        return invalid(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly".to_owned(),
        );
    }
    let ids = [("MessageGroupId", &send.group), ("MessageDeduplicationId", &send.deduplication)];
    for (parameter, id) in ids {
        let Some(id) = id else { continue };
        if id.len() > ID_CHARS_MAX || !id.bytes().all(|byte| byte.is_ascii_graphic()) {
            return invalid(format!(
                "Value {id} for parameter {parameter} is invalid. Reason: {parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length."
            ));
        }
    }
    Ok(())
}

/// AWS: a message has at most ten attributes.
const ATTRIBUTES_MAX: usize = 10;
/// AWS: group and deduplication ids have at most 128 characters.
const ID_CHARS_MAX: usize = 128;

fn is_forbidden(character: char) -> bool {
    !matches!(character, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

pub(super) fn check_receipt(receipt: &str) -> Result<(), ApiError> {
    if receipt.starts_with("AQEB") {
        return Ok(());
    }
    Err(ApiError::new(
        "ReceiptHandleIsInvalid",
        format!("The input receipt handle \"{receipt}\" is not a valid receipt handle."),
    ))
}

pub(super) fn expired_receipt() -> ApiError {
    ApiError::new(
        "InvalidParameterValue",
        "Value for parameter ReceiptHandle is invalid. Reason: The receipt handle has expired.",
    )
}

pub(super) fn no_queue() -> ApiError {
    ApiError::new("AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.")
}

pub(super) fn throttled() -> ApiError {
    ApiError::new("RequestThrottled", "Request is throttled.").with_status(429)
}

pub(super) fn lost_answer() -> ApiError {
    ApiError::new("ServiceUnavailable", "The request has failed due to a temporary failure of the server.")
        .with_status(503)
}
