use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::query::jsonata::{Host, JValue};

use super::value::{self, CompiledValue, Scope};

use crate::diagnostics::Problem;
use crate::handlers::HostError;
use crate::scenario::{Loaded, Range, Step, StepKind, Value};
use crate::services::eventbridge::{PutEntry, PutEvents};
use crate::services::stepfunctions::TaskOutcome;
use crate::services::{Request, lambda, stepfunctions};
use crate::world::{ActorStep, Millis, Name, Names, PlannedActor, Shape, Workload};

/// The workload of a scenario file, compiled for this thread.
pub(super) fn workload(loaded: &Loaded, names: &mut Names) -> Result<Box<dyn Workload>, HostError> {
    let mut actors = Vec::new();
    for actor in &loaded.scenario.workload {
        let mut steps = Vec::new();
        for (number, step) in actor.steps.iter().enumerate() {
            let label = names.intern(&format!("{}.{number}", actor.name));
            steps.push(Planned {
                label,
                step: self::step(step, loaded)?,
                stands_at: loaded.sources.locate(step.place),
            });
        }
        actors.push(Actor {
            text: actor.name.clone(),
            name: names.intern(&actor.name),
            count_label: names.intern(&format!("{}.count", actor.name)),
            at_label: names.intern(&format!("{}.at", actor.name)),
            count: actor.count,
            at_ms: actor.at_ms,
            steps,
        });
    }
    Ok(Box::new(FileWorkload { actors }))
}

struct FileWorkload {
    actors: Vec<Actor>,
}

struct Actor {
    text: Arc<str>,
    name: Name,
    count_label: Name,
    at_label: Name,
    count: Range,
    at_ms: Range,
    steps: Vec<Planned>,
}

struct Planned {
    label: Name,
    step: CompiledStep,
    stands_at: String,
}

enum CompiledStep {
    PutEvent {
        bus: CompiledValue,
        source: CompiledValue,
        detail_type: CompiledValue,
        detail: CompiledValue,
        resources: CompiledValue,
    },
    StartExecution {
        state_machine: CompiledValue,
        input: CompiledValue,
        name: Option<CompiledValue>,
    },
    Invoke {
        function: CompiledValue,
        payload: CompiledValue,
        mode: lambda::Mode,
    },
    StopExecution {
        execution: CompiledValue,
        error: Option<CompiledValue>,
        cause: Option<CompiledValue>,
    },
    SendTask {
        token: CompiledValue,
        outcome: CompiledOutcome,
    },
    Wait(Range),
}

enum CompiledOutcome {
    Success { output: CompiledValue },
    Failure { error: Option<CompiledValue>, cause: Option<CompiledValue> },
    Heartbeat,
}

impl Workload for FileWorkload {
    fn plan(&mut self, shape: &mut Shape<'_>, planned: &mut Vec<PlannedActor>) -> Result<(), String> {
        for actor in &self.actors {
            let count = shape.draw(actor.count_label, actor.count.least as i64, actor.count.most as i64);
            for number in 1..=count as u32 {
                let Some(mut own) = shape.actor(actor.name, number) else { continue };
                let at_ms = own.draw(actor.at_label, actor.at_ms.least as i64, actor.at_ms.most as i64) as u64;
                let mut steps = Vec::new();
                for Planned { label, step, stands_at } in &actor.steps {
                    let planned = step.plan(&mut Draws { shape: &mut own, label: *label, number });
                    steps.push(planned.map_err(|error| {
                        format!("{stands_at}: actor '{}#{number}' cannot take this step: {error}", actor.text)
                    })?);
                }
                planned.push(PlannedActor { actor: own.lineage(), at_ms, steps });
            }
        }
        Ok(())
    }
}

