//! Where two runs of one seed first go different ways.

use super::job::Job;
use super::strategies::run_key;
use crate::handlers::HostError;
use crate::world::{Moment, World};

/// How often the two are compared before we give up: what does not repeat may do so by chance.
const TRIES: usize = 8;

/// The first event in which two runs of `job` differ, as a sentence.
pub(super) fn first_difference(job: &Job, world: &mut World) -> Result<String, HostError> {
    let told = |world: &mut World| -> Result<(Vec<Moment>, u64), HostError> {
        let outcome = world.run(job.recipe.decisions(job.seed), run_key(job.seed), true)?;
        Ok((world.core.trace().timeline().to_vec(), outcome.trace_hash))
    };
    let mut before = told(world)?;
    for _ in 0..TRIES {
        let after = told(world)?;
        if before.0 != after.0 {
            return Ok(differing(&before.0, &after.0));
        }
        if before.1 != after.1 {
            return Ok("all events are the same; what differs is the order of entries or the tables at the end".into());
        }
        before = after;
    }
    Ok("it differed once and not again".into())
}

fn differing(before: &[Moment], after: &[Moment]) -> String {
    let place = before.iter().zip(after).take_while(|(before, after)| before == after).count();
    let event = |moment: Option<&Moment>| match moment {
        Some(Moment { at, actor, what, .. }) => format!("{at} {actor}: {what}"),
        None => "nothing more".to_owned(),
    };
    let (once, then) = (event(before.get(place)), event(after.get(place)));
    format!("event {} was '{once}' and then '{then}'", place + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::Millis;

    #[test]
    fn the_first_event_that_differs_is_named() {
        let moment =
            |what: &str| Moment { at: Millis::START, actor: "shopper#1".into(), what: what.into(), fault: None };
        let before = [moment("pays"), moment("waits"), moment("leaves")];
        let after = [moment("pays"), moment("leaves")];
        let told = differing(&before, &after);
        assert!(told.starts_with("event 2 was '") && told.contains("shopper#1: waits' and then '"), "{told}");
        assert!(differing(&before, &before[..1]).ends_with("and then 'nothing more'"));
    }
}
