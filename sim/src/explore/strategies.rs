//! The strategies, one small file each, behind [`Decisions`](crate::world::Decisions): what decides alone (benign,
//! seeded, swarm, replay, mutant, bytes), and what decides around another one (PCT its order, recording nothing).

mod benign;
mod bytes;
mod mutant;
mod pct;
#[cfg(feature = "proptest")]
mod property;
mod recording;
mod replay;
mod seeded;
mod swarm;

pub use benign::Benign;
pub use bytes::Bytes;
pub use mutant::Mutant;
pub use pct::Pct;
#[cfg(feature = "proptest")]
pub use property::scripts;
pub use recording::{Asked, Recording, Shaped};
pub use replay::{Answers, Replay};
pub use seeded::{Seeded, run_key};
pub use swarm::Swarm;
