use std::collections::BTreeSet;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::site::parse_site;
use super::{Kind, Lineages, Names, Site};

/// One decision that was not benign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The site's address as text: `lineage|operation|kind|occurrence`.
    pub site: String,
    /// The same as a number.
    pub key: u64,
    /// What was decided.
    pub kind: Kind,
    /// The alternative taken, never 0.
    pub alternative: u32,
}

impl Choice {
    /// The choice of `alternative` at `site`.
    pub fn new(site: &Site, names: &Names, lineages: &Lineages, alternative: u32) -> Choice {
        Choice { site: site.text(names, lineages), key: site.key, kind: site.kind, alternative }
    }

    /// Whether this is about the environment (faults, order, latency) rather than the workload's shape.
    pub fn is_deviation(&self) -> bool {
        self.kind != Kind::Shape
    }
}

/// `site=alternative`, as in regression files.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.site, self.alternative)
    }
}

impl std::str::FromStr for Choice {
    type Err = String;

    fn from_str(line: &str) -> Result<Choice, String> {
        let unusable = || format!("'{line}' is no choice: expected lineage|operation|kind|occurrence=alternative");
        let (site, alternative) = line.rsplit_once('=').ok_or_else(unusable)?;
        let (key, kind) = parse_site(site).ok_or_else(unusable)?;
        let alternative = alternative.parse().map_err(|_| unusable())?;
        Ok(Choice { site: site.to_owned(), key, kind, alternative })
    }
}

/// Every decision of a run that was not benign: its shape and its deviations. Any other site is benign.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// The choices, in the order in which they were first asked.
    pub choices: Vec<Choice>,
}

impl Script {
    /// How many choices are about the environment.
    pub fn deviations(&self) -> usize {
        self.choices.iter().filter(|choice| choice.is_deviation()).count()
    }

    /// The kinds of its deviations, each once.
    pub fn kinds(&self) -> BTreeSet<Kind> {
        self.choices.iter().filter(|choice| choice.is_deviation()).map(|choice| choice.kind).collect()
    }
}

/// A seed, the scenario's hash and a script in one copyable word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// The seed, which keys ids and other entropy.
    pub seed: u64,
    /// The hash of the scenario that it was made with.
    pub scenario: u64,
    /// The decisions.
    pub script: Script,
}

/// The token's form and the meaning of sites; a change of either is a new version.
const TOKEN_VERSION: &str = "r1";

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Vec::new();
        bytes.extend(self.seed.to_be_bytes());
        bytes.extend(self.scenario.to_be_bytes());
        let lines: Vec<String> = self.script.choices.iter().map(Choice::to_string).collect();
        bytes.extend(lines.join("\n").bytes());
        write!(f, "{TOKEN_VERSION}.{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl std::str::FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Token, String> {
        let (version, body) =
            text.split_once('.').ok_or("a token has the form r1.XXXX, as a failing run prints it".to_owned())?;
        if version != TOKEN_VERSION {
            return Err(format!("the token is of version '{version}', this program reads {TOKEN_VERSION}"));
        }
        let bytes = URL_SAFE_NO_PAD.decode(body).map_err(|_| "the token is damaged: copy it whole".to_owned())?;
        let (Some(seed), Some(scenario), Some(lines)) = (bytes.get(..8), bytes.get(8..16), bytes.get(16..)) else {
            return Err("the token is cut short: copy it whole".to_owned());
        };
        let number = |bytes: &[u8]| bytes.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        let lines = std::str::from_utf8(lines).map_err(|_| "the token is damaged: copy it whole".to_owned())?;
        let choices = lines.lines().map(str::parse).collect::<Result<_, String>>();
        let choices = choices.map_err(|_| "the token is damaged: copy it whole".to_owned())?;
        Ok(Token { seed: number(seed), scenario: number(scenario), script: Script { choices } })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(line: &str) -> Choice {
        line.parse().expect("a choice")
    }

    #[test]
    fn a_token_survives_its_text() {
        let script = Script {
            choices: vec![choice("shopper#1/x|events:PutEvents|EB-DUP|0=2"), choice("shopper|count|shape|0=3")],
        };
        assert_eq!(script.deviations(), 1);
        let token = Token { seed: u64::MAX - 3, scenario: 77, script };
        assert_eq!(token.to_string().parse(), Ok(token));
    }

    #[test]
    fn a_damaged_token_says_so() {
        for (text, expected) in [
            ("nonsense", "a token has the form r1.XXXX, as a failing run prints it"),
            ("r9.AAAA", "the token is of version 'r9', this program reads r1"),
            ("r1.AAAA", "the token is cut short: copy it whole"),
            ("r1.*", "the token is damaged: copy it whole"),
        ] {
            assert_eq!(text.parse::<Token>().expect_err(text), expected);
        }
        let error = "a|b|unknown|0=1".parse::<Choice>().expect_err("no such kind");
        assert!(error.starts_with("'a|b|unknown|0=1' is no choice"), "{error}");
    }
}
