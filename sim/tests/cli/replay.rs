//! What one run prints.

use insta::assert_snapshot;

use crate::shop::Shop;

/// The shop with a fault in nearly every run.
fn shop() -> Shop {
    Shop::with("scenario.yaml", "faults: documented", "faults: {LA-COLD: 0.5, EB-DUP: 0.5}")
}

fn token(out: &str) -> String {
    let line = out.lines().last().expect("the line to replay");
    line.split_once("--token ").expect("a token").1.to_owned()
}

#[test]
fn a_run_is_told_in_lines_that_fit() {
    let ran = shop().run(&["replay", ".", "--strategy", "random", "--seed", "3"]);
    let fits = |line: &str| line.contains("--token") || line.chars().count() <= 100;
    assert!(ran.out.lines().all(fits), "{}", ran.out);
    assert_snapshot!(ran.shown());
}

#[test]
fn whole_lines_and_histories_as_aws_writes_them_come_on_request() {
    let out = shop().run(&["replay", ".", "--strategy", "random", "--seed", "3", "--full"]).out;
    let events = out.lines().filter(|line| line.starts_with(r#"    {"timestamp":"#) && line.contains(r#""type":"#));
    assert!(events.count() > 5, "{out}");
    assert!(!out.contains('…') || out.contains("starts with {"), "{out}");
}

#[test]
fn a_seed_and_its_token_tell_the_same_every_time() {
    let shop = shop();
    let by_seed = shop.run(&["replay", ".", "--strategy", "random", "--seed", "3"]).out;
    assert_eq!(shop.run(&["replay", ".", "--strategy", "random", "--seed", "3"]).out, by_seed);
    assert_eq!(shop.run(&["replay", ".", "--token", &token(&by_seed)]).out, by_seed);
}

#[test]
fn decisions_that_no_longer_apply_are_named() {
    let shop = shop();
    let token = token(&shop.run(&["replay", ".", "--strategy", "random", "--seed", "3"]).out);
    shop.replace("template.yaml", "Name: placed", "Name: renamed");
    let ran = shop.run(&["replay", ".", "--token", &token]);
    assert!(ran.err.contains("the scenario changed since this token was made"), "{}", ran.err);
    let (_, unused) = ran.out.split_once("\nunused").unwrap_or_else(|| panic!("{}", ran.shown()));
    assert_snapshot!(unused.split_once("\ntimeline").expect("a timeline").0);
}
