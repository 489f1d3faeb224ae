//! Invocations in flight: the order is the caller's, environments are apart, abandoned handlers are silent.

use std::collections::BTreeMap;

use rehearsal_engine::{Json, json};

use super::super::super::entropy::Entropy;
use super::support::{Driver, function, is_end};
use super::{Answer, HostError, PythonHost, Start, Step};
use crate::services::ApiError;

const TAKE_ONE: &str = r"
import boto3

table = boto3.resource('dynamodb').Table('Inventory')


def handler(event, context):
    item = table.get_item(Key={'productId': event['productId']})['Item']
    table.put_item(Item={'productId': event['productId'], 'quantity': item['quantity'] - 1})
    return int(item['quantity'])
";

/// A table of one number per key: enough to lose an update in.
#[derive(Default)]
struct Stock(BTreeMap<String, i64>);

impl Stock {
    fn of(product: &str, quantity: i64) -> Stock {
        Stock(BTreeMap::from([(product.to_owned(), quantity)]))
    }

    fn answer(&mut self, step: &Step) -> Answer {
        let Step::Call { operation, parameters, .. } = step else { panic!("expected a call, got {step:?}") };
        let text = |place: &str, name: &str, kind: &str| {
            let value = parameters.get(place).and_then(|place| place.get(name)).and_then(|value| value.get(kind));
            value.and_then(Json::as_str).map(str::to_owned)
        };
        match &**operation {
            "GetItem" => {
                let product = text("Key", "productId", "S").expect("a key");
                let quantity = self.0.get(&product).copied().unwrap_or_default();
                let quantity = quantity.to_string();
                Answer::Response(json!({"Item": {"productId": {"S": product}, "quantity": {"N": quantity}}}))
            }
            "PutItem" => {
                let product = text("Item", "productId", "S").expect("a key");
                let quantity = text("Item", "quantity", "N").and_then(|text| text.parse().ok()).expect("a number");
                self.0.insert(product, quantity);
                Answer::Response(json!({}))
            }
            other => panic!("unexpected {other}"),
        }
    }
}

#[test]
fn a_call_comes_out_with_its_service_operation_and_parameters() {
    let mut host = Driver::of(TAKE_ONE);
    let (_, step) = host.start(&json!({"productId": "LAPTOP001"}));
    let Step::Call { service, operation, parameters, .. } = step else { panic!("expected a call, got {step:?}") };
    assert_eq!((&*service, &*operation), ("dynamodb", "GetItem"));
    assert_eq!(parameters, json!({"Key": {"productId": {"S": "LAPTOP001"}}, "TableName": "Inventory"}));
}

#[test]
fn two_handlers_that_interleave_lose_an_update_and_two_in_turn_do_not() {
    let mut host = Driver::of(TAKE_ONE);
    let event = json!({"productId": "LAPTOP001"});
    let starts = [(0, event.clone()), (0, event.clone())];

    let mut stock = Stock::of("LAPTOP001", 5);
    let mut turn = 0;
    let mut alternate = |waiting: usize| {
        turn += 1;
        turn % waiting
    };
    host.run_many(&starts, &mut alternate, |step| stock.answer(step));
    assert_eq!(stock.0["LAPTOP001"], 4);

    host.host.reset();
    let mut stock = Stock::of("LAPTOP001", 5);
    host.run_many(&starts, &mut |_| 0, |step| stock.answer(step));
    assert_eq!(stock.0["LAPTOP001"], 3);
}

#[test]
fn a_thousand_random_interleavings_repeat_exactly() {
    let functions = [function("take", TAKE_ONE), function("wait", WAIT_AND_DRAW)];
    let all = |host: &mut Driver| {
        let mut random = Entropy::new(7);
        let mut transcripts = Vec::new();
        for _ in 0..1000 {
            host.host.reset();
            (host.now_ms, host.invocations) = (0, 0);
            let mut stock = Stock::of("MOUSE001", 9);
            let event = json!({"productId": "MOUSE001"});
            let starts: Vec<_> = (0..4).map(|place| (place % 2, event.clone())).collect();
            let mut choose = |waiting: usize| (random.next_u64() % waiting as u64) as usize;
            transcripts.push(host.run_many(&starts, &mut choose, |step| stock.answer(step)));
        }
        transcripts
    };
    let (mut host, mut other) = (Driver::new(&functions), Driver::new(&functions));
    let first = all(&mut host);
    assert!(first.iter().any(|transcript| transcript != &first[0]), "the interleavings differ from each other");
    assert!(first == all(&mut host), "the same choices make the same runs");
    assert!(first == all(&mut other), "in another process too");
}

const WAIT_AND_DRAW: &str = r"
import random, time, uuid, logging

count = 0


def handler(event, context):
    global count
    count += 1
    time.sleep(random.uniform(0.1, 0.2))
    logging.warning('woke')
    return [count, time.time(), str(uuid.uuid4()), sorted({'a', 'b', event['productId']}), list({'x', 'y', 'z'})]
";

const COUNT: &str = r"
count = 0


def handler(event, context):
    global count
    count += 1
    return count
";

#[test]
fn a_warm_environment_keeps_module_state_and_another_has_its_own() {
    let mut host = Driver::of(COUNT);
    let event = json!({});
    let mut count = |environment| host.start_in(0, environment, &event).expect("the host goes on").1;
    assert_eq!(count(0), Step::Returned(json!(1)));
    assert_eq!(count(0), Step::Returned(json!(2)));
    assert_eq!(count(1), Step::Returned(json!(1)));
    assert_eq!(count(0), Step::Returned(json!(3)));
}

