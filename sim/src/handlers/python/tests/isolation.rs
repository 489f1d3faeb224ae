//! What a handler sees of the process, and what it may not touch.

use rehearsal_engine::{Json, json};

use super::support::{Driver, function};
use super::{Answer, Notice, Step};

#[test]
fn the_environment_variables_are_lambda_s_and_the_function_s_own() {
    let code = r"
import os
from os import environ


def handler(event, context):
    if event.get('set'):
        os.environ['LEFT'] = 'behind'
    try:
        environ['n'] = 1
    except TypeError as error:
        refused = str(error)
    return [os.environ['AWS_REGION'], environ['AWS_LAMBDA_FUNCTION_NAME'], os.getenv('TABLE'), os.environ.get('HOME'),
            'LEFT' in environ, refused, os.environ['_HANDLER'], os.environ['AWS_LAMBDA_FUNCTION_MEMORY_SIZE']]
";
    let mut host = Driver::new(&[function("subject", code), function("other", code)]);
    let expected = |left: bool, name: &str| {
        json!(["eu-west-1", name, "Orders", null, left, "str expected, not int", "index.handler", "128"])
    };
    assert_eq!(host.result(&json!({})), expected(false, "subject"));
    assert_eq!(host.result(&json!({"set": true})), expected(true, "subject"));
    assert_eq!(host.result(&json!({})), expected(true, "subject"));
    let other = host.run_with(1, &json!({}), |_| Answer::Woke);
    assert_eq!(other, Step::Returned(expected(false, "other")));
    host.host.reset();
    assert_eq!(host.result(&json!({})), expected(false, "subject"));
}

#[test]
fn the_context_is_lambda_s() {
    let mut host = Driver::of(
        r"
def handler(event, context):
    return [context.aws_request_id, context.function_name, context.function_version, context.invoked_function_arn,
            context.memory_limit_in_mb, context.get_remaining_time_in_millis(), context.log_group_name,
            context.log_stream_name[:20], context.client_context, context.identity.cognito_identity_id]
",
    );
    let expected = json!([
        "00000001-0000-4000-8000-000000000000",
        "subject",
        "$LATEST",
        "arn:aws:lambda:eu-west-1:123456789012:function:subject",
        "128",
        3000,
        "/aws/lambda/subject",
        "2026/01/01/[$LATEST]",
        null,
        null
    ]);
    assert_eq!(host.result(&json!({})), expected);
}

#[test]
fn what_is_printed_and_logged_is_kept_per_invocation() {
    let mut host = Driver::of(
        r"
import logging, sys, time

logger = logging.getLogger()
logger.setLevel(logging.INFO)
logging.getLogger('named').debug('not shown')


def handler(event, context):
    print('order', event)
    time.sleep(1)
    logger.info('after %s', event)
    print('careful', file=sys.stderr)
",
    );
    let (first, _) = host.start_in(0, 0, &json!(1)).expect("the host goes on");
    let (second, _) = host.start_in(0, 1, &json!(2)).expect("the host goes on");
    host.now_ms += 1000;
    for invocation in [second, first] {
        host.resume(invocation, Answer::Woke);
    }
    let log = |place: u32| {
        format!(
            "order {place}\n[INFO]\t2026-01-01T00:00:01.000Z\t{place:08}-0000-4000-8000-000000000000\tafter {place}\n\
             careful\n"
        )
    };
    assert_eq!(host.host.take_log(first), Some(log(1)));
    assert_eq!(host.host.take_log(second), Some(log(2)));
    assert_eq!(host.host.take_log(second), None);
}

#[test]
fn log_levels_belong_to_the_environment() {
    let code = r"
import logging


def handler(event, context):
    if event:
        logging.getLogger().setLevel(logging.INFO)
    logging.info('seen')
";
    let mut host = Driver::new(&[function("loud", code), function("quiet", code)]);
    host.run_with(0, &json!({"loud": 1}), |_| Answer::Woke);
    host.run_with(1, &json!({}), |_| Answer::Woke);
    host.run_with(0, &json!({}), |_| Answer::Woke);
    let seen: Vec<bool> = (1..4).map(|invocation| host.host.take_log(invocation).is_some()).collect();
    assert_eq!(seen, [true, false, true]);
}

