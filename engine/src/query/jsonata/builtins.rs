//! What must be known about the functions of the language to analyse a call.

/// Every function of the language with the number of arguments from which on it leaves the context alone.
///
/// A function whose first parameter defaults to the context (`$keys()`) reads it when called with fewer.
const BUILTINS: [(&str, usize); 69] = [
    ("abs", 1),
    ("append", 0),
    ("assert", 0),
    ("average", 0),
    ("base64decode", 1),
    ("base64encode", 1),
    ("boolean", 1),
    ("ceil", 1),
    ("contains", 2),
    ("count", 0),
    ("decodeUrl", 1),
    ("decodeUrlComponent", 1),
    ("distinct", 0),
    ("each", 2),
    ("encodeUrl", 1),
    ("encodeUrlComponent", 1),
    ("error", 0),
    ("eval", usize::MAX),
    ("exists", 0),
    ("filter", 0),
    ("floor", 1),
    ("formatBase", 2),
    ("formatInteger", 2),
    ("formatNumber", 3),
    ("fromMillis", 3),
    ("join", 0),
    ("keys", 1),
    ("length", 1),
    ("lookup", 2),
    ("lowercase", 1),
    ("map", 0),
    ("match", 3),
    ("max", 0),
    ("merge", 0),
    ("millis", 0),
    ("min", 0),
    ("not", 1),
    ("now", 0),
    ("number", 1),
    ("pad", 3),
    ("parseInteger", 2),
    ("power", 2),
    ("random", 0),
    ("reduce", 0),
    ("replace", 4),
    ("reverse", 0),
    ("round", 2),
    ("shuffle", 0),
    ("sift", 2),
    ("single", 0),
    ("sort", 0),
    ("split", 3),
    ("spread", 1),
    ("sqrt", 1),
    ("string", 2),
    ("substring", 3),
    ("substringAfter", 2),
    ("substringBefore", 2),
    ("sum", 0),
    ("toMillis", 2),
    ("trim", 1),
    ("type", 0),
    ("uppercase", 1),
    ("zip", 0),
    // Functions of AWS's: they never read the context.
    ("hash", 0),
    ("parse", 0),
    ("partition", 0),
    ("range", 0),
    ("uuid", 0),
];

/// Functions that call a function they are given.
const HIGHER_ORDER: [&str; 9] = ["map", "filter", "reduce", "sift", "each", "single", "sort", "replace", "match"];

pub(super) fn is_builtin(name: &str) -> bool {
    find(name).is_some() && !super::aws::FUNCTIONS.contains(&name)
}

/// Whether a call with so many arguments may take its first one from the context. Which one is missing shows only in
/// the types at run time, so that less than all of them counts.
pub(super) fn may_read_context(name: &str, arguments: usize) -> bool {
    match find(name) {
        Some((_, full)) if OPTIONAL_TAIL.contains(&name) => arguments == 0 && *full > 0,
        Some((_, full)) => arguments < *full,
        None => false,
    }
}

/// Functions of which one argument is always the first: all the others are optional.
const OPTIONAL_TAIL: [&str; 5] = ["string", "round", "toMillis", "fromMillis", "formatBase"];

pub(super) fn is_higher_order(name: &str) -> bool {
    HIGHER_ORDER.contains(&name)
}

fn find(name: &str) -> Option<&'static (&'static str, usize)> {
    BUILTINS.iter().find(|(known, _)| *known == name)
}
