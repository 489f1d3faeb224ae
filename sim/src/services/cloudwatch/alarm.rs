use std::sync::Arc;

use rehearsal_engine::Json;

use super::composite::Rule;
use super::math::Sheet;
use crate::world::metrics::{MetricKey, Metrics, SeriesId, Statistic};
use crate::world::{Millis, Name};

/// An alarm of the template.
#[derive(Clone, Debug)]
pub struct Alarm {
    /// Its name, interned.
    pub name: Name,
    /// Its name.
    pub text: Arc<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// `AlarmDescription`
    pub description: Option<Arc<str>>,
    /// What it judges.
    pub judged: Judged,
    /// `AlarmActions`, none when `ActionsEnabled` is false.
    pub alarm_actions: Vec<Action>,
    /// `OKActions`
    pub ok_actions: Vec<Action>,
    /// `InsufficientDataActions`
    pub insufficient_data_actions: Vec<Action>,
}

/// What an alarm judges.
#[derive(Clone, Debug)]
pub enum Judged {
    /// A metric.
    Metric(Box<MetricAlarm>),
    /// Other alarms.
    Alarms(Rule),
    /// Something that is not simulated: it stays without data.
    Nothing,
}

/// An alarm on one metric.
#[derive(Clone, Debug)]
pub struct MetricAlarm {
    /// The metric.
    pub key: MetricKey,
    /// The series behind it.
    pub series: Vec<SeriesId>,
    /// The formulas that make the numbers of several metrics one, if there are any.
    pub math: Option<Math>,
    /// `Statistic` or `ExtendedStatistic`
    pub statistic: Statistic,
    /// `Unit`
    pub unit: Option<Arc<str>>,
    /// `Period`
    pub period_ms: u64,
    /// `EvaluationPeriods`, the N of M out of N.
    pub evaluation_periods: u32,
    /// `DatapointsToAlarm`, the M.
    pub datapoints_to_alarm: u32,
    /// `Threshold`
    pub threshold: f64,
    /// `ComparisonOperator`
    pub comparison: Comparison,
    /// `TreatMissingData`
    pub missing: Treatment,
}

/// `Metrics` of an alarm with formulas.
#[derive(Clone, Debug)]
pub struct Math {
    /// Metrics and formulas.
    pub sheet: Sheet,
    /// The one that is judged.
    pub returned: usize,
    /// The metrics, by their places in the sheet; formulas have no series.
    pub metrics: Vec<MathMetric>,
    /// `Metrics` as it is written.
    pub told: Json,
}

/// A metric among formulas.
#[derive(Clone, Debug)]
pub struct MathMetric {
    /// The series behind it.
    pub series: Vec<SeriesId>,
    /// `Stat`
    pub statistic: Statistic,
}

/// `ComparisonOperator`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// `GreaterThanThreshold`
    Greater,
    /// `GreaterThanOrEqualToThreshold`
    GreaterOrEqual,
    /// `LessThanThreshold`
    Less,
    /// `LessThanOrEqualToThreshold`
    LessOrEqual,
}

/// `TreatMissingData`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Treatment {
    /// `missing`
    Missing,
    /// `ignore`
    Ignore,
    /// `breaching`
    Breaching,
    /// `notBreaching`
    NotBreaching,
}

/// The state of an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlarmState {
    /// `INSUFFICIENT_DATA`
    InsufficientData,
    /// `OK`
    Ok,
    /// `ALARM`
    Alarm,
}

/// Who hears of an alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A topic.
    Topic(Arc<str>),
    /// A function of the template, and whether it lets CloudWatch invoke it.
    Function {
        /// The function.
        function: u32,
        /// Whether its resource policy permits it.
        permitted: bool,
    },
    /// Something that is not simulated: that it was called is recorded.
    Other(Arc<str>),
}

/// What an evaluation came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// The state.
    pub state: AlarmState,
    /// Why, in AWS's words.
    pub reason: String,
    /// The same as data.
    pub data: Json,
}

/// AWS looks back over more periods than are evaluated, in case some are missing: five for three, as documented. How many
/// in general is not.
const PERIODS_BEYOND: u32 = 2;

const MINUTE_MS: u64 = 60_000;
const TEN_SECONDS_MS: u64 = 10_000;

impl MetricAlarm {
    /// How many periods are looked at.
    pub fn range(&self) -> u32 {
        self.evaluation_periods + PERIODS_BEYOND
    }

