//! The report for pull requests: annotations of GitHub Actions, at the place of each invariant in the scenario.

use std::fmt::Write as _;
use std::path::Path;

use rehearsal_engine::source::{Diagnostic, Span};

use super::summary::{Summary, plural};
use super::words::deviation;
use crate::diagnostics::{Place, Problem, SourceId, Sources, to_github};
use crate::explore::Finding;
use crate::scenario::Loaded;
use crate::world::When;

/// The annotations, a line each: an error for each broken promise and each regression that breaks, a warning for what
/// was never reached. GitHub looks for their files relative to `workspace`.
pub fn github_text(summary: &Summary<'_>, loaded: &Loaded, workspace: Option<&Path>) -> String {
    let mut sources = Sources::default();
    for source in loaded.sources.iter() {
        sources.add(&within(&source.name, workspace), &source.text);
    }
    let mut problems = Vec::new();
    for (number, finding) in summary.sweep.findings.iter().enumerate() {
        let place = place(loaded, finding.violation.invariant);
        let name = &finding.violation.name;
        let runs = plural(finding.runs, "run");
        let message = format!("{name}: broken in {runs} of {}", summary.sweep.runs);
        let problem = Diagnostic::error("broken promise", place.span, "", message);
        problems.push(Problem::new(place.source, problem.hint(hint(summary, number, finding))));
    }
    for (invariant, (name, when)) in summary.invariants.iter().enumerate() {
        if *when == When::Sometimes && summary.of_invariant(invariant, *when).0 == "unreached" {
            let place = place(loaded, Some(invariant));
            let message = format!("{name}: never reached in {}", plural(summary.sweep.runs, "run"));
            let problem = Diagnostic::warning("never reached", place.span, "", message);
            let hint = "what is never reached tests nothing: more seeds, a wider workload or more faults may reach it";
            problems.push(Problem::new(place.source, problem.hint(hint)));
        }
    }
    for replayed in summary.regressions {
        let Some(broken) = &replayed.broken else { continue };
        let source = sources.add(&within(&replayed.file, workspace), "");
        let problem = Diagnostic::error("regression", Span::new(0, 0), "", format!("it breaks again: {broken}"));
        problems.push(Problem::new(source, problem.hint(summary.again.token(&replayed.token))));
    }
    to_github(&sources, &problems)
}

/// The failure in few lines: who, what goes wrong, and how to see it.
fn hint(summary: &Summary<'_>, number: usize, finding: &Finding) -> String {
    let shrunk = summary.shrunk.get(number).and_then(|ways| ways.first());
    let (seed, script) = match (shrunk, finding.failures.first()) {
        (Some(shrunk), _) => (shrunk.seed, &shrunk.script),
        (None, Some(first)) => (first.seed, &first.script),
        (None, None) => return String::new(),
    };
    let mut text = shrunk.map(|shrunk| format!("{}\n", shrunk.shape)).unwrap_or_default();
    for choice in script.choices.iter().filter(|choice| choice.is_deviation()) {
        let [kind, who, what] = deviation(choice);
        let _ = writeln!(text, "{kind} {who}: {what}");
    }
    text.push_str(&summary.replay(seed, script));
    text
}

/// Where an invariant stands; a verdict of the world is about the scenario as a whole.
fn place(loaded: &Loaded, invariant: Option<usize>) -> Place {
    let written = invariant.and_then(|place| loaded.scenario.invariants.get(place));
    if let Some(written) = written {
        return written.place;
    }
    let source = loaded.scenario.workload.first().map_or(SourceId(0), |actor| actor.place.source);
    Place::new(source, Span::new(0, 0))
}

/// The path of a file relative to the workspace, where it lies in it; else the path as it is.
fn within(file: &str, workspace: Option<&Path>) -> String {
    let relative = || {
        let file = std::fs::canonicalize(file).ok()?;
        let relative = file.strip_prefix(std::fs::canonicalize(workspace?).ok()?).ok()?;
        Some(relative.display().to_string())
    };
    relative().unwrap_or_else(|| file.strip_prefix("./").unwrap_or(file).to_owned())
}
