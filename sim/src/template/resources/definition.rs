use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Member, Node, Severity, Shape, Span, read_json};

use super::Draft;
use crate::diagnostics::{Place, Problem, SourceId};
use crate::template::sections::Reading;
use crate::template::stack::{StateMachine, StateMachineKind};
use crate::template::{Fields, MappedText, yaml};

/// AWS: a definition has at most 1 MiB.
const DEFINITION_BYTES_MAX: usize = 1 << 20;

/// The key under which SAM's `DefinitionUri` comes here.
pub const LOCAL_DEFINITION: &str = "LocalDefinition";

/// The properties that a definition may be in, one of them.
const DEFINITIONS: [&str; 4] = ["Definition", "DefinitionString", "DefinitionS3Location", LOCAL_DEFINITION];

/// `AWS::StepFunctions::StateMachine`
pub fn state_machine(draft: Draft<'_, '_, '_>, reading: &mut Reading<'_>) -> Option<StateMachine> {
    let fields = &draft.fields;
    fields.only(&[
        "Definition",
        "DefinitionString",
        "DefinitionS3Location",
        "DefinitionSubstitutions",
        "RoleArn",
        "StateMachineName",
        "StateMachineType",
        "LoggingConfiguration",
        "TracingConfiguration",
        "EncryptionConfiguration",
        "Tags",
        LOCAL_DEFINITION,
    ]);
    let role_arn = fields.required_text("RoleArn");
    let kind = match fields.one_of("StateMachineType", &["STANDARD", "EXPRESS"]) {
        Some("EXPRESS") => StateMachineKind::Express,
        _ => StateMachineKind::Standard,
    };
    if draft.identity.name.chars().count() > 80 {
        let message =
            format!("the name has {} characters; at most 80 are allowed", draft.identity.name.chars().count());
        fields.error("StateMachineName", "invalid-name", message, "shorten it");
    }
    let substitutions = Substitutions::of(fields);
    let definition = definition(&draft, &substitutions, reading);
    if substitutions.are_too_long() {
        let message =
            format!("the substituted values are longer than the {DEFINITION_BYTES_MAX} bytes of a definition");
        fields.error("DefinitionSubstitutions", "too-long", message, "insert shorter values");
        return None;
    }
    substitutions.report_unused(fields);
    let Definition { node, text, source, place } = definition?;
    Some(StateMachine {
        kind,
        role_arn: role_arn?,
        definition: node,
        definition_source: source,
        definition_text: text,
        definition_place: place,
        identity: draft.identity,
    })
}

struct Definition {
    node: Node,
    text: Arc<str>,
    source: SourceId,
    place: Place,
}

fn definition(
    draft: &Draft<'_, '_, '_>,
    substitutions: &Substitutions,
    reading: &mut Reading<'_>,
) -> Option<Definition> {
    let fields = &draft.fields;
    let given: Vec<&str> = DEFINITIONS.into_iter().filter(|key| fields.get(key).is_some()).collect();
    match given.as_slice() {
        ["Definition"] => from_object(fields, substitutions, reading.source),
        ["DefinitionString"] => {
            fields.text("DefinitionString")?;
            let node = fields.get("DefinitionString")?;
            let text = substitutions.apply(&draft.resolver.mapped(node)?);
            let place = Place::new(reading.source, node.span);
            from_text(&text, place, &fields.path_of("DefinitionString"), reading)
        }
        ["DefinitionS3Location"] => {
            let hint = "write the definition into the template, or name a file beside it";
            let location = fields.get("DefinitionS3Location")?;
            if let Some(path) = location.as_str() {
                return from_file(fields, "DefinitionS3Location", path, substitutions, reading);
            }
            fields.error(
                "DefinitionS3Location",
                "unreachable-definition",
                "the definition is in a bucket, which is not read",
                hint,
            );
            None
        }
        [LOCAL_DEFINITION] => {
            let path = fields.text(LOCAL_DEFINITION)?;
            from_file(fields, LOCAL_DEFINITION, &path, substitutions, reading)
        }
        [] => {
            if !DEFINITIONS.iter().any(|key| fields.is_failed(key)) {
                fields.required("Definition");
            }
            None
        }
        several => {
            let message = format!("{} exclude each other", several.join(" and "));
            fields.error(several[1], "too-many-definitions", message, "keep one of them");
            None
        }
    }
}

fn from_object(fields: &Fields<'_>, substitutions: &Substitutions, source: SourceId) -> Option<Definition> {
    let node = substitutions.apply_to(fields.object("Definition")?.node);
    let text: Arc<str> = node.to_json().to_string().into();
    let place = Place::new(source, node.span);
    Some(Definition { node, text, source, place })
}

/// Reads the definition's text; every place in it is led back to where it stands in the file.
fn from_text(text: &MappedText, place: Place, path: &str, reading: &mut Reading<'_>) -> Option<Definition> {
    if text.as_str().len() > DEFINITION_BYTES_MAX {
        let message =
            format!("the definition has {} bytes; at most {DEFINITION_BYTES_MAX} are allowed", text.as_str().len());
        reading.problems.push(Problem::new(place.source, Diagnostic::error("too-long", place.span, path, message)));
        return None;
    }
    match read_json(text.as_str()) {
        Ok(mut node) => {
            relocate(&mut node, &|span| text.place(span));
            Some(Definition { node, text: text.to_shared(), source: place.source, place })
        }
        Err(mut problem) => {
            problem.span = text.place(problem.span);
            path.clone_into(&mut problem.path);
            if problem.hint.is_none() {
                problem.hint = Some("the definition must be JSON after everything is substituted".to_owned());
            }
            reading.problems.push(Problem::new(place.source, problem));
            None
        }
    }
}

