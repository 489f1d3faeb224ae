use super::*;
use crate::Json;
use crate::json;

/// Answers in sequence and remembers what it was asked.
#[derive(Default)]
struct Recorder {
    draws: Vec<f64>,
    asked: Vec<String>,
}

impl Host for Recorder {
    fn now_ms(&mut self) -> i64 {
        1_700_000_000_123
    }

    fn random(&mut self) -> f64 {
        self.asked.push("random".to_owned());
        if self.draws.is_empty() { 0.5 } else { self.draws.remove(0) }
    }

    fn uuid(&mut self) -> String {
        self.asked.push("uuid".to_owned());
        format!("uuid-{}", self.asked.len())
    }

    fn functions(&self) -> &[&'static str] {
        &["draw", "fail"]
    }

    fn call(&mut self, function: &str, arguments: &[JValue]) -> Result<JValue, String> {
        let arguments: Vec<String> = arguments.iter().map(|value| value.to_json_string().unwrap_or_default()).collect();
        self.asked.push(format!("{function}({})", arguments.join(",")));
        match function {
            "draw" => Ok(JValue::Number(self.asked.len() as f64)),
            _ => Err("the host refuses".to_owned()),
        }
    }
}

fn shop() -> Json {
    json!({"tables": {"Stock": [{"sku": "pen", "n": 2}, {"sku": "ink", "n": -1}], "Paid": []}, "now": 5})
}

fn run(
    source: &str,
    dialect: Dialect,
    bindings: &[(&str, JValue)],
    host: &mut Recorder,
) -> Result<Option<Json>, String> {
    let expression = Expression::compile(source, dialect).map_err(|error| error.to_string())?;
    let value = expression.evaluate(&to_jvalue(&shop()), bindings, host).map_err(|error| error.to_string())?;
    from_jvalue(&value).map_err(|error| error.to_string())
}

fn value(source: &str) -> Result<Option<Json>, String> {
    run(source, Dialect::Scenario, &[], &mut Recorder::default())
}

#[test]
fn expressions_read_their_input() {
    for (source, expected) in [
        ("$count(tables.Stock[n < 0])", Some(json!(1))),
        ("tables.Stock[n < 0].sku", Some(json!("ink"))),
        ("tables.Stock.sku", Some(json!(["pen", "ink"]))),
        ("tables.Nothing", None),
        ("{\"total\": $sum(tables.Stock.n), \"half\": 1/2}", Some(json!({"total": 1, "half": 0.5}))),
        ("$$.now & ''", Some(json!("5"))),
    ] {
        assert_eq!(value(source), Ok(expected), "{source}");
    }
}

#[test]
fn bindings_are_variables() {
    let bindings = [("actor", JValue::from(3_i64)), ("states", to_jvalue(&json!({"input": {"id": "o-1"}})))];
    for (source, expected) in [
        ("'order-' & $actor", json!("order-3")),
        ("$states.input.id", json!("o-1")),
        ("($f := function($n) { $n * $actor }; $f(2))", json!(6)),
    ] {
        let result = run(source, Dialect::Scenario, &bindings, &mut Recorder::default());
        assert_eq!(result, Ok(Some(expected)), "{source}");
    }
}

#[test]
fn the_host_is_asked_once_for_each_call_in_order() {
    let mut host = Recorder::default();
    let result = run("[$draw(1, 'a'), $map([7, 8], function($n) { $draw($n) })]", Dialect::Scenario, &[], &mut host);
    assert_eq!(result, Ok(Some(json!([1, 2, 3]))));
    assert_eq!(host.asked, ["draw(1,\"a\")", "draw(7)", "draw(8)"]);
    assert_eq!(value("1 + $fail()"), Err("the host refuses".to_owned()));
}

#[test]
fn time_and_chance_come_from_the_host() {
    for (source, expected) in [
        ("$millis()", json!(1_700_000_000_123_i64)),
        ("$now()", json!("2023-11-14T22:13:20.123Z")),
        ("$now('[Y0001]')", json!("2023")),
        ("$map([1], $millis)", json!(1_700_000_000_123_i64)),
        ("$toMillis('13:45', '[H]:[m]') ~> $fromMillis()", json!("2023-11-14T13:45:00.000Z")),
        ("($now := 1; $millis())", json!(1_700_000_000_123_i64)),
        ("$count($shuffle([1, 2, 3]))", json!(3)),
    ] {
        assert_eq!(value(source), Ok(Some(expected)), "{source}");
    }
    let mut host = Recorder { draws: vec![0.25, 0.75], asked: Vec::new() };
    assert_eq!(run("[$random(), $random()]", Dialect::Scenario, &[], &mut host), Ok(Some(json!([0.25, 0.75]))));
}

