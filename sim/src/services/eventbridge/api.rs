use std::sync::Arc;

use rehearsal_engine::{Json, json};

use crate::services::ApiError;
use crate::world::Millis;

/// A request to put events on buses.
#[derive(Clone, Debug, Default)]
pub struct PutEvents {
    /// The events, at most ten.
    pub entries: Vec<PutEntry>,
    /// Whether an AWS service emits them itself: no client call, so no client's faults.
    pub of_service: bool,
    /// Whether a rule of another bus sends them on. AWS: such an event is not sent on to a third bus.
    pub forwarded: bool,
    /// Whether its producer sends it once more, after it was taken.
    pub again: bool,
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
    /// How long the text of the detail was, where it came as text: AWS counts it as it was written.
    pub detail_bytes: Option<usize>,
    /// ARNs of what it is about.
    pub resources: Vec<Arc<str>>,
    /// When it happened, if not when it is put. AWS: the event shows whole seconds of it.
    pub time: Option<Millis>,
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
/// AWS: the entries of a request are smaller than this together.
const REQUEST_BYTES_MAX: usize = 1_048_576;
/// AWS: an entry with a time counts as so many bytes more.
const TIME_BYTES: usize = 14;
/// AWS: a detail type has at most so many characters.
const DETAIL_TYPE_CHARS_MAX: usize = 128;
/// AWS: the bounds of the header for X-Ray.
const TRACE_HEADER_CHARS_MAX: usize = 500;

impl PutEvents {
    /// Reads `PutEvents` as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<PutEvents, ApiError> {
        if operation != "PutEvents" {
            return Err(ApiError::not_simulated("events", operation));
        }
        let entries = parameters.get("Entries").and_then(Json::as_array).unwrap_or_default();
        if let Some(bound) = out_of_bounds(entries.len(), ENTRIES_MAX) {
            return Err(constraint(&parameters.get("Entries").cloned().unwrap_or_default(), "entries", bound));
        }
        let entries = entries.iter().zip(1..).map(|(entry, number)| PutEntry::read(entry, number));
        Ok(PutEvents::of_client(entries.collect::<Result<_, _>>()?))
    }

    /// Events that a client puts.
    pub fn of_client(entries: Vec<PutEntry>) -> PutEvents {
        PutEvents { entries, ..PutEvents::default() }
    }

    /// An event that an AWS service emits.
    pub fn of_service(entry: PutEntry) -> PutEvents {
        PutEvents { entries: vec![entry], of_service: true, ..PutEvents::default() }
    }

    /// An event that a rule of another bus sends on.
    pub fn forwarded(entry: PutEntry) -> PutEvents {
        PutEvents { entries: vec![entry], of_service: true, forwarded: true, ..PutEvents::default() }
    }

    /// What AWS counts of the entries together.
    pub(super) fn measured_bytes(&self) -> usize {
        self.entries.iter().map(PutEntry::measured_bytes).sum()
    }

