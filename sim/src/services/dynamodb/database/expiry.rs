use std::sync::Arc;

use rehearsal_engine::Json;

use super::{Change, Database, TableId};
use crate::services::ApiError;
use crate::services::dynamodb::key::ItemKey;
use crate::services::dynamodb::request::UpdateTimeToLive;
use crate::services::dynamodb::value::Attributes;
use crate::world::Millis;

/// AWS: an item that expired more than five years ago is left alone, since its number is taken for a mistake.
const EXPIRED_AGO_MS_MAX: i64 = 5 * 365 * 86_400_000;

impl Database {
    /// The attribute whose number is the second at which an item of this table expires.
    pub fn time_to_live(&self, table: TableId) -> Option<&Arc<str>> {
        self.tables.get(table.0 as usize)?.time_to_live()
    }

    /// When an item expires, as seen from `now`; `None` where it never does.
    pub fn expires_at(&self, now: Millis, table: TableId, item: &Attributes) -> Option<Millis> {
        // AWS: a number of seconds since 1970; an attribute of any other type is ignored.
        let seconds = item.get(self.time_to_live(table)?)?.as_i64()?;
        let at_ms = seconds.checked_mul(1000)?;
        let is_recent = at_ms.saturating_add(EXPIRED_AGO_MS_MAX) >= i64::try_from(now.0).ok()?;
        u64::try_from(at_ms).ok().filter(|_| is_recent).map(Millis)
    }

    /// Deletes the item of this key if it has expired, as DynamoDB itself does; what changed is in
    /// [`Database::changes`].
    pub fn expire(&mut self, now: Millis, table: TableId, key: &ItemKey) {
        self.changes.clear();
        self.executed += 1;
        let expires_at = self.item(table, key).and_then(|item| self.expires_at(now, table, item));
        if expires_at.is_some_and(|at| at <= now) {
            let of = &mut self.tables[table.0 as usize];
            let old = of.commit(now, self.executed, key, None);
            of.mark_expired();
            self.changes.push(Change { table, key: key.clone(), old, new: None });
        }
    }

    pub(super) fn update_time_to_live(&mut self, request: &UpdateTimeToLive) -> Result<Json, ApiError> {
        let TableId(table) = self.table_id(&request.table)?;
        let table = &mut self.tables[table as usize];
        match (table.time_to_live(), request.enabled) {
            (Some(known), true) if **known == *request.attribute => {
                return Err(ApiError::validation("TimeToLive is already enabled"));
            }
            (Some(_), true) => {
                return Err(ApiError::validation("TimeToLive is active on a different AttributeName"));
            }
            (None, false) => return Err(ApiError::validation("TimeToLive is already disabled")),
            (Some(known), false) if **known != *request.attribute => {
                let message =
                    format!("TimeToLive is active on a different AttributeName: current AttributeName is {known}");
                return Err(ApiError::validation(message));
            }
            (_, enabled) => table.set_time_to_live(enabled.then(|| request.attribute.to_shared())),
        }
        let specification = Json::from_pairs([
            ("Enabled", Json::Bool(request.enabled)),
            ("AttributeName", Json::String(request.attribute.to_shared())),
        ]);
        Ok(Json::from_pairs([("TimeToLiveSpecification", specification)]))
    }
}
