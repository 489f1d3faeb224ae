use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::hash;

/// An interned name: of an operation, a state, a rule, an actor. Cheap to copy and compare; its hash comes from its
/// text, so that sites stay the same when other names come or go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(u32);

/// The names of one compiled scenario.
#[derive(Debug)]
pub struct Names {
    texts: Vec<Arc<str>>,
    hashes: Vec<u64>,
    known: HashMap<Arc<str>, Name>,
    labels: BTreeMap<Arc<str>, Arc<str>>,
}

macro_rules! operations {
    ($($constant:ident = $text:literal,)+) => {
        /// Names that every scenario has, with their places fixed.
        #[allow(missing_docs, reason = "each constant is its text")]
        impl Name {
            operations!(@constants 0u32; $($constant,)+);
        }

        const FIXED: &[&str] = &[$($text),+];
    };
    (@constants $at:expr; $constant:ident, $($rest:ident,)*) => {
        pub const $constant: Name = Name($at);
        operations!(@constants $at + 1; $($rest,)*);
    };
    (@constants $at:expr;) => {};
}

operations! {
    WORLD = "world",
    TIMER = "timer",
    SLEEP = "sleep",
    HANDLER = "handler",
    RESPONSE = "response",
    TRY = "try",
    DELIVERY = "delivery",
    ASYNC = "async",
    TICK = "tick",
    EXECUTION = "execution",
    STATUS_CHANGE = "status-change",
    ENTRY = "entry",
    MESSAGE = "message",
    BATCH = "batch",
    DEAD_LETTER = "dead-letter",
    DESTINATION = "destination",
    DYNAMODB_GET_ITEM = "dynamodb:GetItem",
    DYNAMODB_PUT_ITEM = "dynamodb:PutItem",
    DYNAMODB_UPDATE_ITEM = "dynamodb:UpdateItem",
    DYNAMODB_DELETE_ITEM = "dynamodb:DeleteItem",
    DYNAMODB_QUERY = "dynamodb:Query",
    DYNAMODB_SCAN = "dynamodb:Scan",
    DYNAMODB_TRANSACT_WRITE_ITEMS = "dynamodb:TransactWriteItems",
    DYNAMODB_TRANSACT_GET_ITEMS = "dynamodb:TransactGetItems",
    DYNAMODB_BATCH_GET_ITEM = "dynamodb:BatchGetItem",
    DYNAMODB_BATCH_WRITE_ITEM = "dynamodb:BatchWriteItem",
    S3_GET_OBJECT = "s3:GetObject",
    S3_PUT_OBJECT = "s3:PutObject",
    S3_DELETE_OBJECT = "s3:DeleteObject",
    S3_LIST_OBJECTS = "s3:ListObjectsV2",
    DYNAMODB_DESCRIBE = "dynamodb:DescribeTable",
    DYNAMODB_UPDATE_TIME_TO_LIVE = "dynamodb:UpdateTimeToLive",
    EVENTS_PUT_EVENTS = "events:PutEvents",
    LAMBDA_INVOKE = "lambda:Invoke",
    SQS_SEND_MESSAGE = "sqs:SendMessage",
    SQS_SEND_MESSAGE_BATCH = "sqs:SendMessageBatch",
    SQS_RECEIVE_MESSAGE = "sqs:ReceiveMessage",
    SQS_DELETE_MESSAGE = "sqs:DeleteMessage",
    SQS_DELETE_MESSAGE_BATCH = "sqs:DeleteMessageBatch",
    SQS_CHANGE_MESSAGE_VISIBILITY = "sqs:ChangeMessageVisibility",
    SQS_CHANGE_MESSAGE_VISIBILITY_BATCH = "sqs:ChangeMessageVisibilityBatch",
    SQS_PURGE_QUEUE = "sqs:PurgeQueue",
    SQS_GET_QUEUE_URL = "sqs:GetQueueUrl",
    SQS_GET_QUEUE_ATTRIBUTES = "sqs:GetQueueAttributes",
    SQS_LIST_QUEUES = "sqs:ListQueues",
    SQS_START_MESSAGE_MOVE_TASK = "sqs:StartMessageMoveTask",
    SQS_LIST_MESSAGE_MOVE_TASKS = "sqs:ListMessageMoveTasks",
    SQS_CANCEL_MESSAGE_MOVE_TASK = "sqs:CancelMessageMoveTask",
    SNS_PUBLISH = "sns:Publish",
    SNS_PUBLISH_BATCH = "sns:PublishBatch",
    STREAMS_GET_RECORDS = "dynamodbstreams:GetRecords",
    STATES_START_EXECUTION = "states:StartExecution",
    STATES_STOP_EXECUTION = "states:StopExecution",
    STATES_DESCRIBE_EXECUTION = "states:DescribeExecution",
    STATES_START_SYNC_EXECUTION = "states:StartSyncExecution",
    STATES_REDRIVE_EXECUTION = "states:RedriveExecution",
    STATES_GET_EXECUTION_HISTORY = "states:GetExecutionHistory",
    STATES_LIST_EXECUTIONS = "states:ListExecutions",
    STATES_DESCRIBE_STATE_MACHINE = "states:DescribeStateMachine",
    STATES_LIST_STATE_MACHINES = "states:ListStateMachines",
    STATES_GET_ACTIVITY_TASK = "states:GetActivityTask",
    STATES_SEND_TASK_SUCCESS = "states:SendTaskSuccess",
    STATES_SEND_TASK_FAILURE = "states:SendTaskFailure",
    STATES_SEND_TASK_HEARTBEAT = "states:SendTaskHeartbeat",
    EVENTS_START_REPLAY = "events:StartReplay",
    EVENTS_CANCEL_REPLAY = "events:CancelReplay",
    EVENTS_DESCRIBE_REPLAY = "events:DescribeReplay",
    EVENTS_TEST_EVENT_PATTERN = "events:TestEventPattern",
    EVENTS_LIST_RULES = "events:ListRules",
    EVENTS_ENABLE_RULE = "events:EnableRule",
    EVENTS_DISABLE_RULE = "events:DisableRule",
    EVENTS_DESCRIBE_RULE = "events:DescribeRule",
    EVENTS_LIST_TARGETS_BY_RULE = "events:ListTargetsByRule",
    CLOUDWATCH_PUT_METRIC_DATA = "cloudwatch:PutMetricData",
    CLOUDWATCH_GET_METRIC_STATISTICS = "cloudwatch:GetMetricStatistics",
    CLOUDWATCH_GET_METRIC_DATA = "cloudwatch:GetMetricData",
    CLOUDWATCH_DESCRIBE_ALARMS = "cloudwatch:DescribeAlarms",
    CLOUDWATCH_SET_ALARM_STATE = "cloudwatch:SetAlarmState",
}

