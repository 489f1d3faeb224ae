//! What flags take.

use std::path::PathBuf;
use std::time::Duration;

use crate::explore::Strategy;
use crate::world::Profile;

/// Seeds from `first` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seeds {
    /// The first one.
    pub first: u64,
    /// How many, at least one.
    pub count: u64,
}

/// A report, and where to write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTo {
    /// Which one.
    pub kind: ReportKind,
    /// The file.
    pub file: PathBuf,
}

/// The reports that there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReportKind {
    /// `JUnit`'s XML.
    Junit,
    /// JSON.
    Json,
    /// A page.
    Html,
}

/// `1000`, or `A..B` without B.
pub(super) fn parse_seeds(text: &str) -> Result<Seeds, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok();
    let seeds = match text.split_once("..") {
        None => number(text).map(|count| Seeds { first: 0, count }),
        Some((first, last)) => {
            let last = last.strip_prefix('=').map_or_else(|| number(last)?.checked_sub(1), number);
            number(first).zip(last).and_then(|(first, last)| {
                let count = last.checked_sub(first)?.checked_add(1)?;
                Some(Seeds { first, count })
            })
        }
    };
    let seeds = seeds.filter(|seeds| seeds.count > 0);
    seeds.ok_or_else(|| "expected how many, such as 1000, or which, such as 500..1500".to_owned())
}

pub(super) fn parse_time(text: &str) -> Result<Duration, String> {
    let expected = || "expected a time such as 500ms, 60s, 5min or 1h".to_owned();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number: u64 = text[..digits].parse().map_err(|_| expected())?;
    let unit_ms = match &text[digits..] {
        "ms" => 1,
        "s" | "" => 1_000,
        "min" | "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(expected()),
    };
    let ms = number.checked_mul(unit_ms).filter(|ms| (1..=TIME_MS_MAX).contains(ms));
    ms.map(Duration::from_millis).ok_or_else(expected)
}

/// A year: whoever wants more can ask again.
const TIME_MS_MAX: u64 = 365 * 86_400_000;

pub(super) fn parse_strategy(text: &str) -> Result<Strategy, String> {
    Strategy::parse(text).ok_or_else(|| {
        let names: Vec<&str> = Strategy::ALL.iter().map(|strategy| strategy.name()).collect();
        format!("expected one of {}", names.join(", "))
    })
}

/// `junit=FILE`, `json=FILE` or `html=FILE`.
pub(super) fn parse_report(text: &str) -> Result<ReportTo, String> {
    let report = text.split_once('=').filter(|(_, file)| !file.is_empty()).and_then(|(kind, file)| {
        let file = PathBuf::from(file);
        match kind {
            "junit" => Some(ReportTo { kind: ReportKind::Junit, file }),
            "json" => Some(ReportTo { kind: ReportKind::Json, file }),
            "html" => Some(ReportTo { kind: ReportKind::Html, file }),
            _ => None,
        }
    });
    report.ok_or_else(|| "expected junit=FILE, json=FILE or html=FILE".to_owned())
}

pub(super) fn parse_profile(text: &str) -> Result<Profile, String> {
    match text {
        "none" => Ok(Profile::None),
        "documented" => Ok(Profile::Documented),
        "stress" => Ok(Profile::Stress),
        _ => Err("expected none, documented or stress".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_are_a_number_or_an_interval() {
        for (text, wanted) in [
            ("1000", Some((0, 1000))),
            ("5..8", Some((5, 3))),
            ("5..=8", Some((5, 4))),
            ("18446744073709551615..=18446744073709551615", Some((u64::MAX, 1))),
            ("0..=18446744073709551615", None),
            ("8..8", None),
            ("9..8", None),
            ("0", None),
            ("-1", None),
            ("..5", None),
            ("x", None),
        ] {
            let parsed = parse_seeds(text).ok().map(|seeds| (seeds.first, seeds.count));
            assert_eq!(parsed, wanted, "{text}");
        }
    }

    #[test]
    fn times_have_units() {
        for (text, ms) in [("60s", Some(60_000)), ("7", Some(7_000)), ("2min", Some(120_000)), ("1h", Some(3_600_000))]
        {
            assert_eq!(parse_time(text).ok(), ms.map(Duration::from_millis), "{text}");
        }
        for text in ["0s", "s", "1day", "-1s", "99999999999h", "½s", ""] {
            assert!(parse_time(text).is_err(), "{text}");
        }
    }
}
