//! Runs a template's own Python handlers in one CPython worker process under the simulated world.
//!
//! The worker (`shim/`, embedded) makes `boto3`, `time`, `datetime`, `random`, `uuid`, `os.environ`, `print` and
//! `logging` virtual before any user code runs. Many invocations may be in flight; exactly one runs at a time, between
//! an answer and its next [`Step`], so the order is the caller's alone. This module knows no service: it hands calls out
//! as JSON and takes JSON answers. The Lambda service is the only caller.
//!
//! What a step costs is one write and one read of a pipe on each side and two switches between processes; a thread
//! switch inside the worker comes on top only when the invocation changes. A worker takes one processor.

mod error;
mod interpreter;
mod shim;
mod watchdog;
mod worker;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use rehearsal_engine::Json;

pub use error::HostError;
pub(crate) use worker::next_processor;
use worker::{Command, Frame, Worker};

use super::Sdk;
use crate::services::ApiError;

/// Real time without a message after which a handler counts as hung: far more than one that works ever takes, even on
/// a machine that is short of processors.
pub(crate) const WATCHDOG_SECONDS: u64 = 30;

/// A function of the template, or a script that runs by itself.
#[derive(Clone, Debug)]
pub struct FunctionSource {
    /// The function's name; of a script its file.
    pub name: String,
    /// `Handler`: module and function, `index.handler`. A script has none.
    pub handler: String,
    /// `Environment.Variables`. A script's come with its start.
    pub environment: Vec<(String, String)>,
    /// The path of the module or script as stack traces show it: `/var/task/index.py` for inline code.
    pub file: String,
    /// Where modules are looked for, each with a slash at its end.
    pub folders: Vec<String>,
    /// Every file, by its whole path.
    pub files: Vec<(String, Arc<str>)>,
    /// Whether it is a script: run from its top with `__name__ == "__main__"`, its event
    /// `{"arguments": [...], "environment": {...}}`.
    pub is_script: bool,
}

/// AWS: where a function's code lies.
const TASK_FOLDER: &str = "/var/task/";
/// AWS: where its layers lie, each over those before it.
const LAYERS_FOLDER: &str = "/opt/";

impl FunctionSource {
    /// Inline code, which AWS stores as `index.py`.
    pub fn inline(name: &str, handler: &str, code: Arc<str>) -> FunctionSource {
        let file = format!("{TASK_FOLDER}index.py");
        FunctionSource {
            name: name.into(),
            handler: handler.into(),
            environment: Vec::new(),
            folders: vec![TASK_FOLDER.into()],
            files: vec![(file.clone(), code)],
            file,
            is_script: false,
        }
    }

    /// A folder of modules, of which `file` has the handler; paths are relative to the folder.
    pub fn folder(name: &str, handler: &str, file: &str, files: &BTreeMap<String, Arc<str>>) -> FunctionSource {
        FunctionSource {
            name: name.into(),
            handler: handler.into(),
            environment: Vec::new(),
            file: format!("{TASK_FOLDER}{file}"),
            folders: vec![TASK_FOLDER.into()],
            files: files.iter().map(|(path, text)| (format!("{TASK_FOLDER}{path}"), text.clone())).collect(),
            is_script: false,
        }
    }

    /// The same with a layer, on top of those that it has: a folder that is unpacked below `/opt`.
    #[must_use]
    pub fn layer(mut self, files: &BTreeMap<String, Arc<str>>) -> FunctionSource {
        let packages = format!("{LAYERS_FOLDER}python/lib/");
        for (path, text) in files {
            let path = format!("{LAYERS_FOLDER}{path}");
            // AWS: `/opt/python/lib/python3.x/site-packages` is looked through before `/opt/python`.
            if let Some(below) = path.strip_prefix(&packages)
                && let Some((version, _)) = below.split_once("/site-packages/")
            {
                let folder = format!("{packages}{version}/site-packages/");
                if !self.folders.contains(&folder) {
                    self.folders.insert(1, folder);
                }
            }
            self.files.retain(|(known, _)| *known != path);
            self.files.push((path, text.clone()));
        }
        let folder = format!("{LAYERS_FOLDER}python/");
        if !self.folders.contains(&folder) {
            self.folders.push(folder);
        }
        self
    }

