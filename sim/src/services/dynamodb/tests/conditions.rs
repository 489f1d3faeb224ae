use rehearsal_engine::json::Object;
use rehearsal_engine::{Json, json};

use super::{Lab, wire_key};

/// What the condition says of the item `a` in `lab`: held, failed, or the message of its `ValidationException`.
fn ask(lab: &mut Lab, condition: &str, names: &Json, values: &Json) -> Result<bool, String> {
    let mut parameters = Object::default();
    parameters.insert("TableName".into(), "T".into());
    parameters.insert("Key".into(), wire_key("a"));
    parameters.insert("ConditionExpression".into(), condition.into());
    for (parameter, map) in [("ExpressionAttributeNames", names), ("ExpressionAttributeValues", values)] {
        if !map.is_null() {
            parameters.insert(parameter.into(), map.clone());
        }
    }
    // Deleting would change the item, an update without an expression does not.
    match lab.call("UpdateItem", &parameters.into()) {
        Ok(_) => Ok(true),
        Err(error) if error.code == "ConditionalCheckFailedException" => Ok(false),
        Err(error) => {
            assert_eq!(error.code, "ValidationException", "{}", error.message);
            Err(error.message)
        }
    }
}

/// An item with an attribute of every type.
fn everything() -> Lab {
    let mut lab = Lab::new();
    let item = json!({
        "p": {"S": "a"}, "s": {"S": "dog"}, "n": {"N": "5"}, "b": {"B": "AQID"}, "t": {"BOOL": true},
        "u": {"NULL": true}, "ss": {"SS": ["cat", "dog"]}, "ns": {"NS": ["1", "2"]}, "bs": {"BS": ["AQ=="]},
        "l": {"L": [{"N": "1"}, {"S": "x"}, {"L": [{"N": "2"}]}]}, "m": {"M": {"x": {"M": {"y": {"N": "7"}}}}},
        "v": {"N": "5.0"}, "a.b": {"S": "dotted"},
    });
    lab.call("PutItem", &json!({"TableName": "T", "Item": (item)})).unwrap();
    lab
}

fn holds(condition: &str, values: &Json) -> bool {
    ask(&mut everything(), condition, &Json::Null, values).unwrap_or_else(|message| panic!("{condition}: {message}"))
}

fn refusal(condition: &str, values: &Json) -> String {
    let answer = ask(&mut everything(), condition, &Json::Null, values);
    answer.expect_err(&format!("{condition} is refused"))
}

#[test]
fn comparisons_follow_type_and_order() {
    let cases = [
        ("s = :v", json!({"S": "dog"}), true),
        ("s = :v", json!({"N": "5"}), false),
        ("s <> :v", json!({"N": "5"}), true),
        ("n = :v", json!({"N": "5.00"}), true),
        (":v < n", json!({"N": "4"}), true),
        ("n < :v", json!({"N": "10"}), true),
        ("n < :v", json!({"S": "10"}), false),
        ("s < :v", json!({"S": "dof"}), false),
        ("s >= :v", json!({"S": "dog"}), true),
        ("b > :v", json!({"B": "AQI="}), true),
        ("ss = :v", json!({"SS": ["dog", "cat"]}), true),
        ("l = :v", json!({"L": [{"N": "1"}, {"S": "x"}, {"L": [{"N": "2.0"}]}]}), true),
        ("m.x = :v", json!({"M": {"y": {"N": "7"}}}), true),
        ("m.x.y > :v", json!({"N": "6"}), true),
        ("l[2][0] = :v", json!({"N": "2"}), true),
        ("l[7] = :v", json!({"N": "2"}), false),
        ("t = :v", json!({"BOOL": true}), true),
        // An attribute without an order is no error, only false.
        ("m < :v", json!({"N": "1"}), false),
        ("t >= :v", json!({"N": "1"}), false),
        ("n BETWEEN :v AND v", json!({"N": "1"}), true),
        ("n between :v and v", json!({"N": "6"}), false),
        ("s BETWEEN :v AND n", json!({"S": "a"}), false),
        ("n IN (s, v, :v)", json!({"N": "0"}), true),
        ("s IN (:v)", json!({"N": "0"}), false),
    ];
    for (condition, value, wanted) in cases {
        assert_eq!(holds(condition, &json!({":v": (value)})), wanted, "{condition} {value}");
    }
}

