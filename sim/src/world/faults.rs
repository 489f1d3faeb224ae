//! The catalogue of faults. Each row says what happens, on what basis, in which forms, and how often by default.
//!
//! Basis: D, AWS documents it; S, it shows in recordings of AWS; K, it follows from known mechanics. The default rates
//! are proposals of this project, not figures of AWS. Where each fault strikes and what is seen of it, and what needs no
//! fault because it follows from how the world works, stands in `faults.md`.

use super::hash::mix;

/// What a fault is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// AWS documents it.
    Documented,
    /// Recordings of AWS show it.
    Recorded,
    /// It follows from known mechanics.
    Mechanics,
}

/// One row of the catalogue.
#[derive(Debug)]
pub struct FaultSpec {
    /// Its name in scenario files, scripts and reports.
    pub id: &'static str,
    /// What happens, as a phrase.
    pub summary: &'static str,
    /// What it is known from.
    pub basis: Basis,
    /// The forms it takes; alternative `n` of its sites is form `n - 1`.
    pub forms: &'static [&'static str],
    /// Default rate per opportunity, in parts of a million.
    pub rate_ppm: u32,
    /// Whether the profile `documented` has it: operator actions and account limits are on only when asked for.
    pub documented: bool,
}

macro_rules! catalogue {
    ($($variant:ident { $id:literal, $basis:ident, $ppm:literal, $documented:literal, $summary:literal, [$($form:literal),+] })+) => {
        /// A fault of the catalogue.
        #[allow(clippy::doc_markdown, reason = "the same phrases stand in reports, where nobody wants backticks")]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum FaultId {
            $(#[doc = $summary] $variant,)+
        }

        impl FaultId {
            /// Every fault, in the catalogue's order.
            pub const ALL: &'static [FaultId] = &[$(FaultId::$variant),+];
        }

        const SPECS: &[FaultSpec] = &[$(FaultSpec {
            id: $id, summary: $summary, basis: Basis::$basis, forms: &[$($form),+], rate_ppm: $ppm, documented: $documented,
        }),+];

        const TAGS: &[u64] = &[$(tag($id)),+];
    };
}

