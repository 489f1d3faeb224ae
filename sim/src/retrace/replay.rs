//! One run of a definition with everything from outside told out of a recording.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::{Program, Resource, StateId};
use rehearsal_engine::execution::{
    Env, Era, Event, Execution, Ready, Resumed, Site, Start, Waiting, WaitsFor, WorkflowType,
};

use super::recording::{Recorded, Recording};
use crate::lone;

/// Events that a run may have beyond its recording, once it has left it.
const EVENTS_BEYOND: u64 = 1_000;

/// The seed of what is drawn before it is learnt.
const SEED: u64 = 0x7265_7472_6163_6500;

/// Names one drawn value: its place in the run, or one of the names of the execution.
pub(super) type Key = String;

/// The key of the state machine's name.
pub(super) const MACHINE_NAME: &str = "machine name";
/// The key of the execution's name.
pub(super) const EXECUTION_NAME: &str = "execution name";

/// Drawn values that were learnt from the recording.
#[derive(Clone, Debug, Default)]
pub(super) struct Learnt {
    pub(super) texts: HashMap<Key, String>,
    pub(super) numbers: HashMap<Key, f64>,
    /// What stood in the input in the place of these words.
    pub(super) masked: Vec<(String, String)>,
}

/// A run that is over.
pub(super) struct Run {
    pub(super) execution: Execution,
    /// The texts that were drawn without being known, and which draws they are.
    pub(super) unknown_texts: Vec<(String, Key)>,
    /// The numbers that were drawn without being known, in order.
    pub(super) unknown_numbers: Vec<Key>,
}

/// Runs `recording` once more.
pub(super) fn run(program: &Arc<Program>, recording: &Recording, workflow_type: WorkflowType, learnt: &Learnt) -> Run {
    let mut env = Told {
        program,
        recording,
        learnt,
        cursor: 1,
        is_free: false,
        unknown_texts: Vec::new(),
        unknown_numbers: Vec::new(),
    };
    let start = env.start(workflow_type);
    let mut execution = Execution::start(program.clone(), start);
    let mut effects = Vec::new();
    loop {
        execution.poll(&mut env, &mut effects);
        effects.clear();
        env.cursor = execution.history().last_id();
        let Some(next) = recording.after(env.cursor) else { break };
        if !tell(&mut execution, next, &mut env) {
            break;
        }
    }
    if execution.outcome().is_none() && recording.after(env.cursor).is_some() {
        // It went another way; what is known of its tasks by name is told still.
        env.is_free = true;
        finish(&mut execution, &mut env);
    }
    Run { execution, unknown_texts: env.unknown_texts, unknown_numbers: env.unknown_numbers }
}

/// Tells the execution what the recording says comes next. Says whether that meant anything to it.
fn tell(execution: &mut Execution, next: &Recorded, env: &mut Told) -> bool {
    let event = match next.type_name.as_str() {
        "ExecutionAborted" => {
            let (error, cause) = failure(next);
            Some(Event::Stop { error, cause })
        }
        "ExecutionTimedOut" => execution.timeout().map(Event::TimerFired),
        "ExecutionRedriven" => Some(Event::Redrive),
        _ => {
            let waiting = execution.waiting().find(|waiting| waiting.newest == next.previous);
            waiting.and_then(|waiting| told(execution, waiting, next, env.recording))
        }
    };
    event.is_some_and(|event| execution.resume(event, env) == Resumed::Accepted)
}

