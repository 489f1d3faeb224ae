use std::sync::Arc;

use crate::services::MessageAttribute;
use crate::world::Name;

/// A queue of the template.
#[derive(Clone, Debug)]
pub struct QueueSettings {
    /// Its physical name.
    pub name: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its URL.
    pub url: Arc<str>,
    /// Whether it keeps order and deduplicates.
    pub fifo: bool,
    /// Whether a FIFO message without a deduplication id is known by its body.
    pub content_based_deduplication: bool,
    /// Whether a deduplication id counts within its message group only.
    pub deduplicates_by_group: bool,
    /// For how long a received message is hidden.
    pub visibility_timeout_ms: u64,
    /// How old a message may grow.
    pub retention_ms: u64,
    /// For how long a sent message is hidden.
    pub delay_ms: u64,
    /// How long a receive waits that does not say.
    pub receive_wait_ms: u64,
    /// The longest message.
    pub message_bytes_max: usize,
    /// Where messages go that are received too often.
    pub redrive: Option<Redrive>,
}

/// `RedrivePolicy`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redrive {
    /// The dead-letter queue's ARN.
    pub dead_letter_arn: Arc<str>,
    /// After so many receives a message goes there.
    pub receives_max: u32,
}

impl QueueSettings {
    /// AWS: a message has at most 1 MiB since 2025.
    pub const MESSAGE_BYTES_MAX: usize = 1_048_576;
}

/// A request to SQS. Queues are named by URL, ARN or name.
#[derive(Clone, Debug)]
pub enum Request {
    /// `SendMessage`
    SendMessage(SendMessage),
    /// `SendMessageBatch`
    SendMessageBatch {
        /// The queue.
        queue: Arc<str>,
        /// At most ten messages.
        entries: Vec<BatchEntry<SendMessage>>,
    },
    /// `ReceiveMessage`
    ReceiveMessage(ReceiveMessage),
    /// `DeleteMessage`
    DeleteMessage {
        /// The queue.
        queue: Arc<str>,
        /// From the receive.
        receipt: Arc<str>,
    },
    /// `DeleteMessageBatch`
    DeleteMessageBatch {
        /// The queue.
        queue: Arc<str>,
        /// At most ten receipt handles.
        entries: Vec<BatchEntry<Arc<str>>>,
    },
    /// `ChangeMessageVisibility`
    ChangeMessageVisibility {
        /// The queue.
        queue: Arc<str>,
        /// From the receive.
        receipt: Arc<str>,
        /// Hidden for so long from now.
        timeout_ms: u64,
    },
    /// `ChangeMessageVisibilityBatch`
    ChangeMessageVisibilityBatch {
        /// The queue.
        queue: Arc<str>,
        /// At most ten receipt handles, each with its timeout.
        entries: Vec<BatchEntry<(Arc<str>, u64)>>,
    },
    /// `PurgeQueue`
    PurgeQueue {
        /// The queue.
        queue: Arc<str>,
    },
    /// `GetQueueUrl`
    GetQueueUrl {
        /// The queue.
        queue: Arc<str>,
    },
    /// `GetQueueAttributes`
    GetQueueAttributes {
        /// The queue.
        queue: Arc<str>,
        /// Which; `All` for all.
        names: Vec<Arc<str>>,
    },
    /// `ListQueues`
    ListQueues {
        /// Only names that begin so.
        prefix: Arc<str>,
    },
    /// About moving messages out of a dead-letter queue.
    Move(MoveRequest),
}

/// What can be asked about message move tasks. Queues are named by their ARNs.
#[derive(Clone, Debug)]
pub enum MoveRequest {
    /// `StartMessageMoveTask`
    Start {
        /// The dead-letter queue.
        source: Arc<str>,
        /// Where to; where each message came from unless said.
        destination: Option<Arc<str>>,
        /// `MaxNumberOfMessagesPerSecond`
        per_second: Option<u64>,
    },
    /// `ListMessageMoveTasks`
    List {
        /// The dead-letter queue.
        source: Arc<str>,
        /// At most so many.
        most: usize,
    },
    /// `CancelMessageMoveTask`
    Cancel {
        /// The task's handle.
        handle: Arc<str>,
        /// The queue that the handle is about.
        source: Arc<str>,
    },
}

