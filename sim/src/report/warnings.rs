//! Warnings of the files that were read, short: one line a kind of thing.

use std::fmt::Write as _;

use crate::diagnostics::{Place, Problem, Sources};

/// Places of a kind that are named; of the others only the number.
const PLACES_SHOWN_MAX: usize = 3;
/// Kinds that are shown.
const KINDS_SHOWN_MAX: usize = 12;

/// The warnings in lines: what, how often and where.
pub fn warnings_text(sources: &Sources, warnings: &[Problem]) -> String {
    let mut kinds: Vec<(String, Vec<&Problem>)> = Vec::new();
    for warning in warnings {
        let kind = format!("{} {}", warning.diagnostic.code, without_names(&warning.diagnostic.message));
        match kinds.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, problems)) => problems.push(warning),
            None => kinds.push((kind, vec![warning])),
        }
    }
    let mut out = String::new();
    for (_, problems) in kinds.iter().take(KINDS_SHOWN_MAX) {
        let places = problems.iter().map(|problem| {
            let Problem { source, diagnostic } = problem;
            sources.locate(Place::new(*source, diagnostic.span))
        });
        let mut places: Vec<String> = places.collect();
        let first = places.remove(0);
        let _ = write!(out, "warning: {first}: {}", problems[0].diagnostic.message);
        if !places.is_empty() {
            let more = if places.len() > PLACES_SHOWN_MAX { ", …" } else { "" };
            let shown = &places[..places.len().min(PLACES_SHOWN_MAX)];
            let _ = write!(out, "\n         and {} more like it: {}{more}", places.len(), shown.join(", "));
        }
        out.push('\n');
    }
    if kinds.len() > KINDS_SHOWN_MAX {
        let _ = writeln!(out, "warning: and {} other kinds of warnings", kinds.len() - KINDS_SHOWN_MAX);
    }
    out
}

/// The message without what is quoted in it, so that the same about two things is the same.
fn without_names(message: &str) -> String {
    message.split('\'').step_by(2).collect::<Vec<_>>().join("''")
}

#[cfg(test)]
mod tests {
    use rehearsal_engine::source::{Diagnostic, Span};

    use super::*;
    use crate::diagnostics::SourceId;

    #[test]
    fn warnings_of_a_kind_share_a_line() {
        let sources = Sources::single("t.yaml", "a\nb\nc\n");
        let warning = |at: usize, message: &str| {
            Problem::new(SourceId(0), Diagnostic::warning("not-simulated", Span::new(at, at + 1), "", message))
        };
        let text = warnings_text(
            &sources,
            &[
                warning(0, "'A' is an AWS::S3::Bucket, which is not simulated"),
                warning(2, "'B' is an AWS::S3::Bucket, which is not simulated"),
                warning(4, "'C' is an AWS::KMS::Key, which is not simulated"),
            ],
        );
        assert_eq!(
            text,
            "warning: t.yaml:1:1: 'A' is an AWS::S3::Bucket, which is not simulated\n         and 1 more like it: \
             t.yaml:2:1\nwarning: t.yaml:3:1: 'C' is an AWS::KMS::Key, which is not simulated\n"
        );
    }
}
