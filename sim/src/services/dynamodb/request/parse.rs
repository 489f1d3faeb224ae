//! Reads requests from the API's JSON.

use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::json::Object;

use super::{
    BatchGetItem, BatchWriteItem, ConditionCheck, DeleteItem, Describe, GetItem, KeysOfTable, PutItem, Query, Request,
    Scan, TransactAction, TransactGetItems, TransactWrite, UpdateItem, UpdateTimeToLive, WriteEntry, WritesOfTable,
};
use crate::services::ApiError;
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::Attributes;
use crate::services::dynamodb::wire::{cannot_convert, serialization};

mod fields;

use fields::table_name;

/// Parameters of the API before expressions, which AWS keeps for old programs.
const LEGACY: [&str; 7] = [
    "AttributesToGet",
    "AttributeUpdates",
    "ConditionalOperator",
    "Expected",
    "KeyConditions",
    "QueryFilter",
    "ScanFilter",
];

const WRITE: [&str; 7] = [
    "TableName",
    "ReturnValues",
    "ReturnConsumedCapacity",
    "ReturnItemCollectionMetrics",
    "ConditionExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
];
/// AWS: a page of table names has at most a hundred.
const LIST_TABLES_MAX: i64 = 100;
const ON_FAILURE: &str = "ReturnValuesOnConditionCheckFailure";
const PAGE: [&str; 11] = [
    "TableName",
    "IndexName",
    "Select",
    "Limit",
    "ConsistentRead",
    "ExclusiveStartKey",
    "ReturnConsumedCapacity",
    "ProjectionExpression",
    "FilterExpression",
    "ExpressionAttributeNames",
    "ExpressionAttributeValues",
];

impl Request {
    /// Reads the parameters of `operation` (`PutItem`, or `putItem` as Step Functions writes it).
    pub fn parse(operation: &str, parameters: &Json) -> Result<Request, ApiError> {
        let Json::Object(object) = parameters else {
            return Err(serialization(format!(
                "{operation} takes an object of parameters, found {}",
                parameters.kind()
            )));
        };
        let fields = Fields { object };
        let mut letters = operation.chars();
        let first = letters.next().map(|letter| letter.to_ascii_uppercase());
        let operation: String = first.into_iter().chain(letters).collect();
        Ok(match operation.as_str() {
            "GetItem" => fields.get_item()?.into(),
            "PutItem" => fields.put_item()?.into(),
            "UpdateItem" => fields.update_item()?.into(),
            "DeleteItem" => fields.delete_item()?.into(),
            "Query" => fields.query()?.into(),
            "Scan" => fields.scan()?.into(),
            "BatchGetItem" => fields.batch_get()?.into(),
            "BatchWriteItem" => fields.batch_write()?.into(),
            "TransactGetItems" => fields.transact_get()?.into(),
            "TransactWriteItems" => fields.transact_write()?.into(),
            "DescribeTable" => Request::Describe(Describe::Table(fields.only_table()?)),
            "DescribeTimeToLive" => Request::Describe(Describe::TimeToLive(fields.only_table()?)),
            "UpdateTimeToLive" => fields.update_time_to_live()?,
            "ListTables" => fields.list_tables()?,
            operation => return Err(refused(operation)),
        })
    }
}

/// The answer to what is not simulated, with what to do instead.
fn refused(operation: &str) -> ApiError {
    const DATA_PLANE: &str = "GetItem, PutItem, UpdateItem, DeleteItem, Query, Scan, BatchGetItem, BatchWriteItem, \
                              TransactGetItems and TransactWriteItems";
    let message = match operation {
        "ExecuteStatement" | "BatchExecuteStatement" | "ExecuteTransaction" => {
            format!("`{operation}` runs PartiQL, which is not simulated: write the statement as one of {DATA_PLANE}")
        }
        "CreateTable" | "UpdateTable" | "DeleteTable" => {
            format!("`{operation}` is not simulated: tables are those of the template, for the whole of a run")
        }
        _ => format!(
            "`{operation}` is no operation that is simulated, which are {DATA_PLANE}, DescribeTable, ListTables, \
             DescribeTimeToLive and UpdateTimeToLive"
        ),
    };
    ApiError::new("UnknownOperationException", message)
}

/// The members of a request's object.
#[derive(Clone, Copy)]
struct Fields<'a> {
    object: &'a Object,
}

