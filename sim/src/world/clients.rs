//! The client scripts of the workload: each a process of its own that calls AWS from outside, sleeps, prints and ends, and
//! that may be killed between two calls and run again, like any other client. What a script runs in is a
//! [`Host`]; the world drives it step by step, so that clients and functions interleave at every call.

use rehearsal_engine::Json;

use super::outstanding::{Outstanding, SDK_RETRY_MS, SDK_RETRY_OCCURRENCE, read_timeout};
use super::{
    ActorId, Caller, Core, FaultId, Kind, Name, Principal, ReplyTo, ScriptRun, TimerOwner, Weighted, hash_text,
};
use crate::handlers::entropy::{RANDOM_WEIGHTS, random_value};
use crate::handlers::{Host, HostError, Sdk, Start, Step, Wake};
use crate::services::{Answer, Request};

/// The scripts of a scenario and the clients of a run that run them.
#[derive(Default)]
pub struct Clients {
    host: Option<Box<dyn Host>>,
    scripts: Vec<Name>,
    records: Vec<Client>,
    processes: u32,
    changed: bool,
}

/// One client: its script, over all the times that it was run.
#[derive(Debug)]
pub struct Client {
    /// Its lineage: the actor's of the workload, and the script.
    pub actor: ActorId,
    /// Which script, by its place among the scenario's.
    pub script: u32,
    /// What it is run with: `{"arguments": [...], "environment": {...}}`.
    pub start: Json,
    /// How often it was run.
    pub attempts: u32,
    /// How it ended, once it has.
    pub end: Option<ClientEnd>,
    /// What it printed, where the run is recorded.
    pub output: String,
    slot: u32,
    run: Run,
}

/// How a client's script ended.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientEnd {
    /// It exited with this status; 0 as well when it ran to its end.
    Exited(i32),
    /// An exception ended it; the payload names it as a function's would.
    Raised(Json),
}

/// One run of a script.
#[derive(Debug)]
struct Run {
    actor: ActorId,
    process: u32,
    is_running: bool,
    entropy: u64,
    calls: Vec<(Name, u32)>,
    sleeps: u32,
    randoms: u32,
    outstanding: Outstanding,
}

/// A script is killed at most this often: nobody lets it run into the same wall for ever. A choice of this project.
const CRASHES_MAX: u32 = 5;

/// How soon whoever watches over a client runs it again.
const RESTART_MS: u64 = 5_000;

impl Clients {
    /// Clients whose scripts `host` runs, by their place among `scripts`.
    pub fn new(scripts: Vec<Name>, host: Box<dyn Host>) -> Clients {
        Clients { host: Some(host), scripts, ..Clients::default() }
    }

    /// The names of the scripts.
    pub fn scripts(&self) -> &[Name] {
        &self.scripts
    }

    /// The clients of this run, in the order of their start.
    pub fn records(&self) -> &[Client] {
        &self.records
    }

    /// What scripts did that the world does not control.
    pub fn notices(&self) -> &[crate::handlers::python::Notice] {
        self.host.as_ref().map_or(&[], |host| host.notices())
    }

