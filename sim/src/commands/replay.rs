use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::parse::{parse_profile, parse_strategy};
use super::{HELD, VIOLATED, load, print, profile_text, tell, unusable};
use crate::explore::Strategy;
use crate::handlers::python::WATCHDOG_SECONDS;
use crate::report::{Again, Told, replay_text};
use crate::world::{Profile, Token};

/// Arguments of `rehearsal replay`.
#[derive(Args, Debug)]
#[command(group = clap::ArgGroup::new("which").required(true).args(["seed", "token"]))]
pub struct ReplayArgs {
    /// The scenario's folder, or its scenario.yaml
    scenario: PathBuf,
    /// The seed to run again
    #[arg(long, allow_negative_numbers = true)]
    seed: Option<u64>,
    /// The token to run again, as a failing run printed it
    #[arg(long)]
    token: Option<String>,
    /// The strategy that ran the seed, as `check` named it
    #[arg(long, default_value = "all", value_parser = parse_strategy)]
    strategy: Strategy,
    /// Fault profile instead of the scenario's own: none, documented or stress
    #[arg(long, value_parser = parse_profile)]
    faults: Option<Profile>,
    /// Seconds of real time after which a handler that does nothing counts as hung
    #[arg(long, value_name = "SECONDS", default_value_t = WATCHDOG_SECONDS, value_parser = clap::value_parser!(u64).range(1..=3600))]
    watchdog: u64,
    /// Do not cut long lines: whole payloads, and history events as AWS writes them
    #[arg(long)]
    full: bool,
}

/// Runs one seed or token again and prints everything about it.
pub fn replay(args: &ReplayArgs) -> ExitCode {
    match run(args) {
        Ok(code) => ExitCode::from(code),
        Err(message) => unusable(&message),
    }
}

fn run(args: &ReplayArgs) -> Result<u8, String> {
    let token = args.token.as_deref().map(str::parse::<Token>).transpose()?;
    let harness = load(&args.scenario, args.faults, args.watchdog)?.strategy(args.strategy);
    let run = match (&token, args.seed) {
        (Some(token), _) => {
            if token.scenario != harness.hash() {
                tell(
                    "warning: the scenario changed since this token was made; decisions that no longer apply are named as unused\n",
                );
            }
            harness.replay(token.seed, &token.script)
        }
        (None, seed) => harness.run(seed.unwrap_or(0)),
    };
    let run = run.map_err(|error| error.to_string())?;
    let again = Again::of_this_process(&args.scenario, args.faults.map(profile_text));
    let token = Token { seed: run.seed, scenario: harness.hash(), script: run.world.core.script() };
    let told = Told { world: &run.world, outcome: &run.outcome, unused: &run.unused, is_cut: !args.full };
    print(&format!("{}{}\n", replay_text(&told), again.token(&token.to_string())));
    Ok(if run.outcome.violation.is_some() { VIOLATED } else { HELD })
}
