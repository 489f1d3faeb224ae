//! A small system: what its template and its scenario say, how it is run, and what can be read of the world afterwards.
//!
//! Every system has a table `Items` (key `id`, index `ByOwner` on `owner`). Roles are outside of the template, and so
//! may do everything, unless a test writes some.

use std::sync::{Arc, Mutex};

use rehearsal::diagnostics::Problems;
use rehearsal::explore::strategies::Benign;
use rehearsal::handlers::{CallError, Context, FunctionError, Registry};
use rehearsal::harness::{Harness, Run};
use rehearsal::services::stepfunctions::ExecutionRecord;
use rehearsal::services::{Answer, Request};
use rehearsal::world::metrics::{MetricKey, Statistic};
use rehearsal::world::{Decisions, FaultId, FaultPlan, Kind, Millis, Profile, Site, Weighted};
use rehearsal_engine::{Json, json};

/// A role that nobody here knows, and so may do everything.
pub const OUTSIDE: &str = "arn:aws:iam::111111111111:role/outside";

/// A system to run.
#[derive(Clone)]
pub struct Stage {
    resources: Vec<(String, Json)>,
    settings: Vec<(String, Json)>,
    workload: Vec<Json>,
    files: Vec<(String, String)>,
    plan: FaultPlan,
    registry: Arc<dyn Fn() -> Registry + Send + Sync>,
    seed: u64,
}

