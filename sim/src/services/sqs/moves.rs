//! Message move tasks: what takes dead letters back to where they came from, or to another queue.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rehearsal_engine::{Json, json};

use super::api::MoveRequest;
use super::message::MessageState;
use super::service::Sqs;
use crate::services::ApiError;
use crate::world::{Caller, Core, Millis, Name, TimerOwner, uuid};

/// AWS: a task moves at most this many messages a second, and chooses by itself when nobody says; here it is as fast then.
const PER_SECOND_MAX: u64 = 500;
/// AWS: of the tasks of a queue at most this many are listed.
const LISTED_MAX: usize = 10;

/// A task that moves messages.
#[derive(Debug)]
pub(super) struct MoveTask {
    handle: Arc<str>,
    source: usize,
    /// Where to; otherwise each message goes back to where it came from.
    destination: Option<usize>,
    per_second: Option<u64>,
    caller: Caller,
    started: Millis,
    /// How many messages there were.
    to_move: usize,
    moved: usize,
    status: Status,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Running,
    Completed,
    Cancelled,
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Completed => "COMPLETED",
            Status::Cancelled => "CANCELLED",
        }
    }
}

impl Sqs {
    pub(super) fn handle_move(
        &mut self,
        core: &mut Core,
        caller: Caller,
        request: &MoveRequest,
    ) -> Result<Json, ApiError> {
        match request {
            MoveRequest::Start { source, destination, per_second } => {
                self.start_move(core, caller, source, destination.as_deref(), *per_second)
            }
            MoveRequest::List { source, most } => {
                let source = self.find(source).ok_or_else(|| no_resource("SourceArn"))?;
                let of_source = self.moves.iter().rev().filter(|task| task.source == source);
                let listed: Vec<Json> = of_source.take((*most).min(LISTED_MAX)).map(|task| self.told(task)).collect();
                Ok(Json::from_pairs([("Results", Json::from(listed))]))
            }
            MoveRequest::Cancel { handle, .. } => {
                let unknown = || ApiError::new("ResourceNotFoundException", "Task does not exist.");
                let task = self.moves.iter_mut().find(|task| task.handle == *handle).ok_or_else(unknown)?;
                if task.status != Status::Running {
                    let message = "Only active tasks can be cancelled.";
                    return Err(ApiError::new("AWS.SimpleQueueService.UnsupportedOperation", message));
                }
                task.status = Status::Cancelled;
                Ok(json!({"ApproximateNumberOfMessagesMoved": (task.moved)}))
            }
        }
    }

    fn start_move(
        &mut self,
        core: &mut Core,
        caller: Caller,
        source_arn: &str,
        destination: Option<&str>,
        per_second: Option<u64>,
    ) -> Result<Json, ApiError> {
        let invalid = |message: String| Err(ApiError::new("InvalidParameterValue", message));
        let source = self.find(source_arn).ok_or_else(|| no_resource("SourceArn"))?;
        let arn = self.queues()[source].settings.arn.clone();
        let feeds = |queue: &super::Queue| {
            queue.settings.redrive.as_ref().is_some_and(|redrive| redrive.dead_letter_arn == arn)
        };
        if !self.queues().iter().any(feeds) {
            return invalid("Source queue must be configured as a Dead Letter Queue.".to_owned());
        }
        let destination = match destination {
            Some(arn) => Some(self.find(arn).ok_or_else(|| no_resource("DestinationArn"))?),
            None => None,
        };
        if destination == Some(source) {
            return invalid("Source queue arn and destination queue arn cannot be the same.".to_owned());
        }
        if self.moves.iter().any(|task| task.source == source && task.status == Status::Running) {
            let message = "There is already a task running. Only one active task is allowed for a source queue arn at a given time.";
            return invalid(message.to_owned());
        }
        let key = core.entropy(caller.actor, Name::SQS_START_MESSAGE_MOVE_TASK, caller.occurrence);
        let id = uuid(key, key.rotate_left(31) ^ 0x9e37_79b9);
        let handle: Arc<str> = STANDARD.encode(json!({"taskId": id, "sourceArn": arn}).to_string()).into();
        let now = core.now();
        let to_move = self.queues()[source].messages(now).count();
        core.note(caller.actor, || {
            format!("begins to move {to_move} messages out of {}", arn.rsplit(':').next().unwrap_or(""))
        });
        self.moves.push(MoveTask {
            handle: handle.clone(),
            source,
            destination,
            per_second,
            caller,
            started: now,
            to_move,
            moved: 0,
            status: Status::Running,
        });
        self.go_on(core, self.moves.len() - 1);
        Ok(Json::from_pairs([("TaskHandle", Json::String(handle))]))
    }

    /// A task moves its next message.
    pub fn move_due(&mut self, core: &mut Core, number: u32) {
        let now = core.now();
        let Some(task) = self.moves.get(number as usize).filter(|task| task.status == Status::Running) else { return };
        let (source, destination, actor) = (task.source, task.destination, task.caller.actor);
        let next = {
            let goes_to = |origin: &Option<Arc<str>>| destination.or_else(|| self.find(origin.as_deref()?));
            let mut all = self.queues()[source].messages(now);
            all.find_map(|message| {
                let target = goes_to(&message.dead_letter_source).filter(|_| message.state == MessageState::Visible)?;
                Some((message.sequence, target))
            })
        };
        let Some((sequence, target)) = next else {
            self.moves[number as usize].status = Status::Completed;
            core.note(actor, || "has moved every message".to_owned());
            return;
        };
        self.move_message(core, source, sequence, target);
        let task = &mut self.moves[number as usize];
        task.moved += 1;
        self.go_on(core, number as usize);
        self.serve(core, target);
    }

    fn go_on(&self, core: &mut Core, number: usize) {
        let task = &self.moves[number];
        let per_second = task.per_second.unwrap_or(PER_SECOND_MAX).clamp(1, PER_SECOND_MAX);
        let owner = TimerOwner::MoveTask { task: number as u32 };
        // Apart from the timers of the caller's own.
        let occurrence = 1 << 29 | task.moved as u32;
        core.timer(core.now() + 1000 / per_second, 0, task.caller.actor, occurrence, owner);
    }

    fn told(&self, task: &MoveTask) -> Json {
        let mut members = Vec::new();
        // AWS: only a task that runs can be cancelled, so only that is given its handle.
        if task.status == Status::Running {
            members.push(("TaskHandle", Json::String(task.handle.clone())));
        }
        let arn = |queue: usize| Json::String(self.queues()[queue].settings.arn.clone());
        members.push(("Status", task.status.name().into()));
        members.push(("SourceArn", arn(task.source)));
        members.extend(task.destination.map(|destination| ("DestinationArn", arn(destination))));
        members.extend(task.per_second.map(|rate| ("MaxNumberOfMessagesPerSecond", rate.into())));
        members.push(("ApproximateNumberOfMessagesMoved", task.moved.into()));
        members.push(("ApproximateNumberOfMessagesToMove", task.to_move.into()));
        members.push(("StartedTimestamp", task.started.0.into()));
        Json::from_pairs(members)
    }
}

/// The queue of a task by its handle.
pub(super) fn source_of_handle(handle: &str) -> Option<Arc<str>> {
    let text = String::from_utf8(STANDARD.decode(handle).ok()?).ok()?;
    Json::parse(&text).ok()?.get("sourceArn")?.as_str().map(Arc::from)
}

fn no_resource(parameter: &str) -> ApiError {
    let message = format!("The resource that you specified for the {parameter} parameter doesn't exist.");
    ApiError::new("ResourceNotFoundException", message).with_status(404)
}
