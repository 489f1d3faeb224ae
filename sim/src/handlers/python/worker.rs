//! The worker process and its frames.
//!
//! To the worker: body length (u32), kind (u8), invocation (u32), now in ms (u64), body as JSON. From the worker: length
//! of kind and body (u32), kind (u8), body. Numbers are little-endian. Commands that need no answer (abandon, reset)
//! wait for the next one that does, so that a step costs one write and one read.

use std::io::{BufReader, Read, Write};
use std::path::Path;
use std::process::{ChildStderr, ChildStdin, ChildStdout, Command as Process, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use rehearsal_engine::Json;
use serde::{Deserialize, Serialize};

use super::interpreter::interpreter;
use super::watchdog::Watchdog;
use super::{FunctionSource, HostError, Options, Step, shim};
use crate::handlers::Sdk;
use crate::world::Millis;

const COMMAND_HEAD_BYTES: usize = 17;
const PIPE_BYTES: usize = 1 << 16;
/// How much of a dead worker's standard error is told.
const STDERR_BYTES_MAX: u64 = 4096;
/// Variables of ours that the worker needs to find its own libraries.
const INHERITED: [&str; 3] = ["LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT"];
const MINOR_VERSION_MIN: u32 = 9;

/// What the host tells the worker to do.
#[derive(Clone, Copy, Debug)]
#[repr(u8)]
pub(super) enum Command {
    Start = b'S',
    Response = b'R',
    Error = b'E',
    Woke = b'W',
    Drawn = b'D',
    Abandon = b'A',
    Reset = b'Z',
}

/// What the worker says.
pub(super) enum Frame {
    /// The running invocation printed something.
    Log(String),
    /// It did something that the world does not control.
    Notice { function: usize, kind: String, detail: String, file: String, line: u32 },
    /// It came to its next step.
    Step(Step),
}

#[derive(Debug)]
pub(super) struct Worker {
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr: ChildStderr,
    watchdog: Watchdog,
    version: String,
    outgoing: Vec<u8>,
    incoming: Vec<u8>,
}

impl Worker {
    pub(super) fn spawn(functions: &[FunctionSource], options: &Options) -> Result<Worker, HostError> {
        let program = interpreter()?;
        let trouble =
            |error: &str| HostError::Interpreter(format!("{} could not be started: {error}", program.display()));
        let mut process = Process::new(program);
        process.args(["-S", "-s", "-c", shim::BOOT]).current_dir("/").env_clear();
        process.envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
        // Not `-I`: it ignores the variable that fixes the order of sets.
        process.envs([("PYTHONHASHSEED", "0"), ("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONUTF8", "1")]);
        process.envs([("PYTHONNOUSERSITE", "1"), ("TZ", "UTC"), ("LC_ALL", "C.UTF-8")]);
        process.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = process.spawn().map_err(|error| trouble(&error.to_string()))?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(trouble("it has no pipes"));
        };
        let mut worker = Worker {
            stdin,
            stdout: BufReader::with_capacity(PIPE_BYTES, stdout),
            stderr,
            watchdog: Watchdog::new(child, options.watchdog),
            version: String::new(),
            outgoing: settings(functions, options),
            incoming: Vec::new(),
        };
        worker.send("(none yet)", "(none yet)")?;
        let kind = worker.read_frame("(none yet)", "(none yet)")?;
        worker.version = String::from_utf8_lossy(&worker.incoming).into_owned();
        if kind != b'H' {
            return Err(trouble("it did not greet"));
        }
        check_version(program, &worker.version)?;
        Ok(worker)
    }

    pub(super) fn version(&self) -> &str {
        &self.version
    }

    /// Adds a command to what goes out next.
    pub(super) fn push(&mut self, command: Command, invocation: u32, now_ms: u64, body: &impl Serialize) {
        let start = self.outgoing.len();
        self.outgoing.extend_from_slice(&[0; COMMAND_HEAD_BYTES]);
        // Writing JSON to memory cannot go wrong: keys are strings, and there is no input or output.
        let _ = serde_json::to_writer(&mut self.outgoing, body);
        let length = (self.outgoing.len() - start - COMMAND_HEAD_BYTES) as u32;
        let head = &mut self.outgoing[start..start + COMMAND_HEAD_BYTES];
        head[..4].copy_from_slice(&length.to_le_bytes());
        head[4] = command as u8;
        head[5..9].copy_from_slice(&invocation.to_le_bytes());
        head[9..].copy_from_slice(&now_ms.to_le_bytes());
    }

    /// Sends what was pushed. From here on the worker is expected to speak.
    pub(super) fn send(&mut self, function: &str, handler: &str) -> Result<(), HostError> {
        self.watchdog.arm();
        let written = self.stdin.write_all(&self.outgoing);
        self.outgoing.clear();
        written.map_err(|_| self.died(function, handler))
    }

    /// Reads the next frame.
    pub(super) fn receive(&mut self, function: &str, handler: &str) -> Result<Frame, HostError> {
        let kind = self.read_frame(function, handler)?;
        let body = &self.incoming;
        Ok(Frame::Step(match kind {
            b'C' => {
                let (service, operation, parameters, attempts_max, read_timeout_ms) =
                    read(body, function, "a service call")?;
                Step::Call { service, operation, parameters, sdk: Sdk { attempts_max, read_timeout_ms } }
            }
            b'S' => Step::Sleep { ms: read(body, function, "a sleep")? },
            b'R' => Step::Random,
            b'D' => Step::Returned(read(body, function, "a result")?),
            b'F' => Step::Failed { payload: read(body, function, "an error")? },
            b'X' => Step::Exited { status: read(body, function, "an exit status")? },
            b'L' => return Ok(Frame::Log(String::from_utf8_lossy(body).into_owned())),
            b'N' => {
                let (function, kind, detail, file, line) = read(body, function, "a notice")?;
                return Ok(Frame::Notice { function, kind, detail, file, line });
            }
            other => {
                let text = format!("the Python worker sent a frame of unknown kind {other} while {function} ran");
                return Err(HostError::Protocol(text));
            }
        }))
    }

    /// Reads a frame's body into `incoming`; returns its kind.
    fn read_frame(&mut self, function: &str, handler: &str) -> Result<u8, HostError> {
        let mut head = [0; 5];
        let mut read = self.stdout.read_exact(&mut head);
        if read.is_ok() {
            let length = u32::from_le_bytes([head[0], head[1], head[2], head[3]]).saturating_sub(1) as usize;
            self.incoming.resize(length, 0);
            read = self.stdout.read_exact(&mut self.incoming);
        }
        if read.is_err() {
            return Err(self.died(function, handler));
        }
        self.watchdog.disarm();
        Ok(head[4])
    }

    fn died(&mut self, function: &str, handler: &str) -> HostError {
        let status = self.watchdog.end();
        if self.watchdog.fired() {
            let limit = format!("{:?}", self.watchdog.limit());
            return HostError::Hung { function: function.into(), handler: handler.into(), limit };
        }
        let mut stderr = Vec::new();
        let _ = self.stderr.by_ref().take(STDERR_BYTES_MAX).read_to_end(&mut stderr);
        let stderr = String::from_utf8_lossy(&stderr).trim().to_owned();
        HostError::Died { function: function.into(), status, stderr }
    }
}

