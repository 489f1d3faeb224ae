use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use super::parse::{ReportKind, ReportTo, Seeds, parse_profile, parse_report, parse_seeds, parse_strategy, parse_time};
use super::{HELD, UNUSABLE, VIOLATED, load, print, profile_text, unusable};
use crate::explore::{Coverage, Plan, Regression, Shrunk, Strategy, Sweep, shrink_findings, sweep};
use crate::handlers::python::WATCHDOG_SECONDS;
use crate::harness::Harness;
use crate::report::json::{run_json, scripts_told};
use crate::report::{
    Again, Checked, Replayed, SEEDS_USUAL, Summary, Verdict, github_text, html_report, json_report, junit_xml,
    monitoring_text, summary_text,
};
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
    /// Write a report: junit=FILE or json=FILE for programs, html=FILE for people; may be given several times
    #[arg(long, value_name = "KIND=FILE", value_parser = parse_report)]
    report: Vec<ReportTo>,
    /// Seconds of real time after which a handler that does nothing counts as hung
    #[arg(long, value_name = "SECONDS", default_value_t = WATCHDOG_SECONDS, value_parser = clap::value_parser!(u64).range(1..=3600))]
    watchdog: u64,
}

/// Explores a scenario and prints what held and what broke.
pub fn check(args: &CheckArgs) -> ExitCode {
    match run(args) {
        Ok(code) => ExitCode::from(code),
        Err(message) => unusable(&message),
    }
}

/// The failures told beyond their stories, by finding.
#[derive(Default)]
struct Retold {
    /// The template's dashboards and alarms over each, where there are some.
    monitoring: Vec<Vec<String>>,
    /// Each as a report for programs has it, where one is written.
    runs: Vec<Vec<Value>>,
}

impl Retold {
    /// Makes the runs of the failures once more, recorded, if somebody wants to see more of them.
    fn of(harness: &Harness, sweep: &Sweep, shrunk: &[Vec<Shrunk>], is_reported: bool) -> Result<Retold, String> {
        let stack = &harness.loaded().stack;
        let is_monitored =
            !(stack.dashboards.is_empty() && stack.alarms.is_empty() && stack.composite_alarms.is_empty());
        let mut retold = Retold::default();
        if !is_monitored && !is_reported {
            return Ok(retold);
        }
        for (finding, shrunk) in sweep.findings.iter().zip(shrunk) {
            let (mut drawn, mut runs) = (Vec::new(), Vec::new());
            for (seed, script) in scripts_told(finding, shrunk) {
                let run = harness.replay(seed, script).map_err(|error| error.to_string())?;
                if is_monitored {
                    drawn.push(monitoring_text(&run.world));
                }
                if is_reported {
                    runs.push(run_json(&run.world));
                }
            }
            retold.monitoring.push(drawn);
            retold.runs.push(runs);
        }
        Ok(retold)
    }
}

fn run(args: &CheckArgs) -> Result<u8, String> {
    args.report.iter().map(|report| &report.file).chain(&args.coverage).try_for_each(|file| check_writable(file))?;
    let harness = load(&args.scenario, args.faults, args.watchdog)?.strategy(args.strategy);
    let plan = plan(args);
    let began = Instant::now();
    let mut replayed = Vec::new();
    for regression in harness.regressions()? {
        replayed.push(replay(&harness, &regression)?);
    }
    let bar = progress_bar(args.time.is_none().then(|| plan.runs_max()));
    let found = sweep(&plan, &|| harness.world_of_worker(), &|runs| bar.inc(runs), &goes_on(args.time));
    bar.finish_and_clear();
    let found = found.map_err(|error| error.to_string())?;
    let shrunk = shrink_findings(&found, plan.jobs, &|| harness.world()).map_err(|error| error.to_string())?;
    let elapsed = began.elapsed();
    let invariants = harness.invariant_names();
    let faults: Vec<_> = harness.fault_plan().on().collect();
    let coverage = Coverage::of(&found, &harness.points(), &harness.function_names(), &faults, &invariants);
    if let Some(file) = &args.coverage {
        write_json(file, &coverage)?;
    }
    let is_reported = args.report.iter().any(|report| report.kind != ReportKind::Junit);
    let retold = Retold::of(&harness, &found, &shrunk, is_reported)?;
    let scenario = args.scenario.display().to_string();
    let summary = Summary {
        scenario: &scenario,
        sweep: &found,
        invariants: &invariants,
        coverage: &coverage,
        faults: &faults,
        regressions: &replayed,
        shrunk: &shrunk,
        monitoring: &retold.monitoring,
        scenario_hash: harness.hash(),
        again: &Again::of_this_process(&args.scenario, args.faults.map(profile_text)),
        elapsed,
        plan: &plan,
        jobs: plan.jobs,
    };
    let broken = !found.findings.is_empty() || replayed.iter().any(|replayed| replayed.broken.is_some());
    let verdict = match broken {
        _ if !found.unrepeatable.is_empty() => Verdict::Unrepeatable,
        true => Verdict::Broken,
        // One seed alone is run to look at it, and need not reach everything.
        false if args.seed.is_none() && !found.unreached(&invariants).is_empty() => Verdict::Unreached,
        false => Verdict::Held,
    };
    print(&summary_text(&summary));
    if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| !value.is_empty()) {
        let workspace = std::env::var_os("GITHUB_WORKSPACE").map(PathBuf::from);
        print(&github_text(&summary, harness.loaded(), workspace.as_deref()));
    }
    let checked = Checked { summary: &summary, verdict, loaded: harness.loaded(), runs: &retold.runs };
    for report in &args.report {
        match report.kind {
            ReportKind::Junit => write_text(&report.file, &junit_xml(&checked))?,
            ReportKind::Json => write_json(&report.file, &json_report(&checked))?,
            ReportKind::Html => write_text(&report.file, &html_report(&json_report(&checked)))?,
        }
    }
    Ok(match verdict {
        Verdict::Held => HELD,
        Verdict::Broken | Verdict::Unreached => VIOLATED,
        Verdict::Unrepeatable => UNUSABLE,
    })
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

/// Whether there is time for another generation. The clock starts with the first one.
fn goes_on(time: Option<Duration>) -> impl Fn() -> bool {
    let began = Cell::new(None);
    move || {
        let Some(time) = time else { return true };
        let began = began.get().unwrap_or_else(|| {
            let now = Instant::now();
            began.set(Some(now));
            now
        });
        began.elapsed() < time
    }
}

fn write_json(file: &Path, value: &impl serde::Serialize) -> Result<(), String> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    write_text(file, &(text + "\n"))
}

fn write_text(file: &Path, text: &str) -> Result<(), String> {
    std::fs::write(file, text).map_err(|error| format!("{}: cannot be written: {error}", file.display()))
}

/// Says before the work that a file cannot be written after it.
fn check_writable(file: &Path) -> Result<(), String> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let reason = match () {
        () if file.is_dir() => "it is a folder",
        () if !folder.is_dir() => "there is no such folder",
        () => return Ok(()),
    };
    Err(format!("{}: cannot be written: {reason}", file.display()))
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
