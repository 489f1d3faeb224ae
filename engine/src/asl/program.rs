use std::fmt;
use std::sync::Arc;

use super::choice::Rule;
use super::distributed::Distributed;
use super::errors::{Catcher, Retrier};
use super::formula::{Computed, Formula};
use super::resource::Resource;
use super::timestamp::Instant;
use crate::json::Json;
use crate::query::{Intrinsic, NoSurroundings, Path, ReferencePath, Scope as QueryScope};
use crate::source::{Diagnostic, Node, Span, read_json};

/// Number of a state within its program; states of one scope are neighbours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StateId(pub u32);

impl StateId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// Number of a scope: the whole machine is 0, then every branch and item processor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ScopeId(pub(crate) u32);

impl ScopeId {
    pub(crate) const ROOT: ScopeId = ScopeId(0);

    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A compiled definition. Immutable; any number of executions share one.
#[derive(Debug)]
pub struct Program {
    pub(super) states: Vec<State>,
    pub(super) scopes: Vec<Scope>,
    pub(super) timeout_seconds: Option<u64>,
    pub(super) comment: Option<Arc<str>>,
    pub(super) warnings: Vec<Diagnostic>,
}

/// A machine, a branch or an item processor: a start and a block of states.
#[derive(Debug)]
pub(crate) struct Scope {
    pub(crate) start: StateId,
    pub(crate) first: StateId,
    pub(crate) count: u32,
}

/// The eight types of states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum StateType {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

impl StateType {
    /// As a definition writes it: `Pass`.
    pub fn name(self) -> &'static str {
        match self {
            StateType::Pass => "Pass",
            StateType::Task => "Task",
            StateType::Choice => "Choice",
            StateType::Wait => "Wait",
            StateType::Succeed => "Succeed",
            StateType::Fail => "Fail",
            StateType::Parallel => "Parallel",
            StateType::Map => "Map",
        }
    }

    pub(crate) fn of(name: &str) -> Option<StateType> {
        use StateType::{Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait};
        [Pass, Task, Choice, Wait, Succeed, Fail, Parallel, Map].into_iter().find(|known| known.name() == name)
    }
}

/// One state of a program.
#[derive(Debug)]
pub struct State {
    pub(super) name: Arc<str>,
    pub(super) path: Arc<str>,
    pub(super) location: Arc<str>,
    pub(super) span: Span,
    pub(crate) work: Work,
    pub(crate) data: DataFlow,
    pub(crate) next: Next,
    pub(crate) retriers: Vec<Retrier>,
    pub(crate) catchers: Vec<Catcher>,
}

/// Where a state leads when its work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    State(StateId),
    End,
}

/// What a state does, with everything parsed.
#[derive(Debug)]
pub(crate) enum Work {
    Pass { result: Option<Json> },
    Task(Box<TaskWork>),
    Choice { rules: Vec<Rule>, default: Option<StateId> },
    Wait(Delay),
    Succeed,
    Fail { error: Option<Text>, cause: Option<Text> },
    Parallel { branches: Vec<ScopeId> },
    Map(Box<MapWork>),
}

#[derive(Debug)]
pub(crate) struct TaskWork {
    pub(crate) resource: Arc<Resource>,
    pub(crate) timeout: Option<Seconds>,
    pub(crate) heartbeat: Option<Seconds>,
    /// An object with `RoleArn`.
    pub(crate) credentials: Option<Computed>,
}

#[derive(Debug)]
pub(crate) struct MapWork {
    pub(crate) processor: ScopeId,
    pub(crate) items_path: Select,
    /// JSONata's `Items`.
    pub(crate) items: Option<Formula>,
    pub(crate) item_selector: Option<Computed>,
    pub(crate) max_concurrency: Option<Seconds>,
    /// Set in DISTRIBUTED mode.
    pub(crate) distributed: Option<Box<Distributed>>,
}

/// A number of seconds (or another whole number), literal or read from the input.
#[derive(Debug)]
pub(crate) enum Seconds {
    Literal(u64),
    Path(Path),
    Formula(Formula),
}

#[derive(Debug)]
pub(crate) enum Delay {
    Seconds(u64),
    SecondsPath(Path),
    Timestamp(Instant),
    TimestampPath(Path),
    SecondsFormula(Formula),
    TimestampFormula(Formula),
}

