//! One evaluation: bindings, functions of the host, and what stops it.
//!
//! The evaluator keeps its functions for ever (`'static`), while a host lives for one evaluation. So a call to the host
//! leaves the evaluation with an error, is answered outside, and the evaluation starts again with the answers so far: it
//! is pure, hence takes the same way up to the next unanswered call.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::value::JValue;

use super::budget::{RANGE_END, RANGE_START, STEPS_MAX, TICK};
use super::error::{EvaluationError, EvaluationProblem};
use super::{Dialect, Expression, aws, builtins};
use crate::query::java;

/// AWS: evaluation nests about this deep.
const AWS_DEPTH_MAX: usize = 100;
/// AWS: evaluation has about 7 MB; an array of numbers takes some 28 bytes an item there.
const AWS_SEQUENCE_ITEMS_MAX: usize = 250_000;
/// Ours, for expressions that AWS does not bound.
const DEPTH_MAX: usize = 3_000;
const SEQUENCE_ITEMS_MAX: usize = 250_000;
/// The language's own.
const PLAIN_SEQUENCE_ITEMS_MAX: usize = 10_000_000;
/// Each call to the host starts the evaluation again.
const HOST_CALLS_MAX: usize = 1_000;
/// What the evaluator is left with; never seen outside.
const SUSPENDED: &str = "suspended: the host is asked";

/// What an expression borrows from outside, so that evaluation stays pure.
pub trait Host {
    /// Milliseconds since 1970 for `$now()` and `$millis()`, the same throughout one evaluation.
    fn now_ms(&mut self) -> i64;
    /// A number from 0 (inclusive) to 1 (exclusive) for `$random()` and `$shuffle()`.
    fn random(&mut self) -> f64;
    /// A version 4 UUID for AWS's `$uuid()`.
    fn uuid(&mut self) -> String;
    /// The names of further functions, without `$`.
    fn functions(&self) -> &[&'static str] {
        &[]
    }
    /// Calls one of [`Host::functions`]. The message of an error ends the evaluation.
    fn call(&mut self, function: &str, arguments: &[JValue]) -> Result<JValue, String> {
        let _ = arguments;
        Err(format!("there is no function '${function}'"))
    }
}

/// No functions; the time is 1970 and every draw is 0.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHost;

impl Host for NoHost {
    fn now_ms(&mut self) -> i64 {
        0
    }

    fn random(&mut self) -> f64 {
        0.0
    }

    fn uuid(&mut self) -> String {
        "00000000-0000-4000-8000-000000000000".to_owned()
    }
}

type Function = Box<dyn Fn(&[JValue]) -> Result<JValue, EvaluatorError>>;

/// The answers so far, and the question that stopped the evaluation.
#[derive(Default)]
struct Exchange {
    answers: RefCell<Vec<JValue>>,
    used: Cell<usize>,
    question: RefCell<Option<Question>>,
    steps: Cell<u64>,
    /// The starts of the ranges whose ends are being evaluated.
    range_starts: RefCell<Vec<f64>>,
}

#[derive(Clone)]
enum Question {
    Random,
    Uuid,
    Call(String, Vec<JValue>),
}

pub(super) fn evaluate(
    expression: &Expression,
    input: &JValue,
    bindings: &[(&str, JValue)],
    host: &mut dyn Host,
) -> Result<JValue, EvaluationError> {
    let needs_functions = expression.needs_functions;
    if expression.dialect != Dialect::Aws && bindings.is_empty() && !needs_functions {
        let result = guarded(|| expression.program.evaluate_with_options(input, options(expression.dialect)));
        return settle(expression.dialect, result);
    }
    let exchange = Rc::new(Exchange::default());
    let now_ms = if needs_functions { host.now_ms() } else { 0 };
    for _ in 0..=HOST_CALLS_MAX {
        let mut evaluator = Evaluator::with_options(context(bindings), options(expression.dialect));
        if needs_functions {
            register(&mut evaluator, expression.dialect, &exchange, now_ms, host.functions())?;
        }
        exchange.used.set(0);
        exchange.steps.set(0);
        exchange.range_starts.borrow_mut().clear();
        let result = guarded(|| evaluator.evaluate(expression.program.ast(), input));
        let Some(question) = exchange.question.borrow_mut().take() else {
            return settle(expression.dialect, result);
        };
        let answer = match question {
            Question::Random => JValue::Number(host.random()),
            Question::Uuid => JValue::string(host.uuid()),
            Question::Call(name, arguments) => host
                .call(&name, &arguments)
                .map_err(|message| EvaluationError::new(EvaluationProblem::Host, message))?,
        };
        exchange.answers.borrow_mut().push(answer);
    }
    let message = format!("the expression draws or calls functions of the host more than {HOST_CALLS_MAX} times");
    Err(EvaluationError::new(EvaluationProblem::Steps, message))
}

