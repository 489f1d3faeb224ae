//! The report for people who do not sit at the terminal: one page, with nothing fetched from elsewhere and no script.
//!
//! It shows what `--report json` writes, member by member, and knows nothing else of a check: what is not in that report
//! is not on the page.

mod coverage;
mod markup;
mod run;

use serde_json::Value;

use self::markup::{Page, list, number, text};
use super::summary::{duration_text, plural};
use super::words::seconds;

const STYLE: &str = include_str!("html/page.css");

/// The page of a report that [`json_report`](super::json_report) made.
pub fn html_report(report: &Value) -> String {
    let scenario = &report["scenario"];
    let mut page = Page::new();
    page.raw("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    page.raw("<meta name=\"viewport\" content=\"width=device-width\">");
    page.tagged("title", "", &format!("{}: {}", text(&scenario["name"]), text(&report["verdict"])));
    page.raw("<style>").raw(STYLE).raw("</style></head>\n<body>\n");
    head(&mut page, report);
    invariants(&mut page, report);
    for violation in list(&report["violations"]) {
        broken(&mut page, violation);
    }
    regressions(&mut page, report);
    coverage::write(&mut page, &report["coverage"]);
    uncontrolled(&mut page, report);
    page.raw("</body></html>\n");
    page.finish()
}

fn head(page: &mut Page, report: &Value) {
    let (scenario, runs) = (&report["scenario"], &report["runs"]);
    page.open("header", "");
    page.tagged("h1", "", text(&scenario["name"]));
    page.tagged("span", &format!("verdict {}", text(&report["verdict"])), text(&report["verdict"]));
    page.tagged("p", "", text(&scenario["description"]));
    let counts = [
        plural(number(&runs["total"]), "run"),
        plural(number(&runs["executions"]), "execution"),
        plural(number(&runs["steps"]), "step"),
        format!("{} of virtual time", duration_text(number(&runs["virtual_ms"]))),
        format!("{} made twice", plural(number(&runs["repeated"]), "run")),
    ];
    page.tagged("p", "", &format!("{}: {}", text(&scenario["path"]), counts.join(", ")));
    for different in list(&runs["unrepeatable"]) {
        let line = format!("not deterministic: seed {}: {}", different["seed"], text(&different["difference"]));
        page.tagged("p", "bad", &line);
    }
    if let (Some(percent), runs) = (report["confidence"]["percent_max"].as_f64(), &report["confidence"]["random_runs"])
    {
        let line = format!(
            "no violation in {runs} random runs: at 95 % confidence fewer than {percent:.2} % of such runs break"
        );
        page.tagged("p", "", &line);
    }
    page.open("ul", "");
    for strategy in list(&report["strategies"]) {
        let claim = match text(&strategy["claim"]) {
            "" => format!("of {} scripts that reached something new", strategy["scripts"]),
            claim => claim.to_owned(),
        };
        page.tagged(
            "li",
            "",
            &format!("{}, {}: {claim}", text(&strategy["name"]), plural(number(&strategy["runs"]), "run")),
        );
    }
    page.close("ul").close("header");
}

fn invariants(page: &mut Page, report: &Value) {
    page.tagged("h2", "", "Invariants");
    page.table(&["verdict", "when", "invariant", "runs", "place"]);
    for invariant in list(&report["invariants"]) {
        let verdict = text(&invariant["verdict"]);
        page.open("tr", "").tagged("td", &format!("verdict {verdict}"), verdict);
        page.tagged("td", "", text(&invariant["when"])).open("td", "");
        match invariant["condition"].as_str() {
            Some(condition) => {
                page.summary(text(&invariant["name"])).tagged("pre", "", condition).close("details");
            }
            None => drop(page.tagged("span", "", text(&invariant["name"]))),
        }
        page.close("td").tagged("td", "number", &number(&invariant["runs"]).to_string());
        page.tagged("td", "", text(&invariant["place"])).close("tr");
    }
    page.end_table();
}

