use super::parse::{Formula, Function, Operator, Term};
use super::{Numbers, SheetRow};

/// One look at a sheet.
pub(super) struct Evaluation<'s> {
    pub(super) rows: &'s [SheetRow],
    /// What the rows came to so far.
    pub(super) numbers: &'s [Numbers],
    pub(super) periods: usize,
    pub(super) period_ms: u64,
}

/// What a term comes to.
enum Value {
    /// One number for all periods; nothing where there is none.
    Scalar(Option<f64>),
    /// A number a period.
    Series(Numbers),
    /// Several of them.
    Several(Vec<Numbers>),
}

/// Powers beyond this are no numbers anyway.
const EXPONENT_MAX: f64 = 1_024.0;

impl Evaluation<'_> {
    pub(super) fn of(&self, formula: &Formula) -> Numbers {
        match self.value(&formula.root) {
            Value::Scalar(number) => vec![number; self.periods],
            Value::Series(numbers) => numbers,
            // AWS: several results are several lines; one line shows their sum here.
            Value::Several(several) => self.across(&several, sum),
        }
    }

    fn value(&self, term: &Term) -> Value {
        match term {
            Term::Number(number) => Value::Scalar(Some(*number)),
            Term::Row(id) => {
                let place = self.rows.iter().position(|row| row.id == *id);
                Value::Series(place.and_then(|at| self.numbers.get(at)).cloned().unwrap_or_default())
            }
            // AWS: all metrics of the request, and no formulas.
            Term::Metrics(text) => {
                let rows = self.rows.iter().zip(self.numbers);
                let meant = rows.filter(|(row, _)| row.formula.is_none() && row.id.contains(&**text));
                Value::Several(meant.map(|(_, numbers)| numbers.clone()).collect())
            }
            Term::Negative(term) => self.each(self.value(term), |number| Some(-number)),
            Term::Both(operator, left, right) => self.joined(*operator, self.value(left), self.value(right)),
            Term::List(terms) => {
                let series = terms.iter().flat_map(|term| match self.value(term) {
                    Value::Scalar(number) => vec![vec![number; self.periods]],
                    Value::Series(numbers) => vec![numbers],
                    Value::Several(several) => several,
                });
                Value::Several(series.collect())
            }
            Term::Call(function, terms) => self.call(*function, terms),
            Term::Repeat | Term::Linear => Value::Scalar(None),
        }
    }

    fn call(&self, function: Function, terms: &[Term]) -> Value {
        let Some(first) = terms.first() else { return Value::Scalar(None) };
        match function {
            Function::Fill => {
                return self.mapped(self.value(first), |numbers| match terms.get(1) {
                    Some(Term::Repeat) => repeated(numbers),
                    Some(Term::Linear) => linear(numbers),
                    Some(filler) => filled(numbers, &self.series(self.value(filler))),
                    None => numbers,
                });
            }
            Function::If => return self.chosen(terms),
            _ => {}
        }
        let value = self.value(first);
        match function {
            Function::Abs => self.each(value, |number| Some(number.abs())),
            Function::Ceil => self.each(value, |number| Some(number.ceil())),
            Function::Floor => self.each(value, |number| Some(number.floor())),
            Function::Average => self.summed_up(value, |numbers| {
                let count = numbers.len() as f64;
                sum(numbers).map(|sum| sum / count)
            }),
            Function::Sum => self.summed_up(value, sum),
            Function::Minimum => self.summed_up(value, |numbers| numbers.into_iter().reduce(f64::min)),
            Function::Maximum => self.summed_up(value, |numbers| numbers.into_iter().reduce(f64::max)),
            Function::DatapointCount => self.summed_up(value, |numbers| Some(numbers.len() as f64)),
            Function::MetricCount => Value::Scalar(Some(match value {
                Value::Several(several) => several.len() as f64,
                Value::Scalar(_) | Value::Series(_) => 1.0,
            })),
            Function::Period => Value::Scalar(Some(self.period_ms as f64 / 1000.0)),
            Function::Diff => self.mapped(value, |numbers| self.steps(&numbers, |step, _| step)),
            Function::DiffTime => self.mapped(value, |numbers| self.steps(&numbers, |_, seconds| seconds)),
            Function::Rate => self.mapped(value, |numbers| self.steps(&numbers, |step, seconds| step / seconds)),
            Function::RunningSum => self.mapped(value, |numbers| {
                let mut total = 0.0;
                let add = |number: Option<f64>| {
                    total += number.unwrap_or_default();
                    number.map(|_| total)
                };
                numbers.into_iter().map(add).collect()
            }),
            Function::Fill | Function::If => Value::Scalar(None),
        }
    }

    /// `IF(condition, then, otherwise)`: period by period.
    fn chosen(&self, terms: &[Term]) -> Value {
        let mut parts = terms.iter().map(|term| self.series(self.value(term)));
        let (Some(condition), Some(then)) = (parts.next(), parts.next()) else { return Value::Scalar(None) };
        let otherwise = parts.next();
        let choose = |at: usize| {
            let holds = condition.get(at).copied().flatten()? != 0.0;
            if holds { then.get(at).copied().flatten() } else { otherwise.as_ref()?.get(at).copied().flatten() }
        };
        Value::Series((0..self.periods).map(choose).collect())
    }

    fn joined(&self, operator: Operator, left: Value, right: Value) -> Value {
        match (left, right) {
            (Value::Scalar(left), Value::Scalar(right)) => Value::Scalar(join(operator, left, right)),
            (Value::Several(left), Value::Several(right)) => {
                let pairs = left.into_iter().zip(right);
                Value::Several(pairs.map(|(left, right)| self.pairwise(operator, &left, &right)).collect())
            }
            (Value::Several(left), right) => {
                let right = self.series(right);
                Value::Several(left.iter().map(|left| self.pairwise(operator, left, &right)).collect())
            }
            (left, Value::Several(right)) => {
                let left = self.series(left);
                Value::Several(right.iter().map(|right| self.pairwise(operator, &left, right)).collect())
            }
            (left, right) => Value::Series(self.pairwise(operator, &self.series(left), &self.series(right))),
        }
    }

    fn pairwise(&self, operator: Operator, left: &[Option<f64>], right: &[Option<f64>]) -> Numbers {
        let number = |numbers: &[Option<f64>], at: usize| numbers.get(at).copied().flatten();
        (0..self.periods).map(|at| join(operator, number(left, at), number(right, at))).collect()
    }

    /// Of one metric the whole of it, of several what they have in each period.
    fn summed_up(&self, value: Value, of: impl Fn(Vec<f64>) -> Option<f64>) -> Value {
        match value {
            Value::Scalar(number) => Value::Scalar(of(number.into_iter().collect())),
            Value::Series(numbers) => Value::Scalar(of(numbers.into_iter().flatten().collect())),
            Value::Several(several) => Value::Series(self.across(&several, of)),
        }
    }

    fn across(&self, several: &[Numbers], of: impl Fn(Vec<f64>) -> Option<f64>) -> Numbers {
        let column = |at: usize| {
            let present: Vec<f64> = several.iter().filter_map(|numbers| numbers.get(at).copied().flatten()).collect();
            if present.is_empty() { None } else { of(present) }
        };
        (0..self.periods).map(column).collect()
    }

    /// Each number by itself.
    fn each(&self, value: Value, of: impl Fn(f64) -> Option<f64>) -> Value {
        match value {
            Value::Scalar(number) => Value::Scalar(number.and_then(of)),
            other => self.mapped(other, |numbers| numbers.into_iter().map(|number| number.and_then(&of)).collect()),
        }
    }

    /// Each series by itself.
    fn mapped(&self, value: Value, of: impl Fn(Numbers) -> Numbers) -> Value {
        match value {
            Value::Several(several) => Value::Several(several.into_iter().map(of).collect()),
            other => Value::Series(of(self.series(other))),
        }
    }

    fn series(&self, value: Value) -> Numbers {
        match value {
            Value::Scalar(number) => vec![number; self.periods],
            Value::Series(numbers) => numbers,
            Value::Several(several) => self.across(&several, sum),
        }
    }

    /// From each number to the next one that there is: how much, and in how many seconds.
    fn steps(&self, numbers: &[Option<f64>], of: impl Fn(f64, f64) -> f64) -> Numbers {
        let mut last: Option<(usize, f64)> = None;
        let step = |(at, number): (usize, &Option<f64>)| {
            let number = (*number)?;
            let (before, from) = last.replace((at, number))?;
            let seconds = (at - before) as f64 * self.period_ms as f64 / 1000.0;
            finite(of(number - from, seconds))
        };
        numbers.iter().enumerate().map(step).collect()
    }
}

