//! The Task state: calls, their answers, their timers.

use std::sync::Arc;

use super::failure::Failure;
use super::flow::Stage;
use super::formula::Document;
use super::step::Then;
use super::thread::{OpenTask, Step, ThreadId};
use super::{Effect, Env, Event, Execution, Invocation, PAYLOAD_BYTES_MAX, Resumed, TimerId, TimerPurpose};
use crate::asl::{Computed, DataFlow, Resource, TaskWork};
use crate::history::{Kind, Payload, TaskEvent};
use crate::json::Json;

/// How a call ended, for the history.
enum End {
    ScheduleFailed,
    StartFailed,
    SubmitFailed,
    Failed,
    TimedOut,
}

impl Execution {
    pub(super) fn schedule(
        &mut self,
        id: ThreadId,
        work: &TaskWork,
        data: &DataFlow,
        env: &mut dyn Env,
    ) -> Result<Then, Failure> {
        let task = self.next_task(id);
        let site = self.thread(id).site();
        let token = work.resource.has_token().then(|| env.task_token(&site));
        let view = self.view(id).with_token(token.as_ref());
        let input = self.selected(id, &data.input_path, &self.thread(id).input, view)?;
        let parameters = match &data.parameters {
            None => input.clone(),
            Some(payload) => self.evaluated(id, payload, &input, Document::Input, view, Stage::Parameters, env)?,
        };
        let mut number = |seconds: &Option<_>, field| {
            seconds.as_ref().map(|seconds| self.whole_number(id, seconds, field, &input, view, env)).transpose()
        };
        let timeout_seconds = number(&work.timeout, "TimeoutSecondsPath")?;
        let heartbeat_seconds = number(&work.heartbeat, "HeartbeatSecondsPath")?;
        let role_arn = self.role_arn(id, work.credentials.as_ref(), &input, env)?;
        env.admit(&work.resource, &parameters).map_err(|detail| self.runtime(id, detail))?;
        if parameters.measure().bytes > PAYLOAD_BYTES_MAX {
            return Err(Failure::too_large(self.program.at(site.state).name()).uncatchable());
        }

        let now_ms = env.now_ms();
        let scheduled = self.history.record(self.thread(id).last_event, now_ms, || {
            let payload = Payload::Json(parameters.clone());
            let role_arn = role_arn.clone();
            match &*work.resource {
                Resource::Lambda { arn } => {
                    Kind::LambdaFunctionScheduled { resource: arn.clone(), input: payload, timeout_seconds, role_arn }
                }
                Resource::Activity { arn } => Kind::ActivityScheduled {
                    resource: arn.clone(),
                    input: payload,
                    timeout_seconds,
                    heartbeat_seconds,
                },
                resource => Kind::TaskScheduled {
                    task: task_event(resource),
                    region: self.region.clone(),
                    parameters: payload,
                    timeout_seconds,
                    heartbeat_seconds,
                    role_arn,
                },
            }
        });
        self.thread_mut(id).last_event = scheduled;
        if self.history.is_full() {
            return Ok(Then::Continue(id));
        }
        let timeout_ms = timeout_seconds.map(|seconds| seconds.saturating_mul(1000));
        // AWS: only what ends through a token is expected to send heartbeats.
        let heartbeat_ms = heartbeat_seconds.filter(|_| work.resource.is_callback()).map(|s| s.saturating_mul(1000));
        let timeout = timeout_ms.map(|delay_ms| self.set_timer(id, now_ms, delay_ms, TimerPurpose::Timeout));
        let is_activity = matches!(&*work.resource, Resource::Activity { .. });
        // AWS: an activity's heartbeat counts from when a worker took the task.
        let heartbeat = heartbeat_ms.filter(|_| !is_activity);
        let heartbeat = heartbeat.map(|delay_ms| self.set_timer(id, now_ms, delay_ms, TimerPurpose::Heartbeat));
        self.thread_mut(id).task = Some(OpenTask { id: task, token: token.clone(), timeout, heartbeat, heartbeat_ms });
        self.effects.push(Effect::Invoke(Box::new(Invocation {
            task,
            site,
            resource: work.resource.clone(),
            parameters,
            token,
            role_arn,
            timeout_ms,
            heartbeat_ms,
        })));
        Ok(Then::Stop)
    }

