//! What an expression reads, calls and binds, told from its tree alone. Where the tree does not tell, the answer is the
//! larger one: everything.

use std::collections::BTreeSet;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::value::with_stack;

use super::builtins;
use super::tree::children;

/// Functions of the language whose answer is lent by the host, and `$eval`, which may call any.
const LENT: [&str; 6] = ["now", "millis", "random", "shuffle", "toMillis", "eval"];

/// What of its input an expression reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reads {
    /// It cannot be told, so anything.
    Everything,
    /// What stands at these places and below: one or two names each, as in `tables.Inventory`.
    Paths(BTreeSet<Vec<String>>),
}

/// The findings about one expression.
#[derive(Clone, Debug)]
pub struct Analysis {
    top_level_names: Vec<String>,
    uses_context: bool,
    functions: BTreeSet<String>,
    variables: BTreeSet<String>,
    variable_paths: BTreeSet<Vec<String>>,
    bound: BTreeSet<String>,
    uses_coalescing: bool,
    needs_functions: bool,
    reads: Reads,
}

/// The context of a node.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// The input itself.
    Root,
    /// Something computed or already counted as read.
    Inside,
}

impl Analysis {
    pub(super) fn of(tree: &AstNode) -> Analysis {
        let mut analysis = Analysis {
            top_level_names: Vec::new(),
            uses_context: false,
            functions: BTreeSet::new(),
            variables: BTreeSet::new(),
            variable_paths: BTreeSet::new(),
            bound: BTreeSet::new(),
            uses_coalescing: false,
            needs_functions: false,
            reads: Reads::Paths(BTreeSet::new()),
        };
        analysis.visit(tree, Place::Root);
        let Analysis { functions, variables, bound, variable_paths, .. } = &mut analysis;
        let is_lent = |name: &String| LENT.contains(&name.as_str()) || !builtins::is_builtin(name);
        // Before bound names are taken out: one of the same name may be bound in one place and lent in another.
        let needs_functions =
            functions.iter().any(is_lent) || variables.iter().any(|name| LENT.contains(&name.as_str()));
        functions.retain(|name| !bound.contains(name));
        // `$map(x, $uppercase)` names a function as a value.
        let named: Vec<String> = variables.iter().filter(|name| builtins::is_builtin(name)).cloned().collect();
        functions.extend(named);
        variables.retain(|name| !bound.contains(name) && !builtins::is_builtin(name));
        variable_paths.retain(|path| path.first().is_some_and(|name| !bound.contains(name)));
        analysis.needs_functions = needs_functions;
        analysis
    }

    /// What of its input the expression reads.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// The names that are looked up in the input itself, in order: `phone` in `phone & "x"`.
    pub fn top_level_names(&self) -> &[String] {
        &self.top_level_names
    }

    /// Whether the input is used as such, by `$`, `$$`, `*` or a function that takes it by default.
    pub fn uses_context(&self) -> bool {
        self.uses_context
    }

    /// The functions it calls or names and does not define itself, without `$`.
    pub fn functions(&self) -> &BTreeSet<String> {
        &self.functions
    }

    /// The variables it reads and does not bind itself, without `$`.
    pub fn variables(&self) -> &BTreeSet<String> {
        &self.variables
    }

    /// The same with the names that follow directly: `["states", "input", "id"]`.
    pub fn variable_paths(&self) -> &BTreeSet<Vec<String>> {
        &self.variable_paths
    }

    pub(super) fn uses_coalescing(&self) -> bool {
        self.uses_coalescing
    }

    pub(super) fn needs_functions(&self) -> bool {
        self.needs_functions
    }

