//! Runs many seeds of the native order scenario and prints their joined trace hash: what profilers and memory meters
//! attach to, where criterion's own work would blur the figures.
//!
//! `cargo run --release -p rehearsal-benches --example seeds -- 100000`

use std::path::Path;
use std::time::Instant;

use rehearsal::explore::strategies::{Seeded, run_key};
use rehearsal::harness::Harness;
use rehearsal_scenarios::{orders, shoppers};

const ORDERS: u32 = 3;
const DEFAULT_SEEDS: u64 = 1_000;

fn main() {
    let seeds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(DEFAULT_SEEDS);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios/orders");
    let harness = Harness::load(&folder).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let mut world = harness
        .workload(|names| shoppers::shoppers(names, ORDERS, shoppers::SCARCE))
        .native(orders::handlers)
        .invariants(orders::invariants)
        .world()
        .unwrap_or_else(|error| panic!("{error}"));
    let (mut joined, mut steps) = (0_u64, 0_u64);
    let began = Instant::now();
    for seed in 0..seeds {
        let outcome =
            world.run(Box::new(Seeded::new(seed)), run_key(seed), false).unwrap_or_else(|error| panic!("{error}"));
        joined = joined.rotate_left(1) ^ outcome.trace_hash;
        steps += outcome.steps;
    }
    let micros = began.elapsed().as_micros() as f64 / seeds as f64;
    println!("{seeds} seeds, {steps} steps, {micros:.1} µs a seed, joined hash {joined:016x}");
}
