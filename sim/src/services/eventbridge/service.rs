use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::events::Event;
use rehearsal_engine::{Json, text};

use super::api::{EntryResult, PutEntry, PutEvents, PutEventsResponse};
use super::archive::{Archive, Replay};
use super::delivery::Delivery;
use super::rules::{Bus, Rule};
use super::switching::Switch;
use crate::services::{ApiError, Request, Response};
use crate::world::metrics::{EventsApiMetric, EventsMetric, Namespace};
use crate::world::{ActorId, Caller, Core, FaultId, Millis, Name, ReplyTo, TimerOwner, form_value, uuid};

/// The EventBridge service of one world.
pub struct EventBridge {
    pub(super) buses: Vec<Bus>,
    pub(super) rules: Vec<Rule>,
    pub(super) deliveries: Vec<Delivery>,
    pub(super) archives: Vec<Archive>,
    pub(super) replays: Vec<Replay>,
    accepted: Vec<Accepted>,
    pub(super) logged: Vec<Logged>,
    matched: Vec<u32>,
    ticks: Vec<u32>,
    pub(super) switches: Vec<Switch>,
    period_max_ms: u64,
    region: Arc<str>,
    account: Arc<str>,
    schedules_on: bool,
}

/// An event that a bus accepted: what the ledger knows of it.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// When.
    pub at: Millis,
    /// The bus, by its index.
    pub bus: u32,
    /// The event.
    pub event: Rc<Event>,
}

/// A line that a rule wrote to a log group.
#[derive(Clone, Debug)]
pub struct Logged {
    /// When.
    pub at: Millis,
    /// The log group's name.
    pub group: Arc<str>,
    /// What.
    pub message: Json,
}

/// What is sent again is told apart by this.
const AGAIN: u32 = 1_000_000;
/// An SDK waits this long for its next attempt, a producer by itself that long.
const SDK_RETRY_MS: u64 = 100;
const SENT_AGAIN_MS: u64 = 60_000;
/// Late ticks by the form of the fault.
const TICK_JITTER_MS: [u64; 3] = [500, 30_000, 59_000];

impl EventBridge {
    /// The service with these buses and rules. The first bus is the default one.
    pub fn new(buses: Vec<Bus>, rules: Vec<Rule>) -> EventBridge {
        let ticks = vec![0; rules.len()];
        // The default bus is where every event comes from: arn:PARTITION:events:REGION:ACCOUNT:event-bus/default.
        let arn = buses.first().map_or("", |bus| &*bus.arn);
        let part = |at| arn.split(':').nth(at).unwrap_or_default().into();
        let (region, account) = (part(3), part(4));
        let switches = rules.iter().map(Switch::of).collect();
        let mut service = EventBridge {
            buses,
            rules,
            deliveries: Vec::new(),
            archives: Vec::new(),
            replays: Vec::new(),
            accepted: Vec::new(),
            logged: Vec::new(),
            matched: Vec::new(),
            ticks,
            switches,
            period_max_ms: 0,
            region,
            account,
            schedules_on: true,
        };
        service.measure_periods();
        service
    }

    /// The same with archives.
    #[must_use]
    pub fn archived_by(mut self, archives: Vec<Archive>) -> EventBridge {
        self.archives = archives;
        self
    }

    /// Back to no event.
    pub fn reset(&mut self) {
        self.replays.clear();
        self.deliveries.clear();
        self.accepted.clear();
        self.logged.clear();
        self.ticks.fill(0);
        self.reset_switches();
        self.schedules_on = true;
    }

    /// Ends the schedules: no rule fires by itself any more.
    pub fn stop_schedules(&mut self) {
        self.schedules_on = false;
    }

    /// Starts the clocks of the scheduled rules.
    pub fn start_schedules(&mut self, core: &mut Core) {
        for rule in 0..self.rules.len() as u32 {
            self.schedule_next(core, rule);
        }
    }

    /// Every accepted event so far, in order.
    pub fn accepted(&self) -> &[Accepted] {
        &self.accepted
    }

    /// Every line that rules wrote to log groups, in order.
    pub fn logged(&self) -> &[Logged] {
        &self.logged
    }

    /// The name of a bus.
    pub fn bus_name(&self, bus: u32) -> &Arc<str> {
        &self.buses[bus as usize].name
    }

    /// The buses.
    pub fn buses(&self) -> &[Bus] {
        &self.buses
    }

    /// The longest period of the schedules, for how long to wait for them.
    pub fn schedule_period_max_ms(&self) -> u64 {
        self.period_max_ms
    }

    pub(super) fn measure_periods(&mut self) {
        let period = |rule: &Rule| {
            let schedule = rule.schedule.as_ref()?;
            let first = schedule.next_after(Millis::START.0)?;
            schedule.next_after(first).map(|second| second - first)
        };
        let on = self.rules.iter().zip(&self.switches).filter(|(_, switch)| switch.is_on);
        self.period_max_ms = on.filter_map(|(rule, _)| period(rule)).max().unwrap_or(0);
    }

