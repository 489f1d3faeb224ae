use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::events::{Event, Reserved};

use super::api::{MalformedDetail, PutEntry, PutEvents};
use super::dead_letter::Failure;
use super::rules::{Destination, Rule, TargetInput};
use super::service::{EventBridge, Logged};
use crate::services::{Answer, Request, lambda, sns, sqs, stepfunctions};
use crate::world::metrics::EventsMetric;
use crate::world::{
    ActorId, Caller, Core, FaultId, Kind, Millis, Name, ReplyTo, TIMER_LATE_MS, TimerOwner, Weighted, form_value,
};

/// One event on its way to one target.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) rule: u32,
    pub(super) target: u32,
    pub(super) actor: ActorId,
    payload: Payload,
    pub(super) event: Rc<Event>,
    begun: Millis,
    pub(super) attempts: u32,
    /// What the last attempt met, where it is to be tried again.
    failure: Option<Failure>,
}

/// What a target gets.
#[derive(Clone, Debug)]
struct Payload {
    value: Json,
    /// The text that a template made, where one did: not always the value's own.
    text: Option<Arc<str>>,
}

/// A delivery usually takes half a second; its order against others within the spread is open.
const DELIVERY_MS: u64 = 400;
const DELIVERY_SPREAD_MS: u64 = 600;
/// Late deliveries by the fault's form.
const DELAYED_MS: [u64; 3] = [60_000, 600_000, 3_600_000];
/// An event that is overtaken comes behind those of this time.
const REORDERED_MS: u64 = 2_000;
/// The second delivery of a duplicate comes this much later, by the fault's form.
const DUPLICATE_AFTER_MS: [u64; 3] = [0, 5_000, 3_600_000];
/// AWS: exponential backoff with jitter; the first wait and its cap are proposals of this project.
const BACKOFF_MS: u64 = 1_000;
const BACKOFF_MAX_MS: u64 = 900_000;
const JITTER_STEPS: u32 = 8;

impl EventBridge {
    /// Sends `event`, whose envelope is `json`, to every target of `rule`.
    pub(super) fn deliver_to_all(
        &mut self,
        core: &mut Core,
        actor: ActorId,
        rule: u32,
        (event, json): (&Rc<Event>, &Json),
        late_ms: u64,
        forwarded: bool,
    ) {
        for target in 0..self.rules[rule as usize].targets.len() as u32 {
            let destination = &self.rules[rule as usize].targets[target as usize].destination;
            if forwarded && matches!(destination, Destination::Bus(_)) {
                core.measure(EventsMetric::DeadLetterInvocations.of(rule), 1.0);
                core.note(actor, || "the event came from another bus already: it is not sent on to a third".to_owned());
                continue;
            }
            let Some(payload) = self.payload(rule, target, core.now(), json) else {
                measure_failure(core, rule);
                core.note(actor, || {
                    "the target's input cannot be made from this event: it is not delivered".to_owned()
                });
                continue;
            };
            let late_ms = late_ms
                + form_value(&DELAYED_MS, core.fault(FaultId::EbDelay, actor, Name::DELIVERY, target)).unwrap_or(0);
            let is_behind = core.fault(FaultId::EbReorder, actor, Name::DELIVERY, target) != 0;
            let late_ms = late_ms + if is_behind { REORDERED_MS } else { 0 };
            self.deliver(core, actor, (rule, target), event, payload.clone(), target * 2, late_ms);
            let form = core.fault(FaultId::EbDup, actor, Name::DELIVERY, target);
            if let Some(after_ms) = form_value(&DUPLICATE_AFTER_MS, form) {
                let again_ms = late_ms + after_ms;
                self.deliver(core, actor, (rule, target), event, payload, target * 2 + 1, again_ms);
            }
        }
    }

    /// The next attempt of a delivery is due.
    pub fn delivery_due(&mut self, core: &mut Core, id: u32) {
        self.attempt(core, id, 0, 0);
    }

    /// The answer to an attempt arrived.
    pub fn delivery_answered(&mut self, core: &mut Core, id: u32, answer: &Answer) {
        let Err(error) = answer else {
            measure_success(core, &self.deliveries[id as usize], 0);
            return;
        };
        // AWS: throttling, 5xx and network errors are tried again; a missing permission or target is not.
        let retriable = error.status >= 500 || error.status == 429 || error.code.starts_with("Throttling");
        let failure = Failure::of(error);
        if failure.is_throttling() {
            core.measure(EventsMetric::ThrottledRules.of(self.deliveries[id as usize].rule), 1.0);
        }
        if retriable {
            self.deliveries[id as usize].failure = Some(failure);
            self.try_again(core, id, 0);
        } else {
            self.give_up(core, id, &failure, None);
        }
    }

