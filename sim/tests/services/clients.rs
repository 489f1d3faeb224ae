//! Client scripts as actors of the world: what they are given, what they see, how they end, and that they interleave.

use rehearsal::world::{ClientEnd, FaultId};
use rehearsal_engine::{Json, json};

use crate::support::{Look, Stage};

/// Runs a script alone; what it printed, and how it ended.
fn run_script(text: &str, arguments: Json) -> (String, String) {
    let run = Stage::new().client(text, arguments).run();
    let [client] = run.world.clients.records() else { panic!("one client") };
    (client.output.clone(), client.end.as_ref().map_or_else(|| "runs".to_owned(), ClientEnd::told))
}

#[test]
fn a_script_runs_as_main_with_its_arguments_and_its_environment() {
    let text = r#"
import os, sys

def main():
    print(__name__, sys.argv, os.environ["WHO"], os.environ["AWS_REGION"], __file__)

main()
"#;
    let step = json!({"python": "client.py", "arguments": ["a", 7, "{% 'n' & $actor %}"],
        "environment": {"WHO": "{% $outputs.Nothing ? 'some' : 'none' %}"}});
    let run = Stage::new().file("client.py", text).actor("0s", step).run();
    let [client] = run.world.clients.records() else { panic!("one client") };
    assert_eq!(client.output, "__main__ ['client.py', 'a', '7', 'n1'] none us-east-1 client.py\n");
    assert_eq!(client.end, Some(ClientEnd::Exited(0)));
}

#[test]
fn a_script_ends_as_a_shell_would_see_it() {
    let cases = [
        ("print('done')", "done\n", "exits with 0"),
        ("import sys\nsys.exit()", "", "exits with 0"),
        ("import sys\nsys.exit(3)", "", "exits with 3"),
        ("import sys\nsys.exit('no stock')", "no stock\n", "exits with 1"),
        (
            "def f():\n    return {}['x']\nf()",
            "Traceback (most recent call last):\n  File \"client.py\", line 3, in <module>\n    f()\n  File \
             \"client.py\", line 2, in f\n    return {}['x']\nKeyError: 'x'\n",
            "is ended by KeyError: 'x'",
        ),
        (
            "x = (",
            "Traceback (most recent call last):\n  File \"client.py\", line 1\n    x = (\nSyntaxError: '(' was never \
             closed (client.py, line 1)\n",
            "is ended by SyntaxError: '(' was never closed (client.py, line 1)",
        ),
        ("import logging\nlogging.info('quiet')\nlogging.warning('loud')", "WARNING:root:loud\n", "exits with 0"),
    ];
    for (text, output, end) in cases {
        assert_eq!(run_script(text, json!([])), (output.to_owned(), end.to_owned()), "{text}");
    }
}

#[test]
fn a_script_follows_an_execution_in_virtual_time() {
    let text = r#"
import boto3, sys, time

states = boto3.client("stepfunctions")
arn = states.start_execution(stateMachineArn=sys.argv[1], input="{}")["executionArn"]
begun = time.time()
while (seen := states.describe_execution(executionArn=arn))["status"] == "RUNNING":
    time.sleep(5)
listed = states.list_executions(stateMachineArn=sys.argv[1])["executions"]
print(seen["status"], round(time.time() - begun), len(listed), listed[0]["status"], seen["startDate"].isoformat()[:10])
"#;
    let definition = json!({"StartAt": "Rest", "States": {"Rest": {"Type": "Wait", "Seconds": 3600, "End": true}}});
    let machine = "arn:aws:states:us-east-1:111111111111:stateMachine:flow";
    let run = Stage::new().machine("flow", definition).client(text, json!([machine])).run();
    // Some seven hundred questions, five seconds and an answer apart.
    assert_eq!(run.world.clients.records()[0].output, "SUCCEEDED 3603 1 SUCCEEDED 2026-01-01\n");
}

#[test]
fn an_actor_goes_on_when_its_script_has_ended() {
    let steps = json!([
        {"wait": "1s"},
        {"python": "client.py", "arguments": ["one"]},
        {"put_event": {"source": "till", "detail-type": "T"}},
        {"python": "client.py", "arguments": ["two"]},
    ]);
    let script = "import sys, time\ntime.sleep(10)\nprint(sys.argv[1], time.monotonic())\n";
    let run = Stage::new().file("client.py", script).actor_of("0s", steps).run();
    let outputs: Vec<&str> = run.world.clients.records().iter().map(|client| client.output.as_str()).collect();
    assert_eq!(outputs, ["one 11.0\n", "two 21.015\n"]);
    assert_eq!(run.accepted(), ["default till"]);
}

