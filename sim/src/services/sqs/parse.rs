use std::sync::Arc;

use rehearsal_engine::Json;

use super::api::{BatchEntry, MoveRequest, ReceiveMessage, Request, SendMessage, Wait};
use super::moves::source_of_handle;
use crate::services::{ApiError, MessageAttribute};

/// AWS: a batch has at most ten entries.
const ENTRIES_MAX: usize = 10;
/// AWS: a receive asks for at most ten messages.
const RECEIVED_MAX: i64 = 10;
/// AWS: a receive waits for twenty seconds at most.
const WAIT_SECONDS_MAX: i64 = 20;
/// AWS: a message is hidden for twelve hours at most.
const VISIBILITY_SECONDS_MAX: i64 = 43_200;
/// AWS: a message is delayed by fifteen minutes at most.
const DELAY_SECONDS_MAX: i64 = 900;

impl Request {
    /// Reads an API call as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<Request, ApiError> {
        let queue = || required(parameters, "QueueUrl");
        let receipt = |entry: &Json| required(entry, "ReceiptHandle");
        Ok(match operation {
            "SendMessage" => Request::SendMessage(send_message(&queue()?, parameters)?),
            "SendMessageBatch" => {
                let queue = queue()?;
                let entries = entries(parameters, |entry| send_message(&queue, entry))?;
                Request::SendMessageBatch { queue, entries }
            }
            "ReceiveMessage" => Request::ReceiveMessage(receive_message(queue()?, parameters)?),
            "DeleteMessage" => Request::DeleteMessage { queue: queue()?, receipt: receipt(parameters)? },
            "DeleteMessageBatch" => {
                Request::DeleteMessageBatch { queue: queue()?, entries: entries(parameters, receipt)? }
            }
            "ChangeMessageVisibility" => Request::ChangeMessageVisibility {
                queue: queue()?,
                receipt: receipt(parameters)?,
                timeout_ms: visibility(parameters)?,
            },
            "ChangeMessageVisibilityBatch" => Request::ChangeMessageVisibilityBatch {
                queue: queue()?,
                entries: entries(parameters, |entry| Ok((receipt(entry)?, visibility(entry)?)))?,
            },
            "PurgeQueue" => Request::PurgeQueue { queue: queue()? },
            "GetQueueUrl" => Request::GetQueueUrl { queue: required(parameters, "QueueName")? },
            "GetQueueAttributes" => {
                Request::GetQueueAttributes { queue: queue()?, names: texts(parameters, "AttributeNames") }
            }
            "ListQueues" => {
                Request::ListQueues { prefix: text(parameters, "QueueNamePrefix").unwrap_or_else(|| "".into()) }
            }
            "StartMessageMoveTask" => Request::Move(MoveRequest::Start {
                source: required(parameters, "SourceArn")?,
                destination: text(parameters, "DestinationArn"),
                per_second: parameters
                    .get("MaxNumberOfMessagesPerSecond")
                    .and_then(Json::as_i64)
                    .map(i64::unsigned_abs),
            }),
            "ListMessageMoveTasks" => {
                let most = parameters.get("MaxResults").and_then(Json::as_i64).unwrap_or(1);
                let most = usize::try_from(most).unwrap_or(1);
                Request::Move(MoveRequest::List { source: required(parameters, "SourceArn")?, most })
            }
            "CancelMessageMoveTask" => {
                let handle = required(parameters, "TaskHandle")?;
                let unreadable =
                    || ApiError::new("InvalidParameterValue", "Value for parameter TaskHandle is invalid.");
                let source = source_of_handle(&handle).ok_or_else(unreadable)?;
                Request::Move(MoveRequest::Cancel { handle, source })
            }
            _ => return Err(ApiError::not_simulated("sqs", operation)),
        })
    }
}

