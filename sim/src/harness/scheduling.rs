//! The template's schedules of EventBridge Scheduler, ready to run, and what is wrong with them.

use std::sync::Arc;

use rehearsal_engine::source::Diagnostic;

use super::build::{find_function, principal};
use crate::diagnostics::Problem;
use crate::scenario::Loaded;
use crate::services::scheduler::{Destination, Schedule, Scheduler, Target, When};
use crate::template::stack::{self, Stack};
use crate::world::{Millis, Names};

/// Who assumes the role of a schedule.
const PRINCIPAL: &str = "scheduler.amazonaws.com";

/// The service with the template's schedules.
pub(super) fn build(loaded: &Loaded, names: &mut Names) -> Scheduler {
    let schedules = loaded.stack.schedules.iter().filter(|schedule| schedule.enabled);
    let schedules = schedules.filter_map(|schedule| {
        Some(Schedule {
            name: names.intern(&schedule.identity.label),
            arn: schedule.identity.arn.clone(),
            when: when(schedule).ok()?,
            window_ms: schedule.window_ms,
            target: target(loaded, &schedule.target),
        })
    });
    Scheduler::new(schedules.collect())
}

/// Finds schedules that are none.
pub(super) fn check(stack: &Stack, problems: &mut Vec<Problem>) {
    for schedule in &stack.schedules {
        if let Err((property, message)) = when(schedule) {
            let path = format!("/Resources/{}/Properties/{property}", schedule.identity.logical_id);
            let problem = Diagnostic::error("ValidationException", schedule.expression_span, path, message)
                .hint("for example at(2026-03-01T09:00:00), rate(5 minutes) or cron(0 12 * * ? *)");
            problems.push(Problem::new(schedule.identity.place.source, problem));
        }
    }
}

fn when(schedule: &stack::Schedule) -> Result<When, (&'static str, String)> {
    let when = When::parse(&schedule.expression, &schedule.zone).map_err(|message| ("ScheduleExpression", message))?;
    let bound = |property: &'static str, text: &Option<Arc<str>>| match text {
        None => Ok(None),
        Some(text) => match text.parse::<jiff::Timestamp>().map(jiff::Timestamp::as_millisecond).map(u64::try_from) {
            Ok(Ok(ms)) => Ok(Some(Millis(ms))),
            _ => Err((property, format!("'{text}' is no date; write it like 2026-03-01T09:00:00Z"))),
        },
    };
    Ok(when.between(bound("StartDate", &schedule.start)?, bound("EndDate", &schedule.end)?))
}

fn target(loaded: &Loaded, target: &stack::ScheduleTarget) -> Target {
    let (stack, policies) = (&loaded.stack, &loaded.policies);
    Target {
        destination: destination(stack, target),
        arn: target.arn.clone(),
        input: target.input.clone(),
        role: principal(policies, &target.role_arn),
        assumable: policies.can_assume(&target.role_arn, PRINCIPAL),
        retries_max: target.retry_policy.retry_attempts_max,
        age_max_ms: target.retry_policy.event_age_max_ms,
        dead_letter_arn: target.dead_letter_arn.clone(),
    }
}

fn destination(stack: &Stack, target: &stack::ScheduleTarget) -> Destination {
    let arn = &*target.arn;
    let service = arn.split(':').nth(2).unwrap_or_default();
    if let Some(call) = arn.split_once(":scheduler:::aws-sdk:").map(|(_, call)| call) {
        let (service, action) = call.split_once(':').unwrap_or((call, ""));
        let mut letters = action.chars();
        let operation: String =
            letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect();
        let service = match service {
            "eventbridge" => "events",
            other => other,
        };
        return Destination::Api { service: service.into(), operation: operation.into() };
    }
    let unqualified = stack.unqualified(arn);
    if let Some(machine) = stack.state_machines.iter().position(|machine| *machine.identity.arn == *unqualified) {
        return Destination::StateMachine(machine as u32);
    }
    if let Some(function) = find_function(stack, arn) {
        return Destination::Function(function);
    }
    if let Some(queue) = stack.queues.iter().find(|queue| *queue.identity.arn == *arn) {
        return Destination::Queue { url: queue.url.clone(), group: target.message_group_id.clone() };
    }
    match (service, &target.event) {
        ("sns", _) => Destination::Topic,
        ("events", Some((detail_type, source))) => {
            Destination::Bus { detail_type: detail_type.clone(), source: source.clone() }
        }
        _ => Destination::Other,
    }
}
