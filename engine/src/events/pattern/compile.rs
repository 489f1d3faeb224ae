//! Tokens of a pattern into its branches.
//!
//! A pattern is checked in the order of its text and the first problem is the one reported, as on AWS; the reasons are
//! AWS's, some of them misleading (two keys in a `numeric` entry are "too many elements"). A `$or` multiplies the
//! branches read so far, and a later text for a path replaces an earlier one in every branch that it reaches.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use xxhash_rust::xxh3::Xxh3Default;

use super::address::Block;
use super::complexity::is_too_complex;
use super::ignore_case::AnyCase;
use super::number::{Decimal, Double};
use super::predicate::{AnythingBut, Bound, Predicate, Range};
use super::source::{Shown, Source};
use super::wildcard::Wildcard;
use super::{BRANCHES_MAX, Branch, Field, Rejection};
use crate::events::tokens::Token;
use crate::source::Node;

const OR: &str = "$or";
const ONE_KEY: &str = "Only one key allowed in match expression";
const TOO_MANY: &str = "Too many elements in numeric expression";
const IGNORE_CASE_STRING: &str = "equals-ignore-case match pattern must be a string";
const TOO_COMPLEX: &str = "Rule is too complex - try using fewer wildcard characters or fewer repeating character \
                           sequences after a wildcard character";

/// AWS: names that cannot be a field inside `$or`.
const RESERVED_INSIDE_OR: [&str; 24] = [
    "exactly",
    "equals-ignore-case",
    "prefix",
    "suffix",
    "anything-but",
    "exists",
    "wildcard",
    "numeric",
    "cidr",
    "=",
    "<",
    "<=",
    ">",
    ">=",
    "regex",
    "not-wildcard",
    "not-equals-ignore-case",
    "date-after",
    "date-on-or-after",
    "date-before",
    "date-on-or-before",
    "in-date-range",
    "ip-address-in-range",
    "ip-address-not-in-range",
];

pub(super) fn text(text: &str) -> Result<Vec<Branch>, Rejection> {
    Compiler { source: Source::text(text), keys: Vec::new() }.compile()
}

pub(super) fn node(node: &Node) -> Result<Vec<Branch>, Rejection> {
    Compiler { source: Source::node(node), keys: Vec::new() }.compile()
}

type FixedHasher = BuildHasherDefault<Xxh3Default>;

type Fields = BTreeMap<Arc<str>, Arc<[Predicate]>>;

struct Compiler<'s> {
    source: Source<'s>,
    keys: Vec<Cow<'s, str>>,
}

impl<'s> Compiler<'s> {
    fn compile(mut self) -> Result<Vec<Branch>, Rejection> {
        if self.source.next()? != Some(Token::StartObject) {
            return Err(self.error("Filter is not an object"));
        }
        let mut branches = Vec::new();
        self.object(&mut branches, false)?;
        let mut checked: BTreeSet<*const Predicate> = BTreeSet::new();
        for any_of in branches.iter().flat_map(Fields::values) {
            if checked.insert(any_of.as_ptr()) && too_complex(any_of) {
                return Err(self.source.reject(TOO_COMPLEX, Shown::Never));
            }
        }
        let branch = |fields: Fields| Branch {
            fields: fields.into_iter().map(|(path, any_of)| Field { path, any_of }).collect(),
        };
        Ok(branches.into_iter().map(branch).collect())
    }

    fn object(&mut self, branches: &mut Vec<Fields>, is_inside_or: bool) -> Result<(), Rejection> {
        let mut is_empty = true;
        loop {
            let name = match self.source.next()? {
                Some(Token::Name(name)) => name,
                _ if is_empty => return Err(self.error("Empty objects are not allowed")),
                _ => return Ok(()),
            };
            is_empty = false;
            if name == OR {
                self.alternatives(branches)?;
                continue;
            }
            if is_inside_or && RESERVED_INSIDE_OR.contains(&&*name) {
                let reason = format!("{name} is Ruler reserved fieldName which cannot be used inside $or.");
                return Err(self.error(reason));
            }
            self.keys.push(name);
            match self.source.next()? {
                Some(Token::StartObject) => self.object(branches, is_inside_or)?,
                Some(Token::StartArray) => self.field(branches)?,
                _ => {
                    let name = self.keys.pop().unwrap_or_default();
                    return Err(self.error(format!("\"{name}\" must be an object or an array")));
                }
            }
            self.keys.pop();
        }
    }

