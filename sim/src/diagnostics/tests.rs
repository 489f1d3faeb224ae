use super::*;

fn rendered(text: &str, span: Span) -> String {
    let diagnostic =
        Diagnostic::error("unknown-name", span, "/Resources/A", "nothing is called 'Ordrs'").hint("write 'Orders'");
    render(&Sources::single("template.yaml", text), &[Problem::new(SourceId(0), diagnostic)], false)
}

#[test]
fn a_problem_is_shown_with_its_place_its_line_and_its_remedy() {
    let shown = rendered("Resources:\n  A: !Ref Ordrs\n  B: 1\n", Span::new(16, 26));
    for part in [
        "error[unknown-name]: nothing is called 'Ordrs'",
        "template.yaml:2:6",
        "2 |   A: !Ref Ordrs",
        "^^^^^^^^^^",
        "note: at /Resources/A",
        "help: write 'Orders'",
    ] {
        assert!(shown.contains(part), "{part:?} is missing in\n{shown}");
    }
}

#[test]
fn odd_spans_and_texts_are_shown_without_breaking() {
    for (text, span) in [
        ("", Span::new(0, 1)),
        ("a", Span::new(700, 900)),
        ("é", Span::new(1, 1)),
        ("a\nb\nc", Span::new(0, 5)),
        ("a\r\nb", Span::new(2, 3)),
        ("a\n\n", Span::new(3, 2)),
        ("\u{feff}\u{7}\tx", Span::new(0, 3)),
    ] {
        assert!(rendered(text, span).contains("nothing is called"), "{text:?}");
    }
    assert!(rendered(&"x".repeat(1_000_000), Span::new(5, 6)).len() < 1000);
}

#[test]
fn a_span_over_several_lines_marks_the_first() {
    let shown = rendered("a: |\n  one\n  two\n", Span::new(3, 15));
    assert!(shown.contains("1 | a: |\n  |    ^\n"), "{shown}");
}
