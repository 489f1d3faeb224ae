use rehearsal_engine::json;
use rehearsal_engine::source::Node;

use crate::diagnostics::{Problem, SourceId, Sources};
use crate::iam::Policies;
use crate::template::stack::{AttributeType, Billing, Code, Stack, StateMachineKind, TargetInput};
use crate::template::{Settings, read_template};

pub const SHOP: &str = "\
Transform: AWS::Serverless-2016-10-31
Globals:
  Function:
    Runtime: python3.12
    Timeout: 10
    Environment: {Variables: {STAGE: dev}}
Resources:
  Orders: {Type: 'AWS::Serverless::SimpleTable', Properties: {PrimaryKey: {Name: orderId, Type: String}}}
  Check:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Timeout: 4
      InlineCode: |
        def handler(event, context): return {}
      Environment: {Variables: {TABLE: !Ref Orders}}
      Policies:
        - DynamoDBReadPolicy: {TableName: !Ref Orders}
        - AmazonSQSFullAccess
        - Statement: {Effect: Allow, Action: 'a:Own', Resource: '*'}
      EventInvokeConfig: {MaximumRetryAttempts: 1}
      Events:
        Placed:
          Type: EventBridgeRule
          Properties: {Pattern: {source: [shop]}, InputPath: $.detail}
        Work: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn, BatchSize: 5}}
        Web: {Type: Api, Properties: {Path: /, Method: get}}
  Jobs: {Type: 'AWS::SQS::Queue'}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: flow.asl.json
      DefinitionSubstitutions: {Check: !GetAtt Check.Arn}
      Type: EXPRESS
      Policies:
        - LambdaInvokePolicy: {FunctionName: !Ref Check}
      Events:
        Nightly: {Type: Schedule, Properties: {Schedule: rate(1 day), Enabled: false}}
";

pub const FLOW: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "${Check}", "End": true}}}"#;

fn deploy(text: &str) -> (Stack, Vec<Problem>) {
    let mut sources = Sources::single("template.yaml", text);
    let files = |path: &str| {
        if path == "flow.asl.json" { Ok(FLOW.to_owned()) } else { Err("there is no such file".to_owned()) }
    };
    let (stack, problems) = read_template(&mut sources, SourceId(0), &Settings::named("shop"), &files);
    (stack.expect("a stack"), problems)
}

#[test]
fn serverless_forms_become_what_sam_deploys() {
    let (stack, problems) = deploy(SHOP);
    let messages: Vec<&str> = problems.iter().map(|problem| &*problem.diagnostic.message).collect();
    assert_eq!(messages, ["events of the type Api are not simulated"]);

    let table = &stack.tables[0];
    assert_eq!((&*table.key.partition.name, table.key.partition.attribute_type), ("orderId", AttributeType::String));
    assert_eq!(table.billing, Billing::PayPerRequest);

    let function = stack.function("Check").expect("a function");
    assert_eq!((function.timeout_ms, &*function.runtime), (4000, "python3.12"));
    let names: Vec<&str> = function.environment.keys().map(|name| &**name).collect();
    assert_eq!(names, ["STAGE", "TABLE"], "maps of Globals are merged");
    assert!(matches!(&function.code, Code::Inline { text, .. } if text.as_str().starts_with("def handler")));
    assert_eq!(stack.event_invoke_configs[0].retry_attempts_max, 1);
    assert_eq!(stack.event_source_mappings[0].batch_size, 5);

    let machine = stack.state_machine("Flow").expect("a machine");
    assert_eq!(machine.kind, StateMachineKind::Express);
    let state = machine.definition.get("States").and_then(|states| states.get("A")).map(Node::to_json);
    assert_eq!(state.and_then(|state| state.get("Resource").cloned()), Some(json!(&*function.identity.arn)));

    let [placed, nightly] = stack.rules.as_slice() else { panic!("two rules: {:?}", stack.rules) };
    assert_eq!((&*placed.identity.logical_id, &*placed.targets[0].arn), ("CheckPlaced", &*function.identity.arn));
    assert!(matches!(&placed.targets[0].input, TargetInput::Path(path, _) if &**path == "$.detail"));
    assert_eq!((nightly.enabled, &*nightly.targets[0].arn), (false, &*machine.identity.arn));
}

