use std::collections::BTreeMap;

use crate::diagnostics::Problems;
use crate::scenario::{Loaded, Within, load_with};

const TEMPLATE: &str = include_str!("../../template/tests/orders.yaml");

const BASE: &str = "
template: template.yaml
description: the base
workload:
  - {actor: a, wait: 1s}
invariants:
  - {name: nothing happens, always: 'true'}
";

/// Loads `planted/variant.yaml` with a base in `orders` and further files.
fn load(variant: &str, others: &[(&str, &str)]) -> Result<Loaded, Problems> {
    let mut files = BTreeMap::from([
        ("variant.yaml", variant),
        ("../orders/scenario.yaml", BASE),
        ("../orders/template.yaml", TEMPLATE),
    ]);
    files.extend(others.iter().copied());
    let read = |path: &str| files.get(path).map(|text| (*text).to_owned()).ok_or("there is no such file".to_owned());
    load_with("planted", "variant.yaml", &read, &|path| format!("planted/{path}"))
}

fn loaded(variant: &str) -> Loaded {
    load(variant, &[]).unwrap_or_else(|problems| panic!("{problems}"))
}

/// The first problem, as people read it.
fn refused(variant: &str, others: &[(&str, &str)]) -> String {
    load(variant, others).expect_err("a problem").render(false)
}

#[test]
fn a_variant_without_edits_is_its_base_under_its_own_name() {
    let loaded = loaded("variant_of: ../orders\n");
    assert_eq!(&*loaded.scenario.name, "variant");
    assert_eq!(loaded.scenario.description.as_deref(), Some("the base"));
    assert_eq!(loaded.folder.to_str(), Some("../orders"));
    assert_eq!(loaded.regressions.to_str(), Some("regressions/variant"));
    assert_eq!(loaded.scenario.workload.len(), 1);
}

#[test]
fn edits_change_the_template_and_the_scenario_file() {
    let variant = "
variant_of: ../orders/scenario.yaml
description: two of them
breaks: [something happens]
within: {runs: 40, deviations: 1, actors: 2}
edits:
  - {replace: 'FunctionName: order-validation', with: 'FunctionName: checks-orders'}
  - file: scenario.yaml
    replace: |
      - {name: nothing happens, always: 'true'}
    with: |
      - name: something happens
        always: 'true'
";
    let loaded = loaded(variant);
    assert_eq!(loaded.scenario.description.as_deref(), Some("two of them"));
    assert!(loaded.stack.function("checks-orders").is_some() && loaded.stack.function("order-validation").is_none());
    assert_eq!(&*loaded.scenario.invariants[0].name, "something happens");
    assert_eq!(loaded.breaks.iter().map(|name| &**name).collect::<Vec<_>>(), ["something happens"]);
    assert_eq!(loaded.within, Some(Within { runs: 40, deviations: 1, actors: 2 }));
}

#[test]
fn whole_lines_are_found_at_any_indentation_and_keep_it() {
    let variant = "
variant_of: ../orders
edits:
  - file: scenario.yaml
    replace: |
      workload:
        - {actor: a, wait: 1s}
    with: |
      workload:
        - {actor: a, wait: 2s}
        - {actor: b, wait: 3s}
";
    assert_eq!(loaded(variant).scenario.workload.len(), 2);
}

#[test]
fn a_variant_of_a_variant_is_edited_after_it() {
    let first = "variant_of: ../orders\nedits: [{file: scenario.yaml, replace: 'actor: a', with: 'actor: b'}]\n";
    let second = "variant_of: first.yaml\nedits: [{file: scenario.yaml, replace: 'actor: b', with: 'actor: c'}]\n";
    let loaded = load(second, &[("first.yaml", first)]).unwrap_or_else(|problems| panic!("{problems}"));
    assert_eq!(&*loaded.scenario.workload[0].name, "c");
}

#[test]
fn what_cannot_be_done_is_told_where_it_is_written() {
    let cases = [
        ("variant_of: ../ordres\n", "there is no scenario at '../ordres'"),
        ("variant_of: ../orders\nedits: [{replace: no such text, with: a}]\n", "'template.yaml' has no such text"),
        ("variant_of: ../orders\nedits: [{replace: Type, with: a}]\n", "'template.yaml' has this text"),
        ("variant_of: ../orders\nedits: [{file: a.py, replace: b, with: a}]\n", "'a.py' cannot be read"),
        ("variant_of: ../orders\nedits: [{replace: '', with: a}]\n", "there is nothing to replace"),
        ("variant_of: ../orders\nworkload: []\n", "'workload'"),
        ("variant_of: ../orders\nbreaks: [nothing hapens]\n", "the scenario has no invariant 'nothing hapens'"),
        ("variant_of: ../orders\nwithin: {runs: 0, deviations: 1, actors: 1}\n", "a whole number from 1"),
        ("variant_of: ../orders\nwithin: {runs: 9, actors: 1}\n", "'deviations' is missing"),
        ("variant_of: variant.yaml\n", "this is a variant of a variant, 32 times over"),
    ];
    for (variant, expected) in cases {
        let text = refused(variant, &[]);
        assert!(text.contains(expected) && text.contains("planted/variant.yaml:"), "{variant}: {text}");
    }
}
