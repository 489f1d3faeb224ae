use rehearsal_engine::json;

use super::{Lab, validation};
use crate::services::dynamodb::{Attributes, BatchGetItem, BatchWriteItem, PutItem, Response, TableSchema};

fn two_tables() -> Lab {
    Lab::of(vec![TableSchema::new("T", "p"), TableSchema::new("U", "p")])
}

#[test]
fn batches_write_and_read_across_tables() {
    let mut lab = two_tables();
    lab.run(PutItem::new("T", [("p", "gone")])).unwrap();
    let writes = BatchWriteItem::new().put("T", [("p", "a")]).put("U", [("p", "a")]).delete("T", [("p", "gone")]);
    assert_eq!(lab.run(writes).unwrap().to_json(), json!({"UnprocessedItems": {}}));
    assert_eq!(lab.database.changes().len(), 3);
    let reads = BatchGetItem::new().get("T", [("p", "a")]).get("T", [("p", "gone")]).get("U", [("p", "nobody")]);
    assert_eq!(
        lab.run(reads).unwrap().to_json(),
        json!({"Responses": {"T": [{"p": {"S": "a"}}], "U": []}, "UnprocessedKeys": {}})
    );
}

#[test]
fn a_malformed_entry_rejects_the_batch_before_any_write() {
    let mut lab = two_tables();
    let writes = BatchWriteItem::new().put("T", [("p", "a")]).put("T", [("q", "b")]);
    assert_eq!(validation(lab.run(writes)), "One or more parameter values were invalid: Missing the key p in the item");
    assert_eq!(lab.item("a"), json!(null));
}

#[test]
fn batches_name_an_item_once_and_have_limits() {
    const TWICE: &str = "Provided list of item keys contains duplicates";
    let mut lab = two_tables();
    let writes = BatchWriteItem::new().put("T", [("p", "a")]).delete("T", [("p", "a")]);
    assert_eq!(validation(lab.run(writes)), TWICE);
    let reads = BatchGetItem::new().get("T", [("p", "a")]).get("T", [("p", "a")]);
    assert_eq!(validation(lab.run(reads)), TWICE);
    let many = (0..26).fold(BatchWriteItem::new(), |all, number| all.put("T", [("p", format!("{number}"))]));
    assert_eq!(validation(lab.run(many)), "Too many items requested for the BatchWriteItem call");
    let many = (0..101).fold(BatchGetItem::new(), |all, number| all.get("T", [("p", format!("{number}"))]));
    assert_eq!(validation(lab.run(many)), "Too many items requested for the BatchGetItem call");
    assert!(validation(lab.run(BatchGetItem::new())).contains("requestItems"));
}

#[test]
fn a_batch_reads_sixteen_megabytes_and_leaves_the_rest() {
    let mut lab = two_tables();
    let mut reads = BatchGetItem::new();
    for number in 0..50 {
        let item = Attributes::new().with("p", format!("{number}")).with("x", "y".repeat(390 * 1024));
        lab.run(PutItem::new("T", item)).unwrap();
        reads = reads.get("T", [("p", format!("{number}"))]);
    }
    let Ok(Response::BatchGet { items, unprocessed }) = lab.run(reads) else { panic!("a batch") };
    assert_eq!((items[0].1.len(), unprocessed[0].keys.len()), (43, 7));
}

#[test]
fn what_is_left_over_can_be_sent_again_as_it_is() {
    let entry = json!({"RequestItems": {"T": [{"PutRequest": {"Item": {"p": {"S": "a"}}}}]}});
    let request = crate::services::dynamodb::Request::parse("BatchWriteItem", &entry).unwrap();
    let crate::services::dynamodb::Request::BatchWriteItem(batch) = request else { panic!("a batch") };
    let answer = Response::BatchWrite { unprocessed: batch.tables }.to_json();
    assert_eq!(answer.get("UnprocessedItems"), entry.get("RequestItems"));
}
