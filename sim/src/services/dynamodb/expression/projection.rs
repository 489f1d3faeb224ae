//! Projection expressions, and the parts of an item that an update touched.

use std::sync::Arc;

use super::lexer::TokenKind;
use super::parser::{Kind, Parser, Symbols};
use super::path::{Path, Step};
use crate::services::ApiError;
use crate::services::dynamodb::value::{AttributeValue, Attributes};

/// The paths to keep, as a tree.
#[derive(Debug, Default)]
pub(crate) struct Projection {
    root: Vec<(Arc<str>, Node)>,
}

/// What to keep of a value: all of it, or only what is below these steps (sorted, so indexes come in order).
#[derive(Debug)]
enum Node {
    Whole,
    Inside(Vec<(Step, Node)>),
}

impl Projection {
    /// Compiles a comma-separated list of document paths.
    pub fn compile<'a>(text: &'a str, symbols: &mut Symbols<'a>) -> Result<Projection, ApiError> {
        let mut parser = Parser::new(Kind::Projection, text, symbols)?;
        let mut paths = vec![parser.path()?];
        while parser.accept(TokenKind::Comma) {
            paths.push(parser.path()?);
        }
        let all: Vec<&Path> = paths.iter().collect();
        if let Err(clash) = Path::check_distinct(&all) {
            parser.complain(clash);
        }
        parser.finish()?;
        Ok(Projection::of_paths(all.into_iter()))
    }

    /// The projection of `paths`, none of which clash.
    pub fn of_paths<'a>(paths: impl Iterator<Item = &'a Path>) -> Projection {
        let mut paths: Vec<&Path> = paths.collect();
        paths.sort_unstable();
        let mut root: Vec<(Arc<str>, Node)> = Vec::new();
        for path in paths {
            if root.last().is_none_or(|(name, _)| *name != path.head) {
                root.push((path.head.clone(), Node::empty(path.steps.len())));
            }
            if let Some((_, node)) = root.last_mut() {
                node.add(&path.steps);
            }
        }
        Projection { root }
    }

    /// What the item has of it. Missing paths are left out.
    pub fn apply(&self, item: &Attributes) -> Attributes {
        let kept = self.root.iter().filter_map(|(name, node)| Some((name.clone(), node.apply(item.get(name)?)?)));
        kept.collect()
    }
}

impl Node {
    fn empty(steps_left: usize) -> Node {
        if steps_left == 0 { Node::Whole } else { Node::Inside(Vec::new()) }
    }

    fn add(&mut self, steps: &[Step]) {
        let (Node::Inside(children), [step, rest @ ..]) = (self, steps) else { return };
        if children.last().is_none_or(|(known, _)| known != step) {
            children.push((step.clone(), Node::empty(rest.len())));
        }
        if let Some((_, child)) = children.last_mut() {
            child.add(rest);
        }
    }

    fn apply(&self, value: &AttributeValue) -> Option<AttributeValue> {
        let Node::Inside(children) = self else { return Some(value.clone()) };
        let kept = children.iter().filter_map(|(step, node)| Some((step, node.apply(step.follow(value)?)?)));
        match value {
            AttributeValue::M(_) => {
                let attributes: Attributes = kept
                    .filter_map(|(step, value)| match step {
                        Step::Name(name) => Some((name.clone(), value)),
                        Step::Index(_) => None,
                    })
                    .collect();
                (!attributes.is_empty()).then(|| AttributeValue::from(attributes))
            }
            // AWS: the kept elements of a list close up.
            AttributeValue::L(_) => {
                let elements: Vec<AttributeValue> = kept.map(|(_, value)| value).collect();
                (!elements.is_empty()).then(|| AttributeValue::from(elements))
            }
            _ => None,
        }
    }
}
