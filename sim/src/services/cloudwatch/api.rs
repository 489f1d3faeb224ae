use std::sync::Arc;

use rehearsal_engine::Json;

use super::alarm::AlarmState;
use super::math::{Formula, Sheet, SheetRow};
use crate::services::ApiError;
use crate::world::metrics::{Dimensions, MINUTE_MS, MetricKey, Statistic};
use crate::world::{Millis, Name};

/// A request to CloudWatch.
#[derive(Clone, Debug)]
pub enum Request {
    /// Numbers of a handler's own.
    PutMetricData(PutMetricData),
    /// Statistics of one metric.
    GetMetricStatistics(StatisticsQuery),
    /// One statistic of each of several metrics.
    GetMetricData(DataRequest),
    /// The alarms and their states.
    DescribeAlarms {
        /// Which, by name; all when there is none.
        names: Vec<Arc<str>>,
        /// Only those in this state.
        state: Option<AlarmState>,
    },
    /// Puts an alarm into a state until its next evaluation.
    SetAlarmState {
        /// Which.
        name: Arc<str>,
        /// The state.
        state: AlarmState,
        /// Why.
        reason: String,
    },
}

/// Numbers of a handler's own.
#[derive(Clone, Debug)]
pub struct PutMetricData {
    pub(super) data: Vec<Datum>,
}

#[derive(Clone, Debug)]
pub(super) struct Datum {
    pub(super) key: MetricKey,
    pub(super) at: Option<Millis>,
    pub(super) resolution_ms: u64,
    /// Each number with how often it came.
    pub(super) values: Vec<(f64, f64)>,
}

/// `GetMetricStatistics`
#[derive(Clone, Debug)]
pub struct StatisticsQuery {
    pub(super) key: MetricKey,
    pub(super) from: Millis,
    pub(super) to: Millis,
    pub(super) period_ms: u64,
    pub(super) statistics: Vec<Statistic>,
}

/// `GetMetricData`
#[derive(Clone, Debug)]
pub struct DataRequest {
    pub(super) queries: Vec<DataQuery>,
    /// The queries' formulas.
    pub(super) sheet: Sheet,
}

/// One query of `GetMetricData`.
#[derive(Clone, Debug)]
pub struct DataQuery {
    pub(super) id: Arc<str>,
    pub(super) label: Arc<str>,
    pub(super) is_returned: bool,
    /// Of a metric; a formula has none.
    pub(super) statistics: Option<StatisticsQuery>,
    formula: Option<Formula>,
}

/// AWS: a request has at most this many numbers.
const DATA_MAX: usize = 1000;
/// AWS: a metric has at most this many dimensions.
const DIMENSIONS_MAX: usize = 30;
/// AWS: an answer of `GetMetricStatistics` has at most this many periods.
const DATAPOINTS_MAX: u64 = 1440;
/// AWS: `GetMetricData` answers up to this many.
const DATA_POINTS_MAX: u64 = 100_800;

impl Request {
    /// Reads a request as an SDK makes it.
    pub fn parse(operation: &str, parameters: &Json) -> Result<Request, ApiError> {
        match operation {
            "PutMetricData" => put_metric_data(parameters).map(Request::PutMetricData),
            "GetMetricStatistics" => {
                let extended = texts(parameters, "ExtendedStatistics");
                let statistics = texts(parameters, "Statistics").into_iter().chain(extended);
                let statistics = statistics.map(|text| statistic(&text)).collect::<Result<Vec<_>, _>>()?;
                if statistics.is_empty() {
                    return Err(missing("Statistics"));
                }
                let query = StatisticsQuery {
                    key: key(parameters)?,
                    from: time(parameters, "StartTime")?,
                    to: time(parameters, "EndTime")?,
                    period_ms: period_ms(parameters)?,
                    statistics,
                };
                query.check(DATAPOINTS_MAX).map(Request::GetMetricStatistics)
            }
            "GetMetricData" => {
                let (from, to) = (time(parameters, "StartTime")?, time(parameters, "EndTime")?);
                let queries = parameters.get("MetricDataQueries").and_then(Json::as_array).unwrap_or_default();
                let queries: Vec<_> =
                    queries.iter().map(|query| data_query(query, from, to)).collect::<Result<_, _>>()?;
                data_request(queries).map(Request::GetMetricData)
            }
            "DescribeAlarms" => {
                let state = parameters.get("StateValue").and_then(Json::as_str).map(alarm_state).transpose()?;
                Ok(Request::DescribeAlarms { names: texts(parameters, "AlarmNames"), state })
            }
            "SetAlarmState" => Ok(Request::SetAlarmState {
                name: text(parameters, "AlarmName")?,
                state: alarm_state(&text(parameters, "StateValue")?)?,
                reason: text(parameters, "StateReason")?.to_string(),
            }),
            _ => Err(ApiError::not_simulated("cloudwatch", operation)),
        }
    }

