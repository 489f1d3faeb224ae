//! Problems for programs: JSON, SARIF 2.1.0 for code scanning, and annotations of GitHub Actions.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use rehearsal_engine::source::{Diagnostic, Position, Severity};
use serde_json::{Value, json};

use super::{Lines, Problem, SourceId, Sources};

/// The version of what [`to_json`] writes.
const JSON_VERSION: u32 = 1;

/// One JSON object: `version`, `errors`, `warnings` and `diagnostics`.
///
/// A diagnostic has `file`, `line`, `column`, `end_line`, `end_column` (from 1, columns in characters, the end is the first
/// character behind), `severity` (`error` or `warning`), `code`, `message`, `path` (where in the document, may be empty)
/// and, where there is one, `hint`.
pub fn to_json(sources: &Sources, problems: &[Problem]) -> String {
    let mut places = Places::of(sources);
    let diagnostics = problems.iter().map(|problem| {
        let Diagnostic { severity, code, message, path, hint, .. } = &problem.diagnostic;
        let (start, end) = places.of_problem(problem);
        let mut value = json!({
            "file": file(sources, problem),
            "line": start.line,
            "column": start.column,
            "end_line": end.line,
            "end_column": end.column,
            "severity": word(*severity),
            "code": code,
            "message": message,
            "path": path,
        });
        if let (Some(hint), Some(members)) = (hint, value.as_object_mut()) {
            members.insert("hint".to_owned(), Value::from(hint.as_str()));
        }
        value
    });
    let diagnostics: Vec<Value> = diagnostics.collect();
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    pretty(&json!({
        "version": JSON_VERSION,
        "errors": errors,
        "warnings": problems.len() - errors,
        "diagnostics": diagnostics,
    }))
}

/// A SARIF 2.1.0 log with one run.
pub fn to_sarif(sources: &Sources, problems: &[Problem]) -> String {
    let mut places = Places::of(sources);
    let codes: BTreeSet<&str> = problems.iter().map(|problem| problem.diagnostic.code).collect();
    let rule_index: BTreeMap<&str, usize> = codes.iter().zip(0..).map(|(code, at)| (*code, at)).collect();
    let results = problems.iter().map(|problem| {
        let Diagnostic { severity, code, message, path, hint, .. } = &problem.diagnostic;
        let (start, end) = places.of_problem(problem);
        let text = match hint {
            Some(hint) => format!("{message}\n{hint}"),
            None => message.clone(),
        };
        let mut location = json!({
            "physicalLocation": {
                "artifactLocation": {"uri": uri(file(sources, problem))},
                "region": {
                    "startLine": start.line,
                    "startColumn": start.column,
                    "endLine": end.line,
                    "endColumn": end.column,
                },
            },
        });
        if let (false, Some(members)) = (path.is_empty(), location.as_object_mut()) {
            members.insert("logicalLocations".to_owned(), json!([{"fullyQualifiedName": path}]));
        }
        json!({
            "ruleId": code,
            "ruleIndex": rule_index.get(code),
            "level": word(*severity),
            "message": {"text": text},
            "locations": [location],
        })
    });
    let results: Vec<Value> = results.collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({"id": code})).collect();
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "rehearsal",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    }))
}

/// A workflow command of GitHub Actions for each problem, which shows it beside its line in a pull request.
pub fn to_github(sources: &Sources, problems: &[Problem]) -> String {
    let mut places = Places::of(sources);
    let mut text = String::new();
    for problem in problems {
        let Diagnostic { severity, code, message, path, hint, .. } = &problem.diagnostic;
        let (start, end) = places.of_problem(problem);
        let mut body = message.clone();
        if !path.is_empty() {
            let _ = write!(body, " at {path}");
        }
        if let Some(hint) = hint {
            let _ = write!(body, "\n{hint}");
        }
        let _ = write!(text, "::{} file={}", word(*severity), property(file(sources, problem)));
        let _ = write!(text, ",line={},col={}", start.line, start.column);
        // GitHub refuses a column range over several lines.
        if end.line == start.line {
            let _ = write!(text, ",endLine={},endColumn={}", end.line, end.column);
        }
        let _ = writeln!(text, ",title={}::{}", property(code), escaped(&body));
    }
    text
}

fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn file<'s>(sources: &'s Sources, problem: &Problem) -> &'s str {
    sources.get(problem.source).map_or("", |source| &source.name)
}

/// A path as a relative URI reference: what is neither unreserved nor `/` is percent-encoded.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => {
                let _ = write!(uri, "%{byte:02X}");
            }
        }
    }
    uri
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

/// Positions in several texts, each prepared when it is first needed.
struct Places<'s> {
    sources: &'s Sources,
    lines: BTreeMap<SourceId, Lines<'s>>,
}

impl<'s> Places<'s> {
    fn of(sources: &'s Sources) -> Places<'s> {
        Places { sources, lines: BTreeMap::new() }
    }

    /// Where a problem starts, and the first character behind it.
    fn of_problem(&mut self, problem: &Problem) -> (Position, Position) {
        let sources = self.sources;
        let lines = self.lines.entry(problem.source).or_insert_with(|| Lines::of(sources.text(problem.source)));
        let span = problem.diagnostic.span;
        (lines.position(span.start), lines.position(span.end.max(span.start)))
    }
}

#[cfg(test)]
mod tests;
