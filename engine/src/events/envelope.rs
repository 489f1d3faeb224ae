//! The envelope that every event travels in.

use std::fmt;
use std::sync::Arc;

use super::calendar::{Date, MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, MS_PER_SECOND, days_in_month};
use crate::json::{Json, Object, ToJson};
use crate::{json, text};

/// An event as a bus carries it.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Given when the bus took the event in; the same in every delivery.
    pub id: Arc<str>,
    /// What happened: `Order Placed`.
    pub detail_type: Arc<str>,
    /// Who says so: `ecommerce.orders`.
    pub source: Arc<str>,
    /// The account.
    pub account: Arc<str>,
    /// When, in milliseconds since 1970; the envelope shows whole seconds.
    pub time_ms: u64,
    /// The region.
    pub region: Arc<str>,
    /// ARNs of what the event is about.
    pub resources: Arc<[Arc<str>]>,
    /// The event itself.
    pub detail: Json,
    /// The replay that brought the event back, if one did.
    pub replay_name: Option<Arc<str>>,
}

/// Why a value is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvelopeError {
    problem: String,
}

impl Event {
    /// The envelope, members in the order in which EventBridge writes them.
    pub fn to_json(&self) -> Json {
        let mut members = vec![
            (text!("version"), json!("0")),
            (text!("id"), Json::from(self.id.clone())),
            (text!("detail-type"), Json::from(self.detail_type.clone())),
            (text!("source"), Json::from(self.source.clone())),
            (text!("account"), Json::from(self.account.clone())),
            (text!("time"), Json::from(time_text(self.time_ms))),
            (text!("region"), Json::from(self.region.clone())),
            (text!("resources"), if self.resources.is_empty() { json!([]) } else { self.resources.to_json() }),
            (text!("detail"), self.detail.clone()),
        ];
        if let Some(name) = &self.replay_name {
            members.insert(members.len() - 1, (text!("replay-name"), Json::from(name.clone())));
        }
        Json::from(Object::of_distinct(members))
    }

    /// The first member that `TestEventPattern` misses in `event`, an empty list of resources being one; it does not ask for
    /// what is in them, nor for a `detail`.
    pub fn first_missing(event: &Json) -> Option<&'static str> {
        const REQUIRED: [&str; 7] = ["id", "account", "source", "time", "region", "resources", "detail-type"];
        REQUIRED.into_iter().find(|key| event.get(key).is_none())
    }

    /// Reads an envelope. `id`, `source`, `detail-type`, `account`, `time` and `region` must be there; `resources` and
    /// `detail` may be missing.
    pub fn from_json(value: &Json) -> Result<Event, EnvelopeError> {
        let time = text(value, "time")?;
        let time_ms = read_time(&time).ok_or_else(|| {
            problem(format!("the event's time is '{time}', expected a form like 2026-01-01T00:00:00Z"))
        })?;
        let resources = match value.get("resources") {
            None | Some(Json::Null) => Vec::new(),
            Some(resources) => {
                let all = resources.as_array().unwrap_or_default().iter().map(|arn| arn.as_str().map(Arc::from));
                let all: Option<Vec<Arc<str>>> = all.collect();
                all.filter(|_| resources.as_array().is_some())
                    .ok_or_else(|| problem("the event's resources must be a list of strings"))?
            }
        };
        Ok(Event {
            id: text(value, "id")?,
            detail_type: text(value, "detail-type")?,
            source: text(value, "source")?,
            account: text(value, "account")?,
            time_ms,
            region: text(value, "region")?,
            resources: resources.into(),
            detail: value.get("detail").cloned().unwrap_or_else(Json::object),
            replay_name: value.get("replay-name").and_then(Json::as_str).map(Arc::from),
        })
    }
}

impl fmt::Display for EnvelopeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem)
    }
}

impl std::error::Error for EnvelopeError {}

/// An instant as envelopes show it: whole seconds, UTC.
pub(super) fn time_text(time_ms: u64) -> Arc<str> {
    let Some(seconds) = seconds_text(time_ms) else {
        let Date { year, month, day } = Date::from_days(time_ms / MS_PER_DAY);
        let [hour, minute, second] = clock(time_ms);
        return format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z").into();
    };
    let mut text = [b'Z'; SECONDS_BYTES + 1];
    text[..SECONDS_BYTES].copy_from_slice(&seconds);
    std::str::from_utf8(&text).unwrap_or_default().into()
}

/// Bytes of `2026-01-01T00:00:00`.
pub(crate) const SECONDS_BYTES: usize = 19;

/// An instant as `2026-01-01T00:00:00`, ASCII; `None` after the year 9999. Every event and many a handler has one, and
/// `format!` costs several times as much.
pub(crate) fn seconds_text(time_ms: u64) -> Option<[u8; SECONDS_BYTES]> {
    let Date { year, month, day } = Date::from_days(time_ms / MS_PER_DAY);
    if year > 9999 {
        return None;
    }
    let [hour, minute, second] = clock(time_ms);
    let mut text = *b"0000-00-00T00:00:00";
    let pairs = [(0, year / 100), (2, year % 100), (5, month), (8, day), (11, hour), (14, minute), (17, second)];
    for (place, value) in pairs {
        text[place] += (value / 10) as u8;
        text[place + 1] += (value % 10) as u8;
    }
    Some(text)
}

