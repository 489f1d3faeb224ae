use std::sync::Arc;

use rehearsal_engine::{Json, json};

use super::filter::FilterPolicy;
use crate::services::{ApiError, MessageAttribute};
use crate::world::Name;

/// A topic of the template.
#[derive(Clone, Debug)]
pub struct TopicSettings {
    /// Its physical name.
    pub name: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Whether it keeps order and deduplicates.
    pub fifo: bool,
    /// Whether a FIFO message without a deduplication id is known by its text.
    pub content_based_deduplication: bool,
    /// Who gets its messages.
    pub subscriptions: Vec<SubscriptionSettings>,
}

/// A subscription of a topic.
#[derive(Clone, Debug)]
pub struct SubscriptionSettings {
    /// Its name in lineages.
    pub name: Name,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Where messages go.
    pub endpoint: Endpoint,
    /// Whether the endpoint lets itself be reached, by its resource policy.
    pub permitted: bool,
    /// Which messages it wants; `None` for all.
    pub filter: Option<FilterPolicy>,
    /// Whether a queue gets the message itself instead of the envelope.
    pub raw: bool,
    /// Where messages go that cannot be delivered, and whether that queue lets itself be reached.
    pub dead_letter: Option<(Arc<str>, bool)>,
}

/// Where a subscription's messages go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A queue, by its ARN.
    Queue(Arc<str>),
    /// A function, by its index.
    Function(u32),
    /// An address that is not simulated: the delivery is noted.
    Address {
        /// `email`, `https`
        protocol: Arc<str>,
        /// Where.
        address: Arc<str>,
    },
}

/// What a subscription speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// To a queue.
    Sqs,
    /// To a function.
    Lambda,
    /// To any other address.
    Other,
}

impl Endpoint {
    /// What it speaks.
    pub fn protocol(&self) -> Protocol {
        match self {
            Endpoint::Queue(_) => Protocol::Sqs,
            Endpoint::Function(_) => Protocol::Lambda,
            Endpoint::Address { .. } => Protocol::Other,
        }
    }
}

/// A request to SNS.
#[derive(Clone, Debug)]
pub enum Request {
    /// `Publish`
    Publish(Publish),
    /// `PublishBatch`
    PublishBatch {
        /// The topic.
        topic: Arc<str>,
        /// At most ten messages.
        entries: Vec<PublishEntry>,
    },
}

/// A message to publish.
#[derive(Clone, Debug, Default)]
pub struct Publish {
    /// The topic, by ARN or name.
    pub topic: Arc<str>,
    /// The text.
    pub message: Arc<str>,
    /// Its subject.
    pub subject: Option<Arc<str>>,
    /// Whether the text is JSON with a message for each protocol.
    pub by_protocol: bool,
    /// Its attributes.
    pub attributes: Vec<MessageAttribute>,
    /// `MessageGroupId`
    pub group: Option<Arc<str>>,
    /// `MessageDeduplicationId`
    pub deduplication: Option<Arc<str>>,
}

/// One entry of a batch.
#[derive(Clone, Debug)]
pub struct PublishEntry {
    /// Its id within the batch.
    pub id: Arc<str>,
    /// The message.
    pub publish: Publish,
}

/// A message that was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// Its id.
    pub message_id: Arc<str>,
    /// Its place in a FIFO topic.
    pub sequence_number: Option<Arc<str>>,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub enum PublishResponse {
    /// To `Publish`.
    One(Published),
    /// To `PublishBatch`, entry by entry in their order.
    Batch(Vec<(Arc<str>, Result<Published, ApiError>)>),
}

/// AWS: a batch has at most ten entries.
const ENTRIES_MAX: usize = 10;

impl Publish {
    /// A plain text for a topic.
    pub fn new(topic: impl Into<Arc<str>>, message: impl Into<Arc<str>>) -> Publish {
        Publish { topic: topic.into(), message: message.into(), ..Publish::default() }
    }

    fn read(topic: &Arc<str>, parameters: &Json) -> Result<Publish, ApiError> {
        let Some(Json::String(message)) = parameters.get("Message") else {
            return Err(invalid("Message is required"));
        };
        let by_protocol = match parameters.get("MessageStructure").and_then(Json::as_str) {
            None | Some("") => false,
            Some("json") => true,
            Some(_) => return Err(invalid("MessageStructure")),
        };
        Ok(Publish {
            topic: topic.clone(),
            message: message.clone(),
            subject: text(parameters, "Subject"),
            by_protocol,
            attributes: MessageAttribute::read_all(parameters)
                .map_err(|error| ApiError::new("InvalidParameter", error.message))?,
            group: text(parameters, "MessageGroupId"),
            deduplication: text(parameters, "MessageDeduplicationId"),
        })
    }
}

