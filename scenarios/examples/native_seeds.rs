//! Whether a scenario keeps its promises over very many seeds, with native handlers and on all cores.
//!
//! `cargo run --release -p rehearsal-scenarios --example native_seeds -- orders 100000`
//!
//! Seeds are drawn in turn uniformly, as swarm, with PCT, and with both, under the scenario's own faults. A third number
//! says where to begin. What breaks is printed with the line that replays it, and ends the run with exit code 1.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use rehearsal::harness::Harness;
use rehearsal::testing;
use rehearsal::world::Token;
use rehearsal_scenarios::{orders, orders_callback, orders_naive, orders_parallel, orders_queued};

const DEFAULT_SEEDS: u64 = 100_000;
/// So many seeds at once: what a sweep keeps of its runs never grows beyond them.
const TURN: u64 = 10_000;

/// The scenarios that hold, with their handlers and, where there are any, their promises in Rust.
fn harness(scenario: &str) -> Option<Harness> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(scenario);
    let load = || testing::load(&folder);
    Some(match scenario {
        "orders" => load().native(orders::handlers).invariants(orders::invariants),
        "orders-parallel" => load().native(orders_parallel::handlers).invariants(orders_parallel::invariants),
        "orders-callback" => load().native(orders_callback::handlers).invariants(orders_callback::invariants),
        "orders-monitored" => load().native(orders_naive::handlers),
        "orders-queued" => load().native(orders_queued::handlers),
        _ => return None,
    })
}

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let scenario = words.next().unwrap_or_else(|| "orders".to_owned());
    let mut number = |default| words.next().map_or(Some(default), |word| word.replace('_', "").parse().ok());
    let (Some(seeds), Some(first)) = (number(DEFAULT_SEEDS), number(0)) else {
        eprintln!("expected numbers: SCENARIO [SEEDS [FIRST]]");
        return ExitCode::from(2);
    };
    let Some(harness) = harness(&scenario) else {
        eprintln!("'{scenario}' is none of orders, orders-parallel, orders-callback, orders-monitored, orders-queued");
        return ExitCode::from(2);
    };
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let names = harness.invariant_names();
    let mut unreached: BTreeSet<usize> = (0..names.len()).collect();
    let (mut done, mut broken, mut executions, mut steps, mut hash) = (0, 0, 0, 0, 0_u64);
    let began = Instant::now();
    while done < seeds {
        let turn = TURN.min(seeds - done);
        let sweep = match harness.sweep(first + done, turn, jobs) {
            Ok(sweep) => sweep,
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::from(2);
            }
        };
        for finding in &sweep.findings {
            broken += finding.runs;
            let script = finding.failures.first().map(|failure| failure.script.clone()).unwrap_or_default();
            let token = Token { seed: finding.seed, scenario: harness.hash(), script };
            println!("broken: {} ({} runs, first seed {})", finding.violation.name, finding.runs, finding.seed);
            println!("  rehearsal replay scenarios/{scenario} --token {token}");
        }
        for (seed, difference) in &sweep.unrepeatable {
            broken += 1;
            println!("seed {seed} does not repeat: {difference}");
        }
        let missed: BTreeSet<usize> = sweep.unreached(&names).into_iter().collect();
        unreached.retain(|place| missed.contains(place));
        done += turn;
        executions += sweep.executions;
        steps += sweep.steps;
        hash = hash.rotate_left(1) ^ sweep.hash;
        eprintln!("{done} seeds, {:.0} a second", done as f64 / began.elapsed().as_secs_f64());
    }
    for place in &unreached {
        println!("never reached: {}", names[*place].0);
    }
    let last = first + seeds.saturating_sub(1);
    println!("{scenario}: {broken} runs of {seeds} seeds ({first}..={last}) break a promise");
    println!("  {executions} executions, {steps} steps, hash {hash:016x}");
    println!("  {jobs} threads, {:.1} s", began.elapsed().as_secs_f64());
    if broken == 0 && unreached.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
