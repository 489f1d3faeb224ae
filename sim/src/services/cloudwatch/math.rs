//! Metric math: formulas over metrics, in alarms, in widgets and in `GetMetricData`.
//!
//! A [`Sheet`] is what such a request or resource lists: metrics and formulas, each with an id by which formulas name
//! them. It is checked as a whole when it is made, so that reading it cannot fail. Numbers are the caller's: it says
//! what each metric comes to in each period. Only arithmetic that every machine does alike is here: no logarithms and no
//! powers but whole ones.

mod evaluate;
mod parse;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use evaluate::Evaluation;
pub use parse::Formula;
use parse::Term;

/// Metrics and formulas, each with its id.
#[derive(Clone, Debug, Default)]
pub struct Sheet {
    rows: Vec<SheetRow>,
    /// The formulas, each behind those that it names.
    order: Vec<usize>,
}

/// A row of a sheet.
#[derive(Clone, Debug)]
pub struct SheetRow {
    /// Its id; rows without one cannot be named.
    pub id: Arc<str>,
    /// Its formula; a metric has none.
    pub formula: Option<Formula>,
}

/// What each period came to, the oldest first; nothing where there is no number.
pub type Numbers = Vec<Option<f64>>;

impl Sheet {
    /// A sheet of these rows; the error says which formula names what is not there, or itself.
    pub fn new(rows: Vec<SheetRow>) -> Result<Sheet, String> {
        for (at, row) in rows.iter().enumerate() {
            if !row.id.is_empty() && rows[..at].iter().any(|other| other.id == row.id) {
                return Err(format!("two rows have the id '{}'", row.id));
            }
        }
        let place = |id: &str| rows.iter().position(|row| *row.id == *id);
        let mut names: Vec<Vec<usize>> = Vec::new();
        for row in &rows {
            let mut named = Vec::new();
            for id in row.formula.iter().flat_map(Formula::names) {
                named.push(
                    place(id).ok_or_else(|| format!("the formula of '{}' names '{id}', which is not there", row.id))?,
                );
            }
            names.push(named);
        }
        let mut order: Vec<usize> = Vec::new();
        let formulas = || rows.iter().enumerate().filter(|(_, row)| row.formula.is_some()).map(|(at, _)| at);
        while order.len() < formulas().count() {
            let is_ready = |at: &usize| {
                !order.contains(at)
                    && names[*at].iter().all(|named| rows[*named].formula.is_none() || order.contains(named))
            };
            let Some(next) = formulas().find(is_ready) else {
                let stuck = formulas().find(|at| !order.contains(at)).unwrap_or_default();
                return Err(format!("the formula of '{}' depends on itself", rows[stuck].id));
            };
            order.push(next);
        }
        Ok(Sheet { rows, order })
    }

    /// The place of the row with this id.
    pub fn place(&self, id: &str) -> Option<usize> {
        self.rows.iter().position(|row| *row.id == *id)
    }

    /// What every row comes to in `periods` periods of `period_ms`; `metric` knows that of the metrics, by their places.
    pub fn numbers(&self, periods: usize, period_ms: u64, mut metric: impl FnMut(usize) -> Numbers) -> Vec<Numbers> {
        let mut all: Vec<Numbers> = vec![Numbers::new(); self.rows.len()];
        for (at, row) in self.rows.iter().enumerate() {
            if row.formula.is_none() {
                all[at] = metric(at);
                all[at].resize(periods, None);
            }
        }
        for at in &self.order {
            let Some(formula) = &self.rows[*at].formula else { continue };
            all[*at] = Evaluation { rows: &self.rows, numbers: &all, periods, period_ms }.of(formula);
        }
        all
    }
}

impl Formula {
    /// The ids that it names, as often as it does.
    fn names(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.root.names(&mut found);
        found
    }
}

impl Term {
    fn names<'t>(&'t self, found: &mut Vec<&'t str>) {
        match self {
            Term::Row(id) => found.push(id),
            Term::Number(_) | Term::Metrics(_) | Term::Repeat | Term::Linear => {}
            Term::Negative(term) => term.names(found),
            Term::Both(_, left, right) => {
                left.names(found);
                right.names(found);
            }
            Term::List(terms) | Term::Call(_, terms) => terms.iter().for_each(|term| term.names(found)),
        }
    }
}
