use std::collections::VecDeque;

use rehearsal_engine::json;

use super::Lab;
use crate::services::dynamodb::{
    Attributes, DataType, DeleteItem, GetItem, INDEX_LAG_MAX_MS, ITEM_LAG_MAX_MS, IndexSchema, KeySchema, PutItem,
    Query, ReadChoice, Scan, TableSchema, UpdateItem,
};

/// Answers as told, newest when nothing is left, and remembers what it was asked.
#[derive(Default)]
struct Told {
    answers: VecDeque<u32>,
    asked: Vec<(Option<String>, u32)>,
}

impl Told {
    fn to(answers: impl IntoIterator<Item = u32>) -> Told {
        Told { answers: answers.into_iter().collect(), asked: Vec::new() }
    }
}

impl ReadChoice for Told {
    fn version(&mut self, table: &str, index: Option<&str>, candidates: u32) -> u32 {
        assert_eq!(table, "T");
        assert!(candidates > 1, "a choice of one is none");
        self.asked.push((index.map(str::to_owned), candidates));
        self.answers.pop_front().unwrap_or(0)
    }
}

fn counted_up(lab: &mut Lab, times: u32) {
    for _ in 0..times {
        lab.run(UpdateItem::new("T").key("p", "a").update("ADD n :n").value(":n", 1)).unwrap();
    }
}

fn get() -> GetItem {
    GetItem::new("T").key("p", "a")
}

#[test]
fn an_eventually_consistent_read_may_see_any_recent_version() {
    let mut lab = Lab::new();
    counted_up(&mut lab, 3);
    let mut reads = Told::to([0, 1, 3, 2, 99]);
    let mut seen = Vec::new();
    for _ in 0..5 {
        let answer = lab.run_choosing(get(), &mut reads).unwrap();
        seen.push(answer.item().and_then(|item| item.get("n")?.as_i64()));
    }
    // The versions are 3, 2, 1 and none at all; an answer past the last one means the last one.
    assert_eq!(seen, [Some(3), Some(2), None, Some(1), None]);
    assert_eq!(reads.asked, vec![(None, 4); 5]);
}

#[test]
fn a_strong_read_and_a_settled_item_leave_nothing_to_choose() {
    let mut lab = Lab::new();
    counted_up(&mut lab, 2);
    let mut reads = Told::to([1]);
    assert!(lab.run_choosing(get().consistent(), &mut reads).unwrap().item().is_some());
    assert!(lab.run_choosing(GetItem::new("T").key("p", "other"), &mut reads).is_ok());
    lab.now = lab.now + (ITEM_LAG_MAX_MS - 1);
    assert_eq!(lab.run_choosing(get(), &mut reads).unwrap().item().unwrap().get("n").unwrap().as_i64(), Some(1));
    lab.now = lab.now + 1;
    assert_eq!(lab.run_choosing(get(), &mut reads).unwrap().item().unwrap().get("n").unwrap().as_i64(), Some(2));
    assert_eq!(reads.asked, [(None, 3)]);
}

#[test]
fn a_deleted_item_may_still_be_seen() {
    let mut lab = Lab::new().with(&json!({"p": "a", "n": 1}));
    lab.run(DeleteItem::new("T").key("p", "a")).unwrap();
    let mut reads = Told::to([1, 0]);
    assert!(lab.run_choosing(get(), &mut reads).unwrap().item().is_some());
    assert!(lab.run_choosing(get(), &mut reads).unwrap().item().is_none());
}

#[test]
fn a_query_lags_by_whole_commits_of_its_partition() {
    let mut lab = Lab::ranged(DataType::N);
    for (p, c) in [("a", 1), ("b", 1), ("a", 2), ("a", 3)] {
        lab.run(PutItem::new("T", Attributes::new().with("p", p).with("c", c))).unwrap();
    }
    lab.run(DeleteItem::new("T").key("p", "a").key("c", 1)).unwrap();
    let query = || Query::new("T").key_condition("p = :p").value(":p", "a");
    let mut reads = Told::to([0, 1, 2, 4]);
    let mut seen = Vec::new();
    for _ in 0..4 {
        let answer = lab.run_choosing(query(), &mut reads).unwrap();
        seen.push(answer.items().iter().map(|item| item.get("c").unwrap().as_i64().unwrap()).collect::<Vec<_>>());
    }
    assert_eq!(seen, [vec![2, 3], vec![1, 2, 3], vec![1, 2], vec![]]);
    assert_eq!(reads.asked, vec![(None, 5); 4]);
    let mut reads = Told::to([1]);
    let backward = lab.run_choosing(query().backward().limit(2), &mut reads).unwrap();
    assert_eq!(backward.items()[0].get("c").unwrap().as_i64(), Some(3));
    assert_eq!(backward.page().unwrap().last_evaluated_key.as_ref().unwrap().to_plain(), json!({"p": "a", "c": 2}));
    let mut reads = Told::to([5]);
    assert_eq!(lab.run_choosing(Scan::new("T"), &mut reads).unwrap().items().len(), 0);
    assert_eq!(reads.asked, [(None, 6)]);
    assert_eq!(lab.run_choosing(query().consistent(), &mut Told::to([1])).unwrap().items().len(), 2);
}

#[test]
fn a_global_index_has_a_lag_of_its_own() {
    let index = IndexSchema::global("by-state", KeySchema::new("s", DataType::S));
    let mut lab = Lab::of(vec![TableSchema::new("T", "p").index(index)]).with(&json!({"p": "a", "s": "NEW"}));
    lab.now = lab.now + INDEX_LAG_MAX_MS;
    lab.run(UpdateItem::new("T").key("p", "a").update("SET s = :s").value(":s", "PAID")).unwrap();
    lab.now = lab.now + ITEM_LAG_MAX_MS;
    let query = |s: &str| Query::new("T").index("by-state").key_condition("s = :s").value(":s", s);
    let mut reads = Told::to([1, 1]);
    // The index still shows the item at its old key, and not at the new one.
    assert_eq!(lab.run_choosing(query("NEW"), &mut reads).unwrap().items().len(), 1);
    assert_eq!(lab.run_choosing(query("PAID"), &mut reads).unwrap().items().len(), 0);
    assert_eq!(lab.run_choosing(query("PAID"), &mut reads).unwrap().items().len(), 1);
    assert_eq!(reads.asked, vec![(Some("by-state".to_owned()), 2); 3]);
    // The table itself has settled, and another partition of the index has nothing to do with it.
    let mut reads = Told::to([1]);
    lab.run_choosing(get(), &mut reads).unwrap();
    lab.run_choosing(query("OTHER"), &mut reads).unwrap();
    lab.now = lab.now + INDEX_LAG_MAX_MS;
    lab.run_choosing(query("NEW"), &mut reads).unwrap();
    assert!(reads.asked.is_empty());
}

#[test]
fn the_remembered_past_is_bounded() {
    let mut lab = Lab::new();
    counted_up(&mut lab, 10_000);
    let mut reads = Told::to([u32::MAX]);
    let oldest = lab.run_choosing(get(), &mut reads).unwrap();
    assert!(oldest.item().unwrap().get("n").unwrap().as_i64() >= Some(9_000));
    assert!(reads.asked[0].1 <= 1_000);
}

#[test]
fn reset_forgets_the_past() {
    let mut lab = Lab::new();
    counted_up(&mut lab, 3);
    lab.database.reset();
    let mut reads = Told::to([1]);
    assert!(lab.run_choosing(get(), &mut reads).unwrap().item().is_none());
    assert!(reads.asked.is_empty());
}