    /// Why AWS refuses the request as a whole.
    pub(super) fn refusal(&self) -> Option<ApiError> {
        if self.entries.len() > ENTRIES_MAX {
            let message = format!("the request has {} entries, at most {ENTRIES_MAX} are allowed", self.entries.len());
            return Some(ApiError::validation(message));
        }
        (self.measured_bytes() >= REQUEST_BYTES_MAX)
            .then(|| ApiError::validation("Total size of the entries in the request is over the limit."))
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
            ..PutEntry::default()
        }
    }

    /// The same as of another time.
    #[must_use]
    pub fn at(mut self, time: Millis) -> PutEntry {
        self.time = Some(time);
        self
    }

    /// What AWS counts of the entry: its texts as UTF-8, and its time.
    fn measured_bytes(&self) -> usize {
        let length = |text: &Option<Arc<str>>| text.as_ref().map_or(0, |text| text.len());
        let detail = self.detail_bytes.unwrap_or_else(|| match &self.detail {
            Some(Ok(detail)) => detail.measure().bytes,
            _ => 0,
        });
        let resources: usize = self.resources.iter().map(|resource| resource.len()).sum();
        let time = if self.time.is_some() { TIME_BYTES } else { 0 };
        length(&self.source) + length(&self.detail_type) + detail + resources + time
    }

    /// Reads the entry that is the `number`th of its request.
    fn read(entry: &Json, number: usize) -> Result<PutEntry, ApiError> {
        let text = |key: &str| match entry.get(key) {
            Some(Json::String(text)) if !text.is_empty() => Some(text.clone()),
            _ => None,
        };
        if let Some(Json::String(header)) = entry.get("TraceHeader")
            && let Some(bound) = out_of_bounds(header.chars().count(), TRACE_HEADER_CHARS_MAX)
        {
            return Err(constraint(&**header, &format!("entries.{number}.member.traceHeader"), bound));
        }
        let time = match entry.get("Time") {
            None | Some(Json::Null) => None,
            Some(time) => Some(read_time(time).ok_or_else(|| {
                let message = format!("the Time of entry {number} is {time}, expected seconds since 1970 or a form like 2026-01-01T00:00:00Z");
                ApiError::new("SerializationException", message)
            })?),
        };
        let text_of_detail = text("Detail");
        let detail_bytes = text_of_detail.as_ref().map(|detail| detail.len());
        let detail = text_of_detail.map(|detail| match Json::parse(&detail) {
            Ok(value @ Json::Object(_)) => Ok(value),
            _ => Err(MalformedDetail),
        });
        let resources = entry.get("Resources").and_then(Json::as_array).unwrap_or_default();
        Ok(PutEntry {
            bus: text("EventBusName"),
            source: text("Source"),
            detail_type: text("DetailType"),
            detail,
            detail_bytes,
            resources: resources.iter().filter_map(Json::as_str).map(Arc::from).collect(),
            time,
        })
    }

    /// The failure that AWS reports for an entry that lacks something, or has it in a form that it does not take.
    pub(super) fn failure(&self) -> Option<EntryResult> {
        let invalid = |name: &str, reason: String| {
            let message = format!("Parameter {name} is not valid. Reason: {reason}");
            EntryResult::Failed { code: "InvalidArgument", message }
        };
        let missing = |name: &str| invalid(name, format!("{name} is a required argument."));
        match (&self.source, &self.detail_type, &self.detail) {
            (None, ..) => Some(missing("Source")),
            (_, None, _) => Some(missing("DetailType")),
            (_, _, None) => Some(missing("Detail")),
            // AWS fails the entry; its reason is not known.
            (_, Some(detail_type), _) if detail_type.chars().count() > DETAIL_TYPE_CHARS_MAX => {
                Some(invalid("DetailType", format!("DetailType has more than {DETAIL_TYPE_CHARS_MAX} characters.")))
            }
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

/// The instant that a request writes as seconds since 1970 or as text.
pub(crate) fn read_time(written: &Json) -> Option<Millis> {
    /// AWS's own clocks end with the year 9999.
    const SECONDS: std::ops::Range<f64> = 0.0..253_402_300_800.0;
    let ms = match written {
        Json::String(text) => text.parse::<jiff::Timestamp>().ok()?.as_millisecond(),
        number => (number.as_f64().filter(|seconds| SECONDS.contains(seconds))? * 1000.0) as i64,
    };
    u64::try_from(ms).ok().map(Millis)
}

fn out_of_bounds(count: usize, most: usize) -> Option<String> {
    match count {
        0 => Some("greater than or equal to 1".to_owned()),
        _ => (count > most).then(|| format!("less than or equal to {most}")),
    }
}

fn constraint(value: &(impl std::fmt::Display + ?Sized), place: &str, bound: String) -> ApiError {
    ApiError::validation(format!(
        "1 validation error detected: Value '{value}' at '{place}' failed to satisfy constraint: Member must have length {bound}"
    ))
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

    fn of(entry: Json) -> Result<PutEvents, ApiError> {
        PutEvents::parse("PutEvents", &json!({"Entries": [entry]}))
    }

    #[test]
    fn a_time_is_seconds_or_text_and_anything_else_is_refused() {
        for (time, ms) in [
            (json!(1_767_225_661), Some(1_767_225_661_000)),
            (json!(1_767_225_661.25), Some(1_767_225_661_250)),
            (json!("2026-01-01T00:01:01Z"), Some(1_767_225_661_000)),
            (json!("2026-01-01T02:01:01+02:00"), Some(1_767_225_661_000)),
            (Json::Null, None),
        ] {
            let entry = json!({"Source": "s", "Time": time, "TraceHeader": "Root=1-5759e988-bd862e3fe1be46a994272793"});
            assert_eq!(of(entry).expect("a request").entries[0].time, ms.map(Millis), "{time}");
        }
        for time in [json!("noon"), json!(-1), json!(1e300), json!("1969-12-31T00:00:00Z"), json!([1])] {
            let error = of(json!({"Time": time})).expect_err("no time");
            assert!(error.message.starts_with("the Time of entry 1 is "), "{time}: {}", error.message);
        }
    }

    #[test]
    fn a_detail_type_and_a_trace_header_have_bounds() {
        let typed = |characters: usize| {
            let entry = json!({"Source": "s", "DetailType": ("ä".repeat(characters)), "Detail": "{}"});
            of(entry).expect("a request").entries[0].failure()
        };
        assert_eq!(typed(128), None);
        assert!(matches!(typed(129), Some(EntryResult::Failed { code: "InvalidArgument", .. })));
        assert!(of(json!({"TraceHeader": ("x".repeat(500))})).is_ok());
        let error = of(json!({"TraceHeader": ("x".repeat(501))})).expect_err("too long");
        assert!(error.message.contains("at 'entries.1.member.traceHeader' failed"), "{}", error.message);
    }

    #[test]
    fn a_request_is_measured_as_it_is_written_and_a_time_counts() {
        // Source, detail type and detail, and fourteen bytes for the time.
        let written = |blanks: usize, time: Json| {
            let detail = format!("{{{}}}", " ".repeat(blanks));
            of(json!({"Source": "é", "DetailType": "tt", "Detail": detail, "Resources": ["r"], "Time": time}))
        };
        let fits = REQUEST_BYTES_MAX - 1 - 2 - 2 - 2 - 1;
        for (blanks, time, is_refused) in [
            (fits, Json::Null, false),
            (fits + 1, Json::Null, true),
            (fits - TIME_BYTES, json!(1), false),
            (fits - TIME_BYTES + 1, json!(1), true),
        ] {
            let refusal = written(blanks, time.clone()).expect("a request").refusal();
            assert_eq!(refusal.is_some(), is_refused, "{blanks} {time}");
        }
        let entry = PutEntry::new("default", "s", "t", json!({}));
        assert!(PutEvents::of_client(vec![entry.clone(); 10]).refusal().is_none());
        assert!(PutEvents::of_client(vec![entry; 11]).refusal().is_some());
    }
}
