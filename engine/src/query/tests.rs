//! Helpers for the tests of this folder, and the tests of reference paths and templates.

use super::*;
use crate::json;
use crate::source::read_json;

/// A context object and variables as JSON objects.
pub(super) struct Around {
    pub(super) context: Json,
    pub(super) variables: Json,
}

impl Surroundings for Around {
    fn context(&self, _: Option<&str>) -> Json {
        self.context.clone()
    }

    fn variable(&self, name: &str) -> Option<Json> {
        self.variables.get(name).cloned()
    }
}

/// Draws that are always the same.
pub(super) struct Fixed;

impl Draws for Fixed {
    fn uuid(&mut self) -> String {
        "11111111-2222-4333-8444-555555555555".to_owned()
    }

    fn random(&mut self) -> f64 {
        0.5
    }
}

pub(super) fn around() -> Around {
    Around {
        context: json!({"Execution": {"Name": "run-7"}, "State": {"RetryCount": 2}}),
        variables: json!({"limit": 10, "cart": {"lines": [{"sku": "a"}, {"sku": "b"}]}}),
    }
}

fn template(text: &str) -> (Template, Vec<crate::source::Diagnostic>) {
    let mut diagnostics = Vec::new();
    let node = read_json(text).expect("valid JSON");
    (Template::compile(&node, "/States/Pay/Parameters", &mut diagnostics), diagnostics)
}

fn evaluate(text: &str, root: &Json) -> Result<Json, TemplateError> {
    let (template, diagnostics) = template(text);
    assert_eq!(diagnostics, [], "{text}");
    template.evaluate(&Scope { root, surroundings: &around() }, &mut Fixed)
}

