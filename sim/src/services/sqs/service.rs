use std::sync::Arc;

use rehearsal_engine::{Json, json};
use sha2::{Digest as _, Sha256};

use super::api::{BatchEntry, QueueSettings, ReceiveMessage, Request, SendMessage, Wait, name_of};
use super::message::{Message, MessageState, sequence_number};
use super::moves::MoveTask;
use super::queue::{Known, Parked, Queue};
use super::refusal::{check, check_receipt, expired_receipt, lost_answer, measured_bytes, no_queue, throttled};
use super::response::{BatchFailure, Received, Response, Sent};
use crate::handlers::Sdk;
use crate::services::ApiError;
use crate::world::metrics::SqsMetric;
use crate::world::{
    Caller, Core, FaultId, Millis, Name, ReplyTo, TIMER_LATE_MS, TimerOwner, form_value, hash_text, uuid,
};

/// The SQS service of one world.
#[derive(Debug)]
pub struct Sqs {
    queues: Vec<Queue>,
    pub(super) moves: Vec<MoveTask>,
    changed: bool,
}

/// A reordered message becomes visible so much later, by the fault's form.
const REORDERED_MS: [u64; 2] = [5_000, 60_000];
/// AWS: all the time that a message is hidden from one receive on, twelve hours.
const IN_FLIGHT_MS_MAX: u64 = 43_200_000;
/// AWS: a queue is purged once in sixty seconds.
const PURGE_INTERVAL_MS: u64 = 60_000;
/// AWS: the messages of a batch are smaller than this together.
const BATCH_BYTES_MAX: usize = 1_048_576;

impl Sqs {
    /// The service with these queues, empty.
    pub fn new(queues: Vec<QueueSettings>) -> Sqs {
        Sqs { queues: queues.into_iter().map(Queue::new).collect(), moves: Vec::new(), changed: false }
    }

    /// Back to empty queues.
    pub fn reset(&mut self) {
        self.queues.iter_mut().for_each(Queue::reset);
        self.moves.clear();
        self.changed = false;
    }

    /// The queues.
    pub fn queues(&self) -> &[Queue] {
        &self.queues
    }

    /// The queue of this name, ARN or URL.
    pub fn queue(&self, name: &str) -> Option<&Queue> {
        self.queues.get(self.find(name)?)
    }

    /// Whether any queue changed since this was last asked.
    pub fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// Takes a request that reached the service.
    pub fn handle(&mut self, core: &mut Core, caller: Caller, sdk: Sdk, request: Request) {
        let Some(name) = request.queue() else {
            let answer = self.list(&request);
            core.answer(caller.actor, caller.reply_to, answer.map(crate::services::Response::Sqs));
            return;
        };
        if let Request::Move(request) = &request {
            let answer = self.handle_move(core, caller, request);
            let answer = answer.map(|json| crate::services::Response::Sqs(Response::Plain(json)));
            core.answer(caller.actor, caller.reply_to, answer);
            return;
        }
        let Some(queue) = self.find(name) else {
            core.answer(caller.actor, caller.reply_to, Err(no_queue()));
            return;
        };
        let operation = request.operation();
        let answer = match request {
            Request::ReceiveMessage(receive) => {
                self.receive(core, caller, queue, receive);
                return;
            }
            Request::SendMessage(send) => {
                match core.fault(FaultId::SqSend, caller.actor, operation, caller.occurrence) {
                    0 => self.send(core, caller, queue, send, 0).map(Response::Sent),
                    1 => Err(throttled()),
                    form if form == 2 || !sdk.repeats() => {
                        self.send(core, caller, queue, send, 0).and_then(|_| Err(lost_answer()))
                    }
                    _ => {
                        let first = self.send(core, caller, queue, send.clone(), 0);
                        first.and_then(|_| self.send(core, caller, queue, send, SDK_RETRY)).map(Response::Sent)
                    }
                }
            }
            Request::SendMessageBatch { entries, .. } => {
                match core.fault(FaultId::SqSend, caller.actor, operation, caller.occurrence) {
                    0 => self.send_batch(core, caller, queue, entries, 0),
                    1 => Err(throttled()),
                    form if form == 2 || !sdk.repeats() => {
                        self.send_batch(core, caller, queue, entries, 0).and_then(|_| Err(lost_answer()))
                    }
                    _ => {
                        let first = self.send_batch(core, caller, queue, entries.clone(), 0);
                        first.and_then(|_| self.send_batch(core, caller, queue, entries, SDK_RETRY))
                    }
                }
            }
            Request::DeleteMessage { receipt, .. } => {
                self.delete(core, queue, &receipt).map(|()| Response::Plain(Json::object()))
            }
            Request::DeleteMessageBatch { entries, .. } => {
                Ok(Response::Batch(self.each(entries, |sqs, receipt| sqs.delete(core, queue, &receipt))))
            }
            Request::ChangeMessageVisibility { receipt, timeout_ms, .. } => {
                self.hide(core, queue, &receipt, timeout_ms).map(|()| Response::Plain(Json::object()))
            }
            Request::ChangeMessageVisibilityBatch { entries, .. } => {
                Ok(Response::Batch(self.each(entries, |sqs, (receipt, ms)| sqs.hide(core, queue, &receipt, ms))))
            }
            Request::PurgeQueue { .. } => self.purge(core, queue).map(|()| Response::Plain(Json::object())),
            Request::GetQueueUrl { .. } => {
                Ok(Response::Plain(json!({"QueueUrl": (&*self.queues[queue].settings.url)})))
            }
            Request::GetQueueAttributes { names, .. } => {
                Ok(Response::Plain(self.attributes(core.now(), queue, &names)))
            }
            Request::ListQueues { .. } | Request::Move(_) => Ok(Response::Plain(Json::object())),
        };
        core.fold(match &answer {
            Ok(_) => 1,
            Err(error) => hash_text(error.code),
        });
        core.answer(caller.actor, caller.reply_to, answer.map(crate::services::Response::Sqs));
        // Whatever became visible wakes who waits, and who was just answered hears of it first.
        self.serve(core, queue);
    }

