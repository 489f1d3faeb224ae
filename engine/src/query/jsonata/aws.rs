//! What Step Functions adds to JSONata and how it words errors.

use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::value::JValue;

use super::error::EvaluationProblem;
use super::to_jvalue;
use crate::query::intrinsic::hex_digest;
use crate::query::java;
use crate::source::read_json;

/// The functions that AWS adds; `$random` also takes a seed.
pub(super) const FUNCTIONS: [&str; 5] = ["hash", "parse", "partition", "range", "uuid"];

type Function = fn(&[JValue]) -> Result<JValue, EvaluatorError>;

/// Those of them that need nothing but their arguments.
pub(super) const PURE_FUNCTIONS: [(&str, Function); 5] =
    [("hash", hash), ("parse", parse), ("partition", partition), ("range", range), ("eval", no_eval)];

/// The longest range; the limit of the language's own ranges.
const RANGE_ITEMS_MAX: f64 = 250_000.0;

/// `$random(seed)`; `None` without a seed.
pub(super) fn seeded_random(arguments: &[JValue]) -> Option<Result<JValue, EvaluatorError>> {
    match arguments.first() {
        None | Some(JValue::Undefined) => None,
        Some(JValue::Number(seed)) => Some(Ok(JValue::Number(java::seeded_double(*seed as i64)))),
        Some(_) => Some(Err(mismatch(1, "random"))),
    }
}

/// AWS's words for what ended an evaluation.
pub(super) fn message(problem: EvaluationProblem, message: &str) -> String {
    match problem {
        EvaluationProblem::Depth | EvaluationProblem::Steps => {
            "Stack overflow error: Check for non-terminating recursive \
            function. Consider rewriting as tail-recursive."
                .to_owned()
        }
        EvaluationProblem::Memory => "Expression evaluation memory limit exceeded".to_owned(),
        EvaluationProblem::Language | EvaluationProblem::Host => in_words_of_2_0_6(message),
    }
}

fn in_words_of_2_0_6(message: &str) -> String {
    if message.starts_with("T1006:") {
        return "T1006: Attempted to invoke a non-function".to_owned();
    }
    if let ("T2001:" | "T2002:", Some((head, tail))) =
        (message.get(..6).unwrap_or_default(), message.split_once("side of the "))
        && let Some((operator, rest)) = tail.split_once(' ')
        && !operator.starts_with('"')
    {
        return format!("{head}side of the \"{operator}\" {rest}");
    }
    message.to_owned()
}

fn no_eval(_: &[JValue]) -> Result<JValue, EvaluatorError> {
    Err(EvaluatorError::EvaluationError("T1006: Attempted to invoke a non-function".to_owned()))
}

fn hash(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    match arguments {
        [JValue::Undefined, ..] => Ok(JValue::Undefined),
        [JValue::String(text), JValue::String(algorithm)] => {
            hex_digest(text, algorithm).map(JValue::string).ok_or_else(|| mismatch(2, "hash"))
        }
        [JValue::String(_), ..] => Err(mismatch(2, "hash")),
        _ => Err(mismatch(1, "hash")),
    }
}

fn parse(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    match arguments {
        [JValue::Undefined] => Ok(JValue::Undefined),
        [JValue::String(text)] => read_json(text).map(|node| to_jvalue(&node.to_json())).map_err(|problem| {
            EvaluatorError::EvaluationError(format!("the argument of $parse is not JSON: {}", problem.message))
        }),
        _ => Err(mismatch(1, "parse")),
    }
}

fn partition(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let (items, size) = match arguments {
        [JValue::Undefined, _] => return Ok(JValue::Undefined),
        [JValue::Array(items), JValue::Number(size)] => (items.to_vec(), *size),
        [single, JValue::Number(size)] => (vec![single.clone()], *size),
        _ => return Err(mismatch(2, "partition")),
    };
    if size < 1.0 {
        return Err(mismatch(2, "partition"));
    }
    Ok(JValue::array(items.chunks(size as usize).map(|chunk| JValue::array(chunk.to_vec())).collect()))
}

/// The end is included when the steps hit it.
fn range(arguments: &[JValue]) -> Result<JValue, EvaluatorError> {
    let &[JValue::Number(start), JValue::Number(end), JValue::Number(step)] = arguments else {
        return Err(mismatch(arguments.iter().take_while(|argument| argument.is_number()).count() + 1, "range"));
    };
    if step == 0.0 {
        return Err(mismatch(3, "range"));
    }
    let steps = ((end - start) / step).floor();
    if steps >= RANGE_ITEMS_MAX {
        return Err(EvaluatorError::EvaluationError("D2014: the range has too many items".to_owned()));
    }
    let steps = if steps < 0.0 { return Ok(JValue::sequence(Vec::new())) } else { steps as u64 };
    Ok(JValue::sequence((0..=steps).map(|at| JValue::Number(start + at as f64 * step)).collect()))
}

fn mismatch(argument: usize, function: &str) -> EvaluatorError {
    EvaluatorError::TypeError(format!(
        "T0410: Argument {argument} of function \"{function}\" does not match function signature"
    ))
}
