//! Lineages, choices and times as a person reads them.

use rehearsal_engine::Json;

use crate::services::stepfunctions::{Machine, Request as States, TaskOutcome};
use crate::services::{Request, lambda, sns, sqs};
use crate::world::{ActorStep, Choice, Kind, World};

/// A lineage cut down to who it began with and the last one or two links: `shopper#2 CheckInventory/inventory-check`.
pub fn lane(lineage: &str) -> String {
    let mut links = lineage.split('/').filter(|link| !link.is_empty());
    let Some(root) = links.next() else { return "world".to_owned() };
    let mut shown: Vec<String> = Vec::new();
    for link in links {
        let (name, number) = link.split_once('#').unwrap_or((link, "0"));
        match (name, shown.last_mut()) {
            ("try", Some(state)) if number != "0" => {
                let attempt = number.parse::<u64>().unwrap_or(0).saturating_add(1);
                *state = format!("{state} (try {attempt})");
            }
            // Links that only tell apart what lies below them say nothing to a reader.
            ("try" | "delivery", _) if number == "0" => {}
            ("events:PutEvents" | "entry", _) => {}
            _ => shown.push(plain(link)),
        }
    }
    let tail = shown.split_off(shown.len().saturating_sub(2)).join("/");
    if tail.is_empty() { plain(root) } else { format!("{} {tail}", plain(root)) }
}

/// What a choice about the environment means: its kind, who it is about and what happens there.
pub fn deviation(choice: &Choice) -> [String; 3] {
    let mut parts = choice.site.split('|');
    let who = lane(parts.next().unwrap_or_default());
    let operation = plain(parts.next().unwrap_or_default());
    let what = match choice.kind {
        Kind::Fault(fault) => {
            let spec = fault.spec();
            match spec.forms.get((choice.alternative as usize).wrapping_sub(1)) {
                Some(form) => format!("{} ({form})", spec.summary),
                None => spec.summary.to_owned(),
            }
        }
        Kind::Defer if choice.alternative == 1 => format!("{operation} lets the next one go first"),
        Kind::Defer => format!("{operation} lets the next {} go first", choice.alternative),
        Kind::Latency if choice.alternative == 1 => format!("{operation} is slow"),
        // Only calls have anchors; what is drawn for a schedule is no more than late.
        Kind::Latency if choice.alternative == 2 || !operation.contains(':') => format!("{operation} is very slow"),
        Kind::Latency if choice.alternative == 3 => format!("{operation} arrives 1 ms after its caller's time is up"),
        Kind::Latency => format!("{operation} arrives just after the next write to its item by another"),
        Kind::Random if choice.alternative == 1 => "draws a number near 0".to_owned(),
        Kind::Random => "draws a number near 1".to_owned(),
        Kind::Shape => format!("{operation}: alternative {}", choice.alternative),
    };
    [choice.kind.text().to_owned(), who, what]
}

/// What a step of the workload does.
pub fn step(step: &ActorStep, world: &World) -> String {
    match step {
        ActorStep::Wait { ms } => format!("waits {}", seconds(*ms)),
        ActorStep::Run(run) => {
            let script = world.clients.scripts().get(run.script as usize).map(|name| world.core.names().text(*name));
            let arguments = run.start.get("arguments").and_then(Json::as_array).unwrap_or_default();
            let arguments = arguments.iter().map(|argument| argument.as_str().unwrap_or_default());
            let words: Vec<&str> = script.map(|script| &**script).into_iter().chain(arguments).collect();
            format!("runs {}", words.join(" "))
        }
        ActorStep::Look(look) => look.describe(),
        ActorStep::Send(request) | ActorStep::Callback(request) => self::request(request, world),
    }
}