    /// AWS: an alarm is evaluated every minute, one with a period below a minute every ten seconds.
    pub fn step_ms(&self) -> u64 {
        if self.period_ms < MINUTE_MS { TEN_SECONDS_MS } else { MINUTE_MS }
    }

    /// For how long a number matters.
    pub fn horizon_ms(&self) -> u64 {
        u64::from(self.range()) * self.period_ms + self.step_ms()
    }

    /// The first moment after `now` at which the alarm is evaluated.
    pub fn next_step(&self, now: Millis) -> Millis {
        let step_ms = self.step_ms();
        Millis((now.0 / step_ms + 1) * step_ms)
    }

    /// The statistic of the periods that end at `until`, the newest first. AWS: the window slides with every evaluation.
    pub fn periods(&self, metrics: &Metrics, until: Millis) -> Vec<Option<f64>> {
        let Some(math) = &self.math else {
            return self.periods_of(&self.series, self.statistic, metrics, until);
        };
        // Formulas go forward in time.
        let mut all = math.sheet.numbers(self.range() as usize, self.period_ms, |at| {
            let Some(MathMetric { series, statistic }) = math.metrics.get(at) else { return Vec::new() };
            let mut periods = self.periods_of(series, *statistic, metrics, until);
            periods.reverse();
            periods
        });
        let mut judged = all.get_mut(math.returned).map(std::mem::take).unwrap_or_default();
        judged.reverse();
        judged
    }

    fn periods_of(
        &self,
        series: &[SeriesId],
        statistic: Statistic,
        metrics: &Metrics,
        until: Millis,
    ) -> Vec<Option<f64>> {
        let period = |back: u32| {
            let end = until.0.saturating_sub(u64::from(back) * self.period_ms);
            let begin = end.saturating_sub(self.period_ms);
            let points = series.iter().flat_map(|id| {
                let points = metrics.series(*id).points();
                let from = points.partition_point(|point| point.start.0 < begin);
                points[from..].iter().take_while(move |point| point.start.0 < end)
            });
            statistic.of(points.filter(|point| point.start + point.resolution_ms <= until))
        };
        (0..self.range()).map(period).collect()
    }

    /// When the periods look different from how they did at `until`; `None` when no number is left that could move.
    pub fn next_change(&self, metrics: &Metrics, until: Millis) -> Option<Millis> {
        let step_ms = self.step_ms();
        let range_ms = u64::from(self.range()) * self.period_ms;
        let mut next = None;
        for id in &self.series {
            for point in metrics.series(*id).points().iter().rev() {
                let visible = point.start + point.resolution_ms;
                let change = if visible > until {
                    Millis(visible.0.div_ceil(step_ms) * step_ms)
                } else {
                    let age_ms = until - point.start;
                    if age_ms > range_ms {
                        break;
                    }
                    let leaves = point.start.0 + age_ms.div_ceil(self.period_ms).max(1) * self.period_ms;
                    Millis((leaves / step_ms + 1) * step_ms)
                };
                next = Some(next.map_or(change, |next: Millis| next.min(change)));
            }
        }
        next
    }

    /// Judges the periods, newest first.
    pub fn judge(&self, periods: &[Option<f64>], until: Millis, current: AlarmState) -> Verdict {
        let needed = self.evaluation_periods as usize;
        let to_alarm = self.datapoints_to_alarm as usize;
        let real: Vec<(usize, f64)> =
            periods.iter().enumerate().filter_map(|(back, value)| value.map(|value| (back, value))).collect();
        let breaching = |values: &[(usize, f64)]| values.iter().filter(|(_, value)| self.is_breaching(*value)).count();
        // AWS: as long as there are as many numbers as are evaluated, missing ones do not matter.
        if real.len() >= needed {
            let newest = &real[..needed];
            let state = if breaching(newest) >= to_alarm { AlarmState::Alarm } else { AlarmState::Ok };
            return self.verdict(state, newest, 0, until, current);
        }
        let filled = needed - real.len();
        let state = match (self.missing, real.is_empty()) {
            (Treatment::Missing, true) => AlarmState::InsufficientData,
            (Treatment::Breaching, _) if breaching(&real) + filled >= to_alarm => AlarmState::Alarm,
            (_, false) if breaching(&real) >= to_alarm => AlarmState::Alarm,
            (Treatment::Breaching | Treatment::NotBreaching, _) => AlarmState::Ok,
            (_, false) if breaching(&real) < real.len() => AlarmState::Ok,
            // AWS: the alarm goes off early when all numbers breach and the oldest is as old as would be needed.
            (Treatment::Missing, false) if self.is_old(&real) => AlarmState::Alarm,
            (Treatment::Missing | Treatment::Ignore, _) => current,
        };
        self.verdict(state, &real, filled, until, current)
    }

