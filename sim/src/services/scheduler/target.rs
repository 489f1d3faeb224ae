use std::sync::Arc;

use rehearsal_engine::json::Object;
use rehearsal_engine::{Json, json};

use crate::services::{ApiError, Request, eventbridge, lambda, stepfunctions};
use crate::world::{Millis, Principal};

/// The target of a schedule.
#[derive(Clone, Debug)]
pub struct Target {
    /// What is called.
    pub destination: Destination,
    /// Its ARN.
    pub arn: Arc<str>,
    /// `Input`: text, JSON as a rule; `None` stands for a notification that AWS writes itself.
    pub input: Option<Arc<str>>,
    /// Who calls.
    pub role: Principal,
    /// Whether Scheduler may assume the role.
    pub assumable: bool,
    /// `MaximumRetryAttempts`: 185 unless given.
    pub retries_max: u32,
    /// `MaximumEventAgeInSeconds`: 24 hours unless given.
    pub age_max_ms: u64,
    /// `DeadLetterConfig.Arn`
    pub dead_letter_arn: Option<Arc<str>>,
}

/// What a target calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// `StartExecution` of a state machine of the template.
    StateMachine(u32),
    /// An asynchronous invocation of a function of the template.
    Function(u32),
    /// `PutEvents` on a bus, with `DetailType` and `Source`.
    Bus {
        /// `EventBridgeParameters.DetailType`
        detail_type: Arc<str>,
        /// `EventBridgeParameters.Source`
        source: Arc<str>,
    },
    /// `SendMessage`, in a group if it is a FIFO queue.
    Queue {
        /// The queue's URL.
        url: Arc<str>,
        /// `SqsParameters.MessageGroupId`
        group: Option<Arc<str>>,
    },
    /// `Publish`
    Topic,
    /// `arn:aws:scheduler:::aws-sdk:service:action`: whatever the input says.
    Api {
        /// The service as an SDK names it.
        service: Arc<str>,
        /// The operation as the API names it.
        operation: Arc<str>,
    },
    /// Something that is not simulated.
    Other,
}

/// One moment at which a schedule was due.
#[derive(Clone, Debug)]
pub(super) struct Occasion {
    pub(super) schedule_arn: Arc<str>,
    pub(super) scheduled: Millis,
    pub(super) execution_id: Arc<str>,
    pub(super) attempt: u32,
}

impl Target {
    /// The request that an attempt makes; `None` when nothing in the world can be asked.
    pub(super) fn request(&self, occasion: &Occasion) -> Option<Result<Request, ApiError>> {
        let input = self.input_text(occasion);
        let parsed = |what: &str| {
            Json::parse(&input).map_err(|error| ApiError::validation(format!("the {what} is no JSON: {error}")))
        };
        Some(match &self.destination {
            Destination::StateMachine(machine) => parsed("Input").map(|input| {
                Request::States(Box::new(stepfunctions::Request::StartExecution(stepfunctions::StartExecution {
                    machine: stepfunctions::Machine::Index(*machine),
                    name: None,
                    input,
                })))
            }),
            Destination::Function(function) => parsed("Input").map(|payload| {
                Request::Lambda(Box::new(lambda::Invoke {
                    function: lambda::Target::Index(*function),
                    payload,
                    mode: lambda::Mode::Asynchronous,
                }))
            }),
            Destination::Bus { detail_type, source } => parsed("Input").map(|detail| {
                let entry = eventbridge::PutEntry::new(self.arn.clone(), source.clone(), detail_type.clone(), detail);
                Request::Events(Box::new(eventbridge::PutEvents::of_client(vec![entry])))
            }),
            Destination::Queue { url, group } => {
                Request::parse("sqs", "SendMessage", &send_message(url, &input, group.as_ref()))
            }
            Destination::Topic => {
                Request::parse("sns", "Publish", &json!({"TopicArn": (self.arn.clone()), "Message": input}))
            }
            Destination::Api { service, operation } => {
                parsed("Input").and_then(|input| Request::parse(service, operation, &as_parameters(service, input)))
            }
            Destination::Other => return None,
        })
    }

