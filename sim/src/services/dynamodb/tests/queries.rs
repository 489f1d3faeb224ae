use rehearsal_engine::json::Object;
use rehearsal_engine::{Json, json};

use super::{Lab, validation};
use crate::services::dynamodb::{
    Attributes, DataType, IndexProjection, IndexSchema, KeySchema, PutItem, Query, Scan, Select, TableSchema,
};

/// Partition `a` holds c = 1..=5, partition `b` c = 1; x is the same number as text, even c are `even`.
fn shelves() -> Lab {
    let global = IndexSchema::global("by-x", KeySchema::new("x", DataType::S).range("c", DataType::N))
        .projection(IndexProjection::Include(vec!["kept".into()]));
    let local = IndexSchema::local("by-kept", KeySchema::new("p", DataType::S).range("kept", DataType::S))
        .projection(IndexProjection::KeysOnly);
    let mut lab = Lab::of(vec![TableSchema::new("T", "p").range("c", DataType::N).index(global).index(local)]);
    for (p, c) in [("a", 3), ("a", 1), ("a", 5), ("b", 1), ("a", 2), ("a", 4)] {
        let mut item = Attributes::new().with("p", p).with("c", c).with("x", format!("x{}", c % 3)).with("extra", c);
        if c % 2 == 0 {
            item = item.with("kept", format!("k{}", 9 - c));
        }
        lab.run(PutItem::new("T", item)).unwrap();
    }
    lab
}

fn sort_keys(lab: &mut Lab, query: Query) -> Vec<i64> {
    let answer = lab.run(query).unwrap();
    answer.items().iter().map(|item| item.get("c").unwrap().as_i64().unwrap()).collect()
}

#[test]
fn key_conditions_pick_a_stretch_of_one_partition() {
    let mut lab = shelves();
    for (condition, wanted) in [
        ("p = :p", vec![1, 2, 3, 4, 5]),
        ("p = :p AND c = :v", vec![3]),
        ("p = :p AND c < :v", vec![1, 2]),
        ("p = :p AND c <= :v", vec![1, 2, 3]),
        ("p = :p AND c > :v", vec![4, 5]),
        ("c >= :v AND p = :p", vec![3, 4, 5]),
        (":v < c AND :p = p", vec![4, 5]),
        ("(p = :p) AND (c BETWEEN :v AND :v)", vec![3]),
    ] {
        let mut query = Query::new("T").key_condition(condition).value(":p", "a");
        if condition.contains(":v") {
            query = query.value(":v", 3);
        }
        let mut backward = wanted.clone();
        backward.reverse();
        assert_eq!(sort_keys(&mut lab, query.clone()), wanted, "{condition}");
        assert_eq!(sort_keys(&mut lab, query.backward()), backward, "{condition}");
    }
    let nobody = Query::new("T").key_condition("p = :p").value(":p", "zz");
    assert_eq!(lab.run(nobody).unwrap().to_json(), json!({"Items": [], "Count": 0, "ScannedCount": 0}));
}

