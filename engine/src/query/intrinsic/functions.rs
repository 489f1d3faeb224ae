//! What each function computes. Every failure is the same to AWS, whatever the reason: invalid arguments.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::{Function, IntrinsicProblem};
use crate::Json;
use crate::json::{Number, Object};
use crate::query::{Draws, java};
use crate::source::read_json;

/// AWS: the longest text for Base64 and Hash.
const TEXT_CHARS_MAX: usize = 10_000;
/// AWS: the longest range.
const RANGE_ITEMS_MAX: i64 = 1000;

pub(super) fn apply(function: Function, arguments: &[Json], draws: &mut dyn Draws) -> Result<Json, IntrinsicProblem> {
    if let (Function::Format, [Json::String(template), values @ ..]) = (function, arguments) {
        return format(template, values);
    }
    let value = match (function, arguments) {
        (Function::StringToJson, [Json::String(text)]) => string_to_json(text),
        (Function::JsonToString, [value]) => Some(Json::from(value.to_string())),
        (Function::Array, items) => Some(Json::from(items.to_vec())),
        (Function::ArrayPartition, [Json::Array(items), Json::Number(size)]) => partition(items, size),
        (Function::ArrayContains, [Json::Array(items), wanted]) => {
            // AWS: values are the same when their texts are: true and "true" are, reordered members are not.
            let wanted = comparable_text(wanted);
            Some(Json::Bool(items.iter().any(|item| comparable_text(item) == wanted)))
        }
        (Function::ArrayRange, [Json::Number(start), Json::Number(end), Json::Number(step)]) => range(start, end, step),
        (Function::ArrayGetItem, [Json::Array(items), Json::Number(index)]) => get_item(items, index),
        (Function::ArrayLength, [Json::Array(items)]) => Some(Json::from(items.len())),
        (Function::ArrayUnique, [Json::Array(items)]) => Some(Json::from(java::hash_set_order(items))),
        (Function::Base64Encode, [Json::String(text)]) if fits(text) => {
            Some(Json::from(STANDARD.encode(text.as_bytes())))
        }
        (Function::Base64Decode, [Json::String(text)]) if fits(text) => Some(Json::from(decode_leniently(text))),
        (Function::Hash, [value, Json::String(algorithm)]) => hash(value, algorithm),
        // AWS: a deep merge (true) is not supported, and what is no boolean passes as false.
        (Function::JsonMerge, [Json::Object(_), Json::Object(_), Json::Bool(true)]) => None,
        (Function::JsonMerge, [Json::Object(first), Json::Object(second), _]) => Some(merge(first, second)),
        (Function::MathRandom, [Json::Number(start), Json::Number(end)]) => {
            let share = draws.random();
            random(start, end, share)
        }
        (Function::MathRandom, [Json::Number(start), Json::Number(end), Json::Number(seed)]) => {
            truncated(seed).and_then(|seed| random(start, end, java::seeded_double(seed)))
        }
        (Function::MathAdd, [Json::Number(left), Json::Number(right)]) => add(left, right),
        (Function::StringSplit, [Json::String(text), Json::String(delimiters)]) => Some(split(text, delimiters)),
        (Function::Uuid, []) => Some(Json::from(draws.uuid())),
        _ => None,
    };
    value.ok_or(IntrinsicProblem::Arguments(function))
}

/// Replaces each `{}` by the next value; `\{`, `\}` and `\\` stand for themselves.
fn format(template: &str, values: &[Json]) -> Result<Json, IntrinsicProblem> {
    let mut text = String::with_capacity(template.len());
    let mut values = values.iter();
    let mut chars = template.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(escaped @ ('{' | '}' | '\\')) => text.push(escaped),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            '{' => {
                if chars.next() != Some('}') {
                    return Err(IntrinsicProblem::Template("matching '}' not found for '{'."));
                }
                let value = values.next().ok_or(IntrinsicProblem::Arguments(Function::Format))?;
                text.push_str(&java::java_text(value));
            }
            '}' => return Err(IntrinsicProblem::Template("matching '{' not found for '}'.")),
            c => text.push(c),
        }
    }
    match values.next() {
        None => Ok(Json::from(text)),
        Some(_) => Err(IntrinsicProblem::Arguments(Function::Format)),
    }
}

fn string_to_json(text: &str) -> Option<Json> {
    if text.trim().is_empty() {
        return Some(Json::Null);
    }
    match read_json(text).ok()?.to_json() {
        // AWS reads "-0" as the integer 0.
        Json::Number(number) if number.to_string() == "-0.0" && !text.contains('.') => Some(Json::from(0)),
        value => Some(value),
    }
}

