//! Drives an execution through virtual time, its tasks answered from a list.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::Json;
use crate::asl::{Program, StateId};
use crate::execution::{
    Effect, Env, Event, Execution, Invocation, Outcome, Resumed, Site, Start, Status, TimerId, WorkflowType,
};

/// What a task does.
#[derive(Clone, Debug)]
pub(super) enum Does {
    Return(Json),
    Throw(&'static str),
    Never,
}

/// One execution, driven to its end.
pub(super) struct Trial {
    pub(super) execution: Execution,
    pub(super) calls: Vec<Invocation>,
    pub(super) effects: Vec<Effect>,
    pub(super) world: World,
    answers: Vec<(&'static str, Does)>,
    queue: BTreeMap<(u64, u64), Event>,
}

#[derive(Default)]
pub(super) struct World {
    pub(super) now_ms: u64,
    pub(super) random: f64,
    pub(super) draws: Vec<(Site, u32)>,
    pub(super) entered: Vec<(StateId, Option<StateId>)>,
    pub(super) refused: Option<&'static str>,
}

impl Env for World {
    fn now_ms(&self) -> u64 {
        self.now_ms
    }

    fn random(&mut self, site: &Site, occurrence: u32) -> f64 {
        self.draws.push((site.clone(), occurrence));
        self.random
    }

    fn uuid(&mut self, site: &Site, occurrence: u32) -> String {
        self.draws.push((site.clone(), occurrence));
        "00000000-0000-4000-8000-000000000000".to_owned()
    }

    fn task_token(&mut self, site: &Site) -> Arc<str> {
        format!("token {} {}", site.visit, site.attempt).into()
    }

    fn admit(&mut self, _resource: &crate::asl::Resource, _parameters: &Json) -> Result<(), String> {
        self.refused.map_or(Ok(()), |reason| Err(reason.to_owned()))
    }

    fn entered(&mut self, state: StateId, from: Option<StateId>) {
        self.entered.push((state, from));
    }
}

pub(super) fn program(definition: &str) -> Arc<Program> {
    Arc::new(Program::compile(definition).unwrap_or_else(|problems| panic!("{problems:?}")))
}

/// Runs a machine whose `States` are given and which starts at `A`.
pub(super) fn run(states: &str, input: Json, answers: &[(&'static str, Does)]) -> Trial {
    run_as(states, Start::new(input), answers)
}

pub(super) fn run_as(states: &str, start: Start, answers: &[(&'static str, Does)]) -> Trial {
    let mut trial = begin(states, start, answers);
    trial.finish();
    trial
}

/// The same, not run yet.
pub(super) fn begin(states: &str, start: Start, answers: &[(&'static str, Does)]) -> Trial {
    let definition = format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#);
    Trial {
        execution: Execution::start(program(&definition), start),
        calls: Vec::new(),
        effects: Vec::new(),
        world: World::default(),
        answers: answers.to_vec(),
        queue: BTreeMap::new(),
    }
}

impl Trial {
    /// Polls once and takes in the effects.
    pub(super) fn poll(&mut self) {
        let mut effects = Vec::new();
        self.execution.poll(&mut self.world, &mut effects);
        for effect in effects {
            match &effect {
                Effect::Invoke(invocation) => self.answer(invocation),
                Effect::SetTimer { timer, at_ms, .. } => self.push(*at_ms, Event::TimerFired(*timer)),
                Effect::CancelTimer { timer } => self.cancel(*timer),
                Effect::Abandon { .. } | Effect::Finish(_) => {}
            }
            self.effects.push(effect);
        }
    }

    /// Goes on to the next instant at which something happens; events of one instant are told together.
    pub(super) fn step(&mut self) -> bool {
        let Some((&(at_ms, _), _)) = self.queue.first_key_value() else { return false };
        self.world.now_ms = self.world.now_ms.max(at_ms);
        while self.queue.first_key_value().is_some_and(|((at, _), _)| *at <= at_ms) {
            if let Some((_, event)) = self.queue.pop_first() {
                let _: Resumed = self.execution.resume(event, &mut self.world);
            }
        }
        self.poll();
        true
    }

    pub(super) fn finish(&mut self) {
        self.poll();
        while self.execution.status() == Status::Running && self.step() {}
    }

    pub(super) fn resume(&mut self, event: Event) -> Resumed {
        self.execution.resume(event, &mut self.world)
    }

    pub(super) fn outcome(&self) -> Outcome {
        self.execution.outcome().cloned().unwrap_or_else(|| panic!("still running: {:?}", self.lines()))
    }

    pub(super) fn output(&self) -> Json {
        let outcome = self.outcome();
        outcome.output.clone().unwrap_or_else(|| panic!("no output: {outcome:?}"))
    }

    /// `status error: cause`
    pub(super) fn end(&self) -> String {
        let Outcome { status, error, cause, .. } = self.outcome();
        let text = |text: Option<Arc<str>>| text.map_or("-".to_owned(), |text| text.to_string());
        format!("{} {}: {}", status.name(), text(error), text(cause))
    }

    /// The history as lines such as `3<2 PassStateExited A`.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |event: &crate::history::Event| {
            let json = event.to_json();
            let details = json.as_object().and_then(|members| members.iter().nth(4));
            let name = details.and_then(|(_, details)| details.get("name")).and_then(Json::as_str);
            let index =
                details.and_then(|(_, details)| details.get("index")).map_or(String::new(), |n| format!(" {n}"));
            let name = name.map_or(String::new(), |name| format!(" {name}"));
            format!("{}<{} {}{name}{index}", event.id, event.previous_id, event.type_name())
        };
        self.execution.history().events().iter().map(line).collect()
    }

    fn answer(&mut self, invocation: &Invocation) {
        let task = invocation.task;
        self.calls.push(invocation.clone());
        let name = self.execution.program().state(invocation.site.state).map(|state| state.name().to_string());
        let at = self.answers.iter().position(|(state, _)| Some(*state) == name.as_deref());
        let (_, does) = self.answers.remove(at.unwrap_or_else(|| panic!("no answer for {name:?}")));
        let now_ms = self.world.now_ms;
        self.push(now_ms, Event::Started { task, worker: None });
        match does {
            Does::Return(output) => self.push(now_ms + 1, Event::Succeeded { task, output }),
            Does::Throw(error) => {
                let error = Some(error.into());
                self.push(now_ms + 1, Event::Failed { task, error, cause: Some("why".into()) });
            }
            Does::Never => {}
        }
    }

    fn push(&mut self, at_ms: u64, event: Event) {
        let number = self.queue.last_key_value().map_or(0, |((_, number), _)| *number);
        let number = self.queue.keys().map(|(_, number)| *number).max().unwrap_or(number) + 1;
        self.queue.insert((at_ms, number), event);
    }

    fn cancel(&mut self, timer: TimerId) {
        self.queue.retain(|_, event| !matches!(event, Event::TimerFired(known) if *known == timer));
    }
}

pub(super) fn express(input: Json) -> Start {
    Start { workflow_type: WorkflowType::Express, ..Start::new(input) }
}
