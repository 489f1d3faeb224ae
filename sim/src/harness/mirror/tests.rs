use rehearsal_engine::query::jsonata::from_jvalue;

use super::*;
use crate::harness::Harness;
use crate::world::Invariant;

const TEMPLATE: &str = include_str!("../../../tests/cli/shop/template.yaml");
const SCENARIO: &str = include_str!("../../../tests/cli/shop/scenario.yaml");

#[test]
fn what_is_kept_up_to_date_is_what_would_be_made_anew() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    std::fs::write(folder.path().join("template.yaml"), TEMPLATE).expect("the template is written");
    let scenario = SCENARIO.replace("faults: documented", "faults: stress").replace(
        "workload:",
        "mocks: {charge: [{error: Declined}, {result: {paid: true}}]}\ntables: {Orders: [{orderId: order-2}]}\nworkload:",
    );
    std::fs::write(folder.path().join("scenario.yaml"), scenario).expect("the scenario is written");
    let harness = Harness::load(folder.path()).expect("a scenario").invariants(|_| {
        let mut mirror = Mirror::default();
        vec![Invariant::always("the mirror is right", Parts::ALL, move |view| {
            let json = |value| from_jvalue(&value).expect("JSON").expect("a value");
            let (kept, anew) = (mirror.refresh(view, Parts::ALL), Mirror::default().refresh(view, Parts::ALL));
            json(kept) == json(anew)
        })]
    });
    let found = harness.sweep(0, 200, 1).expect("a sweep");
    assert!(found.executions > 300 && found.findings.is_empty(), "{:?}", found.findings);
}