    /// Takes a request that reached the service.
    pub fn handle(&mut self, core: &mut Core, caller: Caller, request: &PutEvents) {
        let actor = caller.actor;
        let form = if request.of_service {
            0
        } else {
            core.fault(FaultId::EbPutThrottle, actor, Name::EVENTS_PUT_EVENTS, caller.occurrence)
        };
        if !request.of_service {
            core.measure(EventsApiMetric::PutEventsApproximateCallCount.of(0), 1.0);
        }
        if form == 1 || form == 2 {
            measure_failed(core, form == 1);
            core.answer(actor, caller.reply_to, Err(put_failure(form)));
            return;
        }
        if let Some(refusal) = request.refusal().filter(|_| !request.of_service) {
            measure_failed(core, false);
            core.answer(actor, caller.reply_to, Err(refusal));
            return;
        }
        let mut response = PutEventsResponse { entries: Vec::with_capacity(request.entries.len()) };
        for (number, entry) in request.entries.iter().enumerate() {
            let parent = core.child(actor, Name::EVENTS_PUT_EVENTS, caller.occurrence * 16 + number as u32);
            // AWS: only its own services report as aws.*, and an actor of the workload may play one of them.
            let is_aws = request.of_service || matches!(caller.reply_to, ReplyTo::Actor { .. });
            let reserved = !is_aws && entry.source.as_ref().is_some_and(|source| source.starts_with("aws."));
            response.entries.push(if reserved {
                let message = "Not authorized for the source.".to_owned();
                EntryResult::Failed { code: "NotAuthorizedForSourceException", message }
            } else {
                self.put(core, parent, entry, request)
            });
        }
        if !request.of_service {
            measure_taken(core, request, &response, form == 3);
        }
        let was_taken = response.failed() < response.entries.len();
        if form == 0 && was_taken && is_sent_again(core, caller, request) {
            return;
        }
        let answer = if form == 3 { Err(put_failure(form)) } else { Ok(Response::Events(response)) };
        core.answer(actor, caller.reply_to, answer);
    }

    /// A schedule's tick is due.
    pub fn tick(&mut self, core: &mut Core, rule: u32) {
        if !self.schedules_on || !self.switches[rule as usize].is_on {
            return;
        }
        let number = self.ticks[rule as usize];
        self.ticks[rule as usize] += 1;
        let name = self.rules[rule as usize].name;
        let schedule_actor = core.schedule(name);
        let actor = core.child(schedule_actor, Name::TICK, number);
        let event = Rc::new(self.scheduled_event(core, actor, rule));
        core.note(actor, || "the schedule fires".to_owned());
        core.measure(EventsMetric::TriggeredRules.of(rule), 1.0);
        let late_ms =
            form_value(&TICK_JITTER_MS, core.fault(FaultId::EbSchedJitter, actor, Name::TICK, 0)).unwrap_or(0);
        let json = event.to_json();
        self.deliver_to_all(core, actor, rule, (&event, &json), late_ms, false);
        if core.fault(FaultId::EbSchedDup, actor, Name::TICK, 0) != 0 {
            let twin = core.child(schedule_actor, Name::TICK, AGAIN + number);
            self.deliver_to_all(core, twin, rule, (&event, &json), late_ms, false);
        }
        self.schedule_next(core, rule);
    }

    fn put(&mut self, core: &mut Core, actor: ActorId, entry: &PutEntry, request: &PutEvents) -> EntryResult {
        if let Some(failure) = entry.failure() {
            return failure;
        }
        let form = if request.of_service { 0 } else { core.fault(FaultId::EbPutPartial, actor, Name::ENTRY, 0) };
        match form {
            0 => {}
            1 => return EntryResult::Failed { code: "ThrottlingException", message: "Rate exceeded".to_owned() },
            _ => return EntryResult::Failed { code: "InternalFailure", message: "Internal failure".to_owned() },
        }
        let (Some(source), Some(detail_type), Some(Ok(detail))) = (&entry.source, &entry.detail_type, &entry.detail)
        else {
            return EntryResult::Failed { code: "InternalFailure", message: "Internal failure".to_owned() };
        };
        let event = Event {
            id: uuid(core.entropy(actor, Name::ENTRY, 0), core.entropy(actor, Name::ENTRY, 1)),
            detail_type: detail_type.clone(),
            source: source.clone(),
            account: self.account.clone(),
            time_ms: entry.time.unwrap_or_else(|| core.now()).0,
            region: self.region.clone(),
            resources: if entry.resources.is_empty() { Arc::default() } else { entry.resources.as_slice().into() },
            detail: detail.clone(),
            replay_name: None,
        };
        let event_id = event.id.clone();
        // AWS: an event for a bus that does not exist is accepted and matches nothing.
        if let Some(bus) = self.find_bus(entry.bus.as_deref()) {
            self.accept(core, actor, bus, event, request.forwarded);
        }
        EntryResult::Accepted { event_id }
    }

