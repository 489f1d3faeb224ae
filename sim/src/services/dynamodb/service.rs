use rehearsal_engine::Json;

use super::expiring::Expiries;
use super::streaming::Reader;
use super::{
    AttributeValue, Attributes, Change, Database, KeysOfTable, Query, ReadChoice, Request, Scan, WritesOfTable,
};
use crate::handlers::Sdk;
use crate::services::{ApiError, Response, dynamodb_operation};
use crate::world::{ActorId, Caller, Core, FaultId, Millis, Name, Parts, SDK_RETRY_OCCURRENCE, hash_text, mix};

/// The DynamoDB service of one world: the data plane, with the faults that a client may meet.
pub struct DynamoDb {
    /// The tables.
    pub database: Database,
    changed: Parts,
    digest: u64,
    commits: Vec<Commit>,
    pub(super) readers: Vec<Reader>,
    pub(super) expiries: Expiries,
}

/// What one request changed, kept of runs that are recorded.
#[derive(Clone, Debug)]
pub struct Commit {
    /// When.
    pub at: Millis,
    /// Whose request it was.
    pub actor: ActorId,
    /// How many moments the timeline had before it.
    pub moment: usize,
    /// The items that are others than before.
    pub changes: Vec<Change>,
}

/// How long the SDK waits before it repeats a throttled request.
const SDK_RETRY_MS: u64 = 50;

impl DynamoDb {
    /// The service over these tables.
    pub fn new(database: Database) -> DynamoDb {
        DynamoDb {
            database,
            changed: Parts::NONE,
            digest: 0,
            commits: Vec::new(),
            readers: Vec::new(),
            expiries: Expiries::default(),
        }
    }

    /// Back to the seeded tables.
    pub fn reset(&mut self) {
        self.database.reset();
        self.changed = Parts::NONE;
        self.digest = 0;
        self.commits.clear();
        self.readers.clear();
        self.expiries.reset();
    }

    /// Which tables changed since this was last asked.
    pub fn take_changed(&mut self) -> Parts {
        std::mem::replace(&mut self.changed, Parts::NONE)
    }

    /// A hash of every change so far, in order.
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// What changed in a run that was recorded, in order; nothing of other runs.
    pub fn commits(&self) -> &[Commit] {
        &self.commits
    }

    /// Takes a request that reached the service.
    pub fn handle(&mut self, core: &mut Core, caller: Caller, sdk: Sdk, mut request: Box<Request>) {
        let (actor, occurrence) = (caller.actor, caller.occurrence);
        let operation = dynamodb_operation(&request);
        match core.fault(FaultId::DdThrottle, actor, operation, occurrence) {
            0 => {}
            2 if occurrence / SDK_RETRY_OCCURRENCE + 1 < sdk.dynamodb_attempts_max() => {
                // The repeated request is a call of its own, so that its own faults have their own sites.
                let again = Caller { occurrence: occurrence + SDK_RETRY_OCCURRENCE, ..caller };
                core.send_after(SDK_RETRY_MS, SDK_RETRY_MS, again, crate::services::Request::DynamoDb(request));
                return;
            }
            _ => {
                self.refuse(core, caller, &request, throttled());
                return;
            }
        }
        if core.fault(FaultId::Dd500, actor, operation, occurrence) != 0 {
            self.refuse(core, caller, &request, internal_server_error());
            return;
        }
        let is_write = request.is_write();
        if is_write && core.fault(FaultId::DdTxConflict, actor, operation, occurrence) != 0 {
            self.refuse(core, caller, &request, conflict(&request));
            return;
        }
        let left_over = curtail(core, actor, operation, occurrence, &mut request);
        let mut answer = self.execute(core, actor, operation, occurrence, &request);
        if let (Some(left_over), Ok(response)) = (left_over, &mut answer) {
            left_over.add_to(response);
        }
        if is_write && answer.is_ok() {
            match core.fault(FaultId::Dd500Applied, actor, operation, occurrence) {
                0 => {}
                _ if !sdk.repeats() => answer = Err(internal_server_error()),
                1 => answer = Err(internal_server_error()),
                // AWS: SDKs give a transaction a token, so its repetition is recognised; other writes are applied again.
                _ if matches!(*request, Request::TransactWriteItems(_)) => {}
                _ => answer = self.execute(core, actor, operation, occurrence + SDK_RETRY_OCCURRENCE, &request),
            }
        }
        self.measure(core, &request, &answer);
        core.fold(match &answer {
            Ok(_) => 1,
            Err(error) => hash_text(error.code),
        });
        if core.is_recorded() {
            let outcome = match &answer {
                Ok(response) => response.to_json().to_string(),
                Err(error) => format!("{}: {}", error.code, error.message),
            };
            let name = core.names().text(operation).clone();
            let tables: Vec<&str> = request.tables().map(|resource| resource.table).collect();
            core.note(actor, || format!("{name} {} -> {outcome}", tables.join(", ")));
        }
        core.answer(actor, caller.reply_to, answer.map(Response::DynamoDb));
        if is_write {
            self.serve_readers(core);
        }
    }

