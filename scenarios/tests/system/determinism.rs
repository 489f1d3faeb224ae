//! The same scenario, seed and script give the same run: on any number of threads, in any process.

use std::process::Command;

use rehearsal::explore::strategies::{Seeded, run_key};
use rehearsal::harness::Harness;
use rehearsal::testing::account;
use rehearsal::world::World;

use crate::support::{mended, naive, unjudged, world};

/// With the promises that the files have, or without any.
fn all() -> Vec<Harness> {
    unjudged().into_iter().chain([mended(), naive()]).collect()
}

fn told(world: &mut World, seed: u64) -> Vec<String> {
    let outcome = world.run(Box::new(Seeded::new(seed)), run_key(seed), true).expect("handlers that run");
    account(world, &outcome)
}

#[test]
fn a_seed_repeats_in_a_world_that_was_used_and_in_a_new_one() {
    for harness in all() {
        let mut used = world(&harness);
        for seed in 0..40 {
            let first = told(&mut used, seed);
            assert_eq!(first, told(&mut used, seed), "seed {seed}");
            if seed % 8 == 0 {
                assert_eq!(first, told(&mut world(&harness), seed), "seed {seed} in a new world");
            }
        }
    }
}

#[test]
fn recording_a_run_changes_nothing() {
    for harness in all() {
        let mut world = world(&harness);
        for seed in 0..100 {
            let mut run = |recorded| world.run(Box::new(Seeded::new(seed)), run_key(seed), recorded);
            assert_eq!(run(false), run(true), "seed {seed}");
        }
    }
}

#[test]
fn seeds_differ() {
    for harness in all() {
        let mut world = world(&harness);
        let mut hashes: Vec<u64> = (0..100)
            .map(|seed| {
                world.run(Box::new(Seeded::new(seed)), run_key(seed), false).expect("handlers that run").trace_hash
            })
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), 100);
    }
}

#[test]
fn a_sweep_is_the_same_on_one_thread_and_on_four() {
    for harness in all() {
        let sweep = |jobs| {
            let sweep = harness.sweep(5, 300, jobs).expect("handlers that run");
            assert!(sweep.unrepeatable.is_empty(), "{:?}", sweep.unrepeatable);
            format!("{sweep:?}")
        };
        assert_eq!(sweep(1), sweep(4));
    }
}

#[test]
fn two_processes_sweep_alike() {
    let own = sweep_line();
    for _ in 0..2 {
        let this = std::env::current_exe().expect("this test");
        let arguments = ["--exact", "determinism::prints_its_sweep", "--ignored", "--nocapture"];
        let output = Command::new(this).args(arguments).output().expect("this test again");
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.contains(&own), "{own} is not in\n{text}");
    }
}

#[test]
#[ignore = "runs in a process of its own, for two_processes_sweep_alike"]
fn prints_its_sweep() {
    println!("\n{}", sweep_line());
}

fn sweep_line() -> String {
    let hashes = unjudged().map(|harness| harness.sweep(0, 100, 2).expect("handlers that run").hash);
    format!("sweeps: {hashes:x?}")
}
