use std::fmt::Write;

use rehearsal_engine::json;
use rehearsal_engine::source::{Position, Shape, Span};

use super::stack::{Billing, Code, StateMachineKind, TargetInput};
use super::*;

const ORDERS: &str = include_str!("tests/orders.yaml");

/// Deploys a template as the stack `shop` with these parameters; files beside it are those of `files`.
fn deploy_with(text: &str, parameters: &[(&str, &str)], files: &[(&str, &str)]) -> (Stack, Vec<Problem>, Sources) {
    let mut sources = Sources::default();
    let source = sources.add("template.yaml", text);
    let mut settings = Settings::named("shop");
    for (name, value) in parameters {
        let value = Node::new(Span::default(), Shape::String((*value).into()));
        settings.parameters.insert((*name).to_owned(), ParameterValue { value, place: Place::default() });
    }
    let read = |path: &str| {
        let found = files.iter().find(|(name, _)| *name == path);
        found.map(|(_, text)| (*text).to_owned()).ok_or_else(|| "no such file".to_owned())
    };
    let (stack, problems) = read_template(&mut sources, source, &settings, &read);
    (stack.unwrap_or_else(|| panic!("unreadable: {problems:?}")), problems, sources)
}

/// The stack of a template without any error.
fn deploy(text: &str) -> Stack {
    let (stack, problems, sources) = deploy_with(text, &[], &[]);
    let errors: Vec<Problem> = problems.into_iter().filter(Problem::is_error).collect();
    assert!(errors.is_empty(), "{}", crate::diagnostics::render(&sources, &errors, false));
    stack
}

/// Each problem as `line:column message`.
fn problems(text: &str) -> Vec<String> {
    let (_, problems, _) = deploy_with(text, &[], &[]);
    let shown = problems.iter().map(|problem| {
        let Position { line, column } = Position::of(text, problem.diagnostic.span.start);
        format!("{line}:{column} {}", problem.diagnostic.message)
    });
    shown.collect()
}

#[test]
fn the_order_template_becomes_a_stack() {
    let stack = deploy(ORDERS);
    let table = stack.table("Orders").expect("a table");
    assert_eq!(&*table.identity.arn, "arn:aws:dynamodb:us-east-1:111111111111:table/Orders");
    assert_eq!(table.billing, Billing::Provisioned { read_units: 10, write_units: 10 });
    assert_eq!(&*table.global_indexes[0].key.partition.name, "customerId");
    assert_eq!(table.global_indexes[0].provisioned, Some((5, 5)));

    let function = stack.function("order-validation").expect("a function");
    assert_eq!((function.timeout_ms, function.memory_mb), (5000, 128));
    assert_eq!(function.environment.get("TABLE").map(|value| &**value), Some("Orders"));
    assert_eq!(function.environment.get("RETRIES").map(|value| &**value), Some("3"));
    let Code::Inline { text, .. } = &function.code else { panic!("inline code") };
    assert!(text.as_str().starts_with("import boto3\n\ndef handler"), "{}", text.as_str());

    let rule = &stack.rules[0];
    assert_eq!(&*rule.event_bus_name, "ecommerce-orders");
    assert!(
        rule.identity
            .arn
            .starts_with("arn:aws:events:us-east-1:111111111111:rule/ecommerce-orders/shop-OrderPlacedRule-")
    );
    assert_eq!(
        rule.pattern.as_ref().map(Node::to_json),
        Some(json!({
            "source": ["ecommerce.orders"], "detail-type": ["Order Placed"], "detail": {"status": ["pending"]}
        }))
    );
    let target = &rule.targets[0];
    assert_eq!(&*target.arn, "arn:aws:states:us-east-1:111111111111:stateMachine:OrderProcessingWorkflow");
    assert_eq!((target.retry_policy.retry_attempts_max, target.retry_policy.event_age_max_ms), (3, 86_400_000));
    let TargetInput::Transformer(transformer) = &target.input else { panic!("a transformer") };
    assert_eq!(transformer.template.as_str(), "{\"orderId\": <id>}");

    assert_eq!(stack.output("EventBusName"), Some("ecommerce-orders"));
    assert_eq!(stack.outputs[1].export_name.as_deref(), Some("shop-machine"));
    assert_eq!(stack.outputs.len(), 2, "the output of a false condition is left out");
    let others: Vec<&str> = stack.others.iter().map(|other| &*other.identity.logical_id).collect();
    assert_eq!(others, Vec::<&str>::new());
    assert_eq!(stack.buckets.len(), 1, "the bucket of a false condition is left out");
    assert_eq!(problems(ORDERS), Vec::<String>::new());
}

