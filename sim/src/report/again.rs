//! The line that a reader pastes to run something again.

use std::ffi::OsStr;
use std::path::Path;

/// How this program was called, and with what the scenario was run.
#[derive(Clone, Debug)]
pub struct Again {
    /// The program as it is typed: `rehearsal`, `cargo run --release --`.
    pub program: String,
    /// The scenario as the user named it.
    pub scenario: String,
    /// The fault profile that was given instead of the scenario's own.
    pub faults: Option<String>,
}

impl Again {
    /// This very process's way to run `scenario`.
    pub fn of_this_process(scenario: &Path, faults: Option<&str>) -> Again {
        let typed = std::env::args_os().next();
        let executable = std::env::current_exe().ok();
        Again {
            program: program(typed.as_deref(), executable.as_deref(), std::env::var_os("CARGO").is_some()),
            scenario: scenario.display().to_string(),
            faults: faults.map(str::to_owned),
        }
    }

    /// The line that replays a seed.
    pub fn seed(&self, seed: u64) -> String {
        self.line(&format!("--seed {seed}"))
    }

    /// The line that replays a token.
    pub fn token(&self, token: &str) -> String {
        self.line(&format!("--token {token}"))
    }

    fn line(&self, which: &str) -> String {
        let mut line = format!("{} replay {} {which}", self.program, quoted(&self.scenario));
        if let Some(faults) = &self.faults {
            line.push_str(" --faults ");
            line.push_str(&quoted(faults));
        }
        line
    }
}

/// Under `cargo run` the program lies in a target folder that nobody types: then cargo is what was typed.
fn program(typed: Option<&OsStr>, executable: Option<&Path>, under_cargo: bool) -> String {
    let profile = executable.and_then(|file| file.parent()?.file_name()?.to_str());
    let in_target = executable.is_some_and(|file| file.ancestors().any(|folder| folder.ends_with("target")));
    if under_cargo
        && in_target
        && let Some(profile) = profile
    {
        return match profile {
            "debug" => "cargo run --".to_owned(),
            "release" => "cargo run --release --".to_owned(),
            other => format!("cargo run --profile {} --", quoted(other)),
        };
    }
    typed.map_or_else(|| "rehearsal".to_owned(), |typed| quoted(&typed.to_string_lossy()))
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_named_as_it_was_typed() {
        for (typed, executable, under_cargo, wanted) in [
            ("target/release/rehearsal", "/w/target/release/rehearsal", true, "cargo run --release --"),
            ("target/debug/rehearsal", "/w/target/debug/rehearsal", true, "cargo run --"),
            ("/w/target/lean/rehearsal", "/w/target/lean/rehearsal", true, "cargo run --profile lean --"),
            ("target/release/rehearsal", "/w/target/release/rehearsal", false, "target/release/rehearsal"),
            ("rehearsal", "/home/me/.cargo/bin/rehearsal", true, "rehearsal"),
            ("/my tools/rehearsal", "/my tools/rehearsal", false, "'/my tools/rehearsal'"),
        ] {
            let named = program(Some(OsStr::new(typed)), Some(Path::new(executable)), under_cargo);
            assert_eq!(named, wanted, "{typed}");
        }
        assert_eq!(program(None, None, true), "rehearsal");
    }

    #[test]
    fn the_line_carries_the_faults_and_quotes_odd_paths() {
        let mut again = Again { program: "rehearsal".into(), scenario: "scenarios/orders".into(), faults: None };
        assert_eq!(again.seed(7), "rehearsal replay scenarios/orders --seed 7");
        again = Again { scenario: "it's mine/a b".into(), faults: Some("stress".into()), ..again };
        assert_eq!(again.token("r1.AA"), r"rehearsal replay 'it'\''s mine/a b' --token r1.AA --faults stress");
    }
}
