//! A system without a world: its handlers, in Rust or in Python, the tables that they write to, and a service here and
//! there that fails.

use std::fmt::Write as _;
use std::path::Path;

use rehearsal::diagnostics::{SourceId, Sources};
use rehearsal::handlers::python::{FunctionSource, PythonHost};
use rehearsal::handlers::{Host, NativeHost, PythonHandlers, Registry, Signature, Start, Step, Wake};
use rehearsal::services::dynamodb::{Attributes, Database, Newest, TableSchema};
use rehearsal::services::eventbridge::{EntryResult, PutEventsResponse};
use rehearsal::services::{Answer, ApiError, Request, Response};
use rehearsal::template::stack::{Code, Stack};
use rehearsal::template::{Settings, read_template};
use rehearsal::world::Millis;
use rehearsal_engine::{Json, json};

use crate::journeys::Journey;

/// What is in the tables at the start.
pub type Rows = Vec<(&'static str, Vec<Attributes>)>;

/// What a call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    Throttled,
    FailedBefore,
    FailedAfter,
    Refused,
}

pub const FAULTS: [Fault; 4] = [Fault::Throttled, Fault::FailedBefore, Fault::FailedAfter, Fault::Refused];

/// A host together with the tables that its handlers write to.
pub struct Bench {
    host: Box<dyn Host>,
    functions: Vec<String>,
    database: Database,
    invocations: u32,
    now: Millis,
}

impl Bench {
    pub fn native(stack: &Stack, registry: &Registry, rows: &Rows) -> Bench {
        Bench::new(native_host(stack, registry), stack, rows)
    }

    pub fn python(stack: &Stack, rows: &Rows) -> Bench {
        Bench::new(python_host(stack), stack, rows)
    }

    fn new(host: Box<dyn Host>, stack: &Stack, rows: &Rows) -> Bench {
        let schemas = stack
            .tables
            .iter()
            .map(|table| TableSchema::new(table.identity.name.clone(), table.key.partition.name.clone()));
        let mut database = Database::new(schemas.collect());
        for (table, rows) in rows {
            database.seed(table, rows).expect("the template has the table");
        }
        let functions = stack.functions.iter().map(|function| function.identity.name.to_string()).collect();
        Bench { host, functions, database, invocations: 0, now: Millis::START }
    }

    /// Runs a journey; an invocation that fails is run again, once. Returns the number of calls and everything that
    /// happened.
    pub fn travel(&mut self, journey: &Journey, fault: Option<(usize, Fault)>) -> (usize, String) {
        self.host.reset();
        self.database.reset();
        self.now = Millis::START;
        self.invocations = 0;
        let (mut calls, mut story) = (0, String::new());
        for (function, event) in &journey.invocations {
            for _ in 0..2 {
                if self.invoke(function, event, journey.random, fault, &mut calls, &mut story) {
                    break;
                }
            }
            // An hour later nothing is fresh.
            self.now = self.now + 3_600_000;
        }
        (calls, story)
    }

    /// Whether the invocation succeeded.
    fn invoke(
        &mut self,
        function: &str,
        event: &Json,
        random: f64,
        fault: Option<(usize, Fault)>,
        calls: &mut usize,
        story: &mut String,
    ) -> bool {
        let number = self.functions.iter().position(|name| name == function).expect("the template has the function");
        let invocation = self.invocations;
        self.invocations += 1;
        writeln!(story, "{function} {event}").expect("text takes everything");
        let mut step = self
            .host
            .start(&Start {
                invocation,
                function: number as u32,
                environment: 0,
                fresh: invocation == 0,
                event,
                entropy: u64::from(invocation) + 77,
                request: u64::from(invocation) + 77,
                deadline: self.now + 60_000,
                skew_ms: 0,
                now: self.now,
            })
            .expect("the host starts it");
        loop {
            let wake = match step {
                Step::Call { request, .. } => {
                    let met = fault.filter(|(at, _)| at == calls).map(|(_, fault)| fault);
                    *calls += 1;
                    self.now = self.now + 10;
                    Wake::Answer(self.answer(&request, met, story))
                }
                Step::Sleep { ms } => {
                    writeln!(story, "  sleeps {ms} ms").expect("text takes everything");
                    self.now = self.now + ms;
                    Wake::Slept
                }
                Step::Random => Wake::Random(random),
                Step::Returned(payload) => {
                    writeln!(story, "  returns {payload}").expect("text takes everything");
                    return true;
                }
                Step::Failed(payload) => {
                    // Which class an API error is raised as is the host's affair; its code is in the message.
                    let message = payload.get("errorMessage").cloned().unwrap_or_default();
                    writeln!(story, "  raises {message}").expect("text takes everything");
                    return false;
                }
                Step::Exited { status } => panic!("{function} exited with {status}"),
            };
            step = self.host.resume(invocation, wake, self.now).expect("the host goes on");
        }
    }