catalogue! {
    EbDup { "EB-DUP", Documented, 1_000, true, "an event is delivered to a target twice",
        ["delivered again at once", "delivered again after seconds", "delivered again after an hour"] }
    EbDelay { "EB-DELAY", Documented, 1_000, true, "an event is delivered late",
        ["a minute late", "ten minutes late", "an hour late"] }
    EbReorder { "EB-REORDER", Documented, 10_000, true, "an event is delivered behind later ones",
        ["behind those of the next two seconds"] }
    EbRetry { "EB-RETRY", Documented, 1_000, true, "a target refuses a delivery for a while, and EventBridge tries again",
        ["throttled, tried again", "delivered, but the answer was lost, so delivered again"] }
    EbPutPartial { "EB-PUT-PARTIAL", Documented, 1_000, true, "PutEvents answers 200 with a failed entry",
        ["ThrottlingException", "InternalFailure"] }
    EbPutThrottle { "EB-PUT-THROTTLE", Documented, 1_000, true, "PutEvents fails as a whole",
        ["ThrottlingException", "InternalFailure before the events were taken", "InternalFailure after the events were taken"] }
    EbPutDup { "EB-PUT-DUP", Mechanics, 1_000, true, "a producer sends its events again, and they are new events",
        ["the answer was lost, and the SDK sends them again", "sent again after a minute"] }
    EbRuleLag { "EB-RULE-LAG", Documented, 100_000, true, "a rule that is switched on or off goes on as before for a while",
        ["for ten seconds", "for a minute"] }
    EbSchedDup { "EB-SCHED-DUP", Documented, 500, true, "a schedule fires twice for one tick", ["fires twice"] }
    EbSchedJitter { "EB-SCHED-JITTER", Documented, 20_000, true, "a schedule fires late within its minute",
        ["half a second late", "half a minute late", "59 seconds late"] }
    SfStartDup { "SF-START-DUP", Documented, 1_000, true, "a client starts an execution again after a lost answer",
        ["started again"] }
    SfTaskAmbig { "SF-TASK-AMBIG", Documented, 1_000, true, "a task's connector fails though its call may have taken effect",
        ["lost before the call", "lost after the call took effect"] }
    SfAbort { "SF-ABORT", Documented, 1_000, false, "an operator stops the execution while a task runs", ["stopped"] }
    SfExpressDup { "SF-EXPRESS-DUP", Documented, 1_000, true, "an Express execution that nobody waits for runs twice",
        ["twice at once", "again after ten seconds"] }
    SfExpressSync { "SF-EXPRESS-SYNC", Documented, 1_000, true, "who waits for an Express execution hears an error while it goes on",
        ["the connection breaks", "the client waits no longer than a minute"] }
    SfThrottle { "SF-THROTTLE", Documented, 1_000, false, "the account's transitions are used up, and a state goes on late",
        ["a second late", "ten seconds late"] }
    SfStartThrottle { "SF-START-THROTTLE", Documented, 1_000, false, "the account's starts are used up, and an execution is not started",
        ["ThrottlingException"] }
    SfMapRun { "SF-MAPRUN", Documented, 10_000, true, "an execution of a Map Run begins late", ["two seconds late", "twenty seconds late"] }
    SfHeartbeat { "SF-HEARTBEAT", Documented, 2_000, true, "whoever works on a task pauses before its heartbeat",
        ["pauses for a minute", "pauses for ten minutes"] }
    SfCbLate { "SF-CB-LATE", Documented, 5_000, true, "the answer to a task token comes late",
        ["a minute late", "ten minutes late", "an hour late", "1 ms before nobody waits for it any more",
            "1 ms after nobody waits for it any more"] }
    SfCbDup { "SF-CB-DUP", Mechanics, 5_000, true, "the answer to a task token is sent twice",
        ["sent again at once", "sent again after a minute"] }
    SfCbLost { "SF-CB-LOST", Mechanics, 2_000, true, "the answer to a task token is never sent", ["lost"] }
    LaErr { "LA-ERR", Documented, 5_000, false, "a handler raises an error of its own",
        ["raises instead of making the call", "raises after the call took effect"] }
    LaTimeoutAfter { "LA-TIMEOUT-AFTER", Documented, 2_000, true, "a function times out after its side effects",
        ["times out after its last call"] }
    LaCrashMid { "LA-CRASH-MID", Mechanics, 1_000, true, "a function is killed between two of its calls",
        ["killed before the call", "killed after the call took effect"] }
    LaSvcBefore { "LA-SVC-BEFORE", Documented, 1_000, true, "Lambda fails before the function runs", ["ServiceException"] }
    LaSvcAfter { "LA-SVC-AFTER", Documented, 1_000, true, "Lambda fails after the function ran",
        ["ServiceException", "SdkClientException"] }
    LaThrottle { "LA-THROTTLE", Documented, 2_000, true, "an invocation is throttled", ["TooManyRequestsException"] }
    LaAsyncDup { "LA-ASYNC-DUP", Documented, 1_000, true, "an asynchronous event is delivered twice without an error",
        ["delivered again at once", "delivered again after 30 seconds"] }
    LaCold { "LA-COLD", Mechanics, 20_000, true, "an invocation waits for a new environment",
        ["300 ms", "2 seconds"] }
    DdStale { "DD-STALE", Documented, 10_000, true, "an eventually consistent read returns an older version",
        ["one write behind", "several writes behind"] }
    DdGsiLag { "DD-GSI-LAG", Documented, 10_000, true, "an index has not caught up with its table",
        ["one write behind", "several writes behind"] }
    Dd500Applied { "DD-500-APPLIED", Documented, 500, true, "a write fails with InternalServerError though it took effect",
        ["the error reaches the caller", "the SDK repeats the request and the caller sees only the second answer"] }
    Dd500 { "DD-500", Documented, 500, true, "a request fails with InternalServerError and took no effect",
        ["InternalServerError"] }
    DdThrottle { "DD-THROTTLE", Documented, 1_000, true, "a request is throttled",
        ["ProvisionedThroughputExceededException", "the SDK waits and tries again"] }
    DdTxConflict { "DD-TX-CONFLICT", Documented, 1_000, true, "a write meets a transaction on the same item",
        ["refused because of the conflict"] }
    DdScanAnomaly { "DD-SCAN-ANOMALY", Documented, 10_000, true, "a query or scan sees only a part of what one request wrote",
        ["all but its last write", "only its last write"] }
    CwDelay { "CW-DELAY", Documented, 10_000, true, "an alarm is evaluated late",
        ["a minute late", "four minutes late"] }
    CwFlap { "CW-FLAP", Mechanics, 1_000, true, "an alarm is evaluated before the last period's numbers are there, and again after",
        ["a minute before they come"] }
    CwLag { "CW-LAG", Documented, 10_000, true, "whoever reads metrics does not see the latest numbers yet",
        ["those of the last minute are missing", "those of the last two minutes are missing"] }
    DdBatchPartial { "DD-BATCH-PARTIAL", Documented, 5_000, true, "a batch is only partly done, and the answer lists the rest",
        ["the last one is left over", "all but the first are left over"] }
    DdPage { "DD-PAGE", Documented, 5_000, false, "a page of a query or scan ends early", ["after one item"] }
    DdTtlLate { "DD-TTL-LATE", Documented, 20_000, true, "an item that has expired is still there",
        ["deleted five minutes late", "deleted an hour late", "deleted two days late"] }
    DdStreamDup { "DD-STREAM-DUP", Documented, 1_000, true, "a batch of a stream is delivered twice without an error",
        ["delivered again"] }
    SqSend { "SQ-SEND", Documented, 1_000, true, "a queue refuses a message, or takes it and the answer is lost",
        ["RequestThrottled", "ServiceUnavailable after the message was taken", "taken, and sent again by the SDK"] }
    SqDup { "SQ-DUP", Documented, 1_000, true, "a standard queue delivers a message twice",
        ["delivered to another receiver at once", "delivered again though it was deleted"] }
    SqReorder { "SQ-REORDER", Documented, 20_000, true, "a standard queue delivers a message behind later ones",
        ["visible after five seconds", "visible after a minute"] }
    SqEmpty { "SQ-EMPTY", Documented, 100_000, true, "a short poll finds nothing though messages wait", ["an empty answer"] }
    SnPublish { "SN-PUBLISH", Documented, 1_000, true, "a topic refuses a message, or takes it and the answer is lost",
        ["Throttled", "InternalError after the message was taken"] }
    SnDup { "SN-DUP", Documented, 1_000, true, "a notification is delivered to a subscription twice",
        ["delivered again at once", "delivered again after a minute"] }
    SnDelay { "SN-DELAY", Documented, 1_000, true, "a notification is delivered late",
        ["a second late", "a minute late", "an hour late"] }
    SnReorder { "SN-REORDER", Documented, 20_000, true, "a notification is delivered behind later ones",
        ["behind those of the next two seconds"] }
    IamDeny { "IAM-DENY", Documented, 1_000, false, "a call is denied because a permission is missing", ["denied"] }
    IamLag { "IAM-LAG", Mechanics, 50_000, false, "a role's permissions do not hold yet after a deployment",
        ["denied for five seconds", "denied for fifteen seconds"] }
    ClkSkew { "CLK-SKEW", Mechanics, 10_000, true, "the clock of a function's environment is a little off",
        ["50 ms ahead", "50 ms behind"] }
    ClkDrift { "CLK-DRIFT", Mechanics, 10_000, false, "the clock of a function's environment is seconds off",
        ["five seconds ahead", "five seconds behind"] }
    Quota { "QUOTA", Documented, 1_000, false, "a service refuses calls because the account makes too many",
        ["this call", "every call for ten seconds"] }
    Region { "REGION", Mechanics, 100, false, "a service fails every call for a while", ["ten seconds", "a minute"] }
    ClCrash { "CL-CRASH", Mechanics, 1_000, true, "a client script is killed between two of its calls and run again",
        ["killed before the call", "killed after the call took effect"] }
    ClLostAnswer { "CL-LOST-ANSWER", Mechanics, 1_000, true, "the answer to a client's call is lost though the call took effect",
        ["the SDK sends the request again", "the client sees a read timeout"] }
}

