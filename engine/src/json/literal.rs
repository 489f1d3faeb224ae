//! JSON written in Rust: the macros [`json!`](crate::json!) and [`text!`](crate::text!).
//!
//! Sweeps build the same few objects millions of times, so what a macro call spells out (keys, constant values) is
//! made once a thread and shared from then on. Once a thread, because reference counts that several threads write slow
//! each other down.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Json, Number};

/// A value that stands in [`json!`](crate::json!) where JSON has a value. Nothing is moved; what is shared stays so.
pub trait ToJson {
    /// The value as JSON.
    fn to_json(&self) -> Json;
}

macro_rules! copied {
    ($($kind:ty),+) => {$(
        impl ToJson for $kind {
            fn to_json(&self) -> Json {
                Json::from(*self)
            }
        }
    )+};
}

copied!(bool, i32, i64, u32, u64, usize, f64);

impl ToJson for u16 {
    fn to_json(&self) -> Json {
        Json::from(u32::from(*self))
    }
}

impl ToJson for u8 {
    fn to_json(&self) -> Json {
        Json::from(u32::from(*self))
    }
}

impl ToJson for str {
    fn to_json(&self) -> Json {
        Json::from(self)
    }
}

impl ToJson for String {
    fn to_json(&self) -> Json {
        Json::from(self.as_str())
    }
}

impl ToJson for Arc<str> {
    fn to_json(&self) -> Json {
        Json::String(self.clone())
    }
}

impl ToJson for Number {
    fn to_json(&self) -> Json {
        Json::Number(self.clone())
    }
}

impl ToJson for Json {
    fn to_json(&self) -> Json {
        self.clone()
    }
}

impl<T: ToJson + ?Sized> ToJson for &T {
    fn to_json(&self) -> Json {
        (**self).to_json()
    }
}

impl<T: ToJson> ToJson for Option<T> {
    fn to_json(&self) -> Json {
        self.as_ref().map_or(Json::Null, T::to_json)
    }
}

impl<T: ToJson> ToJson for [T] {
    fn to_json(&self) -> Json {
        Json::from(self.iter().map(T::to_json).collect::<Vec<_>>())
    }
}

impl<T: ToJson, const ITEMS: usize> ToJson for [T; ITEMS] {
    fn to_json(&self) -> Json {
        self.as_slice().to_json()
    }
}

impl<T: ToJson> ToJson for Vec<T> {
    fn to_json(&self) -> Json {
        self.as_slice().to_json()
    }
}

impl<T: ToJson> ToJson for BTreeMap<String, T> {
    fn to_json(&self) -> Json {
        Json::from_pairs(self.iter().map(|(key, value)| (key.as_str(), value.to_json())))
    }
}

/// A constant as shared text, allocated once a thread: `text!("orderId")`.
#[macro_export]
macro_rules! text {
    ($constant:expr) => {{
        ::std::thread_local! {
            static TEXT: ::std::sync::Arc<str> = ::std::sync::Arc::from($constant);
        }
        TEXT.with(::std::sync::Arc::clone)
    }};
}

/// A [`Json`] spelled as JSON. Keys are literals or expressions in parentheses; values are literals or any expression
/// whose type is [`ToJson`]. No key may be given twice.
///
/// ```
/// use rehearsal_engine::json;
/// let total = 2.5;
/// let order = json!({"orderId": "o-1", "items": [1, total, null, true]});
/// assert_eq!(order.to_string(), r#"{"orderId":"o-1","items":[1,2.5,null,true]}"#);
/// ```
#[macro_export]
macro_rules! json {
    (null) => { $crate::json::Json::Null };
    ([]) => {{
        ::std::thread_local! {
            static EMPTY: $crate::json::Json = $crate::json::Json::from(::std::vec::Vec::new());
        }
        EMPTY.with($crate::json::Json::clone)
    }};
    ([ $($items:tt)* ]) => { $crate::json_items!([] $($items)*) };
    ({ $($members:tt)* }) => { $crate::json_members!([] $($members)*) };
    ($literal:literal) => {{
        ::std::thread_local! {
            static VALUE: $crate::json::Json = $crate::json::ToJson::to_json(&$literal);
        }
        VALUE.with($crate::json::Json::clone)
    }};
    ($value:expr) => { $crate::json::ToJson::to_json(&$value) };
}

/// The items of an array, one at a time; those that are done stand in the brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! json_items {
    ([ $($done:tt)* ]) => { $crate::json::Json::from(::std::vec::Vec::<$crate::json::Json>::from([$($done)*])) };
    ([ $($done:tt)* ] null $(, $($rest:tt)*)?) => {
        $crate::json_items!([$($done)* $crate::json::Json::Null,] $($($rest)*)?)
    };
    ([ $($done:tt)* ] [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json_items!([$($done)* $crate::json!([$($inner)*]),] $($($rest)*)?)
    };
    ([ $($done:tt)* ] { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json_items!([$($done)* $crate::json!({$($inner)*}),] $($($rest)*)?)
    };
    ([ $($done:tt)* ] $value:expr $(, $($rest:tt)*)?) => {
        $crate::json_items!([$($done)* $crate::json!($value),] $($($rest)*)?)
    };
}

/// The members of an object, one at a time; those that are done stand in the brackets.
#[doc(hidden)]
#[macro_export]
macro_rules! json_members {
    ([]) => { $crate::json::Json::object() };
    ([ $($done:tt)+ ]) => {
        $crate::json::Json::from($crate::json::Object::of_distinct(::std::vec::Vec::from([$($done)+])))
    };
    ([ $($done:tt)* ] $key:tt : null $(, $($rest:tt)*)?) => {
        $crate::json_members!([$($done)* ($crate::json_key!($key), $crate::json::Json::Null),] $($($rest)*)?)
    };
    ([ $($done:tt)* ] $key:tt : [ $($inner:tt)* ] $(, $($rest:tt)*)?) => {
        $crate::json_members!([$($done)* ($crate::json_key!($key), $crate::json!([$($inner)*])),] $($($rest)*)?)
    };
    ([ $($done:tt)* ] $key:tt : { $($inner:tt)* } $(, $($rest:tt)*)?) => {
        $crate::json_members!([$($done)* ($crate::json_key!($key), $crate::json!({$($inner)*})),] $($($rest)*)?)
    };
    ([ $($done:tt)* ] $key:tt : $value:literal $(, $($rest:tt)*)?) => {
        $crate::json_members!([$($done)* ($crate::json_key!($key), $crate::json!($value)),] $($($rest)*)?)
    };
    ([ $($done:tt)* ] $key:tt : $value:expr $(, $($rest:tt)*)?) => {
        $crate::json_members!([$($done)* ($crate::json_key!($key), $crate::json::ToJson::to_json(&$value)),] $($($rest)*)?)
    };
}

/// The key of a member.
#[doc(hidden)]
#[macro_export]
macro_rules! json_key {
    ($literal:literal) => {
        $crate::text!($literal)
    };
    ($key:expr) => {
        ::std::sync::Arc::<str>::from($key)
    };
}
