//! A small shop in a temporary folder: one function behind one state machine behind one rule.

use std::path::Path;
use std::process::{Command, Stdio};

use regex::Regex;
use tempfile::TempDir;

const TEMPLATE: &str = include_str!("shop/template.yaml");
const SCENARIO: &str = include_str!("shop/scenario.yaml");

/// A folder with a scenario that holds.
pub struct Shop {
    folder: TempDir,
}

/// What a command left behind.
pub struct Ran {
    /// The exit code.
    pub code: i32,
    /// What it printed.
    pub out: String,
    /// What it said beside that.
    pub err: String,
}

/// The shop where paying twice is a broken promise, and faults are frequent.
pub fn broken() -> Shop {
    let shop = Shop::with("scenario.yaml", "faults: documented", "faults: {EB-DUP: 0.2, LA-COLD: 0.2}");
    shop.replace(
        "scenario.yaml",
        "name: some order is paid\n    sometimes: $count(tables.Orders[paid]) > 0",
        "name: each order is paid once\n    always: $count(executions) = $count($distinct(executions.input.orderId))",
    );
    shop
}

impl Shop {
    pub fn new() -> Shop {
        let shop = Shop { folder: tempfile::tempdir().expect("a temporary folder") };
        shop.write("template.yaml", TEMPLATE).write("scenario.yaml", SCENARIO);
        shop
    }

    /// The shop with `from` in `file` replaced by `to`.
    pub fn with(file: &str, from: &str, to: &str) -> Shop {
        let shop = Shop::new();
        shop.replace(file, from, to);
        shop
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, file: &str, text: impl AsRef<[u8]>) -> &Shop {
        std::fs::write(self.folder().join(file), text).expect("a file is written");
        self
    }

    pub fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder().join(file)).expect("a file of the shop")
    }

    pub fn replace(&self, file: &str, from: &str, to: &str) -> &Shop {
        let text = self.read(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        self.write(file, text.replacen(from, to, 1))
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rehearsal"));
        command.args(arguments).current_dir(self.folder()).stdin(Stdio::null());
        command.env_remove("CARGO").env_remove("NO_COLOR").env_remove("GITHUB_ACTIONS").env("COLUMNS", "100");
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.command(arguments))
    }

    /// `check` on one thread, with few seeds.
    pub fn check(&self, more: &[&str]) -> Ran {
        self.run(&[&["check", ".", "--seeds", "40", "--jobs", "1"], more].concat())
    }
}

impl Ran {
    pub fn of(mut command: Command) -> Ran {
        let output = command.output().expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("it prints UTF-8");
        let ran = Ran { code: output.status.code().unwrap_or(-1), out: text(output.stdout), err: text(output.stderr) };
        assert!(!ran.err.contains("panicked"), "{}", ran.err);
        ran
    }

    /// All of it, without what differs between machines: for snapshots.
    pub fn shown(&self) -> String {
        let mut text = format!("exit {}\n", self.code);
        for (name, stream) in [("out", &self.out), ("err", &self.err)] {
            if !stream.is_empty() {
                text.extend(["-- ", name, " --\n", stream]);
            }
        }
        let program = regex::escape(env!("CARGO_BIN_EXE_rehearsal"));
        for (pattern, filter) in [
            (program.as_str(), "rehearsal"),
            (r"in \d+\.\d s, \d+ runs/s", "in [time], [speed]"),
            (r"\d+ executions?, \d+ steps?, .* of virtual time", "[counts]"),
            (r"--token r1\.[A-Za-z0-9_-]+", "--token [token]"),
            (r"[ \t]+\n", "\n"),
        ] {
            text = Regex::new(pattern).expect("a pattern").replace_all(&text, filter).into_owned();
        }
        text
    }
}
