use std::ops::Bound;
use std::sync::Arc;

use super::plan::Plan;
use super::table::{IndexEntry, Stretch, Table};
use super::{Database, ReadChoice, TableId};
use crate::services::ApiError;
use crate::services::dynamodb::expression::RangeCondition;
use crate::services::dynamodb::key::{ItemKey, KeyValue};
use crate::services::dynamodb::request::{Expressions, GetItem, Query, Scan, Select};
use crate::services::dynamodb::response::{Page, Response};
use crate::services::dynamodb::schema::{IndexProjection, IndexSchema, KeySchema};
use crate::services::dynamodb::value::{AttributeValue, Attributes, Item};
use crate::world::Millis;

/// AWS: a page ends when more than 1 MB was read.
const PAGE_BYTES_MAX: usize = 1024 * 1024;

impl Database {
    pub(super) fn get_item(
        &mut self,
        now: Millis,
        request: &GetItem,
        reads: &mut dyn ReadChoice,
    ) -> Result<Response, ApiError> {
        let (table, plan) = self.plan(&request.table, &request.expressions)?;
        let key = ItemKey::from_request(&self.table(table).schema().key, &request.key)?;
        let item = self.read_item(now, table, &key, request.consistent, reads);
        Ok(Response::Get { item: item.map(|item| project(&plan, item)) })
    }

    /// The item as a read sees it, which may be an older one unless the read is consistent.
    pub(super) fn read_item(
        &self,
        now: Millis,
        table: TableId,
        key: &ItemKey,
        consistent: bool,
        reads: &mut dyn ReadChoice,
    ) -> Option<Item> {
        let table = self.table(table);
        if !consistent {
            let older = table.past_of(now, key).count();
            if let Some(behind) = choose(older, &table.schema().name, None, reads) {
                return table.past_of(now, key).nth(behind - 1).flatten().cloned();
            }
        }
        table.current(key).cloned()
    }

    pub(super) fn query(
        &mut self,
        now: Millis,
        request: &Query,
        reads: &mut dyn ReadChoice,
    ) -> Result<Response, ApiError> {
        let (source, plan) = self.source(&request.table, request.index.as_deref(), &request.expressions)?;
        source.check_consistency(self.table(source.table), request.consistent)?;
        let Some(condition) = &plan.key_condition else {
            return Err(ApiError::validation(
                "Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.",
            ));
        };
        let values = &request.expressions.values;
        let table = self.table(source.table);
        let key_value = |value: &AttributeValue| {
            // The types were checked when the expression was compiled.
            KeyValue::from_value(value).ok_or_else(|| ApiError::validation("Query key condition not supported"))
        };
        let hash = key_value(condition.hash.of(values))?;
        let range = match condition.range {
            None => SortRange::All,
            Some(RangeCondition::Equal(slot)) => SortRange::Equal(key_value(slot.of(values))?),
            Some(RangeCondition::Less(slot)) => SortRange::Less(key_value(slot.of(values))?),
            Some(RangeCondition::LessOrEqual(slot)) => SortRange::LessOrEqual(key_value(slot.of(values))?),
            Some(RangeCondition::Greater(slot)) => SortRange::Greater(key_value(slot.of(values))?),
            Some(RangeCondition::GreaterOrEqual(slot)) => SortRange::GreaterOrEqual(key_value(slot.of(values))?),
            Some(RangeCondition::Between(low, high)) => {
                SortRange::Between(key_value(low.of(values))?, key_value(high.of(values))?)
            }
            Some(RangeCondition::BeginsWith(slot)) => SortRange::BeginsWith(key_value(slot.of(values))?),
        };
        let (low, high) = range.bounds();
        let mut stretch = (
            Bound::Included(IndexEntry { key: ItemKey::new(hash.clone(), low), item: ItemKey::first() }),
            Bound::Included(IndexEntry { key: ItemKey::new(hash.clone(), high), item: ItemKey::last() }),
        );
        let partition = ItemKey::new(hash, None);
        if let Some(start) = &request.start {
            let start = source.start(table, start)?;
            if start.key.hash() != partition.hash() || !start.key.range().is_none_or(|value| range.contains(value)) {
                return Err(ApiError::validation(
                    "The provided starting key is outside query boundaries based on provided conditions",
                ));
            }
            go_on(&mut stretch, start, request.forward);
        }
        let view = View::new(table, &source, request.select, request.expressions.projection.is_some())?;
        let reading = Reading {
            now,
            source: &source,
            stretch,
            partition: Some(&partition),
            forward: request.forward,
            consistent: request.consistent,
        };
        let keep = |key: &ItemKey| key.range().is_none_or(|value| range.contains(value));
        Ok(reading.page(table, &view, &plan, &request.expressions, request.limit, &keep, reads))
    }

