use super::*;

/// Lints `text` as the file `name`; beside it stands `flow.asl.json`, if given. Each problem as `code file:line:column path`.
fn linted(name: &str, text: &str, beside: Option<&str>) -> Vec<String> {
    let mut sources = Sources::default();
    let source = sources.add(name, text);
    let read_file = |path: &str| match beside {
        Some(text) if path == "flow.asl.json" => Ok(text.to_owned()),
        _ => Err("there is no such file".to_owned()),
    };
    let problems = lint(&mut sources, source, &Options::default(), &read_file);
    let line = |problem: &Problem| {
        let Diagnostic { code, span, path, .. } = &problem.diagnostic;
        format!("{code} {} {path}", sources.locate(Place::new(problem.source, *span)))
    };
    problems.iter().map(line).collect()
}

const TEMPLATE: &str = "Parameters:
  Function: {Type: String}
  Stage: {Type: String, AllowedValues: [test, live], AllowedPattern: '[a-z]+'}
Resources:
  Flow:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      RoleArn: arn:aws:iam::111111111111:role/flow
      Definition:
        StartAt: Pay
        States:
          Pay: {Type: Task, Resource: !Ref Function, End: true}
";

#[test]
fn definitions_are_read_as_json_and_as_yaml() {
    let json = "{\"StartAt\": \"A\",\n \"States\": {\"A\": {\"Type\": \"Pass\", \"Next\": \"B\"}}}";
    let yaml = "# a comment\nStartAt: A\nStates:\n  A:\n    Type: Pass\n    Next: B\n";
    let code = "MISSING_TRANSITION_TARGET";
    for name in ["flow.asl.json", "flow.json", "flow", "flow.asl"] {
        assert_eq!(linted(name, json, None), [format!("{code} {name}:2:43 /States/A/Next")]);
    }
    for name in ["flow.yaml", "flow.asl.yml", "flow"] {
        assert_eq!(linted(name, yaml, None), [format!("{code} {name}:6:11 /States/A/Next")]);
    }
}

#[test]
fn templates_are_told_by_their_resources() {
    assert_eq!(linted("t.yaml", TEMPLATE, None), ["placeholder t.yaml:12:39 Flow/States/Pay/Resource"]);
    let broken = TEMPLATE.replace("End: true", "Next: Nope").replace("RoleArn", "RoleArm");
    assert_eq!(
        linted("t.yaml", &broken, None),
        [
            "missing-property t.yaml:8:7 /Resources/Flow/Properties",
            "unknown-property t.yaml:8:7 /Resources/Flow/Properties/RoleArm"
        ],
        "what a template says of itself is said"
    );
    let broken = TEMPLATE.replace("End: true", "Next: Nope");
    assert!(
        linted("t.yaml", &broken, None)
            .contains(&"MISSING_TRANSITION_TARGET t.yaml:12:54 Flow/States/Pay/Next".to_owned())
    );
}

#[test]
fn definitions_in_text_and_in_other_files_keep_their_places() {
    let head = &TEMPLATE[..TEMPLATE.find("      Definition:").unwrap_or_default()];
    let text = "      DefinitionString: |\n        {\"StartAt\": \"A\", \"States\": {\n          \"A\": {\"Type\": \"Pass\"}}}\n";
    assert_eq!(
        linted("t.yaml", &format!("{head}{text}"), None),
        ["SCHEMA_VALIDATION_FAILED t.yaml:11:16 Flow/States/A"]
    );
    let flow = "{\"StartAt\": \"A\",\n \"States\": {\"A\": {\"Type\": \"${Kind}\", \"End\": true}}}";
    let serverless = "Transform: AWS::Serverless-2016-10-31
Resources:
  Flow:
    Type: AWS::Serverless::StateMachine
    Properties:
      Role: arn:aws:iam::111111111111:role/flow
      DefinitionUri: flow.asl.json
      DefinitionSubstitutions: {Kind: Paws}
";
    let found = linted("t.yaml", serverless, Some(flow));
    assert_eq!(found, ["SCHEMA_VALIDATION_FAILED flow.asl.json:2:27 Flow/States/A/Type"]);
}

