//! The report for continuous integration: `JUnit`'s XML, one test case for each invariant and each regression.
//!
//! There is no standard; this is what Jenkins, GitLab and the actions for GitHub read: suites, cases, failures with a
//! message and a text.

use std::fmt::Write as _;

use super::json::{Checked, Verdict};
use super::summary::{Summary, plural, story};
use crate::world::When;

/// The check as one test suite.
pub fn junit_xml(checked: &Checked<'_>) -> String {
    let summary = checked.summary;
    let mut cases = Vec::new();
    invariants(&mut cases, checked);
    for replayed in summary.regressions {
        let failure = replayed.broken.as_ref().map(|broken| Failure {
            message: format!("it breaks again: {broken}"),
            kind: "regression",
            text: format!("replay: {}\n", summary.again.token(&replayed.token)),
        });
        cases.push(Case { group: "regressions", name: replayed.file.clone(), failure });
    }
    cases.push(Case { group: "determinism", name: REPEATS.to_owned(), failure: unrepeatable(checked) });
    write(summary, &checked.loaded.scenario.name, &cases)
}

const REPEATS: &str = "every run repeats";

struct Case {
    group: &'static str,
    name: String,
    failure: Option<Failure>,
}

struct Failure {
    message: String,
    kind: &'static str,
    text: String,
}

fn invariants(cases: &mut Vec<Case>, checked: &Checked<'_>) {
    let summary = checked.summary;
    for (place, (name, when)) in summary.invariants.iter().enumerate() {
        let failure = match summary.of_invariant(place, *when) {
            ("broken", _) => broken(summary, Some(place)),
            ("unreached", _) => Some(Failure {
                message: format!("never reached in {}", plural(summary.sweep.runs, "run")),
                kind: "sometimes",
                text: "what is never reached tests nothing: more seeds, a wider workload or more faults may reach it\n"
                    .to_owned(),
            }),
            _ => None,
        };
        cases.push(Case { group: "invariants", name: format!("{when}: {name}"), failure });
    }
    // The world judges as well: that a run ends, that everything drains.
    for finding in summary.sweep.findings.iter().filter(|finding| finding.violation.invariant.is_none()) {
        let name = &finding.violation.name;
        let failure = told(summary, |violation| violation.name == *name && violation.invariant.is_none());
        cases.push(Case { group: "invariants", name: format!("{}: {name}", When::Always), failure });
    }
}

fn broken(summary: &Summary<'_>, invariant: Option<usize>) -> Option<Failure> {
    told(summary, |violation| violation.invariant == invariant)
}

fn told(summary: &Summary<'_>, is_meant: impl Fn(&crate::world::Violation) -> bool) -> Option<Failure> {
    let findings = summary.sweep.findings.iter().enumerate();
    let (place, finding) = findings.into_iter().find(|(_, finding)| is_meant(&finding.violation))?;
    let when = finding.violation.invariant.and_then(|place| summary.invariants.get(place));
    let mut text = String::new();
    for waiting in &finding.violation.waiting {
        let _ = writeln!(text, "  {waiting}");
    }
    let shrunk = summary.shrunk.get(place).map(Vec::as_slice).unwrap_or_default();
    for (number, shrunk) in shrunk.iter().enumerate() {
        if number > 0 {
            text.push_str("\nin another way\n");
        }
        story(&mut text, summary, shrunk);
    }
    if let (true, Some(first)) = (shrunk.is_empty(), finding.failures.first()) {
        let _ = writeln!(text, "  replay      {}", summary.replay(first.seed, &first.script));
    }
    Some(Failure {
        message: format!("broken in {} of {}", plural(finding.runs, "run"), summary.sweep.runs),
        kind: match when.map_or(When::Always, |(_, when)| *when) {
            When::Always => "always",
            When::Eventually => "eventually",
            When::Sometimes => "sometimes",
        },
        text,
    })
}

fn unrepeatable(checked: &Checked<'_>) -> Option<Failure> {
    let sweep = checked.summary.sweep;
    let (seed, difference) = sweep.unrepeatable.first().filter(|_| checked.verdict == Verdict::Unrepeatable)?;
    let of = plural(sweep.repeated, "run");
    Some(Failure {
        message: format!("{} of {of} made twice did not repeat", sweep.unrepeatable.len()),
        kind: "determinism",
        text: format!("seed {seed}: {difference}\n"),
    })
}

fn write(summary: &Summary<'_>, scenario: &str, cases: &[Case]) -> String {
    let failures = cases.iter().filter(|case| case.failure.is_some()).count();
    let counts = format!(r#"tests="{}" failures="{failures}" errors="0""#, cases.len());
    let (suite, class) = (attribute(summary.scenario), attribute(scenario));
    let seconds = summary.elapsed.as_secs_f64();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(xml, r#"<testsuites name="rehearsal" {counts} time="{seconds:.3}">"#);
    let _ = writeln!(xml, r#"  <testsuite name="{suite}" {counts} skipped="0" time="{seconds:.3}">"#);
    for case in cases {
        let (group, name) = (case.group, attribute(&case.name));
        let _ = write!(xml, r#"    <testcase classname="{class}.{group}" name="{name}""#);
        let Some(Failure { message, kind, text }) = &case.failure else {
            xml.push_str("/>\n");
            continue;
        };
        let (message, text) = (attribute(message), content(text));
        let _ =
            writeln!(xml, ">\n      <failure message=\"{message}\" type=\"{kind}\">{text}</failure>\n    </testcase>");
    }
    xml.push_str("  </testsuite>\n</testsuites>\n");
    xml
}

/// What stands in place of characters that no XML document may have.
const REPLACEMENT: char = '\u{fffd}';

/// XML 1.0, Char: no control characters but tab and line ends, and not the two noncharacters of the first plane.
fn is_allowed(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => c >= ' ',
    }
}

/// The text of an element.
fn content(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            // It must not stand behind ]], so it never stands as it is.
            '>' => escaped.push_str("&gt;"),
            // A reader would take it for a line end.
            '\r' => escaped.push_str("&#13;"),
            _ => escaped.push(if is_allowed(c) { c } else { REPLACEMENT }),
        }
    }
    escaped
}

/// The text of an attribute in double quotes: a reader would take any white space for a blank.
fn attribute(text: &str) -> String {
    content(text).replace('"', "&quot;").replace('\n', "&#10;").replace('\t', "&#9;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_have_is_escaped_or_replaced() {
        assert_eq!(content("a<b> & ]]> \"c\"\n\t"), "a&lt;b&gt; &amp; ]]&gt; \"c\"\n\t");
        assert_eq!(content("\u{0}\u{1b}[31m\r\u{fffe}\u{ffff}ä😀"), "\u{fffd}\u{fffd}[31m&#13;\u{fffd}\u{fffd}ä😀");
        assert_eq!(attribute("\"<'>\"\n\t"), "&quot;&lt;'&gt;&quot;&#10;&#9;");
    }
}