    /// Whether a client began or ended since this was last asked.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    pub(super) fn reset(&mut self) {
        self.records.clear();
        self.processes = 0;
        if let Some(host) = &mut self.host {
            host.reset();
        }
    }

    /// Starts the script of an actor's step number `at`; the slot of the actor when it is over already.
    pub(super) fn begin(
        &mut self,
        core: &mut Core,
        caller: Caller,
        slot: u32,
        ScriptRun { script, start }: ScriptRun,
    ) -> Result<Option<u32>, HostError> {
        let Some(name) = self.scripts.get(script as usize) else {
            return Err(HostError(format!("the workload runs script number {script}, which it does not have")));
        };
        let id = self.records.len() as u32;
        let actor = core.child(caller.actor, *name, caller.occurrence);
        let run = Run::new(core, actor, 0);
        self.records.push(Client { actor, script, start, attempts: 0, end: None, output: String::new(), slot, run });
        self.run(core, id)
    }

    /// A client's timer is due: the end of its sleep, or the time to run it again.
    pub(super) fn timer(&mut self, core: &mut Core, id: u32) -> Result<Option<u32>, HostError> {
        if self.records[id as usize].run.is_running { self.resume(core, id, Wake::Slept) } else { self.run(core, id) }
    }

    /// The answer to a client's call arrived.
    pub(super) fn answer(
        &mut self,
        core: &mut Core,
        id: u32,
        process: u32,
        call: u32,
        answer: Answer,
    ) -> Result<Option<u32>, HostError> {
        let run = &mut self.records[id as usize].run;
        // Killed meanwhile: what it asked for happened, nobody hears of it.
        if !run.is_running || run.process != process {
            return Ok(None);
        }
        match run.outstanding.answered(core, call, answer) {
            None => Ok(None),
            Some(answer) => self.resume(core, id, Wake::Answer(answer)),
        }
    }

    /// What the SDK of a client does about the call that it waits for.
    pub(super) fn sdk(&self, id: u32) -> Sdk {
        self.records.get(id as usize).map(|client| client.run.outstanding.sdk()).unwrap_or_default()
    }

    fn host(&mut self) -> Result<&mut Box<dyn Host>, HostError> {
        self.host.as_mut().ok_or_else(|| HostError("the workload runs a script and has nothing to run it with".into()))
    }

    fn run(&mut self, core: &mut Core, id: u32) -> Result<Option<u32>, HostError> {
        self.processes += 1;
        self.changed = true;
        let process = self.processes;
        let client = &mut self.records[id as usize];
        // Each time it is run is a lineage of its own, so that its calls have their own sites.
        let actor = core.child(client.actor, Name::TRY, client.attempts);
        client.attempts += 1;
        client.run = Run::new(core, actor, process);
        let (script, entropy, event) = (client.script, client.run.entropy, client.start.clone());
        let attempts = client.attempts;
        core.note(actor, || if attempts > 1 { "is run again".to_owned() } else { "begins".to_owned() });
        let step = self.host()?.start(&Start {
            invocation: process,
            function: script,
            environment: process,
            fresh: true,
            event: &event,
            entropy,
            request: entropy,
            deadline: core.now(),
            now: core.now(),
            skew_ms: 0,
        })?;
        self.follow(core, id, step)
    }

    fn resume(&mut self, core: &mut Core, id: u32, wake: Wake) -> Result<Option<u32>, HostError> {
        let process = self.records[id as usize].run.process;
        let step = self.host()?.resume(process, wake, core.now())?;
        self.follow(core, id, step)
    }

    fn follow(&mut self, core: &mut Core, id: u32, mut step: Step) -> Result<Option<u32>, HostError> {
        loop {
            self.note_output(core, id);
            let run = &mut self.records[id as usize].run;
            let actor = run.actor;
            match step {
                Step::Call { request, sdk } => {
                    self.call(core, id, request, sdk);
                    return Ok(None);
                }
                Step::Sleep { ms } => {
                    run.sleeps += 1;
                    core.timer(core.now() + ms, 0, actor, run.sleeps, TimerOwner::Client { client: id });
                    return Ok(None);
                }
                Step::Random => {
                    let occurrence = run.randoms;
                    run.randoms += 1;
                    let odds = Weighted::Table(&RANDOM_WEIGHTS);
                    let taken = core.choose(actor, Name::HANDLER, Kind::Random, occurrence, &odds);
                    let value = random_value(taken, core.entropy(actor, Name::HANDLER, occurrence + 1));
                    let process = run.process;
                    step = self.host()?.resume(process, Wake::Random(value), core.now())?;
                }
                Step::Returned(_) => return Ok(Some(self.end(core, id, ClientEnd::Exited(0)))),
                Step::Exited { status } => return Ok(Some(self.end(core, id, ClientEnd::Exited(status)))),
                Step::Failed(payload) => return Ok(Some(self.end(core, id, ClientEnd::Raised(payload)))),
            }
        }
    }

    fn call(&mut self, core: &mut Core, id: u32, request: Request, sdk: Sdk) {
        let run = &mut self.records[id as usize].run;
        let (actor, operation) = (run.actor, request.operation());
        let occurrence = run.next_call(operation);
        let call = run.outstanding.next(sdk);
        let reply_to = ReplyTo::Client { client: id, process: run.process, call };
        let caller = Caller { actor, occurrence, principal: Principal::Anyone, reply_to };
        let unheard = Caller { reply_to: ReplyTo::Nobody, ..caller };
        let may_crash = self.records[id as usize].attempts <= CRASHES_MAX;
        let crash = if may_crash { core.fault(FaultId::ClCrash, actor, operation, occurrence) } else { 0 };
        if crash != 0 {
            if crash == 2 {
                core.send(unheard, request);
            }
            self.crash(core, id);
            return;
        }
        match core.fault(FaultId::ClLostAnswer, actor, operation, occurrence) {
            0 => self.records[id as usize].run.outstanding.send(core, caller, request),
            1 if sdk.repeats() => {
                core.send(unheard, request.clone());
                let again = Caller { occurrence: occurrence + SDK_RETRY_OCCURRENCE, ..caller };
                core.send_after(SDK_RETRY_MS, SDK_RETRY_MS, again, request);
            }
            _ => {
                core.send(unheard, request);
                core.answer_after(sdk.read_timeout_ms, actor, occurrence, reply_to, Err(read_timeout()));
            }
        }
    }

    /// The process is gone; whoever watches over it runs the script again.
    fn crash(&mut self, core: &mut Core, id: u32) {
        let run = &mut self.records[id as usize].run;
        let (actor, process) = (run.actor, run.process);
        run.is_running = false;
        run.outstanding.give_up(core);
        if let Some(host) = &mut self.host {
            host.abandon(process);
        }
        core.timer(core.now() + RESTART_MS, 0, actor, 0, TimerOwner::Client { client: id });
    }

    fn end(&mut self, core: &mut Core, id: u32, end: ClientEnd) -> u32 {
        let client = &mut self.records[id as usize];
        client.run.is_running = false;
        client.run.outstanding.give_up(core);
        core.note(client.run.actor, || end.told());
        core.fold(hash_text(&end.told()));
        self.changed = true;
        client.end = Some(end);
        client.slot
    }

    fn note_output(&mut self, core: &mut Core, id: u32) {
        if !core.is_recorded() {
            return;
        }
        let client = &mut self.records[id as usize];
        let Some(text) = self.host.as_mut().and_then(|host| host.take_log(client.run.process)) else { return };
        for line in text.lines() {
            core.note(client.run.actor, || format!("prints {line}"));
        }
        client.output.push_str(&text);
    }
}

