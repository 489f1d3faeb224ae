//! The second phase of every run: the faults have stopped, and everything that was begun must come to an end. What does
//! not is told with who waits for what.

use super::{Violation, World};
use crate::services::lambda::{EventSource, Source};

/// The name of the verdict on a run in which nothing can happen any more and somebody still waits.
pub const UNDRAINED: &str = "after the faults stop, everything that was begun comes to an end";

/// Of those who wait, so many are named.
const WAITING_SHOWN_MAX: usize = 8;

impl World {
    /// The verdict on a run that is over: a violation when somebody waits for what will never come.
    pub(super) fn undrained(&self) -> Option<Violation> {
        let is_waiting = self.stepfunctions.waiting(&self.core).next().is_some() || self.unreceived().next().is_some();
        is_waiting.then(|| self.verdict(UNDRAINED))
    }

    /// A violation that no invariant states.
    pub(super) fn verdict(&self, name: &str) -> Violation {
        let clients = self.clients.records().iter().filter(|client| client.end.is_none()).map(|client| {
            let whose = self.core.lineages().text(self.core.names(), client.actor);
            format!("the client {whose} has not ended")
        });
        let mut all = self.stepfunctions.waiting(&self.core).chain(self.unreceived()).chain(clients);
        let mut waiting: Vec<String> = all.by_ref().take(WAITING_SHOWN_MAX).collect();
        let more = all.count();
        if more > 0 {
            waiting.push(format!("and {more} more"));
        }
        Violation { invariant: None, name: name.into(), at: self.core.now(), waiting }
    }

    /// Queues that feed a function, with messages that it has not taken. Any other queue may keep what is in it: nobody
    /// has promised to read it.
    fn unreceived(&self) -> impl Iterator<Item = String> {
        let queues = self.sqs.queues().iter().filter(|queue| {
            let is_own = |source: &EventSource| matches!(&source.source, Source::Queue { arn, .. } if *arn == queue.settings.arn);
            self.lambda.sources().iter().any(is_own)
        });
        queues.filter_map(|queue| {
            let count = queue.messages(self.core.now()).count();
            let messages = if count == 1 { "1 message waits" } else { "messages wait" };
            let number = if count == 1 { String::new() } else { format!("{count} ") };
            let name = &queue.settings.name;
            (count > 0).then(|| format!("{number}{messages} in the queue {name} for the function that it feeds"))
        })
    }
}
