//! Task outcomes from a file: our own form, or a Step Functions Local `MockConfigFile`.
//!
//! ```json
//! {"tasks": [{"state": "Charge", "path": [{"map": "Each", "index": 0}], "attempt": 0, "output": {"ok": true}},
//!            {"state": "Charge", "error": "Declined", "cause": "no funds"},
//!            {"state": "Approve", "submitted": {"MessageId": "1"}, "never": true}],
//!  "objects": {"bucket": {"key": "what an ItemReader reads there"}}}
//! ```
//!
//! `"refused": "schedule"` (or `"start"`, `"submit"`) beside an error says that the task did not get to run. An object that is a
//! list rather than text gives the items themselves, as for Parquet files and manifests.
//!
//! An entry without `path` or `attempt` fits any; entries that fit the same call are used in order, the last again.

use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::{Program, Resource, StateType};
use rehearsal_engine::execution::{Invocation, Site};

use crate::lone::cause_of;

/// What the tasks of an execution answer.
#[derive(Debug, Default)]
pub(super) struct Mocks {
    entries: Vec<Entry>,
    /// By bucket, then by key.
    objects: Json,
}

#[derive(Debug)]
struct Entry {
    state: String,
    path: Option<Vec<(String, u64)>>,
    attempt: Option<u64>,
    is_used: bool,
    outcome: Outcome,
}

#[derive(Clone, Debug)]
struct Outcome {
    worker: Option<Arc<str>>,
    submitted: Option<Json>,
    after_ms: u64,
    end: End,
}

/// How a mocked task ends.
#[derive(Clone, Debug)]
pub(super) enum End {
    Never,
    Output(Json),
    Error(Option<Arc<str>>, Option<Arc<str>>),
    /// The error came before the task ran.
    Refused(Phase, Option<Arc<str>>, Option<Arc<str>>),
}

/// What of a task can be refused.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phase {
    /// Its scheduling.
    Schedule,
    /// Its start.
    Start,
    /// The request of a `.sync` or `.waitForTaskToken` task.
    Submit,
}

/// What happens to one call.
#[derive(Debug)]
pub(super) struct Answer {
    /// Whether the task starts at all.
    pub(super) is_started: bool,
    pub(super) worker: Option<Arc<str>>,
    pub(super) submitted: Option<Json>,
    pub(super) after_ms: u64,
    pub(super) end: End,
}

impl Mocks {
    /// Reads either form; `machine` and `case` pick from a `MockConfigFile`.
    pub(super) fn parse(json: &Json, machine: &str, case: Option<&str>) -> Result<Mocks, String> {
        if json.get("MockedResponses").is_some() {
            return local_mocks(json, machine, case);
        }
        let tasks = json.get("tasks").and_then(Json::as_array).ok_or("expected an object with a list 'tasks'")?;
        let entry = |(at, task): (usize, &Json)| entry(task).map_err(|error| format!("tasks[{at}]: {error}"));
        let objects = json.get("objects").cloned().unwrap_or_default();
        Ok(Mocks { entries: tasks.iter().enumerate().map(entry).collect::<Result<_, _>>()?, objects })
    }

    /// The outcome of a call.
    pub(super) fn take(&mut self, program: &Program, invocation: &Invocation) -> Answer {
        let site = &invocation.site;
        let state = program.state(site.state);
        if state.is_some_and(|state| state.state_type() == StateType::Map) {
            let end = self.store(&invocation.resource, &invocation.parameters);
            return Answer { is_started: false, worker: None, submitted: None, after_ms: 0, end };
        }
        let name = state.map_or("", |state| state.name());
        let path = path_of(program, site);
        let fitting = |entry: &&mut Entry| {
            entry.state == name
                && entry.path.as_ref().is_none_or(|wanted| *wanted == path)
                && entry.attempt.is_none_or(|wanted| wanted == u64::from(site.attempt))
        };
        let mut last = None;
        for entry in self.entries.iter_mut().filter(fitting) {
            let is_fresh = !entry.is_used;
            last = Some(entry);
            if is_fresh {
                break;
            }
        }
        let Some(entry) = last else { return unmocked(name, site.attempt) };
        entry.is_used = true;
        let Outcome { worker, submitted, after_ms, mut end } = entry.outcome.clone();
        if let End::Error(_, Some(cause)) | End::Refused(_, _, Some(cause)) = &mut end {
            *cause = cause_of(&invocation.resource, cause.clone());
        }
        let is_activity =
            state.and_then(|state| state.resource()).is_some_and(|r| matches!(&**r, Resource::Activity { .. }));
        // An activity starts when a worker polls it; one that never answers and names no worker was never polled.
        let is_polled = !is_activity || worker.is_some() || !matches!(end, End::Never);
        let is_refused = matches!(end, End::Refused(Phase::Schedule | Phase::Start, ..));
        Answer { is_started: is_polled && !is_refused, worker, submitted, after_ms, end }
    }
}

