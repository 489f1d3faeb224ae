use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use crate::world::Script;

/// A script that once broke a promise, kept beside its scenario and replayed before everything else.
///
/// Its file is text: a comment in lines with `#`, the line `seed N`, then one choice a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Regression {
    /// The file it was read from.
    pub file: PathBuf,
    /// What it is about.
    pub comment: String,
    /// The seed, which keys ids and other entropy.
    pub seed: u64,
    /// The decisions.
    pub script: Script,
}

impl Regression {
    /// Every regression in `folder`, by file name; none when there is no such folder.
    pub fn read_all(folder: &Path) -> Result<Vec<Regression>, String> {
        if !folder.is_dir() {
            return Ok(Vec::new());
        }
        let unreadable = |error: std::io::Error| format!("{}: cannot be read: {error}", folder.display());
        let mut files = Vec::new();
        for entry in std::fs::read_dir(folder).map_err(unreadable)? {
            let file = entry.map_err(unreadable)?.path();
            if file.extension().is_some_and(|extension| extension == "txt") {
                files.push(file);
            }
        }
        files.sort();
        files.into_iter().map(Regression::read).collect()
    }

    fn read(file: PathBuf) -> Result<Regression, String> {
        let text =
            std::fs::read_to_string(&file).map_err(|error| format!("{}: cannot be read: {error}", file.display()))?;
        let (comment, seed, script) = parse(&text).map_err(|error| format!("{}:{error}", file.display()))?;
        Ok(Regression { file, comment, seed, script })
    }

    /// The text of its file.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for line in self.comment.lines() {
            let _ = writeln!(text, "# {line}");
        }
        let _ = writeln!(text, "seed {}", self.seed);
        for choice in &self.script.choices {
            let _ = writeln!(text, "{choice}");
        }
        text
    }
}

fn parse(text: &str) -> Result<(String, u64, Script), String> {
    let (mut comment, mut seed, mut script) = (Vec::new(), None, Script::default());
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        let place = number + 1;
        if let Some(words) = line.strip_prefix('#') {
            comment.push(words.trim());
        } else if let Some(number) = line.strip_prefix("seed ") {
            seed = Some(
                number
                    .trim()
                    .parse()
                    .map_err(|_| format!("{place}: '{number}' is no seed: expected a whole number"))?,
            );
        } else if !line.is_empty() {
            script.choices.push(line.parse().map_err(|error| format!("{place}: {error}"))?);
        }
    }
    let seed = seed.ok_or("1: there is no seed: add a line such as 'seed 17'".to_owned())?;
    Ok((comment.join("\n"), seed, script))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regression_survives_its_text() {
        let text = "# two shoppers,\n# one laptop\nseed 17\nshopper|count|shape|0=1\nshopper#1|timer|defer|0=1\n";
        let (comment, seed, script) = parse(text).expect("a regression");
        assert_eq!((comment.as_str(), seed, script.choices.len()), ("two shoppers,\none laptop", 17, 2));
        let regression = Regression { file: PathBuf::new(), comment, seed, script };
        assert_eq!(regression.to_text(), text);
    }

    #[test]
    fn a_broken_line_is_named() {
        assert_eq!(parse("seed x").expect_err("no number"), "1: 'x' is no seed: expected a whole number");
        assert_eq!(parse("# only\n").expect_err("no seed"), "1: there is no seed: add a line such as 'seed 17'");
        assert!(parse("seed 1\nnonsense").expect_err("no choice").starts_with("2: 'nonsense' is no choice"));
    }
}
