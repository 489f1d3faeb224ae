use rehearsal_engine::Json;

use super::Database;
use super::table::Table;
use crate::services::ApiError;
use crate::services::dynamodb::request::Describe;
use crate::services::dynamodb::schema::{IndexProjection, IndexSchema, KeySchema, TableSchema};
use crate::world::Millis;

impl Database {
    /// Answers a question about tables.
    pub(super) fn describe(&self, describe: &Describe) -> Result<Json, ApiError> {
        match describe {
            Describe::Table(name) => {
                let table = self.table(self.table_id(name)?);
                Ok(Json::from_pairs([("Table", self::table(table))]))
            }
            Describe::TimeToLive(name) => {
                let table = self.table_id(name)?;
                let mut members = vec![("TimeToLiveStatus", Json::from("DISABLED"))];
                if let Some(attribute) = self.time_to_live(table) {
                    let enabled = Json::from("ENABLED");
                    members = vec![("TimeToLiveStatus", enabled), ("AttributeName", Json::String(attribute.clone()))];
                }
                Ok(Json::from_pairs([("TimeToLiveDescription", Json::from_pairs(members))]))
            }
            Describe::Tables { start, limit } => {
                let mut names: Vec<_> = self.schemas().map(|schema| schema.name.clone()).collect();
                names.sort();
                names.retain(|name| start.as_ref().is_none_or(|start| **name > **start));
                let is_cut = names.len() > *limit;
                names.truncate(*limit);
                let last = names.last().filter(|_| is_cut).cloned();
                let listed: Vec<Json> = names.into_iter().map(Json::String).collect();
                let mut members = vec![("TableNames", Json::from(listed))];
                members.extend(last.map(|name| ("LastEvaluatedTableName", Json::String(name))));
                Ok(Json::from_pairs(members))
            }
        }
    }
}

fn table(table: &Table) -> Json {
    let schema = table.schema();
    // AWS counts every six hours or so; here the figures are exact.
    let bytes: usize = table.items().map(|(_, item)| item.weight().bytes).sum();
    let mut members = vec![
        ("TableName", Json::String(schema.name.clone())),
        ("TableArn", Json::String(schema.arn.clone())),
        ("TableStatus", "ACTIVE".into()),
        ("CreationDateTime", (Millis::START.0 / 1000).into()),
        ("AttributeDefinitions", definitions(schema)),
        ("KeySchema", key(&schema.key)),
        ("ItemCount", table.items().count().into()),
        ("TableSizeBytes", bytes.into()),
    ];
    for (name, global) in [("GlobalSecondaryIndexes", true), ("LocalSecondaryIndexes", false)] {
        let indexes = schema.indexes.iter().filter(|index| index.global == global);
        let indexes: Vec<Json> = indexes.map(|index| self::index(index, schema)).collect();
        if !indexes.is_empty() {
            members.push((name, indexes.into()));
        }
    }
    if let Some(stream) = &schema.stream {
        let view = stream.view.name().into();
        let specification = Json::from_pairs([("StreamEnabled", Json::Bool(true)), ("StreamViewType", view)]);
        members.push(("StreamSpecification", specification));
        members.push(("LatestStreamArn", Json::String(stream.arn.clone())));
    }
    Json::from_pairs(members)
}

fn definitions(schema: &TableSchema) -> Json {
    let keys = std::iter::once(&schema.key).chain(schema.indexes.iter().map(|index| &index.key));
    let mut attributes: Vec<_> = keys.flat_map(KeySchema::attributes).collect();
    attributes.sort_by(|left, right| left.name.cmp(&right.name));
    attributes.dedup_by(|left, right| left.name == right.name);
    let definition = |attribute: &&crate::services::dynamodb::KeyAttribute| {
        Json::from_pairs([
            ("AttributeName", Json::String(attribute.name.clone())),
            ("AttributeType", attribute.data_type.name().into()),
        ])
    };
    attributes.iter().map(definition).collect::<Vec<_>>().into()
}

fn key(key: &KeySchema) -> Json {
    let element = |(attribute, kind): (&crate::services::dynamodb::KeyAttribute, &str)| {
        Json::from_pairs([("AttributeName", Json::String(attribute.name.clone())), ("KeyType", kind.into())])
    };
    key.attributes().zip(["HASH", "RANGE"]).map(element).collect::<Vec<_>>().into()
}

fn index(index: &IndexSchema, table: &TableSchema) -> Json {
    let projection = match &index.projection {
        IndexProjection::All => vec![("ProjectionType", Json::from("ALL"))],
        IndexProjection::KeysOnly => vec![("ProjectionType", Json::from("KEYS_ONLY"))],
        IndexProjection::Include(names) => {
            let names: Vec<Json> = names.iter().cloned().map(Json::String).collect();
            vec![("ProjectionType", "INCLUDE".into()), ("NonKeyAttributes", names.into())]
        }
    };
    let mut members = vec![
        ("IndexName", Json::String(index.name.clone())),
        ("IndexArn", format!("{}/index/{}", table.arn, index.name).into()),
        ("KeySchema", key(&index.key)),
        ("Projection", Json::from_pairs(projection)),
    ];
    if index.global {
        members.push(("IndexStatus", "ACTIVE".into()));
    }
    Json::from_pairs(members)
}
