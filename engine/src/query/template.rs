//! Payload templates (`Parameters`, `ResultSelector`, `ItemSelector`, JSONPath `Assign`): JSON in which a key that ends
//! in `.$` takes its value from a path or an intrinsic function.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::{Draws, Intrinsic, IntrinsicError, IntrinsicProblem, Path, PathError, Scope};
use crate::Json;
use crate::json::Object;
use crate::source::{Diagnostic, Node, Shape};

const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";

/// A compiled payload template.
#[derive(Clone, Debug)]
pub struct Template {
    root: Piece,
}

#[derive(Clone, Debug)]
enum Piece {
    /// A part without expressions; a clone of it costs a reference count.
    Literal(Json),
    Array(Box<[Piece]>),
    Object(Box<[(Arc<str>, Piece)]>),
    /// The key as written, with its `.$`.
    Path(Arc<str>, Path),
    Intrinsic(Arc<str>, Intrinsic),
}

/// Why a template has no value, in the pieces that AWS's cause is made of.
#[derive(Clone, Debug)]
pub enum TemplateError {
    /// A path has no value.
    Path {
        /// The key as written: `total.$`.
        key: Arc<str>,
        /// The path as written.
        path: Arc<str>,
        /// The document the template was evaluated against.
        input: Json,
        /// What is wrong.
        error: PathError,
    },
    /// An intrinsic function has no value.
    Intrinsic {
        /// The key as written: `total.$`.
        key: Arc<str>,
        /// The document the template was evaluated against.
        input: Json,
        /// What is wrong; it knows the call's text.
        error: IntrinsicError,
    },
}

impl Template {
    /// Compiles a template; `location` is where AWS places its problems (`/States/Pay/Parameters`).
    ///
    /// A key whose value is not an expression is reported, and the template then keeps the value as it stands.
    pub fn compile(node: &Node, location: &str, diagnostics: &mut Vec<Diagnostic>) -> Template {
        Template { root: compile(node, location, diagnostics) }
    }

    /// The value against `scope`.
    pub fn evaluate(&self, scope: &Scope, draws: &mut dyn Draws) -> Result<Json, TemplateError> {
        self.root.evaluate(scope, draws)
    }

    /// The value, where the template has no expressions.
    pub fn literal(&self) -> Option<&Json> {
        match &self.root {
            Piece::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Every path in the template, those in intrinsic calls included.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        self.root.collect_paths(&mut paths);
        paths
    }
}

fn compile(node: &Node, location: &str, diagnostics: &mut Vec<Diagnostic>) -> Piece {
    let piece = match &node.shape {
        // AWS: strings inside arrays are never evaluated, objects inside arrays are walked.
        Shape::Array(items) => Piece::Array(items.iter().map(|item| compile(item, location, diagnostics)).collect()),
        Shape::Object(members) => {
            let mut pieces: Vec<(Arc<str>, Piece)> = Vec::with_capacity(members.len());
            let mut places: HashMap<Arc<str>, (usize, bool)> = HashMap::with_capacity(members.len());
            for member in members {
                let is_computed = member.key.ends_with(".$");
                let (key, piece) = match member.key.strip_suffix(".$") {
                    Some(bare) => (bare.into(), compile_expression(&member.key, &member.value, location, diagnostics)),
                    None => (member.key.clone(), compile(&member.value, location, diagnostics)),
                };
                if let Some((at, other_is_computed)) = places.get(&key) {
                    // The same key twice is for the reader of JSON to judge, who takes the last.
                    if is_computed != *other_is_computed {
                        let message = format!("the field '{key}' is given twice, as '{key}' and as '{key}.$'");
                        let problem = Diagnostic::error(SCHEMA, member.key_span, location, message);
                        diagnostics.push(problem.hint("keep one of the two"));
                    }
                    pieces[*at].1 = piece;
                } else {
                    places.insert(key.clone(), (pieces.len(), is_computed));
                    pieces.push((key, piece));
                }
            }
            Piece::Object(pieces.into())
        }
        _ => Piece::Literal(node.to_json()),
    };
    piece.folded()
}

fn compile_expression(key: &Arc<str>, node: &Node, location: &str, diagnostics: &mut Vec<Diagnostic>) -> Piece {
    let problem = match node.as_str() {
        Some(text) if text.starts_with('$') => match Path::parse(text) {
            Ok(path) => return Piece::Path(key.clone(), path),
            Err(error) => error.to_string(),
        },
        Some(text) => match Intrinsic::parse(text) {
            Ok(intrinsic) => return Piece::Intrinsic(key.clone(), intrinsic),
            Err(error) => error.to_string(),
        },
        None => format!("the value is of type {}", node.kind()),
    };
    let message =
        format!("The value for the field '{key}' must be a valid JSONPath or a valid intrinsic function call");
    diagnostics.push(Diagnostic::error(SCHEMA, node.span, location, message).hint(problem));
    Piece::Literal(node.to_json())
}

impl Piece {
    /// A container of literals alone becomes one literal.
    fn folded(self) -> Piece {
        match &self {
            Piece::Array(items) => {
                let literals: Option<Vec<Json>> = items.iter().map(Piece::as_literal).collect();
                literals.map_or(self, |items| Piece::Literal(Json::from(items)))
            }
            Piece::Object(members) => {
                let literals: Option<Object> =
                    members.iter().map(|(key, piece)| Some((key.clone(), piece.as_literal()?))).collect();
                literals.map_or(self, |members| Piece::Literal(Json::from(members)))
            }
            _ => self,
        }
    }

