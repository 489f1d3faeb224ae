//! What happened in a run, a moment a line: virtual time, a lane for each actor, faults and the violation marked.

use std::fmt::Write as _;

use super::summary::wrapped;
use super::words::{clock, fitted, lane, without_uuids};
use crate::world::Moment;

const TIME_COLUMNS: usize = 10;
const WHO_COLUMNS_MAX: usize = 32;
/// Actors with a lane of their own; more of them would leave no room for what they do.
const LANES_MAX: usize = 8;

/// The timeline in lines of at most `columns`.
pub(super) fn write_timeline(out: &mut String, moments: &[Moment], columns: usize) {
    let _ = writeln!(out, "\ntimeline");
    let lanes = Lanes::of(moments);
    lanes.write_head(out);
    let who: Vec<String> = moments.iter().map(|moment| lane(&moment.actor)).collect();
    let width = who.iter().map(|who| who.chars().count()).max().unwrap_or(0).min(WHO_COLUMNS_MAX);
    for (place, (moment, who)) in moments.iter().zip(&who).enumerate() {
        let (at, who) = (clock(moment.at.since_start()), shortened(who, width));
        let (mark, lanes, what) = (mark(moment), lanes.at(place, moment), what(moment));
        let line = format!("{at:>TIME_COLUMNS$} {mark} {lanes}{who:<width$}  {what}");
        let _ = writeln!(out, "{}", fitted(&line, columns).trim_end());
    }
}

fn mark(moment: &Moment) -> char {
    match moment.fault {
        Some(_) => '!',
        None if is_violation(moment) => '✗',
        None => ' ',
    }
}

/// Whether this is the world's word on a broken promise.
pub(super) fn is_violation(moment: &Moment) -> bool {
    moment.actor.is_empty() && moment.what.starts_with("BROKEN: ")
}

fn what(moment: &Moment) -> String {
    match moment.fault {
        // The form says what happened here, the summary what it is about.
        Some(fault) => {
            let spec = fault.spec();
            let form = moment.what.rsplit_once('(').map_or("", |(_, form)| form.trim_end_matches(')'));
            format!("{} {form}: {}", spec.id, spec.summary)
        }
        None => without_uuids(&moment.what),
    }
}

/// Who began what happened: an actor of the workload or a schedule; nobody for the world itself.
fn root(lineage: &str) -> Option<&str> {
    lineage.split('/').find(|link| !link.is_empty())
}

/// A lane of at most `columns`: who began it, and the end of the rest, which says most about who acts.
fn shortened(who: &str, columns: usize) -> String {
    let count = who.chars().count();
    let Some((root, tail)) = who.split_once(' ').filter(|_| count > columns) else { return fitted(who, columns) };
    // A blank and the mark of what is left out stand between them.
    let kept = columns.saturating_sub(root.chars().count() + 2);
    let left_out = tail.chars().count().saturating_sub(kept);
    fitted(&format!("{root} …{}", tail.chars().skip(left_out).collect::<String>()), columns)
}

/// A link's name and its number, in whose order people count.
fn numbered(link: &str) -> (&str, u64) {
    let (name, number) = link.split_once('#').unwrap_or((link, "0"));
    (name, number.parse().unwrap_or(u64::MAX))
}

/// From its first moment to its last one, each actor has a line down the page.
struct Lanes<'m> {
    lanes: Vec<Lane<'m>>,
}

struct Lane<'m> {
    root: &'m str,
    first: usize,
    last: usize,
}

impl<'m> Lanes<'m> {
    fn of(moments: &'m [Moment]) -> Lanes<'m> {
        let mut lanes: Vec<Lane<'m>> = Vec::new();
        for (place, moment) in moments.iter().enumerate() {
            let Some(root) = root(&moment.actor) else { continue };
            if let Some(lane) = lanes.iter_mut().find(|lane| lane.root == root) {
                lane.last = place;
            } else if lanes.len() < LANES_MAX {
                lanes.push(Lane { root, first: place, last: place });
            }
        }
        // One actor alone needs no lane.
        if lanes.len() == 1 {
            lanes.clear();
        }
        lanes.sort_by_key(|lane| numbered(lane.root));
        Lanes { lanes }
    }

    fn write_head(&self, out: &mut String) {
        if self.lanes.is_empty() {
            return;
        }
        let names: Vec<String> =
            (1..).zip(&self.lanes).map(|(number, lane)| format!("{number} {}", lane.root)).collect();
        wrapped(out, "  lanes: ", &names.iter().map(String::as_str).collect::<Vec<_>>(), ", ");
        let numbers: String = (1..=self.lanes.len()).map(|number| number.to_string()).collect();
        let _ = writeln!(out, "{}{numbers}", " ".repeat(TIME_COLUMNS + 3));
    }

    fn at(&self, place: usize, moment: &Moment) -> String {
        if self.lanes.is_empty() {
            return String::new();
        }
        let root = root(&moment.actor);
        let mark = |lane: &Lane<'_>| match lane {
            _ if root == Some(lane.root) => '●',
            Lane { first, last, .. } if (*first..=*last).contains(&place) => '│',
            _ => ' ',
        };
        self.lanes.iter().map(mark).chain("  ".chars()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{FaultId, Millis};

    fn moment(actor: &str, what: &str) -> Moment {
        Moment { at: Millis::START + 1_500, actor: actor.into(), what: what.into(), fault: None }
    }

    fn told(moments: &[Moment]) -> String {
        let mut out = String::new();
        write_timeline(&mut out, moments, 100);
        out
    }

    #[test]
    fn each_actor_has_a_lane_from_its_first_moment_to_its_last() {
        let moments = [
            moment("shopper#2", "asks"),
            moment("shopper#10/Pay", "pays"),
            Moment { fault: Some(FaultId::EbDup), ..moment("shopper#2", "rule: twice (at once)") },
            moment("shopper#10", "leaves"),
            moment("", "BROKEN: paid once"),
        ];
        let shown = told(&moments);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines[2], "  lanes: 1 shopper#2, 2 shopper#10");
        assert_eq!(lines[3], "             12");
        assert_eq!(lines[4], "     1.500   ●   shopper#2       asks");
        assert_eq!(lines[5], "     1.500   │●  shopper#10 Pay  pays");
        assert!(lines[6].starts_with("     1.500 ! ●│  shopper#2       EB-DUP at once: "), "{}", lines[6]);
        assert_eq!(lines[7], "     1.500    ●  shopper#10      leaves");
        assert_eq!(lines[8], "     1.500 ✗     world           BROKEN: paid once");
    }

    #[test]
    fn long_lanes_keep_their_root_and_their_end() {
        assert_eq!(shortened("shopper#2 Pay/pay", 17), "shopper#2 Pay/pay");
        assert_eq!(shortened("shopper#2 ProcessPayment/payment-processing", 29), "shopper#2 …payment-processing");
        assert_eq!(shortened("shopper#2 Pay/pay", 8), "shopper…");
    }

    #[test]
    fn lines_fit_however_many_actors_there_are_and_however_much_they_say() {
        let moments: Vec<Moment> =
            (0..40).map(|number| moment(&format!("shopper#{number}/{}", "x".repeat(90)), &"ä".repeat(300))).collect();
        let shown = told(&moments);
        assert!(shown.lines().all(|line| line.chars().count() <= 100), "{shown}");
        let one = told(&[moment("shopper#1", "asks")]);
        assert_eq!(one, "\ntimeline\n     1.500   shopper#1  asks\n");
    }
}
