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
    pub(crate) format: Format,
    pub(crate) max_items: Option<Seconds>,
}

/// What the reader reads.
#[derive(Debug)]
pub(crate) enum Format {
    /// The objects of a bucket themselves.
    Listing,
    Json,
    JsonLines,
    /// Headers from the first row, unless they are given.
    Csv {
        headers: Option<Vec<Arc<str>>>,
        delimiter: char,
    },
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
    if fields.has("ResultWriter") {
        let message = "'ResultWriter' is not supported yet; without it the results are the state's result";
        fields.field_problem("ResultWriter", message);
    }
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
        tolerated_count: fields.seconds("ToleratedFailureCount", 0, i64::MAX, language),
        tolerated_percentage,
    }
}

fn reader(fields: &mut Fields, language: Language) -> Option<Reader> {
    let mut reader = Fields::new(fields.object("ItemReader")?, &fields.at("ItemReader"));
    reader.require(&["Resource"]);
    let arn = reader.string("Resource").cloned();
    let action = arn.as_deref().and_then(|arn| arn.strip_prefix("arn:aws:states:::s3:"));
    let known = action.filter(|action| matches!(*action, "getObject" | "listObjectsV2"));
    if arn.is_some() && known.is_none() {
        reader.field_problem("Resource", "Value is not a valid resource ARN");
    }
    let key = if language == Language::Jsonata { "Arguments" } else { "Parameters" };
    let parameters = reader.payload(key, "ItemReader/", Knows::Input, language);
    let (format, max_items) = match reader.object("ReaderConfig") {
        Some(node) => {
            let mut config = Fields::new(node, &reader.at("ReaderConfig"));
            let max_items = config.seconds("MaxItems", 0, i64::MAX, language);
            let format = format(&mut config);
            reader.absorb(&mut config);
            (format, max_items)
        }
        None => (Some(Format::Json), None),
    };
    fields.absorb(&mut reader);
    let (arn, action) = (arn.clone()?, known?.to_owned());
    let format = if action == "listObjectsV2" { Format::Listing } else { format? };
    let (service, resource): (Arc<str>, Arc<str>) = ("s3".into(), action.as_str().into());
    let call = ServiceCall { arn, service, action: resource.clone(), resource, pattern: Pattern::RequestResponse };
    Some(Reader { resource: Arc::new(Resource::Service(call)), parameters, format, max_items })
}

fn format(config: &mut Fields) -> Option<Format> {
    match config.string("InputType").map(|text| &**text) {
        None | Some("JSON") => Some(Format::Json),
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
        Some(_) => {
            config.field_problem("InputType", "this input type is not supported yet; JSON, JSONL and CSV are");
            None
        }
    }
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
