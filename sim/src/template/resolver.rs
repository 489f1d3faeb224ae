//! Turns the values of a template into plain values: `Ref`, `Fn::GetAtt`, `Fn::Sub` and the other intrinsic functions.
//!
//! Names of resources are settled first, in the order of their dependencies, so that no reference ever recurses into
//! another resource. Everything wrong is reported at its place; resolving goes on, so that all problems come at once.

mod conditions;
mod dependencies;
mod functions;
mod sub;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Member, Node, Shape, Span};

use super::fields::scalar_text;
use super::names::{self, Naming};
use super::resources::function_arn;
use super::stack::{Environment, Identity};
use super::{MappedText, suggest};

use conditions::Conditions;
pub use dependencies::creation_order;

/// What resolving a template may cost: bytes that are made, and more for each problem, whose suggestions are dear. A
/// variable that is inserted twice by one that is inserted twice doubles with every level; a template that means well
/// stays a thousand times below this.
const WORK_MAX: usize = 50_000_000;

/// What a call costs of [`WORK_MAX`] before it does anything.
const WORK_OF_CALL: usize = 100;

/// What a problem costs of [`WORK_MAX`].
const WORK_OF_PROBLEM: usize = 10_000;

/// A value after resolving.
#[derive(Clone, Debug, PartialEq)]
pub enum Resolved {
    /// A plain value.
    Value(Node),
    /// `AWS::NoValue`: the property or item that holds it does not exist.
    Nothing,
    /// It could not be had; the reason was reported.
    Failed,
}

/// A resource as it stands in the template.
#[derive(Clone, Debug)]
pub struct RawResource<'t> {
    /// The key under `Resources`.
    pub logical_id: &'t Arc<str>,
    /// Where that key stands.
    pub id_span: Span,
    /// `Type`
    pub resource_type: &'t str,
    /// `Properties`, when there are any.
    pub properties: Option<&'t Node>,
    /// `DependsOn`, one or several.
    pub depends_on: Vec<&'t Node>,
    /// Whether its `Condition` holds.
    pub exists: bool,
}

/// Everything that references may name, and what was found wrong.
pub struct Resolver<'t> {
    file: &'t str,
    stack_name: &'t str,
    environment: &'t Environment,
    /// Values of parameters; `None` for one whose value is unusable, which was reported.
    parameters: BTreeMap<Arc<str>, Option<Node>>,
    mappings: Option<&'t Node>,
    imports: &'t BTreeMap<String, String>,
    conditions: Conditions<'t>,
    resources: Vec<RawResource<'t>>,
    index: BTreeMap<&'t str, usize>,
    identities: Vec<Option<Identity>>,
    /// Problems found so far.
    pub problems: Vec<Diagnostic>,
    /// Paths of values that could not be had.
    pub failed: BTreeSet<String>,
    path: String,
    work: usize,
    /// What calls answered with a text, by the place of the call.
    call_texts: BTreeMap<(u32, u32), MappedText>,
    /// Inside a condition only parameters may be named.
    in_condition: bool,
    /// Unsupported functions are only worth a warning where nothing reads the value.
    pub lenient: bool,
}

/// What a resolver is made from.
pub struct Scope<'t> {
    /// The template's text, where scalars are found again.
    pub file: &'t str,
    /// `AWS::StackName`
    pub stack_name: &'t str,
    /// Account, region, partition.
    pub environment: &'t Environment,
    /// Values of the parameters.
    pub parameters: BTreeMap<Arc<str>, Option<Node>>,
    /// `Mappings`
    pub mappings: Option<&'t Node>,
    /// `Conditions`
    pub conditions: Option<&'t Node>,
    /// Values for `Fn::ImportValue`.
    pub imports: &'t BTreeMap<String, String>,
}

