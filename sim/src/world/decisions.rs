use super::{ActorId, Lineages, Site};

/// The alternatives of a site with their odds; 0 is always the benign one.
#[derive(Clone, Copy, Debug)]
pub enum Weighted<'w> {
    /// Two alternatives: 1 with `parts` in 2^32.
    Chance(u32),
    /// That many alternatives, equally likely; never zero of them.
    Uniform(u32),
    /// One alternative a weight.
    Table(&'w [u32]),
}

impl Weighted<'_> {
    /// How many alternatives there are, at least one.
    pub fn alternatives(&self) -> u32 {
        match self {
            Weighted::Chance(_) => 2,
            Weighted::Uniform(count) => (*count).max(1),
            Weighted::Table(weights) => (weights.len() as u32).max(1),
        }
    }

    /// The alternative that a uniform 64-bit draw falls on.
    #[inline]
    pub fn pick(&self, draw: u64) -> u32 {
        match self {
            Weighted::Chance(parts) => u32::from(((draw >> 32) as u32) < *parts),
            Weighted::Uniform(count) => ((u128::from(draw) * u128::from((*count).max(1))) >> 64) as u32,
            Weighted::Table(weights) => {
                let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
                let mut at = ((u128::from(draw) * u128::from(total)) >> 64) as u64;
                for (alternative, weight) in weights.iter().enumerate() {
                    match at.checked_sub(u64::from(*weight)) {
                        Some(rest) => at = rest,
                        None => return alternative as u32,
                    }
                }
                0
            }
        }
    }
}

impl Weighted<'_> {
    /// The alternative other than the benign one that a uniform 64-bit draw falls on; 0 where there is none.
    pub fn pick_but_benign(&self, draw: u64) -> u32 {
        match self {
            Weighted::Chance(1..) => 1,
            Weighted::Uniform(0 | 1) | Weighted::Table([] | [_]) | Weighted::Chance(0) => 0,
            Weighted::Uniform(count) => 1 + Weighted::Uniform(count - 1).pick(draw),
            Weighted::Table([_, rest @ ..]) => 1 + Weighted::Table(rest).pick(draw),
        }
    }
}

/// Everything that could go another way asks this trait. Strategies implement it, one small file each.
pub trait Decisions {
    /// The alternative taken at `site`; must be below `alternatives.alternatives()`.
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32;

    /// Whether the order of things is decided by who they are: then [`Decisions::lets_pass`] is asked at every step
    /// instead of [`Decisions::choose`] once an entry.
    fn decides_order(&self) -> bool {
        false
    }

    /// Whether the first of several co-enabled entries lets another one go first.
    fn lets_pass(&mut self, _race: &Race<'_>) -> bool {
        false
    }
}

/// Entries that could go now, each first.
#[derive(Clone, Copy, Debug)]
pub struct Race<'r> {
    /// The lineages of the run.
    pub lineages: &'r Lineages,
    /// Who would go first.
    pub first: ActorId,
    /// Who else could.
    pub others: &'r [ActorId],
}

impl<D: Decisions + ?Sized> Decisions for Box<D> {
    fn choose(&mut self, site: &Site, alternatives: &Weighted<'_>) -> u32 {
        (**self).choose(site, alternatives)
    }

    fn decides_order(&self) -> bool {
        (**self).decides_order()
    }

    fn lets_pass(&mut self, race: &Race<'_>) -> bool {
        (**self).lets_pass(race)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_fall_on_their_alternatives() {
        assert_eq!(Weighted::Chance(0).pick(u64::MAX), 0);
        assert_eq!(Weighted::Chance(1 << 31).pick(0), 1);
        assert_eq!(Weighted::Chance(1 << 31).pick(1 << 63), 0);
        assert_eq!(Weighted::Uniform(3).pick(0), 0);
        assert_eq!(Weighted::Uniform(3).pick(u64::MAX), 2);
        assert_eq!(Weighted::Uniform(0).pick(u64::MAX), 0);
        let table = Weighted::Table(&[2, 1, 1]);
        assert_eq!([0u64, 1 << 62, 1 << 63, 3 << 62].map(|draw| table.pick(draw)), [0, 0, 1, 2]);
        assert_eq!(Weighted::Table(&[]).pick(5), 0);
        assert_eq!([0, u64::MAX].map(|draw| Weighted::Table(&[9, 1, 1]).pick_but_benign(draw)), [1, 2]);
        assert_eq!([0, u64::MAX].map(|draw| Weighted::Uniform(3).pick_but_benign(draw)), [1, 2]);
        assert_eq!([0, 1, 2].map(|count| Weighted::Uniform(count).pick_but_benign(5)), [0, 0, 1]);
        assert_eq!([0, 7].map(|parts| Weighted::Chance(parts).pick_but_benign(5)), [0, 1]);
        assert_eq!(Weighted::Table(&[1]).pick_but_benign(5), 0);
    }
}
