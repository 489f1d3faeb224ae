//! Functions whose answers are given instead of computed by a handler, before any other host is asked.

use std::sync::Arc;

use rehearsal_engine::{Json, json};

use super::python::Notice;
use super::{Host, HostError, Start, Step, Wake};
use crate::world::Millis;

/// A mocked function: what its invocations of one run answer in turn. The last answer serves all further ones.
pub struct Mock {
    /// The function's name, for messages.
    pub function: Arc<str>,
    /// Its answers, at least one.
    pub answers: Vec<Answer>,
}

/// Makes one answer; the error says why there is none.
pub type Answer = Box<dyn Fn(&Start<'_>) -> Result<MockOutcome, String>>;

/// How a mocked invocation ends.
#[derive(Clone, Debug, PartialEq)]
pub enum MockOutcome {
    /// It returns this.
    Returned(Json),
    /// It raises.
    Raised {
        /// The error's type.
        error: Arc<str>,
        /// Its message.
        cause: Arc<str>,
    },
}

/// Answers mocked functions by itself and hands every other one to the host behind it.
pub struct MockHost {
    functions: Vec<Function>,
    behind: Option<Box<dyn Host>>,
}

enum Function {
    Mocked {
        mock: Mock,
        invocations: usize,
    },
    /// By its index in the host behind.
    Behind(u32),
}

impl MockHost {
    /// Hosts the functions of a scenario in their order: the mocked ones itself, the others by `behind`, which knows
    /// only those.
    pub fn new(mocks: impl IntoIterator<Item = Option<Mock>>, behind: Option<Box<dyn Host>>) -> MockHost {
        let mut next = 0;
        let function = |mock| {
            let Some(mock) = mock else {
                next += 1;
                return Function::Behind(next - 1);
            };
            Function::Mocked { mock, invocations: 0 }
        };
        MockHost { functions: mocks.into_iter().map(function).collect(), behind }
    }

    fn behind(&mut self) -> Result<&mut Box<dyn Host>, HostError> {
        self.behind.as_mut().ok_or_else(|| HostError("a function without a mock has nothing that runs it".to_owned()))
    }
}

impl Host for MockHost {
    fn start(&mut self, start: &Start<'_>) -> Result<Step, HostError> {
        match self.functions.get_mut(start.function as usize) {
            Some(Function::Mocked { mock, invocations }) => {
                let answer = mock.answers.get(*invocations).or(mock.answers.last());
                *invocations += 1;
                let outcome = answer.map_or(Err("it has no answer".to_owned()), |answer| answer(start));
                outcome
                    .map(step)
                    .map_err(|error| HostError(format!("the mock of function '{}' fails: {error}", mock.function)))
            }
            Some(Function::Behind(function)) => {
                let function = *function;
                self.behind()?.start(&Start { function, ..*start })
            }
            None => Err(HostError(format!("there is no function number {}", start.function))),
        }
    }

    fn resume(&mut self, invocation: u32, wake: Wake, now: Millis) -> Result<Step, HostError> {
        // A mocked invocation ends with its start, so it is never one of those.
        self.behind()?.resume(invocation, wake, now)
    }

    fn abandon(&mut self, invocation: u32) {
        if let Some(behind) = &mut self.behind {
            behind.abandon(invocation);
        }
    }

    fn is_native(&self) -> bool {
        self.behind.as_ref().is_some_and(|behind| behind.is_native())
    }

    fn notices(&self) -> &[Notice] {
        self.behind.as_ref().map_or(&[], |behind| behind.notices())
    }

    fn take_log(&mut self, invocation: u32) -> Option<String> {
        self.behind.as_mut()?.take_log(invocation)
    }

    fn reset(&mut self) {
        for function in &mut self.functions {
            if let Function::Mocked { invocations, .. } = function {
                *invocations = 0;
            }
        }
        if let Some(behind) = &mut self.behind {
            behind.reset();
        }
    }
}

fn step(outcome: MockOutcome) -> Step {
    match outcome {
        MockOutcome::Returned(payload) => Step::Returned(payload),
        MockOutcome::Raised { error, cause } => {
            Step::Failed(json!({"errorMessage": Json::String(cause), "errorType": Json::String(error)}))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoke(host: &mut MockHost, function: u32) -> String {
        let (event, now) = (json!({"id": 5}), Millis::START);
        let deadline = now;
        let start = Start {
            invocation: 0,
            function,
            environment: 0,
            fresh: true,
            event: &event,
            entropy: 7,
            deadline,
            now,
            skew_ms: 0,
            request: 7,
        };
        match host.start(&start) {
            Ok(Step::Returned(payload)) => format!("returned {payload}"),
            Ok(Step::Failed(payload)) => format!("failed {payload}"),
            Ok(other) => format!("{other:?}"),
            Err(error) => error.to_string(),
        }
    }

    fn mock(answers: Vec<Answer>) -> Mock {
        Mock { function: "charge".into(), answers }
    }

    #[test]
    fn answers_come_in_turn_the_last_stays_and_a_new_run_begins_again() {
        let busy = MockOutcome::Raised { error: "Busy".into(), cause: "later".into() };
        let answers: Vec<Answer> = vec![
            Box::new(move |_| Ok(busy.clone())),
            Box::new(|start| Ok(MockOutcome::Returned(start.event.get("id").cloned().unwrap_or_default()))),
        ];
        let mut host = MockHost::new([Some(mock(answers))], None);
        let failed = r#"failed {"errorMessage":"later","errorType":"Busy"}"#;
        assert_eq!([0, 0, 0].map(|function| invoke(&mut host, function)), [failed, "returned 5", "returned 5"]);
        host.reset();
        assert_eq!(invoke(&mut host, 0), failed);
    }

    #[test]
    fn what_cannot_be_answered_is_said_with_the_function() {
        for (answers, told) in [
            (vec![], "the mock of function 'charge' fails: it has no answer"),
            (vec![Box::new(|_: &Start<'_>| Err("no".to_owned())) as Answer], "the mock of function 'charge' fails: no"),
        ] {
            assert_eq!(invoke(&mut MockHost::new([Some(mock(answers))], None), 0), told);
        }
        assert_eq!(invoke(&mut MockHost::new([Some(mock(vec![]))], None), 1), "there is no function number 1");
    }

    #[test]
    fn other_functions_reach_the_host_behind_under_its_own_number() {
        struct Behind;
        impl Host for Behind {
            fn start(&mut self, start: &Start<'_>) -> Result<Step, HostError> {
                Ok(Step::Returned(u64::from(start.function).into()))
            }
            fn resume(&mut self, _: u32, _: Wake, _: Millis) -> Result<Step, HostError> {
                Err(HostError("never resumed".to_owned()))
            }
            fn abandon(&mut self, _: u32) {}
            fn reset(&mut self) {}
        }
        let answer: Answer = Box::new(|_| Ok(MockOutcome::Returned("mock".into())));
        let mut host = MockHost::new([None, Some(mock(vec![answer])), None], Some(Box::new(Behind)));
        assert_eq!(
            [0, 1, 2].map(|function| invoke(&mut host, function)),
            ["returned 0", r#"returned "mock""#, "returned 1"]
        );
    }
}
