//! What shows through from AWS's Java: how values print, hash and round, and the seeded generator.

use crate::Json;
use crate::json::Number;

/// `toString` of the value as plain Java objects: `{a=1, b=[x, y]}`, strings bare.
pub(super) fn java_text(value: &Json) -> String {
    let mut text = String::new();
    write_text(value, &mut text);
    text
}

fn write_text(value: &Json, out: &mut String) {
    match value {
        Json::Null => out.push_str("null"),
        Json::Bool(value) => out.push_str(if *value { "true" } else { "false" }),
        Json::Number(number) => out.push_str(&number_text(number)),
        Json::String(text) => out.push_str(text),
        Json::Array(items) => {
            out.push('[');
            for (index, item) in items.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                write_text(item, out);
            }
            out.push(']');
        }
        Json::Object(object) => {
            out.push('{');
            for (index, (key, item)) in object.iter().enumerate() {
                out.push_str(if index == 0 { "" } else { ", " });
                out.push_str(key);
                out.push('=');
                write_text(item, out);
            }
            out.push('}');
        }
    }
}

/// A number as Java prints it: `1`, `1.5`, `1.0E7`.
pub(super) fn number_text(number: &Number) -> String {
    match number.as_f64() {
        Some(double) if number.is_f64() => double_text(double),
        _ => number.to_string(),
    }
}

/// `Double.toString`: plain from 10^-3 to below 10^7, else with an exponent, always with a fraction.
fn double_text(double: f64) -> String {
    let magnitude = double.abs();
    if magnitude == 0.0 || (1e-3..1e7).contains(&magnitude) {
        let text = format!("{double}");
        return if text.contains('.') { text } else { text + ".0" };
    }
    let text = format!("{double:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let fraction = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{fraction}E{exponent}")
}

/// `hashCode` of the value as plain Java objects.
pub(super) fn hash_code(value: &Json) -> i32 {
    match value {
        Json::Null => 0,
        Json::Bool(true) => 1231,
        Json::Bool(false) => 1237,
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => i32::try_from(integer).unwrap_or_else(|_| fold(integer as u64)),
            (None, Some(integer)) => fold(integer),
            _ => fold(number.as_f64().unwrap_or_default().to_bits()),
        },
        Json::String(text) => text_hash(text),
        Json::Array(items) => {
            items.iter().fold(1_i32, |hash, item| hash.wrapping_mul(31).wrapping_add(hash_code(item)))
        }
        Json::Object(object) => {
            object.iter().fold(0_i32, |hash, (key, item)| hash.wrapping_add(text_hash(key) ^ hash_code(item)))
        }
    }
}

fn text_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

fn fold(bits: u64) -> i32 {
    (bits ^ (bits >> 32)) as u32 as i32
}

/// The distinct values in the order in which a `HashSet` that they were added to one by one is walked.
pub(super) fn hash_set_order(items: &[Json]) -> Vec<Json> {
    let mut buckets_log2 = 4;
    let mut entries: Vec<(u32, &Json)> = Vec::new();
    let mut known: std::collections::HashMap<u32, Vec<usize>> = std::collections::HashMap::new();
    for item in items {
        let hash = hash_code(item) as u32;
        let spread = hash ^ (hash >> 16);
        let alike = known.entry(spread).or_default();
        if alike.iter().any(|at| entries[*at].1 == item) {
            continue;
        }
        alike.push(entries.len());
        entries.push((spread, item));
        // A table grows once it is more than three quarters full.
        if entries.len() * 4 > (1_usize << buckets_log2) * 3 {
            buckets_log2 += 1;
        }
    }
    let mask = (1_u64 << buckets_log2) - 1;
    entries.sort_by_key(|(spread, _)| u64::from(*spread) & mask);
    entries.into_iter().map(|(_, item)| item.clone()).collect()
}

/// `Math.round`: to the nearest integer, halves upwards.
pub(super) fn round(value: f64) -> f64 {
    (value + 0.5).floor()
}

/// `new java.util.Random(seed).nextDouble()`.
pub(super) fn seeded_double(seed: i64) -> f64 {
    const MULTIPLIER: u64 = 0x5_DEEC_E66D;
    const INCREMENT: u64 = 0xB;
    const MASK: u64 = (1 << 48) - 1;
    let mut state = (seed as u64 ^ MULTIPLIER) & MASK;
    let mut next = |bits: u32| {
        state = state.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT) & MASK;
        state >> (48 - bits)
    };
    let high = next(26);
    ((high << 27) + next(27)) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn values_print_as_java_prints_them() {
        for (value, text) in [
            (json!({"a": [1, "x", null], "b": {"c": true}}), "{a=[1, x, null], b={c=true}}"),
            (json!(1.0), "1.0"),
            (json!(0.001), "0.001"),
            (json!(0.00012), "1.2E-4"),
            (json!(12_345_678.0), "1.2345678E7"),
            (json!(10_000_000.0), "1.0E7"),
            (json!(10_000_000), "10000000"),
        ] {
            assert_eq!(java_text(&value), text);
        }
    }

    #[test]
    fn hashes_are_those_of_java() {
        for (value, hash) in [
            (json!("abc"), 96_354),
            (json!(-1), -1),
            (json!(4_294_967_296_i64), 1),
            (json!(1.5), 1_073_217_536),
            (json!([1, 2]), 994),
            (json!({"a": 1}), 96),
        ] {
            assert_eq!(hash_code(&value), hash, "{value}");
        }
    }

    #[test]
    fn sets_are_walked_by_bucket() {
        assert_eq!(hash_set_order(&[json!(true), json!(false), json!(true)]), [json!(false), json!(true)]);
        assert_eq!(hash_set_order(&[json!([1, 2]), json!([1, 2]), json!([2, 1])]), [json!([2, 1]), json!([1, 2])]);
        assert_eq!(hash_set_order(&[json!(17), json!(1), json!(2)]), [json!(17), json!(1), json!(2)]);
        assert_eq!(hash_set_order(&[json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1})]).len(), 1);
    }

    #[test]
    fn seeded_doubles_are_those_of_java() {
        assert_eq!(seeded_double(42).to_string(), "0.7275636800328681");
        assert_eq!(seeded_double(0).to_string(), "0.730967787376657");
    }
}
