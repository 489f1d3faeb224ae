use rehearsal_engine::json::Object;
use rehearsal_engine::{Json, json};

use super::{Lab, wire_key};

/// The item `a` after the update, in plain form, or the message of the `ValidationException`. `before` is the item
/// before it in plain form, `null` for none; the values are plain as well, an object `{"SS": [..]}` is wire form.
fn update(before: &Json, expression: &str, values: &Json) -> Result<Json, String> {
    let mut lab = Lab::new();
    if !before.is_null() {
        lab = lab.with(before);
    }
    let mut parameters = Object::default();
    parameters.insert("TableName".into(), "T".into());
    parameters.insert("Key".into(), wire_key("a"));
    parameters.insert("UpdateExpression".into(), expression.into());
    if let Some(values) = values.as_object() {
        let wire = values.iter().map(|(name, value)| {
            let is_set = ["SS", "NS", "BS"].iter().any(|set| value.get(set).is_some());
            (name.clone(), if is_set { value.clone() } else { super::plain(value).to_wire() })
        });
        parameters.insert("ExpressionAttributeValues".into(), wire.collect::<Object>().into());
    }
    match lab.call("UpdateItem", &parameters.into()) {
        Ok(_) => Ok(lab.item("a")),
        Err(error) => {
            assert_eq!(error.code, "ValidationException", "{}", error.message);
            assert!(lab.database.changes().is_empty());
            Err(error.message)
        }
    }
}

#[test]
fn clauses_change_what_they_name() {
    let cases = [
        // SET
        (json!({"p": "a"}), "SET x = :v", json!({":v": 1}), json!({"p": "a", "x": 1})),
        (json!({"p": "a", "x": 1}), "set x = x + :v, y = x", json!({":v": 2}), json!({"p": "a", "x": 3, "y": 1})),
        (json!({"p": "a", "x": 1}), "SET x = :v - x", json!({":v": 2}), json!({"p": "a", "x": 1})),
        (json!({"p": "a", "x": 1}), "SET x = (x + :v)", json!({":v": 2}), json!({"p": "a", "x": 3})),
        (json!({"p": "a", "x": 0.1}), "SET x = x + :v", json!({":v": 0.2}), json!({"p": "a", "x": 0.3})),
        (json!({"p": "a"}), "SET x = if_not_exists(x, :z) + :v", json!({":z": 0, ":v": 2}), json!({"p": "a", "x": 2})),
        (json!({"p": "a", "x": 5}), "SET x = if_not_exists(x, :z)", json!({":z": 0}), json!({"p": "a", "x": 5})),
        (
            json!({"p": "a"}),
            "SET l = list_append(if_not_exists(l, :e), :v)",
            json!({":e": [], ":v": [1]}),
            json!({"p": "a", "l": [1]}),
        ),
        (
            json!({"p": "a", "l": [1, 2]}),
            "SET l = list_append(:v, l)",
            json!({":v": [0]}),
            json!({"p": "a", "l": [0, 1, 2]}),
        ),
        (
            json!({"p": "a", "m": {"x": {"y": 1}}}),
            "SET m.x.z = :v, m.w = m.x.y",
            json!({":v": 2}),
            json!({"p": "a", "m": {"x": {"y": 1, "z": 2}, "w": 1}}),
        ),
        (
            json!({"p": "a", "l": [0, 1, 2]}),
            "SET l[9] = :b, l[5] = :v, l[1] = :v",
            json!({":v": "five", ":b": "nine"}),
            json!({"p": "a", "l": [0, "five", 2, "five", "nine"]}),
        ),
        // REMOVE
        (json!({"p": "a", "x": 1, "y": 2}), "REMOVE x, z", json!(null), json!({"p": "a", "y": 2})),
        (json!({"p": "a", "l": [0, 1, 2, 3]}), "REMOVE l[0], l[2], l[7]", json!(null), json!({"p": "a", "l": [1, 3]})),
        (
            json!({"p": "a", "m": {"x": 1}, "l": [{"x": 1}]}),
            "REMOVE m.x, m.y, l[0].x",
            json!(null),
            json!({"p": "a", "m": {}, "l": [{}]}),
        ),
        // Right-hand sides and positions are those before the update.
        (json!({"p": "a", "x": 1}), "REMOVE x SET y = x", json!(null), json!({"p": "a", "y": 1})),
        (json!({"p": "a", "x": 1, "y": 2}), "SET x = y, y = x", json!(null), json!({"p": "a", "x": 2, "y": 1})),
        (
            json!({"p": "a", "l": [0, 1, 2]}),
            "REMOVE l[1] SET l[3] = :v",
            json!({":v": "new"}),
            json!({"p": "a", "l": [0, 2, "new"]}),
        ),
        // ADD and DELETE
        (json!({"p": "a"}), "ADD x :v", json!({":v": 3}), json!({"p": "a", "x": 3})),
        (json!({"p": "a", "x": 3}), "ADD x :v, y :v", json!({":v": -1}), json!({"p": "a", "x": 2, "y": -1})),
        (json!({"p": "a"}), "ADD s :v", json!({":v": {"SS": ["x"]}}), json!({"p": "a", "s": ["x"]})),
        (json!({"p": "a"}), "DELETE s :v", json!({":v": {"SS": ["x"]}}), json!({"p": "a"})),
        (
            json!({"p": "a", "x": 1, "y": 1}),
            "ADD x :v DELETE s :s REMOVE y SET z = :v",
            json!({":v": 1, ":s": {"NS": ["1"]}}),
            json!({"p": "a", "x": 2, "z": 1}),
        ),
    ];
    for (before, expression, values, after) in cases {
        assert_eq!(update(&before, expression, &values), Ok(after), "{expression} on {before}");
    }
}

