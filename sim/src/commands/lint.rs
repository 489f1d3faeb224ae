//! `rehearsal lint`: every problem of definitions and templates.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{IsTerminal as _, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use rehearsal_engine::execution::WorkflowType;

use super::{HELD, UNUSABLE, VIOLATED, print, tell};
use crate::diagnostics::{Problem, Sources, render, to_github, to_json, to_sarif};
use crate::lint::{Options, lint as lint_file};

/// Larger files are not read; a definition has at most 1 MiB, and so has a template.
const FILE_BYTES_MAX: u64 = 8 << 20;

/// Arguments of `rehearsal lint`.
#[derive(clap::Args, Debug)]
pub struct LintArgs {
    /// Definitions in JSON or YAML, and CloudFormation or SAM templates
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Which kind of workflow the definitions are for; a template says it itself
    #[arg(long = "type", value_name = "TYPE", ignore_case = true, default_value = "STANDARD")]
    workflow_type: TypeArg,
    /// How to print the problems
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum TypeArg {
    Standard,
    Express,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// For people
    Text,
    /// One object with all problems
    Json,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// Annotations of GitHub Actions
    Github,
}

/// Prints every problem of the files: exit 0 without an error, 1 with errors, 2 when a file cannot be read.
pub fn lint(args: &LintArgs) -> ExitCode {
    let workflow_type = match args.workflow_type {
        TypeArg::Standard => WorkflowType::Standard,
        TypeArg::Express => WorkflowType::Express,
    };
    let mut sources = Sources::default();
    let mut problems: Vec<Problem> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut unreadable = false;
    for file in args.files.iter().filter(|file| seen.insert(*file)) {
        match read(file) {
            Ok(text) => {
                let source = sources.add(&file.display().to_string(), &text);
                let folder = file.parent().unwrap_or(Path::new(""));
                let beside = |path: &str| read(&folder.join(path));
                problems.extend(lint_file(&mut sources, source, &Options { workflow_type }, &beside));
            }
            Err(reason) => {
                tell(&format!("error: {}: {reason}\n", file.display()));
                unreadable = true;
            }
        }
    }
    print(&match args.format {
        Format::Text => text(&sources, &problems),
        Format::Json => to_json(&sources, &problems),
        Format::Sarif => to_sarif(&sources, &problems),
        Format::Github => to_github(&sources, &problems),
    });
    ExitCode::from(match problems.iter().any(Problem::is_error) {
        _ if unreadable => UNUSABLE,
        true => VIOLATED,
        false => HELD,
    })
}

fn text(sources: &Sources, problems: &[Problem]) -> String {
    let color = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    let count = |count: usize, word: &str| format!("{count} {word}{}", if count == 1 { "" } else { "s" });
    let sum = format!("{}, {}\n", count(errors, "error"), count(problems.len() - errors, "warning"));
    render(sources, problems, color) + &sum
}

/// The text of a file; the error is a sentence.
fn read(file: &Path) -> Result<String, String> {
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(|error| error.to_string())?;
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        return Err(format!("the file has more than {FILE_BYTES_MAX} bytes, which is not read"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = error.as_bytes()[..valid].split(|byte| *byte == b'\n').count();
        format!("the file is not UTF-8 from line {line} on, byte {valid} of the file")
    })
}
