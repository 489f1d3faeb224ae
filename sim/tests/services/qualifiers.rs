//! Versions and aliases of functions and state machines, and the layers of functions.

use rehearsal_engine::{Json, json};

use crate::support::{Look, OUTSIDE, Stage, function_arn, machine_arn, single_task};

/// A function `Work` with a version and an alias `live` for it, and a machine `flow` whose task invokes `name`.
fn invoking(name: &str, role: Json) -> Stage {
    let parameters = json!({"FunctionName": name, "Payload": {}});
    let task = json!({"Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters});
    let of = json!({"FunctionName": {"Ref": "Work"}});
    Stage::new()
        .python("Work", "def handler(event, context):\n    return 'worked'\n")
        .resource("V", "AWS::Lambda::Version", of)
        .resource(
            "Live",
            "AWS::Lambda::Alias",
            json!({
                "Name": "live", "FunctionName": {"Ref": "Work"}, "FunctionVersion": {"Fn::GetAtt": ["V", "Version"]},
            }),
        )
        .machine_with("flow", single_task(task), json!({"RoleArn": role}))
        .start("0s", "flow", json!({}))
}

#[test]
fn a_function_is_found_by_its_versions_and_aliases_and_by_no_others() {
    let arn = function_arn("Work");
    for name in ["Work", "Work:live", "Work:1", "Work:$LATEST", &format!("{arn}:live"), &format!("{arn}:1")] {
        assert_eq!(invoking(name, json!(OUTSIDE)).run_python().ends(), ["SUCCEEDED"], "{name}");
    }
    for name in ["Work:2", "Work:test", &format!("{arn}:test")] {
        let ends = invoking(name, json!(OUTSIDE)).run_python().ends();
        let told = format!("FAILED Lambda.ResourceNotFoundException Function not found: {arn}");
        assert!(ends[0].starts_with(&told), "{name}: {ends:?}");
    }
}

#[test]
fn who_invokes_an_alias_needs_the_permission_for_the_alias() {
    let role = |resources: Json| {
        let statement = json!([{"Effect": "Allow", "Action": "lambda:InvokeFunction", "Resource": resources}]);
        move |stage: Stage| stage.role("flows", &["states.amazonaws.com"], statement.clone())
    };
    let arn = function_arn("Work");
    let invoked_as = json!({"Fn::GetAtt": ["flows", "Arn"]});
    for (resources, name, may) in [
        (json!([arn]), "Work", true),
        (json!([arn]), "Work:live", false),
        (json!([format!("{arn}:*")]), "Work:live", true),
        (json!([format!("{arn}:*")]), "Work", false),
        (json!([{"Ref": "Live"}]), "Work:live", true),
    ] {
        let run = role(resources.clone())(invoking(name, invoked_as.clone())).run_python();
        assert_eq!(run.ends()[0] == "SUCCEEDED", may, "{resources} {name}: {:?}", run.ends());
    }
}

#[test]
fn an_execution_says_by_which_version_or_alias_it_was_started() {
    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let code = r#"
import boto3, json
states = boto3.client("stepfunctions")

def handler(event, context):
    started = states.start_execution(stateMachineArn=event["machine"], input="{}")
    told = states.describe_execution(executionArn=started["executionArn"])
    names = ("stateMachineArn", "stateMachineVersionArn", "stateMachineAliasArn")
    print(" ".join(told.get(name, "-").rpartition("stateMachine:")[2] for name in names))
    print(len(states.list_executions(stateMachineArn=event["machine"])["executions"]))
"#;
    let version = json!({"Fn::GetAtt": ["V", "Arn"]});
    let stage = Stage::new()
        .machine("flow", pass)
        .resource("V", "AWS::StepFunctions::StateMachineVersion", json!({"StateMachineArn": {"Ref": "flow"}}))
        .resource("Later", "AWS::StepFunctions::StateMachineVersion", json!({"StateMachineArn": {"Ref": "flow"}}))
        .resource(
            "Live",
            "AWS::StepFunctions::StateMachineAlias",
            json!({
                "Name": "live", "RoutingConfiguration": [{"StateMachineVersionArn": version, "Weight": 100}],
            }),
        )
        .python("starter", code);
    let arn = machine_arn("flow");
    for (machine, told) in [
        (arn.clone(), "flow - -"),
        (format!("{arn}:1"), "flow flow:1 -"),
        (format!("{arn}:2"), "flow flow:2 -"),
        (format!("{arn}:live"), "flow flow:1 flow:live"),
    ] {
        let run = stage.clone().invoke("0s", "starter", json!({"machine": machine})).run_python();
        assert_eq!(run.printed(), [told, "1"], "{machine}");
    }
    let run = stage.invoke("0s", "starter", json!({"machine": (format!("{arn}:test"))})).run_python();
    assert!(run.tells("State Machine Does Not Exist"), "{:?}", run.printed());
}

#[test]
fn a_rule_may_start_an_alias() {
    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let run = Stage::new()
        .machine("flow", pass)
        .resource("V", "AWS::StepFunctions::StateMachineVersion", json!({"StateMachineArn": {"Ref": "flow"}}))
        .resource(
            "Live",
            "AWS::StepFunctions::StateMachineAlias",
            json!({
                "Name": "live", "RoutingConfiguration": [{"StateMachineVersionArn": {"Ref": "V"}, "Weight": 100}],
            }),
        )
        .rule("Rule", "default", "till", json!([{"Id": "one", "Arn": {"Ref": "Live"}, "RoleArn": OUTSIDE}]))
        .event("0s", "default", "till", json!({}))
        .run();
    assert_eq!(run.ends(), ["SUCCEEDED"]);
}

/// A function that prints what it finds of its layers.
fn layered(layers: Json) -> Stage {
    let code = r#"
import os, sys
try:
    import shared, deep.inner
    print(shared.NAME, deep.inner.NAME, shared.__file__)
    print(open("/opt/rates.json").read().strip())
except ImportError as error:
    print(error)
"#;
    let code = format!("{code}\ndef handler(event, context):\n    pass\n");
    Stage::new()
        .function_with("reader", json!({"Code": {"ZipFile": code}, "Layers": layers}))
        .file("layers/low/python/shared.py", "NAME = 'low'\n")
        .file("layers/low/python/deep/inner.py", "NAME = 'inner'\n")
        .file("layers/low/rates.json", "{\"EUR\": 1.1}\n")
        .file("layers/high/python/lib/python3.12/site-packages/shared.py", "NAME = 'packaged'\n")
        .file("layers/flat/shared.py", "NAME = 'flat'\n")
        .file("layers/flat/deep/inner.py", "NAME = 'flat inner'\n")
        .file("layers/flat/rates.json", "not there\n")
        .resource("Low", "AWS::Lambda::LayerVersion", json!({"LayerName": "low", "Content": "layers/low"}))
        .resource("High", "AWS::Lambda::LayerVersion", json!({"Content": "layers/high"}))
        .resource("Flat", "AWS::Serverless::LayerVersion", json!({"ContentUri": "layers/flat"}))
        .resource("Far", "AWS::Lambda::LayerVersion", json!({"Content": {"S3Bucket": "b", "S3Key": "far.zip"}}))
        .invoke("0s", "reader", json!({}))
}

#[test]
fn a_function_imports_what_its_layers_have() {
    let rates = "{\"EUR\": 1.1}";
    for (layers, printed) in [
        (json!([{"Ref": "Low"}]), vec!["low inner /opt/python/shared.py", rates]),
        (
            json!([{"Ref": "Low"}, {"Ref": "High"}]),
            vec!["packaged inner /opt/python/lib/python3.12/site-packages/shared.py", rates],
        ),
        // Later layers lie over earlier ones.
        (json!([{"Ref": "Flat"}, {"Ref": "Low"}]), vec!["low inner /opt/python/shared.py", rates]),
        (json!([{"Ref": "Low"}, {"Ref": "Flat"}]), vec!["flat flat inner /opt/python/shared.py", rates]),
        (json!([]), vec!["No module named 'shared'"]),
        (json!([{"Ref": "Far"}]), vec!["No module named 'shared'"]),
    ] {
        assert_eq!(layered(layers.clone()).run_python().printed(), printed, "{layers}");
    }
}

#[test]
fn a_layer_that_is_not_beside_the_template_is_told() {
    let arn = "arn:aws:lambda:us-east-1:017000801446:layer:AWSLambdaPowertoolsPythonV3-python312-x86_64:7";
    let harness = layered(json!([arn, {"Ref": "Far"}, {"Ref": "Low"}])).load();
    let told: Vec<String> =
        harness.python_warnings().iter().map(|problem| problem.diagnostic.message.clone()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[0].ends_with("and it is not in the template") && told[0].contains(arn), "{told:?}");
    assert!(told[1].ends_with("and it is at s3://b/far.zip, not beside the template"), "{told:?}");
}

#[test]
fn sam_publishes_a_version_and_an_alias_that_references_can_name() {
    let parameters = json!({"FunctionName": "${Work}", "Payload": {}});
    let task = json!({"Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters});
    let pass = json!({"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}});
    let run = Stage::new()
        .resource(
            "Work",
            "AWS::Serverless::Function",
            json!({
                "FunctionName": "Work", "Runtime": "python3.12", "Handler": "index.handler", "AutoPublishAlias": "live",
                "InlineCode": "def handler(event, context):\n    return 'worked'\n",
            }),
        )
        .resource(
            "Other",
            "AWS::Serverless::StateMachine",
            json!({
                "Name": "other", "Role": OUTSIDE, "Definition": pass, "AutoPublishAlias": "blue",
            }),
        )
        .machine_with("flow", single_task(task), json!({"DefinitionSubstitutions": {"Work": {"Ref": "Work.Alias"}}}))
        .rule(
            "Rule",
            "default",
            "till",
            json!([{"Id": "one", "Arn": {"Fn::Sub": "${Other.Alias}"}, "RoleArn": OUTSIDE}]),
        )
        .start("0s", "flow", json!({}))
        .event("0s", "default", "till", json!({}))
        .run_python();
    assert_eq!(run.ends(), ["SUCCEEDED", "SUCCEEDED"]);
}
