use std::sync::Arc;

use super::value::DataType;

/// What a table looks like to the data plane.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSchema {
    /// The table's name.
    pub name: Arc<str>,
    /// The table's ARN.
    pub arn: Arc<str>,
    /// The primary key.
    pub key: KeySchema,
    /// Global and local secondary indexes.
    pub indexes: Vec<IndexSchema>,
    /// The table's stream, where it has one.
    pub stream: Option<StreamSchema>,
    /// The attribute whose number is the second at which an item expires.
    pub time_to_live: Option<Arc<str>>,
}

/// A table's stream.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamSchema {
    /// The stream's ARN.
    pub arn: Arc<str>,
    /// Which images its records carry.
    pub view: StreamView,
}

/// `StreamViewType`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamView {
    /// `KEYS_ONLY`
    KeysOnly,
    /// `NEW_IMAGE`
    NewImage,
    /// `OLD_IMAGE`
    OldImage,
    /// `NEW_AND_OLD_IMAGES`
    NewAndOldImages,
}

/// A partition key and, where there is one, a sort key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeySchema {
    /// The partition key (`HASH`).
    pub hash: KeyAttribute,
    /// The sort key (`RANGE`).
    pub range: Option<KeyAttribute>,
}

/// A key attribute and its type (S, N or B).
#[derive(Clone, Debug, PartialEq)]
pub struct KeyAttribute {
    /// The attribute's name.
    pub name: Arc<str>,
    /// The attribute's type.
    pub data_type: DataType,
}

/// A secondary index.
#[derive(Clone, Debug, PartialEq)]
pub struct IndexSchema {
    /// The index's name.
    pub name: Arc<str>,
    /// Whether the index is global: then every read of it is eventually consistent, with a lag of its own.
    pub global: bool,
    /// The index's key.
    pub key: KeySchema,
    /// Which attributes the index carries.
    pub projection: IndexProjection,
}

/// Which attributes an index carries; the keys of table and index always.
#[derive(Clone, Debug, PartialEq)]
pub enum IndexProjection {
    /// Every attribute.
    All,
    /// The keys only.
    KeysOnly,
    /// The keys and these.
    Include(Vec<Arc<str>>),
}

impl TableSchema {
    /// A table with a partition key of type S, an ARN in a fixed account and region, and no indexes.
    pub fn new(name: impl Into<Arc<str>>, hash: impl Into<Arc<str>>) -> TableSchema {
        let name = name.into();
        let arn = format!("arn:aws:dynamodb:us-east-1:123456789012:table/{name}").into();
        TableSchema {
            name,
            arn,
            key: KeySchema::new(hash, DataType::S),
            indexes: Vec::new(),
            stream: None,
            time_to_live: None,
        }
    }

    /// The same with another partition key type.
    #[must_use]
    pub fn hash_type(mut self, data_type: DataType) -> TableSchema {
        self.key.hash.data_type = data_type;
        self
    }

    /// The same with a sort key.
    #[must_use]
    pub fn range(mut self, name: impl Into<Arc<str>>, data_type: DataType) -> TableSchema {
        self.key = self.key.range(name, data_type);
        self
    }

    /// The same with a further index.
    #[must_use]
    pub fn index(mut self, index: IndexSchema) -> TableSchema {
        self.indexes.push(index);
        self
    }

    /// The same with a stream, its ARN made from the table's.
    #[must_use]
    pub fn stream(mut self, view: StreamView) -> TableSchema {
        let arn = format!("{}/stream/2026-01-01T00:00:00.000", self.arn).into();
        self.stream = Some(StreamSchema { arn, view });
        self
    }
}

impl StreamView {
    /// Every view type.
    pub const ALL: [StreamView; 4] =
        [StreamView::KeysOnly, StreamView::NewImage, StreamView::OldImage, StreamView::NewAndOldImages];

    /// As AWS spells it: `NEW_IMAGE`.
    pub fn name(self) -> &'static str {
        match self {
            StreamView::KeysOnly => "KEYS_ONLY",
            StreamView::NewImage => "NEW_IMAGE",
            StreamView::OldImage => "OLD_IMAGE",
            StreamView::NewAndOldImages => "NEW_AND_OLD_IMAGES",
        }
    }

    /// The view type of this name.
    pub fn from_name(name: &str) -> Option<StreamView> {
        StreamView::ALL.into_iter().find(|view| view.name() == name)
    }

    /// Whether records carry the item as it became.
    pub fn has_new(self) -> bool {
        matches!(self, StreamView::NewImage | StreamView::NewAndOldImages)
    }

    /// Whether records carry the item as it was.
    pub fn has_old(self) -> bool {
        matches!(self, StreamView::OldImage | StreamView::NewAndOldImages)
    }
}

impl KeySchema {
    /// A partition key alone.
    pub fn new(hash: impl Into<Arc<str>>, data_type: DataType) -> KeySchema {
        KeySchema { hash: KeyAttribute { name: hash.into(), data_type }, range: None }
    }

    /// The same with a sort key.
    #[must_use]
    pub fn range(mut self, name: impl Into<Arc<str>>, data_type: DataType) -> KeySchema {
        self.range = Some(KeyAttribute { name: name.into(), data_type });
        self
    }

    /// The key attributes, partition key first.
    pub fn attributes(&self) -> impl Iterator<Item = &KeyAttribute> {
        std::iter::once(&self.hash).chain(&self.range)
    }

    /// Whether `name` is part of the key.
    pub fn contains(&self, name: &str) -> bool {
        self.attributes().any(|attribute| *attribute.name == *name)
    }
}

impl IndexSchema {
    /// A global index that carries every attribute.
    pub fn global(name: impl Into<Arc<str>>, key: KeySchema) -> IndexSchema {
        IndexSchema { name: name.into(), global: true, key, projection: IndexProjection::All }
    }

    /// A local index that carries every attribute.
    pub fn local(name: impl Into<Arc<str>>, key: KeySchema) -> IndexSchema {
        IndexSchema { name: name.into(), global: false, key, projection: IndexProjection::All }
    }

    /// The same with another projection.
    #[must_use]
    pub fn projection(mut self, projection: IndexProjection) -> IndexSchema {
        self.projection = projection;
        self
    }
}
