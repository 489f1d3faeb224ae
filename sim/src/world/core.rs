use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::execution::{TaskId, TimerId};

use super::hash::mix;
use super::metrics::Measure;
use super::outbox::Outbox;
use super::{
    ActorId, Choice, Coverage, Decisions, Due, FaultId, FaultPlan, InjectionPoint, Kind, Lineages, Metrics, Millis,
    Moment, Name, Names, Queue, QueueId, Race, Script, Site, Trace, Weighted,
};
use crate::handlers::entropy::{text_of, uuid_text};
use crate::iam::RoleIndex;
use crate::services::{Answer, Request};

/// Who a call is made as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// No permission is checked: workload actors, AWS's own services, and roles outside of the template.
    Anyone,
    /// A role of the template.
    Role(RoleIndex),
}

/// Who waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyTo {
    /// Nobody: the answer is dropped.
    Nobody,
    /// A running handler.
    Handler {
        /// The invocation.
        invocation: u32,
    },
    /// A task of an execution.
    Task {
        /// The execution.
        execution: u32,
        /// The engine's number of the task.
        task: TaskId,
    },
    /// A delivery of an event to a target.
    Delivery {
        /// The delivery.
        delivery: u32,
    },
    /// An actor of the workload.
    Actor {
        /// The actor's slot.
        slot: u32,
    },
    /// A call of EventBridge Scheduler.
    Schedule {
        /// The call.
        invocation: u32,
    },
    /// Lambda's own queue of asynchronous events.
    AsyncEvent {
        /// The event.
        event: u32,
    },
    /// A poller of an event source mapping.
    Poller {
        /// The poller.
        poller: u32,
    },
    /// A delivery of a notification to a subscription.
    Notification {
        /// The delivery.
        delivery: u32,
    },
    /// What is sent until it is taken.
    Outbox {
        /// Which.
        item: u32,
    },
    /// A client script.
    Client {
        /// The client.
        client: u32,
        /// Which of its processes asked.
        process: u32,
    },
}

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub struct Caller {
    /// Whose doing it is.
    pub actor: ActorId,
    /// Which of the actor's calls of this operation.
    pub occurrence: u32,
    /// Who it is made as.
    pub principal: Principal,
    /// Who waits for the answer.
    pub reply_to: ReplyTo,
}

/// Whose timer it is, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimerOwner {
    /// A sleep or the timeout of a Lambda invocation.
    Invocation {
        /// The invocation.
        invocation: u32,
        /// What is due.
        what: InvocationTimer,
    },
    /// A timer of the interpreter.
    Execution {
        /// The execution.
        execution: u32,
        /// The engine's number of the timer.
        timer: TimerId,
    },
    /// The next attempt of a delivery.
    Delivery {
        /// The delivery.
        delivery: u32,
    },
    /// The next tick of a schedule.
    Schedule {
        /// The rule.
        rule: u32,
    },
    /// The next step of a workload actor.
    Actor {
        /// The actor's slot.
        slot: u32,
    },
    /// The next attempt of an asynchronous event.
    AsyncEvent {
        /// The event.
        event: u32,
    },
    /// A message becomes visible.
    Message {
        /// The queue.
        queue: u32,
        /// The message.
        message: u32,
    },
    /// A receive has waited long enough.
    LongPoll {
        /// The queue.
        queue: u32,
        /// Which of its receives.
        poll: u32,
    },
    /// A poller of an event source mapping goes on.
    Poller {
        /// The poller.
        poller: u32,
    },
    /// The next attempt of a delivery of a notification.
    Notification {
        /// The delivery.
        delivery: u32,
    },
    /// The next attempt of what is sent until it is taken.
    Outbox {
        /// Which.
        item: u32,
    },
    /// The end of a client script's sleep, or the time to run it again.
    Client {
        /// The client.
        client: u32,
    },
    /// An item of a table expires.
    Expiry {
        /// Which.
        item: u32,
        /// Whether the run goes on until then as it does for anything in flight.
        is_awaited: bool,
    },
    /// The next evaluation of an alarm.
    Alarm {
        /// The alarm.
        alarm: u32,
    },
    /// Something of EventBridge Scheduler.
    Scheduler(SchedulerTimer),
    /// An event of a replay.
    Replay {
        /// The replay.
        replay: u32,
        /// The event's place in it.
        event: u32,
    },
}