    /// A script by the name of its file, with the files beside it.
    pub fn script(file: &str, files: Vec<(String, Arc<str>)>) -> FunctionSource {
        let folder = file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        FunctionSource {
            name: file.into(),
            handler: String::new(),
            environment: Vec::new(),
            file: file.into(),
            folders: vec![folder],
            files,
            is_script: true,
        }
    }
}

/// How a worker is run.
#[derive(Clone, Debug)]
pub struct Options {
    /// Real time without a message after which a handler counts as hung: far more than one that works ever takes, even on
    /// a machine that is short of processors.
    pub watchdog: Duration,
    /// The processor that the worker stays on, counted among those allowed and wrapping around; `None` for the next one
    /// in turn. Only speed depends on it.
    pub processor: Option<usize>,
    /// Whether the calling thread moves to that processor too, for good (Linux; elsewhere without effect). The two never
    /// run at once, and on an idle machine a switch within one processor costs a quarter of one across two. For threads
    /// that only drive this host: whatever they start later inherits the place.
    pub share_processor: bool,
}

impl Default for Options {
    fn default() -> Options {
        Options { watchdog: Duration::from_secs(WATCHDOG_SECONDS), processor: None, share_processor: false }
    }
}

/// One invocation to start.
#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    /// The caller's number for this invocation; must not be in flight.
    pub invocation: u32,
    /// Index into the functions that the host was made with.
    pub function: usize,
    /// The Lambda environment; module state lives per function and environment.
    pub environment: u32,
    /// Whether the module is executed anew (a cold start). The first use of an environment always does.
    pub fresh: bool,
    /// The event.
    pub event: &'a Json,
    /// `aws_request_id`.
    pub request_id: &'a str,
    /// When the function's timeout ends the invocation, in virtual milliseconds since 1970.
    pub deadline_ms: u64,
    /// The virtual clock.
    pub now_ms: u64,
    /// Key of the invocation's ids and random bytes, see [`super::entropy`].
    pub entropy: u64,
    /// `MemorySize`.
    pub memory_mb: u32,
    /// The ARN that was invoked; its region is the function's.
    pub function_arn: &'a str,
}

/// What an invocation does next.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It calls a service and waits for [`Answer::Response`] or [`Answer::Error`].
    Call {
        /// The service as boto3 names it: `dynamodb`, `events`, `lambda`, `stepfunctions`, `sqs`, `sns`, `cloudwatch`.
        service: Arc<str>,
        /// The operation: `PutItem`.
        operation: Arc<str>,
        /// The parameters; bytes as base64 text, timestamps as epoch seconds, a Lambda `Payload` as text.
        parameters: Json,
        /// What boto3 does when the call fails or lasts.
        sdk: Sdk,
    },
    /// It sleeps and waits for [`Answer::Woke`].
    Sleep {
        /// For how long.
        ms: u64,
    },
    /// It asks for one draw, at least 0 and below 1, and waits for [`Answer::Random`].
    Random,
    /// It returned a result; the invocation is over.
    Returned(Json),
    /// It raised an exception, or could not be loaded; the invocation is over.
    Failed {
        /// `errorMessage`, `errorType`, `requestId`, `stackTrace`.
        payload: Json,
    },
    /// Its process exited (`sys.exit`, `os._exit`); the invocation and its environment are over.
    Exited {
        /// The exit status.
        status: i32,
    },
}

/// The world's answer to a [`Step`].
#[derive(Clone, Debug)]
pub enum Answer {
    /// A call succeeded.
    Response(Json),
    /// A call was answered with an error.
    Error(ApiError),
    /// A sleep is over.
    Woke,
    /// A draw, at least 0 and below 1.
    Random(f64),
}