#[test]
fn a_definition_inside_the_template_points_into_the_file() {
    let stack = deploy(ORDERS);
    let machine = stack.state_machine("Workflow").expect("a machine");
    assert_eq!(machine.kind, StateMachineKind::Standard);
    let state = machine.definition.get("States").and_then(|states| states.get("ValidateOrder")).expect("a state");
    let resource = state.get("Resource").expect("a resource");
    assert_eq!(resource.as_str(), Some("arn:aws:lambda:us-east-1:111111111111:function:order-validation"));
    let of = |span: Span| &ORDERS[span.start as usize..span.end as usize];
    assert_eq!(of(resource.span), "\"${Validate.Arn}\"");
    let next = state.member("Next").expect("a member");
    assert_eq!((of(next.key_span), of(next.value.span)), ("\"Next\"", "\"Done\""));
    assert!(machine.definition_text.contains("\"StartAt\": \"ValidateOrder\""));
}

#[test]
fn definitions_come_in_many_forms() {
    const ASL: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Wait", "Seconds": ${S}, "Next": "${N}"}, "End": {"Type": "Succeed"}}}"#;
    let shell = |definition: &str| {
        format!(
            "Resources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      RoleArn: arn:aws:iam::1:role/r\n      DefinitionSubstitutions: {{S: 5, N: End}}\n{definition}"
        )
    };
    for definition in [
        format!("      DefinitionString: '{ASL}'\n"),
        format!("      DefinitionString: \"{}\"\n", ASL.replace('"', "\\\"")),
        format!("      DefinitionString: |\n        {ASL}\n"),
        "      DefinitionS3Location: flow.asl.json\n".to_owned(),
        "      Definition:\n        StartAt: A\n        States: {A: {Type: Wait, Seconds: 5, Next: '${N}'}, End: {Type: Succeed}}\n".to_owned(),
    ] {
        let text = shell(&definition);
        let (stack, problems, sources) = deploy_with(&text, &[], &[("flow.asl.json", ASL)]);
        assert!(!problems.iter().any(Problem::is_error), "{definition}: {problems:?}");
        let machine = &stack.state_machines[0];
        let state = machine.definition.get("States").and_then(|states| states.get("A")).expect("a state");
        assert_eq!(state.to_json(), json!({"Type": "Wait", "Seconds": 5, "Next": "End"}), "{definition}");
        let file = sources.text(machine.definition_source);
        let next = state.get("Next").expect("a member").span;
        assert!(file[next.start as usize..next.end as usize].contains("${N}"), "{definition}");
        assert!(machine.identity.arn.starts_with("arn:aws:states:us-east-1:111111111111:stateMachine:M-"));
    }
}

#[test]
fn broken_json_inside_a_definition_is_shown_where_it_stands() {
    let text = ORDERS.replace("\"Next\": \"Done\"}", "\"Next\" \"Done\"}");
    let wanted = "93:85 expected ':' after the member name";
    assert!(problems(&text).contains(&wanted.to_owned()), "{:?}", problems(&text));
}