#[test]
fn missing_attributes_make_all_comparisons_false_but_unequal() {
    for (condition, wanted) in [
        ("zz = :v", false),
        ("zz <> :v", true),
        ("zz < :v", false),
        ("zz <= :v", false),
        ("zz > :v", false),
        ("zz >= :v", false),
        ("zz BETWEEN :v AND :v", false),
        ("zz IN (:v)", false),
        ("NOT zz = :v", true),
        ("NOT (zz > :v)", true),
        ("s.deeper = :v", false),
        ("contains(zz, :v)", false),
        ("size(zz) < :v", false),
        ("zz = yy OR n = :v", true),
        ("zz <> yy AND n = :v", true),
    ] {
        assert_eq!(holds(condition, &json!({":v": {"N": "5"}})), wanted, "{condition}");
    }
}

#[test]
fn every_path_of_a_missing_item_is_missing() {
    for (condition, wanted) in [("attribute_exists(p)", false), ("p <> q", true), ("attribute_not_exists(p)", true)] {
        let mut lab = Lab::new();
        assert_eq!(ask(&mut lab, condition, &Json::Null, &Json::Null), Ok(wanted), "{condition}");
        // Where it held, the update made an item of its key.
        assert_eq!(lab.item("a").is_null(), !wanted);
    }
}

#[test]
fn functions_test_what_they_say() {
    let cases = [
        ("attribute_exists(u)", json!(null), true),
        ("attribute_exists(m.x.y)", json!(null), true),
        ("attribute_exists(m.x.z)", json!(null), false),
        ("attribute_not_exists(l[3])", json!(null), true),
        ("attribute_type(ns, :v)", json!({"S": "NS"}), true),
        ("attribute_type(u, :v)", json!({"S": "NULL"}), true),
        ("attribute_type(:v, :v)", json!({"S": "S"}), true),
        ("attribute_type(zz, :v)", json!({"S": "S"}), false),
        ("begins_with(s, :v)", json!({"S": "do"}), true),
        ("begins_with(s, :v)", json!({"S": "dogs"}), false),
        ("begins_with(b, :v)", json!({"B": "AQI="}), true),
        ("begins_with(n, :v)", json!({"S": "5"}), false),
        ("begins_with(:v, s)", json!({"S": "dogma"}), true),
        ("contains(s, :v)", json!({"S": "og"}), true),
        ("contains(s, :v)", json!({"S": ""}), true),
        ("contains(b, :v)", json!({"B": "AgM="}), true),
        ("contains(b, :v)", json!({"B": ""}), true),
        ("contains(ss, :v)", json!({"S": "cat"}), true),
        ("contains(ss, :v)", json!({"S": "ca"}), false),
        ("contains(ns, :v)", json!({"N": "2.0"}), true),
        ("contains(bs, :v)", json!({"B": "AQ=="}), true),
        ("contains(l, :v)", json!({"L": [{"N": "2"}]}), true),
        ("contains(n, :v)", json!({"N": "5"}), false),
        ("size(s) = :v", json!({"N": "3"}), true),
        ("size(b) = :v", json!({"N": "3"}), true),
        ("size(m) < :v", json!({"N": "2"}), true),
        ("size(l) IN (:v)", json!({"N": "3"}), true),
        ("size(ss) BETWEEN :v AND size(l)", json!({"N": "1"}), true),
        ("size(n) < :v", json!({"N": "100"}), false),
        ("size(t) <> :v", json!({"N": "100"}), true),
    ];
    for (condition, value, wanted) in cases {
        let values = if value.is_null() { Json::Null } else { json!({":v": (value)}) };
        assert_eq!(holds(condition, &values), wanted, "{condition} {value}");
    }
}

#[test]
fn not_binds_tighter_than_and_and_and_tighter_than_or() {
    let (yes, no) = ("attribute_exists(s)", "attribute_exists(zz)");
    for (condition, wanted) in [
        (format!("{yes} OR {no} AND {no}"), true),
        (format!("({yes} OR {no}) AND {no}"), false),
        (format!("NOT {yes} OR {yes}"), true),
        (format!("NOT ({yes} OR {yes})"), false),
        (format!("not {no} and {yes}"), true),
        (format!("NOT NOT {yes}"), true),
        (format!("({yes}) AND ({yes})"), true),
    ] {
        assert_eq!(holds(&condition, &Json::Null), wanted, "{condition}");
    }
    assert!(holds("(n) = (:v)", &json!({":v": {"N": "5"}})));
}

