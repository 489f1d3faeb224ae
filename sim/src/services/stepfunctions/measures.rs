//! What CloudWatch is told of tasks: how many were scheduled, started and ended, and how long they took, by what they
//! call. Nothing at all where nobody asks.

use rehearsal_engine::asl::Resource;
use rehearsal_engine::execution::{Event, TaskId, TimerId, TimerPurpose};

use crate::world::metrics::{ActivityTasksMetric, FunctionTasksMetric, Measure, Namespace, ServiceTasksMetric};
use crate::world::{ActorId, Core, Millis};

/// The tasks of an execution that are measured, and the timers that may end them.
#[derive(Debug, Default)]
pub(super) struct MeasuredTasks {
    tasks: Vec<MeasuredTask>,
    limits: Vec<(TimerId, u64, TimerPurpose)>,
}

#[derive(Debug)]
struct MeasuredTask {
    task: TaskId,
    /// The hash of the attempt's lineage, which its timers share.
    attempt: u64,
    family: Namespace,
    resource: u32,
    scheduled: Millis,
    started: Option<Millis>,
}

/// What became of a task, in the order in which every family has its metrics.
#[derive(Clone, Copy)]
enum Became {
    Scheduled,
    Started,
    Succeeded,
    Failed,
    TimedOut,
}

/// Which family of metrics a task with this resource reports to.
pub fn task_family(resource: &Resource) -> Namespace {
    match resource {
        Resource::Lambda { .. } => Namespace::FunctionTasks,
        Resource::Activity { .. } => Namespace::ActivityTasks,
        Resource::Service(_) | Resource::Placeholder { .. } => Namespace::ServiceTasks,
    }
}

impl MeasuredTasks {
    /// A task is called.
    pub(super) fn scheduled(&mut self, core: &mut Core, task: TaskId, actor: ActorId, resource: &Resource) {
        let family = task_family(resource);
        let metrics = core.metrics();
        if !metrics.keeps(family) {
            return;
        }
        let Some(resource) = metrics.resource(family, &[resource.arn()]) else { return };
        core.measure(count(family, Became::Scheduled, resource), 1.0);
        let attempt = core.lineages().hash(actor);
        self.tasks.push(MeasuredTask { task, attempt, family, resource, scheduled: core.now(), started: None });
    }

    /// A timer is set that may end a task.
    pub(super) fn limited(&mut self, core: &Core, timer: TimerId, actor: ActorId, purpose: TimerPurpose) {
        const FAMILIES: [Namespace; 3] = [Namespace::FunctionTasks, Namespace::ServiceTasks, Namespace::ActivityTasks];
        // The timer may be set before its task is called.
        let is_measured = FAMILIES.into_iter().any(|family| core.metrics().keeps(family));
        if is_measured && matches!(purpose, TimerPurpose::Timeout | TimerPurpose::Heartbeat) {
            self.limits.push((timer, core.lineages().hash(actor), purpose));
        }
    }

    /// The interpreter hears something.
    pub(super) fn told(&mut self, core: &mut Core, event: &Event) {
        if self.tasks.is_empty() {
            return;
        }
        match event {
            Event::Started { task, .. } => {
                let Some(measured) = self.tasks.iter_mut().find(|measured| measured.task == *task) else { return };
                measured.started = Some(core.now());
                core.measure(count(measured.family, Became::Started, measured.resource), 1.0);
            }
            Event::Succeeded { task, .. } => self.ended(core, |measured| measured.task == *task, Became::Succeeded),
            Event::Failed { task, .. } => self.ended(core, |measured| measured.task == *task, Became::Failed),
            Event::TimerFired(timer) => {
                let Some(place) = self.limits.iter().position(|(known, ..)| known == timer) else { return };
                let (_, attempt, purpose) = self.limits.swap_remove(place);
                if let Some(measured) = self.tasks.iter().find(|measured| measured.attempt == attempt)
                    && measured.family == Namespace::ActivityTasks
                    && purpose == TimerPurpose::Heartbeat
                {
                    core.measure(ActivityTasksMetric::ActivitiesHeartbeatTimedOut.of(measured.resource), 1.0);
                }
                self.ended(core, |measured| measured.attempt == attempt, Became::TimedOut);
            }
            _ => {}
        }
    }

    /// Nobody waits for a task any more, for no fault of its own.
    pub(super) fn abandoned(&mut self, task: TaskId) {
        self.tasks.retain(|measured| measured.task != task);
    }

    fn ended(&mut self, core: &mut Core, is_meant: impl Fn(&MeasuredTask) -> bool, became: Became) {
        let Some(place) = self.tasks.iter().position(is_meant) else { return };
        let MeasuredTask { family, resource, scheduled, started, attempt, .. } = self.tasks.swap_remove(place);
        self.limits.retain(|(_, limited, _)| *limited != attempt);
        core.measure(count(family, became, resource), 1.0);
        let now = core.now();
        let [schedule_time, run_time, time] = times(family, resource);
        if let Some(started) = started {
            core.measure(schedule_time, (started - scheduled) as f64);
            core.measure(run_time, (now - started) as f64);
        }
        core.measure(time, (now - scheduled) as f64);
    }
}

fn count(family: Namespace, became: Became, resource: u32) -> Measure {
    match family {
        Namespace::FunctionTasks => match became {
            Became::Scheduled => FunctionTasksMetric::LambdaFunctionsScheduled,
            Became::Started => FunctionTasksMetric::LambdaFunctionsStarted,
            Became::Succeeded => FunctionTasksMetric::LambdaFunctionsSucceeded,
            Became::Failed => FunctionTasksMetric::LambdaFunctionsFailed,
            Became::TimedOut => FunctionTasksMetric::LambdaFunctionsTimedOut,
        }
        .of(resource),
        Namespace::ActivityTasks => match became {
            Became::Scheduled => ActivityTasksMetric::ActivitiesScheduled,
            Became::Started => ActivityTasksMetric::ActivitiesStarted,
            Became::Succeeded => ActivityTasksMetric::ActivitiesSucceeded,
            Became::Failed => ActivityTasksMetric::ActivitiesFailed,
            Became::TimedOut => ActivityTasksMetric::ActivitiesTimedOut,
        }
        .of(resource),
        _ => match became {
            Became::Scheduled => ServiceTasksMetric::ServiceIntegrationsScheduled,
            Became::Started => ServiceTasksMetric::ServiceIntegrationsStarted,
            Became::Succeeded => ServiceTasksMetric::ServiceIntegrationsSucceeded,
            Became::Failed => ServiceTasksMetric::ServiceIntegrationsFailed,
            Became::TimedOut => ServiceTasksMetric::ServiceIntegrationsTimedOut,
        }
        .of(resource),
    }
}

/// Until it started, from then on, and altogether.
fn times(family: Namespace, resource: u32) -> [Measure; 3] {
    match family {
        Namespace::FunctionTasks => [
            FunctionTasksMetric::LambdaFunctionScheduleTime.of(resource),
            FunctionTasksMetric::LambdaFunctionRunTime.of(resource),
            FunctionTasksMetric::LambdaFunctionTime.of(resource),
        ],
        Namespace::ActivityTasks => [
            ActivityTasksMetric::ActivityScheduleTime.of(resource),
            ActivityTasksMetric::ActivityRunTime.of(resource),
            ActivityTasksMetric::ActivityTime.of(resource),
        ],
        _ => [
            ServiceTasksMetric::ServiceIntegrationScheduleTime.of(resource),
            ServiceTasksMetric::ServiceIntegrationRunTime.of(resource),
            ServiceTasksMetric::ServiceIntegrationTime.of(resource),
        ],
    }
}
