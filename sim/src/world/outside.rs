//! The outside world: the actors of the workload, who take one step after the other, look at the world, and answer task
//! tokens late, twice or never.

use std::rc::Rc;

use super::workload::{ActorStep, Look, Looked};
use super::{Caller, FaultId, Millis, Parts, Principal, QueueId, ReplyTo, TimerOwner, World, form_value};
use crate::handlers::HostError;
use crate::services::stepfunctions::{self, SendTask, TaskOutcome};
use crate::services::{Answer, Request};

/// An actor that waits until the world has what it looks for.
pub(super) struct Watch {
    slot: u32,
    look: Rc<dyn Look>,
    /// When it gives up.
    deadline: Option<QueueId>,
}

/// By so much a repeated answer to a token is later, by the fault's form.
const AGAIN_AFTER_MS: [u64; 2] = [0, 60_000];
/// By so much a late answer is later, by the fault's form.
const LATE_BY_MS: [u64; 3] = [60_000, 600_000, 3_600_000];
/// So long pauses whoever keeps a task alive, by the fault's form.
const PAUSES_MS: [u64; 2] = [60_000, 600_000];
/// Occurrences of repeated answers stand above those of the steps.
const AGAIN_OCCURRENCE: u32 = 1 << 20;

impl World {
    /// A timer of an actor is due: its begin, the end of its wait, or the end of its patience.
    pub(super) fn actor_due(&mut self, slot: u32) -> Result<(), HostError> {
        if let Some(place) = self.watches.iter().position(|watch| watch.slot == slot) {
            self.watches.remove(place);
            let planned = &self.actors[slot as usize];
            self.progress[slot as usize] = planned.steps.len() as u32;
            let actor = planned.actor;
            self.core.note(actor, || "gives up waiting".to_owned());
            return Ok(());
        }
        self.act(slot)
    }

    /// What an actor sent is answered.
    pub(super) fn actor_answered(&mut self, slot: u32, answer: &Answer) -> Result<(), HostError> {
        let sent = self.progress[slot as usize].checked_sub(1);
        let step = sent.and_then(|at| self.actors[slot as usize].steps.get(at as usize));
        if let Some(ActorStep::Look(look)) = step {
            look.answered(answer);
        }
        self.act(slot)
    }

    /// Lets those look again whom a change may concern, in the order of their slots.
    pub(super) fn wake_watchers(&mut self, changed: Parts) -> Result<(), HostError> {
        let mut woken: Vec<u32> = Vec::new();
        for watch in &self.watches {
            if watch.look.reads().meets(changed) && self.sees(watch.slot, &*watch.look)? {
                woken.push(watch.slot);
            }
        }
        woken.sort_unstable();
        for slot in woken {
            let Some(place) = self.watches.iter().position(|watch| watch.slot == slot) else { continue };
            if let Some(deadline) = self.watches.remove(place).deadline {
                self.core.cancel(deadline);
            }
            self.act(slot)?;
        }
        Ok(())
    }

    fn sees(&self, slot: u32, look: &dyn Look) -> Result<bool, HostError> {
        let looked = look.look(&self.view()).map_err(|error| self.cannot(slot, &error))?;
        Ok(!matches!(looked, Looked::NotYet))
    }

    fn cannot(&self, slot: u32, error: &str) -> HostError {
        let actor = self.core.lineages().text(self.core.names(), self.actors[slot as usize].actor);
        HostError(format!("the actor '{actor}' cannot take its step: {error}"))
    }

    /// An actor takes its next step.
    fn act(&mut self, slot: u32) -> Result<(), HostError> {
        loop {
            let at = self.progress[slot as usize];
            self.progress[slot as usize] += 1;
            let Some(step) = self.actors[slot as usize].steps.get(at as usize).cloned() else { return Ok(()) };
            let taken = match step {
                ActorStep::Look(look) => match look.look(&self.view()).map_err(|error| self.cannot(slot, &error))? {
                    Looked::Skip => true,
                    Looked::Take(step) => self.take(slot, at, step)?,
                    Looked::NotYet => {
                        self.watch(slot, at, look);
                        false
                    }
                },
                step => self.take(slot, at, step)?,
            };
            if !taken {
                return Ok(());
            }
        }
    }

