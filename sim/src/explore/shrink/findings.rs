//! Every broken promise of a sweep, cut down: on several threads, told in the order of the findings.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::{Limits, Shrunk, shrink};
use crate::explore::crew::STACK_BYTES;
use crate::explore::{Failure, Sweep};
use crate::handlers::HostError;
use crate::world::{Violation, World};

/// Runs that shrinking one failure may take.
pub const SHRINK_RUNS_MAX: u64 = 3_000;
/// Real time after which the best so far is kept: with slow handlers only, so that the same is told everywhere else.
const SHRINK_TIME_MAX: Duration = Duration::from_secs(20);
/// Different ways in which a promise breaks that are told.
const TOLD_MAX: usize = 3;

/// What became of one failure; nothing when it does not break its promise again.
type Done = Result<Option<Shrunk>, HostError>;

/// For every finding its different failures, cut down: no two that need the same kinds of deviations.
pub fn shrink_findings(
    sweep: &Sweep,
    jobs: usize,
    world: &(dyn Fn() -> Result<World, HostError> + Sync),
) -> Result<Vec<Vec<Shrunk>>, HostError> {
    let work: Vec<(usize, &Violation, &Failure)> = sweep
        .findings
        .iter()
        .enumerate()
        .flat_map(|(place, finding)| finding.failures.iter().map(move |failure| (place, &finding.violation, failure)))
        .collect();
    let done: Vec<Mutex<Option<Done>>> = work.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let shrink_some = || {
        let mut own = None;
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some((_, violation, failure)) = work.get(place) else { return };
            let shrunk = (|| {
                let world = match &mut own {
                    Some(world) => world,
                    none => none.insert(world()?),
                };
                let limits = Limits { runs_max: SHRINK_RUNS_MAX, goes_on: &|| began.elapsed() < SHRINK_TIME_MAX };
                shrink(world, failure.seed, &failure.script, violation, &limits)
            })();
            if let Ok(mut done) = done[place].lock() {
                *done = Some(shrunk);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, work.len().max(1)) {
            if std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, shrink_some).is_err() {
                break;
            }
        }
    });
    let mut by_finding: Vec<Vec<Shrunk>> = vec![Vec::new(); sweep.findings.len()];
    for ((place, _, _), done) in work.iter().zip(done) {
        let Some(shrunk) = done.into_inner().ok().flatten().transpose()?.flatten() else { continue };
        let told = &mut by_finding[*place];
        // Of two that are alike the smaller one is told.
        match told.iter_mut().find(|known| known.is_like(&shrunk)) {
            Some(known) if size(&shrunk) < size(known) => *known = shrunk,
            Some(_) => {}
            None => told.push(shrunk),
        }
    }
    for told in &mut by_finding {
        told.sort_by_key(size);
        told.truncate(TOLD_MAX);
    }
    Ok(by_finding)
}

fn size(shrunk: &Shrunk) -> (usize, usize, u64) {
    let values = shrunk.script.choices.iter().map(|choice| u64::from(choice.alternative)).sum();
    (shrunk.script.deviations(), shrunk.script.choices.len(), values)
}
