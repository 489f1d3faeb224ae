use rehearsal_engine::Json;

use super::alarm::{Action, Alarm, AlarmState, Judged, Verdict};
use super::api::{PutMetricData, Request};
use super::dashboard::Dashboard;
use super::{notify, read};
use crate::services::{Answer, ApiError, Response};
use crate::world::metrics::SeriesId;
use crate::world::{
    ActorId, Caller, Core, FaultId, Millis, Name, Parts, Principal, QueueId, ReplyTo, TimerOwner, form_value, hash_text,
};

/// The CloudWatch service of one world.
#[derive(Default)]
pub struct CloudWatch {
    alarms: Vec<Alarm>,
    dashboards: Vec<Dashboard>,
    records: Vec<AlarmRecord>,
    touched: Vec<SeriesId>,
    changed: Parts,
    /// Whether anybody listens for changes of state: without a rule on the default bus nobody does.
    announces: bool,
}

/// What the ledger knows of an alarm.
#[derive(Clone, Debug)]
pub struct AlarmRecord {
    /// Its state.
    pub state: AlarmState,
    /// Since when.
    pub since: Millis,
    /// Why.
    pub reason: String,
    /// Every change of its state, in order.
    pub transitions: Vec<Transition>,
    /// How many actions it took.
    pub actions: u32,
    next: Option<(Millis, QueueId)>,
    actor: Option<ActorId>,
    evaluations: u32,
    is_late: bool,
}

/// A change of an alarm's state.
#[derive(Clone, Debug)]
pub struct Transition {
    /// When.
    pub at: Millis,
    /// From which state.
    pub from: AlarmState,
    /// Why it was in that.
    pub from_reason: String,
    /// Since when.
    pub from_since: Millis,
    /// To which state.
    pub to: AlarmState,
    /// Why, in AWS's words.
    pub reason: String,
    /// The same as data.
    pub data: Json,
}

/// An evaluation looks at its window this long after the window's end: numbers are on their way for a while. A proposal
/// of this project; AWS gives no figure.
const EVALUATION_LAG_MS: u64 = 30_000;
/// Late evaluations by the fault's form.
const LATE_MS: [u64; 2] = [60_000, 240_000];
/// What a reader does not see yet, by the fault's form.
const UNSEEN_MS: [u64; 2] = [60_000, 120_000];
/// AWS: a number is at most two weeks old, and at most two hours ahead.
const PAST_MS_MAX: u64 = 14 * 86_400_000;
const FUTURE_MS_MAX: u64 = 2 * 3_600_000;
/// A change of state reaches the bus about this late.
const EVENT_MS: u64 = 150;
const EVENT_SPREAD_MS: u64 = 350;

impl CloudWatch {
    /// The service with these alarms and dashboards.
    pub fn new(alarms: Vec<Alarm>, dashboards: Vec<Dashboard>, announces: bool) -> CloudWatch {
        CloudWatch { alarms, dashboards, announces, ..CloudWatch::default() }
    }

    /// Every alarm without data, none evaluated.
    pub fn reset(&mut self) {
        self.records.clear();
        self.records.extend(self.alarms.iter().map(|_| AlarmRecord {
            state: AlarmState::InsufficientData,
            since: Millis::START,
            // AWS: recorded so.
            reason: "Unchecked: Initial alarm creation".to_owned(),
            transitions: Vec::new(),
            actions: 0,
            next: None,
            actor: None,
            evaluations: 0,
            is_late: false,
        }));
        self.touched.clear();
        self.changed = Parts::NONE;
    }

    /// The alarms.
    pub fn alarms(&self) -> &[Alarm] {
        &self.alarms
    }

    /// What became of each alarm so far.
    pub fn records(&self) -> &[AlarmRecord] {
        &self.records
    }

    /// The dashboards.
    pub fn dashboards(&self) -> &[Dashboard] {
        &self.dashboards
    }

    /// For how long after the last number some alarm may still change its state.
    pub fn horizon_max_ms(&self) -> u64 {
        let horizon = |alarm: &Alarm| match &alarm.judged {
            Judged::Metric(metric) => metric.horizon_ms() + EVALUATION_LAG_MS + LATE_MS[1],
            Judged::Alarms(_) | Judged::Nothing => 0,
        };
        self.alarms.iter().map(horizon).max().unwrap_or(0)
    }

    /// Whether an alarm is going to be evaluated.
    pub fn is_waiting(&self) -> bool {
        self.records.iter().any(|record| record.next.is_some())
    }

    /// What changed since this was last asked.
    pub fn take_changed(&mut self) -> Parts {
        std::mem::take(&mut self.changed)
    }

    /// Sees to it that every alarm is evaluated once, whether numbers come or not.
    pub fn start(&mut self, core: &mut Core) {
        for alarm in 0..self.alarms.len() as u32 {
            self.wake(core, alarm);
        }
    }