#[test]
fn intrinsic_functions_give_what_cloudformation_gives() {
    for (expression, wanted) in [
        ("!Ref Bus", "bus"),
        ("!Ref Machine", "arn:aws:states:us-east-1:111111111111:stateMachine:m"),
        ("!Ref Queue", "https://sqs.us-east-1.amazonaws.com/111111111111/q"),
        ("!Ref Rule", "bus|r"),
        ("!GetAtt Bus.Arn", "arn:aws:events:us-east-1:111111111111:event-bus/bus"),
        ("!GetAtt Rule.Arn", "arn:aws:events:us-east-1:111111111111:rule/bus/r"),
        ("!GetAtt [Queue, QueueName]", "q"),
        ("{'Fn::GetAtt': 'Queue.Arn'}", "arn:aws:sqs:us-east-1:111111111111:q"),
        ("!GetAtt Role.Arn", "arn:aws:iam::111111111111:role/team/r"),
        ("!Ref AWS::StackName", "shop"),
        ("!Ref AWS::URLSuffix", "amazonaws.com"),
        (
            "!Sub '${AWS::Region}-${Bus}-${Bus.Arn}'",
            "us-east-1-bus-arn:aws:events:us-east-1:111111111111:event-bus/bus",
        ),
        ("!Sub 'a ${!Bus} b'", "a ${Bus} b"),
        ("!Sub ['${x}/${Bus}', {x: !Join ['-', [a, b]]}]", "a-b/bus"),
        ("!Join [',', !Ref List]", "a,b,c"),
        ("!Join ['', [a, !Ref AWS::NoValue, 5, true]]", "a5true"),
        ("!Join ['', [a, !If [Holds, !Ref AWS::NoValue, b], c]]", "ac"),
        ("!Select [1, !Ref List]", "b"),
        ("!Select ['0', !Split ['/', 'x/y']]", "x"),
        ("!Select [1, [a, !Ref AWS::NoValue, c]]", "c"),
        ("!FindInMap [Map, !Ref Stage, size]", "small"),
        ("!FindInMap [Map, nope, size, {DefaultValue: none}]", "none"),
        ("!If [Holds, a, !Ref Nobody]", "a"),
        ("!If [Fails, !GetAtt Nobody.Arn, b]", "b"),
        ("!Base64 hello", "aGVsbG8="),
        ("{'Fn::ToJsonString': {a: [1]}}", "{\"a\":[1]}"),
        ("!Ref Number", "5"),
        ("yes", "true"),
    ] {
        let text = format!(
            "Parameters:\n  Stage: {{Type: String, Default: dev}}\n  List: {{Type: CommaDelimitedList, Default: 'a, b,c'}}\n  Number: {{Type: Number, Default: 5}}\n\
             Mappings: {{Map: {{dev: {{size: small}}}}}}\n\
             Conditions:\n  Holds: !And [!Equals [!Ref Stage, dev], !Not [!Condition Fails]]\n  Fails: !Or [!Equals [a, b], !Equals [1, '2']]\n\
             Resources:\n  Bus: {{Type: 'AWS::Events::EventBus', Properties: {{Name: bus}}}}\n  \
             Queue: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: q}}}}\n  \
             Role: {{Type: 'AWS::IAM::Role', Properties: {{RoleName: r, Path: /team/, AssumeRolePolicyDocument: {{Statement: []}}}}}}\n  \
             Rule: {{Type: 'AWS::Events::Rule', Properties: {{Name: r, EventBusName: !GetAtt Bus.Arn, EventPattern: {{source: [a]}}}}}}\n  \
             Machine: {{Type: 'AWS::StepFunctions::StateMachine', Properties: {{StateMachineName: m, RoleArn: x, Definition: {{StartAt: A}}}}}}\n\
             Outputs:\n  Result:\n    Value: {expression}\n"
        );
        assert_eq!(deploy(&text).output("Result"), Some(wanted), "{expression}");
    }
}

#[test]
fn parameters_take_given_values_and_check_them() {
    let text = "Parameters:\n  P: {Type: String, Default: dev, AllowedValues: [dev, prod], AllowedPattern: '[a-z]+'}\n  N: {Type: Number, Default: 3, MaxValue: 9}\n\
                Resources:\n  B: {Type: 'AWS::Events::EventBus', Properties: {Name: !Sub '${P}-${N}'}}\n";
    let (stack, found, _) = deploy_with(text, &[("P", "prod"), ("N", "7")], &[]);
    assert_eq!((&*stack.event_buses[0].identity.name, found.len()), ("prod-7", 0));
    for (name, value, wanted) in [
        ("P", "test", "parameter 'P' must be one of AllowedValues: dev, prod"),
        ("N", "10", "parameter 'N' must be a number not greater than MaxValue"),
        ("N", "x", "parameter 'N' must be a number"),
        ("Q", "1", "the template has no parameter 'Q'"),
    ] {
        let (_, found, _) = deploy_with(text, &[(name, value)], &[]);
        assert_eq!(found[0].diagnostic.message, wanted);
        assert_eq!(found.len(), 1, "one mistake is reported once: {found:?}");
    }
}