    fn visit(&mut self, node: &AstNode, place: Place) {
        with_stack(|| match node {
            AstNode::Name(_)
            | AstNode::Variable(_)
            | AstNode::ParentVariable(_)
            | AstNode::Wildcard
            | AstNode::Descendant => {
                self.visit_steps(&[node], &[], place);
            }
            AstNode::Path { steps } => {
                let nodes: Vec<&AstNode> = steps.iter().map(|step| &step.node).collect();
                self.visit_steps(&nodes, steps, place);
            }
            AstNode::Parent(_) => self.reads = Reads::Everything,
            AstNode::Function { name, args, .. } => self.visit_call(name, args, 0, place),
            AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } => {
                self.visit(lhs, place);
                match &**rhs {
                    AstNode::Function { name, args, .. } => self.visit_call(name, args, 1, place),
                    other => self.visit(other, place),
                }
            }
            AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } => {
                if let AstNode::Variable(name) = &**lhs {
                    self.bound.insert(name.clone());
                }
                self.visit(rhs, place);
            }
            AstNode::Binary { op, lhs, rhs } => {
                self.uses_coalescing |= matches!(op, BinaryOp::Coalesce | BinaryOp::Default);
                self.visit(lhs, place);
                self.visit(rhs, place);
            }
            AstNode::Lambda { params, body, .. } => {
                self.bound.extend(params.iter().cloned());
                self.visit(body, place);
            }
            AstNode::Sort { input, terms } => {
                self.visit(input, place);
                for (term, _) in terms {
                    self.visit(term, Place::Inside);
                }
            }
            AstNode::ObjectTransform { input, pattern } => {
                self.visit(input, place);
                for (key, value) in pattern {
                    self.visit(key, Place::Inside);
                    self.visit(value, Place::Inside);
                }
            }
            AstNode::Transform { location, update, delete } => {
                self.visit(location, Place::Inside);
                self.visit(update, Place::Inside);
                if let Some(delete) = delete {
                    self.visit(delete, Place::Inside);
                }
            }
            other => children(other, &mut |child| self.visit(child, place)),
        });
    }

    fn visit_call(&mut self, name: &str, arguments: &[AstNode], piped: usize, place: Place) {
        self.functions.insert(name.to_owned());
        if name == "eval" {
            self.reads = Reads::Everything;
        } else if place == Place::Root && builtins::may_read_context(name, arguments.len() + piped) {
            self.reads = Reads::Everything;
            self.uses_context = true;
        }
        for argument in arguments {
            self.visit(argument, place);
        }
    }

    /// The steps of a path; `steps` holds what is attached to them and is empty for a lone node.
    fn visit_steps(&mut self, nodes: &[&AstNode], steps: &[PathStep], mut place: Place) {
        let is_bare = |at: usize| {
            steps.get(at).is_none_or(|step| step.stages.is_empty() && step.focus.is_none() && step.index_var.is_none())
        };
        for step in steps {
            self.bound.extend(step.focus.iter().chain(&step.index_var).cloned());
            // After `@$x` the next step starts from where this one started, which may be the input.
            if step.focus.is_some() {
                self.reads = Reads::Everything;
            }
        }
        let mut at = 0;
        while at < nodes.len() {
            let (node, start) = (nodes[at], place);
            place = Place::Inside;
            match node {
                AstNode::Name(name) if start == Place::Root => {
                    self.top_level_names.push(name.clone());
                    let mut path = vec![name.clone()];
                    if let (true, Some(AstNode::Name(second))) = (is_bare(at), nodes.get(at + 1)) {
                        path.push(second.clone());
                        at += 1;
                    }
                    if let Reads::Paths(paths) = &mut self.reads {
                        paths.insert(path);
                    }
                }
                AstNode::Name(_) => {}
                AstNode::Variable(name) if !name.is_empty() => {
                    self.variables.insert(name.clone());
                    let names = nodes[at + 1..].iter().map_while(|node| match node {
                        AstNode::Name(name) => Some(name.clone()),
                        _ => None,
                    });
                    self.variable_paths.insert(std::iter::once(name.clone()).chain(names).collect());
                }
                AstNode::Variable(_) | AstNode::ParentVariable(_) => {
                    if start == Place::Root || matches!(node, AstNode::ParentVariable(_)) {
                        self.uses_context = true;
                        // `$.name` and `$$.name` lead on from the input; alone they are the input.
                        let leads_on = is_bare(at) && at + 1 < nodes.len();
                        if leads_on {
                            place = Place::Root;
                        } else {
                            self.reads = Reads::Everything;
                        }
                    }
                }
                AstNode::Wildcard | AstNode::Descendant => {
                    if start == Place::Root {
                        self.reads = Reads::Everything;
                        self.uses_context = true;
                    }
                }
                other => self.visit(other, start),
            }
            if let Some(step) = steps.get(at) {
                for stage in &step.stages {
                    if let Stage::Filter(filter) = stage {
                        self.visit(filter, Place::Inside);
                    }
                }
            }
            at += 1;
        }
    }
}