    pub(super) fn scan(
        &mut self,
        now: Millis,
        request: &Scan,
        reads: &mut dyn ReadChoice,
    ) -> Result<Response, ApiError> {
        let (source, plan) = self.source(&request.table, request.index.as_deref(), &request.expressions)?;
        source.check_consistency(self.table(source.table), request.consistent)?;
        let table = self.table(source.table);
        let mut stretch = (Bound::Unbounded, Bound::Unbounded);
        let (segment, segments) = request.segment.unwrap_or((0, 1));
        if segment >= segments {
            return Err(ApiError::validation(format!(
                "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: \
                 {segment} is not less than TotalSegments: {segments}"
            )));
        }
        // AWS: a segment is a range of the partition keys' hashes.
        let keep = |key: &ItemKey| (u128::from(key.partition()) * u128::from(segments)) >> 64 == u128::from(segment);
        if let Some(start) = &request.start {
            let start = source.start(table, start)?;
            if !keep(&start.key) {
                return Err(ApiError::validation(
                    "The provided starting key is invalid: Invalid ExclusiveStartKey. Please use ExclusiveStartKey \
                     with correct Segment.",
                ));
            }
            go_on(&mut stretch, start, true);
        }
        let view = View::new(table, &source, request.select, request.expressions.projection.is_some())?;
        let reading =
            Reading { now, source: &source, stretch, partition: None, forward: true, consistent: request.consistent };
        Ok(reading.page(table, &view, &plan, &request.expressions, request.limit, &keep, reads))
    }

    /// What a query or scan reads.
    fn source(
        &mut self,
        table: &str,
        index: Option<&str>,
        expressions: &Expressions,
    ) -> Result<(Source, Arc<Plan>), ApiError> {
        let table = self.table_id(table)?;
        let schema = self.tables[table.0 as usize].schema();
        let index =
            match index {
                None => None,
                Some(name) => Some(schema.indexes.iter().position(|index| *index.name == *name).ok_or_else(|| {
                    ApiError::validation(format!("The table does not have the specified index: {name}"))
                })?),
            };
        Ok((Source { table, index }, self.plans.plan(table.0, schema, index, expressions)?))
    }
}

/// The choice of an eventually consistent read: how far behind it is, `None` for not at all.
fn choose(older: usize, table: &str, index: Option<&str>, reads: &mut dyn ReadChoice) -> Option<usize> {
    if older == 0 {
        return None;
    }
    let behind = reads.version(table, index, older as u32 + 1) as usize;
    (behind > 0).then(|| behind.min(older))
}

pub(super) fn project(plan: &Plan, item: Item) -> Item {
    match &plan.projection {
        Some(projection) => Arc::new(projection.apply(&item)),
        None => item,
    }
}

/// A table, or one of its indexes.
struct Source {
    table: TableId,
    index: Option<usize>,
}

impl Source {
    fn index<'a>(&self, table: &'a Table) -> Option<&'a IndexSchema> {
        table.schema().indexes.get(self.index?)
    }

    fn key<'a>(&self, table: &'a Table) -> &'a KeySchema {
        self.index(table).map_or(&table.schema().key, |index| &index.key)
    }

    /// AWS: a global index is always read eventually consistently.
    fn check_consistency(&self, table: &Table, consistent: bool) -> Result<(), ApiError> {
        if consistent && self.index(table).is_some_and(|index| index.global) {
            return Err(ApiError::validation("Consistent reads are not supported on global secondary indexes"));
        }
        Ok(())
    }

    /// Reads an `ExclusiveStartKey`: the key of the table and, for an index, that of the index.
    fn start(&self, table: &Table, start: &Attributes) -> Result<IndexEntry, ApiError> {
        let invalid = || ApiError::validation("The provided starting key is invalid");
        let part = |schema: &KeySchema| {
            let attributes = schema.attributes();
            let part = attributes.map(|attribute| Some((attribute.name.clone(), start.get(&attribute.name)?.clone())));
            part.collect::<Option<Attributes>>().ok_or_else(invalid)
        };
        let (place, item) = (part(self.key(table))?, part(&table.schema().key)?);
        let known = |name: &str| place.get(name).is_some() || item.get(name).is_some();
        if start.iter().any(|(name, _)| !known(name)) {
            return Err(invalid());
        }
        Ok(IndexEntry {
            key: ItemKey::from_request(self.key(table), &place).map_err(|_| invalid())?,
            item: ItemKey::from_request(&table.schema().key, &item).map_err(|_| invalid())?,
        })
    }
}

/// Leaves only what comes after `start`.
fn go_on(stretch: &mut Stretch, start: IndexEntry, forward: bool) {
    if forward {
        stretch.0 = Bound::Excluded(start);
    } else {
        stretch.1 = Bound::Excluded(start);
    }
}