#[test]
fn every_problem_is_reported_at_its_place() {
    let text = "\
Parameters:
  Needed: {Type: String}
Conditions:
  Loop: !Condition Loop
Resource:
  Old: 1
Resources:
  A:
    Type: AWS::Lambda::Function
    Properties:
      Runtime: python3.12
      Handlr: index.handler
      Role: !GetAtt Rolle.Arn
      Code: {ZipFile: x}
  Role:
    Type: AWS::IAM::Role
    DependsOn: Nobody
    Properties: {AssumeRolePolicyDocument: {Statement: []}}
  T:
    Type: AWS::DynamoDB::Table
    Properties:
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      AttributeDefinitions: [{AttributeName: key, AttributeType: S}]
      BillingMode: PAY_PER_REQUESTS
  R:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: x
      Targets: [{Id: a, Arn: !Sub '${A.Name}'}]
  Q: {Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: 1000}}
  S: {Type: 'AWS::SQS::Queue', Condition: Lop}
Outputs:
  X: {Value: !Select [5, [a]]}
  Y: {Value: !FindInMap [M, a, b]}
  Z: {Value: !Sub 'a ${b c}'}
  W: {Value: {'Fn::Jion': ['', []]}}
";
    let wanted = [
        "2:3 parameters: [Needed] must have values",
        "4:3 the condition 'Loop' depends on itself",
        "5:1 invalid template property: Resource",
        "11:7 the property 'Handler' is missing",
        "12:7 the property 'Handlr' is not known here",
        "13:13 unresolved resource dependencies [Rolle] in the Resources block of the template",
        "17:16 unresolved resource dependencies [Nobody] in the Resources block of the template",
        "22:35 the key attribute 'id' is not among the AttributeDefinitions",
        "24:20 the property 'BillingMode' is 'PAY_PER_REQUESTS'",
        "28:21 expected an object, found a string",
        "29:36 'A' is an AWS::Lambda::Function, which has no attribute 'Name'",
        "30:59 expected a whole number from 0 to 900, found '1000'",
        "31:43 unresolved condition dependency Lop in the template",
        "33:22 template error: Fn::Select cannot select nonexistent value at index 5",
        "34:25 template error: unable to get mapping for M::a::b",
        "35:22 template error: variable names in Fn::Sub syntax must contain only alphanumeric characters, underscores, periods, and colons",
        "36:15 template error: encountered unsupported function: Fn::Jion",
    ];
    let found = problems(text);
    for one in wanted {
        assert!(found.contains(&one.to_owned()), "{one:?} is missing in {found:#?}");
    }
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
}

#[test]
fn circles_are_named_without_what_hangs_on_them() {
    let text = "\
Resources:
  A: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref B}}
  B: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Sub '${A}'}}
  C: {Type: 'AWS::SNS::Topic', Properties: {DisplayName: !Ref A}}
  D: {Type: 'AWS::SNS::Topic', DependsOn: E}
  E: {Type: 'AWS::SNS::Topic'}
";
    assert_eq!(problems(text), ["2:3 circular dependency between resources: [A, B]"]);
}

#[test]
fn hints_name_what_was_meant() {
    let text = "Resources:\n  OrdersTable: {Type: 'AWS::SNS::Topic'}\nOutputs:\n  X: {Value: !Ref OrderTable}\n  Y: {Value: !GetAtt OrdersTable.TopicNam}\n";
    let (_, found, _) = deploy_with(text, &[], &[]);
    let hints: Vec<&str> = found.iter().filter_map(|problem| problem.diagnostic.hint.as_deref()).collect();
    assert_eq!(hints, ["nothing is called 'OrderTable'; did you mean 'OrdersTable'?", "did you mean 'TopicName'?"]);
}

