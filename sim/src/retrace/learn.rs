//! Runs until nothing more about drawn values can be learnt from the recording.
//!
//! A drawn text (a UUID, a token, a name) is found in our events, and what the recording has in its place is what AWS drew. A
//! drawn number shows only by what was made of it, so it is searched for: a run with another number is better when it
//! agrees with the recording further.

use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::Program;
use rehearsal_engine::execution::WorkflowType;
use rehearsal_engine::history::{Event, iso};

use super::Difference;
use super::recording::Recording;
use super::replay::{Learnt, Run, run};
use super::same::{Agreement, Comparison, Parted, is_mask};

/// Events over all runs of one recording; about ten seconds of work.
const EVENTS_MAX: u64 = 2_000_000;

/// Halvings until a double is exact.
const HALVINGS_MAX: u32 = 60;

/// Numbers tried where what was made of a draw is no number.
const TRIES: u32 = 32;

/// The history that agrees furthest, and where it parts from the recording.
pub(super) fn settled(
    program: &Arc<Program>,
    recording: &Recording,
    workflow_type: WorkflowType,
) -> (Json, Option<Difference>) {
    let mut search = Search { program, recording, workflow_type, learnt: Learnt::default(), events_left: EVENTS_MAX };
    let mut attempt = search.attempt();
    while search.events_left > 0 {
        let is_new = |key: &str| {
            !search.learnt.texts.contains_key(key) && !search.learnt.masked.iter().any(|(word, _)| word == key)
        };
        let texts = attempt.agreement.learnt.iter().filter(|(key, _)| is_new(key));
        let texts: Vec<_> = texts.cloned().collect();
        if !texts.is_empty() {
            search.learnt.texts.extend(texts);
            attempt = search.attempt();
            continue;
        }
        let Some(parted) = attempt.agreement.parted.clone() else { break };
        match search.number(&attempt, &parted).or_else(|| search.unmasked(&attempt, &parted)) {
            Some(better) => attempt = better,
            None => break,
        }
    }
    let difference = attempt.agreement.parted.as_ref().map(|parted| Difference {
        id: parted.at as u64 + 1,
        place: parted.place.clone(),
        recorded: recording.events.get(parted.at).map(|event| event.whole.clone()),
        ours: attempt.events.get(parted.at).cloned(),
    });
    (attempt.run.execution.history().to_json(), difference)
}

/// A run and how far it agrees.
struct Attempt {
    run: Run,
    events: Vec<Json>,
    agreement: Agreement,
}

struct Search<'s> {
    program: &'s Arc<Program>,
    recording: &'s Recording,
    workflow_type: WorkflowType,
    learnt: Learnt,
    events_left: u64,
}

impl Search<'_> {
    fn attempt(&mut self) -> Attempt {
        let run = run(self.program, self.recording, self.workflow_type, &self.learnt);
        let events: Vec<Json> = run.execution.history().events().iter().map(Event::to_json).collect();
        self.events_left = self.events_left.saturating_sub(events.len() as u64 + 1);
        let agreement = Comparison::new(self.recording, &run.unknown_texts).of(&events, &self.recording.events);
        Attempt { run, events, agreement }
    }

    /// A run in which one more drawn number is right.
    fn number(&mut self, attempt: &Attempt, parted: &Parted) -> Option<Attempt> {
        // What was drawn last is the likeliest reason.
        for key in attempt.run.unknown_numbers.iter().rev() {
            let better = match parted.numbers {
                Some((_, wanted)) => self.halved(key, parted, wanted),
                None => self.tried(key, parted),
            };
            if better.is_some() {
                return better;
            }
            self.learnt.numbers.remove(key);
        }
        None
    }

    /// Searches for the draw by halves: what is made of it grows with it.
    fn halved(&mut self, key: &str, parted: &Parted, wanted: f64) -> Option<Attempt> {
        let (mut low, mut high) = (0.0, 1.0);
        // Most often the number itself is shown.
        let mut next = if (low..high).contains(&wanted) { wanted } else { 0.5 };
        for _ in 0..HALVINGS_MAX {
            let attempt = self.with(key, next)?;
            match &attempt.agreement.parted {
                Some(now) if now.at == parted.at && now.place == parted.place => {
                    let (ours, _) = now.numbers?;
                    if ours < wanted { low = next } else { high = next }
                }
                Some(now) if now.at < parted.at => return None,
                _ => return Some(attempt),
            }
            next = f64::midpoint(low, high);
        }
        None
    }

    fn tried(&mut self, key: &str, parted: &Parted) -> Option<Attempt> {
        for at in 0..TRIES {
            let attempt = self.with(key, (f64::from(at) + 0.5) / f64::from(TRIES))?;
            if attempt.agreement.parted.as_ref().is_none_or(|now| now.at > parted.at) {
                return Some(attempt);
            }
        }
        None
    }

    /// A run in which a Wait's timestamp, which a tool had masked in the input, is one again.
    ///
    /// Our failure ends with the word; the recorded one shows what stood there, or that the Wait was well.
    fn unmasked(&mut self, attempt: &Attempt, parted: &Parted) -> Option<Attempt> {
        let cause = |event: &Json| {
            let details = event.as_object()?.iter().find(|(key, _)| key.ends_with("EventDetails"))?.1;
            Some(details.get("cause")?.as_str()?.to_owned())
        };
        let ours = cause(attempt.events.get(parted.at)?)?;
        let (before, word) = ours.rsplit_once(' ')?;
        let is_known = self.learnt.masked.iter().any(|(known, value)| known == word || value == word);
        if !is_mask(word) || is_known {
            return None;
        }
        let recorded = self.recording.events.get(parted.at)?;
        let value = match recorded.text("cause") {
            Some(recorded) => recorded.strip_prefix(before)?.trim_start().to_owned(),
            None => iso(recorded.at_ms),
        };
        self.learnt.masked.push((word.to_owned(), value));
        let attempt = self.attempt();
        if attempt.agreement.parted.as_ref().is_none_or(|now| now.at > parted.at) {
            return Some(attempt);
        }
        self.learnt.masked.pop();
        None
    }

    fn with(&mut self, key: &str, number: f64) -> Option<Attempt> {
        self.learnt.numbers.insert(key.to_owned(), number);
        (self.events_left > 0).then(|| self.attempt())
    }
}