/// What of EventBridge Scheduler is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulerTimer {
    /// A schedule that recurs.
    Recurring {
        /// The schedule.
        schedule: u32,
    },
    /// A schedule that is due only once.
    Once {
        /// The schedule.
        schedule: u32,
    },
    /// The next attempt of a call.
    Retry {
        /// The call.
        invocation: u32,
    },
}

/// What of an invocation is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationTimer {
    /// It starts to run.
    Start,
    /// Its sleep is over.
    Sleep,
    /// Its time is up.
    Timeout,
}

/// What the queue holds.
#[derive(Debug)]
pub enum Entry {
    /// A request reaches its service.
    Call {
        /// Where it comes from.
        caller: Caller,
        /// The request.
        request: Request,
    },
    /// An answer reaches who waits for it.
    Answer {
        /// Whose doing it is.
        actor: ActorId,
        /// Which of the actor's answers.
        occurrence: u32,
        /// Who waits.
        to: ReplyTo,
        /// The answer.
        answer: Answer,
    },
    /// Something is due.
    Timer {
        /// Whose doing it is.
        actor: ActorId,
        /// Which of the actor's timers.
        occurrence: u32,
        /// Whose timer.
        owner: TimerOwner,
    },
}

impl Entry {
    /// Whose doing it is.
    pub fn actor(&self) -> ActorId {
        match self {
            Entry::Call { caller, .. } => caller.actor,
            Entry::Answer { actor, .. } | Entry::Timer { actor, .. } => *actor,
        }
    }

    /// The operation for sites and traces.
    pub fn operation(&self) -> Name {
        match self {
            Entry::Call { request, .. } => request.operation(),
            Entry::Answer { .. } => Name::RESPONSE,
            Entry::Timer { .. } => Name::TIMER,
        }
    }

    /// Which of the actor's entries of this operation.
    pub fn occurrence(&self) -> u32 {
        match self {
            Entry::Call { caller, .. } => caller.occurrence,
            Entry::Answer { occurrence, .. } | Entry::Timer { occurrence, .. } => *occurrence,
        }
    }

    /// Whether it only looks at what is there, again and again: nobody waits for it.
    fn is_tick(&self) -> bool {
        let Entry::Timer { owner, .. } = self else { return false };
        matches!(
            owner,
            TimerOwner::Schedule { .. }
                | TimerOwner::Alarm { .. }
                | TimerOwner::Expiry { is_awaited: false, .. }
                | TimerOwner::Scheduler(SchedulerTimer::Recurring { .. })
        )
    }
}

/// How long a call takes: at least `nominal_ms`, at most `nominal_ms + spread_ms` without anything being wrong, and in
/// rare cases one of the tails. Within the spread its order against others is open.
#[derive(Clone, Copy, Debug)]
pub struct Latency {
    /// The shortest, in milliseconds.
    pub nominal_ms: u64,
    /// How much longer it may take, in milliseconds.
    pub spread_ms: u64,
    /// Slow cases, in milliseconds, which replace the nominal latency.
    pub tails_ms: [u64; 2],
}

/// Odds of nominal latency and of the two tails.
const LATENCY_WEIGHTS: [u32; 3] = [970, 20, 10];

/// An entry lets at most so many others go first.
pub const PASSES_MAX: u32 = 16;

/// How many others an entry lets go first: one in eight lets one, one in eight of these another one, and so on.
const PASS_WEIGHTS: [u32; PASSES_MAX as usize + 1] = pass_weights();