impl<'a> Fields<'a> {
    fn of(json: &'a Json) -> Result<Fields<'a>, ApiError> {
        match json {
            Json::Object(object) => Ok(Fields { object }),
            _ => Err(serialization(format!("Expected a structure or map, found {}", json.kind()))),
        }
    }

    /// A client of AWS refuses parameters that the operation does not have; so do we, and name those it has.
    fn allow(self, groups: &[&[&str]]) -> Result<(), ApiError> {
        for key in self.object.keys() {
            if groups.iter().any(|group| group.contains(&&**key)) {
                continue;
            }
            if LEGACY.contains(&&**key) {
                return Err(ApiError::validation(format!(
                    "`{key}` belongs to the API before expressions, which is not simulated: use the expression \
                     parameters"
                )));
            }
            return Err(ApiError::validation(format!(
                "Unknown parameter in input: \"{key}\", must be one of: {}",
                groups.concat().join(", ")
            )));
        }
        Ok(())
    }

    fn only_table(self) -> Result<Text, ApiError> {
        self.allow(&[&["TableName"]])?;
        self.table()
    }

    fn update_time_to_live(self) -> Result<Request, ApiError> {
        self.allow(&[&["TableName", "TimeToLiveSpecification"]])?;
        let table = self.table()?;
        let specification = Fields::of(self.required("TimeToLiveSpecification")?)?;
        specification.allow(&[&["Enabled", "AttributeName"]])?;
        specification.required("Enabled")?;
        let attribute = specification.text("AttributeName")?;
        let attribute = attribute.filter(|name| !name.is_empty()).ok_or_else(|| {
            fields::constraint("null", "timeToLiveSpecification.attributeName", "Member must not be null")
        })?;
        let enabled = specification.flag("Enabled", false)?;
        Ok(Request::UpdateTimeToLive(UpdateTimeToLive { table, attribute, enabled }))
    }

    fn list_tables(self) -> Result<Request, ApiError> {
        self.allow(&[&["ExclusiveStartTableName", "Limit"]])?;
        let limit = self.integer("Limit")?.unwrap_or(LIST_TABLES_MAX);
        if !(1..=LIST_TABLES_MAX).contains(&limit) {
            let bound = if limit < 1 { "greater than or equal to 1" } else { "less than or equal to 100" };
            return Err(fields::constraint(&format!("'{limit}'"), "Limit", &format!("Member must have value {bound}")));
        }
        let start = self.text("ExclusiveStartTableName")?;
        Ok(Request::Describe(Describe::Tables { start, limit: limit as usize }))
    }

    fn get_item(self) -> Result<GetItem, ApiError> {
        self.allow(&[&[
            "TableName",
            "Key",
            "ConsistentRead",
            "ReturnConsumedCapacity",
            "ProjectionExpression",
            "ExpressionAttributeNames",
        ]])?;
        Ok(GetItem {
            table: self.table()?,
            key: self.attributes("Key")?,
            consistent: self.flag("ConsistentRead", false)?,
            expressions: self.expressions(&["ProjectionExpression"])?,
            return_capacity: self.return_capacity()?,
        })
    }

    fn put_item(self) -> Result<PutItem, ApiError> {
        self.allow(&[&["Item"], &WRITE, &[ON_FAILURE]])?;
        Ok(PutItem {
            table: self.table()?,
            item: Arc::new(self.attributes("Item")?),
            expressions: self.expressions(&["ConditionExpression"])?,
            return_values: self.return_values(false)?,
            return_item_on_failure: self.item_on_failure()?,
            return_capacity: self.return_capacity()?,
        })
    }

    fn update_item(self) -> Result<UpdateItem, ApiError> {
        self.allow(&[&["Key", "UpdateExpression"], &WRITE, &[ON_FAILURE]])?;
        Ok(UpdateItem {
            table: self.table()?,
            key: self.attributes("Key")?,
            expressions: self.expressions(&["UpdateExpression", "ConditionExpression"])?,
            return_values: self.return_values(true)?,
            return_item_on_failure: self.item_on_failure()?,
            return_capacity: self.return_capacity()?,
        })
    }

    fn delete_item(self) -> Result<DeleteItem, ApiError> {
        self.allow(&[&["Key"], &WRITE, &[ON_FAILURE]])?;
        Ok(DeleteItem {
            table: self.table()?,
            key: self.attributes("Key")?,
            expressions: self.expressions(&["ConditionExpression"])?,
            return_values: self.return_values(false)?,
            return_item_on_failure: self.item_on_failure()?,
            return_capacity: self.return_capacity()?,
        })
    }

    fn condition_check(self) -> Result<ConditionCheck, ApiError> {
        self.allow(&[&["Key"], &WRITE, &[ON_FAILURE]])?;
        self.required("ConditionExpression")?;
        Ok(ConditionCheck {
            table: self.table()?,
            key: self.attributes("Key")?,
            expressions: self.expressions(&["ConditionExpression"])?,
            return_item_on_failure: self.item_on_failure()?,
        })
    }

    fn query(self) -> Result<Query, ApiError> {
        self.allow(&[&["KeyConditionExpression", "ScanIndexForward"], &PAGE])?;
        Ok(Query {
            table: self.table()?,
            index: self.text("IndexName")?,
            expressions: self.expressions(&["KeyConditionExpression", "FilterExpression", "ProjectionExpression"])?,
            limit: self.limit()?,
            forward: self.flag("ScanIndexForward", true)?,
            consistent: self.flag("ConsistentRead", false)?,
            start: self.optional_attributes("ExclusiveStartKey")?,
            select: self.select()?,
            return_capacity: self.return_capacity()?,
        })
    }

    fn scan(self) -> Result<Scan, ApiError> {
        self.allow(&[&["Segment", "TotalSegments"], &PAGE])?;
        Ok(Scan {
            table: self.table()?,
            index: self.text("IndexName")?,
            expressions: self.expressions(&["FilterExpression", "ProjectionExpression"])?,
            limit: self.limit()?,
            consistent: self.flag("ConsistentRead", false)?,
            start: self.optional_attributes("ExclusiveStartKey")?,
            select: self.select()?,
            segment: self.segment()?,
            return_capacity: self.return_capacity()?,
        })
    }

    fn batch_get(self) -> Result<BatchGetItem, ApiError> {
        self.allow(&[&["RequestItems", "ReturnConsumedCapacity"]])?;
        let mut tables = Vec::new();
        for (table, request) in Fields::of(self.required("RequestItems")?)?.object.iter() {
            let request = Fields::of(request)?;
            request.allow(&[&["Keys", "ConsistentRead", "ProjectionExpression", "ExpressionAttributeNames"]])?;
            tables.push(KeysOfTable {
                table: table_name(table),
                keys: request.list("Keys")?.iter().map(Attributes::from_wire).collect::<Result<_, _>>()?,
                consistent: request.flag("ConsistentRead", false)?,
                expressions: request.expressions(&["ProjectionExpression"])?,
            });
        }
        Ok(BatchGetItem { tables, return_capacity: self.return_capacity()? })
    }

    fn batch_write(self) -> Result<BatchWriteItem, ApiError> {
        self.allow(&[&["RequestItems", "ReturnConsumedCapacity", "ReturnItemCollectionMetrics"]])?;
        let mut tables = Vec::new();
        for (table, entries) in Fields::of(self.required("RequestItems")?)?.object.iter() {
            let entries = entries.as_array().ok_or_else(|| cannot_convert(entries, "List"))?;
            let entries = entries.iter().map(|entry| Fields::of(entry)?.write_entry()).collect::<Result<_, _>>()?;
            tables.push(WritesOfTable { table: table_name(table), entries });
        }
        Ok(BatchWriteItem { tables, return_capacity: self.return_capacity()? })
    }

    fn write_entry(self) -> Result<WriteEntry, ApiError> {
        self.allow(&[&["PutRequest", "DeleteRequest"]])?;
        match (self.value("PutRequest"), self.value("DeleteRequest")) {
            (Some(put), None) => Ok(WriteEntry::Put(Arc::new(Fields::of(put)?.attributes("Item")?))),
            (None, Some(delete)) => Ok(WriteEntry::Delete(Fields::of(delete)?.attributes("Key")?)),
            (Some(_), Some(_)) => Err(ApiError::validation(
                "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported \
                 datatypes",
            )),
            (None, None) => Err(ApiError::validation(
                "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes",
            )),
        }
    }

    fn transact_get(self) -> Result<TransactGetItems, ApiError> {
        self.allow(&[&["TransactItems", "ReturnConsumedCapacity"]])?;
        let gets = self.list("TransactItems")?.iter().map(|entry| {
            let entry = Fields::of(entry)?;
            entry.allow(&[&["Get"]])?;
            Fields::of(entry.required("Get")?)?.get_item()
        });
        Ok(TransactGetItems { gets: gets.collect::<Result<_, _>>()?, return_capacity: self.return_capacity()? })
    }

    fn transact_write(self) -> Result<TransactWrite, ApiError> {
        self.allow(&[&[
            "TransactItems",
            "ClientRequestToken",
            "ReturnConsumedCapacity",
            "ReturnItemCollectionMetrics",
        ]])?;
        let actions = self.list("TransactItems")?.iter().map(|entry| Fields::of(entry)?.transact_action());
        Ok(TransactWrite {
            actions: actions.collect::<Result<_, _>>()?,
            token: self.text("ClientRequestToken")?.filter(|token| !token.is_empty()),
            return_capacity: self.return_capacity()?,
        })
    }

    fn transact_action(self) -> Result<TransactAction, ApiError> {
        self.allow(&[&["Put", "Update", "Delete", "ConditionCheck"]])?;
        let mut members = self.object.iter().filter(|(_, value)| !value.is_null());
        let (Some((kind, action)), None) = (members.next(), members.next()) else {
            return Err(ApiError::validation("TransactItems can only contain one of Check, Put, Update or Delete"));
        };
        let action = Fields::of(action)?;
        Ok(match &**kind {
            "Put" => TransactAction::Put(action.put_item()?),
            "Update" => {
                action.required("UpdateExpression")?;
                TransactAction::Update(action.update_item()?)
            }
            "Delete" => TransactAction::Delete(action.delete_item()?),
            _ => TransactAction::Check(action.condition_check()?),
        })
    }
}
