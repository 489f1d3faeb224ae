use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::json::Object;
use rehearsal_engine::query::jsonata::{Dialect, Expression};

use super::Bound;
use crate::handlers::HostError;
use crate::harness::expression::parts;
use crate::harness::mirror::TOP_LEVEL;
use crate::harness::value::{CompiledValue, as_text};
use crate::scenario::{Loaded, Step, StepKind, Value};
use crate::services::eventbridge::{PutEntry, PutEvents, read_time};
use crate::services::stepfunctions::TaskOutcome;
use crate::services::{MessageAttribute, Request, lambda, sns, sqs, stepfunctions};
use crate::world::{ActorStep, Millis, Parts, ScriptRun};

/// A step with values of one kind: compiled, bound to a run, or computed.
pub(super) enum StepOf<V, T> {
    PutEvent { bus: V, source: V, detail_type: V, detail: V, resources: V, time: Option<V> },
    SendMessage { message: Box<MessageOf<V>>, is_topic: bool },
    StartExecution { state_machine: V, input: V, name: Option<V> },
    Invoke { function: V, payload: V, mode: lambda::Mode },
    StopExecution { execution: V, error: Option<V>, cause: Option<V> },
    SendTask { token: V, outcome: OutcomeOf<V> },
    Wait(T),
    Let(Vec<(Arc<str>, V)>),
    Await { value: V, within_ms: Option<T> },
    Run { script: u32, arguments: V, environment: V },
}

/// A message for a queue or a topic.
pub(super) struct MessageOf<V> {
    to: V,
    body: V,
    attributes: V,
    subject: Option<V>,
    group: Option<V>,
    deduplication: Option<V>,
}

pub(super) enum OutcomeOf<V> {
    Success { output: V },
    Failure { error: Option<V>, cause: Option<V> },
    Heartbeat,
}

/// A compiled value, and when it can be computed.
#[derive(Clone)]
pub(super) struct Source {
    pub(super) value: Rc<CompiledValue>,
    /// Whether it reads the world, or a variable that does.
    pub(super) is_late: bool,
    pub(super) reads: Parts,
}

impl Source {
    pub(super) fn compile(value: &Value, loaded: &Loaded, late: &BTreeSet<Arc<str>>) -> Result<Source, HostError> {
        let compiled = CompiledValue::compile(value)?;
        let (mut is_late, mut reads) = (false, Parts::NONE);
        compiled.each_expression(&mut |expression| {
            is_late |= self::is_late(expression, late);
            if reads_world(expression) {
                reads = reads.and(parts(loaded, expression));
            }
        });
        Ok(Source { value: Rc::new(compiled), is_late, reads })
    }

    fn literal(text: &Arc<str>) -> Source {
        let value = CompiledValue::Literal(Json::String(text.clone()));
        Source { value: Rc::new(value), is_late: false, reads: Parts::NONE }
    }
}

/// Whether an expression can be computed only when its step is taken.
pub(super) fn is_late(expression: &Expression, late: &BTreeSet<Arc<str>>) -> bool {
    reads_world(expression) || expression.analysis().variables().iter().any(|name| late.contains(name.as_str()))
}

/// Whether an expression reads the world's state.
pub(super) fn reads_world(expression: &Expression) -> bool {
    expression.analysis().top_level_names().iter().any(|name| TOP_LEVEL.contains(&name.as_str()))
}

/// The variables of a step that are known only once it has been taken.
pub(super) fn bound_late(step: &Step, late: &BTreeSet<Arc<str>>) -> Vec<Arc<str>> {
    let mut bound: Vec<Arc<str>> = step.bind.iter().cloned().collect();
    if let StepKind::Let(variables) = &step.kind {
        let is_conditional = step.when.is_some();
        let value_is_late = |value: &Value| {
            let mut found = false;
            value.each_expression(&mut |written| {
                let compiled = Expression::compile(written.text.as_str(), Dialect::Scenario);
                found |= compiled.is_ok_and(|expression| is_late(&expression, late));
            });
            found
        };
        // Bound together, so that they are known together.
        if is_conditional || variables.iter().any(|(_, value)| value_is_late(value)) {
            bound.extend(variables.iter().map(|(name, _)| name.clone()));
        }
    }
    bound
}

