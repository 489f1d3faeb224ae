use rehearsal_engine::source::{Diagnostic, Node, Shape, Span};

use super::Form;
use super::build::{call, list, member, object, policy, text};
use crate::template::suggest;

/// A policy template of SAM: its parameter, what it allows, and on which resources (`{}` is the parameter).
struct Template {
    name: &'static str,
    parameter: &'static str,
    actions: &'static [&'static str],
    resources: &'static [&'static str],
}

const TABLE: &[&str] = &["dynamodb:table/{}", "dynamodb:table/{}/index/*"];

/// SAM: the policy templates that speak of what is simulated.
#[rustfmt::skip]
const TEMPLATES: [Template; 13] = [
    Template { name: "LambdaInvokePolicy", parameter: "FunctionName", actions: &["lambda:InvokeFunction"], resources: &["lambda:function:{}*"] },
    Template { name: "DynamoDBCrudPolicy", parameter: "TableName", actions: &["dynamodb:GetItem", "dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:Scan", "dynamodb:Query", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem", "dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:ConditionCheckItem"], resources: TABLE },
    Template { name: "DynamoDBReadPolicy", parameter: "TableName", actions: &["dynamodb:GetItem", "dynamodb:Scan", "dynamodb:Query", "dynamodb:BatchGetItem", "dynamodb:DescribeTable"], resources: TABLE },
    Template { name: "DynamoDBWritePolicy", parameter: "TableName", actions: &["dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"], resources: TABLE },
    Template { name: "SQSSendMessagePolicy", parameter: "QueueName", actions: &["sqs:SendMessage*"], resources: &["sqs:{}"] },
    Template { name: "SQSPollerPolicy", parameter: "QueueName", actions: &["sqs:ChangeMessageVisibility*", "sqs:DeleteMessage*", "sqs:GetQueueAttributes", "sqs:ReceiveMessage"], resources: &["sqs:{}"] },
    Template { name: "SNSPublishMessagePolicy", parameter: "TopicName", actions: &["sns:Publish"], resources: &["sns:{}"] },
    Template { name: "EventBridgePutEventsPolicy", parameter: "EventBusName", actions: &["events:PutEvents"], resources: &["events:event-bus/{}"] },
    Template { name: "StepFunctionsExecutionPolicy", parameter: "StateMachineName", actions: &["states:StartExecution"], resources: &["states:stateMachine:{}"] },
    Template { name: "StepFunctionsCallbackPolicy", parameter: "StateMachineName", actions: &["states:SendTaskFailure", "states:SendTaskSuccess", "states:SendTaskHeartbeat"], resources: &["states:stateMachine:{}"] },
    Template { name: "CloudWatchPutMetricPolicy", parameter: "", actions: &["cloudwatch:PutMetricData"], resources: &["*"] },
    Template { name: "S3ReadPolicy", parameter: "BucketName", actions: &["s3:GetObject", "s3:ListBucket"], resources: &["*"] },
    Template { name: "S3CrudPolicy", parameter: "BucketName", actions: &["s3:*"], resources: &["*"] },
];

/// Sorts the entries of `Policies` into managed policies and policies of the role itself.
pub fn split(
    policies: &Node,
    form: &Form<'_>,
    managed: &mut Vec<Node>,
    inline: &mut Vec<Node>,
    problems: &mut Vec<Diagnostic>,
) {
    let entries: &[Node] = match &policies.shape {
        Shape::Array(items) => items,
        _ => std::slice::from_ref(policies),
    };
    for entry in entries {
        let name = format!("{}RolePolicy{}", form.id, inline.len());
        if let Some(policy_name) = entry.as_str() {
            let arn = if policy_name.starts_with("arn:") {
                policy_name.to_owned()
            } else {
                format!("arn:aws:iam::aws:policy/{policy_name}")
            };
            managed.push(text(entry.span, &arn));
        } else if entry.get("Statement").is_some() {
            let members = vec![
                member("PolicyName", entry.span, text(entry.span, &name)),
                member("PolicyDocument", entry.span, entry.clone()),
            ];
            inline.push(object(entry.span, members));
        } else if let [call] = entry.members() {
            if &*call.key == "Ref" || call.key.starts_with("Fn::") {
                managed.push(entry.clone());
            } else {
                match from_template(&call.key, call.key_span, &call.value, &name) {
                    Ok(policy) => inline.push(policy),
                    Err(mut problem) => {
                        problem.path = format!("{}/Properties/Policies", form.path());
                        problems.push(problem);
                    }
                }
            }
        } else {
            let message = "expected a managed policy, a policy document or a policy template";
            problems.push(Diagnostic::error("wrong-type", entry.span, form.path(), message));
        }
    }
}

fn from_template(name: &str, span: Span, parameters: &Node, policy_name: &str) -> Result<Node, Diagnostic> {
    let Some(template) = TEMPLATES.iter().find(|template| template.name == name) else {
        let message = format!("the policy template '{name}' is not known here");
        let mut problem = Diagnostic::warning("unknown-policy", span, "", message);
        let near = suggest::nearest(name, TEMPLATES.iter().map(|template| template.name));
        problem.hint = Some(match near {
            Some(near) => format!("did you mean '{near}'?"),
            None => "it grants nothing in a run; write out what it grants as a policy document".to_owned(),
        });
        return Err(problem);
    };
    let parameter = parameters.get(template.parameter);
    let resources = template.resources.iter().map(|resource| {
        let Some((service, rest)) = resource.split_once(':') else { return Ok(text(span, resource)) };
        let Some(parameter) = parameter else {
            let message = format!("the policy template '{name}' needs the parameter '{}'", template.parameter);
            return Err(Diagnostic::error("missing-property", span, "", message));
        };
        let arn = format!(
            "arn:${{AWS::Partition}}:{service}:${{AWS::Region}}:${{AWS::AccountId}}:{}",
            rest.replace("{}", "${name}")
        );
        let variables = object(span, vec![member("name", span, parameter.clone())]);
        Ok(call("Fn::Sub", span, list(span, vec![text(span, &arn), variables])))
    });
    let resources: Vec<Node> = resources.collect::<Result<_, _>>()?;
    let actions = template.actions.iter().map(|action| text(span, action)).collect();
    Ok(policy(span, policy_name, actions, resources))
}