    fn accept(&mut self, core: &mut Core, actor: ActorId, bus: u32, event: Event, forwarded: bool) {
        let event = Rc::new(event);
        core.note(actor, || {
            format!("'{}' from {} accepted by bus {}", event.detail_type, event.source, self.buses[bus as usize].name)
        });
        self.accepted.push(Accepted { at: core.now(), bus, event: event.clone() });
        self.route(core, actor, bus, &event, forwarded, None);
    }

    /// Sends an event to the targets of every rule of its bus that it matches, or of those among `only`.
    pub(super) fn route(
        &mut self,
        core: &mut Core,
        actor: ActorId,
        bus: u32,
        event: &Rc<Event>,
        forwarded: bool,
        only: Option<&[u32]>,
    ) {
        let mut matched = std::mem::take(&mut self.matched);
        matched.clear();
        let json = event.to_json();
        self.buses[bus as usize].matcher.matches(&json, &mut matched);
        core.fold(matched.len() as u64);
        for rule in matched.iter().filter(|rule| only.is_none_or(|only| only.contains(rule))) {
            core.measure(EventsMetric::MatchedEvents.of(*rule), 1.0);
            core.measure(EventsMetric::TriggeredRules.of(*rule), 1.0);
            let name = self.rules[*rule as usize].name;
            let rule_actor = core.child(actor, name, 0);
            self.deliver_to_all(core, rule_actor, *rule, (event, &json), 0, forwarded);
        }
        self.matched = matched;
    }

    pub(super) fn find_bus(&self, name: Option<&str>) -> Option<u32> {
        let Some(name) = name else { return Some(0) };
        self.buses.iter().position(|bus| *bus.name == *name || *bus.arn == *name).map(|bus| bus as u32)
    }

    pub(super) fn schedule_next(&mut self, core: &mut Core, rule: u32) {
        let Some(schedule) = &self.rules[rule as usize].schedule else { return };
        if !self.switches[rule as usize].is_on {
            return;
        }
        if let Some(at) = schedule.next_after(core.now().0) {
            let tick = self.ticks[rule as usize];
            let timer = core.timer(Millis(at), 0, ActorId::WORLD, tick, TimerOwner::Schedule { rule });
            self.switches[rule as usize].tick = Some(timer);
        }
    }

    fn scheduled_event(&self, core: &Core, actor: ActorId, rule: u32) -> Event {
        Event {
            id: uuid(core.entropy(actor, Name::TICK, 0), core.entropy(actor, Name::TICK, 1)),
            detail_type: text!("Scheduled Event"),
            source: text!("aws.events"),
            account: self.account.clone(),
            time_ms: core.now().0,
            region: self.region.clone(),
            resources: [self.rules[rule as usize].arn.clone()].into(),
            detail: Json::object(),
            replay_name: None,
        }
    }
}

fn measure_failed(core: &mut Core, is_throttled: bool) {
    core.measure(EventsApiMetric::PutEventsApproximateFailedCount.of(0), 1.0);
    if is_throttled {
        core.measure(EventsApiMetric::PutEventsApproximateThrottledCount.of(0), 1.0);
    }
}

/// AWS: a call whose entries failed is a successful call all the same.
fn measure_taken(core: &mut Core, request: &PutEvents, response: &PutEventsResponse, is_failed: bool) {
    if !core.metrics().keeps(Namespace::EventsApi) {
        return;
    }
    core.measure(EventsApiMetric::PutEventsEntriesCount.of(0), request.entries.len() as f64);
    core.measure(EventsApiMetric::PutEventsRequestSize.of(0), request.measured_bytes() as f64);
    if response.failed() > 0 {
        core.measure(EventsApiMetric::PutEventsFailedEntriesCount.of(0), response.failed() as f64);
    }
    if is_failed {
        measure_failed(core, false);
    } else {
        core.measure(EventsApiMetric::PutEventsApproximateSuccessCount.of(0), 1.0);
    }
}

/// Whether the producer hears nothing of what was taken, because its SDK sends it again.
fn is_sent_again(core: &mut Core, caller: Caller, request: &PutEvents) -> bool {
    if request.of_service || request.again {
        return false;
    }
    let form = core.fault(FaultId::EbPutDup, caller.actor, Name::EVENTS_PUT_EVENTS, caller.occurrence);
    if form == 0 {
        return false;
    }
    // AWS: what is put again is a new event with an id of its own.
    let actor = core.child(caller.actor, Name::EVENTS_PUT_EVENTS, AGAIN + caller.occurrence);
    let request = Request::Events(Box::new(PutEvents { again: true, ..request.clone() }));
    let is_unheard = form == 1;
    if is_unheard {
        core.send_delayed(SDK_RETRY_MS, Caller { actor, ..caller }, request);
    } else {
        let reply_to = ReplyTo::Nobody;
        core.send_delayed(SENT_AGAIN_MS, Caller { actor, reply_to, ..caller }, request);
    }
    is_unheard
}

fn put_failure(form: u32) -> ApiError {
    if form == 1 {
        ApiError::new("ThrottlingException", "Rate exceeded")
    } else {
        ApiError::new("InternalFailure", "The request processing has failed because of an unknown error")
            .with_status(500)
    }
}
