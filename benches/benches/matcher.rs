//! Events per second of the rule matcher: a bus of five rules and a small event, as a value and as text.
//!
//! The limits beside it: the same five rules written out by hand against the value, which no general matcher can beat
//! by much, and reading the text into a value, which whoever has only text must do first. Many rules, many events and a
//! peer are in `matcher_peers`.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rehearsal_engine::events::{Pattern, RuleMatcher};
use rehearsal_engine::{Json, json};

/// The rules of a shop: each watches one kind of event, two look inside.
const RULES: [&str; 5] = [
    r#"{"source":["ecommerce.orders"],"detail-type":["Order Placed"],"detail":{"status":["pending"]}}"#,
    r#"{"source":["ecommerce.payments"],"detail-type":["Payment Completed"]}"#,
    r#"{"source":["ecommerce.fulfillment"],"detail-type":["Order Fulfilled"]}"#,
    r#"{"source":["aws.states"],"detail":{"status":["FAILED","TIMED_OUT","ABORTED"]}}"#,
    r#"{"detail":{"orderData":{"totalAmount":[{"numeric":[">=",500]}]}}}"#,
];

fn matcher_of_rules() -> RuleMatcher<u32> {
    let mut matcher = RuleMatcher::new();
    for (key, text) in RULES.into_iter().enumerate() {
        let pattern = Pattern::parse(text).unwrap_or_else(|rejection| panic!("{text}: {rejection:?}"));
        matcher.add(key as u32, &pattern);
    }
    matcher
}

fn event() -> Json {
    json!({
        "version": "0", "id": "6a7e8feb-b491-4cf7-a9f1-bf3703467718", "detail-type": "Order Placed",
        "source": "ecommerce.orders", "account": "111111111111", "time": "2026-01-01T00:00:00Z",
        "region": "us-east-1", "resources": [],
        "detail": {"status": "pending", "orderData": {"orderId": "order-1", "customerId": "CUST001",
            "items": [{"productId": "LAPTOP001", "quantity": 1, "price": 999.99}], "totalAmount": 999.99}},
    })
}

/// The five rules as somebody would write them for this bus alone.
fn by_hand(event: &Json, matched: &mut Vec<u32>) {
    let is = |name: &str, wanted: &str| event.get(name).and_then(Json::as_str) == Some(wanted);
    let detail = event.get("detail");
    let status = detail.and_then(|detail| detail.get("status")?.as_str());
    if is("source", "ecommerce.orders") && is("detail-type", "Order Placed") && status == Some("pending") {
        matched.push(0);
    }
    if is("source", "ecommerce.payments") && is("detail-type", "Payment Completed") {
        matched.push(1);
    }
    if is("source", "ecommerce.fulfillment") && is("detail-type", "Order Fulfilled") {
        matched.push(2);
    }
    if is("source", "aws.states") && matches!(status, Some("FAILED" | "TIMED_OUT" | "ABORTED")) {
        matched.push(3);
    }
    let total = detail.and_then(|detail| detail.get("orderData")?.get("totalAmount")?.as_f64());
    if total.is_some_and(|total| total >= 500.0) {
        matched.push(4);
    }
}

fn matcher(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("matcher");
    group.throughput(Throughput::Elements(1));
    let (rules, event) = (matcher_of_rules(), event());
    let text = event.to_string();
    let mut matched = Vec::new();
    rules.matches(&event, &mut matched);
    assert_eq!(matched, [0, 4]);
    group.bench_function("five rules, event as a value", |bencher| {
        bencher.iter(|| {
            matched.clear();
            rules.matches(black_box(&event), &mut matched);
            matched.len()
        });
    });
    group.bench_function("five rules, event as text", |bencher| {
        bencher.iter(|| {
            matched.clear();
            rules.matches_text(black_box(&text), &mut matched).map(|()| matched.len())
        });
    });
    group.bench_function("limit: the rules by hand", |bencher| {
        bencher.iter(|| {
            matched.clear();
            by_hand(black_box(&event), &mut matched);
            matched.len()
        });
    });
    assert_eq!(matched, [0, 4]);
    group.bench_function("limit: read the text", |bencher| bencher.iter(|| Json::parse(black_box(&text))));
    group.finish();
}

criterion_group!(benches, matcher);
criterion_main!(benches);
