use super::{Action, Change, Operand, SetValue, Update};
use crate::services::ApiError;
use crate::services::dynamodb::expression::lexer::TokenKind;
use crate::services::dynamodb::expression::parser::{
    Kind, Parser, Slot, Symbols, incorrect_operand, misused_function, operand_count,
};
use crate::services::dynamodb::expression::path::Path;
use crate::services::dynamodb::expression::projection::Projection;
use crate::services::dynamodb::value::DataType;

/// The four clauses, each of which may occur once.
const SECTIONS: [&str; 4] = ["SET", "REMOVE", "ADD", "DELETE"];

/// Functions of conditions, which updates may not call.
const CONDITION_FUNCTIONS: [&str; 6] =
    ["attribute_exists", "attribute_not_exists", "attribute_type", "begins_with", "contains", "size"];

impl Update {
    /// Compiles an update expression.
    pub fn compile<'a>(text: &'a str, symbols: &mut Symbols<'a>) -> Result<Update, ApiError> {
        let mut parser = Parser::new(Kind::Update, text, symbols)?;
        let mut seen = [false; SECTIONS.len()];
        let mut actions = Vec::new();
        loop {
            let Some(section) = SECTIONS.iter().position(|section| parser.at_keyword(section)) else {
                return Err(parser.syntax_error());
            };
            parser.advance();
            if std::mem::replace(&mut seen[section], true) {
                parser.complain(format!(
                    "The \"{}\" section can only be used once in an update expression;",
                    SECTIONS[section]
                ));
            }
            loop {
                actions.push(action(&mut parser, section)?);
                if !parser.accept(TokenKind::Comma) {
                    break;
                }
            }
            if parser.peek() == TokenKind::End {
                break;
            }
        }
        let paths: Vec<&Path> = actions.iter().map(|action| &action.path).collect();
        if let Err(clash) = Path::check_distinct(&paths) {
            parser.complain(clash);
        }
        parser.finish()?;
        actions.sort_by(|left, right| left.path.cmp(&right.path));
        let touched = Projection::of_paths(actions.iter().map(|action| &action.path));
        Ok(Update { actions, touched })
    }
}

fn action(parser: &mut Parser<'_, '_>, section: usize) -> Result<Action, ApiError> {
    let path = parser.path()?;
    parser.count_operator();
    let change = match SECTIONS[section] {
        "SET" => {
            parser.expect(TokenKind::Equal)?;
            Change::Set(set_value(parser)?)
        }
        "REMOVE" => Change::Remove,
        "ADD" => Change::Add(clause_operand(parser, "ADD", |found| found == DataType::N || found.is_set())?),
        _ => Change::Delete(clause_operand(parser, "DELETE", DataType::is_set)?),
    };
    Ok(Action { path, change })
}

fn clause_operand(
    parser: &mut Parser<'_, '_>,
    clause: &str,
    takes: impl Fn(DataType) -> bool,
) -> Result<Slot, ApiError> {
    let slot = parser.value()?;
    if let Some(found) = parser.slot_type(slot).filter(|found| !takes(*found)) {
        parser.complain(format!(
            "Incorrect operand type for operator or function; operator: {clause}, operand type: {}",
            long_name(found)
        ));
    }
    Ok(slot)
}

/// AWS: for ADD and DELETE the message spells the type out.
fn long_name(data_type: DataType) -> &'static str {
    match data_type {
        DataType::S => "STRING",
        DataType::N => "NUMBER",
        DataType::B => "BINARY",
        DataType::Bool => "BOOLEAN",
        DataType::Null => "NULL",
        DataType::Ss => "STRING_SET",
        DataType::Ns => "NUMBER_SET",
        DataType::Bs => "BINARY_SET",
        DataType::L => "LIST",
        DataType::M => "MAP",
    }
}

fn set_value(parser: &mut Parser<'_, '_>) -> Result<SetValue, ApiError> {
    if parser.accept(TokenKind::Open) {
        parser.descend()?;
        let value = set_value(parser)?;
        parser.ascend();
        parser.expect(TokenKind::Close)?;
        return Ok(value);
    }
    let left = operand(parser)?;
    let (symbol, build): (_, fn(Operand, Operand) -> SetValue) = match parser.peek() {
        TokenKind::Plus => ("+", SetValue::Sum),
        TokenKind::Minus => ("-", SetValue::Difference),
        _ => return Ok(SetValue::Operand(left)),
    };
    parser.advance();
    let right = operand(parser)?;
    for side in [&left, &right] {
        require(parser, symbol, side, DataType::N);
    }
    Ok(build(left, right))
}

fn operand(parser: &mut Parser<'_, '_>) -> Result<Operand, ApiError> {
    if parser.peek() == TokenKind::Value {
        return parser.value().map(Operand::Value);
    }
    if !parser.at_function() {
        return parser.path().map(Operand::Path);
    }
    let function = parser.word();
    parser.advance();
    parser.expect(TokenKind::Open)?;
    parser.count_operator();
    parser.descend()?;
    let mut operands = vec![operand(parser)?];
    while parser.accept(TokenKind::Comma) {
        operands.push(operand(parser)?);
    }
    parser.ascend();
    parser.expect(TokenKind::Close)?;
    Ok(apply_function(parser, function, operands))
}

fn apply_function(parser: &mut Parser<'_, '_>, function: &str, operands: Vec<Operand>) -> Operand {
    let count = operands.len();
    let mut operands = operands.into_iter();
    let first = operands.next().unwrap_or(Operand::Value(Slot::NOWHERE));
    let second = operands.next().unwrap_or(Operand::Value(Slot::NOWHERE));
    match function {
        "if_not_exists" | "list_append" if count != 2 => {
            parser.complain(operand_count(function, count));
            first
        }
        "if_not_exists" => match first {
            Operand::Path(path) => Operand::IfNotExists(path, Box::new(second)),
            other => {
                parser.complain(format!(
                    "Operator or function requires a document path; operator or function: {function}"
                ));
                other
            }
        },
        "list_append" => {
            for side in [&first, &second] {
                require(parser, function, side, DataType::L);
                if matches!(side, Operand::ListAppend(..)) {
                    parser.complain(misused_function(function));
                }
            }
            Operand::ListAppend(Box::new(first), Box::new(second))
        }
        _ if CONDITION_FUNCTIONS.contains(&function) => {
            parser.complain(format!("The function is not allowed in an update expression; function: {function}"));
            first
        }
        _ => {
            parser.complain(format!("Invalid function name; function: {function}"));
            first
        }
    }
}

/// AWS: a constant of the wrong type is an error of the expression, whatever the item is.
fn require(parser: &mut Parser<'_, '_>, operator: &str, operand: &Operand, wanted: DataType) {
    let found = match operand {
        Operand::Value(slot) => parser.slot_type(*slot),
        Operand::ListAppend(..) => Some(DataType::L),
        Operand::Path(_) | Operand::IfNotExists(..) => None,
    };
    if let Some(found) = found.filter(|found| *found != wanted) {
        parser.complain(incorrect_operand(operator, found));
    }
}