#[test]
fn what_the_world_does_not_control_is_refused_and_told() {
    let cases = [
        ("import _thread; _thread.start_new_thread(print, ())", "RuntimeError", "thread", "started a thread"),
        ("import socket; socket.create_connection(('10.0.0.1', 80))", "OSError", "network", "used the network"),
        (
            "import urllib.request; urllib.request.urlopen('http://example.com')",
            "URLError",
            "network",
            "used the network",
        ),
        (
            "import subprocess; subprocess.run(['ls'])",
            "PermissionError",
            "process",
            "started a process (subprocess.Popen)",
        ),
        ("import os; os.system('ls')", "PermissionError", "process", "started a process (os.system)"),
        ("import os; os.fork()", "PermissionError", "process", "started a process (os.fork)"),
        ("open('/var/x', 'w')", "OSError", "file", "opened /var/x for writing"),
        ("open('/etc/hostname')", "FileNotFoundError", "file", "read /etc/hostname"),
        ("import os; os.remove('/var/x')", "OSError", "file", "called os.remove"),
        ("import signal; signal.alarm(1)", "PermissionError", "signal", "used the module signal"),
        ("import ctypes; ctypes.CDLL(None)", "PermissionError", "foreign code", "loaded foreign code"),
    ];
    for (statement, class, kind, detail) in cases {
        let mut host = Driver::of(&format!("def handler(event, context):\n    {statement}\n"));
        let payload = host.failure(&json!({}));
        assert_eq!(payload.get("errorType"), Some(&json!(class)), "{statement}: {payload}");
        let Some(notice) = host.host.notices().first() else { panic!("{statement}: no notice") };
        assert_eq!((notice.function.as_str(), notice.kind.as_str()), ("subject", kind), "{statement}");
        assert!(notice.detail.starts_with(detail), "{statement}: {notice:?}");
        host.run(&json!({}));
        let repeated = host.host.notices();
        let distinct: std::collections::BTreeSet<String> =
            repeated.iter().map(|notice: &Notice| notice.detail.clone()).collect();
        assert_eq!(distinct.len(), repeated.len(), "{statement}: each thing is told once");
    }
}

#[test]
fn a_thread_pool_s_work_runs_in_order_and_is_told() {
    let mut host = Driver::of(
        r"
import time
from concurrent.futures import ThreadPoolExecutor, as_completed


def work(n):
    time.sleep(n)
    return n / (n - 2)


def handler(event, context):
    with ThreadPoolExecutor(max_workers=4) as pool:
        mapped = list(pool.map(work, [1, 3]))
        futures = [pool.submit(work, n) for n in (2, 4)]
        return mapped + [str(future.exception() or future.result()) for future in futures] + [time.monotonic()]
",
    );
    assert_eq!(host.result(&json!({})), json!([-1.0, 3.0, "division by zero", "2.0", 10.0]));
    let kinds: Vec<&str> = host.host.notices().iter().map(|notice| notice.kind.as_str()).collect();
    assert_eq!(kinds, ["thread"]);
}

#[test]
fn asyncio_waits_in_virtual_time() {
    let mut host = Driver::of(
        r"
import asyncio, time


async def work(seconds):
    await asyncio.sleep(seconds)
    return seconds


async def main():
    first = await asyncio.gather(work(2), work(1), asyncio.to_thread(len, 'abc'))
    try:
        await asyncio.wait_for(work(10), timeout=0.5)
    except asyncio.TimeoutError:
        first.append('late')
    return first


def handler(event, context):
    begun = time.time()
    return asyncio.run(main()) + [time.time() - begun]
",
    );
    for _ in 0..2 {
        assert_eq!(host.result(&json!({})), json!([2, 1, 3, "late", 2.5]));
    }
}

#[test]
fn ordinary_libraries_can_be_imported_without_a_notice() {
    let modules = [
        "json",
        "base64",
        "collections",
        "concurrent.futures",
        "copy",
        "csv",
        "dataclasses",
        "decimal",
        "enum",
        "functools",
        "hashlib",
        "hmac",
        "html",
        "io",
        "itertools",
        "math",
        "operator",
        "os",
        "re",
        "statistics",
        "string",
        "textwrap",
        "threading",
        "traceback",
        "typing",
        "urllib.parse",
        "urllib.request",
        "uuid",
        "zoneinfo",
        "http.client",
        "asyncio",
        "tempfile",
        "random",
        "secrets",
        "calendar",
        "pprint",
        "xml.etree.ElementTree",
    ];
    let code = format!("import {}\ndef handler(event, context):\n    return 'fine'\n", modules.join(", "));
    let mut host = Driver::of(&code);
    assert_eq!(host.result(&json!({})), json!("fine"));
    assert_eq!(host.host.notices(), []);
}

