//! A workload in Rust: shoppers who order the same few products, for tests and sweeps at full speed.

use rehearsal::services::Request;
use rehearsal::services::eventbridge::{PutEntry, PutEvents};
use rehearsal::world::{ActorStep, Name, Names, PlannedActor, Shape, Workload};
use rehearsal_engine::{Json, json, text};

/// Products and their prices.
pub type Products = &'static [(&'static str, f64)];

/// So few are in stock that shoppers get into each other's way.
pub const SCARCE: Products = &[("LAPTOP001", 999.99), ("MOUSE001", 29.99)];
/// There is enough for everybody.
pub const PLENTIFUL: Products = &[("KEYBOARD001", 79.99)];

/// That many shoppers, each with one order of one of `products`.
pub fn shoppers(names: &mut Names, count: u32, products: Products) -> Box<dyn Workload> {
    Box::new(Shoppers {
        count,
        products,
        shopper: names.intern("shopper"),
        at: names.intern("shopper.at"),
        product: names.intern("shopper.product"),
        quantity: names.intern("shopper.quantity"),
    })
}

struct Shoppers {
    count: u32,
    products: Products,
    shopper: Name,
    at: Name,
    product: Name,
    quantity: Name,
}

const WITHIN_MS: i64 = 2_000;

impl Workload for Shoppers {
    fn plan(&mut self, shape: &mut Shape<'_>, planned: &mut Vec<PlannedActor>) -> Result<(), String> {
        for number in 1..=self.count {
            let Some(mut own) = shape.actor(self.shopper, number) else { continue };
            let at_ms = own.draw(self.at, 0, WITHIN_MS) as u64;
            let (product, price) = self.products[own.pick(self.product, self.products.len())];
            let quantity = own.draw(self.quantity, 1, 2);
            let detail = json!({"status": "pending", "orderData": order(number, product, quantity, price)});
            let entry =
                PutEntry::new(text!("ecommerce-orders"), text!("ecommerce.orders"), text!("Order Placed"), detail);
            let request = Request::Events(Box::new(PutEvents::of_client(vec![entry])));
            planned.push(PlannedActor { actor: own.lineage(), at_ms, steps: vec![ActorStep::Send(request)] });
        }
        Ok(())
    }
}

/// An order of one product, as the event carries it.
pub fn order(number: u32, product: &str, quantity: i64, price: f64) -> Json {
    json!({
        "orderId": format!("order-{number}"),
        "customerId": "CUST001",
        "items": [{"productId": product, "quantity": quantity, "price": price}],
        "totalAmount": quantity as f64 * price,
    })
}
