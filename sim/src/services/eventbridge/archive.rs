use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::events::{Event, RuleMatcher};
use rehearsal_engine::{Json, json};

use super::api::read_time;
use super::service::EventBridge;
use crate::services::{Answer, ApiError, Response};
use crate::world::{ActorId, Caller, Core, Millis, Name, TimerOwner};

/// An archive of a bus's events.
pub struct Archive {
    /// Its name.
    pub text: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// The bus, by its index.
    pub bus: u32,
    /// Which events it keeps; all without one.
    pub pattern: Option<RuleMatcher<u32>>,
    /// For how long; for ever without a limit.
    pub retention_ms: Option<u64>,
}

/// A request about replays.
#[derive(Clone, Debug)]
pub enum ArchiveRequest {
    /// Sends what an archive keeps of some time through its bus again.
    StartReplay(StartReplay),
    /// Ends one early.
    CancelReplay {
        /// Which.
        name: Arc<str>,
    },
    /// Asks for its state.
    DescribeReplay {
        /// Which.
        name: Arc<str>,
    },
}

/// Sends what an archive keeps of some time through its bus again.
#[derive(Clone, Debug)]
pub struct StartReplay {
    name: Arc<str>,
    archive: Arc<str>,
    /// By the events' own times, the end excluded.
    from: Millis,
    to: Millis,
    bus: Arc<str>,
    /// Only these rules; all without any.
    rules: Vec<Arc<str>>,
}

/// A replay under way, or over.
#[derive(Debug)]
pub(super) struct Replay {
    name: Arc<str>,
    archive: u32,
    bus: u32,
    rules: Option<Vec<u32>>,
    events: Vec<(ActorId, Rc<Event>)>,
    left: usize,
    is_cancelled: bool,
    started: Millis,
    ended: Option<Millis>,
}

/// AWS: an event may take ten minutes until it is in its archive.
const ARCHIVED_AFTER_MS: u64 = 600_000;
/// AWS: a replay goes through the minutes of the events one by one, in no order within each. How fast is ours.
const SLICE_MS: u64 = 60_000;
const STARTS_AFTER_MS: u64 = 10_000;
const PACE_MS: u64 = 1_000;
/// AWS: so many replays may run at once.
const RUNNING_MAX: usize = 10;

impl ArchiveRequest {
    /// Reads a request as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<ArchiveRequest, ApiError> {
        let text = |parameters: &Json, key: &str| {
            let text = parameters.get(key).and_then(Json::as_str).map(Arc::<str>::from);
            text.ok_or_else(|| {
                ApiError::validation(format!("Parameter {key} is not valid. Reason: {key} is a required argument."))
            })
        };
        let name = || text(parameters, "ReplayName");
        match operation {
            "StartReplay" => {
                let (from, to) = (time(parameters, "EventStartTime")?, time(parameters, "EventEndTime")?);
                if to <= from {
                    return Err(ApiError::validation(
                        "Parameter EventEndTime is not valid. Reason: EventStartTime must be before EventEndTime.",
                    ));
                }
                let destination = parameters.get("Destination").cloned().unwrap_or_default();
                let rules = destination.get("FilterArns").and_then(Json::as_array).unwrap_or_default();
                Ok(ArchiveRequest::StartReplay(StartReplay {
                    name: name()?,
                    archive: text(parameters, "EventSourceArn")?,
                    from,
                    to,
                    bus: text(&destination, "Arn")?,
                    rules: rules.iter().filter_map(Json::as_str).map(Arc::from).collect(),
                }))
            }
            "CancelReplay" => Ok(ArchiveRequest::CancelReplay { name: name()? }),
            "DescribeReplay" => Ok(ArchiveRequest::DescribeReplay { name: name()? }),
            _ => Err(ApiError::not_simulated("events", operation)),
        }
    }

    /// Whether an operation is one of these.
    pub fn is_one(operation: &str) -> bool {
        matches!(operation, "StartReplay" | "CancelReplay" | "DescribeReplay")
    }

    /// The operation for sites and traces.
    pub fn operation(&self) -> Name {
        match self {
            ArchiveRequest::StartReplay(_) => Name::EVENTS_START_REPLAY,
            ArchiveRequest::CancelReplay { .. } => Name::EVENTS_CANCEL_REPLAY,
            ArchiveRequest::DescribeReplay { .. } => Name::EVENTS_DESCRIBE_REPLAY,
        }
    }

    /// The action that a policy names.
    pub fn action(&self) -> &'static str {
        match self {
            ArchiveRequest::StartReplay(_) => "events:StartReplay",
            ArchiveRequest::CancelReplay { .. } => "events:CancelReplay",
            ArchiveRequest::DescribeReplay { .. } => "events:DescribeReplay",
        }
    }

    /// The name of the replay.
    pub fn name(&self) -> &Arc<str> {
        match self {
            ArchiveRequest::StartReplay(start) => &start.name,
            ArchiveRequest::CancelReplay { name } | ArchiveRequest::DescribeReplay { name } => name,
        }
    }
}

impl EventBridge {
    /// Takes a request about replays that reached the service.
    pub fn handle_archive(&mut self, core: &mut Core, caller: Caller, request: &ArchiveRequest) {
        let answer: Answer = match request {
            ArchiveRequest::StartReplay(start) => self.start_replay(core, caller, start),
            ArchiveRequest::CancelReplay { name } => self.find_replay(name).map(|place| {
                let replay = &mut self.replays[place];
                replay.is_cancelled |= replay.ended.is_none();
                self.described(place)
            }),
            ArchiveRequest::DescribeReplay { name } => self.find_replay(name).map(|place| self.described(place)),
        }
        .map(Response::Api);
        core.answer(caller.actor, caller.reply_to, answer);
    }

