use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::Json;
use sha2::{Digest as _, Sha256};

use super::api::{Publish, PublishEntry, PublishResponse, Published, Request, TopicSettings, invalid};
use super::delivery::Delivery;
use crate::services::{ApiError, MessageAttribute, Response};
use crate::world::metrics::SnsMetric;
use crate::world::{Caller, Core, FaultId, Millis, Name, uuid};

/// The SNS service of one world.
#[derive(Debug)]
pub struct Sns {
    pub(super) topics: Vec<Topic>,
    pub(super) deliveries: Vec<Delivery>,
    published: Vec<Rc<Notification>>,
    pub(super) reached: Vec<(usize, Rc<Notification>, Arc<str>)>,
}

#[derive(Debug)]
pub(super) struct Topic {
    pub(super) settings: TopicSettings,
    sequence: u64,
    known: Vec<(Arc<str>, Millis, Published)>,
}

/// A message that a topic accepted.
#[derive(Clone, Debug)]
pub struct Notification {
    /// When.
    pub at: Millis,
    /// The topic, by its place among the topics.
    pub topic: usize,
    /// The topic's ARN.
    pub topic_arn: Arc<str>,
    /// Its id.
    pub message_id: Arc<str>,
    /// Its place in a FIFO topic.
    pub sequence_number: Option<Arc<str>>,
    /// Its text.
    pub message: Arc<str>,
    /// The texts by protocol, where it has several.
    pub by_protocol: Option<Json>,
    /// Its subject.
    pub subject: Option<Arc<str>>,
    /// Its attributes.
    pub attributes: Vec<MessageAttribute>,
    /// Its group, in a FIFO topic.
    pub group: Option<Arc<str>>,
    /// What it is deduplicated by, in a FIFO topic.
    pub deduplication: Option<Arc<str>>,
}

/// AWS: a message with its attributes has at most 256 KiB.
const MESSAGE_BYTES_MAX: usize = 262_144;
/// AWS: the longest subject.
const SUBJECT_CHARS_MAX: usize = 100;
/// AWS: a deduplication id counts for five minutes.
const DEDUPLICATION_MS: u64 = 300_000;
/// The first message of a call is numbered a multiple of this.
const MESSAGES_PER_CALL: u32 = 16;

impl Sns {
    /// The service with these topics.
    pub fn new(topics: Vec<TopicSettings>) -> Sns {
        let topics = topics.into_iter().map(|settings| Topic { settings, sequence: 0, known: Vec::new() });
        Sns { topics: topics.collect(), deliveries: Vec::new(), published: Vec::new(), reached: Vec::new() }
    }

    /// Back to no message.
    pub fn reset(&mut self) {
        for topic in &mut self.topics {
            topic.sequence = 0;
            topic.known.clear();
        }
        self.deliveries.clear();
        self.published.clear();
        self.reached.clear();
    }

    /// The topics.
    pub fn topics(&self) -> impl ExactSizeIterator<Item = &TopicSettings> {
        self.topics.iter().map(|topic| &topic.settings)
    }

    /// Every message that a topic accepted, in order.
    pub fn published(&self) -> &[Rc<Notification>] {
        &self.published
    }

    /// What reached addresses outside of AWS, in order: the topic, the message, and `protocol:address`.
    pub fn reached(&self) -> &[(usize, Rc<Notification>, Arc<str>)] {
        &self.reached
    }

    /// Takes a request that reached the service.
    pub fn handle(&mut self, core: &mut Core, caller: Caller, request: Request) {
        let Some(topic) = self.find(request.topic()) else {
            core.answer(caller.actor, caller.reply_to, Err(no_topic()));
            return;
        };
        let form = core.fault(FaultId::SnPublish, caller.actor, request.operation(), caller.occurrence);
        if form == 1 {
            let error = ApiError::new("Throttled", "Rate exceeded").with_status(429);
            core.answer(caller.actor, caller.reply_to, Err(error));
            return;
        }
        let mut answer = match request {
            Request::Publish(publish) => self.publish(core, caller, topic, publish, 0).map(PublishResponse::One),
            Request::PublishBatch { entries, .. } => Ok(self.publish_batch(core, caller, topic, entries)),
        };
        if form == 2 && answer.is_ok() {
            answer = Err(ApiError::new("InternalError", "Internal failure").with_status(500));
        }
        core.fold(u64::from(answer.is_ok()));
        core.answer(caller.actor, caller.reply_to, answer.map(Response::Sns));
    }

