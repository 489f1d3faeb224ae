//! The template's alarms and dashboards, ready to run, and what is wrong with them.

mod formulas;

use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::asl::Program;
use rehearsal_engine::source::{Diagnostic, Severity, Span, read_json};

use self::formulas::with_stand_ins;
use super::Harness;
use super::build::find_function;
use crate::diagnostics::{Place, Problem};
use crate::iam::Policies;
use crate::scenario::Loaded;
use crate::services::cloudwatch::dashboard::{self, Dashboard};
use crate::services::cloudwatch::{Action, Alarm, CloudWatch, Comparison, Judged, MetricAlarm, Rule, Treatment};
use crate::services::stepfunctions::task_family;
use crate::services::{dynamodb, eventbridge};
use crate::template::stack::{self, Code, Identity, Stack};
use crate::template::suggestion_hint;
use crate::world::Names;
use crate::world::metrics::{Emitters, MetricKey, Metrics, Missing, Namespace, SeriesId, Statistic};

/// The metrics of a world and what watches them. `rules` are those that the world has, in its order.
pub(super) fn build(
    harness: &Harness,
    rules: &[eventbridge::Rule],
    announces: bool,
    names: &mut Names,
) -> (Metrics, CloudWatch) {
    let loaded = &harness.loaded;
    let mut metrics = if harness.measures || is_watched(loaded) {
        let metrics = Metrics::new(emitters(&loaded.stack, rules.iter().map(|rule| &*rule.arn)), true);
        metrics.keeping(|family| harness.measures || !family.is_on_demand() || is_read(loaded, family))
    } else {
        Metrics::default()
    };
    let mut reading = Reading {
        stack: &loaded.stack,
        policies: &loaded.policies,
        metrics: &mut metrics,
        names,
        problems: &mut Vec::new(),
    };
    let alarms = reading.alarms();
    let dashboards = reading.dashboards();
    (metrics, CloudWatch::new(alarms, dashboards, announces))
}

/// Finds alarms and widgets that can never show anything.
pub(super) fn check(stack: &Stack, policies: &Policies, problems: &mut Vec<Problem>) {
    let rules = stack.rules.iter().map(|rule| &*rule.identity.arn);
    let mut metrics = Metrics::new(emitters(stack, rules), false);
    let mut reading = Reading { stack, policies, metrics: &mut metrics, names: &mut Names::default(), problems };
    reading.alarms();
    reading.dashboards();
}

/// Whether anybody could ever look at a metric.
fn is_watched(loaded: &Loaded) -> bool {
    let Stack { alarms, composite_alarms, dashboards, functions, .. } = &loaded.stack;
    let is_read = |function: &stack::Function| match &function.code {
        Code::Inline { text, .. } => text.as_str().contains("cloudwatch"),
        _ => true,
    };
    let speaks = |text: &str| text.contains("metrics");
    !alarms.is_empty()
        || !composite_alarms.is_empty()
        || !dashboards.is_empty()
        || functions.iter().any(is_read)
        || loaded.scenario.invariants.iter().any(|invariant| speaks(invariant.condition.text.as_str()))
}

/// Whether code or a promise speaks of a family of metrics; alarms and widgets ask for it by themselves.
fn is_read(loaded: &Loaded, family: Namespace) -> bool {
    let speaks = |text: &str| {
        // What is asked for may be put together from parts.
        text.contains("get_metric")
            || text.contains("GetMetric")
            || family.metrics().iter().any(|metric| text.contains(metric.name))
    };
    let inline = loaded.stack.functions.iter().filter_map(|function| match &function.code {
        Code::Inline { text, .. } => Some(text.as_str()),
        _ => None,
    });
    let files = loaded.code.values().filter_map(|code| code.as_ref().ok());
    let scripts = loaded.scripts.iter().map(|script| &script.beside);
    let files = files.chain(scripts).flat_map(|files| files.values().map(|text| &**text));
    let promises = loaded.scenario.invariants.iter().map(|invariant| invariant.condition.text.as_str());
    inline.chain(files).chain(promises).any(speaks)
}