    /// A message's delay or its time in flight is over.
    pub fn message_due(&mut self, core: &mut Core, queue: u32, number: u32) {
        let queue = queue as usize;
        let Some(message) = self.queues.get_mut(queue).and_then(|queue| queue.message_mut(number)) else { return };
        message.timer = None;
        message.state = MessageState::Visible;
        self.changed = true;
        let (actor, receives) = (message.actor, message.receives);
        if receives > 0 {
            let name = self.queues[queue].settings.name.clone();
            core.note(actor, || format!("the message is visible again in {name} after {receives} receives"));
        }
        self.serve(core, queue);
    }

    /// A receiver has waited long enough.
    pub fn poll_due(&mut self, core: &mut Core, queue: u32, poll: u32) {
        let Some(queue) = self.queues.get_mut(queue as usize) else { return };
        let Some(at) = queue.parked.iter().position(|parked| parked.poll == poll) else { return };
        let Parked { caller, .. } = queue.parked.remove(at);
        answer_received(core, caller, Vec::new());
    }

    pub(super) fn find(&self, queue: &str) -> Option<usize> {
        let name = name_of(queue);
        self.queues.iter().position(|queue| *queue.settings.name == *name)
    }

    fn list(&self, request: &Request) -> Result<Response, ApiError> {
        let Request::ListQueues { prefix } = request else { return Err(no_queue()) };
        let named = self.queues.iter().filter(|queue| queue.settings.name.starts_with(&**prefix));
        let urls: Vec<Json> = named.map(|queue| Json::String(queue.settings.url.clone())).collect();
        Ok(Response::Plain(if urls.is_empty() { Json::object() } else { json!({"QueueUrls": (Json::from(urls))}) }))
    }

    fn each<T>(
        &mut self,
        entries: Vec<BatchEntry<T>>,
        mut apply: impl FnMut(&mut Sqs, T) -> Result<(), ApiError>,
    ) -> Vec<(Arc<str>, Result<(), BatchFailure>)> {
        let mut results = Vec::with_capacity(entries.len());
        for BatchEntry { id, entry } in entries {
            results.push((id, apply(self, entry).map_err(|error| BatchFailure { error })));
        }
        results
    }

