//! What an event holds, as far as rules ask, and which of them that decides.
//!
//! While the event is walked, each value at a path that rules are entered by is looked up there; a rule that asks for
//! nothing else has matched then, another is a candidate. Values at paths that candidates may ask about are kept as they
//! are, and looked at once the walk is over, and only for candidates.

use std::ops::Range;

use smallvec::SmallVec;

use super::entries::Sink;
use super::index::{BranchId, FieldId, Index, Slot, TestId};
use super::table::Seen;
use crate::events::pattern::{Numeral, Scalar};

pub(super) struct Findings<'i, 'e> {
    pub(super) index: &'i Index,
    matched: SmallVec<[Slot; 8]>,
    candidates: SmallVec<[BranchId; 8]>,
    /// The tests that were satisfied by some value.
    satisfied: Seen,
    /// A bit for each of the first fields that has a value.
    seen_fields: u64,
    values: SmallVec<[Value<'e>; 8]>,
    /// The texts that were decoded from escapes.
    decoded: Vec<u8>,
    frames: SmallVec<[Frame; 8]>,
    /// The frames of each array.
    arrays: SmallVec<[Range<FrameId>; 4]>,
}

/// A value that was kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'e> {
    pub(super) field: FieldId,
    /// The element of an array of containers that it came from; `None` for a value that goes with any other.
    pub(super) frame: Option<FrameId>,
    kept: Kept<'e>,
}

#[derive(Clone, Copy, Debug)]
enum Kept<'e> {
    Null,
    Bool(bool),
    String(&'e [u8]),
    Decoded(usize, usize),
    Number(Numeral<'e>),
}

/// An element of an array that a value came through; the elements around it are its parents.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame {
    pub(super) parent: Option<FrameId>,
    pub(super) array: u32,
}

/// Frames count up as the event is walked, so those inside an array are without a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FrameId(pub(super) u32);

impl<'i, 'e> Findings<'i, 'e> {
    pub(super) fn new(index: &'i Index) -> Findings<'i, 'e> {
        Findings {
            index,
            matched: SmallVec::new(),
            candidates: SmallVec::new(),
            satisfied: Seen::default(),
            seen_fields: 0,
            values: SmallVec::new(),
            decoded: Vec::new(),
            frames: SmallVec::new(),
            arrays: SmallVec::new(),
        }
    }

    /// Takes note of a value.
    #[inline]
    pub(super) fn scalar(&mut self, field: FieldId, frame: Option<FrameId>, value: Scalar<'e>) {
        self.look_up(field, value);
        if self.index.fields[field.0 as usize].is_kept {
            let kept = match value {
                Scalar::Null => Kept::Null,
                Scalar::Bool(value) => Kept::Bool(value),
                Scalar::String(text) => Kept::String(text),
                Scalar::Number(number) => Kept::Number(number),
            };
            self.values.push(Value { field, frame, kept });
        }
    }

    /// Takes note of a string that was written with escapes.
    pub(super) fn decoded(&mut self, field: FieldId, frame: Option<FrameId>, text: &[u8]) {
        self.look_up(field, Scalar::String(text));
        if self.index.fields[field.0 as usize].is_kept {
            let start = self.decoded.len();
            self.decoded.extend_from_slice(text);
            self.values.push(Value { field, frame, kept: Kept::Decoded(start, self.decoded.len()) });
        }
    }

    /// An array begins; what it is called in [`element`](Findings::element).
    pub(super) fn enter_array(&mut self) -> u32 {
        let next = FrameId(self.frames.len() as u32);
        self.arrays.push(next..next);
        self.arrays.len() as u32 - 1
    }

    pub(super) fn leave_array(&mut self, array: u32) {
        self.arrays[array as usize].end = FrameId(self.frames.len() as u32);
    }

    /// A container among the items of `array`, which itself is in `parent`.
    pub(super) fn element(&mut self, parent: Option<FrameId>, array: u32) -> FrameId {
        self.frames.push(Frame { parent, array });
        FrameId(self.frames.len() as u32 - 1)
    }

    /// Whether each field has a value; not known when there are many fields.
    pub(super) fn has_all_fields(&self) -> bool {
        self.seen_fields.count_ones() as usize == self.index.fields.len()
    }

    pub(super) fn arrays(&self) -> usize {
        self.arrays.len()
    }

    pub(super) fn frames_of(&self, array: u32) -> Range<FrameId> {
        self.arrays[array as usize].clone()
    }

    pub(super) fn frame(&self, id: FrameId) -> Frame {
        self.frames[id.0 as usize]
    }

    /// The rules that the event matches, in no order, some perhaps more than once.
    pub(super) fn decide(&mut self) -> &[Slot] {
        if self.candidates.is_empty() && self.index.always.is_empty() {
            return &self.matched;
        }
        // Of one field, the values stay in the order of the event.
        self.values.sort_by_key(|value| value.field);
        let index = self.index;
        for id in std::mem::take(&mut self.candidates).iter().chain(&index.always) {
            let branch = index.branch(*id);
            let Some(slot) = branch.slot else { continue };
            if self.matched.last() != Some(&slot) && self.satisfy(&branch.tests) {
                self.matched.push(slot);
            }
        }
        &self.matched
    }

    /// The values at `field`, in the order of the event.
    pub(super) fn values_at(&self, field: FieldId) -> &[Value<'e>] {
        const SCAN_VALUES_MAX: usize = 32;
        let (start, end) = if self.values.len() <= SCAN_VALUES_MAX {
            let start = self.values.iter().take_while(|value| value.field < field).count();
            (start, start + self.values[start..].iter().take_while(|value| value.field == field).count())
        } else {
            (
                self.values.partition_point(|value| value.field < field),
                self.values.partition_point(|value| value.field <= field),
            )
        };
        &self.values[start..end]
    }

    pub(super) fn scalar_of(&self, value: &Value<'e>) -> Scalar<'_> {
        match value.kept {
            Kept::Null => Scalar::Null,
            Kept::Bool(value) => Scalar::Bool(value),
            Kept::String(text) => Scalar::String(text),
            Kept::Decoded(start, end) => Scalar::String(&self.decoded[start..end]),
            Kept::Number(number) => Scalar::Number(number),
        }
    }

    #[inline]
    fn look_up(&mut self, field: FieldId, value: Scalar) {
        self.seen_fields |= 1 << field.0.min(63);
        let index = self.index;
        let Findings { matched, candidates, satisfied, .. } = self;
        index.fields[field.0 as usize].entries.satisfied(value, &mut News { index, matched, candidates, satisfied });
    }
}

/// Where satisfied tests lead.
struct News<'f, 'i> {
    index: &'i Index,
    matched: &'f mut SmallVec<[Slot; 8]>,
    candidates: &'f mut SmallVec<[BranchId; 8]>,
    satisfied: &'f mut Seen,
}

impl Sink for News<'_, '_> {
    fn add(&mut self, test: u32) {
        if self.satisfied.insert(u64::from(test)) {
            let index = self.index;
            let test = index.test(TestId(test));
            self.matched.extend(test.alone.ids().iter().copied().map(Slot));
            self.candidates.extend(test.entered.ids().iter().map(|branch| BranchId(*branch)));
        }
    }

    fn is_new(&self, test: u32) -> bool {
        !self.satisfied.contains(u64::from(test))
    }
}
