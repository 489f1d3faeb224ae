use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::query::jsonata::{JValue, to_jvalue};

use super::object;
use crate::services::MessageAttribute;
use crate::services::sns::Notification;
use crate::services::sqs::{Message, MessageState, Queue};
use crate::world::{Millis, Parts, View};

/// The queues by name: what is in them and what became of the rest.
pub(super) struct Queues {
    revision: u64,
    /// The texts of messages, read once each.
    bodies: BTreeMap<Arc<str>, JValue>,
    pub(super) value: JValue,
}

impl Default for Queues {
    fn default() -> Queues {
        Queues { revision: 0, bodies: BTreeMap::new(), value: object([]) }
    }
}

impl Queues {
    pub(super) fn refresh(&mut self, view: &View<'_>) -> bool {
        let revision = view.revisions.of(Parts::QUEUES);
        if self.revision == revision {
            return false;
        }
        self.revision = revision;
        let bodies = &mut self.bodies;
        let queues = view.queues.queues().iter();
        let members: Vec<(&str, JValue)> = queues
            .map(|queue| (view.names.label(&queue.settings.name), self::queue(queue, view.now, bodies)))
            .collect();
        self.value = object(members);
        true
    }
}

fn queue(queue: &Queue, now: Millis, bodies: &mut BTreeMap<Arc<str>, JValue>) -> JValue {
    let number = |number: usize| JValue::Number(number as f64);
    let counts = queue.counts();
    let messages: Vec<JValue> = queue.messages(now).map(|message| self::message(message, bodies)).collect();
    object([
        ("messages", JValue::array(messages)),
        ("visible", number(queue.count(MessageState::Visible, now))),
        ("inFlight", number(queue.count(MessageState::InFlight, now))),
        ("delayed", number(queue.count(MessageState::Delayed, now))),
        ("sent", number(counts.sent as usize)),
        ("received", number(counts.received as usize)),
        ("deleted", number(counts.deleted as usize)),
        ("deadLetters", number(counts.dead_lettered as usize)),
        ("expired", number(counts.expired as usize)),
    ])
}

fn message(message: &Message, bodies: &mut BTreeMap<Arc<str>, JValue>) -> JValue {
    let text = |text: &str| JValue::string(text);
    let body = bodies.entry(message.id.clone()).or_insert_with(|| as_value(&message.body)).clone();
    let mut members = vec![
        ("messageId", text(&message.id)),
        ("body", body),
        ("state", text(message.state.name())),
        ("receiveCount", JValue::Number(f64::from(message.receives))),
        ("sentAt", JValue::Number(message.sent.0 as f64)),
        ("attributes", attributes(&message.attributes)),
    ];
    members.extend(message.group.as_ref().map(|group| ("messageGroupId", text(group))));
    object(members)
}

/// The topics by name: every message that was published.
pub(super) struct Topics {
    seen: usize,
    messages: Vec<Vec<JValue>>,
    pub(super) value: JValue,
}

impl Default for Topics {
    fn default() -> Topics {
        Topics { seen: 0, messages: Vec::new(), value: JValue::Null }
    }
}

impl Topics {
    pub(super) fn refresh(&mut self, view: &View<'_>) -> bool {
        let published = view.topics.published();
        let new = published.get(self.seen..).unwrap_or_default();
        let is_first = self.messages.len() != view.topics.topics().len() || matches!(self.value, JValue::Null);
        self.messages.resize_with(view.topics.topics().len(), Vec::new);
        for notification in new {
            if let Some(topic) = self.messages.get_mut(notification.topic) {
                topic.push(self::notification(notification));
            }
        }
        self.seen = published.len();
        if is_first || !new.is_empty() {
            let named = view.topics.topics().zip(&self.messages);
            self.value =
                object(named.map(|(topic, messages)| (view.names.label(&topic.name), JValue::array(messages.clone()))));
            return true;
        }
        false
    }
}

fn notification(notification: &Rc<Notification>) -> JValue {
    let mut members = vec![
        ("messageId", JValue::string(&*notification.message_id)),
        ("message", as_value(&notification.message)),
        ("publishedAt", JValue::Number(notification.at.0 as f64)),
        ("attributes", attributes(&notification.attributes)),
    ];
    members.extend(notification.subject.as_ref().map(|subject| ("subject", JValue::string(&**subject))));
    object(members)
}

/// A text as what it says: JSON where it is an object or an array.
fn as_value(text: &Arc<str>) -> JValue {
    let parsed = if text.starts_with(['{', '[']) { Json::parse(text).ok() } else { None };
    parsed.map_or_else(|| JValue::string(&**text), |json| to_jvalue(&json))
}

fn attributes(attributes: &[MessageAttribute]) -> JValue {
    object(attributes.iter().map(|attribute| (&*attribute.name, JValue::string(&*attribute.value))))
}
