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
    nodes: Vec<Node>,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// A bit for each length of a key below.
    lengths: u64,
    children: Vec<(Box<[u8]>, NodeId)>,
    by_key: Option<HashMap<Box<[u8]>, NodeId, BuildHasherDefault<BytesHasher>>>,
    field: Option<FieldId>,
}

impl Default for Trie {
    fn default() -> Trie {
        Trie { nodes: vec![Node::default()] }
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

    /// Where the key of an object leads; a key with dots is as many steps.
    #[inline]
    pub(super) fn descend(&self, from: NodeId, key: &[u8]) -> Option<NodeId> {
        let node = &self.nodes[from.0 as usize];
        if let Some(child) = node.child(key) {
            return Some(child);
        }
        if node.may_split(key) { self.descend_dotted(from, key) } else { None }
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

    #[cold]
    fn descend_dotted(&self, from: NodeId, key: &[u8]) -> Option<NodeId> {
        key.split(|&byte| byte == b'.').try_fold(from, |node, step| self.nodes[node.0 as usize].child(step))
    }

    fn add_child(&mut self, at: NodeId, key: &[u8]) -> NodeId {
        let child = NodeId(self.nodes.len() as u32);
        self.nodes.push(Node::default());
        self.nodes[at.0 as usize].add(key, child);
        child
    }
}

impl Node {
    #[inline]
    fn child(&self, key: &[u8]) -> Option<NodeId> {
        if self.lengths >> key.len().min(LENGTH_BIT_MAX) & 1 == 0 {
            return None;
        }
        match &self.by_key {
            None => self.children.iter().find(|(known, _)| is_same(known, key)).map(|(_, child)| *child),
            Some(by_key) => by_key.get(key).copied(),
        }
    }

    /// Whether the first of a key's dotted steps could lead anywhere.
    #[inline]
    fn may_split(&self, key: &[u8]) -> bool {
        match self.by_key {
            None => self.children.iter().any(|(known, _)| key.get(known.len()) == Some(&b'.')),
            Some(_) => key.contains(&b'.'),
        }
    }

    fn add(&mut self, key: &[u8], child: NodeId) {
        self.lengths |= 1 << key.len().min(LENGTH_BIT_MAX);
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

/// Keys of one length mostly differ in their last letter.
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
