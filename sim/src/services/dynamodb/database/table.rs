use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::Bound;
use std::sync::Arc;

use super::stream::Stream;
use crate::services::ApiError;
use crate::services::dynamodb::key::{ItemKey, check_index_key};
use crate::services::dynamodb::schema::TableSchema;
use crate::services::dynamodb::value::{Attributes, Item};
use crate::world::Millis;

/// How long an eventually consistent read of a table or local index may lag behind. AWS: usually less than a second.
pub const ITEM_LAG_MAX_MS: u64 = 2_000;
/// How long a global index may lag behind its table.
pub const INDEX_LAG_MAX_MS: u64 = 60_000;

/// How many commits of a table are remembered for reads that lag; a busier table converges sooner.
const COMMITS_MAX: usize = 64;
/// From so many writes on, a reset copies the seeded items instead of undoing the writes.
const TOUCHED_MAX: usize = 4096;

/// A table: its items now, in the order of their keys, and what changed lately.
#[derive(Debug)]
pub(super) struct Table {
    schema: TableSchema,
    items: BTreeMap<ItemKey, Item>,
    indexes: Vec<BTreeSet<IndexEntry>>,
    /// The latest commits, oldest first: the past that a lagging read may see.
    commits: VecDeque<Commit>,
    lag_max_ms: u64,
    seeded: BTreeMap<ItemKey, Item>,
    /// The keys written since the last reset, up to [`TOUCHED_MAX`].
    touched: Vec<ItemKey>,
    stream: Option<Stream>,
    time_to_live: Option<Arc<str>>,
}

/// Where an item stands in an index.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct IndexEntry {
    /// The item's key in the index, which need not be unique.
    pub key: ItemKey,
    /// The item's key in the table.
    pub item: ItemKey,
}

/// One write of one item.
#[derive(Debug)]
struct Commit {
    at: Millis,
    /// The request that wrote it, by number.
    request: u64,
    key: ItemKey,
    old: Option<Item>,
    new: Option<Item>,
}

/// A query or scan takes this long, during which it is no snapshot. A choice of this project.
const READ_MS: u64 = 100;

/// The writes of one request, newest first.
pub(super) struct Torn<'t>(Vec<&'t Commit>);

impl Torn<'_> {
    /// The items as they were before the writes that are not seen.
    pub fn unseen(&self, form: u32) -> Past {
        let unseen = if form == 1 { &self.0[..1] } else { &self.0[1..] };
        unseen.iter().map(|commit| (commit.key.clone(), commit.old.clone())).collect()
    }
}

/// A stretch of a table or index, from both ends.
pub(super) type Stretch = (Bound<IndexEntry>, Bound<IndexEntry>);

/// The items that a lagging read sees otherwise than they are now.
pub(super) type Past = BTreeMap<ItemKey, Option<Item>>;

impl Table {
    pub fn new(schema: TableSchema) -> Table {
        let has_global = schema.indexes.iter().any(|index| index.global);
        Table {
            indexes: vec![BTreeSet::new(); schema.indexes.len()],
            items: BTreeMap::new(),
            commits: VecDeque::new(),
            lag_max_ms: if has_global { INDEX_LAG_MAX_MS } else { ITEM_LAG_MAX_MS },
            seeded: BTreeMap::new(),
            touched: Vec::new(),
            time_to_live: schema.time_to_live.clone(),
            stream: schema.stream.as_ref().map(|of| Stream::new(of.arn.clone(), of.view, schema.key.clone())),
            schema,
        }
    }

    pub fn schema(&self) -> &TableSchema {
        &self.schema
    }

    pub fn items(&self) -> impl Iterator<Item = (&ItemKey, &Item)> {
        self.items.iter()
    }

    pub fn current(&self, key: &ItemKey) -> Option<&Item> {
        self.items.get(key)
    }

