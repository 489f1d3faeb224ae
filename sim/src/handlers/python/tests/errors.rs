//! What Lambda reports of a handler that fails, exits, hangs, or cannot be loaded.

use std::time::Duration;

use rehearsal_engine::{Json, json};

use super::support::{Driver, function};
use super::{HostError, Options, PythonHost, Step};

#[test]
fn an_exception_is_reported_with_the_user_s_frames() {
    let mut host = Driver::of(
        r"
import json


class OutOfStock(Exception):
    pass


def check(item):
    raise OutOfStock(f'no {item} left')


def handler(event, context):
    if event.get('parse'):
        json.loads('{')
    check(
        event['item'],
    )
",
    );
    let expected = json!({
        "errorMessage": "no LAPTOP001 left",
        "errorType": "OutOfStock",
        "requestId": "00000001-0000-4000-8000-000000000000",
        "stackTrace": [
            "  File \"/var/task/index.py\", line 16, in handler\n    check(\n",
            "  File \"/var/task/index.py\", line 10, in check\n    raise OutOfStock(f'no {item} left')\n"
        ]
    });
    assert_eq!(host.failure(&json!({"item": "LAPTOP001"})).to_string(), expected.to_string());
    let frames = host.failure(&json!({"parse": true}));
    assert_eq!(frames.get("stackTrace").and_then(Json::as_array).map(<[_]>::len), Some(1), "{frames}");
    let log = host.host.take_log(1).unwrap_or_default();
    assert!(log.starts_with("[ERROR] OutOfStock: no LAPTOP001 left\nTraceback"), "{log}");
}

#[test]
fn frames_that_repeat_are_folded() {
    let mut host = Driver::of("def handler(event, context):\n    handler(event, context)\n");
    let payload = host.failure(&json!({}));
    assert_eq!(payload.get("errorType"), Some(&json!("RecursionError")));
    let frames = payload.get("stackTrace").and_then(Json::as_array).unwrap_or_default();
    assert_eq!(frames.len(), 4, "{payload}");
    assert!(frames[3].as_str().is_some_and(|line| line.starts_with("  [Previous line repeated ")), "{payload}");
}

#[test]
fn a_module_that_cannot_be_loaded_is_reported_in_lambda_s_words() {
    let cases = [
        (
            "import requests\n",
            "index.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': No module named 'requests'",
        ),
        (
            "from json import nothing\n",
            "index.handler",
            "Runtime.ImportModuleError",
            "Unable to import module 'index': cannot import name 'nothing' from 'json'",
        ),
        ("x = 1\n", "index.handler", "Runtime.HandlerNotFound", "Handler 'handler' missing on module 'index'"),
        ("x = 1\n", "app.handler", "Runtime.ImportModuleError", "Unable to import module 'app': No module named 'app'"),
        (
            "x = 1\n",
            "handler",
            "Runtime.MalformedHandlerName",
            "Bad handler 'handler': not enough values to unpack (expected 2, got 1)",
        ),
        ("x = 1\n", "sys.exit", "Runtime.BuiltInModuleConflict", "Cannot use built-in module sys as a handler module"),
        ("def handler(:\n", "index.handler", "Runtime.UserCodeSyntaxError", "Syntax error in module 'index': "),
        ("raise ValueError('at import')\n", "index.handler", "ValueError", "at import"),
    ];
    for (code, handler, kind, message) in cases {
        let mut source = function("subject", code);
        source.handler = handler.into();
        let payload = Driver::new(&[source]).failure(&json!({}));
        assert_eq!(payload.get("errorType"), Some(&json!(kind)), "{code}");
        let told = payload.get("errorMessage").and_then(Json::as_str).unwrap_or_default();
        assert!(told.starts_with(message), "{code}: {told}");
        assert_eq!(payload.get("requestId"), Some(&json!("")), "{code}: init errors carry no request id");
    }
    let syntax = Driver::of("def handler(:\n").failure(&json!({}));
    let frames = syntax.get("stackTrace").cloned().unwrap_or_default();
    assert_eq!(frames, json!(["  File \"/var/task/index.py\" Line 1\n    def handler(:\n"]));
}

