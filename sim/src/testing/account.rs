//! Runs as text, for snapshots and for comparing two runs line by line.

use std::fmt::Write as _;

use rehearsal_engine::Json;

use crate::harness::Run;
use crate::services::dynamodb::TableId;
use crate::services::stepfunctions::ExecutionRecord;
use crate::world::{Outcome, World};

/// The history of an execution of `run`, as `GetExecutionHistory` returns it, by its place in the order of starts.
/// `null` when there is no such execution.
pub fn history(run: &Run, execution: usize) -> Json {
    let record = run.world.stepfunctions.records().get(execution);
    record.map_or(Json::Null, of_record)
}

/// The same, one line an event: time since the start, id, what it follows from, type, details.
pub fn history_lines(run: &Run, execution: usize) -> String {
    let mut text = String::new();
    for line in run.world.stepfunctions.records().get(execution).map(lines_of_record).unwrap_or_default() {
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Payloads are cut off here in a timeline; the history has them whole.
const MOMENT_CHARS_MAX: usize = 120;

/// What happened in `run`, one line a moment; a fault is marked with `!`, and long payloads are cut.
pub fn timeline(run: &Run) -> String {
    let mut text = String::new();
    for moment in run.world.core.trace().timeline() {
        let mark = if moment.fault.is_some() { '!' } else { ' ' };
        let at = seconds(moment.at.since_start());
        let what = &moment.what;
        let what = match what.char_indices().nth(MOMENT_CHARS_MAX) {
            Some((end, _)) => format!("{}…", &what[..end]),
            None => what.clone(),
        };
        let _ = writeln!(text, "{at:>9} {mark} {}: {what}", moment.actor);
    }
    text
}

/// Everything that can be seen from outside of a recorded run, line by line: its outcome, the tables, the accepted
/// events, the executions with their histories. Two runs are the same if and only if their accounts are.
pub fn account(world: &World, outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    let database = &world.dynamodb.database;
    for (table, schema) in database.schemas().enumerate() {
        for (_, item) in database.items(TableId(table as u32)) {
            lines.push(format!("{} {}", schema.name, item.to_plain()));
        }
    }
    for accepted in world.eventbridge.accepted() {
        lines.push(format!("{} {}", accepted.at, accepted.event.to_json()));
    }
    for record in world.stepfunctions.records() {
        let machine = &world.stepfunctions.machines()[record.machine as usize];
        let ExecutionRecord { name, status, input, output, error, cause, started, stopped, .. } = record;
        lines.push(format!("{} {name} {} from {started} to {stopped:?}", machine.text, status.name()));
        lines.push(format!("  {input} -> {output} {error:?} {cause:?}"));
        lines.extend(lines_of_record(record));
    }
    lines.push(format!("{outcome:?}"));
    lines
}

fn of_record(record: &ExecutionRecord) -> Json {
    record.engine.as_ref().map_or(Json::Null, |engine| engine.history().to_json())
}

fn lines_of_record(record: &ExecutionRecord) -> Vec<String> {
    let Some(engine) = &record.engine else { return Vec::new() };
    let line = |event: &rehearsal_engine::history::Event| {
        let at = seconds(event.at_ms.saturating_sub(crate::world::Millis::START.0));
        let json = event.to_json();
        let known = ["timestamp", "type", "id", "previousEventId"];
        let members = json.as_object();
        let details: Vec<String> = members
            .iter()
            .flat_map(|members| members.iter())
            .filter(|(name, _)| !known.contains(&&***name))
            .map(|(_, details)| details.to_string())
            .collect();
        let line =
            format!("{at:>9} {:>3} <- {:<3} {} {}", event.id, event.previous_id, event.type_name(), details.join(" "));
        line.trim_end().to_owned()
    };
    engine.history().events().iter().map(line).collect()
}

fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1000, ms % 1000)
}