fn send_message(queue: &Arc<str>, parameters: &Json) -> Result<SendMessage, ApiError> {
    let body = match parameters.get("MessageBody") {
        Some(Json::String(body)) if !body.is_empty() => body.clone(),
        _ => return Err(missing("MessageBody")),
    };
    Ok(SendMessage {
        queue: queue.clone(),
        body,
        attributes: MessageAttribute::read_all(parameters)?,
        delay_ms: seconds(parameters, "DelaySeconds", DELAY_SECONDS_MAX)?,
        group: text(parameters, "MessageGroupId"),
        deduplication: text(parameters, "MessageDeduplicationId"),
    })
}

fn receive_message(queue: Arc<str>, parameters: &Json) -> Result<ReceiveMessage, ApiError> {
    let most = parameters.get("MaxNumberOfMessages").and_then(Json::as_i64).unwrap_or(1);
    if !(1..=RECEIVED_MAX).contains(&most) {
        return Err(out_of_range("MaxNumberOfMessages", most, "Must be between 1 and 10, if provided."));
    }
    let system = ["AttributeNames", "MessageSystemAttributeNames"];
    Ok(ReceiveMessage {
        queue,
        most: most as u32,
        visibility_timeout_ms: seconds(parameters, "VisibilityTimeout", VISIBILITY_SECONDS_MAX)?,
        wait: seconds(parameters, "WaitTimeSeconds", WAIT_SECONDS_MAX)?.map_or(Wait::AsTheQueue, Wait::Ms),
        system_attributes: system.iter().flat_map(|key| texts(parameters, key)).collect(),
        message_attributes: texts(parameters, "MessageAttributeNames"),
    })
}

fn visibility(parameters: &Json) -> Result<u64, ApiError> {
    seconds(parameters, "VisibilityTimeout", VISIBILITY_SECONDS_MAX)?.ok_or_else(|| missing("VisibilityTimeout"))
}

fn entries<T>(parameters: &Json, read: impl Fn(&Json) -> Result<T, ApiError>) -> Result<Vec<BatchEntry<T>>, ApiError> {
    let given = parameters.get("Entries").and_then(Json::as_array).unwrap_or_default();
    if given.is_empty() {
        return Err(ApiError::new(
            "AWS.SimpleQueueService.EmptyBatchRequest",
            "There should be at least one SendMessageBatchRequestEntry in the request.",
        ));
    }
    if given.len() > ENTRIES_MAX {
        let message = format!("Maximum number of entries per request are 10. You have sent {}.", given.len());
        return Err(ApiError::new("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", message));
    }
    let mut entries: Vec<BatchEntry<T>> = Vec::with_capacity(given.len());
    for entry in given {
        let id = required(entry, "Id")?;
        if entries.iter().any(|other| other.id == id) {
            let message = format!("Id {id} repeated.");
            return Err(ApiError::new("AWS.SimpleQueueService.BatchEntryIdsNotDistinct", message));
        }
        entries.push(BatchEntry { id, entry: read(entry)? });
    }
    Ok(entries)
}

fn seconds(parameters: &Json, key: &str, most: i64) -> Result<Option<u64>, ApiError> {
    match parameters.get(key).and_then(Json::as_i64) {
        None => Ok(None),
        Some(value) if (0..=most).contains(&value) => Ok(Some(value.unsigned_abs() * 1000)),
        Some(value) => Err(out_of_range(key, value, &format!("Must be between 0 and {most}, if provided."))),
    }
}

fn out_of_range(key: &str, value: i64, reason: &str) -> ApiError {
    let message = format!("Value {value} for parameter {key} is invalid. Reason: {reason}");
    ApiError::new("InvalidParameterValue", message)
}

fn required(parameters: &Json, key: &str) -> Result<Arc<str>, ApiError> {
    text(parameters, key).ok_or_else(|| missing(key))
}

fn missing(key: &str) -> ApiError {
    ApiError::new("MissingParameter", format!("The request must contain the parameter {key}."))
}

fn text(parameters: &Json, key: &str) -> Option<Arc<str>> {
    match parameters.get(key) {
        Some(Json::String(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}

fn texts(parameters: &Json, key: &str) -> Vec<Arc<str>> {
    let list = parameters.get(key).and_then(Json::as_array).unwrap_or_default();
    list.iter().filter_map(Json::as_str).map(Arc::from).collect()
}
