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
use rehearsal_engine::execution::{Execution, Start, Status, WorkflowType};
use rehearsal_engine::source::{Diagnostic, Position, Severity};

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
    /// The input, as JSON text
    #[arg(long, value_name = "JSON", conflicts_with = "input_file")]
    input: Option<String>,
    /// A file with the input
    #[arg(long, value_name = "FILE")]
    input_file: Option<PathBuf>,
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
    /// What the tasks answer; `FILE#CASE` picks a test case of a Step Functions Local mock file
    #[arg(long, value_name = "FILE")]
    mocks: Option<String>,
    /// Writes the execution's history, as `GetExecutionHistory` returns it
    #[arg(long, value_name = "FILE")]
    history: Option<PathBuf>,
    /// How to print the result
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
    Text,
    Json,
}

/// Exit code 0 when the execution succeeded, 1 when it did not, 2 when it could not be run.
pub fn run(args: &RunArgs) -> ExitCode {
    match execute(args) {
        Ok(execution) => {
            print(args.format, &execution);
            if execution.status() == Status::Succeeded { ExitCode::SUCCESS } else { ExitCode::from(1) }
        }
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn execute(args: &RunArgs) -> Result<Execution, String> {
    let text = read(&args.definition)?;
    let listed = |problems: &[Diagnostic]| listed(&args.definition, &text, problems);
    let program = Program::compile(&text).map_err(|problems| listed(&problems))?;
    if args.workflow_type == TypeArg::Express {
        let problems = program.express_problems();
        if !problems.is_empty() {
            return Err(listed(&problems));
        }
    }
    if !program.warnings().is_empty() {
        eprintln!("{}", listed(program.warnings()));
    }
    let input_text = match (&args.input, &args.input_file) {
        (Some(text), _) => text.clone(),
        (None, Some(file)) => read(file)?,
        (None, None) => "{}".to_owned(),
    };
    let input = Json::parse(&input_text).map_err(|error| format!("the input is not JSON: {error}"))?;
    let mut mocks = match &args.mocks {
        Some(mocks) => load_mocks(mocks, &args.state_machine_name)?,
        None => Mocks::default(),
    };
    let mut execution = Execution::start(Arc::new(program), begin(args, input, &input_text));
    drive(&mut execution, &mut mocks);
    if let Some(file) = &args.history {
        let text = serde_json::to_string_pretty(&execution.history().to_json()).map_err(|error| error.to_string())?;
        std::fs::write(file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok(execution)
}

fn begin(args: &RunArgs, input: Json, input_text: &str) -> Start {
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
        history: true,
    }
}

fn load_mocks(argument: &str, machine: &str) -> Result<Mocks, String> {
    let (file, case) = match argument.split_once('#') {
        Some((file, case)) => (Path::new(file), Some(case)),
        None => (Path::new(argument), None),
    };
    let text = read(file)?;
    let json = Json::parse(&text).map_err(|error| format!("{}: not JSON: {error}", file.display()))?;
    Mocks::parse(&json, machine, case).map_err(|error| format!("{}: {error}", file.display()))
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
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

fn print(format: Format, execution: &Execution) {
    let Some(outcome) = execution.outcome() else { return };
    let stop_ms = execution.history().events().last().map_or(0, |event| event.at_ms);
    let start = execution.started_with();
    match format {
        Format::Json => {
            let mut answer = vec![
                ("executionArn", Json::from(start.execution_arn.clone())),
                ("status", Json::from(outcome.status.name())),
                ("startDate", Json::from(Millis(start.start_ms).to_iso())),
                ("stopDate", Json::from(Millis(stop_ms).to_iso())),
            ];
            answer.extend(outcome.output.clone().map(|output| ("output", output)));
            answer.extend(outcome.error.clone().map(|error| ("error", Json::from(error))));
            answer.extend(outcome.cause.clone().map(|cause| ("cause", Json::from(cause))));
            println!("{}", Json::from_pairs(answer));
        }
        Format::Text => {
            let seconds = stop_ms.saturating_sub(start.start_ms) as f64 / 1000.0;
            let events = execution.history().last_id();
            println!("{} after {seconds} s of virtual time and {events} events", outcome.status.name());
            if let Some(output) = &outcome.output {
                println!("output: {output}");
            }
            if let Some(error) = &outcome.error {
                println!("error: {error}");
            }
            if let Some(cause) = &outcome.cause {
                println!("cause: {cause}");
            }
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
