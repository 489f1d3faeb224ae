#![doc = include_str!("json.md")]

mod bounded;
mod run;

use serde_json::{Map, Value, json};

use super::summary::{Summary, claim_words, confidence, random_words};
use super::words::deviation;
use crate::diagnostics::Place;
use crate::explore::{Finding, Need, Shrunk, Without};
use crate::scenario::Loaded;
use crate::world::{Choice, Script, Token, When};

pub use run::run_json;

/// The version of what [`json_report`] writes. Members may be added under the same one.
const VERSION: u32 = 1;

/// A check with what its reports need beyond the summary.
pub struct Checked<'c> {
    /// What the terminal shows.
    pub summary: &'c Summary<'c>,
    /// What it comes to.
    pub verdict: Verdict,
    /// The scenario's files.
    pub loaded: &'c Loaded,
    /// By finding, the runs of [`scripts_told`] as [`run_json`] tells them.
    pub runs: &'c [Vec<Value>],
}

/// What a check comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every promise held, and everything was reached.
    Held,
    /// Some promise was broken.
    Broken,
    /// No promise was broken, but some `sometimes` was never reached.
    Unreached,
    /// Some run did not repeat, so that nothing else counts.
    Unrepeatable,
}

impl Verdict {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Held => "held",
            Verdict::Broken => "broken",
            Verdict::Unreached => "unreached",
            Verdict::Unrepeatable => "unrepeatable",
        }
    }
}

/// The whole report.
pub fn json_report(checked: &Checked<'_>) -> Value {
    let Checked { summary, verdict, loaded, .. } = checked;
    let sweep = summary.sweep;
    let scenario = &loaded.scenario;
    let unrepeatable: Vec<Value> =
        sweep.unrepeatable.iter().map(|(seed, difference)| json!({"seed": seed, "difference": difference})).collect();
    json!({
        "version": VERSION,
        "generator": {"name": "rehearsal", "version": env!("CARGO_PKG_VERSION")},
        "verdict": verdict.name(),
        "scenario": {
            "path": summary.scenario,
            "name": scenario.name,
            "description": scenario.description,
            "hash": hex(summary.scenario_hash),
        },
        "runs": {
            "total": sweep.runs,
            "random": sweep.random_runs,
            "mutants": sweep.mutants,
            "executions": sweep.executions,
            "steps": sweep.steps,
            "virtual_ms": sweep.virtual_ms,
            "repeated": sweep.repeated,
            "unrepeatable": unrepeatable,
            "hash": hex(sweep.hash),
        },
        "confidence": confidence(sweep).map(|percent| json!({"random_runs": sweep.random_runs, "percent_max": percent})),
        "strategies": strategies(summary),
        "invariants": invariants(checked),
        "regressions": regressions(summary),
        "coverage": summary.coverage,
        "violations": violations(checked),
        "uncontrolled": uncontrolled(summary),
        "measured": {
            "elapsed_ms": u64::try_from(summary.elapsed.as_millis()).unwrap_or(u64::MAX),
            "jobs": summary.jobs,
        },
    })
}

/// The runs of a finding that are told: what was cut down, or else the first run as it was.
pub fn scripts_told<'f>(finding: &'f Finding, shrunk: &'f [Shrunk]) -> Vec<(u64, &'f Script)> {
    if shrunk.is_empty() {
        return finding.failures.iter().take(1).map(|failure| (failure.seed, &failure.script)).collect();
    }
    shrunk.iter().map(|shrunk| (shrunk.seed, &shrunk.script)).collect()
}

fn strategies(summary: &Summary<'_>) -> Vec<Value> {
    let Summary { sweep, plan, .. } = summary;
    let mut all = Vec::new();
    if let Some(claim) = &sweep.claim {
        let mut exhaustive = json!({
            "name": "exhaustive",
            "claim": claim_words(claim),
            "complete_to": claim.complete_to(),
        });
        // Its own figures: shapes, runs, levels.
        if let (Value::Object(members), Ok(Value::Object(figures))) = (&mut exhaustive, serde_json::to_value(claim)) {
            members.extend(figures);
        }
        all.push(exhaustive);
    }
    if sweep.random_runs > 0 {
        all.push(json!({
            "name": "random",
            "claim": random_words(plan.strategy),
            "runs": sweep.random_runs,
            "first_seed": plan.first_seed,
            "last_seed": plan.first_seed.saturating_add(sweep.random_runs - 1),
        }));
    }
    if sweep.mutants > 0 {
        all.push(json!({"name": "mutation", "runs": sweep.mutants, "scripts": sweep.corpus}));
    }
    all
}

fn invariants(checked: &Checked<'_>) -> Vec<Value> {
    let Checked { summary, loaded, .. } = checked;
    let told = summary.invariants.iter().enumerate().map(|(place, (name, when))| {
        let written = loaded.scenario.invariants.get(place).filter(|written| written.name == *name);
        let (verdict, runs) = summary.of_invariant(place, *when);
        let mut invariant = json!({"name": name, "when": when.to_string(), "verdict": verdict, "runs": runs});
        if let (Some(written), Value::Object(members)) = (written, &mut invariant) {
            members.insert("condition".to_owned(), written.condition.text.as_str().into());
            members.insert("place".to_owned(), place_json(loaded, written.place));
        }
        invariant
    });
    told.collect()
}

