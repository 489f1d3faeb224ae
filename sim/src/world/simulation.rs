mod dispatch;
mod judge;

use super::drain::UNDRAINED;
use super::outside::Watch;
use super::refusals::Refusals;
use super::workload::{ActorStep, PlannedActor, Shape, Workload};
use super::{
    ActorId, Clients, Core, Decisions, Invariant, Millis, Name, Parts, Permissions, Revisions, TimerOwner, View,
    Violation,
};
use crate::handlers::{HostError, hosted};
use crate::services::cloudwatch::CloudWatch;
use crate::services::dynamodb::DynamoDb;
use crate::services::eventbridge::EventBridge;
use crate::services::lambda::Lambda;
use crate::services::s3::S3;
use crate::services::scheduler::Scheduler;
use crate::services::sns::Sns;
use crate::services::sqs::Sqs;
use crate::services::stepfunctions::StepFunctions;

/// Where a run is cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caps {
    /// Entries of the queue, at most.
    pub steps_max: u64,
    /// Virtual time, at most.
    pub virtual_ms_max: u64,
    /// Virtual time from the workload's last step until the faults stop at the latest, and as much again until
    /// everything that was begun must be over. Without it only the cap on all virtual time ends a run.
    pub drain_ms_max: Option<u64>,
}

impl Default for Caps {
    fn default() -> Caps {
        const THIRTY_DAYS_MS: u64 = 30 * 86_400_000;
        Caps { steps_max: 200_000, virtual_ms_max: THIRTY_DAYS_MS, drain_ms_max: None }
    }
}

/// A whole world: services, workload and invariants, ready to run again and again.
pub struct World {
    /// Clock, queue, decisions, faults and trace.
    pub core: Core,
    /// CloudWatch.
    pub cloudwatch: CloudWatch,
    /// DynamoDB.
    pub dynamodb: DynamoDb,
    /// EventBridge.
    pub eventbridge: EventBridge,
    /// Lambda.
    pub lambda: Lambda,
    /// EventBridge Scheduler.
    pub scheduler: Scheduler,
    /// Step Functions.
    pub stepfunctions: StepFunctions,
    /// SQS.
    pub sqs: Sqs,
    /// S3.
    pub s3: S3,
    /// SNS.
    pub sns: Sns,
    /// The client scripts of the workload.
    pub clients: Clients,
    /// What every role may do.
    pub permissions: Permissions,
    /// The promises.
    pub invariants: Vec<Invariant>,
    workload: Box<dyn Workload>,
    caps: Caps,
    pub(super) actors: Vec<PlannedActor>,
    pub(super) progress: Vec<u32>,
    pub(super) watches: Vec<Watch>,
    changed: Parts,
    revisions: Revisions,
    last_change: Millis,
    steps: u64,
    reached: Vec<bool>,
    pub(super) refusals: Refusals,
    /// When the workload took its last step.
    workload_over: Option<Millis>,
}

/// What became of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The hash of everything that happened.
    pub trace_hash: u64,
    /// Entries of the queue that were handled.
    pub steps: u64,
    /// Executions that were started.
    pub executions: usize,
    /// Virtual time, in milliseconds.
    pub virtual_ms: u64,
    /// The first promise that was broken.
    pub violation: Option<Violation>,
    /// How many choices were about the environment.
    pub deviations: usize,
}

/// Faults go on for this long after the workload is done, so that whatever cleans up meets them too.
const FAULTS_AFTER_WORKLOAD_MS: u64 = 300_000;
/// Beyond the longest schedule, everything must have been quiet for this long before a run is over.
const SETTLE_MS: u64 = 1_000;
/// Where there are schedules, alarms with longer periods are not waited for.
const ALARM_SETTLE_MS_MAX: u64 = 3_600_000;
/// So many periods of the longest schedule, or a day of them, are enough for whatever cleans up; then only what was begun
/// is finished.
const SETTLE_PERIODS_MAX: u64 = 10;

