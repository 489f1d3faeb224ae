//! Questions about executions and machines, with their pages.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rehearsal_engine::execution::{Event, Resumed, Status};
use rehearsal_engine::json::Object;
use rehearsal_engine::{Json, json};

use super::api::Page;
use super::service::{StepFunctions, seconds};
use crate::services::ApiError;
use crate::world::{Core, Millis, Name, Parts};

/// AWS: a page has so many entries when the caller does not say.
const PAGE_DEFAULT: usize = 100;
/// AWS: an execution can be redriven for 14 days after it ended.
const REDRIVABLE_MS: u64 = 14 * 86_400_000;

impl StepFunctions {
    pub(super) fn describe(&self, arn: &str) -> Result<Json, ApiError> {
        let record = &self.records()[self.find_execution(arn)? as usize];
        let is_express = self.machines()[record.machine as usize].express;
        let mut members = self.described(record);
        if let Some(qualifier) = &record.qualifier {
            let machine = &self.machines()[record.machine as usize];
            let named = machine.qualifiers.iter().find(|(known, _)| known == qualifier);
            let version = named.map_or(qualifier, |(_, version)| version);
            members.push(("stateMachineVersionArn", format!("{}:{version}", machine.arn).into()));
            if version != qualifier {
                members.push(("stateMachineAliasArn", format!("{}:{qualifier}", machine.arn).into()));
            }
        }
        if !is_express {
            members.push(("redriveCount", record.redrives.into()));
            let is_redrivable = !matches!(record.status, Status::Running | Status::Succeeded);
            let status = if is_redrivable { "REDRIVABLE" } else { "NOT_REDRIVABLE" };
            members.push(("redriveStatus", status.into()));
            if !is_redrivable {
                let reason = format!("Execution is {} and cannot be redriven", record.status.name());
                members.push(("redriveStatusReason", reason.into()));
            }
        }
        Ok(Json::from_pairs(members))
    }

    pub(super) fn history(
        &mut self,
        core: &mut Core,
        arn: &str,
        page: &Page,
        is_reversed: bool,
        without_data: bool,
    ) -> Result<Json, ApiError> {
        let id = self.find_execution(arn)?;
        if self.machines()[self.records()[id as usize].machine as usize].express {
            return Err(ApiError::new(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            ));
        }
        let execution = self.with_history(core, id);
        let event = |event: &rehearsal_engine::history::Event| {
            let mut json = event.to_json();
            if let Some(members) = json.make_object() {
                members.insert("timestamp".into(), seconds(Millis(event.at_ms)));
                if without_data {
                    strip_data(members);
                }
            }
            json
        };
        let mut events: Vec<&rehearsal_engine::history::Event> = execution.history().events().iter().collect();
        if is_reversed {
            events.reverse();
        }
        paged("events", page, &events, |end| end, |found| event(found))
    }

    pub(super) fn list(&self, machine: &str, status: Option<&str>, page: &Page) -> Result<Json, ApiError> {
        let Some((index, qualifier)) = self.find_qualified(machine) else { return Err(no_machine(machine)) };
        let index = index as usize;
        if self.machines()[index].express {
            return Err(ApiError::new(
                "StateMachineTypeNotSupported",
                "This operation is not supported by this type of state machine",
            ));
        }
        // A token is the place of the page's last execution, so that new ones do not shift what follows.
        let end = match &page.token {
            None => self.records().len(),
            Some(token) => read_token(token).filter(|end| *end <= self.records().len()).ok_or_else(invalid_token)?,
        };
        let is_meant = |status_of: Status| status.is_none_or(|status| status == status_of.name());
        let before = self.records().iter().take(end);
        let records = before.filter(|record| {
            let is_qualified = qualifier.is_none() || record.qualifier.as_deref() == qualifier;
            record.machine as usize == index && is_qualified && is_meant(record.status)
        });
        // AWS: the latest first.
        let mut found: Vec<_> = records.collect();
        found.reverse();
        let first = Page { token: None, ..page.clone() };
        let next = |shown: usize| found.get(shown - 1).map_or(0, |record| record.number as usize);
        paged("executions", &first, &found, next, |record| {
            let mut members = vec![
                ("executionArn", Json::String(record.arn.clone())),
                ("stateMachineArn", Json::String(self.machines()[index].arn.clone())),
                ("name", Json::String(record.name.clone())),
                ("status", record.status.name().into()),
                ("startDate", seconds(record.started)),
            ];
            members.extend(record.stopped.map(|at| ("stopDate", seconds(at))));
            members.push(("redriveCount", record.redrives.into()));
            Json::from_pairs(members)
        })
    }

