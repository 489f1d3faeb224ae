use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::json::Object;

use crate::services::dynamodb::key::ItemKey;
use crate::services::dynamodb::schema::{KeySchema, StreamView};
use crate::services::dynamodb::value::Item;
use crate::world::Millis;

/// AWS: a stream keeps its records for 24 hours.
pub const STREAM_RETENTION_MS: u64 = 86_400_000;

/// Sequence numbers are decimal numbers of 21 digits and more; those of a table all have the same length here.
const SEQUENCE_NUMBER_BASE: u128 = 100_000_000_000_000_000_000;

/// A table's stream: every change of an item, in the order of the writes. Writes that change nothing are not in it.
#[derive(Debug)]
pub struct Stream {
    arn: Arc<str>,
    view: StreamView,
    key: KeySchema,
    records: Vec<StreamRecord>,
}

/// One change of one item.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamRecord {
    /// Its place in the stream, from 0; ascending over the whole table.
    pub sequence: u32,
    /// When it was written.
    pub at: Millis,
    /// The item's key.
    pub key: ItemKey,
    /// The item before; `None` if there was none.
    pub old: Option<Item>,
    /// The item after; `None` if it is gone.
    pub new: Option<Item>,
    /// Whether DynamoDB itself deleted the item because it had expired.
    pub is_expiry: bool,
}

impl Stream {
    pub(super) fn new(arn: Arc<str>, view: StreamView, key: KeySchema) -> Stream {
        Stream { arn, view, key, records: Vec::new() }
    }

    /// The stream's ARN.
    pub fn arn(&self) -> &Arc<str> {
        &self.arn
    }

    /// Which images its records carry.
    pub fn view(&self) -> StreamView {
        self.view
    }

    /// Every record since the run began, oldest first; a record's `sequence` is its index.
    pub fn records(&self) -> &[StreamRecord] {
        &self.records
    }

    /// The records from `sequence` on that are not older than what a stream keeps.
    pub fn since(&self, sequence: u32, now: Millis) -> &[StreamRecord] {
        let trim_horizon = self.records.partition_point(|record| now - record.at >= STREAM_RETENTION_MS);
        self.records.get(trim_horizon.max(sequence as usize)..).unwrap_or_default()
    }

    /// A record as a Lambda function gets it.
    pub fn to_json(&self, record: &StreamRecord) -> Json {
        let mut body = Object::default();
        // AWS: whole seconds here.
        body.insert("ApproximateCreationDateTime".into(), (record.at.0 / 1000).into());
        let keys = record.key.to_attributes(&self.key);
        let mut bytes = keys.weight().bytes;
        body.insert("Keys".into(), keys.to_wire());
        let images = [("NewImage", &record.new, self.view.has_new()), ("OldImage", &record.old, self.view.has_old())];
        for (name, image, shown) in images {
            if let (Some(image), true) = (image, shown) {
                bytes += image.weight().bytes;
                body.insert(name.into(), image.to_wire());
            }
        }
        body.insert("SequenceNumber".into(), record.sequence_number().into());
        body.insert("SizeBytes".into(), bytes.into());
        body.insert("StreamViewType".into(), self.view.name().into());
        let region = self.arn.split(':').nth(3).unwrap_or_default();
        let mut members = vec![
            ("eventID", Json::from(self.event_id(record))),
            ("eventName", record.event_name().into()),
            ("eventVersion", "1.1".into()),
            ("eventSource", "aws:dynamodb".into()),
            ("awsRegion", region.into()),
            ("dynamodb", body.into()),
            ("eventSourceARN", Json::String(self.arn.clone())),
        ];
        if record.is_expiry {
            let identity = [("type", Json::from("Service")), ("principalId", "dynamodb.amazonaws.com".into())];
            members.push(("userIdentity", Json::from_pairs(identity)));
        }
        Json::from_pairs(members)
    }

    pub(super) fn reset(&mut self) {
        self.records.clear();
    }

    pub(super) fn push(&mut self, at: Millis, key: &ItemKey, old: Option<&Item>, new: Option<&Item>) {
        if old == new {
            return;
        }
        let sequence = self.records.len() as u32;
        let (old, new) = (old.cloned(), new.cloned());
        self.records.push(StreamRecord { sequence, at, key: key.clone(), old, new, is_expiry: false });
    }

    pub(super) fn mark_expired(&mut self) {
        self.records.iter_mut().last().into_iter().for_each(|record| record.is_expiry = true);
    }

    /// Thirty-two hexadecimal digits, the same for a record whenever it is delivered.
    fn event_id(&self, record: &StreamRecord) -> String {
        let table = xxhash_rust::xxh3::xxh3_64(self.arn.as_bytes());
        format!("{table:016x}{:016x}", crate::world::mix(table, u64::from(record.sequence)))
    }
}

impl StreamRecord {
    /// `INSERT`, `MODIFY` or `REMOVE`.
    pub fn event_name(&self) -> &'static str {
        match (&self.old, &self.new) {
            (None, _) => "INSERT",
            (Some(_), Some(_)) => "MODIFY",
            (Some(_), None) => "REMOVE",
        }
    }

    /// `SequenceNumber`: of two records of a table the later one's is the greater text.
    pub fn sequence_number(&self) -> String {
        (SEQUENCE_NUMBER_BASE + u128::from(self.sequence)).to_string()
    }

    /// Which of `lanes` the record belongs to. AWS: records of one item always share a shard, and a parallel batch of it.
    pub fn lane(&self, lanes: u32) -> u32 {
        ((u128::from(self.key.partition()) * u128::from(lanes)) >> 64) as u32
    }
}
