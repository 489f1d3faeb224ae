//! `rehearsal retrace`: a history recorded on AWS, run again.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use rehearsal_engine::Json;

use super::input::read;
use super::run::{TypeArg, compile};
use super::{VIOLATED, print, unusable};
use crate::retrace::{Difference, Recording, Retraced};

/// Runs a recorded history again and says whether ours is the same.
#[derive(Debug, clap::Args)]
pub struct RetraceArgs {
    /// The definition: Amazon States Language in JSON
    definition: PathBuf,
    /// What `aws stepfunctions get-execution-history` printed
    history: PathBuf,
    /// Which kind of workflow
    #[arg(long = "type", value_name = "TYPE", ignore_case = true, default_value = "STANDARD")]
    workflow_type: TypeArg,
    /// Writes our history, in the same form
    #[arg(long, value_name = "FILE")]
    emit: Option<PathBuf>,
}

/// Exit code 0 when the histories are the same, timestamps aside, 1 when they differ, 2 when the input is unusable.
pub fn retrace(args: &RetraceArgs) -> ExitCode {
    match retraced(args) {
        Ok((events, None)) => {
            print(&format!("the same: {events} events\n"));
            ExitCode::SUCCESS
        }
        Ok((_, Some(difference))) => {
            print(&told(&difference));
            ExitCode::from(VIOLATED)
        }
        Err(message) => unusable(&message),
    }
}

fn retraced(args: &RetraceArgs) -> Result<(usize, Option<Difference>), String> {
    let program = Arc::new(compile(&args.definition, args.workflow_type)?);
    let recording = Recording::parse(&read(&args.history)?);
    let recording = recording.map_err(|error| format!("{}: {error}", args.history.display()))?;
    let Retraced { history, difference } = crate::retrace::retrace(&program, &recording, args.workflow_type.into());
    if let Some(file) = &args.emit {
        let text = serde_json::to_string_pretty(&history).map_err(|error| error.to_string())?;
        std::fs::write(file, text + "\n").map_err(|error| format!("{}: {error}", file.display()))?;
    }
    Ok((recording.len(), difference))
}

fn told(difference: &Difference) -> String {
    let Difference { id, place, recorded, ours } = difference;
    let place = if place.is_empty() { String::new() } else { format!(" at {place}") };
    let side = |event: &Option<Json>| event.as_ref().map_or("nothing: it had ended".to_owned(), Json::to_string);
    format!("event {id} differs{place}\n  recorded: {}\n  ours:     {}\n", side(recorded), side(ours))
}
