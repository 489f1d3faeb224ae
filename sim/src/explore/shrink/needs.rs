//! Why each thing that is left is needed.

use std::sync::Arc;

use super::Shrinker;
use super::actors::slot;
use crate::handlers::HostError;
use crate::world::Choice;

/// One thing that a failure needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// The deviation; `None` for an actor.
    pub choice: Option<Choice>,
    /// The actor it is about, or that is needed: `shopper#2`.
    pub actor: String,
    /// What happens without it.
    pub without: Without,
}

/// What happens without one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Without {
    /// Every promise holds.
    Holds,
    /// Another promise breaks instead.
    Breaks(Arc<str>),
    /// The same promise breaks: it is not needed. Only when the bounds were met before all was tried.
    Same,
}

impl Shrinker<'_> {
    /// Takes each thing out alone.
    pub(super) fn needs(&mut self) -> Result<Vec<Need>, HostError> {
        self.begin("taking each thing out alone");
        let mut needs = Vec::new();
        let script = self.best.clone();
        let mut ask = |shrinker: &mut Self, rest: &[Choice], choice: Option<Choice>, actor: &str| {
            let Some(outcome) = shrinker.run(rest)? else { return Ok(()) };
            let without = match outcome.violation {
                None => Without::Holds,
                Some(violation) if violation.is_same(&shrinker.violation) => Without::Same,
                Some(violation) => Without::Breaks(violation.name),
            };
            needs.push(Need { choice, actor: actor.to_owned(), without });
            Ok::<_, HostError>(())
        };
        let actors = if self.actors.len() > 1 { self.actors.clone() } else { Vec::new() };
        for actor in actors {
            let rest: Vec<Choice> = script.choices.iter().cloned().chain(slot(&actor)).collect();
            ask(self, &rest, None, &actor)?;
        }
        for choice in script.choices.iter().filter(|choice| choice.is_deviation()) {
            let rest: Vec<Choice> = script.choices.iter().filter(|other| other.key != choice.key).cloned().collect();
            let actor = choice.site.split(['/', '|']).next().unwrap_or_default();
            ask(self, &rest, Some(choice.clone()), actor)?;
        }
        Ok(needs)
    }
}
