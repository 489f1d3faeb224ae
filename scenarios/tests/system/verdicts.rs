//! What a failing test tells, and that it can be replayed as it says.

use std::process::Command;

use rehearsal::explore::Regression;
use rehearsal::testing;
use rehearsal::world::Script;

use crate::support::{calm, folder, mended, naive};

/// The message that a test panics with.
fn failure(test: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let panic = std::panic::catch_unwind(test).expect_err("the test fails");
    panic.downcast_ref::<String>().expect("a message").clone()
}

#[test]
#[ignore = "fails, in a process of its own, for those below"]
fn breaks() {
    testing::holds(&naive().faults(calm()), 500);
}

/// Runs the failing test as somebody would who read its last line.
fn run_breaks(variable: Option<(&str, &str)>) -> (bool, String) {
    let mut command = Command::new(std::env::current_exe().expect("this test"));
    command.args(["--exact", "verdicts::breaks", "--ignored", "--nocapture"]);
    command.env_remove(testing::SEED_VARIABLE).env_remove(testing::TOKEN_VARIABLE).envs(variable);
    let output = command.output().expect("this test again");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

fn line<'t>(text: &'t str, start: &str) -> &'t str {
    text.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no line '{start}' in\n{text}"))
}

#[test]
fn a_failing_test_ends_with_the_command_that_replays_it() {
    let (passes, told) = run_breaks(None);
    assert!(!passes);
    assert!(told.contains("broken: stock is never negative"), "{told}");
    let command = line(&told, "REHEARSAL_TOKEN=");
    assert!(command.ends_with(" verdicts::breaks -- --exact"), "{command}");
    let token = command.split(['=', ' ']).nth(1).expect("a token");
    let (passes, again) = run_breaks(Some((testing::TOKEN_VARIABLE, token)));
    assert!(!passes);
    let story = |text: &str| text.split("broken: ").nth(1).map(str::to_owned);
    assert_eq!(story(&told).as_deref().map(line_of_time), story(&again).as_deref().map(line_of_time));
    assert_eq!(line(&told, "rehearsal replay "), line(&again, "rehearsal replay "));
}

fn line_of_time(story: &str) -> String {
    line(story, "  by seed ").to_owned()
}

#[test]
fn the_variables_replay_one_seed_or_one_token() {
    // Nothing is broken by a single shopper.
    let run = naive().faults(calm()).replay(3, &Script::default()).expect("handlers that run");
    assert_eq!(run.outcome.violation, None);
    let token = rehearsal::world::Token { seed: 3, scenario: naive().hash(), script: Script::default() }.to_string();
    assert!(run_breaks(Some((testing::TOKEN_VARIABLE, &token))).0);
    let (passes, told) = run_breaks(None);
    assert!(!passes);
    let token = line(&told, "rehearsal replay ").rsplit(' ').next().expect("a token");
    let (passes, told) = run_breaks(Some((testing::TOKEN_VARIABLE, token)));
    assert!(!passes && told.contains(&format!("REHEARSAL_TOKEN={token} cargo test")), "{told}");
    let (passes, told) = run_breaks(Some((testing::SEED_VARIABLE, "many")));
    assert!(!passes && told.contains("'many' is no seed"), "{told}");
}

#[test]
fn regressions_are_replayed_before_any_seed() {
    let own = tempfile::tempdir().expect("a folder");
    for file in ["template.yaml", "scenario.yaml"] {
        std::fs::copy(folder("orders-naive").join(file), own.path().join(file)).expect("a copy");
    }
    let load = || testing::load(own.path()).native(rehearsal_scenarios::orders_naive::handlers).faults(calm());
    let seed = testing::finds(&load(), 500, "stock is never negative");
    let run = load().run(seed).expect("handlers that run");
    let regression = Regression {
        file: own.path().join("regressions/oversold.txt"),
        comment: "two shoppers, one laptop".to_owned(),
        seed,
        script: run.world.core.script(),
    };
    std::fs::create_dir(own.path().join("regressions")).expect("a folder");
    std::fs::write(&regression.file, regression.to_text()).expect("a regression");
    // No seed is swept: only the regression can break it.
    let message = failure(|| testing::holds(&load(), 0));
    assert!(message.starts_with("the regression "), "{message}");
    assert!(message.contains("oversold.txt is back: two shoppers, one laptop"), "{message}");
    assert!(message.contains("broken: stock is never negative"), "{message}");
    assert!(message.lines().last().is_some_and(|line| line.starts_with("REHEARSAL_TOKEN=")), "{message}");
}

#[test]
fn a_promise_that_no_seed_breaks_is_not_found() {
    let message = failure(|| {
        testing::finds(&mended().faults(calm()), 70, "stock is never negative");
    });
    assert_eq!(message, "'stock is never negative' is not broken by any of 70 seeds, nothing else either");
    let message = failure(|| {
        testing::finds(&mended(), 1, "stock is never negativ");
    });
    assert!(
        message.starts_with("the scenario has no invariant 'stock is never negativ': it has 'stock is"),
        "{message}"
    );
}

#[test]
fn what_is_never_reached_fails_the_test() {
    let message = failure(|| testing::holds(&mended().faults(calm()), 1));
    assert!(message.starts_with("no run of 4 reaches '"), "{message}");
}
