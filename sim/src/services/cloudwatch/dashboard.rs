//! Dashboards of the template: which metrics each widget draws.

use std::sync::Arc;

use rehearsal_engine::source::{Node, Shape, Span};

use super::alarm::MathMetric;
use super::math::{Formula, Numbers, Sheet, SheetRow};
use crate::world::Millis;
use crate::world::metrics::{MetricKey, Metrics, SeriesId, Statistic};

/// A dashboard.
#[derive(Clone, Debug, Default)]
pub struct Dashboard {
    /// Its name.
    pub text: Arc<str>,
    /// Its metric widgets, in order.
    pub widgets: Vec<Widget>,
}

/// A widget of the type `metric`.
#[derive(Clone, Debug)]
pub struct Widget {
    /// `title`; the first metric's name unless given.
    pub title: Arc<str>,
    /// Its metrics.
    pub rows: Vec<Row>,
}

/// One metric of a widget.
#[derive(Clone, Debug)]
pub struct Row {
    /// `label`; the metric's name unless given.
    pub label: Arc<str>,
    /// The metric.
    pub key: MetricKey,
    /// The series behind it.
    pub series: Vec<SeriesId>,
    /// `stat`
    pub statistic: Statistic,
    /// `period`
    pub period_ms: u64,
    /// `id`: how formulas name it.
    pub id: Arc<str>,
    /// `expression`; a metric has none.
    pub formula: Option<Formula>,
    /// `visible`: a metric may be there for formulas alone.
    pub is_visible: bool,
    /// What the formula is about, once the widget is linked.
    linked: Option<Arc<Linked>>,
    /// Where it stands in the body.
    pub span: Span,
}

/// The rows of a widget as its formulas see them.
#[derive(Debug)]
struct Linked {
    sheet: Sheet,
    metrics: Vec<MathMetric>,
}

/// Something of a body that cannot be drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undrawn {
    /// Where it stands in the body.
    pub span: Span,
    /// What it is.
    pub message: String,
}

/// AWS: without a period of its own a widget draws five minutes, without a statistic the average.
const PERIOD_MS: u64 = 300_000;
const STATISTIC: Statistic = Statistic::Average;

impl Widget {
    /// The rows that are drawn.
    pub fn visible(&self) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(|row| row.is_visible)
    }

    /// Lets the formulas find the metrics that they name, once these have their series; the error says which cannot.
    pub fn link(&mut self) -> Result<(), String> {
        if self.rows.iter().all(|row| row.formula.is_none()) {
            return Ok(());
        }
        let rows = self.rows.iter().map(|row| SheetRow { id: row.id.clone(), formula: row.formula.clone() });
        let sheet = Sheet::new(rows.collect());
        let metrics = self.rows.iter().map(|row| MathMetric { series: row.series.clone(), statistic: row.statistic });
        let linked = Arc::new(Linked { metrics: metrics.collect(), sheet: sheet? });
        for row in &mut self.rows {
            row.linked = row.formula.is_some().then(|| linked.clone());
        }
        Ok(())
    }
}

impl Row {
    /// The statistic of each period from `from` to `to`; AWS: periods begin at whole multiples of their length.
    pub fn values(&self, metrics: &Metrics, from: Millis, to: Millis) -> Vec<Option<f64>> {
        let first = from.0 / self.period_ms;
        let last = (to.0.max(from.0 + 1) - 1) / self.period_ms;
        let count = (last - first + 1) as usize;
        let of = |series: &[SeriesId], statistic| self.by_period(metrics, first, count, series, statistic);
        match &self.linked {
            None => of(&self.series, self.statistic),
            Some(linked) => self.of_formula(linked, count, self.period_ms, of),
        }
    }

    /// The statistic over the whole time.
    pub fn total(&self, metrics: &Metrics) -> Option<f64> {
        let total = |series: &[SeriesId], statistic: Statistic| {
            statistic.of(series.iter().flat_map(|id| metrics.series(*id).points()))
        };
        match &self.linked {
            None => total(&self.series, self.statistic),
            Some(linked) => {
                let all =
                    self.of_formula(linked, 1, self.period_ms, |series, statistic| vec![total(series, statistic)]);
                all.first().copied().flatten()
            }
        }
    }

    fn of_formula(
        &self,
        linked: &Linked,
        periods: usize,
        period_ms: u64,
        of: impl Fn(&[SeriesId], Statistic) -> Numbers,
    ) -> Numbers {
        let mut all = linked.sheet.numbers(periods, period_ms, |at| {
            linked.metrics.get(at).map(|metric| of(&metric.series, metric.statistic)).unwrap_or_default()
        });
        let place = linked.sheet.place(&self.id);
        place.and_then(|at| all.get_mut(at)).map(std::mem::take).unwrap_or_default()
    }