    pub(super) fn describe_machine(&self, arn: &str, of_execution: bool) -> Result<Json, ApiError> {
        let found = if of_execution {
            Some(&self.machines()[self.records()[self.find_execution(arn)? as usize].machine as usize])
        } else {
            self.find_qualified(arn).map(|(index, _)| &self.machines()[index as usize])
        };
        let machine = found.ok_or_else(|| no_machine(arn))?;
        let mut members = vec![
            ("stateMachineArn", if of_execution { Json::String(machine.arn.clone()) } else { arn.into() }),
            ("name", Json::String(machine.text.clone())),
            ("definition", Json::String(machine.definition.clone())),
            ("roleArn", Json::String(machine.role_arn.clone())),
        ];
        if of_execution {
            members.push(("updateDate", seconds(Millis::START)));
        } else {
            members.push(("status", "ACTIVE".into()));
            members.push(("type", if machine.express { "EXPRESS" } else { "STANDARD" }.into()));
            members.push(("creationDate", seconds(Millis::START)));
        }
        members.push(("loggingConfiguration", json!({"level": "OFF", "includeExecutionData": false})));
        members.push(("tracingConfiguration", json!({"enabled": false})));
        Ok(Json::from_pairs(members))
    }

    pub(super) fn list_machines(&self, page: &Page) -> Result<Json, ApiError> {
        let machines: Vec<_> = self.machines().iter().collect();
        paged(
            "stateMachines",
            page,
            &machines,
            |end| end,
            |machine| {
                json!({
                    "stateMachineArn": machine.arn,
                    "name": machine.text,
                    "type": if machine.express { "EXPRESS" } else { "STANDARD" },
                    "creationDate": seconds(Millis::START),
                })
            },
        )
    }

    pub(super) fn redrive(&mut self, core: &mut Core, arn: &str) -> Result<Json, ApiError> {
        let id = self.find_execution(arn)?;
        let refused = |reason: String| ApiError::new("ExecutionNotRedrivable", reason);
        let record = &self.records()[id as usize];
        let status = record.status.name();
        if self.machines()[record.machine as usize].express {
            return Err(refused("Express executions cannot be redriven".to_owned()));
        }
        if matches!(record.status, Status::Running | Status::Succeeded) {
            return Err(refused(format!("Execution is {status} and cannot be redriven")));
        }
        if record.stopped.is_some_and(|at| core.now() - at > REDRIVABLE_MS) {
            return Err(refused("Execution exceeded the redrivable period and cannot be redriven".to_owned()));
        }
        if record.engine.is_none() {
            // It was let go when the execution ended.
            let engine = self.with_history(core, id);
            self.records_mut()[id as usize].engine = Some(Box::new(engine));
        }
        let record = &mut self.records_mut()[id as usize];
        if !record.engine.as_ref().is_some_and(|engine| engine.is_redrivable()) {
            return Err(refused("Execution history has no room left and cannot be redriven".to_owned()));
        }
        record.redrives += 1;
        record.status = Status::Running;
        (record.error, record.cause, record.stopped) = (None, None, None);
        record.acting = core.child(record.actor, Name::STATES_REDRIVE_EXECUTION, record.redrives);
        let (actor, redrives) = (record.actor, record.redrives);
        core.note(actor, || format!("is redriven for the {redrives}. time"));
        let resumed = self.resume(core, id, Event::Redrive);
        self.mark(Parts::EXECUTIONS);
        self.announce(core, id);
        self.drive(core, id);
        if resumed == Resumed::Stale {
            return Err(refused(format!("Execution is {status} and cannot be redriven")));
        }
        Ok(Json::from_pairs([("redriveDate", seconds(core.now()))]))
    }
}

fn no_machine(arn: &str) -> ApiError {
    ApiError::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
}

/// A page of `items`, and the token of the next one: what `next` says of the number of those shown.
fn paged<I>(
    key: &'static str,
    page: &Page,
    items: &[I],
    next: impl Fn(usize) -> usize,
    show: impl Fn(&I) -> Json,
) -> Result<Json, ApiError> {
    let start = match &page.token {
        None => 0,
        Some(token) => read_token(token).filter(|start| *start <= items.len()).ok_or_else(invalid_token)?,
    };
    let max = if page.max == 0 { PAGE_DEFAULT } else { page.max };
    let end = start.saturating_add(max).min(items.len());
    let shown: Vec<Json> = items[start..end].iter().map(show).collect();
    let mut members = vec![(key, Json::from(shown))];
    if end < items.len() {
        members.push(("nextToken", Json::from(URL_SAFE_NO_PAD.encode(format!("page.{}", next(end))))));
    }
    Ok(Json::from_pairs(members))
}

fn invalid_token() -> ApiError {
    ApiError::new("InvalidToken", "Invalid Token: 'Invalid token'")
}

fn read_token(token: &Arc<str>) -> Option<usize> {
    let bytes = URL_SAFE_NO_PAD.decode(&**token).ok()?;
    std::str::from_utf8(&bytes).ok()?.strip_prefix("page.")?.parse().ok()
}

/// AWS: `includeExecutionData: false` leaves inputs, outputs and causes out.
fn strip_data(members: &mut Object) {
    let details: Vec<Arc<str>> =
        members.iter().map(|(key, _)| key.clone()).filter(|key| key.ends_with("Details")).collect();
    for key in details {
        if let Some(detail) = members.get_mut(&key).and_then(Json::make_object) {
            for data in ["input", "output", "parameters", "cause", "inputDetails", "outputDetails"] {
                detail.remove(data);
            }
        }
    }
}
