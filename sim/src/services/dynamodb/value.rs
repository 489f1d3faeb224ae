use std::fmt;
use std::sync::Arc;

use rehearsal_engine::json::same_text;

use super::number::Decimal;

mod convert;

/// Up to this many attributes a scan beats a binary search, for names of other lengths cost no comparison.
const SCAN_ATTRIBUTES_MAX: usize = 12;

/// An attribute's value. A clone is a reference count, never a copy.
#[derive(Clone, PartialEq)]
pub enum AttributeValue {
    /// A string.
    S(Arc<str>),
    /// A number.
    N(Decimal),
    /// Bytes.
    B(Arc<[u8]>),
    /// A boolean.
    Bool(bool),
    /// The null value.
    Null,
    /// Strings, distinct and sorted.
    Ss(Arc<[Arc<str>]>),
    /// Numbers, distinct and sorted.
    Ns(Arc<[Decimal]>),
    /// Byte strings, distinct and sorted.
    Bs(Arc<[Arc<[u8]>]>),
    /// A list.
    L(Arc<Vec<AttributeValue>>),
    /// A map.
    M(Item),
}

/// An item, or the insides of a map: shared, so handing one on costs a reference count.
pub type Item = Arc<Attributes>;

/// Named values, sorted by name, so that equal items are equal text as well.
#[derive(Clone, Default, PartialEq)]
pub struct Attributes {
    entries: Vec<(Arc<str>, AttributeValue)>,
}

/// The ten data types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names are AWS's own")]
#[repr(u8)]
pub enum DataType {
    S,
    N,
    B,
    Bool,
    Null,
    Ss,
    Ns,
    Bs,
    L,
    M,
}

impl DataType {
    /// Every data type.
    pub const ALL: [DataType; 10] = [
        DataType::S,
        DataType::N,
        DataType::B,
        DataType::Bool,
        DataType::Null,
        DataType::Ss,
        DataType::Ns,
        DataType::Bs,
        DataType::L,
        DataType::M,
    ];