/// Hour, minute and second.
fn clock(time_ms: u64) -> [u64; 3] {
    [time_ms % MS_PER_DAY / MS_PER_HOUR, time_ms % MS_PER_HOUR / MS_PER_MINUTE, time_ms % MS_PER_MINUTE / MS_PER_SECOND]
}

fn read_time(text: &str) -> Option<u64> {
    let bytes = text.as_bytes();
    let shape_is_right = bytes.len() >= 20
        && bytes.iter().zip(b"0000-00-00T00:00:00").all(|(found, shape)| match shape {
            b'0' => found.is_ascii_digit(),
            mark => found == mark,
        });
    let fraction = text.get(19..)?.strip_suffix('Z')?;
    let fraction_ms = match fraction.strip_prefix('.') {
        None if fraction.is_empty() => 0,
        Some(digits) if (1..=9).contains(&digits.len()) && digits.bytes().all(|digit| digit.is_ascii_digit()) => {
            format!("{digits:0<3}").get(..3)?.parse().ok()?
        }
        _ => return None,
    };
    if !shape_is_right {
        return None;
    }
    let number = |from: usize, to: usize| text.get(from..to).and_then(|digits| digits.parse::<u64>().ok());
    let date = Date { year: number(0, 4)?, month: number(5, 7)?, day: number(8, 10)? };
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    let is_date = date.year >= 1970
        && (1..=12).contains(&date.month)
        && (1..=days_in_month(date.year, date.month)).contains(&date.day);
    let is_time = hour < 24 && minute < 60 && second < 60;
    (is_date && is_time).then(|| {
        date.days() * MS_PER_DAY + hour * MS_PER_HOUR + minute * MS_PER_MINUTE + second * MS_PER_SECOND + fraction_ms
    })
}

fn text(event: &Json, key: &str) -> Result<Arc<str>, EnvelopeError> {
    match event.get(key) {
        Some(Json::String(text)) => Ok(text.clone()),
        Some(other) => Err(problem(format!("the event's {key} must be a string, found {}", other.kind()))),
        None if event.as_object().is_none() => Err(problem(format!("an event is an object, found {}", event.kind()))),
        None => Err(problem(format!("the event has no {key}"))),
    }
}

fn problem(problem: impl Into<String>) -> EnvelopeError {
    EnvelopeError { problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event() -> Event {
        Event {
            id: "e-1".into(),
            detail_type: "Order Placed".into(),
            source: "shop.orders".into(),
            account: "111111111111".into(),
            time_ms: 1_767_225_661_999,
            region: "eu-west-1".into(),
            resources: Arc::new(["arn:aws:s3:::orders".into()]),
            detail: json!({"total": 3}),
            replay_name: None,
        }
    }

    #[test]
    fn the_envelope_has_eventbridges_members_in_its_order() {
        assert_eq!(
            event().to_json().to_string(),
            concat!(
                r#"{"version":"0","id":"e-1","detail-type":"Order Placed","source":"shop.orders","#,
                r#""account":"111111111111","time":"2026-01-01T00:01:01Z","region":"eu-west-1","#,
                r#""resources":["arn:aws:s3:::orders"],"detail":{"total":3}}"#
            )
        );
    }

    #[test]
    fn reading_brings_back_everything_but_the_milliseconds() {
        let read = Event::from_json(&event().to_json()).expect("an event");
        assert_eq!(read, Event { time_ms: 1_767_225_661_000, ..event() });
        let replayed = Event { replay_name: Some("again".into()), time_ms: 0, ..event() };
        assert_eq!(Event::from_json(&replayed.to_json()), Ok(replayed));
    }

    #[test]
    fn every_member_but_the_detail_is_asked_for() {
        let whole = event().to_json();
        assert_eq!(Event::first_missing(&whole), None);
        let without = |key: &str| {
            let members = whole.as_object().expect("an object").iter();
            Json::from(
                members
                    .filter(|(name, _)| **name != *key)
                    .map(|(name, value)| (name.clone(), value.clone()))
                    .collect::<Object>(),
            )
        };
        for key in ["id", "account", "source", "time", "region", "resources", "detail-type"] {
            assert_eq!(Event::first_missing(&without(key)), Some(key));
        }
        assert_eq!(Event::first_missing(&without("detail")), None);
        assert_eq!(
            Event::first_missing(
                &json!({"id": 1, "account": null, "source": "s", "time": "", "region": "", "resources": [], "detail-type": ""})
            ),
            None
        );
        assert_eq!(Event::first_missing(&json!([])), Some("id"));
    }

    #[test]
    fn what_is_missing_or_wrong_is_named() {
        let with = |key: &str, value: Json| {
            let mut event = event().to_json();
            event.make_object().expect("an object").insert(key.into(), value);
            Event::from_json(&event).expect_err("no event").to_string()
        };
        assert_eq!(with("id", json!(1)), "the event's id must be a string, found number");
        assert!(with("time", json!("2026-02-29T00:00:00Z")).contains("'2026-02-29T00:00:00Z'"));
        assert!(with("time", json!("2026-01-01 00:00:00Z")).contains("expected a form like"));
        assert_eq!(with("resources", json!([1])), "the event's resources must be a list of strings");
        assert_eq!(
            Event::from_json(&json!([])).expect_err("no event").to_string(),
            "an event is an object, found array"
        );
        let error = Event::from_json(&json!({"time": "2026-01-01T00:00:00.5Z"})).expect_err("no event");
        assert_eq!(error.to_string(), "the event has no id");
    }
}