#[test]
fn names_stand_for_whole_attributes() {
    let mut lab = everything();
    let mut asked = |condition: &str, names: Json| ask(&mut lab, condition, &names, &json!({":v": {"S": "dotted"}}));
    assert_eq!(asked("#d = :v", json!({"#d": "a.b"})), Ok(true));
    assert_eq!(asked("a.b = :v", Json::Null), Ok(false));
    assert_eq!(asked("#0_x = :v", json!({"#0_x": "a.b"})), Ok(true));
    assert_eq!(
        asked("#d = :v", json!({"#e": "x"})),
        Err("Invalid ConditionExpression: An expression attribute name used in the document path is not defined; \
             attribute name: #d"
            .to_owned())
    );
}

#[test]
fn syntax_errors_show_the_token_and_its_neighbours() {
    let v = json!({":v": {"N": "1"}});
    for (condition, token, near) in [
        ("a = = :v", "=", "= = :v"),
        ("_a = :v", "_", "_a"),
        ("a", "<EOF>", "a"),
        (":v", "<EOF>", ":v"),
        ("a = :v AND", "<EOF>", "AND"),
        ("a IN ()", ")", "()"),
        ("a = :v b", "b", ":v b"),
        ("a[x] = :v", "x", "[x]"),
        ("a[1 = :v", "=", "1 = :v"),
        ("a. = :v", "=", ". = :v"),
        ("a = 5", "5", "= 5"),
        ("(a = :v", "<EOF>", ":v"),
        ("a BETWEEN :v :v", ":v", ":v :v"),
        ("hits : incr", ":", "hits : incr"),
        ("é = :v", "é", "é ="),
    ] {
        let wanted = format!("Invalid ConditionExpression: Syntax error; token: \"{token}\", near: \"{near}\"");
        assert_eq!(refusal(condition, &v), wanted, "{condition}");
    }
}

#[test]
fn expressions_are_refused_before_any_item_is_read() {
    let number = json!({":v": {"N": "1"}});
    let two = |low: Json, high: Json| json!({":a": (low), ":b": (high)});
    let cases = [
        ("", Json::Null, "The expression can not be empty;"),
        ("status = :v", number.clone(), "Attribute name is a reserved keyword; reserved keyword: status"),
        ("m.Name = :v", number.clone(), "Attribute name is a reserved keyword; reserved keyword: Name"),
        ("a = :w", Json::Null, "An expression attribute value used in expression is not defined; attribute value: :w"),
        ("Size(a) = :v", number.clone(), "Invalid function name; function: Size"),
        (
            "begins_with(a)",
            Json::Null,
            "Incorrect number of operands for operator or function; operator or function: \
          begins_with, number of operands: 1",
        ),
        (
            "attribute_exists(:v)",
            number.clone(),
            "Operator or function requires a document path; operator or function: \
          attribute_exists",
        ),
        (
            "begins_with(a, :v)",
            number.clone(),
            "Incorrect operand type for operator or function; operator or function: \
          begins_with, operand type: N",
        ),
        (
            "a < :v",
            json!({":v": {"M": {}}}),
            "Incorrect operand type for operator or function; operator or function: <, \
          operand type: M",
        ),
        (
            "a BETWEEN :a AND :b",
            two(json!({"BOOL": true}), json!({"N": "1"})),
            "Incorrect operand type for operator or \
          function; operator or function: BETWEEN, operand type: BOOL",
        ),
        (
            "a BETWEEN :a AND :b",
            two(json!({"S": "b"}), json!({"N": "1"})),
            "The BETWEEN operator requires same data type \
          for lower and upper bounds; lower bound operand: AttributeValue: {S:b}, upper bound operand: AttributeValue: \
          {N:1}",
        ),
        (
            "a BETWEEN :a AND :b",
            two(json!({"N": "2"}), json!({"N": "1"})),
            "The BETWEEN operator requires upper bound to \
          be greater than or equal to lower bound; lower bound operand: AttributeValue: {N:2}, upper bound operand: \
          AttributeValue: {N:1}",
        ),
        (
            "attribute_type(a, :v)",
            json!({":v": {"S": "X"}}),
            "Invalid attribute type name found; type: X, valid types: \
          {B,NULL,SS,BOOL,L,BS,N,NS,S,M}",
        ),
        (
            "attribute_type(a, :v)",
            number.clone(),
            "Incorrect operand type for operator or function; operator or function: \
          attribute_type, operand type: N",
        ),
        (
            "contains(a, a)",
            Json::Null,
            "The first operand must be distinct from the remaining operands for this operator \
          or function; operator: contains, first operand: [a]",
        ),
        (
            "size(:v) = :v",
            number.clone(),
            "Incorrect operand type for operator or function; operator or function: size, \
          operand type: N",
        ),
        (
            "a = contains(b, :v)",
            number.clone(),
            "The function is not allowed to be used this way in an expression; \
          function: contains",
        ),
        (
            "if_not_exists(a, :v) = :v",
            number.clone(),
            "The function is not allowed to be used this way in an expression; \
          function: if_not_exists",
        ),
        ("a[99999999999] = :v", number.clone(), "List index is not within the allowable range; index: [99999999999]"),
        ("((a = :v))", number.clone(), "The expression has redundant parentheses;"),
    ];
    for (condition, values, message) in cases {
        let refused = refusal(condition, &values);
        assert_eq!(refused, format!("Invalid ConditionExpression: {message}"), "{condition}");
    }
}