impl<V, T: Copy> StepOf<V, T> {
    /// The same with other values.
    pub(super) fn map<W>(&self, of: &mut impl FnMut(&V) -> Result<W, String>) -> Result<StepOf<W, T>, String> {
        Ok(match self {
            StepOf::PutEvent { bus, source, detail_type, detail, resources, time } => StepOf::PutEvent {
                bus: of(bus)?,
                source: of(source)?,
                detail_type: of(detail_type)?,
                detail: of(detail)?,
                resources: of(resources)?,
                time: time.as_ref().map(&mut *of).transpose()?,
            },
            StepOf::SendMessage { message, is_topic } => {
                let mut maybe = |value: &Option<V>| value.as_ref().map(&mut *of).transpose();
                let (subject, group) = (maybe(&message.subject)?, maybe(&message.group)?);
                let deduplication = maybe(&message.deduplication)?;
                let (to, body, attributes) = (of(&message.to)?, of(&message.body)?, of(&message.attributes)?);
                let message = MessageOf { to, body, attributes, subject, group, deduplication };
                StepOf::SendMessage { message: Box::new(message), is_topic: *is_topic }
            }
            StepOf::StartExecution { state_machine, input, name } => StepOf::StartExecution {
                state_machine: of(state_machine)?,
                name: name.as_ref().map(&mut *of).transpose()?,
                input: of(input)?,
            },
            StepOf::Invoke { function, payload, mode } => {
                StepOf::Invoke { function: of(function)?, payload: of(payload)?, mode: *mode }
            }
            StepOf::StopExecution { execution, error, cause } => StepOf::StopExecution {
                execution: of(execution)?,
                error: error.as_ref().map(&mut *of).transpose()?,
                cause: cause.as_ref().map(&mut *of).transpose()?,
            },
            StepOf::SendTask { token, outcome } => {
                let outcome = match outcome {
                    OutcomeOf::Success { output } => OutcomeOf::Success { output: of(output)? },
                    OutcomeOf::Failure { error, cause } => OutcomeOf::Failure {
                        error: error.as_ref().map(&mut *of).transpose()?,
                        cause: cause.as_ref().map(&mut *of).transpose()?,
                    },
                    OutcomeOf::Heartbeat => OutcomeOf::Heartbeat,
                };
                StepOf::SendTask { token: of(token)?, outcome }
            }
            StepOf::Wait(time) => StepOf::Wait(*time),
            StepOf::Let(variables) => {
                let variables = variables.iter().map(|(name, value)| Ok((name.clone(), of(value)?)));
                StepOf::Let(variables.collect::<Result<_, String>>()?)
            }
            StepOf::Await { value, within_ms } => StepOf::Await { value: of(value)?, within_ms: *within_ms },
            StepOf::Run { script, arguments, environment } => {
                StepOf::Run { script: *script, arguments: of(arguments)?, environment: of(environment)? }
            }
        })
    }

    /// The same with other times.
    pub(super) fn timed<U>(self, mut of: impl FnMut(T) -> U) -> StepOf<V, U> {
        match self {
            StepOf::PutEvent { bus, source, detail_type, detail, resources, time } => {
                StepOf::PutEvent { bus, source, detail_type, detail, resources, time }
            }
            StepOf::SendMessage { message, is_topic } => StepOf::SendMessage { message, is_topic },
            StepOf::StartExecution { state_machine, input, name } => {
                StepOf::StartExecution { state_machine, input, name }
            }
            StepOf::Invoke { function, payload, mode } => StepOf::Invoke { function, payload, mode },
            StepOf::StopExecution { execution, error, cause } => StepOf::StopExecution { execution, error, cause },
            StepOf::SendTask { token, outcome } => StepOf::SendTask { token, outcome },
            StepOf::Wait(time) => StepOf::Wait(of(time)),
            StepOf::Let(variables) => StepOf::Let(variables),
            StepOf::Await { value, within_ms } => StepOf::Await { value, within_ms: within_ms.map(of) },
            StepOf::Run { script, arguments, environment } => StepOf::Run { script, arguments, environment },
        }
    }
}

impl<T: Copy> StepOf<Bound, T> {
    /// Whether it has to be taken to be known.
    pub(super) fn looks(&self) -> bool {
        let mut is_late = matches!(self, StepOf::Await { .. });
        let looked = self.map(&mut |bound| {
            is_late |= matches!(bound, Bound::Late(_));
            Ok(())
        });
        is_late || looked.is_err()
    }
}

