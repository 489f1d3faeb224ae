//! `rehearsal run`: one execution of one definition in virtual time, its tasks answered by mocks.
//!
//! Only the interpreter and a clock: no services, no faults. What the tasks answer stands in a mocks file
//! ([`mocks`]); without one, a task fails with a sentence that says which entry to add.

mod drive;
mod mocks;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::Program;
use rehearsal_engine::execution::{Era, Execution, Start, Status, WorkflowType};
use rehearsal_engine::source::{Diagnostic, Position, Severity};

use super::input::{InputArgs, read, read_json};
use super::{VIOLATED, print, tell, unusable};
use crate::world::Millis;
use drive::drive;
use mocks::Mocks;

const REGION: &str = "us-east-1";
const ACCOUNT: &str = "111111111111";

/// Runs one definition once and prints how it ended.
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// The definition: Amazon States Language in JSON
    definition: PathBuf,
    #[command(flatten)]
    input: InputArgs,
    /// The execution's name
    #[arg(long, default_value = "execution")]
    name: String,
    /// The state machine's name
    #[arg(long, default_value = "machine")]
    state_machine_name: String,
    /// The role the execution runs under
    #[arg(long, value_name = "ARN", default_value = "arn:aws:iam::111111111111:role/machine")]
    role_arn: String,
    /// Which kind of workflow
    #[arg(long = "type", value_name = "TYPE", ignore_case = true, default_value = "STANDARD")]
    workflow_type: TypeArg,
    /// When the execution starts: ISO 8601, or milliseconds since 1970
    #[arg(long, value_name = "TIME", value_parser = start_time)]
    start_time: Option<u64>,
    /// What the tasks answer
    #[arg(long, value_name = "FILE", conflicts_with = "mock_config")]
    mocks: Option<PathBuf>,
    /// What the tasks answer, as a MockConfigFile.json of Step Functions Local
    #[arg(long, value_name = "FILE")]
    mock_config: Option<PathBuf>,
    /// The test case of the mock file; needed where it has several
    #[arg(long, value_name = "NAME")]
    test_case: Option<String>,
    /// Writes the execution's history, as `GetExecutionHistory` returns it
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// Draws UUIDs, task tokens, jitter and random numbers
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,
    /// How to print the result
    #[arg(long, default_value = "text")]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum TypeArg {
    Standard,
    Express,
}

