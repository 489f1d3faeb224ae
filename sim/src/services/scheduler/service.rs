use std::sync::Arc;

use super::target::{Occasion, Target};
use super::when::When;
use crate::services::{Answer, ApiError, Response};
use crate::world::{
    ActorId, Caller, Core, FaultId, Kind, Millis, Name, Principal, ReplyTo, SchedulerTimer, TIMER_LATE_MS, TimerOwner,
    Weighted, form_value, uuid,
};

/// The EventBridge Scheduler service of one world.
#[derive(Default)]
pub struct Scheduler {
    schedules: Vec<Schedule>,
    /// How often each was due.
    ticks: Vec<u32>,
    invocations: Vec<Invocation>,
    is_stopped: bool,
}

/// A schedule of the template.
pub struct Schedule {
    /// Its name, interned.
    pub name: Name,
    /// Its ARN.
    pub arn: Arc<str>,
    /// When it is due.
    pub when: When,
    /// `FlexibleTimeWindow`: it may fire this much later.
    pub window_ms: u64,
    /// What it calls.
    pub target: Target,
}

/// One call of a target, with its attempts.
struct Invocation {
    schedule: u32,
    actor: ActorId,
    occasion: Occasion,
    begun: Millis,
}

/// Late ticks by the form of the fault. AWS: a schedule fires within the minute.
const TICK_JITTER_MS: [u64; 3] = [500, 30_000, 59_000];
/// A flexible window is divided into so many places.
const WINDOW_STEPS: u32 = 8;
/// AWS: exponential backoff with jitter; the first wait and its cap are proposals of this project.
const BACKOFF_MS: u64 = 1_000;
const BACKOFF_MAX_MS: u64 = 900_000;
const JITTER_STEPS: u32 = 8;

impl Scheduler {
    /// The service with these schedules.
    pub fn new(schedules: Vec<Schedule>) -> Scheduler {
        Scheduler { ticks: vec![0; schedules.len()], schedules, ..Scheduler::default() }
    }

    /// Back to no call.
    pub fn reset(&mut self) {
        self.ticks.fill(0);
        self.invocations.clear();
        self.is_stopped = false;
    }

    /// Ends what recurs; what is due once still comes.
    pub fn stop_recurring(&mut self) {
        self.is_stopped = true;
    }

    /// Starts the clocks.
    pub fn start(&mut self, core: &mut Core) {
        for id in 0..self.schedules.len() as u32 {
            let first = self.schedules[id as usize].when.first(core.now());
            self.set(core, id, first);
        }
    }

    /// The longest period of the schedules, for how long to wait for them.
    pub fn period_max_ms(&self) -> u64 {
        self.schedules.iter().filter_map(|schedule| schedule.when.period_ms()).max().unwrap_or(0)
    }

    /// A timer fired.
    pub fn due(&mut self, core: &mut Core, what: SchedulerTimer) {
        match what {
            SchedulerTimer::Recurring { schedule } if self.is_stopped => {
                core.note(ActorId::WORLD, || format!("{} is stopped", self.schedules[schedule as usize].arn));
            }
            SchedulerTimer::Recurring { schedule } | SchedulerTimer::Once { schedule } => self.tick(core, schedule),
            SchedulerTimer::Retry { invocation } => self.attempt(core, invocation),
        }
    }

    /// The answer to an attempt arrived.
    pub fn answered(&mut self, core: &mut Core, id: u32, answer: &Answer) {
        let error = match answer {
            Ok(Response::Events(response)) if response.failed() > 0 => {
                ApiError::new("InternalFailure", "the bus refused the event").with_status(500)
            }
            Ok(_) => return,
            Err(error) => error.clone(),
        };
        // AWS: throttling, 5xx and network errors are tried again; a missing permission or target is not.
        let retriable = error.status >= 500 || error.status == 429 || error.code.starts_with("Throttling");
        if !retriable {
            self.give_up(core, id, &error, None);
            return;
        }
        let invocation = &mut self.invocations[id as usize];
        let target = &self.schedules[invocation.schedule as usize].target;
        let attempt = invocation.occasion.attempt;
        let at = core.now() + backoff(core, invocation.actor, attempt);
        if attempt >= target.retries_max {
            self.give_up(core, id, &error, Some("MaximumRetryAttempts"));
        } else if at > invocation.begun + target.age_max_ms {
            self.give_up(core, id, &error, Some("MaximumEventAgeInSeconds"));
        } else {
            invocation.occasion.attempt += 1;
            let owner = TimerOwner::Scheduler(SchedulerTimer::Retry { invocation: id });
            core.timer(at, TIMER_LATE_MS, invocation.actor, attempt + 1, owner);
        }
    }

