//! Properties of every definition that compiles: it runs without a panic, ends, and keeps its history in order.
//!
//! Definitions are built from bytes: states of all types in nested scopes, their fields from lists that hold both what works
//! and what does not. Each is run as usual, and again with its lines of control interleaved as other bytes say.

use std::collections::BTreeSet;
use std::sync::Arc;

use arbitrary::Unstructured;
use proptest::prelude::*;

use super::super::{Effect, Env, Event, Execution, Invocation, Ready, Resumed, Site, Start, Status, TimerId};
use crate::asl::Program;
use crate::history::EVENTS_MAX;
use crate::{Json, json};

/// Events told to one execution before it is stopped.
const TOLD_MAX: usize = 60;

const SCOPES_DEEP_MAX: u32 = 2;

const PATHS: [&str; 11] = [
    "$",
    "$.a",
    "$.b[0]",
    "$.a.b",
    "$..a",
    "$.list[*]",
    "$$.Execution.Id",
    "$$.Map.Item.Value",
    "$$.State.RetryCount",
    "$.n",
    "$.list",
];

const EXPRESSIONS: [&str; 10] = [
    "$",
    "$.a",
    "$.list[1:]",
    "$$.State.Name",
    "States.Format('{}', $.a)",
    "States.UUID()",
    "States.MathRandom(0, 9)",
    "States.ArrayGetItem($.list, 1)",
    "States.JsonToString($)",
    "States.MathAdd($.n, 1)",
];

const FORMULAS: [&str; 10] = [
    "{% $states.input %}",
    "{% $states.input.n + 1 %}",
    "{% $states.context.Execution.Id %}",
    "{% $states.input.list[0] %}",
    "{% $states.input.missing %}",
    "{% $uuid() %}",
    "{% $random() < 0.5 %}",
    "{% [1..3] %}",
    "{% $now() %}",
    "{% 'text' %}",
];

const ERRORS: [&str; 6] =
    ["States.ALL", "States.TaskFailed", "States.Timeout", "Refused", "States.Runtime", "States.QueryEvaluationError"];

/// Builds a definition from bytes.
struct Builder<'u, 'b> {
    bytes: &'u mut Unstructured<'b>,
    states: u32,
}

