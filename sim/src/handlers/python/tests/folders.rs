//! Functions whose code is a folder of modules.

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_engine::{Json, json};

use super::support::{Driver, is_end};
use super::{Answer, FunctionSource, Step};

fn function(name: &str, handler: &str, file: &str, files: &[(&str, &str)]) -> FunctionSource {
    let files: BTreeMap<String, Arc<str>> =
        files.iter().map(|(path, text)| ((*path).to_owned(), Arc::from(*text))).collect();
    FunctionSource::folder(name, handler, file, &files)
}

const COUNTER: &str = "count = 0\ndef up(step=1):\n    global count\n    count += step\n    return count\n";

#[test]
fn modules_and_packages_of_the_folder_can_be_imported() {
    let files = [
        (
            "src/app.py",
            "from src.lib import counter, names\nimport shared\nfrom src import lib\ndef handler(event, context):\n    return [counter.up(), names.WHO, shared.__file__, lib.__name__]\n",
        ),
        ("src/lib/__init__.py", ""),
        ("src/lib/counter.py", COUNTER),
        ("src/lib/names.py", "from . import counter\nWHO = 'lib' + str(counter.count)\n"),
        ("shared.py", ""),
    ];
    // `src` has no `__init__.py`: a namespace.
    for handler in ["src.app.handler", "src/app.handler"] {
        let mut host = Driver::new(&[function("f", handler, "src/app.py", &files)]);
        assert_eq!(host.result(&json!({})), json!([1, "lib0", "/var/task/shared.py", "src.lib"]), "{handler}");
        assert_eq!(host.result(&json!({})), json!([2, "lib0", "/var/task/shared.py", "src.lib"]), "{handler}");
    }
}

#[test]
fn each_function_and_each_environment_has_its_own_modules() {
    let app = "import common\nimport time\ndef handler(event, context):\n    time.sleep(1)\n    import late\n    return [common.up(), late.WHO]\n";
    let one = [("app.py", app), ("common.py", COUNTER), ("late.py", "WHO = 'one'\n")];
    let two = [("app.py", app), ("common.py", "def up():\n    return 'other'\n"), ("late.py", "WHO = 'two'\n")];
    let functions = [function("one", "app.handler", "app.py", &one), function("two", "app.handler", "app.py", &two)];
    let mut host = Driver::new(&functions);
    let starts = [(0, json!({})), (1, json!({})), (0, json!({}))];
    let transcript = host.run_many(&starts, &mut |waiting| waiting - 1, |step| panic!("unexpected {step:?}"));
    let mut ends: Vec<(usize, Step)> = transcript.into_iter().filter(|(_, step)| is_end(step)).collect();
    ends.sort_by_key(|(place, _)| *place);
    let returned = |json: Json| Step::Returned(json);
    assert_eq!(
        ends,
        [(0, returned(json!([1, "one"]))), (1, returned(json!(["other", "two"]))), (2, returned(json!([1, "one"])))]
    );
}

#[test]
fn a_module_that_waits_while_it_is_imported_stops_nobody() {
    let app = "def handler(event, context):\n    import slow\n    return slow.READY\n";
    let slow = "import time\ntime.sleep(5)\nREADY = True\n";
    let mut host = Driver::new(&[function("f", "app.handler", "app.py", &[("app.py", app), ("slow.py", slow)])]);
    let starts = [(0, json!({})), (0, json!({}))];
    // The one that came last goes on first, while the other stands in the midst of the same import.
    let transcript = host.run_many(&starts, &mut |waiting| waiting - 1, |_| Answer::Woke);
    let ends: Vec<&Step> = transcript.iter().map(|(_, step)| step).filter(|step| is_end(step)).collect();
    assert_eq!(ends, [&Step::Returned(json!(true)), &Step::Returned(json!(true))]);
}

#[test]
fn a_stack_trace_names_the_file_and_line_of_every_module() {
    let files = [
        ("app.py", "import deep\ndef handler(event, context):\n    deep.fall()\n"),
        ("deep.py", "def fall():\n    raise ValueError('down here')\n"),
    ];
    let mut host = Driver::new(&[function("f", "app.handler", "app.py", &files)]);
    let failure = host.failure(&json!({}));
    assert_eq!(
        failure.get("stackTrace"),
        Some(&json!([
            "  File \"/var/task/app.py\", line 3, in handler\n    deep.fall()\n",
            "  File \"/var/task/deep.py\", line 2, in fall\n    raise ValueError('down here')\n"
        ]))
    );
}

#[test]
fn a_boto3_in_the_folder_is_not_taken_for_the_virtual_one() {
    let files = [
        (
            "app.py",
            "import boto3\ndef handler(event, context):\n    return boto3.client('events').can_paginate('list_rules')\n",
        ),
        ("boto3/__init__.py", "raise RuntimeError('the real one')\n"),
    ];
    let mut host = Driver::new(&[function("f", "app.handler", "app.py", &files)]);
    assert_eq!(host.result(&json!({})), json!(true));
}

#[test]
fn a_module_that_is_not_there_is_named() {
    let mut host = Driver::new(&[function("f", "app.handler", "app.py", &[("app.py", "import nowhere\n")])]);
    let failure = host.failure(&json!({}));
    assert_eq!(failure.get("errorType"), Some(&json!("Runtime.ImportModuleError")));
    assert_eq!(failure.get("errorMessage"), Some(&json!("Unable to import module 'app': No module named 'nowhere'")));
}