#[test]
fn functions_of_one_environment_number_share_nothing() {
    let mut host = Driver::new(&[function("one", COUNT), function("two", COUNT)]);
    let event = json!({});
    assert_eq!(host.start_in(0, 0, &event).expect("the host goes on").1, Step::Returned(json!(1)));
    assert_eq!(host.start_in(1, 0, &event).expect("the host goes on").1, Step::Returned(json!(1)));
}

#[test]
fn reset_and_a_fresh_start_give_fresh_module_state() {
    let mut host = Driver::of(COUNT);
    host.run(&json!({}));
    assert_eq!(host.run(&json!({})), Step::Returned(json!(2)));
    host.host.reset();
    assert_eq!(host.run(&json!({})), Step::Returned(json!(1)));

    let event = json!({});
    let fresh = Start {
        invocation: 99,
        function: 0,
        environment: 0,
        fresh: true,
        event: &event,
        request_id: "r",
        deadline_ms: 0,
        now_ms: 0,
        entropy: 0,
        memory_mb: 128,
        function_arn: "",
    };
    assert_eq!(host.host.start(fresh).expect("the host goes on"), Step::Returned(json!(1)));
}

const STUBBORN: &str = r"
import boto3

table = boto3.resource('dynamodb').Table('Orders')
cleaned = []


def handler(event, context):
    if event.get('ask'):
        return cleaned
    try:
        table.put_item(Item={'orderId': 'first'})
    except BaseException:
        cleaned.append('except')
        table.put_item(Item={'orderId': 'from except'})
    finally:
        cleaned.append('finally')
        print('too late')
        table.put_item(Item={'orderId': 'from finally'})
";

#[test]
fn an_abandoned_handler_reaches_nobody() {
    let mut host = Driver::of(STUBBORN);
    let (invocation, step) = host.start(&json!({}));
    assert!(matches!(step, Step::Call { .. }), "{step:?}");
    host.host.abandon(invocation);
    // The next step is the next invocation's; a crash took the environment and its module state along.
    assert_eq!(host.run(&json!({"ask": true})), Step::Returned(json!([])));
    assert_eq!(host.host.take_log(invocation), None);
    let again = host.host.resume(invocation, Answer::Response(json!({})), 0);
    assert!(matches!(again, Err(HostError::Misuse(_))), "{again:?}");
}

const IMMORTAL: &str = r"
import boto3, time

table = boto3.resource('dynamodb').Table('Orders')


def handler(event, context):
    if event.get('ask'):
        return 'alive'
    while True:
        try:
            table.put_item(Item={'orderId': 'again'})
        except BaseException:
            time.time()
";

#[test]
fn an_abandoned_handler_that_never_gives_up_is_left_behind() {
    let mut host = Driver::of(IMMORTAL);
    for environment in 0..3 {
        let (invocation, _) = host.start_in(0, environment, &json!({})).expect("the host goes on");
        let other = host.start_in(0, environment + 10, &json!({})).expect("the host goes on").0;
        host.host.abandon(invocation);
        assert!(matches!(host.resume(other, Answer::Response(json!({}))), Step::Call { .. }));
        host.host.abandon(other);
        let (_, step) = host.start_in(0, environment, &json!({"ask": true})).expect("the host goes on");
        assert_eq!(step, Step::Returned(json!("alive")));
    }
}

#[test]
fn reset_drops_what_is_in_flight() {
    let mut host = Driver::of(STUBBORN);
    let in_flight: Vec<u32> =
        (0..5).map(|environment| host.start_in(0, environment, &json!({})).expect("the host goes on").0).collect();
    host.host.reset();
    assert_eq!(host.run(&json!({"ask": true})), Step::Returned(json!([])));
    for invocation in in_flight {
        assert!(host.host.resume(invocation, Answer::Response(json!({})), 0).is_err());
    }
}

#[test]
fn a_host_may_move_to_another_thread() {
    fn movable<T: Send + 'static>() {}
    movable::<PythonHost>();
}

#[test]
fn a_broken_contract_is_told_and_harms_nothing() {
    let mut host = Driver::of(TAKE_ONE);
    let event = json!({"productId": "p"});
    let (invocation, _) = host.start(&event);
    let busy = host.start_in(0, 0, &event).expect_err("an environment serves one at a time");
    assert_eq!(busy.to_string(), "environment 0 of subject is busy, so invocation 2 cannot start in it");
    let unknown = host.start_in(5, 0, &event).expect_err("there is one function");
    assert_eq!(unknown.to_string(), "function 5 of invocation 3 is not one of the 1 known");
    let wrong = host.host.resume(invocation, Answer::Woke, 0).expect_err("it waits for a call");
    assert_eq!(wrong.to_string(), "invocation 1 waits for a Call to be answered and got Woke");
    let step = host.resume(invocation, Answer::Error(ApiError::new("ThrottlingException", "slow down")));
    assert!(is_end(&step), "{step:?}");
}

const LARGE: &str = r"
import boto3


def handler(event, context):
    print('x' * 300_000)
    answer = boto3.client('sqs').send_message(QueueUrl='q', MessageBody=event['text'])
    return answer['Echo'] + event['text']
";

#[test]
fn messages_beyond_a_pipe_s_room_arrive_whole() {
    let mut host = Driver::of(LARGE);
    let text = "\u{e9}\u{1f600}\"\\".repeat(100_000);
    let echo = Json::from(text.as_str());
    let step = host.run_with(0, &json!({"text": text}), |step| {
        let Step::Call { parameters, .. } = step else { panic!("expected a call, got {step:?}") };
        assert_eq!(parameters.get("MessageBody"), Some(&echo));
        Answer::Response(Json::from_pairs([("Echo", echo.clone())]))
    });
    assert_eq!(step, Step::Returned(Json::from(text.repeat(2))));
    assert_eq!(host.host.take_log(1).map(|log| log.len()), Some(300_001));
}