#[test]
fn sets_take_unions_and_differences() {
    let mut lab = Lab::new();
    for (expression, members, wanted) in [
        ("ADD s :v", json!(["b", "a"]), json!(["a", "b"])),
        ("ADD s :v", json!(["b", "c"]), json!(["a", "b", "c"])),
        ("DELETE s :v", json!(["c", "z"]), json!(["a", "b"])),
        ("DELETE s :v", json!(["a", "b"]), json!(null)),
    ] {
        let parameters = json!({
            "TableName": "T", "Key": (wire_key("a")), "UpdateExpression": expression,
            "ExpressionAttributeValues": {":v": {"SS": (members)}},
        });
        lab.call("UpdateItem", &parameters).unwrap();
        assert_eq!(lab.item("a").get("s").cloned().unwrap_or_default(), wanted, "{expression} {members}");
    }
}

#[test]
fn an_update_creates_the_item_unless_nothing_is_set() {
    for (expression, values, wanted) in [
        ("SET x = :v", json!({":v": 1}), json!({"p": "a", "x": 1})),
        ("ADD x :v", json!({":v": 1}), json!({"p": "a", "x": 1})),
        ("SET x = :v REMOVE y.z", json!({":v": 1}), json!({"p": "a", "x": 1})),
        ("REMOVE x", json!(null), json!(null)),
        ("REMOVE x.y[3]", json!(null), json!(null)),
        ("DELETE x :v", json!({":v": {"SS": ["x"]}}), json!(null)),
    ] {
        assert_eq!(update(&Json::Null, expression, &values), Ok(wanted), "{expression}");
    }
}