    fn send_batch(
        &mut self,
        core: &mut Core,
        caller: Caller,
        queue: usize,
        entries: Vec<BatchEntry<SendMessage>>,
        again: u32,
    ) -> Result<Response, ApiError> {
        let bytes: usize = entries.iter().map(|entry| measured_bytes(&entry.entry)).sum();
        if bytes > BATCH_BYTES_MAX {
            let message =
                format!("Batch requests cannot be longer than {BATCH_BYTES_MAX} bytes. You have sent {bytes} bytes.");
            return Err(ApiError::new("AWS.SimpleQueueService.BatchRequestTooLong", message));
        }
        let mut results = Vec::with_capacity(entries.len());
        for (number, BatchEntry { id, entry }) in entries.into_iter().enumerate() {
            let sent = self.send(core, caller, queue, entry, again + number as u32);
            results.push((id, sent.map_err(|error| BatchFailure { error })));
        }
        Ok(Response::SentBatch(results))
    }

    /// Takes a message. `number` tells the messages of one call apart.
    fn send(
        &mut self,
        core: &mut Core,
        caller: Caller,
        queue: usize,
        mut send: SendMessage,
        number: u32,
    ) -> Result<Sent, ApiError> {
        let now = core.now();
        let queue_id = queue as u32;
        let queue = &mut self.queues[queue];
        check(&queue.settings, &send)?;
        if queue.settings.fifo {
            let deduplication = match send.deduplication.take() {
                Some(id) => id,
                None => hex_sha256(&send.body).into(),
            };
            let group = send.group.clone().unwrap_or_default();
            if let Some(known) = queue.known_duplicate(&deduplication, &group, now) {
                let (id, sequence) = (known.message_id.clone(), known.sequence);
                core.note(caller.actor, || format!("{} has had this message already", queue.settings.name));
                return Ok(Sent::new(id, &send.body, &send.attributes, Some(sequence_number(sequence))));
            }
            send.deduplication = Some(deduplication);
        }
        let actor = core.child(
            caller.actor,
            Name::MESSAGE,
            caller.occurrence.wrapping_mul(MESSAGES_PER_CALL).wrapping_add(number),
        );
        let id = uuid(core.entropy(actor, Name::MESSAGE, 0), core.entropy(actor, Name::MESSAGE, 1));
        let sequence = queue.sequence;
        queue.sequence += 1;
        queue.counts.sent += 1;
        if let (true, Some(deduplication)) = (queue.settings.fifo, &send.deduplication) {
            let group = send.group.clone().unwrap_or_default();
            queue.known.push(Known { id: deduplication.clone(), group, at: now, message_id: id.clone(), sequence });
        }
        let number = queue.settings.fifo.then(|| sequence_number(sequence));
        let sent = Sent::new(id.clone(), &send.body, &send.attributes, number);
        let mut delay_ms = send.delay_ms.unwrap_or(queue.settings.delay_ms);
        if !queue.settings.fifo {
            let form = core.fault(FaultId::SqReorder, actor, Name::SQS_SEND_MESSAGE, 0);
            delay_ms += form_value(&REORDERED_MS, form).unwrap_or(0);
        }
        core.note(actor, || format!("sent to {}: {}", queue.settings.name, send.body));
        core.measure(SqsMetric::NumberOfMessagesSent.of(queue_id), 1.0);
        core.measure(SqsMetric::SentMessageSize.of(queue_id), measured_bytes(&send) as f64);
        let mut message = Message::new(id, send, sequence, actor, now);
        message.scheduled = core.lineages().is_scheduled(actor);
        let message = queue.add(message);
        if delay_ms > 0 {
            hide_until(core, queue, (queue_id, message), now + delay_ms, MessageState::Delayed);
        }
        self.changed = true;
        Ok(sent)
    }

    fn receive(&mut self, core: &mut Core, caller: Caller, queue: usize, receive: ReceiveMessage) {
        let wait_ms = match receive.wait {
            Wait::AsTheQueue => Some(self.queues[queue].settings.receive_wait_ms),
            Wait::Ms(ms) => Some(ms),
            Wait::Endless => None,
        };
        if wait_ms == Some(0)
            && self.queues[queue].next_receivable(&[]).is_some()
            && core.fault(FaultId::SqEmpty, caller.actor, Name::SQS_RECEIVE_MESSAGE, caller.occurrence) != 0
        {
            answer_received(core, caller, Vec::new());
            return;
        }
        let received = self.take_messages(core, queue, &receive);
        if !received.is_empty() || wait_ms == Some(0) {
            if received.is_empty() {
                core.measure(SqsMetric::NumberOfEmptyReceives.of(queue as u32), 1.0);
            }
            answer_received(core, caller, received);
            // A message that a fault leaves visible may wake another receiver.
            self.serve(core, queue);
            return;
        }
        let parked = &mut self.queues[queue];
        let poll = parked.polls;
        parked.polls += 1;
        let owner = TimerOwner::LongPoll { queue: queue as u32, poll };
        let timer = wait_ms.map(|ms| core.timer(core.now() + ms, 0, caller.actor, caller.occurrence, owner));
        parked.parked.push(Parked { caller, receive, poll, timer });
    }

