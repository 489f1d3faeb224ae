//! The native handlers are the template's own Python in Rust: given the same answers, both make the same calls in the same
//! order, change the same items and end in the same way. Only then does a script of deviations mean the same to both.

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
use rehearsal_scenarios::{orders, orders_naive};

/// What a call meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    Throttled,
    FailedBefore,
    FailedAfter,
    Refused,
}

const FAULTS: [Fault; 4] = [Fault::Throttled, Fault::FailedBefore, Fault::FailedAfter, Fault::Refused];

/// Invocations one after the other, and how the gateway's draw falls.
struct Journey {
    name: &'static str,
    random: f64,
    invocations: Vec<(&'static str, Json)>,
}

/// A host together with the tables that its handlers write to.
struct Bench {
    host: Box<dyn Host>,
    functions: Vec<String>,
    database: Database,
    invocations: u32,
    now: Millis,
}

#[test]
fn the_mended_handlers_make_the_same_calls_in_rust_as_in_python() {
    compare("orders", &orders::handlers(), &mended_journeys());
}

#[test]
fn the_textbook_handlers_make_the_same_calls_in_rust_as_in_python() {
    compare("orders-naive", &orders_naive::handlers(), &textbook_journeys());
}

/// Every journey without a fault, and with every fault at every call.
fn compare(scenario: &str, registry: &Registry, journeys: &[Journey]) {
    let stack = stack(scenario);
    let mut native = Bench::new(native_host(&stack, registry), &stack);
    let mut python = Bench::new(python_host(&stack), &stack);
    for journey in journeys {
        let (calls, story) = native.travel(journey, None);
        assert_same(&story, &python.travel(journey, None).1, journey.name);
        assert!(calls > 0, "{} makes no call", journey.name);
        for at in 0..calls {
            for fault in FAULTS {
                let native = native.travel(journey, Some((at, fault))).1;
                let python = python.travel(journey, Some((at, fault))).1;
                assert_same(&native, &python, &format!("{}, {fault:?} at call {at}", journey.name));
            }
        }
    }
}

/// Compares two stories line by line, so that a difference is shown where it begins.
fn assert_same(native: &str, python: &str, journey: &str) {
    for (number, (native, python)) in native.lines().zip(python.lines()).enumerate() {
        assert_eq!(native, python, "{journey}: line {number}");
    }
    assert_eq!(native.lines().count(), python.lines().count(), "{journey}: one goes on");
}

impl Bench {
    fn new(host: Box<dyn Host>, stack: &Stack) -> Bench {
        let schemas = stack
            .tables
            .iter()
            .map(|table| TableSchema::new(table.identity.name.clone(), table.key.partition.name.clone()));
        let mut database = Database::new(schemas.collect());
        let shelf = [("LAPTOP001", 2), ("MOUSE001", 3)].map(|(product, quantity)| {
            Attributes::from([("productId", product)])
                .with("quantity", quantity)
                .with("reserved", Attributes::new())
                .with("sold", 0)
        });
        database.seed("Inventory", &shelf).expect("the template has a table Inventory");
        let functions = stack.functions.iter().map(|function| function.identity.name.to_string()).collect();
        Bench { host, functions, database, invocations: 0, now: Millis::START }
    }

    /// Runs a journey; an invocation that fails is run again, once. Returns the number of calls and everything that
    /// happened.
    fn travel(&mut self, journey: &Journey, fault: Option<(usize, Fault)>) -> (usize, String) {
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

fn mended_journeys() -> Vec<Journey> {
    let journey = |name, random, invocations| Journey { name, random, invocations };
    let validate = |laptops: i64| {
        let order = order(laptops);
        ("order-validation", json!({"order": order, "execution": "arn:one"}))
    };
    let reserve = |laptops: i64| {
        let quantities = json!({"MOUSE001": 1, "LAPTOP001": laptops});
        ("inventory-check", json!({"orderId": "order-1", "quantities": quantities}))
    };
    let pay = ("payment-processing", json!({"orderId": "order-1", "amount": 1029.98}));
    let fulfil = {
        let quantities = json!({"MOUSE001": 1, "LAPTOP001": 1});
        ("fulfillment-processing", json!({"orderId": "order-1", "quantities": quantities}))
    };
    let cancel = ("order-reconciler", json!({"cancel": "order-1", "reason": "the test says so"}));
    let sweep = ("order-reconciler", json!({"detail-type": "Scheduled Event", "detail": {}}));
    let died = |execution: &str| {
        let input = order(1).to_string();
        let detail = json!({"executionArn": execution, "status": "ABORTED", "input": input});
        ("order-reconciler", json!({"detail-type": "Step Functions Execution Status Change", "detail": detail}))
    };
    let duplicate = ("order-validation", json!({"order": order(1), "execution": "arn:two"}));
    let invalid = ("order-validation", json!({"order": {"orderId": "order-1", "items": []}, "execution": "arn:one"}));
    let (paid, declined) = (0.5, 0.95);
    vec![
        journey("an order is fulfilled", paid, vec![validate(1), reserve(1), pay.clone(), fulfil.clone()]),
        journey(
            "every step comes twice",
            paid,
            vec![
                validate(1),
                validate(1),
                reserve(1),
                reserve(1),
                pay.clone(),
                pay.clone(),
                fulfil.clone(),
                fulfil.clone(),
            ],
        ),
        journey("a duplicate is turned away", paid, vec![validate(1), duplicate, died("arn:two"), died("arn:one")]),
        journey("the shelf is empty", paid, vec![validate(3), reserve(3), reserve(3), cancel.clone()]),
        journey(
            "the payment is declined",
            declined,
            vec![validate(1), reserve(1), pay.clone(), pay.clone(), cancel.clone(), cancel.clone()],
        ),
        journey("a paid order is undone", paid, vec![validate(1), reserve(1), pay.clone(), cancel.clone(), fulfil]),
        journey("the workflow dies at once", paid, vec![validate(1), died("arn:one"), reserve(1)]),
        journey("the workflow dies before it pays", paid, vec![validate(1), reserve(1), died("arn:one"), pay.clone()]),
        journey("the workflow dies after it paid", paid, vec![validate(1), reserve(1), pay, sweep.clone(), sweep]),
        journey("an order that is no order", paid, vec![invalid, validate(1)]),
    ]
}

fn textbook_journeys() -> Vec<Journey> {
    let steps = |laptops| {
        ["order-validation", "inventory-check", "payment-processing", "fulfillment-processing"]
            .map(|function| (function, order(laptops)))
            .to_vec()
    };
    vec![
        Journey { name: "an order is fulfilled", random: 0.5, invocations: steps(1) },
        Journey { name: "the shelf is empty", random: 0.5, invocations: steps(3) },
        Journey { name: "the payment is declined", random: 0.95, invocations: steps(1) },
        Journey {
            name: "an order that is no order",
            random: 0.5,
            invocations: vec![
                ("order-validation", json!({"orderId": "order-1", "items": []})),
                ("order-validation", order(1)),
            ],
        },
    ]
}

fn order(laptops: i64) -> Json {
    json!({
        "orderId": "order-1",
        "customerId": "CUST001",
        "items": [
            {"productId": "MOUSE001", "quantity": 1, "price": 29.99},
            {"productId": "LAPTOP001", "quantity": laptops, "price": 999.99},
        ],
        "totalAmount": 1029.98,
    })
}

fn stack(scenario: &str) -> Stack {
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