    fn watch(&mut self, slot: u32, at: u32, look: Rc<dyn Look>) {
        let actor = self.actors[slot as usize].actor;
        let deadline = look.within_ms().map(|ms| {
            let due = self.core.now() + ms;
            self.core.timer(due, 0, actor, at + 1, TimerOwner::Actor { slot })
        });
        self.watches.push(Watch { slot, look, deadline });
        // It will be taken again once there is something to see.
        self.progress[slot as usize] = at;
    }

    /// Takes a step that needs no look; whether it is over at once.
    fn take(&mut self, slot: u32, at: u32, step: ActorStep) -> Result<bool, HostError> {
        Ok(match step {
            ActorStep::Look(_) => true,
            ActorStep::Run(run) => {
                let caller = self.caller(slot, at);
                let is_over = self.clients.begin(&mut self.core, caller, slot, run)?.is_some();
                self.note_clients();
                is_over
            }
            ActorStep::Wait { ms } => {
                let due = self.core.now() + ms;
                let actor = self.actors[slot as usize].actor;
                self.core.timer(due, 0, actor, at + 1, TimerOwner::Actor { slot });
                false
            }
            ActorStep::Callback(request) => self.send_callback(slot, at, request),
            ActorStep::Send(request) => match &request {
                Request::States(states) if matches!(&**states, stepfunctions::Request::SendTask(_)) => {
                    self.send_callback(slot, at, request)
                }
                _ => {
                    self.core.send(self.caller(slot, at), request);
                    false
                }
            },
        })
    }

    /// The script of the actor in this slot is over, if there is one: the actor takes its next step.
    pub(super) fn client_ended(&mut self, slot: Option<u32>) -> Result<(), HostError> {
        slot.map_or(Ok(()), |slot| self.act(slot))
    }

    /// Sends what answers a task token, or keeps its task alive.
    fn send_callback(&mut self, slot: u32, at: u32, request: Request) -> bool {
        let caller = self.caller(slot, at);
        let (actor, operation) = (caller.actor, request.operation());
        let token = match &request {
            Request::States(states) => match &**states {
                stepfunctions::Request::SendTask(send) => Some(&send.token),
                _ => None,
            },
            _ => None,
        };
        let deadline = token.and_then(|token| self.stepfunctions.deadline_of(&self.core, token));
        let is_heartbeat = matches!(&request, Request::States(states)
            if matches!(&**states, stepfunctions::Request::SendTask(SendTask { outcome: TaskOutcome::Heartbeat, .. })));
        let core = &mut self.core;
        let mut strike = |fault| core.fault(fault, actor, operation, at);
        let mut edge = None;
        let (late_ms, again) = if is_heartbeat {
            (form_value(&PAUSES_MS, strike(FaultId::SfHeartbeat)), None)
        } else {
            if strike(FaultId::SfCbLost) != 0 {
                return true;
            }
            let again = form_value(&AGAIN_AFTER_MS, strike(FaultId::SfCbDup));
            // Without a deadline there is nothing to be just before or after.
            let forms = LATE_BY_MS.len() + if deadline.is_some() { 2 } else { 0 };
            let form = core.fault_in_forms(forms, FaultId::SfCbLate, actor, operation, at);
            edge = match (form as usize).checked_sub(LATE_BY_MS.len()) {
                Some(1) => deadline.map(|at| Millis(at.0 - 1)),
                Some(2) => deadline.map(|at| at + 1),
                _ => None,
            };
            (form_value(&LATE_BY_MS, form), again)
        };
        let late_ms = edge.map_or(late_ms.unwrap_or(0), |edge| edge - self.core.now());
        if let Some(after_ms) = again {
            let again = Caller { occurrence: at + AGAIN_OCCURRENCE, reply_to: ReplyTo::Nobody, ..caller };
            self.core.send_delayed(late_ms + after_ms, again, request.clone());
        }
        match edge {
            Some(_) => self.core.send_after(late_ms, 0, caller, request),
            None => self.core.send_delayed(late_ms, caller, request),
        }
        false
    }

    fn caller(&self, slot: u32, at: u32) -> Caller {
        let actor = self.actors[slot as usize].actor;
        Caller { actor, occurrence: at, principal: Principal::Anyone, reply_to: ReplyTo::Actor { slot } }
    }
}
