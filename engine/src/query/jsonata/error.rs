use std::fmt;

/// Longest source in which the place of an error is searched for; the search parses the text over and over.
const LOCATED_BYTES_MAX: usize = 8192;

/// Why a text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileError {
    message: String,
    at: usize,
}

impl CompileError {
    pub(super) fn new(message: impl Into<String>, at: usize) -> CompileError {
        CompileError { message: message.into(), at }
    }

    /// The parser names no places, so the place is where the text cut short stops failing in the same way.
    pub(super) fn locate(source: &str, message: &str) -> CompileError {
        if source.len() > LOCATED_BYTES_MAX || message.ends_with("end of expression") {
            return CompileError::new(in_symbols(message, ""), source.trim_end().len());
        }
        let mut end = source.len();
        for (start, _) in source.char_indices().rev() {
            match jsonata_core::parser::parse(&source[..start]) {
                Err(error) if error.to_string() == message => end = start,
                _ => break,
            }
        }
        // `end` is now the shortest text that fails so; what broke it is its last token.
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$');
        let text = &source[..end];
        let last_char = text.char_indices().next_back().map_or(0, |(start, _)| start);
        let word = text.len() - text.trim_end_matches(is_word).len();
        let quote = text[last_char..].chars().next().filter(|c| matches!(c, '"' | '\'' | '`'));
        let opening = quote.filter(|_| message.contains("S020")).and_then(|quote| text[..last_char].rfind(quote));
        let at = if word > 0 { end - word } else { opening.unwrap_or(last_char) };
        CompileError::new(in_symbols(message, &source[at..end]), at)
    }

    /// Byte offset in the expression.
    pub fn at(&self) -> usize {
        self.at
    }

    /// What is wrong, starting with JSONata's code (`S0201: …`) where it has one.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for CompileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for CompileError {}

/// Why an expression has no value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvaluationError {
    problem: EvaluationProblem,
    message: String,
}

/// The kinds of [`EvaluationError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvaluationProblem {
    /// The language says so: types, ranges, `$error`.
    Language,
    /// It nests too deep.
    Depth,
    /// A sequence became too long.
    Memory,
    /// It calls or loops too often.
    Steps,
    /// A function of the caller's failed.
    Host,
}

impl EvaluationError {
    pub(super) fn new(problem: EvaluationProblem, message: impl Into<String>) -> EvaluationError {
        EvaluationError { problem, message: message.into() }
    }

    /// The kind.
    pub fn problem(&self) -> EvaluationProblem {
        self.problem
    }

    /// JSONata's code (`T1006`), where the message starts with one.
    pub fn code(&self) -> Option<&str> {
        jsonata_core::evaluator::error_code_prefix(&self.message)
    }

    /// What is wrong, starting with JSONata's code where it has one.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for EvaluationError {}

/// The parser's names of tokens and how they are written.
const TOKENS: [(&str, &str); 34] = [
    ("LeftParen", "("),
    ("RightParen", ")"),
    ("LeftBracket", "["),
    ("RightBracket", "]"),
    ("LeftBrace", "{"),
    ("RightBrace", "}"),
    ("Comma", ","),
    ("Semicolon", ";"),
    ("ColonEqual", ":="),
    ("Colon", ":"),
    ("DotDot", ".."),
    ("Dot", "."),
    ("QuestionQuestion", "??"),
    ("QuestionColon", "?:"),
    ("Question", "?"),
    ("Plus", "+"),
    ("Minus", "-"),
    ("StarStar", "**"),
    ("Star", "*"),
    ("Slash", "/"),
    ("Percent", "%"),
    ("NotEqual", "!="),
    ("Equal", "="),
    ("LessThanOrEqual", "<="),
    ("LessThan", "<"),
    ("GreaterThanOrEqual", ">="),
    ("GreaterThan", ">"),
    ("Ampersand", "&"),
    ("TildeArrow", "~>"),
    ("Caret", "^"),
    ("Pipe", "|"),
    ("Hash", "#"),
    ("At", "@"),
    ("Function", "function"),
];

/// The parser's message with tokens as the author wrote them; `found` is the one it stopped at.
fn in_symbols(message: &str, found: &str) -> String {
    let message = message.strip_prefix("Invalid syntax: ").unwrap_or(message);
    let symbol = |name: &str| match TOKENS.iter().find(|(known, _)| *known == name) {
        Some((_, symbol)) => format!("\"{symbol}\""),
        None => name.to_owned(),
    };
    if let Some((expected, _)) = message.strip_prefix("S0202: Expected ").and_then(|rest| rest.split_once(", got ")) {
        return format!("S0202: Expected {}, got \"{found}\"", symbol(expected));
    }
    if let Some(expected) = message.strip_prefix("S0203: Expected ").and_then(|rest| rest.split(' ').next()) {
        return format!("S0203: Expected {} before end of expression", symbol(expected));
    }
    if message.starts_with("S0201: ") && !found.is_empty() {
        return format!("S0201: Syntax error: \"{found}\"");
    }
    if message.starts_with("S0211: ") && !found.is_empty() {
        return format!("S0211: The symbol \"{found}\" cannot be used as a unary operator");
    }
    message.to_owned()
}