const fn pass_weights() -> [u32; PASSES_MAX as usize + 1] {
    let mut weights = [1; PASSES_MAX as usize + 1];
    let mut parts = 7 << 28;
    let mut at = 0;
    while at < weights.len() && parts > 1 {
        weights[at] = parts;
        parts /= 8;
        at += 1;
    }
    weights
}

/// An entry of the queue, and how it behaves towards others that could go first.
#[derive(Debug)]
struct Waiting {
    entry: Entry,
    passes: Passes,
}

/// How many others an entry has let go first.
#[derive(Clone, Copy, Debug, Default)]
struct Passes {
    times: u32,
    /// How many it shall let go first, once that was asked.
    wanted: Option<u32>,
    /// Where that stands among the choices of the run.
    choice: u32,
}

/// What every service sees of the world: the clock, the queue, the decisions, the faults and the trace.
pub struct Core {
    now: Millis,
    queue: Queue<Waiting>,
    aside: Vec<Due<Waiting>>,
    rivals: Vec<ActorId>,
    in_flight: usize,
    foreground: usize,
    answers: VecDeque<(ActorId, ReplyTo, Answer)>,
    names: Rc<Names>,
    pub(super) lineages: Lineages,
    pub(super) outbox: Outbox,
    decisions: Box<dyn Decisions>,
    choices: Vec<(Site, u32)>,
    plan: Rc<FaultPlan>,
    faults_on: bool,
    run_key: u64,
    trace: Trace,
    struck: Vec<u32>,
    metrics: Metrics,
    coverage: Coverage,
}

impl Core {
    /// A world with nothing in it.
    pub fn new(names: Rc<Names>, plan: Rc<FaultPlan>) -> Core {
        Core {
            now: Millis::START,
            queue: Queue::new(),
            aside: Vec::new(),
            rivals: Vec::new(),
            in_flight: 0,
            foreground: 0,
            answers: VecDeque::new(),
            names,
            lineages: Lineages::new(),
            outbox: Outbox::default(),
            decisions: Box::new(crate::explore::strategies::Benign),
            choices: Vec::new(),
            plan,
            faults_on: true,
            run_key: 0,
            trace: Trace::default(),
            struck: vec![0; FaultId::ALL.len()],
            metrics: Metrics::default(),
            coverage: Coverage::default(),
        }
    }

    /// The same with somebody who watches: services measure what they do.
    #[must_use]
    pub fn watched(mut self, metrics: Metrics) -> Core {
        self.metrics = metrics;
        self
    }

    /// Starts over under new decisions, keeping the memory.
    pub fn reset(&mut self, decisions: Box<dyn Decisions>, run_key: u64, recorded: bool) {
        self.now = Millis::START;
        self.queue.reset();
        self.aside.clear();
        self.in_flight = 0;
        self.foreground = 0;
        self.answers.clear();
        self.lineages.reset();
        self.outbox.reset();
        self.decisions = decisions;
        self.choices.clear();
        self.faults_on = true;
        self.run_key = run_key;
        self.trace.reset(recorded);
        self.struck.fill(0);
        self.metrics.reset();
    }

    /// The virtual time.
    #[inline]
    pub fn now(&self) -> Millis {
        self.now
    }

    /// The names of the scenario.
    pub fn names(&self) -> &Rc<Names> {
        &self.names
    }

    /// The lineages of this run.
    pub fn lineages(&self) -> &Lineages {
        &self.lineages
    }

    /// A new lineage: the `number`th thing called `name` that `parent` caused.
    #[inline]
    pub fn child(&mut self, parent: ActorId, name: Name, number: u32) -> ActorId {
        self.lineages.child(&self.names, parent, name, number)
    }

    /// The alternative taken at a site; 0 is the benign one.
    #[inline]
    pub fn choose(&mut self, actor: ActorId, operation: Name, kind: Kind, occurrence: u32, odds: &Weighted<'_>) -> u32 {
        let site = Site::new(&self.names, &self.lineages, actor, operation, kind, occurrence);
        decide(self.decisions.as_mut(), &mut self.choices, site, odds)
    }

