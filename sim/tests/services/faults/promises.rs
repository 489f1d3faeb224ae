//! For every fault a small system that relies on a good day, with its promise. A sweep breaks the promise when this fault
//! alone is on, and never when none is.

use rehearsal::explore::Strategy;
use rehearsal::world::FaultId;

use super::settings::*;

/// The planted bug that a fault finds: what the system promises, the system, and how the promise looks when it is kept.
///
/// There is no other way to have a fault than with an arm here.
fn planted(fault: FaultId) -> (&'static str, Setting, &'static str) {
    use FaultId::*;
    const ONCE: &str = "[415]";
    const DONE: &str = "SUCCEEDED [work]";
    const SENT: &str = "0 failed [default till]";
    const STORED: &str = "{} [a, b] after 4 ms";
    const ASKED: &str = "SUCCEEDED after 25 s";
    const PUT: &str = "0s, 5s, 20s, 70s";
    const TYPED: &str = "run 1 times: ok [own own]";
    match fault {
        EbDup | LaAsyncDup => ("a function without a dedup key works once for each event", event, ONCE),
        EbDelay | EbReorder | EbRetry | LaCold => ("an event is worked on within half a second", event, ONCE),
        EbPutPartial => ("whoever does not look at FailedEntryCount has sent its event", sender, SENT),
        EbPutThrottle => ("whoever does not send again has sent its event", sender, SENT),
        EbPutDup => ("an event is sent once", sender, SENT),
        EbRuleLag => ("a rule that is switched off hears nothing", switched, "0 heard"),
        EbSchedDup => ("a schedule works once a minute", schedule, "[60400]"),
        EbSchedJitter => ("a schedule works on the minute", schedule, "[60400]"),
        SfStartDup => ("starts without a name are not repeated", task, DONE),
        SfTaskAmbig | LaSvcBefore | LaSvcAfter | LaThrottle | LaTimeoutAfter | LaCrashMid | LaErr => {
            ("a task without a retrier succeeds", task, DONE)
        }
        SfAbort => ("an execution that has worked succeeds", task, DONE),
        SfExpressDup => ("an Express execution without a dedup key works once", express, DONE),
        SfExpressSync => ("whoever waits for an Express execution hears how it ends", express_sync, "SUCCEEDED 1"),
        SfThrottle => ("a task begins at once", timed_task, "[45]"),
        SfStartThrottle => ("whoever does not try again has started an execution", starter, "ok 1"),
        SfMapRun => ("the items of a Map are worked on at once", map_run, "[45]"),
        SfHeartbeat | SfCbLate => ("who works outside is never late", outside, ASKED),
        SfCbDup | SfCbLost => ("a result from outside comes once", told, "1 invocations"),
        DdTtlLate => ("a lock is free once it has expired", lock, "free, deleted after 60 s, deleted after 121 s"),
        DdStale | DdGsiLag => ("a read sees the write before it", read_back, "2 2"),
        Dd500Applied | Dd500 | DdThrottle | DdTxConflict => ("a conditional write succeeds at once", write, STORED),
        DdScanAnomaly => ("a scan sees all of a transaction or nothing", scanned, "b a"),
        DdBatchPartial => ("whoever does not look at UnprocessedItems has written all", batch, "0 0 [a, b, c]"),
        DdPage => ("whoever does not look for a next page has read all", pages, "2 and no more"),
        DdStreamDup => ("a record of a stream is worked on once", stream, "[a]"),
        CwLag => ("a number can be read as soon as it is put", reader, "1 1"),
        CwDelay | CwFlap => ("an alarm goes off within ninety seconds", alarm, "ALARM after 90 s"),
        SqSend | SqDup => ("a message is worked on once", queued, "ok [a]"),
        SqReorder => ("a message is worked on within a second", queued_soon, "in time"),
        SqEmpty => ("the first look finds a message that waits", polled, "[a, nothing]"),
        SnPublish | SnDup => ("a notification is worked on once", published, "ok [95]"),
        SnDelay | SnReorder => ("a notification comes at once", published, "ok [95]"),
        IamLag => ("a role holds as soon as it is there", deployed, "ok ok ok"),
        ClkSkew | ClkDrift => ("the function's clock is that of the service", event, ONCE),
        IamDeny | Quota | Region => ("whoever does not send again has sent its events", events, PUT),
        ClCrash | ClLostAnswer => ("a script sends each event once", client, TYPED),
    }
}

/// How often a fault strikes, in parts of a million: now and then, not always.
const RATE_PPM: u32 = 500_000;
const SEEDS: u64 = 10;

#[test]
fn each_fault_alone_finds_its_planted_bug_and_a_good_day_does_not() {
    let mut missed = Vec::new();
    for fault in FaultId::ALL.iter().copied() {
        let (promise, setting, kept) = planted(fault);
        let (stage, log, look) = setting();
        let broken_under = |rate_ppm| {
            let harness = stage.clone().fault(fault, rate_ppm).harness().strategy(Strategy::Random);
            (0..SEEDS).find(|seed| {
                log.clear();
                let run = harness.run(*seed).expect("a run");
                look(&run, &log) != kept
            })
        };
        let (calm, struck) = (broken_under(0), broken_under(RATE_PPM));
        if calm.is_some() || struck.is_none() {
            missed.push((fault.spec().id, promise, calm, struck));
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}
