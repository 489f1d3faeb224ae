use std::fmt::Write as _;

use super::{SEED_VARIABLE, TOKEN_VARIABLE, jobs, timeline};
use crate::explore::{Finding, Limits, Regression, SHRINK_RUNS_MAX, Sweep, shrink};
use crate::harness::{Harness, Run};
use crate::world::{LIVELOCK, Script, Token, UNDRAINED, Violation, When};

/// What shall be run.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The regressions and a sweep.
    Everything,
    /// One seed.
    Seed(u64),
    /// One token.
    Token(Box<Token>),
}

/// Seeds of the first turn of a search; every next turn is twice as long.
const FIRST_TURN_SEEDS: u64 = 64;

impl Wanted {
    pub(super) fn of_environment() -> Result<Wanted, String> {
        Wanted::of(std::env::var(SEED_VARIABLE).ok().as_deref(), std::env::var(TOKEN_VARIABLE).ok().as_deref())
    }

    fn of(seed: Option<&str>, token: Option<&str>) -> Result<Wanted, String> {
        match (seed, token) {
            (_, Some(token)) => match token.trim().parse() {
                Ok(token) => Ok(Wanted::Token(Box::new(token))),
                Err(error) => Err(format!("{TOKEN_VARIABLE}: {error}")),
            },
            (Some(seed), None) => match seed.trim().parse() {
                Ok(seed) => Ok(Wanted::Seed(seed)),
                Err(_) => Err(format!("{SEED_VARIABLE}: '{seed}' is no seed: expected a whole number")),
            },
            (None, None) => Ok(Wanted::Everything),
        }
    }
}

/// Whether everything holds; the error is the message of the failing test.
pub(super) fn judge(harness: &Harness, seeds: u64, wanted: &Wanted) -> Result<(), String> {
    match wanted {
        Wanted::Seed(seed) => held(harness, &run(harness, *seed)?, &of_seed(*seed)),
        Wanted::Token(token) => {
            let run = harness.replay(token.seed, &token.script).map_err(|error| error.to_string())?;
            held(harness, &run, &of_token(token))
        }
        Wanted::Everything => {
            regressions_hold(harness)?;
            sweep_holds(harness, seeds)
        }
    }
}

/// The smallest seed that breaks `invariant`.
pub(super) fn find(harness: &Harness, seeds: u64, invariant: &str) -> Result<u64, String> {
    known(harness, invariant)?;
    let mut instead = Vec::new();
    let (mut first, mut turn) = (0, FIRST_TURN_SEEDS);
    while first < seeds {
        let count = turn.min(seeds - first);
        for finding in sweep(harness, first, count)?.findings {
            if *finding.violation.name == *invariant {
                return Ok(finding.seed);
            }
            if !instead.contains(&finding.violation.name) {
                instead.push(finding.violation.name);
            }
        }
        first += count;
        turn *= 2;
    }
    let instead =
        if instead.is_empty() { "nothing else either".to_owned() } else { format!("but '{}'", instead.join("', '")) };
    Err(format!("'{invariant}' is not broken by any of {seeds} seeds, {instead}"))
}

/// Whether the scenario has this invariant; the error says which it has.
pub(super) fn known(harness: &Harness, invariant: &str) -> Result<(), String> {
    let names = harness.invariant_names();
    if names.iter().any(|(name, _)| **name == *invariant) || [UNDRAINED, LIVELOCK].contains(&invariant) {
        return Ok(());
    }
    let known: Vec<&str> = names.iter().map(|(name, _)| &**name).collect();
    Err(format!("the scenario has no invariant '{invariant}': it has '{}'", known.join("', '")))
}

fn run(harness: &Harness, seed: u64) -> Result<Run, String> {
    harness.run(seed).map_err(|error| error.to_string())
}

fn sweep(harness: &Harness, first: u64, seeds: u64) -> Result<Sweep, String> {
    harness.sweep(first, seeds, jobs()).map_err(|error| error.to_string())
}

fn regressions_hold(harness: &Harness) -> Result<(), String> {
    for regression in harness.regressions()? {
        let Regression { file, comment, seed, script } = regression;
        let run = harness.replay(seed, &script).map_err(|error| error.to_string())?;
        let token = Token { seed, scenario: harness.hash(), script };
        held(harness, &run, &of_token(&token))
            .map_err(|message| format!("the regression {} is back: {comment}\n{message}", file.display()))?;
    }
    Ok(())
}