fn from_file(
    fields: &Fields<'_>,
    key: &str,
    path: &str,
    substitutions: &Substitutions,
    reading: &mut Reading<'_>,
) -> Option<Definition> {
    let text = match (reading.read_file)(path) {
        Ok(text) => text,
        Err(reason) => {
            fields.error(
                key,
                "unreadable-file",
                format!("the definition '{path}' cannot be read: {reason}"),
                "check the path: it is relative to the template",
            );
            return None;
        }
    };
    let source = reading.sources.add(path, &text);
    let whole = Place::new(source, Span::new(0, text.len()));
    if !std::path::Path::new(path).extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
        let mapped = substitutions.apply(&MappedText::of_verbatim(&text));
        return from_text(&mapped, whole, "", reading);
    }
    let (node, problems) = yaml::read(&text, yaml::Dialect::Plain);
    let broken = problems.iter().any(|problem| problem.severity == Severity::Error);
    reading.problems.extend(problems.into_iter().map(|problem| Problem::new(source, problem)));
    let node = substitutions.apply_to(&node.filter(|_| !broken)?);
    let text: Arc<str> = node.to_json().to_string().into();
    Some(Definition { node, text, source, place: whole })
}

fn relocate(node: &mut Node, place: &impl Fn(Span) -> Span) {
    node.span = place(node.span);
    match &mut node.shape {
        Shape::Array(items) => items.iter_mut().for_each(|item| relocate(item, place)),
        Shape::Object(members) => {
            for member in members {
                member.key_span = place(member.key_span);
                relocate(&mut member.value, place);
            }
        }
        _ => {}
    }
}

/// `DefinitionSubstitutions`: each `${key}` of the definition's text is replaced, as text.
///
/// Values can be long and inserted often, so what they add is counted.
struct Substitutions {
    added_bytes: std::cell::Cell<usize>,
    values: Vec<(Arc<str>, Arc<str>)>,
    used: std::cell::RefCell<BTreeSet<Arc<str>>>,
}

impl Substitutions {
    fn of(fields: &Fields<'_>) -> Substitutions {
        let map = fields.object("DefinitionSubstitutions");
        let members = map.as_ref().map(|map| map.node.members()).unwrap_or_default();
        let values = members.iter().filter_map(|member| Some((member.key.clone(), map.as_ref()?.text(&member.key)?)));
        Substitutions {
            added_bytes: std::cell::Cell::default(),
            values: values.collect(),
            used: std::cell::RefCell::default(),
        }
    }

    fn apply(&self, text: &MappedText) -> MappedText {
        let mut result = MappedText::default();
        let mut at = 0;
        for (range, value) in self.found(text.as_str()) {
            result.push_part(text, at, range.start);
            result.push_from(value, text.place(Span::new(range.start, range.end)));
            at = range.end;
        }
        result.push_part(text, at, text.as_str().len());
        result
    }

    fn apply_to(&self, node: &Node) -> Node {
        let shape = match &node.shape {
            Shape::String(text) => Shape::String(self.replaced(text)),
            Shape::Array(items) => Shape::Array(items.iter().map(|item| self.apply_to(item)).collect()),
            Shape::Object(members) => {
                let members = members.iter().map(|member| Member {
                    key: self.replaced(&member.key),
                    key_span: member.key_span,
                    value: self.apply_to(&member.value),
                });
                Shape::Object(members.collect())
            }
            other => other.clone(),
        };
        Node::new(node.span, shape)
    }

    fn replaced(&self, text: &Arc<str>) -> Arc<str> {
        let found = self.found(text);
        if found.is_empty() {
            return text.clone();
        }
        let mut result = String::with_capacity(text.len());
        let mut at = 0;
        for (range, value) in found {
            result.push_str(&text[at..range.start]);
            result.push_str(value);
            at = range.end;
        }
        result.push_str(&text[at..]);
        result.into()
    }

    /// Where variables with a value stand, in order.
    fn found(&self, text: &str) -> Vec<(Range<usize>, &str)> {
        let mut found = Vec::new();
        let mut at = 0;
        while let Some(start) = text[at..].find("${").map(|offset| at + offset) {
            let Some(length) = text[start..].find('}') else { break };
            let name = &text[start + 2..start + length];
            match self.values.iter().find(|(key, _)| **key == *name) {
                Some((key, value)) => {
                    self.added_bytes.set(self.added_bytes.get() + value.len());
                    if self.are_too_long() {
                        break;
                    }
                    self.used.borrow_mut().insert(key.clone());
                    found.push((start..start + length + 1, &**value));
                    at = start + length + 1;
                }
                None => at = start + 2,
            }
        }
        found
    }

    /// Whether the values alone are longer than a definition may be.
    fn are_too_long(&self) -> bool {
        self.added_bytes.get() > DEFINITION_BYTES_MAX
    }

    fn report_unused(&self, fields: &Fields<'_>) {
        let used = self.used.borrow();
        let Some(map) = fields.object("DefinitionSubstitutions") else { return };
        for (key, _) in self.values.iter().filter(|(key, _)| !used.contains(key)) {
            let message = format!("the definition has no '${{{key}}}'");
            map.warn(
                key,
                "unused-substitution",
                message,
                "remove the substitution, or check its spelling in the definition",
            );
        }
    }
}
