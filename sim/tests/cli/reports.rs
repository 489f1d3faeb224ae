//! Reports for programs, read back.

use std::process::Command;

use insta::assert_snapshot;
use regex::Regex;
use serde_json::Value;

use crate::shop::{Ran, Shop, broken};

const FLAGS: [&str; 6] = ["check", ".", "--seeds", "40", "--jobs", "1"];

fn json(shop: &Shop) -> Value {
    let ran = shop.check(&["--report", "json=report.json"]);
    assert!(ran.err.is_empty(), "{}", ran.err);
    serde_json::from_str(&shop.read("report.json")).expect("JSON")
}

fn texts<'v>(values: &'v Value, key: &str) -> Vec<&'v str> {
    let values = values.as_array().expect("a list").iter();
    values.map(|value| value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}"))).collect()
}

fn keys(value: &Value) -> String {
    let members = value.as_object().expect("an object").keys();
    members.map(String::as_str).collect::<Vec<_>>().join(" ")
}

#[test]
fn the_json_report_has_the_members_that_are_documented() {
    let report = json(&broken());
    let violation = &report["violations"][0];
    let way = &violation["ways"][0];
    let run = &way["run"];
    let documented = include_str!("../../src/report/json.md");
    let mut shown = String::new();
    for (name, value) in [
        ("report", &report),
        ("scenario", &report["scenario"]),
        ("runs", &report["runs"]),
        ("exhaustive", &report["strategies"][0]),
        ("random", &report["strategies"][1]),
        ("invariant", &report["invariants"][0]),
        ("coverage", &report["coverage"]),
        ("violation", violation),
        ("first", &violation["first"]),
        ("way", way),
        ("deviation", &way["deviations"][0]),
        ("run", run),
        ("moment", &run["timeline"][0]),
        ("execution", &run["executions"][0]),
        ("event", &run["events"][0]),
    ] {
        shown.push_str(&format!("{name}: {}\n", keys(value)));
    }
    for member in
        [&report, violation, way, run].into_iter().flat_map(|value| value.as_object().expect("an object").keys())
    {
        assert!(documented.contains(&format!("`{member}`")), "{member} is not documented");
    }
    assert_snapshot!(shown);
}

#[test]
fn the_json_report_tells_the_failure_step_by_step() {
    let report = json(&broken());
    assert_eq!((&report["version"], &report["verdict"]), (&1.into(), &"broken".into()));
    assert_eq!(texts(&report["invariants"], "verdict"), ["held", "broken"]);
    assert!(
        report["invariants"][1]["place"].as_str().is_some_and(|place| place.contains("scenario.yaml:")),
        "{report}"
    );
    assert_eq!(texts(&report["coverage"]["machines"], "name"), ["flow"]);
    let violation = &report["violations"][0];
    assert_eq!(violation["name"], "each order is paid once");
    let way = &violation["ways"][0];
    assert_eq!(texts(&way["deviations"], "kind"), ["EB-DUP"]);
    assert_eq!(way["deviations"][0]["without"]["verdict"], "held");
    let run = &way["run"];
    assert_eq!(run["timeline"].as_array().and_then(|moments| moments.last()).expect("moments")["is_violation"], true);
    assert!(run["timeline"].as_array().expect("moments").iter().any(|moment| moment["fault"] == "EB-DUP"), "{run}");
    assert_eq!(run["left_out"], serde_json::json!({}));
    for execution in run["executions"].as_array().expect("executions") {
        let events = &execution["history"]["events"];
        assert_eq!((&events[0]["type"], &events[0]["id"]), (&"ExecutionStarted".into(), &1.into()));
    }
}

#[test]
fn the_tables_are_told_before_and_after_every_change() {
    let shop = broken();
    // The function writes twice: once what is not yet paid.
    let put = r#"Table("Orders").put_item(Item={"orderId": event["orderId"], "paid": True})"#;
    let twice = r#"Table("Orders").put_item(Item={"orderId": event["orderId"], "paid": False})"#;
    shop.replace("template.yaml", put, &format!("{twice}\n              boto3.resource(\"dynamodb\").{put}"));
    shop.replace(
        "scenario.yaml",
        "template: template.yaml",
        "template: template.yaml\ntables:\n  Orders: [{orderId: old}]",
    );
    shop.replace(
        "scenario.yaml",
        "always: $count(executions) = $count($distinct(executions.input.orderId))",
        "always: $count(tables.Orders[paid]) = 0",
    );
    let run = &json(&shop)["violations"][0]["ways"][0]["run"];
    assert_eq!(run["tables"], serde_json::json!({"Orders": [{"orderId": "old"}]}));
    let [first, second] = run["steps"].as_array().expect("steps").as_slice() else { panic!("two steps in {run}") };
    assert_eq!(keys(first), "moment at_ms actor changes tables");
    assert_eq!(keys(&first["changes"][0]), "table key old new");
    let order = |paid: bool| serde_json::json!({"orderId": "order-1", "paid": paid});
    assert_eq!(first["changes"][0]["old"], Value::Null);
    assert_eq!((&first["changes"][0]["new"], &second["changes"][0]["old"]), (&order(false), &order(false)));
    assert_eq!(second["changes"][0]["key"], serde_json::json!({"orderId": "order-1"}));
    for (step, paid) in [(first, false), (second, true)] {
        let items = step["tables"]["Orders"].as_array().expect("items");
        assert!(items.len() == 2 && items.contains(&order(paid)), "{step}");
        let what = &run["timeline"][step["moment"].as_u64().expect("a number") as usize]["what"];
        assert!(what.as_str().is_some_and(|what| what.starts_with("dynamodb:PutItem Orders")), "{what}");
    }
}

