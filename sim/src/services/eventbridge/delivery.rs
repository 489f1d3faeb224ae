use std::rc::Rc;

use rehearsal_engine::Json;
use rehearsal_engine::events::{Event, Reserved};

use super::api::{MalformedDetail, PutEntry, PutEvents};
use super::rules::{Destination, Rule, TargetInput};
use super::service::EventBridge;
use crate::services::{Answer, Request, lambda, stepfunctions};
use crate::world::metrics::EventsMetric;
use crate::world::{ActorId, Caller, Core, FaultId, Kind, Millis, Name, ReplyTo, TimerOwner, Weighted};

/// One event on its way to one target.
#[derive(Debug)]
pub(super) struct Delivery {
    rule: u32,
    target: u32,
    actor: ActorId,
    payload: Json,
    event: Rc<Event>,
    begun: Millis,
    attempts: u32,
}

/// A delivery usually takes half a second; its order against others within the spread is open.
const DELIVERY_MS: u64 = 400;
const DELIVERY_SPREAD_MS: u64 = 600;
/// Late deliveries by the fault's form.
const DELAYED_MS: [u64; 3] = [60_000, 600_000, 3_600_000];
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
                core.note(actor, || "the event came from another bus already: it is not sent on to a third".to_owned());
                continue;
            }
            let Some(payload) = self.payload(rule, target, event, json) else {
                measure_outcome(core, rule, false);
                core.note(actor, || {
                    "the target's input cannot be made from this event: it is not delivered".to_owned()
                });
                continue;
            };
            let late_ms = late_ms
                + match core.fault(FaultId::EbDelay, actor, Name::DELIVERY, target) {
                    0 => 0,
                    form => DELAYED_MS[(form as usize - 1).min(2)],
                };
            self.deliver(core, actor, (rule, target), event, payload.clone(), target * 2, late_ms);
            let form = core.fault(FaultId::EbDup, actor, Name::DELIVERY, target);
            if form != 0 {
                let again_ms = late_ms + DUPLICATE_AFTER_MS[(form as usize - 1).min(2)];
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
        let Delivery { rule, begun, .. } = self.deliveries[id as usize];
        let Err(error) = answer else {
            measure_outcome(core, rule, true);
            let latency_ms = core.now() - begun;
            core.measure(EventsMetric::IngestionToInvocationCompleteLatency.of(rule), latency_ms as f64);
            return;
        };
        // AWS: throttling, 5xx and network errors are tried again; a missing permission or target is not.
        let retriable = error.status >= 500 || error.status == 429 || error.code.starts_with("Throttling");
        if retriable {
            self.try_again(core, id, 0);
        } else {
            let actor = self.deliveries[id as usize].actor;
            measure_outcome(core, rule, false);
            core.note(actor, || format!("the delivery is given up: {}: {}", error.code, error.message));
        }
    }

    /// Tries a delivery again after the attempt that fails in `fails_ms`, unless its policy says that it is enough.
    fn try_again(&mut self, core: &mut Core, id: u32, fails_ms: u64) {
        let delivery = &self.deliveries[id as usize];
        let rule = delivery.rule;
        let target = &self.rules[delivery.rule as usize].targets[delivery.target as usize];
        let (actor, attempts) = (delivery.actor, delivery.attempts);
        let at = core.now() + fails_ms + backoff(core, actor, attempts.saturating_sub(1));
        if attempts > target.retries_max || at > delivery.begun + target.age_max_ms {
            core.note(actor, || format!("the delivery is given up after {attempts} attempts"));
            measure_outcome(core, rule, false);
            return;
        }
        core.timer(at, 0, actor, attempts, TimerOwner::Delivery { delivery: id });
    }

    #[expect(clippy::too_many_arguments, reason = "one private call, and every part is a different type")]
    fn deliver(
        &mut self,
        core: &mut Core,
        actor: ActorId,
        (rule, target): (u32, u32),
        event: &Rc<Event>,
        payload: Json,
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
        });
        self.attempt(core, id, DELIVERY_MS + late_ms, DELIVERY_SPREAD_MS);
    }

    fn attempt(&mut self, core: &mut Core, id: u32, delay_ms: u64, spread_ms: u64) {
        let delivery = &mut self.deliveries[id as usize];
        let number = delivery.attempts;
        delivery.attempts += 1;
        let (actor, payload) = (delivery.actor, delivery.payload.clone());
        let target = &self.rules[delivery.rule as usize].targets[delivery.target as usize];
        if !target.permitted {
            // AWS: a missing permission is not tried again.
            measure_outcome(core, delivery.rule, false);
            core.note(actor, || "the delivery is given up: the target does not permit it".to_owned());
            return;
        }
        core.measure(EventsMetric::InvocationAttempts.of(delivery.rule), 1.0);
        if number > 0 {
            core.measure(EventsMetric::RetryInvocationAttempts.of(delivery.rule), 1.0);
        }
        let request = match &target.destination {
            Destination::StateMachine(machine) => {
                Request::States(Box::new(stepfunctions::Request::StartExecution(stepfunctions::StartExecution {
                    machine: stepfunctions::Machine::Index(*machine),
                    name: None,
                    input: payload,
                })))
            }
            Destination::Function(function) => Request::Lambda(Box::new(lambda::Invoke {
                function: lambda::Target::Index(*function),
                payload,
                mode: lambda::Mode::Asynchronous,
            })),
            Destination::Bus(arn) => Request::Events(Box::new(forwarded(arn, &delivery.event))),
            Destination::Other(arn) => {
                measure_outcome(core, delivery.rule, true);
                core.note(actor, || format!("delivered to {arn}, which is not simulated"));
                return;
            }
        };
        let caller = |reply_to| Caller { actor, occurrence: number, principal: target.role, reply_to };
        match core.fault(FaultId::EbRetry, actor, Name::DELIVERY, number) {
            0 => core.send_after(delay_ms, spread_ms, caller(ReplyTo::Delivery { delivery: id }), request),
            form => {
                if form == 2 {
                    core.send_after(delay_ms, spread_ms, caller(ReplyTo::Nobody), request);
                }
                self.try_again(core, id, delay_ms);
            }
        }
    }

    /// What the target gets; `None` when AWS drops the delivery without a word.
    fn payload(&self, rule: u32, target: u32, event: &Event, json: &Json) -> Option<Json> {
        let rule: &Rule = &self.rules[rule as usize];
        match &rule.targets[target as usize].input {
            TargetInput::Event => Some(json.clone()),
            TargetInput::Constant(value) => Some(value.clone()),
            TargetInput::Path(path) => path.apply(json).ok(),
            TargetInput::Transformer(transformer) => {
                let reserved =
                    Reserved { rule_arn: &rule.arn, rule_name: &rule.text, ingestion_time_ms: event.time_ms };
                let delivery = transformer.apply(json, &reserved).ok()?;
                // Text that is no JSON reaches only targets that take text.
                Some(delivery.value.unwrap_or(Json::String(delivery.text)))
            }
        }
    }
}

