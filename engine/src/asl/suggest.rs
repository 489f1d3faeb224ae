//! What somebody may have meant: fields of other states or of the other language, and names a letter or two apart.

use super::fields::{Language, supported};
use super::program::StateType;

/// What to do about a field that a state does not have.
pub(super) fn unsupported_hint(state_type: StateType, language: Language, field: &str) -> Option<String> {
    use StateType::{Choice, Fail, Map, Parallel, Pass, Succeed, Task, Wait};
    let (other, name) = match language {
        Language::JsonPath => (Language::Jsonata, "JSONata"),
        Language::Jsonata => (Language::JsonPath, "JSONPath"),
    };
    if supported(state_type, other, field) {
        let instead = match field {
            "Parameters" if state_type == Map => Some("ItemSelector"),
            "Parameters" if state_type == Task || state_type == Parallel => Some("Arguments"),
            "Arguments" => Some("Parameters"),
            "Result" | "ResultSelector" | "ResultPath" | "OutputPath" | "Parameters" => Some("Output"),
            "ItemsPath" => Some("Items"),
            "Items" => Some("ItemsPath"),
            "Output" => Some("ResultSelector or OutputPath"),
            _ => field.strip_suffix("Path").filter(|plain| supported(state_type, language, plain)),
        };
        let instead = instead.map_or(String::new(), |instead| format!("; here there is {instead}"));
        return Some(format!("it belongs to {name}{instead}"));
    }
    let is_close = |known: &&&str| edit_distance(known, field) <= 2 && supported(state_type, language, known);
    if let Some(known) = FIELDS.iter().find(is_close) {
        return Some(format!("did you mean '{known}'?"));
    }
    let all = [Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map];
    let having = all.into_iter().filter(|known| supported(*known, language, field));
    let having: Vec<&str> = having.map(StateType::name).collect();
    (!having.is_empty()).then(|| format!("a {} state has none; {} have", state_type.name(), having.join(", ")))
}

/// How many letters have to change, come or go between two short texts; more than three are not counted out.
pub(super) fn edit_distance(one: &str, other: &str) -> usize {
    const LETTERS_MAX: usize = 40;
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > 3 || one.len().max(other.len()) > LETTERS_MAX {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut before = std::mem::replace(&mut row[0], at + 1);
        for (to, wanted) in other.iter().enumerate() {
            let changed = before + usize::from(letter != wanted);
            before = row[to + 1];
            row[to + 1] = changed.min(before + 1).min(row[to] + 1);
        }
    }
    row[other.len()]
}

/// Every field that some state has.
const FIELDS: [&str; 47] = [
    "Type",
    "Comment",
    "QueryLanguage",
    "Next",
    "End",
    "InputPath",
    "OutputPath",
    "Parameters",
    "ResultPath",
    "Result",
    "ResultSelector",
    "Output",
    "Arguments",
    "Assign",
    "Retry",
    "Catch",
    "Resource",
    "TimeoutSeconds",
    "HeartbeatSeconds",
    "Credentials",
    "TimeoutSecondsPath",
    "HeartbeatSecondsPath",
    "Choices",
    "Default",
    "Seconds",
    "Timestamp",
    "SecondsPath",
    "TimestampPath",
    "Error",
    "Cause",
    "ErrorPath",
    "CausePath",
    "Branches",
    "ItemsPath",
    "Items",
    "ItemProcessor",
    "Iterator",
    "ItemSelector",
    "MaxConcurrency",
    "MaxConcurrencyPath",
    "ToleratedFailureCount",
    "ToleratedFailureCountPath",
    "ToleratedFailurePercentage",
    "ToleratedFailurePercentagePath",
    "ItemReader",
    "ItemBatcher",
    "ResultWriter",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_of_elsewhere_is_led_to_where_it_belongs() {
        use StateType::{Map, Pass, Task, Wait};
        for (state_type, language, field, hint) in [
            (Task, Language::Jsonata, "Parameters", "it belongs to JSONPath; here there is Arguments"),
            (Map, Language::Jsonata, "ItemsPath", "it belongs to JSONPath; here there is Items"),
            (Wait, Language::Jsonata, "SecondsPath", "it belongs to JSONPath; here there is Seconds"),
            (Task, Language::JsonPath, "Arguments", "it belongs to JSONata; here there is Parameters"),
            (Pass, Language::JsonPath, "Retry", "a Pass state has none; Task, Parallel, Map have"),
            (Pass, Language::JsonPath, "Parametres", "did you mean 'Parameters'?"),
            (Task, Language::JsonPath, "resource", "did you mean 'Resource'?"),
        ] {
            assert_eq!(unsupported_hint(state_type, language, field).as_deref(), Some(hint), "{field}");
        }
        assert_eq!(unsupported_hint(Pass, Language::JsonPath, "Whatever"), None);
    }

    #[test]
    fn distances_count_letters() {
        for (one, other, distance) in
            [("", "", 0), ("a", "", 1), ("ab", "ba", 2), ("Ship", "Shipp", 1), ("éa", "ea", 1)]
        {
            assert_eq!(edit_distance(one, other), distance, "{one} {other}");
        }
        assert!(edit_distance("a", &"a".repeat(50)) > 3);
    }
}