#[test]
fn reports_of_the_same_check_differ_only_in_what_was_measured() {
    let shop = broken();
    let mut first = json(&shop);
    let mut second = {
        shop.run(&["check", ".", "--seeds", "40", "--jobs", "3", "--report", "json=report.json"]);
        serde_json::from_str::<Value>(&shop.read("report.json")).expect("JSON")
    };
    for report in [&mut first, &mut second] {
        report.as_object_mut().expect("an object").remove("measured").expect("what was measured");
    }
    assert_eq!(first, second);
}

#[test]
fn junit_has_a_case_for_every_invariant_and_regression() {
    let shop = broken();
    shop.replace("scenario.yaml", "each order is paid once", "\"each order is paid <once> & \\u0007 \\\"well\\\"\"");
    std::fs::create_dir(shop.folder().join("regressions")).expect("a folder");
    shop.write("regressions/gone.txt", "seed 1\nnobody#1|events:PutEvents|EB-DUP|0=1\n");
    let ran = shop.check(&["--report", "junit=report.xml", "--report", "json=report.json"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    let shown = Ran { code: ran.code, out: shop.read("report.xml"), err: String::new() }.shown();
    let name = shop.folder().file_name().expect("a name").to_string_lossy().into_owned();
    let shown = shown.replace(&format!(r#"classname="{name}."#), r#"classname="shop."#);
    assert_snapshot!(Regex::new(r#"time="[0-9.]+""#).expect("a pattern").replace_all(&shown, r#"time="[time]""#));
}

#[test]
fn a_report_that_cannot_be_written_is_refused_before_the_work() {
    let shop = Shop::new();
    for (report, reason) in [
        ("json=nowhere/report.json", "nowhere/report.json: cannot be written: there is no such folder"),
        ("junit=.", ".: cannot be written: it is a folder"),
        ("xml=report.xml", "expected junit=FILE, json=FILE or html=FILE"),
        ("json=", "expected junit=FILE, json=FILE or html=FILE"),
        ("json", "expected junit=FILE, json=FILE or html=FILE"),
    ] {
        let ran = shop.check(&["--report", report]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{report}");
        assert!(ran.err.contains(reason), "{report}: {}", ran.err);
    }
}

fn on_github(shop: &Shop, flags: &[&str]) -> String {
    let mut command: Command = shop.command(&[&FLAGS, flags].concat());
    command.env("GITHUB_ACTIONS", "true").env("GITHUB_WORKSPACE", shop.folder());
    let out = Ran::of(command).shown();
    out.lines().filter(|line| line.starts_with("::")).collect::<Vec<_>>().join("\n")
}

#[test]
fn github_shows_what_broke_beside_the_invariant() {
    let shop = broken();
    shop.replace("scenario.yaml", "each order is paid once", "\"each order is paid: 100 %\\nonce\"");
    assert_snapshot!("github_broken", on_github(&shop, &[]));
    assert!(!shop.check(&[]).out.contains("::error"));
    let unreached = Shop::with("scenario.yaml", "$count(tables.Orders[paid]) > 0", "$count(tables.Orders) > 99");
    assert_snapshot!("github_unreached", on_github(&unreached, &[]));
}

#[test]
fn the_page_shows_the_failure_and_nothing_of_it_becomes_markup() {
    let shop = broken();
    shop.replace("scenario.yaml", "each order is paid once", "\"each order is <b>paid</b> once\"");
    let ran = shop.check(&["--report", "html=report.html"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    let page = shop.read("report.html");
    assert!(page.starts_with("<!doctype html>") && page.ends_with("</html>\n"));
    assert!(page.contains("Broken: each order is &lt;b&gt;paid&lt;/b&gt; once") && !page.contains("<b>paid"), "{page}");
    for told in ["EB-DUP", "every promise holds", "ExecutionStarted", "Coverage", "rehearsal replay"] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("<script") && !page.contains("href="));
}
