use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::{Program, StateType};
use rehearsal_engine::events::{InputPath, InputTransformer, Pattern, RuleMatcher, Schedule};
use rehearsal_engine::source::Diagnostic;

use super::Harness;
use crate::diagnostics::{Problem, Problems};
use crate::handlers::HostError;
use crate::handlers::python::{Options, next_processor};
use crate::iam::Policies;
use crate::scenario::{FaultProfile, FaultSetting, InvariantKind, Loaded, ScenarioFile};
use crate::services::dynamodb::{Database, DynamoDb};
use crate::services::eventbridge::{self, Bus, Destination, EventBridge};
use crate::services::lambda::{Function, Lambda};
use crate::services::s3::S3;
use crate::services::sns::Sns;
use crate::services::sqs::Sqs;
use crate::services::stepfunctions::{Activity, Found, MachinePoints, Point, StateMachine, StepFunctions, TaskPlan};
use crate::template::stack::{self, Stack, StateMachineKind};
use crate::world::{Arns, Caps, Core, FaultId, FaultPlan, Names, Permissions, Principal, Profile, When, World};

/// Compiles everything once to find every problem before the first run; the answer is what only deserves a warning.
pub(super) fn check(loaded: &Loaded) -> Result<Vec<Problem>, Problems> {
    let mut problems = Vec::new();
    for machine in &loaded.stack.state_machines {
        if let Err(diagnostics) = compile(machine, loaded) {
            problems
                .extend(diagnostics.into_iter().map(|diagnostic| Problem::new(machine.definition_source, diagnostic)));
        }
    }
    check_stack(&loaded.stack, &loaded.policies, &mut problems);
    super::expression::check(loaded, &mut problems);
    super::workload::check(loaded, &mut problems);
    super::handlers::check_mocks(loaded, &mut problems);
    super::tables::check(loaded, &mut problems);
    let faults: Vec<&str> = FaultId::ALL.iter().map(|fault| fault.spec().id).collect();
    problems.extend(loaded.scenario.faults.unknown_names(&faults));
    if problems.iter().any(Problem::is_error) {
        return Err(Problems { sources: loaded.sources.clone(), problems });
    }
    Ok(problems)
}

/// Finds what is wrong with the resources of a template, whatever a scenario does with them.
pub(crate) fn check_stack(stack: &Stack, policies: &Policies, problems: &mut Vec<Problem>) {
    for rule in &stack.rules {
        check_rule(rule, problems);
    }
    for archive in &stack.archives {
        check_archive(archive, problems);
    }
    super::messaging::check(stack, problems);
    super::monitoring::check(stack, policies, problems);
    super::scheduling::check(stack, problems);
}

pub(super) fn world(harness: &Harness, python: &Options) -> Result<World, HostError> {
    let loaded = &harness.loaded;
    let stack = &loaded.stack;
    let mut names = Names::default();
    for identity in stack.identities() {
        names.call(&identity.name, &identity.label);
    }
    let policies = loaded.policies.clone();
    let functions = functions(stack, &policies, &mut names);
    let machines = machines(loaded, &policies, &mut names)?;
    let activities = stack.activities.iter().map(|activity| Activity::new(activity.arn.clone())).collect();
    let (buses, rules) = buses_and_rules(stack, &policies, &mut names);
    let sources = super::messaging::sources(stack, &mut names);
    let queues = super::messaging::queues(stack);
    let topics = super::messaging::topics(stack, &policies, &mut names);
    let database = database(loaded)?;
    // One for all that look at the world.
    let mirror = Rc::default();
    let invariants = match &harness.invariants {
        Some(invariants) => invariants(&database),
        None => super::expression::invariants(loaded, &mirror)?,
    };
    let workload = match &harness.workload {
        Some(workload) => workload(&mut names),
        None => super::workload::workload(loaded, &mut names, &mirror)?,
    };
    // One processor for both workers of a thread: they never run at once.
    let python = &Options { processor: python.processor.or_else(|| Some(next_processor())), ..python.clone() };
    let host = super::handlers::host(harness, python)?;
    let clients = super::scripts::clients(loaded, &mut names, python)?;
    // A rule that is off may be switched on.
    let announces = rules.iter().any(|rule| rule.bus == 0 && rule.pattern.is_some())
        || archives(stack, &buses).iter().any(|archive| archive.bus == 0);
    let (metrics, cloudwatch) = super::monitoring::build(harness, &rules, announces, &mut names);
    let archives = archives(stack, &buses);
    let scheduler = super::scheduling::build(loaded, &mut names);
    let core = Core::new(Rc::new(names), Rc::new(harness.plan.clone())).watched(metrics);
    Ok(World::new(
        core,
        cloudwatch,
        DynamoDb::new(database),
        EventBridge::new(buses, rules).archived_by(archives),
        Lambda::new(functions, host).with_sources(sources),
        scheduler,
        StepFunctions::new(machines, activities, super::handlers::task_mocks(loaded)?, announces)
            .looked_back_at(may_look_back(stack, &loaded.policies)),
        Sqs::new(queues),
        Sns::new(topics),
        Permissions::new(policies, arns(stack), stack.environment.clone()),
        invariants,
        workload,
        harness.caps,
    )
    .with_clients(clients)
    .with_s3(buckets(loaded)))
}

