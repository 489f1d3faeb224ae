use rehearsal_engine::{Json, json};

use super::Lab;
use crate::services::dynamodb::{
    Attributes, DeleteItem, PutItem, STREAM_RETENTION_MS, Stream, StreamRecord, StreamView, TableId, TableSchema,
    UpdateItem,
};

fn lab(view: StreamView) -> Lab {
    Lab::of(vec![TableSchema::new("T", "p").stream(view)])
}

fn stream(lab: &Lab) -> &Stream {
    lab.database.stream(TableId(0)).expect("the table has a stream")
}

fn put(lab: &mut Lab, p: &'static str, x: i64) {
    lab.now = lab.now + 1000;
    lab.run(PutItem::new("T", Attributes::new().with("p", p).with("x", x))).expect("a legal item");
}

#[test]
fn a_stream_has_every_change_in_order_and_nothing_that_changed_nothing() {
    let mut lab = lab(StreamView::NewAndOldImages);
    put(&mut lab, "a", 1);
    put(&mut lab, "a", 1);
    put(&mut lab, "b", 1);
    put(&mut lab, "a", 2);
    lab.run(UpdateItem::new("T").key("p", "a").update("SET x = :x").value(":x", 2)).expect("an update");
    lab.run(DeleteItem::new("T").key("p", "a")).expect("a delete");
    lab.run(DeleteItem::new("T").key("p", "a")).expect("a delete of nothing");
    let told = |record: &StreamRecord| (record.sequence, record.event_name(), record.key.to_string());
    let records: Vec<_> = stream(&lab).records().iter().map(told).collect();
    let expected = [(0, "INSERT", "a"), (1, "INSERT", "b"), (2, "MODIFY", "a"), (3, "REMOVE", "a")];
    assert_eq!(records, expected.map(|(sequence, name, key)| (sequence, name, key.to_owned())));
    let numbers: Vec<String> = stream(&lab).records().iter().map(StreamRecord::sequence_number).collect();
    assert!(numbers.is_sorted() && numbers.iter().all(|number| number.len() == 21), "{numbers:?}");
}

#[test]
fn a_record_shows_the_images_of_the_streams_view() {
    let images = |view| {
        let mut lab = lab(view);
        put(&mut lab, "a", 1);
        put(&mut lab, "a", 2);
        let json = stream(&lab).to_json(&stream(&lab).records()[1]);
        let body = json.get("dynamodb").expect("a body").clone();
        let x = |image: &str| body.get(image)?.get("x")?.get("N")?.as_str().map(str::to_owned);
        assert_eq!(body.get("StreamViewType"), Some(&Json::from(view.name())));
        (x("NewImage"), x("OldImage"), body.get("SizeBytes").cloned())
    };
    let (new, old) = (Some("2".to_owned()), Some("1".to_owned()));
    assert_eq!(images(StreamView::KeysOnly), (None, None, Some(2.into())));
    assert_eq!(images(StreamView::NewImage), (new.clone(), None, Some(7.into())));
    assert_eq!(images(StreamView::OldImage), (None, old.clone(), Some(7.into())));
    assert_eq!(images(StreamView::NewAndOldImages), (new, old, Some(12.into())));
}

#[test]
fn a_record_reads_as_lambda_gets_it() {
    let mut lab = lab(StreamView::NewImage);
    put(&mut lab, "a", 1);
    let record = &stream(&lab).records()[0];
    let json = stream(&lab).to_json(record);
    let id = json.get("eventID").and_then(Json::as_str).expect("an id").to_owned();
    assert_eq!(id.len(), 32);
    assert_eq!(
        json,
        json!({
            "eventID": id, "eventName": "INSERT", "eventVersion": "1.1", "eventSource": "aws:dynamodb",
            "awsRegion": "us-east-1",
            "dynamodb": {
                "ApproximateCreationDateTime": 1_767_225_601,
                "Keys": {"p": {"S": "a"}},
                "NewImage": {"p": {"S": "a"}, "x": {"N": "1"}},
                "SequenceNumber": "100000000000000000000",
                "SizeBytes": 7,
                "StreamViewType": "NEW_IMAGE"
            },
            "eventSourceARN": "arn:aws:dynamodb:us-east-1:123456789012:table/T/stream/2026-01-01T00:00:00.000"
        })
    );
}

#[test]
fn a_reader_gets_what_came_since_and_nothing_older_than_a_day() {
    let mut lab = lab(StreamView::KeysOnly);
    put(&mut lab, "a", 1);
    put(&mut lab, "b", 1);
    lab.now = lab.now + (STREAM_RETENTION_MS - 1500);
    put(&mut lab, "c", 1);
    let since =
        |sequence| stream(&lab).since(sequence, lab.now).iter().map(|record| record.sequence).collect::<Vec<_>>();
    assert_eq!((since(0), since(2), since(3), since(9)), (vec![1, 2], vec![2], vec![], vec![]));
}

#[test]
fn the_records_of_an_item_share_a_lane_and_a_reset_empties_the_stream() {
    let mut lab = lab(StreamView::KeysOnly);
    for (p, x) in [("a", 1), ("b", 1), ("a", 2), ("c", 1), ("b", 2), ("d", 1)] {
        put(&mut lab, p, x);
    }
    let lane = |at: usize| stream(&lab).records()[at].lane(4);
    assert_eq!((lane(0), lane(1)), (lane(2), lane(4)));
    assert!((0..6).all(|at| lane(at) < 4));
    lab.database.reset();
    assert!(stream(&lab).records().is_empty());
}
