//! A definition, an input and the answers of its tasks, separated by lines of `---`: nothing panics, every run ends, lint
//! and compiler agree, and what is written out again means the same.
//!
//! `cargo +nightly fuzz run asl_definition fuzz/corpus/asl_definition fuzz/seeds/asl_definition -- -dict=fuzz/dictionaries/asl_definition.dict`
#![no_main]

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use rehearsal_engine::Json;
use rehearsal_engine::asl::Program;
use rehearsal_engine::execution::{
    Effect, Env, Event, Execution, Invocation, Site, Start, Status, TimerId, WorkflowType,
};
use rehearsal_engine::lint::lint_text;
use rehearsal_engine::source::{Severity, read_json};

/// So many events are told to one execution before it is stopped.
const EVENTS_MAX: usize = 300;

fuzz_target!(|text: &str| {
    let mut parts = text.split("\n---\n");
    let definition = parts.next().unwrap_or_default();
    let input = parts.next().and_then(|input| Json::parse(input).ok()).unwrap_or_else(Json::object);
    let answers = parts.next().unwrap_or("ok").as_bytes();
    let is_express = answers.first() == Some(&b'e');
    let workflow_type = if is_express { WorkflowType::Express } else { WorkflowType::Standard };
    let problems = lint_text(definition, workflow_type);
    let has_error = problems.iter().any(|problem| problem.severity == Severity::Error);
    assert!(problems.iter().all(|problem| !problem.message.is_empty() && !problem.code.is_empty()));
    match Program::compile(definition) {
        Ok(program) => {
            written_again(definition);
            run(program, input, answers);
        }
        Err(refused) => {
            assert!(!refused.is_empty(), "a refused definition names a problem");
            assert!(
                has_error || refused.iter().all(|problem| problem.severity == Severity::Warning),
                "lint lets it pass"
            );
        }
    }
});

/// What compiles still compiles when it is written out, and is the same value.
fn written_again(definition: &str) {
    let Ok(node) = read_json(definition) else { return };
    let value = node.to_json();
    let text = value.to_string();
    let again = read_json(&text).expect("a value's text is JSON").to_json();
    assert_eq!(again, value);
    assert!(Program::compile(&text).is_ok(), "written out again, it is refused");
}

fn run(program: Program, input: Json, answers: &[u8]) {
    let mut env = Still { now_ms: 0, draws: 0 };
    let mut execution = Execution::start(Arc::new(program), Start::new(input));
    let mut answers = answers.iter().copied().cycle();
    let mut timers: BTreeSet<(u64, TimerId)> = BTreeSet::new();
    let mut events: VecDeque<Event> = VecDeque::new();
    let mut effects = Vec::new();
    let mut is_finished = false;
    for told in 0.. {
        execution.poll(&mut env, &mut effects);
        for effect in effects.drain(..) {
            assert!(!is_finished, "nothing is asked for after the end");
            match effect {
                Effect::Invoke(call) => answer(&call, answers.next().unwrap_or_default(), &mut events),
                Effect::SetTimer { timer, at_ms, .. } => {
                    timers.insert((at_ms, timer));
                }
                Effect::CancelTimer { timer } => timers.retain(|(_, set)| *set != timer),
                Effect::Abandon { .. } => {}
                Effect::Finish(_) => is_finished = true,
            }
        }
        if is_finished {
            break;
        }
        let event = match (events.pop_front(), timers.pop_first()) {
            _ if told >= EVENTS_MAX => Event::Stop { error: None, cause: None },
            (Some(event), timer) => {
                timers.extend(timer);
                event
            }
            (None, Some((at_ms, timer))) => {
                env.now_ms = env.now_ms.max(at_ms);
                Event::TimerFired(timer)
            }
            (None, None) => Event::Stop { error: Some("Stuck".into()), cause: None },
        };
        let _ = execution.resume(event, &mut env);
    }
    assert_ne!(execution.status(), Status::Running);
}

/// What a task answers, by one byte.
fn answer(call: &Invocation, byte: u8, events: &mut VecDeque<Event>) {
    let task = call.task;
    events.push_back(Event::Started { task, worker: None });
    let error = |name: &str| Some(Arc::from(name));
    events.push_back(match byte {
        b'f' => Event::Failed { task, error: error("Refused"), cause: None },
        b'x' => Event::Failed { task, error: None, cause: error("no name") },
        b't' => Event::TimedOut { task },
        b's' => Event::SubmitFailed { task, error: error("Denied"), cause: None },
        b'u' => Event::Submitted { task, output: call.parameters.clone() },
        b'h' => Event::Heartbeat { task },
        b'n' => Event::Succeeded { task, output: Json::Null },
        _ => Event::Succeeded { task, output: call.parameters.clone() },
    });
}

/// Time moves only with timers, and chance is a count.
struct Still {
    now_ms: u64,
    draws: u32,
}

impl Env for Still {
    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn random(&mut self, _site: &Site, _occurrence: u32) -> f64 {
        self.draws += 1;
        f64::from(self.draws % 16) / 16.0
    }

    fn uuid(&mut self, _site: &Site, occurrence: u32) -> String {
        format!("00000000-0000-4000-8000-{occurrence:012}")
    }

    fn task_token(&mut self, site: &Site) -> Arc<str> {
        format!("{}.{}.{}", site.state.0, site.visit, site.attempt).into()
    }
}