#[test]
fn an_express_machine_of_a_template_is_linted_as_one() {
    let text = TEMPLATE
        .replace("!Ref Function", "arn:aws:states:::ecs:runTask.sync, TimeoutSeconds: 9")
        .replace("      RoleArn", "      StateMachineType: EXPRESS\n      RoleArn");
    assert_eq!(linted("t.yaml", &text, None), ["SCHEMA_VALIDATION_FAILED t.yaml:13:39 Flow/States/Pay/Resource"]);
}

#[test]
fn texts_that_are_nothing_are_answered() {
    for (name, text) in [
        ("a.json", ""),
        ("a.json", "   "),
        ("a.yaml", ""),
        ("a.yaml", "# nothing\n"),
        ("a", "Resources"),
        ("a", "Resources:"),
        ("a.json", "{\"Resources\": 5}"),
        ("a.yaml", "Resources: {A: {Type: AWS::StepFunctions::StateMachine}}"),
        ("a.yaml", "a: [\n"),
        ("a.json", "{\"Resources\": "),
        ("a.json", "\u{feff}{}"),
        ("a.json", "null"),
        ("a.yaml", "- 1\n- &a [*a]\n"),
        ("a.yaml", "%YAML 9\n---\n!!x\n"),
    ] {
        assert!(!linted(name, text, None).is_empty(), "{name} {text:?}");
    }
    let nested = format!("{}{}", "{a: ".repeat(5_000), "}".repeat(5_000));
    assert!(!linted("a.yaml", &nested, None).is_empty());
}

#[test]
fn rules_schedules_and_dashboards_of_a_template_are_judged_but_not_what_a_parameter_decides() {
    let template = |pattern: &str, rate: &str, zone: &str, metric: &str| {
        format!(
            "Parameters:
  Rate: {{Type: String}}
Resources:
  Rule:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {pattern}
  Tick:
    Type: AWS::Events::Rule
    Properties:
      ScheduleExpression: {rate}
  Clock:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: rate(1 hour)
      ScheduleExpressionTimezone: {zone}
      FlexibleTimeWindow: {{Mode: 'OFF'}}
      Target: {{Arn: 'arn:aws:sqs:us-east-1:111111111111:q', RoleArn: 'arn:aws:iam::111111111111:role/r'}}
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties:
      DashboardBody: '{{\"widgets\": [{{\"type\": \"metric\", \"properties\": {{\"metrics\": [[\"AWS/Events\", \"{metric}\"]]}}}}]}}'
"
        )
    };
    let lint = |text: &str| linted("t.yaml", text, None);
    assert_eq!(lint(&template("{source: [a]}", "rate(1 hour)", "UTC", "Invocations")), [""; 0]);
    assert_eq!(lint(&template("{source: [!Ref Rate]}", "!Ref Rate", "!Ref Rate", "Invocations")), [""; 0]);
    assert_eq!(lint(&template("{source: [{cidr: !Ref Rate}]}", "!Sub 'rate(${Rate})'", "UTC", "Invocations")), [""; 0]);
    assert_eq!(
        lint(&template("{source: a}", "rate(1 hours)", "Europe/Atlantis", "Invokations")),
        [
            "InvalidEventPatternException t.yaml:7:30 /Resources/Rule/Properties/EventPattern",
            "ValidationException t.yaml:11:27 /Resources/Tick/Properties/ScheduleExpression",
            "ValidationException t.yaml:15:27 /Resources/Clock/Properties/ScheduleExpression",
            "no-such-metric t.yaml:23:91 /Resources/Board/Properties/DashboardBody",
        ]
    );
    let long = |values: usize| format!("{{source: [{}]}}", vec!["abcdefgh"; values].join(", "));
    let judged = |values: usize| lint(&template(&long(values), "rate(1 hour)", "UTC", "Invocations"));
    let path = "t.yaml:7:21 /Resources/Rule/Properties/EventPattern";
    // Eleven characters a value, and twelve around them, less a comma.
    assert_eq!(judged(185), [""; 0]);
    assert_eq!(judged(186), [format!("pattern-over-quota {path}")]);
    assert_eq!(judged(371), [format!("pattern-over-quota {path}")]);
    assert_eq!(judged(372), [format!("pattern-too-long {path}")]);
}