/// The event for a line of control that waits.
fn told(execution: &Execution, waiting: Waiting, next: &Recorded, recording: &Recording) -> Option<Event> {
    let (task, timeout, heartbeat) = match waiting.on {
        // Whatever comes after a Wait or a retry's delay, the delay was over.
        WaitsFor::Timer(timer) => return Some(Event::TimerFired(timer)),
        WaitsFor::Task { task, timeout, heartbeat } => (task, timeout, heartbeat),
    };
    let state = execution.program().state(waiting.state)?;
    let (error, cause) = failure(next);
    let cause = match (state.resource(), cause) {
        (Some(resource), Some(cause)) => Some(lone::cause_of(resource, cause)),
        (_, cause) => cause,
    };
    Some(match next.type_name.as_str() {
        "TaskStarted" | "LambdaFunctionStarted" | "ActivityStarted" => {
            Event::Started { task, worker: next.text("workerName").map(Arc::from) }
        }
        "TaskSubmitted" => Event::Submitted { task, output: next.payload("output").unwrap_or_default() },
        "TaskSucceeded" | "LambdaFunctionSucceeded" | "ActivitySucceeded" => {
            Event::Succeeded { task, output: next.payload("output").unwrap_or_default() }
        }
        "MapRunSucceeded" => {
            Event::Succeeded { task, output: results(execution, waiting, recording).unwrap_or_default() }
        }
        "TaskFailed" | "LambdaFunctionFailed" | "ActivityFailed" | "MapRunFailed" => {
            Event::Failed { task, error, cause }
        }
        "LambdaFunctionScheduleFailed" | "ActivityScheduleFailed" => Event::ScheduleFailed { task, error, cause },
        "LambdaFunctionStartFailed" | "TaskStartFailed" => Event::StartFailed { task, error, cause },
        "TaskSubmitFailed" => Event::SubmitFailed { task, error, cause },
        "TaskTimedOut" | "LambdaFunctionTimedOut" | "ActivityTimedOut" => match (timeout, heartbeat) {
            (None, None) => Event::TimedOut { task },
            (Some(timer), None) | (None, Some(timer)) => Event::TimerFired(timer),
            (Some(timeout), Some(heartbeat)) => {
                let is_whole = has_run_out(next, recording);
                Event::TimerFired(if is_whole { timeout } else { heartbeat })
            }
        },
        _ => return None,
    })
}

/// Whether a task that timed out had used up its `TimeoutSeconds`; otherwise it missed a heartbeat.
fn has_run_out(timed_out: &Recorded, recording: &Recording) -> bool {
    let mut event = timed_out;
    loop {
        if let Some(seconds) = event.details.get("timeoutInSeconds").and_then(Json::as_i64) {
            let waited_ms = timed_out.at_ms.saturating_sub(event.at_ms);
            return waited_ms >= u64::try_from(seconds).unwrap_or_default().saturating_mul(1000);
        }
        // Causes lie before their effects.
        match event.previous.checked_sub(1).and_then(|before| recording.after(before)) {
            Some(before) if before.id < event.id => event = before,
            _ => return true,
        }
    }
}

/// The results of a Map Run, out of what the Map's exit shows of them.
fn results(execution: &Execution, waiting: Waiting, recording: &Recording) -> Option<Json> {
    let state = execution.program().state(waiting.state)?;
    let exited = recording.events.iter().skip(usize::try_from(waiting.newest).ok()?);
    let mut exited = exited.filter(|event| event.type_name == "MapStateExited");
    let output = exited.find(|event| event.text("name") == Some(&**state.name()))?.payload("output")?;
    Some(state.result_in(&output).unwrap_or(output))
}

fn failure(event: &Recorded) -> (Option<Arc<str>>, Option<Arc<str>>) {
    (event.text("error").map(Arc::from), event.text("cause").map(Arc::from))
}

/// Goes on after the run has left its recording: tasks end as the next task of the same state did, delays are over.
fn finish(execution: &mut Execution, env: &mut Told) {
    let mut outcomes = outcomes(env.recording);
    for chains in outcomes.values_mut() {
        chains.reverse();
    }
    let mut effects = Vec::new();
    let rounds_max = env.recording.events.len() as u64 * 2 + EVENTS_BEYOND;
    for _ in 0..rounds_max {
        execution.poll(env, &mut effects);
        effects.clear();
        env.cursor = execution.history().last_id();
        let Some(waiting) = execution.waiting().next() else { return };
        let chain = match waiting.on {
            WaitsFor::Timer(timer) => vec![Event::TimerFired(timer)],
            WaitsFor::Task { .. } => {
                let name = execution.program().state(waiting.state).map(|state| state.name().to_string());
                let chain = name.and_then(|name| outcomes.get_mut(&name)?.pop());
                let told = |event: &&Recorded| told(execution, waiting, event, env.recording);
                chain.unwrap_or_default().iter().filter_map(told).collect()
            }
        };
        if chain.is_empty() {
            return;
        }
        for event in chain {
            let _: Resumed = execution.resume(event, env);
        }
    }
}