impl FaultId {
    /// The row of this fault.
    pub fn spec(self) -> &'static FaultSpec {
        &SPECS[self as usize]
    }

    /// The fault with this id.
    pub fn parse(id: &str) -> Option<FaultId> {
        FaultId::ALL.iter().copied().find(|fault| fault.spec().id == id)
    }

    #[inline]
    pub(super) fn tag(self) -> u64 {
        TAGS[self as usize]
    }
}

/// Which faults are on in a run, and how likely each form is.
#[derive(Clone, Debug)]
pub struct FaultPlan {
    weights: Vec<Vec<u32>>,
    slow_calls: bool,
    anchored_calls: bool,
    refuses: bool,
}

/// A named selection of faults.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Profile {
    /// No fault at all.
    None,
    /// Every fault that AWS documents or shows and that no operator or account limit causes, at its default rate.
    #[default]
    Documented,
    /// The same, thirty times as often, with what the limits of an account cause, clocks that are seconds
    /// off, and services that are down for longer than retries with jitter surely last.
    Stress,
}

/// What only `stress` adds.
const ADDED_BY_STRESS: [FaultId; 4] =
    [FaultId::SfThrottle, FaultId::SfStartThrottle, FaultId::ClkDrift, FaultId::Region];
/// What refuses requests before their service sees them.
const REFUSING: [FaultId; 4] = [FaultId::IamDeny, FaultId::IamLag, FaultId::Quota, FaultId::Region];

