use super::{Expressions, ReturnCapacity};
use crate::services::dynamodb::text::Text;
use crate::services::dynamodb::value::Attributes;

/// Reads one item.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GetItem {
    /// The table's name.
    pub table: Text,
    /// The item's key.
    pub key: Attributes,
    /// Whether the read must see every write acknowledged before it.
    pub consistent: bool,
    /// The projection.
    pub expressions: Expressions,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

/// Reads one partition of a table or index, or a stretch of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// The table's name.
    pub table: Text,
    /// The index's name.
    pub index: Option<Text>,
    /// Key condition, filter and projection.
    pub expressions: Expressions,
    /// How many items to examine at most.
    pub limit: Option<u32>,
    /// Whether sort keys ascend.
    pub forward: bool,
    /// Whether the read must see every write acknowledged before it.
    pub consistent: bool,
    /// Where to go on: the `LastEvaluatedKey` of the page before.
    pub start: Option<Attributes>,
    /// What to return.
    pub select: Option<Select>,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

/// Reads a whole table or index.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scan {
    /// The table's name.
    pub table: Text,
    /// The index's name.
    pub index: Option<Text>,
    /// Filter and projection.
    pub expressions: Expressions,
    /// How many items to examine at most.
    pub limit: Option<u32>,
    /// Whether the read must see every write acknowledged before it.
    pub consistent: bool,
    /// Where to go on: the `LastEvaluatedKey` of the page before.
    pub start: Option<Attributes>,
    /// What to return.
    pub select: Option<Select>,
    /// Which segment of how many.
    pub segment: Option<(u32, u32)>,
    /// Whether the answer tells what it cost.
    pub return_capacity: ReturnCapacity,
}

/// What a query or scan returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Select {
    /// `ALL_ATTRIBUTES`
    AllAttributes,
    /// `ALL_PROJECTED_ATTRIBUTES`, of an index only.
    AllProjectedAttributes,
    /// `COUNT`
    Count,
    /// `SPECIFIC_ATTRIBUTES`, with a projection.
    SpecificAttributes,
}

impl GetItem {
    /// A read of an item of `table`; the key follows.
    pub fn new(table: impl Into<Text>) -> GetItem {
        GetItem { table: table.into(), ..GetItem::default() }
    }

    /// Sees every write acknowledged before it.
    #[must_use]
    pub fn consistent(mut self) -> GetItem {
        self.consistent = true;
        self
    }

    /// Returns only these paths.
    #[must_use]
    pub fn projection(mut self, expression: impl Into<Text>) -> GetItem {
        self.expressions.projection = Some(expression.into());
        self
    }
}

impl Default for Query {
    fn default() -> Query {
        Query {
            table: Text::default(),
            index: None,
            expressions: Expressions::default(),
            limit: None,
            forward: true,
            consistent: false,
            start: None,
            select: None,
            return_capacity: ReturnCapacity::None,
        }
    }
}

impl Query {
    /// A query of `table`; the key condition follows.
    pub fn new(table: impl Into<Text>) -> Query {
        Query { table: table.into(), ..Query::default() }
    }

    /// Which partition, and which stretch of it.
    #[must_use]
    pub fn key_condition(mut self, expression: impl Into<Text>) -> Query {
        self.expressions.key_condition = Some(expression.into());
        self
    }

    /// Sort keys descend.
    #[must_use]
    pub fn backward(mut self) -> Query {
        self.forward = false;
        self
    }
}

impl Scan {
    /// A scan of `table`.
    pub fn new(table: impl Into<Text>) -> Scan {
        Scan { table: table.into(), ..Scan::default() }
    }

    /// Only one segment of several, for a parallel scan.
    #[must_use]
    pub fn segment(mut self, segment: u32, total_segments: u32) -> Scan {
        self.segment = Some((segment, total_segments));
        self
    }
}

/// What a query and a scan have in common.
macro_rules! page_methods {
    ($request:ident) => {
        impl $request {
            /// Reads this index instead of the table.
            #[must_use]
            pub fn index(mut self, name: impl Into<Text>) -> Self {
                self.index = Some(name.into());
                self
            }

            /// Returns only what this condition holds for.
            #[must_use]
            pub fn filter(mut self, expression: impl Into<Text>) -> Self {
                self.expressions.filter = Some(expression.into());
                self
            }

            /// Returns only these paths.
            #[must_use]
            pub fn projection(mut self, expression: impl Into<Text>) -> Self {
                self.expressions.projection = Some(expression.into());
                self
            }

            /// Examines at most so many items.
            #[must_use]
            pub fn limit(mut self, items: u32) -> Self {
                self.limit = Some(items);
                self
            }

            /// Sees every write acknowledged before it.
            #[must_use]
            pub fn consistent(mut self) -> Self {
                self.consistent = true;
                self
            }

            /// Goes on after the page that ended with this key.
            #[must_use]
            pub fn start(mut self, last_evaluated_key: Attributes) -> Self {
                self.start = Some(last_evaluated_key);
                self
            }

            /// Returns this and nothing else.
            #[must_use]
            pub fn select(mut self, select: Select) -> Self {
                self.select = Some(select);
                self
            }
        }
    };
}

page_methods!(Query);
page_methods!(Scan);
