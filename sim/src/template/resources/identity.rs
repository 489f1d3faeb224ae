use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Node};

use super::Draft;
use crate::diagnostics::Place;
use crate::iam::managed_policy_document;
use crate::template::sections::Reading;
use crate::template::stack::{AttachedPolicy, Identity, Role, Stack};
use crate::template::{Fields, suggest};

/// Policies that wait for the roles they belong to.
#[derive(Default)]
pub struct Attachments {
    /// Role name or ARN, policy, and where the role was named.
    by_role: Vec<(Arc<str>, AttachedPolicy, Place)>,
    managed: Vec<(Identity, AttachedPolicy)>,
    /// Role name, the managed policy's ARN, and where it was named.
    named: Vec<(Arc<str>, Arc<str>, Place)>,
}

impl Attachments {
    /// `AWS::IAM::Role`
    pub fn role(&mut self, draft: Draft<'_, '_, '_>) -> Option<Role> {
        let fields = &draft.fields;
        fields.only(&[
            "RoleName",
            "AssumeRolePolicyDocument",
            "Policies",
            "ManagedPolicyArns",
            "Path",
            "PermissionsBoundary",
            "MaxSessionDuration",
            "Description",
            "Tags",
        ]);
        let source = draft.identity.place.source;
        let trust = fields.required("AssumeRolePolicyDocument")?.clone();
        let policies = fields.objects("Policies").into_iter().filter_map(|policy| attached(&policy, source)).collect();
        for (node, _) in fields.items("ManagedPolicyArns") {
            if let Some(arn) = node.as_str() {
                self.named.push((draft.identity.name.clone(), arn.into(), Place::new(source, node.span)));
            }
        }
        if fields.get("PermissionsBoundary").is_some() {
            fields.warn(
                "PermissionsBoundary",
                "not-simulated",
                "the permissions boundary is not looked at",
                "calls it forbids are allowed here",
            );
        }
        Some(Role { trust, policies, identity: draft.identity })
    }

    /// `AWS::IAM::Policy`
    pub fn policy(&mut self, draft: &Draft<'_, '_, '_>) {
        let source = draft.identity.place.source;
        let fields = &draft.fields;
        let Some(policy) = attached(fields, source) else { return };
        let single = fields.get("RoleName");
        let roles = fields.items("Roles").into_iter().map(|(node, _)| node).chain(single);
        for node in roles {
            if let Some(role) = node.as_str() {
                self.by_role.push((role.into(), policy.clone(), Place::new(source, node.span)));
            }
        }
    }

    /// `AWS::IAM::ManagedPolicy`
    pub fn managed_policy(&mut self, draft: &Draft<'_, '_, '_>) {
        let source = draft.identity.place.source;
        let Some(document) = draft.fields.required("PolicyDocument") else { return };
        let place = Place::new(source, document.span);
        let policy = AttachedPolicy { name: draft.identity.name.clone(), document: document.clone(), place };
        for (node, _) in draft.fields.items("Roles") {
            if let Some(role) = node.as_str() {
                self.by_role.push((role.into(), policy.clone(), Place::new(source, node.span)));
            }
        }
        self.managed.push((draft.identity.clone(), policy));
    }

    /// Gives every role its policies.
    pub fn attach(self, reading: &mut Reading<'_>, stack: &mut Stack) {
        for (role_name, arn, place) in self.named {
            let own = self.managed.iter().find(|(identity, _)| identity.arn == arn).map(|(_, policy)| policy.clone());
            let Some(policy) = own.or_else(|| aws_policy(&arn, place)) else {
                let message = format!("the managed policy '{arn}' is not known here");
                let problem = Diagnostic::warning("unknown-policy", place.span, "", message);
                reading
                    .push(problem.hint("it grants nothing in a run; write out what it grants as a policy of the role"));
                continue;
            };
            if let Some(role) = stack.roles.iter_mut().find(|role| role.identity.name == role_name) {
                role.policies.push(policy);
            }
        }
        let names: Vec<Arc<str>> = stack.roles.iter().map(|role| role.identity.name.clone()).collect();
        for (role_name, policy, place) in self.by_role {
            if let Some(role) = stack.roles.iter_mut().find(|role| role.identity.name == role_name) {
                role.policies.push(policy);
            } else {
                let message = format!("the template has no role named '{role_name}'");
                let mut problem = Diagnostic::warning("unknown-role", place.span, "", message);
                problem.hint = suggest::hint(&role_name, names.iter().map(|name| &**name));
                reading.push(problem);
            }
        }
    }
}

fn attached(fields: &Fields<'_>, source: crate::diagnostics::SourceId) -> Option<AttachedPolicy> {
    let name = fields.required_text("PolicyName");
    let document: &Node = fields.required("PolicyDocument")?;
    Some(AttachedPolicy { name: name?, document: document.clone(), place: Place::new(source, document.span) })
}

/// A policy that AWS manages, by its ARN.
fn aws_policy(arn: &str, place: Place) -> Option<AttachedPolicy> {
    let name = arn.rsplit('/').next()?;
    if !arn.contains(":iam::aws:policy/") {
        return None;
    }
    let document = managed_policy_document(name, place.span)?;
    Some(AttachedPolicy { name: name.into(), document, place })
}