    fn alternatives(&mut self, branches: &mut Vec<Fields>) -> Result<(), Rejection> {
        if self.source.next()? != Some(Token::StartArray) {
            return Err(self.error("It must be an Array followed with $or."));
        }
        let mut before = std::mem::take(branches);
        if before.is_empty() {
            before.push(Fields::new());
        }
        let mut objects = 0;
        loop {
            match self.source.next()? {
                Some(Token::StartObject) => {}
                Some(Token::EndArray) => break,
                _ => return Err(self.error("Only JSON object is allowed in array of $or relationship.")),
            }
            objects += 1;
            if branches.len() + before.len() > BRANCHES_MAX {
                return Err(self.too_many_branches());
            }
            let mut alternative = before.clone();
            self.object(&mut alternative, true)?;
            branches.append(&mut alternative);
            if branches.len() > BRANCHES_MAX {
                return Err(self.too_many_branches());
            }
        }
        if objects < 2 {
            return Err(self.error("There must have at least 2 Objects in $or relationship."));
        }
        Ok(())
    }

    fn field(&mut self, branches: &mut Vec<Fields>) -> Result<(), Rejection> {
        let mut any_of: Vec<Predicate> = Vec::new();
        let mut known: HashSet<Predicate, FixedHasher> = HashSet::default();
        loop {
            let predicate = match self.source.next()? {
                Some(Token::EndArray) => break,
                Some(Token::StartObject) => self.expression()?,
                Some(Token::String(text)) => Predicate::String(text.into()),
                Some(Token::Number(text)) => match Decimal::parse(text) {
                    Decimal::Comparable(value) => Predicate::Number(value),
                    Decimal::Spelled(text) => Predicate::Spelled(text.into()),
                },
                Some(Token::Bool(value)) => Predicate::Bool(value),
                Some(Token::Null) => Predicate::Null,
                _ => return Err(self.error("Match value must be String, number, true, false, or null")),
            };
            if known.insert(predicate.clone()) {
                any_of.push(predicate);
            }
        }
        if any_of.is_empty() {
            return Err(self.error("Empty arrays are not allowed"));
        }
        if branches.is_empty() {
            branches.push(Fields::new());
        }
        let path: Arc<str> = self.keys.join(".").into();
        let any_of: Arc<[Predicate]> = any_of.into();
        for fields in branches {
            fields.insert(path.clone(), any_of.clone());
        }
        Ok(())
    }

