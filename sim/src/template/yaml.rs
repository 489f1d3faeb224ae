//! YAML, and JSON as a kind of it, read into the engine's spanned tree.
//!
//! CloudFormation's YAML is its own dialect: dates stay strings, a leading zero stays, `!Ref` and its kind are long forms
//! in disguise. Here texts become [`Node`]s; what they mean is for the resolver and the scenario reader. What is hostile
//! (nesting without end, aliases that multiply, keys twice) is refused here, so that nobody behind needs to care.

mod scalar;
mod tags;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Member, Node, Shape, Span, read_json};
use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Tag};

use super::text::MappedText;

/// Deepest nesting that is read. Step Functions and CloudFormation stop far earlier; what walks the tree recurses.
pub const NESTING_MAX: usize = 200;

/// Values that aliases may add to a file, all together.
const ALIASED_NODES_MAX: usize = 50_000;

/// Longest text that is read: CloudFormation takes 1 MB.
pub const TEXT_BYTES_MAX: usize = 8 << 20;

/// How plain words become values, and whether `!Tag`s mean something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// YAML 1.1 booleans (`yes`, `on`), the short forms of intrinsic functions.
    CloudFormation,
    /// YAML 1.2, no tags.
    Plain,
}

/// Reads a file by its name: JSON where the name or the content says so, else YAML. The tree is there whenever the text
/// could be read at all; problems may come with it.
pub fn read_file(name: &str, text: &str, dialect: Dialect) -> (Option<Node>, Vec<Diagnostic>) {
    let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension).to_ascii_lowercase();
    let is_yaml = matches!(extension.as_str(), "yaml" | "yml");
    let is_json = extension == "json" || (!is_yaml && text.trim_start().starts_with('{'));
    if is_json { read_json_text(text) } else { read(text, dialect) }
}

/// Reads one YAML document.
pub fn read(text: &str, dialect: Dialect) -> (Option<Node>, Vec<Diagnostic>) {
    if let Some(problem) = too_long(text) {
        return (None, vec![problem]);
    }
    let mut builder = Builder::new(text, dialect);
    let mut parser = Parser::new_from_str(text);
    while let Some(event) = parser.next_event() {
        match event {
            Ok((Event::StreamEnd, _)) => break,
            Ok((event, span)) => {
                if !builder.take(event, span) {
                    return (None, builder.problems);
                }
            }
            Err(error) => {
                builder.syntax_error(&error);
                return (None, builder.problems);
            }
        }
    }
    (builder.root, builder.problems)
}

/// Reads JSON with this module's bounds: repeated keys are errors.
pub fn read_json_text(text: &str) -> (Option<Node>, Vec<Diagnostic>) {
    if let Some(problem) = too_long(text) {
        return (None, vec![problem]);
    }
    let text_after_mark = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text_after_mark.len() < text.len() {
        // A byte order mark moves every place; readers of JSON refuse it, and so does this one.
        let span = Span::new(0, text.len() - text_after_mark.len());
        let problem = Diagnostic::error("invalid-json", span, "", "the file begins with a byte order mark");
        return (None, vec![problem.hint("save the file as UTF-8 without byte order mark")]);
    }
    match read_json(text) {
        Ok(node) => {
            let mut problems = Vec::new();
            check_json(&node, 0, &mut problems);
            let fits = problems.iter().all(|problem| problem.code != "too-deep");
            (fits.then_some(node), problems)
        }
        Err(problem) => (None, vec![problem]),
    }
}

/// The text of a scalar with the place of each byte.
pub fn mapped_scalar(file: &str, node: &Node) -> Option<MappedText> {
    node.as_str().map(|text| MappedText::of_scalar(file, node.span, text))
}

fn too_long(text: &str) -> Option<Diagnostic> {
    (text.len() > TEXT_BYTES_MAX).then(|| {
        let message = format!("the file has {} bytes; at most {TEXT_BYTES_MAX} are read", text.len());
        Diagnostic::error("too-long", Span::new(0, 0), "", message)
    })
}

fn check_json(node: &Node, depth: usize, problems: &mut Vec<Diagnostic>) {
    if depth > NESTING_MAX {
        problems.push(too_deep(node.span));
        return;
    }
    let mut seen = BTreeSet::new();
    for member in node.members() {
        if !seen.insert(&member.key) {
            problems.push(duplicate_key(&member.key, member.key_span));
        }
        check_json(&member.value, depth + 1, problems);
    }
    for item in node.as_array().unwrap_or_default() {
        check_json(item, depth + 1, problems);
    }
}

fn too_deep(span: Span) -> Diagnostic {
    Diagnostic::error("too-deep", span, "", format!("the value is nested deeper than {NESTING_MAX} levels"))
}

fn duplicate_key(key: &str, span: Span) -> Diagnostic {
    Diagnostic::error("duplicate-key", span, "", format!("the key '{key}' appears twice in the same object"))
        .hint("remove or rename one of the two")
}

