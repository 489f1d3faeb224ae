use std::sync::Arc;

use rehearsal_engine::{Json, json};

use super::api::{Function, Invoke, InvokeResponse, Mode, Target};
use super::asynchronous::AsyncEvent;
use super::environments::Environments;
use super::invocation::{Invocation, Phase};
use super::pollers::Poller;
use super::sources::EventSource;
use crate::handlers::entropy::{RANDOM_WEIGHTS, random_value};
use crate::handlers::{Host, HostError, Sdk, Start, Step, Wake};
use crate::services::{Answer, ApiError, Response};
use crate::world::metrics::LambdaMetric;
use crate::world::{
    ActorId, Caller, Core, FaultId, InvocationTimer, Kind, Name, ReplyTo, TIMER_LATE_MS, TimerOwner, Weighted,
    form_value, hash_text, uuid,
};

/// The Lambda service of one world.
pub struct Lambda {
    pub(super) functions: Vec<Function>,
    pub(super) host: Box<dyn Host>,
    pub(super) events: Vec<AsyncEvent>,
    environments: Vec<Environments>,
    next_environment: u32,
    /// By environment, how far its clock is ahead.
    skews_ms: Vec<i64>,
    invocations: Vec<Invocation>,
    pub(super) sources: Vec<EventSource>,
    pub(super) pollers: Vec<Poller>,
}

/// AWS: the largest response of a function, as its error message names it.
const RESPONSE_BYTES_MAX: usize = 6_291_556;

/// AWS: the qualifier of what is not published as a version.
const LATEST: &str = "$LATEST";

/// A new environment starts this much later when the fault strikes, by its form.
const COLD_START_MS: [u64; 2] = [300, 2_000];

impl Lambda {
    /// The service with these functions, run by `host`.
    pub fn new(functions: Vec<Function>, host: Box<dyn Host>) -> Lambda {
        let environments = functions.iter().map(|_| Environments::default()).collect();
        Lambda {
            functions,
            host,
            environments,
            next_environment: 0,
            skews_ms: Vec::new(),
            invocations: Vec::new(),
            events: Vec::new(),
            sources: Vec::new(),
            pollers: Vec::new(),
        }
    }

    /// Back to no invocation and no environment.
    pub fn reset(&mut self) {
        self.host.reset();
        self.environments.iter_mut().for_each(Environments::reset);
        self.next_environment = 0;
        self.skews_ms.clear();
        self.invocations.clear();
        self.events.clear();
        self.pollers.clear();
    }

    /// Whether handlers run inside this process.
    pub(crate) fn is_native(&self) -> bool {
        self.host.is_native()
    }

    /// What handlers did that the world does not control.
    pub fn notices(&self) -> &[crate::handlers::python::Notice] {
        self.host.notices()
    }

    /// The functions, by index.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// How many invocations were started.
    pub fn invocation_count(&self) -> usize {
        self.invocations.len()
    }

    /// The index of the function that `target` means.
    pub fn find(&self, target: &Target) -> Option<u32> {
        match target {
            Target::Index(index) => Some(*index),
            Target::Text(text) => {
                // Most callers give the whole ARN.
                if let Some(index) = self.functions.iter().position(|function| *function.arn == **text) {
                    return Some(index as u32);
                }
                // A name, `function:NAME` or a whole ARN; a qualifier may follow the name.
                let name = text.rsplit_once("function:").map_or(&**text, |(_, name)| name);
                let (name, qualifier) = name.split_once(':').unwrap_or((name, LATEST));
                let has = |function: &Function| {
                    qualifier == LATEST || function.qualifiers.iter().any(|(known, _)| **known == *qualifier)
                };
                let is_meant = |function: &Function| *function.text == *name && has(function);
                self.functions.iter().position(is_meant).map(|index| index as u32)
            }
        }
    }

    /// The ARN of a function that does not exist, as AWS names it.
    fn arn_of(&self, target: &Target) -> String {
        let text = match target {
            Target::Text(text) if text.starts_with("arn:") => return text.to_string(),
            Target::Text(text) => text.rsplit_once("function:").map_or(&**text, |(_, name)| name),
            Target::Index(_) => "unknown",
        };
        // Whatever the account and the region are, the functions that do exist have them too.
        let known = self.functions.first().and_then(|function| function.arn.rsplit_once(":function:"));
        known.map_or_else(|| text.to_owned(), |(head, _)| format!("{head}:function:{text}"))
    }

