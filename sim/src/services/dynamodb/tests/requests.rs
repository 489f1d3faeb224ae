use rehearsal_engine::{Json, json};

use super::{Lab, validation};
use crate::services::dynamodb::{
    Attributes, GetItem, PutItem, Query, Request, ReturnValues, TransactWrite, UpdateItem,
};

#[test]
fn json_and_builders_make_the_same_requests() {
    let update = json!({
        "TableName": "Inventory", "Key": {"productId": {"S": "LAPTOP001"}},
        "UpdateExpression": "SET quantity = quantity - :n", "ConditionExpression": "quantity >= :n",
        "ExpressionAttributeValues": {":n": {"N": "2"}}, "ReturnValues": "ALL_NEW",
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    let built = UpdateItem::new("Inventory")
        .key("productId", "LAPTOP001")
        .update("SET quantity = quantity - :n")
        .condition("quantity >= :n")
        .value(":n", 2)
        .return_values(ReturnValues::AllNew)
        .return_item_on_failure();
    assert_eq!(Request::parse("UpdateItem", &update).unwrap(), built.into());
    let query = json!({
        "TableName": "T", "IndexName": "i", "KeyConditionExpression": "#p = :p", "Limit": 3, "ScanIndexForward": false,
        "ExpressionAttributeNames": {"#p": "p"}, "ExpressionAttributeValues": {":p": {"S": "a"}},
    });
    let built =
        Query::new("T").index("i").key_condition("#p = :p").name("#p", "p").value(":p", "a").limit(3).backward();
    assert_eq!(Request::parse("query", &query).unwrap(), built.into());
    let transaction = json!({
        "ClientRequestToken": "t", "TransactItems": [{"Put": {"TableName": "T", "Item": {"p": {"S": "a"}}}}],
    });
    let built = TransactWrite::new().put(PutItem::new("T", [("p", "a")])).token("t");
    assert_eq!(Request::parse("TransactWriteItems", &transaction).unwrap(), built.into());
    let by_arn = json!({"TableName": "arn:aws:dynamodb:us-east-1:123456789012:table/T", "Key": {"p": {"S": "a"}}});
    assert_eq!(Request::parse("GetItem", &by_arn).unwrap(), GetItem::new("T").key("p", "a").into());
}

#[test]
fn a_request_says_what_it_is_about() {
    let query: Request = Query::new("T").index("i").key_condition("p = :p").value(":p", "a").into();
    let resource = query.tables().next().unwrap();
    assert_eq!((resource.table, resource.index, query.operation(), query.is_write()), ("T", Some("i"), "Query", false));
    let lab = Lab::new();
    assert_eq!(lab.database.arn(resource).as_deref(), Some("arn:aws:dynamodb:us-east-1:123456789012:table/T/index/i"));
    let both: Request =
        TransactWrite::new().put(PutItem::new("T", Attributes::new())).update(UpdateItem::new("U")).into();
    assert_eq!(both.tables().map(|resource| resource.table).collect::<Vec<_>>(), ["T", "U"]);
    assert!(both.is_write() && both.key().is_none());
}

#[test]
fn malformed_requests_are_refused() {
    let key = json!({"p": {"S": "a"}});
    let cases = [
        (
            "GetItem",
            json!({"Key": (key)}),
            "1 validation error detected: Value null at 'tableName' failed to satisfy constraint: Member must not \
             be null",
        ),
        (
            "UpdateItem",
            json!({"TableName": "T", "Key": (key), "ReturnValues": "all_new"}),
            "1 validation error detected: Value 'all_new' at 'returnValues' failed to satisfy constraint: Member must \
             satisfy enum value set: [ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW]",
        ),
        (
            "PutItem",
            json!({"TableName": "T", "Item": (key), "ReturnValues": "ALL_NEW"}),
            "ReturnValues can only be ALL_OLD or NONE",
        ),
        (
            "GetItem",
            json!({"TableName": "T", "Key": (key), "Consistent": true}),
            "Unknown parameter in input: \"Consistent\", must be one of: TableName, Key, ConsistentRead, \
             ReturnConsumedCapacity, ProjectionExpression, ExpressionAttributeNames",
        ),
        (
            "PutItem",
            json!({"TableName": "T", "Item": (key), "Expected": {}}),
            "`Expected` belongs to the API before expressions, which is not simulated: use the expression parameters",
        ),
        (
            "UpdateItem",
            json!({"TableName": "T", "Key": (key), "ExpressionAttributeValues": {":a": {"S": "x"}}}),
            "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and \
             ConditionExpression are null",
        ),
        (
            "GetItem",
            json!({"TableName": "T", "Key": (key), "ExpressionAttributeNames": {"#a": "x"}}),
            "ExpressionAttributeNames can only be specified when using expressions",
        ),
        (
            "GetItem",
            json!({"TableName": "T", "Key": (key), "ProjectionExpression": "a", "ExpressionAttributeNames": {}}),
            "ExpressionAttributeNames must not be empty",
        ),
        (
            "GetItem",
            json!({
                "TableName": "T", "Key": (key), "ProjectionExpression": "a", "ExpressionAttributeNames": {"a": "x"},
            }),
            "ExpressionAttributeNames contains invalid key: Syntax error; key: \"a\"",
        ),
        (
            "DeleteItem",
            json!({
                "TableName": "T", "Key": (key), "ConditionExpression": "a = :a",
                "ExpressionAttributeValues": {":a": {"N": "x"}},
            }),
            "ExpressionAttributeValues contains invalid value: The parameter cannot be converted to a numeric \
             value: x for key :a",
        ),
        (
            "DeleteItem",
            json!({
                "TableName": "T", "Key": (key), "ConditionExpression": "a = :a",
                "ExpressionAttributeValues": {"a": {"N": "1"}},
            }),
            "ExpressionAttributeValues contains invalid key: Syntax error; key: \"a\"",
        ),
        (
            "TransactWriteItems",
            json!({"TransactItems": [{}]}),
            "TransactItems can only contain one of Check, Put, Update or Delete",
        ),
    ];
    for (operation, parameters, message) in cases {
        assert_eq!(validation(Request::parse(operation, &parameters)), message, "{operation} {parameters}");
    }
    let unknown = Request::parse("CreateTable", &Json::object()).unwrap_err();
    assert_eq!(unknown.code, "UnknownOperationException");
    for parameters in [json!([]), json!({"TableName": 1, "Key": {}}), json!({"TableName": "T", "Key": []})] {
        assert_eq!(Request::parse("GetItem", &parameters).unwrap_err().code, "SerializationException", "{parameters}");
    }
}
