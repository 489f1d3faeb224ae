use super::service::Lambda;
use crate::handlers::HostError;
use crate::services::Answer;
use crate::world::Core;

impl Lambda {
    /// Starts the pollers.
    pub fn start_pollers(&mut self, _: &mut Core) {}

    /// A poller goes on.
    pub fn poller_due(&mut self, _: &mut Core, _: u32) -> Result<(), HostError> {
        Ok(())
    }

    /// The answer to a poller's request arrived.
    pub fn poller_answered(&mut self, _: &mut Core, _: u32, _: Answer) -> Result<(), HostError> {
        Ok(())
    }
}
