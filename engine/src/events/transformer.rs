//! What a target receives instead of the whole event: an `InputPath`, or an `InputTransformer` with its template.
//!
//! A template is text with `<name>` placeholders. Where the placeholder stands decides: outside quotes it becomes a JSON
//! value; inside quotes it becomes bare characters, unescaped, which can spoil the JSON, and EventBridge then delivers
//! nothing and says nothing. A template that is itself one or more quoted strings is delivered as text.

use std::fmt;
use std::sync::Arc;

use super::envelope::time_text;
use crate::json::{Json, Object};
use crate::query::{Origin, Path};

/// EventBridge's quotas for a transformer.
const TEMPLATE_CHARS_MAX: usize = 8_192;
const PATHS_MAX: usize = 100;
const NAME_CHARS_MAX: usize = 256;

/// A checked `InputPath`.
#[derive(Clone, Debug)]
pub struct InputPath(Path);

/// A checked `InputPathsMap` with its `InputTemplate`.
#[derive(Clone, Debug)]
pub struct InputTransformer {
    pieces: Vec<Piece>,
    /// The template is quoted strings rather than JSON: the result is delivered as it is.
    is_text: bool,
}

/// What EventBridge knows beside the event.
#[derive(Clone, Copy, Debug)]
pub struct Reserved<'a> {
    /// `<aws.events.rule-arn>`
    pub rule_arn: &'a str,
    /// `<aws.events.rule-name>`
    pub rule_name: &'a str,
    /// `<aws.events.event.ingestion-time>`: when the bus took the event in, in milliseconds since 1970.
    pub ingestion_time_ms: u64,
}

/// What a target receives.
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// The text, as it is sent.
    pub text: Arc<str>,
    /// The value that the text is; `None` for text that is not JSON (several quoted lines).
    pub value: Option<Json>,
}

/// Why EventBridge drops the delivery without a word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotDeliverable {
    problem: String,
}

/// Why a transformer or a path is refused when the target is put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TransformerError {
    /// The template names what is neither in the map nor reserved.
    InvalidPlaceholder(String),
    /// A path of the map, or the `InputPath`, is no path into the event.
    InvalidPath {
        /// The path.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A name of the map that cannot be a placeholder.
    InvalidName(String),
    /// More or longer than EventBridge takes.
    OverQuota(String),
}

#[derive(Clone, Debug)]
enum Piece {
    Text(Arc<str>),
    Value { of: Variable, is_quoted: bool },
}

#[derive(Clone, Debug)]
enum Variable {
    Path(Path),
    RuleArn,
    RuleName,
    IngestionTime,
    /// The event without its detail.
    Event,
    EventJson,
}

impl InputPath {
    /// Checks an `InputPath`.
    pub fn compile(path: &str) -> Result<InputPath, TransformerError> {
        event_path(path).map(InputPath)
    }

    /// What the path finds in `event`, which is what the target receives.
    pub fn apply(&self, event: &Json) -> Result<Json, NotDeliverable> {
        self.0.read_from(event).map_err(|_| NotDeliverable {
            problem: format!("the InputPath {} finds nothing in the event", self.0.text()),
        })
    }
}

impl InputTransformer {
    /// Checks a map of names to paths, and the template that uses them.
    pub fn compile<'a>(
        paths: impl IntoIterator<Item = (&'a str, &'a str)>,
        template: &str,
    ) -> Result<InputTransformer, TransformerError> {
        let mut known: Vec<(&str, Path)> = Vec::new();
        for (name, path) in paths {
            let is_name =
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
            if !is_name || name.len() > NAME_CHARS_MAX {
                return Err(TransformerError::InvalidName(name.to_owned()));
            }
            known.push((name, event_path(path)?));
        }
        if known.len() > PATHS_MAX {
            return Err(over_quota(format!(
                "InputPathsMap has {} entries, at most {PATHS_MAX} are allowed",
                known.len()
            )));
        }
        let chars = template.chars().count();
        if chars == 0 || chars > TEMPLATE_CHARS_MAX {
            let problem = format!("InputTemplate has {chars} characters, 1 to {TEMPLATE_CHARS_MAX} are allowed");
            return Err(over_quota(problem));
        }
        let pieces = pieces(template, |name| {
            let reserved = match name {
                "aws.events.rule-arn" => Variable::RuleArn,
                "aws.events.rule-name" => Variable::RuleName,
                "aws.events.event.ingestion-time" => Variable::IngestionTime,
                "aws.events.event" => Variable::Event,
                "aws.events.event.json" => Variable::EventJson,
                _ => {
                    let path = known.iter().rev().find(|(known, _)| *known == name);
                    return path.map(|(_, path)| Variable::Path(path.clone()));
                }
            };
            Some(reserved)
        })?;
        Ok(InputTransformer { pieces, is_text: template.trim_start().starts_with('"') })
    }

    /// Fills the template from `event`.
    pub fn apply(&self, event: &Json, reserved: &Reserved) -> Result<Delivery, NotDeliverable> {
        let mut text = String::new();
        for piece in &self.pieces {
            match piece {
                Piece::Text(literal) => text.push_str(literal),
                Piece::Value { of, is_quoted } => self.insert(of.read(event, reserved), *is_quoted, &mut text),
            }
        }
        let value = match Json::parse(&text) {
            Ok(value) => Some(value),
            Err(_) if self.is_text => None,
            Err(error) => {
                let problem = format!("the filled template is not JSON ({error}): {text}");
                return Err(NotDeliverable { problem });
            }
        };
        Ok(Delivery { text: text.into(), value })
    }

    fn insert(&self, value: Option<Json>, is_quoted: bool, text: &mut String) {
        match value {
            // AWS: a path that finds nothing gives an empty string, quoted where a value is needed.
            None if is_quoted => {}
            None => text.push_str("\"\""),
            Some(Json::String(string)) if is_quoted => text.push_str(&string),
            // AWS: inside a quoted template, an object or array loses its quotes.
            Some(container @ (Json::Array(_) | Json::Object(_))) if is_quoted && self.is_text => {
                text.push_str(&container.to_string().replace('"', ""));
            }
            Some(value) => text.push_str(&value.to_string()),
        }
    }
}

