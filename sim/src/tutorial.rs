//! The texts that the crate's page shows once and its later examples use again.

/// The lines of the page's first code block that has `start`, from there to `end`, as they are in a file.
fn shown(start: &str, end: &str) -> String {
    let page = include_str!("lib.rs");
    let begin = page.find(start).expect("the block's start");
    let block = &page[begin..begin + page[begin..].find(end).expect("the block's end")];
    let lines = block.lines().map(|line| line.strip_prefix("//! ").unwrap_or(line.trim_start_matches("//!")));
    lines.flat_map(|line| [line, "\n"]).collect()
}

#[test]
fn the_page_shows_what_its_examples_run() {
    let text = |name: &str| {
        let block = shown(&format!("const {name}: &str = r#\""), "//! \"#;");
        block.split_once('\n').expect("a first line").1.to_owned()
    };
    assert_eq!(text("TEMPLATE"), include_str!("tutorial/template.yaml"));
    assert_eq!(text("SCENARIO"), include_str!("tutorial/scenario.yaml"));
    let seller = shown("//! use rehearsal::handlers::{Context, FunctionError};", "//! # let _ = sell;");
    assert_eq!(seller.replace("async fn sell", "pub async fn sell"), include_str!("tutorial/seller.rs"));
}