impl CompiledStep {
    fn plan(&self, draws: &mut Draws<'_, '_>) -> Result<ActorStep, String> {
        Ok(match self {
            CompiledStep::PutEvent { bus, source, detail_type, detail, resources } => {
                let (bus, source) = (draws.text(bus)?, draws.text(source)?);
                let mut entry = PutEntry::new(bus, source, draws.text(detail_type)?, draws.value(detail)?);
                let resources = draws.value(resources)?;
                let texts = resources.as_array().unwrap_or_default().iter().filter_map(Json::as_str);
                entry.resources.extend(texts.map(Arc::<str>::from));
                ActorStep::Send(Request::Events(Box::new(PutEvents::of_client(vec![entry]))))
            }
            CompiledStep::StartExecution { state_machine, input, name } => {
                let machine = stepfunctions::Machine::Arn(draws.text(state_machine)?);
                let name = draws.optional(name.as_ref())?;
                let input = draws.value(input)?;
                let start = stepfunctions::StartExecution { machine, name, input };
                ActorStep::Send(Request::States(Box::new(stepfunctions::Request::StartExecution(start))))
            }
            CompiledStep::Invoke { function, payload, mode } => {
                ActorStep::Send(Request::Lambda(Box::new(lambda::Invoke {
                    function: lambda::Target::Text(draws.text(function)?),
                    payload: draws.value(payload)?,
                    mode: *mode,
                })))
            }
            CompiledStep::StopExecution { execution, error, cause } => {
                let execution = draws.text(execution)?;
                let (error, cause) = (draws.optional(error.as_ref())?, draws.optional(cause.as_ref())?);
                let stop = stepfunctions::Request::StopExecution { execution, error, cause };
                ActorStep::Send(Request::States(Box::new(stop)))
            }
            CompiledStep::SendTask { token, outcome } => {
                let outcome = match outcome {
                    CompiledOutcome::Success { output } => TaskOutcome::Success { output: draws.value(output)? },
                    CompiledOutcome::Failure { error, cause } => TaskOutcome::Failure {
                        error: draws.optional(error.as_ref())?,
                        cause: draws.optional(cause.as_ref())?,
                    },
                    CompiledOutcome::Heartbeat => TaskOutcome::Heartbeat,
                };
                let send = stepfunctions::SendTask { token: draws.text(token)?, outcome };
                ActorStep::Send(Request::States(Box::new(stepfunctions::Request::SendTask(send))))
            }
            CompiledStep::Wait(range) => {
                let ms = draws.shape.draw(draws.label, range.least as i64, range.most as i64) as u64;
                ActorStep::Wait { ms }
            }
        })
    }
}

/// What a workload's expressions draw from.
struct Draws<'d, 's> {
    shape: &'d mut Shape<'s>,
    label: Name,
    number: u32,
}

impl Draws<'_, '_> {
    fn value(&mut self, value: &CompiledValue) -> Result<Json, String> {
        value.evaluate(&[(ACTOR, JValue::Number(f64::from(self.number)))], self)
    }

    fn text(&mut self, value: &CompiledValue) -> Result<Arc<str>, String> {
        value.text(&[(ACTOR, JValue::Number(f64::from(self.number)))], self)
    }

    fn optional(&mut self, value: Option<&CompiledValue>) -> Result<Option<Arc<str>>, String> {
        value.map(|value| self.text(value)).transpose()
    }
}

impl Host for Draws<'_, '_> {
    fn now_ms(&mut self) -> i64 {
        Millis::START.0 as i64
    }

    fn random(&mut self) -> f64 {
        f64::from(self.shape.draw(self.label, 0, 999_999) as u32) / 1_000_000.0
    }

    fn uuid(&mut self) -> String {
        let core = self.shape.core();
        let key = core.entropy(self.shape.lineage(), self.label, 0);
        crate::world::uuid(key, key.rotate_left(31) ^ 0x51_7cc1).to_string()
    }

    fn functions(&self) -> &[&'static str] {
        &FUNCTIONS
    }