    fn by_period(
        &self,
        metrics: &Metrics,
        first: u64,
        count: usize,
        series: &[SeriesId],
        statistic: Statistic,
    ) -> Numbers {
        let mut periods: Vec<Vec<_>> = vec![Vec::new(); count];
        for point in series.iter().flat_map(|id| metrics.series(*id).points()) {
            let place = (point.start.0 / self.period_ms).checked_sub(first);
            if let Some(period) = place.and_then(|place| periods.get_mut(place as usize)) {
                period.push(point);
            }
        }
        periods.into_iter().map(|points| statistic.of(points.into_iter())).collect()
    }
}

/// The metric widgets of a body, with no series behind their rows yet, and what of it cannot be drawn.
pub fn read(name: &Arc<str>, body: &Node) -> (Dashboard, Vec<Undrawn>) {
    let mut undrawn = Vec::new();
    let mut widgets = Vec::new();
    let list = body.get("widgets").and_then(Node::as_array);
    if list.is_none() {
        undrawn.push(Undrawn { span: body.span, message: "the body has no list 'widgets'".to_owned() });
    }
    for widget in list.unwrap_or_default() {
        match widget.get("type").and_then(Node::as_str) {
            Some("metric") => widgets.extend(metric_widget(widget, &mut undrawn)),
            Some("text" | "log" | "alarm" | "explorer" | "custom") => {}
            _ => undrawn.push(Undrawn { span: widget.span, message: "the widget has no known 'type'".to_owned() }),
        }
    }
    (Dashboard { text: name.clone(), widgets }, undrawn)
}