/// One entry of a batch.
#[derive(Clone, Debug)]
pub struct BatchEntry<T> {
    /// Its id within the batch.
    pub id: Arc<str>,
    /// What it is about.
    pub entry: T,
}

/// A message to send.
#[derive(Clone, Debug, Default)]
pub struct SendMessage {
    /// The queue.
    pub queue: Arc<str>,
    /// The text.
    pub body: Arc<str>,
    /// Its attributes.
    pub attributes: Vec<MessageAttribute>,
    /// Hidden for so long; the queue's own delay unless said.
    pub delay_ms: Option<u64>,
    /// `MessageGroupId`
    pub group: Option<Arc<str>>,
    /// `MessageDeduplicationId`
    pub deduplication: Option<Arc<str>>,
}

/// A wish for messages.
#[derive(Clone, Debug)]
pub struct ReceiveMessage {
    /// The queue.
    pub queue: Arc<str>,
    /// At most so many.
    pub most: u32,
    /// Hidden for so long; the queue's own timeout unless said.
    pub visibility_timeout_ms: Option<u64>,
    /// How long to wait for one.
    pub wait: Wait,
    /// Which system attributes to tell; `All` for all.
    pub system_attributes: Vec<Arc<str>>,
    /// Which message attributes to tell; `All` for all.
    pub message_attributes: Vec<Arc<str>>,
}

/// How long a receive waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// As the queue's own setting says.
    AsTheQueue,
    /// For so long; zero is a short poll.
    Ms(u64),
    /// Until there is a message: a poller of Lambda, which would ask again and again.
    Endless,
}

impl SendMessage {
    /// A plain text for a queue.
    pub fn new(queue: impl Into<Arc<str>>, body: impl Into<Arc<str>>) -> SendMessage {
        SendMessage { queue: queue.into(), body: body.into(), ..SendMessage::default() }
    }
}

impl ReceiveMessage {
    /// Whatever is there now, at most `most` messages, with all attributes.
    pub fn new(queue: impl Into<Arc<str>>, most: u32) -> ReceiveMessage {
        let all: Vec<Arc<str>> = vec!["All".into()];
        ReceiveMessage {
            queue: queue.into(),
            most,
            visibility_timeout_ms: None,
            wait: Wait::AsTheQueue,
            system_attributes: all.clone(),
            message_attributes: all,
        }
    }
}

impl Request {
    /// The operation for sites, permissions and traces.
    pub fn operation(&self) -> Name {
        match self {
            Request::SendMessage(_) => Name::SQS_SEND_MESSAGE,
            Request::SendMessageBatch { .. } => Name::SQS_SEND_MESSAGE_BATCH,
            Request::ReceiveMessage(_) => Name::SQS_RECEIVE_MESSAGE,
            Request::DeleteMessage { .. } => Name::SQS_DELETE_MESSAGE,
            Request::DeleteMessageBatch { .. } => Name::SQS_DELETE_MESSAGE_BATCH,
            Request::ChangeMessageVisibility { .. } => Name::SQS_CHANGE_MESSAGE_VISIBILITY,
            Request::ChangeMessageVisibilityBatch { .. } => Name::SQS_CHANGE_MESSAGE_VISIBILITY_BATCH,
            Request::PurgeQueue { .. } => Name::SQS_PURGE_QUEUE,
            Request::GetQueueUrl { .. } => Name::SQS_GET_QUEUE_URL,
            Request::GetQueueAttributes { .. } => Name::SQS_GET_QUEUE_ATTRIBUTES,
            Request::ListQueues { .. } => Name::SQS_LIST_QUEUES,
            Request::Move(MoveRequest::Start { .. }) => Name::SQS_START_MESSAGE_MOVE_TASK,
            Request::Move(MoveRequest::List { .. }) => Name::SQS_LIST_MESSAGE_MOVE_TASKS,
            Request::Move(MoveRequest::Cancel { .. }) => Name::SQS_CANCEL_MESSAGE_MOVE_TASK,
        }
    }