/// The events of every call of a task, by the state's name, in the order of the calls.
fn outcomes(recording: &Recording) -> BTreeMap<String, Vec<Vec<&Recorded>>> {
    let mut by_state: BTreeMap<String, Vec<Vec<&Recorded>>> = BTreeMap::new();
    // The name of the state and the call that an event belongs to.
    let mut of_event: HashMap<u64, (String, usize)> = HashMap::new();
    let mut entered: HashMap<u64, String> = HashMap::new();
    for event in &recording.events {
        let type_name = event.type_name.as_str();
        if type_name.ends_with("StateEntered") {
            entered.insert(event.id, event.text("name").unwrap_or_default().to_owned());
        } else if type_name.ends_with("Scheduled") || type_name == "MapRunStarted" {
            let name = of_event.get(&event.previous).map(|(name, _)| name).or_else(|| entered.get(&event.previous));
            let Some(name) = name.cloned() else { continue };
            let calls = by_state.entry(name.clone()).or_default();
            calls.push(Vec::new());
            of_event.insert(event.id, (name, calls.len() - 1));
        } else if type_name == "MapStateStarted" {
            if let Some(name) = entered.get(&event.previous).cloned() {
                entered.insert(event.id, name);
            }
        } else if let Some((name, call)) = of_event.get(&event.previous).cloned()
            && !type_name.ends_with("StateExited")
        {
            if let Some(chain) = by_state.get_mut(&name).and_then(|calls| calls.get_mut(call)) {
                chain.push(event);
            }
            of_event.insert(event.id, (name, call));
        }
    }
    by_state
}

/// What a run borrows: time, order and chance as they were recorded.
struct Told<'r> {
    program: &'r Program,
    recording: &'r Recording,
    learnt: &'r Learnt,
    /// The number of the newest event.
    cursor: u64,
    /// Whether the run has left the recording.
    is_free: bool,
    unknown_texts: Vec<(String, Key)>,
    unknown_numbers: Vec<Key>,
}

impl Told<'_> {
    fn next_recorded(&self) -> Option<&Recorded> {
        self.recording.after(self.cursor)
    }

    fn start(&mut self, workflow_type: WorkflowType) -> Start {
        let account = self.recording.role_arn.split(':').nth(4).filter(|account| !account.is_empty());
        let account = account.unwrap_or("111111111111").to_owned();
        let region = self.recording.events.iter().find_map(|event| event.text("region")).unwrap_or("us-east-1");
        let machine = self.text(MACHINE_NAME.to_owned(), |[high, _]| format!("machine-{high:016x}"));
        let name = self.text(EXECUTION_NAME.to_owned(), |[high, _]| format!("execution-{high:016x}"));
        let (kind, run) = match workflow_type {
            WorkflowType::Standard => ("execution", String::new()),
            WorkflowType::Express => ("express", format!(":{name}")),
        };
        let start_ms = self.recording.events.first().map_or(0, |event| event.at_ms);
        let (mut input, mut input_text) = (self.recording.input.clone(), self.recording.input_text.clone());
        if !self.learnt.masked.is_empty() {
            input = unmasked(&input, &self.learnt.masked);
            input_text = input.to_string();
            let values = self.learnt.masked.iter().map(|(word, value)| (value.clone(), word.clone()));
            self.unknown_texts.extend(values);
        }
        Start {
            input,
            input_text: Some(input_text.into()),
            execution_arn: format!("arn:aws:states:{region}:{account}:{kind}:{machine}:{name}{run}").into(),
            execution_name: name.as_str().into(),
            role_arn: self.recording.role_arn.as_str().into(),
            state_machine_arn: format!("arn:aws:states:{region}:{account}:stateMachine:{machine}").into(),
            state_machine_name: machine.as_str().into(),
            start_ms,
            workflow_type,
            era: Era::of(start_ms),
            history: true,
        }
    }

    fn text(&mut self, key: Key, draw: impl FnOnce([u64; 2]) -> String) -> String {
        if let Some(known) = self.learnt.texts.get(&key) {
            return known.clone();
        }
        let drawn = draw(lone::key(SEED, &key));
        self.unknown_texts.push((drawn.clone(), key));
        drawn
    }
}