/// Whether anything of the template may ask for the history of an execution or redrive one.
fn may_look_back(stack: &Stack, policies: &Policies) -> bool {
    let roles = stack.functions.iter().map(|function| &function.role_arn);
    let roles = roles.chain(stack.state_machines.iter().map(|machine| &machine.role_arn));
    let mut roles = roles.chain(stack.schedules.iter().map(|schedule| &schedule.target.role_arn));
    // A role outside of the template may do everything.
    ["states:GetExecutionHistory", "states:RedriveExecution"].iter().any(|action| policies.anybody_may(action))
        || roles.any(|role_arn| policies.role(role_arn).is_none())
}

/// The template's buckets, and the objects that the scenario puts in them or in others.
fn buckets(loaded: &Loaded) -> S3 {
    let mut s3 = S3::default();
    for bucket in &loaded.stack.buckets {
        s3.seed(&bucket.name, None);
    }
    for object in &loaded.scenario.objects {
        let named = loaded.stack.buckets.iter().find(|bucket| bucket.is_called(&object.bucket));
        let bucket = named.map_or(&object.bucket, |bucket| &bucket.name);
        s3.seed(bucket, Some((object.key.clone(), object.body.clone())));
    }
    s3
}

pub(super) fn fault_plan(scenario: &ScenarioFile) -> FaultPlan {
    let mut plan = FaultPlan::of(match scenario.faults.profile {
        FaultProfile::None => Profile::None,
        FaultProfile::Documented => Profile::Documented,
        FaultProfile::Stress => Profile::Stress,
    });
    for entry in &scenario.faults.entries {
        let Some(fault) = FaultId::parse(&entry.name) else { continue };
        plan.set(
            fault,
            match entry.setting {
                FaultSetting::On => fault.spec().rate_ppm,
                FaultSetting::Off => 0,
                FaultSetting::RatePpm(rate_ppm) => rate_ppm,
            },
        );
    }
    plan
}

pub(super) fn caps(scenario: &ScenarioFile) -> Caps {
    Caps {
        steps_max: scenario.caps.steps_max,
        virtual_ms_max: scenario.caps.time_max_ms,
        drain_ms_max: scenario.caps.drain_max_ms,
    }
}

pub(super) fn hash(loaded: &Loaded) -> u64 {
    let beside = loaded.scripts.iter().map(|script| &script.beside);
    let code = beside.chain(loaded.code.values().filter_map(|code| code.as_ref().ok()));
    let code = code.flat_map(|files| files.iter().flat_map(|(path, text)| [&**path, &**text]));
    super::files_hash(loaded.sources.iter().map(|source| &*source.text).chain(code))
}

