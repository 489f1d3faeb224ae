//! What a template's own Python finds around it: its files, its folder, threads, who it is; and what it is told when
//! something is missing.

use rehearsal_engine::json;

use crate::support::{Look, Stage};

/// A function whose code is the folder `code`; `body` is the handler's.
fn folder(body: &str) -> Stage {
    let lines = body.replace('\n', "\n    ");
    let app = format!("import os, sys, json, time, boto3\n\ndef handler(event, context):\n    {lines}\n");
    Stage::new()
        .function_with("lab", json!({"Handler": "app.handler", "Timeout": 900, "Code": "code"}))
        .file("code/app.py", &app)
        .file("code/data.json", "{\"x\": 1}")
        .file("code/pkg/__init__.py", "")
        .file("code/pkg/rates.csv", "a,1\n")
        .file("code/pkg/deep/leaf.txt", "leaf")
        .invoke("0s", "lab", json!({}))
}

#[test]
fn a_function_finds_its_own_files_and_none_of_the_machine() {
    let cases: [(&str, &[&str]); 9] = [
        ("print(os.getcwd(), sorted(os.listdir('.')))", &["/var/task ['app.py', 'data.json', 'pkg']"]),
        (
            "print(json.load(open('data.json')), os.path.exists('data.json'), os.path.isdir('pkg'))",
            &["{'x': 1} True True"],
        ),
        (
            "for top, folders, files in os.walk('/var/task/pkg'): print(top, folders, files)",
            &["/var/task/pkg ['deep'] ['__init__.py', 'rates.csv']", "/var/task/pkg/deep [] ['leaf.txt']"],
        ),
        (
            "import glob\nprint(sorted(glob.glob('pkg/*.csv')), glob.glob('/var/task/**/*.txt', recursive=True))",
            &["['pkg/rates.csv'] ['/var/task/pkg/deep/leaf.txt']"],
        ),
        (
            "import pathlib\nhere = pathlib.Path(__file__).parent\nprint((here / 'pkg' / 'rates.csv').read_text().strip(), sorted(path.name for path in here.iterdir()))",
            &["a,1 ['app.py', 'data.json', 'pkg']"],
        ),
        (
            "import importlib.resources as resources\nprint(resources.files('pkg').joinpath('rates.csv').read_text().strip())",
            &["a,1"],
        ),
        ("import pkgutil\nprint(pkgutil.get_data('pkg', 'rates.csv'))", &["b'a,1\\n'"]),
        (
            "try: os.listdir('/etc')\nexcept FileNotFoundError as error: print(error)",
            &["[Errno 2] No such file or directory: '/etc'"],
        ),
        (
            "try: open('none.json')\nexcept FileNotFoundError as error: print(error)",
            &["[Errno 2] No such file or directory: 'none.json'"],
        ),
    ];
    for (body, printed) in cases {
        assert_eq!(folder(body).run_python().printed(), printed, "{body}");
    }
}

#[test]
fn threads_do_their_work_where_they_are_started_and_waiting_is_sleeping() {
    let cases: [(&str, &[&str]); 6] = [
        (
            "import threading\nseen = []\nthreads = [threading.Thread(target=seen.append, args=(n,)) for n in range(3)]\n[one.start() for one in threads]\n[one.join() for one in threads]\nprint(seen, threads[0].is_alive())",
            &["[0, 1, 2] False"],
        ),
        (
            "import threading\ndef fails(): raise ValueError('no')\nthreading.Thread(target=fails, name='worker').start()\nprint('goes on')",
            &["Exception in thread worker:", "Traceback", "ValueError: no", "goes on"],
        ),
        (
            "import threading\none = threading.Thread(target=print)\ntry: one.join()\nexcept RuntimeError as error: print(error)",
            &["cannot join thread before it is started"],
        ),
        (
            "import threading\nbefore = time.time()\nprint(threading.Event().wait(90), time.time() - before)",
            &["False 90.0"],
        ),
        (
            "import queue\nbefore = time.time()\ntry: queue.Queue().get(timeout=5)\nexcept queue.Empty: print('empty', time.time() - before)",
            &["empty 5.0"],
        ),
        (
            "import threading\ntry: threading.Event().wait()\nexcept RuntimeError as error: print(error)",
            &["waits for ever: no other thread runs that could end it"],
        ),
    ];
    for (body, printed) in cases {
        let mut lines = folder(body).run_python().printed();
        lines.retain(|line| !line.starts_with("  "));
        let lines: Vec<&str> =
            lines.iter().map(|line| line.strip_suffix(" (most recent call last):").unwrap_or(line)).collect();
        assert_eq!(lines, printed, "{body}");
    }
}

#[test]
fn a_function_knows_its_account_and_makes_links() {
    let run = folder("told = boto3.client('sts').get_caller_identity()\nprint(told['Account'], told['Arn'])\ns3 = boto3.client('s3')\nprint(s3.generate_presigned_url('get_object', Params={'Bucket': 'b', 'Key': 'k'}, ExpiresIn=60))").run_python();
    let printed = run.printed();
    assert_eq!(printed[0], "111111111111 arn:aws:sts::111111111111:assumed-role/rehearsal/lab");
    assert!(
        printed[1].starts_with("https://s3.us-east-1.amazonaws.com/b/k?") && printed[1].contains("Expires=60"),
        "{printed:?}"
    );
}

#[test]
fn a_module_that_is_nowhere_is_told_with_its_place_and_what_to_do() {
    let run = Stage::new()
        .function_with("lab", json!({"Handler": "app.handler", "Code": "code"}))
        .file("code/app.py", "import os\nimport requests\n\ndef handler(event, context):\n    pass\n")
        .invoke("0s", "lab", json!({}))
        .run_python();
    assert!(run.tells("Unable to import module 'app': No module named 'requests'"));
    let told: Vec<String> = run.world.lambda.notices().iter().map(ToString::to_string).collect();
    let expected = "/var/task/app.py:2: function lab imports 'requests', and that is neither in its folder nor in a layer \
                    nor in Python's library: put it there (pip install -t, sam build)";
    assert_eq!(told, [expected]);
}

#[test]
fn a_script_finds_the_data_beside_it_and_its_own_folder() {
    let script = "import os, helper\nhere = os.path.dirname(os.path.abspath(__file__))\nprint(os.getcwd(), here)\nprint(open(os.path.join(here, 'rates.csv')).read(), open('scripts/rates.csv').read(), sorted(os.listdir(here)))\n";
    let run = Stage::new()
        .file("scripts/client.py", script)
        .file("scripts/helper.py", "")
        .file("scripts/rates.csv", "a,1")
        .actor("0s", json!({"python": "scripts/client.py"}))
        .run_python();
    let expected = ["/home/client /home/client/scripts", "a,1 a,1 ['client.py', 'helper.py', 'rates.csv']"];
    assert_eq!(run.printed(), expected);
}
