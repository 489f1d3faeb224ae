//! What answers a request before its service sees it: a service that is down, a quota that is used up, a permission that
//! is missing or not known yet.
//!
//! What nobody waits for and what AWS repeats for itself is never refused here: that would lose what was accepted.

use super::{ActorId, Caller, Core, FaultId, Millis, Principal, ReplyTo, World, form_value};
use crate::services::{ApiError, Request};

/// Until when who is refused.
#[derive(Debug, Default)]
pub(super) struct Refusals {
    down: [Millis; SERVICES],
    throttled: [Millis; SERVICES],
    /// Until when a role's permissions do not hold.
    lagging: Vec<(Principal, Millis)>,
}

const SERVICES: usize = 8;
/// A service that is down stays so for this long, by the fault's form.
const DOWN_MS: [u64; 2] = [10_000, 60_000];
/// A quota refuses every call for this long, by the fault's form: the one call, or all.
const THROTTLED_MS: [u64; 2] = [0, 10_000];
/// So long after the run's begin a role's permissions do not hold, by the fault's form.
const LAGS_MS: [u64; 2] = [5_000, 15_000];

impl Refusals {
    pub(super) fn reset(&mut self) {
        *self = Refusals { lagging: std::mem::take(&mut self.lagging), ..Refusals::default() };
        self.lagging.clear();
    }

    /// Why a request is refused; `None` when it is not.
    fn refuse(&mut self, core: &mut Core, caller: &Caller, request: &Request) -> Option<ApiError> {
        if matches!(caller.reply_to, ReplyTo::Nobody | ReplyTo::Outbox { .. } | ReplyTo::Poller { .. }) {
            return None;
        }
        let service = Service::of(request);
        let (place, now, actor, operation) = (service as usize, core.now(), caller.actor, request.operation());
        // One a run: two in a row outlast any finite number of retries, and say nothing.
        if self.down == [Millis::default(); SERVICES]
            && let Some(attempt) = core.lineages.first_call(actor, 1 << place)
        {
            let form = core.fault(FaultId::Region, attempt, operation, 0);
            if let Some(ms) = form_value(&DOWN_MS, form) {
                self.down[place] = self.down[place].max(now + ms);
            }
        }
        if now < self.down[place] {
            return Some(service.is_down());
        }
        let form = core.fault(FaultId::Quota, actor, operation, caller.occurrence);
        if let Some(ms) = form_value(&THROTTLED_MS, form) {
            self.throttled[place] = self.throttled[place].max(now + ms);
            return Some(service.throttles());
        }
        if now < self.throttled[place] {
            return Some(service.throttles());
        }
        let denied =
            self.lags(core, caller, request) || core.fault(FaultId::IamDeny, actor, operation, caller.occurrence) != 0;
        denied.then(|| denied_to(core, actor, request))
    }

    /// Whether the permissions of the caller's role do not hold yet.
    fn lags(&mut self, core: &mut Core, caller: &Caller, request: &Request) -> bool {
        let now = core.now();
        if now.since_start() >= LAGS_MS[1] || caller.principal == Principal::Anyone {
            return false;
        }
        if let Some((_, until)) = self.lagging.iter().find(|(known, _)| *known == caller.principal) {
            return now < *until;
        }
        let form = core.fault(FaultId::IamLag, caller.actor, request.operation(), caller.occurrence);
        let until = Millis::START + form_value(&LAGS_MS, form).unwrap_or(0);
        self.lagging.push((caller.principal, until));
        now < until
    }
}

impl World {
    /// Answers a request that does not reach its service; whether it was one.
    pub(super) fn refuse(&mut self, caller: &Caller, request: &Request) -> bool {
        let Some(error) = self.refusals.refuse(&mut self.core, caller, request) else { return false };
        self.core.note(caller.actor, || format!("{}: {}", error.code, error.message));
        self.core.answer(caller.actor, caller.reply_to, Err(error));
        true
    }
}

fn denied_to(core: &Core, actor: ActorId, request: &Request) -> ApiError {
    let operation = core.names().text(request.operation());
    let action = if matches!(request, Request::Lambda(_)) { "lambda:InvokeFunction" } else { &**operation };
    let message =
        format!("User: {} is not authorized to perform: {action}", core.names().text(core.lineages().name(actor)));
    match Service::of(request) {
        // AWS: JSON 1.0 services answer 400, the REST and query services 403.
        Service::DynamoDb | Service::States | Service::Events => ApiError::new("AccessDeniedException", message),
        Service::Sqs | Service::CloudWatch | Service::S3 => ApiError::new("AccessDenied", message).with_status(403),
        Service::Sns => ApiError::new("AuthorizationError", message).with_status(403),
        Service::Lambda => ApiError::new("AccessDeniedException", message).with_status(403),
    }
}

#[derive(Clone, Copy)]
enum Service {
    CloudWatch,
    DynamoDb,
    Events,
    Lambda,
    States,
    S3,
    Sqs,
    Sns,
}

impl Service {
    fn of(request: &Request) -> Service {
        match request {
            Request::CloudWatch(_) => Service::CloudWatch,
            Request::DynamoDb(_) | Request::Streams(_) => Service::DynamoDb,
            Request::Events(_) | Request::Rules(_) | Request::Archives(_) => Service::Events,
            Request::Lambda(_) => Service::Lambda,
            Request::States(_) => Service::States,
            Request::S3(_) => Service::S3,
            Request::Sqs(_) => Service::Sqs,
            Request::Sns(_) => Service::Sns,
        }
    }

    /// AWS: each service has its own word for a failure of its own.
    fn is_down(self) -> ApiError {
        let (code, message, status) = match self {
            Service::CloudWatch => ("InternalServiceError", "The request processing has failed", 500),
            Service::DynamoDb => ("InternalServerError", "Internal server error", 500),
            Service::Events => ("InternalFailure", "The request processing has failed", 500),
            Service::Lambda => ("ServiceException", "An error occurred and the request cannot be processed.", 500),
            Service::States | Service::Sqs => {
                ("ServiceUnavailable", "The request has failed due to a temporary failure of the server.", 503)
            }
            Service::S3 => ("InternalError", "We encountered an internal error. Please try again.", 500),
            Service::Sns => ("InternalError", "An internal error occurred", 500),
        };
        ApiError::new(code, message).with_status(status)
    }

    /// AWS: and for a caller that asks too often.
    fn throttles(self) -> ApiError {
        let (code, message, status) = match self {
            Service::CloudWatch => ("Throttling", "Rate exceeded", 400),
            Service::DynamoDb => {
                ("RequestLimitExceeded", "Throughput exceeds the current throughput limit for your account.", 400)
            }
            Service::Events | Service::States => ("ThrottlingException", "Rate exceeded", 400),
            Service::Lambda => ("TooManyRequestsException", "Rate Exceeded.", 429),
            Service::S3 => ("SlowDown", "Please reduce your request rate.", 503),
            Service::Sqs => ("RequestThrottled", "Request is throttled.", 403),
            Service::Sns => ("Throttled", "Rate exceeded", 429),
        };
        ApiError::new(code, message).with_status(status)
    }
}
