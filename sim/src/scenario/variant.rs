//! Variants: a scenario that is another one with a few small edits.
//!
//! A mutant, a step of a walk-through, the same design with one function mended: what they have in common with their
//! base stays in one place, and what differs can be read at a glance.

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Node, Span};

use super::load::SCENARIOS;
use crate::diagnostics::{Place, Problem, Problems, SourceId, Sources};
use crate::template::{Fields, ReadFile, Report, yaml};

/// The files of a scenario as it is read: its own, or its base's with the edits done.
pub struct Files {
    /// The path of the scenario file itself.
    pub scenario: String,
    /// What the variant says of itself; `None` for a scenario that is no variant.
    pub variant: Option<Variant>,
    edited: BTreeMap<String, String>,
}

/// What a variant says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// `description`
    pub description: Option<Arc<str>>,
    /// `breaks`: the invariants that this variant is there to break, with where they are named.
    pub breaks: Vec<(Arc<str>, Place)>,
    /// `within`: how soon and how small that shows.
    pub within: Option<Within>,
    /// The folder of the base, relative to the variant's own.
    pub folder: String,
}

/// What it takes at most to see that a variant breaks what it is there to break.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Within {
    /// Runs of `check` until the first one that breaks it.
    pub runs: u64,
    /// Deviations that are left when it is cut down.
    pub deviations: u64,
    /// Actors that are left then.
    pub actors: u64,
}

const KEYS: [&str; 5] = ["variant_of", "description", "breaks", "within", "edits"];

/// A variant of a variant of a variant: nobody follows more of them.
const CHAIN_MAX: usize = 32;

impl Files {
    /// Finds the base of the scenario `file`, through any number of variants, and does their edits. The texts of the
    /// variants themselves are added to `sources`.
    pub fn resolve(
        file: &str,
        read_file: ReadFile<'_>,
        shown: &dyn Fn(&str) -> String,
        sources: &mut Sources,
    ) -> Result<Files, Problems> {
        let mut chain: Vec<Edits> = Vec::new();
        let mut current = file.to_owned();
        let mut variant = None;
        // What cannot be read at all is for whoever reads it next to complain of.
        while let Ok(text) = read_file(&current) {
            let (root, _) = yaml::read_file(&current, &text, yaml::Dialect::Plain);
            let Some(root) = root.filter(|root| root.get("variant_of").is_some()) else { break };
            let source = sources.add(&shown(&current), &text);
            let report = Report::default();
            let read = read(&root, &current, source, read_file, &report);
            let problems: Vec<_> =
                report.into_problems().into_iter().map(|problem| Problem::new(source, problem)).collect();
            let Some(read) = read.filter(|_| !problems.iter().any(Problem::is_error)) else {
                return Err(Problems { sources: std::mem::take(sources), problems });
            };
            current = read.base;
            variant.get_or_insert(read.variant);
            chain.push(read.edits);
            if chain.len() > CHAIN_MAX {
                let span = root.get("variant_of").map_or(Span::new(0, 0), |node| node.span);
                let message = format!("this is a variant of a variant, {CHAIN_MAX} times over");
                let problem = Diagnostic::error("variant-chain", span, "/variant_of", message)
                    .hint("name a scenario that is no variant, or the variant that it is one edit away from");
                let problems = vec![Problem::new(source, problem)];
                return Err(Problems { sources: std::mem::take(sources), problems });
            }
        }
        let folder = current.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
        let mut files = Files { scenario: current, variant, edited: BTreeMap::new() };
        if let Some(variant) = &mut files.variant {
            variant.folder = folder;
        }
        // The one next to the base was edited first.
        for edits in chain.into_iter().rev() {
            files.apply(edits, read_file, sources)?;
        }
        Ok(files)
    }

    /// The text of the file at `path`, which is relative to the folder of the base.
    pub fn read(&self, path: &str, read_file: ReadFile<'_>) -> Result<String, String> {
        let path = self.path(path);
        self.edited.get(&path).cloned().map_or_else(|| read_file(&path), Ok)
    }

    /// The path of a file of the base, relative to the folder of the variant.
    pub fn path(&self, path: &str) -> String {
        match &self.variant {
            Some(variant) if !variant.folder.is_empty() => format!("{}/{path}", variant.folder),
            _ => path.to_owned(),
        }
    }

    fn apply(&mut self, edits: Edits, read_file: ReadFile<'_>, sources: &mut Sources) -> Result<(), Problems> {
        let mut problems = Vec::new();
        for edit in edits.edits {
            let path = self.path(&edit.file);
            let done = match self.edited.remove(&path).map_or_else(|| read_file(&path), Ok) {
                Ok(text) => edit.apply(&text),
                Err(reason) => Err((format!("'{}' cannot be read: {reason}", edit.file), "name a file of the base")),
            };
            match done {
                Ok(text) => drop(self.edited.insert(path, text)),
                Err((message, hint)) => {
                    let problem = Diagnostic::error("unusable-edit", edit.span, edit.path, message).hint(hint);
                    problems.push(Problem::new(edits.source, problem));
                }
            }
        }
        if problems.is_empty() { Ok(()) } else { Err(Problems { sources: std::mem::take(sources), problems }) }
    }
}

struct Read {
    base: String,
    variant: Variant,
    edits: Edits,
}

struct Edits {
    source: SourceId,
    edits: Vec<Edit>,
}

/// One text of a file that gives way to another.
struct Edit {
    file: String,
    replace: Arc<str>,
    with: Arc<str>,
    span: Span,
    path: String,
}

