use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Span};

use super::code::{CodeFiles, Script, read_folder};
use super::model::ScenarioFile;
use super::variant::{Files, Within};
use super::{checks, code, reader};
use crate::diagnostics::{Problem, Problems, SourceId, Sources};
use crate::iam::Policies;
use crate::lint::lint_machines;
use crate::template::stack::{Code, Stack};
use crate::template::{ReadFile, Report, read_template, yaml};

/// Names that a scenario may have in its folder, in the order of trying.
pub(super) const SCENARIOS: [&str; 3] = ["scenario.yaml", "scenario.yml", "scenario.json"];

/// Names that a template may have when the scenario does not say.
const TEMPLATES: [&str; 4] = ["template.yaml", "template.yml", "template.json", "template.template"];

/// A scenario with its template: all that a world is built from.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The scenario.
    pub scenario: ScenarioFile,
    /// The template's resources.
    pub stack: Stack,
    /// Who may do what.
    pub policies: Policies,
    /// The client scripts of the workload.
    pub scripts: Vec<Script>,
    /// The code of the functions whose code is local, by its path as written; the error says why it cannot be run.
    pub code: BTreeMap<Arc<str>, Result<CodeFiles, String>>,
    /// Every text that was read.
    pub sources: Sources,
    /// What is likely to hurt, and what is not simulated.
    pub warnings: Vec<Problem>,
    /// The scenario's folder; its paths are relative to it. A variant's is its base's.
    pub folder: PathBuf,
    /// Where scripts are kept that once broke a promise of this scenario.
    pub regressions: PathBuf,
    /// The invariants that a variant is there to break.
    pub breaks: Vec<Arc<str>>,
    /// How soon and how small that shows, when the variant says it.
    pub within: Option<Within>,
}

impl Loaded {
    /// The folder of the template; the paths in it are relative to that.
    pub fn template_folder(&self) -> PathBuf {
        let template = self.folder.join(&*self.scenario.template);
        template.parent().map(Path::to_owned).unwrap_or_default()
    }

    /// Reads what lies beside scripts and template. Only a folder of the file system can be listed.
    fn read_code(&mut self) {
        for script in &mut self.scripts {
            let path = self.folder.join(&*script.file);
            // In the scenario's own folder lies much that is no script's: what it reads lies in a folder of its own.
            let has_own_folder = script.file.contains('/');
            let data = ["csv", "json", "txt"];
            let is_wanted = |name: &str| {
                has_extension(name, "py") || has_own_folder && data.iter().any(|kind| has_extension(name, kind))
            };
            // Without them the script runs all the same, and an import that needs one says so.
            script.beside = path.parent().and_then(|folder| read_folder(folder, &is_wanted).ok()).unwrap_or_default();
        }
        let folder = self.template_folder();
        let functions = self.stack.functions.iter().map(|function| &function.code);
        for code in functions.chain(self.stack.layers.iter().map(|layer| &layer.content)) {
            let Code::Local(written) = code else { continue };
            self.code.entry(written.clone()).or_insert_with(|| local_code(&folder.join(&**written)));
        }
    }
}

/// AWS: `CodeUri` is a folder, an archive, or the one file that the function is.
fn local_code(path: &Path) -> Result<CodeFiles, String> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    if ["zip", "jar"].iter().any(|extension| has_extension(&name, extension)) {
        return Err("it is an archive, and only folders and Python files are run".to_owned());
    }
    if path.is_dir() {
        return read_folder(path, &|_| true);
    }
    let text = read_text(path)?;
    Ok(CodeFiles::from([(name, text.into())]))
}

fn has_extension(name: &str, extension: &str) -> bool {
    Path::new(name).extension().is_some_and(|found| found.eq_ignore_ascii_case(extension))
}

/// Reads a scenario by its folder or its file, and the template it names.
pub fn load(path: &Path) -> Result<Loaded, Problems> {
    let (folder, file) = if path.is_dir() {
        let found = SCENARIOS.iter().find(|name| path.join(name).is_file());
        (path.to_owned(), (*found.unwrap_or(&SCENARIOS[0])).to_owned())
    } else {
        let folder = path.parent().map(Path::to_owned).unwrap_or_default();
        (folder, path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default())
    };
    if path.is_dir() && !folder.join(&file).is_file() {
        let message = format!("the folder '{}' has no scenario.yaml", path.display());
        let hint = "a scenario is a folder with a scenario.yaml and the template it names";
        return Err(refused_path(path, message, hint));
    }
    let whole = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
    let name = whole.file_name().map_or_else(|| "scenario".to_owned(), |name| name.to_string_lossy().into_owned());
    let mut loaded = load_with(&name, &file, &|path| read_text(&folder.join(path)), &|path| display(&folder, path))?;
    loaded.regressions = folder.join(&loaded.regressions);
    loaded.folder = folder.join(&loaded.folder);
    loaded.read_code();
    Ok(loaded)
}

