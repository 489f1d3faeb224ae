//! What a Map has in DISTRIBUTED mode alone: where its items come from, how they are batched, how many may fail.

use std::sync::Arc;

use super::fields::{Fields, Language};
use super::formula::{Computed, Knows};
use super::program::Seconds;
use super::resource::{Pattern, Resource, ServiceCall};
use crate::source::Node;

/// AWS: longest label of a Map.
const LABEL_CHARS_MAX: usize = 40;

#[derive(Debug)]
pub(crate) struct Distributed {
    pub(crate) label: Option<Arc<str>>,
    pub(crate) is_express: bool,
    pub(crate) reader: Option<Reader>,
    pub(crate) batcher: Option<Batcher>,
    pub(crate) writer: Option<Writer>,
    pub(crate) tolerated_count: Option<Seconds>,
    pub(crate) tolerated_percentage: Option<Percentage>,
}

/// A percentage, literal or read from the input.
#[derive(Debug)]
pub(crate) enum Percentage {
    Literal(f64),
    Read(Seconds),
}

#[derive(Debug)]
pub(crate) struct Reader {
    pub(crate) resource: Arc<Resource>,
    pub(crate) parameters: Option<Computed>,
    /// How an object is read; the objects of a listing themselves, unless they are loaded.
    pub(crate) format: Format,
    /// A listing whose objects are read too, all their items being the Map's.
    pub(crate) loads: bool,
    pub(crate) max_items: Option<Seconds>,
}

/// `ResultWriter`: where the results go, and in which form.
#[derive(Debug)]
pub(crate) struct Writer {
    /// What is called with the bucket and the prefix; `None` leaves the results in the state's output.
    pub(crate) export: Option<(Arc<Resource>, Computed)>,
    pub(crate) transformation: Transformation,
    /// JSONL rather than one JSON array.
    pub(crate) is_lines: bool,
}

/// What a result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transformation {
    /// The description of the child execution.
    None,
    /// Its output.
    Compact,
    /// Its output, or the items of it where it is an array.
    Flatten,
}

/// What the reader reads.
#[derive(Debug)]
pub(crate) enum Format {
    /// The objects of a bucket themselves.
    Listing,
    /// An array, or the one that this JSON pointer leads to.
    Json {
        pointer: Option<Arc<str>>,
    },
    JsonLines,
    /// Headers from the first row, unless they are given.
    Csv {
        headers: Option<Vec<Arc<str>>>,
        delimiter: char,
    },
    /// Parquet files and manifests of other objects: whoever answers the read gives the items.
    Rows,
}

#[derive(Debug)]
pub(crate) struct Batcher {
    pub(crate) max_items: Option<Seconds>,
    pub(crate) max_bytes: Option<Seconds>,
    pub(crate) input: Option<Computed>,
}

pub(super) fn compile(fields: &mut Fields, processor_key: &str, config: &Node, language: Language) -> Distributed {
    let mut processor = Fields::new(config, &format!("{}/{processor_key}/ProcessorConfig", fields.location));
    processor.require(&["ExecutionType"]);
    let is_express = match processor.string("ExecutionType").map(|text| &**text) {
        Some("EXPRESS") => true,
        None | Some("STANDARD") => false,
        Some(_) => {
            let message = "The field 'ExecutionType' should have one of these values: [STANDARD, EXPRESS]";
            processor.field_problem("ExecutionType", message);
            false
        }
    };
    fields.absorb(&mut processor);
    let label = fields.string("Label").cloned();
    if label.as_ref().is_some_and(|label| label.chars().count() > LABEL_CHARS_MAX) {
        fields.field_problem("Label", format!("Value is longer than {LABEL_CHARS_MAX} characters"));
    }
    let tolerated_percentage = match fields.node.get("ToleratedFailurePercentage").map(|node| &node.shape) {
        Some(crate::source::Shape::Number(number)) => number.as_f64().map(Percentage::Literal),
        _ => fields.seconds("ToleratedFailurePercentage", 0, 100, language).map(Percentage::Read),
    };
    Distributed {
        label,
        is_express,
        reader: reader(fields, language),
        batcher: batcher(fields, language),
        writer: writer(fields, language),
        tolerated_count: fields.seconds("ToleratedFailureCount", 0, i64::MAX, language),
        tolerated_percentage,
    }
}

fn reader(fields: &mut Fields, language: Language) -> Option<Reader> {
    let mut reader = Fields::new(fields.object("ItemReader")?, &fields.at("ItemReader"));
    reader.require(&["Resource"]);
    let arn = reader.string("Resource").cloned();
    let action = arn.as_deref().and_then(s3_action);
    let known = action.filter(|action| matches!(&**action, "getObject" | "listObjectsV2"));
    if arn.is_some() && known.is_none() {
        reader.field_problem("Resource", "Value is not a valid resource ARN");
    }
    let key = if language == Language::Jsonata { "Arguments" } else { "Parameters" };
    let parameters = reader.payload(key, "ItemReader/", Knows::Input, language);
    let mut found = (Some(Format::Json { pointer: None }), None, false);
    if let Some(node) = reader.object("ReaderConfig") {
        let mut config = Fields::new(node, &reader.at("ReaderConfig"));
        let max_items = config.seconds("MaxItems", 0, i64::MAX, language);
        let loads = match config.string("Transformation").map(|text| &**text) {
            None | Some("NONE") => false,
            Some("LOAD_AND_FLATTEN") => true,
            Some(_) => {
                let message = "The field 'Transformation' should have one of these values: [NONE, LOAD_AND_FLATTEN]";
                config.field_problem("Transformation", message);
                false
            }
        };
        found = (format(&mut config), max_items, loads);
        reader.absorb(&mut config);
    }
    let (format, max_items, loads) = found;
    fields.absorb(&mut reader);
    let (arn, action) = (arn.clone()?, known?);
    let loads = loads && action == "listObjectsV2";
    let format = if action == "listObjectsV2" && !loads { Format::Listing } else { format? };
    let (service, resource): (Arc<str>, Arc<str>) = ("s3".into(), action.as_str().into());
    let call = ServiceCall { arn, service, action: resource.clone(), resource, pattern: Pattern::RequestResponse };
    Some(Reader { resource: Arc::new(Resource::Service(call)), parameters, format, loads, max_items })
}

