//! Condition and filter expressions: the tree and its parser.

use super::lexer::TokenKind;
use super::parser::{Kind, Parser, Slot, Symbols, incorrect_operand, misused_function, operand_count};
use super::path::Path;
use crate::services::ApiError;
use crate::services::dynamodb::value::DataType;

/// AWS: 100 operands, the left side among them.
const IN_OPERANDS_MAX: usize = 100;

/// A compiled condition, with what must be checked of each request's values.
#[derive(Debug)]
pub(crate) struct Condition {
    pub(super) root: Test,
    pub(super) checks: Vec<Check>,
    pub(super) kind: Kind,
}

/// A condition's tree.
#[derive(Debug)]
pub(crate) enum Test {
    Compare(Comparator, Operand, Operand),
    Between(Operand, Operand, Operand),
    In(Operand, Vec<Operand>),
    Exists(Path),
    NotExists(Path),
    AttributeType(Operand, Slot),
    BeginsWith(Operand, Operand),
    Contains(Operand, Operand),
    And(Vec<Test>),
    Or(Vec<Test>),
    Not(Box<Test>),
}

/// What a condition compares.
#[derive(Debug, PartialEq)]
pub(crate) enum Operand {
    Path(Path),
    Value(Slot),
    Size(Box<Operand>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// A rule about values that depends on more than their types.
#[derive(Debug)]
pub(crate) enum Check {
    /// A range of two constants must not be empty.
    Between(Slot, Slot),
    /// A constant names a type.
    TypeName(Slot),
}

impl Comparator {
    fn from_token(kind: TokenKind) -> Option<Comparator> {
        Some(match kind {
            TokenKind::Equal => Comparator::Equal,
            TokenKind::NotEqual => Comparator::NotEqual,
            TokenKind::Less => Comparator::Less,
            TokenKind::LessOrEqual => Comparator::LessOrEqual,
            TokenKind::Greater => Comparator::Greater,
            TokenKind::GreaterOrEqual => Comparator::GreaterOrEqual,
            _ => return None,
        })
    }

    pub fn symbol(self) -> &'static str {
        match self {
            Comparator::Equal => "=",
            Comparator::NotEqual => "<>",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
        }
    }

    /// The comparator with its sides swapped.
    pub fn mirrored(self) -> Comparator {
        match self {
            Comparator::Less => Comparator::Greater,
            Comparator::LessOrEqual => Comparator::GreaterOrEqual,
            Comparator::Greater => Comparator::Less,
            Comparator::GreaterOrEqual => Comparator::LessOrEqual,
            same => same,
        }
    }

    fn is_ordering(self) -> bool {
        !matches!(self, Comparator::Equal | Comparator::NotEqual)
    }
}

impl Condition {
    /// Compiles a condition, filter or key condition.
    pub fn compile<'a>(kind: Kind, text: &'a str, symbols: &mut Symbols<'a>) -> Result<Condition, ApiError> {
        let mut parser =
            ConditionParser { base: Parser::new(kind, text, symbols)?, checks: Vec::new(), last_group: None };
        let root = parser.condition()?;
        let ConditionParser { base, checks, .. } = parser;
        base.finish()?;
        Ok(Condition { root, checks, kind })
    }

    /// Calls `visit` with every path of the condition.
    pub fn for_each_path<'a>(&'a self, visit: &mut dyn FnMut(&'a Path)) {
        self.root.for_each_path(visit);
    }
}

impl Test {
    fn for_each_path<'a>(&'a self, visit: &mut dyn FnMut(&'a Path)) {
        match self {
            Test::Exists(path) | Test::NotExists(path) => visit(path),
            Test::Compare(_, left, right) | Test::BeginsWith(left, right) | Test::Contains(left, right) => {
                left.for_each_path(visit);
                right.for_each_path(visit);
            }
            Test::Between(value, low, high) => {
                for operand in [value, low, high] {
                    operand.for_each_path(visit);
                }
            }
            Test::In(value, list) => {
                value.for_each_path(visit);
                for operand in list {
                    operand.for_each_path(visit);
                }
            }
            Test::AttributeType(value, _) => value.for_each_path(visit),
            Test::And(tests) | Test::Or(tests) => tests.iter().for_each(|test| test.for_each_path(visit)),
            Test::Not(test) => test.for_each_path(visit),
        }
    }
}

