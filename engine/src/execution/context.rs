//! The context object and the variables, as paths see them.

use std::sync::Arc;

use super::flow::Stage;
use super::thread::ThreadId;
use super::{Env, Era, Execution, Site};
use crate::asl::StateType;
use crate::history::iso;
use crate::json::{Json, Object, ToJson as _};
use crate::query::jsonata::Host;
use crate::query::{Draws, Surroundings};
use crate::{json, text};

/// What is around the state that a thread is in. Built for every evaluation, so it borrows all it has.
#[derive(Clone, Copy)]
pub(super) struct View<'e> {
    execution: &'e Execution,
    thread: ThreadId,
    /// The token of the task that is being prepared.
    token: Option<&'e Arc<str>>,
    /// The item for which an `ItemSelector` is evaluated.
    item: Option<(u32, &'e Json)>,
}

impl Execution {
    pub(super) fn view(&self, thread: ThreadId) -> View<'_> {
        let token = self.thread(thread).task.as_ref().and_then(|task| task.token.as_ref());
        View { execution: self, thread, token, item: None }
    }
}

impl<'e> View<'e> {
    pub(super) fn with_token(self, token: Option<&'e Arc<str>>) -> View<'e> {
        View { token, ..self }
    }

    pub(super) fn with_item(self, index: u32, value: &'e Json) -> View<'e> {
        View { item: Some((index, value)), ..self }
    }

    /// The item of the innermost iteration around the thread.
    fn map_item(&self) -> Option<(u32, &'e Json)> {
        if self.item.is_some() {
            return self.item;
        }
        let mut at = self.thread;
        loop {
            let thread = self.execution.thread(at);
            if let Some(item) = &thread.item {
                return Some((thread.index, item));
            }
            at = self.execution.owner_of(thread.parent?)?;
        }
    }
}

impl Surroundings for View<'_> {
    fn context(&self, only: Option<&str>) -> Json {
        let start = &self.execution.start;
        let thread = self.execution.thread(self.thread);
        let state = self.execution.program.at(thread.state);
        let execution = || {
            let mut members = vec![
                (text!("Id"), start.execution_arn.to_json()),
                (text!("Input"), start.input.clone()),
                (text!("StartTime"), iso(start.start_ms).into()),
                (text!("Name"), start.execution_name.to_json()),
                (text!("RoleArn"), start.role_arn.to_json()),
            ];
            if start.era > Era::BeforeRedrive {
                members.push((text!("RedriveCount"), self.execution.redriven.0.into()));
            }
            if self.execution.redriven.0 > 0 {
                members.push((text!("RedriveTime"), iso(self.execution.redriven.1).into()));
            }
            Json::from(Object::of_distinct(members))
        };
        let of_state = || {
            let mut members =
                vec![(text!("Name"), state.name().to_json()), (text!("EnteredTime"), iso(thread.entered_ms).into())];
            if matches!(state.state_type(), StateType::Task | StateType::Parallel | StateType::Map) {
                members.push((text!("RetryCount"), thread.attempt.into()));
            }
            Json::from(Object::of_distinct(members))
        };
        let machine = || json!({"Id": start.state_machine_arn, "Name": start.state_machine_name});
        let wants = |name: &str| only.is_none_or(|only| only == name);
        let mut context = Vec::with_capacity(5);
        if wants("Execution") {
            context.push((text!("Execution"), execution()));
        }
        if wants("StateMachine") {
            context.push((text!("StateMachine"), machine()));
        }
        if wants("State") {
            context.push((text!("State"), of_state()));
        }
        if let Some(token) = self.token.filter(|_| wants("Task")) {
            context.push((text!("Task"), json!({"Token": token})));
        }
        if wants("Map")
            && let Some((index, value)) = self.map_item()
        {
            context.push((text!("Map"), json!({"Item": {"Index": index, "Value": value}})));
        }
        Object::of_distinct(context).into()
    }

    fn variable(&self, name: &str) -> Option<Json> {
        let mut at = self.thread;
        loop {
            let thread = self.execution.thread(at);
            if let Some((_, value)) = thread.variables.iter().find(|(known, _)| **known == *name) {
                return Some(value.clone());
            }
            at = self.execution.owner_of(thread.parent?)?;
        }
    }
}

/// The draws of one evaluation, addressed by where it happens. The site is made only when something is drawn.
pub(super) struct SiteDraws<'a> {
    env: &'a mut dyn Env,
    make_site: &'a dyn Fn() -> Site,
    occurrence: u32,
}

impl<'a> SiteDraws<'a> {
    pub(super) fn new(env: &'a mut dyn Env, make_site: &'a dyn Fn() -> Site, stage: Stage) -> SiteDraws<'a> {
        SiteDraws { env, make_site, occurrence: stage.first_occurrence() }
    }

    fn next(&mut self) -> u32 {
        self.occurrence += 1;
        self.occurrence - 1
    }
}

impl Draws for SiteDraws<'_> {
    fn uuid(&mut self) -> String {
        let occurrence = self.next();
        self.env.uuid(&(self.make_site)(), occurrence)
    }

    fn random(&mut self) -> f64 {
        let occurrence = self.next();
        self.env.random(&(self.make_site)(), occurrence)
    }
}

/// JSONata draws from the same well.
impl Host for SiteDraws<'_> {
    fn now_ms(&mut self) -> i64 {
        i64::try_from(self.env.now_ms()).unwrap_or(i64::MAX)
    }

    fn random(&mut self) -> f64 {
        Draws::random(self)
    }

    fn uuid(&mut self) -> String {
        Draws::uuid(self)
    }
}
