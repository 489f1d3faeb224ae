//! Whether two events are the same, and what their differences say about drawn values.
//!
//! Timestamps are put aside wherever they stand: an instant in our payloads is the same as any other instant, and as a
//! word that a tool put in the place of one (`<timestamp>`).

use std::collections::HashSet;
use std::sync::LazyLock;

use regex::Regex;

use rehearsal_engine::Json;
use rehearsal_engine::json::Object;

use super::recording::{Recorded, Recording};
use super::replay::Key;

/// How far two histories agree.
pub(super) struct Agreement {
    /// What the recording has in the place of texts that were drawn.
    pub(super) learnt: Vec<(Key, String)>,
    /// The index of the first event that differs otherwise, and where in it.
    pub(super) parted: Option<Parted>,
}

/// Where two histories part.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Parted {
    /// Index of the event.
    pub(super) at: usize,
    /// The member.
    pub(super) place: String,
    /// Both sides, where they are numbers.
    pub(super) numbers: Option<(f64, f64)>,
}

/// Compares our events with the recorded ones.
pub(super) struct Comparison<'c> {
    /// Texts that were drawn.
    texts: &'c [(String, Key)],
    /// Every time that the clock showed.
    times: HashSet<u64>,
    learnt: Vec<(Key, String)>,
    place: Vec<String>,
    /// The first difference within the event at hand.
    found: Option<(String, Option<(f64, f64)>)>,
}

/// Members that AWS fills in and that say nothing about the run.
const UNCOMPARED: [&str; 2] = ["stateMachineAliasArn", "stateMachineVersionArn"];

