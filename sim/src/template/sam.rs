//! The serverless forms, written out as the resources that SAM deploys in their place.
//!
//! This works on the tree before anything is resolved: every node keeps its place, so that problems of a generated
//! resource point at the lines it came from. Generated resources carry SAM's logical ids.

mod build;
mod events;
mod policies;

use std::collections::BTreeSet;
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Member, Node, Shape, Span};

use super::resources::{LOCAL_CODE, LOCAL_DEFINITION};
use super::suggest;
use build::{call, get_att, member, merge, object, resource, text, without};

const TRANSFORM: &str = "AWS::Serverless-2016-10-31";

const TYPES: [&str; 4] = [
    "AWS::Serverless::Function",
    "AWS::Serverless::LayerVersion",
    "AWS::Serverless::SimpleTable",
    "AWS::Serverless::StateMachine",
];

/// Properties of functions that change nothing in a run, or are taken up elsewhere.
const FUNCTION_IGNORED: [&str; 19] = [
    "Tags",
    "Tracing",
    "AutoPublishAlias",
    "AutoPublishAliasAllProperties",
    "AutoPublishCodeSha256",
    "DeploymentPreference",
    "FunctionUrlConfig",
    "VersionDescription",
    "PermissionsBoundary",
    "ProvisionedConcurrencyConfig",
    "AssumeRolePolicyDocument",
    "RolePath",
    "PropagateTags",
    "SourceKMSKeyArn",
    "Events",
    "Policies",
    "EventInvokeConfig",
    "DeadLetterQueue",
    "VersionDeletionPolicy",
];

const STATE_MACHINE_IGNORED: [&str; 11] = [
    "Tags",
    "Tracing",
    "Logging",
    "AutoPublishAlias",
    "DeploymentPreference",
    "UseAliasAsEventTarget",
    "PermissionsBoundary",
    "RolePath",
    "PropagateTags",
    "Events",
    "Policies",
];

/// A template without serverless forms, and what was wrong with those.
pub fn expand(root: Node) -> (Node, Vec<Diagnostic>) {
    let serverless = |member: &Member| {
        let resource_type = member.value.get("Type").and_then(Node::as_str);
        resource_type.is_some_and(|name| name.starts_with("AWS::Serverless::"))
    };
    let resources = root.get("Resources").map(Node::members).unwrap_or_default();
    let Some(first) = resources.iter().find(|member| serverless(member)) else { return (root, Vec::new()) };
    let mut expansion =
        Expansion { globals: root.get("Globals"), added: Vec::new(), problems: Vec::new(), renamed: Vec::new() };
    if !has_transform(&root) {
        let message = format!("'{}' is a serverless form, but the template has no Transform", first.key);
        let problem = Diagnostic::error("missing-transform", first.key_span, "/Transform", message);
        expansion.problems.push(problem.hint(format!("add 'Transform: {TRANSFORM}' to the template")));
    }
    let mut members = Vec::with_capacity(resources.len());
    for member in resources {
        let value = if serverless(member) { expansion.resource(member) } else { member.value.clone() };
        members.push(Member { value, ..member.clone() });
        members.append(&mut expansion.added);
    }
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for member in &members {
        if !seen.insert(&member.key) {
            let message = format!("the generated resource '{}' has the logical id of another", member.key);
            expansion.problems.push(
                Diagnostic::error("duplicate-name", member.key_span, "/Resources", message).hint("rename the other"),
            );
        }
    }
    let problems = std::mem::take(&mut expansion.problems);
    let renamed = std::mem::take(&mut expansion.renamed);
    let mut expanded = root.clone();
    if let Shape::Object(sections) = &mut expanded.shape {
        for section in sections.iter_mut().filter(|section| &*section.key == "Resources") {
            section.value.shape = Shape::Object(std::mem::take(&mut members));
        }
    }
    if !renamed.is_empty() {
        rename_references(&mut expanded, &renamed);
    }
    (expanded, problems)
}

fn has_transform(root: &Node) -> bool {
    let names = |node: &Node| node.as_str() == Some(TRANSFORM);
    root.get("Transform")
        .is_some_and(|node| names(node) || node.as_array().is_some_and(|items| items.iter().any(names)))
}

