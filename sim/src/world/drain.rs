//! The second phase of every run: the faults have stopped, and everything that was begun must come to an end. What does
//! not is told with who waits for what.

use super::{Violation, World};

/// The name of the verdict on a run in which nothing can happen any more and somebody still waits.
pub const UNDRAINED: &str = "after the faults stop, everything that was begun comes to an end";

/// Of those who wait, so many are named.
const WAITING_SHOWN_MAX: usize = 8;

impl World {
    /// The verdict on a run that is over: a violation when somebody waits for what will never come.
    pub(super) fn undrained(&self) -> Option<Violation> {
        self.stepfunctions.waiting(&self.core).next()?;
        Some(self.verdict(UNDRAINED))
    }

    /// A violation that no invariant states.
    pub(super) fn verdict(&self, name: &str) -> Violation {
        let mut all = self.stepfunctions.waiting(&self.core);
        let mut waiting: Vec<String> = all.by_ref().take(WAITING_SHOWN_MAX).collect();
        let more = all.count();
        if more > 0 {
            waiting.push(format!("and {more} more"));
        }
        Violation { invariant: None, name: name.into(), at: self.core.now(), waiting }
    }
}
