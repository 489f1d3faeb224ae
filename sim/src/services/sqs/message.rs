use std::sync::Arc;

use super::api::SendMessage;
use super::response::Received;
use crate::services::MessageAttribute;
use crate::world::{ActorId, Millis, QueueId};

/// A message in a queue.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its id.
    pub id: Arc<str>,
    /// Its text.
    pub body: Arc<str>,
    /// Its attributes.
    pub attributes: Vec<MessageAttribute>,
    /// Its group, in a FIFO queue.
    pub group: Option<Arc<str>>,
    /// What it is deduplicated by, in a FIFO queue.
    pub deduplication: Option<Arc<str>>,
    /// Its place in the queue.
    pub sequence: u64,
    /// Whose doing it is.
    pub actor: ActorId,
    /// When it was sent.
    pub sent: Millis,
    /// When its retention began.
    pub enqueued: Millis,
    /// How often it was received.
    pub receives: u32,
    /// When it was received first.
    pub first_received: Option<Millis>,
    /// Where it is on its way.
    pub state: MessageState,
    /// The queue it was moved from, of a dead letter.
    pub dead_letter_source: Option<Arc<str>>,
    pub(super) receipt: Option<Arc<str>>,
    /// When it was received last.
    pub(super) received: Millis,
    pub(super) timer: Option<QueueId>,
    /// Whether a fault lets it come back after it was deleted.
    pub(super) comes_back: bool,
    /// Whether only a schedule's doing sent it.
    pub(super) scheduled: bool,
}

/// Where a message is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageState {
    /// Not yet to be received.
    Delayed,
    /// To be received.
    Visible,
    /// Received and hidden until it is deleted or its time is up.
    InFlight,
}

impl MessageState {
    /// The state in the world's view: `DELAYED`, `VISIBLE`, `IN_FLIGHT`.
    pub fn name(self) -> &'static str {
        match self {
            MessageState::Delayed => "DELAYED",
            MessageState::Visible => "VISIBLE",
            MessageState::InFlight => "IN_FLIGHT",
        }
    }
}

/// AWS: sequence numbers have twenty digits.
pub(super) fn sequence_number(sequence: u64) -> Arc<str> {
    format!("188{sequence:017}").into()
}

impl Message {
    pub(super) fn new(id: Arc<str>, send: SendMessage, sequence: u64, actor: ActorId, now: Millis) -> Message {
        Message {
            id,
            body: send.body,
            attributes: send.attributes,
            group: send.group,
            deduplication: send.deduplication,
            sequence,
            actor,
            sent: now,
            enqueued: now,
            receives: 0,
            first_received: None,
            state: MessageState::Visible,
            dead_letter_source: None,
            receipt: None,
            received: now,
            timer: None,
            comes_back: false,
            scheduled: false,
        }
    }

    /// The message as a receive answers it.
    pub(super) fn to_received(&self, system: &[Arc<str>], attributes: &[Arc<str>], fifo: bool) -> Received {
        let asks = |names: &[Arc<str>], name: &str| names.iter().any(|asked| covers(asked, name));
        let mut told: Vec<(&'static str, Arc<str>)> = Vec::with_capacity(4);
        let mut tell = |name: &'static str, value: Option<Arc<str>>| {
            if let Some(value) = value.filter(|_| asks(system, name)) {
                told.push((name, value));
            }
        };
        let number = |value: u64| Some(Arc::from(value.to_string()));
        tell("ApproximateReceiveCount", number(u64::from(self.receives)));
        tell("SentTimestamp", number(self.sent.0));
        tell("SenderId", Some("AIDAIENQZJOLO23YVJ4VO".into()));
        tell("ApproximateFirstReceiveTimestamp", number(self.first_received.unwrap_or(self.received).0));
        tell("MessageGroupId", self.group.clone());
        if fifo {
            tell("SequenceNumber", Some(sequence_number(self.sequence)));
            tell("MessageDeduplicationId", self.deduplication.clone());
        }
        tell("DeadLetterQueueSourceArn", self.dead_letter_source.clone());
        let wanted = self.attributes.iter().filter(|attribute| asks(attributes, &attribute.name));
        Received {
            message_id: self.id.clone(),
            receipt_handle: self.receipt.clone().unwrap_or_default(),
            body: self.body.clone(),
            system_attributes: told,
            attributes: wanted.cloned().collect(),
            sent: self.sent,
            scheduled: self.scheduled,
        }
    }
}

/// AWS: `All`, `.*`, a name, or the beginning of names before `.*`.
fn covers(asked: &str, name: &str) -> bool {
    match asked.strip_suffix(".*") {
        Some(prefix) => name.starts_with(prefix),
        None => asked == "All" || asked == name,
    }
}