    fn expression(&mut self) -> Result<Predicate, Rejection> {
        let Some(Token::Name(name)) = self.source.next()? else {
            return Err(self.error("Match expression name not found"));
        };
        match &*name {
            "exactly" => {
                let text = self.string("exact match pattern must be a string")?;
                self.close_after(Predicate::String(text.into()), ONE_KEY)
            }
            "prefix" => match self.any_case_or_string("Prefix", "prefix")? {
                Text::Exact(text) => self.close_after(Predicate::Prefix(text.into()), ONE_KEY),
                Text::AnyCase(text) => self.close_after(Predicate::PrefixAnyCase(text), ONE_KEY),
            },
            "suffix" => match self.any_case_or_string("Suffix", "suffix")? {
                Text::Exact(text) => self.close_after(Predicate::Suffix(text.into()), ONE_KEY),
                Text::AnyCase(text) => self.close_after(Predicate::SuffixAnyCase(text), ONE_KEY),
            },
            "equals-ignore-case" => {
                let text = self.string(IGNORE_CASE_STRING)?;
                self.close_after(Predicate::EqualsAnyCase(AnyCase::new(&text)), ONE_KEY)
            }
            "wildcard" => {
                let text = self.string("wildcard match pattern must be a string")?;
                let wildcard = Wildcard::parse(&text).map_err(|reason| self.error(reason))?;
                self.close_after(Predicate::Wildcard(wildcard), ONE_KEY)
            }
            "numeric" => {
                let numeric = self.numeric()?;
                self.close_after(numeric, TOO_MANY)
            }
            "anything-but" => {
                let excluded = self.anything_but()?;
                self.close_after(Predicate::AnythingBut(excluded), TOO_MANY)
            }
            "exists" => {
                let Some(Token::Bool(exists)) = self.source.next()? else {
                    return Err(self.error("exists match pattern must be either true or false."));
                };
                self.close_after(if exists { Predicate::Exists } else { Predicate::Absent }, ONE_KEY)
            }
            "cidr" => {
                // AWS speaks of a prefix here.
                let text = self.string("prefix match pattern must be a string")?;
                let block = Block::parse(&text).map_err(|reason| self.source.reject(reason, Shown::Never))?;
                self.close_after(Predicate::Cidr(block), ONE_KEY)
            }
            unknown => Err(self.error(format!("Unrecognized match type {unknown}"))),
        }
    }