impl Variable {
    fn read(&self, event: &Json, reserved: &Reserved) -> Option<Json> {
        match self {
            Variable::Path(path) => path.read_from(event).ok(),
            Variable::RuleArn => Some(Json::from(reserved.rule_arn)),
            Variable::RuleName => Some(Json::from(reserved.rule_name)),
            Variable::IngestionTime => Some(Json::from(time_text(reserved.ingestion_time_ms))),
            Variable::Event => Some(without_detail(event)),
            Variable::EventJson => Some(event.clone()),
        }
    }
}

impl TransformerError {
    /// The message for the target `target_id`; AWS's where it is known.
    pub fn message(&self, target_id: &str) -> String {
        match self {
            TransformerError::InvalidPlaceholder(name) => {
                format!("InputTemplate for target {target_id} contains invalid placeholder {name}.")
            }
            TransformerError::InvalidPath { path, problem } => {
                format!("the path {path} of target {target_id} cannot be read: {problem}")
            }
            TransformerError::InvalidName(name) => format!(
                "the name '{name}' in the InputPathsMap of target {target_id} is not 1 to {NAME_CHARS_MAX} letters, digits, '_' and '-'"
            ),
            TransformerError::OverQuota(problem) => format!("target {target_id}: {problem}"),
        }
    }
}

impl fmt::Display for NotDeliverable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for NotDeliverable {}

fn event_path(text: &str) -> Result<Path, TransformerError> {
    let invalid = |problem: String| TransformerError::InvalidPath { path: text.to_owned(), problem };
    let path = Path::parse(text).map_err(|error| invalid(error.to_string()))?;
    match path.origin() {
        Origin::Root => Ok(path),
        _ => Err(invalid("a path into an event starts with '$.'".to_owned())),
    }
}

/// The template, cut at its placeholders.
fn pieces(template: &str, find: impl Fn(&str) -> Option<Variable>) -> Result<Vec<Piece>, TransformerError> {
    let mut pieces = Vec::new();
    let (mut is_quoted, mut is_escaped) = (false, false);
    let (mut literal_start, mut at) = (0, 0);
    while let Some(&byte) = template.as_bytes().get(at) {
        if byte == b'<'
            && !is_escaped
            && let Some(name) = placeholder(&template[at..])
        {
            let of = find(name).ok_or_else(|| TransformerError::InvalidPlaceholder(name.to_owned()))?;
            pieces.push(Piece::Text(template[literal_start..at].into()));
            pieces.push(Piece::Value { of, is_quoted });
            at += name.len() + 2;
            literal_start = at;
            continue;
        }
        is_quoted ^= byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        at += 1;
    }
    pieces.push(Piece::Text(template[literal_start..].into()));
    Ok(pieces)
}

/// The name of the placeholder that `text` starts with.
fn placeholder(text: &str) -> Option<&str> {
    let (name, _) = text.strip_prefix('<')?.split_once('>')?;
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
    is_name.then_some(name)
}

/// AWS: `<aws.events.event>` has no detail, and writes `detailType`.
fn without_detail(event: &Json) -> Json {
    let members = [
        ("id", "id"),
        ("account", "account"),
        ("detailType", "detail-type"),
        ("time", "time"),
        ("source", "source"),
        ("region", "region"),
        ("resources", "resources"),
        ("version", "version"),
    ];
    let present = members.iter().filter_map(|(name, key)| Some((Arc::from(*name), event.get(key)?.clone())));
    Json::from(present.collect::<Object>())
}

fn over_quota(problem: String) -> TransformerError {
    TransformerError::OverQuota(problem)
}

#[cfg(test)]
mod tests;
