use super::*;
use crate::json;
use crate::query::tests::{Fixed, around};

fn call(text: &str) -> Result<Json, String> {
    let root = json!({
        "name": "Ada", "empty": [], "list": [1, 2, 2, 3], "nested": [[1, 2], [1, 2], [2, 1]], "flags": [true, false, true],
        "a": {"k": 1, "o": {"x": 1}}, "b": {"o": {"y": 2}, "n": null}, "template": "{} is \\{here\\}", "csv": ",a,,b;c,",
        "long": "x".repeat(10_001)
    });
    let intrinsic = Intrinsic::parse(text).map_err(|error| error.to_string())?;
    intrinsic
        .evaluate(&Scope { root: &root, surroundings: &around() }, &mut Fixed)
        .map_err(|error| error.problem().to_string())
}

#[test]
fn functions_compute_what_aws_computes() {
    for (text, value) in [
        ("States.Format('hi {}, {}', $.name, 7)", json!("hi Ada, 7")),
        ("States.Format('{} {} {}', null, true, 1.50)", json!("null true 1.5")),
        ("States.Format('{}', $.a)", json!("{k=1, o={x=1}}")),
        ("States.Format('\\{{}\\} \\'q\\' \\\\', 1)", json!("{1} 'q' \\")),
        ("States.Format($.template, $.name)", json!("Ada is {here}")),
        ("States.Format('plain')", json!("plain")),
        ("States.StringToJson('{\"a\": [1]}')", json!({"a": [1]})),
        ("States.StringToJson(' 7 ')", json!(7)),
        ("States.StringToJson('  ')", json!(null)),
        ("States.StringToJson('-0')", json!(0)),
        ("States.JsonToString($.b)", json!("{\"o\":{\"y\":2},\"n\":null}")),
        ("States.JsonToString('x')", json!("\"x\"")),
        ("States.Array()", json!([])),
        ("States.Array( 'a' , $.list[1], States.Array(null) )", json!(["a", 2, [null]])),
        ("States.ArrayPartition($.list, 3)", json!([[1, 2, 2], [3]])),
        ("States.ArrayPartition($.list, 2.6)", json!([[1, 2], [2, 3]])),
        ("States.ArrayPartition($.empty, 1)", json!([])),
        ("States.ArrayContains($.list, 3)", json!(true)),
        ("States.ArrayContains($.list, '3')", json!(true)),
        ("States.ArrayContains($.flags, 'true')", json!(true)),
        ("States.ArrayContains($.flags, 0)", json!(false)),
        ("States.ArrayContains($.nested, States.Array(2, 1))", json!(true)),
        (
            "States.ArrayContains(States.Array(States.StringToJson('{\"x\":1,\"y\":2}')), States.StringToJson('{\"y\":2,\"x\":1}'))",
            json!(false),
        ),
        ("States.ArrayRange(1, 9, 2)", json!([1, 3, 5, 7, 9])),
        ("States.ArrayRange(1.6, -0.6, -1)", json!([1, 0])),
        ("States.ArrayRange(1, 5, -1)", json!([])),
        ("States.ArrayRange(4, 4, 9)", json!([4])),
        ("States.ArrayGetItem($.list, 3.9)", json!(3)),
        ("States.ArrayGetItem($.empty, 5)", json!(null)),
        ("States.ArrayLength($.list)", json!(4)),
        ("States.ArrayUnique($.list)", json!([1, 2, 3])),
        ("States.ArrayUnique($.flags)", json!([false, true])),
        ("States.ArrayUnique($.nested)", json!([[2, 1], [1, 2]])),
        ("States.Base64Encode('Hello')", json!("SGVsbG8=")),
        ("States.Base64Decode('SGVsbG8=')", json!("Hello")),
        ("States.Base64Decode('SGVs?bG8')", json!("Hello")),
        ("States.Hash('abc', 'MD5')", json!("900150983cd24fb0d6963f7d28e17f72")),
        ("States.Hash('abc', 'SHA-1')", json!("a9993e364706816aba3e25717850c26c9cd0d89d")),
        ("States.JsonMerge($.a, $.b, false)", json!({"k": 1, "o": {"y": 2}, "n": null})),
        ("States.JsonMerge($.a, $.b, 'no boolean')", json!({"k": 1, "o": {"y": 2}, "n": null})),
        ("States.MathRandom(1, 10)", json!(5)),
        ("States.MathRandom(0.6, 1.5)", json!(1)),
        ("States.MathAdd(1.6, -1.5)", json!(1)),
        ("States.MathAdd(2147483646, 1)", json!(2_147_483_647)),
        ("States.StringSplit($.csv, ',;')", json!(["a", "b", "c"])),
        ("States.StringSplit('', ',')", json!([])),
        ("States.StringSplit('a b', '')", json!(["a b"])),
        ("States.UUID()", json!("11111111-2222-4333-8444-555555555555")),
        ("States.Format('{}', $$.Execution.Name)", json!("run-7")),
        ("States.Format('{}', $['a']['o'].x)", json!("1")),
    ] {
        assert_eq!(call(text), Ok(value), "{text}");
    }
}

