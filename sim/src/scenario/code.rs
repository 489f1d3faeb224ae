//! The code that a scenario runs and that is not in its template: client scripts, and the folders of functions whose code
//! is local. Read once, so that every thread runs the same texts, and a replay token knows them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rehearsal_engine::source::Diagnostic;

use super::model::{ScenarioFile, StepKind};
use crate::diagnostics::{Place, Problem, Sources};
use crate::template::ReadFile;

/// A client script of the workload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    /// Its path as written, relative to the scenario.
    pub file: Arc<str>,
    /// Its text.
    pub text: Arc<str>,
    /// The Python files beside it, by their paths, which it may import.
    pub beside: CodeFiles,
}

/// Text files by their paths relative to a folder.
pub type CodeFiles = BTreeMap<String, Arc<str>>;

/// AWS: a function's code has 250 MB at most, unzipped; whoever has more text than this has named the wrong folder.
const FOLDER_BYTES_MAX: u64 = 64 << 20;
const FOLDER_FILES_MAX: usize = 10_000;
const FOLDER_DEPTH_MAX: usize = 32;

/// Folders that no function needs, and that may be large.
const IGNORED: [&str; 4] = ["__pycache__", "node_modules", ".git", ".venv"];

/// Reads the scripts that the workload names, each once.
pub(super) fn scripts(
    scenario: &ScenarioFile,
    read_file: ReadFile<'_>,
    shown: &dyn Fn(&str) -> String,
    sources: &mut Sources,
    problems: &mut Vec<Problem>,
) -> Vec<Script> {
    let mut scripts: Vec<Script> = Vec::new();
    for step in scenario.workload.iter().flat_map(|actor| &actor.steps) {
        let StepKind::Python { script: file, .. } = &step.kind else { continue };
        if scripts.iter().any(|known| known.file == *file) {
            continue;
        }
        match read_file(file) {
            Ok(text) => {
                sources.add(&shown(file), &text);
                scripts.push(Script { file: file.clone(), text: text.into(), beside: CodeFiles::new() });
            }
            Err(reason) => {
                let Place { source, span } = step.place;
                let message = format!("the script '{file}' cannot be read: {reason}");
                let problem = Diagnostic::error("unreadable-file", span, "/workload", message);
                problems.push(Problem::new(source, problem.hint("name a Python file, relative to the scenario")));
            }
        }
    }
    scripts
}

/// Every text file in `folder` and below that `is_wanted` names, by its path relative to it.
pub(super) fn read_folder(folder: &Path, is_wanted: &dyn Fn(&str) -> bool) -> Result<CodeFiles, String> {
    let mut reading = Reading { files: CodeFiles::new(), bytes: 0, is_wanted };
    reading.folder(folder, "", FOLDER_DEPTH_MAX)?;
    Ok(reading.files)
}

struct Reading<'w> {
    files: CodeFiles,
    bytes: u64,
    is_wanted: &'w dyn Fn(&str) -> bool,
}

impl Reading<'_> {
    fn folder(&mut self, folder: &Path, below: &str, depth: usize) -> Result<(), String> {
        let trouble = |error: std::io::Error| format!("'{}' cannot be read: {error}", folder.display());
        for entry in fs::read_dir(folder).map_err(trouble)? {
            let entry = entry.map_err(trouble)?;
            // No Python module has a name that is no text.
            let Ok(name) = entry.file_name().into_string() else { continue };
            let (path, kind) = (entry.path(), entry.metadata().map_err(trouble)?);
            if kind.is_dir() && depth > 0 && !IGNORED.contains(&&*name) {
                self.folder(&path, &format!("{below}{name}/"), depth - 1)?;
            } else if kind.is_file() && (self.is_wanted)(&name) {
                self.file(&path, format!("{below}{name}"), kind.len())?;
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path, name: String, bytes: u64) -> Result<(), String> {
        self.bytes += bytes;
        if self.bytes > FOLDER_BYTES_MAX || self.files.len() >= FOLDER_FILES_MAX {
            let megabytes = FOLDER_BYTES_MAX >> 20;
            return Err(format!("it has more than {megabytes} MB or {FOLDER_FILES_MAX} files"));
        }
        // What is no text is nothing that a module could be made of: a library that is compiled, an image.
        if let Ok(text) = fs::read_to_string(path) {
            self.files.insert(name, text.into());
        }
        Ok(())
    }
}