pub(super) fn invariant_names(scenario: &ScenarioFile) -> Vec<(Arc<str>, When)> {
    scenario.invariants.iter().map(|invariant| (invariant.name.clone(), when(invariant.kind))).collect()
}

/// When an invariant of a scenario file must hold.
pub(super) fn when(kind: InvariantKind) -> When {
    match kind {
        InvariantKind::Always => When::Always,
        InvariantKind::Eventually => When::Eventually,
        InvariantKind::Sometimes => When::Sometimes,
    }
}

pub(super) fn machine_points(stack: &Stack) -> Vec<(Arc<str>, Vec<Point>)> {
    let points = |machine: &stack::StateMachine| match Program::from_node(&machine.definition) {
        Ok(program) => MachinePoints::of(&program, 0).described().to_vec(),
        Err(_) => Vec::new(),
    };
    stack.state_machines.iter().map(|machine| (machine.identity.label.clone(), points(machine))).collect()
}

type Compiled = (Program, Vec<Option<TaskPlan>>);

/// The program of a state machine and how each of its tasks is called.
fn compile(machine: &stack::StateMachine, loaded: &Loaded) -> Result<Compiled, Vec<Diagnostic>> {
    let stack = &loaded.stack;
    let place = |at: Option<usize>| at.map(|at| at as u32);
    let found = Found {
        function: &|arn| find_function(stack, arn),
        activity: &|arn| place(stack.activities.iter().position(|activity| *activity.arn == *arn)),
        mock: &|arn| place(super::handlers::mocked_resources(loaded).position(|mock| *mock.function == *arn)),
    };
    let program = Program::from_node(&machine.definition)?;
    let mut problems = Vec::new();
    if machine.kind == StateMachineKind::Express {
        problems.extend(program.express_problems());
    }
    let mut plans = Vec::new();
    for (_, state) in program.states() {
        let plan = state.resource().map(|resource| TaskPlan::of(resource, &found));
        plans.push(match plan {
            Some(Err(message)) => {
                let path = format!("{}/Resource", state.location());
                problems.push(Diagnostic::error("not-simulated", state.span(), path, message));
                None
            }
            Some(Ok(plan)) => Some(plan),
            None => None,
        });
        debug_assert!(state.state_type() == StateType::Task || state.resource().is_none());
    }
    if problems.is_empty() { Ok((program, plans)) } else { Err(problems) }
}

pub(super) fn find_function(stack: &Stack, arn: &str) -> Option<u32> {
    // An ARN may carry a qualifier behind the name.
    let named = |function: &stack::Function| {
        let own = &*function.identity.arn;
        arn.strip_prefix(own).is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
    };
    stack.functions.iter().position(named).map(|index| index as u32)
}

pub(super) fn principal(policies: &Policies, role_arn: &str) -> Principal {
    policies.role(role_arn).map_or(Principal::Anyone, Principal::Role)
}

/// Whether Step Functions may assume a role, by its global or its regional name.
fn assumable(policies: &Policies, stack: &Stack, role_arn: &str) -> bool {
    let regional = format!("states.{}.amazonaws.com", stack.environment.region);
    policies.can_assume(role_arn, "states.amazonaws.com") || policies.can_assume(role_arn, &regional)
}

fn functions(stack: &Stack, policies: &Policies, names: &mut Names) -> Vec<Function> {
    let destination = |arn: Option<&Arc<str>>| arn.map(|arn| super::messaging::destination(stack, arn));
    let function = |function: &stack::Function| {
        let config = stack.event_invoke_configs.iter().find(|config| config.function_arn == function.identity.arn);
        Function {
            name: names.intern(&function.identity.label),
            text: function.identity.name.clone(),
            arn: function.identity.arn.clone(),
            qualifiers: stack.qualifiers_of(&function.identity.arn).map(qualifier).collect(),
            timeout_ms: function.timeout_ms,
            memory_mb: u64::from(function.memory_mb),
            role: principal(policies, &function.role_arn),
            reserved_concurrency: function.reserved_concurrency,
            async_retries_max: config.map_or(Function::ASYNC_RETRIES_MAX, |config| config.retry_attempts_max),
            async_age_max_ms: config.map_or(Function::ASYNC_AGE_MAX_MS, |config| config.event_age_max_ms),
            on_success: destination(config.and_then(|config| config.on_success_arn.as_ref())),
            on_failure: destination(config.and_then(|config| config.on_failure_arn.as_ref())),
            dead_letter: destination(function.dead_letter_arn.as_ref()),
        }
    };
    stack.functions.iter().map(function).collect()
}

