//! The promises of `orders-naive` in Rust, for sweeps at full speed. The scenario file has the same in JSONata.

use rehearsal::services::dynamodb::{AttributeValue, Attributes, Database, TableId};
use rehearsal::world::{Invariant, Parts, View};
use rehearsal_engine::Json;
use rehearsal_engine::execution::Status;

/// Every promise that can be broken, by the name that it has in the scenario file.
pub fn invariants(database: &Database) -> Vec<Invariant> {
    let table = |name| database.table_id(name).unwrap_or(TableId(0));
    let [orders, inventory] = ["Orders", "Inventory"].map(table);
    vec![
        Invariant::always("stock is never negative", Parts::table(inventory.0 as usize), move |view| {
            rows(view, inventory).all(|product| number(product, "quantity") >= 0)
        }),
        Invariant::eventually("stock and sold add up to what there was", move |view| {
            rows(view, inventory).all(|product| {
                let sold: i64 = fulfilled(view, orders).map(|order| pieces(order, text(product, "productId"))).sum();
                number(product, "quantity") + sold == number(product, "received")
            })
        }),
        Invariant::always("each order is charged at most once", Parts::EVENTS, |view| {
            charges(view).enumerate().all(|(at, order)| charges(view).take(at).all(|earlier| earlier != order))
        }),
        Invariant::eventually("an order is charged if and only if it is fulfilled or refunded", move |view| {
            let is_settled = |id: &str| fulfilled(view, orders).any(|order| text(order, "orderId") == id);
            charges(view).all(is_settled)
                && fulfilled(view, orders).all(|order| charges(view).any(|id| id == text(order, "orderId")))
        }),
        Invariant::eventually("every execution ends", |view| {
            view.executions().iter().all(|execution| execution.status != Status::Running)
        }),
    ]
}

/// The orders that were charged: whose `Payment Completed` a bus accepted.
fn charges<'v>(view: &View<'v>) -> impl Iterator<Item = &'v str> {
    let payments = view.accepted().iter().filter(|accepted| &*accepted.event.detail_type == "Payment Completed");
    payments.filter_map(|accepted| accepted.event.detail.get("orderId").and_then(Json::as_str))
}

fn fulfilled<'v>(view: &View<'v>, orders: TableId) -> impl Iterator<Item = &'v Attributes> {
    rows(view, orders).filter(|order| matches!(text(order, "status"), "fulfilled" | "refunded"))
}

/// How many pieces of a product an order holds.
fn pieces(order: &Attributes, product: &str) -> i64 {
    let items = order.get("items").and_then(AttributeValue::as_list).unwrap_or_default();
    let items = items.iter().filter_map(AttributeValue::as_map);
    items.filter(|item| text(item, "productId") == product).map(|item| number(item, "quantity")).sum()
}

fn rows<'v>(view: &View<'v>, table: TableId) -> impl Iterator<Item = &'v Attributes> {
    view.tables.items(table).map(|(_, row)| &**row)
}

fn number(row: &Attributes, name: &str) -> i64 {
    row.get(name).and_then(AttributeValue::as_i64).unwrap_or(0)
}

fn text<'r>(row: &'r Attributes, name: &str) -> &'r str {
    row.get(name).and_then(AttributeValue::as_str).unwrap_or_default()
}
