//! What the handlers are called with: every way through each system, and some that nobody should go.

use rehearsal::services::dynamodb::Attributes;
use rehearsal_engine::{Json, json};

use crate::bench::Rows;

/// Invocations one after the other, and how the gateway's draw falls.
pub struct Journey {
    pub name: &'static str,
    pub random: f64,
    pub invocations: Vec<(&'static str, Json)>,
}

fn journey(name: &'static str, random: f64, invocations: Vec<(&'static str, Json)>) -> Journey {
    Journey { name, random, invocations }
}

/// Draws of the gateway, or of the carrier.
const GOES_WELL: f64 = 0.5;
const GOES_WRONG: f64 = 0.95;

pub fn shelf() -> Rows {
    let product = |(id, quantity)| {
        Attributes::from([("productId", id)])
            .with("quantity", quantity)
            .with("reserved", Attributes::new())
            .with("sold", 0)
    };
    vec![("Inventory", [("LAPTOP001", 2), ("MOUSE001", 3)].map(product).to_vec())]
}

pub fn mended() -> Vec<Journey> {
    let validate = |laptops: i64| {
        let order = order(laptops);
        ("order-validation", json!({"order": order, "execution": "arn:one"}))
    };
    let reserve = |laptops: i64| {
        let quantities = json!({"MOUSE001": 1, "LAPTOP001": laptops});
        ("inventory-check", json!({"orderId": "order-1", "quantities": quantities}))
    };
    let pay = ("payment-processing", json!({"orderId": "order-1", "amount": 1029.98}));
    let fulfil = {
        let quantities = json!({"MOUSE001": 1, "LAPTOP001": 1});
        ("fulfillment-processing", json!({"orderId": "order-1", "quantities": quantities}))
    };
    let cancel = ("order-reconciler", json!({"cancel": "order-1", "reason": "the test says so"}));
    let sweep = ("order-reconciler", json!({"detail-type": "Scheduled Event", "detail": {}}));
    let died = |execution: &str| {
        let input = order(1).to_string();
        let detail = json!({"executionArn": execution, "status": "ABORTED", "input": input});
        ("order-reconciler", json!({"detail-type": "Step Functions Execution Status Change", "detail": detail}))
    };
    let duplicate = ("order-validation", json!({"order": order(1), "execution": "arn:two"}));
    let invalid = ("order-validation", json!({"order": {"orderId": "order-1", "items": []}, "execution": "arn:one"}));
    let (paid, declined) = (GOES_WELL, GOES_WRONG);
    vec![
        journey("an order is fulfilled", paid, vec![validate(1), reserve(1), pay.clone(), fulfil.clone()]),
        journey(
            "every step comes twice",
            paid,
            vec![
                validate(1),
                validate(1),
                reserve(1),
                reserve(1),
                pay.clone(),
                pay.clone(),
                fulfil.clone(),
                fulfil.clone(),
            ],
        ),
        journey("a duplicate is turned away", paid, vec![validate(1), duplicate, died("arn:two"), died("arn:one")]),
        journey("the shelf is empty", paid, vec![validate(3), reserve(3), reserve(3), cancel.clone()]),
        journey(
            "the payment is declined",
            declined,
            vec![validate(1), reserve(1), pay.clone(), pay.clone(), cancel.clone(), cancel.clone()],
        ),
        journey("a paid order is undone", paid, vec![validate(1), reserve(1), pay.clone(), cancel.clone(), fulfil]),
        journey("the workflow dies at once", paid, vec![validate(1), died("arn:one"), reserve(1)]),
        journey("the workflow dies before it pays", paid, vec![validate(1), reserve(1), died("arn:one"), pay.clone()]),
        journey("the workflow dies after it paid", paid, vec![validate(1), reserve(1), pay, sweep.clone(), sweep]),
        journey("an order that is no order", paid, vec![invalid, validate(1)]),
    ]
}

pub fn textbook() -> Vec<Journey> {
    let steps = |laptops| {
        ["order-validation", "inventory-check", "payment-processing", "fulfillment-processing"]
            .map(|function| (function, order(laptops)))
            .to_vec()
    };
    vec![
        journey("an order is fulfilled", GOES_WELL, steps(1)),
        journey("the shelf is empty", GOES_WELL, steps(3)),
        journey("the payment is declined", GOES_WRONG, steps(1)),
        journey(
            "an order that is no order",
            GOES_WELL,
            vec![("order-validation", json!({"orderId": "order-1", "items": []})), ("order-validation", order(1))],
        ),
    ]
}

fn order(laptops: i64) -> Json {
    json!({
        "orderId": "order-1",
        "customerId": "CUST001",
        "items": [
            {"productId": "MOUSE001", "quantity": 1, "price": 29.99},
            {"productId": "LAPTOP001", "quantity": laptops, "price": 999.99},
        ],
        "totalAmount": 1029.98,
    })
}

pub fn parallel_rows() -> Rows {
    let row = |key: &'static str, id: &'static str, spare: i64| {
        Attributes::from([(key, id)]).with("spare", spare).with("held", Attributes::new()).with("used", 0)
    };
    let blocked = row("customerId", "CUST002", 9_999).with("isBlocked", true);
    vec![
        ("Inventory", vec![row("productId", "LAPTOP001", 3)]),
        ("Customers", vec![row("customerId", "CUST001", 5_000), blocked]),
        ("Carriers", vec![row("carrierId", "PARCEL", 1)]),
    ]
}