    pub(super) fn task_event(&mut self, event: Event, env: &mut dyn Env) -> Resumed {
        let Some(task) = event.task() else { return Resumed::Stale };
        let owner = ThreadId((task.0 >> 32) as u32);
        if self.threads.get(owner.index()).is_some_and(|thread| thread.child.is_some()) {
            return self.resume_child(owner, task.0, event, env);
        }
        let Some(id) = self.thread_of(task) else { return Resumed::Stale };
        let now_ms = env.now_ms();
        let Some(resource) = self.program.at(self.thread(id).state).resource().cloned() else {
            return self.reader_answered(id, event);
        };
        match event {
            Event::Started { worker, .. } => {
                self.task_record(id, now_ms, || match &*resource {
                    Resource::Lambda { .. } => Kind::LambdaFunctionStarted,
                    Resource::Activity { .. } => Kind::ActivityStarted { worker },
                    other => Kind::TaskStarted { task: task_event(other) },
                });
                self.restart_heartbeat(id, now_ms);
            }
            Event::Submitted { output, .. } => self.task_record(id, now_ms, || Kind::TaskSubmitted {
                task: task_event(&resource),
                output: Payload::Json(output),
            }),
            Event::Heartbeat { .. } => self.restart_heartbeat(id, now_ms),
            Event::Succeeded { output, .. } if output.measure().bytes > PAYLOAD_BYTES_MAX => {
                // AWS: too large a result is an error of the task, which can be caught.
                let what = match &*resource {
                    Resource::Service(call) => &call.service,
                    other => other.arn(),
                };
                self.end_task(id, &resource, &End::Failed, Failure::too_large(what), now_ms);
            }
            Event::Succeeded { output, .. } => {
                self.close_task(id);
                self.task_record(id, now_ms, || {
                    let output = Payload::Json(output.clone());
                    match &*resource {
                        Resource::Lambda { .. } => Kind::LambdaFunctionSucceeded { output },
                        Resource::Activity { .. } => Kind::ActivitySucceeded { output },
                        other => Kind::TaskSucceeded { task: task_event(other), output },
                    }
                });
                self.go_on(id, Ok(output));
            }
            Event::Failed { error, cause, .. } => {
                self.end_task(id, &resource, &End::Failed, Failure::named(error, cause), now_ms);
            }
            Event::ScheduleFailed { error, cause, .. } => {
                self.end_task(id, &resource, &End::ScheduleFailed, Failure::named(error, cause), now_ms);
            }
            Event::StartFailed { error, cause, .. } => {
                self.end_task(id, &resource, &End::StartFailed, Failure::named(error, cause), now_ms);
            }
            Event::SubmitFailed { error, cause, .. } => {
                self.end_task(id, &resource, &End::SubmitFailed, Failure::named(error, cause), now_ms);
            }
            Event::TimedOut { .. } => self.end_task(id, &resource, &End::TimedOut, Failure::timeout(), now_ms),
            Event::TimerFired(_) | Event::Stop { .. } | Event::Redrive => {}
        }
        Resumed::Accepted
    }

    pub(super) fn timer_fired(&mut self, timer: TimerId, env: &mut dyn Env) -> Resumed {
        let id = ThreadId((timer.0 >> 32) as u32);
        let Some(thread) = self.threads.get_mut(id.index()) else { return Resumed::Stale };
        if thread.child.is_some() {
            return self.resume_child(id, timer.0, Event::TimerFired(timer), env);
        }
        if thread.timer == Some(timer) {
            thread.timer = None;
            self.ready.push_back(id);
            return Resumed::Accepted;
        }
        let failure = match &thread.task {
            Some(task) if task.timeout == Some(timer) => Failure::timeout(),
            Some(task) if task.heartbeat == Some(timer) => Failure::heartbeat_timeout(),
            _ => return Resumed::Stale,
        };
        let Some(resource) = self.program.at(self.thread(id).state).resource().cloned() else { return Resumed::Stale };
        if let Some(task) = self.thread(id).task.as_ref().map(|task| task.id) {
            self.effects.push(Effect::Abandon { task });
        }
        self.end_task(id, &resource, &End::TimedOut, failure, env.now_ms());
        Resumed::Accepted
    }

