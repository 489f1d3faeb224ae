use std::sync::Arc;

use super::{Caller, Core, Principal};
use crate::iam::{AccessCache, Policies, RoleIndex};
use crate::services::dynamodb::{self, TransactAction};
use crate::services::eventbridge::PutEvents;
use crate::services::stepfunctions::{self, Machine};
use crate::services::{ApiError, Request, lambda};
use crate::template::stack::Environment;

/// What every role of the template may do, and the ARNs of what it may be done to.
pub struct Permissions {
    policies: Policies,
    cache: AccessCache,
    arns: Arns,
    environment: Environment,
}

/// The ARNs of a stack's resources, as requests name them.
#[derive(Clone, Debug, Default)]
pub struct Arns {
    /// By the table's name.
    pub tables: Vec<(Arc<str>, Arc<str>)>,
    /// By table and index name.
    pub indexes: Vec<(Arc<str>, Arc<str>, Arc<str>)>,
    /// By the function's index.
    pub functions: Vec<Arc<str>>,
    /// By the state machine's index.
    pub machines: Vec<Arc<str>>,
    /// By the bus's name; the first is the default bus.
    pub buses: Vec<(Arc<str>, Arc<str>)>,
    /// Of the queues.
    pub queues: Vec<Arc<str>>,
    /// Of the topics.
    pub topics: Vec<Arc<str>>,
}

impl Arns {
    /// The ARN of the queue with this URL, ARN or name.
    fn queue(&self, queue: &str) -> Option<Arc<str>> {
        let name = queue.rsplit([':', '/']).next().unwrap_or(queue);
        self.queues.iter().find(|arn| ends_with_name(arn, name)).cloned()
    }
}

/// Whether `named` is an ARN or the name at its end.
fn ends_with_name(arn: &str, named: &str) -> bool {
    *arn == *named || arn.rsplit(':').next() == Some(named)
}

impl Permissions {
    /// Checks by these policies.
    pub fn new(policies: Policies, arns: Arns, environment: Environment) -> Permissions {
        Permissions { policies, cache: AccessCache::default(), arns, environment }
    }

    /// Whether the caller may make this request; the error is AWS's answer when it may not.
    pub fn check(&mut self, core: &Core, caller: &Caller, request: &Request) -> Result<(), ApiError> {
        let role = match caller.principal {
            Principal::Anyone => return Ok(()),
            Principal::Role(role) => role,
        };
        match request {
            // AWS: metrics and alarms are not named by the caller's policy one by one.
            Request::CloudWatch(request) => self.check_one(core, caller, role, request.action(), &"*".into()),
            Request::Rules(request) => {
                let Environment { partition, region, account_id } = &self.environment;
                let rule = request.rule_path().unwrap_or_else(|| "rule/*".to_owned());
                let arn = format!("arn:{partition}:events:{region}:{account_id}:{rule}");
                self.check_one(core, caller, role, request.action(), &arn.into())
            }
            Request::Archives(request) => {
                let Environment { partition, region, account_id } = &self.environment;
                let arn = format!("arn:{partition}:events:{region}:{account_id}:replay/{}", request.name());
                self.check_one(core, caller, role, request.action(), &arn.into())
            }
            Request::DynamoDb(request) => self.check_dynamodb(core, caller, role, request),
            Request::Events(request) => self.check_events(core, caller, role, request),
            Request::Lambda(request) => {
                let arn = match &request.function {
                    lambda::Target::Index(index) => self.arns.functions.get(*index as usize).cloned(),
                    lambda::Target::Text(text) => self.function_arn(text),
                };
                // What does not exist is answered as such by the service itself.
                arn.map_or(Ok(()), |arn| self.check_one(core, caller, role, "lambda:InvokeFunction", &arn))
            }
            Request::States(request) => self.check_states(core, caller, role, request),
            Request::Streams(read) => self.check_one(core, caller, role, "dynamodb:GetRecords", &read.stream),
            Request::S3(request) => {
                let (action, resource) = request.permission(&self.environment.partition);
                self.check_one(core, caller, role, action, &resource)
            }
            Request::Sqs(request) => {
                let named = request.queue().and_then(|queue| self.arns.queue(queue));
                named.map_or(Ok(()), |arn| self.check_one(core, caller, role, request.action(), &arn))
            }
            Request::Sns(request) => {
                let named = self.arns.topics.iter().find(|arn| ends_with_name(arn, request.topic())).cloned();
                named.map_or(Ok(()), |arn| self.check_one(core, caller, role, "sns:Publish", &arn))
            }
        }
    }

