//! Schedule expressions: nothing panics or spins, and each next time lies after the one before, on a whole minute for cron.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rehearsal_engine::events::Schedule;

const MS_PER_MINUTE: u64 = 60_000;

fuzz_target!(|input: (u64, &str)| {
    let (start_ms, text) = input;
    // The fuzzer seldom writes the outer form itself.
    for expression in [text.to_owned(), format!("cron({text})"), format!("rate({text})")] {
        let Ok(schedule) = Schedule::parse(&expression) else { continue };
        let mut at_ms = start_ms % (300 * 366 * 24 * 60 * MS_PER_MINUTE);
        for _ in 0..32 {
            let Some(next_ms) = schedule.next_after(at_ms) else { break };
            assert!(next_ms > at_ms, "{expression} after {at_ms}");
            assert!(expression.starts_with("rate") || next_ms % MS_PER_MINUTE == 0, "{expression} after {at_ms}");
            // Nothing is due in between: asked a millisecond before, it gives the same time.
            if expression.starts_with("cron") {
                assert_eq!(schedule.next_after(next_ms - 1), Some(next_ms), "{expression}");
            }
            at_ms = next_ms;
        }
        let _ = schedule.next_after(start_ms);
    }
});
