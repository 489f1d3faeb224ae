//! The workload of a scenario file: every value is computed when the run is planned, unless it reads the world or what a
//! step before it has found; such a step looks when it is taken.

mod check;
mod look;
mod step;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::query::jsonata::{Host, JValue, to_jvalue};

use self::look::{Looking, Memory, Skipped};
use self::step::{Source, StepOf};
use super::mirror::Mirror;
use crate::handlers::HostError;
use crate::scenario::{Loaded, Range};
use crate::world::{ActorStep, Millis, Name, Names, Parts, PlannedActor, Shape, Workload};

pub(super) use check::check;

/// What a workload's expressions may call besides the language's own functions.
const FUNCTIONS: [&str; 3] = ["draw", "pick", "chance"];

/// The number of the actor, as a variable of its expressions.
const ACTOR: &str = "actor";

/// The outputs of the template, as a variable of its expressions.
const OUTPUTS: &str = "outputs";

/// The workload of a scenario file, compiled for this thread.
pub(super) fn workload(
    loaded: &Loaded,
    names: &mut Names,
    mirror: &Rc<RefCell<Mirror>>,
) -> Result<Box<dyn Workload>, HostError> {
    let mut actors = Vec::new();
    for actor in &loaded.scenario.workload {
        let mut steps = Vec::new();
        // The variables that are known only once the run is under way.
        let mut late = BTreeSet::new();
        for (number, step) in actor.steps.iter().enumerate() {
            let label = names.intern(&format!("{}.{number}", actor.name));
            steps.push(Compiled {
                label,
                step: StepOf::compile(step, loaded, &late)?,
                when: step.when.as_ref().map(|when| Source::compile(when, loaded, &late)).transpose()?,
                bind: step.bind.clone(),
                is_callback: step.is_callback,
                stands_at: loaded.sources.locate(step.place).into(),
            });
            late.extend(step::bound_late(step, &late));
        }
        actors.push(Actor {
            text: actor.name.clone(),
            name: names.intern(&actor.name),
            count_label: names.intern(&format!("{}.count", actor.name)),
            at_label: names.intern(&format!("{}.at", actor.name)),
            count: actor.count,
            at_ms: actor.at_ms,
            steps,
        });
    }
    let outputs = loaded.stack.outputs.iter().map(|output| (&*output.logical_id, output.value.clone()));
    let outputs = to_jvalue(&Json::from_pairs(outputs.map(|(name, value)| (name, Json::from(value)))));
    Ok(Box::new(FileWorkload { actors, outputs, mirror: mirror.clone() }))
}

struct FileWorkload {
    actors: Vec<Actor>,
    outputs: JValue,
    mirror: Rc<RefCell<Mirror>>,
}

struct Actor {
    text: Arc<str>,
    name: Name,
    count_label: Name,
    at_label: Name,
    count: Range,
    at_ms: Range,
    steps: Vec<Compiled>,
}

struct Compiled {
    label: Name,
    step: StepOf<Source, Range>,
    when: Option<Source>,
    bind: Option<Arc<str>>,
    is_callback: bool,
    stands_at: Arc<str>,
}

/// A value of a run: known from the start, or to be computed when its step is taken.
enum Bound {
    Ready(Json),
    Late(Source),
}

impl Workload for FileWorkload {
    fn plan(&mut self, shape: &mut Shape<'_>, planned: &mut Vec<PlannedActor>) -> Result<(), String> {
        for actor in &self.actors {
            let count = shape.draw(actor.count_label, actor.count.least as i64, actor.count.most as i64);
            for number in 1..=count as u32 {
                let Some(mut own) = shape.actor(actor.name, number) else { continue };
                let at_ms = own.draw(actor.at_label, actor.at_ms.least as i64, actor.at_ms.most as i64) as u64;
                let memory = Memory::of_actor(number, &self.outputs);
                let mut steps = Vec::new();
                for compiled in &actor.steps {
                    let mut draws = Draws { shape: &mut own, label: compiled.label };
                    steps.push(compiled.plan(&mut draws, &memory, &self.mirror).map_err(|error| {
                        let at = &compiled.stands_at;
                        format!("{at}: actor '{}#{number}' cannot take this step: {error}", actor.text)
                    })?);
                }
                planned.push(PlannedActor { actor: own.lineage(), at_ms, steps });
            }
        }
        Ok(())
    }
}