impl Stage {
    /// Only the table.
    pub fn new() -> Stage {
        let key = |name: &str| json!([{"AttributeName": name, "KeyType": "HASH"}]);
        let items = json!({
            "TableName": "Items",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "owner", "AttributeType": "S"},
            ],
            "KeySchema": key("id"),
            "GlobalSecondaryIndexes": [
                {"IndexName": "ByOwner", "KeySchema": key("owner"), "Projection": {"ProjectionType": "ALL"}},
            ],
        });
        let stage = Stage {
            resources: Vec::new(),
            settings: Vec::new(),
            workload: Vec::new(),
            files: Vec::new(),
            plan: FaultPlan::of(Profile::None),
            registry: Arc::new(Registry::default),
            seed: 0,
        };
        stage.resource("Items", "AWS::DynamoDB::Table", items)
    }

    /// Gives the table a stream.
    pub fn streamed(self, view: &str) -> Stage {
        self.items_with(json!({"StreamSpecification": {"StreamViewType": view}}))
    }

    /// Lets items expire at the second that their attribute `ttl` says.
    pub fn expiring(self) -> Stage {
        self.items_with(json!({"TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": true}}))
    }

    fn items_with(mut self, more: Json) -> Stage {
        for (id, resource) in &mut self.resources {
            if id == "Items" {
                let properties = merged(resource.get("Properties").cloned().unwrap_or_default(), more.clone());
                *resource = merged(resource.clone(), json!({"Properties": properties}));
            }
        }
        self
    }

    /// With every fault that AWS documents, at its own rate.
    pub fn documented(mut self) -> Stage {
        self.plan = FaultPlan::of(Profile::Documented);
        self
    }

    pub fn resource(mut self, id: &str, kind: &str, properties: Json) -> Stage {
        self.resources.push((id.to_owned(), json!({"Type": kind, "Properties": properties})));
        self
    }

    pub fn function(self, name: &str) -> Stage {
        self.function_with(name, json!({}))
    }

    /// A function of three seconds, as AWS gives it without a word; `more` adds to its properties.
    pub fn function_with(self, name: &str, more: Json) -> Stage {
        let own = json!({
            "FunctionName": name,
            "Runtime": "python3.12",
            "Handler": "index.handler",
            "Role": OUTSIDE,
            "Code": {"ZipFile": "def handler(event, context):\n    return event\n"},
        });
        self.resource(name, "AWS::Lambda::Function", merged(own, more))
    }

    /// A function with Python of its own.
    pub fn python(self, name: &str, code: &str) -> Stage {
        self.function_with(name, json!({"Code": {"ZipFile": code}}))
    }

    /// A Standard state machine.
    pub fn machine(self, name: &str, definition: Json) -> Stage {
        self.machine_with(name, definition, json!({}))
    }

    pub fn machine_with(self, name: &str, definition: Json, more: Json) -> Stage {
        let own = json!({"StateMachineName": name, "RoleArn": OUTSIDE, "Definition": definition});
        self.resource(name, "AWS::StepFunctions::StateMachine", merged(own, more))
    }

    /// A machine of a single Task, which ends it.
    pub fn task(self, name: &str, task: Json) -> Stage {
        self.machine(name, single_task(task))
    }

    pub fn bus(self, name: &str) -> Stage {
        self.resource(name, "AWS::Events::EventBus", json!({"Name": name}))
    }

    /// A rule for events of `source` on `bus`.
    pub fn rule(self, name: &str, bus: &str, source: &str, targets: Json) -> Stage {
        let pattern = json!({"source": [source]});
        let properties = json!({"Name": name, "EventBusName": bus, "EventPattern": pattern, "Targets": targets});
        self.resource(name, "AWS::Events::Rule", properties)
    }

    pub fn schedule(self, name: &str, expression: &str, targets: Json) -> Stage {
        let properties = json!({"Name": name, "ScheduleExpression": expression, "Targets": targets});
        self.resource(name, "AWS::Events::Rule", properties)
    }

    pub fn queue(self, name: &str, properties: Json) -> Stage {
        let id: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        self.resource(&format!("Queue{id}"), "AWS::SQS::Queue", merged(json!({"QueueName": name}), properties))
    }

    pub fn topic(self, name: &str, properties: Json) -> Stage {
        let id: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        self.resource(&format!("Topic{id}"), "AWS::SNS::Topic", merged(json!({"TopicName": name}), properties))
    }

    /// Subscribes a queue or a function to a topic.
    pub fn subscribe(self, id: &str, topic: &str, protocol: &str, endpoint: &str, more: Json) -> Stage {
        let own = json!({"TopicArn": (topic_arn(topic)), "Protocol": protocol, "Endpoint": endpoint});
        self.resource(id, "AWS::SNS::Subscription", merged(own, more))
    }

    /// Lets `service` send to a queue.
    pub fn open_queue(self, queue: &str, service: &str) -> Stage {
        let url = format!("https://sqs.us-east-1.amazonaws.com/111111111111/{queue}");
        let statement = json!([{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sqs:SendMessage",
            "Resource": (queue_arn(queue))}]);
        let document = json!({"Version": "2012-10-17", "Statement": statement});
        let id: String = format!("{queue}{service}").chars().filter(char::is_ascii_alphanumeric).collect();
        let properties = json!({"Queues": [url], "PolicyDocument": document});
        self.resource(&format!("Policy{id}"), "AWS::SQS::QueuePolicy", properties)
    }

    /// Lets SNS invoke `function`.
    pub fn permit_sns(self, function: &str) -> Stage {
        let properties =
            json!({"Action": "lambda:InvokeFunction", "FunctionName": function, "Principal": "sns.amazonaws.com"});
        self.resource(&format!("{function}ByTopics"), "AWS::Lambda::Permission", properties)
    }

    /// Feeds `function` from a queue or a stream.
    pub fn feed(self, function: &str, source_arn: &str, more: Json) -> Stage {
        let own = json!({"FunctionName": function, "EventSourceArn": source_arn});
        self.resource(&format!("Feeds{function}"), "AWS::Lambda::EventSourceMapping", merged(own, more))
    }

    /// Lets EventBridge invoke `function`.
    pub fn permit(self, function: &str) -> Stage {
        let properties =
            json!({"Action": "lambda:InvokeFunction", "FunctionName": function, "Principal": "events.amazonaws.com"});
        self.resource(&format!("{function}Permission"), "AWS::Lambda::Permission", properties)
    }

    /// A role that `services` may assume, with these statements.
    pub fn role(self, name: &str, services: &[&str], statements: Json) -> Stage {
        let trust = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sts:AssumeRole"},
        ]});
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let empty = document.get("Statement").and_then(Json::as_array).is_none_or(<[Json]>::is_empty);
        let policies = if empty { json!([]) } else { json!([{"PolicyName": "own", "PolicyDocument": document}]) };
        let properties = json!({"RoleName": name, "AssumeRolePolicyDocument": trust, "Policies": policies});
        self.resource(name, "AWS::IAM::Role", properties)
    }

    /// The same with nobody who does anything.
    pub fn without_workload(mut self) -> Stage {
        self.workload.clear();
        self
    }

    /// Someone who does `step` at `at`.
    pub fn actor(self, at: &str, step: Json) -> Stage {
        self.actor_of(at, json!([step]))
    }

    /// Someone who does several things from `at` on.
    pub fn actor_of(mut self, at: &str, steps: Json) -> Stage {
        let name = format!("actor{}", self.workload.len() + 1);
        self.workload.push(json!({"actor": name, "at": at, "do": steps}));
        self
    }

    /// An event of `source` on `bus`.
    pub fn event(self, at: &str, bus: &str, source: &str, detail: Json) -> Stage {
        self.actor(at, put_event(bus, source, detail))
    }

    /// An execution of `machine`.
    pub fn start(self, at: &str, machine: &str, input: Json) -> Stage {
        self.actor(at, json!({"start_execution": {"state_machine": machine, "input": input}}))
    }

    /// An invocation of `function` that waits for its end.
    pub fn invoke(self, at: &str, function: &str, payload: Json) -> Stage {
        self.actor(at, json!({"invoke": {"function": function, "payload": payload}}))
    }

    pub fn invoke_event(self, at: &str, function: &str, payload: Json) -> Stage {
        self.actor(at, json!({"invoke": {"function": function, "payload": payload, "asynchronous": true}}))
    }

    /// A file beside the scenario.
    pub fn file(mut self, path: &str, text: &str) -> Stage {
        self.files.push((path.to_owned(), text.to_owned()));
        self
    }

    /// Someone who runs a script, which is written beside the scenario, with these arguments.
    pub fn client(self, text: &str, arguments: Json) -> Stage {
        self.file("client.py", text).actor("0s", json!({"python": "client.py", "arguments": arguments}))
    }

    /// A further key of the scenario file.
    pub fn setting(mut self, key: &str, value: Json) -> Stage {
        self.settings.push((key.to_owned(), value));
        self
    }

    pub fn handlers(mut self, registry: impl Fn() -> Registry + Send + Sync + 'static) -> Stage {
        self.registry = Arc::new(registry);
        self
    }

    /// Turns a fault on.
    pub fn fault(mut self, fault: FaultId, rate_ppm: u32) -> Stage {
        self.plan.set(fault, rate_ppm);
        self
    }

    pub fn seed(mut self, seed: u64) -> Stage {
        self.seed = seed;
        self
    }

    /// The scenario, loaded as the command line loads it.
    pub fn load(&self) -> Harness {
        self.try_load().unwrap_or_else(|problems| panic!("{problems}")).faults(self.plan.clone())
    }

    fn try_load(&self) -> Result<Harness, Problems> {
        let resources = self.resources.iter().map(|(id, resource)| (id.as_str(), resource.clone()));
        let transform = json!("AWS::Serverless-2016-10-31");
        let template = Json::from_pairs([("Transform", transform), ("Resources", Json::from_pairs(resources))]);
        let workload = [("workload", Json::from(self.workload.clone())), ("template", "template.json".into())];
        let settings = self.settings.iter().map(|(key, value)| (key.as_str(), value.clone()));
        let scenario = Json::from_pairs(workload.into_iter().chain(settings));
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("template.json"), template.to_string()).expect("a template");
        for (path, text) in &self.files {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("a file");
        }
        std::fs::write(folder.path().join("scenario.json"), scenario.to_string()).expect("a scenario");
        Harness::load(folder.path())
    }

    /// What is wrong with the template, as the command line says it.
    pub fn problems(&self) -> String {
        self.try_load().err().map_or_else(String::new, |problems| problems.to_string())
    }

    /// The same with the handlers in Rust.
    pub fn harness(&self) -> Harness {
        let registry = self.registry.clone();
        self.load().native(move || registry())
    }

    /// Runs once, with nothing going wrong.
    pub fn run(&self) -> Run {
        self.run_with(Benign)
    }

    /// Runs once, the decisions drawn from the seed.
    pub fn run_seeded(&self) -> Run {
        self.harness().run(self.seed).expect("a run")
    }

    pub fn run_with(&self, decisions: impl Decisions + 'static) -> Run {
        self.harness().run_with(self.seed, Box::new(decisions)).expect("a run")
    }

    /// Runs the template's own Python.
    pub fn run_python(&self) -> Run {
        self.load().run_with(self.seed, Box::new(Benign)).expect("a run")
    }

    /// The same with `fault` striking in its `form` (from 1) wherever it can, at most `times` times.
    pub fn run_python_struck_by(&self, fault: FaultId, form: u32, times: u32) -> Run {
        let harness = self.clone().fault(fault, 1_000_000).load();
        harness.run_with(self.seed, Box::new(Strike { fault, form, times })).expect("a run")
    }

    /// Runs with `fault` striking in its `form` (from 1) wherever it can, at most `times` times.
    pub fn struck_by(&self, fault: FaultId, form: u32, times: u32) -> Run {
        self.clone().fault(fault, 1_000_000).run_with(Strike { fault, form, times })
    }
}

