//! An event, walked once along the keys that rules mention, into what was found there.

use super::index::{BranchId, FieldId, Index, NodeId, TestId};
use crate::events::pattern::{Decimal, Scalar};
use crate::events::tokens::{Malformed, Token, Tokens};
use crate::json::Json;
use crate::source::NESTING_MAX;

/// What an event holds, as far as rules ask.
pub(super) struct Findings<'i> {
    pub(super) index: &'i Index,
    /// Branches whose rarest field was satisfied.
    pub(super) candidates: Vec<BranchId>,
    /// Tests satisfied by a value outside every array of objects: such a value goes with any other.
    pub(super) free: Bits,
    /// Tests satisfied by any value.
    pub(super) any: Bits,
    /// Fields with a value, and those with one outside every array of objects.
    pub(super) present: Bits,
    pub(super) present_free: Bits,
    /// The values inside arrays of objects.
    pub(super) bound: Vec<Bound>,
    pub(super) bound_tests: Vec<TestId>,
    pub(super) is_sorted: bool,
    frames: Vec<Frame>,
    pub(super) arrays: u32,
}

/// A value inside an array of objects.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bound {
    pub(super) field: FieldId,
    pub(super) frame: FrameId,
    /// Its tests, as a range of `bound_tests`.
    pub(super) tests: (u32, u32),
}

/// An element of an array that a value came through; the elements around it are its parents.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    parent: Option<FrameId>,
    pub(super) array: u32,
    pub(super) element: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FrameId(u32);