fn partition(items: &[Json], size: &Number) -> Option<Json> {
    let size = usize::try_from(truncated(size)?).ok().filter(|size| *size > 0)?;
    Some(Json::from(items.chunks(size).map(|chunk| Json::from(chunk.to_vec())).collect::<Vec<_>>()))
}

fn comparable_text(value: &Json) -> String {
    match value {
        Json::String(text) => text.to_string(),
        other => other.to_string(),
    }
}

fn range(start: &Number, end: &Number, step: &Number) -> Option<Json> {
    let (start, end, step) = (truncated(start)?, truncated(end)?, truncated(step)?);
    if step == 0 {
        return None;
    }
    let distance = end.checked_sub(start)?;
    if distance != 0 && (distance > 0) != (step > 0) {
        return Some(Json::from(Vec::new()));
    }
    let steps = distance.checked_div(step)?;
    if steps >= RANGE_ITEMS_MAX {
        return None;
    }
    Some(Json::from((0..=steps).map(|at| Json::from(start + at * step)).collect::<Vec<_>>()))
}

fn get_item(items: &[Json], index: &Number) -> Option<Json> {
    // AWS: an empty array has null at every index.
    if items.is_empty() {
        return Some(Json::Null);
    }
    let index = usize::try_from(truncated(index)?).ok()?;
    items.get(index).cloned()
}

fn fits(text: &str) -> bool {
    text.len() <= TEXT_CHARS_MAX || text.chars().count() <= TEXT_CHARS_MAX
}

/// AWS passes over characters that are not Base64 and needs no padding.
fn decode_leniently(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len() * 3 / 4);
    let (mut bits, mut bit_count) = (0_u32, 0_u32);
    for byte in text.bytes().take_while(|byte| *byte != b'=') {
        let sextet = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => continue,
        };
        bits = (bits << 6 | u32::from(sextet)) & 0xFFFF;
        bit_count += 6;
        if bit_count >= 8 {
            bit_count -= 8;
            bytes.push((bits >> bit_count) as u8);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn hash(value: &Json, algorithm: &str) -> Option<Json> {
    let text = comparable_text(value);
    if !fits(&text) {
        return None;
    }
    hex_digest(&text, algorithm).map(Json::from)
}

/// The digest of `text` in lowercase hex; `None` for an algorithm that AWS does not know.
pub(in super::super) fn hex_digest(text: &str, algorithm: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let digest: Vec<u8> = match algorithm {
        "MD5" => Md5::digest(bytes).to_vec(),
        "SHA-1" => Sha1::digest(bytes).to_vec(),
        "SHA-256" => Sha256::digest(bytes).to_vec(),
        "SHA-384" => Sha384::digest(bytes).to_vec(),
        "SHA-512" => Sha512::digest(bytes).to_vec(),
        _ => return None,
    };
    let digits = digest.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
    Some(digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect())
}

fn merge(first: &Object, second: &Object) -> Json {
    let mut merged = first.clone();
    for (key, value) in second.iter() {
        merged.insert(key.clone(), value.clone());
    }
    Json::from(merged)
}

/// `share` runs from 0 to below 1.
fn random(start: &Number, end: &Number, share: f64) -> Option<Json> {
    let (start, end) = (rounded(start)?, rounded(end)?);
    if start >= end {
        return None;
    }
    let drawn = start + (share * (end - start) as f64) as i64;
    Some(Json::from(drawn.min(end - 1)))
}

fn add(left: &Number, right: &Number) -> Option<Json> {
    let sum = rounded(left)? + rounded(right)?;
    i32::try_from(sum).ok().map(Json::from)
}

fn split(text: &str, delimiters: &str) -> Json {
    let parts = text.split(|c| delimiters.contains(c)).filter(|part| !part.is_empty());
    Json::from(parts.map(Json::from).collect::<Vec<_>>())
}

/// Towards zero.
fn truncated(number: &Number) -> Option<i64> {
    // The cast keeps to the ends of the range, and what lies beyond them is out of every range that matters.
    number.as_i64().or_else(|| number.as_f64().map(|double| double as i64))
}

/// AWS: rounded as Java rounds, and an `int` or nothing.
fn rounded(number: &Number) -> Option<i64> {
    let integer = match number.as_i64() {
        Some(integer) => integer,
        None => java::round(number.as_f64()?) as i64,
    };
    i32::try_from(integer).ok().map(i64::from)
}
