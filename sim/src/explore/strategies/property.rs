use proptest::prelude::Strategy;
use proptest::{collection, sample};

use crate::world::{Choice, Script};

/// Scripts of at most `deviations_max` of these choices, for property tests. They shrink to fewer choices and to smaller
/// alternatives.
///
/// The choices are places where a run can deviate, each with its last alternative, as
/// [`Harness::places`](crate::harness::Harness::places) lists them.
pub fn scripts(places: Vec<Choice>, deviations_max: usize) -> impl Strategy<Value = Script> {
    let count = deviations_max.min(places.len());
    let draws = collection::vec(0..u32::MAX, count);
    (sample::subsequence(places, 0..=count), draws).prop_map(|(places, draws)| {
        let choices = places.into_iter().zip(draws);
        let draw = |(place, draw): (Choice, u32)| Choice { alternative: 1 + draw % place.alternative.max(1), ..place };
        Script { choices: choices.map(draw).collect() }
    })
}