#[test]
fn aws_has_functions_of_its_own() {
    for (source, expected) in [
        ("$partition([1, 2, 3], 2)", json!([[1, 2], [3]])),
        ("$range(0, 9, 3)", json!([0, 3, 6, 9])),
        ("$range(3, 1, -1)", json!([3, 2, 1])),
        ("$hash('abc', 'MD5')", json!("900150983cd24fb0d6963f7d28e17f72")),
        ("$parse('{\"a\": [1]}')", json!({"a": [1]})),
        ("$random(42)", json!(0.727_563_680_032_868_1)),
        ("$random()", json!(0.5)),
        ("$uuid() & ' ' & $uuid()", json!("uuid-1 uuid-2")),
    ] {
        let result = run(source, Dialect::Aws, &[], &mut Recorder::default());
        assert_eq!(result, Ok(Some(expected)), "{source}");
    }
}

#[test]
fn aws_words_errors_in_its_own_way() {
    let deep = vec!["1"; 200].join("+");
    for (source, message) in [
        ("$eval('1')", "T1006: Attempted to invoke a non-function"),
        ("$nothing(1)", "T1006: Attempted to invoke a non-function"),
        ("'a' + 1", "T2001: The left side of the \"+\" operator must evaluate to a number"),
        ("$count([1..900000])", "Expression evaluation memory limit exceeded"),
        ("$hash('x', 'CRC')", "T0410: Argument 2 of function \"hash\" does not match function signature"),
        (
            deep.as_str(),
            "Stack overflow error: Check for non-terminating recursive function. Consider rewriting as tail-recursive.",
        ),
    ] {
        let result = run(source, Dialect::Aws, &[], &mut Recorder::default());
        assert_eq!(result, Err(message.to_owned()), "{source}");
    }
    assert!(Expression::compile("a ?? b", Dialect::Aws).is_err());
    assert!(Expression::compile("a ?? b", Dialect::Plain).is_ok());
}

#[test]
fn functions_are_no_json() {
    assert!(value("$sum").is_err());
    assert!(value("[function($x) { $x }]").is_err());
}

#[test]
fn broken_expressions_name_their_place() {
    for (source, at, message) in [
        ("1 +", 3, "S0207: Unexpected end of expression"),
        ("foo bar", 4, "S0201: Syntax error: \"bar\""),
        ("(a; b", 5, "S0203: Expected \")\" before end of expression"),
        ("{\"a\" 1}", 5, "S0202: Expected \":\", got \"1\""),
        ("a[b = ]", 6, "S0211: The symbol \"]\" cannot be used as a unary operator"),
        ("1 + 'abc", 4, "S0101: String literal must be terminated by a matching quote"),
        ("'a' & 'é' 'b'", 11, "S0201: Syntax error: \"'b'\""),
    ] {
        let error = Expression::compile(source, Dialect::Scenario).err().expect(source);
        assert_eq!((error.at(), error.message()), (at, message), "{source}");
    }
    let error = Expression::compile("1 + $eval('x')", Dialect::Scenario).err().expect("no $eval");
    assert_eq!(error.at(), 4);
}