#[test]
fn unnamed_resources_get_stable_unique_names() {
    let text =
        "Resources:\n  A: {Type: 'AWS::SQS::Queue'}\n  B: {Type: 'AWS::SQS::Queue', Properties: {FifoQueue: true}}\n";
    let (once, again) = (deploy(text), deploy(text));
    assert_eq!(once, again);
    let names: Vec<&str> = once.queues.iter().map(|queue| &*queue.identity.name).collect();
    assert!(
        names[0].starts_with("shop-A-") && names[1].starts_with("shop-B-") && names[1].strip_suffix(".fifo").is_some(),
        "{names:?}"
    );
    let long = format!("Resources:\n  {}: {{Type: 'AWS::SQS::Queue'}}\n", "A".repeat(200));
    assert_eq!(deploy(&long).queues[0].identity.name.len(), 80);
    let twice = "Resources:\n  A: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q}}\n  B: {Type: 'AWS::SQS::Queue', Properties: {QueueName: q}}\n";
    assert_eq!(problems(twice), ["3:3 'B' and 'A' are both named 'q'"]);
}

#[test]
fn json_templates_are_read_too() {
    let text = r#"{"Resources": {"B": {"Type": "AWS::Events::EventBus", "Properties": {"Name": {"Fn::Sub": "${AWS::StackName}-bus"}}}}}"#;
    assert_eq!(&*deploy(text).event_buses[0].identity.name, "shop-bus");
}

#[test]
fn what_is_no_template_is_said_to_be_none() {
    for (text, wanted) in [
        ("- a\n", "1:1 expected a template with Resources, found an array"),
        ("Description: x\n", "1:1 template format error: at least one Resources member must be defined"),
        ("Resources: {A: 5}\n", "1:16 expected a resource with a Type, found a number"),
        ("Resources: {A: {Properties: {}}}\n", "1:13 every resource needs a Type, as a literal text"),
        ("Resources: {A-b: {Type: 'AWS::SQS::Queue'}}\n", "1:13 the logical id 'A-b' is not alphanumeric"),
        (
            "Resources: {A: {Type: 'AWS::SQS::Queue', Propertys: {}}}\n",
            "1:42 'Propertys' is no attribute of a resource",
        ),
        (
            "Resources: {A: {Type: 'AWS::SQS::Queue', Properties: {Ref: B, x: 1}}}\n",
            "1:55 'Ref' must be the only key of its object",
        ),
    ] {
        assert_eq!(problems(text), [wanted], "{text}");
    }
}

#[test]
fn hostile_templates_end_in_a_problem_and_not_in_a_crash() {
    let doubled = {
        let mut value = "x".to_owned();
        for _ in 0..60 {
            value = format!("{{'Fn::Sub': ['${{a}}${{a}}', {{a: {value}}}]}}");
        }
        format!("Resources: {{A: {{Type: 'AWS::SNS::Topic', Properties: {{DisplayName: {value}}}}}}}\n")
    };
    let deep = |open: &str, close: &str| {
        let value = format!("{}x{}", open.repeat(90), close.repeat(90));
        format!("Resources: {{A: {{Type: 'AWS::SNS::Topic', Properties: {{DisplayName: {value}}}}}}}\n")
    };
    let conditions = {
        let mut text = "Conditions:\n".to_owned();
        for at in 0..5000 {
            let _ = writeln!(text, "  C{at}: !Condition C{}", at + 1);
        }
        text + "  C5000: !Equals [a, a]\nResources: {A: {Type: 'AWS::SNS::Topic'}}\n"
    };
    let definition = |text: &str, more: &str| {
        format!(
            "Resources:\n  M:\n    Type: AWS::StepFunctions::StateMachine\n    Properties:\n      RoleArn: r\n      \
             DefinitionSubstitutions: {{a: '{}'}}\n      {text}\n{more}",
            "y".repeat(10_000)
        )
    };
    let unknown = {
        let mut text = String::new();
        for at in 0..20_000 {
            let _ = writeln!(text, "  O{at}: {{Value: !Ref Nobody{at}}}");
        }
        text
    };
    for (text, wanted) in [
        (doubled, "the template takes too much to resolve"),
        (deep("{'Fn::Join': ['', [", "]]}"), "nested deeper"),
        (deep("{'Fn::Base64': ", "}"), "the template takes too much to resolve"),
        (deep("{'Fn::ToJsonString': ", "}"), "the template takes too much to resolve"),
        (conditions, "conditions depend on each other"),
        (definition(&format!("DefinitionString: '{}{}'", "[".repeat(900), "]".repeat(900)), ""), ""),
        (definition(&format!("DefinitionString: '{}'", "${a}".repeat(1000)), ""), "the substituted values are longer"),
        (
            definition(&format!("Definition: {{StartAt: '{}'}}", "${a}".repeat(1000)), ""),
            "the substituted values are longer",
        ),
        (format!("Resources: {{A: {{Type: 'AWS::SNS::Topic'}}}}\nOutputs:\n{unknown}"), "the template takes too much"),
    ] {
        let (found, sources) = {
            let mut sources = Sources::default();
            let source = sources.add("template.yaml", &text);
            let (_, found) = read_template(&mut sources, source, &Settings::named("s"), &|_| Err("none".to_owned()));
            (found, sources)
        };
        assert!(
            found.iter().any(|problem| problem.diagnostic.message.contains(wanted)) || wanted.is_empty(),
            "{wanted}: {found:?}"
        );
        assert!(crate::diagnostics::render(&sources, &found, true).len() < 100_000);
    }
}