/// What stands behind the ARN of a function or state machine, and which version that is.
fn qualifier(known: &stack::Qualifier) -> (Arc<str>, Arc<str>) {
    let text = known.identity.arn.rsplit(':').next().unwrap_or_default();
    (text.into(), known.version.clone())
}

fn machines(loaded: &Loaded, policies: &Policies, names: &mut Names) -> Result<Vec<StateMachine>, HostError> {
    let stack = &loaded.stack;
    let mut machines = Vec::new();
    for machine in &stack.state_machines {
        let (program, plans) = compile(machine, loaded)
            .map_err(|problems| HostError(problems.first().map_or_else(String::new, ToString::to_string)))?;
        let states = program.states().map(|(_, state)| names.intern(state.path())).collect();
        let states_text = program.states().map(|(_, state)| state.path().clone()).collect();
        machines.push(StateMachine {
            name: names.intern(&machine.identity.label),
            text: machine.identity.name.clone(),
            arn: machine.identity.arn.clone(),
            qualifiers: stack.qualifiers_of(&machine.identity.arn).map(qualifier).collect(),
            role_arn: machine.role_arn.clone(),
            role: principal(policies, &machine.role_arn),
            assumable: assumable(policies, stack, &machine.role_arn),
            express: machine.kind == StateMachineKind::Express,
            definition: machine.definition.to_json().to_string().into(),
            program: Arc::new(program),
            states,
            states_text,
            plans,
        });
    }
    Ok(machines)
}

fn buses_and_rules(stack: &Stack, policies: &Policies, names: &mut Names) -> (Vec<Bus>, Vec<eventbridge::Rule>) {
    let default_arn = stack.environment.arn("events", "event-bus/default");
    let mut buses = vec![Bus { name: "default".into(), arn: default_arn, matcher: RuleMatcher::new() }];
    buses.extend(stack.event_buses.iter().map(|bus| Bus {
        name: bus.identity.name.clone(),
        arn: bus.identity.arn.clone(),
        matcher: RuleMatcher::new(),
    }));
    let mut rules: Vec<eventbridge::Rule> = Vec::new();
    for rule in &stack.rules {
        let is_meant = |bus: &Bus| bus.name == rule.event_bus_name || bus.arn == rule.event_bus_name;
        let Some(bus) = buses.iter().position(is_meant) else { continue };
        let text = || rule.pattern.as_ref().map(|pattern| Arc::from(pattern.to_json().to_string()));
        let pattern = rule.pattern.as_ref().and_then(|pattern| Pattern::from_node(pattern).ok());
        if let Some(pattern) = pattern.as_ref().filter(|_| rule.enabled) {
            buses[bus].matcher.add(rules.len() as u32, pattern);
        }
        rules.push(eventbridge::Rule {
            name: names.intern(&rule.identity.label),
            text: rule.identity.name.clone(),
            arn: rule.identity.arn.clone(),
            bus: bus as u32,
            pattern: text().zip(pattern),
            schedule: rule.schedule.as_ref().and_then(|(text, _)| Schedule::parse(text).ok()),
            schedule_text: rule.schedule.as_ref().map(|(text, _)| text.clone()),
            enabled: rule.enabled,
            listed: listed(rule),
            targets: rule.targets.iter().filter_map(|target| self::target(target, rule, stack, policies)).collect(),
        });
    }
    (buses, rules)
}

