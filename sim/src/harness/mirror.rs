use rehearsal_engine::asl::StateId;
use rehearsal_engine::execution::Status;
use rehearsal_engine::query::jsonata::{JValue, to_jvalue};

use crate::services::dynamodb::{Item, ItemKey, TableId};
use crate::services::stepfunctions::{ExecutionRecord, OpenToken};
use crate::world::metrics::{MetricKey, Series, Statistic};
use crate::world::{Client, Millis, Parts, View};

mod messaging;

/// The world's state in the evaluator's own values: `{tables, executions, events, queues, topics, tokens, clients,
/// invocations, metrics, alarms, now}`.
///
/// Kept beside the world and brought up to date where it is read: of a table the items that were written, of the
/// executions those that moved, of the events the new ones. Everything else is shared with the state before, so that a
/// look at the world costs what happened since the last one.
#[derive(Default)]
pub(super) struct Mirror {
    run: u64,
    tables: Vec<Table>,
    executions: Executions,
    events: Events,
    queues: messaging::Queues,
    topics: messaging::Topics,
    tokens: Tokens,
    clients: Clients,
    metrics: Copied,
    alarms: Copied,
    scalars: (usize, Millis),
    root: Option<JValue>,
}

/// The names at the top of the mirror.
pub(super) const TOP_LEVEL: [&str; 11] = [
    "tables",
    "executions",
    "events",
    "queues",
    "topics",
    "tokens",
    "clients",
    "invocations",
    "metrics",
    "alarms",
    "now",
];

impl Mirror {
    /// The state of `view`, up to date in the parts that `reads` has.
    pub(super) fn refresh(&mut self, view: &View<'_>, reads: Parts) -> JValue {
        if self.run != view.revisions.run() || self.root.is_none() {
            self.run = view.revisions.run();
            self.executions = Executions::default();
            self.events = Events::of(view);
            self.queues = messaging::Queues::default();
            self.topics = messaging::Topics::default();
            self.tokens = Tokens::default();
            self.clients = Clients::default();
            self.metrics = Copied::default();
            self.alarms = Copied::default();
            self.root = None;
            // Items that are the same as in the run before are recognised by themselves.
            self.tables.resize_with(view.tables.schemas().len(), Table::default);
            self.tables.iter_mut().for_each(|table| table.revision = 0);
        }
        let mut stale = self.root.is_none();
        for (at, table) in self.tables.iter_mut().enumerate() {
            stale |= reads.meets(Parts::table(at)) && table.refresh(view, at);
        }
        stale |= reads.meets(Parts::EXECUTIONS) && self.executions.refresh(view);
        stale |= reads.meets(Parts::EVENTS) && self.events.refresh(view);
        stale |= reads.meets(Parts::QUEUES) && self.queues.refresh(view);
        stale |= reads.meets(Parts::TOPICS) && self.topics.refresh(view);
        stale |= reads.meets(Parts::TOKENS) && self.tokens.refresh(view);
        stale |= reads.meets(Parts::CLIENTS) && self.clients.refresh(view);
        stale |= reads.meets(Parts::METRICS) && self.metrics.refresh(view, Parts::METRICS, metrics);
        stale |= reads.meets(Parts::ALARMS) && self.alarms.refresh(view, Parts::ALARMS, alarms);
        let scalars = (view.invocations, view.now);
        stale |= reads.meets(Parts::NOW.and(Parts::INVOCATIONS)) && self.scalars != scalars;
        if stale {
            self.scalars = scalars;
            self.root = Some(self.assemble(view));
        }
        self.root.clone().unwrap_or(JValue::Null)
    }

    fn assemble(&self, view: &View<'_>) -> JValue {
        let tables = view
            .tables
            .schemas()
            .zip(&self.tables)
            .map(|(schema, table)| (view.names.label(&schema.name), table.value.clone()));
        let buses = view.events.buses().iter().zip(&self.events.buses);
        let events = buses.map(|(bus, events)| (view.names.label(&bus.name), JValue::array(events.clone())));
        object([
            ("tables", object(tables)),
            ("executions", self.executions.value.clone()),
            ("events", object(events)),
            ("queues", self.queues.value.clone()),
            ("topics", self.topics.value.clone()),
            ("tokens", self.tokens.value.clone()),
            ("clients", self.clients.value.clone()),
            ("invocations", JValue::Number(view.invocations as f64)),
            ("metrics", self.metrics.value.clone()),
            ("alarms", self.alarms.value.clone()),
            ("now", JValue::Number(view.now.0 as f64)),
        ])
    }
}

