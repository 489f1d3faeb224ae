use std::fmt;

use rehearsal_engine::Json;
use rehearsal_engine::events::Pattern;

use crate::services::MessageAttribute;

/// Which messages a subscription wants.
#[derive(Clone, Debug)]
pub struct FilterPolicy {
    pattern: std::rc::Rc<Pattern>,
    scope: FilterScope,
}

/// What a filter policy looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FilterScope {
    /// The message's attributes.
    #[default]
    MessageAttributes,
    /// The message's text, which must be a JSON object.
    MessageBody,
}

/// Why a filter policy is not one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterError(pub String);

impl fmt::Display for FilterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FilterError {}

/// AWS: a filter policy has at most five keys and 150 combinations of their values.
const KEYS_MAX: usize = 5;
const COMBINATIONS_MAX: usize = 150;
/// Deeper than any filter policy, and shallow enough to walk.
const DEPTH_MAX: usize = 64;

impl FilterPolicy {
    /// Compiles a policy.
    pub fn compile(policy: &Json, scope: FilterScope) -> Result<FilterPolicy, FilterError> {
        if policy.measure().depth > DEPTH_MAX {
            return Err(FilterError(format!("the filter policy is nested deeper than {DEPTH_MAX}")));
        }
        let (mut keys, mut combinations) = (0, 1usize);
        count(policy, &mut keys, &mut combinations, 0);
        if keys > KEYS_MAX || combinations > COMBINATIONS_MAX {
            return Err(FilterError("Filter policy is too complex".to_owned()));
        }
        let nested =
            policy.as_object().is_some_and(|members| members.values().any(|value| value.as_object().is_some()));
        if nested && scope == FilterScope::MessageAttributes {
            return Err(FilterError(
                "a policy on message attributes cannot be nested: set FilterPolicyScope to MessageBody".to_owned(),
            ));
        }
        let pattern = Pattern::parse(&policy.to_string()).map_err(|rejection| FilterError(rejection.to_string()))?;
        Ok(FilterPolicy { pattern: std::rc::Rc::new(pattern), scope })
    }

    /// Whether the subscription wants a message.
    pub fn wants(&self, message: &str, attributes: &[MessageAttribute]) -> bool {
        match self.scope {
            FilterScope::MessageAttributes => self.pattern.matches(&as_json(attributes)),
            // AWS: a text that is no JSON object matches no policy.
            FilterScope::MessageBody => Json::parse(message)
                .is_ok_and(|message| message.as_object().is_some() && self.pattern.matches(&message)),
        }
    }
}

/// Attributes as a filter policy sees them. AWS: binary ones are not seen, a `String.Array` is its JSON.
fn as_json(attributes: &[MessageAttribute]) -> Json {
    let seen = attributes.iter().filter(|attribute| !attribute.is_binary());
    Json::from_pairs(seen.map(|attribute| {
        let parsed = || Json::parse(&attribute.value).ok();
        let value = match attribute.data_type.as_ref() {
            "String.Array" => parsed().filter(|value| value.as_array().is_some()),
            kind if kind.starts_with("Number") => parsed().filter(|value| value.as_f64().is_some()),
            _ => None,
        };
        (attribute.name.clone(), value.unwrap_or_else(|| Json::String(attribute.value.clone())))
    }))
}

/// AWS: each key multiplies the combinations by its values, nested keys by their level too.
fn count(policy: &Json, keys: &mut usize, combinations: &mut usize, level: usize) {
    let Some(members) = policy.as_object() else { return };
    for (key, value) in members.iter() {
        match value {
            Json::Array(_) if **key == *"$or" => {
                for part in value.as_array().unwrap_or_default() {
                    count(part, keys, combinations, level);
                }
            }
            Json::Array(_) => {
                *keys += 1;
                let values = value.as_array().map_or(1, <[Json]>::len).max(1);
                *combinations = combinations.saturating_mul(values).saturating_mul(level + 1);
            }
            Json::Object(_) => count(value, keys, combinations, level + 1),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use rehearsal_engine::json;

    use super::*;

    fn compile(policy: &Json, scope: FilterScope) -> FilterPolicy {
        FilterPolicy::compile(policy, scope).expect("a policy")
    }

    #[test]
    fn a_policy_looks_at_attributes_or_at_the_body() {
        let attributes = [
            MessageAttribute::string("store", "north"),
            MessageAttribute::number("price", 99.5),
            MessageAttribute { name: "tags".into(), data_type: "String.Array".into(), value: "[\"a\",\"b\"]".into() },
        ];
        for (policy, wanted) in [
            (json!({"store": ["north"]}), true),
            (json!({"store": [{"prefix": "no"}]}), true),
            (json!({"store": [{"anything-but": ["north"]}]}), false),
            (json!({"price": [{"numeric": [">", 90, "<=", 100]}]}), true),
            (json!({"tags": ["b"]}), true),
            (json!({"tags": ["c"]}), false),
            (json!({"missing": [{"exists": false}]}), true),
            (json!({"store": ["north"], "missing": ["x"]}), false),
        ] {
            let compiled = compile(&policy, FilterScope::MessageAttributes);
            assert_eq!(compiled.wants("{}", &attributes), wanted, "{policy}");
        }
        let body = compile(&json!({"order": {"total": [{"numeric": [">", 5]}]}}), FilterScope::MessageBody);
        assert!(body.wants("{\"order\":{\"total\":7}}", &[]));
        assert!(!body.wants("{\"order\":{\"total\":5}}", &[]));
        assert!(!body.wants("no json", &[]));
        assert!(!body.wants("[{\"order\":{\"total\":7}}]", &[]));
    }

    #[test]
    fn a_policy_that_sns_refuses_is_refused() {
        let many: Vec<Json> = (0..151).map(Json::from).collect();
        for (policy, scope, part) in [
            (
                json!({"a": ["1"], "b": ["1"], "c": ["1"], "d": ["1"], "e": ["1"], "f": ["1"]}),
                FilterScope::MessageBody,
                "too complex",
            ),
            (Json::from_pairs([("a", Json::from(many))]), FilterScope::MessageBody, "too complex"),
            (json!({"a": {"b": ["1"]}}), FilterScope::MessageAttributes, "MessageBody"),
            (json!({"a": "1"}), FilterScope::MessageAttributes, "must be an object or an array"),
        ] {
            let error = FilterPolicy::compile(&policy, scope).expect_err("refused");
            assert!(error.0.contains(part), "{error}");
        }
    }
}
