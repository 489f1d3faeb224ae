//! Numbers and flags that make no sense, and a reader that goes away.

use std::io::Read as _;
use std::process::Stdio;

use insta::assert_snapshot;

use crate::shop::Shop;

#[test]
fn senseless_flags_are_refused_in_a_sentence() {
    let shop = Shop::new();
    let mut shown = String::new();
    for line in [
        "check . --seeds 0",
        "check . --seeds -1",
        "check . --seeds NaN",
        "check . --seeds 99999999999999999999",
        "check . --seeds 5..5",
        "check . --seeds 9..5",
        "check . --seeds ..5",
        "check . --seeds 1..18446744073709551616",
        "check . --seed x",
        "check . --seed 1 --seeds 5",
        "check . --time 0s",
        "check . --time soon",
        "check . --time 1s --seed 1",
        "check . --strategy best",
        "check . --jobs 0",
        "check . --jobs -3",
        "check . --jobs 100000",
        "check . --faults some",
        "check . --watchdog 0",
        "check",
        "replay .",
        "replay . --seed -1",
        "replay . --seed 18446744073709551616",
        "replay . --seed 1 --token r1.AA",
        "replay . --seed 1 --faults some",
        "replay . --token nonsense",
        "replay . --token r1.AAAA",
        "replay . --token r9.AAAA",
        "replay . --token r1.AAAAAAAAAAAAAAAAAAAAAG5vbnNlbnNl",
        "replay . --token *",
    ] {
        let ran = shop.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{line}: {}", ran.shown());
        shown.extend(["$ rehearsal ", line, "\n", ran.err.lines().next().unwrap_or_default(), "\n"]);
    }
    assert_snapshot!(shown);
}

#[test]
fn the_last_seed_and_more_threads_than_seeds_are_fine() {
    let shop = Shop::new();
    for line in [
        "check . --seeds 18446744073709551615..=18446744073709551615 --jobs 1024",
        "replay . --seed 18446744073709551615",
    ] {
        let ran = shop.run(&line.split(' ').collect::<Vec<_>>());
        assert_eq!(ran.code, 0, "{line}: {}", ran.shown());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let shop = Shop::new();
    let mut command = shop.command(&["replay", ".", "--seed", "3"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
    drop(child.stdout.take());
    let mut err = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut err).expect("UTF-8");
    let status = child.wait().expect("it ends");
    assert_eq!((status.code(), err.as_str()), (Some(0), ""));
}

#[test]
fn the_same_failure_is_told_on_any_number_of_threads() {
    // Many seeds fail, each thread meets one of its own.
    let shop = Shop::with("scenario.yaml", "$draw(1, 9)", "$draw(1, 9) > 8 ? $error(\"nine\") : 1");
    let one = shop.run(&["check", ".", "--seeds", "300", "--jobs", "1"]);
    assert_eq!(one.code, 2, "{}", one.shown());
    for _ in 0..3 {
        assert_eq!(shop.run(&["check", ".", "--seeds", "300", "--jobs", "4"]).err, one.err);
    }
}
