use std::rc::Rc;
use std::sync::Arc;

use super::api::{Endpoint, Protocol};
use super::envelope;
use super::service::{Notification, Sns};
use crate::services::{Answer, Request, lambda, sqs};
use crate::world::metrics::SnsMetric;
use crate::world::{ActorId, Caller, Core, FaultId, Name, Principal, ReplyTo, TIMER_LATE_MS, TimerOwner, form_value};

/// One message on its way to one subscription.
#[derive(Debug)]
pub(super) struct Delivery {
    subscription: u32,
    actor: ActorId,
    notification: Rc<Notification>,
    attempts: u32,
}

/// A delivery usually takes so long; its order against others within the spread is open.
const DELIVERY_MS: u64 = 30;
const DELIVERY_SPREAD_MS: u64 = 270;
/// Late deliveries, by the fault's form.
const DELAYED_MS: [u64; 3] = [1_000, 60_000, 3_600_000];
const REORDERED_MS: u64 = 2_000;
/// The second delivery of a duplicate comes this much later, by the fault's form.
const DUPLICATE_AFTER_MS: [u64; 2] = [0, 60_000];

/// AWS: to a queue or a function, three attempts without a wait, two after a second each, ten backing off from one second
/// to twenty, then one every twenty seconds, 100,015 in all over 23 days.
fn backoff_ms(attempts: u32) -> Option<u64> {
    const BACKING_OFF: [u64; 10] = [1, 1, 2, 3, 4, 6, 8, 11, 15, 20];
    const ATTEMPTS_MAX: u32 = 100_015;
    match attempts {
        0..=3 => Some(0),
        4 | 5 => Some(1_000),
        6..=15 => Some(BACKING_OFF[attempts as usize - 6] * 1_000),
        _ if attempts < ATTEMPTS_MAX => Some(20_000),
        _ => None,
    }
}

impl Sns {
    /// Sends a message to every subscription that wants it.
    pub(super) fn deliver_to_all(&mut self, core: &mut Core, actor: ActorId, notification: &Rc<Notification>) {
        for subscription in 0..self.topics[notification.topic].settings.subscriptions.len() as u32 {
            let settings = &self.topics[notification.topic].settings;
            let own = &settings.subscriptions[subscription as usize];
            let (name, fifo) = (own.name, settings.fifo);
            let text = envelope::text_for(notification, own.endpoint.protocol());
            if own.filter.as_ref().is_some_and(|filter| !filter.wants(&text, &notification.attributes)) {
                core.note(actor, || format!("{} does not want it", own.arn));
                core.measure(SnsMetric::NumberOfNotificationsFilteredOut.of(notification.topic as u32), 1.0);
                continue;
            }
            // AWS: a FIFO topic keeps order and delivers once to FIFO queues.
            let late_ms = if fifo {
                0
            } else {
                let delayed =
                    form_value(&DELAYED_MS, core.fault(FaultId::SnDelay, actor, name, subscription)).unwrap_or(0);
                let behind = core.fault(FaultId::SnReorder, actor, name, subscription) != 0;
                delayed + if behind { REORDERED_MS } else { 0 }
            };
            self.deliver(core, actor, name, subscription * 2, subscription, notification, late_ms);
            let form = if fifo { 0 } else { core.fault(FaultId::SnDup, actor, name, subscription) };
            if let Some(after_ms) = form_value(&DUPLICATE_AFTER_MS, form) {
                let again_ms = late_ms + after_ms;
                self.deliver(core, actor, name, subscription * 2 + 1, subscription, notification, again_ms);
            }
        }
    }

    /// The next attempt of a delivery is due.
    pub fn delivery_due(&mut self, core: &mut Core, id: u32) {
        self.attempt(core, id, 0, 0);
    }

