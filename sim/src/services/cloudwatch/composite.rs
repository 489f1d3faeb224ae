use std::iter::Peekable;
use std::str::CharIndices;

use super::alarm::AlarmState;

/// `AlarmRule` of a composite alarm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `TRUE` or `FALSE`
    Constant(bool),
    /// `ALARM("name")`, by the alarm's place.
    Is(u32, AlarmState),
    /// `NOT rule`
    Not(Box<Rule>),
    /// `rule AND rule`
    And(Vec<Rule>),
    /// `rule OR rule`
    Or(Vec<Rule>),
}

/// Rules in parentheses within each other, at most; AWS allows far fewer.
const DEPTH_MAX: u32 = 64;

impl Rule {
    /// Reads a rule; `find` knows the places of alarms by name or ARN.
    pub fn parse(text: &str, find: &dyn Fn(&str) -> Option<u32>) -> Result<Rule, String> {
        let mut parser = Parser { text, letters: text.char_indices().peekable(), find };
        let rule = parser.either(0)?;
        parser.blanks();
        match parser.letters.peek() {
            None => Ok(rule),
            Some((at, _)) => Err(format!("'{}' follows where the rule should end", &text[*at..])),
        }
    }

    /// Whether it holds of these states.
    pub fn holds(&self, states: &dyn Fn(u32) -> AlarmState) -> bool {
        match self {
            Rule::Constant(holds) => *holds,
            Rule::Is(alarm, state) => states(*alarm) == *state,
            Rule::Not(rule) => !rule.holds(states),
            Rule::And(rules) => rules.iter().all(|rule| rule.holds(states)),
            Rule::Or(rules) => rules.iter().any(|rule| rule.holds(states)),
        }
    }
}

struct Parser<'t, 'f> {
    text: &'t str,
    letters: Peekable<CharIndices<'t>>,
    find: &'f dyn Fn(&str) -> Option<u32>,
}

impl<'t> Parser<'t, '_> {
    fn either(&mut self, depth: u32) -> Result<Rule, String> {
        let mut rules = vec![self.both(depth)?];
        while self.takes_word("OR") {
            rules.push(self.both(depth)?);
        }
        Ok(if rules.len() == 1 { rules.swap_remove(0) } else { Rule::Or(rules) })
    }

    fn both(&mut self, depth: u32) -> Result<Rule, String> {
        let mut rules = vec![self.one(depth)?];
        while self.takes_word("AND") {
            rules.push(self.one(depth)?);
        }
        Ok(if rules.len() == 1 { rules.swap_remove(0) } else { Rule::And(rules) })
    }

    fn one(&mut self, depth: u32) -> Result<Rule, String> {
        if depth >= DEPTH_MAX {
            return Err(format!("the rule is nested deeper than {DEPTH_MAX} levels"));
        }
        if self.takes('(') {
            let rule = self.either(depth + 1)?;
            return if self.takes(')') { Ok(rule) } else { Err("a parenthesis is not closed".to_owned()) };
        }
        match self.word() {
            "NOT" => Ok(Rule::Not(Box::new(self.one(depth + 1)?))),
            "TRUE" => Ok(Rule::Constant(true)),
            "FALSE" => Ok(Rule::Constant(false)),
            "" => Err("a condition such as ALARM(\"name\") is missing".to_owned()),
            word => {
                let Some(state) = AlarmState::parse(word) else {
                    return Err(format!("'{word}' is none of ALARM, OK, INSUFFICIENT_DATA, NOT, TRUE and FALSE"));
                };
                let name = self.name()?;
                let alarm = (self.find)(name).ok_or_else(|| format!("the template has no alarm '{name}'"))?;
                Ok(Rule::Is(alarm, state))
            }
        }
    }

    /// `("name")`, `('name')` or `(name)`
    fn name(&mut self) -> Result<&'t str, String> {
        if !self.takes('(') {
            return Err("a state is followed by the alarm's name in parentheses".to_owned());
        }
        self.blanks();
        let from = self.letters.peek().map_or(self.text.len(), |(at, _)| *at);
        let closed = self.text[from..].find(')').ok_or("a parenthesis is not closed")? + from;
        while self.letters.next_if(|(at, _)| *at <= closed).is_some() {}
        let name = self.text[from..closed].trim();
        let quoted = ['"', '\''].iter().find_map(|quote| name.strip_prefix(*quote)?.strip_suffix(*quote));
        Ok(quoted.unwrap_or(name))
    }

    fn blanks(&mut self) {
        while self.letters.next_if(|(_, letter)| letter.is_whitespace()).is_some() {}
    }

    fn takes(&mut self, wanted: char) -> bool {
        self.blanks();
        self.letters.next_if(|(_, letter)| *letter == wanted).is_some()
    }

    fn word(&mut self) -> &'t str {
        self.blanks();
        let from = self.letters.peek().map_or(self.text.len(), |(at, _)| *at);
        while self.letters.next_if(|(_, letter)| letter.is_ascii_alphabetic() || *letter == '_').is_some() {}
        let to = self.letters.peek().map_or(self.text.len(), |(at, _)| *at);
        &self.text[from..to]
    }

    fn takes_word(&mut self, wanted: &str) -> bool {
        let before = self.letters.clone();
        let found = self.word() == wanted;
        if !found {
            self.letters = before;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(name: &str) -> Option<u32> {
        ["a", "b", "c d"].iter().position(|known| *known == name).map(|at| at as u32)
    }

    #[test]
    fn a_rule_binds_not_before_and_before_or() {
        let states = |alarm: u32| [AlarmState::Alarm, AlarmState::Ok, AlarmState::InsufficientData][alarm as usize];
        for (text, wanted) in [
            ("ALARM(\"a\")", true),
            ("ALARM(a) AND ALARM('b')", false),
            ("ALARM(a) OR ALARM(b) AND FALSE", true),
            ("(ALARM(a) OR ALARM(b)) AND FALSE", false),
            ("NOT ALARM(b) AND OK(b)", true),
            ("NOT (OK(b) OR INSUFFICIENT_DATA(\"c d\"))", false),
            ("TRUE", true),
        ] {
            let rule = Rule::parse(text, &find).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(rule.holds(&states), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_no_rule_is_refused_with_a_reason() {
        for (text, wanted) in [
            ("", "a condition such as"),
            ("ALARM(x)", "no alarm 'x'"),
            ("ALERT(a)", "'ALERT' is none of"),
            ("ALARM(a", "not closed"),
            ("(ALARM(a)", "not closed"),
            ("ALARM a", "in parentheses"),
            ("ALARM(a) ALARM(b)", "where the rule should end"),
            ("ALARM(a) AND", "a condition such as"),
            (&"(".repeat(100_000), "nested deeper"),
            (&"NOT ".repeat(100_000), "nested deeper"),
        ] {
            let error = Rule::parse(text, &find).expect_err(wanted);
            assert!(error.contains(wanted), "{error}");
        }
    }
}
