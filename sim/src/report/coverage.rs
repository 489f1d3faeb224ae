//! What a sweep reached, as a table; what it never reached, with a hint.

use std::fmt::Write as _;

use super::summary::wrapped;
use crate::explore::{Coverage, EndCoverage, MachineCoverage, PointCoverage};
use crate::services::stepfunctions::PointKind;

/// The coverage in lines of at most 100 columns, names permitting.
pub(super) fn write_coverage(out: &mut String, coverage: &Coverage) {
    let _ = writeln!(out, "\ncoverage");
    if !coverage.machines.is_empty() {
        machines(out, coverage);
    }
    for machine in &coverage.machines {
        for kind in PointKind::ALL {
            never(out, machine, kind);
        }
    }
    failing(out, &coverage.executions, "executions");
    failing(out, &coverage.functions, "invocations");
    faults(out, coverage);
}

/// A line for each state machine, under their heads.
fn machines(out: &mut String, coverage: &Coverage) {
    let names = coverage.machines.iter().map(|machine| machine.name.chars().count());
    let width = names.max().unwrap_or(0).clamp("state machine".len(), 40);
    let kinds: Vec<&str> = PointKind::ALL.iter().map(|kind| kind.plural()).collect();
    let _ = writeln!(out, "  {:<width$}  {}", "state machine", kinds.join("  "));
    for machine in &coverage.machines {
        let mut line = format!("  {:<width$}", machine.name);
        for kind in PointKind::ALL {
            let all = of_kind(machine, kind);
            let reached = all.iter().filter(|point| point.times > 0).count();
            let cell = if all.is_empty() { "-".to_owned() } else { format!("{reached}/{}", all.len()) };
            let _ = write!(line, "  {cell:<columns$}", columns = kind.plural().len());
        }
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// So much is shown of an error.
const ERROR_CHARS_MAX: usize = 300;

/// What never succeeded: what holds although nothing gets past it may hold for the wrong reason.
fn failing(out: &mut String, all: &[EndCoverage], what: &str) {
    for EndCoverage { name, failed, error, hint, .. } in all {
        let (Some(error), Some(hint)) = (error, hint) else { continue };
        let _ = writeln!(out, "  {name}: none of its {failed} {what} succeeded");
        let error: String = error.chars().take(ERROR_CHARS_MAX).collect();
        wrapped(out, "    ", &error.split(' ').collect::<Vec<_>>(), " ");
        let _ = writeln!(out, "    {hint}");
    }
}

/// Points that are named; of the others only the number.
const NAMED_MAX: usize = 12;

fn never(out: &mut String, machine: &MachineCoverage, kind: PointKind) {
    let unreached = of_kind(machine, kind).into_iter().filter(|point| point.times == 0);
    // A way into a state that no run enters, or out of it, says nothing that the state does not say.
    let of_state = |name: &str| {
        machine
            .points
            .iter()
            .any(|point| point.kind == PointKind::State && point.times == 0 && is_about(name, &point.name))
    };
    let unreached: Vec<&PointCoverage> =
        unreached.filter(|point| kind == PointKind::State || !of_state(&point.name)).collect();
    let Some(first) = unreached.first() else { return };
    let mut names: Vec<&str> = unreached.iter().take(NAMED_MAX).map(|point| point.name.as_str()).collect();
    let more = format!("and {} more", unreached.len().saturating_sub(NAMED_MAX));
    if unreached.len() > NAMED_MAX {
        names.push(&more);
    }
    let _ = writeln!(out, "  {}: {} never reached", machine.name, kind.plural());
    wrapped(out, "    ", &names, "; ");
    let _ = writeln!(out, "    {}", first.hint.unwrap_or_default());
}

/// Whether a point called `name` is about `state`: its own, or a way from it or to it.
fn is_about(name: &str, state: &str) -> bool {
    name.split(" -> ").any(|end| end == state || end.strip_prefix(state).is_some_and(|rest| rest.starts_with(", ")))
}

fn of_kind(machine: &MachineCoverage, kind: PointKind) -> Vec<&PointCoverage> {
    machine.points.iter().filter(|point| point.kind == kind).collect()
}

fn faults(out: &mut String, coverage: &Coverage) {
    let all = &coverage.faults;
    if all.is_empty() {
        return;
    }
    let met: Vec<_> = all.iter().filter(|fault| fault.offered > 0).collect();
    let struck = met.iter().filter(|fault| fault.struck > 0).count();
    let points = || met.iter().flat_map(|fault| &fault.points);
    let points_struck = points().filter(|point| point.struck > 0).count();
    let total = points().count();
    let _ = writeln!(out, "  faults: {struck} of {} struck, at {points_struck} of {total} injection points", met.len());
    if all.len() > met.len() {
        // Which ones is in the JSON.
        let _ = writeln!(out, "    {} others have nothing to strike here", all.len() - met.len());
    }
    let silent: Vec<_> = met.into_iter().filter(|fault| fault.struck == 0).collect();
    if let Some(first) = silent.first() {
        let ids: Vec<&str> = silent.iter().map(|fault| fault.fault).collect();
        wrapped(out, "  faults that never struck: ", &ids, ", ");
        let _ = writeln!(out, "    {}", first.hint.unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_way_is_about_the_states_at_its_ends() {
        assert!(is_about("Pay -> Ship", "Ship") && is_about("Pay -> Ship, catcher 1", "Ship"));
        assert!(is_about("Pay, retrier 1", "Pay") && is_about("Pay -> Ship", "Pay"));
        assert!(!is_about("Pay -> Shipped", "Ship") && !is_about("PayLater, retrier 1", "Pay"));
    }
}