impl Operand {
    fn for_each_path<'a>(&'a self, visit: &mut dyn FnMut(&'a Path)) {
        match self {
            Operand::Path(path) => visit(path),
            Operand::Value(_) => {}
            Operand::Size(inner) => inner.for_each_path(visit),
        }
    }
}

/// What parentheses may hold: a condition, or an operand of a comparison that follows.
enum Term {
    Condition(Test),
    Operand(Operand),
}

struct ConditionParser<'a, 'b> {
    base: Parser<'a, 'b>,
    checks: Vec<Check>,
    /// Where the latest parentheses began and ended, in tokens.
    last_group: Option<(usize, usize)>,
}

impl ConditionParser<'_, '_> {
    fn condition(&mut self) -> Result<Test, ApiError> {
        let term = self.or_term()?;
        self.as_condition(term)
    }

    /// An operand alone is no condition.
    fn as_condition(&self, term: Term) -> Result<Test, ApiError> {
        match term {
            Term::Condition(test) => Ok(test),
            Term::Operand(_) => Err(self.base.syntax_error()),
        }
    }

    fn or_term(&mut self) -> Result<Term, ApiError> {
        let first = self.and_term()?;
        if !self.base.at_keyword("OR") {
            return Ok(first);
        }
        let mut tests = vec![self.as_condition(first)?];
        while self.base.accept_keyword("OR") {
            self.base.count_operator();
            let next = self.and_term()?;
            tests.push(self.as_condition(next)?);
        }
        Ok(Term::Condition(Test::Or(tests)))
    }

    fn and_term(&mut self) -> Result<Term, ApiError> {
        let first = self.not_term()?;
        if !self.base.at_keyword("AND") {
            return Ok(first);
        }
        let mut tests = vec![self.as_condition(first)?];
        while self.base.accept_keyword("AND") {
            self.base.count_operator();
            let next = self.not_term()?;
            tests.push(self.as_condition(next)?);
        }
        Ok(Term::Condition(Test::And(tests)))
    }

    fn not_term(&mut self) -> Result<Term, ApiError> {
        if !self.base.accept_keyword("NOT") {
            return self.primary();
        }
        self.base.count_operator();
        let inner = self.enter(Self::not_term)?;
        Ok(Term::Condition(Test::Not(Box::new(self.as_condition(inner)?))))
    }

    fn primary(&mut self) -> Result<Term, ApiError> {
        let operand = if self.base.peek() == TokenKind::Open {
            match self.parenthesized(Self::or_term)? {
                Term::Condition(test) => return Ok(Term::Condition(test)),
                Term::Operand(operand) => operand,
            }
        } else if self.base.at_function() && !self.at_keyword_before_parenthesis() {
            let name = self.base.word();
            match self.function()? {
                Term::Operand(operand) => operand,
                Term::Condition(_) if self.at_comparison() => {
                    self.base.complain(misused_function(name));
                    Operand::Value(Slot::NOWHERE)
                }
                condition @ Term::Condition(_) => return Ok(condition),
            }
        } else {
            self.operand()?
        };
        self.comparison(operand)
    }

    fn parenthesized<T>(&mut self, inner: fn(&mut Self) -> Result<T, ApiError>) -> Result<T, ApiError> {
        let start = self.base.position();
        self.base.expect(TokenKind::Open)?;
        let result = self.enter(inner)?;
        // AWS: parentheses around nothing but parentheses are an error.
        if self.last_group == Some((start + 1, self.base.position())) {
            self.base.complain("The expression has redundant parentheses;");
        }
        self.base.expect(TokenKind::Close)?;
        self.last_group = Some((start, self.base.position()));
        Ok(result)
    }

