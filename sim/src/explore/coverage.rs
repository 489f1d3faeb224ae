use std::sync::Arc;

use serde::Serialize;

use super::Sweep;
use crate::services::stepfunctions::{Point, PointKind};
use crate::world::{Ends, FaultId, When};

/// What a sweep reached and what it did not, with a hint for what it did not: a table on the terminal, or JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// By state machine.
    pub machines: Vec<MachineCoverage>,
    /// By state machine: how its executions ended.
    pub executions: Vec<EndCoverage>,
    /// By function: how its invocations ended.
    pub functions: Vec<EndCoverage>,
    /// The faults that are on.
    pub faults: Vec<FaultCoverage>,
    /// The `sometimes`.
    pub sometimes: Vec<SometimesCoverage>,
}

/// What of a state machine was reached.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MachineCoverage {
    /// Its name.
    pub name: Arc<str>,
    /// Its points, in their order.
    pub points: Vec<PointCoverage>,
}

/// A state, transition, retrier, catcher or choice branch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PointCoverage {
    /// What it is.
    pub kind: PointKind,
    /// Which one.
    pub name: String,
    /// How often runs reached it.
    pub times: u64,
    /// When that is never: what may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'static str>,
}

/// How the invocations of a function or the executions of a state machine ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct EndCoverage {
    /// Its name.
    pub name: Arc<str>,
    /// How many succeeded.
    pub succeeded: u64,
    /// How many did not.
    pub failed: u64,
    /// When none succeeded: the error that most ended with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<Arc<str>>,
    /// When none succeeded: what may help.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'static str>,
}

/// Where a fault struck.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultCoverage {
    /// Its id.
    pub fault: &'static str,
    /// How often it could have struck.
    pub offered: u64,
    /// How often it struck.
    pub struck: u64,
    /// Its injection points, as far as runs came across them.
    pub points: Vec<InjectionCoverage>,
    /// When it never struck: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hint: Option<&'static str>,
}

/// One injection point.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InjectionCoverage {
    /// What the fault strikes there: `dynamodb:UpdateItem`.
    pub operation: String,
    /// Whose doing that is: a function, a state, a rule.
    pub place: String,
    /// How often it struck.
    pub struck: u64,
}

/// A `sometimes`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SometimesCoverage {
    /// Its name.
    pub name: Arc<str>,
    /// In how many runs it was reached.
    pub runs: u64,
}

impl Coverage {
    /// What `sweep` covered of these state machines, functions, faults and invariants.
    pub fn of(
        sweep: &Sweep,
        machines: &[(Arc<str>, Vec<Point>)],
        functions: &[Arc<str>],
        faults: &[FaultId],
        invariants: &[(Arc<str>, When)],
    ) -> Coverage {
        let mut times = sweep.counts.points.iter().copied().chain(std::iter::repeat(0));
        let mut point = |point: &Point| {
            let times = times.next().unwrap_or(0);
            let hint = (times == 0).then_some(hint(point.kind));
            PointCoverage { kind: point.kind, name: point.text.clone(), times, hint }
        };
        let machine = |(name, points): &(Arc<str>, Vec<Point>)| MachineCoverage {
            name: name.clone(),
            points: points.iter().map(&mut point).collect(),
        };
        let reached = |place: usize| sweep.reached.get(place).copied().unwrap_or(0);
        let sometimes = invariants.iter().enumerate().filter(|(_, (_, when))| *when == When::Sometimes);
        Coverage {
            machines: machines.iter().map(machine).collect(),
            executions: (0..)
                .zip(machines)
                .map(|(place, (name, _))| end_coverage(&sweep.counts.executions.of(place), name))
                .collect(),
            functions: (0..)
                .zip(functions)
                .map(|(place, name)| end_coverage(&sweep.counts.functions.of(place), name))
                .collect(),
            faults: faults.iter().map(|fault| fault_coverage(sweep, *fault)).collect(),
            sometimes: sometimes
                .map(|(place, (name, _))| SometimesCoverage { name: name.clone(), runs: reached(place) })
                .collect(),
        }
    }
}

fn end_coverage(ends: &Ends, name: &Arc<str>) -> EndCoverage {
    let error = ends.usual_error().cloned();
    let hint = error.as_ref().map(|error| {
        if error.starts_with("Runtime.ImportModuleError") {
            "put the modules that it imports beside its code, or mock it: site packages are not seen"
        } else {
            "what holds although nothing gets past this may hold for the wrong reason"
        }
    });
    EndCoverage { name: name.clone(), succeeded: ends.succeeded, failed: ends.failed, error, hint }
}

fn fault_coverage(sweep: &Sweep, fault: FaultId) -> FaultCoverage {
    let of_fault = sweep.injection_points.iter().filter(|(point, _)| point.fault == fault);
    let points: Vec<InjectionCoverage> = of_fault
        .map(|(point, (operation, place))| InjectionCoverage {
            operation: operation.clone(),
            place: place.clone(),
            struck: sweep.counts.strikes.get(point).copied().unwrap_or(0),
        })
        .collect();
    let offered = sweep.counts.offered.get(fault as usize).copied().unwrap_or(0);
    let struck = points.iter().map(|point| point.struck).sum();
    let hint = match (offered, struck) {
        (0, _) => Some("no run does what it strikes"),
        (_, 0) => Some("too rare for so few runs: more seeds, --strategy swarm, or a higher rate in the scenario"),
        _ => None,
    };
    FaultCoverage { fault: fault.spec().id, offered, struck, points, hint }
}

fn hint(kind: PointKind) -> &'static str {
    match kind {
        PointKind::State | PointKind::Transition => "no run leads there: see what stands before it",
        PointKind::Retrier => "no error that it names was raised there: is the name right, is the fault on?",
        PointKind::Catcher => {
            "no error that it names was left to it: is the name right, does a retrier outlast the fault?"
        }
        PointKind::Branch => "no input took it: widen the workload",
    }
}
