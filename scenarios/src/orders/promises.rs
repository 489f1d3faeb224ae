//! The promises of `orders` in Rust, for tests and sweeps at full speed. The scenario file has the same in JSONata.
//!
//! Most are asked after every write, so what they need of the rows is read into [`Books`] once for all of them, and
//! again only for a table that has changed.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use rehearsal::services::dynamodb::{AttributeValue, Attributes, Database, Item, TableId};
use rehearsal::world::{Invariant, Parts, View};
use rehearsal_engine::execution::Status;
use rehearsal_engine::json::same_text;
use rehearsal_engine::text;

use super::store::{INVENTORY, ORDERS, PAYMENTS};

/// Every promise, by the name that it has in the scenario file.
///
/// `database` tells which table is which: see [`rehearsal::harness::Harness::invariants`].
pub fn invariants(database: &Database) -> Vec<Invariant> {
    let table = |name| database.table_id(name).unwrap_or(TableId(0));
    let [orders, inventory, payments] = [ORDERS, INVENTORY, PAYMENTS].map(table);
    let (order, stock, payment) = (part(orders), part(inventory), part(payments));
    let books = Rc::new(RefCell::new(Books::of(orders, inventory, payments)));
    // A question about the books, as a question about the world.
    let of_books = |holds: fn(&Books) -> bool| {
        let books = books.clone();
        move |view: &View<'_>| holds(books.borrow_mut().brought_up_to_date(view))
    };
    vec![
        Invariant::always(
            "stock is never negative",
            stock,
            of_books(|books| books.products.iter().all(|product| product.quantity >= 0)),
        ),
        Invariant::always(
            "stock, reserved and sold add up to what there was",
            stock,
            of_books(|books| {
                books.products.iter().all(|product| {
                    let reserved: i64 = product.reservations().map(|(_, pieces)| pieces).sum();
                    product.quantity + reserved + product.sold == product.received
                })
            }),
        ),
        Invariant::always(
            "sold is what fulfilled orders hold",
            stock.and(order),
            of_books(|books| {
                books.products.iter().all(|product| {
                    let fulfilled = books.orders_in(&["fulfilled"]).filter_map(|order| order.quantities.as_ref());
                    product.sold == fulfilled.map(|quantities| number(quantities, &product.name)).sum::<i64>()
                })
            }),
        ),
        Invariant::always(
            "stock is reserved exactly for reserved and paid orders",
            stock.and(order),
            of_books(|books| {
                let open = || books.orders_in(&["reserved", "paid"]).map(|order| &order.id);
                let holders = || books.products.iter().flat_map(Product::reservations).map(|(holder, _)| holder);
                same_members(open, holders)
            }),
        ),
        Invariant::always(
            "each order is charged at most once",
            payment,
            of_books(|books| books.payments.iter().all(|row| row.charges <= 1 && row.refunds <= row.charges)),
        ),
        Invariant::always(
            "money is held exactly for paid and fulfilled orders",
            order.and(payment),
            of_books(|books| books.agree(|payment| payment.charges > payment.refunds, &["paid", "fulfilled"])),
        ),
        Invariant::eventually(
            "an order is charged if and only if it is fulfilled or refunded",
            of_books(|books| books.agree(|payment| payment.charges > 0, &["fulfilled", "refunded"])),
        ),
        Invariant::eventually(
            "no order is left half-way",
            of_books(|books| books.orders_in(&["validated", "reserved", "paid"]).next().is_none()),
        ),
        Invariant::eventually("every execution ends", |view| {
            view.executions().iter().all(|execution| execution.status != Status::Running)
        }),
        Invariant::sometimes(
            "some order is fulfilled",
            order,
            of_books(|books| books.orders_in(&["fulfilled"]).next().is_some()),
        ),
        Invariant::sometimes("someone finds the shelf empty", Parts::EXECUTIONS, |view| {
            view.executions().iter().any(|execution| execution.cause.as_deref() == Some("Insufficient inventory"))
        }),
    ]
}

