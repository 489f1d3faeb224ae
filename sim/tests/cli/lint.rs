//! `rehearsal lint`: what a person and a program see, and the exit codes.

use insta::assert_snapshot;

use crate::shop::Shop;

const FLOW: &str = r#"{
  "StartAt": "Ask",
  "States": {
    "Ask": {
      "Type": "Task",
      "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
      "Parameters": {"QueueUrl": "q", "MessageBody": {"order": "$.order"}},
      "Retry": [{"ErrorEquals": ["States.Timeout"]}],
      "Next": "Ship"
    },
    "Shipp": {"Type": "Succeed"}
  }
}
"#;

const SOUND: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}"#;

fn shop(flow: &str) -> Shop {
    let shop = Shop::new();
    shop.write("flow.asl.json", flow);
    shop
}

#[test]
fn every_problem_is_shown_with_its_line_and_its_remedy() {
    assert_snapshot!("lint_text", shop(FLOW).run(&["lint", "flow.asl.json"]).shown());
}

#[test]
fn programs_get_json_sarif_and_annotations() {
    let shop = shop(FLOW);
    for format in ["json", "sarif", "github"] {
        let ran = shop.run(&["lint", "flow.asl.json", "--format", format]);
        assert_eq!((ran.code, ran.err.as_str()), (1, ""), "{}", ran.shown());
        assert_snapshot!(format!("lint_{format}"), ran.out);
    }
}

#[test]
fn the_exit_code_tells_errors_from_warnings_and_from_what_cannot_be_read() {
    let waits = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::ecs:runTask.sync", "End": true}}}"#;
    for (flow, more, code) in [
        (SOUND, &[][..], 0),
        (waits, &[], 0),
        (waits, &["--type", "express"], 1),
        ("{}", &[], 1),
        ("", &[], 1),
        ("no JSON", &[], 1),
        (SOUND, &["nowhere.json"], 2),
        ("{}", &["nowhere.json"], 2),
        (SOUND, &["."], 2),
        (SOUND, &["template.yaml"], 0),
    ] {
        let ran = shop(flow).run(&[&["lint", "flow.asl.json"], more].concat());
        assert_eq!(ran.code, code, "{flow} {more:?}: {}", ran.shown());
    }
    assert_eq!(shop(SOUND).run(&["lint"]).code, 2);
}

#[test]
fn hostile_files_are_answered_soon() {
    let shop = Shop::new();
    let nested = "{\"a\":".repeat(200_000);
    let (braces, brackets, many, zeros) =
        ("{".repeat(8_000_000), "[".repeat(1_000_000), "{".repeat(20_000_000), "\0".repeat(500_000));
    for (name, bytes, code) in [
        ("not-utf8.json", &b"{\"a\n\n\": \"\xff\"}"[..], 2),
        ("braces.json", braces.as_bytes(), 1),
        ("brackets.yaml", brackets.as_bytes(), 1),
        ("many.json", many.as_bytes(), 2),
        ("nested.json", nested.as_bytes(), 1),
        ("zeros.yaml", zeros.as_bytes(), 1),
        (
            "huge.json",
            br#"{"StartAt": 1e99999, "States": {"A": {"Type": "Wait", "Seconds": 99999999999999999999999999}}}"#,
            1,
        ),
    ] {
        shop.write(name, bytes);
        for format in ["text", "json"] {
            let ran = shop.run(&["lint", name, "--format", format]);
            assert_eq!(ran.code, code, "{name}: {}", &ran.shown()[..ran.shown().len().min(2000)]);
        }
    }
    let ran = shop.run(&["lint", "not-utf8.json"]);
    assert_eq!(ran.err, "error: not-utf8.json: the file is not UTF-8 from line 3 on, byte 9 of the file\n");
    let endless = shop.run(&["lint", "/dev/zero"]);
    assert_eq!(endless.code, 2, "{}", endless.shown());
}

#[test]
fn a_check_warns_of_what_lint_would() {
    let shop =
        Shop::with("template.yaml", "End: true", "Retry: [{ErrorEquals: [States.Runtime]}]\n            End: true");
    let ran = shop.check(&["--faults", "none"]);
    assert!(ran.err.contains("States.Runtime is never retried"), "{}", ran.shown());
}