fn sum(numbers: Vec<f64>) -> Option<f64> {
    numbers.into_iter().reduce(|sum, number| sum + number)
}

/// AWS: where one side has no number, or the result is none, there is no result.
#[expect(clippy::float_cmp, reason = "that is what the formula asks for")]
fn join(operator: Operator, left: Option<f64>, right: Option<f64>) -> Option<f64> {
    let (left, right) = (left?, right?);
    let truth = |holds: bool| if holds { 1.0 } else { 0.0 };
    finite(match operator {
        Operator::Or => truth(left != 0.0 || right != 0.0),
        Operator::And => truth(left != 0.0 && right != 0.0),
        Operator::Equal => truth(left == right),
        Operator::NotEqual => truth(left != right),
        Operator::Less => truth(left < right),
        Operator::LessOrEqual => truth(left <= right),
        Operator::Greater => truth(left > right),
        Operator::GreaterOrEqual => truth(left >= right),
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        Operator::Power => power(left, right)?,
    })
}

/// Only whole powers: others differ from machine to machine.
fn power(base: f64, exponent: f64) -> Option<f64> {
    if exponent.fract() != 0.0 || exponent.abs() > EXPONENT_MAX {
        return None;
    }
    let whole = (0..exponent.abs() as u32).fold(1.0, |product, _| product * base);
    Some(if exponent < 0.0 { 1.0 / whole } else { whole })
}

fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

fn filled(numbers: Numbers, filler: &[Option<f64>]) -> Numbers {
    let fill = |(at, number): (usize, Option<f64>)| number.or_else(|| filler.get(at).copied().flatten());
    numbers.into_iter().enumerate().map(fill).collect()
}

/// What is missing is what was there last.
fn repeated(numbers: Numbers) -> Numbers {
    let mut last = None;
    let repeat = |number: Option<f64>| {
        last = number.or(last);
        last
    };
    numbers.into_iter().map(repeat).collect()
}

/// What is missing lies on the line between its neighbours; at the ends there is none.
fn linear(numbers: Numbers) -> Numbers {
    let present: Vec<(usize, f64)> =
        numbers.iter().enumerate().filter_map(|(at, number)| number.map(|number| (at, number))).collect();
    let fill = |(at, number): (usize, Option<f64>)| {
        number.or_else(|| {
            let next = present.partition_point(|(known, _)| *known < at);
            let ((from, low), (to, high)) = (present.get(next.checked_sub(1)?)?, present.get(next)?);
            finite(low + (high - low) * (at - from) as f64 / (to - from) as f64)
        })
    };
    numbers.into_iter().enumerate().map(fill).collect()
}