/// Lets one fault strike in one form, and nothing else go another way.
pub struct Strike {
    pub fault: FaultId,
    pub form: u32,
    pub times: u32,
}

impl Decisions for Strike {
    fn choose(&mut self, site: &Site, _: &Weighted<'_>) -> u32 {
        if site.kind != Kind::Fault(self.fault) || self.times == 0 {
            return 0;
        }
        self.times -= 1;
        self.form
    }
}

/// Decides by a closure.
pub struct Script<F>(pub F);

impl<F: FnMut(&Site) -> u32> Decisions for Script<F> {
    fn choose(&mut self, site: &Site, _: &Weighted<'_>) -> u32 {
        (self.0)(site)
    }
}

/// What handlers note down, outside of the world.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<(u64, String)>>>);

impl Log {
    /// Notes a line at the handler's time.
    pub fn note(&self, context: &Context, line: impl Into<String>) {
        self.0.lock().expect("no handler panics").push((context.now().since_start(), line.into()));
    }

    /// Forgets what was noted.
    pub fn clear(&self) {
        self.0.lock().expect("no handler panics").clear();
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().expect("no handler panics").iter().map(|(_, line)| line.clone()).collect()
    }

    /// Virtual milliseconds since the start, line by line.
    pub fn times(&self) -> Vec<u64> {
        self.0.lock().expect("no handler panics").iter().map(|(at, _)| *at).collect()
    }