impl Mocks {
    /// What an `ItemReader` reads, an object or the list of a bucket's objects; or what a `ResultWriter` writes.
    fn store(&mut self, resource: &Resource, parameters: &Json) -> End {
        let text = |key: &str| parameters.get(key).and_then(Json::as_str).unwrap_or_default();
        if resource.arn().ends_with(":putObject") {
            if self.objects.is_null() {
                self.objects = Json::object();
            }
            if let Some(buckets) = self.objects.make_object() {
                if !buckets.contains_key(text("Bucket")) {
                    buckets.insert(text("Bucket").into(), Json::object());
                }
                if let Some(bucket) = buckets.get_mut(text("Bucket")).and_then(Json::make_object) {
                    bucket.insert(text("Key").into(), parameters.get("Body").cloned().unwrap_or_default());
                }
            }
            return End::Output(Json::object());
        }
        let missing = |what: &str| {
            let cause = format!("the mocks file has no {what}; add it under \"objects\"");
            End::Error(Some("S3.NoSuchKeyException".into()), Some(cause.into()))
        };
        let Some(bucket) = self.objects.get(text("Bucket")).and_then(Json::as_object) else {
            return missing(&format!("bucket '{}'", text("Bucket")));
        };
        if resource.arn().ends_with(":getObject") {
            return match bucket.get(text("Key")) {
                Some(body) => End::Output(Json::from_pairs([("Body", body.clone())])),
                None => missing(&format!("object '{}' in the bucket '{}'", text("Key"), text("Bucket"))),
            };
        }
        let listed = bucket.iter().filter(|(key, _)| key.starts_with(text("Prefix"))).map(|(key, body)| {
            Json::from_pairs([
                ("Etag", Json::from(format!("\"{:032x}\"", xxhash_rust::xxh3::xxh3_128(key.as_bytes())))),
                ("LastModified", Json::from("2026-01-01T00:00:00.000Z")),
                ("Key", Json::from(key.clone())),
                ("Size", Json::from(body.as_str().map_or(0, str::len))),
                ("StorageClass", Json::from("STANDARD")),
            ])
        });
        let listed = Json::from(listed.collect::<Vec<_>>());
        End::Output(Json::from_pairs([("Name", Json::from(text("Bucket"))), ("Contents", listed)]))
    }
}

fn unmocked(state: &str, attempt: u32) -> Answer {
    let cause = format!(
        "no entry of the mocks file fits attempt {attempt} of the state '{state}'; add one such as \
         {{\"state\": \"{state}\", \"output\": {{}}}}"
    );
    let end = End::Error(Some("Rehearsal.NoMock".into()), Some(cause.into()));
    Answer { is_started: true, worker: None, submitted: None, after_ms: 0, end }
}

/// The Maps and Parallels around a call, by name, outermost first.
fn path_of(program: &Program, site: &Site) -> Vec<(String, u64)> {
    let step = |step: &rehearsal_engine::execution::ScopeStep| {
        let state = program.state(step.state);
        let kind = if state.is_some_and(|state| state.state_type() == StateType::Map) { "map" } else { "parallel" };
        let name = state.map_or("", |state| state.name());
        (format!("{kind} {name}"), u64::from(step.index))
    };
    site.scope.iter().map(step).collect()
}

