//! Amazon SQS: standard and FIFO queues, visibility, delay, redrive to dead-letter queues.
//!
//! Nobody polls here: a receiver that finds nothing is parked, and a message that becomes visible wakes the first one
//! that is. So empty queues cost nothing, however long a run is. A message is lost only by what AWS documents:
//! deletion, purge, and the end of its retention. Who polls on behalf of a function is Lambda's affair.

mod api;
mod message;
mod moves;
mod parse;
mod queue;
mod refusal;
mod response;
mod service;

pub use api::{BatchEntry, MoveRequest, QueueSettings, ReceiveMessage, Redrive, Request, SendMessage, Wait};
pub use message::{Message, MessageState};
pub use queue::{Counts, Queue};
pub use response::{BatchFailure, Received, Response, Sent};
pub use service::Sqs;