    fn as_literal(&self) -> Option<Json> {
        match self {
            Piece::Literal(value) => Some(value.clone()),
            _ => None,
        }
    }

    fn evaluate(&self, scope: &Scope, draws: &mut dyn Draws) -> Result<Json, TemplateError> {
        match self {
            Piece::Literal(value) => Ok(value.clone()),
            Piece::Array(items) => {
                let items: Result<Vec<Json>, _> = items.iter().map(|item| item.evaluate(scope, draws)).collect();
                items.map(Json::from)
            }
            Piece::Object(members) => {
                let mut values = Vec::with_capacity(members.len());
                for (key, piece) in members {
                    values.push((key.clone(), piece.evaluate(scope, draws)?));
                }
                // The compiler has seen to it that no key comes twice.
                Ok(Json::from(Object::of_distinct(values)))
            }
            Piece::Path(key, path) => path.read(scope).map_err(|error| TemplateError::Path {
                key: key.clone(),
                path: path.text().into(),
                input: scope.root.clone(),
                error,
            }),
            Piece::Intrinsic(key, intrinsic) => intrinsic.evaluate(scope, draws).map_err(|error| {
                let (key, input) = (key.clone(), scope.root.clone());
                match error.problem().clone() {
                    IntrinsicProblem::Path { path, error } => TemplateError::Path { key, path, input, error },
                    _ => TemplateError::Intrinsic { key, input, error },
                }
            }),
        }
    }

    fn collect_paths<'t>(&'t self, paths: &mut Vec<&'t Path>) {
        match self {
            Piece::Literal(_) => {}
            Piece::Array(items) => items.iter().for_each(|item| item.collect_paths(paths)),
            Piece::Object(members) => members.iter().for_each(|(_, piece)| piece.collect_paths(paths)),
            Piece::Path(_, path) => paths.push(path),
            Piece::Intrinsic(_, intrinsic) => intrinsic.collect_paths(paths),
        }
    }
}

impl fmt::Display for TemplateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TemplateError::Path { key, path, input, error } if error.is_not_found() => write!(
                f,
                "The JSONPath '{path}' specified for the field '{key}' could not be found in the input '{input}'"
            ),
            TemplateError::Path { path, error, .. } => write!(f, "Invalid path '{path}' : {error}"),
            TemplateError::Intrinsic { error, .. } => error.fmt(f),
        }
    }
}

impl std::error::Error for TemplateError {}
