//! The events that Step Functions itself emits: an execution's status has changed.

use std::sync::Arc;

use rehearsal_engine::execution::Status;
use rehearsal_engine::{Json, json, text};

use super::service::StepFunctions;
use crate::services::eventbridge;
use crate::world::{Caller, Core, Name, Principal, ReplyTo};

/// A status change reaches the bus about this late.
const STATUS_CHANGE_MS: u64 = 150;
const STATUS_CHANGE_SPREAD_MS: u64 = 350;
/// AWS: a larger input or output is left out of a status change.
const STATUS_CHANGE_BYTES_MAX: usize = 248 * 1024;

impl StepFunctions {
    /// AWS: a Standard execution's change of status is an event on the default bus.
    pub(super) fn announce(&mut self, core: &mut Core, id: u32) {
        let record = &mut self.records[id as usize];
        let machine = &self.machines[record.machine as usize];
        if machine.express || !self.announces {
            return;
        }
        let arn = record.arn.clone();
        let over = record.status != Status::Running;
        // AWS: an execution that succeeded cannot be redriven.
        let redrivable = over && record.status != Status::Succeeded;
        let input = record.input_text.get_or_insert_with(|| record.input.to_text()).clone();
        let (input, input_details) = announced(Some(input));
        let succeeded = record.status == Status::Succeeded;
        let (output, output_details) = announced(succeeded.then(|| record.output.to_text()));
        let status = record.status.name();
        let detail = json!({
            "executionArn": arn,
            "stateMachineArn": machine.arn,
            "name": record.name,
            "status": status,
            "startDate": record.started.0,
            "stopDate": record.stopped.map(|at| at.0),
            "input": input,
            "output": output,
            "stateMachineVersionArn": null,
            "stateMachineAliasArn": null,
            "redriveCount": 0,
            "redriveDate": null,
            "redriveStatus": if redrivable { json!("REDRIVABLE") } else { json!("NOT_REDRIVABLE") },
            "redriveStatusReason": (!redrivable).then(|| format!("Execution is {status} and cannot be redriven")),
            "inputDetails": input_details,
            "outputDetails": output_details,
            "error": record.error,
            "cause": record.cause,
        });
        let entry = eventbridge::PutEntry {
            bus: Some(text!("default")),
            source: Some(text!("aws.states")),
            detail_type: Some(text!("Step Functions Execution Status Change")),
            detail: Some(Ok(detail)),
            resources: vec![arn],
            ..eventbridge::PutEntry::default()
        };
        let actor = core.child(record.actor, Name::STATUS_CHANGE, u32::from(over));
        let caller = Caller { actor, occurrence: 0, principal: Principal::Anyone, reply_to: ReplyTo::Nobody };
        let request = crate::services::Request::Events(Box::new(eventbridge::PutEvents::of_service(entry)));
        core.send_after(STATUS_CHANGE_MS, STATUS_CHANGE_SPREAD_MS, caller, request);
    }
}

/// A payload as a status change shows it, and whether it does.
fn announced(payload: Option<Arc<str>>) -> (Json, Json) {
    let Some(text) = payload else { return (Json::Null, Json::Null) };
    // What counts is the text as it stands in the event: every quote in it is escaped, and so at most twice as long.
    let shown = text.len() * 2 <= STATUS_CHANGE_BYTES_MAX
        || Json::String(text.clone()).measure().bytes <= STATUS_CHANGE_BYTES_MAX;
    (if shown { Json::String(text) } else { Json::Null }, json!({"included": shown}))
}
