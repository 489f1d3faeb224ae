//! Reads the events of one row of `matcher_peers`, for tools that count instructions: on a machine that is shared, their
//! figures can be compared where times cannot.
//!
//! `valgrind --tool=callgrind --toggle-collect='*read_all*' target/release/examples/matcher_rows parcels suffix`

#[path = "../benches/matcher_peers/draws.rs"]
mod draws;
#[path = "../benches/matcher_peers/events.rs"]
mod events;
#[path = "../benches/matcher_peers/rules.rs"]
mod rules;

use rehearsal_engine::events::RuleMatcher;

const EVENTS: u64 = 1_000;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    for (kind, text, rows) in [
        ("parcels", events::parcels(EVENTS), rules::of_parcels()),
        ("envelopes", events::envelopes(EVENTS), rules::of_envelopes()),
    ] {
        let events: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        for row in rows {
            let name = format!("{kind} {}", row.name);
            if name == words.join(" ") {
                let matcher = row.matcher();
                println!("{name}: {} events, {} matches", events.len(), read_all(&matcher, &events));
            }
        }
    }
}

#[inline(never)]
fn read_all(matcher: &RuleMatcher<u32>, events: &[&[u8]]) -> usize {
    let mut keys = Vec::new();
    let mut matches = 0;
    for event in events {
        keys.clear();
        matches += matcher.matches_event(event, &mut keys).map(|()| keys.len()).unwrap_or_default();
    }
    matches
}
