use std::cell::Cell;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::parse::{Seeds, parse_profile, parse_seeds, parse_strategy, parse_time};
use super::{HELD, UNUSABLE, VIOLATED, load, print, profile_text, unusable};
use crate::explore::{Coverage, Phase, Plan, Regression, Shrunk, Strategy, shrink_findings, sweep};
use crate::harness::Harness;
use crate::report::{Again, Replayed, SEEDS_USUAL, Summary, monitoring_text, summary_text};
use crate::world::{Profile, Token};

/// More threads than any machine has cores; each costs a worker process.
const JOBS_MAX: u64 = 1024;

/// Arguments of `rehearsal check`.
#[derive(Args, Debug)]
pub struct CheckArgs {
    /// The scenario's folder, or its scenario.yaml
    scenario: PathBuf,
    /// Seeds to run: how many, or A..B without B; the other strategies get runs in proportion
    #[arg(long, value_name = "N|A..B", allow_negative_numbers = true, value_parser = parse_seeds, conflicts_with = "seed")]
    seeds: Option<Seeds>,
    /// The only seed to run
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    seed: Option<u64>,
    /// Run until this much real time has passed: 60s, 5min, 1h. What it finds differs from machine to machine
    #[arg(long, value_parser = parse_time, conflicts_with_all = ["seed", "seeds"])]
    time: Option<Duration>,
    /// How to explore: all, exhaustive, mixed, random, swarm, pct or mutation
    #[arg(long, default_value = "all", value_parser = parse_strategy)]
    strategy: Strategy,
    /// Threads; as many as there are cores unless given
    #[arg(long, short, allow_negative_numbers = true, value_parser = clap::value_parser!(u64).range(1..=JOBS_MAX))]
    jobs: Option<u64>,
    /// Fault profile instead of the scenario's own: none, documented or stress
    #[arg(long, value_parser = parse_profile)]
    faults: Option<Profile>,
    /// Write what was reached and what was not to this file, as JSON
    #[arg(long, value_name = "FILE")]
    coverage: Option<PathBuf>,
    /// Seconds of real time after which a handler that does nothing counts as hung
    #[arg(long, value_name = "SECONDS", default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=3600))]
    watchdog: u64,
}

/// Explores a scenario and prints what held and what broke.
pub fn check(args: &CheckArgs) -> ExitCode {
    match run(args) {
        Ok(code) => ExitCode::from(code),
        Err(message) => unusable(&message),
    }
}

/// The template's dashboards and alarms over each failure.
fn monitoring(harness: &Harness, shrunk: &[Vec<Shrunk>]) -> Result<Vec<Vec<String>>, String> {
    let stack = &harness.loaded().stack;
    if stack.dashboards.is_empty() && stack.alarms.is_empty() && stack.composite_alarms.is_empty() {
        return Ok(Vec::new());
    }
    let drawn = |shrunk: &Shrunk| {
        let run = harness.replay(shrunk.seed, &shrunk.script).map_err(|error| error.to_string())?;
        Ok(monitoring_text(&run.world))
    };
    shrunk.iter().map(|ways| ways.iter().map(drawn).collect()).collect()
}

fn run(args: &CheckArgs) -> Result<u8, String> {
    let harness = load(&args.scenario, args.faults, args.watchdog)?.strategy(args.strategy);
    let plan = plan(args);
    let began = Instant::now();
    let mut replayed = Vec::new();
    for regression in harness.regressions()? {
        replayed.push(replay(&harness, &regression)?);
    }
    let bar = progress_bar(args.time.is_none().then(|| plan.runs_max()));
    let found = sweep(&plan, &|| harness.world_of_worker(), &|runs| bar.inc(runs), &goes_on(&plan, args.time));
    bar.finish_and_clear();
    let found = found.map_err(|error| error.to_string())?;
    let shrunk = shrink_findings(&found, plan.jobs, &|| harness.world()).map_err(|error| error.to_string())?;
    let elapsed = began.elapsed();
    let invariants = harness.invariant_names();
    let faults: Vec<_> = harness.fault_plan().on().collect();
    let coverage = Coverage::of(&found, &harness.points(), &faults, &invariants);
    if let Some(file) = &args.coverage {
        write_json(file, &coverage)?;
    }
    let scenario = args.scenario.display().to_string();
    print(&summary_text(&Summary {
        scenario: &scenario,
        sweep: &found,
        invariants: &invariants,
        coverage: &coverage,
        faults: &faults,
        regressions: &replayed,
        shrunk: &shrunk,
        monitoring: &monitoring(&harness, &shrunk)?,
        scenario_hash: harness.hash(),
        again: &Again::of_this_process(&args.scenario, args.faults.map(profile_text)),
        elapsed,
        plan: &plan,
        jobs: plan.jobs,
    }));
    if !found.unrepeatable.is_empty() {
        return Ok(UNUSABLE);
    }
    let broken = !found.findings.is_empty() || replayed.iter().any(|replayed| replayed.broken.is_some());
    // One seed alone is run to look at it, and need not reach everything.
    let unreached = args.seed.is_none() && !found.unreached(&invariants).is_empty();
    Ok(if broken || unreached { VIOLATED } else { HELD })
}

fn plan(args: &CheckArgs) -> Plan {
    let Seeds { first, count } = match (args.seed, args.time) {
        (Some(seed), _) => Seeds { first: seed, count: 1 },
        // The clock ends it, not the number of seeds.
        (None, Some(_)) => Seeds { first: 0, count: u64::MAX / 8 },
        (None, None) => args.seeds.unwrap_or(Seeds { first: 0, count: SEEDS_USUAL }),
    };
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    // A thread without a run would only start a worker process.
    let jobs = args.jobs.map_or_else(cores, |jobs| jobs as usize).min(usize::try_from(count).unwrap_or(usize::MAX));
    // One seed is meant as that seed, and nothing around it.
    let strategy = match args.strategy {
        Strategy::All if args.seed.is_some() => Strategy::Mixed,
        strategy => strategy,
    };
    Plan::of(strategy, first, count, jobs)
}

/// Shares of the time, in parts of eight, after which a part of a sweep ends: the last part has what is left.
fn time_parts(plan: &Plan, phase: Phase) -> u32 {
    match phase {
        Phase::Exhaustive if plan.seeds > 0 => 3,
        Phase::Random if plan.mutants > 0 => 6,
        _ => 8,
    }
}

/// Whether there is time for another generation.
fn goes_on(plan: &Plan, time: Option<Duration>) -> impl Fn(Phase) -> bool {
    let began = Cell::new(None);
    move |phase| {
        let Some(time) = time else { return true };
        let began = began.get().unwrap_or_else(|| {
            let now = Instant::now();
            began.set(Some(now));
            now
        });
        began.elapsed() < time * time_parts(plan, phase) / 8
    }
}

fn write_json(file: &std::path::Path, value: &impl serde::Serialize) -> Result<(), String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    std::fs::write(file, text + "\n").map_err(|error| format!("{}: cannot be written: {error}", file.display()))
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

/// A bar on a terminal, nothing elsewhere.
fn progress_bar(runs: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(runs, ProgressDrawTarget::stderr());
    let template = match runs {
        Some(_) => "{bar:40} {pos}/{len} runs {per_sec} eta {eta}",
        None => "{spinner} {pos} runs {per_sec} {elapsed}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    if !bar.is_hidden() {
        bar.enable_steady_tick(Duration::from_millis(200));
    }
    bar
}
