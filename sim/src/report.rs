//! What a person sees: the summary of a sweep, one run told in full, and the line that runs it again. And what programs
//! read: a check as JSON, as a page, as `JUnit`'s XML, and as annotations of GitHub Actions.

mod again;
mod annotations;
mod coverage;
mod dashboard;
mod html;
pub mod json;
mod junit;
mod replay;
mod story;
mod summary;
mod timeline;
mod warnings;
mod words;

pub use again::Again;
pub use annotations::github_text;
pub use dashboard::monitoring_text;
pub use html::html_report;
pub use json::{Checked, Verdict, json_report};
pub use junit::junit_xml;
pub use replay::{Told, replay_text};
pub use summary::{Replayed, SEEDS_USUAL, Summary, summary_text};
pub use warnings::warnings_text;
