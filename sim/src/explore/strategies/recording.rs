use std::cell::RefCell;
use std::rc::Rc;

use crate::world::{ActorId, Decisions, Kind, Race, Site, Weighted};

/// A site that a run asked, in what an enumeration needs of it.
#[derive(Clone, Copy, Debug)]
pub struct Asked {
    /// The site.
    pub site: Site,
    /// How many alternatives it has.
    pub alternatives: u32,
    /// What part of the workload it shapes, if any.
    pub shapes: Option<Shaped>,
}

/// What a decision about the workload's shape is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shaped {
    /// The workload as a whole, such as how many actors there are.
    Whole,
    /// Whether a script has emptied an actor's slot.
    Slot,
    /// Something about one actor.
    Actor,
}

/// Another strategy, with every site that it is asked noted.
pub struct Recording<D> {
    inner: D,
    asked: Rc<RefCell<Vec<Asked>>>,
}

impl<D> Recording<D> {
    /// `inner`, and where its sites are noted.
    pub fn new(inner: D) -> (Recording<D>, Rc<RefCell<Vec<Asked>>>) {
        let asked = Rc::default();
        (Recording { inner, asked: Rc::clone(&asked) }, asked)
    }
}

impl<D: Decisions> Decisions for Recording<D> {
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        let shapes = (site.kind == Kind::Shape).then_some(match alternatives {
            Weighted::Chance(0) => Shaped::Slot,
            _ if site.actor == ActorId::WORLD => Shaped::Whole,
            _ => Shaped::Actor,
        });
        let asked = Asked { site: *site, alternatives: alternatives.alternatives(), shapes };
        self.asked.borrow_mut().push(asked);
        self.inner.choose(site, alternatives)
    }

    fn decides_order(&self) -> bool {
        self.inner.decides_order()
    }

    fn lets_pass(&mut self, race: &Race<'_>) -> bool {
        self.inner.lets_pass(race)
    }
}
