use std::collections::BTreeMap;
use std::sync::Arc;

use super::Draft;
use crate::template::Fields;
use crate::template::names::stream_arn;
use crate::template::stack::{AttributeType, Billing, Index, KeyAttribute, KeySchema, Projection, Table};

type Attributes = BTreeMap<Arc<str>, AttributeType>;

/// Most global indexes of a table.
const GLOBAL_INDEXES_MAX: usize = 20;

/// Most local indexes of a table.
const LOCAL_INDEXES_MAX: usize = 5;

/// `AWS::DynamoDB::Table`
pub fn table(draft: Draft<'_, '_, '_>) -> Option<Table> {
    let fields = &draft.fields;
    fields.only(&[
        "TableName",
        "KeySchema",
        "AttributeDefinitions",
        "BillingMode",
        "ProvisionedThroughput",
        "GlobalSecondaryIndexes",
        "LocalSecondaryIndexes",
        "StreamSpecification",
        "TimeToLiveSpecification",
        "OnDemandThroughput",
        "SSESpecification",
        "PointInTimeRecoverySpecification",
        "DeletionProtectionEnabled",
        "Tags",
        "TableClass",
        "KinesisStreamSpecification",
        "ContributorInsightsSpecification",
        "ImportSourceSpecification",
        "ResourcePolicy",
        "WarmThroughput",
    ]);
    let attributes = attributes(fields);
    let key = key_schema(fields, &attributes);
    let billing = billing(fields);
    let arn = &draft.identity.arn;
    let on_demand = billing == Some(Billing::PayPerRequest);
    let global_indexes = indexes(fields, "GlobalSecondaryIndexes", GLOBAL_INDEXES_MAX, &attributes, arn, !on_demand);
    let local_indexes = indexes(fields, "LocalSecondaryIndexes", LOCAL_INDEXES_MAX, &attributes, arn, false);
    let stream = fields.object("StreamSpecification");
    let views = ["NEW_AND_OLD_IMAGES", "NEW_IMAGE", "OLD_IMAGE", "KEYS_ONLY"];
    let stream_view_type = stream.as_ref().and_then(|stream| stream.one_of("StreamViewType", &views)).map(Arc::from);
    let time_to_live = fields.object("TimeToLiveSpecification");
    let time_to_live_attribute = time_to_live
        .filter(|specification| specification.boolean("Enabled") == Some(true))
        .and_then(|specification| specification.required_text("AttributeName"));
    let key = key?;
    check_definitions(fields, &attributes, &key, &global_indexes, &local_indexes);
    Some(Table {
        stream_arn: stream.is_some().then(|| stream_arn(arn)),
        identity: draft.identity,
        key,
        global_indexes,
        local_indexes,
        billing: billing?,
        stream_view_type,
        time_to_live_attribute,
    })
}

fn attributes(fields: &Fields<'_>) -> Attributes {
    let mut attributes = Attributes::new();
    fields.required("AttributeDefinitions");
    for definition in fields.objects("AttributeDefinitions") {
        let name = definition.required_text("AttributeName");
        definition.required("AttributeType");
        let attribute_type = match definition.one_of("AttributeType", &["S", "N", "B"]) {
            Some("S") => AttributeType::String,
            Some("N") => AttributeType::Number,
            Some(_) => AttributeType::Binary,
            None => continue,
        };
        if let Some(name) = name {
            attributes.insert(name, attribute_type);
        }
    }
    attributes
}

fn key_schema(fields: &Fields<'_>, attributes: &Attributes) -> Option<KeySchema> {
    fields.required("KeySchema")?;
    let mut partition = None;
    let mut sort = None;
    for element in fields.objects("KeySchema") {
        let name = element.required_text("AttributeName")?;
        element.required("KeyType");
        let slot = match element.one_of("KeyType", &["HASH", "RANGE"])? {
            "HASH" => &mut partition,
            _ => &mut sort,
        };
        let Some(attribute_type) = attributes.get(&name).copied() else {
            let hint = "add it to AttributeDefinitions with its type";
            let message = format!("the key attribute '{name}' is not among the AttributeDefinitions");
            element.error("AttributeName", "undefined-attribute", message, hint);
            return None;
        };
        if slot.is_some() {
            element.error(
                "KeyType",
                "invalid-key-schema",
                "a key has at most one attribute of each type",
                "remove one of them",
            );
            return None;
        }
        *slot = Some(KeyAttribute { name, attribute_type });
    }
    if partition.is_none() {
        fields.error(
            "KeySchema",
            "invalid-key-schema",
            "the key has no HASH attribute",
            "add {AttributeName: ..., KeyType: HASH}",
        );
    }
    Some(KeySchema { partition: partition?, sort })
}