const DAY_MS: u64 = 86_400_000;

/// The name of the verdict on a run that does not end.
pub const LIVELOCK: &str = "the run does not come to an end";

impl World {
    /// A world of these services. Names of the workload's actors must be interned in `core`'s names.
    #[expect(clippy::too_many_arguments, reason = "a world is its parts, and each is of its own type")]
    pub fn new(
        core: Core,
        cloudwatch: CloudWatch,
        dynamodb: DynamoDb,
        eventbridge: EventBridge,
        lambda: Lambda,
        scheduler: Scheduler,
        stepfunctions: StepFunctions,
        sqs: Sqs,
        sns: Sns,
        permissions: Permissions,
        invariants: Vec<Invariant>,
        workload: Box<dyn Workload>,
        caps: Caps,
    ) -> World {
        let reached = vec![false; invariants.len()];
        let mut core = core;
        core.coverage_mut().resize(stepfunctions.points().map(<[_]>::len).sum());
        World {
            core,
            cloudwatch,
            dynamodb,
            eventbridge,
            lambda,
            scheduler,
            stepfunctions,
            sqs,
            s3: S3::default(),
            sns,
            clients: Clients::default(),
            permissions,
            invariants,
            workload,
            caps,
            actors: Vec::new(),
            progress: Vec::new(),
            watches: Vec::new(),
            changed: Parts::ALL,
            revisions: Revisions::default(),
            last_change: Millis::START,
            steps: 0,
            reached,
            refusals: Refusals::default(),
            workload_over: None,
        }
    }

    /// The same with client scripts.
    #[must_use]
    pub fn with_clients(mut self, clients: Clients) -> World {
        self.clients = clients;
        self
    }

    /// The same with these buckets.
    #[must_use]
    pub fn with_s3(mut self, s3: S3) -> World {
        self.s3 = s3;
        self
    }

    /// Runs once, from the start to the end or to the first broken promise.
    ///
    /// `recorded` keeps histories and a timeline; it changes nothing else.
    pub fn run(&mut self, decisions: Box<dyn Decisions>, run_key: u64, recorded: bool) -> Result<Outcome, HostError> {
        self.reset(decisions, run_key, recorded);
        if self.lambda.is_native() { hosted(run_key, || self.run_hosted()) } else { self.run_hosted() }
    }

    fn run_hosted(&mut self) -> Result<Outcome, HostError> {
        self.start_workload().map_err(HostError)?;
        self.dynamodb.start(&mut self.core);
        self.eventbridge.start_schedules(&mut self.core);
        self.cloudwatch.start(&mut self.core);
        self.scheduler.start(&mut self.core);
        self.lambda.start_pollers(&mut self.core);
        let violation = match self.run_to_the_end()? {
            Some(violation) => Some(violation),
            None => self.check_end()?.or_else(|| self.undrained()),
        };
        if let Some(violation) = &violation {
            self.core.note(ActorId::WORLD, || format!("BROKEN: {}", violation.name));
        }
        self.core.fold(self.dynamodb.digest());
        Ok(Outcome {
            trace_hash: self.core.trace().hash(),
            steps: self.steps,
            executions: self.stepfunctions.records().len(),
            virtual_ms: self.core.now().since_start(),
            violation,
            deviations: self.core.deviation_count(),
        })
    }

    /// Which of the `sometimes` the last run reached, by their place among the invariants.
    pub fn reached(&self) -> &[bool] {
        &self.reached
    }

    /// The actors of the last run, as its shape was drawn.
    pub fn planned(&self) -> &[PlannedActor] {
        &self.actors
    }