#[test]
fn wrong_arguments_name_the_function_that_refuses_them() {
    for (text, function) in [
        ("States.Format('{}')", "Format"),
        ("States.Format('', 1)", "Format"),
        ("States.Format(5)", "Format"),
        ("States.StringToJson('{bad')", "StringToJson"),
        ("States.StringToJson(5)", "StringToJson"),
        ("States.ArrayPartition($.list, 0)", "ArrayPartition"),
        ("States.ArrayPartition($.list, 0.9)", "ArrayPartition"),
        ("States.ArrayRange(0, 1000, 1)", "ArrayRange"),
        ("States.ArrayRange(1, 9, 0.49)", "ArrayRange"),
        ("States.ArrayRange(-9223372036854775808, 9223372036854775807, 1)", "ArrayRange"),
        ("States.ArrayGetItem($.list, 4)", "ArrayGetItem"),
        ("States.ArrayGetItem($.list, -1)", "ArrayGetItem"),
        ("States.ArrayLength('x')", "ArrayLength"),
        ("States.Base64Encode($.long)", "Base64Encode"),
        ("States.Hash($.long, 'MD5')", "Hash"),
        ("States.Hash('x', 'SHA-224')", "Hash"),
        ("States.JsonMerge($.a, $.b, true)", "JsonMerge"),
        ("States.JsonMerge($.a, $.b)", "JsonMerge"),
        ("States.JsonMerge($.a, $.list, false)", "JsonMerge"),
        ("States.MathRandom(5, 5)", "MathRandom"),
        ("States.MathAdd(2147483647, 1)", "MathAdd"),
        ("States.MathAdd('1', 2)", "MathAdd"),
        ("States.UUID(1)", "UUID"),
        ("States.Array(States.MathAdd(true, 1))", "MathAdd"),
    ] {
        assert_eq!(call(text), Err(format!("Invalid arguments in States.{function}")), "{text}");
    }
    assert!(call("States.ArrayRange(1, 1000, 1)").is_ok());
}

#[test]
fn templates_with_unmatched_braces_say_which() {
    let prefix = "Invalid template in States.Format: ";
    assert_eq!(call("States.Format('a { b', 1)"), Err(format!("{prefix}matching '}}' not found for '{{'.")));
    assert_eq!(call("States.Format('a } b', 1)"), Err(format!("{prefix}matching '{{' not found for '}}'.")));
}

#[test]
fn texts_that_are_no_calls_are_refused() {
    for (text, reason) in [
        ("Format('x')", "an intrinsic function starts with 'States.'"),
        ("States.Array(1", "expected ','"),
        ("States.Array(1,)", "expected a path, a string in single quotes, a number, true, false, null or a call"),
        ("States.Array(1) x", "found more text after the call's ')'"),
        ("States.Array('x)", "the string that starts here has no closing quote"),
        (r#"States.Array('say \"hi\"')"#, "a backslash in a string is followed by one of ' { } \\"),
        ("States.Array($.a b)", "'$.a b' is not a path: a blank is not allowed outside of brackets"),
        ("States.Array(1.2.3)", "'1.2.3' is not a number"),
        ("States.Array(nil)", "expected true, false or null"),
    ] {
        let error = Intrinsic::parse(text).expect_err(text).to_string();
        assert_eq!(error, format!("'{text}' is not a call of an intrinsic function: {reason}"));
    }
    let unknown = Intrinsic::parse("States.Length($.a)").expect_err("unknown").to_string();
    assert!(unknown.contains("there is no function 'States.Length'; there are Format, "), "{unknown}");
}

#[test]
fn calls_nest_ten_deep_and_no_deeper() {
    let nested = |depth: usize| format!("{}{}", "States.Array(".repeat(depth), ")".repeat(depth));
    assert!(Intrinsic::parse(&nested(10)).is_ok());
    assert!(Intrinsic::parse(&nested(11)).is_err());
    assert!(Intrinsic::parse(&nested(100_000)).is_err());
}

#[test]
fn seeded_random_numbers_repeat() {
    let first = call("States.MathRandom(0, 1000, 3)");
    assert!(first.is_ok());
    assert_eq!(first, call("States.MathRandom(0, 1000, 3)"));
    assert_ne!(first, call("States.MathRandom(0, 1000, 4)"));
}