    fn tick(&mut self, core: &mut Core, id: u32) {
        let schedule = &self.schedules[id as usize];
        let number = self.ticks[id as usize];
        self.ticks[id as usize] += 1;
        let next = schedule.when.next(core.now());
        let root = core.schedule(schedule.name);
        let actor = core.child(root, Name::TICK, number);
        core.note(actor, || "the schedule fires".to_owned());
        let mut late_ms =
            form_value(&TICK_JITTER_MS, core.fault(FaultId::EbSchedJitter, actor, Name::TICK, 0)).unwrap_or(0);
        if schedule.window_ms > 0 {
            let place = core.choose(actor, Name::TICK, Kind::Latency, 0, &Weighted::Uniform(WINDOW_STEPS));
            late_ms += schedule.window_ms * u64::from(place) / u64::from(WINDOW_STEPS);
        }
        self.invoke(core, id, actor, late_ms);
        if core.fault(FaultId::EbSchedDup, actor, Name::TICK, 0) != 0 {
            let twin = core.child(root, Name::TICK, number + 1_000_000);
            self.invoke(core, id, twin, late_ms);
        }
        self.set(core, id, next);
    }

    fn invoke(&mut self, core: &mut Core, schedule: u32, actor: ActorId, late_ms: u64) {
        let occasion = Occasion {
            schedule_arn: self.schedules[schedule as usize].arn.clone(),
            scheduled: core.now(),
            execution_id: uuid(core.entropy(actor, Name::TICK, 0), core.entropy(actor, Name::TICK, 1)),
            attempt: 0,
        };
        let id = self.invocations.len() as u32;
        self.invocations.push(Invocation { schedule, actor, occasion, begun: core.now() });
        let owner = TimerOwner::Scheduler(SchedulerTimer::Retry { invocation: id });
        core.timer(core.now() + late_ms, 0, actor, 0, owner);
    }

    fn attempt(&mut self, core: &mut Core, id: u32) {
        let invocation = &self.invocations[id as usize];
        let target = &self.schedules[invocation.schedule as usize].target;
        let (actor, occurrence) = (invocation.actor, invocation.occasion.attempt);
        if !target.assumable {
            let error = ApiError::new("AccessDenied", "EventBridge Scheduler may not assume the target's role");
            self.give_up(core, id, &error, None);
            return;
        }
        match target.request(&invocation.occasion) {
            Some(Ok(request)) => {
                let reply_to = ReplyTo::Schedule { invocation: id };
                core.send(Caller { actor, occurrence, principal: target.role, reply_to }, request);
            }
            Some(Err(error)) => self.give_up(core, id, &error, None),
            None => core.note(actor, || format!("calls {}, which is not simulated", target.arn)),
        }
    }

    fn give_up(&self, core: &mut Core, id: u32, error: &ApiError, exhausted: Option<&str>) {
        let Invocation { schedule, actor, occasion, .. } = &self.invocations[id as usize];
        let target = &self.schedules[*schedule as usize].target;
        core.note(*actor, || format!("the call is given up: {}: {}", error.code, error.message));
        match target.dead_letter(occasion, error, exhausted) {
            Some(Ok(request)) => {
                let occurrence = occasion.attempt + DEAD_LETTER_OCCURRENCE;
                let caller =
                    Caller { actor: *actor, occurrence, principal: Principal::Anyone, reply_to: ReplyTo::Nobody };
                core.send_until_taken(caller, request);
            }
            Some(Err(error)) => core.note(*actor, || format!("the dead letter is lost: {}", error.message)),
            None => {}
        }
    }

    fn set(&mut self, core: &mut Core, id: u32, at: Option<Millis>) {
        let Some(at) = at else { return };
        let schedule = &self.schedules[id as usize];
        let (what, actor) = if schedule.when.is_once() {
            // Whoever waits for the run's end waits for it too.
            (SchedulerTimer::Once { schedule: id }, core.schedule(schedule.name))
        } else {
            (SchedulerTimer::Recurring { schedule: id }, ActorId::WORLD)
        };
        core.timer(at, 0, actor, self.ticks[id as usize], TimerOwner::Scheduler(what));
    }
}

/// Of the calls of an invocation, the dead letter stands behind the attempts.
const DEAD_LETTER_OCCURRENCE: u32 = 1_000;

fn backoff(core: &mut Core, actor: ActorId, attempt: u32) -> u64 {
    let wait_ms = (BACKOFF_MS << attempt.min(10)).min(BACKOFF_MAX_MS);
    let step = core.choose(actor, Name::DELIVERY, Kind::Latency, attempt, &Weighted::Uniform(JITTER_STEPS));
    wait_ms + wait_ms * u64::from(step) / u64::from(JITTER_STEPS)
}