    /// Hands messages to those who wait for some.
    pub(super) fn serve(&mut self, core: &mut Core, queue: usize) {
        while !self.queues[queue].parked.is_empty() {
            // A poller that gathers a batch goes before those that have none yet.
            let gathers =
                |parked: &Parked| parked.timer.is_some() && matches!(parked.caller.reply_to, ReplyTo::Poller { .. });
            let next = self.queues[queue].parked.iter().position(gathers).unwrap_or(0);
            let receive = self.queues[queue].parked[next].receive.clone();
            let received = self.take_messages(core, queue, &receive);
            if received.is_empty() {
                return;
            }
            let Parked { caller, timer, .. } = self.queues[queue].parked.remove(next);
            if let Some(timer) = timer {
                core.cancel(timer);
            }
            answer_received(core, caller, received);
        }
    }

    fn take_messages(&mut self, core: &mut Core, queue: usize, receive: &ReceiveMessage) -> Vec<Received> {
        let now = core.now();
        let mut taken = Vec::new();
        let mut received = Vec::new();
        while (taken.len() as u32) < receive.most {
            let Some(number) = self.queues[queue].next_receivable(&taken) else { break };
            let own = &mut self.queues[queue];
            let Some(message) = own.message(number) else { break };
            if own.is_expired(message, now) {
                let actor = message.actor;
                own.take(number);
                own.counts.expired += 1;
                self.changed = true;
                core.note(actor, || "the message is dropped at the end of its retention".to_owned());
                continue;
            }
            let redrive = own.settings.redrive.clone();
            if let Some(redrive) = redrive.filter(|redrive| message.receives >= redrive.receives_max) {
                self.dead_letter(core, queue, number, &redrive.dead_letter_arn);
                continue;
            }
            let hidden_ms = receive.visibility_timeout_ms.unwrap_or(own.settings.visibility_timeout_ms);
            received.extend(self.hand_out(core, queue, number, hidden_ms, receive));
            taken.push(number);
        }
        received
    }

    /// Marks a message as received and hides it.
    fn hand_out(
        &mut self,
        core: &mut Core,
        queue: usize,
        number: u32,
        hidden_ms: u64,
        receive: &ReceiveMessage,
    ) -> Option<Received> {
        let now = core.now();
        let own = &mut self.queues[queue];
        let fifo = own.settings.fifo;
        own.counts.received += 1;
        core.measure(SqsMetric::NumberOfMessagesReceived.of(queue as u32), 1.0);
        self.changed = true;
        let message = own.message_mut(number)?;
        message.receives += 1;
        message.received = now;
        message.first_received.get_or_insert(now);
        let (actor, receives) = (message.actor, message.receives);
        let key = core.entropy(actor, Name::SQS_RECEIVE_MESSAGE, receives);
        message.receipt = Some(format!("AQEB{}", uuid(key, key.rotate_left(29) ^ 0x2545_f491)).into());
        // Asked once a message, so that a fault that always strikes does not make a queue without end.
        let form =
            if fifo || receives > 1 { 0 } else { core.fault(FaultId::SqDup, actor, Name::SQS_RECEIVE_MESSAGE, 0) };
        if form == 2 {
            message.comes_back = true;
        }
        let received = message.to_received(&receive.system_attributes, &receive.message_attributes, fifo);
        if form == 1 {
            // Another server of the queue does not know yet that it is in flight.
            hide_until(core, own, (queue as u32, number), now + AT_ONCE_MS, MessageState::InFlight);
        } else if hidden_ms > 0 {
            hide_until(core, own, (queue as u32, number), now + hidden_ms, MessageState::InFlight);
        }
        Some(received)
    }

