use std::sync::Arc;

use rehearsal_engine::json::Object;
use rehearsal_engine::{Json, json};

use crate::services::attributes::{md5_of_attributes, md5_of_text};
use crate::services::{ApiError, MessageAttribute};
use crate::world::Millis;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Response {
    /// To `SendMessage`.
    Sent(Sent),
    /// To `SendMessageBatch`, entry by entry in their order.
    SentBatch(Vec<(Arc<str>, Result<Sent, BatchFailure>)>),
    /// To `ReceiveMessage`.
    Received(Vec<Received>),
    /// To the other batches: the ids that succeeded and what failed.
    Batch(Vec<(Arc<str>, Result<(), BatchFailure>)>),
    /// To everything else, as the API's JSON.
    Plain(Json),
}

/// A message that was taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// Its id.
    pub message_id: Arc<str>,
    /// The MD5 of its text.
    pub md5_of_body: Arc<str>,
    /// The MD5 of its attributes, where it has some.
    pub md5_of_attributes: Option<Arc<str>>,
    /// Its place in a FIFO queue.
    pub sequence_number: Option<Arc<str>>,
}

/// Why an entry of a batch failed; the others did not.
#[derive(Clone, Debug, PartialEq)]
pub struct BatchFailure {
    /// The error.
    pub error: ApiError,
}

/// A received message.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// Its id.
    pub message_id: Arc<str>,
    /// Names this receive of it.
    pub receipt_handle: Arc<str>,
    /// Its text.
    pub body: Arc<str>,
    /// `ApproximateReceiveCount` and its like that were asked for.
    pub system_attributes: Vec<(&'static str, Arc<str>)>,
    /// The message attributes that were asked for.
    pub attributes: Vec<MessageAttribute>,
    /// When it was sent.
    pub sent: Millis,
    /// Whether only a schedule's doing sent it.
    pub scheduled: bool,
}

impl Sent {
    pub(super) fn new(
        message_id: Arc<str>,
        body: &str,
        attributes: &[MessageAttribute],
        sequence_number: Option<Arc<str>>,
    ) -> Sent {
        Sent {
            message_id,
            md5_of_body: md5_of_text(body).into(),
            md5_of_attributes: (!attributes.is_empty()).then(|| md5_of_attributes(attributes).into()),
            sequence_number,
        }
    }

    fn members(&self) -> Object {
        let mut members = Object::with_capacity(4);
        members.insert("MessageId".into(), Json::String(self.message_id.clone()));
        members.insert("MD5OfMessageBody".into(), Json::String(self.md5_of_body.clone()));
        if let Some(md5) = &self.md5_of_attributes {
            members.insert("MD5OfMessageAttributes".into(), Json::String(md5.clone()));
        }
        if let Some(number) = &self.sequence_number {
            members.insert("SequenceNumber".into(), Json::String(number.clone()));
        }
        members
    }
}

impl Received {
    /// The message as `ReceiveMessage` answers it.
    pub fn to_json(&self) -> Json {
        let mut members = Object::with_capacity(6);
        members.insert("MessageId".into(), Json::String(self.message_id.clone()));
        members.insert("ReceiptHandle".into(), Json::String(self.receipt_handle.clone()));
        members.insert("MD5OfBody".into(), md5_of_text(&self.body).into());
        members.insert("Body".into(), Json::String(self.body.clone()));
        if !self.system_attributes.is_empty() {
            members.insert("Attributes".into(), self.system_json());
        }
        if !self.attributes.is_empty() {
            members.insert("MD5OfMessageAttributes".into(), md5_of_attributes(&self.attributes).into());
            let attributes = self.attributes.iter().map(|attribute| {
                let key = if attribute.is_binary() { "BinaryValue" } else { "StringValue" };
                let value = Json::from_pairs([
                    (key, Json::String(attribute.value.clone())),
                    ("DataType", Json::String(attribute.data_type.clone())),
                ]);
                (attribute.name.clone(), value)
            });
            members.insert("MessageAttributes".into(), Json::from_pairs(attributes));
        }
        Json::from(members)
    }

    /// The message as a record of the event that a function gets.
    pub fn to_record(&self, queue_arn: &Arc<str>) -> Json {
        let attributes = self.attributes.iter().map(|attribute| {
            let key = if attribute.is_binary() { "binaryValue" } else { "stringValue" };
            let empty = || Json::from(Vec::new());
            let value = Json::from_pairs([
                (key, Json::String(attribute.value.clone())),
                ("stringListValues", empty()),
                ("binaryListValues", empty()),
                ("dataType", Json::String(attribute.data_type.clone())),
            ]);
            (attribute.name.clone(), value)
        });
        Json::from_pairs([
            ("messageId", Json::String(self.message_id.clone())),
            ("receiptHandle", Json::String(self.receipt_handle.clone())),
            ("body", Json::String(self.body.clone())),
            ("attributes", self.system_json()),
            ("messageAttributes", Json::from_pairs(attributes)),
            ("md5OfBody", md5_of_text(&self.body).into()),
            ("eventSource", "aws:sqs".into()),
            ("eventSourceARN", Json::String(queue_arn.clone())),
            ("awsRegion", queue_arn.split(':').nth(3).unwrap_or_default().into()),
        ])
    }

    fn system_json(&self) -> Json {
        let members = self.system_attributes.iter();
        Json::from_pairs(members.map(|(name, value)| (*name, Json::String(value.clone()))))
    }
}

impl BatchFailure {
    fn to_json(&self, id: &Arc<str>) -> Json {
        json!({
            "Id": (&**id), "Code": (self.error.code), "Message": (self.error.message.as_str()),
            "SenderFault": (self.error.status < 500),
        })
    }
}

impl Response {
    /// The answer as the API's JSON.
    pub fn to_json(&self) -> Json {
        match self {
            Response::Sent(sent) => Json::from(sent.members()),
            Response::SentBatch(entries) => batch(entries, |id, sent| {
                let mut members = Object::with_capacity(5);
                members.insert("Id".into(), Json::String(id.clone()));
                for (key, value) in sent.members().iter() {
                    members.insert(key.clone(), value.clone());
                }
                Json::from(members)
            }),
            Response::Batch(entries) => batch(entries, |id, ()| Json::from_pairs([("Id", Json::String(id.clone()))])),
            // AWS: an answer without messages has no member `Messages`.
            Response::Received(messages) if messages.is_empty() => Json::object(),
            Response::Received(messages) => {
                let messages: Vec<Json> = messages.iter().map(Received::to_json).collect();
                Json::from_pairs([("Messages", Json::from(messages))])
            }
            Response::Plain(json) => json.clone(),
        }
    }
}

fn batch<T>(entries: &[(Arc<str>, Result<T, BatchFailure>)], successful: impl Fn(&Arc<str>, &T) -> Json) -> Json {
    let (mut good, mut bad) = (Vec::new(), Vec::new());
    for (id, result) in entries {
        match result {
            Ok(value) => good.push(successful(id, value)),
            Err(failure) => bad.push(failure.to_json(id)),
        }
    }
    let mut members = Object::with_capacity(2);
    // AWS: an empty list is left out.
    for (key, list) in [("Successful", good), ("Failed", bad)] {
        if !list.is_empty() {
            members.insert(key.into(), Json::from(list));
        }
    }
    Json::from(members)
}