    /// Whether it reads what was measured.
    pub(super) fn reads_numbers(&self) -> bool {
        matches!(self, Request::GetMetricStatistics(_) | Request::GetMetricData(_))
    }

    /// Leaves out of what it reads whatever was measured from `until` on.
    pub(super) fn see_until(&mut self, until: Millis) {
        match self {
            Request::GetMetricStatistics(query) => query.to = query.to.min(until),
            Request::GetMetricData(request) => {
                for query in request.queries.iter_mut().filter_map(|query| query.statistics.as_mut()) {
                    query.to = query.to.min(until);
                }
            }
            _ => {}
        }
    }

    /// The operation for sites and traces.
    pub fn operation(&self) -> Name {
        match self {
            Request::PutMetricData(_) => Name::CLOUDWATCH_PUT_METRIC_DATA,
            Request::GetMetricStatistics(_) => Name::CLOUDWATCH_GET_METRIC_STATISTICS,
            Request::GetMetricData(_) => Name::CLOUDWATCH_GET_METRIC_DATA,
            Request::DescribeAlarms { .. } => Name::CLOUDWATCH_DESCRIBE_ALARMS,
            Request::SetAlarmState { .. } => Name::CLOUDWATCH_SET_ALARM_STATE,
        }
    }

    /// The action that a policy names.
    pub fn action(&self) -> &'static str {
        match self {
            Request::PutMetricData(_) => "cloudwatch:PutMetricData",
            Request::GetMetricStatistics(_) => "cloudwatch:GetMetricStatistics",
            Request::GetMetricData(_) => "cloudwatch:GetMetricData",
            Request::DescribeAlarms { .. } => "cloudwatch:DescribeAlarms",
            Request::SetAlarmState { .. } => "cloudwatch:SetAlarmState",
        }
    }
}

impl StatisticsQuery {
    fn check(self, periods_max: u64) -> Result<StatisticsQuery, ApiError> {
        if self.to <= self.from {
            return Err(invalid_value("The parameter StartTime must be less than the parameter EndTime."));
        }
        let periods = (self.to - self.from).div_ceil(self.period_ms);
        if periods > periods_max {
            return Err(ApiError::new(
                "InvalidParameterCombination",
                format!(
                    "You have requested up to {periods} datapoints, which exceeds the limit of {periods_max}. You may \
                     reduce the datapoints requested by increasing Period, or decreasing the time range."
                ),
            ));
        }
        Ok(self)
    }
}

fn put_metric_data(parameters: &Json) -> Result<PutMetricData, ApiError> {
    let namespace = text(parameters, "Namespace")?;
    if namespace.starts_with("AWS/") {
        return Err(invalid_value("The value AWS/ for parameter Namespace is invalid."));
    }
    let data = parameters.get("MetricData").and_then(Json::as_array).unwrap_or_default();
    if data.is_empty() {
        return Err(missing("MetricData"));
    }
    if data.len() > DATA_MAX {
        return Err(invalid_value("The collection MetricData must not have a size greater than 1000."));
    }
    let data = data.iter().enumerate().map(|(at, datum)| self::datum(&namespace, at + 1, datum));
    Ok(PutMetricData { data: data.collect::<Result<_, _>>()? })
}

