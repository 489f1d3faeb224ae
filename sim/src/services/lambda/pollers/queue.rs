use std::sync::Arc;

use rehearsal_engine::Json;

use super::{Kind, Lambda, Phase, Source, Verdict, verdict};
use crate::handlers::HostError;
use crate::services::sqs::{self, BatchEntry, ReceiveMessage, Received, Wait};
use crate::services::{Answer, Request};
use crate::world::{Caller, Core, Millis, Name, ReplyTo, TimerOwner};

/// What a poller of a queue has so far.
#[derive(Debug, Default)]
pub(super) struct QueuePoller {
    batch: Vec<Received>,
    /// Until then more is gathered.
    window_ends: Option<Millis>,
}

/// From the receive to the function; the order of batches within the spread is open.
const BATCH_MS: u64 = 15;
const BATCH_SPREAD_MS: u64 = 45;
/// AWS: a receive or a batch of deletions has ten messages at most.
const MESSAGES_MAX: usize = 10;

impl Lambda {
    pub(super) fn poll_queue(&mut self, core: &mut Core, id: u32) {
        let source = &self.sources[self.pollers[id as usize].source as usize];
        let Source::Queue { arn, .. } = &source.source else { return };
        let (arn, batch_size) = (arn.clone(), source.batch_size as usize);
        let Kind::Queue(poller) = &self.pollers[id as usize].kind else { return };
        let wanted = batch_size.saturating_sub(poller.batch.len()).clamp(1, MESSAGES_MAX);
        let wait = match poller.window_ends {
            Some(ends) => Wait::Ms((ends - core.now()).max(1)),
            None => Wait::Endless,
        };
        self.pollers[id as usize].phase = Phase::Polling;
        let receive = ReceiveMessage { wait, ..ReceiveMessage::new(arn, wanted as u32) };
        let caller = self.poller_caller(id);
        core.send_after(0, 0, caller, Request::Sqs(Box::new(sqs::Request::ReceiveMessage(receive))));
    }

    pub(super) fn received(&mut self, core: &mut Core, id: u32, response: sqs::Response) {
        let sqs::Response::Received(messages) = response else { return };
        let source_id = self.pollers[id as usize].source;
        let is_over = messages.is_empty();
        let (wanted, unwanted) = self.filtered(source_id, messages);
        if !unwanted.is_empty() {
            // AWS: what the filters leave out is deleted from the queue.
            let actor = self.pollers[id as usize].actor;
            core.note(actor, || format!("{} messages do not pass the filter: they are deleted", unwanted.len()));
            let polls = self.pollers[id as usize].polls;
            self.delete_messages(core, id, actor, polls * 2, &unwanted);
        }
        let source = &self.sources[source_id as usize];
        let (batch_size, window_ms) = (source.batch_size as usize, source.window_ms);
        let now = core.now();
        let Kind::Queue(poller) = &mut self.pollers[id as usize].kind else { return };
        poller.batch.extend(wanted);
        if poller.batch.is_empty() {
            poller.window_ends = None;
            self.poll_queue(core, id);
            return;
        }
        let ends = *poller.window_ends.get_or_insert(now + window_ms);
        if poller.batch.len() < batch_size && now < ends && !is_over {
            self.poll_queue(core, id);
            return;
        }
        poller.window_ends = None;
        let all_scheduled = poller.batch.iter().all(|message| message.scheduled);
        let poller = &mut self.pollers[id as usize];
        let batch_actor = core.child(poller.actor, Name::BATCH, poller.batches);
        if all_scheduled {
            core.mark_scheduled(batch_actor);
        }
        poller.batches += 1;
        poller.batch_actor = batch_actor;
        poller.phase = Phase::Due;
        poller.due = now + BATCH_MS;
        core.timer(poller.due, BATCH_SPREAD_MS, batch_actor, 0, TimerOwner::Poller { poller: id });
    }