/// What the promises need of the three tables.
struct Books {
    tables: [TableId; 3],
    /// The revision of each table when it was read.
    read_at: [u64; 3],
    orders: Vec<Order>,
    products: Vec<Product>,
    payments: Vec<Payment>,
}

struct Order {
    id: Arc<str>,
    status: Arc<str>,
    quantities: Option<Item>,
}

struct Product {
    name: Arc<str>,
    quantity: i64,
    sold: i64,
    received: i64,
    reserved: Option<Item>,
}

struct Payment {
    order: Arc<str>,
    charges: i64,
    refunds: i64,
}

impl Books {
    fn of(orders: TableId, inventory: TableId, payments: TableId) -> Books {
        Books {
            tables: [orders, inventory, payments],
            read_at: [0; 3],
            orders: Vec::new(),
            products: Vec::new(),
            payments: Vec::new(),
        }
    }

    fn brought_up_to_date(&mut self, view: &View<'_>) -> &Books {
        let revisions = self.tables.map(|table| view.revisions.of(part(table)));
        let read_at = std::mem::replace(&mut self.read_at, revisions);
        let [orders, inventory, payments] = self.tables;
        if read_at[0] != revisions[0] {
            self.orders.clear();
            self.orders.extend(rows(view, orders).map(|row| Order {
                id: text_of(row, "orderId"),
                status: text_of(row, "status"),
                quantities: row.get("quantities").and_then(AttributeValue::as_map).cloned(),
            }));
        }
        if read_at[1] != revisions[1] {
            self.products.clear();
            self.products.extend(rows(view, inventory).map(|row| Product {
                name: text_of(row, "productId"),
                quantity: number(row, "quantity"),
                sold: number(row, "sold"),
                received: number(row, "received"),
                reserved: row.get("reserved").and_then(AttributeValue::as_map).cloned(),
            }));
        }
        if read_at[2] != revisions[2] {
            self.payments.clear();
            self.payments.extend(rows(view, payments).map(|row| Payment {
                order: text_of(row, "orderId"),
                charges: number(row, "charges"),
                refunds: number(row, "refunds"),
            }));
        }
        self
    }

    fn orders_in<'b>(&'b self, statuses: &'static [&'static str]) -> impl Iterator<Item = &'b Order> {
        self.orders.iter().filter(|order| statuses.contains(&&*order.status))
    }

    /// Whether exactly the orders in one of `statuses` have a payment that is `counted`.
    fn agree(&self, counted: fn(&Payment) -> bool, statuses: &'static [&'static str]) -> bool {
        let orders = || self.orders_in(statuses).map(|order| &order.id);
        let payments = || self.payments.iter().filter(|payment| counted(payment)).map(|payment| &payment.order);
        same_members(orders, payments)
    }
}

impl Product {
    /// Which orders hold how many pieces.
    fn reservations(&self) -> impl Iterator<Item = (&Arc<str>, i64)> {
        let entries = self.reserved.iter().flat_map(|reserved| reserved.iter());
        entries.map(|(order, pieces)| (order, pieces.as_i64().unwrap_or(0)))
    }
}

/// Whether each text of either side is on the other as well.
fn same_members<'b, L, R>(left: impl Fn() -> L, right: impl Fn() -> R) -> bool
where
    L: Iterator<Item = &'b Arc<str>>,
    R: Iterator<Item = &'b Arc<str>>,
{
    left().all(|wanted| right().any(|text| same_text(text, wanted)))
        && right().all(|wanted| left().any(|text| same_text(text, wanted)))
}

fn part(table: TableId) -> Parts {
    Parts::table(table.0 as usize)
}

fn rows<'v>(view: &View<'v>, table: TableId) -> impl Iterator<Item = &'v Attributes> {
    view.tables.items(table).map(|(_, row)| &**row)
}

fn number(row: &Attributes, name: &str) -> i64 {
    row.get(name).and_then(AttributeValue::as_i64).unwrap_or(0)
}

fn text_of(row: &Attributes, name: &str) -> Arc<str> {
    let Some(AttributeValue::S(text)) = row.get(name) else { return text!("") };
    text.clone()
}