/// A table's items in the order of their keys.
struct Table {
    revision: u64,
    items: Vec<MirroredItem>,
    value: JValue,
}

impl Default for Table {
    fn default() -> Table {
        Table { revision: 0, items: Vec::new(), value: JValue::array(Vec::new()) }
    }
}

struct MirroredItem {
    key: ItemKey,
    /// Held, so that another item cannot come to lie at the same place.
    item: Item,
    value: JValue,
}

impl Table {
    fn refresh(&mut self, view: &View<'_>, at: usize) -> bool {
        let revision = view.revisions.of(Parts::table(at));
        if self.revision == revision {
            return false;
        }
        self.revision = revision;
        let mut known = std::mem::take(&mut self.items).into_iter().peekable();
        for (key, item) in view.tables.items(TableId(at as u32)) {
            while known.next_if(|known| known.key < *key).is_some() {}
            let mirrored = match known.next_if(|known| known.key == *key) {
                Some(known) if std::sync::Arc::ptr_eq(&known.item, item) => known,
                _ => MirroredItem { key: key.clone(), item: item.clone(), value: to_jvalue(&item.to_plain()) },
            };
            self.items.push(mirrored);
        }
        self.value = JValue::array(self.items.iter().map(|item| item.value.clone()).collect());
        true
    }
}

/// The executions in the order of their start.
struct Executions {
    revision: u64,
    records: Vec<MirroredExecution>,
    value: JValue,
}

impl Default for Executions {
    fn default() -> Executions {
        Executions { revision: 0, records: Vec::new(), value: JValue::array(Vec::new()) }
    }
}

struct MirroredExecution {
    seen: (Status, Option<StateId>),
    input: JValue,
    value: JValue,
}

impl Executions {
    fn refresh(&mut self, view: &View<'_>) -> bool {
        let revision = view.revisions.of(Parts::EXECUTIONS);
        if self.revision == revision {
            return false;
        }
        self.revision = revision;
        let mut changed = false;
        for (at, record) in view.executions().iter().enumerate() {
            // Everything that changes in a record changes with one of these.
            let seen = (record.status, record.state);
            match self.records.get_mut(at) {
                Some(known) if known.seen == seen => continue,
                Some(known) => {
                    known.seen = seen;
                    known.value = execution(view, record, &known.input);
                }
                None => {
                    let input = to_jvalue(&record.input);
                    let value = execution(view, record, &input);
                    self.records.push(MirroredExecution { seen, input, value });
                }
            }
            changed = true;
        }
        if changed {
            self.value = JValue::array(self.records.iter().map(|record| record.value.clone()).collect());
        }
        changed
    }
}

fn execution(view: &View<'_>, record: &ExecutionRecord, input: &JValue) -> JValue {
    let machine = &view.executions.machines()[record.machine as usize];
    let text = |text: &str| JValue::string(text);
    let state = record.state.and_then(|state| machine.states_text.get(state.0 as usize));
    let mut members = vec![
        ("name", text(&record.name)),
        ("stateMachine", text(view.names.text(machine.name))),
        ("status", text(record.status.name())),
        ("state", state.map_or(JValue::Null, |state| text(state))),
        ("input", input.clone()),
        ("startedAt", JValue::Number(record.started.0 as f64)),
    ];
    // What does not exist yet is missing, so that an expression can tell it from null.
    if record.status == Status::Succeeded {
        members.push(("output", to_jvalue(&record.output)));
    }
    members.extend(record.error.as_ref().map(|error| ("error", text(error))));
    members.extend(record.cause.as_ref().map(|cause| ("cause", text(cause))));
    members.extend(record.stopped.map(|at| ("stoppedAt", JValue::Number(at.0 as f64))));
    object(members)
}

/// The accepted events by bus.
#[derive(Default)]
struct Events {
    seen: usize,
    buses: Vec<Vec<JValue>>,
}

impl Events {
    fn of(view: &View<'_>) -> Events {
        Events { seen: 0, buses: vec![Vec::new(); view.events.buses().len()] }
    }

    fn refresh(&mut self, view: &View<'_>) -> bool {
        let accepted = view.accepted();
        let new = accepted.get(self.seen..).unwrap_or_default();
        for accepted in new {
            if let Some(bus) = self.buses.get_mut(accepted.bus as usize) {
                bus.push(to_jvalue(&accepted.event.to_json()));
            }
        }
        self.seen = accepted.len();
        !new.is_empty()
    }
}

