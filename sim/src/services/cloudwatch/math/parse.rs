use std::sync::Arc;

/// A formula that can be evaluated.
#[derive(Clone, Debug, PartialEq)]
pub struct Formula {
    pub(super) root: Term,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Term {
    Number(f64),
    /// A row of the sheet, by its id.
    Row(Arc<str>),
    /// `METRICS()`, or those whose ids contain a text.
    Metrics(Arc<str>),
    Negative(Box<Term>),
    Both(Operator, Box<Term>, Box<Term>),
    /// `[m1, m2]`
    List(Vec<Term>),
    Call(Function, Vec<Term>),
    /// The words that `FILL` takes.
    Repeat,
    Linear,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Power,
}

macro_rules! functions {
    ($($function:ident = $text:literal, $least:literal..=$most:literal;)+) => {
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Function {
            $($function,)+
        }

        impl Function {
            const ALL: &'static [(&'static str, Function, std::ops::RangeInclusive<usize>)] =
                &[$(($text, Function::$function, $least..=$most)),+];
        }
    };
}

functions! {
    Abs = "ABS", 1..=1;
    Average = "AVG", 1..=1;
    Ceil = "CEIL", 1..=1;
    DatapointCount = "DATAPOINT_COUNT", 1..=1;
    Diff = "DIFF", 1..=1;
    DiffTime = "DIFF_TIME", 1..=1;
    Fill = "FILL", 2..=2;
    Floor = "FLOOR", 1..=1;
    If = "IF", 2..=3;
    Maximum = "MAX", 1..=1;
    MetricCount = "METRIC_COUNT", 1..=1;
    Minimum = "MIN", 1..=1;
    Period = "PERIOD", 1..=1;
    Rate = "RATE", 1..=1;
    RunningSum = "RUNNING_SUM", 1..=1;
    Sum = "SUM", 1..=1;
}

/// AWS: a formula has at most so many characters.
const CHARS_MAX: usize = 2_048;
/// A chain of operators is nested too; nobody writes longer ones.
const OPERATORS_MAX: u32 = 256;
/// Within each other, at most.
const DEPTH_MAX: u32 = 64;

impl Formula {
    /// Reads a formula; the error says what is wrong with it, and where.
    pub fn parse(text: &str) -> Result<Formula, String> {
        let chars = text.chars().count();
        if chars > CHARS_MAX {
            return Err(format!("the formula has {chars} characters; at most {CHARS_MAX} are allowed"));
        }
        let mut parser = Parser { text, at: 0, operators: 0 };
        let root = parser.term(0, 0)?;
        match parser.rest() {
            "" => Ok(Formula { root }),
            rest => Err(format!("'{rest}' follows where the formula should end")),
        }
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
    operators: u32,
}

/// The operators, by how strongly they bind; of those that begin alike the longer first.
const LEVELS: &[&[(&str, Operator)]] = &[
    &[("||", Operator::Or), ("OR", Operator::Or)],
    &[("&&", Operator::And), ("AND", Operator::And)],
    &[
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ],
    &[("+", Operator::Add), ("-", Operator::Subtract)],
    &[("*", Operator::Multiply), ("/", Operator::Divide)],
    &[("^", Operator::Power)],
];

impl<'t> Parser<'t> {
    /// Terms joined by operators of `level` or stronger ones.
    fn term(&mut self, level: usize, depth: u32) -> Result<Term, String> {
        let Some(operators) = LEVELS.get(level) else { return self.one(depth) };
        let mut left = self.term(level + 1, depth)?;
        while let Some(operator) = operators.iter().find(|(text, _)| self.takes_operator(text)) {
            self.operators += 1;
            if self.operators > OPERATORS_MAX {
                return Err(format!("the formula has more than {OPERATORS_MAX} operators"));
            }
            let right = self.term(level + 1, depth)?;
            left = Term::Both(operator.1, Box::new(left), Box::new(right));
        }
        Ok(left)
    }

