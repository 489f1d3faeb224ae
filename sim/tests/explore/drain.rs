//! The faults stop, and everything must come to an end.

use rehearsal::handlers::Registry;
use rehearsal::world::{LIVELOCK, UNDRAINED};
use rehearsal_engine::{Json, json};

use crate::support::Stage;

fn waits_for_a_token(more: Json) -> Stage {
    let task = crate::support::merged(
        json!({"Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
            "Parameters": {"FunctionName": "forget", "Payload": {"token.$": "$$.Task.Token"}}}),
        more,
    );
    let handlers = || Registry::default().with("forget", |_, _: Json| async move { Ok(Json::Null) });
    Stage::new().function("forget").task("approval", task).start("0s", "approval", json!({})).handlers(handlers)
}

#[test]
fn an_execution_that_waits_for_nobody_is_a_violation_that_says_who_waits_for_what() {
    let run = waits_for_a_token(json!({})).run();
    let violation = run.outcome.violation.expect("a violation");
    assert_eq!(&*violation.name, UNDRAINED);
    assert_eq!(violation.waiting.len(), 1);
    let told = &violation.waiting[0];
    for part in ["approval of actor1", " is in Work and waits that somebody answers its task token", "nothing limits"] {
        assert!(told.contains(part), "{told}");
    }
}

#[test]
fn a_timeout_drains_it() {
    let run = waits_for_a_token(json!({"TimeoutSeconds": 3_600})).run();
    assert_eq!(run.outcome.violation, None);
}

#[test]
fn a_wait_beyond_the_end_of_the_run_is_named_too() {
    let definition =
        json!({"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 40_000_000, "End": true}}});
    let run = Stage::new().machine("sleeper", definition).start("0s", "sleeper", json!({})).run();
    let violation = run.outcome.violation.expect("a violation");
    assert!(violation.name.starts_with(LIVELOCK), "{}", violation.name);
    assert!(violation.waiting[0].ends_with("is in Sleep and waits for a time to come"), "{:?}", violation.waiting);
}
