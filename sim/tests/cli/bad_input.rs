//! Input that cannot be used: exit code 2, every problem in a sentence with its place, never a panic.

use insta::assert_snapshot;

use crate::shop::{Ran, Shop};

/// Checks a scenario that must be refused, and shows what a person sees.
fn refused(shop: &Shop) -> String {
    refused_run(&shop.check(&[]))
}

fn refused_run(ran: &Ran) -> String {
    assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.shown());
    ran.shown()
}

const TOTAL: &str = "$draw(1, 9)";
const PAID: &str = "$count(tables.Orders[paid]) > 0";

fn with_total(expression: &str) -> Shop {
    Shop::with("scenario.yaml", TOTAL, expression)
}

fn with_invariant(condition: &str) -> Shop {
    Shop::with("scenario.yaml", PAID, condition)
}

#[test]
fn what_is_not_there_is_named() {
    let shop = Shop::new();
    std::fs::create_dir(shop.folder().join("empty")).expect("a folder");
    for (name, path) in
        [("missing_folder", "nowhere"), ("missing_file", "nowhere.yaml"), ("folder_without_scenario", "empty")]
    {
        assert_snapshot!(name, refused_run(&shop.run(&["check", path])));
    }
}

#[test]
fn files_that_are_no_text_are_refused() {
    for (name, file, bytes) in [
        ("scenario_not_utf8", "scenario.yaml", &b"workload: \xff"[..]),
        ("template_not_utf8", "template.yaml", &b"Resources: \xff"[..]),
        ("scenario_empty", "scenario.yaml", &b""[..]),
        ("scenario_of_comments", "scenario.yaml", &b"# nothing\n"[..]),
        ("template_empty", "template.yaml", &b""[..]),
        ("broken_yaml", "scenario.yaml", &b"workload: [\n  a: {"[..]),
    ] {
        let shop = Shop::new();
        shop.write(file, bytes);
        assert_snapshot!(name, refused(&shop));
    }
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused_unread() {
    let shop = Shop::new();
    let file = std::fs::File::create(shop.folder().join("template.yaml")).expect("a file");
    file.set_len(100_000_000).expect("a sparse file");
    assert_snapshot!(refused(&shop));
}

#[test]
fn the_template_a_scenario_names_must_be_there_and_a_file() {
    for (name, path) in [("missing_template", "nope.yaml"), ("template_is_a_folder", ".")] {
        assert_snapshot!(
            name,
            refused(&Shop::with("scenario.yaml", "template: template.yaml", &format!("template: {path}")))
        );
    }
}

#[test]
fn yaml_tags_that_mean_nothing_are_refused() {
    assert_snapshot!("tag_in_scenario", refused(&Shop::with("scenario.yaml", "count: 1..3", "count: !Foo 3")));
    assert_snapshot!(
        "tag_in_template",
        refused(&Shop::with("template.yaml", "FunctionName: charge", "FunctionName: !Foo charge"))
    );
}

#[test]
fn problems_of_the_template_point_into_it() {
    let shop = Shop::with("template.yaml", "StartAt: Pay", "StartAt: Pya");
    shop.replace(
        "template.yaml",
        "End: true",
        "Next: Nowhere\n            Retry: [{ErrorEquals: [], MaxAttempts: -1}]",
    );
    assert_snapshot!("bad_definition", refused(&shop));
    assert_snapshot!("unresolvable_ref", refused(&Shop::with("template.yaml", "!Ref Flow", "!Ref Flw")));
    assert_snapshot!("bad_pattern", refused(&Shop::with("template.yaml", "source: [shop]", "source: [{prefix: 5}]")));
    let pattern = "EventPattern:\n        source: [shop]\n        detail-type: [Placed]\n";
    let schedule = Shop::with("template.yaml", pattern, "ScheduleExpression: rate(1 minutes)\n");
    assert_snapshot!("bad_schedule", refused(&schedule));
}

#[test]
fn a_function_that_nothing_runs_is_refused() {
    assert_snapshot!("not_python", refused(&Shop::with("template.yaml", "python3.12", "nodejs20.x")));
    let shop = Shop::new();
    let text = std::fs::read_to_string(shop.folder().join("template.yaml")).expect("the template");
    let (before, code) = text.split_once("        ZipFile: |\n").expect("inline code");
    let after = code.split_once("  MachineRole:").expect("more resources").1;
    shop.write(
        "template.yaml",
        format!("{before}        S3Bucket: code\n        S3Key: charge.zip\n  MachineRole:{after}"),
    );
    assert_snapshot!("not_inline", refused(&shop));
}

#[test]
fn invariants_that_cannot_be_judged_are_refused() {
    for (name, condition) in [
        ("invariant_syntax", "$count(tables.Orders[paid) > 0"),
        ("invariant_of_an_unknown_table", "$count(tables.Ordrs[paid]) > 0"),
        ("invariant_of_an_unknown_bus", "$count(events.orders) > 0"),
        ("invariant_of_unknown_state", "$count(tabels.Orders) > 0"),
        ("invariant_with_unknown_names", "$cuont(tables.Orders) > $least"),
        ("invariant_that_is_a_number", "$count(tables.Orders[paid])"),
        ("invariant_that_fails", "$sum(tables.Orders.orderId) > 0"),
    ] {
        assert_snapshot!(name, refused(&with_invariant(condition)));
    }
}

#[test]
fn workload_expressions_that_cannot_be_evaluated_are_refused() {
    for (name, expression) in [
        ("workload_syntax", "$draw(1, "),
        ("workload_unknown_function", "$drow(1, 9)"),
        ("workload_unknown_variable", "$actr"),
        ("workload_draw_upside_down", "$draw(9, 1)"),
        ("workload_type_error", r#"$actor + "x""#),
        ("workload_function_value", "function(){1}"),
    ] {
        assert_snapshot!(name, refused(&with_total(expression)));
    }
}

#[test]
fn faults_and_numbers_that_mean_nothing_are_refused() {
    for (name, from, to) in [
        ("unknown_fault", "faults: documented", "faults: [EB-DUPP]"),
        ("unknown_profile", "faults: documented", "faults: docmented"),
        ("rate_above_one", "faults: documented", "faults: {EB-DUP: 1.5}"),
        ("too_many_actors", "1..3", "1..99999999999"),
        ("negative_count", "1..3", "-1"),
        ("count_not_a_number", "1..3", ".nan"),
        ("negative_time", "0s..2s", "-5s"),
        ("time_without_end", "0s..2s", "0s..999999999999999999d"),
        ("caps_of_nothing", "faults: documented", "caps: {steps: 0}"),
    ] {
        assert_snapshot!(name, refused(&Shop::with("scenario.yaml", from, to)));
    }
}

#[test]
fn items_that_cannot_be_stored_are_refused() {
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    for (name, items) in [
        ("item_with_a_wrong_key", "[{orderId: 5}, {total: 1}]"),
        ("item_twice", "[{orderId: a}, {orderId: a}]"),
        ("item_number_too_large", "[{orderId: a, total: 1.0e200}]"),
        ("item_too_deep", &format!("[{{orderId: a, total: {deep}}}]")),
    ] {
        let shop = Shop::with("scenario.yaml", "workload:", &format!("tables:\n  Orders: {items}\nworkload:"));
        assert_snapshot!(name, refused(&shop));
    }
}

#[test]
fn a_handler_that_does_not_end_is_named() {
    let shop = Shop::with("template.yaml", r#"return {"paid": True}"#, "while True: pass");
    assert_snapshot!(refused_run(&shop.check(&["--watchdog", "1"])));
}

#[test]
fn a_python_that_is_not_there_is_said() {
    let shop = Shop::new();
    std::fs::create_dir(shop.folder().join("nothing")).expect("a folder");
    let mut command = shop.command(&["check", ".", "--jobs", "1"]);
    command.env("PATH", shop.folder().join("nothing"));
    assert_snapshot!(refused_run(&Ran::of(command)));
}

#[test]
fn a_handler_that_cannot_be_loaded_fails_its_invocations_as_on_aws() {
    for (from, to, error) in [
        ("import boto3", "import boto3, nosuch", "Runtime.ImportModuleError"),
        ("def handler(", "def handler((", "Runtime.UserCodeSyntaxError"),
        ("def handler(", "def other(", "Runtime.HandlerNotFound"),
    ] {
        let shop = Shop::with("template.yaml", from, to);
        shop.replace("scenario.yaml", PAID, &format!("$count(executions[error = \"{error}\"]) > 0"));
        let ran = shop.check(&[]);
        assert_eq!(ran.code, 0, "{error}: {}", ran.shown());
        assert!(!ran.out.contains("uncontrolled"), "{}", ran.out);
        let told = "imports 'nosuch'";
        assert_eq!(ran.out.contains(told), to.contains("nosuch"), "{}", ran.out);
    }
}

#[test]
fn a_regression_that_cannot_be_read_is_named_with_its_line() {
    let shop = Shop::new();
    std::fs::create_dir(shop.folder().join("regressions")).expect("a folder");
    shop.write("regressions/one.txt", "seed 3\nnonsense\n");
    assert_snapshot!(refused(&shop));
}
