//! Key conditions: which partition a query reads, and which stretch of it.

use super::condition::{Comparator, Condition, Operand, Test};
use super::parser::{Kind, Slot, Symbols};
use super::path::Path;
use crate::services::ApiError;
use crate::services::dynamodb::schema::{KeyAttribute, KeySchema};
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::{AttributeValue, DataType};

/// A compiled key condition.
#[derive(Debug)]
pub(crate) struct KeyCondition {
    /// The partition key's value.
    pub hash: Slot,
    /// What the sort key must fulfil.
    pub range: Option<RangeCondition>,
    condition: Condition,
}

/// A condition on the sort key.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RangeCondition {
    Equal(Slot),
    Less(Slot),
    LessOrEqual(Slot),
    Greater(Slot),
    GreaterOrEqual(Slot),
    Between(Slot, Slot),
    BeginsWith(Slot),
}

impl KeyCondition {
    /// Compiles a key condition for a table or index of the given key.
    pub fn compile<'a>(
        text: &'a str,
        schema: &KeySchema,
        symbols: &mut Symbols<'a>,
        values: &[(Text, AttributeValue)],
    ) -> Result<KeyCondition, ApiError> {
        let condition = Condition::compile(Kind::KeyCondition, text, symbols)?;
        let mut parts = Vec::new();
        flatten(&condition.root, &mut parts)?;
        let mut hash = None;
        let mut range = None;
        for part in parts {
            let (path, wanted) = read(part)?;
            if !path.steps.is_empty() {
                return Err(ApiError::validation(
                    "KeyConditionExpressions cannot have conditions on nested attributes",
                ));
            }
            let attribute = schema.attributes().find(|attribute| attribute.name == path.head);
            let Some(attribute) = attribute else {
                let missed = if hash.is_none() { Some(&schema.hash) } else { schema.range.as_ref() };
                return Err(match missed {
                    Some(missed) => missed_element(missed),
                    None => ApiError::validation("Query key condition not supported"),
                });
            };
            let is_hash = attribute.name == schema.hash.name;
            let taken = if is_hash { hash.is_some() } else { range.is_some() };
            if taken {
                return Err(ApiError::validation("KeyConditionExpressions must only contain one condition per key"));
            }
            check_types(attribute, wanted, values)?;
            match wanted {
                RangeCondition::Equal(slot) if is_hash => hash = Some(slot),
                _ if is_hash => return Err(ApiError::validation("Query key condition not supported")),
                wanted => range = Some(wanted),
            }
        }
        let Some(hash) = hash else { return Err(missed_element(&schema.hash)) };
        Ok(KeyCondition { hash, range, condition })
    }

    /// The rules that depend on the values of this request.
    pub fn check_values(&self, values: &[(Text, AttributeValue)]) -> Result<(), ApiError> {
        self.condition.check_values(values)
    }
}

fn missed_element(attribute: &KeyAttribute) -> ApiError {
    ApiError::validation(format!("Query condition missed key schema element: {}", attribute.name))
}

fn flatten<'a>(test: &'a Test, parts: &mut Vec<&'a Test>) -> Result<(), ApiError> {
    let operator = match test {
        Test::And(tests) => return tests.iter().try_for_each(|test| flatten(test, parts)),
        Test::Or(_) => "OR",
        Test::Not(_) => "NOT",
        Test::In(..) => "IN",
        Test::Compare(Comparator::NotEqual, ..) => "<>",
        Test::Exists(_) => "attribute_exists",
        Test::NotExists(_) => "attribute_not_exists",
        Test::AttributeType(..) => "attribute_type",
        Test::Contains(..) => "contains",
        Test::Compare(..) | Test::Between(..) | Test::BeginsWith(..) => {
            parts.push(test);
            return Ok(());
        }
    };
    Err(ApiError::validation(format!("Invalid operator used in KeyConditionExpression: {operator}")))
}

fn read(test: &Test) -> Result<(&Path, RangeCondition), ApiError> {
    match test {
        Test::Compare(comparator, left, right) => {
            let (path, slot, comparator) = match (left, right) {
                (Operand::Path(path), Operand::Value(slot)) => (path, *slot, *comparator),
                // AWS: `:v < key` means `key > :v`.
                (Operand::Value(slot), Operand::Path(path)) => (path, *slot, comparator.mirrored()),
                _ => return Err(operands(left, right, comparator.symbol())),
            };
            let range = match comparator {
                Comparator::Less => RangeCondition::Less(slot),
                Comparator::LessOrEqual => RangeCondition::LessOrEqual(slot),
                Comparator::Greater => RangeCondition::Greater(slot),
                Comparator::GreaterOrEqual => RangeCondition::GreaterOrEqual(slot),
                Comparator::Equal | Comparator::NotEqual => RangeCondition::Equal(slot),
            };
            Ok((path, range))
        }
        Test::Between(Operand::Path(path), Operand::Value(low), Operand::Value(high)) => {
            Ok((path, RangeCondition::Between(*low, *high)))
        }
        Test::BeginsWith(Operand::Path(path), Operand::Value(prefix)) => {
            Ok((path, RangeCondition::BeginsWith(*prefix)))
        }
        Test::Between(value, low, _) => Err(operands(value, low, "BETWEEN")),
        Test::BeginsWith(value, prefix) => Err(operands(value, prefix, "begins_with")),
        _ => Err(ApiError::validation("Query key condition not supported")),
    }
}

/// The error for operands that are not one key attribute and constants.
fn operands(left: &Operand, right: &Operand, operator: &str) -> ApiError {
    let problem = match (left, right) {
        (Operand::Size(_), _) | (_, Operand::Size(_)) => "size".to_owned(),
        (Operand::Path(_), Operand::Path(_)) => {
            return ApiError::validation(
                "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition",
            );
        }
        (Operand::Value(_), Operand::Value(_)) => {
            return ApiError::validation("Invalid condition in KeyConditionExpression: No key attribute specified");
        }
        _ => {
            return ApiError::validation(format!(
                "Invalid condition in KeyConditionExpression: {operator} operator must have the key attribute as its \
                 first operand"
            ));
        }
    };
    ApiError::validation(format!("Invalid operator used in KeyConditionExpression: {problem}"))
}

fn check_types(
    attribute: &KeyAttribute,
    condition: RangeCondition,
    values: &[(Text, AttributeValue)],
) -> Result<(), ApiError> {
    let (first, second) = match condition {
        RangeCondition::Equal(slot)
        | RangeCondition::Less(slot)
        | RangeCondition::LessOrEqual(slot)
        | RangeCondition::Greater(slot)
        | RangeCondition::GreaterOrEqual(slot)
        | RangeCondition::BeginsWith(slot) => (slot, slot),
        RangeCondition::Between(low, high) => (low, high),
    };
    // AWS: numbers have no prefixes.
    let prefix_of_number = matches!(condition, RangeCondition::BeginsWith(_)) && attribute.data_type == DataType::N;
    let fits = |slot: Slot| slot.of(values).data_type() == attribute.data_type;
    if fits(first) && fits(second) && !prefix_of_number {
        return Ok(());
    }
    Err(ApiError::validation(
        "One or more parameter values were invalid: Condition parameter type does not match schema type",
    ))
}
