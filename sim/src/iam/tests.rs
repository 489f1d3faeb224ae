use rehearsal_engine::source::read_json;

use super::*;
use crate::template::stack::{AttachedPolicy, Identity, Role as StackRole};

const ROLE: &str = "arn:aws:iam::111111111111:role/worker";
const ORDERS: &str = "arn:aws:dynamodb:us-east-1:111111111111:table/Orders";

/// The policies of one role with these statements, and what was found wrong.
fn compile(statements: &str) -> (Policies, Vec<Problem>) {
    compile_with(
        statements,
        r#"{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}"#,
    )
}

fn compile_with(statements: &str, trust: &str) -> (Policies, Vec<Problem>) {
    let document =
        read_json(&format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#)).expect("valid JSON");
    let trust = read_json(&format!(r#"{{"Statement": [{trust}]}}"#)).expect("valid JSON");
    let identity = Identity {
        logical_id: "Worker".into(),
        name: "worker".into(),
        label: "worker".into(),
        arn: ROLE.into(),
        place: Place::default(),
    };
    let policies = vec![AttachedPolicy { name: "p".into(), document, place: Place::default() }];
    Policies::compile(&Stack { roles: vec![StackRole { identity, trust, policies }], ..Stack::default() })
}

#[test]
fn statements_decide_as_iam_does() {
    let allow =
        r#"{"Effect": "Allow", "Action": ["dynamodb:Get*", "dynamodb:putitem"], "Resource": "arn:*:table/Orders"}"#;
    let deny = r#"{"Effect": "Deny", "Action": "dynamodb:PutItem", "Resource": "*"}"#;
    let not_action = r#"{"Effect": "Allow", "NotAction": "dynamodb:Delete*", "Resource": "*"}"#;
    let not_resource = r#"{"Effect": "Allow", "Action": "*", "NotResource": "*table/Orders"}"#;
    for (statements, action, resource, wanted) in [
        (format!("[{allow}]"), "dynamodb:GetItem", ORDERS, "allowed"),
        (format!("[{allow}]"), "dynamodb:PutItem", ORDERS, "allowed"),
        (format!("[{allow}]"), "dynamodb:PutItem", "arn:aws:dynamodb:us-east-1:1:table/Stock", "not allowed"),
        (format!("[{allow}]"), "dynamodb:DeleteItem", ORDERS, "not allowed"),
        (format!("[{allow}, {deny}]"), "dynamodb:PutItem", ORDERS, "denied"),
        (format!("[{deny}, {allow}]"), "dynamodb:PutItem", ORDERS, "denied"),
        (format!("[{deny}, {allow}]"), "dynamodb:GetItem", ORDERS, "allowed"),
        (format!("[{not_action}]"), "dynamodb:DeleteItem", ORDERS, "not allowed"),
        (format!("[{not_action}]"), "sqs:SendMessage", "x", "allowed"),
        (format!("[{not_resource}]"), "sqs:SendMessage", "x", "allowed"),
        (format!("[{not_resource}]"), "sqs:SendMessage", ORDERS, "not allowed"),
        ("[]".to_owned(), "sqs:SendMessage", "x", "not allowed"),
        (allow.to_owned(), "dynamodb:GetItem", ORDERS, "allowed"),
    ] {
        let (policies, problems) = compile(&statements);
        assert!(problems.is_empty(), "{problems:?}");
        let found = match policies.allows(ROLE, action, resource) {
            Decision::Allowed => "allowed",
            Decision::NotAllowed => "not allowed",
            Decision::Denied(_) => "denied",
        };
        assert_eq!(found, wanted, "{statements}: {action} on {resource}");
        let role = policies.role(ROLE).expect("the role");
        let mut cache = AccessCache::default();
        // The cache takes literals; leaking a few words in a test gives it some.
        let action: &'static str = Box::leak(action.to_owned().into_boxed_str());
        for _ in 0..2 {
            assert_eq!(cache.check(&policies, role, action, &resource.into()), policies.check(role, action, resource));
        }
    }
}

#[test]
fn what_some_role_may_do_to_something_anybody_may() {
    let allow = r#"{"Effect": "Allow", "Action": "states:Describe*", "Resource": "arn:aws:states:*:*:execution:a:*"}"#;
    let deny = r#"{"Effect": "Deny", "Action": "states:*", "Resource": "*"}"#;
    let not_action = r#"{"Effect": "Allow", "NotAction": "states:RedriveExecution", "Resource": "*"}"#;
    for (statements, action, wanted) in [
        (format!("[{allow}]"), "states:DescribeExecution", true),
        (format!("[{allow}]"), "states:RedriveExecution", false),
        (format!("[{deny}]"), "states:RedriveExecution", false),
        (format!("[{not_action}]"), "states:RedriveExecution", false),
        (format!("[{not_action}]"), "states:GetExecutionHistory", true),
    ] {
        let (policies, _) = compile(&statements);
        assert_eq!(policies.anybody_may(action), wanted, "{statements}: {action}");
    }
}

#[test]
fn a_condition_is_taken_kindly_and_warned_about() {
    let (policies, problems) = compile(
        r#"[{"Effect": "Allow", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {}}},
            {"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Condition": {"Bool": {}}}]"#,
    );
    assert_eq!(policies.allows(ROLE, "s3:GetObject", "x"), Decision::Allowed);
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|problem| !problem.is_error()));
}