fn check_version(program: &Path, version: &str) -> Result<(), HostError> {
    let minor = version.strip_prefix("3.").and_then(|minor| minor.parse::<u32>().ok());
    if minor.is_some_and(|minor| minor >= MINOR_VERSION_MIN) {
        return Ok(());
    }
    Err(HostError::Interpreter(format!(
        "{} is Python {version}; put Python 3.{MINOR_VERSION_MIN} or later on PATH as python3",
        program.display()
    )))
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8], function: &str, what: &str) -> Result<T, HostError> {
    serde_json::from_slice(body).map_err(|error| {
        HostError::Protocol(format!("function {function} handed out {what} that cannot be read as JSON ({error})"))
    })
}

/// The first message: its length, then what `boot.py` reads.
fn settings(functions: &[FunctionSource], options: &Options) -> Vec<u8> {
    let functions: Vec<Json> = functions.iter().map(function_settings).collect();
    let sources = Json::from_pairs(shim::MODULES.map(|(name, text)| (name, Json::from(text))));
    let settings = Json::from_pairs([
        ("sources", sources),
        ("functions", Json::from(functions)),
        ("epoch_ms", Json::from(Millis::START.0)),
        ("cpu", Json::from(options.processor.unwrap_or_else(next_processor))),
        ("caller", Json::from(options.share_processor.then(thread_id).flatten())),
    ]);
    let text = settings.to_string();
    let mut message = (text.len() as u32).to_le_bytes().to_vec();
    message.extend_from_slice(text.as_bytes());
    message
}

fn function_settings(function: &FunctionSource) -> Json {
    let texts = |pairs: &[(String, String)]| {
        Json::from_pairs(pairs.iter().map(|(name, value)| (name.as_str(), Json::from(value.as_str()))))
    };
    let files = function.files.iter().map(|(path, text)| (path.as_str(), Json::String(text.clone())));
    let folders: Vec<Json> = function.folders.iter().map(|folder| Json::from(folder.as_str())).collect();
    Json::from_pairs([
        ("name", Json::from(function.name.as_str())),
        ("handler", Json::from(function.handler.as_str())),
        ("file", Json::from(function.file.as_str())),
        ("folders", Json::from(folders)),
        ("files", Json::from_pairs(files)),
        ("environment", texts(&function.environment)),
        ("is_script", Json::Bool(function.is_script)),
    ])
}

/// Workers of one process take the processors in turn; processes begin at different ones.
pub(crate) fn next_processor() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(std::process::id() as usize)
}

/// The calling thread's number at the operating system, where that can be read.
fn thread_id() -> Option<u64> {
    let link = std::fs::read_link("/proc/thread-self").ok()?;
    link.file_name()?.to_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::check_version;

    #[test]
    fn an_old_python_is_refused_by_its_version() {
        let check = |version| check_version(Path::new("/usr/bin/python3"), version);
        assert_eq!((check("3.9"), check("3.14")), (Ok(()), Ok(())));
        for version in ["3.8", "2.7", ""] {
            let told = check(version).expect_err("too old").to_string();
            assert_eq!(
                told,
                format!("/usr/bin/python3 is Python {version}; put Python 3.9 or later on PATH as python3")
            );
        }
    }
}