/// The task tokens that wait for an answer, in the order of their executions.
struct Tokens {
    revision: u64,
    value: JValue,
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens { revision: 0, value: JValue::array(Vec::new()) }
    }
}

impl Tokens {
    fn refresh(&mut self, view: &View<'_>) -> bool {
        let revision = view.revisions.of(Parts::TOKENS);
        if self.revision == revision {
            return false;
        }
        self.revision = revision;
        let token = |open: OpenToken<'_>| {
            let machine = &view.executions.machines()[open.record.machine as usize];
            let state = machine.states_text.get(open.state.0 as usize);
            object([
                ("token", JValue::string(&**open.token)),
                ("execution", JValue::string(&*open.record.name)),
                ("stateMachine", JValue::string(&**view.names.text(machine.name))),
                ("state", state.map_or(JValue::Null, |state| JValue::string(&**state))),
                ("since", JValue::Number(open.since.0 as f64)),
            ])
        };
        self.value = JValue::array(view.executions.open_tokens().map(token).collect());
        true
    }
}

/// The client scripts in the order of their start.
struct Clients {
    revision: u64,
    value: JValue,
}

impl Default for Clients {
    fn default() -> Clients {
        Clients { revision: 0, value: JValue::array(Vec::new()) }
    }
}

impl Clients {
    fn refresh(&mut self, view: &View<'_>) -> bool {
        let revision = view.revisions.of(Parts::CLIENTS);
        if self.revision == revision {
            return false;
        }
        self.revision = revision;
        let client = |client: &Client| {
            let mut members = vec![
                ("arguments", client.start.get("arguments").map_or(JValue::Null, to_jvalue)),
                ("attempts", JValue::Number(f64::from(client.attempts))),
            ];
            // As long as it runs it has none.
            members.extend(client.end.as_ref().map(|end| ("exitCode", JValue::Number(f64::from(end.status())))));
            object(members)
        };
        self.value = JValue::array(view.clients.iter().map(client).collect());
        true
    }
}

/// A part that is copied as a whole when it changed.
struct Copied {
    revision: u64,
    value: JValue,
}

impl Default for Copied {
    fn default() -> Copied {
        Copied { revision: 0, value: JValue::array(Vec::new()) }
    }
}

impl Copied {
    fn refresh(&mut self, view: &View<'_>, part: Parts, copy: fn(&View<'_>) -> JValue) -> bool {
        let revision = view.revisions.of(part);
        if self.revision == revision {
            return false;
        }
        self.revision = revision;
        self.value = copy(view);
        true
    }
}

/// Every metric that was measured, over the whole run so far.
fn metrics(view: &View<'_>) -> JValue {
    let metric = |(key, unit, series): (MetricKey, &str, &Series)| {
        let of = |statistic: Statistic| JValue::Number(statistic.of(series.points().iter()).unwrap_or(0.0));
        let dimensions = key.dimensions.iter().map(|(name, value)| (&**name, JValue::string(&**value)));
        object([
            ("namespace", JValue::string(&*key.namespace)),
            ("name", JValue::string(&*key.name)),
            ("dimensions", object(dimensions)),
            ("unit", JValue::string(unit)),
            ("sum", of(Statistic::Sum)),
            ("count", of(Statistic::SampleCount)),
            ("average", of(Statistic::Average)),
            ("minimum", of(Statistic::Minimum)),
            ("maximum", of(Statistic::Maximum)),
        ])
    };
    JValue::array(view.metrics.emitted().map(metric).collect())
}

/// The alarms by their names.
fn alarms(view: &View<'_>) -> JValue {
    let alarms = view.alarms.alarms().iter().zip(view.alarms.records());
    object(alarms.map(|(alarm, record)| {
        let transitions = record.transitions.iter().map(|change| {
            object([
                ("at", JValue::Number(change.at.0 as f64)),
                ("from", JValue::string(change.from.text())),
                ("to", JValue::string(change.to.text())),
                ("reason", JValue::string(&*change.reason)),
            ])
        });
        let value = object([
            ("name", JValue::string(view.names.label(&alarm.text))),
            ("state", JValue::string(record.state.text())),
            ("reason", JValue::string(&*record.reason)),
            ("since", JValue::Number(record.since.0 as f64)),
            ("transitions", JValue::array(transitions.collect())),
            ("actions", JValue::Number(f64::from(record.actions))),
        ]);
        (view.names.label(&alarm.text), value)
    }))
}

fn object<'k>(members: impl IntoIterator<Item = (&'k str, JValue)>) -> JValue {
    JValue::object(members.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

#[cfg(test)]
mod tests;
