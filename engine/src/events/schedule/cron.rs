//! The six fields of `cron(minutes hours day-of-month month day-of-week year)`.

use crate::events::calendar::{Date, MS_PER_DAY, MS_PER_HOUR, MS_PER_MINUTE, days_in_month};

const YEAR_FIRST: u64 = 1970;
const YEAR_LAST: u64 = 2199;
const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cron {
    minutes: u64,
    hours: u64,
    days: Days,
    months: u64,
    years: Vec<bool>,
}

/// Exactly one of the two day fields is `?`; this is the other.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Days {
    OfMonth(Vec<DayOfMonth>),
    OfWeek(Vec<DayOfWeek>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DayOfMonth {
    /// A bit for each day.
    Any(u64),
    Last,
    /// `15W`: the weekday nearest to the 15th, in the same month.
    WeekdayNear(u64),
    /// `LW`
    LastWeekday,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DayOfWeek {
    /// A bit for each weekday.
    Any(u64),
    /// `6L`: the last Friday.
    Last(u64),
    /// `6#3`: the third Friday.
    Nth(u64, u64),
}

impl Cron {
    pub(super) fn parse(text: &str) -> Option<Cron> {
        let fields: Vec<&str> = text.split(' ').filter(|field| !field.is_empty()).collect();
        let [minutes, hours, day_of_month, month, day_of_week, year] = fields[..] else { return None };
        let days = match (day_of_month, day_of_week) {
            ("?", "?") => return None,
            (days, "?") => Days::OfMonth(days.split(',').map(DayOfMonth::parse).collect::<Option<_>>()?),
            ("?", days) => Days::OfWeek(days.split(',').map(DayOfWeek::parse).collect::<Option<_>>()?),
            _ => return None,
        };
        let mut years = vec![false; (YEAR_LAST - YEAR_FIRST + 1) as usize];
        for item in year.split(',') {
            for year in Values::parse(item, YEAR_FIRST, YEAR_LAST, &[])?.iter() {
                *years.get_mut((year - YEAR_FIRST) as usize)? = true;
            }
        }
        Some(Cron {
            minutes: bits(minutes, 0, 59, &[])?,
            hours: bits(hours, 0, 23, &[])?,
            days,
            months: bits(month, 1, 12, &MONTHS)?,
            years,
        })
    }

    pub(super) fn next_after(&self, after_ms: u64) -> Option<u64> {
        let first_ms = (after_ms / MS_PER_MINUTE).checked_add(1)?.checked_mul(MS_PER_MINUTE)?;
        let first = Date::from_days(first_ms / MS_PER_DAY);
        let (hour, minute) = (first_ms % MS_PER_DAY / MS_PER_HOUR, first_ms % MS_PER_HOUR / MS_PER_MINUTE);
        for year in first.year..=YEAR_LAST {
            if !self.years.get((year - YEAR_FIRST) as usize).copied()? {
                continue;
            }
            let month_first = if year == first.year { first.month } else { 1 };
            for month in (month_first..=12).filter(|month| self.months >> month & 1 == 1) {
                let days = self.days.in_month(year, month);
                let is_first_month = (year, month) == (first.year, first.month);
                let day_first = if is_first_month { first.day } else { 1 };
                for day in (day_first..=31).filter(|day| days >> day & 1 == 1) {
                    let is_first_day = is_first_month && day == first.day;
                    let from = if is_first_day { (hour, minute) } else { (0, 0) };
                    if let Some((hour, minute)) = self.time_from(from) {
                        let days = Date { year, month, day }.days();
                        return Some(days * MS_PER_DAY + hour * MS_PER_HOUR + minute * MS_PER_MINUTE);
                    }
                }
            }
        }
        None
    }

    /// The first time of a day that is not before `from`.
    fn time_from(&self, from: (u64, u64)) -> Option<(u64, u64)> {
        (from.0..24).filter(|hour| self.hours >> hour & 1 == 1).find_map(|hour| {
            let first = if hour == from.0 { from.1 } else { 0 };
            (first..60).find(|minute| self.minutes >> minute & 1 == 1).map(|minute| (hour, minute))
        })
    }
}

impl Days {
    /// A bit for each day of the month that is meant.
    fn in_month(&self, year: u64, month: u64) -> u64 {
        let last = days_in_month(year, month);
        let weekday = |day| Date { year, month, day }.weekday();
        let all = match self {
            Days::OfMonth(days) => days.iter().fold(0, |all, day| all | day.in_month(last, weekday)),
            Days::OfWeek(days) => days.iter().fold(0, |all, day| all | day.in_month(last, weekday)),
        };
        all & ((1 << (last + 1)) - 1)
    }
}

impl DayOfMonth {
    fn parse(text: &str) -> Option<DayOfMonth> {
        match text {
            "L" => Some(DayOfMonth::Last),
            "LW" => Some(DayOfMonth::LastWeekday),
            _ => match text.strip_suffix('W') {
                Some(day) => value(day, 1, 31, &[]).map(DayOfMonth::WeekdayNear),
                None => bits(text, 1, 31, &[]).map(DayOfMonth::Any),
            },
        }
    }

    fn in_month(self, last: u64, weekday: impl Fn(u64) -> u64) -> u64 {
        let nearest = |day: u64| match weekday(day) {
            // Saturday and Sunday move to the Friday before and the Monday after, but never into another month.
            7 if day == 1 => 3,
            7 => day - 1,
            1 if day == last => day - 2,
            1 => day + 1,
            _ => day,
        };
        match self {
            DayOfMonth::Any(days) => days,
            DayOfMonth::Last => 1 << last,
            DayOfMonth::WeekdayNear(day) if day > last => 0,
            DayOfMonth::WeekdayNear(day) => 1 << nearest(day),
            DayOfMonth::LastWeekday => 1 << nearest(last),
        }
    }
}

impl DayOfWeek {
    fn parse(text: &str) -> Option<DayOfWeek> {
        if let Some((weekday, nth)) = text.split_once('#') {
            return Some(DayOfWeek::Nth(value(weekday, 1, 7, &WEEKDAYS)?, value(nth, 1, 5, &[])?));
        }
        match text.strip_suffix('L') {
            // The last day of the week is Saturday.
            Some("") => Some(DayOfWeek::Any(1 << 7)),
            Some(weekday) => value(weekday, 1, 7, &WEEKDAYS).map(DayOfWeek::Last),
            None => bits(text, 1, 7, &WEEKDAYS).map(DayOfWeek::Any),
        }
    }

    fn in_month(self, last: u64, weekday: impl Fn(u64) -> u64) -> u64 {
        let mut days = (1..=last).filter(|&day| match self {
            DayOfWeek::Any(weekdays) => weekdays >> weekday(day) & 1 == 1,
            DayOfWeek::Last(wanted) | DayOfWeek::Nth(wanted, _) => weekday(day) == wanted,
        });
        match self {
            DayOfWeek::Any(_) => days.fold(0, |all, day| all | 1 << day),
            DayOfWeek::Last(_) => days.next_back().map_or(0, |day| 1 << day),
            DayOfWeek::Nth(_, nth) => days.nth(nth as usize - 1).map_or(0, |day| 1 << day),
        }
    }
}

/// What `*`, `5`, `5-10`, `5/10` and `5-20/5` stand for.
struct Values {
    first: u64,
    /// Larger than the field's largest value where a range runs over the end: `FRI-MON`.
    last: u64,
    step: u64,
    smallest: u64,
    size: u64,
}

impl Values {
    fn parse(item: &str, smallest: u64, largest: u64, names: &[&str]) -> Option<Values> {
        let size = largest - smallest + 1;
        let (range, step) = match item.split_once('/') {
            Some((range, step)) => (range, Some(value(step, 1, largest, &[])?)),
            None => (item, None),
        };
        let (first, last) = match range.split_once('-') {
            _ if range == "*" => (smallest, largest),
            Some((first, last)) => {
                let first = value(first, smallest, largest, names)?;
                let last = value(last, smallest, largest, names)?;
                (first, if last < first { last + size } else { last })
            }
            None => {
                let first = value(range, smallest, largest, names)?;
                (first, if step.is_some() { largest } else { first })
            }
        };
        Some(Values { first, last, step: step.unwrap_or(1), smallest, size })
    }

    fn iter(&self) -> impl Iterator<Item = u64> {
        let Values { smallest, size, .. } = *self;
        (self.first..=self.last).step_by(self.step as usize).map(move |value| (value - smallest) % size + smallest)
    }
}

fn bits(field: &str, smallest: u64, largest: u64, names: &[&str]) -> Option<u64> {
    field.split(',').try_fold(0, |all, item| {
        let values = Values::parse(item, smallest, largest, names)?;
        Some(values.iter().fold(all, |all, value| all | 1 << value))
    })
}

fn value(text: &str, smallest: u64, largest: u64, names: &[&str]) -> Option<u64> {
    if let Some(at) = names.iter().position(|name| name.eq_ignore_ascii_case(text)) {
        return Some(at as u64 + smallest);
    }
    if text.is_empty() || !text.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|value| (smallest..=largest).contains(value))
}
