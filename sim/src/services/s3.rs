//! Amazon S3, as little of it as workflows need: objects of text in buckets, for the `ItemReader` of a Map and for
//! functions. Reads see the latest write, as AWS has it since 2020. No versions, no multipart uploads, no events.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use md5::{Digest as _, Md5};
use rehearsal_engine::{Json, json};

use super::{ApiError, Response};
use crate::world::{Caller, Core, Millis, Name};

/// A request to S3.
#[derive(Clone, Debug)]
pub struct Request {
    /// The bucket.
    pub bucket: Arc<str>,
    /// What is asked of it.
    pub action: Action,
}

/// What can be asked of a bucket.
#[derive(Clone, Debug)]
pub enum Action {
    /// `GetObject`
    Get {
        /// The object's key.
        key: Arc<str>,
    },
    /// `PutObject`
    Put {
        /// The object's key.
        key: Arc<str>,
        /// Its text.
        body: Arc<str>,
    },
    /// `DeleteObject`
    Delete {
        /// The object's key.
        key: Arc<str>,
    },
    /// `ListObjectsV2`
    List {
        /// Keys that begin with this.
        prefix: Arc<str>,
        /// Keys behind this one.
        after: Option<Arc<str>>,
        /// So many at most.
        max_keys: usize,
    },
}

/// AWS: a page of a listing.
const MAX_KEYS: usize = 1_000;

impl Request {
    /// Reads a request as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<Request, ApiError> {
        let text = |key: &str| parameters.get(key).and_then(Json::as_str).map(Arc::<str>::from);
        let required = |key: &str| {
            text(key).ok_or_else(|| ApiError::validation(format!("{key} is required and must be a string")))
        };
        let action = match operation {
            "GetObject" => Action::Get { key: required("Key")? },
            "PutObject" => Action::Put {
                key: required("Key")?,
                body: match parameters.get("Body") {
                    None | Some(Json::Null) => "".into(),
                    Some(Json::String(body)) => body.clone(),
                    Some(other) => other.to_string().into(),
                },
            },
            "DeleteObject" => Action::Delete { key: required("Key")? },
            "ListObjectsV2" => Action::List {
                prefix: text("Prefix").unwrap_or_default(),
                after: text("ContinuationToken").or_else(|| text("StartAfter")),
                max_keys: parameters
                    .get("MaxKeys")
                    .and_then(Json::as_i64)
                    .map_or(MAX_KEYS, |max| usize::try_from(max).unwrap_or(0)),
            },
            _ => return Err(ApiError::not_simulated("s3", operation)),
        };
        Ok(Request { bucket: required("Bucket")?, action })
    }

    /// The operation for sites, permissions and traces.
    pub fn operation(&self) -> Name {
        match self.action {
            Action::Get { .. } => Name::S3_GET_OBJECT,
            Action::Put { .. } => Name::S3_PUT_OBJECT,
            Action::Delete { .. } => Name::S3_DELETE_OBJECT,
            Action::List { .. } => Name::S3_LIST_OBJECTS,
        }
    }

    /// What a role needs: the action and the resource.
    pub fn permission(&self, partition: &str) -> (&'static str, Arc<str>) {
        let bucket = &self.bucket;
        let object = |key: &str| format!("arn:{partition}:s3:::{bucket}/{key}").into();
        match &self.action {
            Action::Get { key } => ("s3:GetObject", object(key)),
            Action::Put { key, .. } => ("s3:PutObject", object(key)),
            Action::Delete { key } => ("s3:DeleteObject", object(key)),
            Action::List { .. } => ("s3:ListBucket", format!("arn:{partition}:s3:::{bucket}").into()),
        }
    }
}

/// The S3 service of one world.
#[derive(Default)]
pub struct S3 {
    buckets: BTreeMap<Arc<str>, Bucket>,
}

#[derive(Default)]
struct Bucket {
    initial: BTreeMap<Arc<str>, Object>,
    objects: BTreeMap<Arc<str>, Object>,
}

#[derive(Clone)]
struct Object {
    body: Arc<str>,
    modified: Millis,
}

impl S3 {
    /// Adds a bucket, or an object that is in it when a run begins.
    pub fn seed(&mut self, bucket: &Arc<str>, object: Option<(Arc<str>, Arc<str>)>) {
        let bucket = self.buckets.entry(bucket.clone()).or_default();
        if let Some((key, body)) = object {
            bucket.initial.insert(key, Object { body, modified: Millis::START });
        }
    }

    /// Back to what was there at the start.
    pub fn reset(&mut self) {
        for bucket in self.buckets.values_mut() {
            bucket.objects.clone_from(&bucket.initial);
        }
    }

    /// The text of an object.
    pub fn object(&self, bucket: &str, key: &str) -> Option<&Arc<str>> {
        self.buckets.get(bucket)?.objects.get(key).map(|object| &object.body)
    }

    /// Takes a request that reached the service.
    pub fn handle(&mut self, core: &mut Core, caller: Caller, request: &Request) {
        let answer = self.execute(core.now(), request);
        if let Err(error) = &answer {
            core.note(caller.actor, || format!("{}: {}", error.code, error.message));
        }
        core.answer(caller.actor, caller.reply_to, answer.map(Response::S3));
    }

