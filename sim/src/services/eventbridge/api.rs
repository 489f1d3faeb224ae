use std::sync::Arc;

use rehearsal_engine::{Json, json};

use crate::services::ApiError;

/// A request to put events on buses.
#[derive(Clone, Debug, Default)]
pub struct PutEvents {
    /// The events, at most ten.
    pub entries: Vec<PutEntry>,
    /// Whether an AWS service emits them itself: no client call, so no client's faults.
    pub of_service: bool,
    /// Whether a rule of another bus sends them on. AWS: such an event is not sent on to a third bus.
    pub forwarded: bool,
}

/// One event that somebody puts on a bus.
#[derive(Clone, Debug, Default)]
pub struct PutEntry {
    /// The bus, by name or ARN; the default bus when there is none.
    pub bus: Option<Arc<str>>,
    /// Who reports.
    pub source: Option<Arc<str>>,
    /// What kind of event it is.
    pub detail_type: Option<Arc<str>>,
    /// The event itself; `None` when it was missing, an error when it was no JSON object.
    pub detail: Option<Result<Json, MalformedDetail>>,
    /// ARNs of what it is about.
    pub resources: Vec<Arc<str>>,
}

/// The detail was not the text of a JSON object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedDetail;

/// The answer to [`PutEvents`]: one result an entry, in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PutEventsResponse {
    /// What became of each entry.
    pub entries: Vec<EntryResult>,
}

/// What became of an entry.
#[derive(Clone, Debug, PartialEq)]
pub enum EntryResult {
    /// Accepted under this event id.
    Accepted {
        /// The id.
        event_id: Arc<str>,
    },
    /// Not accepted; the other entries are.
    Failed {
        /// The error's code.
        code: &'static str,
        /// The error's message.
        message: String,
    },
}

/// AWS: at most ten entries a request.
const ENTRIES_MAX: usize = 10;

impl PutEvents {
    /// Reads `PutEvents` as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<PutEvents, ApiError> {
        if operation != "PutEvents" {
            return Err(ApiError::not_simulated("events", operation));
        }
        let entries = parameters.get("Entries").and_then(Json::as_array).unwrap_or_default();
        if entries.is_empty() || entries.len() > ENTRIES_MAX {
            let bound = if entries.is_empty() { "greater than or equal to 1" } else { "less than or equal to 10" };
            let value = parameters.get("Entries").cloned().unwrap_or_default();
            return Err(ApiError::validation(format!(
                "1 validation error detected: Value '{value}' at 'entries' failed to satisfy constraint: Member must have length {bound}"
            )));
        }
        Ok(PutEvents::of_client(entries.iter().map(PutEntry::read).collect()))
    }

    /// Events that a client puts.
    pub fn of_client(entries: Vec<PutEntry>) -> PutEvents {
        PutEvents { entries, ..PutEvents::default() }
    }

    /// An event that an AWS service emits.
    pub fn of_service(entry: PutEntry) -> PutEvents {
        PutEvents { entries: vec![entry], of_service: true, forwarded: false }
    }

    /// An event that a rule of another bus sends on.
    pub fn forwarded(entry: PutEntry) -> PutEvents {
        PutEvents { entries: vec![entry], of_service: true, forwarded: true }
    }

    /// What AWS counts of the request's size, in bytes.
    pub(super) fn measured_bytes(&self) -> usize {
        self.entries.iter().map(PutEntry::measured_bytes).sum()
    }
}

impl PutEntry {
    /// An event of `source` and `detail_type` for the bus called `bus`.
    pub fn new(
        bus: impl Into<Arc<str>>,
        source: impl Into<Arc<str>>,
        detail_type: impl Into<Arc<str>>,
        detail: Json,
    ) -> PutEntry {
        PutEntry {
            bus: Some(bus.into()),
            source: Some(source.into()),
            detail_type: Some(detail_type.into()),
            detail: Some(if detail.as_object().is_some() { Ok(detail) } else { Err(MalformedDetail) }),
            resources: Vec::new(),
        }
    }

