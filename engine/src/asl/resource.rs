use std::fmt;
use std::sync::Arc;

use super::stand_in;

/// What a Task calls, read from its `Resource`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `arn:aws:lambda:…:function:NAME`: the function itself.
    Lambda {
        /// The whole ARN.
        arn: Arc<str>,
    },
    /// `arn:aws:states:…:activity:NAME`: work that a worker polls for.
    Activity {
        /// The whole ARN.
        arn: Arc<str>,
    },
    /// `arn:aws:states:::SERVICE:ACTION`: an optimized or an AWS SDK integration.
    Service(ServiceCall),
    /// Text with a `${…}` that a deployment would fill in, or a URI that the specification takes and AWS does not.
    /// Compiles with a warning, so that a definition can be looked at and mocked outside its template.
    Placeholder {
        /// The text as written.
        text: Arc<str>,
    },
}

/// A call of a service integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceCall {
    /// The whole ARN.
    pub arn: Arc<str>,
    /// `lambda`, `dynamodb`, `aws-sdk:dynamodb`: the `resourceType` of the history.
    pub service: Arc<str>,
    /// `invoke`, `putItem`: the action without its suffix.
    pub action: Arc<str>,
    /// `invoke.waitForTaskToken`: the action with its suffix, the `resource` of the history.
    pub resource: Arc<str>,
    /// How the call ends.
    pub pattern: Pattern,
}

/// How a service integration waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pattern {
    /// The call's response is the result.
    RequestResponse,
    /// `.sync`: the job's end is the result.
    Sync,
    /// `.sync:2`: the same with JSON instead of text inside.
    Sync2,
    /// `.waitForTaskToken`: the result comes through `SendTaskSuccess` or `SendTaskFailure`.
    WaitForTaskToken,
}

/// Actions of the optimized integrations whose list is short and known; others accept any action.
const ACTIONS: &[(&str, &[&str])] = &[
    ("lambda", &["invoke"]),
    ("dynamodb", &["getItem", "putItem", "updateItem", "deleteItem"]),
    ("sqs", &["sendMessage"]),
    ("sns", &["publish"]),
    ("events", &["putEvents"]),
    ("states", &["startExecution"]),
    ("http", &["invoke"]),
    ("apigateway", &["invoke"]),
];

/// Optimized integrations whose list of actions may have grown: any action is taken, and an unknown one doubted.
///
/// Each with its actions, those that can run a job (`.sync`) first, and whether it calls back.
const OPEN_SERVICES: &[OpenService] = &[
    OpenService {
        name: "athena",
        jobs: &["startQueryExecution"],
        others: &["stopQueryExecution", "getQueryExecution", "getQueryResults"],
        calls_back: false,
    },
    OpenService { name: "batch", jobs: &["submitJob"], others: &[], calls_back: false },
    OpenService { name: "bedrock", jobs: &["createModelCustomizationJob"], others: &["invokeModel"], calls_back: true },
    OpenService {
        name: "codebuild",
        jobs: &["startBuild", "startBuildBatch", "retryBuildBatch"],
        others: &["stopBuild", "batchDeleteBuilds", "batchGetReports", "stopBuildBatch", "deleteBuildBatch"],
        calls_back: false,
    },
    OpenService { name: "databrew", jobs: &["startJobRun"], others: &[], calls_back: false },
    OpenService { name: "ecs", jobs: &["runTask"], others: &[], calls_back: true },
    OpenService {
        name: "eks",
        jobs: &[
            "createCluster",
            "deleteCluster",
            "createFargateProfile",
            "deleteFargateProfile",
            "createNodegroup",
            "deleteNodegroup",
            "runJob",
        ],
        others: &["call"],
        calls_back: true,
    },
    OpenService {
        name: "elasticmapreduce",
        jobs: &["createCluster", "terminateCluster", "addStep"],
        others: &[
            "cancelStep",
            "setClusterTerminationProtection",
            "modifyInstanceFleetByName",
            "modifyInstanceGroupByName",
        ],
        calls_back: false,
    },
    OpenService {
        name: "emr-containers",
        jobs: &["startJobRun", "deleteVirtualCluster"],
        others: &["createVirtualCluster"],
        calls_back: false,
    },
    OpenService {
        name: "emr-serverless",
        jobs: &[
            "createApplication",
            "startApplication",
            "stopApplication",
            "deleteApplication",
            "startJobRun",
            "cancelJobRun",
        ],
        others: &[],
        calls_back: false,
    },
    OpenService { name: "glue", jobs: &["startJobRun"], others: &[], calls_back: false },
    OpenService { name: "mediaconvert", jobs: &["createJob"], others: &[], calls_back: false },
    OpenService {
        name: "sagemaker",
        jobs: &[
            "createTrainingJob",
            "createTransformJob",
            "createHyperParameterTuningJob",
            "createLabelingJob",
            "createProcessingJob",
        ],
        others: &["createEndpoint", "createEndpointConfig", "createModel", "updateEndpoint"],
        calls_back: false,
    },
];