    /// Takes a request that reached the service.
    pub fn handle(&mut self, core: &mut Core, caller: Caller, request: Invoke) -> Result<(), HostError> {
        let Some(function) = self.find(&request.function) else {
            let message = format!("Function not found: {}", self.arn_of(&request.function));
            let error = ApiError::new("ResourceNotFoundException", message).with_status(404);
            core.answer(caller.actor, caller.reply_to, Err(error));
            return Ok(());
        };
        if let Some(error) = too_large_request(&request) {
            core.answer(caller.actor, caller.reply_to, Err(error));
            return Ok(());
        }
        match request.mode {
            Mode::DryRun => {
                let accepted = InvokeResponse { status: 204, payload: Json::Null, failed: false };
                core.answer(caller.actor, caller.reply_to, Ok(Response::Lambda(accepted)));
                Ok(())
            }
            Mode::Asynchronous => {
                self.accept_event(core, caller, function, request.payload);
                Ok(())
            }
            Mode::Synchronous => {
                self.invoke(core, caller.actor, caller.occurrence, caller.reply_to, function, request.payload)
            }
        }
    }

    /// Runs a function; whoever `reply_to` names gets the answer.
    pub(super) fn invoke(
        &mut self,
        core: &mut Core,
        parent: ActorId,
        number: u32,
        reply_to: ReplyTo,
        function: u32,
        event: Json,
    ) -> Result<(), HostError> {
        let name = self.functions[function as usize].name;
        let actor = core.child(parent, name, number);
        if core.fault(FaultId::LaSvcBefore, actor, Name::LAMBDA_INVOKE, 0) != 0 {
            core.answer(parent, reply_to, Err(service_exception()));
            return Ok(());
        }
        let limit = self.functions[function as usize].reserved_concurrency;
        let full = limit.is_some_and(|limit| self.environments[function as usize].running() >= limit);
        if full || core.fault(FaultId::LaThrottle, actor, Name::LAMBDA_INVOKE, 0) != 0 {
            // AWS: a throttled invocation counts neither as an invocation nor as an error.
            core.measure(LambdaMetric::Throttles.of(function), 1.0);
            core.answer(parent, reply_to, Err(too_many_requests(full)));
            return Ok(());
        }
        let id = self.invocations.len() as u32;
        let mut invocation = Invocation::new(function, actor, reply_to, event, core.now());
        let (environment, fresh) = self.environments[function as usize].take(&mut self.next_environment);
        invocation.environment = environment;
        invocation.fresh = fresh;
        invocation.entropy = core.entropy(actor, Name::HANDLER, 0);
        // AWS: every attempt of an asynchronous event has the same request id.
        invocation.request = match reply_to {
            ReplyTo::AsyncEvent { event } => self.events[event as usize].request,
            _ => invocation.entropy,
        };
        self.invocations.push(invocation);
        let running = self.environments[function as usize].running();
        core.measure(LambdaMetric::Invocations.of(function), 1.0);
        core.measure(LambdaMetric::ConcurrentExecutions.of(function), f64::from(running));
        if fresh {
            self.set_clock(core, actor, environment);
        }
        let cold = if fresh { core.fault(FaultId::LaCold, actor, Name::LAMBDA_INVOKE, 0) } else { 0 };
        let Some(cold_ms) = form_value(&COLD_START_MS, cold) else { return self.begin(core, id) };
        let at = core.now() + cold_ms;
        core.timer(at, 0, actor, 0, TimerOwner::Invocation { invocation: id, what: InvocationTimer::Start });
        Ok(())
    }

    /// Decides what the clock of a new environment shows.
    fn set_clock(&mut self, core: &mut Core, actor: ActorId, environment: u32) {
        let mut skew_ms = 0;
        for (fault, off_ms) in [(FaultId::ClkSkew, 50), (FaultId::ClkDrift, 5_000)] {
            match core.fault(fault, actor, Name::LAMBDA_INVOKE, 0) {
                0 => {}
                1 => skew_ms += off_ms,
                _ => skew_ms -= off_ms,
            }
        }
        if skew_ms != 0 {
            self.skews_ms.resize(environment as usize + 1, 0);
            self.skews_ms[environment as usize] = skew_ms;
        }
    }

