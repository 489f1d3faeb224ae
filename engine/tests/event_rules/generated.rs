//! Patterns and events from arbitrary bytes: few keys and few values, so that they meet.

use arbitrary::{Result, Unstructured};
use rehearsal_engine::{Json, json};

use super::reference::Event;

const KEYS: [&str; 7] = ["a", "b", "c", "a.b", "b.c", "long-key", "é"];
const TEXTS: [&str; 16] = [
    "",
    "x",
    "X",
    "xy",
    "yx",
    "xyx",
    "xxyy",
    "x*y",
    "a\\b",
    "10.0.0.7",
    "10.0.1.7",
    "2001:db8::7",
    "é\"x",
    "prefix-and-more",
    "more-and-suffix",
    "PREFIX-and-SUFFIX",
];
const WILDCARDS: [&str; 10] = ["*", "x*", "*x", "*y*", "x*y*x", "x\\**", "*-and-*", "*a\\\\b*", "", "pre*more"];
const NUMBERS: [&str; 8] = ["0", "1", "2", "-1.5", "1e3", "0.30000000000000004", "122.42916360922355", "-7"];
const BLOCKS: [&str; 5] = ["10.0.0.0/24", "10.0.0.0/8", "0.0.0.0/1", "2001:db8::/32", "2001:db8::/127"];
const DEPTH_MAX: usize = 4;

pub fn pattern(draws: &mut Unstructured) -> Result<Json> {
    pattern_object(draws, 0)
}

pub fn event(draws: &mut Unstructured) -> Result<Event> {
    event_object(draws, 0)
}

fn pattern_object(draws: &mut Unstructured, depth: usize) -> Result<Json> {
    let mut members = Vec::new();
    for _ in 0..=draws.int_in_range(0..=2)? {
        let key = *draws.choose(&KEYS)?;
        let value = match draws.int_in_range(0..=7)? {
            0..=2 if depth < DEPTH_MAX => pattern_object(draws, depth + 1)?,
            3 if depth < 2 => {
                let ways = [pattern_object(draws, depth + 1)?, pattern_object(draws, depth + 1)?];
                members.push(("$or", Json::from(ways.to_vec())));
                continue;
            }
            _ => {
                let mut entries = vec![entry(draws)?];
                while !draws.is_empty() && draws.ratio(1, 3)? {
                    entries.push(entry(draws)?);
                }
                Json::from(entries)
            }
        };
        members.push((key, value));
    }
    Ok(Json::from_pairs(members))
}

fn entry(draws: &mut Unstructured) -> Result<Json> {
    let text = Json::from(*draws.choose(&TEXTS)?);
    let ascii = Json::from(*draws.choose(&["x", "Xy", "PREFIX", "suffix", "more-AND-suffix"])?);
    let wildcard = Json::from(*draws.choose(&WILDCARDS)?);
    let (low, high) = (number(draws)?, number(draws)?);
    Ok(match draws.int_in_range(0..=18)? {
        0..=3 => text,
        4 => low,
        5 => Json::Null,
        6 => Json::from(draws.arbitrary::<bool>()?),
        7 => json!({"prefix": (text)}),
        8 => json!({"suffix": (text)}),
        9 => json!({"prefix": {"equals-ignore-case": (ascii)}}),
        10 => json!({"suffix": {"equals-ignore-case": (ascii)}}),
        11 => json!({"equals-ignore-case": (ascii)}),
        12 => json!({"wildcard": (wildcard)}),
        13 => json!({"cidr": (*draws.choose(&BLOCKS)?)}),
        14 if low.as_f64() < high.as_f64() => json!({"numeric": [">", (low), "<=", (high)]}),
        14 | 15 => json!({"numeric": [(*draws.choose(&["=", "<", "<=", ">", ">="])?), (low)]}),
        16 => json!({"exists": (draws.arbitrary::<bool>()?)}),
        17 => json!({"anything-but": [(low), (high)]}),
        _ => match draws.int_in_range(0..=4)? {
            0 => json!({"anything-but": {"wildcard": [(wildcard)]}}),
            1 => json!({"anything-but": {"equals-ignore-case": (ascii)}}),
            2 => json!({"anything-but": {"prefix": ["x", "more"]}}),
            3 => json!({"anything-but": {"suffix": "y"}}),
            _ => json!({"anything-but": [(text)]}),
        },
    })
}

fn event_object(draws: &mut Unstructured, depth: usize) -> Result<Event> {
    let mut members = Vec::new();
    for _ in 0..draws.int_in_range(0..=4)? {
        members.push(((*draws.choose(&KEYS)?).to_owned(), event_value(draws, depth + 1)?));
    }
    Ok(Event::Object(members))
}

fn event_value(draws: &mut Unstructured, depth: usize) -> Result<Event> {
    Ok(match draws.int_in_range(0..=9)? {
        0..=2 if depth < DEPTH_MAX => event_object(draws, depth)?,
        3..=4 if depth < DEPTH_MAX => {
            let mut items = Vec::new();
            for _ in 0..draws.int_in_range(0..=3)? {
                items.push(event_value(draws, depth + 1)?);
            }
            Event::Array(items)
        }
        5 => Event::Scalar(number(draws)?),
        6 => Event::Scalar(Json::Null),
        7 => Event::Scalar(Json::from(draws.arbitrary::<bool>()?)),
        _ => Event::Scalar(Json::from(*draws.choose(&TEXTS)?)),
    })
}

fn number(draws: &mut Unstructured) -> Result<Json> {
    Ok(Json::parse(draws.choose(&NUMBERS)?).unwrap_or_default())
}
