//! On madsim, whatever a native handler reads the time from follows the world's clock.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rehearsal::explore::strategies::Benign;
use rehearsal::handlers::Registry;
use rehearsal::harness::{Harness, Run};
use rehearsal::services::{Request, lambda};
use rehearsal::world::{ActorStep, Name, Names, PlannedActor, Shape, Workload};
use rehearsal_engine::{Json, json};

/// What a handler saw: the world's clock, the system's, and what a stopwatch showed since it began.
type Sighting = (u64, u64, u64);

#[test]
fn the_clocks_inside_a_native_handler_follow_the_world() {
    let (_, sightings) = run(7);
    let expected_ms: [u64; 3] = [0, 250, 250 + 1_500];
    for (number, invocation) in sightings.chunks(3).enumerate() {
        let begun_ms = invocation[0].0;
        for ((world_ms, system_ms, stopwatch_ms), expected) in invocation.iter().zip(&expected_ms) {
            assert_eq!(system_ms, world_ms, "invocation {number}");
            assert_eq!(world_ms - begun_ms, *expected, "invocation {number}");
            assert_eq!(stopwatch_ms, expected, "invocation {number}");
        }
    }
    assert_eq!(sightings.len(), 6, "two invocations");
    let apart_ms = sightings[3].0 - sightings[0].0;
    assert_eq!(apart_ms, 86_400_000, "one a day after the other");
}

#[test]
fn a_run_sees_the_same_times_again() {
    let (first, seen_first) = run(11);
    let (second, seen_second) = run(11);
    assert_eq!(first.outcome, second.outcome);
    assert_eq!(seen_first, seen_second);
}

fn run(seed: u64) -> (Run, Vec<Sighting>) {
    let sightings = Arc::new(Mutex::new(Vec::new()));
    let seen = sightings.clone();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("orders-naive");
    let harness = Harness::load(&folder).expect("a scenario");
    let functions = harness.loaded().stack.functions.len();
    assert!(functions > 0);
    let harness = harness.invariants(|_| Vec::new()).workload(|names| Box::new(Daily::new(names))).native(move || {
        let sightings = sightings.clone();
        Registry::default().with("order-validation", move |context, _| {
            let sightings = sightings.clone();
            async move {
                let begun = Instant::now();
                // Less than the function's timeout of three seconds.
                for sleep_ms in [0, 250, 1_500] {
                    context.sleep_ms(sleep_ms).await;
                    let system = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, whole_ms);
                    let sighting = (context.now().0, system, whole_ms(begun.elapsed()));
                    sightings.lock().expect("no handler panics").push(sighting);
                }
                Ok(Json::Null)
            }
        })
    });
    let run = harness.run_with(seed, Box::new(Benign)).expect("a run");
    let seen = seen.lock().expect("no handler panics").clone();
    (run, seen)
}

fn whole_ms(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

/// Invokes the function twice, a day apart.
struct Daily {
    actor: Name,
}

impl Daily {
    fn new(names: &mut Names) -> Daily {
        Daily { actor: names.intern("daily") }
    }
}

impl Workload for Daily {
    fn plan(&mut self, shape: &mut Shape<'_>, actors: &mut Vec<PlannedActor>) -> Result<(), String> {
        let invoke = lambda::Invoke {
            function: lambda::Target::Text("order-validation".into()),
            payload: json!({}),
            mode: lambda::Mode::Asynchronous,
        };
        for number in 1..=2 {
            let Some(own) = shape.actor(self.actor, number) else { continue };
            let steps = vec![ActorStep::Send(Request::Lambda(Box::new(invoke.clone())))];
            actors.push(PlannedActor { actor: own.lineage(), at_ms: u64::from(number - 1) * 86_400_000, steps });
        }
        Ok(())
    }
}
