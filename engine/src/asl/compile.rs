//! From nodes to a program: scopes, names, and one state after the other.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::fields::{Fields, Language, SCHEMA, SECONDS_MAX, supported};
use super::program::{Program, Scope, ScopeId, State, StateId, StateType};
use super::suggest::{edit_distance, unsupported_hint};
use super::{check, states};
use crate::source::{Diagnostic, Member, Node, Severity};

/// Deepest nesting of Parallel and Map; no published definition comes near, and compiling recurses.
const SCOPE_NESTING_MAX: usize = 32;

/// Work that no definition of a megabyte makes unless it is meant to: the paths of all its values, written out.
const PATH_BYTES_MAX: usize = 256 << 20;

/// So many missing targets are looked up among names that are spelt alike.
const SUGGESTIONS_MAX: usize = 20;

/// AWS: longest name of a state, in characters.
const NAME_CHARS_MAX: usize = 80;

const TYPES: &str = "[Task, Wait, Pass, Succeed, Fail, Choice, Parallel, Map]";

/// The program, if nothing is an error, and all problems in the order of the text.
pub(super) fn compile(node: &Node) -> (Option<Program>, Vec<Diagnostic>) {
    if node.as_object().is_none() {
        let message = "Definition must be a valid JSON object";
        return (None, vec![Diagnostic::error(SCHEMA, node.span, "", message)]);
    }
    if node.path_bytes() > PATH_BYTES_MAX {
        let message = "the definition has too many values under names that are too long";
        return (None, vec![Diagnostic::error("definition-too-large", node.span, "", message)]);
    }
    let mut compiler = Compiler::default();
    let mut fields = Fields::new(node, "");
    let language = language(&mut fields, Language::JsonPath);
    let timeout_seconds = fields.integer("TimeoutSeconds", 1, SECONDS_MAX);
    let comment = fields.string("Comment").cloned();
    if fields.string("Version").is_some_and(|version| **version != *"1.0") {
        fields.field_problem("Version", "The field 'Version' should have one of these values: [1.0]");
    }
    for member in node.members() {
        if !["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"].contains(&&*member.key) {
            fields.problem(format!("Field '{}' is not supported", member.key));
        }
    }
    compiler.problems.append(&mut fields.problems);
    compiler.scope(
        node,
        &Surrounding { location: String::new(), trail: String::new(), language, depth: 0, variables: Arc::default() },
    );
    compiler.finish(timeout_seconds, comment)
}

/// Reads `QueryLanguage`.
///
/// AWS: a state may go up from JSONPath to JSONata, never down.
fn language(fields: &mut Fields, outer: Language) -> Language {
    match fields.string("QueryLanguage").map(|text| &**text) {
        None => outer,
        Some("JSONata") => Language::Jsonata,
        Some("JSONPath") => {
            if outer == Language::Jsonata {
                fields.problem("'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine");
            }
            Language::JsonPath
        }
        Some(_) => {
            let message = "The field 'QueryLanguage' should have one of these values: [JSONPath, JSONata]";
            fields.field_problem("QueryLanguage", message);
            outer
        }
    }
}

/// What a scope needs to know of what is around it.
pub(super) struct Surrounding {
    /// `/States/Both/Branches[1]`; empty for the machine itself.
    pub(super) location: String,
    /// `Both[1].`; empty for the machine itself.
    pub(super) trail: String,
    pub(super) language: Language,
    pub(super) depth: usize,
    /// The variables that the scopes around this one assign.
    pub(super) variables: Arc<BTreeSet<Arc<str>>>,
}

/// The states of one scope by name, and where they lead.
pub(super) struct Names<'n> {
    ids: HashMap<&'n str, StateId>,
    /// Ways found so far within the scope, for reachability.
    pub(super) ways: Vec<(StateId, StateId)>,
    pub(super) current: StateId,
    suggested: usize,
    /// The variables that this scope or one around it assigns.
    pub(super) variables: Arc<BTreeSet<Arc<str>>>,
}

impl Names<'_> {
    /// The state that field `key` names.
    pub(super) fn target(&mut self, fields: &mut Fields, key: &str) -> Option<StateId> {
        let name = fields.string(key)?;
        if let Some(id) = self.ids.get(&**name) {
            self.ways.push((self.current, *id));
            return Some(*id);
        }
        // AWS: says 'Next' whatever the field is called.
        let message = format!("Missing 'Next' target: {name}");
        let mut problem = Diagnostic::error("MISSING_TRANSITION_TARGET", fields.span(key), fields.at(key), message);
        self.suggested += 1;
        if self.suggested <= SUGGESTIONS_MAX
            && let Some(known) = self.closest(name)
        {
            problem = problem.hint(format!("did you mean '{known}'?"));
        } else {
            problem = problem.hint("a target is a state beside this one, of the same States");
        }
        fields.problems.push(problem);
        None
    }

    /// The known name that is spelt most like this one: letter case and blanks aside, or a letter or two apart.
    fn closest(&self, name: &str) -> Option<&str> {
        let plain =
            |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
        let wanted = plain(name);
        let distance = |known: &str| edit_distance(&plain(known), &wanted);
        let known = self.ids.keys().copied().map(|known| (distance(known), known));
        known.filter(|(distance, _)| *distance <= 2 && *distance * 3 <= wanted.len()).min().map(|(_, known)| known)
    }
}

#[derive(Default)]
pub(super) struct Compiler {
    pub(super) problems: Vec<Diagnostic>,
    states: Vec<Option<State>>,
    scopes: Vec<Option<Scope>>,
    names: HashSet<Arc<str>>,
}

