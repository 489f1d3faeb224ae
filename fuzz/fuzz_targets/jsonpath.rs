//! A path, a document and variables, separated by lines of `---`: nothing panics, and what a path reads is bounded.
//!
//! `cargo +nightly fuzz run jsonpath fuzz/corpus/jsonpath fuzz/seeds/jsonpath -- -dict=fuzz/dictionaries/jsonpath.dict`
#![no_main]

use libfuzzer_sys::fuzz_target;
use rehearsal_engine::Json;
use rehearsal_engine::query::{Path, ReferencePath, Scope, Surroundings};

/// A document longer than this makes slow paths slow without making them other paths.
const DOCUMENT_BYTES_MAX: usize = 4096;

fuzz_target!(|text: &str| {
    let mut parts = text.split("\n---\n");
    let path = parts.next().unwrap_or_default();
    let mut json = || {
        let text = parts.next().filter(|text| text.len() <= DOCUMENT_BYTES_MAX);
        text.and_then(|text| Json::parse(text).ok()).unwrap_or_else(Json::object)
    };
    let (document, variables) = (json(), json());
    let around = Around { variables };
    let scope = Scope { root: &document, surroundings: &around };
    for parsed in [Path::parse(path), Path::parse_jayway(path)] {
        match parsed {
            Ok(path) => {
                let read = path.read(&scope);
                if let (Ok(value), false) = (&read, path.is_definite()) {
                    assert!(value.as_array().is_some(), "a path of many places reads to an array");
                }
                if let Err(error) = read {
                    assert!(!error.message().is_empty());
                }
            }
            Err(error) => assert!(error.at() <= path.len(), "an error stands within its text"),
        }
    }
    if let Ok(path) = ReferencePath::parse(path)
        && let Ok(written) = path.write(document.clone(), Json::from(1))
    {
        let scope = Scope { root: &written, surroundings: &around };
        assert_eq!(path.read(&scope).ok(), Some(Json::from(1)), "what was written is read");
    }
});

struct Around {
    variables: Json,
}

impl Surroundings for Around {
    fn context(&self, _: Option<&str>) -> Json {
        self.variables.clone()
    }

    fn variable(&self, name: &str) -> Option<Json> {
        self.variables.get(name).cloned()
    }
}
