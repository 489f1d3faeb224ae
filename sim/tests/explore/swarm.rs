//! Swarm: what needs one kind of fault again and again.

use rehearsal::explore::Strategy;
use rehearsal::handlers::Registry;
use rehearsal::harness::Harness;
use rehearsal::world::{FaultPlan, Invariant, Profile};
use rehearsal_engine::execution::Status;
use rehearsal_engine::{Json, json};

use crate::support::{Stage, function_arn};
use crate::{explore, found};

/// A task that is retried three times: only a function that is throttled four times in a row fails it.
fn stubborn() -> Harness {
    let task = json!({
        "Resource": function_arn("work"),
        "Retry": [{"ErrorEquals": ["Lambda.TooManyRequestsException"], "MaxAttempts": 3, "IntervalSeconds": 1},
            {"ErrorEquals": ["States.ALL"], "MaxAttempts": 9}],
    });
    let stage = Stage::new().function("work").task("stubborn", task).start("0s", "stubborn", json!({}));
    let handlers = || Registry::default().with("work", |_, event: Json| async move { Ok(event) });
    let harness = stage.handlers(handlers).harness().faults(FaultPlan::of(Profile::Documented));
    harness.invariants(|_| {
        let failed = |status| status == Status::Failed;
        vec![Invariant::eventually("the work is done", move |view| {
            !view.executions().iter().any(|record| failed(record.status))
        })]
    })
}

#[test]
fn a_swarm_exhausts_the_retries_that_uniform_faults_never_do() {
    let stubborn = stubborn();
    assert!(found(&explore(&stubborn, Strategy::Swarm, 0, 3_000)).is_some());
    assert_eq!(found(&explore(&stubborn, Strategy::Random, 0, 3_000)), None);
}

#[test]
fn a_seed_of_a_swarm_repeats() {
    let stubborn = stubborn().strategy(Strategy::Swarm);
    for seed in 0..20 {
        let [first, again] = [(); 2].map(|()| stubborn.run(seed).expect("a run"));
        assert_eq!(first.outcome, again.outcome, "seed {seed}");
    }
}
