use std::sync::Arc;

use rehearsal_engine::source::{Diagnostic, Node, Shape, Span};

use super::model::{FaultEntry, FaultProfile, FaultSetting, Faults};
use crate::diagnostics::{Place, Problem, SourceId};
use crate::template::{Report, scalar_text, suggestion_hint, wrong_type};

const PATH: &str = "/faults";

impl Faults {
    /// The names that are not among `known`, as problems.
    pub fn unknown_names(&self, known: &[&str]) -> Vec<Problem> {
        let unknown = self.entries.iter().filter(|entry| !known.contains(&&*entry.name));
        let problems = unknown.map(|entry| {
            let message = format!("no fault is called '{}'", entry.name);
            let mut problem = Diagnostic::error("unknown-fault", entry.place.span, PATH, message);
            problem.hint = suggestion_hint(&entry.name, PROFILES.into_iter().chain(known.iter().copied()));
            Problem::new(entry.place.source, problem)
        });
        problems.collect()
    }
}

/// Reads `faults`.
///
/// A word is a profile. A list or a map without a profile means these faults and no others, unless it takes some away
/// or adds some with a sign: then it changes `documented`.
pub fn read(node: &Node, source: SourceId, report: &Report) -> Faults {
    let mut reader = Reader { source, report, profile: None, changes: false, entries: Vec::new() };
    match &node.shape {
        Shape::String(text) => match profile(text) {
            Some(profile) => return Faults { profile, entries: Vec::new() },
            None => reader.word(text, node.span),
        },
        Shape::Bool(false) => return Faults { profile: FaultProfile::None, entries: Vec::new() },
        Shape::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                reader.item(item, &format!("{PATH}[{index}]"));
            }
        }
        Shape::Object(members) => {
            for member in members {
                reader.member(&member.key, member.key_span, &member.value, &format!("{PATH}/{}", member.key));
            }
        }
        _ => report
            .push(wrong_type(node, PATH, "a profile, or a list of faults").hint("write none, documented or stress")),
    }
    let base = if reader.changes { FaultProfile::Documented } else { FaultProfile::None };
    Faults { profile: reader.profile.unwrap_or(base), entries: reader.entries }
}

struct Reader<'n> {
    source: SourceId,
    report: &'n Report,
    profile: Option<FaultProfile>,
    /// Whether an entry only makes sense as a change of a profile.
    changes: bool,
    entries: Vec<FaultEntry>,
}

impl Reader<'_> {
    fn item(&mut self, node: &Node, path: &str) {
        match &node.shape {
            Shape::String(text) => match profile(text) {
                Some(profile) => self.profile = Some(profile),
                None => self.word(text, node.span),
            },
            Shape::Object(members) => {
                for member in members {
                    self.member(&member.key, member.key_span, &member.value, path);
                }
            }
            _ => self.report.push(wrong_type(node, path, "a fault's name, or a name and a rate")),
        }
    }

    /// `EB-DUP`, `+EB-DUP`, `-EB-DUP`
    fn word(&mut self, text: &str, span: Span) {
        let (name, setting) = match (text.strip_prefix('+'), text.strip_prefix('-')) {
            (Some(name), _) => (name, FaultSetting::On),
            (_, Some(name)) => (name, FaultSetting::Off),
            _ => (text, FaultSetting::On),
        };
        self.changes |= name.len() < text.len();
        self.push(name.trim(), setting, span);
    }

    fn member(&mut self, key: &Arc<str>, key_span: Span, value: &Node, path: &str) {
        if &**key == "profile" {
            match value.as_str().and_then(profile) {
                Some(profile) => self.profile = Some(profile),
                None => self.report.push(wrong_type(value, path, "none, documented or stress")),
            }
            return;
        }
        let setting = match &value.shape {
            Shape::Bool(true) | Shape::Null => Some(FaultSetting::On),
            Shape::Bool(false) => Some(FaultSetting::Off),
            _ => match scalar_text(value).as_deref() {
                Some("on" | "+") => Some(FaultSetting::On),
                Some("off" | "-") => Some(FaultSetting::Off),
                Some(text) => rate_ppm(text).map(FaultSetting::RatePpm),
                None => None,
            },
        };
        let Some(setting) = setting else {
            let message = "a fault is 'on', 'off', or has a rate from 0 to 1";
            self.report
                .push(Diagnostic::error("invalid-rate", value.span, path, message).hint("for example 0.05 or 5%"));
            return;
        };
        let signed = key.trim_start_matches(['+', '-']);
        self.changes |= setting == FaultSetting::Off || signed.len() < key.len();
        self.push(signed, setting, key_span);
    }

    fn push(&mut self, name: &str, setting: FaultSetting, span: Span) {
        self.entries.push(FaultEntry { name: name.into(), setting, place: Place::new(self.source, span) });
    }
}

const PROFILES: [&str; 3] = ["none", "documented", "stress"];

fn profile(word: &str) -> Option<FaultProfile> {
    match word {
        "none" => Some(FaultProfile::None),
        "documented" => Some(FaultProfile::Documented),
        "stress" => Some(FaultProfile::Stress),
        _ => None,
    }
}

/// `0.05`, `5%` or `1/200` as parts of a million, in whole numbers.
fn rate_ppm(text: &str) -> Option<u32> {
    const MILLION: u64 = 1_000_000;
    if let Some((part, whole)) = text.split_once('/') {
        let (part, whole): (u64, u64) = (part.trim().parse().ok()?, whole.trim().parse().ok()?);
        return (whole > 0 && part <= whole)
            .then(|| (u128::from(part) * u128::from(MILLION) / u128::from(whole)) as u32);
    }
    let (number, scale) = match text.strip_suffix('%') {
        Some(percent) => (percent.trim(), MILLION / 100),
        None => (text, MILLION),
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let valid = !whole.is_empty() && (fraction.is_empty() || fraction.bytes().all(|byte| byte.is_ascii_digit()));
    if !valid {
        return None;
    }
    let mut ppm = whole.parse::<u64>().ok()?.checked_mul(scale)?;
    let mut unit = scale;
    for digit in fraction.bytes() {
        unit /= 10;
        ppm = ppm.checked_add(u64::from(digit - b'0') * unit)?;
    }
    (ppm <= MILLION).then_some(ppm as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_exactly() {
        for (text, wanted) in [
            ("0", Some(0)),
            ("1", Some(1_000_000)),
            ("0.05", Some(50_000)),
            ("0.000001", Some(1)),
            ("5%", Some(50_000)),
            ("0.1 %", Some(1000)),
            ("1/200", Some(5000)),
            ("1.5", None),
            ("2/1", None),
            ("1/0", None),
            ("-0.1", None),
            ("x", None),
            (".5", None),
        ] {
            assert_eq!(rate_ppm(text), wanted, "{text}");
        }
    }
}
