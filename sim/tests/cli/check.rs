//! What a sweep prints.

use insta::assert_snapshot;

use crate::shop::{Shop, broken};

#[test]
fn a_scenario_that_holds_says_so() {
    let ran = Shop::new().check(&[]);
    assert_eq!(ran.code, 0);
    assert_snapshot!(ran.shown());
}

#[test]
fn a_broken_promise_is_told_with_its_shape_its_deviations_and_a_line_to_replay_it() {
    let ran = broken().check(&[]);
    assert_eq!(ran.code, 1);
    assert!(ran.out.lines().all(|line| line.contains("replay") || line.chars().count() <= 100), "{}", ran.out);
    assert_snapshot!(ran.shown());
}

#[test]
fn the_line_to_replay_breaks_the_same_promise() {
    let shop = broken();
    let out = shop.check(&["--faults", "stress"]).out;
    let line = out.lines().find_map(|line| line.trim().strip_prefix("replay")).expect("a line to replay");
    let (_, arguments) = line.split_once(" replay ").expect("a command");
    assert!(arguments.ends_with(" --faults stress"), "{arguments}");
    let arguments: Vec<&str> = std::iter::once("replay").chain(arguments.split(' ')).collect();
    let ran = shop.run(&arguments);
    assert_eq!(ran.code, 1);
    let broken = out.lines().find_map(|line| line.strip_prefix("broken: ")).expect("what broke");
    assert!(ran.out.contains(&format!(": {broken}\ntrace ")), "{}", ran.out);
}

#[test]
fn under_cargo_the_line_to_replay_begins_with_cargo() {
    let shop = broken();
    std::fs::create_dir(shop.folder().join("my shop")).expect("a folder");
    for file in ["template.yaml", "scenario.yaml"] {
        std::fs::copy(shop.folder().join(file), shop.folder().join("my shop").join(file)).expect("a copy");
    }
    let mut command = shop.command(&["check", "my shop", "--seeds", "40", "--jobs", "1"]);
    command.env("CARGO", "cargo");
    let ran = crate::shop::Ran::of(command);
    let line = ran.out.lines().find(|line| line.trim_start().starts_with("replay")).expect("a line to replay");
    assert!(line.contains("  cargo run ") && line.contains(" -- replay 'my shop' --token "), "{line}");
}

#[test]
fn what_is_never_reached_fails_and_a_small_sweep_says_that_more_may_help() {
    let shop = Shop::with("scenario.yaml", "$count(tables.Orders[paid]) > 0", "$count(tables.Orders) > 99");
    let few = shop.check(&[]);
    assert_eq!(few.code, 1);
    assert_snapshot!("unreached_in_a_small_sweep", few.shown());
    let many = shop.run(&["check", ".", "--faults", "none"]);
    assert_eq!(many.code, 1);
    assert!(many.out.contains("what is never reached tests nothing"), "{}", many.out);
}

#[test]
fn a_regression_that_breaks_comes_with_its_token() {
    let shop = broken();
    std::fs::create_dir(shop.folder().join("regressions")).expect("a folder");
    let script = "# delivered twice\nseed 0\nshopper#1/events:PutEvents/placed|delivery|EB-DUP|0=1\n";
    shop.write("regressions/twice.txt", script);
    shop.write("regressions/gone.txt", "seed 1\nnobody#1|events:PutEvents|EB-DUP|0=1\n");
    let ran = shop.run(&["check", ".", "--seeds", "1"]);
    assert_eq!(ran.code, 1, "{}", ran.shown());
    assert_snapshot!(ran.shown());
}

#[test]
fn warnings_are_short_and_beside_the_result() {
    let bucket = |name: &str| format!("  {name}:\n    Type: AWS::KMS::Key\n");
    let more = format!("{}{}{}  Placed:\n", bucket("Raw"), bucket("Done"), bucket("Old"));
    let shop = Shop::with("template.yaml", "  Placed:\n", &more);
    let ran = shop.check(&[]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert_snapshot!(ran.err);
}

#[test]
fn what_handlers_do_beyond_the_world_is_told_at_the_end() {
    let shop = Shop::with("template.yaml", "import boto3\n", "import boto3, socket, threading\n");
    shop.replace(
        "template.yaml",
        r#"return {"paid": True}"#,
        r#"for beyond in (
                  lambda: threading.Thread(target=print).start(),
                  lambda: socket.create_connection(("example.com", 80)),
                  lambda: open("/etc/hostname", "w"),
              ):
                  try:
                      beyond()
                  except Exception:
                      pass
              return {}"#,
    );
    let ran = shop.check(&[]);
    let (_, told) = ran.out.split_once("\nuncontrolled").unwrap_or_else(|| panic!("{}", ran.shown()));
    for kind in ["thread", "network", "file"] {
        assert!(told.contains(&format!("function charge ({kind})")), "{told}");
    }
}

#[test]
fn nothing_is_coloured_and_no_bar_is_drawn_where_nobody_looks() {
    let ran = Shop::new().check(&[]);
    assert!(!format!("{}{}", ran.out, ran.err).contains('\u{1b}'));
    assert_eq!(ran.err, "");
}

#[test]
fn resources_without_a_name_go_by_their_logical_ids() {
    let shop = Shop::with("template.yaml", "      TableName: Orders\n", "");
    shop.replace("template.yaml", "Table(\"Orders\")", "Table(\"nowhere\")");
    shop.replace("template.yaml", "      StateMachineName: flow\n", "");
    shop.replace("scenario.yaml", "$count(tables.Orders[paid]) > 0", "executions[0].stateMachine = \"Flow\"");
    shop.write("scenario.yaml", shop.read("scenario.yaml") + "tables:\n  Orders: [{orderId: old}]\n");
    let ran = shop.check(&[]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    assert!(ran.out.contains("\n  Flow "), "{}", ran.out);
    shop.replace("scenario.yaml", "executions[0]", "tables.orders[0]");
    let ran = shop.check(&[]);
    assert_eq!(ran.code, 2, "{}", ran.shown());
    assert!(ran.err.contains("the template has no table 'orders': it has Orders"), "{}", ran.err);
}

#[test]
fn a_function_that_never_returns_is_named_with_its_error() {
    let shop = Shop::with("template.yaml", "import boto3\n", "import boto3, powertools\n");
    shop.replace("scenario.yaml", "$count(tables.Orders[paid]) > 0", "$count(executions) > 0");
    let ran = shop.check(&[]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
    let told =
        ran.out.split("charge: none of its ").nth(1).expect("the function").split("faults:").next().expect("more");
    assert!(told.contains("Runtime.ImportModuleError: Unable to import module 'index': No module named"), "{told}");
    assert!(told.contains("beside its code"), "{told}");
    let whole = Shop::new().check(&[]).out;
    assert!(!whole.contains("invocations succeeded"), "{whole}");
}