impl Compiled {
    fn plan(
        &self,
        draws: &mut Draws<'_, '_>,
        memory: &Memory,
        mirror: &Rc<RefCell<Mirror>>,
    ) -> Result<ActorStep, String> {
        let mut reads = Parts::NONE;
        let mut bind = |source: &Source, draws: &mut Draws<'_, '_>| {
            if source.is_late {
                reads = reads.and(source.reads);
                return Ok(Bound::Late(source.clone()));
            }
            memory.with(|variables| source.value.evaluate(variables, draws)).map(Bound::Ready)
        };
        let when = self.when.as_ref().map(|when| bind(when, draws)).transpose()?;
        // Drawn in any case, so that one draw does not depend on another.
        let step = self.step.map(&mut |source| bind(source, draws))?;
        let step = step.timed(|range| draws.shape.draw(draws.label, range.least as i64, range.most as i64) as u64);
        let is_skipped = match &when {
            Some(Bound::Ready(Json::Bool(is_taken))) => !is_taken,
            Some(Bound::Ready(other)) => return Err(format!("'when' is neither true nor false, but {other}")),
            Some(Bound::Late(_)) | None => false,
        };
        if is_skipped {
            return Ok(ActorStep::Look(Rc::new(Skipped)));
        }
        if when.is_none() && self.bind.is_none() && !step.looks() {
            if let StepOf::Let(variables) = &step {
                for (name, value) in variables {
                    if let Bound::Ready(value) = value {
                        memory.bind(name, to_jvalue(value));
                    }
                }
                return Ok(ActorStep::Look(Rc::new(Skipped)));
            }
            let ready = step.map(&mut |bound| match bound {
                Bound::Ready(value) => Ok(value.clone()),
                Bound::Late(_) => Err("it depends on the world".to_owned()),
            })?;
            return ready.into_step(self.is_callback);
        }
        Ok(ActorStep::Look(Rc::new(Looking {
            step,
            when,
            bind: self.bind.clone(),
            is_callback: self.is_callback,
            reads,
            memory: memory.clone(),
            mirror: mirror.clone(),
            stands_at: self.stands_at.clone(),
        })))
    }
}

/// What a workload's expressions draw from.
struct Draws<'d, 's> {
    shape: &'d mut Shape<'s>,
    label: Name,
}

impl Host for Draws<'_, '_> {
    fn now_ms(&mut self) -> i64 {
        Millis::START.0 as i64
    }

    fn random(&mut self) -> f64 {
        f64::from(self.shape.draw(self.label, 0, 999_999) as u32) / 1_000_000.0
    }

    fn uuid(&mut self) -> String {
        let core = self.shape.core();
        let key = core.entropy(self.shape.lineage(), self.label, 0);
        crate::world::uuid(key, key.rotate_left(31) ^ 0x51_7cc1).to_string()
    }

    fn functions(&self) -> &[&'static str] {
        &FUNCTIONS
    }

    fn call(&mut self, function: &str, arguments: &[JValue]) -> Result<JValue, String> {
        match (function, arguments) {
            ("draw", [JValue::Number(low), JValue::Number(high)]) if low <= high => {
                Ok(JValue::Number(self.shape.draw(self.label, *low as i64, *high as i64) as f64))
            }
            ("pick", [JValue::Array(items)]) if !items.is_empty() => {
                Ok(items[self.shape.pick(self.label, items.len())].clone())
            }
            ("chance", [JValue::Number(odds)]) if (0.0..=1.0).contains(odds) => {
                let parts_per_million = (odds * 1_000_000.0) as u32;
                Ok(JValue::Bool(self.shape.chance(self.label, parts_per_million)))
            }
            _ => Err(format!(
                "${function} is called with something it does not take: write $draw(low, high) with low <= high, \
                 $pick(array) with something in it, or $chance(odds) with odds from 0 to 1"
            )),
        }
    }
}
