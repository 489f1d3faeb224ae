//! Hands what the queue holds to whom it concerns: requests to services, answers to who waits, timers to who set them.

use super::World;
use crate::handlers::{HostError, Sdk};
use crate::services::{Answer, Request};
use crate::world::{Caller, Entry, Parts, Principal, ReplyTo, TimerOwner};

impl World {
    pub(super) fn handle(&mut self, entry: Entry) -> Result<(), HostError> {
        match entry {
            Entry::Call { caller, request } => self.dispatch(caller, request),
            Entry::Answer { to, answer, .. } => self.pass_on(to, answer),
            Entry::Timer { actor, owner, occurrence } => match owner {
                TimerOwner::Invocation { invocation, what } => self.lambda.timer(&mut self.core, invocation, what),
                TimerOwner::AsyncEvent { event } => self.lambda.event_due(&mut self.core, event),
                TimerOwner::Execution { execution, timer } => {
                    self.stepfunctions.timer(&mut self.core, actor, occurrence, execution, timer);
                    self.note_executions();
                    Ok(())
                }
                TimerOwner::Delivery { delivery } => {
                    self.eventbridge.delivery_due(&mut self.core, delivery);
                    Ok(())
                }
                TimerOwner::Expiry { item, .. } => {
                    self.dynamodb.expiry_due(&mut self.core, actor, item);
                    let changed = self.dynamodb.take_changed();
                    self.touch(changed);
                    Ok(())
                }
                TimerOwner::Alarm { alarm } => {
                    self.cloudwatch.due(&mut self.core, alarm);
                    Ok(())
                }
                TimerOwner::Rule { rule } => {
                    self.eventbridge.switch_due(&mut self.core, rule);
                    Ok(())
                }
                TimerOwner::Replay { replay, event } => {
                    self.eventbridge.replay_due(&mut self.core, replay, event);
                    Ok(())
                }
                TimerOwner::Scheduler(what) => {
                    self.scheduler.due(&mut self.core, what);
                    Ok(())
                }
                TimerOwner::Schedule { rule } => {
                    self.eventbridge.tick(&mut self.core, rule);
                    Ok(())
                }
                TimerOwner::Actor { slot } => self.actor_due(slot),
                TimerOwner::Message { queue, message } => {
                    self.sqs.message_due(&mut self.core, queue, message);
                    self.note_queues();
                    Ok(())
                }
                TimerOwner::MoveTask { task } => {
                    self.sqs.move_due(&mut self.core, task);
                    self.note_queues();
                    Ok(())
                }
                TimerOwner::LongPoll { queue, poll } => {
                    self.sqs.poll_due(&mut self.core, queue, poll);
                    Ok(())
                }
                TimerOwner::Poller { poller } => self.lambda.poller_due(&mut self.core, poller),
                TimerOwner::Notification { delivery } => {
                    self.sns.delivery_due(&mut self.core, delivery);
                    self.touch(Parts::TOPICS);
                    Ok(())
                }
                TimerOwner::Outbox { item } => {
                    self.core.outgoing_due(item);
                    Ok(())
                }
                TimerOwner::Client { client } => {
                    let ended = self.clients.timer(&mut self.core, client)?;
                    self.note_clients();
                    self.client_ended(ended)
                }
            },
        }
    }

    fn dispatch(&mut self, caller: Caller, request: Request) -> Result<(), HostError> {
        if caller.principal != Principal::Anyone
            && let Err(denied) = self.permissions.check(&self.core, &caller, &request)
        {
            self.core.note(caller.actor, || format!("{}: {}", denied.code, denied.message));
            self.core.answer(caller.actor, caller.reply_to, Err(denied));
            return Ok(());
        }
        if self.core.may_refuse() && self.refuse(&caller, &request) {
            return Ok(());
        }
        match request {
            Request::CloudWatch(request) => {
                self.cloudwatch.handle(&mut self.core, caller, *request);
                Ok(())
            }
            Request::Rules(request) => {
                self.eventbridge.handle_rules(&mut self.core, caller, &request);
                Ok(())
            }
            Request::Archives(request) => {
                self.eventbridge.handle_archive(&mut self.core, caller, &request);
                Ok(())
            }
            Request::DynamoDb(request) => {
                let sdk = self.sdk(&caller);
                let (actor, executed) = (caller.actor, self.dynamodb.database.executed());
                self.dynamodb.handle(&mut self.core, caller, sdk, request);
                let changed = self.dynamodb.take_changed();
                self.touch(changed);
                if self.core.holds() && self.dynamodb.database.executed() > executed {
                    self.release_held(actor);
                }
                Ok(())
            }
            Request::Events(request) => {
                self.eventbridge.handle(&mut self.core, caller, &request);
                self.touch(Parts::EVENTS);
                Ok(())
            }
            Request::Lambda(request) => self.lambda.handle(&mut self.core, caller, *request),
            Request::States(request) => {
                self.stepfunctions.handle(&mut self.core, caller, *request);
                self.note_executions();
                Ok(())
            }
            Request::Streams(read) => {
                self.dynamodb.read_stream(&mut self.core, caller, *read);
                Ok(())
            }
            Request::S3(request) => {
                self.s3.handle(&mut self.core, caller, &request);
                Ok(())
            }
            Request::Sqs(request) => {
                let sdk = self.sdk(&caller);
                self.sqs.handle(&mut self.core, caller, sdk, *request);
                self.note_queues();
                Ok(())
            }
            Request::Sns(request) => {
                self.sns.handle(&mut self.core, caller, *request);
                self.touch(Parts::TOPICS);
                Ok(())
            }
        }
    }

    /// What the SDK of a caller does about a call that fails.
    fn sdk(&self, caller: &Caller) -> Sdk {
        match caller.reply_to {
            ReplyTo::Handler { invocation, .. } => self.lambda.sdk(invocation),
            ReplyTo::Client { client, .. } => self.clients.sdk(client),
            _ => Sdk::default(),
        }
    }

    pub(super) fn pass_on(&mut self, to: ReplyTo, answer: Answer) -> Result<(), HostError> {
        match to {
            ReplyTo::Nobody => Ok(()),
            ReplyTo::Handler { invocation, call } => self.lambda.answer(&mut self.core, invocation, call, answer),
            ReplyTo::AsyncEvent { event } => {
                self.lambda.event_answered(&mut self.core, event, &answer);
                Ok(())
            }
            ReplyTo::Task { execution, task } => {
                self.stepfunctions.answer(&mut self.core, execution, task, answer);
                self.note_executions();
                Ok(())
            }
            ReplyTo::Delivery { delivery } => {
                self.eventbridge.delivery_answered(&mut self.core, delivery, &answer);
                Ok(())
            }
            ReplyTo::Schedule { invocation } => {
                self.scheduler.answered(&mut self.core, invocation, &answer);
                Ok(())
            }
            ReplyTo::Actor { slot } => self.actor_answered(slot, &answer),
            ReplyTo::Poller { poller } => self.lambda.poller_answered(&mut self.core, poller, answer),
            ReplyTo::Notification { delivery } => {
                self.sns.delivery_answered(&mut self.core, delivery, &answer);
                Ok(())
            }
            ReplyTo::Outbox { item } => {
                self.core.outgoing_answered(item, &answer);
                Ok(())
            }
            ReplyTo::Client { client, process, call } => {
                let ended = self.clients.answer(&mut self.core, client, process, call, answer)?;
                self.note_clients();
                self.client_ended(ended)
            }
        }
    }
}