    fn measured_bytes(&self) -> usize {
        let length = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        let detail =
            self.detail.as_ref().and_then(|detail| detail.as_ref().ok()).map_or(0, |json| json.measure().bytes);
        let resources: usize = self.resources.iter().map(|resource| resource.len()).sum();
        length(&self.source) + length(&self.detail_type) + detail + resources
    }

    fn read(entry: &Json) -> PutEntry {
        let text = |key: &str| match entry.get(key) {
            Some(Json::String(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        };
        let detail = text("Detail").map(|detail| match Json::parse(&detail) {
            Ok(value @ Json::Object(_)) => Ok(value),
            _ => Err(MalformedDetail),
        });
        let resources = entry.get("Resources").and_then(Json::as_array).unwrap_or_default();
        PutEntry {
            bus: text("EventBusName"),
            source: text("Source"),
            detail_type: text("DetailType"),
            detail,
            resources: resources.iter().filter_map(Json::as_str).map(Arc::from).collect(),
        }
    }

    /// The failure that AWS reports for an entry that lacks something.
    pub(super) fn failure(&self) -> Option<EntryResult> {
        let missing = |name: &str| EntryResult::Failed {
            code: "InvalidArgument",
            message: format!("Parameter {name} is not valid. Reason: {name} is a required argument."),
        };
        match (&self.source, &self.detail_type, &self.detail) {
            (None, ..) => Some(missing("Source")),
            (_, None, _) => Some(missing("DetailType")),
            (_, _, None) => Some(missing("Detail")),
            (_, _, Some(Err(MalformedDetail))) => {
                Some(EntryResult::Failed { code: "MalformedDetail", message: "Detail is malformed.".to_owned() })
            }
            _ => None,
        }
    }
}

impl PutEventsResponse {
    /// How many entries failed.
    pub fn failed(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry, EntryResult::Failed { .. })).count()
    }

    /// The answer as the API's JSON.
    pub fn to_json(&self) -> Json {
        let entries = self.entries.iter().map(|entry| match entry {
            EntryResult::Accepted { event_id } => json!({"EventId": (**event_id)}),
            EntryResult::Failed { code, message } => json!({"ErrorCode": code, "ErrorMessage": message}),
        });
        Json::from_pairs([
            ("FailedEntryCount", Json::from(self.failed())),
            ("Entries", Json::from(entries.collect::<Vec<_>>())),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn incomplete_entries_fail_in_awss_words() {
        let request = json!({"Entries": [
            {"DetailType": "T", "Detail": "{}"},
            {"Source": "s", "Detail": "{}"},
            {"Source": "s", "DetailType": "T"},
            {"Source": "s", "DetailType": "T", "Detail": "[]"},
            {"Source": "s", "DetailType": "T", "Detail": "{\"a\":1}"},
        ]});
        let request = PutEvents::parse("PutEvents", &request).expect("a request");
        let entries = request
            .entries
            .iter()
            .map(|entry| entry.failure().unwrap_or(EntryResult::Accepted { event_id: "e-1".into() }));
        let response = PutEventsResponse { entries: entries.collect() };
        assert_eq!(
            response.to_json(),
            json!({"FailedEntryCount": 4, "Entries": [
                {"ErrorCode": "InvalidArgument", "ErrorMessage": "Parameter Source is not valid. Reason: Source is a required argument."},
                {"ErrorCode": "InvalidArgument", "ErrorMessage": "Parameter DetailType is not valid. Reason: DetailType is a required argument."},
                {"ErrorCode": "InvalidArgument", "ErrorMessage": "Parameter Detail is not valid. Reason: Detail is a required argument."},
                {"ErrorCode": "MalformedDetail", "ErrorMessage": "Detail is malformed."},
                {"EventId": "e-1"},
            ]})
        );
    }

    #[test]
    fn more_than_ten_entries_are_refused_as_a_whole() {
        let entries = Json::from(vec![json!({"Source": "s"}); 11]);
        let error = PutEvents::parse("PutEvents", &Json::from_pairs([("Entries", entries)])).expect_err("too many");
        assert!(error.message.ends_with("Member must have length less than or equal to 10"), "{}", error.message);
    }
}
