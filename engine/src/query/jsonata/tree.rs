//! Walking the evaluator's syntax tree.

use jsonata_core::ast::{AstNode, Stage};

/// Calls `each` for the nodes directly below `node`.
pub(super) fn children(node: &AstNode, each: &mut dyn FnMut(&AstNode)) {
    match node {
        AstNode::Path { steps } => {
            for step in steps {
                each(&step.node);
                for stage in &step.stages {
                    if let Stage::Filter(filter) = stage {
                        each(filter);
                    }
                }
            }
        }
        AstNode::Binary { lhs, rhs, .. } => {
            each(lhs);
            each(rhs);
        }
        AstNode::Unary { operand, .. } => each(operand),
        AstNode::Function { args, .. } => args.iter().for_each(each),
        AstNode::Call { procedure, args } => {
            each(procedure);
            args.iter().for_each(each);
        }
        AstNode::Lambda { body, .. } => each(body),
        AstNode::Array(items) | AstNode::Block(items) | AstNode::ArrayGroup(items) => items.iter().for_each(each),
        AstNode::Object(pairs) => pairs.iter().for_each(|(key, value)| {
            each(key);
            each(value);
        }),
        AstNode::ObjectTransform { input, pattern } => {
            each(input);
            for (key, value) in pattern {
                each(key);
                each(value);
            }
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            each(condition);
            each(then_branch);
            if let Some(branch) = else_branch {
                each(branch);
            }
        }
        AstNode::FunctionApplication(inner) => each(inner),
        AstNode::Sort { input, terms } => {
            each(input);
            for (term, _) in terms {
                each(term);
            }
        }
        AstNode::Transform { location, update, delete } => {
            each(location);
            each(update);
            if let Some(delete) = delete {
                each(delete);
            }
        }
        AstNode::String(_)
        | AstNode::Name(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Null
        | AstNode::Undefined
        | AstNode::Placeholder
        | AstNode::Regex { .. }
        | AstNode::Variable(_)
        | AstNode::ParentVariable(_)
        | AstNode::Wildcard
        | AstNode::Descendant
        | AstNode::Parent(_) => {}
    }
}

/// The same for changing them; the steps of a path are left to the caller.
pub(super) fn children_mut(node: &mut AstNode, each: &mut dyn FnMut(&mut AstNode)) {
    match node {
        AstNode::Binary { lhs, rhs, .. } => {
            each(lhs);
            each(rhs);
        }
        AstNode::Unary { operand, .. } => each(operand),
        AstNode::Function { args, .. } => args.iter_mut().for_each(each),
        AstNode::Call { procedure, args } => {
            each(procedure);
            args.iter_mut().for_each(each);
        }
        AstNode::Array(items) | AstNode::Block(items) | AstNode::ArrayGroup(items) => items.iter_mut().for_each(each),
        AstNode::Object(pairs) => pairs.iter_mut().for_each(|(key, value)| {
            each(key);
            each(value);
        }),
        AstNode::ObjectTransform { input, pattern } => {
            each(input);
            for (key, value) in pattern {
                each(key);
                each(value);
            }
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            each(condition);
            each(then_branch);
            if let Some(branch) = else_branch {
                each(branch);
            }
        }
        AstNode::FunctionApplication(inner) => each(inner),
        AstNode::Sort { input, terms } => {
            each(input);
            for (term, _) in terms {
                each(term);
            }
        }
        AstNode::Transform { location, update, delete } => {
            each(location);
            each(update);
            if let Some(delete) = delete {
                each(delete);
            }
        }
        _ => {}
    }
}