/// The targets of a rule as the API lists them.
fn listed(rule: &stack::Rule) -> Json {
    let targets = rule.targets.iter().map(|target| {
        let mut members = vec![("Id", Json::from(target.id.clone())), ("Arn", target.arn.clone().into())];
        members.extend(target.role_arn.clone().map(|role| ("RoleArn", role.into())));
        match &target.input {
            stack::TargetInput::Constant(text) => members.push(("Input", text.to_shared().into())),
            stack::TargetInput::Path(path, _) => members.push(("InputPath", path.clone().into())),
            stack::TargetInput::MatchedEvent | stack::TargetInput::Transformer(_) => {}
        }
        Json::from_pairs(members)
    });
    Json::from(targets.collect::<Vec<_>>())
}

fn archives(stack: &Stack, buses: &[Bus]) -> Vec<eventbridge::Archive> {
    let archive = |archive: &stack::Archive| {
        let pattern = archive.pattern.as_ref().and_then(|pattern| Pattern::from_node(pattern).ok()).map(|pattern| {
            let mut matcher = RuleMatcher::new();
            matcher.add(0, &pattern);
            matcher
        });
        Some(eventbridge::Archive {
            text: archive.identity.name.clone(),
            arn: archive.identity.arn.clone(),
            bus: buses.iter().position(|bus| bus.arn == archive.source_arn)? as u32,
            pattern,
            retention_ms: archive.retention_ms,
        })
    };
    stack.archives.iter().filter_map(archive).collect()
}

fn target(
    target: &stack::Target,
    rule: &stack::Rule,
    stack: &Stack,
    policies: &Policies,
) -> Option<eventbridge::Target> {
    let machine = stack.unqualified(&target.arn);
    let machine = stack.state_machines.iter().position(|known| *known.identity.arn == *machine);
    let function = find_function(stack, &target.arn);
    let is_default = *target.arn == *stack.environment.arn("events", "event-bus/default");
    let bus = is_default || stack.event_buses.iter().any(|bus| bus.identity.arn == target.arn);
    let destination = match (machine, function, bus) {
        (Some(machine), ..) => Destination::StateMachine(machine as u32),
        (_, Some(function), _) => Destination::Function(function),
        (.., true) => Destination::Bus(target.arn.clone()),
        _ => super::messaging::rule_destination(target, stack),
    };
    let role_arn = target.role_arn.as_ref().or(rule.role_arn.as_ref());
    // AWS: functions are invoked by their resource policy, everything else through the target's role.
    let permitted = match &destination {
        Destination::Function(_) => policies.permits_invoke(&target.arn, "events.amazonaws.com", &rule.identity.arn),
        Destination::StateMachine(_) | Destination::Bus(_) => {
            role_arn.is_some_and(|role| policies.can_assume(role, "events.amazonaws.com"))
        }
        Destination::Other(_) => true,
        messaging => super::messaging::permits_rule(messaging, target, rule, policies),
    };
    let acts_as = match (&destination, role_arn) {
        (Destination::Function(_) | Destination::LogGroup(_) | Destination::Other(_), _) => Principal::Anyone,
        (_, Some(arn)) => principal(policies, arn),
        _ => Principal::Anyone,
    };
    Some(eventbridge::Target {
        arn: target.arn.clone(),
        destination,
        permitted,
        input: input(&target.input)?,
        role: acts_as,
        retries_max: target.retry_policy.retry_attempts_max,
        age_max_ms: target.retry_policy.event_age_max_ms,
        dead_letter: super::messaging::rule_dead_letter(target, rule, policies),
    })
}

fn input(input: &stack::TargetInput) -> Option<eventbridge::TargetInput> {
    Some(match input {
        stack::TargetInput::MatchedEvent => eventbridge::TargetInput::Event,
        stack::TargetInput::Constant(text) => eventbridge::TargetInput::Constant(Json::parse(text.as_str()).ok()?),
        stack::TargetInput::Path(path, _) => eventbridge::TargetInput::Path(InputPath::compile(path).ok()?),
        stack::TargetInput::Transformer(transformer) => {
            eventbridge::TargetInput::Transformer(self::transformer(transformer).ok()?)
        }
    })
}