impl From<TypeArg> for WorkflowType {
    fn from(workflow_type: TypeArg) -> WorkflowType {
        match workflow_type {
            TypeArg::Standard => WorkflowType::Standard,
            TypeArg::Express => WorkflowType::Express,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// Exit code 0 when the execution succeeded, 1 when it did not, 2 when it could not be run.
pub fn run(args: &RunArgs) -> ExitCode {
    match execute(args) {
        Ok(execution) => {
            print(&shown(args.format, &execution));
            if execution.status() == Status::Succeeded { ExitCode::SUCCESS } else { ExitCode::from(VIOLATED) }
        }
        Err(message) => unusable(&message),
    }
}

fn execute(args: &RunArgs) -> Result<Execution, String> {
    let program = compile(&args.definition, args.workflow_type)?;
    let (input_text, input) = args.input.read()?;
    let mut mocks = match args.mocks.as_ref().or(args.mock_config.as_ref()) {
        Some(file) => {
            let mocks = Mocks::parse(&read_json(file)?, &args.state_machine_name, args.test_case.as_deref());
            mocks.map_err(|error| format!("{}: {error}", file.display()))?
        }
        None => Mocks::default(),
    };
    let start = begin(args, &program, input, &input_text);
    let mut execution = Execution::start(Arc::new(program), start);
    drive(&mut execution, &mut mocks, args.seed);
    if let Some(file) = &args.history {
        write_history(file, &execution)?;
    }
    Ok(execution)
}

/// The program in a definition file; its warnings are printed.
pub(super) fn compile(file: &Path, workflow_type: TypeArg) -> Result<Program, String> {
    let text = read(file)?;
    let listed = |problems: &[Diagnostic]| listed(file, &text, problems);
    let program = Program::compile(&text).map_err(|problems| listed(&problems))?;
    if workflow_type == TypeArg::Express {
        let problems = program.express_problems();
        if !problems.is_empty() {
            return Err(listed(&problems));
        }
    }
    if !program.warnings().is_empty() {
        tell(&format!("{}\n", listed(program.warnings())));
    }
    Ok(program)
}

/// Writes what `GetExecutionHistory` would return.
pub(super) fn write_history(file: &Path, execution: &Execution) -> Result<(), String> {
    let text = serde_json::to_string_pretty(&execution.history().to_json()).map_err(|error| error.to_string())?;
    std::fs::write(file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))
}

fn begin(args: &RunArgs, program: &Program, input: Json, input_text: &str) -> Start {
    let (machine, name) = (&args.state_machine_name, &args.name);
    let arn =
        |kind: &str, rest: &str| -> Arc<str> { format!("arn:aws:states:{REGION}:{ACCOUNT}:{kind}:{rest}").into() };
    let (workflow_type, execution_arn) = match args.workflow_type {
        TypeArg::Standard => (WorkflowType::Standard, arn("execution", &format!("{machine}:{name}"))),
        TypeArg::Express => (WorkflowType::Express, arn("express", &format!("{machine}:{name}:{name}"))),
    };
    Start {
        input,
        input_text: Some(input_text.into()),
        execution_arn,
        execution_name: name.as_str().into(),
        role_arn: args.role_arn.as_str().into(),
        state_machine_arn: arn("stateMachine", machine),
        state_machine_name: machine.as_str().into(),
        start_ms: args.start_time.unwrap_or(Millis::START.0),
        workflow_type,
        era: args.start_time.map_or_else(|| Era::undated(program), Era::of),
        history: true,
    }
}

fn listed(file: &Path, text: &str, problems: &[Diagnostic]) -> String {
    let line = |problem: &Diagnostic| {
        let Position { line, column } = Position::of(text, problem.span.start);
        let severity = if problem.severity == Severity::Error { "error" } else { "warning" };
        let hint = problem.hint.as_ref().map_or(String::new(), |hint| format!("\n    {hint}"));
        format!("{}:{line}:{column}: {severity}: {problem}{hint}", file.display())
    };
    problems.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn shown(format: Format, execution: &Execution) -> String {
    let Some(outcome) = execution.outcome() else { return String::new() };
    let stop_ms = execution.history().events().last().map_or(0, |event| event.at_ms);
    let virtual_ms = stop_ms.saturating_sub(execution.started_with().start_ms);
    match format {
        Format::Json => {
            let mut answer = vec![("status", Json::from(outcome.status.name()))];
            answer.extend(outcome.output.clone().map(|output| ("output", output)));
            answer.extend(outcome.error.clone().map(|error| ("error", Json::from(error))));
            answer.extend(outcome.cause.clone().map(|cause| ("cause", Json::from(cause))));
            answer.push(("virtual_ms", Json::from(virtual_ms)));
            format!("{}\n", Json::from_pairs(answer))
        }
        Format::Text => {
            let (seconds, ms) = (virtual_ms / 1000, virtual_ms % 1000);
            let events = execution.history().last_id();
            let mut text =
                format!("{} after {seconds}.{ms:03} s of virtual time and {events} events\n", outcome.status.name());
            if let Some(output) = &outcome.output {
                text += &format!("output: {output}\n");
            }
            for (name, value) in [("error", &outcome.error), ("cause", &outcome.cause)] {
                if let Some(value) = value {
                    text += &format!("{name}: {value}\n");
                }
            }
            text
        }
    }
}

fn start_time(text: &str) -> Result<u64, String> {
    if let Ok(ms) = text.parse() {
        return Ok(ms);
    }
    let instant: jiff::Timestamp = text.parse().map_err(|_| {
        format!("'{text}' is neither an ISO 8601 time like 2026-01-01T00:00:00Z nor milliseconds since 1970")
    })?;
    u64::try_from(instant.as_millisecond()).map_err(|_| format!("'{text}' lies before 1970"))
}
