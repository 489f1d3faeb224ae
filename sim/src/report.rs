//! What a person sees: the summary of a sweep, one run told in full, and the line that runs it again.

mod again;
mod coverage;
mod dashboard;
mod replay;
mod story;
mod summary;
mod warnings;
mod words;

pub use again::Again;
pub use dashboard::monitoring_text;
pub use replay::{Told, replay_text};
pub use summary::{Replayed, SEEDS_USUAL, Summary, summary_text};
pub use warnings::warnings_text;
