//! Laws that hold for any definition, tried on machines made up at random.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use super::*;
use crate::Json;
use crate::execution::{Effect, Env, Event, Execution, Outcome, Site, Start, Status, TimerId};

const MACHINES: usize = 4_000;

/// So many events are told to one execution before it is stopped.
const EVENTS_MAX: usize = 200;

/// Values of templates, sound ones and others, that read nothing that depends on the input.
const EXPRESSIONS: [&str; 22] = [
    "$",
    "$$.Execution.Name",
    "$$.State.Name",
    "$$.State.Nope",
    "$$.Nope",
    "$$.Task.Token",
    "$$.Map.Item.Value",
    "$a",
    "$b",
    "States.UUID()",
    "States.UUID(1)",
    "States.Array(1, $$.State.Name)",
    "States.Format('{}', $$.Execution.Name)",
    "States.Format('{} {}', $$.Execution.Name)",
    "States.Format('{', 1)",
    "States.MathAdd(1, 2)",
    "States.MathAdd('1', 2)",
    "States.MathAdd(States.ArrayLength(States.Array(1, 2)), 2)",
    "States.Hash($$.State.Name, 'MD5')",
    "States.Hash($$.State.Name, 'MD4')",
    "States.JsonToString($)",
    "States.ArrayGetItem(States.Array(1), 0)",
];

const ERRORS: [&str; 6] =
    ["States.ALL", "States.TaskFailed", "States.Timeout", "Refused", "States.Runtime", "States.Typo"];

fn expression() -> impl Strategy<Value = &'static str> {
    // The first two are always sound, so that enough machines are.
    prop_oneof![3 => Just(EXPRESSIONS[1]), 1 => prop::sample::select(&EXPRESSIONS[..])]
}

