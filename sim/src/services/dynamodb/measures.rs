//! What CloudWatch is told of a request: units, latencies, and errors by their kind. Nothing at all where nobody asks.

use super::{DynamoDb, Request, Response, TableId};
use crate::services::latency::DYNAMODB;
use crate::services::{ApiError, dynamodb_operation};
use crate::world::Core;
use crate::world::metrics::{Namespace, TableOperationsMetric, TablesApiMetric, TablesMetric};

/// The operations that are measured one by one.
pub const OPERATIONS: &[&str] = &[
    "GetItem",
    "PutItem",
    "UpdateItem",
    "DeleteItem",
    "Query",
    "Scan",
    "BatchGetItem",
    "BatchWriteItem",
    "TransactGetItems",
    "TransactWriteItems",
];

impl DynamoDb {
    /// Measures a request and its answer.
    pub(super) fn measure(&self, core: &mut Core, request: &Request, answer: &Result<Response, ApiError>) {
        let metrics = core.metrics();
        let families = [Namespace::Tables, Namespace::TableOperations, Namespace::TablesApi];
        if !families.into_iter().any(|family| metrics.keeps(family)) {
            return;
        }
        let operation = dynamodb_operation(request);
        let operation = core.names().text(operation).clone();
        let operation = OPERATIONS.iter().position(|known| operation.rsplit(':').next() == Some(known));
        let mut tables: Vec<TableId> =
            request.tables().filter_map(|resource| self.database.table_id(resource.table).ok()).collect();
        tables.sort_unstable();
        tables.dedup();
        for table in tables {
            let of_operation = operation.map(|at| table.0 * OPERATIONS.len() as u32 + at as u32);
            match answer {
                Ok(_) => {
                    let latency_ms = DYNAMODB.nominal_ms as f64;
                    if let Some(of_operation) = of_operation {
                        core.measure(TableOperationsMetric::SuccessfulRequestLatency.of(of_operation), latency_ms);
                    }
                }
                Err(error) => measure_error(core, table.0, of_operation, request.is_write(), error),
            }
        }
        match answer {
            Ok(response) => self.measure_units(core, request, response),
            Err(error) if is_of_the_user(error) => core.measure(TablesApiMetric::UserErrors.of(0), 1.0),
            Err(_) => {}
        }
    }

    fn measure_units(&self, core: &mut Core, request: &Request, response: &Response) {
        if !core.metrics().keeps(Namespace::Tables) {
            return;
        }
        let consumed = if request.is_write() {
            TablesMetric::ConsumedWriteCapacityUnits
        } else {
            TablesMetric::ConsumedReadCapacityUnits
        };
        for (table, units) in self.database.units(request, response) {
            core.measure(consumed.of(table.0), units);
        }
    }
}

fn measure_error(core: &mut Core, table: u32, of_operation: Option<u32>, is_write: bool, error: &ApiError) {
    let mut of_operation = |metric: TableOperationsMetric| {
        if let Some(of_operation) = of_operation {
            core.measure(metric.of(of_operation), 1.0);
        }
    };
    if error.status >= 500 {
        of_operation(TableOperationsMetric::SystemErrors);
    } else if is_throttling(error) {
        of_operation(TableOperationsMetric::ThrottledRequests);
        let events = if is_write { TablesMetric::WriteThrottleEvents } else { TablesMetric::ReadThrottleEvents };
        core.measure(events.of(table), 1.0);
    } else if is_failed_condition(error) {
        core.measure(TablesMetric::ConditionalCheckFailedRequests.of(table), 1.0);
    } else if is_conflict(error) {
        core.measure(TablesMetric::TransactionConflict.of(table), 1.0);
    }
}

/// AWS: errors of the client, but for throttling and failed conditions, which have metrics of their own.
fn is_of_the_user(error: &ApiError) -> bool {
    error.status < 500 && !is_throttling(error) && error.code != "ConditionalCheckFailedException"
}

fn is_throttling(error: &ApiError) -> bool {
    matches!(error.code, "ProvisionedThroughputExceededException" | "ThrottlingException" | "RequestLimitExceeded")
}

fn is_failed_condition(error: &ApiError) -> bool {
    error.code == "ConditionalCheckFailedException"
        || (error.code == "TransactionCanceledException" && error.message.contains("ConditionalCheckFailed"))
}

fn is_conflict(error: &ApiError) -> bool {
    error.code == "TransactionConflictException"
        || (error.code == "TransactionCanceledException" && error.message.contains("TransactionConflict"))
}
