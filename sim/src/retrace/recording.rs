//! What `GetExecutionHistory` returned, read.

use rehearsal_engine::Json;

/// A recorded history: events with the ids 1, 2, 3 and so on.
#[derive(Clone, Debug)]
pub struct Recording {
    pub(super) events: Vec<Recorded>,
    pub(super) input_text: String,
    pub(super) input: Json,
    pub(super) role_arn: String,
}

#[derive(Clone, Debug)]
pub(super) struct Recorded {
    pub(super) id: u64,
    pub(super) previous: u64,
    pub(super) type_name: String,
    pub(super) at_ms: u64,
    /// The member `…EventDetails`; null where there is none.
    pub(super) details: Json,
    pub(super) whole: Json,
}

impl Recording {
    /// Reads `{"events": […]}` or the list alone, in either order.
    pub fn parse(text: &str) -> Result<Recording, String> {
        let json = Json::parse(text).map_err(|error| format!("not JSON: {error}"))?;
        Recording::of(&json)
    }

    /// The same of JSON that was read elsewhere.
    pub fn of(json: &Json) -> Result<Recording, String> {
        let listed = json.get("events").unwrap_or(json).as_array();
        let listed = listed.ok_or_else(|| format!("expected an object with a list 'events', found {}", json.kind()))?;
        let mut events = Vec::with_capacity(listed.len());
        for (at, event) in listed.iter().enumerate() {
            events.push(recorded(event).map_err(|problem| format!("events[{at}]: {problem}"))?);
        }
        // What --reverse-order prints.
        if let [first, .., last] = &events[..]
            && first.id > last.id
        {
            events.reverse();
        }
        let mut at_ms = 0;
        for (at, event) in events.iter_mut().enumerate() {
            if event.id != at as u64 + 1 {
                return Err(format!(
                    "expected event {} next, found {}; a page of a history is not enough",
                    at + 1,
                    event.id
                ));
            }
            at_ms = event.at_ms.max(at_ms);
            event.at_ms = at_ms;
        }
        let started = events.first().filter(|event| event.type_name == "ExecutionStarted");
        let started = started.ok_or("the first event is not ExecutionStarted")?;
        if !events.iter().any(Recorded::is_cut) {
            let input_text = started
                .text("input")
                .ok_or("ExecutionStarted has no input; get the history with --include-execution-data")?;
            let input = Json::parse(input_text)
                .map_err(|error| format!("the input in ExecutionStarted is not JSON: {error}"))?;
            let role_arn = started.text("roleArn").unwrap_or_default().to_owned();
            return Ok(Recording { input_text: input_text.to_owned(), input, role_arn, events });
        }
        let cut = events.iter().find(|event| event.is_cut()).map_or(0, |event| event.id);
        Err(format!("event {cut} is truncated, so that what it said is not known"))
    }

    /// How many events there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there are none; never so.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// The event that follows `newest`.
    pub(super) fn after(&self, newest: u64) -> Option<&Recorded> {
        self.events.get(usize::try_from(newest).ok()?)
    }
}

impl Recorded {
    /// A string among the details.
    pub(super) fn text(&self, member: &str) -> Option<&str> {
        self.details.get(member)?.as_str()
    }

    /// JSON that stands as text among the details.
    pub(super) fn payload(&self, member: &str) -> Option<Json> {
        Json::parse(self.text(member)?).ok()
    }

    /// Whether AWS cut off what an outcome said.
    fn is_cut(&self) -> bool {
        ["inputDetails", "outputDetails"].iter().any(|member| {
            self.details.get(member).and_then(|details| details.get("truncated")).and_then(Json::as_bool) == Some(true)
        })
    }
}

fn recorded(event: &Json) -> Result<Recorded, String> {
    let members = event.as_object().ok_or_else(|| format!("expected an object, found {}", event.kind()))?;
    let number = |key: &str| {
        let number = event.get(key).and_then(Json::as_i64).and_then(|number| u64::try_from(number).ok());
        number.ok_or_else(|| format!("expected a whole number '{key}'"))
    };
    let type_name = event.get("type").and_then(Json::as_str).ok_or("expected a string 'type'")?;
    let details = members.iter().find(|(key, _)| key.ends_with("EventDetails")).map(|(_, details)| details.clone());
    Ok(Recorded {
        id: number("id")?,
        previous: number("previousEventId")?,
        type_name: type_name.to_owned(),
        at_ms: event.get("timestamp").and_then(instant_ms).unwrap_or_default(),
        details: details.unwrap_or_default(),
        whole: event.clone(),
    })
}

/// An instant as the command line prints it: ISO 8601, or seconds since 1970.
fn instant_ms(timestamp: &Json) -> Option<u64> {
    if let Some(text) = timestamp.as_str() {
        let instant: jiff::Timestamp = text.parse().ok()?;
        return u64::try_from(instant.as_millisecond()).ok();
    }
    timestamp.as_f64().map(|seconds| (seconds * 1000.0).round() as u64)
}
