//! Finds the CPython that runs the handlers: `python3` from PATH, behind version manager shims.

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::HostError;

const PROGRAM: &str = "python3";
/// How an executable of Linux begins.
const ELF_MAGIC: [u8; 4] = *b"\x7fELF";

/// The interpreter's own path; looked for once per process.
pub(super) fn interpreter() -> Result<&'static Path, HostError> {
    static FOUND: OnceLock<Result<PathBuf, HostError>> = OnceLock::new();
    match FOUND.get_or_init(|| find(env::var_os("PATH").as_deref())) {
        Ok(path) => Ok(path),
        Err(error) => Err(error.clone()),
    }
}

fn find(path: Option<&OsStr>) -> Result<PathBuf, HostError> {
    let folders = path.map(env::split_paths);
    let found = folders.into_iter().flatten().map(|folder| folder.join(PROGRAM)).find(|file| file.is_file());
    let Some(found) = found.and_then(|file| std::path::absolute(file).ok()) else {
        return Err(HostError::Interpreter(format!(
            "{PROGRAM} was found in no folder of PATH; install Python 3.9 or later, or give the functions native or \
             mocked handlers"
        )));
    };
    // A version manager's shim is a script that starts the interpreter; asked once, it need not run for every worker.
    if is_executable_image(&found) { Ok(found) } else { ask(&found) }
}

fn is_executable_image(file: &Path) -> bool {
    let mut magic = [0; 4];
    File::open(file).and_then(|mut file| file.read_exact(&mut magic)).is_ok() && magic == ELF_MAGIC
}

fn ask(program: &Path) -> Result<PathBuf, HostError> {
    let trouble = |what: &str| {
        let program = program.display();
        HostError::Interpreter(format!("{program} {what}; make {PROGRAM} on PATH a working Python 3.9 or later"))
    };
    let output = Command::new(program)
        .args(["-I", "-S", "-c", "import sys; print(sys.executable)"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| trouble(&format!("could not be started ({error})")))?;
    let path = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if output.status.success() && path.is_absolute() {
        Ok(path)
    } else {
        let stderr = String::from_utf8_lossy(&output.stderr);
        Err(trouble(&format!("did not say where its interpreter is ({})", stderr.trim())))
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;

    use super::find;

    #[test]
    fn no_python_on_the_path_is_one_precise_sentence() {
        let error = find(Some(OsStr::new("/nonexistent/a:/nonexistent/b"))).expect_err("nothing is there");
        assert_eq!(
            error.to_string(),
            "python3 was found in no folder of PATH; install Python 3.9 or later, or give the functions native or \
             mocked handlers"
        );
    }
}
