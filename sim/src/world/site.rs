//! Where a decision is made. A site is addressed by what caused it, never by a global counter: taking one fault away
//! must not shift the draws of the others.

use std::fmt::Write as _;

use super::hash::mix;
use super::{FaultId, Millis, Name, Names, hash};

/// A causal lineage of this run, as an index: root actor / event / rule and target / delivery / state path / attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActorId(u32);

impl ActorId {
    /// The world itself, the root of every lineage.
    pub const WORLD: ActorId = ActorId(0);
}

#[derive(Clone, Copy, Debug)]
struct Link {
    parent: ActorId,
    root: ActorId,
    name: Name,
    number: u32,
    hash: u64,
    /// The hash of the task visit that it belongs to, over all its attempts; of the root where there is none.
    task: u64,
    /// The attempt of a task that it belongs to; without one the root, or the tick of a schedule.
    attempt: ActorId,
    /// The services that the attempt has called, a bit each.
    called: u16,
    /// When its time is up; at the beginning of all time where it has all the time there is.
    deadline: Millis,
    scheduled: bool,
}

/// The lineages of one run.
#[derive(Debug)]
pub struct Lineages {
    links: Vec<Link>,
}

impl Lineages {
    /// Only the world.
    pub fn new() -> Lineages {
        let mut lineages = Lineages { links: Vec::with_capacity(64) };
        lineages.reset();
        lineages
    }

    /// Back to only the world, keeping the memory.
    pub fn reset(&mut self) {
        self.links.clear();
        let world = ActorId::WORLD;
        self.links.push(Link {
            parent: world,
            root: world,
            name: Name::WORLD,
            number: 0,
            hash: 0,
            task: 0,
            attempt: world,
            called: 0,
            deadline: Millis(0),
            scheduled: false,
        });
    }

    /// The `number`th thing called `name` that `parent` caused.
    pub fn child(&mut self, names: &Names, parent: ActorId, name: Name, number: u32) -> ActorId {
        let id = ActorId(self.links.len() as u32);
        let root = if parent == ActorId::WORLD { id } else { self.links[parent.0 as usize].root };
        let hash = link_hash(self.hash(parent), names.hash(name), number);
        let above = self.links[parent.0 as usize];
        let task = match name {
            Name::TRY => above.hash,
            _ if parent == ActorId::WORLD => hash,
            _ => above.task,
        };
        // Every tick of a schedule is a thing of its own.
        let begins = name == Name::TRY || parent == ActorId::WORLD || above.scheduled && above.parent == ActorId::WORLD;
        let attempt = if begins { id } else { above.attempt };
        self.links.push(Link {
            parent,
            root,
            name,
            number,
            hash,
            task,
            attempt,
            called: 0,
            deadline: Millis(0),
            scheduled: above.scheduled,
        });
        id
    }

    /// The attempt of a task that a lineage belongs to, if it never called `service` (a bit) before.
    #[inline]
    pub(super) fn first_call(&mut self, actor: ActorId, service: u16) -> Option<ActorId> {
        let attempt = self.links[actor.0 as usize].attempt;
        let called = &mut self.links[attempt.0 as usize].called;
        let is_first = *called & service == 0;
        *called |= service;
        is_first.then_some(attempt)
    }

    /// Says that a lineage is the doing of a schedule, and whatever it causes from now on too.
    pub fn mark_scheduled(&mut self, actor: ActorId) {
        self.links[actor.0 as usize].scheduled = true;
    }

    /// Whether a schedule caused it.
    #[inline]
    pub fn is_scheduled(&self, actor: ActorId) -> bool {
        self.links[actor.0 as usize].scheduled
    }

    /// Says when a lineage's time is up.
    pub(super) fn set_deadline(&mut self, actor: ActorId, at: Millis) {
        self.links[actor.0 as usize].deadline = at;
    }

    /// When a lineage's own time is up, if it is limited.
    pub(super) fn deadline(&self, actor: ActorId) -> Option<Millis> {
        Some(self.links[actor.0 as usize].deadline).filter(|at| at.0 > 0)
    }

    /// The hash that stands for a lineage in every run.
    #[inline]
    pub fn hash(&self, actor: ActorId) -> u64 {
        self.links[actor.0 as usize].hash
    }

    /// The root actor of a lineage: a workload's actor, a schedule.
    #[inline]
    pub fn root(&self, actor: ActorId) -> ActorId {
        self.links[actor.0 as usize].root
    }

    /// The first `links` links of a lineage; all of it when it has no more.
    pub fn ancestor(&self, actor: ActorId, links: usize) -> ActorId {
        let mut parents = std::iter::successors(Some(actor), |at| Some(self.links[at.0 as usize].parent));
        let length = parents.clone().take_while(|at| *at != ActorId::WORLD).count();
        parents.nth(length.saturating_sub(links)).unwrap_or(actor)
    }

    /// The last link of a lineage.
    pub fn name(&self, actor: ActorId) -> Name {
        self.links[actor.0 as usize].name
    }

    /// The lineage as text: `shopper#2/put_event/OrderPlacedRule/ProcessPayment/try#1`.
    pub fn text(&self, names: &Names, actor: ActorId) -> String {
        let mut path = Vec::new();
        let mut at = actor;
        while at != ActorId::WORLD {
            let link = self.links[at.0 as usize];
            path.push(link);
            at = link.parent;
        }
        let mut text = String::new();
        for link in path.iter().rev() {
            if !text.is_empty() {
                text.push('/');
            }
            push_escaped(&mut text, names.text(link.name));
            if link.number > 0 {
                let _ = write!(text, "#{}", link.number);
            }
        }
        text
    }
}