/// The text of `Error` or `Cause`, literal or computed.
#[derive(Debug)]
pub(crate) enum Text {
    Literal(Arc<str>),
    Path(Path),
    Intrinsic(Intrinsic),
    Formula(Formula),
}

/// What flows into a state and out of it.
///
/// JSONPath's five fields, or JSONata's two: `Arguments` stands in `parameters`, `Output` in `output`, and the paths
/// are left at what changes nothing.
#[derive(Debug, Default)]
pub(crate) struct DataFlow {
    pub(crate) input_path: Select,
    pub(crate) parameters: Option<Computed>,
    pub(crate) result_selector: Option<Computed>,
    pub(crate) result_path: Place,
    pub(crate) output_path: Select,
    pub(crate) output: Option<Computed>,
    pub(crate) assign: Option<Computed>,
    pub(crate) is_jsonata: bool,
}

/// `InputPath`, `OutputPath`, `ItemsPath`: what to take of a value.
#[derive(Debug, Default)]
pub(crate) enum Select {
    /// `$`, the default.
    #[default]
    Whole,
    /// `null`: an empty object.
    Nothing,
    Path(Path),
}

/// `ResultPath`: where to put the result.
#[derive(Debug, Default)]
pub(crate) enum Place {
    /// `$`, the default: the result replaces everything.
    #[default]
    Whole,
    /// `null`: the result is dropped.
    Discard,
    At(ReferencePath),
}

/// A way from one state to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    /// Where it starts.
    pub from: StateId,
    /// Where it leads.
    pub to: StateId,
    /// Which field of the definition it is.
    pub kind: TransitionKind,
}

/// The field a transition stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransitionKind {
    /// `Next`
    Next,
    /// `Choices[index].Next`
    Choice(u32),
    /// `Default`
    Default,
    /// `Catch[index].Next`
    Catch(u32),
    /// From a Parallel or Map into the start of branch `index` (0 for an item processor).
    Into(u32),
}

impl Program {
    /// Compiles definition text; on failure all problems, in the order of the text.
    pub fn compile(text: &str) -> Result<Program, Vec<Diagnostic>> {
        if text.trim().is_empty() {
            // AWS: an empty text is not "broken JSON" but "not an object".
            let message = "Definition must be a valid JSON object";
            return Err(vec![Diagnostic::error("SCHEMA_VALIDATION_FAILED", Span::default(), "", message)]);
        }
        Program::from_node(&read_json(text).map_err(|problem| vec![problem])?)
    }

    /// Compiles a definition that was read elsewhere, for instance out of a YAML template.
    pub fn from_node(node: &Node) -> Result<Program, Vec<Diagnostic>> {
        let (program, problems) = super::compile::compile(node);
        program.ok_or(problems)
    }

    /// Everything that [`Program::from_node`] has to say about a definition, warnings included.
    pub fn problems_of(node: &Node) -> Vec<Diagnostic> {
        super::compile::compile(node).1
    }

    /// What works, but is likely to hurt.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// The machine's `Comment`.
    pub fn comment(&self) -> Option<&str> {
        self.comment.as_deref()
    }

    /// The machine's `TimeoutSeconds`.
    pub fn timeout_seconds(&self) -> Option<u64> {
        self.timeout_seconds
    }

    /// All states, those of nested scopes after their outer ones.
    pub fn states(&self) -> impl ExactSizeIterator<Item = (StateId, &State)> {
        self.states.iter().enumerate().map(|(at, state)| (StateId(at as u32), state))
    }

    /// The state with this number.
    pub fn state(&self, id: StateId) -> Option<&State> {
        self.states.get(id.index())
    }

    /// The state with this full path: `Charge`, `Both[1].Charge`, `EachItem.Reserve`.
    pub fn find(&self, path: &str) -> Option<StateId> {
        self.states.iter().position(|state| *state.path == *path).map(|at| StateId(at as u32))
    }

    /// The state in which every execution begins.
    pub fn start(&self) -> StateId {
        self.scopes[ScopeId::ROOT.index()].start
    }