struct Expansion<'t> {
    globals: Option<&'t Node>,
    /// Resources generated beside the current one.
    added: Vec<Member>,
    problems: Vec<Diagnostic>,
    /// What references name beside logical ids, and what they mean.
    renamed: Vec<(String, String)>,
}

/// A serverless resource while it is written out.
struct Form<'t> {
    id: &'t Arc<str>,
    span: Span,
    properties: Node,
    /// `Condition` and `DependsOn` of the resource; what is generated shares the condition.
    outer: &'t Node,
}

impl Form<'_> {
    fn get(&self, key: &str) -> Option<&Node> {
        self.properties.get(key).filter(|node| node.shape != Shape::Null)
    }

    fn path(&self) -> String {
        format!("/Resources/{}", self.id)
    }
}

impl Expansion<'_> {
    fn resource(&mut self, member: &Member) -> Node {
        let kind = member.value.get("Type").and_then(Node::as_str).unwrap_or_default();
        let section = kind.rsplit("::").next().unwrap_or_default();
        let own = member.value.get("Properties").cloned();
        let own = own.unwrap_or_else(|| object(member.key_span, Vec::new()));
        let globals = self.globals.and_then(|globals| globals.get(section));
        let properties = match globals {
            Some(globals) if member.value.get("IgnoreGlobals").is_none() => merge(globals, &own),
            _ => own,
        };
        let form = Form { id: &member.key, span: member.key_span, properties, outer: &member.value };
        let (resource_type, properties) = match kind {
            "AWS::Serverless::Function" => ("AWS::Lambda::Function", self.function(&form)),
            "AWS::Serverless::StateMachine" => ("AWS::StepFunctions::StateMachine", self.state_machine(&form)),
            "AWS::Serverless::SimpleTable" => ("AWS::DynamoDB::Table", simple_table(&form)),
            "AWS::Serverless::LayerVersion" => ("AWS::Lambda::LayerVersion", layer(&form)),
            other => {
                if let Some(near) = suggest::nearest(other, TYPES) {
                    let message = format!("there is no resource type '{other}'");
                    let problem = Diagnostic::error("unknown-type", member.value.span, form.path(), message);
                    self.problems.push(problem.hint(format!("did you mean '{near}'?")));
                }
                return member.value.clone();
            }
        };
        build::retyped(&member.value, resource_type, properties)
    }

    fn function(&mut self, form: &Form<'_>) -> Node {
        let span = form.span;
        let mut properties = without(&form.properties, &FUNCTION_IGNORED);
        properties.retain(|member| !matches!(&*member.key, "InlineCode" | "CodeUri" | "ImageUri"));
        if let Some(code) = code(form) {
            properties.push(member("Code", span, object(code.value.span, vec![code])));
        }
        if let Some(queue) = form.get("DeadLetterQueue").and_then(|queue| queue.get("TargetArn")) {
            properties.push(member(
                "DeadLetterConfig",
                span,
                object(span, vec![member("TargetArn", span, queue.clone())]),
            ));
        }
        if form.get("Role").is_none() {
            let basic = text(span, "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole");
            let role = self.role(form, "lambda.amazonaws.com", vec![basic]);
            properties.push(member("Role", span, role));
        }
        if let Some(config) = form.get("EventInvokeConfig") {
            self.event_invoke_config(form, config);
        }
        if let Some(alias) = form.get("AutoPublishAlias") {
            self.alias(form, alias, false);
        }
        self.function_events(form);
        object(form.properties.span, properties)
    }

    fn event_invoke_config(&mut self, form: &Form<'_>, config: &Node) {
        let span = form.span;
        let mut properties = vec![member("FunctionName", span, call("Ref", span, text(span, form.id)))];
        properties.push(member("Qualifier", span, text(span, "$LATEST")));
        for inner in config.members() {
            let mut inner = inner.clone();
            if &*inner.key == "DestinationConfig"
                && let Shape::Object(sides) = &mut inner.value.shape
            {
                for side in sides {
                    if side.value.get("Destination").is_none() {
                        let message = "a destination that SAM generates is not simulated";
                        let problem = Diagnostic::warning("not-simulated", side.key_span, form.path(), message);
                        self.problems.push(problem.hint("name a Destination"));
                    }
                    side.value.shape = Shape::Object(without(&side.value, &["Type"]));
                }
                sides_with_destination(&mut inner.value);
            }
            properties.push(inner);
        }
        let id = format!("{}EventInvokeConfig", form.id);
        self.added.push(resource(form.outer, &id, span, "AWS::Lambda::EventInvokeConfig", properties));
    }

    fn state_machine(&mut self, form: &Form<'_>) -> Node {
        let span = form.span;
        let mut properties = without(&form.properties, &STATE_MACHINE_IGNORED);
        for property in &mut properties {
            let renamed = match &*property.key {
                "Name" => "StateMachineName",
                "Type" => "StateMachineType",
                "Role" => "RoleArn",
                "DefinitionUri" => match property.value.as_str() {
                    Some(path) if !path.starts_with("s3://") => LOCAL_DEFINITION,
                    _ => {
                        // A bucket; only an object says so to the reader of definitions.
                        property.value.shape = Shape::Object(Vec::new());
                        "DefinitionS3Location"
                    }
                },
                _ => continue,
            };
            property.key = renamed.into();
        }
        if form.get("Role").is_none() {
            let role = self.role(form, "states.amazonaws.com", Vec::new());
            properties.push(member("RoleArn", span, role));
        }
        if let Some(alias) = form.get("AutoPublishAlias") {
            self.alias(form, alias, true);
        }
        self.state_machine_events(form);
        object(form.properties.span, properties)
    }

    /// Generates the version `<Id>Version` and the alias `<Id>Alias<name>` for it. SAM adds a hash to the version's id,
    /// which nobody can name.
    fn alias(&mut self, form: &Form<'_>, alias: &Node, is_machine: bool) {
        let span = form.span;
        let own = || call("Ref", span, text(span, form.id));
        let version = format!("{}Version", form.id);
        let id = format!("{}Alias{}", form.id, alias.as_str().unwrap_or_default());
        let (version_type, of, alias_type) = if is_machine {
            ("AWS::StepFunctions::StateMachineVersion", "StateMachineArn", "AWS::StepFunctions::StateMachineAlias")
        } else {
            ("AWS::Lambda::Version", "FunctionName", "AWS::Lambda::Alias")
        };
        self.added.push(resource(form.outer, &version, span, version_type, vec![member(of, span, own())]));
        let mut properties = vec![member("Name", span, alias.clone())];
        if is_machine {
            let route = vec![
                member("StateMachineVersionArn", span, call("Ref", span, text(span, &version))),
                member("Weight", span, text(span, "100")),
            ];
            let routes = Node::new(span, Shape::Array(vec![object(span, route)]));
            properties.push(member("RoutingConfiguration", span, routes));
        } else {
            properties.push(member(of, span, own()));
            properties.push(member("FunctionVersion", span, get_att(span, &version, "Version")));
        }
        self.added.push(resource(form.outer, &id, span, alias_type, properties));
        self.renamed.push((format!("{}.Version", form.id), version));
        self.renamed.push((format!("{}.Alias", form.id), id));
    }

    /// Generates `<Id>Role` and answers a reference to its ARN.
    fn role(&mut self, form: &Form<'_>, service: &str, mut managed: Vec<Node>) -> Node {
        let span = form.span;
        let id = format!("{}Role", form.id);
        let mut inline = Vec::new();
        if let Some(policies) = form.get("Policies") {
            policies::split(policies, form, &mut managed, &mut inline, &mut self.problems);
        }
        let properties = vec![
            member("AssumeRolePolicyDocument", span, build::trust(span, service)),
            member("ManagedPolicyArns", span, Node::new(span, Shape::Array(managed))),
            member("Policies", span, Node::new(span, Shape::Array(inline))),
        ];
        self.added.push(resource(form.outer, &id, span, "AWS::IAM::Role", properties));
        get_att(span, &id, "Arn")
    }
}

