//! What the worker costs, printed: `cargo test --release timing -- --nocapture`. Only the results are asserted.

use std::time::Instant;

use rehearsal_engine::{Json, json};

use super::support::{Driver, function};
use super::{Answer, Options, PythonHost, Step};

const FOUR_CALLS: &str = r"
import json, boto3
from decimal import Decimal

table = boto3.resource('dynamodb').Table('Orders')
events = boto3.client('events')


def handler(event, context):
    order = event['order']
    table.put_item(Item={'orderId': order['orderId'], 'customerId': 'c-1', 'status': 'validated', 'quantity': 2})
    item = table.get_item(Key={'orderId': order['orderId']})['Item']
    table.update_item(
        Key={'orderId': order['orderId']},
        UpdateExpression='SET #s = :s',
        ExpressionAttributeNames={'#s': 'status'},
        ExpressionAttributeValues={':s': 'paid'},
    )
    events.put_events(Entries=[{'Source': 'orders', 'DetailType': 'Paid', 'Detail': json.dumps({'id': item['orderId']})}])
    return {'ok': True, 'order': order}
";
const INVOCATIONS: u32 = 1000;

fn answer(step: &Step) -> Answer {
    match step {
        Step::Call { operation, .. } if &**operation == "GetItem" => {
            Answer::Response(json!({"Item": {"orderId": {"S": "o-1"}, "quantity": {"N": "2"}}}))
        }
        _ => Answer::Response(json!({})),
    }
}

#[test]
fn timing() {
    let functions = [function("four", FOUR_CALLS)];
    let begun = Instant::now();
    let host = PythonHost::spawn_with(&functions, &Options::default()).expect("python3 is on the path");
    println!("spawn: {:?}", begun.elapsed());
    let begun = Instant::now();
    drop(host);
    println!("drop: {:?}", begun.elapsed());
    let begun = Instant::now();
    let mut host = Driver::with_options(&functions, &Options { share_processor: true, ..Options::default() });
    println!("second spawn: {:?}", begun.elapsed());

    let event = json!({"order": {"orderId": "o-1", "items": [{"productId": "LAPTOP001", "quantity": 1}]}});
    let begun = Instant::now();
    let first = host.run_with(0, &event, answer);
    println!("first invocation: {:?}", begun.elapsed());
    let order = event.get("order").cloned().unwrap_or_default();
    assert_eq!(first, Step::Returned(Json::from_pairs([("ok", json!(true)), ("order", order)])));
    let begun = Instant::now();
    for _ in 0..INVOCATIONS {
        assert_eq!(host.run_with(0, &event, answer), first);
    }
    println!("warm, one in flight: {:?} each", begun.elapsed() / INVOCATIONS);

    let begun = Instant::now();
    let starts: Vec<_> = (0..8).map(|_| (0, event.clone())).collect();
    for _ in 0..INVOCATIONS / 8 {
        host.run_many(&starts, &mut |_| 0, answer);
    }
    println!("warm, eight in turn: {:?} each", begun.elapsed() / INVOCATIONS);

    let begun = Instant::now();
    for _ in 0..INVOCATIONS {
        host.host.reset();
        assert_eq!(host.run_with(0, &event, answer), first);
    }
    println!("cold each time: {:?} each", begun.elapsed() / INVOCATIONS);
}