impl Env for Told<'_> {
    fn now_ms(&self) -> u64 {
        let last = self.recording.events.last().map_or(0, |event| event.at_ms);
        self.next_recorded().map_or(last, |next| next.at_ms)
    }

    fn random(&mut self, site: &Site, occurrence: u32) -> f64 {
        let key = format!("{site:?} {occurrence}");
        if let Some(known) = self.learnt.numbers.get(&key) {
            return *known;
        }
        self.unknown_numbers.push(key);
        0.5
    }

    fn uuid(&mut self, site: &Site, occurrence: u32) -> String {
        self.text(format!("{site:?} {occurrence}"), lone::uuid)
    }

    fn task_token(&mut self, site: &Site) -> Arc<str> {
        self.text(format!("{site:?} token"), |[high, low]| format!("token-{high:016x}{low:016x}")).into()
    }

    fn admit(&mut self, _: &Resource, _: &Json) -> Result<(), String> {
        let Some(next) = self.next_recorded().filter(|next| !next.type_name.ends_with("Scheduled")) else {
            return Ok(());
        };
        if self.is_free {
            return Ok(());
        }
        // AWS refused the task: the execution's end says why, after the sentence that names the state.
        let refusal = self.recording.events.iter().skip(usize::try_from(next.id).unwrap_or_default().saturating_sub(1));
        let mut refusal = refusal.filter(|event| event.text("error") == Some("States.Runtime"));
        let refusal = refusal.find_map(|event| event.text("cause")?.split_once("). "));
        refusal.map_or(Ok(()), |(_, detail)| Err(detail.to_owned()))
    }

    fn interleaves(&self) -> bool {
        true
    }

    fn next(&mut self, newest: u64, ready: &[Ready]) -> Option<usize> {
        self.cursor = newest;
        if self.is_free {
            return (newest < self.recording.events.len() as u64 + EVENTS_BEYOND).then_some(0);
        }
        let next = self.next_recorded()?;
        let follows = |ready: &Ready| ready.newest == next.previous;
        let is_in = |ready: &Ready, name: Option<&str>| {
            self.program.state(ready.state).is_some_and(|state| name == Some(&**state.name()))
        };
        if next.type_name.ends_with("StateEntered") {
            // Branches start from the same event; their states' names tell them apart.
            let name = next.text("name");
            return ready.iter().position(|ready| follows(ready) && ready.enters && is_in(ready, name));
        }
        let goes_on = ready.iter().position(|ready| follows(ready) && !ready.enters);
        if next.type_name == "EvaluationFailed" {
            // It follows from what came before the state.
            let name = next.text("state");
            return ready.iter().position(|ready| !ready.enters && is_in(ready, name)).or(goes_on);
        }
        goes_on
    }

    fn tells_map_run(&self, _: StateId) -> bool {
        true
    }
}

/// The same value with other texts in the place of words that a tool put there.
fn unmasked(value: &Json, masked: &[(String, String)]) -> Json {
    // Inputs nest as deep as the reader lets them.
    match value {
        Json::String(text) => match masked.iter().find(|(word, _)| **word == **text) {
            Some((_, value)) => Json::from(value.as_str()),
            None => value.clone(),
        },
        Json::Array(items) => Json::from(items.iter().map(|item| unmasked(item, masked)).collect::<Vec<_>>()),
        Json::Object(members) => {
            Json::from_pairs(members.iter().map(|(key, member)| (key.clone(), unmasked(member, masked))))
        }
        other => other.clone(),
    }
}