const STRESS_FACTOR: u32 = 30;
const MILLION: u32 = 1_000_000;

impl FaultPlan {
    /// The plan of a profile.
    pub fn of(profile: Profile) -> FaultPlan {
        let weights = vec![Vec::new(); FaultId::ALL.len()];
        let mut plan =
            FaultPlan { weights, slow_calls: profile != Profile::None, anchored_calls: true, refuses: false };
        for fault in FaultId::ALL.iter().copied() {
            let FaultSpec { rate_ppm, documented, .. } = *fault.spec();
            match profile {
                Profile::Documented if documented => plan.set(fault, rate_ppm),
                Profile::Stress if documented || ADDED_BY_STRESS.contains(&fault) => {
                    plan.set(fault, rate_ppm.saturating_mul(STRESS_FACTOR));
                }
                _ => {}
            }
        }
        plan
    }

    /// Sets how often `fault` strikes, in parts of a million per opportunity; zero turns it off.
    pub fn set(&mut self, fault: FaultId, rate_ppm: u32) {
        let forms = fault.spec().forms.len() as u32;
        let rate = rate_ppm.min(MILLION);
        // Each form gets the rate, everything else is scaled up by the number of forms: no rounding.
        let benign = (MILLION - rate) * forms;
        let weights = std::iter::once(benign).chain(std::iter::repeat_n(rate, forms as usize));
        self.weights[fault as usize] = if rate == 0 { Vec::new() } else { weights.collect() };
        self.slow_calls |= rate > 0;
        self.refuses = REFUSING.iter().any(|fault| !self.weights(*fault).is_empty());
    }

    /// The odds of the forms of `fault`; empty when it is off.
    #[inline]
    pub fn weights(&self, fault: FaultId) -> &[u32] {
        &self.weights[fault as usize]
    }

    /// Whether a call may take far longer than usual: wherever any fault may strike.
    #[inline]
    pub fn slow_calls(&self) -> bool {
        self.slow_calls
    }

    /// Whether a request may be refused before its service sees it.
    #[inline]
    pub fn refuses(&self) -> bool {
        self.refuses
    }

    /// Sets whether a call may take far longer than usual.
    pub fn set_slow_calls(&mut self, slow_calls: bool) {
        self.slow_calls = slow_calls;
    }