    /// Answers with an error before anything is done.
    fn refuse(&self, core: &mut Core, caller: Caller, request: &Request, error: ApiError) {
        let answer = Err(error);
        self.measure(core, request, &answer);
        core.answer(caller.actor, caller.reply_to, answer.map(Response::DynamoDb));
    }

    fn execute(
        &mut self,
        core: &mut Core,
        actor: ActorId,
        operation: Name,
        occurrence: u32,
        request: &Request,
    ) -> Result<super::Response, ApiError> {
        let now = core.now();
        let mut reads = Reads { core, actor, operation, occurrence };
        let result = self.database.execute(now, request, &mut reads);
        self.note_changes(core, actor);
        self.follow_expiries(core, actor, operation, occurrence);
        if let Request::UpdateTimeToLive(update) = request
            && result.is_ok()
            && let Ok(table) = self.database.table_id(&update.table)
        {
            self.expire_all(core, table, actor, operation, occurrence);
        }
        result
    }

    /// Notes what the database did last.
    pub(super) fn note_changes(&mut self, core: &mut Core, actor: ActorId) {
        let now = core.now();
        for change in self.database.changes().iter().filter(|change| !change.is_noop()) {
            self.changed = self.changed.and(Parts::table(change.table.0 as usize));
            self.digest = mix(self.digest, change_digest(change));
        }
        if core.is_recorded() {
            let changes = self.database.changes().iter().filter(|change| !change.is_noop());
            let changes: Vec<Change> = changes.cloned().collect();
            if !changes.is_empty() {
                self.commits.push(Commit { at: now, actor, moment: core.trace().timeline().len(), changes });
            }
        }
    }
}

/// What a batch left undone.
enum LeftOver {
    Keys(KeysOfTable),
    Writes(WritesOfTable),
}

/// Takes away what a batch does not get done this time, and what a page does not reach.
fn curtail(
    core: &mut Core,
    actor: ActorId,
    operation: Name,
    occurrence: u32,
    request: &mut Request,
) -> Option<LeftOver> {
    let mut kept = |entries: usize| match core.fault(FaultId::DdBatchPartial, actor, operation, occurrence) {
        0 => entries,
        1 => entries - 1,
        _ => 1,
    };
    match request {
        // Of the last table: which of its entries are late is anybody's guess, on AWS too.
        Request::BatchGetItem(batch) => {
            let of = batch.tables.last_mut().filter(|of| of.keys.len() > 1)?;
            let keys = of.keys.split_off(kept(of.keys.len()));
            (!keys.is_empty()).then(|| LeftOver::Keys(KeysOfTable { keys, ..of.clone() }))
        }
        Request::BatchWriteItem(batch) => {
            let of = batch.tables.last_mut().filter(|of| of.entries.len() > 1)?;
            let entries = of.entries.split_off(kept(of.entries.len()));
            (!entries.is_empty()).then(|| LeftOver::Writes(WritesOfTable { entries, ..of.clone() }))
        }
        Request::Query(Query { limit, .. }) | Request::Scan(Scan { limit, .. }) => {
            if limit.is_none_or(|limit| limit > 1) && core.fault(FaultId::DdPage, actor, operation, occurrence) != 0 {
                *limit = Some(1);
            }
            None
        }
        _ => None,
    }
}

