use std::sync::Arc;

use rehearsal_engine::{Json, json};

use super::api::{Invoke, InvokeResponse, Mode, Target};
use super::service::Lambda;
use super::sources::Destination;
use crate::services::eventbridge::{PutEntry, PutEvents};
use crate::services::{MessageAttribute, Request, sns, sqs};
use crate::world::metrics::LambdaMetric;
use crate::world::{ActorId, Caller, Core, Name, Principal, ReplyTo, uuid};

/// How an asynchronous event ended.
pub(super) struct Ending<'e> {
    pub(super) function: u32,
    pub(super) actor: ActorId,
    /// Keys the request id.
    pub(super) request: u64,
    pub(super) payload: &'e Json,
    pub(super) attempts: u32,
    /// What the function answered last; `None` when it never ran.
    pub(super) response: Option<&'e InvokeResponse>,
    /// `Success`, `RetriesExhausted`, `EventAgeExceeded`
    pub(super) condition: &'static str,
}

impl Lambda {
    /// Tells the function's destination, and its dead-letter queue, how an asynchronous event ended.
    pub(super) fn event_ended(&self, core: &mut Core, ending: &Ending<'_>) {
        let function = &self.functions[ending.function as usize];
        let succeeded = ending.condition == "Success";
        let destination = if succeeded { &function.on_success } else { &function.on_failure };
        let from = (ending.actor, 0, function.role);
        if let Some(destination) = destination {
            let record = record(core, &function.arn, ending);
            self.send_record(core, from, destination, record, succeeded, ending.function);
        }
        if let (false, Some(dead_letter)) = (succeeded, &function.dead_letter) {
            send_dead_letter(core, ending, dead_letter, function.role);
        }
    }

    /// Sends the record of an invocation where it goes. AWS: it is sent as the function's role.
    pub(super) fn send_record(
        &self,
        core: &mut Core,
        (parent, number, principal): (ActorId, u32, Principal),
        destination: &Destination,
        record: Json,
        succeeded: bool,
        function: u32,
    ) {
        let actor = core.child(parent, Name::DESTINATION, number);
        let text: Arc<str> = record.to_string().into();
        let request = match destination {
            Destination::Queue(arn) => {
                Request::Sqs(Box::new(sqs::Request::SendMessage(sqs::SendMessage::new(arn.clone(), text))))
            }
            Destination::Topic(arn) => {
                Request::Sns(Box::new(sns::Request::Publish(sns::Publish::new(arn.clone(), text))))
            }
            Destination::Function(function) => Request::Lambda(Box::new(Invoke {
                function: Target::Index(*function),
                payload: record,
                mode: Mode::Asynchronous,
            })),
            Destination::Bus(arn) => {
                let outcome = if succeeded { "Success" } else { "Failure" };
                let detail_type = format!("Lambda Function Invocation Result - {outcome}");
                let mut entry = PutEntry::new(arn.clone(), "lambda", detail_type, record);
                let function_arn = format!("{}:$LATEST", self.functions[function as usize].arn);
                entry.resources = vec![arn.clone(), function_arn.into()];
                Request::Events(Box::new(PutEvents::of_service(entry)))
            }
            Destination::Other(arn) => {
                core.note(actor, || format!("the record goes to {arn}, which is not simulated"));
                return;
            }
        };
        let caller = Caller { actor, occurrence: 0, principal, reply_to: ReplyTo::Nobody };
        core.send_measured(caller, request, Some(LambdaMetric::DestinationDeliveryFailures.of(function)));
    }
}

/// AWS: a dead letter is the event itself; three attributes say what became of it.
fn send_dead_letter(core: &mut Core, ending: &Ending<'_>, to: &Destination, principal: Principal) {
    let text: Arc<str> = ending.payload.to_string().into();
    let message = ending.response.and_then(|response| response.payload.get("errorMessage")?.as_str());
    let code = if ending.response.is_some() { 200 } else { 429 };
    let attributes = vec![
        MessageAttribute::string("RequestID", request_id(ending.request)),
        MessageAttribute::number("ErrorCode", code),
        MessageAttribute::string("ErrorMessage", message.unwrap_or("Rate Exceeded.")),
    ];
    let request = match to {
        Destination::Queue(arn) => {
            let send = sqs::SendMessage { attributes, ..sqs::SendMessage::new(arn.clone(), text) };
            Request::Sqs(Box::new(sqs::Request::SendMessage(send)))
        }
        Destination::Topic(arn) => {
            let publish = sns::Publish { attributes, ..sns::Publish::new(arn.clone(), text) };
            Request::Sns(Box::new(sns::Request::Publish(publish)))
        }
        _ => return,
    };
    let actor = core.child(ending.actor, Name::DEAD_LETTER, 0);
    let caller = Caller { actor, occurrence: 0, principal, reply_to: ReplyTo::Nobody };
    core.send_measured(caller, request, Some(LambdaMetric::DeadLetterErrors.of(ending.function)));
}

/// The record of an asynchronous invocation.
fn record(core: &Core, function_arn: &str, ending: &Ending<'_>) -> Json {
    let mut record = json!({
        "version": "1.0",
        "timestamp": (core.now().to_iso()),
        "requestContext": {
            "requestId": (&*request_id(ending.request)),
            "functionArn": (format!("{function_arn}:$LATEST")),
            "condition": (ending.condition),
            "approximateInvokeCount": (ending.attempts),
        },
        "requestPayload": (ending.payload.clone()),
    });
    if let (Some(members), Some(response)) = (record.make_object(), ending.response) {
        let mut context = json!({"statusCode": 200, "executedVersion": "$LATEST"});
        if let (true, Some(context)) = (response.failed, context.make_object()) {
            context.insert("functionError".into(), "Unhandled".into());
        }
        members.insert("responseContext".into(), context);
        members.insert("responsePayload".into(), response.payload.clone());
    }
    record
}

fn request_id(key: u64) -> Arc<str> {
    uuid(key, key.rotate_left(32) ^ 0x5bd1_e995)
}