fn datum(namespace: &Arc<str>, number: usize, datum: &Json) -> Result<Datum, ApiError> {
    let member = |name: &str| format!("MetricData.member.{number}.{name}");
    let name = datum.get("MetricName").and_then(Json::as_str).ok_or_else(|| missing(&member("MetricName")))?;
    let numbers = |key: &str| {
        datum.get(key).and_then(Json::as_array).map(|values| values.iter().filter_map(Json::as_f64).collect::<Vec<_>>())
    };
    let forms = [("Value", "Values"), ("Value", "StatisticValues"), ("Values", "StatisticValues")];
    for (one, other) in forms {
        if datum.get(one).is_some() && datum.get(other).is_some() {
            return Err(ApiError::new(
                "InvalidParameterCombination",
                format!(
                    "The parameters {} and {} are mutually exclusive and you have specified both.",
                    member(one),
                    member(other)
                ),
            ));
        }
    }
    let values = match (datum.get("Value").and_then(Json::as_f64), numbers("Values"), datum.get("StatisticValues")) {
        (Some(value), ..) => vec![(value, 1.0)],
        (None, Some(values), _) => {
            let counts = numbers("Counts").unwrap_or_else(|| vec![1.0; values.len()]);
            if counts.len() != values.len() {
                let message =
                    format!("The parameters {} and {} must be of the same size.", member("Values"), member("Counts"));
                return Err(invalid_value(&message));
            }
            values.into_iter().zip(counts).collect()
        }
        // Of a set only its ends and its mean are known: numbers that have the same statistics stand for it.
        (None, None, Some(set)) => {
            let part = |key: &str| {
                set.get(key).and_then(Json::as_f64).ok_or_else(|| missing(&member(&format!("StatisticValues.{key}"))))
            };
            let (sum, count, least, most) = (part("Sum")?, part("SampleCount")?, part("Minimum")?, part("Maximum")?);
            if count > 2.0 {
                vec![(least, 1.0), (most, 1.0), ((sum - least - most) / (count - 2.0), count - 2.0)]
            } else {
                vec![(least, count / 2.0), (most, count / 2.0)]
            }
        }
        (None, None, None) => return Err(missing(&member("Value"))),
    };
    if values.iter().any(|(value, count)| !value.is_finite() || !count.is_finite() || *count < 0.0) {
        return Err(invalid_value(&format!("The value for parameter {} is invalid.", member("Value"))));
    }
    let at = match datum.get("Timestamp") {
        None => None,
        Some(_) => Some(time(datum, "Timestamp")?),
    };
    let resolution_ms = match datum.get("StorageResolution").and_then(Json::as_i64) {
        Some(1) => 1_000,
        None | Some(60) => MINUTE_MS,
        Some(_) => {
            return Err(invalid_value(&format!("The parameter {} must be 1 or 60.", member("StorageResolution"))));
        }
    };
    Ok(Datum { key: MetricKey::new(namespace.clone(), name, dimensions(datum)?), at, resolution_ms, values })
}

fn data_query(query: &Json, from: Millis, to: Millis) -> Result<DataQuery, ApiError> {
    let id = text(query, "Id")?;
    let is_returned = query.get("ReturnData").and_then(Json::as_bool) != Some(false);
    let label = query.get("Label").and_then(Json::as_str).map(Arc::from);
    if let Some(expression) = query.get("Expression").and_then(Json::as_str) {
        let formula = Formula::parse(expression)
            .map_err(|error| ApiError::validation(format!("Error in expression '{id}': {error}")))?;
        let label = label.unwrap_or_else(|| id.clone());
        return Ok(DataQuery { id, label, is_returned, statistics: None, formula: Some(formula) });
    }
    let stat = query.get("MetricStat").ok_or_else(|| missing("MetricStat"))?;
    let metric = stat.get("Metric").ok_or_else(|| missing("MetricStat.Metric"))?;
    let key = key(metric)?;
    let label = label.unwrap_or_else(|| key.name.clone());
    let statistics = vec![statistic(&text(stat, "Stat")?)?];
    let statistics = StatisticsQuery { key, from, to, period_ms: period_ms(stat)?, statistics };
    let statistics = Some(statistics.check(DATA_POINTS_MAX)?);
    Ok(DataQuery { id, label, is_returned, statistics, formula: None })
}