/// Who emits metrics. `rules` are the ARNs of those that the world has; the others follow behind them.
fn emitters<'r>(stack: &Stack, rules: impl Iterator<Item = &'r str>) -> Emitters {
    let mut emitters = Emitters::default();
    for machine in &stack.state_machines {
        emitters.add(Namespace::States, vec![machine.identity.arn.clone()]);
    }
    let mut known: Vec<&stack::Rule> = Vec::new();
    for arn in rules {
        known.extend(stack.rules.iter().find(|rule| *rule.identity.arn == *arn));
    }
    let others = stack.rules.iter().filter(|rule| !known.iter().any(|known| known.identity.arn == rule.identity.arn));
    let others: Vec<&stack::Rule> = others.collect();
    for rule in known.into_iter().chain(others) {
        emitters.add(Namespace::Events, vec![rule.identity.name.clone(), rule.event_bus_name.clone()]);
    }
    for function in &stack.functions {
        emitters.add(Namespace::Lambda, vec![function.identity.name.clone()]);
    }
    for queue in &stack.queues {
        emitters.add(Namespace::Sqs, vec![queue.identity.name.clone()]);
    }
    for topic in &stack.topics {
        emitters.add(Namespace::Sns, vec![topic.identity.name.clone()]);
    }
    emitters.add(Namespace::EventsApi, Vec::new());
    emitters.add(Namespace::TablesApi, Vec::new());
    for table in &stack.tables {
        emitters.add(Namespace::Tables, vec![table.identity.name.clone()]);
        for operation in dynamodb::OPERATIONS {
            emitters.add(Namespace::TableOperations, vec![table.identity.name.clone(), (*operation).into()]);
        }
    }
    add_tasks(&mut emitters, stack);
    emitters
}

/// What the tasks of the state machines call, each once.
fn add_tasks(emitters: &mut Emitters, stack: &Stack) {
    let mut known: Vec<Arc<str>> = Vec::new();
    for machine in &stack.state_machines {
        let Ok(program) = Program::from_node(&machine.definition) else { continue };
        for resource in program.states().filter_map(|(_, state)| state.resource()) {
            let arn = resource.arn().clone();
            if !known.contains(&arn) {
                known.push(arn.clone());
                emitters.add(task_family(resource), vec![arn]);
            }
        }
    }
}

struct Reading<'l> {
    stack: &'l Stack,
    policies: &'l Policies,
    metrics: &'l mut Metrics,
    names: &'l mut Names,
    problems: &'l mut Vec<Problem>,
}

/// AWS: periods times their number are at most a week.
const RANGE_S_MAX: f64 = 604_800.0;

