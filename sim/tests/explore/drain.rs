//! The faults stop, and everything must come to an end.

use rehearsal::handlers::Registry;
use rehearsal::world::{FaultId, LIVELOCK, UNDRAINED};
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

#[test]
fn what_takes_longer_than_the_scenario_grants_is_not_drained() {
    let definition = json!({"StartAt": "Sleep", "States": {"Sleep": {"Type": "Wait", "Seconds": 86_400, "End": true}}});
    let stage = Stage::new().machine("sleeper", definition).start("0s", "sleeper", json!({}));
    // As long with faults as without, from the last step of the workload on.
    for (drain, is_drained) in [("11h", false), ("13h", true)] {
        let violation = stage.clone().setting("caps", json!({"drain": drain})).run().outcome.violation;
        assert_eq!(violation.is_none(), is_drained, "{drain}");
        if let Some(violation) = violation {
            assert_eq!(&*violation.name, UNDRAINED);
            assert!(
                violation.waiting[0].contains("is in Sleep and waits for a time to come"),
                "{:?}",
                violation.waiting
            );
        }
    }
}

#[test]
fn faults_stop_when_half_of_what_the_scenario_grants_is_over() {
    // Somebody is refused for ever, as long as there are faults, and tries again for ever.
    let task = json!({"Resource": crate::support::function_arn("work"),
        "Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 9_999, "BackoffRate": 1.0, "IntervalSeconds": 60}]});
    let handlers = || Registry::default().with("work", |_, _: Json| async move { Ok(Json::Null) });
    let stage = Stage::new().function("work").task("stubborn", task).start("0s", "stubborn", json!({}));
    let stage = stage.handlers(handlers).setting("caps", json!({"drain": "1h"}));
    let run = stage.struck_by(FaultId::LaThrottle, 1, u32::MAX);
    assert_eq!(run.outcome.violation, None);
    let minutes = run.outcome.virtual_ms / 60_000;
    assert!((60..=62).contains(&minutes), "{minutes}");
}