    fn check_dynamodb(
        &mut self,
        core: &Core,
        caller: &Caller,
        role: RoleIndex,
        request: &dynamodb::Request,
    ) -> Result<(), ApiError> {
        // AWS: a transaction needs the permission of each of its actions, not one of its own.
        if let dynamodb::Request::TransactWriteItems(transaction) = request {
            for action in &transaction.actions {
                let operation = match action {
                    TransactAction::Put(_) => "dynamodb:PutItem",
                    TransactAction::Update(_) => "dynamodb:UpdateItem",
                    TransactAction::Delete(_) => "dynamodb:DeleteItem",
                    TransactAction::Check(_) => "dynamodb:ConditionCheckItem",
                };
                self.check_table(core, caller, role, operation, action.table())?;
            }
            return Ok(());
        }
        let operation = match request {
            dynamodb::Request::GetItem(_) | dynamodb::Request::TransactGetItems(_) => "dynamodb:GetItem",
            dynamodb::Request::PutItem(_) => "dynamodb:PutItem",
            dynamodb::Request::UpdateItem(_) => "dynamodb:UpdateItem",
            dynamodb::Request::DeleteItem(_) => "dynamodb:DeleteItem",
            dynamodb::Request::Query(_) => "dynamodb:Query",
            dynamodb::Request::Scan(_) => "dynamodb:Scan",
            dynamodb::Request::BatchGetItem(_) => "dynamodb:BatchGetItem",
            dynamodb::Request::BatchWriteItem(_) => "dynamodb:BatchWriteItem",
            dynamodb::Request::UpdateTimeToLive(_) => "dynamodb:UpdateTimeToLive",
            dynamodb::Request::Describe(dynamodb::Describe::TimeToLive(_)) => "dynamodb:DescribeTimeToLive",
            dynamodb::Request::Describe(dynamodb::Describe::Table(_)) => "dynamodb:DescribeTable",
            // AWS: ListTables is about no table, so only `*` allows it.
            dynamodb::Request::Describe(dynamodb::Describe::Tables { .. }) => {
                return self.check_one(core, caller, role, "dynamodb:ListTables", &"*".into());
            }
            dynamodb::Request::TransactWriteItems(_) => return Ok(()),
        };
        for resource in request.tables() {
            match resource.index {
                None => self.check_table(core, caller, role, operation, resource.table)?,
                Some(index) => {
                    let known = self
                        .arns
                        .indexes
                        .iter()
                        .find(|(table, name, _)| **table == *resource.table && **name == *index);
                    if let Some(arn) = known.map(|(_, _, arn)| arn.clone()) {
                        self.check_one(core, caller, role, operation, &arn)?;
                    }
                }
            }
        }
        Ok(())
    }

    fn check_table(
        &mut self,
        core: &Core,
        caller: &Caller,
        role: RoleIndex,
        operation: &'static str,
        table: &str,
    ) -> Result<(), ApiError> {
        let known = self.arns.tables.iter().find(|(name, arn)| **name == *table || **arn == *table);
        match known.map(|(_, arn)| arn.clone()) {
            Some(arn) => self.check_one(core, caller, role, operation, &arn),
            None => Ok(()),
        }
    }

    fn check_events(
        &mut self,
        core: &Core,
        caller: &Caller,
        role: RoleIndex,
        request: &PutEvents,
    ) -> Result<(), ApiError> {
        for entry in &request.entries {
            let named = entry.bus.as_deref().unwrap_or("default");
            let known = self.arns.buses.iter().find(|(name, arn)| **name == *named || **arn == *named);
            if let Some(arn) = known.map(|(_, arn)| arn.clone()) {
                self.check_one(core, caller, role, "events:PutEvents", &arn)?;
            }
        }
        Ok(())
    }