impl Reading<'_> {
    fn alarms(&mut self) -> Vec<Alarm> {
        let stack = self.stack;
        let mut alarms: Vec<Alarm> = Vec::new();
        for alarm in &stack.alarms {
            let judged = self.metric_alarm(alarm).map(Box::new).map_or(Judged::Nothing, Judged::Metric);
            alarms.push(self.alarm(&alarm.identity, &alarm.properties, judged));
        }
        let identities = stack.alarms.iter().map(|alarm| &alarm.identity);
        let identities = identities.chain(stack.composite_alarms.iter().map(|alarm| &alarm.identity));
        let find = |name: &str| {
            identities.clone().position(|other| *other.name == *name || *other.arn == *name).map(|at| at as u32)
        };
        for alarm in &stack.composite_alarms {
            let judged = match Rule::parse(&alarm.rule, &find) {
                Ok(rule) => Judged::Alarms(rule),
                Err(error) => {
                    self.report(Severity::Error, alarm.identity.place, &alarm.identity, "AlarmRule", error, None);
                    Judged::Nothing
                }
            };
            alarms.push(self.alarm(&alarm.identity, &alarm.properties, judged));
        }
        alarms
    }

    fn alarm(&mut self, identity: &Identity, properties: &Json, judged: Judged) -> Alarm {
        // AWS: actions are enabled unless said otherwise.
        let is_enabled = !matches!(text(properties, "ActionsEnabled").as_deref(), Some("false"));
        let actions = |key: &str| -> Vec<Action> {
            let arns = properties.get(key).and_then(Json::as_array).unwrap_or_default();
            let arns = arns.iter().filter_map(Json::as_str).filter(|_| is_enabled);
            arns.map(|arn| self.action(arn, &identity.arn)).collect()
        };
        let (alarm_actions, ok_actions) = (actions("AlarmActions"), actions("OKActions"));
        let insufficient_data_actions = actions("InsufficientDataActions");
        Alarm {
            name: self.names.intern(&identity.label),
            text: identity.name.clone(),
            arn: identity.arn.clone(),
            description: text(properties, "AlarmDescription"),
            judged,
            alarm_actions,
            ok_actions,
            insufficient_data_actions,
        }
    }

    fn action(&self, arn: &str, alarm_arn: &str) -> Action {
        const PRINCIPAL: &str = "lambda.alarms.cloudwatch.amazonaws.com";
        if let Some(function) = find_function(self.stack, arn) {
            let permitted = self.policies.permits_invoke(arn, PRINCIPAL, alarm_arn);
            return Action::Function { function, permitted };
        }
        if self.stack.topics.iter().any(|topic| *topic.identity.arn == *arn) {
            return Action::Topic(arn.into());
        }
        Action::Other(arn.into())
    }

    fn metric_alarm(&mut self, alarm: &stack::Alarm) -> Option<MetricAlarm> {
        let Identity { place, .. } = alarm.identity;
        let mut math = None;
        // A list of one metric is the same as that metric.
        let properties = match alarm.properties.get("Metrics").and_then(Json::as_array) {
            None => alarm.properties.clone(),
            Some([metric]) if metric.get("MetricStat").is_some() => flattened(&alarm.properties, metric)?,
            Some(list) => {
                let (own, period_s) = self.math(alarm, list)?;
                math = Some(own);
                with_stand_ins(&alarm.properties, period_s)?
            }
        };
        let mut wrong = |key: &str, message: String, hint: Option<String>| {
            self.report(Severity::Error, place, &alarm.identity, key, message, hint);
        };
        let (Some(namespace), Some(name)) = (text(&properties, "Namespace"), text(&properties, "MetricName")) else {
            wrong("MetricName", "the alarm names no metric: it needs Namespace and MetricName".to_owned(), None);
            return None;
        };
        let operator = text(&properties, "ComparisonOperator").unwrap_or_default();
        let Some(comparison) = Comparison::parse(&operator) else {
            if operator.contains("Lower") || operator.contains("Upper") {
                let message = "an alarm on an anomaly band is not simulated: it stays without data".to_owned();
                self.report(Severity::Warning, place, &alarm.identity, "ComparisonOperator", message, None);
            } else {
                let known =
                    [Comparison::Greater, Comparison::GreaterOrEqual, Comparison::Less, Comparison::LessOrEqual];
                let hint = suggestion_hint(&operator, known.map(Comparison::text));
                wrong("ComparisonOperator", format!("there is no comparison '{operator}'"), hint);
            }
            return None;
        };
        let stat = text(&properties, "Statistic").or_else(|| text(&properties, "ExtendedStatistic"));
        let Some(statistic) = stat.as_deref().and_then(Statistic::parse) else {
            let message = match &stat {
                Some(stat) => format!("the statistic '{stat}' is not simulated"),
                None => "the alarm has neither Statistic nor ExtendedStatistic".to_owned(),
            };
            wrong(
                "Statistic",
                message,
                Some("write Sum, Average, Minimum, Maximum, SampleCount or one like p99".into()),
            );
            return None;
        };
        let whole = |key: &str| number(&properties, key).filter(|value| *value >= 1.0 && value.fract() == 0.0);
        let Some(period_s) =
            whole("Period").filter(|period| matches!(*period, 10.0 | 20.0 | 30.0) || period % 60.0 == 0.0)
        else {
            wrong("Period", "the Period must be 10, 20, 30 or a multiple of 60 seconds".to_owned(), None);
            return None;
        };
        let Some(periods) = whole("EvaluationPeriods").filter(|periods| periods * period_s <= RANGE_S_MAX) else {
            let message = "EvaluationPeriods must be 1 or more, and together not longer than a week".to_owned();
            wrong("EvaluationPeriods", message, None);
            return None;
        };
        let datapoints =
            if properties.get("DatapointsToAlarm").is_some() { whole("DatapointsToAlarm") } else { Some(periods) };
        let Some(datapoints) = datapoints.filter(|datapoints| *datapoints <= periods) else {
            let message = format!("DatapointsToAlarm must be a whole number from 1 to {periods}");
            wrong("DatapointsToAlarm", message, None);
            return None;
        };
        let Some(threshold) = number(&properties, "Threshold") else {
            wrong("Threshold", "the alarm has no Threshold".to_owned(), None);
            return None;
        };
        let treatment = text(&properties, "TreatMissingData").unwrap_or_else(|| "missing".into());
        let Some(missing) = Treatment::parse(&treatment) else {
            let known = ["missing", "ignore", "breaching", "notBreaching"];
            let hint = suggestion_hint(&treatment, known);
            wrong("TreatMissingData", format!("missing data cannot be treated as '{treatment}'"), hint);
            return None;
        };
        let dimensions = properties.get("Dimensions").and_then(Json::as_array).unwrap_or_default();
        let dimensions =
            dimensions.iter().filter_map(|dimension| Some((text(dimension, "Name")?, text(dimension, "Value")?)));
        let key = MetricKey::new(namespace, name, dimensions.collect());
        // What stands for the metric of formulas has none.
        let unit = text(&properties, "Unit").filter(|_| math.is_none());
        let series = match &math {
            Some(math) => math.metrics.iter().flat_map(|metric| metric.series.iter().copied()).collect(),
            None => self.series(alarm, &key, unit.as_deref()),
        };
        Some(MetricAlarm {
            key,
            series,
            math,
            statistic,
            unit,
            period_ms: period_s as u64 * 1000,
            evaluation_periods: periods as u32,
            datapoints_to_alarm: datapoints as u32,
            threshold,
            comparison,
            missing,
        })
    }

    /// The series that the single metric of an alarm counts; none, with a warning, where it never gets data.
    fn series(&mut self, alarm: &stack::Alarm, key: &MetricKey, unit: Option<&str>) -> Vec<SeriesId> {
        let place = alarm.identity.place;
        let mut series = match self.metrics.declare(key) {
            Ok(series) => series,
            Err(missing) => {
                let (what, hint) = never(key, &missing);
                let message = format!("the alarm '{}' never gets data: {what}", alarm.identity.name);
                self.report(Severity::Warning, place, &alarm.identity, "MetricName", message, hint);
                Vec::new()
            }
        };
        if let Some(unit) = unit
            && Namespace::is_known(&key.namespace)
            && self.metrics.unit(key) != unit
        {
            let message = format!(
                "the alarm '{}' never gets data: {} comes in {}",
                alarm.identity.name,
                key.name,
                self.metrics.unit(key)
            );
            self.report(Severity::Warning, place, &alarm.identity, "Unit", message, Some("remove Unit".to_owned()));
            series.clear();
        }
        series
    }

    fn dashboards(&mut self) -> Vec<Dashboard> {
        let mut dashboards = Vec::new();
        for resource in &self.stack.dashboards {
            let identity = &resource.identity;
            let source = identity.place.source;
            let place = |span: Span| Place::new(source, resource.body.place(span));
            let body = match read_json(resource.body.as_str()) {
                Ok(body) => body,
                Err(error) => {
                    let message = format!("the DashboardBody is no JSON: {}", error.message);
                    self.report(Severity::Error, place(error.span), identity, "DashboardBody", message, None);
                    continue;
                }
            };
            let (mut dashboard, undrawn) = dashboard::read(&identity.name, &body);
            for undrawn in undrawn {
                let message = format!("not drawn: {}", undrawn.message);
                self.report(Severity::Warning, place(undrawn.span), identity, "DashboardBody", message, None);
            }
            for widget in &mut dashboard.widgets {
                for row in widget.rows.iter_mut().filter(|row| row.formula.is_none()) {
                    match self.metrics.declare(&row.key) {
                        Ok(series) => row.series = series,
                        Err(missing) => {
                            let (what, hint) = never(&row.key, &missing);
                            let message = format!("the widget '{}' is always empty: {what}", widget.title);
                            self.report(Severity::Warning, place(row.span), identity, "DashboardBody", message, hint);
                        }
                    }
                }
            }
            for widget in &mut dashboard.widgets {
                if let Err(what) = widget.link() {
                    let message = format!("not drawn: a formula of the widget '{}': {what}", widget.title);
                    self.report(Severity::Warning, identity.place, identity, "DashboardBody", message, None);
                }
            }
            dashboards.push(dashboard);
        }
        dashboards
    }

    fn report(
        &mut self,
        severity: Severity,
        place: Place,
        identity: &Identity,
        property: &str,
        message: String,
        hint: Option<String>,
    ) {
        let path = format!("/Resources/{}/Properties/{property}", identity.logical_id);
        let mut problem = match severity {
            Severity::Error => Diagnostic::error("ValidationError", place.span, path, message),
            Severity::Warning => Diagnostic::warning("no-such-metric", place.span, path, message),
        };
        problem.hint = hint;
        self.problems.push(Problem::new(place.source, problem));
    }
}