/// Runs what is not ours; a panic in there becomes its message.
pub(super) fn guarded<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|_| "the JSONata evaluator broke on this expression".to_owned())
}

fn options(dialect: Dialect) -> EvaluatorOptions {
    let (depth, items) = match dialect {
        Dialect::Aws => (AWS_DEPTH_MAX, AWS_SEQUENCE_ITEMS_MAX),
        Dialect::Plain => (DEPTH_MAX, PLAIN_SEQUENCE_ITEMS_MAX),
        Dialect::Scenario => (DEPTH_MAX, SEQUENCE_ITEMS_MAX),
    };
    EvaluatorOptions { max_stack_depth: Some(depth), max_sequence_length: Some(items), ..EvaluatorOptions::default() }
}

fn context(bindings: &[(&str, JValue)]) -> Context {
    let mut context = Context::new();
    for (name, value) in bindings {
        context.bind((*name).to_owned(), value.clone());
    }
    context
}

fn settle(dialect: Dialect, result: Result<Result<JValue, EvaluatorError>, String>) -> Result<JValue, EvaluationError> {
    let message = match result {
        Ok(Ok(value)) => return Ok(value),
        Ok(Err(error)) => error.message().to_owned(),
        Err(broken) => broken,
    };
    let problem = match jsonata_core::evaluator::error_code_prefix(&message) {
        Some("D1011" | "U1001") => EvaluationProblem::Depth,
        Some("D2014" | "D2015") => EvaluationProblem::Memory,
        _ if message.starts_with(STEPS_EXCEEDED) => EvaluationProblem::Steps,
        _ => EvaluationProblem::Language,
    };
    let message = if dialect == Dialect::Aws { aws::message(problem, &message) } else { message };
    Err(EvaluationError::new(problem, message))
}

const STEPS_EXCEEDED: &str = "the expression calls functions or loops more than";

