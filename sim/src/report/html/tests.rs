use serde_json::json;

use super::html_report;

fn report() -> serde_json::Value {
    let hostile = "<script>alert('x')</script> & \"quoted\" \u{1}";
    json!({
        "verdict": "broken",
        "scenario": {"name": hostile, "path": "shop", "description": hostile},
        "runs": {"total": 7, "executions": 3, "steps": 9, "virtual_ms": 61_000},
        "strategies": [{"name": "random", "runs": 7, "claim": hostile}],
        "invariants": [{"name": hostile, "when": "always", "verdict": hostile, "runs": 2, "condition": hostile}],
        "violations": [{"name": hostile, "runs": 2, "waiting": [hostile], "ways": [{
            "shape": "1 × shopper", "replay": hostile, "breaks_at_ms": 2_500,
            "deviations": [{"kind": "EB-DUP", "who": hostile, "what": hostile, "without": {"verdict": "held"}}],
            "run": {
                "timeline": [{"at_ms": 5, "lane": hostile, "what": hostile, "fault": "EB-DUP"}],
                "steps": [{"at_ms": 5, "actor": hostile, "changes": [{"table": "Orders", "new": {"id": hostile}}]}],
                "executions": [{"machine": "M", "name": hostile, "history": {"events": [{"id": 1, "type": hostile}]}}],
                "events": [{"at_ms": 5, "detail": {"order": hostile}}],
                "left_out": {"timeline": 12},
            },
        }]}],
        "coverage": {"machines": [{"name": hostile, "points": [{"kind": "state", "name": hostile, "times": 0, "hint": hostile}]}]},
        "uncontrolled": [{"function": hostile, "kind": "socket", "detail": hostile, "file": hostile, "line": 3}],
    })
}

#[test]
fn nothing_of_a_report_becomes_markup() {
    let page = html_report(&report());
    assert!(!page.contains("<script") && !page.contains("alert('"), "{page}");
    assert!(!page.contains('\u{1}') && page.contains('\u{2401}'));
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt; &amp; &quot;quoted&quot;"));
}

#[test]
fn a_page_fetches_nothing_and_closes_what_it_opens() {
    let page = html_report(&report());
    for foreign in ["http:", "https:", "src=", "href=", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    for tag in ["table", "tr", "td", "details", "dl", "ul", "header", "p", "h2", "pre", "body", "html"] {
        let opened = page.matches(&format!("<{tag}>")).count() + page.matches(&format!("<{tag} ")).count();
        assert_eq!(opened, page.matches(&format!("</{tag}>")).count(), "{tag}");
    }
}

#[test]
fn a_page_tells_the_story_and_what_is_missing() {
    let page = html_report(&report());
    for told in ["1 × shopper", "2.500 s after its start", "every promise holds", "12 more are not shown", "1 min 1 s"]
    {
        assert!(page.contains(told), "{told}");
    }
    // Whatever is missing or of another type is not there; it is no reason to fail.
    assert!(html_report(&json!({"violations": 7})).ends_with("</html>\n"));
    assert!(html_report(&json!(null)).ends_with("</html>\n"));
}