#[test]
fn sort_keys_of_type_s_have_prefixes_and_byte_order() {
    let mut lab = Lab::ranged(DataType::S);
    for c in ["b", "a2", "a10", "ab", "é", "z"] {
        lab.run(PutItem::new("T", [("p", "x"), ("c", c)])).unwrap();
    }
    let mut sorted = |condition: &'static str, prefix: Option<&str>| {
        let mut query = Query::new("T").key_condition(condition).value(":p", "x");
        if let Some(prefix) = prefix {
            query = query.value(":v", prefix);
        }
        let answer = lab.run(query).unwrap();
        answer.items().iter().map(|item| item.get("c").unwrap().as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(sorted("p = :p", None), ["a10", "a2", "ab", "b", "z", "é"]);
    assert_eq!(sorted("p = :p AND begins_with(c, :v)", Some("a")), ["a10", "a2", "ab"]);
}

#[test]
fn key_conditions_are_refused_in_the_words_of_aws() {
    let mut lab = shelves();
    for (condition, message) in [
        ("c = :v", "Query condition missed key schema element: p"),
        ("p = :p AND extra = :v", "Query condition missed key schema element: c"),
        ("p > :p", "Query key condition not supported"),
        ("p = :p OR c = :v", "Invalid operator used in KeyConditionExpression: OR"),
        ("NOT p = :p", "Invalid operator used in KeyConditionExpression: NOT"),
        ("p IN (:p)", "Invalid operator used in KeyConditionExpression: IN"),
        ("p = :p AND c <> :v", "Invalid operator used in KeyConditionExpression: <>"),
        ("p = :p AND attribute_exists(c)", "Invalid operator used in KeyConditionExpression: attribute_exists"),
        ("p = :p AND p = :p", "KeyConditionExpressions must only contain one condition per key"),
        ("p = :p AND c >= :v AND c <= :v", "KeyConditionExpressions must only contain one condition per key"),
        ("p = c", "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"),
        ("p.x = :p", "KeyConditionExpressions cannot have conditions on nested attributes"),
        ("p = :v", "One or more parameter values were invalid: Condition parameter type does not match schema type"),
        ("", "Invalid KeyConditionExpression: The expression can not be empty;"),
        ("p = ", "Invalid KeyConditionExpression: Syntax error; token: \"<EOF>\", near: \"= \""),
    ] {
        let mut query = Query::new("T").key_condition(condition);
        if condition.contains(":p") {
            query = query.value(":p", "a");
        }
        if condition.contains(":v") {
            query = query.value(":v", 3);
        }
        assert_eq!(validation(lab.run(query)), message, "{condition}");
    }
    let prefix_of_number =
        Query::new("T").key_condition("p = :p AND begins_with(c, :v)").value(":p", "a").value(":v", "1");
    assert!(validation(lab.run(prefix_of_number)).contains("Condition parameter type"));
    assert!(validation(lab.run(Query::new("T"))).contains("KeyConditionExpression parameter must be specified"));
}

#[test]
fn a_limit_counts_what_is_examined() {
    let mut lab = shelves();
    let query = Query::new("T")
        .key_condition("p = :p")
        .filter("attribute_exists(kept)")
        .value(":p", "a")
        .projection("c, extra");
    let page = |lab: &mut Lab, query: Query| lab.run(query).unwrap().to_json();
    let first = page(&mut lab, query.clone().limit(1));
    assert_eq!(
        first,
        json!({"Items": [], "Count": 0, "ScannedCount": 1, "LastEvaluatedKey": {"p": {"S": "a"}, "c": {"N": "1"}}})
    );
    let start = Attributes::from_wire(first.get("LastEvaluatedKey").unwrap()).unwrap();
    let second = page(&mut lab, query.clone().limit(4).start(start));
    assert_eq!(
        second.get("Items").unwrap().to_string(),
        r#"[{"c":{"N":"2"},"extra":{"N":"2"}},{"c":{"N":"4"},"extra":{"N":"4"}}]"#
    );
    // The limit was reached exactly at the end, and there is a last key all the same.
    let start = Attributes::from_wire(second.get("LastEvaluatedKey").unwrap()).unwrap();
    assert_eq!(start.to_plain(), json!({"p": "a", "c": 5}));
    assert_eq!(page(&mut lab, query.start(start)), json!({"Items": [], "Count": 0, "ScannedCount": 0}));
}

#[test]
fn backward_pages_go_on_backward() {
    let mut lab = shelves();
    let query = Query::new("T").key_condition("p = :p").value(":p", "a").backward().limit(2);
    let mut seen = Vec::new();
    let mut start: Option<Attributes> = None;
    loop {
        let request = start.take().map_or(query.clone(), |start| query.clone().start(start));
        let answer = lab.run(request).unwrap();
        seen.extend(answer.items().iter().map(|item| item.get("c").unwrap().as_i64().unwrap()));
        match answer.page().unwrap().last_evaluated_key.clone() {
            Some(key) => start = Some(key),
            None => break,
        }
    }
    assert_eq!(seen, [5, 4, 3, 2, 1]);
}

#[test]
fn a_page_ends_after_a_megabyte() {
    let mut lab = Lab::ranged(DataType::N);
    for c in 0..5 {
        let item = Attributes::new().with("p", "a").with("c", c).with("x", "y".repeat(300 * 1024));
        lab.run(PutItem::new("T", item)).unwrap();
    }
    let answer = lab.run(Query::new("T").key_condition("p = :p").value(":p", "a")).unwrap();
    assert_eq!(answer.items().len(), 4);
    assert_eq!(answer.page().unwrap().last_evaluated_key.as_ref().unwrap().to_plain(), json!({"p": "a", "c": 3}));
}

#[test]
fn a_filter_may_not_test_the_key() {
    let mut lab = shelves();
    let query = Query::new("T").key_condition("p = :p").filter("c > :v").value(":p", "a").value(":v", 1);
    assert_eq!(
        validation(lab.run(query)),
        "Filter Expression can only contain non-primary key attributes: Primary key attribute: c"
    );
    assert_eq!(lab.run(Scan::new("T").filter("c > :v").value(":v", 4)).unwrap().items().len(), 1);
}

#[test]
fn scans_read_everything_in_segments_or_whole() {
    let mut lab = Lab::new();
    for number in 0..100 {
        lab.run(PutItem::new("T", [("p", format!("item {number}"))])).unwrap();
    }
    let names = |answer: &crate::services::dynamodb::Response| {
        answer.items().iter().map(|item| item.get("p").unwrap().to_string()).collect::<Vec<_>>()
    };
    let whole = names(&lab.run(Scan::new("T")).unwrap());
    assert_eq!(whole.len(), 100);
    let mut sorted = whole.clone();
    sorted.sort();
    assert_ne!(whole, sorted, "a scan is not in the order of the keys");
    let segments: Vec<String> =
        (0..4).flat_map(|segment| names(&lab.run(Scan::new("T").segment(segment, 4)).unwrap())).collect();
    assert_eq!(segments, whole);
    assert!(names(&lab.run(Scan::new("T").segment(0, 4)).unwrap()).len() > 10);
    let counted = lab.run(Scan::new("T").select(Select::Count)).unwrap().to_json();
    assert_eq!(counted, json!({"Count": 100, "ScannedCount": 100}));
    let mut paged = Vec::new();
    let mut scan = Scan::new("T").limit(7);
    loop {
        let answer = lab.run(scan.clone()).unwrap();
        paged.extend(names(&answer));
        let Some(start) = answer.page().unwrap().last_evaluated_key.clone() else { break };
        scan.start = Some(start);
    }
    assert_eq!(paged, whole);
}

#[test]
fn indexes_hold_what_has_their_key() {
    let mut lab = shelves();
    let by_x = Query::new("T").index("by-x").key_condition("x = :x").value(":x", "x2");
    let found = lab.run(by_x).unwrap();
    let found: Vec<Json> = found.items().iter().map(|item| item.to_plain()).collect();
    // The index carries `kept`, but not `extra`.
    assert_eq!(found, [json!({"p": "a", "c": 2, "x": "x2", "kept": "k7"}), json!({"p": "a", "c": 5, "x": "x2"})]);
    let by_kept = Query::new("T").index("by-kept").key_condition("p = :p").value(":p", "a");
    let found = lab.run(by_kept.clone()).unwrap();
    assert_eq!(found.items()[0].to_plain(), json!({"p": "a", "c": 4, "kept": "k5"}));
    assert_eq!(found.items().len(), 2);
    // A local index fetches the rest from its table, a global one does not.
    let fetched = lab.run(by_kept.select(Select::AllAttributes)).unwrap();
    assert_eq!(fetched.items()[0].get("extra").unwrap().as_i64(), Some(4));
    let refused = Scan::new("T").index("by-x").select(Select::AllAttributes);
    assert!(validation(lab.run(refused)).contains("not supported for global secondary index by-x"));
    assert_eq!(lab.run(Scan::new("T").index("by-kept")).unwrap().items().len(), 2);
}

#[test]
fn index_pages_go_on_by_both_keys() {
    let mut lab = shelves();
    let query = Query::new("T").index("by-x").key_condition("x = :x").value(":x", "x1").limit(1);
    let mut start: Option<Attributes> = None;
    let mut seen = Vec::new();
    loop {
        let request = start.take().map_or(query.clone(), |start| query.clone().start(start));
        let answer = lab.run(request).unwrap();
        seen.extend(answer.items().iter().map(|item| item.to_plain()));
        match answer.page().unwrap().last_evaluated_key.clone() {
            Some(key) => {
                assert_eq!(key.len(), 3);
                start = Some(key);
            }
            None => break,
        }
    }
    // Two items with the same index key: neither is lost, neither comes twice.
    let keys: Vec<_> =
        seen.iter().map(|item| (item.get("p").unwrap().to_string(), item.get("c").unwrap().as_i64())).collect();
    assert_eq!(seen.len(), 3);
    assert_eq!(keys.iter().collect::<std::collections::BTreeSet<_>>().len(), 3);
}

#[test]
fn updates_move_items_in_their_indexes_and_reset_moves_them_back() {
    let mut lab = shelves();
    let seed = Attributes::new().with("p", "s").with("c", 1).with("x", "seed");
    lab.database.seed("T", [&seed]).unwrap();
    let count = |lab: &mut Lab, x: &str| {
        let query = Query::new("T").index("by-x").key_condition("x = :x").value(":x", x);
        lab.run(query).unwrap().items().len()
    };
    let moved = json!({
        "TableName": "T", "Key": {"p": {"S": "s"}, "c": {"N": "1"}}, "UpdateExpression": "SET x = :x",
        "ExpressionAttributeValues": {":x": {"S": "moved"}},
    });
    lab.call("UpdateItem", &moved).unwrap();
    assert_eq!((count(&mut lab, "seed"), count(&mut lab, "moved"), count(&mut lab, "x2")), (0, 1, 2));
    lab.database.reset();
    assert_eq!((count(&mut lab, "seed"), count(&mut lab, "moved"), count(&mut lab, "x2")), (1, 0, 0));
}

#[test]
fn malformed_pages_are_refused() {
    let mut lab = shelves();
    let query = |more: Json| {
        let mut parameters: Object = json!({
            "TableName": "T", "KeyConditionExpression": "p = :p", "ExpressionAttributeValues": {":p": {"S": "a"}},
        })
        .as_object()
        .unwrap()
        .clone();
        for (name, value) in more.as_object().unwrap().iter() {
            parameters.insert(name.clone(), value.clone());
        }
        Json::from(parameters)
    };
    for (more, message) in [
        (
            json!({"Limit": 0}),
            "1 validation error detected: Value '0' at 'limit' failed to satisfy constraint: Member must have value \
             greater than or equal to 1",
        ),
        (json!({"IndexName": "nope"}), "The table does not have the specified index: nope"),
        (json!({"ExclusiveStartKey": {"p": {"S": "a"}}}), "The provided starting key is invalid"),
        (
            json!({"ExclusiveStartKey": {"p": {"S": "b"}, "c": {"N": "1"}}}),
            "The provided starting key is outside query boundaries based on provided conditions",
        ),
        (
            json!({"Select": "SPECIFIC_ATTRIBUTES"}),
            "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
        ),
        (
            json!({"Select": "COUNT", "ProjectionExpression": "x"}),
            "Cannot specify the ProjectionExpression when choosing to get only the Count",
        ),
        (
            json!({"Select": "ALL_PROJECTED_ATTRIBUTES"}),
            "ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName",
        ),
        (
            json!({"ProjectionExpression": "x, x.y"}),
            "Invalid ProjectionExpression: Two document paths overlap with each other; must remove or rewrite one \
             of these paths; path one: [x], path two: [x, y]",
        ),
    ] {
        assert_eq!(validation(lab.call("Query", &query(more))), message);
    }
    let segment = json!({"TableName": "T", "Segment": 4, "TotalSegments": 4});
    assert_eq!(
        validation(lab.call("Scan", &segment)),
        "The Segment parameter is zero-based and must be less than parameter TotalSegments: Segment: 4 is not less \
         than TotalSegments: 4"
    );
    let consistent = Query::new("T").index("by-x").key_condition("x = :x").value(":x", "x1").consistent();
    assert_eq!(validation(lab.run(consistent)), "Consistent reads are not supported on global secondary indexes");
}

#[test]
fn projections_keep_the_shape_of_what_they_keep() {
    let mut lab = Lab::new().with(&json!({"p": "a", "m": {"x": {"y": 1, "z": 2}, "w": 3}, "l": [0, [1, 2], {"k": 4}]}));
    for (projection, wanted) in [
        ("m.x.y", json!({"m": {"x": {"y": 1}}})),
        ("m.x.y, m.w", json!({"m": {"x": {"y": 1}, "w": 3}})),
        ("l[2].k, l[1][0]", json!({"l": [[1], {"k": 4}]})),
        ("l[2], l[0], p", json!({"l": [0, {"k": 4}], "p": "a"})),
        ("nothing, m.nothing, l[9]", json!({})),
    ] {
        let parameters = json!({"TableName": "T", "Key": {"p": {"S": "a"}}, "ProjectionExpression": projection});
        let answer = lab.call("GetItem", &parameters).unwrap();
        let item = Attributes::from_wire(answer.get("Item").unwrap()).unwrap();
        assert_eq!(item.to_plain(), wanted, "{projection}");
    }
}