impl Default for Lineages {
    fn default() -> Lineages {
        Lineages::new()
    }
}

/// What is decided at a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Part of the workload's shape: how many, which, when.
    Shape,
    /// Whether a fault strikes, and which of its forms.
    Fault(FaultId),
    /// Whether an entry waits behind the next one that could go now.
    Defer,
    /// How long something takes.
    Latency,
    /// What a handler's `random()` answers.
    Random,
}

impl Kind {
    /// The kind in scripts and reports: a fault's id, or a word.
    pub fn text(self) -> &'static str {
        match self {
            Kind::Shape => "shape",
            Kind::Fault(fault) => fault.spec().id,
            Kind::Defer => "defer",
            Kind::Latency => "latency",
            Kind::Random => "random",
        }
    }

    /// The kind of a text written by [`Kind::text`].
    pub fn parse(text: &str) -> Option<Kind> {
        match text {
            "shape" => Some(Kind::Shape),
            "defer" => Some(Kind::Defer),
            "latency" => Some(Kind::Latency),
            "random" => Some(Kind::Random),
            fault => FaultId::parse(fault).map(Kind::Fault),
        }
    }

    /// The kind as a number. A fault's comes from its id, so that it keeps its draws when the catalogue grows.
    #[inline]
    pub fn tag(self) -> u64 {
        match self {
            Kind::Shape => 1,
            Kind::Defer => 2,
            Kind::Latency => 3,
            Kind::Random => 4,
            Kind::Fault(fault) => fault.tag(),
        }
    }
}

/// One place where a run could go another way.
#[derive(Clone, Copy, Debug)]
pub struct Site {
    /// Whose doing it is.
    pub actor: ActorId,
    /// The operation, timer or draw.
    pub operation: Name,
    /// What is decided.
    pub kind: Kind,
    /// Which of several at the same place.
    pub occurrence: u32,
    /// The address as a number, the same in every run.
    pub key: u64,
    /// The task visit that it belongs to, over all its attempts; the root actor where there is none.
    pub task: u64,
}

impl Site {
    /// The site of these parts.
    #[inline]
    pub fn new(
        names: &Names,
        lineages: &Lineages,
        actor: ActorId,
        operation: Name,
        kind: Kind,
        occurrence: u32,
    ) -> Site {
        let key = site_key(lineages.hash(actor), names.hash(operation), kind, occurrence);
        Site { actor, operation, kind, occurrence, key, task: lineages.links[actor.0 as usize].task }
    }

    /// The site as text: `lineage|operation|kind|occurrence`.
    pub fn text(&self, names: &Names, lineages: &Lineages) -> String {
        let mut text = lineages.text(names, self.actor);
        text.push('|');
        push_escaped(&mut text, names.text(self.operation));
        let _ = write!(text, "|{}|{}", self.kind.text(), self.occurrence);
        text
    }
}

/// Reads a text written by [`Site::text`] back into the key and kind it addresses.
pub fn parse_site(text: &str) -> Option<(u64, Kind)> {
    let mut parts = text.split('|');
    let (lineage, operation, kind, occurrence) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let mut actor = 0;
    for link in lineage.split('/').filter(|link| !link.is_empty()) {
        let (name, number) = match link.split_once('#') {
            Some((name, number)) => (name, number.parse().ok()?),
            None => (link, 0),
        };
        actor = link_hash(actor, hash::text(&unescape(name)), number);
    }
    let kind = Kind::parse(kind)?;
    Some((site_key(actor, hash::text(&unescape(operation)), kind, occurrence.parse().ok()?), kind))
}

#[inline]
fn link_hash(parent: u64, name: u64, number: u32) -> u64 {
    mix(parent, name.wrapping_add(u64::from(number)))
}

#[inline]
fn site_key(actor: u64, operation: u64, kind: Kind, occurrence: u32) -> u64 {
    mix(mix(actor, operation), kind.tag().wrapping_add(u64::from(occurrence) << 32))
}

fn push_escaped(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '/' | '|' | '#' | '%' => {
                let _ = write!(out, "%{:02x}", character as u32);
            }
            _ => out.push(character),
        }
    }
}

fn unescape(text: &str) -> String {
    text.replace("%2f", "/").replace("%7c", "|").replace("%23", "#").replace("%25", "%")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_keeps_its_key_through_its_text() {
        let mut names = Names::default();
        let mut lineages = Lineages::new();
        let odd = names.intern("a/b|c#d%e");
        let shopper = names.intern("shopper");
        let actor = lineages.child(&names, ActorId::WORLD, shopper, 2);
        let actor = lineages.child(&names, actor, odd, 0);
        for kind in [Kind::Shape, Kind::Defer, Kind::Latency, Kind::Random, Kind::Fault(FaultId::EbDup)] {
            let site = Site::new(&names, &lineages, actor, odd, kind, 7);
            let text = site.text(&names, &lineages);
            assert_eq!(parse_site(&text), Some((site.key, kind)), "{text}");
        }
        assert_eq!(lineages.root(actor), ActorId(1));
        assert_eq!([0, 1, 2, 9].map(|links| lineages.ancestor(actor, links).0), [0, 1, 2, 2]);
        assert_eq!(parse_site("no site"), None);
    }
}
