use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::Again;
use super::coverage::write_coverage;
use super::story::write_story;
use super::words::seconds as clock;
use crate::explore::{Claim, Coverage, Failure, Finding, Plan, Shrunk, Strategy, Sweep};
use crate::world::{FaultId, Script, Token, When};

/// Everything that the summary of a sweep shows.
pub struct Summary<'s> {
    /// The scenario as the user named it.
    pub scenario: &'s str,
    /// What the sweep found.
    pub sweep: &'s Sweep,
    /// The invariants in their order.
    pub invariants: &'s [(Arc<str>, When)],
    /// What was reached.
    pub coverage: &'s Coverage,
    /// Faults that were on.
    pub faults: &'s [FaultId],
    /// Regressions that were replayed first.
    pub regressions: &'s [Replayed],
    /// By finding, its different failures cut down.
    pub shrunk: &'s [Vec<Shrunk>],
    /// The template's dashboards and alarms over each of them, where there are some.
    pub monitoring: &'s [Vec<String>],
    /// The scenario's hash, for tokens.
    pub scenario_hash: u64,
    /// How to run things again.
    pub again: &'s Again,
    /// Real time it took.
    pub elapsed: Duration,
    /// What was asked for.
    pub plan: &'s Plan,
    /// On how many threads.
    pub jobs: usize,
}

/// A regression that was replayed before the sweep.
pub struct Replayed {
    /// Its file.
    pub file: String,
    /// What it broke.
    pub broken: Option<Arc<str>>,
    /// How many of its choices no site asked for.
    pub unused: usize,
    /// Its token.
    pub token: String,
}

impl Summary<'_> {
    /// The line that replays this run.
    pub(super) fn replay(&self, seed: u64, script: &Script) -> String {
        let token = Token { seed, scenario: self.scenario_hash, script: script.clone() };
        self.again.token(&token.to_string())
    }

    /// The verdict on an invariant (`held`, `broken`, `reached`, `unreached`), and in how many runs it was broken or
    /// reached.
    pub(super) fn of_invariant(&self, place: usize, when: When) -> (&'static str, u64) {
        let reached = self.sweep.reached.get(place).copied().unwrap_or(0);
        let broken = self.sweep.findings.iter().find(|finding| finding.violation.invariant == Some(place));
        match (when, broken) {
            (When::Sometimes, _) if reached == 0 => ("unreached", 0),
            (When::Sometimes, _) => ("reached", reached),
            (_, None) => ("held", 0),
            (_, Some(finding)) => ("broken", finding.runs),
        }
    }
}

/// The summary as text of at most 100 columns, names permitting.
pub fn summary_text(summary: &Summary<'_>) -> String {
    let mut out = String::new();
    numbers(&mut out, summary);
    strategies(&mut out, summary);
    regressions(&mut out, summary);
    promises(&mut out, summary);
    write_coverage(&mut out, summary.coverage);
    violations(&mut out, summary);
    missing(&mut out, summary);
    uncontrolled(&mut out, summary);
    out
}

fn numbers(out: &mut String, summary: &Summary<'_>) {
    let Summary { sweep, elapsed, .. } = summary;
    let seconds = elapsed.as_secs_f64().max(0.001);
    let _ = writeln!(out, "{}", summary.scenario);
    let _ = writeln!(
        out,
        "  {} on {} in {seconds:.1} s, {:.0} runs/s",
        plural(sweep.runs, "run"),
        plural(summary.jobs as u64, "thread"),
        sweep.runs as f64 / seconds
    );
    let _ = writeln!(
        out,
        "  {}, {}, {} of virtual time",
        plural(sweep.executions, "execution"),
        plural(sweep.steps, "step"),
        duration_text(sweep.virtual_ms)
    );
    let struck: Vec<String> = summary
        .faults
        .iter()
        .map(|fault| (fault, sweep.struck.get(*fault as usize).copied().unwrap_or(0)))
        .filter(|(_, count)| *count > 0)
        .map(|(fault, count)| format!("{} {count}", fault.spec().id))
        .collect();
    let faults = if struck.is_empty() { "none".to_owned() } else { struck.join(", ") };
    wrapped(out, "  faults: ", &faults.split(", ").collect::<Vec<_>>(), ", ");
    match sweep.unrepeatable.first() {
        None => {
            let _ = writeln!(out, "  determinism: {} made twice, all the same", plural(sweep.repeated, "run"));
        }
        Some((seed, difference)) => {
            let (count, of) = (sweep.unrepeatable.len(), plural(sweep.repeated, "run"));
            let _ = writeln!(out, "  NOT DETERMINISTIC: {count} of {of} made twice did not repeat, first seed {seed}");
            let _ = writeln!(out, "    {difference}");
            let _ = writeln!(out, "    look for real time, threads, sets or state between runs in the handlers");
        }
    }
}

