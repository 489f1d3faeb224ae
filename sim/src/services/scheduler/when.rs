use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use rehearsal_engine::events::Schedule as Recurring;

use crate::world::Millis;

/// When a schedule is due: its expression, its time zone and its bounds.
#[derive(Clone, Debug)]
pub struct When {
    form: Form,
    zone: TimeZone,
    /// `StartDate`
    from: Option<Millis>,
    /// `EndDate`
    to: Option<Millis>,
}

#[derive(Clone, Debug)]
enum Form {
    /// `at(2026-03-01T09:00:00)`, in the zone.
    At(DateTime),
    /// `rate(5 minutes)`: real time, whatever the clocks do.
    Rate(Recurring),
    /// `cron(0 9 * * ? *)`, by the clocks of the zone.
    Cron(Recurring),
}

/// AWS: recorded so.
const INVALID: &str = "Invalid Schedule Expression";

impl When {
    /// Reads an expression and the name of its zone.
    pub fn parse(expression: &str, zone: &str) -> Result<When, String> {
        // The database is built in: what the machine has installed decides nothing.
        let zone = TimeZoneDatabase::bundled()
            .get(zone)
            .map_err(|_| format!("'{zone}' is no time zone; write a name of the IANA database, like Europe/Berlin"))?;
        let invalid = || format!("{INVALID} {expression}.");
        let form = if let Some(text) = expression.strip_prefix("at(").and_then(|rest| rest.strip_suffix(')')) {
            // AWS: the local time alone, without a Z and without a fraction.
            let is_plain = text.len() == "2026-03-01T09:00:00".len();
            Form::At(text.parse().ok().filter(|_| is_plain).ok_or_else(invalid)?)
        } else {
            let recurring = Recurring::parse(expression).map_err(|_| invalid())?;
            if expression.starts_with("rate(") { Form::Rate(recurring) } else { Form::Cron(recurring) }
        };
        Ok(When { form, zone, from: None, to: None })
    }

    /// The same within bounds. AWS: they mean nothing to a schedule that is due only once.
    #[must_use]
    pub fn between(mut self, from: Option<Millis>, to: Option<Millis>) -> When {
        (self.from, self.to) = (from, to);
        self
    }

    /// Whether it is due only once.
    pub fn is_once(&self) -> bool {
        matches!(self.form, Form::At(_))
    }

    /// The first instant at which it is due, for a schedule that exists from `created` on.
    pub fn first(&self, created: Millis) -> Option<Millis> {
        let begin = self.from.map_or(created, |from| from.max(created));
        match &self.form {
            Form::At(local) => self.instant(*local).filter(|at| *at >= created),
            // AWS: a rate is due as soon as it may be.
            Form::Rate(_) => self.bounded(begin),
            Form::Cron(_) => self.next(Millis(begin.0.saturating_sub(1))),
        }
    }

    /// The first instant after `after` at which it is due.
    pub fn next(&self, after: Millis) -> Option<Millis> {
        match &self.form {
            Form::At(_) => None,
            Form::Rate(rate) => self.bounded(Millis(rate.next_after(after.0)?)),
            Form::Cron(cron) => {
                let mut local_ms = self.local_ms(after)?;
                loop {
                    local_ms = cron.next_after(local_ms)?;
                    let local = civil(local_ms)?;
                    // AWS: a local time that the clocks skip is skipped, one that they show twice counts the first time.
                    match self.instant(local) {
                        Some(at) if at > after => return self.bounded(at),
                        _ => {}
                    }
                }
            }
        }
    }

    /// How far apart its first two instants are.
    pub fn period_ms(&self) -> Option<u64> {
        let first = self.first(Millis::START)?;
        self.next(first).map(|second| second - first)
    }

    fn bounded(&self, at: Millis) -> Option<Millis> {
        self.to.is_none_or(|to| at <= to).then_some(at)
    }

    /// What the zone's clocks show, as milliseconds since 1970 by those clocks.
    fn local_ms(&self, at: Millis) -> Option<u64> {
        let timestamp = Timestamp::from_millisecond(i64::try_from(at.0).ok()?).ok()?;
        let offset_s = i64::from(self.zone.to_offset(timestamp).seconds());
        u64::try_from(timestamp.as_millisecond().checked_add(offset_s * 1000)?).ok()
    }

