use rehearsal_engine::source::{Diagnostic, Node, Shape};

use super::Pattern;
use crate::diagnostics::{Place, Problem, SourceId};
use crate::template::{Fields, Report};

/// A compiled statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// `Effect`
    pub allows: bool,
    actions: Matcher,
    resources: Matcher,
    /// Where it stands.
    pub place: Place,
}

/// A list of patterns, or everything but them.
#[derive(Clone, Debug)]
struct Matcher {
    negated: bool,
    patterns: Vec<Pattern>,
}

impl Statement {
    /// Whether the statement speaks about `action` on `resource`.
    pub fn covers(&self, action: &str, resource: &str) -> bool {
        if !self.speaks_of(action) {
            return false;
        }
        let resource_fits = self.resources.patterns.iter().any(|pattern| pattern.matches(resource));
        resource_fits != self.resources.negated
    }

    /// Whether the statement allows `action` on some resource.
    pub fn may_allow(&self, action: &str) -> bool {
        self.allows && self.speaks_of(action)
    }

    fn speaks_of(&self, action: &str) -> bool {
        let fits = self.actions.patterns.iter().any(|pattern| pattern.matches_ignoring_case(action));
        fits != self.actions.negated
    }
}

const KNOWN: [&str; 9] =
    ["Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Principal", "NotPrincipal", "Condition"];

/// Reads the statements of an identity policy.
pub fn read(
    document: &Node,
    source: SourceId,
    path: &str,
    statements: &mut Vec<Statement>,
    problems: &mut Vec<Problem>,
) {
    let report = Report::default();
    for fields in statements_of(document, path, &report) {
        fields.only(&KNOWN);
        fields.required("Effect");
        let effect = fields.one_of("Effect", &["Allow", "Deny"]);
        let actions = matcher(&fields, "Action", "NotAction");
        let resources = matcher(&fields, "Resource", "NotResource");
        let (Some(effect), Some(actions), Some(resources)) = (effect, actions, resources) else { continue };
        let allows = effect == "Allow";
        if fields.get("Condition").is_some() {
            let hint =
                if allows { "the statement allows in every run" } else { "the statement is left out in every run" };
            fields.warn(
                "Condition",
                "unjudged-condition",
                "the condition of this statement cannot be judged here",
                hint,
            );
            if !allows {
                continue;
            }
        }
        statements.push(Statement { allows, actions, resources, place: Place::new(source, fields.node.span) });
    }
    take(report, source, problems);
}

/// Reads which services may assume a role.
pub fn read_trust(document: &Node, source: SourceId, path: &str, problems: &mut Vec<Problem>) -> Vec<Pattern> {
    let report = Report::default();
    let mut trusted = Vec::new();
    for fields in statements_of(document, path, &report) {
        fields.required("Effect");
        let allows = fields.one_of("Effect", &["Allow", "Deny"]) == Some("Allow");
        let Some(actions) = patterns(&fields, "Action") else { continue };
        let assumes = actions.iter().any(|pattern| pattern.matches_ignoring_case("sts:AssumeRole"));
        if !allows || !assumes {
            continue;
        }
        match fields.get("Principal").map(|node| &node.shape) {
            Some(Shape::String(text)) => trusted.push(Pattern::new(text)),
            Some(Shape::Object(_)) => {
                let services = fields.object("Principal").and_then(|principal| patterns(&principal, "Service"));
                trusted.extend(services.into_iter().flatten());
            }
            _ => {
                fields.required("Principal");
            }
        }
    }
    take(report, source, problems);
    trusted
}

/// A compiled statement of the policy of a queue or a topic.
#[derive(Clone, Debug)]
pub struct ResourceStatement {
    statement: Statement,
    /// Service principals; accounts are no services.
    services: Vec<Pattern>,
    /// `aws:SourceArn`, where a condition asks for it.
    source_arns: Option<Vec<Pattern>>,
}

impl ResourceStatement {
    /// Whether it allows what it speaks about.
    pub fn allows(&self) -> bool {
        self.statement.allows
    }

