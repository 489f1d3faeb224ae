//! Functions whose answers stand in the scenario.

use insta::assert_snapshot;

use crate::shop::{Ran, Shop};

/// The shop with `charge` mocked, its code in a language that nothing here runs, and one invariant.
fn mocked(mock: &str, condition: &str) -> Shop {
    let shop = Shop::with("template.yaml", "python3.12", "nodejs20.x");
    shop.replace("scenario.yaml", "workload:", &format!("mocks:\n  charge: {mock}\nworkload:"));
    shop.replace("scenario.yaml", "sometimes: $count(tables.Orders[paid]) > 0", condition);
    shop.replace("scenario.yaml", "faults: documented", "faults: none");
    shop
}

#[test]
fn a_mock_answers_with_a_value_an_expression_or_an_error() {
    for (mock, condition) in [
        ("{result: {paid: true}}", "eventually: $count(executions[$not(output.paid)]) = 0"),
        (
            r#"{result: '{% {"id": $event.orderId} %}'}"#,
            "eventually: $count(executions[output.id != input.orderId]) = 0",
        ),
        ("{error: Declined, cause: no funds}", "eventually: $count(executions[error != 'Declined']) = 0"),
        (
            "[{error: Busy}, {result: 1}]",
            "eventually: $count(executions[error = 'Busy']) = 1 and $count(executions[output = 1]) = $count(executions) - 1",
        ),
    ] {
        let ran = mocked(mock, condition).check(&[]);
        assert_eq!(ran.code, 0, "{mock}: {}", ran.shown());
    }
}

#[test]
fn a_template_whose_functions_are_all_mocked_needs_no_python() {
    let shop = mocked("{result: {}}", "eventually: $count(executions[status != 'SUCCEEDED']) = 0");
    let mut command = shop.command(&["check", ".", "--seeds", "20"]);
    command.env("PATH", "");
    let ran = Ran::of(command);
    assert_eq!(ran.code, 0, "{}", ran.shown());
}

#[test]
fn other_functions_still_run_their_own_code() {
    let shop = Shop::with(
        "template.yaml",
        "Resource: !GetAtt Charge.Arn\n            End: true",
        "Resource: !GetAtt Charge.Arn\n            Next: Ship\n          Ship:\n            Type: Task\n            Resource: !GetAtt Ship.Arn\n            End: true",
    );
    shop.replace("template.yaml", "  MachineRole:\n", "  Ship:\n    Type: AWS::Lambda::Function\n    Properties:\n      FunctionName: ship\n      Runtime: provided.al2023\n      Handler: ship\n      Role: !GetAtt FunctionRole.Arn\n      Code: {S3Bucket: code, S3Key: ship.zip}\n  MachineRole:\n");
    shop.replace(
        "scenario.yaml",
        "workload:",
        "mocks: {ship: {result: '{% $event.paid ? \"shipped\" : \"kept\" %}'}}\nworkload:",
    );
    shop.replace("scenario.yaml", "$count(tables.Orders[paid]) > 0", "$count(executions[output = 'shipped']) > 0");
    let ran = shop.check(&[]);
    assert_eq!(ran.code, 0, "{}", ran.shown());
}

#[test]
fn mocks_that_cannot_answer_are_refused() {
    for (name, mock) in [
        ("mock_of_nothing", "{}"),
        ("mock_with_two_answers", "{result: 1, error: Busy}"),
        ("mock_with_an_empty_list", "[]"),
        ("mock_syntax", "{result: '{% $event. %}'}"),
        ("mock_unknown_variable", "{result: '{% $evnt.orderId %}'}"),
        ("mock_that_fails", "{result: '{% $event.orderId + 1 %}'}"),
        ("mock_error_that_is_no_text", "{error: '{% 5 %}'}"),
    ] {
        let ran = mocked(mock, "eventually: 1 = 1").check(&[]);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{}", ran.shown());
        assert_snapshot!(name, ran.shown());
    }
    let shop = Shop::with("scenario.yaml", "workload:", "mocks: {chrage: {result: 1}}\nworkload:");
    assert_snapshot!("mock_of_an_unknown_function", shop.check(&[]).shown());
}
