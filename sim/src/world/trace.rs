use super::hash::mix;
use super::{FaultId, Millis};

/// What a run did: a running hash of every step, and a readable timeline when somebody will read it.
#[derive(Debug, Default)]
pub struct Trace {
    hash: u64,
    timeline: Option<Vec<Moment>>,
}

/// One line of a timeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When it happened.
    pub at: Millis,
    /// Whose doing it was, as lineage text.
    pub actor: String,
    /// What happened.
    pub what: String,
    /// The fault that struck here.
    pub fault: Option<FaultId>,
}

impl Trace {
    /// Starts over; `recorded` keeps a timeline.
    pub fn reset(&mut self, recorded: bool) {
        self.hash = 0;
        self.timeline = recorded.then(Vec::new);
    }

    /// Folds a number into the hash.
    #[inline]
    pub fn fold(&mut self, value: u64) {
        self.hash = mix(self.hash, value);
    }

    /// The hash of everything so far.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    /// Whether a timeline is kept: skip making its texts otherwise.
    #[inline]
    pub fn is_recorded(&self) -> bool {
        self.timeline.is_some()
    }

    /// Adds a line to the timeline, if one is kept.
    pub fn note(&mut self, moment: impl FnOnce() -> Moment) {
        if let Some(timeline) = &mut self.timeline {
            timeline.push(moment());
        }
    }

    /// The timeline so far; empty when none is kept.
    pub fn timeline(&self) -> &[Moment] {
        self.timeline.as_deref().unwrap_or_default()
    }
}
