//! The catalogue of faults, one row of a table for every form of every fault: with the fault on, its effect shows in the
//! world; with it off, it does not.

mod anchors;
mod promises;
mod settings;

use rehearsal::explore::Strategy;
use rehearsal::world::{FaultId, FaultPlan, Kind, Profile, Site};
use rehearsal_engine::json;

use self::settings::*;
use crate::support::{Look, Script, Strike, function_arn};

struct Row {
    fault: FaultId,
    form: u32,
    setting: Setting,
    without: &'static str,
    with: &'static str,
}

fn row(fault: FaultId, form: u32, setting: Setting, without: &'static str, with: &'static str) -> Row {
    Row { fault, form, setting, without, with }
}

fn rows() -> Vec<Row> {
    use FaultId::*;
    const ONCE: &str = "[415]";
    const DONE: &str = "SUCCEEDED [work]";
    const READ: &str = "2 2";
    const STORED: &str = "{} [a, b] after 4 ms";
    const QUEUED: &str = "ok [a]";
    const PUBLISHED: &str = "ok [95]";
    const SENT: &str = "0 failed [default till]";
    const PUT: &str = "0s, 5s, 20s, 70s";
    const FREE: &str = "free, deleted after 60 s, deleted after 121 s";
    const TYPED: &str = "run 1 times: ok [own own]";
    vec![
        row(EbDup, 1, event, ONCE, "[415, 415]"),
        row(EbDup, 2, event, ONCE, "[415, 5415]"),
        row(EbDup, 3, event, ONCE, "[415, 3600415]"),
        row(EbDelay, 1, event, ONCE, "[60415]"),
        row(EbDelay, 2, event, ONCE, "[600415]"),
        row(EbDelay, 3, event, ONCE, "[3600415]"),
        row(EbReorder, 1, event, ONCE, "[2415]"),
        row(EbRetry, 1, event, ONCE, "[1415]"),
        row(EbRetry, 2, event, ONCE, "[415, 1415]"),
        row(EbPutPartial, 1, sender, SENT, "1 failed ThrottlingException []"),
        row(EbPutPartial, 2, sender, SENT, "1 failed InternalFailure []"),
        row(EbPutThrottle, 1, sender, SENT, "ThrottlingException []"),
        row(EbPutThrottle, 2, sender, SENT, "InternalFailure []"),
        row(EbPutThrottle, 3, sender, SENT, "InternalFailure [default till]"),
        row(EbPutDup, 1, sender, SENT, "0 failed [default till, default till]"),
        row(EbPutDup, 2, sender, SENT, "0 failed [default till, default till]"),
        row(EbRuleLag, 1, switched, "0 heard", "1 heard"),
        row(EbRuleLag, 2, switched, "0 heard", "1 heard"),
        row(EbSchedDup, 1, schedule, "[60400]", "[60400, 60400]"),
        row(EbSchedJitter, 1, schedule, "[60400]", "[60900]"),
        row(EbSchedJitter, 2, schedule, "[60400]", "[90400]"),
        row(EbSchedJitter, 3, schedule, "[60400]", "[119400]"),
        row(SfStartDup, 1, task, DONE, "SUCCEEDED SUCCEEDED [work work]"),
        row(SfTaskAmbig, 1, task, DONE, "FAILED Lambda.SdkClientException []"),
        row(SfTaskAmbig, 2, task, DONE, "FAILED Lambda.SdkClientException [work]"),
        row(SfExpressDup, 1, express, DONE, "SUCCEEDED SUCCEEDED [work work]"),
        row(SfExpressDup, 2, express, DONE, "SUCCEEDED SUCCEEDED [work work]"),
        row(SfExpressSync, 1, express_sync, "SUCCEEDED 1", "SUCCEEDED 2"),
        row(SfExpressSync, 2, express_sync, "SUCCEEDED 1", "SUCCEEDED 2"),
        row(SfThrottle, 1, timed_task, "[45]", "[1045]"),
        row(SfThrottle, 2, timed_task, "[45]", "[10045]"),
        row(SfStartThrottle, 1, starter, "ok 1", "ThrottlingException 0"),
        row(SfMapRun, 1, map_run, "[45]", "[2045]"),
        row(SfMapRun, 2, map_run, "[45]", "[20045]"),
        row(SfAbort, 1, task, DONE, "ABORTED []"),
        row(SfHeartbeat, 1, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 30 s"),
        row(SfHeartbeat, 2, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 30 s"),
        row(SfCbLate, 1, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 50 s"),
        row(SfCbLate, 2, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 50 s"),
        row(SfCbLate, 3, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 50 s"),
        row(SfCbLate, 4, outside, "SUCCEEDED after 25 s", "SUCCEEDED after 50 s"),
        row(SfCbLate, 5, outside, "SUCCEEDED after 25 s", "FAILED States.Timeout after 50 s"),
        row(SfCbDup, 1, told, "1 invocations", "2 invocations"),
        row(SfCbDup, 2, told, "1 invocations", "2 invocations"),
        row(SfCbLost, 1, told, "1 invocations", "0 invocations"),
        row(LaErr, 1, task, DONE, "FAILED RuntimeError []"),
        row(LaErr, 2, task, DONE, "FAILED RuntimeError [work]"),
        row(LaTimeoutAfter, 1, task, DONE, "FAILED Sandbox.Timedout [work]"),
        row(LaCrashMid, 1, task, DONE, "FAILED Runtime.ExitError []"),
        row(LaCrashMid, 2, task, DONE, "FAILED Runtime.ExitError [work]"),
        row(LaSvcBefore, 1, task, DONE, "FAILED Lambda.ServiceException []"),
        row(LaSvcAfter, 1, task, DONE, "FAILED Lambda.ServiceException [work]"),
        row(LaSvcAfter, 2, task, DONE, "FAILED Lambda.SdkClientException [work]"),
        row(LaThrottle, 1, task, DONE, "FAILED Lambda.TooManyRequestsException []"),
        row(LaAsyncDup, 1, event, ONCE, "[415, 415]"),
        row(LaAsyncDup, 2, event, ONCE, "[415, 30415]"),
        row(LaCold, 1, event, ONCE, "[715]"),
        row(LaCold, 2, event, ONCE, "[2415]"),
        row(DdStale, 1, read_back, READ, "1 2"),
        row(DdStale, 2, read_back, READ, "0 2"),
        row(DdGsiLag, 1, read_back, READ, "2 1"),
        row(DdGsiLag, 2, read_back, READ, "2 0"),
        row(Dd500Applied, 1, write, STORED, "InternalServerError [a, b] after 4 ms"),
        row(Dd500Applied, 2, write, STORED, "ConditionalCheckFailedException [a, b] after 4 ms"),
        row(Dd500, 1, write, STORED, "InternalServerError [a] after 4 ms"),
        row(DdThrottle, 1, write, STORED, "ProvisionedThroughputExceededException [a] after 4 ms"),
        row(DdThrottle, 2, write, STORED, "{} [a, b] after 54 ms"),
        row(DdTxConflict, 1, write, STORED, "TransactionConflictException [a] after 4 ms"),
        row(DdScanAnomaly, 1, scanned, "b a", "a"),
        row(DdScanAnomaly, 2, scanned, "b a", "b"),
        row(CwDelay, 1, alarm, "ALARM after 90 s", "ALARM after 150 s"),
        row(CwDelay, 2, alarm, "ALARM after 90 s", "ALARM after 330 s"),
        row(CwFlap, 1, alarm, "ALARM after 90 s", "ALARM after 150 s"),
        row(CwLag, 1, reader, "1 1", "0 1"),
        row(CwLag, 2, reader, "1 1", "0 1"),
        row(DdTtlLate, 1, lock, FREE, "still held, deleted after 360 s"),
        row(DdTtlLate, 2, lock, FREE, "still held, deleted after 3660 s"),
        row(DdTtlLate, 3, lock, FREE, "still held, deleted after 172860 s"),
        row(DdStreamDup, 1, stream, "[a]", "[a, a]"),
        row(SqSend, 1, queued, QUEUED, "RequestThrottled []"),
        row(SqSend, 2, queued, QUEUED, "ServiceUnavailable [a]"),
        row(SqSend, 3, queued, QUEUED, "ok [a, a]"),
        row(SqDup, 1, queued, QUEUED, "ok [a, a]"),
        row(SqDup, 2, queued, QUEUED, "ok [a, a]"),
        row(SqReorder, 1, queued_twice, "[a, b]", "[b, a]"),
        row(SqReorder, 2, queued_twice, "[a, b]", "[b, a]"),
        row(SqEmpty, 1, polled, "[a, nothing]", "[nothing, a]"),
        row(SnPublish, 1, published, PUBLISHED, "Throttled []"),
        row(SnPublish, 2, published, PUBLISHED, "InternalError [95]"),
        row(SnDup, 1, published, PUBLISHED, "ok [95, 95]"),
        row(SnDup, 2, published, PUBLISHED, "ok [95, 60095]"),
        row(SnDelay, 1, published, PUBLISHED, "ok [1095]"),
        row(SnDelay, 2, published, PUBLISHED, "ok [60095]"),
        row(SnDelay, 3, published, PUBLISHED, "ok [3600095]"),
        row(SnReorder, 1, published, PUBLISHED, "ok [2095]"),
        row(DdBatchPartial, 1, batch, "0 0 [a, b, c]", "0 1 [a, b]"),
        row(DdBatchPartial, 2, batch, "0 0 [a, b, c]", "0 2 [a]"),
        row(DdPage, 1, pages, "2 and no more", "1 and more"),
        row(IamDeny, 1, events, PUT, "5s, 20s, 70s"),
        row(IamLag, 1, deployed, "ok ok ok", "AccessDeniedException ok ok"),
        row(IamLag, 2, deployed, "ok ok ok", "AccessDeniedException AccessDeniedException ok"),
        row(ClkSkew, 1, event, ONCE, "[465]"),
        row(ClkSkew, 2, event, ONCE, "[365]"),
        row(ClkDrift, 1, event, ONCE, "[5415]"),
        row(ClkDrift, 2, event, ONCE, "[0]"),
        row(Quota, 1, events, PUT, "5s, 20s, 70s"),
        row(Quota, 2, events, PUT, "20s, 70s"),
        row(Region, 1, events, PUT, "20s, 70s"),
        row(Region, 2, events, PUT, "70s"),
        row(ClCrash, 1, client, TYPED, "run 2 times: ok [own own]"),
        row(ClCrash, 2, client, TYPED, "run 2 times: ok [own own own]"),
        row(ClLostAnswer, 1, client, TYPED, "run 1 times: ok [own own own]"),
        row(ClLostAnswer, 2, client, TYPED, "run 1 times: ReadTimeoutError [own own]"),
    ]
}

#[test]
fn every_form_of_every_fault_has_a_row() {
    let mut covered: Vec<(FaultId, u32)> = rows().iter().map(|row| (row.fault, row.form)).collect();
    covered.sort();
    let forms = |fault: &FaultId| {
        let fault = *fault;
        (1..=fault.spec().forms.len() as u32).map(move |form| (fault, form))
    };
    let expected: Vec<(FaultId, u32)> = FaultId::ALL.iter().flat_map(forms).collect();
    assert_eq!(covered, expected);
}

#[test]
fn a_fault_that_is_on_has_its_documented_effect() {
    let mut others = Vec::new();
    for Row { fault, form, setting, with, .. } in rows() {
        let (stage, log, look) = setting();
        let run = stage.struck_by(fault, form, 1);
        let id = fault.spec().id;
        let looks = look(&run, &log);
        if looks != with {
            others.push(format!("{id} form {form}: {looks}, not {with}"));
        }
        assert_eq!(run.struck(fault), 1, "{id} form {form}");
        // The timeline names the fault and its form.
        let moment = run.world.core.trace().timeline().iter().find(|moment| moment.fault == Some(fault));
        let what = &moment.expect("the timeline has it").what;
        assert!(what.ends_with(&format!("({})", fault.spec().forms[form as usize - 1])), "{what}");
    }
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn a_fault_that_is_off_has_none() {
    let mut others = Vec::new();
    for Row { fault, form, setting, without, .. } in rows() {
        // The decisions would let it strike, but nobody asks them.
        let (stage, log, look) = setting();
        let run = stage.run_with(Strike { fault, form, times: u32::MAX });
        let looks = look(&run, &log);
        if looks != without {
            others.push(format!("{} form {form}: {looks}, not {without}", fault.spec().id));
        }
        assert_eq!(run.outcome.deviations, 0, "{} form {form}", fault.spec().id);
    }
    assert!(others.is_empty(), "{others:#?}");
}

#[test]
fn a_fault_at_a_hundred_percent_strikes_in_every_form_and_the_run_still_ends() {
    for fault in FaultId::ALL.iter().copied() {
        let setting = rows().into_iter().find(|row| row.fault == fault).expect("every fault has a row").setting;
        let (stage, _, _) = setting();
        let harness = stage.fault(fault, 1_000_000).harness().strategy(Strategy::Random);
        let mut strikes = 0;
        let mut forms = std::collections::BTreeSet::new();
        for seed in 0..30 {
            let run = harness.run(seed).expect("a run");
            assert_eq!(run.outcome.violation, None, "{} under seed {seed}", fault.spec().id);
            strikes += u32::from(run.struck(fault) > 0);
            let script = run.world.core.script();
            let of_fault = script.choices.iter().filter(|choice| choice.kind == Kind::Fault(fault));
            forms.extend(of_fault.map(|choice| choice.alternative));
        }
        // A scan that is slow enough is a snapshot again.
        assert!(strikes >= 25, "{}: {strikes}", fault.spec().id);
        assert_eq!(forms.len(), fault.spec().forms.len(), "{}: {forms:?}", fault.spec().id);
    }
}

#[test]
fn the_documented_profile_leaves_operators_out_and_no_profile_leaves_nothing() {
    use FaultId::{ClkDrift, DdPage, IamDeny, IamLag, LaErr, Quota, Region, SfAbort, SfStartThrottle, SfThrottle};
    let on = |profile| -> Vec<FaultId> { FaultPlan::of(profile).on().collect() };
    let off = |profile| -> Vec<&str> {
        let on = on(profile);
        FaultId::ALL.iter().filter(|fault| !on.contains(fault)).map(|fault| fault.spec().id).collect()
    };
    let ids = |faults: &[FaultId]| -> Vec<&str> { faults.iter().map(|fault| fault.spec().id).collect() };
    // Operators, limits, deployments; what a handler raises by itself; pages that end before AWS's 1 MB.
    let asked_for = [SfAbort, SfThrottle, SfStartThrottle, LaErr, DdPage, IamDeny, IamLag, ClkDrift, Quota, Region];
    assert_eq!(off(Profile::Documented), ids(&asked_for));
    assert_eq!(off(Profile::Stress), ids(&[SfAbort, LaErr, DdPage, IamDeny, IamLag, Quota]));
    assert_eq!(FaultPlan::of(Profile::None).on().count(), 0);
}

#[test]
fn an_operator_stops_an_execution_at_every_quiescent_point() {
    let definition = json!({"StartAt": "Pause", "States": {
        "Pause": {"Type": "Wait", "Seconds": 1, "Next": "Work"},
        "Work": {"Type": "Task", "Resource": (function_arn("work")), "End": true},
    }});
    // It begins, its timer fires, it calls the task, it hears the answer; then there is nothing left to stop.
    let ends = ["ABORTED []", "ABORTED []", "ABORTED [work]", "ABORTED [work]", "SUCCEEDED [work]"];
    for (point, end) in ends.into_iter().enumerate() {
        let (stage, log, look) = task();
        let stage = stage.without_workload().machine("slow", definition.clone()).start("0s", "slow", json!({}));
        let mut points = 0;
        let stopped = Script(move |site: &Site| {
            let is_point = site.kind == Kind::Fault(FaultId::SfAbort);
            points += usize::from(is_point);
            u32::from(is_point && points == point + 1)
        });
        let run = stage.fault(FaultId::SfAbort, 1_000_000).run_with(stopped);
        assert_eq!(look(&run, &log), end, "point {point}");
    }
}
