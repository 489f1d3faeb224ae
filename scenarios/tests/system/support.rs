//! What the tests share: the scenarios, plans of faults, and decisions that are watched.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use rehearsal::explore::strategies::Seeded;
use rehearsal::harness::Harness;
use rehearsal::testing;
use rehearsal::world::{Choice, Decisions, FaultId, FaultPlan, Profile, Site, Weighted, World};
use rehearsal_scenarios::{orders, orders_naive};

pub fn folder(scenario: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(scenario)
}

pub fn mended() -> Harness {
    testing::load(folder("orders")).native(orders::handlers)
}

pub fn naive() -> Harness {
    testing::load(folder("orders-naive")).native(orders_naive::handlers)
}

/// Both order scenarios under stress, with nothing that would end a run early.
pub fn unjudged() -> [Harness; 2] {
    [mended(), naive()].map(|harness| harness.faults(stress()).invariants(|_| Vec::new()))
}

pub fn world(harness: &Harness) -> World {
    harness.world().unwrap_or_else(|error| panic!("{error}"))
}

pub fn calm() -> FaultPlan {
    FaultPlan::of(Profile::None)
}

pub fn stress() -> FaultPlan {
    FaultPlan::of(Profile::Stress)
}

/// Every fault that AWS documents, and an operator who stops every fifth task's execution.
pub fn stopped_by_operators() -> FaultPlan {
    let mut plan = FaultPlan::of(Profile::Documented);
    plan.set(FaultId::SfAbort, 200_000);
    plan
}

/// The key of a site, from its text as scripts have it.
pub fn key(site: &str) -> u64 {
    let choice: Choice = format!("{site}=1").parse().expect("a site");
    choice.key
}

/// How many shoppers there are, in the workload of both order scenarios.
pub const SHOPPERS: &str = "|shopper.count|shape|1";

/// Runs `part` of the numbers below `count` on each core, all of them once.
pub fn in_parallel(count: u64, part: impl Fn(&mut dyn Iterator<Item = u64>) + Sync) {
    let next = std::sync::atomic::AtomicU64::new(0);
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                let numbers = || next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                part(&mut std::iter::repeat_with(numbers).take_while(|number| *number < count));
            });
        }
    });
}

/// Every site that a run asked, by its key, with the alternatives taken: one, as long as no site is asked twice.
pub type Asked = Rc<RefCell<BTreeMap<u64, (Site, Vec<u32>)>>>;

/// A seed's decisions, watched, and benign at some sites.
pub struct Watched {
    seeded: Seeded,
    benign_at: BTreeSet<u64>,
    asked: Asked,
}

impl Watched {
    pub fn new(seed: u64, benign_at: impl IntoIterator<Item = u64>) -> (Watched, Asked) {
        let asked = Asked::default();
        let benign_at = benign_at.into_iter().collect();
        (Watched { seeded: Seeded::new(seed), benign_at, asked: asked.clone() }, asked)
    }
}

impl Decisions for Watched {
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        let benign = self.benign_at.contains(&site.key);
        let taken = if benign { 0 } else { self.seeded.choose(site, alternatives) };
        self.asked.borrow_mut().entry(site.key).or_insert((*site, Vec::new())).1.push(taken);
        taken
    }
}