fn data_request(queries: Vec<DataQuery>) -> Result<DataRequest, ApiError> {
    let rows = queries.iter().map(|query| SheetRow { id: query.id.clone(), formula: query.formula.clone() });
    let sheet = Sheet::new(rows.collect()).map_err(ApiError::validation)?;
    let mut periods = queries.iter().filter_map(|query| query.statistics.as_ref()).map(|query| query.period_ms);
    let first = periods.next();
    if queries.iter().any(|query| query.formula.is_some()) && periods.any(|other| Some(other) != first) {
        return Err(invalid_value("the metrics that expressions name must have the same Period"));
    }
    Ok(DataRequest { queries, sheet })
}

fn key(parameters: &Json) -> Result<MetricKey, ApiError> {
    Ok(MetricKey::new(text(parameters, "Namespace")?, text(parameters, "MetricName")?, dimensions(parameters)?))
}

/// `Dimensions` as the API has them.
fn dimensions(parameters: &Json) -> Result<Dimensions, ApiError> {
    let dimensions = parameters.get("Dimensions").and_then(Json::as_array).unwrap_or_default();
    if dimensions.len() > DIMENSIONS_MAX {
        return Err(invalid_value("The collection Dimensions must not have a size greater than 30."));
    }
    dimensions.iter().map(|dimension| Ok((text(dimension, "Name")?, text(dimension, "Value")?))).collect()
}

fn text(parameters: &Json, key: &str) -> Result<Arc<str>, ApiError> {
    parameters.get(key).and_then(Json::as_str).map(Arc::from).ok_or_else(|| missing(key))
}

fn texts(parameters: &Json, key: &str) -> Vec<Arc<str>> {
    let list = parameters.get(key).and_then(Json::as_array).unwrap_or_default();
    list.iter().filter_map(Json::as_str).map(Arc::from).collect()
}

/// A moment: seconds since 1970, or a text in ISO 8601.
fn time(parameters: &Json, key: &str) -> Result<Millis, ApiError> {
    let value = parameters.get(key).ok_or_else(|| missing(key))?;
    let ms = match value {
        Json::String(text) => text.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        number => {
            number.as_f64().filter(|seconds| (0.0..1e11).contains(seconds)).map(|seconds| (seconds * 1000.0) as i64)
        }
    };
    let ms = ms.and_then(|ms| u64::try_from(ms).ok());
    ms.map(Millis).ok_or_else(|| invalid_value(&format!("The value for parameter {key} is invalid.")))
}

fn period_ms(parameters: &Json) -> Result<u64, ApiError> {
    let seconds = parameters.get("Period").and_then(Json::as_i64).ok_or_else(|| missing("Period"))?;
    match seconds {
        1 | 5 | 10 | 20 | 30 => Ok(seconds as u64 * 1000),
        60..=31_536_000 if seconds % 60 == 0 => Ok(seconds as u64 * 1000),
        _ => Err(invalid_value("The parameter Period must be 1, 5, 10, 20, 30 or a multiple of 60")),
    }
}

fn statistic(text: &str) -> Result<Statistic, ApiError> {
    Statistic::parse(text)
        .ok_or_else(|| invalid_value(&format!("The value {text} for parameter Statistics is invalid.")))
}

fn alarm_state(text: &str) -> Result<AlarmState, ApiError> {
    AlarmState::parse(text).ok_or_else(|| {
        ApiError::validation(format!(
            "1 validation error detected: Value '{text}' at 'stateValue' failed to satisfy constraint: Member must satisfy \
             enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
        ))
    })
}

fn missing(parameter: &str) -> ApiError {
    ApiError::new("MissingParameter", format!("The parameter {parameter} is required."))
}

fn invalid_value(message: &str) -> ApiError {
    ApiError::new("InvalidParameterValue", message)
}