/// What was done; the parts took turns.
fn strategies(out: &mut String, summary: &Summary<'_>) {
    let Summary { sweep, plan, .. } = summary;
    let _ = writeln!(out, "\nstrategies");
    if let Some(claim) = &sweep.claim {
        let words = claim_words(claim);
        wrapped(out, "  exhaustive  ", &words.split(' ').collect::<Vec<_>>(), " ");
    }
    if sweep.random_runs > 0 {
        let last = plan.first_seed.saturating_add(sweep.random_runs - 1);
        let (seeds, how) = (plural(sweep.random_runs, "seed"), random_words(plan.strategy));
        let _ = writeln!(out, "  random      {seeds} ({}..={last}): {how}", plan.first_seed);
    }
    if sweep.mutants > 0 {
        let of = plural(sweep.corpus, "script");
        let _ = writeln!(out, "  mutation    {} of {of} that reached something new", plural(sweep.mutants, "mutant"));
    }
}

/// How random runs decide.
pub(super) fn random_words(strategy: Strategy) -> &'static str {
    match strategy {
        Strategy::Random => "every choice drawn on its own",
        Strategy::Swarm => "random subsets of the faults, at random rates",
        Strategy::Pct => "random priorities decide the order",
        _ => "random, swarm, PCT, and PCT with swarm in turn",
    }
}

