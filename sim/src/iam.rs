//! Who may do what: the identity policies of a stack's roles, compiled so that a check costs next to nothing.
//!
//! Only what changes a workflow's outcome is modelled: Effect, Action, Resource and their negations, wildcards, explicit
//! denial. A `Condition` cannot be judged here, and a run must not fail for what it cannot know: a conditional Allow
//! allows, a conditional Deny is left out, and both are warned about. The services ask before each call; the template
//! reader asks for the documents of AWS's own managed policies.

mod cache;
mod managed;
mod pattern;
mod statement;

use std::collections::BTreeMap;
use std::sync::Arc;

pub use cache::AccessCache;
pub use managed::managed_policy_document;

use crate::diagnostics::{Place, Problem};
use crate::services::ApiError;
use crate::template::Stack;
use crate::template::stack::Environment;
use pattern::Pattern;
use statement::{ResourceStatement, Statement};

/// A role of [`Policies`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoleIndex(u32);

/// The answer to a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// A statement allows it and none denies it.
    Allowed,
    /// No statement allows it.
    NotAllowed,
    /// This statement denies it.
    Denied(Place),
}

impl Decision {
    /// Whether the call may go ahead.
    pub fn is_allowed(self) -> bool {
        self == Decision::Allowed
    }
}

/// The compiled policies of all roles of a stack.
#[derive(Clone, Debug, Default)]
pub struct Policies {
    roles: Vec<Role>,
    by_arn: BTreeMap<Arc<str>, RoleIndex>,
    permissions: Vec<Permission>,
    of_resources: Vec<ResourcePolicy>,
}

/// The policy of queues or topics.
#[derive(Clone, Debug)]
struct ResourcePolicy {
    /// ARNs; of queues that are named by URL, the names.
    resources: Vec<Arc<str>>,
    statements: Vec<ResourceStatement>,
}

#[derive(Clone, Debug)]
struct Role {
    name: Arc<str>,
    arn: Arc<str>,
    statements: Vec<Statement>,
    /// Service principals that may assume it.
    trusted: Vec<Pattern>,
}

/// A statement of a function's resource policy.
#[derive(Clone, Debug)]
struct Permission {
    function_arn: Arc<str>,
    principal: Arc<str>,
    source_arn: Option<Pattern>,
}

impl Policies {
    /// Compiles the policies of a stack; what is wrong in the documents comes with its place.
    pub fn compile(stack: &Stack) -> (Policies, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut policies = Policies::default();
        for role in &stack.roles {
            let identity = &role.identity;
            let path = format!("/Resources/{}", identity.logical_id);
            let mut statements = Vec::new();
            for policy in &role.policies {
                statement::read(&policy.document, policy.place.source, &path, &mut statements, &mut problems);
            }
            let trusted = statement::read_trust(&role.trust, identity.place.source, &path, &mut problems);
            policies.by_arn.insert(identity.arn.clone(), RoleIndex(policies.roles.len() as u32));
            policies.roles.push(Role { name: identity.name.clone(), arn: identity.arn.clone(), statements, trusted });
        }
        policies.permissions = stack
            .permissions
            .iter()
            .filter(|permission| matches!(&*permission.action, "lambda:InvokeFunction" | "lambda:*" | "*"))
            .map(|permission| Permission {
                function_arn: permission.function_arn.clone(),
                principal: permission.principal.clone(),
                source_arn: permission.source_arn.as_deref().map(Pattern::new),
            })
            .collect();
        for policy in &stack.resource_policies {
            let identity = &policy.identity;
            let path = format!("/Resources/{}", identity.logical_id);
            let statements = statement::read_resource(&policy.document, identity.place.source, &path, &mut problems);
            policies.of_resources.push(ResourcePolicy { resources: policy.resources.clone(), statements });
        }
        (policies, problems)
    }

    /// The role with this ARN; `None` for a role outside of the template, whose rights nobody here knows.
    pub fn role(&self, arn: &str) -> Option<RoleIndex> {
        self.by_arn.get(arn).copied()
    }