fn entry(task: &Json) -> Result<Entry, String> {
    const KEYS: [&str; 11] =
        ["state", "path", "attempt", "worker", "submitted", "after_ms", "output", "error", "cause", "refused", "never"];
    let members = task.as_object().ok_or_else(|| format!("expected an object, found {}", task.kind()))?;
    if let Some(key) = members.keys().find(|key| !KEYS.contains(&&***key)) {
        return Err(format!("'{key}' is not known; known are {}", KEYS.join(", ")));
    }
    let state = task.get("state").and_then(Json::as_str).ok_or("expected a string 'state'")?.to_owned();
    let path = task.get("path").map(path).transpose()?;
    let attempt = task.get("attempt").map(|value| whole(value, "attempt")).transpose()?;
    let after_ms = task.get("after_ms").map_or(Ok(0), |value| whole(value, "after_ms"))?;
    let text = |key: &str| match task.get(key) {
        None | Some(Json::Null) => Ok(None),
        Some(Json::String(text)) => Ok(Some(text.clone())),
        Some(other) => Err(format!("expected '{key}' to be a string, found {}", other.kind())),
    };
    let end = if task.get("never").and_then(Json::as_bool) == Some(true) {
        End::Never
    } else if let Some(output) = task.get("output") {
        End::Output(output.clone())
    } else if task.get("error").is_some() || task.get("cause").is_some() {
        let (error, cause) = (text("error")?, text("cause")?);
        match task.get("refused").map(Json::as_str) {
            None => End::Error(error, cause),
            Some(Some("schedule")) => End::Refused(Phase::Schedule, error, cause),
            Some(Some("start")) => End::Refused(Phase::Start, error, cause),
            Some(Some("submit")) => End::Refused(Phase::Submit, error, cause),
            Some(_) => return Err("expected 'refused' to be \"schedule\", \"start\" or \"submit\"".to_owned()),
        }
    } else {
        return Err("expected one of 'output', 'error' and 'never'".to_owned());
    };
    let outcome = Outcome { worker: text("worker")?, submitted: task.get("submitted").cloned(), after_ms, end };
    Ok(Entry { state, path, attempt, is_used: false, outcome })
}

fn path(path: &Json) -> Result<Vec<(String, u64)>, String> {
    let steps = path.as_array().ok_or("expected 'path' to be a list")?;
    let step = |step: &Json| {
        let text = |key: &str| step.get(key).and_then(Json::as_str);
        let number = |key: &str| step.get(key).map(|value| whole(value, key)).transpose();
        match (text("map"), number("index")?, text("parallel"), number("branch")?) {
            (Some(name), Some(index), None, None) => Ok((format!("map {name}"), index)),
            (None, None, Some(name), Some(branch)) => Ok((format!("parallel {name}"), branch)),
            _ => Err(format!(
                "expected a step of 'path' to be {{\"map\": NAME, \"index\": N}} or {{\"parallel\": NAME, \"branch\": N}}, \
                 found {step}"
            )),
        }
    };
    steps.iter().map(step).collect()
}

fn whole(value: &Json, key: &str) -> Result<u64, String> {
    let number = value.as_i64().and_then(|number| u64::try_from(number).ok());
    number.ok_or_else(|| format!("expected '{key}' to be a whole number, found {value}"))
}

/// Calls that one range of a mock file is spelt out for.
const LOCAL_CALLS_MAX: u64 = 1000;