impl<T: Into<u64> + Copy> StepOf<Json, T> {
    /// The step that the world takes.
    pub(super) fn into_step(self, is_callback: bool) -> Result<ActorStep, String> {
        let texts = |value: Option<Json>| value.map(as_text).transpose();
        let request = match self {
            StepOf::PutEvent { bus, source, detail_type, detail, resources, time } => {
                let mut entry = PutEntry::new(as_text(bus)?, as_text(source)?, as_text(detail_type)?, detail);
                let resources = resources.as_array().unwrap_or_default().iter().filter_map(Json::as_str);
                entry.resources.extend(resources.map(Arc::<str>::from));
                entry.time = time.map(|time| instant(&time)).transpose()?;
                Request::Events(Box::new(PutEvents::of_client(vec![entry])))
            }
            StepOf::SendMessage { message, is_topic } => message.into_request(is_topic)?,
            StepOf::StartExecution { state_machine, input, name } => {
                let machine = stepfunctions::Machine::Arn(as_text(state_machine)?);
                let start = stepfunctions::StartExecution { machine, name: texts(name)?, input };
                states(stepfunctions::Request::StartExecution(start))
            }
            StepOf::Invoke { function, payload, mode } => {
                let function = lambda::Target::Text(as_text(function)?);
                Request::Lambda(Box::new(lambda::Invoke { function, payload, mode }))
            }
            StepOf::StopExecution { execution, error, cause } => states(stepfunctions::Request::StopExecution {
                execution: as_text(execution)?,
                error: texts(error)?,
                cause: texts(cause)?,
            }),
            StepOf::SendTask { token, outcome } => {
                let outcome = match outcome {
                    OutcomeOf::Success { output } => TaskOutcome::Success { output },
                    OutcomeOf::Failure { error, cause } => {
                        TaskOutcome::Failure { error: texts(error)?, cause: texts(cause)? }
                    }
                    OutcomeOf::Heartbeat => TaskOutcome::Heartbeat,
                };
                let send = stepfunctions::SendTask { token: as_text(token)?, outcome };
                states(stepfunctions::Request::SendTask(send))
            }
            StepOf::Wait(ms) => return Ok(ActorStep::Wait { ms: ms.into() }),
            StepOf::Run { script, arguments, environment } => {
                let start = Json::from_pairs([
                    ("arguments", script_arguments(&arguments)?),
                    ("environment", script_variables(&environment)?),
                ]);
                return Ok(ActorStep::Run(ScriptRun { script, start }));
            }
            StepOf::Let(_) | StepOf::Await { .. } => return Err("it asks for nothing".to_owned()),
        };
        Ok(if is_callback { ActorStep::Callback(request) } else { ActorStep::Send(request) })
    }
}

impl MessageOf<Json> {
    fn into_request(self, is_topic: bool) -> Result<Request, String> {
        let texts = |value: Option<Json>| value.map(as_text).transpose();
        let to = as_text(self.to)?;
        // What is no text is sent as the text of its JSON.
        let body = match self.body {
            Json::String(text) => text,
            value => value.to_string().into(),
        };
        let attributes = attributes(&self.attributes)?;
        let (group, deduplication) = (texts(self.group)?, texts(self.deduplication)?);
        Ok(if is_topic {
            let subject = texts(self.subject)?;
            let publish = sns::Publish { subject, attributes, group, deduplication, ..sns::Publish::new(to, body) };
            Request::Sns(Box::new(sns::Request::Publish(publish)))
        } else {
            let send = sqs::SendMessage { attributes, group, deduplication, ..sqs::SendMessage::new(to, body) };
            Request::Sqs(Box::new(sqs::Request::SendMessage(send)))
        })
    }
}

fn attributes(attributes: &Json) -> Result<Vec<MessageAttribute>, String> {
    let Some(members) = attributes.as_object() else {
        return Err(format!("'attributes' must be an object, found {}", attributes.kind()));
    };
    let attribute = |(name, value): (&Arc<str>, &Json)| match value {
        Json::String(text) => Ok(MessageAttribute::string(name.clone(), text.clone())),
        Json::Number(number) => Ok(MessageAttribute::number(name.clone(), number)),
        other => Err(format!("the attribute '{name}' must be a text or a number, found {}", other.kind())),
    };
    members.iter().map(attribute).collect()
}

fn script_arguments(arguments: &Json) -> Result<Json, String> {
    let Some(arguments) = arguments.as_array() else {
        return Err(format!("the arguments of a script are a list, not {arguments}"));
    };
    Ok(arguments.iter().map(word).collect::<Result<Vec<Json>, String>>()?.into())
}

fn script_variables(environment: &Json) -> Result<Json, String> {
    let Some(variables) = environment.as_object() else {
        return Err(format!("the environment of a script is an object of variables, not {environment}"));
    };
    let variables = variables.iter().map(|(name, value)| Ok((name.clone(), word(value)?)));
    Ok(variables.collect::<Result<Object, String>>()?.into())
}

