//! Tests of the data plane as a whole; each file has one subject. What they need is here.

use rehearsal_engine::{Json, json};

use super::{
    AttributeValue, Attributes, DataType, Database, GetItem, Newest, ReadChoice, Request, Response, TableSchema,
};
use crate::services::ApiError;
use crate::world::Millis;

mod batches;
mod conditions;
mod grammar;
mod hostile;
mod keys;
mod lag;
mod numbers;
mod queries;
mod reference;
mod requests;
mod streams;
mod tables;
mod transactions;
mod updates;
mod values;
mod writes;

/// A database with the table `T` (partition key `p` of type S), and what it takes to use it in one line.
struct Lab {
    database: Database,
    now: Millis,
}

impl Lab {
    fn new() -> Lab {
        Lab::of(vec![TableSchema::new("T", "p")])
    }

    /// `T` with the partition key `p` of type S and the sort key `c` of type `range`.
    fn ranged(range: DataType) -> Lab {
        Lab::of(vec![TableSchema::new("T", "p").range("c", range)])
    }

    fn of(schemas: Vec<TableSchema>) -> Lab {
        Lab { database: Database::new(schemas), now: Millis::START }
    }

    /// With this item in `T`, in plain form.
    fn with(mut self, item: &Json) -> Lab {
        let item = Attributes::from_plain(item).expect("a plain item");
        self.run(super::PutItem::new("T", item)).expect("the item is legal");
        self
    }

    fn run(&mut self, request: impl Into<Request>) -> Result<Response, ApiError> {
        self.run_choosing(request, &mut Newest)
    }

    fn run_choosing(&mut self, request: impl Into<Request>, reads: &mut dyn ReadChoice) -> Result<Response, ApiError> {
        self.database.execute(self.now, &request.into(), reads)
    }

    /// Runs a request in the API's JSON.
    fn call(&mut self, operation: &str, parameters: &Json) -> Result<Json, ApiError> {
        let request = Request::parse(operation, parameters)?;
        self.run(request).map(|response| response.to_json())
    }

    /// The item `p` of `T` in plain form, `null` if there is none.
    fn item(&mut self, p: &str) -> Json {
        let response = self.run(GetItem::new("T").key("p", p).consistent()).expect("a read");
        response.item().map_or(Json::Null, |item| item.to_plain())
    }
}

/// The message of the `ValidationException` that `result` must be.
fn validation<T: std::fmt::Debug>(result: Result<T, ApiError>) -> String {
    let error = result.expect_err("an error");
    assert_eq!((error.code, error.status), ("ValidationException", 400), "{}", error.message);
    error.message
}

/// An attribute value of a plain JSON one.
fn plain(json: &Json) -> AttributeValue {
    AttributeValue::from_plain(json).expect("a plain value")
}

/// `{"p": p}` in wire form.
fn wire_key(p: &str) -> Json {
    json!({"p": {"S": p}})
}
