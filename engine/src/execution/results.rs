//! The results of a Map Run, as its `ResultWriter` has them.

use std::collections::VecDeque;

use crate::asl::{Transformation, Writer};
use crate::json::Json;

/// The results after the writer's transformation.
pub(super) fn transformed(transformation: Transformation, results: Vec<Json>) -> Vec<Json> {
    if transformation != Transformation::Flatten {
        return results;
    }
    let mut flat = Vec::with_capacity(results.len());
    for result in results {
        match result.as_array() {
            Some(items) => flat.extend(items.iter().cloned()),
            None => flat.push(result),
        }
    }
    flat
}

/// The files to write, the manifest last, and what the Map's result is then. `failed` says which results are of children
/// that failed.
pub(super) fn exported(
    writer: &Writer,
    run_arn: &str,
    run_uuid: &str,
    place: &Json,
    results: Vec<Json>,
    failed: &[bool],
) -> (VecDeque<Json>, Json) {
    let bucket = place.get("Bucket").cloned().unwrap_or_default();
    let prefix = place.get("Prefix").and_then(Json::as_str).unwrap_or_default().trim_end_matches('/');
    let folder = if prefix.is_empty() { run_uuid.to_owned() } else { format!("{prefix}/{run_uuid}") };
    let extension = if writer.is_lines { "jsonl" } else { "json" };
    let (mut well, mut ill) = (Vec::new(), Vec::new());
    for (at, result) in results.into_iter().enumerate() {
        if failed.get(at).copied().unwrap_or_default() { ill.push(result) } else { well.push(result) }
    }
    let mut files = VecDeque::new();
    let mut listed = |name: &str, results: Vec<Json>| {
        if results.is_empty() {
            return Json::from(Vec::new());
        }
        let body = if writer.is_lines {
            results.iter().flat_map(|result| [result.to_string(), "\n".to_owned()]).collect()
        } else {
            Json::from(results).to_string()
        };
        let key = format!("{folder}/{name}_0.{extension}");
        let file = Json::from_pairs([("Key", Json::from(key.as_str())), ("Size", Json::from(body.len()))]);
        files.push_back(Json::from_pairs([
            ("Bucket", bucket.clone()),
            ("Key", Json::from(key)),
            ("Body", Json::from(body)),
        ]));
        Json::from(vec![file])
    };
    let ill = listed("FAILED", ill);
    let well = listed("SUCCEEDED", transformed(writer.transformation, well));
    let manifest = Json::from_pairs([
        ("DestinationBucket", bucket.clone()),
        ("MapRunArn", Json::from(run_arn)),
        ("ResultFiles", Json::from_pairs([("FAILED", ill), ("PENDING", Json::from(Vec::new())), ("SUCCEEDED", well)])),
    ]);
    let key = Json::from(format!("{folder}/manifest.json"));
    files.push_back(Json::from_pairs([
        ("Bucket", bucket.clone()),
        ("Key", key.clone()),
        ("Body", Json::from(manifest.to_string())),
    ]));
    let details = Json::from_pairs([("Bucket", bucket), ("Key", key)]);
    (files, Json::from_pairs([("MapRunArn", Json::from(run_arn)), ("ResultWriterDetails", details)]))
}
