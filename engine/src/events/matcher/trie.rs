//! The keys of all paths that some rule looks at, as a trie.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use super::index::FieldId;
use super::table::AsItIs;

/// Above this many keys below one node a lookup hashes instead of comparing.
const SCAN_KEYS_MAX: usize = 8;

/// Keys as long as this, and longer, share a bit.
const LENGTH_BIT_MAX: usize = 63;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NodeId(u32);

impl NodeId {
    pub(super) const ROOT: NodeId = NodeId(0);
}

#[derive(Clone, Debug)]
pub(super) struct Trie {
    nodes: Vec<Keys>,
}

/// The keys that rules look at below one path.
#[derive(Clone, Debug, Default)]
pub(super) struct Keys {
    /// A bit for each length of a key below.
    lengths: u64,
    /// A bit for each length with the last letter: keys of one length mostly differ there.
    looks: u64,
    children: Vec<(Box<[u8]>, NodeId)>,
    by_key: Option<HashMap<Box<[u8]>, NodeId, BuildHasherDefault<BytesHasher>>>,
    /// The field of the values that stand at the path itself.
    field: Option<FieldId>,
}

impl Default for Trie {
    fn default() -> Trie {
        Trie { nodes: vec![Keys::default()] }
    }
}

impl Trie {
    /// The field of the values that stand at `node` itself.
    #[inline]
    pub(super) fn field(&self, node: NodeId) -> Option<FieldId> {
        self.nodes[node.0 as usize].field
    }

    /// Whether some rule looks below `node`.
    #[inline]
    pub(super) fn goes_on(&self, node: NodeId) -> bool {
        self.nodes[node.0 as usize].lengths != 0
    }

    #[inline]
    pub(super) fn keys_below(&self, node: NodeId) -> &Keys {
        &self.nodes[node.0 as usize]
    }

    /// Where the key of an object leads; a key with dots is as many steps.
    #[inline]
    pub(super) fn descend(&self, from: &Keys, key: &[u8]) -> Option<NodeId> {
        if let Some(child) = from.child(key) {
            return Some(child);
        }
        if from.may_split(key.len()) { self.descend_dotted(from, key) } else { None }
    }

    /// The node of a dot-joined path, made where it is not there, with the field that it gets then.
    pub(super) fn grow(&mut self, path: &str, next: FieldId) -> FieldId {
        let mut at = NodeId::ROOT;
        for step in path.as_bytes().split(|&byte| byte == b'.') {
            at = match self.nodes[at.0 as usize].child(step) {
                Some(child) => child,
                None => self.add_child(at, step),
            };
        }
        *self.nodes[at.0 as usize].field.get_or_insert(next)
    }

    fn descend_dotted(&self, from: &Keys, key: &[u8]) -> Option<NodeId> {
        let mut steps = key.split(|&byte| byte == b'.');
        let first = from.child(steps.next()?)?;
        steps.try_fold(first, |node, step| self.keys_below(node).child(step))
    }

    fn add_child(&mut self, at: NodeId, key: &[u8]) -> NodeId {
        let child = NodeId(self.nodes.len() as u32);
        self.nodes.push(Keys::default());
        self.nodes[at.0 as usize].add(key, child);
        child
    }
}

impl Keys {
    /// Whether a key of this length might be one of these; `last` is its last byte, or the quote before an empty key.
    #[inline]
    pub(super) fn may_hold(&self, length: usize, last: u8) -> bool {
        self.looks & look(length, last) != 0
    }

    /// Whether a key of this length might be one of these, a dot, and more.
    #[inline]
    pub(super) fn may_split(&self, length: usize) -> bool {
        self.lengths & !(u64::MAX << length.min(LENGTH_BIT_MAX)) != 0 || length > LENGTH_BIT_MAX
    }

    /// Whether a dot stands where it would have to.
    pub(super) fn splits(&self, key: &[u8]) -> bool {
        let mut lengths = self.lengths & !(u64::MAX << key.len().min(LENGTH_BIT_MAX));
        while lengths != 0 {
            if key.get(lengths.trailing_zeros() as usize) == Some(&b'.') {
                return true;
            }
            lengths &= lengths - 1;
        }
        // The longest keys share a bit.
        key.iter().skip(LENGTH_BIT_MAX).any(|byte| *byte == b'.')
    }

    fn child(&self, key: &[u8]) -> Option<NodeId> {
        if self.may_hold(key.len(), last_of(key)) { self.look_up(key) } else { None }
    }

    fn look_up(&self, key: &[u8]) -> Option<NodeId> {
        match &self.by_key {
            None => self.children.iter().find(|(known, _)| is_same(known, key)).map(|(_, child)| *child),
            Some(by_key) => by_key.get(key).copied(),
        }
    }

    fn add(&mut self, key: &[u8], child: NodeId) {
        self.lengths |= 1 << key.len().min(LENGTH_BIT_MAX);
        self.looks |= look(key.len(), last_of(key));
        self.children.push((key.into(), child));
        match &mut self.by_key {
            Some(by_key) => {
                by_key.insert(key.into(), child);
            }
            None if self.children.len() > SCAN_KEYS_MAX => {
                self.by_key = Some(self.children.iter().cloned().collect());
            }
            None => {}
        }
    }
}

/// One bit of 64. Letters differ in their lower five bits, lengths mostly by a few.
#[inline]
fn look(length: usize, last: u8) -> u64 {
    1 << ((length * 11 + usize::from(last)) % 64)
}

fn last_of(key: &[u8]) -> u8 {
    key.last().copied().unwrap_or(b'"')
}

#[inline]
fn is_same(known: &[u8], key: &[u8]) -> bool {
    known.len() == key.len() && known.last() == key.last() && known == key
}

/// Slices hash their length before their bytes; the hash of the bytes has it already.
#[derive(Clone, Copy, Debug, Default)]
struct BytesHasher(AsItIs);

impl std::hash::Hasher for BytesHasher {
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_usize(&mut self, _length: usize) {}
}
