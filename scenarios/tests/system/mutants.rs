//! Every promise of the mended orders is there for a reason: for each, a change of the template that breaks it.

use std::path::Path;

use rehearsal::harness::Harness;
use rehearsal::testing;
use rehearsal::world::{FaultPlan, When};

use crate::support::{folder, in_parallel, stopped_by_operators, stress};

/// What somebody might change in the template, and the promise that is then broken.
pub struct Mutant {
    pub name: &'static str,
    pub promise: &'static str,
    /// Lines as they stand in the template, without indentation, and what stands there instead, wherever they stand.
    pub changes: &'static [(&'static str, &'static str)],
    pub faults: fn() -> FaultPlan,
}

const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "stock is taken without looking whether it is there",
        promise: "stock is never negative",
        changes: &[(
            "'ConditionExpression': 'quantity >= :n',",
            "'ConditionExpression': 'attribute_exists(quantity)',",
        )],
        faults: stress,
    },
    Mutant {
        name: "what is released does not go back to the shelf",
        promise: "stock, reserved and sold add up to what there was",
        changes: &[(
            "return [update_product(order, product, 'SET quantity = quantity + :n REMOVE reserved.#order')",
            "return [update_product(order, product, 'REMOVE reserved.#order')",
        )],
        faults: stress,
    },
    Mutant {
        name: "what is fulfilled goes back to the shelf",
        promise: "sold is what fulfilled orders hold",
        changes: &[(
            "'UpdateExpression': 'ADD sold :n REMOVE reserved.#order',",
            "'UpdateExpression': 'SET quantity = quantity + :n REMOVE reserved.#order',",
        )],
        faults: stress,
    },
    Mutant {
        name: "a cancelled order keeps its stock",
        promise: "stock is reserved exactly for reserved and paid orders",
        changes: &[(
            "return [end_order(order, 'cancelled', reason)] + release_products(order)",
            "return [end_order(order, 'cancelled', reason)]",
        )],
        faults: stress,
    },
    Mutant {
        name: "a charge is taken twice",
        promise: "each order is charged at most once",
        changes: &[("':charges': charges, ':zero': 0,", "':charges': 2 * charges, ':zero': 0,")],
        faults: stress,
    },
    Mutant {
        name: "a charge does not move its order on",
        promise: "money is held exactly for paid and fulfilled orders",
        changes: &[("pay_order(order_id) if accepted else still_reserved(order_id),", "still_reserved(order_id),")],
        faults: stress,
    },
    Mutant {
        name: "nobody settles an order that is paid",
        promise: "an order is charged if and only if it is fulfilled or refunded",
        changes: &[("UNSETTLED = ('validated', 'reserved', 'paid')", "UNSETTLED = ('validated', 'reserved')")],
        faults: stopped_by_operators,
    },
    Mutant {
        name: "every new order is taken for a duplicate",
        promise: "a completed execution has fulfilled its order, or was a duplicate",
        changes: &[(
            r#""Choices": [{"Variable": "$.isDuplicate", "BooleanEquals": true, "Next": "DuplicateOrder"}],"#,
            r#""Choices": [{"Variable": "$.isDuplicate", "BooleanEquals": false, "Next": "DuplicateOrder"}],"#,
        )],
        faults: stress,
    },
    Mutant {
        name: "nobody settles an order that is only validated",
        promise: "no order is left half-way",
        changes: &[("UNSETTLED = ('validated', 'reserved', 'paid')", "UNSETTLED = ('reserved', 'paid')")],
        faults: stopped_by_operators,
    },
    Mutant {
        name: "a payment is not announced",
        promise: "every fulfilled order is announced, and its payment before it",
        changes: &[("publish(order_id, amount)", "pass")],
        faults: stress,
    },
    Mutant {
        name: "a duplicate waits for somebody who never answers, without a limit",
        promise: "every execution ends",
        changes: &[
            (r#""TimeoutSeconds": 240,"#, ""),
            (
                r#""DuplicateOrder": {"Type": "Succeed"},"#,
                r#""DuplicateOrder": {"Type": "Task", "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "End": true, "Parameters": {"FunctionName": "${OrderReconcilerFunction.Arn}", "Payload": {"cancel": "nobody", "reason": "none", "token.$": "$$.Task.Token"}}},"#,
            ),
        ],
        faults: stress,
    },
];

#[test]
fn every_promise_has_a_mutant_that_breaks_it() {
    every_promise_has_one_of("orders", MUTANTS);
}

#[test]
fn each_mutant_breaks_its_promise() {
    each_breaks_its_promise("orders", MUTANTS);
}

/// Every promise of a scenario is broken by one of `mutants`.
pub fn every_promise_has_one_of(scenario: &str, mutants: &[Mutant]) {
    let names = testing::load(folder(scenario)).invariant_names();
    for (promise, _) in names.into_iter().filter(|(_, when)| *when != When::Sometimes) {
        assert!(mutants.iter().any(|mutant| *mutant.promise == *promise), "no mutant breaks '{promise}'");
    }
}

/// Each of `mutants` breaks the promise that it names.
pub fn each_breaks_its_promise(scenario: &str, mutants: &[Mutant]) {
    let original = std::fs::read_to_string(folder(scenario).join("template.yaml")).expect("the template");
    in_parallel(mutants.len() as u64, |numbers| {
        for mutant in numbers.map(|number| &mutants[number as usize]) {
            let mutated = tempfile::tempdir().expect("a folder");
            let harness = mutant.harness(scenario, &original, mutated.path());
            testing::finds(&harness, SEEDS_MAX, mutant.promise);
        }
    });
}

/// Every mutant is found long before.
const SEEDS_MAX: u64 = 1_000;

impl Mutant {
    fn harness(&self, scenario: &str, original: &str, into: &Path) -> Harness {
        let mut template = original.to_owned();
        for (old, new) in self.changes {
            template = replace_line(&template, old, new, self.name);
        }
        std::fs::write(into.join("template.yaml"), template).expect("a template");
        std::fs::copy(folder(scenario).join("scenario.yaml"), into.join("scenario.yaml")).expect("a scenario");
        testing::load(into).faults((self.faults)())
    }
}

fn replace_line(text: &str, old: &str, new: &str, name: &str) -> String {
    let found = text.lines().filter(|line| line.trim() == old).count();
    assert!(found > 0, "{name}: the template has no line '{old}'");
    let line = |line: &str| {
        if line.trim() == old {
            let indent = &line[..line.len() - line.trim_start().len()];
            format!("{indent}{new}\n")
        } else {
            format!("{line}\n")
        }
    };
    text.lines().map(line).collect()
}
