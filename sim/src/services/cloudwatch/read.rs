//! The answers of the reading operations.

use std::collections::BTreeMap;
use std::sync::Arc;

use rehearsal_engine::{Json, json};

use super::alarm::{Alarm, AlarmState, Judged};
use super::api::{DataQuery, DataRequest, StatisticsQuery};
use super::service::AlarmRecord;
use crate::world::Millis;
use crate::world::metrics::{Metrics, Point, Statistic};

/// `GetMetricStatistics`
pub(super) fn statistics(metrics: &Metrics, query: &StatisticsQuery) -> Json {
    let datapoints = periods(metrics, query).into_iter().map(|(start, points)| {
        let mut datapoint = json!({"Timestamp": (seconds(start))});
        if let Some(members) = datapoint.make_object() {
            for statistic in &query.statistics {
                let Some(value) = statistic.of(points.iter().copied()) else { continue };
                match statistic {
                    Statistic::Percentile(_) => {
                        let extended = Json::from_pairs([(statistic.text(), Json::from(value))]);
                        members.insert("ExtendedStatistics".into(), extended);
                    }
                    simple => {
                        members.insert(simple.text().into(), Json::from(value));
                    }
                }
            }
            members.insert("Unit".into(), unit(metrics, query).into());
        }
        datapoint
    });
    let datapoints = Json::from(datapoints.collect::<Vec<_>>());
    json!({"Label": (query.key.name.clone()), "Datapoints": datapoints})
}

/// `GetMetricData`
pub(super) fn data(metrics: &Metrics, request: &DataRequest) -> Json {
    let returned = request.queries.iter().enumerate().filter(|(_, query)| query.is_returned);
    let results = returned.map(|(at, query)| {
        let (mut times, mut values) = (Vec::new(), Vec::new());
        // AWS: the newest comes first.
        for (start, value) in numbers(metrics, request, at).into_iter().rev() {
            times.push(Json::from(seconds(start)));
            values.push(Json::from(value));
        }
        json!({
            "Id": (query.id.clone()),
            "Label": (query.label.clone()),
            "Timestamps": times,
            "Values": values,
            "StatusCode": "Complete",
        })
    });
    let results = Json::from(results.collect::<Vec<_>>());
    json!({"MetricDataResults": results, "Messages": []})
}

/// What a query of a request comes to, by time.
fn numbers(metrics: &Metrics, request: &DataRequest, at: usize) -> Vec<(Millis, f64)> {
    let of_metric = |query: &StatisticsQuery| {
        let statistic = query.statistics.first().copied().unwrap_or(Statistic::Sum);
        let periods = periods(metrics, query).into_iter();
        periods.filter_map(|(start, points)| Some((start, statistic.of(points.into_iter())?))).collect::<Vec<_>>()
    };
    if let Some(DataQuery { statistics: Some(query), .. }) = request.queries.get(at) {
        return of_metric(query);
    }
    let Some(any) = request.queries.iter().find_map(|query| query.statistics.as_ref()) else { return Vec::new() };
    let period_ms = any.period_ms;
    let begin = any.from.0 - any.from.0 % period_ms;
    let periods = any.to.0.saturating_sub(begin).div_ceil(period_ms) as usize;
    let mut all = request.sheet.numbers(periods, period_ms, |row| {
        let mut numbers = vec![None; periods];
        let query = request.queries.get(row).and_then(|query| query.statistics.as_ref());
        for (start, value) in query.map(of_metric).unwrap_or_default() {
            let place = (start.0.saturating_sub(begin) / period_ms) as usize;
            if let Some(number) = numbers.get_mut(place) {
                *number = Some(value);
            }
        }
        numbers
    });
    let numbers = all.get_mut(at).map(std::mem::take).unwrap_or_default();
    let starts = (0..).map(|place: u64| Millis(begin + place * period_ms));
    starts.zip(numbers).filter_map(|(start, number)| Some((start, number?))).collect()
}

/// `DescribeAlarms`
pub(super) fn describe(
    alarms: &[Alarm],
    records: &[AlarmRecord],
    names: &[Arc<str>],
    state: Option<AlarmState>,
) -> Json {
    let (mut metric_alarms, mut composite_alarms) = (Vec::new(), Vec::new());
    for (alarm, record) in alarms.iter().zip(records) {
        if (!names.is_empty() && !names.contains(&alarm.text)) || state.is_some_and(|state| state != record.state) {
            continue;
        }
        let mut members = vec![
            ("AlarmName", Json::from(alarm.text.clone())),
            ("AlarmArn", Json::from(alarm.arn.clone())),
            ("StateValue", record.state.text().into()),
            ("StateReason", record.reason.as_str().into()),
            ("StateUpdatedTimestamp", Json::from(seconds(record.since))),
        ];
        members.extend(alarm.description.clone().map(|text| ("AlarmDescription", Json::from(text))));
        let Judged::Metric(metric) = &alarm.judged else {
            composite_alarms.push(Json::from_pairs(members));
            continue;
        };
        let dimensions = metric.key.dimensions.iter().map(|(name, value)| json!({"Name": name, "Value": value}));
        match &metric.math {
            Some(math) => members.push(("Metrics", math.told.clone())),
            None => members.extend([
                ("MetricName", Json::from(metric.key.name.clone())),
                ("Namespace", Json::from(metric.key.namespace.clone())),
                ("Statistic", metric.statistic.text().into()),
            ]),
        }
        members.extend([
            ("Dimensions", Json::from(dimensions.collect::<Vec<_>>())),
            ("Period", Json::from(metric.period_ms / 1000)),
            ("EvaluationPeriods", Json::from(metric.evaluation_periods)),
            ("DatapointsToAlarm", Json::from(metric.datapoints_to_alarm)),
            ("Threshold", Json::from(metric.threshold)),
            ("ComparisonOperator", metric.comparison.text().into()),
            ("TreatMissingData", metric.missing.text().into()),
        ]);
        metric_alarms.push(Json::from_pairs(members));
    }
    json!({"MetricAlarms": metric_alarms, "CompositeAlarms": composite_alarms})
}

/// The periods of a query that have numbers, by time. AWS: they begin at whole multiples of the period.
fn periods<'m>(metrics: &'m Metrics, query: &StatisticsQuery) -> Vec<(Millis, Vec<&'m Point>)> {
    let begin = query.from.0 - query.from.0 % query.period_ms;
    let mut periods: BTreeMap<Millis, Vec<&Point>> = BTreeMap::new();
    for id in metrics.find(&query.key).unwrap_or_default() {
        for point in metrics.series(id).points() {
            if point.start.0 < begin || point.start >= query.to {
                continue;
            }
            let start = Millis(point.start.0 - point.start.0 % query.period_ms);
            periods.entry(start).or_default().push(point);
        }
    }
    periods.into_iter().collect()
}

fn unit(metrics: &Metrics, query: &StatisticsQuery) -> &'static str {
    metrics.unit(&query.key)
}

/// AWS: the API gives times in seconds.
fn seconds(at: Millis) -> f64 {
    at.0 as f64 / 1000.0
}