    fn call(&mut self, function: &str, arguments: &[JValue]) -> Result<JValue, String> {
        match (function, arguments) {
            ("draw", [JValue::Number(low), JValue::Number(high)]) if low <= high => {
                Ok(JValue::Number(self.shape.draw(self.label, *low as i64, *high as i64) as f64))
            }
            ("pick", [JValue::Array(items)]) if !items.is_empty() => {
                Ok(items[self.shape.pick(self.label, items.len())].clone())
            }
            ("chance", [JValue::Number(odds)]) if (0.0..=1.0).contains(odds) => {
                let parts_per_million = (odds * 1_000_000.0) as u32;
                Ok(JValue::Bool(self.shape.chance(self.label, parts_per_million)))
            }
            _ => Err(format!(
                "${function} is called with something it does not take: write $draw(low, high) with low <= high, \
                 $pick(array) with something in it, or $chance(odds) with odds from 0 to 1"
            )),
        }
    }
}

fn step(step: &Step, loaded: &Loaded) -> Result<CompiledStep, HostError> {
    let maybe = |written: &Option<Value>| written.as_ref().map(CompiledValue::compile).transpose();
    Ok(match &step.kind {
        StepKind::PutEvent { bus, source, detail_type, detail, resources } => CompiledStep::PutEvent {
            bus: CompiledValue::compile(bus)?,
            source: CompiledValue::compile(source)?,
            detail_type: CompiledValue::compile(detail_type)?,
            detail: CompiledValue::compile(detail)?,
            resources: CompiledValue::compile(resources)?,
        },
        StepKind::StartExecution { state_machine, input, name } => {
            // Names and logical ids stand for the ARN that the API wants.
            let named = state_machine.as_literal_str().and_then(|name| loaded.stack.state_machine(name));
            let state_machine = match named {
                Some(machine) => CompiledValue::Literal(Json::String(machine.identity.arn.clone())),
                None => CompiledValue::compile(state_machine)?,
            };
            CompiledStep::StartExecution { state_machine, input: CompiledValue::compile(input)?, name: maybe(name)? }
        }
        StepKind::Invoke { function, payload, asynchronous } => {
            let named = function.as_literal_str().and_then(|name| loaded.stack.function(name));
            let function = match named {
                Some(function) => CompiledValue::Literal(Json::String(function.identity.name.clone())),
                None => CompiledValue::compile(function)?,
            };
            let mode = if *asynchronous { lambda::Mode::Asynchronous } else { lambda::Mode::Synchronous };
            CompiledStep::Invoke { function, payload: CompiledValue::compile(payload)?, mode }
        }
        StepKind::StopExecution { execution, error, cause } => CompiledStep::StopExecution {
            execution: CompiledValue::compile(execution)?,
            error: maybe(error)?,
            cause: maybe(cause)?,
        },
        StepKind::SendTaskSuccess { token, output } => CompiledStep::SendTask {
            token: CompiledValue::compile(token)?,
            outcome: CompiledOutcome::Success { output: CompiledValue::compile(output)? },
        },
        StepKind::SendTaskFailure { token, error, cause } => {
            let outcome = CompiledOutcome::Failure { error: maybe(error)?, cause: maybe(cause)? };
            CompiledStep::SendTask { token: CompiledValue::compile(token)?, outcome }
        }
        StepKind::SendTaskHeartbeat { token } => {
            CompiledStep::SendTask { token: CompiledValue::compile(token)?, outcome: CompiledOutcome::Heartbeat }
        }
        StepKind::Wait(range) => CompiledStep::Wait(*range),
    })
}

/// What a workload's expressions may call besides the language's own functions.
const FUNCTIONS: [&str; 3] = ["draw", "pick", "chance"];

/// The number of the actor, as a variable of its expressions.
const ACTOR: &str = "actor";

/// Finds every problem of the workload's expressions.
pub(super) fn check(loaded: &Loaded, problems: &mut Vec<Problem>) {
    const SCOPE: Scope = Scope { functions: &FUNCTIONS, variables: &[ACTOR] };
    for actor in &loaded.scenario.workload {
        let path = format!("/workload/{}", actor.name);
        for step in &actor.steps {
            step.kind.each_value(&mut |value| value::check(value, &path, &SCOPE, problems));
        }
    }
}