#[test]
fn many_clients_share_a_module_s_text_and_nothing_else() {
    let helper = "seen = []\ndef note(who):\n    seen.append(who)\n    return len(seen)\n";
    let script = r"
import sys, time
import helper

for _ in range(3):
    time.sleep(1)
    print(sys.argv[1], helper.note(sys.argv[1]))
";
    let workload = json!([{"actor": "client", "count": 3, "python": "scripts/client.py",
        "arguments": ["{% $string($actor) %}"]}]);
    let stage = Stage::new().file("scripts/client.py", script).file("scripts/helper.py", helper);
    let run = stage.setting("workload", workload).run();
    let outputs: Vec<&str> = run.world.clients.records().iter().map(|client| client.output.as_str()).collect();
    assert_eq!(outputs, ["1 1\n1 2\n1 3\n", "2 1\n2 2\n2 3\n", "3 1\n3 2\n3 3\n"]);
}

#[test]
fn a_killed_client_is_run_again_from_its_beginning_and_hears_no_late_answer() {
    let script = r#"
import boto3, time, uuid

print("begins", time.monotonic())
boto3.client("lambda").invoke(FunctionName="echo", Payload=b"{}")
print("done", time.monotonic())
"#;
    let stage = Stage::new().python("echo", "def handler(event, context):\n    return 1\n").client(script, json!([]));
    let run = stage
        .fault(FaultId::ClCrash, 1_000_000)
        .load()
        .run_with(0, Box::new(crate::support::Strike { fault: FaultId::ClCrash, form: 2, times: 2 }))
        .expect("a run");
    let [client] = run.world.clients.records() else { panic!("one client") };
    assert_eq!(client.output, "begins 0.0\nbegins 5.0\nbegins 10.0\ndone 10.02\n");
    assert_eq!((client.attempts, run.world.lambda.invocation_count()), (3, 3));
}

#[test]
fn a_run_with_clients_repeats_under_every_seed() {
    let script = r#"
import boto3, random, time

for _ in range(3):
    time.sleep(random.random())
    boto3.client("events").put_events(Entries=[{"Source": "till", "DetailType": "T", "Detail": "{}"}])
"#;
    let workload = json!([{"actor": "client", "count": "1..3", "python": "client.py"}]);
    let mut stage = Stage::new().file("client.py", script).setting("workload", workload);
    for fault in [FaultId::ClCrash, FaultId::ClLostAnswer] {
        stage = stage.fault(fault, 200_000);
    }
    let harness = stage.load();
    let mut hashes = std::collections::BTreeSet::new();
    for seed in 0..10 {
        let hash = || harness.run(seed).expect("a run").outcome.trace_hash;
        assert_eq!(hash(), hash(), "seed {seed}");
        hashes.insert(hash());
    }
    assert_eq!(hashes.len(), 10);
}

#[test]
fn what_a_script_does_outside_of_the_world_is_refused_and_told_with_its_place() {
    let script =
        "import subprocess\n\n\ntry:\n    subprocess.run(['ls'])\nexcept PermissionError as e:\n    print(e)\n";
    let run = Stage::new().client(script, json!([])).run();
    assert_eq!(run.world.clients.records()[0].output, "[Errno 1] Operation not permitted\n");
    let [notice] = run.world.clients.notices() else { panic!("one notice") };
    assert_eq!(
        notice.to_string(),
        "client.py:5: function client.py started a process (subprocess.Popen): the simulated world does not control that"
    );
}

#[test]
fn native_functions_and_scripts_meet_in_one_world() {
    use rehearsal::handlers::Registry;
    let script =
        "import boto3\nprint(boto3.client('lambda').invoke(FunctionName='add', Payload='[1, 2]')['Payload'].read())\n";
    let stage = Stage::new().function("add").client(script, json!([])).handlers(|| {
        Registry::default().with("add", |_, event: Json| async move {
            let sum: i64 = event.as_array().unwrap_or_default().iter().filter_map(Json::as_i64).sum();
            Ok(json!(sum))
        })
    });
    assert_eq!(stage.run().world.clients.records()[0].output, "b'3'\n");
}