impl Builder<'_, '_> {
    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.bytes.choose_index(from.len()).unwrap_or(0)]
    }

    fn once_in(&mut self, times: u8) -> bool {
        self.bytes.int_in_range(1..=times).unwrap_or(1) == times
    }

    fn scope(&mut self, depth: u32) -> Json {
        let count = self.bytes.int_in_range(1..=4_u32).unwrap_or(1);
        let first = self.states;
        self.states += count;
        let name = |number: u32| format!("S{number}");
        let mut states = Vec::new();
        for at in 0..count {
            let next = (at + 1 < count).then(|| name(first + at + 1));
            let back = name(first + self.bytes.int_in_range(0..=at).unwrap_or(0));
            states.push((name(first + at), self.state(next, &back, depth)));
        }
        json!({"StartAt": name(first), "States": Json::from_pairs(states)})
    }

    fn state(&mut self, next: Option<String>, back: &str, depth: u32) -> Json {
        let jsonata = self.once_in(3);
        let deep = depth < SCOPES_DEEP_MAX;
        let kinds = ["Pass", "Task", "Wait", "Choice", "Succeed", "Fail", "Parallel", "Map"];
        let kind = match self.pick(&kinds) {
            // The last state of a scope must be able to end it, the others must lead on.
            "Choice" if next.is_none() => "Pass",
            "Succeed" | "Fail" if next.is_some() => "Task",
            "Parallel" | "Map" if !deep => "Task",
            kind => kind,
        };
        let mut fields: Vec<(&str, Json)> = vec![("Type", json!(kind))];
        if jsonata {
            fields.push(("QueryLanguage", json!("JSONata")));
        }
        let works = matches!(kind, "Task" | "Parallel" | "Map");
        match kind {
            "Task" => {
                let resources = [
                    "arn:aws:states:::lambda:invoke",
                    "arn:aws:lambda:us-east-1:111111111111:function:f",
                    "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
                    "arn:aws:states:us-east-1:111111111111:activity:a",
                ];
                fields.push(("Resource", json!(self.pick(&resources))));
                if self.once_in(3) {
                    fields.push(("TimeoutSeconds", json!(5)));
                }
                if self.once_in(4) {
                    fields.push(("HeartbeatSeconds", json!(2)));
                }
            }
            "Wait" if jsonata => {
                fields.push(("Seconds", json!(self.pick(&["{% 1 %}", "{% $states.input.n %}", "{% -1 %}"]))));
            }
            "Wait" => fields.push(("Seconds", json!(self.pick(&[0, 1])))),
            "Choice" => {
                let rule = if jsonata {
                    json!({"Condition": self.pick(&FORMULAS), "Next": back})
                } else {
                    let test = self.pick(&[("IsPresent", true), ("IsNull", false), ("BooleanEquals", true)]);
                    Json::from_pairs([
                        ("Variable", json!(self.pick(&["$.a", "$.n", "$.missing"]))),
                        (test.0, json!(test.1)),
                        ("Next", json!(back)),
                    ])
                };
                fields.push(("Choices", json!([rule])));
                fields.push(("Default", json!(next.clone().unwrap_or_default())));
            }
            "Fail" => fields.push(("Error", json!(self.pick(&ERRORS[3..])))),
            "Parallel" => {
                let branches: Vec<Json> =
                    (0..self.bytes.int_in_range(1..=3).unwrap_or(1)).map(|_| self.scope(depth + 1)).collect();
                fields.push(("Branches", Json::from(branches)));
            }
            "Map" => {
                let mut processor = self.scope(depth + 1);
                if self.once_in(2)
                    && let Some(members) = processor.make_object()
                {
                    let kind = self.pick(&["STANDARD", "EXPRESS"]);
                    members.insert("ProcessorConfig".into(), json!({"Mode": "DISTRIBUTED", "ExecutionType": kind}));
                    if self.once_in(2) {
                        fields.push(("ToleratedFailurePercentage", json!(50)));
                    }
                    if self.once_in(3) {
                        fields.push(("ItemBatcher", json!({"MaxItemsPerBatch": 2})));
                    }
                    if self.once_in(3) {
                        let writer =
                            json!({"WriterConfig": {"Transformation": self.pick(&["NONE", "COMPACT", "FLATTEN"])}});
                        fields.push(("ResultWriter", writer));
                    }
                }
                fields.push(("ItemProcessor", processor));
                fields.push(("MaxConcurrency", json!(self.pick(&[0, 1, 2]))));
                fields.push(if jsonata {
                    ("Items", json!(self.pick(&["{% [1, 2, 3] %}", "{% $states.input.list %}", "{% 1 %}"])))
                } else {
                    ("ItemsPath", json!(self.pick(&["$.list", "$", "$.a"])))
                });
            }
            _ => {}
        }
        self.data_flow(&mut fields, kind, jsonata);
        if works && self.once_in(2) {
            let delay = self.pick(&[("IntervalSeconds", 1), ("MaxAttempts", 2), ("MaxAttempts", 0)]);
            let jitter = self.pick(&["FULL", "NONE"]);
            let retrier = Json::from_pairs([
                ("ErrorEquals", json!([self.pick(&ERRORS)])),
                (delay.0, json!(delay.1)),
                ("JitterStrategy", json!(jitter)),
            ]);
            fields.push(("Retry", json!([retrier])));
        }
        if works && self.once_in(2) {
            let to = next.clone().unwrap_or_else(|| back.to_owned());
            fields.push(("Catch", json!([{"ErrorEquals": [self.pick(&ERRORS)], "Next": to}])));
        }
        match next {
            _ if matches!(kind, "Choice" | "Succeed" | "Fail") => {}
            Some(next) => fields.push(("Next", json!(next))),
            None => fields.push(("End", json!(true))),
        }
        Json::from_pairs(fields)
    }

    fn data_flow(&mut self, fields: &mut Vec<(&'static str, Json)>, kind: &str, jsonata: bool) {
        let works = matches!(kind, "Task" | "Parallel" | "Map");
        if jsonata {
            if kind != "Fail" && self.once_in(3) {
                fields.push(("Output", json!({"v": self.pick(&FORMULAS), "list": [1, 2], "n": 1})));
            }
            if matches!(kind, "Task" | "Parallel") && self.once_in(3) {
                fields.push(("Arguments", json!({"v": self.pick(&FORMULAS)})));
            }
            return;
        }
        if kind != "Fail" && self.once_in(4) {
            fields.push(("InputPath", json!(self.pick(&PATHS))));
        }
        if kind != "Fail" && self.once_in(4) {
            fields.push(("OutputPath", json!(self.pick(&PATHS))));
        }
        if matches!(kind, "Pass" | "Task" | "Parallel") && self.once_in(3) {
            fields.push(("Parameters", json!({"v.$": self.pick(&EXPRESSIONS), "list": [1, 2], "n": 3})));
        }
        if (works || kind == "Pass") && self.once_in(3) {
            fields.push(("ResultPath", self.pick(&["$.a", "$.b[0]", "$"]).into()));
        }
        if works && self.once_in(4) {
            fields.push(("ResultSelector", json!({"r.$": self.pick(&EXPRESSIONS)})));
        }
    }
}

fn definition(bytes: &[u8]) -> Json {
    Builder { bytes: &mut Unstructured::new(bytes), states: 0 }.scope(0)
}

/// Answers and orders by bytes; time moves with timers.
struct Bytes<'b> {
    left: Unstructured<'b>,
    now_ms: u64,
    draws: u32,
    interleaves: bool,
}

impl Env for Bytes<'_> {
    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn random(&mut self, _: &Site, _: u32) -> f64 {
        self.draws += 1;
        f64::from(self.draws % 16) / 16.0
    }

    fn uuid(&mut self, _: &Site, occurrence: u32) -> String {
        format!("00000000-0000-4000-8000-{occurrence:012}")
    }

    fn task_token(&mut self, site: &Site) -> Arc<str> {
        format!("{site:?}").into()
    }

    fn interleaves(&self) -> bool {
        self.interleaves
    }

    fn next(&mut self, _: u64, ready: &[Ready]) -> Option<usize> {
        match self.left.int_in_range(0..=9_u8) {
            Ok(9) => None,
            _ => self.left.choose_index(ready.len()).ok(),
        }
    }
}

