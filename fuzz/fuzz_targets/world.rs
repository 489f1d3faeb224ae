//! A fuzzer's bytes as the decisions of a run of `scenarios/orders`: its promises hold whatever the bytes say.

#![no_main]

use std::cell::RefCell;
use std::path::Path;

use libfuzzer_sys::fuzz_target;
use rehearsal::explore::strategies::Bytes;
use rehearsal::harness::Harness;
use rehearsal::world::World;
use rehearsal_scenarios::{orders, shoppers};

thread_local! {
    static WORLD: RefCell<World> = RefCell::new(world());
}

fn world() -> World {
    let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../scenarios/orders"));
    let harness = Harness::load(folder).unwrap_or_else(|problems| panic!("{}", problems.render(false)));
    let harness = harness.native(orders::handlers).invariants(orders::invariants);
    let harness = harness.workload(|names| shoppers::shoppers(names, 3, shoppers::SCARCE));
    harness.world().unwrap_or_else(|error| panic!("{error}"))
}

fuzz_target!(|bytes: &[u8]| {
    WORLD.with_borrow_mut(|world| {
        let outcome = world.run(Box::new(Bytes::new(bytes.to_vec())), 0, false);
        let outcome = outcome.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(outcome.violation, None, "{:#?}", world.core.script());
    });
});
