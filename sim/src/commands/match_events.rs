//! `rehearsal match`: which events one or more patterns match, as `grep` does it for lines.
//!
//! Events go from the file's bytes through the matcher and out again as they are, without being read into values; only
//! `--explain` reads them. How a file falls into events is in [`stream`].

mod stream;

use std::fmt::Write as _;
use std::fs::File;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use rehearsal_engine::Json;
use rehearsal_engine::events::{Event, Explanation, Pattern, RuleMatcher};
use rehearsal_engine::source::Position;

use super::{UNUSABLE, tell, unusable};
use stream::{Events, Next};

const MATCHED: u8 = 0;
const UNMATCHED: u8 = 1;

/// Matched events wait here until there are so many bytes of them.
const OUTPUT_BUFFER_BYTES: usize = 1 << 18;

/// Arguments of `rehearsal match`.
#[derive(Args, Debug)]
#[command(after_help = "Events are JSON objects, each beginning on a line of its own. With several patterns each \
                        matching event is printed as {\"patterns\":[NAMES],\"event\":EVENT}. Exit code 0: some event \
                        matched, 1: none did, 2: a pattern or an event cannot be used.")]
pub struct MatchArgs {
    /// The file with the event pattern
    pattern: PathBuf,
    /// The file with the events; standard input when left out, or `-`
    events: Option<PathBuf>,
    /// One more file with a pattern, may be repeated; a pattern is called as its file is, without the extension
    #[arg(long = "pattern", value_name = "PATTERN-FILE")]
    more: Vec<PathBuf>,
    /// Print how many events match instead of the events
    #[arg(long)]
    count: bool,
    /// Say of each event which fields of the pattern it does not satisfy
    #[arg(long, conflicts_with = "count")]
    explain: bool,
    /// Refuse events that `TestEventPattern` refuses: no id, account, source, time, region, resources or detail-type
    #[arg(long)]
    envelope: bool,
}

/// Prints the events that match.
pub fn match_events(args: &MatchArgs) -> ExitCode {
    match search(args) {
        Ok(code) => ExitCode::from(code),
        Err(message) => unusable(&message),
    }
}

struct Named {
    name: String,
    pattern: Pattern,
}

fn search(args: &MatchArgs) -> Result<u8, String> {
    let mut patterns: Vec<Named> = Vec::new();
    for file in std::iter::once(&args.pattern).chain(&args.more) {
        let named = read_pattern(file)?;
        if patterns.iter().any(|other| other.name == named.name) {
            return Err(format!(
                "two patterns are called '{}', after their files; rename one of the files",
                named.name
            ));
        }
        patterns.push(named);
    }
    let (name, input): (String, Box<dyn Read>) = match args.events.as_deref() {
        Some(file) if file != Path::new("-") => {
            let opened = File::open(file).map_err(|error| format!("{}: {error}", file.display()))?;
            (file.display().to_string(), Box::new(opened))
        }
        _ => ("standard input".to_owned(), Box::new(std::io::stdin().lock())),
    };
    let mut rules = RuleMatcher::new();
    for (key, named) in patterns.iter().enumerate() {
        rules.add(key, &named.pattern);
    }
    let mut search = Search { args, patterns, rules, counts: Vec::new(), out: Vec::new(), matched: Vec::new() };
    search.counts = vec![0; search.patterns.len()];
    search.read(&name, Events::new(input))
}

struct Search<'a> {
    args: &'a MatchArgs,
    patterns: Vec<Named>,
    rules: RuleMatcher<usize>,
    counts: Vec<u64>,
    out: Vec<u8>,
    matched: Vec<usize>,
}

