//! Which of the entries that could go now goes first.

use super::{Core, Entry};
use crate::world::{Due, Kind, Millis, Race, Site, Weighted};

/// An entry lets at most so many others go first.
pub const PASSES_MAX: u32 = 16;

/// How many others an entry lets go first: one in eight lets one, one in eight of these another one, and so on.
const PASS_WEIGHTS: [u32; PASSES_MAX as usize + 1] = pass_weights();

const fn pass_weights() -> [u32; PASSES_MAX as usize + 1] {
    let mut weights = [1; PASSES_MAX as usize + 1];
    let mut parts = 7 << 28;
    let mut at = 0;
    while at < weights.len() && parts > 1 {
        weights[at] = parts;
        parts /= 8;
        at += 1;
    }
    weights
}

/// An entry of the queue, and how it behaves towards others that could go first.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) entry: Entry,
    pub(super) passes: Passes,
}

/// How many others an entry has let go first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Passes {
    times: u32,
    /// How many it shall let go first, once that was asked.
    wanted: Option<u32>,
    /// Where that stands among the choices of the run.
    choice: u32,
}

impl Core {
    /// The next entry, with the clock moved to it.
    ///
    /// Of the entries that could go now each may let others go first. Whoever does stands right behind the one that
    /// goes, and is asked again before the next.
    pub(crate) fn next(&mut self) -> Option<Entry> {
        let mut until = Millis(u64::MAX);
        loop {
            let mut due = self.queue.pop()?;
            until = until.min(due.latest);
            if self.waits(&mut due, until) {
                self.aside.push(due);
                continue;
            }
            for waiting in self.aside.drain(..) {
                self.queue.put_behind(&due, waiting);
            }
            self.now = self.now.max(due.at);
            let entry = due.entry.entry;
            self.forget(&entry);
            return Some(entry);
        }
    }

    /// Whether `due` lets another one go first that comes no later than `until`.
    fn waits(&mut self, due: &mut Due<Waiting>, until: Millis) -> bool {
        let Waiting { entry, passes } = &mut due.entry;
        if passes.times == PASSES_MAX || due.latest == due.at {
            return false;
        }
        // One lineage is sequential by itself: its entries do not race each other.
        let actor = entry.actor();
        let Some(rival) = self.queue.co_enabled(until) else { return false };
        if rival.entry.actor() == actor {
            return false;
        }
        let site = |core: &Core| {
            Site::new(&core.names, &core.lineages, actor, entry.operation(), Kind::Defer, entry.occurrence())
        };
        if self.decisions.decides_order() {
            self.rivals.clear();
            self.rivals.extend(self.queue.all_until(until).map(|rival| rival.entry.actor()));
            let race = Race { lineages: &self.lineages, first: actor, others: &self.rivals };
            if !self.decisions.lets_pass(&race) {
                return false;
            }
        } else {
            let wanted = match passes.wanted {
                Some(wanted) => wanted,
                None => self.decisions.choose(&site(self), &Weighted::Table(&PASS_WEIGHTS)),
            };
            passes.wanted = Some(wanted);
            if passes.times >= wanted {
                return false;
            }
        }
        passes.times += 1;
        // However many it lets pass, it is one choice.
        if let Some((_, times)) = self.choices.get_mut(passes.choice as usize).filter(|_| passes.times > 1) {
            *times = passes.times;
        } else {
            passes.choice = self.choices.len() as u32;
            self.choices.push((site(self), 1));
        }
        true
    }
}