    /// Tries a delivery again after the attempt that fails in `fails_ms`, unless its policy says that it is enough.
    fn try_again(&mut self, core: &mut Core, id: u32, fails_ms: u64) {
        let delivery = &self.deliveries[id as usize];
        let target = &self.rules[delivery.rule as usize].targets[delivery.target as usize];
        let (actor, attempts) = (delivery.actor, delivery.attempts);
        let at = core.now() + fails_ms + backoff(core, actor, attempts.saturating_sub(1));
        let exhausted = match () {
            () if attempts > target.retries_max => Some("MaximumRetryAttempts"),
            () if at > delivery.begun + target.age_max_ms => Some("MaximumEventAgeInSeconds"),
            () => None,
        };
        if exhausted.is_some() {
            let failure = self.deliveries[id as usize].failure.take().unwrap_or_else(Failure::throttled);
            core.note(actor, || format!("the delivery is given up after {attempts} attempts"));
            self.give_up(core, id, &failure, exhausted);
            return;
        }
        core.timer(at, TIMER_LATE_MS, actor, attempts, TimerOwner::Delivery { delivery: id });
    }

    #[expect(clippy::too_many_arguments, reason = "one private call, and every part is a different type")]
    fn deliver(
        &mut self,
        core: &mut Core,
        actor: ActorId,
        (rule, target): (u32, u32),
        event: &Rc<Event>,
        payload: Payload,
        number: u32,
        late_ms: u64,
    ) {
        let actor = core.child(actor, Name::DELIVERY, number);
        let id = self.deliveries.len() as u32;
        self.deliveries.push(Delivery {
            rule,
            target,
            actor,
            payload,
            event: event.clone(),
            begun: core.now(),
            attempts: 0,
            failure: None,
        });
        self.attempt(core, id, DELIVERY_MS + late_ms, DELIVERY_SPREAD_MS);
    }

    fn attempt(&mut self, core: &mut Core, id: u32, delay_ms: u64, spread_ms: u64) {
        let delivery = &mut self.deliveries[id as usize];
        let number = delivery.attempts;
        delivery.attempts += 1;
        let (actor, payload) = (delivery.actor, delivery.payload.clone());
        let target = &self.rules[delivery.rule as usize].targets[delivery.target as usize];
        core.measure(EventsMetric::InvocationAttempts.of(delivery.rule), 1.0);
        if number == 0 {
            core.measure(EventsMetric::InvocationsCreated.of(delivery.rule), 1.0);
            core.measure(EventsMetric::IngestionToInvocationStartLatency.of(delivery.rule), delay_ms as f64);
        } else {
            core.measure(EventsMetric::RetryInvocationAttempts.of(delivery.rule), 1.0);
        }
        if !target.permitted {
            // AWS: a missing permission is not tried again.
            self.give_up(core, id, &Failure::not_permitted(&target.arn), None);
            return;
        }
        let request = match &target.destination {
            Destination::StateMachine(machine) => {
                Request::States(Box::new(stepfunctions::Request::StartExecution(stepfunctions::StartExecution {
                    machine: stepfunctions::Machine::Index(*machine),
                    name: None,
                    input: payload.value,
                })))
            }
            Destination::Function(function) => Request::Lambda(Box::new(lambda::Invoke {
                function: lambda::Target::Index(*function),
                payload: payload.value,
                mode: lambda::Mode::Asynchronous,
            })),
            Destination::Bus(arn) => Request::Events(Box::new(forwarded(arn, &delivery.event))),
            Destination::Queue(queue, group) => {
                let mut send = sqs::SendMessage::new(queue.clone(), payload.to_text());
                send.group.clone_from(group);
                // AWS: the event's id, so that a duplicate within five minutes is swallowed by a FIFO queue.
                send.deduplication = group.as_ref().map(|_| delivery.event.id.clone());
                Request::Sqs(Box::new(sqs::Request::SendMessage(send)))
            }
            Destination::Topic(topic) => {
                let publish = sns::Publish::new(topic.clone(), payload.to_text());
                Request::Sns(Box::new(sns::Request::Publish(publish)))
            }
            Destination::LogGroup(group) => {
                measure_success(core, delivery, delay_ms);
                core.note(actor, || format!("logged to {group}"));
                self.logged.push(Logged { at: core.now() + delay_ms, group: group.clone(), message: payload.value });
                return;
            }
            Destination::Other(arn) => {
                measure_success(core, delivery, delay_ms);
                core.note(actor, || format!("delivered to {arn}, which is not simulated"));
                return;
            }
        };
        let caller = |reply_to| Caller { actor, occurrence: number, principal: target.role, reply_to };
        match core.fault(FaultId::EbRetry, actor, Name::DELIVERY, number) {
            0 => core.send_after(delay_ms, spread_ms, caller(ReplyTo::Delivery { delivery: id }), request),
            form => {
                if form == 1 {
                    core.measure(EventsMetric::ThrottledRules.of(delivery.rule), 1.0);
                } else {
                    core.send_after(delay_ms, spread_ms, caller(ReplyTo::Nobody), request);
                }
                self.try_again(core, id, delay_ms);
            }
        }
    }

