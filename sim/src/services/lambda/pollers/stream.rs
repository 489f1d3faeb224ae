use std::collections::VecDeque;

use rehearsal_engine::{Json, json};

use super::{Kind, Lambda, Phase, Source, Verdict, age_ms, backoff_ms, verdict};
use crate::handlers::HostError;
use crate::services::dynamodb::{GetRecords, ReadRecord, Records, STREAM_RETENTION_MS};
use crate::services::{Answer, Request};
use crate::world::{Core, FaultId, Millis, Name, ReplyTo, TimerOwner, uuid};

/// What a poller of one lane of a stream has so far.
#[derive(Debug)]
pub(super) struct StreamPoller {
    lane: u32,
    /// Where the next read begins.
    next: u32,
    gathered: Vec<ReadRecord>,
    /// Until then more is gathered.
    window_ends: Option<Millis>,
    /// The batch, perhaps cut into parts; the first is next.
    work: VecDeque<Part>,
    /// How often the function was invoked with the batch.
    invocations: u32,
    /// Whether a fault has let the batch be delivered again.
    repeated: bool,
}

#[derive(Debug)]
struct Part {
    records: Vec<ReadRecord>,
    /// Failures so far, cuts aside.
    failures: u32,
}

/// AWS: Lambda asks a shard four times a second, so a record waits up to a quarter of one.
const BATCH_MS: u64 = 30;
const BATCH_SPREAD_MS: u64 = 250;

impl StreamPoller {
    pub(super) fn new(lane: u32) -> StreamPoller {
        StreamPoller {
            lane,
            next: 0,
            gathered: Vec::new(),
            window_ends: None,
            work: VecDeque::new(),
            invocations: 0,
            repeated: false,
        }
    }

    /// Whether it has gathered for long enough.
    pub(super) fn is_window_over(&self, now: Millis) -> bool {
        !self.gathered.is_empty() && self.window_ends.is_some_and(|ends| now >= ends)
    }
}

impl Lambda {
    pub(super) fn poll_stream(&mut self, core: &mut Core, id: u32) {
        let source = &self.sources[self.pollers[id as usize].source as usize];
        let (Source::Stream(stream), Kind::Stream(own)) = (&source.source, &self.pollers[id as usize].kind) else {
            return;
        };
        let most = source.batch_size.saturating_sub(own.gathered.len() as u32).max(1);
        let read = GetRecords { stream: stream.arn.clone(), lane: own.lane, lanes: stream.lanes, from: own.next, most };
        self.pollers[id as usize].phase = Phase::Polling;
        let caller = self.poller_caller(id);
        core.send_after(0, 0, caller, Request::Streams(Box::new(read)));
    }

    pub(super) fn read(&mut self, core: &mut Core, id: u32, read: Records) {
        let now = core.now();
        let source_id = self.pollers[id as usize].source;
        let source = &self.sources[source_id as usize];
        let (batch_size, window_ms) = (source.batch_size as usize, source.window_ms);
        let has_filters = self.has_filters(source_id);
        let Kind::Stream(own) = &self.pollers[id as usize].kind else { return };
        if read.from != own.next {
            // The answer to an older question, which a window's end has overtaken.
            return;
        }
        let wanted = |record: &ReadRecord| !has_filters || self.wants(source_id, &record.json);
        let records: Vec<ReadRecord> = read.records.into_iter().filter(wanted).collect();
        let actor = self.pollers[id as usize].actor;
        let Kind::Stream(own) = &mut self.pollers[id as usize].kind else { return };
        own.next = read.next;
        own.gathered.extend(records);
        if own.gathered.is_empty() {
            self.poll_stream(core, id);
            return;
        }
        if window_ms > 0 && own.gathered.len() < batch_size {
            if own.window_ends.is_none() {
                own.window_ends = Some(now + window_ms);
                core.timer(now + window_ms, 0, actor, read.next, TimerOwner::Poller { poller: id });
            }
            if !own.is_window_over(now) {
                self.poll_stream(core, id);
                return;
            }
        }
        self.begin_records(core, id);
    }

    pub(super) fn begin_records(&mut self, core: &mut Core, id: u32) {
        let poller = &mut self.pollers[id as usize];
        let Kind::Stream(own) = &mut poller.kind else { return };
        own.window_ends = None;
        own.work.push_back(Part { records: std::mem::take(&mut own.gathered), failures: 0 });
        own.invocations = 0;
        own.repeated = false;
        poller.batch_actor = core.child(poller.actor, Name::BATCH, poller.batches);
        poller.batches += 1;
        poller.phase = Phase::Due;
        poller.due = core.now() + BATCH_MS;
        core.timer(poller.due, BATCH_SPREAD_MS, poller.batch_actor, 0, TimerOwner::Poller { poller: id });
    }

    pub(super) fn invoke_with_records(&mut self, core: &mut Core, id: u32) -> Result<(), HostError> {
        self.drop_old_records(core, id);
        let poller = &mut self.pollers[id as usize];
        let function = self.sources[poller.source as usize].function;
        let Kind::Stream(own) = &mut poller.kind else { return Ok(()) };
        let Some(part) = own.work.front() else {
            self.poll_stream(core, id);
            return Ok(());
        };
        let records: Vec<Json> = part.records.iter().map(|record| record.json.clone()).collect();
        let event = Json::from_pairs([("Records", Json::from(records))]);
        let number = own.invocations;
        own.invocations += 1;
        poller.phase = Phase::Invoking;
        let actor = poller.batch_actor;
        self.invoke(core, actor, number, ReplyTo::Poller { poller: id }, function, event)
    }