    /// Puts an item into the seeded state.
    pub fn seed(&mut self, item: Attributes) -> Result<(), ApiError> {
        let key = ItemKey::from_item(&self.schema.key, &item)?;
        for index in &self.schema.indexes {
            check_index_key(&index.name, &index.key, &item)?;
        }
        let item = Arc::new(item);
        self.seeded.insert(key.clone(), item.clone());
        self.replace(&key, Some(item));
        Ok(())
    }

    pub fn stream(&self) -> Option<&Stream> {
        self.stream.as_ref()
    }

    pub fn time_to_live(&self) -> Option<&Arc<str>> {
        self.time_to_live.as_ref()
    }

    pub fn set_time_to_live(&mut self, attribute: Option<Arc<str>>) {
        self.time_to_live = attribute;
    }

    /// The latest commit was DynamoDB's own, which deleted an item that had expired.
    pub fn mark_expired(&mut self) {
        self.stream.iter_mut().for_each(Stream::mark_expired);
    }

    pub fn reset(&mut self) {
        self.time_to_live.clone_from(&self.schema.time_to_live);
        self.commits.clear();
        self.stream.iter_mut().for_each(Stream::reset);
        let mut touched = std::mem::take(&mut self.touched);
        // Whichever is less work: to undo what was written, or to begin anew.
        if touched.len() < self.seeded.len().min(TOUCHED_MAX) {
            for key in touched.drain(..) {
                let seeded = self.seeded.get(&key).cloned();
                self.replace(&key, seeded);
            }
        } else if !touched.is_empty() {
            touched.clear();
            self.items.clear();
            self.indexes.iter_mut().for_each(BTreeSet::clear);
            let seeded = std::mem::take(&mut self.seeded);
            for (key, item) in &seeded {
                self.replace(key, Some(item.clone()));
            }
            self.seeded = seeded;
        }
        self.touched = touched;
    }

    /// Sets or removes an item, remembers the past, and returns the item before.
    pub fn commit(&mut self, now: Millis, request: u64, key: &ItemKey, new: Option<Item>) -> Option<Item> {
        let old = self.replace(key, new.clone());
        if let Some(stream) = &mut self.stream {
            stream.push(now, key, old.as_ref(), new.as_ref());
        }
        while self.commits.front().is_some_and(|commit| now - commit.at >= self.lag_max_ms)
            || self.commits.len() >= COMMITS_MAX
        {
            self.commits.pop_front();
        }
        self.commits.push_back(Commit { at: now, request, key: key.clone(), old: old.clone(), new });
        if self.touched.len() < TOUCHED_MAX {
            self.touched.push(key.clone());
        }
        old
    }

    /// The older images of an item that a lagging read may see, newest first.
    pub fn past_of<'a>(&'a self, now: Millis, key: &'a ItemKey) -> impl Iterator<Item = Option<&'a Item>> {
        self.recent(now, ITEM_LAG_MAX_MS).filter(move |commit| commit.key == *key).map(|commit| commit.old.as_ref())
    }

    /// How many commits a lagging read of the table (or of an index, or of one partition of it) may not see yet.
    pub fn lagging_commits(&self, now: Millis, index: Option<usize>, partition: Option<&ItemKey>) -> usize {
        self.relevant(now, index, partition).count()
    }

    /// The table as it was before the newest `commits` of those.
    pub fn past(&self, now: Millis, index: Option<usize>, partition: Option<&ItemKey>, commits: usize) -> Past {
        // From the newest to the oldest, so that the oldest undone commit of an item says what the item was.
        let undone = self.relevant(now, index, partition).take(commits);
        undone.map(|commit| (commit.key.clone(), commit.old.clone())).collect()
    }

    /// The writes of the latest request that a query or scan at `now` could see one by one: those of several items that
    /// were made while it reads.
    pub fn torn<'t>(&'t self, now: Millis, index: Option<usize>, partition: Option<&'t ItemKey>) -> Option<Torn<'t>> {
        let young = self.commits.back().filter(|commit| now - commit.at < READ_MS)?;
        let relevant = self.relevant(now, index, partition).take_while(|commit| commit.request == young.request);
        let writes: Vec<&Commit> = relevant.collect();
        (writes.len() > 1).then_some(Torn(writes))
    }

