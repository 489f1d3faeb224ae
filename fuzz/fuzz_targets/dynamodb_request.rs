//! Any JSON as the parameters of any DynamoDB operation: parsed and executed without a panic.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rehearsal::services::dynamodb::{
    DataType, Database, IndexSchema, KeySchema, Newest, OPERATIONS, Request, TableSchema,
};
use rehearsal::world::Millis;
use rehearsal_engine::Json;

fuzz_target!(|input: (u8, &str)| {
    let (operation, text) = input;
    let Ok(parameters) = Json::parse(text) else { return };
    let index = IndexSchema::global("byOther", KeySchema::new("other", DataType::S));
    let table = TableSchema::new("t", "pk").range("sk", DataType::N).index(index);
    let mut database = Database::new(vec![table]);
    let operation = OPERATIONS[usize::from(operation) % OPERATIONS.len()];
    if let Ok(request) = Request::parse(operation, &parameters) {
        // Twice: the second time something may be there.
        for _ in 0..2 {
            if let Ok(response) = database.execute(Millis::START, &request, &mut Newest) {
                let _ = response.to_json();
            }
        }
    }
});