pub fn parallel() -> Vec<Journey> {
    let order = |customer: &str, quantity: i64| {
        json!({
            "orderId": "order-1", "customerId": customer, "productId": "LAPTOP001", "quantity": quantity,
            "amount": quantity * 1000,
        })
    };
    let validate = |order: &Json| ("order-validation", json!({"order": order, "execution": "arn:one"}));
    let branches = |order: &Json| {
        ["inventory-check", "customer-validation", "shipping-calculation"]
            .map(|function| (function, json!({"order": order})))
    };
    let close = |execution: &str, results: Json| {
        ("process-results", json!({"orderId": "order-1", "execution": execution, "results": results}))
    };
    let results = json!([{"available": true}, {"customerId": "CUST001"}, {"carrierId": "PARCEL", "cost": 6}]);
    let (processed, cancelled) = (close("arn:one", results), close("arn:one", json!(null)));
    let small = order("CUST001", 1);
    let [stock, customer, shipping] = branches(&small);
    let of = |order: &Json, end: &(&'static str, Json)| {
        [vec![validate(order)], branches(order).to_vec(), vec![end.clone()]].concat()
    };
    vec![
        journey("all three branches succeed", GOES_WELL, of(&small, &processed)),
        journey("the order is cancelled with all that it holds", GOES_WELL, of(&small, &cancelled)),
        journey("the carrier does not answer", GOES_WRONG, of(&small, &cancelled)),
        journey("the customer is blocked", GOES_WELL, of(&order("CUST002", 1), &cancelled)),
        journey(
            "the customer has too little credit, and the shelf too little",
            GOES_WELL,
            of(&order("CUST001", 6), &cancelled),
        ),
        journey(
            "the whole state comes twice",
            GOES_WELL,
            [
                vec![validate(&small)],
                branches(&small).to_vec(),
                branches(&small).to_vec(),
                vec![processed.clone(), processed],
            ]
            .concat(),
        ),
        journey(
            "a branch comes after the order was cancelled",
            GOES_WELL,
            vec![validate(&small), stock, cancelled.clone(), customer, shipping],
        ),
        journey(
            "a duplicate touches nothing",
            GOES_WELL,
            vec![
                validate(&small),
                ("order-validation", json!({"order": small, "execution": "arn:two"})),
                close("arn:two", json!(null)),
            ],
        ),
        journey("an order that was never stored is cancelled", GOES_WELL, vec![cancelled, validate(&small)]),
        journey(
            "an order that is no order",
            GOES_WELL,
            vec![
                ("order-validation", json!({"order": {"orderId": "order-1", "quantity": 0}, "execution": "arn:one"})),
                validate(&small),
            ],
        ),
    ]
}

pub fn callback() -> Vec<Journey> {
    let validate =
        |execution: &str| ("order-validation", json!({"order": {"orderId": "order-1"}, "execution": execution}));
    let store = |attempt: i64| {
        let token = format!("token-{attempt}");
        ("token-store", json!({"orderId": "order-1", "token": token, "attempt": attempt}))
    };
    let told = |status: &str| ("external-result", json!({"orderId": "order-1", "status": status, "told": "receipt 7"}));
    let settle = |execution: &str| ("order-settlement", json!({"orderId": "order-1", "execution": execution}));
    let (one, two) = ("arn:one", "arn:two");
    let of = |name, steps: Vec<(&'static str, Json)>| journey(name, GOES_WELL, steps);
    vec![
        of("a success", vec![validate(one), store(0), told("success"), settle(one)]),
        of("a failure", vec![validate(one), store(0), told("failed"), settle(one)]),
        of("nobody answers, or too late", vec![validate(one), store(0), settle(one), told("success"), settle(one)]),
        of("the result is there before the token", vec![validate(one), told("success"), store(0), settle(one)]),
        of("a failure is there before the token", vec![told("failed"), validate(one), store(0), settle(one)]),
        of("the opposite comes second", vec![validate(one), store(0), told("failed"), told("success"), settle(one)]),
        of("a retry has a new token", vec![validate(one), store(0), store(1), told("success"), settle(one)]),
        of("an old token is stored late", vec![validate(one), store(1), store(0), told("success"), settle(one)]),
        of("a duplicate settles nothing", vec![validate(one), validate(two), store(0), settle(two), settle(one)]),
        of("validation came to nothing", vec![settle(one), validate(one)]),
        of(
            "an order that is no order",
            vec![("order-validation", json!({"order": {"orderId": ""}, "execution": "arn:one"})), validate(one)],
        ),
    ]
}

pub fn account() -> Rows {
    vec![("Accounts", vec![Attributes::from([("customerId", "CUST001")]).with("owed", 0)])]
}

pub fn queued() -> Vec<Journey> {
    let batch = |orders: &[i64]| {
        let record = |number: &i64| {
            let body = json!({"orderId": format!("order-{number}"), "customerId": "CUST001", "total": 10}).to_string();
            json!({"messageId": format!("message-{number}"), "body": body})
        };
        ("book-orders", json!({"Records": orders.iter().map(record).collect::<Vec<_>>()}))
    };
    vec![
        journey("one order", GOES_WELL, vec![batch(&[1])]),
        journey("a batch, and some of it again", GOES_WELL, vec![batch(&[1, 2, 3]), batch(&[2, 4])]),
        journey("an order twice in a batch", GOES_WELL, vec![batch(&[1, 1])]),
        journey(
            "a message that is no order",
            GOES_WELL,
            vec![("book-orders", json!({"Records": [{"messageId": "message-1", "body": "{}"}]})), batch(&[1])],
        ),
    ]
}
