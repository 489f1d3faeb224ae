//! Activities: work that waits until a worker asks for it.

use std::collections::VecDeque;
use std::sync::Arc;

use rehearsal_engine::execution::{Event, TaskId};
use rehearsal_engine::{Json, json};

use super::service::StepFunctions;
use crate::services::{ApiError, Response};
use crate::world::{Caller, Core, Parts, QueueId};

/// An activity of the template.
pub struct Activity {
    /// Its ARN.
    pub arn: Arc<str>,
    waiting: VecDeque<Work>,
    pollers: VecDeque<Poller>,
}

struct Work {
    execution: u32,
    task: TaskId,
    input: Json,
}

struct Poller {
    caller: Caller,
    worker: Option<Arc<str>>,
    /// The empty answer that it gets when nothing comes.
    empty: QueueId,
}

/// AWS: the longest poll.
const LONG_POLL_MS: u64 = 60_000;

impl Activity {
    /// An activity for which nobody waits.
    pub fn new(arn: Arc<str>) -> Activity {
        Activity { arn, waiting: VecDeque::new(), pollers: VecDeque::new() }
    }

    pub(super) fn reset(&mut self) {
        self.waiting.clear();
        self.pollers.clear();
    }
}

impl StepFunctions {
    /// A task puts its work into the queue of its activity.
    pub(super) fn offer(&mut self, core: &mut Core, activity: u32, execution: u32, task: TaskId, input: Json) {
        let Some(activity) = self.activities_mut().get_mut(activity as usize) else { return };
        let work = Work { execution, task, input };
        // Those who have had their empty answer wait no longer.
        while let Some(poller) = activity.pollers.pop_front() {
            if core.cancel(poller.empty) {
                self.hand_over(core, &work, poller.caller, poller.worker);
                return;
            }
        }
        activity.waiting.push_back(work);
    }

    /// A worker asks for work; the answer may take a minute.
    pub(super) fn poll_activity(
        &mut self,
        core: &mut Core,
        caller: Caller,
        arn: &str,
        worker: Option<Arc<str>>,
    ) -> Result<(), ApiError> {
        let Some(place) = self.activities_mut().iter().position(|activity| *activity.arn == *arn) else {
            return Err(ApiError::new("ActivityDoesNotExist", format!("Activity Does Not Exist: '{arn}'")));
        };
        while let Some(work) = self.activities_mut()[place].waiting.pop_front() {
            if self.is_open(work.execution, work.task) {
                self.hand_over(core, &work, caller, worker);
                return Ok(());
            }
        }
        // AWS: an empty answer has a null token.
        let nothing = Ok(Response::States(json!({"taskToken": null})));
        let (actor, reply_to) = (caller.actor, caller.reply_to);
        if let Some(empty) = core.answer_later(LONG_POLL_MS, actor, caller.occurrence, reply_to, nothing) {
            self.activities_mut()[place].pollers.push_back(Poller { caller, worker, empty });
        }
        Ok(())
    }

    fn hand_over(&mut self, core: &mut Core, work: &Work, caller: Caller, worker: Option<Arc<str>>) {
        let record = &mut self.records_mut()[work.execution as usize];
        let Some(open) = record.tasks.iter_mut().find(|open| open.task == work.task) else { return };
        open.is_polled = true;
        let Some(token) = open.token.clone() else { return };
        let answer = json!({"taskToken": token, "input": work.input.to_string()});
        core.answer(caller.actor, caller.reply_to, Ok(Response::States(answer)));
        let started = Event::Started { task: work.task, worker };
        let _ = self.resume(core, work.execution, started);
        self.mark(Parts::TOKENS);
        self.drive(core, work.execution);
    }

    fn is_open(&self, execution: u32, task: TaskId) -> bool {
        self.records().get(execution as usize).is_some_and(|record| record.tasks.iter().any(|open| open.task == task))
    }
}