    /// What the target gets, with what the schedule knows in the places that ask for it.
    fn input_text(&self, occasion: &Occasion) -> String {
        let Occasion { schedule_arn, scheduled, execution_id, attempt } = occasion;
        let scheduled_text = rfc3339_seconds(*scheduled);
        let Some(input) = &self.input else {
            // AWS: without an input the target gets a notification.
            let part = |at: usize| schedule_arn.split(':').nth(at).unwrap_or_default().to_owned();
            return json!({
                "version": "0",
                "id": execution_id,
                "detail-type": "Scheduled Event",
                "source": "aws.scheduler",
                "account": (part(4)),
                "time": scheduled_text,
                "region": (part(3)),
                "resources": [schedule_arn],
                "detail": "{}",
            })
            .to_string();
        };
        if !input.contains("<aws.scheduler.") {
            return input.to_string();
        }
        input
            .replace("<aws.scheduler.schedule-arn>", schedule_arn)
            .replace("<aws.scheduler.scheduled-time>", &scheduled_text)
            .replace("<aws.scheduler.execution-id>", execution_id)
            .replace("<aws.scheduler.attempt-number>", &(attempt + 1).to_string())
    }

    /// The message that a dead-letter queue gets.
    pub(super) fn dead_letter(
        &self,
        occasion: &Occasion,
        error: &ApiError,
        exhausted: Option<&str>,
    ) -> Option<Result<Request, ApiError>> {
        let url = queue_url(self.dead_letter_arn.as_ref()?)?;
        let text = |value: &str| json!({"DataType": "String", "StringValue": value});
        let mut attributes = vec![
            ("SCHEDULE_ARN", text(&occasion.schedule_arn)),
            ("TARGET_ARN", text(&self.arn)),
            ("SCHEDULED_TIME", text(&rfc3339_seconds(occasion.scheduled))),
            ("EXECUTION_ID", text(&occasion.execution_id)),
            ("ERROR_CODE", text(error.code)),
            ("ERROR_MESSAGE", text(&error.message)),
            ("RETRY_ATTEMPTS", text(&occasion.attempt.to_string())),
            ("IS_PAYLOAD_TRUNCATED", text("false")),
        ];
        attributes.extend(exhausted.map(|condition| ("EXHAUSTED_RETRY_CONDITION", text(condition))));
        let mut message = send_message(&url, &self.input_text(occasion), None);
        if let Some(members) = message.make_object() {
            members.insert("MessageAttributes".into(), Json::from_pairs(attributes));
        }
        Some(Request::parse("sqs", "SendMessage", &message))
    }
}

fn send_message(url: &Arc<str>, body: &str, group: Option<&Arc<str>>) -> Json {
    let mut message = json!({"QueueUrl": url, "MessageBody": body});
    if let (Some(group), Some(members)) = (group, message.make_object()) {
        members.insert("MessageGroupId".into(), group.clone().into());
    }
    message
}

/// `arn:aws:sqs:us-east-1:111111111111:name` as a URL.
pub(super) fn queue_url(arn: &str) -> Option<Arc<str>> {
    let mut parts = arn.split(':').skip(3);
    let (region, account, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("https://sqs.{region}.amazonaws.com/{account}/{name}").into())
}

/// AWS: a universal target spells members as the API's reference does, in some services other than the SDK does.
fn as_parameters(service: &str, input: Json) -> Json {
    if service != "sfn" {
        return input;
    }
    let members = input.as_object().into_iter().flat_map(Object::iter);
    Json::from_pairs(members.map(|(key, value)| {
        let mut key = key.to_string();
        if let Some(first) = key.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        (key, value.clone())
    }))
}

/// `2026-01-01T00:00:00Z`
fn rfc3339_seconds(at: Millis) -> String {
    let text = at.to_iso();
    format!("{}Z", text.split('.').next().unwrap_or_default())
}
