//! `rehearsal eval`.

use crate::shop::Shop;

#[test]
fn each_language_prints_its_result_as_json() {
    let shop = Shop::new();
    shop.write("input.json", r#"{"items": [{"price": 2}, {"price": 3.5}], "name": "x"}"#);
    shop.write("variables.json", r#"{"rate": 2}"#);
    for (flag, expression, expected) in [
        ("--jsonpath", "$.items[*].price", "[2,3.5]"),
        ("--jsonpath", "name", r#""x""#),
        ("--jsonpath", "$$.Execution.Input.name", r#""x""#),
        ("--jsonpath", "$rate", "2"),
        ("--jsonata", "{% $sum($states.input.items.price) * $rate %}", "11"),
        ("--jsonata", "$sum(items.price) * $rate", "11"),
        ("--jsonata", "{% $range(0, 4, 2) %}", "[0,2,4]"),
        ("--intrinsic", "States.Format('{} costs {}', $.name, $rate)", r#""x costs 2""#),
        ("--intrinsic", "States.MathAdd($.items[0].price, $$.Execution.Input.items[0].price)", "4"),
    ] {
        let ran =
            shop.run(&["eval", flag, expression, "--input-file", "input.json", "--variables-file", "variables.json"]);
        assert_eq!((ran.code, ran.out.as_str()), (0, format!("{expected}\n").as_str()), "{expression}: {}", ran.err);
    }
}

#[test]
fn where_aws_would_fail_its_error_and_cause_are_printed() {
    let shop = Shop::new();
    for (flag, expression, error, cause) in [
        ("--jsonpath", "$.a.b", "States.Runtime", "Invalid path '$.a.b' : Missing property in path $['a']"),
        ("--jsonpath", "$.a[", "SCHEMA_VALIDATION_FAILED", "is not a path"),
        ("--jsonata", "{% $states.input.a %}", "States.QueryEvaluationError", "returned nothing (undefined)."),
        ("--jsonata", "{% 'a' + 1 %}", "States.QueryEvaluationError", "T2001"),
        ("--jsonata", "{% 1 + %}", "INVALID_JSONATA_EXPRESSION", "S0"),
        ("--jsonata", "{% name %}", "UNSUPPORTED_JSONATA_EXPRESSION", "Reference to 'name' at the top level"),
        ("--jsonata", "{% $eval('1') %}", "States.QueryEvaluationError", "T1006"),
        ("--jsonata", "{% 1 ?? 2 %}", "INVALID_JSONATA_EXPRESSION", "S0204"),
        ("--intrinsic", "States.MathAdd(1, 'x')", "States.Runtime", "Invalid arguments in States.MathAdd"),
        ("--intrinsic", "States.Nothing()", "SCHEMA_VALIDATION_FAILED", "there is no function"),
    ] {
        let ran = shop.run(&["eval", flag, expression, "--input", "{}"]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""), "{expression}");
        assert!(ran.err.starts_with(&format!("error: {error}\ncause: ")), "{expression}: {}", ran.err);
        assert!(ran.err.contains(cause), "{expression}: {}", ran.err);
    }
}

#[test]
fn what_cannot_be_evaluated_at_all_is_refused() {
    let shop = Shop::new();
    shop.write("list.json", "[1]");
    for arguments in [
        &["eval", "--input", "{}"][..],
        &["eval", "--jsonpath", "$", "--jsonata", "$"],
        &["eval", "--jsonpath", "$", "--input", "{"],
        &["eval", "--jsonpath", "$", "--input-file", "missing.json"],
        &["eval", "--jsonpath", "$", "--variables-file", "list.json"],
    ] {
        let ran = shop.run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.err.starts_with("error: "), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn an_expression_that_would_not_end_is_ended() {
    let ran = Shop::new().run(&["eval", "--jsonata", "{% ($f := function($n) { $f($n + 1) }; $f(0)) %}"]);
    assert_eq!(ran.code, 1, "{}", ran.out);
    assert!(ran.err.contains("Stack overflow error"), "{}", ran.err);
}