    pub(super) fn invoke_with_messages(&mut self, core: &mut Core, id: u32) -> Result<(), HostError> {
        let poller = &mut self.pollers[id as usize];
        let source = &self.sources[poller.source as usize];
        let (Source::Queue { arn, .. }, Kind::Queue(own)) = (&source.source, &poller.kind) else { return Ok(()) };
        let records: Vec<Json> = own.batch.iter().map(|message| message.to_record(arn)).collect();
        let event = Json::from_pairs([("Records", Json::from(records))]);
        poller.phase = Phase::Invoking;
        let (actor, function) = (poller.batch_actor, source.function);
        self.invoke(core, actor, 0, ReplyTo::Poller { poller: id }, function, event)
    }

    pub(super) fn messages_handled(&mut self, core: &mut Core, id: u32, answer: &Answer) {
        let reports = self.sources[self.pollers[id as usize].source as usize].reports_failures;
        let actor = self.pollers[id as usize].batch_actor;
        let Kind::Queue(poller) = &mut self.pollers[id as usize].kind else { return };
        let batch = std::mem::take(&mut poller.batch);
        let done = match verdict(answer, reports) {
            Verdict::Done => batch,
            Verdict::Failed(failed) => {
                // AWS: an id that is none of the batch's fails all of it.
                if failed.iter().all(|id| batch.iter().any(|message| message.message_id == *id)) {
                    core.note(actor, || format!("{} of {} messages stay in the queue", failed.len(), batch.len()));
                    batch.into_iter().filter(|message| !failed.contains(&message.message_id)).collect()
                } else {
                    core.note(actor, || "reports a message that is not of the batch: all stay in the queue".to_owned());
                    Vec::new()
                }
            }
            // AWS: the messages appear again when their visibility timeout is over.
            Verdict::AllFailed(why) => {
                core.note(actor, || format!("the batch stays in the queue: {why}"));
                Vec::new()
            }
        };
        let receipts: Vec<Arc<str>> = done.into_iter().map(|message| message.receipt_handle).collect();
        self.delete_messages(core, id, actor, 0, &receipts);
        self.poll_queue(core, id);
    }

    /// What the filters let through, and the receipts of what they do not.
    fn filtered(&self, source: u32, messages: Vec<Received>) -> (Vec<Received>, Vec<Arc<str>>) {
        if !self.has_filters(source) {
            return (messages, Vec::new());
        }
        let mut unwanted = Vec::new();
        let mut wanted = Vec::new();
        for message in messages {
            if self.wants(source, &as_filtered(&message)) {
                wanted.push(message);
            } else {
                unwanted.push(message.receipt_handle);
            }
        }
        (wanted, unwanted)
    }

    fn delete_messages(
        &self,
        core: &mut Core,
        id: u32,
        actor: crate::world::ActorId,
        occurrence: u32,
        receipts: &[Arc<str>],
    ) {
        let source = self.pollers[id as usize].source;
        let Source::Queue { arn, .. } = &self.sources[source as usize].source else { return };
        let principal = self.role_of(source);
        for (number, chunk) in receipts.chunks(MESSAGES_MAX).enumerate() {
            let entry =
                |(at, receipt): (usize, &Arc<str>)| BatchEntry { id: format!("{at}").into(), entry: receipt.clone() };
            let entries = chunk.iter().enumerate().map(entry).collect();
            let request = sqs::Request::DeleteMessageBatch { queue: arn.clone(), entries };
            let occurrence = occurrence + number as u32;
            let caller = Caller { actor, occurrence, principal, reply_to: ReplyTo::Nobody };
            core.send(caller, Request::Sqs(Box::new(request)));
        }
    }
}

/// A message as filter patterns see it. AWS: the body is looked into when it is JSON.
fn as_filtered(message: &Received) -> Json {
    let body = if message.body.starts_with(['{', '[']) { Json::parse(&message.body).ok() } else { None };
    let body = body.unwrap_or_else(|| Json::String(message.body.clone()));
    let attributes = message.attributes.iter().map(|attribute| {
        let value = Json::from_pairs([
            ("stringValue", Json::String(attribute.value.clone())),
            ("dataType", Json::String(attribute.data_type.clone())),
        ]);
        (attribute.name.clone(), value)
    });
    Json::from_pairs([("body", body), ("messageAttributes", Json::from_pairs(attributes))])
}