#[test]
fn a_failed_import_is_tried_again_by_the_next_invocation() {
    let mut host = Driver::of(
        r"
import boto3

boto3.client('ssm').get_parameter(Name='p')


def handler(event, context):
    return 'fine'
",
    );
    let throttled = super::Answer::Error(crate::services::ApiError::new("ThrottlingException", "slow down"));
    let failed = host.run_with(0, &json!({}), |_| throttled.clone());
    assert!(matches!(failed, Step::Failed { .. }), "{failed:?}");
    let fine = host.run_with(0, &json!({}), |_| super::Answer::Response(json!({})));
    assert_eq!(fine, Step::Returned(json!("fine")));
}

#[test]
fn a_result_is_marshalled_as_the_runtime_does() {
    let cases = [
        ("Decimal('50')", json!(50)),
        ("{'price': Decimal('999.99'), 'n': (1, 2)}", json!({"price": 999.99, "n": [1, 2]})),
        ("None", json!(null)),
        ("'gr\u{fc}n \u{1f600}'", json!("gr\u{fc}n \u{1f600}")),
        ("b'{\"raw\": true}'", json!({"raw": true})),
        ("{1: 'a', None: 'b'}", json!({"1": "a", "null": "b"})),
    ];
    for (expression, expected) in cases {
        let code = format!("from decimal import Decimal\ndef handler(event, context):\n    return {expression}\n");
        assert_eq!(Driver::of(&code).result(&json!({})), expected, "{expression}");
    }
    let cases = [
        ("{1, 2}", "Unable to marshal response: Object of type set is not JSON serializable"),
        ("context", "Unable to marshal response: Object of type LambdaContext is not JSON serializable"),
        ("float('nan')", "Unable to marshal response: Out of range float values are not JSON compliant"),
    ];
    for (expression, message) in cases {
        let payload =
            Driver::of(&format!("def handler(event, context):\n    return {expression}\n")).failure(&json!({}));
        assert_eq!(payload.get("errorType"), Some(&json!("Runtime.MarshalError")), "{expression}");
        let told = payload.get("errorMessage").and_then(Json::as_str).unwrap_or_default();
        assert!(told.starts_with(message), "{expression}: {told}");
    }
}

#[test]
fn exits_are_exits() {
    let cases = [
        ("sys.exit()", 0),
        ("sys.exit(3)", 3),
        ("sys.exit('bye')", 1),
        ("os._exit(7)", 7),
        ("os.kill(os.getpid(), 9)", 137),
        ("raise KeyboardInterrupt", 1),
    ];
    for (statement, status) in cases {
        let mut host = Driver::of(&format!(
            "import os, sys\ncleaned = []\ndef handler(event, context):\n    if event:\n        return cleaned\n    \
             try:\n        {statement}\n    except Exception:\n        pass\n    finally:\n        cleaned.append(1)\n"
        ));
        assert_eq!(host.run(&json!({})), Step::Exited { status }, "{statement}");
        assert!(matches!(host.run(&json!({"ask": 1})), Step::Returned(_)), "the worker lives on after {statement}");
    }
}

#[test]
fn an_endless_loop_ends_the_host_and_names_the_handler() {
    let options = Options { watchdog: Duration::from_millis(300), ..Options::default() };
    let functions = [function("spinner", "def handler(event, context):\n    while True:\n        pass\n")];
    let mut host = Driver::with_options(&functions, &options);
    let error = host.start_in(0, 0, &json!({})).expect_err("it hangs");
    assert_eq!(
        error.to_string(),
        "function spinner (handler index.handler) ran for 300ms of real time without a service call, a sleep or an \
         end; look for an endless loop in it"
    );
    assert_eq!(host.start_in(0, 1, &json!({})).expect_err("the host is gone"), error);
}

#[test]
fn a_worker_that_dies_says_what_it_said() {
    let functions =
        [function("crasher", "import faulthandler, sys\ndef handler(event, context):\n    faulthandler._sigsegv()\n")];
    let mut host = PythonHost::spawn(&functions).expect("python3 is on the path");
    let event = json!({});
    let error = host
        .start(super::Start {
            invocation: 1,
            function: 0,
            environment: 0,
            fresh: true,
            event: &event,
            request_id: "r",
            deadline_ms: 0,
            now_ms: 0,
            entropy: 0,
            memory_mb: 128,
            function_arn: "",
        })
        .expect_err("the process is gone");
    assert!(matches!(&error, HostError::Died { function, .. } if function == "crasher"), "{error:?}");
    assert!(error.to_string().contains("while function crasher ran"), "{error}");
}
