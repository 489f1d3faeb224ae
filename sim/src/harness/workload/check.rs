use std::collections::BTreeSet;
use std::sync::Arc;

use rehearsal_engine::query::jsonata::{Dialect, Expression, Reads};
use rehearsal_engine::source::Diagnostic;

use super::step::{bound_late, is_late};
use super::{ACTOR, FUNCTIONS, OUTPUTS};
use crate::diagnostics::Problem;
use crate::harness::expression::Known;
use crate::harness::value::{self, Scope, place_of};
use crate::scenario::{self, Loaded};

/// What an expression may draw with; one that looks at the world may not.
const DRAWS: [&str; 6] = ["draw", "pick", "chance", "random", "shuffle", "uuid"];

/// Finds every problem of the workload's expressions.
pub fn check(loaded: &Loaded, problems: &mut Vec<Problem>) {
    let known = Known::of(loaded);
    for actor in &loaded.scenario.workload {
        let path = format!("/workload/{}", actor.name);
        let mut variables: Vec<&str> = vec![ACTOR, OUTPUTS];
        let mut late: BTreeSet<Arc<str>> = BTreeSet::new();
        for step in &actor.steps {
            let scope = Scope { functions: &FUNCTIONS, variables: &variables };
            step.each_value(&mut |value| {
                value::check(value, &path, &scope, problems);
                value.each_expression(&mut |written| check_look(written, &path, &known, &late, problems));
            });
            for name in step.binds() {
                if variables.contains(&&**name) {
                    let message = format!("the variable '{name}' is bound twice");
                    let problem = Diagnostic::error("duplicate-name", step.place.span, path.clone(), message);
                    problems.push(Problem::new(step.place.source, problem.hint("give it another name")));
                }
                variables.push(name);
            }
            late.extend(bound_late(step, &late));
        }
    }
}

/// Finds what is wrong with an expression that reads the world.
fn check_look(
    written: &scenario::Expression,
    path: &str,
    known: &Known,
    late: &BTreeSet<Arc<str>>,
    problems: &mut Vec<Problem>,
) {
    // What does not parse has been reported.
    let Ok(expression) = Expression::compile(written.text.as_str(), Dialect::Scenario) else { return };
    let mut report = |name: &str, code, message: String, hint: Option<String>| {
        let mut problem = Diagnostic::error(code, place_of(written, name), path, message);
        problem.hint = hint;
        problems.push(Problem::new(written.place.source, problem));
    };
    if let Reads::Paths(paths) = expression.reads() {
        for path in paths {
            if let Some((name, message, hint)) = known.missing(path) {
                report(name, "unknown-name", message, hint);
            }
        }
    }
    if !is_late(&expression, late) {
        return;
    }
    for draw in DRAWS.into_iter().filter(|draw| expression.analysis().functions().contains(*draw)) {
        let message = format!("'${draw}' draws, in an expression that looks at the world");
        let hint = "draw in a 'let:' before it: everything is drawn when a run is planned".to_owned();
        report(draw, "late-draw", message, Some(hint));
    }
}
