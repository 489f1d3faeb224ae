//! Bounds on how long an expression runs, by counting.
//!
//! The evaluator counts nesting and the length of sequences but neither tail calls, which may loop for ever, nor work
//! that multiplies. So a call to a counting function goes into every place that can run often: a function that may call
//! itself, and whatever is repeated inside of something repeated inside of something repeated (with a range in the
//! expression, one level earlier). What cannot run long keeps the fast path.

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};

use super::{builtins, tree};

/// Calls and inner rounds of one evaluation; about a second of work.
pub(super) const STEPS_MAX: u64 = 1_000_000;
/// Counts one round. No name of the language can be spelled so.
pub(super) const TICK: &str = "0 tick";
/// Stand around the two ends of a range, so that its items are counted: they return what they are given.
pub(super) const RANGE_START: &str = "0 range start";
pub(super) const RANGE_END: &str = "0 range end";

/// Rounds within rounds that are not counted.
const UNCOUNTED_LOOPS_MAX: usize = 2;

/// Whether there was anything to count.
pub(super) fn insert_ticks(root: &mut AstNode) -> bool {
    let mut inserter = Inserter { uncounted: UNCOUNTED_LOOPS_MAX, inserted: false };
    if any(root, &mut |node| matches!(node, AstNode::Binary { op: BinaryOp::Range, .. })) {
        inserter.uncounted -= 1;
    }
    inserter.visit(root, 0);
    inserter.inserted
}

struct Inserter {
    uncounted: usize,
    inserted: bool,
}

impl Inserter {
    /// `loops` is how many repeated things surround the node.
    fn visit(&mut self, node: &mut AstNode, loops: usize) {
        jsonata_core::value::with_stack(|| match node {
            AstNode::Lambda { body, .. } => {
                self.visit(body, loops + 1);
                if loops + 1 > self.uncounted || may_recurse(body) {
                    self.count(body);
                }
            }
            AstNode::Path { steps } => {
                let repeated = steps.len() > 1;
                for step in steps {
                    self.visit_step(step, loops, repeated);
                }
            }
            AstNode::Binary { op: BinaryOp::Range, lhs, rhs } => {
                self.visit(lhs, loops);
                self.visit(rhs, loops);
                if loops > 0 {
                    self.inserted = true;
                    wrap(lhs, RANGE_START);
                    wrap(rhs, RANGE_END);
                }
            }
            other => tree::children_mut(other, &mut |child| self.visit(child, loops)),
        });
    }

    fn visit_step(&mut self, step: &mut PathStep, loops: usize, repeated: bool) {
        self.visit(&mut step.node, loops + usize::from(repeated));
        if let AstNode::FunctionApplication(inner) = &mut step.node
            && !step.inner_tuple
            && !step.is_tuple
            && loops + 1 > self.uncounted
        {
            self.count(inner);
        }
        for stage in &mut step.stages {
            let Stage::Filter(filter) = stage else { continue };
            // A literal index is told from a condition by its form.
            if matches!(**filter, AstNode::Number(_) | AstNode::Unary { .. } | AstNode::Array(_) | AstNode::Boolean(_))
            {
                continue;
            }
            self.visit(filter, loops + 1);
            if loops + 1 > self.uncounted {
                self.count(filter);
            }
        }
    }

    fn count(&mut self, body: &mut AstNode) {
        self.inserted = true;
        let tick = AstNode::Function { name: TICK.to_owned(), args: Vec::new(), is_builtin: true };
        if let AstNode::Block(parts) = body {
            parts.insert(0, tick);
            return;
        }
        let inner = std::mem::replace(body, AstNode::Null);
        *body = AstNode::Block(vec![tick, inner]);
    }
}

fn wrap(node: &mut AstNode, function: &str) {
    let inner = std::mem::replace(node, AstNode::Null);
    *node = AstNode::Function { name: function.to_owned(), args: vec![inner], is_builtin: true };
}

/// Whether the body may get to call the function it belongs to: it calls something it does not spell out.
fn may_recurse(body: &AstNode) -> bool {
    any(body, &mut |node| match node {
        AstNode::Function { name, args, .. } => {
            !builtins::is_builtin(name)
                || (builtins::is_higher_order(name)
                    && args.iter().any(|argument| matches!(argument, AstNode::Variable(_))))
        }
        AstNode::Call { .. } => true,
        AstNode::Binary { op: BinaryOp::ChainPipe, rhs, .. } => !matches!(**rhs, AstNode::Function { .. }),
        _ => false,
    })
}

/// Whether `test` holds for the node or one below it.
fn any(node: &AstNode, test: &mut dyn FnMut(&AstNode) -> bool) -> bool {
    if test(node) {
        return true;
    }
    let mut found = false;
    jsonata_core::value::with_stack(|| {
        tree::children(node, &mut |child| found = found || any(child, test));
    });
    found
}