/// What a shell would pass on.
fn word(value: &Json) -> Result<Json, String> {
    match value {
        Json::String(_) => Ok(value.clone()),
        Json::Number(_) | Json::Bool(_) => Ok(value.to_string().into()),
        other => Err(format!("a script is given texts and numbers, not {other}")),
    }
}

fn instant(time: &Json) -> Result<Millis, String> {
    read_time(time)
        .ok_or_else(|| format!("the time is {time}, expected seconds since 1970 or a form like '2026-01-01T00:00:00Z'"))
}

fn states(request: stepfunctions::Request) -> Request {
    Request::States(Box::new(request))
}

impl StepOf<Source, crate::scenario::Range> {
    pub(super) fn compile(step: &Step, loaded: &Loaded, late: &BTreeSet<Arc<str>>) -> Result<Self, HostError> {
        let value = |written: &Value| Source::compile(written, loaded, late);
        let maybe = |written: &Option<Value>| written.as_ref().map(value).transpose();
        Ok(match &step.kind {
            StepKind::PutEvent { bus, source, detail_type, detail, resources, time } => StepOf::PutEvent {
                bus: value(bus)?,
                source: value(source)?,
                detail_type: value(detail_type)?,
                detail: value(detail)?,
                resources: value(resources)?,
                time: maybe(time)?,
            },
            StepKind::SendMessage { to, is_topic, body, attributes, subject, group, deduplication } => {
                // Names and logical ids stand for the ARN that the world knows.
                let named = to.as_literal_str();
                let queue = named.filter(|_| !is_topic).and_then(|name| loaded.stack.queue(name));
                let topic = named.filter(|_| *is_topic).and_then(|name| loaded.stack.topic(name));
                let known = queue.map(|queue| &queue.identity).or(topic.map(|topic| &topic.identity));
                let message = MessageOf {
                    to: known.map_or_else(|| value(to), |identity| Ok(Source::literal(&identity.arn)))?,
                    body: value(body)?,
                    attributes: value(attributes)?,
                    subject: maybe(subject)?,
                    group: maybe(group)?,
                    deduplication: maybe(deduplication)?,
                };
                StepOf::SendMessage { message: Box::new(message), is_topic: *is_topic }
            }
            StepKind::StartExecution { state_machine, input, name } => {
                // Names and logical ids stand for the ARN that the API wants.
                let named = state_machine.as_literal_str().and_then(|name| loaded.stack.state_machine(name));
                let state_machine = match named {
                    Some(machine) => Source::literal(&machine.identity.arn),
                    None => value(state_machine)?,
                };
                StepOf::StartExecution { state_machine, input: value(input)?, name: maybe(name)? }
            }
            StepKind::Invoke { function, payload, asynchronous } => {
                let named = function.as_literal_str().and_then(|name| loaded.stack.function(name));
                let function = match named {
                    Some(function) => Source::literal(&function.identity.name),
                    None => value(function)?,
                };
                let mode = if *asynchronous { lambda::Mode::Asynchronous } else { lambda::Mode::Synchronous };
                StepOf::Invoke { function, payload: value(payload)?, mode }
            }
            StepKind::StopExecution { execution, error, cause } => {
                StepOf::StopExecution { execution: value(execution)?, error: maybe(error)?, cause: maybe(cause)? }
            }
            StepKind::SendTaskSuccess { token, output } => {
                StepOf::SendTask { token: value(token)?, outcome: OutcomeOf::Success { output: value(output)? } }
            }
            StepKind::SendTaskFailure { token, error, cause } => {
                let outcome = OutcomeOf::Failure { error: maybe(error)?, cause: maybe(cause)? };
                StepOf::SendTask { token: value(token)?, outcome }
            }
            StepKind::SendTaskHeartbeat { token } => {
                StepOf::SendTask { token: value(token)?, outcome: OutcomeOf::Heartbeat }
            }
            StepKind::Wait(range) => StepOf::Wait(*range),
            StepKind::Let(variables) => {
                let variables = variables.iter().map(|(name, written)| Ok((name.clone(), value(written)?)));
                StepOf::Let(variables.collect::<Result<_, HostError>>()?)
            }
            StepKind::Await { value: awaited, within_ms } => {
                StepOf::Await { value: value(awaited)?, within_ms: *within_ms }
            }
            StepKind::Python { script, arguments, environment } => {
                let Some(place) = loaded.scripts.iter().position(|known| known.file == *script) else {
                    return Err(HostError(format!("the script '{script}' was not read")));
                };
                StepOf::Run { script: place as u32, arguments: value(arguments)?, environment: value(environment)? }
            }
        })
    }
}
