//! The error text of a function that was called by its own ARN.
//!
//! AWS: such a call's cause is the text as the function's runtime wrote it, while `lambda:invoke` shows the same error as
//! compact JSON. Python's runtime writes a blank after every comma and colon. Mocks, and histories that went through a
//! tool, often hold the compact form; what the state machine saw is the runtime's.

use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::Resource;

/// How each line of a Python traceback begins.
const TRACEBACK_LINE: &str = "  File \"";

/// The cause as the runtime wrote it.
pub(crate) fn cause_of(resource: &Resource, cause: Arc<str>) -> Arc<str> {
    match resource {
        Resource::Lambda { .. } => python_text(&cause).map_or(cause, Arc::from),
        _ => cause,
    }
}

/// A compact error object of Python's runtime, as that runtime writes it.
fn python_text(cause: &str) -> Option<String> {
    let error = Json::parse(cause).ok()?;
    let trace = error.get("stackTrace")?.as_array()?;
    let is_traceback = |line: &Json| line.as_str().is_some_and(|line| line.starts_with(TRACEBACK_LINE));
    if trace.is_empty() || !trace.iter().all(is_traceback) || *cause != *error.to_string() {
        return None;
    }
    let members = error.as_object()?.iter().map(|(key, value)| {
        let value = match value.as_array() {
            Some(items) => format!("[{}]", items.iter().map(Json::to_string).collect::<Vec<_>>().join(", ")),
            None => value.to_string(),
        };
        format!("{}: {value}", Json::from(key.clone()))
    });
    Some(format!("{{{}}}", members.collect::<Vec<_>>().join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_s_own_spacing_comes_back_where_the_function_is_called_by_its_arn() {
        let function = Resource::parse("arn:aws:lambda:us-east-1:111111111111:function:f").expect("an ARN");
        let invoke = Resource::parse("arn:aws:states:::lambda:invoke").expect("an ARN");
        let compact = r#"{"errorMessage":"no","errorType":"E","stackTrace":["  File \"/var/task/h.py\", line 1\n","  File \"x\""]}"#;
        let spaced = r#"{"errorMessage": "no", "errorType": "E", "stackTrace": ["  File \"/var/task/h.py\", line 1\n", "  File \"x\""]}"#;
        let node = r#"{"errorType":"Error","errorMessage":"no","stackTrace":["Error: no"," at f"]}"#;
        for (resource, cause, expected) in [
            (&function, compact, spaced),
            (&function, spaced, spaced),
            (&invoke, compact, compact),
            (&function, node, node),
            (&function, "no JSON", "no JSON"),
            (&function, r#"{"stackTrace":[]}"#, r#"{"stackTrace":[]}"#),
        ] {
            assert_eq!(&*cause_of(resource, cause.into()), expected);
        }
    }
}
