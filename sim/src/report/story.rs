//! Why a run broke, in few lines: who takes part, what goes wrong, and why each of it is needed.

use std::fmt::Write as _;

use super::words::{deviation, fitted};
use crate::explore::{Need, Shrunk, Without};
use crate::world::Script;

/// A failure that was cut down, in lines indented by two.
pub(super) fn write_story(out: &mut String, shrunk: &Shrunk, columns: usize) {
    let _ = writeln!(out, "  shape       {}", fitted(&shrunk.shape, columns.saturating_sub(14)));
    for need in shrunk.needs.iter().filter(|need| need.choice.is_none()) {
        let _ = writeln!(out, "    {}", fitted(&format!("without {}, {}", need.actor, consequence(need)), columns - 4));
    }
    let _ = match shrunk.script.deviations() {
        0 => writeln!(out, "  deviations  none: it breaks on a good day"),
        count => writeln!(out, "  deviations  {count}"),
    };
    let mut rows = deviations(&shrunk.script);
    for (row, choice) in rows.iter_mut().zip(shrunk.script.choices.iter().filter(|choice| choice.is_deviation())) {
        let need = shrunk.needs.iter().find(|need| need.choice.as_ref() == Some(choice));
        row[3] = need.map(|need| format!("without it, {}", consequence(need))).unwrap_or_default();
    }
    write_rows(out, &rows, columns);
}

fn consequence(need: &Need) -> String {
    match &need.without {
        Without::Holds => "every promise holds".to_owned(),
        Without::Breaks(other) => format!("'{other}' breaks instead"),
        Without::Same => "it breaks all the same".to_owned(),
    }
}

/// A deviation in words: its kind, who, what, and why it is needed.
type Row = [String; 4];

/// The deviations of a script in words.
fn deviations(script: &Script) -> Vec<Row> {
    let all = script.choices.iter().filter(|choice| choice.is_deviation()).map(deviation);
    all.map(|[kind, who, what]| [kind, who, what, String::new()]).collect()
}

/// The deviations of a script as lines in columns.
pub(super) fn write_deviations(out: &mut String, script: &Script, columns: usize) {
    write_rows(out, &deviations(script), columns);
}

fn write_rows(out: &mut String, shown: &[Row], columns: usize) {
    let width = |column: usize| shown.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (kinds, actors) = (width(0), width(1));
    let texts = width(2);
    // Either all of them fit beside their actors, or none stands there.
    let is_wide = 4 + kinds + 2 + actors + 2 + texts > columns;
    for [kind, who, what, why] in shown {
        let _ = if is_wide {
            {
                let what = fitted(what, columns.saturating_sub(kinds + 8));
                writeln!(out, "    {kind:<kinds$}  {who}\n    {:<kinds$}    {what}", "")
            }
        } else {
            writeln!(out, "    {kind:<kinds$}  {who:<actors$}  {what}")
        };
        if !why.is_empty() {
            let _ = writeln!(out, "    {:<kinds$}    {}", "", fitted(why, columns.saturating_sub(kinds + 8)));
        }
    }
}