    fn one(&mut self, depth: u32) -> Result<Term, String> {
        if depth >= DEPTH_MAX {
            return Err(format!("the formula is nested deeper than {DEPTH_MAX} levels"));
        }
        if self.takes("-") {
            // AWS: a sign binds less than a power.
            return Ok(Term::Negative(Box::new(self.term(LEVELS.len() - 1, depth + 1)?)));
        }
        if self.takes("(") {
            let term = self.term(0, depth + 1)?;
            return if self.takes(")") { Ok(term) } else { Err(self.expected("a closing parenthesis")) };
        }
        if self.takes("[") {
            return self.terms("]", depth).map(Term::List);
        }
        if self.rest().starts_with(|first: char| first.is_ascii_digit() || first == '.') {
            return self.number();
        }
        let word = self.word();
        match word {
            "" => Err(self.expected("a number, an id or a function")),
            "REPEAT" => Ok(Term::Repeat),
            "LINEAR" => Ok(Term::Linear),
            "METRICS" => self.metrics(),
            _ if self.takes("(") => self.call(word, depth),
            // AWS: an id begins with a small letter.
            _ if word.starts_with(|first: char| first.is_ascii_lowercase()) => Ok(Term::Row(word.into())),
            _ => {
                Err(format!("'{word}' is neither an id, which begins with a small letter, nor called like a function"))
            }
        }
    }

    fn call(&mut self, word: &str, depth: u32) -> Result<Term, String> {
        let Some((_, function, arguments)) = Function::ALL.iter().find(|(text, ..)| *text == word) else {
            return Err(format!("the function {word} is not simulated"));
        };
        let terms = self.terms(")", depth)?;
        if !arguments.contains(&terms.len()) {
            let (least, most) = (arguments.start(), arguments.end());
            let wanted = if least == most { least.to_string() } else { format!("{least} or {most}") };
            return Err(format!("{word} takes {wanted} arguments and has {}", terms.len()));
        }
        let is_word = |term: &Term| matches!(term, Term::Repeat | Term::Linear);
        if *function != Function::Fill && terms.iter().any(is_word) {
            return Err(format!("REPEAT and LINEAR are words of FILL, not of {word}"));
        }
        Ok(Term::Call(*function, terms))
    }

    fn terms(&mut self, end: &str, depth: u32) -> Result<Vec<Term>, String> {
        let mut terms = Vec::new();
        if self.takes(end) {
            return Ok(terms);
        }
        loop {
            terms.push(self.term(0, depth + 1)?);
            if self.takes(end) {
                return Ok(terms);
            }
            if !self.takes(",") {
                return Err(self.expected(&format!("a comma or '{end}'")));
            }
        }
    }

    /// `METRICS()`, `METRICS("errors")`
    fn metrics(&mut self) -> Result<Term, String> {
        if !self.takes("(") {
            return Err(self.expected("a parenthesis behind METRICS"));
        }
        let quote = ["\"", "'"].into_iter().find(|quote| self.takes(quote));
        let text = match quote {
            None => "",
            Some(quote) => {
                let from = self.at;
                let length = self.text[from..].find(quote).ok_or_else(|| "a text is not closed".to_owned())?;
                self.at = from + length + quote.len();
                &self.text[from..from + length]
            }
        };
        if self.takes(")") { Ok(Term::Metrics(text.into())) } else { Err(self.expected("a closing parenthesis")) }
    }

    fn number(&mut self) -> Result<Term, String> {
        let rest = self.rest();
        let digits =
            |text: &str| text.find(|other: char| !other.is_ascii_digit() && other != '.').unwrap_or(text.len());
        let mut length = digits(rest);
        // An exponent, which may have a sign.
        if let Some(exponent) = rest[length..].strip_prefix(['e', 'E']) {
            let unsigned = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
            let whole = digits(unsigned);
            if whole > 0 {
                length += 1 + (exponent.len() - unsigned.len()) + whole;
            }
        }
        let text = &rest[..length];
        self.at += length;
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Term::Number(number)),
            _ => Err(format!("'{text}' is no number")),
        }
    }

    /// What is left, without leading blanks.
    fn rest(&mut self) -> &'t str {
        let rest = &self.text[self.at..];
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn takes(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// An operator; one that is a word ends where the word does.
    fn takes_operator(&mut self, wanted: &str) -> bool {
        let before = self.at;
        let is_word = wanted.starts_with(|first: char| first.is_ascii_alphabetic());
        let found = if is_word { self.word() == wanted } else { self.takes(wanted) };
        if !found {
            self.at = before;
        }
        found
    }

    fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|other: char| !other.is_ascii_alphanumeric() && other != '_').unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn expected(&mut self, what: &str) -> String {
        match self.rest() {
            "" => format!("the formula ends where {what} is expected"),
            rest => format!("{what} is expected before '{rest}'"),
        }
    }
}