#[test]
fn what_an_expression_reads_is_told_up_to_the_second_name() {
    let paths =
        |names: &[&str]| Reads::Paths(names.iter().map(|path| path.split('.').map(str::to_owned).collect()).collect());
    for (source, reads) in [
        ("tables.Stock[n < 0]", paths(&["tables.Stock"])),
        ("$count(executions[status = 'RUNNING']) = 0", paths(&["executions"])),
        ("$.tables.A.b + $$.tables.B", paths(&["tables.A", "tables.B"])),
        ("tables.*", paths(&["tables"])),
        ("tables.(Stock)", paths(&["tables"])),
        ("tables.`My Table`", paths(&["tables.My Table"])),
        ("$map(tables.A, function($a) { $a.x = $$.tables.B.y and now > 1 })", paths(&["now", "tables.A", "tables.B"])),
        ("tables.A ~> $count()", paths(&["tables.A"])),
        ("tables.A^(>n).sku", paths(&["tables.A"])),
        ("tables.A{status: $sum(n)}", paths(&["tables.A"])),
        ("($x := tables.A; $x.b)", paths(&["tables.A"])),
        ("$states.input.id", paths(&[])),
        ("1 + 1", paths(&[])),
        ("$", Reads::Everything),
        ("$$", Reads::Everything),
        ("*.A", Reads::Everything),
        ("**.A", Reads::Everything),
        ("$string(a.b) & $substring(c, 1, 2)", paths(&["a.b", "c"])),
        ("$string()", Reads::Everything),
        ("$keys()", Reads::Everything),
        ("$lookup('tables')", Reads::Everything),
        ("$eval('tables')", Reads::Everything),
        ("tables.A.%.B", Reads::Everything),
        ("tables@$t.now", Reads::Everything),
        ("$f($)", Reads::Everything),
    ] {
        let expression = Expression::compile(source, Dialect::Plain).expect(source);
        assert_eq!(*expression.reads(), reads, "{source}");
    }
}

#[test]
fn functions_and_variables_that_nobody_defines_are_told() {
    let source =
        "($own := function($n) { $n + $limit }; $own(1) + $draw(2) + $sum(a) + $map(b, $uppercase) & $states.input.id)";
    let expression = Expression::compile(source, Dialect::Scenario).expect(source);
    assert_eq!(expression.unknown_functions(&[]), ["draw"]);
    assert!(expression.unknown_functions(&["draw"]).is_empty());
    let variables: Vec<&String> = expression.analysis().variables().iter().collect();
    assert_eq!(variables, ["limit", "states"]);
    assert!(expression.analysis().variable_paths().contains(&["states", "input", "id"].map(str::to_owned).to_vec()));
    assert_eq!(expression.analysis().top_level_names(), ["a", "b"]);
    let aws = Expression::compile("$uuid() & $nope()", Dialect::Aws).expect("an expression");
    assert_eq!(aws.unknown_functions(&[]), ["nope"]);
}

#[test]
fn no_expression_runs_for_ever() {
    for source in [
        "($f := function($x) { $f($x) }; $f(1))",
        "($f := function($n) { $n < 2 ? 1 : $f($n - 1) + $f($n - 2) }; $f(60))",
        "($w := function($x) { $x($x) }; $w($w))",
        "$map([1..1000], function($a) { $map([1..1000], function($b) { $map([1..1000], function($c) { $c }) }) })",
        "[1..1000].([1..1000].([1..1000].($)))",
        "[1..100000][$count([1..100000]) > 0]",
    ] {
        let expression = Expression::compile(source, Dialect::Scenario).expect(source);
        let error = expression.evaluate(&JValue::Null, &[], &mut NoHost).expect_err(source);
        assert_eq!(error.problem(), EvaluationProblem::Steps, "{source}");
    }
    let deep =
        Expression::compile("($f := function($n) { 1 + $f($n) }; $f(1))", Dialect::Scenario).expect("an expression");
    let error = deep.evaluate(&JValue::Null, &[], &mut NoHost).expect_err("too deep");
    assert_eq!(error.problem(), EvaluationProblem::Depth);
}

#[test]
fn counting_does_not_change_what_is_computed() {
    let plus = "[1..3].($a := $; [1..3][$ < 3].($b := $; [1..2].($a * 100 + $b * 10 + $)))";
    let expected = json!([111, 112, 121, 122, 211, 212, 221, 222, 311, 312, 321, 322]);
    assert_eq!(value(plus), Ok(Some(expected)));
    assert_eq!(value("($f := function($n) { $n = 0 ? 'done' : $f($n - 1) }; $f(5000))"), Ok(Some(json!("done"))));
}

#[test]
fn hostile_nesting_is_an_error_and_no_crash() {
    for source in
        ["(".repeat(50_000), "[".repeat(50_000), "a.".repeat(50_000), "-".repeat(50_000), "1+".repeat(100_000)]
    {
        assert!(Expression::compile(&source, Dialect::Plain).is_err());
    }
    assert!(Expression::compile(&" ".repeat(SOURCE_BYTES_MAX + 1), Dialect::Plain).is_err());
    let mut deep = json!(1);
    for _ in 0..5_000 {
        deep = Json::from(vec![deep]);
    }
    let back = from_jvalue(&to_jvalue(&deep)).expect("JSON").expect("a value");
    assert_eq!(back.measure().depth, 5_000);
}
