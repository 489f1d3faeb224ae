//! One recorded run as data: what its timeline, its tables, its executions and its buses show.

use std::collections::BTreeMap;

use rehearsal_engine::Json;
use serde_json::{Map, Value, json};

use super::bounded::Bounded;
use crate::report::dashboard::monitoring_text;
use crate::report::timeline::is_violation;
use crate::report::words::{lane, step};
use crate::services::dynamodb::{Change, Commit, Database, Item, ItemKey, TableId};
use crate::world::{ActorId, ClientEnd, Moment, World};

/// Moments of a timeline that are told: the last ones.
const MOMENTS_MAX: usize = 5_000;
/// Changes of the tables that are told: the last ones.
const STEPS_MAX: usize = 500;
/// Items of a table after each change.
const ITEMS_MAX: usize = 100;
/// Executions, and events of a history.
const EXECUTIONS_MAX: usize = 200;
const HISTORY_EVENTS_MAX: usize = 2_000;
/// Events that buses accepted.
const EVENTS_MAX: usize = 1_000;

/// A recorded run, bounded: `left_out` says of which list how much is missing.
pub fn run_json(world: &World) -> Value {
    let mut bounded = Bounded::default();
    let timeline = world.core.trace().timeline();
    let moments = timeline.iter().enumerate().map(|(place, moment)| moment_json(place, moment));
    let moments = bounded.last("timeline", moments, MOMENTS_MAX);
    let (tables, steps) = tables(world, &mut bounded);
    let executions = bounded.first("executions", world.stepfunctions.records().iter(), EXECUTIONS_MAX);
    let executions: Vec<Value> = executions.into_iter().map(|record| execution(world, record, &mut bounded)).collect();
    let events = bounded.first("events", world.eventbridge.accepted().iter(), EVENTS_MAX);
    let events = events.into_iter().map(|accepted| {
        let event = &accepted.event;
        json!({
            "at_ms": accepted.at.since_start(),
            "bus": world.eventbridge.bus_name(accepted.bus).to_string(),
            "source": event.source,
            "detail-type": event.detail_type,
            "detail": plain(&event.detail),
        })
    });
    let events: Vec<Value> = events.collect();
    let clients = world.clients.records().iter().map(|client| {
        json!({
            "actor": lineage(world, client.actor),
            "attempts": client.attempts,
            "end": client.end.as_ref().map(ClientEnd::told),
            "output": client.output,
        })
    });
    let clients: Vec<Value> = clients.collect();
    json!({
        "workload": workload(world),
        "timeline": moments,
        "tables": tables,
        "steps": steps,
        "executions": executions,
        "events": events,
        "clients": clients,
        "monitoring": monitoring_text(world).lines().collect::<Vec<_>>(),
        "left_out": bounded.left_out(),
    })
}

fn workload(world: &World) -> Vec<Value> {
    let planned = world.planned().iter().map(|planned| {
        json!({
            "actor": lineage(world, planned.actor),
            "at_ms": planned.at_ms,
            "steps": planned.steps.iter().map(|planned_step| step(planned_step, world)).collect::<Vec<_>>(),
        })
    });
    planned.collect()
}

fn moment_json(place: usize, moment: &Moment) -> Value {
    let mut told = json!({
        "moment": place,
        "at_ms": moment.at.since_start(),
        "actor": moment.actor,
        "lane": lane(&moment.actor),
        "what": moment.what,
    });
    if let Value::Object(members) = &mut told {
        if let Some(fault) = moment.fault {
            members.insert("fault".to_owned(), fault.spec().id.into());
        }
        if is_violation(moment) {
            members.insert("is_violation".to_owned(), true.into());
        }
    }
    told
}