fn template() -> impl Strategy<Value = String> {
    prop::collection::vec(expression(), 0..3).prop_map(|values| {
        let members = values.iter().enumerate().map(|(at, value)| format!(r#""k{at}.$": "{value}""#));
        format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
    })
}

/// `"Assign": …,` of one of the two variables, or nothing.
fn assign() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        1 => (prop::sample::select(&["a", "b"][..]), expression())
            .prop_map(|(name, value)| format!(r#""Assign": {{"{name}.$": "{value}"}},"#)),
    ]
}

/// `"Next": …` to one of `count` states that come later or not, or the end.
fn leads_on(at: usize, count: usize) -> impl Strategy<Value = String> {
    prop_oneof![
        4 => Just(if at + 1 < count { format!(r#""Next": "S{}""#, at + 1) } else { r#""End": true"#.to_owned() }),
        1 => (0..count).prop_map(|to| format!(r#""Next": "S{to}""#)),
        1 => Just(r#""End": true"#.to_owned()),
    ]
}

fn rescue(count: usize) -> impl Strategy<Value = String> {
    let error = || prop::sample::select(&ERRORS[..]);
    prop_oneof![
        2 => Just(String::new()),
        1 => (error(), 0..3_u32).prop_map(|(error, attempts)| {
            format!(r#""Retry": [{{"ErrorEquals": ["{error}"], "MaxAttempts": {attempts}}}],"#)
        }),
        1 => (error(), 0..count, assign()).prop_map(|(error, to, assign)| {
            format!(r#""Catch": [{{"ErrorEquals": ["{error}"], {assign} "Next": "S{to}"}}],"#)
        }),
    ]
}

fn state(at: usize, count: usize, depth: usize) -> BoxedStrategy<String> {
    let go = || leads_on(at, count);
    let resource = prop::sample::select(
        &[
            r#""arn:aws:lambda:us-east-1:111111111111:function:f","#,
            r#""arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"},"#,
            r#""arn:aws:states:::sqs:sendMessage.waitForTaskToken", "TimeoutSeconds": 9, "Parameters": {"t.$": "$$.Task.Token"},"#,
            r#""arn:aws:states:::ecs:runTask.sync","#,
        ][..],
    );
    let variable = prop::sample::select(&["$.x", "$$.Execution.Name", "$a"][..]);
    let simple = prop_oneof![
        4 => (template(), assign(), go())
            .prop_map(|(template, assign, go)| format!(r#"{{"Type": "Pass", "Parameters": {template}, {assign} {go}}}"#)),
        4 => (resource, assign(), rescue(count), go())
            .prop_map(|(resource, assign, rescue, go)| format!(r#"{{"Type": "Task", "Resource": {resource} {assign} {rescue} {go}}}"#)),
        2 => (variable, 0..count, prop::option::of(0..count)).prop_map(|(variable, to, default)| {
            let default = default.map_or(String::new(), |to| format!(r#", "Default": "S{to}""#));
            format!(r#"{{"Type": "Choice", "Choices": [{{"Variable": "{variable}", "IsPresent": true, "Next": "S{to}"}}]{default}}}"#)
        }),
        1 => (0..3_u32, go()).prop_map(|(seconds, go)| format!(r#"{{"Type": "Wait", "Seconds": {seconds}, {go}}}"#)),
        1 => Just(r#"{"Type": "Succeed"}"#.to_owned()),
        1 => Just(r#"{"Type": "Fail", "Error": "Refused"}"#.to_owned()),
        1 => (prop::sample::select(&["$a", "$states.input", "$nope()", "$string(1)"][..]), go()).prop_map(|(value, go)| {
            format!(r#"{{"Type": "Pass", "QueryLanguage": "JSONata", "Output": "{{% {value} %}}", {go}}}"#)
        }),
    ];
    if depth == 0 {
        return simple.boxed();
    }
    // Names are unique in the whole machine, so that those inside begin with their state's.
    let inner = move || machine(depth - 1).prop_map(move |text| renamed(&text, at));
    prop_oneof![
        12 => simple,
        1 => (inner(), rescue(count), go()).prop_map(|(inner, rescue, go)| {
            format!(r#"{{"Type": "Parallel", "Branches": [{inner}], {rescue} {go}}}"#)
        }),
        1 => (inner(), rescue(count), go()).prop_map(|(inner, rescue, go)| {
            format!(r#"{{"Type": "Map", "QueryLanguage": "JSONata", "Items": [1, 2], "ItemProcessor": {inner}, {rescue} {go}}}"#)
        }),
    ]
    .boxed()
}

/// The machine with its states called `S3x0` instead of `S0`.
fn renamed(text: &str, at: usize) -> String {
    (0..5).fold(text.to_owned(), |text, inner| text.replace(&format!("\"S{inner}\""), &format!("\"S{at}x{inner}\"")))
}

fn machine(depth: usize) -> BoxedStrategy<String> {
    (1_usize..5)
        .prop_flat_map(move |count| (0..count).map(|at| state(at, count, depth)).collect::<Vec<_>>())
        .prop_map(|states| {
            let members = states.iter().enumerate().map(|(at, state)| format!(r#""S{at}": {state}"#));
            format!(r#"{{"StartAt": "S0", "States": {{{}}}}}"#, members.collect::<Vec<_>>().join(", "))
        })
        .boxed()
}

/// Runs a machine; its tasks answer by the bytes of `answers` in turn.
fn run(program: Program, answers: &[u8]) -> Outcome {
    let mut env = Still { now_ms: 0 };
    let mut execution = Execution::start(Arc::new(program), Start::new(crate::json!({"x": 1})));
    let mut answers = answers.iter().copied().cycle();
    let mut timers: BTreeSet<(u64, TimerId)> = BTreeSet::new();
    let mut events: VecDeque<Event> = VecDeque::new();
    let mut effects = Vec::new();
    for told in 0.. {
        execution.poll(&mut env, &mut effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Invoke(call) => {
                    let task = call.task;
                    events.push_back(Event::Started { task, worker: None });
                    events.extend(match answers.next().unwrap_or_default() % 4 {
                        0 => Some(Event::Failed { task, error: Some("Refused".into()), cause: None }),
                        1 => Some(Event::TimedOut { task }),
                        2 => None,
                        _ => Some(Event::Succeeded { task, output: Json::object() }),
                    });
                }
                Effect::SetTimer { timer, at_ms, .. } => {
                    timers.insert((at_ms, timer));
                }
                Effect::CancelTimer { timer } => timers.retain(|(_, set)| *set != timer),
                Effect::Abandon { .. } | Effect::Finish(_) => {}
            }
        }
        if let Some(outcome) = execution.outcome() {
            return outcome.clone();
        }
        assert!(told <= EVENTS_MAX, "an execution that is stopped ends");
        let stop = Event::Stop { error: None, cause: None };
        let event = if told == EVENTS_MAX {
            stop
        } else if let Some(event) = events.pop_front() {
            event
        } else if let Some((at_ms, timer)) = timers.pop_first() {
            env.now_ms = env.now_ms.max(at_ms);
            Event::TimerFired(timer)
        } else {
            stop
        };
        let _ = execution.resume(event, &mut env);
    }
    unreachable!("the loop has no end of its own")
}

struct Still {
    now_ms: u64,
}

impl Env for Still {
    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn random(&mut self, _: &Site, _: u32) -> f64 {
        0.5
    }

    fn uuid(&mut self, _: &Site, _: u32) -> String {
        "00000000-0000-4000-8000-000000000000".to_owned()
    }

    fn task_token(&mut self, site: &Site) -> Arc<str> {
        format!("{} {}", site.visit, site.attempt).into()
    }
}

/// Whether a machine ends in States.Runtime for what it is, not for what it was given.
fn is_structural(outcome: &Outcome) -> bool {
    // A machine that goes round without waiting meets the limit of events, whatever is in it.
    let is_limit = outcome.cause.as_deref().is_some_and(|cause| cause.contains("maximum number of history events"));
    outcome.status == Status::Failed && outcome.error.as_deref() == Some("States.Runtime") && !is_limit
}

#[test]
fn what_lints_clean_never_fails_for_its_structure_and_what_compiles_always_ends() {
    let mut runner = TestRunner::deterministic();
    let strategy = (machine(1), prop::collection::vec(any::<u8>(), 1..6));
    let (mut clean, mut structural) = (0, 0);
    for _ in 0..MACHINES {
        let (text, answers) = strategy.new_tree(&mut runner).expect("a machine").current();
        let problems = lint_text(&text, WorkflowType::Standard);
        let Ok(program) = Program::compile(&text) else {
            assert!(problems.iter().any(|problem| problem.severity == Severity::Error), "{text}");
            continue;
        };
        let outcome = run(program, &answers);
        structural += usize::from(is_structural(&outcome));
        // Waiting for ever or doing twice is another matter.
        let is_clean = problems.iter().all(|problem| matches!(problem.code, "waits-for-ever" | "retry-not-idempotent"));
        clean += usize::from(is_clean);
        assert!(!(is_clean && is_structural(&outcome)), "{text}\n{outcome:?}\n{problems:?}");
    }
    assert!(clean > MACHINES / 20, "only {clean} of {MACHINES} machines were clean");
    assert!(structural > MACHINES / 80, "only {structural} of {MACHINES} machines failed for their structure");
}

#[test]
fn a_definition_survives_being_written_and_read_and_lints_the_same() {
    let mut runner = TestRunner::deterministic();
    let strategy = machine(1);
    let said = |text: &str| {
        let problems = lint_text(text, WorkflowType::Standard).into_iter();
        let mut said: Vec<_> = problems.map(|problem| (problem.code, problem.path, problem.message)).collect();
        said.sort();
        said
    };
    for _ in 0..MACHINES / 8 {
        let text = strategy.new_tree(&mut runner).expect("a machine").current();
        let value = read_json(&text).expect("JSON").to_json();
        let compact = value.to_string();
        let pretty = serde_json::to_string_pretty(&value).expect("JSON");
        for written in [&compact, &pretty] {
            assert_eq!(read_json(written).expect("JSON").to_json(), value);
            assert_eq!(Json::parse(written).expect("JSON"), value);
            assert_eq!(said(written), said(&text));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_definitions_never_panic(text in machine(1), cut in any::<prop::sample::Index>(), junk in "[\\PC]{0,3}|[{}\\[\\]\",:$.]{0,3}") {
        let at = cut.index(text.len() + 1);
        let (before, after) = text.split_at(at);
        lint_text(before, WorkflowType::Express);
        lint_text(&format!("{before}{junk}{after}"), WorkflowType::Express);
        let next = after.char_indices().nth(1).map_or(after.len(), |(at, _)| at);
        lint_text(&format!("{before}{}", &after[next..]), WorkflowType::Express);
    }
}
