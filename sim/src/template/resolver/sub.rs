use std::ops::Range;
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Member, Node, Span};

use super::{MappedText, Resolved, Resolver, scalar_text};

/// A piece of the text of `Fn::Sub`.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece<'t> {
    /// These bytes as they are.
    Text(Range<usize>),
    /// `${!Name}` means `${Name}`: the range without the exclamation mark is in two parts.
    Escaped(Range<usize>),
    /// `${Name}`
    Variable {
        /// What is between the braces.
        name: &'t str,
        /// The whole, braces and all.
        at: Range<usize>,
    },
    /// `${` without an end.
    Open(Range<usize>),
}

/// The pieces of a text of `Fn::Sub`, in order.
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut at = 0;
    while let Some(found) = text[at..].find("${") {
        let start = at + found;
        if start > at {
            pieces.push(Piece::Text(at..start));
        }
        let Some(length) = text[start..].find('}') else {
            pieces.push(Piece::Open(start..text.len()));
            return pieces;
        };
        let end = start + length + 1;
        if text[start + 2..].starts_with('!') {
            pieces.push(Piece::Escaped(start..end));
        } else {
            pieces.push(Piece::Variable { name: &text[start + 2..end - 1], at: start..end });
        }
        at = end;
    }
    if at < text.len() {
        pieces.push(Piece::Text(at..text.len()));
    }
    pieces
}

