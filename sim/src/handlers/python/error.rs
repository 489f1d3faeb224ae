use std::fmt;

/// Why a host cannot go on. Never part of a simulated run: it ends the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostError {
    /// No usable interpreter.
    Interpreter(String),
    /// A handler went for `seconds` of real time without a call, a sleep or an end.
    Hung {
        /// The function's name.
        function: String,
        /// Its `Handler`.
        handler: String,
        /// The limit, in words: `10s`.
        limit: String,
    },
    /// The worker process died.
    Died {
        /// What ran last.
        function: String,
        /// How it ended.
        status: String,
        /// What it wrote to its standard error.
        stderr: String,
    },
    /// The worker said something that the host does not understand.
    Protocol(String),
    /// The caller broke the host's contract.
    Misuse(String),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostError::Interpreter(text) | HostError::Protocol(text) | HostError::Misuse(text) => f.write_str(text),
            HostError::Hung { function, handler, limit } => write!(
                f,
                "function {function} (handler {handler}) ran for {limit} of real time without a service call, a sleep \
                 or an end; look for an endless loop in it"
            ),
            HostError::Died { function, status, stderr } => {
                write!(f, "the Python worker ended ({status}) while function {function} ran")?;
                if stderr.is_empty() { Ok(()) } else { write!(f, ": {stderr}") }
            }
        }
    }
}

impl std::error::Error for HostError {}
