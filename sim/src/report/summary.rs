use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::words::seconds as clock;
use super::{Again, Story};
use crate::explore::{Finding, Sweep};
use crate::world::{FaultId, When};

/// Everything that the summary of a sweep shows.
pub struct Summary<'s> {
    /// The scenario as the user named it.
    pub scenario: &'s str,
    /// What the sweep found.
    pub sweep: &'s Sweep,
    /// The invariants in their order.
    pub invariants: &'s [(Arc<str>, When)],
    /// State machines with the paths of their states.
    pub machines: &'s [(Arc<str>, Vec<Arc<str>>)],
    /// Faults that were on.
    pub faults: &'s [FaultId],
    /// Regressions that were replayed first.
    pub regressions: &'s [Replayed],
    /// The stories of the findings, in their order.
    pub stories: &'s [Story],
    /// How to run things again.
    pub again: &'s Again,
    /// Real time it took.
    pub elapsed: Duration,
    /// The seeds' first number.
    pub first_seed: u64,
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

/// The summary as text of at most 100 columns, names permitting.
pub fn summary_text(summary: &Summary<'_>) -> String {
    let mut out = String::new();
    numbers(&mut out, summary);
    regressions(&mut out, summary);
    promises(&mut out, summary);
    coverage(&mut out, summary);
    violations(&mut out, summary);
    uncontrolled(&mut out, summary);
    out
}

fn numbers(out: &mut String, summary: &Summary<'_>) {
    let Summary { sweep, elapsed, .. } = summary;
    let seconds = elapsed.as_secs_f64().max(0.001);
    let last = summary.first_seed.saturating_add(sweep.runs.saturating_sub(1));
    let _ = writeln!(out, "{}", summary.scenario);
    let _ = writeln!(
        out,
        "  {} ({}..={last}) on {} in {seconds:.1} s, {:.0} seeds/s",
        plural(sweep.runs, "seed"),
        summary.first_seed,
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
    wrapped(out, "  faults: ", &faults);
    let repeat = match sweep.unrepeatable.as_slice() {
        [] => format!("{} run twice, all the same", plural(sweep.repeated, "seed")),
        seeds => format!(
            "NOT DETERMINISTIC: seeds {seeds:?} did not repeat; look for real time, threads or sets in the handlers"
        ),
    };
    let _ = writeln!(out, "  determinism: {repeat}");
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
        let broken = sweep.findings.iter().find(|finding| finding.violation.invariant == Some(place));
        let reached = sweep.reached.get(place).copied().unwrap_or(0);
        let (verdict, runs) = match (when, broken) {
            (When::Sometimes, _) if reached == 0 => ("UNREACHED", String::new()),
            (When::Sometimes, _) => ("reached", format!(" ({})", plural(reached, "run"))),
            (_, None) => ("held", String::new()),
            (_, Some(finding)) => ("BROKEN", format!(" ({})", plural(finding.runs, "run"))),
        };
        let _ = writeln!(out, "  {verdict:<9}  {:<10}  {name}{runs}", when.to_string());
    }
    for finding in sweep.findings.iter().filter(|finding| finding.violation.invariant.is_none()) {
        let runs = plural(finding.runs, "run");
        let _ = writeln!(out, "  {:<9}  {:<10}  {} ({runs})", "BROKEN", "always", finding.violation.name);
    }
    if sweep.findings.is_empty() && sweep.runs > 0 {
        // The rule of three: with no failure in n runs, 95 % confidence bounds the rate by 3/n.
        let rate = (300.0 / sweep.runs as f64).min(100.0);
        let runs = plural(sweep.runs, "run");
        let _ = writeln!(out, "  no violation in {runs}: at 95 % confidence fewer than {rate:.2} % of runs break");
    }
    let unreached = sweep.unreached(summary.invariants).len();
    if unreached > 0 && sweep.runs < SEEDS_USUAL {
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

fn coverage(out: &mut String, summary: &Summary<'_>) {
    let _ = writeln!(out, "\ncoverage of states");
    for (machine, (name, states)) in summary.machines.iter().enumerate() {
        let visits =
            |state: usize| summary.sweep.visits.get(machine).and_then(|visits| visits.get(state)).copied().unwrap_or(0);
        let visited = (0..states.len()).filter(|state| visits(*state) > 0).count();
        let _ = writeln!(out, "  {name}: {visited} of {} states", states.len());
        let unvisited: Vec<&str> =
            (0..states.len()).filter(|state| visits(*state) == 0).map(|state| &*states[state]).collect();
        if !unvisited.is_empty() {
            wrapped(out, "    never entered: ", &unvisited.join(", "));
        }
    }
}

fn violations(out: &mut String, summary: &Summary<'_>) {
    for (place, finding) in summary.sweep.findings.iter().enumerate() {
        let Finding { seed, violation, .. } = finding;
        let _ = writeln!(out, "\nbroken: {}", violation.name);
        let _ = writeln!(out, "  first by    seed {seed}, {} after its start", clock(violation.at.since_start()));
        if let Some(story) = summary.stories.get(place) {
            story.write(out, DEVIATIONS_SHOWN_MAX, COLUMNS);
        }
        let _ = writeln!(out, "  replay      {}", summary.again.seed(*seed));
    }
}

/// What handlers did beyond the simulated world.
fn uncontrolled(out: &mut String, summary: &Summary<'_>) {
    if summary.sweep.notices.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nuncontrolled: refused, because no run could repeat it");
    for notice in &summary.sweep.notices {
        let place = if notice.line == 0 { notice.file.clone() } else { format!("{}:{}", notice.file, notice.line) };
        let line = format!("  function {} ({}) at {place}: {}", notice.function, notice.kind, notice.detail);
        let _ = writeln!(out, "{}", super::words::fitted(&line, COLUMNS));
    }
}

/// Deviations of a story that a summary shows; `replay` shows them all.
const DEVIATIONS_SHOWN_MAX: usize = 10;

/// The sweep that is made when nothing else is asked for.
pub const SEEDS_USUAL: u64 = 1000;

fn plural(count: u64, what: &str) -> String {
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

const COLUMNS: usize = 100;

fn wrapped(out: &mut String, head: &str, text: &str) {
    let mut line = head.to_owned();
    for word in text.split(", ") {
        if line.len() > head.len() && line.len() + word.len() + 2 > COLUMNS {
            let _ = writeln!(out, "{},", line.trim_end());
            line = " ".repeat(head.len());
        } else if line.len() > head.len() {
            line.push_str(", ");
        }
        line.push_str(word);
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
        wrapped(&mut out, "  head: ", &["item"; 30].join(", "));
        assert!(out.lines().count() > 1);
        assert!(out.lines().all(|line| line.len() <= COLUMNS));
        assert!(out.lines().nth(1).is_some_and(|line| line.starts_with("        item")));
    }
}
