use crate::services::{Request, stepfunctions};

/// What the SDK of a handler does about calls that fail or last: of boto3 its `Config`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sdk {
    /// How often it sends a request at most, the first time among them; `None` for what it does by itself.
    pub attempts_max: Option<u32>,
    /// How long it waits for an answer.
    pub read_timeout_ms: u64,
}

impl Sdk {
    /// botocore: an answer is waited for this long.
    pub const READ_TIMEOUT_MS: u64 = 60_000;
    /// botocore, legacy mode: a request is sent this often at most, one to DynamoDB twice as often.
    const ATTEMPTS_MAX: u32 = 5;
    const DYNAMODB_ATTEMPTS_MAX: u32 = 10;

    /// What a native handler's SDK does, which nobody can configure. AWS: who asks an activity for work should wait for 65
    /// seconds at least, since the service answers after 60.
    pub fn of(request: &Request) -> Sdk {
        const ACTIVITY_READ_TIMEOUT_MS: u64 = 65_000;
        let is_poll = matches!(request, Request::States(request)
            if matches!(**request, stepfunctions::Request::GetActivityTask { .. }));
        let read_timeout_ms = if is_poll { ACTIVITY_READ_TIMEOUT_MS } else { Sdk::READ_TIMEOUT_MS };
        Sdk { attempts_max: None, read_timeout_ms }
    }

    /// How often a request to DynamoDB is sent at most.
    pub fn dynamodb_attempts_max(self) -> u32 {
        self.attempts_max.unwrap_or(Sdk::DYNAMODB_ATTEMPTS_MAX)
    }

    /// How often a request to another service is sent at most.
    pub fn attempts_max(self) -> u32 {
        self.attempts_max.unwrap_or(Sdk::ATTEMPTS_MAX)
    }

    /// Whether a request is sent again at all.
    pub fn repeats(self) -> bool {
        self.attempts_max() > 1
    }
}

impl Default for Sdk {
    fn default() -> Sdk {
        Sdk { attempts_max: None, read_timeout_ms: Sdk::READ_TIMEOUT_MS }
    }
}
