use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Member, Node, Shape};

use super::fields::{Report, scalar_text, wrong_type};
use super::resolver::{RawResource, Resolved, Resolver, Scope};
use super::resources::Conversion;
use super::stack::{Output, Stack};
use super::{ReadFile, Settings, names, parameters, suggest};
use crate::diagnostics::{Place, Problem, SourceId, Sources};

/// AWS: the sections of a template; `Globals` is SAM's.
const SECTIONS: [&str; 12] = [
    "AWSTemplateFormatVersion",
    "Description",
    "Metadata",
    "Parameters",
    "Rules",
    "Mappings",
    "Conditions",
    "Transform",
    "Resources",
    "Outputs",
    "Globals",
    "Hooks",
];

const RESOURCE_KEYS: [&str; 10] = [
    "Type",
    "Properties",
    "DependsOn",
    "Condition",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "UpdatePolicy",
    "CreationPolicy",
    "Metadata",
    "Connectors",
];

/// AWS: at most this many resources to a template.
const RESOURCES_MAX: usize = 500;

/// A template while it is read.
pub struct Reading<'a> {
    /// All texts; definition files are added.
    pub sources: &'a mut Sources,
    /// The template.
    pub source: SourceId,
    /// Its text.
    pub file: &'a str,
    /// What it is deployed with.
    pub settings: &'a Settings,
    /// Reads files beside it.
    pub read_file: ReadFile<'a>,
    /// What was found wrong.
    pub problems: Vec<Problem>,
}

