/// A point in time as timestamps in definitions and inputs give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Instant {
    seconds: i64,
    nanos: u32,
}

impl Instant {
    /// Reads an extended offset date-time: `2016-12-05T21:29:29.5Z`, `2016-12-05T21:29+01:00`.
    ///
    /// AWS: what Java's `ISO_OFFSET_DATE_TIME` reads, so seconds may be left out and an offset may carry seconds, but
    /// the `T` and the offset may not be missing.
    pub(crate) fn parse(text: &str) -> Option<Instant> {
        let mut reader = Reader { rest: text.as_bytes() };
        let year = i64::from(reader.digits(4)?);
        reader.byte(b'-')?;
        let month = reader.digits(2)?;
        reader.byte(b'-')?;
        let day = reader.digits(2)?;
        reader.byte(b'T')?;
        let hour = reader.digits(2)?;
        reader.byte(b':')?;
        let minute = reader.digits(2)?;
        let (mut second, mut nanos) = (0, 0);
        if reader.byte(b':').is_some() {
            second = reader.digits(2)?;
            if reader.byte(b'.').is_some() {
                nanos = reader.nanos()?;
            }
        }
        let offset = reader.offset()?;
        let valid = (1..=12).contains(&month)
            && (1..=days_in_month(year, month)).contains(&day)
            && hour < 24
            && minute < 60
            && second < 60
            && reader.rest.is_empty();
        let of_day = i64::from(hour * 3600 + minute * 60 + second);
        valid.then(|| Instant { seconds: days_since_1970(year, month, day) * 86_400 + of_day - offset, nanos })
    }

    /// Milliseconds since 1970, rounded up so that nothing wakes before its time; 0 for what lies before 1970.
    pub(crate) fn to_ms(self) -> u64 {
        let ms = self.seconds.saturating_mul(1000).saturating_add(i64::from(self.nanos.div_ceil(1_000_000)));
        u64::try_from(ms).unwrap_or(0)
    }
}

struct Reader<'t> {
    rest: &'t [u8],
}

impl Reader<'_> {
    fn byte(&mut self, expected: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        first.eq_ignore_ascii_case(&expected).then(|| self.rest = rest)
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.rest.split_at_checked(count)?;
        self.rest = rest;
        digits.iter().try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + u32::from(digit - b'0')))
    }

    fn nanos(&mut self) -> Option<u32> {
        let count = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if !(1..=9).contains(&count) {
            return None;
        }
        let value = self.digits(count)?;
        Some((count..9).fold(value, |value, _| value * 10))
    }

    fn offset(&mut self) -> Option<i64> {
        if self.byte(b'Z').is_some() {
            return Some(0);
        }
        let sign = if self.byte(b'+').is_some() {
            1
        } else {
            self.byte(b'-')?;
            -1
        };
        let hours = self.digits(2)?;
        self.byte(b':')?;
        let minutes = self.digits(2)?;
        let seconds = if self.byte(b':').is_some() { self.digits(2)? } else { 0 };
        let total = i64::from(hours * 3600 + minutes * 60 + seconds);
        (total <= 18 * 3600 && minutes < 60 && seconds < 60).then_some(sign * total)
    }
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01, in the proleptic Gregorian calendar: years are counted from March, so that a leap day is last.
fn days_since_1970(year: i64, month: u32, day: u32) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = i64::from((month + 9) % 12);
    let day_of_year = (153 * month_from_march + 2) / 5 + i64::from(day) - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::Instant;

    fn ms(text: &str) -> Option<u64> {
        Instant::parse(text).map(Instant::to_ms)
    }

    #[test]
    fn offset_date_times_are_read_to_the_nanosecond() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-01-01T00:00:00Z", 1_767_225_600_000),
            ("2026-01-01T01:00+01:00", 1_767_225_600_000),
            ("2024-02-29T23:59:59.5-00:30", 1_709_252_999_500),
            ("2026-01-01T00:00:00.000000001Z", 1_767_225_600_001),
            ("1969-12-31T23:59:59Z", 0),
        ] {
            assert_eq!(ms(text), Some(expected), "{text}");
        }
        assert!(Instant::parse("2026-01-01T00:00:00.1Z") > Instant::parse("2026-01-01T00:00:00.000000001Z"));
    }

    #[test]
    fn anything_less_is_refused() {
        for text in [
            "",
            "2026-01-01",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00.1234567890Z",
            "2026-01-01T00:00:00Zx",
            "2026-01-01T00:00:00+19:00",
            "20x6-01-01T00:00:00Z",
        ] {
            assert_eq!(ms(text), None, "{text}");
        }
    }
}