    /// Numbers came: the alarms on them are to be evaluated.
    pub fn observe(&mut self, core: &mut Core) {
        let mut touched = std::mem::take(&mut self.touched);
        core.metrics_mut().take_touched(&mut touched);
        for alarm in 0..self.alarms.len() as u32 {
            if let Judged::Metric(metric) = &self.alarms[alarm as usize].judged
                && metric.series.iter().any(|series| touched.contains(series))
            {
                self.wake(core, alarm);
            }
        }
        self.touched = touched;
    }

    /// An alarm is to be evaluated.
    pub fn due(&mut self, core: &mut Core, alarm: u32) {
        let actor = self.actor(core, alarm);
        let record = &mut self.records[alarm as usize];
        let Some((until, _)) = record.next.take() else { return };
        let number = record.evaluations;
        let is_first = !std::mem::take(&mut record.is_late);
        if is_first {
            record.evaluations += 1;
            let form = core.fault(FaultId::CwDelay, actor, Name::TICK, number);
            if let Some(late_ms) = form_value(&LATE_MS, form) {
                record.is_late = true;
                let at = core.now() + late_ms;
                self.set(core, alarm, until, at);
                return;
            }
        }
        let current = self.records[alarm as usize].state;
        match &self.alarms[alarm as usize].judged {
            Judged::Metric(metric) => {
                let mut periods = metric.periods(core.metrics(), until);
                let newest = periods.first_mut().filter(|newest| newest.is_some() && is_first);
                let is_early = match newest {
                    Some(newest) if core.fault(FaultId::CwFlap, actor, Name::TICK, number) != 0 => newest.take(),
                    _ => None,
                };
                let verdict = metric.judge(&periods, until, current);
                let next = metric.next_change(core.metrics(), until);
                self.settle(core, alarm, verdict);
                if is_early.is_some() {
                    // AWS: numbers that come late have the window judged once more.
                    self.records[alarm as usize].is_late = true;
                    let at = core.now() + LATE_MS[0];
                    self.set(core, alarm, until, at);
                } else if let Some(next) = next {
                    self.set(core, alarm, next, next + EVALUATION_LAG_MS);
                }
            }
            Judged::Alarms(_) => self.settle_composites(core, "The composite alarm"),
            Judged::Nothing => {}
        }
    }

    /// Takes a request that reached the service.
    pub fn handle(&mut self, core: &mut Core, caller: Caller, mut request: Request) {
        if request.reads_numbers() {
            let form = core.fault(FaultId::CwLag, caller.actor, request.operation(), caller.occurrence);
            if let Some(lag_ms) = form_value(&UNSEEN_MS, form) {
                request.see_until(Millis(core.now().0.saturating_sub(lag_ms)));
            }
        }
        let answer: Answer = match request {
            Request::PutMetricData(put) => put_metric_data(core, &put),
            Request::GetMetricStatistics(query) => Ok(Response::Api(read::statistics(core.metrics(), &query))),
            Request::GetMetricData(request) => Ok(Response::Api(read::data(core.metrics(), &request))),
            Request::DescribeAlarms { names, state } => {
                Ok(Response::Api(read::describe(&self.alarms, &self.records, &names, state)))
            }
            Request::SetAlarmState { name, state, reason } => self.set_state(core, &name, state, reason),
        };
        core.answer(caller.actor, caller.reply_to, answer);
    }

    fn set_state(&mut self, core: &mut Core, name: &str, state: AlarmState, reason: String) -> Answer {
        let Some(alarm) = self.alarms.iter().position(|alarm| *alarm.text == *name) else {
            return Err(ApiError::new("ResourceNotFound", "").with_status(404));
        };
        self.settle(core, alarm as u32, Verdict { state, reason, data: Json::Null });
        // AWS: the next evaluation puts it back.
        self.wake(core, alarm as u32);
        Ok(Response::Api(Json::object()))
    }

    /// Has an alarm evaluated at the end of the minute that runs.
    fn wake(&mut self, core: &mut Core, alarm: u32) {
        const MINUTE_MS: u64 = 60_000;
        let until = match &self.alarms[alarm as usize].judged {
            Judged::Metric(metric) => metric.next_step(core.now()),
            Judged::Alarms(_) => Millis((core.now().0 / MINUTE_MS + 1) * MINUTE_MS),
            Judged::Nothing => return,
        };
        if let Some((pending, timer)) = self.records[alarm as usize].next {
            // One that is late looks at a window that is over, and then goes on to this one.
            if pending <= until {
                return;
            }
            core.cancel(timer);
        }
        self.set(core, alarm, until, until + EVALUATION_LAG_MS);
    }

