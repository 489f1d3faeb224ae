//! What was reached and what was not, with the hints.

use serde_json::Value;

use super::markup::{Page, list, number, text};

pub(super) fn write(page: &mut Page, coverage: &Value) {
    page.tagged("h2", "", "Coverage");
    for machine in list(&coverage["machines"]) {
        let points = list(&machine["points"]);
        let reached = points.iter().filter(|point| number(&point["times"]) > 0).count();
        page.summary(&format!("{}: {reached} of {} points reached", text(&machine["name"]), points.len()));
        page.table(&["kind", "point", "times", "hint"]);
        for point in points {
            row(page, [&point["kind"], &point["name"]].map(text), number(&point["times"]), text(&point["hint"]));
        }
        page.end_table().close("details");
    }
    let faults = list(&coverage["faults"]);
    let struck = faults.iter().filter(|fault| number(&fault["struck"]) > 0).count();
    page.summary(&format!("faults: {struck} of {} struck", faults.len()));
    page.table(&["fault", "injection point", "times", "hint"]);
    for fault in faults {
        let id = text(&fault["fault"]);
        row(page, [id, ""], number(&fault["struck"]), text(&fault["hint"]));
        for point in list(&fault["points"]) {
            let place = format!("{} {}", text(&point["operation"]), text(&point["place"]));
            row(page, [id, &place], number(&point["struck"]), "");
        }
    }
    page.end_table().close("details");
}

fn row(page: &mut Page, [kind, name]: [&str; 2], times: u64, hint: &str) {
    page.open("tr", if times == 0 { "never" } else { "" }).tagged("td", "", kind).tagged("td", "", name);
    page.tagged("td", "number", &times.to_string()).tagged("td", "", hint).close("tr");
}
