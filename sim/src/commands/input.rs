//! `--input` and `--input-file`, as every command that takes an input has them.

use std::path::{Path, PathBuf};

use rehearsal_engine::Json;

/// JSON from the command line or from a file; `{}` when neither is given.
#[derive(Debug, clap::Args)]
pub(super) struct InputArgs {
    /// The input, as JSON text
    #[arg(long, value_name = "JSON", conflicts_with = "input_file", allow_hyphen_values = true)]
    input: Option<String>,
    /// A file with the input
    #[arg(long, value_name = "FILE")]
    input_file: Option<PathBuf>,
}

impl InputArgs {
    /// The input's text and what it says.
    pub(super) fn read(&self) -> Result<(String, Json), String> {
        let text = match (&self.input, &self.input_file) {
            (Some(text), _) => text.clone(),
            (None, Some(file)) => read(file)?,
            (None, None) => "{}".to_owned(),
        };
        let input = Json::parse(&text).map_err(|error| match &self.input_file {
            Some(file) => format!("{}: not JSON: {error}", file.display()),
            None => format!("the input is not JSON: {error}"),
        })?;
        Ok((text, input))
    }
}

/// The text of a file.
pub(super) fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

/// The JSON in a file.
pub(super) fn read_json(file: &Path) -> Result<Json, String> {
    Json::parse(&read(file)?).map_err(|error| format!("{}: not JSON: {error}", file.display()))
}
