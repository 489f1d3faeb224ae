use rehearsal_engine::Json;

use super::api::InvokeResponse;
use super::destinations::Ending;
use super::service::Lambda;
use crate::handlers::HostError;
use crate::services::{Answer, Response};
use crate::world::metrics::LambdaMetric;
use crate::world::{ActorId, Caller, Core, FaultId, Millis, Name, ReplyTo, TIMER_LATE_MS, TimerOwner, form_value};

/// An event in Lambda's own queue.
#[derive(Debug)]
pub(super) struct AsyncEvent {
    function: u32,
    payload: Json,
    actor: ActorId,
    /// Keys the request id, which every attempt and every duplicate has.
    pub(super) request: u64,
    accepted: Millis,
    /// Attempts that ended in a function error.
    errors: u32,
    /// Attempts that did not reach the function.
    refusals: u32,
}

/// AWS: after a function error the next attempt comes after about one minute, the one after that after two more.
const ERROR_BACKOFF_MS: [u64; 2] = [60_000, 120_000];
/// AWS: throttles and service errors back off from one second to five minutes.
const REFUSAL_BACKOFF_MS: u64 = 1_000;
const REFUSAL_BACKOFF_MAX_MS: u64 = 300_000;
/// The spontaneous duplicate comes this much later, by the fault's form.
const DUPLICATE_AFTER_MS: [u64; 2] = [0, 30_000];

impl Lambda {
    /// Accepts an asynchronous event: the caller hears 202 before anything runs.
    pub(super) fn accept_event(&mut self, core: &mut Core, caller: Caller, function: u32, payload: Json) {
        let accepted = InvokeResponse { status: 202, payload: Json::Null, failed: false };
        core.answer(caller.actor, caller.reply_to, Ok(Response::Lambda(accepted)));
        let actor = core.child(caller.actor, Name::ASYNC, caller.occurrence);
        let request = core.entropy(actor, Name::HANDLER, 0);
        core.measure(LambdaMetric::AsyncEventsReceived.of(function), 1.0);
        self.queue_event(core, (function, payload.clone()), actor, request, 0);
        let form = core.fault(FaultId::LaAsyncDup, actor, Name::LAMBDA_INVOKE, 0);
        if let Some(later_ms) = form_value(&DUPLICATE_AFTER_MS, form) {
            let twin = core.child(caller.actor, Name::ASYNC, caller.occurrence + 1_000);
            self.queue_event(core, (function, payload), twin, request, later_ms);
        }
    }

    /// An attempt of an asynchronous event is due.
    pub fn event_due(&mut self, core: &mut Core, id: u32) -> Result<(), HostError> {
        let event = &self.events[id as usize];
        let number = event.errors + event.refusals;
        let (actor, function, payload) = (event.actor, event.function, event.payload.clone());
        let age_ms = core.now() - event.accepted;
        core.measure(LambdaMetric::AsyncEventAge.of(function), age_ms as f64);
        self.invoke(core, actor, number, ReplyTo::AsyncEvent { event: id }, function, payload)
    }

    /// An attempt of an asynchronous event ended.
    pub fn event_answered(&mut self, core: &mut Core, id: u32, answer: &Answer) {
        let event = &mut self.events[id as usize];
        let function = &self.functions[event.function as usize];
        let wait_ms = match answer {
            Ok(Response::Lambda(response)) if response.failed => {
                event.errors += 1;
                if event.errors > function.async_retries_max {
                    core.note(event.actor, || "the event is given up after its last retry".to_owned());
                    self.end_event(core, id, answer, "RetriesExhausted");
                    return;
                }
                ERROR_BACKOFF_MS[(event.errors as usize - 1).min(1)]
            }
            Ok(_) => {
                self.end_event(core, id, answer, "Success");
                return;
            }
            Err(_) => {
                let doublings = event.refusals.min(9);
                event.refusals += 1;
                (REFUSAL_BACKOFF_MS << doublings).min(REFUSAL_BACKOFF_MAX_MS)
            }
        };
        if core.now() + wait_ms > event.accepted + function.async_age_max_ms {
            core.note(event.actor, || "the event is given up because of its age".to_owned());
            self.end_event(core, id, answer, "EventAgeExceeded");
            return;
        }
        let occurrence = event.errors + event.refusals;
        core.timer(core.now() + wait_ms, TIMER_LATE_MS, event.actor, occurrence, TimerOwner::AsyncEvent { event: id });
    }

    /// Tells whoever wants to know how an event ended.
    fn end_event(&mut self, core: &mut Core, id: u32, answer: &Answer, condition: &'static str) {
        let event = &self.events[id as usize];
        let response = match answer {
            Ok(Response::Lambda(response)) => Some(response),
            _ => None,
        };
        let succeeded = u32::from(condition == "Success");
        if succeeded == 0 {
            core.measure(LambdaMetric::AsyncEventsDropped.of(event.function), 1.0);
        }
        let ending = Ending {
            function: event.function,
            actor: event.actor,
            request: event.request,
            payload: &event.payload,
            attempts: event.errors + event.refusals + succeeded,
            response,
            condition,
        };
        self.event_ended(core, &ending);
        self.events[id as usize].payload = Json::Null;
    }

    fn queue_event(
        &mut self,
        core: &mut Core,
        (function, payload): (u32, Json),
        actor: ActorId,
        request: u64,
        delay_ms: u64,
    ) {
        let id = self.events.len() as u32;
        let accepted = core.now();
        self.events.push(AsyncEvent { function, payload, actor, request, accepted, errors: 0, refusals: 0 });
        core.timer(core.now() + delay_ms, 20, actor, 0, TimerOwner::AsyncEvent { event: id });
    }
}