/// Puts the parser's events together to a tree, without recursion.
struct Builder<'t> {
    text: &'t str,
    dialect: Dialect,
    /// Byte offset of each character; `None` when all of them are one byte long.
    offsets: Option<Vec<u32>>,
    frames: Vec<Frame>,
    anchors: BTreeMap<usize, Anchored>,
    aliased_nodes: usize,
    documents: usize,
    root: Option<Node>,
    problems: Vec<Diagnostic>,
}

struct Anchored {
    node: Node,
    nodes: usize,
    height: usize,
}

/// A collection whose end has not come yet.
struct Frame {
    contents: Contents,
    start: usize,
    anchor: usize,
    tag: Option<tags::Meaning>,
}

enum Contents {
    Items(Vec<Node>),
    Members { members: Vec<Member>, seen: BTreeSet<Arc<str>>, key: Option<(Arc<str>, Span)> },
}

impl<'t> Builder<'t> {
    fn new(text: &'t str, dialect: Dialect) -> Builder<'t> {
        let offsets = (!text.is_ascii()).then(|| {
            let ends = std::iter::once(text.len() as u32);
            text.char_indices().map(|(at, _)| at as u32).chain(ends).collect()
        });
        Builder {
            text,
            dialect,
            offsets,
            frames: Vec::new(),
            anchors: BTreeMap::new(),
            aliased_nodes: 0,
            documents: 0,
            root: None,
            problems: Vec::new(),
        }
    }

    /// Takes one event; `false` when reading on makes no sense.
    fn take(&mut self, event: Event<'_>, span: saphyr_parser::Span) -> bool {
        let span = Span::new(self.byte(span.start.index()), self.byte(span.end.index()));
        match event {
            Event::DocumentStart(_) => {
                self.documents += 1;
                if self.documents > 1 {
                    let message = "the file holds a second YAML document";
                    self.error("second-document", span, message, Some("keep one document to a file: remove the '---'"));
                    return false;
                }
            }
            Event::Scalar(value, style, anchor, tag) => self.scalar(&value, style, anchor, tag.as_deref(), span),
            Event::SequenceStart(anchor, tag) => {
                return self.open(Contents::Items(Vec::new()), anchor, tag.as_deref(), span);
            }
            Event::MappingStart(anchor, tag) => {
                let contents = Contents::Members { members: Vec::new(), seen: BTreeSet::new(), key: None };
                return self.open(contents, anchor, tag.as_deref(), span);
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(span),
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::StreamStart | Event::StreamEnd | Event::DocumentEnd | Event::Nothing => {}
        }
        true
    }

    fn open(&mut self, contents: Contents, anchor: usize, tag: Option<&Tag>, span: Span) -> bool {
        if self.frames.len() >= NESTING_MAX {
            self.problems.push(too_deep(span));
            return false;
        }
        let tag = tag.and_then(|tag| self.meaning(tag, span));
        self.frames.push(Frame { contents, start: span.start as usize, anchor, tag });
        true
    }

    fn close(&mut self, end: Span) {
        let Some(frame) = self.frames.pop() else { return };
        // The end of a block collection is where the next token stands; what lies between is blank.
        let inside = self.text.get(frame.start..end.end as usize).unwrap_or_default();
        let span = Span::new(frame.start, frame.start + inside.trim_end().len());
        let shape = match frame.contents {
            Contents::Items(items) => Shape::Array(items),
            Contents::Members { members, .. } => Shape::Object(members),
        };
        self.finish(Node::new(span, shape), frame.anchor, frame.tag.as_ref(), true);
    }

    fn scalar(&mut self, value: &str, style: ScalarStyle, anchor: usize, tag: Option<&Tag>, span: Span) {
        let span = self.whole_scalar(style, span);
        let tag = tag.and_then(|tag| self.meaning(tag, span));
        let is_key = matches!(self.frames.last(), Some(Frame { contents: Contents::Members { key: None, .. }, .. }));
        let plain = style == ScalarStyle::Plain && tag.is_none() && !is_key;
        let shape = if plain { scalar::plain(value, self.dialect) } else { Shape::String(value.into()) };
        let shape = match &tag {
            Some(tags::Meaning::Resolved) if style == ScalarStyle::Plain => scalar::plain(value, self.dialect),
            _ => shape,
        };
        self.finish(Node::new(span, shape), anchor, tag.as_ref(), false);
    }

    fn alias(&mut self, anchor: usize, span: Span) -> bool {
        let Some(anchored) = self.anchors.get(&anchor) else {
            self.error(
                "alias-of-itself",
                span,
                "the alias stands inside the value that it names",
                Some("write the value out"),
            );
            return false;
        };
        self.aliased_nodes += anchored.nodes;
        if self.aliased_nodes > ALIASED_NODES_MAX {
            let message = format!("the aliases of this file expand to more than {ALIASED_NODES_MAX} values");
            self.error("too-many-aliases", span, message, None);
            return false;
        }
        if self.frames.len() + anchored.height > NESTING_MAX {
            self.problems.push(too_deep(span));
            return false;
        }
        let mut node = anchored.node.clone();
        // Scalars keep the place of the anchor, where their text can be found again.
        if !matches!(node.shape, Shape::String(_)) {
            node.span = span;
        }
        self.attach(node, false);
        true
    }

    fn finish(&mut self, node: Node, anchor: usize, tag: Option<&tags::Meaning>, is_collection: bool) {
        let node = match tag {
            Some(tags::Meaning::Function { long_form, tag_span }) => {
                tags::long_form(self.text, node, long_form, *tag_span)
            }
            _ => node,
        };
        if anchor != 0 {
            let (nodes, height) = measure(&node);
            self.anchors.insert(anchor, Anchored { node: node.clone(), nodes, height });
        }
        self.attach(node, is_collection);
    }

    fn attach(&mut self, node: Node, is_collection: bool) {
        let Some(frame) = self.frames.last_mut() else {
            self.root = Some(node);
            return;
        };
        match &mut frame.contents {
            Contents::Items(items) => items.push(node),
            Contents::Members { members, seen, key } => {
                if let Some((name, key_span)) = key.take() {
                    if !seen.insert(name.clone()) {
                        self.problems.push(duplicate_key(&name, key_span));
                    }
                    members.push(Member { key: name, key_span, value: node });
                } else {
                    let (name, span) = match node.shape {
                        Shape::String(text) if !is_collection => (text, node.span),
                        _ => ("".into(), node.span),
                    };
                    let problem = if name.is_empty() {
                        Some(("invalid-key", "a key must be a plain word", "write the key as text before the ':'"))
                    } else if &*name == "<<" {
                        // AWS: CloudFormation does not support YAML merge keys.
                        Some((
                            "merge-key",
                            "merge keys ('<<') are not supported",
                            "write the members out, or alias one value",
                        ))
                    } else {
                        None
                    };
                    *key = Some((name, span));
                    if let Some((code, message, hint)) = problem {
                        self.error(code, span, message, Some(hint));
                    }
                }
            }
        }
    }

    fn meaning(&mut self, tag: &Tag, span: Span) -> Option<tags::Meaning> {
        match tags::meaning(tag, self.dialect, self.text, span) {
            Ok(meaning) => Some(meaning),
            Err(problem) => {
                self.problems.push(problem);
                None
            }
        }
    }

    /// The span of a scalar with its block header, without the line break behind it.
    fn whole_scalar(&self, style: ScalarStyle, span: Span) -> Span {
        let (mut start, end) = (span.start as usize, span.end as usize);
        if !matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
            return span;
        }
        if let Some(header) = scalar::block_header(self.text, start) {
            start = header;
        }
        let inside = self.text.get(start..end).unwrap_or_default();
        Span::new(start, start + inside.trim_end_matches(['\n', '\r', ' ', '\t']).len())
    }

    fn syntax_error(&mut self, error: &ScanError) {
        let at = self.byte(error.marker().index());
        if error.info() == "recursion limit exceeded" {
            self.problems.push(too_deep(Span::new(at, at + 1)));
            return;
        }
        let end = self.text[at..].chars().next().map_or(at, |character| at + character.len_utf8());
        let mut problem = Diagnostic::error("invalid-yaml", Span::new(at, end), "", error.info().to_owned());
        let before = self.text[..at].trim_end();
        let last_word = before.rsplit([' ', '\n', '\t', '[', ',']).next().unwrap_or_default();
        if self.text[at..].starts_with('!') && last_word.starts_with('!') {
            let outer = last_word.trim_start_matches('!');
            problem = problem.hint(format!(
                "two short forms cannot follow each other; write the outer one in its long form 'Fn::{outer}:' on a line of its own"
            ));
        } else if error.info().starts_with("tabs") || self.text[at..].starts_with('\t') {
            problem = problem.hint("indent with spaces: YAML does not take tabs");
        } else if self.text[at..].starts_with(['@', '`', '%']) {
            problem = problem.hint("put the text in quotes: no plain word begins with this character");
        } else if error.info().contains("mapping values are not allowed") {
            problem = problem.hint("put a text that holds ': ' in quotes, or check the indentation of this line");
        }
        self.problems.push(problem);
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, hint: Option<&str>) {
        let mut problem = Diagnostic::error(code, span, "", message);
        problem.hint = hint.map(str::to_owned);
        self.problems.push(problem);
    }

    fn byte(&self, character: usize) -> usize {
        match &self.offsets {
            Some(offsets) => offsets.get(character).map_or(self.text.len(), |offset| *offset as usize),
            None => character.min(self.text.len()),
        }
    }
}

/// How many values a tree has, and how deep it is.
fn measure(node: &Node) -> (usize, usize) {
    let children: Box<dyn Iterator<Item = &Node>> = match &node.shape {
        Shape::Array(items) => Box::new(items.iter()),
        Shape::Object(members) => Box::new(members.iter().map(|member| &member.value)),
        _ => return (1, 0),
    };
    let sum = children.map(measure).fold((0, 0), |sum, child| (sum.0 + child.0, sum.1.max(child.1)));
    (sum.0 + 1, sum.1 + 1)
}

#[cfg(test)]
mod tests;
