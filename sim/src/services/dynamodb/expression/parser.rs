//! What the grammars share: a cursor over tokens, names and values, document paths, the errors.

use std::sync::Arc;

use super::lexer::{Token, TokenKind, tokenize};
use super::path::{Path, Step};
use super::reserved::is_reserved;
use crate::services::ApiError;
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::{AttributeValue, DataType};
use crate::services::dynamodb::wire::NESTING_LEVELS_MAX;

/// AWS: an expression has at most 4 KB.
const EXPRESSION_BYTES_MAX: usize = 4096;
/// AWS: an expression has at most 300 operators and functions.
const OPERATORS_MAX: usize = 300;
/// Parentheses, NOTs and functions inside one another; ours, so that no input exhausts the stack.
const NESTING_MAX: usize = 100;

/// Which parameter an expression came in; the name opens its error messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Condition,
    Filter,
    KeyCondition,
    Projection,
    Update,
}

impl Kind {
    pub fn parameter(self) -> &'static str {
        match self {
            Kind::Condition => "ConditionExpression",
            Kind::Filter => "FilterExpression",
            Kind::KeyCondition => "KeyConditionExpression",
            Kind::Projection => "ProjectionExpression",
            Kind::Update => "UpdateExpression",
        }
    }
}

/// The names and values that a request defines, and which of them its expressions used.
pub(crate) struct Symbols<'a> {
    names: &'a [(Text, Text)],
    values: &'a [(Text, AttributeValue)],
    names_used: Vec<bool>,
    values_used: Vec<bool>,
}

/// The place of a value among the request's `ExpressionAttributeValues`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slot(u32);

impl<'a> Symbols<'a> {
    pub fn new(names: &'a [(Text, Text)], values: &'a [(Text, AttributeValue)]) -> Symbols<'a> {
        Symbols { names, values, names_used: vec![false; names.len()], values_used: vec![false; values.len()] }
    }

    fn name(&mut self, alias: &str) -> Option<Arc<str>> {
        let at = self.names.iter().position(|(known, _)| **known == *alias)?;
        self.names_used[at] = true;
        Some(self.names[at].1.to_shared())
    }

    fn value(&mut self, placeholder: &str) -> Option<Slot> {
        let at = self.values.iter().position(|(known, _)| **known == *placeholder)?;
        self.values_used[at] = true;
        Some(Slot(at as u32))
    }

    /// AWS: whatever a request defines must occur in one of its expressions.
    pub fn check_all_used(&self) -> Result<(), ApiError> {
        let unused = |keys: Vec<&str>, parameter: &str| {
            if keys.is_empty() {
                return Ok(());
            }
            Err(ApiError::validation(format!(
                "Value provided in {parameter} unused in expressions: keys: {{{}}}",
                keys.join(", ")
            )))
        };
        let names = self.names.iter().zip(&self.names_used).filter(|(_, used)| !**used).map(|((name, _), _)| &**name);
        unused(names.collect(), "ExpressionAttributeNames")?;
        let values =
            self.values.iter().zip(&self.values_used).filter(|(_, used)| !**used).map(|((name, _), _)| &**name);
        unused(values.collect(), "ExpressionAttributeValues")
    }
}

impl Slot {
    /// Stands where a complaint was made and no value is; such an expression never runs.
    pub const NOWHERE: Slot = Slot(u32::MAX);

    /// The value of this place. A plan is cached by the names of its request's values, so the place is always there.
    pub fn of(self, values: &[(Text, AttributeValue)]) -> &AttributeValue {
        const ABSENT: AttributeValue = AttributeValue::Null;
        values.get(self.0 as usize).map_or(&ABSENT, |(_, value)| value)
    }
}

/// A recursive-descent parser's state. Syntax errors stop it; other complaints wait, for AWS reports syntax first.
pub(crate) struct Parser<'a, 'b> {
    kind: Kind,
    text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    symbols: &'b mut Symbols<'a>,
    complaint: Option<String>,
    operators: usize,
    nesting: usize,
}

impl<'a, 'b> Parser<'a, 'b> {
    /// A parser at the first token. AWS: an expression is neither empty nor longer than 4 KB.
    pub fn new(kind: Kind, text: &'a str, symbols: &'b mut Symbols<'a>) -> Result<Parser<'a, 'b>, ApiError> {
        let invalid = |message: String| ApiError::validation(format!("Invalid {}: {message}", kind.parameter()));
        if text.is_empty() {
            return Err(invalid("The expression can not be empty;".to_owned()));
        }
        if text.len() > EXPRESSION_BYTES_MAX {
            return Err(invalid(format!(
                "Expression size has exceeded the maximum allowed size; expression size: {}",
                text.len()
            )));
        }
        let tokens = tokenize(text);
        Ok(Parser { kind, text, tokens, at: 0, symbols, complaint: None, operators: 0, nesting: 0 })
    }

