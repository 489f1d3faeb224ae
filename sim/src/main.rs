//! The `rehearsal` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rehearsal::commands::{
    CheckArgs, EvalArgs, LintArgs, MatchArgs, ReplayArgs, RetraceArgs, RunArgs, check, eval, lint, match_events,
    replay, retrace, run,
};

#[derive(Parser)]
#[command(name = "rehearsal", version, about = "Rehearse Step Functions and EventBridge workflows before they go live")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Sweep a scenario over many seeds and say which promises hold
    Check(CheckArgs),
    /// Run one seed or token again and tell it in full
    Replay(ReplayArgs),
    /// Run one execution of a definition with mocked tasks
    Run(RunArgs),
    /// Find every problem of definitions and templates
    Lint(LintArgs),
    /// Run a history recorded on AWS again, and say whether ours is the same
    Retrace(RetraceArgs),
    /// Evaluate a JSONPath, a JSONata expression or an intrinsic function
    Eval(EvalArgs),
    /// Print the events that a pattern matches
    Match(MatchArgs),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check(args) => check(&args),
        Command::Replay(args) => replay(&args),
        Command::Run(args) => run(&args),
        Command::Lint(args) => lint(&args),
        Command::Retrace(args) => retrace(&args),
        Command::Eval(args) => eval(&args),
        Command::Match(args) => match_events(&args),
    }
}
