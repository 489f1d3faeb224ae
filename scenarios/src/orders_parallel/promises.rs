//! The promises of `orders-parallel` in Rust, for sweeps at full speed. The scenario file has the same in JSONata.

use rehearsal::services::dynamodb::{AttributeValue, Attributes, Database, TableId};
use rehearsal::world::{Invariant, Parts, View};
use rehearsal_engine::Json;
use rehearsal_engine::execution::Status;

use super::{CARRIERS, CUSTOMERS, INVENTORY, ORDERS, text_of};

/// Every promise that can be broken, by the name that it has in the scenario file.
pub fn invariants(database: &Database) -> Vec<Invariant> {
    let table = |name| database.table_id(name).unwrap_or(TableId(0));
    let orders = table(ORDERS);
    let shelves = [table(INVENTORY), table(CUSTOMERS), table(CARRIERS)];
    let order = Parts::table(orders.0 as usize);
    let shelf = shelves.iter().fold(Parts::NONE, |parts, table| parts.and(Parts::table(table.0 as usize)));
    vec![
        Invariant::always("nothing is given away that is not there", shelf, move |view| {
            all_rows(view, shelves).all(|row| number(row, "spare") >= 0)
        }),
        Invariant::always("spare, held and used add up to what there was", shelf, move |view| {
            all_rows(view, shelves).all(|row| {
                let held: i64 = holders(row).map(|(_, n)| n).sum();
                number(row, "spare") + held + number(row, "used") == number(row, "whole")
            })
        }),
        Invariant::always("only open orders hold something", shelf.and(order), move |view| {
            let is_open = |id: &str| with_status(view, orders, "validated").any(|row| text_of(row, "orderId") == id);
            all_rows(view, shelves).flat_map(holders).all(|(order, _)| is_open(order))
        }),
        Invariant::always("what is used is what processed orders hold", shelf.and(order), move |view| {
            let names = ["inventory", "customer", "shipping"];
            shelves.iter().zip(names).all(|(table, name)| {
                let used: i64 = rows(view, *table).map(|row| number(row, "used")).sum();
                let held =
                    with_status(view, orders, "processed").filter_map(|row| holds(row)).map(|it| number(it, name));
                used == held.sum::<i64>()
            })
        }),
        Invariant::always("a processed order has all three", order, move |view| {
            let has_all = |row: &Attributes| holds(row).is_some_and(|holds| holds.len() == shelves.len());
            with_status(view, orders, "processed").all(has_all)
        }),
        Invariant::always(
            "a completed execution has processed its order",
            order.and(Parts::EXECUTION_ENDS),
            move |view| {
                let completed = view.executions().iter().filter(|execution| execution.output.get("closed").is_some());
                completed.filter(|execution| execution.status == Status::Succeeded).all(|execution| {
                    let order = execution.output.get("order").and_then(|order| order.get("orderId"));
                    let id = order.and_then(Json::as_str);
                    with_status(view, orders, "processed").any(|row| Some(text_of(row, "orderId")) == id)
                })
            },
        ),
        Invariant::eventually("no order is left open", move |view| {
            with_status(view, orders, "validated").next().is_none()
        }),
        Invariant::eventually("every execution ends", |view| {
            view.executions().iter().all(|execution| execution.status != Status::Running)
        }),
    ]
}

fn all_rows<'v>(view: &View<'v>, tables: [TableId; 3]) -> impl Iterator<Item = &'v Attributes> {
    let database = view.tables;
    tables.into_iter().flat_map(move |table| database.items(table).map(|(_, row)| &**row))
}

fn with_status<'v>(view: &View<'v>, orders: TableId, status: &'static str) -> impl Iterator<Item = &'v Attributes> {
    rows(view, orders).filter(move |row| text_of(row, "status") == status)
}

fn holds(order: &Attributes) -> Option<&Attributes> {
    order.get("holds").and_then(AttributeValue::as_map).map(|holds| &**holds)
}

/// Which orders hold how much of a row.
fn holders(row: &Attributes) -> impl Iterator<Item = (&str, i64)> {
    let held = row.get("held").and_then(AttributeValue::as_map);
    held.into_iter().flat_map(|held| held.iter()).map(|(order, n)| (&**order, n.as_i64().unwrap_or(0)))
}

fn rows<'v>(view: &View<'v>, table: TableId) -> impl Iterator<Item = &'v Attributes> {
    view.tables.items(table).map(|(_, row)| &**row)
}

fn number(row: &Attributes, name: &str) -> i64 {
    row.get(name).and_then(AttributeValue::as_i64).unwrap_or(0)
}
