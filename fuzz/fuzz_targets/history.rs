//! A definition and a recorded history, separated by a line of `---`: nothing panics, every retrace ends, and what a
//! retrace emits can be read and retraced again.
//!
//! `cargo +nightly fuzz run history fuzz/corpus/history fuzz/seeds/history -- -dict=fuzz/dictionaries/history.dict`
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use rehearsal::retrace::{Recording, retrace};
use rehearsal_engine::asl::Program;
use rehearsal_engine::execution::WorkflowType;

/// A text longer than this is slow without being another case.
const TEXT_BYTES_MAX: usize = 16_384;

fuzz_target!(|text: &str| {
    if text.len() > TEXT_BYTES_MAX {
        return;
    }
    let Some((definition, history)) = text.split_once("\n---\n") else { return };
    let recording = match Recording::parse(history) {
        Ok(recording) => recording,
        Err(problem) => {
            assert!(!problem.is_empty());
            return;
        }
    };
    let Ok(program) = Program::compile(definition) else { return };
    let retraced = retrace(&Arc::new(program), &recording, WorkflowType::Standard);
    let emitted = Recording::of(&retraced.history);
    assert!(emitted.is_ok(), "what is emitted is a history: {emitted:?}");
});