impl LeftOver {
    fn add_to(self, response: &mut super::Response) {
        match (self, response) {
            (left_over, super::Response::Metered { response, .. }) => left_over.add_to(response),
            (LeftOver::Keys(keys), super::Response::BatchGet { unprocessed, .. }) => unprocessed.push(keys),
            (LeftOver::Writes(writes), super::Response::BatchWrite { unprocessed }) => unprocessed.push(writes),
            _ => {}
        }
    }
}

struct Reads<'c> {
    core: &'c mut Core,
    actor: ActorId,
    operation: Name,
    occurrence: u32,
}

impl ReadChoice for Reads<'_> {
    fn version(&mut self, _: &str, index: Option<&str>, candidates: u32) -> u32 {
        let fault = if index.is_some() { FaultId::DdGsiLag } else { FaultId::DdStale };
        match self.core.fault(fault, self.actor, self.operation, self.occurrence) {
            0 => 0,
            1 => 1.min(candidates - 1),
            _ => candidates - 1,
        }
    }

    fn torn(&mut self) -> u32 {
        self.core.fault(FaultId::DdScanAnomaly, self.actor, self.operation, self.occurrence)
    }
}

fn throttled() -> ApiError {
    ApiError::new(
        "ProvisionedThroughputExceededException",
        "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning level with the UpdateTable API.",
    )
}

fn internal_server_error() -> ApiError {
    ApiError::new("InternalServerError", "Internal server error").with_status(500)
}

fn conflict(request: &Request) -> ApiError {
    match request {
        Request::TransactWriteItems(transaction) => cancelled_by_conflict(transaction.actions.len()),
        _ => ApiError::new("TransactionConflictException", "Transaction is ongoing for the item"),
    }
}

/// AWS: a transaction says for each of its actions why it was cancelled. Here the first meets the conflict.
fn cancelled_by_conflict(actions: usize) -> ApiError {
    let code = |at: usize| if at == 0 { "TransactionConflict" } else { "None" };
    let codes: Vec<&str> = (0..actions).map(code).collect();
    let reasons = codes.iter().map(|code| match *code {
        "None" => Json::from_pairs([("Code", Json::from("None"))]),
        code => {
            Json::from_pairs([("Code", Json::from(code)), ("Message", "Transaction is ongoing for the item".into())])
        }
    });
    let message =
        format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{}]", codes.join(", "));
    let mut error = ApiError::new("TransactionCanceledException", message);
    error.details = Json::from_pairs([("CancellationReasons", Json::from(reasons.collect::<Vec<_>>()))]);
    error
}

fn change_digest(change: &Change) -> u64 {
    match &change.new {
        None => 1,
        Some(item) => item_digest(item),
    }
}

fn item_digest(item: &Attributes) -> u64 {
    item.iter().fold(item.len() as u64, |digest, (name, value)| mix(mix(digest, hash_text(name)), value_digest(value)))
}

fn value_digest(value: &AttributeValue) -> u64 {
    match value {
        AttributeValue::S(text) => hash_text(text),
        AttributeValue::Bool(value) => 2 + u64::from(*value),
        AttributeValue::Null => 4,
        AttributeValue::L(elements) => elements.iter().fold(5, |digest, element| mix(digest, value_digest(element))),
        AttributeValue::M(members) => mix(6, item_digest(members)),
        AttributeValue::N(number) => number.to_bytes().chunks(8).fold(7, |digest, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            mix(digest, u64::from_le_bytes(word))
        }),
        // Bytes and sets by their wire text: the rare cases.
        other => hash_text(&other.to_wire().to_string()),
    }
}