impl<'c> Comparison<'c> {
    pub(super) fn new(recording: &Recording, texts: &'c [(String, Key)]) -> Comparison<'c> {
        let times = recording.events.iter().map(|event| event.at_ms).collect();
        Comparison { texts, times, learnt: Vec::new(), place: Vec::new(), found: None }
    }

    /// Compares whole histories.
    pub(super) fn of(mut self, ours: &[Json], recorded: &[Recorded]) -> Agreement {
        for (at, (ours, recorded)) in ours.iter().zip(recorded).enumerate() {
            self.event(ours, recorded);
            if let Some((place, numbers)) = self.found.take() {
                return Agreement { learnt: self.learnt, parted: Some(Parted { at, place, numbers }) };
            }
        }
        let at = ours.len().min(recorded.len());
        let is_longer = ours.len() != recorded.len();
        let parted = is_longer.then(|| Parted { at, place: String::new(), numbers: None });
        Agreement { learnt: self.learnt, parted }
    }

    fn event(&mut self, ours: &Json, recorded: &Recorded) {
        for member in ["type", "id", "previousEventId"] {
            if ours.get(member) != recorded.whole.get(member) {
                self.found.get_or_insert((member.to_owned(), None));
            }
        }
        let details = ours.as_object().into_iter().flat_map(Object::iter);
        let details = details.filter(|(key, _)| key.ends_with("EventDetails")).map(|(_, details)| details).next();
        self.place.clear();
        self.object(details.unwrap_or(&Json::Null), &recorded.details);
    }

    fn object(&mut self, ours: &Json, theirs: &Json) {
        let keys = |side: &Json| -> Vec<String> {
            side.as_object().map(|members| members.keys().map(ToString::to_string).collect()).unwrap_or_default()
        };
        for key in keys(theirs) {
            let is_told = !self.place.is_empty() || !(UNCOMPARED.contains(&&*key) || key.ends_with("Details"));
            if is_told {
                self.member(&key, ours.get(&key), theirs.get(&key));
            }
        }
        for key in keys(ours) {
            if theirs.get(&key).is_none() && !(self.place.is_empty() && key.ends_with("Details")) {
                self.member(&key, ours.get(&key), None);
            }
        }
    }

    fn member(&mut self, key: &str, ours: Option<&Json>, theirs: Option<&Json>) {
        self.place.push(key.to_owned());
        match (ours, theirs) {
            (Some(ours), Some(theirs)) => self.value(ours, theirs),
            _ => self.differ(None),
        }
        self.place.pop();
    }

    fn value(&mut self, ours: &Json, theirs: &Json) {
        if ours == theirs {
            return;
        }
        match (ours, theirs) {
            (Json::Object(_), Json::Object(_)) => self.object(ours, theirs),
            (Json::Array(our_items), Json::Array(their_items)) if our_items.len() == their_items.len() => {
                for (at, (ours, theirs)) in our_items.iter().zip(their_items.iter()).enumerate() {
                    self.place.push(at.to_string());
                    self.value(ours, theirs);
                    self.place.pop();
                }
            }
            (Json::Number(_), Json::Number(_)) => self.number(ours, theirs),
            (Json::String(our_text), Json::String(their_text)) => self.text(our_text, their_text),
            // A tool may have read the JSON that AWS shows as text.
            (Json::String(text), _) => match Json::parse(text) {
                Ok(ours) => self.value(&ours, theirs),
                Err(_) => self.differ(None),
            },
            _ => self.differ(None),
        }
    }

    fn number(&mut self, ours: &Json, theirs: &Json) {
        let (Some(our_number), Some(their_number)) = (ours.as_f64(), theirs.as_f64()) else { return self.differ(None) };
        let is_time = our_number >= 0.0 && self.times.contains(&(our_number as u64));
        if our_number.total_cmp(&their_number).is_ne() && !is_time {
            self.differ(Some((our_number, their_number)));
        }
    }

    fn text(&mut self, ours: &str, theirs: &str) {
        // Payloads are JSON in text, whose spacing and order of members say nothing.
        if let (Ok(our_json), Ok(their_json)) = (Json::parse(ours), Json::parse(theirs))
            && our_json.as_str().is_none()
            && our_json.kind() == their_json.kind()
        {
            return self.value(&our_json, &their_json);
        }
        match self.fitted(ours, theirs) {
            Some(learnt) => self.learnt.extend(learnt),
            None => self.differ(None),
        }
    }

    fn differ(&mut self, numbers: Option<(f64, f64)>) {
        let place = self.place.join(".");
        self.found.get_or_insert((place, numbers));
    }

    /// What stands in `theirs` where `ours` has drawn texts and times; `None` when the rest is not the same.
    fn fitted(&self, ours: &str, theirs: &str) -> Option<Vec<(Key, String)>> {
        let mut pieces = Vec::new();
        let mut rest = ours;
        while let Some((start, len, key)) = self.first_made(rest) {
            pieces.push((&rest[..start], key));
            rest = &rest[start + len..];
        }
        if pieces.is_empty() {
            return None;
        }
        let mut learnt = Vec::new();
        let mut theirs = theirs.strip_prefix(pieces[0].0)?;
        for (at, (_, key)) in pieces.iter().enumerate() {
            let literal = pieces.get(at + 1).map_or(rest, |(literal, _)| literal);
            let is_last = at + 1 == pieces.len();
            let end = match (literal, is_last) {
                (literal, true) => theirs.strip_suffix(literal)?.len(),
                (literal, false) => theirs.find(literal)?,
            };
            let value = theirs.get(..end)?;
            match key {
                Some(key) => learnt.push(((*key).clone(), value.to_owned())),
                None if is_timestamp(value) => {}
                None => return None,
            }
            theirs = theirs.get(end + literal.len()..)?;
        }
        Some(learnt)
    }

    /// The first drawn text or instant in `text`: where it starts, how long it is, which it is.
    fn first_made(&self, text: &str) -> Option<(usize, usize, Option<&Key>)> {
        let drawn = self.texts.iter().filter_map(|(drawn, key)| Some((text.find(drawn)?, drawn.len(), Some(key))));
        let instant = INSTANT.find(text).map(|found| (found.start(), found.len(), None));
        drawn.chain(instant).min_by_key(|(start, ..)| *start)
    }
}

/// A point in time as AWS and JSONata write it.
static INSTANT: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)")
        .unwrap_or_else(|error| panic!("{error}"))
});

/// Longest word that stands for a timestamp.
const MASK_CHARS_MAX: usize = 40;

/// An instant, or a word in the place of one.
fn is_timestamp(text: &str) -> bool {
    let is_instant = INSTANT.find(text).is_some_and(|found| found.len() == text.len());
    is_instant || is_mask(text)
}

/// Whether a tool may have put this word in the place of a timestamp.
pub(super) fn is_mask(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MASK_CHARS_MAX
        && !text.contains(|c: char| c.is_ascii_digit() || c.is_whitespace())
}
