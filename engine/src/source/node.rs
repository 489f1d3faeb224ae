use std::sync::Arc;

use super::Span;
use crate::json::{Json, Number, Object};

/// A value of a source text with the place where it stood.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// Where the value stood.
    pub span: Span,
    /// What it is.
    pub shape: Shape,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Arc<str>),
    /// An array.
    Array(Vec<Node>),
    /// An object; repeated keys are all kept, in order.
    Object(Vec<Member>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The key.
    pub key: Arc<str>,
    /// Where the key stood.
    pub key_span: Span,
    /// The value.
    pub value: Node,
}

impl Node {
    /// A node of `shape` at `span`.
    pub fn new(span: Span, shape: Shape) -> Node {
        Node { span, shape }
    }

    /// The value of member `key`; of a repeated key the last, as JSON readers do.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.member(key).map(|member| &member.value)
    }

    /// The member `key`; of a repeated key the last.
    pub fn member(&self, key: &str) -> Option<&Member> {
        self.members().iter().rev().find(|member| *member.key == *key)
    }

    /// The members of an object; none for anything else.
    pub fn members(&self) -> &[Member] {
        match &self.shape {
            Shape::Object(members) => members,
            _ => &[],
        }
    }

    /// The items of an array.
    pub fn as_array(&self) -> Option<&[Node]> {
        match &self.shape {
            Shape::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The members, where this is an object.
    pub fn as_object(&self) -> Option<&[Member]> {
        match &self.shape {
            Shape::Object(members) => Some(members),
            _ => None,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match &self.shape {
            Shape::String(text) => Some(text),
            _ => None,
        }
    }

    /// The bytes of the paths of all values inside, so that code that writes such paths can bound its work beforehand.
    pub fn path_bytes(&self) -> usize {
        fn sum(node: &Node, before: usize) -> usize {
            match &node.shape {
                Shape::Object(members) => members
                    .iter()
                    .map(|member| sum(&member.value, before.saturating_add(member.key.len())))
                    .fold(before, usize::saturating_add),
                Shape::Array(items) => items.iter().map(|item| sum(item, before)).fold(before, usize::saturating_add),
                _ => before,
            }
        }
        sum(self, 0)
    }

    /// What the value is, as a word for messages.
    pub fn kind(&self) -> &'static str {
        match self.shape {
            Shape::Null => "null",
            Shape::Bool(_) => "boolean",
            Shape::Number(_) => "number",
            Shape::String(_) => "string",
            Shape::Array(_) => "array",
            Shape::Object(_) => "object",
        }
    }

    /// The bare value; of repeated keys the last wins.
    pub fn to_json(&self) -> Json {
        match &self.shape {
            Shape::Null => Json::Null,
            Shape::Bool(value) => Json::Bool(*value),
            Shape::Number(number) => Json::Number(number.clone()),
            Shape::String(text) => Json::String(text.clone()),
            Shape::Array(items) => Json::from(items.iter().map(Node::to_json).collect::<Vec<_>>()),
            Shape::Object(members) => {
                let members = members.iter().map(|member| (member.key.clone(), member.value.to_json()));
                Json::from(members.collect::<Object>())
            }
        }
    }
}