    /// The descriptor on the wire: `S`, `BOOL`, `NS`.
    pub fn name(self) -> &'static str {
        match self {
            DataType::S => "S",
            DataType::N => "N",
            DataType::B => "B",
            DataType::Bool => "BOOL",
            DataType::Null => "NULL",
            DataType::Ss => "SS",
            DataType::Ns => "NS",
            DataType::Bs => "BS",
            DataType::L => "L",
            DataType::M => "M",
        }
    }

    /// The type that `name` describes.
    pub fn from_name(name: &str) -> Option<DataType> {
        DataType::ALL.into_iter().find(|data_type| data_type.name() == name)
    }

    /// Whether values of the type have an order.
    pub(crate) fn is_ordered(self) -> bool {
        matches!(self, DataType::S | DataType::N | DataType::B)
    }

    /// Whether the type is a set.
    pub(crate) fn is_set(self) -> bool {
        matches!(self, DataType::Ss | DataType::Ns | DataType::Bs)
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an item weighs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Weight {
    /// Bytes as AWS counts them.
    pub bytes: usize,
    /// Levels of lists and maps.
    pub depth: usize,
}

/// AWS: a list or map costs 3 bytes, and each of its elements or pairs 1 more.
const CONTAINER_BYTES: usize = 3;
const ELEMENT_BYTES: usize = 1;

impl AttributeValue {
    /// The value's type.
    pub fn data_type(&self) -> DataType {
        match self {
            AttributeValue::S(_) => DataType::S,
            AttributeValue::N(_) => DataType::N,
            AttributeValue::B(_) => DataType::B,
            AttributeValue::Bool(_) => DataType::Bool,
            AttributeValue::Null => DataType::Null,
            AttributeValue::Ss(_) => DataType::Ss,
            AttributeValue::Ns(_) => DataType::Ns,
            AttributeValue::Bs(_) => DataType::Bs,
            AttributeValue::L(_) => DataType::L,
            AttributeValue::M(_) => DataType::M,
        }
    }

    /// The text of a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            AttributeValue::S(text) => Some(text),
            _ => None,
        }
    }

    /// The number.
    pub fn as_number(&self) -> Option<Decimal> {
        match self {
            AttributeValue::N(number) => Some(*number),
            _ => None,
        }
    }

    /// A whole number that fits.
    #[inline]
    pub fn as_i64(&self) -> Option<i64> {
        match self {
            AttributeValue::N(number) => number.to_i64(),
            _ => None,
        }
    }

    /// The boolean.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            AttributeValue::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The elements of a list.
    pub fn as_list(&self) -> Option<&[AttributeValue]> {
        match self {
            AttributeValue::L(elements) => Some(elements),
            _ => None,
        }
    }

    /// The insides of a map.
    pub fn as_map(&self) -> Option<&Item> {
        match self {
            AttributeValue::M(attributes) => Some(attributes),
            _ => None,
        }
    }

    /// A string set of the distinct `members`; `None` when there are none, for sets are never empty.
    pub fn string_set<T: Into<Arc<str>>>(members: impl IntoIterator<Item = T>) -> Option<AttributeValue> {
        sorted_set(members.into_iter().map(Into::into).collect()).map(AttributeValue::Ss)
    }

    /// A number set of the distinct `members`; `None` when there are none.
    pub fn number_set(members: impl IntoIterator<Item = Decimal>) -> Option<AttributeValue> {
        sorted_set(members.into_iter().collect()).map(AttributeValue::Ns)
    }

    /// A binary set of the distinct `members`; `None` when there are none.
    pub fn binary_set<T: Into<Arc<[u8]>>>(members: impl IntoIterator<Item = T>) -> Option<AttributeValue> {
        sorted_set(members.into_iter().map(Into::into).collect()).map(AttributeValue::Bs)
    }

    /// A list.
    pub fn list(elements: impl IntoIterator<Item = AttributeValue>) -> AttributeValue {
        AttributeValue::L(Arc::new(elements.into_iter().collect()))
    }

    pub(crate) fn weight(&self) -> Weight {
        let bytes = match self {
            AttributeValue::S(text) => text.len(),
            AttributeValue::N(number) => number.size(),
            AttributeValue::B(bytes) => bytes.len(),
            AttributeValue::Bool(_) | AttributeValue::Null => 1,
            AttributeValue::Ss(members) => members.iter().map(|member| member.len()).sum(),
            AttributeValue::Ns(members) => members.iter().map(|member| member.size()).sum(),
            AttributeValue::Bs(members) => members.iter().map(|member| member.len()).sum(),
            AttributeValue::L(elements) => {
                let mut weight = Weight { bytes: CONTAINER_BYTES, depth: 0 };
                for element in elements.iter() {
                    weight.add(ELEMENT_BYTES, element.weight());
                }
                return Weight { depth: weight.depth + 1, ..weight };
            }
            AttributeValue::M(attributes) => {
                let mut weight = Weight { bytes: CONTAINER_BYTES, depth: 0 };
                for (name, value) in attributes.iter() {
                    weight.add(ELEMENT_BYTES + name.len(), value.weight());
                }
                return Weight { depth: weight.depth + 1, ..weight };
            }
        };
        Weight { bytes, depth: 0 }
    }

    /// A copy that shares nothing with this value.
    fn detached(&self) -> AttributeValue {
        match self {
            AttributeValue::S(text) => AttributeValue::S(Arc::from(&**text)),
            AttributeValue::N(_) | AttributeValue::Bool(_) | AttributeValue::Null => self.clone(),
            AttributeValue::B(bytes) => AttributeValue::B(Arc::from(&**bytes)),
            AttributeValue::Ss(members) => {
                AttributeValue::Ss(members.iter().map(|member| Arc::from(&**member)).collect())
            }
            AttributeValue::Ns(members) => AttributeValue::Ns(members.iter().copied().collect()),
            AttributeValue::Bs(members) => {
                AttributeValue::Bs(members.iter().map(|member| Arc::from(&**member)).collect())
            }
            AttributeValue::L(elements) => AttributeValue::list(elements.iter().map(AttributeValue::detached)),
            AttributeValue::M(attributes) => AttributeValue::M(Arc::new(attributes.detached())),
        }
    }
}

impl Weight {
    fn add(&mut self, overhead: usize, inner: Weight) {
        self.bytes += overhead + inner.bytes;
        self.depth = self.depth.max(inner.depth);
    }
}

fn sorted_set<T: Ord>(mut members: Vec<T>) -> Option<Arc<[T]>> {
    members.sort_unstable();
    members.dedup();
    (!members.is_empty()).then(|| members.into())
}