/// The tables as they were before the first step that is told, and what each step made of them.
fn tables(world: &World, bounded: &mut Bounded) -> (Value, Vec<Value>) {
    let database = &world.dynamodb.database;
    let commits = bounded.last("steps", world.dynamodb.commits().iter(), STEPS_MAX);
    let mut contents = Contents::now(database);
    for change in commits.iter().rev().flat_map(|commit| commit.changes.iter().rev()) {
        contents.set(change, change.old.as_ref());
    }
    let all = (0..contents.tables.len()).map(|table| TableId(table as u32));
    let before = contents.told(database, all, bounded);
    let steps = commits.into_iter().map(|commit| step_json(world, &mut contents, commit, bounded)).collect();
    (before, steps)
}

fn step_json(world: &World, contents: &mut Contents, commit: &Commit, bounded: &mut Bounded) -> Value {
    let database = &world.dynamodb.database;
    let mut changed: Vec<TableId> = Vec::new();
    let changes = commit.changes.iter().map(|change| {
        contents.set(change, change.new.as_ref());
        if !changed.contains(&change.table) {
            changed.push(change.table);
        }
        let schema = database.schema(change.table);
        json!({
            "table": schema.map(|schema| schema.name.to_string()),
            "key": schema.map(|schema| plain(&change.key.to_attributes(&schema.key).to_plain())),
            "old": change.old.as_ref().map(|item| plain(&item.to_plain())),
            "new": change.new.as_ref().map(|item| plain(&item.to_plain())),
        })
    });
    let changes: Vec<Value> = changes.collect();
    json!({
        "moment": commit.moment,
        "at_ms": commit.at.since_start(),
        "actor": lineage(world, commit.actor),
        "changes": changes,
        "tables": contents.told(database, changed.into_iter(), bounded),
    })
}

/// What is in every table at some step.
struct Contents {
    tables: Vec<BTreeMap<ItemKey, Item>>,
}

impl Contents {
    fn now(database: &Database) -> Contents {
        let items = |table: usize| {
            let items = database.items(TableId(table as u32));
            items.map(|(key, item)| (key.clone(), item.clone())).collect()
        };
        Contents { tables: (0..database.schemas().len()).map(items).collect() }
    }

    fn set(&mut self, change: &Change, item: Option<&Item>) {
        let Some(table) = self.tables.get_mut(change.table.0 as usize) else { return };
        match item {
            Some(item) => drop(table.insert(change.key.clone(), item.clone())),
            None => drop(table.remove(&change.key)),
        }
    }

    fn told(&self, database: &Database, tables: impl Iterator<Item = TableId>, bounded: &mut Bounded) -> Value {
        let mut told = Map::new();
        for table in tables {
            let (Some(schema), Some(items)) = (database.schema(table), self.tables.get(table.0 as usize)) else {
                continue;
            };
            let items = bounded.first("items", items.values(), ITEMS_MAX);
            let items: Vec<Value> = items.into_iter().map(|item| plain(&item.to_plain())).collect();
            told.insert(schema.name.to_string(), items.into());
        }
        Value::Object(told)
    }
}

/// An execution with its history as `GetExecutionHistory` returns it.
fn execution(world: &World, record: &crate::services::stepfunctions::ExecutionRecord, bounded: &mut Bounded) -> Value {
    let machine = world.stepfunctions.machines().get(record.machine as usize);
    let history = record.engine.as_ref().map(|engine| engine.history().to_json());
    let events = history.as_ref().and_then(|history| history.get("events")).and_then(Json::as_array);
    let events = bounded.first("history_events", events.unwrap_or_default().iter(), HISTORY_EVENTS_MAX);
    let events: Vec<Value> = events.into_iter().map(plain).collect();
    json!({
        "machine": machine.map(|machine| machine.text.to_string()),
        "name": record.name,
        "arn": record.arn,
        "actor": lineage(world, record.actor),
        "status": record.status.name(),
        "started_ms": record.started.since_start(),
        "stopped_ms": record.stopped.map(crate::world::Millis::since_start),
        "input": plain(&record.input),
        "output": plain(&record.output),
        "error": record.error,
        "cause": record.cause,
        "history": {"events": events},
    })
}

fn lineage(world: &World, actor: ActorId) -> String {
    world.core.lineages().text(world.core.names(), actor)
}

fn plain(json: &Json) -> Value {
    serde_json::to_value(json).unwrap_or_default()
}