fn place_json(loaded: &Loaded, place: Place) -> Value {
    loaded.sources.locate(place).into()
}

fn regressions(summary: &Summary<'_>) -> Vec<Value> {
    let told = summary.regressions.iter().map(|replayed| {
        json!({
            "file": replayed.file,
            "verdict": if replayed.broken.is_some() { "broken" } else { "held" },
            "broken": replayed.broken,
            "unused": replayed.unused,
            "token": replayed.token,
            "replay": summary.again.token(&replayed.token),
        })
    });
    told.collect()
}

fn violations(checked: &Checked<'_>) -> Vec<Value> {
    let summary = checked.summary;
    let told = summary.sweep.findings.iter().enumerate().map(|(place, finding)| {
        let when = finding.violation.invariant.and_then(|invariant| summary.invariants.get(invariant));
        let when = when.map_or(When::Always, |(_, when)| *when);
        let shrunk = summary.shrunk.get(place).map(Vec::as_slice).unwrap_or_default();
        let runs = checked.runs.get(place).map(Vec::as_slice).unwrap_or_default();
        let ways = scripts_told(finding, shrunk)
            .into_iter()
            .enumerate()
            .map(|(number, (seed, script))| way(summary, (seed, script), shrunk.get(number), runs.get(number)));
        json!({
            "name": finding.violation.name,
            "when": when.to_string(),
            "is_verdict_of_the_world": finding.violation.invariant.is_none(),
            "runs": finding.runs,
            "first": finding.failures.first().map(|first| json!({
                "run": first.run,
                "strategy": first.strategy,
                "seed": first.seed,
                "deviations": first.script.deviations(),
                "script": lines(&first.script),
            })),
            "waiting": finding.violation.waiting,
            "ways": ways.collect::<Vec<_>>(),
        })
    });
    told.collect()
}

/// One way in which a promise breaks: the story, and the run itself.
fn way(summary: &Summary<'_>, (seed, script): (u64, &Script), shrunk: Option<&Shrunk>, run: Option<&Value>) -> Value {
    let token = Token { seed, scenario: summary.scenario_hash, script: script.clone() }.to_string();
    let needs = shrunk.map(|shrunk| shrunk.needs.as_slice()).unwrap_or_default();
    let actors = needs.iter().filter(|need| need.choice.is_none());
    let actors = actors.map(|need| json!({"actor": need.actor, "without": without(need)}));
    json!({
        "replay": summary.again.token(&token),
        "token": token,
        "seed": seed,
        "script": lines(script),
        "shape": shrunk.map(|shrunk| &shrunk.shape),
        "breaks_at_ms": shrunk.map(|shrunk| shrunk.violation.at.since_start()),
        "actors": actors.collect::<Vec<_>>(),
        "deviations": script.choices.iter().filter(|choice| choice.is_deviation()).map(|choice| {
            let need = needs.iter().find(|need| need.choice.as_ref() == Some(choice));
            deviation_json(choice, need)
        }).collect::<Vec<_>>(),
        "shrinking": shrunk.map(|shrunk| json!({
            "runs": shrunk.runs,
            "is_complete": shrunk.is_complete,
            "tried": shrunk.tried.iter().map(|tried| {
                json!({"what": tried.what, "runs": tried.runs, "kept": tried.kept})
            }).collect::<Vec<_>>(),
        })),
        "run": run,
    })
}

fn deviation_json(choice: &Choice, need: Option<&Need>) -> Value {
    let [kind, who, what] = deviation(choice);
    json!({"kind": kind, "who": who, "what": what, "choice": choice.to_string(), "without": need.map(without)})
}

fn without(need: &Need) -> Value {
    match &need.without {
        Without::Holds => json!({"verdict": "held"}),
        Without::Breaks(other) => json!({"verdict": "broken", "broken": other}),
        Without::Same => json!({"verdict": "same"}),
    }
}

/// A script as regression files have it.
fn lines(script: &Script) -> Vec<String> {
    script.choices.iter().map(Choice::to_string).collect()
}

fn uncontrolled(summary: &Summary<'_>) -> Vec<Value> {
    let told = summary.sweep.notices.iter().map(|notice| {
        let mut members = Map::new();
        for (key, text) in
            [("function", &notice.function), ("kind", &notice.kind), ("detail", &notice.detail), ("file", &notice.file)]
        {
            members.insert(key.to_owned(), text.as_str().into());
        }
        members.insert("line".to_owned(), notice.line.into());
        Value::Object(members)
    });
    told.collect()
}

/// Numbers that programs would round.
fn hex(hash: u64) -> String {
    format!("{hash:016x}")
}
