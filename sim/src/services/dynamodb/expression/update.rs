//! Update expressions: the compiled form and how it changes an item.

use std::sync::Arc;

use super::parser::Slot;
use super::path::{Path, Step};
use super::projection::Projection;
use crate::services::ApiError;
use crate::services::dynamodb::number::Decimal;
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::{AttributeValue, Attributes, Item};

mod parse;

type Values<'a> = &'a [(Text, AttributeValue)];

/// A compiled update expression.
///
/// The actions are sorted by path. AWS: every right-hand side reads the item before the update, and list indexes mean
/// positions before it. So writes run in ascending order, which appends past-the-end elements in index order, and
/// removals afterwards in descending order, which never shifts a position still to come.
#[derive(Debug)]
pub(crate) struct Update {
    actions: Vec<Action>,
    touched: Projection,
}

#[derive(Debug)]
struct Action {
    path: Path,
    change: Change,
}

#[derive(Debug)]
enum Change {
    Set(SetValue),
    Remove,
    Add(Slot),
    Delete(Slot),
}

#[derive(Debug)]
enum SetValue {
    Operand(Operand),
    Sum(Operand, Operand),
    Difference(Operand, Operand),
}

#[derive(Debug)]
enum Operand {
    Path(Path),
    Value(Slot),
    IfNotExists(Path, Box<Operand>),
    ListAppend(Box<Operand>, Box<Operand>),
}

fn invalid_path() -> ApiError {
    ApiError::validation("The document path provided in the update expression is invalid for update")
}

fn incorrect_type() -> ApiError {
    ApiError::validation("An operand in the update expression has an incorrect data type")
}

fn missing_attribute() -> ApiError {
    ApiError::validation("The provided expression refers to an attribute that does not exist in the item")
}

impl Update {
    /// The paths that the update writes.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.actions.iter().map(|action| &action.path)
    }

    /// The parts of an item that the update touches, for `UPDATED_OLD` and `UPDATED_NEW`.
    pub fn touched(&self) -> &Projection {
        &self.touched
    }

    /// Whether an item comes into being where there was none. AWS: not if nothing is set.
    pub fn creates_item(&self) -> bool {
        self.actions.iter().any(|action| matches!(action.change, Change::Set(_) | Change::Add(_)))
    }

    /// The item after the update. `old` is the item before it, `key` what a new item begins with.
    pub fn apply(
        &self,
        old: Option<&Item>,
        key: impl FnOnce() -> Attributes,
        values: Values<'_>,
    ) -> Result<Attributes, ApiError> {
        let mut new = old.map_or_else(key, |old| (**old).clone());
        let old = old.map(|old| &**old);
        let mut emptied: Vec<&Path> = Vec::new();
        for action in &self.actions {
            let path = &action.path;
            match &action.change {
                Change::Set(value) => write(&mut new, path, value.evaluate(old, values)?)?,
                Change::Add(slot) => write(&mut new, path, add(value_before(old, path), slot.of(values))?)?,
                Change::Delete(slot) => match value_before(old, path) {
                    Some(before) => match subtract(before, slot.of(values))? {
                        Some(after) => write(&mut new, path, after)?,
                        None => emptied.push(path),
                    },
                    None if old.is_some() => check_parent(&mut new, path)?,
                    None => {}
                },
                Change::Remove => {}
            }
        }
        // AWS: removing from an item that does not exist is silently accepted, whatever the path.
        if old.is_none() {
            return Ok(new);
        }
        for action in self.actions.iter().rev() {
            if matches!(action.change, Change::Remove) || emptied.contains(&&action.path) {
                remove(&mut new, &action.path)?;
            }
        }
        Ok(new)
    }
}

fn value_before<'a>(old: Option<&'a Attributes>, path: &Path) -> Option<&'a AttributeValue> {
    path.resolve(old?)
}

impl SetValue {
    fn evaluate(&self, old: Option<&Attributes>, values: Values<'_>) -> Result<AttributeValue, ApiError> {
        let number = |operand: &Operand| operand.evaluate(old, values)?.as_number().ok_or_else(incorrect_type);
        let result = match self {
            SetValue::Operand(operand) => return operand.evaluate(old, values),
            SetValue::Sum(left, right) => number(left)?.checked_add(number(right)?),
            SetValue::Difference(left, right) => number(left)?.checked_sub(number(right)?),
        };
        result.map(AttributeValue::N).map_err(|error| ApiError::validation(error.message("")))
    }
}

