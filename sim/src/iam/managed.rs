use rehearsal_engine::source::{Node, Span, read_json};

/// What AWS's managed policies grant of what is simulated here: name and allowed actions, on every resource.
///
/// AWS: the managed policy reference; actions of services that are not simulated are left out.
const POLICIES: [(&str, &[&str]); 24] = [
    ("AdministratorAccess", &["*"]),
    ("PowerUserAccess", &["*"]),
    ("AWSLambdaBasicExecutionRole", &["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]),
    ("AWSLambdaVPCAccessExecutionRole", &["logs:*", "ec2:*"]),
    ("AWSLambdaRole", &["lambda:InvokeFunction"]),
    (
        "AWSLambda_FullAccess",
        &["lambda:*", "states:DescribeStateMachine", "states:ListStateMachines", "logs:*", "cloudwatch:*"],
    ),
    (
        "AWSLambdaSQSQueueExecutionRole",
        &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "logs:*"],
    ),
    (
        "AWSLambdaDynamoDBExecutionRole",
        &[
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
            "logs:*",
        ],
    ),
    ("AWSXRayDaemonWriteAccess", &["xray:*"]),
    ("AWSXrayWriteOnlyAccess", &["xray:*"]),
    ("AmazonDynamoDBFullAccess", &["dynamodb:*"]),
    ("AmazonDynamoDBFullAccess_v2", &["dynamodb:*"]),
    (
        "AmazonDynamoDBReadOnlyAccess",
        &[
            "dynamodb:BatchGetItem",
            "dynamodb:Describe*",
            "dynamodb:GetItem",
            "dynamodb:List*",
            "dynamodb:Query",
            "dynamodb:Scan",
            "dynamodb:PartiQLSelect",
        ],
    ),
    ("AmazonEventBridgeFullAccess", &["events:*", "schemas:*", "scheduler:*", "pipes:*"]),
    ("AmazonSQSFullAccess", &["sqs:*"]),
    ("AmazonSQSReadOnlyAccess", &["sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:ListQueues"]),
    ("AmazonSNSFullAccess", &["sns:*"]),
    ("AmazonSNSReadOnlyAccess", &["sns:Get*", "sns:List*"]),
    ("AWSStepFunctionsFullAccess", &["states:*"]),
    ("AWSStepFunctionsReadOnlyAccess", &["states:Describe*", "states:Get*", "states:List*"]),
    ("CloudWatchFullAccess", &["cloudwatch:*", "logs:*", "sns:*"]),
    ("CloudWatchFullAccessV2", &["cloudwatch:*", "logs:*", "sns:*"]),
    ("CloudWatchLogsFullAccess", &["logs:*"]),
    ("AmazonS3FullAccess", &["s3:*"]),
];

/// The document of a managed policy by its name, standing at `span`; `None` for one that is not known.
pub fn managed_policy_document(name: &str, span: Span) -> Option<Node> {
    let (_, actions) = POLICIES.iter().find(|(known, _)| *known == name)?;
    let text = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":["{}"],"Resource":"*"}}]}}"#,
        actions.join("\",\"")
    );
    let mut node = read_json(&text).ok()?;
    place_all(&mut node, span);
    Some(node)
}

fn place_all(node: &mut Node, span: Span) {
    use rehearsal_engine::source::Shape;
    node.span = span;
    match &mut node.shape {
        Shape::Array(items) => items.iter_mut().for_each(|item| place_all(item, span)),
        Shape::Object(members) => {
            for member in members {
                member.key_span = span;
                place_all(&mut member.value, span);
            }
        }
        _ => {}
    }
}
