//! Any text as a CloudFormation template: read, resolved and typed without a panic, in bounded time.

#![no_main]

use libfuzzer_sys::fuzz_target;
use rehearsal::diagnostics::Sources;
use rehearsal::template::{Settings, read_template};

fuzz_target!(|text: &str| {
    let mut sources = Sources::default();
    let source = sources.add("template.yaml", text);
    let no_files = |path: &str| Err(format!("there is no file '{path}'"));
    let (stack, problems) = read_template(&mut sources, source, &Settings::named("fuzz"), &no_files);
    // Whatever is wrong is said with its place.
    assert!(stack.is_some() || !problems.is_empty());
    for problem in &problems {
        let span = problem.diagnostic.span;
        assert!(span.start <= span.end, "{problem:?}");
    }
});
