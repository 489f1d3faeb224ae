//! The Choice state.

use std::cmp::Ordering;

use super::context::View;
use super::failure::Failure;
use super::flow::Stage;
use super::formula::Document;
use super::step::Then;
use super::thread::ThreadId;
use super::{Env, Execution};
use crate::asl::{
    Comparison, Condition, Family, Instant, Next, Operand, Order, Program, Rule, StateId, TypeTest, matches_wildcard,
};
use crate::json::Json;
use crate::query::{Path, PathError, Scope};

impl Execution {
    pub(super) fn choose(
        &mut self,
        program: &Program,
        id: ThreadId,
        rules: &[Rule],
        default: Option<StateId>,
        env: &mut dyn Env,
    ) -> Then {
        match self.chosen(program, id, rules, default, env) {
            Ok((output, assigned, next)) => self.exit(program, id, output, assigned.as_ref(), Next::State(next), env),
            Err(failure) => self.fail(program, id, failure, env),
        }
    }

    fn chosen(
        &self,
        program: &Program,
        id: ThreadId,
        rules: &[Rule],
        default: Option<StateId>,
        env: &mut dyn Env,
    ) -> Result<(Json, Option<Json>, StateId), Failure> {
        let data = &program.at(self.thread(id).state).data;
        let view = self.view(id);
        let input = self.selected(id, &data.input_path, &self.thread(id).input, view)?;
        let mut taken = None;
        for (at, rule) in rules.iter().enumerate() {
            if self.holds(id, &rule.condition, &input, view, env)? {
                env.chosen(self.thread(id).state, Some(at));
                taken = Some(rule);
                break;
            }
        }
        // AWS: the rule's Assign and Output or the state's, never both.
        let (next, assign, output) = match (taken, default) {
            (Some(rule), _) => (rule.next, rule.assign.as_ref(), rule.output.as_ref()),
            (None, Some(default)) => {
                env.chosen(self.thread(id).state, None);
                (default, data.assign.as_ref(), data.output.as_ref())
            }
            // AWS: States.NoChoiceMatched never shows; it is a States.Runtime.
            (None, None) => {
                let cause = "Failed to transition out of the state. The state does not point to a next state.";
                return Err(self.runtime(id, cause));
            }
        };
        let assigned = self.assigned(id, assign, &input, Document::Input, Stage::Assign, env)?;
        let output = match output {
            Some(output) => self.evaluated(id, output, &input, Document::Input, view, Stage::Output, env)?,
            None => self.selected(id, &data.output_path, &input, view)?,
        };
        Ok((output, assigned, next))
    }

    /// Nested conditions are bounded when they are compiled.
    fn holds(
        &self,
        id: ThreadId,
        condition: &Condition,
        input: &Json,
        view: View,
        env: &mut dyn Env,
    ) -> Result<bool, Failure> {
        match condition {
            Condition::And(all) => {
                for inner in all {
                    if !self.holds(id, inner, input, view, env)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Condition::Or(any) => {
                for inner in any {
                    if self.holds(id, inner, input, view, env)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Condition::Not(inner) => Ok(!self.holds(id, inner, input, view, env)?),
            Condition::Formula(formula) => {
                let value = self.own_formula(id, formula, Stage::Condition, env)?;
                self.typed(id, formula, "boolean", &value, Json::as_bool)
            }
            Condition::Compare { variable, comparison } => {
                let read = |path: &Path| path.read(&Scope { root: input, surroundings: &view });
                if let Comparison::IsPresent(expected) = comparison {
                    return Ok(read(variable).is_ok() == *expected);
                }
                // AWS: a path without a value fails the state, whatever the operator and even with a Default.
                let invalid = |path: &Path, _: PathError| {
                    let detail = format!(
                        "Invalid path '{}': The choice state's condition path references an invalid value.",
                        path.text()
                    );
                    self.runtime(id, detail)
                };
                let left = read(variable).map_err(|error| invalid(variable, error))?;
                match comparison {
                    Comparison::IsPresent(expected) => Ok(*expected),
                    Comparison::Is(test, expected) => Ok(is(*test, &left) == *expected),
                    Comparison::StringMatches(pattern) => {
                        Ok(left.as_str().is_some_and(|text| matches_wildcard(pattern, text)))
                    }
                    Comparison::BooleanEquals(Operand::Path(path)) => {
                        let right = read(path).map_err(|error| invalid(path, error))?;
                        Ok(left.as_bool().is_some() && left.as_bool() == right.as_bool())
                    }
                    Comparison::BooleanEquals(right) => Ok(match right {
                        Operand::Boolean(right) => left.as_bool() == Some(*right),
                        _ => false,
                    }),
                    Comparison::Ordered { family, order, right: Operand::Path(path) } => {
                        let right = read(path).map_err(|error| invalid(path, error))?;
                        Ok(compare_values(*family, &left, &right).is_some_and(|found| satisfies(found, *order)))
                    }
                    Comparison::Ordered { order, right, .. } => {
                        Ok(compare_literal(&left, right).is_some_and(|found| satisfies(found, *order)))
                    }
                }
            }
        }
    }
}

fn is(test: TypeTest, value: &Json) -> bool {
    match test {
        TypeTest::Null => value.is_null(),
        TypeTest::Numeric => matches!(value, Json::Number(_)),
        TypeTest::String => matches!(value, Json::String(_)),
        TypeTest::Boolean => matches!(value, Json::Bool(_)),
        TypeTest::Timestamp => value.as_str().is_some_and(|text| Instant::parse(text).is_some()),
    }
}

/// AWS: a value of another type makes the comparison false, never an error.
fn compare_literal(left: &Json, right: &Operand) -> Option<Ordering> {
    match right {
        Operand::String(right) => Some(compare_text(left.as_str()?, right)),
        Operand::Number(right) => left.as_f64()?.partial_cmp(right),
        Operand::Timestamp(right) => Some(Instant::parse(left.as_str()?)?.cmp(right)),
        Operand::Boolean(_) | Operand::Path(_) => None,
    }
}

fn compare_values(family: Family, left: &Json, right: &Json) -> Option<Ordering> {
    match family {
        Family::String => Some(compare_text(left.as_str()?, right.as_str()?)),
        Family::Numeric => left.as_f64()?.partial_cmp(&right.as_f64()?),
        Family::Timestamp => Some(Instant::parse(left.as_str()?)?.cmp(&Instant::parse(right.as_str()?)?)),
    }
}

/// AWS: strings are ordered as Java orders them, by UTF-16 units.
fn compare_text(left: &str, right: &str) -> Ordering {
    left.encode_utf16().cmp(right.encode_utf16())
}

fn satisfies(found: Ordering, order: Order) -> bool {
    match order {
        Order::Equals => found.is_eq(),
        Order::LessThan => found.is_lt(),
        Order::GreaterThan => found.is_gt(),
        Order::LessThanEquals => found.is_le(),
        Order::GreaterThanEquals => found.is_ge(),
    }
}
