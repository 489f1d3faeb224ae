use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Member, Node, Shape, Span};
use saphyr_parser::Tag;

use super::Dialect;
use crate::template::suggest;

/// The short forms of CloudFormation's intrinsic functions, without the exclamation mark.
const FUNCTIONS: [&str; 20] = [
    "And",
    "Base64",
    "Cidr",
    "Condition",
    "Equals",
    "FindInMap",
    "ForEach",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Ref",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
];

/// What a tag does to its value.
pub enum Meaning {
    /// `!!str` and its kind on a scalar: the text stays text.
    Text,
    /// `!!int` and its kind: what the plain word says anyway.
    Resolved,
    /// `!Ref` and its kind: the value is an argument of this function.
    Function {
        /// `Ref`, `Fn::Sub`
        long_form: Arc<str>,
        /// Where the tag stood.
        tag_span: Span,
    },
}

/// What `tag` means; it stands at the start of `span`.
pub fn meaning(tag: &Tag, dialect: Dialect, text: &str, span: Span) -> Result<Meaning, Diagnostic> {
    let start = span.start as usize;
    let written = text.get(start..).unwrap_or_default();
    // An anchor may come before the tag.
    let at = written.find('!').unwrap_or(0);
    let length = written[at..].find(|c: char| c.is_whitespace() || c == ',').unwrap_or(written.len() - at);
    let tag_span = Span::new(start + at, start + at + length);
    if tag.handle.is_empty() && tag.suffix == "!" {
        return Ok(Meaning::Text);
    }
    if tag.is_yaml_core_schema() {
        return match tag.suffix.as_str() {
            "str" => Ok(Meaning::Text),
            "int" | "float" | "bool" | "null" | "seq" | "map" => Ok(Meaning::Resolved),
            other => Err(Diagnostic::error(
                "unknown-tag",
                tag_span,
                "",
                format!("the YAML type '!!{other}' is not supported"),
            )),
        };
    }
    if dialect == Dialect::Plain {
        let message = format!("the tag '{tag}' means nothing in this file");
        return Err(Diagnostic::error("unknown-tag", tag_span, "", message)
            .hint("intrinsic functions belong into the template; remove the tag or quote the text"));
    }
    if tag.handle == "!" && tag.suffix == "Transform" {
        return Ok(Meaning::Function { long_form: "Fn::Transform".into(), tag_span });
    }
    if tag.handle != "!" || !FUNCTIONS.contains(&tag.suffix.as_str()) {
        let message = format!("the tag '{tag}' is no intrinsic function of CloudFormation");
        let mut problem = Diagnostic::error("unknown-tag", tag_span, "", message);
        problem.hint = suggest::nearest(&tag.suffix, FUNCTIONS).map(|near| format!("did you mean '!{near}'?"));
        return Err(problem);
    }
    let long_form = match tag.suffix.as_str() {
        word @ ("Ref" | "Condition") => word.into(),
        word => format!("Fn::{word}").into(),
    };
    Ok(Meaning::Function { long_form, tag_span })
}

/// The long form of a tagged value: `!Ref X` is `{"Ref": "X"}`, `!GetAtt A.B` is `{"Fn::GetAtt": ["A", "B"]}`.
pub fn long_form(text: &str, value: Node, function: &Arc<str>, tag_span: Span) -> Node {
    let whole = value.span;
    let mut argument = value;
    let behind_tag = text.get(tag_span.end as usize..whole.end as usize).unwrap_or_default();
    let blanks = behind_tag.len() - behind_tag.trim_start().len();
    argument.span.start = (tag_span.end + blanks as u32).min(whole.end);
    if &**function == "Fn::GetAtt" {
        argument = split_attribute(text, argument);
    }
    Node::new(whole, Shape::Object(vec![Member { key: function.clone(), key_span: tag_span, value: argument }]))
}

/// `A.B.C` as `["A", "B.C"]`, each with its own place.
fn split_attribute(text: &str, argument: Node) -> Node {
    let Some((resource, attribute)) = argument.as_str().and_then(|name| name.split_once('.')) else { return argument };
    let span = argument.span;
    let place = |part: &str, from: usize| {
        let at = text
            .get(from..span.end as usize)
            .and_then(|rest| rest.find(part))
            .map_or(span.start as usize, |at| from + at);
        Span::new(at, at + part.len())
    };
    let first = place(resource, span.start as usize);
    let second = place(attribute, first.end as usize);
    let items = [(resource, first), (attribute, second)];
    let items = items.into_iter().map(|(part, span)| Node::new(span, Shape::String(part.into()))).collect();
    Node::new(span, Shape::Array(items))
}
