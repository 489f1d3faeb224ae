use rehearsal_engine::source::Span;

use super::*;

fn example() -> (Sources, Vec<Problem>) {
    let sources = Sources::single("my flows/a:b.json", "{\n  \"é\": 1,\n  \"x\": 2\n}");
    let error = Diagnostic::error("SCHEMA_VALIDATION_FAILED", Span::new(10, 11), "/States/A", "100% wrong: 1, 2");
    let warning = Diagnostic::warning("waits-for-ever", Span::new(4, 20), "", "it waits").hint("add a limit");
    (sources, vec![Problem::new(SourceId(0), error), Problem::new(SourceId(0), warning)])
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

#[test]
fn json_counts_and_places_every_problem() {
    let (sources, problems) = example();
    assert_eq!(
        parsed(&to_json(&sources, &problems)),
        json!({
            "version": 1,
            "errors": 1,
            "warnings": 1,
            "diagnostics": [
                {"file": "my flows/a:b.json", "line": 2, "column": 8, "end_line": 2, "end_column": 9, "severity": "error",
                 "code": "SCHEMA_VALIDATION_FAILED", "message": "100% wrong: 1, 2", "path": "/States/A"},
                {"file": "my flows/a:b.json", "line": 2, "column": 3, "end_line": 3, "end_column": 8,
                 "severity": "warning", "code": "waits-for-ever", "message": "it waits", "path": "", "hint": "add a limit"},
            ],
        })
    );
}

#[test]
fn sarif_names_its_rules_and_encodes_its_paths() {
    let (sources, problems) = example();
    let log = parsed(&to_sarif(&sources, &problems));
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"], json!([{"id": "SCHEMA_VALIDATION_FAILED"}, {"id": "waits-for-ever"}]));
    assert_eq!(
        run["results"][0],
        json!({
            "ruleId": "SCHEMA_VALIDATION_FAILED",
            "ruleIndex": 0,
            "level": "error",
            "message": {"text": "100% wrong: 1, 2"},
            "locations": [{
                "physicalLocation": {
                    "artifactLocation": {"uri": "my%20flows/a%3Ab.json"},
                    "region": {"startLine": 2, "startColumn": 8, "endLine": 2, "endColumn": 9},
                },
                "logicalLocations": [{"fullyQualifiedName": "/States/A"}],
            }],
        })
    );
    assert_eq!(run["results"][1]["message"]["text"], "it waits\nadd a limit");
    assert_eq!(run["results"][1]["level"], "warning");
}

#[test]
fn github_commands_are_one_escaped_line_each() {
    let (sources, problems) = example();
    assert_eq!(
        to_github(&sources, &problems),
        "::error file=my flows/a%3Ab.json,line=2,col=8,endLine=2,endColumn=9,title=SCHEMA_VALIDATION_FAILED::100%25 wrong: 1, \
         2 at /States/A\n::warning file=my flows/a%3Ab.json,line=2,col=3,title=waits-for-ever::it waits%0Aadd a limit\n"
    );
}

#[test]
fn problems_of_no_text_and_odd_places_are_exported_too() {
    let sources = Sources::single("a.json", "é");
    let odd =
        |source, start, end| Problem::new(SourceId(source), Diagnostic::error("x", Span::new(start, end), "", ""));
    let problems = [odd(0, 1, 1), odd(0, 90, 3), odd(7, 0, 1)];
    for text in [to_json(&sources, &problems), to_sarif(&sources, &problems), to_github(&sources, &problems)] {
        assert!(!text.is_empty());
    }
}