    fn enter<T>(&mut self, inner: fn(&mut Self) -> Result<T, ApiError>) -> Result<T, ApiError> {
        self.base.descend()?;
        let result = inner(self);
        self.base.ascend();
        result
    }

    /// `IN (`, `BETWEEN (` are no functions.
    fn at_keyword_before_parenthesis(&self) -> bool {
        ["AND", "OR", "NOT", "IN", "BETWEEN"].iter().any(|keyword| self.base.at_keyword(keyword))
    }

    fn at_comparison(&self) -> bool {
        Comparator::from_token(self.base.peek()).is_some()
            || self.base.at_keyword("BETWEEN")
            || self.base.at_keyword("IN")
    }

    fn comparison(&mut self, left: Operand) -> Result<Term, ApiError> {
        if let Some(comparator) = Comparator::from_token(self.base.peek()) {
            self.base.advance();
            self.base.count_operator();
            let right = self.comparison_operand()?;
            if comparator.is_ordering() {
                self.require(comparator.symbol(), &left, DataType::is_ordered);
                self.require(comparator.symbol(), &right, DataType::is_ordered);
            }
            self.require_distinct(comparator.symbol(), &left, &right);
            return Ok(Term::Condition(Test::Compare(comparator, left, right)));
        }
        if self.base.accept_keyword("BETWEEN") {
            self.base.count_operator();
            let low = self.comparison_operand()?;
            if !self.base.accept_keyword("AND") {
                return Err(self.base.syntax_error());
            }
            let high = self.comparison_operand()?;
            self.check_between(&left, &low, &high);
            return Ok(Term::Condition(Test::Between(left, low, high)));
        }
        if self.base.accept_keyword("IN") {
            self.base.count_operator();
            self.base.expect(TokenKind::Open)?;
            let mut list = vec![self.comparison_operand()?];
            while self.base.accept(TokenKind::Comma) {
                list.push(self.comparison_operand()?);
            }
            self.base.expect(TokenKind::Close)?;
            if list.len() + 1 > IN_OPERANDS_MAX {
                self.base.complain(operand_count("IN", list.len() + 1));
            }
            return Ok(Term::Condition(Test::In(left, list)));
        }
        Ok(Term::Operand(left))
    }

    fn check_between(&mut self, value: &Operand, low: &Operand, high: &Operand) {
        for operand in [value, low, high] {
            self.require("BETWEEN", operand, DataType::is_ordered);
        }
        let (Operand::Value(low), Operand::Value(high)) = (low, high) else { return };
        if self.base.slot_type(*low).is_some() && self.base.slot_type(*high).is_some() {
            self.checks.push(Check::Between(*low, *high));
        }
    }

    /// The right side of a comparison; parentheses around it are allowed.
    fn comparison_operand(&mut self) -> Result<Operand, ApiError> {
        if self.base.peek() == TokenKind::Open {
            return self.parenthesized(Self::comparison_operand);
        }
        if self.base.at_function() {
            let name = self.base.word();
            return match self.function()? {
                Term::Operand(operand) => Ok(operand),
                Term::Condition(_) => {
                    self.base.complain(misused_function(name));
                    Ok(Operand::Value(Slot::NOWHERE))
                }
            };
        }
        self.operand()
    }

    fn operand(&mut self) -> Result<Operand, ApiError> {
        if self.base.peek() == TokenKind::Value {
            return self.base.value().map(Operand::Value);
        }
        self.base.path().map(Operand::Path)
    }

    fn function(&mut self) -> Result<Term, ApiError> {
        let name = self.base.word();
        self.base.advance();
        self.base.expect(TokenKind::Open)?;
        self.base.count_operator();
        let mut operands = vec![self.enter(Self::comparison_operand)?];
        while self.base.accept(TokenKind::Comma) {
            operands.push(self.enter(Self::comparison_operand)?);
        }
        self.base.expect(TokenKind::Close)?;
        Ok(self.apply_function(name, operands))
    }