fn request(request: &Request, world: &World) -> String {
    match request {
        Request::Events(put) => {
            let entry = |entry: &crate::services::eventbridge::PutEntry| {
                let detail = match &entry.detail {
                    Some(Ok(detail)) => detail.to_string(),
                    _ => String::new(),
                };
                format!(
                    "puts '{}' on {}: {detail}",
                    entry.detail_type.as_deref().unwrap_or_default(),
                    entry.bus.as_deref().unwrap_or("default")
                )
            };
            put.entries.iter().map(entry).collect::<Vec<_>>().join("; ")
        }
        Request::Lambda(invoke) => {
            let function = match &invoke.function {
                lambda::Target::Text(text) => text.to_string(),
                lambda::Target::Index(index) => index.to_string(),
            };
            format!("invokes {function} with {}", invoke.payload)
        }
        Request::CloudWatch(_) => "calls CloudWatch".to_owned(),
        Request::Rules(request) => format!("asks for {}", request.action()),
        Request::Archives(request) => format!("asks about the replay {}", request.name()),
        Request::States(request) => states(request, world),
        Request::DynamoDb(_) | Request::Streams(_) => "calls DynamoDB".to_owned(),
        Request::S3(request) => format!("calls S3 about {}", request.bucket),
        Request::Sqs(request) => queue_step(request),
        Request::Sns(request) => match &**request {
            sns::Request::Publish(publish) => {
                format!("publishes to {}: {}", last_part(&publish.topic), publish.message)
            }
            sns::Request::PublishBatch { topic, .. } => format!("publishes to {}", last_part(topic)),
        },
    }
}

fn queue_step(request: &sqs::Request) -> String {
    let queue = request.queue().map(|queue| last_part(queue)).unwrap_or_default();
    match request {
        sqs::Request::SendMessage(send) => format!("sends to {queue}: {}", send.body),
        _ => format!("calls the queue {queue}"),
    }
}

/// The name at the end of an ARN or a URL.
fn last_part(text: &str) -> &str {
    text.rsplit([':', '/']).next().unwrap_or(text)
}

fn states(request: &States, world: &World) -> String {
    match request {
        States::StartExecution(start) => {
            let machine = match &start.machine {
                Machine::Arn(arn) => arn.rsplit(':').next().unwrap_or_default().to_owned(),
                Machine::Index(index) => {
                    let machine = world.stepfunctions.machines().get(*index as usize);
                    machine.map(|machine| world.core.names().text(machine.name).to_string()).unwrap_or_default()
                }
            };
            format!("starts {machine} with {}", start.input)
        }
        States::StopExecution { execution, .. } => format!("stops {execution}"),
        States::DescribeExecution { execution } => format!("describes {execution}"),
        States::StartSyncExecution(start) => format!("runs an Express execution with {}", start.input),
        States::RedriveExecution { execution } => format!("redrives {execution}"),
        States::GetExecutionHistory { execution, .. } => format!("asks for the history of {execution}"),
        States::ListExecutions { machine, .. } => format!("lists the executions of {machine}"),
        States::DescribeStateMachine { machine, .. } => format!("describes {machine}"),
        States::ListStateMachines { .. } => "lists the state machines".to_owned(),
        States::GetActivityTask { activity, .. } => format!("asks for work of {activity}"),
        States::SendTask(send) => match &send.outcome {
            TaskOutcome::Success { output } => format!("sends task success: {output}"),
            TaskOutcome::Failure { .. } => "sends task failure".to_owned(),
            TaskOutcome::Heartbeat => "sends a heartbeat".to_owned(),
        },
    }
}

/// `8.580 s`, and from an hour on `2 h 03 min 05.000 s`.
pub fn seconds(ms: u64) -> String {
    let (whole, rest) = (ms / 1000, ms % 1000);
    if whole < 3600 {
        return format!("{whole}.{rest:03} s");
    }
    format!("{} h {:02} min {:02}.{rest:03} s", whole / 3600, whole / 60 % 60, whole % 60)
}

/// Seconds and milliseconds after the run began.
pub fn clock(since_start_ms: u64) -> String {
    format!("{}.{:03}", since_start_ms / 1000, since_start_ms % 1000)
}

/// A text in lines of at most `columns` characters, broken behind commas where there are some.
pub fn lines_of(text: &str, columns: usize) -> Vec<&str> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some((end, _)) = rest.char_indices().nth(columns.max(1)) {
        let at = rest[..end].rfind(',').map_or(end, |comma| comma + 1);
        let (line, after) = rest.split_at(at);
        lines.push(line);
        rest = after;
    }
    lines.push(rest);
    lines
}