    /// The operation without its service: `SendMessage`.
    pub fn operation_name(&self) -> &'static str {
        match self {
            Request::SendMessage(_) => "SendMessage",
            Request::SendMessageBatch { .. } => "SendMessageBatch",
            Request::ReceiveMessage(_) => "ReceiveMessage",
            Request::DeleteMessage { .. } => "DeleteMessage",
            Request::DeleteMessageBatch { .. } => "DeleteMessageBatch",
            Request::ChangeMessageVisibility { .. } => "ChangeMessageVisibility",
            Request::ChangeMessageVisibilityBatch { .. } => "ChangeMessageVisibilityBatch",
            Request::PurgeQueue { .. } => "PurgeQueue",
            Request::GetQueueUrl { .. } => "GetQueueUrl",
            Request::GetQueueAttributes { .. } => "GetQueueAttributes",
            Request::ListQueues { .. } => "ListQueues",
            Request::Move(MoveRequest::Start { .. }) => "StartMessageMoveTask",
            Request::Move(MoveRequest::List { .. }) => "ListMessageMoveTasks",
            Request::Move(MoveRequest::Cancel { .. }) => "CancelMessageMoveTask",
        }
    }

    /// The queue it is about; nothing for a list.
    pub fn queue(&self) -> Option<&Arc<str>> {
        match self {
            Request::SendMessage(send) => Some(&send.queue),
            Request::ReceiveMessage(receive) => Some(&receive.queue),
            Request::SendMessageBatch { queue, .. }
            | Request::DeleteMessage { queue, .. }
            | Request::DeleteMessageBatch { queue, .. }
            | Request::ChangeMessageVisibility { queue, .. }
            | Request::ChangeMessageVisibilityBatch { queue, .. }
            | Request::PurgeQueue { queue }
            | Request::GetQueueUrl { queue }
            | Request::GetQueueAttributes { queue, .. } => Some(queue),
            Request::Move(
                MoveRequest::Start { source, .. }
                | MoveRequest::List { source, .. }
                | MoveRequest::Cancel { source, .. },
            ) => Some(source),
            Request::ListQueues { .. } => None,
        }
    }

    /// AWS: the permission is that of the single operation, for batches too.
    pub fn action(&self) -> &'static str {
        match self {
            Request::SendMessage(_) | Request::SendMessageBatch { .. } => "sqs:SendMessage",
            Request::ReceiveMessage(_) => "sqs:ReceiveMessage",
            Request::DeleteMessage { .. } | Request::DeleteMessageBatch { .. } => "sqs:DeleteMessage",
            Request::ChangeMessageVisibility { .. } | Request::ChangeMessageVisibilityBatch { .. } => {
                "sqs:ChangeMessageVisibility"
            }
            Request::PurgeQueue { .. } => "sqs:PurgeQueue",
            Request::GetQueueUrl { .. } => "sqs:GetQueueUrl",
            Request::GetQueueAttributes { .. } => "sqs:GetQueueAttributes",
            Request::ListQueues { .. } => "sqs:ListQueues",
            Request::Move(MoveRequest::Start { .. }) => "sqs:StartMessageMoveTask",
            Request::Move(MoveRequest::List { .. }) => "sqs:ListMessageMoveTasks",
            Request::Move(MoveRequest::Cancel { .. }) => "sqs:CancelMessageMoveTask",
        }
    }
}

/// The name that a URL, an ARN or a name means.
pub(super) fn name_of(queue: &str) -> &str {
    if queue.starts_with("arn:") {
        queue.rsplit(':').next().unwrap_or(queue)
    } else {
        queue.rsplit('/').next().unwrap_or(queue)
    }
}
