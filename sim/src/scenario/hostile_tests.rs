//! Files that were cut, doubled and scrambled: whatever comes out, it comes out as problems that can be shown.

use proptest::prelude::*;

use super::tests::{SHOPPERS, TEMPLATE};
use super::{Loaded, load_with};
use crate::diagnostics::Problems;

/// Pieces that mean something to the readers.
const PIECES: [&str; 24] = [
    "!Ref ",
    "!Sub '${",
    "!GetAtt A.B",
    "!If [a, b, c]",
    "{'Fn::Join': ['', ",
    "Fn::Select",
    "${",
    "}",
    "{",
    "[",
    "]",
    ": ",
    "\n",
    "\n  ",
    "'",
    "\"",
    "|\n",
    "&a ",
    "*a",
    "!Ref AWS::NoValue",
    "null",
    "99999999999999999999",
    "é\u{1f600}",
    "{% ",
];

/// A text with stretches replaced by pieces or by other stretches of itself.
fn scrambled(text: &'static str) -> impl Strategy<Value = String> {
    let edit = (0.0..1.0f64, 0..60usize, prop_oneof![0..PIECES.len(), 1000..1060usize], 0.0..1.0f64);
    prop::collection::vec(edit, 1..6).prop_map(move |edits| {
        let mut letters: Vec<char> = text.chars().collect();
        for (at, length, piece, from) in edits {
            let place = |share: f64, letters: &[char]| ((letters.len() as f64 * share) as usize).min(letters.len());
            let start = place(at, &letters);
            let end = (start + length).min(letters.len());
            let piece: Vec<char> = match PIECES.get(piece) {
                Some(piece) => piece.chars().collect(),
                None => letters.iter().copied().skip(place(from, &letters)).take(piece - 1000).collect(),
            };
            letters.splice(start..end, piece);
        }
        letters.into_iter().collect()
    })
}

fn load(scenario: &str, template: &str) -> Result<Loaded, Problems> {
    let read = |path: &str| match path {
        "scenario.yaml" => Ok(scenario.to_owned()),
        "template.yaml" => Ok(template.to_owned()),
        "flow.asl.json" => Ok(crate::template::SAM_FLOW.to_owned()),
        _ => Err("there is no such file".to_owned()),
    };
    load_with("shop", "scenario.yaml", &read, &str::to_owned)
}

/// A refusal has a reason, and everything said can be shown.
fn check(outcome: Result<Loaded, Problems>) {
    let (sources, problems) = match outcome {
        Ok(loaded) => (loaded.sources, loaded.warnings),
        Err(refused) => {
            assert!(refused.problems.iter().any(crate::diagnostics::Problem::is_error));
            (refused.sources, refused.problems)
        }
    };
    let shown = crate::diagnostics::render(&sources, &problems, false);
    assert_eq!(shown.is_empty(), problems.is_empty());
}

proptest! {
    #[test]
    fn a_scrambled_template_is_refused_or_read(template in scrambled(TEMPLATE)) {
        check(load("workload: [{actor: a, wait: 1s}]\n", &template));
    }

    #[test]
    fn a_scrambled_serverless_template_is_refused_or_read(template in scrambled(crate::template::SAM_SHOP)) {
        check(load("workload: [{actor: a, wait: 1s}]\n", &template));
    }

    #[test]
    fn a_scrambled_scenario_is_refused_or_read(scenario in scrambled(SHOPPERS)) {
        check(load(&scenario, TEMPLATE));
    }

    #[test]
    fn any_text_at_all_is_refused_or_read(text in "[\\PC\\n]{0,200}") {
        check(load(&text, &text));
    }
}
