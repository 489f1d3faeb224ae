use std::collections::BTreeMap;

use super::service::DynamoDb;
use super::{ItemKey, TableId};
use crate::world::{ActorId, Core, FaultId, Millis, Name, QueueId, TimerOwner, form_value};

/// An item that expires is deleted within this long, when nothing holds it up. AWS promises "within a few days".
const EXPIRY_SPREAD_MS: u64 = 1_000;
/// How much later it is deleted when the fault strikes, by its form.
const LATE_MS: [u64; 3] = [300_000, 3_600_000, 172_800_000];
/// An expiry that a stream tells of, and so perhaps a function, is work in flight if it comes within a day.
const AWAITED_MS_MAX: u64 = 86_400_000;
/// Of the expiring items that one request writes each has a site of its own.
const SITES_APART: u32 = 1 << 24;
const SITES_MAX: u32 = 127;
/// The timers of expiries stand apart from the others of their actor.
const TIMER_OCCURRENCE: u32 = 1 << 31;

/// The items that wait to be deleted because they expire.
#[derive(Debug, Default)]
pub(super) struct Expiries {
    pending: BTreeMap<(TableId, ItemKey), (QueueId, Millis)>,
    /// What the timers name, by their number.
    items: Vec<(TableId, ItemKey)>,
}

impl Expiries {
    pub fn reset(&mut self) {
        self.pending.clear();
        self.items.clear();
    }
}

impl DynamoDb {
    /// Lets the items that are there from the beginning expire.
    pub fn start(&mut self, core: &mut Core) {
        let tables = self.database.schemas().len() as u32;
        for table in 0..tables {
            self.expire_all(core, TableId(table), ActorId::WORLD, Name::DYNAMODB_PUT_ITEM, 0);
        }
    }

    /// Whether an item will be deleted before `end` because it expires.
    pub fn awaits_expiry(&self, end: Millis) -> bool {
        self.expiries.pending.values().any(|(_, at)| *at < end)
    }

    /// An item's time is up.
    pub fn expiry_due(&mut self, core: &mut Core, actor: ActorId, item: u32) {
        let Some((table, key)) = self.expiries.items.get(item as usize).cloned() else { return };
        self.expiries.pending.remove(&(table, key.clone()));
        let now = core.now();
        self.database.expire(now, table, &key);
        let name = self.database.schema(table).map(|schema| schema.name.clone()).unwrap_or_default();
        core.note(actor, || format!("the item {key} of {name} has expired and is deleted"));
        self.note_changes(core, actor);
        self.serve_readers(core);
    }

    /// After a write: what it wrote may expire, and what it replaced does no more.
    pub(super) fn follow_expiries(&mut self, core: &mut Core, actor: ActorId, operation: Name, occurrence: u32) {
        let expiring =
            self.database.changes().iter().filter(|change| self.database.time_to_live(change.table).is_some());
        let expiring: Vec<(TableId, ItemKey)> = expiring.map(|change| (change.table, change.key.clone())).collect();
        for (number, (table, key)) in expiring.into_iter().enumerate() {
            self.follow_expiry(core, table, key, actor, operation, site_of(number, occurrence));
        }
    }

    /// After the table's time to live was set or taken away.
    pub(super) fn expire_all(
        &mut self,
        core: &mut Core,
        table: TableId,
        actor: ActorId,
        operation: Name,
        occurrence: u32,
    ) {
        let dropped: Vec<_> = self.expiries.pending.keys().filter(|(of, _)| *of == table).cloned().collect();
        for (timer, _) in dropped.iter().filter_map(|place| self.expiries.pending.remove(place)) {
            core.cancel(timer);
        }
        if self.database.time_to_live(table).is_none() {
            return;
        }
        let keys: Vec<ItemKey> = self.database.items(table).map(|(key, _)| key.clone()).collect();
        for (number, key) in keys.into_iter().enumerate() {
            self.follow_expiry(core, table, key, actor, operation, site_of(number, occurrence));
        }
    }

    fn follow_expiry(
        &mut self,
        core: &mut Core,
        table: TableId,
        key: ItemKey,
        actor: ActorId,
        operation: Name,
        occurrence: u32,
    ) {
        let place = (table, key);
        if let Some((timer, _)) = self.expiries.pending.remove(&place) {
            core.cancel(timer);
        }
        let item = self.database.item(table, &place.1);
        let Some(expires_at) = item.and_then(|item| self.database.expires_at(core.now(), table, item)) else { return };
        let late_ms = form_value(&LATE_MS, core.fault(FaultId::DdTtlLate, actor, operation, occurrence)).unwrap_or(0);
        let at = expires_at.max(core.now()) + late_ms;
        let item = self.expiries.items.len() as u32;
        let is_awaited = self.database.stream(table).is_some() && at - core.now() <= AWAITED_MS_MAX;
        let owner = TimerOwner::Expiry { item, is_awaited };
        let timer = core.timer(at, EXPIRY_SPREAD_MS, actor, TIMER_OCCURRENCE | occurrence, owner);
        self.expiries.items.push(place.clone());
        self.expiries.pending.insert(place, (timer, at));
    }
}

fn site_of(number: usize, occurrence: u32) -> u32 {
    let number = u32::try_from(number).unwrap_or(SITES_MAX).min(SITES_MAX);
    number * SITES_APART + occurrence % SITES_APART
}