    /// An invocation's timer fired.
    pub fn timer(&mut self, core: &mut Core, id: u32, what: InvocationTimer) -> Result<(), HostError> {
        match (what, self.invocations[id as usize].phase) {
            (InvocationTimer::Start, Phase::Starting) => self.begin(core, id),
            (InvocationTimer::Sleep, Phase::Running) => self.resume(core, id, Wake::Slept),
            (InvocationTimer::Timeout, Phase::Running | Phase::Hanging) => {
                let invocation = &mut self.invocations[id as usize];
                // The timer that fires is gone from the queue.
                invocation.timeout = None;
                let seconds = (core.now() - invocation.started) as f64 / 1000.0;
                let message =
                    format!("RequestId: {} Error: Task timed out after {seconds:.2} seconds", request_id(invocation));
                // AWS: recorded November 2025, the timeout's payload names Sandbox.Timedout.
                let payload = json!({"errorType": "Sandbox.Timedout", "errorMessage": message});
                core.note(invocation.actor, || "times out".to_owned());
                self.kill(core, id, payload);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The answer to a handler's call arrived.
    pub fn answer(&mut self, core: &mut Core, id: u32, call: u32, answer: Answer) -> Result<(), HostError> {
        let invocation = &mut self.invocations[id as usize];
        if invocation.phase != Phase::Running {
            // Killed meanwhile: what it asked for happened, nobody hears of it.
            return Ok(());
        }
        match invocation.outstanding.answered(core, call, answer) {
            None => Ok(()),
            Some(answer) => self.resume(core, id, Wake::Answer(answer)),
        }
    }

    /// What the SDK of an invocation does about the call that it waits for.
    pub fn sdk(&self, id: u32) -> Sdk {
        self.invocations.get(id as usize).map(|invocation| invocation.outstanding.sdk()).unwrap_or_default()
    }

    fn begin(&mut self, core: &mut Core, id: u32) -> Result<(), HostError> {
        let invocation = &mut self.invocations[id as usize];
        invocation.phase = Phase::Running;
        invocation.started = core.now();
        let deadline = core.now() + self.functions[invocation.function as usize].timeout_ms;
        let owner = TimerOwner::Invocation { invocation: id, what: InvocationTimer::Timeout };
        core.set_deadline(invocation.actor, deadline);
        // What keeps the time is not the handler: its own calls race against it.
        let keeper = core.child(invocation.actor, Name::TIMER, 0);
        invocation.timeout = Some(core.timer(deadline, TIMER_LATE_MS, keeper, 0, owner));
        core.note(invocation.actor, || format!("starts with {}", invocation.event));
        let step = self.host.start(&Start {
            invocation: id,
            function: invocation.function,
            environment: invocation.environment,
            fresh: invocation.fresh,
            event: &invocation.event,
            entropy: invocation.entropy,
            request: invocation.request,
            deadline,
            now: core.now(),
            skew_ms: self.skews_ms.get(invocation.environment as usize).copied().unwrap_or_default(),
        })?;
        self.follow(core, id, step)
    }

    fn resume(&mut self, core: &mut Core, id: u32, wake: Wake) -> Result<(), HostError> {
        let step = self.host.resume(id, wake, core.now())?;
        self.follow(core, id, step)
    }

    fn follow(&mut self, core: &mut Core, id: u32, mut step: Step) -> Result<(), HostError> {
        loop {
            let invocation = &mut self.invocations[id as usize];
            let actor = invocation.actor;
            if core.is_recorded() {
                let printed = self.host.take_log(id).unwrap_or_default();
                printed.lines().for_each(|line| core.note(actor, || format!("prints {line}")));
            }
            match step {
                Step::Call { request, sdk } => {
                    let operation = request.operation();
                    let occurrence = invocation.next_call(operation);
                    let raises = core.fault(FaultId::LaErr, actor, operation, occurrence);
                    if raises != 0 {
                        if raises == 2 {
                            let principal = self.functions[invocation.function as usize].role;
                            core.send(Caller { actor, occurrence, principal, reply_to: ReplyTo::Nobody }, request);
                        }
                        self.raise(core, id);
                        return Ok(());
                    }
                    // AWS: a killed function leaves exactly a prefix of its effects.
                    match core.fault(FaultId::LaCrashMid, actor, operation, occurrence) {
                        0 => {
                            let reply_to = ReplyTo::Handler { invocation: id, call: invocation.outstanding.next(sdk) };
                            let principal = self.functions[invocation.function as usize].role;
                            let caller = Caller { actor, occurrence, principal, reply_to };
                            invocation.outstanding.send(core, caller, request);
                        }
                        form => {
                            if form == 2 {
                                let principal = self.functions[invocation.function as usize].role;
                                core.send(Caller { actor, occurrence, principal, reply_to: ReplyTo::Nobody }, request);
                            }
                            self.crash(core, id, "Runtime exited with error: signal: killed");
                        }
                    }
                    return Ok(());
                }
                Step::Sleep { ms } => {
                    let occurrence = invocation.next_sleep();
                    let owner = TimerOwner::Invocation { invocation: id, what: InvocationTimer::Sleep };
                    core.timer(core.now() + ms, TIMER_LATE_MS, actor, occurrence, owner);
                    return Ok(());
                }
                Step::Random => {
                    let occurrence = invocation.next_random();
                    let odds = Weighted::Table(&RANDOM_WEIGHTS);
                    let taken = core.choose(actor, Name::HANDLER, Kind::Random, occurrence, &odds);
                    let value = random_value(taken, core.entropy(actor, Name::HANDLER, occurrence + 1));
                    step = self.host.resume(id, Wake::Random(value), core.now())?;
                }
                Step::Returned(payload) if payload.measure().bytes > RESPONSE_BYTES_MAX => {
                    self.end(core, id, InvokeResponse::failed(too_large()));
                    return Ok(());
                }
                // One that calls nothing raises where it would return.
                Step::Returned(_)
                    if invocation.calling == Name::HANDLER
                        && core.fault(FaultId::LaErr, actor, Name::HANDLER, 0) != 0 =>
                {
                    self.end(core, id, InvokeResponse::failed(raised()));
                    return Ok(());
                }
                Step::Returned(payload) => {
                    self.end(core, id, InvokeResponse::returned(payload));
                    return Ok(());
                }
                Step::Failed(payload) => {
                    self.end(core, id, InvokeResponse::failed(payload));
                    return Ok(());
                }
                // AWS: these are the runtime's own words.
                Step::Exited { status: 0 } => {
                    self.crash(core, id, "Runtime exited without providing a reason");
                    return Ok(());
                }
                Step::Exited { status } => {
                    self.crash(core, id, &format!("Runtime exited with error: exit status {status}"));
                    return Ok(());
                }
            }
        }
    }

    fn end(&mut self, core: &mut Core, id: u32, response: InvokeResponse) {
        let invocation = &mut self.invocations[id as usize];
        let actor = invocation.actor;
        let call = invocation.last_call(invocation.calling);
        if core.fault(FaultId::LaTimeoutAfter, actor, invocation.calling, call) != 0 {
            invocation.phase = Phase::Hanging;
            return;
        }
        core.coverage_mut()
            .invocation_ended(invocation.function, response.failed.then_some(|| error_text(&response.payload)));
        core.note(actor, || {
            let verb = if response.failed { "fails with" } else { "returns" };
            format!("{verb} {}", response.payload)
        });
        let answer =
            match core.fault(FaultId::LaSvcAfter, actor, Name::LAMBDA_INVOKE, 0) {
                0 => Ok(Response::Lambda(response)),
                1 => Err(service_exception()),
                _ => Err(ApiError::new("SdkClientException", "Unable to execute HTTP request: Read timed out")
                    .with_status(0)),
            };
        let (function, environment) = (invocation.function, invocation.environment);
        self.environments[function as usize].give_back(environment);
        self.close(core, id, answer);
    }

    /// The handler raises: its environment lives on.
    fn raise(&mut self, core: &mut Core, id: u32) {
        self.host.abandon(id);
        let invocation = &self.invocations[id as usize];
        let (function, environment) = (invocation.function, invocation.environment);
        core.note(invocation.actor, || format!("fails with {}", raised()));
        self.environments[function as usize].give_back(environment);
        self.close(core, id, Ok(Response::Lambda(InvokeResponse::failed(raised()))));
    }

    fn crash(&mut self, core: &mut Core, id: u32, how: &str) {
        let request_id = request_id(&self.invocations[id as usize]);
        let message = format!("RequestId: {request_id} Error: {how}");
        self.kill(core, id, json!({"errorType": "Runtime.ExitError", "errorMessage": message}));
    }

    fn kill(&mut self, core: &mut Core, id: u32, payload: Json) {
        self.host.abandon(id);
        let function = self.invocations[id as usize].function;
        self.environments[function as usize].discard();
        core.coverage_mut().invocation_ended(function, Some(|| error_text(&payload)));
        self.close(core, id, Ok(Response::Lambda(InvokeResponse::failed(payload))));
    }

    fn close(&mut self, core: &mut Core, id: u32, answer: Answer) {
        let invocation = &mut self.invocations[id as usize];
        invocation.phase = Phase::Ended;
        invocation.outstanding.give_up(core);
        invocation.event = Json::Null;
        let ran_ms = core.now() - invocation.started;
        core.measure(LambdaMetric::Duration.of(invocation.function), ran_ms as f64);
        if matches!(&answer, Ok(Response::Lambda(response)) if response.failed) {
            core.measure(LambdaMetric::Errors.of(invocation.function), 1.0);
        }
        if let Some(timeout) = invocation.timeout.take() {
            core.cancel(timeout);
        }
        core.fold(match &answer {
            Ok(Response::Lambda(response)) if response.failed => 2,
            Ok(_) => 1,
            Err(error) => hash_text(error.code),
        });
        core.answer(invocation.actor, invocation.reply_to, answer);
    }
}

/// An error payload in one line, without what differs from one invocation to the next.
fn error_text(payload: &Json) -> Arc<str> {
    let member = |name: &str| payload.get(name).and_then(Json::as_str).unwrap_or_default();
    let (kind, message) = (member("errorType"), member("errorMessage"));
    let message =
        message.rsplit_once(" Error: ").filter(|_| message.starts_with("RequestId: ")).map_or(message, |m| m.1);
    format!("{kind}: {}", message.lines().next().unwrap_or_default()).into()
}

fn request_id(invocation: &Invocation) -> Arc<str> {
    uuid(invocation.request, invocation.request.rotate_left(32) ^ 0x5bd1_e995)
}

/// AWS: a payload has six megabytes at most when the caller waits, and one when it does not.
fn too_large_request(request: &Invoke) -> Option<ApiError> {
    const SYNCHRONOUS_BYTES_MAX: usize = 6_291_456;
    const ASYNCHRONOUS_BYTES_MAX: usize = 1_048_576;
    let bytes = request.payload.measure().bytes;
    let message = match request.mode {
        Mode::Synchronous if bytes > SYNCHRONOUS_BYTES_MAX => {
            format!("Request must be smaller than {SYNCHRONOUS_BYTES_MAX} bytes for the InvokeFunction operation")
        }
        Mode::Asynchronous if bytes > ASYNCHRONOUS_BYTES_MAX => format!(
            "{bytes} byte payload is too large for the Event invocation type (limit {ASYNCHRONOUS_BYTES_MAX} bytes)"
        ),
        _ => return None,
    };
    Some(ApiError::new("RequestTooLargeException", message).with_status(413))
}

/// What a handler raises that has an error nobody thought of.
fn raised() -> Json {
    json!({"errorType": "RuntimeError", "errorMessage": "an error that nobody thought of"})
}

fn too_large() -> Json {
    let message = format!("Response payload size exceeded maximum allowed payload size ({RESPONSE_BYTES_MAX} bytes).");
    json!({"errorMessage": message, "errorType": "Function.ResponseSizeTooLarge"})
}

fn service_exception() -> ApiError {
    ApiError::new("ServiceException", "An error occurred and the request cannot be processed.").with_status(500)
}

fn too_many_requests(full: bool) -> ApiError {
    let reason =
        if full { "ReservedFunctionConcurrentInvocationLimitExceeded" } else { "ConcurrentInvocationLimitExceeded" };
    let mut error = ApiError::new("TooManyRequestsException", "Rate Exceeded.").with_status(429);
    error.details = json!({"Reason": reason});
    error
}