/// Why a metric never comes, and what may have been meant.
fn never(key: &MetricKey, missing: &Missing) -> (String, Option<String>) {
    let MetricKey { namespace, name, dimensions } = key;
    let values: Vec<&str> = dimensions.iter().map(|(_, value)| &**value).collect();
    match missing {
        Missing::NoSuchMetric { known } => {
            (format!("{namespace} has no metric '{name}'"), suggestion_hint(name, known.iter().copied()))
        }
        Missing::NotSimulated => (format!("{name} of {namespace} is not simulated"), None),
        Missing::NoResource => (format!("nothing in the template is '{}'", values.join(", ")), None),
        Missing::Dimensions { known } => {
            let sets: Vec<String> =
                known.iter().map(|set| if set.is_empty() { "none".to_owned() } else { set.join(" and ") }).collect();
            (format!("{namespace} reports {name} with other dimensions: {}", sets.join(", or ")), None)
        }
    }
}

/// The properties of an alarm with its one metric's in their place.
fn flattened(properties: &Json, metric: &Json) -> Option<Json> {
    let mut flat = properties.clone();
    let stat = metric.get("MetricStat")?;
    let members = flat.make_object()?;
    for (from, key, to) in [
        (stat.get("Metric"), "Namespace", "Namespace"),
        (stat.get("Metric"), "MetricName", "MetricName"),
        (stat.get("Metric"), "Dimensions", "Dimensions"),
        (Some(stat), "Period", "Period"),
        (Some(stat), "Stat", "Statistic"),
        (Some(stat), "Unit", "Unit"),
    ] {
        if let Some(value) = from.and_then(|from| from.get(key)) {
            members.insert(to.into(), value.clone());
        }
    }
    Some(flat)
}

/// A scalar as text, as CloudFormation turns one into the other.
fn text(properties: &Json, key: &str) -> Option<Arc<str>> {
    match properties.get(key)? {
        Json::String(text) => Some(text.clone()),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
        scalar => Some(scalar.to_string().into()),
    }
}

fn number(properties: &Json, key: &str) -> Option<f64> {
    text(properties, key)?.trim().parse().ok().filter(|number: &f64| number.is_finite())
}
