use std::fmt::Write;
use std::ops::Range;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use rehearsal_engine::source::{Severity, Span};

use super::{Problem, Sources};

/// Problems that are shown; behind them nobody reads on.
const PROBLEMS_SHOWN_MAX: usize = 100;

/// Lines shown before and after the one at fault.
const CONTEXT_LINES: usize = 1;

/// Bytes of a line that are shown; a definition on one line can be a megabyte long.
const LINE_BYTES_MAX: usize = 4096;

/// Prints problems for a person: what, `file:line:column`, the line, and the way to mend it. With terminal colours if
/// `color`.
pub fn render(sources: &Sources, problems: &[Problem], color: bool) -> String {
    let renderer = if color { Renderer::styled() } else { Renderer::plain() }.decor_style(DecorStyle::Ascii);
    let mut text = String::new();
    for problem in problems.iter().take(PROBLEMS_SHOWN_MAX) {
        text.push_str(&one(&renderer, sources, problem));
        text.push_str("\n\n");
    }
    if problems.len() > PROBLEMS_SHOWN_MAX {
        let _ = writeln!(text, "and {} more", problems.len() - PROBLEMS_SHOWN_MAX);
    }
    text
}

fn one(renderer: &Renderer, sources: &Sources, problem: &Problem) -> String {
    let diagnostic = &problem.diagnostic;
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(diagnostic.message.as_str()).id(diagnostic.code);
    let mut group = match sources.get(problem.source) {
        Some(source) => match Excerpt::around(&source.text, diagnostic.span) {
            Some(excerpt) => Group::with_title(title).element(
                Snippet::source(excerpt.text)
                    .line_start(excerpt.line)
                    .path(&*source.name)
                    .fold(false)
                    .annotation(AnnotationKind::Primary.span(excerpt.marked)),
            ),
            None => Group::with_title(title).element(Origin::path(&*source.name)),
        },
        None => Group::with_title(title),
    };
    if !diagnostic.path.is_empty() {
        group = group.element(Level::NOTE.message(format!("at {}", diagnostic.path)));
    }
    if let Some(hint) = &diagnostic.hint {
        group = group.element(Level::HELP.message(hint.as_str()));
    }
    renderer.render(&[group])
}

/// The few lines of a text that a diagnostic is about.
struct Excerpt<'t> {
    text: &'t str,
    line: usize,
    marked: Range<usize>,
}

impl Excerpt<'_> {
    /// The lines around `span`. Of a span over several lines only the first is marked: a whole block helps nobody.
    /// `None` when the text is empty or its line is too long to show.
    fn around(text: &str, span: Span) -> Option<Excerpt<'_>> {
        let at = floor_boundary(text, span.start as usize);
        let line_start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[at..].find('\n').map_or(text.len(), |newline| at + newline);
        if line_end - line_start > LINE_BYTES_MAX || text.is_empty() {
            return None;
        }
        let mut start = line_start;
        let mut shown_before = 0;
        while shown_before < CONTEXT_LINES && start > 0 {
            let earlier = text[..start - 1].rfind('\n').map_or(0, |newline| newline + 1);
            if start - earlier > LINE_BYTES_MAX {
                break;
            }
            start = earlier;
            shown_before += 1;
        }
        let mut end = line_end;
        for _ in 0..CONTEXT_LINES {
            let Some(rest) = text.get(end + 1..) else { break };
            let later = rest.find('\n').map_or(text.len(), |newline| end + 1 + newline);
            if later - end > LINE_BYTES_MAX {
                break;
            }
            end = later;
        }
        let marked_end = floor_boundary(text, (span.end as usize).min(line_end)).max(at);
        let line = text[..start].matches('\n').count() + 1;
        Some(Excerpt { text: &text[start..end], line, marked: at - start..marked_end - start })
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}