impl Compiler {
    /// Compiles a machine, a branch or an item processor.
    pub(super) fn scope(&mut self, node: &Node, around: &Surrounding) -> Option<ScopeId> {
        let scope_id = ScopeId(self.scopes.len() as u32);
        self.scopes.push(None);
        let mut fields = Fields::new(node, &around.location);
        if around.depth > SCOPE_NESTING_MAX {
            fields.problem(format!("Parallel and Map may be nested {SCOPE_NESTING_MAX} levels deep, not more"));
            self.problems.append(&mut fields.problems);
            return None;
        }
        let required: Vec<&str> = ["States", "StartAt"].into_iter().filter(|key| !fields.has(key)).collect();
        if !required.is_empty() {
            fields.problem(format!("These fields are required: [{}]", required.join(", ")));
        }
        let Some(block) = fields.object("States").filter(|states| !states.members().is_empty()) else {
            if fields.node.get("States").is_some_and(|states| states.as_object().is_some()) {
                fields.field_problem("States", "Value cannot be empty");
            }
            self.problems.append(&mut fields.problems);
            return None;
        };
        let members = self.distinct(block.members(), &fields);
        let first = StateId(self.states.len() as u32);
        let id_of = |at: usize| StateId(first.0 + at as u32);
        self.states.resize_with(self.states.len() + members.len(), || None);
        let ids = members.iter().enumerate().map(|(at, member)| (&*member.key, id_of(at))).collect();
        let mut assigned = members.iter().flat_map(|member| check::assigned_variables(&member.value)).peekable();
        // Most scopes assign nothing, and then share what is around them.
        let variables = if assigned.peek().is_none() {
            around.variables.clone()
        } else {
            Arc::new(around.variables.iter().cloned().chain(assigned.map(|(name, _)| name)).collect())
        };
        let mut names = Names { ids, ways: Vec::new(), current: first, suggested: 0, variables };
        let start = names.target(&mut fields, "StartAt");
        names.ways.clear();
        self.problems.append(&mut fields.problems);

        let mut ends = false;
        for (at, member) in members.iter().enumerate() {
            names.current = id_of(at);
            let state = self.state(member, around, &mut names);
            ends |= state.as_ref().is_none_or(check::ends_its_scope);
            self.states[names.current.index()] = state;
        }
        let scope = Scope { start: start?, first, count: members.len() as u32 };
        check::reachability(&mut self.problems, &members, &scope, &names.ways, ends, &around.location);
        self.scopes[scope_id.index()] = Some(scope);
        Some(scope_id)
    }

    /// The states by name; of a repeated name, which is reported, the last is looked at.
    fn distinct<'n>(&mut self, members: &'n [Member], fields: &Fields) -> Vec<&'n Member> {
        let mut last: HashMap<&str, usize> = HashMap::new();
        for (at, member) in members.iter().enumerate() {
            if last.insert(&member.key, at).is_some() {
                let location = format!("{}/States/{}", fields.location, member.key);
                let message = format!("the state '{}' is defined twice", member.key);
                self.problems.push(Diagnostic::error(SCHEMA, member.key_span, location, message));
            }
        }
        members.iter().enumerate().filter(|(at, member)| last.get(&*member.key) == Some(at)).map(|(_, m)| m).collect()
    }

    fn state(&mut self, member: &Member, around: &Surrounding, names: &mut Names) -> Option<State> {
        let location = format!("{}/States/{}", around.location, member.key);
        let mut fields = Fields::new(&member.value, &location);
        let state = self.state_fields(member, around, names, &mut fields);
        check::variables(&mut fields, &around.variables, &names.variables);
        self.problems.append(&mut fields.problems);
        state
    }

    fn state_fields(
        &mut self,
        member: &Member,
        around: &Surrounding,
        names: &mut Names,
        fields: &mut Fields,
    ) -> Option<State> {
        if fields.node.as_object().is_none() {
            fields.problem("Expected value of type Object");
            return None;
        }
        let chars = member.key.chars().count();
        if chars > NAME_CHARS_MAX {
            fields.problem(format!("the state's name has {chars} characters; at most {NAME_CHARS_MAX} are allowed"));
        }
        if !self.names.insert(member.key.clone()) {
            // AWS: names are unique in the whole machine, branches and item processors included.
            fields.problem(format!("another state of the machine is also called '{}'", member.key));
        }
        fields.require(&["Type"]);
        let name = fields.string("Type")?;
        let Some(state_type) = StateType::of(name) else {
            fields.field_problem("Type", format!("The field 'Type' should have one of these values: {TYPES}"));
            return None;
        };
        let language = language(fields, around.language);
        for field in fields.node.members() {
            if !supported(state_type, language, &field.key) {
                let message = format!("Field '{}' is not supported", field.key);
                // AWS: at the state, not at the field.
                let problem = Diagnostic::error(SCHEMA, field.key_span, fields.location.to_string(), message);
                let hint = unsupported_hint(state_type, language, &field.key);
                fields.problems.push(Diagnostic { hint, ..problem });
            }
        }
        states::compile(self, member, around, names, fields, state_type, language)
    }

    fn finish(mut self, timeout_seconds: Option<u64>, comment: Option<Arc<str>>) -> (Option<Program>, Vec<Diagnostic>) {
        self.problems.sort_by_key(|problem| problem.span.start);
        if self.problems.iter().any(|problem| problem.severity == Severity::Error) {
            return (None, self.problems);
        }
        let (Some(states), Some(scopes)) =
            (self.states.into_iter().collect::<Option<Vec<_>>>(), self.scopes.into_iter().collect::<Option<Vec<_>>>())
        else {
            return (None, self.problems);
        };
        let warnings = self.problems.clone();
        (Some(Program { states, scopes, timeout_seconds, comment, warnings }), self.problems)
    }
}