impl<'t> Resolver<'t> {
    /// A resolver that knows no resources yet.
    pub fn new(scope: Scope<'t>) -> Resolver<'t> {
        Resolver {
            file: scope.file,
            stack_name: scope.stack_name,
            environment: scope.environment,
            parameters: scope.parameters,
            mappings: scope.mappings,
            imports: scope.imports,
            conditions: Conditions::new(scope.conditions),
            resources: Vec::new(),
            index: BTreeMap::new(),
            identities: Vec::new(),
            problems: Vec::new(),
            failed: BTreeSet::new(),
            path: String::new(),
            work: 0,
            call_texts: BTreeMap::new(),
            in_condition: false,
            lenient: false,
        }
    }

    /// Makes the resources known and settles their names.
    pub fn set_resources(&mut self, resources: Vec<RawResource<'t>>) {
        self.index = resources.iter().enumerate().map(|(at, resource)| (&**resource.logical_id, at)).collect();
        self.identities = vec![None; resources.len()];
        self.resources = resources;
        let order = creation_order(self);
        for at in order {
            let resource = self.resources[at].clone();
            self.identities[at] = Some(self.settle(&resource));
        }
    }

    /// The resources of the template.
    pub fn resources(&self) -> &[RawResource<'t>] {
        &self.resources
    }

    /// The names of the resource at `at`.
    pub fn identity(&self, at: usize) -> Option<&Identity> {
        self.identities.get(at)?.as_ref()
    }

    /// Resolves a value that stands at `path` of the document.
    pub fn resolve_at(&mut self, node: &Node, path: &str) -> Resolved {
        path.clone_into(&mut self.path);
        self.resolve(node)
    }

    /// The text of a resolved scalar, which knows the place of each of its bytes.
    pub fn mapped(&self, resolved: &Node) -> Option<MappedText> {
        let text = scalar_text(resolved)?;
        let call = self.call_texts.get(&(resolved.span.start, resolved.span.end));
        match call.filter(|call| *call.as_str() == *text) {
            Some(call) => Some(call.clone()),
            None => Some(MappedText::of_scalar(self.file, resolved.span, &text)),
        }
    }

    fn resolve(&mut self, node: &Node) -> Resolved {
        match &node.shape {
            Shape::Array(items) => self.resolve_items(node.span, items),
            Shape::Object(members) => match self.function_of(members) {
                Some(Ok(member)) => {
                    let mut resolved = self.call(member, node.span);
                    if let Resolved::Value(Node { shape: Shape::String(text), .. }) = &resolved
                        && !self.spend(text.len(), node.span)
                    {
                        resolved = Resolved::Failed;
                    }
                    match &resolved {
                        Resolved::Failed => {
                            self.failed.insert(self.path.clone());
                        }
                        Resolved::Value(Node { span, shape: Shape::String(text) }) if *span == node.span => {
                            let place = (span.start, span.end);
                            self.call_texts.entry(place).or_insert_with(|| MappedText::of_place(text, *span));
                        }
                        _ => {}
                    }
                    resolved
                }
                Some(Err(())) => {
                    self.failed.insert(self.path.clone());
                    Resolved::Failed
                }
                None => self.resolve_members(node.span, members),
            },
            Shape::String(text) => {
                self.check_dynamic_reference(text, node.span);
                Resolved::Value(node.clone())
            }
            _ => Resolved::Value(node.clone()),
        }
    }

    fn resolve_items(&mut self, span: Span, items: &[Node]) -> Resolved {
        let length = self.path.len();
        let mut resolved = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            // AWS: the element that holds AWS::NoValue disappears, the others move up.
            let _ = write!(self.path, "[{index}]");
            if let Resolved::Value(value) = self.resolve(item) {
                resolved.push(value);
            }
            self.path.truncate(length);
        }
        Resolved::Value(Node::new(span, Shape::Array(resolved)))
    }

    fn resolve_members(&mut self, span: Span, members: &[Member]) -> Resolved {
        let length = self.path.len();
        let mut resolved = Vec::with_capacity(members.len());
        for member in members {
            let _ = write!(self.path, "/{}", member.key);
            if let Resolved::Value(value) = self.resolve(&member.value) {
                resolved.push(Member { key: member.key.clone(), key_span: member.key_span, value });
            }
            self.path.truncate(length);
        }
        Resolved::Value(Node::new(span, Shape::Object(resolved)))
    }