    /// Milliseconds from each line to the next.
    pub fn gaps(&self) -> Vec<u64> {
        self.times().windows(2).map(|pair| pair[1] - pair[0]).collect()
    }

    /// A handler that notes its event and returns it.
    pub fn echo(&self, registry: Registry, function: &str) -> Registry {
        let log = self.clone();
        registry.with(function, move |context, event| {
            let log = log.clone();
            async move {
                log.note(&context, event.to_string());
                Ok(event)
            }
        })
    }
}

/// A request as an SDK makes it.
pub fn request(service: &str, operation: &str, parameters: Json) -> Request {
    Request::parse(service, operation, &parameters).unwrap_or_else(|error| panic!("{operation}: {}", error.message))
}

/// Calls a service as an SDK does; the answer is the API's JSON.
pub async fn call(
    context: &Context,
    service: &str,
    operation: &'static str,
    parameters: Json,
) -> Result<Json, CallError> {
    let answer: Answer = match Request::parse(service, operation, &parameters) {
        Ok(request) => context.call(request).await,
        Err(error) => Err(error),
    };
    answer.map(|response| response.to_json()).map_err(|error| CallError { operation, error })
}

/// Puts `{id, ...}` into the table.
pub async fn put(context: &Context, item: Json) -> Result<Json, CallError> {
    let item = rehearsal::services::dynamodb::Attributes::from_plain(&item).expect("an item").to_wire();
    call(context, "dynamodb", "PutItem", json!({"TableName": "Items", "Item": item})).await
}

/// An error as a function raises it.
pub fn raise(kind: &str, message: &str) -> Result<Json, FunctionError> {
    Err(FunctionError::new(kind, message))
}

/// `CODE: message` of an answer, or its JSON.
pub fn outcome_text(answer: Result<Json, CallError>) -> String {
    match answer {
        Ok(json) => json.to_string(),
        Err(CallError { error, .. }) => format!("{}: {}", error.code, error.message),
    }
}

pub fn single_task(task: Json) -> Json {
    let task = merged(json!({"Type": "Task", "End": true}), task);
    json!({"StartAt": "Work", "States": {"Work": task}})
}

pub fn put_event(bus: &str, source: &str, detail: Json) -> Json {
    json!({"put_event": {"bus": bus, "source": source, "detail-type": "Something", "detail": detail}})
}

pub fn function_arn(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:111111111111:function:{name}")
}

pub fn queue_arn(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:111111111111:{name}")
}

pub fn topic_arn(name: &str) -> String {
    format!("arn:aws:sns:us-east-1:111111111111:{name}")
}

pub fn machine_arn(name: &str) -> String {
    format!("arn:aws:states:us-east-1:111111111111:stateMachine:{name}")
}