impl<'i> Findings<'i> {
    pub(super) fn new(index: &'i Index) -> Findings<'i> {
        let (fields, tests) = index.counts();
        Findings {
            index,
            candidates: Vec::new(),
            free: Bits::new(tests),
            any: Bits::new(tests),
            present: Bits::new(fields),
            present_free: Bits::new(fields),
            bound: Vec::new(),
            bound_tests: Vec::new(),
            is_sorted: true,
            frames: Vec::new(),
            arrays: 0,
        }
    }

    /// The elements that `frame` is in, from the inside out.
    pub(super) fn elements(&self, frame: FrameId) -> impl Iterator<Item = Frame> {
        std::iter::successors(Some(self.frame(frame)), |frame| frame.parent.map(|parent| self.frame(parent)))
    }

    fn frame(&self, id: FrameId) -> Frame {
        self.frames[id.0 as usize]
    }

    fn scalar(&mut self, node: NodeId, frame: Option<FrameId>, value: &Scalar) {
        let Some(field) = self.index.field_of(node) else { return };
        let Findings { index, candidates, any, free, bound_tests, .. } = self;
        let start = bound_tests.len() as u32;
        index.satisfied(field, value, |test| {
            if any.insert(test.0) {
                candidates.extend_from_slice(index.entered(test));
            }
            match frame {
                Some(_) => bound_tests.push(test),
                None => {
                    free.insert(test.0);
                }
            }
        });
        let tests = (start, bound_tests.len() as u32);
        self.present.insert(field.0);
        match frame {
            None => {
                self.present_free.insert(field.0);
            }
            Some(frame) if tests.0 < tests.1 || self.index.counts_absence(field) => {
                self.bound.push(Bound { field, frame, tests });
                self.is_sorted = false;
            }
            Some(_) => {}
        }
    }

    fn array(&mut self) -> u32 {
        self.arrays += 1;
        self.arrays - 1
    }

    fn element(&mut self, parent: Option<FrameId>, array: u32, element: u32) -> FrameId {
        self.frames.push(Frame { parent, array, element });
        FrameId(self.frames.len() as u32 - 1)
    }
}

/// Walks an event; what is nested deeper than EventBridge takes is not looked at.
pub(super) fn walk(event: &Json, findings: &mut Findings) {
    if matches!(event, Json::Object(_)) {
        value(event, NodeId::ROOT, None, NESTING_MAX, findings);
    }
}

fn value(at: &Json, node: NodeId, frame: Option<FrameId>, depth_left: usize, findings: &mut Findings) {
    if depth_left == 0 {
        return;
    }
    match at {
        Json::Object(object) => {
            for (key, member) in object.iter() {
                if let Some(child) = findings.index.descend(node, key) {
                    value(member, child, frame, depth_left - 1, findings);
                }
            }
        }
        Json::Array(items) => {
            let array = findings.array();
            for (element, item) in items.iter().enumerate() {
                if let Some(scalar) = Scalar::of(item) {
                    findings.scalar(node, frame, &scalar);
                } else {
                    let inside = findings.element(frame, array, element as u32);
                    value(item, node, Some(inside), depth_left - 1, findings);
                }
            }
        }
        scalar => {
            if let Some(scalar) = Scalar::of(scalar) {
                findings.scalar(node, frame, &scalar);
            }
        }
    }
}

/// Walks the event in `text`, building nothing.
pub(super) fn walk_text(text: &str, findings: &mut Findings) -> Result<usize, Malformed> {
    let mut tokens = Tokens::new(text);
    match tokens.next()? {
        Some(Token::StartObject) => container(&mut tokens, NodeId::ROOT, findings)?,
        Some(other) => tokens.skip(&other)?,
        None => {
            return Err(Malformed {
                message: "the text is empty where an event was expected".to_owned(),
                at: text.len(),
            });
        }
    }
    Ok(tokens.last().1)
}

/// A container that the walk is in.
struct Inside {
    node: NodeId,
    frame: Option<FrameId>,
    /// The array's number and that of its next element; `None` in an object.
    array: Option<(u32, u32)>,
}

fn container(tokens: &mut Tokens, root: NodeId, findings: &mut Findings) -> Result<(), Malformed> {
    let mut around = vec![Inside { node: root, frame: None, array: None }];
    let mut target = None;
    while let Some(Inside { node, frame, array }) = around.last_mut() {
        let Some(token) = tokens.next()? else { return Ok(()) };
        let (node, outer) = match array {
            None => (target.unwrap_or(*node), *frame),
            Some(_) => (*node, *frame),
        };
        let mut frame = outer;
        if let (Some((array, next)), Token::StartObject | Token::StartArray) = (array.as_mut(), &token) {
            frame = Some(findings.element(outer, *array, *next));
        }
        if let Some((_, next)) = array {
            *next += 1;
        }
        match token {
            Token::Name(key) => match findings.index.descend(node, &key) {
                Some(child) => {
                    target = Some(child);
                    continue;
                }
                None => {
                    if let Some(unused) = tokens.next()? {
                        tokens.skip(&unused)?;
                    }
                }
            },
            Token::StartObject => around.push(Inside { node, frame, array: None }),
            Token::StartArray => {
                let array = Some((findings.array(), 0));
                around.push(Inside { node, frame, array });
            }
            Token::EndObject | Token::EndArray => {
                around.pop();
            }
            Token::Null => findings.scalar(node, frame, &Scalar::Null),
            Token::Bool(value) => findings.scalar(node, frame, &Scalar::Bool(value)),
            Token::String(text) => findings.scalar(node, frame, &Scalar::String(&text)),
            Token::Number(text) => findings.scalar(node, frame, &Scalar::Number(Decimal::parse(text))),
        }
        target = None;
    }
    Ok(())
}

/// A set of small numbers; up to 256 of them without an allocation.
pub(super) enum Bits {
    Inline([u64; 4]),
    Heap(Vec<u64>),
}

impl Bits {
    pub(super) fn new(size: usize) -> Bits {
        if size <= 256 { Bits::Inline([0; 4]) } else { Bits::Heap(vec![0; size.div_ceil(64)]) }
    }

    pub(super) fn contains(&self, bit: u32) -> bool {
        self.words().get(bit as usize / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    /// Adds `bit`; says whether it is new.
    pub(super) fn insert(&mut self, bit: u32) -> bool {
        let words = match self {
            Bits::Inline(words) => &mut words[..],
            Bits::Heap(words) => &mut words[..],
        };
        let word = &mut words[bit as usize / 64];
        let before = *word;
        *word |= 1 << (bit % 64);
        *word != before
    }

    pub(super) fn remove(&mut self, bit: u32) {
        let words = match self {
            Bits::Inline(words) => &mut words[..],
            Bits::Heap(words) => &mut words[..],
        };
        words[bit as usize / 64] &= !(1 << (bit % 64));
    }

    pub(super) fn add_all(&mut self, other: &Bits) {
        let words = match self {
            Bits::Inline(words) => &mut words[..],
            Bits::Heap(words) => &mut words[..],
        };
        for (word, more) in words.iter_mut().zip(other.words()) {
            *word |= more;
        }
    }

    pub(super) fn largest(&self) -> Option<u32> {
        let (at, word) = self.words().iter().enumerate().rev().find(|(_, word)| **word != 0)?;
        Some(at as u32 * 64 + 63 - word.leading_zeros())
    }

    fn words(&self) -> &[u64] {
        match self {
            Bits::Inline(words) => words,
            Bits::Heap(words) => words,
        }
    }
}
