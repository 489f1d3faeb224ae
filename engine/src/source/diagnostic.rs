use std::fmt;

use super::Span;

/// How bad a problem is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Works, but is likely to hurt.
    Warning,
    /// Cannot work.
    Error,
}

/// One problem of a source text: what is wrong, where, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// AWS's error code where AWS reports the problem too (`SCHEMA_VALIDATION_FAILED`), else a word of ours in kebab case.
    pub code: &'static str,
    /// What is wrong, in AWS's words where they are known.
    pub message: String,
    /// Where in the text.
    pub span: Span,
    /// Where in the document, as AWS writes locations: `/States/Pay/Retry[0]`. Empty when there is none.
    pub path: String,
    /// How to mend it, as a sentence; `None` when the message says it all.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// An error.
    pub fn error(code: &'static str, span: Span, path: impl Into<String>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Error, code, message: message.into(), span, path: path.into(), hint: None }
    }

    /// A warning.
    pub fn warning(code: &'static str, span: Span, path: impl Into<String>, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, span, path, message) }
    }

    /// The same with a way to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Diagnostic {
        self.hint = Some(hint.into());
        self
    }
}

/// `CODE: message at /path`, as AWS words it.
impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)?;
        if !self.path.is_empty() {
            write!(f, " at {}", self.path)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}