/// Which sort keys a query reads.
enum SortRange {
    All,
    Equal(KeyValue),
    Less(KeyValue),
    LessOrEqual(KeyValue),
    Greater(KeyValue),
    GreaterOrEqual(KeyValue),
    Between(KeyValue, KeyValue),
    BeginsWith(KeyValue),
}

impl SortRange {
    /// The lowest and the highest sort key that can be in the range. A missing sort key is below every other.
    fn bounds(&self) -> (Option<KeyValue>, Option<KeyValue>) {
        let end = Some(KeyValue::End);
        match self {
            SortRange::All => (None, end),
            SortRange::Less(value) | SortRange::LessOrEqual(value) => (None, Some(value.clone())),
            SortRange::Greater(value) | SortRange::GreaterOrEqual(value) | SortRange::BeginsWith(value) => {
                (Some(value.clone()), end)
            }
            SortRange::Equal(value) => (Some(value.clone()), Some(value.clone())),
            SortRange::Between(low, high) => (Some(low.clone()), Some(high.clone())),
        }
    }

    fn contains(&self, value: &KeyValue) -> bool {
        match self {
            SortRange::All => true,
            SortRange::Equal(wanted) => value == wanted,
            SortRange::Less(bound) => value < bound,
            SortRange::LessOrEqual(bound) => value <= bound,
            SortRange::Greater(bound) => value > bound,
            SortRange::GreaterOrEqual(bound) => value >= bound,
            SortRange::Between(low, high) => low <= value && value <= high,
            SortRange::BeginsWith(prefix) => match (value, prefix) {
                (KeyValue::S(text), KeyValue::S(prefix)) => text.starts_with(&**prefix),
                (KeyValue::B(bytes), KeyValue::B(prefix)) => bytes.starts_with(prefix),
                _ => false,
            },
        }
    }
}

/// How much of an item a query or scan shows.
struct View<'a> {
    /// The index whose projection bounds what filter and projection expression see.
    seen: Option<&'a IndexSchema>,
    /// The index whose projection bounds what is returned.
    returned: Option<&'a IndexSchema>,
    table_key: &'a KeySchema,
    count_only: bool,
}

impl<'a> View<'a> {
    fn new(
        table: &'a Table,
        source: &Source,
        select: Option<Select>,
        has_projection: bool,
    ) -> Result<View<'a>, ApiError> {
        let index = source.index(table);
        let partial = index.filter(|index| index.projection != IndexProjection::All);
        let problem = match (select, has_projection) {
            (Some(Select::AllProjectedAttributes), _) if index.is_none() => {
                Some("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName".to_owned())
            }
            (Some(Select::SpecificAttributes), false) => Some(
                "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES"
                    .to_owned(),
            ),
            (Some(Select::AllAttributes), true) => {
                Some("Cannot specify the ProjectionExpression when choosing to get ALL_ATTRIBUTES".to_owned())
            }
            (Some(Select::AllProjectedAttributes), true) => {
                Some("Cannot specify the ProjectionExpression when choosing to get ALL_PROJECTED_ATTRIBUTES".to_owned())
            }
            (Some(Select::Count), true) => {
                Some("Cannot specify the ProjectionExpression when choosing to get only the Count".to_owned())
            }
            (Some(Select::AllAttributes), false) => partial.filter(|index| index.global).map(|index| {
                format!(
                    "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global \
                     secondary index {} because its projection type is not ALL",
                    index.name
                )
            }),
            _ => None,
        };
        if let Some(problem) = problem {
            return Err(ApiError::validation(problem));
        }
        // AWS: a local index fetches from the table what it does not carry, a global one does not.
        let fetches = has_projection || select == Some(Select::AllAttributes);
        Ok(View {
            seen: partial.filter(|index| index.global),
            returned: partial.filter(|index| index.global || !fetches),
            table_key: &table.schema().key,
            count_only: select == Some(Select::Count),
        })
    }

    fn cut(&self, index: Option<&IndexSchema>, item: &Item) -> Item {
        let Some(index) = index else { return item.clone() };
        let included = |name: &str| match &index.projection {
            IndexProjection::Include(names) => names.iter().any(|known| **known == *name),
            _ => false,
        };
        let carries = |name: &str| self.table_key.contains(name) || index.key.contains(name) || included(name);
        let kept = item.iter().filter(|(name, _)| carries(name));
        Arc::new(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
    }
}

/// One read of a stretch of a table or index.
struct Reading<'a> {
    now: Millis,
    source: &'a Source,
    stretch: Stretch,
    partition: Option<&'a ItemKey>,
    forward: bool,
    consistent: bool,
}

