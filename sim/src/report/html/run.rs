//! One run: its timeline, what its tables held after each step, its executions with their histories, its events.

use serde_json::Value;

use super::super::words::seconds;
use super::markup::{Page, list, number, shown, text};

pub(super) fn write(page: &mut Page, run: &Value) {
    if run.is_null() {
        return;
    }
    page.summary("Timeline");
    left_out(page, run, "timeline");
    timeline(page, run);
    page.close("details").summary("Tables, step by step");
    left_out(page, run, "steps");
    tables(page, run);
    page.close("details").summary("Executions and their histories");
    for execution in list(&run["executions"]) {
        history(page, execution);
    }
    left_out(page, run, "executions");
    page.close("details").summary("Events");
    left_out(page, run, "events");
    page.table(&["time", "bus", "source", "detail-type", "detail"]);
    for event in list(&run["events"]) {
        let [bus, source, kind] = ["bus", "source", "detail-type"].map(|member| text(&event[member]));
        page.cells(&[&seconds(number(&event["at_ms"])), bus, source, kind, &shown(&event["detail"])]);
    }
    page.end_table().close("details");
    let drawn: Vec<&str> = list(&run["monitoring"]).iter().map(text).collect();
    if !drawn.is_empty() {
        page.summary("Dashboards and alarms").tagged("pre", "", &drawn.join("\n")).close("details");
    }
}

fn timeline(page: &mut Page, run: &Value) {
    page.table(&["time", "actor", "what happens"]);
    for moment in list(&run["timeline"]) {
        let class = match (&moment["is_violation"], &moment["fault"]) {
            (Value::Bool(true), _) => "bad",
            (_, Value::String(_)) => "fault",
            _ => "",
        };
        page.open("tr", class).tagged("td", "number", &seconds(number(&moment["at_ms"])));
        page.tagged("td", "", text(&moment["lane"])).open("td", "");
        page.tagged("b", "", text(&moment["fault"])).tagged("span", "", text(&moment["what"]));
        page.close("td").close("tr");
    }
    page.end_table();
}

fn tables(page: &mut Page, run: &Value) {
    page.table(&["time", "actor", "table", "before", "after"]);
    for step in list(&run["steps"]) {
        for change in list(&step["changes"]) {
            let at = seconds(number(&step["at_ms"]));
            let (before, after) = (shown(&change["old"]), shown(&change["new"]));
            page.cells(&[&at, text(&step["actor"]), text(&change["table"]), &before, &after]);
        }
    }
    page.end_table();
}

fn history(page: &mut Page, execution: &Value) {
    let [machine, name, status] = ["machine", "name", "status"].map(|member| text(&execution[member]));
    page.summary(&format!("{machine} {name}: {status}"));
    page.open("dl", "");
    for member in ["actor", "input", "output", "error", "cause"] {
        let value = shown(&execution[member]);
        if !value.is_empty() {
            page.tagged("dt", "", member).tagged("dd", "", &value);
        }
    }
    page.close("dl").table(&["id", "after", "type", "details"]);
    for event in list(&execution["history"]["events"]) {
        let known = ["timestamp", "type", "id", "previousEventId"];
        let members = event.as_object().into_iter().flatten().filter(|(name, _)| !known.contains(&name.as_str()));
        let details: Vec<String> = members.map(|(_, details)| details.to_string()).collect();
        let [id, after] = ["id", "previousEventId"].map(|member| shown(&event[member]));
        page.cells(&[&id, &after, text(&event["type"]), &details.join(" ")]);
    }
    page.end_table().close("details");
}

/// Says how many entries of a list are missing.
fn left_out(page: &mut Page, run: &Value, name: &str) {
    if let Some(count) = run["left_out"][name].as_u64() {
        page.tagged("p", "", &format!("{count} more are not shown"));
    }
}
