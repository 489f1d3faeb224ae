use super::{Caller, Core, QueueId, ReplyTo};
use crate::handlers::Sdk;
use crate::services::lambda::Mode;
use crate::services::sqs::Wait;
use crate::services::{Answer, ApiError, Request, sqs, stepfunctions};

/// How soon an SDK sends a request again.
pub(super) const SDK_RETRY_MS: u64 = 1_000;
/// Occurrences of repeated requests stand above those that a program can count to.
pub const SDK_RETRY_OCCURRENCE: u32 = 1 << 20;

/// The call that a handler or a client waits for. Its SDK gives an answer up that does not come in time, and asks again.
#[derive(Debug, Default)]
pub struct Outstanding {
    /// Which of the program's calls it is: answers to those before are too late.
    call: u32,
    sdk: Sdk,
    lasting: Option<Lasting>,
}

/// A call whose answer may take longer than the SDK waits.
#[derive(Debug)]
struct Lasting {
    caller: Caller,
    request: Request,
    attempts: u32,
    timeout: Option<QueueId>,
}

impl Outstanding {
    /// What the SDK does about the latest call.
    pub fn sdk(&self) -> Sdk {
        self.sdk
    }

    /// Gives the next call its number.
    pub fn next(&mut self, sdk: Sdk) -> u32 {
        self.sdk = sdk;
        self.call = self.call.wrapping_add(1);
        self.call
    }

    /// Sends the call that got its number last.
    pub fn send(&mut self, core: &mut Core, caller: Caller, request: Request) {
        if longest_ms(&request) < self.sdk.read_timeout_ms {
            core.send(caller, request);
            return;
        }
        core.send(caller, request.clone());
        let mut lasting = Lasting { caller, request, attempts: 1, timeout: None };
        lasting.wait(core, 0, self.sdk);
        self.lasting = Some(lasting);
    }

    /// What an answer to call number `call` means: `None` where it is too late, or the request is sent again.
    pub fn answered(&mut self, core: &mut Core, call: u32, answer: Answer) -> Option<Answer> {
        if call != self.call {
            return None;
        }
        let Some(mut lasting) = self.lasting.take() else { return Some(answer) };
        if !is_read_timeout(&answer) {
            if let Some(timeout) = lasting.timeout {
                core.cancel(timeout);
            }
            return Some(answer);
        }
        if lasting.attempts >= self.sdk.attempts_max() {
            return Some(answer);
        }
        core.note(lasting.caller.actor, || "waited in vain for an answer; the SDK sends the request again".to_owned());
        self.call = self.call.wrapping_add(1);
        lasting.caller.occurrence += SDK_RETRY_OCCURRENCE;
        lasting.caller.reply_to = lasting.caller.reply_to.with_call(self.call);
        lasting.attempts += 1;
        core.send_delayed(SDK_RETRY_MS, lasting.caller, lasting.request.clone());
        lasting.wait(core, SDK_RETRY_MS, self.sdk);
        self.lasting = Some(lasting);
        None
    }

    /// Whoever waited is gone.
    pub fn give_up(&mut self, core: &mut Core) {
        self.call = self.call.wrapping_add(1);
        if let Some(timeout) = self.lasting.take().and_then(|lasting| lasting.timeout) {
            core.cancel(timeout);
        }
    }
}

impl Lasting {
    fn wait(&mut self, core: &mut Core, delay_ms: u64, sdk: Sdk) {
        let Caller { actor, occurrence, reply_to, .. } = self.caller;
        let wait_ms = delay_ms.saturating_add(sdk.read_timeout_ms);
        self.timeout = core.answer_later(wait_ms, actor, occurrence, reply_to, Err(read_timeout()));
    }
}

impl ReplyTo {
    fn with_call(self, call: u32) -> ReplyTo {
        match self {
            ReplyTo::Handler { invocation, .. } => ReplyTo::Handler { invocation, call },
            ReplyTo::Client { client, process, .. } => ReplyTo::Client { client, process, call },
            other => other,
        }
    }
}

/// Without an answer there is no HTTP status either.
pub(super) fn read_timeout() -> ApiError {
    ApiError::new(READ_TIMEOUT, "Read timeout on endpoint URL").with_status(0)
}

const READ_TIMEOUT: &str = "ReadTimeoutError";

fn is_read_timeout(answer: &Answer) -> bool {
    matches!(answer, Err(error) if error.code == READ_TIMEOUT)
}

/// How long an answer may take when nothing is wrong but a slow call.
fn longest_ms(request: &Request) -> u64 {
    /// AWS: a function runs for fifteen minutes at most, and a synchronous Express execution for five.
    const FUNCTION_MS: u64 = 900_000;
    const EXPRESS_MS: u64 = 300_000;
    /// AWS: who asks an activity for work waits a minute, and who asks a queue for messages twenty seconds.
    const ACTIVITY_MS: u64 = 60_000;
    const RECEIVE_MS: u64 = 20_000;
    let slowest = request.latency().tails_ms.into_iter().max().unwrap_or_default();
    slowest
        + match request {
            Request::Lambda(invoke) if invoke.mode == Mode::Synchronous => FUNCTION_MS,
            Request::States(request) => match **request {
                stepfunctions::Request::StartSyncExecution(_) => EXPRESS_MS,
                stepfunctions::Request::GetActivityTask { .. } => ACTIVITY_MS,
                _ => 0,
            },
            Request::Sqs(request) => match &**request {
                sqs::Request::ReceiveMessage(receive) => match receive.wait {
                    Wait::Ms(ms) => ms,
                    Wait::AsTheQueue | Wait::Endless => RECEIVE_MS,
                },
                _ => 0,
            },
            _ => 0,
        }
}