    /// Whether `fault` strikes here: 0 when not, else its form, from 1.
    #[inline]
    pub fn fault(&mut self, fault: FaultId, actor: ActorId, operation: Name, occurrence: u32) -> u32 {
        let weights = self.plan.weights(fault);
        if !self.faults_on || weights.is_empty() {
            return 0;
        }
        let point = |lineages: &Lineages| InjectionPoint { fault, operation, place: lineages.name(actor) };
        self.coverage.offer(fault, || point(&self.lineages));
        let site = Site::new(&self.names, &self.lineages, actor, operation, Kind::Fault(fault), occurrence);
        let form = decide(self.decisions.as_mut(), &mut self.choices, site, &Weighted::Table(weights));
        if form != 0 {
            self.struck[fault as usize] += 1;
            self.coverage.strike(point(&self.lineages));
            let (names, lineages, at) = (&self.names, &self.lineages, self.now);
            self.trace.note(|| {
                let spec = fault.spec();
                let form = spec.forms.get(form as usize - 1).copied().unwrap_or_default();
                let what = format!("{}: {} ({form})", names.text(operation), spec.summary);
                Moment { at, actor: lineages.text(names, actor), what, fault: Some(fault) }
            });
        }
        form
    }

    /// A keyed value: distinct for every place, the same in every run of this seed. Not a decision.
    #[inline]
    pub fn entropy(&self, actor: ActorId, operation: Name, occurrence: u32) -> u64 {
        let place = mix(self.lineages.hash(actor), self.names.hash(operation).wrapping_add(u64::from(occurrence)));
        mix(self.run_key, place)
    }

    /// Sends a request; it arrives after the operation's latency.
    pub fn send(&mut self, caller: Caller, request: Request) {
        let (at, latest) = self.arrival(caller.actor, request.operation(), caller.occurrence, request.latency());
        self.push(at, latest, Entry::Call { caller, request });
    }

    /// Sends a request `delay_ms` from now; it arrives after the operation's latency.
    pub fn send_delayed(&mut self, delay_ms: u64, caller: Caller, request: Request) {
        let (at, latest) = self.arrival(caller.actor, request.operation(), caller.occurrence, request.latency());
        self.push(at + delay_ms, latest + delay_ms, Entry::Call { caller, request });
    }

    /// Sends a request that arrives `delay_ms` from now, or any time in the `spread_ms` after that.
    pub fn send_after(&mut self, delay_ms: u64, spread_ms: u64, caller: Caller, request: Request) {
        let at = self.now + delay_ms;
        self.push(at, at + spread_ms, Entry::Call { caller, request });
    }

    /// Answers at once: in this very instant, after what is being done.
    #[inline]
    pub fn answer(&mut self, actor: ActorId, to: ReplyTo, answer: Answer) {
        if to != ReplyTo::Nobody {
            self.answers.push_back((actor, to, answer));
        }
    }

    /// Answers after `delay_ms`.
    pub fn answer_after(&mut self, delay_ms: u64, actor: ActorId, occurrence: u32, to: ReplyTo, answer: Answer) {
        if to != ReplyTo::Nobody {
            let at = self.now + delay_ms;
            self.push(at, at, Entry::Answer { actor, occurrence, to, answer });
        }
    }

    /// Sets a timer, the `occurrence`th of its actor; others that come due up to `late_ms` later may go first.
    pub fn timer(&mut self, at: Millis, late_ms: u64, actor: ActorId, occurrence: u32, owner: TimerOwner) -> QueueId {
        let at = at.max(self.now);
        self.push(at, at + late_ms, Entry::Timer { actor, occurrence, owner })
    }

    /// The same, and it can be taken back; `None` where nobody waits.
    pub fn answer_later(
        &mut self,
        delay_ms: u64,
        actor: ActorId,
        occurrence: u32,
        to: ReplyTo,
        answer: Answer,
    ) -> Option<QueueId> {
        let at = self.now + delay_ms;
        (to != ReplyTo::Nobody).then(|| self.push(at, at, Entry::Answer { actor, occurrence, to, answer }))
    }

