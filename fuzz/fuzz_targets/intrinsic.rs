//! A call of an intrinsic function and a document, separated by a line of `---`: nothing panics, and the same call has the
//! same value.
//!
//! `cargo +nightly fuzz run intrinsic fuzz/corpus/intrinsic fuzz/seeds/intrinsic -- -dict=fuzz/dictionaries/intrinsic.dict`
#![no_main]

use libfuzzer_sys::fuzz_target;
use rehearsal_engine::Json;
use rehearsal_engine::query::{Draws, Intrinsic, NoSurroundings, Scope};

fuzz_target!(|text: &str| {
    let (call, document) = text.split_once("\n---\n").unwrap_or((text, "{}"));
    let document = Json::parse(document).unwrap_or_else(|_| Json::object());
    let scope = Scope { root: &document, surroundings: &NoSurroundings };
    match Intrinsic::parse(call) {
        Ok(intrinsic) => {
            let value = intrinsic.evaluate(&scope, &mut Still);
            assert_eq!(value.as_ref().ok(), intrinsic.evaluate(&scope, &mut Still).as_ref().ok());
            match value {
                Ok(value) => drop(value.to_string()),
                Err(error) => assert!(error.to_string().contains(call), "the cause quotes the call"),
            }
        }
        Err(error) => assert!(error.at() <= call.len(), "an error stands within its text"),
    }
});

struct Still;

impl Draws for Still {
    fn uuid(&mut self) -> String {
        "00000000-0000-4000-8000-000000000000".to_owned()
    }

    fn random(&mut self) -> f64 {
        0.75
    }
}
