//! Whole seeds per second on one core: three orders for the same few products, documented faults on.
//!
//! Workload and invariants are in Rust, but for the last row, which has the invariants of the scenario file. The target
//! with native handlers is 20,000 seeds a second, with the template's own Python 500; there the limit is CPython.

use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rehearsal::explore::strategies::{Seeded, run_key};
use rehearsal::harness::Harness;
use rehearsal::world::World;
use rehearsal_scenarios::{orders, orders_naive, shoppers};

const ORDERS: u32 = 3;

fn scenario(name: &str) -> Harness {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scenarios").join(name);
    Harness::load(&folder).unwrap_or_else(|problems| panic!("{}", problems.render(false)))
}

fn run(world: &mut World, seed: u64) -> u64 {
    match world.run(Box::new(Seeded::new(seed)), run_key(seed), false) {
        Ok(outcome) => outcome.trace_hash,
        Err(error) => panic!("{error}"),
    }
}

fn sweep(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("sweep");
    group.throughput(Throughput::Elements(1));
    let three = || scenario("orders").workload(|names| shoppers::shoppers(names, ORDERS, shoppers::SCARCE));
    // Of a product that there is enough of: a run that breaks a promise would end before its time.
    let textbook = scenario("orders-naive").workload(|names| shoppers::shoppers(names, ORDERS, shoppers::PLENTIFUL));
    let textbook = textbook.native(orders_naive::handlers).invariants(orders_naive::invariants);
    let judged = || three().invariants(orders::invariants);
    let rows = [
        ("three textbook orders, native handlers", textbook),
        ("three orders, native handlers", judged().native(orders::handlers)),
        ("three orders, Python handlers", judged()),
        ("three orders, Python handlers and the scenario's JSONata", three()),
    ];
    for (name, harness) in rows {
        let mut world = harness.world_of_worker().unwrap_or_else(|error| panic!("{error}"));
        let mut seed = 0;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                seed += 1;
                run(&mut world, seed)
            });
        });
    }
    group.finish();
}

criterion_group!(benches, sweep);
criterion_main!(benches);