impl Search<'_> {
    fn read(&mut self, name: &str, mut events: Events) -> Result<u8, String> {
        let (mut some_matched, mut some_refused) = (false, false);
        loop {
            self.matched.clear();
            let next = events.next(&self.rules, &mut self.matched).map_err(|error| format!("{name}: {error}"))?;
            let is_written = match next {
                Next::End => break,
                Next::Starved => self.flush(),
                Next::Refused(problem, line, column) => {
                    tell(&format!("{name}:{line}:{column}: the event is not JSON: {}\n", problem.message));
                    some_refused = true;
                    Ok(())
                }
                Next::Event(event) if self.args.envelope && !has_envelope(events.text(event.clone())) => {
                    // AWS: TestEventPattern's own words.
                    tell(&format!("{name}:{}:1: Parameter Event is not valid.\n", events.line_of(event.start)));
                    some_refused = true;
                    Ok(())
                }
                Next::Event(event) => {
                    some_matched |= !self.matched.is_empty();
                    if self.args.explain {
                        let line = events.line_of(event.start);
                        self.explain(events.text(event), line)
                    } else {
                        self.print(events.text(event))
                    }
                }
            };
            if is_written.is_err() {
                // Nobody reads on, which is no error: `| head`.
                return Ok(MATCHED);
            }
        }
        if self.args.count {
            self.print_counts();
        }
        let _ = self.flush();
        Ok(match (some_refused, some_matched) {
            (true, _) => UNUSABLE,
            (false, true) => MATCHED,
            (false, false) => UNMATCHED,
        })
    }

    fn print(&mut self, event: &[u8]) -> std::io::Result<()> {
        if self.matched.is_empty() {
            return Ok(());
        }
        if self.args.count {
            for key in &self.matched {
                self.counts[*key] += 1;
            }
            return Ok(());
        }
        if self.patterns.len() > 1 {
            let names = self.matched.iter().map(|key| Json::from(&*self.patterns[*key].name).to_string());
            let names = names.collect::<Vec<_>>().join(",");
            self.out.extend_from_slice(format!("{{\"patterns\":[{names}],\"event\":").as_bytes());
        }
        one_line(event, &mut self.out);
        self.out.extend_from_slice(if self.patterns.len() > 1 { b"}\n" } else { b"\n" });
        if self.out.len() >= OUTPUT_BUFFER_BYTES { self.flush() } else { Ok(()) }
    }

    fn print_counts(&mut self) {
        for (named, count) in self.patterns.iter().zip(&self.counts) {
            let head = if self.patterns.len() > 1 { format!("{}: ", named.name) } else { String::new() };
            self.out.extend_from_slice(format!("{head}{count}\n").as_bytes());
        }
    }

    fn explain(&mut self, event: &[u8], line: u64) -> std::io::Result<()> {
        let value = std::str::from_utf8(event).ok().and_then(|text| Json::parse(text).ok());
        for named in &self.patterns {
            let told = match &value {
                Some(value) => told(&named.pattern.explain(value)),
                None => "its values cannot be shown: it is not JSON throughout, or not UTF-8".to_owned(),
            };
            let who = if self.patterns.len() > 1 { format!(" and {}", named.name) } else { String::new() };
            self.out.extend_from_slice(format!("event at line {line}{who}: {told}\n").as_bytes());
        }
        self.flush()
    }

    fn flush(&mut self) -> std::io::Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(&self.out)?;
        self.out.clear();
        out.flush()
    }
}

fn read_pattern(file: &Path) -> Result<Named, String> {
    let shown = file.display();
    let bytes = std::fs::read(file).map_err(|error| format!("{shown}: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| format!("{shown}: the pattern is not UTF-8 text"))?;
    let pattern = Pattern::parse(&text).map_err(|rejection| {
        let Position { line, column } = Position::of(&text, rejection.diagnostic.span.start);
        format!("{}\n --> {shown}:{line}:{column}", rejection.message)
    })?;
    let name = file.file_stem().map_or_else(|| shown.to_string(), |stem| stem.to_string_lossy().into_owned());
    Ok(Named { name, pattern })
}

/// Whether `TestEventPattern` would look at the event.
fn has_envelope(event: &[u8]) -> bool {
    let value = std::str::from_utf8(event).ok().and_then(|text| Json::parse(text).ok());
    value.is_some_and(|event| Event::first_missing(&event).is_none())
}

/// Writes an event without line breaks: between tokens they are blanks, and inside a string they cannot stand.
fn one_line(event: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(event);
    for byte in &mut out[start..] {
        if matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
}

fn told(explanation: &Explanation) -> String {
    if explanation.matches {
        return "matches".to_owned();
    }
    let mut text = "does not match".to_owned();
    if explanation.ways > 1 {
        let _ = write!(text, "; of the {} ways through $or it comes closest to one", explanation.ways);
    }
    if explanation.unmet.is_empty() {
        text.push_str("; every field is satisfied, but not by values of the same element of an array");
    }
    for field in &explanation.unmet {
        let found = match &field.found[..] {
            [] => "is not there".to_owned(),
            [only] => format!("is {only}"),
            several => format!("has the values {}", several.join(", ")),
        };
        let _ = write!(text, "\n  {} {found}, wanted {}", field.path, field.wanted);
    }
    text
}
