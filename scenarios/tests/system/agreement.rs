//! Native handlers and the template's own Python are the same system: whatever the script, nobody outside can tell them
//! apart. A thousand scripts of each order system, of seeds as every sweep draws them; the tests of those in branches, of
//! those that wait and of queued ones are beside their promises.

use rehearsal::explore::Strategy;
use rehearsal::explore::strategies::{Replay, run_key};
use rehearsal::harness::{Handlers, Harness};
use rehearsal::testing::account;
use rehearsal::world::{FaultPlan, Profile};

use crate::support::{in_parallel, unjudged, world};

#[test]
fn native_and_python_handlers_of_the_mended_orders_agree_on_faulted_scripts() {
    let [mended, _] = unjudged();
    agree(&mended, 0, 500);
    agree(&mended.faults(FaultPlan::of(Profile::Documented)), 500, 500);
}

#[test]
fn native_and_python_handlers_of_the_textbook_orders_agree_on_faulted_scripts() {
    let [_, naive] = unjudged();
    agree(&naive, 0, 500);
    agree(&naive.faults(FaultPlan::of(Profile::Documented)), 500, 500);
}

/// Replays the script of each native run with the template's Python and compares all that happened.
pub fn agree(native: &Harness, first: u64, count: u64) {
    let python = native.clone().handlers(Handlers::Python);
    in_parallel(count, |seeds| {
        let (mut native, mut python) = (world(native), world(&python));
        for seed in seeds.map(|seed| first + seed) {
            let decisions = Strategy::Mixed.recipe(seed).decisions(seed);
            let outcome = native.run(decisions, run_key(seed), true).expect("native handlers run");
            let in_rust = without_traces(account(&native, &outcome));
            let script = native.core.script();
            let outcome = python.run(Box::new(Replay::new(&script)), run_key(seed), true).expect("Python runs");
            let in_python = without_traces(account(&python, &outcome));
            let differing = in_rust.iter().zip(&in_python).find(|(in_rust, in_python)| in_rust != in_python);
            if let Some((in_rust, in_python)) = differing {
                panic!("seed {seed}: the first difference\n  Rust:   {in_rust}\n  Python: {in_python}");
            }
            assert_eq!(in_rust.len(), in_python.len(), "seed {seed}");
        }
    });
}

/// Where an exception came from only Python knows, and nothing but a person reads it.
fn without_traces(lines: Vec<String>) -> Vec<String> {
    lines.into_iter().map(|line| without_trace(&line)).collect()
}

/// Cuts `"requestId": …, "stackTrace": […]` out of the causes in a line, however deep they are quoted.
fn without_trace(line: &str) -> String {
    let mut kept = String::new();
    let mut rest = line;
    while let Some((head, tail)) = rest.split_once("requestId\\") {
        // A frame ends with a line feed, and the last one ends the list.
        let ends = |at: &usize| tail[..*at].trim_end_matches('\\').ends_with('n');
        let Some(end) = tail.match_indices("\"]}").map(|(at, _)| at).find(ends) else { break };
        let head = head.trim_end_matches('"').trim_end_matches('\\').trim_end_matches(' ').trim_end_matches(',');
        kept.push_str(head);
        rest = &tail[end + "\"]".len()..];
    }
    kept.push_str(rest);
    kept
}