    fn is_old(&self, real: &[(usize, f64)]) -> bool {
        real.last().is_some_and(|(back, _)| back + 1 >= self.datapoints_to_alarm as usize)
    }

    /// Whether a number is on the wrong side of the threshold.
    pub(super) fn is_breaching(&self, value: f64) -> bool {
        match self.comparison {
            Comparison::Greater => value > self.threshold,
            Comparison::GreaterOrEqual => value >= self.threshold,
            Comparison::Less => value < self.threshold,
            Comparison::LessOrEqual => value <= self.threshold,
        }
    }

    fn verdict(
        &self,
        state: AlarmState,
        evaluated: &[(usize, f64)],
        filled: usize,
        until: Millis,
        current: AlarmState,
    ) -> Verdict {
        if state == current {
            // Nobody will read it.
            return Verdict { state, reason: String::new(), data: Json::Null };
        }
        let begin = |back: usize| Millis(until.0.saturating_sub((back as u64 + 1) * self.period_ms));
        let told = super::notify::Evaluation { alarm: self, state, evaluated, filled, until, begin: &begin };
        Verdict { state, reason: told.reason(), data: told.data() }
    }
}

impl Comparison {
    /// The operator that AWS calls so.
    pub fn parse(text: &str) -> Option<Comparison> {
        [Comparison::Greater, Comparison::GreaterOrEqual, Comparison::Less, Comparison::LessOrEqual]
            .into_iter()
            .find(|comparison| comparison.text() == text)
    }

    /// AWS's name.
    pub fn text(self) -> &'static str {
        match self {
            Comparison::Greater => "GreaterThanThreshold",
            Comparison::GreaterOrEqual => "GreaterThanOrEqualToThreshold",
            Comparison::Less => "LessThanThreshold",
            Comparison::LessOrEqual => "LessThanOrEqualToThreshold",
        }
    }
}

impl Treatment {
    /// The treatment that AWS calls so.
    pub fn parse(text: &str) -> Option<Treatment> {
        [Treatment::Missing, Treatment::Ignore, Treatment::Breaching, Treatment::NotBreaching]
            .into_iter()
            .find(|missing| missing.text() == text)
    }

    /// AWS's name.
    pub fn text(self) -> &'static str {
        match self {
            Treatment::Missing => "missing",
            Treatment::Ignore => "ignore",
            Treatment::Breaching => "breaching",
            Treatment::NotBreaching => "notBreaching",
        }
    }
}

impl AlarmState {
    /// The state that AWS calls so.
    pub fn parse(text: &str) -> Option<AlarmState> {
        [AlarmState::InsufficientData, AlarmState::Ok, AlarmState::Alarm].into_iter().find(|state| state.text() == text)
    }

    /// AWS's name.
    pub fn text(self) -> &'static str {
        match self {
            AlarmState::InsufficientData => "INSUFFICIENT_DATA",
            AlarmState::Ok => "OK",
            AlarmState::Alarm => "ALARM",
        }
    }
}

