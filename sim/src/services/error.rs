use rehearsal_engine::Json;

/// An error answer of an AWS API, in the service's own terms.
#[derive(Clone, Debug, PartialEq)]
pub struct ApiError {
    /// The exception's name: `ConditionalCheckFailedException`.
    pub code: &'static str,
    /// The message, word for word as AWS sends it where that is known.
    pub message: String,
    /// The HTTP status.
    pub status: u16,
    /// Further members of the error's body (`Item`, `CancellationReasons`), an object, or `null` for none.
    pub details: Json,
}

impl ApiError {
    /// A client error (HTTP 400) without further members.
    pub fn new(code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { code, message: message.into(), status: 400, details: Json::Null }
    }

    /// `ValidationException`, the answer to a malformed request.
    pub fn validation(message: impl Into<String>) -> ApiError {
        ApiError::new("ValidationException", message)
    }

    /// The answer to a call of something that is not simulated.
    pub fn not_simulated(service: &str, operation: &str) -> ApiError {
        let message = format!(
            "{service}:{operation} is not simulated; give the function that calls it a mock, or leave the call out"
        );
        ApiError::new("NotSimulated", message).with_status(501)
    }

    /// The same with another HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> ApiError {
        self.status = status;
        self
    }
}
