use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rehearsal_engine::source::{Diagnostic, Member, Node, Shape, Span};

use super::super::suggest;
use super::{MappedText, Resolved, Resolver, WORK_OF_CALL, scalar_text, size, text_value};

/// The functions that this resolver knows, for suggestions.
const FUNCTIONS: [&str; 15] = [
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAZs",
    "Fn::GetAtt",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
    "Ref",
];

impl Resolver<'_> {
    /// Calls an intrinsic function; the object that holds the call stands at `span`.
    pub(super) fn call(&mut self, call: &Member, span: Span) -> Resolved {
        let argument = &call.value;
        if !self.spend(WORK_OF_CALL, span) {
            return Resolved::Failed;
        }
        match &*call.key {
            "Ref" => match argument.as_str() {
                Some(name) => self.reference(name, span),
                None => self.wrong_arguments(call, "Ref takes a name"),
            },
            "Fn::GetAtt" => self.get_att(call, span),
            "Fn::Sub" => {
                let text = self.substitute(call);
                self.call_text(text, span)
            }
            "Fn::Join" => {
                let text = self.join(call);
                self.call_text(text, span)
            }
            "Fn::If" => match self.branch(call) {
                Some(branch) => self.resolve(branch),
                None => Resolved::Failed,
            },
            "Fn::Select" => self.select(call),
            "Fn::Split" => self.split(call, span),
            "Fn::FindInMap" => self.find_in_map(call, span),
            "Fn::Base64" => match self.text(argument) {
                Some(text) => text_value(STANDARD.encode(text.as_bytes()), span),
                None => Resolved::Failed,
            },
            "Fn::ImportValue" => self.import_value(call, span),
            "Fn::GetAZs" => {
                let region = &self.environment.region;
                let zones =
                    ["a", "b", "c"].map(|zone| Node::new(span, Shape::String(format!("{region}{zone}").into())));
                Resolved::Value(Node::new(span, Shape::Array(zones.into())))
            }
            "Fn::Length" => match self.list(argument) {
                Some(items) => Resolved::Value(Node::new(span, Shape::Number(items.len().into()))),
                None => Resolved::Failed,
            },
            "Fn::ToJsonString" => match self.resolve(argument) {
                Resolved::Value(value) => text_value(value.to_json().to_string(), span),
                other => other,
            },
            "Fn::Equals" | "Fn::And" | "Fn::Or" | "Fn::Not" => {
                let hint = "name it under Conditions, and use the name in Fn::If".to_owned();
                self.error(
                    "misplaced-function",
                    call.key_span,
                    format!("{} only works under Conditions", call.key),
                    Some(hint),
                );
                Resolved::Failed
            }
            "Fn::Cidr" | "Fn::Transform" => self.unsupported(call),
            name if name.starts_with("Fn::ForEach") => self.unsupported(call),
            name => {
                let mut hint = suggest::nearest(name, FUNCTIONS).map(|near| format!("did you mean '{near}'?"));
                hint = hint.or_else(|| Some("remove it, or write one of CloudFormation's functions".to_owned()));
                self.error(
                    "unknown-function",
                    call.key_span,
                    format!("template error: encountered unsupported function: {name}"),
                    hint,
                );
                Resolved::Failed
            }
        }
    }

    /// The text as the value of a call at `span`; its places are remembered.
    fn call_text(&mut self, text: Option<MappedText>, span: Span) -> Resolved {
        let Some(text) = text else { return Resolved::Failed };
        let shared = text.to_shared();
        self.call_texts.insert((span.start, span.end), text);
        text_value(shared, span)
    }

    fn get_att(&mut self, call: &Member, span: Span) -> Resolved {
        let argument = &call.value;
        let (name, attribute): (Arc<str>, Arc<str>) = match &argument.shape {
            // AWS: the text form is cut at the first dot, attributes may hold more of them.
            Shape::String(text) => match text.split_once('.') {
                Some((name, attribute)) => (name.into(), attribute.into()),
                None => {
                    return self
                        .wrong_arguments(call, "Fn::GetAtt takes a resource and an attribute: 'Resource.Attribute'");
                }
            },
            Shape::Array(items) => match items.as_slice() {
                [name, attribute] => {
                    let Some(attribute) = self.text(attribute) else { return Resolved::Failed };
                    match name.as_str() {
                        Some(name) => (name.into(), attribute),
                        None => {
                            return self
                                .wrong_arguments(call, "the resource of Fn::GetAtt must be a literal logical id");
                        }
                    }
                }
                _ => return self.wrong_arguments(call, "Fn::GetAtt takes a resource and an attribute"),
            },
            _ => return self.wrong_arguments(call, "Fn::GetAtt takes a resource and an attribute"),
        };
        self.attribute(&name, &attribute, span)
    }

    fn select(&mut self, call: &Member) -> Resolved {
        let Some([index, list]) = call.value.as_array() else {
            return self.wrong_arguments(call, "Fn::Select takes an index and a list");
        };
        let Some(text) = self.text(index) else { return Resolved::Failed };
        let Ok(position) = text.trim().parse::<usize>() else {
            return self.wrong_arguments(call, &format!("'{text}' is no index; the first item is 0"));
        };
        let Some(mut items) = self.list(list) else { return Resolved::Failed };
        if position >= items.len() {
            let count = items.len();
            let message = format!("template error: Fn::Select cannot select nonexistent value at index {position}");
            self.error(
                "nonexistent-value",
                call.value.span,
                message,
                Some(format!("the list has {count} items, the first is 0")),
            );
            return Resolved::Failed;
        }
        Resolved::Value(items.swap_remove(position))
    }

    fn split(&mut self, call: &Member, span: Span) -> Resolved {
        let Some([delimiter, text]) = call.value.as_array() else {
            return self.wrong_arguments(call, "Fn::Split takes a delimiter and a text");
        };
        let Some(delimiter) = delimiter.as_str().filter(|delimiter| !delimiter.is_empty()) else {
            return self.wrong_arguments(call, "the delimiter of Fn::Split must be a literal string");
        };
        let Some(text) = self.text(text) else { return Resolved::Failed };
        let parts = text.split(delimiter).map(|part| Node::new(span, Shape::String(part.into())));
        Resolved::Value(Node::new(span, Shape::Array(parts.collect())))
    }

    fn find_in_map(&mut self, call: &Member, span: Span) -> Resolved {
        let (map, first, second, default) = match call.value.as_array() {
            Some([map, first, second]) => (map, first, second, None),
            Some([map, first, second, options]) => (map, first, second, options.get("DefaultValue")),
            _ => return self.wrong_arguments(call, "Fn::FindInMap takes a map and two keys"),
        };
        let (Some(map), Some(first), Some(second)) = (self.text(map), self.text(first), self.text(second)) else {
            return Resolved::Failed;
        };
        let mappings = self.mappings;
        let found_map = mappings.and_then(|mappings| mappings.get(&map));
        let found_first = found_map.and_then(|map| map.get(&first));
        if let Some(value) = found_first.and_then(|level| level.get(&second)) {
            let value = Node { span, shape: value.shape.clone() };
            return if self.spend(size(&value), span) { Resolved::Value(value) } else { Resolved::Failed };
        }
        if let Some(default) = default {
            return self.resolve(default);
        }
        let (missing, level) = match (found_map, found_first) {
            (None, _) => (&map, mappings),
            (_, None) => (&first, found_map),
            _ => (&second, found_first),
        };
        let keys: Vec<&str> = level.map(Node::members).unwrap_or_default().iter().map(|member| &*member.key).collect();
        let hint = suggest::hint(missing, keys.iter().copied()).map(|hint| format!("'{missing}' is not there; {hint}"));
        let message = format!("template error: unable to get mapping for {map}::{first}::{second}");
        self.error("missing-mapping", call.value.span, message, hint);
        Resolved::Failed
    }

    fn import_value(&mut self, call: &Member, span: Span) -> Resolved {
        let Some(name) = self.text(&call.value) else { return Resolved::Failed };
        if let Some(value) = self.imports.get(&*name) {
            return text_value(value.as_str(), span);
        }
        let message = format!("no export named {name} found");
        let hint = format!("give its value under 'imports:' in the scenario: {{{name}: ...}}");
        if self.lenient {
            self.problems.push(Diagnostic::warning("missing-import", span, self.path.clone(), message).hint(hint));
        } else {
            self.error("missing-import", span, message, Some(hint));
        }
        Resolved::Failed
    }

    fn unsupported(&mut self, call: &Member) -> Resolved {
        let message = format!("'{}' is not supported", call.key);
        if self.lenient {
            self.problems.push(Diagnostic::warning("unsupported-function", call.key_span, self.path.clone(), message));
        } else {
            let hint = "write its result out in the template".to_owned();
            self.error("unsupported-function", call.key_span, message, Some(hint));
        }
        Resolved::Failed
    }

    /// Resolves to the items of a list.
    fn list(&mut self, node: &Node) -> Option<Vec<Node>> {
        match self.resolve(node) {
            Resolved::Value(Node { shape: Shape::Array(items), .. }) => Some(items),
            Resolved::Value(other) => {
                let shown = scalar_text(&other).map_or_else(|| other.kind().to_owned(), |text| format!("'{text}'"));
                self.error("wrong-type", node.span, format!("expected a list, found {shown}"), None);
                None
            }
            Resolved::Nothing => Some(Vec::new()),
            Resolved::Failed => None,
        }
    }

    fn wrong_arguments(&mut self, call: &Member, message: &str) -> Resolved {
        self.error("wrong-arguments", call.value.span, message, None);
        Resolved::Failed
    }
}