#[test]
fn templates_evaluate_only_the_keys_that_end_in_dollar() {
    let order = json!({"id": "o-1", "lines": [{"price": 3}, {"price": 4}]});
    for (text, value) in [
        (r#"{"a": "$.id", "b.$": "$.id"}"#, json!({"a": "$.id", "b": "o-1"})),
        (r#"{"a": {"b": {"c.$": "$.lines[1].price"}}}"#, json!({"a": {"b": {"c": 4}}})),
        (r#"{"list": ["$.id", {"id.$": "$.id"}]}"#, json!({"list": ["$.id", {"id": "o-1"}]})),
        (r#"{"all.$": "$"}"#, json!({"all": {"id": "o-1", "lines": [{"price": 3}, {"price": 4}]}})),
        (r#"{"run.$": "$$.Execution.Name", "tries.$": "$$.State.RetryCount"}"#, json!({"run": "run-7", "tries": 2})),
        (r#"{"limit.$": "$limit", "skus.$": "$cart.lines[*].sku"}"#, json!({"limit": 10, "skus": ["a", "b"]})),
        (r#"{"key.$": "States.Format('{}/{}', $.id, $limit)"}"#, json!({"key": "o-1/10"})),
        (r#"{"none.$": "$.nothing[*].price"}"#, json!({"none": []})),
        (r#"{"fixed": [1, null, {"x": true}]}"#, json!({"fixed": [1, null, {"x": true}]})),
    ] {
        assert_eq!(evaluate(text, &order).expect(text), value, "{text}");
    }
}

#[test]
fn a_template_without_expressions_is_one_literal() {
    let (constant, _) = template(r#"{"a": [1, {"b": null}]}"#);
    assert_eq!(constant.literal(), Some(&json!({"a": [1, {"b": null}]})));
    let (dynamic, _) = template(r#"{"a": [1, {"b.$": "$.c"}], "d.$": "States.Array($$.e, $f)"}"#);
    assert_eq!(dynamic.literal(), None);
    let paths: Vec<&str> = dynamic.paths().into_iter().map(Path::text).collect();
    assert_eq!(paths, ["$.c", "$$.e", "$f"]);
}

#[test]
fn template_errors_carry_what_the_cause_is_made_of() {
    let input = json!({"id": 1});
    for (text, message) in [
        (
            r#"{"a": {"total.$": "$.sum"}}"#,
            r#"The JSONPath '$.sum' specified for the field 'total.$' could not be found in the input '{"id":1}'"#,
        ),
        (
            r#"{"total.$": "States.Array($.sum)"}"#,
            r#"The JSONPath '$.sum' specified for the field 'total.$' could not be found in the input '{"id":1}'"#,
        ),
        (
            r#"{"first.$": "$.id[0]"}"#,
            "Invalid path '$.id[0]' : Filter: [0] can only be applied to arrays. Current context is: 1",
        ),
        (
            r#"{"n.$": "States.ArrayLength( $.id )"}"#,
            "There was an error while evaluating the intrinsic function: States.ArrayLength( $.id ). \
             Invalid arguments in States.ArrayLength",
        ),
    ] {
        assert_eq!(evaluate(text, &input).expect_err(text).to_string(), message);
    }
}

#[test]
fn invalid_template_values_are_reported_where_they_stand() {
    let text = r#"{"ok": 1, "a": [{"bad.$": "id"}], "worse.$": 5, "x": 1, "x.$": "$.x"}"#;
    let (_, diagnostics) = template(text);
    let told: Vec<(&str, &str)> = diagnostics
        .iter()
        .map(|problem| (&text[problem.span.start as usize..problem.span.end as usize], problem.message.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("\"id\"", "The value for the field 'bad.$' must be a valid JSONPath or a valid intrinsic function call"),
            ("5", "The value for the field 'worse.$' must be a valid JSONPath or a valid intrinsic function call"),
            ("\"x.$\"", "the field 'x' is given twice, as 'x' and as 'x.$'"),
        ]
    );
    assert_eq!(diagnostics[0].path, "/States/Pay/Parameters");
}

#[test]
fn reference_paths_write_one_place_and_leave_the_rest_shared() {
    for (path, root, written) in [
        ("$", json!({"a": 1}), json!("new")),
        ("$.b", json!({"a": 1}), json!({"a": 1, "b": "new"})),
        ("$.a", json!({"a": 1, "c": 2}), json!({"a": "new", "c": 2})),
        ("$.x.y.z", json!({"a": 1}), json!({"a": 1, "x": {"y": {"z": "new"}}})),
        ("$['x y'].z", json!({"x y": {"k": 0}}), json!({"x y": {"k": 0, "z": "new"}})),
        ("$.list[1]", json!({"list": [1, 2]}), json!({"list": [1, "new"]})),
        ("$.list[0].k", json!({"list": [{}]}), json!({"list": [{"k": "new"}]})),
    ] {
        let before = root.clone();
        let kept = root.clone();
        let path = ReferencePath::parse(path).expect(path);
        assert_eq!(path.write(root, json!("new")), Ok(written), "{}", path.text());
        assert_eq!(kept, before, "the other holder of the root sees no change");
    }
}

#[test]
fn reference_paths_do_not_write_through_what_is_no_container() {
    for (path, root, message) in [
        ("$.a.b", json!({"a": 1}), "'$.a.b' cannot be written: ['b'] does not apply to the number there"),
        ("$.a", json!("text"), "'$.a' cannot be written: ['a'] does not apply to the string there"),
        ("$.a[0]", json!({}), "'$.a[0]' cannot be written: [0] does not apply to the object there"),
        ("$.a[2]", json!({"a": [1]}), "'$.a[2]' cannot be written: [2] does not apply to the array there"),
        ("$$.a", json!({}), "'$$.a' starts from what cannot be written; only '$' can"),
        ("$v.a", json!({}), "'$v.a' starts from what cannot be written; only '$' can"),
    ] {
        let error = ReferencePath::parse(path).expect(path).write(root, json!(0)).expect_err(path);
        assert_eq!(error.message(), message);
    }
}

#[test]
fn paths_that_may_name_several_places_are_no_reference_paths() {
    for path in ["$.a[*]", "$..a", "$.a[0,1]", "$.a[1:]", "$['a','b']", "$.a[?(@.b)]", "$[(@.length-1)]", "$[-1]"] {
        assert!(Path::parse(path).is_ok(), "{path}");
        assert!(ReferencePath::parse(path).is_err(), "{path}");
    }
    for path in ["$", "$.a", "$.a['b c'][3]", "$$.Map.Item.Index", "$v[0]"] {
        assert!(ReferencePath::parse(path).is_ok(), "{path}");
    }
}

#[test]
fn compiled_queries_can_cross_threads() {
    fn crosses<T: Send + Sync>() {}
    crosses::<(Path, ReferencePath, Template, Intrinsic)>();
}