    /// The answer to an attempt arrived.
    pub fn delivery_answered(&mut self, core: &mut Core, id: u32, answer: &Answer) {
        let Some(delivery) = self.deliveries.get(id as usize) else { return };
        let Err(error) = answer else {
            core.measure(SnsMetric::NumberOfNotificationsDelivered.of(delivery.notification.topic as u32), 1.0);
            return;
        };
        let (actor, attempts) = (delivery.actor, delivery.attempts);
        // AWS: only failures on the side of the endpoint's service are tried again.
        let retriable = error.status >= 500 || error.status == 429;
        match backoff_ms(attempts).filter(|_| retriable) {
            Some(wait_ms) => {
                let at = core.now() + wait_ms;
                core.timer(at, TIMER_LATE_MS, actor, attempts, TimerOwner::Notification { delivery: id });
            }
            None => self.give_up(core, id, &format!("{}: {}", error.code, error.message)),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one private call, and every part is a different type")]
    fn deliver(
        &mut self,
        core: &mut Core,
        parent: ActorId,
        name: Name,
        number: u32,
        subscription: u32,
        notification: &Rc<Notification>,
        late_ms: u64,
    ) {
        let actor = core.child(parent, name, number);
        let id = self.deliveries.len() as u32;
        self.deliveries.push(Delivery { subscription, actor, notification: notification.clone(), attempts: 0 });
        // A FIFO topic's deliveries keep their order.
        let spread_ms = if self.topics[notification.topic].settings.fifo { 0 } else { DELIVERY_SPREAD_MS };
        self.attempt(core, id, DELIVERY_MS + late_ms, spread_ms);
    }

    fn attempt(&mut self, core: &mut Core, id: u32, delay_ms: u64, spread_ms: u64) {
        let Some(delivery) = self.deliveries.get_mut(id as usize) else { return };
        let (actor, number) = (delivery.actor, delivery.attempts);
        delivery.attempts += 1;
        let notification = delivery.notification.clone();
        let own = &self.topics[notification.topic].settings.subscriptions[delivery.subscription as usize];
        let request = match &own.endpoint {
            Endpoint::Address { protocol, address } => {
                let reached: Arc<str> = format!("{protocol}:{address}").into();
                core.note(actor, || format!("reaches {reached}"));
                core.measure(SnsMetric::NumberOfNotificationsDelivered.of(notification.topic as u32), 1.0);
                self.reached.push((notification.topic, notification, reached));
                return;
            }
            _ if !own.permitted => {
                self.give_up(core, id, "the endpoint does not permit it");
                return;
            }
            Endpoint::Queue(queue) => {
                let mut send = sqs::SendMessage::new(queue.clone(), "");
                if own.raw {
                    send.body = envelope::text_for(&notification, Protocol::Sqs);
                    send.attributes.clone_from(&notification.attributes);
                } else {
                    send.body = envelope::to_queue(&notification, &own.arn).to_string().into();
                }
                send.group.clone_from(&notification.group);
                send.deduplication.clone_from(&notification.deduplication);
                Request::Sqs(Box::new(sqs::Request::SendMessage(send)))
            }
            Endpoint::Function(function) => Request::Lambda(Box::new(lambda::Invoke {
                function: lambda::Target::Index(*function),
                payload: envelope::to_function(&notification, &own.arn),
                mode: lambda::Mode::Asynchronous,
            })),
        };
        let reply_to = ReplyTo::Notification { delivery: id };
        let caller = Caller { actor, occurrence: number, principal: Principal::Anyone, reply_to };
        core.send_after(delay_ms, spread_ms, caller, request);
    }

    /// The message cannot be delivered: it goes to the subscription's dead-letter queue, or nowhere.
    fn give_up(&mut self, core: &mut Core, id: u32, why: &str) {
        let Some(delivery) = self.deliveries.get(id as usize) else { return };
        let actor = delivery.actor;
        let topic = delivery.notification.topic as u32;
        core.measure(SnsMetric::NumberOfNotificationsFailed.of(topic), 1.0);
        let own = &self.topics[delivery.notification.topic].settings.subscriptions[delivery.subscription as usize];
        let Some((queue, permitted)) = &own.dead_letter else {
            core.note(actor, || format!("the notification is given up: {why}"));
            return;
        };
        if !permitted {
            core.note(actor, || format!("the notification is lost: {why}; and {queue} does not permit it either"));
            return;
        }
        core.note(actor, || format!("the notification goes to the dead-letter queue: {why}"));
        core.measure(SnsMetric::NumberOfNotificationsRedrivenToDlq.of(topic), 1.0);
        let mut send = sqs::SendMessage::new(queue.clone(), "");
        send.body = if own.raw {
            envelope::text_for(&delivery.notification, Protocol::Sqs)
        } else {
            envelope::to_queue(&delivery.notification, &own.arn).to_string().into()
        };
        let caller = Caller { actor, occurrence: 0, principal: Principal::Anyone, reply_to: ReplyTo::Nobody };
        core.send_until_taken(caller, Request::Sqs(Box::new(sqs::Request::SendMessage(send))));
    }
}

#[cfg(test)]
mod tests {
    use super::backoff_ms;

    #[test]
    fn an_endpoint_of_aws_is_tried_for_twenty_three_days() {
        let waits: Vec<u64> = (1..=16).filter_map(backoff_ms).collect();
        assert_eq!(waits[..5], [0, 0, 0, 1_000, 1_000]);
        assert_eq!(waits[14..], [20_000, 20_000]);
        let days = (1..).map_while(backoff_ms).sum::<u64>() / 86_400_000;
        assert_eq!(days, 23);
        assert_eq!((1..).map_while(backoff_ms).count() + 1, 100_015);
    }
}