    fn dead_letter(&mut self, core: &mut Core, queue: usize, number: u32, arn: &Arc<str>) {
        let Some(mut message) = self.queues[queue].take(number) else { return };
        self.queues[queue].counts.dead_lettered += 1;
        self.changed = true;
        let source = self.queues[queue].settings.arn.clone();
        let actor = message.actor;
        let Some(target) = self.find(arn) else {
            core.note(actor, || format!("received too often: the message is gone, there is no queue {arn}"));
            return;
        };
        core.note(actor, || format!("received too often: moved to {}", self.queues[target].settings.name));
        let dead = &mut self.queues[target];
        message.sequence = dead.sequence;
        dead.sequence += 1;
        dead.counts.sent += 1;
        message.receives = 0;
        message.first_received = None;
        message.receipt = None;
        message.dead_letter_source = Some(source);
        // AWS: on a standard queue the retention goes on from when the message was sent first.
        if dead.settings.fifo {
            message.enqueued = core.now();
        }
        dead.add(message);
        self.serve(core, target);
    }

    /// Moves a dead letter on, as if it were sent anew.
    pub(super) fn move_message(&mut self, core: &mut Core, source: usize, sequence: u64, target: usize) {
        let of_source = &mut self.queues[source];
        let is_meant = |number: &u32| of_source.message(*number).is_some_and(|message| message.sequence == sequence);
        let Some(number) = of_source.live.iter().copied().find(is_meant) else { return };
        let Some(mut message) = of_source.take(number) else { return };
        let now = core.now();
        let own = &mut self.queues[target];
        message.sequence = own.sequence;
        own.sequence += 1;
        own.counts.sent += 1;
        // AWS: a redriven message is a new one, with an id and a time of its own.
        let key = core.entropy(message.actor, Name::SQS_START_MESSAGE_MOVE_TASK, message.receives);
        message.id = uuid(key, key.rotate_left(17) ^ 0x517c_c1b7);
        (message.sent, message.enqueued) = (now, now);
        (message.receives, message.first_received, message.receipt) = (0, None, None);
        message.dead_letter_source = None;
        core.note(message.actor, || format!("moved back to {}", own.settings.name));
        own.add(message);
        self.changed = true;
    }

    fn delete(&mut self, core: &mut Core, queue: usize, receipt: &str) -> Result<(), ApiError> {
        check_receipt(receipt)?;
        let own = &mut self.queues[queue];
        let Some(number) = own.by_receipt(receipt) else {
            // AWS: a standard queue answers success to an old handle, and may delete nothing.
            return Ok(());
        };
        let Some(message) = own.message_mut(number) else { return Ok(()) };
        if message.state == MessageState::Visible && own.settings.fifo {
            return Err(expired_receipt());
        }
        let Some(message) = own.message_mut(number) else { return Ok(()) };
        if message.comes_back {
            // One server of the queue missed the deletion: its copy comes back once.
            message.comes_back = false;
            let actor = message.actor;
            core.note(actor, || "deleted, but one copy is left".to_owned());
            return Ok(());
        }
        let Some(message) = own.take(number) else { return Ok(()) };
        own.counts.deleted += 1;
        core.measure(SqsMetric::NumberOfMessagesDeleted.of(queue as u32), 1.0);
        if let Some(timer) = message.timer {
            core.cancel(timer);
        }
        core.note(message.actor, || "the message is deleted".to_owned());
        self.changed = true;
        Ok(())
    }

    fn hide(&mut self, core: &mut Core, queue: usize, receipt: &str, timeout_ms: u64) -> Result<(), ApiError> {
        check_receipt(receipt)?;
        let now = core.now();
        let own = &mut self.queues[queue];
        let not_in_flight =
            || ApiError::new("AWS.SimpleQueueService.MessageNotInflight", "The specified message isn't in flight.");
        let Some(number) = own.by_receipt(receipt) else { return Err(not_in_flight()) };
        let Some(message) = own.message(number) else { return Err(not_in_flight()) };
        if message.state != MessageState::InFlight {
            return Err(not_in_flight());
        }
        if now + timeout_ms > message.received + IN_FLIGHT_MS_MAX {
            let message = format!(
                "Value {} for parameter VisibilityTimeout is invalid. Reason: Total VisibilityTimeout for the message is beyond the limit [43200 seconds].",
                timeout_ms / 1000
            );
            return Err(ApiError::new("InvalidParameterValue", message));
        }
        self.changed = true;
        hide_until(core, own, (queue as u32, number), now + timeout_ms, MessageState::InFlight);
        if timeout_ms == 0 {
            self.message_due_now(core, queue, number);
        }
        Ok(())
    }