struct OpenService {
    name: &'static str,
    jobs: &'static [&'static str],
    others: &'static [&'static str],
    calls_back: bool,
}

impl ServiceCall {
    /// Why the integration may not exist, where the list of its service's actions is not known for sure.
    pub(crate) fn doubt(&self) -> Option<String> {
        let known = OPEN_SERVICES.iter().find(|known| known.name == &*self.service)?;
        let is_job = known.jobs.contains(&&*self.action);
        if !is_job && !known.others.contains(&&*self.action) {
            let actions: Vec<&str> = known.jobs.iter().chain(known.others).copied().collect();
            return Some(format!(
                "'{}' is not among the optimized actions of {} ({})",
                self.action,
                self.service,
                actions.join(", ")
            ));
        }
        match self.pattern {
            Pattern::Sync if !is_job => {
                Some(format!("{}:{} starts no job that '.sync' could wait for", self.service, self.action))
            }
            Pattern::Sync2 => Some(format!("{} has no '.sync:2', which states:startExecution alone has", self.service)),
            Pattern::WaitForTaskToken if !known.calls_back => {
                Some(format!("{} has no '.waitForTaskToken'", self.service))
            }
            _ => None,
        }
    }
}

impl Resource {
    /// Reads a `Resource`. The error is AWS's sentence.
    ///
    /// Stand-ins for the partition, the region or the account (`arn:${AWS::Partition}:states:::sqs:sendMessage`) leave no
    /// doubt about what is called.
    pub fn parse(text: &str) -> Result<Resource, String> {
        let plain = stand_in::blanked(text);
        let mut parts = plain.splitn(6, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (scheme, partition, service, region, account, rest) = (part(), part(), part(), part(), part(), part());
        let partition_known = matches!(partition, "aws" | "aws-cn" | "aws-us-gov" | "") || stand_in::is_in(partition);
        match (scheme, service) {
            ("arn", "lambda") if partition_known && is_function(rest) => Ok(Resource::Lambda { arn: text.into() }),
            ("arn", "states") if partition_known && named(rest, "activity:") => {
                Ok(Resource::Activity { arn: text.into() })
            }
            ("arn", "states")
                if partition_known && !stand_in::is_in(rest) && region.is_empty() && account.is_empty() =>
            {
                service_call(text, rest)
            }
            _ if stand_in::is_in(&plain) => Ok(Resource::Placeholder { text: text.into() }),
            ("arn", "states") => Err(unrecognised(text)),
            // The specification has an ARN of this kind as an example, and takes any URI; AWS takes neither.
            ("arn", "swf") if partition_known && named(rest, "task:") => {
                Ok(Resource::Placeholder { text: text.into() })
            }
            (scheme, _) if scheme != "arn" && is_uri(text) => Ok(Resource::Placeholder { text: text.into() }),
            _ => Err("Value is not a valid resource ARN".to_owned()),
        }
    }

    /// The whole text of the resource.
    pub fn arn(&self) -> &Arc<str> {
        match self {
            Resource::Lambda { arn } | Resource::Activity { arn } => arn,
            Resource::Service(call) => &call.arn,
            Resource::Placeholder { text } => text,
        }
    }

    /// The same service's resource with another action.
    pub(crate) fn with_action(&self, action: &str) -> Resource {
        match self {
            Resource::Service(call) => Resource::Service(ServiceCall {
                arn: call.arn.replace(&*call.action, action).into(),
                service: call.service.clone(),
                action: action.into(),
                resource: action.into(),
                pattern: call.pattern,
            }),
            other => other.clone(),
        }
    }

    /// Whether the task ends through a task token rather than through the call's own answer.
    pub fn is_callback(&self) -> bool {
        match self {
            Resource::Activity { .. } => true,
            Resource::Service(call) => call.pattern == Pattern::WaitForTaskToken,
            Resource::Lambda { .. } | Resource::Placeholder { .. } => false,
        }
    }

    /// Why an Express state machine refuses the resource, in AWS's words.
    pub(crate) fn refused_by_express(&self) -> Option<String> {
        let what = match self {
            Resource::Activity { .. } => "Activity ARN",
            Resource::Service(call) => match call.pattern {
                // AWS: the blank after 'integration' is AWS's own.
                Pattern::WaitForTaskToken => "'.waitForTaskToken' service integration ",
                Pattern::Sync | Pattern::Sync2 => "'.sync' service integration",
                Pattern::RequestResponse => return None,
            },
            Resource::Lambda { .. } | Resource::Placeholder { .. } => return None,
        };
        Some(format!("Express state machine does not support {what}"))
    }

    /// Whether the context object carries a task token while the task is prepared.
    ///
    /// AWS: also for `.sync`, where completing the token completes the task early.
    pub fn has_token(&self) -> bool {
        match self {
            Resource::Service(call) => call.pattern != Pattern::RequestResponse,
            Resource::Activity { .. } => true,
            Resource::Lambda { .. } | Resource::Placeholder { .. } => false,
        }
    }
}

fn is_uri(text: &str) -> bool {
    let scheme = text.split_once(':').map_or("", |(scheme, _)| scheme);
    scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn named(rest: &str, kind: &str) -> bool {
    rest.strip_prefix(kind).is_some_and(|name| !name.is_empty())
}

/// `function:NAME` or `function:NAME:QUALIFIER`.
fn is_function(rest: &str) -> bool {
    let mut parts = rest.split(':');
    let is_word = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.$".contains(&b) || b == stand_in::BLANK)
    };
    parts.next() == Some("function")
        && parts.next().is_some_and(is_word)
        && parts
            .next()
            .is_none_or(|qualifier| is_word(qualifier) && (qualifier == "$LATEST" || !qualifier.contains('$')))
        && parts.next().is_none()
}

/// AWS: actions of the SDK integrations start with a small letter.
fn is_camel_case(action: &str) -> bool {
    action.starts_with(|first: char| first.is_ascii_lowercase()) && action.bytes().all(|b| b.is_ascii_alphanumeric())
}

fn service_call(text: &str, rest: &str) -> Result<Resource, String> {
    let sdk = rest.strip_prefix("aws-sdk:");
    let (service, resource) = sdk.unwrap_or(rest).split_once(':').ok_or_else(|| unrecognised(text))?;
    let (action, pattern) = match resource.split_once('.') {
        None => (resource, Pattern::RequestResponse),
        Some((action, "sync")) if sdk.is_none() => (action, Pattern::Sync),
        Some((action, "sync:2")) if sdk.is_none() => (action, Pattern::Sync2),
        Some((action, "waitForTaskToken")) => (action, Pattern::WaitForTaskToken),
        Some(_) => return Err(unrecognised(text)),
    };
    let known = match ACTIONS.iter().find(|(known, _)| *known == service) {
        _ if sdk.is_some() => !service.is_empty() && !action.is_empty() && is_camel_case(action),
        Some((_, actions)) => actions.contains(&action) && pattern_allowed(service, pattern),
        None => OPEN_SERVICES.iter().any(|known| known.name == service) && !action.is_empty(),
    };
    if !known {
        return Err(unrecognised(text));
    }
    Ok(Resource::Service(ServiceCall {
        arn: text.into(),
        service: if sdk.is_some() { format!("aws-sdk:{service}").into() } else { service.into() },
        action: action.into(),
        resource: resource.into(),
        pattern,
    }))
}

/// How to mend a `Resource` that was refused.
pub(super) fn hint(text: &str) -> String {
    let rest = text.split_once(":states:::").map_or("", |(_, rest)| rest);
    let Some((service, resource)) = rest.split_once(':').filter(|(service, _)| *service != "aws-sdk") else {
        return "a Task calls a Lambda function's ARN, an activity's ARN, or an integration such as \
                arn:aws:states:::lambda:invoke or arn:aws:states:::aws-sdk:s3:getObject"
            .to_owned();
    };
    let (action, suffix) = resource.split_once('.').unwrap_or((resource, ""));
    let known = ACTIONS.iter().find(|(known, _)| *known == service).map(|(_, actions)| *actions);
    match known {
        Some(actions) if actions.contains(&action) => {
            format!("{service}:{action} exists, but not with '.{suffix}'")
        }
        Some(actions) => format!(
            "the optimized {service} integration has {}; call others as arn:aws:states:::aws-sdk:{service}:{action}",
            actions.join(", ")
        ),
        None => format!(
            "there is no optimized {service} integration; call it as arn:aws:states:::aws-sdk:{service}:{action}"
        ),
    }
}

fn pattern_allowed(service: &str, pattern: Pattern) -> bool {
    match pattern {
        Pattern::RequestResponse => true,
        Pattern::Sync | Pattern::Sync2 => service == "states",
        Pattern::WaitForTaskToken => !matches!(service, "dynamodb" | "http"),
    }
}

fn unrecognised(text: &str) -> String {
    format!(
        "The resource provided {text} is not recognized. The value is not a valid resource ARN, or the resource is not \
         available in this region."
    )
}

impl fmt::Display for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.arn())
    }
}