/// AWS: deliveries that failed for good count as invocations too; attempts that are tried again do not.
fn measure_outcome(core: &mut Core, rule: u32, delivered: bool) {
    core.measure(EventsMetric::Invocations.of(rule), 1.0);
    let more = if delivered { EventsMetric::SuccessfulInvocationAttempts } else { EventsMetric::FailedInvocations };
    core.measure(more.of(rule), 1.0);
}

/// AWS: an event sent on to another bus keeps its source, type, detail and resources.
fn forwarded(bus: &std::sync::Arc<str>, event: &Event) -> PutEvents {
    PutEvents::forwarded(PutEntry {
        bus: Some(bus.clone()),
        source: Some(event.source.clone()),
        detail_type: Some(event.detail_type.clone()),
        detail: Some(if event.detail.as_object().is_some() { Ok(event.detail.clone()) } else { Err(MalformedDetail) }),
        resources: event.resources.to_vec(),
    })
}

fn backoff(core: &mut Core, actor: ActorId, attempt: u32) -> u64 {
    let wait_ms = (BACKOFF_MS << attempt.min(10)).min(BACKOFF_MAX_MS);
    let step = core.choose(actor, Name::DELIVERY, Kind::Latency, attempt, &Weighted::Uniform(JITTER_STEPS));
    wait_ms + wait_ms * u64::from(step) / u64::from(JITTER_STEPS)
}
