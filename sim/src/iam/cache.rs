use std::sync::Arc;

use super::{Decision, Policies, RoleIndex};

/// Answers remembered per role; beyond this many a check is made afresh, so that resources named at run time (one
/// execution each) cannot make the list long.
const ANSWERS_MAX: usize = 48;

/// Remembers checks: a run asks for the same few triples over and over. One per world; the policies stay shared.
#[derive(Clone, Debug, Default)]
pub struct AccessCache {
    by_role: Vec<Vec<Answer>>,
}

#[derive(Clone, Debug)]
struct Answer {
    action: &'static str,
    resource: Arc<str>,
    decision: Decision,
}

impl AccessCache {
    /// As [`Policies::check`], remembered. Actions are literals and resources shared, so a hit compares two pointers.
    pub fn check(
        &mut self,
        policies: &Policies,
        role: RoleIndex,
        action: &'static str,
        resource: &Arc<str>,
    ) -> Decision {
        let index = role.0 as usize;
        if index >= policies.roles.len() {
            return Decision::NotAllowed;
        }
        if self.by_role.len() <= index {
            self.by_role.resize(policies.roles.len(), Vec::new());
        }
        let answers = &mut self.by_role[index];
        let known = answers.iter().find(|answer| {
            let same_action = std::ptr::eq(answer.action, action) || answer.action == action;
            same_action && (Arc::ptr_eq(&answer.resource, resource) || answer.resource == *resource)
        });
        if let Some(answer) = known {
            return answer.decision;
        }
        let decision = policies.check(role, action, resource);
        if answers.len() < ANSWERS_MAX {
            answers.push(Answer { action, resource: resource.clone(), decision });
        }
        decision
    }
}