impl Default for Names {
    fn default() -> Names {
        let mut names = Names { texts: Vec::new(), hashes: Vec::new(), known: HashMap::new(), labels: BTreeMap::new() };
        for text in FIXED {
            names.intern(text);
        }
        names
    }
}

impl Names {
    /// The name of `text`, made on first use.
    pub fn intern(&mut self, text: &str) -> Name {
        if let Some(name) = self.known.get(text) {
            return *name;
        }
        let name = Name(self.texts.len() as u32);
        let shared: Arc<str> = text.into();
        self.texts.push(shared.clone());
        self.hashes.push(hash::text(text));
        self.known.insert(shared, name);
        name
    }

    /// Says what people call the resource that its service knows as `name`.
    pub fn call(&mut self, name: &Arc<str>, label: &Arc<str>) {
        if name != label {
            self.labels.insert(name.clone(), label.clone());
        }
    }

    /// What people call the resource that its service knows as `name`.
    pub fn label<'n>(&'n self, name: &'n str) -> &'n str {
        self.labels.get(name).map_or(name, |label| label)
    }

    /// The text of `name`.
    pub fn text(&self, name: Name) -> &Arc<str> {
        &self.texts[name.0 as usize]
    }

    /// The hash of the text of `name`.
    #[inline]
    pub fn hash(&self, name: Name) -> u64 {
        self.hashes[name.0 as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fixed_names_stand_at_their_constants() {
        let names = Names::default();
        assert_eq!(&**names.text(Name::WORLD), "world");
        assert_eq!(&**names.text(Name::LAMBDA_INVOKE), "lambda:Invoke");
        assert_eq!(&**names.text(Name::STATES_SEND_TASK_HEARTBEAT), "states:SendTaskHeartbeat");
        assert_eq!(names.texts.len(), FIXED.len());
    }
}