    pub(super) fn records_handled(&mut self, core: &mut Core, id: u32, answer: &Answer) {
        let poller = &self.pollers[id as usize];
        let source = &self.sources[poller.source as usize];
        let (Source::Stream(stream), actor) = (&source.source, poller.batch_actor) else { return };
        let (retries_max, bisects) = (stream.retries_max, stream.bisects);
        let reports = source.reports_failures;
        // AWS: a throttled function is tried until the records expire, whatever the number of retries is.
        let is_throttled = matches!(answer, Err(error) if error.status == 429);
        let verdict = verdict(answer, reports);
        let Kind::Stream(own) = &mut self.pollers[id as usize].kind else { return };
        let Some(mut part) = own.work.pop_front() else { return };
        match verdict {
            Verdict::Done => {
                if !own.repeated && core.fault(FaultId::DdStreamDup, actor, Name::LAMBDA_INVOKE, 0) != 0 {
                    own.repeated = true;
                    own.work.push_front(part);
                }
                self.go_on(core, id, BATCH_MS);
                return;
            }
            Verdict::Failed(failed) => {
                // AWS: everything from the first failed record on is tried again.
                let first = part.records.iter().position(|record| failed.contains(&record.number)).unwrap_or(0);
                part.records.drain(..first);
                core.note(actor, || format!("{} records are tried again", part.records.len()));
            }
            Verdict::AllFailed(why) => {
                core.note(actor, || format!("the batch of {} records failed: {why}", part.records.len()));
            }
        }
        let invocations = own.invocations;
        if is_throttled {
            own.work.push_front(part);
        } else if bisects && part.records.len() > 1 {
            // AWS: a cut does not count as a retry.
            let second = part.records.split_off(part.records.len().div_ceil(2));
            own.work.push_front(Part { records: second, failures: part.failures });
            own.work.push_front(part);
        } else {
            part.failures += 1;
            if retries_max.is_some_and(|most| part.failures > most) {
                self.give_up_records(core, id, &part.records, "RetryAttemptsExhausted", invocations);
                self.go_on(core, id, BATCH_MS);
                return;
            }
            own.work.push_front(part);
        }
        self.go_on(core, id, backoff_ms(invocations));
    }

    /// What is left of the batch is next, or the next read.
    fn go_on(&mut self, core: &mut Core, id: u32, wait_ms: u64) {
        let poller = &mut self.pollers[id as usize];
        let Kind::Stream(own) = &poller.kind else { return };
        if own.work.is_empty() {
            self.poll_stream(core, id);
            return;
        }
        poller.phase = Phase::Due;
        let occurrence = own.invocations;
        poller.due = core.now() + wait_ms;
        core.timer(poller.due, 0, poller.batch_actor, occurrence, TimerOwner::Poller { poller: id });
    }

    /// AWS: records older than the mapping allows are dropped, and older than the stream keeps are gone.
    fn drop_old_records(&mut self, core: &mut Core, id: u32) {
        let now = core.now();
        let poller = &mut self.pollers[id as usize];
        let Source::Stream(stream) = &self.sources[poller.source as usize].source else { return };
        let age_max_ms = stream.age_max_ms.unwrap_or(STREAM_RETENTION_MS).min(STREAM_RETENTION_MS);
        let Kind::Stream(own) = &mut poller.kind else { return };
        let mut dropped = Vec::new();
        for part in &mut own.work {
            let young = part.records.iter().position(|record| age_ms(now, record.at) < age_max_ms);
            let old = young.unwrap_or(part.records.len());
            dropped.extend(part.records.drain(..old));
        }
        own.work.retain(|part| !part.records.is_empty());
        let invocations = own.invocations;
        if !dropped.is_empty() {
            self.give_up_records(core, id, &dropped, "EventAgeExceeded", invocations);
        }
    }

    /// Records leave the flow: the mapping's destination hears of them, if it has one.
    fn give_up_records(&self, core: &mut Core, id: u32, records: &[ReadRecord], condition: &str, invocations: u32) {
        let poller = &self.pollers[id as usize];
        let source = &self.sources[poller.source as usize];
        let Source::Stream(stream) = &source.source else { return };
        let actor = poller.batch_actor;
        core.note(actor, || format!("{} records are given up: {condition}", records.len()));
        let (Some(destination), Some(first), Some(last)) = (&stream.on_failure, records.first(), records.last()) else {
            return;
        };
        let Kind::Stream(own) = &poller.kind else { return };
        let function_arn = self.functions.get(source.function as usize).map(|function| function.arn.clone());
        let key = core.entropy(actor, Name::DESTINATION, first.sequence);
        let record = json!({
            "requestContext": {
                "requestId": (&*uuid(key, key.rotate_left(31))),
                "functionArn": (&*function_arn.unwrap_or_default()),
                "condition": condition,
                "approximateInvokeCount": invocations,
            },
            "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
            "version": "1.0",
            "timestamp": (core.now().to_iso()),
            "DDBStreamBatchInfo": {
                "shardId": (format!("shardId-{:020}-00000000", own.lane)),
                "startSequenceNumber": (&*first.number),
                "endSequenceNumber": (&*last.number),
                "approximateArrivalOfFirstRecord": (first.at.to_iso()),
                "approximateArrivalOfLastRecord": (last.at.to_iso()),
                "batchSize": (records.len()),
                "streamArn": (&*stream.arn),
            },
        });
        let principal = self.role_of(poller.source);
        self.send_record(core, (actor, first.sequence, principal), destination, record, false, source.function);
    }
}