/// Something a handler did that the simulated world does not control. It was refused.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Notice {
    /// The function's name.
    pub function: String,
    /// What it was: `thread`, `process`, `network`, `file`, `signal`, `foreign code`, `unsupported`,
    /// `import`.
    pub kind: String,
    /// More exactly.
    pub detail: String,
    /// The file of the function that did it.
    pub file: String,
    /// The line in it; 0 where none is known.
    pub line: u32,
}

impl Notice {
    /// Whether it is about a module that is not there, and not about what the world does not control.
    pub fn is_missing_module(&self) -> bool {
        self.kind == "import"
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Notice { function, detail, file, line, .. } = self;
        write!(f, "{file}:{line}: function {function} {detail}")?;
        if self.is_missing_module() {
            let missing = "that is neither in its folder nor in a layer nor in Python's library";
            write!(f, ", and {missing}: put it there (pip install -t, sam build)")
        } else {
            f.write_str(": the simulated world does not control that")
        }
    }
}

/// A worker process with the functions of one template.
#[derive(Debug)]
pub struct PythonHost {
    worker: Worker,
    functions: Vec<Function>,
    in_flight: BTreeMap<u32, InFlight>,
    logs: BTreeMap<u32, String>,
    notices: Vec<Notice>,
    failed: Option<HostError>,
}

#[derive(Debug)]
struct Function {
    name: String,
    handler: String,
}

#[derive(Debug)]
struct InFlight {
    function: usize,
    environment: u32,
    awaits: Awaits,
}

/// Which answer an invocation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Awaits {
    Call,
    Sleep,
    Random,
}

impl PythonHost {
    /// Starts a worker for `functions`.
    pub fn spawn(functions: &[FunctionSource]) -> Result<PythonHost, HostError> {
        PythonHost::spawn_with(functions, &Options::default())
    }

    /// Starts a worker with other than the default options.
    pub fn spawn_with(functions: &[FunctionSource], options: &Options) -> Result<PythonHost, HostError> {
        let worker = Worker::spawn(functions, options)?;
        let functions =
            functions.iter().map(|source| Function { name: source.name.clone(), handler: source.handler.clone() });
        Ok(PythonHost {
            worker,
            functions: functions.collect(),
            in_flight: BTreeMap::new(),
            logs: BTreeMap::new(),
            notices: Vec::new(),
            failed: None,
        })
    }

    /// Starts an invocation and runs it to its first step.
    pub fn start(&mut self, start: Start) -> Result<Step, HostError> {
        let Start { invocation, function, environment, .. } = start;
        self.alive()?;
        if function >= self.functions.len() {
            let known = self.functions.len();
            return Err(HostError::Misuse(format!(
                "function {function} of invocation {invocation} is not one of the {known} known"
            )));
        }
        if self.in_flight.contains_key(&invocation) {
            return Err(HostError::Misuse(format!("invocation {invocation} is already in flight")));
        }
        // AWS: an environment serves one invocation at a time.
        let busy = |other: &InFlight| other.function == function && other.environment == environment;
        if self.in_flight.values().any(busy) {
            let name = &self.functions[function].name;
            return Err(HostError::Misuse(format!(
                "environment {environment} of {name} is busy, so invocation {invocation} cannot start in it"
            )));
        }
        let body = (
            function,
            environment,
            start.fresh,
            start.deadline_ms,
            start.entropy,
            start.memory_mb,
            start.request_id,
            start.function_arn,
            start.event,
        );
        self.worker.push(Command::Start, invocation, start.now_ms, &body);
        self.logs.remove(&invocation);
        self.exchange(invocation, function, environment)
    }

