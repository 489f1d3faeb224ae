use rehearsal_engine::execution::{TaskId, TimerId};

use super::{ActorId, Name};
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
        /// Which of its calls.
        call: u32,
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
        /// Which of its calls.
        call: u32,
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
    /// The next message of a move task.
    MoveTask {
        /// The task.
        task: u32,
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
    /// A change of a rule takes effect.
    Rule {
        /// The rule.
        rule: u32,
    },
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
    pub(super) fn is_tick(&self) -> bool {
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