fn broken(page: &mut Page, violation: &Value) {
    page.tagged("h2", "bad", &format!("Broken: {}", text(&violation["name"])));
    let first = &violation["first"];
    let line = format!(
        "{}; first by run {} (seed {}, {}) with {}",
        plural(number(&violation["runs"]), "run"),
        first["run"],
        first["seed"],
        text(&first["strategy"]),
        plural(number(&first["deviations"]), "deviation")
    );
    page.tagged("p", "", &line);
    for waiting in list(&violation["waiting"]) {
        page.tagged("p", "", text(waiting));
    }
    for (place, way) in list(&violation["ways"]).iter().enumerate() {
        if place > 0 {
            page.tagged("h3", "", "In another way");
        }
        story(page, way);
        run::write(page, &way["run"]);
    }
}

/// What a failure was cut down to, and why each thing that is left is needed.
fn story(page: &mut Page, way: &Value) {
    page.open("dl", "");
    page.tagged("dt", "", "who takes part").tagged("dd", "", text(&way["shape"]));
    if let Some(at) = way["breaks_at_ms"].as_u64() {
        page.tagged("dt", "", "breaks").tagged("dd", "", &format!("{} after its start", seconds(at)));
    }
    if let Some(tried) = way["shrinking"]["tried"].as_array() {
        let told =
            tried.iter().map(|tried| format!("{}: {} of {}", text(&tried["what"]), tried["kept"], tried["runs"]));
        let told: Vec<String> = told.collect();
        page.tagged("dt", "", "cut down").open("dd", "");
        page.summary(&format!("in {}", plural(number(&way["shrinking"]["runs"]), "run")));
        page.tagged("p", "", &told.join("; ")).close("details").close("dd");
    }
    page.tagged("dt", "", "replay").open("dd", "").tagged("pre", "", text(&way["replay"])).close("dd").close("dl");
    let (actors, deviations) = (list(&way["actors"]), list(&way["deviations"]));
    if deviations.is_empty() {
        page.tagged("p", "", "No deviation: it breaks on a good day.");
    }
    if actors.is_empty() && deviations.is_empty() {
        return;
    }
    page.table(&["what it needs", "who", "what", "without it"]);
    for actor in actors {
        page.cells(&["actor", text(&actor["actor"]), "", &without(&actor["without"])]);
    }
    for deviation in deviations {
        let [kind, who, what] = ["kind", "who", "what"].map(|member| text(&deviation[member]));
        page.cells(&[kind, who, what, &without(&deviation["without"])]);
    }
    page.end_table();
}

fn without(without: &Value) -> String {
    match text(&without["verdict"]) {
        "held" => "every promise holds".to_owned(),
        "broken" => format!("'{}' breaks instead", text(&without["broken"])),
        "same" => "it breaks all the same".to_owned(),
        _ => String::new(),
    }
}

fn regressions(page: &mut Page, report: &Value) {
    let regressions = list(&report["regressions"]);
    if regressions.is_empty() {
        return;
    }
    page.tagged("h2", "", "Regressions");
    page.table(&["verdict", "file", "breaks", "replay"]);
    for regression in regressions {
        let [verdict, file, broken, replay] =
            ["verdict", "file", "broken", "replay"].map(|member| text(&regression[member]));
        page.open("tr", "").tagged("td", &format!("verdict {verdict}"), verdict);
        page.tagged("td", "", file).tagged("td", "", broken);
        page.open("td", "").tagged("pre", "", replay).close("td").close("tr");
    }
    page.end_table();
}

fn uncontrolled(page: &mut Page, report: &Value) {
    let notices = list(&report["uncontrolled"]);
    if notices.is_empty() {
        return;
    }
    page.tagged("h2", "bad", "Uncontrolled: refused, because no run could repeat it");
    page.table(&["function", "kind", "place", "what"]);
    for notice in notices {
        let place = format!("{}:{}", text(&notice["file"]), number(&notice["line"]));
        page.cells(&[text(&notice["function"]), text(&notice["kind"]), &place, text(&notice["detail"])]);
    }
    page.end_table();
}

#[cfg(test)]
mod tests;
