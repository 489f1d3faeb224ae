use std::fmt;

/// Why a text is no path or no call of an intrinsic function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathSyntaxError {
    text: String,
    what: &'static str,
    at: usize,
    message: String,
}

impl PathSyntaxError {
    pub(crate) fn new(text: &str, at: usize, message: impl Into<String>) -> PathSyntaxError {
        PathSyntaxError { text: text.to_owned(), what: "a path", at, message: message.into() }
    }

    /// The same about a part of `text`, which starts at byte `offset` of it.
    pub(crate) fn within(self, text: &str, offset: usize) -> PathSyntaxError {
        PathSyntaxError { text: text.to_owned(), at: offset + self.at, ..self }
    }

    /// The same about the text without the dot that was put before it.
    pub(crate) fn without_dot(self) -> PathSyntaxError {
        PathSyntaxError { at: self.at.saturating_sub(1), ..self }
    }

    /// The same about a call of an intrinsic function.
    pub(crate) fn of_call(self) -> PathSyntaxError {
        PathSyntaxError { what: "a call of an intrinsic function", ..self }
    }

    /// Byte offset in the text where reading stopped.
    pub fn at(&self) -> usize {
        self.at
    }
}

impl fmt::Display for PathSyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not {}: {}", self.text, self.what, self.message)
    }
}

impl std::error::Error for PathSyntaxError {}

/// Why a path has no value. The texts are the ones AWS shows after `Invalid path '…' : `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathError {
    /// A definite path leads to nothing.
    NotFound(String),
    /// A step cannot be applied to what it met, such as an index to an object.
    Unusable(String),
}

impl PathError {
    /// Whether the path merely leads to nothing.
    pub fn is_not_found(&self) -> bool {
        matches!(self, PathError::NotFound(_))
    }

    /// The text.
    pub fn message(&self) -> &str {
        match self {
            PathError::NotFound(message) | PathError::Unusable(message) => message,
        }
    }
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for PathError {}