impl Reading<'_> {
    /// The stack that the template describes.
    pub fn stack(&mut self, root: &Node) -> Stack {
        let mut stack = Stack {
            name: self.settings.stack_name.as_str().into(),
            environment: self.settings.environment.clone(),
            ..Stack::default()
        };
        if !self.check_sections(root) {
            return stack;
        }
        let values =
            parameters::values(root.get("Parameters"), &self.settings.parameters, self.source, &mut self.problems);
        let mut resolver = Resolver::new(Scope {
            file: self.file,
            stack_name: &self.settings.stack_name,
            environment: &self.settings.environment,
            parameters: values,
            mappings: root.get("Mappings"),
            conditions: root.get("Conditions"),
            imports: &self.settings.imports,
        });
        resolver.decide_all_conditions();
        let raw = self.raw_resources(root, &mut resolver);
        resolver.set_resources(raw);
        let resources = resolver.resources().to_vec();
        self.check_names(&resources, &resolver);
        let mut conversion = Conversion::default();
        for (at, resource) in resources.iter().enumerate() {
            if let (true, Some(identity)) = (resource.exists, resolver.identity(at).cloned()) {
                let mut identity = identity;
                identity.place.source = self.source;
                conversion.resource(self, &mut resolver, resource, identity, &mut stack);
            }
        }
        conversion.finish(self, &mut stack);
        stack.outputs = self.outputs(root.get("Outputs"), &mut resolver);
        let found = std::mem::take(&mut resolver.problems);
        self.problems.extend(found.into_iter().map(|problem| Problem::new(self.source, problem)));
        stack
    }

    /// Adds a problem of the template.
    pub fn push(&mut self, problem: Diagnostic) {
        self.problems.push(Problem::new(self.source, problem));
    }

    /// Adds what a report holds.
    pub fn take(&mut self, report: Report) {
        self.problems.extend(report.into_problems().into_iter().map(|problem| Problem::new(self.source, problem)));
    }

    fn check_sections(&mut self, root: &Node) -> bool {
        if root.as_object().is_none() {
            self.push(wrong_type(root, "", "a template with Resources").hint("begin with 'Resources:'"));
            return false;
        }
        for member in root.members() {
            if !SECTIONS.contains(&&*member.key) {
                let message = format!("invalid template property: {}", member.key);
                let mut problem = Diagnostic::error("unknown-section", member.key_span, "", message);
                problem.hint = suggest::hint(&member.key, SECTIONS);
                self.push(problem);
            }
        }
        for section in ["Parameters", "Mappings", "Conditions", "Outputs"] {
            if let Some(node) = root.get(section)
                && !matches!(node.shape, Shape::Object(_) | Shape::Null)
            {
                self.push(wrong_type(node, &format!("/{section}"), "an object"));
            }
        }
        if let Some(version) = root.get("AWSTemplateFormatVersion")
            && scalar_text(version).as_deref() != Some("2010-09-09")
        {
            let message = "the template format version is not supported";
            let problem = Diagnostic::error("unknown-version", version.span, "/AWSTemplateFormatVersion", message);
            self.push(problem.hint("write '2010-09-09', the only version there is"));
        }
        if root.get("Resources").is_none_or(|resources| resources.members().is_empty()) {
            // AWS: the wording of CloudFormation.
            let message = "template format error: at least one Resources member must be defined";
            self.push(Diagnostic::error("no-resources", root.span, "/Resources", message));
        }
        true
    }

    fn raw_resources<'t>(&mut self, root: &'t Node, resolver: &mut Resolver<'_>) -> Vec<RawResource<'t>> {
        let members = root.get("Resources").map(Node::members).unwrap_or_default();
        if members.len() > RESOURCES_MAX {
            let message = format!("the template has {} resources; at most {RESOURCES_MAX} are allowed", members.len());
            self.push(Diagnostic::error("too-many-resources", members[RESOURCES_MAX].key_span, "/Resources", message));
        }
        members.iter().take(RESOURCES_MAX).filter_map(|member| self.raw_resource(member, resolver)).collect()
    }

    fn raw_resource<'t>(&mut self, member: &'t Member, resolver: &mut Resolver<'_>) -> Option<RawResource<'t>> {
        let path = format!("/Resources/{}", member.key);
        let node = &member.value;
        let valid_id = member.key.len() <= 255 && member.key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !valid_id {
            let message = format!("the logical id '{}' is not alphanumeric", member.key);
            self.push(
                Diagnostic::error("invalid-logical-id", member.key_span, path.clone(), message)
                    .hint("use letters and digits"),
            );
        }
        if node.as_object().is_none() {
            self.push(wrong_type(node, &path, "a resource with a Type"));
            return None;
        }
        for inner in node.members() {
            if !RESOURCE_KEYS.contains(&&*inner.key) {
                let message = format!("'{}' is no attribute of a resource", inner.key);
                let mut problem = Diagnostic::error("unknown-attribute", inner.key_span, path.clone(), message);
                problem.hint = match suggest::nearest(&inner.key, RESOURCE_KEYS) {
                    Some(near) => Some(format!("did you mean '{near}'?")),
                    None => Some("if it is a property, indent it below 'Properties:'".to_owned()),
                };
                self.push(problem);
            }
        }
        let Some(resource_type) = node.get("Type").and_then(Node::as_str) else {
            let span = node.member("Type").map_or(member.key_span, |found| found.value.span);
            let message = "every resource needs a Type, as a literal text";
            self.push(Diagnostic::error("missing-type", span, path, message).hint("for example AWS::DynamoDB::Table"));
            return None;
        };
        let exists = match node.get("Condition") {
            Some(condition) => resolver.condition(condition).unwrap_or(false),
            None => true,
        };
        let depends_on = match node.get("DependsOn") {
            Some(Node { shape: Shape::Array(items), .. }) => items.iter().collect(),
            Some(one) => vec![one],
            None => Vec::new(),
        };
        let properties = node.get("Properties").filter(|properties| properties.shape != Shape::Null);
        Some(RawResource {
            logical_id: &member.key,
            id_span: member.key_span,
            resource_type,
            properties,
            depends_on,
            exists,
        })
    }

    /// Two resources of a type cannot share a name.
    fn check_names(&mut self, resources: &[RawResource<'_>], resolver: &Resolver<'_>) {
        let mut seen: BTreeMap<(&str, Arc<str>), &str> = BTreeMap::new();
        for (at, resource) in resources.iter().enumerate() {
            let named = names::type_info(resource.resource_type).is_some_and(|info| !info.name_property.is_empty());
            let Some(identity) = resolver.identity(at).filter(|_| named) else { continue };
            // The same policy name may stand in many roles.
            if resource.resource_type == "AWS::IAM::Policy" {
                continue;
            }
            let known = seen.insert((resource.resource_type, identity.arn.clone()), resource.logical_id);
            if let Some(other) = known {
                let message = format!("'{}' and '{other}' are both named '{}'", resource.logical_id, identity.name);
                let path = format!("/Resources/{}", resource.logical_id);
                let problem = Diagnostic::error("duplicate-name", resource.id_span, path, message);
                self.push(problem.hint("give one of them another name, or none"));
            }
        }
    }

    fn outputs(&mut self, section: Option<&Node>, resolver: &mut Resolver<'_>) -> Vec<Output> {
        let mut outputs = Vec::new();
        let mut exported = BTreeSet::new();
        for member in section.map(Node::members).unwrap_or_default() {
            let path = format!("/Outputs/{}", member.key);
            if let Some(condition) = member.value.get("Condition")
                && resolver.condition(condition) != Some(true)
            {
                continue;
            }
            let Some(value) = member.value.get("Value") else {
                let message = format!("the output '{}' has no Value", member.key);
                self.push(Diagnostic::error("missing-property", member.key_span, path, message));
                continue;
            };
            let text = self.output_text(resolver, value, &format!("{path}/Value"));
            let export = member.value.get("Export").and_then(|export| export.get("Name"));
            let export_name = export.and_then(|name| self.output_text(resolver, name, &format!("{path}/Export/Name")));
            if let Some(name) = &export_name
                && !exported.insert(name.clone())
            {
                let message = format!("two outputs are exported as '{name}'");
                self.push(Diagnostic::error("duplicate-name", member.key_span, path, message));
            }
            if let Some(value) = text {
                let place = Place::new(self.source, member.key_span);
                outputs.push(Output { logical_id: member.key.clone(), value, export_name, place });
            }
        }
        outputs
    }

    fn output_text(&mut self, resolver: &mut Resolver<'_>, node: &Node, path: &str) -> Option<Arc<str>> {
        let Resolved::Value(value) = resolver.resolve_at(node, path) else { return None };
        let text = scalar_text(&value);
        if text.is_none() {
            self.push(wrong_type(&value, path, "a string").hint("join a list with Fn::Join"));
        }
        text
    }
}