    /// Takes a timer back; nothing happens when it is gone. Whether it was still there.
    pub fn cancel(&mut self, timer: QueueId) -> bool {
        let cancelled = self.queue.cancel(timer);
        if let Some(waiting) = &cancelled {
            self.forget(&waiting.entry);
        }
        cancelled.is_some()
    }

    /// Takes a number that a service measured; nothing happens when nobody watches.
    #[inline]
    pub fn measure(&mut self, measure: Measure, value: f64) {
        if self.metrics.is_on() {
            self.metrics.measure(measure, self.now, value);
        }
    }

    /// What the services measured.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// What the services measured, for whoever adds to it.
    pub fn metrics_mut(&mut self) -> &mut Metrics {
        &mut self.metrics
    }

    /// Folds a number into the trace's hash.
    #[inline]
    pub fn fold(&mut self, value: u64) {
        self.trace.fold(value);
    }

    /// Whether a timeline is kept.
    #[inline]
    pub fn is_recorded(&self) -> bool {
        self.trace.is_recorded()
    }

    /// Adds a line to the timeline, if one is kept.
    pub fn note(&mut self, actor: ActorId, what: impl FnOnce() -> String) {
        let (names, lineages, at) = (&self.names, &self.lineages, self.now);
        self.trace.note(|| Moment { at, actor: lineages.text(names, actor), what: what(), fault: None });
    }

    /// The trace so far.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The script of this run so far.
    pub fn script(&self) -> Script {
        let choices = self.choices.iter();
        Script {
            choices: choices.map(|(site, taken)| Choice::new(site, &self.names, &self.lineages, *taken)).collect(),
        }
    }

    /// The same by the keys of the sites, in the order in which they were first asked.
    pub fn answers(&self) -> impl Iterator<Item = (u64, u32)> {
        self.choices.iter().map(|(site, taken)| (site.key, *taken))
    }

    /// How many of the choices so far were about the environment.
    pub fn deviation_count(&self) -> usize {
        self.choices.iter().filter(|(site, _)| site.kind != Kind::Shape).count()
    }

    /// How often each fault struck, by its place in the catalogue.
    pub fn struck(&self) -> &[u32] {
        &self.struck
    }

    /// What was covered, over all runs.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// The same, to note more.
    #[inline]
    pub fn coverage_mut(&mut self) -> &mut Coverage {
        &mut self.coverage
    }

    /// Ends the faults: from here on everything must drain.
    pub fn stop_faults(&mut self) {
        self.faults_on = false;
    }

    /// Whether faults may still strike.
    pub fn faults_on(&self) -> bool {
        self.faults_on
    }

    /// How many entries wait that the workload caused.
    pub fn foreground(&self) -> usize {
        self.foreground
    }

    /// How many entries wait that are not the ticks of a schedule: what the workload caused and what schedules did.
    pub fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// A new lineage for what a schedule does.
    pub fn schedule(&mut self, name: Name) -> ActorId {
        let actor = self.child(ActorId::WORLD, name, 0);
        self.lineages.mark_scheduled(actor);
        actor
    }

    /// The next answer of this instant.
    pub(crate) fn next_answer(&mut self) -> Option<(ActorId, ReplyTo, Answer)> {
        self.answers.pop_front()
    }

    /// When the next entry is due.
    pub(crate) fn next_at(&mut self) -> Option<Millis> {
        self.queue.next_at()
    }

    /// The next entry, with the clock moved to it.
    ///
    /// Of the entries that could go now each may let others go first. Whoever does stands right behind the one that
    /// goes, and is asked again before the next.
    pub(crate) fn next(&mut self) -> Option<Entry> {
        let mut until = Millis(u64::MAX);
        loop {
            let mut due = self.queue.pop()?;
            until = until.min(due.latest);
            if self.waits(&mut due, until) {
                self.aside.push(due);
                continue;
            }
            for waiting in self.aside.drain(..) {
                self.queue.put_behind(&due, waiting);
            }
            self.now = self.now.max(due.at);
            let entry = due.entry.entry;
            self.forget(&entry);
            return Some(entry);
        }
    }