impl ClientEnd {
    /// The exit status that a shell would show.
    pub fn status(&self) -> i32 {
        match self {
            ClientEnd::Exited(status) => *status,
            ClientEnd::Raised(_) => 1,
        }
    }

    /// The end in words.
    pub fn told(&self) -> String {
        match self {
            ClientEnd::Exited(status) => format!("exits with {status}"),
            ClientEnd::Raised(payload) => {
                let text = |key: &str| payload.get(key).and_then(Json::as_str).unwrap_or_default().to_owned();
                format!("is ended by {}: {}", text("errorType"), text("errorMessage"))
            }
        }
    }
}

impl Run {
    fn new(core: &Core, actor: ActorId, process: u32) -> Run {
        let entropy = core.entropy(actor, Name::HANDLER, 0);
        Run {
            actor,
            process,
            is_running: process != 0,
            entropy,
            calls: Vec::new(),
            sleeps: 0,
            randoms: 0,
            outstanding: Outstanding::default(),
        }
    }

    /// Which of the run's calls of `operation` comes next.
    fn next_call(&mut self, operation: Name) -> u32 {
        if let Some((_, count)) = self.calls.iter_mut().find(|(known, _)| *known == operation) {
            *count += 1;
            return *count - 1;
        }
        self.calls.push((operation, 1));
        0
    }
}