fn sides_with_destination(config: &mut Node) {
    if let Shape::Object(sides) = &mut config.shape {
        sides.retain(|side| side.value.get("Destination").is_some());
    }
}

/// The member of `Code` that a serverless function's code is.
fn code(form: &Form<'_>) -> Option<Member> {
    let span = form.span;
    if let Some(inline) = form.get("InlineCode") {
        return Some(member("ZipFile", span, inline.clone()));
    }
    if let Some(image) = form.get("ImageUri") {
        return Some(member("ImageUri", span, image.clone()));
    }
    let uri = form.get("CodeUri")?;
    let key = match uri.as_str() {
        Some(path) if path.starts_with("s3://") => "ImageUri",
        Some(_) => LOCAL_CODE,
        None => {
            let place = uri.get("Key").and_then(Node::as_str).unwrap_or("a bucket");
            return Some(member("ImageUri", span, text(uri.span, place)));
        }
    };
    Some(member(key, span, uri.clone()))
}

fn layer(form: &Form<'_>) -> Node {
    let mut properties = without(&form.properties, &["RetentionPolicy", "PublishLambdaVersion"]);
    for property in properties.iter_mut().filter(|property| &*property.key == "ContentUri") {
        property.key = "Content".into();
        if let Some(key) = property.value.get("Key").cloned() {
            let bucket = property.value.get("Bucket").cloned().unwrap_or_else(|| text(key.span, ""));
            let members = vec![member("S3Bucket", key.span, bucket), member("S3Key", key.span, key)];
            property.value = object(form.span, members);
        }
    }
    object(form.properties.span, properties)
}