/// The action of an `arn:aws:states:::s3:…`, in whichever partition.
fn s3_action(arn: &str) -> Option<String> {
    let plain = super::stand_in::blanked(arn);
    let (partition, action) = plain.strip_prefix("arn:")?.split_once(":states:::s3:")?;
    let partition_known = matches!(partition, "aws" | "aws-cn" | "aws-us-gov") || super::stand_in::is_in(partition);
    partition_known.then(|| action.to_owned())
}

fn format(config: &mut Fields) -> Option<Format> {
    match config.string("InputType").map(|text| &**text) {
        None | Some("JSON") => Some(Format::Json { pointer: config.string("ItemsPointer").cloned() }),
        Some("JSONL") => Some(Format::JsonLines),
        Some("CSV") => {
            let delimiter = match config.string("CSVDelimiter").map(|text| &**text) {
                None | Some("COMMA") => ',',
                Some("PIPE") => '|',
                Some("SEMICOLON") => ';',
                Some("SPACE") => ' ',
                Some("TAB") => '\t',
                Some(_) => {
                    let message = "The field 'CSVDelimiter' should have one of these values: [COMMA, PIPE, SEMICOLON, SPACE, TAB]";
                    config.field_problem("CSVDelimiter", message);
                    ','
                }
            };
            let headers = match config.string("CSVHeaderLocation").map(|text| &**text) {
                Some("GIVEN") => {
                    config.require(&["CSVHeaders"]);
                    let names = config.array("CSVHeaders").unwrap_or_default();
                    Some(names.iter().filter_map(Node::as_str).map(Arc::from).collect())
                }
                _ => None,
            };
            Some(Format::Csv { headers, delimiter })
        }
        Some("PARQUET" | "MANIFEST") => Some(Format::Rows),
        Some(_) => {
            let message =
                "The field 'InputType' should have one of these values: [CSV, JSON, JSONL, PARQUET, MANIFEST]";
            config.field_problem("InputType", message);
            None
        }
    }
}

fn writer(fields: &mut Fields, language: Language) -> Option<Writer> {
    let mut writer = Fields::new(fields.object("ResultWriter")?, &fields.at("ResultWriter"));
    let key = if language == Language::Jsonata { "Arguments" } else { "Parameters" };
    let parameters = writer.payload(key, "ResultWriter/", Knows::Input, language);
    let arn = writer.string("Resource").cloned();
    if arn.as_deref().is_some_and(|arn| s3_action(arn).as_deref() != Some("putObject")) {
        writer.field_problem("Resource", "Value is not a valid resource ARN");
    }
    let (mut transformation, mut is_lines) = (None, false);
    if let Some(node) = writer.object("WriterConfig") {
        let mut config = Fields::new(node, &writer.at("WriterConfig"));
        // AWS's language service asks for it always; what says nothing at all means nothing.
        if !config.has("Transformation") {
            config.require(&["OutputType"]);
        }
        transformation = match config.string("Transformation").map(|text| &**text) {
            None => None,
            Some("NONE") => Some(Transformation::None),
            Some("COMPACT") => Some(Transformation::Compact),
            Some("FLATTEN") => Some(Transformation::Flatten),
            Some(_) => {
                let message = "The field 'Transformation' should have one of these values: [NONE, COMPACT, FLATTEN]";
                config.field_problem("Transformation", message);
                None
            }
        };
        is_lines = match config.string("OutputType").map(|text| &**text) {
            None | Some("JSON") => false,
            Some("JSONL") => true,
            Some(_) => {
                let message = "The field 'OutputType' should have one of these values: [JSON, JSONL]";
                config.field_problem("OutputType", message);
                false
            }
        };
        writer.absorb(&mut config);
    }
    // AWS: the results go to a bucket, or are transformed, or both.
    match (&arn, writer.has(key)) {
        (Some(_), false) => writer.require(&[key]),
        (None, true) => writer.require(&["Resource"]),
        (None, false) if !writer.has("WriterConfig") => writer.problem("Value cannot be empty"),
        _ => {}
    }
    fields.absorb(&mut writer);
    let export = arn.zip(parameters).map(|(arn, parameters)| {
        let (service, action): (Arc<str>, Arc<str>) = ("s3".into(), "putObject".into());
        let resource = action.clone();
        let call = ServiceCall { arn, service, action, resource, pattern: Pattern::RequestResponse };
        (Arc::new(Resource::Service(call)), parameters)
    });
    // AWS: what is exported is described in full unless told otherwise.
    let default = if export.is_some() { Transformation::None } else { Transformation::Compact };
    Some(Writer { export, transformation: transformation.unwrap_or(default), is_lines })
}

fn batcher(fields: &mut Fields, language: Language) -> Option<Batcher> {
    let mut batcher = Fields::new(fields.object("ItemBatcher")?, &fields.at("ItemBatcher"));
    let found = Batcher {
        max_items: batcher.seconds("MaxItemsPerBatch", 1, i64::MAX, language),
        max_bytes: batcher.seconds("MaxInputBytesPerBatch", 1, super::fields::SECONDS_MAX, language),
        input: batcher.payload("BatchInput", "ItemBatcher/", Knows::Input, language),
    };
    fields.absorb(&mut batcher);
    Some(found)
}