    /// Answers the step that `invocation` waits on and runs it to its next.
    pub fn resume(&mut self, invocation: u32, answer: Answer, now_ms: u64) -> Result<Step, HostError> {
        self.alive()?;
        let Some(&InFlight { function, environment, awaits }) = self.in_flight.get(&invocation) else {
            return Err(HostError::Misuse(format!("invocation {invocation} is not in flight")));
        };
        match (awaits, answer) {
            (Awaits::Call, Answer::Response(response)) => {
                self.worker.push(Command::Response, invocation, now_ms, &response);
            }
            (Awaits::Call, Answer::Error(error)) => {
                let body = (error.code, &error.message, error.status, &error.details);
                self.worker.push(Command::Error, invocation, now_ms, &body);
            }
            (Awaits::Sleep, Answer::Woke) => self.worker.push(Command::Woke, invocation, now_ms, &()),
            (Awaits::Random, Answer::Random(value)) if (0.0..1.0).contains(&value) => {
                self.worker.push(Command::Drawn, invocation, now_ms, &value);
            }
            (awaits, answer) => {
                return Err(HostError::Misuse(format!(
                    "invocation {invocation} waits for a {awaits:?} to be answered and got {answer:?}"
                )));
            }
        }
        self.exchange(invocation, function, environment)
    }

    /// Gives an invocation up, as a crash or timeout does: whatever its handler still tries (`finally`, `except`) is
    /// ignored and reaches nobody. Its environment is gone, the next start in its place is a cold one.
    pub fn abandon(&mut self, invocation: u32) {
        if self.failed.is_none() && self.in_flight.remove(&invocation).is_some() {
            self.worker.push(Command::Abandon, invocation, 0, &());
        }
    }

    /// Drops all environments, invocations in flight and logs, so that the next run begins as the first one did.
    pub fn reset(&mut self) {
        self.logs.clear();
        self.in_flight.clear();
        if self.failed.is_none() {
            self.worker.push(Command::Reset, 0, 0, &());
        }
    }

    /// What an invocation has printed and logged so far. The text is forgotten.
    pub fn take_log(&mut self, invocation: u32) -> Option<String> {
        self.logs.remove(&invocation)
    }

    /// What handlers did that the world does not control, each kind of thing once, since the host was made.
    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    /// The version of the interpreter: `3.11`.
    pub fn python_version(&self) -> &str {
        self.worker.version()
    }

    fn alive(&self) -> Result<(), HostError> {
        self.failed.clone().map_or(Ok(()), Err)
    }

    /// Sends what is pushed and reads frames until the running invocation's step.
    fn exchange(&mut self, invocation: u32, function: usize, environment: u32) -> Result<Step, HostError> {
        let result = self.read_step(invocation, function, environment);
        if let Err(error) = &result {
            self.failed = Some(error.clone());
        }
        result
    }

    fn read_step(&mut self, invocation: u32, function: usize, environment: u32) -> Result<Step, HostError> {
        let running = &self.functions[function];
        self.worker.send(&running.name, &running.handler)?;
        let step = loop {
            match self.worker.receive(&running.name, &running.handler)? {
                Frame::Log(text) => self.logs.entry(invocation).or_default().push_str(&text),
                Frame::Notice { function, kind, detail, file, line } => {
                    let function = self.functions.get(function).map(|known| known.name.clone()).unwrap_or_default();
                    let notice = Notice { function, kind, detail, file, line };
                    if !self.notices.contains(&notice) {
                        self.notices.push(notice);
                    }
                }
                Frame::Step(step) => break step,
            }
        };
        let awaits = match step {
            Step::Call { .. } => Awaits::Call,
            Step::Sleep { .. } => Awaits::Sleep,
            Step::Random => Awaits::Random,
            Step::Returned(_) | Step::Failed { .. } | Step::Exited { .. } => {
                self.in_flight.remove(&invocation);
                return Ok(step);
            }
        };
        self.in_flight.insert(invocation, InFlight { function, environment, awaits });
        Ok(step)
    }
}

#[cfg(test)]
mod tests;
