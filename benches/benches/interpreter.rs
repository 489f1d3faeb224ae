//! State transitions per second of the interpreter: a chain of Pass states and a Choice loop, history off and on.
//!
//! The limit beside it: cloning a shared payload, which is the least that a transition must do. The fastest emulator
//! that was measured reaches 0.15 million transitions a second; the target is over 2 million without history.

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rehearsal_engine::asl::{Program, StateId};
use rehearsal_engine::execution::{Effect, Env, Execution, Site, Start};
use rehearsal_engine::{Json, json};

const CHAIN_STATES: u64 = 1_000;
const LOOP_ROUNDS: u64 = 500;

struct NoEnv;

impl Env for NoEnv {
    fn now_ms(&self) -> u64 {
        0
    }

    fn random(&mut self, _: &Site, _: u32) -> f64 {
        0.0
    }

    fn uuid(&mut self, _: &Site, _: u32) -> String {
        String::new()
    }

    fn task_token(&mut self, _: &Site) -> Arc<str> {
        "".into()
    }

    fn entered(&mut self, _: StateId, _: Option<StateId>) {}
}

fn chain() -> Program {
    let mut states = Vec::new();
    for n in 0..CHAIN_STATES {
        let end = if n + 1 == CHAIN_STATES { "\"End\":true".to_owned() } else { format!("\"Next\":\"S{}\"", n + 1) };
        states.push(format!("\"S{n}\":{{\"Type\":\"Pass\",{end}}}"));
    }
    compile(&format!("{{\"StartAt\":\"S0\",\"States\":{{{}}}}}", states.join(",")))
}

/// Counts down: a Choice and a Pass with a payload template each round.
fn choice_loop() -> Program {
    compile(
        r#"{"StartAt":"More?","States":{
            "More?":{"Type":"Choice","Choices":[{"Variable":"$.left","NumericGreaterThan":0,"Next":"Step"}],"Default":"Done"},
            "Step":{"Type":"Pass","Parameters":{"left.$":"States.MathAdd($.left, -1)","order.$":"$.order"},"Next":"More?"},
            "Done":{"Type":"Succeed"}}}"#,
    )
}

fn compile(text: &str) -> Program {
    Program::compile(text).unwrap_or_else(|problems| panic!("the definition compiles: {problems:?}"))
}

fn order() -> Json {
    json!({"orderId": "order-1", "customerId": "CUST001", "items": [
        {"productId": "LAPTOP001", "quantity": 1, "price": 999.99},
        {"productId": "MOUSE001", "quantity": 2, "price": 29.99}], "totalAmount": 1059.97})
}

fn run(program: &Arc<Program>, input: &Json, history: bool, effects: &mut Vec<Effect>) {
    let mut execution = Execution::start(program.clone(), Start { history, ..Start::new(input.clone()) });
    effects.clear();
    execution.poll(&mut NoEnv, effects);
    assert!(execution.outcome().is_some());
}

fn interpreter(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("interpreter");
    let counted = Json::from_pairs([("left", Json::from(LOOP_ROUNDS)), ("order", order())]);
    let cases = [
        ("pass chain", Arc::new(chain()), order(), CHAIN_STATES),
        ("choice loop", Arc::new(choice_loop()), counted, LOOP_ROUNDS * 2 + 2),
    ];
    let mut effects = Vec::new();
    for (name, program, input, transitions) in &cases {
        group.throughput(Throughput::Elements(*transitions));
        for (history, label) in [(false, "history off"), (true, "history on")] {
            group.bench_function(format!("{name}, {label}"), |bencher| {
                bencher.iter(|| run(program, input, history, &mut effects));
            });
        }
    }
    group.throughput(Throughput::Elements(CHAIN_STATES));
    group.bench_function("limit: clone a payload", |bencher| {
        let input = order();
        bencher.iter(|| {
            for _ in 0..CHAIN_STATES {
                black_box(black_box(&input).clone());
            }
        });
    });
    group.finish();
}

criterion_group!(benches, interpreter);
criterion_main!(benches);