    fn execute(&mut self, now: Millis, request: &Request) -> Result<Json, ApiError> {
        let no_bucket = || ApiError::new("NoSuchBucket", "The specified bucket does not exist").with_status(404);
        let bucket = self.buckets.get_mut(&request.bucket).ok_or_else(no_bucket)?;
        match &request.action {
            Action::Get { key } => {
                let no_key = || ApiError::new("NoSuchKey", "The specified key does not exist.").with_status(404);
                let object = bucket.objects.get(key).ok_or_else(no_key)?;
                Ok(json!({
                    "Body": object.body,
                    "ContentLength": object.body.len(),
                    "ETag": etag(&object.body),
                    "LastModified": object.modified.0 / 1000,
                }))
            }
            Action::Put { key, body } => {
                let etag = etag(body);
                bucket.objects.insert(key.clone(), Object { body: body.clone(), modified: now });
                Ok(json!({"ETag": etag}))
            }
            Action::Delete { key } => {
                bucket.objects.remove(key);
                Ok(Json::object())
            }
            Action::List { prefix, after, max_keys } => {
                let is_listed = |key: &str| key.starts_with(&**prefix) && after.as_deref().is_none_or(|at| key > at);
                let mut found = bucket.objects.iter().filter(|(key, _)| is_listed(key));
                let page: Vec<(&Arc<str>, &Object)> = found.by_ref().take(*max_keys).collect();
                let is_truncated = found.next().is_some();
                let contents = page.iter().map(|(key, object)| {
                    json!({
                        "ETag": etag(&object.body),
                        "Key": key,
                        "LastModified": object.modified.0 / 1000,
                        "Size": object.body.len(),
                        "StorageClass": "STANDARD",
                    })
                });
                let mut members = vec![
                    ("Name", Json::String(request.bucket.clone())),
                    ("Prefix", Json::String(prefix.clone())),
                    ("KeyCount", page.len().into()),
                    ("IsTruncated", is_truncated.into()),
                    ("Contents", Json::from(contents.collect::<Vec<Json>>())),
                ];
                if let (true, Some((last, _))) = (is_truncated, page.last()) {
                    members.push(("NextContinuationToken", Json::String((*last).clone())));
                }
                Ok(Json::from_pairs(members))
            }
        }
    }
}

/// AWS: the entity tag of an object that was put at once is its MD5, in quotes.
fn etag(body: &str) -> String {
    let digest = Md5::digest(body.as_bytes());
    let hex = digest.iter().fold(String::from('"'), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    hex + "\""
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> S3 {
        let mut s3 = S3::default();
        let bucket: Arc<str> = "box".into();
        for key in ["a/1", "a/2", "b/1"] {
            s3.seed(&bucket, Some((key.into(), key.into())));
        }
        s3.reset();
        s3
    }

    fn ask(s3: &mut S3, operation: &str, parameters: Json) -> Result<Json, ApiError> {
        let request = Request::parse(operation, &parameters)?;
        s3.execute(Millis::START, &request)
    }

    #[test]
    fn what_is_put_is_there_at_once_and_gone_in_the_next_run() {
        let mut s3 = store();
        ask(&mut s3, "PutObject", json!({"Bucket": "box", "Key": "c", "Body": "new"})).expect("it is put");
        let got = ask(&mut s3, "GetObject", json!({"Bucket": "box", "Key": "c"})).expect("it is there");
        assert_eq!(got.get("Body"), Some(&json!("new")));
        assert_eq!(got.get("ETag"), Some(&json!("\"22af645d1859cb5ca6da0c484f1f37ea\"")));
        s3.reset();
        let error = ask(&mut s3, "GetObject", json!({"Bucket": "box", "Key": "c"})).expect_err("it is gone");
        assert_eq!((error.code, error.status), ("NoSuchKey", 404));
    }

    #[test]
    fn a_listing_comes_in_pages_in_the_order_of_keys() {
        let mut s3 = store();
        let page = ask(&mut s3, "ListObjectsV2", json!({"Bucket": "box", "MaxKeys": 2})).expect("a page");
        assert_eq!(page.get("IsTruncated"), Some(&json!(true)));
        let token = page.get("NextContinuationToken").cloned().expect("a token");
        let rest = ask(&mut s3, "ListObjectsV2", json!({"Bucket": "box", "ContinuationToken": token})).expect("a page");
        let keys = |page: &Json| {
            let contents = page.get("Contents").and_then(Json::as_array).expect("contents");
            contents
                .iter()
                .map(|item| item.get("Key").and_then(Json::as_str).unwrap_or_default().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!((keys(&page), keys(&rest)), (vec!["a/1".to_owned(), "a/2".to_owned()], vec!["b/1".to_owned()]));
        let some = ask(&mut s3, "ListObjectsV2", json!({"Bucket": "box", "Prefix": "b/"})).expect("a page");
        assert_eq!(keys(&some), ["b/1"]);
    }

    #[test]
    fn a_bucket_that_is_not_there_is_an_error() {
        let error = ask(&mut store(), "ListObjectsV2", json!({"Bucket": "none"})).expect_err("no bucket");
        assert_eq!(error.code, "NoSuchBucket");
    }
}
