//! Where a pattern is read from: a text, or a node of a larger document. Both give the same tokens.

use std::borrow::Cow;

use super::Rejection;
use crate::events::tokens::{Malformed, Token, Tokens, place};
use crate::source::{Diagnostic, NESTING_MAX, Node, Shape, Span};

pub(super) struct Source<'s> {
    origin: Origin<'s>,
    is_string: bool,
    is_name: bool,
}

enum Origin<'s> {
    Text { text: &'s str, tokens: Tokens<'s> },
    Tree { tokens: std::vec::IntoIter<(Token<'s>, Span)>, last: Span },
}

/// How AWS shows the place of a problem.
#[derive(Clone, Copy)]
pub(super) enum Shown {
    /// Behind the last token.
    Once,
    /// Behind the last token, and again: AWS wraps what is wrong inside a list of `anything-but`.
    Twice,
    /// Not at all.
    Never,
}

impl<'s> Source<'s> {
    pub(super) fn text(text: &'s str) -> Source<'s> {
        Source { origin: Origin::Text { text, tokens: Tokens::new(text) }, is_string: false, is_name: false }
    }

    pub(super) fn node(node: &'s Node) -> Source<'s> {
        let mut tokens = Vec::new();
        flatten(node, 0, &mut tokens);
        Source {
            origin: Origin::Tree { tokens: tokens.into_iter(), last: node.span },
            is_string: false,
            is_name: false,
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Token<'s>>, Rejection> {
        let token = match &mut self.origin {
            Origin::Text { text, tokens } => tokens.next().map_err(|problem| malformed(text, &problem))?,
            Origin::Tree { tokens, last } => tokens.next().map(|(token, span)| {
                *last = span;
                token
            }),
        };
        self.is_string = matches!(token, Some(Token::String(_)));
        self.is_name = matches!(token, Some(Token::Name(_)));
        Ok(token)
    }

    /// The last token's text was used. Jackson reads a string only then, and its position moves behind it.
    pub(super) fn consume(&mut self) {
        self.is_string = false;
    }

    pub(super) fn reject(&self, reason: impl AsRef<str>, shown: Shown) -> Rejection {
        let reason = reason.as_ref();
        let mut message = format!("Event pattern is not valid. Reason: {reason}");
        let span = match &self.origin {
            Origin::Text { text, tokens } => {
                let (start, end) = tokens.last();
                let behind = match (self.is_string, self.is_name) {
                    (true, _) => start + 1,
                    (_, true) => tokens.after_peeked_value(),
                    _ => end,
                };
                let times = match shown {
                    Shown::Once => 1,
                    Shown::Twice => 2,
                    Shown::Never => 0,
                };
                for _ in 0..times {
                    message.push_str("\n at ");
                    message.push_str(&place(text, behind));
                }
                Span::new(start, end.max(start + 1))
            }
            Origin::Tree { last, .. } => *last,
        };
        Rejection { message, diagnostic: Box::new(Diagnostic::error(CODE, span, "", reason)) }
    }
}

const CODE: &str = "InvalidEventPatternException";

fn malformed(text: &str, problem: &Malformed) -> Rejection {
    let message = format!("Event pattern is not valid. Reason: {}\n at {}", problem.message, place(text, problem.at));
    let span = Span::new(problem.at.saturating_sub(1), problem.at);
    Rejection { message, diagnostic: Box::new(Diagnostic::error(CODE, span, "", problem.message.clone())) }
}

/// The tokens of a tree; what is nested deeper than any reader goes is left out, and missed by whoever reads on.
fn flatten<'s>(node: &'s Node, depth: usize, into: &mut Vec<(Token<'s>, Span)>) {
    if depth > NESTING_MAX {
        return;
    }
    let token = match &node.shape {
        Shape::Null => Token::Null,
        Shape::Bool(value) => Token::Bool(*value),
        Shape::Number(number) => Token::Number(Cow::Owned(number.to_string())),
        Shape::String(text) => Token::String(Cow::Borrowed(text)),
        Shape::Array(items) => {
            into.push((Token::StartArray, node.span));
            for item in items {
                flatten(item, depth + 1, into);
            }
            Token::EndArray
        }
        Shape::Object(members) => {
            into.push((Token::StartObject, node.span));
            for member in members {
                into.push((Token::Name(Cow::Borrowed(&member.key)), member.key_span));
                flatten(&member.value, depth + 1, into);
            }
            Token::EndObject
        }
    };
    into.push((token, node.span));
}
