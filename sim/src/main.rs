//! The `rehearsal` command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use rehearsal::commands::{CheckArgs, MatchArgs, ReplayArgs, RunArgs, check, match_events, replay, run};

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
    /// Print the events that a pattern matches
    Match(MatchArgs),
}

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Check(args) => check(&args),
        Command::Replay(args) => replay(&args),
        Command::Run(args) => run(&args),
        Command::Match(args) => match_events(&args),
    }
}