/// Step Functions Local's form: test cases name a response list per state; a list is keyed by the number of the
/// call, `"0"` or `"1-2"`.
fn local_mocks(json: &Json, machine: &str, case: Option<&str>) -> Result<Mocks, String> {
    let machines = json.get("StateMachines").and_then(Json::as_object).ok_or("expected an object 'StateMachines'")?;
    let found = machines.get(machine).or_else(|| (machines.len() == 1).then(|| machines.values().next()).flatten());
    let cases = found.and_then(|machine| machine.get("TestCases")).and_then(Json::as_object);
    let cases = cases.ok_or_else(|| format!("no TestCases for the state machine '{machine}'"))?;
    let states = match case {
        Some(case) => {
            cases.get(case).ok_or_else(|| format!("no test case '{case}' for the state machine '{machine}'"))?
        }
        None if cases.len() == 1 => cases.values().next().unwrap_or(&Json::Null),
        None => {
            let names: Vec<&str> = cases.keys().map(|name| &**name).collect();
            return Err(format!("the file has several test cases; name one with --test-case: {}", names.join(", ")));
        }
    };
    let states = states.as_object().ok_or("expected a test case to be an object")?;
    let mut entries = Vec::new();
    for (state, response) in states.iter() {
        let name = response.as_str().ok_or_else(|| format!("expected a response's name for '{state}'"))?;
        let responses = json.get("MockedResponses").and_then(|all| all.get(name)).and_then(Json::as_object);
        let responses = responses.ok_or_else(|| format!("no MockedResponses '{name}'"))?;
        let mut calls = Vec::with_capacity(responses.len());
        for (numbers, answer) in responses.iter() {
            let (first, last) = numbers.split_once('-').unwrap_or((numbers, numbers));
            let number = |text: &str| {
                text.trim().parse::<u64>().map_err(|_| format!("'{name}': '{numbers}' is not a call's number"))
            };
            calls.push((number(first)?, number(last)?, answer));
        }
        calls.sort_by_key(|(first, ..)| *first);
        for (first, last, answer) in calls {
            let end = match (answer.get("Return"), answer.get("Throw")) {
                (Some(output), None) => End::Output(output.clone()),
                (None, Some(thrown)) => {
                    let text = |key: &str| thrown.get(key).and_then(Json::as_str).map(Arc::from);
                    End::Error(text("Error"), text("Cause"))
                }
                _ => return Err(format!("expected '{name}' to have one of Return and Throw for call {first}")),
            };
            let outcome = Outcome { worker: None, submitted: None, after_ms: 0, end };
            // The numbers count the calls of the state, retries and iterations alike. A range far beyond any MaxAttempts
            // would only fill memory; its answer is the last, which is used again anyway.
            for _ in first..=last.min(first.saturating_add(LOCAL_CALLS_MAX)) {
                let (state, outcome) = (state.to_string(), outcome.clone());
                entries.push(Entry { state, path: None, attempt: None, is_used: false, outcome });
            }
        }
    }
    Ok(Mocks { entries, objects: Json::Null })
}

#[cfg(test)]
mod tests {
    use rehearsal_engine::json;

    use super::*;

    #[test]
    fn entries_that_cannot_be_meant_are_refused_with_their_place() {
        for (mocks, message) in [
            (json!([]), "expected an object with a list 'tasks'"),
            (json!({"tasks": [1]}), "tasks[0]: expected an object, found number"),
            (json!({"tasks": [{"output": 1}]}), "tasks[0]: expected a string 'state'"),
            (json!({"tasks": [{"state": "A"}]}), "tasks[0]: expected one of 'output', 'error' and 'never'"),
            (
                json!({"tasks": [{"state": "A", "never": true, "attempt": -1}]}),
                "tasks[0]: expected 'attempt' to be a whole number, found -1",
            ),
        ] {
            assert_eq!(Mocks::parse(&mocks, "m", None).err().as_deref(), Some(message));
        }
        let misspelt = Mocks::parse(&json!({"tasks": [{"state": "A", "outptu": 1}]}), "m", None);
        assert!(
            misspelt.is_err_and(|message| message.starts_with("tasks[0]: 'outptu' is not known; known are state,"))
        );
    }

    #[test]
    fn a_local_mock_file_names_responses_by_test_case_and_attempt() {
        let file = json!({
            "StateMachines": {"m": {"TestCases": {"one": {"A": "r"}, "two": {}}}},
            "MockedResponses": {"r": {"0": {"Return": {"x": 1}}, "1-3": {"Throw": {"Error": "E", "Cause": "c"}}}},
        });
        let attempts = |case| Mocks::parse(&file, "m", case).map(|mocks| mocks.entries.len());
        assert_eq!(attempts(Some("one")), Ok(4));
        assert_eq!(attempts(Some("two")), Ok(0));
        assert_eq!(attempts(Some("three")), Err("no test case 'three' for the state machine 'm'".to_owned()));
        assert_eq!(
            attempts(None),
            Err("the file has several test cases; name one with --test-case: one, two".to_owned())
        );
    }
}
