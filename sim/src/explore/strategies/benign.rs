use crate::world::{Decisions, Site, Weighted};

/// Nothing ever goes another way: the smallest workload, no fault, nominal latencies, first in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Benign;

impl Decisions for Benign {
    fn choose(&mut self, _site: &Site, _alternatives: &Weighted<'_>) -> u32 {
        0
    }
}