    /// The instant of a local time; `None` when the clocks skip it.
    fn instant(&self, local: DateTime) -> Option<Millis> {
        let ambiguous = self.zone.to_ambiguous_timestamp(local);
        if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            return None;
        }
        let ms = ambiguous.earlier().ok()?.as_millisecond();
        u64::try_from(ms).ok().map(Millis)
    }
}

fn civil(local_ms: u64) -> Option<DateTime> {
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    epoch.checked_add(SignedDuration::from_millis(i64::try_from(local_ms).ok()?)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instants(expression: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let when = When::parse(expression, zone).unwrap_or_else(|error| panic!("{error}"));
        let mut next = when.first(at(after));
        let mut found = Vec::new();
        while let Some(at) = next.filter(|_| found.len() < count) {
            found.push(at.to_iso()[..16].to_owned());
            next = when.next(at);
        }
        found
    }

    fn at(text: &str) -> Millis {
        let timestamp: Timestamp = text.parse().unwrap_or_else(|_| panic!("{text}"));
        Millis(timestamp.as_millisecond() as u64)
    }

    #[test]
    fn a_zones_clocks_decide_when_a_schedule_is_due() {
        for (expression, zone, after, wanted) in [
            // Noon in New York is another hour of the day in UTC after the clocks went forward on 8 March.
            (
                "cron(0 12 * * ? *)",
                "America/New_York",
                "2026-03-07T00:00:00Z",
                &["2026-03-07T17:00", "2026-03-08T16:00"][..],
            ),
            // Half past two does not exist on 29 March in Berlin.
            ("cron(30 2 * * ? *)", "Europe/Berlin", "2026-03-28T00:00:00Z", &["2026-03-28T01:30", "2026-03-30T00:30"]),
            // Half past one comes twice on 1 November in New York, and counts once.
            (
                "cron(30 1 * * ? *)",
                "America/New_York",
                "2026-10-31T12:00:00Z",
                &["2026-11-01T05:30", "2026-11-02T06:30"],
            ),
            ("cron(0 0 1 * ? *)", "Asia/Kolkata", "2026-01-01T00:00:00Z", &["2026-01-31T18:30", "2026-02-28T18:30"]),
            ("cron(0 12 * * ? *)", "UTC", "2026-01-01T12:00:00Z", &["2026-01-01T12:00", "2026-01-02T12:00"]),
            ("at(2026-07-01T09:00:00)", "Europe/Berlin", "2026-01-01T00:00:00Z", &["2026-07-01T07:00"]),
            ("at(2025-07-01T09:00:00)", "Europe/Berlin", "2026-01-01T00:00:00Z", &[]),
            // A rate is due at once, and knows nothing of clocks.
            ("rate(1 day)", "Europe/Berlin", "2026-03-28T12:00:00Z", &["2026-03-28T12:00", "2026-03-29T12:00"]),
        ] {
            assert_eq!(instants(expression, zone, after, 2), wanted, "{expression} {zone}");
        }
    }

    #[test]
    fn a_schedule_is_due_only_within_its_bounds() {
        let bounded = |expression| {
            let when = When::parse(expression, "UTC").expect("a schedule");
            when.between(Some(at("2026-01-02T06:00:00Z")), Some(at("2026-01-03T06:00:00Z")))
        };
        let daily = bounded("cron(0 12 * * ? *)");
        let first = daily.first(Millis::START).expect("one day lies within");
        assert_eq!((first, daily.next(first)), (at("2026-01-02T12:00:00Z"), None));
        let rate = bounded("rate(1 day)");
        let first = rate.first(Millis::START).expect("the begin");
        assert_eq!(first, at("2026-01-02T06:00:00Z"));
        assert_eq!(rate.next(first), Some(at("2026-01-03T06:00:00Z")));
        assert_eq!(rate.next(at("2026-01-03T06:00:00Z")), None);
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for expression in [
            "at(2021-12-31T23:59:59Z)",
            "at(2021-12-31)",
            "at(2021-13-31T23:59:59)",
            " rate(1 minute)",
            "rate(0 minutes)",
            "cron(0 1 * * * *)",
            "every day",
            "",
        ] {
            let error = When::parse(expression, "UTC").expect_err(expression);
            assert_eq!(error, format!("Invalid Schedule Expression {expression}."));
        }
        assert!(
            When::parse("rate(1 day)", "Mars/Olympus")
                .is_err_and(|error| error.starts_with("'Mars/Olympus' is no time zone"))
        );
    }
}