impl Request {
    /// Reads an API call as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<Request, ApiError> {
        match operation {
            "Publish" => {
                let topic = text(parameters, "TopicArn").or_else(|| text(parameters, "TargetArn"));
                let Some(topic) = topic else {
                    if text(parameters, "PhoneNumber").is_some() {
                        return Err(ApiError::not_simulated("sns", "Publish to a phone number"));
                    }
                    return Err(invalid("TopicArn or TargetArn Reason: no value for required parameter"));
                };
                check_arn(&topic)?;
                Ok(Request::Publish(Publish::read(&topic, parameters)?))
            }
            "PublishBatch" => {
                let topic = text(parameters, "TopicArn")
                    .ok_or_else(|| invalid("TopicArn Reason: no value for required parameter"))?;
                check_arn(&topic)?;
                Ok(Request::PublishBatch { entries: entries(&topic, parameters)?, topic })
            }
            _ => Err(ApiError::not_simulated("sns", operation)),
        }
    }

    /// The operation for sites, permissions and traces.
    pub fn operation(&self) -> Name {
        match self {
            Request::Publish(_) => Name::SNS_PUBLISH,
            Request::PublishBatch { .. } => Name::SNS_PUBLISH_BATCH,
        }
    }

    /// The topic it is about.
    pub fn topic(&self) -> &Arc<str> {
        match self {
            Request::Publish(publish) => &publish.topic,
            Request::PublishBatch { topic, .. } => topic,
        }
    }
}

fn entries(topic: &Arc<str>, parameters: &Json) -> Result<Vec<PublishEntry>, ApiError> {
    let given = parameters.get("PublishBatchRequestEntries").and_then(Json::as_array).unwrap_or_default();
    if given.is_empty() {
        return Err(ApiError::new("EmptyBatchRequest", "The batch request doesn't contain any entries."));
    }
    if given.len() > ENTRIES_MAX {
        let message = "The batch request contains more entries than permissible.";
        return Err(ApiError::new("TooManyEntriesInBatchRequest", message));
    }
    let mut entries: Vec<PublishEntry> = Vec::with_capacity(given.len());
    for entry in given {
        let Some(id) = text(entry, "Id") else {
            return Err(ApiError::new(
                "InvalidBatchEntryId",
                "The Id of a batch entry in a batch request doesn't abide by the specification.",
            ));
        };
        if entries.iter().any(|other| other.id == id) {
            let message = "Two or more batch entries in the request have the same Id.";
            return Err(ApiError::new("BatchEntryIdsNotDistinct", message));
        }
        entries.push(PublishEntry { id, publish: Publish::read(topic, entry)? });
    }
    Ok(entries)
}

impl PublishResponse {
    /// The answer as the API's JSON.
    pub fn to_json(&self) -> Json {
        match self {
            PublishResponse::One(published) => Json::from_pairs(published.members()),
            PublishResponse::Batch(entries) => {
                let (mut good, mut bad) = (Vec::new(), Vec::new());
                for (id, result) in entries {
                    match result {
                        Ok(published) => {
                            let own = [("Id", Json::String(id.clone()))];
                            good.push(Json::from_pairs(own.into_iter().chain(published.members())));
                        }
                        Err(error) => bad.push(json!({
                            "Id": (&**id), "Code": (error.code), "Message": (error.message.as_str()),
                            "SenderFault": (error.status < 500),
                        })),
                    }
                }
                Json::from_pairs([("Successful", Json::from(good)), ("Failed", Json::from(bad))])
            }
        }
    }
}

impl Published {
    fn members(&self) -> Vec<(&'static str, Json)> {
        let mut members = vec![("MessageId", Json::String(self.message_id.clone()))];
        members.extend(self.sequence_number.as_ref().map(|number| ("SequenceNumber", Json::String(number.clone()))));
        members
    }
}

/// AWS: an ARN has at least six parts.
fn check_arn(arn: &str) -> Result<(), ApiError> {
    let parts = arn.split(':').count();
    if parts >= 6 {
        return Ok(());
    }
    Err(invalid(&format!("TopicArn Reason: An ARN must have at least 6 elements, not {parts}")))
}

pub(super) fn invalid(what: &str) -> ApiError {
    ApiError::new("InvalidParameter", format!("Invalid parameter: {what}"))
}

fn text(parameters: &Json, key: &str) -> Option<Arc<str>> {
    match parameters.get(key) {
        Some(Json::String(text)) if !text.is_empty() => Some(text.clone()),
        _ => None,
    }
}
