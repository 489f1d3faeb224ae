//! Retry and Catch.

use std::sync::Arc;

use super::compile::Names;
use super::fields::{Fields, Language, SECONDS_MAX};
use super::formula::{Computed, Knows};
use super::program::{Place, StateId};
use crate::source::Node;

/// AWS: documented upper bound (exclusive) of `MaxDelaySeconds`, one leap year.
const MAX_DELAY_SECONDS: i64 = 31_622_399;

#[derive(Debug)]
pub(crate) struct Retrier {
    pub(crate) errors: Vec<ErrorPattern>,
    pub(crate) interval_seconds: u64,
    pub(crate) max_attempts: u64,
    pub(crate) backoff_rate: f64,
    pub(crate) max_delay_seconds: Option<u64>,
    pub(crate) full_jitter: bool,
}

#[derive(Debug)]
pub(crate) struct Catcher {
    pub(crate) errors: Vec<ErrorPattern>,
    pub(crate) next: StateId,
    pub(crate) result_path: Place,
    /// JSONata's `Output`.
    pub(crate) output: Option<Computed>,
    pub(crate) assign: Option<Computed>,
}

/// One name of `ErrorEquals`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ErrorPattern {
    All,
    TaskFailed,
    Timeout,
    HeartbeatTimeout,
    Name(Arc<str>),
}

impl Retrier {
    /// How long to wait before retry `number` (from 1), jitter aside.
    ///
    /// AWS: `IntervalSeconds` × `BackoffRate`^(number-1), then `MaxDelaySeconds` caps it. Powers are plain products,
    /// because library functions differ between machines.
    pub(crate) fn delay_ms(&self, number: u64) -> u64 {
        let cap_ms = self.max_delay_seconds.unwrap_or(SECONDS_MAX as u64).saturating_mul(1000);
        let mut delay = self.interval_seconds as f64 * 1000.0;
        let mut left = number.saturating_sub(1);
        while left > 0 && delay < cap_ms as f64 && self.backoff_rate > 1.0 {
            delay *= self.backoff_rate;
            left -= 1;
        }
        (delay as u64).min(cap_ms)
    }
}

pub(super) fn retriers(fields: &mut Fields) -> Vec<Retrier> {
    let Some(nodes) = rules(fields, "Retry") else { return Vec::new() };
    let mut retriers = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let mut rule = Fields::new(node, &format!("{}/Retry[{at}]", fields.location));
        let known = [
            "ErrorEquals",
            "IntervalSeconds",
            "MaxAttempts",
            "BackoffRate",
            "MaxDelaySeconds",
            "JitterStrategy",
            "Comment",
        ];
        unknown_fields(&mut rule, &known);
        let errors = error_equals(&mut rule, at + 1 == nodes.len());
        let full_jitter = match rule.string("JitterStrategy").map(|text| &**text) {
            None | Some("NONE") => false,
            Some("FULL") => true,
            Some(_) => {
                rule.field_problem(
                    "JitterStrategy",
                    "The field 'JitterStrategy' should have one of these values: [FULL, NONE]",
                );
                false
            }
        };
        let interval_seconds = rule.integer("IntervalSeconds", 1, SECONDS_MAX).unwrap_or(1);
        let max_delay_seconds = rule.integer("MaxDelaySeconds", 1, MAX_DELAY_SECONDS);
        if max_delay_seconds.is_some_and(|most| most <= interval_seconds) {
            rule.field_problem("MaxDelaySeconds", "MaxDelaySeconds must be greater than IntervalSeconds");
        }
        retriers.push(Retrier {
            errors,
            interval_seconds,
            max_attempts: rule.integer("MaxAttempts", 0, SECONDS_MAX).unwrap_or(3),
            backoff_rate: rule.number("BackoffRate", 1.0).unwrap_or(2.0),
            max_delay_seconds,
            full_jitter,
        });
        fields.absorb(&mut rule);
    }
    retriers
}

pub(super) fn catchers(fields: &mut Fields, names: &mut Names, language: Language) -> Vec<Catcher> {
    let Some(nodes) = rules(fields, "Catch") else { return Vec::new() };
    let mut catchers = Vec::with_capacity(nodes.len());
    for (at, node) in nodes.iter().enumerate() {
        let mut rule = Fields::new(node, &format!("{}/Catch[{at}]", fields.location));
        let own = if language == Language::Jsonata { "Output" } else { "ResultPath" };
        unknown_fields(&mut rule, &["ErrorEquals", "Next", own, "Assign", "Comment"]);
        let prefix = format!("Catch[{at}]/");
        let errors = error_equals(&mut rule, at + 1 == nodes.len());
        rule.require(&["Next"]);
        let next = names.target(&mut rule, "Next");
        let result_path = if language == Language::Jsonata { Place::Whole } else { rule.place("ResultPath") };
        let output = rule.formula("Output", &prefix, Knows::ErrorOutput, language);
        let assign = super::states::assign(&mut rule, &prefix, Knows::ErrorOutput, language);
        if let Some(next) = next {
            catchers.push(Catcher { errors, next, result_path, output, assign });
        }
        fields.absorb(&mut rule);
    }
    catchers
}

/// The rules under `key`; an empty list is legal and means none.
fn rules<'n>(fields: &mut Fields<'n>, key: &str) -> Option<&'n [Node]> {
    let nodes = fields.node.get(key)?.as_array();
    if nodes.is_none() {
        fields.field_problem(key, "Expected value of type Array");
    }
    nodes
}

fn unknown_fields(rule: &mut Fields, known: &[&str]) {
    for member in rule.node.members() {
        if !known.contains(&&*member.key) {
            rule.problem(format!("Field '{}' is not supported", member.key));
        }
    }
}

fn error_equals(rule: &mut Fields, is_last: bool) -> Vec<ErrorPattern> {
    rule.require(&["ErrorEquals"]);
    let mut patterns = Vec::new();
    for node in rule.array("ErrorEquals").unwrap_or_default() {
        match node.as_str() {
            Some(name) => patterns.push(match name {
                "States.ALL" => ErrorPattern::All,
                "States.TaskFailed" => ErrorPattern::TaskFailed,
                "States.Timeout" => ErrorPattern::Timeout,
                "States.HeartbeatTimeout" => ErrorPattern::HeartbeatTimeout,
                _ => ErrorPattern::Name(name.into()),
            }),
            None => rule.field_problem("ErrorEquals", "Expected value of type String"),
        }
    }
    if patterns.contains(&ErrorPattern::All) && (patterns.len() > 1 || !is_last) {
        rule.problem_with_hint(
            "States.ALL must appear alone and at end of list",
            "give States.ALL a rule of its own, the last one: what stands behind it could never match",
        );
    }
    patterns
}
