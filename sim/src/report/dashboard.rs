//! The template's dashboards and alarms over one run, drawn in characters.

use std::fmt::Write as _;

use super::summary::duration_text;
use super::words::{fitted, seconds};
use crate::services::cloudwatch::dashboard::{Dashboard, Row, Widget};
use crate::world::{Millis, World};

const COLUMNS: usize = 100;
const LABEL_COLUMNS_MAX: usize = 32;
const CHART_COLUMNS: usize = 48;
/// Changes of an alarm that are named; of the others only the number.
const CHANGES_SHOWN_MAX: usize = 6;
const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const NOTHING: char = '·';

/// Every dashboard with what its widgets show of the run, and what each alarm did; empty without any.
pub fn monitoring_text(world: &World) -> String {
    let mut out = String::new();
    for dashboard in world.cloudwatch.dashboards() {
        draw(&mut out, dashboard, world);
    }
    alarms(&mut out, world);
    out
}

fn draw(out: &mut String, dashboard: &Dashboard, world: &World) {
    let _ = writeln!(out, "dashboard {}", dashboard.text);
    let rows = || dashboard.widgets.iter().flat_map(Widget::visible);
    let labels = rows().map(|row| row.label.chars().count()).max().unwrap_or(0).min(LABEL_COLUMNS_MAX);
    for widget in &dashboard.widgets {
        for (place, row) in widget.visible().enumerate() {
            let (period_ms, values) = periods(row, world);
            if place == 0 {
                let head = format!("  {}, {}", widget.title, scale(widget, period_ms));
                let _ = writeln!(out, "{}", fitted(&head, COLUMNS));
            }
            let label = fitted(&row.label, labels);
            let total = row.total(world.core.metrics()).map_or("empty".to_owned(), number);
            let _ = writeln!(out, "    {label:<labels$}  {}  {total}", bars(&values));
        }
    }
}

/// The values of a row; periods are joined until they fit.
fn periods(row: &Row, world: &World) -> (u64, Vec<Option<f64>>) {
    let (from, to) = (Millis::START, world.core.now());
    let periods = (to - from).div_ceil(row.period_ms).max(1);
    let joined = periods.div_ceil(CHART_COLUMNS as u64);
    let mut wide = row.clone();
    wide.period_ms *= joined;
    (wide.period_ms, wide.values(world.core.metrics(), from, to))
}

fn scale(widget: &Widget, period_ms: u64) -> String {
    let mut statistics: Vec<String> = widget.visible().map(|row| row.statistic.text()).collect();
    statistics.dedup();
    format!("{} per {}", statistics.join(" and "), duration_text(period_ms))
}

fn bars(values: &[Option<f64>]) -> String {
    let most = values.iter().flatten().copied().fold(0.0, f64::max);
    let bar = |value: &Option<f64>| match value {
        None => NOTHING,
        Some(value) if most <= 0.0 || *value <= 0.0 => BARS[0],
        Some(value) => BARS[((value / most * 8.0).ceil() as usize).clamp(1, 8) - 1],
    };
    values.iter().map(bar).collect()
}

fn number(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 { format!("{value:.0}") } else { format!("{value:.2}") }
}

fn alarms(out: &mut String, world: &World) {
    let alarms = world.cloudwatch.alarms();
    if alarms.is_empty() {
        return;
    }
    let _ = writeln!(out, "alarms");
    for (alarm, record) in alarms.iter().zip(world.cloudwatch.records()) {
        let actions = if record.actions == 1 { "1 action".to_owned() } else { format!("{} actions", record.actions) };
        let head = format!("  {}: {}, {actions}", alarm.text, record.state.text());
        let _ = writeln!(out, "{}", fitted(&head, COLUMNS));
        let changes = &record.transitions;
        for change in changes.iter().take(CHANGES_SHOWN_MAX) {
            let at = seconds(change.at.since_start());
            let line = format!("    {at:>10}  {} -> {}: {}", change.from.text(), change.to.text(), change.reason);
            let _ = writeln!(out, "{}", fitted(&line, COLUMNS));
        }
        if changes.len() > CHANGES_SHOWN_MAX {
            let _ = writeln!(out, "    and {} more", changes.len() - CHANGES_SHOWN_MAX);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_reach_from_nothing_to_the_most() {
        assert_eq!(bars(&[None, Some(0.0), Some(1.0), Some(4.0), Some(8.0)]), "·▁▁▄█");
        assert_eq!(bars(&[Some(0.0), None]), "▁·");
        assert_eq!((number(3.0), number(2.5), number(1e300).len()), ("3".to_owned(), "2.50".to_owned(), 304));
    }
}