    /// The function call that an object is, if it is one; a call with other keys beside it is an error.
    fn function_of<'m>(&mut self, members: &'m [Member]) -> Option<Result<&'m Member, ()>> {
        let is_call = |member: &&Member| {
            let named = &*member.key == "Ref" && member.value.as_str().is_some();
            named || member.key.starts_with("Fn::")
        };
        let call = members.iter().find(is_call)?;
        if members.len() > 1 {
            let message = format!("'{}' must be the only key of its object", call.key);
            let hint = "move the other keys out of this object";
            self.error("misplaced-function", call.key_span, message, Some(hint.to_owned()));
            return Some(Err(()));
        }
        Some(Ok(call))
    }

    /// The value that `Ref` or a variable of `Fn::Sub` names.
    fn reference(&mut self, name: &str, span: Span) -> Resolved {
        if let Some(value) = self.pseudo_parameter(name, span) {
            return value;
        }
        if let Some(value) = self.parameters.get(name) {
            let Some(value) = value else { return Resolved::Failed };
            let value = Node { span, shape: value.shape.clone() };
            return if self.spend(size(&value), span) { Resolved::Value(value) } else { Resolved::Failed };
        }
        let Some(at) = self.resource_index(name, span) else { return Resolved::Failed };
        match self.identity(at) {
            Some(identity) => {
                let text = names::reference(self.resources[at].resource_type, identity, self.environment);
                text_value(text, span)
            }
            None => Resolved::Failed,
        }
    }

    /// The value of an attribute of a resource.
    fn attribute(&mut self, name: &str, attribute: &str, span: Span) -> Resolved {
        let Some(at) = self.resource_index(name, span) else { return Resolved::Failed };
        let Some(identity) = self.identity(at) else { return Resolved::Failed };
        let resource_type = self.resources[at].resource_type;
        let value = names::attribute(resource_type, identity, self.environment, attribute);
        let streamless = attribute == "StreamArn"
            && self.resources[at].properties.is_none_or(|properties| properties.get("StreamSpecification").is_none());
        match value {
            Some(_) if streamless && resource_type == "AWS::DynamoDB::Table" => {
                let message = format!("the table '{name}' has no stream, so it has no attribute 'StreamArn'");
                self.error(
                    "unknown-attribute",
                    span,
                    message,
                    Some("add a StreamSpecification to the table".to_owned()),
                );
                Resolved::Failed
            }
            Some(value) => text_value(value, span),
            None => {
                let known = names::type_info(resource_type).map_or(&[][..], |info| info.attributes);
                let message = format!("'{name}' is an {resource_type}, which has no attribute '{attribute}'");
                let hint = suggest::hint(attribute, known.iter().copied());
                self.error("unknown-attribute", span, message, hint);
                Resolved::Failed
            }
        }
    }

    fn resource_index(&mut self, name: &str, span: Span) -> Option<usize> {
        if self.in_condition {
            let message = format!("'{name}' is no parameter; conditions can only refer to parameters");
            let hint = suggest::hint(name, self.parameters.keys().map(|name| &**name));
            self.error("unresolved-reference", span, message, hint);
            return None;
        }
        match self.index.get(name) {
            Some(at) if self.resources[*at].exists => Some(*at),
            Some(_) => {
                let message =
                    format!("unresolved resource dependencies [{name}] in the Resources block of the template");
                let hint =
                    format!("the condition of '{name}' is false, so it does not exist; refer to it inside an Fn::If");
                self.error("unresolved-reference", span, message, Some(hint));
                None
            }
            None => {
                let message =
                    format!("unresolved resource dependencies [{name}] in the Resources block of the template");
                let parameters = self.parameters.keys().map(|name| &**name);
                let candidates: Vec<&str> = self.index.keys().copied().chain(parameters).collect();
                let hint = match suggest::nearest(name, candidates.iter().copied().chain(PSEUDO_PARAMETERS)) {
                    Some(near) => format!("nothing is called '{name}'; did you mean '{near}'?"),
                    None => format!("nothing is called '{name}'; declare a parameter or a resource of that name"),
                };
                self.error("unresolved-reference", span, message, Some(hint));
                None
            }
        }
    }

    fn pseudo_parameter(&mut self, name: &str, span: Span) -> Option<Resolved> {
        let environment = self.environment;
        let text: Arc<str> = match name {
            "AWS::AccountId" => environment.account_id.clone(),
            "AWS::Region" => environment.region.clone(),
            "AWS::Partition" => environment.partition.clone(),
            "AWS::URLSuffix" => {
                if &*environment.partition == "aws-cn" { "amazonaws.com.cn" } else { "amazonaws.com" }.into()
            }
            "AWS::StackName" => self.stack_name.into(),
            "AWS::StackId" => {
                let letters = names::hash_letters(self.stack_name).to_lowercase();
                environment.arn("cloudformation", &format!("stack/{}/{letters}", self.stack_name))
            }
            "AWS::NotificationARNs" => return Some(Resolved::Value(Node::new(span, Shape::Array(Vec::new())))),
            "AWS::NoValue" => return Some(Resolved::Nothing),
            _ => return None,
        };
        Some(text_value(text, span))
    }

    /// Resolves to a text; anything but a scalar is an error.
    fn text(&mut self, node: &Node) -> Option<Arc<str>> {
        match self.resolve(node) {
            Resolved::Value(value) => {
                let text = scalar_text(&value);
                if text.is_none() {
                    let kind = value.kind();
                    self.error("wrong-type", node.span, format!("expected a string, found an {kind}"), None);
                }
                text
            }
            Resolved::Nothing => {
                self.error("wrong-type", node.span, "expected a string, found AWS::NoValue", None);
                None
            }
            Resolved::Failed => None,
        }
    }

    fn settle(&mut self, resource: &RawResource<'t>) -> Identity {
        let property = |key: &str| resource.properties.and_then(|properties| properties.get(key));
        let path = format!("/Resources/{}/Properties", resource.logical_id);
        let before = self.problems.len();
        let text = |resolver: &mut Self, key: &str| {
            let node = property(key)?;
            resolver.path = format!("{path}/{key}");
            match resolver.resolve(node) {
                Resolved::Value(value) => scalar_text(&value),
                Resolved::Nothing | Resolved::Failed => None,
            }
        };
        let name_property = names::type_info(resource.resource_type).map_or("", |info| info.name_property);
        let explicit = text(self, name_property);
        let parent = match resource.resource_type {
            "AWS::Events::Rule" => text(self, "EventBusName").map(|bus| bus_name(&bus)),
            "AWS::IAM::Role" | "AWS::IAM::ManagedPolicy" => text(self, "Path"),
            "AWS::Lambda::Version" | "AWS::Lambda::Alias" => {
                text(self, "FunctionName").map(|name| function_arn(&name, self.environment))
            }
            "AWS::StepFunctions::StateMachineVersion" => text(self, "StateMachineArn"),
            "AWS::StepFunctions::StateMachineAlias" => self.machine_of_alias(&property, &path),
            _ => None,
        };
        let parent = match parent {
            Some(of) if names::is_version(resource.resource_type) => Some(self.next_version(&of)),
            parent => parent,
        };
        let fifo = property("FifoQueue").or_else(|| property("FifoTopic")).and_then(scalar_text);
        // The same values are resolved and reported again with the rest of the properties.
        self.problems.truncate(before);
        let naming = Naming {
            stack_name: self.stack_name,
            environment: self.environment,
            logical_id: resource.logical_id,
            explicit,
            fifo: fifo.as_deref() == Some("true"),
            parent,
        };
        let mut identity = naming.identity(resource.resource_type);
        identity.place.span = resource.id_span;
        identity
    }

    /// The ARN of the state machine whose version an alias names first.
    fn machine_of_alias(&mut self, property: &dyn Fn(&str) -> Option<&'t Node>, path: &str) -> Option<Arc<str>> {
        let routes = property("RoutingConfiguration").and_then(Node::as_array).unwrap_or_default();
        let node = routes.first().or(property("DeploymentPreference"))?.get("StateMachineVersionArn")?;
        path.clone_into(&mut self.path);
        let Resolved::Value(value) = self.resolve(node) else { return None };
        let version = scalar_text(&value)?;
        version.rsplit_once(':').map(|(machine, _)| machine.into())
    }

    /// The ARN of the next version of what has this ARN. AWS: versions are numbered from 1.
    fn next_version(&self, of_arn: &str) -> Arc<str> {
        let is_version = |identity: &&Identity| {
            let number = identity.arn.strip_prefix(of_arn).and_then(|rest| rest.strip_prefix(':'));
            number.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()))
        };
        let known = self.identities.iter().flatten().filter(is_version).count();
        format!("{of_arn}:{}", known + 1).into()
    }

    fn check_dynamic_reference(&mut self, text: &str, span: Span) {
        if text.contains("{{resolve:") && !self.lenient {
            let problem = Diagnostic::warning(
                "dynamic-reference",
                span,
                self.path.clone(),
                "the dynamic reference stays as it is written",
            );
            self.problems.push(problem.hint("give the value as a parameter with a default instead"));
        }
    }

    /// Whether there is still `amount` of work left; says so once when there is not.
    fn spend(&mut self, amount: usize, span: Span) -> bool {
        let had = self.work <= WORK_MAX;
        self.work = self.work.saturating_add(amount);
        if had && self.work > WORK_MAX {
            let message = "the template takes too much to resolve";
            let problem = Diagnostic::error("too-much-work", span, self.path.clone(), message);
            self.problems.push(problem.hint("look for variables that are inserted into each other many times"));
        }
        self.work <= WORK_MAX
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, hint: Option<String>) {
        if !self.spend(WORK_OF_PROBLEM, span) {
            return;
        }
        let mut problem = Diagnostic::error(code, span, self.path.clone(), message);
        problem.hint = hint;
        self.problems.push(problem);
    }
}

/// The pseudo parameters.
pub const PSEUDO_PARAMETERS: [&str; 8] = [
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// A bus by its name or its ARN, as its name.
pub fn bus_name(name_or_arn: &str) -> Arc<str> {
    name_or_arn.split_once(":event-bus/").map_or(name_or_arn, |(_, name)| name).into()
}

/// How much a value is, roughly in bytes.
fn size(node: &Node) -> usize {
    match &node.shape {
        Shape::String(text) => text.len(),
        Shape::Array(items) => items.iter().map(size).sum::<usize>() + items.len(),
        Shape::Object(members) => members.iter().map(|member| size(&member.value) + member.key.len()).sum(),
        _ => 1,
    }
}

fn text_value(text: impl Into<Arc<str>>, span: Span) -> Resolved {
    Resolved::Value(Node::new(span, Shape::String(text.into())))
}

#[cfg(test)]
mod tests;