    /// Whether it speaks about `action` on `resource` by `service` on behalf of `source_arn`.
    pub fn covers(&self, service: &str, action: &str, resource: &str, source_arn: &str) -> bool {
        self.services.iter().any(|principal| principal.matches_ignoring_case(service))
            && self.statement.covers(action, resource)
            && self.source_arns.as_ref().is_none_or(|arns| arns.iter().any(|arn| arn.matches(source_arn)))
    }
}

/// The operators that compare `aws:SourceArn` for equality, with wildcards or without.
const ARN_OPERATORS: [&str; 4] = ["ArnEquals", "ArnLike", "StringEquals", "StringLike"];

/// Reads the statements of the policy of a queue or a topic.
pub fn read_resource(
    document: &Node,
    source: SourceId,
    path: &str,
    problems: &mut Vec<Problem>,
) -> Vec<ResourceStatement> {
    let report = Report::default();
    let mut statements = Vec::new();
    for fields in statements_of(document, path, &report) {
        fields.only(&KNOWN);
        fields.required("Effect");
        let effect = fields.one_of("Effect", &["Allow", "Deny"]);
        let actions = matcher(&fields, "Action", "NotAction");
        let resources = matcher(&fields, "Resource", "NotResource");
        let (Some(effect), Some(actions), Some(resources)) = (effect, actions, resources) else { continue };
        let services = match fields.get("Principal").map(|node| &node.shape) {
            Some(Shape::String(text)) => vec![Pattern::new(text)],
            Some(Shape::Object(_)) => {
                let principal = fields.object("Principal");
                let all = |key: &str| principal.as_ref().and_then(|principal| patterns(principal, key));
                let anyone = all("AWS").into_iter().flatten().filter(Pattern::is_anything);
                all("Service").into_iter().flatten().chain(anyone).collect()
            }
            _ => {
                fields.required("Principal");
                continue;
            }
        };
        let place = Place::new(source, fields.node.span);
        let statement = Statement { allows: effect == "Allow", actions, resources, place };
        statements.push(ResourceStatement { statement, services, source_arns: source_arns(&fields) });
    }
    take(report, source, problems);
    statements
}

/// What a condition says about `aws:SourceArn`. Other conditions cannot be judged here and count as met.
fn source_arns(fields: &Fields<'_>) -> Option<Vec<Pattern>> {
    fields.get("Condition")?;
    let condition = fields.object("Condition")?;
    ARN_OPERATORS.iter().find_map(|operator| {
        condition.get(operator)?;
        let operands = condition.object(operator)?;
        let key = operands.node.members().iter().find(|member| member.key.eq_ignore_ascii_case("aws:SourceArn"))?;
        patterns(&operands, &key.key)
    })
}

fn statements_of<'n>(document: &'n Node, path: &str, report: &'n Report) -> Vec<Fields<'n>> {
    let Some(fields) = Fields::of(document, path, report) else { return Vec::new() };
    fields.only(&["Version", "Id", "Statement"]);
    match fields.required("Statement") {
        Some(Node { shape: Shape::Object(_), .. }) => fields.object("Statement").into_iter().collect(),
        Some(_) => fields.objects("Statement"),
        None => Vec::new(),
    }
}

fn matcher(fields: &Fields<'_>, key: &str, negation: &str) -> Option<Matcher> {
    let negated = fields.get(negation).is_some();
    if negated && fields.get(key).is_some() {
        fields.error(
            negation,
            "invalid-statement",
            format!("{key} and {negation} exclude each other"),
            "keep one of them",
        );
        return None;
    }
    let key = if negated { negation } else { key };
    fields.required(key)?;
    Some(Matcher { negated, patterns: patterns(fields, key)? })
}

/// One text or a list of them.
fn patterns(fields: &Fields<'_>, key: &str) -> Option<Vec<Pattern>> {
    let node = fields.get(key)?;
    if let Some(text) = node.as_str() {
        return Some(vec![Pattern::new(text)]);
    }
    if node.as_array().is_none() {
        let message = format!("expected a string or a list of strings, found an {}", node.kind());
        fields.report().push(Diagnostic::error("wrong-type", node.span, fields.path_of(key), message));
        return None;
    }
    Some(fields.texts(key).iter().map(|text| Pattern::new(text)).collect())
}

fn take(report: Report, source: SourceId, problems: &mut Vec<Problem>) {
    problems.extend(report.into_problems().into_iter().map(|problem| Problem::new(source, problem)));
}
