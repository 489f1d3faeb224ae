//! Why a run broke, in few lines: its shape and its deviations.

use std::fmt::Write as _;

use super::dashboard::monitoring_text;
use super::words::{deviation, fitted};
use crate::world::{Script, World};

/// What of a failing run a reader needs to retell it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Story {
    /// How many actors of each kind, as `6 shopper`.
    pub shape: String,
    /// The deviations: kind, who, what.
    pub deviations: Vec<[String; 3]>,
    /// The template's dashboards and alarms over the run, as lines.
    pub monitoring: Vec<String>,
}

impl Story {
    /// The story of the run that `world` has just made.
    pub fn of(world: &World) -> Story {
        let script = world.core.script();
        let monitoring = monitoring_text(world).lines().map(str::to_owned).collect();
        Story { shape: shape(world), deviations: deviations(&script), monitoring }
    }

    /// Its lines, indented by two, at most `shown_max` deviations of them.
    pub fn write(&self, out: &mut String, shown_max: usize, columns: usize) {
        let _ = writeln!(out, "  shape       {}", fitted(&self.shape, columns.saturating_sub(14)));
        let _ = match self.deviations.len() {
            0 => writeln!(out, "  deviations  none: it breaks on a good day"),
            count => writeln!(out, "  deviations  {count}"),
        };
        write_deviations(out, &self.deviations, shown_max, columns);
        for line in &self.monitoring {
            let _ = writeln!(out, "{}", fitted(&format!("  {line}"), columns));
        }
    }
}

/// The deviations of a script in words.
pub fn deviations(script: &Script) -> Vec<[String; 3]> {
    script.choices.iter().filter(|choice| choice.is_deviation()).map(deviation).collect()
}

/// Deviations as lines in columns.
pub fn write_deviations(out: &mut String, deviations: &[[String; 3]], shown_max: usize, columns: usize) {
    let shown = &deviations[..deviations.len().min(shown_max)];
    let width = |column: usize| shown.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (kinds, actors) = (width(0), width(1));
    let texts = width(2);
    // Either all of them fit beside their actors, or none stands there.
    let is_wide = 4 + kinds + 2 + actors + 2 + texts > columns;
    for [kind, who, what] in shown {
        let _ = if is_wide {
            writeln!(out, "    {kind:<kinds$}  {who}\n    {:<kinds$}    {what}", "")
        } else {
            writeln!(out, "    {kind:<kinds$}  {who:<actors$}  {what}")
        };
    }
    if deviations.len() > shown.len() {
        let _ = writeln!(out, "    and {} more", deviations.len() - shown.len());
    }
}

/// How many actors of each kind take part.
pub fn shape(world: &World) -> String {
    let mut kinds: Vec<(String, u32)> = Vec::new();
    for planned in world.planned() {
        let lineage = world.core.lineages().text(world.core.names(), planned.actor);
        let name = lineage.split('#').next().unwrap_or_default();
        match kinds.iter_mut().find(|(known, _)| known == name) {
            Some((_, count)) => *count += 1,
            None => kinds.push((name.to_owned(), 1)),
        }
    }
    let words: Vec<String> = kinds.iter().map(|(name, count)| format!("{count} × {name}")).collect();
    if words.is_empty() { "no actor".to_owned() } else { words.join(", ") }
}