impl Attributes {
    /// No attributes.
    pub fn new() -> Attributes {
        Attributes::default()
    }

    /// How many attributes there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The value of `name`.
    pub fn get(&self, name: &str) -> Option<&AttributeValue> {
        self.find(name).map(|at| &self.entries[at].1)
    }

    /// The value of `name`, for writing.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut AttributeValue> {
        self.find(name).map(|at| &mut self.entries[at].1)
    }

    /// Sets `name`; returns the old value.
    pub fn insert(&mut self, name: Arc<str>, value: AttributeValue) -> Option<AttributeValue> {
        if let Some(at) = self.find(&name) {
            return Some(std::mem::replace(&mut self.entries[at].1, value));
        }
        if self.entries.is_empty() {
            // Most such lists are the key of a request: one attribute, never another.
            self.entries = vec![(name, value)];
            return None;
        }
        let at = self.entries.partition_point(|(known, _)| *known < name);
        self.entries.insert(at, (name, value));
        None
    }

    /// Sets `name`, whose text is shared only where the attribute is new.
    pub(crate) fn set(&mut self, name: &Arc<str>, value: AttributeValue) {
        match self.find(name) {
            Some(at) => self.entries[at].1 = value,
            None => {
                self.insert(name.clone(), value);
            }
        }
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) -> Option<AttributeValue> {
        self.find(name).map(|at| self.entries.remove(at).1)
    }

    /// The same with one attribute more; a builder's step.
    #[must_use]
    pub fn with(mut self, name: impl Into<Arc<str>>, value: impl Into<AttributeValue>) -> Attributes {
        self.insert(name.into(), value.into());
        self
    }

    /// Names and values in the order of the names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &AttributeValue)> {
        self.entries.iter().map(|(name, value)| (name, value))
    }

    /// A copy that shares nothing with this one. Reference counts that several threads write slow each other down, so
    /// every thread's database owns its seeded items.
    #[must_use]
    pub fn detached(&self) -> Attributes {
        Attributes {
            entries: self.entries.iter().map(|(name, value)| (Arc::from(&**name), value.detached())).collect(),
        }
    }

    /// Bytes and depth of the item; the item itself is no level of nesting.
    pub(crate) fn weight(&self) -> Weight {
        let mut weight = Weight::default();
        for (name, value) in self.iter() {
            weight.add(name.len(), value.weight());
        }
        weight
    }

    fn find(&self, name: &str) -> Option<usize> {
        if self.entries.len() > SCAN_ATTRIBUTES_MAX {
            return self.entries.binary_search_by(|(known, _)| (**known).cmp(name)).ok();
        }
        self.entries.iter().position(|(known, _)| same_text(known, name))
    }
}

/// As AWS writes a value in its messages: `{S:abc}`.
impl fmt::Display for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}:", self.data_type())?;
        match self {
            AttributeValue::S(text) => f.write_str(text)?,
            AttributeValue::N(number) => write!(f, "{number}")?,
            AttributeValue::B(bytes) => write!(f, "{}", super::wire::base64(bytes))?,
            AttributeValue::Bool(value) => write!(f, "{value}")?,
            AttributeValue::Null => f.write_str("true")?,
            AttributeValue::Ss(members) => write_list(f, members.iter())?,
            AttributeValue::Ns(members) => write_list(f, members.iter())?,
            AttributeValue::Bs(members) => write_list(f, members.iter().map(|member| super::wire::base64(member)))?,
            AttributeValue::L(elements) => write_list(f, elements.iter())?,
            AttributeValue::M(attributes) => write!(f, "{attributes}")?,
        }
        f.write_str("}")
    }
}

impl fmt::Display for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (position, (name, value)) in self.iter().enumerate() {
            let comma = if position == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value}")?;
        }
        f.write_str("}")
    }
}

impl fmt::Debug for AttributeValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Attributes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn write_list<T: fmt::Display>(f: &mut fmt::Formatter<'_>, members: impl Iterator<Item = T>) -> fmt::Result {
    f.write_str("[")?;
    for (position, member) in members.enumerate() {
        let comma = if position == 0 { "" } else { ", " };
        write!(f, "{comma}{member}")?;
    }
    f.write_str("]")
}