/// Reads the scenario `file` of the folder `name` with `read_file`, which takes paths relative to the folder; `shown`
/// says under which name a path appears in messages.
pub fn load_with(
    name: &str,
    file: &str,
    read_file: ReadFile<'_>,
    shown: &dyn Fn(&str) -> String,
) -> Result<Loaded, Problems> {
    let mut sources = Sources::default();
    let files = Files::resolve(file, read_file, shown, &mut sources)?;
    let text = match files.read(file_name(&files.scenario), read_file) {
        Ok(text) => text,
        Err(reason) => {
            let hint = "name a scenario file, or a folder that has a scenario.yaml";
            return Err(unreadable(sources, &shown(file), &reason, hint));
        }
    };
    let source = sources.add(&shown(&files.scenario), &text);
    let (root, found) = yaml::read_file(&files.scenario, &text, yaml::Dialect::Plain);
    let shown = &|path: &str| shown(&files.path(path));
    let read_file: ReadFile<'_> = &|path| files.read(path, read_file);
    let mut problems: Vec<Problem> = found.into_iter().map(|problem| Problem::new(source, problem)).collect();
    let report = Report::default();
    let read = root.and_then(|root| {
        let template_place = root.get("template").map(|node| node.span);
        reader::read(&root, name, &text, source, &report).map(|read| (read, template_place))
    });
    problems.extend(report.into_problems().into_iter().map(|problem| Problem::new(source, problem)));
    let Some((read, template_place)) = read else { return Err(refused(sources, problems, source)) };
    let mut scenario = read.scenario;
    if template_place.is_none()
        && let Some(found) = TEMPLATES.iter().find(|name| read_file(name).is_ok())
    {
        scenario.template = (*found).into();
    }
    let path = scenario.template.clone();
    let template_text = match read_file(&path) {
        Ok(text) => text,
        Err(reason) => {
            let message = format!("the template '{path}' cannot be read: {reason}");
            let problem =
                Diagnostic::error("unreadable-file", template_place.unwrap_or(Span::new(0, 0)), "/template", message);
            problems.push(Problem::new(source, problem.hint("name it with 'template:', relative to the scenario")));
            return Err(refused(sources, problems, source));
        }
    };
    let template = sources.add(&shown(&path), &template_text);
    let folder = path.rsplit_once('/').map(|(folder, _)| folder.to_owned());
    let beside = |other: &str| match &folder {
        Some(folder) => read_file(&format!("{folder}/{other}")),
        None => read_file(other),
    };
    let scripts = code::scripts(&scenario, read_file, shown, &mut sources, &mut problems);
    let (stack, found) = read_template(&mut sources, template, &read.settings, &beside);
    problems.extend(found);
    let Some(stack) = stack else { return Err(refused(sources, problems, template)) };
    // What is wrong with a definition is for whoever compiles it to say.
    problems.extend(lint_machines(&stack).into_iter().filter(|problem| !problem.is_error()));
    let (policies, found) = Policies::compile(&stack);
    problems.extend(found);
    // Names are only worth checking against a template that could be read whole.
    if !problems.iter().any(|problem| problem.source != source && problem.is_error()) {
        checks::check(&mut scenario, &stack, &mut problems);
    }
    let mut folder = PathBuf::new();
    let mut breaks = Vec::new();
    if let Some(variant) = &files.variant {
        checks::check_breaks(&variant.breaks, &scenario, &mut problems);
        breaks.extend(variant.breaks.iter().map(|(name, _)| name.clone()));
        scenario.name = stem(file).map_or(name, |stem| stem).into();
        scenario.description = variant.description.clone().or(scenario.description);
        folder = PathBuf::from(&variant.folder);
    }
    problems.sort_by_key(|problem| (problem.source, problem.diagnostic.span.start));
    if problems.iter().any(Problem::is_error) {
        return Err(Problems { sources, problems });
    }
    let regressions =
        stem(file).map_or_else(|| PathBuf::from("regressions"), |stem| Path::new("regressions").join(stem));
    Ok(Loaded {
        scenario,
        stack,
        policies,
        scripts,
        code: BTreeMap::new(),
        sources,
        warnings: problems,
        folder,
        regressions,
        breaks,
        within: files.variant.as_ref().and_then(|variant| variant.within),
    })
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The name of a scenario file without its extension; `None` for those that go by the name of their folder.
fn stem(file: &str) -> Option<&str> {
    let name = file_name(file);
    if SCENARIOS.contains(&name) { None } else { name.rsplit_once('.').map(|(stem, _)| stem) }
}

/// Problems among which there is at least one, so that nobody is refused without a reason.
fn refused(sources: Sources, mut problems: Vec<Problem>, source: SourceId) -> Problems {
    if !problems.iter().any(Problem::is_error) {
        let problem = Diagnostic::error("empty-file", Span::new(0, 0), "", "the file is empty");
        problems.push(Problem::new(source, problem.hint("a scenario needs at least a workload")));
    }
    Problems { sources, problems }
}

fn refused_path(path: &Path, message: String, hint: &str) -> Problems {
    let sources = Sources::single(&path.display().to_string(), "");
    let problem = Diagnostic::error("unreadable-file", Span::new(0, 0), "", message).hint(hint);
    Problems { sources, problems: vec![Problem::new(SourceId(0), problem)] }
}

fn unreadable(mut sources: Sources, name: &str, reason: &str, hint: &str) -> Problems {
    let source = sources.add(name, "");
    let message = format!("'{name}' cannot be read: {reason}");
    let problem = Diagnostic::error("unreadable-file", Span::new(0, 0), "", message).hint(hint);
    Problems { sources, problems: vec![Problem::new(source, problem)] }
}

fn read_text(path: &Path) -> Result<String, String> {
    let too_long = || format!("it is larger than {} MiB", yaml::TEXT_BYTES_MAX >> 20);
    let reason = |error: &std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::InvalidData => "it is not UTF-8 text".to_owned(),
        _ => error.to_string().to_lowercase(),
    };
    let metadata = fs::metadata(path).map_err(|error| reason(&error))?;
    if metadata.is_dir() {
        return Err("it is a folder".to_owned());
    }
    if metadata.len() > yaml::TEXT_BYTES_MAX as u64 {
        return Err(too_long());
    }
    fs::read_to_string(path).map_err(|error| reason(&error))
}

fn display(folder: &Path, path: &str) -> String {
    folder.join(path).display().to_string()
}
