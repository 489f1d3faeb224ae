use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use super::job::{Job, Ran};
use crate::handlers::HostError;
use crate::handlers::python::Notice;
use crate::world::{Counts, Fresh, InjectionPoint, World};

/// Threads that make runs, each in a world of its own: one generation after the other, told in the order of the jobs.
pub(super) struct Crew<'c> {
    turns: Vec<Sender<Arc<Turn>>>,
    answers: Receiver<(usize, Result<Ran, HostError>)>,
    progress: &'c (dyn Fn(u64) + Sync),
}

/// One generation, as the workers see it.
struct Turn {
    jobs: Vec<Job>,
    /// What was reached for the first time in the generation before.
    known: Vec<Fresh>,
    next: AtomicUsize,
    /// The smallest place that failed: jobs before it are still run, so that the same failure is told every time.
    failed: AtomicUsize,
}

/// What workers know at the end.
#[derive(Debug, Default)]
pub(super) struct Farewell {
    /// What all runs reached.
    pub counts: Counts,
    /// Where faults can strike, in words: the operation, and whose doing it is.
    pub points: BTreeMap<InjectionPoint, (String, String)>,
    /// What handlers did that the world does not control.
    pub notices: Vec<Notice>,
}

/// A thread's stack: deeply nested payloads recurse.
pub(super) const STACK_BYTES: usize = 64 << 20;
/// Progress is told after so many runs.
const PROGRESS_RUNS: u64 = 32;

/// Lets `lead` give work to `jobs` threads, whose worlds `world` makes.
pub(super) fn with_crew<T>(
    jobs: usize,
    world: &(dyn Fn() -> Result<World, HostError> + Sync),
    progress: &(dyn Fn(u64) + Sync),
    lead: impl FnOnce(&mut Crew<'_>) -> Result<T, HostError>,
) -> Result<(T, Farewell), HostError> {
    let farewell = Mutex::new(Farewell::default());
    let led = std::thread::scope(|scope| {
        let (answer, answers) = channel();
        let mut turns = Vec::new();
        for _ in 0..jobs.max(1) {
            let (turn, own) = channel();
            let (answer, farewell) = (answer.clone(), &farewell);
            let work = move || {
                let parting = worker(world, &own, &answer);
                if let Ok(mut farewell) = farewell.lock() {
                    farewell.add(parting);
                }
            };
            if std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, work).is_err() {
                // No more threads to be had: those that run do the work.
                break;
            }
            turns.push(turn);
        }
        if turns.is_empty() {
            return Err(HostError("no thread could be started for the sweep".to_owned()));
        }
        // From here on the channel of answers closes with the last worker.
        drop(answer);
        lead(&mut Crew { turns, answers, progress })
    })?;
    let mut farewell = farewell.into_inner().map_err(|_| panicked())?;
    farewell.notices.sort();
    Ok((led, farewell))
}

impl Crew<'_> {
    /// Makes these runs. Workers know `known` from now on.
    pub fn run(&mut self, jobs: Vec<Job>, known: Vec<Fresh>) -> Result<Vec<Ran>, HostError> {
        let count = jobs.len();
        let turn = Turn { jobs, known, next: AtomicUsize::new(0), failed: AtomicUsize::new(usize::MAX) };
        let turn = Arc::new(turn);
        for worker in &self.turns {
            // A worker that is gone has panicked, which its missing answers will tell.
            let _ = worker.send(turn.clone());
        }
        let mut all: Vec<Option<Result<Ran, HostError>>> = std::iter::repeat_with(|| None).take(count).collect();
        let mut told = 0;
        for received in 1..=count as u64 {
            let Ok((place, ran)) = self.answers.recv() else { return Err(panicked()) };
            all[place] = Some(ran);
            if received - told >= PROGRESS_RUNS || received == count as u64 {
                (self.progress)(received - told);
                told = received;
            }
        }
        all.into_iter().map(|ran| ran.unwrap_or_else(|| Err(panicked()))).collect()
    }
}

fn panicked() -> HostError {
    HostError("a worker of the sweep panicked".to_owned())
}

fn worker(
    world: &dyn Fn() -> Result<World, HostError>,
    turns: &Receiver<Arc<Turn>>,
    answer: &Sender<(usize, Result<Ran, HostError>)>,
) -> Farewell {
    let mut world = world();
    while let Ok(turn) = turns.recv() {
        if let Ok(world) = &mut world {
            world.core.coverage_mut().know(&turn.known);
        }
        loop {
            let place = turn.next.fetch_add(1, Ordering::Relaxed);
            let Some(job) = turn.jobs.get(place) else { break };
            let ran = match &mut world {
                _ if place > turn.failed.load(Ordering::Relaxed) => Err(HostError("not run".to_owned())),
                Ok(world) => job.run(world),
                Err(error) => Err(HostError(error.0.clone())),
            };
            if ran.is_err() {
                turn.failed.fetch_min(place, Ordering::Relaxed);
            }
            if answer.send((place, ran)).is_err() {
                break;
            }
        }
    }
    match world {
        Ok(world) => {
            let (names, coverage) = (world.core.names(), world.core.coverage());
            let text = |name| names.text(name).to_string();
            let points = coverage.injection_points().map(|point| (point, (text(point.operation), text(point.place))));
            Farewell {
                counts: coverage.counts(),
                points: points.collect(),
                notices: world.lambda.notices().iter().chain(world.clients.notices()).cloned().collect(),
            }
        }
        Err(_) => Farewell::default(),
    }
}

impl Farewell {
    fn add(&mut self, other: Farewell) {
        self.counts.merge(&other.counts);
        self.points.extend(other.points);
        for notice in other.notices {
            if !self.notices.contains(&notice) {
                self.notices.push(notice);
            }
        }
    }
}