impl Resolver<'_> {
    /// Resolves a value to a text that knows where each of its bytes stands in the file.
    pub(super) fn mapped_text(&mut self, node: &Node) -> Option<MappedText> {
        if let Some(text) = node.as_str() {
            self.check_dynamic_reference(text, node.span);
            return Some(MappedText::of_scalar(self.file, node.span, text));
        }
        if let [member] = node.members() {
            match &*member.key {
                "Fn::Sub" => return self.substitute(member),
                "Fn::Join" => return self.join(member),
                "Fn::If" => {
                    return match self.branch(member)? {
                        branch if is_no_value(branch) => None,
                        branch => self.mapped_text(branch),
                    };
                }
                _ => {}
            }
        }
        let text = self.text(node)?;
        Some(MappedText::of_place(&text, node.span))
    }

    /// `Fn::Sub`: a text, or a text and a map of variables of its own.
    pub(super) fn substitute(&mut self, call: &Member) -> Option<MappedText> {
        let (text, variables) = match call.value.as_array() {
            Some([text, variables]) => (text, Some(variables)),
            Some(_) => {
                let hint = "write [text, {Name: value}] or only the text".to_owned();
                self.error(
                    "wrong-arguments",
                    call.value.span,
                    "Fn::Sub takes a text and a map of variables",
                    Some(hint),
                );
                return None;
            }
            None => (&call.value, None),
        };
        let Some(pattern) = text.as_str() else {
            let message = format!("the text of Fn::Sub must be a literal string, found {}", text.kind());
            self.error("wrong-arguments", text.span, message, None);
            return None;
        };
        if !self.spend(pattern.len(), text.span) {
            return None;
        }
        let source = MappedText::of_scalar(self.file, text.span, pattern);
        let mut result = MappedText::default();
        let mut complete = true;
        for piece in pieces(pattern) {
            match piece {
                Piece::Text(range) => result.push_part(&source, range.start, range.end),
                Piece::Escaped(range) => {
                    result.push_part(&source, range.start, range.start + 2);
                    result.push_part(&source, range.start + 3, range.end);
                }
                Piece::Open(range) => {
                    let span = source.place(Span::new(range.start, range.start + 2));
                    let problem =
                        Diagnostic::warning("open-variable", span, self.path.clone(), "'${' has no closing '}'");
                    self.problems.push(problem.hint("close the variable, or write '${!' for a literal '${'"));
                    result.push_part(&source, range.start, range.end);
                }
                Piece::Variable { name, at } => {
                    let span = source.place(Span::new(at.start, at.end));
                    match self.variable(name, variables, span) {
                        Some(value) if self.spend(value.len() + 1, span) => result.push_from(&value, span),
                        _ => complete = false,
                    }
                }
            }
        }
        complete.then_some(result)
    }

    fn variable(&mut self, name: &str, variables: Option<&Node>, span: Span) -> Option<Arc<str>> {
        let valid = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ':'));
        if !valid {
            // AWS: the wording of CloudFormation.
            let message = "template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, \
                           underscores, periods, and colons";
            let hint = format!("'{name}' is no name; write '${{!{name}}}' if it is meant literally");
            self.error("invalid-variable", span, message, Some(hint));
            return None;
        }
        let resolved = match (variables.and_then(|variables| variables.get(name)), name.split_once('.')) {
            (Some(value), _) => self.resolve(value),
            (None, Some((resource, attribute))) => self.attribute(resource, attribute, span),
            (None, None) => self.reference(name, span),
        };
        match resolved {
            Resolved::Value(value) => {
                let text = scalar_text(&value);
                if text.is_none() {
                    let message =
                        format!("the variable '{name}' is an {}; Fn::Sub can only insert a text", value.kind());
                    self.error("wrong-type", span, message, Some("join a list with Fn::Join first".to_owned()));
                }
                text
            }
            Resolved::Nothing => Some("".into()),
            Resolved::Failed => None,
        }
    }

    /// `Fn::Join`, with the places of its parts.
    pub(super) fn join(&mut self, call: &Member) -> Option<MappedText> {
        let Some([delimiter, list]) = call.value.as_array() else {
            self.error("wrong-arguments", call.value.span, "Fn::Join takes a delimiter and a list", None);
            return None;
        };
        let Some(delimiter_text) = delimiter.as_str() else {
            self.error("wrong-arguments", delimiter.span, "the delimiter of Fn::Join must be a literal string", None);
            return None;
        };
        let mut parts = Vec::new();
        if let Some(items) = list.as_array() {
            for item in items {
                if !self.is_nothing(item) {
                    parts.push(self.mapped_text(item));
                }
            }
        } else {
            match self.resolve(list) {
                Resolved::Value(value) if value.as_array().is_some() => {
                    for item in value.as_array().unwrap_or_default() {
                        parts.push(scalar_text(item).map(|text| MappedText::of_place(&text, list.span)));
                    }
                }
                Resolved::Failed => return None,
                _ => {
                    self.error("wrong-arguments", list.span, "Fn::Join takes a list as its second argument", None);
                    return None;
                }
            }
        }
        let mut joined = MappedText::default();
        for (index, part) in parts.into_iter().enumerate() {
            let part = part?;
            if !self.spend(part.as_str().len() + delimiter_text.len(), delimiter.span) {
                return None;
            }
            if index > 0 {
                joined.push_from(delimiter_text, delimiter.span);
            }
            joined.push_part(&part, 0, part.as_str().len());
        }
        Some(joined)
    }

    /// The taken branch of `Fn::If`.
    pub(super) fn branch<'n>(&mut self, call: &'n Member) -> Option<&'n Node> {
        let Some([condition, yes, no]) = call.value.as_array() else {
            let message = "Fn::If takes the name of a condition and two values";
            self.error("wrong-arguments", call.value.span, message, None);
            return None;
        };
        self.condition(condition).map(|holds| if holds { yes } else { no })
    }

    /// Whether a value will be `AWS::NoValue`, looking through `Fn::If`.
    fn is_nothing(&mut self, node: &Node) -> bool {
        let [member] = node.members() else { return false };
        if &*member.key != "Fn::If" {
            return is_no_value(node);
        }
        let Some([condition, yes, no]) = member.value.as_array() else { return false };
        match condition.as_str().and_then(|name| self.decide(name)) {
            Some(holds) => self.is_nothing(if holds { yes } else { no }),
            None => false,
        }
    }
}

fn is_no_value(node: &Node) -> bool {
    matches!(node.members(), [member] if &*member.key == "Ref" && member.value.as_str() == Some("AWS::NoValue"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_variables() {
        for (text, wanted) in [
            ("", vec![]),
            ("a", vec![Piece::Text(0..1)]),
            ("${A}b", vec![Piece::Variable { name: "A", at: 0..4 }, Piece::Text(4..5)]),
            ("${!A}", vec![Piece::Escaped(0..5)]),
            ("$${A}", vec![Piece::Text(0..1), Piece::Variable { name: "A", at: 1..5 }]),
            ("é${", vec![Piece::Text(0..2), Piece::Open(2..4)]),
            ("${}", vec![Piece::Variable { name: "", at: 0..3 }]),
        ] {
            assert_eq!(pieces(text), wanted, "{text}");
        }
    }
}