fn sweep_holds(harness: &Harness, seeds: u64) -> Result<(), String> {
    let sweep = harness.explore(&harness.plan(0, seeds, jobs())).map_err(|error| error.to_string())?;
    if let Some((seed, difference)) = sweep.unrepeatable.first() {
        return Err(format!(
            "the run does not repeat: a handler or an invariant keeps state between runs\n{difference}\n{}",
            command(&of_seed(*seed))
        ));
    }
    if let Some(finding) = sweep.findings.first() {
        let others = sweep.findings.iter().map(|Finding { runs, violation, failures, .. }| {
            let first = failures.first().map_or(0, |first| first.run);
            format!("  {runs} of {} runs break '{}', first run {first}", sweep.runs, violation.name)
        });
        let others = others.collect::<Vec<_>>().join("\n");
        let (seed, script) = cut_down(harness, finding)?;
        let run = harness.replay(seed, &script).map_err(|error| error.to_string())?;
        let token = of_token(&Token { seed, scenario: harness.hash(), script });
        return Err(match held(harness, &run, &token).err() {
            Some(message) => format!("{others}\n{message}"),
            None => format!("{others}\nthe run does not repeat when it is recorded\n{}", command(&token)),
        });
    }
    let names = harness.invariant_names();
    let unreached: Vec<&str> = sweep.unreached(&names).into_iter().map(|place| &*names[place].0).collect();
    if unreached.is_empty() {
        return Ok(());
    }
    let when = When::Sometimes;
    Err(format!(
        "no run of {} reaches '{}' ({when}): the workload does not test what it should; mend it, or run more seeds",
        sweep.runs,
        unreached.join("', '")
    ))
}

/// The first run that broke a promise, as small as it gets.
fn cut_down(harness: &Harness, finding: &Finding) -> Result<(u64, Script), String> {
    let Some(first) = finding.failures.first() else { return Ok((finding.seed, Script::default())) };
    let mut world = harness.world().map_err(|error| error.to_string())?;
    let limits = Limits { runs_max: SHRINK_RUNS_MAX, goes_on: &|| true };
    let shrunk = shrink(&mut world, first.seed, &first.script, &finding.violation, &limits);
    let shrunk = shrunk.map_err(|error| error.to_string())?;
    Ok((first.seed, shrunk.map_or_else(|| first.script.clone(), |shrunk| shrunk.script)))
}

/// Whether `run` broke nothing; the error tells it whole and ends with the command that replays it.
fn held(harness: &Harness, run: &Run, how: &str) -> Result<(), String> {
    let Some(Violation { name, at, .. }) = &run.outcome.violation else { return Ok(()) };
    let script = run.world.core.script();
    let mut text = format!("\n{}", timeline(run));
    let _ = writeln!(text, "decisions that were not benign:");
    for choice in &script.choices {
        let _ = writeln!(text, "  {choice}");
    }
    for choice in &run.unused {
        let _ = writeln!(text, "  unused: {choice}");
    }
    let _ = writeln!(text, "\nbroken: {name}\n  by seed {}, at {at}", run.seed);
    let token = Token { seed: run.seed, scenario: harness.hash(), script };
    if breaks_on_the_command_line(harness, &token, name) {
        let _ = writeln!(text, "rehearsal replay {} --token {token}", harness.path().display());
    }
    text.push_str(&command(how));
    Err(text)
}

/// Whether the token breaks the same promise in the scenario as its files have it: with Python handlers, and without
/// whatever the test has replaced.
fn breaks_on_the_command_line(harness: &Harness, token: &Token, invariant: &str) -> bool {
    let Ok(own) = Harness::load(harness.path()) else { return false };
    let Ok(run) = own.replay(token.seed, &token.script) else { return false };
    run.outcome.violation.is_some_and(|violation| *violation.name == *invariant)
}

fn of_seed(seed: u64) -> String {
    format!("{SEED_VARIABLE}={seed}")
}

fn of_token(token: &Token) -> String {
    format!("{TOKEN_VARIABLE}={token}")
}

/// The command that runs this test again.
fn command(how: &str) -> String {
    let mut command = format!("{how} cargo test");
    if let Ok(package) = std::env::var("CARGO_PKG_NAME") {
        let _ = write!(command, " -p {package}");
    }
    // The harness of Rust's tests names a test's thread after it; on a single thread it is called main.
    match std::thread::current().name() {
        Some(name) if name != "main" => {
            let _ = write!(command, " {name} -- --exact");
        }
        _ => {}
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_says_what_to_run() {
        let token = Token { seed: 7, scenario: 9, script: Script::default() };
        let text = token.to_string();
        assert_eq!(Wanted::of(None, None), Ok(Wanted::Everything));
        assert_eq!(Wanted::of(Some(" 17 "), None), Ok(Wanted::Seed(17)));
        assert_eq!(Wanted::of(Some("17"), Some(&text)), Ok(Wanted::Token(Box::new(token))));
        assert_eq!(
            Wanted::of(Some("x"), None).expect_err("no seed"),
            "REHEARSAL_SEED: 'x' is no seed: expected a whole number"
        );
        assert!(Wanted::of(None, Some("x")).expect_err("no token").starts_with("REHEARSAL_TOKEN: "));
    }

    #[test]
    fn the_command_names_this_test() {
        let command = command("REHEARSAL_SEED=3");
        assert!(command.starts_with("REHEARSAL_SEED=3 cargo test -p rehearsal"), "{command}");
        let is_threaded = std::thread::current().name() != Some("main");
        assert!(!is_threaded || command.ends_with("the_command_names_this_test -- --exact"), "{command}");
    }
}