impl Operand {
    fn evaluate(&self, old: Option<&Attributes>, values: Values<'_>) -> Result<AttributeValue, ApiError> {
        match self {
            Operand::Value(slot) => Ok(slot.of(values).clone()),
            Operand::Path(path) => value_before(old, path).cloned().ok_or_else(missing_attribute),
            Operand::IfNotExists(path, otherwise) => match value_before(old, path) {
                Some(value) => Ok(value.clone()),
                None => otherwise.evaluate(old, values),
            },
            Operand::ListAppend(first, second) => {
                let (first, second) = (first.evaluate(old, values)?, second.evaluate(old, values)?);
                match (first, second) {
                    (AttributeValue::L(mut first), AttributeValue::L(second)) => {
                        Arc::make_mut(&mut first).extend(second.iter().cloned());
                        Ok(AttributeValue::L(first))
                    }
                    _ => Err(incorrect_type()),
                }
            }
        }
    }
}

fn add(before: Option<&AttributeValue>, operand: &AttributeValue) -> Result<AttributeValue, ApiError> {
    let Some(before) = before else { return Ok(operand.clone()) };
    match (before, operand) {
        (AttributeValue::N(before), AttributeValue::N(operand)) => {
            let sum: Result<Decimal, _> = before.checked_add(*operand);
            return sum.map(AttributeValue::N).map_err(|error| ApiError::validation(error.message("")));
        }
        (AttributeValue::Ss(before), AttributeValue::Ss(operand)) => {
            AttributeValue::string_set(before.iter().chain(operand.iter()).cloned())
        }
        (AttributeValue::Ns(before), AttributeValue::Ns(operand)) => {
            AttributeValue::number_set(before.iter().chain(operand.iter()).copied())
        }
        (AttributeValue::Bs(before), AttributeValue::Bs(operand)) => {
            AttributeValue::binary_set(before.iter().chain(operand.iter()).cloned())
        }
        _ => None,
    }
    .ok_or_else(incorrect_type)
}

/// The set without the operand's members; `None` when none are left. AWS: then the attribute goes.
fn subtract(before: &AttributeValue, operand: &AttributeValue) -> Result<Option<AttributeValue>, ApiError> {
    Ok(match (before, operand) {
        (AttributeValue::Ss(before), AttributeValue::Ss(operand)) => {
            AttributeValue::string_set(before.iter().filter(|member| operand.binary_search(member).is_err()).cloned())
        }
        (AttributeValue::Ns(before), AttributeValue::Ns(operand)) => {
            AttributeValue::number_set(before.iter().filter(|member| operand.binary_search(member).is_err()).copied())
        }
        (AttributeValue::Bs(before), AttributeValue::Bs(operand)) => {
            AttributeValue::binary_set(before.iter().filter(|member| operand.binary_search(member).is_err()).cloned())
        }
        _ => return Err(incorrect_type()),
    })
}

/// The container that holds the path's last step, copied on the way down where it is shared.
fn parent<'a>(
    item: &'a mut Attributes,
    path: &'a Path,
) -> Result<Option<(&'a mut AttributeValue, &'a Step)>, ApiError> {
    let [before @ .., last] = &*path.steps else { return Ok(None) };
    let mut value = item.get_mut(&path.head).ok_or_else(invalid_path)?;
    for step in before {
        value = match (step, value) {
            (Step::Name(name), AttributeValue::M(attributes)) => Arc::make_mut(attributes).get_mut(name),
            (Step::Index(index), AttributeValue::L(elements)) => Arc::make_mut(elements).get_mut(*index as usize),
            _ => None,
        }
        .ok_or_else(invalid_path)?;
    }
    match (last, &*value) {
        (Step::Name(_), AttributeValue::M(_)) | (Step::Index(_), AttributeValue::L(_)) => Ok(Some((value, last))),
        _ => Err(invalid_path()),
    }
}

fn check_parent(item: &mut Attributes, path: &Path) -> Result<(), ApiError> {
    parent(item, path).map(|_| ())
}

fn write(item: &mut Attributes, path: &Path, value: AttributeValue) -> Result<(), ApiError> {
    match parent(item, path)? {
        None => item.set(&path.head, value),
        Some((AttributeValue::M(attributes), Step::Name(name))) => Arc::make_mut(attributes).set(name, value),
        Some((AttributeValue::L(elements), Step::Index(index))) => {
            let elements = Arc::make_mut(elements);
            match elements.get_mut(*index as usize) {
                Some(element) => *element = value,
                // AWS: an index past the end appends.
                None => elements.push(value),
            }
        }
        Some(_) => return Err(invalid_path()),
    }
    Ok(())
}

fn remove(item: &mut Attributes, path: &Path) -> Result<(), ApiError> {
    match parent(item, path)? {
        None => {
            item.remove(&path.head);
        }
        Some((AttributeValue::M(attributes), Step::Name(name))) => {
            Arc::make_mut(attributes).remove(name);
        }
        Some((AttributeValue::L(elements), Step::Index(index))) => {
            let at = *index as usize;
            if at < elements.len() {
                Arc::make_mut(elements).remove(at);
            }
        }
        Some(_) => return Err(invalid_path()),
    }
    Ok(())
}