impl Reading<'_> {
    #[expect(clippy::too_many_arguments, reason = "the parts of one read, each used once")]
    fn page(
        self,
        table: &Table,
        view: &View<'_>,
        plan: &Plan,
        expressions: &Expressions,
        limit: Option<u32>,
        keep: &dyn Fn(&ItemKey) -> bool,
        reads: &mut dyn ReadChoice,
    ) -> Response {
        let mut builder = PageBuilder::new(view, plan, expressions, limit);
        let index = self.source.index;
        let index_name = self.source.index(table).map(|index| &*index.name);
        let behind = if self.consistent {
            None
        } else {
            let older = table.lagging_commits(self.now, index, self.partition);
            choose(older, &table.schema().name, index_name, reads)
        };
        let past = if let Some(behind) = behind {
            Some(table.past(self.now, index, self.partition, behind))
        } else {
            let torn = table.torn(self.now, index, self.partition);
            torn.and_then(|torn| Some(reads.torn()).filter(|form| *form > 0).map(|form| torn.unseen(form)))
        };
        let last = match past {
            None => {
                let entries = table.entries(index, self.stretch).filter(|(place, ..)| keep(place));
                if self.forward { builder.read(entries) } else { builder.read(entries.rev()) }
                    .map(|(place, item)| IndexEntry { key: place.clone(), item: item.clone() })
            }
            Some(past) => {
                let now = table.entries(index, (Bound::Unbounded, Bound::Unbounded));
                let mut entries: Vec<(IndexEntry, &Item)> = now
                    .filter(|(_, item, _)| !past.contains_key(*item))
                    .map(|(place, key, item)| (IndexEntry { key: place.clone(), item: key.clone() }, item))
                    .collect();
                let older = past.iter().filter_map(|(key, item)| Some((key, item.as_ref()?)));
                entries.extend(older.filter_map(|(key, item)| Some((table.entry_of(index, key, item)?, item))));
                entries.retain(|(entry, _)| contains(&self.stretch, entry) && keep(&entry.key));
                entries.sort_by(|(left, _), (right, _)| left.cmp(right));
                if !self.forward {
                    entries.reverse();
                }
                let last = builder.read(entries.iter().map(|(entry, item)| (&entry.key, &entry.item, *item)));
                last.map(|(place, item)| IndexEntry { key: place.clone(), item: item.clone() })
            }
        };
        let last_evaluated_key = last.map(|entry| {
            let mut key = entry.item.to_attributes(&table.schema().key);
            if self.source.index.is_some() {
                for (name, value) in entry.key.to_attributes(self.source.key(table)).iter() {
                    key.insert(name.clone(), value.clone());
                }
            }
            key
        });
        Response::Page(builder.finish(last_evaluated_key))
    }
}

fn contains((from, to): &Stretch, entry: &IndexEntry) -> bool {
    let after = match from {
        Bound::Included(from) => entry >= from,
        Bound::Excluded(from) => entry > from,
        Bound::Unbounded => true,
    };
    let before = match to {
        Bound::Included(to) => entry <= to,
        Bound::Excluded(to) => entry < to,
        Bound::Unbounded => true,
    };
    after && before
}

struct PageBuilder<'a> {
    view: &'a View<'a>,
    plan: &'a Plan,
    expressions: &'a Expressions,
    limit: usize,
    page: Page,
    items: Vec<Item>,
}

impl<'a> PageBuilder<'a> {
    fn new(view: &'a View<'a>, plan: &'a Plan, expressions: &'a Expressions, limit: Option<u32>) -> PageBuilder<'a> {
        let limit = limit.map_or(usize::MAX, |limit| limit as usize);
        PageBuilder { view, plan, expressions, limit, page: Page::default(), items: Vec::new() }
    }

    /// Reads until the page is full; then returns where it stopped. AWS: the limit counts what is examined, before the
    /// filter, and a page that reached its limit has a last key even when nothing follows.
    fn read<'e>(
        &mut self,
        entries: impl Iterator<Item = (&'e ItemKey, &'e ItemKey, &'e Item)>,
    ) -> Option<(&'e ItemKey, &'e ItemKey)> {
        let mut bytes = 0;
        for (place, key, item) in entries {
            let seen = self.view.cut(self.view.seen, item);
            bytes += seen.weight().bytes;
            self.page.examined_bytes = bytes;
            self.page.scanned_count += 1;
            let passes =
                self.plan.filter.as_ref().is_none_or(|filter| filter.holds(Some(&seen), &self.expressions.values));
            if passes {
                self.page.count += 1;
                if !self.view.count_only {
                    let returned = self.view.cut(self.view.returned, &seen);
                    self.items.push(project(self.plan, returned));
                }
            }
            if self.page.scanned_count >= self.limit || bytes > PAGE_BYTES_MAX {
                return Some((place, key));
            }
        }
        None
    }

    fn finish(self, last_evaluated_key: Option<Attributes>) -> Page {
        let items = (!self.view.count_only).then_some(self.items);
        Page { items, last_evaluated_key, ..self.page }
    }
}