    fn any_case_or_string(&mut self, title: &str, name: &str) -> Result<Text<'s>, Rejection> {
        match self.source.next()? {
            Some(Token::String(text)) => {
                self.source.consume();
                return Ok(Text::Exact(text));
            }
            Some(Token::StartObject) => {}
            _ => return Err(self.error(format!("{name} match pattern must be a string"))),
        }
        let Some(Token::Name(operator)) = self.source.next()? else {
            return Err(self.error(format!("{title} expression name not found")));
        };
        if operator != "equals-ignore-case" {
            return Err(self.error(format!("Unsupported {name} pattern: {operator}")));
        }
        let text = self.string(IGNORE_CASE_STRING)?;
        self.close_after(Text::AnyCase(AnyCase::new(&text)), ONE_KEY)
    }

    fn numeric(&mut self) -> Result<Predicate, Rejection> {
        if self.source.next()? != Some(Token::StartArray) {
            return Err(self.error("Value of numeric must be an array."));
        }
        let operator = match self.source.next()? {
            Some(Token::String(operator)) => operator,
            other => return Err(self.error(format!("Invalid member in numeric match: {}", spelled(other.as_ref())))),
        };
        self.source.consume();
        match &*operator {
            "=" => {
                let value = self.number("equals")?;
                self.end_array(TOO_MANY)?;
                Ok(Predicate::Number(self.comparable(value, Shown::Once)?))
            }
            "<" | "<=" => {
                let value = self.number(&operator)?;
                self.end_array(TOO_MANY)?;
                let top = Bound { value: self.comparable(value, Shown::Once)?, is_included: operator == "<=" };
                Ok(Predicate::Numeric(Range { bottom: None, top: Some(top) }))
            }
            ">" | ">=" => self.range(operator == ">="),
            unknown => Err(self.error(format!("Unrecognized numeric range operator: {unknown}"))),
        }
    }

    /// What follows the operator of a bottom.
    fn range(&mut self, is_included: bool) -> Result<Predicate, Rejection> {
        let bottom = self.number(if is_included { ">=" } else { ">" })?;
        let operator = match self.source.next()? {
            Some(Token::EndArray) => {
                let value = self.comparable(bottom.clone(), Shown::Once)?;
                // AWS's matcher breaks on a range that starts at the largest number.
                if value == Double::MAX {
                    return Err(self.error(format!("Cannot compare number : {bottom}")));
                }
                return Ok(Predicate::Numeric(Range { bottom: Some(Bound { value, is_included }), top: None }));
            }
            Some(Token::String(operator)) => operator,
            other => return Err(self.error(format!("Bad value in numeric range: {}", spelled(other.as_ref())))),
        };
        self.source.consume();
        if !matches!(&*operator, "<" | "<=") {
            return Err(self.error(format!("Bad numeric range operator: {operator}")));
        }
        let top = self.number(&operator)?;
        self.end_array("Too many terms in numeric range expression")?;
        let bottom = Bound { value: self.comparable(bottom, Shown::Once)?, is_included };
        let top = Bound { value: self.comparable(top, Shown::Once)?, is_included: operator == "<=" };
        if bottom.value >= top.value {
            return Err(self.error("Bottom must be less than top"));
        }
        Ok(Predicate::Numeric(Range { bottom: Some(bottom), top: Some(top) }))
    }

    fn anything_but(&mut self) -> Result<AnythingBut, Rejection> {
        match self.source.next()? {
            Some(Token::StartObject) => {
                let Some(Token::Name(operator)) = self.source.next()? else {
                    return Err(self.error("Anything-But expression name not found"));
                };
                let Some(operator) = Excluding::named(&operator) else {
                    return Err(self.error(format!("Unsupported anything-but pattern: {operator}")));
                };
                let excluded = self.excluded_texts(operator)?;
                self.close_after(excluded, TOO_MANY)
            }
            Some(Token::StartArray) => self.excluded_list(),
            Some(Token::String(text)) => {
                self.source.consume();
                Ok(AnythingBut::Strings(Arc::new([text.into()])))
            }
            Some(Token::Number(text)) => Ok(AnythingBut::Numbers(Arc::new([self.comparable(text, Shown::Never)?]))),
            _ => Err(self.not_excludable()),
        }
    }

    fn excluded_list(&mut self) -> Result<AnythingBut, Rejection> {
        let (mut texts, mut numbers): (Vec<Arc<str>>, Vec<Double>) = (Vec::new(), Vec::new());
        loop {
            match self.source.next()? {
                Some(Token::EndArray) => break,
                Some(Token::String(text)) => texts.push(text.into()),
                Some(Token::Number(text)) => numbers.push(self.comparable(text, Shown::Once)?),
                _ => {
                    let reason = "Inside anything but list, start|null|boolean is not supported.";
                    return Err(self.source.reject(reason, Shown::Twice));
                }
            }
        }
        match (texts.is_empty(), numbers.is_empty()) {
            (false, true) => Ok(AnythingBut::Strings(texts.into())),
            (true, false) => Ok(AnythingBut::Numbers(numbers.into())),
            _ => Err(self.error(
                "Inside anything but list, either all values are number or string, mixed type is not supported",
            )),
        }
    }

    fn excluded_texts(&mut self, operator: Excluding) -> Result<AnythingBut, Rejection> {
        let mut texts = Vec::new();
        match self.source.next()? {
            Some(Token::String(text)) => {
                self.source.consume();
                texts.push(self.excludable(text, operator, Shown::Once)?);
            }
            Some(Token::Number(_)) => return Err(self.error(operator.wants_string())),
            Some(Token::StartArray) => loop {
                match self.source.next()? {
                    Some(Token::EndArray) => break,
                    Some(Token::String(text)) => {
                        self.source.consume();
                        texts.push(self.excludable(text, operator, Shown::Twice)?);
                    }
                    _ => return Err(self.source.reject(operator.wants_string(), Shown::Twice)),
                }
            },
            _ => return Err(self.not_excludable()),
        }
        if texts.is_empty() {
            return Err(self.error("Empty arrays are not allowed"));
        }
        let shared = |texts: Vec<Cow<str>>| texts.into_iter().map(Arc::from).collect();
        Ok(match operator {
            Excluding::Prefix => AnythingBut::Prefixes(shared(texts)),
            Excluding::Suffix => AnythingBut::Suffixes(shared(texts)),
            Excluding::AnyCase => AnythingBut::AnyCase(texts.iter().map(|text| AnyCase::new(text)).collect()),
            Excluding::Wildcard => {
                let wildcards = texts.iter().map(|text| Wildcard::parse(text)).collect::<Result<_, _>>();
                AnythingBut::Wildcards(wildcards.map_err(|reason| self.error(reason))?)
            }
        })
    }

    fn excludable(&self, text: Cow<'s, str>, operator: Excluding, shown: Shown) -> Result<Cow<'s, str>, Rejection> {
        if text.is_empty() && matches!(operator, Excluding::Prefix | Excluding::Suffix) {
            return Err(self.source.reject("Null prefix/suffix not allowed", shown));
        }
        Ok(text)
    }

    fn string(&mut self, otherwise: &str) -> Result<Cow<'s, str>, Rejection> {
        match self.source.next()? {
            Some(Token::String(text)) => {
                self.source.consume();
                Ok(text)
            }
            _ => Err(self.error(otherwise)),
        }
    }

    fn number(&mut self, of: &str) -> Result<Cow<'s, str>, Rejection> {
        match self.source.next()? {
            Some(Token::Number(text)) => Ok(text),
            _ => Err(self.error(format!("Value of {of} must be numeric"))),
        }
    }

    fn comparable(&self, text: Cow<'s, str>, shown: Shown) -> Result<Double, Rejection> {
        match Decimal::parse(text) {
            Decimal::Comparable(value) => Ok(value),
            Decimal::Spelled(text) => Err(self.source.reject(format!("Cannot compare number : {text}"), shown)),
        }
    }

    fn end_array(&mut self, otherwise: &str) -> Result<(), Rejection> {
        if self.source.next()? == Some(Token::EndArray) { Ok(()) } else { Err(self.error(otherwise)) }
    }

    /// `value`, once the object that it stands in ends.
    fn close_after<T>(&mut self, value: T, otherwise: &str) -> Result<T, Rejection> {
        if self.source.next()? == Some(Token::EndObject) { Ok(value) } else { Err(self.error(otherwise)) }
    }

    fn not_excludable(&self) -> Rejection {
        self.error("Value of anything-but must be an array or single string/number value.")
    }

    fn too_many_branches(&self) -> Rejection {
        self.source.reject(
            format!(
                "the $or alternatives combine to more than {BRANCHES_MAX} rules, split the pattern over several rules"
            ),
            Shown::Never,
        )
    }

    fn error(&self, reason: impl AsRef<str>) -> Rejection {
        self.source.reject(reason, Shown::Once)
    }
}