    pub(super) fn find(&self, topic: &str) -> Option<usize> {
        self.topics.iter().position(|known| *known.settings.arn == *topic || *known.settings.name == *topic)
    }

    fn publish_batch(
        &mut self,
        core: &mut Core,
        caller: Caller,
        topic: usize,
        entries: Vec<PublishEntry>,
    ) -> PublishResponse {
        let mut results = Vec::with_capacity(entries.len());
        for (number, PublishEntry { id, publish }) in entries.into_iter().enumerate() {
            results.push((id, self.publish(core, caller, topic, publish, number as u32)));
        }
        PublishResponse::Batch(results)
    }

    fn publish(
        &mut self,
        core: &mut Core,
        caller: Caller,
        topic: usize,
        publish: Publish,
        number: u32,
    ) -> Result<Published, ApiError> {
        let now = core.now();
        let own = &mut self.topics[topic];
        let by_protocol = check(&own.settings, &publish)?;
        let deduplication = own
            .settings
            .fifo
            .then(|| publish.deduplication.clone().unwrap_or_else(|| hex_sha256(&publish.message).into()));
        if let Some(id) = &deduplication {
            own.known.retain(|(_, at, _)| now - *at < DEDUPLICATION_MS);
            if let Some((_, _, published)) = own.known.iter().find(|(known, _, _)| known == id) {
                return Ok(published.clone());
            }
        }
        let actor = core.child(
            caller.actor,
            Name::SNS_PUBLISH,
            caller.occurrence.wrapping_mul(MESSAGES_PER_CALL).wrapping_add(number),
        );
        let message_id = uuid(core.entropy(actor, Name::MESSAGE, 0), core.entropy(actor, Name::MESSAGE, 1));
        let sequence_number = own.settings.fifo.then(|| {
            own.sequence += 1;
            Arc::from(format!("100000000000{:08}", own.sequence))
        });
        let published = Published { message_id: message_id.clone(), sequence_number: sequence_number.clone() };
        if let Some(id) = &deduplication {
            own.known.push((id.clone(), now, published.clone()));
        }
        core.note(actor, || format!("published to {}: {}", own.settings.name, publish.message));
        core.measure(SnsMetric::NumberOfMessagesPublished.of(topic as u32), 1.0);
        core.measure(SnsMetric::PublishSize.of(topic as u32), publish.message.len() as f64);
        let notification = Rc::new(Notification {
            at: now,
            topic,
            topic_arn: own.settings.arn.clone(),
            message_id,
            sequence_number,
            message: publish.message,
            by_protocol,
            subject: publish.subject,
            attributes: publish.attributes,
            group: publish.group,
            deduplication,
        });
        self.published.push(notification.clone());
        self.deliver_to_all(core, actor, &notification);
        Ok(published)
    }
}

/// What is wrong with a message for this topic; the texts by protocol where it has several.
fn check(settings: &TopicSettings, publish: &Publish) -> Result<Option<Json>, ApiError> {
    if publish.message.is_empty() {
        return Err(invalid("Empty message"));
    }
    let attributes: usize = publish.attributes.iter().map(MessageAttribute::measured_bytes).sum();
    if publish.message.len() + attributes > MESSAGE_BYTES_MAX {
        return Err(invalid("Message too long"));
    }
    if let Some(subject) = &publish.subject {
        let is_fine = subject.chars().count() <= SUBJECT_CHARS_MAX
            && subject.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
        if !is_fine {
            return Err(invalid("Subject"));
        }
    }
    if settings.fifo {
        if publish.group.is_none() {
            return Err(invalid("The MessageGroupId parameter is required for FIFO topics"));
        }
        if publish.deduplication.is_none() && !settings.content_based_deduplication {
            return Err(invalid(
                "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
            ));
        }
    } else if publish.deduplication.is_some() {
        return Err(invalid(
            "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
        ));
    }
    if !publish.by_protocol {
        return Ok(None);
    }
    let texts = Json::parse(&publish.message).ok().filter(|texts| texts.as_object().is_some());
    let Some(texts) = texts else {
        return Err(invalid("Message Structure - JSON message body failed to parse"));
    };
    if texts.get("default").and_then(Json::as_str).is_none() {
        return Err(invalid("Message Structure - No default entry in JSON message body"));
    }
    Ok(Some(texts))
}

fn no_topic() -> ApiError {
    ApiError::new("NotFound", "Topic does not exist").with_status(404)
}

fn hex_sha256(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