    /// The entries of a stretch of the table or of an index, in order.
    pub fn entries(
        &self,
        index: Option<usize>,
        stretch: Stretch,
    ) -> Box<dyn DoubleEndedIterator<Item = (&ItemKey, &ItemKey, &Item)> + '_> {
        if is_empty(&stretch) {
            return Box::new(std::iter::empty());
        }
        if let Some(entries) = index.and_then(|index| self.indexes.get(index)) {
            let item = |entry: &IndexEntry| self.items.get(&entry.item);
            return Box::new(
                entries.range(stretch).filter_map(move |entry| Some((&entry.key, &entry.item, item(entry)?))),
            );
        }
        let stretch = (stretch.0.map(|entry| entry.key), stretch.1.map(|entry| entry.key));
        Box::new(self.items.range(stretch).map(|(key, item)| (key, key, item)))
    }

    /// Where an item stands in an index, or in the table itself.
    pub fn entry_of(&self, index: Option<usize>, key: &ItemKey, item: &Attributes) -> Option<IndexEntry> {
        let place = match index {
            Some(index) => ItemKey::in_index(&self.schema.indexes.get(index)?.key, item)?,
            None => key.clone(),
        };
        Some(IndexEntry { key: place, item: key.clone() })
    }

    fn replace(&mut self, key: &ItemKey, new: Option<Item>) -> Option<Item> {
        if self.indexes.is_empty() {
            return self.store(key, new);
        }
        let old = self.store(key, new.clone());
        for index in 0..self.indexes.len() {
            let before = old.as_ref().and_then(|item| self.entry_of(Some(index), key, item));
            let after = new.as_ref().and_then(|item| self.entry_of(Some(index), key, item));
            if before == after {
                continue;
            }
            if let Some(before) = before {
                self.indexes[index].remove(&before);
            }
            self.indexes[index].extend(after);
        }
        old
    }

    fn store(&mut self, key: &ItemKey, new: Option<Item>) -> Option<Item> {
        let Some(new) = new else { return self.items.remove(key) };
        match self.items.get_mut(key) {
            Some(item) => Some(std::mem::replace(item, new)),
            None => self.items.insert(key.clone(), new),
        }
    }

    fn recent(&self, now: Millis, lag_max_ms: u64) -> impl Iterator<Item = &Commit> {
        self.commits.iter().rev().take_while(move |commit| now - commit.at < lag_max_ms)
    }

    fn relevant<'a>(
        &'a self,
        now: Millis,
        index: Option<usize>,
        partition: Option<&'a ItemKey>,
    ) -> impl Iterator<Item = &'a Commit> {
        let global = index.and_then(|index| self.schema.indexes.get(index)).is_some_and(|index| index.global);
        let lag_max_ms = if global { INDEX_LAG_MAX_MS } else { ITEM_LAG_MAX_MS };
        self.recent(now, lag_max_ms).filter(move |commit| {
            let within = |key: &ItemKey| partition.is_none_or(|partition| key.hash() == partition.hash());
            let Some(index) = index else { return within(&commit.key) };
            let concerns = |item: &Option<Item>| {
                let entry = item.as_ref().and_then(|item| self.entry_of(Some(index), &commit.key, item));
                entry.is_some_and(|entry| within(&entry.key))
            };
            concerns(&commit.old) || concerns(&commit.new)
        })
    }
}

/// Whether no entry can lie between the bounds; a range of such bounds would panic.
fn is_empty((from, to): &Stretch) -> bool {
    match (from, to) {
        (Bound::Included(from), Bound::Included(to)) => from > to,
        (Bound::Included(from) | Bound::Excluded(from), Bound::Included(to) | Bound::Excluded(to)) => from >= to,
        _ => false,
    }
}
