/// The execution environments of one function. An environment runs one invocation at a time, keeps its module's state
/// for the next, and is thrown away when an invocation in it is killed.
#[derive(Debug, Default)]
pub(super) struct Environments {
    idle: Vec<u32>,
    running: u32,
}

impl Environments {
    pub(super) fn reset(&mut self) {
        self.idle.clear();
        self.running = 0;
    }

    /// How many invocations run.
    pub(super) fn running(&self) -> u32 {
        self.running
    }

    /// The environment used last that is idle, or a new one; whether it is new.
    pub(super) fn take(&mut self, next: &mut u32) -> (u32, bool) {
        self.running += 1;
        if let Some(environment) = self.idle.pop() {
            return (environment, false);
        }
        *next += 1;
        (*next, true)
    }

    /// The invocation ended; the environment can serve another.
    pub(super) fn give_back(&mut self, environment: u32) {
        self.running -= 1;
        self.idle.push(environment);
    }

    /// The invocation was killed, and the environment with it.
    pub(super) fn discard(&mut self) {
        self.running -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_environment_serves_one_invocation_at_a_time_and_dies_with_a_killed_one() {
        let (mut environments, mut next) = (Environments::default(), 0);
        assert_eq!(environments.take(&mut next), (1, true));
        assert_eq!(environments.take(&mut next), (2, true));
        environments.give_back(1);
        assert_eq!(environments.take(&mut next), (1, false));
        environments.discard();
        assert_eq!(environments.take(&mut next), (3, true));
        assert_eq!(environments.running(), 2);
    }
}