#[test]
fn queues_topics_alarms_and_function_settings_have_their_defaults() {
    let stack = deploy(
        "\
Resources:
  Dead: {Type: 'AWS::SQS::Queue'}
  Work:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: work
      VisibilityTimeout: 60
      RedrivePolicy: {deadLetterTargetArn: !GetAtt Dead.Arn, maxReceiveCount: '3'}
  News: {Type: 'AWS::SNS::Topic', Properties: {Subscription: [{Protocol: sqs, Endpoint: !GetAtt Work.Arn}]}}
  Listener:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref News, Protocol: email, Endpoint: a@b, FilterPolicy: '{\"kind\": [\"x\"]}'}
  Failures:
    Type: AWS::CloudWatch::Alarm
    Properties:
      MetricName: ExecutionsFailed
      Threshold: 1
      ComparisonOperator: GreaterThanThreshold
      EvaluationPeriods: 1
      AlarmActions: [!Ref News]
  Async: {Type: 'AWS::Lambda::EventInvokeConfig', Properties: {FunctionName: 'arn:aws:lambda:r:1:function:f:live', Qualifier: live}}
  Feed: {Type: 'AWS::Lambda::EventSourceMapping', Properties: {FunctionName: f, EventSourceArn: !GetAtt Work.Arn}}
",
    );
    let [dead, work] = stack.queues.as_slice() else { panic!("two queues") };
    assert_eq!((dead.visibility_timeout_ms, dead.retention_ms, dead.delay_ms), (30_000, 345_600_000, 0));
    assert_eq!((work.visibility_timeout_ms, work.redrive.clone()), (60_000, Some((dead.identity.arn.clone(), 3))));
    let [inside, listener] = stack.subscriptions.as_slice() else { panic!("two subscriptions") };
    assert_eq!((&inside.topic_arn, &inside.endpoint), (&stack.topics[0].identity.arn, &work.identity.arn));
    assert_eq!(listener.filter_policy, Some(json!({"kind": ["x"]})));
    assert_eq!(stack.alarms[0].properties.get("AlarmActions"), Some(&json!([&*stack.topics[0].identity.arn])));
    let config = &stack.event_invoke_configs[0];
    assert_eq!(
        (&*config.function_arn, config.retry_attempts_max, config.event_age_max_ms),
        ("arn:aws:lambda:r:1:function:f", 2, 21_600_000)
    );
    let mapping = &stack.event_source_mappings[0];
    assert_eq!(
        (&*mapping.function_arn, mapping.batch_size, mapping.enabled),
        ("arn:aws:lambda:us-east-1:111111111111:function:f", 10, true)
    );
}

#[test]
fn a_file_of_blanks_and_comments_is_refused_with_a_reason() {
    for text in ["", "\n", "# nothing yet\n"] {
        let mut sources = Sources::single("t.yaml", text);
        let no_files = |_: &str| Err("there are no files here".to_owned());
        let (stack, problems) = read_template(&mut sources, SourceId(0), &Settings::named("t"), &no_files);
        assert_eq!(stack, None, "{text:?}");
        assert_eq!(
            problems.iter().map(|problem| problem.diagnostic.code).collect::<Vec<_>>(),
            ["empty-file"],
            "{text:?}"
        );
    }
}
