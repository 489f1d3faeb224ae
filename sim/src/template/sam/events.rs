use rehearsal_engine::source::{Diagnostic, Member, Node, Shape, Span};

use super::build::{call, get_att, list, member, object, policy, resource, text, trust};
use super::{Expansion, Form};

/// What starts a state machine.
const START: &str = "states:StartExecution";

/// What starts a function or a state machine.
struct Source<'f> {
    form: &'f Form<'f>,
    /// `<Id><EventKey>`, the logical id of the rule.
    id: String,
    span: Span,
    properties: Node,
}

impl Source<'_> {
    fn get(&self, key: &str) -> Option<&Node> {
        self.properties.get(key).filter(|node| node.shape != Shape::Null)
    }

    /// The member `from` under the name `to`.
    fn renamed(&self, from: &str, to: &str) -> Option<Member> {
        self.get(from).map(|node| member(to, self.span, node.clone()))
    }
}

impl Expansion<'_> {
    /// `Events` of a function.
    pub(super) fn function_events(&mut self, form: &Form<'_>) {
        for event in form.get("Events").map(Node::members).unwrap_or_default() {
            let source = source(form, event);
            let span = source.span;
            let arn = get_att(span, form.id, "Arn");
            match event.value.get("Type").and_then(Node::as_str).unwrap_or_default() {
                "Schedule" | "EventBridgeRule" | "CloudWatchEvent" => {
                    let target = vec![
                        member("Id", span, text(span, &format!("{}LambdaTarget", source.id))),
                        member("Arn", span, arn),
                    ];
                    self.rule(&source, target);
                    self.permission(&source, "events.amazonaws.com", get_att(span, &source.id, "Arn"));
                }
                "ScheduleV2" => self.schedule(&source, "lambda:InvokeFunction", arn),
                "SQS" => self.mapping(&source, "Queue"),
                "DynamoDB" | "Kinesis" => self.mapping(&source, "Stream"),
                "SNS" => {
                    let topic = source.get("Topic").cloned().unwrap_or_else(|| text(span, ""));
                    let mut properties = vec![
                        member("Protocol", span, text(span, "lambda")),
                        member("Endpoint", span, arn),
                        member("TopicArn", span, topic.clone()),
                    ];
                    for key in ["FilterPolicy", "FilterPolicyScope", "RedrivePolicy"] {
                        properties.extend(source.renamed(key, key));
                    }
                    self.added.push(resource(form.outer, &source.id, span, "AWS::SNS::Subscription", properties));
                    self.permission(&source, "sns.amazonaws.com", topic);
                }
                other => self.not_simulated(&source, other),
            }
        }
    }

    /// `Events` of a state machine.
    pub(super) fn state_machine_events(&mut self, form: &Form<'_>) {
        for event in form.get("Events").map(Node::members).unwrap_or_default() {
            let source = source(form, event);
            let span = source.span;
            match event.value.get("Type").and_then(Node::as_str).unwrap_or_default() {
                "Schedule" | "EventBridgeRule" | "CloudWatchEvent" => {
                    let machine = call("Ref", span, text(span, form.id));
                    let role = match source.get("RoleArn") {
                        Some(role) => role.clone(),
                        None => self.starting_role(&source, "events.amazonaws.com", START, &machine, None),
                    };
                    let target = vec![
                        member("Id", span, text(span, &format!("{}StepFunctionsTarget", source.id))),
                        member("Arn", span, machine),
                        member("RoleArn", span, role),
                    ];
                    self.rule(&source, target);
                }
                "ScheduleV2" => self.schedule(&source, START, call("Ref", span, text(span, form.id))),
                other => self.not_simulated(&source, other),
            }
        }
    }

    /// The schedule `<Id><EventKey>` of EventBridge Scheduler, and the role that it acts as.
    fn schedule(&mut self, source: &Source<'_>, action: &str, target_arn: Node) {
        let span = source.span;
        let mut properties = Vec::new();
        for key in [
            "ScheduleExpression",
            "ScheduleExpressionTimezone",
            "StartDate",
            "EndDate",
            "State",
            "GroupName",
            "Description",
            "KmsKeyArn",
        ] {
            properties.extend(source.renamed(key, key));
        }
        // AWS: SAM names a schedule after its logical id, unless told to name it otherwise or not at all.
        let is_unnamed = source.get("OmitName").is_some_and(|omit| omit.shape == Shape::Bool(true));
        let name = source.renamed("Name", "Name");
        properties.extend(name.or_else(|| (!is_unnamed).then(|| member("Name", span, text(span, &source.id)))));
        let off = || object(span, vec![member("Mode", span, text(span, "OFF"))]);
        let window = source.get("FlexibleTimeWindow").cloned().unwrap_or_else(off);
        properties.push(member("FlexibleTimeWindow", span, window));
        let letters = source.get("DeadLetterConfig").map(|config| self.dead_letter_arn(source, config));
        let role = match source.get("RoleArn") {
            Some(role) => role.clone(),
            None => self.starting_role(source, "scheduler.amazonaws.com", action, &target_arn, letters.as_ref()),
        };
        let mut target = vec![member("Arn", span, target_arn), member("RoleArn", span, role)];
        for key in ["Input", "RetryPolicy"] {
            target.extend(source.renamed(key, key));
        }
        target.extend(letters.map(|arn| dead_letter_config(span, arn)));
        properties.push(member("Target", span, object(span, target)));
        self.added.push(resource(source.form.outer, &source.id, span, "AWS::Scheduler::Schedule", properties));
    }

    /// The rule `<Id><EventKey>` with one target.
    fn rule(&mut self, source: &Source<'_>, mut target: Vec<Member>) {
        let span = source.span;
        let mut properties = Vec::new();
        for (from, to) in [
            ("Schedule", "ScheduleExpression"),
            ("Pattern", "EventPattern"),
            ("EventBusName", "EventBusName"),
            ("RuleName", "Name"),
            ("Name", "Name"),
            ("State", "State"),
            ("Description", "Description"),
        ] {
            properties.extend(source.renamed(from, to));
        }
        if let Some(Node { shape: Shape::Bool(enabled), span }) = source.get("Enabled") {
            let state = if *enabled { "ENABLED" } else { "DISABLED" };
            properties.push(member("State", *span, text(*span, state)));
        }
        for key in ["Input", "InputPath", "InputTransformer", "RetryPolicy"] {
            target.extend(source.renamed(key, key));
        }
        if let Some(id) = source.get("Target").and_then(|target| target.get("Id")) {
            target.retain(|member| &*member.key != "Id");
            target.push(member("Id", id.span, id.clone()));
        }
        if let Some(config) = source.get("DeadLetterConfig") {
            let arn = self.dead_letter_arn(source, config);
            target.push(dead_letter_config(span, arn));
        }
        properties.push(member("Targets", span, list(span, vec![object(span, target)])));
        self.added.push(resource(source.form.outer, &source.id, span, "AWS::Events::Rule", properties));
    }

    /// The ARN of the queue that `DeadLetterConfig` names, or lets SAM make.
    fn dead_letter_arn(&mut self, source: &Source<'_>, config: &Node) -> Node {
        config.get("Arn").cloned().unwrap_or_else(|| self.dead_letter_queue(source, config))
    }

    /// The queue that SAM makes for `DeadLetterConfig: {Type: SQS}`; answers its ARN.
    fn dead_letter_queue(&mut self, source: &Source<'_>, config: &Node) -> Node {
        let given = config.get("QueueLogicalId").and_then(Node::as_str);
        let id = given.map_or_else(|| format!("{}Queue", source.id), str::to_owned);
        self.added.push(resource(source.form.outer, &id, source.span, "AWS::SQS::Queue", Vec::new()));
        get_att(source.span, &id, "Arn")
    }

    /// The role `<Id><EventKey>Role` with which `service` may start the target, and send to the queue of its dead letters;
    /// answers its ARN.
    fn starting_role(
        &mut self,
        source: &Source<'_>,
        service: &str,
        action: &str,
        target: &Node,
        letters: Option<&Node>,
    ) -> Node {
        let span = source.span;
        let id = format!("{}Role", source.id);
        let one = |name: &str, action: &str, resource: &Node| {
            policy(span, &format!("{}{name}", source.id), vec![text(span, action)], vec![resource.clone()])
        };
        let mut policies = vec![one("StartExecutionPolicy", action, target)];
        policies.extend(letters.map(|queue| one("SendMessagePolicy", "sqs:SendMessage", queue)));
        let properties = vec![
            member("AssumeRolePolicyDocument", span, trust(span, service)),
            member("Policies", span, list(span, policies)),
        ];
        self.added.push(resource(source.form.outer, &id, span, "AWS::IAM::Role", properties));
        get_att(span, &id, "Arn")
    }

    fn permission(&mut self, source: &Source<'_>, service: &str, source_arn: Node) {
        let span = source.span;
        let properties = vec![
            member("Action", span, text(span, "lambda:InvokeFunction")),
            member("FunctionName", span, call("Ref", span, text(span, source.form.id))),
            member("Principal", span, text(span, service)),
            member("SourceArn", span, source_arn),
        ];
        let id = format!("{}Permission", source.id);
        self.added.push(resource(source.form.outer, &id, span, "AWS::Lambda::Permission", properties));
    }

    fn mapping(&mut self, source: &Source<'_>, arn_property: &str) {
        let span = source.span;
        let mut properties = vec![member("FunctionName", span, call("Ref", span, text(span, source.form.id)))];
        properties.extend(source.renamed(arn_property, "EventSourceArn"));
        let others = source.properties.members().iter().filter(|member| &*member.key != arn_property);
        properties.extend(others.cloned());
        self.added.push(resource(source.form.outer, &source.id, span, "AWS::Lambda::EventSourceMapping", properties));
    }

    fn not_simulated(&mut self, source: &Source<'_>, kind: &str) {
        let path = format!("{}/Properties/Events", source.form.path());
        let message = if kind.is_empty() {
            "the event has no Type".to_owned()
        } else {
            format!("events of the type {kind} are not simulated")
        };
        let problem = Diagnostic::warning("not-simulated", source.span, path, message);
        self.problems.push(problem.hint("start it from the scenario's workload instead"));
    }
}

fn dead_letter_config(span: Span, arn: Node) -> Member {
    member("DeadLetterConfig", span, object(span, vec![member("Arn", span, arn)]))
}

fn source<'f>(form: &'f Form<'f>, event: &Member) -> Source<'f> {
    let properties = event.value.get("Properties").cloned().unwrap_or_else(|| object(event.key_span, Vec::new()));
    Source { form, id: format!("{}{}", form.id, event.key), span: event.key_span, properties }
}