#[test]
fn whatever_is_defined_must_be_used() {
    let mut lab = everything();
    let values = json!({":v": {"N": "1"}, ":w": {"N": "1"}, ":x": {"N": "1"}});
    assert_eq!(
        ask(&mut lab, "n = :v", &Json::Null, &values),
        Err("Value provided in ExpressionAttributeValues unused in expressions: keys: {:w, :x}".to_owned())
    );
    assert_eq!(
        ask(&mut lab, "attribute_exists(n)", &json!({"#x": "y"}), &Json::Null),
        Err("Value provided in ExpressionAttributeNames unused in expressions: keys: {#x}".to_owned())
    );
    // What evaluation would skip counts as used.
    assert_eq!(ask(&mut lab, "attribute_exists(n) OR n = :v", &Json::Null, &json!({":v": {"N": "1"}})), Ok(true));
}

#[test]
fn in_takes_ninety_nine_candidates() {
    let list = |count: usize| format!("n IN ({})", vec![":v"; count].join(", "));
    assert!(holds(&list(99), &json!({":v": {"N": "5"}})));
    assert!(refusal(&list(100), &json!({":v": {"N": "5"}})).ends_with("number of operands: 101"));
}

#[test]
fn expressions_have_limits() {
    let long = format!("attribute_exists({})", "a".repeat(4096));
    assert_eq!(
        refusal(&long, &Json::Null),
        "Invalid ConditionExpression: Expression size has exceeded the maximum allowed size; expression size: 4114"
    );
    let chain = vec!["s<>n"; 160].join(" OR ");
    assert!(refusal(&chain, &Json::Null).contains("more operators and functions"));
    let deep = format!("{}attribute_exists(s)", "NOT ".repeat(200));
    assert!(refusal(&deep, &Json::Null).contains("nested deeper"));
}

#[test]
fn a_text_seen_before_is_compiled_anew_for_other_names_and_types() {
    let mut lab = everything();
    let mut asked =
        |name: &str, value: Json| ask(&mut lab, "#x < :v AND s BETWEEN :a AND :b", &json!({"#x": name}), &value);
    let values = |value: Json, low: &str, high: &str| json!({":v": (value), ":a": {"S": low}, ":b": {"S": high}});
    assert_eq!(asked("n", values(json!({"N": "6"}), "a", "z")), Ok(true));
    assert_eq!(asked("n", values(json!({"N": "5"}), "a", "z")), Ok(false));
    assert_eq!(asked("zz", values(json!({"N": "6"}), "a", "z")), Ok(false));
    assert!(asked("n", values(json!({"BOOL": true}), "a", "z")).unwrap_err().contains("operand type: BOOL"));
    assert!(asked("n", values(json!({"N": "6"}), "z", "a")).unwrap_err().contains("greater than or equal"));
    assert_eq!(asked("n", values(json!({"N": "6"}), "dog", "dog")), Ok(true));
}