/// The names that SAM understands beside logical ids: `Ref: Function.Alias` and `Ref: Function.Version`.
fn rename_references(node: &mut Node, renamed: &[(String, String)]) {
    match &mut node.shape {
        Shape::Array(items) => items.iter_mut().for_each(|item| rename_references(item, renamed)),
        Shape::Object(members) => {
            for member in members {
                let new = match member.value.as_str() {
                    Some(name) if &*member.key == "Ref" => {
                        renamed.iter().find(|(old, _)| old == name).map(|(_, new)| new.clone())
                    }
                    Some(template) if &*member.key == "Fn::Sub" => {
                        let mut replaced = template.to_owned();
                        for (old, new) in renamed {
                            replaced = replaced.replace(&format!("${{{old}}}"), &format!("${{{new}}}"));
                        }
                        (replaced != template).then_some(replaced)
                    }
                    _ => None,
                };
                match new {
                    Some(new) => member.value = text(member.value.span, &new),
                    None => rename_references(&mut member.value, renamed),
                }
            }
        }
        _ => {}
    }
}

fn simple_table(form: &Form<'_>) -> Node {
    let span = form.span;
    let key = form.get("PrimaryKey");
    let name = key.and_then(|key| key.get("Name")).cloned().unwrap_or_else(|| text(span, "id"));
    let kind = key.and_then(|key| key.get("Type")).map_or(text(span, "S"), |kind| match kind.as_str() {
        Some("String") => text(kind.span, "S"),
        Some("Number") => text(kind.span, "N"),
        Some("Binary") => text(kind.span, "B"),
        _ => kind.clone(),
    });
    let mut properties =
        without(&form.properties, &["PrimaryKey", "Tags", "SSESpecification", "PointInTimeRecoverySpecification"]);
    let list = |node: Node| Node::new(span, Shape::Array(vec![node]));
    let element =
        object(span, vec![member("AttributeName", span, name.clone()), member("KeyType", span, text(span, "HASH"))]);
    let definition = object(span, vec![member("AttributeName", span, name), member("AttributeType", span, kind)]);
    properties.push(member("KeySchema", span, list(element)));
    properties.push(member("AttributeDefinitions", span, list(definition)));
    if form.get("ProvisionedThroughput").is_none() {
        properties.push(member("BillingMode", span, text(span, "PAY_PER_REQUEST")));
    }
    object(form.properties.span, properties)
}

#[cfg(test)]
pub(super) mod tests;
