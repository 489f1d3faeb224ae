use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::query::jsonata::{Host, JValue, to_jvalue};
use rehearsal_engine::{Json, json};

use super::step::StepOf;
use super::{ACTOR, Bound, OUTPUTS};
use crate::harness::mirror::Mirror;
use crate::harness::value::shortened;
use crate::services::Answer;
use crate::world::{Look, Looked, Parts, View};

/// The variables of one actor in one run.
#[derive(Clone)]
pub(super) struct Memory(Rc<RefCell<Vec<Variable>>>);

type Variable = (Arc<str>, JValue);

impl Memory {
    pub(super) fn of_actor(number: u32, outputs: &JValue) -> Memory {
        let number = JValue::Number(f64::from(number));
        Memory(Rc::new(RefCell::new(vec![(ACTOR.into(), number), (OUTPUTS.into(), outputs.clone())])))
    }

    pub(super) fn bind(&self, name: &Arc<str>, value: JValue) {
        self.0.borrow_mut().push((name.clone(), value));
    }

    pub(super) fn with<R>(&self, read: impl FnOnce(&[(&str, JValue)]) -> R) -> R {
        let variables = self.0.borrow();
        let bindings: Vec<(&str, JValue)> = variables.iter().map(|(name, value)| (&**name, value.clone())).collect();
        read(&bindings)
    }
}

/// A step that is not taken in this run; it keeps its place, so that those behind it keep theirs.
#[derive(Debug)]
pub(super) struct Skipped;

impl Look for Skipped {
    fn reads(&self) -> Parts {
        Parts::NONE
    }

    fn look(&self, _: &View<'_>) -> Result<Looked, String> {
        Ok(Looked::Skip)
    }

    fn describe(&self) -> String {
        "does nothing".to_owned()
    }
}

/// A step that looks at the world when it is taken, or remembers what it was answered.
pub(super) struct Looking {
    pub(super) step: StepOf<Bound, u64>,
    pub(super) when: Option<Bound>,
    pub(super) bind: Option<Arc<str>>,
    pub(super) is_callback: bool,
    pub(super) reads: Parts,
    pub(super) memory: Memory,
    pub(super) mirror: Rc<RefCell<Mirror>>,
    pub(super) stands_at: Arc<str>,
}

impl Looking {
    fn take(&self, view: &View<'_>) -> Result<Looked, String> {
        if let Some(when) = &self.when {
            match self.value(when, view)? {
                Json::Bool(true) => {}
                Json::Bool(false) => return Ok(Looked::Skip),
                other => {
                    return Err(format!("'when' is neither true nor false, but {}", shortened(&other.to_string())));
                }
            }
        }
        match &self.step {
            StepOf::Await { value, .. } => {
                let found = self.value(value, view)?;
                if is_missing(&found) {
                    return Ok(Looked::NotYet);
                }
                if let Some(name) = &self.bind {
                    self.memory.bind(name, to_jvalue(&found));
                }
                Ok(Looked::Skip)
            }
            StepOf::Let(variables) => {
                for (name, value) in variables {
                    let value = self.value(value, view)?;
                    self.memory.bind(name, to_jvalue(&value));
                }
                Ok(Looked::Skip)
            }
            step => {
                let ready = step.map(&mut |bound| self.value(bound, view))?;
                ready.into_step(self.is_callback).map(Looked::Take)
            }
        }
    }

    fn value(&self, bound: &Bound, view: &View<'_>) -> Result<Json, String> {
        match bound {
            Bound::Ready(value) => Ok(value.clone()),
            Bound::Late(source) => {
                let state = self.mirror.borrow_mut().refresh(view, source.reads);
                let mut now = Now(view.now.0 as i64);
                self.memory.with(|variables| source.value.evaluate_on(&state, variables, &mut now))
            }
        }
    }
}

/// Whether what an `await` looks for is not there yet.
fn is_missing(found: &Json) -> bool {
    match found {
        Json::Null | Json::Bool(false) => true,
        Json::Array(items) => items.is_empty(),
        _ => false,
    }
}

impl Look for Looking {
    fn reads(&self) -> Parts {
        self.reads
    }

    fn look(&self, view: &View<'_>) -> Result<Looked, String> {
        self.take(view).map_err(|error| format!("{error}; see {}", self.stands_at))
    }

    fn within_ms(&self) -> Option<u64> {
        match &self.step {
            StepOf::Await { within_ms, .. } => *within_ms,
            _ => None,
        }
    }

    fn answered(&self, answer: &Answer) {
        let Some(name) = &self.bind else { return };
        let value = match answer {
            Ok(response) => response.to_json(),
            Err(error) => json!({"error": {"code": error.code, "message": error.message}}),
        };
        self.memory.bind(name, to_jvalue(&value));
    }

    fn describe(&self) -> String {
        let what = match &self.step {
            StepOf::PutEvent { .. } => "puts an event",
            StepOf::SendMessage { .. } => "sends a message",
            StepOf::StartExecution { .. } => "starts an execution",
            StepOf::Invoke { .. } => "invokes a function",
            StepOf::StopExecution { .. } => "stops an execution",
            StepOf::SendTask { .. } => "answers a task token",
            StepOf::Wait(_) => "waits",
            StepOf::Let(_) => "looks at the world",
            StepOf::Await { .. } => "waits for what it looks for",
            StepOf::Run { .. } => "runs a script",
        };
        format!("{what}, as {} says", self.stands_at)
    }
}

impl fmt::Debug for Looking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.describe())
    }
}

/// The time, and nothing that is drawn: that is refused when the scenario is loaded.
struct Now(i64);

impl Host for Now {
    fn now_ms(&mut self) -> i64 {
        self.0
    }

    fn random(&mut self) -> f64 {
        0.5
    }

    fn uuid(&mut self) -> String {
        "00000000-0000-4000-8000-000000000000".to_owned()
    }
}
