//! `rehearsal match`: what is found, what is counted, what is explained, and what cannot be used.

use std::io::Write as _;
use std::process::Stdio;

use crate::shop::{Ran, Shop};

const LARGE: &str = r#"{"detail": {"total": [{"numeric": [">", 100]}]}}"#;
const PAID: &str = r#"{"detail": {"status": ["paid"]}}"#;
const EVENTS: &str = r#"{"id": "1", "detail": {"total": 7, "status": "paid"}}
{"id": "2", "detail": {"total": 700, "status": "open"}}
{"id": "3", "detail": {"total": 700.5,
                       "status": "paid"}} and what follows
{"id": "4"}
"#;

fn shop() -> Shop {
    let shop = Shop::new();
    shop.write("large.json", LARGE).write("paid.json", PAID).write("events.jsonl", EVENTS);
    shop
}

fn with_input(shop: &Shop, arguments: &[&str], input: &str) -> Ran {
    let file = shop.folder().join("input");
    std::fs::File::create(&file).and_then(|mut file| file.write_all(input.as_bytes())).expect("a file is written");
    let mut command = shop.command(arguments);
    command.stdin(Stdio::from(std::fs::File::open(file).expect("the file")));
    Ran::of(command)
}

#[test]
fn matching_events_are_printed_one_a_line() {
    let shop = shop();
    let ran = shop.run(&["match", "large.json", "events.jsonl"]);
    let second = r#"{"id": "2", "detail": {"total": 700, "status": "open"}}"#;
    let third = format!(r#"{{"id": "3", "detail": {{"total": 700.5, {}"status": "paid"}}}}"#, " ".repeat(23));
    assert_eq!((ran.code, ran.out, ran.err), (0, format!("{second}\n{third}\n"), String::new()));
    for arguments in [&["match", "large.json"][..], &["match", "large.json", "-"]] {
        let ran = with_input(&shop, arguments, second);
        assert_eq!((ran.code, ran.out), (0, format!("{second}\n")), "{arguments:?}");
    }
    let ran = with_input(&shop, &["match", "large.json"], r#"{"id": "4"}"#);
    assert_eq!((ran.code, ran.out.as_str()), (1, ""));
}

#[test]
fn several_patterns_are_told_apart_by_their_files() {
    let shop = shop();
    let ran = shop.run(&["match", "large.json", "events.jsonl", "--pattern", "paid.json"]);
    let lines: Vec<&str> = ran.out.lines().map(|line| line.split(r#","event""#).next().unwrap_or_default()).collect();
    assert_eq!(
        lines,
        [r#"{"patterns":["paid"]"#, r#"{"patterns":["large"]"#, r#"{"patterns":["large","paid"]"#],
        "{}",
        ran.out
    );
    let ran = shop.run(&["match", "large.json", "events.jsonl", "--count", "--pattern", "paid.json"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "large: 2\npaid: 2\n"));
    let ran = shop.run(&["match", "large.json", "events.jsonl", "--count"]);
    assert_eq!((ran.code, ran.out.as_str()), (0, "2\n"));
    let ran = shop.run(&["match", "large.json", "events.jsonl", "--pattern", "./large.json"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("two patterns are called 'large'"), "{}", ran.err);
}

#[test]
fn an_explanation_names_the_fields_and_what_they_hold() {
    let shop = shop();
    let ran = shop.run(&["match", "large.json", "events.jsonl", "--explain"]);
    let expected = "event at line 1: does not match\n  detail.total is 7, wanted [{\"numeric\":[\">\",100]}]\n\
                    event at line 2: matches\nevent at line 3: matches\n\
                    event at line 5: does not match\n  detail.total is not there, wanted [{\"numeric\":[\">\",100]}]\n";
    assert_eq!((ran.code, ran.out.as_str()), (0, expected));
    let apart = r#"{"items": {"sku": ["a"], "qty": [2]}}"#;
    shop.write("apart.json", apart);
    let event = r#"{"items": [{"sku": "a", "qty": 1}, {"sku": "b", "qty": 2}]}"#;
    let ran = with_input(&shop, &["match", "apart.json", "--explain"], event);
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("not by values of the same element"), "{}", ran.out);
}

#[test]
fn a_pattern_that_aws_refuses_is_refused_in_its_words_and_with_its_place() {
    let shop = shop();
    shop.write("bad.json", "{\n  \"source\": \"shop\"\n}");
    let ran = shop.run(&["match", "bad.json", "events.jsonl"]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(
        ran.err.contains(r#"Event pattern is not valid. Reason: "source" must be an object or an array"#),
        "{}",
        ran.err
    );
    assert!(ran.err.contains("--> bad.json:2:13"), "{}", ran.err);
}

#[test]
fn an_event_that_is_none_is_named_and_the_others_are_read() {
    let shop = shop();
    let events = "{\"detail\": {\"total\": 200}}\n{\"detail\": {\"total\": \n{\"detail\": {\"total\": 300}}\nnonsense\n{\"detail\": {\"total\": 400}}";
    let ran = with_input(&shop, &["match", "large.json"], events);
    assert_eq!((ran.code, ran.out.lines().count()), (2, 3), "{}{}", ran.out, ran.err);
    assert_eq!(ran.err.lines().count(), 2, "{}", ran.err);
    assert!(ran.err.contains("standard input:4:"), "{}", ran.err);
    let ran = with_input(&shop, &["match", "large.json", "--envelope"], r#"{"detail": {"total": 200}}"#);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert_eq!(ran.err, "standard input:1:1: Parameter Event is not valid.\n");
}

#[test]
fn lines_end_as_windows_writes_them_and_blank_ones_hold_nothing() {
    let shop = shop();
    let input = "\u{feff}{\"detail\": {\"status\": \"paid\"}}\r\n\r\n   \n{\"detail\": {\"status\": \"open\"}}\r\n\n{\"detail\": \
                 {\"status\": \"paid\"}, \"n\": 2}\r\n";
    let ran = with_input(&shop, &["match", "paid.json"], input);
    let expected = "{\"detail\": {\"status\": \"paid\"}}\n{\"detail\": {\"status\": \"paid\"}, \"n\": 2}\n";
    assert_eq!((ran.code, ran.out.as_str(), ran.err.as_str()), (0, expected, ""));
    assert_eq!(with_input(&shop, &["match", "paid.json"], "").code, 1);
}

#[test]
fn an_event_may_be_longer_than_what_is_read_at_once() {
    let shop = shop();
    let long = format!(r#"{{"detail": {{"text": "{}", "status": "paid"}}}}"#, "x".repeat(5 << 20));
    let ran = with_input(&shop, &["match", "paid.json"], &format!("{{}}\n{long}\n{{\"detail\": 1}}\n"));
    assert_eq!((ran.code, ran.out.len()), (0, long.len() + 1));
}
