use std::fmt::Write as _;

use rehearsal_engine::Json;

use super::dashboard::monitoring_text;
use super::story::write_deviations;
use super::timeline::write_timeline;
use super::words::{clock, deviation, fitted, lane, lines_of, seconds, step};
use crate::services::dynamodb::TableId;
use crate::world::{Choice, ClientEnd, Outcome, World};

/// One recorded run, and what is to be told of it.
pub struct Told<'r> {
    /// The world at its end.
    pub world: &'r World,
    /// What became of it.
    pub outcome: &'r Outcome,
    /// Choices of its script that no site asked for.
    pub unused: &'r [Choice],
    /// Whether lines are cut to the terminal's usual width.
    pub is_cut: bool,
}

/// The run in full: what was decided, the timeline, the histories, the events and the tables at its end.
pub fn replay_text(told: &Told<'_>) -> String {
    let mut out = String::new();
    actors(&mut out, told);
    decisions(&mut out, told);
    write_timeline(&mut out, told.world.core.trace().timeline(), told.columns());
    histories(&mut out, told);
    clients(&mut out, told);
    events(&mut out, told);
    tables(&mut out, told);
    let monitoring = monitoring_text(told.world);
    if !monitoring.is_empty() {
        let _ = write!(out, "\n{monitoring}");
    }
    match &told.outcome.violation {
        Some(violation) => {
            for waiting in &violation.waiting {
                told.line(&mut out, &format!("  {waiting}"));
            }
            let _ = writeln!(out, "\nBROKEN after {}: {}", seconds(violation.at.since_start()), violation.name);
        }
        None => {
            let _ = writeln!(out, "\nevery promise held");
        }
    }
    let _ = writeln!(out, "trace {:016x}", told.outcome.trace_hash);
    out
}

const COLUMNS: usize = 100;
const TIME_COLUMNS: usize = 10;

impl Told<'_> {
    fn line(&self, out: &mut String, line: &str) {
        let _ = writeln!(out, "{}", fitted(line, self.columns()).trim_end());
    }

    fn columns(&self) -> usize {
        if self.is_cut { COLUMNS } else { usize::MAX }
    }
}

/// The shape of the workload: who does what, and when it begins.
fn actors(out: &mut String, told: &Told<'_>) {
    let world = told.world;
    let _ = writeln!(out, "workload: {}", world.shape());
    let lineage = |actor| lane(&world.core.lineages().text(world.core.names(), actor));
    let width = world.planned().iter().map(|planned| lineage(planned.actor).chars().count()).max().unwrap_or(0);
    for planned in world.planned() {
        let mut head = format!("{:>TIME_COLUMNS$}  {:<width$}", clock(planned.at_ms), lineage(planned.actor));
        for planned_step in &planned.steps {
            told.line(out, &format!("{head}  {}", step(planned_step, world)));
            head = " ".repeat(head.chars().count());
        }
    }
}

fn decisions(out: &mut String, told: &Told<'_>) {
    let script = told.world.core.script();
    let _ = writeln!(
        out,
        "\ndeviations: {}",
        if script.deviations() == 0 { "none".into() } else { script.deviations().to_string() }
    );
    write_deviations(out, &script, COLUMNS);
    if told.unused.is_empty() {
        return;
    }
    let _ = writeln!(out, "\nunused: {} that no longer apply", told.unused.len());
    for choice in told.unused {
        let [kind, who, what] = deviation(choice);
        told.line(out, &format!("    {kind}  {who}  {what}"));
        told.line(out, &format!("      {choice}"));
    }
}

/// The histories, an event a line: number, cause, time and type in columns, its details as AWS writes them.
fn histories(out: &mut String, told: &Told<'_>) {
    let world = told.world;
    let _ = writeln!(out, "\nexecutions");
    for record in world.stepfunctions.records() {
        let machine = world.stepfunctions.machines().get(record.machine as usize);
        let machine = machine.map_or("", |machine| &**world.core.names().text(machine.name));
        let _ = writeln!(out, "  {machine} {} {}", record.name, record.status.name());
        let Some(engine) = &record.engine else { continue };
        for event in engine.history().to_json().get("events").and_then(Json::as_array).unwrap_or_default() {
            if !told.is_cut {
                let _ = writeln!(out, "    {event}");
                continue;
            }
            let number = |key| event.get(key).and_then(Json::as_i64).unwrap_or_default();
            let text = |key| event.get(key).and_then(Json::as_str).unwrap_or_default();
            let details = event.as_object().into_iter().flat_map(rehearsal_engine::json::Object::iter);
            let details =
                details.filter(|(key, _)| key.ends_with("EventDetails")).map(|(_, details)| details.to_string());
            let line = format!(
                "    {:>4} after {:<4} {}  {:<24}  {}",
                number("id"),
                number("previousEventId"),
                text("timestamp").get(11..).unwrap_or_default(),
                text("type"),
                details.collect::<String>()
            );
            told.line(out, &line);
        }
    }
}

/// The client scripts, each with what it printed and how it ended.
fn clients(out: &mut String, told: &Told<'_>) {
    let world = told.world;
    if world.clients.records().is_empty() {
        return;
    }
    let _ = writeln!(out, "\nclients");
    for client in world.clients.records() {
        let who = lane(&world.core.lineages().text(world.core.names(), client.actor));
        let again = if client.attempts > 1 { format!(", run {} times", client.attempts) } else { String::new() };
        let end = client.end.as_ref().map_or_else(|| "still runs".to_owned(), ClientEnd::told);
        told.line(out, &format!("  {who} {end}{again}"));
        for line in client.output.lines() {
            told.line(out, &format!("    {line}"));
        }
    }
}

fn events(out: &mut String, told: &Told<'_>) {
    let world = told.world;
    let _ = writeln!(out, "\nevents accepted");
    for accepted in world.eventbridge.accepted() {
        let at = clock(accepted.at.since_start());
        let (bus, event) = (world.eventbridge.bus_name(accepted.bus), &accepted.event);
        let line = format!("{at:>TIME_COLUMNS$}  {bus}  {} '{}'  {}", event.source, event.detail_type, event.detail);
        told.line(out, &line);
    }
}

fn tables(out: &mut String, told: &Told<'_>) {
    let _ = writeln!(out, "\ntables");
    let database = &told.world.dynamodb.database;
    for (table, schema) in database.schemas().enumerate() {
        let _ = writeln!(out, "  {}", told.world.core.names().label(&schema.name));
        for (_, item) in database.items(TableId(table as u32)) {
            // Items are evidence: they are told whole.
            let item = item.to_plain().to_string();
            for (number, line) in lines_of(&item, told.columns().saturating_sub(6)).into_iter().enumerate() {
                let _ = writeln!(out, "    {}{line}", if number > 0 { "  " } else { "" });
            }
        }
    }
}
