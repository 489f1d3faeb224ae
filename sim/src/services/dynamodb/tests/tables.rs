use rehearsal_engine::{Json, json};

use super::{Lab, validation, wire_key};
use crate::services::dynamodb::{DataType, IndexSchema, KeySchema, StreamView, TableSchema};

fn shop() -> Lab {
    let by_owner = IndexSchema::global("ByOwner", KeySchema::new("owner", DataType::S));
    let mut orders = TableSchema::new("Orders", "id").range("line", DataType::N).index(by_owner);
    orders = orders.stream(StreamView::KeysOnly);
    orders.time_to_live = Some("expires".into());
    Lab::of(vec![orders, TableSchema::new("T", "p"), TableSchema::new("Archive", "p")])
}

#[test]
fn a_table_is_described_as_the_template_made_it() {
    let mut lab = shop();
    let item = json!({"id": {"S": "o"}, "line": {"N": "1"}});
    lab.call("PutItem", &json!({"TableName": "Orders", "Item": (item)})).expect("a put");
    let described = lab.call("DescribeTable", &json!({"TableName": "Orders"})).expect("a table");
    assert_eq!(
        described.get("Table").expect("a table"),
        &json!({
            "TableName": "Orders",
            "TableArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Orders",
            "TableStatus": "ACTIVE",
            "CreationDateTime": 1_767_225_600,
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"},
                {"AttributeName": "line", "AttributeType": "N"},
                {"AttributeName": "owner", "AttributeType": "S"}
            ],
            "KeySchema": [
                {"AttributeName": "id", "KeyType": "HASH"},
                {"AttributeName": "line", "KeyType": "RANGE"}
            ],
            "ItemCount": 1,
            "TableSizeBytes": 9,
            "GlobalSecondaryIndexes": [{
                "IndexName": "ByOwner",
                "IndexArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Orders/index/ByOwner",
                "KeySchema": [{"AttributeName": "owner", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
                "IndexStatus": "ACTIVE"
            }],
            "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "KEYS_ONLY"},
            "LatestStreamArn": "arn:aws:dynamodb:us-east-1:123456789012:table/Orders/stream/2026-01-01T00:00:00.000"
        })
    );
    let error = lab.call("DescribeTable", &json!({"TableName": "Nowhere"})).unwrap_err();
    assert_eq!(error.code, "ResourceNotFoundException");
}

#[test]
fn tables_are_listed_by_name_a_page_at_a_time() {
    let mut lab = shop();
    let mut list = |parameters: Json| lab.call("ListTables", &parameters);
    assert_eq!(list(json!({})).unwrap(), json!({"TableNames": ["Archive", "Orders", "T"]}));
    let first = json!({"TableNames": ["Archive", "Orders"], "LastEvaluatedTableName": "Orders"});
    assert_eq!(list(json!({"Limit": 2})).unwrap(), first);
    assert_eq!(list(json!({"Limit": 2, "ExclusiveStartTableName": "Orders"})).unwrap(), json!({"TableNames": ["T"]}));
    assert!(validation(list(json!({"Limit": 0}))).contains("greater than or equal to 1"));
}

#[test]
fn time_to_live_is_told_where_the_template_has_it() {
    let mut lab = shop();
    let mut told = |table: &str| lab.call("DescribeTimeToLive", &json!({"TableName": (table)})).unwrap();
    let enabled = json!({"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"});
    assert_eq!(told("Orders"), json!({"TimeToLiveDescription": (enabled)}));
    assert_eq!(told("T"), json!({"TimeToLiveDescription": {"TimeToLiveStatus": "DISABLED"}}));
}

#[test]
fn what_is_not_simulated_is_refused_with_what_to_do() {
    for (operation, told) in [
        ("ExecuteStatement", "runs PartiQL, which is not simulated: write the statement as one of GetItem"),
        ("CreateTable", "tables are those of the template"),
        ("ExportTableToPointInTime", "is no operation that is simulated"),
    ] {
        let error = shop().call(operation, &json!({})).unwrap_err();
        assert_eq!(error.code, "UnknownOperationException");
        assert!(error.message.contains(told), "{}", error.message);
    }
}

/// `ConsumedCapacity` of a request.
fn consumed(lab: &mut Lab, operation: &str, parameters: &Json) -> Json {
    let answer = lab.call(operation, parameters).expect("it succeeds");
    answer.get("ConsumedCapacity").cloned().unwrap_or_default()
}

#[test]
fn a_request_that_asks_is_told_what_it_cost() {
    let mut lab = Lab::new();
    let text = "x".repeat(4000);
    let put =
        json!({"TableName": "T", "Item": {"p": {"S": "a"}, "x": {"S": (text)}}, "ReturnConsumedCapacity": "TOTAL"});
    assert_eq!(consumed(&mut lab, "PutItem", &put), json!({"TableName": "T", "CapacityUnits": 4.0}));
    let get = |consistent: bool| json!({"TableName": "T", "Key": (wire_key("a")), "ConsistentRead": (consistent), "ReturnConsumedCapacity": "TOTAL"});
    assert_eq!(consumed(&mut lab, "GetItem", &get(false)).get("CapacityUnits"), Some(&json!(0.5)));
    assert_eq!(consumed(&mut lab, "GetItem", &get(true)).get("CapacityUnits"), Some(&json!(1.0)));
    let scan =
        json!({"TableName": "T", "FilterExpression": "attribute_not_exists(p)", "ReturnConsumedCapacity": "TOTAL"});
    // What was examined counts, not what passed.
    assert_eq!(consumed(&mut lab, "Scan", &scan).get("CapacityUnits"), Some(&json!(0.5)));
    let delete = json!({"Delete": {"TableName": "T", "Key": (wire_key("a"))}});
    let transaction = json!({"TransactItems": [(delete)], "ReturnConsumedCapacity": "TOTAL"});
    let told = json!([{"TableName": "T", "CapacityUnits": 8.0}]);
    assert_eq!(consumed(&mut lab, "TransactWriteItems", &transaction), told);
    let wrong = json!({"TableName": "T", "Key": (wire_key("a")), "ReturnConsumedCapacity": "ALL"});
    assert!(validation(lab.call("GetItem", &wrong)).contains("[INDEXES, TOTAL, NONE]"));
    let silent = json!({"TableName": "T", "Key": (wire_key("a")), "ReturnConsumedCapacity": "NONE"});
    assert_eq!(consumed(&mut lab, "GetItem", &silent), Json::Null);
}

#[test]
fn an_index_costs_where_an_item_moves_in_it() {
    let mut lab = shop();
    let put = |owner: &str| {
        let item = json!({"id": {"S": "o"}, "line": {"N": "1"}, "owner": {"S": (owner)}});
        json!({"TableName": "Orders", "Item": (item), "ReturnConsumedCapacity": "INDEXES"})
    };
    let told = |index: f64| {
        json!({"TableName": "Orders", "CapacityUnits": (1.0 + index), "Table": {"CapacityUnits": 1.0},
            "GlobalSecondaryIndexes": {"ByOwner": {"CapacityUnits": (index)}}})
    };
    assert_eq!(consumed(&mut lab, "PutItem", &put("ann")), told(1.0));
    assert_eq!(consumed(&mut lab, "PutItem", &put("bob")), told(2.0));
    let same = json!({"TableName": "Orders", "CapacityUnits": 1.0, "Table": {"CapacityUnits": 1.0}});
    assert_eq!(consumed(&mut lab, "PutItem", &put("bob")), same);
}

#[test]
fn a_transaction_of_more_than_four_megabytes_is_refused_whole() {
    let mut lab = Lab::new();
    let text = "x".repeat(400_000);
    let put = |at: usize| json!({"Put": {"TableName": "T", "Item": {"p": {"S": (at.to_string())}, "x": {"S": (text.as_str())}}}});
    let transaction = |count: usize| json!({"TransactItems": ((0..count).map(put).collect::<Vec<_>>())});
    assert_eq!(lab.call("TransactWriteItems", &transaction(10)), Ok(json!({})));
    let mut lab = Lab::new();
    let told = validation(lab.call("TransactWriteItems", &transaction(11)));
    assert_eq!(told, "Transaction request cannot be larger than 4 MB");
    assert_eq!(lab.item("0"), Json::Null);
}
