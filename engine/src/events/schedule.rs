//! Schedule expressions of rules: `rate(5 minutes)` and `cron(0 10 * * ? *)`, in UTC.

mod cron;

use std::fmt;

use super::calendar::{MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE};
use cron::Cron;

/// When a rule is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule(Form);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Form {
    Rate { period_ms: u64 },
    Cron(Box<Cron>),
}

/// An expression that is no schedule. Its text is AWS's message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSchedule;

impl Schedule {
    /// Reads an expression. AWS takes no blanks around it or its parentheses, and units in lower case only.
    pub fn parse(text: &str) -> Result<Schedule, InvalidSchedule> {
        let body = |name: &str| text.strip_prefix(name)?.strip_prefix('(')?.strip_suffix(')');
        let form = if let Some(rate) = body("rate") {
            rate_period_ms(rate).map(|period_ms| Form::Rate { period_ms })
        } else {
            body("cron").and_then(Cron::parse).map(|cron| Form::Cron(Box::new(cron)))
        };
        form.map(Schedule).ok_or(InvalidSchedule)
    }

    /// The first instant after `after_ms` at which the schedule is due; `None` when it never is again. A rate counts
    /// from `after_ms`: the rule's creation, then each time it was due.
    pub fn next_after(&self, after_ms: u64) -> Option<u64> {
        match &self.0 {
            Form::Rate { period_ms } => after_ms.checked_add(*period_ms),
            Form::Cron(cron) => cron.next_after(after_ms),
        }
    }
}

impl fmt::Display for InvalidSchedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Parameter ScheduleExpression is not valid.")
    }
}

impl std::error::Error for InvalidSchedule {}

fn rate_period_ms(text: &str) -> Option<u64> {
    let (count, unit) = text.split_once(' ')?;
    if !count.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let count: u64 = count.parse().ok()?;
    // AWS: the unit is singular if and only if the number is 1.
    let unit_ms = match (count, unit) {
        (1, "minute") | (2.., "minutes") => MS_PER_MINUTE,
        (1, "hour") | (2.., "hours") => MS_PER_HOUR,
        (1, "day") | (2.., "days") => MS_PER_DAY,
        _ => return None,
    };
    count.checked_mul(unit_ms)
}

#[cfg(test)]
mod tests;