    fn end_task(&mut self, id: ThreadId, resource: &Resource, end: &End, failure: Failure, now_ms: u64) {
        self.close_task(id);
        self.task_record(id, now_ms, || {
            let (error, cause) = (failure.error.clone(), failure.cause.clone());
            match (resource, end) {
                (Resource::Lambda { .. }, End::ScheduleFailed) => Kind::LambdaFunctionScheduleFailed { error, cause },
                (Resource::Lambda { .. }, End::StartFailed) => Kind::LambdaFunctionStartFailed { error, cause },
                (Resource::Lambda { .. }, End::TimedOut) => Kind::LambdaFunctionTimedOut { error, cause },
                (Resource::Lambda { .. }, _) => Kind::LambdaFunctionFailed { error, cause },
                (Resource::Activity { .. }, End::ScheduleFailed) => Kind::ActivityScheduleFailed { error, cause },
                (Resource::Activity { .. }, End::TimedOut) => Kind::ActivityTimedOut { error, cause },
                (Resource::Activity { .. }, _) => Kind::ActivityFailed { error, cause },
                (other, end) => {
                    let task = task_event(other);
                    match end {
                        End::StartFailed => Kind::TaskStartFailed { task, error, cause },
                        End::SubmitFailed => Kind::TaskSubmitFailed { task, error, cause },
                        End::TimedOut => Kind::TaskTimedOut { task, error, cause },
                        End::Failed | End::ScheduleFailed => Kind::TaskFailed { task, error, cause },
                    }
                }
            }
        });
        self.go_on(id, Err(failure));
    }

    /// A Map's only tasks are its `ItemReader` and `ResultWriter`; the history does not show them.
    fn reader_answered(&mut self, id: ThreadId, event: Event) -> Resumed {
        let read = match event {
            Event::Succeeded { output, .. } => Ok(output),
            Event::Failed { error, cause, .. }
            | Event::ScheduleFailed { error, cause, .. }
            | Event::StartFailed { error, cause, .. }
            | Event::SubmitFailed { error, cause, .. } => Err(Failure::named(error, cause)),
            Event::TimedOut { .. } => Err(Failure::timeout()),
            _ => return Resumed::Accepted,
        };
        self.close_task(id);
        self.thread_mut(id).step = Step::RunAnswered(read);
        self.ready.push_back(id);
        Resumed::Accepted
    }

    fn go_on(&mut self, id: ThreadId, result: Result<Json, Failure>) {
        self.thread_mut(id).step = Step::Worked(result);
        self.ready.push_back(id);
    }

    fn task_record(&mut self, id: ThreadId, now_ms: u64, kind: impl FnOnce() -> Kind) {
        let last = self.thread(id).last_event;
        self.thread_mut(id).last_event = self.history.record(last, now_ms, kind);
    }

    fn set_timer(&mut self, id: ThreadId, now_ms: u64, delay_ms: u64, purpose: TimerPurpose) -> TimerId {
        let timer = self.next_timer(id);
        let (at_ms, site) = (now_ms.saturating_add(delay_ms), self.thread(id).site());
        self.effects.push(Effect::SetTimer { timer, at_ms, site, purpose });
        timer
    }

    fn restart_heartbeat(&mut self, id: ThreadId, now_ms: u64) {
        let Some(task) = &mut self.thread_mut(id).task else { return };
        let (Some(delay_ms), old) = (task.heartbeat_ms, task.heartbeat.take()) else { return };
        if let Some(timer) = old {
            self.effects.push(Effect::CancelTimer { timer });
        }
        let timer = self.set_timer(id, now_ms, delay_ms, TimerPurpose::Heartbeat);
        if let Some(task) = &mut self.thread_mut(id).task {
            task.heartbeat = Some(timer);
        }
    }

    fn role_arn(
        &self,
        id: ThreadId,
        credentials: Option<&Computed>,
        input: &Json,
        env: &mut dyn Env,
    ) -> Result<Option<Arc<str>>, Failure> {
        let Some(credentials) = credentials else { return Ok(None) };
        let view = self.view(id);
        let evaluated = self.evaluated(id, credentials, input, Document::Input, view, Stage::Credentials, env)?;
        match evaluated.get("RoleArn") {
            Some(Json::String(role_arn)) => Ok(Some(role_arn.clone())),
            other => {
                let found = other.map_or("nothing", Json::kind);
                Err(self.runtime(id, format_args!("The field 'RoleArn' must be a string, but was {found}")))
            }
        }
    }
}

/// The names of a service call in task events.
fn task_event(resource: &Resource) -> TaskEvent {
    match resource {
        Resource::Service(call) => TaskEvent { resource_type: call.service.clone(), resource: call.resource.clone() },
        other => TaskEvent { resource_type: "placeholder".into(), resource: other.arn().clone() },
    }
}