    fn answer(&mut self, request: &Request, fault: Option<Fault>, story: &mut String) -> Answer {
        let answer = match (fault, request) {
            (Some(Fault::Throttled), _) => Err(ApiError::new("ThrottlingException", "slower")),
            (Some(Fault::FailedBefore), _) => Err(internal_error()),
            (Some(Fault::Refused), Request::Events(_)) => {
                let failed = EntryResult::Failed { code: "InternalFailure", message: "sorry".to_owned() };
                Ok(Response::Events(PutEventsResponse { entries: vec![failed] }))
            }
            (_, Request::Events(put)) => {
                for entry in &put.entries {
                    writeln!(story, "  {:?} {:?} {:?} {:?}", entry.bus, entry.source, entry.detail_type, entry.detail)
                        .expect("text takes everything");
                }
                let accepted = EntryResult::Accepted { event_id: "e-1".into() };
                Ok(Response::Events(PutEventsResponse { entries: vec![accepted] }))
            }
            (_, Request::DynamoDb(request)) => {
                let mut answer = self.database.execute(self.now, request, &mut Newest).map(Response::DynamoDb);
                if fault == Some(Fault::Refused) && request.is_write() {
                    // The SDK repeated the request: the caller sees only the second answer.
                    answer = self.database.execute(self.now, request, &mut Newest).map(Response::DynamoDb);
                }
                let tables: Vec<_> = request.tables().map(|of| of.table).collect();
                writeln!(story, "  {} {tables:?} {:?}", request.operation(), self.database.changes())
                    .expect("text takes everything");
                answer
            }
            (Some(Fault::Refused), Request::States(_)) => Err(ApiError::new("TaskTimedOut", "too late")),
            (_, Request::States(request)) => {
                writeln!(story, "  {request:?}").expect("text takes everything");
                Ok(Response::States(json!({})))
            }
            (_, other) => panic!("no handler of this system asks for {other:?}"),
        };
        match (fault, answer) {
            (Some(Fault::FailedAfter), Ok(_)) => Err(internal_error()),
            (_, answer) => answer,
        }
    }
}

fn internal_error() -> ApiError {
    ApiError::new("InternalServerError", "sorry").with_status(500)
}

pub fn stack(scenario: &str) -> Stack {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(scenario).join("template.yaml");
    let text = std::fs::read_to_string(&path).expect("the scenario has a template");
    let mut sources = Sources::single("template.yaml", &text);
    let no_files = |name: &str| Err(format!("nothing reads {name} here"));
    let (stack, problems) = read_template(&mut sources, SourceId(0), &Settings::named(scenario), &no_files);
    let problems: Vec<String> = problems.iter().map(|problem| format!("{:?}", problem.diagnostic)).collect();
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    stack.expect("the template describes a stack")
}

fn native_host(stack: &Stack, registry: &Registry) -> Box<dyn Host> {
    Box::new(NativeHost::new(stack.functions.iter().map(|function| &*function.identity.name), registry))
}

fn python_host(stack: &Stack) -> Box<dyn Host> {
    let sources: Vec<FunctionSource> = stack
        .functions
        .iter()
        .map(|function| {
            let Code::Inline { text, .. } = &function.code else { panic!("{:?} is no inline code", function.code) };
            let variables = function.environment.iter().map(|(name, value)| (name.to_string(), value.to_string()));
            FunctionSource {
                environment: variables.collect(),
                ..FunctionSource::inline(&function.identity.name, &function.handler, text.to_shared())
            }
        })
        .collect();
    let signatures = stack
        .functions
        .iter()
        .map(|function| Signature { arn: function.identity.arn.clone(), memory_mb: function.memory_mb })
        .collect();
    let host = PythonHost::spawn(&sources).expect("Python runs on this machine");
    Box::new(PythonHandlers::new(host, signatures))
}
