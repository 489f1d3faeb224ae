//! The strategies, one small file each, behind [`Decisions`](crate::world::Decisions).

mod benign;
mod bytes;
mod replay;
mod seeded;

pub use benign::Benign;
pub use bytes::Bytes;
pub use replay::Replay;
pub use seeded::{Seeded, run_key};