    /// Makes a message visible in this very instant.
    fn message_due_now(&mut self, core: &mut Core, queue: usize, number: u32) {
        let Some(message) = self.queues[queue].message_mut(number) else { return };
        if let Some(timer) = message.timer.take() {
            core.cancel(timer);
        }
        message.state = MessageState::Visible;
    }

    fn purge(&mut self, core: &mut Core, queue: usize) -> Result<(), ApiError> {
        let now = core.now();
        let own = &mut self.queues[queue];
        if own.purged.is_some_and(|at| now - at < PURGE_INTERVAL_MS) {
            let message =
                format!("Only one PurgeQueue operation on {} is allowed every 60 seconds.", own.settings.name);
            return Err(ApiError::new("AWS.SimpleQueueService.PurgeQueueInProgress", message).with_status(403));
        }
        own.purged = Some(now);
        for number in std::mem::take(&mut own.live) {
            let Some(message) = own.messages.get_mut(number as usize).and_then(Option::take) else { continue };
            own.counts.deleted += 1;
            if let Some(timer) = message.timer {
                core.cancel(timer);
            }
        }
        self.changed = true;
        Ok(())
    }

    fn attributes(&self, now: Millis, queue: usize, names: &[Arc<str>]) -> Json {
        let queue = &self.queues[queue];
        let settings = &queue.settings;
        let count = |state| queue.count(state, now).to_string();
        let seconds = |ms: u64| (ms / 1000).to_string();
        let mut all = vec![
            ("QueueArn", settings.arn.to_string()),
            ("ApproximateNumberOfMessages", count(MessageState::Visible)),
            ("ApproximateNumberOfMessagesNotVisible", count(MessageState::InFlight)),
            ("ApproximateNumberOfMessagesDelayed", count(MessageState::Delayed)),
            ("VisibilityTimeout", seconds(settings.visibility_timeout_ms)),
            ("MaximumMessageSize", settings.message_bytes_max.to_string()),
            ("MessageRetentionPeriod", seconds(settings.retention_ms)),
            ("DelaySeconds", seconds(settings.delay_ms)),
            ("ReceiveMessageWaitTimeSeconds", seconds(settings.receive_wait_ms)),
        ];
        if let Some(redrive) = &settings.redrive {
            let policy = json!({
                "deadLetterTargetArn": (&*redrive.dead_letter_arn), "maxReceiveCount": (redrive.receives_max),
            });
            all.push(("RedrivePolicy", policy.to_string()));
        }
        if settings.fifo {
            all.push(("FifoQueue", "true".to_owned()));
            all.push(("ContentBasedDeduplication", settings.content_based_deduplication.to_string()));
        }
        let asked = |name: &str| names.iter().any(|asked| **asked == *name || **asked == *"All");
        let told = all.into_iter().filter(|(name, _)| asked(name)).map(|(name, value)| (name, Json::from(value)));
        Json::from_pairs([("Attributes", Json::from_pairs(told))])
    }
}

/// The first of the messages of one call is numbered a multiple of this.
const MESSAGES_PER_CALL: u32 = 32;
/// Messages that an SDK sends again are numbered from here.
const SDK_RETRY: u32 = 16;
/// A message that is received twice at once is seen by the second receiver after this.
const AT_ONCE_MS: u64 = 1;

/// Hides a message until `at`, or for good changes until when it is hidden.
fn hide_until(core: &mut Core, own: &mut Queue, (queue, number): (u32, u32), at: Millis, state: MessageState) {
    let Some(message) = own.message_mut(number) else { return };
    if let Some(timer) = message.timer.take() {
        core.cancel(timer);
    }
    message.state = state;
    let owner = TimerOwner::Message { queue, message: number };
    message.timer = Some(core.timer(at, TIMER_LATE_MS, message.actor, message.receives, owner));
}

fn answer_received(core: &mut Core, caller: Caller, received: Vec<Received>) {
    core.fold(received.len() as u64);
    let answer = crate::services::Response::Sqs(Response::Received(received));
    core.answer(caller.actor, caller.reply_to, Ok(answer));
}

fn hex_sha256(text: &str) -> String {
    use std::fmt::Write as _;
    Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
