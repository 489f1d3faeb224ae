use rehearsal_engine::Json;
use rehearsal_engine::source::Diagnostic;

use crate::diagnostics::Problem;
use crate::handlers::HostError;
use crate::scenario::Loaded;
use crate::services::dynamodb::{
    Attributes, DataType, Database, IndexProjection, IndexSchema, KeyAttribute, KeySchema, StreamSchema, StreamView,
    TableSchema,
};
use crate::template::stack::{self, AttributeType, Projection};

/// The template's tables with the scenario's items.
pub(super) fn database(loaded: &Loaded) -> Result<Database, HostError> {
    let mut database = Database::new(loaded.stack.tables.iter().map(schema).collect());
    for seeded in &loaded.scenario.tables {
        let unusable =
            |error: String| HostError(format!("an item of table '{}' cannot be stored: {error}", seeded.table));
        let items: Vec<Attributes> = seeded.items.iter().map(item).collect::<Result<_, _>>().map_err(unusable)?;
        let name = loaded.stack.table(&seeded.table).map_or(&*seeded.table, |table| &*table.identity.name);
        database.seed(name, &items).map_err(|error| unusable(error.message))?;
    }
    Ok(database)
}

/// Finds the items of the scenario that cannot be stored.
pub(super) fn check(loaded: &Loaded, problems: &mut Vec<Problem>) {
    for seeded in &loaded.scenario.tables {
        let Some(table) = loaded.stack.table(&seeded.table) else { continue };
        let name = &table.identity.name;
        // Each by itself, so that every one of them is reported.
        let mut database = Database::new(vec![schema(table)]);
        for (number, (written, place)) in seeded.items.iter().zip(&seeded.item_places).enumerate() {
            let stored = item(written).and_then(|item| {
                database.seed(name, &[item]).map_err(|error| format!("the item cannot be stored: {}", error.message))
            });
            if let Err(error) = stored {
                let path = format!("/tables/{name}[{number}]");
                problems.push(Problem::new(place.source, Diagnostic::error("invalid-item", place.span, path, error)));
            }
        }
    }
}

/// An item of a scenario file.
pub(super) fn item(value: &Json) -> Result<Attributes, String> {
    Attributes::from_plain(value)
}

/// The data plane's view of a table of the template.
pub(super) fn schema(table: &stack::Table) -> TableSchema {
    let global = table.global_indexes.iter().map(|index| self::index(index, true));
    let local = table.local_indexes.iter().map(|index| self::index(index, false));
    TableSchema {
        name: table.identity.name.clone(),
        arn: table.identity.arn.clone(),
        key: key(&table.key),
        indexes: global.chain(local).collect(),
        stream: stream(table),
        time_to_live: table.time_to_live_attribute.clone(),
    }
}

fn stream(table: &stack::Table) -> Option<StreamSchema> {
    let view = StreamView::from_name(table.stream_view_type.as_ref()?)?;
    Some(StreamSchema { arn: table.stream_arn.clone()?, view })
}

fn index(index: &stack::Index, global: bool) -> IndexSchema {
    let projection = match &index.projection {
        Projection::All => IndexProjection::All,
        Projection::KeysOnly => IndexProjection::KeysOnly,
        Projection::Include(names) => IndexProjection::Include(names.clone()),
    };
    IndexSchema { name: index.name.clone(), global, key: key(&index.key), projection }
}

fn key(key: &stack::KeySchema) -> KeySchema {
    KeySchema { hash: attribute(&key.partition), range: key.sort.as_ref().map(attribute) }
}

fn attribute(attribute: &stack::KeyAttribute) -> KeyAttribute {
    let data_type = match attribute.attribute_type {
        AttributeType::String => DataType::S,
        AttributeType::Number => DataType::N,
        AttributeType::Binary => DataType::B,
    };
    KeyAttribute { name: attribute.name.clone(), data_type }
}
