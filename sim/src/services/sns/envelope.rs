use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::json::Object;

use super::api::Protocol;
use super::service::Notification;
use crate::services::MessageAttribute;

/// Signatures are made up: nobody can check them here.
const SIGNATURE: &str = "EXAMPLEpH+DcEwjAPg8O9mY8dReBSwksfg2S7WKQcikcNKWLQjwu6A4VbeS0QHVCkhRS7fUQvi2egU3N858fiTDN6bkkOxYDVrY0Ad8L10Hs3zH81mtnPk5uvvolIC1CXGu43obcgFxeL3khZl8IKvO61GWB6jI9b5+gLPoBc1Q=";

/// What a queue gets as the text of its message.
pub(super) fn to_queue(notification: &Notification, subscription_arn: &str) -> Json {
    let mut members = Object::with_capacity(10);
    common(&mut members, notification, Protocol::Sqs);
    let (signing, unsubscribe) = addresses(&notification.topic_arn, subscription_arn);
    members.insert("SigningCertURL".into(), signing.into());
    members.insert("UnsubscribeURL".into(), unsubscribe.into());
    if !notification.attributes.is_empty() {
        members.insert("MessageAttributes".into(), attributes_json(&notification.attributes));
    }
    Json::from(members)
}

/// The event that a function gets.
pub(super) fn to_function(notification: &Notification, subscription_arn: &str) -> Json {
    let mut members = Object::with_capacity(11);
    common(&mut members, notification, Protocol::Lambda);
    // AWS: a function sees a missing subject as null, and other capitals.
    if notification.subject.is_none() {
        members.insert("Subject".into(), Json::Null);
    }
    let (signing, unsubscribe) = addresses(&notification.topic_arn, subscription_arn);
    members.insert("SigningCertUrl".into(), signing.into());
    members.insert("UnsubscribeUrl".into(), unsubscribe.into());
    members.insert("MessageAttributes".into(), attributes_json(&notification.attributes));
    let record = Json::from_pairs([
        ("EventSource", Json::from("aws:sns")),
        ("EventVersion", "1.0".into()),
        ("EventSubscriptionArn", subscription_arn.into()),
        ("Sns", Json::from(members)),
    ]);
    Json::from_pairs([("Records", Json::from(vec![record]))])
}

/// The text for a protocol. AWS: a message by protocol falls back on its `default`.
pub(super) fn text_for(notification: &Notification, protocol: Protocol) -> Arc<str> {
    let Some(texts) = &notification.by_protocol else { return notification.message.clone() };
    let key = match protocol {
        Protocol::Sqs => "sqs",
        Protocol::Lambda => "lambda",
        Protocol::Other => "default",
    };
    match texts.get(key).or_else(|| texts.get("default")) {
        Some(Json::String(text)) => text.clone(),
        _ => notification.message.clone(),
    }
}

fn common(members: &mut Object, notification: &Notification, protocol: Protocol) {
    let text = |text: &Arc<str>| Json::String(text.clone());
    members.insert("Type".into(), "Notification".into());
    members.insert("MessageId".into(), text(&notification.message_id));
    if let Some(number) = &notification.sequence_number {
        members.insert("SequenceNumber".into(), text(number));
    }
    members.insert("TopicArn".into(), text(&notification.topic_arn));
    if let Some(subject) = &notification.subject {
        members.insert("Subject".into(), text(subject));
    }
    members.insert("Message".into(), Json::String(text_for(notification, protocol)));
    members.insert("Timestamp".into(), notification.at.to_iso().into());
    members.insert("SignatureVersion".into(), "1".into());
    members.insert("Signature".into(), SIGNATURE.into());
}

fn addresses(topic_arn: &str, subscription_arn: &str) -> (String, String) {
    let region = topic_arn.split(':').nth(3).unwrap_or_default();
    let host = format!("https://sns.{region}.amazonaws.com");
    let signing = format!("{host}/SimpleNotificationService-0000000000000000000000.pem");
    (signing, format!("{host}/?Action=Unsubscribe&SubscriptionArn={subscription_arn}"))
}

fn attributes_json(attributes: &[MessageAttribute]) -> Json {
    Json::from_pairs(attributes.iter().map(|attribute| {
        let value = Json::from_pairs([
            ("Type", Json::String(attribute.data_type.clone())),
            ("Value", Json::String(attribute.value.clone())),
        ]);
        (attribute.name.clone(), value)
    }))
}
