use arbitrary::Unstructured;

use crate::world::{Decisions, Site, Weighted};

/// Decides by a fuzzer's bytes, one a site; when they run out, and where they are zero, all is benign.
#[derive(Clone, Debug)]
pub struct Bytes {
    bytes: Vec<u8>,
    used: usize,
}

impl Bytes {
    /// The strategy of `bytes`.
    pub fn new(bytes: Vec<u8>) -> Bytes {
        Bytes { bytes, used: 0 }
    }

    /// The strategy of whatever is left of a fuzzer's input.
    pub fn rest(input: Unstructured<'_>) -> Bytes {
        Bytes::new(input.take_rest().to_vec())
    }
}

impl Decisions for Bytes {
    fn choose(&mut self, _site: &Site, alternatives: &Weighted<'_>) -> u32 {
        let byte = self.bytes.get(self.used).copied().unwrap_or(0);
        self.used += 1;
        u32::from(byte) % alternatives.alternatives()
    }
}