    /// An event of a replay is due.
    pub fn replay_due(&mut self, core: &mut Core, id: u32, place: u32) {
        let Some(replay) = self.replays.get_mut(id as usize) else { return };
        replay.left = replay.left.saturating_sub(1);
        if replay.left == 0 {
            replay.ended = Some(core.now());
        }
        let Some((actor, event)) = replay.events.get(place as usize).cloned() else { return };
        if replay.is_cancelled {
            return;
        }
        let (bus, rules) = (replay.bus, replay.rules.clone());
        core.note(actor, || format!("'{}' from {} is replayed", event.detail_type, event.source));
        // What happened once is not recorded as having happened again: only rules hear of it.
        self.route(core, actor, bus, &event, false, rules.as_deref());
    }

    fn start_replay(&mut self, core: &mut Core, caller: Caller, start: &StartReplay) -> Result<Json, ApiError> {
        if self.replays.iter().any(|replay| replay.name == start.name) {
            let message = format!("Replay {} already exists.", start.name);
            return Err(ApiError::new("ResourceAlreadyExistsException", message));
        }
        let Some(place) = self.archives.iter().position(|archive| archive.arn == start.archive) else {
            let name = start.archive.rsplit('/').next().unwrap_or_default();
            return Err(ApiError::new("ResourceNotFoundException", format!("Archive {name} does not exist.")));
        };
        let archive = &self.archives[place];
        let bus = archive.bus;
        if self.buses[bus as usize].arn != start.bus {
            return Err(ApiError::validation(
                "Parameter Destination.Arn is not valid. Reason: Cross event bus replay is not permitted.",
            ));
        }
        if self.replays.iter().filter(|replay| replay.ended.is_none()).count() >= RUNNING_MAX {
            let message = "The requested resource exceeds the maximum number allowed.";
            return Err(ApiError::new("LimitExceededException", message));
        }
        let find = |arn: &Arc<str>| self.rules.iter().position(|rule| rule.arn == *arn).map(|rule| rule as u32);
        let rules = (!start.rules.is_empty()).then(|| start.rules.iter().filter_map(find).collect());
        let id = self.replays.len() as u32;
        let root = core.child(caller.actor, Name::EVENTS_START_REPLAY, caller.occurrence);
        let mut events: Vec<(ActorId, Rc<Event>)> = Vec::new();
        for event in self.archived(archive, core.now(), start.from, start.to) {
            let actor = core.child(root, Name::ENTRY, events.len() as u32);
            let event = Event { replay_name: Some(start.name.clone()), ..(*event).clone() };
            let slice = (event.time_ms - start.from.0.min(event.time_ms)) / SLICE_MS;
            let at = core.now() + STARTS_AFTER_MS + slice * PACE_MS;
            let owner = TimerOwner::Replay { replay: id, event: events.len() as u32 };
            core.timer(at, PACE_MS, actor, 0, owner);
            events.push((actor, Rc::new(event)));
        }
        let ended = events.is_empty().then(|| core.now());
        self.replays.push(Replay {
            name: start.name.clone(),
            archive: place as u32,
            bus,
            rules,
            left: events.len(),
            events,
            is_cancelled: false,
            started: core.now(),
            ended,
        });
        Ok(self.described(id as usize))
    }

    /// What an archive has of some time.
    fn archived(&self, archive: &Archive, now: Millis, from: Millis, to: Millis) -> Vec<Rc<Event>> {
        let mut matched = Vec::new();
        let mut is_kept = |event: &Event| {
            let Some(pattern) = &archive.pattern else { return true };
            matched.clear();
            pattern.matches(&event.to_json(), &mut matched);
            !matched.is_empty()
        };
        let accepted = self.accepted().iter().filter(|accepted| accepted.bus == archive.bus);
        let arrived = accepted.filter(|accepted| accepted.at + ARCHIVED_AFTER_MS <= now);
        let present = arrived.filter(|accepted| archive.retention_ms.is_none_or(|kept_ms| accepted.at + kept_ms > now));
        let events = present.map(|accepted| &accepted.event);
        let events = events.filter(|event| (from.0..to.0).contains(&event.time_ms));
        events.filter(|event| is_kept(event)).cloned().collect()
    }

    fn find_replay(&self, name: &str) -> Result<usize, ApiError> {
        let found = self.replays.iter().position(|replay| *replay.name == *name);
        found.ok_or_else(|| ApiError::new("ResourceNotFoundException", format!("Replay {name} does not exist.")))
    }

    fn described(&self, place: usize) -> Json {
        let replay = &self.replays[place];
        let state = match (replay.is_cancelled, replay.ended) {
            (true, None) => "CANCELLING",
            (true, Some(_)) => "CANCELLED",
            (false, None) => "RUNNING",
            (false, Some(_)) => "COMPLETED",
        };
        let seconds = |at: Millis| at.0 as f64 / 1000.0;
        let archive = &self.archives[replay.archive as usize];
        let head = archive.arn.rsplit_once(":archive/").map_or("", |(head, _)| head);
        json!({
            "ReplayName": (replay.name.clone()),
            "ReplayArn": (format!("{head}:replay/{}", replay.name)),
            "EventSourceArn": (archive.arn.clone()),
            "State": state,
            "ReplayStartTime": (seconds(replay.started)),
        })
    }
}

/// A moment: seconds since 1970, or a text in ISO 8601.
fn time(parameters: &Json, key: &str) -> Result<Millis, ApiError> {
    let time = parameters.get(key).and_then(read_time);
    time.ok_or_else(|| ApiError::validation(format!("Parameter {key} is not valid.")))
}
