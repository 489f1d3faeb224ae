mod anchors;
mod order;

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use self::anchors::{Arrival, Held};
pub use self::order::PASSES_MAX;
use self::order::{Passes, Waiting};
use super::hash::mix;
use super::metrics::Measure;
use super::outbox::Outbox;
use super::{
    ActorId, Caller, Choice, Coverage, Decisions, Due, Entry, FaultId, FaultPlan, InjectionPoint, Kind, Lineages,
    Metrics, Millis, Moment, Name, Names, Queue, QueueId, ReplyTo, Script, Site, TimerOwner, Trace, Weighted,
};
use crate::handlers::entropy::{text_of, uuid_text};
use crate::services::{Answer, Request};

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

/// What every service sees of the world: the clock, the queue, the decisions, the faults and the trace.
pub struct Core {
    now: Millis,
    queue: Queue<Waiting>,
    aside: Vec<Due<Waiting>>,
    rivals: Vec<ActorId>,
    held: Vec<Held>,
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
            held: Vec::new(),
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
        self.held.clear();
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
        self.fault_in_forms(usize::MAX, fault, actor, operation, occurrence)
    }

    /// The same where only the first `forms` of its forms are possible.
    #[inline]
    pub fn fault_in_forms(
        &mut self,
        forms: usize,
        fault: FaultId,
        actor: ActorId,
        operation: Name,
        occurrence: u32,
    ) -> u32 {
        let weights = self.plan.weights(fault);
        if !self.faults_on || weights.is_empty() {
            return 0;
        }
        let weights = &weights[..weights.len().min(forms.saturating_add(1))];
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

    /// Whether requests may be refused now before their service sees them.
    #[inline]
    pub(super) fn may_refuse(&self) -> bool {
        self.faults_on && self.plan.refuses()
    }

    /// A keyed value: distinct for every place, the same in every run of this seed. Not a decision.
    #[inline]
    pub fn entropy(&self, actor: ActorId, operation: Name, occurrence: u32) -> u64 {
        let place = mix(self.lineages.hash(actor), self.names.hash(operation).wrapping_add(u64::from(occurrence)));
        mix(self.run_key, place)
    }

    /// Sends a request; it arrives after the operation's latency.
    #[inline]
    pub fn send(&mut self, caller: Caller, request: Request) {
        self.send_delayed(0, caller, request);
    }

    /// Sends a request `delay_ms` from now; it arrives after the operation's latency.
    pub fn send_delayed(&mut self, delay_ms: u64, caller: Caller, request: Request) {
        match self.arrival(&caller, &request) {
            Arrival::Within(at, latest) => self.push(at + delay_ms, latest + delay_ms, Entry::Call { caller, request }),
            Arrival::PastNextWrite { at_latest } => self.hold(at_latest, caller, request),
        };
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