enum Text<'s> {
    Exact(Cow<'s, str>),
    AnyCase(AnyCase),
}

/// An operator that `anything-but` can hold.
#[derive(Clone, Copy)]
enum Excluding {
    Prefix,
    Suffix,
    AnyCase,
    Wildcard,
}

impl Excluding {
    fn named(name: &str) -> Option<Excluding> {
        match name {
            "prefix" => Some(Excluding::Prefix),
            "suffix" => Some(Excluding::Suffix),
            "equals-ignore-case" => Some(Excluding::AnyCase),
            "wildcard" => Some(Excluding::Wildcard),
            _ => None,
        }
    }

    fn wants_string(self) -> &'static str {
        match self {
            Excluding::Prefix | Excluding::Suffix => "prefix/suffix match pattern must be a string",
            Excluding::AnyCase => {
                "Inside anything-but/equals-ignore-case list, number|start|null|boolean is not supported."
            }
            Excluding::Wildcard => "wildcard match pattern must be a string",
        }
    }
}

fn too_complex(any_of: &[Predicate]) -> bool {
    let wildcards = any_of.iter().filter_map(|predicate| match predicate {
        Predicate::Wildcard(wildcard) => Some(wildcard),
        _ => None,
    });
    is_too_complex(&wildcards.collect::<Vec<_>>())
}

fn spelled(token: Option<&Token>) -> String {
    match token {
        Some(Token::StartObject) => "{".to_owned(),
        Some(Token::EndObject) => "}".to_owned(),
        Some(Token::StartArray) => "[".to_owned(),
        Some(Token::EndArray) => "]".to_owned(),
        Some(Token::Name(text) | Token::String(text) | Token::Number(text)) => text.to_string(),
        Some(Token::Bool(value)) => value.to_string(),
        Some(Token::Null) | None => "null".to_owned(),
    }
}
