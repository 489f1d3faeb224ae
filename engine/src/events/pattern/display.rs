//! An entry of a pattern's array as somebody would write it, for messages.

use std::fmt;

use super::predicate::{AnythingBut, Bound, Predicate, Range};
use crate::json::Json;

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Predicate::Null => f.write_str("null"),
            Predicate::Bool(value) => write!(f, "{value}"),
            Predicate::String(text) => f.write_str(&quoted(text)),
            Predicate::Number(number) => write!(f, "{number}"),
            Predicate::Spelled(text) => f.write_str(text),
            Predicate::Prefix(text) => write!(f, r#"{{"prefix":{}}}"#, quoted(text)),
            Predicate::PrefixAnyCase(text) => {
                write!(f, r#"{{"prefix":{{"equals-ignore-case":{}}}}}"#, quoted(&text.to_string()))
            }
            Predicate::Suffix(text) => write!(f, r#"{{"suffix":{}}}"#, quoted(text)),
            Predicate::SuffixAnyCase(text) => {
                write!(f, r#"{{"suffix":{{"equals-ignore-case":{}}}}}"#, quoted(&text.to_string()))
            }
            Predicate::EqualsAnyCase(text) => {
                write!(f, r#"{{"equals-ignore-case":{}}}"#, quoted(&text.to_string()))
            }
            Predicate::Wildcard(wildcard) => write!(f, r#"{{"wildcard":{}}}"#, quoted(&wildcard.to_string())),
            Predicate::Numeric(range) => write!(f, r#"{{"numeric":[{range}]}}"#),
            Predicate::Cidr(block) => write!(f, r#"{{"cidr":"{block}"}}"#),
            Predicate::Exists => f.write_str(r#"{"exists":true}"#),
            Predicate::Absent => f.write_str(r#"{"exists":false}"#),
            Predicate::AnythingBut(excluded) => write!(f, r#"{{"anything-but":{excluded}}}"#),
        }
    }
}

impl fmt::Display for AnythingBut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = |texts: &[std::sync::Arc<str>]| list(texts.iter().map(|text| quoted(text)));
        match self {
            AnythingBut::Strings(excluded) => f.write_str(&texts(excluded)),
            AnythingBut::Numbers(excluded) => f.write_str(&list(excluded.iter().map(ToString::to_string))),
            AnythingBut::Prefixes(excluded) => write!(f, r#"{{"prefix":{}}}"#, texts(excluded)),
            AnythingBut::Suffixes(excluded) => write!(f, r#"{{"suffix":{}}}"#, texts(excluded)),
            AnythingBut::AnyCase(excluded) => {
                write!(f, r#"{{"equals-ignore-case":{}}}"#, list(excluded.iter().map(|text| quoted(&text.to_string()))))
            }
            AnythingBut::Wildcards(excluded) => {
                write!(f, r#"{{"wildcard":{}}}"#, list(excluded.iter().map(|text| quoted(&text.to_string()))))
            }
        }
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound = |sign: &str, bound: &Bound| {
            let equal = if bound.is_included { "=" } else { "" };
            format!(r#""{sign}{equal}",{}"#, bound.value)
        };
        let ends = [self.bottom.as_ref().map(|end| bound(">", end)), self.top.as_ref().map(|end| bound("<", end))];
        f.write_str(&ends.into_iter().flatten().collect::<Vec<_>>().join(","))
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn quoted(text: &str) -> String {
    Json::from(text).to_string()
}