/// What an enumeration shows, in plain words: a claim where it is complete, else how far it came.
pub(super) fn claim_words(claim: &Claim) -> String {
    let shapes = match claim.shapes.as_slice() {
        [] => "no shape".to_owned(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let breaks = |broken: u64| match broken {
        0 => "no violation".to_owned(),
        1 => "1 run breaks a promise".to_owned(),
        broken => format!("{broken} runs break a promise"),
    };
    let complete = claim.complete_to();
    let verdict = breaks(claim.broken + claim.levels.iter().take(complete).map(|level| level.broken).sum::<u64>());
    let mut words = match complete {
        0 => format!("{verdict} without a deviation"),
        1 => format!("{verdict} with at most 1 deviation"),
        _ => format!("{verdict} with at most {complete} deviations"),
    };
    let more: u64 = claim.levels.iter().skip(complete).map(|level| level.runs).sum();
    words.push_str(&format!(" on {shapes}: complete, {}", plural(claim.runs.saturating_sub(more), "run")));
    if let Some(level) = claim.levels.get(complete).filter(|level| level.runs > 0) {
        let percent = (level.runs as f64 * 100.0 / level.scripts.max(1) as f64).min(99.9);
        words.push_str(&format!(
            "; {} with {}: {percent:.1} %, {} of {}{} scripts",
            breaks(level.broken),
            plural(complete as u64 + 1, "deviation"),
            level.runs,
            if complete > 0 { "at least " } else { "" },
            level.scripts
        ));
    }
    words
}

fn regressions(out: &mut String, summary: &Summary<'_>) {
    if summary.regressions.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nregressions");
    for replayed in summary.regressions {
        let Replayed { file, broken, unused, token } = replayed;
        let note = if *unused > 0 { format!(" (unused: {})", plural(*unused as u64, "choice")) } else { String::new() };
        match broken {
            None => {
                let _ = writeln!(out, "  held    {file}{note}");
            }
            Some(name) => {
                let _ = writeln!(out, "  BROKEN  {file}{note}: {name}");
                let _ = writeln!(out, "          {}", summary.again.token(token));
            }
        }
    }
}

fn promises(out: &mut String, summary: &Summary<'_>) {
    let _ = writeln!(out, "\ninvariants");
    let Summary { sweep, .. } = summary;
    for (place, (name, when)) in summary.invariants.iter().enumerate() {
        let (verdict, runs) = summary.of_invariant(place, *when);
        let verdict = match verdict {
            "broken" => "BROKEN",
            "unreached" => "UNREACHED",
            verdict => verdict,
        };
        let runs = if runs > 0 { format!(" ({})", plural(runs, "run")) } else { String::new() };
        let _ = writeln!(out, "  {verdict:<9}  {:<10}  {name}{runs}", when.to_string());
    }
    for finding in sweep.findings.iter().filter(|finding| finding.violation.invariant.is_none()) {
        let runs = plural(finding.runs, "run");
        let _ = writeln!(out, "  {:<9}  {:<10}  {} ({runs})", "BROKEN", "always", finding.violation.name);
    }
    if let Some(rate) = confidence(sweep) {
        let runs = plural(sweep.random_runs, "random run");
        let _ = writeln!(out, "  no violation in {runs}: at 95 % confidence fewer than {rate:.2} % of such runs break");
    }
    let unreached = sweep.unreached(summary.invariants).len();
    if unreached > 0 && sweep.random_runs < SEEDS_USUAL {
        let _ = writeln!(
            out,
            "  {} unreached in only {}: a larger sweep may reach {}, try --seeds {SEEDS_USUAL}",
            unreached,
            plural(sweep.runs, "run"),
            if unreached == 1 { "it" } else { "them" },
        );
    } else if unreached > 0 {
        let _ = writeln!(
            out,
            "  what is never reached tests nothing: widen the workload or the faults, or drop the invariant"
        );
    }
}

/// Without a violation: at 95 % confidence, the percentage of random runs that break is smaller than this.
pub(super) fn confidence(sweep: &Sweep) -> Option<f64> {
    // The rule of three: with no failure in n runs, 95 % confidence bounds the rate by 3/n. Enumerated runs and mutants
    // are no random sample, and count for nothing here.
    (sweep.findings.is_empty() && sweep.random_runs > 0).then(|| (300.0 / sweep.random_runs as f64).min(100.0))
}

fn violations(out: &mut String, summary: &Summary<'_>) {
    for (place, finding) in summary.sweep.findings.iter().enumerate() {
        let Finding { runs, violation, failures, .. } = finding;
        let _ = writeln!(out, "\nbroken: {}", violation.name);
        for waiting in &violation.waiting {
            let _ = writeln!(out, "  {}", super::words::fitted(waiting, COLUMNS - 2));
        }
        let shrunk = summary.shrunk.get(place).map(Vec::as_slice).unwrap_or_default();
        if let Some(Failure { run, strategy, seed, script }) = failures.first() {
            let more = if *runs > 1 { format!("; {runs} runs break it") } else { String::new() };
            let deviations = plural(script.deviations() as u64, "deviation");
            let _ = writeln!(out, "  first by    run {run}: seed {seed} ({strategy}), {deviations}{more}");
            if shrunk.is_empty() {
                let _ = writeln!(out, "  replay      {}", summary.replay(*seed, script));
            }
        }
        for (number, shrunk) in (1..).zip(shrunk) {
            if number > 1 {
                let _ = writeln!(out, "\nbroken in another way: {}", violation.name);
            }
            story(out, summary, shrunk);
            let drawn = summary.monitoring.get(place).and_then(|ways| ways.get(number as usize - 1));
            for line in drawn.map_or("", String::as_str).lines() {
                let _ = writeln!(out, "{}", super::words::fitted(&format!("  {line}"), COLUMNS));
            }
        }
    }
}

/// A failure that was cut down, how that went, and the line that replays it.
pub(super) fn story(out: &mut String, summary: &Summary<'_>, shrunk: &Shrunk) {
    let steps = shrunk.tried.iter().filter(|tried| tried.kept > 0 && tried.what.ends_with('s'));
    let steps = steps.map(|tried| format!("{} {} of {}", tried.what, tried.kept, tried.runs)).collect::<Vec<_>>();
    let bounds = if shrunk.is_complete { "" } else { ", the best when the bounds were met" };
    let head = format!("  shrunk      in {}{bounds}: ", plural(shrunk.runs, "run"));
    let steps: Vec<&str> = steps.iter().map(String::as_str).collect();
    wrapped(out, &head, if steps.is_empty() { &["nothing could be left out"] } else { &steps }, ", ");
    write_story(out, shrunk, COLUMNS);
    let at = clock(shrunk.violation.at.since_start());
    let _ = writeln!(out, "  breaks      {at} after its start");
    let _ = writeln!(out, "  replay      {}", summary.replay(shrunk.seed, &shrunk.script));
}

/// Modules that handlers import and that are nowhere.
fn missing(out: &mut String, summary: &Summary<'_>) {
    let mut notices = summary.sweep.notices.iter().filter(|notice| notice.is_missing_module()).peekable();
    if notices.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "\nmissing: neither in the function's folder nor in a layer nor in Python's library");
    for notice in notices {
        let place = format!("{}:{}", notice.file, notice.line);
        let line = format!("  function {} at {place}: {}", notice.function, notice.detail);
        let _ = writeln!(out, "{}", super::words::fitted(&line, COLUMNS));
    }
    let _ =
        writeln!(out, "  put it into the folder (pip install -t), or build the template (sam build) and name that one");
}

/// What handlers did beyond the simulated world.
fn uncontrolled(out: &mut String, summary: &Summary<'_>) {
    let mut notices = summary.sweep.notices.iter().filter(|notice| !notice.is_missing_module()).peekable();
    if notices.peek().is_none() {
        return;
    }
    let _ = writeln!(out, "\nuncontrolled: refused, because no run could repeat it");
    for notice in notices {
        let place = if notice.line == 0 { notice.file.clone() } else { format!("{}:{}", notice.file, notice.line) };
        let line = format!("  function {} ({}) at {place}: {}", notice.function, notice.kind, notice.detail);
        let _ = writeln!(out, "{}", super::words::fitted(&line, COLUMNS));
    }
}

/// The sweep that is made when nothing else is asked for.
pub const SEEDS_USUAL: u64 = 1000;

pub(super) fn plural(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}

/// A span of virtual time in its largest units: `3 d 4 h`.
pub fn duration_text(ms: u64) -> String {
    let units = [("y", 31_536_000_000), ("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000)];
    let mut parts = Vec::new();
    let mut rest = ms;
    for (unit, length) in units {
        if rest >= length && parts.len() < 2 {
            parts.push(format!("{} {unit}", rest / length));
            rest %= length;
        }
    }
    if parts.is_empty() { format!("{ms} ms") } else { parts.join(" ") }
}

pub(super) const COLUMNS: usize = 100;

/// Words after a head, in lines that begin under the first of them.
pub(super) fn wrapped(out: &mut String, head: &str, words: &[&str], separator: &str) {
    let indent = head.chars().count();
    let mut line = head.to_owned();
    let mut is_first = true;
    for (number, word) in words.iter().enumerate() {
        let last = if number + 1 < words.len() { separator.trim_end() } else { "" };
        let columns = line.chars().count() + word.chars().count() + separator.len() + last.len();
        if !is_first && columns > COLUMNS {
            let _ = writeln!(out, "{}", line.trim_end());
            line = " ".repeat(indent);
            is_first = true;
        }
        if !is_first {
            line.push(' ');
        }
        line.push_str(word);
        line.push_str(last);
        is_first = false;
    }
    let _ = writeln!(out, "{}", line.trim_end());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_their_two_largest_units() {
        for (ms, text) in
            [(0, "0 ms"), (999, "999 ms"), (61_000, "1 min 1 s"), (90_061_000, "1 d 1 h"), (31_536_000_000, "1 y")]
        {
            assert_eq!(duration_text(ms), text);
        }
    }

    #[test]
    fn long_lists_wrap_under_their_head() {
        let mut out = String::new();
        wrapped(&mut out, "  head: ", &["item"; 30], ", ");
        assert!(out.lines().count() > 1);
        assert!(out.lines().all(|line| line.len() <= COLUMNS));
        assert!(out.lines().nth(1).is_some_and(|line| line.starts_with("        item")));
    }
}
