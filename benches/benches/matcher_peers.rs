//! Events per second from bytes to matches, beside the `quamina` crate on the same bytes and the same rules.
//!
//! `cargo bench --bench matcher_peers [-- WORDS]` prints one table, of the rows whose name holds all words. Both sides
//! take turns in short rounds on one thread; a row shows each side's median round, in thousand events per second of
//! processor time, and checks that both found the same matches. Peers in other languages are not run here.

#[path = "matcher_peers/draws.rs"]
mod draws;
#[path = "matcher_peers/events.rs"]
mod events;
#[path = "matcher_peers/rules.rs"]
mod rules;

use std::panic::AssertUnwindSafe;
use std::time::{Duration, Instant};

use quamina::{Quamina, QuaminaBuilder};
use rules::Rules;

const ROUNDS: usize = 15;

/// A round reads so many events, or stops after so long.
const ROUND_EVENTS: usize = 4_000;
const ROUND_MAX: Duration = Duration::from_millis(60);

/// Building a peer may take so long before the row goes without it.
const BUILD_MAX: Duration = Duration::from_secs(20);

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    println!(
        "{:<32}{:>12}{:>12}{:>10}{:>12}",
        "thousand events per second", "rehearsal", "quamina", "ratio", "matches"
    );
    for (kind, text, rows) in [
        ("parcels", events::parcels(4_500), rules::of_parcels()),
        ("envelopes", events::envelopes(5_000), rules::of_envelopes()),
    ] {
        let events: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        println!("{kind} of {} bytes", text.len() / events.len());
        for rules in rows {
            let name = format!("{kind} {}", rules.name);
            if words.iter().all(|word| name.contains(word.as_str())) {
                println!("{}", row(&rules, &events));
            }
        }
    }
}

fn row(rules: &Rules, events: &[&[u8]]) -> String {
    let ours = rules.matcher();
    let mut keys = Vec::new();
    let mut find = |event: &[u8]| {
        keys.clear();
        ours.matches_event(event, &mut keys).map(|()| keys.len()).unwrap_or_default()
    };
    let theirs = match theirs(rules) {
        Ok(theirs) if survives(&theirs, events) => theirs,
        outcome => {
            let mut rates: Vec<f64> = (0..ROUNDS).map(|_| round(events, &mut find).rate).collect();
            let why = outcome.err().unwrap_or_else(|| "panics".to_owned());
            return format!("  {:<30}{:>12.0}  {why}", rules.name, median(&mut rates));
        }
    };
    let mut find_theirs = |event: &[u8]| theirs.matches_for_event(event).map(|found| found.len()).unwrap_or_default();
    let (mut our_rates, mut their_rates) = (Vec::new(), Vec::new());
    let (mut our_round, mut their_round) = (Round::default(), Round::default());
    for _ in 0..ROUNDS {
        our_round = round(events, &mut find);
        their_round = round(events, &mut find_theirs);
        our_rates.push(our_round.rate);
        their_rates.push(their_round.rate);
    }
    // A slow round ends early; what both have read must have the same matches.
    let both = our_round.events.min(their_round.events);
    let count = |find: &mut dyn FnMut(&[u8]) -> usize| events[..both].iter().map(|event| find(event)).sum::<usize>();
    let (matches, their_matches) = (count(&mut find), count(&mut find_theirs));
    let (our_rate, their_rate) = (median(&mut our_rates), median(&mut their_rates));
    let differs = if matches == their_matches { String::new() } else { format!(" (theirs: {their_matches})") };
    format!(
        "  {:<30}{our_rate:>12.0}{their_rate:>12.1}{:>9.1}x{matches:>12}{differs}",
        rules.name,
        our_rate / their_rate
    )
}

/// The peer with the same rules, or why there is none.
fn theirs(rules: &Rules) -> Result<Quamina<u32>, String> {
    let started = Instant::now();
    let builder = QuaminaBuilder::new().with_arena_byte_budget(usize::MAX);
    let mut matcher = builder.build().map_err(|error| error.to_string())?;
    for (key, ways) in rules.patterns.iter().enumerate() {
        for way in ways {
            matcher.add_pattern(key as u32, way).map_err(|error| error.to_string())?;
        }
        if started.elapsed() > BUILD_MAX {
            return Err("no build in time".to_owned());
        }
    }
    Ok(matcher)
}

/// Whether the peer answers at all: version 0.7.0 breaks on many rules whose lists share a value.
fn survives(matcher: &Quamina<u32>, events: &[&[u8]]) -> bool {
    let silent = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let outcome = std::panic::catch_unwind(AssertUnwindSafe(|| matcher.matches_for_event(events[0]).is_ok()));
    std::panic::set_hook(silent);
    outcome.unwrap_or_default()
}

#[derive(Default)]
struct Round {
    rate: f64,
    events: usize,
}

fn round(events: &[&[u8]], find: &mut impl FnMut(&[u8]) -> usize) -> Round {
    const EVENTS_PER_LOOK: usize = 100;
    let started = Instant::now();
    let busy = processor_time();
    let (mut read, mut matches) = (0, 0);
    while read < ROUND_EVENTS.min(events.len()) && started.elapsed() < ROUND_MAX {
        for event in events.iter().skip(read).take(EVENTS_PER_LOOK) {
            matches += find(event);
            read += 1;
        }
    }
    std::hint::black_box(matches);
    let on_processor = busy.zip(processor_time()).and_then(|(before, after)| after.checked_sub(before));
    let spent = on_processor.filter(|spent| !spent.is_zero()).unwrap_or_else(|| started.elapsed());
    Round { rate: read as f64 / spent.as_secs_f64() / 1_000.0, events: read }
}

/// What this thread has had of a processor so far, where the system says so: others may share the machine.
fn processor_time() -> Option<Duration> {
    // The system counts at the end of a turn.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    Some(Duration::from_nanos(text.split(' ').next()?.parse().ok()?))
}

fn median(rates: &mut [f64]) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or_default()
}