pub fn bus_arn(name: &str) -> String {
    format!("arn:aws:events:us-east-1:111111111111:event-bus/{name}")
}

/// `base` with the members of `more` added or replaced.
pub fn merged(mut base: Json, more: Json) -> Json {
    if let (Some(members), Some(added)) = (base.make_object(), more.as_object()) {
        for (key, value) in added.iter() {
            members.insert(key.clone(), value.clone());
        }
    }
    base
}

/// The sum of a metric over the whole run; `None` when nothing was measured.
pub fn measured(run: &Run, namespace: &str, name: &str, dimensions: &[(&str, &str)]) -> Option<f64> {
    let dimensions = dimensions.iter().map(|(name, value)| ((*name).into(), (*value).into()));
    let key = MetricKey::new(namespace, name, dimensions.collect());
    let metrics = run.world.core.metrics();
    let found = metrics.find(&key).unwrap_or_else(|missing| panic!("{name}: {missing:?}"));
    Statistic::Sum.of(found.iter().flat_map(|id| metrics.series(*id).points()))
}

/// What can be read of a world after a run.
pub trait Look {
    fn execution(&self, number: usize) -> &ExecutionRecord;
    /// `STATUS error cause` of every execution.
    fn ends(&self) -> Vec<String>;
    /// The types of an execution's history.
    fn history(&self, number: usize) -> Vec<String>;
    /// An item of the table, as plain JSON.
    fn item(&self, id: &str) -> Option<Json>;
    /// The ids in the table, sorted.
    fn ids(&self) -> Vec<String>;
    /// `bus source` of every accepted event.
    fn accepted(&self) -> Vec<String>;
    /// Whether a line of the timeline contains `text`.
    fn tells(&self, text: &str) -> bool;
    /// The texts of the messages in a queue, in order.
    fn bodies(&self, queue: &str) -> Vec<String>;
    /// What functions printed, line by line.
    fn printed(&self) -> Vec<String>;
    /// How often `fault` struck.
    fn struck(&self, fault: FaultId) -> u32;
}

impl Look for Run {
    fn execution(&self, number: usize) -> &ExecutionRecord {
        &self.world.stepfunctions.records()[number]
    }

    fn ends(&self) -> Vec<String> {
        let text = |record: &ExecutionRecord| {
            let parts = [Some(record.status.name()), record.error.as_deref(), record.cause.as_deref()];
            parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
        };
        self.world.stepfunctions.records().iter().map(text).collect()
    }

    fn history(&self, number: usize) -> Vec<String> {
        let engine = self.execution(number).engine.as_ref().expect("a recorded run keeps its engines");
        engine.history().events().iter().map(rehearsal_engine::history::Event::type_name).collect()
    }

    fn item(&self, id: &str) -> Option<Json> {
        items(self).into_iter().find(|item| item.get("id").and_then(Json::as_str) == Some(id))
    }

    fn ids(&self) -> Vec<String> {
        let mut ids: Vec<String> =
            items(self).iter().filter_map(|item| item.get("id")?.as_str().map(str::to_owned)).collect();
        ids.sort();
        ids
    }

    fn accepted(&self) -> Vec<String> {
        let service = &self.world.eventbridge;
        service.accepted().iter().map(|one| format!("{} {}", service.bus_name(one.bus), one.event.source)).collect()
    }

    fn tells(&self, text: &str) -> bool {
        self.world.core.trace().timeline().iter().any(|moment| moment.what.contains(text))
    }

    fn bodies(&self, queue: &str) -> Vec<String> {
        let queue = self.world.sqs.queue(queue).expect("a queue");
        queue.messages(self.world.core.now()).map(|message| message.body.to_string()).collect()
    }

    fn printed(&self) -> Vec<String> {
        let timeline = self.world.core.trace().timeline().iter();
        timeline.filter_map(|moment| moment.what.strip_prefix("prints ").map(str::to_owned)).collect()
    }

    fn struck(&self, fault: FaultId) -> u32 {
        self.world.core.struck()[fault as usize]
    }
}

fn items(run: &Run) -> Vec<Json> {
    let database = &run.world.dynamodb.database;
    let table = database.table_id("Items").expect("the table");
    database.items(table).map(|(_, item)| item.to_plain()).collect()
}

/// Virtual milliseconds since the start.
pub fn since_start(at: Option<Millis>) -> u64 {
    at.expect("it happened").since_start()
}
