use std::sync::Arc;

use crate::handlers::python::{FunctionSource, Options, PythonHost};
use crate::handlers::{HostError, PythonHandlers, Signature};
use crate::scenario::{Loaded, Script};
use crate::world::{Clients, Names};

/// The client scripts of the workload, and a worker that runs them: functions may be native, or mocked, or have none.
pub(super) fn clients(loaded: &Loaded, names: &mut Names, options: &Options) -> Result<Clients, HostError> {
    if loaded.scripts.is_empty() {
        return Ok(Clients::default());
    }
    let sources: Vec<FunctionSource> = loaded.scripts.iter().map(source).collect();
    // All that a script sees of its ARN is the region.
    let arn: Arc<str> = loaded.stack.environment.arn("rehearsal", "client");
    let signatures = sources.iter().map(|_| Signature { arn: arn.clone(), memory_mb: 0 }).collect();
    let host = PythonHost::spawn_with(&sources, options).map_err(|error| HostError(error.to_string()))?;
    let scripts = loaded.scripts.iter().map(|script| names.intern(&script.file)).collect();
    Ok(Clients::new(scripts, Box::new(PythonHandlers::new(host, signatures))))
}

fn source(script: &Script) -> FunctionSource {
    let folder = script.file.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    let beside = script.beside.iter().map(|(path, text)| (format!("{folder}{path}"), text.clone()));
    let mut files: Vec<(String, Arc<str>)> = beside.filter(|(path, _)| **path != *script.file).collect();
    files.push((script.file.to_string(), script.text.clone()));
    FunctionSource::script(&script.file, files)
}
