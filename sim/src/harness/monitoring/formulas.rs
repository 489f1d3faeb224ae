//! The formulas of alarms: what they name, and what stands behind that.

use std::sync::Arc;

use rehearsal_engine::Json;
use rehearsal_engine::source::Severity;

use super::{Reading, flattened, never, number, text};
use crate::services::cloudwatch::math::{Formula, Sheet, SheetRow};
use crate::services::cloudwatch::{Math, MathMetric};
use crate::template::stack;
use crate::world::metrics::{MetricKey, Statistic};

/// Formulas, how long their periods are, and what of them never gets data.
type Read = (Math, f64, Vec<(String, Option<String>)>);

impl Reading<'_> {
    /// `Metrics` of an alarm, with how long its periods are in seconds; what is wrong with it is reported.
    pub(super) fn math(&mut self, alarm: &stack::Alarm, list: &[Json]) -> Option<(Math, f64)> {
        let place = alarm.identity.place;
        match self.read_math(list) {
            Ok((math, period_s, empty)) => {
                for (what, hint) in empty {
                    let message = format!("a metric of the alarm '{}' never gets data: {what}", alarm.identity.name);
                    self.report(Severity::Warning, place, &alarm.identity, "Metrics", message, hint);
                }
                Some((math, period_s))
            }
            Err(what) => {
                let message = format!("the alarm stays without data: {what}");
                self.report(Severity::Warning, place, &alarm.identity, "Metrics", message, None);
                None
            }
        }
    }

    fn read_math(&mut self, list: &[Json]) -> Result<Read, String> {
        let (mut rows, mut metrics, mut returned) = (Vec::new(), Vec::new(), Vec::new());
        let (mut period_s, mut empty) = (None, Vec::new());
        for (at, entry) in list.iter().enumerate() {
            let id = text(entry, "Id").ok_or("an entry of Metrics has no Id")?;
            // AWS: what is not said to be kept back is what the alarm judges.
            if text(entry, "ReturnData").as_deref() != Some("false") {
                returned.push(at);
            }
            if let Some(expression) = text(entry, "Expression") {
                let formula = Formula::parse(&expression).map_err(|error| format!("in '{expression}' {error}"))?;
                rows.push(SheetRow { id, formula: Some(formula) });
                metrics.push(MathMetric { series: Vec::new(), statistic: Statistic::Sum });
                continue;
            }
            let flat = flattened(&Json::object(), entry).ok_or_else(|| format!("'{id}' has no MetricStat"))?;
            let own_s = number(&flat, "Period").ok_or_else(|| format!("the metric '{id}' has no Period"))?;
            if *period_s.get_or_insert(own_s as u64) != own_s as u64 {
                return Err("its metrics have different Periods".to_owned());
            }
            let stat = text(&flat, "Statistic").unwrap_or_default();
            let statistic =
                Statistic::parse(&stat).ok_or_else(|| format!("the statistic '{stat}' of '{id}' is not simulated"))?;
            let dimensions = flat.get("Dimensions").and_then(Json::as_array).unwrap_or_default();
            let dimensions =
                dimensions.iter().filter_map(|dimension| Some((text(dimension, "Name")?, text(dimension, "Value")?)));
            let part = |key: &str| text(&flat, key).ok_or_else(|| format!("the metric '{id}' has no {key}"));
            let key = MetricKey::new(part("Namespace")?, part("MetricName")?, dimensions.collect());
            let series = self.metrics.declare(&key).unwrap_or_else(|missing| {
                empty.push(never(&key, &missing));
                Vec::new()
            });
            rows.push(SheetRow { id: id.clone(), formula: None });
            metrics.push(MathMetric { series, statistic });
        }
        let [returned] = returned.as_slice() else {
            return Err(format!("one entry of Metrics is judged, and {} have ReturnData", returned.len()));
        };
        let period_s = period_s.ok_or("its formulas name no metric")?;
        let told = Json::from(list.to_vec());
        Ok((Math { sheet: Sheet::new(rows)?, returned: *returned, metrics, told }, period_s as f64, empty))
    }
}

/// The properties of an alarm with formulas as if it had a metric, so that the rest of them is read alike.
pub(super) fn with_stand_ins(properties: &Json, period_s: f64) -> Option<Json> {
    let mut flat = properties.clone();
    let members = flat.make_object()?;
    for (key, value) in [("Namespace", ""), ("MetricName", "formula"), ("Statistic", "Sum")] {
        members.insert(Arc::from(key), value.into());
    }
    members.insert(Arc::from("Period"), Json::from(period_s));
    Some(flat)
}