    fn check_states(
        &mut self,
        core: &Core,
        caller: &Caller,
        role: RoleIndex,
        request: &stepfunctions::Request,
    ) -> Result<(), ApiError> {
        let (action, resource): (&'static str, Arc<str>) = match request {
            stepfunctions::Request::StartExecution(start) => match &start.machine {
                Machine::Arn(arn) => ("states:StartExecution", arn.clone()),
                Machine::Index(index) => match self.arns.machines.get(*index as usize) {
                    Some(arn) => ("states:StartExecution", arn.clone()),
                    None => return Ok(()),
                },
            },
            stepfunctions::Request::StartSyncExecution(start) => match &start.machine {
                Machine::Arn(arn) => ("states:StartSyncExecution", arn.clone()),
                Machine::Index(_) => return Ok(()),
            },
            stepfunctions::Request::RedriveExecution { execution } => ("states:RedriveExecution", execution.clone()),
            stepfunctions::Request::GetExecutionHistory { execution, .. } => {
                ("states:GetExecutionHistory", execution.clone())
            }
            stepfunctions::Request::ListExecutions { machine, .. } => ("states:ListExecutions", machine.clone()),
            stepfunctions::Request::DescribeStateMachine { machine, of_execution: false } => {
                ("states:DescribeStateMachine", machine.clone())
            }
            stepfunctions::Request::DescribeStateMachine { machine, of_execution: true } => {
                ("states:DescribeStateMachineForExecution", machine.clone())
            }
            stepfunctions::Request::ListStateMachines { .. } => ("states:ListStateMachines", "*".into()),
            stepfunctions::Request::GetActivityTask { activity, .. } => ("states:GetActivityTask", activity.clone()),
            stepfunctions::Request::StopExecution { execution, .. } => ("states:StopExecution", execution.clone()),
            stepfunctions::Request::DescribeExecution { execution } => ("states:DescribeExecution", execution.clone()),
            // AWS: the policy names the state machine; which one a token belongs to the caller cannot know.
            stepfunctions::Request::SendTask(send) => {
                let action = match send.outcome {
                    stepfunctions::TaskOutcome::Success { .. } => "states:SendTaskSuccess",
                    stepfunctions::TaskOutcome::Failure { .. } => "states:SendTaskFailure",
                    stepfunctions::TaskOutcome::Heartbeat => "states:SendTaskHeartbeat",
                };
                let machines = self.arns.machines.clone();
                let allowed = |arn: &Arc<str>| self.policies.check(role, action, arn).is_allowed();
                if machines.iter().any(allowed) {
                    return Ok(());
                }
                (action, machines.first().cloned().unwrap_or_else(|| "*".into()))
            }
        };
        self.check_one(core, caller, role, action, &resource)
    }

    fn check_one(
        &mut self,
        core: &Core,
        caller: &Caller,
        role: RoleIndex,
        action: &'static str,
        resource: &Arc<str>,
    ) -> Result<(), ApiError> {
        if self.cache.check(&self.policies, role, action, resource).is_allowed() {
            return Ok(());
        }
        let session = core.lineages().name(caller.actor);
        let session = core.names().text(session);
        Err(self.policies.access_denied(role, session, action, resource, &self.environment))
    }

    fn function_arn(&self, text: &str) -> Option<Arc<str>> {
        if let Some(arn) = self.arns.functions.iter().find(|arn| ***arn == *text) {
            return Some(arn.clone());
        }
        let name = text.rsplit_once("function:").map_or(text, |(_, name)| name);
        let (name, qualifier) = name.split_once(':').map_or((name, None), |(name, rest)| (name, Some(rest)));
        let arn = self.arns.functions.iter().find(|arn| arn.rsplit(':').next() == Some(name))?;
        // AWS: who names a version or an alias needs the permission for exactly that.
        Some(qualifier.map_or_else(|| arn.clone(), |qualifier| format!("{arn}:{qualifier}").into()))
    }
}
