//! Whole histories and a timeline, as a person would read them.

use rehearsal::explore::strategies::Benign;
use rehearsal::testing::{self, history, history_lines, timeline};
use rehearsal::world::Script;

use crate::support::{calm, mended, naive};

#[test]
fn the_history_of_an_order_that_is_completed() {
    let run = mended().run_with(0, Box::new(Benign)).expect("handlers that run");
    insta::assert_json_snapshot!(history(&run, 0));
}

#[test]
fn the_history_of_an_order_whose_payment_is_declined() {
    // The gateway draws a number near one, and accepts below 0.9.
    let site = "shopper#1/events:PutEvents/OrderPlacedRule/delivery/OrderProcessingWorkflow/ProcessPayment/try/\
                payment-processing|handler|random|0";
    let declined = Script { choices: vec![format!("{site}=2").parse().expect("a choice")] };
    let run = mended().faults(calm()).replay(0, &declined).expect("handlers that run");
    assert_eq!(run.unused, []);
    insta::assert_snapshot!(history_lines(&run, 0));
}

#[test]
fn the_timeline_of_a_textbook_run_that_sells_what_is_not_there() {
    let naive = naive().faults(calm());
    let seed = testing::finds(&naive, 500, "stock is never negative");
    let run = naive.run(seed).expect("handlers that run");
    insta::assert_snapshot!(timeline(&run));
}
