//! The rules of matching written down plainly: every way through the `$or`s, every value with the elements it came
//! through, and every combination tried.

use std::collections::BTreeMap;
use std::net::IpAddr;

use rehearsal_engine::{Json, json};

/// An event whose objects may repeat a key.
#[derive(Clone, Debug)]
pub enum Event {
    Scalar(Json),
    Array(Vec<Event>),
    Object(Vec<(String, Event)>),
}

impl Event {
    pub fn of(value: &Json) -> Event {
        match value {
            Json::Array(items) => Event::Array(items.iter().map(Event::of).collect()),
            Json::Object(members) => {
                Event::Object(members.iter().map(|(key, value)| (key.to_string(), Event::of(value))).collect())
            }
            scalar => Event::Scalar(scalar.clone()),
        }
    }
}

/// How an event is written.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    pub colon: &'static str,
    pub comma: &'static str,
    /// Whether texts and keys are written with escapes.
    pub is_escaped: bool,
}

pub const STYLES: [Style; 4] = [
    Style { colon: ": ", comma: ", ", is_escaped: false },
    Style { colon: ":", comma: ",", is_escaped: false },
    Style { colon: " :\r\n\t", comma: " \n,  ", is_escaped: false },
    Style { colon: ":", comma: ", ", is_escaped: true },
];

impl Event {
    pub fn written(&self, style: Style) -> String {
        let list = |items: Vec<String>| items.join(style.comma);
        match self {
            Event::Scalar(Json::String(text)) => quoted(text, style),
            Event::Scalar(scalar) => scalar.to_string(),
            Event::Array(items) => format!("[{}]", list(items.iter().map(|item| item.written(style)).collect())),
            Event::Object(members) => {
                let member = |(key, value): &(String, Event)| {
                    format!("{}{}{}", quoted(key, style), style.colon, value.written(style))
                };
                format!("{{{}}}", list(members.iter().map(member).collect()))
            }
        }
    }
}

fn quoted(text: &str, style: Style) -> String {
    if !style.is_escaped {
        return Json::from(text).to_string();
    }
    let units: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect();
    format!("\"{}\"", units.concat())
}

/// An array and one of its elements.
type Element = (usize, usize);

type Value = (String, Json, Vec<Element>);

type Fields = BTreeMap<String, Vec<Json>>;

pub fn matches(pattern: &Json, event: &Event) -> bool {
    let mut values = Vec::new();
    if let Event::Object(_) = event {
        flatten(event, None, &[], &mut 0, &mut values);
    }
    ways(pattern, "", vec![Fields::new()]).iter().any(|fields| {
        let fields: Vec<(&String, &Vec<Json>)> = fields.iter().collect();
        holds(&fields, &values, &[])
    })
}

fn ways(object: &Json, prefix: &str, mut so_far: Vec<Fields>) -> Vec<Fields> {
    for (key, value) in object.as_object().expect("an object").iter() {
        let path = if prefix.is_empty() { key.to_string() } else { format!("{prefix}.{key}") };
        so_far = match value {
            Json::Array(alternatives) if &**key == "$or" => {
                alternatives.iter().flat_map(|object| ways(object, prefix, so_far.clone())).collect()
            }
            Json::Array(entries) => {
                for fields in &mut so_far {
                    fields.insert(path.clone(), entries.to_vec());
                }
                so_far
            }
            object => ways(object, &path, so_far),
        };
    }
    so_far
}

fn flatten(event: &Event, path: Option<&str>, elements: &[Element], arrays: &mut usize, into: &mut Vec<Value>) {
    match event {
        Event::Object(members) => {
            for (key, value) in members {
                let path = path.map_or_else(|| key.clone(), |path| format!("{path}.{key}"));
                flatten(value, Some(&path), elements, arrays, into);
            }
        }
        Event::Array(items) => {
            let array = *arrays;
            *arrays += 1;
            for (index, item) in items.iter().enumerate() {
                let mut inside = elements.to_vec();
                if !matches!(item, Event::Scalar(_)) {
                    inside.push((array, index));
                }
                flatten(item, path, &inside, arrays, into);
            }
        }
        Event::Scalar(scalar) => into.push((path.unwrap_or_default().to_owned(), scalar.clone(), elements.to_vec())),
    }
}