    /// Whether `due` lets another one go first that comes no later than `until`.
    fn waits(&mut self, due: &mut Due<Waiting>, until: Millis) -> bool {
        let Waiting { entry, passes } = &mut due.entry;
        if passes.times == PASSES_MAX || due.latest == due.at {
            return false;
        }
        // One lineage is sequential by itself: its entries do not race each other.
        let actor = entry.actor();
        let Some(rival) = self.queue.co_enabled(until) else { return false };
        if rival.entry.actor() == actor {
            return false;
        }
        let site = |core: &Core| {
            Site::new(&core.names, &core.lineages, actor, entry.operation(), Kind::Defer, entry.occurrence())
        };
        if self.decisions.decides_order() {
            self.rivals.clear();
            self.rivals.extend(self.queue.all_until(until).map(|rival| rival.entry.actor()));
            let race = Race { lineages: &self.lineages, first: actor, others: &self.rivals };
            if !self.decisions.lets_pass(&race) {
                return false;
            }
        } else {
            let wanted = match passes.wanted {
                Some(wanted) => wanted,
                None => self.decisions.choose(&site(self), &Weighted::Table(&PASS_WEIGHTS)),
            };
            passes.wanted = Some(wanted);
            if passes.times >= wanted {
                return false;
            }
        }
        passes.times += 1;
        // However many it lets pass, it is one choice.
        if let Some((_, times)) = self.choices.get_mut(passes.choice as usize).filter(|_| passes.times > 1) {
            *times = passes.times;
        } else {
            passes.choice = self.choices.len() as u32;
            self.choices.push((site(self), 1));
        }
        true
    }

    fn arrival(&mut self, actor: ActorId, operation: Name, occurrence: u32, latency: Latency) -> (Millis, Millis) {
        // A call that is much slower than usual is a fault too, if the mildest one: as with any other, nobody is asked
        // when it is off.
        let may_be_slow = self.faults_on && self.plan.slow_calls();
        let odds = Weighted::Table(&LATENCY_WEIGHTS);
        match if may_be_slow { self.choose(actor, operation, Kind::Latency, occurrence, &odds) } else { 0 } {
            0 => {
                let at = self.now + latency.nominal_ms;
                (at, at + latency.spread_ms)
            }
            tail => {
                let at = self.now + latency.tails_ms[tail as usize - 1];
                (at, at)
            }
        }
    }

    fn push(&mut self, at: Millis, latest: Millis, entry: Entry) -> QueueId {
        if !entry.is_tick() {
            self.in_flight += 1;
            self.foreground += usize::from(!self.lineages.is_scheduled(entry.actor()));
        }
        self.queue.push(at, latest, Waiting { entry, passes: Passes::default() })
    }

    fn forget(&mut self, entry: &Entry) {
        if !entry.is_tick() {
            self.in_flight -= 1;
            self.foreground -= usize::from(!self.lineages.is_scheduled(entry.actor()));
        }
    }
}

#[inline]
fn decide(decisions: &mut dyn Decisions, choices: &mut Vec<(Site, u32)>, site: Site, odds: &Weighted<'_>) -> u32 {
    let alternative = decisions.choose(&site, odds).min(odds.alternatives() - 1);
    if alternative != 0 {
        choices.push((site, alternative));
    }
    alternative
}

/// The text of a keyed value in the form of a UUID of version 4.
pub fn uuid(high: u64, low: u64) -> Arc<str> {
    let high = high & !0xf000 | 0x4000;
    let low = low & !(0b11 << 62) | (0b10 << 62);
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&high.to_be_bytes());
    bytes[8..].copy_from_slice(&low.to_be_bytes());
    text_of(&uuid_text(bytes)).into()
}
