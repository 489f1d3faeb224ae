//! Calls that can never work: intrinsic functions with the wrong arguments, functions nobody defines.

use super::expressions::What;
use super::machine::Machine;
use crate::source::Diagnostic;

pub(super) fn check(machine: &Machine, problems: &mut Vec<Diagnostic>) {
    for written in machine.states.iter().flat_map(|state| &state.written) {
        let (span, location) = (written.node.span, &written.location);
        match &written.what {
            What::Path(_) => {}
            // AWS: such a call raises States.Runtime, `Invalid arguments in States.<Function>`, which nothing catches.
            What::Call(call) => {
                if call.text().split('\'').step_by(2).any(|unquoted| unquoted.contains(" (")) {
                    let message = "there is a blank between the function's name and its '('";
                    let problem = Diagnostic::warning("intrinsic-blank", span, location.clone(), message);
                    problems.push(problem.hint("remove it: AWS documents none there"));
                }
                if let Some(message) = call.misuse() {
                    let problem = Diagnostic::error("intrinsic-misuse", span, location.clone(), message);
                    problems.push(problem.hint("the call fails the execution whenever it is made: mend its arguments"));
                }
            }
            // AWS: calling what is no function raises States.QueryEvaluationError.
            What::Jsonata(jsonata) => {
                for name in &jsonata.unknown_functions {
                    let message = format!("there is no function '${name}'");
                    let hint = match name.as_str() {
                        "eval" => "AWS has no $eval; for JSON text there is $parse",
                        _ => {
                            "AWS has the functions of JSONata and $partition, $range, $hash, $random, $uuid and $parse"
                        }
                    };
                    problems.push(Diagnostic::warning("unknown-function", span, location.clone(), message).hint(hint));
                }
            }
        }
    }
}