fn read(root: &Node, file: &str, source: SourceId, read_file: ReadFile<'_>, report: &Report) -> Option<Read> {
    let fields = Fields::of(root, "", report)?;
    fields.only_strictly(&KEYS);
    let named = fields.required_text("variant_of")?;
    let base = base(file, &named, read_file);
    if base.is_none() {
        let message = format!("there is no scenario at '{named}'");
        fields.error(
            "variant_of",
            "unreadable-file",
            message,
            "name a scenario's folder or file, relative to this file",
        );
    }
    let breaks = root.get("breaks").and_then(Node::as_array).unwrap_or_default();
    let breaks = breaks.iter().filter_map(|name| {
        let text = name.as_str()?;
        Some((text.into(), Place::new(source, name.span)))
    });
    let variant = Variant {
        description: fields.text("description"),
        breaks: breaks.collect(),
        within: fields.object("within").and_then(|fields| within(&fields)),
        folder: String::new(),
    };
    let edits = fields.objects("edits").into_iter().filter_map(|edit| {
        edit.only_strictly(&["file", "replace", "with"]);
        let file = edit.text("file").unwrap_or_else(|| super::reader::TEMPLATE.into());
        let replace = edit.required_text("replace")?;
        let with = edit.text("with").unwrap_or_default();
        let span = edit.get("replace").map_or(edit.node.span, |node| node.span);
        Some(Edit { file: (*file).to_owned(), replace, with, span, path: edit.path_of("replace") })
    });
    let edits = Edits { source, edits: edits.collect() };
    Some(Read { base: base?, variant, edits })
}

fn within(fields: &Fields<'_>) -> Option<Within> {
    fields.only_strictly(&["runs", "deviations", "actors"]);
    let [runs, deviations, actors] = [("runs", 1), ("deviations", 0), ("actors", 0)].map(|(key, least)| {
        fields.required(key)?;
        fields.integer(key, least..=u64::MAX)
    });
    Some(Within { runs: runs?, deviations: deviations?, actors: actors? })
}

/// The scenario file that `named` in `file` means.
fn base(file: &str, named: &str, read_file: ReadFile<'_>) -> Option<String> {
    let beside = match file.rsplit_once('/') {
        Some((folder, _)) => joined(folder, named),
        None => joined("", named),
    };
    let is_file = beside.rsplit('/').next().is_some_and(|name| name.contains('.') && name != "..");
    if is_file {
        return read_file(&beside).is_ok().then_some(beside);
    }
    SCENARIOS.iter().map(|name| joined(&beside, name)).find(|path| read_file(path).is_ok())
}

/// `path` from within `folder`, with `..` taken back where there is something to take back.
fn joined(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in folder.split('/').chain(path.split('/')).filter(|part| !part.is_empty() && *part != ".") {
        if part == ".." && parts.last().is_some_and(|last| *last != "..") {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

impl Edit {
    /// The text with this edit done; otherwise why it cannot be, and what to do about it.
    fn apply(&self, text: &str) -> Result<String, (String, &'static str)> {
        // A block of YAML ends with a line break, a plain text has none.
        let found = if self.replace.contains('\n') {
            whole_lines(text, &self.replace)
        } else {
            let found = text.match_indices(&*self.replace);
            found.map(|(at, replaced)| (at, at + replaced.len(), "")).collect::<Vec<_>>()
        };
        match found.as_slice() {
            _ if self.replace.trim().is_empty() => {
                Err(("there is nothing to replace".to_owned(), "write the text that gives way"))
            }
            [(start, end, indent)] => {
                let with = self.with.trim_end_matches('\n');
                let with: Vec<_> = with
                    .split('\n')
                    .map(|line| if line.is_empty() { String::new() } else { format!("{indent}{line}") })
                    .collect();
                Ok(format!("{}{}{}", &text[..*start], with.join("\n"), &text[*end..]))
            }
            [] => Err((
                format!("'{}' has no such text", self.file),
                "copy it from the base: a block is whole lines, at any indentation; a plain text is part of a line",
            )),
            several => Err((
                format!("'{}' has this text {} times", self.file, several.len()),
                "write more of what stands around it, so that it is there once",
            )),
        }
    }
}

/// Where the lines of `wanted` stand in `text`, all of them indented by the same blanks: start, end and the blanks.
fn whole_lines<'t>(text: &'t str, wanted: &str) -> Vec<(usize, usize, &'t str)> {
    let wanted: Vec<&str> = wanted.trim_end_matches('\n').split('\n').collect();
    let mut starts = Vec::new();
    let mut at = 0;
    let lines: Vec<&str> = text
        .split('\n')
        .inspect(|line| {
            starts.push(at);
            at += line.len() + 1;
        })
        .collect();
    let mut found = Vec::new();
    for (first, window) in lines.windows(wanted.len()).enumerate() {
        let Some(indent) = window[0].strip_suffix(wanted[0]).filter(|indent| indent.bytes().all(|byte| byte == b' '))
        else {
            continue;
        };
        let is_same = |(line, wanted): (&&str, &&str)| {
            line.strip_prefix(indent).is_some_and(|line| line == *wanted)
                || (wanted.is_empty() && line.trim().is_empty())
        };
        if window.iter().zip(&wanted).all(is_same) {
            let last = first + wanted.len() - 1;
            found.push((starts[first], starts[last] + lines[last].len(), indent));
        }
    }
    found
}

#[cfg(test)]
mod tests;