fn transformer(
    transformer: &stack::TargetTransformer,
) -> Result<InputTransformer, rehearsal_engine::events::TransformerError> {
    let paths = transformer.paths.iter().map(|(name, path, _)| (&**name, &**path));
    InputTransformer::compile(paths, transformer.template.as_str())
}

/// Finds what is wrong with an archive before it would silently keep nothing.
fn check_archive(archive: &stack::Archive, problems: &mut Vec<Problem>) {
    if let Some(pattern) = &archive.pattern
        && let Err(rejection) = Pattern::from_node(pattern)
    {
        let path = format!("/Resources/{}/Properties/EventPattern", archive.identity.logical_id);
        let problem = Diagnostic::error("InvalidEventPatternException", pattern.span, path, rejection.to_string());
        problems.push(Problem::new(archive.identity.place.source, problem));
    }
}

/// Finds what is wrong with a rule before it would silently match or deliver nothing.
fn check_rule(rule: &stack::Rule, problems: &mut Vec<Problem>) {
    let place = rule.identity.place;
    let path = format!("/Resources/{}/Properties", rule.identity.logical_id);
    let mut report = |span, code, message: String, property: &str, hint: &str| {
        let mut diagnostic = Diagnostic::error(code, span, format!("{path}/{property}"), message);
        diagnostic.hint = (!hint.is_empty()).then(|| hint.to_owned());
        problems.push(Problem::new(place.source, diagnostic));
    };
    if let Some(pattern) = &rule.pattern
        && let Err(rejection) = Pattern::from_node(pattern)
    {
        report(pattern.span, "InvalidEventPatternException", rejection.to_string(), "EventPattern", "");
    }
    if let Some((text, span)) = &rule.schedule
        && let Err(error) = Schedule::parse(text)
    {
        let hint = "for example rate(1 minute), rate(5 minutes) or cron(0 12 * * ? *)";
        report(*span, "ValidationException", error.to_string(), "ScheduleExpression", hint);
    }
    for target in &rule.targets {
        match &target.input {
            stack::TargetInput::MatchedEvent => {}
            stack::TargetInput::Constant(text) => {
                if let Err(error) = Json::parse(text.as_str()) {
                    report(
                        target.place.span,
                        "ValidationException",
                        format!("Input of target {} is no JSON: {error}", target.id),
                        "Targets",
                        "",
                    );
                }
            }
            stack::TargetInput::Path(path, span) => {
                if let Err(error) = InputPath::compile(path) {
                    report(*span, "ValidationException", error.message(&target.id), "Targets", "");
                }
            }
            stack::TargetInput::Transformer(transformer) => {
                if let Err(error) = self::transformer(transformer) {
                    report(target.place.span, "ValidationException", error.message(&target.id), "Targets", "");
                }
            }
        }
    }
}

fn arns(stack: &Stack) -> Arns {
    let mut arns = Arns {
        functions: stack.functions.iter().map(|function| function.identity.arn.clone()).collect(),
        machines: stack.state_machines.iter().map(|machine| machine.identity.arn.clone()).collect(),
        buses: vec![("default".into(), stack.environment.arn("events", "event-bus/default"))],
        queues: stack.queues.iter().map(|queue| queue.identity.arn.clone()).collect(),
        topics: stack.topics.iter().map(|topic| topic.identity.arn.clone()).collect(),
        ..Arns::default()
    };
    arns.buses.extend(stack.event_buses.iter().map(|bus| (bus.identity.name.clone(), bus.identity.arn.clone())));
    for table in &stack.tables {
        arns.tables.push((table.identity.name.clone(), table.identity.arn.clone()));
        for index in table.global_indexes.iter().chain(&table.local_indexes) {
            arns.indexes.push((table.identity.name.clone(), index.name.clone(), index.arn.clone()));
        }
    }
    arns
}

fn database(loaded: &Loaded) -> Result<Database, HostError> {
    super::tables::database(loaded)
}