impl Alarm {
    /// The actions of a state.
    pub fn actions(&self, state: AlarmState) -> &[Action] {
        match state {
            AlarmState::InsufficientData => &self.insufficient_data_actions,
            AlarmState::Ok => &self.ok_actions,
            AlarmState::Alarm => &self.alarm_actions,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alarm(needed: u32, to_alarm: u32, missing: Treatment) -> MetricAlarm {
        MetricAlarm {
            key: MetricKey::new("Shop", "Failures", Vec::new()),
            series: Vec::new(),
            math: None,
            statistic: Statistic::Sum,
            unit: None,
            period_ms: 60_000,
            evaluation_periods: needed,
            datapoints_to_alarm: to_alarm,
            threshold: 1.0,
            comparison: Comparison::Greater,
            missing,
        }
    }

    /// Periods as AWS's documentation draws them, the newest at the right: X breaches, 0 does not, - is missing.
    fn drawn(text: &str) -> Vec<Option<f64>> {
        text.chars().rev().map(|c| (c != '-').then_some(if c == 'X' { 2.0 } else { 0.0 })).collect()
    }

    #[test]
    fn missing_data_is_treated_as_in_awss_documented_tables() {
        const KEPT: &str = "kept";
        let all = [Treatment::Missing, Treatment::Ignore, Treatment::Breaching, Treatment::NotBreaching];
        for (needed, to_alarm, drawing, wanted) in [
            (3, 3, "0-X-X", ["OK", "OK", "OK", "OK"]),
            (3, 3, "0----", ["OK", "OK", "OK", "OK"]),
            (3, 3, "-----", ["INSUFFICIENT_DATA", KEPT, "ALARM", "OK"]),
            (3, 3, "0XX-X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            (3, 3, "--X--", ["ALARM", KEPT, "ALARM", "OK"]),
            (3, 3, "----X", [KEPT, KEPT, "ALARM", "OK"]),
            (3, 2, "0-X-X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            (3, 2, "00X0X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            (3, 2, "0-X--", ["OK", "OK", "ALARM", "OK"]),
            (3, 2, "----0", ["OK", "OK", "ALARM", "OK"]),
            (3, 2, "---X-", ["ALARM", KEPT, "ALARM", "OK"]),
            (1, 1, "--X", ["ALARM", "ALARM", "ALARM", "ALARM"]),
            (1, 1, "X--", ["ALARM", "ALARM", "ALARM", "ALARM"]),
        ] {
            for (missing, wanted) in all.into_iter().zip(wanted) {
                // What AWS draws as OK for `0----` with breaching fills two of three: not all of them breach.
                for current in [AlarmState::Ok, AlarmState::Alarm] {
                    let alarm = alarm(needed, to_alarm, missing);
                    let verdict = alarm.judge(&drawn(drawing), Millis::START, current);
                    let wanted = if wanted == KEPT { current.text() } else { wanted };
                    assert_eq!(verdict.state.text(), wanted, "{drawing} {to_alarm}/{needed} {missing:?}");
                }
            }
        }
    }

    #[test]
    fn every_comparison_stands_on_its_side_of_the_threshold() {
        for (text, below, at, above) in [
            ("GreaterThanThreshold", "OK", "OK", "ALARM"),
            ("GreaterThanOrEqualToThreshold", "OK", "ALARM", "ALARM"),
            ("LessThanThreshold", "ALARM", "OK", "OK"),
            ("LessThanOrEqualToThreshold", "ALARM", "ALARM", "OK"),
        ] {
            for (value, wanted) in [(0.5, below), (1.0, at), (1.5, above)] {
                let comparison = Comparison::parse(text).expect(text);
                let alarm = MetricAlarm { comparison, ..alarm(1, 1, Treatment::Missing) };
                let verdict = alarm.judge(&[Some(value), None, None], Millis::START, AlarmState::InsufficientData);
                assert_eq!(verdict.state.text(), wanted, "{value} {text}");
            }
        }
    }

    #[test]
    fn the_window_slides_and_wakes_the_alarm_only_when_a_number_moves() {
        let mut metrics = Metrics::new(crate::world::metrics::Emitters::default(), false);
        let key = MetricKey::new("Shop", "Failures", Vec::new());
        let id = metrics.custom(&key);
        let alarm = MetricAlarm { series: vec![id], period_ms: 300_000, ..alarm(1, 1, Treatment::Missing) };
        let at = |minute: u64| Millis::START + minute * 60_000;
        metrics.add(id, at(7) + 12_345, 60_000, 3.0, 1.0);
        assert_eq!(alarm.periods(&metrics, at(7)), [None, None, None]);
        // The minute is over, then five minutes long it lies in the newest period, then in the one before, and so on.
        let mut until = at(7);
        let mut seen = Vec::new();
        while let Some(next) = alarm.next_change(&metrics, until) {
            assert!(next > until);
            until = next;
            seen.push(((until - Millis::START) / 60_000, alarm.periods(&metrics, until)));
        }
        assert_eq!(
            seen,
            [
                (8, vec![Some(3.0), None, None]),
                (13, vec![None, Some(3.0), None]),
                (18, vec![None, None, Some(3.0)]),
                (23, vec![None, None, None]),
            ]
        );
    }
}