    /// Whether it has what came to the language in November 2024: variables or JSONata.
    pub fn uses_variables_or_jsonata(&self) -> bool {
        self.states.iter().any(|state| {
            let assigns = |assign: &Option<Computed>| assign.is_some();
            let rules = match &state.work {
                Work::Choice { rules, .. } => &rules[..],
                _ => &[],
            };
            state.data.is_jsonata
                || assigns(&state.data.assign)
                || state.catchers.iter().any(|catcher| assigns(&catcher.assign))
                || rules.iter().any(|rule| assigns(&rule.assign))
        })
    }

    /// All ways from one state to another, in the order of the states.
    pub fn transitions(&self) -> Vec<Transition> {
        let mut found = Vec::new();
        for (from, state) in self.states() {
            let mut push = |to, kind| found.push(Transition { from, to, kind });
            if let Next::State(to) = state.next {
                push(to, TransitionKind::Next);
            }
            match &state.work {
                Work::Choice { rules, default } => {
                    for (at, rule) in rules.iter().enumerate() {
                        push(rule.next, TransitionKind::Choice(at as u32));
                    }
                    if let Some(to) = default {
                        push(*to, TransitionKind::Default);
                    }
                }
                Work::Parallel { branches } => {
                    for (at, branch) in branches.iter().enumerate() {
                        push(self.scopes[branch.index()].start, TransitionKind::Into(at as u32));
                    }
                }
                Work::Map(map) => push(self.scopes[map.processor.index()].start, TransitionKind::Into(0)),
                _ => {}
            }
            for (at, catcher) in state.catchers.iter().enumerate() {
                push(catcher.next, TransitionKind::Catch(at as u32));
            }
        }
        found
    }

    /// What an Express state machine may not contain.
    pub fn express_problems(&self) -> Vec<Diagnostic> {
        let mut problems = Vec::new();
        for state in &self.states {
            let Work::Task(task) = &state.work else { continue };
            let Some(message) = task.resource.refused_by_express() else { continue };
            let path = format!("{}/Resource", state.location);
            problems.push(Diagnostic::error("SCHEMA_VALIDATION_FAILED", state.span, path, message));
        }
        problems
    }

    #[inline]
    pub(crate) fn at(&self, id: StateId) -> &State {
        &self.states[id.index()]
    }

    #[inline]
    pub(crate) fn scope(&self, id: ScopeId) -> &Scope {
        &self.scopes[id.index()]
    }
}

impl State {
    /// The state's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The name with the scopes around it: `Both[1].Charge`.
    pub fn path(&self) -> &Arc<str> {
        &self.path
    }

    /// Where AWS says the state is: `/States/Both/Branches[1]/States/Charge`.
    pub fn location(&self) -> &Arc<str> {
        &self.location
    }

    /// Where the state stands in the text.
    pub fn span(&self) -> Span {
        self.span
    }

    /// The state's type.
    pub fn state_type(&self) -> StateType {
        match self.work {
            Work::Pass { .. } => StateType::Pass,
            Work::Task(_) => StateType::Task,
            Work::Choice { .. } => StateType::Choice,
            Work::Wait(_) => StateType::Wait,
            Work::Succeed => StateType::Succeed,
            Work::Fail { .. } => StateType::Fail,
            Work::Parallel { .. } => StateType::Parallel,
            Work::Map(_) => StateType::Map,
        }
    }

    /// What a Task calls.
    pub fn resource(&self) -> Option<&Arc<Resource>> {
        match &self.work {
            Work::Task(task) => Some(&task.resource),
            _ => None,
        }
    }

    /// Whether the state is a Map whose items run as executions of their own.
    pub fn has_map_run(&self) -> bool {
        matches!(&self.work, Work::Map(map) if map.distributed.is_some())
    }

    /// The result that the state's work had, where its output shows it as it was.
    pub fn result_in(&self, output: &Json) -> Option<Json> {
        let DataFlow { result_selector: None, output: None, output_path: Select::Whole, result_path, .. } = &self.data
        else {
            return None;
        };
        match result_path {
            Place::Whole => Some(output.clone()),
            Place::At(path) => path.read(&QueryScope { root: output, surroundings: &NoSurroundings }).ok(),
            Place::Discard => None,
        }
    }

    /// How many retriers the state has.
    pub fn retriers(&self) -> usize {
        self.retriers.len()
    }

    /// How many catchers the state has.
    pub fn catchers(&self) -> usize {
        self.catchers.len()
    }
}

impl fmt::Display for StateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
