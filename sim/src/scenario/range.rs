/// From `least` to `most`, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The smallest, which is also what shrinking goes for.
    pub least: u64,
    /// The largest.
    pub most: u64,
}

impl Range {
    /// Only `value`.
    pub fn exactly(value: u64) -> Range {
        Range { least: value, most: value }
    }

    /// How many values there are besides the smallest.
    pub fn width(self) -> u64 {
        self.most.saturating_sub(self.least)
    }
}

/// Reads `3` or `1..8`; the error says what is wrong.
pub fn count(text: &str) -> Result<Range, String> {
    range(text, |part| part.parse::<u64>().map_err(|_| format!("'{part}' is not a whole number")))
}

/// Reads `5s` or `0s..10s` as milliseconds; the error says what is wrong.
pub fn duration_ms(text: &str) -> Result<Range, String> {
    range(text, one_duration_ms)
}

fn range(text: &str, one: impl Fn(&str) -> Result<u64, String>) -> Result<Range, String> {
    let Some((least, most)) = text.split_once("..") else {
        return one(text.trim()).map(Range::exactly);
    };
    let range = Range { least: one(least.trim())?, most: one(most.trim())? };
    if range.least > range.most { Err(format!("the range '{text}' ends before it begins")) } else { Ok(range) }
}

/// `250ms`, `5s`, `1h30m`: numbers, each with its unit.
fn one_duration_ms(text: &str) -> Result<u64, String> {
    let wrong = || format!("'{text}' is no duration; write numbers with a unit of ms, s, m, h or d, like 90s or 1h30m");
    let mut rest = text;
    let mut total: u64 = 0;
    if rest.is_empty() {
        return Err(wrong());
    }
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let number: u64 = rest[..digits].parse().map_err(|_| wrong())?;
        let behind = rest[digits..].trim_start();
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let unit_ms = match &behind[..letters] {
            "ms" => 1,
            "s" => 1000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return Err(wrong()),
        };
        let part = number.checked_mul(unit_ms);
        total = part
            .and_then(|part| total.checked_add(part))
            .ok_or_else(|| format!("the duration '{text}' is too long"))?;
        rest = behind[letters..].trim_start();
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_and_durations_are_read_with_their_units() {
        let range = |least, most| Ok(Range { least, most });
        for (text, wanted) in [
            ("0s", range(0, 0)),
            ("0s..10s", range(0, 10_000)),
            ("250ms .. 1m", range(250, 60_000)),
            ("1h30m", range(5_400_000, 5_400_000)),
            ("2d", range(172_800_000, 172_800_000)),
            ("1 h 5 s", range(3_605_000, 3_605_000)),
            (
                "5",
                Err("'5' is no duration; write numbers with a unit of ms, s, m, h or d, like 90s or 1h30m".to_owned()),
            ),
            ("", Err("'' is no duration; write numbers with a unit of ms, s, m, h or d, like 90s or 1h30m".to_owned())),
            ("5s..1s", Err("the range '5s..1s' ends before it begins".to_owned())),
            ("999999999999999999d", Err("the duration '999999999999999999d' is too long".to_owned())),
        ] {
            assert_eq!(duration_ms(text), wanted, "{text}");
        }
        assert_eq!(count("1..8"), range(1, 8));
        assert_eq!(count("3"), range(3, 3));
        assert_eq!(count("1..x"), Err("'x' is not a whole number".to_owned()));
        assert_eq!(count("-1"), Err("'-1' is not a whole number".to_owned()));
    }
}