#[test]
fn expressions_are_refused_whatever_the_item_is() {
    let one = json!({":v": 1});
    let text = json!({":v": "x"});
    let list = json!({":v": [1]});
    let cases = [
        ("", Json::Null, "The expression can not be empty;"),
        ("PUT x = :v", one.clone(), "Syntax error; token: \"PUT\", near: \"PUT x\""),
        ("SET x :v", one.clone(), "Syntax error; token: \":v\", near: \"x :v\""),
        ("SET x = :v,", one.clone(), "Syntax error; token: \"<EOF>\", near: \",\""),
        ("SET x = y + :v + :v", one.clone(), "Syntax error; token: \"+\", near: \":v + :v\""),
        ("SET x = if_not_exists(y + :v, :v)", one.clone(), "Syntax error; token: \"+\", near: \"y + :v\""),
        ("SET x = :v, REMOVE y", one.clone(), "Syntax error; token: \"y\", near: \"REMOVE y\""),
        ("SET x = :v SET y = :v", one.clone(), "The \"SET\" section can only be used once in an update expression;"),
        (
            "SET x = y + :v",
            text.clone(),
            "Incorrect operand type for operator or function; operator or function: +, \
          operand type: S",
        ),
        (
            "SET x = list_append(y, :v)",
            text.clone(),
            "Incorrect operand type for operator or function; operator or \
          function: list_append, operand type: S",
        ),
        (
            "SET x = list_append(list_append(y, :v), :v)",
            list.clone(),
            "The function is not allowed to be used this way \
          in an expression; function: list_append",
        ),
        (
            "SET x = if_not_exists(:v, :v)",
            one.clone(),
            "Operator or function requires a document path; operator or \
          function: if_not_exists",
        ),
        (
            "SET x = if_not_exists(y)",
            Json::Null,
            "Incorrect number of operands for operator or function; operator or \
          function: if_not_exists, number of operands: 1",
        ),
        ("SET x = size(y)", Json::Null, "The function is not allowed in an update expression; function: size"),
        ("SET x = IF_NOT_EXISTS(y, :v)", one.clone(), "Invalid function name; function: IF_NOT_EXISTS"),
        (
            "ADD x :v",
            list.clone(),
            "Incorrect operand type for operator or function; operator: ADD, operand type: LIST",
        ),
        (
            "DELETE x :v",
            one.clone(),
            "Incorrect operand type for operator or function; operator: DELETE, operand type: \
          NUMBER",
        ),
        ("SET name = :v", one.clone(), "Attribute name is a reserved keyword; reserved keyword: name"),
        (
            "SET a = :v, a.b = :v",
            one.clone(),
            "Two document paths overlap with each other; must remove or rewrite one of \
          these paths; path one: [a], path two: [a, b]",
        ),
        (
            "SET a.b = :v REMOVE a[1]",
            one.clone(),
            "Two document paths conflict with each other; must remove or rewrite \
          one of these paths; path one: [a, b], path two: [a, [1]]",
        ),
    ];
    for (expression, values, message) in cases {
        let refused = update(&Json::Null, expression, &values);
        assert_eq!(refused, Err(format!("Invalid UpdateExpression: {message}")), "{expression}");
    }
}

#[test]
fn an_item_can_be_wrong_for_an_update() {
    const PATH: &str = "The document path provided in the update expression is invalid for update";
    const MISSING: &str = "The provided expression refers to an attribute that does not exist in the item";
    const TYPE: &str = "An operand in the update expression has an incorrect data type";
    let item = json!({"p": "a", "x": 1, "s": "text", "l": [1], "m": {"y": 1}});
    let cases = [
        ("SET z.y = :v", json!({":v": 1}), PATH),
        ("SET x.y = :v", json!({":v": 1}), PATH),
        ("SET m[0] = :v", json!({":v": 1}), PATH),
        ("SET l.y = :v", json!({":v": 1}), PATH),
        ("SET l[5].y = :v", json!({":v": 1}), PATH),
        ("REMOVE z.y", json!(null), PATH),
        ("REMOVE x[0]", json!(null), PATH),
        ("ADD z.y :v", json!({":v": 1}), PATH),
        ("SET y = z", json!(null), MISSING),
        ("SET y = z + :v", json!({":v": 1}), MISSING),
        ("SET y = list_append(z, :v)", json!({":v": [1]}), MISSING),
        ("SET z = :v, y = z", json!({":v": 1}), MISSING),
        ("SET y = s + :v", json!({":v": 1}), TYPE),
        ("SET y = list_append(s, :v)", json!({":v": [1]}), TYPE),
        ("ADD s :v", json!({":v": 1}), TYPE),
        ("ADD x :v", json!({":v": {"SS": ["x"]}}), TYPE),
        ("DELETE x :v", json!({":v": {"SS": ["x"]}}), TYPE),
    ];
    for (expression, values, message) in cases {
        assert_eq!(update(&item, expression, &values), Err(message.to_owned()), "{expression}");
    }
    let overflow = update(&json!({"p": "a", "x": 1e50}), "SET x = x + :v", &json!({":v": 1}));
    assert!(overflow.unwrap_err().starts_with("Number overflow."));
}

#[test]
fn keys_cannot_be_updated() {
    for expression in ["SET p = :v", "ADD p :v", "SET p.x = :v"] {
        assert_eq!(
            update(&Json::Null, expression, &json!({":v": 1})),
            Err("One or more parameter values were invalid: Cannot update attribute p. This attribute is part of \
             the key"
                .to_owned()),
            "{expression}"
        );
    }
}

#[test]
fn an_update_cannot_nest_deeper_than_an_item_may() {
    let nested = (0..31).fold(json!(1), |inner, _| json!({"x": (inner)}));
    let refused = update(&json!({"p": "a", "m": {"m": {}}}), "SET m.m.m = :v", &json!({":v": (nested)}));
    assert_eq!(refused, Err("Nesting Levels have exceeded supported limits".to_owned()));
}
