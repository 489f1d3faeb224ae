use super::*;
use crate::json;

fn event() -> Json {
    json!({
        "version": "0", "id": "e-1", "detail-type": "Order Placed", "source": "shop", "account": "111111111111",
        "time": "2026-01-01T00:00:00Z", "region": "eu-west-1", "resources": [],
        "detail": {"id": "o-1", "note": "say \"hi\"", "total": 12.5, "paid": true, "none": null, "tags": ["a", "b"], "buyer": {"name": "Ada"}}
    })
}

const PATHS: [(&str, &str); 8] = [
    ("id", "$.detail.id"),
    ("note", "$.detail.note"),
    ("total", "$.detail.total"),
    ("paid", "$.detail.paid"),
    ("none", "$.detail.none"),
    ("tags", "$.detail.tags"),
    ("buyer", "$.detail.buyer"),
    ("missing", "$.detail.missing"),
];

fn fill(template: &str) -> Result<Delivery, NotDeliverable> {
    let reserved = Reserved { rule_arn: "arn:rule", rule_name: "orders", ingestion_time_ms: 1_767_225_600_500 };
    InputTransformer::compile(PATHS, template).expect("a template").apply(&event(), &reserved)
}

#[track_caller]
fn delivers(template: &str, text: &str) {
    assert_eq!(fill(template).map(|delivery| delivery.text.to_string()), Ok(text.to_owned()), "{template}");
}

#[test]
fn outside_quotes_a_placeholder_is_a_json_value() {
    delivers(r#"{"id": <id>, "n": <note>}"#, r#"{"id": "o-1", "n": "say \"hi\""}"#);
    delivers(r#"{"t": <total>, "p": <paid>, "x": <none>}"#, r#"{"t": 12.5, "p": true, "x": null}"#);
    delivers("[<tags>, <buyer>]", r#"[["a","b"], {"name":"Ada"}]"#);
    delivers(r#"{"m": <missing>}"#, r#"{"m": ""}"#);
    delivers("<buyer>", r#"{"name":"Ada"}"#);
    assert_eq!(fill("<total>").expect("delivered").value, Some(json!(12.5)));
}

#[test]
fn inside_quotes_a_placeholder_is_its_characters() {
    delivers(r#"{"path": "orders/<id>/<total>/<paid>"}"#, r#"{"path": "orders/o-1/12.5/true"}"#);
    delivers(r#"{"m": "[<missing>]"}"#, r#"{"m": "[]"}"#);
    delivers(r#"{"q": "\"<id>\"", "raw": <id>}"#, r#"{"q": "\"o-1\"", "raw": "o-1"}"#);
}

#[test]
fn a_quoted_template_is_delivered_as_text() {
    delivers(r#""order <id> of <buyer> with <tags>""#, r#""order o-1 of {name:Ada} with [a,b]""#);
    let lines = fill("\"first <id>\"\n\"second <missing>.\"").expect("delivered");
    assert_eq!((&*lines.text, lines.value), ("\"first o-1\"\n\"second .\"", None));
}

#[test]
fn what_is_not_json_afterwards_is_dropped() {
    for template in [r#"{"t": "<tags>"}"#, r#"{"n": "<note>"}"#, "order <id>", r#"{"a": <id>"#] {
        assert!(fill(template).is_err(), "{template}");
    }
}

#[test]
fn reserved_variables_need_no_map() {
    delivers(
        r#""<aws.events.rule-arn> <aws.events.rule-name> <aws.events.event.ingestion-time>""#,
        r#""arn:rule orders 2026-01-01T00:00:00Z""#,
    );
    let delivery = fill(r#"{"brief": <aws.events.event>, "full": <aws.events.event.json>}"#).expect("delivered");
    let value = delivery.value.expect("JSON");
    assert_eq!(value.get("full"), Some(&event()));
    assert_eq!(
        value.get("brief").map(ToString::to_string),
        Some(
            concat!(
                r#"{"id":"e-1","account":"111111111111","detailType":"Order Placed","time":"2026-01-01T00:00:00Z","#,
                r#""source":"shop","region":"eu-west-1","resources":[],"version":"0"}"#
            )
            .to_owned()
        )
    );
}

#[test]
fn what_cannot_work_is_refused_when_the_target_is_put() {
    let refusal = |paths: &[(&str, &str)], template: &str| {
        let error = InputTransformer::compile(paths.iter().copied(), template).expect_err("refused");
        error.message("t-1")
    };
    assert_eq!(
        refusal(&[("a", "$.detail")], r#"{"x": <b>}"#),
        "InputTemplate for target t-1 contains invalid placeholder b."
    );
    assert!(refusal(&[("a", "detail")], "<a>").contains("the path detail"));
    assert!(refusal(&[("a", "$$.detail")], "<a>").contains("starts with '$.'"));
    assert!(refusal(&[("aws.x", "$")], "<aws.x>").contains("'aws.x'"));
    assert!(refusal(&[], "").contains("has 0 characters"));
    assert!(refusal(&[], &"x".repeat(8_193)).contains("8193"));
    let names: Vec<String> = (0..101).map(|n| format!("n{n}")).collect();
    let paths: Vec<(&str, &str)> = names.iter().map(|name| (&**name, "$")).collect();
    assert!(refusal(&paths, "1").contains("101 entries"));
}

#[test]
fn what_only_looks_like_a_placeholder_stays() {
    delivers(
        r#"{"a": "1 < 2 and 3 > 2", "b": "<>", "c": "<b c>"}"#,
        r#"{"a": "1 < 2 and 3 > 2", "b": "<>", "c": "<b c>"}"#,
    );
}

#[test]
fn an_input_path_delivers_what_it_finds() {
    let apply = |path: &str| InputPath::compile(path).expect("a path").apply(&event());
    assert_eq!(apply("$.detail.buyer"), Ok(json!({"name": "Ada"})));
    assert_eq!(apply("$.detail.id").map(|value| value.to_string()), Ok(r#""o-1""#.to_owned()));
    assert_eq!(apply("$"), Ok(event()));
    assert!(apply("$.detail.missing").is_err());
}