fn register(
    evaluator: &mut Evaluator,
    dialect: Dialect,
    exchange: &Rc<Exchange>,
    now_ms: i64,
    host_functions: &[&'static str],
) -> Result<(), EvaluationError> {
    let mut add = |name: &str, function: Function| {
        evaluator
            .register_fn_override(name, move |arguments: &[JValue]| function(arguments))
            .map_err(|error| EvaluationError::new(EvaluationProblem::Host, error.message()))
    };
    let ask = |question: fn(&[JValue]) -> Question| {
        let exchange = exchange.clone();
        move |arguments: &[JValue]| exchange.ask(|| question(arguments))
    };

    let ticks = exchange.clone();
    add(TICK, Box::new(move |_| ticks.count(1).map(|()| JValue::Undefined)))?;
    let starts = exchange.clone();
    add(RANGE_START, Box::new(move |arguments| Ok(starts.range_start(arguments))))?;
    let ends = exchange.clone();
    add(RANGE_END, Box::new(move |arguments| ends.range_end(arguments)))?;
    add("now", Box::new(move |arguments| now(now_ms, arguments)))?;
    add("millis", Box::new(move |_| Ok(JValue::Number(now_ms as f64))))?;
    add("toMillis", Box::new(move |arguments| to_millis(now_ms, arguments)))?;
    let shuffle = ask(|_| Question::Random);
    add("shuffle", Box::new(move |arguments| shuffle(&[]).map(|drawn| shuffled(arguments, &drawn))))?;
    let random = ask(|_| Question::Random);
    if dialect == Dialect::Aws {
        add("random", Box::new(move |arguments| aws::seeded_random(arguments).unwrap_or_else(|| random(&[]))))?;
        add("uuid", Box::new(ask(|_| Question::Uuid)))?;
        for (name, function) in aws::PURE_FUNCTIONS {
            add(name, Box::new(function))?;
        }
    } else {
        add("random", Box::new(random))?;
    }
    for &name in host_functions {
        let exchange = exchange.clone();
        let call = move |arguments: &[JValue]| exchange.ask(|| Question::Call(name.to_owned(), arguments.to_vec()));
        add(name, Box::new(call))?;
    }
    Ok(())
}

impl Exchange {
    fn ask(&self, question: impl FnOnce() -> Question) -> Result<JValue, EvaluatorError> {
        let at = self.used.get();
        self.used.set(at + 1);
        if let Some(answer) = self.answers.borrow().get(at) {
            return Ok(answer.clone());
        }
        self.question.borrow_mut().get_or_insert_with(question);
        Err(EvaluatorError::EvaluationError(SUSPENDED.to_owned()))
    }

    fn count(&self, steps: u64) -> Result<(), EvaluatorError> {
        self.steps.set(self.steps.get().saturating_add(steps));
        if self.steps.get() > STEPS_MAX {
            return Err(EvaluatorError::EvaluationError(format!("{STEPS_EXCEEDED} {STEPS_MAX} times")));
        }
        Ok(())
    }

    fn range_start(&self, arguments: &[JValue]) -> JValue {
        let start = arguments.first().cloned().unwrap_or(JValue::Undefined);
        self.range_starts.borrow_mut().push(start.as_f64().unwrap_or_default());
        start
    }

    fn range_end(&self, arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
        let end = arguments.first().cloned().unwrap_or(JValue::Undefined);
        let start = self.range_starts.borrow_mut().pop().unwrap_or_default();
        // A cast of what is negative or not a number gives 0.
        self.count((end.as_f64().unwrap_or_default() - start) as u64)?;
        Ok(end)
    }
}

/// `$now([picture [, timezone]])`.
fn now(now_ms: i64, arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let mut all = vec![JValue::Number(now_ms as f64)];
    all.extend(arguments.iter().cloned());
    call_builtin("fromMillis", &all)
}

/// `$toMillis(timestamp [, picture])`. What a picture leaves out at its front comes from the current time, which the
/// evaluator takes from the real clock; so it is written into timestamp and picture first.
fn to_millis(now_ms: i64, arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let [JValue::String(timestamp), JValue::String(picture), ..] = arguments else {
        return call_builtin("toMillis", arguments);
    };
    if ["[d", "[F", "[W", "[w", "[X", "[x"].iter().any(|component| picture.contains(component))
        && !picture.contains("[Y")
    {
        let message =
            format!("the picture '{picture}' of $toMillis needs a year ('[Y0001]') to go with its days or weeks");
        return Err(EvaluatorError::EvaluationError(message));
    }
    let (mut front_timestamp, mut front_picture) = (String::new(), String::new());
    for (components, picture_of_it) in LEADING_COMPONENTS {
        if components.iter().any(|component| picture.contains(component)) {
            break;
        }
        let now = now(now_ms, &[JValue::string(*picture_of_it)])?;
        front_timestamp.extend([now.as_str().unwrap_or_default(), " "]);
        front_picture.extend([picture_of_it, " "]);
    }
    if front_picture.is_empty() || front_picture.matches('[').count() == LEADING_COMPONENTS.len() {
        return call_builtin("toMillis", &arguments[..2]);
    }
    let whole = [JValue::string(front_timestamp + timestamp), JValue::string(front_picture + picture)];
    call_builtin("toMillis", &whole)
}

/// From the largest part of a point in time down: how a picture may name it, and how it is written in front.
const LEADING_COMPONENTS: &[(&[&str], &str)] = &[
    (&["[Y"], "[Y0001]"),
    (&["[M"], "[M01]"),
    (&["[D"], "[D01]"),
    (&["[H", "[h"], "[H01]"),
    (&["[m"], "[m01]"),
    (&["[s"], "[s01]"),
];

/// Calls a function of the language that is replaced in the evaluation at hand.
fn call_builtin(name: &str, arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    debug_assert!(builtins::is_builtin(name));
    let mut context = Context::new();
    let mut variables = Vec::with_capacity(arguments.len());
    for (at, argument) in arguments.iter().enumerate() {
        let variable = format!("a{at}");
        context.bind(variable.clone(), argument.clone());
        variables.push(AstNode::Variable(variable));
    }
    let call = AstNode::Function { name: name.to_owned(), args: variables, is_builtin: true };
    Evaluator::with_context(context).evaluate(&call, &JValue::Undefined)
}

/// Fisher and Yates, from one drawn number.
fn shuffled(arguments: &[JValue], drawn: &JValue) -> JValue {
    let mut items = match arguments.first() {
        None | Some(JValue::Undefined) => return JValue::Undefined,
        Some(JValue::Array(items)) => items.to_vec(),
        Some(single) => vec![single.clone()],
    };
    let mut seed = (drawn.as_f64().unwrap_or_default() * (1_u64 << 53) as f64) as i64;
    for last in (1..items.len()).rev() {
        let share = java::seeded_double(seed);
        seed = seed.wrapping_add(1);
        items.swap(last, ((share * (last + 1) as f64) as usize).min(last));
    }
    JValue::array(items)
}