    /// Whether a call that is slow may be so by as much as it takes to miss a moment that matters.
    #[inline]
    pub fn anchored_calls(&self) -> bool {
        self.anchored_calls
    }

    /// Sets whether slow calls may be tied to moments, or are late by fixed lengths only.
    pub fn set_anchored_calls(&mut self, anchored_calls: bool) {
        self.anchored_calls = anchored_calls;
    }

    /// The faults that are on.
    pub fn on(&self) -> impl Iterator<Item = FaultId> {
        FaultId::ALL.iter().copied().filter(|fault| !self.weights(*fault).is_empty())
    }
}

/// What a fault's form stands for among `values`, one a form; `None` where the fault does not strike.
pub fn form_value(values: &[u64], form: u32) -> Option<u64> {
    let place = (form as usize).checked_sub(1)?;
    values.get(place).copied()
}

const fn tag(id: &str) -> u64 {
    let bytes = id.as_bytes();
    let mut hash = 0x5eed;
    let mut at = 0;
    while at < bytes.len() {
        hash = mix(hash, bytes[at] as u64);
        at += 1;
    }
    // The upper half addresses the occurrence.
    hash & 0xffff_ffff | 0x10
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Weighted;

    #[test]
    fn every_fault_has_its_own_id_and_tag() {
        for (at, fault) in FaultId::ALL.iter().enumerate() {
            assert_eq!(FaultId::parse(fault.spec().id), Some(*fault));
            assert!(FaultId::ALL[..at].iter().all(|other| other.tag() != fault.tag()));
        }
    }

    #[test]
    fn the_document_has_every_fault_as_it_is_and_no_other() {
        let document = include_str!("faults.md");
        let (_, table) = document.split_once("|---|---|---|---|---|---|---|\n").expect("the table");
        let documented = FaultPlan::of(Profile::Documented);
        let stress = FaultPlan::of(Profile::Stress);
        let mut ids = Vec::new();
        for line in table.lines().take_while(|line| !line.is_empty()) {
            let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
            let [id, summary, basis, place, forms, default, seen] = cells[..] else { panic!("{line}") };
            let fault = FaultId::parse(id).unwrap_or_else(|| panic!("no fault is called {id}"));
            let spec = fault.spec();
            let letter = match spec.basis {
                Basis::Documented => "D",
                Basis::Recorded => "S",
                Basis::Mechanics => "K",
            };
            let percent = format!("{:.4}", f64::from(spec.rate_ppm) / 10_000.0);
            let percent = percent.trim_end_matches('0').trim_end_matches('.');
            let on = match (documented.weights(fault).is_empty(), stress.weights(fault).is_empty()) {
                (false, _) => "",
                (true, false) => ", stress only",
                (true, true) => ", when asked for",
            };
            assert_eq!((summary, basis, forms), (spec.summary, letter, &*spec.forms.join("; ")), "{id}");
            assert_eq!(default, format!("{percent} %{on}"), "{id}");
            assert!(!place.is_empty() && !seen.is_empty(), "{id}");
            ids.push(id);
        }
        let all: Vec<&str> = FaultId::ALL.iter().map(|fault| fault.spec().id).collect();
        assert_eq!(ids, all);
    }

    #[test]
    fn operator_actions_are_on_only_when_asked_for() {
        let mut plan = FaultPlan::of(Profile::Documented);
        assert!(plan.weights(FaultId::SfAbort).is_empty());
        plan.set(FaultId::SfAbort, 500);
        assert_eq!(plan.weights(FaultId::SfAbort), [999_500, 500]);
        assert_eq!(FaultPlan::of(Profile::None).on().count(), 0);
    }

    #[test]
    fn a_rate_is_the_odds_of_all_forms_together() {
        let plan = FaultPlan::of(Profile::Documented);
        let weights = plan.weights(FaultId::EbDup);
        assert_eq!(weights.len(), 4);
        let struck: u32 = weights[1..].iter().sum();
        assert_eq!(u64::from(struck) * 1000, weights.iter().map(|weight| u64::from(*weight)).sum::<u64>());
        assert_eq!(Weighted::Table(weights).pick(0), 0);
    }
}
