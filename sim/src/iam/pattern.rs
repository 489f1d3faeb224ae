/// A text with `*` (any run of characters) and `?` (any one character), as policies have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    shape: Shape,
}

/// The common shapes are told apart once, so that most checks are one comparison.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Any,
    Exact(Box<str>),
    Prefix(Box<str>),
    Wild(Box<[char]>),
}

impl Pattern {
    /// Compiles a pattern.
    pub fn new(text: &str) -> Pattern {
        let wild = |text: &str| text.contains(['*', '?']);
        let shape = match text.strip_suffix('*') {
            Some("") => Shape::Any,
            Some(prefix) if !wild(prefix) => Shape::Prefix(prefix.into()),
            _ if !wild(text) => Shape::Exact(text.into()),
            _ => Shape::Wild(text.chars().collect()),
        };
        Pattern { shape }
    }

    /// Whether every text fits.
    pub fn is_anything(&self) -> bool {
        self.shape == Shape::Any
    }

    /// Whether `text` fits, letter case counting.
    pub fn matches(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Any => true,
            Shape::Exact(exact) => **exact == *text,
            Shape::Prefix(prefix) => text.starts_with(&**prefix),
            Shape::Wild(wild) => matches_wild(wild, text, |left, right| left == right),
        }
    }

    /// Whether `text` fits, whatever the case of its letters.
    pub fn matches_ignoring_case(&self, text: &str) -> bool {
        match &self.shape {
            Shape::Any => true,
            Shape::Exact(exact) => exact.eq_ignore_ascii_case(text),
            Shape::Prefix(prefix) => text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix)),
            Shape::Wild(wild) => matches_wild(wild, text, |left, right| left.eq_ignore_ascii_case(&right)),
        }
    }
}

/// Two cursors and one point to come back to: the last star. Never more than pattern times text.
fn matches_wild(pattern: &[char], text: &str, same: impl Fn(char, char) -> bool) -> bool {
    let mut at = 0;
    let mut rest = text.chars();
    let mut star: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        match (pattern.get(at), rest.next()) {
            (Some('*'), _) => {
                at += 1;
                star = Some((at, before.clone()));
                rest = before;
            }
            (Some('?'), Some(_)) => at += 1,
            (Some(wanted), Some(found)) if same(*wanted, found) => at += 1,
            (None, None) => return true,
            _ => {
                let Some((after, mut tail)) = star.take() else { return false };
                if tail.next().is_none() {
                    return false;
                }
                at = after;
                rest = tail.clone();
                star = Some((after, tail));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks_match_as_in_policies() {
        for (pattern, text, fits) in [
            ("*", "", true),
            ("a", "a", true),
            ("a", "A", false),
            ("a*", "abc", true),
            ("a*", "b", false),
            ("*c", "abc", true),
            ("a*c", "abcbc", true),
            ("a*c", "abcb", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("?", "é", true),
            ("**", "x", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b*", "xxbxxaxx", false),
            ("arn:*:table/Ord*", "arn:aws:dynamodb:r:1:table/Orders", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), fits, "{pattern} on {text}");
        }
    }

    #[test]
    fn actions_match_whatever_their_case() {
        for (pattern, text, fits) in [
            ("dynamodb:putitem", "dynamodb:PutItem", true),
            ("DynamoDB:Put*", "dynamodb:PutItem", true),
            ("dynamodb:*item", "dynamodb:PutItem", true),
            ("dynamodb:Get?tem", "dynamodb:getitem", true),
            ("é*", "e", false),
        ] {
            assert_eq!(Pattern::new(pattern).matches_ignoring_case(text), fits, "{pattern} on {text}");
        }
    }

    #[test]
    fn hostile_patterns_stay_cheap() {
        let pattern = Pattern::new(&"*a".repeat(200));
        assert!(!pattern.matches(&format!("{}b", "a".repeat(5000))));
    }
}
