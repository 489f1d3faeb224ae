use std::sync::Arc;

use rehearsal_engine::Json;

use super::service::DynamoDb;
use super::{Stream, StreamRecord, TableId};
use crate::services::{ApiError, Response};
use crate::world::{Caller, Core, Millis, ReplyTo};

/// A wish for records of a stream, from one lane of it: as soon as there are some, nobody asks again and again.
#[derive(Clone, Debug)]
pub struct GetRecords {
    /// The stream's ARN.
    pub stream: Arc<str>,
    /// Which part of the items.
    pub lane: u32,
    /// Of how many parts.
    pub lanes: u32,
    /// From this place of the stream on.
    pub from: u32,
    /// At most so many.
    pub most: u32,
}

/// What was read of a stream.
#[derive(Clone, Debug, PartialEq)]
pub struct Records {
    /// Where the read began.
    pub from: u32,
    /// The records, oldest first.
    pub records: Vec<ReadRecord>,
    /// Where the next read begins.
    pub next: u32,
}

/// One change of one item, as a function gets it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadRecord {
    /// Its place in the stream.
    pub sequence: u32,
    /// Its sequence number.
    pub number: Arc<str>,
    /// When it was written.
    pub at: Millis,
    /// The record.
    pub json: Json,
}

/// A reader that waits for records.
#[derive(Debug)]
pub(super) struct Reader {
    caller: Caller,
    table: TableId,
    read: GetRecords,
}

impl DynamoDb {
    /// Answers with records, or waits until there are some.
    pub fn read_stream(&mut self, core: &mut Core, caller: Caller, read: GetRecords) {
        let is_meant =
            |table: &u32| self.database.stream(TableId(*table)).is_some_and(|stream| **stream.arn() == *read.stream);
        let tables = self.database.schemas().len() as u32;
        let Some(table) = (0..tables).find(is_meant).map(TableId) else {
            let message = format!("Requested resource not found: Stream: {} not found", read.stream);
            core.answer(caller.actor, caller.reply_to, Err(ApiError::new("ResourceNotFoundException", message)));
            return;
        };
        // Who asks again no longer waits for the answer to the question before.
        if caller.reply_to != ReplyTo::Nobody {
            self.readers.retain(|reader| reader.caller.reply_to != caller.reply_to);
        }
        self.readers.push(Reader { caller, table, read });
        self.serve_readers(core);
    }

    /// Answers those who wait for what is there now.
    pub(super) fn serve_readers(&mut self, core: &mut Core) {
        if self.readers.is_empty() {
            return;
        }
        let now = core.now();
        let (database, mut answers) = (&self.database, Vec::new());
        self.readers.retain(|reader| {
            let Some(stream) = database.stream(reader.table) else { return false };
            let read = records(stream, &reader.read, now);
            if read.records.is_empty() {
                return true;
            }
            answers.push((reader.caller, read));
            false
        });
        for (caller, read) in answers {
            core.fold(read.records.len() as u64);
            core.answer(caller.actor, caller.reply_to, Ok(Response::Streams(read)));
        }
    }
}

fn records(stream: &Stream, read: &GetRecords, now: Millis) -> Records {
    let all = stream.since(read.from, now);
    let of_lane = all.iter().filter(|record| record.lane(read.lanes.max(1)) == read.lane);
    let made = |record: &StreamRecord| ReadRecord {
        sequence: record.sequence,
        number: record.sequence_number().into(),
        at: record.at,
        json: stream.to_json(record),
    };
    let records: Vec<ReadRecord> = of_lane.take(read.most as usize).map(made).collect();
    let next = records.last().map_or(read.from, |record| record.sequence + 1);
    Records { from: read.from, records, next }
}