#[test]
fn context_variables_and_dataclasses_work_as_at_home() {
    let mut host = Driver::of(
        r"
import decimal, dataclasses, typing

decimal.getcontext().prec = 5


@dataclasses.dataclass
class Order:
    id: str
    items: typing.List[str] = dataclasses.field(default_factory=list)


def handler(event, context):
    return [str(decimal.Decimal(1) / 3), dataclasses.asdict(Order('o-1'))]
",
    );
    for _ in 0..2 {
        assert_eq!(host.result(&json!({})), json!(["0.33333", {"id": "o-1", "items": []}]));
    }
    // Every strand of the pool sees the environment's own context.
    let mut other = Driver::of(
        "import decimal, time\ndef handler(event, context):\n    time.sleep(1)\n    decimal.getcontext().prec += 1\n    return decimal.getcontext().prec\n",
    );
    let starts = [(0, json!({})), (0, json!({})), (0, json!({}))];
    let transcript = other.run_many(&starts, &mut |_| 0, |step| panic!("unexpected {step:?}"));
    let results: Vec<Json> = transcript
        .into_iter()
        .filter_map(|(_, step)| match step {
            Step::Returned(result) => Some(result),
            _ => None,
        })
        .collect();
    assert_eq!(results, [json!(29), json!(29), json!(29)]);
}

#[test]
fn tmp_is_a_folder_of_the_environment_in_memory() {
    let code = r#"
import json, os, pathlib, shutil, tempfile


def handler(event, context):
    seen = sorted(os.listdir("/tmp"))
    with open("/tmp/log", "a") as log:
        log.write("line\n")
    os.makedirs("/tmp/a/b", exist_ok=True)
    pathlib.Path("/tmp/a/b/c.json").write_text(json.dumps({"n": 1}))
    with tempfile.NamedTemporaryFile("w+", suffix=".txt") as file:
        file.write("short")
        file.seek(0)
        short = [file.read(), os.path.exists(file.name), file.name.startswith("/tmp/")]
    os.rename("/tmp/a/b/c.json", "/tmp/d.json")
    with open("/tmp/d.json", "rb") as data:
        value = json.load(data)
    missing = None
    try:
        open("/tmp/nowhere/x", "w")
    except FileNotFoundError as error:
        missing = error.errno
    return [seen, open("/tmp/log").read(), os.path.getsize("/tmp/log"), value, short, os.path.isdir("/tmp/a/b"),
            os.path.exists(file.name), missing]
"#;
    let mut host = Driver::of(code);
    let told = |seen: Json, log: &str| json!([seen, log, (log.len()), {"n": 1}, ["short", true, true], true, false, 2]);
    assert_eq!(host.result(&json!({})), told(json!([]), "line\n"));
    assert_eq!(host.result(&json!({})), told(json!(["a", "d.json", "log"]), "line\nline\n"));
    // Another environment has its own.
    let (_, step) = host.start_in(0, 7, &json!({})).expect("the host goes on");
    assert_eq!(step, Step::Returned(told(json!([]), "line\n")));
    assert_eq!(host.host.notices(), []);
    assert!(!std::path::Path::new("/tmp/d.json").exists());
}

#[test]
fn the_files_of_the_code_can_be_read_and_not_written() {
    let code = "import os\ndef handler(event, context):\n    here = os.path.dirname(__file__)\n    text = open(os.path.join(here, 'index.py')).read()\n    try:\n        open(__file__, 'w')\n    except OSError as error:\n        return [text[:9], os.path.exists(__file__), error.strerror]\n";
    let mut host = Driver::of(code);
    assert_eq!(host.result(&json!({})), json!(["import os", true, "Read-only file system"]));
    let [notice] = host.host.notices() else { panic!("one notice") };
    assert_eq!((notice.file.as_str(), notice.line), ("/var/task/index.py", 6));
}
