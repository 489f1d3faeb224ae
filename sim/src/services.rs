//! The simulated AWS services, one folder each. A service knows the world and the engine, never another service.

mod error;

pub use error::ApiError;
