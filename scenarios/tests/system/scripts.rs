//! A script is the whole of a run: it replays a seed, and what is taken out of it leaves the rest as it was.

use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestError, TestRunner};
use rehearsal::explore::strategies::{Bytes, Replay, Seeded, run_key, scripts};
use rehearsal::world::Script;
use rehearsal_scenarios::shoppers;

use crate::support::{Watched, in_parallel, naive, stress, unjudged, world};

#[test]
fn a_script_replays_its_seed_with_no_choice_left_over() {
    for harness in unjudged() {
        in_parallel(200, |seeds| {
            let mut world = world(&harness);
            for seed in seeds {
                let seeded = world.run(Box::new(Seeded::new(seed)), run_key(seed), true).expect("handlers that run");
                let script = world.core.script();
                let replayed =
                    world.run(Box::new(Replay::new(&script)), run_key(seed), true).expect("handlers that run");
                assert_eq!(seeded, replayed, "seed {seed}");
                assert_eq!(script, world.core.script(), "seed {seed}");
            }
        });
    }
}

#[test]
fn a_script_survives_its_text() {
    let [_, harness] = unjudged();
    let mut world = world(&harness);
    for seed in 0..50 {
        world.run(Box::new(Seeded::new(seed)), run_key(seed), true).expect("handlers that run");
        for choice in world.core.script().choices {
            assert_eq!(choice.to_string().parse(), Ok(choice));
        }
    }
}

#[test]
fn no_site_is_asked_twice() {
    for harness in unjudged() {
        in_parallel(200, |seeds| {
            let mut world = world(&harness);
            for seed in seeds {
                let (decisions, asked) = Watched::new(seed, []);
                world.run(Box::new(decisions), run_key(seed), true).expect("handlers that run");
                for (site, taken) in asked.borrow().values() {
                    let site = site.text(world.core.names(), world.core.lineages());
                    assert_eq!(taken.len(), 1, "seed {seed}: {site}");
                }
            }
        });
    }
}

#[test]
fn taking_a_deviation_out_leaves_every_other_draw_as_it_was() {
    for harness in unjudged() {
        in_parallel(60, |seeds| {
            let mut world = world(&harness);
            for seed in seeds {
                let (decisions, asked) = Watched::new(seed, []);
                world.run(Box::new(decisions), run_key(seed), false).expect("handlers that run");
                let script = world.core.script();
                for choice in script.choices.iter().filter(|choice| choice.is_deviation()) {
                    let (decisions, asked_without) = Watched::new(seed, [choice.key]);
                    world.run(Box::new(decisions), run_key(seed), false).expect("handlers that run");
                    for (key, (site, taken)) in &*asked_without.borrow() {
                        let before = asked.borrow().get(key).map(|(_, taken)| taken.clone());
                        if *key == choice.key || before.as_ref().is_none_or(|before| before == taken) {
                            continue;
                        }
                        let site = site.text(world.core.names(), world.core.lineages());
                        panic!("seed {seed} without {choice}: {site} was {before:?}, is {taken:?}");
                    }
                }
            }
        });
    }
}

#[test]
fn whatever_the_bytes_decide_a_run_comes_to_an_end() {
    let config = ProptestConfig {
        cases: 256,
        rng_seed: RngSeed::Fixed(2026),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let harness = naive().faults(stress());
    let world = std::cell::RefCell::new(world(&harness));
    proptest!(config, |(bytes in prop::collection::vec(any::<u8>(), 0..2_000))| {
        let mut world = world.borrow_mut();
        let decided = world.run(Box::new(Bytes::new(bytes)), run_key(1), true).expect("handlers that run");
        let script = world.core.script();
        let replayed = world.run(Box::new(Replay::new(&script)), run_key(1), true).expect("handlers that run");
        prop_assert_eq!(decided, replayed);
    });
}

#[test]
fn property_tests_draw_scripts_and_shrink_them_to_the_deviation_that_matters() {
    let one_shopper = naive().faults(stress()).workload(|names| shoppers::shoppers(names, 1, shoppers::PLENTIFUL));
    let places = one_shopper.places(0, &Script::default()).expect("handlers that run");
    let world = std::cell::RefCell::new(world(&one_shopper));
    let config =
        ProptestConfig { failure_persistence: None, rng_seed: RngSeed::Fixed(2026), ..ProptestConfig::default() };
    let failed = TestRunner::new(config).run(&scripts(places, 6), |script| {
        let mut world = world.borrow_mut();
        let outcome = world.run(Box::new(Replay::new(&script)), run_key(0), false).expect("handlers that run");
        prop_assert_eq!(outcome.violation, None);
        Ok(())
    });
    match failed {
        Err(TestError::Fail(_, script)) => assert_eq!(script.deviations(), 1, "{script:?}"),
        other => panic!("the textbook orders keep their promises: {other:?}"),
    }
}
