use rehearsal_engine::asl::{Program, StateId, TransitionKind};

/// The points of a state machine that runs can reach: states, transitions, retriers, catchers and choice branches.
///
/// Points of all machines of a world are numbered together; a machine knows where its own begin.
#[derive(Debug, Default)]
pub struct MachinePoints {
    described: Vec<Point>,
    first: u32,
    by_state: Vec<StatePoints>,
}

/// One point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// What kind of thing it is.
    pub kind: PointKind,
    /// Which one: `Charge`, `Charge -> Ship`, `Charge, retrier 1`.
    pub text: String,
}

/// The kinds of points, in the order in which they are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PointKind {
    /// A state was entered.
    State,
    /// A `Next` was followed, or a branch or iteration started.
    Transition,
    /// A retrier took an error.
    Retrier,
    /// A catcher took an error.
    Catcher,
    /// A Choice took this rule, or its default.
    Branch,
}

impl PointKind {
    /// Every kind.
    pub const ALL: [PointKind; 5] =
        [PointKind::State, PointKind::Transition, PointKind::Retrier, PointKind::Catcher, PointKind::Branch];

    /// The kind in a table: `states`.
    pub fn plural(self) -> &'static str {
        match self {
            PointKind::State => "states",
            PointKind::Transition => "transitions",
            PointKind::Retrier => "retriers",
            PointKind::Catcher => "catchers",
            PointKind::Branch => "choice branches",
        }
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct StatePoints {
    retriers: u32,
    catchers: u32,
    rules: u32,
    default: Option<u32>,
    next: Option<u32>,
    into: Option<u32>,
}

impl MachinePoints {
    /// The points of `program`, numbered from `first` on.
    pub fn of(program: &Program, first: u32) -> MachinePoints {
        let path = |state: StateId| program.state(state).map(|state| state.path().to_string()).unwrap_or_default();
        let states =
            program.states().map(|(_, state)| Point { kind: PointKind::State, text: state.path().to_string() });
        let mut described: Vec<Point> = states.collect();
        let mut by_state = vec![StatePoints::default(); described.len()];
        let mut add = |kind, text| {
            described.push(Point { kind, text });
            first + described.len() as u32 - 1
        };
        for (id, state) in program.states() {
            let name = state.path();
            let retriers =
                (1..=state.retriers()).map(|number| add(PointKind::Retrier, format!("{name}, retrier {number}")));
            by_state[id.0 as usize].retriers = retriers.min().unwrap_or(0);
        }
        for transition in program.transitions() {
            let (from, to) = (transition.from.0 as usize, transition.to.0 as usize);
            let way = format!("{} -> {}", path(transition.from), path(transition.to));
            // Rules and catchers come one after the other: where the first one is, the others follow.
            match transition.kind {
                TransitionKind::Next => by_state[from].next = Some(add(PointKind::Transition, way)),
                TransitionKind::Into(_) => by_state[to].into = Some(add(PointKind::Transition, way)),
                TransitionKind::Choice(number) => {
                    let point = add(PointKind::Branch, format!("{way}, rule {}", number + 1));
                    by_state[from].rules = point - number;
                }
                TransitionKind::Default => {
                    by_state[from].default = Some(add(PointKind::Branch, format!("{way}, default")));
                }
                TransitionKind::Catch(number) => {
                    let point = add(PointKind::Catcher, format!("{way}, catcher {}", number + 1));
                    by_state[from].catchers = point - number;
                }
            }
        }
        MachinePoints { described, first, by_state }
    }

    /// Every point, in the order of the numbers.
    pub fn described(&self) -> &[Point] {
        &self.described
    }

    #[inline]
    pub(super) fn state(&self, state: StateId) -> u32 {
        self.first + state.0
    }

    /// How a state was entered: through the `Next` of another one, or as the start of its scope.
    #[inline]
    pub(super) fn way(&self, state: StateId, from: Option<StateId>) -> Option<u32> {
        match from {
            Some(from) => self.of_state(from).next,
            None => self.of_state(state).into,
        }
    }

    pub(super) fn retrier(&self, state: StateId, number: usize) -> u32 {
        self.of_state(state).retriers + number as u32
    }

    pub(super) fn catcher(&self, state: StateId, number: usize) -> u32 {
        self.of_state(state).catchers + number as u32
    }

    #[inline]
    pub(super) fn branch(&self, state: StateId, rule: Option<usize>) -> Option<u32> {
        let points = self.of_state(state);
        rule.map_or(points.default, |rule| Some(points.rules + rule as u32))
    }

    #[inline]
    fn of_state(&self, state: StateId) -> StatePoints {
        self.by_state.get(state.0 as usize).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_point_is_named_and_found_again() {
        let program = Program::compile(
            r#"{"StartAt": "Pay", "States": {
                "Pay": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:1:function:pay", "Next": "Paid",
                    "Retry": [{"ErrorEquals": ["A"]}, {"ErrorEquals": ["B"]}],
                    "Catch": [{"ErrorEquals": ["C"], "Next": "Late"}, {"ErrorEquals": ["States.ALL"], "Next": "Both"}]},
                "Paid": {"Type": "Choice", "Default": "Late",
                    "Choices": [{"Variable": "$.a", "IsPresent": true, "Next": "Late"}, {"Variable": "$.b", "IsPresent": true, "Next": "Both"}]},
                "Both": {"Type": "Parallel", "End": true, "Branches": [{"StartAt": "In", "States": {"In": {"Type": "Pass", "End": true}}}]},
                "Late": {"Type": "Fail"}}}"#,
        )
        .expect("a definition");
        let points = MachinePoints::of(&program, 100);
        let text = |point: u32| points.described()[point as usize - 100].text.as_str();
        let state = |path: &str| program.find(path).expect("a state");
        assert_eq!(text(points.state(state("Both"))), "Both");
        assert_eq!(text(points.retrier(state("Pay"), 1)), "Pay, retrier 2");
        assert_eq!(text(points.catcher(state("Pay"), 0)), "Pay -> Late, catcher 1");
        assert_eq!(text(points.catcher(state("Pay"), 1)), "Pay -> Both, catcher 2");
        assert_eq!(points.branch(state("Paid"), Some(1)).map(text), Some("Paid -> Both, rule 2"));
        assert_eq!(points.branch(state("Paid"), None).map(text), Some("Paid -> Late, default"));
        assert_eq!(points.way(state("Paid"), Some(state("Pay"))).map(text), Some("Pay -> Paid"));
        assert_eq!(points.way(state("Both[0].In"), None).map(text), Some("Both -> Both[0].In"));
        assert_eq!(points.way(state("Pay"), None), None);
    }
}