    /// What the target gets; `None` when AWS drops the delivery without a word.
    fn payload(&self, rule: u32, target: u32, ingested: Millis, json: &Json) -> Option<Payload> {
        let rule: &Rule = &self.rules[rule as usize];
        match &rule.targets[target as usize].input {
            TargetInput::Event => Some(Payload::of(json.clone())),
            TargetInput::Constant(value) => Some(Payload::of(value.clone())),
            TargetInput::Path(path) => path.apply(json).ok().map(Payload::of),
            TargetInput::Transformer(transformer) => {
                let reserved = Reserved { rule_arn: &rule.arn, rule_name: &rule.text, ingestion_time_ms: ingested.0 };
                let delivery = transformer.apply(json, &reserved).ok()?;
                // Text that is no JSON reaches only targets that take text.
                let value = delivery.value.unwrap_or_else(|| Json::String(delivery.text.clone()));
                Some(Payload { value, text: Some(delivery.text) })
            }
        }
    }
}

impl Payload {
    fn of(value: Json) -> Payload {
        Payload { value, text: None }
    }

    /// What a queue or a topic gets. AWS: a JSON string reaches them with its quotes.
    fn to_text(&self) -> Arc<str> {
        self.text.clone().unwrap_or_else(|| self.value.to_string().into())
    }
}

/// AWS: deliveries that failed for good count as invocations too; attempts that are tried again do not.
pub(super) fn measure_failure(core: &mut Core, rule: u32) {
    core.measure(EventsMetric::Invocations.of(rule), 1.0);
    core.measure(EventsMetric::FailedInvocations.of(rule), 1.0);
}

/// The target takes the event `after_ms` from now.
fn measure_success(core: &mut Core, delivery: &Delivery, after_ms: u64) {
    let latency_ms = (core.now() - delivery.begun + after_ms) as f64;
    for (metric, value) in [
        (EventsMetric::Invocations, 1.0),
        (EventsMetric::SuccessfulInvocationAttempts, 1.0),
        (EventsMetric::IngestionToInvocationCompleteLatency, latency_ms),
        (EventsMetric::IngestionToInvocationSuccessLatency, latency_ms),
    ] {
        core.measure(metric.of(delivery.rule), value);
    }
}

/// AWS: an event sent on to another bus keeps its source, type, detail and resources; the time is the event's own too.
fn forwarded(bus: &Arc<str>, event: &Event) -> PutEvents {
    PutEvents::forwarded(PutEntry {
        bus: Some(bus.clone()),
        source: Some(event.source.clone()),
        detail_type: Some(event.detail_type.clone()),
        detail: Some(if event.detail.as_object().is_some() { Ok(event.detail.clone()) } else { Err(MalformedDetail) }),
        resources: event.resources.to_vec(),
        time: Some(Millis(event.time_ms)),
        ..PutEntry::default()
    })
}

fn backoff(core: &mut Core, actor: ActorId, attempt: u32) -> u64 {
    let wait_ms = (BACKOFF_MS << attempt.min(10)).min(BACKOFF_MAX_MS);
    let step = core.choose(actor, Name::DELIVERY, Kind::Latency, attempt, &Weighted::Uniform(JITTER_STEPS));
    wait_ms + wait_ms * u64::from(step) / u64::from(JITTER_STEPS)
}
