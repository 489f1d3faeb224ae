use std::rc::Rc;
use std::sync::Arc;

use rehearsal_engine::events::Pattern;

use crate::world::Name;

/// A queue or stream that a function is fed from: an event source mapping of the template.
#[derive(Clone)]
pub struct EventSource {
    /// Its name in lineages.
    pub name: Name,
    /// The function, by its index.
    pub function: u32,
    /// What feeds it.
    pub source: Source,
    /// So many messages or records at most go into one event.
    pub batch_size: u32,
    /// For so long a batch is gathered, if it is not full before.
    pub window_ms: u64,
    /// Whether the function says which of them failed.
    pub reports_failures: bool,
    /// What is not matched by any of these never reaches the function; none lets everything through.
    pub filters: Vec<Rc<Pattern>>,
}

/// What feeds a function.
#[derive(Clone, Debug)]
pub enum Source {
    /// A queue.
    Queue {
        /// Its ARN.
        arn: Arc<str>,
        /// So many batches at once, at most.
        concurrency: u32,
    },
    /// The stream of a table.
    Stream(StreamSource),
}

/// A stream, and what happens to batches of it that fail.
#[derive(Clone, Debug)]
pub struct StreamSource {
    /// The stream's ARN.
    pub arn: Arc<str>,
    /// Batches that run at once, each of its own items.
    pub lanes: u32,
    /// How often a batch is tried again; `None` is without end.
    pub retries_max: Option<u32>,
    /// Records that are older are dropped; `None` keeps them as long as the stream does.
    pub age_max_ms: Option<u64>,
    /// Whether a failed batch is cut in two.
    pub bisects: bool,
    /// Where a note about a dropped batch goes.
    pub on_failure: Option<Destination>,
}

/// Where the record of an invocation goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A queue, by its ARN.
    Queue(Arc<str>),
    /// A topic, by its ARN.
    Topic(Arc<str>),
    /// A function, by its index.
    Function(u32),
    /// A bus, by its ARN.
    Bus(Arc<str>),
    /// Something that is not simulated.
    Other(Arc<str>),
}

impl Source {
    /// AWS: Lambda begins with five batches at once from a standard queue.
    pub const QUEUE_CONCURRENCY: u32 = 5;
    /// AWS: the stream of a table that is paid per request begins with four shards.
    pub const STREAM_SHARDS: u32 = 4;
}