    /// Whether the role may do `action` (`dynamodb:PutItem`) to `resource` (an ARN).
    pub fn check(&self, role: RoleIndex, action: &str, resource: &str) -> Decision {
        let Some(role) = self.roles.get(role.0 as usize) else { return Decision::NotAllowed };
        let mut decision = Decision::NotAllowed;
        for statement in &role.statements {
            if statement.covers(action, resource) {
                if !statement.allows {
                    return Decision::Denied(statement.place);
                }
                decision = Decision::Allowed;
            }
        }
        decision
    }

    /// Whether some role may do `action` to something: no statement of any role need be asked otherwise.
    pub fn anybody_may(&self, action: &str) -> bool {
        self.roles.iter().flat_map(|role| &role.statements).any(|statement| statement.may_allow(action))
    }

    /// As [`Policies::check`], by ARN. Roles outside of the template may do everything.
    pub fn allows(&self, role_arn: &str, action: &str, resource: &str) -> Decision {
        self.role(role_arn).map_or(Decision::Allowed, |role| self.check(role, action, resource))
    }

    /// Whether a service (`states.amazonaws.com`) may assume the role; a role outside of the template may be assumed.
    pub fn can_assume(&self, role_arn: &str, service: &str) -> bool {
        let Some(role) = self.role(role_arn).and_then(|role| self.roles.get(role.0 as usize)) else { return true };
        role.trusted.iter().any(|principal| principal.matches_ignoring_case(service))
    }

    /// Whether a service may invoke a function by the function's resource policy, for a rule or topic with this ARN.
    pub fn permits_invoke(&self, function_arn: &str, service: &str, source_arn: &str) -> bool {
        self.permissions.iter().any(|permission| {
            *permission.function_arn == *function_arn
                && (*permission.principal == *service || &*permission.principal == "*")
                && permission.source_arn.as_ref().is_none_or(|pattern| pattern.matches(source_arn))
        })
    }

    /// Whether a service may do `action` to a queue or topic by its resource policy, for a rule or topic with the ARN
    /// `source_arn`.
    pub fn permits(&self, service: &str, action: &str, resource_arn: &str, source_arn: &str) -> bool {
        let name = |resource: &str| resource.rsplit([':', '/']).next().unwrap_or_default().to_owned();
        let is_attached =
            |policy: &&ResourcePolicy| policy.resources.iter().any(|resource| name(resource) == name(resource_arn));
        let mut allowed = false;
        for statement in self.of_resources.iter().filter(is_attached).flat_map(|policy| &policy.statements) {
            if statement.covers(service, action, resource_arn, source_arn) {
                if !statement.allows() {
                    return false;
                }
                allowed = true;
            }
        }
        allowed
    }

    /// What the service answers when the role may not do `action` to `resource`. The session is the execution's or the
    /// function's name.
    pub fn access_denied(
        &self,
        role: RoleIndex,
        session: &str,
        action: &str,
        resource: &str,
        environment: &Environment,
    ) -> ApiError {
        let found = self.roles.get(role.0 as usize);
        let name = found.map_or("unknown", |role| &role.name);
        let user =
            format!("arn:{}:sts::{}:assumed-role/{name}/{session}", environment.partition, environment.account_id);
        let reason = match self.check(role, action, resource) {
            Decision::Denied(_) => "with an explicit deny in an identity-based policy".to_owned(),
            _ => format!("because no identity-based policy allows the {action} action"),
        };
        let message = format!("User: {user} is not authorized to perform: {action} on resource: {resource} {reason}");
        let service = action.split(':').next().unwrap_or_default();
        // AWS: JSON 1.0 services answer 400, the REST and query services 403.
        let (code, status) = match service {
            "dynamodb" | "states" | "events" => ("AccessDeniedException", 400),
            "sqs" | "cloudwatch" => ("AccessDenied", 403),
            "sns" => ("AuthorizationError", 403),
            _ => ("AccessDeniedException", 403),
        };
        ApiError::new(code, message).with_status(status)
    }

    /// What Step Functions answers when it may not assume the role of a state machine.
    pub fn cannot_assume_message(service: &str, role_arn: &str) -> String {
        format!("The principal {service} is not authorized to assume the provided role. (role: {role_arn})")
    }

    /// The ARN of a role.
    pub fn arn(&self, role: RoleIndex) -> Option<&Arc<str>> {
        self.roles.get(role.0 as usize).map(|role| &role.arn)
    }
}

#[cfg(test)]
mod tests;