    /// Who took part in the last run, as `2 × shopper, 1 × operator`.
    pub fn shape(&self) -> String {
        let (names, lineages) = (self.core.names(), self.core.lineages());
        let mut kinds: Vec<(Name, u32)> = Vec::new();
        for name in self.planned().iter().map(|planned| lineages.name(planned.actor)) {
            match kinds.iter_mut().find(|(known, _)| *known == name) {
                Some((_, count)) => *count += 1,
                None => kinds.push((name, 1)),
            }
        }
        let words = kinds.iter().map(|(name, count)| format!("{count} × {}", names.text(*name)));
        let words = words.collect::<Vec<_>>().join(", ");
        if words.is_empty() { "no actor".to_owned() } else { words }
    }

    /// The state as invariants see it.
    pub fn view(&self) -> View<'_> {
        View {
            tables: &self.dynamodb.database,
            executions: &self.stepfunctions,
            events: &self.eventbridge,
            alarms: &self.cloudwatch,
            metrics: self.core.metrics(),
            queues: &self.sqs,
            topics: &self.sns,
            clients: self.clients.records(),
            invocations: self.lambda.invocation_count(),
            revisions: &self.revisions,
            now: self.core.now(),
            names: self.core.names(),
        }
    }

    fn reset(&mut self, decisions: Box<dyn Decisions>, run_key: u64, recorded: bool) {
        self.core.reset(decisions, run_key, recorded);
        self.cloudwatch.reset();
        self.scheduler.reset();
        self.dynamodb.reset();
        self.eventbridge.reset();
        self.lambda.reset();
        self.stepfunctions.reset(recorded);
        self.sqs.reset();
        self.s3.reset();
        self.sns.reset();
        self.clients.reset();
        self.refusals.reset();
        self.workload_over = None;
        self.changed = Parts::ALL;
        self.revisions.begin_run();
        self.last_change = Millis::START;
        self.steps = 0;
        self.reached.fill(false);
    }

    fn start_workload(&mut self) -> Result<(), String> {
        self.actors.clear();
        self.progress.clear();
        self.watches.clear();
        self.workload.plan(&mut Shape::new(&mut self.core), &mut self.actors)?;
        self.progress.resize(self.actors.len(), 0);
        if self.actors.iter().flat_map(|planned| &planned.steps).any(ActorStep::may_look_back) {
            self.stepfunctions.keep_journals();
        }
        for (slot, planned) in self.actors.iter().enumerate() {
            let owner = TimerOwner::Actor { slot: slot as u32 };
            self.core.timer(Millis::START + planned.at_ms, 0, planned.actor, 0, owner);
        }
        Ok(())
    }

    fn run_to_the_end(&mut self) -> Result<Option<Violation>, HostError> {
        let mut faults_until = None;
        let scheduler_period_ms = self.scheduler.period_max_ms();
        let alarm_settle_ms = self.cloudwatch.horizon_max_ms().min(ALARM_SETTLE_MS_MAX);
        // What `always` says holds before anything happens, or the scenario's own data is wrong.
        if let Some(violation) = self.check_changed()? {
            return Ok(Some(violation));
        }
        loop {
            if self.core.foreground() == 0 && faults_until.is_none() {
                faults_until = Some(self.core.now() + FAULTS_AFTER_WORKLOAD_MS);
            }
            if let Some(until) = faults_until
                && self.core.foreground() == 0
            {
                // Rules are switched on and off while the run goes on.
                let period_ms = scheduler_period_ms.max(self.eventbridge.schedule_period_max_ms());
                let has_schedules = period_ms > 0;
                let settle_ms = period_ms.max(alarm_settle_ms) + SETTLE_MS;
                let settled = self.core.now() > self.last_change.max(until) + settle_ms;
                // What a schedule does may be measured for ever; without one, alarms come to rest by themselves.
                let is_over = if has_schedules { settled } else { !self.cloudwatch.is_waiting() };
                let is_over = is_over && !self.dynamodb.awaits_expiry(self.end());
                if self.core.in_flight() == 0 && (is_over || self.is_cut_off_next()) {
                    return Ok(None);
                }
                // A schedule that always has something to do, if only to note its own tick, never is quiet.
                if self.core.now() > until + (SETTLE_PERIODS_MAX * settle_ms).min(DAY_MS.max(settle_ms)) {
                    self.eventbridge.stop_schedules();
                    self.scheduler.stop_recurring();
                }
            }
            if let Some(drain_ms) = self.caps.drain_ms_max
                && self.is_drain_over(drain_ms)
            {
                return Ok(Some(self.verdict(UNDRAINED)));
            }
            let Some(entry) = self.core.next() else { return Ok(None) };
            if faults_until.is_some_and(|until| self.core.now() > until) {
                self.core.stop_faults();
            }
            self.steps += 1;
            if self.steps > self.caps.steps_max || self.core.now().since_start() > self.caps.virtual_ms_max {
                return Ok(Some(self.livelock()));
            }
            self.core.fold(self.core.now().0);
            self.core.fold(self.core.lineages().hash(entry.actor()));
            self.handle(entry)?;
            while let Some((_, to, answer)) = self.core.next_answer() {
                self.pass_on(to, answer)?;
            }
            self.tell_alarms();
            if self.changed != Parts::NONE {
                // What is only measured changes nothing by itself.
                if self.changed != Parts::METRICS {
                    self.last_change = self.core.now();
                }
                let changed = self.changed;
                if let Some(violation) = self.check_changed()? {
                    return Ok(Some(violation));
                }
                self.wake_watchers(changed)?;
            }
        }
    }

    /// Whether the workload was over so long ago that nothing may be on its way any more. Half of the time has faults.
    fn is_drain_over(&mut self, drain_ms: u64) -> bool {
        if self.workload_over.is_none() && self.is_workload_over() {
            self.workload_over = Some(self.core.now());
        }
        let (Some(over), Some(next)) = (self.workload_over, self.core.next_at()) else { return false };
        if next > over + drain_ms {
            self.core.stop_faults();
        }
        next > over + 2 * drain_ms && self.core.in_flight() > 0
    }

    /// Whether every actor has taken its last step, and every client script has ended.
    fn is_workload_over(&self) -> bool {
        let mut actors = self.progress.iter().zip(&self.actors);
        actors.all(|(progress, planned)| *progress as usize >= planned.steps.len())
            && self.clients.records().iter().all(|client| client.end.is_some())
    }

    /// Whether the next entry lies beyond where the run is cut off: nobody waits for a tick there.
    fn is_cut_off_next(&mut self) -> bool {
        let end = self.end();
        self.core.next_at().is_some_and(|at| at > end)
    }

    /// When the run is cut off.
    fn end(&self) -> Millis {
        Millis::START + self.caps.virtual_ms_max
    }

    pub(super) fn note_clients(&mut self) {
        if self.clients.take_changed() {
            self.touch(Parts::CLIENTS);
        }
    }

    fn note_executions(&mut self) {
        let changed = self.stepfunctions.take_changed();
        if changed != Parts::NONE {
            self.touch(changed);
        }
    }

    /// What was measured in this step reaches the alarms.
    fn tell_alarms(&mut self) {
        if self.core.metrics().is_touched() {
            self.cloudwatch.observe(&mut self.core);
            self.touch(Parts::METRICS);
        }
        let changed = self.cloudwatch.take_changed();
        if changed != Parts::NONE {
            self.touch(changed);
        }
    }

    fn note_queues(&mut self) {
        if self.sqs.take_changed() {
            self.touch(Parts::QUEUES);
        }
    }

    pub(super) fn touch(&mut self, parts: Parts) {
        self.changed = self.changed.and(parts);
        self.revisions.bump(parts);
    }

    fn livelock(&self) -> Violation {
        let caps = self.caps;
        let time = match caps.virtual_ms_max {
            ms if ms >= DAY_MS && ms.is_multiple_of(DAY_MS) => format!("{} days", ms / DAY_MS),
            ms => format!("{ms} ms"),
        };
        let name = format!("{LIVELOCK} within {} steps and {time} of virtual time", caps.steps_max);
        self.verdict(&name)
    }
}