    fn apply_function(&mut self, name: &str, operands: Vec<Operand>) -> Term {
        let wanted = match name {
            "attribute_exists" | "attribute_not_exists" | "size" => 1,
            "attribute_type" | "begins_with" | "contains" => 2,
            "if_not_exists" | "list_append" => {
                self.base.complain(misused_function(name));
                operands.len()
            }
            _ => {
                // AWS: function names, unlike keywords, are case-sensitive.
                self.base.complain(format!("Invalid function name; function: {name}"));
                operands.len()
            }
        };
        if operands.len() != wanted {
            self.base.complain(operand_count(name, operands.len()));
        }
        let mut operands = operands.into_iter();
        let first = operands.next().unwrap_or(Operand::Value(Slot::NOWHERE));
        let second = operands.next().unwrap_or(Operand::Value(Slot::NOWHERE));
        match name {
            "attribute_exists" => Term::Condition(Test::Exists(self.require_path(name, first))),
            "attribute_not_exists" => Term::Condition(Test::NotExists(self.require_path(name, first))),
            "attribute_type" => Term::Condition(Test::AttributeType(first, self.require_type_name(&second))),
            "begins_with" => {
                let has_prefix = |data_type| matches!(data_type, DataType::S | DataType::B);
                self.require(name, &first, has_prefix);
                self.require(name, &second, has_prefix);
                self.require_distinct(name, &first, &second);
                Term::Condition(Test::BeginsWith(first, second))
            }
            "contains" => {
                self.require_distinct(name, &first, &second);
                Term::Condition(Test::Contains(first, second))
            }
            "size" => {
                let has_size = |data_type| !matches!(data_type, DataType::N | DataType::Bool | DataType::Null);
                self.require(name, &first, has_size);
                Term::Operand(Operand::Size(Box::new(first)))
            }
            // Only the complaint comes out.
            _ => Term::Condition(Test::And(Vec::new())),
        }
    }

    /// AWS: a constant of a type that the operator cannot take is an error, an attribute of such a type is not.
    fn require(&mut self, operator: &str, operand: &Operand, takes: impl Fn(DataType) -> bool) {
        let data_type = match operand {
            Operand::Path(_) => None,
            Operand::Value(slot) => self.base.slot_type(*slot),
            Operand::Size(_) => Some(DataType::N),
        };
        if let Some(data_type) = data_type.filter(|data_type| !takes(*data_type)) {
            self.base.complain(incorrect_operand(operator, data_type));
        }
    }

    fn require_distinct(&mut self, operator: &str, first: &Operand, second: &Operand) {
        if let (Operand::Path(first), Operand::Path(second)) = (first, second)
            && first == second
        {
            self.base.complain(format!(
                "The first operand must be distinct from the remaining operands for this operator or function; \
                 operator: {operator}, first operand: {first}"
            ));
        }
    }

    fn require_path(&mut self, function: &str, operand: Operand) -> Path {
        if let Operand::Path(path) = operand {
            return path;
        }
        self.base.complain(format!("Operator or function requires a document path; operator or function: {function}"));
        Path { head: "".into(), steps: Box::default() }
    }

    fn require_type_name(&mut self, operand: &Operand) -> Slot {
        let Operand::Value(slot) = operand else {
            self.base.complain(
                "Incorrect operand type for operator or function; operator or function: attribute_type, \
                 operand type: a document path, expected an expression attribute value that names a type",
            );
            return Slot::NOWHERE;
        };
        if let Some(data_type) = self.base.slot_type(*slot) {
            if data_type == DataType::S {
                self.checks.push(Check::TypeName(*slot));
            } else {
                self.base.complain(incorrect_operand("attribute_type", data_type));
            }
        }
        *slot
    }
}
