//! The promises of `orders-callback` in Rust, for sweeps at full speed. The scenario file has the same in JSONata.

use rehearsal::services::dynamodb::{AttributeValue, Attributes, Database, TableId};
use rehearsal::world::{Invariant, Parts, View};
use rehearsal_engine::Json;
use rehearsal_engine::execution::Status;

use super::{ORDERS, TOKENS, text_of};

/// Every promise that can be broken, by the name that it has in the scenario file.
pub fn invariants(database: &Database) -> Vec<Invariant> {
    let tables = Tables { orders: table(database, ORDERS), tokens: table(database, TOKENS) };
    let (order, row) = (Parts::table(tables.orders.0 as usize), Parts::table(tables.tokens.0 as usize));
    vec![
        Invariant::eventually("no token waits for ever", |view| view.executions.open_tokens().next().is_none()),
        Invariant::eventually("every execution ends", |view| {
            view.executions().iter().all(|execution| execution.status != Status::Running)
        }),
        Invariant::always("an order ends once", order, move |view| {
            let ends = |order: &Attributes| order.get("ends").and_then(AttributeValue::as_i64).unwrap_or(0);
            rows(view, tables.orders).all(|order| ends(order) <= 1)
        }),
        Invariant::always("an order is completed only by a success from outside", order.and(row), move |view| {
            tables.ended_as(view, "completed").all(|order| tables.outcome_of(view, order) == Some("success"))
        }),
        Invariant::always("an order is rejected only by a failure from outside", order.and(row), move |view| {
            tables.ended_as(view, "rejected").all(|order| tables.outcome_of(view, order) == Some("failed"))
        }),
        Invariant::eventually("a result that was taken is how its order ends", move |view| {
            rows(view, tables.orders).all(|order| match tables.outcome_of(view, order) {
                None => true,
                Some("success") => text_of(order, "status") == "completed",
                Some("failed") => text_of(order, "status") == "rejected",
                Some(_) => text_of(order, "status") == "expired",
            })
        }),
        Invariant::always("an execution says how its order ended", order.and(Parts::EXECUTION_ENDS), move |view| {
            view.executions().iter().all(|execution| {
                let wanted = match (execution.status, execution.error.as_deref()) {
                    (Status::Succeeded, _) if execution.output.get("external").is_some() => "completed",
                    (_, Some("ExternalProcessFailed")) => "rejected",
                    _ => return true,
                };
                let order_id = execution.input.get("orderId").and_then(Json::as_str);
                tables.ended_as(view, wanted).any(|order| Some(text_of(order, "orderId")) == order_id)
            })
        }),
        Invariant::eventually("no order is left half-way", move |view| {
            tables.ended_as(view, "validated").next().is_none()
        }),
    ]
}

#[derive(Clone, Copy)]
struct Tables {
    orders: TableId,
    tokens: TableId,
}

impl Tables {
    fn ended_as<'v>(self, view: &View<'v>, status: &'static str) -> impl Iterator<Item = &'v Attributes> {
        rows(view, self.orders).filter(move |order| text_of(order, "status") == status)
    }

    /// What came from outside for an order.
    fn outcome_of<'v>(self, view: &View<'v>, order: &Attributes) -> Option<&'v str> {
        let row = rows(view, self.tokens).find(|row| text_of(row, "orderId") == text_of(order, "orderId"))?;
        row.get("outcome").and_then(AttributeValue::as_str)
    }
}

fn table(database: &Database, name: &str) -> TableId {
    database.table_id(name).unwrap_or(TableId(0))
}

fn rows<'v>(view: &View<'v>, table: TableId) -> impl Iterator<Item = &'v Attributes> {
    view.tables.items(table).map(|(_, row)| &**row)
}