    /// Whether all is well at the end: nothing left over and no complaint.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.peek() != TokenKind::End {
            return Err(self.syntax_error());
        }
        match &self.complaint {
            Some(complaint) => Err(self.invalid(complaint)),
            None => Ok(()),
        }
    }

    pub fn peek(&self) -> TokenKind {
        self.token(self.at).kind
    }

    pub fn peek_second(&self) -> TokenKind {
        self.token(self.at + 1).kind
    }

    /// The current token's number.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The current token's text.
    pub fn word(&self) -> &'a str {
        let token = self.token(self.at);
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    pub fn advance(&mut self) {
        self.at += 1;
    }

    /// Takes the token if it is of this kind.
    pub fn accept(&mut self, kind: TokenKind) -> bool {
        let accepted = self.peek() == kind;
        self.at += usize::from(accepted);
        accepted
    }

    pub fn expect(&mut self, kind: TokenKind) -> Result<(), ApiError> {
        if self.accept(kind) { Ok(()) } else { Err(self.syntax_error()) }
    }

    /// AWS: keywords are not case-sensitive.
    pub fn at_keyword(&self, keyword: &str) -> bool {
        self.peek() == TokenKind::Word && self.word().eq_ignore_ascii_case(keyword)
    }

    pub fn accept_keyword(&mut self, keyword: &str) -> bool {
        let accepted = self.at_keyword(keyword);
        self.at += usize::from(accepted);
        accepted
    }

    /// Counts an operator or function.
    pub fn count_operator(&mut self) {
        self.operators += 1;
        if self.operators == OPERATORS_MAX + 1 {
            self.complain(format!(
                "The expression contains more operators and functions than are allowed; the limit is {OPERATORS_MAX}"
            ));
        }
    }

    /// Goes one level deeper; [`Parser::ascend`] comes back.
    pub fn descend(&mut self) -> Result<(), ApiError> {
        if self.nesting == NESTING_MAX {
            return Err(self.invalid(&format!("The expression is nested deeper than {NESTING_MAX} levels")));
        }
        self.nesting += 1;
        Ok(())
    }

    pub fn ascend(&mut self) {
        self.nesting -= 1;
    }

    /// Notes an error that is not one of syntax; the first one counts.
    pub fn complain(&mut self, message: impl Into<String>) {
        self.complaint.get_or_insert_with(|| message.into());
    }

    pub fn invalid(&self, message: &str) -> ApiError {
        ApiError::validation(format!("Invalid {}: {message}", self.kind.parameter()))
    }

    /// The error at the current token. AWS shows the token with its neighbours as written.
    pub fn syntax_error(&self) -> ApiError {
        let token = self.token(self.at);
        let start = self.at.checked_sub(1).map_or(token.start, |before| self.token(before).start);
        let end = self.token(self.at + 1).end;
        let near = self.text.get(start..end).unwrap_or_default();
        let shown = if token.kind == TokenKind::End { "<EOF>" } else { self.word() };
        self.invalid(&format!("Syntax error; token: \"{shown}\", near: \"{near}\""))
    }

    /// Whether a function call begins here.
    pub fn at_function(&self) -> bool {
        self.peek() == TokenKind::Word && self.peek_second() == TokenKind::Open
    }

    /// Reads `:value`.
    pub fn value(&mut self) -> Result<Slot, ApiError> {
        if self.peek() != TokenKind::Value {
            return Err(self.syntax_error());
        }
        let placeholder = self.word();
        self.advance();
        Ok(self.symbols.value(placeholder).unwrap_or_else(|| {
            self.complain(format!(
                "An expression attribute value used in expression is not defined; attribute value: {placeholder}"
            ));
            Slot::NOWHERE
        }))
    }

    /// The type of the value at `slot`.
    pub fn slot_type(&self, slot: Slot) -> Option<DataType> {
        self.symbols.values.get(slot.0 as usize).map(|(_, value)| value.data_type())
    }

    /// Reads a document path.
    pub fn path(&mut self) -> Result<Path, ApiError> {
        let head = self.name()?;
        let mut steps = Vec::new();
        loop {
            if self.accept(TokenKind::Dot) {
                let name = self.name()?;
                steps.push(Step::Name(name));
            } else if self.accept(TokenKind::OpenBracket) {
                steps.push(Step::Index(self.index()?));
                self.expect(TokenKind::CloseBracket)?;
            } else {
                break;
            }
        }
        if steps.len() > NESTING_LEVELS_MAX {
            self.complain(format!(
                "The document path has too many nesting elements; nesting elements: {}, the limit is \
                 {NESTING_LEVELS_MAX}",
                steps.len()
            ));
        }
        Ok(Path { head, steps: steps.into() })
    }

    fn name(&mut self) -> Result<Arc<str>, ApiError> {
        let word = self.word();
        match self.peek() {
            TokenKind::Word => {
                if is_reserved(word) {
                    self.complain(format!("Attribute name is a reserved keyword; reserved keyword: {word}"));
                }
                self.advance();
                Ok(word.into())
            }
            TokenKind::Alias => {
                self.advance();
                Ok(self.symbols.name(word).unwrap_or_else(|| {
                    self.complain(format!(
                        "An expression attribute name used in the document path is not defined; attribute name: {word}"
                    ));
                    word.into()
                }))
            }
            _ => Err(self.syntax_error()),
        }
    }

    fn index(&mut self) -> Result<u32, ApiError> {
        if self.peek() != TokenKind::Digits {
            return Err(self.syntax_error());
        }
        let digits = self.word();
        self.advance();
        Ok(digits.parse().unwrap_or_else(|_| {
            self.complain(format!("List index is not within the allowable range; index: [{digits}]"));
            0
        }))
    }

    fn token(&self, at: usize) -> Token {
        // The last token is End and is never passed.
        self.tokens.get(at).or(self.tokens.last()).copied().unwrap_or(Token { kind: TokenKind::End, start: 0, end: 0 })
    }
}

/// The complaint about a constant of a type that an operator cannot take.
pub(crate) fn incorrect_operand(operator: &str, found: DataType) -> String {
    format!("Incorrect operand type for operator or function; operator or function: {operator}, operand type: {found}")
}

/// The complaint about a wrong number of operands.
pub(crate) fn operand_count(function: &str, count: usize) -> String {
    format!(
        "Incorrect number of operands for operator or function; operator or function: {function}, \
         number of operands: {count}"
    )
}

/// The complaint about a function that stands where it may not.
pub(crate) fn misused_function(function: &str) -> String {
    format!("The function is not allowed to be used this way in an expression; function: {function}")
}