#[test]
fn broken_statements_are_errors() {
    for (statement, wanted) in [
        (r#"{"Action": "a:b", "Resource": "*"}"#, "the property 'Effect' is missing"),
        (r#"{"Effect": "allow", "Action": "a:b", "Resource": "*"}"#, "the property 'Effect' is 'allow'"),
        (r#"{"Effect": "Allow", "Resource": "*"}"#, "the property 'Action' is missing"),
        (r#"{"Effect": "Allow", "Action": "a:b"}"#, "the property 'Resource' is missing"),
        (
            r#"{"Effect": "Allow", "Action": {}, "Resource": "*"}"#,
            "expected a string or a list of strings, found an object",
        ),
        (
            r#"{"Effect": "Allow", "Action": "a", "NotAction": "b", "Resource": "*"}"#,
            "Action and NotAction exclude each other",
        ),
        (
            r#"{"Efect": "Allow", "Effect": "Allow", "Action": "a", "Resource": "*"}"#,
            "the property 'Efect' is not known here",
        ),
    ] {
        let (_, problems) = compile(&format!("[{statement}]"));
        assert_eq!(problems[0].diagnostic.message, wanted);
        assert!(problems[0].is_error());
    }
}

#[test]
fn only_trusted_services_may_assume_a_role() {
    for (trust, trusted) in [
        (
            r#"{"Effect": "Allow", "Principal": {"Service": ["a.amazonaws.com", "states.amazonaws.com"]}, "Action": "sts:*"}"#,
            true,
        ),
        (r#"{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}"#, false),
        (r#"{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole"}"#, true),
        (r#"{"Effect": "Allow", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:TagSession"}"#, false),
        (r#"{"Effect": "Deny", "Principal": {"Service": "states.amazonaws.com"}, "Action": "sts:AssumeRole"}"#, false),
    ] {
        let (policies, _) = compile_with("[]", trust);
        assert_eq!(policies.can_assume(ROLE, "states.amazonaws.com"), trusted, "{trust}");
    }
    let (policies, _) = compile("[]");
    assert!(policies.can_assume("arn:aws:iam::2:role/elsewhere", "states.amazonaws.com"));
    assert!(policies.allows("arn:aws:iam::2:role/elsewhere", "a:b", "c").is_allowed());
}

#[test]
fn a_denial_reads_as_aws_words_it() {
    let (policies, _) = compile(r#"[{"Effect": "Deny", "Action": "sqs:*", "Resource": "*"}]"#);
    let role = policies.role(ROLE).expect("the role");
    let environment = Environment::default();
    let missing = policies.access_denied(role, "run-1", "dynamodb:PutItem", ORDERS, &environment);
    assert_eq!((missing.code, missing.status), ("AccessDeniedException", 400));
    assert_eq!(
        missing.message,
        "User: arn:aws:sts::111111111111:assumed-role/worker/run-1 is not authorized to perform: dynamodb:PutItem on resource: \
         arn:aws:dynamodb:us-east-1:111111111111:table/Orders because no identity-based policy allows the dynamodb:PutItem action"
    );
    let denied = policies.access_denied(role, "run-1", "sqs:SendMessage", "q", &environment);
    assert_eq!((denied.code, denied.status), ("AccessDenied", 403));
    assert!(denied.message.ends_with("with an explicit deny in an identity-based policy"), "{}", denied.message);
}

#[test]
fn policies_reach_roles_from_everywhere_in_a_template() {
    let text = "\
Resources:
  Role:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {Statement: []}
      ManagedPolicyArns:
        - !Ref Shared
        - arn:aws:iam::aws:policy/AmazonSQSFullAccess
        - arn:aws:iam::aws:policy/Unheard
      Policies:
        - {PolicyName: own, PolicyDocument: {Statement: {Effect: Allow, Action: 'a:Own', Resource: '*'}}}
  Shared:
    Type: AWS::IAM::ManagedPolicy
    Properties: {PolicyDocument: {Statement: {Effect: Allow, Action: 'a:Shared', Resource: '*'}}}
  Attached:
    Type: AWS::IAM::Policy
    Properties:
      PolicyName: attached
      Roles: [!Ref Role]
      PolicyDocument: {Statement: {Effect: Allow, Action: 'a:Attached', Resource: '*'}}
  Allow:
    Type: AWS::Lambda::Permission
    Properties:
      FunctionName: f
      Action: lambda:InvokeFunction
      Principal: events.amazonaws.com
      SourceArn: arn:aws:events:*:rule/r*
";
    let mut sources = crate::diagnostics::Sources::single("t.yaml", text);
    let settings = crate::template::Settings::named("s");
    let (stack, problems) =
        crate::template::read_template(&mut sources, crate::diagnostics::SourceId(0), &settings, &|_| {
            Err("none".to_owned())
        });
    let messages: Vec<&str> = problems.iter().map(|problem| &*problem.diagnostic.message).collect();
    assert_eq!(messages, ["the managed policy 'arn:aws:iam::aws:policy/Unheard' is not known here"]);
    let stack = stack.expect("a stack");
    let (policies, _) = Policies::compile(&stack);
    let role = policies.role(&stack.roles[0].identity.arn).expect("the role");
    for (action, allowed) in
        [("a:Own", true), ("a:Shared", true), ("a:Attached", true), ("sqs:SendMessage", true), ("a:Other", false)]
    {
        assert_eq!(policies.check(role, action, "x").is_allowed(), allowed, "{action}");
    }
    let function = "arn:aws:lambda:us-east-1:111111111111:function:f";
    assert!(policies.permits_invoke(function, "events.amazonaws.com", "arn:aws:events:us-east-1:1:rule/r1"));
    assert!(!policies.permits_invoke(function, "sns.amazonaws.com", "arn:aws:events:us-east-1:1:rule/r1"));
    assert!(!policies.permits_invoke(function, "events.amazonaws.com", "arn:aws:events:us-east-1:1:rule/x"));
}