fn answer(call: &Invocation, env: &mut Bytes, events: &mut Vec<Event>) {
    let task = call.task;
    let refused = Some(Arc::from("Refused"));
    let end = match env.left.int_in_range(0..=9_u8).unwrap_or(0) {
        0 => Event::Failed { task, error: refused, cause: None },
        1 => Event::TimedOut { task },
        2 => Event::StartFailed { task, error: refused, cause: None },
        3 => Event::SubmitFailed { task, error: None, cause: None },
        4 => Event::Heartbeat { task },
        _ => Event::Succeeded { task, output: json!({"a": 1, "list": [1, 2], "n": 2, "b": [0]}) },
    };
    events.extend([Event::Started { task, worker: None }, end]);
}

/// Runs a program to its end; stops it when it goes on and on, and redrives it once.
fn driven(program: &Arc<Program>, env: &mut Bytes) -> Execution {
    let input = json!({"a": 1, "b": [1], "list": [1, 2, 3], "n": 4});
    let mut execution = Execution::start(program.clone(), Start::new(input));
    let (mut effects, mut events) = (Vec::new(), Vec::new());
    let mut timers: BTreeSet<(u64, TimerId)> = BTreeSet::new();
    let (mut is_redriven, mut is_finished) = (false, false);
    for told in 0..TOLD_MAX * 2 {
        execution.poll(env, &mut effects);
        for effect in effects.drain(..) {
            assert!(!is_finished, "nothing is asked for after the end");
            match effect {
                Effect::Invoke(call) => answer(&call, env, &mut events),
                Effect::SetTimer { timer, at_ms, .. } => assert!(timers.insert((at_ms, timer)), "a timer is set once"),
                Effect::CancelTimer { timer } => timers.retain(|(_, set)| *set != timer),
                Effect::Abandon { .. } => {}
                Effect::Finish(_) => is_finished = true,
            }
        }
        let event = if execution.outcome().is_some() {
            if is_redriven {
                break;
            }
            (is_redriven, is_finished) = (true, !execution.is_redrivable());
            timers.clear();
            Event::Redrive
        } else if told >= TOLD_MAX {
            Event::Stop { error: None, cause: None }
        } else if let Some(event) = events.pop() {
            event
        } else if let Some((at_ms, timer)) = timers.pop_first() {
            env.now_ms = env.now_ms.max(at_ms);
            Event::TimerFired(timer)
        } else if execution.waiting().next().is_none() && env.interleaves {
            // What the bytes held back goes on.
            continue;
        } else {
            Event::Stop { error: Some("Stuck".into()), cause: None }
        };
        let _: Resumed = execution.resume(event, env);
    }
    execution
}

fn checked(execution: &Execution, what: &Json) {
    assert_ne!(execution.status(), Status::Running, "it ends: {what}");
    let events = execution.history().events();
    assert!(events.len() as u64 <= EVENTS_MAX);
    for (at, event) in events.iter().enumerate() {
        assert_eq!(event.id, at as u64 + 1, "ids have no gaps: {what}");
        assert!(event.previous_id < event.id, "causes come first: {what}");
        assert!(event.to_json().get("type").is_some());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_definition_that_compiles_runs_and_ends(shape in prop::collection::vec(any::<u8>(), 20..400), chance in prop::collection::vec(any::<u8>(), 0..300)) {
        let definition = definition(&shape);
        let Ok(program) = Program::compile(&definition.to_string()) else { return Ok(()) };
        let program = Arc::new(program);
        for interleaves in [false, true] {
            let mut env = Bytes { left: Unstructured::new(&chance), now_ms: 0, draws: 0, interleaves };
            checked(&driven(&program, &mut env), &definition);
        }
    }

    #[test]
    fn writing_a_definition_and_reading_it_again_changes_nothing(shape in prop::collection::vec(any::<u8>(), 20..400)) {
        let definition = definition(&shape);
        let text = definition.to_string();
        let again = Json::parse(&text).expect("it is JSON");
        prop_assert_eq!(&again, &definition);
        let shown = |text: &str| Program::compile(text).map(|program| format!("{:?}", program.transitions())).map_err(|problems| problems.len());
        let spaced = serde_json::to_string_pretty(&definition).expect("it is JSON");
        prop_assert_eq!(shown(&text), shown(&spaced));
    }
}

#[test]
fn most_definitions_that_are_built_compile() {
    let bytes = |seed: u32| -> Vec<u8> {
        (0..300_u32).map(|at| (at.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)).to_le_bytes()[2]).collect()
    };
    let compiled = (0..200).filter(|seed| Program::compile(&definition(&bytes(*seed)).to_string()).is_ok()).count();
    assert!(compiled > 100, "{compiled} of 200");
}
