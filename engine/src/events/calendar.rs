//! The Gregorian calendar in integers: days, months and weekdays, UTC, no time zones.

pub(super) const MS_PER_SECOND: u64 = 1_000;
pub(super) const MS_PER_MINUTE: u64 = 60 * MS_PER_SECOND;
pub(super) const MS_PER_HOUR: u64 = 60 * MS_PER_MINUTE;
pub(super) const MS_PER_DAY: u64 = 24 * MS_PER_HOUR;

const DAYS_PER_ERA: u64 = 146_097;
const YEARS_PER_ERA: u64 = 400;
/// Days from 0000-03-01 to 1970-01-01: counting years from March puts the leap day last.
const DAYS_BEFORE_EPOCH: u64 = 719_468;

/// A day of the calendar, from 1970 on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date {
    pub(super) year: u64,
    /// 1 to 12.
    pub(super) month: u64,
    /// 1 to 31.
    pub(super) day: u64,
}

impl Date {
    /// The date that lies `days` after 1970-01-01.
    pub(super) fn from_days(days: u64) -> Date {
        let days = days.saturating_add(DAYS_BEFORE_EPOCH);
        let (era, day_of_era) = (days / DAYS_PER_ERA, days % DAYS_PER_ERA);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Date { year: era * YEARS_PER_ERA + year_of_era + u64::from(month <= 2), month, day }
    }

    /// Days since 1970-01-01; zero for dates before.
    pub(super) fn days(self) -> u64 {
        let year = if self.month <= 2 { self.year.saturating_sub(1) } else { self.year };
        let (era, year_of_era) = (year / YEARS_PER_ERA, year % YEARS_PER_ERA);
        let month_from_march = (self.month + 9) % 12;
        let day_of_year = (153 * month_from_march + 2) / 5 + self.day.saturating_sub(1);
        let day_of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + day_of_year;
        (era * DAYS_PER_ERA + day_of_era).saturating_sub(DAYS_BEFORE_EPOCH)
    }

    /// 1 for Sunday to 7 for Saturday, as cron counts.
    pub(super) fn weekday(self) -> u64 {
        // 1970-01-01 was a Thursday.
        (self.days() + 4) % 7 + 1
    }
}

pub(super) fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_and_days_are_each_others_inverse() {
        let mut expected = Date { year: 1970, month: 1, day: 1 };
        for days in 0..=(230 * 366) {
            assert_eq!((Date::from_days(days), expected.days()), (expected, days));
            expected.day += 1;
            if expected.day > days_in_month(expected.year, expected.month) {
                expected = Date { day: 1, month: expected.month + 1, ..expected };
            }
            if expected.month > 12 {
                expected = Date { year: expected.year + 1, month: 1, day: 1 };
            }
        }
    }

    #[test]
    fn weekdays_are_those_of_the_wall_calendar() {
        for (year, month, day, weekday) in [(1970, 1, 1, 5), (2000, 2, 29, 3), (2026, 1, 1, 5), (2026, 8, 2, 1)] {
            assert_eq!(Date { year, month, day }.weekday(), weekday, "{year}-{month}-{day}");
        }
    }
}