fn metric_widget(widget: &Node, undrawn: &mut Vec<Undrawn>) -> Option<Widget> {
    let Some(properties) = widget.get("properties") else {
        undrawn.push(Undrawn { span: widget.span, message: "the widget has no 'properties'".to_owned() });
        return None;
    };
    let period_ms = period_ms(properties).unwrap_or(PERIOD_MS);
    let statistic = statistic(properties).unwrap_or(STATISTIC);
    let mut rows: Vec<Row> = Vec::new();
    let mut above: Vec<Arc<str>> = Vec::new();
    for metric in properties.get("metrics").and_then(Node::as_array).unwrap_or_default() {
        let parts = metric.as_array().unwrap_or_default();
        let texts: Vec<&str> = parts.iter().map_while(Node::as_str).collect();
        let options = parts.get(texts.len());
        let option = |key: &str| options.and_then(|options| options.get(key));
        // What cannot be named still needs a place of its own.
        let id = option("id").and_then(Node::as_str).map_or_else(|| format!("#{}", rows.len()).into(), Arc::from);
        let is_visible = !matches!(option("visible").map(|visible| &visible.shape), Some(Shape::Bool(false)));
        if let Some(expression) = option("expression").and_then(Node::as_str).filter(|_| texts.is_empty()) {
            match Formula::parse(expression) {
                Ok(formula) => rows.push(Row {
                    label: option("label").and_then(Node::as_str).unwrap_or(expression).into(),
                    key: MetricKey::new("", expression, Vec::new()),
                    series: Vec::new(),
                    statistic,
                    period_ms: options.and_then(self::period_ms).unwrap_or(period_ms),
                    id,
                    formula: Some(formula),
                    is_visible,
                    linked: None,
                    span: metric.span,
                }),
                Err(error) => {
                    undrawn.push(Undrawn { span: metric.span, message: format!("in '{expression}' {error}") });
                }
            }
            continue;
        }
        if texts.is_empty() {
            let message = "the metric is neither an expression nor a list of texts".to_owned();
            undrawn.push(Undrawn { span: metric.span, message });
            continue;
        }
        let Some(whole) = repeated(&texts, &above).filter(|whole| whole.len() >= 2 && whole.len().is_multiple_of(2))
        else {
            let message = "a metric is its namespace, its name, and names and values of dimensions".to_owned();
            undrawn.push(Undrawn { span: metric.span, message });
            continue;
        };
        let dimensions = whole[2..].chunks_exact(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        let key = MetricKey::new(whole[0].clone(), whole[1].clone(), dimensions);
        let label = options.and_then(|options| options.get("label")).and_then(Node::as_str);
        rows.push(Row {
            label: label.map_or_else(|| whole[1].clone(), Arc::from),
            key,
            series: Vec::new(),
            statistic: options.and_then(self::statistic).unwrap_or(statistic),
            period_ms: options.and_then(self::period_ms).unwrap_or(period_ms),
            id,
            formula: None,
            is_visible,
            linked: None,
            span: metric.span,
        });
        above = whole;
    }
    let title = properties.get("title").and_then(Node::as_str).map(Arc::from);
    let title = title.or_else(|| rows.first().map(|row| row.label.clone())).unwrap_or_default();
    Some(Widget { title, rows })
}

/// A metric with what it repeats of the one above: `.` stands for one part, `...` for all that are left out.
fn repeated(texts: &[&str], above: &[Arc<str>]) -> Option<Vec<Arc<str>>> {
    let mut whole: Vec<Arc<str>> = Vec::new();
    for (at, text) in texts.iter().enumerate() {
        match *text {
            "." => whole.push(above.get(whole.len())?.clone()),
            "..." => {
                let rest = texts.len() - at - 1;
                while whole.len() + rest < above.len() {
                    whole.push(above[whole.len()].clone());
                }
            }
            text => whole.push(text.into()),
        }
    }
    Some(whole)
}

fn period_ms(properties: &Node) -> Option<u64> {
    let Shape::Number(number) = &properties.get("period")?.shape else { return None };
    number.as_u64().filter(|seconds| (1..=31_536_000).contains(seconds)).map(|seconds| seconds * 1000)
}

fn statistic(properties: &Node) -> Option<Statistic> {
    Statistic::parse(properties.get("stat")?.as_str()?)
}

#[cfg(test)]
mod tests {
    use rehearsal_engine::source::read_json;

    use super::*;

    fn dashboard(body: &str) -> (Dashboard, Vec<Undrawn>) {
        read(&"Shop".into(), &read_json(body).expect("JSON"))
    }

    #[test]
    fn a_metric_repeats_what_the_one_above_says() {
        let (dashboard, undrawn) = dashboard(
            r#"{"widgets": [
                {"type": "text", "properties": {"markdown": "hello"}},
                {"type": "metric", "properties": {"title": "Executions", "period": 300, "stat": "Sum", "metrics": [
                    ["AWS/States", "ExecutionsSucceeded", "StateMachineArn", "arn:m"],
                    [".", "ExecutionsFailed", ".", "."],
                    ["...", "arn:n", {"label": "other", "stat": "p99", "period": 60}]
                ]}}
            ]}"#,
        );
        assert_eq!(undrawn, []);
        let rows = dashboard.widgets[0].rows.iter().map(|row| {
            let dimensions: Vec<_> = row.key.dimensions.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (format!("{} {}", row.key.name, dimensions.join(",")), row.label.to_string(), row.statistic, row.period_ms)
        });
        assert_eq!(
            rows.collect::<Vec<_>>(),
            [
                (
                    "ExecutionsSucceeded StateMachineArn=arn:m".into(),
                    "ExecutionsSucceeded".into(),
                    Statistic::Sum,
                    300_000
                ),
                ("ExecutionsFailed StateMachineArn=arn:m".into(), "ExecutionsFailed".into(), Statistic::Sum, 300_000),
                ("ExecutionsFailed StateMachineArn=arn:n".into(), "other".into(), Statistic::Percentile(99.0), 60_000),
            ]
        );
    }

    #[test]
    fn what_cannot_be_drawn_is_named_and_the_rest_is_drawn() {
        for (body, wanted) in [
            ("[]", "no list 'widgets'"),
            (r#"{"widgets": [{"type": "magic"}]}"#, "no known 'type'"),
            (r#"{"widgets": [{"type": "metric"}]}"#, "no 'properties'"),
            (
                r#"{"widgets": [{"type": "metric", "properties": {"metrics": [[{"expression": "m1 +"}]]}}]}"#,
                "in 'm1 +' the formula ends where a number",
            ),
            (
                r#"{"widgets": [{"type": "metric", "properties": {"metrics": [[{"label": "m1"}]]}}]}"#,
                "neither an expression nor",
            ),
            (r#"{"widgets": [{"type": "metric", "properties": {"metrics": [["."]]}}]}"#, "its namespace"),
            (r#"{"widgets": [{"type": "metric", "properties": {"metrics": [["N", "m", "d"]]}}]}"#, "its namespace"),
        ] {
            let (_, undrawn) = dashboard(body);
            assert!(undrawn.iter().any(|undrawn| undrawn.message.contains(wanted)), "{body}: {undrawn:?}");
        }
    }
}
