use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{HELD, UNUSABLE, VIOLATED, load, parse_profile, print, profile_text, unusable};
use crate::explore::{Finding, Plan, Regression, sweep};
use crate::harness::Harness;
use crate::report::{Again, Replayed, SEEDS_USUAL, Story, Summary, summary_text};
use crate::world::{Profile, Token};

/// More threads than any machine has cores; each costs a worker process.
const JOBS_MAX: u64 = 1024;

/// Arguments of `rehearsal check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The scenario's folder, or its scenario.yaml
    scenario: PathBuf,
    /// How many seeds to run
    #[arg(long, default_value_t = SEEDS_USUAL, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..))]
    seeds: u64,
    /// The first seed
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    first_seed: u64,
    /// Threads; as many as there are cores unless given
    #[arg(long, short, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=JOBS_MAX))]
    jobs: Option<u64>,
    /// Fault profile instead of the scenario's own: none, documented or stress
    #[arg(long, value_parser = parse_profile)]
    faults: Option<Profile>,
    /// Seconds of real time after which a handler that does nothing counts as hung
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    watchdog: u64,
}

/// Sweeps a scenario over many seeds and prints what held and what broke.
pub fn check(args: &CheckArgs) -> ExitCode {
    match run(args) {
        Ok(code) => ExitCode::from(code),
        Err(message) => unusable(&message),
    }
}

fn run(args: &CheckArgs) -> Result<u8, String> {
    if args.first_seed.checked_add(args.seeds - 1).is_none() {
        return Err(format!("{} seeds from {} on are more than there are", args.seeds, args.first_seed));
    }
    let harness = load(&args.scenario, args.faults, args.watchdog)?;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    // A thread without a seed would only start a worker process.
    let jobs =
        args.jobs.map_or_else(cores, |jobs| jobs as usize).min(usize::try_from(args.seeds).unwrap_or(usize::MAX));
    let began = Instant::now();
    let mut replayed = Vec::new();
    for regression in harness.regressions()? {
        replayed.push(replay(&harness, &regression)?);
    }
    let bar = progress_bar(args.seeds);
    let plan = Plan { first_seed: args.first_seed, seeds: args.seeds, jobs };
    let result = sweep(&plan, &|| harness.world_of_worker(), &|runs| bar.inc(runs));
    bar.finish_and_clear();
    let found = result.map_err(|error| error.to_string())?;
    let elapsed = began.elapsed();
    let stories = found.findings.iter().map(|finding| story(&harness, finding)).collect::<Result<Vec<_>, _>>()?;
    let invariants = harness.invariant_names();
    let scenario = args.scenario.display().to_string();
    print(&summary_text(&Summary {
        scenario: &scenario,
        sweep: &found,
        invariants: &invariants,
        machines: &harness.machines(),
        faults: &harness.fault_plan().on().collect::<Vec<_>>(),
        regressions: &replayed,
        stories: &stories,
        again: &Again::of_this_process(&args.scenario, args.faults.map(profile_text)),
        elapsed,
        first_seed: args.first_seed,
        jobs,
    }));
    if !found.unrepeatable.is_empty() {
        return Ok(UNUSABLE);
    }
    let broken = !found.findings.is_empty() || replayed.iter().any(|replayed| replayed.broken.is_some());
    let unreached = !found.unreached(&invariants).is_empty();
    Ok(if broken || unreached { VIOLATED } else { HELD })
}

fn replay(harness: &Harness, regression: &Regression) -> Result<Replayed, String> {
    let file = regression.file.display().to_string();
    let run = harness.replay(regression.seed, &regression.script).map_err(|error| format!("{file}: {error}"))?;
    let token = Token { seed: regression.seed, scenario: harness.hash(), script: regression.script.clone() };
    Ok(Replayed {
        file,
        broken: run.outcome.violation.map(|violation| violation.name),
        unused: run.unused.len(),
        token: token.to_string(),
    })
}

/// Runs a failing seed again to tell what happened in it.
fn story(harness: &Harness, finding: &Finding) -> Result<Story, String> {
    let run = harness.run(finding.seed).map_err(|error| error.to_string())?;
    Ok(Story::of(&run.world))
}

/// A bar on a terminal, nothing elsewhere.
fn progress_bar(seeds: u64) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(Some(seeds), ProgressDrawTarget::stderr());
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds {per_sec} eta {eta}") {
        bar.set_style(style);
    }
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}