#[test]
fn generated_roles_grant_what_the_policies_say() {
    let (stack, _) = deploy(SHOP);
    let (policies, problems) = Policies::compile(&stack);
    assert!(problems.is_empty(), "{problems:?}");
    let table = &stack.tables[0].identity.arn;
    let function = stack.function("Check").expect("a function");
    let machine = stack.state_machine("Flow").expect("a machine");
    let starter = stack.rules[1].targets[0].role_arn.clone().expect("a role");
    for (role, action, resource, allowed) in [
        (&function.role_arn, "dynamodb:GetItem", table, true),
        (&function.role_arn, "dynamodb:PutItem", table, false),
        (&function.role_arn, "sqs:SendMessage", table, true),
        (&function.role_arn, "a:Own", table, true),
        (&machine.role_arn, "lambda:InvokeFunction", &function.identity.arn, true),
        (&starter, "states:StartExecution", &machine.identity.arn, true),
        (&starter, "states:StopExecution", &machine.identity.arn, false),
    ] {
        assert_eq!(policies.allows(role, action, resource).is_allowed(), allowed, "{role} {action}");
        assert!(policies.role(role).is_some(), "{role}");
    }
    assert!(policies.can_assume(&machine.role_arn, "states.amazonaws.com"));
    assert!(policies.can_assume(&starter, "events.amazonaws.com"));
    let rule = &stack.rules[0].identity.arn;
    assert!(policies.permits_invoke(&function.identity.arn, "events.amazonaws.com", rule));
}

#[test]
fn mistakes_in_serverless_forms_are_reported() {
    for (text, wanted) in [
        (
            "Resources: {T: {Type: 'AWS::Serverless::SimpleTable'}}",
            "'T' is a serverless form, but the template has no Transform",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: {T: {Type: 'AWS::Serverless::Functoin'}}",
            "there is no resource type 'AWS::Serverless::Functoin'",
        ),
        (
            "Transform: [AWS::Serverless-2016-10-31]\nResources: {T: {Type: 'AWS::Serverless::StateMachine', Properties: {DefinitionUri: x.json}}}",
            "the definition 'x.json' cannot be read: there is no such file",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: 'AWS::Serverless::Function', Properties: {Handlr: x, InlineCode: y, Runtime: python3.12}}}",
            "the property 'Handler' is missing",
        ),
        (
            "Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: 'AWS::Serverless::Function', Properties: {Handler: index.x, InlineCode: y, Runtime: python3.12, Policies: [DynamoDBCrudPolicy: {Table: x}]}}}",
            "the policy template 'DynamoDBCrudPolicy' needs the parameter 'TableName'",
        ),
    ] {
        let (_, problems) = deploy(text);
        assert!(problems.iter().any(|problem| problem.diagnostic.message == wanted), "{text}: {problems:?}");
    }
}

#[test]
fn schedules_of_the_second_kind_become_schedules_of_the_scheduler() {
    let (stack, problems) = deploy(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Check:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Runtime: python3.12
      InlineCode: 'def handler(event, context): return event'
      Events:
        Hourly:
          Type: ScheduleV2
          Properties:
            ScheduleExpression: rate(1 hour)
            Input: '{}'
            RetryPolicy: {MaximumRetryAttempts: 3}
            DeadLetterConfig: {Type: SQS, QueueLogicalId: Letters}
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: flow.asl.json
      DefinitionSubstitutions: {Check: !GetAtt Check.Arn}
      Events:
        Morning:
          Type: ScheduleV2
          Properties:
            Name: morning
            ScheduleExpression: cron(0 8 * * ? *)
            ScheduleExpressionTimezone: Europe/Berlin
            FlexibleTimeWindow: {Mode: FLEXIBLE, MaximumWindowInMinutes: 5}
            State: DISABLED
",
    );
    assert!(problems.is_empty(), "{problems:?}");
    let [hourly, morning] = stack.schedules.as_slice() else { panic!("two schedules: {:?}", stack.schedules) };
    let (function, machine) = (&stack.functions[0].identity.arn, &stack.state_machines[0].identity.arn);
    assert_eq!((&*hourly.identity.name, &*hourly.expression, hourly.window_ms), ("CheckHourly", "rate(1 hour)", 0));
    assert_eq!((&hourly.target.arn, hourly.target.input.as_deref()), (function, Some("{}")));
    assert_eq!(hourly.target.retry_policy.retry_attempts_max, 3);
    let letters = &stack.queues[0].identity.arn;
    assert_eq!(hourly.target.dead_letter_arn.as_ref(), Some(letters));
    assert_eq!((&*morning.identity.name, &*morning.zone, morning.enabled), ("morning", "Europe/Berlin", false));
    assert_eq!((&morning.target.arn, morning.window_ms), (machine, 300_000));
    let (policies, _) = Policies::compile(&stack);
    for (schedule, action, resource, allowed) in [
        (hourly, "lambda:InvokeFunction", function, true),
        (hourly, "sqs:SendMessage", letters, true),
        (hourly, "states:StartExecution", machine, false),
        (morning, "states:StartExecution", machine, true),
        (morning, "sqs:SendMessage", letters, false),
    ] {
        let role = &schedule.target.role_arn;
        assert!(policies.can_assume(role, "scheduler.amazonaws.com"), "{role}");
        assert_eq!(policies.allows(role, action, resource).is_allowed(), allowed, "{role} {action}");
    }
}