fn billing(fields: &Fields<'_>) -> Option<Billing> {
    match fields.one_of("BillingMode", &["PAY_PER_REQUEST", "PROVISIONED"]) {
        Some("PAY_PER_REQUEST") => return Some(Billing::PayPerRequest),
        None if fields.get("BillingMode").is_some() => return None,
        _ => {}
    }
    if fields.get("ProvisionedThroughput").is_none() {
        let hint = "add ProvisionedThroughput, or set BillingMode to PAY_PER_REQUEST";
        fields.error(
            "BillingMode",
            "missing-property",
            "a table with provisioned billing needs ProvisionedThroughput",
            hint,
        );
        return None;
    }
    let (read_units, write_units) = throughput(fields)?;
    Some(Billing::Provisioned { read_units, write_units })
}

fn throughput(fields: &Fields<'_>) -> Option<(u64, u64)> {
    let throughput = fields.object("ProvisionedThroughput")?;
    throughput.required("ReadCapacityUnits");
    throughput.required("WriteCapacityUnits");
    let read = throughput.integer("ReadCapacityUnits", 1..=u64::MAX);
    let write = throughput.integer("WriteCapacityUnits", 1..=u64::MAX);
    Some((read?, write?))
}

fn indexes(
    fields: &Fields<'_>,
    property: &str,
    count_max: usize,
    attributes: &Attributes,
    table_arn: &str,
    provisioned: bool,
) -> Vec<Index> {
    let objects = fields.objects(property);
    if objects.len() > count_max {
        let message = format!("the table has {} of {property}; at most {count_max} are allowed", objects.len());
        fields.error(property, "too-many-indexes", message, "");
    }
    let mut indexes: Vec<Index> = Vec::new();
    for index in objects {
        index.only(&[
            "IndexName",
            "KeySchema",
            "Projection",
            "ProvisionedThroughput",
            "OnDemandThroughput",
            "WarmThroughput",
            "ContributorInsightsSpecification",
        ]);
        let name = index.required_text("IndexName");
        let key = key_schema(&index, attributes);
        let projection = index.required("Projection").and_then(|_| projection(&index.object("Projection")?));
        if provisioned && index.get("ProvisionedThroughput").is_none() {
            let hint = "add it, or set the table's BillingMode to PAY_PER_REQUEST";
            index.error(
                "ProvisionedThroughput",
                "missing-property",
                "an index of a provisioned table needs ProvisionedThroughput",
                hint,
            );
        }
        let units = if provisioned { throughput(&index) } else { None };
        let (Some(name), Some(key), Some(projection)) = (name, key, projection) else { continue };
        if indexes.iter().any(|other| other.name == name) {
            index.error("IndexName", "duplicate-name", format!("two indexes are named '{name}'"), "rename one of them");
        }
        indexes.push(Index {
            arn: format!("{table_arn}/index/{name}").into(),
            name,
            key,
            projection,
            provisioned: units,
        });
    }
    indexes
}

fn projection(fields: &Fields<'_>) -> Option<Projection> {
    Some(match fields.one_of("ProjectionType", &["ALL", "KEYS_ONLY", "INCLUDE"])? {
        "ALL" => Projection::All,
        "KEYS_ONLY" => Projection::KeysOnly,
        _ => Projection::Include(fields.texts("NonKeyAttributes")),
    })
}

/// AWS: the definitions must be exactly the attributes that keys use.
fn check_definitions(fields: &Fields<'_>, attributes: &Attributes, key: &KeySchema, global: &[Index], local: &[Index]) {
    let keys = std::iter::once(key).chain(global.iter().chain(local).map(|index| &index.key));
    let used: Vec<&Arc<str>> =
        keys.flat_map(|key| std::iter::once(&key.partition).chain(&key.sort)).map(|key| &key.name).collect();
    for definition in fields.objects("AttributeDefinitions") {
        let Some(name) = definition.text("AttributeName") else { continue };
        if attributes.contains_key(&name) && !used.contains(&&name) {
            let message = format!("the attribute '{name}' is defined but no key uses it");
            definition.error(
                "AttributeName",
                "unused-attribute",
                message,
                "remove it: only key attributes are declared",
            );
        }
    }
}