/// A text of at most `columns` characters, on one line.
pub fn fitted(text: &str, columns: usize) -> String {
    let text = if text.contains(['\n', '\r', '\t']) { text.replace(['\n', '\r', '\t'], " ") } else { text.to_owned() };
    if text.chars().count() <= columns {
        return text;
    }
    text.chars().take(columns.saturating_sub(1)).chain(['…']).collect()
}

/// The text with each UUID cut down to its first part.
pub fn without_uuids(text: &str) -> String {
    const LENGTH: usize = 36;
    const KEPT: usize = 8;
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    let mut at = 0;
    while at + LENGTH <= bytes.len() {
        if is_uuid(&bytes[at..at + LENGTH]) {
            // Both ends lie between ASCII characters.
            out.push_str(&text[from..at + KEPT]);
            out.push('…');
            at += LENGTH;
            from = at;
        } else {
            at += 1;
        }
    }
    out.push_str(&text[from..]);
    out
}

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.iter().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => *byte == b'-',
        _ => byte.is_ascii_hexdigit(),
    })
}

/// A link of a lineage as it was named.
fn plain(link: &str) -> String {
    link.replace("%2f", "/").replace("%7c", "|").replace("%23", "#").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lane_names_its_root_and_its_last_links() {
        const MACHINE: &str = "shopper#2/events:PutEvents/OrderPlacedRule/delivery/Orders";
        for (lineage, wanted) in [
            ("", "world"),
            ("shopper#2", "shopper#2"),
            ("shopper#2/events:PutEvents", "shopper#2"),
            (MACHINE, "shopper#2 OrderPlacedRule/Orders"),
            (&format!("{MACHINE}/CheckStock/try/stock-check"), "shopper#2 CheckStock/stock-check"),
            (&format!("{MACHINE}/CheckStock/try#1/stock-check"), "shopper#2 CheckStock (try 2)/stock-check"),
            (&format!("{MACHINE}/Pay/try/pay/events:PutEvents#16"), "shopper#2 Pay/pay"),
            ("a%2fb#1/x%23y", "a/b#1 x#y"),
        ] {
            assert_eq!(lane(lineage), wanted, "{lineage}");
        }
    }

    #[test]
    fn a_deviation_is_told_in_words() {
        for (line, wanted) in [
            (
                "shopper#1/M/Pay/try/pay|lambda:Invoke|LA-COLD|0=2",
                ["LA-COLD", "shopper#1 Pay/pay", "an invocation waits for a new environment (2 seconds)"],
            ),
            (
                "shopper#1|events:PutEvents|defer|0=1",
                ["defer", "shopper#1", "events:PutEvents lets the next one go first"],
            ),
            ("shopper#1|events:PutEvents|latency|0=2", ["latency", "shopper#1", "events:PutEvents is very slow"]),
            ("nightly|delivery|latency|0=7", ["latency", "nightly", "delivery is very slow"]),
            (
                "a/pay|dynamodb:PutItem|latency|0=3",
                ["latency", "a pay", "dynamodb:PutItem arrives 1 ms after its caller's time is up"],
            ),
            ("pay|handler|random|0=1", ["random", "pay", "draws a number near 0"]),
            ("pay|lambda:Invoke|LA-COLD|0=99", ["LA-COLD", "pay", "an invocation waits for a new environment"]),
        ] {
            assert_eq!(deviation(&line.parse().expect("a choice")), wanted, "{line}");
        }
    }

    #[test]
    fn texts_are_cut_to_their_columns() {
        assert_eq!(fitted("añb\nc", 5), "añb c");
        assert_eq!(fitted("añbcdef", 5), "añbc…");
        assert_eq!(lines_of("ab,cd,ef", 6), ["ab,cd,", "ef"]);
        assert_eq!(lines_of("äbcdefgh", 3), ["äbc", "def", "gh"]);
        assert_eq!(lines_of("", 3), [""]);
        assert_eq!(seconds(8_580), "8.580 s");
        assert_eq!(seconds(3_723_004), "1 h 02 min 03.004 s");
        assert_eq!(without_uuids("x 81ebe083-dcf7-45d9-97b9-63d10a781eea ä"), "x 81ebe083… ä");
        assert_eq!(without_uuids("ä 81ebe083-dcf7-45d9-97b9-63d10a781ee"), "ä 81ebe083-dcf7-45d9-97b9-63d10a781ee");
    }
}
