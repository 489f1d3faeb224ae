use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

use crate::services::ApiError;
use crate::services::dynamodb::expression::{Condition, KeyCondition, Kind, Projection, Symbols, Update};
use crate::services::dynamodb::request::Expressions;
use crate::services::dynamodb::schema::TableSchema;
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::AttributeValue;

/// How many plans are kept. A program has far fewer; one that builds its expressions' text anew each time starts over
/// when the cache is full, which costs time and changes nothing.
const PLANS_MAX: usize = 1024;

/// The compiled expressions of a request, checked as far as names and the types of values allow.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub condition: Option<Condition>,
    pub update: Option<Update>,
    pub filter: Option<Condition>,
    pub key_condition: Option<KeyCondition>,
    pub projection: Option<Projection>,
}

/// Plans by what they were compiled from: table, index, texts, names, and the names and types of the values.
#[derive(Debug, Default)]
pub(super) struct Plans {
    known: HashMap<Box<[u8]>, Arc<Plan>, BuildHasherDefault<Xxh3Default>>,
    none: Arc<Plan>,
    source: Vec<u8>,
}

impl Plans {
    /// The plan of a request's expressions on table number `table` and, of that, index number `index`.
    pub fn plan(
        &mut self,
        table: u32,
        schema: &TableSchema,
        index: Option<usize>,
        expressions: &Expressions,
    ) -> Result<Arc<Plan>, ApiError> {
        if expressions.is_empty() && expressions.names.is_empty() && expressions.values.is_empty() {
            return Ok(self.none.clone());
        }
        write_source(&mut self.source, table, index, expressions);
        if let Some(plan) = self.known.get(&*self.source) {
            plan.check_values(&expressions.values)?;
            return Ok(plan.clone());
        }
        let plan = Arc::new(Plan::compile(schema, index, expressions)?);
        plan.check_values(&expressions.values)?;
        if self.known.len() >= PLANS_MAX {
            self.known.clear();
        }
        self.known.insert(self.source.as_slice().into(), plan.clone());
        Ok(plan)
    }
}

impl Plan {
    fn compile(schema: &TableSchema, index: Option<usize>, expressions: &Expressions) -> Result<Plan, ApiError> {
        let key = index.and_then(|index| schema.indexes.get(index)).map_or(&schema.key, |index| &index.key);
        let mut symbols = Symbols::new(&expressions.names, &expressions.values);
        let mut plan = Plan::default();
        if let Some(text) = &expressions.filter {
            plan.filter = Some(Condition::compile(Kind::Filter, text, &mut symbols)?);
        }
        if let Some(text) = &expressions.key_condition {
            plan.key_condition = Some(KeyCondition::compile(text, key, &mut symbols, &expressions.values)?);
        }
        if let Some(text) = &expressions.projection {
            plan.projection = Some(Projection::compile(text, &mut symbols)?);
        }
        if let Some(text) = &expressions.update {
            plan.update = Some(Update::compile(text, &mut symbols)?);
        }
        if let Some(text) = &expressions.condition {
            plan.condition = Some(Condition::compile(Kind::Condition, text, &mut symbols)?);
        }
        symbols.check_all_used()?;
        let written = plan.update.iter().flat_map(Update::paths).find(|path| schema.key.contains(&path.head));
        if let Some(path) = written {
            return Err(ApiError::validation(format!(
                "One or more parameter values were invalid: Cannot update attribute {}. This attribute is part of \
                 the key",
                path.head
            )));
        }
        if let (Some(filter), Some(_)) = (&plan.filter, &plan.key_condition) {
            let mut key_attribute = None;
            filter.for_each_path(&mut |path| {
                if key.contains(&path.head) {
                    key_attribute.get_or_insert(&path.head);
                }
            });
            if let Some(name) = key_attribute {
                return Err(ApiError::validation(format!(
                    "Filter Expression can only contain non-primary key attributes: Primary key attribute: {name}"
                )));
            }
        }
        Ok(plan)
    }

    /// The rules that depend on more of the values than their types.
    fn check_values(&self, values: &[(Text, AttributeValue)]) -> Result<(), ApiError> {
        if let Some(condition) = &self.condition {
            condition.check_values(values)?;
        }
        if let Some(filter) = &self.filter {
            filter.check_values(values)?;
        }
        if let Some(key_condition) = &self.key_condition {
            key_condition.check_values(values)?;
        }
        Ok(())
    }
}

/// Everything that a plan depends on, as bytes; lengths go first, so that no two requests write the same.
fn write_source(source: &mut Vec<u8>, table: u32, index: Option<usize>, expressions: &Expressions) {
    source.clear();
    source.extend_from_slice(&table.to_le_bytes());
    let index = index.map_or(u32::MAX, |index| index as u32);
    source.extend_from_slice(&index.to_le_bytes());
    let mut text = |text: Option<&str>| {
        let length = text.map_or(u32::MAX, |text| text.len() as u32);
        source.extend_from_slice(&length.to_le_bytes());
        source.extend_from_slice(text.unwrap_or_default().as_bytes());
    };
    text(expressions.condition.as_deref());
    text(expressions.update.as_deref());
    text(expressions.filter.as_deref());
    text(expressions.key_condition.as_deref());
    text(expressions.projection.as_deref());
    for (alias, name) in &expressions.names {
        text(Some(alias));
        text(Some(name));
    }
    source.push(b';');
    for (placeholder, value) in &expressions.values {
        source.push(value.data_type() as u8);
        source.extend_from_slice(&(placeholder.len() as u32).to_le_bytes());
        source.extend_from_slice(placeholder.as_bytes());
    }
}