fn holds(fields: &[(&String, &Vec<Json>)], values: &[Value], chosen: &[Element]) -> bool {
    let Some(((path, entries), rest)) = fields.split_first() else { return true };
    let goes = |elements: &[Element]| {
        elements.iter().all(|(array, index)| chosen.iter().all(|(other, at)| other != array || at == index))
    };
    let mut compatible = values.iter().filter(|(at, _, elements)| at == *path && goes(elements)).peekable();
    if compatible.peek().is_none() {
        let absent = entries.contains(&json!({"exists": false}));
        return absent && holds(rest, values, chosen);
    }
    compatible.any(|(_, value, elements)| {
        entries.iter().any(|entry| accepts(entry, value)) && {
            let chosen: Vec<Element> = chosen.iter().chain(elements).copied().collect();
            holds(rest, values, &chosen)
        }
    })
}

fn accepts(entry: &Json, value: &Json) -> bool {
    let Some(object) = entry.as_object() else { return is_same(entry, value) };
    let (operator, operand) = object.iter().next().expect("one operator");
    match &**operator {
        "exists" => operand.as_bool() == Some(true),
        "anything-but" => !is_shut_out(operand, value),
        "numeric" => value.as_f64().is_some_and(|number| {
            let terms = operand.as_array().unwrap_or_default();
            terms.chunks(2).all(|term| {
                let bound = term[1].as_f64().expect("a number");
                match term[0].as_str() {
                    Some("=") => number.total_cmp(&bound).is_eq(),
                    Some("<") => number < bound,
                    Some("<=") => number <= bound,
                    Some(">") => number > bound,
                    Some(">=") => number >= bound,
                    other => panic!("the generator writes no {other:?}"),
                }
            })
        }),
        operator => value.as_str().is_some_and(|text| accepts_text(operator, operand, text)),
    }
}

fn accepts_text(operator: &str, operand: &Json, text: &str) -> bool {
    // Whether the case counts; the generator writes ASCII where it does not.
    let (wanted, text) = match operand.get("equals-ignore-case") {
        Some(wanted) => (wanted.as_str().expect("a text").to_ascii_lowercase(), text.to_ascii_lowercase()),
        None => (operand.as_str().expect("a text").to_owned(), text.to_owned()),
    };
    match operator {
        "prefix" => text.starts_with(&wanted),
        "suffix" => text.ends_with(&wanted),
        "equals-ignore-case" => text.eq_ignore_ascii_case(&wanted),
        "wildcard" => fits(wanted.as_bytes(), text.as_bytes()),
        "cidr" => lies_in(&text, &wanted),
        other => panic!("the generator writes no {other}"),
    }
}

fn is_shut_out(operand: &Json, value: &Json) -> bool {
    match operand {
        Json::Array(items) => items.iter().any(|item| is_same(item, value)),
        Json::Object(object) => {
            let (operator, texts) = object.iter().next().expect("one operator");
            let single = std::slice::from_ref(texts);
            let texts = texts.as_array().unwrap_or(single);
            value.as_str().is_some_and(|text| texts.iter().any(|operand| accepts_text(operator, operand, text)))
        }
        single => is_same(single, value),
    }
}

fn is_same(wanted: &Json, value: &Json) -> bool {
    match (wanted.as_f64(), value.as_f64()) {
        (Some(wanted), Some(value)) => wanted.total_cmp(&value).is_eq(),
        _ => wanted == value,
    }
}

/// Whether a wildcard, `\` escaping, stands for `text`.
fn fits(wildcard: &[u8], text: &[u8]) -> bool {
    match wildcard {
        [] => text.is_empty(),
        [b'*', rest @ ..] => (0..=text.len()).any(|skipped| fits(rest, &text[skipped..])),
        [b'\\', literal, rest @ ..] | [literal, rest @ ..] => text.first() == Some(literal) && fits(rest, &text[1..]),
    }
}

/// Whether an address in its plain spelling lies in a block.
fn lies_in(text: &str, block: &str) -> bool {
    let bits = |address: IpAddr| match address {
        IpAddr::V4(address) => (32, u128::from(address.to_bits())),
        IpAddr::V6(address) => (128, address.to_bits()),
    };
    let (network, width) = block.split_once('/').expect("a block");
    let Ok(address) = text.parse::<IpAddr>() else { return false };
    let (network, address) = (bits(network.parse().expect("an address")), bits(address));
    let host = network.0 - width.parse::<u32>().expect("a width");
    network.0 == address.0 && network.1.checked_shr(host) == address.1.checked_shr(host)
}
