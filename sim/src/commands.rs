//! The commands of `rehearsal`, each a function from its arguments to an exit code: 0 held, 1 violated, 2 unusable input.

mod check;
mod eval;
mod input;
mod lint;
mod match_events;
mod parse;
mod replay;
mod retrace;
mod run;

use std::io::{IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::harness::{Handlers, Harness};
use crate::report::warnings_text;
use crate::world::{FaultPlan, Profile};

pub use check::{CheckArgs, check};
pub use eval::{EvalArgs, eval};
pub use lint::{LintArgs, lint};
pub use match_events::{MatchArgs, match_events};
pub use replay::{ReplayArgs, replay};
pub use retrace::{RetraceArgs, retrace};
pub use run::{RunArgs, run};

const HELD: u8 = 0;
const VIOLATED: u8 = 1;
const UNUSABLE: u8 = 2;

/// Prints why the input is unusable.
fn unusable(message: &str) -> ExitCode {
    let message = message.trim_end();
    // A diagnostic begins with its own 'error'.
    let head = if message.contains('\n') { "" } else { "error: " };
    tell(&format!("{head}{message}\n"));
    ExitCode::from(UNUSABLE)
}

/// Prints beside the result. Nobody is left to tell when standard error is closed.
fn tell(text: &str) {
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Prints a result; a closed pipe (`| head`) is no error.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Loads a scenario for the command line: its handlers are its mocks and the template's own code. Warnings are printed.
fn load(scenario: &Path, faults: Option<Profile>, watchdog_seconds: u64) -> Result<Harness, String> {
    let color = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    let mut harness = Harness::load(scenario).map_err(|problems| problems.render(color))?;
    harness.check_python().map_err(|problems| problems.render(color))?;
    harness = harness.handlers(Handlers::Python).watchdog(Duration::from_secs(watchdog_seconds));
    if let Some(profile) = faults {
        harness = harness.faults(FaultPlan::of(profile));
    }
    let loaded = harness.loaded();
    tell(&warnings_text(&loaded.sources, &loaded.warnings));
    tell(&warnings_text(&loaded.sources, &harness.python_warnings()));
    Ok(harness)
}

fn profile_text(profile: Profile) -> &'static str {
    match profile {
        Profile::None => "none",
        Profile::Documented => "documented",
        Profile::Stress => "stress",
    }
}