    fn set(&mut self, core: &mut Core, alarm: u32, until: Millis, at: Millis) {
        let actor = self.actor(core, alarm);
        let record = &mut self.records[alarm as usize];
        let timer = core.timer(at, 0, actor, record.evaluations, TimerOwner::Alarm { alarm });
        record.next = Some((until, timer));
    }

    fn actor(&mut self, core: &mut Core, alarm: u32) -> ActorId {
        let name = self.alarms[alarm as usize].name;
        *self.records[alarm as usize].actor.get_or_insert_with(|| core.schedule(name))
    }

    /// Puts an alarm into a state and, if that is another one, everything in motion that hangs on it.
    fn settle(&mut self, core: &mut Core, alarm: u32, verdict: Verdict) {
        if self.change(core, alarm, verdict) {
            let because = self.alarms[alarm as usize].arn.clone();
            self.settle_composites(core, &because);
        }
    }

    /// Judges the composite alarms until none changes any more; one that depends on itself is judged once each.
    fn settle_composites(&mut self, core: &mut Core, because: &str) {
        for _ in 0..self.alarms.len() {
            let mut is_settled = true;
            for alarm in 0..self.alarms.len() {
                let Judged::Alarms(rule) = &self.alarms[alarm].judged else { continue };
                let records = &self.records;
                let is_alarm = rule.holds(&|other| records[other as usize].state);
                let state = if is_alarm { AlarmState::Alarm } else { AlarmState::Ok };
                is_settled &= !self.change(core, alarm as u32, Verdict::composite(state, because));
            }
            if is_settled {
                return;
            }
        }
    }

    fn change(&mut self, core: &mut Core, alarm: u32, verdict: Verdict) -> bool {
        let actor = self.actor(core, alarm);
        let record = &mut self.records[alarm as usize];
        if record.state == verdict.state {
            return false;
        }
        let transition = Transition {
            at: core.now(),
            from: record.state,
            from_reason: std::mem::replace(&mut record.reason, verdict.reason.clone()),
            from_since: record.since,
            to: verdict.state,
            reason: verdict.reason,
            data: verdict.data,
        };
        record.state = verdict.state;
        record.since = core.now();
        let number = record.transitions.len() as u32;
        core.fold(hash_text(verdict.state.text()));
        core.note(actor, || {
            format!("goes from {} to {}: {}", transition.from.text(), transition.to.text(), transition.reason)
        });
        let config = &self.alarms[alarm as usize];
        // AWS: actions are taken once a transition, whatever happens while the state lasts.
        for (place, action) in config.actions(verdict.state).iter().enumerate() {
            record.actions += 1;
            let actor = core.child(actor, Name::STATUS_CHANGE, number);
            act(core, actor, place as u32, action, notify::request(action, config, &transition));
        }
        if self.announces {
            let actor = core.child(actor, Name::STATUS_CHANGE, number);
            let caller = caller(actor, EVENT_OCCURRENCE);
            core.send_after(EVENT_MS, EVENT_SPREAD_MS, caller, notify::event(config, &transition));
        }
        self.records[alarm as usize].transitions.push(transition);
        self.changed = Parts::ALARMS;
        true
    }
}

fn put_metric_data(core: &mut Core, put: &PutMetricData) -> Answer {
    let now = core.now();
    let is_near = |at: Millis| now - at <= PAST_MS_MAX && at - now <= FUTURE_MS_MAX;
    if put.data.iter().any(|datum| datum.at.is_some_and(|at| !is_near(at))) {
        let message = "The parameter Timestamp must specify a time within the past two weeks and the next two hours.";
        return Err(ApiError::new("InvalidParameterValue", message));
    }
    for datum in &put.data {
        let id = core.metrics_mut().custom(&datum.key);
        for (value, count) in &datum.values {
            core.metrics_mut().add(id, datum.at.unwrap_or(now), datum.resolution_ms, *value, *count);
        }
    }
    Ok(Response::Api(Json::object()))
}

/// Of the calls that a change of state makes, the event stands behind those of the actions.
const EVENT_OCCURRENCE: u32 = 1_000;

fn act(
    core: &mut Core,
    actor: ActorId,
    occurrence: u32,
    action: &Action,
    request: Option<Result<crate::services::Request, ApiError>>,
) {
    match request {
        Some(Ok(request)) => core.send_until_taken(caller(actor, occurrence), request),
        Some(Err(error)) => core.note(actor, || format!("notifies nobody: {}", error.message)),
        None => core.note(actor, || match action {
            Action::Function { .. } => "notifies nobody: the function does not permit it".to_owned(),
            Action::Topic(arn) | Action::Other(arn) => format!("notifies {arn}, which is not simulated"),
        }),
    }
}

fn caller(actor: ActorId, occurrence: u32) -> Caller {
    Caller { actor, occurrence, principal: Principal::Anyone, reply_to: ReplyTo::Nobody }
}
